/*
 * What the unit tests of spec/ share: cmocka in the order its header wants, and a fresh arena per
 * test.
 */
#ifndef OCIRUN_UNIT_H
#define OCIRUN_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "spec/arena.h"
#include "spec/error.h"
#include "spec/spec.h"

#define UNUSED __attribute__((unused))
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Arenas reserve address space only, so a generous one costs a test nothing. */
static UNUSED int arena_setup(void **state)
{
	struct error e = ERROR_NONE;
	struct arena *a = malloc(sizeof(*a));

	*state = a;
	return a ? arena_init(a, (size_t)1 << 30, &e) : -1;
}

static UNUSED int arena_teardown(void **state)
{
	arena_free(*state);
	free(*state);
	return 0;
}

/* The error as a user sees it, in a buffer that the next call uses again. */
static UNUSED const char *shown(const struct error *e)
{
	static char text[8192];

	return error_print(e, text, sizeof(text));
}

#define assert_contains(text, part)                                      \
	do {                                                             \
		if (!strstr(text, part))                                 \
			fail_msg("\"%s\" is not in \"%s\"", part, text); \
	} while (0)

/* linux.resources with these members. */
static UNUSED const struct spec_resources *resources_of(struct arena *a, const char *members)
{
	struct error e = ERROR_NONE;
	struct spec *s;
	const char *text = arena_printf(a,
					"{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"r\"},"
					"\"linux\":{\"resources\":{%s}}}",
					members);

	if (spec_read(a, text, strlen(text), &s, NULL, &e) < 0)
		fail_msg("%s: %s", members, shown(&e));
	return s->linux->resources;
}

#define ARENA_TEST(f) cmocka_unit_test_setup_teardown(f, arena_setup, arena_teardown)

#endif
