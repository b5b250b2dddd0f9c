/* `ocirun list`: the containers below the root directory, as a table, as JSON, or only ids. */
#include "cmd/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

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

enum { ID, PID, STATUS, BUNDLE, CREATED, OWNER, COLUMNS };
enum { WIDTH_MIN = 12, PADDING = 3, PADDING_NARROW = 2, BUNDLE_MIN = 16 };

struct line {
	const char *cell[COLUMNS]; /* NULL: no such column */
};

/* In characters: what is not the second or a later byte of one. */
static size_t cell_width(const char *cell)
{
	size_t n = 0;

	for (; *cell; cell++)
		n += (*cell & 0xc0) != 0x80;
	return n;
}

struct table {
	size_t n;
	struct line *lines;
	size_t width[COLUMNS]; /* of the longest cell */
	size_t columns;        /* of the terminal; 0: as wide as it takes */
};

static void measure(struct table *t)
{
	for (size_t c = 0; c < COLUMNS; c++) {
		t->width[c] = 0;
		for (size_t i = 0; i < t->n && t->lines[i].cell[c]; i++) {
			const size_t width = cell_width(t->lines[i].cell[c]);
			t->width[c] = width > t->width[c] ? width : t->width[c];
		}
	}
}

/* Is it wider than the terminal, without more than a gap between columns? */
static size_t too_wide(const struct table *t)
{
	size_t width = 0;

	for (size_t c = 0; c < COLUMNS; c++)
		width += t->width[c] ? t->width[c] + (width ? PADDING_NARROW : 0) : 0;
	return width > t->columns ? width - t->columns : 0;
}

/* The last `width` characters of a path, which say most. */
static const char *cut_path(const char *path, size_t width, struct arena *a)
{
	size_t drop = cell_width(path);

	if (drop <= width)
		return path;
	for (drop -= width - 1; drop; drop--)
		for (path++; (*path & 0xc0) == 0x80; path++)
			;
	return arena_printf(a, "\u2026%s", path);
}

static void narrow_bundles(struct table *t, struct arena *a)
{
	size_t over = too_wide(t), old = t->width[BUNDLE];
	size_t width = old > over + BUNDLE_MIN ? old - over : BUNDLE_MIN;

	for (size_t i = 1; over && i < t->n; i++)
		t->lines[i].cell[BUNDLE] = cut_path(t->lines[i].cell[BUNDLE], width, a);
	measure(t);
}

static void drop_column(struct table *t, size_t c)
{
	for (size_t i = 0; i < t->n; i++)
		t->lines[i].cell[c] = NULL;
	measure(t);
}

/* What is missed least goes first. Ids stay whole: a part of one names no container. */
static void fit(struct table *t, struct arena *a)
{
	static const int expendable[] = { OWNER, CREATED, BUNDLE };

	for (size_t i = 1; i < t->n; i++) { /* to the second */
		size_t n = strcspn(t->lines[i].cell[CREATED], ".");
		if (t->lines[i].cell[CREATED][n])
			t->lines[i].cell[CREATED] =
				arena_printf(a, "%.*sZ", (int)n, t->lines[i].cell[CREATED]);
	}
	measure(t);
	narrow_bundles(t, a);
	for (size_t i = 0; too_wide(t) && i < 3; i++)
		drop_column(t, expendable[i]);
}

/*
 * Columns are left-aligned, at least WIDTH_MIN wide with PADDING behind the longest cell, or closer
 * where a terminal is too narrow for that; the last one is not padded.
 */
static void print_table(FILE *out, struct table *t, struct arena *a)
{
	size_t width[COLUMNS], last = 0, total = 0;

	measure(t);
	for (size_t c = 0; c < COLUMNS; c++)
		total += t->width[c] + PADDING < WIDTH_MIN ? WIDTH_MIN : t->width[c] + PADDING;
	bool narrow = t->columns && total - PADDING > t->columns;
	if (narrow)
		fit(t, a);
	for (size_t c = 0; c < COLUMNS; c++) {
		width[c] = t->width[c] + (narrow ? PADDING_NARROW : PADDING);
		if (!narrow && width[c] < WIDTH_MIN)
			width[c] = WIDTH_MIN;
		last = t->width[c] ? c : last;
	}
	for (size_t i = 0; i < t->n; i++) {
		for (size_t c = 0; c <= last; c++) {
			const char *cell = t->lines[i].cell[c];
			if (cell)
				fputs(cell, out);
			for (size_t pad = cell && c < last ? width[c] - cell_width(cell) : 0; pad;
			     pad--)
				fputc(' ', out);
		}
		fputc('\n', out);
	}
}

/* Of the terminal that standard output is; 0 when it is none. */
static size_t terminal_columns(void)
{
	struct winsize size;

	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
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
	struct table t = { list->n + 1, lines, { 0 }, terminal_columns() };
	print_table(out, &t, a);
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
	struct strings ids = { 0 };
	char *text;
	size_t n;

	if (options.quiet
		    ? container_ids(in->root, in->arena, &ids, e)
		    : container_list(in->root, options.format == LIST_JSON, in->arena, &list, e))
		return -1;
	FILE *out = open_memstream(&text, &n);

	if (!out)
		return error_set(e, 0, "out of memory");
	if (options.quiet)
		for (size_t i = 0; i < ids.n; i++)
			fprintf(out, "%s\n", ids.v[i]);
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
