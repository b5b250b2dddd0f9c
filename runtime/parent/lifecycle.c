/* start, pause, resume, kill and delete: what is done to a container that exists (runtime.md,
 * "Operations"). */
#include "runtime/channel.h"
#include "runtime/file.h"
#include "runtime/parent/cgroup.h"
#include "runtime/parent/container.h"
#include "runtime/parent/destroy.h"
#include "runtime/parent/net_devices.h"
#include "runtime/parent/notify.h"
#include "runtime/parent/start.h"
#include "runtime/parent/state.h"
#include "runtime/process.h"
#include "runtime/sys.h"
#include "runtime/timing.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#define LOCK_MS 10000
#define CREATING_MS 1000
#define ARENA ((size_t)256 << 20) /* of records: address space only */

/* A failed start hook or poststart hook ends the container, poststop hooks included (runtime.md,
 * "Lifecycle", 8 to 13). */
static int end_container(struct state *s)
{
	struct error ignored = ERROR_NONE;

	/* Whom a damaged record names shall not be killed for it; init at least is known. */
	if (state_check_cgroups(s, &ignored) < 0)
		signal_init(&s->record, SIGKILL);
	else if (destroy(s, true, &ignored) == 0)
		return -1;
	container_warn(ignored.text);
	return -1;
}

/*
 * Say start and listen: "executing" and then the end of the connection is success, because execve
 * closed it. An error before "executing" is a failed hook or limit, after it a failed execve.
 */
static int run_process(struct state *s, bool *executing, struct error *e)
{
	CLEAN_FD connection = s->channel >= 0 ? fd_take(&s->channel) : state_connect(s, true);
	struct message m;
	int got;

	*executing = false;
	/* (Who is gone may have said why.) */
	if (connection < 0 ||
	    (channel_send(connection, MESSAGE_START, 0, timing_fd()) < 0 && errno != EPIPE))
		return error_set(e, errno, "reach the container's init");
	while ((got = channel_receive(connection, &m, NULL, e)) > 0 && m.type == MESSAGE_EXECUTING)
		*executing = true;
	if (got > 0 && m.type == MESSAGE_ERROR)
		*e = m.error;
	else if (got > 0)
		return error_set(e, EPROTO, "talk to the container's init");
	else if (got == 0 && !*executing)
		return error_set(e, 0, "the container's init ended before its program began");
	return got ? -1 : 0;
}

int start_hooks(struct state *s, struct error *e)
{
	if (s->record.poststart.n &&
	    state_hooks(s, "poststart", STATUS_RUNNING, &s->record.poststart, e) < 0)
		return end_container(s);
	return 0;
}

int start_locked(struct state *s, struct error *e)
{
	bool executing;
	struct timing_event *timed = timing_begin(TIMING_STEP, "start", NULL);
	int result = run_process(s, &executing, e);

	timing_executed(result);
	timing_end(timed, result);
	if (result < 0) {
		/* A program that can't be executed leaves a stopped container, for its owner to
		 * look at and delete. */
		CLEAN_FD init = executing ? process_open(&s->record.init) : -1;
		if (init >= 0)
			(void)!process_wait_end(init, 1000);
		return executing ? -1 : end_container(s);
	}
	return start_hooks(s, e);
}

static void still_creating(struct error *e)
{
	*e = ERROR_NONE;
	(void)!error_set(e, 0, "cannot start a container that is still being created");
}

/* Start, and come back when the program is ready, if it says so. */
static int start_notified(struct state *s, const char *notify_socket, struct error *e)
{
	int listening = -1;

	if (notify_socket && notify_listen(s, &listening, e) < 0)
		return -1;
	CLEAN_FD notify = listening;
	CLEAN_FD init = notify < 0 ? -1 : process_open(&s->record.init);
	if (start_locked(s, e) < 0)
		return -1;
	if (notify < 0)
		return 0;
	/* Not while we wait: kill, delete --force and others may write now. */
	state_unlock(s);
	notify_wait(notify, init, notify_socket, s->record.init.pid);
	return 0;
}

int container_start(const char *root, const char *id, const char *notify_socket, struct error *e)
{
	struct arena a;
	CLEAN_STATE s = STATE_NONE;
	int result = -1;

	if (arena_init(&a, ARENA, e) < 0)
		return -1;
	if (state_open(&s, root, id, &a, e) < 0)
		goto out;
	/* A create that ends soon is worth waiting for; not one that hangs, or whose hook calls us.
	 */
	const int status = state_status(&s, e);
	const bool creating = status == STATUS_CREATING;
	if (status < 0)
		goto out;
	if (state_lock(&s, creating ? CREATING_MS : LOCK_MS, e) < 0) {
		if (creating && e->code == EBUSY)
			still_creating(e);
		goto out;
	}
	switch (state_status(&s, e)) {
	case STATUS_CREATED:
		if (s.record.has_process) {
			result = start_notified(&s, notify_socket, e);
		} else {
			error_set(e, 0, "config.json has none to start");
			error_in(e, "process");
		}
		break;
	case STATUS_STOPPED: error_set(e, 0, "cannot start a container that has stopped"); break;
	case STATUS_RUNNING: error_set(e, 0, "cannot start an already running container"); break;
	case STATUS_PAUSED: error_set(e, 0, "cannot start a container that is paused"); break;
	case STATUS_CREATING: still_creating(e); break;
	}
out:
	arena_free(&a);
	return result;
}

static int not_running(struct error *e)
{
	return error_set(e, 0, "container not running");
}

static int pause_locked(const struct state *s, struct error *e)
{
	switch (state_status(s, e)) {
	case STATUS_CREATED:
	case STATUS_RUNNING: return cgroup_freeze(&s->record, e);
	case STATUS_PAUSED: return error_set(e, 0, "container paused: it is so already");
	case STATUS_CREATING:
		return error_set(e, 0, "container not running: it is still being created");
	case STATUS_STOPPED: return not_running(e);
	}
	return -1;
}

int container_pause(const char *root, const char *id, struct error *e)
{
	struct arena a;
	CLEAN_STATE s = STATE_NONE;

	if (arena_init(&a, ARENA, e) < 0)
		return -1;
	/* Locked: `start` talks to an init that must not stand still. */
	int result = state_open(&s, root, id, &a, e) < 0 || state_lock_made(&s, e) < 0 ||
				     state_check_cgroups(&s, e) < 0
			     ? -1
			     : pause_locked(&s, e);
	arena_free(&a);
	return result;
}

int container_resume(const char *root, const char *id, struct error *e)
{
	struct arena a;
	CLEAN_STATE s = STATE_NONE;

	if (arena_init(&a, ARENA, e) < 0)
		return -1;
	/* Without the lock: whoever holds it may be waiting for the frozen container. */
	int result = state_open(&s, root, id, &a, e);
	const int status = result < 0 ? -1 : state_status(&s, e);
	if (status < 0)
		result = -1;
	else if (status != STATUS_PAUSED)
		result = error_set(e, 0, "container not paused");
	else
		result = cgroup_unfreeze(&s.record, e);
	arena_free(&a);
	return result;
}

static int kill_all(const struct record *r, int signal, struct error *e)
{
	if (signal == SIGKILL)
		return cgroup_kill(r, e);
	cgroup_signal_all(r, signal);
	return 0;
}

/* Of a container whose init has ended. */
static bool has_processes(struct state *s)
{
	struct error ignored = ERROR_NONE;

	return s->record.cgroups.n && (s->record.complete || cgroup_made_all(&s->record)) &&
	       state_check_cgroups(s, &ignored) == 0 && cgroup_populated(&s->record);
}

static int kill_opened(struct state *s, int signal, bool all, struct error *e)
{
	const int status = state_status(s, e);

	if (status < 0)
		return -1;
	/* runtime.md, "Kill": neither created nor running is an error, and has no effect. */
	if (status == STATUS_CREATING) {
		error_set(e, 0, "container not running: it is still being created");
		return error_hint(e, "`ocirun delete --force` ends that");
	}
	/* Without a pid namespace of its own the end of init is not the end of the container. */
	bool ends_all = signal == SIGKILL && !s->record.own_pid_namespace;
	if (status == STATUS_STOPPED && !all && !(ends_all && has_processes(s)))
		return not_running(e);
	/* Who is in its cgroup after its end is another's, if they had to end with it. */
	if (status == STATUS_STOPPED && s->record.own_pid_namespace)
		return 0;
	/* Somebody has moved its processes: by init all can be reached that are in a pid namespace
	 * of its own. */
	const char *gone = all || ends_all ? cgroup_gone(&s->record) : NULL;
	if ((all || ends_all) && s->record.cgroups.n && !gone)
		return state_check_cgroups(s, e) < 0 ? -1 : kill_all(&s->record, signal, e);
	if (status == STATUS_STOPPED)
		return 0;
	if (signal_init(&s->record, signal) < 0) {
		if (errno == ESRCH)
			return not_running(e);
		return error_set(e, errno, "send signal %d", signal);
	}
	/* A frozen process takes SIGKILL on v2; on v1 it must be thawed for it. */
	if (signal == SIGKILL && status == STATUS_PAUSED)
		cgroup_thaw(&s->record);
	if (gone && !(s->record.own_pid_namespace && signal == SIGKILL))
		return error_set(e, 0,
				 "the container's cgroup %s is gone: only its first process has "
				 "been signalled",
				 gone);
	return 0;
}

int container_kill(const char *root, const char *id, int signal, bool all, struct error *e)
{
	struct arena a;
	CLEAN_STATE s = STATE_NONE;

	if (arena_init(&a, ARENA, e) < 0)
		return -1;
	int result = state_open(&s, root, id, &a, e) < 0 ? -1 : kill_opened(&s, signal, all, e);
	arena_free(&a);
	return result;
}

/* A create that hangs (in a hook, on a dead file server) holds the lock: end what it is making,
 * then it, and the lock is free. */
static void end_creator(const struct state *s)
{
	/* One that is not recorded yet dies with its creator. */
	signal_init(&s->record, SIGKILL);
	CLEAN_FD creator = process_open(&s->record.creator);
	if (creator >= 0 && process_wait_end(creator, 500) < 0)
		sys_pidfd_send_signal(creator, SIGKILL);
}

static int delete_opened(struct state *s, bool force, struct error *e)
{
	int status = state_status(s, e);

	if (status < 0)
		return -1;
	if (!force && status != STATUS_STOPPED)
		return error_set(e, 0, "cannot delete container %s that is not stopped: %s", s->id,
				 status_word(status));
	if (force)
		net_devices_hold(s);
	if (force && status == STATUS_CREATING)
		end_creator(s);
	/* A start that hangs in a hook holds it too: its container's end ends it. */
	if (force && status != STATUS_STOPPED)
		signal_init(&s->record, SIGKILL);
	if (state_lock(s, LOCK_MS, e) < 0)
		return -1;
	/* Another may have come in between. */
	status = state_status(s, e);
	if (status < 0)
		return -1;
	if (!force && status != STATUS_STOPPED)
		return error_set(e, 0, "cannot delete container %s that is not stopped: %s", s->id,
				 status_word(status));
	return destroy(s, s->record.complete, e);
}

/* What a damaged record no longer says can't be undone; what it says nothing about goes. */
static int delete_damaged(struct state *s, struct error *e)
{
	struct error again = ERROR_NONE;

	*e = ERROR_NONE;
	/* The lock reads the record anew and fails in the same way, holding it. */
	if (state_lock(s, LOCK_MS, &again) == 0 && state_check_cgroups(s, &again) == 0)
		return destroy(s, false, e);
	container_warn("the record of what it left is damaged: processes and cgroups may remain");
	return state_remove(s, e);
}

int container_delete(const char *root, const char *id, bool force, struct error *e)
{
	struct arena a;
	CLEAN_STATE s = STATE_NONE;

	if (arena_init(&a, ARENA, e) < 0)
		return -1;
	int result = state_open(&s, root, id, &a, e);
	if (result == 0)
		result = state_check_cgroups(&s, e);
	if (result == 0)
		result = delete_opened(&s, force, e);
	else if (force && s.directory >= 0)
		result = delete_damaged(&s, e);
	/* Gone already, or gone meanwhile: what was asked for. */
	if (result < 0 && force && !strcmp(e->text, "container does not exist")) {
		*e = ERROR_NONE;
		result = 0;
	}
	arena_free(&a);
	return result;
}
