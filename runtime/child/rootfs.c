/*
 * The container's root, from a directory of the host to "/". The tree is bound onto itself, so that
 * it is a mount (pivot_root wants one) and its descriptor stays the one trusted way in. Hooks that
 * run between the mounts and the pivot find it at root.path.
 *
 * Without a mount namespace what is mounted would be the host's, and stay there. It is made in a
 * mount namespace that passes, as with one of the container's own, and taken out of it as a tree
 * that is in none: the program's root, which goes with the last process that has it. So nothing is
 * unmounted by anybody, the host sees none of it, and from such a root no ".." leads up. Neither
 * does one from what stays behind: the passing namespace has let go of the host's mounts (but with
 * --no-pivot), for who keeps it alive, by a process that a hook has left or only by an open file of
 * ours in /proc.
 */
#include "runtime/child/mount.h"
#include "runtime/child/spent.h"
#include "runtime/child/steps.h"
#include "runtime/file.h"
#include "runtime/inroot.h"
#include "runtime/sys.h"
#include "runtime/timing.h"
#include "spec/mountinfo.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

static bool has_mount_namespace(const struct child *c)
{
	return (c->plan->new_namespaces | c->plan->joined_namespaces) & CLONE_NEWNS;
}

static int open_root(struct child *c, struct error *e)
{
	const char *path = c->plan->status.rootfs;

	c->rootfs = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (c->rootfs >= 0)
		return 0;
	/* In a user namespace the parent may more than we. */
	if (errno == EACCES && c->plan->nested)
		c->rootfs = child_ask(c, MESSAGE_OPEN, -1, -1, e);
	else
		error_set(e, errno, "open %s", path);
	return c->rootfs < 0 ? error_in(e, "root.path") : 0;
}

/*
 * What we mount must not reach the host, and what the host mounts may reach us only as
 * rootfsPropagation says. The mount that holds the rootfs becomes private: pivot_root refuses a
 * shared parent, and the bind onto it would spread.
 */
static int set_host_propagation(struct child *c, struct error *e)
{
	uint64_t wanted = c->plan->rootfs_propagation & ~(uint64_t)MS_REC;
	struct sys_mount_attr attr = { .propagation =
					       wanted == MS_PRIVATE ? MS_PRIVATE : MS_SLAVE };

	if (wanted == MS_SHARED)
		attr.propagation = MS_SHARED;
	if (sys_mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &attr) < 0)
		return error_call(e, "mount_setattr",
				  "separate the container's mounts from the host's");
	return 0;
}

/* Walk up from a directory to the mount it lies on: "" and then "..", as long as the mount does not
 * accept the change. */
static int make_mount_private(int directory, struct error *e)
{
	const struct sys_mount_attr attr = { .propagation = MS_PRIVATE };
	SPENT_FD at = fcntl(directory, F_DUPFD_CLOEXEC, 0);

	for (int up = 0; at >= 0 && sys_mount_setattr(at, "", AT_EMPTY_PATH, &attr) < 0; up++) {
		/* EINVAL: not the root of a mount. In a chroot "/" may be none, and is its own
		 * parent. */
		if (errno != EINVAL || up == 4096)
			return error_set(e, errno, "separate a mount from the host's");
		int above = openat(at, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
		spent_add(&at);
		at = above;
	}
	return at < 0 ? error_set(e, errno, "find the mount of a directory") : 0;
}

/* What has to be mounted without a mount namespace is the reason. */
static int not_apart(const struct child *c, struct error *e)
{
	if (e->code == EPERM)
		error_hint(e, "list a namespace of type \"mount\"");
	return error_in(e, c->plan->mounts.n ? "mounts" : "root.readonly");
}

/* To a mount namespace that only the next steps are in; c->host is the way back. */
static int leave_host(struct child *c, struct error *e)
{
	c->host = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	if (c->host >= 0 && sys_unshare(CLONE_NEWNS) == 0)
		return 0;
	error_set(e, errno, "make a mount namespace for the mounts to be made in");
	return not_apart(c, e);
}

/* Back, with the tree for the root that all has been mounted in. */
static int return_to_host(struct child *c, struct error *e)
{
	SPENT_FD tree = mount_clone(c->rootfs, true);

	if (tree < 0) {
		error_call(e, "open_tree", "clone the tree of the mounts");
		return not_apart(c, e);
	}
	if (sys_setns(c->host, CLONE_NEWNS, "the host's mount") < 0) {
		error_call(e, "setns", "return to the host's mount namespace");
		return not_apart(c, e);
	}
	spent_add(&c->host);
	spent_add(&c->rootfs);
	c->rootfs = fd_take(&tree);
	/* What was opened before is of the mounts that stay behind. */
	spent_add(&c->cwd);
	return program_directory(c, e);
}

int rootfs_prepare(struct child *c, struct error *e)
{
	if (c->plan->mounts_apart) {
		if (leave_host(c, e) < 0)
			return -1;
	} else if (!has_mount_namespace(c)) {
		return open_root(c, e);
	}
	if (set_host_propagation(c, e) < 0 || open_root(c, e) < 0)
		return -1;
	if (c->plan->rootfs_propagation & MS_SHARED && make_mount_private(c->rootfs, e) < 0)
		return -1;
	SPENT_FD tree = mount_clone(c->rootfs, true);
	if (tree < 0 || mount_onto(tree, c->rootfs) < 0) {
		error_set(e, errno, "make %s a mount", c->plan->status.rootfs);
		return error_in(e, "root.path");
	}
	spent_add(&c->rootfs);
	c->rootfs = fd_take(&tree);
	return 0;
}

int rootfs_mounts(struct child *c, struct error *e)
{
	const struct plan *plan = c->plan;

	c->late = arena_array(&c->arena, int, plan->mounts.n);
	c->mounted = arena_array(&c->arena, int, plan->mounts.n);
	memset(c->mounted, -1, plan->mounts.n * sizeof(*c->mounted));
	for (size_t i = 0; i < plan->mounts.n; i++) {
		struct timing_event *timed =
			timing_begin(TIMING_MOUNT, "mount", plan->mounts.v[i].destination);
		int result = mount_one(c, &plan->mounts.v[i], &c->late[i], e);
		timing_end(timed, result);
		if (result < 0)
			return plan->notify && i + 1 == plan->mounts.n
				       ? error_in(e, "NOTIFY_SOCKET")
				       : error_in(e, "mounts[%d]", plan->mounts.v[i].index);
	}
	return 0;
}

static int make_path_read_only(struct child *c, const char *path, struct error *e)
{
	SPENT_FD target = mount_find(c, path);

	/* The host's kernel may lack it, or the image: then there is nothing to protect. */
	if (target < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	SPENT_FD tree = target < 0 ? -1 : mount_clone_read_only(target);
	if (tree < 0 || mount_onto(tree, target) < 0)
		return error_set(e, errno, "make %s read-only", path);
	return 0;
}

int rootfs_read_only(struct child *c, struct error *e)
{
	const struct plan *plan = c->plan;

	for (size_t i = 0; i < plan->mounts.n; i++)
		if (c->late[i] >= 0 && mount_read_only(c->late[i]) < 0) {
			error_set(e, errno, "make %s read-only", plan->mounts.v[i].destination);
			return error_in(e, "mounts[%d]", plan->mounts.v[i].index);
		}
	for (size_t i = 0; i < plan->readonly_paths.n; i++)
		if (make_path_read_only(c, plan->readonly_paths.v[i], e) < 0)
			return error_in(e, "linux.readonlyPaths[%zu]", i);
	if (plan->rootfs_readonly && mount_read_only(c->rootfs) < 0) {
		error_set(e, errno, "make the root read-only");
		return error_in(e, "root.readonly");
	}
	return 0;
}

static int pivot(struct child *c, struct error *e)
{
	/* The old root lands on top of the new one, at the same place, and is taken off again: no
	 * directory is needed for it. */
	if (fchdir(c->rootfs) < 0 || sys_pivot_root(".", ".") < 0) {
		error_set(e, errno, "pivot_root to %s", c->plan->status.rootfs);
		return errno == EINVAL ? error_hint(e, "on an initramfs use --no-pivot") : -1;
	}
	/* Unmounting must not spread to where these mounts came from. */
	if (c->plan->rootfs_propagation & MS_SHARED &&
	    mount(NULL, ".", NULL, MS_SLAVE | MS_REC, NULL) < 0)
		return error_set(e, errno, "separate the old root");
	if (umount2(".", MNT_DETACH) < 0)
		return error_call(e, "umount2", "unmount the old root");
	return 0;
}

static bool shows_kernel(const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 &&
	       (fs.f_type == PROC_SUPER_MAGIC || fs.f_type == SYSFS_MAGIC);
}

/* A mount of the host's: off, or covered where a user namespace has locked it. */
static int take_away(const char *path, struct error *e)
{
	const struct sys_mount_attr private = { .propagation = MS_PRIVATE };
	SPENT_FD at = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	SPENT_FD above = at < 0 ? -1 : openat(at, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (above < 0 || !shows_kernel(path))
		return 0; /* a single file, or gone with another */
	/* Neither must reach the host, of this mount and of those below it. */
	if (make_mount_private(above, e) < 0)
		return -1;
	if (sys_mount_setattr(at, "", AT_EMPTY_PATH | AT_RECURSIVE, &private) < 0)
		return error_call(e, "mount_setattr", "separate %s from the host's", path);
	if (umount2(path, MNT_DETACH) < 0 &&
	    mount("none", path, "tmpfs", MS_RDONLY, "size=4k,mode=0") < 0)
		return error_set(e, errno, "take the host's %s away", path);
	return 0;
}

#define MOUNTINFO_MAX ((size_t)16 << 20)

/*
 * A move leaves the host's mounts below ours. The kernel lets a user namespace mount a procfs or
 * sysfs of its own, without maskedPaths and readonlyPaths, where it finds one that is not covered:
 * the host's. Before the move, because after it ".." leads from the host's mounts into ours.
 */
static int take_host_away(struct child *c, struct error *e)
{
	char link[32], root[4096], *text;
	struct mountinfo m;
	struct statfs fs;
	int result = 0;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", c->rootfs);
	ssize_t n = readlink(link, root, sizeof(root) - 1);
	/* A mount namespace that was joined may have anything there: believe the kernel only, and
	 * never wait for a FIFO. */
	CLEAN_FD fd = n < 0 ? -1 : open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0 && (fstatfs(fd, &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC))
		return error_set(e, 0, "/proc is not a proc filesystem");
	if (fd < 0 || file_read(fd, MOUNTINFO_MAX, &c->arena, &text, NULL) < 0)
		return error_set(e, errno, "find the host's mounts");
	root[n++] = '/';
	while (result == 0 && mountinfo_next(&text, &m))
		if ((!strcmp(m.type, "proc") || !strcmp(m.type, "sysfs")) &&
		    strncmp(m.place, root, n) != 0)
			result = take_away(m.place, e);
	return result;
}

static int move_root(struct child *c, struct error *e)
{
	if (take_host_away(c, e) < 0)
		return -1;
	if (fchdir(c->rootfs) < 0 || mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0)
		return error_set(e, errno, "move %s to /", c->plan->status.rootfs);
	return 0;
}

int rootfs_enter(struct child *c, struct error *e)
{
	const uint64_t wanted = c->plan->rootfs_propagation;

	if ((has_mount_namespace(c) || c->plan->mounts_apart) &&
	    (c->plan->no_pivot ? move_root : pivot)(c, e) < 0)
		return -1;
	if (c->plan->mounts_apart && return_to_host(c, e) < 0)
		return -1;
	/* Never pivot in the host's. */
	if (!has_mount_namespace(c) && (fchdir(c->rootfs) < 0 || chroot(".") < 0))
		return error_set(e, errno, "chroot to %s", c->plan->status.rootfs);
	if (chdir("/") < 0)
		return error_call(e, "chdir", "enter the container's root");
	if (wanted && has_mount_namespace(c) && mount(NULL, "/", NULL, wanted, NULL) < 0) {
		error_set(e, errno, "set the propagation of /");
		return error_in(e, "linux.rootfsPropagation");
	}
	return 0;
}
