/*
 * stats.c, stats_lists.c and the tables of spec/events.c: directories play the cgroups of either
 * version, and the text that comes out is compared with what runc prints of the same files.
 */
#include "place.h"

#include "runtime/parent/stats.h"

static void put(struct place *p, const char *cgroup, const char *file, const char *text)
{
	mkdir(in(p, cgroup), 0755);
	write_text(arena_printf(&p->arena, "%s/%s/%s", p->path, cgroup, file), text);
}

/* The record of a container with a cgroup in each of these hierarchies, which NULL ends. */
static struct record record(struct place *p, const char *const names[])
{
	struct record r = { 0 };

	r.cgroups.v = arena_alloc(&p->arena, 8 * sizeof(*r.cgroups.v));
	for (; *names; names++)
		r.cgroups.v[r.cgroups.n++].path = in(p, *names);
	return r;
}

static struct stats read_stats(struct place *p, const char *const names[])
{
	struct record r = record(p, names);
	struct stats s = { 0 };

	stats_of_cgroups(&r, &p->arena, &s);
	return s;
}

static char *print(struct place *p, struct stats *s)
{
	struct event event = { .type = "stats", .id = "c1", .data = s };

	return json_print(&event_table, &event, 0, &p->arena, NULL);
}

#define NO_MEMORY "{\"limit\":0,\"failcnt\":0}"
#define NO_CPUSET                                                                 \
	"\"cpuset\":{\"cpu_exclusive\":0,\"mem_hardwall\":0,\"mem_exclusive\":0," \
	"\"memory_migrate\":0,\"memory_spread_page\":0,\"memory_spread_slab\":0," \
	"\"memory_pressure\":0,\"sched_load_balance\":0,\"sched_relax_domain_level\":0}"

static void nothing(void **state)
{
	struct stats s = read_stats(*state, (const char *[]){ "gone", NULL });

	assert_string_equal(
		print(*state, &s),
		"{\"type\":\"stats\",\"id\":\"c1\",\"data\":{\"cpu\":{\"usage\":{\"kernel\":0,"
		"\"user\":0},\"throttling\":{}}," NO_CPUSET ",\"memory\":{\"usage\":" NO_MEMORY
		",\"swap\":" NO_MEMORY ",\"kernel\":" NO_MEMORY ",\"kernelTCP\":" NO_MEMORY
		"},\"pids\":{},\"blkio\":{},\"hugetlb\":{},\"intel_rdt\":{},"
		"\"network_interfaces\":[]}}");
}

static void version_2(void **state)
{
	struct place *p = *state;

	put(p, "u", "cpu.stat",
	    "usage_usec 9071\nuser_usec 7000\nsystem_usec 2071\nnr_periods 4\nnr_throttled 2\n"
	    "throttled_usec 5\n");
	put(p, "u", "cpu.pressure",
	    "some avg10=1.27 avg60=0.10 avg300=0.00 total=3183\n"
	    "full avg10=0.00 avg60=100.00 avg300=0.05 total=137\n");
	put(p, "u", "memory.stat", "anon 4096\nfile 8192\nodd -\n");
	put(p, "u", "memory.current", "20480\n");
	put(p, "u", "memory.max", "max\n");
	put(p, "u", "memory.peak", "40960\n");
	put(p, "u", "memory.events", "low 0\nhigh 0\nmax 3\noom 1\noom_kill 1\n");
	put(p, "u", "memory.swap.current", "512\n");
	put(p, "u", "memory.swap.max", "1024\n");
	put(p, "u", "memory.swap.peak", "900\n");
	put(p, "u", "cpuset.cpus.effective", "0-1,3\n");
	put(p, "u", "cpuset.cpus", "\n");
	put(p, "u", "cpuset.mems.effective", "0\n");
	put(p, "u", "pids.current", "3\n");
	put(p, "u", "pids.max", "max\n");
	put(p, "u", "io.stat",
	    "8:0 rbytes=4096 wbytes=0 rios=1 wios=2 dbytes=0 dios=0\n253:1 rbytes=1 wbytes=2\n");
	put(p, "u", "hugetlb.2MB.current", "2097152\n");
	put(p, "u", "hugetlb.2MB.events", "max 7\n");
	put(p, "u", "hugetlb.2MB.rsvd.current", "0\n");
	struct stats s = read_stats(p, (const char *[]){ "u", NULL });

	assert_string_equal(
		print(p, &s),
		"{\"type\":\"stats\",\"id\":\"c1\",\"data\":{\"cpu\":{\"usage\":{\"total\":9071000,"
		"\"kernel\":2071000,\"user\":7000000},\"throttling\":{\"periods\":4,"
		"\"throttledPeriods\":2,\"throttledTime\":5000},\"psi\":{\"some\":{\"avg10\":1.27,"
		"\"avg60\":0.10,\"avg300\":0.00,\"total\":3183},\"full\":{\"avg10\":0.00,"
		"\"avg60\":100.00,\"avg300\":0.05,\"total\":137}}},\"cpuset\":{\"cpus\":[0,1,3],"
		"\"cpu_exclusive\":0,\"mems\":[0],\"mem_hardwall\":0,\"mem_exclusive\":0,"
		"\"memory_migrate\":0,\"memory_spread_page\":0,\"memory_spread_slab\":0,"
		"\"memory_pressure\":0,\"sched_load_balance\":0,\"sched_relax_domain_level\":0},"
		"\"memory\":{\"cache\":8192,\"usage\":{\"limit\":18446744073709551615,"
		"\"usage\":20480,\"max\":40960,\"failcnt\":3},"
		"\"swap\":{\"limit\":18446744073709551615,\"usage\":20992,\"failcnt\":0},"
		"\"kernel\":" NO_MEMORY ",\"kernelTCP\":" NO_MEMORY
		",\"raw\":{\"anon\":4096,\"file\":8192}},\"pids\":{\"current\":3},"
		"\"blkio\":{\"ioServiceBytesRecursive\":[{\"major\":8,\"op\":\"Read\","
		"\"value\":4096},{\"major\":253,\"minor\":1,\"op\":\"Read\",\"value\":1},"
		"{\"major\":8,\"op\":\"Write\"},{\"major\":253,\"minor\":1,\"op\":\"Write\","
		"\"value\":2}],\"ioServicedRecursive\":[{\"major\":8,\"op\":\"Read\","
		"\"value\":1},{\"major\":8,\"op\":\"Write\",\"value\":2}]},"
		"\"hugetlb\":{\"2MB\":{\"usage\":2097152,\"failcnt\":7}},\"intel_rdt\":{},"
		"\"network_interfaces\":[]}}");
}

static void version_1(void **state)
{
	struct place *p = *state;

	put(p, "cpu", "cpu.stat", "nr_periods 4\nnr_throttled 2\nthrottled_time 5\n");
	put(p, "cpuacct", "cpuacct.stat", "user 1\nsystem 2\n");
	put(p, "cpuacct", "cpuacct.usage", "31000001\n");
	put(p, "cpuacct", "cpuacct.usage_percpu", "18446744073709551615 1 \n");
	put(p, "cpuacct", "cpuacct.usage_percpu_sys", "2 3\n");
	put(p, "cpuacct", "cpuacct.usage_percpu_user", "4 5\n");
	put(p, "cpuset", "cpuset.cpus", "0\n");
	put(p, "cpuset", "cpuset.mems", "0-1\n");
	put(p, "cpuset", "cpuset.sched_load_balance", "1\n");
	put(p, "cpuset", "cpuset.sched_relax_domain_level", "-1\n");
	put(p, "memory", "memory.stat", "cache 100\nrss 200\n");
	put(p, "memory", "memory.usage_in_bytes", "4096\n");
	put(p, "memory", "memory.max_usage_in_bytes", "8192\n");
	put(p, "memory", "memory.limit_in_bytes", "9223372036854771712\n");
	put(p, "memory", "memory.failcnt", "9\n");
	put(p, "memory", "memory.memsw.limit_in_bytes", "16777216\n");
	put(p, "pids", "pids.current", "3\n");
	put(p, "pids", "pids.max", "100\n");
	put(p, "blkio", "blkio.bfq.io_serviced_recursive", "Total 0\n");
	put(p, "blkio", "blkio.throttle.io_serviced_recursive",
	    "8:16 Read 1\n8:16 Total 1\nTotal 1\n");
	put(p, "blkio", "blkio.sectors_recursive", "8:16 6792\n");
	put(p, "hugetlb", "hugetlb.1GB.usage_in_bytes", "1\n");
	put(p, "hugetlb", "hugetlb.1GB.max_usage_in_bytes", "2\n");
	put(p, "hugetlb", "hugetlb.1GB.failcnt", "3\n");
	struct stats s = read_stats(p, (const char *[]){ "cpu", "cpuacct", "cpuset", "memory",
							 "pids", "blkio", "hugetlb", NULL });

	assert_string_equal(
		print(p, &s),
		"{\"type\":\"stats\",\"id\":\"c1\",\"data\":{\"cpu\":{\"usage\":{"
		"\"total\":31000001,\"percpu\":[18446744073709551615,1],\"percpu_kernel\":[2,3],"
		"\"percpu_user\":[4,5],\"kernel\":20000000,\"user\":10000000},\"throttling\":{"
		"\"periods\":4,\"throttledPeriods\":2,\"throttledTime\":5}},\"cpuset\":{"
		"\"cpus\":[0],\"cpu_exclusive\":0,\"mems\":[0,1],\"mem_hardwall\":0,"
		"\"mem_exclusive\":0,\"memory_migrate\":0,\"memory_spread_page\":0,"
		"\"memory_spread_slab\":0,\"memory_pressure\":0,\"sched_load_balance\":1,"
		"\"sched_relax_domain_level\":-1},\"memory\":{\"cache\":100,\"usage\":{"
		"\"limit\":18446744073709551615,\"usage\":4096,\"max\":8192,\"failcnt\":9},"
		"\"swap\":{\"limit\":16777216,\"failcnt\":0},\"kernel\":" NO_MEMORY
		",\"kernelTCP\":" NO_MEMORY ",\"raw\":{\"cache\":100,\"rss\":200}},"
		"\"pids\":{\"current\":3,\"limit\":100},\"blkio\":{\"ioServicedRecursive\":["
		"{\"major\":8,\"minor\":16,\"op\":\"Read\",\"value\":1},{\"major\":8,"
		"\"minor\":16,\"op\":\"Total\",\"value\":1}],\"sectorsRecursive\":["
		"{\"major\":8,\"minor\":16,\"value\":6792}]},\"hugetlb\":{\"1GB\":{\"usage\":1,"
		"\"max\":2,\"failcnt\":3}},\"intel_rdt\":{},\"network_interfaces\":[]}}");
}

/* Both versions count the time; v2 does in smaller units than ticks. Only one has throttling. */
static void hybrid(void **state)
{
	struct place *p = *state;

	put(p, "cpu", "cpu.stat", "nr_periods 4\nnr_throttled 2\nthrottled_time 5\n");
	put(p, "cpuacct", "cpuacct.stat", "user 1\nsystem 2\n");
	put(p, "cpuacct", "cpuacct.usage", "31000001\n");
	put(p, "u", "cpu.stat", "usage_usec 31002\nuser_usec 10001\nsystem_usec 21001\n");
	struct stats s = read_stats(p, (const char *[]){ "u", "cpu", "cpuacct", NULL });

	assert_int_equal(s.cpu.usage.total, 31002000);
	assert_int_equal(s.cpu.usage.user, 10001000);
	assert_int_equal(s.cpu.usage.kernel, 21001000);
	assert_int_equal(s.cpu.throttling.periods, 4);
	assert_int_equal(s.cpu.throttling.throttled_time, 5);
}

/* Text that is not what the kernel writes never becomes broken JSON. */
static void nonsense(void **state)
{
	struct place *p = *state;

	put(p, "u", "cpu.pressure", "some avg10=x\nfull\n");
	put(p, "u", "memory.stat", "a b\n \nc\nd 1 2\ne \"\n");
	put(p, "u", "cpuacct.usage_percpu", "1 x 2\n");
	put(p, "u", "cpuset.cpus", "3-1\n");
	put(p, "u", "io.stat", "x rbytes=1\n8:0\n");
	struct stats s = read_stats(p, (const char *[]){ "u", NULL });

	assert_int_equal(s.memory.raw.n, 0);
	assert_int_equal(s.cpuset.cpus.n, 0);
	assert_int_equal(s.cpu.usage.percpu.n, 2);
	assert_int_equal(s.blkio.service_bytes.n, 0);
	assert_string_equal(s.cpu.pressure->some.avg10, "0");
	assert_string_equal(s.cpu.pressure->full.avg300, "0");
}

static void network(void **state)
{
	struct place *p = *state;
	struct stats s = { 0 };

	stats_of_network("Inter-|   Receive                   |  Transmit\n"
			 " face |bytes packets errs drop fifo frame compressed multicast|bytes\n"
			 "    lo:  7 7 7 7 0 0 0 0 7 7 7 7 0 0 0 0\n"
			 "  eth0: 18446744073709551615 2 3 4 90 91 92 93 5 6 7 8 94 95 96 97\n",
			 &p->arena, &s);
	assert_int_equal(s.network.n, 1);
	assert_contains(print(p, &s),
			"\"network_interfaces\":[{\"Name\":\"eth0\",\"RxBytes\":"
			"18446744073709551615,\"RxPackets\":2,\"RxErrors\":3,\"RxDropped\":4,"
			"\"TxBytes\":5,\"TxPackets\":6,\"TxErrors\":7,\"TxDropped\":8}]");
}

static void intel_rdt(void **state)
{
	struct place *p = *state;
	struct record_intel_rdt rdt = { .root = p->path, .path = in(p, "c1") };
	struct stats s = { 0 };

	stats_of_intel_rdt(&rdt, &p->arena, &s.intel_rdt);
	assert_contains(print(p, &s), "\"intel_rdt\":{}");

	put(p, ".", "schemata", "    L3:0=fffff\n    MB:0= 100\n");
	put(p, "c1", "schemata", "    L3:0=f\n    MB:0= 20\n");
	mkdir(in(p, "info"), 0755);
	put(p, "info/L3", "cbm_mask", "fffff\n");
	put(p, "info/L3", "min_cbm_bits", "1\n");
	put(p, "info/L3", "num_closids", "16\n");
	put(p, "info/MB", "bandwidth_gran", "10\n");
	put(p, "info/MB", "min_bandwidth", "10\n");
	put(p, "info/MB", "num_closids", "8\n");
	mkdir(in(p, "c1/mon_data"), 0755);
	put(p, "c1/mon_data/mon_L3_01", "llc_occupancy", "2\n");
	put(p, "c1/mon_data/mon_L3_00", "llc_occupancy", "1\n");
	put(p, "c1/mon_data/mon_L3_00", "mbm_total_bytes", "3\n");
	put(p, "c1/mon_data/mon_L3_00", "mbm_local_bytes", "4\n");
	stats_of_intel_rdt(&rdt, &p->arena, &s.intel_rdt);
	assert_contains(print(p, &s),
			"\"intel_rdt\":{\"l3_cache_info\":{\"cbm_mask\":\"fffff\","
			"\"min_cbm_bits\":1,\"num_closids\":16},"
			"\"l3_cache_schema_root\":\"L3:0=fffff\",\"l3_cache_schema\":\"L3:0=f\","
			"\"mem_bw_info\":{\"bandwidth_gran\":10,\"min_bandwidth\":10,"
			"\"num_closids\":8},\"mem_bw_schema_root\":\"MB:0= 100\","
			"\"mem_bw_schema\":\"MB:0= 20\",\"mbm_stats\":[{\"mbm_total_bytes\":3,"
			"\"mbm_local_bytes\":4}],\"cmt_stats\":[{\"llc_occupancy\":1},"
			"{\"llc_occupancy\":2}]}");
}

static void out_of_memory(void **state)
{
	struct place *p = *state;
	struct event event = { .type = "oom", .id = "c1" };

	assert_string_equal(json_print(&event_table, &event, 0, &p->arena, NULL),
			    "{\"type\":\"oom\",\"id\":\"c1\"}");
	event.cgroup = "/sys/fs/cgroup/x";
	assert_string_equal(json_print(&event_table, &event, 0, &p->arena, NULL),
			    "{\"type\":\"oom\",\"id\":\"c1\",\"cgroup\":\"/sys/fs/cgroup/x\"}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLACE_TEST(nothing),   PLACE_TEST(version_2),     PLACE_TEST(version_1),
		PLACE_TEST(hybrid),    PLACE_TEST(nonsense),      PLACE_TEST(network),
		PLACE_TEST(intel_rdt), PLACE_TEST(out_of_memory),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("stats", tests, NULL, NULL);
}
