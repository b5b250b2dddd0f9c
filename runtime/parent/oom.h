/*
 * Processes of a container that the kernel killed for lack of memory: whether there were any, whose
 * limit was hit, and being told when it happens. The kernel's counters are the memory; they last
 * until the container's cgroup is removed. Called by state, list, events, run and
 * exec.
 */
#ifndef OCIRUN_OOM_H
#define OCIRUN_OOM_H

#include "runtime/parent/state.h"
#include "spec/arena.h"
#include "spec/error.h"
#include "spec/status.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * The cgroup whose limit was hit when a process of the container was killed: the container's, one
 * below it, or one above; the root of the hierarchy when the host itself had no memory left. NULL
 * when none was killed, and where there is no memory controller. From the arena.
 */
char *oom_cgroup(const struct record *r, struct arena *a);

/* How many of the container's processes have been killed so until now. */
uint64_t oom_kills(const struct record *r);

/* Warn about it when a process that ended with this exit code was killed so; `before` it ran,
 * oom_kills() were known. The code alone can't tell. */
void oom_tell(const struct state *s, uint64_t before, int exit_code);

struct oom_watch {
	const struct record *record;
	int fd;      /* readable when there may be news; -1: there is no memory controller */
	int control; /* v1: what the news are about */
	uint64_t kills;
};
#define OOM_WATCH_NONE ((struct oom_watch){ .fd = -1, .control = -1 })

/* Begin to watch. Call oom_watch_close() in any case. */
MUST_CHECK int oom_watch_open(const struct record *r, struct oom_watch *w, struct error *e);

/* Was a process killed since the last call, or does one wait for memory with disableOOMKiller? */
bool oom_watch_read(struct oom_watch *w);

void oom_watch_close(struct oom_watch *w);

#endif
