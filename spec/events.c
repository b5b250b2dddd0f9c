/* The tables of what `events` prints. What is 0 is left out where runc leaves it out. */
#include "spec/events.h"

#define PLAIN JSON_NUMBERS
#define OMIT JSON_OMITZERO

static const struct json_field pressure_line_fields[] = {
	FIELD("avg10", struct stats_pressure_line, avg10, PLAIN),
	FIELD("avg60", struct stats_pressure_line, avg60, PLAIN),
	FIELD("avg300", struct stats_pressure_line, avg300, PLAIN),
	FIELD("total", struct stats_pressure_line, total, 0),
};
static const struct json_table pressure_line_table =
	TABLE(struct stats_pressure_line, pressure_line_fields);

static const struct json_field pressure_fields[] = {
	FIELD_INLINE("some", struct stats_pressure, some, 0, &pressure_line_table),
	FIELD_INLINE("full", struct stats_pressure, full, 0, &pressure_line_table),
};
static const struct json_table pressure_table = TABLE(struct stats_pressure, pressure_fields);

static const struct json_field cpu_usage_fields[] = {
	FIELD("total", struct stats_cpu_usage, total, OMIT),
	FIELD("percpu", struct stats_cpu_usage, percpu, PLAIN),
	FIELD("percpu_kernel", struct stats_cpu_usage, percpu_kernel, PLAIN),
	FIELD("percpu_user", struct stats_cpu_usage, percpu_user, PLAIN),
	FIELD("kernel", struct stats_cpu_usage, kernel, 0),
	FIELD("user", struct stats_cpu_usage, user, 0),
};
static const struct json_table cpu_usage_table = TABLE(struct stats_cpu_usage, cpu_usage_fields);

static const struct json_field throttling_fields[] = {
	FIELD("periods", struct stats_throttling, periods, OMIT),
	FIELD("throttledPeriods", struct stats_throttling, throttled_periods, OMIT),
	FIELD("throttledTime", struct stats_throttling, throttled_time, OMIT),
};
static const struct json_table throttling_table = TABLE(struct stats_throttling, throttling_fields);

static const struct json_field cpu_fields[] = {
	FIELD_INLINE("usage", struct stats_cpu, usage, 0, &cpu_usage_table),
	FIELD_INLINE("throttling", struct stats_cpu, throttling, 0, &throttling_table),
	FIELD_OBJECT("psi", struct stats_cpu, pressure, 0, &pressure_table),
};
static const struct json_table cpu_table = TABLE(struct stats_cpu, cpu_fields);

static const struct json_field cpuset_fields[] = {
	FIELD("cpus", struct stats_cpuset, cpus, 0),
	FIELD("cpu_exclusive", struct stats_cpuset, cpu_exclusive, 0),
	FIELD("mems", struct stats_cpuset, mems, 0),
	FIELD("mem_hardwall", struct stats_cpuset, mem_hardwall, 0),
	FIELD("mem_exclusive", struct stats_cpuset, mem_exclusive, 0),
	FIELD("memory_migrate", struct stats_cpuset, memory_migrate, 0),
	FIELD("memory_spread_page", struct stats_cpuset, memory_spread_page, 0),
	FIELD("memory_spread_slab", struct stats_cpuset, memory_spread_slab, 0),
	FIELD("memory_pressure", struct stats_cpuset, memory_pressure, 0),
	FIELD("sched_load_balance", struct stats_cpuset, sched_load_balance, 0),
	FIELD("sched_relax_domain_level", struct stats_cpuset, sched_relax_domain_level, 0),
};
static const struct json_table cpuset_table = TABLE(struct stats_cpuset, cpuset_fields);

static const struct json_field memory_entry_fields[] = {
	FIELD("limit", struct stats_memory_entry, limit, 0),
	FIELD("usage", struct stats_memory_entry, usage, OMIT),
	FIELD("max", struct stats_memory_entry, max, OMIT),
	FIELD("failcnt", struct stats_memory_entry, failcnt, 0),
};
static const struct json_table memory_entry_table =
	TABLE(struct stats_memory_entry, memory_entry_fields);

static const struct json_field memory_fields[] = {
	FIELD("cache", struct stats_memory, cache, OMIT),
	FIELD_INLINE("usage", struct stats_memory, usage, 0, &memory_entry_table),
	FIELD_INLINE("swap", struct stats_memory, swap, 0, &memory_entry_table),
	FIELD_INLINE("kernel", struct stats_memory, kernel, 0, &memory_entry_table),
	FIELD_INLINE("kernelTCP", struct stats_memory, kernel_tcp, 0, &memory_entry_table),
	FIELD("raw", struct stats_memory, raw, PLAIN),
	FIELD_OBJECT("psi", struct stats_memory, pressure, 0, &pressure_table),
};
static const struct json_table memory_table = TABLE(struct stats_memory, memory_fields);

static const struct json_field pids_fields[] = {
	FIELD("current", struct stats_pids, current, OMIT),
	FIELD("limit", struct stats_pids, limit, OMIT),
};
static const struct json_table pids_table = TABLE(struct stats_pids, pids_fields);

static const struct json_field io_fields[] = {
	FIELD("major", struct stats_io, major, OMIT),
	FIELD("minor", struct stats_io, minor, OMIT),
	FIELD("op", struct stats_io, op, 0),
	FIELD("value", struct stats_io, value, OMIT),
};
static const struct json_table io_table = TABLE(struct stats_io, io_fields);

static const struct json_field blkio_fields[] = {
	FIELD_LIST("ioServiceBytesRecursive", struct stats_blkio, service_bytes, 0, &io_table),
	FIELD_LIST("ioServicedRecursive", struct stats_blkio, serviced, 0, &io_table),
	FIELD_LIST("ioQueueRecursive", struct stats_blkio, queued, 0, &io_table),
	FIELD_LIST("ioServiceTimeRecursive", struct stats_blkio, service_time, 0, &io_table),
	FIELD_LIST("ioWaitTimeRecursive", struct stats_blkio, wait_time, 0, &io_table),
	FIELD_LIST("ioMergedRecursive", struct stats_blkio, merged, 0, &io_table),
	FIELD_LIST("ioTimeRecursive", struct stats_blkio, time, 0, &io_table),
	FIELD_LIST("sectorsRecursive", struct stats_blkio, sectors, 0, &io_table),
	FIELD_OBJECT("psi", struct stats_blkio, pressure, 0, &pressure_table),
};
static const struct json_table blkio_table = TABLE(struct stats_blkio, blkio_fields);

static const struct json_field hugetlb_fields[] = {
	FIELD("usage", struct stats_hugetlb, usage, OMIT),
	FIELD("max", struct stats_hugetlb, max, OMIT),
	FIELD("failcnt", struct stats_hugetlb, failcnt, 0),
};
static const struct json_table hugetlb_table = TABLE(struct stats_hugetlb, hugetlb_fields);

static const struct json_field l3_cache_fields[] = {
	FIELD("cbm_mask", struct stats_l3_cache, cbm_mask, 0),
	FIELD("min_cbm_bits", struct stats_l3_cache, min_cbm_bits, OMIT),
	FIELD("num_closids", struct stats_l3_cache, closids, OMIT),
};
static const struct json_table l3_cache_table = TABLE(struct stats_l3_cache, l3_cache_fields);

static const struct json_field memory_bandwidth_fields[] = {
	FIELD("bandwidth_gran", struct stats_memory_bandwidth, granularity, OMIT),
	FIELD("delay_linear", struct stats_memory_bandwidth, delay_linear, OMIT),
	FIELD("min_bandwidth", struct stats_memory_bandwidth, minimum, OMIT),
	FIELD("num_closids", struct stats_memory_bandwidth, closids, OMIT),
};
static const struct json_table memory_bandwidth_table =
	TABLE(struct stats_memory_bandwidth, memory_bandwidth_fields);

static const struct json_field bandwidth_node_fields[] = {
	FIELD("mbm_total_bytes", struct stats_bandwidth_node, total, 0),
	FIELD("mbm_local_bytes", struct stats_bandwidth_node, local, 0),
};
static const struct json_table bandwidth_node_table =
	TABLE(struct stats_bandwidth_node, bandwidth_node_fields);

static const struct json_field occupancy_node_fields[] = {
	FIELD("llc_occupancy", struct stats_occupancy_node, occupancy, 0),
};
static const struct json_table occupancy_node_table =
	TABLE(struct stats_occupancy_node, occupancy_node_fields);

static const struct json_field intel_rdt_fields[] = {
	FIELD_OBJECT("l3_cache_info", struct stats_intel_rdt, l3_cache, 0, &l3_cache_table),
	FIELD("l3_cache_schema_root", struct stats_intel_rdt, l3_cache_root, 0),
	FIELD("l3_cache_schema", struct stats_intel_rdt, l3_cache_schema, 0),
	FIELD_OBJECT("mem_bw_info", struct stats_intel_rdt, memory_bandwidth, 0,
		     &memory_bandwidth_table),
	FIELD("mem_bw_schema_root", struct stats_intel_rdt, memory_bandwidth_root, 0),
	FIELD("mem_bw_schema", struct stats_intel_rdt, memory_bandwidth_schema, 0),
	FIELD_LIST("mbm_stats", struct stats_intel_rdt, bandwidth, 0, &bandwidth_node_table),
	FIELD_LIST("cmt_stats", struct stats_intel_rdt, occupancy, 0, &occupancy_node_table),
};
static const struct json_table intel_rdt_table = TABLE(struct stats_intel_rdt, intel_rdt_fields);

static const struct json_field network_fields[] = {
	FIELD("Name", struct stats_network, name, 0),
	FIELD("RxBytes", struct stats_network, rx_bytes, 0),
	FIELD("RxPackets", struct stats_network, rx_packets, 0),
	FIELD("RxErrors", struct stats_network, rx_errors, 0),
	FIELD("RxDropped", struct stats_network, rx_dropped, 0),
	FIELD("TxBytes", struct stats_network, tx_bytes, 0),
	FIELD("TxPackets", struct stats_network, tx_packets, 0),
	FIELD("TxErrors", struct stats_network, tx_errors, 0),
	FIELD("TxDropped", struct stats_network, tx_dropped, 0),
};
static const struct json_table network_table = TABLE(struct stats_network, network_fields);

static const struct json_field stats_fields[] = {
	FIELD_INLINE("cpu", struct stats, cpu, 0, &cpu_table),
	FIELD_INLINE("cpuset", struct stats, cpuset, 0, &cpuset_table),
	FIELD_INLINE("memory", struct stats, memory, 0, &memory_table),
	FIELD_INLINE("pids", struct stats, pids, 0, &pids_table),
	FIELD_INLINE("blkio", struct stats, blkio, 0, &blkio_table),
	FIELD_KEYED("hugetlb", struct stats, hugetlb, JSON_ALWAYS, &hugetlb_table),
	FIELD_INLINE("intel_rdt", struct stats, intel_rdt, 0, &intel_rdt_table),
	FIELD_LIST("network_interfaces", struct stats, network, JSON_ALWAYS, &network_table),
};
static const struct json_table stats_table = TABLE(struct stats, stats_fields);

static const struct json_field event_fields[] = {
	FIELD("type", struct event, type, 0),
	FIELD("id", struct event, id, 0),
	FIELD_OBJECT("data", struct event, data, 0, &stats_table),
	FIELD("cgroup", struct event, cgroup, 0),
};
const struct json_table event_table = TABLE(struct event, event_fields);
