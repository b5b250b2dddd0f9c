/* See host_features.h. One table: a row is a name, how it is found out, and what it takes. */
#include "runtime/parent/host_features.h"

#include "runtime/parent/host_look.h"
#include "runtime/parent/host_try.h"
#include "runtime/parent/namespaces.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/utsname.h>

static const struct {
	const char *name;
	host_look_fn *look;
	host_try_fn *try; /* instead of looking */
	int64_t argument;
	bool with_user;    /* it may be had in a user namespace of one's own */
	const char *needs; /* said when it fails; may be NULL */
} rows[] = {
	{ "namespaces.cgroup", NULL, try_unshare, CLONE_NEWCGROUP, true, NULL },
	{ "namespaces.ipc", NULL, try_unshare, CLONE_NEWIPC, true, NULL },
	{ "namespaces.mount", NULL, try_unshare, CLONE_NEWNS, true, NULL },
	{ "namespaces.network", NULL, try_unshare, CLONE_NEWNET, true, NULL },
	{ "namespaces.pid", NULL, try_unshare, CLONE_NEWPID, true, NULL },
	{ "namespaces.time", NULL, try_unshare, CLONE_NEWTIME, true, NULL },
	{ "namespaces.user", NULL, try_unshare, CLONE_NEWUSER, false,
	  "forbidden to this user, or all used up" },
	{ "namespaces.uts", NULL, try_unshare, CLONE_NEWUTS, true, NULL },
	{ "user.maximum", look_user_maximum, NULL, 0, false, NULL },
	{ "user.subordinateIds", look_subordinate_ids, NULL, 0, false, NULL },
	{ "mounts.filesystem", NULL, try_filesystem, 0, true, NULL },
	{ "mounts.recursive", NULL, try_recursive, 0, true, NULL },
	{ "mounts.idmap", look_idmap, NULL, 0, false, NULL },
	{ "devices.mknod", NULL, try_mknod, 0, false,
	  "without it devices are bind mounts of the host's" },
	{ "terminal", NULL, try_terminal, 0, true, NULL },
	{ "netDevices", NULL, try_net_admin, 0, false, "needs CAP_NET_ADMIN" },
	{ "cgroup", look_cgroup, NULL, 0, false, NULL },
	{ "cgroup.writable", look_cgroup_own, NULL, 0, false, NULL },
	{ "cgroup.cloneInto", look_cgroup_birth, NULL, 0, false, NULL },
	{ "seccomp", look_seccomp, NULL, 0, false, NULL },
	{ "seccomp.flags", look_seccomp_flags, NULL, 0, false, NULL },
	{ "apparmor", look_apparmor, NULL, 0, false, NULL },
	{ "selinux", look_selinux, NULL, 0, false, NULL },
	{ "landlock", look_landlock, NULL, 0, false, NULL },
	{ "intelRdt", look_intel_rdt, NULL, 0, false, NULL },
	{ "memoryPolicy", look_memory_policy, NULL, 0, false, NULL },
	{ "scheduler.realtime", NULL, try_realtime, 0, false,
	  "needs CAP_SYS_NICE, or RLIMIT_RTPRIO, and a share of realtime" },
	{ "scheduler.core", NULL, try_core_scheduling, 0, false,
	  "needs CONFIG_SCHED_CORE and processors with several threads" },
	{ "rlimits.raise", NULL, try_raise_limit, 0, false, "needs CAP_SYS_RESOURCE on the host" },
	{ "oomScoreAdj.lower", NULL, try_lower_oom_score, 0, false,
	  "needs CAP_SYS_RESOURCE on the host" },
	{ "keyring", NULL, try_keyring, 0, false, NULL },
	{ "kernel.clone3", NULL, try_clone3, 0, false,
	  "needs Linux 5.3, and no sandbox that forbids it" },
	{ "kernel.openat2", NULL, try_openat2, 0, false,
	  "needs Linux 5.6, and no sandbox that forbids it" },
	{ "kernel.pidfd", NULL, try_pidfd, 0, false,
	  "needs Linux 5.3, and no sandbox that forbids it" },
};

static void try_row(size_t i, struct host_feature *f, struct arena *a)
{
	if (host_try(rows[i].try, rows[i].argument, false) == 0) {
		f->available = true;
		return;
	}
	host_lacking(f, a, rows[i].needs);
	if (errno != EPERM || !rows[i].with_user ||
	    host_try(rows[i].try, rows[i].argument, true) < 0)
		return;
	f->available = true;
	f->reason = NULL;
	f->note = "in a user namespace";
}

void host_features_fill(struct host_features *f, struct arena *a)
{
	const size_t n = sizeof(rows) / sizeof(rows[0]);
	struct error ignored = ERROR_NONE;
	struct utsname name;

	/* Ignored by our caller the kernel would reap who tries. */
	signal(SIGCHLD, SIG_DFL);
	uname(&name);
	*f = (struct host_features){
		.kernel = arena_strdup(a, name.release),
		.uid = (uint32_t)getauxval(AT_EUID),
		.initial_user_namespace = namespaces_initial_user(&ignored) > 0,
		.features = { n, arena_alloc(a, n * sizeof(*f->features.v)) }
	};
	for (size_t i = 0; i < n; i++) {
		struct host_feature *one = &f->features.v[i];
		one->key = (char *)rows[i].name;
		if (rows[i].look)
			rows[i].look(one, a);
		else
			try_row(i, one, a);
	}
}
