/*
 * Scheduling and I/O priority of a process. The child sets its own; what only the host's privilege
 * may set is set by the parent (MESSAGE_SCHEDULE), by the same code.
 */
#ifndef OCIRUN_SCHEDULE_H
#define OCIRUN_SCHEDULE_H

#include "spec/error.h"
#include "spec/spec.h"

#include <sys/types.h>

/*
 * Give process `pid` (0: ourselves) what process.scheduler and process.ioPriority say; what is
 * absent stays as it is. A failure may leave the first of them set; e->code is its errno.
 */
MUST_CHECK int schedule_set(pid_t pid, const struct spec_process *p, struct error *e);

#endif
