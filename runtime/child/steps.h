/*
 * The steps of init, one function each; init.c orders them and says why. Each gets what the steps
 * share and returns 0 or -1 with e. A step whose field is absent does nothing.
 */
#ifndef OCIRUN_CHILD_STEPS_H
#define OCIRUN_CHILD_STEPS_H

#include "runtime/child/child.h"

typedef int step_fn(struct child *c, struct error *e);

struct step {
	const char *name;
	step_fn *run;
};
/* Run a table of them, up to the first that fails. */
MUST_CHECK int steps_run(const struct step *steps, size_t n, struct child *c, struct error *e);

/* rootfs.c */
step_fn rootfs_prepare;   /* propagation; the rootfs becomes a mount of its own; c->rootfs */
step_fn rootfs_mounts;    /* mounts */
step_fn rootfs_read_only; /* late read-only mounts, readonlyPaths, root.readonly */
step_fn rootfs_enter;     /* pivot_root, or what stands in for it */

/* masks.c */
step_fn masks_open;  /* c->null, while the host's /dev is in reach */
step_fn masks_apply; /* maskedPaths */

/* devices.c */
step_fn devices_make; /* c->dev, devices, links */

/* terminal.c */
step_fn terminal_open;    /* the pty pair, /dev/console; the master goes to the parent */
step_fn terminal_take;    /* our stdio */
step_fn terminal_control; /* our session's terminal */

/* host.c: what the namespaces hold besides mounts */
step_fn host_session;  /* setsid, signals, session keyring */
step_fn host_loopback; /* lo up */
step_fn host_net_devices;
step_fn host_names; /* hostname, domainname */
step_fn host_sysctl;

/* user.c: the container's /etc/passwd and /etc/group */
step_fn user_find; /* the plan's user and group, by name */
/* The directory that /etc/passwd has for the program's uid, or "/". */
char *user_home(struct child *c, struct error *e);

/* program.c: what is run */
step_fn program_environment; /* env, HOME */
step_fn program_directory;   /* cwd: made when missing, c->cwd */
step_fn program_enter_as_root;
step_fn program_enter_as_user;
step_fn program_find;    /* args[0] by PATH */
step_fn program_limits;  /* rlimits */
step_fn program_execute; /* startContainer hooks, rlimits, the filter, execve: returns only if that
			    fails (init.c) */

/* attributes.c */
step_fn attributes_set;      /* execution domain, memory policy */
step_fn attributes_schedule; /* scheduling, I/O priority */

/* identity.c */
step_fn identity_labels; /* of the program, by the security modules */
step_fn identity_apply;  /* bounding set, ids, groups, capabilities, no_new_privs, umask */
step_fn identity_end;    /* gives up the capability that was kept for the filter */

/* filter.c: linux.seccomp */
step_fn filter_await;  /* until the parent has compiled it */
step_fn filter_notify; /* load one that needs a listener, and say so */
step_fn filter_load;   /* any other, right before execve */
/* Load it into the process of a startContainer hook of `child`. -1 with errno. */
int filter_confine(const void *child);

#endif
