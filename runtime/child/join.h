/* The helper: see join.c. */
#ifndef OCIRUN_JOIN_H
#define OCIRUN_JOIN_H

#include "runtime/child/child.h"

/* In a helper: join the namespaces, clone init and end. Returns in init only; -1 with e when a step
 * failed. */
MUST_CHECK int join_and_clone(const struct child *c, struct error *e);

#endif
