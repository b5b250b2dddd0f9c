/*
 * Theory of operation. A new filesystem is configured option by option (fsopen, fsconfig), so that
 * an error names the option and carries the kernel's own words; a bind is a detached clone
 * (open_tree). Flags are set while the tree is still detached, where nobody can use it; then it is
 * moved onto the target's descriptor. The target was opened below the rootfs by inroot.h and can't
 * be exchanged any more.
 */
#include "runtime/child/mount.h"
#include "runtime/child/spent.h"

#include "runtime/child/inroot.h"
#include "runtime/child/lsm.h"
#include "runtime/file.h"
#include "runtime/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define SB_FLAG(flag, option) \
	{                     \
		flag, option  \
	}
static const struct {
	uint64_t flag;
	const char *option;
} super_flags[] = {
	SB_FLAG(MS_RDONLY, "ro"),       SB_FLAG(MS_SYNCHRONOUS, "sync"),
	SB_FLAG(MS_DIRSYNC, "dirsync"), SB_FLAG(MS_MANDLOCK, "mand"),
	SB_FLAG(1 << 25, "lazytime"), /* MS_LAZYTIME */
};

int mount_onto(int tree, int target)
{
	return sys_move_mount(tree, "", target, "",
			      SYS_MOVE_MOUNT_F_EMPTY_PATH | SYS_MOVE_MOUNT_T_EMPTY_PATH);
}

int mount_clone(int fd, bool below)
{
	return sys_open_tree(fd, "",
			     SYS_OPEN_TREE_CLONE | AT_EMPTY_PATH | (below ? AT_RECURSIVE : 0));
}

int mount_read_only(int mount, bool below)
{
	const struct sys_mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };

	return sys_mount_setattr(mount, "", AT_EMPTY_PATH | (below ? AT_RECURSIVE : 0), &attr);
}

/* What the kernel has to say about a filesystem that failed: lines like "e tmpfs: Bad value for
 * 'size'". */
static int filesystem_error(int fs, int code, const char *type, const char *option, struct error *e)
{
	char said[256];
	ssize_t n = read(fs, said, sizeof(said) - 1);

	while (n > 0 && said[n - 1] == '\n')
		n--;
	if (n <= 2)
		return error_set(e, code, "mount a %s filesystem%s%s", type,
				 option ? ": option " : "", option ? option : "");
	said[n] = 0;
	return error_set(e, code, "mount a %s filesystem%s%s: %s", type, option ? ": option " : "",
			 option ? option : "", said + 2);
}

/* "size=64k" is a string, "newinstance" a flag. */
static int configure_option(int fs, const char *type, const char *option, struct error *e)
{
	const char *equals = strchr(option, '=');
	char key[64];
	int failed;

	if (equals && (size_t)(equals - option) < sizeof(key)) {
		memcpy(key, option, equals - option);
		key[equals - option] = 0;
		failed = sys_fsconfig(fs, SYS_FSCONFIG_SET_STRING, key, equals + 1, 0);
	} else {
		failed = sys_fsconfig(fs, SYS_FSCONFIG_SET_FLAG, option, NULL, 0);
	}
	if (failed < 0) {
		filesystem_error(fs, errno, type, option, e);
		return error_in(e, "options");
	}
	return 0;
}

static int configure(int fs, const struct plan_mount *m, const char *type, struct error *e)
{
	if (m->source && *m->source &&
	    sys_fsconfig(fs, SYS_FSCONFIG_SET_STRING, "source", m->source, 0) < 0) {
		filesystem_error(fs, errno, type, NULL, e);
		return error_in(e, "source");
	}
	for (size_t i = 0; i < sizeof(super_flags) / sizeof(super_flags[0]); i++)
		if (m->super_set & super_flags[i].flag &&
		    configure_option(fs, type, super_flags[i].option, e) < 0)
			return -1;
	for (size_t i = 0; i < m->data.n; i++)
		if (configure_option(fs, type, m->data.v[i], e) < 0)
			return -1;
	return 0;
}

/* One option of the string that mount(2) takes: a comma in a label needs quotes there. */
static int print_option(char *out, size_t size, const char *option)
{
	const char *value = strchr(option, '=');

	if (!value || !strchr(value, ',') || value - option < 7 ||
	    strncmp(value - 7, "context", 7) != 0)
		return snprintf(out, size, "%s", option);
	return snprintf(out, size, "%.*s\"%s\"", (int)(value + 1 - option), option, value + 1);
}

/* What fsconfig can't carry: strings of more than 255 bytes (many overlay layers), and flags it has
 * no word for. */
static bool needs_old_mount(const struct plan_mount *m)
{
	for (size_t i = 0; i < m->data.n; i++) {
		const char *value = strchr(m->data.v[i], '=');
		if (value && strlen(value + 1) > 255)
			return true;
	}
	return m->super_set & MS_I_VERSION || (m->source && strlen(m->source) > 255);
}

/*
 * mount(2) wants a path. Ours is the host's /proc as this mount namespace has it, made private
 * first: what is mounted there is at once moved to where it belongs, by descriptor.
 */
static int old_mount(const struct plan_mount *m, const char *type, uint64_t without,
		     struct error *e)
{
	const struct sys_mount_attr attr = { .attr_set = (m->attr_set | m->tree_set) & ~without };
	char data[4096];
	size_t n = 0;

	data[0] = 0;
	for (size_t i = 0; i < m->data.n && n < sizeof(data); i++) {
		if (i)
			data[n++] = ',';
		n += (size_t)print_option(data + n, sizeof(data) - n, m->data.v[i]);
	}
	if (n >= sizeof(data)) {
		error_set(e, E2BIG, "mount a %s filesystem", type);
		return error_in(e, "options");
	}
	const struct sys_mount_attr private = { .propagation = MS_PRIVATE };
	/* With rootfsPropagation shared it would spread. */
	if (sys_mount_setattr(AT_FDCWD, "/proc", 0, &private) < 0)
		return error_set(e, errno, "find a place to mount in");
	if (mount(m->source, "/proc", type, m->super_set & ~(uint64_t)MS_RDONLY, data) < 0)
		return error_set(e, errno, "mount a %s filesystem", type);
	SPENT_FD tree = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (tree < 0 || sys_mount_setattr(tree, "", AT_EMPTY_PATH, &attr) < 0)
		return error_set(e, errno, "mount a %s filesystem", type);
	return fd_take(&tree);
}

int mount_new(const struct plan_mount *m, const char *type, uint64_t without, struct error *e)
{
	if (needs_old_mount(m))
		return old_mount(m, type, without, e);
	SPENT_FD fs = sys_fsopen(type);

	if (fs < 0) {
		error_set(e, errno, "mount a %s filesystem", type);
		return error_in(e, "type");
	}
	if (configure(fs, m, type, e) < 0)
		return -1;
	if (sys_fsconfig(fs, SYS_FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return filesystem_error(fs, errno, type, NULL, e);
	SPENT_FD tree = sys_fsmount(fs, (m->attr_set | m->tree_set) & ~without);
	if (tree < 0)
		return filesystem_error(fs, errno, type, NULL, e);
	return fd_take(&tree);
}

static int set_flags(int tree, const struct plan_mount *m, struct error *e)
{
	const struct sys_mount_attr one = { .attr_set = m->attr_set, .attr_clr = m->attr_clear };
	const struct sys_mount_attr all = { .attr_set = m->tree_set, .attr_clr = m->tree_clear };

	if ((all.attr_set | all.attr_clr) &&
	    sys_mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &all) < 0)
		return error_set(e, errno, "set the flags of the mount and those below it");
	if ((one.attr_set | one.attr_clr) && sys_mount_setattr(tree, "", AT_EMPTY_PATH, &one) < 0)
		return error_set(e, errno, "set the mount's flags");
	return 0;
}

static int set_propagation(int mount, const struct plan_mount *m, struct error *e)
{
	for (size_t i = 0; i < m->propagation.n; i++) {
		const uint64_t flags = m->propagation.v[i];
		const struct sys_mount_attr attr = { .propagation = flags & ~(uint64_t)MS_REC };
		unsigned below = flags & MS_REC ? AT_RECURSIVE : 0;
		if (sys_mount_setattr(mount, "", AT_EMPTY_PATH | below, &attr) < 0)
			return error_set(e, errno, "set the mount's propagation");
	}
	return 0;
}

int mount_attach(int tree, const struct plan_mount *m, int target, struct error *e)
{
	if (mount_onto(tree, target) < 0)
		return error_set(e, errno, "mount onto %s", m->destination);
	return set_propagation(tree, m, e);
}

/* Single files of procfs that may be covered, as LXCFS does; everything else there is the kernel's
 * word and stays so. */
static bool may_cover_proc(const char *destination)
{
	static const char *const allowed[] = {
		"/proc/cpuinfo",
		"/proc/diskstats",
		"/proc/meminfo",
		"/proc/stat",
		"/proc/swaps",
		"/proc/uptime",
		"/proc/loadavg",
		"/proc/slabinfo",
		"/proc/net/dev",
		"/proc/sys/kernel/ns_last_pid",
		"/proc/sys/crypto/fips_enabled",
	};

	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
		if (!strcmp(destination, allowed[i]))
			return true;
	return false;
}

static bool is_procfs(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}

/* What a path without symbolic links and ".." says by itself, the target need not be asked. */
static bool plainly_elsewhere(const char *destination)
{
	return strncmp(destination, "/proc", 5) != 0 && !strstr(destination, "..");
}

/* By its name, or another that leads there. */
static bool is_proc(const struct child *c, const struct plan_mount *m, int target)
{
	if (!strcmp(m->destination, "/proc"))
		return true;
	SPENT_FD proc = inroot_open(c->rootfs, "/proc", O_PATH, RESOLVE_NO_SYMLINKS);
	return proc >= 0 && fd_same(proc, target);
}

/*
 * CVE-2019-16884: a mount over /proc would have us, or whoever reads it, believe what the image
 * says instead of the kernel. `plain` says that no symbolic link led to the target.
 */
static int check_proc(const struct child *c, int tree, const struct plan_mount *m, int target,
		      bool plain, struct error *e)
{
	if (plain && plainly_elsewhere(m->destination))
		return 0;
	bool proc = is_proc(c, m, target), covers = proc && !is_procfs(tree);
	bool inside = !proc && is_procfs(target) && !may_cover_proc(m->destination);

	if (!covers && !inside)
		return 0;
	error_set(e, 0,
		  covers ? "%s may be a proc filesystem only"
			 : "%s cannot be mounted because it is inside /proc",
		  m->destination);
	return error_in(e, "destination");
}

/*
 * The target of a mount, made as `type` when missing; *plain tells whether the way to it was
 * without symbolic links, as it nearly always is.
 */
static int open_target(struct child *c, const struct plan_mount *m, mode_t type, bool *plain,
		       struct error *e)
{
	int target = inroot_open(c->rootfs, m->destination, O_PATH, RESOLVE_NO_SYMLINKS);

	*plain = target >= 0;
	if (target >= 0)
		return target;
	/* The kernel's own filesystems never stand behind a symbolic link (CVE-2019-19921,
	 * CVE-2023-27561). */
	if (errno == ELOOP && m->kind == PLAN_MOUNT_FILESYSTEM &&
	    (!strcmp(m->type, "proc") || !strcmp(m->type, "sysfs"))) {
		error_set(e, ELOOP, "%s must be a directory, not a symbolic link", m->destination);
		return error_in(e, "destination");
	}
	target = errno == ENOENT ? inroot_make_missing(c->rootfs, m->destination, type, plain, e)
				 : inroot_make(c->rootfs, m->destination, type, e);
	return target < 0 ? error_in(e, "destination") : target;
}

/* What takes no context= option, but whose root may be labelled. */
static int label_root(const struct child *c, const struct plan_mount *m, int tree, struct error *e)
{
	if (!c->plan->mount_label || strcmp(m->type, "mqueue") != 0 ||
	    lsm_mount(tree, c->plan->mount_label) == 0)
		return 0;
	error_set(e, errno, "label a %s filesystem with linux.mountLabel", m->type);
	return -1;
}

static int mount_filesystem(struct child *c, const struct plan_mount *m, int *late, struct error *e)
{
	/* What is mounted or made inside a tmpfs comes after it, so it becomes read-only last. */
	uint64_t without = m->attr_set & MOUNT_ATTR_RDONLY && !strcmp(m->type, "tmpfs")
				   ? MOUNT_ATTR_RDONLY
				   : 0;
	bool plain;

	SPENT_FD target = open_target(c, m, S_IFDIR, &plain, e);
	if (target < 0)
		return -1;
	SPENT_FD tree = mount_new(m, m->type, without, e);
	if (tree < 0 || check_proc(c, tree, m, target, plain, e) < 0 ||
	    label_root(c, m, tree, e) < 0 || mount_attach(tree, m, target, e) < 0)
		return -1;
	if (without)
		*late = fd_take(&tree);
	return 0;
}

/*
 * The source's tree, cloned in our own mount namespace: there it is a slave of the host's mounts,
 * and in a user namespace locked as it must be.
 */
static int bind_source(struct child *c, const struct plan_mount *m)
{
	int tree = sys_open_tree(AT_FDCWD, m->source,
				 SYS_OPEN_TREE_CLONE | (m->recursive ? AT_RECURSIVE : 0));

	if (tree >= 0 || errno != EACCES)
		return tree;
	SPENT_FD source = child_ask(c, m->index);
	return source < 0 ? -1 : mount_clone(source, m->recursive);
}

static int mount_bind(struct child *c, const struct plan_mount *m, struct error *e)
{
	struct stat st;
	bool plain;
	SPENT_FD tree = bind_source(c, m);

	if (tree < 0 || fstat(tree, &st) < 0) {
		error_set(e, errno, "bind %s to %s", m->source, m->destination);
		return error_in(e, "source");
	}
	SPENT_FD target = open_target(c, m, st.st_mode & S_IFMT, &plain, e);
	if (target < 0)
		return -1;
	if (set_flags(tree, m, e) < 0)
		return error_in(e, "options");
	if (check_proc(c, tree, m, target, plain, e) < 0 || mount_attach(tree, m, target, e) < 0)
		return -1;
	return 0;
}

/* Only a filesystem that config.json has mounted there itself may be reconfigured: anything else is
 * the host's too. */
static bool mounted_here(const struct child *c, const struct plan_mount *m)
{
	for (const struct plan_mount *before = c->plan->mounts.v; before < m; before++)
		if (before->kind == PLAN_MOUNT_FILESYSTEM &&
		    !strcmp(before->destination, m->destination))
			return true;
	return false;
}

static int remount(struct child *c, const struct plan_mount *m, struct error *e)
{
	/* A symbolic link of the image must not choose what is changed. */
	SPENT_FD target = inroot_open(c->rootfs, m->destination, O_PATH, RESOLVE_NO_SYMLINKS);

	if (target < 0) {
		error_set(e, errno, "open %s in the container's root", m->destination);
		return error_in(e, "destination");
	}
	if (m->recursive && (m->super_set || m->data.n) && mounted_here(c, m)) {
		SPENT_FD fs = sys_fspick(target, "");
		if (fs < 0)
			return error_set(e, errno, "remount %s", m->destination);
		if (configure(fs, m, m->type ? m->type : "mounted", e) < 0)
			return -1;
		if (sys_fsconfig(fs, SYS_FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0) < 0)
			return filesystem_error(fs, errno, "mounted", NULL, e);
	}
	return set_flags(target, m, e) < 0 ? -1 : set_propagation(target, m, e);
}

static int mount_cgroups(struct child *c, const struct plan_mount *m, struct error *e)
{
	SPENT_FD target = inroot_make(c->rootfs, m->destination, S_IFDIR, e);

	if (target < 0)
		return error_in(e, "destination");
	return check_proc(c, -1, m, target, false, e) < 0 ? -1 : mount_cgroup(c, m, target, e);
}

int mount_one(struct child *c, const struct plan_mount *m, int *late, struct error *e)
{
	*late = -1;
	switch (m->kind) {
	case PLAN_MOUNT_BIND: return mount_bind(c, m, e);
	case PLAN_MOUNT_CGROUP: return mount_cgroups(c, m, e);
	case PLAN_MOUNT_REMOUNT: return remount(c, m, e);
	default: return mount_filesystem(c, m, late, e);
	}
}
