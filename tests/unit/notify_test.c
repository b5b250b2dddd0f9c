/*
 * notify.c: which of a container's messages say that it is ready, and that nothing else it sends
 * holds anybody up. The way itself is in tests/integration/notify.bats.
 */
#include "unit.h"

#include "runtime/file.h"
#include "runtime/parent/notify.h"

#include <sys/socket.h>

static const struct {
	const char *message;
	bool ready;
} messages[] = {
	{ "READY=1", true },
	{ "READY=1\n", true },
	{ "STATUS=up\nREADY=1\nMAINPID=1", true },
	{ "\n\nREADY=1", true },
	{ "", false },
	{ "READY=0", false },
	{ "READY=10", false },
	{ "READY=", false },
	{ "NOTREADY=1", false },
	{ "STATUS=READY=1", false },
	{ "ready=1", false },
	{ "MAINPID=1\nSTOPPING=1", false },
};

static void which_say_ready(void **state UNUSED)
{
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends), 0);
	for (size_t i = 0; i < COUNT(messages); i++) {
		const char *text = messages[i].message;
		assert_int_equal(send(ends[1], text, strlen(text), 0), strlen(text));
		if (notify_is_ready(ends[0]) != messages[i].ready)
			fail_msg("%s", text);
	}
	/* Nothing there: no wait. */
	assert_false(notify_is_ready(ends[0]));
	fd_close(&ends[0]);
	fd_close(&ends[1]);
}

static void among_others(void **state UNUSED)
{
	char longer[6000];
	int ends[2];

	memset(longer, 'x', sizeof(longer));
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends), 0);
	assert_int_equal(send(ends[1], longer, sizeof(longer), 0), sizeof(longer));
	assert_int_equal(send(ends[1], "STATUS=up", 9, 0), 9);
	assert_int_equal(send(ends[1], "READY=1", 7, 0), 7);
	assert_true(notify_is_ready(ends[0]));
	fd_close(&ends[0]);
	fd_close(&ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(which_say_ready),
		cmocka_unit_test(among_others),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("notify", tests, NULL, NULL);
}
