/*
 * Theory of operation. A host has one cgroup v2 hierarchy, or a v1 hierarchy per controller, or
 * both ("hybrid"). The container gets one directory in each, at the same path. On pure v2 init is
 * born in it (CLONE_INTO_CGROUP); elsewhere the parent writes init's pid while it waits. What we
 * are about to make is recorded before it is made, and removal only touches what is recorded: the
 * highest directory that was missing, and everything below it down to the container's own.
 * cgroup_host.c finds the hierarchies, cgroup_end.c kills and removes.
 */
#include "runtime/parent/cgroup.h"

#include "runtime/file.h"
#include "runtime/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int cgroup_resolve(struct arena *a, const char *cgroups_path, const char *id, struct plan *plan,
		   struct error *e)
{
	struct cgroup_hierarchies host;

	if (cgroup_hierarchies(a, &host, e) < 0)
		return -1;
	if (!host.n) {
		error_set(e, 0, "no cgroup hierarchy is mounted below " CGROUP_ROOT);
		return error_hint(e, "--cgroup-manager disabled runs it in ocirun's own cgroup");
	}
	plan->cgroups.v = arena_array(a, struct plan_cgroup, host.n);
	for (size_t i = 0; i < host.n; i++) {
		struct cgroup_hierarchy *h = &host.v[i];
		struct plan_cgroup *c = &plan->cgroups.v[plan->cgroups.n++];
		char *end = strrchr(h->own, '/');
		/* A process above the root of its cgroup namespace sees "/..". */
		int beside = end && strncmp(h->own, "/..", 3) ? (int)(end - h->own) : 0;

		*c = (struct plan_cgroup){ .name = arena_strdup(a, h->name),
					   .options = h->options,
					   .unified = h->unified };
		if (cgroups_path && cgroups_path[0] == '/')
			c->path = arena_printf(a, "%s%s", h->mount_point, cgroups_path);
		else if (cgroups_path)
			c->path = arena_printf(a, "%s%.*s/%s", h->mount_point, beside, h->own,
					       cgroups_path);
		else
			c->path = arena_printf(a, "%s%.*s/ocirun-%s", h->mount_point, beside,
					       h->own, id);
		/* A trailing slash or a path of slashes would name another directory than its own. */
		size_t n = strlen(c->path);
		while (n > 1 && c->path[n - 1] == '/')
			c->path[--n] = 0;
		if (!strcmp(c->path, h->mount_point)) {
			error_set(e, 0, "\"%s\" is the root of the hierarchy", cgroups_path);
			return error_in(e, "linux.cgroupsPath");
		}
	}
	return 0;
}

/* The highest missing directory on the way to path, from the arena; NULL when path exists. */
static char *highest_missing(struct arena *a, const char *path)
{
	char *part = arena_strdup(a, path), *last = strrchr(part, '/');

	/* Usually the parent is there and the last is missing: two calls instead of one per
	 * directory. */
	*last = 0;
	bool parent = access(part, F_OK) == 0;
	*last = '/';
	if (parent)
		return access(part, F_OK) < 0 ? part : NULL;
	for (char *at = part + 1;; at++) {
		if (*at && *at != '/')
			continue;
		char saved = *at;
		*at = 0;
		if (access(part, F_OK) < 0)
			return part;
		if (!saved)
			return NULL;
		*at = saved;
	}
}

bool cgroup_has_processes(int directory)
{
	char byte;

	CLEAN_FD fd = openat(directory, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	return fd >= 0 && read(fd, &byte, 1) == 1;
}

static bool is_type(const char *path, const char *type)
{
	char name[4200], text[32] = "";

	snprintf(name, sizeof(name), "%s/cgroup.type", path);
	CLEAN_FD fd = open(name, O_RDONLY | O_CLOEXEC);
	return fd >= 0 && read(fd, text, sizeof(text) - 1) > 0 &&
	       !strncmp(text, type, strlen(type));
}

/* What would keep init from living in a cgroup: its own state, or that of one above. */
static int check_usable(const char *path, struct error *e)
{
	/* Init would stand still in it, and whoever waits for init too. */
	const int frozen = cgroup_frozen_at(path);

	if (frozen < 0)
		return error_set(e, errno, "find out whether the cgroup %s is frozen", path);
	if (frozen) {
		error_set(e, EBUSY, "container's cgroup unexpectedly frozen: %s", path);
		return error_hint(e, "thaw it, or the one above, or give the container a cgroup of "
				     "its own");
	}
	if (is_type(path, "threaded") || is_type(path, "domain invalid")) {
		error_set(e, EOPNOTSUPP,
			  "container's cgroup takes threads only, no processes (cgroup.type): %s",
			  path);
		return error_hint(e, "give the container a cgroup of its own, not below a threaded "
				     "one");
	}
	return 0;
}

/* What would keep the container from using a cgroup that is there already. */
static int check_existing(const char *path, struct error *e)
{
	if (cgroup_populated_at(path)) {
		error_set(e, EBUSY, "container's cgroup is not empty: %s has processes already",
			  path);
		return error_hint(e, "give the container a cgroup of its own");
	}
	return check_usable(path, e);
}

int cgroup_intend(struct arena *a, const struct plan *plan, struct record *r, struct error *e)
{
	r->cgroups.n = 0;
	r->cgroups.v = arena_alloc(a, plan->cgroups.n * sizeof(*r->cgroups.v));
	for (size_t i = 0; i < plan->cgroups.n; i++) {
		struct record_cgroup *c = &r->cgroups.v[r->cgroups.n++];
		c->path = plan->cgroups.v[i].path;
		if (strlen(c->path) > 4000)
			return error_set(e, ENAMETOOLONG, "cgroup %.100s…", c->path);
		/* One call in the usual case: only the last directory is missing. */
		c->top = highest_missing(a, c->path);
		if (!c->top && check_existing(c->path, e) < 0) {
			r->cgroups.n = 0; /* not ours: nobody may clean it up */
			return -1;
		}
	}
	return 0;
}

/* Has a cpuset that is there something in this file? */
static bool has_value(const char *file)
{
	char first;
	CLEAN_FD fd = open(file, O_RDONLY | O_CLOEXEC);

	return fd < 0 || read(fd, &first, 1) != 1 || first != '\n';
}

/* A new cpuset has no cpus and no memory nodes and takes no process until it does: as the parent
 * has. So one that somebody has made and left like that. */
static void inherit_cpuset(const char *path, bool made)
{
	static const char *const files[] = { "cpuset.cpus", "cpuset.mems" };
	char name[4200], value[4096];

	for (size_t i = 0; i < 2; i++) {
		snprintf(name, sizeof(name), "%s/%s", path, files[i]);
		if (!made && has_value(name))
			continue;
		snprintf(name, sizeof(name), "%s/../%s", path, files[i]);
		CLEAN_FD from = open(name, O_RDONLY | O_CLOEXEC);
		ssize_t n = from < 0 ? -1 : read(from, value, sizeof(value) - 1);
		snprintf(name, sizeof(name), "%s/%s", path, files[i]);
		CLEAN_FD to = open(name, O_WRONLY | O_CLOEXEC);
		if (n > 0 && to >= 0 && write(to, value, n) < 0)
			trace(TRACE_STEPS, "%s: not inherited", name);
	}
}

/* How often what others remove meanwhile is made again. */
#define TRIES 1000

/* mkdir -p. Another container, or systemd, may remove a shared parent meanwhile: then begin again. */
static int make_path(const char *path, bool cpuset)
{
	char part[4096];

	for (int tries = 0; tries < TRIES; tries++) {
		snprintf(part, sizeof(part), "%s", path);
		int failed = 0;
		for (char *at = part + sizeof(CGROUP_ROOT);; at++) {
			if (*at && *at != '/')
				continue;
			char saved = *at;
			*at = 0;
			bool made = mkdir(part, 0755) == 0;
			/* The last one must be made by us: another container may be making it too. */
			failed = made || (errno == EEXIST && saved) ? 0 : errno;
			if (cpuset && !failed)
				inherit_cpuset(part, made);
			*at = saved;
			if (failed || !saved)
				break;
		}
		if (failed != ENOENT) {
			errno = failed;
			return failed ? -1 : 0;
		}
	}
	return -1;
}

static bool is_cpuset(const char *path)
{
	return !strncmp(path, CGROUP_ROOT "/cpuset/", sizeof(CGROUP_ROOT) + 7);
}

/* Of a path that is there, from the top down. */
static void fill_cpusets(const char *path)
{
	char part[4096];

	snprintf(part, sizeof(part), "%s", path);
	for (char *at = part + strlen(CGROUP_ROOT "/cpuset/");; at++) {
		at = strchrnul(at, '/');
		char saved = *at;
		*at = 0;
		inherit_cpuset(part, false);
		*at = saved;
		if (!saved)
			break;
	}
}

static int make_one(const struct record_cgroup *c)
{
	const bool cpuset = is_cpuset(c->path);

	if (!c->top) {
		if (cpuset)
			fill_cpusets(c->path);
		return 0;
	}
	/* The usual case first: one directory is missing. */
	if (!strcmp(c->top, c->path) && !cpuset && mkdir(c->path, 0755) == 0)
		return 0;
	return make_path(c->path, cpuset);
}

static void note_without(const char *path)
{
	char line[256];

	snprintf(line, sizeof(line), "without a cgroup of its own: make %.160s: %s", path,
		 error_why(errno));
	container_note(line);
}

int cgroup_make(struct plan *plan, struct record *r, bool optional, struct error *e)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->cgroups.n; i++) {
		if (make_one(&r->cgroups.v[i]) == 0) {
			r->cgroups.v[kept] = r->cgroups.v[i];
			plan->cgroups.v[kept++] = plan->cgroups.v[i];
		} else if (optional && (errno == EACCES || errno == EPERM || errno == EROFS)) {
			note_without(r->cgroups.v[i].path);
		} else {
			error_set(e, errno, "make the cgroup %s", r->cgroups.v[i].path);
			if (e->code != EEXIST)
				return error_hint(e, "--cgroup-manager disabled runs it in "
						     "ocirun's own cgroup");
			/* Another create was faster: this one, and those not tried, are not ours to
			 * clean up. */
			r->cgroups.n = kept;
			return error_hint(e, "give the container a cgroup of its own");
		}
	}
	r->cgroups.n = plan->cgroups.n = kept;
	return 0;
}

bool cgroup_made_all(const struct record *r)
{
	for (size_t i = 0; i < r->cgroups.n; i++)
		if (!r->cgroups.v[i].top)
			return false;
	return true;
}

int cgroup_check(const struct record *r, struct error *e)
{
	for (size_t i = 0; i < r->cgroups.n; i++)
		if (check_usable(r->cgroups.v[i].path, e) < 0)
			return -1;
	return 0;
}

int cgroup_make_missing(const struct record *r, struct error *e)
{
	for (size_t i = 0; i < r->cgroups.n; i++) {
		const struct record_cgroup *c = &r->cgroups.v[i];
		if (access(c->path, F_OK) < 0 && make_path(c->path, is_cpuset(c->path)) < 0)
			return error_set(e, errno, "make the cgroup %s", c->path);
	}
	return 0;
}

int cgroup_open_for_clone(const struct plan *plan)
{
	if (plan->cgroups.n != 1 || !plan->cgroups.v[0].unified)
		return -1;
	return open(plan->cgroups.v[0].path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* Callers look for these words, the last ones in small letters. */
static int not_placed(int pid, const char *path, struct error *e)
{
	if (errno != ENOENT)
		return error_set(e, errno, "error adding pid %d to cgroups: %s/cgroup.procs", pid,
				 path);
	error_set(e, 0,
		  "error adding pid %d to cgroups: %s/cgroup.procs: no such file or directory", pid,
		  path);
	e->code = ENOENT;
	return -1;
}

static int place_in(const char *path, const char *pid)
{
	CLEAN_FD dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return dir < 0 ? -1 : file_write_at(dir, "cgroup.procs", pid);
}

int cgroup_place(const struct plan *plan, int pid, bool again, struct error *e)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", pid);
	for (size_t i = 0; i < plan->cgroups.n; i++) {
		const char *path = plan->cgroups.v[i].path;
		for (int tries = 0; place_in(path, number) < 0; tries++)
			if (!again || (errno != ENOENT && errno != ENODEV) || tries == TRIES ||
			    (make_path(path, is_cpuset(path)) < 0 && errno != EEXIST))
				return not_placed(pid, path, e);
	}
	return 0;
}
