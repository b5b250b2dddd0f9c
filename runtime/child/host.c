/* What the new namespaces hold besides mounts: session, keyring, loopback interface, names, sysctl.
 */
#include "runtime/channel.h"
#include "runtime/child/lsm.h"
#include "runtime/child/proc.h"
#include "runtime/child/spent.h"
#include "runtime/child/steps.h"
#include "runtime/file.h"
#include "runtime/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
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

/* The program must be able to use it, so it gets the program's label; at exec it is set already. */
static int join_keyring(const struct child *c, struct error *e)
{
	const struct spec_process *p = c->plan->process;
	const char *label = p && !c->plan->init ? p->selinux_label : NULL;

	if (label && lsm_keys(label, e) < 0)
		return -1;
	/* Without a name: one that has a name may be there already, another container's. */
	if (sys_keyctl_join_session(NULL) < 0 && errno != ENOSYS) {
		error_set(e, errno, "make a session keyring");
		return error_hint(e, "--no-new-keyring keeps the caller's");
	}
	return label ? lsm_keys(NULL, e) : 0;
}

int host_session(struct child *c, struct error *e)
{
	reset_signals(c->plan->ignored_signals, c->plan->blocked_signals);
	umask(0);
	/* No process of a shared pid namespace may trace us or read our descriptors before the
	 * program runs; execve resets it. */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	/* Refused to who has one already. */
	if (setsid() < 0 && (errno != EPERM || getsid(0) != getpid()))
		return error_set(e, errno, "begin a session");
	return c->plan->new_keyring ? join_keyring(c, e) : 0;
}

int host_loopback(struct child *c, struct error *e)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_LOOPBACK | IFF_RUNNING };

	if (!(c->plan->new_namespaces & CLONE_NEWNET))
		return 0;
	SPENT_FD fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &lo) < 0)
		return error_set(e, errno, "bring up the loopback interface");
	return 0;
}

int host_net_devices(struct child *c, struct error *e)
{
	struct message m;

	if (!c->plan->net_devices)
		return 0;
	/* A mount namespace that was joined may have anything there: never wait for a FIFO. */
	CLEAN_FD network = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (network < 0)
		return error_call(e, "open", "open our network namespace");
	if (channel_send(c->channel, MESSAGE_NETWORK, 0, network) < 0)
		return error_set(e, errno, "talk to the parent");
	return child_expect(c, MESSAGE_NETWORK, &m, e);
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

static int write_sysctl(int proc, const struct pair *setting, struct error *e)
{
	char path[4 + SYSCTL_PATH] = "sys/";

	/* Validation has refused what this would. */
	if (!spec_sysctl_path(setting->key, path + 4, SYSCTL_PATH))
		return error_set(e, EINVAL, "set it");
	/* No byte at all would be no write, and a success that changes nothing. */
	if (proc_write(proc, path, *setting->value ? setting->value : "\n") < 0)
		return error_set(e, errno, "set it to \"%s\"", setting->value);
	return 0;
}

int host_sysctl(struct child *c, struct error *e)
{
	if (!c->plan->sysctl.n)
		return 0;
	CLEAN_FD proc = proc_open(PROC_ALL, e);
	if (proc < 0)
		return error_in(e, "linux.sysctl");
	for (size_t i = 0; i < c->plan->sysctl.n; i++)
		if (write_sysctl(proc, &c->plan->sysctl.v[i], e) < 0)
			return error_in(e, "linux.sysctl[\"%s\"]", c->plan->sysctl.v[i].key);
	return 0;
}
