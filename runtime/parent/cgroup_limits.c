/*
 * Writing the limits that cgroup_resources.c has resolved: on cgroup v2 the controllers are given
 * from directory to directory first.
 */
#include "runtime/file.h"
#include "runtime/parent/cgroup.h"
#include "runtime/parent/cgroup_resources.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* "+cpu +memory": the controllers of cgroup v2 that the limits need. */
static void needed(const struct plan *plan, char *out, size_t size)
{
	size_t used = 0;

	*out = 0;
	for (size_t i = 0; i < plan->limits.n; i++) {
		const char *controller = plan->limits.v[i].controller;
		char word[72];
		snprintf(word, sizeof(word), "+%s ", controller ? controller : "");
		if (controller && !strstr(out, word) && used + strlen(word) < size)
			used += (size_t)snprintf(out + used, size - used, "%s", word);
	}
}

/* Does directory/cgroup.subtree_control list each of "+cpu +memory "? */
static bool gives(const char *directory, const char *controllers)
{
	char path[4200], have[512];

	snprintf(path, sizeof(path), "%s/cgroup.subtree_control", directory);
	CLEAN_FD fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, have + 1, sizeof(have) - 3);
	if (n < 0)
		return false;
	/* As " cpu memory ", whose words are easy to find. */
	have[0] = ' ';
	have[n + 1] = 0;
	n = (ssize_t)(1 + strcspn(have + 1, "\n"));
	have[n] = ' ';
	have[n + 1] = 0;
	for (const char *at = controllers; *at; at = strchr(at, ' ') + 1) {
		char word[72];
		snprintf(word, sizeof(word), " %.*s ", (int)strcspn(at + 1, " "), at + 1);
		if (!strstr(have, word))
			return false;
	}
	return true;
}

/*
 * A cgroup with processes of its own can't give controllers to others. The kernel refuses some of
 * them, but for cpu and pids makes it a threaded one, below which no process can be any more. Only
 * the root of the hierarchy, which has no type, may have both.
 */
static bool has_own_processes(int dir)
{
	return faccessat(dir, "cgroup.type", F_OK, 0) == 0 && cgroup_has_processes(dir);
}

static int give(const char *directory, const char *controllers, struct error *e)
{
	CLEAN_FD dir = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (dir >= 0 && has_own_processes(dir))
		errno = EBUSY;
	else if (dir >= 0 && file_write_at(dir, "cgroup.subtree_control", controllers) == 0)
		return 0;
	error_set(e, errno, "give the cgroups below %s the controllers %s(cgroup.subtree_control)",
		  directory, controllers);
	error_in(e, "linux.resources");
	if (e->code == EBUSY)
		return error_hint(e, "that cgroup has processes of its own, so it can't: move them "
				     "to one below it, or name a linux.cgroupsPath below one "
				     "without");
	return error_hint(e, "linux.cgroupsPath names a place where ocirun may do that");
}

void cgroup_controllers_share(const char *directory)
{
	char path[4200], has[512], words[1024], *at = has, *word;
	size_t used = 0;

	snprintf(path, sizeof(path), "%s/cgroup.controllers", directory);
	CLEAN_FD fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, has, sizeof(has) - 1);
	if (n <= 0)
		return;
	has[n] = 0;
	while ((word = strsep(&at, " \n")) && used + strlen(word) + 3 < sizeof(words))
		if (*word)
			used += (size_t)snprintf(words + used, sizeof(words) - used, "+%s ", word);
	if (!used || gives(directory, words))
		return;
	CLEAN_FD dir = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || has_own_processes(dir) ||
	    file_write_at(dir, "cgroup.subtree_control", words) == 0 || errno == EBUSY)
		return;
	/* Perhaps it is only one that can't be given. */
	for (at = words; (word = strsep(&at, " "));)
		if (*word)
			(void)!file_write_at(dir, "cgroup.subtree_control", word);
}

void cgroup_controllers_give(const struct plan *plan)
{
	char part[4096];

	/* (Beside cgroup v1 it has those that v1 does not need.) */
	if (plan->cgroups.n != 1 || !plan->cgroups.v[0].unified || *plan->cgroups.v[0].name)
		return;
	snprintf(part, sizeof(part), "%s", plan->cgroups.v[0].path);
	for (char *at = part + strlen(CGROUP_ROOT); at; at = strchr(at + 1, '/')) {
		*at = 0;
		cgroup_controllers_share(part);
		*at = '/';
	}
}

int cgroup_limits_enable(const struct plan *plan, struct error *e)
{
	char controllers[256], part[4096];

	needed(plan, controllers, sizeof(controllers));
	for (size_t i = 0; *controllers && i < plan->cgroups.n; i++) {
		const struct plan_cgroup *c = &plan->cgroups.v[i];
		if (!c->unified)
			continue;
		snprintf(part, sizeof(part), "%s", c->path);
		char *end = strrchr(part, '/');
		*end = 0;
		/* The usual case: another container or systemd has done it. */
		if (gives(part, controllers))
			return 0;
		*end = '/';
		/* From the root of the hierarchy down. */
		const size_t root = strlen(CGROUP_ROOT) + (*c->name ? strlen(c->name) + 1 : 0);
		for (char *at = part + root; at <= end; at = strchr(at + 1, '/')) {
			*at = 0;
			if (!gives(part, controllers) && give(part, controllers, e) < 0)
				return -1;
			*at = '/';
			if (at == end)
				break;
		}
	}
	return 0;
}

static int write_one(const struct plan_limit *limit)
{
	if (file_write_at(AT_FDCWD, limit->file, limit->value) == 0)
		return 0;
	if (errno != ENOENT || !limit->other)
		return -1;
	return file_write_at(AT_FDCWD, limit->other, limit->other_value);
}

/* What the kernel may mean. */
static const char *remedy(const char *file, int code)
{
	const char *name = strrchr(file, '/') + 1;

	if (code == EBUSY)
		return "the container uses more already";
	if (code == EINVAL && !strcmp(name, "memory.limit_in_bytes"))
		return "memory.swap, which limits both together, can't be less";
	if (code == EINVAL && (!strcmp(name, "cpu.cfs_quota_us") || !strcmp(name, "cpu.max")))
		return "cpu.burst can't be more, nor can it be more than a cgroup above has";
	return NULL;
}

static int refused(const struct plan_limit *limit, struct error *e)
{
	const int code = errno;
	const char *hint = remedy(limit->file, code);

	if (code == ENOENT)
		error_set(e, code, "this kernel has no %s", limit->file);
	else
		error_set(e, code, "write \"%s\" to %s", limit->value, limit->file);
	error_in(e, "%s", limit->field);
	return hint ? error_hint(e, "%s", hint) : -1;
}

/* Those before the one that fails are written. *stale: another may have been refused because of a
 * value that is not written yet. */
static int write_all_limits(const struct plan *plan, bool *stale, struct error *e)
{
	for (size_t i = 0; i < plan->limits.n; i++) {
		if (write_one(&plan->limits.v[i]) == 0)
			continue;
		if (!stale || errno != EINVAL)
			return refused(&plan->limits.v[i], e);
		*stale = true;
	}
	return 0;
}

int cgroup_limits_write(const struct plan *plan, struct error *e)
{
	bool stale = false;

	/* A memory limit above the old one of memory and swap, a period too long for the old quota:
	 * the second time the others are there. */
	if (write_all_limits(plan, &stale, e) < 0)
		return -1;
	return stale ? write_all_limits(plan, NULL, e) : 0;
}
