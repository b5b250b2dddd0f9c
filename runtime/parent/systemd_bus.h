/*
 * Finding systemd, the system's or a user's, and calling its manager. What is asked of it is
 * systemd.c's.
 */
#ifndef OCIRUN_SYSTEMD_BUS_H
#define OCIRUN_SYSTEMD_BUS_H

#include "runtime/parent/dbus.h"
#include "spec/arena.h"
#include "spec/status.h"

/* Connect to the first that answers of where it may be, and fill in r->address and r->daemon. */
MUST_CHECK int systemd_connect(struct arena *a, bool user, struct dbus **bus,
			       struct record_systemd *r, struct error *e);

/* Connect to where it was. */
MUST_CHECK int systemd_reconnect(struct dbus **bus, const struct record_systemd *r,
				 struct error *e);

/* The manager's own cgroup, "" for the root. */
MUST_CHECK int systemd_ask_group(struct arena *a, struct dbus *bus, char **group, struct error *e);

/* Begin a call of the manager's. */
struct dbus_bytes *systemd_call(struct dbus *bus, const char *member, const char *signature);

/* Was the last call refused with systemd's error of that name, "NoSuchUnit"? */
bool systemd_refused(const struct dbus *bus, const char *name);

/* Make the call that has begun, and wait for the end of the job of `unit` that it answers with.
 * One that is not done is told in e too, but is no failure of the call. */
MUST_CHECK int systemd_call_job(struct dbus *bus, const char *unit, bool *done, struct error *e);

/* A unit that has failed stays until it is forgotten. There may be none. */
void systemd_forget(struct dbus *bus, const char *unit);

#endif
