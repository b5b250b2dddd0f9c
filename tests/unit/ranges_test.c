/* ranges.c: which lists are taken, and which numbers are in them. */
#include "unit.h"

#include "spec/ranges.h"

static const struct {
	const char *text;
	uint32_t most;
	const char *numbers; /* of the first 20, a digit or letter per number */
} good[] = {
	{ "0", 0, "x..................." },
	{ "0-3,7", 7, "xxxx...x............" },
	{ "7,0-3", 1023, "xxxx...x............" },
	{ " 1 - 2 , 2-4 ", 8191, ".xxxx..............." },
	{ "00005-5", 5, ".....x.............." },
	{ "19,8191", 8191, "...................x" },
};

static const struct {
	const char *text;
	uint32_t most;
	const char *reason;
} bad[] = {
	{ "", 9, "is no list" },
	{ " ", 9, "is no list" },
	{ ",", 9, "is no list" },
	{ "1,", 9, "is no list" },
	{ ",1", 9, "is no list" },
	{ "1-", 9, "is no list" },
	{ "-1", 9, "is no list" },
	{ "1-2-3", 9, "is no list" },
	{ "1 2", 9, "is no list" },
	{ "+1", 9, "is no list" },
	{ "all", 9, "is no list" },
	{ "1\n", 9, "is no list" },
	{ "2-1", 9, "ends before it begins" },
	{ "10", 9, "goes beyond 9" },
	{ "0-10", 9, "goes beyond 9" },
	{ "4294967296", 9, "goes beyond 9" },
	{ "18446744073709551617", 9, "goes beyond 9" },
	{ "99999999999999999999999999", 9, "goes beyond 9" },
};

static void reads(void **state UNUSED)
{
	for (size_t i = 0; i < COUNT(good); i++) {
		struct error e = ERROR_NONE;
		struct ranges r;
		char text[21] = "";

		if (!ranges_read(good[i].text, good[i].most, &r, "here", &e))
			fail_msg("%s: %s", good[i].text, shown(&e));
		for (uint32_t n = 0; n < 20; n++)
			text[n] = ranges_has(&r, n) ? 'x' : '.';
		assert_string_equal(text, good[i].numbers);
	}
}

static void refuses(void **state UNUSED)
{
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct error e = ERROR_NONE;
		struct ranges r;

		if (ranges_read(bad[i].text, bad[i].most, &r, "here", &e))
			fail_msg("\"%s\" is taken", bad[i].text);
		assert_contains(shown(&e), bad[i].reason);
		assert_contains(shown(&e), "here: ");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(reads), cmocka_unit_test(refuses) };

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("ranges", tests, NULL, NULL);
}
