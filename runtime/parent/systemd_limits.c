/*
 * Limits as properties of a unit: from what is written to the files of the cgroup, so that whatever
 * field a value comes from, systemd knows of it and keeps it when it writes those files anew. A
 * value that systemd has no words for is in the file alone.
 */
#include "runtime/parent/systemd_unit.h"

#include "spec/ranges.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INFINITE UINT64_MAX
#define SECOND 1000000

typedef void put_fn(struct dbus_bytes *b, const char *property, const char *value,
		    const struct plan *plan);

/* --- numbers ---------------------------------------------------------------------------------- */

/* As the kernel reads it, "max" and v1's -1 included. What follows the number is left in *at. */
static bool read_number(const char **at, uint64_t *out)
{
	static const char suffixes[] = "kmgtp";
	char *end;

	if (strncmp(*at, "max", 3) == 0 || strncmp(*at, "-1", 2) == 0) {
		*out = INFINITE;
		*at += **at == 'm' ? 3 : 2;
		return true;
	}
	errno = 0;
	*out = strtoull(*at, &end, 10);
	if (errno || end == *at || **at == '-')
		return false;
	const char *suffix = *end ? strchr(suffixes, *end | ' ') : NULL;
	if (suffix) {
		const int bits = 10 * (int)(suffix - suffixes + 1);
		if (*out > UINT64_MAX >> bits)
			return false;
		*out <<= bits;
		end++;
	}
	*at = end;
	return true;
}

static bool whole_number(const char *text, uint64_t *out)
{
	return read_number(&text, out) && !text[strspn(text, " \n")];
}

static void number(struct dbus_bytes *b, const char *property, const char *value,
		   const struct plan *plan)
{
	uint64_t n;

	(void)plan;
	if (whole_number(value, &n))
		systemd_put_u64(b, property, n);
}

/* Where systemd takes no 0: 1 is what comes next. */
static void at_least_one(struct dbus_bytes *b, const char *property, const char *value,
			 const struct plan *plan)
{
	uint64_t n;

	(void)plan;
	if (whole_number(value, &n))
		systemd_put_u64(b, property, n ? n : 1);
}

/* --- cpu -------------------------------------------------------------------------------------- */

/* A share of a second; systemd keeps whole percents, which must not be less than what is asked. */
static void put_quota(struct dbus_bytes *b, uint64_t quota, uint64_t period)
{
	const uint64_t percent = SECOND / 100;
	uint64_t share = INFINITE;

	if (quota != INFINITE && quota < INFINITE / SECOND && period)
		share = (quota * SECOND / period + percent - 1) / percent * percent;
	systemd_put_u64(b, "CPUQuotaPerSecUSec", share);
	systemd_put_u64(b, "CPUQuotaPeriodUSec", period);
}

/* "50000 100000", "max" */
static void cpu_max(struct dbus_bytes *b, const char *property, const char *value,
		    const struct plan *plan)
{
	uint64_t quota, period = 100000;

	(void)property, (void)plan;
	if (!read_number(&value, &quota))
		return;
	value += strspn(value, " ");
	if (*value && *value != '\n' && !read_number(&value, &period))
		return;
	put_quota(b, quota, period);
}

static const char *value_of(const struct plan *plan, const char *file)
{
	for (size_t i = 0; i < plan->limits.n; i++) {
		const char *base = strrchr(plan->limits.v[i].file, '/');
		if (base && !strcmp(base + 1, file))
			return plan->limits.v[i].value;
	}
	return NULL;
}

/* v1 has two files. */
static void cfs_quota(struct dbus_bytes *b, const char *property, const char *value,
		      const struct plan *plan)
{
	const char *other = value_of(plan, "cpu.cfs_period_us");
	uint64_t quota, period = 100000;

	(void)property;
	if (whole_number(value, &quota) && (!other || whole_number(other, &period)))
		put_quota(b, quota, period);
}

static void cfs_period(struct dbus_bytes *b, const char *property, const char *value,
		       const struct plan *plan)
{
	if (!value_of(plan, "cpu.cfs_quota_us"))
		number(b, property, value, plan);
}

/* A byte for each eight; none where there is no restriction. */
static void put_mask(struct dbus_bytes *b, const char *property, const char *value, uint32_t most)
{
	struct error ignored = ERROR_NONE;
	struct ranges set = { 0 };
	uint32_t last = 0;
	char line[16384]; /* what a file had ends with its line */

	const int n = snprintf(line, sizeof(line), "%.*s", (int)strcspn(value, "\n"), value);
	const bool none = !line[strspn(line, " ")];
	if (n >= (int)sizeof(line) || (!none && !ranges_read(line, most, &set, "", &ignored)))
		return;
	for (uint32_t i = 0; i <= most; i++)
		if (ranges_has(&set, i))
			last = i;
	systemd_put_property(b, property, "ay");
	const size_t array = dbus_array_begin(b, 1);
	for (uint32_t i = 0; i <= last && !none; i += 8) {
		uint8_t byte = 0;
		for (uint32_t bit = 0; bit < 8 && i + bit <= most; bit++)
			byte |= (uint8_t)(ranges_has(&set, i + bit) << bit);
		dbus_put_byte(b, byte);
	}
	dbus_array_end(b, array, 1);
}

static void cpus(struct dbus_bytes *b, const char *property, const char *value,
		 const struct plan *plan)
{
	(void)plan;
	put_mask(b, property, value, RANGES_CPU_MAX);
}

static void nodes(struct dbus_bytes *b, const char *property, const char *value,
		  const struct plan *plan)
{
	(void)plan;
	put_mask(b, property, value, RANGES_NODE_MAX);
}

/* --- io --------------------------------------------------------------------------------------- */

static void put_device(struct dbus_bytes *b, const char *property, const char *device, size_t n,
		       uint64_t value)
{
	char path[64];

	snprintf(path, sizeof(path), "/dev/block/%.*s", n < 40 ? (int)n : 40, device);
	systemd_put_property(b, property, "a(st)");
	const size_t array = dbus_array_begin(b, 8);
	dbus_put_text(b, path);
	dbus_put_u64(b, value);
	dbus_array_end(b, array, 8);
}

/* "8:0 1000"; v1 means by 0 that there is no limit. */
static void device(struct dbus_bytes *b, const char *property, const char *value,
		   const struct plan *plan)
{
	const size_t n = strcspn(value, " ");
	uint64_t rate;

	(void)plan;
	if (value[n] && whole_number(value + n + 1, &rate))
		put_device(b, property, value, n, rate ? rate : INFINITE);
}

/* systemd makes BFQ's 1 to 1000 of its own 1 to 10000, by a line on each side of 100. */
static uint64_t of_bfq(uint64_t weight)
{
	return weight <= 100 ? weight : 100 + (weight - 100) * 11;
}

/* "100", "default 100", "8:0 100" */
static void put_weight(struct dbus_bytes *b, const char *value, bool bfq)
{
	const size_t n = strcspn(value, " ");
	const bool all = !value[n] || strncmp(value, "default ", 8) == 0;
	uint64_t weight;

	if (!whole_number(value[n] ? value + n + 1 : value, &weight))
		return;
	if (bfq)
		weight = of_bfq(weight);
	if (all)
		systemd_put_u64(b, "IOWeight", weight);
	else
		put_device(b, "IODeviceWeight", value, n, weight);
}

static void bfq_weight(struct dbus_bytes *b, const char *property, const char *value,
		       const struct plan *plan)
{
	(void)property, (void)plan;
	put_weight(b, value, true);
}

static void io_weight(struct dbus_bytes *b, const char *property, const char *value,
		      const struct plan *plan)
{
	(void)property, (void)plan;
	put_weight(b, value, false);
}

/* "8:0 rbps=1000 wiops=max" */
static void io_max(struct dbus_bytes *b, const char *property, const char *value,
		   const struct plan *plan)
{
	static const struct {
		const char *key, *property;
	} kinds[] = { { "rbps=", "IOReadBandwidthMax" },
		      { "wbps=", "IOWriteBandwidthMax" },
		      { "riops=", "IOReadIOPSMax" },
		      { "wiops=", "IOWriteIOPSMax" } };
	const size_t n = strcspn(value, " ");

	(void)property, (void)plan;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const char *at = strstr(value + n, kinds[i].key);
		uint64_t rate;
		if (at && (at += strlen(kinds[i].key), read_number(&at, &rate)))
			put_device(b, kinds[i].property, value, n, rate);
	}
}

/* --- rows ------------------------------------------------------------------------------------- */

static const struct row {
	const char *file, *property;
	put_fn *put;
	bool v2; /* v1 has a file of that name too, which systemd does not know */
} rows[] = {
	{ "memory.min", "MemoryMin", number, false },
	{ "memory.low", "MemoryLow", number, false },
	{ "memory.high", "MemoryHigh", at_least_one, false },
	{ "memory.max", "MemoryMax", at_least_one, false },
	{ "memory.swap.max", "MemorySwapMax", number, false },
	{ "memory.limit_in_bytes", "MemoryLimit", number, false },
	{ "pids.max", "TasksMax", at_least_one, false },
	{ "cpu.weight", "CPUWeight", number, false },
	{ "cpu.shares", "CPUShares", number, false },
	{ "cpu.max", NULL, cpu_max, false },
	{ "cpu.cfs_quota_us", NULL, cfs_quota, false },
	{ "cpu.cfs_period_us", "CPUQuotaPeriodUSec", cfs_period, false },
	{ "cpuset.cpus", "AllowedCPUs", cpus, true },
	{ "cpuset.mems", "AllowedMemoryNodes", nodes, true },
	{ "io.weight", NULL, io_weight, false },
	{ "io.bfq.weight", NULL, bfq_weight, false },
	{ "io.max", NULL, io_max, false },
	{ "blkio.weight", "BlockIOWeight", number, false },
	{ "blkio.weight_device", "BlockIODeviceWeight", device, false },
	{ "blkio.throttle.read_bps_device", "BlockIOReadBandwidth", device, false },
	{ "blkio.throttle.write_bps_device", "BlockIOWriteBandwidth", device, false },
};

void systemd_put_limits(struct dbus_bytes *b, const struct plan *plan)
{
	for (size_t i = 0; i < plan->limits.n; i++) {
		const struct plan_limit *limit = &plan->limits.v[i];
		const char *base = strrchr(limit->file, '/');
		for (size_t j = 0; base && j < sizeof(rows) / sizeof(rows[0]); j++)
			if (!strcmp(base + 1, rows[j].file) && (limit->controller || !rows[j].v2))
				rows[j].put(b, rows[j].property, limit->value, plan);
	}
}

/* --- devices ---------------------------------------------------------------------------------- */

/* Of all minor numbers of a major one, or of all; not of one minor number of all major ones. */
static void allow_device(struct dbus_bytes *b, const struct device_entry *d)
{
	const char *kind = d->type == 'b' ? "block" : "char";
	char path[80], access[4];

	if (!d->access || (d->major < 0 && d->minor >= 0))
		return;
	if (d->major < 0)
		snprintf(path, sizeof(path), "%s-*", kind);
	else if (d->minor < 0)
		snprintf(path, sizeof(path), "%s-%" PRId64, kind, d->major);
	else
		snprintf(path, sizeof(path), "/dev/%s/%" PRId64 ":%" PRId64, kind, d->major,
			 d->minor);
	systemd_put_property(b, "DeviceAllow", "a(ss)");
	const size_t array = dbus_array_begin(b, 8);
	dbus_put_text(b, path);
	dbus_put_text(b, device_access_text(d->access, access));
	dbus_array_end(b, array, 8);
}

void systemd_put_devices(struct dbus_bytes *b, const struct device_list *list)
{
	systemd_put_text(b, "DevicePolicy", list->all ? "auto" : "strict");
	/* An empty list forgets what was allowed before. */
	systemd_put_property(b, "DeviceAllow", "a(ss)");
	dbus_array_end(b, dbus_array_begin(b, 8), 8);
	for (size_t i = 0; !list->all && i < list->n; i++)
		allow_device(b, &list->v[i]);
}
