/* cgroup_restore.c: what is kept of a file is what the kernel takes to have it back. */
#include "place.h"

#include "runtime/parent/cgroup_resources.h"

static const struct {
	const char *file, *says, *written, *back;
} cases[] = {
	{ "pids.max", "max\n", "7", "max\n" },
	{ "memory.limit_in_bytes", "9223372036854771712\n", "1", "9223372036854771712\n" },
	{ "cpu.max", "50000 100000\n", "max 20000", "50000 100000\n" },
	/* An empty list has a line too: nothing written is no write. */
	{ "cpuset.cpus", "\n", "0-1", "\n" },
	{ "memory.oom_control", "oom_kill_disable 0\nunder_oom 1\noom_kill 0\n", "1", "0" },
	{ "memory.oom_control", "oom_kill_disable 1\nunder_oom 0\n", "0", "1" },
	{ "io.max",
	  "8:0 rbps=1 wbps=max riops=max wiops=max\n8:16 rbps=2 wbps=3 riops=max wiops=max\n",
	  "8:16 rbps=9", "8:16 rbps=2 wbps=3 riops=max wiops=max" },
	{ "io.max", "8:160 rbps=1 wbps=max riops=max wiops=max\n", "8:16 rbps=9",
	  "8:16 rbps=max wbps=max riops=max wiops=max" },
	{ "io.weight", "default 100\n8:0 50\n", "200", "default 100" },
	{ "io.bfq.weight", "default 100\n8:0 50\n", "8:0 200", "8:0 50" },
	{ "io.bfq.weight", "default 100\n", "8:0 200", "8:0 default" },
	{ "blkio.bfq.weight", "100\n", "200", "100\n" },
	{ "blkio.bfq.weight_device", "default 100\n8:0 50\n", "8:0 200", "8:0 50" },
	{ "blkio.throttle.read_bps_device", "8:0 1000\n8:16 2000\n", "8:16 5", "8:16 2000" },
	{ "blkio.throttle.read_bps_device", "", "8:16 5", "8:16 0" },
	{ "net_prio.ifpriomap", "lo 0\neth0 5\n", "eth0 1", "eth0 5" },
	{ "rdma.max", "mlx4_0 hca_handle=2 hca_object=max\n", "mlx4_0 hca_handle=9",
	  "mlx4_0 hca_handle=2 hca_object=max" },
	{ "schemata", "    MB:0=100\n    L3:0=ff;1=ff\n", "L3:0=f\n",
	  "    MB:0=100\n    L3:0=ff;1=ff\n" },
};

static void a_file_is_kept_as_it_is_written(void **state)
{
	struct place *p = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct plan_limit limit = { .file = in(p, cases[i].file),
					    .value = (char *)cases[i].written };
		struct plan plan = { .limits = { 1, &limit } };
		record_value_list old = { 0 };
		write_text(limit.file, cases[i].says);
		cgroup_limits_remember(&p->arena, &plan, &old);
		assert_int_equal(old.n, 1);
		assert_string_equal(old.v[0].text, cases[i].back);
	}
}

static void the_file_that_the_kernel_has_is_kept(void **state)
{
	struct place *p = *state;
	struct plan_limit limits[] = {
		{ .file = in(p, "io.bfq.weight"),
		  .value = "5",
		  .other = in(p, "io.weight"),
		  .other_value = "41" },
		{ .file = in(p, "missing"), .value = "1" },
	};
	struct plan plan = { .limits = { 2, limits } };
	record_value_list old = { 0 };

	write_text(in(p, "io.weight"), "default 77\n");
	cgroup_limits_remember(&p->arena, &plan, &old);
	assert_int_equal(old.n, 1);
	assert_string_equal(old.v[0].file, in(p, "io.weight"));
	assert_string_equal(old.v[0].text, "default 77");
}

static void what_differs_is_put_back(void **state)
{
	struct place *p = *state;
	struct error e = ERROR_NONE;
	struct plan_limit limits[] = { { .file = in(p, "pids.max"), .value = "20" },
				       { .file = in(p, "memory.max"), .value = "2000" } };
	struct plan plan = { .limits = { 2, limits } };
	record_value_list old = { 0 };

	write_text(limits[0].file, "10\n");
	write_text(limits[1].file, "1000\n");
	cgroup_limits_remember(&p->arena, &plan, &old);
	write_text(limits[0].file, "20\n");
	write_text(limits[1].file, "2000\n");
	cgroup_limits_restore(&p->arena, &old, &e);
	assert_string_equal(read_text(limits[0].file), "10\n");
	assert_string_equal(read_text(limits[1].file), "1000\n");
	assert_string_equal(e.hint, "");
	/* A file that is gone went with its cgroup. */
	unlink(limits[0].file);
	cgroup_limits_restore(&p->arena, &old, &e);
	assert_string_equal(e.hint, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLACE_TEST(a_file_is_kept_as_it_is_written),
		PLACE_TEST(the_file_that_the_kernel_has_is_kept),
		PLACE_TEST(what_differs_is_put_back),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("cgroup_restore", tests, NULL, NULL);
}
