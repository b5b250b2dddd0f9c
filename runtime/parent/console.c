/* See console.h. */
#include "runtime/parent/console.h"

#include "runtime/channel.h"
#include "runtime/file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int console_connect(const char *path, struct error *e)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	CLEAN_FD at = -1;

	/* Longer than a socket address holds: by descriptor. */
	if (strlen(path) >= sizeof(address.sun_path)) {
		at = open(path, O_PATH | O_CLOEXEC);
		snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d", at);
	} else {
		memcpy(address.sun_path, path, strlen(path) + 1);
	}
	CLEAN_FD fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		error_set(e, errno, "connect to %s", path);
		return error_in(e, "--console-socket");
	}
	return fd_take(&fd);
}

int console_send(int socket, int master, struct error *e)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	char name[] = "/dev/ptmx";
	struct iovec part = { name, sizeof(name) - 1 };
	struct msghdr m = { .msg_iov = &part,
			    .msg_iovlen = 1,
			    .msg_control = control.bytes,
			    .msg_controllen = sizeof(control.bytes) };

	control.header = (struct cmsghdr){ CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS };
	memcpy(CMSG_DATA(&control.header), &master, sizeof(master));
	if (sendmsg(socket, &m, MSG_NOSIGNAL) < 0) {
		error_set(e, errno, "send the terminal");
		return error_in(e, "--console-socket");
	}
	return 0;
}

void console_begin(struct console *c, int master)
{
	*c = (struct console){ .master = master, .input = true, .output = true };
	console_resize(c);
	if (tcgetattr(STDIN_FILENO, &c->before) == 0) {
		struct termios raw = c->before;
		cfmakeraw(&raw);
		c->raw = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
	}
}

void console_resize(const struct console *c)
{
	struct winsize size;

	/* A terminal of size 0 knows nothing; then consoleSize stays. */
	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row && size.ws_col)
		ioctl(c->master, TIOCSWINSZ, &size);
}

/* Our terminal is gone: so is the container's. */
static void hang_up(struct console *c)
{
	c->output = false;
	fd_close(&c->master);
}

void console_pass_input(struct console *c)
{
	char bytes[4096];
	ssize_t n = read(STDIN_FILENO, bytes, sizeof(bytes));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n > 0 && write_all(c->master, bytes, n) == 0)
		return;
	/* The end of a pipe is the end of the terminal's input: what ^D says. */
	c->input = false;
	if (c->raw)
		hang_up(c);
	else if (n == 0)
		(void)!write(c->master, "\004", 1);
}

void console_pass_output(struct console *c)
{
	char bytes[8192];
	ssize_t n = read(c->master, bytes, sizeof(bytes));

	/* EIO: nobody has the other end open. */
	if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
		c->output = false;
	if (n > 0 && write_all(STDOUT_FILENO, bytes, n) < 0)
		c->output = false;
}

void console_end(struct console *c)
{
	struct pollfd p = { .fd = c->master, .events = POLLIN };

	while (c->output && poll(&p, 1, 0) > 0 && p.revents & POLLIN)
		console_pass_output(c);
	if (c->raw)
		tcsetattr(STDIN_FILENO, TCSANOW, &c->before);
	fd_close(&c->master);
}
