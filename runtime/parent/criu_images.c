/* See criu_images.h. */
#include "runtime/parent/criu_images.h"

#include "runtime/file.h"
#include "runtime/inroot.h"
#include "runtime/sys.h"
#include "spec/json.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_PATH "checkpoint"
#define DESCRIPTORS "descriptors.json"
#define DESCRIPTORS_MAX 65536
#define CHAIN_MAX 64 /* folders that lead to one another by "parent" */

void criu_images_close(struct criu_images *i)
{
	fd_close(&i->directory);
	fd_close(&i->work);
}

/* A mode of 0: it must be there. */
static int open_folder(const char *path, mode_t mode)
{
	if (mode && make_directories(path, mode) < 0)
		return -1;
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* "../NAME" or what lies below: beside the folder, never elsewhere on the host. */
static bool is_beside(const char *path)
{
	if (!strncmp(path, "../", 3))
		path += 3;
	for (const char *at = path; *at; at += at[strcspn(at, "/")] ? 1 : 0) {
		size_t n = strcspn(at, "/");
		if (n == 2 && !strncmp(at, "..", 2))
			return false;
		at += n;
	}
	return path[0] && path[0] != '/';
}

static int check_folder(int folder, int depth, struct error *e);

/* criu's own link to the images that these add to. A directory of that name is as good to it. */
static int check_parent(int folder, mode_t type, int depth, struct error *e)
{
	char to[PATH_MAX] = "parent";
	if (type == S_IFLNK) {
		ssize_t n = readlinkat(folder, "parent", to, sizeof(to) - 1);
		if (n < 0)
			return error_call(e, "readlinkat", "read its link \"parent\"");
		to[n] = 0;
	}
	if (!is_beside(to)) {
		error_set(e, 0, "its link \"parent\" leads to %s", to);
		return error_hint(e, "the images before these must be in a folder beside them");
	}
	if (depth == CHAIN_MAX)
		return error_set(e, ELOOP, "follow its links \"parent\"");
	CLEAN_FD parent =
		sys_openat2(folder, to, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0, RESOLVE_NO_SYMLINKS);
	if (parent < 0)
		return error_set(e, errno, "follow its link \"parent\" to %s", to);
	return check_folder(parent, depth + 1, e) < 0 ? error_context(e, "%s", to) : 0;
}

static int check_entry(int folder, const char *name, int depth, struct error *e)
{
	struct stat st;

	if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : error_set(e, errno, "look at %s", name);
	if (!strcmp(name, "parent") && (S_ISLNK(st.st_mode) || S_ISDIR(st.st_mode)))
		return check_parent(folder, st.st_mode & S_IFMT, depth, e);
	if (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))
		return 0;
	error_set(e, 0, "it holds %s, %s", name,
		  S_ISLNK(st.st_mode) ? "a symbolic link" : "which is no plain file");
	return error_hint(e, "a folder of images has plain files only");
}

static int check_folder(int folder, int depth, struct error *e)
{
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	int result = 0;

	if (!d) {
		error_set(e, errno, "list the folder of images");
		fd_close(&fd);
		return -1;
	}
	for (struct dirent *entry; result == 0 && (entry = readdir(d));)
		result = check_entry(folder, entry->d_name, depth, e);
	closedir(d);
	return result;
}

static int check_chain(const struct criu_images *i, const char *parent, struct error *e)
{
	if (!is_beside(parent)) {
		error_set(e, 0, "\"%.300s\" is no folder beside --image-path", parent);
		error_in(e, "--parent-path");
		return error_hint(e, "it is relative to that, like ../before");
	}
	CLEAN_FD fd = openat(i->directory, parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		return 0;
	error_set(e, errno, "open %.300s, seen from --image-path", parent);
	return error_in(e, "--parent-path");
}

int criu_images_open(struct criu_images *i, const struct criu_options *o, mode_t mode,
		     const char *log, struct arena *a, struct error *e)
{
	char *path;

	*i = CRIU_IMAGES_NONE;
	i->log = log;
	if (path_absolute(a, o->image_path ? o->image_path : DEFAULT_PATH, &path, e) < 0)
		return -1;
	i->directory = open_folder(path, mode);
	if (i->directory < 0) {
		error_set(e, errno, "open %s", path);
		return error_in(e, "--image-path");
	}
	i->work_path = path;
	if (check_folder(i->directory, 0, e) < 0)
		return error_in(e, "--image-path");
	if (o->parent_path && check_chain(i, o->parent_path, e) < 0)
		return -1;
	if (o->work_path && path_absolute(a, o->work_path, &i->work_path, e) < 0)
		return -1;
	i->work = open_folder(i->work_path, o->work_path ? 0700 : 0);
	if (i->work < 0) {
		error_set(e, errno, "open %s", i->work_path);
		return error_in(e, "--work-path");
	}
	/* What criu writes there it opens by name, and follows links. */
	unlinkat(i->work, log, 0);
	unlinkat(i->work, !strcmp(log, CRIU_DUMP_LOG) ? "stats-dump" : "stats-restore", 0);
	return 0;
}

int criu_images_move(const struct criu_images *i, pid_t criu, struct error *e)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/root", criu);
	CLEAN_FD root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	/* From that root on, or an absolute link would lead back to our own mounts. */
	CLEAN_FD seen = root < 0 ? -1 : inroot_open(root, i->work_path, O_RDONLY | O_DIRECTORY, 0);
	if (seen < 0 || !fd_same(seen, i->work) || dup3(seen, i->work, O_CLOEXEC) < 0)
		return error_set(e, errno, "find %s as criu sees it", i->work_path);
	return 0;
}

/* The file is a list, what our tables read are objects: it is wrapped in one. */
struct descriptors {
	struct strings fds;
};
static const struct json_field descriptors_fields[] = {
	FIELD("fds", struct descriptors, fds, JSON_REQUIRED | JSON_ALWAYS),
};
static const struct json_table descriptors_table = TABLE(struct descriptors, descriptors_fields);

int criu_descriptors_write(const struct criu_images *i, const struct strings *fds, struct arena *a,
			   struct error *e)
{
	const struct descriptors d = { .fds = *fds };
	size_t n;
	const char *text = json_print(&descriptors_table, &d, 0, a, &n);
	const char *from = strchr(text, '['), *to = strrchr(text, ']');

	return file_replace_at(i->directory, DESCRIPTORS, from, (size_t)(to - from) + 1, 0600, e);
}

int criu_descriptors_read(const struct criu_images *i, struct strings *fds, struct arena *a,
			  struct error *e)
{
	struct descriptors d = { 0 };
	struct stat st;
	char *text;
	size_t n;

	CLEAN_FD fd = sys_openat2(i->directory, DESCRIPTORS, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0,
				  RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
	if (fd < 0 || fstat(fd, &st) < 0 || file_read(fd, DESCRIPTORS_MAX, a, &text, &n) < 0) {
		error_set(e, errno, "read " DESCRIPTORS);
		error_in(e, "--image-path");
		return e->code == ENOENT ? error_hint(e, "a checkpoint without --pre-dump makes it")
					 : -1;
	}
	text = arena_printf(a, "{\"fds\":%s}", text);
	if (json_read(&descriptors_table, &d, text, strlen(text), a, NULL, e) < 0) {
		error_context(e, "%s", DESCRIPTORS);
		return error_in(e, "--image-path");
	}
	*fds = d.fds;
	return 0;
}

/* Complaints that are none: what criu would like to have, and does without. */
static bool is_harmless(const char *text)
{
	return !strncmp(text, "rlimit: ", 8) || !strncmp(text, "tun: ", 5);
}

/* A line "(00.146763) Error (criu/files-reg.c:1790): Can't …": its text. NULL for other lines. */
static const char *error_text(const char *line)
{
	const char *at = strstr(line, "Error (");

	at = at ? strstr(at, "): ") : NULL;
	return at && !is_harmless(at + 3) ? at + 3 : NULL;
}

bool criu_log_reason(const struct criu_images *i, char *out, size_t size)
{
	int fd = openat(i->work, i->log, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "re");
	const char *text = NULL;
	char line[1024];

	/* The first error: those that follow are its consequences. */
	while (file && !text && fgets(line, sizeof(line), file))
		text = error_text(line);
	if (text)
		snprintf(out, size, "%.*s", (int)strcspn(text, "\n"), text);
	if (file)
		fclose(file);
	return text;
}
