/*
 * Theory of operation. A host has one cgroup v2 hierarchy, or a v1 hierarchy per controller, or
 * both ("hybrid"). The container gets one directory in each, at the same path. On pure v2 init is
 * born in it (CLONE_INTO_CGROUP); elsewhere the parent writes init's pid while it waits. What we
 * are about to make is recorded before it is made, and removal only touches what is recorded: the
 * highest directory that was missing, and everything below it down to the container's own.
 *
 * Killing: v2 has cgroup.kill, which also catches processes that fork while we look. v1 has not, so
 * we signal every listed process until the list stays empty; the freezer is thawed, because a
 * frozen process does not die.
 */
#include "runtime/parent/cgroup.h"

#include "runtime/file.h"
#include "runtime/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#define CGROUP_ROOT "/sys/fs/cgroup"
#define FILE_MAX ((size_t)4 << 20) /* of mountinfo and the like */

static bool is_cgroup2(const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;
}

static int read_file(struct arena *a, const char *path, char **text, struct error *e)
{
	CLEAN_FD fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || file_read(fd, FILE_MAX, a, text, NULL) < 0)
		return error_set(e, errno, "read %s", path);
	return 0;
}

/* Cut the next piece off *at, up to `stop`; NULL at the end. */
static char *next_piece(char **at, char stop)
{
	char *piece = *at;

	if (!piece || !*piece)
		return NULL;
	char *end = strchr(piece, stop);
	*at = end ? end + 1 : NULL;
	if (end)
		*end = 0;
	return piece;
}

/* A v1 mount's own options name its controllers; the rest of the list is about the mount. */
static bool is_v1_controller(const char *option)
{
	static const char *const others[] = { "rw",       "ro",
					      "xattr",    "clone_children",
					      "noprefix", "cpuset_v2_mode" };

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (!strcmp(option, others[i]))
			return false;
	return strncmp(option, "release_agent=", 14) != 0;
}

/* One line of mountinfo, cut up in place; a hierarchy below /sys/fs/cgroup is added to out (a later
 * mount hides an earlier). */
static void add_mount(struct arena *a, char *line, struct cgroup_hierarchies *out)
{
	char *field[10] = { 0 }, *at = strstr(line, " - ");
	struct cgroup_hierarchy h = { 0 };

	if (!at)
		return;
	*at = 0;
	char *type = at + 3, *before = line;
	for (int i = 0; i < 5; i++)
		field[i] = next_piece(&before, ' ');
	char *rest = type;
	type = next_piece(&rest, ' ');
	next_piece(&rest, ' ');
	char *mount_point = field[4];
	if (!type || !rest || !mount_point || strncmp(mount_point, CGROUP_ROOT "/", 15) ||
	    strchr(mount_point + 15, '/'))
		return;
	h.unified = !strcmp(type, "cgroup2");
	if (!h.unified && strcmp(type, "cgroup"))
		return;
	h.mount_point = mount_point;
	h.name = mount_point + 15;
	h.options.v = arena_array(a, char *, 32);
	for (char *o; !h.unified && (o = next_piece(&rest, ','));)
		if (is_v1_controller(o) && h.options.n < 31)
			h.options.v[h.options.n++] = o;
	for (size_t i = 0; i < out->n; i++)
		if (!strcmp(out->v[i].mount_point, mount_point)) {
			out->v[i] = h;
			return;
		}
	if (out->n < 32)
		out->v[out->n++] = h;
}

/* Is a /proc/self/cgroup controller list ("cpu,cpuacct", "name=systemd", "" for v2) that of this
 * hierarchy? */
static bool same_controllers(const char *list, const struct cgroup_hierarchy *h)
{
	if (h->unified || !*list)
		return h->unified && !*list;
	for (size_t i = 0; i < h->options.n; i++) {
		size_t n = strlen(h->options.v[i]);
		for (const char *at = list; at; at = strchr(at, ','), at = at ? at + 1 : NULL)
			if (!strncmp(at, h->options.v[i], n) && (!at[n] || at[n] == ','))
				return true;
	}
	return false;
}

static int find_own(struct arena *a, struct cgroup_hierarchies *out, struct error *e)
{
	char *text;

	if (read_file(a, "/proc/self/cgroup", &text, e) < 0)
		return -1;
	for (char *line; (line = next_piece(&text, '\n'));) {
		char *rest = line;
		next_piece(&rest, ':');
		char *list = rest;
		rest = rest ? strchr(rest, ':') : NULL;
		if (!rest)
			continue;
		*rest++ = 0;
		for (size_t i = 0; i < out->n; i++)
			if (same_controllers(list, &out->v[i]))
				out->v[i].own = rest;
	}
	for (size_t i = 0; i < out->n; i++)
		if (!out->v[i].own)
			out->v[i].own = "/";
	return 0;
}

int cgroup_hierarchies(struct arena *a, struct cgroup_hierarchies *out, struct error *e)
{
	char *text;

	out->n = 0;
	out->pure = is_cgroup2(CGROUP_ROOT);
	out->v = arena_array(a, struct cgroup_hierarchy, out->pure ? 1 : 32);
	if (out->pure) {
		out->v[out->n++] = (struct cgroup_hierarchy){ .name = "",
							      .mount_point = CGROUP_ROOT,
							      .unified = true };
	} else {
		if (read_file(a, "/proc/self/mountinfo", &text, e) < 0)
			return -1;
		for (char *line; (line = next_piece(&text, '\n'));)
			add_mount(a, line, out);
	}
	return out->n ? find_own(a, out, e) : 0;
}

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
		int beside = end ? (int)(end - h->own) : 0;

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

static bool has_processes(const char *path)
{
	char name[4200], byte;

	snprintf(name, sizeof(name), "%s/cgroup.procs", path);
	CLEAN_FD fd = open(name, O_RDONLY | O_CLOEXEC);
	return fd >= 0 && read(fd, &byte, 1) == 1;
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
		if (!c->top && has_processes(c->path)) {
			error_set(e, EBUSY, "cgroup %s has processes already", c->path);
			return error_hint(e, "give the container a cgroup of its own");
		}
	}
	return 0;
}

/* A new cpuset has no cpus and no memory nodes and takes no process until it does: as the parent
 * has. */
static void inherit_cpuset(const char *path)
{
	static const char *const files[] = { "cpuset.cpus", "cpuset.mems" };
	char name[4200], value[4096];

	for (size_t i = 0; i < 2; i++) {
		snprintf(name, sizeof(name), "%s/../%s", path, files[i]);
		CLEAN_FD from = open(name, O_RDONLY | O_CLOEXEC);
		ssize_t n = from < 0 ? -1 : read(from, value, sizeof(value) - 1);
		snprintf(name, sizeof(name), "%s/%s", path, files[i]);
		CLEAN_FD to = open(name, O_WRONLY | O_CLOEXEC);
		if (n > 0 && to >= 0 && write(to, value, n) < 0)
			trace(TRACE_STEPS, "%s: not inherited", name);
	}
}

/* mkdir -p from top on. Another container may remove a shared parent meanwhile: then begin again. */
static int make_path(const char *path, bool cpuset)
{
	char part[4096];

	for (int tries = 0; tries < 16; tries++) {
		snprintf(part, sizeof(part), "%s", path);
		int failed = 0;
		for (char *at = part + sizeof(CGROUP_ROOT);; at++) {
			if (*at && *at != '/')
				continue;
			char saved = *at;
			*at = 0;
			failed = mkdir(part, 0755) < 0 && errno != EEXIST ? errno : 0;
			if (!failed && cpuset)
				inherit_cpuset(part);
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

int cgroup_make(struct plan *plan, struct record *r, bool optional, struct error *e)
{
	for (size_t i = 0; i < r->cgroups.n; i++) {
		const struct record_cgroup *c = &r->cgroups.v[i];
		if (!c->top)
			continue;
		bool cpuset = !strncmp(c->path, CGROUP_ROOT "/cpuset/", sizeof(CGROUP_ROOT) + 7);
		/* The usual case first: one directory is missing. */
		if (!strcmp(c->top, c->path) && !cpuset && mkdir(c->path, 0755) == 0)
			continue;
		if (make_path(c->path, cpuset) == 0)
			continue;
		if (optional && (errno == EACCES || errno == EPERM || errno == EROFS)) {
			trace(TRACE_STEPS, "no cgroup of its own: %s: %s", c->path,
			      strerror(errno));
			r->cgroups.n = plan->cgroups.n = 0;
			return 0;
		}
		error_set(e, errno, "make the cgroup %s", c->path);
		return error_hint(e, "--cgroup-manager disabled runs it in ocirun's own cgroup");
	}
	return 0;
}

int cgroup_open_for_clone(const struct plan *plan)
{
	if (plan->cgroups.n != 1 || !plan->cgroups.v[0].unified)
		return -1;
	return open(plan->cgroups.v[0].path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

int cgroup_place(const struct plan *plan, int pid, struct error *e)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", pid);
	for (size_t i = 0; i < plan->cgroups.n; i++) {
		CLEAN_FD dir = open(plan->cgroups.v[i].path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (dir < 0 || file_write_at(dir, "cgroup.procs", number) < 0)
			return error_set(e, errno, "put the container into cgroup %s",
					 plan->cgroups.v[i].path);
	}
	return 0;
}

static bool file_says(const char *directory, const char *file, const char *text)
{
	char path[4200], got[64];

	snprintf(path, sizeof(path), "%s/%s", directory, file);
	CLEAN_FD fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, got, sizeof(got) - 1);
	if (n <= 0)
		return false;
	got[n] = 0;
	return !strncmp(got, text, strlen(text));
}

static bool is_freezer(const char *path)
{
	return !strncmp(path, CGROUP_ROOT "/freezer/", sizeof(CGROUP_ROOT) + 8);
}

bool cgroup_frozen(const struct record *r)
{
	for (size_t i = 0; i < r->cgroups.n; i++) {
		const char *path = r->cgroups.v[i].path;
		if (is_freezer(path) && file_says(path, "freezer.state", "FR"))
			return true;
		if (file_says(path, "cgroup.freeze", "1"))
			return true;
	}
	return false;
}

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
		if (is_freezer(r->cgroups.v[i].path) || r->cgroups.n == 1)
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
		if (is_freezer(r->cgroups.v[i].path)) {
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
	if (has_processes(path))
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

static void remove_one(const char *path, void *data)
{
	int *failed = data;

	/* EBUSY: a process that was killed is not quite gone. */
	for (int wait = 1; rmdir(path) < 0 && errno != ENOENT; wait *= 2) {
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
	if (rmdir(part) < 0 && errno != ENOENT)
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
		if (c->top ? remove_up(c) < 0 : has_processes(c->path))
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
