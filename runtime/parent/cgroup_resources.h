/*
 * linux.resources: from its fields to the files of the container's cgroups. cgroup_resources.c has
 * a row for each field with one value, cgroup_lists.c the fields that are lists; cgroup_limits.c
 * writes what they made. What the host's cgroups can't express is an error that names the field.
 */
#ifndef OCIRUN_CGROUP_RESOURCES_H
#define OCIRUN_CGROUP_RESOURCES_H

#include "runtime/plan.h"
#include "spec/spec.h"

#include <stdint.h>

/* Fill plan->limits, in the order they are written. plan->cgroups is there already. Changes
 * nothing on the host. With `update` for a container that has limits already: what is absent stays,
 * and places in errors begin at the resources. */
MUST_CHECK int cgroup_resources_resolve(struct arena *a, const struct spec_resources *r,
					bool update, struct plan *plan, struct error *e);

/* The same for a host whose cgroup v2 has the controllers `available`, "cpu io memory". */
MUST_CHECK int cgroup_resources_for(struct arena *a, const struct spec_resources *r, bool update,
				    const char *available, struct plan *plan, struct error *e);

/* cgroup v2: let the directories above the container's give it all the controllers that they have,
 * as runc and crun do: only so is counted what it uses, and cgroups below its own can have limits.
 * As far as it can be done. */
void cgroup_controllers_give(const struct plan *plan);
/* The same of one directory, for those below it. */
void cgroup_controllers_share(const char *directory);

/* cgroup v2: let the directories above the container's give it the controllers that its limits
 * need. After the directories are made, before a process is in them. */
MUST_CHECK int cgroup_limits_enable(const struct plan *plan, struct error *e);

/* Write the limits. A failure leaves those that were written: the caller removes the cgroup, or
 * puts back what was there. */
MUST_CHECK int cgroup_limits_write(const struct plan *plan, struct error *e);

/*
 * What the files have that the limits are written to, to be put back when a later write fails: the
 * directories are others', or there is a container in them. Files that can't be read, or not by us,
 * are left out.
 */
void cgroup_limits_remember(struct arena *a, const struct plan *plan, record_value_list *out);
/* Adds to the error which file could not be put back. */
void cgroup_limits_restore(struct arena *a, const record_value_list *old, struct error *e);

/* runc's and crun's way from shares, 2 to 262144, to a weight of 1 to 10000. */
uint64_t cgroup_weight(uint64_t shares);

/*
 * Between the two files that resolve. A limit is asked for by the names of its file in cgroup v1
 * and v2, "memory.limit_in_bytes" and "memory.max"; what is before the first dot is its controller.
 * NULL: that version can't say it.
 */
struct limits {
	struct arena *arena;
	struct plan *plan;
	const char *available; /* the controllers of the host's cgroup v2 */
	bool update;
	struct error *e;
};

/* The hierarchy in which the limit can be set; NULL with an error about the field when none. */
const struct plan_cgroup *limit_home(struct limits *l, const char *field, const char *v1,
				     const char *v2);

/* Its halves: look, and say that there is none. */
const struct plan_cgroup *limit_home_find(const struct limits *l, const char *v1, const char *v2);
void limit_no_home(struct limits *l, const char *field, const char *v1, const char *v2);

/* Add one write. The value is kept, the others are copied. */
struct plan_limit *limit_add(struct limits *l, const struct plan_cgroup *home, const char *field,
			     const char *file, char *value);

/* The lists of linux.resources, and the most writes they become. */
void limits_of_lists(struct limits *l, const struct spec_resources *r);
size_t limits_of_lists_max(const struct spec_resources *r);

#endif
