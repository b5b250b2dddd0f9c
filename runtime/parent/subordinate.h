/*
 * The ids that the host grants our user beside its own: /etc/subuid and /etc/subgid, lines of
 * NAME:FIRST:COUNT. Who decides whether they may be mapped are newuidmap and newgidmap, which see
 * more; here is what is asked of them where config.json doesn't say.
 */
#ifndef OCIRUN_SUBORDINATE_H
#define OCIRUN_SUBORDINATE_H

#include "spec/spec.h"

#include <stdbool.h>

/* Our user's name, or NULL; from the arena. Static glibc has no getpwuid. */
char *subordinate_name(struct arena *a);

/* The ranges of the user with this name (NULL: none) or number, in the file's order, as mappings
 * whose container_id is 0. A line that is none is passed over, as newuidmap does. */
void subordinate_ranges(struct arena *a, const char *path, const char *name, uint32_t id,
			spec_id_mappings *out);

/* Is there this helper, newuidmap or newgidmap, with the privilege that makes it one? */
bool subordinate_helper(const char *program);

/* Id 0 of the container is `own`, and the ranges follow from 1 on; what is mapped already is left
 * out. */
void subordinate_map(struct arena *a, uint32_t own, const spec_id_mappings *ranges,
		     spec_id_mappings *out);

#endif
