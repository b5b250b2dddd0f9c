/* See cgroup_devices.h. */
#include "runtime/parent/cgroup_devices.h"

#include "runtime/file.h"
#include "runtime/parent/container.h"
#include "runtime/parent/device_program.h"
#include "runtime/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ALL "rwm"
#define ANY (-1)

/* As runc and crun have them: any device may be made, these may be used. */
static const struct plan_device_rule defaults[] = {
	{ true, "c", ANY, ANY, "m", -1 }, { true, "b", ANY, ANY, "m", -1 },
	{ true, "c", 1, 3, ALL, -1 },     /* null */
	{ true, "c", 1, 5, ALL, -1 },     /* zero */
	{ true, "c", 1, 7, ALL, -1 },     /* full */
	{ true, "c", 1, 8, ALL, -1 },     /* random */
	{ true, "c", 1, 9, ALL, -1 },     /* urandom */
	{ true, "c", 5, 0, ALL, -1 },     /* tty */
	{ true, "c", 5, 1, ALL, -1 },     /* console */
	{ true, "c", 5, 2, ALL, -1 },     /* ptmx */
	{ true, "c", 136, ANY, ALL, -1 }, /* pts */
};
#define DEFAULTS (sizeof(defaults) / sizeof(defaults[0]))

static bool has_all(const char *access)
{
	return strchr(access, 'r') && strchr(access, 'w') && strchr(access, 'm');
}

/* A rule of type "a" for less than everything is one for each type. */
static void add_rule(const struct spec_device_rule *from, int32_t index, plan_device_rule_list *to)
{
	struct plan_device_rule rule = {
		.allow = from->allow,
		.type = from->type && *from->type ? from->type : "a",
		.major = from->major ? *from->major : ANY,
		.minor = from->minor ? *from->minor : ANY,
		.access = from->access && *from->access ? from->access : ALL,
		.index = index,
	};

	if (rule.type[0] != 'a' ||
	    (rule.major == ANY && rule.minor == ANY && has_all(rule.access))) {
		to->v[to->n++] = rule;
		return;
	}
	rule.type = "c";
	to->v[to->n++] = rule;
	rule.type = "b";
	to->v[to->n++] = rule;
}

static bool overlap(int64_t a, int64_t b)
{
	return a == ANY || b == ANY || a == b;
}

/*
 * v1 keeps one list of exceptions, and a rule that goes against an earlier one only takes the very
 * same device out of it: an exception to an exception would be lost in silence.
 */
static int check_v1(const plan_device_rule_list *rules, const char *prefix, struct error *e)
{
	for (size_t i = 0; i < rules->n; i++) {
		const struct plan_device_rule *r = &rules->v[i];
		for (size_t j = i; r->index >= 0 && r->type[0] != 'a' && j-- > 0;) {
			const struct plan_device_rule *s = &rules->v[j];
			if (s->type[0] == 'a')
				break;
			if (s->allow == r->allow || s->type[0] != r->type[0] ||
			    !overlap(s->major, r->major) || !overlap(s->minor, r->minor) ||
			    !strpbrk(s->access, r->access) ||
			    (s->major == r->major && s->minor == r->minor))
				continue;
			error_set(e, 0, "cgroup v1 can't make an exception to %sdevices[%d]",
				  prefix, s->index);
			return error_in(e, "%sdevices[%d]", prefix, r->index);
		}
	}
	return 0;
}

/* The hierarchy that decides about devices: v1's, or v2 where there is none. */
static const struct plan_cgroup *home(const struct plan *plan)
{
	const struct plan_cgroup *v2 = NULL;

	for (size_t i = 0; i < plan->cgroups.n; i++) {
		const struct plan_cgroup *c = &plan->cgroups.v[i];
		for (size_t j = 0; j < c->options.n; j++)
			if (strcmp(c->options.v[j], "devices") == 0)
				return c;
		if (c->unified)
			v2 = c;
	}
	return v2;
}

int cgroup_devices_resolve(struct arena *a, const struct spec_resources *r, bool update,
			   struct plan *plan, struct error *e)
{
	static const struct plan_device_rule nothing = { false, "a", ANY, ANY, ALL, -1 };
	plan_device_rule_list *rules = &plan->device_rules;

	if (!r->devices.n)
		return 0;
	const struct plan_cgroup *c = home(plan);
	if (!c) {
		container_warn(
			"linux.resources.devices: without a cgroup of the container's own the "
			"rules have no effect");
		return 0;
	}
	rules->v = arena_array(a, struct plan_device_rule, 2 * r->devices.n + 1 + DEFAULTS);
	rules->v[rules->n++] = nothing;
	for (size_t i = 0; i < r->devices.n; i++)
		add_rule(&r->devices.v[i], (int32_t)i, rules);
	if (!c->unified && check_v1(rules, update ? "" : "linux.resources.", e) < 0)
		return -1;
	for (size_t i = 0; i < DEFAULTS; i++)
		rules->v[rules->n++] = defaults[i];
	/* The child's copy is moved in memory: nothing in it may be ours. */
	for (size_t i = 0; i < rules->n; i++) {
		rules->v[i].type = arena_strdup(a, rules->v[i].type);
		rules->v[i].access = arena_strdup(a, rules->v[i].access);
	}
	return 0;
}

static int note_without(void)
{
	container_note("linux.resources.devices: without privilege the rules have no effect");
	return 0;
}

/* --- v1 ------------------------------------------------------------------------------------- */

static int read_list(struct arena *a, int cgroup, char **text)
{
	CLEAN_FD file = openat(cgroup, "devices.list", O_RDONLY | O_CLOEXEC);

	return file < 0 ? -1 : file_read(file, 1 << 20, a, text, NULL);
}

/* What a fresh cgroup has is its parent's: not asked for. */
static int prepare_v1(struct arena *a, const plan_device_rule_list *rules, bool existing,
		      struct device_change *c)
{
	char *text = "a *:* rwm\n";

	if (existing && read_list(a, c->cgroup, &text) < 0)
		return -1;
	c->text = text;
	c->before = device_list_of_text(a, text);
	c->after = device_list_of_rules(a, rules);
	return 0;
}

/* --- v2 ------------------------------------------------------------------------------------- */

/* What is attached: by an earlier container on a cgroup that outlived it, or by this one. */
static int prepare_v2(struct arena *a, const plan_device_rule_list *rules, struct device_change *c)
{
	const device_program program = device_program_make(a, rules);
	uint32_t ids[DEVICE_PROGRAMS_MAX], n = DEVICE_PROGRAMS_MAX;

	c->program = sys_bpf_load(program.v, program.n);
	if (c->program < 0 || sys_bpf_query(c->cgroup, ids, &n) < 0)
		return -1;
	while (c->n < n) {
		c->old[c->n] = sys_bpf_program(ids[c->n]);
		if (c->old[c->n++] < 0)
			return -1;
	}
	return 0;
}

/* From some programs to others: the new ones are attached before the old ones go, or one takes the
 * place of one. At no time is there none. */
static int exchange(int cgroup, const int *from, size_t from_n, const int *to, size_t to_n)
{
	if (from_n == 1 && to_n == 1)
		return sys_bpf_replace(cgroup, *to, *from);
	for (size_t i = 0; i < to_n; i++)
		/* EINVAL: it is attached already. */
		if (sys_bpf_attach(cgroup, to[i]) < 0 && errno != EINVAL)
			return -1;
	for (size_t i = 0; i < from_n; i++)
		if (sys_bpf_detach(cgroup, from[i]) < 0 && errno != ENOENT)
			return -1;
	return 0;
}

/* --- both ----------------------------------------------------------------------------------- */

static int refused(const struct device_change *c, struct error *e)
{
	if (c->nested && errno == EPERM)
		return note_without();
	error_set(e, errno,
		  c->unified ? "put a BPF program on cgroup %s" : "write the device rules to %s",
		  c->path);
	return error_in(e, "%sdevices", c->update ? "" : "linux.resources.");
}

int cgroup_devices_prepare(struct arena *a, const struct plan *plan, bool existing,
			   struct device_change *c, struct error *e)
{
	const struct plan_cgroup *at = home(plan);

	if (!plan->device_rules.n)
		return 0;
	if (!at)
		return note_without();
	c->path = at->path;
	c->unified = at->unified;
	c->cgroup = open(at->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (c->cgroup >= 0 &&
	    (at->unified ? prepare_v2(a, &plan->device_rules, c)
			 : prepare_v1(a, &plan->device_rules, existing, c)) == 0) {
		c->prepared = true;
		return 0;
	}
	return refused(c, e);
}

int cgroup_devices_commit(struct device_change *c, struct error *e)
{
	if (!c->prepared)
		return 0;
	const size_t gone = c->beside ? 0 : c->n;
	const int result = c->unified ? exchange(c->cgroup, c->old, gone, &c->program, 1)
				      : device_list_change(c->cgroup, &c->before, &c->after);
	return result < 0 ? refused(c, e) : 0;
}

void cgroup_devices_settle(struct device_change *c)
{
	for (size_t i = 0; c->prepared && c->beside && i < c->n; i++)
		(void)!sys_bpf_detach(c->cgroup, c->old[i]);
}

struct record_devices *cgroup_devices_remember(struct arena *a, const struct device_change *c)
{
	if (!c->prepared)
		return NULL;
	struct record_devices *r = arena_new(a, struct record_devices);
	r->path = arena_strdup(a, c->path);
	if (c->unified)
		r->program = sys_bpf_id(c->program);
	else
		r->list = c->text;
	return r;
}

/* What was allowed but for exceptions that nobody can tell stays denied. */
static int return_v1(struct arena *a, int cgroup, const char *text)
{
	const struct device_list before = device_list_of_text(a, text);
	char *now;

	if (before.all)
		return 0;
	if (read_list(a, cgroup, &now) < 0)
		return -1;
	if (!strcmp(now, text))
		return 0;
	const struct device_list list = device_list_of_text(a, now);
	return device_list_change(cgroup, &list, &before);
}

/* An id is never used again before 2^31 others are; so it is asked for among those attached here. */
static int return_v2(int cgroup, uint32_t id)
{
	uint32_t ids[DEVICE_PROGRAMS_MAX], n = DEVICE_PROGRAMS_MAX;

	if (sys_bpf_query(cgroup, ids, &n) < 0)
		return -1;
	for (uint32_t i = 0; i < n; i++) {
		CLEAN_FD program = ids[i] == id ? sys_bpf_program(id) : -1;
		if (ids[i] == id && (program < 0 || sys_bpf_detach(cgroup, program) < 0))
			return -1;
	}
	return 0;
}

const char *cgroup_devices_return(struct arena *a, const struct record_devices *r)
{
	CLEAN_FD cgroup = open(r->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (cgroup < 0 && errno == ENOENT)
		return NULL;
	if (cgroup < 0 ||
	    (r->list ? return_v1(a, cgroup, r->list) : return_v2(cgroup, r->program)) < 0)
		return arena_printf(a, "the device rules of cgroup %s could not be put back: %s",
				    r->path, error_why(errno));
	return NULL;
}

void cgroup_devices_undo(struct device_change *c)
{
	if (!c->prepared)
		return;
	if (c->unified)
		(void)!exchange(c->cgroup, &c->program, 1, c->old, c->n);
	/* What was allowed but for exceptions that nobody can tell stays denied. */
	else if (!c->before.all)
		(void)!device_list_change(c->cgroup, &c->after, &c->before);
}

void cgroup_devices_close(struct device_change *c)
{
	for (size_t i = 0; i < c->n; i++)
		fd_close(&c->old[i]);
	fd_close(&c->program);
	fd_close(&c->cgroup);
}
