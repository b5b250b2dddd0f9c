/*
 * systemd_unit.c, systemd_annotations.c, systemd_limits.c: what config.json says, in systemd's
 * words. systemd.c: what is said to a systemd that is none, and what becomes of its answers. With a
 * real one: tests/integration/systemd.bats.
 */
#include "fake_bus.h"

#include "runtime/parent/cgroup_resources.h"
#include "runtime/parent/systemd.h"

/* --- names ------------------------------------------------------------------------------------ */

static void test_a_unit_has_a_name_and_a_place(void **state)
{
	static const struct {
		const char *path, *id;
		bool user;
		const char *name, *slice, *where;
	} cases[] = {
		{ NULL, "c1", false, "ocirun-c1.scope", "system.slice",
		  "/system.slice/ocirun-c1.scope" },
		{ "", "c1", true, "ocirun-c1.scope", "user.slice", "/user.slice/ocirun-c1.scope" },
		{ NULL, "a+b", false, "ocirun-a\\x2bb.scope", "system.slice",
		  "/system.slice/ocirun-a\\x2bb.scope" },
		{ "a-b-c.slice:p:n", "c1", false, "p-n.scope", "a-b-c.slice",
		  "/a.slice/a-b.slice/a-b-c.slice/p-n.scope" },
		{ ":p:n", "c1", true, "p-n.scope", "user.slice", "/user.slice/p-n.scope" },
		{ "-.slice::n", "c1", false, "-n.scope", "-.slice", "/-n.scope" },
	};
	struct arena *a = *state;
	struct error e = ERROR_NONE;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct systemd_unit u;
		assert_int_equal(systemd_unit_resolve(a, cases[i].path, cases[i].id, cases[i].user,
						      &u, &e),
				 0);
		assert_string_equal(u.name, cases[i].name);
		assert_string_equal(u.slice, cases[i].slice);
		assert_string_equal(u.path, cases[i].where);
	}
}

static void test_what_names_no_unit_is_an_error(void **state)
{
	static const struct {
		const char *path, *error;
	} cases[] = {
		{ "/system.slice/c1", "is not SLICE:PREFIX:NAME (" },
		{ "a.slice:b", "is not SLICE:PREFIX:NAME (" },
		{ "a.slice:b:c:d", "is not SLICE:PREFIX:NAME (" },
		{ "a.slice:b:", "is not SLICE:PREFIX:NAME (" },
		{ "a:b:c", "does not begin with the name of a slice (" },
		{ ".slice:b:c", "does not begin with the name of a slice (" },
		{ "-a.slice:b:c", "does not begin with the name of a slice (" },
		{ "a-.slice:b:c", "does not begin with the name of a slice (" },
		{ "a--b.slice:b:c", "does not begin with the name of a slice (" },
		{ "--.slice:b:c", "does not begin with the name of a slice (" },
		{ "a/b.slice:b:c", "does not begin with the name of a slice (" },
		{ "a.slice:b:c.slice", "names a slice, which has no processes (" },
		{ "a.slice:b:c/d", "has a character that is not allowed in the name of a unit (" },
	};
	struct arena *a = *state;
	struct systemd_unit u;
	struct error e;
	char id[256];

	for (size_t i = 0; i < COUNT(cases); i++) {
		e = ERROR_NONE;
		assert_int_equal(systemd_unit_resolve(a, cases[i].path, "c1", false, &u, &e), -1);
		assert_string_equal(
			shown(&e),
			arena_printf(a,
				     "linux.cgroupsPath: \"%s\" %sthe systemd cgroup manager takes "
				     "SLICE:PREFIX:NAME, like system.slice:ocirun:c1)",
				     cases[i].path, cases[i].error));
	}
	memset(id, 'x', sizeof(id) - 1);
	id[sizeof(id) - 1] = 0;
	e = ERROR_NONE;
	assert_int_equal(systemd_unit_resolve(a, NULL, id, false, &u, &e), -1);
	assert_string_equal(shown(&e), "linux.cgroupsPath: the name of the unit would have 268 "
				       "bytes, at most 255 are allowed");
}

/* --- properties ------------------------------------------------------------------------------- */

/* The next value of a type, as text. */
static char *show_value(struct arena *a, struct dbus_message *m, char type)
{
	if (type == 's')
		return arena_strdup(a, dbus_get_text(m));
	const uint32_t low = dbus_get_u32(m);
	return arena_printf(a, "%u", low);
}

static char *show_u64(struct arena *a, struct dbus_message *m)
{
	m->at = (m->at + 7) & ~(size_t)7;
	const uint64_t low = dbus_get_u32(m), high = dbus_get_u32(m);

	return low == UINT32_MAX && high == UINT32_MAX
		       ? "max"
		       : arena_printf(a, "%llu", (unsigned long long)(high << 32 | low));
}

/* The elements of an array. */
static char *show_array(struct arena *a, struct dbus_message *m, const char *type)
{
	const uint32_t n = dbus_get_u32(m);
	char *out = "[";

	if (type[0] == '(')
		m->at = (m->at + 7) & ~(size_t)7;
	for (const size_t end = m->at + n; m->at < end && !m->bad;) {
		out = arena_printf(a, "%s%s", out, out[1] ? " " : "");
		if (type[0] == 'y') {
			out = arena_printf(a, "%s%02x", out, (uint8_t)m->body[m->at++]);
			continue;
		}
		if (type[0] == '(')
			m->at = (m->at + 7) & ~(size_t)7;
		out = arena_printf(a, "%s%s", out, dbus_get_text(m));
		if (type[0] == '(')
			out = arena_printf(a, "%s=%s", out,
					   type[2] == 't' ? show_u64(a, m) : show_value(a, m, 's'));
	}
	return arena_printf(a, "%s]", out);
}

/* Structures of a name and a variant, "NAME=TYPE VALUE", one a line. */
static char *show(struct arena *a, const char *bytes, size_t n)
{
	struct dbus_message m = { .body = bytes, .size = n };
	char *out = "";

	while (m.at < m.size && !m.bad) {
		m.at = (m.at + 7) & ~(size_t)7;
		const char *name = dbus_get_text(&m), *type = m.body + m.at + 1;
		m.at += strlen(type) + 2;
		char *value = type[0] == 'a'   ? show_array(a, &m, type + 1)
			      : type[0] == 't' ? show_u64(a, &m)
					       : show_value(a, &m, type[0]);
		out = arena_printf(a, "%s%s%s=%s %s", out, *out ? "\n" : "", name, type, value);
	}
	assert_false(m.bad);
	return out;
}

/* What limits "NAME=VALUE" in files are as properties; a name that begins with "v2/" is cgroup
 * v2's. */
static char *limits(struct arena *a, size_t n, const char *const *files)
{
	static struct dbus_bytes b;
	struct plan plan = { 0 };

	plan.limits.v = arena_array(a, struct plan_limit, n);
	for (size_t i = 0; i < n && files[i]; i++) {
		char *file = arena_printf(a, "/%s", files[i]), *value = strchr(file, '=');
		*value++ = 0;
		plan.limits.v[plan.limits.n++] = (struct plan_limit){
			.file = file,
			.value = value,
			.controller = strncmp(file, "/v2/", 4) ? NULL : "x",
		};
	}
	b.n = 0;
	systemd_put_limits(&b, &plan);
	return show(a, b.v, b.n);
}

static void test_limits_are_properties(void **state)
{
	static const struct {
		const char *files[2], *properties;
	} cases[] = {
		{ { "v2/memory.max=1000" }, "MemoryMax=t 1000" },
		{ { "v2/memory.max=max" }, "MemoryMax=t max" },
		{ { "v2/memory.max=0" }, "MemoryMax=t 1" },
		{ { "v2/memory.high=50M" }, "MemoryHigh=t 52428800" },
		{ { "v2/memory.min=1k" }, "MemoryMin=t 1024" },
		{ { "v2/memory.low=0" }, "MemoryLow=t 0" },
		{ { "v2/memory.swap.max=0" }, "MemorySwapMax=t 0" },
		{ { "v2/memory.max=many" }, "" },
		{ { "v2/memory.max=-5" }, "" },
		{ { "v2/memory.max=20000000P" }, "" },
		{ { "v2/memory.max=1 2" }, "" },
		{ { "v2/memory.oom.group=1" }, "" },
		{ { "memory.limit_in_bytes=-1" }, "MemoryLimit=t max" },
		{ { "pids.max=0" }, "TasksMax=t 1" },
		{ { "v2/pids.max=max" }, "TasksMax=t max" },
		{ { "v2/cpu.weight=59" }, "CPUWeight=t 59" },
		{ { "cpu.shares=512" }, "CPUShares=t 512" },
		{ { "v2/cpu.max=50000 100000" },
		  "CPUQuotaPerSecUSec=t 500000\nCPUQuotaPeriodUSec=t 100000" },
		{ { "v2/cpu.max=33333 50000" },
		  "CPUQuotaPerSecUSec=t 670000\nCPUQuotaPeriodUSec=t 50000" },
		{ { "v2/cpu.max=max 20000" },
		  "CPUQuotaPerSecUSec=t max\nCPUQuotaPeriodUSec=t 20000" },
		{ { "v2/cpu.max=1000" },
		  "CPUQuotaPerSecUSec=t 10000\nCPUQuotaPeriodUSec=t 100000" },
		{ { "v2/cpu.max=1000 0" }, "CPUQuotaPerSecUSec=t max\nCPUQuotaPeriodUSec=t 0" },
		{ { "v2/cpu.max=no" }, "" },
		{ { "cpu.cfs_period_us=50000", "cpu.cfs_quota_us=10000" },
		  "CPUQuotaPerSecUSec=t 200000\nCPUQuotaPeriodUSec=t 50000" },
		{ { "cpu.cfs_quota_us=10000" },
		  "CPUQuotaPerSecUSec=t 100000\nCPUQuotaPeriodUSec=t 100000" },
		{ { "cpu.cfs_period_us=50000" }, "CPUQuotaPeriodUSec=t 50000" },
		{ { "v2/cpuset.cpus=0-3,9" }, "AllowedCPUs=ay [0f 02]" },
		{ { "v2/cpuset.mems=0" }, "AllowedMemoryNodes=ay [01]" },
		{ { "v2/cpuset.cpus=\n" }, "AllowedCPUs=ay []" },
		{ { "v2/cpuset.cpus=0-3,9\n" }, "AllowedCPUs=ay [0f 02]" },
		{ { "v2/cpuset.cpus=x" }, "" },
		{ { "v2/memory.high=0\n" }, "MemoryHigh=t 1" },
		{ { "v2/memory.max=max\n" }, "MemoryMax=t max" },
		{ { "v2/cpu.max=20000 100000\n" },
		  "CPUQuotaPerSecUSec=t 200000\nCPUQuotaPeriodUSec=t 100000" },
		{ { "cpuset.cpus=0" }, "" },
		{ { "v2/io.weight=200" }, "IOWeight=t 200" },
		{ { "v2/io.weight=default 200" }, "IOWeight=t 200" },
		{ { "v2/io.weight=8:0 200" }, "IODeviceWeight=a(st) [/dev/block/8:0=200]" },
		{ { "v2/io.bfq.weight=100" }, "IOWeight=t 100" },
		{ { "v2/io.bfq.weight=1000" }, "IOWeight=t 10000" },
		{ { "v2/io.bfq.weight=8:16 10" }, "IODeviceWeight=a(st) [/dev/block/8:16=10]" },
		{ { "v2/io.max=8:16 rbps=1000 wiops=max" },
		  "IOReadBandwidthMax=a(st) [/dev/block/8:16=1000]\n"
		  "IOWriteIOPSMax=a(st) [/dev/block/8:16=max]" },
		{ { "v2/io.max=8:16 wbps=1 riops=2" },
		  "IOWriteBandwidthMax=a(st) [/dev/block/8:16=1]\n"
		  "IOReadIOPSMax=a(st) [/dev/block/8:16=2]" },
		{ { "blkio.weight=500" }, "BlockIOWeight=t 500" },
		{ { "blkio.weight_device=8:0 300" },
		  "BlockIODeviceWeight=a(st) [/dev/block/8:0=300]" },
		{ { "blkio.throttle.read_bps_device=8:0 0" },
		  "BlockIOReadBandwidth=a(st) [/dev/block/8:0=max]" },
		{ { "blkio.throttle.write_bps_device=8:0 7" },
		  "BlockIOWriteBandwidth=a(st) [/dev/block/8:0=7]" },
		{ { "blkio.throttle.write_bps_device=8:0" }, "" },
		{ { "hugetlb.2MB.limit_in_bytes=1" }, "" },
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		assert_string_equal(limits(*state, 2, cases[i].files), cases[i].properties);
}

static char *devices(struct arena *a, const struct device_list *list)
{
	static struct dbus_bytes b;

	b.n = 0;
	systemd_put_devices(&b, list);
	return show(a, b.v, b.n);
}

static void test_device_rules_are_properties(void **state)
{
	struct plan_device_rule all[] = {
		{ false, "a", -1, -1, "rwm", -1 }, { true, "c", 1, 3, "rwm", 0 },
		{ true, "b", -1, -1, "m", 1 },     { true, "c", 136, -1, "rw", 2 },
		{ false, "c", 1, 5, "r", 3 },
	};
	struct plan_device_rule taken_back[] = {
		{ false, "a", -1, -1, "rwm", -1 }, { true, "c", 1, 3, "rw", 0 },
		{ true, "c", 1, 5, "rw", 1 },      { false, "c", 1, 3, "w", 2 },
		{ false, "c", 1, 5, "rw", 3 },
	};
	/* There are no words for it, and more must not be allowed. */
	struct plan_device_rule minor[] = { { false, "a", -1, -1, "rwm", -1 },
					    { true, "c", -1, 5, "rw", 0 } };
	struct plan_device_rule open[] = { { true, "a", -1, -1, "rwm", 0 },
					   { false, "c", 1, 5, "r", 1 } };
	const struct {
		plan_device_rule_list rules;
		const char *properties;
	} cases[] = {
		{ { COUNT(all), all },
		  "DevicePolicy=s strict\nDeviceAllow=a(ss) []\nDeviceAllow=a(ss) [/dev/char/1:3=rwm]\n"
		  "DeviceAllow=a(ss) [block-*=m]\nDeviceAllow=a(ss) [char-136=rw]" },
		{ { COUNT(taken_back), taken_back },
		  "DevicePolicy=s strict\nDeviceAllow=a(ss) []\nDeviceAllow=a(ss) [/dev/char/1:3=r]" },
		{ { COUNT(minor), minor }, "DevicePolicy=s strict\nDeviceAllow=a(ss) []" },
		{ { COUNT(open), open }, "DevicePolicy=s auto\nDeviceAllow=a(ss) []" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct device_list list = device_list_of_rules(*state, &cases[i].rules);
		assert_string_equal(devices(*state, &list), cases[i].properties);
	}
}

/* --- annotations ------------------------------------------------------------------------------ */

static char *annotation(struct arena *a, const char *name, const char *value)
{
	static struct dbus_bytes b;
	struct error e = ERROR_NONE;
	struct pair pairs[] = {
		{ "other", "x" },
		{ arena_printf(a, "org.systemd.property.%s", name), (char *)value },
	};
	const struct pairs all = { 2, pairs };

	b.n = 0;
	b.full = false;
	if (systemd_put_annotations(&b, &all, &e) < 0)
		return arena_printf(a, "!%s", e.text);
	return show(a, b.v, b.n);
}

static void test_annotations_are_properties(void **state)
{
	static const struct {
		const char *name, *value, *property;
	} cases[] = {
		{ "TimeoutStopUSec", "uint64 5000000", "TimeoutStopUSec=t 5000000" },
		{ "TimeoutStopUSec", " @t 5 ", "TimeoutStopUSec=t 5" },
		{ "TimeoutStopUSec", "0x10", "TimeoutStopUSec=t 16" },
		{ "TimeoutStopSec", "7", "TimeoutStopUSec=t 7000000" },
		{ "TimeoutStopSec", "1.25", "TimeoutStopUSec=t 1250000" },
		{ "TimeoutStopSec", "double 0.0000019", "TimeoutStopUSec=t 1" },
		{ "KillSignal", "15", "KillSignal=i 15" },
		{ "KillSignal", "int32 -1", "KillSignal=i 4294967295" },
		{ "ManagedOOMMemoryPressureLimit", "uint32 7",
		  "ManagedOOMMemoryPressureLimit=u 7" },
		{ "SendSIGHUP", "true", "SendSIGHUP=b 1" },
		{ "SendSIGHUP", "false", "SendSIGHUP=b 0" },
		{ "CollectMode", "'inactive'", "CollectMode=s inactive" },
		{ "Description", "\"a 'b' \\\"c\\\" \\\\\"", "Description=s a 'b' \"c\" \\" },
		{ "After", "['a.service', \"b.service\"]", "After=as [a.service b.service]" },
		{ "After", "@as []", "After=as []" },
	};
	static const struct {
		const char *name, *value;
	} wrong[] = {
		{ "TimeoutStopUSec", "" },
		{ "TimeoutStopUSec", "uint64" },
		{ "TimeoutStopUSec", "-1" },
		{ "TimeoutStopUSec", "+1" },
		{ "TimeoutStopUSec", "1 2" },
		{ "TimeoutStopUSec", "1.5" },
		{ "TimeoutStopUSec", "99999999999999999999" },
		{ "TimeoutStopSec", "18446744073709" },
		{ "TimeoutStopSec", "'1'" },
		{ "KillSignal", "2147483648" },
		{ "ManagedOOMMemoryPressureLimit", "4294967296" },
		{ "ManagedOOMMemoryPressureLimit", "-1" },
		{ "SendSIGHUP", "yes" },
		{ "SendSIGHUP", "truely" },
		{ "CollectMode", "inactive" },
		{ "CollectMode", "'inactive" },
		{ "CollectMode", "'a\\" },
		{ "CollectMode", "'a\\n'" },
		{ "CollectMode", "'a' 'b'" },
		{ "After", "'a'" },
		{ "After", "" },
		{ "After", "[" },
		{ "After", "['a' 'b']" },
		{ "After", "['a'," },
		{ "After", "['a'] x" },
	};
	static const char *const refused[] = {
		"ExecStart",     "ExecStartPre", "BindPaths", "PIDs",
		"BPFProgram",    "OnFailure",    "Slice",     "Wants",
		"DeviceAllow",   "Delegate",     "X",         "",
		"SuccessAction", "Sec",          "USec",      "User"
	};
	struct arena *a = *state;

	for (size_t i = 0; i < COUNT(cases); i++)
		assert_string_equal(annotation(a, cases[i].name, cases[i].value),
				    cases[i].property);
	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_contains(annotation(a, wrong[i].name, wrong[i].value), "\" is not ");
	for (size_t i = 0; i < COUNT(refused); i++)
		assert_string_equal(annotation(a, refused[i], "'x'"),
				    "!is not passed on to systemd");
	char *long_one = arena_alloc(a, DBUS_MESSAGE_MAX + 3);
	memset(long_one, '\'', DBUS_MESSAGE_MAX + 2);
	memset(long_one + 1, 'x', DBUS_MESSAGE_MAX);
	assert_contains(annotation(a, "Description", long_one), "EMSGSIZE");
}

/* --- talking to systemd ----------------------------------------------------------------------- */

#define UNIT "p-n.scope"
#define GONE "org.freedesktop.systemd1.NoSuchUnit"
#define EXISTS "org.freedesktop.systemd1.UnitExists"

static struct record_systemd at(struct fake_bus *f)
{
	return (struct record_systemd){ .unit = UNIT, .address = f->path };
}

static bool stops(struct fake_bus *f, struct dbus_message *call)
{
	if (fake_is(call, "StopUnit")) {
		assert_string_equal(dbus_get_text(call), UNIT);
		/* Before and after the answer; others' first. */
		fake_job_removed(f, "/job/7", "other.scope", "failed");
		fake_return(f, "o", "/job/8");
		fake_job_removed(f, "/job/7", UNIT, "canceled");
		fake_job_removed(f, "/job/8", UNIT, "done");
	} else {
		fake_return(f, "", NULL);
	}
	return true;
}

static bool has_no_such_unit(struct fake_bus *f, struct dbus_message *call)
{
	(void)call;
	fake_error(f, GONE, "Unit " UNIT " not loaded.");
	return true;
}

static bool denies(struct fake_bus *f, struct dbus_message *call)
{
	(void)call;
	fake_error(f, "org.freedesktop.DBus.Error.AccessDenied", "No.");
	return true;
}

static void test_a_unit_is_stopped_and_forgotten(void **state)
{
	struct error e = ERROR_NONE;
	struct fake_bus f;

	fake_begin(&f, *state, stops);
	const struct record_systemd r = at(&f);
	assert_int_equal(systemd_stop(&r, &e), 0);
	assert_string_equal(f.seen, "StopUnit ResetFailedUnit");
	f.serve = has_no_such_unit;
	assert_int_equal(systemd_stop(&r, &e), 0);
	f.serve = denies;
	assert_int_equal(systemd_stop(&r, &e), -1);
	assert_string_equal(shown(&e),
			    "stop " UNIT ": No. (org.freedesktop.DBus.Error.AccessDenied)");
	fake_end(&f);
}

static struct systemd *connected(struct arena *a, struct fake_bus *f)
{
	struct systemd *s = arena_new(a, struct systemd);
	struct error e = ERROR_NONE;

	*s = (struct systemd){ .arena = a, .record = at(f), .group = "" };
	s->unit = (struct systemd_unit){ UNIT, "a.slice", "/a.slice/" UNIT };
	s->properties = calloc(1, sizeof(*s->properties));
	assert_int_equal(dbus_open(&s->bus, f->path, false, "", 5000, &e), 0);
	return s;
}

static int start(struct place *p, struct fake_bus *f, struct error *e)
{
	const struct plan plan = { 0 };
	struct systemd *s = connected(&p->arena, f);

	*e = ERROR_NONE;
	int result = systemd_start(s, "c1", &plan, getpid(), e);
	systemd_close(s);
	return result;
}

static bool fails_to_start(struct fake_bus *f, struct dbus_message *call)
{
	if (fake_is(call, "StartTransientUnit")) {
		fake_return(f, "o", "/job/1");
		fake_job_removed(f, "/job/1", UNIT, "failed");
	} else {
		fake_return(f, "", NULL);
	}
	return true;
}

static bool exists_already(struct fake_bus *f, struct dbus_message *call)
{
	if (fake_is(call, "StartTransientUnit"))
		fake_error(f, EXISTS, "Unit " UNIT " was already loaded.");
	else
		fake_return(f, "", NULL);
	return true;
}

/* The first is left over from before. */
static bool exists_once(struct fake_bus *f, struct dbus_message *call)
{
	return strstr(f->seen, "ResetFailedUnit") ? fails_to_start(f, call)
						  : exists_already(f, call);
}

static bool succeeds(struct fake_bus *f, struct dbus_message *call)
{
	assert_true(fake_is(call, "StartTransientUnit"));
	assert_string_equal(call->signature, "ssa(sv)a(sa(sv))");
	fake_return(f, "o", "/job/1");
	fake_job_removed(f, "/job/1", UNIT, "done");
	return true;
}

static void test_a_unit_that_does_not_start_is_an_error(void **state)
{
	struct fake_bus f;
	struct error e;

	fake_begin(&f, *state, fails_to_start);
	assert_int_equal(start(*state, &f, &e), -1);
	assert_string_equal(shown(&e), "start " UNIT ": the job ended as \"failed\"");
	assert_string_equal(f.seen, "StartTransientUnit ResetFailedUnit");
	f.seen[0] = 0;
	f.serve = exists_already;
	assert_int_equal(start(*state, &f, &e), -1);
	assert_int_equal(e.code, EEXIST);
	assert_string_equal(shown(&e), "start " UNIT ": Unit " UNIT " was already loaded. (" EXISTS
				       ") (give the container another name in linux.cgroupsPath)");
	assert_string_equal(f.seen, "StartTransientUnit ResetFailedUnit StartTransientUnit");
	f.seen[0] = 0;
	f.serve = exists_once;
	assert_int_equal(start(*state, &f, &e), -1);
	assert_contains(shown(&e), "the job ended as \"failed\"");
	fake_end(&f);
}

/* Whatever it says: what counts is where the process is. */
static void test_a_process_that_was_not_moved_is_an_error(void **state)
{
	struct fake_bus f;
	struct error e;

	fake_begin(&f, *state, succeeds);
	assert_int_equal(start(*state, &f, &e), -1);
	assert_contains(shown(&e), "systemd has put the container into ");
	assert_contains(shown(&e), ", not into /a.slice/" UNIT);
	fake_end(&f);
}

static bool takes_properties(struct fake_bus *f, struct dbus_message *call)
{
	assert_true(fake_is(call, "SetUnitProperties"));
	assert_string_equal(call->signature, "sba(sv)");
	assert_string_equal(dbus_get_text(call), UNIT);
	assert_int_equal(dbus_get_u32(call), 1);
	fake_return(f, "", NULL);
	return true;
}

static void test_limits_are_set_at_once_or_not_at_all(void **state)
{
	struct place *p = *state;
	struct plan_limit limit = { .file = "/memory.max", .value = "1000" };
	struct plan plan = { 0 };
	struct error e = ERROR_NONE;
	struct fake_bus f;

	fake_begin(&f, p, takes_properties);
	const struct record_systemd r = at(&f);
	/* Nothing to say. */
	assert_int_equal(systemd_update(&r, &plan, NULL, &e), 0);
	assert_string_equal(f.seen, "");
	plan.limits.n = 1;
	plan.limits.v = &limit;
	assert_int_equal(systemd_update(&r, &plan, NULL, &e), 0);
	assert_string_equal(f.seen, "SetUnitProperties");
	f.serve = denies;
	assert_int_equal(systemd_update(&r, &plan, NULL, &e), -1);
	assert_string_equal(shown(&e), "linux.resources: make them properties of " UNIT
				       ": No. (org.freedesktop.DBus.Error.AccessDenied)");
	fake_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ARENA_TEST(test_a_unit_has_a_name_and_a_place),
		ARENA_TEST(test_what_names_no_unit_is_an_error),
		ARENA_TEST(test_limits_are_properties),
		ARENA_TEST(test_device_rules_are_properties),
		ARENA_TEST(test_annotations_are_properties),
		PLACE_TEST(test_a_unit_is_stopped_and_forgotten),
		PLACE_TEST(test_a_unit_that_does_not_start_is_an_error),
		PLACE_TEST(test_a_process_that_was_not_moved_is_an_error),
		PLACE_TEST(test_limits_are_set_at_once_or_not_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
