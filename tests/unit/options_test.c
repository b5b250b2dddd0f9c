/*
 * The option parser: every way of writing an option that callers use, and every way of getting it
 * wrong. A row of `good` is a command line and what it must come to.
 */
#include "cmd/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct target {
	const char *bundle;
	const char *pid_file;
	bool all;
	bool quiet;
	bool no_subreaper;
	unsigned fds;
	unsigned format;
};

static const struct option rows[] = {
	OPTION('b', "bundle", "DIR", struct target, bundle, "a directory"),
	OPTION(0, "pid-file", "FILE", struct target, pid_file, "a file"),
	OPTION('a', "all", NULL, struct target, all, "all"),
	OPTION('q', "quiet", NULL, struct target, quiet, "quiet"),
	OPTION(0, "no-subreaper", NULL, struct target, no_subreaper, "no"),
	OPTION('n', "preserve-fds", "N", struct target, fds, "number"),
	OPTION('f', "format", "table|json", struct target, format, "word"),
	{ 0 },
};

enum { WORDS_MAX = 12 };

struct line {
	const char *words[WORDS_MAX];
	struct target target;
	const char *rest[WORDS_MAX];
	bool help;
};

static const struct line good[] = {
	{ .target = { 0 } },
	{ .words = { "--bundle", "/x", "c1" }, .target = { .bundle = "/x" }, .rest = { "c1" } },
	{ .words = { "--bundle=/x", "c1" }, .target = { .bundle = "/x" }, .rest = { "c1" } },
	{ .words = { "--bundle=a=b" }, .target = { .bundle = "a=b" } },
	{ .words = { "-bundle", "/x" }, .target = { .bundle = "/x" } },
	{ .words = { "-bundle=/x" }, .target = { .bundle = "/x" } },
	{ .words = { "-b", "/x" }, .target = { .bundle = "/x" } },
	{ .words = { "-b/x" }, .target = { .bundle = "/x" } },
	{ .words = { "-b=/x" }, .target = { .bundle = "/x" } },
	{ .words = { "--bundle", "-odd" }, .target = { .bundle = "-odd" } },
	{ .words = { "--bundle", "--", "x" }, .target = { .bundle = "--" }, .rest = { "x" } },
	{ .words = { "--bundle=" } },
	{ .words = { "--bundle", "" } },
	{ .words = { "--bundle=1", "--bundle=2" }, .target = { .bundle = "2" } },
	{ .words = { "-no-subreaper", "c1" }, .target = { .no_subreaper = true }, .rest = { "c1" } },
	{ .words = { "--no-subreaper=true" }, .target = { .no_subreaper = true } },
	{ .words = { "-no-subreaper=false" } },
	{ .words = { "--all", "--all=false" } },
	{ .words = { "--all=1" }, .target = { .all = true } },
	{ .words = { "-a=0" } },
	{ .words = { "-all" }, .target = { .all = true } },
	{ .words = { "-aq" }, .target = { .all = true, .quiet = true } },
	{ .words = { "-qab/x" }, .target = { .all = true, .quiet = true, .bundle = "/x" } },
	{ .words = { "-qb", "/x" }, .target = { .quiet = true, .bundle = "/x" } },
	{ .words = { "-aq=false" }, .target = { .all = true } },
	{ .words = { "c1", "-a", "KILL", "-q" },
	  .target = { .all = true, .quiet = true },
	  .rest = { "c1", "KILL" } },
	{ .words = { "-a", "--", "-q", "--nope" },
	  .target = { .all = true },
	  .rest = { "-q", "--nope" } },
	{ .words = { "c1", "--", "-9" }, .rest = { "c1", "-9" } },
	{ .words = { "c1", "--", "--", "x" }, .rest = { "c1", "--", "x" } },
	{ .words = { "-" }, .rest = { "-" } },
	{ .words = { "" }, .rest = { "" } },
	{ .words = { "--preserve-fds", "0" } },
	{ .words = { "-n3" }, .target = { .fds = 3 } },
	{ .words = { "--preserve-fds=2147483647" }, .target = { .fds = 2147483647 } },
	{ .words = { "-f", "json" }, .target = { .format = 1 } },
	{ .words = { "--format=table" }, .target = { .format = 0 } },
	{ .words = { "--help" }, .help = true },
	{ .words = { "-h" }, .help = true },
	{ .words = { "-help" }, .help = true },
	{ .words = { "-ah" }, .target = { .all = true }, .help = true },
};

static const struct {
	const char *words[WORDS_MAX];
	const char *text;
	const char *hint;
} bad[] = {
	{ { "--nope" }, "unknown option --nope", "" },
	{ { "--bundel", "x" }, "unknown option --bundel", "did you mean --bundle?" },
	{ { "--quite=x" }, "unknown option --quite", "did you mean --quiet?" },
	{ { "--bund", "x" }, "unknown option --bund", "did you mean --bundle?" },
	{ { "-no-subreapr" },
	  "--preserve-fds: \"o-subreapr\" is not a number from 0 to 2147483647",
	  "" },
	{ { "-9" }, "unknown option -9", "" },
	{ { "-ax" }, "unknown option -ax", "" },
	{ { "-=x" }, "unknown option -", "" },
	{ { "--=x" }, "unknown option --", "" },
	{ { "--b", "x" }, "unknown option --b", "" },
	{ { "--bundle" }, "--bundle: missing argument DIR", "" },
	{ { "-b" }, "--bundle: missing argument DIR", "" },
	{ { "-ab" }, "--bundle: missing argument DIR", "" },
	{ { "--all=maybe" }, "--all: \"maybe\" is neither true nor false", "" },
	{ { "--all=" }, "--all: \"\" is neither true nor false", "" },
	{ { "--preserve-fds", "-1" },
	  "--preserve-fds: \"-1\" is not a number from 0 to 2147483647",
	  "" },
	{ { "--preserve-fds=+1" },
	  "--preserve-fds: \"+1\" is not a number from 0 to 2147483647",
	  "" },
	{ { "--preserve-fds=" }, "--preserve-fds: \"\" is not a number from 0 to 2147483647", "" },
	{ { "--preserve-fds=0x1" },
	  "--preserve-fds: \"0x1\" is not a number from 0 to 2147483647",
	  "" },
	{ { "--preserve-fds=2147483648" },
	  "--preserve-fds: \"2147483648\" is not a number from 0 to 2147483647",
	  "" },
	{ { "--preserve-fds=99999999999999999999" },
	  "--preserve-fds: \"99999999999999999999\" is not a number from 0 to 2147483647",
	  "" },
	{ { "--format", "xml" }, "--format: \"xml\" is none of table|json", "" },
	{ { "--format", "tab" }, "--format: \"tab\" is none of table|json", "" },
	{ { "--format=" }, "--format: \"\" is none of table|json", "" },
};

static int count(const char *const *words)
{
	int n = 0;

	while (n < WORDS_MAX && words[n])
		n++;
	return n;
}

static int parse(const char *const *words, enum option_order order, struct target *target,
		 char **copy, struct arguments *args, bool *help, struct error *e)
{
	memcpy(copy, words, WORDS_MAX * sizeof(*copy));
	copy[WORDS_MAX] = NULL;
	*args = (struct arguments){ count(words), copy };
	return options_parse(rows, target, order, args, help, e);
}

static void same_string(const char *a, const char *b)
{
	assert_int_equal(!a, !b);
	if (a)
		assert_string_equal(a, b);
}

static void test_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		const struct line *l = &good[i];
		char *copy[WORDS_MAX + 1];
		struct target t = { 0 };
		struct error e = ERROR_NONE;
		struct arguments args;
		bool help = false;

		if (parse(l->words, OPTIONS_ANYWHERE, &t, copy, &args, &help, &e))
			fail_msg("line %zu: %s", i, e.text);
		same_string(t.bundle, l->target.bundle);
		same_string(t.pid_file, l->target.pid_file);
		assert_int_equal(t.all, l->target.all);
		assert_int_equal(t.quiet, l->target.quiet);
		assert_int_equal(t.no_subreaper, l->target.no_subreaper);
		assert_int_equal(t.fds, l->target.fds);
		assert_int_equal(t.format, l->target.format);
		assert_int_equal(help, l->help);
		assert_int_equal(args.n, count(l->rest));
		for (int w = 0; w <= args.n; w++)
			same_string(args.v[w], w < args.n ? l->rest[w] : NULL);
	}
}

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char *copy[WORDS_MAX + 1];
		struct target t = { 0 };
		struct error e = ERROR_NONE;
		struct arguments args;
		bool help = false;

		assert_int_equal(parse(bad[i].words, OPTIONS_ANYWHERE, &t, copy, &args, &help, &e),
				 -1);
		assert_string_equal(e.text, bad[i].text);
		assert_string_equal(e.hint, bad[i].hint);
	}
}

/* Global options end at the command, whose own options are left alone. */
static void test_first(void **state)
{
	const char *words[WORDS_MAX] = { "-a", "-b", "/x", "create", "-q", "--", "c1" };
	char *copy[WORDS_MAX + 1];
	struct target t = { 0 };
	struct error e = ERROR_NONE;
	struct arguments args;
	bool help = false;

	(void)state;
	assert_int_equal(parse(words, OPTIONS_FIRST, &t, copy, &args, &help, &e), 0);
	assert_true(t.all);
	assert_false(t.quiet);
	assert_string_equal(t.bundle, "/x");
	assert_int_equal(args.n, 4);
	assert_string_equal(args.v[0], "create");
	assert_string_equal(args.v[3], "c1");
	assert_null(args.v[4]);
}

/* Nothing behind --help is looked at: it is for somebody who does not know the options. */
static void test_help_first(void **state)
{
	const char *words[WORDS_MAX] = { "--help", "--nope" };
	char *copy[WORDS_MAX + 1];
	struct target t = { 0 };
	struct error e = ERROR_NONE;
	struct arguments args;
	bool help = false;

	(void)state;
	assert_int_equal(parse(words, OPTIONS_ANYWHERE, &t, copy, &args, &help, &e), 0);
	assert_true(help);
}

static void test_distance(void **state)
{
	(void)state;
	assert_int_equal(word_distance("", ""), 0);
	assert_int_equal(word_distance("start", "start"), 0);
	assert_int_equal(word_distance("strat", "start"), 2);
	assert_int_equal(word_distance("stat", "start"), 1);
	assert_int_equal(word_distance("", "run"), 3);
	assert_int_equal(word_distance("run", ""), 3);
	assert_true(word_distance("a-word-far-too-long-to-be-a-typing-error", "run") >= WORD_FAR);
}

static void test_resembles(void **state)
{
	unsigned best = WORD_FAR;

	(void)state;
	assert_false(word_resembles("", "run", &best));
	assert_false(word_resembles("ps", "spec", &best));
	assert_false(word_resembles("rm", "run", &best));
	assert_true(word_resembles("stat", "start", &best));
	assert_int_equal(best, 1);
	assert_false(word_resembles("stat", "start", &best)); /* not nearer */
}

static void test_durations(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} cases[] = {
		{ "5s", 5000 },
		{ "500ms", 500 },
		{ "1m30s", 90000 },
		{ "1.5h", 5400000 },
		{ "2h45m", 9900000 },
		{ "0.5s", 500 },
		{ "5", 5000 },
		{ "1us", 1 },
		{ "1\xc2\xb5s", 1 },
		{ "1001us", 2 },
		{ "0", 0 },
		{ "0s", 0 },
		{ "", -1 },
		{ "s", -1 },
		{ "-1s", -1 },
		{ "+1s", -1 },
		{ "5x", -1 },
		{ "5s5", -1 },
		{ "5 s", -1 },
		{ ".5s", -1 },
		{ "1e3s", -1 },
		{ "99999999999s", -1 },
		{ "2147483647h2147483647h", -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (duration_parse(cases[i].text) != cases[i].ms)
			fail_msg("%s: %lld", cases[i].text,
				 (long long)duration_parse(cases[i].text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),      cmocka_unit_test(test_bad),
		cmocka_unit_test(test_first),     cmocka_unit_test(test_help_first),
		cmocka_unit_test(test_distance),  cmocka_unit_test(test_resembles),
		cmocka_unit_test(test_durations),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
