/*
 * Who is in the container's cgroups. Every hierarchy holds the same processes, so one is asked,
 * with all that is below it: the container may have made cgroups of its own.
 */
#include "runtime/file.h"
#include "runtime/parent/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The names of directories that are still to be visited; an empty one begins those of a directory. */
struct names {
	char *text;
	size_t used;
	size_t room;
};

static bool push(struct names *n, const char *name)
{
	const size_t length = strlen(name) + 1;

	if (n->used + length > n->room) {
		const size_t room = 2 * n->room + 4096;
		char *larger = realloc(n->text, room);
		if (!larger)
			return false;
		n->text = larger;
		n->room = room;
	}
	memcpy(n->text + n->used, name, length);
	n->used += length;
	return true;
}

/* The last one; it is there until the next push. */
static const char *pop(struct names *n)
{
	if (!n->used)
		return "";
	size_t begin = n->used - 1;
	while (begin && n->text[begin - 1])
		begin--;
	n->used = begin;
	return n->text + begin;
}

static bool push_below(int cgroup, struct names *n)
{
	if (!push(n, ""))
		return false;
	int fd = openat(cgroup, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	for (struct dirent *entry; d && (entry = readdir(d));)
		if (entry->d_type == DT_DIR && strcmp(entry->d_name, ".") &&
		    strcmp(entry->d_name, ".."))
			(void)!push(n, entry->d_name);
	if (d)
		closedir(d);
	else
		fd_close(&fd);
	return true;
}

#define DIRECTORY (O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* Go into a directory below. Not where there is no way back: to a plain user a container may
 * forbid to search its directories. (Who does so while we are in it hides what comes later, as it
 * could hide any process in such a directory.) */
static int enter(int at, const char *name, cgroup_visit *visit, void *data, struct names *names)
{
	CLEAN_FD next = openat(at, name, DIRECTORY);

	if (next < 0)
		return -1;
	visit(next, data);
	CLEAN_FD back = openat(next, "..", DIRECTORY);
	return back >= 0 && push_below(next, names) ? fd_take(&next) : -1;
}

/* One descriptor at a time, and no path: no process is too deep to be found. What is removed while
 * we are in it still knows what it was in. */
void cgroup_walk(const char *path, cgroup_visit *visit, void *data)
{
	struct names names = { 0 };
	size_t depth = 1;
	int at = enter(AT_FDCWD, path, visit, data, &names);

	while (at >= 0) {
		const char *name = pop(&names);
		const bool down = *name;
		int next = -1;
		if (down && (next = enter(at, name, visit, data, &names)) < 0)
			continue;
		depth += down ? 1 : -1;
		if (!down && depth)
			next = openat(at, "..", DIRECTORY);
		fd_close(&at);
		at = next;
	}
	free(names.text);
}

const struct record_cgroup *cgroup_main(const struct record *r)
{
	for (size_t i = 0; i < r->cgroups.n; i++)
		if (cgroup_is_freezer(r->cgroups.v[i].path) || r->cgroups.n == 1)
			return &r->cgroups.v[i];
	return r->cgroups.n ? &r->cgroups.v[r->cgroups.n - 1] : NULL;
}

/* The next pid of a cgroup.procs; 0 at its end. A 0 in it is a process of a pid namespace that we
 * can't see. */
static int next_pid(FILE *file)
{
	char line[32];

	while (file && fgets(line, sizeof(line), file))
		if (atoi(line) > 0)
			return atoi(line);
	return 0;
}

static FILE *open_list(int cgroup)
{
	CLEAN_FD fd = openat(cgroup, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");

	if (file)
		fd_take(&fd);
	return file;
}

struct signalling {
	int signal;
	int count;
};

static void signal_one(int cgroup, void *data)
{
	struct signalling *s = data;
	FILE *file = open_list(cgroup);

	for (int pid; (pid = next_pid(file));)
		if (kill(pid, s->signal) == 0)
			s->count++;
	if (file)
		fclose(file);
}

int cgroup_signal_all(const struct record *r, int signal)
{
	struct signalling s = { signal, 0 };
	const struct record_cgroup *c = cgroup_main(r);

	if (c)
		cgroup_walk(c->path, signal_one, &s);
	return s.count;
}

struct listing {
	struct arena *arena;
	struct pids *pids;
	size_t room;
};

static void add_pid(struct listing *l, int pid)
{
	struct pids *p = l->pids;

	if (p->n == l->room) {
		l->room = l->room ? 2 * l->room : 64;
		int32_t *larger = arena_array(l->arena, int32_t, l->room);
		if (p->n)
			memcpy(larger, p->v, p->n * sizeof(*larger));
		p->v = larger;
	}
	p->v[p->n++] = pid;
}

static void list_one(int cgroup, void *data)
{
	FILE *file = open_list(cgroup);

	for (int pid; (pid = next_pid(file));)
		add_pid(data, pid);
	if (file)
		fclose(file);
}

static int compare_pids(const void *a, const void *b)
{
	int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;

	return (x > y) - (x < y);
}

const char *cgroup_gone(const struct record *r)
{
	for (size_t i = 0; i < r->cgroups.n; i++)
		if (access(r->cgroups.v[i].path, F_OK) == 0 || errno != ENOENT)
			return NULL;
	return r->cgroups.n ? r->cgroups.v[0].path : NULL;
}

void cgroup_processes(const struct record *r, struct arena *a, struct pids *out)
{
	struct listing l = { .arena = a, .pids = out };
	const struct record_cgroup *c = cgroup_main(r);
	size_t kept = 0;

	*out = (struct pids){ 0 };
	if (c)
		cgroup_walk(c->path, list_one, &l);
	if (!out->n)
		return;
	qsort(out->v, out->n, sizeof(*out->v), compare_pids);
	/* One that moved while we looked was seen twice. */
	for (size_t i = 0; i < out->n; i++)
		if (!kept || out->v[kept - 1] != out->v[i])
			out->v[kept++] = out->v[i];
	out->n = kept;
}
