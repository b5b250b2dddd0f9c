/* `ocirun list`: the containers below the root directory, as a table, as JSON, or only ids. */
#include "cmd/command.h"

#include <stdio.h>
#include <stdlib.h>

enum list_format { LIST_TABLE, LIST_JSON };

static struct {
	unsigned format;
	bool quiet;
} options;

static const struct option rows[] = {
	OPTION('f', "format", "table|json", __typeof__(options), format,
	       "how to print them (default: table)"),
	OPTION('q', "quiet", NULL, __typeof__(options), quiet, "print only the ids"),
	{ 0 },
};

enum { COLUMNS = 6, WIDTH_MIN = 12, PADDING = 3 };

struct line {
	const char *cell[COLUMNS];
};

/* In characters: what is not the second or a later byte of one. */
static size_t cell_width(const char *cell)
{
	size_t n = 0;

	for (; *cell; cell++)
		n += (*cell & 0xc0) != 0x80;
	return n;
}

/*
 * Columns are left-aligned, at least WIDTH_MIN wide with PADDING behind the longest cell; the last
 * one is not padded.
 */
static void print_table(FILE *out, const struct line *lines, size_t n)
{
	size_t width[COLUMNS];

	for (size_t c = 0; c < COLUMNS; c++) {
		width[c] = WIDTH_MIN;
		for (size_t i = 0; i < n; i++)
			if (cell_width(lines[i].cell[c]) + PADDING > width[c])
				width[c] = cell_width(lines[i].cell[c]) + PADDING;
	}
	for (size_t i = 0; i < n; i++) {
		for (size_t c = 0; c < COLUMNS - 1; c++)
			fprintf(out, "%s%*s", lines[i].cell[c],
				(int)(width[c] - cell_width(lines[i].cell[c])), "");
		fprintf(out, "%s\n", lines[i].cell[COLUMNS - 1]);
	}
}

static void list_table(FILE *out, const struct status_list *list, struct arena *a)
{
	struct line *lines = arena_array(a, struct line, list->n + 1);

	lines[0] = (struct line){ { "ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER" } };
	for (size_t i = 0; i < list->n; i++) {
		const struct status *s = &list->v[i];

		lines[i + 1] = (struct line){ {
			s->id,
			arena_printf(a, "%d", s->pid),
			s->status,
			s->bundle ? s->bundle : "",
			s->created ? s->created : "",
			s->owner ? s->owner : "",
		} };
	}
	print_table(out, lines, list->n + 1);
}

static void list_json(FILE *out, const struct status_list *list, struct arena *a)
{
	fputc('[', out);
	for (size_t i = 0; i < list->n; i++)
		fprintf(out, "%s%s", i ? "," : "",
			json_print(&status_table, &list->v[i], 0, a, NULL));
	fputs("]\n", out);
}

static int run(struct invocation *in, struct error *e)
{
	struct status_list list = { 0 };
	char *text;
	size_t n;

	if (container_list(in->root, in->arena, &list, e))
		return -1;
	FILE *out = open_memstream(&text, &n);

	if (!out)
		return error_set(e, 0, "out of memory");
	if (options.quiet)
		for (size_t i = 0; i < list.n; i++)
			fprintf(out, "%s\n", list.v[i].id);
	else if (options.format == LIST_JSON)
		list_json(out, &list, in->arena);
	else
		list_table(out, &list, in->arena);
	fclose(out);
	int result = output_write(text, n, e);

	free(text);
	return result;
}

const struct command command_list = {
	.name = "list",
	.arguments = "",
	.summary = "print the containers of the root directory",
	.examples = "ocirun list\n"
		    "ocirun --root /run/containerd/runc/k8s.io list --format json\n",
	.options = rows,
	.target = &options,
	.arena = ARENA_DOCUMENTS,
	.uses_state = true,
	.run = run,
};
