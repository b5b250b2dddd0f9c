/* See sys.h. The one place where syscall(2) is called for these. */
#include "runtime/sys.h"

#include "runtime/arch.h"
#include "runtime/log.h"
#include "spec/error.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/ioprio.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Evaluate a call once, trace it with its result, keep errno. */
#define TRACED(call, format, ...)                                                   \
	({                                                                          \
		long traced_ = (call);                                              \
		trace(TRACE_SYS, format " = %ld%s%s", __VA_ARGS__, traced_,         \
		      traced_ < 0 ? " " : "", traced_ < 0 ? error_name_now() : ""); \
		traced_;                                                            \
	})

static const char *error_name_now(void)
{
	return error_name(errno);
}

pid_t sys_clone3(struct sys_clone_args *args)
{
	/* Not traced in the child: it would print before it is itself. */
	pid_t pid = syscall(SYS_clone3, args, sizeof(*args));

	if (pid != 0)
		trace(TRACE_SYS, "clone3(flags 0x%llx) = %d", (unsigned long long)args->flags, pid);
	return pid;
}

/* A frame of its own, in which nothing but the call happens: the child's frames lie below it. */
static __attribute__((noinline)) long clone_shared(const struct sys_clone_args *args,
						   void (*child)(const void *), const void *data)
{
	long pid = arch_call(SYS_clone3, (long)args, sizeof(*args), 0);

	if (pid == 0)
		child(data);
	return pid;
}

pid_t sys_clone3_shared(struct sys_clone_args *args, void (*child)(const void *), const void *data)
{
	if (!ARCH_CALLS) {
		pid_t copy = sys_clone3(args);
		if (copy == 0)
			child(data);
		return copy;
	}
	args->flags |= CLONE_VM | CLONE_VFORK;
	long pid = clone_shared(args, child, data);
	if (pid < 0) {
		errno = (int)-pid;
		pid = -1;
	}
	return (pid_t)TRACED(pid, "clone3(flags 0x%llx)", (unsigned long long)args->flags);
}

int sys_execveat(int fd, const char *path, char *const argv[], char *const envp[], int flags)
{
	return syscall(SYS_execveat, fd, path, argv, envp, flags);
}

int sys_openat2(int dir, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve)
{
	struct open_how how = { .flags = flags | O_CLOEXEC, .mode = mode, .resolve = resolve };
	int fd = -1;

	/* EAGAIN: somebody renames while we resolve. Bounded, so that a racing container can't stop
	 * us. */
	for (int i = 0; i < 128; i++) {
		fd = TRACED(syscall(SYS_openat2, dir, path, &how, sizeof(how)),
			    "openat2(%d, \"%s\", 0x%llx, resolve 0x%llx)", dir, path,
			    (unsigned long long)flags, (unsigned long long)resolve);
		if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
			break;
	}
	return fd;
}

int sys_open_tree(int dir, const char *path, unsigned flags)
{
	return TRACED(syscall(SYS_open_tree, dir, path, flags | SYS_OPEN_TREE_CLOEXEC),
		      "open_tree(%d, \"%s\", 0x%x)", dir, path, flags);
}

#define CALL_OPEN_TREE_ATTR 467 /* on every processor */

int sys_open_tree_attr(int dir, const char *path, unsigned flags, const struct sys_mount_attr *attr)
{
	static bool lacking;
	int fd = -1;

	flags |= SYS_OPEN_TREE_CLONE | SYS_OPEN_TREE_CLOEXEC;
	if (!lacking)
		fd = TRACED(syscall(CALL_OPEN_TREE_ATTR, dir, path, flags, attr, sizeof(*attr)),
			    "open_tree_attr(%d, \"%s\", 0x%x, set 0x%llx)", dir, path, flags,
			    (unsigned long long)attr->attr_set);
	/* EPERM: said by a filter that does not know it, as if it were not there. */
	if (fd >= 0 || (!lacking && errno != ENOSYS && errno != EPERM))
		return fd;
	lacking = true;
	fd = sys_open_tree(dir, path, flags);
	if (fd >= 0 &&
	    sys_mount_setattr(fd, "", AT_EMPTY_PATH | (flags & AT_RECURSIVE), attr) < 0) {
		const int code = errno;
		close(fd);
		errno = code;
		return -1;
	}
	return fd;
}

int sys_move_mount(int from, const char *from_path, int to, const char *to_path, unsigned flags)
{
	return TRACED(syscall(SYS_move_mount, from, from_path, to, to_path, flags),
		      "move_mount(%d, \"%s\", %d, \"%s\")", from, from_path, to, to_path);
}

int sys_fsopen(const char *type)
{
	return TRACED(syscall(SYS_fsopen, type, SYS_FSOPEN_CLOEXEC), "fsopen(\"%s\")", type);
}

int sys_fsconfig(int fd, unsigned cmd, const char *key, const void *value, int aux)
{
	return TRACED(syscall(SYS_fsconfig, fd, cmd, key, value, aux), "fsconfig(%d, %u, %s, %s)",
		      fd, cmd, key ? key : "-", value ? (const char *)value : "-");
}

int sys_fsmount(int fd, uint64_t attrs)
{
	return TRACED(syscall(SYS_fsmount, fd, SYS_FSMOUNT_CLOEXEC, attrs), "fsmount(%d, 0x%llx)",
		      fd, (unsigned long long)attrs);
}

int sys_mount_setattr(int fd, const char *path, unsigned flags, const struct sys_mount_attr *attr)
{
	return TRACED(syscall(SYS_mount_setattr, fd, path, flags, attr, sizeof(*attr)),
		      "mount_setattr(%d, \"%s\", +0x%llx, -0x%llx, propagation 0x%llx)", fd, path,
		      (unsigned long long)attr->attr_set, (unsigned long long)attr->attr_clr,
		      (unsigned long long)attr->propagation);
}

int sys_fspick(int dir, const char *path)
{
	return TRACED(syscall(SYS_fspick, dir, path,
			      1 | 8), /* FSPICK_CLOEXEC | FSPICK_EMPTY_PATH */
		      "fspick(%d, \"%s\")", dir, path);
}

int sys_pivot_root(const char *new_root, const char *put_old)
{
	return TRACED(syscall(SYS_pivot_root, new_root, put_old), "pivot_root(\"%s\", \"%s\")",
		      new_root, put_old);
}

int sys_pidfd_open(pid_t pid)
{
	return TRACED(syscall(SYS_pidfd_open, pid, 0), "pidfd_open(%d)", pid);
}

int sys_pidfd_getfd(int pidfd, int fd)
{
	return TRACED(syscall(SYS_pidfd_getfd, pidfd, fd, 0), "pidfd_getfd(%d, %d)", pidfd, fd);
}

int sys_pidfd_send_signal(int pidfd, int signal)
{
	return TRACED(syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0),
		      "pidfd_send_signal(%d, %d)", pidfd, signal);
}

int sys_close_range(unsigned first, unsigned last, unsigned flags)
{
	return TRACED(syscall(SYS_close_range, first, last, flags), "close_range(%u, %u, %u)",
		      first, last, flags);
}

long sys_keyctl_join_session(const char *name)
{
	return TRACED(syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name),
		      "keyctl(JOIN_SESSION_KEYRING, %s)", name ? name : "-");
}

int sys_setns(int fd, int type, const char *what)
{
	return TRACED(setns(fd, type), "setns(%s)", what);
}

int sys_unshare(int flags)
{
	return TRACED(unshare(flags), "unshare(0x%x)", (unsigned)flags);
}

int sys_sched_setattr(pid_t pid, const struct sys_sched_attr *attr)
{
	return TRACED(syscall(SYS_sched_setattr, pid, attr, 0),
		      "sched_setattr(%d, policy %u, flags 0x%llx)", pid, attr->policy,
		      (unsigned long long)attr->flags);
}

int sys_ioprio_set(pid_t pid, int value)
{
	return TRACED(syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, pid, value),
		      "ioprio_set(%d, 0x%x)", pid, (unsigned)value);
}

int sys_set_mempolicy(int mode, const unsigned long *nodes, unsigned long bits)
{
	return TRACED(syscall(SYS_set_mempolicy, mode, nodes, bits), "set_mempolicy(0x%x, %lu)",
		      (unsigned)mode, bits);
}

int sys_seccomp(uint64_t flags, const struct sock_fprog *program)
{
	trace(TRACE_SYS, "seccomp(SET_MODE_FILTER, 0x%llx, %u instructions)",
	      (unsigned long long)flags, program->len);
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, program);
}

int sys_bpf_load(const struct bpf_insn *program, size_t n)
{
	union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
				.insns = (uintptr_t)program,
				.insn_cnt = (uint32_t)n,
				.license = (uintptr_t) "Apache-2.0" };

	return TRACED(syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr)),
		      "bpf(PROG_LOAD, %zu instructions)", n);
}

int sys_bpf_attach(int cgroup, int program)
{
	union bpf_attr attr = { .target_fd = cgroup,
				.attach_bpf_fd = program,
				.attach_type = BPF_CGROUP_DEVICE,
				.attach_flags = BPF_F_ALLOW_MULTI };

	return TRACED(syscall(SYS_bpf, BPF_PROG_ATTACH, &attr, sizeof(attr)),
		      "bpf(PROG_ATTACH, %d, %d)", cgroup, program);
}

int sys_bpf_replace(int cgroup, int program, int old)
{
	union bpf_attr attr = { .target_fd = cgroup,
				.attach_bpf_fd = program,
				.attach_type = BPF_CGROUP_DEVICE,
				.attach_flags = BPF_F_ALLOW_MULTI | BPF_F_REPLACE,
				.replace_bpf_fd = old };

	return TRACED(syscall(SYS_bpf, BPF_PROG_ATTACH, &attr, sizeof(attr)),
		      "bpf(PROG_ATTACH, %d, %d instead of %d)", cgroup, program, old);
}

int sys_bpf_detach(int cgroup, int program)
{
	union bpf_attr attr = { .target_fd = cgroup,
				.attach_bpf_fd = program,
				.attach_type = BPF_CGROUP_DEVICE };

	return TRACED(syscall(SYS_bpf, BPF_PROG_DETACH, &attr, sizeof(attr)),
		      "bpf(PROG_DETACH, %d, %d)", cgroup, program);
}

int sys_bpf_query(int cgroup, uint32_t *ids, uint32_t *n)
{
	union bpf_attr attr = { .query = { .target_fd = cgroup,
					   .attach_type = BPF_CGROUP_DEVICE,
					   .prog_ids = (uintptr_t)ids,
					   .prog_cnt = *n } };
	int result = TRACED(syscall(SYS_bpf, BPF_PROG_QUERY, &attr, sizeof(attr)),
			    "bpf(PROG_QUERY, %d)", cgroup);

	*n = attr.query.prog_cnt;
	return result;
}

int sys_bpf_program(uint32_t id)
{
	union bpf_attr attr = { .prog_id = id };

	return TRACED(syscall(SYS_bpf, BPF_PROG_GET_FD_BY_ID, &attr, sizeof(attr)),
		      "bpf(PROG_GET_FD_BY_ID, %u)", id);
}

uint32_t sys_bpf_id(int program)
{
	struct bpf_prog_info info = { 0 };
	union bpf_attr attr = { .info = { .bpf_fd = (uint32_t)program,
					  .info_len = sizeof(info),
					  .info = (uintptr_t)&info } };
	long result = TRACED(syscall(SYS_bpf, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr)),
			     "bpf(OBJ_GET_INFO_BY_FD, %d)", program);

	return result < 0 ? 0 : info.id;
}
