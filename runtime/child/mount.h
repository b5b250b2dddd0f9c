/*
 * One mount of config.json, and the pieces of mounting that devices, masks and the terminal share.
 * Mounts are made and changed by descriptor only: a path is looked at once, by inroot.h.
 */
#ifndef OCIRUN_CHILD_MOUNT_H
#define OCIRUN_CHILD_MOUNT_H

#include "runtime/child/child.h"
#include "runtime/plan.h"

#include <sys/types.h>

/* Make mounts[i] of the plan. *late gets the mount's descriptor when it must become read-only last
 * (rootfs_read_only), else -1. */
MUST_CHECK int mount_one(struct child *c, const struct plan_mount *m, int *late, struct error *e);

/*
 * Open what maskedPaths and readonlyPaths name: below /proc and /sys on the mounts that we have put
 * there, whatever another process has made of these names in the rootfs since. -1 with errno.
 */
int mount_find(struct child *c, const char *path);

/* Attach a mount at the target; its propagation follows. For a later remount it is kept. */
MUST_CHECK int mount_attach(struct child *c, int tree, const struct plan_mount *m, int target,
			    struct error *e);

/* Put `tree` onto the file or directory `target`. -1 with errno. */
int mount_onto(int tree, int target);

/* Make a mount read-only. -1 with errno. */
int mount_read_only(int mount);

/* A detached clone of what fd names, with everything below it when `below`. -1 with errno. */
int mount_clone(int fd, bool below);
/* The same with everything below it, and read-only. */
int mount_clone_read_only(int fd);

/* mount_cgroup.c: what a mount of type cgroup becomes on this host. */
MUST_CHECK int mount_cgroup(struct child *c, const struct plan_mount *m, int target,
			    struct error *e);

#endif
