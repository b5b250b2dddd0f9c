/* `ocirun exec`: run a program in a container. */
#include "cmd/create.h"

static struct {
	struct exec_options o;
	struct option_list env, cap, additional_gids, cgroup;
} options;

#define ROW(letter, name, argument, member, help) \
	OPTION(letter, name, argument, __typeof__(options), member, help)

static const struct option rows[] = {
	ROW('t', "tty", NULL, o.tty, "give it a terminal"),
	ROW('d', "detach", NULL, o.detach, "return once it has started"),
	ROW('e', "env", "NAME=VALUE", env, "add to its environment (repeatable)"),
	ROW('u', "user", "USER[:GROUP]", o.user, "run it as USER: ids, or names in the container"),
	ROW('g', "additional-gids", "GID", additional_gids,
	    "add a supplementary group (repeatable)"),
	ROW(0, "cwd", "DIR", o.cwd, "its working directory in the container"),
	ROW('c', "cap", "CAP", cap, "add a capability, \"CAP_NET_ADMIN\" (repeatable)"),
	ROW(0, "no-new-privs", NULL, o.no_new_privs, "set noNewPrivileges"),
	ROW(0, "apparmor", "PROFILE", o.apparmor, "its AppArmor profile"),
	ROW(0, "process-label", "LABEL", o.process_label, "its SELinux label"),
	ROW('p', "process", "FILE", o.process, "read the whole process from this JSON file"),
	ROW(0, "cgroup", "[NAME,...:]PATH", cgroup,
	    "run it in a cgroup below the container's,\n"
	    "of the named controllers with cgroup v1 (repeatable)"),
	ROW(0, "ignore-paused", NULL, o.ignore_paused, "do not refuse a paused container"),
	ROW(0, "pid-file", "FILE", o.pid_file, "write its pid to FILE"),
	ROW(0, "console-socket", "PATH", o.console_socket,
	    "send the terminal's master to this unix socket"),
	ROW(0, "pidfd-socket", "PATH", o.pidfd_socket,
	    "send a pidfd of the process to this unix socket"),
	ROW(0, "preserve-fds", "N", o.preserve_fds, "hand on N more descriptors, from 3 up"),
	{ 0 },
};

static int check(const struct invocation *in, struct error *e)
{
	if (in->args.n < 2 && !options.o.process)
		return error_set(e, 0, "missing argument COMMAND: process args cannot be empty");
	return create_descriptors(options.o.preserve_fds, e);
}

static struct words_given given(const struct option_list *list)
{
	return (struct words_given){ list->n, list->v };
}

static int run(struct invocation *in, struct error *e)
{
	struct exec_options *o = &options.o;

	o->root = in->root;
	o->id = in->args.v[0];
	o->args = in->args.v + 1;
	o->env = given(&options.env);
	o->cap = given(&options.cap);
	o->additional_gids = given(&options.additional_gids);
	o->cgroup = given(&options.cgroup);
	o->listen_fds = create_listen_fds();
	return container_exec(o, &in->exit_code, e);
}

const struct command command_exec = {
	.name = "exec",
	.arguments = "ID [COMMAND...]",
	.summary = "run a program in a container",
	.details =
		"It runs like the process of config.json, as far as no option says otherwise; with\n"
		"--process FILE like that. The options end with ID. The exit status is that of the\n"
		"program, 128 + N when signal N ended it, or 255 when it could not be run.\n",
	.examples = "ocirun exec c1 ps aux\n"
		    "ocirun exec -t -e TERM=$TERM c1 sh\n"
		    "ocirun exec --user 1000:1000 --cwd /srv c1 make\n"
		    "ocirun exec --detach --process process.json --pid-file pid c1\n",
	.options = rows,
	.target = &options,
	.uses_state = true,
	.failure = 255,
	.check = check,
	.run = run,
};
