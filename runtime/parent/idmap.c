/* See idmap.h. */
#include "runtime/parent/idmap.h"

#include "runtime/file.h"
#include "runtime/process.h"
#include "runtime/sys.h"
#include "spec/number.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAP_MAX 340  /* lines; the kernel's limit, which spec_read has checked */
#define LINE_SIZE 34 /* three numbers of ten digits */

/* The files of one kind of id. */
struct kind {
	const char *map, *program, *subordinate, *field;
};
static const struct kind users = { "uid_map", "newuidmap", "/etc/subuid", "uidMappings" };
static const struct kind groups = { "gid_map", "newgidmap", "/etc/subgid", "gidMappings" };

static int write_directly(int proc, const struct kind *k, const spec_id_mappings *map)
{
	char text[MAP_MAX * LINE_SIZE];
	size_t n = 0;

	for (size_t i = 0; i < map->n; i++)
		n += snprintf(text + n, sizeof(text) - n, "%u %u %u\n", map->v[i].container_id,
			      map->v[i].host_id, map->v[i].size);
	/* What the kernel would only call invalid: it reads one page at most. */
	if (n >= (size_t)sysconf(_SC_PAGESIZE)) {
		errno = E2BIG;
		return -1;
	}
	return file_write_at(proc, k->map, text);
}

/* newuidmap PID CONTAINER HOST SIZE …, its stderr going to `output`. An errno, or 0. */
static int spawn_helper(const struct kind *k, pid_t pid, const spec_id_mappings *map, int output,
			pid_t *child)
{
	char numbers[3 * MAP_MAX + 1][12], *args[3 * MAP_MAX + 3], path[64];
	char *env[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };
	posix_spawn_file_actions_t actions;
	size_t n = 0;

	args[n++] = (char *)k->program;
	snprintf(numbers[0], sizeof(numbers[0]), "%d", pid);
	args[n++] = numbers[0];
	for (size_t i = 0; i < map->n; i++) {
		const uint32_t values[] = { map->v[i].container_id, map->v[i].host_id,
					    map->v[i].size };
		for (size_t j = 0; j < 3; j++, n++) {
			snprintf(numbers[n - 1], sizeof(numbers[0]), "%u", values[j]);
			args[n] = numbers[n - 1];
		}
	}
	args[n] = NULL;
	snprintf(path, sizeof(path), "/usr/bin/%s", k->program);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
	int failed = posix_spawn(child, path, &actions, NULL, args, env);
	if (failed)
		failed = posix_spawnp(child, k->program, &actions, NULL, args, env);
	posix_spawn_file_actions_destroy(&actions);
	return failed;
}

/* What may be mapped is not ours to decide: newuidmap and newgidmap do, and say why not. */
static int run_helper(const struct kind *k, pid_t pid, const spec_id_mappings *map, struct error *e)
{
	char said[512];
	pid_t child;

	/* Not a pipe: what the helper leaves behind might hold its end for ever. */
	CLEAN_FD output = memfd_create("output", MFD_CLOEXEC);
	if (output < 0)
		return error_call(e, "memfd_create", "run %s", k->program);
	int failed = spawn_helper(k, pid, map, output, &child);
	if (failed) {
		error_set(e, failed, "the kernel does not let this user map these ids, and %s",
			  k->program);
		/* capabilities(7), CAP_SETFCAP */
		for (size_t i = 0; k == &users && i < map->n; i++)
			if (!map->v[i].host_id)
				error_hint(
					e,
					"to map id 0 of a user namespace takes CAP_SETFCAP in it");
		return error_hint(e, "install %s (Debian: package uidmap), or map one id, your own",
				  k->program);
	}
	int status = process_reap(child);
	if (!status)
		return 0;
	ssize_t n = pread(output, said, sizeof(said), 0);
	while (n > 0 && said[n - 1] == '\n')
		n--;
	error_set(e, 0, "%s failed with exit status %d: %.*s", k->program, status,
		  n < 0 ? 0 : (int)n, said);
	return error_hint(e, "which ids a user may map is in %s", k->subordinate);
}

static int write_map(int proc, pid_t pid, const struct kind *k, const spec_id_mappings *map,
		     struct error *e)
{
	if (write_directly(proc, k, map) == 0)
		return 0;
	if (errno == EPERM) {
		if (run_helper(k, pid, map, e) == 0)
			return 0;
	} else {
		error_set(e, errno, "write the %s of a user namespace", k->map);
		if (e->code == E2BIG)
			error_hint(e,
				   "the kernel takes less than %ld bytes of text: map fewer ranges",
				   sysconf(_SC_PAGESIZE));
	}
	return error_in(e, "%s", k->field);
}

int idmap_write(pid_t pid, const spec_id_mappings *uids, const spec_id_mappings *gids,
		struct error *e)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d", pid);
	CLEAN_FD proc = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (proc < 0)
		return error_call(e, "open", "open %s", path);
	if (write_map(proc, pid, &users, uids, e) < 0)
		return -1;
	if (write_directly(proc, &groups, gids) == 0)
		return 0;
	/* A plain user may map only its own gid, and only where groups can't be dropped to gain
	 * access. */
	if (errno == EPERM && gids->n == 1 && gids->v[0].size == 1 &&
	    gids->v[0].host_id == getegid() && file_write_at(proc, "setgroups", "deny") == 0 &&
	    write_directly(proc, &groups, gids) == 0)
		return 0;
	return write_map(proc, pid, &groups, gids, e);
}

static FILE *open_map(int proc, const struct kind *k)
{
	CLEAN_FD fd = openat(proc, k->map, O_RDONLY | O_CLOEXEC);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");

	if (file)
		fd_take(&fd);
	return file;
}

static bool next_line(FILE *map, struct spec_id_mapping *line)
{
	char text[64];
	const char *at = text;
	uint64_t n[3];

	if (!fgets(text, sizeof(text), map) || !number_next(&at, &n[0]) ||
	    !number_next(&at, &n[1]) || !number_next(&at, &n[2]))
		return false;
	*line = (struct spec_id_mapping){ (uint32_t)n[0], (uint32_t)n[1], (uint32_t)n[2] };
	return true;
}

/* The kernel may have put them into another order. */
static bool is_mapped_so(int proc, const struct kind *k, const spec_id_mappings *map)
{
	FILE *file = open_map(proc, k);
	size_t lines = 0, known = 0;
	struct spec_id_mapping line;

	if (!file)
		return false;
	while (next_line(file, &line)) {
		lines++;
		for (size_t i = 0; i < map->n; i++)
			known += !memcmp(&map->v[i], &line, sizeof(line));
	}
	fclose(file);
	return lines == map->n && known == lines;
}

int idmap_check(pid_t pid, const spec_id_mappings *uids, const spec_id_mappings *gids,
		struct error *e)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d", pid);
	CLEAN_FD proc = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	const struct kind *wrong = !is_mapped_so(proc, &users, uids)    ? &users
				   : !is_mapped_so(proc, &groups, gids) ? &groups
									: NULL;
	if (!wrong)
		return 0;
	error_set(e, 0, "differs from the maps of the user namespace that is joined");
	error_in(e, "%s", wrong->field);
	return error_hint(e, "leave both mappings out: a namespace that is joined has its own");
}

static int to_host(int proc, const struct kind *k, uint32_t id, uint32_t *host, struct error *e)
{
	FILE *map = open_map(proc, k);
	struct spec_id_mapping line;
	bool found = false;

	if (!map)
		return error_set(e, errno, "read the %s of the container", k->map);
	while (!found && next_line(map, &line)) {
		found = id >= line.container_id && id - line.container_id < line.size;
		*host = line.host_id + (id - line.container_id);
	}
	fclose(map);
	if (found)
		return 0;
	error_set(e, 0, "%u is not mapped in the container's user namespace", id);
	return error_hint(e, "map it in linux.%s", k->field);
}

int idmap_to_host(pid_t pid, uint32_t uid, uint32_t gid, uid_t *host_uid, gid_t *host_gid,
		  struct error *e)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d", pid);
	CLEAN_FD proc = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (to_host(proc, &users, uid, host_uid, e) < 0)
		return error_in(e, "uid");
	return to_host(proc, &groups, gid, host_gid, e) < 0 ? error_in(e, "gid") : 0;
}

int idmap_namespace(const spec_id_mappings *uids, const spec_id_mappings *gids, struct error *e)
{
	struct sys_clone_args clone = { .flags = CLONE_NEWUSER, .exit_signal = SIGCHLD };
	int gate[2];
	char path[32];

	if (pipe2(gate, O_CLOEXEC) < 0)
		return error_call(e, "pipe2", "make a user namespace");
	pid_t pid = sys_clone3(&clone);
	if (pid == 0) {
		/* Here for as long as the other end of the gate is open. */
		close(gate[1]);
		while (read(gate[0], path, 1) < 0 && errno == EINTR)
			;
		_exit(0);
	}
	int failed = errno;
	close(gate[0]);
	CLEAN_FD hold = gate[1], ns = -1;
	if (pid < 0)
		return error_set(e, failed, "make a user namespace");
	int result = idmap_write(pid, uids, gids, e);
	if (result == 0) {
		snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
		ns = open(path, O_RDONLY | O_CLOEXEC);
		if (ns < 0)
			result = error_set(e, errno, "open %s", path);
	}
	fd_close(&hold);
	process_reap(pid);
	return result < 0 ? -1 : fd_take(&ns);
}
