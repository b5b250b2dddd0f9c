/*
 * process.c: a process is the one with that start time and no other, and one that nobody has reaped
 * has ended all the same.
 */
#include "place.h"

#include "runtime/process.h"

#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

/* A child that waits to be killed, with a name of its own. */
static pid_t sleeper(const char *name)
{
	int ends[2];
	char byte;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid_t parent = getpid(), pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NAME, name);
		if (getppid() != parent)
			_exit(1);
		close(ends[1]);
		for (;;)
			pause();
	}
	/* Its end of the pipe says that it has its name. */
	close(ends[1]);
	(void)!read(ends[0], &byte, 0);
	close(ends[0]);
	assert_true(pid > 0);
	return pid;
}

static void make_zombie(pid_t pid)
{
	siginfo_t info;

	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitid(P_PID, pid, &info, WEXITED | WNOWAIT), 0);
}

static void ourselves(void **state)
{
	struct record_process p;

	(void)state;
	assert_int_equal(process_identify(getpid(), &p), 0);
	assert_int_equal(p.pid, getpid());
	assert_true(p.start_time > 0);
	assert_int_equal(process_alive(&p), 1);
	int fd = process_open(&p);
	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
}

static void nobody(void **state)
{
	static const pid_t pids[] = { 0, -1, 1 << 30 };

	(void)state;
	for (size_t i = 0; i < COUNT(pids); i++) {
		struct record_process p = { pids[i], 1 };
		assert_int_equal(process_alive(&p), 0);
		assert_int_equal(process_open(&p), -1);
		assert_int_equal(errno, ESRCH);
		assert_int_equal(process_identify(pids[i], &p), -1);
		assert_int_equal(errno, ESRCH);
	}
	struct record_process none = { 0 };
	assert_int_equal(process_alive(&none), 0);
}

/* The same pid with another start time was, or will be, somebody else. */
/* Of a number that a process has had no more than of a thread's is it said that nobody is there. */
static void *be_a_thread(void *arg)
{
	*(pid_t *)arg = gettid();
	pause();
	return NULL;
}
static void thread_is_no_process(void **state)
{
	_Atomic pid_t tid = 0;
	struct record_process p;
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, be_a_thread, (void *)&tid), 0);
	while (!tid)
		usleep(1000);
	assert_int_equal(process_identify(tid, &p), 0);
	assert_int_equal(process_open(&p), -1);
	assert_int_equal(errno, ESRCH);
	pthread_cancel(thread);
	pthread_join(thread, NULL);
}
static void other_start_time(void **state)
{
	struct record_process p;

	(void)state;
	assert_int_equal(process_identify(getpid(), &p), 0);
	for (int i = -1; i <= 1; i += 2) {
		struct record_process other = { p.pid, p.start_time + i };
		assert_int_equal(process_alive(&other), 0);
		errno = 0;
		assert_int_equal(process_open(&other), -1);
		assert_int_equal(errno, ESRCH);
	}
}

static void ends(void **state)
{
	struct record_process p, again;
	pid_t pid = sleeper("sleeper");

	(void)state;
	assert_int_equal(process_identify(pid, &p), 0);
	assert_int_equal(process_alive(&p), 1);
	int before = open_descriptors(), fd = process_open(&p);
	assert_true(fd >= 0);
	make_zombie(pid);
	assert_int_equal(process_alive(&p), 0);
	assert_int_equal(process_open(&p), -1);
	assert_int_equal(errno, ESRCH);
	/* A zombie still has its number and its start. */
	assert_int_equal(process_identify(pid, &again), 0);
	assert_true(again.start_time == p.start_time);
	assert_int_equal(process_wait_end(fd, 0), 0);
	close(fd);
	assert_int_equal(process_reap(pid), 128 + SIGKILL);
	assert_int_equal(open_descriptors(), before);
	assert_int_equal(process_alive(&p), 0);
	assert_int_equal(process_identify(pid, &again), -1);
	assert_int_equal(errno, ESRCH);
}

/* The name stands between parentheses before what we read, and may look like it. */
static void names(void **state)
{
	static const char *const all[] = { ") Z 1 (", "a b c d e", ")))", "((", "" };

	(void)state;
	for (size_t i = 0; i < COUNT(all); i++) {
		struct record_process p, plain;
		assert_int_equal(prctl(PR_SET_NAME, all[i]), 0);
		assert_int_equal(process_identify(getpid(), &p), 0);
		assert_int_equal(process_alive(&p), 1);
		assert_int_equal(prctl(PR_SET_NAME, "process_test"), 0);
		assert_int_equal(process_identify(getpid(), &plain), 0);
		assert_true(plain.start_time == p.start_time);
	}
}

static void waits(void **state)
{
	struct record_process p;
	pid_t pid = sleeper("waiter");

	(void)state;
	assert_int_equal(process_identify(pid, &p), 0);
	int fd = process_open(&p);
	double before = seconds();
	assert_int_equal(process_wait_end(fd, 20), -1);
	assert_int_equal(errno, ETIMEDOUT);
	assert_true(seconds() - before >= 0.019);
	assert_int_equal(process_wait_end(fd, 0), -1);
	assert_int_equal(errno, ETIMEDOUT);
	kill(pid, SIGTERM);
	assert_int_equal(process_wait_end(fd, -1), 0);
	assert_int_equal(process_reap(pid), 128 + SIGTERM);
	/* What has ended long ago has ended. */
	assert_int_equal(process_wait_end(fd, -1), 0);
	close(fd);
}

static void nothing(int signal)
{
	(void)signal;
}

/* A signal that is handled meanwhile disturbs neither. */
static void interrupted(void **state)
{
	struct sigaction action = { .sa_handler = nothing }, before;
	pid_t ours = getpid();

	(void)state;
	assert_int_equal(sigaction(SIGUSR1, &action, &before), 0);
	pid_t pid = fork();
	if (pid == 0) {
		for (int i = 0; i < 5; i++) {
			usleep(3000);
			kill(ours, SIGUSR1);
		}
		_exit(7);
	}
	struct record_process p;
	assert_int_equal(process_identify(pid, &p), 0);
	int fd = process_open(&p);
	assert_int_equal(process_wait_end(fd, 10000), 0);
	assert_int_equal(process_reap(pid), 7);
	close(fd);
	sigaction(SIGUSR1, &before, NULL);
}

static void reaps(void **state)
{
	static const int codes[] = { 0, 1, 127, 255 };

	(void)state;
	for (size_t i = 0; i < COUNT(codes); i++) {
		pid_t pid = fork();
		if (pid == 0)
			_exit(codes[i]);
		assert_int_equal(process_reap(pid), codes[i]);
		assert_int_equal(process_reap(pid), -1);
		assert_int_equal(errno, ECHILD);
	}
}

static void children_only(void **state)
{
	pid_t pid = sleeper("child"), strangers[] = { getppid(), getpid(), 1, 0, -1 };

	(void)state;
	for (size_t i = 0; i < COUNT(strangers); i++)
		assert_int_equal(process_open_child(strangers[i]), -1);
	int fd = process_open_child(pid);
	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
	make_zombie(pid);
	fd = process_open_child(pid);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(process_reap(pid), 128 + SIGKILL);
	assert_int_equal(process_open_child(pid), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ourselves),
		cmocka_unit_test(nobody),
		cmocka_unit_test(thread_is_no_process),
		cmocka_unit_test(other_start_time),
		cmocka_unit_test(ends),
		cmocka_unit_test(names),
		cmocka_unit_test(waits),
		cmocka_unit_test(interrupted),
		cmocka_unit_test(reaps),
		cmocka_unit_test(children_only),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("process", tests, NULL, NULL);
}
