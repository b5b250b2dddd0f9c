/*
 * The rules of `process`: of config.json, and of the process.json that exec reads, where the places
 * have no prefix.
 */
#include "spec/ranges.h"
#include "spec/validate.h"

#include <linux/sched.h>

#define ID_UNSET UINT32_MAX /* the kernel takes it for "leave as it is" */

static void validate_user(const struct spec_user *u, const char *prefix, struct error *e)
{
	if (u->uid == ID_UNSET)
		error_add(e, AT("%suser.uid", prefix), "%u is no user id", u->uid);
	if (u->gid == ID_UNSET)
		error_add(e, AT("%suser.gid", prefix), "%u is no group id", u->gid);
	for (size_t i = 0; i < u->additional_gids.n; i++)
		if (u->additional_gids.v[i] == ID_UNSET)
			error_add(e, AT("%suser.additionalGids[%zu]", prefix, i),
				  "%u is no group id", ID_UNSET);
	if (u->umask && *u->umask > 0777)
		error_add(e, AT("%suser.umask", prefix), "%u is more than 511, which is 0777",
			  *u->umask);
}

static void validate_rlimits(const struct spec_process *p, const char *prefix, struct error *e)
{
	uint64_t seen = 0;

	for (size_t i = 0; i < p->rlimits.n; i++) {
		const struct spec_rlimit *r = &p->rlimits.v[i];

		if (seen & (uint64_t)1 << r->type)
			error_add(e, AT("%srlimits[%zu].type", prefix, i), "\"%s\" is there twice",
				  word_name(&words_rlimits, r->type));
		seen |= (uint64_t)1 << r->type;
		if (r->soft > r->hard)
			error_add(e, AT("%srlimits[%zu].soft", prefix, i),
				  "%llu is more than hard, %llu", (unsigned long long)r->soft,
				  (unsigned long long)r->hard);
	}
}

/* sched(7), "SCHED_DEADLINE". A period of 0 is the deadline. */
static void validate_deadline(const struct spec_scheduler *s, const char *prefix, struct error *e)
{
	if (!s->runtime)
		error_add(e, AT("%sscheduler.runtime", prefix),
			  "is required for policy \"SCHED_DEADLINE\"");
	if (!s->deadline)
		error_add(e, AT("%sscheduler.deadline", prefix),
			  "is required for policy \"SCHED_DEADLINE\"");
	else if (s->runtime > s->deadline)
		error_add(e, AT("%sscheduler.runtime", prefix), "%llu is more than deadline, %llu",
			  (unsigned long long)s->runtime, (unsigned long long)s->deadline);
	if (s->period && s->deadline > s->period)
		error_add(e, AT("%sscheduler.deadline", prefix), "%llu is more than period, %llu",
			  (unsigned long long)s->deadline, (unsigned long long)s->period);
}

static void validate_no_deadline(const struct spec_scheduler *s, const char *prefix,
				 struct error *e)
{
	const struct {
		const char *name;
		uint64_t value;
	} fields[] = { { "runtime", s->runtime },
		       { "deadline", s->deadline },
		       { "period", s->period } };

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (fields[i].value)
			error_add(e, AT("%sscheduler.%s", prefix, fields[i].name),
				  "%llu is only for policy \"SCHED_DEADLINE\"",
				  (unsigned long long)fields[i].value);
}

/* A nice value is in range for every policy; those that have no use for it ignore it, and callers
 * set it all the same. */
static void validate_scheduler(const struct spec_scheduler *s, const char *prefix, struct error *e)
{
	bool realtime = s->policy == SCHED_FIFO || s->policy == SCHED_RR;

	if (s->nice < -20 || s->nice > 19)
		error_add(e, AT("%sscheduler.nice", prefix), "%d is out of range, -20 to 19",
			  s->nice);
	if (realtime && (s->priority < 1 || s->priority > 99))
		error_add(e, AT("%sscheduler.priority", prefix), "%d is out of range, 1 to 99",
			  s->priority);
	else if (!realtime && s->priority)
		error_add(e, AT("%sscheduler.priority", prefix),
			  "%d is only for policies \"SCHED_FIFO\" and \"SCHED_RR\"", s->priority);
	if (s->policy == SCHED_DEADLINE)
		validate_deadline(s, prefix, e);
	else
		validate_no_deadline(s, prefix, e);
}

/* For exec; create has nothing to do with it but to say early that it is wrong. */
static void validate_affinity(const struct spec_cpu_affinity *a, const char *prefix,
			      struct error *e)
{
	struct ranges ignored;

	if (a->initial)
		(void)!ranges_read(a->initial, RANGES_CPU_MAX, &ignored,
				   AT("%sexecCPUAffinity.initial", prefix), e);
	if (a->final)
		(void)!ranges_read(a->final, RANGES_CPU_MAX, &ignored,
				   AT("%sexecCPUAffinity.final", prefix), e);
}

static void validate_console(const struct spec_console_size *c, const char *prefix, struct error *e)
{
	if (c->height > UINT16_MAX)
		error_add(e, AT("%sconsoleSize.height", prefix), "%llu is out of range, 0 to 65535",
			  (unsigned long long)c->height);
	if (c->width > UINT16_MAX)
		error_add(e, AT("%sconsoleSize.width", prefix), "%llu is out of range, 0 to 65535",
			  (unsigned long long)c->width);
}

void validate_process(const struct spec_process *p, const char *prefix, struct error *e)
{
	if (p->args.n && !p->args.v[0][0])
		error_add(e, AT("%sargs[0]", prefix), "must not be empty");
	if (p->cwd[0] != '/')
		error_add(e, AT("%scwd", prefix), "\"%.80s\" is not absolute", p->cwd);
	validate_env(&p->env, AT("%senv", prefix), e);
	validate_user(&p->user, prefix, e);
	validate_rlimits(p, prefix, e);
	if (p->oom_score_adj && (*p->oom_score_adj < -1000 || *p->oom_score_adj > 1000))
		error_add(e, AT("%soomScoreAdj", prefix), "%d is out of range, -1000 to 1000",
			  *p->oom_score_adj);
	if (p->scheduler)
		validate_scheduler(p->scheduler, prefix, e);
	if (p->io_priority && (p->io_priority->priority < 0 || p->io_priority->priority > 7))
		error_add(e, AT("%sioPriority.priority", prefix), "%d is out of range, 0 to 7",
			  p->io_priority->priority);
	if (p->exec_cpu_affinity)
		validate_affinity(p->exec_cpu_affinity, prefix, e);
	/* The specification has consoleSize ignored without a terminal. */
	if (p->terminal && p->console_size)
		validate_console(p->console_size, prefix, e);
}
