/*
 * The systemd cgroup manager: the container's cgroup is that of a transient scope, which systemd,
 * the system's or the user's, makes around init and ends with it. Called by create, update and
 * destroy, and only where it was asked for.
 */
#ifndef OCIRUN_SYSTEMD_H
#define OCIRUN_SYSTEMD_H

#include "runtime/parent/dbus.h"
#include "runtime/parent/systemd_unit.h"
#include "spec/status.h"

/* systemd, while a container is being made. */
struct systemd {
	struct arena *arena;
	struct record_systemd record; /* what ends the unit later */
	struct systemd_unit unit;
	const char *subgroup;          /* of the annotation; NULL: the container is in the scope */
	struct dbus *bus;              /* NULL: not connected */
	struct dbus_bytes *properties; /* of annotations; NULL: none */
	char *group;                   /* the manager's own cgroup */
};

/*
 * Find the unit's name, connect to the manager, and fill plan->cgroups with where the container
 * will be. Changes nothing on the host. *out is from the arena; systemd_close ends the connection,
 * also after a failure.
 */
MUST_CHECK int systemd_open(struct arena *a, const struct spec *s, const char *id, bool user,
			    struct plan *plan, struct systemd **out, struct error *e);
void systemd_close(struct systemd *s);

/* After cgroup_intend: note the unit in the record, and which directories are not systemd's to
 * remove. A scope that has processes is an error. */
MUST_CHECK int systemd_intend(struct arena *a, const struct systemd *s, const struct plan *plan,
			      struct record *r, struct error *e);

/* Start the unit around a process, and wait until it is in there. EEXIST: there is such a unit, and
 * it is not ours. */
MUST_CHECK int systemd_start(struct systemd *s, const char *id, const struct plan *plan, int pid,
			     struct error *e);

/* Has the container cgroups of v1? */
bool systemd_on_v1(const struct plan *plan);

/* Make properties of those limits of the plan that systemd knows; the files are still to be
 * written. On cgroup v1 devices are denied for a moment. */
MUST_CHECK int systemd_set_limits(struct systemd *s, const struct plan *plan, struct error *e);

/* The same for a container that has been made, and for its device rules of v1 (NULL: they stay). */
MUST_CHECK int systemd_update(const struct record_systemd *r, const struct plan *plan,
			      const struct device_list *devices, struct error *e);

/*
 * Put one more process into the unit, or into a cgroup below its own: what only systemd may do for
 * a plain user whose session is not below their own systemd's cgroup. `path` is the directory.
 */
MUST_CHECK int systemd_attach(const struct record_systemd *r, const char *top, const char *path,
			      int pid, struct error *e);

/* End the unit, whose processes have ended, and forget it. A unit that is gone is fine. */
MUST_CHECK int systemd_stop(const struct record_systemd *r, struct error *e);

#endif
