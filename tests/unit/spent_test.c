/*
 * spent.c: what is spent is closed sooner or later, and nothing else is.
 */
#include "place.h"

#include "runtime/child/spent.h"

#define MANY 300

static int spend(void)
{
	SPENT_FD fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int number = fd;

	errno = ENOTTY;
	return number;
}

static void ends_with_its_scope(void **state)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC), none = -1;

	(void)state;
	errno = ENOTTY;
	spent_add(&fd);
	assert_int_equal(fd, -1);
	spent_add(&none);
	assert_int_equal(none, -1);
	for (int i = 0; i < MANY; i++) {
		assert_true(spend() >= 0);
		assert_int_equal(errno, ENOTTY);
	}
}

/* However many are spent, few are open at a time, and those between them stay. */
static void closes_only_the_spent(void **state)
{
	static int kept[MANY], spent[MANY];
	int open_spent = 0;

	(void)state;
	for (int i = 0; i < MANY; i++) {
		/* Runs of one to five neighbours, in no order. */
		for (int n = 0; n <= i % 5; n++) {
			int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
			assert_true(fd >= 0);
			spent[i] = fd;
			if (n < i % 5)
				spent_add(&fd);
		}
		kept[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
		assert_true(kept[i] >= 0);
		int last = spent[i];
		spent_add(&last);
	}
	for (int i = 0; i < MANY; i++) {
		assert_true(is_open(kept[i]));
		for (int j = 0; j < i; j++)
			assert_int_not_equal(kept[i], kept[j]);
	}
	for (int i = 0; i < MANY; i++)
		close(kept[i]);
	for (int fd = 3; fd < 3 * MANY; fd++)
		open_spent += is_open(fd);
	assert_true(open_spent < 100);
}

/* As the steps spend them: not in the order of their numbers. */
static void any_order(void **state)
{
	int first = open("/dev/null", O_RDONLY | O_CLOEXEC), spent[200];

	(void)state;
	close(first);
	for (int i = 0; i < 200; i++)
		spent[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int between = spent[100];
	for (int i = 199; i >= 0; i--) {
		int fd = spent[i * 7 % 200];
		if (fd != between)
			spent_add(&fd);
	}
	assert_true(is_open(between));
	close(between);
	int left = 0;
	for (int i = 0; i < 200; i++)
		left += is_open(spent[i]);
	assert_true(left < 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends_with_its_scope),
		cmocka_unit_test(closes_only_the_spent),
		cmocka_unit_test(any_order),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("spent", tests, NULL, NULL);
}
