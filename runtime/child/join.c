/*
 * Before init, where namespaces are joined by path or a time namespace is made. The order is:
 * re-exec (done), not dumpable, join, clone. A process in a user namespace that others live in may
 * be traced by them; one that has not executed anything there, and is not dumpable, may not, and so
 * nobody reads the host's files through it (CVE-2016-9962). init is therefore a plain copy of us.
 */
#include "runtime/child/join.h"

#include "runtime/channel.h"
#include "runtime/file.h"
#include "runtime/namespaces.h"
#include "runtime/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <unistd.h>

static int wait_placed(const struct child *c, struct error *e)
{
	struct message m;

	return channel_expect(c->channel, MESSAGE_PLACED, &m, e);
}

/* A new user namespace among joined ones: made after those that only our rights can join, before
 * those that it owns. */
static int unshare_user(void *data, struct error *e)
{
	const struct child *c = data;

	if (sys_unshare(CLONE_NEWUSER) < 0)
		return error_call(e, "unshare", "make a user namespace");
	if (channel_send(c->channel, MESSAGE_UNSHARED, 0, -1) < 0)
		return error_set(e, errno, "talk to the parent");
	return wait_placed(c, e) < 0 ? -1 : namespaces_become_root(c->plan, -1, e);
}

int join_and_clone(const struct child *c, struct error *e)
{
	const struct plan *plan = c->plan;
	const bool new_user = plan->new_namespaces & CLONE_NEWUSER;
	struct sys_clone_args clone = { .flags = (plan->new_namespaces &
						  ~(uint64_t)(CLONE_NEWTIME | CLONE_NEWUSER)) |
						 CLONE_PARENT };
	/* While we are still who may: a change of user makes our own /proc files another's. */
	CLEAN_FD offsets = open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);

	/* In its cgroup before it makes a cgroup namespace. */
	if (plan->helper_waits && wait_placed(c, e) < 0)
		return -1;
	/* Not where the parent, perhaps no root, has still to write our maps: that namespace is
	 * new, nobody is in it. */
	if (!new_user)
		prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (namespaces_join(plan, new_user ? unshare_user : NULL, (void *)c, e) < 0)
		return -1;
	if (plan->new_namespaces & CLONE_NEWTIME && namespaces_new_time(plan, offsets, e) < 0)
		return -1;
	pid_t pid = sys_clone3(&clone);
	if (pid < 0)
		return error_call(e, "clone3", "clone the container's init");
	if (pid > 0)
		_exit(channel_send(c->channel, MESSAGE_BORN, pid, -1) < 0);
	/* The parent must know of us before it hears from us. */
	return wait_placed(c, e);
}
