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
static int check_v1(const plan_device_rule_list *rules, struct error *e)
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
			error_set(
				e, 0,
				"cgroup v1 can't make an exception to linux.resources.devices[%d]",
				s->index);
			return error_in(e, "linux.resources.devices[%d]", r->index);
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

int cgroup_devices_resolve(struct arena *a, const struct spec_resources *r, struct plan *plan,
			   struct error *e)
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
	if (!c->unified && check_v1(rules, e) < 0)
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

static const char *number(char *out, size_t size, int64_t n)
{
	snprintf(out, size, n == ANY ? "*" : "%" PRId64, n);
	return out;
}

static int write_v1(const char *directory, const plan_device_rule_list *rules, bool nested,
		    struct error *e)
{
	CLEAN_FD dir = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	char text[80], major[24], minor[24];

	for (size_t i = 0; i < rules->n; i++) {
		const struct plan_device_rule *r = &rules->v[i];
		const char *file = r->allow ? "devices.allow" : "devices.deny";
		snprintf(text, sizeof(text), "%s %s:%s %.8s", r->type,
			 number(major, sizeof(major), r->major),
			 number(minor, sizeof(minor), r->minor), r->access);
		if (file_write_at(dir, file, r->type[0] == 'a' ? "a" : text) == 0)
			continue;
		if (nested && errno == EPERM)
			return note_without();
		error_set(e, errno, "write \"%s\" to %s/%s", text, directory, file);
		return r->index < 0 ? error_in(e, "linux.resources.devices")
				    : error_in(e, "linux.resources.devices[%d]", r->index);
	}
	return 0;
}

/* --- v2 ------------------------------------------------------------------------------------- */

/* Those that an earlier container has left on a cgroup that outlived it. */
static int detach(int cgroup, const uint32_t *ids, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		CLEAN_FD old = sys_bpf_program(ids[i]);
		if (old < 0 || sys_bpf_detach(cgroup, old) < 0)
			return -1;
	}
	return 0;
}

/* The new program is attached before the old ones go: at no time is there none. */
static int attach_v2(struct arena *a, const struct plan_cgroup *c,
		     const plan_device_rule_list *rules)
{
	const device_program program = device_program_make(a, rules);
	uint32_t ids[64], n = 64;
	CLEAN_FD cgroup = open(c->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEAN_FD loaded = cgroup < 0 ? -1 : sys_bpf_load(program.v, program.n);

	if (loaded < 0 || sys_bpf_query(cgroup, ids, &n) < 0 || sys_bpf_attach(cgroup, loaded) < 0)
		return -1;
	return detach(cgroup, ids, n);
}

int cgroup_devices_apply(struct arena *a, const struct plan *plan, bool nested, struct error *e)
{
	const struct plan_cgroup *c = home(plan);

	if (!plan->device_rules.n)
		return 0;
	if (!c)
		return note_without();
	if (!c->unified)
		return write_v1(c->path, &plan->device_rules, nested, e);
	if (attach_v2(a, c, &plan->device_rules) == 0)
		return 0;
	if (nested && errno == EPERM)
		return note_without();
	error_set(e, errno, "put a BPF program on cgroup %s", c->path);
	return error_in(e, "linux.resources.devices");
}
