/*
 * From a bundle to a plan: reads config.json, checks that everything it asks for can be done, and
 * resolves words and paths into what the kernel takes. Changes nothing on the host.
 */
#ifndef OCIRUN_RESOLVE_H
#define OCIRUN_RESOLVE_H

#include "runtime/parent/container.h"
#include "runtime/plan.h"
#include "spec/spec.h"

struct bundle {
	char *path;   /* absolute */
	char *rootfs; /* absolute */
	struct spec *spec;
	const char *config; /* the bytes it was read from */
	size_t config_length;
	struct plan *plan;
	struct systemd *systemd; /* who makes the cgroups; NULL: we do */
	bool privileged;         /* euid 0 in the initial user namespace */
	uint64_t capabilities;   /* that we are permitted */
};

/* Reserve the arena by the size of the config and read it: bundle->path, rootfs and spec. Warnings
 * go to container_warn. */
MUST_CHECK int resolve_load(const struct create_options *o, struct arena *a, struct bundle *b,
			    struct error *e);

/* Make bundle->plan. With the systemd cgroup manager, connects to it: systemd_close ends that. Opens
 * the sources of bind mounts where the child could not (user namespaces); they close on exec. */
MUST_CHECK int resolve_plan(const struct create_options *o, struct arena *a, struct bundle *b,
			    struct error *e);

/*
 * Its part about the program that comes to run, and what it takes from us. Needs spec, plan, and
 * the plan's namespaces; for exec too.
 */
MUST_CHECK int resolve_program(struct arena *a, struct bundle *b, struct error *e);

#endif
