/*
 * Unix sockets of others and of our own: connecting by path, and passing descriptors. What is said
 * on them is their callers' (channel.c, parent/console.c, parent/filter.c).
 */
#ifndef OCIRUN_SOCKET_H
#define OCIRUN_SOCKET_H

#include "spec/error.h"

#include <sys/types.h>

/* Connect to a stream socket, however long its path. A descriptor (close-on-exec), or -1 with e. A
 * listener that doesn't listen, and later a reader that doesn't read, is waited for `ms`
 * milliseconds, then ETIMEDOUT. */
#define SOCKET_PATIENCE_MS 10000 /* where nothing else is known */
MUST_CHECK int socket_connect(const char *path, int ms, struct error *e);

/* sendmsg(2), with a descriptor when fd >= 0: how many bytes, or -1 with errno. A reader that is
 * gone is EPIPE, never a signal. */
ssize_t socket_pass(int socket, const void *bytes, size_t n, int fd);

/* recvmsg(2): how many bytes, 0 at the end, or -1 with errno. *fd is the descriptor that came along
 * (close-on-exec), the caller's from now on, or -1. EMFILE: one came, but we have too many. */
ssize_t socket_take(int socket, void *bytes, size_t n, int *fd);

#endif
