/*
 * Theory of operation. The source is an image's or a volume's, so hostile, and may change while we
 * read: every file is looked at by descriptor (O_PATH, never following a link), and what was looked
 * at is what is read. The tmpfs is mounted nowhere, so nobody else can reach it, and names in it
 * may be trusted.
 */
#include "runtime/child/copyup.h"

#include "runtime/child/filesystem.h"
#include "runtime/file.h"
#include "runtime/sys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define DEPTH_MAX 200 /* directories: each has three descriptors open */

/* A file that has more names: where the first copy is. */
struct copied {
	dev_t dev;
	ino_t ino;
	char path[]; /* below the tmpfs */
};

struct copy {
	int tmpfs;
	const char *destination;
	char path[PATH_MAX]; /* below the tmpfs, of what is being copied: "/a/b" */
	size_t length;
	int depth;
	void *links; /* a tree of struct copied, of tsearch(3): an image may have any number */
};

static int failed(const struct copy *c, int code, const char *what, struct error *e)
{
	error_set(e, code, "%s %s%s into the tmpfs", what, c->destination, c->path);
	return code == ENOSPC ? error_hint(e, "the tmpfs is full: its size= says how much it takes")
			      : -1;
}

/* The way to the inode itself for calls that take no O_PATH descriptor. */
static const char *proc_path(int fd, char *out, size_t size)
{
	snprintf(out, size, "/proc/self/fd/%d", fd);
	return out;
}

static int copy_xattrs(const struct copy *c, int from, int to, struct error *e)
{
	char source[32], target[32], names[XATTR_LIST_MAX], value[XATTR_SIZE_MAX];
	ssize_t n = listxattr(proc_path(from, source, sizeof(source)), names, sizeof(names));

	proc_path(to, target, sizeof(target));
	for (ssize_t at = 0; at < n; at += (ssize_t)strlen(names + at) + 1) {
		ssize_t size = getxattr(source, names + at, value, sizeof(value));
		if (size < 0 && (errno == ENODATA || errno == ENOTSUP))
			continue;
		/* What this tmpfs or this user namespace has no place for means nothing there. */
		if (size < 0 || (setxattr(target, names + at, value, size, 0) < 0 &&
				 errno != ENOTSUP && errno != EPERM))
			return failed(c, errno, "copy an attribute of", e);
	}
	return n < 0 && errno != ENOTSUP ? failed(c, errno, "copy the attributes of", e) : 0;
}

/* The owner first: it resets set-id bits and file capabilities. The times last. EINVAL: an owner
 * that this user namespace has no id for; the file is ours then, and runs as nobody else's. */
static int copy_attributes(const struct copy *c, int from, int to, const struct stat *st,
			   struct error *e)
{
	const struct timespec times[] = { st->st_atim, st->st_mtim };
	char path[32];
	mode_t mode = st->st_mode & 07777;

	if (fchownat(to, "", st->st_uid, st->st_gid, AT_EMPTY_PATH) < 0) {
		if (errno != EINVAL)
			return failed(c, errno, "copy the owner of", e);
		mode &= ~(mode_t)(S_ISUID | S_ISGID);
	}
	if (!S_ISLNK(st->st_mode) && chmod(proc_path(to, path, sizeof(path)), mode) < 0)
		return failed(c, errno, "copy the mode of", e);
	if (copy_xattrs(c, from, to, e) < 0)
		return -1;
	if (utimensat(to, "", times, AT_EMPTY_PATH) < 0)
		return failed(c, errno, "copy the times of", e);
	return 0;
}

/* Only what is written: a sparse file stays sparse. */
static int copy_data(int in, int out, off_t size)
{
	off_t at = 0;

	/* No further than it was: somebody may be writing to it. */
	while (at < size && (at = lseek(in, at, SEEK_DATA)) >= 0) {
		off_t end = lseek(in, at, SEEK_HOLE);
		if (end > size)
			end = size;
		if (end < 0 || lseek(out, at, SEEK_SET) < 0)
			return -1;
		while (at < end) {
			ssize_t n = sendfile(out, in, &at, (size_t)(end - at));
			if (n < 0 && errno != EINTR)
				return -1;
			if (n == 0) /* it has become shorter */
				return 0;
		}
	}
	return at >= 0 || errno == ENXIO ? ftruncate(out, size) : -1;
}

static int copy_file(const struct copy *c, int from, int at, const char *name,
		     const struct stat *st, struct error *e)
{
	char path[32];
	CLEAN_FD in = open(proc_path(from, path, sizeof(path)), O_RDONLY | O_CLOEXEC | O_NOCTTY);
	CLEAN_FD out =
		in < 0 ? -1 : openat(at, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	return out < 0 || copy_data(in, out, st->st_size) < 0 ? failed(c, errno, "copy", e) : 0;
}

static int copy_link(const struct copy *c, int from, int at, const char *name, struct error *e)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(from, "", target, sizeof(target) - 1);

	target[n < 0 ? 0 : n] = 0;
	return n < 0 || symlinkat(target, at, name) < 0 ? failed(c, errno, "copy", e) : 0;
}

static int compare(const void *left, const void *right)
{
	const struct copied *a = left, *b = right;

	return a->ino != b->ino ? (a->ino < b->ino ? -1 : 1)
				: (a->dev > b->dev) - (a->dev < b->dev);
}

/* Another name of a file that has been copied: 1, linked; 0, it is the first. */
static int copy_name(struct copy *c, int at, const char *name, const struct stat *st,
		     struct error *e)
{
	if (st->st_nlink < 2 || S_ISDIR(st->st_mode))
		return 0;
	struct copied *new = malloc(sizeof(*new) + c->length + 1);
	if (!new)
		return failed(c, errno, "copy", e);
	new->dev = st->st_dev;
	new->ino = st->st_ino;
	memcpy(new->path, c->path, c->length + 1);
	struct copied *const *first = tsearch(new, &c->links, compare);
	if (first && *first == new)
		return 0;
	free(new);
	if (!first)
		return failed(c, ENOMEM, "copy", e);
	return linkat(c->tmpfs, (*first)->path + 1, at, name, 0) < 0 ? failed(c, errno, "link", e)
								     : 1;
}

static int copy_directory(struct copy *c, int from, int to, struct error *e);

static int make_copy(struct copy *c, int from, int at, const char *name, const struct stat *st,
		     struct error *e)
{
	switch (st->st_mode & S_IFMT) {
	case S_IFREG: return copy_file(c, from, at, name, st, e);
	case S_IFLNK: return copy_link(c, from, at, name, e);
	case S_IFDIR: return mkdirat(at, name, 0700) < 0 ? failed(c, errno, "copy", e) : 0;
	case S_IFIFO:
	case S_IFSOCK:
		return mknodat(at, name, (st->st_mode & S_IFMT) | 0600, 0) < 0
			       ? failed(c, errno, "copy", e)
			       : 0;
	default:
		/* It may lie on a nodev mount, which the tmpfs is not. */
		error_set(e, 0, "%s%s is a device: tmpcopyup copies none", c->destination, c->path);
		return error_hint(e, "linux.devices makes devices");
	}
}

static int copy_entry(struct copy *c, int from_directory, int at, const char *name, struct error *e)
{
	struct stat st;
	CLEAN_FD from = sys_openat2(from_directory, name, O_PATH | O_NOFOLLOW, 0,
				    RESOLVE_BENEATH | RESOLVE_NO_XDEV);

	/* Gone meanwhile, or the root of another mount. */
	if (from < 0 && (errno == ENOENT || errno == EXDEV))
		return 0;
	if (from < 0 || fstat(from, &st) < 0)
		return failed(c, errno, "copy", e);
	int linked = copy_name(c, at, name, &st, e);
	if (linked)
		return linked < 0 ? -1 : 0;
	if (make_copy(c, from, at, name, &st, e) < 0)
		return -1;
	CLEAN_FD to = openat(at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (to < 0)
		return failed(c, errno, "copy", e);
	if (S_ISDIR(st.st_mode) && copy_directory(c, from, to, e) < 0)
		return -1;
	return copy_attributes(c, from, to, &st, e);
}

static int copy_directory(struct copy *c, int from, int to, struct error *e)
{
	CLEAN_FD fd = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = fd < 0 || c->depth == DEPTH_MAX ? NULL : fdopendir(fd);
	size_t length = c->length;
	int result = 0;

	if (!directory)
		return failed(c, c->depth == DEPTH_MAX ? ELOOP : errno, "copy", e);
	fd_take(&fd);
	c->depth++;
	while (result == 0) {
		errno = 0;
		const struct dirent *entry = readdir(directory);
		if (!entry) {
			result = errno ? failed(c, errno, "copy", e) : 0;
			break;
		}
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		int n = snprintf(c->path + length, sizeof(c->path) - length, "/%s", entry->d_name);
		if ((size_t)n >= sizeof(c->path) - length) {
			result = failed(c, ENAMETOOLONG, "copy", e);
			break;
		}
		c->length = length + (size_t)n;
		result = copy_entry(c, from, to, entry->d_name, e);
	}
	c->path[length] = 0;
	c->length = length;
	c->depth--;
	closedir(directory);
	return result;
}

int copyup(struct child *child, int from, int to, const struct plan_mount *m, struct error *e)
{
	struct copy *c = arena_new(&child->arena, struct copy);
	struct stat st, new;

	c->tmpfs = to;
	c->destination = m->destination;
	if (fstat(from, &st) < 0 || fstat(to, &new) < 0)
		return failed(c, errno, "copy", e);
	if (filesystem_option(m, "mode="))
		st.st_mode = new.st_mode;
	if (filesystem_option(m, "uid="))
		st.st_uid = new.st_uid;
	if (filesystem_option(m, "gid="))
		st.st_gid = new.st_gid;
	int result = copy_directory(c, from, to, e);
	tdestroy(c->links, free);
	return result < 0 ? -1 : copy_attributes(c, from, to, &st, e);
}
