/*
 * What `--timing` asks for: how long each step takes, outside and inside the container. Events are
 * written into memory that both sides share, a sealed memfd that the child gets as it gets the plan
 * (or with MESSAGE_START), so that measuring costs no system call, and what a process that dies has
 * written is there. The child lets go of it before anybody else's program or filter has a say.
 * cmd/timing.c writes the file, and trusts nothing of this memory but its size.
 *
 * Off, which is usual, an event costs a look at one pointer.
 */
#ifndef OCIRUN_TIMING_H
#define OCIRUN_TIMING_H

#include "spec/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TIMING_MAX 4000 /* events; the rest are counted */

enum timing_kind { TIMING_COMMAND, TIMING_STEP, TIMING_MOUNT, TIMING_HOOK };

/* What became of a hook, instead of its wait status. */
enum { TIMING_NOT_RUN = -1, TIMING_KILLED = -2 /* at its timeout */ };

struct timing_event {
	int64_t begin; /* nanoseconds of the wall clock: the monotonic one jumps where a time
			  namespace is entered */
	int64_t end;   /* 0: not yet */
	uint32_t kind;
	int32_t result;  /* of a step: 0, or -1 for a failure; of a hook its wait status, or one
			    of the two above */
	uint32_t inside; /* 1: the child's */
	char name[63];
	char detail[168]; /* of a mount the destination, of a hook the path: the end of it */
};

struct timing {
	uint32_t n;   /* events that wanted to be written */
	int64_t born; /* when the child was cloned */
	struct timing_event events[TIMING_MAX];
};
/* NULL: nothing is measured. */
extern struct timing *timing;

/* The outside: measure from now on, in this process and its child. */
MUST_CHECK int timing_start(struct error *e);
/* The descriptor for the child; -1: nothing is measured. */
int timing_fd(void);
/* The child is cloned now; that its program begins ends the event "re-exec". */
void timing_born(void);
/* The inside, which has let go of the memory, has executed the program (0), or failed (-1). */
void timing_executed(int result);

/* The inside: write to the memory of this descriptor, which is closed. */
MUST_CHECK int timing_attach(int fd, struct error *e);
/* What has begun inside ends, and nothing of this process is measured from here on. `last`, not
 * NULL, is an event that only timing_executed ends. */
void timing_leave(const char *last);

/* An event begins; NULL when there is no room. Only for timing_begin. */
struct timing_event *timing_add(enum timing_kind kind, const char *name, const char *detail);
void timing_close(struct timing_event *event, int result);

static inline struct timing_event *timing_begin(enum timing_kind kind, const char *name,
						const char *detail)
{
	return __builtin_expect(timing != NULL, 0) ? timing_add(kind, name, detail) : NULL;
}
static inline void timing_end(struct timing_event *event, int result)
{
	if (__builtin_expect(event != NULL, 0))
		timing_close(event, result);
}

/* For who writes the file: a copy of an event, whatever was done to the memory. False: there is no
 * such. */
bool timing_read(size_t i, struct timing_event *event);
/* How many events had no room. */
size_t timing_lost(void);
int64_t timing_now(void);

#endif
