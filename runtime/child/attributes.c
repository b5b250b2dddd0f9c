/*
 * What the kernel knows of the program besides who it is: execution domain, memory policy,
 * scheduling, I/O priority. All of it outlives execve.
 */
#include "runtime/channel.h"
#include "runtime/child/steps.h"
#include "runtime/schedule.h"
#include "runtime/sys.h"
#include "spec/ranges.h"

#include <errno.h>
#include <linux/mempolicy.h>
#include <sys/personality.h>

#define WORD_BITS (8 * sizeof(unsigned long))

static int set_personality(const struct plan *plan, struct error *e)
{
	if (!plan->personality || personality(*plan->personality) >= 0)
		return 0;
	error_set(e, errno, "set %s", word_name(&words_personality, *plan->personality));
	return error_in(e, "linux.personality.domain");
}

static int set_memory_policy(const struct plan_memory_policy *m, struct error *e)
{
	unsigned long nodes[(RANGES_NODE_MAX + 1) / WORD_BITS] = { 0 };

	if (!m)
		return 0;
	for (size_t i = 0; i < m->nodes.n; i++)
		nodes[m->nodes.v[i] / WORD_BITS] |= 1UL << m->nodes.v[i] % WORD_BITS;
	/* The kernel takes one bit less than it is told of. */
	if (sys_set_mempolicy((int)m->mode, m->nodes.n ? nodes : NULL,
			      m->nodes.n ? RANGES_NODE_MAX + 2 : 0) == 0)
		return 0;
	error_set(e, errno, "set it (set_mempolicy)");
	error_in(e, "linux.memoryPolicy");
	if (errno == ENOSYS)
		return error_hint(e, "this kernel is built without NUMA");
	return errno == EINVAL ? error_hint(e, "the nodes must be online and have memory, and the "
					       "kernel must know the mode")
			       : -1;
}

int attributes_set(struct child *c, struct error *e)
{
	return set_personality(c->plan, e) < 0 ? -1 : set_memory_policy(c->plan->memory_policy, e);
}

/*
 * In a user namespace most of it takes the host's privilege; the parent may have that. At exec we
 * have none left.
 */
int attributes_schedule(struct child *c, struct error *e)
{
	const struct spec_process *p = c->plan->process;
	struct message m;

	if (!p || (!p->scheduler && !p->io_priority))
		return 0;
	if (!c->plan->init) {
		if (schedule_set(0, p, e) == 0)
			return 0;
		if (e->code != EPERM || !c->plan->nested)
			return -1;
		*e = ERROR_NONE;
	}
	if (channel_send(c->channel, MESSAGE_SCHEDULE, 0, -1) < 0)
		return error_set(e, errno, "talk to the parent");
	return child_expect(c, MESSAGE_SCHEDULE, &m, e);
}
