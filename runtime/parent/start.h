/* The start operation on a container whose state is open and locked: shared by start and run. */
#ifndef OCIRUN_START_H
#define OCIRUN_START_H

#include "runtime/parent/state.h"

/* Let init run its program and hear how that went; poststart hooks. A failure ends the container,
 * with its state directory. */
MUST_CHECK int start_locked(struct state *s, struct error *e);

/* The poststart hooks alone: of a container that came to run in another way. */
MUST_CHECK int start_hooks(struct state *s, struct error *e);

#endif
