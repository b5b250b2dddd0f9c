/* `ocirun state`: the state of one container as JSON (runtime.md, "State"). */
#include "cmd/command.h"

static int run(struct invocation *in, struct error *e)
{
	struct status status = { 0 };
	size_t n;

	if (container_status(in->root, in->args.v[0], in->arena, &status, e))
		return -1;
	char *text = json_print(&status_table, &status, 2, in->arena, &n);

	text = arena_printf(in->arena, "%s\n", text);
	return output_write(text, n + 1, e);
}

const struct command command_state = {
	.name = "state",
	.arguments = "ID",
	.summary = "print the state of a container as JSON",
	.details =
		"`status` is creating, created, running, paused or stopped; `pid` is 0 when stopped.\n",
	.examples = "ocirun state c1\n",
	.options = options_none,
	.arena = ARENA_DOCUMENTS,
	.uses_state = true,
	.run = run,
};
