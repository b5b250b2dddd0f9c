/*
 * linux.intelRdt: the container's class of service (a directory in a resctrl filesystem), what is
 * written to its schemata, its monitoring group (config-linux.md, "IntelRdt"). The functions take
 * where resctrl is mounted as a directory, so they can be tested on any.
 */
#ifndef OCIRUN_INTEL_RDT_H
#define OCIRUN_INTEL_RDT_H

#include "spec/arena.h"
#include "spec/error.h"
#include "spec/spec.h"
#include "spec/status.h"

/* Where the host has mounted resctrl: from the text of /proc/self/mountinfo, cut up in place; NULL:
 * nowhere. */
char *intel_rdt_mounted(char *mountinfo);

/* The same of this host; an error when it is nowhere. From the arena. */
MUST_CHECK int intel_rdt_root(struct arena *a, char **root, struct error *e);

/*
 * Fill record->intel_rdt with what intel_rdt_make will make, so that it can be saved before. A
 * class that must be there and is not, or that is there and says otherwise, is an error.
 */
MUST_CHECK int intel_rdt_intend(struct arena *a, const char *root, const struct spec_intel_rdt *rdt,
				struct record *r, struct error *e);

/* Make the directories. */
MUST_CHECK int intel_rdt_make(struct record *r, struct error *e);

/* Write the schemata, then put a process into the class and the monitoring group. */
MUST_CHECK int intel_rdt_place(const struct record *r, const struct spec_intel_rdt *rdt, int pid,
			       struct error *e);

/*
 * Remove our monitoring group, and the class if we made it: one with a closID only when the
 * container was never complete and nobody else has come. What is missing is fine.
 */
MUST_CHECK int intel_rdt_remove(const struct record *r, struct error *e);

#endif
