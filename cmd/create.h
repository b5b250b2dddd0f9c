/*
 * What create, run and plan share: the options that say how a bundle becomes a container.
 */
#ifndef OCIRUN_CMD_CREATE_H
#define OCIRUN_CMD_CREATE_H

#include "cmd/command.h"

#define CREATE_BUNDLE_ROWS                                                     \
	OPTION('b', "bundle", "DIR", struct create_options, bundle,            \
	       "directory that holds config.json (default: the current one)"), \
		OPTION('f', "config", "FILE", struct create_options, config,   \
		       "read FILE instead of DIR/config.json")

#define CREATE_ROWS                                                                            \
	CREATE_BUNDLE_ROWS,                                                                    \
		OPTION(0, "console-socket", "PATH", struct create_options, console_socket,     \
		       "send the terminal's master to this unix socket"),                      \
		OPTION(0, "pidfd-socket", "PATH", struct create_options, pidfd_socket,         \
		       "send a pidfd of the first process to this unix socket"),               \
		OPTION(0, "pid-file", "FILE", struct create_options, pid_file,                 \
		       "write the pid of the container's first process to FILE"),              \
		OPTION(0, "no-pivot", NULL, struct create_options, no_pivot,                   \
		       "enter the root without pivot_root(2), for a host on a ramdisk"),       \
		OPTION(0, "no-mount-fallback", NULL, struct create_options, no_mount_fallback, \
		       "fail where a bind mount keeps a flag that its options do not name"),   \
		OPTION(0, "no-new-keyring", NULL, struct create_options, no_new_keyring,       \
		       "keep the caller's session keyring"),                                   \
		OPTION(0, "preserve-fds", "N", struct create_options, preserve_fds,            \
		       "hand on N more descriptors, from 3 up")

/* Fails for descriptors to preserve that are not open. */
MUST_CHECK int create_check(const struct create_options *o, struct error *e);

/* By --cgroup-manager, or by --systemd-cgroup where that says nothing else. */
enum cgroup_manager create_cgroup_manager(const struct globals *g);

/* Where a service manager waits to hear that what we start is ready, sd_notify(3); NULL: nobody. */
const char *notify_socket(void);

/* Its part about descriptors, and how many of them are sockets that the program is told of. For
 * exec too. */
MUST_CHECK int create_descriptors(unsigned preserve, struct error *e);
unsigned create_listen_fds(void);

/* Fill in what comes from the global options and the arguments: root, id, cgroup manager. */
void create_complete(const struct invocation *in, struct create_options *o);

#endif
