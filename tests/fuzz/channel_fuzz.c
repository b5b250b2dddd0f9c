/*
 * Any bytes as messages of the channel between parent and child: of each the first byte says
 * whether a descriptor comes along and whether the rest is as long as an error, the next two how
 * long it is otherwise.
 */
#include "tests/fuzz/fuzz.h"

#include "runtime/channel.h"
#include "runtime/socket.h"

#include <sys/socket.h>

static void receive(int channel, bool descriptor)
{
	struct error e = ERROR_NONE;
	struct message m;
	int fd = -1, got = channel_receive(channel, &m, descriptor ? &fd : NULL, &e);

	need(got >= -1 && got <= 1);
	if (got < 0)
		need(*e.text);
	if (got > 0) {
		need(m.type <= MESSAGE_EXECUTING);
		if (m.type == MESSAGE_ERROR) {
			char line[sizeof(m.error) + 64];
			use(error_print(&m.error, line, sizeof(line)));
		}
		e = ERROR_NONE;
		if (channel_expected(got, MESSAGE_CREATED, &m, &e) < 0)
			use(e.text);
	}
	if (fd >= 0)
		close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct message buffer;
	static int ends[2] = { -1, -1 };
	struct error e = ERROR_NONE;

	if (ends[0] < 0)
		need(channel_pair(ends, &e) == 0);
	for (int i = 0; i < 8 && size >= 3; i++) {
		const uint8_t flags = data[0];
		size_t n = flags & 1 ? sizeof(buffer) : data[1] | (size_t)data[2] << 8;
		size_t have = size - 3 < n ? size - 3 : n;

		if (n > sizeof(buffer) || !n)
			n = have > sizeof(buffer) || !have ? 8 : have;
		have = have < n ? have : n;
		/* Not terminated anywhere by chance. */
		memset(&buffer, 'x', sizeof(buffer));
		memcpy(&buffer, data + 3, have);
		if (socket_pass(ends[0], &buffer, n, flags & 2 ? 0 : -1) < 0)
			return 0;
		receive(ends[1], flags & 4);
		data += 3 + have;
		size -= 3 + have;
	}
	return 0;
}
