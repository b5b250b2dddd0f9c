/*
 * intel_rdt.c, on a directory that plays resctrl: which class a container gets, what must agree with
 * one that is there, what is written and in which order, and what is removed. The kernel would make
 * the files of a new class; here the test does, the schemata as a pipe that remembers every write.
 */
#include "place.h"

#include "runtime/parent/intel_rdt.h"

#define SCHEMATA "    L3:0=7ff;1=00F\n    MB:0= 20;1= 70\n"

static struct record record(void)
{
	return (struct record){ .id = "box" };
}

static void make_class(struct place *p, const char *name, const char *schemata)
{
	mkdir(in(p, name), 0755);
	write_text(arena_printf(&p->arena, "%s/%s/schemata", p->path, name), schemata);
	write_text(arena_printf(&p->arena, "%s/%s/tasks", p->path, name), "");
}

static const char *intend(struct place *p, const struct spec_intel_rdt *rdt, struct record *r)
{
	struct error e = ERROR_NONE;

	*r = record();
	return intel_rdt_intend(&p->arena, p->path, rdt, r, &e) < 0 ? shown(&e) : NULL;
}

static void mounted(void **state)
{
	char none[] = "22 26 0:4 / /proc rw - proc proc rw\n"
		      "23 26 0:5 / /x rw - tmpfs resctrl rw\n";
	char one[] = "22 26 0:4 / /proc rw - proc proc rw\n"
		     "40 26 0:9 / /sys/fs/resctrl rw,relatime shared:9 - resctrl resctrl rw\n"
		     "41 26 0:9 / /other rw - resctrl resctrl rw\n";
	char escaped[] = "40 26 0:9 / /a\\040b\\134c rw - resctrl resctrl rw";

	(void)state;
	assert_null(intel_rdt_mounted(none));
	assert_string_equal(intel_rdt_mounted(one), "/sys/fs/resctrl");
	assert_string_equal(intel_rdt_mounted(escaped), "/a b\\c");
}

static void without_closid(void **state)
{
	struct place *p = *state;
	struct spec_intel_rdt rdt = { 0 };
	struct record r;

	assert_null(intend(p, &rdt, &r));
	assert_string_equal(r.intel_rdt->path, in(p, "box"));
	assert_true(r.intel_rdt->made);
	assert_false(r.intel_rdt->shared);
	assert_null(r.intel_rdt->monitoring);
	/* Of another: used, but never removed. */
	make_class(p, "box", SCHEMATA);
	assert_null(intend(p, &rdt, &r));
	assert_false(r.intel_rdt->made);
}

static void with_closid(void **state)
{
	struct place *p = *state;
	struct spec_intel_rdt rdt = { .clos_id = "gold" };
	char *lines[] = { "L2:0=f" };
	struct record r;

	assert_contains(intend(p, &rdt, &r), "linux.intelRdt.closID: there is no class \"gold\"");
	rdt.schemata = (struct strings){ 1, lines };
	assert_null(intend(p, &rdt, &r));
	assert_true(r.intel_rdt->made);
	assert_true(r.intel_rdt->shared);
	make_class(p, "gold", SCHEMATA);
	assert_null(intend(p, &rdt, &r));
	assert_false(r.intel_rdt->made);
	rdt.schemata.n = 0;
	assert_null(intend(p, &rdt, &r));
	assert_false(r.intel_rdt->made);
	assert_string_equal(r.intel_rdt->path, in(p, "gold"));
	/* The default class. */
	rdt.clos_id = "/";
	assert_null(intend(p, &rdt, &r));
	assert_string_equal(r.intel_rdt->path, p->path);
	assert_false(r.intel_rdt->made);
}

static void must_agree(void **state)
{
	static const struct {
		char *l3, *mb;
		bool agrees;
	} cases[] = {
		{ "L3:0=7ff;1=f", NULL, true },
		{ "L3:1=0f; 0=7FF;", NULL, true },
		{ "L3:00=7ff;1=f", "MB:0=20;1=70", true },
		{ NULL, "MB:1=70;0=20", true },
		{ "L3:0=7ff;1=f\nMB:0=20;1=70", NULL, true },
		{ "L3:0=7ff", NULL, false },
		{ "L3:0=7ff;1=f;2=1", NULL, false },
		{ "L3:0=7ff;1=e", NULL, false },
		{ "L3:0=7ff;0=7ff", NULL, false },
		{ "L3:", NULL, false },
		{ "L3", NULL, false },
		{ "L3CODE:0=7ff;1=f", NULL, false },
		{ "3:0=7ff;1=f", NULL, false },
		{ NULL, "MB:0=20;1=7", false },
		{ NULL, "MB:0=20;1=max", false },
		{ "L3:0=7ff;1=f\nL2:0=1", NULL, false },
	};
	struct place *p = *state;
	struct record r;

	make_class(p, "gold", SCHEMATA);
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct spec_intel_rdt rdt = { .clos_id = "gold",
						    .l3_cache_schema = cases[i].l3,
						    .mem_bw_schema = cases[i].mb };
		const char *said = intend(p, &rdt, &r);
		if (cases[i].agrees != !said)
			fail_msg("case %zu: %s", i, said ? said : "agrees");
		if (said)
			assert_contains(said, cases[i].mb ? "linux.intelRdt.memBwSchema: \"MB:"
							  : "linux.intelRdt.l3CacheSchema: \"");
	}
	/* Without a closID nobody has to agree with a class that nobody named. */
	const struct spec_intel_rdt rdt = { .l3_cache_schema = "L3:0=1" };
	assert_null(intend(p, &rdt, &r));
}

static void make(struct record *r)
{
	struct error e = ERROR_NONE;

	if (intel_rdt_make(r, &e) < 0)
		fail_msg("%s", shown(&e));
}

/* The schemata that remembers: what is written to it can be read from the descriptor. */
static int pipe_of(struct place *p, const char *class)
{
	char *path = arena_printf(&p->arena, "%s/%s/schemata", p->path, class);

	assert_int_equal(mkfifo(path, 0600), 0);
	write_text(arena_printf(&p->arena, "%s/%s/tasks", p->path, class), "");
	return open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
}

static void written_in_order(void **state)
{
	struct place *p = *state;
	bool on = true;
	char *lines[] = { "L2:0=f", "L3:0=1" };
	const struct spec_intel_rdt rdt = { .schemata = { 2, lines },
					    .mem_bw_schema = "MB:0=20",
					    .l3_cache_schema = "L3:0=7f",
					    .enable_monitoring = &on };
	struct error e = ERROR_NONE;
	char text[256];
	struct record r;

	assert_null(intend(p, &rdt, &r));
	assert_string_equal(r.intel_rdt->monitoring, in(p, "box/mon_groups/box"));
	r.intel_rdt->monitoring = NULL;
	make(&r);
	mkdir(in(p, "box/mon_groups"), 0755); /* of the kernel's */
	r.intel_rdt->made = false;
	r.intel_rdt->monitoring = in(p, "box/mon_groups/box");
	make(&r);
	write_text(in(p, "box/mon_groups/box/tasks"), "");
	int fd = pipe_of(p, "box");
	if (intel_rdt_place(&r, &rdt, 4711, &e) < 0)
		fail_msg("%s", shown(&e));
	ssize_t n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n < 0 ? 0 : n] = 0;
	assert_string_equal(text, "L3:0=7f\nMB:0=20\nL2:0=f\nL3:0=1\n");
	assert_string_equal(read_text(in(p, "box/tasks")), "4711");
	assert_string_equal(read_text(in(p, "box/mon_groups/box/tasks")), "4711");
}

static void nothing_written_without_schema(void **state)
{
	struct place *p = *state;
	const struct spec_intel_rdt rdt = { .clos_id = "gold" };
	struct error e = ERROR_NONE;
	struct record r;

	make_class(p, "gold", SCHEMATA);
	assert_null(intend(p, &rdt, &r));
	make(&r);
	assert_int_equal(intel_rdt_place(&r, &rdt, 4711, &e), 0);
	assert_string_equal(read_text(in(p, "gold/schemata")), SCHEMATA);
	assert_string_equal(read_text(in(p, "gold/tasks")), "4711");
}

static void refusals(void **state)
{
	struct place *p = *state;
	bool on = true;
	char *lines[] = { "L2:0=f" };
	struct spec_intel_rdt rdt = { .clos_id = "gold", .schemata = { 1, lines } };
	struct error e = ERROR_NONE;
	struct record r;

	mkdir(in(p, "info"), 0755);
	write_text(in(p, "info/last_cmd_status"), "unknown resource\n");
	mkdir(in(p, "gold"), 0755); /* without files: nothing can be written */
	assert_null(intend(p, &rdt, &r));
	assert_int_equal(intel_rdt_place(&r, &rdt, 4711, &e), -1);
	assert_contains(shown(&e), "linux.intelRdt.schemata[0]: write \"L2:0=f\"");
	assert_contains(shown(&e), "resctrl says: unknown resource");
	/* Without monitoring on the host there is no mon_groups. */
	rdt.enable_monitoring = &on;
	assert_null(intend(p, &rdt, &r));
	e = ERROR_NONE;
	assert_int_equal(intel_rdt_make(&r, &e), -1);
	assert_contains(shown(&e), "linux.intelRdt.enableMonitoring: make the monitoring group");
	assert_null(r.intel_rdt->monitoring);
	/* One that is there is another's. */
	mkdir(in(p, "gold/mon_groups"), 0755);
	mkdir(in(p, "gold/mon_groups/box"), 0755);
	assert_contains(intend(p, &rdt, &r), "linux.intelRdt.enableMonitoring");
	/* Another made it in between: not ours to remove. */
	rdt = (struct spec_intel_rdt){ 0 };
	assert_null(intend(p, &rdt, &r));
	mkdir(in(p, "box"), 0755);
	e = ERROR_NONE;
	assert_int_equal(intel_rdt_make(&r, &e), -1);
	assert_int_equal(intel_rdt_remove(&r, &e), 0);
	assert_true(exists(in(p, "box")));
}

static void removal(void **state)
{
	static const struct {
		bool shared, made, complete, tasks, stays;
	} cases[] = {
		{ .made = true },
		{ .made = true, .complete = true },
		{ .made = false, .complete = true, .stays = true },
		{ .shared = true, .made = true, .complete = true, .stays = true },
		{ .shared = true, .made = false, .stays = true },
		{ .shared = true, .made = true },
		{ .shared = true, .made = true, .tasks = true, .stays = true },
	};
	struct place *p = *state;
	struct error e = ERROR_NONE;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct record_intel_rdt mine = { .root = p->path,
						 .path = in(p, "class"),
						 .made = cases[i].made,
						 .shared = cases[i].shared,
						 .monitoring = in(p, "group") };
		const struct record r = { .complete = cases[i].complete, .intel_rdt = &mine };
		/* In resctrl the files of a class go with it; here they would keep it. */
		mkdir(mine.path, 0755);
		mkdir(mine.monitoring, 0755);
		if (cases[i].tasks)
			write_text(in(p, "class/tasks"), "1\n");
		if (intel_rdt_remove(&r, &e) < 0)
			fail_msg("case %zu: %s", i, shown(&e));
		assert_int_equal(exists(mine.path), cases[i].stays);
		assert_false(exists(mine.monitoring));
		assert_int_equal(intel_rdt_remove(&r, &e), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mounted),    PLACE_TEST(without_closid),
		PLACE_TEST(with_closid),      PLACE_TEST(must_agree),
		PLACE_TEST(written_in_order), PLACE_TEST(nothing_written_without_schema),
		PLACE_TEST(refusals),         PLACE_TEST(removal),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("intel_rdt", tests, NULL, NULL);
}
