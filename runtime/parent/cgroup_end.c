/*
 * The end of a cgroup: signalling, killing and removing. cgroup v2 has cgroup.kill, which also
 * catches processes that fork while we look. v1 has not, so every listed process is signalled until
 * the list stays empty; the freezer is thawed, because there a frozen process does not die.
 */
#include "runtime/file.h"
#include "runtime/parent/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

typedef void visit_fn(const char *path, void *data);

/*
 * Visit a cgroup and all below it, children before parents. Directories of a container's own making
 * may be nested and numerous, and vanish while we look; one whose path is too long for the buffer
 * is left out and shows as a parent that can't be removed.
 */
static void walk(const char *path, visit_fn *visit, void *data, int depth)
{
	DIR *d = depth < 64 ? opendir(path) : NULL;
	char child[4096];

	for (struct dirent *entry; d && (entry = readdir(d));)
		if (entry->d_type == DT_DIR && strcmp(entry->d_name, ".") &&
		    strcmp(entry->d_name, "..") &&
		    snprintf(child, sizeof(child), "%s/%s", path, entry->d_name) <
			    (int)sizeof(child))
			walk(child, visit, data, depth + 1);
	if (d)
		closedir(d);
	visit(path, data);
}

struct signalling {
	int signal;
	int count;
};

static void signal_one(const char *path, void *data)
{
	struct signalling *s = data;
	char name[4200], line[32];

	snprintf(name, sizeof(name), "%s/cgroup.procs", path);
	FILE *file = fopen(name, "re");
	while (file && fgets(line, sizeof(line), file)) {
		int pid = atoi(line);
		/* 0: a process of a pid namespace that we can't see. */
		if (pid > 0 && kill(pid, s->signal) == 0)
			s->count++;
	}
	if (file)
		fclose(file);
}

/* All hierarchies hold the same processes: one is enough, the unified one or that of the freezer
 * for choice. */
static const struct record_cgroup *main_cgroup(const struct record *r)
{
	for (size_t i = 0; i < r->cgroups.n; i++)
		if (cgroup_is_freezer(r->cgroups.v[i].path) || r->cgroups.n == 1)
			return &r->cgroups.v[i];
	return r->cgroups.n ? &r->cgroups.v[r->cgroups.n - 1] : NULL;
}

int cgroup_signal_all(const struct record *r, int signal)
{
	struct signalling s = { signal, 0 };
	const struct record_cgroup *c = main_cgroup(r);

	if (c)
		walk(c->path, signal_one, &s, 0);
	return s.count;
}

void cgroup_thaw(const struct record *r)
{
	for (size_t i = 0; i < r->cgroups.n; i++)
		if (cgroup_is_freezer(r->cgroups.v[i].path)) {
			CLEAN_FD dir = open(r->cgroups.v[i].path, O_PATH | O_DIRECTORY | O_CLOEXEC);
			if (dir >= 0)
				(void)!file_write_at(dir, "freezer.state", "THAWED");
		}
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

static void count_one(const char *path, void *data)
{
	if (cgroup_has_processes(path))
		*(bool *)data = true;
}

static bool populated(const struct record *r)
{
	const struct record_cgroup *c = main_cgroup(r);
	bool any = false;

	if (c)
		walk(c->path, count_one, &any, 0);
	return any;
}

int cgroup_kill(const struct record *r, struct error *e)
{
	int64_t deadline = now_ms() + 10000;

	for (int wait = 1; populated(r); wait = wait < 50 ? 2 * wait : 50) {
		/* v1 has no cgroup.kill; on hybrid hosts it may still be that only v1 holds the
		 * processes. */
		if (!kill_unified(r) || wait > 4)
			cgroup_signal_all(r, SIGKILL);
		cgroup_thaw(r);
		if (!populated(r))
			return 0;
		if (now_ms() > deadline)
			return error_set(e, ETIMEDOUT, "kill the processes in cgroup %s",
					 main_cgroup(r)->path);
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

static void remove_one(const char *path, void *data)
{
	int *failed = data;

	/* EBUSY: a process that was killed is not quite gone. */
	for (int wait = 1; rmdir(path) < 0 && !is_gone(path); wait *= 2) {
		if (errno != EBUSY || wait > 2048) {
			*failed = errno;
			return;
		}
		poll(NULL, 0, wait);
	}
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
		if (strlen(part) < strlen(c->top) || rmdir(part) < 0)
			break;
	}
	return 0;
}

int cgroup_remove_empty(const struct record *r)
{
	int result = 0;

	for (size_t i = 0; i < r->cgroups.n; i++) {
		const struct record_cgroup *c = &r->cgroups.v[i];
		if (c->top ? remove_up(c) < 0 : cgroup_has_processes(c->path))
			result = -1;
	}
	return result;
}

int cgroup_remove(const struct record *r, struct error *e)
{
	for (size_t i = 0; i < r->cgroups.n; i++) {
		const struct record_cgroup *c = &r->cgroups.v[i];
		int failed = 0;

		if (!c->top)
			continue;
		walk(c->path, remove_one, &failed, 0);
		if (failed || remove_up(c) < 0)
			return error_set(e, failed ? failed : errno, "remove the cgroup %s",
					 c->path);
	}
	return 0;
}
