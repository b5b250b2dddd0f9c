/*
 * Trying what a kernel allows. Each function does one thing for real and returns 0, or -1 with
 * errno. It is called in a process that ends afterwards (host_try), and makes what it needs to be
 * alone with it.
 */
#ifndef OCIRUN_HOST_TRY_H
#define OCIRUN_HOST_TRY_H

#include <stdbool.h>
#include <stdint.h>

typedef int host_try_fn(int64_t argument);

/* Call it in a process of its own, in a new user namespace with `user`. -1 with its errno. */
int host_try(host_try_fn *try, int64_t argument, bool user);

host_try_fn try_unshare; /* CLONE_NEW* */
host_try_fn try_clone3;  /* 0, or a descriptor of the cgroup to be born in */
host_try_fn try_openat2;
host_try_fn try_pidfd;
host_try_fn try_filesystem; /* a new one, mounted */
host_try_fn try_recursive;  /* attributes of a whole tree */
host_try_fn try_mknod;
host_try_fn try_terminal;
host_try_fn try_net_admin;      /* changing network devices */
host_try_fn try_seccomp_action; /* SECCOMP_RET_* */
host_try_fn try_seccomp_flag;   /* SECCOMP_FILTER_FLAG_* */
host_try_fn try_memory_policy;  /* MPOL_* */
host_try_fn try_realtime;
host_try_fn try_core_scheduling;
host_try_fn try_raise_limit; /* a hard one */
host_try_fn try_lower_oom_score;
host_try_fn try_keyring;

#endif
