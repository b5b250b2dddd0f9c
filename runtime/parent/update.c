/*
 * Theory of operation. A table of steps, of which the first change nothing: what is asked is
 * completed by what there is, resolved as create does it, and checked; the program of the device
 * rules is loaded. Then the old values are read and the new ones written, the rules of devices
 * last, because they are exchanged in one go. A step that fails has all of it put back. Each file
 * is written at once, so an update that is killed leaves old values and new ones, but no others,
 * and can be made again. Only where v1's device rules open up or close down as a whole, if only for
 * systemd to write them anew, the container stands still for a moment: an update that is killed
 * right then leaves it paused.
 */
#include "runtime/file.h"
#include "runtime/log.h"
#include "runtime/parent/cgroup.h"
#include "runtime/parent/cgroup_devices.h"
#include "runtime/parent/cgroup_resources.h"
#include "runtime/parent/container.h"
#include "runtime/parent/namespaces.h"
#include "runtime/parent/state.h"
#include "runtime/parent/systemd.h"
#include "runtime/timing.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

#define ARENA ((size_t)256 << 20) /* address space only */

struct update {
	const struct update_options *o;
	struct arena arena;
	struct state state;
	struct spec_resources asked; /* completed */
	struct plan plan;
	record_value_list old;
	struct device_change devices;
	bool frozen; /* by us */
	bool told;   /* systemd, of properties */
};

static int open_container(struct update *u, struct error *e)
{
	if (state_open(&u->state, u->o->root, u->o->id, &u->arena, e) < 0 ||
	    state_lock_made(&u->state, e) < 0 || state_check_cgroups(&u->state, e) < 0)
		return -1;
	switch (state_status(&u->state, e)) {
	case STATUS_CREATED:
	case STATUS_RUNNING:
	case STATUS_PAUSED: return 0;
	case STATUS_CREATING:
		return error_set(e, 0, "container not running: it is still being created");
	case STATUS_STOPPED: return error_set(e, 0, "container not running");
	}
	return -1;
}

/* The container's cgroups, with what their hierarchies are. */
static int find_cgroups(struct update *u, struct error *e)
{
	const struct record *r = &u->state.record;
	struct cgroup_hierarchies host;

	if (cgroup_hierarchies(&u->arena, &host, e) < 0)
		return -1;
	u->plan.cgroups.v = arena_array(&u->arena, struct plan_cgroup, r->cgroups.n);
	for (size_t i = 0; i < r->cgroups.n; i++)
		for (size_t j = 0; j < host.n; j++) {
			const size_t n = strlen(host.v[j].mount_point);
			char *path = r->cgroups.v[i].path;
			if (strncmp(path, host.v[j].mount_point, n) != 0 || path[n] != '/')
				continue;
			u->plan.cgroups.v[u->plan.cgroups.n++] =
				(struct plan_cgroup){ .name = host.v[j].name,
						      .path = path,
						      .options = host.v[j].options,
						      .unified = host.v[j].unified };
			break;
		}
	return 0;
}

/* --- what there is -------------------------------------------------------------------------- */

/* The container's file of either version, "" where there is none. *unified: which it was. */
static char *text_of(struct update *u, const char *v1, const char *v2, bool *unified)
{
	for (size_t i = 0; i < u->plan.cgroups.n; i++) {
		const struct plan_cgroup *c = &u->plan.cgroups.v[i];
		const char *file = c->unified ? v2 : v1;
		char *text;
		if (!file)
			continue;
		CLEAN_FD fd =
			open(arena_printf(&u->arena, "%s/%s", c->path, file), O_RDONLY | O_CLOEXEC);
		if (fd < 0 || file_read(fd, 4096, &u->arena, &text, NULL) < 0)
			continue;
		*unified = c->unified;
		return text;
	}
	return "";
}

static int64_t *number(struct update *u, int64_t n)
{
	int64_t *out = arena_new(&u->arena, int64_t);

	*out = n;
	return out;
}

/* cgroup v2 has one file for quota and period, and counts swap alone: half of it asked for, the
 * other half is what it is. */
static int complete(struct update *u, struct error *e)
{
	struct spec_memory *m = u->asked.memory;
	struct spec_cpu *c = u->asked.cpu;
	bool unified = false;

	(void)e;
	if (c && c->period && *c->period && (!c->quota || !*c->quota)) {
		const char *now = text_of(u, NULL, "cpu.max", &unified);
		if (*now >= '0' && *now <= '9')
			c->quota = number(u, strtoll(now, NULL, 10));
	}
	if (m && m->swap && *m->swap > 0 && (!m->limit || !*m->limit)) {
		const char *now = text_of(u, NULL, "memory.max", &unified);
		if (*now >= '0' && *now <= '9')
			m->limit = number(u, strtoll(now, NULL, 10));
	}
	/* Memory and swap together can't be less than memory: no limit of one is none of both. */
	if (m && m->limit && *m->limit == -1 && (!m->swap || !*m->swap) &&
	    *text_of(u, "memory.memsw.limit_in_bytes", "memory.swap.max", &unified))
		m->swap = number(u, -1);
	return 0;
}

/* --- checks --------------------------------------------------------------------------------- */

static int add_schemata(struct update *u, struct error *e)
{
	const struct {
		const char *field, *value;
	} asked[] = { { "intelRdt.l3CacheSchema", u->o->l3_cache_schema },
		      { "intelRdt.memBwSchema", u->o->mem_bw_schema } };
	const struct record_intel_rdt *class = u->state.record.intel_rdt;
	struct plan_limit *v = arena_array(&u->arena, struct plan_limit, u->plan.limits.n + 2);

	for (size_t i = 0; i < u->plan.limits.n; i++)
		v[i] = u->plan.limits.v[i];
	u->plan.limits.v = v;
	for (size_t i = 0; i < 2; i++) {
		if (!asked[i].value)
			continue;
		if (!class) {
			error_set(e, 0,
				  "the container has no class in resctrl: its config.json has "
				  "no linux.intelRdt");
			return error_in(e, "%s", asked[i].field);
		}
		v[u->plan.limits.n++] = (struct plan_limit){
			.field = arena_strdup(&u->arena, asked[i].field),
			.file = arena_printf(&u->arena, "%s/schemata", class->path),
			.value = arena_printf(&u->arena, "%s\n", asked[i].value),
		};
	}
	return 0;
}

static int resolve(struct update *u, struct error *e)
{
	if (cgroup_resources_resolve(&u->arena, &u->asked, true, &u->plan, e) < 0 ||
	    cgroup_devices_resolve(&u->arena, &u->asked, true, &u->plan, e) < 0)
		return -1;
	return u->o->l3_cache_schema || u->o->mem_bw_schema ? add_schemata(u, e) : 0;
}

static int64_t usage_of(struct update *u, const char *v1, const char *v2)
{
	bool unified;

	return strtoll(text_of(u, v1, v2, &unified), NULL, 10);
}

/* (Its beginning in runc's words.) */
static int check_limit(const int64_t *limit, int64_t usage, const char *what, const char *field,
		       struct error *e)
{
	if (!limit || *limit <= 0 || usage <= *limit)
		return 0;
	error_set(e, 0,
		  "rejecting %s limit %" PRId64 ": it is less than the container uses, %" PRId64,
		  what, *limit, usage);
	error_in(e, "%s", field);
	return error_hint(e, "without memory.checkBeforeUpdate processes may be killed for it");
}

/* config-linux.md, memory.checkBeforeUpdate: a limit below the usage would have processes killed. */
static int check_usage(struct update *u, struct error *e)
{
	const struct spec_memory *m = u->asked.memory;

	if (!m || !m->check_before_update || !*m->check_before_update)
		return 0;
	const int64_t memory = usage_of(u, "memory.usage_in_bytes", "memory.current");
	const int64_t swap = usage_of(u, NULL, "memory.swap.current");
	const int64_t both = usage_of(u, "memory.memsw.usage_in_bytes", NULL);
	if (check_limit(m->swap, both ? both : memory + swap, "memory+swap", "memory.swap", e) < 0)
		return -1;
	return check_limit(m->limit, memory, "memory", "memory.limit", e);
}

static int prepare_devices(struct update *u, struct error *e)
{
	u->devices.update = true;
	const int initial = namespaces_initial_user(e);
	if (initial < 0)
		return -1;
	u->devices.nested = getauxval(AT_EUID) != 0 || !initial;
	return cgroup_devices_prepare(&u->arena, &u->plan, true, &u->devices, e);
}

/* --- changes -------------------------------------------------------------------------------- */

static int enable(struct update *u, struct error *e)
{
	return cgroup_limits_enable(&u->plan, e);
}

/* The container does not see what is between. */
static int stand_still(struct update *u, struct error *e)
{
	const int frozen = u->frozen ? 1 : cgroup_frozen(&u->state.record);

	if (frozen < 0)
		return error_set(e, errno, "find out whether the container is paused");
	if (frozen)
		return 0;
	if (cgroup_freeze(&u->state.record, e) < 0)
		return -1;
	u->frozen = true;
	return 0;
}

/* Of the device rules, what systemd is told: on v2 nothing. */
static const struct device_list *of_systemd(const struct update *u, const struct device_list *list)
{
	return u->devices.prepared && !u->devices.unified ? list : NULL;
}

static int write_properties(struct update *u, struct error *e)
{
	const struct record_systemd *systemd = u->state.record.systemd;

	if (!systemd)
		return 0;
	if (systemd_on_v1(&u->plan) && stand_still(u, e) < 0)
		return -1;
	u->told = true;
	return systemd_update(systemd, &u->plan, of_systemd(u, &u->devices.after), e);
}

static int write_limits(struct update *u, struct error *e)
{
	cgroup_limits_remember(&u->arena, &u->plan, &u->old);
	/* First, because systemd writes files too, and rounds. */
	return write_properties(u, e) < 0 ? -1 : cgroup_limits_write(&u->plan, e);
}

/* systemd would write the new values again. (Exceptions to "all devices" nobody can tell it: see
 * cgroup_devices_undo.) */
static void restore_properties(struct update *u)
{
	const struct device_list *devices = of_systemd(u, &u->devices.before);
	struct error ignored = ERROR_NONE;

	for (size_t i = 0; i < u->plan.limits.n; i++)
		for (size_t j = 0; j < u->old.n; j++)
			if (!strcmp(u->plan.limits.v[i].file, u->old.v[j].file))
				u->plan.limits.v[i].value = u->old.v[j].text;
	if (devices && devices->all)
		devices = NULL;
	if (systemd_update(u->state.record.systemd, &u->plan, devices, &ignored) < 0)
		container_warn(ignored.text);
}

/* cgroup v1 can't go from one set of rules to any other without a moment between. */
static int write_devices(struct update *u, struct error *e)
{
	const struct device_change *d = &u->devices;

	if (d->prepared && !d->unified && (d->before.all || d->after.all) && stand_still(u, e) < 0)
		return error_in(e, "devices");
	return cgroup_devices_commit(&u->devices, e);
}

static const struct {
	const char *name;
	int (*run)(struct update *u, struct error *e);
} steps[] = {
	/* Nothing has changed when these fail. */
	{ "open", open_container },
	{ "cgroups", find_cgroups },
	{ "complete", complete },
	{ "resolve", resolve },
	{ "usage", check_usage },
	/* What changes is only what the directories above give, and that is no limit. Before the
	 * files are read, which may be new. */
	{ "controllers", enable },
	{ "load devices", prepare_devices },
	{ "limits", write_limits },
	{ "devices", write_devices },
};

static void close_update(struct update *u, bool undo, struct error *e)
{
	struct error ignored = ERROR_NONE;

	if (undo && u->told)
		restore_properties(u);
	if (undo) {
		cgroup_limits_restore(&u->arena, &u->old, e);
		cgroup_devices_undo(&u->devices);
	}
	if (u->frozen && cgroup_unfreeze(&u->state.record, &ignored) < 0)
		container_warn(ignored.text);
	cgroup_devices_close(&u->devices);
	state_close(&u->state);
	arena_free(&u->arena);
}

/* A copy that can be completed. */
static void *copied(struct arena *a, const void *from, size_t size)
{
	return from ? memcpy(arena_alloc(a, size), from, size) : NULL;
}

int container_update(const struct update_options *o, struct error *e)
{
	struct update u = {
		.o = o, .state = STATE_NONE, .asked = *o->resources, .devices = DEVICE_CHANGE_NONE
	};
	int result = 0;

	if (arena_init(&u.arena, ARENA, e) < 0)
		return -1;
	u.asked.memory = copied(&u.arena, o->resources->memory, sizeof(*u.asked.memory));
	u.asked.cpu = copied(&u.arena, o->resources->cpu, sizeof(*u.asked.cpu));
	for (size_t i = 0; result == 0 && i < sizeof(steps) / sizeof(steps[0]); i++) {
		trace(TRACE_STEPS, "update: %s", steps[i].name);
		struct timing_event *timed = timing_begin(TIMING_STEP, steps[i].name, NULL);
		result = steps[i].run(&u, e);
		timing_end(timed, result);
	}
	close_update(&u, result < 0, e);
	return result;
}
