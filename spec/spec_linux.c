/*
 * The tables of config.json's `linux` object, config-linux.md, in the order of the specification.
 */
#include "spec/spec.h"

static const struct json_field namespace_fields[] = {
	FIELD_WORD("type", struct spec_namespace, type, JSON_REQUIRED, &words_namespaces),
	FIELD("path", struct spec_namespace, path, JSON_UNSET),
};
static const struct json_table namespace_table = TABLE(struct spec_namespace, namespace_fields);

static const struct json_field time_offset_fields[] = {
	FIELD("secs", struct spec_time_offset, secs, JSON_OMITZERO),
	FIELD("nanosecs", struct spec_time_offset, nanosecs, JSON_OMITZERO),
};
static const struct json_table time_offset_table =
	TABLE(struct spec_time_offset, time_offset_fields);

static const struct json_field time_offsets_fields[] = {
	FIELD_OBJECT("boottime", struct spec_time_offsets, boottime, 0, &time_offset_table),
	FIELD_OBJECT("monotonic", struct spec_time_offsets, monotonic, 0, &time_offset_table),
};
static const struct json_table time_offsets_table =
	TABLE(struct spec_time_offsets, time_offsets_fields);

static const struct json_field device_fields[] = {
	FIELD("path", struct spec_device, path, JSON_REQUIRED | JSON_NONEMPTY),
	FIELD_WORD("type", struct spec_device, type, JSON_REQUIRED, &words_device_types),
	FIELD("major", struct spec_device, major, 0),
	FIELD("minor", struct spec_device, minor, 0),
	FIELD("fileMode", struct spec_device, file_mode, 0),
	FIELD("uid", struct spec_device, uid, 0),
	FIELD("gid", struct spec_device, gid, 0),
};
static const struct json_table device_table = TABLE(struct spec_device, device_fields);

static const struct json_field net_device_fields[] = {
	FIELD("name", struct spec_net_device, name, JSON_UNSET),
};
static const struct json_table net_device_table = TABLE(struct spec_net_device, net_device_fields);

static const struct json_field device_rule_fields[] = {
	FIELD("allow", struct spec_device_rule, allow, JSON_REQUIRED),
	FIELD("type", struct spec_device_rule, type, JSON_UNSET),
	FIELD("major", struct spec_device_rule, major, 0),
	FIELD("minor", struct spec_device_rule, minor, 0),
	FIELD("access", struct spec_device_rule, access, JSON_UNSET),
};
static const struct json_table device_rule_table =
	TABLE(struct spec_device_rule, device_rule_fields);

static const struct json_field memory_fields[] = {
	FIELD("limit", struct spec_memory, limit, 0),
	FIELD("reservation", struct spec_memory, reservation, 0),
	FIELD("swap", struct spec_memory, swap, 0),
	FIELD("kernel", struct spec_memory, kernel, 0),
	FIELD("kernelTCP", struct spec_memory, kernel_tcp, 0),
	FIELD("swappiness", struct spec_memory, swappiness, 0),
	FIELD("disableOOMKiller", struct spec_memory, disable_oom_killer, 0),
	FIELD("useHierarchy", struct spec_memory, use_hierarchy, 0),
	FIELD("checkBeforeUpdate", struct spec_memory, check_before_update, 0),
};
static const struct json_table memory_table = TABLE(struct spec_memory, memory_fields);

static const struct json_field cpu_fields[] = {
	FIELD("shares", struct spec_cpu, shares, 0),
	FIELD("quota", struct spec_cpu, quota, 0),
	FIELD("burst", struct spec_cpu, burst, 0),
	FIELD("period", struct spec_cpu, period, 0),
	FIELD("realtimeRuntime", struct spec_cpu, realtime_runtime, 0),
	FIELD("realtimePeriod", struct spec_cpu, realtime_period, 0),
	FIELD("cpus", struct spec_cpu, cpus, JSON_UNSET),
	FIELD("mems", struct spec_cpu, mems, JSON_UNSET),
	FIELD("idle", struct spec_cpu, idle, 0),
};
static const struct json_table cpu_table = TABLE(struct spec_cpu, cpu_fields);

static const struct json_field pids_fields[] = {
	FIELD("limit", struct spec_pids, limit, 0),
};
static const struct json_table pids_table = TABLE(struct spec_pids, pids_fields);

static const struct json_field weight_device_fields[] = {
	FIELD("major", struct spec_weight_device, major, JSON_REQUIRED),
	FIELD("minor", struct spec_weight_device, minor, JSON_REQUIRED),
	FIELD("weight", struct spec_weight_device, weight, 0),
	FIELD("leafWeight", struct spec_weight_device, leaf_weight, 0),
};
static const struct json_table weight_device_table =
	TABLE(struct spec_weight_device, weight_device_fields);

static const struct json_field throttle_device_fields[] = {
	FIELD("major", struct spec_throttle_device, major, JSON_REQUIRED),
	FIELD("minor", struct spec_throttle_device, minor, JSON_REQUIRED),
	FIELD("rate", struct spec_throttle_device, rate, JSON_REQUIRED),
};
static const struct json_table throttle_device_table =
	TABLE(struct spec_throttle_device, throttle_device_fields);

static const struct json_field block_io_fields[] = {
	FIELD("weight", struct spec_block_io, weight, 0),
	FIELD("leafWeight", struct spec_block_io, leaf_weight, 0),
	FIELD_LIST("weightDevice", struct spec_block_io, weight_device, 0, &weight_device_table),
	FIELD_LIST("throttleReadBpsDevice", struct spec_block_io, throttle_read_bps_device, 0,
		   &throttle_device_table),
	FIELD_LIST("throttleWriteBpsDevice", struct spec_block_io, throttle_write_bps_device, 0,
		   &throttle_device_table),
	FIELD_LIST("throttleReadIOPSDevice", struct spec_block_io, throttle_read_iops_device, 0,
		   &throttle_device_table),
	FIELD_LIST("throttleWriteIOPSDevice", struct spec_block_io, throttle_write_iops_device, 0,
		   &throttle_device_table),
};
static const struct json_table block_io_table = TABLE(struct spec_block_io, block_io_fields);

static const struct json_field hugepage_limit_fields[] = {
	FIELD("pageSize", struct spec_hugepage_limit, page_size, JSON_REQUIRED),
	FIELD("limit", struct spec_hugepage_limit, limit, JSON_REQUIRED),
};
static const struct json_table hugepage_limit_table =
	TABLE(struct spec_hugepage_limit, hugepage_limit_fields);

static const struct json_field interface_priority_fields[] = {
	FIELD("name", struct spec_interface_priority, name, JSON_REQUIRED | JSON_NONEMPTY),
	FIELD("priority", struct spec_interface_priority, priority, JSON_REQUIRED),
};
static const struct json_table interface_priority_table =
	TABLE(struct spec_interface_priority, interface_priority_fields);

static const struct json_field network_fields[] = {
	FIELD("classID", struct spec_network, class_id, 0),
	FIELD_LIST("priorities", struct spec_network, priorities, 0, &interface_priority_table),
};
static const struct json_table network_table = TABLE(struct spec_network, network_fields);

static const struct json_field rdma_fields[] = {
	FIELD("hcaHandles", struct spec_rdma, hca_handles, 0),
	FIELD("hcaObjects", struct spec_rdma, hca_objects, 0),
};
static const struct json_table rdma_table = TABLE(struct spec_rdma, rdma_fields);

static const struct json_field resources_fields[] = {
	FIELD_LIST("devices", struct spec_resources, devices, 0, &device_rule_table),
	FIELD_OBJECT("memory", struct spec_resources, memory, 0, &memory_table),
	FIELD_OBJECT("cpu", struct spec_resources, cpu, 0, &cpu_table),
	FIELD_OBJECT("pids", struct spec_resources, pids, 0, &pids_table),
	FIELD_OBJECT("blockIO", struct spec_resources, block_io, 0, &block_io_table),
	FIELD_LIST("hugepageLimits", struct spec_resources, hugepage_limits, 0,
		   &hugepage_limit_table),
	FIELD_OBJECT("network", struct spec_resources, network, 0, &network_table),
	FIELD_KEYED("rdma", struct spec_resources, rdma, 0, &rdma_table),
	FIELD("unified", struct spec_resources, unified, 0),
};
const struct json_table spec_resources_table = TABLE(struct spec_resources, resources_fields);

static const struct json_field seccomp_arg_fields[] = {
	FIELD("index", struct spec_seccomp_arg, index, JSON_REQUIRED),
	FIELD("value", struct spec_seccomp_arg, value, JSON_REQUIRED),
	FIELD("valueTwo", struct spec_seccomp_arg, value_two, JSON_OMITZERO),
	FIELD_WORD("op", struct spec_seccomp_arg, op, JSON_REQUIRED, &words_seccomp_operators),
};
static const struct json_table seccomp_arg_table =
	TABLE(struct spec_seccomp_arg, seccomp_arg_fields);

static const struct json_field seccomp_syscall_fields[] = {
	FIELD("names", struct spec_seccomp_syscall, names, JSON_REQUIRED | JSON_NONEMPTY),
	FIELD_WORD("action", struct spec_seccomp_syscall, action, JSON_REQUIRED,
		   &words_seccomp_actions),
	FIELD("errnoRet", struct spec_seccomp_syscall, errno_ret, 0),
	FIELD_LIST("args", struct spec_seccomp_syscall, args, 0, &seccomp_arg_table),
};
static const struct json_table seccomp_syscall_table =
	TABLE(struct spec_seccomp_syscall, seccomp_syscall_fields);

static const struct json_field seccomp_fields[] = {
	FIELD_WORD("defaultAction", struct spec_seccomp, default_action, JSON_REQUIRED,
		   &words_seccomp_actions),
	FIELD("defaultErrnoRet", struct spec_seccomp, default_errno_ret, 0),
	FIELD_WORDS("architectures", struct spec_seccomp, architectures, JSON_BITS,
		    &words_seccomp_archs),
	FIELD_WORDS("flags", struct spec_seccomp, flags, 0, &words_seccomp_flags),
	FIELD("listenerPath", struct spec_seccomp, listener_path, JSON_UNSET),
	FIELD("listenerMetadata", struct spec_seccomp, listener_metadata, JSON_UNSET),
	FIELD_LIST("syscalls", struct spec_seccomp, syscalls, 0, &seccomp_syscall_table),
};
const struct json_table spec_seccomp_table = TABLE(struct spec_seccomp, seccomp_fields);

static const struct json_field intel_rdt_fields[] = {
	FIELD("closID", struct spec_intel_rdt, clos_id, JSON_UNSET),
	FIELD("schemata", struct spec_intel_rdt, schemata, 0),
	FIELD("l3CacheSchema", struct spec_intel_rdt, l3_cache_schema, JSON_UNSET),
	FIELD("memBwSchema", struct spec_intel_rdt, mem_bw_schema, JSON_UNSET),
	FIELD("enableMonitoring", struct spec_intel_rdt, enable_monitoring, 0),
};
static const struct json_table intel_rdt_table = TABLE(struct spec_intel_rdt, intel_rdt_fields);

static const struct json_field memory_policy_fields[] = {
	FIELD_WORD("mode", struct spec_memory_policy, mode, JSON_REQUIRED, &words_memory_modes),
	FIELD("nodes", struct spec_memory_policy, nodes, JSON_UNSET),
	FIELD_WORDS("flags", struct spec_memory_policy, flags, 0, &words_memory_flags),
};
static const struct json_table memory_policy_table =
	TABLE(struct spec_memory_policy, memory_policy_fields);

static const struct json_field personality_fields[] = {
	FIELD_WORD("domain", struct spec_personality, domain, JSON_REQUIRED, &words_personality),
	FIELD("flags", struct spec_personality, flags, 0),
};
static const struct json_table personality_table =
	TABLE(struct spec_personality, personality_fields);

static const struct json_field linux_fields[] = {
	FIELD_LIST("namespaces", struct spec_linux, namespaces, 0, &namespace_table),
	FIELD_LIST("uidMappings", struct spec_linux, uid_mappings, 0, &spec_mapping_table),
	FIELD_LIST("gidMappings", struct spec_linux, gid_mappings, 0, &spec_mapping_table),
	FIELD_OBJECT("timeOffsets", struct spec_linux, time_offsets, 0, &time_offsets_table),
	FIELD_LIST("devices", struct spec_linux, devices, 0, &device_table),
	FIELD_KEYED("netDevices", struct spec_linux, net_devices, 0, &net_device_table),
	FIELD("cgroupsPath", struct spec_linux, cgroups_path, JSON_UNSET),
	FIELD_OBJECT("resources", struct spec_linux, resources, 0, &spec_resources_table),
	FIELD_OBJECT("intelRdt", struct spec_linux, intel_rdt, 0, &intel_rdt_table),
	FIELD_OBJECT("memoryPolicy", struct spec_linux, memory_policy, 0, &memory_policy_table),
	FIELD("sysctl", struct spec_linux, sysctl, 0),
	FIELD_OBJECT("seccomp", struct spec_linux, seccomp, 0, &spec_seccomp_table),
	FIELD_WORD("rootfsPropagation", struct spec_linux, rootfs_propagation, JSON_UNSET,
		   &words_propagation),
	FIELD("maskedPaths", struct spec_linux, masked_paths, 0),
	FIELD("readonlyPaths", struct spec_linux, readonly_paths, 0),
	FIELD("mountLabel", struct spec_linux, mount_label, JSON_UNSET),
	FIELD_OBJECT("personality", struct spec_linux, personality, 0, &personality_table),
};
const struct json_table spec_linux_table = TABLE(struct spec_linux, linux_fields);
