/*
 * Freezing: pause and resume. cgroup v1 has a hierarchy for it, v2 a file in every cgroup. Where a
 * host has both, v1's is the one, since it stops system calls of the container's processes that v2
 * would let end.
 */
#include "runtime/file.h"
#include "runtime/parent/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FREEZE_MS 10000

/* The cgroup's file, or "" where there is none; NULL with errno. */
static const char *file_text(const char *directory, const char *file, char *text, size_t size)
{
	char path[4200];

	snprintf(path, sizeof(path), "%s/%s", directory, file);
	CLEAN_FD fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);
	/* ENODEV: it was removed between the two. */
	if (n < 0 && errno != ENOENT && errno != ENOTDIR && errno != ENODEV)
		return NULL;
	text[n < 0 ? 0 : n] = 0;
	return text;
}

/* 1 or 0; -1 with errno. */
static int file_says(const char *directory, const char *file, const char *begin)
{
	char buffer[64];
	const char *text = file_text(directory, file, buffer, sizeof(buffer));

	return text ? !strncmp(text, begin, strlen(begin)) : -1;
}

bool cgroup_is_unified(const struct record *r, const char *path)
{
	return r->cgroups.n == 1 ||
	       !strncmp(path, CGROUP_ROOT "/unified/", sizeof(CGROUP_ROOT) + 8);
}

bool cgroup_is_freezer(const char *path)
{
	return !strncmp(path, CGROUP_ROOT "/freezer/", sizeof(CGROUP_ROOT) + 8);
}

/* Asked to freeze by its own file? 1 or 0; -1 with errno. */
static int frozen_itself(const char *path)
{
	return file_says(path, cgroup_is_freezer(path) ? "freezer.self_freezing" : "cgroup.freeze",
			 "1");
}

int cgroup_frozen_at(const char *path)
{
	char buffer[128];

	if (cgroup_is_freezer(path))
		return file_says(path, "freezer.state", "FR");
	const char *text = file_text(path, "cgroup.events", buffer, sizeof(buffer));
	return text ? strstr(text, "frozen 1") != NULL : -1;
}

int cgroup_frozen(const struct record *r)
{
	for (size_t i = 0; i < r->cgroups.n; i++) {
		const char *path = r->cgroups.v[i].path;
		int frozen = 0;
		if (cgroup_is_freezer(path))
			frozen = cgroup_frozen_at(path);
		else if (cgroup_is_unified(r, path))
			frozen = frozen_itself(path);
		if (frozen)
			return frozen;
	}
	return 0;
}

/* The cgroup that freezes the container: v1's, or v2's; NULL when it has neither. */
static const char *freezer_of(const struct record *r)
{
	const char *v2 = NULL;

	for (size_t i = 0; i < r->cgroups.n; i++) {
		char file[4200];
		if (cgroup_is_freezer(r->cgroups.v[i].path))
			return r->cgroups.v[i].path;
		snprintf(file, sizeof(file), "%s/cgroup.freeze", r->cgroups.v[i].path);
		if (access(file, F_OK) == 0)
			v2 = r->cgroups.v[i].path;
	}
	return v2;
}

static int no_freezer(const struct record *r, struct error *e)
{
	const char *gone = cgroup_gone(r);

	if (gone)
		return error_set(e, 0, "the container's cgroup %s is gone", gone);
	if (r->cgroups.n)
		return error_set(e, 0,
				 "this host has no freezer: neither the v1 hierarchy nor "
				 "cgroup v2");
	error_set(e, 0, "the container has no cgroup of its own, which it takes to freeze it");
	return error_hint(e, "a plain user gets one where a cgroup is delegated to them, as in "
			     "`systemd-run --user --scope`");
}

static int set_frozen(const char *path, bool frozen)
{
	CLEAN_FD dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		return -1;
	return cgroup_is_freezer(path)
		       ? file_write_at(dir, "freezer.state", frozen ? "FROZEN" : "THAWED")
		       : file_write_at(dir, "cgroup.freeze", frozen ? "1" : "0");
}

/*
 * v1: what forks or waits just now may be missed and stay "FREEZING" for ever, so it is thawed and
 * asked again.
 */
static int freeze_v1(const char *path)
{
	const int64_t deadline = cgroup_now_ms() + FREEZE_MS;

	for (int round = 0; cgroup_now_ms() < deadline; round++) {
		if (round && set_frozen(path, false) < 0)
			return -1;
		for (int look = 0; look < 10; look++) {
			/* Written anew: that looks for those that are not frozen yet. */
			if (set_frozen(path, true) < 0)
				return -1;
			const int frozen = file_says(path, "freezer.state", "FROZEN");
			if (frozen)
				return frozen < 0 ? -1 : 0;
			poll(NULL, 0, look);
		}
	}
	errno = ETIMEDOUT;
	return -1;
}

/* v2: asked once, and told by a change of cgroup.events. */
static int freeze_v2(const char *path)
{
	const int64_t deadline = cgroup_now_ms() + FREEZE_MS;
	char name[4200], text[128];

	snprintf(name, sizeof(name), "%s/cgroup.events", path);
	CLEAN_FD fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || set_frozen(path, true) < 0)
		return -1;
	for (;;) {
		ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
		if (n < 0)
			return -1;
		text[n] = 0;
		if (strstr(text, "frozen 1"))
			return 0;
		int64_t left = deadline - cgroup_now_ms();
		struct pollfd change = { .fd = fd, .events = POLLPRI };
		if (left <= 0 || (poll(&change, 1, (int)left) < 0 && errno != EINTR))
			break;
	}
	errno = ETIMEDOUT;
	return -1;
}

int cgroup_freeze(const struct record *r, struct error *e)
{
	const char *path = freezer_of(r);

	if (!path)
		return no_freezer(r, e);
	if ((cgroup_is_freezer(path) ? freeze_v1(path) : freeze_v2(path)) == 0)
		return 0;
	error_set(e, errno, "freeze the cgroup %s", path);
	if (e->code == ETIMEDOUT)
		error_hint(e, "a process in it does not leave the kernel; it is thawed again");
	(void)!set_frozen(path, false);
	return -1;
}

/* A cgroup above this one that is frozen, from its path; NULL: none. */
static const char *frozen_above(char *path)
{
	for (char *end; (end = strrchr(path, '/')) && end - path > (int)strlen(CGROUP_ROOT);) {
		*end = 0;
		if (frozen_itself(path) > 0)
			return path;
	}
	return NULL;
}

int cgroup_unfreeze(const struct record *r, struct error *e)
{
	for (size_t i = 0; i < r->cgroups.n; i++) {
		const char *path = r->cgroups.v[i].path;
		char above[4200];

		const int itself = frozen_itself(path);
		if (itself < 0 || (itself && set_frozen(path, false) < 0))
			return error_set(e, errno, "thaw the cgroup %s", path);
		snprintf(above, sizeof(above), "%s", path);
		if (cgroup_frozen_at(path) > 0 && frozen_above(above))
			return error_set(e, EBUSY,
					 "the container stays frozen by the cgroup above, %s",
					 above);
	}
	return 0;
}

static void thaw_one(int cgroup, void *data)
{
	(void)data;
	(void)!file_write_at(cgroup, "freezer.state", "THAWED");
}

void cgroup_thaw(const struct record *r)
{
	for (size_t i = 0; i < r->cgroups.n; i++)
		if (cgroup_is_freezer(r->cgroups.v[i].path))
			cgroup_walk(r->cgroups.v[i].path, thaw_one, NULL);
}

void cgroup_take_back(const struct record *r, int pid)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", pid);
	for (size_t i = 0; i < r->cgroups.n; i++) {
		const char *path = r->cgroups.v[i].path;
		CLEAN_FD dir =
			cgroup_is_freezer(path) ? open(path, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
		if (dir >= 0)
			(void)!file_write_at(dir, "cgroup.procs", number);
	}
}
