/* See points.h. */
#include "tests/crash/points.h"

#include <err.h>
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#define MANY 8

/*
 * What a call may plausibly give on a host that is short of something, or says no. A call that is
 * not here can't fail on a healthy argument: it is only killed at.
 */
static const struct {
	const char *calls;
	int errors[MANY];
} failures[] = {
	{ "open openat openat2", { ENOMEM, EMFILE, EACCES, EPERM, EIO, ENOSPC, EINTR } },
	{ "creat", { ENOMEM, EMFILE, EACCES, EIO, ENOSPC } },
	{ "read pread64 readv", { EIO, EINTR, ENOMEM } },
	{ "write pwrite64 writev", { EIO, ENOSPC, EINTR, ENOMEM, EPERM, EAGAIN } },
	{ "close", { EIO } },
	{ "mmap mprotect mremap munmap", { ENOMEM } },
	{ "stat fstat lstat newfstatat statx statfs fstatfs", { EIO, ENOMEM, EACCES } },
	{ "access faccessat faccessat2", { EIO, ENOMEM, EACCES } },
	{ "readlink readlinkat getdents64 getcwd", { EIO, ENOMEM, EACCES } },
	{ "fcntl", { EMFILE, ENOMEM, EPERM } },
	{ "ioctl", { EIO, EPERM, ENOMEM } },
	{ "socket socketpair", { EMFILE, ENOMEM, EACCES } },
	{ "bind", { ENOSPC, ENOMEM, EACCES, EROFS } },
	{ "listen", { ENOMEM, EADDRINUSE } },
	{ "connect", { EAGAIN, ECONNREFUSED, EINTR, ENOMEM } },
	{ "accept accept4", { EMFILE, ENOMEM, EINTR, ECONNABORTED } },
	{ "sendmsg sendto", { ENOMEM, EAGAIN, EINTR, EPIPE } },
	{ "recvmsg recvfrom", { ENOMEM, EINTR, ECONNRESET, EAGAIN } },
	{ "getsockopt setsockopt getsockname", { ENOMEM, EPERM } },
	{ "pipe pipe2 memfd_create signalfd4 eventfd2 epoll_create1 timerfd_create",
	  { EMFILE, ENFILE, ENOMEM } },
	{ "epoll_ctl", { ENOMEM, ENOSPC } },
	{ "poll ppoll epoll_wait epoll_pwait select pselect6", { EINTR, ENOMEM } },
	{ "nanosleep clock_nanosleep", { EINTR } },
	{ "dup dup2 dup3", { EMFILE, EINTR, EBUSY } },
	{ "close_range", { EMFILE, ENOMEM } },
	{ "clone clone3 fork vfork", { ENOMEM, EAGAIN, EPERM, ENOSPC } },
	{ "execve execveat", { ENOMEM, EACCES, EIO, ETXTBSY, EAGAIN } },
	{ "wait4 waitid", { EINTR } },
	{ "pidfd_open", { EMFILE, ENOMEM } },
	{ "pidfd_getfd", { EMFILE, EPERM } },
	{ "pidfd_send_signal kill tgkill", { EPERM } },
	{ "flock", { EINTR, ENOLCK } },
	{ "mkdir mkdirat mknod mknodat symlink symlinkat link linkat",
	  { ENOSPC, EIO, EACCES, EROFS, ENOMEM, EMLINK } },
	{ "unlink unlinkat rmdir", { EIO, EPERM, EROFS, EBUSY, ENOMEM } },
	{ "rename renameat renameat2", { ENOSPC, EIO, EPERM, EROFS, ENOMEM } },
	{ "chmod fchmod fchmodat chown fchown lchown fchownat ftruncate utimensat",
	  { EPERM, EIO, EROFS, ENOSPC } },
	{ "lseek", { EIO } },
	{ "setxattr fsetxattr getxattr fgetxattr", { EPERM, ENOSPC, EIO } },
	{ "chdir fchdir chroot", { EACCES, EIO, ENOMEM, EPERM } },
	{ "mount umount2 pivot_root", { ENOMEM, EPERM, EBUSY, EACCES, EIO } },
	{ "fsopen fsmount open_tree fspick", { ENOMEM, EMFILE, EPERM } },
	{ "fsconfig", { ENOMEM, EPERM, EINVAL, EBUSY } },
	{ "move_mount mount_setattr", { ENOMEM, EPERM, EINVAL, ENOSPC } },
	{ "unshare setns", { ENOMEM, EPERM, ENOSPC, EINVAL } },
	{ "prctl", { EPERM, EINVAL } },
	{ "capset capget", { EPERM } },
	{ "setuid setgid setreuid setregid setresuid setresgid setgroups getgroups",
	  { EPERM, EAGAIN, ENOMEM } },
	{ "setsid setpgid", { EPERM } },
	{ "sethostname setdomainname", { EPERM } },
	{ "setrlimit prlimit64", { EPERM } },
	{ "keyctl add_key", { EDQUOT, ENOMEM, EACCES } },
	{ "seccomp", { ENOMEM, EACCES, EINVAL } },
	{ "bpf", { ENOMEM, EPERM, ENOSPC } },
	{ "sched_setattr sched_setaffinity sched_getaffinity sched_setscheduler setpriority "
	  "ioprio_set set_mempolicy personality",
	  { EPERM, EINVAL } },
};

static const struct {
	const char *name;
	int code;
} words[] = {
	{ "KILL", POINT_KILL },
	{ "EPERM", EPERM },
	{ "EINTR", EINTR },
	{ "EIO", EIO },
	{ "EAGAIN", EAGAIN },
	{ "ENOMEM", ENOMEM },
	{ "EACCES", EACCES },
	{ "EBUSY", EBUSY },
	{ "EINVAL", EINVAL },
	{ "ENFILE", ENFILE },
	{ "EMFILE", EMFILE },
	{ "ETXTBSY", ETXTBSY },
	{ "ENOSPC", ENOSPC },
	{ "EROFS", EROFS },
	{ "EMLINK", EMLINK },
	{ "EPIPE", EPIPE },
	{ "ENOLCK", ENOLCK },
	{ "EADDRINUSE", EADDRINUSE },
	{ "EDQUOT", EDQUOT },
	{ "ECONNRESET", ECONNRESET },
	{ "ECONNREFUSED", ECONNREFUSED },
	{ "ECONNABORTED", ECONNABORTED },
};

void points_add(struct points *to, const struct point *p)
{
	if (to->n == to->room) {
		to->room = to->room ? 2 * to->room : 1024;
		to->v = reallocarray(to->v, to->room, sizeof(*to->v));
		if (!to->v)
			err(2, "points");
	}
	to->v[to->n++] = *p;
}

/* Is the word one of those, which spaces part? */
static bool has_word(const char *list, const char *word)
{
	const size_t n = strlen(word);

	for (const char *at = list; (at = strstr(at, word)); at += n)
		if ((at == list || at[-1] == ' ') && (!at[n] || at[n] == ' '))
			return true;
	return false;
}

void points_at(struct points *to, const char *role, int call, unsigned nth)
{
	struct point p = { .call = call, .nth = nth };
	const char *name = point_call(call);

	snprintf(p.role, sizeof(p.role), "%s", role);
	points_add(to, &p);
	for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
		if (!has_word(failures[i].calls, name))
			continue;
		for (size_t j = 0; j < MANY && failures[i].errors[j]; j++) {
			p.error = failures[i].errors[j];
			points_add(to, &p);
		}
	}
}

bool point_is_late(const struct point *p)
{
	return p->call == SYS_close;
}

const char *point_call(int call)
{
	static char *names[1024];

	if (call < 0 || call >= 1024)
		return "?";
	if (!names[call])
		names[call] = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, call);
	if (!names[call] && asprintf(&names[call], "call%d", call) < 0)
		err(2, "names");
	return names[call];
}

static const char *word_of(int code)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (words[i].code == code)
			return words[i].name;
	return "?";
}

const char *point_name(const struct point *p, char *out, size_t size)
{
	snprintf(out, size, "%s/%s#%u %s", p->role, point_call(p->call), p->nth, word_of(p->error));
	return out;
}

bool point_parse(const char *name, struct point *out)
{
	char call[32], word[32];

	if (sscanf(name, "%23[^/]/%31[^#]#%u %31s", out->role, call, &out->nth, word) != 4)
		return false;
	if (sscanf(call, "call%d", &out->call) != 1)
		out->call = seccomp_syscall_resolve_name(call);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(words[i].name, word)) {
			out->error = words[i].code;
			return out->call >= 0 && out->nth > 0;
		}
	return false;
}
