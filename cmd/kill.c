/* `ocirun kill`: send a signal to a container. */
#include "cmd/command.h"

#include <signal.h>

static struct {
	bool all;
} options;

static const struct option rows[] = {
	OPTION('a', "all", NULL, __typeof__(options), all,
	       "send it to every process of the container, not only the first"),
	{ 0 },
};

static int run(struct invocation *in, struct error *e)
{
	int signal_number = SIGTERM;

	if (in->args.n > 1) {
		signal_number = signal_parse(in->args.v[1]);
		if (signal_number < 0)
			return error_set(e, 0, "unknown signal \"%s\"", in->args.v[1]);
	}
	return container_kill(in->root, in->args.v[0], signal_number, options.all, e);
}

const struct command command_kill = {
	.name = "kill",
	.arguments = "ID [SIGNAL]",
	.summary = "send a signal to a container (default: TERM)",
	.details = "SIGNAL is a number or a name: 9, KILL, SIGKILL, RTMIN+3.\n",
	.examples = "ocirun kill c1\n"
		    "ocirun kill --all c1 KILL\n",
	.options = rows,
	.target = &options,
	.uses_state = true,
	.run = run,
};
