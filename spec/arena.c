/*
 * The reserve of an arena is address space without memory: a page costs nothing until it is
 * written, so it can be generous. What is given out is never taken back, hence fresh from the
 * kernel and zero without our writing it.
 */
#include "spec/arena.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define ALIGNMENT 16

int arena_init(struct arena *a, size_t size, struct error *e)
{
	/* A stack gets no huge page: where the host gives them unasked, the first byte would cost
	 * 2 MiB, which count for the container's limit too. (Before Linux 6.7 it may get one, but
	 * only where what is used happens to reach a multiple of 2 MiB.) */
	void *base = mmap(NULL, size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);

	*a = (struct arena){ 0 };
	if (base == MAP_FAILED)
		return error_set(e, errno, "reserve %zu bytes of address space", size);
	a->base = base;
	a->size = size;
	return 0;
}

void arena_free(struct arena *a)
{
	int saved = errno;

	if (a->base)
		munmap(a->base, a->size);
	*a = (struct arena){ 0 };
	errno = saved;
}

static void *take(struct arena *a, size_t start, size_t size)
{
	if (start > a->size || size > a->size - start) {
		fprintf(stderr, "the arena of %zu bytes has no room for %zu more\n", a->size, size);
		exit(1);
	}
	a->used = start + size;
	return a->base + start;
}

void *arena_alloc(struct arena *a, size_t size)
{
	return take(a, (a->used + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1), size);
}

/* Strings are packed: most of a document is strings, and every page touched is a page fault. */
char *arena_strndup(struct arena *a, const char *s, size_t n)
{
	char *copy = take(a, a->used, n + 1);

	memcpy(copy, s, n);
	return copy;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}

char *arena_printf(struct arena *a, const char *format, ...)
{
	va_list args, again;
	int n;

	va_start(args, format);
	va_copy(again, args);
	n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (n < 0)
		n = 0;
	char *s = take(a, a->used, (size_t)n + 1);
	vsnprintf(s, (size_t)n + 1, format, again);
	va_end(again);
	return s;
}
