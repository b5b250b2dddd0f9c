/*
 * A systemd that is none: a thread that listens on a socket and answers calls as a test says. It
 * serves one connection after the other until the test ends it.
 */
#ifndef OCIRUN_FAKE_BUS_H
#define OCIRUN_FAKE_BUS_H

#include "place.h"

#include "runtime/parent/dbus_message.h"

#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>

struct fake_bus {
	char path[100];
	const char *greeting; /* the answer to ours */
	/* Answers one call. False: hang up. */
	bool (*serve)(struct fake_bus *f, struct dbus_message *call);
	int listener, connection;
	uint32_t serial; /* of the call that is being answered */
	char seen[1024]; /* the members that were called */
	pthread_t thread;
};

static UNUSED void fake_say(struct fake_bus *f, const char *bytes, size_t n)
{
	if (send(f->connection, bytes, n, MSG_NOSIGNAL) != (ssize_t)n)
		shutdown(f->connection, SHUT_RDWR);
}

static void fake_field(struct dbus_bytes *b, uint8_t code, const char *type, const char *text)
{
	dbus_align(b);
	dbus_put_byte(b, code);
	dbus_put_signature(b, type);
	if (*type == 'g')
		dbus_put_signature(b, text);
	else
		dbus_put_text(b, text);
}

/* A message with a body of up to four values: what stands for it is the text in `values`, and
 * `signature` says how it is meant: s, o, u, or v for a variant of a string. */
static UNUSED void fake_message(struct fake_bus *f, enum dbus_type type, const char *name,
				const char *signature, const char *const *values)
{
	static struct dbus_bytes b; /* of the one thread */
	uint32_t length;

	b.n = 0;
	b.full = false;
	dbus_put_byte(&b, 'l');
	dbus_put_byte(&b, (uint8_t)type);
	dbus_put_byte(&b, 0);
	dbus_put_byte(&b, 1);
	dbus_put_u32(&b, 0);
	dbus_put_u32(&b, 77);
	size_t fields = dbus_array_begin(&b, 8);
	if (type == DBUS_SIGNAL) {
		fake_field(&b, 1, "o", "/org/freedesktop/systemd1");
		fake_field(&b, 2, "s", "org.freedesktop.systemd1.Manager");
		fake_field(&b, 3, "s", name);
	} else {
		dbus_align(&b);
		dbus_put_byte(&b, 5);
		dbus_put_signature(&b, "u");
		dbus_put_u32(&b, f->serial);
	}
	if (type == DBUS_ERROR)
		fake_field(&b, 4, "s", name);
	fake_field(&b, 7, "s", ":1.1");
	if (*signature)
		fake_field(&b, 8, "g", signature);
	dbus_array_end(&b, fields, 8);
	dbus_align(&b);
	const size_t body = b.n;
	for (size_t i = 0; signature[i]; i++) {
		if (signature[i] == 'v')
			dbus_put_signature(&b, "s");
		if (signature[i] == 'u')
			dbus_put_u32(&b, (uint32_t)atoi(values[i]));
		else
			dbus_put_text(&b, values[i]);
	}
	length = (uint32_t)(b.n - body);
	memcpy(b.v + 4, &length, 4);
	fake_say(f, b.v, b.n);
}

static UNUSED void fake_return(struct fake_bus *f, const char *signature, const char *value)
{
	fake_message(f, DBUS_RETURN, NULL, signature, &value);
}

static UNUSED void fake_error(struct fake_bus *f, const char *name, const char *text)
{
	fake_message(f, DBUS_ERROR, name, "s", &text);
}

static UNUSED void fake_job_removed(struct fake_bus *f, const char *job, const char *unit,
				    const char *result)
{
	const char *const values[] = { "4", job, unit, result };

	fake_message(f, DBUS_SIGNAL, "JobRemoved", "uoss", values);
}

static UNUSED bool fake_is(const struct dbus_message *call, const char *member)
{
	return call->member && !strcmp(call->member, member);
}

static bool fake_read(struct fake_bus *f, char *to, size_t n)
{
	return recv(f->connection, to, n, MSG_WAITALL) == (ssize_t)n;
}

static void fake_serve(struct fake_bus *f)
{
	static char bytes[DBUS_MESSAGE_MAX];
	char line[64] = "";
	size_t size, n = 0;
	struct dbus_message call;

	while (!strstr(line + 1, "BEGIN\r\n") && n < sizeof(line) - 1)
		if (!fake_read(f, line + n++, 1))
			return;
	fake_say(f, f->greeting, strlen(f->greeting));
	while (fake_read(f, bytes, DBUS_HEADER) && (size = dbus_size(bytes)) &&
	       size <= sizeof(bytes) && fake_read(f, bytes + DBUS_HEADER, size - DBUS_HEADER) &&
	       dbus_parse(bytes, size, &call) == 0) {
		memcpy(&f->serial, bytes + 8, 4);
		n = strlen(f->seen);
		snprintf(f->seen + n, sizeof(f->seen) - n, "%s%s", n ? " " : "", call.member);
		if (fake_is(&call, "Hello"))
			fake_return(f, "s", ":1.2");
		else if (fake_is(&call, "AddMatch"))
			fake_return(f, "", NULL);
		else if (!f->serve || !f->serve(f, &call))
			return;
	}
}

static void *fake_run(void *data)
{
	struct fake_bus *f = data;

	while ((f->connection = accept(f->listener, NULL, NULL)) >= 0) {
		fake_serve(f);
		close(f->connection);
	}
	return NULL;
}

static UNUSED void fake_begin(struct fake_bus *f, struct place *p,
			      bool (*serve)(struct fake_bus *f, struct dbus_message *call))
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	*f = (struct fake_bus){ .greeting = "DATA\r\nOK 0123456789abcdef\r\n", .serve = serve };
	snprintf(f->path, sizeof(f->path), "%.80s/bus", p->path);
	snprintf(a.sun_path, sizeof(a.sun_path), "%s", f->path);
	f->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(f->listener, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(f->listener, 4), 0);
	assert_int_equal(pthread_create(&f->thread, NULL, fake_run, f), 0);
}

static UNUSED void fake_end(struct fake_bus *f)
{
	shutdown(f->listener, SHUT_RDWR);
	pthread_join(f->thread, NULL);
	close(f->listener);
	unlink(f->path);
}

#endif
