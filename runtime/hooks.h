/*
 * Hooks: programs that config.json names for six points of a container's life (config.md,
 * "POSIX-platform Hooks"). The parent runs prestart, createRuntime, poststart and poststop; the
 * child createContainer and startContainer.
 */
#ifndef OCIRUN_HOOKS_H
#define OCIRUN_HOOKS_H

#include "spec/error.h"
#include "spec/spec.h"

struct hook_run {
	const char *kind; /* "prestart", the place is hooks.prestart[i] */
	const spec_hook_list *hooks;
	const char *state; /* JSON for their stdin */
	size_t state_size;
	const char
		*directory; /* their current directory, "/" when it can't be entered; NULL: ours */
	const int *outputs; /* [2], for stdout and stderr; -1: kept for the error; NULL: both */
	bool adopt; /* of one that is killed at its timeout, kill what has left its process group
		       too; we must see ourselves in /proc */
	void (*failed)(
		const struct error *e); /* not NULL: told of each failure, and the next hook runs */
	const struct strings *default_env; /* of a hook without `env`; NULL: empty */
	int (*confine)(const void *by); /* not NULL: what a hook's process does to itself last; -1
					   with errno */
	const void *by;
};

/*
 * Run the hooks in order until one fails; the error holds its place, what became of it and the end
 * of its output. Every hook gets the state on stdin, default signals and no descriptor but 0-2. One
 * that outlives its timeout is killed with its process group, and with all that descends from it
 * where `adopt` says so.
 */
MUST_CHECK int hooks_run(const struct hook_run *run, struct error *e);

#endif
