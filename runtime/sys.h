/*
 * System calls that libc lacks or would dress up: thin, without policy, each with one trace point.
 * Like libc's they return -1 and set errno. Kernel floor: Linux 5.14 (no fallbacks below).
 */
#ifndef OCIRUN_SYS_H
#define OCIRUN_SYS_H

#include <linux/openat2.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* struct clone_args of linux/sched.h: that header clashes with sched.h. */
struct sys_clone_args {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid,
		set_tid_size, cgroup;
};

#define SYS_CLONE_INTO_CGROUP 0x200000000ULL

struct sys_mount_attr {
	uint64_t attr_set, attr_clr, propagation, userns_fd;
};

/* struct sched_attr of linux/sched/types.h, which newer libcs have in sched.h. */
struct sys_sched_attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
	uint32_t util_min, util_max;
};

/* The kernel's constants; libc's headers clash with linux/mount.h. */
enum {
	SYS_OPEN_TREE_CLONE = 1,
	SYS_OPEN_TREE_CLOEXEC = 02000000,
	SYS_MOVE_MOUNT_F_EMPTY_PATH = 0x4,
	SYS_MOVE_MOUNT_T_EMPTY_PATH = 0x40,
	SYS_FSOPEN_CLOEXEC = 1,
	SYS_FSMOUNT_CLOEXEC = 1,
	SYS_FSCONFIG_SET_FLAG = 0,
	SYS_FSCONFIG_SET_STRING = 1,
	SYS_FSCONFIG_CMD_CREATE = 6,
	SYS_FSCONFIG_CMD_RECONFIGURE = 7,
};

pid_t sys_clone3(struct sys_clone_args *args);
/*
 * The same for a child that only executes: it runs `child`, which must not return, in our own
 * memory while we stand still (as after vfork(2)), so that nothing is copied for it. What it writes
 * there stays. Where that can't be done it is a child as any other.
 */
pid_t sys_clone3_shared(struct sys_clone_args *args, void (*child)(const void *data),
			const void *data);
int sys_execveat(int fd, const char *path, char *const argv[], char *const envp[], int flags);
int sys_openat2(int dir, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve);
int sys_open_tree(int dir, const char *path, unsigned flags);
/* open_tree and mount_setattr in one, since Linux 6.15; with two calls before. */
int sys_open_tree_attr(int dir, const char *path, unsigned flags,
		       const struct sys_mount_attr *attr);
int sys_move_mount(int from, const char *from_path, int to, const char *to_path, unsigned flags);
int sys_fsopen(const char *type);
int sys_fsconfig(int fd, unsigned cmd, const char *key, const void *value, int aux);
int sys_fsmount(int fd, uint64_t attrs);
int sys_mount_setattr(int fd, const char *path, unsigned flags, const struct sys_mount_attr *attr);
int sys_fspick(int dir, const char *path);
int sys_pivot_root(const char *new_root, const char *put_old);
int sys_pidfd_open(pid_t pid);
int sys_pidfd_getfd(int pidfd, int fd);
int sys_pidfd_send_signal(int pidfd, int signal);
int sys_close_range(unsigned first, unsigned last, unsigned flags);
long sys_keyctl_join_session(const char *name);
int sys_setns(int fd, int type, const char *what);
int sys_unshare(int flags);
int sys_sched_setattr(pid_t pid, const struct sys_sched_attr *attr);
int sys_ioprio_set(pid_t pid, int value); /* of one process */
int sys_set_mempolicy(int mode, const unsigned long *nodes, unsigned long bits);

/* BPF of cgroup v2 that decides about devices. */
struct bpf_insn;
int sys_bpf_load(const struct bpf_insn *program, size_t n);
int sys_bpf_attach(int cgroup, int program); /* beside what is attached */
int sys_bpf_replace(int cgroup, int program, int old);
int sys_bpf_detach(int cgroup, int program);
int sys_bpf_query(int cgroup, uint32_t *ids, uint32_t *n); /* *n: there is room for; there are */
int sys_bpf_program(uint32_t id);
uint32_t sys_bpf_id(int program); /* 0: it can't be had */

/* SECCOMP_SET_MODE_FILTER. Traced before it is called: afterwards the trace might not be allowed. */
struct sock_fprog;
int sys_seccomp(uint64_t flags, const struct sock_fprog *program);

#endif
