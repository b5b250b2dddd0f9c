/*
 * config.json of the OCI runtime specification v1.3.0, Linux, as C structs: every field, under the
 * specification's own name. Words are already numbers; a pointer or an empty list is an absent
 * field. Reading is pure: no system call, no environment.
 */
#ifndef OCIRUN_SPEC_H
#define OCIRUN_SPEC_H

#include "spec/arena.h"
#include "spec/error.h"
#include "spec/json.h"

#include <stdint.h>

#define SPEC_VERSION "1.3.0"

struct spec_root {
	char *path;
	bool readonly;
};

struct spec_id_mapping {
	uint32_t container_id;
	uint32_t host_id;
	uint32_t size;
};
typedef LIST_OF(struct spec_id_mapping) spec_id_mappings;

struct spec_mount {
	char *destination;
	char *type;
	char *source;
	struct strings options;
	spec_id_mappings uid_mappings;
	spec_id_mappings gid_mappings;
};

struct spec_hook {
	char *path;
	struct strings args;
	struct strings *env; /* NULL: absent, the hook's environment is empty */
	int64_t *timeout;    /* seconds */
};
typedef LIST_OF(struct spec_hook) spec_hook_list;

struct spec_hooks {
	spec_hook_list prestart;
	spec_hook_list create_runtime;
	spec_hook_list create_container;
	spec_hook_list start_container;
	spec_hook_list poststart;
	spec_hook_list poststop;
};

struct spec_user {
	uint32_t uid;
	uint32_t gid;
	uint32_t *umask;
	struct u32s additional_gids;
};

struct spec_console_size {
	uint64_t height;
	uint64_t width;
};

struct spec_capabilities { /* bits: 1 << CAP_* */
	uint64_t bounding;
	uint64_t effective;
	uint64_t inheritable;
	uint64_t permitted;
	uint64_t ambient;
};

struct spec_rlimit {
	uint32_t type; /* RLIMIT_* */
	uint64_t soft;
	uint64_t hard;
};

struct spec_scheduler {
	uint32_t policy; /* SCHED_* */
	int32_t nice;
	int32_t priority;
	uint64_t flags; /* sched_attr.sched_flags */
	uint64_t runtime;
	uint64_t deadline;
	uint64_t period;
};

struct spec_io_priority {
	uint32_t class; /* IOPRIO_CLASS_* */
	int32_t priority;
};

struct spec_cpu_affinity {
	char *initial;
	char *final;
};

struct spec_process {
	bool terminal;
	struct spec_console_size *console_size;
	struct spec_user user;
	struct strings args;
	struct strings env;
	char *cwd;
	struct spec_capabilities *capabilities;
	LIST_OF(struct spec_rlimit) rlimits;
	bool no_new_privileges;
	char *apparmor_profile;
	int32_t *oom_score_adj;
	char *selinux_label;
	struct spec_scheduler *scheduler;
	struct spec_io_priority *io_priority;
	struct spec_cpu_affinity *exec_cpu_affinity;
};

struct spec_namespace {
	uint32_t type; /* CLONE_NEW* */
	char *path;    /* NULL: make a new one */
};

struct spec_device {
	char *path;
	uint32_t type; /* S_IFCHR, S_IFBLK, S_IFIFO */
	int64_t *major;
	int64_t *minor;
	uint32_t *file_mode;
	uint32_t *uid;
	uint32_t *gid;
};

struct spec_net_device {
	char *key;  /* the host's name of it */
	char *name; /* its name in the container; NULL: unchanged */
};

struct spec_device_rule {
	bool allow;
	char *type; /* a, c, b; NULL: a */
	int64_t *major;
	int64_t *minor;
	char *access; /* of r, w, m */
};

struct spec_memory {
	int64_t *limit;
	int64_t *reservation;
	int64_t *swap;
	int64_t *kernel;
	int64_t *kernel_tcp;
	uint64_t *swappiness;
	bool *disable_oom_killer;
	bool *use_hierarchy;
	bool *check_before_update;
};

struct spec_cpu {
	uint64_t *shares;
	int64_t *quota;
	uint64_t *burst;
	uint64_t *period;
	int64_t *realtime_runtime;
	uint64_t *realtime_period;
	char *cpus;
	char *mems;
	int64_t *idle;
};

struct spec_weight_device {
	int64_t major;
	int64_t minor;
	uint16_t *weight;
	uint16_t *leaf_weight;
};

struct spec_throttle_device {
	int64_t major;
	int64_t minor;
	uint64_t rate;
};
typedef LIST_OF(struct spec_throttle_device) spec_throttle_list;

struct spec_block_io {
	uint16_t *weight;
	uint16_t *leaf_weight;
	LIST_OF(struct spec_weight_device) weight_device;
	spec_throttle_list throttle_read_bps_device;
	spec_throttle_list throttle_write_bps_device;
	spec_throttle_list throttle_read_iops_device;
	spec_throttle_list throttle_write_iops_device;
};

struct spec_hugepage_limit {
	char *page_size;
	uint64_t limit;
};

struct spec_interface_priority {
	char *name;
	uint32_t priority;
};

struct spec_network {
	uint32_t *class_id;
	LIST_OF(struct spec_interface_priority) priorities;
};

struct spec_pids {
	int64_t *limit;
};

struct spec_rdma {
	char *key; /* device */
	uint32_t *hca_handles;
	uint32_t *hca_objects;
};

struct spec_resources {
	LIST_OF(struct spec_device_rule) devices;
	struct spec_memory *memory;
	struct spec_cpu *cpu;
	struct spec_pids *pids;
	struct spec_block_io *block_io;
	LIST_OF(struct spec_hugepage_limit) hugepage_limits;
	struct spec_network *network;
	LIST_OF(struct spec_rdma) rdma;
	struct pairs unified;
};

struct spec_seccomp_arg {
	uint32_t index;
	uint64_t value;
	uint64_t value_two;
	uint32_t op; /* enum seccomp_operator */
};

struct spec_seccomp_syscall {
	struct strings names;
	uint32_t action; /* enum seccomp_action */
	uint32_t *errno_ret;
	LIST_OF(struct spec_seccomp_arg) args;
};

struct spec_seccomp {
	uint32_t default_action;
	uint32_t *default_errno_ret;
	uint64_t architectures; /* bits: 1 << value of words_seccomp_archs */
	uint64_t *flags;        /* SECCOMP_FILTER_FLAG_*; NULL: absent */
	char *listener_path;
	char *listener_metadata;
	LIST_OF(struct spec_seccomp_syscall) syscalls;
	/* No fields: see extensions.h. */
	unsigned char *program; /* struct sock_filter, in the place of all this; NULL: none */
	size_t program_length;
	bool all_known; /* a name that is no system call is an error */
};

struct spec_intel_rdt {
	char *clos_id;
	struct strings schemata;
	char *l3_cache_schema;
	char *mem_bw_schema;
	bool *enable_monitoring;
};

struct spec_memory_policy {
	uint32_t mode;
	char *nodes;
	uint64_t flags;
};

struct spec_personality {
	uint32_t domain; /* PER_LINUX, PER_LINUX32 */
	struct strings flags;
};

struct spec_time_offset {
	int64_t secs;
	uint32_t nanosecs;
};

struct spec_time_offsets {
	struct spec_time_offset *boottime;
	struct spec_time_offset *monotonic;
};

struct spec_linux {
	LIST_OF(struct spec_namespace) namespaces;
	spec_id_mappings uid_mappings;
	spec_id_mappings gid_mappings;
	struct spec_time_offsets *time_offsets;
	LIST_OF(struct spec_device) devices;
	LIST_OF(struct spec_net_device) net_devices;
	char *cgroups_path;
	struct spec_resources *resources;
	struct spec_intel_rdt *intel_rdt;
	struct spec_memory_policy *memory_policy;
	struct pairs sysctl;
	struct spec_seccomp *seccomp;
	uint64_t rootfs_propagation; /* MS_SHARED …; 0: absent */
	struct strings masked_paths;
	struct strings readonly_paths;
	char *mount_label;
	struct spec_personality *personality;
};

struct spec {
	char *oci_version;
	struct spec_root *root;
	LIST_OF(struct spec_mount) mounts;
	struct spec_process *process;
	char *hostname;
	char *domainname;
	struct spec_hooks *hooks;
	struct pairs annotations; /* some change what the runtime does: extensions.h */
	struct spec_linux *linux; /* never NULL after spec_read */
};

extern const struct json_table spec_table;
extern const struct json_table spec_linux_table;
extern const struct json_table spec_process_table;   /* a process.json of exec */
extern const struct json_table spec_resources_table; /* a resources.json of update */
extern const struct json_table spec_hook_table; /* state.json keeps poststart and poststop hooks */
extern const struct json_table spec_mapping_table;
extern const struct json_table spec_seccomp_table; /* of a compiled filter's key */

/*
 * Read and check a config.json of `length` bytes (text[length] need not be 0). Every problem found
 * is in e, each on a line with its place. Warnings (unknown capabilities) are appended to
 * *warnings, allocated from the arena like everything else. Serves config.md and config-linux.md.
 */
MUST_CHECK int spec_read(struct arena *a, const char *text, size_t length, struct spec **out,
			 struct strings *warnings, struct error *e);

/* validate.c: the rules across fields and the rules of values that a table row can't say. Adds
 * every problem to e. Called by spec_read. */
MUST_CHECK int spec_validate(const struct spec *s, struct error *e);

/* Its rule about ociVersion alone, for a document that could not be read whole. */
void spec_validate_version(const char *version, struct error *e);

/* The same for what json_read has read of exec's process.json and update's resources.json: places
 * begin at the document. */
MUST_CHECK int spec_validate_process(const struct spec_process *p, struct error *e);
MUST_CHECK int spec_validate_resources(const struct spec_resources *r, struct error *e);

/*
 * The path below /proc/sys of a kernel parameter in either spelling, "net.core.somaxconn" or
 * "net/core/somaxconn". False when it is none: empty, too long for `size`, or with an empty, "." or
 * ".." component, so that the path stays below.
 */
#define SYSCTL_PATH 256 /* bytes that hold any */
bool spec_sysctl_path(const char *key, char *out, size_t size);

/* The CLONE_NEW* bit of the namespace that such a path belongs to; 0: none, it is the host's. */
uint64_t spec_sysctl_namespace(const char *path);

#endif
