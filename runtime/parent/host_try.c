/* See host_try.h. */
#include "runtime/parent/host_try.h"

#include "runtime/file.h"
#include "runtime/parent/netlink.h"
#include "runtime/process.h"
#include "runtime/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* Root of a new user namespace, as anybody may be who is only mapped to himself. */
static int become_root(void)
{
	const unsigned uid = geteuid(), gid = getegid();
	char users[32], groups[32];

	snprintf(users, sizeof(users), "0 %u 1", uid);
	snprintf(groups, sizeof(groups), "0 %u 1", gid);
	if (sys_unshare(CLONE_NEWUSER) < 0)
		return -1;
	return file_write_at(AT_FDCWD, "/proc/self/setgroups", "deny") < 0 ||
			       file_write_at(AT_FDCWD, "/proc/self/gid_map", groups) < 0 ||
			       file_write_at(AT_FDCWD, "/proc/self/uid_map", users) < 0
		       ? -1
		       : 0;
}

int host_try(host_try_fn *try, int64_t argument, bool user)
{
	struct sys_clone_args clone = { .exit_signal = SIGCHLD };
	pid_t pid = sys_clone3(&clone);

	if (pid == 0)
		_exit((user && become_root() < 0) || try(argument) < 0 ? errno : 0);
	int status = pid < 0 ? errno : process_reap(pid);
	/* A sandbox kills for what it does not allow. */
	errno = status < 0 || status > 128 ? EPERM : status;
	return status == 0 ? 0 : -1;
}

int try_unshare(int64_t flag)
{
	return sys_unshare((int)flag);
}

int try_clone3(int64_t cgroup)
{
	struct sys_clone_args clone = { .exit_signal = SIGCHLD };

	if (cgroup) {
		clone.flags = SYS_CLONE_INTO_CGROUP;
		clone.cgroup = cgroup;
	}
	pid_t pid = sys_clone3(&clone);
	if (pid == 0)
		_exit(0);
	return pid < 0 || process_reap(pid) != 0 ? -1 : 0;
}

int try_openat2(int64_t argument)
{
	(void)argument;
	return sys_openat2(AT_FDCWD, "/", O_PATH, 0, RESOLVE_IN_ROOT) < 0 ? -1 : 0;
}

int try_pidfd(int64_t argument)
{
	(void)argument;
	return sys_pidfd_open(getpid()) < 0 ? -1 : 0;
}

/* A new one of this type, mounted nowhere: a descriptor. */
static int filesystem(const char *type)
{
	if (sys_unshare(CLONE_NEWNS) < 0)
		return -1;
	int context = sys_fsopen(type);
	if (context < 0 || sys_fsconfig(context, SYS_FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -1;
	return sys_fsmount(context, 0);
}

int try_filesystem(int64_t argument)
{
	(void)argument;
	return filesystem("tmpfs") < 0 ? -1 : 0;
}

int try_recursive(int64_t argument)
{
	const struct sys_mount_attr private = { .propagation = MS_PRIVATE };
	const struct sys_mount_attr nosuid = { .attr_set = 2 }; /* MOUNT_ATTR_NOSUID */
	const unsigned recursive = 0x8000;                      /* AT_RECURSIVE */

	(void)argument;
	if (sys_unshare(CLONE_NEWNS) < 0 ||
	    sys_mount_setattr(AT_FDCWD, "/", recursive, &private) < 0)
		return -1;
	return sys_mount_setattr(AT_FDCWD, "/", recursive, &nosuid);
}

int try_mknod(int64_t argument)
{
	int fs = filesystem("tmpfs");

	(void)argument;
	return fs < 0 ? -1 : mknodat(fs, "null", S_IFCHR | 0600, makedev(1, 3));
}

int try_terminal(int64_t argument)
{
	int fs = filesystem("devpts");

	(void)argument;
	return fs < 0 ? -1 : faccessat(fs, "ptmx", F_OK, 0);
}

/* A change of nothing: only whether we might. */
int try_net_admin(int64_t argument)
{
	const struct ifinfomsg loopback = { .ifi_index = 1 };
	struct netlink_request q;
	struct netlink n;

	(void)argument;
	netlink_begin(&q, RTM_NEWLINK, 0, &loopback, sizeof(loopback));
	return netlink_open(&n) < 0 ? -1 : netlink_call(&n, &q, NULL, NULL);
}

int try_seccomp_action(int64_t action)
{
	const uint32_t value = (uint32_t)action;

	return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &value) < 0 ? -1 : 0;
}

/* Without a filter: a flag that is known is found before that. */
int try_seccomp_flag(int64_t flag)
{
	/* The one that goes only with a listener. */
	if (flag == 1 << 5)
		flag |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
	return sys_seccomp((uint64_t)flag, NULL) < 0 && errno != EFAULT ? -1 : 0;
}

int try_memory_policy(int64_t mode)
{
	const unsigned long first = 1;
	bool bare = mode == MPOL_DEFAULT || mode == MPOL_LOCAL;

	return sys_set_mempolicy((int)mode, bare ? NULL : &first, bare ? 0 : 64);
}

int try_realtime(int64_t argument)
{
	const struct sys_sched_attr fifo = { .size = sizeof(fifo),
					     .policy = SCHED_FIFO,
					     .priority = 1 };

	(void)argument;
	return sys_sched_setattr(0, &fifo);
}

int try_core_scheduling(int64_t argument)
{
	(void)argument;
	return prctl(62 /* PR_SCHED_CORE */, 1 /* CREATE */, 0, 0 /* this thread */, 0);
}

int try_raise_limit(int64_t argument)
{
	struct rlimit r = { 0, 0 };

	(void)argument;
	/* It may be at its end already. */
	return setrlimit(RLIMIT_NICE, &r) < 0
		       ? -1
		       : setrlimit(RLIMIT_NICE, &(struct rlimit){ .rlim_cur = 0, .rlim_max = 1 });
}

int try_lower_oom_score(int64_t argument)
{
	(void)argument;
	return file_write_at(AT_FDCWD, "/proc/self/oom_score_adj", "-1000");
}

int try_keyring(int64_t argument)
{
	(void)argument;
	return sys_keyctl_join_session(NULL) < 0 ? -1 : 0;
}
