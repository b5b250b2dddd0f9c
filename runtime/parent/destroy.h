/*
 * The end of a container, in whatever condition: the one way by which a failed create, delete and
 * delete --force clean up, from the record alone.
 */
#ifndef OCIRUN_DESTROY_H
#define OCIRUN_DESTROY_H

#include "runtime/parent/state.h"

/*
 * Kill what lives, remove the cgroups, run the poststop hooks (when `hooks`; their failure is a
 * warning), remove the state directory. The caller holds the lock. Missing pieces are fine. -1 with
 * e when something stays; the state directory is kept then, so that it can be tried again.
 */
MUST_CHECK int destroy(struct state *s, bool hooks, struct error *e);

/* Send a signal to init, ESRCH when it has ended. -1 with errno. */
int signal_init(const struct record *r, int signal);

#endif
