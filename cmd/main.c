/*
 * The command line: finds the command's row, parses the options by its table, calls it, and prints
 * the one error. Everything a command does lies behind runtime/parent/container.h; this file only
 * decides which and where messages go.
 */
#include "cmd/command.h"
#include "cmd/log.h"
#include "cmd/timing.h"
#include "runtime/child/child.h"
#include "runtime/log.h"
#include "runtime/parent/seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct command command_help;

static const struct command *const commands[] = {
	&command_create,   &command_start,  &command_run,
	&command_exec,     &command_state,  &command_list,
	&command_ps,       &command_events, &command_update,
	&command_pause,    &command_resume, &command_kill,
	&command_delete,   &command_gc,     &command_checkpoint,
	&command_restore,  &command_spec,   &command_plan,
	&command_features, &command_help,   NULL,
};

static struct globals globals;

static const struct option global_rows[] = {
	OPTION(0, "root", "DIR", struct globals, root,
	       "where the state of containers is kept (default: /run/ocirun,\n"
	       "or $XDG_RUNTIME_DIR/ocirun without privilege)"),
	OPTION(0, "log", "FILE", struct globals, log,
	       "append errors to FILE, besides printing them"),
	OPTION(0, "log-format", LOG_FORMATS, struct globals, log_format,
	       "of that file (default: text)"),
	OPTION(0, "log-level", LOG_LEVELS, struct globals, log_level,
	       "what that file gets (default: error)"),
	OPTION(0, "debug", NULL, struct globals, debug, "the same as --log-level debug"),
	OPTION(0, "timing", "FILE", struct globals, timing,
	       "write to FILE how long each step and hook took, as\n"
	       "JSON that https://ui.perfetto.dev draws"),
	OPTION(0, "cgroup-manager", "cgroupfs|systemd|disabled", struct globals, cgroup_manager,
	       "who makes cgroups (default: cgroupfs)"),
	OPTION(0, "systemd-cgroup", NULL, struct globals, systemd_cgroup,
	       "the same as --cgroup-manager systemd"),
	OPTION(0, "rootless", "true|false|auto", struct globals, rootless,
	       "accepted and ignored: what is possible is found out"),
	OPTION('v', "version", NULL, struct globals, version, "show the version"),
	OPTION('V', "version", NULL, struct globals, version, NULL),
	{ 0 },
};

/* The error of a name that is none. Returns NULL. */
static const struct command *unknown_command(const char *name, struct error *e)
{
	const char *meant = NULL;
	unsigned best = WORD_FAR;

	for (size_t i = 0; commands[i]; i++)
		if (word_resembles(name, commands[i]->name, &best))
			meant = commands[i]->name;
	error_set(e, 0, "unknown command \"%s\"", name);
	if (meant)
		error_hint(e, "did you mean %s?", meant);
	else
		error_hint(e, "see ocirun --help");
	return NULL;
}

static const struct command *find_command(const char *name, struct error *e)
{
	for (size_t i = 0; commands[i]; i++)
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	return unknown_command(name, e);
}

static int run_help(struct invocation *in, struct error *e)
{
	const struct command *c;

	if (!in->args.n)
		return help_all(commands, global_rows, e);
	/* No command's name: for completion.awk. */
	if (!strcmp(in->args.v[0], "rows"))
		return help_rows(commands, global_rows, e);
	c = find_command(in->args.v[0], e);
	return c ? help_command(c, e) : -1;
}

static const struct command command_help = {
	.name = "help",
	.arguments = "[COMMAND]",
	.summary = "list the commands, or explain one",
	.examples = "ocirun help create\n",
	.options = options_none,
	.run = run_help,
};

static int print_version(struct error *e)
{
	char text[256];
	struct arena a;

	if (arena_init(&a, 4096, e) < 0)
		return -1;
	/* dockerd reads the last line that has the word "version". */
	int n = snprintf(text, sizeof(text), "ocirun version %s\n%s%s%sspec: %s\nlibseccomp: %s\n",
			 OCIRUN_VERSION, *OCIRUN_COMMIT ? "commit: " : "", OCIRUN_COMMIT,
			 *OCIRUN_COMMIT ? "\n" : "", SPEC_VERSION, seccomp_library(&a));

	return output_write(text, n, e);
}

/* "ID [ARGUMENT...]": what follows the first argument is another program's. */
static bool has_rest(const struct command *c)
{
	return strstr(c->arguments, "...") != NULL;
}

/* Compare the arguments with the command's "ID [SIGNAL]". */
static int check_count(const struct command *c, const struct arguments *args, struct error *e)
{
	int n = 0;

	for (const char *word = c->arguments; *word; n++) {
		int length = strcspn(word, " ");

		if (n >= args->n && *word != '[') {
			error_set(e, 0, "missing argument %.*s", length, word);
			return error_hint(e, "see ocirun %s --help", c->name);
		}
		word += length + (word[length] == ' ');
	}
	if (args->n <= n || has_rest(c))
		return 0;
	error_set(e, 0, "unexpected argument \"%s\"", args->v[n]);
	return error_hint(e, "see ocirun %s --help", c->name);
}

/* The command's options, without any side effect. Returns 1 when only help was asked for. */
static int prepare(const struct command *c, struct invocation *in, struct error *e)
{
	enum option_order order = has_rest(c) ? OPTIONS_FIRST : OPTIONS_ANYWHERE;
	bool help = false;

	if (options_parse(c->options, c->target, order, &in->args, &help, e)) {
		in->args.n = 0; /* half parsed */
		return error_hint(e, "see ocirun %s --help", c->name);
	}
	if (help)
		return 1;
	if (check_count(c, &in->args, e))
		return -1;
	return c->check ? c->check(in, e) : 0;
}

static int run_command(const struct command *c, struct invocation *in, struct error *e)
{
	struct arena arena;
	char *root;

	if (arena_init(&arena, c->arena ? c->arena : (size_t)64 << 10, e))
		return -1;
	in->arena = &arena;
	in->root = globals.root;
	if (c->uses_state && !in->root) {
		if (state_root_default(&arena, &root, e))
			return -1;
		in->root = root;
	}
	container_warn = log_warning;
	container_note = log_note;
	in->exit_code = c->failure; /* until it is known better */
	return c->run(in, e);       /* the arena ends with the process */
}

static int open_log(struct error *e)
{
	static bool tried;

	if (tried)
		return 0;
	tried = true;
	return log_open(globals.log, globals.log_format,
			globals.debug ? LOG_DEBUG : globals.log_level, e);
}

/* Everything that can be said without a side effect is said before the log is opened. */
static int dispatch(const struct command *c, struct invocation *in, struct error *e)
{
	int prepared = prepare(c, in, e);

	if (prepared)
		return prepared > 0 ? help_command(c, e) : -1;
	if (open_log(e) || (globals.timing && timing_open(globals.timing, e)))
		return -1;
	return run_command(c, in, e);
}

/* What was being done: "create c1". The first argument counts only where it is an id. */
static const char *in_command(const struct command *c, const struct arguments *args)
{
	static char text[256];
	bool has_id = args->n && !strncmp(c->arguments, "ID", 2);

	snprintf(text, sizeof(text), "%s%s%s", c->name, has_id ? " " : "",
		 has_id ? args->v[0] : "");
	return text;
}

static int run_line(struct arguments args, int *exit_code, struct error *e)
{
	struct invocation in = { .globals = &globals };
	const struct command *c;
	bool help = false;

	if (options_parse(global_rows, &globals, OPTIONS_FIRST, &args, &help, e))
		return error_hint(e, "see ocirun --help");
	if (help)
		return help_all(commands, global_rows, e);
	if (globals.version)
		return print_version(e);
	if (!args.n) {
		error_set(e, 0, "missing command");
		return error_hint(e, "see ocirun --help");
	}
	c = find_command(args.v[0], e);
	if (!c)
		return -1;
	in.args = (struct arguments){ args.n - 1, args.v + 1 };
	int result = dispatch(c, &in, e);
	*exit_code = result && !in.exit_code ? 1 : in.exit_code;
	if (result)
		error_context(e, "%s", in_command(c, &in.args));
	timing_write(in_command(c, &in.args), *exit_code, result ? e : NULL);
	return result;
}

/* Wrong options are an error that belongs in the log too, as far as they said where it is. */
static void report(const struct error *error)
{
	struct error log_failure = ERROR_NONE;

	if (open_log(&log_failure))
		log_error(&log_failure);
	log_error(error);
}

/*
 * A caller may have closed 0, 1 or 2; what we open must not land there and be taken for the
 * container's output.
 */
static void fill_standard_descriptors(void)
{
	struct pollfd fds[] = { { .fd = 0 }, { .fd = 1 }, { .fd = 2 } };

	if (poll(fds, 3, 0) <= 0)
		return;
	for (int i = 0; i < 3; i++)
		if (fds[i].revents & POLLNVAL && open("/dev/null", O_RDWR) < 0)
			_exit(1);
}

int main(int argc, char **argv)
{
	struct error error = ERROR_NONE;
	int exit_code = 0;

	/* The container's first process on its way: its user waits for every microsecond of this. */
	if (argc == 3 && !strcmp(argv[1], "init"))
		child_main(argv[2]);

	fill_standard_descriptors();
	trace_init(getenv("OCIRUN_TRACE"));
	if (argc < 1)
		return 1;
	if (run_line((struct arguments){ argc - 1, argv + 1 }, &exit_code, &error)) {
		report(&error);
		return exit_code ? exit_code : 1;
	}
	return exit_code;
}
