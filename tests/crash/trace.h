/*
 * A command run under ptrace, with all processes that it makes, to count their system calls or to
 * let one thing go wrong. A process that executes another program (a hook, the container's own) is
 * let go at that moment, and so is an init that waits for start: neither shall notice anything.
 */
#ifndef TESTS_CRASH_TRACE_H
#define TESTS_CRASH_TRACE_H

#include "tests/crash/points.h"

#include <sys/types.h>

struct command {
	char **argv;
	const char *program; /* it and its copies are traced */
	int in, out, err;    /* descriptors, which stay the caller's */
	uid_t user;          /* 0: root */
	int seconds;         /* a command that takes longer hangs, and is killed */
};

struct trace {
	const struct point *point; /* NULL: only count */
	pid_t also;                /* a process that is there, traced too: "init"; 0: none */
	struct points calls;       /* out, when counting: in order, with .error 0 */
	bool reached;              /* out: the point */
	int status;                /* out: of the command, as waitpid gives it */
	char trouble[256];         /* out: a hang, or a process that crashed; "" */
};

/* Run it untraced; its status, -1 if it hangs. */
int command_run(const struct command *c);

void trace_run(const struct command *c, struct trace *t);

#endif
