/* exec_process.c: what exec runs follows from config.json, process.json and the command line. */
#include "unit.h"

#include "runtime/parent/exec_process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *no_args[] = { NULL };
static struct arena arena;
static struct plan plan;

/* The process that options make of a config.json's; NULL: the error is in *e. */
static struct spec_process *made(const struct exec_options *options, const char *process,
				 struct error *e)
{
	struct exec_options o = *options;
	struct spec s = { 0 };

	*e = ERROR_NONE;
	memset(&plan, 0, sizeof(plan));
	arena_free(&arena);
	assert_int_equal(arena_init(&arena, 1 << 24, e), 0);
	s.linux = arena_new(&arena, struct spec_linux);
	if (process) {
		s.process = arena_new(&arena, struct spec_process);
		assert_int_equal(json_read(&spec_process_table, s.process, process, strlen(process),
					   &arena, NULL, e),
				 0);
	}
	if (!o.args)
		o.args = no_args;
	return exec_process(&o, &arena, &s, &plan, e) < 0 ? NULL : s.process;
}

#define SIMPLE "{\"args\": [\"a\"], \"cwd\": \"/\", \"user\": {\"uid\": 3, \"gid\": 4}}"

static void user(const char *text, const char *expected)
{
	const struct exec_options o = { .user = text };
	char got[1024];
	struct error e;
	struct spec_process *p = made(&o, SIMPLE, &e);

	if (p)
		snprintf(got, sizeof(got), "%u:%u %s %s %d", p->user.uid, p->user.gid,
			 plan.user ? plan.user : "-", plan.group ? plan.group : "-",
			 plan.gid_given);
	else
		snprintf(got, sizeof(got), "%s", e.field);
	assert_string_equal(got, expected);
}

static void users(void **state)
{
	static const char *const wrong[] = {
		":",  "1:",   ":1",   "+1",    "-1", "1x", "01234567890", "4294967295",  "0x10",
		"a:", "1:-1", "1:+2", "1:2:3", " 1", "1 ", "4294967296",  "1:4294967295"
	};

	(void)state;
	user("0", "0:4 - - 0");
	user("007", "7:4 - - 0");
	user("1:2", "1:2 - - 1");
	user("4294967294:4294967294", "4294967294:4294967294 - - 1");
	user("name", "3:4 name - 0");
	user("name:5", "3:5 name - 1");
	user("name:group", "3:4 name group 1");
	user("9:group", "9:4 - group 1");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		user(wrong[i], "--user");
}

static void capabilities(void **state)
{
	static const char *names[] = { "CAP_KILL", "CAP_NOPE", "CAP_CHOWN" };
	const struct exec_options o = { .cap = { 3, names } };
	struct error e;

	(void)state;
	struct spec_process *p = made(&o, SIMPLE, &e);
	assert_non_null(p);
	assert_int_equal(p->capabilities->bounding, 1 << 5 | 1);
	assert_int_equal(p->capabilities->effective, 1 << 5 | 1);
	assert_int_equal(p->capabilities->permitted, 1 << 5 | 1);
	assert_int_equal(p->capabilities->inheritable, 0);
	assert_int_equal(p->capabilities->ambient, 0);
	p = made(&o,
		 "{\"args\": [\"a\"], \"cwd\": \"/\", \"capabilities\": {\"inheritable\": "
		 "[\"CAP_KILL\"], \"bounding\": [\"CAP_SYS_ADMIN\"]}}",
		 &e);
	assert_non_null(p);
	assert_int_equal(p->capabilities->bounding, 1 << 21 | 1 << 5 | 1);
	assert_int_equal(p->capabilities->inheritable, 1 << 5);
	assert_int_equal(p->capabilities->ambient, 1 << 5);
}

static void lists(void **state)
{
	static const char *env[] = { "B=2", "A=3" }, *gids[] = { "7", "0" }, *wrong[] = { "-1" };
	static char *args[] = { "x", "y", NULL };
	struct exec_options o = { .args = args, .env = { 2, env }, .additional_gids = { 2, gids } };
	struct error e;
	struct spec_process *p =
		made(&o,
		     "{\"args\": [\"a\"], \"cwd\": \"/\", \"env\": [\"A=1\"], \"terminal\": true, "
		     "\"user\": {\"additionalGids\": [5]}}",
		     &e);

	(void)state;
	assert_non_null(p);
	assert_int_equal(p->args.n, 2);
	assert_string_equal(p->args.v[1], "y");
	assert_null(p->args.v[2]);
	assert_int_equal(p->env.n, 3);
	assert_string_equal(p->env.v[0], "A=1");
	assert_string_equal(p->env.v[2], "A=3");
	assert_int_equal(p->user.additional_gids.n, 3);
	assert_int_equal(p->user.additional_gids.v[0], 5);
	assert_int_equal(p->user.additional_gids.v[1], 7);
	/* A terminal is what the command line says. */
	assert_false(p->terminal);
	o.additional_gids = (struct words_given){ 1, wrong };
	assert_null(made(&o, SIMPLE, &e));
	assert_string_equal(e.field, "--additional-gids");
}

static void no_process(void **state)
{
	const struct exec_options o = { 0 };
	struct error e;

	(void)state;
	assert_null(made(&o, NULL, &e));
	assert_string_equal(e.field, "process");
}

static void file(void **state)
{
	char path[] = "/tmp/exec-process-XXXXXX";
	int fd = mkstemp(path);
	static const char text[] = "{\"args\": [\"f\"], \"cwd\": \"/f\", \"terminal\": true}";
	const struct exec_options o = { .process = path };
	struct error e;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
	close(fd);
	struct spec_process *p = made(
		&o,
		"{\"args\": [\"a\"], \"cwd\": \"/\", \"noNewPrivileges\": true, "
		"\"oomScoreAdj\": 5, \"env\": [\"A=1\"], \"user\": {\"uid\": 3, \"umask\": 7}, "
		"\"rlimits\": [{\"type\": \"RLIMIT_CORE\", \"soft\": 1, \"hard\": 2}]}",
		&e);
	unlink(path);
	assert_non_null(p);
	assert_string_equal(p->args.v[0], "f");
	assert_string_equal(p->cwd, "/f");
	assert_true(p->terminal);
	/* Its own. */
	assert_int_equal(p->user.uid, 0);
	assert_int_equal(p->env.n, 0);
	assert_false(p->no_new_privileges);
	/* The container's. */
	assert_int_equal(*p->oom_score_adj, 5);
	assert_int_equal(*p->user.umask, 7);
	assert_int_equal(p->rlimits.n, 1);
	/* Gone meanwhile. */
	assert_null(made(&o, SIMPLE, &e));
	assert_string_equal(e.field, "--process");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(users), cmocka_unit_test(capabilities),
		cmocka_unit_test(lists), cmocka_unit_test(no_process),
		cmocka_unit_test(file),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("exec_process", tests, NULL, NULL);
}
