/*
 * The fields of linux.resources that have one value: a row each, with the file and the conversion
 * in either cgroup version. The order of the rows is the order of the writes. A field that asks for
 * what there is without it needs no controller.
 */
#include "runtime/parent/cgroup_resources.h"

#include "runtime/file.h"
#include "runtime/parent/cgroup.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FIELD_MAX 160

/* A field's number, or its text. */
struct value {
	int64_t number;
	const char *text;
};

/* The value as a file takes it; NULL when there is nothing to write. A problem goes to error_add.
 */
typedef char *convert_fn(struct limits *l, const char *field, const struct spec_resources *r,
			 struct value v);

/* --- conversions ------------------------------------------------------------------------------ */

static char *as_is(struct limits *l, const char *field, const struct spec_resources *r,
		   struct value v)
{
	(void)field, (void)r;
	return v.text ? arena_strdup(l->arena, v.text)
		      : arena_printf(l->arena, "%lld", (long long)v.number);
}

static char *or_max(struct limits *l, const char *field, const struct spec_resources *r,
		    struct value v)
{
	return v.number == -1 ? arena_strdup(l->arena, "max") : as_is(l, field, r, v);
}

/* Each hierarchy is one since Linux 5.11, and v2 knows nothing else. */
static char *hierarchical(struct limits *l, const char *field, const struct spec_resources *r,
			  struct value v)
{
	(void)r;
	if (!v.number)
		error_add(l->e, field,
			  "can't be false: limits of cgroup v2 always count what is "
			  "below");
	return NULL;
}

/* The specification counts memory and swap together, cgroup v2 swap alone. */
static char *swap_alone(struct limits *l, const char *field, const struct spec_resources *r,
			struct value v)
{
	const int64_t *limit = r->memory->limit;

	if (v.number == -1)
		return arena_strdup(l->arena, "max");
	if (!limit || *limit <= 0) {
		error_add(l->e, field,
			  "needs memory.limit: cgroup v2 limits swap beside memory, "
			  "not both together");
		return NULL;
	}
	return arena_printf(l->arena, "%lld", (long long)(v.number - *limit));
}

uint64_t cgroup_weight(uint64_t shares)
{
	if (shares <= 2)
		return 1;
	if (shares >= 262144)
		return 10000;
	/* A curve through (2, 1), (1024, 100) and (262144, 10000). */
	const double l = log2((double)shares);
	return (uint64_t)ceil(pow(10, (l * l + 125 * l) / 612 - 7.0 / 34));
}

static char *weight(struct limits *l, const char *field, const struct spec_resources *r,
		    struct value v)
{
	(void)field, (void)r;
	return arena_printf(l->arena, "%llu", (unsigned long long)cgroup_weight(v.number));
}

/* One file has both: the row of quota writes it where there is a quota. Alone it leaves the period
 * that is there. */
static char *quota_and_period(struct limits *l, const char *field, const struct spec_resources *r,
			      struct value v)
{
	const bool asked = r->cpu->period && *r->cpu->period;
	const uint64_t period = asked ? *r->cpu->period : 100000;

	if (l->update && !asked)
		return or_max(l, field, r, v);
	if (v.number == -1)
		return arena_printf(l->arena, "max %llu", (unsigned long long)period);
	return arena_printf(l->arena, "%lld %llu", (long long)v.number, (unsigned long long)period);
}

static char *period_alone(struct limits *l, const char *field, const struct spec_resources *r,
			  struct value v)
{
	(void)field;
	return r->cpu->quota && *r->cpu->quota
		       ? NULL
		       : arena_printf(l->arena, "max %lld", (long long)v.number);
}

/* --- rows ------------------------------------------------------------------------------------- */

enum kind { I64, U64, U32, BOOL, TEXT };

#define KIND(member) \
	_Generic((member),                                                                         \
		int64_t *: I64,                                                                    \
		uint64_t *: U64,                                                                   \
		uint32_t *: U32,                                                                   \
		bool *: BOOL,                                                                      \
		char *: TEXT)
#define ROW(field, group, member)                                                             \
	field, offsetof(struct spec_resources, group), offsetof(struct spec_##group, member), \
		KIND(((struct spec_##group *)0)->member)

/* Values that ask for what there is without the field: they are not written, or (-1) only where
 * there is a controller to write them to. A zero that is a value (RESET) is written by an update,
 * since the container may have another. What memory.limit counts too (COVERED) asks for nothing
 * more when it is not below that. */
#define ZERO 1
#define MINUS_ONE 2
#define RESET 4
#define COVERED 8

static const struct row {
	const char *field;
	size_t group, member;
	enum kind kind;
	unsigned idle;
	const char *v1; /* the file; NULL: can't be said */
	convert_fn *v1_convert;
	const char *v2;
	convert_fn *v2_convert;
} rows[] = {
	{ ROW("memory.useHierarchy", memory, use_hierarchy), 0, "memory.use_hierarchy", as_is,
	  "memory.max", hierarchical },
	{ ROW("memory.limit", memory, limit), ZERO | MINUS_ONE, "memory.limit_in_bytes", as_is,
	  "memory.max", or_max },
	{ ROW("memory.swap", memory, swap), ZERO | MINUS_ONE, "memory.memsw.limit_in_bytes", as_is,
	  "memory.swap.max", swap_alone },
	{ ROW("memory.reservation", memory, reservation), ZERO | MINUS_ONE,
	  "memory.soft_limit_in_bytes", as_is, "memory.low", or_max },
	/* What v1 still has as a file for it does nothing since Linux 5.16. */
	{ ROW("memory.kernel", memory, kernel), ZERO | MINUS_ONE | COVERED, NULL, NULL, NULL,
	  NULL },
	{ ROW("memory.kernelTCP", memory, kernel_tcp), ZERO | MINUS_ONE | COVERED,
	  "memory.kmem.tcp.limit_in_bytes", as_is, NULL, NULL },
	{ ROW("memory.swappiness", memory, swappiness), 0, "memory.swappiness", as_is, NULL, NULL },
	{ ROW("memory.disableOOMKiller", memory, disable_oom_killer), ZERO | RESET,
	  "memory.oom_control", as_is, NULL, NULL },
	{ ROW("pids.limit", pids, limit), MINUS_ONE, "pids.max", or_max, "pids.max", or_max },
	{ ROW("cpu.shares", cpu, shares), ZERO, "cpu.shares", as_is, "cpu.weight", weight },
	{ ROW("cpu.period", cpu, period), ZERO, "cpu.cfs_period_us", as_is, "cpu.max",
	  period_alone },
	{ ROW("cpu.quota", cpu, quota), ZERO | MINUS_ONE, "cpu.cfs_quota_us", as_is, "cpu.max",
	  quota_and_period },
	{ ROW("cpu.burst", cpu, burst), ZERO | RESET, "cpu.cfs_burst_us", as_is, "cpu.max.burst",
	  as_is },
	{ ROW("cpu.realtimePeriod", cpu, realtime_period), ZERO, "cpu.rt_period_us", as_is, NULL,
	  NULL },
	{ ROW("cpu.realtimeRuntime", cpu, realtime_runtime), ZERO | MINUS_ONE | RESET,
	  "cpu.rt_runtime_us", as_is, NULL, NULL },
	/* After shares, which an idle cgroup does not take. */
	{ ROW("cpu.idle", cpu, idle), ZERO | RESET, "cpu.idle", as_is, "cpu.idle", as_is },
	{ ROW("cpu.cpus", cpu, cpus), 0, "cpuset.cpus", as_is, "cpuset.cpus", as_is },
	{ ROW("cpu.mems", cpu, mems), 0, "cpuset.mems", as_is, "cpuset.mems", as_is },
	{ ROW("network.classID", network, class_id), ZERO | RESET, "net_cls.classid", as_is, NULL,
	  NULL },
};

/* Is the field there, and asking? */
static bool asked(const struct limits *l, const struct row *row, const struct spec_resources *r,
		  struct value *v)
{
	const char *group = *(const char *const *)((const char *)r + row->group);
	const void *p = group ? *(const void *const *)(group + row->member) : NULL;

	*v = (struct value){ 0 };
	if (!p)
		return false;
	switch (row->kind) {
	case I64: v->number = *(const int64_t *)p; break;
	/* What is beyond no file takes. */
	case U64:
		v->number = *(const uint64_t *)p > INT64_MAX ? INT64_MAX : *(const int64_t *)p;
		break;
	case U32: v->number = *(const uint32_t *)p; break;
	case BOOL: v->number = *(const bool *)p; break;
	case TEXT: v->text = p; return *v->text;
	}
	return v->number || !(row->idle & ZERO) || (l->update && row->idle & RESET);
}

/* Does the value ask for what there is on a host that can't say it? */
static bool idle_without_home(const struct row *row, const struct spec_resources *r,
			      const struct value *v)
{
	const int64_t *limit = row->idle & COVERED && r->memory ? r->memory->limit : NULL;

	return (row->idle & MINUS_ONE && v->number == -1) || (row->idle & RESET && !v->number) ||
	       (limit && *limit > 0 && v->number >= *limit);
}

/* The document of an update begins with the resources. */
static const char *shown(const struct limits *l, const char *field)
{
	static const char prefix[] = "linux.resources.";

	return l->update && !strncmp(field, prefix, sizeof(prefix) - 1) ? field + sizeof(prefix) - 1
									: field;
}

static void resolve_row(struct limits *l, const struct row *row, const struct spec_resources *r)
{
	char field[FIELD_MAX];
	struct value v;

	if (!asked(l, row, r, &v))
		return;
	snprintf(field, sizeof(field), "linux.resources.%s", row->field);
	const struct plan_cgroup *home = limit_home_find(l, row->v1, row->v2);
	if (!home && !idle_without_home(row, r, &v))
		limit_no_home(l, field, row->v1, row->v2);
	if (!home)
		return;
	convert_fn *convert = home->unified ? row->v2_convert : row->v1_convert;
	char *value = convert(l, shown(l, field), r, v);
	if (value)
		limit_add(l, home, field, home->unified ? row->v2 : row->v1, value);
}

/* --- where ------------------------------------------------------------------------------------ */

static bool has_word(const char *words, const char *word, size_t n)
{
	for (const char *at = words; *at; at += strcspn(at, " "), at += *at == ' ')
		if (strcspn(at, " ") == n && strncmp(at, word, n) == 0)
			return true;
	return false;
}

const struct plan_cgroup *limit_home_find(const struct limits *l, const char *v1, const char *v2)
{
	for (size_t i = 0; i < l->plan->cgroups.n; i++) {
		const struct plan_cgroup *c = &l->plan->cgroups.v[i];
		const char *file = c->unified ? v2 : v1;
		const size_t n = file ? strcspn(file, ".") : 0;
		bool there = n && c->unified && has_word(l->available, file, n);
		for (size_t j = 0; n && !there && j < c->options.n; j++)
			there = has_word(c->options.v[j], file, n);
		if (there)
			return c;
	}
	return NULL;
}

/* "cgroup v1 with cpu memory, and v2 with io" */
static const char *what_there_is(struct limits *l)
{
	char *v1 = "", *v2 = "";

	for (size_t i = 0; i < l->plan->cgroups.n; i++) {
		const struct plan_cgroup *c = &l->plan->cgroups.v[i];
		if (c->unified)
			v2 = arena_printf(l->arena, "cgroup v2 %s%s",
					  *l->available ? "with " : "without controllers",
					  l->available);
		for (size_t j = 0; j < c->options.n; j++)
			if (strncmp(c->options.v[j], "name=", 5) != 0)
				v1 = arena_printf(l->arena, "%s%s%s", v1,
						  *v1 ? " " : "cgroup v1 with ", c->options.v[j]);
	}
	return arena_printf(l->arena, "%s%s%s", v1, *v1 && *v2 ? ", and " : "", v2);
}

void limit_no_home(struct limits *l, const char *field, const char *v1, const char *v2)
{
	const char *file = v1 ? v1 : v2, *version = !v1 ? "v2" : !v2 ? "v1" : "v1 or v2";

	field = shown(l, field);
	if (!l->plan->cgroups.n)
		error_add(l->e, field,
			  "can't be set: the container has no cgroup of its own "
			  "(--cgroup-manager disabled)");
	else if (!file)
		error_add(l->e, field,
			  "can't be set: Linux has no such limit any more, and memory.limit "
			  "counts it too");
	else if (strncmp(file, "cgroup.", 7) == 0)
		error_add(l->e, field, "can't be set: it needs cgroup %s, and this host has %s",
			  version, what_there_is(l));
	else
		error_add(l->e, field,
			  "can't be set: it needs the %.*s controller of cgroup %s, and this host "
			  "has %s%s",
			  (int)strcspn(file, "."), file, version, what_there_is(l),
			  strstr(field, "unified[") ? ": an invalid configuration here" : "");
}

const struct plan_cgroup *limit_home(struct limits *l, const char *field, const char *v1,
				     const char *v2)
{
	const struct plan_cgroup *home = limit_home_find(l, v1, v2);

	if (!home)
		limit_no_home(l, field, v1, v2);
	return home;
}

struct plan_limit *limit_add(struct limits *l, const struct plan_cgroup *home, const char *field,
			     const char *file, char *value)
{
	struct plan_limit *limit = &l->plan->limits.v[l->plan->limits.n++];

	*limit = (struct plan_limit){
		.field = arena_strdup(l->arena, shown(l, field)),
		.file = arena_printf(l->arena, "%s/%s", home->path, file),
		.value = value,
	};
	if (home->unified)
		limit->controller = arena_printf(l->arena, "%.*s", (int)strcspn(file, "."), file);
	return limit;
}

/* --- all -------------------------------------------------------------------------------------- */

int cgroup_resources_for(struct arena *a, const struct spec_resources *r, bool update,
			 const char *available, struct plan *plan, struct error *e)
{
	const size_t count = sizeof(rows) / sizeof(rows[0]);
	struct limits l = { a, plan, available, update, e };

	plan->limits.v = arena_array(a, struct plan_limit, count + limits_of_lists_max(r));
	for (size_t i = 0; i < count; i++)
		resolve_row(&l, &rows[i], r);
	limits_of_lists(&l, r);
	return e->problems ? -1 : 0;
}

/* The controllers at the root of the host's cgroup v2, as we see it: what it may give. */
static const char *read_controllers(struct arena *a, const struct plan *plan)
{
	char *text = "";

	for (size_t i = 0; i < plan->cgroups.n; i++) {
		const struct plan_cgroup *c = &plan->cgroups.v[i];
		if (!c->unified)
			continue;
		const char *path = arena_printf(a, CGROUP_ROOT "/%s/cgroup.controllers", c->name);
		CLEAN_FD fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || file_read(fd, 4096, a, &text, NULL) < 0)
			return "";
		text[strcspn(text, "\n")] = 0;
	}
	return text;
}

int cgroup_resources_resolve(struct arena *a, const struct spec_resources *r, bool update,
			     struct plan *plan, struct error *e)
{
	if (!r->memory && !r->cpu && !r->pids && !r->network && !limits_of_lists_max(r))
		return 0;
	return cgroup_resources_for(a, r, update, read_controllers(a, plan), plan, e);
}
