/* See foreground.h. */
#include "runtime/parent/foreground.h"

#include "runtime/file.h"
#include "runtime/parent/container.h"
#include "runtime/sys.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

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
	for (pid_t pid; f->exit_code < 0 &&
			((pid = waitpid(-1, &status, WNOHANG)) > 0 || (pid < 0 && errno == EINTR));)
		if (pid == f->pid)
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
			sys_pidfd_send_signal(f->pidfd, (int)info.ssi_signo);
	}
}

/* `events`: the signals, and `other` with them. */
static void wait_exit(struct foreground *f, int events)
{
	struct pollfd p = { .fd = events, .events = POLLIN };

	if (f->runs)
		reap(f);
	while (f->exit_code < 0)
		if (f->terminal ? console_turn(&f->console, events) : poll(&p, 1, -1) > 0) {
			if (f->other >= 0)
				f->heard(f->data);
			handle_signals(f);
		}
}

void foreground_wait(struct foreground *f)
{
	struct epoll_event in = { .events = EPOLLIN };
	CLEAN_FD both = f->other < 0 ? -1 : epoll_create1(EPOLL_CLOEXEC);
	char line[128];

	if (f->other < 0) {
		wait_exit(f, f->signals);
	} else if (both >= 0 && epoll_ctl(both, EPOLL_CTL_ADD, f->signals, &in) == 0 &&
		   epoll_ctl(both, EPOLL_CTL_ADD, f->other, &in) == 0) {
		wait_exit(f, both);
	} else {
		snprintf(line, sizeof(line), "NOTIFY_SOCKET: listen for the container: %s",
			 error_why(errno));
		container_warn(line);
		wait_exit(f, f->signals);
	}
}

int foreground_begin(struct foreground *f, int master, struct error *e)
{
	CLEAN_FD terminal = master;

	f->exit_code = -1;
	f->signals = open_signals(e);
	f->terminal = terminal >= 0;
	if (f->signals < 0)
		return -1;
	if (f->terminal)
		console_begin(&f->console, fd_take(&terminal));
	return 0;
}

void foreground_end(struct foreground *f)
{
	fd_close(&f->signals);
	if (f->terminal)
		console_end(&f->console);
}
