/* `ocirun delete`: remove a stopped container, or with --force any. */
#include "cmd/command.h"

static struct {
	bool force;
	bool regex;
} options;

static const struct option rows[] = {
	OPTION('f', "force", NULL, __typeof__(options), force,
	       "kill it first if it runs; a container that does not exist is no error"),
	OPTION('r', "regex", NULL, __typeof__(options), regex,
	       "ID is a regular expression: all containers that match"),
	{ 0 },
};

static int delete_one(struct invocation *in, const char *id, struct error *e)
{
	return container_delete(in->root, id, options.force, e);
}

static int run(struct invocation *in, struct error *e)
{
	return options.regex ? for_each_match(in, delete_one, e) : delete_one(in, in->args.v[0], e);
}

const struct command command_delete = {
	.name = "delete",
	.arguments = "ID",
	.summary = "remove a stopped container and all that belongs to it",
	.examples = "ocirun delete c1\n"
		    "ocirun delete --force c1\n"
		    "ocirun delete --regex '^test-'\n",
	.options = rows,
	.target = &options,
	.arena = ARENA_DOCUMENTS,
	.uses_state = true,
	.run = run,
};
