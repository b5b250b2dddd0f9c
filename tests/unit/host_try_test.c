/* host_try.c: the answer is the kernel's, and what was tried happened to nobody else. */
#include "unit.h"

#include "runtime/parent/host_features.h"
#include "runtime/parent/host_try.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

static int succeed(int64_t argument)
{
	return argument == 42 ? 0 : -1;
}

static int refuse(int64_t argument)
{
	errno = (int)argument;
	return -1;
}

static int die(int64_t argument)
{
	(void)argument;
	return raise(SIGKILL);
}

static void test_answers(void **state)
{
	(void)state;
	assert_int_equal(host_try(succeed, 42, false), 0);
	assert_int_equal(host_try(refuse, ENOSYS, false), -1);
	assert_int_equal(errno, ENOSYS);
	assert_int_equal(host_try(die, 0, false), -1);
	assert_int_equal(errno, EPERM);
}

static void test_unknown_to_the_kernel(void **state)
{
	(void)state;
	assert_int_equal(host_try(try_seccomp_action, 0x12340000, false), -1);
	assert_int_equal(errno, EOPNOTSUPP);
	assert_int_equal(host_try(try_seccomp_flag, 1 << 20, false), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(host_try(try_memory_policy, 999, false), -1);
	assert_int_equal(host_try(try_clone3, 1000, false), -1);
	assert_int_equal(errno, EBADF);
}

static void test_nobody_else(void **state)
{
	char before[64], after[64];

	(void)state;
	ssize_t n = readlink("/proc/self/ns/uts", before, sizeof(before));
	(void)!host_try(try_unshare, CLONE_NEWUTS, true);
	assert_int_equal(readlink("/proc/self/ns/uts", after, sizeof(after)), n);
	assert_memory_equal(before, after, n);
	assert_int_equal(sched_getscheduler(0), SCHED_OTHER);
	(void)!host_try(try_realtime, 0, false);
	assert_int_equal(sched_getscheduler(0), SCHED_OTHER);
}

static void test_every_row_has_an_answer(void **state)
{
	struct host_features f;

	host_features_fill(&f, *state);
	for (size_t i = 0; i < f.features.n; i++) {
		const struct host_feature *one = &f.features.v[i];
		assert_int_equal(one->available, !one->reason);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(one->key, f.features.v[j].key);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_unknown_to_the_kernel),
		cmocka_unit_test(test_nobody_else),
		ARENA_TEST(test_every_row_has_an_answer),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("host_try", tests, NULL, NULL);
}
