/*
 * A temporary directory with an arena for one test: for tests of what works on files. Removed with
 * everything in it when the test is over, whether or not it passed.
 */
#ifndef OCIRUN_PLACE_H
#define OCIRUN_PLACE_H

#include "unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct place {
	struct arena arena;
	char path[PATH_MAX];
};

static UNUSED int place_setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));
	const char *under = getenv("TMPDIR");
	char name[200];
	struct error e = ERROR_NONE;

	*state = p;
	snprintf(name, sizeof(name), "%s/ocirun-unit.XXXXXX", under && *under ? under : "/tmp");
	/* Without symbolic links, so that it is what getcwd() says. */
	if (!p || !mkdtemp(name) || !realpath(name, p->path))
		return -1;
	return arena_init(&p->arena, (size_t)1 << 30, &e);
}

static UNUSED int place_remove(const char *path, const struct stat *st, int type, struct FTW *f)
{
	(void)st, (void)type, (void)f;
	return remove(path);
}

static UNUSED int place_teardown(void **state)
{
	struct place *p = *state;
	int left = nftw(p->path, place_remove, 16, FTW_DEPTH | FTW_PHYS);

	arena_free(&p->arena);
	free(p);
	return left;
}

#define PLACE_TEST(f) cmocka_unit_test_setup_teardown(f, place_setup, place_teardown)

/* A path in the directory, from its arena. */
static UNUSED char *in(struct place *p, const char *name)
{
	return arena_printf(&p->arena, "%s/%s", p->path, name);
}

static UNUSED void write_file(const char *path, const void *bytes, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, n), n);
	close(fd);
}

static UNUSED void write_text(const char *path, const char *text)
{
	write_file(path, text, strlen(text));
}

/* Up to 64 KiB of a file, in a buffer that the next call uses again; NULL when it can't be read. */
static UNUSED const char *read_text(const char *path)
{
	static char text[65536];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	text[n < 0 ? 0 : n] = 0;
	return n < 0 ? NULL : text;
}

static UNUSED bool exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static UNUSED bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

/* How many descriptors this process has open: equal before and after when nothing is lost. */
static UNUSED int open_descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n;
}

static UNUSED double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

#endif
