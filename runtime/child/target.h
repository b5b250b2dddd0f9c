/*
 * Where a mount of config.json goes: the file or directory below the rootfs that it covers, and
 * whether it may. For runtime/child/mount.c.
 */
#ifndef OCIRUN_CHILD_TARGET_H
#define OCIRUN_CHILD_TARGET_H

#include "runtime/child/child.h"
#include "runtime/plan.h"

/*
 * The target of a mount (O_PATH), made when missing, as the kind of file that `tree` is (-1: a
 * directory); *plain tells whether the way to it was without symbolic links, as it nearly always
 * is. -1 with e.
 */
MUST_CHECK int target_open(struct child *c, const struct plan_mount *m, int tree, bool *plain,
			   struct error *e);

/*
 * CVE-2019-16884: a mount over /proc would have us, or whoever reads it, believe what the image says
 * instead of the kernel. `tree` is what would cover the target, -1 no procfs; `plain` as above.
 */
MUST_CHECK int target_check(const struct child *c, int tree, const struct plan_mount *m, int target,
			    bool plain, struct error *e);

#endif
