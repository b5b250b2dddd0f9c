/*
 * A connection to systemd, over its own socket or a D-Bus daemon: calls, and the signals that come
 * between. Every wait is bounded. What is said is systemd.c's; the bytes are dbus_message.c's.
 */
#ifndef OCIRUN_DBUS_H
#define OCIRUN_DBUS_H

#include "runtime/parent/dbus_message.h"

struct dbus {
	int fd;
	int ms;            /* how long one answer may take */
	int64_t deadline;  /* of what is being waited for */
	uint32_t serial;   /* of the last call */
	int peer;          /* pid of who listened, as we see it; 0: we do not */
	bool daemon;       /* a D-Bus daemon stands between: what is sent names its destination */
	char refusal[128]; /* the name of the error that the last call was answered with; "" */
	/* Called with the signals that come while an answer is waited for; may be NULL. */
	void (*on_signal)(void *data, struct dbus_message *signal);
	void *data;
	size_t have, used; /* bytes in `in`, and those of them that have been looked at */
	size_t skip;       /* bytes still to come of a message that is too long to look at */
	struct dbus_bytes out;
	char in[DBUS_MESSAGE_MAX];
};

/*
 * Connect to the socket at `path` and say who we are. At a daemon, also ask for the signals that
 * `match` names. Each answer may take `ms` milliseconds. On success *d belongs to the caller, who
 * ends it by dbus_close.
 */
MUST_CHECK int dbus_open(struct dbus **d, const char *path, bool daemon, const char *match, int ms,
			 struct error *e);
void dbus_close(struct dbus **d);

/* Begin a call; its values are put into the result. */
struct dbus_bytes *dbus_call_begin(struct dbus *d, const struct dbus_method *m);

/* Send it and wait for its answer, which holds until the next call or wait. An error that is the
 * other side's is named in d->refusal. */
MUST_CHECK int dbus_call(struct dbus *d, struct dbus_message *answer, struct error *e);

/* Wait for the next message, until d->deadline. */
MUST_CHECK int dbus_receive(struct dbus *d, struct dbus_message *m, struct error *e);

/* From now on this long. */
void dbus_allow(struct dbus *d, int ms);

#endif
