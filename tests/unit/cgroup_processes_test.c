/* cgroup_walk: that it finds every directory, however deep, and whatever those are like that it
 * meets. Plain directories play cgroups. */
#include "place.h"

#include "runtime/parent/cgroup.h"

struct visits {
	size_t n;
	bool top; /* first */
	ino_t of;
};

static void count(int directory, void *data)
{
	struct visits *v = data;
	struct stat st;

	assert_int_equal(fstat(directory, &st), 0);
	if (!v->n++)
		v->top = st.st_ino == v->of;
}

static struct visits walk(struct place *p)
{
	struct visits v = { 0 };
	struct stat st;

	assert_int_equal(stat(p->path, &st), 0);
	v.of = st.st_ino;
	cgroup_walk(p->path, count, &v);
	return v;
}

static void finds_all(void **state)
{
	struct place *p = *state;
	char *path = p->path;

	for (size_t i = 0; i < 200; i++) {
		path = arena_printf(&p->arena, "%s/d", path);
		assert_int_equal(mkdir(path, 0755), 0);
		if (i % 50 == 0)
			assert_int_equal(mkdir(arena_printf(&p->arena, "%s/e", path), 0755), 0);
	}
	write_text(arena_printf(&p->arena, "%s/file", p->path), "");
	assert_int_equal(symlink(p->path, arena_printf(&p->arena, "%s/d/link", p->path)), 0);
	const struct visits v = walk(p);
	assert_true(v.top);
	assert_int_equal(v.n, 1 + 200 + 4);
}

static void nothing_there(void **state)
{
	struct visits v = { 0 };

	cgroup_walk(in(*state, "gone"), count, &v);
	assert_int_equal(v.n, 0);
}

/* As a plain user: what can't be searched ends nothing. */
static void passes_over(void **state)
{
	static const mode_t modes[] = { 0444, 0, 0111, 0755 };
	struct place *p = *state;
	const bool root = geteuid() == 0;
	const uid_t user = root ? 54321 : geteuid();

	for (size_t i = 0; i < COUNT(modes); i++) {
		char *name = in(p, arena_printf(&p->arena, "%zu", i));
		assert_int_equal(mkdir(name, 0755), 0);
		assert_int_equal(mkdir(arena_printf(&p->arena, "%s/below", name), 0755), 0);
		assert_int_equal(chown(name, user, -1), 0);
		assert_int_equal(chmod(name, modes[i]), 0);
	}
	assert_int_equal(chown(p->path, user, -1), 0);
	assert_int_equal(root ? seteuid(user) : 0, 0);
	const struct visits v = walk(p);
	assert_int_equal(root ? seteuid(0) : 0, 0);
	for (size_t i = 0; i < COUNT(modes); i++)
		chmod(in(p, arena_printf(&p->arena, "%zu", i)), 0755);
	assert_true(v.top);
	assert_int_equal(v.n, 1 + COUNT(modes) + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = { PLACE_TEST(finds_all), PLACE_TEST(nothing_there),
					    PLACE_TEST(passes_over) };

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("cgroup_processes", tests, NULL, NULL);
}
