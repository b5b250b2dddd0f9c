/* See namespaces.h. */
#include "runtime/namespaces.h"

#include "runtime/file.h"
#include "runtime/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static int join_one(const struct plan_join *j)
{
	return sys_setns(j->fd, (int)j->type, word_name(&words_namespaces, j->type));
}

static int join_failed(const struct plan_join *j, struct error *e)
{
	error_set(e, errno, "join the %s namespace", word_name(&words_namespaces, j->type));
	error_in(e, "linux.namespaces[%d].path", j->index);
	return e->code == EPERM ? error_hint(e, "that takes CAP_SYS_ADMIN in the user namespace "
						"that owns it")
				: -1;
}

int namespaces_join(const struct plan *plan, int (*unshared)(void *data, struct error *e),
		    void *data, struct error *e)
{
	bool joined[8] = { 0 }; /* one of each type: spec_read refuses more */

	/* The namespace may deny it afterwards, and the caller's groups would stay. EPERM: not ours
	 * to drop. */
	for (size_t i = 0; i < plan->joins.n; i++)
		if (plan->joins.v[i].type == CLONE_NEWUSER && !plan->keep_groups &&
		    setgroups(0, NULL) < 0 && errno != EPERM)
			return error_set(e, errno, "drop the supplementary groups");
	for (size_t i = 0; i < plan->joins.n; i++) {
		if (plan->joins.v[i].type == CLONE_NEWUSER)
			continue;
		joined[i] = join_one(&plan->joins.v[i]) == 0;
		if (!joined[i] && errno != EPERM)
			return join_failed(&plan->joins.v[i], e);
	}
	if (unshared && unshared(data, e) < 0)
		return -1;
	for (size_t i = 0; i < plan->joins.n; i++)
		if (plan->joins.v[i].type == CLONE_NEWUSER) {
			if (join_one(&plan->joins.v[i]) < 0)
				return join_failed(&plan->joins.v[i], e);
			if (namespaces_become_root(plan, -1, e) < 0)
				return -1;
			joined[i] = true;
		}
	for (size_t i = 0; i < plan->joins.n; i++)
		if (!joined[i] && join_one(&plan->joins.v[i]) < 0)
			return join_failed(&plan->joins.v[i], e);
	return 0;
}

int namespaces_new_time(const struct plan *plan, int file, struct error *e)
{
	const char *text = plan->time_offsets;

	if (sys_unshare(CLONE_NEWTIME) < 0)
		return error_call(e, "unshare", "make a time namespace");
	if (text && write_all(file, text, strlen(text)) < 0) {
		error_set(e, errno, "set the clocks' offsets");
		return error_in(e, "linux.timeOffsets");
	}
	return 0;
}

int namespaces_carry_capabilities(bool carry, struct error *e)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data) < 0)
		return error_set(e, errno, "read our capabilities");
	for (int i = 0; i < 2; i++)
		data[i].inheritable = carry ? data[i].permitted : 0;
	/* What is not inheritable leaves the ambient set by itself. */
	if (syscall(SYS_capset, &header, data) < 0)
		return error_set(e, errno, "keep our capabilities");
	for (int cap = 0; carry && cap < 64; cap++)
		if (data[cap / 32].permitted & (1U << (cap % 32)) &&
		    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0)
			return error_set(e, errno, "keep capability %d", cap);
	return 0;
}

/* The first id of a map of ours, as the namespace counts; 0 when it has none. */
static unsigned first_mapped(int process, const char *map)
{
	char text[64];
	/* In a mount namespace that was joined it may be anything: never wait for a FIFO. */
	CLEAN_FD self = process < 0 ? open("/proc/self", O_PATH | O_CLOEXEC) : -1;
	CLEAN_FD fd = openat(process < 0 ? self : process, map, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	text[n < 0 ? 0 : n] = 0;
	return (unsigned)strtoul(text, NULL, 10);
}

int namespaces_become_root(const struct plan *plan, int process, struct error *e)
{
	unsigned gid = 0, uid = 0;

	/* EPERM: setgroups is denied here, and the groups stay; EINVAL: no gid is mapped. */
	if (!plan->keep_groups && setgroups(0, NULL) < 0 && errno != EPERM && errno != EINVAL)
		return error_set(e, errno, "drop the supplementary groups");
	if (setresgid(0, 0, 0) < 0 && errno == EINVAL) {
		gid = first_mapped(process, "gid_map");
		if (setresgid(gid, gid, gid) < 0)
			return error_call(e, "setresgid", "become gid %u of the user namespace",
					  gid);
	}
	if (setresuid(0, 0, 0) == 0)
		return 0;
	if (errno != EINVAL)
		return error_set(e, errno, "become uid 0 of the user namespace");
	/* Files could not even be made by an id that the namespace does not know. */
	uid = first_mapped(process, "uid_map");
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 || setresuid(uid, uid, uid) < 0)
		return error_set(e, errno, "become uid %u of the user namespace", uid);
	return namespaces_carry_capabilities(true, e);
}
