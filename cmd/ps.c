/*
 * `ocirun ps`: the processes of a container. A table is made by the host's own ps, whose options
 * the caller gives: of its lines those stay that are about one of our processes.
 */
#include "cmd/command.h"
#include "runtime/file.h"
#include "runtime/process.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum ps_format { PS_TABLE, PS_JSON };

static struct {
	unsigned format;
} options;

static const struct option rows[] = {
	OPTION('f', "format", "table|json", __typeof__(options), format,
	       "how to print them (default: table)"),
	{ 0 },
};

#define OUTPUT_MAX ((size_t)64 << 20) /* of ps */
#define SPACES " \t"

static bool has_pid(const struct pids *pids, long pid)
{
	for (size_t i = 0; i < pids->n; i++)
		if (pids->v[i] == pid)
			return true;
	return false;
}

/* The word in column `n` of a line that ends in a newline or NUL; its length is 0 when there are
 * fewer. */
static const char *column(const char *line, size_t n, size_t *length)
{
	for (;; n--) {
		line += strspn(line, SPACES);
		*length = strcspn(line, SPACES "\n");
		if (!n || !*length)
			return line;
		line += *length;
	}
}

/* Where the title line has PID: the how manieth word it is, and where it ends. */
struct title {
	int n; /* -1: nowhere */
	size_t end;
};

static struct title find_pid(const char *line)
{
	size_t length;

	for (int n = 0;; n++) {
		const char *word = column(line, n, &length);
		if (!length)
			return (struct title){ -1, 0 };
		if (length == 3 && !strncmp(word, "PID", 3))
			return (struct title){ n, (size_t)(word + length - line) };
	}
}

/* A number that is a whole word and ends at line[end]; 0: none is there. */
static long number_ending(const char *line, size_t n, size_t end)
{
	size_t begin = end;

	if (end > n || (end < n && !strchr(SPACES, line[end])))
		return 0;
	while (begin && line[begin - 1] >= '0' && line[begin - 1] <= '9')
		begin--;
	return begin && !strchr(SPACES, line[begin - 1]) ? 0 : strtol(line + begin, NULL, 10);
}

/* The process that a line of n bytes is about; 0: can't be told. Numbers end where their title
 * does; the words before may have spaces, or be too long for their column, but hardly both. */
static long line_pid(const char *line, size_t n, const struct title *title)
{
	long pid = number_ending(line, n, title->end);
	size_t length;

	if (pid)
		return pid;
	const char *word = column(line, title->n, &length);
	return number_ending(line, n, (size_t)(word + length - line));
}

/* The title line, and the lines of our processes. */
static int filter(FILE *out, const char *text, const struct pids *pids, struct error *e)
{
	struct title title = find_pid(text);

	if (title.n < 0) {
		error_set(e, 0, "ps prints no column PID");
		return error_hint(e, "among the columns of -o must be pid");
	}
	for (bool first = true; *text; first = false) {
		size_t n = strcspn(text, "\n");
		long pid = first || !n ? 0 : line_pid(text, n, &title);

		if (!first && n && !pid) {
			error_set(e, 0, "no process id in what ps prints: \"%.*s\"", (int)n, text);
			return error_hint(e, "let pid be the first column");
		}
		if (first || has_pid(pids, pid))
			fprintf(out, "%.*s\n", (int)n, text);
		text += n + (text[n] == '\n');
	}
	return 0;
}

/* Run ps with its outputs into two files in memory, which nobody can hold up as a pipe. */
static int spawn_ps(char **args, int output, int errors, pid_t *child)
{
	posix_spawn_file_actions_t actions;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO);
	int failed = posix_spawnp(child, "ps", &actions, NULL, args, environ);
	posix_spawn_file_actions_destroy(&actions);
	return failed;
}

static int read_output(int fd, struct arena *a, char **text, struct error *e)
{
	if (lseek(fd, 0, SEEK_SET) < 0 || file_read(fd, OUTPUT_MAX, a, text, NULL) < 0)
		return error_set(e, errno, "read the output of ps");
	return 0;
}

/* The host's ps with these arguments, which NULL ends. */
static int run_ps(char **args, struct arena *a, char **text, struct error *e)
{
	CLEAN_FD output = memfd_create("output", MFD_CLOEXEC);
	CLEAN_FD errors = memfd_create("errors", MFD_CLOEXEC);
	pid_t child;
	char *said;

	if (output < 0 || errors < 0)
		return error_set(e, errno, "run ps");
	int failed = spawn_ps(args, output, errors, &child);
	if (failed) {
		error_set(e, failed, "run ps");
		return error_hint(e, "install ps (Debian: package procps), or ask for "
				     "--format json");
	}
	int status = process_reap(child);
	if (read_output(errors, a, &said, e) || read_output(output, a, text, e))
		return -1;
	/* It exits with 1 when it finds no process, too. */
	if (!status || (status == 1 && !*said && **text))
		return 0;
	for (size_t n = strlen(said); n && said[n - 1] == '\n'; n--)
		said[n - 1] = 0;
	return error_set(e, 0, "ps failed with exit status %d: %.2000s", status, said);
}

/* The arguments of ps. Callers in Go give all options as one word: "-o pid,comm". */
static char **ps_args(const struct arguments *given, struct arena *a)
{
	char *only = arena_strdup(a, given->n == 1 ? "-ef" : given->v[1]), *word;
	char **args = arena_array(a, char *, given->n + strlen(only) + 2);
	size_t n = 0;

	args[n++] = "ps";
	if (given->n <= 2)
		while ((word = strsep(&only, SPACES)))
			args[n++] = word;
	for (int i = 1; given->n > 2 && i < given->n; i++)
		args[n++] = given->v[i];
	return args;
}

static int print_table(FILE *out, struct invocation *in, const struct pids *pids, struct error *e)
{
	char *text;

	if (run_ps(ps_args(&in->args, in->arena), in->arena, &text, e))
		return -1;
	return filter(out, text, pids, e);
}

static void print_json(FILE *out, const struct pids *pids)
{
	fputc('[', out);
	for (size_t i = 0; i < pids->n; i++)
		fprintf(out, "%s%d", i ? "," : "", pids->v[i]);
	fputs("]\n", out);
}

static int run(struct invocation *in, struct error *e)
{
	struct pids pids;
	char *text;
	size_t n;

	if (container_processes(in->root, in->args.v[0], in->arena, &pids, e))
		return -1;
	FILE *out = open_memstream(&text, &n);
	if (!out)
		return error_set(e, 0, "out of memory");
	int result = 0;
	if (options.format == PS_JSON)
		print_json(out, &pids);
	else
		result = print_table(out, in, &pids, e);
	fclose(out);
	if (result == 0)
		result = output_write(text, n, e);
	free(text);
	return result;
}

const struct command command_ps = {
	.name = "ps",
	.arguments = "ID [PS-OPTION...]",
	.summary = "print the processes of a container",
	.details = "What follows the ID is for the host's ps (default: -ef).\n",
	.examples = "ocirun ps c1\n"
		    "ocirun ps c1 -o pid,user,args\n"
		    "ocirun ps --format json c1\n",
	.options = rows,
	.target = &options,
	.arena = ARENA_DOCUMENTS,
	.uses_state = true,
	.run = run,
};
