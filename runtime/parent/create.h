/* A container in the making, shared by create and run. */
#ifndef OCIRUN_CREATE_H
#define OCIRUN_CREATE_H

#include "runtime/parent/container.h"
#include "runtime/parent/resolve.h"
#include "runtime/parent/sources.h"
#include "runtime/parent/spawn.h"
#include "runtime/parent/state.h"

struct creation {
	const struct create_options *o;
	bool foreground; /* run without --detach: the terminal is ours */
	struct arena arena;
	struct bundle bundle;
	struct state state;
	struct spawn spawn;
	struct sources sources;
	int console_socket;
	int terminal; /* the master; -1: none, or handed over */
	bool hooks_began;
};

/* Everything up to "created". On failure nothing is left. On success the state is still locked;
 * creation_close ends it. */
MUST_CHECK int creation_begin(struct creation *c, const struct create_options *o, bool foreground,
			      struct error *e);
void creation_close(struct creation *c);

#endif
