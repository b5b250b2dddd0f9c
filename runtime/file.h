/*
 * Files and descriptors, on the trusted side: owned descriptors that close themselves, whole-file
 * reads and writes, atomic replacement. Never used for paths below a rootfs (that is
 * runtime/inroot.h).
 */
#ifndef OCIRUN_FILE_H
#define OCIRUN_FILE_H

#include "spec/arena.h"
#include "spec/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* A descriptor that is closed when it leaves its scope; -1 is none. Destructors keep errno. */
#define CLEAN_FD __attribute__((cleanup(fd_clean), unused)) int
void fd_clean(int *fd);
/* Give away a descriptor: returns it and leaves -1. */
int fd_take(int *fd);
/* Close now and leave -1. */
void fd_close(int *fd);
/* Are they the same file? */
bool fd_same(int a, int b);

#define CLEAN_FREE __attribute__((cleanup(free_clean)))
void free_clean(void *pointer);

/* Like write(2), but all of it or -1; EINTR is retried. */
int write_all(int fd, const void *bytes, size_t n);

/* Read a whole file of at most `max` bytes from fd into the arena, NUL-terminated. -1 with errno
 * (EFBIG when larger). */
int file_read(int fd, size_t max, struct arena *a, char **text, size_t *length);

/* The same of a regular file that hardly ever has more than 4095 bytes, which takes one call then. */
int file_read_small(int fd, size_t max, struct arena *a, char **text, size_t *length);

/* The same of a file whose fstat(2) the caller has. */
struct stat;
int file_read_known(int fd, const struct stat *st, size_t max, struct arena *a, char **text,
		    size_t *length);

/* Write text to an existing file (procfs, sysfs, cgroupfs) with one write(2). -1 with errno. */
int file_write_at(int dir, const char *path, const char *text);

/* Replace or make a file atomically: readers see the old text or the new. A failure leaves the old.
 */
MUST_CHECK int file_replace_at(int dir, const char *path, const char *text, size_t n, mode_t mode,
			       struct error *e);

/* Make a file that is not there, with its text at once: whoever is killed in between leaves
 * nothing. -1, also where the filesystem can't do that, or the file is there. */
MUST_CHECK int file_make(const char *path, const char *text, size_t n, mode_t mode);

/* The absolute form of a path, from the arena: not resolved, only prefixed by the current
 * directory. */
MUST_CHECK int path_absolute(struct arena *a, const char *path, char **out, struct error *e);

/* mkdir -p with mode; existing directories are kept as they are. -1 with errno. */
int make_directories(const char *path, mode_t mode);

#endif
