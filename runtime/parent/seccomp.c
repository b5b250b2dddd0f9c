/*
 * See seccomp.h. What a profile means follows runc and crun, because profiles are written for them:
 *
 *  - The conditions of one rule must all hold. When two of them are on the same argument the rule
 *    becomes one rule for each of its conditions, any of which is enough.
 *  - A rule whose action is the default one is left out: libseccomp refuses it, and it changes
 *    nothing.
 *  - A name that libseccomp does not know is left out: profiles name the calls of newer kernels.
 *  - ENOSYS for what is newer than the profile: seccomp_join.h. Not where the default lets it pass,
 *    nor to a tracer, which sees for itself.
 */
#include "runtime/parent/seccomp.h"

#include "runtime/file.h"
#include "runtime/log.h"
#include "runtime/parent/seccomp_fold.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define ARGUMENTS 6 /* of a system call */

struct arch {
	const char *name;
	uint32_t token; /* SCMP_ARCH_*; but for x32 the kernel's AUDIT_ARCH_* */
};

struct call { /* syscalls[rule].names[name] */
	bool multiplexer;
	int number;
	size_t rule;
	size_t name;
};

/* What everything here works on. */
struct compiler {
	const struct spec_seccomp *s;
	uint32_t default_action; /* libseccomp's */
	LIST_OF(struct call) calls;
	size_t n;
	struct arch archs[SECCOMP_PARTS_MAX];
};

char *seccomp_library(struct arena *a)
{
	const struct scmp_version *v = seccomp_version();

	return arena_printf(a, "%u.%u.%u", v->major, v->minor, v->micro);
}

struct seccomp_key seccomp_key(const struct spec_seccomp *s, struct arena *a)
{
	CLEAN_FD fd = open("/proc/sys/kernel/seccomp/actions_avail", O_RDONLY | O_CLOEXEC);
	struct spec_seccomp profile = *s;
	struct seccomp_key key;
	char *actions;

	if (fd < 0 || file_read(fd, 4096, a, &actions, NULL) < 0)
		actions = "";
	/* These do not change the program; what actions the kernel knows may. */
	profile.flags = NULL;
	profile.listener_path = profile.listener_metadata = NULL;
	key.text = arena_printf(a, "ocirun %s %s\nlibseccomp %s\narchitecture %x\n%s%s",
				OCIRUN_VERSION, OCIRUN_COMMIT, seccomp_library(a),
				seccomp_arch_native(), actions,
				json_print(&spec_seccomp_table, &profile, 0, a, NULL));
	key.length = strlen(key.text);
	return key;
}

/* SCMP_ARCH_X86_64 by libseccomp's own name, "x86_64". */
static uint32_t arch_of(const char *word)
{
	char name[32];
	size_t n = 0;

	for (const char *at = word + strlen("SCMP_ARCH_"); *at && n < sizeof(name) - 1; at++)
		name[n++] = (char)tolower((unsigned char)*at);
	name[n] = 0;
	return seccomp_arch_resolve_name(name);
}

bool seccomp_arch_known(const char *name)
{
	return arch_of(name) != 0;
}

static uint32_t action_of(uint32_t action, const uint32_t *errno_ret)
{
	uint32_t code = errno_ret ? *errno_ret : EPERM;

	switch (action) {
	case SECCOMP_KILL_PROCESS: return SCMP_ACT_KILL_PROCESS;
	case SECCOMP_TRAP: return SCMP_ACT_TRAP;
	case SECCOMP_ERRNO: return SCMP_ACT_ERRNO(code);
	case SECCOMP_TRACE: return SCMP_ACT_TRACE(code);
	case SECCOMP_ALLOW: return SCMP_ACT_ALLOW;
	case SECCOMP_LOG: return SCMP_ACT_LOG;
	case SECCOMP_NOTIFY: return SCMP_ACT_NOTIFY;
	default: return SCMP_ACT_KILL_THREAD;
	}
}

static struct scmp_arg_cmp condition_of(const struct spec_seccomp_arg *arg)
{
	static const enum scmp_compare operators[] = {
		[SECCOMP_NE] = SCMP_CMP_NE,
		[SECCOMP_LT] = SCMP_CMP_LT,
		[SECCOMP_LE] = SCMP_CMP_LE,
		[SECCOMP_EQ] = SCMP_CMP_EQ,
		[SECCOMP_GE] = SCMP_CMP_GE,
		[SECCOMP_GT] = SCMP_CMP_GT,
		[SECCOMP_MASKED_EQ] = SCMP_CMP_MASKED_EQ,
	};

	/* Of a masked comparison value is the mask. */
	return (struct scmp_arg_cmp){ arg->index, operators[arg->op], arg->value, arg->value_two };
}

static bool argument_twice(const struct spec_seccomp_syscall *rule)
{
	unsigned used = 0;

	for (size_t i = 0; i < rule->args.n; i++) {
		if (used & 1U << rule->args.v[i].index)
			return true;
		used |= 1U << rule->args.v[i].index;
	}
	return false;
}

static int add_rule(scmp_filter_ctx filter, const struct spec_seccomp_syscall *rule, int number)
{
	uint32_t action = action_of(rule->action, rule->errno_ret);
	struct scmp_arg_cmp conditions[ARGUMENTS];
	int result = 0;

	if (argument_twice(rule)) {
		for (size_t i = 0; result == 0 && i < rule->args.n; i++) {
			conditions[0] = condition_of(&rule->args.v[i]);
			result = seccomp_rule_add_array(filter, action, number, 1, conditions);
		}
		return result;
	}
	for (size_t i = 0; i < rule->args.n; i++)
		conditions[i] = condition_of(&rule->args.v[i]);
	return seccomp_rule_add_array(filter, action, number, rule->args.n, conditions);
}

/* Calls that are the way to others on some architectures. */
static bool is_multiplexer(const char *name)
{
	return strcmp(name, "socketcall") == 0 || strcmp(name, "ipc") == 0;
}

static int by_order(const void *a, const void *b)
{
	const struct call *x = a, *y = b;

	return x->multiplexer != y->multiplexer ? x->multiplexer ? -1 : 1
	       : x->number != y->number         ? (x->number < y->number) - (x->number > y->number)
	       : x->rule != y->rule             ? (x->rule > y->rule) - (x->rule < y->rule)
						: (x->name > y->name) - (x->name < y->name);
}

/* The calls of all rules, the highest native number first, each call's in the profile's order:
 * libseccomp keeps a list in ascending order and looks from its start for where one belongs. Before
 * them multiplexers: one that is allowed as a whole leaves nothing to say about its parts, while
 * two rules for a part, whose conditions it can't see, would contradict each other. */
static void list_calls(struct compiler *c, struct arena *a)
{
	size_t room = 0;

	for (size_t i = 0; i < c->s->syscalls.n; i++)
		room += c->s->syscalls.v[i].names.n;
	c->calls.v = arena_array(a, struct call, room);
	for (size_t i = 0; i < c->s->syscalls.n; i++) {
		const struct spec_seccomp_syscall *rule = &c->s->syscalls.v[i];
		if (action_of(rule->action, rule->errno_ret) == c->default_action)
			continue;
		for (size_t k = 0; k < rule->names.n; k++) {
			int number = seccomp_syscall_resolve_name(rule->names.v[k]);
			if (number != __NR_SCMP_ERROR)
				c->calls.v[c->calls.n++] =
					(struct call){ is_multiplexer(rule->names.v[k]), number, i,
						       k };
		}
	}
	if (c->calls.n)
		qsort(c->calls.v, c->calls.n, sizeof(*c->calls.v), by_order);
}

static int add_rules(const struct compiler *c, scmp_filter_ctx filter, struct error *e)
{
	for (size_t i = 0; i < c->calls.n; i++) {
		const struct call *call = &c->calls.v[i];
		const struct spec_seccomp_syscall *rule = &c->s->syscalls.v[call->rule];
		int result = add_rule(filter, rule, call->number);
		if (result < 0) {
			error_set(e, -result, "add the rule for %s", rule->names.v[call->name]);
			return error_in(e, "syscalls[%zu]", call->rule);
		}
	}
	return 0;
}

static uint32_t last_number(const struct compiler *c, uint32_t arch)
{
	int last = 0;

	for (size_t i = 0; i < c->s->syscalls.n; i++)
		for (size_t k = 0; k < c->s->syscalls.v[i].names.n; k++) {
			int number = seccomp_syscall_resolve_name_arch(
				arch, c->s->syscalls.v[i].names.v[k]);
			last = number > last ? number : last;
		}
	return (uint32_t)last;
}

static bool wants_enosys(const struct spec_seccomp *s)
{
	switch (s->default_action) {
	case SECCOMP_ALLOW:
	case SECCOMP_LOG:
	case SECCOMP_TRACE: return false;
	case SECCOMP_ERRNO: return !s->default_errno_ret || *s->default_errno_ret != ENOSYS;
	default: return true;
	}
}

/* libseccomp 2.5 exports to a descriptor only. */
static int export_part(scmp_filter_ctx filter, struct arena *a, struct seccomp_part *part,
		       struct error *e)
{
	CLEAN_FD fd = memfd_create("ocirun-filter", MFD_CLOEXEC);
	size_t length;
	char *bytes;

	if (fd < 0)
		return error_set(e, errno, "make a memfd");
	int result = seccomp_export_bpf(filter, fd);
	if (result < 0)
		return error_set(e, -result, "export the filter");
	/* One that is too long fails when it is joined. */
	part->program.n = SECCOMP_INSTRUCTIONS_MAX + 1;
	if (lseek(fd, 0, SEEK_SET) < 0 ||
	    file_read(fd, SECCOMP_INSTRUCTIONS_MAX * sizeof(struct sock_filter), a, &bytes,
		      &length) < 0)
		return errno == EFBIG ? 0 : error_set(e, errno, "read the filter back");
	part->program = (struct seccomp_program){ length / sizeof(struct sock_filter),
						  (struct sock_filter *)bytes };
	return 0;
}

static int fill_part(const struct compiler *c, const struct arch *arch, scmp_filter_ctx filter,
		     struct arena *a, struct seccomp_part *part, struct error *e)
{
	int result = 0;

	if (arch->token != seccomp_arch_native()) {
		result = seccomp_arch_add(filter, arch->token);
		if (result == 0)
			result = seccomp_arch_remove(filter, seccomp_arch_native());
	}
	if (result < 0) {
		error_set(e, -result, "\"%s\" can't be filtered on this machine", arch->name);
		return error_in(e, "architectures");
	}
	if (add_rules(c, filter, e) < 0 || export_part(filter, a, part, e) < 0)
		return -1;
	part->x32 = arch->token == SCMP_ARCH_X32;
	part->audit = part->x32 ? SCMP_ARCH_X86_64 : arch->token;
	part->program = seccomp_fold(&part->program, part->audit, a);
	part->multiplexed = arch->token == SCMP_ARCH_S390 || arch->token == SCMP_ARCH_S390X;
	part->last = wants_enosys(c->s) ? last_number(c, arch->token) : 0;
	return 0;
}

static int compile_part(const struct compiler *c, const struct arch *arch, struct arena *a,
			struct seccomp_part *part, struct error *e)
{
	scmp_filter_ctx filter = seccomp_init(c->default_action);

	if (!filter)
		return error_set(e, 0, "libseccomp makes no filter with this defaultAction");
	int result = fill_part(c, arch, filter, a, part, e);
	seccomp_release(filter);
	return result;
}

/* The native architecture first, whether the profile names it or not: the program is of it. */
static int list_archs(struct compiler *c, struct arena *a, struct error *e)
{
	c->archs[c->n++] = (struct arch){ "native", seccomp_arch_native() };
	for (size_t i = 0; i < words_seccomp_archs.n && c->n < SECCOMP_PARTS_MAX; i++) {
		const struct word *w = &words_seccomp_archs.v[i];
		if (!(c->s->architectures & 1ULL << w->value))
			continue;
		uint32_t token = arch_of(w->name);
		if (!token) {
			error_set(e, 0, "libseccomp %s does not know \"%s\"", seccomp_library(a),
				  w->name);
			return error_in(e, "architectures");
		}
		if (token != c->archs[0].token)
			c->archs[c->n++] = (struct arch){ w->name, token };
	}
	return 0;
}

static void trace_unknown(const struct spec_seccomp *s)
{
	for (size_t i = 0; trace_on(TRACE_SPEC) && i < s->syscalls.n; i++)
		for (size_t k = 0; k < s->syscalls.v[i].names.n; k++)
			if (seccomp_syscall_resolve_name(s->syscalls.v[i].names.v[k]) ==
			    __NR_SCMP_ERROR)
				trace(TRACE_SPEC,
				      "linux.seccomp.syscalls[%zu].names[%zu]: unknown system call "
				      "\"%s\", left out",
				      i, k, s->syscalls.v[i].names.v[k]);
}

int seccomp_check_names(const struct spec_seccomp *s, struct error *e)
{
	const uint32_t default_action = action_of(s->default_action, s->default_errno_ret);

	for (size_t i = 0; i < s->syscalls.n; i++)
		for (size_t k = 0; k < s->syscalls.v[i].names.n; k++) {
			const char *name = s->syscalls.v[i].names.v[k];
			if (action_of(s->syscalls.v[i].action, s->syscalls.v[i].errno_ret) ==
			    default_action)
				break;
			if (seccomp_syscall_resolve_name(name) != __NR_SCMP_ERROR)
				continue;
			error_set(e, 0, "libseccomp knows no system call \"%.80s\"", name);
			return error_in(e, "linux.seccomp.syscalls[%zu].names[%zu]", i, k);
		}
	return 0;
}

int seccomp_compile(const struct spec_seccomp *s, struct arena *a, struct seccomp_program *out,
		    struct error *e)
{
	struct compiler c = { .s = s,
			      .default_action =
				      action_of(s->default_action, s->default_errno_ret) };
	struct seccomp_part parts[SECCOMP_PARTS_MAX] = { 0 };

	list_calls(&c, a);
	int result = list_archs(&c, a, e);
	for (size_t i = 0; result == 0 && i < c.n; i++)
		result = compile_part(&c, &c.archs[i], a, &parts[i], e);
	if (result == 0) {
		trace_unknown(s);
		out->v = arena_array(a, struct sock_filter, SECCOMP_INSTRUCTIONS_MAX);
		result = seccomp_join(parts, c.n, out, e);
	}
	return result < 0 ? error_in(e, "linux.seccomp") : 0;
}
