/* `ocirun events`: what a container uses, and when it runs out of memory, one JSON object a line. */
#include "spec/events.h"
#include "cmd/command.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static struct {
	const char *interval;
	bool stats;
} options;

static const struct option rows[] = {
	OPTION(0, "interval", "DURATION", __typeof__(options), interval,
	       "between statistics: 5s, 500ms, 1m30s, or seconds (default: 5s)"),
	OPTION(0, "stats", NULL, __typeof__(options), stats, "print statistics once"),
	{ 0 },
};

static bool reader_gone;

/* One write for each event, so that a reader gets whole lines. */
static int print(const struct event *event, struct arena *a, struct error *e)
{
	size_t n;
	char *text = json_print(&event_table, event, 0, a, &n);

	int result = output_write(arena_printf(a, "%s\n", text), n + 1, e);
	reader_gone = result && e->code == EPIPE;
	return result;
}

static int check(const struct invocation *in, struct error *e)
{
	(void)in;
	if (!options.interval || duration_parse(options.interval) > 0)
		return 0;
	error_set(e, 0, "--interval: \"%s\" is no duration above 0", options.interval);
	return error_hint(e, "as in 5s, 500ms, 1m30s");
}

static int run(struct invocation *in, struct error *e)
{
	const struct events_options o = {
		.root = in->root,
		.id = in->args.v[0],
		.interval_ms = options.stats      ? 0
			       : options.interval ? duration_parse(options.interval)
						  : 5000,
		.reader = STDOUT_FILENO,
		.sink = print,
	};

	signal(SIGPIPE, SIG_IGN);
	if (container_events(&o, e) == 0)
		return 0;
	if (!reader_gone)
		return -1;
	*e = ERROR_NONE;
	return 0;
}

const struct command command_events = {
	.name = "events",
	.arguments = "ID",
	.summary = "print what a container uses, and when it runs out of memory",
	.details = "One JSON object a line, until the container ends or nobody reads.\n",
	.examples = "ocirun events --stats c1\n"
		    "ocirun events --interval 1s c1\n",
	.options = rows,
	.target = &options,
	.uses_state = true,
	.check = check,
	.run = run,
};
