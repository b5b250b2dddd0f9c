/*
 * Which cgroup hierarchies the host has mounted, and where we are in them: /proc/self/mountinfo and
 * /proc/self/cgroup, cut up in place.
 */
#include "runtime/file.h"
#include "runtime/parent/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/vfs.h>

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
