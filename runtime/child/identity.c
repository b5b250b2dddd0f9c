/*
 * Who the program is: security labels, bounding set, groups and ids, the other capability sets,
 * no_new_privs, umask. capabilities(7) gives the order: the bounding set while we have CAP_SETPCAP,
 * ids while we have CAP_SETUID, the rest when nothing more needs them.
 */
#include "runtime/child/lsm.h"
#include "runtime/child/steps.h"
#include "spec/words.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

static const struct spec_capabilities no_capabilities;

static const struct spec_capabilities *wanted(const struct child *c)
{
	return c->plan->process->capabilities ? c->plan->process->capabilities : &no_capabilities;
}

static int drop_bounding(const struct child *c, struct error *e)
{
	uint64_t keep = wanted(c)->bounding;

	for (unsigned cap = 0; cap < 64; cap++) {
		if (keep & 1ULL << cap)
			continue;
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0) {
			const int code = errno;
			/* The first one that this kernel lacks. */
			if (code == EINVAL && prctl(PR_CAPBSET_READ, cap, 0, 0, 0) < 0)
				break;
			error_set(e, code, "drop capability %u", cap);
			return error_in(e, "process.capabilities.bounding");
		}
	}
	return 0;
}

static int set_groups(const struct child *c, const struct spec_user *u, struct error *e)
{
	if (c->plan->keep_groups || setgroups(u->additional_gids.n, u->additional_gids.v) == 0)
		return 0;
	/* Denied in a user namespace whose maker was no root: then there is nothing to drop to. */
	if (errno == EPERM && !u->additional_gids.n)
		return 0;
	error_set(e, errno, "set the supplementary groups");
	error_in(e, "process.user.additionalGids");
	return errno == EPERM ? error_hint(e, "this user namespace denies setgroups")
			      : error_hint(e, "does this user namespace map every gid?");
}

/*
 * The program's pipes were made outside and belong to the caller; its user must be able to open
 * them again as /dev/stdout. Only pipes: a terminal or a file stays the caller's, and so does a
 * FIFO, which is a file of the host's by its name.
 */
static void give_pipes(const struct spec_user *u)
{
	struct stat st;
	struct statfs fs;

	for (int fd = 0; u->uid && fd < 3; fd++)
		if (fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode) && st.st_uid != u->uid &&
		    fstatfs(fd, &fs) == 0 && fs.f_type == PIPEFS_MAGIC &&
		    fchown(fd, u->uid, -1) < 0)
			continue; /* an id that is not mapped, a pipe of another user: then it stays
				   */
}

static int set_ids(const struct spec_user *u, struct error *e)
{
	if (setresgid(u->gid, u->gid, u->gid) < 0) {
		error_set(e, errno, "become group %u", u->gid);
		error_in(e, "process.user.gid");
		return errno == EINVAL ? error_hint(e, "this user namespace does not map it") : -1;
	}
	if (setresuid(u->uid, u->uid, u->uid) < 0) {
		error_set(e, errno, "become user %u", u->uid);
		error_in(e, "process.user.uid");
		return errno == EINVAL ? error_hint(e, "this user namespace does not map it") : -1;
	}
	return 0;
}

static int put_capabilities(uint64_t effective, uint64_t permitted, uint64_t inheritable,
			    struct error *e)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2];

	for (int i = 0; i < 2; i++)
		data[i] = (struct __user_cap_data_struct){ (uint32_t)(effective >> (32 * i)),
							   (uint32_t)(permitted >> (32 * i)),
							   (uint32_t)(inheritable >> (32 * i)) };
	if (syscall(SYS_capset, &header, data) == 0)
		return 0;
	error_set(e, errno, "set the capabilities");
	return error_in(e, "process.capabilities");
}

/* What of the wanted sets we may have: ungrantable ones are left out, as the specification asks (a
 * warning has named unknown ones). */
static int set_capabilities(struct child *c, struct error *e)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2];
	const struct spec_capabilities *w = wanted(c);

	if (syscall(SYS_capget, &header, data) < 0)
		return error_set(e, errno, "read our capabilities");
	uint64_t have = (uint64_t)data[1].permitted << 32 | data[0].permitted;
	uint64_t permitted = w->permitted & have, effective = w->effective & permitted;
	/* Inheritable needs nothing but to be in the bounding set, or to be permitted now. */
	uint64_t inheritable = w->inheritable & have;
	/* Without no_new_privs the kernel takes a filter from CAP_SYS_ADMIN only. Nothing gets it
	 * from us: it is in neither the bounding nor the ambient set. */
	uint64_t kept = 0;
	if (c->plan->filter && !c->plan->process->no_new_privileges)
		kept = 1ULL << CAP_SYS_ADMIN & have & ~effective;
	c->capabilities.kept = kept;
	c->capabilities.effective = effective;
	c->capabilities.permitted = permitted;
	c->capabilities.inheritable = inheritable;
	if (put_capabilities(effective | kept, permitted | kept, inheritable, e) < 0)
		return -1;
	/* What a re-exec as another id than 0 carried over is not the program's; without
	 * inheritable ones it is gone already. */
	if (inheritable)
		prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	for (unsigned cap = 0; cap < 64; cap++)
		if (w->ambient & permitted & inheritable & 1ULL << cap &&
		    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0) {
			error_set(e, errno, "raise capability %u", cap);
			return error_in(e, "process.capabilities.ambient");
		}
	return 0;
}

int identity_labels(struct child *c, struct error *e)
{
	const struct spec_process *p = c->plan->process;

	return p && lsm_exec(p, e) < 0 ? -1 : 0;
}

int identity_apply(struct child *c, struct error *e)
{
	const struct spec_process *p = c->plan->process;

	if (!p)
		return 0;
	if (drop_bounding(c, e) < 0)
		return -1;
	/* Id 0 keeps them by itself. */
	if (c->user.uid && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return error_set(e, errno, "keep capabilities over the change of user");
	give_pipes(&c->user);
	if (set_groups(c, &c->user, e) < 0 || set_ids(&c->user, e) < 0)
		return -1;
	if (c->user.uid)
		prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0);
	if (set_capabilities(c, e) < 0)
		return -1;
	if (p->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
		error_set(e, errno, "set it");
		return error_in(e, "process.noNewPrivileges");
	}
	umask(c->plan->umask);
	return 0;
}

int identity_end(struct child *c, struct error *e)
{
	if (!c->capabilities.kept)
		return 0;
	c->capabilities.kept = false;
	if (put_capabilities(c->capabilities.effective, c->capabilities.permitted,
			     c->capabilities.inheritable, e) == 0)
		return 0;
	return error_hint(e, "without process.noNewPrivileges linux.seccomp must allow capset");
}
