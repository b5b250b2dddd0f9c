/*
 * An arena: one contiguous piece of address space that is filled from its start and freed as a
 * whole. Everything read from JSON and the whole plan live in one, so they can be handed to the
 * child as bytes (json_rebase).
 */
#ifndef OCIRUN_ARENA_H
#define OCIRUN_ARENA_H

#include "spec/error.h"

#include <stdarg.h>
#include <stddef.h>

struct arena {
	char *base;
	size_t used;
	size_t size;
};

/* Reserve `size` bytes of address space; memory is taken only as it is used. Free with
 * arena_free(). */
MUST_CHECK int arena_init(struct arena *a, size_t size, struct error *e);
void arena_free(struct arena *a);

/*
 * Zeroed, 16-byte aligned memory that lives as long as the arena; never NULL. An arena whose
 * reserve is used up ends the process with exit status 1 and a message: the reserve is sized from
 * the bounded input, and arenas are filled before the first side effect.
 */
void *arena_alloc(struct arena *a, size_t size) __attribute__((malloc, returns_nonnull));
char *arena_strndup(struct arena *a, const char *s, size_t n) __attribute__((returns_nonnull));
char *arena_strdup(struct arena *a, const char *s) __attribute__((returns_nonnull));
char *arena_printf(struct arena *a, const char *format, ...)
	__attribute__((format(printf, 2, 3), returns_nonnull));

#define arena_new(a, type) ((type *)arena_alloc((a), sizeof(type)))
#define arena_array(a, type, n) ((type *)arena_alloc((a), sizeof(type) * (n)))

#endif
