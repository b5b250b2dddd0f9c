/* See trace.h. */
#include "tests/crash/trace.h"

#include "tests/crash/machine.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PROCESSES_MAX 64
#define CALLS_MAX 1024
#define SETTLE_MS 3000 /* for what a command leaves */

enum {
	OPTIONS = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
		  PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL
};

struct process {
	pid_t pid;
	char role[24];
	bool began;      /* it is the program by now */
	bool waiting;    /* stopped, until its maker has told of it */
	bool letting_go; /* at its next stop */
	bool failing;    /* in the call that shall fail */
	unsigned children;
	unsigned short counts[CALLS_MAX];
};

struct run {
	struct trace *t;
	struct stat program;
	pid_t root;
	bool ended; /* the root */
	bool done;  /* the point */
	int64_t end;
	size_t n;
	struct process v[PROCESSES_MAX];
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

/* --- starting ------------------------------------------------------------------------------- */

static _Noreturn void become(const struct command *c, int go)
{
	char byte;

	if (go >= 0 && read(go, &byte, 1) != 1)
		_exit(126);
	setsid();
	if (dup2(c->in, 0) < 0 || dup2(c->out, 1) < 0 || dup2(c->err, 2) < 0)
		_exit(126);
	syscall(SYS_close_range, 3, ~0U, 0);
	if (c->user && (setgroups(0, NULL) < 0 || setresgid(c->user, c->user, c->user) < 0 ||
			setresuid(c->user, c->user, c->user) < 0))
		_exit(126);
	execv(c->argv[0], c->argv);
	_exit(127);
}

/* Orphans come to us, and the end of a pid namespace waits until they are reaped. */
static void reap_others(pid_t pid)
{
	siginfo_t info = { 0 };

	while (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid &&
	       info.si_pid != pid) {
		waitpid(info.si_pid, NULL, 0);
		info.si_pid = 0;
	}
}

int command_run(const struct command *c)
{
	int status = -1;
	const pid_t pid = fork();

	if (pid < 0)
		err(2, "fork");
	if (pid == 0)
		become(c, -1);
	struct pollfd p = { .fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN };
	const int64_t end = now_ms() + c->seconds * 1000LL;
	bool ended = false;
	while (!ended && now_ms() < end) {
		ended = poll(&p, 1, 5) > 0;
		reap_others(pid);
	}
	close(p.fd);
	if (!ended)
		kill(pid, SIGKILL);
	if (waitpid(pid, &status, 0) != pid)
		err(2, "waitpid");
	return ended ? status : -1;
}

static struct process *add(struct run *r, pid_t pid)
{
	if (r->n == PROCESSES_MAX)
		errx(2, "more than %d processes", PROCESSES_MAX);
	r->v[r->n] = (struct process){ .pid = pid, .began = pid != r->root };
	return &r->v[r->n++];
}

static struct process *find(struct run *r, pid_t pid)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->v[i].pid == pid)
			return &r->v[i];
	return NULL;
}

static void forget(struct run *r, struct process *p)
{
	*p = r->v[--r->n];
}

/* --- stops ---------------------------------------------------------------------------------- */

static void trouble(struct run *r, const struct process *p, const char *what)
{
	char path[64], call[128] = "";

	if (r->t->trouble[0])
		return;
	snprintf(path, sizeof(path), "/proc/%d/syscall", p->pid);
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	const ssize_t n = fd < 0 ? 0 : read(fd, call, sizeof(call) - 1);
	close(fd);
	call[n < 0 ? 0 : n] = 0;
	snprintf(r->t->trouble, sizeof(r->t->trouble), "%s %s, in %s", p->role, what,
		 call[0] ? point_call(atoi(call)) : "?");
}

/* Is this role's every call of interest? */
static bool watched(const struct run *r, const struct process *p)
{
	if (!p->began)
		return false;
	return r->t->point ? !r->done && !strcmp(p->role, r->t->point->role) : true;
}

static void go_on(struct run *r, struct process *p, int signal)
{
	ptrace(watched(r, p) || p->failing ? PTRACE_SYSCALL : PTRACE_CONT, p->pid, 0, (long)signal);
}

static void let_go(struct run *r, struct process *p)
{
	ptrace(PTRACE_DETACH, p->pid, 0, 0);
	forget(r, p);
}

/* A copy of the program, or the program, from a descriptor or a file? */
static bool is_program(const struct run *r, pid_t pid)
{
	char path[64], link[64] = "";
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	if (stat(path, &st) == 0 && st.st_dev == r->program.st_dev &&
	    st.st_ino == r->program.st_ino)
		return true;
	(void)!readlink(path, link, sizeof(link) - 1);
	return !strncmp(link, "/memfd:", 7);
}

static void born(struct run *r, struct process *maker)
{
	unsigned long pid = 0;

	ptrace(PTRACE_GETEVENTMSG, maker->pid, 0, &pid);
	struct process *p = find(r, (pid_t)pid);
	if (!p)
		p = add(r, (pid_t)pid);
	maker->children++;
	if (strcmp(maker->role, "parent") != 0)
		snprintf(p->role, sizeof(p->role), "%.18s.%u", maker->role, maker->children);
	else if (maker->children == 1)
		snprintf(p->role, sizeof(p->role), "child");
	else
		snprintf(p->role, sizeof(p->role), "child%u", maker->children);
	if (p->waiting) {
		p->waiting = false;
		go_on(r, p, 0);
	}
	go_on(r, maker, 0);
}

static void call_begins(struct run *r, struct process *p, int call)
{
	const struct point *point = r->t->point;
	const unsigned nth = call >= 0 && call < CALLS_MAX ? ++p->counts[call] : 0;

	if (!point) {
		struct point here = { .call = call, .nth = nth };
		snprintf(here.role, sizeof(here.role), "%s", p->role);
		points_add(&r->t->calls, &here);
	} else if (watched(r, p) && call == point->call && nth == point->nth) {
		r->done = r->t->reached = true;
		if (point->error == POINT_KILL) {
			kill(p->pid, SIGKILL);
			return;
		}
		p->failing = true;
		if (!point_is_late(point))
			machine_skip_call(p->pid);
	}
	go_on(r, p, 0);
}

static void call_stop(struct run *r, struct process *p)
{
	struct __ptrace_syscall_info info = { 0 };

	ptrace(PTRACE_GET_SYSCALL_INFO, p->pid, sizeof(info), &info);
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
		call_begins(r, p, (int)info.entry.nr);
		return;
	}
	if (p->failing) {
		p->failing = false;
		machine_set_result(p->pid, -(long)r->t->point->error);
	}
	go_on(r, p, 0);
}

static bool is_crash(int signal)
{
	return signal == SIGSEGV || signal == SIGBUS || signal == SIGILL || signal == SIGFPE ||
	       signal == SIGABRT || signal == SIGSYS || signal == SIGTRAP;
}

static bool is_stop(int signal)
{
	return signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

static void stopped(struct run *r, struct process *p, int status)
{
	const int signal = WSTOPSIG(status), event = status >> 16;

	/* Any stop takes the place of the one that was asked for. */
	if (p->letting_go) {
		let_go(r, p);
	} else if (event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK ||
		   event == PTRACE_EVENT_CLONE) {
		born(r, p);
	} else if (event == PTRACE_EVENT_EXEC) {
		p->began = true;
		if (is_program(r, p->pid))
			go_on(r, p, 0);
		else
			let_go(r, p);
	} else if (event == PTRACE_EVENT_STOP && !p->role[0]) {
		p->waiting = true;
	} else if (event == PTRACE_EVENT_STOP && is_stop(signal)) {
		ptrace(PTRACE_LISTEN, p->pid, 0, 0);
	} else if (event) {
		go_on(r, p, 0);
	} else if (signal == (SIGTRAP | 0x80)) {
		call_stop(r, p);
	} else {
		if (is_crash(signal))
			trouble(r, p, strsignal(signal));
		go_on(r, p, signal);
	}
}

/* --- the loop ------------------------------------------------------------------------------- */

/* An init that waits for start lives on, and is let go. */
static bool waits_for_start(pid_t pid)
{
	char path[64], text[32] = "";

	snprintf(path, sizeof(path), "/proc/%d/syscall", pid);
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	const ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
	close(fd);
	return n > 0 && text[0] != 'r' && (atoi(text) == SYS_accept4 || atoi(text) == SYS_accept);
}

static void look(struct run *r)
{
	const bool late = now_ms() > r->end;

	for (size_t i = 0; i < r->n; i++) {
		struct process *p = &r->v[i];
		if (late) {
			trouble(r, p, r->ended ? "lives on" : "hangs");
			kill(p->pid, SIGKILL);
		} else if (r->ended && !p->letting_go && waits_for_start(p->pid)) {
			p->letting_go = ptrace(PTRACE_INTERRUPT, p->pid, 0, 0) == 0;
		}
	}
}

static void one(struct run *r, pid_t pid, int status)
{
	struct process *p = find(r, pid);

	if (WIFSTOPPED(status)) {
		stopped(r, p ? p : add(r, pid), status);
		return;
	}
	if (pid == r->root) {
		r->ended = true;
		r->t->status = status;
		r->end = now_ms() + SETTLE_MS;
	}
	if (p)
		forget(r, p);
}

static void nothing(int signal)
{
	(void)signal;
}

static void loop(struct run *r)
{
	const struct sigaction on = { .sa_handler = nothing }, off = { .sa_handler = SIG_DFL };
	const struct itimerval tick = { { 0, 3000 }, { 0, 3000 } }, none = { 0 };
	int status;

	sigaction(SIGALRM, &on, NULL);
	setitimer(ITIMER_REAL, &tick, NULL);
	while (r->n || !r->ended) {
		const pid_t pid = waitpid(-1, &status, __WALL);
		if (pid > 0)
			one(r, pid, status);
		else if (errno != EINTR)
			err(2, "waitpid");
		if (pid < 0 || r->ended)
			look(r);
	}
	setitimer(ITIMER_REAL, &none, NULL);
	sigaction(SIGALRM, &off, NULL);
}

void trace_run(const struct command *c, struct trace *t)
{
	static struct run r;
	int go[2];

	r = (struct run){ .t = t, .end = now_ms() + c->seconds * 1000LL };
	if (stat(c->program, &r.program) < 0 || pipe2(go, O_CLOEXEC) < 0)
		err(2, "%s", c->program);
	r.root = fork();
	if (r.root < 0)
		err(2, "fork");
	if (r.root == 0)
		become(c, go[0]);
	snprintf(add(&r, r.root)->role, sizeof(r.v[0].role), "parent");
	if (ptrace(PTRACE_SEIZE, r.root, 0, (long)OPTIONS) < 0)
		err(2, "ptrace");
	struct process *init = t->also > 0 ? add(&r, t->also) : NULL;
	if (init) {
		snprintf(init->role, sizeof(init->role), "init");
		if (ptrace(PTRACE_SEIZE, t->also, 0, (long)OPTIONS) < 0)
			err(2, "ptrace init");
		ptrace(PTRACE_INTERRUPT, t->also, 0, 0);
	}
	(void)!write(go[1], "", 1);
	close(go[0]);
	close(go[1]);
	loop(&r);
}
