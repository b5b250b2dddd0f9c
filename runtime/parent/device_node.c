/*
 * See device_node.h. The node lies on a tmpfs that belongs to the initial user namespace: only so
 * may it be made, and opened afterwards. A single file of it can only be cloned while the tmpfs is
 * mounted somewhere (before Linux 6.15): in a mount namespace that nobody else is in.
 */
#include "runtime/parent/device_node.h"

#include "runtime/file.h"
#include "runtime/parent/idmap.h"
#include "runtime/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* A tmpfs, mounted where only this process sees it. */
static int hidden_tmpfs(const char *label)
{
	const struct sys_mount_attr private = { .propagation = MS_PRIVATE };

	if (sys_unshare(CLONE_NEWNS) < 0 ||
	    sys_mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &private) < 0)
		return -1;
	CLEAN_FD fs = sys_fsopen("tmpfs");
	if (fs < 0 || sys_fsconfig(fs, SYS_FSCONFIG_SET_STRING, "mode", "700", 0) < 0 ||
	    (label && sys_fsconfig(fs, SYS_FSCONFIG_SET_STRING, "context", label, 0) < 0) ||
	    sys_fsconfig(fs, SYS_FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -1;
	CLEAN_FD at = sys_fsmount(fs, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
	if (at < 0 || sys_move_mount(at, "", AT_FDCWD, "/", SYS_MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return -1;
	return fd_take(&at);
}

int device_node_make(const struct spawn *s, const struct plan_device *d, struct error *e)
{
	uid_t uid;
	gid_t gid;

	if (idmap_to_host(s->pid, d->uid, d->gid, &uid, &gid, e) < 0)
		return -1;
	umask(0);
	CLEAN_FD at = hidden_tmpfs(s->plan->mount_label);
	if (at < 0)
		return error_set(e, errno, "mount a tmpfs for the device %s", d->path);
	if (mknodat(at, "node", d->mode, makedev(d->major, d->minor)) < 0)
		return error_call(e, "mknodat", "make the device %s", d->path);
	if (fchownat(at, "node", uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
		return error_call(e, "fchownat", "set the owner of %s", d->path);
	int tree = sys_open_tree(at, "node", SYS_OPEN_TREE_CLONE);
	return tree < 0 ? error_set(e, errno, "clone the mount of %s", d->path) : tree;
}
