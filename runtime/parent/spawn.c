/*
 * Theory of operation. Usually one clone3 makes init in all its new namespaces and, on pure cgroup
 * v2, in its cgroup. Three things need more:
 *
 *  - a cgroup v1: the child waits until we have put it into its cgroups, and only then re-execs.
 *  - a new user namespace: we write its id maps. An execve before that would cost the child every
 * capability, as it has no id there; so it puts them into the ambient set, which an execve leaves,
 * and takes them out again once it is mapped (child/init.c).
 *  - a namespace joined by path, or a time namespace: the child is a helper at first. Re-exec'd,
 * still outside, it joins (setns changes the caller), makes the time namespace (which only children
 * enter), and clones init with CLONE_PARENT, so that init is our child all the same (child/join.c).
 * The parent never joins anything: it runs hooks.
 *
 * And where there is hardly any memory, init is put into its cgroups after the re-exec: until then
 * its image is charged to ours, while else it would be most of what a limit has to leave room for.
 *
 * What runs between clone3 and execveat does no more than needed and ends in the re-exec, by
 * descriptor, of a copy of ourselves that can't be written (self_exe.c). Descriptors that the child
 * keeps lose their close-on-exec flag there; the plan names their numbers. A child that waits for
 * us before it is a copy of this process with its memory. One that does not runs in ours while we
 * stand still, as after vfork(2): a tenth of the time of `run` went into copying tables of pages,
 * and pages, for a life of a few system calls. That shares nothing with a container: its namespaces
 * are new and empty, or not entered yet. But who made a user namespace has all rights over what is
 * in it, and its maker is an id: a root without capabilities, who may not touch us, could trace
 * such a child, read what it has of us, and change our memory where it is shared. So it is born not
 * dumpable, until its execve; and where the files of its maps would be another's then, its memory
 * is a copy.
 */
#include "runtime/parent/spawn.h"

#include "runtime/channel.h"
#include "runtime/file.h"
#include "runtime/log.h"
#include "runtime/namespaces.h"
#include "runtime/parent/cgroup.h"
#include "runtime/parent/idmap.h"
#include "runtime/parent/limits.h"
#include "runtime/parent/self_exe.h"
#include "runtime/process.h"
#include "runtime/sys.h"
#include "runtime/timing.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* Bytes. Our image, and a lot of 64 pages that the kernel takes for each processor, are most of it.
 */
#define LITTLE_MEMORY (4 << 20)

/* What the copies of us know besides struct spawn. */
struct birth {
	struct spawn *s;
	int channel; /* the child's end */
	int plan;
	int cgroup;     /* for SYS_CLONE_INTO_CGROUP; -1 */
	uint64_t flags; /* of the clone that makes init without a helper */
	uint64_t late; /* namespaces that such an init makes itself, once it is placed and mapped */
	bool helper;
	bool maps;  /* a user namespace is made: its maps must be written */
	bool place; /* init, or the helper, must be put into its cgroups by pid */
	bool raise; /* what only we can raise, before the first of its children: they inherit it */
	bool waits; /* init, before its re-exec, for what we do from outside */
	const struct spec_cpu_affinity *affinity; /* exec: around its way into the cgroups; NULL */
};

static _Noreturn void fail(const struct birth *b, const struct error *e)
{
	channel_send_error(b->channel, e);
	_exit(1);
}

static int keep_open(int fd)
{
	return fd < 0 ? 0 : fcntl(fd, F_SETFD, 0);
}

static _Noreturn void reexec(const void *data)
{
	const struct birth *b = data;
	char number[16];
	char *args[] = { "ocirun", "init", number, NULL }, *env[] = { NULL };
	struct error e = ERROR_NONE;
	int kept = 0;

	snprintf(number, sizeof(number), "%d", b->plan);
	if (keep_open(b->plan) < 0 || keep_open(b->channel) < 0 ||
	    keep_open(b->s->start_socket) < 0 || keep_open(b->s->init) < 0 ||
	    keep_open(b->s->root) < 0 || keep_open(timing_fd()) < 0)
		kept = -1;
	for (size_t i = 0; i < b->s->plan->joins.n && kept == 0; i++)
		kept = keep_open(b->s->plan->joins.v[i].fd);
	if (kept < 0) {
		error_set(&e, errno, "hand descriptors to the child");
		fail(b, &e);
	}
	if (b->s->plan->maps_late && namespaces_carry_capabilities(true, &e) < 0)
		fail(b, &e);
	sys_execveat(b->s->exe, "", args, env, AT_EMPTY_PATH);
	error_set(&e, errno, "re-exec ourselves inside the container");
	fail(b, &e);
}

static void wait_placed(const struct birth *b)
{
	struct error e = ERROR_NONE;
	struct message m;

	/* Our copy of the parent's end would keep the channel open when the parent dies. */
	fd_close(&b->s->channel);
	if (channel_expect(b->channel, MESSAGE_PLACED, &m, &e) < 0)
		_exit(1);
}

/* The first moments of an init that waits. */
static _Noreturn void init_begins(const struct birth *b)
{
	struct error e = ERROR_NONE;

	wait_placed(b);
	if (b->maps && namespaces_become_root(b->s->plan, -1, &e) < 0)
		fail(b, &e);
	if (b->late && sys_unshare((int)b->late) < 0) {
		error_set(&e, errno, "make the cgroup or ipc namespace");
		fail(b, &e);
	}
	reexec(b);
}

/* The container's mappings, written (idmap_write) or compared (idmap_check). */
static int maps(const struct spawn *s, __typeof__(idmap_write) *what, pid_t pid, struct error *e)
{
	const struct spec_linux *l = s->spec->linux;

	return what(pid, &l->uid_mappings, &l->gid_mappings, e) < 0 ? error_in(e, "linux") : 0;
}

/* What the helper says of init. If it dies instead, init has the other end of the channel, and
 * waits for us. */
static int hear_born(const struct spawn *s, int helper, struct message *m, struct error *e)
{
	struct pollfd either[] = { { .fd = s->channel, .events = POLLIN },
				   { .fd = helper, .events = POLLIN } };

	while (poll(either, 2, -1) < 0)
		if (errno != EINTR)
			return error_call(e, "poll", "wait for the container's init");
	/* It may have spoken and ended between the looks at the two. */
	if (!either[0].revents && poll(either, 1, 0) <= 0)
		return error_set(e, 0, "the helper that makes the container's init has died");
	return channel_expect(s->channel, MESSAGE_BORN, m, e);
}

/* Our side of the helper: write its maps when it asks, learn the pid of init. */
static int serve_helper(struct birth *b, pid_t helper, int pidfd, struct error *e)
{
	const struct spec_linux *l = b->s->spec->linux;
	struct spawn *s = b->s;
	struct message m;

	if (b->maps) {
		if (channel_expect(s->channel, MESSAGE_UNSHARED, &m, e) < 0 ||
		    maps(s, idmap_write, helper, e) < 0)
			return -1;
		if (channel_send(s->channel, MESSAGE_PLACED, helper, -1) < 0)
			return error_set(e, errno, "talk to the helper");
	}
	if (hear_born(s, pidfd, &m, e) < 0)
		return -1;
	/* Who may trace us in a pid namespace that was joined can say this for the helper. */
	s->pidfd = process_open_child(m.value);
	if (s->pidfd < 0)
		return error_set(e, errno, "find the container's init");
	s->pid = m.value;
	if (!b->maps && l->uid_mappings.n && maps(s, idmap_check, s->pid, e) < 0)
		return -1;
	return channel_send(s->channel, MESSAGE_PLACED, s->pid, -1) < 0
		       ? error_set(e, errno, "talk to the container's init")
		       : 0;
}

/* Into its cgroups, with what only we can raise. */
static int put(struct birth *b, pid_t pid, struct error *e)
{
	struct spawn *s = b->s;

	if (b->affinity && limits_affinity(pid, b->affinity->initial, "initial", e) < 0)
		return -1;
	if (s->place && s->place(s->data, pid, e) < 0)
		return -1;
	if (b->place && !s->place && cgroup_place(s->plan, pid, false, e) < 0)
		return -1;
	if (b->affinity && limits_affinity(pid, b->affinity->final, "final", e) < 0)
		return -1;
	return b->raise ? limits_raise(pid, s->spec->process, e) : 0;
}

/* Nobody there: who listens next hears why. */
static int say_placed(struct birth *b, pid_t pid, struct error *e)
{
	return channel_send(b->s->channel, MESSAGE_PLACED, pid, -1) < 0 && errno != EPIPE
		       ? error_set(e, errno, "talk to the container's init")
		       : 0;
}

/* What could not be done to it is an error, unless it has ended: then who listens next hears why. */
static int unless_ended(const struct birth *b, int ms, struct error *e)
{
	if (b->helper || process_wait_end(b->s->pidfd, ms) < 0)
		return -1;
	*e = ERROR_NONE;
	return 0;
}

static int place(struct birth *b, pid_t pid, struct error *e)
{
	struct spawn *s = b->s;
	const bool settles = s->plan->settles, writes = b->maps && !b->helper;
	const bool waits = b->helper ? s->plan->helper_waits : b->waits;
	struct message m;

	if (!settles && put(b, pid, e) < 0)
		return unless_ended(b, 0, e);
	/* While it ends they are no more ours. */
	if (writes && maps(s, idmap_write, pid, e) < 0)
		return unless_ended(b, 100, e);
	if (waits && say_placed(b, pid, e) < 0)
		return -1;
	if (!settles)
		return 0;
	if (channel_expect(s->channel, MESSAGE_LOADED, &m, e) < 0 || put(b, pid, e) < 0)
		return -1;
	return say_placed(b, pid, e);
}

/* Why a namespace could not be made, where it is the host that says no. */
static int clone_failed(const struct birth *b, struct error *e)
{
	if (errno == EBUSY && b->cgroup >= 0)
		return error_set(e, EBUSY, "error adding pid of a new process to cgroups: %s",
				 b->s->plan->cgroups.v[0].path);
	error_call(e, "clone3", "make the container's namespaces (clone3)");
	if (e->code == ENOSPC)
		error_hint(e,
			   "the limit is in /proc/sys/user, max_*_namespaces, or 32 nested ones");
	if (e->code == EACCES && b->cgroup >= 0)
		error_hint(e,
			   "to enter %s takes the right to write cgroup.procs in the lowest "
			   "directory above it and us",
			   b->s->plan->cgroups.v[0].path);
	if (e->code == ENOENT && b->cgroup >= 0)
		error_hint(
			e,
			"%s, or ocirun's own, is outside of the cgroup namespace that ocirun is in",
			b->s->plan->cgroups.v[0].path);
	if (e->code == EPERM && b->maps)
		error_hint(e, "this host lets no plain user make user namespaces, "
			      "or ocirun runs in a chroot");
	return -1;
}

static pid_t clone_child(struct birth *b, struct sys_clone_args *clone)
{
	const bool hides = b->maps && !b->helper && b->s->capabilities && geteuid() == 0 &&
			   prctl(PR_GET_DUMPABLE) == 1;
	pid_t pid;

	if (hides)
		prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	/* One that waits for us in it needs a memory of its own. */
	if (b->waits && !b->s->plan->maps_late)
		pid = sys_clone3(clone);
	else
		pid = sys_clone3_shared(clone, reexec, b);
	const int saved = errno;
	if (hides && pid != 0)
		prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	errno = saved;
	return pid;
}

static int clone_first(struct birth *b, struct error *e)
{
	struct spawn *s = b->s;
	int pidfd = -1;
	struct sys_clone_args clone = { .flags = CLONE_PIDFD | (b->helper ? 0 : b->flags),
					.pidfd = (uintptr_t)&pidfd,
					.exit_signal = SIGCHLD };

	if (b->cgroup >= 0) {
		clone.flags |= SYS_CLONE_INTO_CGROUP;
		clone.cgroup = b->cgroup;
	}
	timing_born();
	struct timing_event *timed = timing_begin(TIMING_STEP, "clone", NULL);
	pid_t pid = clone_child(b, &clone);
	if (pid == 0)
		init_begins(b);
	timing_end(timed, pid < 0 ? -1 : 0);
	if (pid < 0)
		return clone_failed(b, e);
	fd_close(&b->channel);
	if (!b->helper) {
		s->pid = pid;
		s->pidfd = pidfd;
		return place(b, pid, e);
	}
	CLEAN_FD helper = pidfd;
	int result = place(b, pid, e) < 0 ? -1 : serve_helper(b, pid, helper, e);
	if (result < 0)
		sys_pidfd_send_signal(helper, SIGKILL);
	process_reap(pid);
	return result;
}

static bool needs_helper(const struct plan *p)
{
	return p->joins.n || p->new_namespaces & CLONE_NEWTIME;
}

bool spawn_settles(const struct spec *spec, const struct plan *plan)
{
	const struct spec_resources *r = spec->linux->resources;

	return plan->cgroups.n && !needs_helper(plan) && r && r->memory && r->memory->limit &&
	       *r->memory->limit > 0 && *r->memory->limit < LITTLE_MEMORY;
}

int spawn_init(struct spawn *s, struct error *e)
{
	struct birth b = { .s = s, .cgroup = -1 };
	int ends[2];

	s->pid = 0;
	s->pidfd = s->channel = -1;
	if (s->exe < 0)
		s->exe = self_exe_open(e);
	if (s->exe < 0 || channel_pair(ends, e) < 0)
		return -1;
	s->channel = ends[0];
	b.channel = ends[1];
	s->plan->channel = b.channel;
	s->plan->start_socket = s->start_socket;
	s->plan->timing = timing_fd() >= 0 ? timing_fd() : 0;
	s->plan->init = s->init >= 0 ? s->init : 0;
	s->plan->root = s->root >= 0 ? s->root : 0;
	b.maps = s->plan->new_namespaces & CLONE_NEWUSER;
	b.helper = needs_helper(s->plan);
	b.affinity = s->init >= 0 ? s->spec->process->exec_cpu_affinity : NULL;
	b.raise = limits_needed(s->spec->process) || b.affinity;
	/* What decides whether the child is born in its cgroup. */
	s->plan->settles = spawn_settles(s->spec, s->plan);
	CLEAN_FD cgroup = s->place || s->plan->settles || (b.affinity && b.affinity->initial)
				  ? -1
				  : cgroup_open_for_clone(s->plan);
	b.place = s->plan->cgroups.n && cgroup < 0;
	/* Before the clone: what is born in its cgroup is not waited for. */
	if (s->plan->cgroups.n)
		limits_affinity_reset();
	s->plan->helper = b.helper;
	s->plan->helper_waits = b.place || b.raise;
	/* What is raised is so before its hooks, which come after ours, and before its program,
	 * which is not started yet: init need not wait for that, where it stays ours to change
	 * though it is not dumpable. */
	const bool raise_first = b.raise && (s->init >= 0 || s->plan->nested);
	b.waits = !b.helper && (b.maps || (!s->plan->settles && (b.place || raise_first)));
	/* Root opens them whoever's they are; what a plain user's other processes may do to us,
	 * they may anyhow. */
	s->plan->maps_late = !b.helper && b.maps && (s->plan->settles || !b.place) &&
			     (s->privileged || !s->capabilities);
	CLEAN_FD plan = plan_seal(s->arena, s->plan, e);
	int result = -1;
	if (plan >= 0) {
		b.plan = plan;
		b.cgroup = cgroup;
		/* A cgroup namespace's root is the cgroup it is made in; the files of an ipc
		 * namespace's mqueue are its maker's, who has an id only when there are maps. */
		b.late = s->plan->new_namespaces &
			 ((b.place ? CLONE_NEWCGROUP : 0) | (b.maps ? CLONE_NEWIPC : 0));
		b.flags = s->plan->new_namespaces & ~(CLONE_NEWTIME | b.late);
		if (s->plan->settles)
			b.late &= ~(uint64_t)CLONE_NEWCGROUP;
		result = clone_first(&b, e);
	}
	fd_close(&b.channel);
	return result;
}
