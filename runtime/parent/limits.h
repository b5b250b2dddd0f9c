/* What only the host's privilege can do for the program's process: raise hard limits, lower its OOM
 * score. Both are inherited by what it clones. */
#ifndef OCIRUN_PARENT_LIMITS_H
#define OCIRUN_PARENT_LIMITS_H

#include "spec/spec.h"

#include <sys/types.h>

/* Is there anything to do? Then the child must wait for us. `p` may be NULL. */
bool limits_needed(const struct spec_process *p);

/* Write oom_score_adj; raise each hard limit that is below process.rlimits. The child lowers the
 * rest itself, last. */
MUST_CHECK int limits_raise(pid_t pid, const struct spec_process *p, struct error *e);

/* Let ourselves, and what we clone from now on, run on all CPUs that its cgroup will allow: what
 * the caller was bound to is not the container's. */
void limits_affinity_reset(void);

/* Bind it to the CPUs of a list, process.execCPUAffinity's `name`; NULL: leave it as it is. */
MUST_CHECK int limits_affinity(pid_t pid, const char *cpus, const char *name, struct error *e);

#endif
