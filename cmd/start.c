/* `ocirun start`: run the program of a created container. */
#include "cmd/create.h"

static int run(struct invocation *in, struct error *e)
{
	return container_start(in->root, in->args.v[0], notify_socket(), e);
}

const struct command command_start = {
	.name = "start",
	.arguments = "ID",
	.summary = "run the program of a created container",
	.examples = "ocirun start c1\n",
	.options = options_none,
	.uses_state = true,
	.run = run,
};
