/*
 * arena.c: what is given out is zero, aligned, apart and inside; a full arena ends the process.
 */
#include "unit.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

static void allocations(void **state)
{
	struct arena *a = *state;
	char *last = NULL;

	for (size_t size = 0; size < 100; size++) {
		char *p = arena_alloc(a, size);
		assert_int_equal((uintptr_t)p % 16, 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xff, size);
		assert_true(!last || p >= last);
		last = p + size;
	}
	assert_true(last <= a->base + a->used && a->used <= a->size);
}

static void strings(void **state)
{
	struct arena *a = *state;

	assert_string_equal(arena_strdup(a, "abc"), "abc");
	assert_string_equal(arena_strndup(a, "abcdef", 2), "ab");
	assert_string_equal(arena_strdup(a, ""), "");
	assert_string_equal(arena_printf(a, "%s-%d", "x", 42), "x-42");
	assert_int_equal((uintptr_t)arena_alloc(a, 1) % 16, 0);
}

static void full(void **state UNUSED)
{
	struct error e = ERROR_NONE;
	struct arena a;
	int status;
	pid_t pid;

	assert_int_equal(arena_init(&a, 4096, &e), 0);
	arena_alloc(&a, 4096);
	pid = fork();
	if (pid == 0) {
		close(1);
		close(2);
		arena_alloc(&a, 1);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	arena_free(&a);
}

static void reserve(void **state UNUSED)
{
	struct error e = ERROR_NONE;
	struct arena a;

	assert_int_equal(arena_init(&a, (size_t)1 << 60, &e), -1);
	assert_contains(shown(&e), "ENOMEM");
	errno = EBADF;
	arena_free(&a);
	arena_free(&a);
	assert_int_equal(errno, EBADF);
}

/* "Rss: …" and the like of the mapping at an address, as /proc/self/smaps has them. */
static void find_mapping(const void *at, char *line, size_t size)
{
	FILE *file = fopen("/proc/self/smaps", "re");
	bool found = false;

	assert_non_null(file);
	while (fgets(line, (int)size, file) && !(found && !strncmp(line, "VmFlags:", 8))) {
		uintptr_t begin, end;
		if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " ", &begin, &end) == 2)
			found = begin <= (uintptr_t)at && (uintptr_t)at < end;
	}
	fclose(file);
}

static void no_huge_page(void **state)
{
	struct arena *a = *state;
	char flags[512];
	struct utsname u;
	unsigned major, minor;

	assert_int_equal(uname(&u), 0);
	assert_int_equal(sscanf(u.release, "%u.%u", &major, &minor), 2);
	find_mapping(arena_alloc(a, 1), flags, sizeof(flags));
	if (access("/sys/kernel/mm/transparent_hugepage", F_OK) == 0 &&
	    (major > 6 || (major == 6 && minor >= 7)))
		assert_contains(flags, " nh");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ARENA_TEST(allocations), ARENA_TEST(strings),       ARENA_TEST(no_huge_page),
		cmocka_unit_test(full),  cmocka_unit_test(reserve),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
