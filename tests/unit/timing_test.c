/*
 * timing.c: what was written is read, by the outside from the inside too; memory that somebody else
 * has written to can't mislead the reader, and other memory is not taken.
 */
#include "place.h"

#include "runtime/timing.h"

#include <sys/mman.h>
#include <sys/wait.h>

static void nothing_is_measured_unless_asked_for(void **state)
{
	struct timing_event event;

	(void)state;
	assert_null(timing);
	assert_int_equal(timing_fd(), -1);
	assert_null(timing_begin(TIMING_STEP, "step", NULL));
	timing_end(NULL, 0);
	timing_born();
	timing_executed(0);
	timing_leave("last");
	assert_false(timing_read(0, &event));
	assert_int_equal(timing_lost(), 0);
}

/* Another process, as the child is one. */
static void in_a_child(void (*run)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		run();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void inside(void)
{
	struct error e = ERROR_NONE;

	if (timing_attach(dup(timing_fd()), &e) < 0)
		_exit(1);
	timing_end(timing_begin(TIMING_MOUNT, "mount", "/proc"), -1);
	timing_begin(TIMING_STEP, "open", NULL);
	timing_leave("last");
	if (timing || timing_begin(TIMING_STEP, "late", NULL))
		_exit(2);
}

static void expect(size_t i, const char *name, bool is_inside, int result, bool ended)
{
	struct timing_event event;

	assert_true(timing_read(i, &event));
	assert_string_equal(event.name, name);
	assert_int_equal(event.inside, is_inside);
	assert_int_equal(event.result, result);
	assert_int_equal(event.end != 0, ended);
	if (ended)
		assert_true(event.end >= event.begin);
}

static void both_sides_are_read(void **state)
{
	struct error e = ERROR_NONE;
	struct timing_event event;

	(void)state;
	if (timing_start(&e) < 0)
		fail_msg("%s", shown(&e));
	struct timing_event *step = timing_begin(TIMING_STEP, "step", NULL);
	assert_non_null(step);
	timing_born();
	in_a_child(inside);
	expect(0, "step", false, 0, false);
	expect(1, "re-exec", true, 0, true);
	expect(2, "mount", true, -1, true);
	expect(3, "open", true, 0, true);
	expect(4, "last", true, 0, false);
	assert_false(timing_read(5, &event));
	timing_executed(0);
	expect(4, "last", true, 0, true);
	expect(0, "step", false, 0, false);
	timing_end(step, 0);
	expect(0, "step", false, 0, true);
	assert_true(timing_read(2, &event));
	assert_string_equal(event.detail, "/proc");
	/* A second time, as `run` does it: the child was born once. */
	in_a_child(inside);
	expect(5, "mount", true, -1, true);
}

static void nobody_changes_the_size(void **state)
{
	(void)state;
	assert_int_equal(ftruncate(timing_fd(), 0), -1);
	assert_int_equal(errno, EPERM);
}

static void other_memory_is_not_taken(void **state)
{
	struct timing *ours = timing;
	struct error e = ERROR_NONE;
	int fd = memfd_create("short", MFD_CLOEXEC);

	(void)state;
	assert_int_equal(ftruncate(fd, 4096), 0);
	assert_int_equal(timing_attach(fd, &e), 0);
	assert_null(timing);
	assert_false(is_open(fd));
	assert_int_equal(timing_attach(-1, &e), -1);
	assert_contains(shown(&e), "EBADF");
	timing = ours;
}

static void what_does_not_fit_is_cut_or_counted(void **state)
{
	struct timing_event event;
	char path[600];

	(void)state;
	memset(path, 'x', sizeof(path));
	for (size_t i = 0; i + 2 < sizeof(path); i += 2)
		memcpy(path + i, "\u00e4", 2);
	for (size_t n = sizeof(event.detail) - 3; n < sizeof(event.detail) + 3; n++) {
		size_t at = timing->n;
		path[sizeof(path) - 1] = '\0';
		timing_end(timing_begin(TIMING_MOUNT, "mount", path + sizeof(path) - 1 - n), 0);
		assert_true(timing_read(at, &event));
		bool whole = n < sizeof(event.detail);
		assert_int_equal(!strcmp(event.detail, path + sizeof(path) - 1 - n), whole);
		if (!whole)
			assert_memory_equal(event.detail, "\u2026", 3);
		/* No half of a character follows. */
		if (!whole)
			assert_true((event.detail[3] & 0xc0) != 0x80);
	}
	while (timing->n < TIMING_MAX)
		assert_non_null(timing_begin(TIMING_STEP, "step", NULL));
	assert_null(timing_begin(TIMING_STEP, "step", NULL));
	assert_int_equal(timing_lost(), 1);
	assert_true(timing_read(TIMING_MAX - 1, &event));
	assert_false(timing_read(TIMING_MAX, &event));
}

static void hostile_memory_is_read_safely(void **state)
{
	struct timing_event event;

	(void)state;
	memset(timing, 0xff, sizeof(*timing));
	assert_true(timing_read(TIMING_MAX - 1, &event));
	assert_int_equal(strlen(event.name), sizeof(event.name) - 1);
	assert_int_equal(strlen(event.detail), sizeof(event.detail) - 1);
	assert_true(event.begin == 0 && event.end == 0);
	assert_false(timing_read(TIMING_MAX, &event));
	assert_false(timing_read(SIZE_MAX, &event));
}

int main(void)
{
	/* In this order: each goes on with what the one before has left. */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_measured_unless_asked_for),
		cmocka_unit_test(both_sides_are_read),
		cmocka_unit_test(nobody_changes_the_size),
		cmocka_unit_test(other_memory_is_not_taken),
		cmocka_unit_test(what_does_not_fit_is_cut_or_counted),
		cmocka_unit_test(hostile_memory_is_read_safely),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
