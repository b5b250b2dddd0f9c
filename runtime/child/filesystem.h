/*
 * New filesystems, mounted nowhere yet: of config.json's mounts, and those that masks and cgroups
 * need. Attaching them is mount.h's.
 */
#ifndef OCIRUN_CHILD_FILESYSTEM_H
#define OCIRUN_CHILD_FILESYSTEM_H

#include "runtime/child/child.h"
#include "runtime/plan.h"

/* Is there an option for the filesystem that begins with key, "mode="? */
bool filesystem_option(const struct plan_mount *m, const char *key);

/* A detached mount of a new filesystem of `type`, with the mount's flags less `without`. -1 with e.
 */
MUST_CHECK int filesystem_new(const struct plan_mount *m, const char *type, uint64_t without,
			      struct error *e);

/* After filesystem_new has failed with *e: the detached clone of what the host has of that type,
 * where that will do, with the mount's flags. -1 with e as it was, perhaps with a hint. */
MUST_CHECK int filesystem_stand_in(const struct child *c, const struct plan_mount *m,
				   struct error *e);

/* Give a mounted filesystem, not only the mount, the flags and options of a remount. */
MUST_CHECK int filesystem_change(int mount, const struct plan_mount *m, struct error *e);

#endif
