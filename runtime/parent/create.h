/* A container in the making, shared by create and run. */
#ifndef OCIRUN_CREATE_H
#define OCIRUN_CREATE_H

#include "runtime/parent/cgroup_devices.h"
#include "runtime/parent/cgroup_resources.h"
#include "runtime/parent/container.h"
#include "runtime/parent/resolve.h"
#include "runtime/parent/sources.h"
#include "runtime/parent/spawn.h"
#include "runtime/parent/state.h"

struct creation {
	const struct create_options *o;
	bool foreground; /* run without --detach: the terminal is ours */
	bool starts;     /* run: it is us who start it, at once */
	struct arena arena;
	struct bundle bundle;
	struct state state;
	struct spawn spawn;
	struct sources sources;
	int console_socket;
	int pidfd_socket;
	int terminal; /* the master; -1: none, or handed over */
	int notify;   /* where the container says that it is ready; -1: nobody waits for that */
	bool hooks_began;
	bool limited; /* the limits are written */
	struct device_change devices;
};

#define CREATION(options, stays)                   \
	((struct creation){ .o = (options),        \
			    .foreground = (stays), \
			    .state = STATE_NONE,   \
			    .spawn = SPAWN_NONE,   \
			    .console_socket = -1,  \
			    .pidfd_socket = -1,    \
			    .terminal = -1,        \
			    .notify = -1,          \
			    .devices = DEVICE_CHANGE_NONE })

struct creation_step {
	const char *name;
	int (*run)(struct creation *c, struct error *e);
};

/* Run a table of steps. When one fails, what the record says is undone, and *c is closed. */
MUST_CHECK int creation_steps(struct creation *c, const struct creation_step *steps, size_t n,
			      struct error *e);

/* The steps that restore shares: config.json; who gets the terminal; the plan; id, lock and record;
 * the cgroups, and a process in them; the copy of config.json; the limits; hooks of the runtime's
 * side; the terminal's master; the pid file. */
MUST_CHECK int creation_load(struct creation *c, struct error *e);
MUST_CHECK int creation_terminal(struct creation *c, struct error *e);
MUST_CHECK int creation_plan(struct creation *c, struct error *e);
MUST_CHECK int creation_claim(struct creation *c, struct error *e);
MUST_CHECK int creation_cgroup(struct creation *c, struct error *e);
MUST_CHECK int creation_config(struct creation *c, struct error *e);
MUST_CHECK int creation_place(struct creation *c, pid_t pid, struct error *e);
MUST_CHECK int creation_limits(struct creation *c, struct error *e);
/* The limits, where they have to be there before init is in its cgroup. */
MUST_CHECK int creation_limits_first(struct creation *c, struct error *e);
MUST_CHECK int creation_hooks(struct creation *c, struct error *e);
MUST_CHECK int creation_console(struct creation *c, struct error *e);
MUST_CHECK int creation_pid_file(struct creation *c, struct error *e);

/* Everything up to "created". On failure nothing is left. On success the state is still locked;
 * creation_close ends it. */
MUST_CHECK int creation_begin(struct creation *c, struct error *e);
void creation_close(struct creation *c);

#endif
