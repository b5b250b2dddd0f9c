/*
 * status.c: the document of `state` as callers read it, and the record on disk there and back.
 */
#include "unit.h"

#include "spec/status.h"

static void document(void **state)
{
	struct status s = { .oci_version = "1.3.0",
			    .id = "c1",
			    .status = "stopped",
			    .bundle = "/b",
			    .rootfs = "/b/rootfs",
			    .created = "2026-11-24T00:00:00.000000001Z",
			    .owner = "root" };

	assert_string_equal(
		json_print(&status_table, &s, 2, *state, NULL),
		"{\n  \"ociVersion\": \"1.3.0\",\n  \"id\": \"c1\",\n  \"pid\": 0,\n  \"status\": \"stopped\",\n"
		"  \"bundle\": \"/b\",\n  \"rootfs\": \"/b/rootfs\",\n"
		"  \"created\": \"2026-11-24T00:00:00.000000001Z\",\n  \"owner\": \"root\"\n}");
}

static void record(void **state)
{
	char *args[] = { "hook", "a b", NULL };
	int64_t timeout = 3;
	struct spec_hook hook = { .path = "/bin/hook",
				  .args = { 2, args },
				  .env = &(struct strings){ 0, NULL },
				  .timeout = &timeout };
	struct record_cgroup cgroups[] = { { "/sys/fs/cgroup/a/b", "/sys/fs/cgroup/a" },
					   { "/sys/fs/cgroup/c", NULL } };
	struct pair note = { "key\n", "v\"" };
	struct record r = { .oci_version = "1.3.0",
			    .id = "c1",
			    .bundle = "/b",
			    .rootfs = "/r",
			    .created = "now",
			    .complete = true,
			    .has_process = true,
			    .own_pid_namespace = true,
			    .owner = "0",
			    .annotations = { 1, &note },
			    .creator = { 12, 34 },
			    .init = { 56, UINT64_MAX } };
	struct record back = { 0 };
	struct error e = ERROR_NONE;
	size_t n;

	r.cgroups.n = 2;
	r.cgroups.v = cgroups;
	r.poststart.n = r.poststop.n = 1;
	r.poststart.v = r.poststop.v = &hook;
	char *text = json_print(&record_table, &r, 0, *state, &n);
	assert_int_equal(json_read(&record_table, &back, text, n, *state, NULL, &e), 0);
	assert_true(back.complete && back.has_process && back.own_pid_namespace);
	assert_true(back.creator.pid == 12 && back.creator.start_time == 34 && back.init.pid == 56);
	assert_true(back.init.start_time == UINT64_MAX);
	assert_string_equal(back.annotations.v[0].key, "key\n");
	assert_string_equal(back.cgroups.v[0].top, "/sys/fs/cgroup/a");
	assert_null(back.cgroups.v[1].top);
	assert_true(back.poststop.v[0].env && back.poststop.v[0].env->n == 0 &&
		    *back.poststop.v[0].timeout == 3);
	assert_string_equal(back.poststop.v[0].args.v[1], "a b");
	assert_string_equal(json_print(&record_table, &back, 0, *state, NULL), text);
}

static void damaged(void **state)
{
	struct record r = { 0 };
	struct error e = ERROR_NONE;

	assert_int_equal(json_read(&record_table, &r, "{\"id\":\"c1\"}", 11, *state, NULL, &e), -1);
	assert_contains(shown(&e), "creator: is required");
}

int main(void)
{
	const struct CMUnitTest tests[] = { ARENA_TEST(document), ARENA_TEST(record),
					    ARENA_TEST(damaged) };

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("status", tests, NULL, NULL);
}
