/* `ocirun pause`: stop all processes of a container where they are. */
#include "cmd/command.h"

static int run(struct invocation *in, struct error *e)
{
	return container_pause(in->root, in->args.v[0], e);
}

const struct command command_pause = {
	.name = "pause",
	.arguments = "ID",
	.summary = "stop all processes of a container where they are",
	.details =
		"A paused container takes nothing but its memory. `ocirun resume` lets it go on,\n"
		"a KILL ends it.\n",
	.examples = "ocirun pause c1\n",
	.options = options_none,
	.uses_state = true,
	.run = run,
};
