/* `ocirun kill`: send a signal to a container. */
#include "cmd/command.h"

#include <signal.h>

static struct {
	bool all;
	bool regex;
} options;

static const struct option rows[] = {
	OPTION('a', "all", NULL, __typeof__(options), all,
	       "send it to every process of the container, not only the first"),
	OPTION('r', "regex", NULL, __typeof__(options), regex,
	       "ID is a regular expression: to all containers that match"),
	{ 0 },
};

static int signal_number = SIGTERM;

static int kill_one(struct invocation *in, const char *id, struct error *e)
{
	return container_kill(in->root, id, signal_number, options.all, e);
}

static int run(struct invocation *in, struct error *e)
{
	if (in->args.n > 1) {
		signal_number = signal_parse(in->args.v[1]);
		if (signal_number < 0)
			return error_set(e, 0, "unknown signal \"%s\"", in->args.v[1]);
	}
	return options.regex ? for_each_match(in, kill_one, e) : kill_one(in, in->args.v[0], e);
}

const struct command command_kill = {
	.name = "kill",
	.arguments = "ID [SIGNAL]",
	.summary = "send a signal to a container (default: TERM)",
	.details = "SIGNAL is a number or a name: 9, KILL, SIGKILL, RTMIN+3.\n",
	.examples = "ocirun kill c1\n"
		    "ocirun kill --all c1 KILL\n"
		    "ocirun kill --regex '^web-[0-9]+$' HUP\n",
	.options = rows,
	.target = &options,
	.arena = ARENA_DOCUMENTS,
	.uses_state = true,
	.run = run,
};
