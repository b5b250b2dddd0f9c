/*
 * Devices (config-linux.md, "Devices" and "Default Devices") and the links of "Dev symbolic links",
 * all relative to descriptors below the rootfs. In the initial user namespace they are made;
 * elsewhere mknod is refused, and the host's are bound, or those that the parent makes. Where a
 * bind mount covers /dev nothing is touched: it is the host's.
 */
#include "runtime/child/mount.h"
#include "runtime/child/spent.h"
#include "runtime/child/steps.h"
#include "runtime/file.h"
#include "runtime/inroot.h"
#include "runtime/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static bool matches(const struct stat *st, const struct plan_device *d)
{
	if ((st->st_mode & S_IFMT) != (d->mode & S_IFMT))
		return false;
	return S_ISFIFO(d->mode) || st->st_rdev == makedev(d->major, d->minor);
}

/* config-linux.md, "Devices": a file that is there and is not the device is an error. */
static int other_file(const struct plan_device *d, struct error *e)
{
	return error_set(e, EEXIST, "%s is there already and is another file", d->path);
}

/* What was made is looked at again: in a volume others may have exchanged it. */
static int own_node(int parent, const char *name, const struct plan_device *d, struct error *e)
{
	struct stat st;
	SPENT_FD node = openat(parent, name, O_PATH | O_CLOEXEC | O_NOFOLLOW);

	if (node < 0 || fstat(node, &st) < 0)
		return error_set(e, errno, "look at %s", d->path);
	if (!matches(&st, d))
		return other_file(d, e);
	if (fchownat(node, "", d->uid, d->gid, AT_EMPTY_PATH) < 0)
		return error_call(e, "fchownat", "set the owner of %s", d->path);
	return 0;
}

static int make_node(int parent, const char *name, const struct plan_device *d, struct error *e)
{
	struct stat st;

	if (mknodat(parent, name, d->mode, makedev(d->major, d->minor)) == 0)
		return d->uid || d->gid ? own_node(parent, name, d, e) : 0;
	if (errno != EEXIST)
		return error_set(e, errno, "make the device %s", d->path);
	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return error_call(e, "stat", "look at %s", d->path);
	return matches(&st, d) ? 0 : other_file(d, e);
}

/* Is the host's node, which is never changed, all that config.json asks for? */
static bool serves(const struct stat *st, const struct plan_device *d)
{
	return matches(st, d) && (!d->has_mode || (st->st_mode & 07777) == (d->mode & 07777)) &&
	       (!d->has_owner || (st->st_uid == d->uid && st->st_gid == d->gid));
}

static int not_there(struct error *e)
{
	return error_hint(e, "for a container in a user namespace only root of the initial one, "
			     "with CAP_MKNOD, makes devices");
}

/* The host's node, cloned; where that is not what was asked for, one that the parent makes if it
 * may. Where it may not, the host's has to do. */
static int find_node(struct child *c, const struct plan_device *d, struct error *e)
{
	struct stat st;
	SPENT_FD source = open(d->path, O_PATH | O_CLOEXEC | O_NOFOLLOW);
	const bool there = source >= 0 && fstat(source, &st) == 0;
	const int failed = there ? 0 : errno;
	/* Otherwise it is no matter of the node. */
	const bool looked = there || failed == ENOENT || failed == ENOTDIR || failed == EACCES ||
			    failed == ELOOP;

	if (c->plan->makes_nodes && looked && (!there || !serves(&st, d)))
		return child_ask(c, MESSAGE_DEVICE, (int32_t)(d - c->plan->devices.v), -1, e);
	if (!there) {
		error_set(e, failed, "open the host's %s", d->path);
		return looked ? not_there(e) : -1;
	}
	if (!matches(&st, d)) {
		error_set(e, 0, "the host's %s is another device", d->path);
		return not_there(e);
	}
	int tree = mount_clone(source, false);
	return tree < 0 ? error_set(e, errno, "bind the device %s", d->path) : tree;
}

/* Onto an empty file: mknod is not for user namespaces. The empty file may be there from the last
 * time. */
static int bind_node(struct child *c, int parent, const char *name, const struct plan_device *d,
		     struct error *e)
{
	struct stat st;
	SPENT_FD tree = find_node(c, d, e);

	if (tree < 0)
		return -1;
	/* Not opened: a file that is open for writing keeps /dev from becoming read-only. */
	if (mknodat(parent, name, S_IFREG | 0644, 0) < 0 && errno != EEXIST)
		return error_set(e, errno, "make a file for the device %s", d->path);
	SPENT_FD target = openat(parent, name, O_PATH | O_CLOEXEC | O_NOFOLLOW);
	if (target < 0 || fstat(target, &st) < 0)
		return error_set(e, errno, "look at %s", d->path);
	if (!matches(&st, d) && (!S_ISREG(st.st_mode) || st.st_size))
		return other_file(d, e);
	return mount_onto(tree, target) < 0 ? error_set(e, errno, "bind the device %s", d->path)
					    : 0;
}

static int make_device(struct child *c, const struct plan_device *d, struct error *e)
{
	SPENT_FD opened = -1;
	int parent = c->dev;
	const char *name = d->path + 5;

	if (strncmp(d->path, "/dev/", 5) || strchr(name, '/') || !*name) {
		parent = opened = inroot_make_parent(c->rootfs, d->path, &name, e);
		if (opened < 0)
			return -1;
	}
	if (c->plan->nested && !S_ISFIFO(d->mode))
		return bind_node(c, parent, name, d, e);
	return make_node(parent, name, d, e);
}

static const struct {
	const char *name, *target;
} links[] = {
	{ "fd", "/proc/self/fd" },       { "stdin", "/proc/self/fd/0" },
	{ "stdout", "/proc/self/fd/1" }, { "stderr", "/proc/self/fd/2" },
	{ "ptmx", "pts/ptmx" },
};

int devices_make(struct child *c, struct error *e)
{
	const struct plan *plan = c->plan;

	if (!plan->setup_dev)
		return 0;
	/* A link of the image would have us make devices in another place, a volume of the host
	 * perhaps. */
	c->dev = c->dev_mount >= 0 ? fd_take(&c->dev_mount)
				   : inroot_open(c->rootfs, "/dev", O_PATH | O_DIRECTORY,
						 RESOLVE_NO_SYMLINKS);
	if (c->dev < 0 && errno != ENOENT)
		return error_set(e, errno, "open /dev in the container's root");
	if (c->dev < 0)
		c->dev = inroot_make(c->rootfs, "/dev", S_IFDIR, e);
	if (c->dev < 0)
		return -1;
	for (size_t i = 0; i < plan->devices.n; i++)
		if (make_device(c, &plan->devices.v[i], e) < 0)
			return plan->devices.v[i].index < 0
				       ? -1
				       : error_in(e, "linux.devices[%d]", plan->devices.v[i].index);
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		if (symlinkat(links[i].target, c->dev, links[i].name) < 0 && errno != EEXIST)
			return error_set(e, errno, "link /dev/%s", links[i].name);
	if (access("/proc/kcore", F_OK) == 0 && symlinkat("/proc/kcore", c->dev, "core") < 0 &&
	    errno != EEXIST)
		return error_set(e, errno, "link /dev/core");
	return 0;
}
