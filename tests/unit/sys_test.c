/* runtime/sys.c: a child that shares our memory until it executes. */
#include "runtime/arch.h"
#include "runtime/sys.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int steps;

static void execute(const void *program)
{
	char *args[] = { "sh", "-c", "exit 7", NULL }, *env[] = { NULL };

	steps++;
	execve(program, args, env);
	_exit(errno == ENOENT ? 2 : 1);
}

static int run(const char *program)
{
	struct sys_clone_args args = { .exit_signal = SIGCHLD };
	int status;

	steps = 0;
	pid_t pid = sys_clone3_shared(&args, execute, program);
	assert_true(pid > 0);
	/* It has begun and executed by now, in our memory where that can be shared. */
	assert_int_equal(steps, ARCH_CALLS);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void test_executes(void **state)
{
	(void)state;
	assert_int_equal(run("/bin/sh"), 7);
	/* And again: nothing of the first is left on our stack. */
	assert_int_equal(run("/bin/sh"), 7);
}

static void test_fails_to_execute(void **state)
{
	(void)state;
	assert_int_equal(run("/nonexistent"), 2);
}

static void test_refused(void **state)
{
	struct sys_clone_args args = { .flags = 0x1ULL << 63, .exit_signal = SIGCHLD };

	(void)state;
	errno = 0;
	assert_int_equal(sys_clone3_shared(&args, execute, "/bin/sh"), -1);
	assert_int_equal(errno, EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_executes),
		cmocka_unit_test(test_fails_to_execute),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
