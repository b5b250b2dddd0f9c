/*
 * run: create, start, wait, delete, in one process. In the foreground it stands for the container:
 * it forwards signals, passes the terminal's bytes, reaps whatever falls to it, and ends with the
 * program's exit code.
 */
#include "runtime/parent/run.h"
#include "runtime/file.h"
#include "runtime/parent/console.h"
#include "runtime/parent/destroy.h"
#include "runtime/parent/notify.h"
#include "runtime/parent/oom.h"
#include "runtime/parent/start.h"
#include "runtime/sys.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

struct foreground {
	struct creation *c;
	struct console console;
	bool terminal;
	int signals;   /* signalfd */
	int exit_code; /* -1: init lives */
};

/* Not ours to forward: they tell us of our children, our terminal, or our own faults. */
static bool forwarded(int signal)
{
	static const int own[] = { SIGCHLD, SIGWINCH, SIGURG, SIGPIPE, SIGSEGV, SIGBUS,
				   SIGILL,  SIGFPE,   SIGSYS, SIGTRAP, SIGABRT };

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (signal == own[i])
			return false;
	return true;
}

static int open_signals(struct error *e)
{
	sigset_t set;

	sigemptyset(&set);
	for (int s = 1; s < NSIG; s++)
		if (forwarded(s) || s == SIGCHLD || s == SIGWINCH)
			sigaddset(&set, s);
	/* Written to a closed pipe we want the error. The child has reset this for itself by now. */
	signal(SIGPIPE, SIG_IGN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? error_set(e, errno, "listen for signals") : fd;
}

static void reap(struct foreground *f)
{
	int status;

	/* All that has ended, orphans too; after init nobody is waited for. */
	for (pid_t pid; f->exit_code < 0 && (pid = waitpid(-1, &status, WNOHANG)) > 0;)
		if (pid == f->c->spawn.pid)
			f->exit_code =
				WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void handle_signals(struct foreground *f)
{
	struct signalfd_siginfo info;

	while (f->exit_code < 0 && read(f->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			reap(f);
		else if (info.ssi_signo == SIGWINCH && f->terminal)
			console_resize(&f->console);
		else if (forwarded((int)info.ssi_signo))
			sys_pidfd_send_signal(f->c->spawn.pidfd, (int)info.ssi_signo);
	}
}

/* We stay, and stay the one to watch: nothing to be said of that. */
static void handle_notify(struct foreground *f)
{
	if (f->c->notify < 0 || !notify_is_ready(f->c->notify))
		return;
	notify_ready(f->c->o->notify_socket, 0);
	/* Who goes on talking is told that nobody listens, before a full queue holds it up. */
	fd_close(&f->c->notify);
}

/* `events`: the signals; with them what the container says, if somebody waits for that. */
static void wait_exit(struct foreground *f, int events)
{
	struct pollfd p = { .fd = events, .events = POLLIN };

	while (f->exit_code < 0)
		if (f->terminal ? console_turn(&f->console, events) : poll(&p, 1, -1) > 0) {
			handle_notify(f);
			handle_signals(f);
		}
}

static void wait_both(struct foreground *f)
{
	struct epoll_event in = { .events = EPOLLIN };
	CLEAN_FD both = epoll_create1(EPOLL_CLOEXEC);
	char line[128];

	if (both >= 0 && epoll_ctl(both, EPOLL_CTL_ADD, f->signals, &in) == 0 &&
	    epoll_ctl(both, EPOLL_CTL_ADD, f->c->notify, &in) == 0) {
		wait_exit(f, both);
		return;
	}
	snprintf(line, sizeof(line), "NOTIFY_SOCKET: listen for the container: %s",
		 strerrordesc_np(errno));
	container_warn(line);
	wait_exit(f, f->signals);
}

/* The container's process is gone or never came: remove what is left, unless it is to be kept. */
static int finish(struct foreground *f, bool keep, struct error *e)
{
	struct error ignored = ERROR_NONE;

	if (keep)
		return 0;
	if (f->exit_code >= 0)
		f->c->state.record.init.pid = 0; /* reaped: nothing to look for */
	/* Another may have deleted it meanwhile: fine. */
	if (state_relock(&f->c->state, 10000, &ignored) < 0)
		return 0;
	return destroy(&f->c->state, true, e);
}

static int run_foreground(struct foreground *f, creation_fn *start, int *exit_code, struct error *e)
{
	struct creation *c = f->c;

	CLEAN_FD signals = open_signals(e);
	if (signals < 0)
		return -1;
	f->signals = signals;
	f->terminal = c->terminal >= 0;
	if (f->terminal)
		console_begin(&f->console, fd_take(&c->terminal));
	int result = start(c, e);
	if (result == 0) {
		/* Not while we wait: kill, delete --force and others may write now. */
		state_unlock(&c->state);
		if (f->c->notify < 0)
			wait_exit(f, f->signals);
		else
			wait_both(f);
		oom_tell(&c->state, f->exit_code);
		*exit_code = f->exit_code;
	}
	if (f->terminal)
		console_end(&f->console);
	return result;
}

static int run_detached(struct foreground *f, creation_fn *start, struct error *e)
{
	struct creation *c = f->c;

	if (start(c, e) < 0)
		return -1;
	if (c->notify >= 0) {
		state_unlock(&c->state);
		notify_wait(c->notify, c->spawn.pidfd, c->o->notify_socket, c->spawn.pid);
	}
	return 0;
}

int run_creation(struct creation *c, creation_fn *begin, creation_fn *start, int *exit_code,
		 struct error *e)
{
	const struct create_options *o = c->o;
	struct foreground f = { .c = c, .exit_code = -1 };
	struct error ignored = ERROR_NONE;

	*exit_code = 0;
	/* Before the clone, so that a container's orphans fall to us and not to init. */
	if (!o->detach && !o->no_subreaper && prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		return error_set(e, errno, "become a subreaper");
	if (begin(c, e) < 0)
		return -1;
	int result =
		o->detach ? run_detached(&f, start, e) : run_foreground(&f, start, exit_code, e);
	if (result < 0)
		(void)!finish(&f, false, &ignored);
	else if (!o->detach)
		result = finish(&f, o->keep, e);
	if (result < 0 && o->pid_file && *o->pid_file)
		unlink(o->pid_file);
	creation_close(c);
	return result;
}

static int start(struct creation *c, struct error *e)
{
	if (c->bundle.spec->process)
		return c->bundle.plan->notify && notify_listen(&c->state, &c->notify, e) < 0
			       ? -1
			       : start_locked(&c->state, e);
	error_set(e, 0, "config.json has none to start");
	return error_in(e, "process");
}

int container_run(const struct create_options *o, int *exit_code, struct error *e)
{
	struct creation c = CREATION(o, !o->detach);

	return run_creation(&c, creation_begin, start, exit_code, e);
}
