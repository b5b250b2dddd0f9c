/* See file.h. */
#include "runtime/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void fd_close(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}

bool fd_same(int a, int b)
{
	struct stat x, y;

	return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_ino == y.st_ino &&
	       x.st_dev == y.st_dev;
}

void fd_clean(int *fd)
{
	fd_close(fd);
}

int fd_take(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

void free_clean(void *pointer)
{
	int saved = errno;

	free(*(void **)pointer);
	errno = saved;
}

int write_all(int fd, const void *bytes, size_t n)
{
	const char *at = bytes;

	while (n > 0) {
		ssize_t done = write(fd, at, n);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -1;
		at += done;
		n -= done;
	}
	return 0;
}

int file_read(int fd, size_t max, struct arena *a, char **text, size_t *length)
{
	struct stat st;

	return fstat(fd, &st) < 0 ? -1 : file_read_known(fd, &st, max, a, text, length);
}

int file_read_small(int fd, size_t max, struct arena *a, char **text, size_t *length)
{
	char bytes[4096];
	ssize_t n;

	do
		n = read(fd, bytes, sizeof(bytes));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -1;
	if (n == sizeof(bytes))
		return lseek(fd, 0, SEEK_SET) < 0 ? -1 : file_read(fd, max, a, text, length);
	if ((size_t)n > max) {
		errno = EFBIG;
		return -1;
	}
	*text = arena_strndup(a, bytes, (size_t)n);
	*length = (size_t)n;
	return 0;
}

int file_read_known(int fd, const struct stat *st, size_t max, struct arena *a, char **text,
		    size_t *length)
{
	if (S_ISDIR(st->st_mode)) {
		errno = EISDIR;
		return -1;
	}
	if (st->st_size > 0 && (size_t)st->st_size > max) {
		errno = EFBIG;
		return -1;
	}
	/* The size is a hint: files of procfs say 0, and a file may grow. */
	size_t room = st->st_size > 0 ? (size_t)st->st_size + 1 : 4096, used = 0;
	char *bytes = arena_alloc(a, room + 1);
	for (;;) {
		ssize_t n = read(fd, bytes + used, room - used);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		used += n;
		/* As long as it said, and a file that can say (of procfs all say 0): no need to ask
		 * for its end. */
		if (S_ISREG(st->st_mode) && used == (size_t)st->st_size)
			break;
		if (used > max) {
			errno = EFBIG;
			return -1;
		}
		if (used == room) {
			char *larger = arena_alloc(a, 2 * room + 1);
			memcpy(larger, bytes, used);
			bytes = larger;
			room *= 2;
		}
	}
	bytes[used] = 0;
	*text = bytes;
	if (length)
		*length = used;
	return 0;
}

int file_write_at(int dir, const char *path, const char *text)
{
	CLEAN_FD fd = openat(dir, path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	size_t n = strlen(text);

	if (fd < 0)
		return -1;
	ssize_t done = write(fd, text, n);
	if (done >= 0 && (size_t)done != n) {
		errno = EIO;
		return -1;
	}
	return done < 0 ? -1 : 0;
}

int file_replace_at(int dir, const char *path, const char *text, size_t n, mode_t mode,
		    struct error *e)
{
	char temporary[4096];

	/* One name for all who write this file: they exclude each other, and one that died leaves
	 * one file at most. */
	if (snprintf(temporary, sizeof(temporary), "%s.tmp", path) >= (int)sizeof(temporary))
		return error_set(e, ENAMETOOLONG, "write %s", path);
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
	CLEAN_FD fd = openat(dir, temporary, flags, mode);
	/* Of a process that died in between. */
	if (fd < 0 && errno == EEXIST && unlinkat(dir, temporary, 0) == 0)
		fd = openat(dir, temporary, flags, mode);
	if (fd < 0)
		return error_call(e, "openat", "make %s", temporary);
	if (write_all(fd, text, n) < 0 || renameat(dir, temporary, dir, path) < 0) {
		error_set(e, errno, "write %s", path);
		unlinkat(dir, temporary, 0);
		return -1;
	}
	return 0;
}

int file_make(const char *path, const char *text, size_t n, mode_t mode)
{
	char directory[4096], link[32];
	const char *slash = strrchr(path, '/');
	const int length = slash ? (int)(slash - path + 1) : 0;

	if (snprintf(directory, sizeof(directory), "%.*s.", length, path) >= (int)sizeof(directory))
		return -1;
	CLEAN_FD fd = open(directory, O_WRONLY | O_TMPFILE | O_CLOEXEC, mode);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	return fd < 0 || write_all(fd, text, n) < 0
		       ? -1
		       : linkat(AT_FDCWD, link, AT_FDCWD, path, AT_SYMLINK_FOLLOW);
}

int path_absolute(struct arena *a, const char *path, char **out, struct error *e)
{
	char here[4096];

	if (path[0] == '/') {
		*out = arena_strdup(a, path);
		return 0;
	}
	if (!getcwd(here, sizeof(here)) || here[0] != '/')
		return error_set(e, errno, "find the current directory");
	if (!strcmp(path, ".") || !*path)
		*out = arena_strdup(a, here);
	else
		*out = arena_printf(a, "%s/%s", strcmp(here, "/") ? here : "", path);
	return 0;
}

int make_directories(const char *path, mode_t mode)
{
	char part[4096];
	size_t n = strlen(path);

	if (n >= sizeof(part)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(part, path, n + 1);
	for (char *at = part + 1; *at; at++) {
		if (*at != '/')
			continue;
		*at = 0;
		if (mkdir(part, mode) < 0 && errno != EEXIST && errno != EROFS)
			return -1;
		*at = '/';
	}
	if (mkdir(part, mode) == 0)
		return 0;
	struct stat st;
	if (errno != EEXIST || stat(part, &st) < 0)
		return -1;
	errno = ENOTDIR;
	return S_ISDIR(st.st_mode) ? 0 : -1;
}
