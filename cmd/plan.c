/*
 * `ocirun plan`: a dry run. Reads, checks and resolves a bundle and prints what create would do;
 * touches nothing.
 */
#include "cmd/create.h"

#include <string.h>

static struct create_options options;

static const struct option rows[] = { CREATE_BUNDLE_ROWS, { 0 } };

static int check(const struct invocation *in, struct error *e)
{
	(void)in;
	return create_check(&options, e);
}

static int run(struct invocation *in, struct error *e)
{
	char *text;

	if (in->args.n && options.bundle)
		return error_set(e, 0, "the bundle is given twice: --bundle %s and %s",
				 options.bundle, in->args.v[0]);
	if (in->args.n)
		options.bundle = in->args.v[0];
	options.id = "plan";
	options.cgroup_manager = create_cgroup_manager(in->globals);
	if (container_plan(&options, in->arena, &text, e))
		return -1;
	text = arena_printf(in->arena, "%s\n", text);
	return output_write(text, strlen(text), e);
}

const struct command command_plan = {
	.name = "plan",
	.arguments = "[BUNDLE]",
	.summary = "dry run: check a bundle and print what create would do, as JSON",
	.details = "Nothing is made or changed. The container's id is taken to be \"plan\".\n",
	.examples = "ocirun plan bundles/hello\n",
	.options = rows,
	.target = &options,
	.arena = ARENA_DOCUMENTS,
	.check = check,
	.run = run,
};
