/*
 * The commands that are swept, and what has to hold after each of them. */
#ifndef TESTS_CRASH_SCENARIOS_H
#define TESTS_CRASH_SCENARIOS_H

#include "tests/crash/world.h"

/* One run of a command at which something went wrong. */
struct attempt {
	struct world *world;
	struct trace *trace;
	size_t before; /* how many processes the container had */
	int code;
	char said[TEXT_MAX];
	enum status status; /* after it */
	pid_t pid;
};

struct scenario {
	const char *name;
	const char *before[4];
	const char *(*prepare)(struct attempt *a);
	const char *command;
	bool with_init;     /* points of the init that waits for start, too */
	bool creates;       /* a failure leaves nothing at all */
	enum status begins; /* what the container is before the command */
	/* NULL, or what does not hold after success. */
	const char *(*succeeded)(struct attempt *a);
	/* The same after an error, where the container is what it was. */
	const char *(*failed)(struct attempt *a);
	/* The same after a kill. */
	const char *(*killed)(struct attempt *a);
};

const struct scenario *scenario_find(const char *name);

/* What is common to all of them. */
const char *attempt_judge(struct attempt *a, const struct scenario *s);

#endif
