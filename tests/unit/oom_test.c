/*
 * oom.c for cgroup v2: directories play cgroups. Which one is blamed follows from the counters that
 * the kernel keeps in each; for v1 tests/integration/events.bats has the real ones.
 */
#include "place.h"

#include "runtime/parent/oom.h"

/* A cgroup with its counters: of itself and all below, and of itself. */
static void cgroup(struct place *p, const char *path, int oom, int kills, int local_oom,
		   int local_kills)
{
	const char *events = "low 0\nhigh 0\nmax 9\noom %d\noom_kill %d\noom_group_kill 0\n";
	char *dir = in(p, path);

	mkdir(dir, 0755);
	write_text(arena_printf(&p->arena, "%s/cgroup.procs", dir), "");
	write_text(arena_printf(&p->arena, "%s/memory.events", dir),
		   arena_printf(&p->arena, events, oom, kills));
	write_text(arena_printf(&p->arena, "%s/memory.events.local", dir),
		   arena_printf(&p->arena, events, local_oom, local_kills));
}

static const char *blamed(struct place *p)
{
	struct record_cgroup c = { .path = in(p, "a/box") };
	struct record r = { .cgroups = { 1, (void *)&c } };
	char *path = oom_cgroup(&r, &p->arena);

	return path ? path + strlen(p->path) + 1 : NULL;
}

static void nobody(void **state)
{
	assert_null(blamed(*state)); /* not even the files */
	cgroup(*state, "a", 3, 3, 3, 3);
	cgroup(*state, "a/box", 0, 0, 0, 0);
	assert_null(blamed(*state));
}

static void own_limit(void **state)
{
	cgroup(*state, "a", 1, 1, 0, 0);
	cgroup(*state, "a/box", 1, 1, 1, 1);
	assert_string_equal(blamed(*state), "a/box");
}

static void limit_above(void **state)
{
	cgroup(*state, "a", 1, 1, 1, 0);
	cgroup(*state, "a/box", 0, 1, 0, 1);
	assert_string_equal(blamed(*state), "a");
}

static void limit_below(void **state)
{
	cgroup(*state, "a", 1, 1, 0, 0);
	cgroup(*state, "a/box", 1, 1, 0, 0);
	cgroup(*state, "a/box/other", 0, 0, 0, 0);
	cgroup(*state, "a/box/hog", 1, 1, 1, 1);
	assert_string_equal(blamed(*state), "a/box/hog");
}

/* Killed below, at the limit of the container. */
static void own_limit_killed_below(void **state)
{
	cgroup(*state, "a", 1, 1, 0, 0);
	cgroup(*state, "a/box", 1, 1, 1, 0);
	cgroup(*state, "a/box/hog", 0, 1, 0, 1);
	assert_string_equal(blamed(*state), "a/box");
}

/* The cgroup below is gone, its counters live on above. */
static void removed_below(void **state)
{
	cgroup(*state, "a", 1, 1, 0, 0);
	cgroup(*state, "a/box", 1, 1, 0, 0);
	assert_string_equal(blamed(*state), "a/box");
}

/* No limit was hit: the host had no memory left. The root is where the last cgroup.procs is. */
static void host(void **state)
{
	cgroup(*state, "a", 0, 1, 0, 0);
	cgroup(*state, "a/box", 0, 1, 0, 1);
	assert_string_equal(blamed(*state), "a");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLACE_TEST(nobody),        PLACE_TEST(own_limit),
		PLACE_TEST(limit_above),   PLACE_TEST(limit_below),
		PLACE_TEST(removed_below), PLACE_TEST(own_limit_killed_below),
		PLACE_TEST(host),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("oom", tests, NULL, NULL);
}
