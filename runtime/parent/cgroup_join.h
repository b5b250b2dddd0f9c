/*
 * Into which cgroups a process goes that joins a container (exec): the container's own, cgroups
 * below them that the caller names, or where its init has gone.
 */
#ifndef OCIRUN_CGROUP_JOIN_H
#define OCIRUN_CGROUP_JOIN_H

#include "runtime/parent/container.h"
#include "runtime/plan.h"
#include "spec/status.h"

/*
 * The container's cgroups into plan->cgroups, with what --cgroup adds: one PATH for every hierarchy,
 * or CONTROLLER[,CONTROLLER…]:PATH for those of cgroup v1. None leads out of the container's.
 */
MUST_CHECK int cgroup_join_resolve(struct arena *a, const struct record *r,
				   const struct words_given *below, struct plan *plan,
				   struct error *e);

/*
 * The container's cgroup of v2 has become one of cgroups only (EBUSY), or is gone (ENOENT): put the
 * one that init is in there; below it, or, when it is gone and init has a pid namespace of its own,
 * any. False when that is no other.
 */
bool cgroup_join_init(struct arena *a, const struct record *r, struct plan *plan);

#endif
