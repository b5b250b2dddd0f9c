/* See process.h. */
#include "runtime/process.h"

#include "runtime/file.h"
#include "runtime/sys.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* State letter and start time from /proc/PID/stat. The name in parentheses may hold anything, so
 * count from the last ')'. */
static int read_stat(pid_t pid, char *state, uint64_t *start_time)
{
	char path[32], text[1024];

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	CLEAN_FD fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		errno = errno == ENOENT ? ESRCH : errno;
		return -1;
	}
	ssize_t n = read(fd, text, sizeof(text) - 1);
	if (n <= 0) {
		errno = n < 0 ? errno : ESRCH;
		return -1;
	}
	text[n] = 0;
	char *at = strrchr(text, ')');
	if (!at || at[1] != ' ' || !at[2]) {
		errno = EPROTO;
		return -1;
	}
	*state = at[2];
	at += 2;
	for (int field = 3; field < 22; field++) { /* proc(5): state is field 3, starttime 22 */
		at = strchr(at + 1, ' ');
		if (!at) {
			errno = EPROTO;
			return -1;
		}
	}
	*start_time = strtoull(at + 1, NULL, 10);
	return 0;
}

int process_identify(pid_t pid, struct record_process *p)
{
	char state;

	p->pid = pid;
	return read_stat(pid, &state, &p->start_time);
}

int process_alive(const struct record_process *p)
{
	uint64_t start_time;
	char state;

	if (p->pid <= 0)
		return 0;
	if (read_stat(p->pid, &state, &start_time) < 0)
		return errno == ESRCH ? 0 : -1;
	return start_time == p->start_time && state != 'Z' && state != 'X';
}

/* No process has this number. Linux says so in other words where it is still that of a session, a
 * process group or a thread: EINVAL, and ENOENT from 6.15 on. */
static int open_pid(pid_t pid)
{
	int fd = sys_pidfd_open(pid);

	if (fd < 0 && (errno == EINVAL || errno == ENOENT))
		errno = ESRCH;
	return fd;
}

int process_open(const struct record_process *p)
{
	if (p->pid <= 0) {
		errno = ESRCH;
		return -1;
	}
	CLEAN_FD fd = open_pid(p->pid);
	if (fd < 0)
		return -1;
	/* Looked at after the open: if it is ours now, the pidfd can't be another's. */
	const int alive = process_alive(p);
	if (alive == 0)
		errno = ESRCH;
	if (alive <= 0)
		return -1;
	return fd_take(&fd);
}

int process_open_child(pid_t pid)
{
	siginfo_t ignored;
	CLEAN_FD fd = sys_pidfd_open(pid);

	if (fd < 0 || waitid(P_PIDFD, (id_t)fd, &ignored, WEXITED | WNOHANG | WNOWAIT) < 0)
		return -1;
	return fd_take(&fd);
}

int process_write_pid(const char *file, pid_t pid, struct error *e)
{
	char number[16];

	if (!file || !*file)
		return 0;
	/* Callers convert the whole file. */
	int n = snprintf(number, sizeof(number), "%d", pid);
	if (file_make(file, number, n, 0644) == 0)
		return 0;
	return file_replace_at(AT_FDCWD, file, number, n, 0644, e) < 0 ? error_in(e, "--pid-file")
								       : 0;
}

int process_wait_end(int pidfd, int ms)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	int n;

	do
		n = poll(&p, 1, ms);
	while (n < 0 && errno == EINTR);
	if (n == 0)
		errno = ETIMEDOUT;
	return n > 0 ? 0 : -1;
}

int process_reap(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int process_reap_ending(pid_t pid, int pidfd)
{
	if (process_wait_end(pidfd, 1000) < 0)
		sys_pidfd_send_signal(pidfd, SIGKILL);
	return process_reap(pid);
}

const char *process_signal_text(int signal, char text[static PROCESS_SIGNAL_TEXT])
{
	const char *what = sigdescr_np(signal);

	if (what)
		snprintf(text, PROCESS_SIGNAL_TEXT, "killed by signal %d (%c%s)", signal,
			 tolower((unsigned char)what[0]), what + 1);
	else
		snprintf(text, PROCESS_SIGNAL_TEXT, "killed by signal %d", signal);
	return text;
}
