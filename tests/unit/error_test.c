/*
 * error.c: how a story is begun, placed, joined and printed, and that nothing overflows or moves a
 * terminal's cursor.
 */
#include "unit.h"

#include <errno.h>

static void begins(void **state UNUSED)
{
	struct error e = ERROR_NONE;

	assert_int_equal(error_set(&e, EPERM, "bind %s to %s", "/a", "/b"), -1);
	assert_string_equal(shown(&e), "bind /a to /b: Operation not permitted (EPERM)");
	error_set(&e, 0, "no cause");
	assert_string_equal(shown(&e), "no cause");
	error_set(&e, 4000, "odd");
	assert_string_equal(shown(&e), "odd: unknown error (E4000)");
}

static void places(void **state UNUSED)
{
	struct error e = ERROR_NONE;

	error_set(&e, EPERM, "bind");
	error_in(&e, "source");
	error_in(&e, "[%d]", 3);
	error_in(&e, "mounts");
	assert_string_equal(e.field, "mounts[3].source");
	error_context(&e, "create %s", "c1");
	error_context(&e, "ocirun");
	error_hint(&e, "be root");
	error_hint(&e, "the first hint stays");
	assert_string_equal(
		shown(&e),
		"ocirun: create c1: mounts[3].source: bind: Operation not permitted (EPERM) (be root)");
}

/* What a system call failed for: the first argument, if it is an absolute path. */
static void paths(void **state UNUSED)
{
	struct error e = ERROR_NONE;
	char longer[300];

	memset(longer, 'x', sizeof(longer) - 1);
	longer[0] = '/';
	longer[sizeof(longer) - 1] = 0;
	error_set(&e, ENOENT, "bind %s to %s", "/a b", "/c");
	assert_string_equal(e.path, "/a b");
	error_set(&e, 0, "%s is no directory", "/a");
	assert_string_equal(e.path, "");
	error_set(&e, EPERM, "drop capability %u of %s", 3U, "/a");
	assert_string_equal(e.path, "");
	error_set(&e, EPERM, "open %s", "a");
	assert_string_equal(e.path, "");
	error_set(&e, EPERM, "open %s", longer);
	assert_string_equal(e.path, "");
	error_set(&e, EPERM, "set it");
	assert_string_equal(e.path, "");
}

static void calls(void **state UNUSED)
{
	struct error e = ERROR_NONE;

	errno = ENOENT;
	assert_int_equal(error_call(&e, "open", "open %s", "/a"), -1);
	assert_string_equal(shown(&e), "open /a: No such file or directory (ENOENT)");
	assert_int_equal(e.code, ENOENT);
	assert_string_equal(e.syscall, "open");
	assert_string_equal(e.path, "/a");
	/* What comes next may have another cause. */
	error_set(&e, EPERM, "open %s", "/a");
	assert_string_equal(e.syscall, "");
	errno = EPERM;
	error_call(&e, "a_name_that_has_no_room_in_it", "x");
	assert_string_equal(e.syscall, "a_name_that_has_no_room");
}

static void set_forgets(void **state UNUSED)
{
	struct error e = ERROR_NONE;

	error_add(&e, "a", "b");
	error_add(&e, "c", "d");
	error_context(&e, "x");
	error_hint(&e, "h");
	error_set(&e, 0, "new");
	assert_string_equal(shown(&e), "new");
	assert_int_equal(e.problems, 0);
}

static void problems(void **state UNUSED)
{
	struct error e = ERROR_NONE;

	error_add(&e, "a", "first");
	assert_string_equal(e.field, "a");
	assert_string_equal(e.text, "first");
	error_add(&e, "", "second");
	error_add(&e, "c[0]", "third");
	assert_string_equal(e.field, "");
	assert_string_equal(shown(&e), "a: first\nsecond\nc[0]: third");
	error_in(&e, "p");
	assert_string_equal(shown(&e), "p.a: first\np.second\np.c[0]: third");
	error_context(&e, "read");
	assert_string_equal(shown(&e), "read: p.a: first\np.second\np.c[0]: third");
	assert_int_equal(e.problems, 3);
}

static void too_many_problems(void **state UNUSED)
{
	struct error e = ERROR_NONE;

	for (int i = 0; i < 25; i++)
		error_add(&e, "f", "p%d", i);
	assert_contains(shown(&e), "f: p19\nand 5 more problems");
	assert_null(strstr(shown(&e), "p20"));
	e = ERROR_NONE;
	for (int i = 0; i < 21; i++)
		error_add(&e, "f", "%0300d", i);
	assert_contains(shown(&e), "more problems");
	assert_int_equal(e.problems, 21);
}

static void bounds(void **state UNUSED)
{
	struct error e = ERROR_NONE;
	char *long_text = malloc(100001), small[8];

	memset(long_text, 'x', 100000);
	long_text[100000] = '\0';
	error_set(&e, EPERM, "%s", long_text);
	assert_true(strlen(e.text) < sizeof(e.text));
	for (int i = 0; i < 3; i++) {
		error_in(&e, "%s", long_text);
		error_context(&e, "%s", long_text);
	}
	error_hint(&e, "%s", long_text);
	assert_true(strlen(e.field) < sizeof(e.field) && strlen(e.context) < sizeof(e.context));
	assert_int_equal(strlen(error_print(&e, small, sizeof(small))), sizeof(small) - 1);
	e = ERROR_NONE;
	for (int i = 0; i < 3; i++)
		error_add(&e, long_text, "%s", long_text);
	error_in(&e, "%s", long_text);
	assert_true(strlen(e.text) < sizeof(e.text));
	free(long_text);
}

static void control_characters(void **state UNUSED)
{
	struct error e = ERROR_NONE;

	error_add(&e, "a\nb", "c\033[2Jd\r\n\x7f");
	assert_string_equal(shown(&e), "a?b: c?[2Jd???");
	error_set(&e, 0, "two\nlines\033");
	assert_string_equal(shown(&e), "two\nlines?");
	/* A terminal takes U+009B, and the byte alone, for ESC [. */
	error_set(&e, 0,
		  "\xc2\x9b"
		  "2J \x9b"
		  "2J \xe2\x9b \xc2");
	assert_string_equal(shown(&e), "??2J ?2J ?? ?");
	error_set(&e, 0, "gr\u00fc\u00dfe \u20ac \U0001f600");
	assert_string_equal(shown(&e), "gr\u00fc\u00dfe \u20ac \U0001f600");
}

static void names(void **state UNUSED)
{
	assert_string_equal(error_name(ENOENT), "ENOENT");
	assert_string_equal(error_name(9999), "E9999");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(begins),
		cmocka_unit_test(places),
		cmocka_unit_test(paths),
		cmocka_unit_test(calls),
		cmocka_unit_test(set_forgets),
		cmocka_unit_test(problems),
		cmocka_unit_test(too_many_problems),
		cmocka_unit_test(bounds),
		cmocka_unit_test(control_characters),
		cmocka_unit_test(names),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("error", tests, NULL, NULL);
}
