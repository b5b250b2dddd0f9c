/*
 * A command that stands for a process of a container until it ends (run, exec without --detach): it
 * forwards signals, passes the terminal's bytes, reaps whatever falls to it, and has the process's
 * exit code.
 */
#ifndef OCIRUN_FOREGROUND_H
#define OCIRUN_FOREGROUND_H

#include "runtime/parent/console.h"
#include "spec/error.h"

#include <stdbool.h>
#include <sys/types.h>

struct foreground {
	pid_t pid; /* a child of ours */
	int pidfd;
	bool runs;     /* already: it may have ended before its signal could wait for us */
	int signals;   /* signalfd */
	int exit_code; /* or 128 + signal; -1: it lives */
	bool terminal;
	struct console console;
	int other;                 /* one more descriptor to listen to; -1: none */
	void (*heard)(void *data); /* called when there may be something; may close it */
	void *data;
};

/*
 * From now on signals wait for foreground_wait, and with a terminal's master (-1: none; ours from
 * now on) our own terminal is that of the process. What the process was cloned from has to reset
 * its signals itself.
 */
MUST_CHECK int foreground_begin(struct foreground *f, int master, struct error *e);

/* Until the process has ended. */
void foreground_wait(struct foreground *f);

/* Give our terminal back. */
void foreground_end(struct foreground *f);

#endif
