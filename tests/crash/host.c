/* What is to be seen of the host: processes, cgroups, mounts, files. See world.h. */
#include "tests/crash/world.h"

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define CGROUP_ROOT "/sys/fs/cgroup"

static size_t slurp(const char *path, char *text, size_t size)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t used = 0;
	ssize_t n;

	while (fd >= 0 && used < size - 1 && (n = read(fd, text + used, size - 1 - used)) > 0)
		used += (size_t)n;
	close(fd);
	text[used] = 0;
	return used;
}

/* Who has ended is reaped and no longer counts. */
size_t world_children(void)
{
	char path[64], text[4096];
	size_t n = 0;

	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
	slurp(path, text, sizeof(text));
	for (char *at = text, *word; (word = strtok(at, " ")); at = NULL)
		n++;
	return n;
}

/* Call for every cgroup of the container's, the foreign one included. */
static void walk(struct world *w, const char *path, int depth,
		 void (*call)(const char *path, bool foreign, void *data), void *data)
{
	DIR *d = opendir(path);
	char below[4096];

	for (struct dirent *entry; d && (entry = readdir(d));) {
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		snprintf(below, sizeof(below), "%s/%s", path, entry->d_name);
		const bool foreign = w->foreign && !strcmp(entry->d_name, w->foreign);
		if (foreign || strstr(entry->d_name, w->id))
			call(below, foreign, data);
		if (depth)
			walk(w, below, depth - 1, call, data);
	}
	if (d)
		closedir(d);
}

struct text {
	char *at;
	size_t left;
};

static void add_limits(const char *path, bool foreign, void *data)
{
	static const char *const files[] = { "memory.limit_in_bytes",
					     "memory.max",
					     "pids.max",
					     "cpu.shares",
					     "cpu.weight",
					     "cpu.max",
					     "cpu.cfs_quota_us",
					     "devices.list" };
	struct text *out = data;
	char name[4200], value[4096];

	(void)foreign;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(name, sizeof(name), "%s/%s", path, files[i]);
		if (!slurp(name, value, sizeof(value)))
			continue;
		for (char *at = value; (at = strchr(at, '\n'));)
			*at = ' ';
		const int n = snprintf(out->at, out->left, "%s=%s\n", name, value);
		if ((size_t)n >= out->left)
			return;
		out->at += n;
		out->left -= (size_t)n;
	}
}

void world_limits(struct world *w, char *text, size_t size)
{
	struct text out = { text, size };

	*text = 0;
	walk(w, CGROUP_ROOT, 4, add_limits, &out);
}

static void look_frozen(const char *path, bool foreign, void *data)
{
	char name[4200], value[64];

	(void)foreign;
	snprintf(name, sizeof(name), "%s/freezer.state", path);
	if (slurp(name, value, sizeof(value)) && strncmp(value, "THAWED", 6) != 0)
		*(bool *)data = true;
	snprintf(name, sizeof(name), "%s/cgroup.freeze", path);
	if (slurp(name, value, sizeof(value)) && value[0] == '1')
		*(bool *)data = true;
}

bool world_frozen(struct world *w)
{
	bool frozen = false;

	walk(w, CGROUP_ROOT, 4, look_frozen, &frozen);
	return frozen;
}

static void note_cgroup(const char *path, bool foreign, void *data)
{
	char name[4200], value[64];

	snprintf(name, sizeof(name), "%s/cgroup.procs", path);
	if (!foreign || slurp(name, value, sizeof(value)))
		snprintf(data, 256, "cgroup %.200s", path);
}

static void remove_cgroup(const char *path, bool foreign, void *data)
{
	(void)data;
	if (!foreign)
		rmdir(path);
}

void world_remove_cgroups(struct world *w)
{
	/* Twice: from above, so that what is below goes first only then. */
	walk(w, CGROUP_ROOT, 4, remove_cgroup, NULL);
	walk(w, CGROUP_ROOT, 4, remove_cgroup, NULL);
}

static size_t count_mounts(void)
{
	static char text[1 << 20];
	size_t n = 0;

	slurp("/proc/self/mountinfo", text, sizeof(text));
	for (char *at = text; (at = strchr(at, '\n')); at++)
		n++;
	return n;
}

/* A name in the directory that is none of `known`; "" */
static void stray(struct world *w, const char *directory, const char *known, char *out, size_t size)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", w->directory, directory);
	DIR *d = opendir(path);
	for (struct dirent *entry; d && (entry = readdir(d));)
		if (!strstr(known, entry->d_name))
			snprintf(out, size, "%s/%.200s", directory, entry->d_name);
	if (d)
		closedir(d);
}

const char *world_left(struct world *w)
{
	static char what[512];

	if (!w->mounts)
		w->mounts = count_mounts();
	*what = 0;
	if (world_children())
		snprintf(what, sizeof(what), "processes");
	walk(w, CGROUP_ROOT, 4, note_cgroup, what);
	if (count_mounts() != w->mounts)
		snprintf(what, sizeof(what), "a mount");
	stray(w, "root", ". .. .seccomp@", what, sizeof(what));
	stray(w, "bundle", ". .. config.json rootfs", what, sizeof(what));
	stray(w, ".", ". .. root bundle ends rootfs console exec out err pid socket resources.json",
	      what, sizeof(what));
	return *what ? what : NULL;
}
