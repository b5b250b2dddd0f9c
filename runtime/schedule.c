/* See schedule.h. */
#include "runtime/schedule.h"

#include "runtime/sys.h"

#include <errno.h>
#include <linux/ioprio.h>
#include <linux/sched.h>

/* Why the kernel refused, as far as the errno tells. */
static int explain_scheduler(const struct spec_scheduler *s, int code, struct error *e)
{
	const char *policy = word_name(&words_scheduler, s->policy);

	error_set(e, code, "set %s", policy);
	error_in(e, "process.scheduler");
	if (code == EPERM && (s->policy == SCHED_FIFO || s->policy == SCHED_RR))
		return error_hint(e, "it needs CAP_SYS_NICE on the host and, in a cgroup v1, "
				     "linux.resources.cpu.realtimeRuntime");
	/* Callers know the middle of it. */
	if (code == EPERM && s->policy == SCHED_DEADLINE)
		return error_hint(e, "it needs CAP_SYS_NICE on the host, and a deadline process "
				     "scheduler can't be used together with AllowedCPUs "
				     "(linux.resources.cpu.cpus)");
	if (code == EPERM)
		return error_hint(e, "it needs CAP_SYS_NICE on the host");
	if (code == EBUSY)
		return error_hint(e, "other deadline processes have what there is to have");
	if (code == EOPNOTSUPP)
		return error_hint(e, "this kernel has no utilization clamping");
	if (code == EINVAL && s->policy != SCHED_NORMAL && !s->flags)
		return error_hint(e, "this kernel does not have the policy, or not with these "
				     "values");
	return -1;
}

static int set_scheduler(pid_t pid, const struct spec_scheduler *s, struct error *e)
{
	/* The specification has no values for the utilization flags: 0. */
	const struct sys_sched_attr attr = { .size = sizeof(attr),
					     .policy = s->policy,
					     .flags = s->flags,
					     .nice = s->nice,
					     .priority = (uint32_t)s->priority,
					     .runtime = s->runtime,
					     .deadline = s->deadline,
					     .period = s->period };

	return sys_sched_setattr(pid, &attr) < 0 ? explain_scheduler(s, errno, e) : 0;
}

static int set_io_priority(pid_t pid, const struct spec_io_priority *io, struct error *e)
{
	if (sys_ioprio_set(pid, IOPRIO_PRIO_VALUE((int)io->class, io->priority)) == 0)
		return 0;
	error_set(e, errno, "set %s, %d", word_name(&words_io_priority, io->class), io->priority);
	error_in(e, "process.ioPriority");
	return errno == EPERM ? error_hint(e, "it needs CAP_SYS_NICE on the host") : -1;
}

int schedule_set(pid_t pid, const struct spec_process *p, struct error *e)
{
	if (p->scheduler && set_scheduler(pid, p->scheduler, e) < 0)
		return -1;
	return p->io_priority ? set_io_priority(pid, p->io_priority, e) : 0;
}
