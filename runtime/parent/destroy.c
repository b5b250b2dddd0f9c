/* See destroy.h. */
#include "runtime/parent/destroy.h"

#include "runtime/file.h"
#include "runtime/parent/cgroup.h"
#include "runtime/parent/cgroup_devices.h"
#include "runtime/parent/cgroup_resources.h"
#include "runtime/parent/container.h"
#include "runtime/parent/intel_rdt.h"
#include "runtime/parent/net_devices.h"
#include "runtime/parent/systemd.h"
#include "runtime/process.h"
#include "runtime/sys.h"
#include "runtime/timing.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>

#define END_MS 10000

int signal_init(const struct record *r, int signal)
{
	CLEAN_FD pidfd = process_open(&r->init);

	return pidfd < 0 ? -1 : sys_pidfd_send_signal(pidfd, signal);
}

/* Kill init and wait for its end: what it holds (mounts, cgroup) is released only then. */
static int end_init(struct state *s, struct error *e)
{
	const struct record *r = &s->record;
	CLEAN_FD pidfd = process_open(&r->init);

	if (pidfd < 0 && errno == ESRCH)
		return 0;
	if (pidfd < 0)
		return error_set(e, errno, "find process %d of the container", r->init.pid);
	if (sys_pidfd_send_signal(pidfd, SIGKILL) < 0 && errno != ESRCH)
		return error_set(e, errno, "kill process %d of the container", r->init.pid);
	if (process_wait_end(pidfd, 0) == 0)
		return 0;
	/* A frozen process dies only when thawed. */
	if (process_wait_end(pidfd, 20) < 0) {
		cgroup_thaw(r);
		if (process_wait_end(pidfd, 20) < 0)
			cgroup_take_back(r, r->init.pid);
	}
	if (process_wait_end(pidfd, END_MS) < 0)
		return error_set(e, errno, "wait for the end of process %d of the container",
				 r->init.pid);
	return 0;
}

/* The unit first: it may have been restarted by whoever else knows of it, or never started. A
 * manager that is gone, as a user's is after the last logout, keeps nothing alive. */
static int remove_cgroups(const struct record *r, struct error *e)
{
	struct error ignored = ERROR_NONE;

	if (r->systemd && systemd_stop(r->systemd, &ignored) < 0)
		container_warn(ignored.text);
	return cgroup_remove(r, e);
}

/*
 * Something is left in the cgroups. A container with a pid namespace of its own has ended with its
 * init: what is still there either vanishes, or is another's who uses the same cgroup, and stays.
 * Without one, whatever is in them is the container's, unless its program has not even begun and
 * the cgroup was there before.
 */
static int end_cgroups(struct state *s, struct error *e)
{
	const struct record *r = &s->record;
	char line[160];

	if (!r->systemd && cgroup_remove_empty(r) == 0)
		return 0;
	if (!r->own_pid_namespace && (r->complete || cgroup_made_all(r)))
		return cgroup_kill(r, e) < 0 ? -1 : remove_cgroups(r, e);
	for (int waited = 0; cgroup_populated_anywhere(r); waited += 10) {
		if (waited >= 1000) {
			snprintf(line, sizeof(line),
				 "cgroup %.100s has processes of others and stays",
				 r->cgroups.v[0].path);
			container_warn(line);
			return 0;
		}
		poll(NULL, 0, 10);
	}
	return remove_cgroups(r, e);
}

/* What create has changed in cgroups that were there. */
static void return_values(struct state *s)
{
	const struct record *r = &s->record;
	struct error e = ERROR_NONE;

	cgroup_limits_restore(s->arena, &r->limits, &e);
	if (e.hint[0])
		container_warn(e.hint);
	const char *failed = r->devices ? cgroup_devices_return(s->arena, r->devices) : NULL;
	if (failed)
		container_warn(failed);
}

/* Of a container that was never complete. */
static int put_back(struct state *s, struct error *e)
{
	(void)e;
	if (!s->record.complete) {
		net_devices_return(s);
		return_values(s);
	}
	return 0;
}

static int remove_class(struct state *s, struct error *e)
{
	return s->record.intel_rdt ? intel_rdt_remove(&s->record, e) : 0;
}

static int poststop(struct state *s, struct error *e)
{
	const spec_hook_list *hooks = &s->record.poststop;

	return hooks->n ? state_hooks(s, "poststop", STATUS_STOPPED, hooks, e) : 0;
}

static const struct {
	const char *name;
	int (*run)(struct state *s, struct error *e);
} steps[] = {
	{ "end init", end_init },       { "put back", put_back }, { "class", remove_class },
	{ "end cgroups", end_cgroups }, { "poststop", poststop }, { "remove state", state_remove },
};

int destroy(struct state *s, bool hooks, struct error *e)
{
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (steps[i].run == poststop && !hooks)
			continue;
		struct timing_event *timed = timing_begin(TIMING_STEP, steps[i].name, NULL);
		int result = steps[i].run(s, e);
		timing_end(timed, result);
		if (result < 0)
			return -1;
	}
	return 0;
}
