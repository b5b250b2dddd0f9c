/*
 * Theory of operation. A table of steps from the bundle to a container that waits for start. The id
 * is claimed before the first effect on the host, and what an effect will be is recorded before it
 * happens: so a step that fails, a process that is killed and `delete --force` all clean up by the
 * same way, destroy.c, from the same record.
 */
#include "runtime/parent/create.h"

#include "runtime/channel.h"
#include "runtime/file.h"
#include "runtime/hooks.h"
#include "runtime/log.h"
#include "runtime/parent/cgroup.h"
#include "runtime/parent/cgroup_devices.h"
#include "runtime/parent/console.h"
#include "runtime/parent/destroy.h"
#include "runtime/parent/filter.h"
#include "runtime/parent/intel_rdt.h"
#include "runtime/parent/net_devices.h"
#include "runtime/parent/notify.h"
#include "runtime/parent/systemd.h"
#include "runtime/parent/user_namespace.h"
#include "runtime/process.h"
#include "runtime/schedule.h"
#include "runtime/socket.h"
#include "runtime/sys.h"
#include "runtime/timing.h"
#include "spec/extensions.h"
#include "spec/timestamp.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <time.h>
#include <unistd.h>

int creation_load(struct creation *c, struct error *e)
{
	return container_id_check(c->o->id, e) < 0 ||
			       resolve_load(c->o, &c->arena, &c->bundle, e) < 0
		       ? -1
		       : user_namespace_add(&c->arena, c->bundle.spec, e);
}

int creation_terminal(struct creation *c, struct error *e)
{
	const struct spec_process *p = c->bundle.spec->process;

	if (console_connect(p && p->terminal, c->foreground, c->o->console_socket,
			    &c->console_socket, e) < 0)
		return -1;
	const char *receiver =
		annotation_asked(&c->bundle.spec->annotations, ANNOTATION_PIDFD_RECEIVER);
	return c->o->pidfd_socket || !receiver
		       ? pidfd_connect(c->o->pidfd_socket, "--pidfd-socket", &c->pidfd_socket, e)
		       : pidfd_connect(receiver, "annotations[\"" ANNOTATION_PIDFD_RECEIVER "\"]",
				       &c->pidfd_socket, e);
}

int creation_plan(struct creation *c, struct error *e)
{
	return resolve_plan(c->o, &c->arena, &c->bundle, e) < 0 ||
			       namespaces_open(c->bundle.spec, &c->arena, c->bundle.plan, e) < 0
		       ? -1
		       : 0;
}

/* Nothing of a container can be made without CAP_SYS_ADMIN, which a user namespace gives. Who is
 * not root has one by now. */
static int check_privilege(struct creation *c, struct error *e)
{
	const struct plan *p = c->bundle.plan;

	if ((p->new_namespaces | p->joined_namespaces) & CLONE_NEWUSER ||
	    c->bundle.capabilities & 1ULL << CAP_SYS_ADMIN)
		return 0;
	error_set(e, 0, "without privilege, one of type \"user\" is needed");
	error_in(e, "linux.namespaces");
	return error_hint(e, "`ocirun spec --rootless` writes a config.json that has it");
}

static char *time_now(struct arena *a)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return timestamp_print(now, a);
}

static int intend_class(struct creation *c, struct error *e)
{
	char *root;

	return intel_rdt_root(&c->arena, &root, e) < 0
		       ? -1
		       : intel_rdt_intend(&c->arena, root, c->bundle.spec->linux->intel_rdt,
					  &c->state.record, e);
}

int creation_claim(struct creation *c, struct error *e)
{
	const struct spec *s = c->bundle.spec;
	const struct plan *p = c->bundle.plan;
	struct record *r = &c->state.record;

	if (state_claim(&c->state, c->o->root, c->o->id, &c->arena, e) < 0 ||
	    (p->notify && notify_prepare(&c->state, e) < 0))
		return -1;
	*r = (struct record){
		.oci_version = SPEC_VERSION,
		.id = p->status.id,
		.bundle = c->bundle.path,
		.rootfs = c->bundle.rootfs,
		.created = time_now(&c->arena),
		.has_process = s->process,
		.own_pid_namespace = p->new_namespaces & CLONE_NEWPID,
		.owner = arena_printf(&c->arena, "%u", (unsigned)getauxval(AT_EUID)),
		.annotations = s->annotations,
	};
	if (s->hooks) {
		r->poststart = s->hooks->poststart;
		r->poststop = s->hooks->poststop;
	}
	if (process_identify(getpid(), &r->creator) < 0)
		return error_set(e, errno, "find our own process in /proc");
	if (cgroup_intend(&c->arena, p, r, e) < 0)
		return s->linux->cgroups_path ? error_in(e, "linux.cgroupsPath") : -1;
	if (c->bundle.systemd && systemd_intend(&c->arena, c->bundle.systemd, p, r, e) < 0)
		return -1;
	if (s->linux->intel_rdt && intend_class(c, e) < 0)
		return -1;
	return state_save(&c->state, e);
}

int creation_config(struct creation *c, struct error *e)
{
	return state_config_keep(&c->state, c->bundle.config, c->bundle.config_length, e);
}

static int make_cgroup(struct creation *c, struct error *e)
{
	return creation_cgroup(c, e) < 0 ? -1 : creation_limits_first(c, e);
}

static int spawn(struct creation *c, struct error *e)
{
	struct record *r = &c->state.record;

	/* Who starts at once does so by the channel, without a file for others to find init by:
	 * `state` calls the moment "running". Hooks may make it a long one. */
	c->state.no_socket = c->starts && !c->bundle.plan->start_container.n;
	CLEAN_FD socket = c->state.no_socket ? -1 : state_listen(&c->state);
	if (socket < 0 && !c->state.no_socket)
		return error_set(e, errno, "make the container's start socket");
	c->spawn.spec = c->bundle.spec;
	c->spawn.plan = c->bundle.plan;
	c->spawn.arena = &c->arena;
	c->spawn.capabilities = c->bundle.capabilities;
	c->spawn.privileged = c->bundle.privileged;
	c->spawn.start_socket = socket;
	int result = spawn_init(&c->spawn, e);
	namespaces_close(c->bundle.plan);
	/* Even of a birth that failed: so that the clean-up finds it. */
	if (c->spawn.pid > 0 && process_identify(c->spawn.pid, &r->init) < 0 && result == 0)
		result = error_set(e, errno, "find the container's init in /proc");
	if (result < 0 || state_save(&c->state, e) < 0)
		return -1;
	/* Before hooks: init has made no process yet, and what it makes comes to the same class. */
	return r->intel_rdt ? intel_rdt_place(r, c->bundle.spec->linux->intel_rdt, c->spawn.pid, e)
			    : 0;
}

static int run_hooks(struct creation *c, const char *kind, const spec_hook_list *hooks,
		     struct error *e)
{
	return hooks->n ? state_hooks(&c->state, kind, STATUS_CREATING, hooks, e) : 0;
}

int creation_hooks(struct creation *c, struct error *e)
{
	const struct spec_hooks *h = c->bundle.spec->hooks;

	c->hooks_began = true;
	return h && (run_hooks(c, "prestart", &h->prestart, e) < 0 ||
		     run_hooks(c, "createRuntime", &h->create_runtime, e) < 0)
		       ? -1
		       : 0;
}

static int create_hooks(struct creation *c, struct error *e)
{
	if (creation_hooks(c, e) < 0)
		return -1;
	if (channel_send(c->spawn.channel, MESSAGE_HOOKED, 0, -1) < 0 && errno != EPIPE)
		return error_set(e, errno, "talk to the container's init");
	return 0;
}

/* Init ended without a word: say at least how. */
static int silent_end(struct creation *c, struct error *e)
{
	const struct spec_resources *r = c->bundle.spec->linux->resources;
	int code = process_reap_ending(c->spawn.pid, c->spawn.pidfd);
	char text[PROCESS_SIGNAL_TEXT];

	if (code > 128)
		error_set(e, 0, "the container's init was %s",
			  process_signal_text(code - 128, text));
	if (code == 128 + SIGKILL && r && r->memory && r->memory->limit)
		return error_hint(e, "linux.resources.memory.limit may be too small for it");
	if (code > 128)
		return -1;
	return error_set(e, 0, "the container's init ended (exit status %d)", code);
}

/* A step of init's that only we can do is done. */
static int answer(struct creation *c, enum message_type type, struct error *e)
{
	if (channel_send(c->spawn.channel, type, 0, -1) < 0 && errno != EPIPE)
		return error_set(e, errno, "talk to the container's init");
	return 0;
}

static int send_output(struct creation *c, int32_t which, struct error *e)
{
	CLEAN_FD fd = state_hook_output(
		&c->state, which % 2 ? ANNOTATION_HOOKS_STDOUT : ANNOTATION_HOOKS_STDERR, e);

	if (fd < 0)
		return e->text[0] ? error_in(e, "hooks.%s",
					     which > 2 ? "startContainer" : "createContainer")
				  : error_set(e, EPROTO, "talk to the container's init");
	return channel_send(c->spawn.channel, MESSAGE_OUTPUT, 0, fd) < 0
		       ? error_set(e, errno, "talk to the container's init")
		       : 0;
}

static int hand_over_listener(struct creation *c, int listener, struct error *e)
{
	struct status state;

	state_document(&c->state, STATUS_CREATING, &state);
	return filter_hand_over(c->bundle.spec->linux->seccomp, state.pid, c->spawn.pidfd, listener,
				&state, &c->arena, e);
}

static int move_below(struct creation *c, struct error *e)
{
	const struct plan *p = c->bundle.plan;

	return p->delegate_cgroup ? cgroup_delegate_below(&c->arena, p, c->spawn.pid, e) : 0;
}

/* Serve init until it says that it is created; what takes long is done while it mounts. */
static int accompany(struct creation *c, struct error *e)
{
	c->sources = (struct sources){ .spawn = &c->spawn, .arena = &c->arena };
	if (c->bundle.plan->filter && filter_send(c->bundle.spec->linux->seccomp, c->state.root,
						  c->spawn.channel, &c->arena, e) < 0)
		return -1;
	for (;;) {
		struct message m;
		CLEAN_FD fd = -1;
		int got = channel_receive(c->spawn.channel, &m, &fd, e);
		if (got <= 0)
			return got < 0 ? -1 : silent_end(c, e);
		switch (m.type) {
		case MESSAGE_ERROR: *e = m.error; return -1;
		case MESSAGE_OPEN:
			if (sources_open(&c->sources, m.value, fd, e) < 0)
				return -1;
			break;
		case MESSAGE_DEVICE:
			if (sources_make_device(&c->sources, m.value, e) < 0)
				return -1;
			break;
		case MESSAGE_NETWORK:
			c->state.network = fd_take(&fd);
			if (net_devices_move(&c->state, c->bundle.spec->linux, e) < 0 ||
			    answer(c, MESSAGE_NETWORK, e) < 0)
				return -1;
			break;
		case MESSAGE_MOUNTED:
			if (create_hooks(c, e) < 0)
				return -1;
			break;
		case MESSAGE_OUTPUT:
			if (send_output(c, m.value, e) < 0)
				return -1;
			break;
		case MESSAGE_SCHEDULE:
			if (schedule_set(c->spawn.pid, c->bundle.spec->process, e) < 0 ||
			    answer(c, MESSAGE_SCHEDULE, e) < 0)
				return -1;
			break;
		case MESSAGE_LISTENER:
			if (hand_over_listener(c, m.value, e) < 0)
				return -1;
			break;
		case MESSAGE_TERMINAL: c->terminal = fd_take(&fd); break;
		case MESSAGE_CREATED: return move_below(c, e);
		default: return error_set(e, EPROTO, "talk to the container's init");
		}
	}
}

int creation_console(struct creation *c, struct error *e)
{
	if (pidfd_send(c->pidfd_socket, "standard", c->spawn.pidfd, e) < 0)
		return -1;
	if (c->console_socket < 0)
		return 0;
	if (c->terminal < 0)
		return error_set(e, EPROTO, "get the terminal from the container's init");
	int result = console_send(c->console_socket, c->terminal, e);
	fd_close(&c->terminal);
	fd_close(&c->console_socket);
	return result;
}

int creation_pid_file(struct creation *c, struct error *e)
{
	return process_write_pid(c->o->pid_file, c->spawn.pid, e);
}

static int record(struct creation *c, struct error *e)
{
	c->state.record.complete = true;
	/* (Where it waits at the channel, start says it.) */
	if (state_save(&c->state, e) < 0 ||
	    (!c->state.no_socket && channel_send(c->spawn.channel, MESSAGE_RECORDED, 0, -1) < 0)) {
		const int code = errno;
		c->state.record.complete = false;
		if (c->o->pid_file && *c->o->pid_file)
			unlink(c->o->pid_file);
		/* Init waits for this word: nobody there means that it has ended. */
		if (!e->text[0] && code == EPIPE)
			return silent_end(c, e);
		return e->text[0] ? -1 : error_set(e, code, "talk to the container's init");
	}
	cgroup_devices_settle(&c->devices);
	if (c->state.no_socket)
		c->state.channel = fd_take(&c->spawn.channel);
	fd_close(&c->spawn.channel);
	fd_close(&c->state.network);
	return 0;
}

static const struct creation_step steps[] = {
	/* Pure: nothing on the host has changed when these fail. */
	{ "load", creation_load },
	{ "terminal", creation_terminal },
	{ "plan", creation_plan },
	{ "privilege", check_privilege },
	/* The first effect: from here on an id, a lock, and a record of what may have to be undone.
	 */
	{ "claim", creation_claim },
	{ "cgroup", make_cgroup },
	{ "spawn", spawn },
	/* Init is in its cgroup, and mounts meanwhile. */
	{ "limits", creation_limits },
	/* While it mounts, too; before it is complete, when others may ask for it. */
	{ "config", creation_config },
	{ "accompany", accompany },
	{ "console", creation_console },
	/* Its presence means success to conmon: as late as possible. */
	{ "pid file", creation_pid_file },
	{ "record", record },
};

static void undo(struct creation *c)
{
	struct error ignored = ERROR_NONE;

	/* An init whose pid we have not come to know ends when it hears nothing more. */
	fd_close(&c->spawn.channel);
	if (c->spawn.pidfd >= 0) {
		sys_pidfd_send_signal(c->spawn.pidfd, SIGKILL);
		/* A hook may have frozen it. */
		if (process_wait_end(c->spawn.pidfd, 20) < 0) {
			cgroup_thaw(&c->state.record);
			if (c->spawn.pid > 0) /* (not reaped yet) */
				cgroup_take_back(&c->state.record, c->spawn.pid);
		}
	}
	if (c->spawn.pid > 0)
		process_reap(c->spawn.pid);
	if (destroy(&c->state, c->hooks_began, &ignored) < 0)
		container_warn(ignored.text);
}

int creation_steps(struct creation *c, const struct creation_step *step, size_t n, struct error *e)
{
	for (size_t i = 0; i < n; i++) {
		trace(TRACE_STEPS, "parent: %s", step[i].name);
		struct timing_event *timed = timing_begin(TIMING_STEP, step[i].name, NULL);
		int result = step[i].run(c, e);
		timing_end(timed, result);
		if (result == 0)
			continue;
		/* Nothing is claimed yet, or by another. */
		if (c->state.locked)
			undo(c);
		creation_close(c);
		return -1;
	}
	return 0;
}

int creation_begin(struct creation *c, struct error *e)
{
	return creation_steps(c, steps, sizeof(steps) / sizeof(steps[0]), e);
}

void creation_close(struct creation *c)
{
	if (c->bundle.plan)
		namespaces_close(c->bundle.plan);
	systemd_close(c->bundle.systemd);
	sources_close(&c->sources);
	fd_close(&c->spawn.channel);
	fd_close(&c->spawn.pidfd);
	fd_close(&c->spawn.exe);
	fd_close(&c->console_socket);
	fd_close(&c->pidfd_socket);
	fd_close(&c->terminal);
	cgroup_devices_close(&c->devices);
	fd_close(&c->notify);
	state_close(&c->state);
	arena_free(&c->arena);
}

int container_create(const struct create_options *o, struct error *e)
{
	struct creation c = CREATION(o, false);

	if (creation_begin(&c, e) < 0)
		return -1;
	creation_close(&c);
	return 0;
}

int container_plan(const struct create_options *o, struct arena *a, char **text, struct error *e)
{
	struct bundle b = { 0 };
	struct arena own;

	if (resolve_load(o, &own, &b, e) < 0)
		return -1;
	int result = user_namespace_add(&own, b.spec, e) < 0 ? -1 : resolve_plan(o, &own, &b, e);
	if (result == 0)
		*text = json_print(&plan_table, b.plan, 2, a, NULL);
	systemd_close(b.systemd);
	arena_free(&own);
	return result;
}
