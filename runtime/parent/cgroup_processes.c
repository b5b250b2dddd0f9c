/*
 * Who is in the container's cgroups. Every hierarchy holds the same processes, so one is asked,
 * with all that is below it: the container may have made cgroups of its own.
 */
#include "runtime/parent/cgroup.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void walk(const char *path, cgroup_visit *visit, void *data, int depth)
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

void cgroup_walk(const char *path, cgroup_visit *visit, void *data)
{
	walk(path, visit, data, 0);
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

static FILE *open_list(const char *cgroup)
{
	char name[4200];

	snprintf(name, sizeof(name), "%s/cgroup.procs", cgroup);
	return fopen(name, "re");
}

struct signalling {
	int signal;
	int count;
};

static void signal_one(const char *path, void *data)
{
	struct signalling *s = data;
	FILE *file = open_list(path);

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

static void list_one(const char *path, void *data)
{
	FILE *file = open_list(path);

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
