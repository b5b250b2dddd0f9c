/*
 * Points of a sweep: a system call of one process of a command, and what goes wrong at it. A point
 * has a name that stays the same from run to run, because it counts the calls of one kind of one
 * process: "child/openat#12 EIO" is the twelfth openat of the first process that the command made.
 *
 * Processes are named by their birth: "parent" is the command, "child", "child2", ... are its
 * processes in the order in which it makes them, "child.1" the first that "child" makes.
 */
#ifndef TESTS_CRASH_POINTS_H
#define TESTS_CRASH_POINTS_H

#include <stdbool.h>
#include <stddef.h>

#define POINT_KILL 0

struct point {
	char role[24];
	int call;     /* its number */
	unsigned nth; /* from 1 */
	int error;    /* an errno, or POINT_KILL */
};

struct points {
	size_t n, room;
	struct point *v;
};

void points_add(struct points *to, const struct point *p);

/* All that can go wrong at this call is added: the kill, and every errno that it may plausibly give.
 */
void points_at(struct points *to, const char *role, int call, unsigned nth);

/* Does an injected failure of this call come after it has been made? Of close: a descriptor is gone
 * whatever it returns. */
bool point_is_late(const struct point *p);

const char *point_call(int call);
const char *point_name(const struct point *p, char *out, size_t size);

/* The reverse; false when that is no name of a point. */
bool point_parse(const char *name, struct point *out);

#endif
