/*
 * What `ocirun exec` runs: the process of the container's config.json or of a process.json, with
 * what the command line changes. Reads that file and nothing else; changes nothing.
 */
#ifndef OCIRUN_EXEC_PROCESS_H
#define OCIRUN_EXEC_PROCESS_H

#include "runtime/parent/container.h"
#include "runtime/plan.h"

/* The process, into s->process, where that of config.json was; names of users and groups, to be
 * looked up inside, into the plan. From the arena. */
MUST_CHECK int exec_process(const struct exec_options *o, struct arena *a, struct spec *s,
			    struct plan *plan, struct error *e);

#endif
