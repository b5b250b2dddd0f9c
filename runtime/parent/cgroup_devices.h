/*
 * linux.resources.devices: which devices the container may open and make. cgroup v1 takes the rules
 * in two files, v2 as a program (device_program.c).
 */
#ifndef OCIRUN_CGROUP_DEVICES_H
#define OCIRUN_CGROUP_DEVICES_H

#include "runtime/plan.h"
#include "spec/spec.h"

/*
 * Fill plan->device_rules: everything is denied, then config.json's rules, then what every
 * container may have. No rules of config.json: none at all, and everything is allowed. Rules that
 * the host's cgroup v1 can't express are an error.
 */
MUST_CHECK int cgroup_devices_resolve(struct arena *a, const struct spec_resources *r,
				      struct plan *plan, struct error *e);

/*
 * Put the rules into effect in the container's cgroup, before a process is in it, so that they hold
 * for its mounts too. In a user namespace, where nobody can make devices, the kernel refuses rules:
 * that is a note and no error when `nested`.
 */
MUST_CHECK int cgroup_devices_apply(struct arena *a, const struct plan *plan, bool nested,
				    struct error *e);

#endif
