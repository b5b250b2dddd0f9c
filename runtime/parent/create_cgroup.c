/*
 * The steps of create that make the container's cgroups and put init into them. Without systemd the
 * order depends on the host: on pure cgroup v2 init is born in a cgroup that is ready for it; on a
 * host with cgroup v1 its rules come when init is in it and waits for us. There systemd removes
 * whatever is empty in the hierarchies that none of its units uses, whenever it looks at them anew,
 * and an empty cgroup is all we have until then.
 *
 * Limits are written when init is in its cgroup: where pids.limit is 0 nobody is born there, and
 * memory.limit would count its birth. But before, where it comes there last, for lack of memory:
 * the kernel charges in lots of 64 pages, as long as they fit, and a limit that comes when such a
 * lot is taken kills (v2) or fails (v1) for what nobody uses.
 */
#include "runtime/parent/create.h"

#include "runtime/parent/cgroup.h"
#include "runtime/parent/intel_rdt.h"
#include "runtime/parent/systemd.h"
#include "spec/extensions.h"

#include <errno.h>

/* What takes directories that are there. */
static int prepare_cgroup(struct creation *c, struct error *e)
{
	const bool existing = !cgroup_made_all(&c->state.record);
	const struct plan *p = c->bundle.plan;

	/* (Of systemd's, too: it does not know them all.) */
	cgroup_controllers_give(p);
	if (cgroup_limits_enable(p, e) < 0)
		return -1;
	c->devices.nested = !c->bundle.privileged;
	c->devices.beside = existing;
	if (cgroup_devices_prepare(&c->arena, p, existing, &c->devices, e) < 0)
		return -1;
	if (existing) {
		c->state.record.devices = cgroup_devices_remember(&c->arena, &c->devices);
		if (c->state.record.devices && state_save(&c->state, e) < 0)
			return -1;
	}
	return cgroup_devices_commit(&c->devices, e);
}

/* systemd makes a cgroup around a process that is there. */
static int place_by_systemd(struct creation *c, pid_t pid, struct error *e)
{
	struct record *r = &c->state.record;

	if (systemd_start(c->bundle.systemd, r->id, c->bundle.plan, pid, e) < 0) {
		/* Another's unit is not ours to clean up. */
		if (e->code == EEXIST) {
			r->systemd = NULL;
			r->cgroups.n = 0;
		}
		return -1;
	}
	if (cgroup_make_missing(r, e) < 0 || cgroup_place(c->bundle.plan, pid, true, e) < 0)
		return -1;
	if (c->bundle.spec->linux->cgroups_path && cgroup_check(r, e) < 0)
		return error_in(e, "linux.cgroupsPath");
	/* On v1 before the child makes and opens devices. */
	if (systemd_on_v1(c->bundle.plan) &&
	    systemd_set_limits(c->bundle.systemd, c->bundle.plan, e) < 0)
		return -1;
	return prepare_cgroup(c, e);
}

static bool is_on_v1(const struct creation *c)
{
	return c->bundle.plan->cgroups.n && systemd_on_v1(c->bundle.plan);
}

int creation_place(struct creation *c, pid_t pid, struct error *e)
{
	if (c->bundle.systemd)
		return place_by_systemd(c, pid, e);
	if (!is_on_v1(c))
		return cgroup_place(c->bundle.plan, pid, false, e);
	if (cgroup_place(c->bundle.plan, pid, true, e) < 0)
		return -1;
	/* Once more, of what has been made again. */
	if (c->bundle.spec->linux->cgroups_path && cgroup_check(&c->state.record, e) < 0)
		return error_in(e, "linux.cgroupsPath");
	return prepare_cgroup(c, e);
}

static bool settles(const struct creation *c)
{
	return !c->bundle.systemd && spawn_settles(c->bundle.spec, c->bundle.plan);
}

/* Called by spawn_init. */
static int place(void *data, pid_t pid, struct error *e)
{
	struct creation *c = data;
	struct error ignored = ERROR_NONE;

	/* Systemd may have removed the cgroups by now, or do so before init is in them: all of them
	 * are made, and written, once more. */
	if (settles(c) && cgroup_made_all(&c->state.record))
		(void)!cgroup_limits_write(c->bundle.plan, &ignored);
	return creation_place(c, pid, e);
}

static int place_later(struct creation *c)
{
	c->spawn.place = place;
	c->spawn.data = c;
	return 0;
}

int creation_cgroup(struct creation *c, struct error *e)
{
	const char *asked = c->bundle.spec->linux->cgroups_path;
	struct plan *p = c->bundle.plan;
	bool optional = !c->bundle.privileged && !asked && !p->limits.n && !p->delegate_cgroup;

	if (c->state.record.intel_rdt && intel_rdt_make(&c->state.record, e) < 0)
		return -1;
	if (c->bundle.systemd)
		return place_later(c);
	if (cgroup_make(p, &c->state.record, optional, e) < 0)
		return asked ? error_in(e, "linux.cgroupsPath") : -1;
	/* What is below it shall be the container's alone, and be removed with it. */
	if (p->delegate_cgroup && !cgroup_made_all(&c->state.record)) {
		error_set(e, EEXIST, "the cgroup %s is not the container's own",
			  p->cgroups.v[0].path);
		return error_in(e, "annotations[\"%s\"]", ANNOTATION_DELEGATE_CGROUP);
	}
	if (asked && cgroup_check(&c->state.record, e) < 0)
		return error_in(e, "linux.cgroupsPath");
	if (!c->state.record.cgroups.n && !c->state.record.own_pid_namespace)
		container_warn(
			"linux.namespaces: with neither a pid namespace nor a cgroup of the "
			"container's own, processes that outlive its first one are not found");
	return is_on_v1(c) ? place_later(c) : prepare_cgroup(c, e);
}

static int write_limits(struct creation *c, struct error *e)
{
	struct systemd *s = c->bundle.systemd;
	struct record *r = &c->state.record;

	if (!cgroup_made_all(r))
		cgroup_limits_remember(&c->arena, c->bundle.plan, &r->limits);
	if (r->limits.n && state_save(&c->state, e) < 0)
		return -1;
	const bool todo = s && !systemd_on_v1(c->bundle.plan);
	const int set = todo ? systemd_set_limits(s, c->bundle.plan, e) : 0;
	/* It tells all who listen about all that it does. */
	systemd_close(s);
	c->limited = true;
	return set < 0 ? -1 : cgroup_limits_write(c->bundle.plan, e);
}

int creation_limits_first(struct creation *c, struct error *e)
{
	return settles(c) && !is_on_v1(c) ? write_limits(c, e) : 0;
}

int creation_limits(struct creation *c, struct error *e)
{
	return !c->limited && write_limits(c, e) < 0
		       ? -1
		       : cgroup_delegate(&c->arena, c->bundle.plan, c->spawn.pid, e);
}
