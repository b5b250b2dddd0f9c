/*
 * Theory of operation. `ocirun init N` is this process, re-exec'd by the parent in the container's
 * namespaces, with the sealed plan at descriptor N. It runs one table of steps; the first that
 * fails sends its whole error to the parent and ends the process, and the parent undoes everything.
 * After the last of them the container is "created": all descriptors but the start socket are
 * closed, and we wait there. `ocirun start` connects, says start, and hears what becomes of us: an
 * error in words, or the end of the connection, which closes by itself when execve succeeds. `run`
 * does the same by the channel.
 *
 * Until "created" the end of the channel means that the parent has died: an order to die too.
 *
 * What `ocirun exec` runs in a container that exists comes the same way and goes another: exec.c.
 */
#include "runtime/channel.h"
#include "runtime/child/child.h"
#include "runtime/child/exec.h"
#include "runtime/child/join.h"
#include "runtime/child/steps.h"
#include "runtime/file.h"
#include "runtime/hooks.h"
#include "runtime/log.h"
#include "runtime/namespaces.h"
#include "runtime/sys.h"
#include "runtime/timing.h"
#include "spec/extensions.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define CLOSE_CLOEXEC 4U /* CLOSE_RANGE_CLOEXEC */

int child_ask(struct child *c, enum message_type type, int32_t value, int fd, struct error *e)
{
	struct message m;
	int got = -1;

	if (channel_send(c->channel, type, value, fd) < 0)
		return error_set(e, errno, "talk to the parent");
	if (channel_expected(child_receive(c, &m, &got, e), type, &m, e) < 0)
		return -1;
	return got < 0 ? error_set(e, EPROTO, "get a descriptor from the parent") : got;
}

/* What hooks write to files goes where the parent, who may open them, has opened them. */
static int hook_outputs(struct child *c, int outputs[2], bool at_start, struct error *e)
{
	static const char *const names[] = { ANNOTATION_HOOKS_STDOUT, ANNOTATION_HOOKS_STDERR };

	for (int i = 0; i < 2; i++) {
		if (!annotation_asked(&c->plan->status.annotations, names[i]))
			continue;
		outputs[i] = child_ask(c, MESSAGE_OUTPUT, i + (at_start ? 3 : 1), -1, e);
		if (outputs[i] < 0)
			return -1;
	}
	return 0;
}

static int run_hooks(struct child *c, const char *kind, const char *status,
		     const spec_hook_list *hooks, const char *directory, const struct strings *env,
		     struct error *e)
{
	const bool at_start = hooks == &c->plan->start_container;
	struct status document = c->plan->status;
	int outputs[2] = { -1, -1 };
	struct hook_run run = {
		.kind = kind, .hooks = hooks, .directory = directory, .default_env = env, .by = c
	};

	if (!hooks->n)
		return 0;
	/* Files of the image, as the program is. */
	if (at_start)
		run.confine = filter_confine;
	else if (hook_outputs(c, outputs, false, e) < 0)
		return -1;
	CLEAN_FD out = outputs[0];
	CLEAN_FD err = outputs[1];
	run.outputs = at_start ? c->outputs : outputs;
	/* As it is in here (runtime.md, "State"). */
	document.pid = getpid();
	document.status = (char *)status;
	run.state = json_print(&status_table, &document, 0, &c->arena, &run.state_size);
	/* Ours is 0 until the program's is set: what we make has the modes we give. */
	mode_t ours = umask((mode_t)c->plan->umask);
	int result = hooks_run(&run, e);
	umask(ours);
	return result;
}

/* The create hooks find the finished mounts at root.path, in this mount namespace (or, without one,
 * in that which passes), before the pivot. */
static int create_hooks(struct child *c, struct error *e)
{
	struct message m;

	if (!c->plan->create_hooks)
		return 0;
	if (channel_send(c->channel, MESSAGE_MOUNTED, 0, -1) < 0)
		return error_set(e, errno, "talk to the parent");
	if (child_expect(c, MESSAGE_HOOKED, &m, e) < 0)
		return -1;
	return run_hooks(c, "createContainer", "creating", &c->plan->create_container,
			 c->plan->status.bundle, NULL, e);
}

/* As it ends a process that says nothing of it; execve makes it so again for the program. */
static void end_waiting(int signal)
{
	_exit(128 + signal);
}

/* To init of a PID namespace a signal must be explained, or it waits on when nobody needs it. */
static int explain_signals(struct child *c, struct error *e)
{
	static const int ends[] = { SIGINT, SIGTERM };

	(void)e;
	/* Not where we are started at once: the program is. */
	for (size_t i = 0; c->start_socket >= 0 && i < sizeof(ends) / sizeof(ends[0]); i++)
		signal(ends[i], end_waiting);
	return 0;
}

static const struct step steps[] = {
	/* First: nothing of the caller's session, signals or keyring may reach what follows. Not
	   earlier: it must be our own process. */
	{ "session", host_session },
	/* After it, which resets them; before a filter that may refuse it. */
	{ "signals", explain_signals },
	/* Before mounts and hooks: both may need the network namespace in working order. */
	{ "loopback", host_loopback },
	/* Before hooks and sysctl, which may name the devices. */
	{ "network devices", host_net_devices },
	/* Before anything is mounted: what we mount must not reach the host. */
	{ "rootfs", rootfs_prepare },
	{ "mounts", rootfs_mounts },
	/* After the mounts, one of which usually is /dev. */
	{ "devices", devices_make },
	/* After devpts is mounted and /dev exists; before the hooks, which may look at it. */
	{ "terminal", terminal_open },
	/* While the host's /dev is in reach. */
	{ "null", masks_open },
	{ "create hooks", create_hooks },
	/* After the hooks, which may mount and write below the rootfs; before the root is
	   read-only, as the directory may be made. */
	{ "directory", program_directory },
	{ "masks", masks_apply },
	{ "read-only", rootfs_read_only },
	{ "enter", rootfs_enter },
	/* In their namespaces, whatever the root is. sysctl through a procfs of its own, so not
	   earlier than needed. */
	{ "names", host_names },
	{ "sysctl", host_sysctl },
	/* Needs the container's /etc/passwd, with root's rights to read it. */
	{ "environment", program_environment },
	{ "terminal stdio", terminal_take },
	{ "terminal control", terminal_control },
	{ "enter directory", program_enter_as_root },
	/* Late: our own work shall not be scheduled like the program. Before "identity": some of it
	   needs privilege. */
	{ "attributes", attributes_set },
	{ "scheduling", attributes_schedule },
	/* While we may mount a procfs to write them through. */
	{ "labels", identity_labels },
	/* After everything that needs privilege. */
	{ "identity", identity_apply },
	/* As the program's own user: what it may enter and execute is what counts. */
	{ "enter directory as user", program_enter_as_user },
	{ "find program", program_find },
	/* As late as possible: the parent compiles it meanwhile. */
	{ "filter", filter_await },
	/* Nothing of ours that could be done before is left to be filtered. Not at start, as other
	   filters: whom the listener is sent to is known to our parent, which is gone by then. */
	{ "listener", filter_notify },
};

int steps_run(const struct step *table, size_t n, struct child *c, struct error *e)
{
	for (size_t i = 0; i < n; i++) {
		trace(TRACE_STEPS, "child: %s", table[i].name);
		struct timing_event *timed = timing_begin(TIMING_STEP, table[i].name, NULL);
		int result = table[i].run(c, e);
		timing_end(timed, result);
		if (result < 0)
			return -1;
	}
	return 0;
}

/* Nobody is left to hear of it: what may pass is waited for. */
static bool may_pass(int code)
{
	if (code != ENOMEM && code != ENOBUFS && code != EAGAIN && code != EMFILE && code != ENFILE)
		return code == EINTR || code == ECONNABORTED;
	usleep(10000);
	return true;
}

/* Once it is said the parent tells of success. */
static int await_recorded(struct child *c, struct error *e)
{
	struct message m;
	int got;

	while ((got = child_receive(c, &m, NULL, e)) < 0 && may_pass(e->code))
		*e = ERROR_NONE;
	return channel_expected(got, MESSAGE_RECORDED, &m, e);
}

/* They close at execve anyhow: a failure costs nothing. */
static void close_rest(const struct child *c)
{
	const int kept[] = { c->start_socket, c->outputs[0], c->outputs[1] };
	unsigned from = 3 + c->plan->preserve_fds, next;

	do {
		next = ~0U;
		for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
			if (kept[i] >= (int)from && (unsigned)kept[i] < next)
				next = (unsigned)kept[i];
		if (next > from)
			sys_close_range(from, next == ~0U ? next : next - 1, 0);
		from = next + 1;
	} while (next != ~0U);
}

/* Tell the parent and wait until it has recorded us: from then on we outlive it. */
static int created(struct child *c, struct error *e)
{
	/* While there is somebody to open them. */
	if (c->plan->start_container.n && hook_outputs(c, c->outputs, true, e) < 0)
		return -1;
	/* Nothing is left to measure until somebody starts us, and then it may be another's wish. */
	timing_leave(NULL);
	if (channel_send(c->channel, MESSAGE_CREATED, 0, -1) < 0)
		return error_set(e, errno, "talk to the parent");
	/* Started at once: that says it too, and what is open closes at execve. */
	if (c->start_socket < 0)
		return 0;
	if (await_recorded(c, e) < 0)
		return -1;
	close_rest(c);
	return 0;
}

/* A connection that says start: others only look whether we are here (state). With run there is no
 * socket, and the channel says it. */
static int wait_start(struct child *c, int *timing_fd)
{
	struct error e = ERROR_NONE;
	struct message m;

	if (c->start_socket < 0) {
		const int got = channel_receive(c->channel, &m, timing_fd, &e);
		if (got > 0 && m.type == MESSAGE_START)
			return c->channel;
		if (got < 0)
			channel_send_error(c->channel, &e);
		_exit(1);
	}
	for (;;) {
		CLEAN_FD connection = accept4(c->start_socket, NULL, NULL, SOCK_CLOEXEC);
		CLEAN_FD given = -1;
		if (connection >= 0 && channel_receive(connection, &m, &given, &e) > 0 &&
		    m.type == MESSAGE_START) {
			*timing_fd = fd_take(&given);
			return fd_take(&connection);
		}
		if (connection < 0 && !may_pass(errno))
			_exit(1);
	}
}

int program_execute(struct child *c, struct error *e)
{
	const struct spec_process *p = c->plan->process;

	if (!p)
		return error_set(e, 0, "config.json has no process to start");
	if (run_hooks(c, "startContainer", "created", &c->plan->start_container, NULL, &c->env, e) <
	    0)
		return -1;
	/* Last: they may be too low for anything but the program. */
	if (program_limits(c, e) < 0)
		return -1;
	timing_leave("execve");
	/* Whoever started us may be gone; the program runs all the same. */
	channel_send(c->channel, MESSAGE_EXECUTING, 0, -1);
	/* From here on only what the profile allows: the last capability, execve, the error. */
	if (filter_load(c, e) < 0)
		return -1;
	execve(c->executable, p->args.v, c->env.v);
	/* In Go's letters, which runc's callers know. */
	if (errno == ENOENT) {
		error_set_call(e, 0, "execve", "exec %s: no such file or directory", c->executable);
		e->code = ENOENT;
	} else {
		error_call(e, "execve", "exec %s", c->executable);
	}
	error_in(e, "process.args[0]");
	return e->code == ENOENT    ? error_hint(e, "the file is there: is its interpreter?")
	       : e->code == ENOEXEC ? error_hint(e, "a script needs a first line like #!/bin/sh")
				    : -1;
}

/* The ids of a new user namespace, from the parent, for an init that has come here with none, but
 * with all capabilities (spawn.c). */
static int await_maps(struct child *c, struct error *e)
{
	struct message m;

	if (channel_expect(c->channel, MESSAGE_PLACED, &m, e) < 0 ||
	    namespaces_become_root(c->plan, -1, e) < 0)
		return -1;
	/* Or hooks would inherit them. By another id they have no others. */
	if (getuid() == 0 && namespaces_carry_capabilities(false, e) < 0)
		return -1;
	/* The files of its mqueue are its maker's, who has an id only now. */
	if (c->plan->new_namespaces & CLONE_NEWIPC && sys_unshare(CLONE_NEWIPC) < 0)
		return error_set(e, errno, "make the ipc namespace");
	return 0;
}

/* What was charged before stays with our parent's cgroups. */
static int settle(struct child *c, struct error *e)
{
	struct message m;

	if (channel_send(c->channel, MESSAGE_LOADED, 0, -1) < 0)
		return error_set(e, errno, "talk to the parent");
	if (channel_expect(c->channel, MESSAGE_PLACED, &m, e) < 0)
		return -1;
	if (c->plan->new_namespaces & CLONE_NEWCGROUP && sys_unshare(CLONE_NEWCGROUP) < 0)
		return error_set(e, errno, "make the cgroup namespace");
	return 0;
}

static int join_timed(const struct child *c, struct error *e)
{
	struct timing_event *timed = timing_begin(TIMING_STEP, "join", NULL);
	int result = join_and_clone(c, e);

	timing_end(timed, result);
	return result;
}

static _Noreturn void fail(int channel, const struct error *e)
{
	channel_send_error(channel, e);
	_exit(1);
}

_Noreturn void child_main(const char *plan_fd)
{
	struct child c = { .rootfs = -1,
			   .host = -1,
			   .proc = -1,
			   .sys = -1,
			   .dev_mount = -1,
			   .dev = -1,
			   .null = -1,
			   .console = -1,
			   .outputs = { -1, -1 },
			   .cwd = -1 };
	struct error e = ERROR_NONE;
	char *end;
	long fd = strtol(plan_fd, &end, 10);

	if (*end || fd < 3 || fd > 1 << 30 || plan_attach((int)fd, &c.plan, &e) < 0) {
		/* Nobody to send it to. */
		dprintf(STDERR_FILENO, "ocirun: init is for ocirun itself: %s\n", e.text);
		_exit(1);
	}
	trace_state = c.plan->trace;
	trace(TRACE_STEPS, "child: begins");
	c.channel = c.plan->channel;
	if (c.plan->timing && timing_attach(c.plan->timing, &e) < 0)
		fail(c.channel, &e);
	c.start_socket = c.plan->start_socket;
	/* Ours, and whatever the caller left open (CVE-2024-21626): none survives the execve but
	 * what was asked for. */
	if (sys_close_range(3 + c.plan->preserve_fds, ~0U, CLOSE_CLOEXEC) < 0) {
		error_set(&e, errno, "keep descriptors from the program");
		fail(c.channel, &e);
	}
	if (c.plan->process)
		c.user = c.plan->process->user;
	if ((c.plan->helper && join_timed(&c, &e) < 0) ||
	    (c.plan->maps_late && await_maps(&c, &e) < 0) ||
	    (c.plan->settles && settle(&c, &e) < 0))
		fail(c.channel, &e);
	if (arena_init(&c.arena, (size_t)64 << 20, &e) < 0)
		fail(c.channel, &e);
	if (c.plan->init) {
		exec_begin(&c, &e);
		fail(c.channel, &e);
	}
	if (steps_run(steps, sizeof(steps) / sizeof(steps[0]), &c, &e) < 0 || created(&c, &e) < 0)
		fail(c.channel, &e);
	int timing_given = -1;
	c.channel = wait_start(&c, &timing_given);
	/* Where a filter is loaded already nobody knows what it says of our reading the clock. */
	if (timing_given < 0 || c.filter_loaded || timing_attach(timing_given, &e) == 0)
		(void)!program_execute(&c, &e);
	fail(c.channel, &e);
}
