/*
 * Theory of operation. What lives in the container is hostile, and sees who comes: through its
 * /proc, by ptrace, by signals. So the work is done by a process that it can't see, and what it
 * sees has nothing that the program will not have:
 *
 *  - The first process (`ocirun init N`, re-exec'd and not dumpable) stays in the pid namespace of
 *    the caller. It joins all other namespaces, finds and opens what is to be found, and becomes
 *    the program's user, with the program's capabilities.
 *  - Then it closes its descriptors and clones: the child is born in the container's pid namespace,
 *    is the program's process, does what only itself can (session, filter, limits), and executes
 *    the program. The first process ends.
 *
 * So in the container's /proc there is, until the execve, a process with the program's identity,
 * the container's root and directory, and no descriptor but the program's own and the channel
 * (CVE-2016-9962, CVE-2024-21626); its executable can't be written (CVE-2019-5736). One exception:
 * without noNewPrivileges the kernel takes a filter from CAP_SYS_ADMIN only, which is given up when
 * it is loaded; then, too, only who may trace with the host's CAP_SYS_PTRACE can use it.
 *
 * The program's process is our parent's child (CLONE_PARENT), who is told of it by "born". Where it
 * needs something from the parent, it waits until the parent has heard.
 */
#include "runtime/child/exec.h"

#include "runtime/channel.h"
#include "runtime/child/steps.h"
#include "runtime/file.h"
#include "runtime/inroot.h"
#include "runtime/log.h"
#include "runtime/namespaces.h"
#include "runtime/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static int join_failed(const struct plan *p, struct error *e)
{
	if (errno == ESRCH)
		return error_set(e, 0, "cannot exec in a stopped container");
	error_set(e, errno, "join the namespaces of the container's init, process %d",
		  p->status.pid);
	return e->code == EPERM ? error_hint(e, "that takes CAP_SYS_ADMIN in the user namespace "
						"that owns them")
				: -1;
}

/*
 * All at once: the kernel checks what we may join as who we are now, whichever user namespace it
 * belongs to. Nobody but us enters the pid namespace by this: our children do.
 */
static int join(struct child *c, struct error *e)
{
	const struct plan *p = c->plan;
	char process[32];
	CLEAN_FD init = p->init, root = p->root ? p->root : -1;

	snprintf(process, sizeof(process), "/proc/%d", p->status.pid);
	CLEAN_FD maps = p->joined_namespaces & CLONE_NEWUSER
				? open(process, O_PATH | O_DIRECTORY | O_CLOEXEC)
				: -1;
	/* The namespace may deny it afterwards. EPERM: not ours to drop. */
	if (maps >= 0 && !p->keep_groups && setgroups(0, NULL) < 0 && errno != EPERM)
		return error_set(e, errno, "drop the supplementary groups");
	if (p->joined_namespaces && sys_setns(init, (int)p->joined_namespaces, "init's") < 0)
		return join_failed(p, e);
	if (maps >= 0 && namespaces_become_root(p, maps, e) < 0)
		return -1;
	if (root >= 0 && (fchdir(root) < 0 || chroot(".") < 0))
		return error_set(e, errno, "change to the container's root");
	c->rootfs = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (c->rootfs < 0 || fchdir(c->rootfs) < 0)
		return error_set(e, errno, "enter the container's root");
	return 0;
}

/* At create it would be made; a container that is there already has it, or not. */
static int find_directory(struct child *c, struct error *e)
{
	const char *cwd = c->plan->process->cwd;

	/* We are there. */
	if (!strcmp(cwd, "/"))
		return 0;
	c->cwd = inroot_open(c->rootfs, cwd, O_PATH | O_DIRECTORY, 0);
	if (c->cwd >= 0)
		return 0;
	error_set(e, errno, "chdir to %s", cwd);
	return error_in(e, "process.cwd");
}

static int enter_pids(struct child *c, struct error *e)
{
	struct sys_clone_args clone = { .flags = CLONE_PARENT };
	unsigned first = 3 + c->plan->preserve_fds, channel = (unsigned)c->channel;
	struct message m;

	if ((channel > first && sys_close_range(first, channel - 1, 0) < 0) ||
	    sys_close_range(channel + 1, ~0U, 0) < 0)
		return error_set(e, errno, "close our descriptors");
	/* The change of user may have undone it. */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	pid_t pid = sys_clone3(&clone);
	if (pid < 0 && errno == ENOMEM) /* its first process has ended */
		return error_set(e, 0, "cannot exec in a stopped container");
	if (pid < 0) {
		error_set(e, errno, "clone the program's process");
		return e->code == EAGAIN ? error_hint(e, "linux.resources.pids.limit has to leave "
							 "room for it and, meanwhile, for one more")
					 : -1;
	}
	if (pid > 0)
		_exit(channel_send(c->channel, MESSAGE_BORN, pid, -1) < 0);
	return c->plan->asks ? channel_expect(c->channel, MESSAGE_PLACED, &m, e) : 0;
}

static int begin_session(struct child *c, struct error *e)
{
	(void)c;
	return setsid() < 0 ? error_set(e, errno, "begin a session") : 0;
}

/* The sockets are meant for the process that we have become. */
static int rename_listener(struct child *c, struct error *e)
{
	(void)e;
	for (size_t i = 0; c->plan->listen_fds && i < c->env.n; i++)
		if (!strncmp(c->env.v[i], "LISTEN_PID=", 11))
			c->env.v[i] = arena_printf(&c->arena, "LISTEN_PID=%d", getpid());
	return 0;
}

/* The execve would close the listener before the parent has it. */
static int hand_over_listener(struct child *c, struct error *e)
{
	struct message m;

	if (!c->plan->filter || !c->plan->filter->notify)
		return 0;
	return filter_notify(c, e) < 0 ? -1 : channel_expect(c->channel, MESSAGE_LISTENER, &m, e);
}

static const struct step steps[] = {
	/* While the host's procfs is in reach. */
	{ "labels", identity_labels },
	{ "join", join },
	{ "session", host_session },
	/* By the container's files, with root's rights to read them. */
	{ "user", user_find },
	{ "terminal", terminal_open },
	{ "environment", program_environment },
	{ "terminal stdio", terminal_take },
	{ "directory", find_directory },
	{ "enter directory", program_enter_as_root },
	{ "attributes", attributes_set },
	/* After everything that needs privilege. */
	{ "identity", identity_apply },
	/* As the program's own user: what it may enter and execute is what counts. */
	{ "enter directory as user", program_enter_as_user },
	{ "find program", program_find },
	/* As late as possible: the parent compiles it meanwhile. */
	{ "filter", filter_await },
	/* From here on the container can see us. */
	{ "enter pid namespace", enter_pids },
	{ "session", begin_session },
	{ "terminal control", terminal_control },
	{ "listen pid", rename_listener },
	/* Not before the clone, which a deadline policy forbids. */
	{ "scheduling", attributes_schedule },
	{ "listener", hand_over_listener },
	{ "execute", program_execute },
};

void exec_begin(struct child *c, struct error *e)
{
	/* Where the container shares our pid namespace. */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	(void)!steps_run(steps, sizeof(steps) / sizeof(steps[0]), c, e);
}
