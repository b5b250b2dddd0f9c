/*
 * channel.c: what one side says the other hears, once and whole; what is no message is an error and
 * leaves nothing open.
 */
#include "place.h"

#include "runtime/channel.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>

struct pair_of_ends {
	int ends[2];
	int descriptors; /* open in this process when the test began */
};

static int setup(void **state)
{
	struct pair_of_ends *p = malloc(sizeof(*p));
	struct error e = ERROR_NONE;

	*state = p;
	if (!p || channel_pair(p->ends, &e) < 0)
		return -1;
	p->descriptors = open_descriptors();
	return 0;
}

static int teardown(void **state)
{
	struct pair_of_ends *p = *state;
	int lost = open_descriptors() - p->descriptors;

	close(p->ends[0]);
	close(p->ends[1]);
	free(p);
	return lost ? -1 : 0;
}

#define CHANNEL_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

/* This side ends; its number is nothing of the channel any more. */
static void end_one(struct pair_of_ends *p, int i)
{
	close(p->ends[i]);
	p->ends[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void closes_on_exec(void **state)
{
	struct pair_of_ends *p = *state;

	for (int i = 0; i < 2; i++)
		assert_true(fcntl(p->ends[i], F_GETFD) & FD_CLOEXEC);
}

static void each_message(void **state)
{
	static const int32_t values[] = { 0, 1, 4194304, -1, INT32_MIN, INT32_MAX };
	struct pair_of_ends *p = *state;
	struct error e = ERROR_NONE;
	struct message m;

	for (uint32_t type = MESSAGE_UNSHARED; type <= MESSAGE_EXECUTING; type++)
		for (size_t i = 0; i < COUNT(values); i++) {
			int fd = 99, from = type % 2;
			assert_int_equal(channel_send(p->ends[from], type, values[i], -1), 0);
			assert_int_equal(channel_receive(p->ends[!from], &m, &fd, &e), 1);
			assert_int_equal(m.type, type);
			assert_int_equal(m.value, values[i]);
			assert_int_equal(fd, -1);
			assert_int_equal(channel_send(p->ends[from], type, values[i], -1), 0);
			assert_int_equal(channel_expect(p->ends[!from], type, &m, &e), 0);
			assert_int_equal(m.value, values[i]);
		}
}

/* Several may wait: they arrive one by one, in order. */
static void keeps_order(void **state)
{
	struct pair_of_ends *p = *state;
	struct error e = ERROR_NONE;
	struct message m;

	assert_int_equal(channel_send(p->ends[0], MESSAGE_UNSHARED, 1, -1), 0);
	assert_int_equal(channel_send(p->ends[0], MESSAGE_BORN, 2, -1), 0);
	assert_int_equal(channel_send(p->ends[1], MESSAGE_PLACED, 3, -1), 0);
	assert_int_equal(channel_expect(p->ends[1], MESSAGE_UNSHARED, &m, &e), 0);
	assert_int_equal(channel_expect(p->ends[1], MESSAGE_BORN, &m, &e), 0);
	assert_int_equal(m.value, 2);
	assert_int_equal(channel_expect(p->ends[0], MESSAGE_PLACED, &m, &e), 0);
	assert_int_equal(m.value, 3);
}

static void passes_a_descriptor(void **state)
{
	struct pair_of_ends *p = *state;
	struct error e = ERROR_NONE;
	struct stat sent, received;
	struct message m;
	int fd = -1;

	int file = open("/dev/null", O_RDONLY);
	assert_int_equal(fstat(file, &sent), 0);
	assert_int_equal(channel_send(p->ends[0], MESSAGE_TERMINAL, 5, file), 0);
	close(file);
	assert_int_equal(channel_receive(p->ends[1], &m, &fd, &e), 1);
	assert_int_equal(m.type, MESSAGE_TERMINAL);
	assert_int_equal(m.value, 5);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &received), 0);
	assert_true(sent.st_ino == received.st_ino && sent.st_rdev == received.st_rdev);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
	/* Nobody wants this one: it is closed, see teardown(). */
	assert_int_equal(channel_send(p->ends[0], MESSAGE_TERMINAL, 6, p->ends[0]), 0);
	assert_int_equal(channel_receive(p->ends[1], &m, NULL, &e), 1);
	assert_int_equal(m.value, 6);
	assert_int_equal(channel_send(p->ends[0], MESSAGE_CREATED, 7, p->ends[0]), 0);
	assert_int_equal(channel_expect(p->ends[1], MESSAGE_CREATED, &m, &e), 0);
}

static void errors_cross(void **state)
{
	struct pair_of_ends *p = *state;
	struct error e = ERROR_NONE, got = ERROR_NONE;
	struct message m;

	error_set(&e, EPERM, "bind %s", "/a");
	error_in(&e, "mounts[3]");
	error_context(&e, "create c1");
	error_hint(&e, "ask for less");
	for (int i = 0; i < 2; i++) {
		assert_int_equal(channel_send_error(p->ends[0], &e), 0);
		if (i == 0) {
			assert_int_equal(channel_receive(p->ends[1], &m, NULL, &got), 1);
			assert_int_equal(m.type, MESSAGE_ERROR);
			got = m.error;
		} else {
			/* Whatever was awaited. */
			got = ERROR_NONE;
			assert_int_equal(channel_expect(p->ends[1], MESSAGE_CREATED, &m, &got), -1);
		}
		assert_int_equal(got.code, EPERM);
		assert_string_equal(shown(&got), "create c1: mounts[3]: bind /a: Operation not "
						 "permitted (EPERM) (ask for less)");
	}
	assert_int_equal(channel_send(p->ends[0], MESSAGE_MOUNTED, 0, -1), 0);
	assert_int_equal(channel_expect(p->ends[1], MESSAGE_MOUNTED, &m, &got), 0);
}

/* The other side may be hostile: its strings end inside their members. */
static void error_strings_end(void **state)
{
	struct pair_of_ends *p = *state;
	struct message hostile, m;
	struct error e = ERROR_NONE;

	memset(&hostile, 'x', sizeof(hostile));
	hostile.type = MESSAGE_ERROR;
	assert_int_equal(send(p->ends[0], &hostile, sizeof(hostile), 0), sizeof(hostile));
	assert_int_equal(channel_receive(p->ends[1], &m, NULL, &e), 1);
	assert_true(strnlen(m.error.field, sizeof(m.error.field)) < sizeof(m.error.field));
	assert_true(strnlen(m.error.text, sizeof(m.error.text)) < sizeof(m.error.text));
	assert_true(strnlen(m.error.hint, sizeof(m.error.hint)) < sizeof(m.error.hint));
	assert_true(strnlen(m.error.context, sizeof(m.error.context)) < sizeof(m.error.context));
}

static void ends_are_told(void **state)
{
	struct pair_of_ends *p = *state;
	struct error e = ERROR_NONE;
	struct message m;
	int fd;

	/* What was said before the end is still heard. */
	assert_int_equal(channel_send(p->ends[0], MESSAGE_CREATED, 1, -1), 0);
	end_one(p, 0);
	assert_int_equal(channel_receive(p->ends[1], &m, &fd, &e), 1);
	assert_int_equal(channel_receive(p->ends[1], &m, &fd, &e), 0);
	assert_int_equal(channel_receive(p->ends[1], &m, NULL, &e), 0);
	assert_int_equal(channel_expect(p->ends[1], MESSAGE_CREATED, &m, &e), -1);
	assert_string_equal(shown(&e), "the other side ended without a word, before \"created\"");
	/* No SIGPIPE. */
	assert_int_equal(channel_send(p->ends[1], MESSAGE_START, 0, -1), -1);
	assert_int_equal(errno, EPIPE);
	assert_int_equal(channel_send_error(p->ends[1], &e), -1);
	assert_int_equal(errno, EPIPE);
}

/* One that ends with something unread resets the connection: for us an end like others. */
static void ends_unread(void **state)
{
	struct pair_of_ends *p = *state;
	struct error e = ERROR_NONE;
	struct message m;

	/* What was said before is heard all the same: it may be the error. */
	assert_int_equal(channel_send(p->ends[1], MESSAGE_START, 0, -1), 0);
	assert_int_equal(channel_send(p->ends[0], MESSAGE_CREATED, 3, -1), 0);
	end_one(p, 0);
	assert_int_equal(channel_receive(p->ends[1], &m, NULL, &e), 1);
	assert_int_equal(m.value, 3);
	assert_int_equal(channel_receive(p->ends[1], &m, NULL, &e), 0);
}

/* To who speaks first it is the same. */
static void ends_unread_and_is_told(void **state)
{
	struct pair_of_ends *p = *state;

	assert_int_equal(channel_send(p->ends[1], MESSAGE_START, 0, -1), 0);
	end_one(p, 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(channel_send(p->ends[1], MESSAGE_START, 0, -1), -1);
		assert_int_equal(errno, EPIPE);
	}
}

static void unexpected(void **state)
{
	struct pair_of_ends *p = *state;
	struct error e = ERROR_NONE;
	struct message m;

	assert_int_equal(channel_send(p->ends[0], MESSAGE_MOUNTED, 0, -1), 0);
	assert_int_equal(channel_expect(p->ends[1], MESSAGE_CREATED, &m, &e), -1);
	assert_string_equal(shown(&e),
			    "got \"mounted\" instead of \"created\": Protocol error (EPROTO)");
}

static void no_channel(void **state)
{
	struct error e = ERROR_NONE;
	struct message m;
	int fd = -1;

	(void)state;
	assert_int_equal(channel_receive(-1, &m, &fd, &e), -1);
	assert_int_equal(e.code, EBADF);
	assert_int_equal(channel_send(-1, MESSAGE_START, 0, -1), -1);
	assert_int_equal(errno, EBADF);
}

/* Bytes with descriptors in one control message, as somebody else could send them. */
static void send_raw(int channel, const void *bytes, size_t n, const int *fds, size_t count)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(4 * sizeof(int))];
	} control = { 0 };
	struct iovec part = { (void *)bytes, n };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1 };

	if (count) {
		m.msg_control = control.bytes;
		m.msg_controllen = CMSG_SPACE(count * sizeof(int));
		control.header =
			(struct cmsghdr){ CMSG_LEN(count * sizeof(int)), SOL_SOCKET, SCM_RIGHTS };
		memcpy(CMSG_DATA(&control.header), fds, count * sizeof(int));
	}
	assert_int_equal(sendmsg(channel, &m, 0), n);
}

static void garbage(void **state)
{
	struct pair_of_ends *p = *state;
	struct message error = { .type = MESSAGE_ERROR }, m;
	const uint32_t types[][2] = { { MESSAGE_EXECUTING + 1, 0 },
				      { 1000, 0 },
				      { UINT32_MAX, 0 } };
	const int fd = p->ends[0];

	for (size_t n = 1; n < 8; n++) {
		struct error e = ERROR_NONE;
		send_raw(fd, types[0], n, &fd, n % 2);
		assert_int_equal(channel_receive(p->ends[1], &m, NULL, &e), -1);
		assert_int_equal(e.code, EPROTO);
	}
	for (size_t i = 0; i < COUNT(types); i++) {
		struct error e = ERROR_NONE;
		int got = -1;
		send_raw(fd, types[i], sizeof(types[i]), &fd, 1);
		assert_int_equal(channel_receive(p->ends[1], &m, &got, &e), -1);
		assert_int_equal(e.code, EPROTO);
		assert_int_equal(got, -1);
	}
	/* An error that is cut short. */
	for (size_t n = 8; n < sizeof(error); n += 100) {
		struct error e = ERROR_NONE;
		send_raw(fd, &error, n, NULL, 0);
		assert_int_equal(channel_receive(p->ends[1], &m, NULL, &e), -1);
		assert_int_equal(e.code, EPROTO);
	}
	/* Nothing at all is no message. */
	struct error e = ERROR_NONE;
	send_raw(fd, "", 0, NULL, 0);
	assert_true(channel_receive(p->ends[1], &m, NULL, &e) <= 0);
	/* And none of it is in the way of the next. */
	assert_int_equal(channel_send(fd, MESSAGE_CREATED, 0, -1), 0);
	assert_int_equal(channel_expect(p->ends[1], MESSAGE_CREATED, &m, &e), 0);
}

static void oversized(void **state)
{
	static char bytes[3 * sizeof(struct message)];
	struct pair_of_ends *p = *state;
	struct {
		struct message m;
		char behind[256];
	} got;
	struct error e = ERROR_NONE;

	memset(bytes, 'x', sizeof(bytes));
	memset(&got, 0, sizeof(got));
	((struct message *)bytes)->type = MESSAGE_ERROR;
	send_raw(p->ends[0], bytes, sizeof(bytes), NULL, 0);
	int result = channel_receive(p->ends[1], &got.m, NULL, &e);
	assert_true(result == -1 || !got.m.error.text[sizeof(got.m.error.text) - 1]);
	for (size_t i = 0; i < sizeof(got.behind); i++)
		assert_int_equal(got.behind[i], 0);
	/* The rest of it is not the next message. */
	assert_int_equal(channel_send(p->ends[0], MESSAGE_CREATED, 8, -1), 0);
	assert_int_equal(channel_expect(p->ends[1], MESSAGE_CREATED, &got.m, &e), 0);
	assert_int_equal(got.m.value, 8);
}

/* At most one descriptor comes through, and none is left open: teardown() counts. */
static void many_descriptors(void **state)
{
	struct pair_of_ends *p = *state;
	const int fds[4] = { p->ends[0], p->ends[0], p->ends[1], p->ends[1] };
	const uint32_t head[2] = { MESSAGE_TERMINAL, 0 };

	for (size_t n = 2; n <= COUNT(fds); n++) {
		struct error e = ERROR_NONE;
		struct message m;
		int fd = -1;
		send_raw(p->ends[0], head, sizeof(head), fds, n);
		(void)!channel_receive(p->ends[1], &m, &fd, &e);
		if (fd >= 0)
			close(fd);
	}
	assert_int_equal(open_descriptors(), p->descriptors);
}

/* A descriptor for which this process has no number left is lost, and that is said. */
static void too_many_descriptors(void **state)
{
	struct pair_of_ends *p = *state;
	struct error e = ERROR_NONE;
	struct rlimit before, none;
	struct message m;
	int fd = -1;

	assert_int_equal(channel_send(p->ends[0], MESSAGE_OPEN, 0, p->ends[0]), 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	int got = channel_receive(p->ends[1], &m, &fd, &e);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(got, -1);
	assert_int_equal(e.code, EMFILE);
	assert_int_equal(fd, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHANNEL_TEST(closes_on_exec),
		CHANNEL_TEST(too_many_descriptors),
		CHANNEL_TEST(each_message),
		CHANNEL_TEST(keeps_order),
		CHANNEL_TEST(passes_a_descriptor),
		CHANNEL_TEST(errors_cross),
		CHANNEL_TEST(error_strings_end),
		CHANNEL_TEST(ends_are_told),
		CHANNEL_TEST(ends_unread),
		CHANNEL_TEST(ends_unread_and_is_told),
		CHANNEL_TEST(unexpected),
		CHANNEL_TEST(no_channel),
		CHANNEL_TEST(garbage),
		CHANNEL_TEST(oversized),
		CHANNEL_TEST(many_descriptors),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("channel", tests, NULL, NULL);
}
