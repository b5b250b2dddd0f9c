/*
 * Which cgroup hierarchies the host has mounted, and where we are in them: /proc/self/mountinfo and
 * /proc/self/cgroup, cut up in place.
 */
#include "runtime/file.h"
#include "runtime/parent/cgroup.h"
#include "spec/mountinfo.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#define FILE_MAX ((size_t)4 << 20) /* of mountinfo and the like */
#define HIERARCHIES_MAX 32

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

/* A mount hides what was mounted at the same place before, and below it. */
static void hide(const char *mount_point, struct cgroup_hierarchies *out)
{
	size_t n = strlen(mount_point), kept = 0;

	for (size_t i = 0; i < out->n; i++) {
		const char *at = out->v[i].mount_point;
		if (strncmp(at, mount_point, n) || (at[n] && at[n] != '/'))
			out->v[kept++] = out->v[i];
	}
	out->n = kept;
}

/* A hierarchy below /sys/fs/cgroup is added to out. */
static void add_mount(struct arena *a, const struct mountinfo *m, struct cgroup_hierarchies *out)
{
	struct cgroup_hierarchy h = { .unified = !strcmp(m->type, "cgroup2"),
				      .mount_point = m->place };
	char *rest = m->options;

	hide(m->place, out);
	if ((!h.unified && strcmp(m->type, "cgroup")) || out->n == HIERARCHIES_MAX ||
	    strncmp(m->place, CGROUP_ROOT "/", sizeof(CGROUP_ROOT)))
		return;
	h.name = m->place + sizeof(CGROUP_ROOT);
	if (strchr(h.name, '/'))
		return;
	h.options.v = arena_array(a, char *, 32);
	for (char *o; !h.unified && (o = strsep(&rest, ","));)
		if (is_v1_controller(o) && h.options.n < 31)
			h.options.v[h.options.n++] = o;
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

void cgroup_mounted(struct arena *a, char *mountinfo, struct cgroup_hierarchies *out)
{
	out->n = 0;
	out->v = arena_array(a, struct cgroup_hierarchy, out->pure ? 1 : HIERARCHIES_MAX);
	if (out->pure)
		out->v[out->n++] = (struct cgroup_hierarchy){ .name = "",
							      .mount_point = CGROUP_ROOT,
							      .unified = true };
	for (struct mountinfo m; !out->pure && mountinfo_next(&mountinfo, &m);)
		add_mount(a, &m, out);
}

void cgroup_find_own(char *self_cgroup, struct cgroup_hierarchies *out)
{
	for (char *line; (line = next_piece(&self_cgroup, '\n'));) {
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
}

int cgroup_hierarchies(struct arena *a, struct cgroup_hierarchies *out, struct error *e)
{
	char *text = NULL;

	*out = (struct cgroup_hierarchies){ .pure = is_cgroup2(CGROUP_ROOT) };
	if (!out->pure && read_file(a, "/proc/self/mountinfo", &text, e) < 0)
		return -1;
	cgroup_mounted(a, text, out);
	if (out->n && read_file(a, "/proc/self/cgroup", &text, e) < 0)
		return -1;
	if (out->n)
		cgroup_find_own(text, out);
	return 0;
}

/* The root of a cgroup v1 is one name below the place of all hierarchies; on pure v2 that may be a
 * cgroup like others. Names are counted, so that the usual cgroup, farther down, costs nothing. */
static bool is_root(const char *path)
{
	struct statx st;
	int names = 0;

	for (const char *at = path + sizeof(CGROUP_ROOT); *at; at += strcspn(at, "/")) {
		at += strspn(at, "/");
		names += *at && !(at[0] == '.' && (!at[1] || at[1] == '/'));
	}
	return !names || (names == 1 && statx(AT_FDCWD, path, 0, 0, &st) == 0 &&
			  st.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

static int no_cgroup_of(const struct record *r, size_t i, const char *why, struct error *e)
{
	error_set(e, 0, "\"%.300s\" is %s", r->cgroups.v[i].path, why);
	return error_in(e, "cgroups[%zu].path", i);
}

static bool is_below_a_cgroup(const struct record *r, const char *path)
{
	for (size_t i = 0; i < r->cgroups.n; i++) {
		const size_t n = strlen(r->cgroups.v[i].path);
		if (!strncmp(path, r->cgroups.v[i].path, n) && (path[n] == '/' || !path[n]) &&
		    !strstr(path + n, "/.."))
			return true;
	}
	return false;
}

int cgroup_check_record(const struct record *r, struct error *e)
{
	for (size_t i = 0; i < r->cgroups.n; i++) {
		const char *path = r->cgroups.v[i].path;
		if (strncmp(path, CGROUP_ROOT "/", sizeof(CGROUP_ROOT)) != 0 || strstr(path, "/.."))
			return no_cgroup_of(r, i, "no cgroup", e);
	}
	for (size_t i = 0; i < r->limits.n; i++)
		if (!is_below_a_cgroup(r, r->limits.v[i].file)) {
			error_set(e, 0, "%s is no file of the container's cgroups",
				  r->limits.v[i].file);
			return error_in(e, "limits[%zu].file", i);
		}
	if (r->devices && !is_below_a_cgroup(r, r->devices->path)) {
		error_set(e, 0, "%s is no cgroup of the container", r->devices->path);
		return error_in(e, "devices.path");
	}
	return 0;
}

int cgroup_check_roots(const struct record *r, struct error *e)
{
	for (size_t i = 0; i < r->cgroups.n; i++)
		if (is_root(r->cgroups.v[i].path))
			return no_cgroup_of(r, i, "the root of a hierarchy, no container's", e);
	return 0;
}

/* Is the cgroup `own` that of a path below the mount point, or below it? Neither has to be written
 * with single slashes. */
static bool holds(const char *below, const char *own)
{
	for (;;) {
		below += strspn(below, "/");
		own += strspn(own, "/");
		const size_t n = strcspn(below, "/");
		if (!n)
			return true;
		if (n == 1 && *below == '.') {
			below++;
			continue;
		}
		if (strcspn(own, "/") != n || strncmp(below, own, n) != 0)
			return false;
		below += n;
		own += n;
	}
}

int cgroup_check_apart(struct arena *a, const struct record *r, struct error *e)
{
	struct cgroup_hierarchies host;

	if (!r->cgroups.n)
		return 0;
	if (cgroup_hierarchies(a, &host, e) < 0)
		return -1;
	for (size_t i = 0; i < r->cgroups.n; i++)
		for (size_t j = 0; j < host.n; j++) {
			const char *path = r->cgroups.v[i].path;
			const size_t n = strlen(host.v[j].mount_point);
			if (!strncmp(path, host.v[j].mount_point, n) && path[n] == '/' &&
			    holds(path + n, host.v[j].own))
				return no_cgroup_of(r, i, "one that ocirun itself is in", e);
		}
	return 0;
}
