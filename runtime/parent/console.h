/*
 * The outer end of a container's terminal: handed to a console socket, or joined to our own
 * terminal while a container runs in the foreground.
 */
#ifndef OCIRUN_CONSOLE_H
#define OCIRUN_CONSOLE_H

#include "spec/error.h"

#include <stdbool.h>
#include <termios.h>

/* Connect to the unix socket that waits for a master. A descriptor, or -1 with e. */
MUST_CHECK int console_connect(const char *path, struct error *e);

/* Send the master. The receiver also gets its name, as runc's receivers do. */
MUST_CHECK int console_send(int socket, int master, struct error *e);

/* Our terminal and the container's, joined. */
struct console {
	int master;
	bool raw; /* our stdin is a terminal, switched to raw mode */
	struct termios before;
	bool input;  /* stdin is still open */
	bool output; /* the master is still open */
};

/* Switch our terminal to raw mode and take over its size. Without a terminal on stdin bytes are
 * passed as they come. */
void console_begin(struct console *c, int master);
void console_resize(const struct console *c);
/* Pass what is there: from stdin to the master, from the master to stdout. */
void console_pass_input(struct console *c);
void console_pass_output(struct console *c);
/* The container has ended: pass the rest of its output and restore our terminal. */
void console_end(struct console *c);

#endif
