/* See socket.h. */
#include "runtime/socket.h"

#include "runtime/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

/* What the limit's end looks like. */
static int timed_out(void)
{
	return errno == EAGAIN ? ETIMEDOUT : errno;
}

int socket_connect(const char *path, int ms, struct error *e)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const struct timeval limit = { ms / 1000, ms % 1000 * 1000 };
	CLEAN_FD at = -1;

	/* Longer than a socket address holds: by descriptor. */
	if (strlen(path) >= sizeof(address.sun_path)) {
		at = open(path, O_PATH | O_CLOEXEC);
		snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d", at);
	} else {
		memcpy(address.sun_path, path, strlen(path) + 1);
	}
	CLEAN_FD fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) < 0 ||
	    connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return error_set(e, timed_out(), "connect to %s", path);
	return fd_take(&fd);
}

ssize_t socket_pass(int socket, const void *bytes, size_t n, int fd)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec part = { (void *)bytes, n };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1 };
	ssize_t done;

	if (fd >= 0) {
		m.msg_control = control.bytes;
		m.msg_controllen = sizeof(control.bytes);
		control.header = (struct cmsghdr){ CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS };
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	}
	do
		done = sendmsg(socket, &m, MSG_NOSIGNAL);
	while (done < 0 && errno == EINTR);
	if (done < 0)
		errno = timed_out();
	return done;
}

/* The descriptor in a control message; more than one can't come, the buffer has room for one. */
static int passed_descriptor(struct msghdr *m)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(m);
	int fd = -1;

	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
	    c->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}

ssize_t socket_take(int socket, void *bytes, size_t n, int *fd)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec part = { bytes, n };
	struct msghdr m = { .msg_iov = &part,
			    .msg_iovlen = 1,
			    .msg_control = control.bytes,
			    .msg_controllen =
				    CMSG_LEN(sizeof(int)) /* one: CMSG_SPACE has room for two */ };
	ssize_t got;

	/* ECONNRESET says, once, that the other side ended without reading all of ours: what it
	 * said before that is still to be heard. */
	do
		got = recvmsg(socket, &m, MSG_CMSG_CLOEXEC);
	while (got < 0 && (errno == EINTR || errno == ECONNRESET));
	*fd = got < 0 ? -1 : passed_descriptor(&m);
	/* One came, and could not be taken: no number was left for it. */
	if (got >= 0 && *fd < 0 && m.msg_flags & MSG_CTRUNC) {
		errno = EMFILE;
		return -1;
	}
	return got;
}
