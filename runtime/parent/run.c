/*
 * run: create, start, wait, delete, in one process. In the foreground it stands for the container
 * (foreground.h).
 */
#include "runtime/parent/run.h"
#include "runtime/file.h"
#include "runtime/parent/destroy.h"
#include "runtime/parent/foreground.h"
#include "runtime/parent/notify.h"
#include "runtime/parent/oom.h"
#include "runtime/parent/start.h"
#include "runtime/timing.h"

#include <errno.h>
#include <sys/prctl.h>
#include <unistd.h>

/* We stay, and stay the one to watch: nothing to be said of that. */
static void handle_notify(void *data)
{
	struct creation *c = data;

	if (c->notify < 0 || !notify_is_ready(c->notify))
		return;
	notify_ready(c->o->notify_socket, 0);
	/* Who goes on talking is told that nobody listens, before a full queue holds it up. */
	fd_close(&c->notify);
}

/* The container's process is gone or never came: remove what is left. */
static int finish(struct creation *c, bool reaped, struct error *e)
{
	struct error refused = ERROR_NONE;

	if (reaped)
		c->state.record.init.pid = 0; /* nothing to look for */
	/* Another may have deleted it meanwhile, or be about to: fine. */
	for (int tries = 0; state_relock(&c->state, 10000, &refused) < 0; tries++) {
		if (!refused.code || refused.code == EBUSY)
			return 0;
		/* Nobody else will remove it: once more. */
		if (tries > 0) {
			*e = refused;
			return -1;
		}
	}
	return destroy(&c->state, true, e);
}

static int run_foreground(struct creation *c, creation_fn *start, int *exit_code, struct error *e)
{
	struct foreground f = { .pid = c->spawn.pid, .pidfd = c->spawn.pidfd, .other = -1 };

	if (foreground_begin(&f, fd_take(&c->terminal), e) < 0)
		return -1;
	int result = start(c, e);
	if (result == 0) {
		/* Not while we wait: kill, delete --force and others may write now. */
		state_unlock(&c->state);
		fd_close(&c->spawn.exe);
		f.other = c->notify;
		f.heard = handle_notify;
		f.data = c;
		struct timing_event *timed = timing_begin(TIMING_STEP, "program", NULL);
		foreground_wait(&f);
		timing_end(timed, 0);
		oom_tell(&c->state, 0, f.exit_code);
		*exit_code = f.exit_code;
	}
	foreground_end(&f);
	return result;
}

static int run_detached(struct creation *c, creation_fn *start, struct error *e)
{
	if (start(c, e) < 0)
		return -1;
	fd_close(&c->spawn.exe);
	if (c->notify >= 0) {
		state_unlock(&c->state);
		notify_wait(c->notify, c->spawn.pidfd, c->o->notify_socket, c->spawn.pid);
	}
	return 0;
}

int run_creation(struct creation *c, creation_fn *begin, creation_fn *start, int *exit_code,
		 struct error *e)
{
	const struct create_options *o = c->o;
	struct error ignored = ERROR_NONE;

	*exit_code = 0;
	/* Before the clone, so that a container's orphans fall to us and not to init. */
	if (!o->detach && !o->no_subreaper && prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		return error_set(e, errno, "become a subreaper");
	if (begin(c, e) < 0)
		return -1;
	int result = o->detach ? run_detached(c, start, e) : run_foreground(c, start, exit_code, e);
	if (result < 0)
		(void)!finish(c, false, &ignored);
	else if (!o->detach && !o->keep)
		result = finish(c, true, e);
	if (result < 0 && o->pid_file && *o->pid_file)
		unlink(o->pid_file);
	creation_close(c);
	return result;
}

static int start(struct creation *c, struct error *e)
{
	if (c->bundle.spec->process)
		return c->bundle.plan->notify && notify_listen(&c->state, &c->notify, e) < 0
			       ? -1
			       : start_locked(&c->state, e);
	error_set(e, 0, "config.json has none to start");
	return error_in(e, "process");
}

int container_run(const struct create_options *o, int *exit_code, struct error *e)
{
	struct creation c = CREATION(o, !o->detach);

	c.starts = true;
	return run_creation(&c, creation_begin, start, exit_code, e);
}
