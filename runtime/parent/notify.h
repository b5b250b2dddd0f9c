/*
 * The way of sd_notify(3) out of a container. Whoever starts us may wait for the service to be
 * ready, at the socket that NOTIFY_SOCKET names. The container gets a socket of its own, in a
 * directory of the state, read-only at /run/notify; while it starts we listen there. Of what it
 * says only READY=1 goes on: anything else would have the service manager obey the container.
 */
#ifndef OCIRUN_NOTIFY_H
#define OCIRUN_NOTIFY_H

#include "runtime/parent/state.h"

/* Below the state directory; the plan binds it (resolve.c), the child names it (program.c). */
#define NOTIFY_DIRECTORY "notify"

/* Make the directory. */
MUST_CHECK int notify_prepare(const struct state *s, struct error *e);

/* Listen, if the container was made so. *fd is a descriptor, or -1. Before the program begins. */
MUST_CHECK int notify_listen(const struct state *s, int *fd, struct error *e);

/* Whether what has come at `fd` says READY=1. Never waits. */
bool notify_is_ready(int fd);

/*
 * Tell `host`, the value of NOTIFY_SOCKET. With `pid`, we go and the container's process stays: it
 * is the one to watch, and we wait a while until that is understood. A failure is a warning: the
 * container runs.
 */
void notify_ready(const char *host, int pid);

/* Wait until the container says that it is ready, and pass that on, or until `init` ends. */
void notify_wait(int fd, int init, const char *host, int pid);

#endif
