/* See systemd_bus.h. */
#include "runtime/parent/systemd_bus.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

#define NAME "org.freedesktop.systemd1"
#define PATH "/org/freedesktop/systemd1"
#define MANAGER NAME ".Manager"
#define MATCH                                                                 \
	"type='signal',sender='" NAME "',path='" PATH "',interface='" MANAGER \
	"',member='JobRemoved'"
#define ANSWER_MS 10000
#define JOB_MS 30000

/* "unix:path=/run/user/1000/bus,guid=…": the path, from the arena; NULL when it is none. */
static char *bus_path(struct arena *a, const char *address)
{
	static const char begin[] = "unix:path=";

	if (!address || strncmp(address, begin, sizeof(begin) - 1) != 0)
		return NULL;
	address += sizeof(begin) - 1;
	return arena_strndup(a, address, strcspn(address, ",;"));
}

/* Where the manager may be found, in the order of trying. */
static size_t candidates(struct arena *a, bool user, struct record_systemd *out)
{
	const char *directory = getenv("XDG_RUNTIME_DIR");
	char *bus = bus_path(a, getenv("DBUS_SESSION_BUS_ADDRESS"));
	size_t n = 0;

	if (!user) {
		out[n++] = (struct record_systemd){ .address = "/run/systemd/private" };
		out[n++] = (struct record_systemd){ .address = "/run/dbus/system_bus_socket",
						    .daemon = true };
		return n;
	}
	if (!directory || !*directory)
		directory = arena_printf(a, "/run/user/%lu", getauxval(AT_EUID));
	out[n++].address = arena_printf(a, "%s/systemd/private", directory);
	if (bus) {
		out[n].address = bus;
		out[n++].daemon = true;
	}
	out[n].address = arena_printf(a, "%s/bus", directory);
	out[n++].daemon = true;
	return n;
}

int systemd_reconnect(struct dbus **bus, const struct record_systemd *r, struct error *e)
{
	if (dbus_open(bus, r->address, r->daemon, MATCH, ANSWER_MS, e) < 0)
		return -1;
	/* Our pids would be other processes there. */
	if ((*bus)->peer)
		return 0;
	dbus_close(bus);
	return error_set(e, 0, "%s is of another pid namespace", r->address);
}

int systemd_connect(struct arena *a, bool user, struct dbus **bus, struct record_systemd *r,
		    struct error *e)
{
	struct record_systemd places[3] = { 0 };
	const size_t n = candidates(a, user, places);
	char *tried = "";
	int code = 0;

	for (size_t i = 0; i < n; i++) {
		struct error one = ERROR_NONE;
		if (systemd_reconnect(bus, &places[i], &one) == 0) {
			r->address = places[i].address;
			r->daemon = places[i].daemon;
			return 0;
		}
		code = one.code;
		tried = arena_printf(a, "%s%s%.300s", tried, *tried ? "; " : "", one.text);
	}
	error_set(e, 0, "no systemd %s to talk to: %s", user ? "of this user" : "of the system",
		  tried);
	e->code = code;
	if (user)
		error_hint(e, "XDG_RUNTIME_DIR names the directory that its sockets are in; "
			      "or use --cgroup-manager cgroupfs");
	return error_hint(e, "use --cgroup-manager cgroupfs where systemd is not running");
}

struct dbus_bytes *systemd_call(struct dbus *bus, const char *member, const char *signature)
{
	const struct dbus_method m = { NAME, PATH, MANAGER, member, signature };

	return dbus_call_begin(bus, &m);
}

bool systemd_refused(const struct dbus *bus, const char *name)
{
	return strncmp(bus->refusal, NAME ".", sizeof(NAME)) == 0 &&
	       strcmp(bus->refusal + sizeof(NAME), name) == 0;
}

int systemd_ask_group(struct arena *a, struct dbus *bus, char **group, struct error *e)
{
	const struct dbus_method get = { NAME, PATH, "org.freedesktop.DBus.Properties", "Get",
					 "ss" };
	struct dbus_bytes *b = dbus_call_begin(bus, &get);
	struct dbus_message answer;

	dbus_put_text(b, MANAGER);
	dbus_put_text(b, "ControlGroup");
	if (dbus_call(bus, &answer, e) < 0)
		return -1;
	*group = arena_strdup(a, dbus_get_variant_text(&answer));
	if (answer.bad || (**group && (*group)[0] != '/') || strstr(*group, "/.."))
		return error_set(e, EPROTO, "systemd does not say which cgroup is its own");
	if (!strcmp(*group, "/"))
		**group = 0;
	return 0;
}

/* How a job of a unit ended, as far as it is known yet. */
struct job {
	const char *unit;
	bool ended;
	char path[200], result[32], sender[64];
};

static void note_job(void *data, struct dbus_message *m)
{
	struct job *j = data;

	if (!m->member || strcmp(m->member, "JobRemoved") != 0)
		return;
	dbus_get_u32(m);
	const char *path = dbus_get_text(m), *unit = dbus_get_text(m), *result = dbus_get_text(m);
	if (m->bad || strcmp(unit, j->unit) != 0)
		return;
	j->ended = true;
	snprintf(j->path, sizeof(j->path), "%s", path);
	snprintf(j->result, sizeof(j->result), "%s", result);
	snprintf(j->sender, sizeof(j->sender), "%s", m->sender ? m->sender : "");
}

int systemd_call_job(struct dbus *bus, const char *unit, bool *done, struct error *e)
{
	struct job j = { .unit = unit };
	char path[sizeof(j.path)], sender[sizeof(j.sender)];
	struct dbus_message m;

	bus->on_signal = note_job;
	bus->data = &j;
	int result = dbus_call(bus, &m, e);
	if (result == 0) {
		snprintf(path, sizeof(path), "%s", dbus_get_text(&m));
		snprintf(sender, sizeof(sender), "%s", m.sender ? m.sender : "");
		dbus_allow(bus, JOB_MS);
	}
	/* At a daemon everybody may send us a signal: systemd is who answered. */
	while (result == 0 && !(j.ended && strcmp(path, j.path) == 0 &&
				(!bus->daemon || strcmp(sender, j.sender) == 0))) {
		result = dbus_receive(bus, &m, e);
		if (result == 0 && m.type == DBUS_SIGNAL)
			note_job(&j, &m);
	}
	bus->on_signal = NULL;
	*done = result == 0 && strcmp(j.result, "done") == 0;
	if (result == 0 && !*done)
		error_set(e, 0, "the job ended as \"%s\"", j.result);
	return result;
}

void systemd_forget(struct dbus *bus, const char *unit)
{
	struct error ignored = ERROR_NONE;
	struct dbus_message m;

	dbus_put_text(systemd_call(bus, "ResetFailedUnit", "s"), unit);
	(void)!dbus_call(bus, &m, &ignored);
}
