/* See notify.h. */
#include "runtime/parent/notify.h"

#include "runtime/file.h"
#include "runtime/parent/container.h"
#include "runtime/plan.h"
#include "runtime/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define MESSAGES_MAX 64  /* at once: who floods us must not keep us from signals and the end */
#define BARRIER_MS 30000 /* as sd_notify_barrier(3) is called elsewhere */

int notify_prepare(const struct state *s, struct error *e)
{
	/* Not closed to those whose ids are mapped; the state directory is, to all others. */
	if (mkdirat(s->directory, NOTIFY_DIRECTORY, 0700) < 0 ||
	    fchmodat(s->directory, NOTIFY_DIRECTORY, 0755, 0) < 0)
		return error_set(e, errno, "make the directory of the container's NOTIFY_SOCKET");
	return 0;
}

int notify_listen(const struct state *s, int *fd, struct error *e)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	CLEAN_FD at = openat(s->directory, NOTIFY_DIRECTORY,
			     O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	*fd = -1;
	if (at < 0 && errno == ENOENT)
		return 0;
	CLEAN_FD listening = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/" NOTIFY_SOCKET, at);
	if (at >= 0)
		unlinkat(at, NOTIFY_SOCKET, 0);
	/* For every user of the container; not by chmod, which follows links. */
	mode_t ours = umask(0);
	int bound = at < 0 || listening < 0
			    ? -1
			    : bind(listening, (struct sockaddr *)&address, sizeof(address));
	umask(ours);
	if (bound < 0)
		return error_set(e, errno, "listen at the container's NOTIFY_SOCKET");
	*fd = fd_take(&listening);
	return 0;
}

static bool says_ready(const char *message)
{
	for (const char *line = message; *line; line += strspn(line, "\n")) {
		size_t n = strcspn(line, "\n");
		if (n == strlen("READY=1") && !strncmp(line, "READY=1", n))
			return true;
		line += n;
	}
	return false;
}

bool notify_is_ready(int fd)
{
	char message[4096 + 1];
	ssize_t n;

	/* Descriptors that come along are closed by the kernel, there is no room for them. */
	for (int i = 0; i < MESSAGES_MAX; i++) {
		n = recv(fd, message, sizeof(message) - 1, MSG_DONTWAIT);
		if (n < 0)
			return false;
		message[n] = 0;
		if (says_ready(message))
			return true;
	}
	return false;
}

/* An abstract name begins with '@'; it ends where its text does. */
static int connect_host(const char *host)
{
	const struct timeval limit = { .tv_sec = SOCKET_PATIENCE_MS / 1000 };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t n = strlen(host);
	CLEAN_FD fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) < 0)
		return -1;
	if (n >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(address.sun_path, host, n + 1);
	if (host[0] == '@')
		address.sun_path[0] = 0;
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + (host[0] != '@'));
	return connect(fd, (struct sockaddr *)&address, size) < 0 ? -1 : fd_take(&fd);
}

/* The reader closes our pipe when it has understood all that came before. */
static void wait_understood(int host)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return;
	CLEAN_FD from = ends[0];
	CLEAN_FD to = ends[1];
	if (socket_pass(host, "BARRIER=1", strlen("BARRIER=1"), to) < 0)
		return;
	fd_close(&to);
	(void)poll(&(struct pollfd){ .fd = from }, 1, BARRIER_MS);
}

void notify_ready(const char *host, int pid)
{
	char message[64], line[256];
	CLEAN_FD fd = connect_host(host);
	int n = pid ? snprintf(message, sizeof(message), "MAINPID=%d\nREADY=1", pid)
		    : snprintf(message, sizeof(message), "READY=1");

	if (fd < 0 || socket_pass(fd, message, (size_t)n, -1) < 0) {
		snprintf(line, sizeof(line), "NOTIFY_SOCKET: tell %.107s: %s", host,
			 error_why(errno));
		container_warn(line);
	} else if (pid) {
		wait_understood(fd);
	}
}

void notify_wait(int fd, int init, const char *host, int pid)
{
	struct pollfd p[2] = { { .fd = fd, .events = POLLIN }, { .fd = init, .events = POLLIN } };

	for (;;) {
		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return;
		if (notify_is_ready(fd)) {
			notify_ready(host, pid);
			return;
		}
		if (p[1].revents)
			return;
	}
}
