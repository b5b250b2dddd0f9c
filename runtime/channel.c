/* See channel.h. */
#include "runtime/channel.h"

#include "runtime/file.h"
#include "runtime/log.h"
#include "runtime/socket.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

static const struct {
	const char *name;
	const char *sender;
} messages[] = {
	[MESSAGE_ERROR] = { "error", "either" },
	[MESSAGE_UNSHARED] = { "unshared", "helper" },
	[MESSAGE_BORN] = { "born", "helper" },
	[MESSAGE_PLACED] = { "placed", "parent" },
	[MESSAGE_LOADED] = { "loaded", "child" },
	[MESSAGE_FILTER] = { "filter", "parent" },
	[MESSAGE_OPEN] = { "open", "either" },
	[MESSAGE_DEVICE] = { "device", "either" },
	[MESSAGE_MOUNTED] = { "mounted", "child" },
	[MESSAGE_NETWORK] = { "network", "either" },
	[MESSAGE_OUTPUT] = { "output", "either" },
	[MESSAGE_HOOKED] = { "hooked", "parent" },
	[MESSAGE_TERMINAL] = { "terminal", "child" },
	[MESSAGE_SCHEDULE] = { "schedule", "either" },
	[MESSAGE_LISTENER] = { "listener", "either" },
	[MESSAGE_CREATED] = { "created", "child" },
	[MESSAGE_RECORDED] = { "recorded", "parent" },
	[MESSAGE_START] = { "start", "start" },
	[MESSAGE_EXECUTING] = { "executing", "child" },
};

int channel_pair(int ends[2], struct error *e)
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return error_call(e, "socketpair", "make the channel between parent and child");
	return 0;
}

/* Whoever can't say a thing says no more: a reader that is there after all must not wait for it. */
static int send_message(int channel, const void *bytes, size_t n, int fd)
{
	if (socket_pass(channel, bytes, n, fd) >= 0)
		return 0;
	/* It has ended without reading all of ours: no other end than any. */
	const int code = errno == ECONNRESET ? EPIPE : errno;
	if (code == EPIPE)
		(void)shutdown(channel, SHUT_WR);
	errno = code;
	return -1;
}

int channel_send(int channel, enum message_type type, int32_t value, int fd)
{
	uint32_t head[2] = { type, (uint32_t)value };

	trace(TRACE_STEPS, "%s says: %s %d", messages[type].sender, messages[type].name, value);
	return send_message(channel, head, sizeof(head), fd);
}

int channel_send_error(int channel, const struct error *error)
{
	struct message m = { MESSAGE_ERROR, 0, *error };

	return send_message(channel, &m, sizeof(m), -1);
}

int channel_receive(int channel, struct message *m, int *fd, struct error *e)
{
	CLEAN_FD passed = -1;
	ssize_t n = socket_take(channel, m, sizeof(*m), &passed);

	if (n < 0)
		return error_set(e, errno, "receive from the other side");
	if (n == 0)
		return 0;
	if ((size_t)n < offsetof(struct message, error) || m->type > MESSAGE_EXECUTING ||
	    (m->type == MESSAGE_ERROR && (size_t)n != sizeof(*m)))
		return error_set(e, EPROTO, "receive from the other side");
	if (m->type == MESSAGE_ERROR) {
		m->error.context[sizeof(m->error.context) - 1] = 0;
		m->error.field[sizeof(m->error.field) - 1] = 0;
		m->error.text[sizeof(m->error.text) - 1] = 0;
		m->error.hint[sizeof(m->error.hint) - 1] = 0;
	}
	if (fd)
		*fd = fd_take(&passed);
	return 1;
}

int channel_expect(int channel, enum message_type type, struct message *m, struct error *e)
{
	return channel_expected(channel_receive(channel, m, NULL, e), type, m, e);
}

int channel_expected(int got, enum message_type type, const struct message *m, struct error *e)
{
	if (got < 0)
		return -1;
	if (got == 0)
		return error_set(e, 0, "the other side ended without a word, before \"%s\"",
				 messages[type].name);
	if (m->type == MESSAGE_ERROR) {
		*e = m->error;
		return -1;
	}
	if (m->type != type)
		return error_set(e, EPROTO, "got \"%s\" instead of \"%s\"", messages[m->type].name,
				 messages[type].name);
	return 0;
}
