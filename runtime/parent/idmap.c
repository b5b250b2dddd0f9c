/* See idmap.h. */
#include "runtime/parent/idmap.h"

#include "runtime/file.h"
#include "runtime/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAP_MAX 340 /* lines; the kernel's limit */

static int write_directly(int proc, const char *file, const spec_id_mappings *map)
{
	char text[MAP_MAX * 36];
	size_t n = 0;

	if (map->n > MAP_MAX) {
		errno = E2BIG;
		return -1;
	}
	for (size_t i = 0; i < map->n; i++)
		n += snprintf(text + n, sizeof(text) - n, "%u %u %u\n", map->v[i].container_id,
			      map->v[i].host_id, map->v[i].size);
	return file_write_at(proc, file, text);
}

/* newuidmap PID CONTAINER HOST SIZE … */
static int run_helper(const char *program, pid_t pid, const spec_id_mappings *map, struct error *e)
{
	char numbers[3 * MAP_MAX + 1][12], *args[3 * MAP_MAX + 3], path[64];
	char *env[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };
	size_t n = 0;
	pid_t child;

	args[n++] = (char *)program;
	snprintf(numbers[n - 1], sizeof(numbers[0]), "%d", pid);
	args[n] = numbers[n - 1];
	n++;
	for (size_t i = 0; i < map->n && i < MAP_MAX; i++) {
		const uint32_t values[] = { map->v[i].container_id, map->v[i].host_id,
					    map->v[i].size };
		for (size_t j = 0; j < 3; j++, n++) {
			snprintf(numbers[n - 1], sizeof(numbers[0]), "%u", values[j]);
			args[n] = numbers[n - 1];
		}
	}
	args[n] = NULL;
	snprintf(path, sizeof(path), "/usr/bin/%s", program);
	int failed = posix_spawn(&child, path, NULL, NULL, args, env);
	if (failed)
		failed = posix_spawnp(&child, program, NULL, NULL, args, environ);
	if (failed) {
		error_set(e, failed, "run %s", program);
		return error_hint(e, "install it: Debian's package is uidmap");
	}
	int status = process_reap(child);
	if (status) {
		error_set(e, 0, "%s refused the mapping (exit status %d)", program, status);
		return error_hint(e,
				  "look at its message above, and at /etc/subuid and /etc/subgid");
	}
	return 0;
}

static int write_map(int proc, pid_t pid, const char *file, const char *program, const char *field,
		     const spec_id_mappings *map, struct error *e)
{
	if (write_directly(proc, file, map) == 0)
		return 0;
	if (errno == EPERM) {
		if (run_helper(program, pid, map, e) == 0)
			return 0;
	} else {
		error_set(e, errno, "write %s of the container", file);
	}
	return error_in(e, "%s", field);
}

int idmap_write(pid_t pid, const spec_id_mappings *uids, const spec_id_mappings *gids,
		struct error *e)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d", pid);
	CLEAN_FD proc = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (proc < 0)
		return error_set(e, errno, "open %s", path);
	if (write_map(proc, pid, "uid_map", "newuidmap", "linux.uidMappings", uids, e) < 0)
		return -1;
	if (write_directly(proc, "gid_map", gids) == 0)
		return 0;
	/* A plain user may map only its own gid, and only where groups can't be dropped to gain
	 * access. */
	if (errno == EPERM && gids->n == 1 && gids->v[0].size == 1 &&
	    gids->v[0].host_id == getegid() && file_write_at(proc, "setgroups", "deny") == 0 &&
	    write_directly(proc, "gid_map", gids) == 0)
		return 0;
	return write_map(proc, pid, "gid_map", "newgidmap", "linux.gidMappings", gids, e);
}
