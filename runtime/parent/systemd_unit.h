/*
 * The pure half of the systemd cgroup manager: what linux.cgroupsPath, annotations and limits are
 * in systemd's words. systemd.c says them.
 */
#ifndef OCIRUN_SYSTEMD_UNIT_H
#define OCIRUN_SYSTEMD_UNIT_H

#include "runtime/parent/dbus_message.h"
#include "runtime/parent/device_list.h"
#include "runtime/plan.h"
#include "spec/spec.h"

/* The scope that a container is in. */
struct systemd_unit {
	char *name;  /* "ocirun-c1.scope" */
	char *slice; /* "machine-web.slice" */
	char *path;  /* below the manager's cgroup:
			"/machine.slice/machine-web.slice/ocirun-c1.scope" */
};

/* From a linux.cgroupsPath of the form SLICE:PREFIX:NAME; without one, and without a slice in it,
 * the manager's usual. */
MUST_CHECK int systemd_unit_resolve(struct arena *a, const char *cgroups_path, const char *id,
				    bool user, struct systemd_unit *out, struct error *e);

/* A property of a unit: its name and type, then the caller puts its value. */
void systemd_put_property(struct dbus_bytes *b, const char *name, const char *type);
void systemd_put_text(struct dbus_bytes *b, const char *name, const char *value);
void systemd_put_bool(struct dbus_bytes *b, const char *name, bool value);
void systemd_put_u64(struct dbus_bytes *b, const char *name, uint64_t value);

/*
 * The annotations org.systemd.property.NAME, whose values are GVariant texts. Only properties that
 * concern the container's own unit, and run nothing on the host, are taken: a caller may pass on
 * annotations from strangers (CVE-2024-3154).
 */
MUST_CHECK int systemd_put_annotations(struct dbus_bytes *b, const struct pairs *annotations,
				       struct error *e);

/* What systemd has a property for, of all that will be written to files; the files have the last
 * word. */
void systemd_put_limits(struct dbus_bytes *b, const struct plan *plan);

/* cgroup v1: the devices that systemd is to allow when it writes the container's list anew, instead
 * of those it knew. Exceptions to "everything" it can't be told. */
void systemd_put_devices(struct dbus_bytes *b, const struct device_list *list);

#endif
