/*
 * tmpcopyup: the content of the directory that a tmpfs is about to cover, copied into the tmpfs.
 */
#ifndef OCIRUN_CHILD_COPYUP_H
#define OCIRUN_CHILD_COPYUP_H

#include "runtime/child/child.h"
#include "runtime/plan.h"

/*
 * Copy what is in the directory `from` into the detached tmpfs `to`: directories, files, links of
 * both kinds, fifos and sockets, with owners, modes, times and those extended attributes that a
 * tmpfs can hold. What else is mounted below `from` is left out; a device is an error. The tmpfs
 * gets the directory's own mode and owner unless its options say otherwise. -1 with e: then `to` is
 * half done, and to be thrown away.
 */
MUST_CHECK int copyup(struct child *c, int from, int to, const struct plan_mount *m,
		      struct error *e);

#endif
