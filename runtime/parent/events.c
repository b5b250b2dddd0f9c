/*
 * events: what a container uses, at intervals, and when it runs out of memory, until it ends. The
 * container's end is that of its init; whether it was for lack of memory is told before the last
 * word.
 */
#include "runtime/file.h"
#include "runtime/parent/cgroup.h"
#include "runtime/parent/container.h"
#include "runtime/parent/oom.h"
#include "runtime/parent/state.h"
#include "runtime/parent/stats.h"
#include "runtime/process.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>

#define ARENA ((size_t)256 << 20) /* address space only */

struct watching {
	const struct events_options *o;
	const struct state *s;
	int init; /* pidfd */
	struct oom_watch oom;
	int64_t next; /* when statistics are due */
};

static int emit_stats(struct watching *w, struct error *e)
{
	struct stats stats = { 0 };
	struct event event = { .type = "stats", .id = (char *)w->o->id, .data = &stats };
	struct arena a;

	if (arena_init(&a, ARENA, e) < 0)
		return -1;
	stats_read(&w->s->record, &a, &stats);
	int result = w->o->sink(&event, &a, e);
	arena_free(&a);
	return result;
}

static int emit_oom(struct watching *w, struct error *e)
{
	struct event event = { .type = "oom", .id = (char *)w->o->id };
	struct arena a;

	if (!oom_watch_read(&w->oom))
		return 0;
	if (arena_init(&a, ARENA, e) < 0)
		return -1;
	event.cgroup = oom_cgroup(&w->s->record, &a);
	int result = w->o->sink(&event, &a, e);
	arena_free(&a);
	return result;
}

static int watch(struct watching *w, struct error *e)
{
	struct pollfd fds[] = {
		{ .fd = w->init, .events = POLLIN },
		{ .fd = w->oom.fd, .events = POLLIN },
		{ .fd = w->o->reader },
	};

	for (w->next = cgroup_now_ms();;) {
		int64_t left = w->next - cgroup_now_ms();
		if (left <= 0) {
			if (emit_stats(w, e) < 0)
				return -1;
			w->next = cgroup_now_ms() + w->o->interval_ms;
			continue;
		}
		if (poll(fds, 3, left < INT_MAX ? (int)left : INT_MAX) < 0 && errno != EINTR)
			return error_set(e, errno, "wait for events");
		if (fds[2].revents) /* nobody reads any more */
			return 0;
		if ((fds[0].revents || fds[1].revents) && emit_oom(w, e) < 0)
			return -1;
		if (fds[0].revents)
			return 0;
	}
}

static int events_opened(struct watching *w, struct error *e)
{
	CLEAN_FD init = process_open(&w->s->record.init);

	if (init < 0 && errno != ESRCH)
		return error_set(e, errno, "find the container's init");
	if (init < 0)
		return error_set(e, 0, "container not running");
	if (!w->s->record.cgroups.n)
		return state_no_cgroup(e);
	if (!w->o->interval_ms)
		return emit_stats(w, e);
	w->init = init;
	int result = oom_watch_open(&w->s->record, &w->oom, e);
	if (result == 0)
		result = watch(w, e);
	oom_watch_close(&w->oom);
	return result;
}

int container_events(const struct events_options *o, struct error *e)
{
	struct arena a;
	CLEAN_STATE s = STATE_NONE;
	struct watching w = { .o = o, .s = &s };

	if (arena_init(&a, ARENA, e) < 0)
		return -1;
	int result = state_open(&s, o->root, o->id, &a, e) < 0 ? -1 : events_opened(&w, e);
	arena_free(&a);
	return result;
}
