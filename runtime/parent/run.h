/* From a creation to its end, shared by run and restore, which differ in how a container begins. */
#ifndef OCIRUN_RUN_H
#define OCIRUN_RUN_H

#include "runtime/parent/create.h"

typedef int creation_fn(struct creation *c, struct error *e);

/* `begin` makes the container, `start` lets it run; with c->o->detach that is all. Else wait for
 * its end and delete it. On failure nothing is left. *c is closed. */
MUST_CHECK int run_creation(struct creation *c, creation_fn *begin, creation_fn *start,
			    int *exit_code, struct error *e);

#endif
