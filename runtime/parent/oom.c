/*
 * cgroup v2 counts in memory.events: oom_kill where a process was killed and in all cgroups above,
 * oom where a limit was hit and above; memory.events.local counts neither for those above. v1
 * counts oom_kill in the victim's cgroup alone, and in memory.failcnt how often a limit was hit.
 * So: find where a process was killed, then go up to the first cgroup whose limit was hit.
 */
#include "runtime/parent/oom.h"

#include "runtime/file.h"
#include "runtime/parent/cgroup.h"
#include "runtime/parent/stats.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

/* The number behind a key of a small file, or the number that the file is; 0 when there is none. */
static uint64_t count(const char *directory, const char *file, const char *key)
{
	char path[4400], text[1024];

	snprintf(path, sizeof(path), "%s/%s", directory, file);
	CLEAN_FD fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return 0;
	text[n] = 0;
	const char *value = key ? stats_value(text, key) : text;
	return value ? stats_number(value) : 0;
}

/* The container's cgroup in the hierarchy that has the memory controller, or may have it. */
static const char *memory_cgroup(const struct record *r, bool *v1)
{
	const char *unified = NULL;

	*v1 = false;
	for (size_t i = 0; i < r->cgroups.n; i++) {
		const char *path = r->cgroups.v[i].path;
		const char *name = path + sizeof(CGROUP_ROOT), *memory = strstr(name, "memory");

		/* "/sys/fs/cgroup/memory/…", "/sys/fs/cgroup/cpu,memory/…" */
		if (memory && r->cgroups.n > 1 && memory < name + strcspn(name, "/")) {
			*v1 = true;
			return path;
		}
		if (cgroup_is_unified(r, path))
			unified = path;
	}
	return unified;
}

static bool killed_at(const char *path, bool v1)
{
	return count(path, v1 ? "memory.oom_control" : "memory.events.local", "oom_kill") > 0;
}

#define HUGE_PAGE (2U << 20)

static bool limit_hit_at(const char *path, bool v1)
{
	if (!v1)
		return count(path, "memory.events.local", "oom") > 0;
	if (count(path, "memory.failcnt", NULL) || count(path, "memory.kmem.failcnt", NULL))
		return true;
	/* From Linux 6.15 on memory.memsw.failcnt stays 0; the most that was used can't be further
	 * from the limit than what was asked for last. */
	uint64_t limit = count(path, "memory.memsw.limit_in_bytes", NULL);
	return limit && count(path, "memory.memsw.max_usage_in_bytes", NULL) + HUGE_PAGE > limit;
}

struct search {
	bool v1;
	uint64_t kills;
	char path[4096]; /* where; empty: nowhere */
};

static void search_one(int cgroup, void *data)
{
	struct search *s = data;
	char link[32];

	snprintf(link, sizeof(link), "/proc/self/fd/%d", cgroup);
	/* The deepest, which comes last. */
	if (killed_at(link, s->v1)) {
		ssize_t n = readlink(link, s->path, sizeof(s->path) - 1);
		s->path[n < 0 ? 0 : n] = 0;
	}
	if (s->v1)
		s->kills += count(link, "memory.oom_control", "oom_kill");
}

/* How many processes were killed in a cgroup and below. */
static uint64_t count_kills(const char *top, bool v1)
{
	struct search s = { .v1 = v1 };
	struct stat st;

	if (!v1)
		return count(top, "memory.events", "oom_kill");
	/* With two links it has no directory below. */
	if (stat(top, &st) == 0 && st.st_nlink == 2)
		return count(top, "memory.oom_control", "oom_kill");
	cgroup_walk(top, search_one, &s);
	return s.kills;
}

char *oom_cgroup(const struct record *r, struct arena *a)
{
	struct search s = { 0 };
	const char *top = memory_cgroup(r, &s.v1);

	if (!top || !count_kills(top, s.v1))
		return NULL;
	cgroup_walk(top, search_one, &s);
	/* None: the container has removed that cgroup. v2 still knows whether a limit was hit. */
	if (!s.path[0] && !s.v1 && count(top, "memory.events", "oom"))
		return arena_strdup(a, top);
	if (!s.path[0])
		snprintf(s.path, sizeof(s.path), "%s", top);
	while (!limit_hit_at(s.path, s.v1)) {
		char *end = strrchr(s.path, '/');
		*end = 0;
		char procs[4200];
		snprintf(procs, sizeof(procs), "%s/cgroup.procs", s.path);
		if (access(procs, F_OK) < 0) { /* that was the root */
			*end = '/';
			break;
		}
	}
	return arena_strdup(a, s.path);
}

uint64_t oom_kills(const struct record *r)
{
	bool v1;
	const char *top = memory_cgroup(r, &v1);

	return top ? count_kills(top, v1) : 0;
}

void oom_tell(const struct state *s, uint64_t before, int exit_code)
{
	char line[4200];

	if (exit_code != 128 + SIGKILL || oom_kills(&s->record) <= before)
		return;
	const char *cgroup = oom_cgroup(&s->record, s->arena);
	if (!cgroup)
		return;
	snprintf(line, sizeof(line),
		 "out of memory: a process was killed at the limit of the cgroup %s", cgroup);
	container_warn(line);
}

/* cgroup v1 tells an eventfd that was written to cgroup.event_control (memcg_test.txt); it does so
 * before the kill. */
static int watch_v1(struct oom_watch *w, const char *top)
{
	char text[32];

	CLEAN_FD dir = open(top, O_PATH | O_DIRECTORY | O_CLOEXEC);
	w->control = openat(dir, "memory.oom_control", O_RDONLY | O_CLOEXEC);
	w->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->control < 0 || w->fd < 0)
		return -1;
	snprintf(text, sizeof(text), "%d %d", w->fd, w->control);
	return file_write_at(dir, "cgroup.event_control", text);
}

static int watch_v2(struct oom_watch *w, const char *top)
{
	char path[4200];

	snprintf(path, sizeof(path), "%s/memory.events", top);
	if (access(path, F_OK) < 0)
		return 0; /* the controller is not given to it */
	w->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	return w->fd < 0 ? -1 : inotify_add_watch(w->fd, path, IN_MODIFY);
}

int oom_watch_open(const struct record *r, struct oom_watch *w, struct error *e)
{
	bool v1;
	const char *top = memory_cgroup(r, &v1);

	*w = OOM_WATCH_NONE;
	w->record = r;
	if (!top)
		return 0;
	w->kills = count_kills(top, v1);
	if ((v1 ? watch_v1(w, top) : watch_v2(w, top)) < 0)
		return error_set(e, errno, "watch the memory of the cgroup %s", top);
	return 0;
}

bool oom_watch_read(struct oom_watch *w)
{
	char news[4096];
	bool v1, told = w->fd >= 0 && read(w->fd, news, sizeof(news)) > 0;
	const char *top = memory_cgroup(w->record, &v1);
	uint64_t kills = top ? count_kills(top, v1) : 0;

	/* v1 tells before the kill, and when it is another's in a cgroup above. */
	for (int tries = 0; top && told && v1 && kills == w->kills && tries < 20; tries++) {
		if (count(top, "memory.oom_control", "under_oom"))
			return true;
		poll(NULL, 0, 5);
		kills = count_kills(top, v1);
	}
	bool result = kills > w->kills;
	w->kills = kills;
	return result;
}

void oom_watch_close(struct oom_watch *w)
{
	fd_close(&w->fd);
	fd_close(&w->control);
}
