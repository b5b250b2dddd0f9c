/*
 * The features document: it reads back as JSON, has what the specification requires, lists what
 * words.c knows, and promises nothing that is not there yet.
 */
#include "spec/features.h"
#include "spec/spec.h"
#include "spec/words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct arena arena;
static struct features features;

static int setup(void **state)
{
	struct error e = ERROR_NONE;

	(void)state;
	if (arena_init(&arena, (size_t)1 << 20, &e))
		return -1;
	features_fill(&features, &arena);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

static bool has(const struct strings *list, const char *word)
{
	for (size_t i = 0; i < list->n; i++)
		if (!strcmp(list->v[i], word))
			return true;
	return false;
}

static void test_versions(void **state)
{
	(void)state;
	assert_string_equal(features.oci_version_min, "1.0.0");
	assert_string_equal(features.oci_version_max, "1.3.0");
}

static void test_hooks(void **state)
{
	static const char *const names[] = { "prestart",       "createRuntime", "createContainer",
					     "startContainer", "poststart",     "poststop" };

	(void)state;
	assert_int_equal(features.hooks.n, 6);
	for (size_t i = 0; i < 6; i++)
		assert_true(has(&features.hooks, names[i]));
}

static void test_mount_options(void **state)
{
	static const char *const names[] = { "bind",   "rbind",    "ro",     "rro",
					     "nosuid", "rprivate", "remount" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_true(has(&features.mount_options, names[i]));
	for (size_t i = 0; i < features.mount_options.n; i++)
		assert_non_null(mount_option_find(features.mount_options.v[i]));
	assert_null(features.mount_options.v[features.mount_options.n]);
	/* All that the reader knows are done. */
	for (size_t i = 0; mount_options[i].name; i++)
		assert_true(has(&features.mount_options, mount_options[i].name));
}

static void test_linux(void **state)
{
	uint64_t value;

	(void)state;
	assert_int_equal(features.linux.namespaces.n, 8);
	assert_true(features.linux.capabilities.n >= 41);
	for (size_t i = 0; i < features.linux.capabilities.n; i++)
		assert_true(
			word_value(&words_capabilities, features.linux.capabilities.v[i], &value));
	assert_true(features.linux.cgroup.v1);
	assert_true(features.linux.cgroup.v2);
	assert_int_equal(features.linux.memory_policy->modes.n, 7);
	assert_int_equal(features.linux.memory_policy->flags.n, 3);
}

/* A vocabulary without its feature would be a promise. */
static void test_disabled_is_bare(void **state)
{
	const struct features_seccomp *s = &features.linux.seccomp;

	(void)state;
	assert_int_equal(s->enabled, s->actions.n > 0);
	assert_int_equal(s->enabled, s->operators.n > 0);
	assert_int_equal(s->enabled, s->archs.n > 0);
	assert_true(features.linux.mount_extensions.idmap.enabled);
}

static void test_json(void **state)
{
	struct features again = { 0 };
	struct error e = ERROR_NONE;
	size_t n;
	char *text = json_print(&features_table, &features, 2, &arena, &n);

	(void)state;
	if (json_read(&features_table, &again, text, n, &arena, NULL, &e))
		fail_msg("%s", e.text);
	assert_string_equal(text, json_print(&features_table, &again, 2, &arena, NULL));
	assert_int_equal(again.linux.namespaces.n, 8);
	assert_non_null(
		strstr(text, "\"potentiallyUnsafeConfigAnnotations\": [\n    \"org.criu.config\",\n"
			     "    \"org.systemd.property.\",\n    \"run.oci.\"\n  ]"));
	assert_non_null(strstr(text, "\"idmap\": {"));
	assert_non_null(strstr(text, "\"systemdUser\": true"));
	assert_non_null(strstr(text, "\"org.opencontainers.runc.checkpoint.enabled\": \"true\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_versions),         cmocka_unit_test(test_hooks),
		cmocka_unit_test(test_mount_options),    cmocka_unit_test(test_linux),
		cmocka_unit_test(test_disabled_is_bare), cmocka_unit_test(test_json),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("features", tests, setup, teardown);
}
