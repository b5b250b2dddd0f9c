/*
 * Paths below the rootfs, where every component may be hostile and may change while we look.
 * Everything goes through openat2(RESOLVE_IN_ROOT) from the one trusted descriptor: symbolic links
 * stay inside, magic links are refused, and what is returned is a descriptor, never a path to be
 * resolved again.
 */
#ifndef OCIRUN_INROOT_H
#define OCIRUN_INROOT_H

#include "spec/error.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Open what exists. -1 with errno. `resolve` adds RESOLVE_* flags (RESOLVE_NO_SYMLINKS). */
int inroot_open(int root, const char *path, uint64_t flags, uint64_t resolve);

/*
 * An O_PATH descriptor of path, made when missing (with its parents, mode 0755): a directory when
 * `type` is S_IFDIR, else an empty file. Dangling symbolic links are followed inside the root and
 * their targets made. What exists is returned as it is. -1 with e.
 */
MUST_CHECK int inroot_make(int root, const char *path, mode_t type, struct error *e);

/* The same for a path that is known to be missing, without looking first. *made: it is a new one in
 * an existing directory, so certainly not part of procfs. */
MUST_CHECK int inroot_make_missing(int root, const char *path, mode_t type, bool *made,
				   struct error *e);

/*
 * The O_PATH descriptor of the directory that holds path's last component, made when missing; *name
 * points at that component in path. -1 with e.
 */
MUST_CHECK int inroot_make_parent(int root, const char *path, const char **name, struct error *e);

#endif
