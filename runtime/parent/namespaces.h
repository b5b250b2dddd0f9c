/*
 * Namespaces seen from outside: which are made, which are joined by path, and which user namespace
 * we are in. The parent itself never joins one.
 */
#ifndef OCIRUN_PARENT_NAMESPACES_H
#define OCIRUN_PARENT_NAMESPACES_H

#include "runtime/plan.h"
#include "spec/spec.h"

#include <stdbool.h>
#include <sys/types.h>

/* Are we in the initial user namespace? There, and only there, euid 0 is privilege (LINUX: uid_map,
 * not euid). 1 or 0; -1 with an error: to take privilege for its absence is no harmless mistake. */
MUST_CHECK int namespaces_initial_user(struct error *e);

/* The namespaces (CLONE_NEW*) of a process that are not ours. Those of `known` are not looked at:
 * they are not. */
MUST_CHECK int namespaces_others(pid_t pid, uint64_t known, uint64_t *out, struct error *e);

/* Open every namespaces[].path, check that it is of the type it says, and put it into plan->joins. */
MUST_CHECK int namespaces_open(const struct spec *s, struct arena *a, struct plan *plan,
			       struct error *e);
void namespaces_close(struct plan *plan);

#endif
