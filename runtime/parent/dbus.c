/* See dbus.h. */
#include "runtime/parent/dbus.h"

#include "runtime/file.h"
#include "runtime/log.h"
#include "runtime/socket.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

/*
 * No name of ours: the other side takes the user that the socket tells it, which is right in a user
 * namespace too, where we don't know what number that is outside.
 */
static const char hello[] = "\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n";

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

void dbus_allow(struct dbus *d, int ms)
{
	d->deadline = now_ms() + ms;
}

static int broken(struct error *e, const char *what)
{
	return error_set(e, EPROTO, "talk to systemd over D-Bus: %s", what);
}

static int send_all(struct dbus *d, const char *bytes, size_t n, struct error *e)
{
	while (n) {
		ssize_t done = send(d->fd, bytes, n, MSG_NOSIGNAL);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return error_set(e, errno == EAGAIN ? ETIMEDOUT : errno,
					 "talk to systemd over D-Bus");
		bytes += done;
		n -= (size_t)done;
	}
	return 0;
}

/* More bytes, into what is free of d->in. */
static int receive_more(struct dbus *d, struct error *e)
{
	struct pollfd p = { d->fd, POLLIN, 0 };

	memmove(d->in, d->in + d->used, d->have - d->used);
	d->have -= d->used;
	d->used = 0;
	for (;;) {
		const int64_t left = d->deadline - now_ms();
		int ready = left > 0 ? poll(&p, 1, (int)left) : 0;
		if (ready == 0)
			return error_set(e, ETIMEDOUT, "wait for systemd's answer");
		ssize_t n = ready < 0 ? -1
				      : recv(d->fd, d->in + d->have, sizeof(d->in) - d->have,
					     MSG_DONTWAIT);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n <= 0)
			return error_set(e, n < 0 ? errno : ECONNRESET,
					 "talk to systemd over D-Bus");
		d->have += (size_t)n;
		return 0;
	}
}

/* Drop what there is of a message that is too long: it is a signal about something else. */
static void skip(struct dbus *d)
{
	const size_t there = d->have - d->used, n = d->skip < there ? d->skip : there;

	d->used += n;
	d->skip -= n;
}

/* The next message that is there; 0: some of it is still to come. */
static int next(struct dbus *d, struct dbus_message *m, struct error *e)
{
	skip(d);
	if (d->skip || d->have - d->used < DBUS_HEADER)
		return 0;
	const char *at = d->in + d->used;
	const size_t size = dbus_size(at);
	if (size > sizeof(d->in)) {
		d->skip = size;
		return next(d, m, e);
	}
	if (size && d->have - d->used < size)
		return 0;
	if (!size || dbus_parse(at, size, m) < 0)
		return broken(e, "what it says is no message");
	d->used += size;
	return 1;
}

int dbus_receive(struct dbus *d, struct dbus_message *m, struct error *e)
{
	int got;

	while ((got = next(d, m, e)) == 0)
		if (receive_more(d, e) < 0)
			return -1;
	return got < 0 ? -1 : 0;
}

/* --- calls ------------------------------------------------------------------------------------ */

struct dbus_bytes *dbus_call_begin(struct dbus *d, const struct dbus_method *m)
{
	struct dbus_method to = *m;

	if (!d->daemon)
		to.destination = NULL;
	trace(TRACE_STEPS, "parent: dbus: %s", m->member);
	dbus_begin(&d->out, ++d->serial, &to);
	return &d->out;
}

/* What the other side says of a call that it refuses. */
static int refused(struct dbus *d, struct dbus_message *answer, struct error *e)
{
	const bool told = answer->signature && answer->signature[0] == 's';
	const char *why = told ? dbus_get_text(answer) : "";

	snprintf(d->refusal, sizeof(d->refusal), "%s", answer->error ? answer->error : "");
	return error_set(e, 0, "%.1000s%s%s%s", why, *why ? " (" : "", d->refusal, *why ? ")" : "");
}

int dbus_call(struct dbus *d, struct dbus_message *answer, struct error *e)
{
	d->refusal[0] = 0;
	if (!dbus_end(&d->out))
		return error_set(e, EMSGSIZE, "talk to systemd over D-Bus");
	dbus_allow(d, d->ms);
	if (send_all(d, d->out.v, d->out.n, e) < 0)
		return -1;
	for (;;) {
		if (dbus_receive(d, answer, e) < 0)
			return -1;
		if (answer->type == DBUS_SIGNAL && d->on_signal)
			d->on_signal(d->data, answer);
		if (answer->reply_to != d->serial)
			continue;
		if (answer->type == DBUS_ERROR)
			return refused(d, answer, e);
		if (answer->type == DBUS_RETURN)
			return 0;
	}
}

/* --- the beginning ---------------------------------------------------------------------------- */

/* The next line of the answer to hello, without its end, cut off in place. */
static int receive_line(struct dbus *d, const char **line, struct error *e)
{
	for (;;) {
		char *at = d->in + d->used, *end = memchr(at, '\n', d->have - d->used);
		if (end) {
			*line = at;
			d->used = (size_t)(end + 1 - d->in);
			*end = 0;
			return 0;
		}
		if (d->have - d->used > 1000)
			return broken(e, "the answer to our greeting has no end");
		if (receive_more(d, e) < 0)
			return -1;
	}
}

static int authenticate(struct dbus *d, struct error *e)
{
	const char *line = "";

	dbus_allow(d, d->ms);
	if (send_all(d, hello, sizeof(hello) - 1, e) < 0)
		return -1;
	for (int i = 0; i < 4; i++) {
		if (receive_line(d, &line, e) < 0)
			return -1;
		if (strncmp(line, "OK ", 3) == 0)
			return 0;
		if (strncmp(line, "REJECTED", 8) == 0)
			return error_set(e, EACCES, "it takes us for another user");
	}
	return broken(e, "it does not answer our greeting");
}

/* A daemon wants to be greeted, and delivers the signals that it is asked for. */
static int introduce(struct dbus *d, const char *match, struct error *e)
{
	struct dbus_method m = { .destination = "org.freedesktop.DBus",
				 .path = "/org/freedesktop/DBus",
				 .interface = "org.freedesktop.DBus",
				 .member = "Hello" };
	struct dbus_message answer;

	dbus_call_begin(d, &m);
	if (dbus_call(d, &answer, e) < 0)
		return -1;
	m.member = "AddMatch";
	m.signature = "s";
	dbus_put_text(dbus_call_begin(d, &m), match);
	return dbus_call(d, &answer, e);
}

int dbus_open(struct dbus **out, const char *path, bool daemon, const char *match, int ms,
	      struct error *e)
{
	CLEAN_FD fd = socket_connect(path, ms, e);
	struct dbus *d = fd < 0 ? NULL : malloc(sizeof(*d));
	struct ucred peer;
	socklen_t size = sizeof(peer);

	*out = NULL;
	if (fd < 0)
		return -1;
	if (!d)
		return error_set(e, ENOMEM, "talk to systemd over D-Bus");
	/* All but the buffers, which are filled before they are looked at. */
	memset(d, 0, offsetof(struct dbus, out));
	d->fd = fd_take(&fd);
	d->peer = getsockopt(d->fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 ? 0 : peer.pid;
	d->ms = ms;
	d->daemon = daemon;
	if (authenticate(d, e) == 0 && (!daemon || introduce(d, match, e) == 0)) {
		*out = d;
		return 0;
	}
	dbus_close(&d);
	return -1;
}

void dbus_close(struct dbus **d)
{
	if (!*d)
		return;
	fd_close(&(*d)->fd);
	free(*d);
	*d = NULL;
}
