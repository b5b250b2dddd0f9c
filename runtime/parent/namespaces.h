/*
 * Namespaces seen from outside: which are made, which are joined by path, and which user namespace
 * we are in. The parent itself never joins one.
 */
#ifndef OCIRUN_PARENT_NAMESPACES_H
#define OCIRUN_PARENT_NAMESPACES_H

#include "runtime/plan.h"
#include "spec/spec.h"

#include <stdbool.h>

/* A namespace to join, opened before any is joined, so that all paths mean what they mean on the
 * host. */
struct join {
	uint32_t type; /* CLONE_NEW* */
	int fd;
};
struct joins {
	size_t n;
	struct join v[8];
};

/* Are we in the initial user namespace? There, and only there, euid 0 is privilege (LINUX: uid_map,
 * not euid). */
bool namespaces_initial_user(void);

/* Open every namespaces[].path and check that it is of the type it says. */
MUST_CHECK int namespaces_open(const struct spec *s, struct joins *out, struct error *e);
void namespaces_close(struct joins *j);

/*
 * In a helper process: join them all. Three passes: those that the caller's user namespace owns,
 * then the user namespace, then those that only it owns. Between the passes `unshared` is called
 * (when not NULL) to make a new user namespace instead of joining one.
 */
MUST_CHECK int namespaces_join(const struct joins *j, int (*unshared)(void *data, struct error *e),
			       void *data, struct error *e);

/*
 * In a helper process: make a time namespace for its children and write linux.timeOffsets to
 * `file`, our /proc/self/timens_offsets, opened before any change of user.
 */
MUST_CHECK int namespaces_new_time(const struct spec_time_offsets *offsets, int file,
				   struct error *e);

/*
 * Become id 0 of the user namespace we are in; where 0 is not mapped, the first that is, with our
 * capabilities kept through the next execve.
 */
MUST_CHECK int namespaces_become_root(struct error *e);

#endif
