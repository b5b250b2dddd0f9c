/*
 * Going into namespaces: joining those that exist, making a time namespace, becoming somebody there.
 * What runs in a process of its own, between the parent, which never joins anything, and init.
 */
#ifndef OCIRUN_NAMESPACES_H
#define OCIRUN_NAMESPACES_H

#include "runtime/plan.h"

/*
 * Join all of plan->joins. Three passes: those that the caller's user namespace owns, then the user
 * namespace, then those that only it owns. Between the passes `unshared` is called (when not NULL)
 * to make a new user namespace instead of joining one.
 */
MUST_CHECK int namespaces_join(const struct plan *plan,
			       int (*unshared)(void *data, struct error *e), void *data,
			       struct error *e);

/*
 * Make a time namespace for our children and write plan->time_offsets to `file`, our
 * /proc/self/timens_offsets, opened before any change of user.
 */
MUST_CHECK int namespaces_new_time(const struct plan *plan, int file, struct error *e);

/*
 * Capabilities survive an execve by an id other than 0 only in the ambient set: put all that we
 * have there, or, once we are id 0, take them out of it again.
 */
MUST_CHECK int namespaces_carry_capabilities(bool carry, struct error *e);

/*
 * Become id 0 of the user namespace we are in; where 0 is not mapped, the first that is, with our
 * capabilities kept through the next execve. The supplementary groups are dropped unless
 * plan->keep_groups. `process` is the directory in procfs of one that is in it; -1: our own.
 */
MUST_CHECK int namespaces_become_root(const struct plan *plan, int process, struct error *e);

#endif
