/*
 * linux.resources.devices: which devices the container may open and make. cgroup v1 takes the rules
 * in two files, v2 as a program (device_program.c).
 */
#ifndef OCIRUN_CGROUP_DEVICES_H
#define OCIRUN_CGROUP_DEVICES_H

#include "runtime/parent/device_list.h"
#include "runtime/plan.h"
#include "spec/spec.h"
#include "spec/status.h"

/*
 * Fill plan->device_rules: everything is denied, then config.json's rules, then what every
 * container may have. No rules of config.json: none at all, and everything is allowed. Rules that
 * the host's cgroup v1 can't express are an error. With `update` places begin at the resources.
 */
MUST_CHECK int cgroup_devices_resolve(struct arena *a, const struct spec_resources *r, bool update,
				      struct plan *plan, struct error *e);

#define DEVICE_PROGRAMS_MAX 64 /* that the kernel lets be attached to one cgroup */

/* The rules on their way into the container's cgroup. */
struct device_change {
	bool nested; /* in a user namespace, where nobody can make devices, the kernel refuses
			rules: that is a note and no error */
	bool update; /* places in errors begin at the resources */
	bool beside; /* v2: until it is settled, leave the programs that were there where they are,
			so that taking ours away is all that undoes it */
	bool prepared;
	const char *path;
	bool unified;
	int cgroup;
	struct device_list before, after; /* v1 */
	char *text;                       /* from which `before` is */
	int program;                      /* v2 */
	int old[DEVICE_PROGRAMS_MAX];
	size_t n;
};
#define DEVICE_CHANGE_NONE ((struct device_change){ .cgroup = -1, .program = -1 })

/* Everything that can go wrong and changes nothing. `existing`: the cgroup may have rules. */
MUST_CHECK int cgroup_devices_prepare(struct arena *a, const struct plan *plan, bool existing,
				      struct device_change *c, struct error *e);

/* Put them into effect: at create before a process is in the cgroup, so that they hold for its
 * mounts too. A failure leaves what has been done, for the undoing. */
MUST_CHECK int cgroup_devices_commit(struct device_change *c, struct error *e);

/* With `beside`, after all else has succeeded: only the new rules hold. */
void cgroup_devices_settle(struct device_change *c);

/* What has to be known to put back the rules without this change at hand, from the arena; NULL:
 * nothing changes. To be recorded before the commit. */
struct record_devices *cgroup_devices_remember(struct arena *a, const struct device_change *c);
/* By what was recorded. What does not work is told in words, NULL otherwise. */
const char *cgroup_devices_return(struct arena *a, const struct record_devices *r);

/* Put back the rules that were there, after a commit that succeeded or not. */
void cgroup_devices_undo(struct device_change *c);

void cgroup_devices_close(struct device_change *c);

#endif
