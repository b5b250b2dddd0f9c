/*
 * What `gc` prints: one object for each thing below the root directory that nobody owns any more.
 * Only printed, never read.
 */
#ifndef OCIRUN_GARBAGE_H
#define OCIRUN_GARBAGE_H

#include "spec/json.h"

struct garbage {
	char *path;          /* of the directory or the file */
	char *id;            /* of the container it belonged to; NULL: of none */
	char *reason;        /* why nobody owns it */
	struct strings with; /* what goes with it: "cgroup /sys/fs/cgroup/…", "unit c1.scope" */
	bool removed;
	char *error; /* why it could not be removed; NULL: it was, or that was not asked for */
};
extern const struct json_table garbage_table;

#endif
