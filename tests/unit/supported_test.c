/*
 * supported.c: what this version can't do is refused by the field's name, alone or among others;
 * what asks for nothing is not. A row leaves this table when the field works.
 */
#include "unit.h"

#include "runtime/parent/container.h"
#include "runtime/parent/supported.h"

enum where { LINUX, RESOURCES, MEMORY, CPU, BLOCK_IO, MOUNT };

static const char *const frames[] = {
	[LINUX] = "\"linux\":{\"namespaces\":[{\"type\":\"mount\"},{\"type\":\"network\"}],%s}",
	[RESOURCES] = "\"linux\":{\"namespaces\":[{\"type\":\"mount\"}],\"resources\":{%s}}",
	[MEMORY] = "\"linux\":{\"resources\":{\"memory\":{%s}}}",
	[CPU] = "\"linux\":{\"resources\":{\"cpu\":{%s}}}",
	[BLOCK_IO] = "\"linux\":{\"resources\":{\"blockIO\":{%s}}}",
	[MOUNT] = "\"mounts\":[{\"destination\":\"/a\",\"type\":\"tmpfs\"},"
		  "{\"destination\":\"/b\",\"source\":\"/x\",%s}],"
		  "\"linux\":{\"namespaces\":[{\"type\":\"mount\"}]}",
};

#define THROTTLE "[{\"major\":8,\"minor\":0,\"rate\":1}]"
#define MAPPINGS "[{\"containerID\":0,\"hostID\":1,\"size\":1}]"

static const struct {
	enum where where;
	const char *json, *field;
} refused[] = {
	{ MEMORY, "\"limit\":1048576", "linux.resources.memory.limit" },
	{ MEMORY, "\"reservation\":1048576", "linux.resources.memory.reservation" },
	{ MEMORY, "\"limit\":-1,\"swap\":1048576", "linux.resources.memory.swap" },
	{ MEMORY, "\"kernel\":1048576", "linux.resources.memory.kernel" },
	{ MEMORY, "\"kernelTCP\":1048576", "linux.resources.memory.kernelTCP" },
	{ MEMORY, "\"swappiness\":0", "linux.resources.memory.swappiness" },
	{ MEMORY, "\"disableOOMKiller\":true", "linux.resources.memory.disableOOMKiller" },
	{ CPU, "\"shares\":1024", "linux.resources.cpu.shares" },
	{ CPU, "\"quota\":10000", "linux.resources.cpu.quota" },
	{ CPU, "\"burst\":1000", "linux.resources.cpu.burst" },
	{ CPU, "\"realtimeRuntime\":1000", "linux.resources.cpu.realtimeRuntime" },
	{ CPU, "\"realtimePeriod\":1000", "linux.resources.cpu.realtimePeriod" },
	{ CPU, "\"cpus\":\"0\"", "linux.resources.cpu.cpus" },
	{ CPU, "\"mems\":\"0\"", "linux.resources.cpu.mems" },
	{ CPU, "\"idle\":1", "linux.resources.cpu.idle" },
	{ BLOCK_IO, "\"weight\":100", "linux.resources.blockIO.weight" },
	{ BLOCK_IO, "\"leafWeight\":100", "linux.resources.blockIO.leafWeight" },
	{ BLOCK_IO, "\"weightDevice\":[{\"major\":8,\"minor\":0,\"weight\":100}]",
	  "linux.resources.blockIO.weightDevice" },
	{ BLOCK_IO, "\"throttleReadBpsDevice\":" THROTTLE,
	  "linux.resources.blockIO.throttleReadBpsDevice" },
	{ BLOCK_IO, "\"throttleWriteBpsDevice\":" THROTTLE,
	  "linux.resources.blockIO.throttleWriteBpsDevice" },
	{ BLOCK_IO, "\"throttleReadIOPSDevice\":" THROTTLE,
	  "linux.resources.blockIO.throttleReadIOPSDevice" },
	{ BLOCK_IO, "\"throttleWriteIOPSDevice\":" THROTTLE,
	  "linux.resources.blockIO.throttleWriteIOPSDevice" },
	{ RESOURCES, "\"pids\":{\"limit\":10}", "linux.resources.pids.limit" },
	{ RESOURCES, "\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":1}]",
	  "linux.resources.hugepageLimits" },
	{ RESOURCES, "\"network\":{\"classID\":1}", "linux.resources.network.classID" },
	{ RESOURCES, "\"network\":{\"priorities\":[{\"name\":\"eth0\",\"priority\":1}]}",
	  "linux.resources.network.priorities" },
	{ RESOURCES, "\"rdma\":{\"mlx5_1\":{\"hcaHandles\":1}}", "linux.resources.rdma" },
	{ RESOURCES, "\"unified\":{\"memory.high\":\"1\"}", "linux.resources.unified" },
};

static const struct {
	enum where where;
	const char *json;
} accepted[] = {
	{ LINUX, "\"resources\":{}" },
	{ LINUX, "\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\"},\"netDevices\":{}" },
	{ MEMORY, "\"limit\":-1,\"reservation\":0,\"swap\":-1,\"kernel\":-1,\"kernelTCP\":0" },
	{ MEMORY, "\"disableOOMKiller\":false,\"useHierarchy\":true,\"checkBeforeUpdate\":true" },
	{ CPU, "\"shares\":0,\"quota\":-1,\"period\":100000,\"burst\":0,\"idle\":0" },
	{ CPU, "\"realtimeRuntime\":0,\"realtimePeriod\":0,\"cpus\":\"\",\"mems\":\"\"" },
	{ BLOCK_IO, "\"weight\":0,\"leafWeight\":0,\"weightDevice\":[]" },
	{ RESOURCES, "\"pids\":{\"limit\":-1},\"network\":{\"classID\":0},\"unified\":{}" },
	{ RESOURCES, "\"hugepageLimits\":[],\"rdma\":{},\"devices\":[]" },
	{ MOUNT, "\"options\":[\"bind\",\"ro\",\"nosuid\",\"rslave\",\"x=y\"]" },
	{ MOUNT, "\"options\":[\"bind\",\"idmap\"],\"uidMappings\":" MAPPINGS
		 ",\"gidMappings\":" MAPPINGS },
	{ MOUNT, "\"type\":\"tmpfs\",\"options\":[\"tmpcopyup\"]" },
};

/* supported_check of a config with this; one that can't be read is a mistake in the table. */
static int check(struct arena *a, enum where where, const char *json, struct error *e)
{
	char *part = arena_printf(a, frames[where], json);
	char *text =
		arena_printf(a, "{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"r\"},%s}", part);
	struct spec *s;

	*e = ERROR_NONE;
	if (spec_read(a, text, strlen(text), &s, NULL, e) < 0)
		fail_msg("%s: %s", json, shown(e));
	return supported_check(s, e);
}

static void refuses_each(void **state)
{
	for (size_t i = 0; i < COUNT(refused); i++) {
		struct error e;

		if (check(*state, refused[i].where, refused[i].json, &e) != -1)
			fail_msg("%s is not refused", refused[i].field);
		assert_string_equal(shown(&e), arena_printf(*state, "%s: not supported yet",
							    refused[i].field));
	}
}

static void accepts_what_asks_for_nothing(void **state)
{
	for (size_t i = 0; i < COUNT(accepted); i++) {
		struct error e;

		if (check(*state, accepted[i].where, accepted[i].json, &e) < 0)
			fail_msg("%s: %s", accepted[i].json, shown(&e));
	}
}

static void names_all(void **state)
{
	struct error e;

	assert_int_equal(check(*state, CPU, "\"quota\":10000,\"period\":50000,\"cpus\":\"0\"", &e),
			 -1);
	assert_int_equal(e.problems, 3);
	assert_contains(shown(&e), "linux.resources.cpu.quota: not supported yet\n");
	assert_contains(shown(&e), "linux.resources.cpu.period: not supported yet\n");
	assert_contains(shown(&e), "linux.resources.cpu.cpus: not supported yet");
}

static char warned[256];

static void warn(const char *line)
{
	snprintf(warned, sizeof(warned), "%s", line);
}

static void warns_of_device_rules(void **state)
{
	struct error e;

	container_warn = warn;
	assert_int_equal(check(*state, RESOURCES,
			       "\"devices\":[{\"allow\":false,\"access\":\"rwm\"}]", &e),
			 0);
	assert_string_equal(warned, "linux.resources.devices: the rules are not enforced yet");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ARENA_TEST(refuses_each),
		ARENA_TEST(accepts_what_asks_for_nothing),
		ARENA_TEST(names_all),
		ARENA_TEST(warns_of_device_rules),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("supported", tests, NULL, NULL);
}
