/*
 * The events between a container's parent side (create, run, start) and its child (init): a
 * SEQPACKET pair, one enum of messages, one table of who sends what. Configuration goes by the
 * plan's memfd and objects by descriptor number; only a terminal's master and a network namespace
 * travel here.
 */
#ifndef OCIRUN_CHANNEL_H
#define OCIRUN_CHANNEL_H

#include "spec/error.h"

#include <stdint.h>

enum message_type {
	MESSAGE_ERROR,    /* either side: this step failed, I am ending */
	MESSAGE_UNSHARED, /* helper: I am in a new user namespace, write its maps */
	MESSAGE_BORN,     /* helper: value is the pid of init, seen from the host */
	MESSAGE_PLACED,   /* parent: maps are written, you are in your cgroup; value is your pid. An
			     init   that a helper has made begins with it */
	MESSAGE_LOADED,   /* child: the re-exec is over: put me into my cgroups; PLACED answers */
	MESSAGE_FILTER,   /* parent: the compiled linux.seccomp, in a memfd; comes when it is ready,
			     while the child waits for whatever */
	MESSAGE_OPEN,     /* child: I may not enter the rootfs (value -1) or the source of
			     mounts[value], or map its ids: do it for me; parent: here it is */
	MESSAGE_DEVICE,   /* child: the host has no node like devices[value] of the plan, make one;
			     parent: here it is, a mount that is mounted nowhere */
	MESSAGE_NETWORK,  /* child: move the network devices to my network namespace, which comes
			     along; parent: they are there */
	MESSAGE_MOUNTED,  /* child: every mount is in place below root.path: run the create hooks */
	MESSAGE_OUTPUT, /* child: open the file of the annotation run.oci.hooks.stdout (value 1) or
			   stderr (2), for startContainer hooks 3 and 4; parent: here it is */
	MESSAGE_HOOKED, /* parent: prestart and createRuntime hooks are done */
	MESSAGE_TERMINAL, /* child: here is the master */
	MESSAGE_SCHEDULE, /* child: I may not set my scheduling, do it for me; parent: it is done */
	MESSAGE_LISTENER, /* child: the filter is loaded; value is the descriptor, among mine, of
			     who answers for it; parent, at exec: it is handed over */
	MESSAGE_CREATED,  /* child: all is done but the last steps; I wait for start */
	MESSAGE_RECORDED, /* parent: you are recorded as created (or START says so) */
	MESSAGE_START,    /* start: run the process */
	MESSAGE_EXECUTING, /* child: the hooks are done, next is execve; then the end of the
			      connection is its success */
};

struct message {
	uint32_t type;
	int32_t value;
	struct error error; /* sent only with MESSAGE_ERROR */
};

/* A connected pair, close-on-exec. */
MUST_CHECK int channel_pair(int ends[2], struct error *e);

/* Send a message, with a descriptor when fd >= 0. -1 with errno; a reader that is gone is EPIPE,
 * never a signal, and then nothing more can be sent. */
int channel_send(int channel, enum message_type type, int32_t value, int fd);
int channel_send_error(int channel, const struct error *error);

/*
 * Receive the next message. Returns 1, 0 at the end (the other side is gone), -1 with e. *fd is the
 * descriptor that came with it, owned by the caller, or -1; NULL refuses one. Strings of a received
 * error are terminated.
 */
MUST_CHECK int channel_receive(int channel, struct message *m, int *fd, struct error *e);

/* Receive exactly this message; the other side's error becomes *e, anything else an error that says
 * so. */
MUST_CHECK int channel_expect(int channel, enum message_type type, struct message *m,
			      struct error *e);

/* The same of what channel_receive has returned and received. */
MUST_CHECK int channel_expected(int got, enum message_type type, const struct message *m,
				struct error *e);

#endif
