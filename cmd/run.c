/* `ocirun run`: create, start, wait and delete in one. */
#include "cmd/create.h"

static struct create_options options;

static const struct option rows[] = {
	CREATE_ROWS,
	OPTION('d', "detach", NULL, struct create_options, detach,
	       "return once the program has started; delete the container yourself"),
	OPTION(0, "keep", NULL, struct create_options, keep,
	       "do not delete the container when its program ends"),
	OPTION(0, "no-subreaper", NULL, struct create_options, no_subreaper,
	       "do not adopt processes that the container leaves behind"),
	{ 0 },
};

static int check(const struct invocation *in, struct error *e)
{
	(void)in;
	return create_check(&options, e);
}

static int run(struct invocation *in, struct error *e)
{
	create_complete(in, &options);
	options.notify_socket = notify_socket();
	return container_run(&options, &in->exit_code, e);
}

const struct command command_run = {
	.name = "run",
	.arguments = "ID",
	.summary = "create a container, run it to its end, and delete it",
	.details =
		"The exit status is that of the program, or 128 + N when signal N ended it. With\n"
		"process.terminal in config.json, the caller's terminal is the container's.\n",
	.examples = "ocirun run -b bundles/hello c1\n"
		    "ocirun run --detach --bundle /srv/web web\n",
	.options = rows,
	.target = &options,
	.uses_state = true,
	.check = check,
	.run = run,
};
