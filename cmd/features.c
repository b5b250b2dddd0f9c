/*
 * `ocirun features`: what this runtime can do, as JSON (features.md). The same on every host;
 * nothing ever goes to stderr. With --host another document: what this kernel allows this user.
 */
#include "spec/features.h"
#include "cmd/command.h"
#include "runtime/parent/host_features.h"
#include "runtime/parent/seccomp.h"

#include <string.h>

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

static struct {
	bool host;
} options;

static const struct option rows[] = {
	OPTION(0, "host", NULL, __typeof__(options), host,
	       "print what this kernel allows this user instead, found out by trying"),
	{ 0 },
};

static int print(const struct json_table *table, const void *document, struct arena *a,
		 struct error *e)
{
	char *text = arena_printf(a, "%s\n", json_print(table, document, 2, a, NULL));

	return output_write(text, strlen(text), e);
}

static int run(struct invocation *in, struct error *e)
{
	struct host_features host;
	struct features features;

	if (options.host) {
		host_features_fill(&host, in->arena);
		return print(&host_features_table, &host, in->arena, e);
	}
	features_fill(&features, in->arena);
	keep_known(&features.linux.seccomp.archs);
	return print(&features_table, &features, in->arena, e);
}

const struct command command_features = {
	.name = "features",
	.arguments = "",
	.summary = "print what this runtime supports as JSON",
	.details =
		"It is the same on every host. What a host allows is another document, of --host: for\n"
		"each feature whether it is available, and if not, why not.\n",
	.examples = "ocirun features\n"
		    "ocirun features --host\n",
	.options = rows,
	.target = &options,
	.arena = (size_t)64 << 20,
	.run = run,
};
