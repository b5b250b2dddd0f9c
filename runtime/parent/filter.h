/*
 * The parent's part of linux.seccomp while it accompanies the child: the program is compiled and
 * handed over. What becomes of it inside is in runtime/child/filter.c.
 */
#ifndef OCIRUN_FILTER_H
#define OCIRUN_FILTER_H

#include "spec/arena.h"
#include "spec/spec.h"
#include "spec/status.h"

#include <sys/types.h>

/*
 * Compile the profile, or find it compiled in the root directory's cache, and send it to the child
 * (MESSAGE_FILTER). Allocates from the arena. A child that has ended already is no error: it has
 * said why.
 */
MUST_CHECK int filter_send(const struct spec_seccomp *s, int root, int channel, struct arena *a,
			   struct error *e);

/*
 * Hand the listener of a loaded filter, descriptor `listener` of process `pid`, to linux.seccomp's
 * listenerPath, with the state of the container.
 */
MUST_CHECK int filter_hand_over(const struct spec_seccomp *s, pid_t pid, int pidfd, int listener,
				const struct status *state, struct arena *a, struct error *e);

#endif
