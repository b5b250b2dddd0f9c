/*
 * What a container has used: from the files of its cgroups, whichever version has them, its network
 * namespace and resctrl. Called by `events`; changes nothing. A file that the host has not is no
 * error: what it would say stays 0 or empty.
 */
#ifndef OCIRUN_STATS_H
#define OCIRUN_STATS_H

#include "spec/arena.h"
#include "spec/events.h"
#include "spec/status.h"

/* Fill *out (zeroed). From the arena. */
void stats_read(const struct record *r, struct arena *a, struct stats *out);

/* Its parts, for tests: what these cgroups say, and one process's /proc/PID/net/dev. */
void stats_of_cgroups(const struct record *r, struct arena *a, struct stats *out);
void stats_of_network(const char *text, struct arena *a, struct stats *out);

/* The class of the container in resctrl. */
void stats_of_intel_rdt(const struct record_intel_rdt *rdt, struct arena *a,
			struct stats_intel_rdt *out);

/* A small file as text, from the arena; NULL when it is not there or can't be read. */
char *stats_text(struct arena *a, const char *directory, const char *file);

/* A number; UINT64_MAX for "max". */
uint64_t stats_number(const char *text);

/* The next line; NULL after the last. */
const char *stats_line(const char *line);

/* What stands behind "KEY " at the beginning of a line; NULL when no line begins so. */
const char *stats_value(const char *text, const char *key);

/* Between the two files: a file of the container's cgroups, all of them that have it one behind the
 * other. What was read last is kept. */
struct stats_files {
	const struct record *record;
	struct arena *arena;
	const char *file;
	char *text; /* NULL: none has it */
};
const char *stats_look(struct stats_files *l, const char *file);
void stats_of_blkio(struct stats_files *l, struct stats_blkio *b);
void stats_of_huge_pages(struct stats_files *l, struct stats *out);

#endif
