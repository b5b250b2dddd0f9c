/* The help texts, made from the rows that the parser reads; and the one way to standard output. */
#include "cmd/command.h"
#include "runtime/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct option options_none[] = { { 0 } };

static const struct option help_row[] = {
	{ .letter = 'h', .name = "help", .help = "show this help" },
	{ 0 },
};

int output_write(const char *text, size_t n, struct error *e)
{
	if (write_all(STDOUT_FILENO, text, n))
		return error_set(e, errno, "write to standard output");
	return 0;
}

#define WIDTH_MAX 24 /* of an option with its argument, in the column of options */

static int option_width(const struct option *o)
{
	return strlen(o->name) + (o->argument ? strlen(o->argument) + 1 : 0);
}

static int widest(const struct option *o)
{
	int width = 0;

	for (; o->name; o++)
		if (o->help && option_width(o) > width)
			width = option_width(o);
	return width < WIDTH_MAX ? width : WIDTH_MAX;
}

/* The lines of a help text, each beginning in the same column; the first one is there already. */
static void print_help(FILE *out, const char *help, int column)
{
	for (;;) {
		int n = strcspn(help, "\n");

		fprintf(out, "%.*s\n", n, help);
		if (!help[n])
			return;
		help += n + 1;
		fprintf(out, "%*s", column, "");
	}
}

/* An option too wide for its column has its help on the next line. */
static void print_options(FILE *out, const struct option *o, int width)
{
	int column = width + 11;

	for (; o->name; o++) {
		char letter[] = { '-', o->letter, ',', 0 };
		int gap = width - option_width(o);

		if (!o->help)
			continue;
		fprintf(out, "  %3s --%s%s%s", o->letter ? letter : "", o->name,
			o->argument ? " " : "", o->argument ? o->argument : "");
		fprintf(out, "%s%*s", gap < 0 ? "\n" : "", gap < 0 ? column : gap + 3, "");
		print_help(out, o->help, column);
	}
}

static void print_option_section(FILE *out, const char *title, const struct option *o)
{
	int width = widest(o) > 4 ? widest(o) : 4;

	fprintf(out, "\n%s:\n", title);
	print_options(out, o, width);
	print_options(out, help_row, width);
}

static void print_indented(FILE *out, const char *lines)
{
	while (*lines) {
		int n = strcspn(lines, "\n");

		fprintf(out, "  %.*s\n", n, lines);
		lines += n + (lines[n] == '\n');
	}
}

/* Close the stream and write what it collected. */
static int finish(FILE *out, char **text, size_t *n, struct error *e)
{
	fclose(out);
	int result = output_write(*text, *n, e);

	free(*text);
	return result;
}

int help_command(const struct command *c, struct error *e)
{
	char *text;
	size_t n;
	FILE *out = open_memstream(&text, &n);

	if (!out)
		return error_set(e, errno, "help");
	fprintf(out, "ocirun %s: %s\n", c->name, c->summary);
	fprintf(out, "\nUsage:\n  ocirun [GLOBAL OPTIONS] %s [OPTIONS]%s%s\n", c->name,
		*c->arguments ? " " : "", c->arguments);
	if (c->details)
		fprintf(out, "\n%s", c->details);
	print_option_section(out, "Options", c->options);
	fprintf(out, "\n%s:\n", strchr(c->examples, '\n')[1] ? "Examples" : "Example");
	print_indented(out, c->examples);
	return finish(out, &text, &n, e);
}

int help_all(const struct command *const *commands, const struct option *global_options,
	     struct error *e)
{
	char *text;
	size_t n;
	FILE *out = open_memstream(&text, &n);

	if (!out)
		return error_set(e, errno, "help");
	fprintf(out, "ocirun: run containers from OCI bundles\n");
	fprintf(out, "\nUsage:\n  ocirun [GLOBAL OPTIONS] COMMAND [OPTIONS] [ARGUMENTS]\n");
	fprintf(out, "\nCommands:\n");
	for (; *commands; commands++)
		fprintf(out, "  %-10s %s\n", (*commands)->name, (*commands)->summary);
	print_option_section(out, "Global options", global_options);
	fprintf(out,
		"\n`ocirun COMMAND --help` tells more about a command, ocirun(8) everything.\n");
	return finish(out, &text, &n, e);
}

/* Tabs between the columns, one line a row: what has several lines becomes one. */
static void print_row(FILE *out, const char *command, const struct option *o)
{
	fprintf(out, "option\t%s\t%c\t%s\t%s\t", command, o->letter ? o->letter : '-', o->name,
		o->argument ? o->argument : "-");
	for (const char *at = o->help; *at; at++)
		fputc(*at == '\n' ? ' ' : *at, out);
	fputc('\n', out);
}

static void print_rows(FILE *out, const char *command, const struct option *rows)
{
	for (; rows->name; rows++)
		if (rows->help)
			print_row(out, command, rows);
}

int help_rows(const struct command *const *commands, const struct option *global_options,
	      struct error *e)
{
	char *text;
	size_t n;
	FILE *out = open_memstream(&text, &n);

	if (!out)
		return error_set(e, errno, "help");
	print_rows(out, "-", global_options);
	for (; *commands; commands++) {
		const struct command *c = *commands;
		fprintf(out, "command\t%s\t%s\t%s\n", c->name, c->arguments, c->summary);
		print_rows(out, c->name, c->options);
	}
	return finish(out, &text, &n, e);
}
