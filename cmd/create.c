/* `ocirun create`: make a container and leave it waiting for `start`. */
#include "cmd/create.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Socket activation, sd_listen_fds(3): the caller's sockets, meant for us, are the program's. */
unsigned create_listen_fds(void)
{
	const char *count = getenv("LISTEN_FDS"), *pid = getenv("LISTEN_PID");
	char self[16];

	if (!count || !*count || strlen(count) > 6 || strspn(count, "0123456789") != strlen(count))
		return 0;
	snprintf(self, sizeof(self), "%d", getpid());
	return pid && *pid && strcmp(pid, self) != 0 ? 0 : (unsigned)strtoul(count, NULL, 10);
}

const char *notify_socket(void)
{
	const char *path = getenv("NOTIFY_SOCKET");

	return path && (path[0] == '/' || path[0] == '@') && path[1] ? path : NULL;
}

/*
 * A descriptor that the caller promised but did not open must be found out before we open one of
 * our own: it would get that very number and be handed to the container.
 */
int create_descriptors(unsigned n, struct error *e)
{
	unsigned listen = create_listen_fds();

	for (unsigned fd = 3; fd - 3 < listen + n; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		if (fd - 3 < listen)
			return error_set(e, errno, "LISTEN_FDS=%u: descriptor %u", listen, fd);
		return error_set(e, errno, "--preserve-fds %u: preserved-fd %u (descriptor %u)", n,
				 fd - 3 - listen, fd);
	}
	return 0;
}

int create_check(const struct create_options *o, struct error *e)
{
	return create_descriptors(o->preserve_fds, e);
}

enum cgroup_manager create_cgroup_manager(const struct globals *g)
{
	return g->systemd_cgroup && g->cgroup_manager == CGROUP_CGROUPFS ? CGROUP_SYSTEMD
									 : g->cgroup_manager;
}

void create_complete(const struct invocation *in, struct create_options *o)
{
	o->root = in->root;
	o->id = in->args.n ? in->args.v[0] : NULL;
	o->cgroup_manager = create_cgroup_manager(in->globals);
	o->listen_fds = create_listen_fds();
}

static struct create_options options;

static const struct option rows[] = { CREATE_ROWS, { 0 } };

static int check(const struct invocation *in, struct error *e)
{
	(void)in;
	return create_check(&options, e);
}

static int run(struct invocation *in, struct error *e)
{
	create_complete(in, &options);
	options.notify_socket = notify_socket();
	return container_create(&options, e);
}

const struct command command_create = {
	.name = "create",
	.arguments = "ID",
	.summary = "make a container from a bundle, ready to start",
	.details =
		"Everything is set up but the program of config.json is not running yet: `ocirun start ID`\n"
		"runs it. A container with a terminal needs --console-socket.\n",
	.examples = "ocirun create -b bundles/hello c1\n"
		    "ocirun create --bundle /srv/web --pid-file /run/web.pid web\n",
	.options = rows,
	.target = &options,
	.uses_state = true,
	.check = check,
	.run = run,
};
