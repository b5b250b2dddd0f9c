/*
 * The tables of a container's state: the document of runtime.md that people and hooks read, and the
 * record that later commands read.
 */
#include "spec/status.h"

static const struct json_field status_fields[] = {
	FIELD("ociVersion", struct status, oci_version, JSON_REQUIRED),
	FIELD("id", struct status, id, JSON_REQUIRED),
	FIELD("pid", struct status, pid, 0),
	FIELD("status", struct status, status, JSON_REQUIRED),
	FIELD("bundle", struct status, bundle, JSON_REQUIRED),
	FIELD("rootfs", struct status, rootfs, 0),
	FIELD("created", struct status, created, 0),
	FIELD("annotations", struct status, annotations, 0),
	FIELD("owner", struct status, owner, 0),
	FIELD("oomCgroup", struct status, oom_cgroup, 0),
};
const struct json_table status_table = TABLE(struct status, status_fields);

static const struct json_field process_state_fields[] = {
	FIELD("ociVersion", struct process_state, oci_version, JSON_REQUIRED),
	FIELD("fds", struct process_state, fds, 0),
	FIELD("pid", struct process_state, pid, JSON_REQUIRED),
	FIELD("metadata", struct process_state, metadata, 0),
	FIELD_INLINE("state", struct process_state, state, JSON_REQUIRED, &status_table),
};
const struct json_table process_state_table = TABLE(struct process_state, process_state_fields);

static const struct json_field record_process_fields[] = {
	FIELD("pid", struct record_process, pid, JSON_REQUIRED),
	FIELD("startTime", struct record_process, start_time, JSON_REQUIRED),
};
static const struct json_table record_process_table =
	TABLE(struct record_process, record_process_fields);

static const struct json_field record_cgroup_fields[] = {
	FIELD("path", struct record_cgroup, path, JSON_REQUIRED),
	FIELD("top", struct record_cgroup, top, 0),
};
static const struct json_table record_cgroup_table =
	TABLE(struct record_cgroup, record_cgroup_fields);

static const struct json_field record_systemd_fields[] = {
	FIELD("unit", struct record_systemd, unit, JSON_REQUIRED),
	FIELD("address", struct record_systemd, address, JSON_REQUIRED),
	FIELD("daemon", struct record_systemd, daemon, 0),
};
static const struct json_table record_systemd_table =
	TABLE(struct record_systemd, record_systemd_fields);

static const struct json_field record_value_fields[] = {
	FIELD("file", struct record_value, file, JSON_REQUIRED),
	FIELD("written", struct record_value, written, JSON_REQUIRED),
	FIELD("text", struct record_value, text, JSON_REQUIRED),
};
static const struct json_table record_value_table = TABLE(struct record_value, record_value_fields);

static const struct json_field record_devices_fields[] = {
	FIELD("path", struct record_devices, path, JSON_REQUIRED),
	FIELD("list", struct record_devices, list, 0),
	FIELD("program", struct record_devices, program, JSON_OMITZERO),
};
static const struct json_table record_devices_table =
	TABLE(struct record_devices, record_devices_fields);

static const struct json_field record_address_fields[] = {
	FIELD("local", struct record_address, local, 0),
	FIELD("address", struct record_address, address, 0),
	FIELD("broadcast", struct record_address, broadcast, 0),
	FIELD("label", struct record_address, label, 0),
	FIELD("prefix", struct record_address, prefix, JSON_REQUIRED),
	FIELD("scope", struct record_address, scope, 0),
	FIELD("flags", struct record_address, flags, 0),
	FIELD("priority", struct record_address, priority, 0),
	FIELD("valid", struct record_address, valid, 0),
	FIELD("preferred", struct record_address, preferred, 0),
};
static const struct json_table record_address_table =
	TABLE(struct record_address, record_address_fields);

static const struct json_field record_net_device_fields[] = {
	FIELD("key", struct record_net_device, key, JSON_REQUIRED),
	FIELD("name", struct record_net_device, name, JSON_REQUIRED),
	FIELD("inside", struct record_net_device, inside, JSON_REQUIRED),
	FIELD("index", struct record_net_device, index, JSON_REQUIRED),
	FIELD("insideIndex", struct record_net_device, inside_index, JSON_REQUIRED),
	FIELD("up", struct record_net_device, up, 0),
	FIELD_LIST("addresses", struct record_net_device, addresses, 0, &record_address_table),
};
static const struct json_table record_net_device_table =
	TABLE(struct record_net_device, record_net_device_fields);

static const struct json_field record_intel_rdt_fields[] = {
	FIELD("root", struct record_intel_rdt, root, JSON_REQUIRED),
	FIELD("path", struct record_intel_rdt, path, JSON_REQUIRED),
	FIELD("made", struct record_intel_rdt, made, 0),
	FIELD("shared", struct record_intel_rdt, shared, 0),
	FIELD("monitoring", struct record_intel_rdt, monitoring, 0),
};
static const struct json_table record_intel_rdt_table =
	TABLE(struct record_intel_rdt, record_intel_rdt_fields);

static const struct json_field record_fields[] = {
	FIELD("ociVersion", struct record, oci_version, JSON_REQUIRED),
	FIELD("id", struct record, id, JSON_REQUIRED),
	FIELD("bundle", struct record, bundle, JSON_REQUIRED),
	FIELD("rootfs", struct record, rootfs, 0),
	FIELD("created", struct record, created, JSON_REQUIRED),
	FIELD("complete", struct record, complete, 0),
	FIELD("hasProcess", struct record, has_process, 0),
	FIELD("ownPidNamespace", struct record, own_pid_namespace, 0),
	FIELD("owner", struct record, owner, 0),
	FIELD("annotations", struct record, annotations, 0),
	FIELD_INLINE("creator", struct record, creator, JSON_REQUIRED, &record_process_table),
	FIELD_INLINE("init", struct record, init, 0, &record_process_table),
	FIELD_LIST("cgroups", struct record, cgroups, 0, &record_cgroup_table),
	FIELD_OBJECT("systemd", struct record, systemd, 0, &record_systemd_table),
	FIELD_LIST("limits", struct record, limits, 0, &record_value_table),
	FIELD_OBJECT("devices", struct record, devices, 0, &record_devices_table),
	FIELD_LIST("netDevices", struct record, net_devices, 0, &record_net_device_table),
	FIELD("network", struct record, network, 0),
	FIELD_OBJECT("intelRdt", struct record, intel_rdt, 0, &record_intel_rdt_table),
	FIELD_LIST("poststart", struct record, poststart, 0, &spec_hook_table),
	FIELD_LIST("poststop", struct record, poststop, 0, &spec_hook_table),
};
const struct json_table record_table = TABLE(struct record, record_fields);
