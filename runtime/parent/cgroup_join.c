/* See cgroup_join.h. */
#include "runtime/parent/cgroup_join.h"

#include "runtime/file.h"
#include "runtime/parent/cgroup.h"
#include "runtime/process.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

/* The name of the hierarchy's directory below /sys/fs/cgroup: "cpu,cpuacct", v2's too. */
static size_t hierarchy(const char *path, const char **name)
{
	*name = path + sizeof(CGROUP_ROOT);
	return strcspn(*name, "/");
}

static bool is_cgroup2(const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;
}

/* Is `word` of `n` characters in the comma-separated list? */
static bool in_list(const char *list, size_t length, const char *word, size_t n)
{
	for (size_t at = 0; at <= length; at++) {
		size_t end = at;
		while (end < length && list[end] != ',')
			end++;
		if (end - at == n && !memcmp(list + at, word, n))
			return true;
		at = end;
	}
	return false;
}

static int refuse(struct error *e, const char *given, const char *why)
{
	error_set(e, 0, "invalid --cgroup argument: %.200s (%s)", given, why);
	return -1;
}

/* No ".." anywhere: what a link would lead to is not asked for either, cgroupfs has none. */
static int append(struct arena *a, struct plan_cgroup *c, const char *given, const char *below,
		  struct error *e)
{
	for (const char *at = below; *at; at += strcspn(at, "/")) {
		at += strspn(at, "/");
		if (strcspn(at, "/") == 2 && !memcmp(at, "..", 2)) {
			error_set(e, 0, "bad sub cgroup path: %.200s is not a sub cgroup path",
				  given);
			return error_in(e, "--cgroup");
		}
	}
	/* Without empty components and ".", which systemd does not take. */
	for (const char *at = below + strspn(below, "/"); *at; at += strspn(at, "/")) {
		const size_t n = strcspn(at, "/");
		if (n != 1 || *at != '.')
			c->path = arena_printf(a, "%s/%.*s", c->path, (int)n, at);
		at += n;
	}
	if (strlen(c->path) > 4000)
		return refuse(e, given, "it is too long");
	return 0;
}

/* The hierarchy of one controller, or -1. */
static int find(const struct plan *plan, const char *controller, size_t n)
{
	for (size_t i = 0; i < plan->cgroups.n; i++) {
		const char *name;
		size_t length = hierarchy(plan->cgroups.v[i].path, &name);
		/* "systemd" is the name of one without a controller. */
		if (!plan->cgroups.v[i].unified && in_list(name, length, controller, n))
			return (int)i;
	}
	return -1;
}

static int add_controllers(struct arena *a, const char *given, uint64_t *seen, struct plan *plan,
			   struct error *e)
{
	const char *path = strchr(given, ':') + 1;

	for (const char *at = given; at < path;) {
		size_t n = strcspn(at, ",:");
		int i = find(plan, at, n);
		if (!n)
			return refuse(e, given, "empty <controller> prefix");
		if (i < 0)
			return error_set(e, 0,
					 "invalid --cgroup argument: %.200s (unknown controller "
					 "%.*s: the container has no cgroup of it)",
					 given, (int)n, at);
		if (*seen & 1ULL << i)
			return refuse(e, given, "controller specified multiple times");
		*seen |= 1ULL << i;
		if (append(a, &plan->cgroups.v[i], given, path, e) < 0)
			return -1;
		at += n + 1;
	}
	return 0;
}

static int add_below(struct arena *a, const struct words_given *below, struct plan *plan,
		     struct error *e)
{
	uint64_t seen = 0;

	for (size_t w = 0; w < below->n; w++) {
		const char *given = below->v[w];
		if (strchr(given, ':')) {
			if (add_controllers(a, given, &seen, plan, e) < 0)
				return -1;
			continue;
		}
		if (below->n > 1)
			return refuse(e, given, "missing <controller>: prefix");
		for (size_t i = 0; i < plan->cgroups.n; i++)
			if (append(a, &plan->cgroups.v[i], given, given, e) < 0)
				return -1;
	}
	return 0;
}

int cgroup_join_resolve(struct arena *a, const struct record *r, const struct words_given *below,
			struct plan *plan, struct error *e)
{
	plan->cgroups.n = 0;
	plan->cgroups.v = arena_array(a, struct plan_cgroup, r->cgroups.n);
	for (size_t i = 0; i < r->cgroups.n; i++) {
		const char *name, *path = r->cgroups.v[i].path;
		size_t n = hierarchy(path, &name);
		/* Asked of its hierarchy: it may be gone. */
		const char *top = arena_printf(a, CGROUP_ROOT "/%.*s", (int)n, name);
		plan->cgroups.v[plan->cgroups.n++] =
			(struct plan_cgroup){ .name = arena_strndup(a, name, n),
					      .path = r->cgroups.v[i].path,
					      .unified =
						      is_cgroup2(CGROUP_ROOT) || is_cgroup2(top) };
	}
	if (below->n && !plan->cgroups.n)
		return refuse(e, below->v[0], "the container has no cgroup of its own");
	return add_below(a, below, plan, e);
}

bool cgroup_join_init(struct arena *a, const struct record *r, struct plan *plan)
{
	char file[32], *text, *at;

	snprintf(file, sizeof(file), "/proc/%d/cgroup", r->init.pid);
	CLEAN_FD fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || file_read(fd, 1 << 20, a, &text, NULL) < 0)
		return false;
	at = !strncmp(text, "0::", 3) ? text : strstr(text, "\n0::");
	at = at ? strchr(at, '/') : NULL;
	if (!at)
		return false;
	at[strcspn(at, "\n")] = 0;
	/* Looked at after the file: if init lives, the number is still its own. */
	if (process_alive(&r->init) <= 0)
		return false;
	for (size_t i = 0; i < plan->cgroups.n; i++) {
		struct plan_cgroup *c = &plan->cgroups.v[i];
		if (!c->unified)
			continue;
		/* Where v2 is the only one, or "unified" beside the others. Never out of what is
		 * the container's, while there is that; nor where the end of init would not be
		 * that of who is put there. */
		char *now = is_cgroup2(CGROUP_ROOT)
				    ? arena_printf(a, CGROUP_ROOT "%s", at)
				    : arena_printf(a, CGROUP_ROOT "/%s%s", c->name, at);
		size_t n = strlen(c->path);
		const bool below = !strncmp(now, c->path, n) && now[n] == '/';
		const bool gone = access(c->path, F_OK) < 0 && r->own_pid_namespace;
		if ((!below && !gone) || strstr(now, "/.."))
			return false;
		c->path = now;
		return true;
	}
	return false;
}
