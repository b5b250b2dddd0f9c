/* The inside of `ocirun exec`: from a process outside the container to a program in it. */
#ifndef OCIRUN_CHILD_EXEC_H
#define OCIRUN_CHILD_EXEC_H

#include "runtime/child/child.h"

/* Follow the plan of an exec. Returns only when a step failed, with e: not for the parent alone to
 * know, perhaps already inside. */
void exec_begin(struct child *c, struct error *e);

#endif
