/* `ocirun restore`: a container from a folder that checkpoint has made. */
#include "cmd/checkpoint.h"
#include "cmd/create.h"

static struct {
	struct create_options create;
	struct criu_options criu;
	const char *empty_ns;
} options = { .criu.timeout = CRIU_TIMEOUT };

static const struct option rows[] = {
	OPTION('b', "bundle", "DIR", __typeof__(options), create.bundle,
	       "directory that holds config.json (default: the current one)"),
	OPTION('d', "detach", NULL, __typeof__(options), create.detach,
	       "return once the program goes on; delete the container yourself"),
	OPTION(0, "console-socket", "PATH", __typeof__(options), create.console_socket,
	       "send the terminal's master to this unix socket"),
	OPTION(0, "pid-file", "FILE", __typeof__(options), create.pid_file,
	       "write the pid of the container's first process to FILE"),
	OPTION(0, "no-subreaper", NULL, __typeof__(options), create.no_subreaper,
	       "do not adopt processes that the container leaves behind"),
	OPTION(0, "no-pivot", NULL, __typeof__(options), create.no_pivot,
	       "accepted: how the root is entered is criu's business"),
	OPTION(0, "no-mount-fallback", NULL, __typeof__(options), create.no_mount_fallback,
	       "accepted: how mounts come back is criu's business"),
	CRIU_ROWS(__typeof__(options), criu),
	OPTION(0, "lsm-profile", "TYPE:LABEL", __typeof__(options), criu.lsm_profile,
	       "of the processes, instead of what they had: selinux:LABEL"),
	OPTION(0, "lsm-mount-context", "LABEL", __typeof__(options), criu.lsm_mount_context,
	       "of the mounts, instead of what they had"),
	{ 0 },
};

static int check(const struct invocation *in, struct error *e)
{
	(void)in;
	return criu_check_empty(options.empty_ns, e) < 0 || create_check(&options.create, e) < 0
		       ? -1
		       : 0;
}

static int run(struct invocation *in, struct error *e)
{
	create_complete(in, &options.create);
	options.create.listen_fds = 0;
	return container_restore(&options.create, &options.criu, &in->exit_code, e);
}

const struct command command_restore = {
	.name = "restore",
	.arguments = "ID",
	.summary = "make a container from what checkpoint has saved, and let it go on",
	.details =
		"It takes the bundle, too: mounts, namespaces by path, limits and hooks are those of its\n"
		"config.json. The exit status is that of `run`. Images are as trusted as programs that\n"
		"root runs: criu gives the processes in them whatever rights they say.\n",
	.examples = "ocirun restore -b /srv/web --image-path /var/tmp/c1 c1\n"
		    "ocirun restore --detach --image-path /var/tmp/c1 c2\n",
	.options = rows,
	.target = &options,
	.uses_state = true,
	.check = check,
	.run = run,
};
