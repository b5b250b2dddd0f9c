/*
 * `ocirun features`: what this runtime can do, as JSON (features.md). The same on every host;
 * nothing ever goes to stderr.
 */
#include "spec/features.h"
#include "cmd/command.h"
#include "runtime/parent/seccomp.h"

/* Of the specification's architectures those that the libseccomp in here knows. */
static void keep_known(struct strings *archs)
{
	size_t n = 0;

	for (size_t i = 0; i < archs->n; i++)
		if (seccomp_arch_known(archs->v[i]))
			archs->v[n++] = archs->v[i];
	archs->n = n;
	archs->v[n] = NULL;
}

static int run(struct invocation *in, struct error *e)
{
	struct features features;
	size_t n;

	features_fill(&features, in->arena);
	keep_known(&features.linux.seccomp.archs);
	char *text = json_print(&features_table, &features, 2, in->arena, &n);

	text = arena_printf(in->arena, "%s\n", text);
	return output_write(text, n + 1, e);
}

const struct command command_features = {
	.name = "features",
	.arguments = "",
	.summary = "print what this runtime supports as JSON",
	.details = "What the kernel of this host allows is another matter and not in it.\n",
	.examples = "ocirun features\n",
	.options = options_none,
	.arena = (size_t)1 << 20,
	.run = run,
};
