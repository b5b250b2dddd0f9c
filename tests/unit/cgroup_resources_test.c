/*
 * cgroup_resources.c, cgroup_lists.c: what each field of linux.resources becomes on a host with
 * cgroup v1, with v2, and with both; and what can't be said there.
 */
#include "unit.h"

#include "runtime/parent/cgroup_resources.h"

enum host { V1, V2, HYBRID, NONE };

static struct plan *plan_of(struct arena *a, enum host host)
{
	static const char *const controllers[] = { "cpu",      "cpuacct", "cpuset",   "memory",
						   "blkio",    "pids",    "hugetlb",  "net_cls",
						   "net_prio", "rdma",    "name=test" };
	struct plan *p = arena_new(a, struct plan);

	p->cgroups.v = arena_array(a, struct plan_cgroup, COUNT(controllers) + 1);
	for (size_t i = 0; (host == V1 || host == HYBRID) && i < COUNT(controllers); i++) {
		struct plan_cgroup *c = &p->cgroups.v[p->cgroups.n];
		if (host == HYBRID && !strcmp(controllers[i], "hugetlb"))
			continue;
		c->options.v = arena_array(a, char *, 1);
		c->options.v[c->options.n++] = arena_strdup(a, controllers[i]);
		c->path = "/c";
		p->cgroups.n++;
	}
	if (host == V2 || host == HYBRID)
		p->cgroups.v[p->cgroups.n++] =
			(struct plan_cgroup){ .name = "", .path = "/u", .unified = true };
	return p;
}

static const char *const available[] = {
	[V1] = "", [V2] = "cpuset cpu io memory hugetlb pids rdma", [HYBRID] = "hugetlb", [NONE] = ""
};

/* "file=value", one a line, or "!" and the error. */
static char *resolved_for(struct arena *a, enum host host, const char *resources, bool update)
{
	struct error e = ERROR_NONE;
	struct plan *plan = plan_of(a, host);
	char *out = "";

	if (cgroup_resources_for(a, resources_of(a, resources), update, available[host], plan, &e) <
	    0)
		return arena_printf(a, "!%s", shown(&e));
	for (size_t i = 0; i < plan->limits.n; i++) {
		const struct plan_limit *l = &plan->limits.v[i];
		out = arena_printf(a, "%s%s%s=%s", out, *out ? "\n" : "", l->file, l->value);
		if (l->other)
			out = arena_printf(a, "%s or %s=%s", out, l->other, l->other_value);
	}
	return out;
}

static char *resolved(struct arena *a, enum host host, const char *resources)
{
	return resolved_for(a, host, resources, false);
}

#define LACKS(field, what, version)                                    \
	"!linux.resources." field ": can't be set: it needs the " what \
	" controller of cgroup " version
#define V2_HAS ", and this host has cgroup v2 with cpuset cpu io memory hugetlb pids rdma"
#define RATE "[{\"major\":8,\"minor\":16,\"rate\":1000}]"

static const struct {
	const char *resources, *v1, *v2;
} cases[] = {
	{ "\"memory\":{\"limit\":1000}", "/c/memory.limit_in_bytes=1000", "/u/memory.max=1000" },
	{ "\"memory\":{\"limit\":-1}", "/c/memory.limit_in_bytes=-1", "/u/memory.max=max" },
	{ "\"memory\":{\"limit\":0,\"reservation\":0,\"swap\":0,\"kernel\":0,\"kernelTCP\":0}", "",
	  "" },
	{ "\"memory\":{\"kernel\":-1,\"disableOOMKiller\":false,\"checkBeforeUpdate\":true}", "",
	  "" },
	{ "\"memory\":{\"reservation\":500}", "/c/memory.soft_limit_in_bytes=500",
	  "/u/memory.low=500" },
	{ "\"memory\":{\"limit\":1000,\"swap\":1500}",
	  "/c/memory.limit_in_bytes=1000\n/c/memory.memsw.limit_in_bytes=1500",
	  "/u/memory.max=1000\n/u/memory.swap.max=500" },
	{ "\"memory\":{\"limit\":1000,\"swap\":1000}",
	  "/c/memory.limit_in_bytes=1000\n/c/memory.memsw.limit_in_bytes=1000",
	  "/u/memory.max=1000\n/u/memory.swap.max=0" },
	{ "\"memory\":{\"limit\":1000,\"swap\":-1}",
	  "/c/memory.limit_in_bytes=1000\n/c/memory.memsw.limit_in_bytes=-1",
	  "/u/memory.max=1000\n/u/memory.swap.max=max" },
	{ "\"memory\":{\"swap\":1000}", "/c/memory.memsw.limit_in_bytes=1000",
	  "!linux.resources.memory.swap: needs memory.limit: cgroup v2 limits swap beside memory, not "
	  "both together" },
	{ "\"memory\":{\"kernel\":1000}",
	  "!linux.resources.memory.kernel: can't be set: Linux has no such limit any more, and "
	  "memory.limit counts it too",
	  "!linux.resources.memory.kernel: can't be set: Linux has no such limit any more, and "
	  "memory.limit counts it too" },
	{ "\"memory\":{\"limit\":1000,\"kernel\":1000,\"kernelTCP\":1000}",
	  "/c/memory.limit_in_bytes=1000\n/c/memory.kmem.tcp.limit_in_bytes=1000",
	  "/u/memory.max=1000" },
	{ "\"memory\":{\"limit\":1000,\"kernelTCP\":999}",
	  "/c/memory.limit_in_bytes=1000\n/c/memory.kmem.tcp.limit_in_bytes=999",
	  LACKS("memory.kernelTCP", "memory", "v1") V2_HAS },
	{ "\"memory\":{\"limit\":-1,\"kernel\":1000}",
	  "!linux.resources.memory.kernel: can't be set: Linux has no such limit any more, and "
	  "memory.limit counts it too",
	  "!linux.resources.memory.kernel: can't be set: Linux has no such limit any more, and "
	  "memory.limit counts it too" },
	{ "\"memory\":{\"kernelTCP\":1000}", "/c/memory.kmem.tcp.limit_in_bytes=1000",
	  LACKS("memory.kernelTCP", "memory", "v1") V2_HAS },
	{ "\"memory\":{\"swappiness\":0}", "/c/memory.swappiness=0",
	  LACKS("memory.swappiness", "memory", "v1") V2_HAS },
	{ "\"memory\":{\"disableOOMKiller\":true}", "/c/memory.oom_control=1",
	  LACKS("memory.disableOOMKiller", "memory", "v1") V2_HAS },
	{ "\"memory\":{\"useHierarchy\":true}", "/c/memory.use_hierarchy=1", "" },
	{ "\"memory\":{\"useHierarchy\":false}", "/c/memory.use_hierarchy=0",
	  "!linux.resources.memory.useHierarchy: can't be false: limits of cgroup v2 always count what "
	  "is below" },
	{ "\"pids\":{\"limit\":7}", "/c/pids.max=7", "/u/pids.max=7" },
	{ "\"pids\":{\"limit\":0}", "/c/pids.max=0", "/u/pids.max=0" },
	{ "\"pids\":{\"limit\":-1}", "/c/pids.max=max", "/u/pids.max=max" },
	{ "\"cpu\":{\"shares\":0,\"period\":0,\"quota\":0,\"burst\":0,\"idle\":0,\"cpus\":\"\"}",
	  "", "" },
	{ "\"cpu\":{\"shares\":1024}", "/c/cpu.shares=1024", "/u/cpu.weight=100" },
	{ "\"cpu\":{\"quota\":5000}", "/c/cpu.cfs_quota_us=5000", "/u/cpu.max=5000 100000" },
	{ "\"cpu\":{\"quota\":-1}", "/c/cpu.cfs_quota_us=-1", "/u/cpu.max=max 100000" },
	{ "\"cpu\":{\"quota\":5000,\"period\":20000,\"burst\":100}",
	  "/c/cpu.cfs_period_us=20000\n/c/cpu.cfs_quota_us=5000\n/c/cpu.cfs_burst_us=100",
	  "/u/cpu.max=5000 20000\n/u/cpu.max.burst=100" },
	{ "\"cpu\":{\"period\":20000}", "/c/cpu.cfs_period_us=20000", "/u/cpu.max=max 20000" },
	{ "\"cpu\":{\"shares\":2,\"idle\":1}", "/c/cpu.shares=2\n/c/cpu.idle=1",
	  "/u/cpu.weight=1\n/u/cpu.idle=1" },
	{ "\"cpu\":{\"cpus\":\"0-1\",\"mems\":\"0\"}", "/c/cpuset.cpus=0-1\n/c/cpuset.mems=0",
	  "/u/cpuset.cpus=0-1\n/u/cpuset.mems=0" },
	{ "\"cpu\":{\"realtimePeriod\":1000,\"realtimeRuntime\":500}",
	  "/c/cpu.rt_period_us=1000\n/c/cpu.rt_runtime_us=500",
	  LACKS("cpu.realtimePeriod", "cpu", "v1") V2_HAS
	  "\n"
	  "linux.resources.cpu.realtimeRuntime: can't be set: it needs the cpu controller of cgroup v1" V2_HAS },
	{ "\"network\":{\"classID\":1048577}", "/c/net_cls.classid=1048577",
	  LACKS("network.classID", "net_cls", "v1") V2_HAS },
	{ "\"network\":{\"classID\":0,\"priorities\":[]}", "", "" },
	{ "\"network\":{\"priorities\":[{\"name\":\"lo\",\"priority\":3}]}",
	  "/c/net_prio.ifpriomap=lo 3", LACKS("network.priorities[0]", "net_prio", "v1") V2_HAS },
	{ "\"blockIO\":{\"weight\":500}", "/c/blkio.weight=500 or /c/blkio.bfq.weight=500",
	  "/u/io.bfq.weight=500 or /u/io.weight=4950" },
	{ "\"blockIO\":{\"weight\":0,\"leafWeight\":0}", "", "" },
	{ "\"blockIO\":{\"leafWeight\":500}", "/c/blkio.leaf_weight=500",
	  LACKS("blockIO.leafWeight", "blkio", "v1") V2_HAS },
	{ "\"blockIO\":{\"weightDevice\":[{\"major\":8,\"minor\":0,\"weight\":10}]}",
	  "/c/blkio.weight_device=8:0 10 or /c/blkio.bfq.weight_device=8:0 10",
	  "/u/io.bfq.weight=8:0 10 or /u/io.weight=8:0 1" },
	{ "\"blockIO\":{\"throttleReadBpsDevice\":" RATE ",\"throttleWriteBpsDevice\":" RATE "}",
	  "/c/blkio.throttle.read_bps_device=8:16 1000\n/c/blkio.throttle.write_bps_device=8:16 1000",
	  "/u/io.max=8:16 rbps=1000\n/u/io.max=8:16 wbps=1000" },
	{ "\"blockIO\":{\"throttleReadIOPSDevice\":" RATE ",\"throttleWriteIOPSDevice\":" RATE "}",
	  "/c/blkio.throttle.read_iops_device=8:16 1000\n"
	  "/c/blkio.throttle.write_iops_device=8:16 1000",
	  "/u/io.max=8:16 riops=1000\n/u/io.max=8:16 wiops=1000" },
	{ "\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":0,\"rate\":0}]}",
	  "/c/blkio.throttle.read_bps_device=8:0 0", "/u/io.max=8:0 rbps=max" },
	{ "\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":4194304}]",
	  "/c/hugetlb.2MB.limit_in_bytes=4194304\n/c/hugetlb.2MB.rsvd.limit_in_bytes=4194304",
	  "/u/hugetlb.2MB.max=4194304\n/u/hugetlb.2MB.rsvd.max=4194304" },
	{ "\"rdma\":{\"mlx5_1\":{\"hcaHandles\":3,\"hcaObjects\":4}}",
	  "/c/rdma.max=mlx5_1 hca_handle=3 hca_object=4",
	  "/u/rdma.max=mlx5_1 hca_handle=3 hca_object=4" },
	{ "\"unified\":{\"memory.high\":\"1000\",\"cgroup.max.depth\":\"3\"}",
	  LACKS("unified[\"memory.high\"]", "memory",
		"v2") ", and this host has cgroup v1 with cpu "
		      "cpuacct cpuset memory blkio pids hugetlb net_cls net_prio rdma: "
		      "an invalid configuration here\n"
		      "linux.resources.unified[\"cgroup.max.depth\"]: can't be set: it needs cgroup v2, and this host has cgroup v1 with cpu cpuacct cpuset memory blkio pids hugetlb "
		      "net_cls net_prio rdma",
	  "/u/memory.high=1000\n/u/cgroup.max.depth=3" },
	/* A line at a time: systemd is told of each, and each is put back. */
	{ "\"unified\":{\"io.max\":\"8:0 rbps=1\\n\\n8:16 wbps=2\"}",
	  LACKS("unified[\"io.max\"]", "io",
		"v2") ", and this host has cgroup v1 with cpu "
		      "cpuacct cpuset memory blkio pids hugetlb net_cls net_prio rdma: "
		      "an invalid configuration here",
	  "/u/io.max=8:0 rbps=1\n/u/io.max=8:16 wbps=2" },
	{ "\"unified\":{\"nonsense.max\":\"1\"},\"memory\":{\"limit\":5}",
	  LACKS("unified[\"nonsense.max\"]", "nonsense",
		"v2") ", and this host has cgroup v1 with cpu "
		      "cpuacct cpuset memory blkio pids hugetlb net_cls net_prio rdma: "
		      "an invalid configuration here",
	  LACKS("unified[\"nonsense.max\"]", "nonsense", "v2") V2_HAS
	  ": an invalid configuration here" },
};

static void each_field_has_its_file(void **state)
{
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_string_equal(resolved(*state, V1, cases[i].resources), cases[i].v1);
		assert_string_equal(resolved(*state, V2, cases[i].resources), cases[i].v2);
	}
}

/* What an update makes of the same fields where that differs. */
static void an_update_leaves_what_is_absent_and_resets_to_zero(void **state)
{
	static const struct {
		const char *resources, *v1, *v2;
	} updates[] = {
		{ "\"cpu\":{\"shares\":0,\"period\":0,\"quota\":0,\"burst\":0,\"idle\":0}",
		  "/c/cpu.cfs_burst_us=0\n/c/cpu.idle=0", "/u/cpu.max.burst=0\n/u/cpu.idle=0" },
		{ "\"cpu\":{\"quota\":5000}", "/c/cpu.cfs_quota_us=5000", "/u/cpu.max=5000" },
		{ "\"cpu\":{\"quota\":-1}", "/c/cpu.cfs_quota_us=-1", "/u/cpu.max=max" },
		{ "\"cpu\":{\"realtimeRuntime\":0}", "/c/cpu.rt_runtime_us=0", "" },
		{ "\"memory\":{\"disableOOMKiller\":false}", "/c/memory.oom_control=0", "" },
		{ "\"network\":{\"classID\":0}", "/c/net_cls.classid=0", "" },
		{ "\"memory\":{\"swap\":1000}", "/c/memory.memsw.limit_in_bytes=1000",
		  "!memory.swap: needs memory.limit: cgroup v2 limits swap beside memory, not both "
		  "together" },
		{ "\"blockIO\":{\"leafWeight\":500}", "/c/blkio.leaf_weight=500",
		  "!blockIO.leafWeight: can't be set: it needs the blkio controller of cgroup "
		  "v1" V2_HAS },
	};

	for (size_t i = 0; i < COUNT(updates); i++) {
		assert_string_equal(resolved_for(*state, V1, updates[i].resources, true),
				    updates[i].v1);
		assert_string_equal(resolved_for(*state, V2, updates[i].resources, true),
				    updates[i].v2);
	}
}

static void a_controller_is_used_where_it_is(void **state)
{
	assert_string_equal(resolved(*state, HYBRID,
				     "\"memory\":{\"limit\":5},"
				     "\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":0}]"),
			    "/c/memory.limit_in_bytes=5\n/u/hugetlb.2MB.max=0\n"
			    "/u/hugetlb.2MB.rsvd.max=0");
	assert_contains(
		resolved(*state, HYBRID, "\"unified\":{\"memory.high\":\"5\"}"),
		"and this host has cgroup v1 with cpu cpuacct cpuset memory blkio pids net_cls "
		"net_prio rdma, and cgroup v2 with hugetlb");
}

static void without_a_cgroup_only_nothing_can_be_asked(void **state)
{
	assert_string_equal(resolved(*state, NONE, "\"memory\":{\"limit\":-1},\"pids\":{}"), "");
	assert_string_equal(
		resolved(*state, NONE, "\"pids\":{\"limit\":1}"),
		"!linux.resources.pids.limit: can't be set: the container has no cgroup of "
		"its own (--cgroup-manager disabled)");
}

/* The ends, the default, and points between by the formula. */
static void shares_become_a_weight(void **state)
{
	static const uint64_t pairs[][2] = {
		{ 3, 2 },      { 64, 12 },        { 512, 59 },          { 1024, 100 },
		{ 2048, 174 }, { 65536, 3023 },   { 262143, 10000 },    { 1, 1 },
		{ 2, 1 },      { 262144, 10000 }, { UINT64_MAX, 10000 }
	};

	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++)
		assert_int_equal(cgroup_weight(pairs[i][0]), pairs[i][1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ARENA_TEST(each_field_has_its_file),
		ARENA_TEST(an_update_leaves_what_is_absent_and_resets_to_zero),
		ARENA_TEST(a_controller_is_used_where_it_is),
		ARENA_TEST(without_a_cgroup_only_nothing_can_be_asked),
		ARENA_TEST(shares_become_a_weight),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("cgroup_resources", tests, NULL, NULL);
}
