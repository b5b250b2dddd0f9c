/* The plan's tables, and its way through the memfd. See plan.h. */
#include "runtime/plan.h"

#include "runtime/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static const struct json_field plan_mount_fields[] = {
	FIELD("kind", struct plan_mount, kind, 0),
	FIELD("destination", struct plan_mount, destination, 0),
	FIELD("type", struct plan_mount, type, 0),
	FIELD("source", struct plan_mount, source, 0),
	FIELD("data", struct plan_mount, data, 0),
	FIELD("recursive", struct plan_mount, recursive, JSON_OMITZERO),
	FIELD("copyUp", struct plan_mount, copy_up, JSON_OMITZERO),
	FIELD("copySymlink", struct plan_mount, copy_symlink, JSON_OMITZERO),
	FIELD("sourceNofollow", struct plan_mount, source_nofollow, JSON_OMITZERO),
	FIELD("forcedV1", struct plan_mount, forced_v1, JSON_OMITZERO),
	FIELD("destinationNofollow", struct plan_mount, destination_nofollow, JSON_OMITZERO),
	FIELD("idmap", struct plan_mount, idmap, JSON_OMITZERO),
	FIELD("idmapBelow", struct plan_mount, idmap_below, JSON_OMITZERO),
	FIELD("attrSet", struct plan_mount, attr_set, JSON_OMITZERO),
	FIELD("attrClear", struct plan_mount, attr_clear, JSON_OMITZERO),
	FIELD("attrDrop", struct plan_mount, attr_drop, JSON_OMITZERO),
	FIELD("treeSet", struct plan_mount, tree_set, JSON_OMITZERO),
	FIELD("treeClear", struct plan_mount, tree_clear, JSON_OMITZERO),
	FIELD("superSet", struct plan_mount, super_set, JSON_OMITZERO),
	FIELD("superClear", struct plan_mount, super_clear, JSON_OMITZERO),
	FIELD("propagation", struct plan_mount, propagation, 0),
	FIELD("index", struct plan_mount, index, 0),
	FIELD("reconfigure", struct plan_mount, reconfigure, JSON_OMITZERO),
};
static const struct json_table plan_mount_table = TABLE(struct plan_mount, plan_mount_fields);

static const struct json_field plan_device_fields[] = {
	FIELD("path", struct plan_device, path, 0),
	FIELD("mode", struct plan_device, mode, 0),
	FIELD("major", struct plan_device, major, 0),
	FIELD("minor", struct plan_device, minor, 0),
	FIELD("uid", struct plan_device, uid, 0),
	FIELD("gid", struct plan_device, gid, 0),
	FIELD("hasMode", struct plan_device, has_mode, JSON_OMITZERO),
	FIELD("hasOwner", struct plan_device, has_owner, JSON_OMITZERO),
	FIELD("index", struct plan_device, index, 0),
};
static const struct json_table plan_device_table = TABLE(struct plan_device, plan_device_fields);

static const struct json_field plan_cgroup_fields[] = {
	FIELD("name", struct plan_cgroup, name, 0),
	FIELD("options", struct plan_cgroup, options, 0),
	FIELD("unified", struct plan_cgroup, unified, JSON_OMITZERO),
	FIELD("path", struct plan_cgroup, path, 0),
};
static const struct json_table plan_cgroup_table = TABLE(struct plan_cgroup, plan_cgroup_fields);

static const struct json_field plan_device_rule_fields[] = {
	FIELD("allow", struct plan_device_rule, allow, 0),
	FIELD("type", struct plan_device_rule, type, 0),
	FIELD("major", struct plan_device_rule, major, 0),
	FIELD("minor", struct plan_device_rule, minor, 0),
	FIELD("access", struct plan_device_rule, access, 0),
	FIELD("index", struct plan_device_rule, index, 0),
};
static const struct json_table plan_device_rule_table =
	TABLE(struct plan_device_rule, plan_device_rule_fields);

static const struct json_field plan_limit_fields[] = {
	FIELD("field", struct plan_limit, field, 0),
	FIELD("controller", struct plan_limit, controller, 0),
	FIELD("file", struct plan_limit, file, 0),
	FIELD("value", struct plan_limit, value, 0),
	FIELD("other", struct plan_limit, other, 0),
	FIELD("otherValue", struct plan_limit, other_value, 0),
};
static const struct json_table plan_limit_table = TABLE(struct plan_limit, plan_limit_fields);

static const struct json_field plan_memory_policy_fields[] = {
	FIELD("mode", struct plan_memory_policy, mode, 0),
	FIELD("nodes", struct plan_memory_policy, nodes, 0),
};
static const struct json_table plan_memory_policy_table =
	TABLE(struct plan_memory_policy, plan_memory_policy_fields);

static const struct json_field plan_join_fields[] = {
	FIELD("type", struct plan_join, type, 0),
	FIELD("fd", struct plan_join, fd, JSON_HIDDEN),
	FIELD("index", struct plan_join, index, JSON_HIDDEN),
};
static const struct json_table plan_join_table = TABLE(struct plan_join, plan_join_fields);

static const struct json_field plan_filter_fields[] = {
	FIELD("flags", struct plan_filter, flags, 0),
	FIELD("notify", struct plan_filter, notify, JSON_OMITZERO),
};
static const struct json_table plan_filter_table = TABLE(struct plan_filter, plan_filter_fields);

static const struct json_field plan_fields[] = {
	FIELD("ignoredSignals", struct plan, ignored_signals, JSON_OMITZERO),
	FIELD("blockedSignals", struct plan, blocked_signals, JSON_OMITZERO),
	FIELD("umask", struct plan, umask, 0),
	FIELD_INLINE("status", struct plan, status, 0, &status_table),
	FIELD("newKeyring", struct plan, new_keyring, 0),
	FIELD("newNamespaces", struct plan, new_namespaces, 0),
	FIELD("joinedNamespaces", struct plan, joined_namespaces, 0),
	FIELD_LIST("joins", struct plan, joins, 0, &plan_join_table),
	FIELD("timeOffsets", struct plan, time_offsets, 0),
	FIELD("nested", struct plan, nested, 0),
	FIELD("makesNodes", struct plan, makes_nodes, JSON_OMITZERO),
	FIELD("keepGroups", struct plan, keep_groups, 0),
	FIELD("mountsApart", struct plan, mounts_apart, 0),
	FIELD("noPivot", struct plan, no_pivot, 0),
	FIELD("noMountFallback", struct plan, no_mount_fallback, 0),
	FIELD("netDevices", struct plan, net_devices, JSON_OMITZERO),
	FIELD("createHooks", struct plan, create_hooks, 0),
	FIELD("rootfsPropagation", struct plan, rootfs_propagation, 0),
	FIELD("rootfsReadonly", struct plan, rootfs_readonly, 0),
	FIELD_LIST("mounts", struct plan, mounts, 0, &plan_mount_table),
	FIELD("notify", struct plan, notify, JSON_HIDDEN),
	FIELD("setupDev", struct plan, setup_dev, 0),
	FIELD_LIST("devices", struct plan, devices, 0, &plan_device_table),
	FIELD_LIST("cgroups", struct plan, cgroups, 0, &plan_cgroup_table),
	FIELD("delegateCgroup", struct plan, delegate_cgroup, 0),
	FIELD_LIST("deviceRules", struct plan, device_rules, 0, &plan_device_rule_table),
	FIELD_LIST("limits", struct plan, limits, 0, &plan_limit_table),
	FIELD("mountLabel", struct plan, mount_label, 0),
	FIELD("maskedPaths", struct plan, masked_paths, 0),
	FIELD("readonlyPaths", struct plan, readonly_paths, 0),
	FIELD("hostname", struct plan, hostname, 0),
	FIELD("domainname", struct plan, domainname, 0),
	FIELD("sysctl", struct plan, sysctl, 0),
	FIELD("personality", struct plan, personality, 0),
	FIELD_OBJECT("memoryPolicy", struct plan, memory_policy, 0, &plan_memory_policy_table),
	FIELD_OBJECT("seccomp", struct plan, filter, 0, &plan_filter_table),
	FIELD_OBJECT("process", struct plan, process, 0, &spec_process_table),
	FIELD("user", struct plan, user, JSON_HIDDEN),
	FIELD("group", struct plan, group, JSON_HIDDEN),
	FIELD_LIST("createContainer", struct plan, create_container, 0, &spec_hook_table),
	FIELD_LIST("startContainer", struct plan, start_container, 0, &spec_hook_table),
};
const struct json_table plan_table = TABLE(struct plan, plan_fields);

/* What the memfd begins with. Both sides are the same binary, so the layouts agree; the rest is
 * checked. */
struct header {
	uint64_t magic;
	uint64_t base; /* where the arena lay in the parent */
	uint64_t size; /* of the arena's bytes, the last of which is 0 */
	uint64_t plan; /* offset of struct plan in them */
};
#define MAGIC 0x6f6369706c616e31ULL
#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)
#define ARENA_OFFSET 64 /* keeps the arena's 16-byte alignment */

int plan_seal(const struct arena *a, const struct plan *plan, struct error *e)
{
	struct header h = { MAGIC, (uintptr_t)a->base, a->used + 1,
			    (uintptr_t)plan - (uintptr_t)a->base };
	CLEAN_FD fd = memfd_create("ocirun-plan", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	static const char zeros[ARENA_OFFSET];
	const struct iovec parts[] = { { &h, sizeof(h) },
				       { (char *)zeros, ARENA_OFFSET - sizeof(h) },
				       { a->base, a->used },
				       { (char *)zeros, 1 } };
	ssize_t whole = (ssize_t)(ARENA_OFFSET + a->used + 1);

	if (fd < 0)
		return error_set(e, errno, "make the plan's memfd");
	ssize_t written = writev(fd, parts, sizeof(parts) / sizeof(parts[0]));
	if (written != whole || fcntl(fd, F_ADD_SEALS, SEALS) < 0)
		return error_set(e, written < 0 ? errno : EIO, "write the plan's memfd");
	return fd_take(&fd);
}

int plan_attach(int fd, const struct plan **plan, struct error *e)
{
	struct stat st;
	int seals = fcntl(fd, F_GET_SEALS);

	if (seals < 0 && errno != EINVAL && errno != EBADF)
		return error_set(e, errno, "look at the plan");
	if (seals < 0 || (seals & SEALS) != SEALS || fstat(fd, &st) < 0 ||
	    st.st_size <= ARENA_OFFSET)
		return error_set(e, 0, "descriptor %d holds no plan: `init` is for ocirun itself",
				 fd);
	char *bytes = mmap(NULL, st.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		return error_set(e, errno, "map the plan");
	struct header *h = (struct header *)bytes;
	uint64_t room = (uint64_t)st.st_size - ARENA_OFFSET;
	if (h->magic != MAGIC || h->size != room || h->plan % 16 || h->plan > room ||
	    room - h->plan < sizeof(struct plan) || bytes[st.st_size - 1])
		return error_set(e, 0, "descriptor %d holds no plan: `init` is for ocirun itself",
				 fd);
	struct plan *p = (struct plan *)(bytes + ARENA_OFFSET + h->plan);
	if (json_rebase(&plan_table, p, h->base, (uintptr_t)bytes + ARENA_OFFSET, room, e) < 0)
		return error_context(e, "attach the plan");
	if (mprotect(bytes, st.st_size, PROT_READ) < 0)
		return error_call(e, "mprotect", "protect the plan");
	*plan = p;
	return 0;
}
