/*
 * What a command is: a row that main.c's table points to, in a file of its own. main.c parses the
 * options into the command's target, counts the arguments, opens the log, and calls run(); the
 * command calls the runtime and returns its error. Nothing here prints errors, and one process runs
 * one command, so a command's options are a static struct.
 */
#ifndef OCIRUN_COMMAND_H
#define OCIRUN_COMMAND_H

#include "cmd/options.h"
#include "runtime/parent/container.h"
#include "spec/arena.h"
#include "spec/error.h"

#include <stdbool.h>
#include <stddef.h>

/* The options before the command's name. */
struct globals {
	const char *root;
	const char *log;
	const char *timing;
	unsigned log_format;     /* enum log_format */
	unsigned log_level;      /* enum log_level */
	unsigned cgroup_manager; /* enum cgroup_manager */
	unsigned rootless;       /* accepted from callers that send it; not needed */
	bool debug;
	bool systemd_cgroup;
	bool version;
};

struct invocation {
	const struct globals *globals;
	const char *root;    /* the directory of all state; NULL for a command without uses_state */
	struct arena *arena; /* command.arena bytes */
	struct arguments args; /* as many as command.arguments says */
	int exit_code;         /* of the process when run() returns 0 */
};

struct command {
	const char *name;
	const char *arguments; /* "ID [SIGNAL]"; those in brackets may be left out; "[WORD...]" is
				  any number, and then the options end with the first argument */
	const char *summary;   /* one line, without a full stop */
	const char *details;   /* more lines, each ending in a newline; may be NULL */
	const char *examples;  /* lines that can be typed, each ending in a newline */
	const struct option *options;
	void *target;    /* what the options' offsets are of */
	size_t arena;    /* address space to reserve; 0: a little */
	bool uses_state; /* reads or writes below --root */
	int failure;     /* exit status when run() fails; 0: 1 */
	/* What is wrong with the options, before anything is opened or read; may be NULL. */
	int (*check)(const struct invocation *in, struct error *e);
	int (*run)(struct invocation *in, struct error *e);
};

#define ARENA_DOCUMENTS \
	((size_t)256 << 20) /* of a command that reads whole documents; only address space */

extern const struct option options_none[];
extern const struct command command_checkpoint;
extern const struct command command_create;
extern const struct command command_delete;
extern const struct command command_events;
extern const struct command command_exec;
extern const struct command command_features;
extern const struct command command_gc;
extern const struct command command_kill;
extern const struct command command_list;
extern const struct command command_pause;
extern const struct command command_plan;
extern const struct command command_ps;
extern const struct command command_restore;
extern const struct command command_resume;
extern const struct command command_run;
extern const struct command command_spec;
extern const struct command command_start;
extern const struct command command_state;
extern const struct command command_update;

/* Write to standard output, all or an error. */
MUST_CHECK int output_write(const char *text, size_t n, struct error *e);

/*
 * --regex: do it for each container whose id matches the first argument, an extended regular
 * expression that may match anywhere. Each failure is a warning; that there were any is the error.
 */
MUST_CHECK int for_each_match(struct invocation *in,
			      int (*act)(struct invocation *in, const char *id, struct error *e),
			      struct error *e);

/* The manual of one command; and of all, from a table that NULL ends and the global options. */
MUST_CHECK int help_command(const struct command *c, struct error *e);
MUST_CHECK int help_all(const struct command *const *commands, const struct option *global_options,
			struct error *e);
/* The same as rows for completion.awk. */
MUST_CHECK int help_rows(const struct command *const *commands, const struct option *global_options,
			 struct error *e);

#endif
