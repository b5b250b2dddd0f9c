/*
 * The end of a cgroup: killing and removing. cgroup v2 has cgroup.kill, which also
 * catches processes that fork while we look. v1 has not, so every listed process is signalled until
 * the list stays empty; the freezer is thawed, because there a frozen process does not die.
 */
#include "runtime/file.h"
#include "runtime/parent/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int64_t cgroup_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

static bool kill_unified(const struct record *r)
{
	bool done = false;

	for (size_t i = 0; i < r->cgroups.n; i++) {
		CLEAN_FD dir = open(r->cgroups.v[i].path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (dir >= 0 && file_write_at(dir, "cgroup.kill", "1") == 0)
			done = true;
	}
	return done;
}

static void count_one(int cgroup, void *data)
{
	if (cgroup_has_processes(cgroup))
		*(bool *)data = true;
}

/* cgroup v2 knows of all that is below, however deep, and of threaded cgroups, whose lists can't be
 * read. */
static int events_populated(const char *path)
{
	char name[4200], text[256];

	snprintf(name, sizeof(name), "%s/cgroup.events", path);
	CLEAN_FD fd = open(name, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return -1;
	text[n] = 0;
	return strstr(text, "populated 1") != NULL;
}

bool cgroup_populated_at(const char *path)
{
	bool any = false;
	const int known = events_populated(path);

	if (known < 0)
		cgroup_walk(path, count_one, &any);
	return known > 0 || any;
}

bool cgroup_populated(const struct record *r)
{
	bool any = false;

	for (size_t i = 0; i < r->cgroups.n; i++) {
		int known = events_populated(r->cgroups.v[i].path);
		if (known < 0 && &r->cgroups.v[i] == cgroup_main(r))
			cgroup_walk(r->cgroups.v[i].path, count_one, &any);
		if (known > 0 || any)
			return true;
	}
	return false;
}

bool cgroup_populated_anywhere(const struct record *r)
{
	for (size_t i = 0; i < r->cgroups.n; i++)
		if (cgroup_populated_at(r->cgroups.v[i].path))
			return true;
	return false;
}

int cgroup_kill(const struct record *r, struct error *e)
{
	int64_t deadline = cgroup_now_ms() + 10000;

	for (int wait = 1; cgroup_populated(r); wait = wait < 50 ? 2 * wait : 50) {
		/* v1 has no cgroup.kill; on hybrid hosts it may still be that only v1 holds the
		 * processes. */
		if (!kill_unified(r) || wait > 4)
			cgroup_signal_all(r, SIGKILL);
		cgroup_thaw(r);
		if (!cgroup_populated(r))
			return 0;
		if (cgroup_now_ms() > deadline)
			return error_set(e, ETIMEDOUT, "kill the processes in cgroup %s",
					 cgroup_main(r)->path);
		poll(NULL, 0, wait);
	}
	return 0;
}

/* After a failed rmdir. A read-only filesystem says EROFS whether the directory is there or not. */
static bool is_gone(const char *path)
{
	int saved = errno;
	bool gone =
		saved == ENOENT || (saved == EROFS && access(path, F_OK) < 0 && errno == ENOENT);

	errno = saved;
	return gone;
}

/* The name of some directory in `at`; false when there is none. */
static bool first_directory(int at, char *name, size_t size)
{
	int fd = openat(at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	bool found = false;

	for (struct dirent *entry; d && !found && (entry = readdir(d));)
		found = entry->d_type == DT_DIR && strcmp(entry->d_name, ".") &&
			strcmp(entry->d_name, "..") &&
			snprintf(name, size, "%s", entry->d_name) < (int)size;
	if (d)
		closedir(d);
	else
		fd_close(&fd);
	return found;
}

/* Ten seconds in all for processes to be gone, two minutes for everything: who else may write there
 * could make cgroups as fast as we remove them. */
struct patience {
	int waits; /* of WAIT_MS */
	int64_t deadline;
};
#define WAITS 2000
#define WAIT_MS 5
#define REMOVE_MS 120000

static int wait_for_exits(struct patience *p)
{
	if (p->waits == 0) {
		errno = EBUSY;
		return -1;
	}
	p->waits--;
	poll(NULL, 0, WAIT_MS);
	return 0;
}

/*
 * Remove all directories below `top`, which may be nested as deep as their maker pleased: two
 * descriptors, no recursion. A directory that is busy with processes that were
 * killed is waited for.
 */
static int remove_below(int top, struct patience *p)
{
	CLEAN_FD at = fcntl(top, F_DUPFD_CLOEXEC, 0);
	char name[NAME_MAX + 1], below[NAME_MAX + 1];

	while (at >= 0) {
		int next = -1;
		if (cgroup_now_ms() > p->deadline) {
			errno = ETIMEDOUT;
			return -1;
		}
		if (!first_directory(at, name, sizeof(name))) {
			if (fd_same(at, top))
				return 0;
			next = openat(at, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		} else {
			if (unlinkat(at, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
				continue;
			if (errno != EBUSY)
				return -1;
			next = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
			if (next < 0 && errno == ENOENT)
				continue;
			if (next >= 0 && !first_directory(next, below, sizeof(below))) {
				fd_close(&next);
				if (wait_for_exits(p) < 0)
					return -1;
				continue;
			}
		}
		fd_close(&at);
		at = next;
	}
	return -1;
}

/* From the container's own directory up to the highest that we made; one that others use meanwhile
 * stays. */
static int remove_up(const struct record_cgroup *c)
{
	char part[4096];

	snprintf(part, sizeof(part), "%s", c->path);
	if (rmdir(part) < 0 && !is_gone(part))
		return -1;
	for (char *end; strlen(part) > strlen(c->top) && (end = strrchr(part, '/'));) {
		*end = 0;
		if (strlen(part) < strlen(c->top))
			break;
		if (rmdir(part) == 0 || rmdir(part) == 0 || is_gone(part))
			continue;
		return errno == EBUSY || errno == ENOTEMPTY ? 0 : -1;
	}
	return 0;
}

int cgroup_remove_empty(const struct record *r)
{
	int result = 0;

	for (size_t i = 0; i < r->cgroups.n; i++) {
		const struct record_cgroup *c = &r->cgroups.v[i];
		if (c->top ? remove_up(c) < 0 : cgroup_populated_at(c->path))
			result = -1;
	}
	return result;
}

int cgroup_remove(const struct record *r, struct error *e)
{
	struct patience p = { WAITS, cgroup_now_ms() + REMOVE_MS };

	for (size_t i = 0; i < r->cgroups.n; i++) {
		const struct record_cgroup *c = &r->cgroups.v[i];

		if (!c->top)
			continue;
		CLEAN_FD top = open(c->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (top >= 0 && remove_below(top, &p) < 0)
			return error_set(e, errno, "remove what is below the cgroup %s", c->path);
		while (remove_up(c) < 0)
			if (errno != EBUSY || wait_for_exits(&p) < 0)
				return error_set(e, errno, "remove the cgroup %s", c->path);
	}
	return 0;
}
