/* See console.h. */
#include "runtime/parent/console.h"

#include "runtime/file.h"
#include "runtime/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

int console_connect(bool terminal, bool foreground, const char *socket, int *fd, struct error *e)
{
	if (terminal && !foreground && !socket) {
		error_set(e, 0,
			  "cannot allocate tty if runc will detach without setting console socket");
		error_hint(e, "--console-socket names the socket that gets the terminal");
		return error_in(e, "process.terminal");
	}
	if (socket && (foreground || !terminal)) {
		error_set(e, 0,
			  "cannot use console socket if runc will not detach or allocate tty");
		return error_hint(e, "process.terminal is %s", terminal ? "true" : "false");
	}
	if (socket)
		*fd = socket_connect(socket, SOCKET_PATIENCE_MS, e);
	return socket && *fd < 0 ? error_in(e, "--console-socket") : 0;
}

int console_send(int socket, int master, struct error *e)
{
	static const char name[] = "/dev/ptmx";

	if (socket_pass(socket, name, sizeof(name) - 1, master) < 0) {
		error_set(e, errno, "send the terminal");
		return error_in(e, "--console-socket");
	}
	return 0;
}

int pidfd_connect(const char *socket, const char *place, int *fd, struct error *e)
{
	if (!socket)
		return 0;
	*fd = socket_connect(socket, SOCKET_PATIENCE_MS, e);
	return *fd < 0 ? error_in(e, "%s", place) : 0;
}

int pidfd_send(int socket, const char *kind, int pidfd, struct error *e)
{
	if (socket < 0 || socket_pass(socket, kind, strlen(kind), pidfd) >= 0)
		return 0;
	error_set(e, errno, "send the pidfd");
	return error_in(e, "--pidfd-socket");
}

/*
 * To our terminal the bytes go as they are. A pipe or a file gets lines without carriage returns,
 * and our terminal goes on making lines of what others write to it, a pager perhaps.
 */
static void plain_lines(int master)
{
	struct termios t;

	if (tcgetattr(master, &t) == 0) {
		t.c_oflag &= ~(tcflag_t)ONLCR;
		tcsetattr(master, TCSANOW, &t);
	}
}

void console_begin(struct console *c, int master)
{
	bool shown = isatty(STDOUT_FILENO);

	*c = (struct console){ .master = master, .input = true, .output = true };
	/* The master's description is ours alone; those of stdin and stdout are the caller's too,
	 * and stay as they are. */
	fcntl(master, F_SETFL, O_RDWR | O_NONBLOCK);
	console_resize(c);
	if (!shown)
		plain_lines(master);
	if (tcgetattr(STDIN_FILENO, &c->before) == 0) {
		struct termios raw = c->before;
		cfmakeraw(&raw);
		if (!shown)
			raw.c_oflag = c->before.c_oflag;
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
	c->input = c->output = false;
	fd_close(&c->master);
}

static bool later(void)
{
	return errno == EINTR || errno == EAGAIN;
}

/* Fill an empty buffer; false at the end. */
static bool fill(struct console_buffer *b, int fd)
{
	ssize_t n = read(fd, b->bytes, sizeof(b->bytes));

	b->from = 0;
	b->to = n > 0 ? (size_t)n : 0;
	return n > 0 || (n < 0 && later());
}

static bool drain(struct console_buffer *b, int fd)
{
	ssize_t n = write(fd, b->bytes + b->from, b->to - b->from);

	if (n > 0)
		b->from += (size_t)n;
	return n >= 0 || later();
}

static bool empty(const struct console_buffer *b)
{
	return b->from == b->to;
}

static void end_of_input(struct console *c)
{
	c->input = false;
	if (c->raw) {
		hang_up(c);
		return;
	}
	/* The end of a pipe is the end of the terminal's input: what ^D says. */
	c->in = (struct console_buffer){ .to = 1, .bytes = "\004" };
}

bool console_turn(struct console *c, int other)
{
	const int master = c->output ? c->master : -1;
	const short from_master = empty(&c->out) ? POLLIN : 0,
		    to_master = empty(&c->in) ? 0 : POLLOUT;
	struct pollfd p[4] = {
		{ .fd = other, .events = POLLIN },
		{ .fd = from_master | to_master ? master : -1, .events = from_master | to_master },
		{ .fd = c->input && empty(&c->in) ? STDIN_FILENO : -1, .events = POLLIN },
		{ .fd = empty(&c->out) ? -1 : STDOUT_FILENO, .events = POLLOUT },
	};

	if (poll(p, 4, -1) < 0)
		return false;
	/* POLLOUT promises room for at least PIPE_BUF bytes, and the buffer is no larger. */
	if (p[3].revents && !drain(&c->out, STDOUT_FILENO))
		c->out.from = c->out.to = 0;
	if (p[1].revents & POLLOUT && !drain(&c->in, c->master))
		c->in.from = c->in.to = 0;
	/* EIO, shown as POLLHUP: nobody has the other end open. */
	if (p[1].revents & ~POLLOUT && empty(&c->out) && !fill(&c->out, c->master))
		c->output = false;
	if (p[2].revents && !fill(&c->in, STDIN_FILENO))
		end_of_input(c);
	return p[0].revents;
}

void console_end(struct console *c)
{
	struct pollfd out = { .fd = STDOUT_FILENO, .events = POLLOUT };

	/* Who does not read our output for a while does not want it. */
	while (c->master >= 0 &&
	       (!empty(&c->out) || (fill(&c->out, c->master) && !empty(&c->out))) &&
	       poll(&out, 1, 2000) > 0)
		if (!drain(&c->out, STDOUT_FILENO))
			break;
	if (c->raw)
		tcsetattr(STDIN_FILENO, TCSANOW, &c->before);
	fd_close(&c->master);
}
