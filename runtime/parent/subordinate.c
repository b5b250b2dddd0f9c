/* See subordinate.h. */
#include "runtime/parent/subordinate.h"

#include "runtime/file.h"
#include "spec/number.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#define FILE_MAX ((size_t)4 << 20)
#define RANGES_MAX 100 /* they fit into one page, which is what the kernel takes */

char *subordinate_name(struct arena *a)
{
	FILE *file = fopen("/etc/passwd", "re");
	char *name = NULL;

	for (struct passwd *p; file && !name && (p = fgetpwent(file));)
		if (p->pw_uid == getauxval(AT_EUID))
			name = arena_strdup(a, p->pw_name);
	if (file)
		fclose(file);
	return name;
}

/* A whole number below 2^32, which ends at `end`. */
static bool number(const char *text, char end, uint32_t *out, const char **rest)
{
	if (!number_read32(&text, out) || *text != end)
		return false;
	*rest = text + (end != 0);
	return true;
}

/* FIRST:COUNT */
static bool read_range(const char *text, struct spec_id_mapping *out)
{
	*out = (struct spec_id_mapping){ 0 };
	return number(text, ':', &out->host_id, &text) && number(text, 0, &out->size, &text) &&
	       out->size && out->size <= UINT32_MAX - out->host_id;
}

void subordinate_ranges(struct arena *a, const char *path, const char *name, uint32_t id,
			spec_id_mappings *out)
{
	CLEAN_FD fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text, own[16];

	*out = (spec_id_mappings){ .v = arena_array(a, struct spec_id_mapping, RANGES_MAX) };
	if (fd < 0 || file_read(fd, FILE_MAX, a, &text, NULL) < 0)
		return;
	snprintf(own, sizeof(own), "%u", id);
	for (char *line; (line = strsep(&text, "\n")) && out->n < RANGES_MAX;) {
		char *range = strchr(line, ':');
		if (!range)
			continue;
		*range++ = 0;
		if (((name && !strcmp(line, name)) || !strcmp(line, own)) &&
		    read_range(range, &out->v[out->n]))
			out->n++;
	}
}

static bool is_privileged(const char *file)
{
	struct statvfs fs;
	struct stat st;

	return access(file, X_OK) == 0 && stat(file, &st) == 0 && S_ISREG(st.st_mode) &&
	       statvfs(file, &fs) == 0 && !(fs.f_flag & ST_NOSUID) &&
	       (st.st_mode & S_ISUID || getxattr(file, "security.capability", NULL, 0) > 0);
}

bool subordinate_helper(const char *program)
{
	const char *path = getenv("PATH");
	char file[PATH_MAX];

	/* It would be executed without them. */
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 0)
		return false;
	/* Where idmap.c looks: there first. */
	snprintf(file, sizeof(file), "/usr/bin/%s", program);
	if (access(file, X_OK) == 0)
		return is_privileged(file);
	for (const char *at = path && *path ? path : "/usr/bin:/bin"; *at;) {
		int n = (int)strcspn(at, ":");
		snprintf(file, sizeof(file), "%.*s/%s", n, at, program);
		if (n && access(file, X_OK) == 0)
			return is_privileged(file);
		at += n + (at[n] == ':');
	}
	return false;
}

/* The kernel refuses a map that has an id of the host twice. */
static bool overlaps(const spec_id_mappings *map, const struct spec_id_mapping *range)
{
	for (size_t i = 0; i < map->n; i++) {
		const struct spec_id_mapping *m = &map->v[i];
		if (range->host_id - (uint64_t)m->host_id < m->size ||
		    m->host_id - (uint64_t)range->host_id < range->size)
			return true;
	}
	return false;
}

void subordinate_map(struct arena *a, uint32_t own, const spec_id_mappings *ranges,
		     spec_id_mappings *out)
{
	uint32_t next = 1;

	out->v = arena_array(a, struct spec_id_mapping, ranges->n + 1);
	out->v[0] = (struct spec_id_mapping){ .host_id = own, .size = 1 };
	out->n = 1;
	for (size_t i = 0; i < ranges->n; i++) {
		struct spec_id_mapping range = ranges->v[i];
		if (overlaps(out, &range) || range.size > UINT32_MAX - next)
			continue;
		range.container_id = next;
		next += range.size;
		out->v[out->n++] = range;
	}
}
