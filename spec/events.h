/*
 * What `events` prints: one object a line, with the names and the nesting that callers of runc read
 * (its types/events.go). Only printed, never read. Times are in nanoseconds, sizes in bytes; where
 * there is no limit it is UINT64_MAX, of pids 0.
 */
#ifndef OCIRUN_EVENTS_H
#define OCIRUN_EVENTS_H

#include "spec/json.h"

/* Pressure: averages are percentages as the kernel writes them, "1.27". */
struct stats_pressure_line {
	char *avg10;
	char *avg60;
	char *avg300;
	uint64_t total; /* microseconds */
};
struct stats_pressure {
	struct stats_pressure_line some;
	struct stats_pressure_line full;
};

struct stats_cpu_usage {
	uint64_t total;
	struct strings percpu; /* numbers */
	struct strings percpu_kernel;
	struct strings percpu_user;
	uint64_t kernel;
	uint64_t user;
};
struct stats_throttling {
	uint64_t periods;
	uint64_t throttled_periods;
	uint64_t throttled_time;
};
struct stats_cpu {
	struct stats_cpu_usage usage;
	struct stats_throttling throttling;
	struct stats_pressure *pressure; /* NULL: the kernel has none */
};

struct stats_cpuset {
	struct u32s cpus;
	uint64_t cpu_exclusive;
	struct u32s mems;
	uint64_t mem_hardwall;
	uint64_t mem_exclusive;
	uint64_t memory_migrate;
	uint64_t memory_spread_page;
	uint64_t memory_spread_slab;
	uint64_t memory_pressure;
	uint64_t sched_load_balance;
	int64_t sched_relax_domain_level;
};

struct stats_memory_entry {
	uint64_t limit;
	uint64_t usage;
	uint64_t max;
	uint64_t failcnt;
};
struct stats_memory {
	uint64_t cache;
	struct stats_memory_entry usage;
	struct stats_memory_entry swap; /* memory and swap together */
	struct stats_memory_entry kernel;
	struct stats_memory_entry kernel_tcp;
	struct pairs raw; /* all of memory.stat */
	struct stats_pressure *pressure;
};

struct stats_pids {
	uint64_t current;
	uint64_t limit;
};

struct stats_io {
	uint64_t major;
	uint64_t minor;
	char *op; /* NULL: all */
	uint64_t value;
};
typedef LIST_OF(struct stats_io) stats_io_list;
struct stats_blkio {
	stats_io_list service_bytes;
	stats_io_list serviced;
	stats_io_list queued;
	stats_io_list service_time;
	stats_io_list wait_time;
	stats_io_list merged;
	stats_io_list time;
	stats_io_list sectors;
	struct stats_pressure *pressure;
};

struct stats_hugetlb {
	char *key; /* page size, "2MB" */
	uint64_t usage;
	uint64_t max;
	uint64_t failcnt;
};

struct stats_l3_cache {
	char *cbm_mask;
	uint64_t min_cbm_bits;
	uint64_t closids;
};
struct stats_memory_bandwidth {
	uint64_t granularity;
	uint64_t delay_linear;
	uint64_t minimum;
	uint64_t closids;
};
struct stats_bandwidth_node {
	uint64_t total;
	uint64_t local;
};
struct stats_occupancy_node {
	uint64_t occupancy;
};
struct stats_intel_rdt {
	struct stats_l3_cache *l3_cache;
	char *l3_cache_root; /* lines of schemata: of the host, of the container */
	char *l3_cache_schema;
	struct stats_memory_bandwidth *memory_bandwidth;
	char *memory_bandwidth_root;
	char *memory_bandwidth_schema;
	LIST_OF(struct stats_bandwidth_node) bandwidth; /* of each NUMA node */
	LIST_OF(struct stats_occupancy_node) occupancy;
};

struct stats_network {
	char *name;
	uint64_t rx_bytes, rx_packets, rx_errors, rx_dropped;
	uint64_t tx_bytes, tx_packets, tx_errors, tx_dropped;
};

struct stats {
	struct stats_cpu cpu;
	struct stats_cpuset cpuset;
	struct stats_memory memory;
	struct stats_pids pids;
	struct stats_blkio blkio;
	LIST_OF(struct stats_hugetlb) hugetlb;
	struct stats_intel_rdt intel_rdt;
	LIST_OF(struct stats_network) network;
};

struct event {
	char *type; /* "stats" or "oom" */
	char *id;
	struct stats *data; /* of "stats" */
	char *cgroup;       /* of "oom": whose limit was hit; NULL when nobody was killed */
};
extern const struct json_table event_table;

#endif
