/*
 * Lists of CPUs or of NUMA nodes, "0-3,7" (cpuset(7), "List format"): what validation checks and
 * what becomes a mask for the kernel. Pure.
 */
#ifndef OCIRUN_RANGES_H
#define OCIRUN_RANGES_H

#include "spec/error.h"

#include <stdbool.h>
#include <stdint.h>

/* What the kernel can be built for at most. */
#define RANGES_CPU_MAX 8191
#define RANGES_NODE_MAX 1023

struct ranges {
	uint64_t bits[(RANGES_CPU_MAX + 1) / 64];
};

/*
 * Read a list of numbers from 0 to `most`, at least one. False adds the problem to e at `place`.
 * Spaces may stand around a number; nothing else is tolerated.
 */
MUST_CHECK bool ranges_read(const char *text, uint32_t most, struct ranges *out, const char *place,
			    struct error *e);

bool ranges_has(const struct ranges *r, uint32_t number);

#endif
