/* `ocirun resume`: let a paused container go on. */
#include "cmd/command.h"

static int run(struct invocation *in, struct error *e)
{
	return container_resume(in->root, in->args.v[0], e);
}

const struct command command_resume = {
	.name = "resume",
	.arguments = "ID",
	.summary = "let a paused container go on",
	.examples = "ocirun resume c1\n",
	.options = options_none,
	.uses_state = true,
	.run = run,
};
