/* See host_look.h. */
#include "runtime/parent/host_look.h"

#include "runtime/file.h"
#include "runtime/parent/cgroup.h"
#include "runtime/parent/host_try.h"
#include "runtime/parent/idmap.h"
#include "runtime/parent/intel_rdt.h"
#include "runtime/parent/lsm.h"
#include "runtime/parent/subordinate.h"
#include "runtime/sys.h"
#include "spec/words.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <pwd.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FILE_MAX ((size_t)4 << 20)

void host_lacking(struct host_feature *f, struct arena *a, const char *needs)
{
	f->reason = arena_printf(a, "%s%s%s (%s)", needs ? needs : "", needs ? ": " : "",
				 error_why(errno), error_name(errno));
}

static void add_value(struct host_feature *f, struct arena *a, const char *value)
{
	if (!f->values.v)
		f->values.v = arena_array(a, char *, 64);
	if (f->values.n < 63)
		f->values.v[f->values.n++] = arena_strdup(a, value);
}

static char *text_of(struct arena *a, const char *path)
{
	CLEAN_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char *text;

	return fd < 0 || file_read(fd, FILE_MAX, a, &text, NULL) < 0 ? "" : text;
}

static void set_number(struct host_feature *f, struct arena *a, uint64_t value)
{
	f->number = arena_new(a, uint64_t);
	*f->number = value;
}

/* Every word of a vocabulary that works. */
static void try_words(struct host_feature *f, struct arena *a, const struct words *w,
		      host_try_fn *try)
{
	for (size_t i = 0; i < w->n; i++)
		if (host_try(try, (int64_t)w->v[i].value, false) == 0)
			add_value(f, a, w->v[i].name);
	f->available = f->values.n;
	if (!f->available)
		host_lacking(f, a, NULL);
}

static int try_action_word(int64_t action)
{
	static const uint32_t returns[] = {
		[SECCOMP_KILL_THREAD] = SECCOMP_RET_KILL_THREAD,
		[SECCOMP_KILL_PROCESS] = SECCOMP_RET_KILL_PROCESS,
		[SECCOMP_TRAP] = SECCOMP_RET_TRAP,
		[SECCOMP_ERRNO] = SECCOMP_RET_ERRNO,
		[SECCOMP_TRACE] = SECCOMP_RET_TRACE,
		[SECCOMP_ALLOW] = SECCOMP_RET_ALLOW,
		[SECCOMP_LOG] = SECCOMP_RET_LOG,
		[SECCOMP_NOTIFY] = SECCOMP_RET_USER_NOTIF,
	};

	return try_seccomp_action(returns[action]);
}

void look_seccomp(struct host_feature *f, struct arena *a)
{
	try_words(f, a, &words_seccomp_actions, try_action_word);
}

void look_seccomp_flags(struct host_feature *f, struct arena *a)
{
	try_words(f, a, &words_seccomp_flags, try_seccomp_flag);
}

void look_memory_policy(struct host_feature *f, struct arena *a)
{
	try_words(f, a, &words_memory_modes, try_memory_policy);
}

void look_user_maximum(struct host_feature *f, struct arena *a)
{
	char *text = text_of(a, "/proc/sys/user/max_user_namespaces");

	if (!*text) {
		f->reason = "the kernel has no user namespaces";
		return;
	}
	set_number(f, a, strtoull(text, NULL, 10));
	f->available = *f->number;
	if (!f->available)
		f->reason = "/proc/sys/user/max_user_namespaces is 0";
}

static void add_ranges(struct host_feature *f, struct arena *a, const char *path, const char *kind,
		       const char *name)
{
	spec_id_mappings ranges;

	subordinate_ranges(a, path, name, (uint32_t)getauxval(AT_EUID), &ranges);
	for (size_t i = 0; i < ranges.n; i++)
		add_value(f, a,
			  arena_printf(a, "%s %u:%u", kind, ranges.v[i].host_id, ranges.v[i].size));
}

void look_subordinate_ids(struct host_feature *f, struct arena *a)
{
	const char *name = subordinate_name(a);

	add_ranges(f, a, "/etc/subuid", "uid", name);
	size_t uids = f->values.n;
	add_ranges(f, a, "/etc/subgid", "gid", name);
	if (!subordinate_helper("newuidmap") || !subordinate_helper("newgidmap"))
		f->reason = "newuidmap and newgidmap are not on PATH, or without their privilege "
			    "(Debian's package: uidmap)";
	else if (!uids || uids == f->values.n)
		f->reason = "this user has no range in /etc/subuid or none in /etc/subgid";
	f->available = !f->reason;
	if (getauxval(AT_EUID) == 0 && !f->available)
		f->note = "root does not need them";
}

/* Of local filesystems: others may hang, or be mounted by being looked at. */
static bool is_local(const char *type)
{
	static const char *const local[] = { "bcachefs", "btrfs",   "erofs", "ext4",
					     "f2fs",     "overlay", "ramfs", "squashfs",
					     "tmpfs",    "vfat",    "xfs",   "zfs" };

	for (size_t i = 0; i < sizeof(local) / sizeof(local[0]); i++)
		if (!strcmp(type, local[i]))
			return true;
	return false;
}

struct mapping {
	const char *path;
	int namespace;
};

static int try_idmap(int64_t argument)
{
	const struct mapping *m = (const struct mapping *)(uintptr_t)argument;
	const struct sys_mount_attr idmap = { .attr_set = 0x100000, /* MOUNT_ATTR_IDMAP */
					      .userns_fd = m->namespace };
	int tree = sys_open_tree(AT_FDCWD, m->path, SYS_OPEN_TREE_CLONE);

	return tree < 0 ? -1 : sys_mount_setattr(tree, "", 0x1000 /* AT_EMPTY_PATH */, &idmap);
}

static bool has_value(const struct host_feature *f, const char *value)
{
	for (size_t i = 0; i < f->values.n; i++)
		if (!strcmp(f->values.v[i], value))
			return true;
	return false;
}

/* On one mount of each type that is mounted here. */
void look_idmap(struct host_feature *f, struct arena *a)
{
	struct spec_id_mapping some = { 0, 100000, 65536 };
	const spec_id_mappings map = { 1, &some };
	struct error e = ERROR_NONE;
	char *text = text_of(a, "/proc/self/mounts");

	CLEAN_FD ns = idmap_namespace(&map, &map, &e);
	if (ns < 0) {
		f->reason = arena_strdup(a, e.text);
		return;
	}
	errno = ENOENT;
	for (char *line; (line = strsep(&text, "\n"));) {
		strsep(&line, " ");
		struct mapping m = { strsep(&line, " "), ns };
		char *type = strsep(&line, " ");
		if (type && is_local(type) && !has_value(f, type) &&
		    host_try(try_idmap, (int64_t)(uintptr_t)&m, false) == 0)
			add_value(f, a, type);
	}
	f->available = f->values.n;
	if (!f->available)
		host_lacking(f, a, "no mounted filesystem can be mapped");
}

void look_cgroup(struct host_feature *f, struct arena *a)
{
	struct cgroup_hierarchies host;
	struct error e = ERROR_NONE;
	bool v1 = false, v2 = false;

	if (cgroup_hierarchies(a, &host, &e) < 0) {
		f->reason = arena_strdup(a, e.text);
		return;
	}
	for (size_t i = 0; i < host.n; i++) {
		char *controllers =
			text_of(a, arena_printf(a, "%s/cgroup.controllers", host.v[i].mount_point));
		v1 |= !host.v[i].unified;
		v2 |= host.v[i].unified;
		for (size_t j = 0; j < host.v[i].options.n; j++)
			add_value(f, a, host.v[i].options.v[j]);
		for (char *one; host.v[i].unified && (one = strsep(&controllers, " \n"));)
			if (*one)
				add_value(f, a, one);
	}
	f->available = host.n;
	f->note = v1 && v2 ? "hybrid" : v2 ? "v2" : v1 ? "v1" : NULL;
	if (!host.n)
		f->reason = "no cgroup hierarchy is mounted below " CGROUP_ROOT;
}

/* Where a container's cgroup would be made without a cgroupsPath: beside ours. */
void look_cgroup_own(struct host_feature *f, struct arena *a)
{
	struct plan plan = { 0 };
	struct error e = ERROR_NONE;

	if (cgroup_resolve(a, NULL, "probe", &plan, &e) < 0) {
		f->reason = arena_strdup(a, e.text);
		return;
	}
	for (size_t i = 0; i < plan.cgroups.n; i++) {
		char *path = plan.cgroups.v[i].path;
		*strrchr(path, '/') = 0;
		if (access(path, W_OK) == 0)
			continue;
		host_lacking(f, a, arena_printf(a, "%s can't be written to", path));
		return;
	}
	f->available = true;
}

void look_cgroup_birth(struct host_feature *f, struct arena *a)
{
	struct cgroup_hierarchies host = { 0 };
	struct error e = ERROR_NONE;
	int result = cgroup_hierarchies(a, &host, &e);

	for (size_t i = 0; result == 0 && i < host.n; i++) {
		const struct cgroup_hierarchy *h = &host.v[i];
		if (!h->unified)
			continue;
		CLEAN_FD own = open(arena_printf(a, "%s%s", h->mount_point, h->own),
				    O_PATH | O_DIRECTORY | O_CLOEXEC);
		f->available = own >= 0 && host_try(try_clone3, own, false) == 0;
		if (!f->available)
			host_lacking(f, a, NULL);
		return;
	}
	f->reason = "no cgroup v2 is mounted";
}

void look_apparmor(struct host_feature *f, struct arena *a)
{
	(void)a;
	f->available = apparmor_enabled();
	if (!f->available)
		f->reason = "the kernel has not enabled it";
}

void look_selinux(struct host_feature *f, struct arena *a)
{
	(void)a;
	f->available = selinux_enabled();
	if (!f->available)
		f->reason = "no policy is loaded";
}

void look_landlock(struct host_feature *f, struct arena *a)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	f->available = abi > 0;
	if (f->available)
		set_number(f, a, abi);
	else
		host_lacking(f, a, NULL);
}

void look_intel_rdt(struct host_feature *f, struct arena *a)
{
	char *root = intel_rdt_mounted(text_of(a, "/proc/self/mountinfo"));

	f->available = root && access(root, W_OK) == 0;
	if (root && !f->available)
		host_lacking(f, a, root);
	else if (!root)
		f->reason = "no resctrl file system is mounted";
	if (root && access(arena_printf(a, "%s/mon_groups", root), F_OK) == 0)
		add_value(f, a, "monitoring");
}
