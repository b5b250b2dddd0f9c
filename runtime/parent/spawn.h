/*
 * The birth of init: from the plan to a child that has been re-exec'd inside its namespaces. See
 * spawn.c for how.
 */
#ifndef OCIRUN_SPAWN_H
#define OCIRUN_SPAWN_H

#include "runtime/parent/namespaces.h"
#include "runtime/plan.h"
#include "spec/spec.h"

#include <sys/types.h>

struct spawn {
	/* in */
	const struct spec *spec;
	struct plan *plan;         /* channel, start_socket and helper are filled in */
	const struct arena *arena; /* that holds the plan */
	int start_socket;          /* listening; -1: none */
	int init; /* exec: a pidfd of the container's init; -1: the child becomes that */
	int root; /* exec: its root, where it has no mount namespace; -1 */
	uint64_t capabilities; /* create: ours, permitted */
	bool privileged;       /* create: we are root in the initial user namespace */
	/* Puts the child into its cgroups while it waits; NULL: nothing but the plan's are needed. */
	int (*place)(void *data, pid_t pid, struct error *e);
	void *data;
	/* What the child re-executes; the caller closes it, when the child has done so: a mount
	 * ends with it, for which the kernel lets all processors come to rest, and whoever else
	 * asks it for that then, as the child does to leave the host's mounts, waits longer. */
	int exe;
	/* out */
	pid_t pid; /* of init; 0: not born */
	int pidfd;
	int channel; /* our end */
};

#define SPAWN_NONE                           \
	((struct spawn){ .start_socket = -1, \
			 .init = -1,         \
			 .root = -1,         \
			 .exe = -1,          \
			 .pidfd = -1,        \
			 .channel = -1 })

/* Will init be put into the plan's cgroups only after its re-exec? Where there is so little memory
 * that our own image would be the most of what counts. */
bool spawn_settles(const struct spec *spec, const struct plan *plan);

/*
 * Make the child: init, or the process that follows init into the container. Returns once it is in
 * its cgroup, its ids are mapped, and it has been told so. On failure the caller ends what s->pid
 * names.
 */
MUST_CHECK int spawn_init(struct spawn *s, struct error *e);

#endif
