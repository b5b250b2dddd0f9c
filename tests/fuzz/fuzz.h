/* What the fuzzers share: an expectation, and a directory for those that read files. */
#ifndef OCIRUN_FUZZ_H
#define OCIRUN_FUZZ_H

#include "spec/arena.h"
#include "spec/error.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define UNUSED __attribute__((unused))

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static UNUSED void need(bool condition)
{
	if (!condition)
		abort();
}

/* Reads all of it, up to its end. */
static UNUSED void use(const char *text)
{
	need(!text || strlen(text) < (size_t)1 << 30);
}

static UNUSED void reserve(struct arena *a, size_t size)
{
	struct error e = ERROR_NONE;

	need(arena_init(a, size, &e) == 0);
}

/* A new directory in memory; what is in it stays small, and goes with the machine's next start. */
static UNUSED int place(void)
{
	char name[] = "/dev/shm/ocirun-fuzz.XXXXXX";

	need(mkdtemp(name));
	int fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	need(fd >= 0);
	return fd;
}

static UNUSED void write_at(int directory, const char *name, const void *bytes, size_t n)
{
	int fd = openat(directory, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	need(fd >= 0 && write(fd, bytes, n) == (ssize_t)n);
	close(fd);
}

/* The input as a string, which ends where it ends, so that reading on is found out. */
static UNUSED char *as_text(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	memcpy(text, data, size);
	text[size] = 0;
	return text;
}

#endif
