/* `ocirun delete`: remove a stopped container, or with --force any. */
#include "cmd/command.h"

static struct {
	bool force;
} options;

static const struct option rows[] = {
	OPTION('f', "force", NULL, __typeof__(options), force,
	       "kill it first if it runs; a container that does not exist is no error"),
	{ 0 },
};

static int run(struct invocation *in, struct error *e)
{
	return container_delete(in->root, in->args.v[0], options.force, e);
}

const struct command command_delete = {
	.name = "delete",
	.arguments = "ID",
	.summary = "remove a stopped container and all that belongs to it",
	.examples = "ocirun delete c1\n"
		    "ocirun delete --force c1\n",
	.options = rows,
	.target = &options,
	.uses_state = true,
	.run = run,
};
