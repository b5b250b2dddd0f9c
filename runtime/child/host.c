/* What the new namespaces hold besides mounts: session, keyring, loopback interface, names, sysctl.
 */
#include "runtime/child/steps.h"
#include "runtime/file.h"
#include "runtime/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/* An ignored signal and a blocked one would stay so in the container's process: both are the
 * caller's, not its. */
static void reset_signals(uint64_t ignored, uint64_t blocked)
{
	sigset_t none;

	/* Asking for each of the 64 would be as many system calls; the parent has read it in one. */
	for (int s = 1; s < NSIG; s++)
		if (ignored & 1ULL << (s - 1))
			signal(s, SIG_DFL);
	sigemptyset(&none);
	if (blocked)
		sigprocmask(SIG_SETMASK, &none, NULL);
}

int host_session(struct child *c, struct error *e)
{
	reset_signals(c->plan->ignored_signals, c->plan->blocked_signals);
	umask(0);
	/* No process of a shared pid namespace may trace us or read our descriptors before the
	 * program runs; execve resets it. */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (setsid() < 0 && errno != EPERM)
		return error_set(e, errno, "begin a session");
	/* Without a name: one that has a name may be there already, another container's. */
	if (!c->plan->new_keyring || sys_keyctl_join_session(NULL) >= 0 || errno == ENOSYS)
		return 0;
	error_set(e, errno, "make a session keyring");
	return error_hint(e, "--no-new-keyring keeps the caller's");
}

int host_loopback(struct child *c, struct error *e)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_LOOPBACK | IFF_RUNNING };

	if (!(c->plan->new_namespaces & CLONE_NEWNET))
		return 0;
	CLEAN_FD fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &lo) < 0)
		return error_set(e, errno, "bring up the loopback interface");
	return 0;
}

static int set_name(int (*set)(const char *, size_t), const char *name, const char *field,
		    struct error *e)
{
	if (!name || !*name || set(name, strlen(name)) == 0)
		return 0;
	error_set(e, errno, "set it to \"%s\"", name);
	return error_in(e, "%s", field);
}

int host_names(struct child *c, struct error *e)
{
	if (set_name(sethostname, c->plan->hostname, "hostname", e) < 0)
		return -1;
	return set_name(setdomainname, c->plan->domainname, "domainname", e);
}

/* A procfs that nobody has mounted anything over. Where a new one is refused (nested user
 * namespaces) a clone of ours, verified. */
static int private_proc(struct error *e)
{
	struct statfs fs;
	CLEAN_FD context = sys_fsopen("proc");
	CLEAN_FD proc = -1;

	if (context >= 0 && sys_fsconfig(context, SYS_FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
		proc = sys_fsmount(context, 0);
	if (proc < 0)
		proc = sys_open_tree(AT_FDCWD, "/proc", SYS_OPEN_TREE_CLONE);
	if (proc < 0 || fstatfs(proc, &fs) < 0)
		return error_set(e, errno, "open a proc filesystem of our own");
	if (fs.f_type != PROC_SUPER_MAGIC)
		return error_set(e, 0, "/proc is not a proc filesystem");
	return fd_take(&proc);
}

static int write_sysctl(int proc, const struct pair *setting, struct error *e)
{
	char path[512];

	if (snprintf(path, sizeof(path), "sys/%s", setting->key) >= (int)sizeof(path))
		return error_set(e, ENAMETOOLONG, "set it");
	CLEAN_FD fd = sys_openat2(proc, path, O_WRONLY, 0,
				  RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV);
	if (fd < 0 || write_all(fd, setting->value, strlen(setting->value)) < 0)
		return error_set(e, errno, "set it to \"%s\"", setting->value);
	return 0;
}

int host_sysctl(struct child *c, struct error *e)
{
	if (!c->plan->sysctl.n)
		return 0;
	CLEAN_FD proc = private_proc(e);
	if (proc < 0)
		return error_in(e, "linux.sysctl");
	for (size_t i = 0; i < c->plan->sysctl.n; i++)
		if (write_sysctl(proc, &c->plan->sysctl.v[i], e) < 0)
			return error_in(e, "linux.sysctl[\"%s\"]", c->plan->sysctl.v[i].key);
	return 0;
}
