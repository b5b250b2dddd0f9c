/*
 * Theory of operation. A scope is made around a process that exists, so init is cloned first and
 * waits. Where the scope's cgroup will be follows from its name and the manager's own cgroup, which
 * is asked for: so the plan is complete, and the record too, before there is anything. Then systemd
 * starts the scope as a job, and a signal says how that ended. Limits become properties, because
 * systemd writes its files anew when it likes, and are written to the files all the same: what it
 * has no property for, and what it rounds.
 *
 * On cgroup v1 systemd has directories in some hierarchies only; in the others we make them, below
 * directories for the slices, and remove them. There it also allows devices, and writes their list
 * anew whenever a property changes: "none", then one after the other. So whoever changes any sees
 * to it that the container opens none meanwhile.
 */
#include "runtime/parent/systemd.h"

#include "runtime/file.h"
#include "runtime/parent/cgroup.h"
#include "runtime/parent/systemd_bus.h"
#include "spec/extensions.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What became of the unit, and why. */
static int failed(struct error *e, const char *what, const char *unit, const struct error *why)
{
	error_set(e, 0, "%s %s: %s", what, unit, why->text);
	e->code = why->code;
	return -1;
}

bool systemd_on_v1(const struct plan *plan)
{
	return plan->cgroups.n != 1 || !plan->cgroups.v[0].unified;
}

/* --- making ----------------------------------------------------------------------------------- */

static int resolve_properties(struct systemd *s, const struct pairs *annotations, struct error *e)
{
	s->properties = malloc(sizeof(*s->properties));
	if (!s->properties)
		return error_set(e, ENOMEM, "talk to systemd over D-Bus");
	s->properties->n = 0;
	s->properties->full = false;
	return systemd_put_annotations(s->properties, annotations, e);
}

int systemd_open(struct arena *a, const struct spec *spec, const char *id, bool user,
		 struct plan *plan, struct systemd **out, struct error *e)
{
	struct systemd *s = *out = arena_new(a, struct systemd);

	s->arena = a;
	if (systemd_unit_resolve(a, spec->linux->cgroups_path, id, user, &s->unit, e) < 0 ||
	    resolve_properties(s, &spec->annotations, e) < 0)
		return -1;
	s->subgroup = annotation_asked(&spec->annotations, ANNOTATION_SYSTEMD_SUBGROUP);
	s->record.unit = s->unit.name;
	if (systemd_connect(a, user, &s->bus, &s->record, e) < 0 ||
	    systemd_ask_group(a, s->bus, &s->group, e) < 0)
		return error_in(e, "--cgroup-manager systemd");
	const char *path = arena_printf(a, "%s%s%s%s", s->group, s->unit.path,
					s->subgroup ? "/" : "", s->subgroup ? s->subgroup : "");
	if (cgroup_resolve(a, path, id, plan, e) < 0)
		return -1;
	if (user && systemd_on_v1(plan)) {
		error_set(e, 0, "a user's systemd has cgroups on hosts with cgroup v2 alone");
		error_hint(e, "use --cgroup-manager cgroupfs");
		return error_in(e, "--cgroup-manager systemd");
	}
	return 0;
}

void systemd_close(struct systemd *s)
{
	if (!s)
		return;
	dbus_close(&s->bus);
	free(s->properties);
	s->properties = NULL;
}

/* Has systemd a directory for the unit in this hierarchy? */
static bool is_managed(const struct plan_cgroup *c)
{
	static const char *const managed[] = { "cpu",     "cpuacct", "blkio",       "memory",
					       "devices", "pids",    "name=systemd" };

	for (size_t i = 0; i < c->options.n; i++)
		for (size_t j = 0; j < sizeof(managed) / sizeof(managed[0]); j++)
			if (!strcmp(c->options.v[i], managed[j]))
				return true;
	return c->unified;
}

int systemd_intend(struct arena *a, const struct systemd *s, const struct plan *plan,
		   struct record *r, struct error *e)
{
	struct record_systemd *record = arena_new(a, struct record_systemd);

	if (cgroup_populated(r)) {
		r->cgroups.n = 0;
		error_set(e, EBUSY, "unit %s has processes already", s->unit.name);
		error_hint(e, "give the container another name in linux.cgroupsPath");
		return error_in(e, "--cgroup-manager systemd");
	}
	for (size_t i = 0; i < r->cgroups.n; i++) {
		struct record_cgroup *c = &r->cgroups.v[i];
		/* The slices are systemd's own. */
		if (is_managed(&plan->cgroups.v[i]))
			c->top = arena_strndup(a, c->path,
					       strlen(c->path) -
						       (s->subgroup ? strlen(s->subgroup) + 1 : 0));
	}
	*record = s->record;
	r->systemd = record;
	return 0;
}

static void put_base(struct dbus_bytes *b, const struct systemd *s, const char *id, int pid,
		     const struct plan *plan)
{
	const bool v1 = systemd_on_v1(plan);
	char description[300];

	snprintf(description, sizeof(description), "ocirun container %s", id);
	systemd_put_text(b, "Description", description);
	systemd_put_text(b, "Slice", s->unit.slice);
	systemd_put_bool(b, "Delegate", true);
	systemd_put_property(b, "PIDs", "au");
	const size_t pids = dbus_array_begin(b, 4);
	dbus_put_u32(b, (uint32_t)pid);
	dbus_array_end(b, pids, 4);
	systemd_put_bool(b, "MemoryAccounting", true);
	systemd_put_bool(b, "CPUAccounting", true);
	systemd_put_bool(b, v1 ? "BlockIOAccounting" : "IOAccounting", true);
	systemd_put_bool(b, "TasksAccounting", true);
	/* It ends with its process, not with the system's shutdown ahead of it. */
	systemd_put_bool(b, "DefaultDependencies", false);
	/* v2 has a program of ours, which systemd leaves alone. */
	const struct device_list devices = device_list_of_rules(s->arena, &plan->device_rules);
	if (v1 && plan->device_rules.n)
		systemd_put_devices(b, &devices);
}

static int start_once(struct systemd *s, const char *id, const struct plan *plan, int pid,
		      bool *done, struct error *e)
{
	struct dbus_bytes *b = systemd_call(s->bus, "StartTransientUnit", "ssa(sv)a(sa(sv))");

	dbus_put_text(b, s->unit.name);
	dbus_put_text(b, "fail");
	const size_t properties = dbus_array_begin(b, 8);
	put_base(b, s, id, pid, plan);
	/* Last, so that they have the last word. */
	dbus_append(b, s->properties);
	dbus_array_end(b, properties, 8);
	dbus_array_end(b, dbus_array_begin(b, 8), 8);
	return systemd_call_job(s->bus, s->unit.name, done, e);
}

/* Is it where the plan has it? */
static int check_place(const struct systemd *s, const struct plan *plan, int pid, struct error *e)
{
	const char *path = arena_printf(s->arena, "/proc/%d/cgroup", pid);
	CLEAN_FD fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text;

	if (fd < 0 || file_read(fd, 1 << 20, s->arena, &text, NULL) < 0)
		return error_set(e, errno, "read %s", path);
	/* systemd's own hierarchy, or the only one. */
	const char *at = systemd_on_v1(plan) ? strstr(text, ":name=systemd:") : NULL;
	at = at ? at + 14 : strstr(text, "0::") ? strstr(text, "0::") + 3 : "";
	const size_t n = strcspn(at, "\n"), group = strlen(s->group);
	if (n == group + strlen(s->unit.path) && !strncmp(at, s->group, group) &&
	    !strncmp(at + group, s->unit.path, n - group))
		return 0;
	return error_set(e, 0, "systemd has put the container into %.*s, not into %s%s", (int)n, at,
			 s->group, s->unit.path);
}

int systemd_start(struct systemd *s, const char *id, const struct plan *plan, int pid,
		  struct error *e)
{
	struct error why = ERROR_NONE;
	bool done;
	int result = start_once(s, id, plan, pid, &done, &why);

	/* What is left of one that failed is no reason to fail. */
	if (result < 0 && systemd_refused(s->bus, "UnitExists")) {
		why = ERROR_NONE;
		systemd_forget(s->bus, s->unit.name);
		result = start_once(s, id, plan, pid, &done, &why);
	}
	if (result == 0 && done)
		return check_place(s, plan, pid, e);
	if (result == 0)
		systemd_forget(s->bus, s->unit.name);
	failed(e, "start", s->unit.name, &why);
	if (!systemd_refused(s->bus, "UnitExists"))
		return -1;
	e->code = EEXIST;
	return error_hint(e, "give the container another name in linux.cgroupsPath");
}

/* --- changing and ending ---------------------------------------------------------------------- */

static int set_limits(struct dbus *bus, const char *unit, const struct plan *plan,
		      const struct device_list *devices, struct error *e)
{
	struct dbus_bytes *b = systemd_call(bus, "SetUnitProperties", "sba(sv)");
	struct dbus_message answer;

	dbus_put_text(b, unit);
	dbus_put_u32(b, true);
	const size_t properties = dbus_array_begin(b, 8), none = b->n;
	systemd_put_limits(b, plan);
	if (devices)
		systemd_put_devices(b, devices);
	const bool any = b->n > none;
	dbus_array_end(b, properties, 8);
	struct error why = ERROR_NONE;
	if (!any || dbus_call(bus, &answer, &why) == 0)
		return 0;
	failed(e, "make them properties of", unit, &why);
	return error_in(e, "linux.resources");
}

int systemd_set_limits(struct systemd *s, const struct plan *plan, struct error *e)
{
	return set_limits(s->bus, s->unit.name, plan, NULL, e);
}

int systemd_update(const struct record_systemd *r, const struct plan *plan,
		   const struct device_list *devices, struct error *e)
{
	struct dbus *bus;

	if (systemd_reconnect(&bus, r, e) < 0)
		return -1;
	int result = set_limits(bus, r->unit, plan, devices, e);
	dbus_close(&bus);
	return result;
}

int systemd_attach(const struct record_systemd *r, const char *top, const char *path, int pid,
		   struct error *e)
{
	struct error why = ERROR_NONE;
	struct dbus_message answer;
	struct dbus *bus;

	if (systemd_reconnect(&bus, r, e) < 0)
		return -1;
	struct dbus_bytes *b = systemd_call(bus, "AttachProcessesToUnit", "ssau");
	dbus_put_text(b, r->unit);
	dbus_put_text(b, path + strlen(top));
	const size_t pids = dbus_array_begin(b, 4);
	dbus_put_u32(b, (uint32_t)pid);
	dbus_array_end(b, pids, 4);
	const int result = dbus_call(bus, &answer, &why);
	dbus_close(&bus);
	return result < 0 ? failed(e, "put the process into", r->unit, &why) : 0;
}

static int stop(const struct record_systemd *r, struct error *e)
{
	struct dbus *bus;
	bool done;

	if (systemd_reconnect(&bus, r, e) < 0)
		return -1;
	struct dbus_bytes *b = systemd_call(bus, "StopUnit", "ss");
	dbus_put_text(b, r->unit);
	dbus_put_text(b, "replace");
	int result = systemd_call_job(bus, r->unit, &done, e);
	if (result < 0 && systemd_refused(bus, "NoSuchUnit"))
		result = 0;
	systemd_forget(bus, r->unit);
	dbus_close(&bus);
	return result;
}

int systemd_stop(const struct record_systemd *r, struct error *e)
{
	struct error why = ERROR_NONE;

	return stop(r, &why) < 0 ? failed(e, "stop", r->unit, &why) : 0;
}
