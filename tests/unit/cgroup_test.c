/*
 * cgroup.c and cgroup_end.c: which directories are made, and which of them are ours to remove.
 * Plain directories stand in for cgroups, so neither root nor a cgroup filesystem is needed.
 */
#include "place.h"

#include "runtime/parent/cgroup.h"
#include "runtime/plan.h"

/* A plan for two hierarchies: PLACE/one/PATH and PLACE/two/PATH. */
static struct plan *plan_for(struct place *p, const char *path)
{
	struct plan *plan = arena_new(&p->arena, struct plan);

	plan->cgroups.n = 2;
	plan->cgroups.v = arena_array(&p->arena, struct plan_cgroup, 2);
	for (int i = 0; i < 2; i++) {
		char *hierarchy = in(p, i ? "two" : "one");
		mkdir(hierarchy, 0755);
		plan->cgroups.v[i].path = arena_printf(&p->arena, "%s/%s", hierarchy, path);
	}
	return plan;
}

static bool there(struct place *p, const char *path)
{
	return exists(in(p, path));
}

static struct record intend(struct place *p, const struct plan *plan)
{
	struct error e = ERROR_NONE;
	struct record r = { 0 };

	assert_int_equal(cgroup_intend(&p->arena, plan, &r, &e), 0);
	return r;
}

static void makes_and_removes(void **state)
{
	struct place *p = *state;
	struct error e = ERROR_NONE;
	struct plan *plan = plan_for(p, "a/b/c");

	mkdir(in(p, "one/a"), 0755);
	struct record r = intend(p, plan);
	assert_string_equal(r.cgroups.v[0].top, in(p, "one/a/b"));
	assert_string_equal(r.cgroups.v[1].top, in(p, "two/a"));
	assert_int_equal(cgroup_make(plan, &r, false, &e), 0);
	assert_true(there(p, "one/a/b/c") && there(p, "two/a/b/c"));
	assert_int_equal(cgroup_remove_empty(&r), 0);
	assert_true(there(p, "one/a"));
	assert_false(there(p, "one/a/b") || there(p, "two/a"));
	/* Again: what is gone is fine. */
	assert_int_equal(cgroup_remove_empty(&r), 0);
	assert_int_equal(cgroup_remove(&r, &e), 0);
}

static void keeps_what_was_there(void **state)
{
	struct place *p = *state;
	struct error e = ERROR_NONE;
	struct plan *plan = plan_for(p, "a");

	mkdir(in(p, "one/a"), 0755);
	struct record r = intend(p, plan);
	assert_null(r.cgroups.v[0].top);
	assert_int_equal(cgroup_make(plan, &r, false, &e), 0);
	assert_int_equal(cgroup_remove_empty(&r), 0);
	assert_int_equal(cgroup_remove(&r, &e), 0);
	assert_true(there(p, "one/a"));
	assert_false(there(p, "two/a"));
}

static void refuses_one_with_processes(void **state)
{
	struct place *p = *state;
	struct error e = ERROR_NONE;
	struct record r = { 0 };
	struct plan *plan = plan_for(p, "a");

	mkdir(in(p, "two/a"), 0755);
	write_text(in(p, "two/a/cgroup.procs"), "1\n");
	assert_int_equal(cgroup_intend(&p->arena, plan, &r, &e), -1);
	assert_contains(shown(&e), "has processes already");
	assert_int_equal(r.cgroups.n, 0);
}

/* Between our look and our mkdir another create makes the same directory. */
static void leaves_to_the_faster(void **state)
{
	struct place *p = *state;

	for (size_t ours = 0; ours < 2; ours++) {
		struct error e = ERROR_NONE;
		struct plan *plan = plan_for(p, "a/b");
		struct record r = intend(p, plan);
		mkdir(in(p, ours ? "two/a" : "one/a"), 0755);
		mkdir(in(p, ours ? "two/a/b" : "one/a/b"), 0755);
		assert_int_equal(cgroup_make(plan, &r, false, &e), -1);
		assert_int_equal(e.code, EEXIST);
		assert_int_equal(r.cgroups.n, ours);
		assert_int_equal(cgroup_remove_empty(&r), 0);
		assert_int_equal(cgroup_remove(&r, &e), 0);
		assert_false(there(p, ours ? "one/a/b" : "two/a/b"));
		assert_true(there(p, ours ? "two/a/b" : "one/a/b"));
		rmdir(in(p, ours ? "two/a/b" : "one/a/b"));
		rmdir(in(p, ours ? "two/a" : "one/a"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLACE_TEST(makes_and_removes),
		PLACE_TEST(keeps_what_was_there),
		PLACE_TEST(refuses_one_with_processes),
		PLACE_TEST(leaves_to_the_faster),

	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("cgroup", tests, NULL, NULL);
}
