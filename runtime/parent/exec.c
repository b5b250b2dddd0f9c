/*
 * exec: a program in a container that exists. Nothing of the container's state is changed or
 * locked: it may be deleted meanwhile, and then the program ends with it. The child does the work
 * (child/exec.c, which says how and why); we look, resolve, place it, and do for it what takes the
 * host's privilege. There are two processes of ours for a while: the one that we clone, which
 * joins, and the program's own, which that one clones.
 */
#include "runtime/channel.h"
#include "runtime/file.h"
#include "runtime/log.h"
#include "runtime/parent/cgroup.h"
#include "runtime/parent/cgroup_join.h"
#include "runtime/parent/console.h"
#include "runtime/parent/container.h"
#include "runtime/parent/exec_process.h"
#include "runtime/parent/filter.h"
#include "runtime/parent/foreground.h"
#include "runtime/parent/oom.h"
#include "runtime/parent/resolve.h"
#include "runtime/parent/spawn.h"
#include "runtime/parent/state.h"
#include "runtime/parent/systemd.h"
#include "runtime/process.h"
#include "runtime/schedule.h"
#include "runtime/sys.h"
#include "runtime/timing.h"
#include "spec/extensions.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define ARENA ((size_t)256 << 20) /* of documents: address space only */

struct execution {
	const struct exec_options *o;
	struct arena arena;
	struct state state;
	struct bundle bundle;
	struct status status; /* of the container */
	struct spawn spawn;   /* of the process that joins */
	pid_t pid;            /* of the program's; 0: not born, or not known */
	int pidfd;
	int console_socket;
	int pidfd_socket;
	int terminal;    /* the master; -1: none, or handed over */
	const char *top; /* directory of the systemd unit that attaches the process */
	uint64_t kills;  /* for lack of memory, before the program ran */
	bool executing;  /* its last word before execve */
};

static int stopped(struct error *e)
{
	return error_set(e, 0, "cannot exec in a stopped container");
}

/* The texts are runc's: callers know them. */
static int check_status(struct execution *x, struct error *e)
{
	const int status = state_status(&x->state, e);

	if (status < 0)
		return -1;
	if (status == STATUS_STOPPED)
		return stopped(e);
	if (status == STATUS_CREATING)
		return error_set(e, 0, "cannot exec in a container that is still being created");
	if (status == STATUS_PAUSED && !x->o->ignore_paused)
		return error_set(
			e, 0,
			"cannot exec in a paused container (use --ignore-paused to override)");
	x->spawn.init = process_open(&x->state.record.init);
	if (x->spawn.init < 0)
		return errno == ESRCH ? stopped(e)
				      : error_set(e, errno, "find the container's init");
	state_document(&x->state, status, &x->status);
	return 0;
}

static int load(struct execution *x, struct error *e)
{
	struct strings ignored = { 0 }; /* warnings: create has had them */
	struct bundle *b = &x->bundle;
	size_t length;
	char *text;

	if (state_open(&x->state, x->o->root, x->o->id, &x->arena, e) < 0 ||
	    check_status(x, e) < 0 || state_config_read(&x->state, &text, &length, e) < 0)
		return -1;
	if (spec_read(&x->arena, text, length, &b->spec, &ignored, e) < 0)
		return error_context(e, "config.json");
	b->path = x->state.record.bundle;
	b->rootfs = x->state.record.rootfs;
	b->plan = arena_new(&x->arena, struct plan);
	return exec_process(x->o, &x->arena, b->spec, b->plan, e);
}

/* A program may look at once: of a terminal that is joined to ours, the size must be known before. */
static void take_size(struct execution *x, struct spec_process *p)
{
	struct winsize size;

	if (!p->terminal || p->console_size || x->o->detach ||
	    ioctl(STDIN_FILENO, TIOCGWINSZ, &size) < 0 || !size.ws_row || !size.ws_col)
		return;
	p->console_size = arena_new(&x->arena, struct spec_console_size);
	p->console_size->height = size.ws_row;
	p->console_size->width = size.ws_col;
}

static int connect_sockets(struct execution *x, struct error *e)
{
	struct spec_process *p = x->bundle.spec->process;

	if (console_connect(p->terminal, !x->o->detach, x->o->console_socket, &x->console_socket,
			    e) < 0)
		return -1;
	take_size(x, p);
	return pidfd_connect(x->o->pidfd_socket, "--pidfd-socket", &x->pidfd_socket, e);
}

/* Namespaces that config.json has made are others than ours; of the rest it must be seen. */
static int resolve_namespaces(struct execution *x, struct error *e)
{
	const struct spec_linux *l = x->bundle.spec->linux;
	uint64_t made = 0;
	bool mount = false;
	char path[32];

	for (size_t i = 0; i < l->namespaces.n; i++) {
		const struct spec_namespace *ns = &l->namespaces.v[i];
		mount |= ns->type == CLONE_NEWNS;
		if (!ns->path || !*ns->path)
			made |= ns->type;
	}
	if (namespaces_others(x->status.pid, made, &x->bundle.plan->joined_namespaces, e) < 0)
		return -1;
	snprintf(path, sizeof(path), "/proc/%d/root", x->status.pid);
	x->spawn.root = mount ? -1 : open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (!mount && x->spawn.root < 0)
		return error_set(e, errno, "open %s", path);
	/* All of this was found by a number, which another process may have by now: nothing that
	 * is joined later would tell, where there is nothing to join. */
	return process_wait_end(x->spawn.init, 0) == 0 ? stopped(e) : 0;
}

static int plan(struct execution *x, struct error *e)
{
	struct plan *p = x->bundle.plan;

	p->listen_fds = x->o->listen_fds;
	p->preserve_fds = x->o->listen_fds + x->o->preserve_fds;
	p->new_keyring = true;
	p->status.pid = x->status.pid;
	if (resolve_namespaces(x, e) < 0 || resolve_program(&x->arena, &x->bundle, e) < 0)
		return -1;
	p->asks = (p->filter && p->filter->notify) || p->process->scheduler ||
		  p->process->io_priority;
	if (cgroup_join_resolve(&x->arena, &x->state.record, &x->o->cgroup, p, e) < 0)
		return -1;
	const char *below =
		annotation_asked(&x->bundle.spec->annotations, ANNOTATION_DELEGATE_CGROUP);
	if (below && !x->o->cgroup.n && p->cgroups.n == 1)
		p->cgroups.v[0].path =
			arena_printf(&x->arena, "%s/%s", p->cgroups.v[0].path, below);
	return 0;
}

static void end_child(struct execution *x)
{
	if (x->spawn.pidfd >= 0)
		sys_pidfd_send_signal(x->spawn.pidfd, SIGKILL);
	if (x->spawn.pid > 0)
		process_reap(x->spawn.pid);
	fd_close(&x->spawn.pidfd);
	fd_close(&x->spawn.channel);
	x->spawn.pid = 0;
}

/* Of the unit that has the container, the cgroup; NULL when there is none on cgroup v2. */
static const char *top_of_unit(const struct execution *x)
{
	const struct record *r = &x->state.record;
	const struct plan *p = x->bundle.plan;

	return r->systemd && r->cgroups.n == 1 && p->cgroups.n == 1 && p->cgroups.v[0].unified
		       ? r->cgroups.v[0].top
		       : NULL;
}

/* systemd was told a number, and may see another process by it. */
static int check_place(const struct plan *p, pid_t pid, struct error *e)
{
	const char *path = p->cgroups.v[0].path + strlen(CGROUP_ROOT);
	char file[32], text[8192];

	snprintf(file, sizeof(file), "/proc/%d/cgroup", pid);
	CLEAN_FD fd = open(file, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	text[n < 0 ? 0 : n] = 0;
	const char *at = strstr(text, "0::");
	if (at && !strncmp(at + 3, path, strlen(path)) && at[3 + strlen(path)] == '\n')
		return 0;
	return error_set(e, 0, "systemd has not put the process into the cgroup %s", path);
}

static int place_by_systemd(void *data, pid_t pid, struct error *e)
{
	struct execution *x = data;
	struct plan *p = x->bundle.plan;
	const struct record *r = &x->state.record;

	if (systemd_attach(r->systemd, x->top, p->cgroups.v[0].path, pid, e) == 0)
		return check_place(p, pid, e);
	/* As in spawn: controllers switched on there keep processes out. */
	const size_t n = strlen(x->top);
	if (x->o->cgroup.n || !cgroup_join_init(&x->arena, r, p) ||
	    strncmp(p->cgroups.v[0].path, x->top, n) != 0 || p->cgroups.v[0].path[n] != '/')
		return -1;
	*e = ERROR_NONE;
	return systemd_attach(r->systemd, x->top, p->cgroups.v[0].path, pid, e) < 0
		       ? -1
		       : check_place(p, pid, e);
}

static int spawn(struct execution *x, struct error *e)
{
	x->spawn.spec = x->bundle.spec;
	x->spawn.plan = x->bundle.plan;
	x->spawn.arena = &x->arena;
	if (spawn_init(&x->spawn, e) == 0)
		return 0;
	/* A plain user's session may be outside the cgroup of their own systemd. */
	const bool kept_out = e->code == EACCES &&
			      (!strcmp(e->syscall, "clone3") || strstr(e->text, " to cgroups: "));
	const char *top = kept_out ? top_of_unit(x) : NULL;
	if (top) {
		end_child(x);
		*e = ERROR_NONE;
		x->top = top;
		x->spawn.place = place_by_systemd;
		x->spawn.data = x;
		return spawn_init(&x->spawn, e);
	}
	/* What the container's first process has done to its cgroup meanwhile. */
	if ((e->code != EBUSY && e->code != ENOENT && e->code != EOPNOTSUPP) || x->o->cgroup.n ||
	    !cgroup_join_init(&x->arena, &x->state.record, x->bundle.plan))
		return -1;
	end_child(x);
	*e = ERROR_NONE;
	return spawn_init(&x->spawn, e);
}

static int born(struct execution *x, pid_t pid, struct error *e)
{
	/* Perhaps the container says this: no process of the host's is scheduled, or killed, for
	 * it. */
	x->pidfd = process_open_child(pid);
	if (x->pidfd < 0)
		return error_set(e, errno, "find the program's process");
	x->pid = pid;
	if (x->bundle.plan->asks)
		channel_send(x->spawn.channel, MESSAGE_PLACED, pid, -1);
	return 0;
}

static int schedule(struct execution *x, struct error *e)
{
	if (schedule_set(x->pid, x->bundle.spec->process, e) < 0)
		return -1;
	channel_send(x->spawn.channel, MESSAGE_SCHEDULE, 0, -1);
	return 0;
}

static int hand_over_listener(struct execution *x, int listener, struct error *e)
{
	if (filter_hand_over(x->bundle.spec->linux->seccomp, x->pid, x->pidfd, listener, &x->status,
			     &x->arena, e) < 0)
		return -1;
	channel_send(x->spawn.channel, MESSAGE_LISTENER, 0, -1);
	return 0;
}

/* Both processes have ended or let go of the channel, and the program did not come to run. */
static int silent_end(struct execution *x, struct error *e)
{
	int code = x->pid > 0 ? process_reap_ending(x->pid, x->pidfd)
			      : process_reap_ending(x->spawn.pid, x->spawn.pidfd);
	char text[PROCESS_SIGNAL_TEXT];

	if (x->pid > 0)
		x->pid = 0;
	else
		x->spawn.pid = 0;
	if (code > 128)
		error_set(e, 0, "the process was %s before its program began",
			  process_signal_text(code - 128, text));
	else
		error_set(e, 0, "the process ended (exit status %d) before its program began",
			  code);
	return code == 128 + SIGKILL
		       ? error_hint(e, "has the container ended, or has it too little memory?")
		       : -1;
}

/* One message of the child's. It may come from where the container could reach it: nothing of it is
 * trusted beyond what it says of itself. */
static int serve(struct execution *x, const struct message *m, int *fd, struct error *e)
{
	switch (m->type) {
	case MESSAGE_ERROR: *e = m->error; return -1;
	case MESSAGE_TERMINAL:
		if (x->terminal < 0)
			x->terminal = fd_take(fd);
		return 0;
	case MESSAGE_BORN:
		if (!x->pid)
			return born(x, m->value, e);
		break;
	case MESSAGE_SCHEDULE:
		if (x->pid)
			return schedule(x, e);
		break;
	case MESSAGE_LISTENER:
		if (x->pid && x->bundle.plan->filter && x->bundle.plan->filter->notify)
			return hand_over_listener(x, m->value, e);
		break;
	case MESSAGE_EXECUTING: x->executing = true; return 0;
	default: break;
	}
	return error_set(e, EPROTO, "talk to the process");
}

/* Until the channel ends: then the program runs. */
static int accompany(struct execution *x, struct error *e)
{
	if (!x->o->detach)
		x->kills = oom_kills(&x->state.record);
	if (x->bundle.plan->filter && filter_send(x->bundle.spec->linux->seccomp, x->state.root,
						  x->spawn.channel, &x->arena, e) < 0)
		return -1;
	for (;;) {
		struct message m;
		CLEAN_FD fd = -1;
		int got = channel_receive(x->spawn.channel, &m, &fd, e);
		if (got < 0 || (got > 0 && serve(x, &m, &fd, e) < 0))
			return -1;
		if (got == 0)
			break;
	}
	timing_executed(x->executing && x->pid ? 0 : -1);
	if (!x->executing || !x->pid)
		return silent_end(x, e);
	process_reap(x->spawn.pid);
	x->spawn.pid = 0;
	return 0;
}

static int hand_over(struct execution *x, struct error *e)
{
	if (pidfd_send(x->pidfd_socket, "setns", x->pidfd, e) < 0)
		return -1;
	if (x->console_socket >= 0) {
		if (x->terminal < 0)
			return error_set(e, EPROTO, "get the terminal from the process");
		if (console_send(x->console_socket, x->terminal, e) < 0)
			return -1;
		fd_close(&x->terminal);
	}
	/* Its presence means success to conmon: last. */
	return process_write_pid(x->o->pid_file, x->pid, e);
}

static const struct {
	const char *name;
	int (*run)(struct execution *x, struct error *e);
} steps[] = {
	{ "load", load },   { "sockets", connect_sockets }, { "plan", plan },
	{ "spawn", spawn }, { "accompany", accompany },     { "hand over", hand_over },
};

static int begin(struct execution *x, struct error *e)
{
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		trace(TRACE_STEPS, "parent: %s", steps[i].name);
		struct timing_event *timed = timing_begin(TIMING_STEP, steps[i].name, NULL);
		int result = steps[i].run(x, e);
		timing_end(timed, result);
		if (result < 0)
			return -1;
	}
	return 0;
}

/* What has been begun ends with the command that failed. */
static void undo(struct execution *x)
{
	if (x->pidfd >= 0)
		sys_pidfd_send_signal(x->pidfd, SIGKILL);
	end_child(x);
	if (x->pid > 0)
		process_reap(x->pid);
}

static int wait_program(struct execution *x, int *exit_code, struct error *e)
{
	struct foreground f = { .pid = x->pid, .pidfd = x->pidfd, .runs = true, .other = -1 };

	if (foreground_begin(&f, fd_take(&x->terminal), e) < 0)
		return -1;
	fd_close(&x->spawn.exe);
	struct timing_event *timed = timing_begin(TIMING_STEP, "program", NULL);
	foreground_wait(&f);
	timing_end(timed, 0);
	foreground_end(&f);
	oom_tell(&x->state, x->kills, f.exit_code);
	*exit_code = f.exit_code;
	return 0;
}

int container_exec(const struct exec_options *o, int *exit_code, struct error *e)
{
	struct execution x = { .o = o,
			       .state = STATE_NONE,
			       .spawn = SPAWN_NONE,
			       .pidfd = -1,
			       .console_socket = -1,
			       .pidfd_socket = -1,
			       .terminal = -1 };

	if (arena_init(&x.arena, ARENA, e) < 0)
		return -1;
	int result = begin(&x, e);
	if (result < 0)
		undo(&x);
	else if (o->detach)
		*exit_code = 0;
	else
		result = wait_program(&x, exit_code, e);
	fd_close(&x.spawn.init);
	fd_close(&x.spawn.root);
	fd_close(&x.spawn.exe);
	fd_close(&x.spawn.pidfd);
	fd_close(&x.spawn.channel);
	fd_close(&x.pidfd);
	fd_close(&x.console_socket);
	fd_close(&x.pidfd_socket);
	fd_close(&x.terminal);
	state_close(&x.state);
	arena_free(&x.arena);
	return result;
}
