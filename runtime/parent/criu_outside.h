/*
 * What a container has from outside, which criu neither saves nor makes: mounts of the host's
 * files. Checkpoint gives each a name, restore says by the same name where it comes from this time.
 * Both read them from the plan.
 */
#ifndef OCIRUN_CRIU_OUTSIDE_H
#define OCIRUN_CRIU_OUTSIDE_H

#include "runtime/parent/protobuf.h"
#include "runtime/plan.h"
#include "spec/spec.h"

#include <sys/types.h>

/* Say the mounts by their places in the container of process `pid`. */
MUST_CHECK int criu_outside_save(struct protobuf *p, const struct plan *plan, pid_t pid,
				 struct arena *a, struct error *e);

/* Say them by their sources on the host; `notify` is that of NOTIFY_AT. */
void criu_outside_restore(struct protobuf *p, const struct plan *plan, const char *notify,
			  struct arena *a);

/* What of a plan criu could not restore: found out before it is asked to save it. */
MUST_CHECK int criu_outside_check(const struct plan *plan, const struct spec *s, struct error *e);

/* The names of namespaces in which a container may be without having made them, "extRootNetNS", as
 * runc calls them; NULL for the other types. */
const char *criu_outside_namespace(unsigned type);

#endif
