/*
 * The outer end of a container's terminal: handed to a console socket, or joined to our own
 * terminal while a container runs in the foreground. And the other socket that callers give us.
 */
#ifndef OCIRUN_CONSOLE_H
#define OCIRUN_CONSOLE_H

#include "spec/error.h"

#include <stdbool.h>
#include <termios.h>

/*
 * Who gets the terminal, if one is asked for: our own, in the foreground, or whoever listens at the
 * socket's path. *fd is a connection to that, or stays -1. What does not fit together is an error,
 * in runc's words, which callers know.
 */
MUST_CHECK int console_connect(bool terminal, bool foreground, const char *socket, int *fd,
			       struct error *e);

/* Send the master. The receiver also gets its name, as runc's receivers do. */
MUST_CHECK int console_send(int socket, int master, struct error *e);

/*
 * --pidfd-socket: connect to it, as long as it is not NULL, and send who the process is; `kind` is
 * what runc's receivers get with it, "standard" for init and "setns" for exec.
 */
MUST_CHECK int pidfd_connect(const char *socket, const char *place, int *fd, struct error *e);
MUST_CHECK int pidfd_send(int socket, const char *kind, int pidfd, struct error *e);

/* Bytes on their way. */
struct console_buffer {
	size_t from, to; /* what is in it: bytes[from] to bytes[to - 1] */
	char bytes[4096];
};

/* Our terminal and the container's, joined. */
struct console {
	int master;
	bool raw; /* our stdin is a terminal, switched to raw mode */
	struct termios before;
	bool input;  /* stdin is still open */
	bool output; /* the master is still open */
	struct console_buffer in, out;
};

/*
 * Switch our terminal to raw mode and take over its size. Without a terminal on stdin bytes are
 * passed as they come. Where stdout is no terminal, lines end without carriage returns.
 */
void console_begin(struct console *c, int master);
void console_resize(const struct console *c);

/*
 * One turn: wait for bytes, or room for them, in both directions, or for `other` to be readable,
 * and pass what can be passed without waiting: a container that does not read, or whoever reads our
 * output, never keeps us from signals. True when `other` is readable.
 */
bool console_turn(struct console *c, int other);

/* The container has ended: pass the rest of its output, as far as it is taken, and restore our
 * terminal. */
void console_end(struct console *c);

#endif
