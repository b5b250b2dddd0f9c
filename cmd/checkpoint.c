/* `ocirun checkpoint`: save a running container into a folder. */
#include "cmd/checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

static struct {
	struct criu_options criu;
	const char *empty_ns;
} options = { .criu.timeout = CRIU_TIMEOUT };

static const struct option rows[] = {
	CRIU_ROWS(__typeof__(options), criu),
	OPTION(0, "leave-running", NULL, __typeof__(options), criu.leave_running,
	       "let the container go on afterwards"),
	OPTION(0, "pre-dump", NULL, __typeof__(options), criu.pre_dump,
	       "save only the memory; the container goes on"),
	OPTION(0, "parent-path", "DIR", __typeof__(options), criu.parent_path,
	       "folder of the images before, seen from --image-path"),
	OPTION(0, "tcp-skip-in-flight", NULL, __typeof__(options), criu.tcp_skip_in_flight,
	       "leave out TCP connections that are being made"),
	OPTION(0, "page-server", "ADDRESS:PORT", __typeof__(options), criu.page_server,
	       "send the memory to a criu page-server"),
	OPTION(0, "status-fd", "N", __typeof__(options), criu.status_fd,
	       "descriptor that gets a byte when lazy pages can be fetched"),
	{ 0 },
};

static int check_page_server(const char *server, struct error *e)
{
	const char *colon = server ? strrchr(server, ':') : NULL;
	size_t digits = colon ? strspn(colon + 1, "0123456789") : 0;

	if (!server || (colon && colon != server && digits && digits < 6 && !colon[1 + digits] &&
			strtoul(colon + 1, NULL, 10) < 65536 && colon - server < 256))
		return 0;
	return error_set(e, 0, "--page-server: \"%.300s\" is no ADDRESS:PORT", server);
}

int criu_check_empty(const char *ns, struct error *e)
{
	if (!ns || !strcmp(ns, "network"))
		return 0;
	return error_set(e, 0, "--empty-ns: \"%.300s\" is not network", ns);
}

static int check(const struct invocation *in, struct error *e)
{
	int flags = options.criu.status_fd ? fcntl((int)options.criu.status_fd, F_GETFL) : 0;

	(void)in;
	if (flags < 0)
		return error_set(e, errno, "--status-fd %u", options.criu.status_fd);
	if (options.criu.status_fd && (flags & O_ACCMODE) == O_RDONLY)
		return error_set(e, 0, "--status-fd %u: it can't be written to",
				 options.criu.status_fd);
	return check_page_server(options.criu.page_server, e) < 0 ||
			       criu_check_empty(options.empty_ns, e) < 0
		       ? -1
		       : 0;
}

static int run(struct invocation *in, struct error *e)
{
	/* Of a --status-fd that nobody reads we want the error: criu is at work. */
	signal(SIGPIPE, SIG_IGN);
	return container_checkpoint(in->root, in->args.v[0], &options.criu, e);
}

const struct command command_checkpoint = {
	.name = "checkpoint",
	.arguments = "ID",
	.summary = "save a running container into a folder, and delete it",
	.details =
		"The program criu, version 3.17 or newer, does the work. It writes a log beside the\n"
		"images, dump.log.\n",
	.examples = "ocirun checkpoint --image-path /var/tmp/c1 c1\n"
		    "ocirun checkpoint --leave-running --tcp-established c1\n",
	.options = rows,
	.target = &options,
	.uses_state = true,
	.check = check,
	.run = run,
};
