/*
 * A moment as JSON has it: RFC 3339, in UTC.
 */
#ifndef OCIRUN_TIMESTAMP_H
#define OCIRUN_TIMESTAMP_H

#include "spec/arena.h"

#include <time.h>

/* "2026-01-31T23:59:59.000000001Z", from the arena. Not by gmtime(3), which reads the host's time
 * zone first. */
char *timestamp_print(struct timespec when, struct arena *a);

#endif
