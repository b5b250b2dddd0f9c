/* `ocirun gc`: what killed processes have left below the root directory, shown or removed. */
#include "cmd/command.h"

#include <stdio.h>
#include <stdlib.h>

enum gc_format { GC_TEXT, GC_JSON };

static struct {
	unsigned format;
	bool yes;
} options;

static const struct option rows[] = {
	OPTION('f', "format", "text|json", __typeof__(options), format,
	       "how to print them (default: text)"),
	OPTION('y', "yes", NULL, __typeof__(options), yes,
	       "remove them; without it they are only shown"),
	{ 0 },
};

static void print_text(FILE *out, const struct garbage_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct garbage *it = &list->v[i];

		fprintf(out, "%s %s: %s\n",
			it->removed ? "removed"
			: it->error ? "could not remove"
				    : "would remove",
			it->path, it->reason);
		for (size_t j = 0; j < it->with.n; j++)
			fprintf(out, "\twith %s\n", it->with.v[j]);
	}
}

static void print_json(FILE *out, const struct garbage_list *list, struct arena *a)
{
	fputc('[', out);
	for (size_t i = 0; i < list->n; i++)
		fprintf(out, "%s%s", i ? "," : "",
			json_print(&garbage_table, &list->v[i], 0, a, NULL));
	fputs("]\n", out);
}

static int run(struct invocation *in, struct error *e)
{
	struct garbage_list list = { 0 };
	size_t n, failures = 0;
	char *text;

	if (container_collect(in->root, options.yes, in->arena, &list, e))
		return -1;
	for (size_t i = 0; i < list.n; i++)
		if (list.v[i].error) {
			container_warn(list.v[i].error);
			failures++;
		}
	FILE *out = open_memstream(&text, &n);

	if (!out)
		return error_set(e, 0, "out of memory");
	if (options.format == GC_JSON)
		print_json(out, &list, in->arena);
	else
		print_text(out, &list);
	fclose(out);
	int result = output_write(text, n, e);

	free(text);
	if (result == 0 && failures)
		return error_set(e, 0, "%zu of %zu could not be removed", failures, list.n);
	return result;
}

const struct command command_gc = {
	.name = "gc",
	.arguments = "",
	.summary = "show or remove what killed commands have left behind",
	.details =
		"A container that was completely made, even if it has stopped, has an owner who will\n"
		"delete it, and is never touched; neither is what a living process works on.\n",
	.examples = "ocirun gc\n"
		    "ocirun gc --yes\n",
	.options = rows,
	.target = &options,
	.arena = ARENA_DOCUMENTS,
	.uses_state = true,
	.run = run,
};
