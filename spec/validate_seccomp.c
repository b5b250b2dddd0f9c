/*
 * The rules of linux.seccomp. Whether a name is a system call of an architecture is libseccomp's to
 * say.
 */
#include "spec/validate.h"

#include <string.h>

#define ARGUMENTS 6    /* of a system call */
#define ERRNO_MAX 4094 /* what libseccomp takes */
#define TRACE_MAX UINT16_MAX

static void validate_errno(const uint32_t *value, uint32_t action, const char *place,
			   struct error *e)
{
	if (!value)
		return;
	if (action != SECCOMP_ERRNO && action != SECCOMP_TRACE)
		error_add(
			e, place,
			"%u is only for actions \"SCMP_ACT_ERRNO\" and \"SCMP_ACT_TRACE\", not \"%s\"",
			*value, word_name(&words_seccomp_actions, action));
	else if (*value > (action == SECCOMP_ERRNO ? ERRNO_MAX : TRACE_MAX))
		error_add(e, place, "%u is out of range, 0 to %d", *value,
			  action == SECCOMP_ERRNO ? ERRNO_MAX : TRACE_MAX);
}

/* The runtime itself must write(2) after the filter is loaded, to hand over the descriptor that
 * would answer for it. */
static void validate_notify(const struct spec_seccomp *s, size_t i, struct error *e)
{
	const struct spec_seccomp_syscall *c = &s->syscalls.v[i];

	if (!s->listener_path)
		error_add(e, AT("linux.seccomp.syscalls[%zu].action", i),
			  "\"SCMP_ACT_NOTIFY\" needs linux.seccomp.listenerPath");
	for (size_t k = 0; k < c->names.n; k++)
		if (strcmp(c->names.v[k], "write") == 0)
			error_add(e, AT("linux.seccomp.syscalls[%zu].names[%zu]", i, k),
				  "SCMP_ACT_NOTIFY cannot be used for the write syscall");
}

static void validate_syscall(const struct spec_seccomp *s, size_t i, struct error *e)
{
	const struct spec_seccomp_syscall *c = &s->syscalls.v[i];

	for (size_t k = 0; k < c->names.n; k++)
		if (!c->names.v[k][0])
			error_add(e, AT("linux.seccomp.syscalls[%zu].names[%zu]", i, k),
				  "must not be empty");
	for (size_t k = 0; k < c->args.n; k++)
		if (c->args.v[k].index >= ARGUMENTS)
			error_add(e, AT("linux.seccomp.syscalls[%zu].args[%zu].index", i, k),
				  "%u is out of range, 0 to 5", c->args.v[k].index);
	if (c->errno_ret)
		validate_errno(c->errno_ret, c->action,
			       AT("linux.seccomp.syscalls[%zu].errnoRet", i), e);
	if (c->action == SECCOMP_NOTIFY)
		validate_notify(s, i, e);
}

void validate_seccomp(const struct spec_seccomp *s, struct error *e)
{
	if (s->default_action == SECCOMP_NOTIFY)
		error_add(e, "linux.seccomp.defaultAction",
			  "\"SCMP_ACT_NOTIFY\" can't be the default");
	validate_errno(s->default_errno_ret, s->default_action, "linux.seccomp.defaultErrnoRet", e);
	if (s->listener_metadata && !s->listener_path)
		error_add(e, "linux.seccomp.listenerMetadata", "needs linux.seccomp.listenerPath");
	for (size_t i = 0; i < s->syscalls.n; i++)
		validate_syscall(s, i, e);
}
