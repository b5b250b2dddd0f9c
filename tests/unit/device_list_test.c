/* device_list.c: what rules come to in cgroup v1, and the writes from one list to another. */
#include "place.h"

#include "runtime/parent/device_list.h"

static struct plan_device_rule rules[8];

/* "-a +c1:3rwm": a list of rules. */
static plan_device_rule_list parse(struct arena *a, const char *text)
{
	plan_device_rule_list list = { 0, rules };

	for (const char *at = text; *at; at += strcspn(at, " "), at += *at == ' ') {
		long long major = -1, minor = -1;
		char type[2] = "", access[8] = "rwm";
		sscanf(at + 1, "%1[abc]%lld:%lld%7[rwm]", type, &major, &minor, access);
		rules[list.n++] =
			(struct plan_device_rule){ at[0] == '+', arena_strdup(a, type),   major,
						   minor,        arena_strdup(a, access), -1 };
	}
	return list;
}

/* The writes, "devices.allow=c 1:3 r": the two files are pipes here. */
static char *changes(struct place *p, const struct device_list *from, const struct device_list *to)
{
	static const char *const files[] = { "devices.allow", "devices.deny" };
	int directory = open(p->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), pipes[2];
	char *out = "";

	for (size_t i = 0; i < 2; i++) {
		unlink(in(p, files[i]));
		assert_int_equal(mkfifo(in(p, files[i]), 0600), 0);
		pipes[i] = open(in(p, files[i]), O_RDWR | O_NONBLOCK | O_CLOEXEC);
	}
	assert_int_equal(device_list_change(directory, from, to), 0);
	for (size_t i = 0; i < 2; i++) {
		char text[512];
		ssize_t n = read(pipes[i], text, sizeof(text) - 1);
		text[n < 0 ? 0 : n] = 0;
		if (n > 0)
			out = arena_printf(&p->arena, "%s%s%s=%s", out, *out ? "; " : "",
					   files[i] + 8, text);
		close(pipes[i]);
	}
	close(directory);
	return out;
}

static const struct {
	const char *from, *to, *writes;
} cases[] = {
	{ "-a +c1:3rwm", "-a +c1:3rwm", "" },
	{ "-a +c1:3rwm", "-a +c1:3rwm +c1:5r", "allow=c 1:5 r" },
	{ "-a +c1:3rwm +c1:5r", "-a +c1:3rwm", "deny=c 1:5 r" },
	/* Of one device, only the difference. */
	{ "-a +c1:3rw", "-a +c1:3wm", "allow=c 1:3 m; deny=c 1:3 r" },
	{ "-a +b8:-1r", "-a +c8:-1r", "allow=c 8:* r; deny=b 8:* r" },
	/* The later rule wins, and rules about one device are one entry. */
	{ "-a", "-a +c1:3r +c1:3w -c1:3r", "allow=c 1:3 w" },
	{ "+a", "-a +c1:3r", "allow=c 1:3 r; deny=a" },
	{ "-a +c1:3r", "+a -c1:3r", "allow=a; deny=c 1:3 r" },
};

static void only_the_difference_is_written(void **state)
{
	struct place *p = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		plan_device_rule_list text = parse(&p->arena, cases[i].from);
		const struct device_list from = device_list_of_rules(&p->arena, &text);
		text = parse(&p->arena, cases[i].to);
		const struct device_list to = device_list_of_rules(&p->arena, &text);
		assert_string_equal(changes(p, &from, &to), cases[i].writes);
	}
}

static void the_kernels_text_is_read(void **state)
{
	struct place *p = *state;
	plan_device_rule_list same = parse(&p->arena, "-a +c1:3rwm +b8:-1r +c-1:-1m");
	const struct device_list rules_list = device_list_of_rules(&p->arena, &same);
	const struct device_list text =
		device_list_of_text(&p->arena, "c 1:3 rwm\nb 8:* r\nc *:* m\n");

	assert_false(text.all);
	assert_int_equal(text.n, 3);
	assert_string_equal(changes(p, &text, &rules_list), "");
	assert_int_equal(device_list_of_text(&p->arena, "b 8:* r\nc 1:3 rwm").n, 2);
	assert_true(device_list_of_text(&p->arena, "a *:* rwm\n").all);
	assert_int_equal(device_list_of_text(&p->arena, "").n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLACE_TEST(only_the_difference_is_written),
		PLACE_TEST(the_kernels_text_is_read),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("device_list", tests, NULL, NULL);
}
