/* number.c and timestamp.c: texts to numbers, and a number to a text. */
#include "unit.h"

#include "spec/arena.h"
#include "spec/number.h"
#include "spec/timestamp.h"

static void reads(void **state UNUSED)
{
	const char *text = "0007:18446744073709551615x", *at = text;
	uint64_t n;
	uint32_t small;

	assert_true(number_read(&at, 7, &n));
	assert_int_equal(n, 7);
	assert_string_equal(at++, ":18446744073709551615x");
	assert_true(number_read(&at, UINT64_MAX, &n));
	assert_true(n == UINT64_MAX);
	assert_string_equal(at, "x");
	at = "4294967295 ";
	assert_true(number_read32(&at, &small));
	assert_int_equal(small, UINT32_MAX);
	at = " \t 1 2\n3";
	assert_true(number_next(&at, &n) && n == 1);
	assert_true(number_next(&at, &n) && n == 2);
	assert_false(number_next(&at, &n));
	assert_string_equal(at, "\n3");
}

static void refuses(void **state UNUSED)
{
	static const char *const bad[] = {
		"", " 1", "-1", "+1", "x", "8", "18446744073709551616", "99999999999999999999"
	};

	for (size_t i = 0; i < COUNT(bad); i++) {
		const char *at = bad[i];
		uint64_t n;

		if (number_read(&at, 7, &n) || at != bad[i])
			fail_msg("\"%s\" is taken", bad[i]);
	}
	const char *at = "18446744073709551616";
	uint64_t n;
	uint32_t small;
	assert_false(number_read(&at, UINT64_MAX, &n));
	at = "4294967296";
	assert_false(number_read32(&at, &small));
	assert_string_equal(at, "4294967296");
}

/* As date(1) prints them. */
static void moments(void **state UNUSED)
{
	static const struct {
		struct timespec when;
		const char *text;
	} rows[] = {
		{ { 0, 0 }, "1970-01-01T00:00:00.000000000Z" },
		{ { 951782399, 999999999 }, "2000-02-28T23:59:59.999999999Z" },
		{ { 951782400, 1 }, "2000-02-29T00:00:00.000000001Z" },
		{ { 1709251200, 0 }, "2024-03-01T00:00:00.000000000Z" },
		{ { 1798761599, 0 }, "2026-12-31T23:59:59.000000000Z" },
		{ { 4107542400, 0 }, "2100-03-01T00:00:00.000000000Z" },
	};
	struct error e = ERROR_NONE;
	struct arena a;

	assert_int_equal(arena_init(&a, 1 << 16, &e), 0);
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_string_equal(timestamp_print(rows[i].when, &a), rows[i].text);
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(reads), cmocka_unit_test(refuses),
					    cmocka_unit_test(moments) };

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("number", tests, NULL, NULL);
}
