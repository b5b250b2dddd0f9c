/*
 * device_program.c and cgroup_devices.c: what rules allow, asked of the program itself, which an
 * interpreter of the few instructions it uses runs here.
 */
#include "unit.h"

#include "runtime/parent/cgroup_devices.h"
#include "runtime/parent/device_program.h"

enum { M = BPF_DEVCG_ACC_MKNOD, R = BPF_DEVCG_ACC_READ, W = BPF_DEVCG_ACC_WRITE };

/* Anything that a valid program has not, an endless one included, fails the test. */
static bool run(const device_program *p, const struct bpf_cgroup_dev_ctx *context)
{
	uint32_t reg[11] = { 0 };
	size_t steps = 0;

	for (size_t at = 0; at < p->n && steps <= p->n; at++, steps++) {
		const struct bpf_insn *i = &p->v[at];
		const uint32_t value =
			BPF_SRC(i->code) == BPF_X ? reg[i->src_reg] : (uint32_t)i->imm;
		switch (i->code) {
		case BPF_LDX | BPF_MEM | BPF_W:
			assert_int_equal(i->src_reg, BPF_REG_1);
			assert_in_range(i->off, 0, sizeof(*context) - 4);
			memcpy(&reg[i->dst_reg], (const char *)context + i->off, 4);
			break;
		case BPF_ALU | BPF_MOV | BPF_X:
		case BPF_ALU | BPF_MOV | BPF_K: reg[i->dst_reg] = value; break;
		case BPF_ALU | BPF_AND | BPF_K: reg[i->dst_reg] &= value; break;
		case BPF_ALU | BPF_RSH | BPF_X:
		case BPF_ALU | BPF_RSH | BPF_K:
			assert_in_range(value, 0, 31);
			reg[i->dst_reg] >>= value;
			break;
		case BPF_JMP32 | BPF_JGT | BPF_K:
			assert_in_range(i->off, 0, p->n - at - 2);
			if (reg[i->dst_reg] > value)
				at += (size_t)i->off;
			break;
		case BPF_JMP32 | BPF_JNE | BPF_K:
		case BPF_JMP32 | BPF_JEQ | BPF_K:
			assert_in_range(i->off, 0, p->n - at - 2);
			if ((reg[i->dst_reg] == value) == (BPF_OP(i->code) == BPF_JEQ))
				at += (size_t)i->off;
			break;
		case BPF_JMP | BPF_EXIT: return reg[BPF_REG_0];
		default: fail_msg("instruction %02x", i->code);
		}
	}
	fail_msg("no end");
	return false;
}

static struct plan_device_rule make(bool allow, char *type, int64_t major, int64_t minor,
				    char *access)
{
	return (struct plan_device_rule){ allow, type, major, minor, access, 0 };
}

static const struct {
	const char *rules; /* "+c1:3rw -b*:*rwm" */
	char type;
	uint32_t major, minor, access;
	bool allowed;
} cases[] = {
	{ "", 'c', 1, 3, R, false },
	{ "+a", 'c', 1, 3, R | W | M, true },
	{ "+a -a", 'c', 1, 3, R, false },
	{ "-a +c1:3rw", 'c', 1, 3, R, true },
	{ "-a +c1:3rw", 'c', 1, 3, R | W, true },
	{ "-a +c1:3rw", 'c', 1, 3, R | M, false },
	{ "-a +c1:3rw", 'c', 1, 5, R, false },
	{ "-a +c1:3rw", 'c', 2, 3, R, false },
	{ "-a +c1:3rw", 'b', 1, 3, R, false },
	{ "-a +c1:*rwm", 'c', 1, 77, R | W | M, true },
	{ "-a +b*:*m", 'b', 8, 0, M, true },
	{ "-a +b*:*m", 'b', 8, 0, R, false },
	/* Two rules together. */
	{ "-a +c1:3r +c1:3w", 'c', 1, 3, R | W, true },
	{ "-a +c*:*m +c1:3rw", 'c', 1, 3, R | W | M, true },
	/* The later one decides. */
	{ "-a +c1:3rwm -c1:3w", 'c', 1, 3, R, true },
	{ "-a +c1:3rwm -c1:3w", 'c', 1, 3, R | W, false },
	{ "-a -c1:3w +c1:3rwm", 'c', 1, 3, R | W, true },
	{ "-a +c1:*rwm -c1:3rwm", 'c', 1, 3, R, false },
	{ "-a +c1:*rwm -c1:3rwm", 'c', 1, 5, R, true },
	{ "-a +c1:3r -a", 'c', 1, 3, R, false },
	{ "+a -c1:3rwm", 'c', 1, 3, R, false },
	{ "+a -c1:3rwm", 'c', 1, 5, R, true },
	/* Numbers with the highest bit set. */
	{ "-a +c4294967295:4294967294r", 'c', 4294967295, 4294967294, R, true },
	{ "-a +c4294967295:4294967294r", 'c', 4294967295, 4294967295, R, false },
};

static plan_device_rule_list rules_of(struct arena *a, const char *text)
{
	plan_device_rule_list rules = { 0 };
	char *at = arena_strdup(a, text), *save = NULL;

	rules.v = arena_array(a, struct plan_device_rule, 8);
	for (char *word = strtok_r(at, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		char major[16] = "*", minor[16] = "*", access[4] = "rwm";
		sscanf(word + 2, "%15[0-9*]:%15[0-9*]%3[rwm]", major, minor, access);
		rules.v[rules.n++] =
			make(word[0] == '+', arena_strndup(a, word + 1, 1),
			     *major == '*' ? -1 : atoll(major), *minor == '*' ? -1 : atoll(minor),
			     arena_strdup(a, access));
	}
	return rules;
}

static void the_last_rule_decides(void **state)
{
	for (size_t i = 0; i < COUNT(cases); i++) {
		const plan_device_rule_list rules = rules_of(*state, cases[i].rules);
		const device_program program = device_program_make(*state, &rules);
		const struct bpf_cgroup_dev_ctx context = {
			.access_type =
				cases[i].access << 16 |
				(cases[i].type == 'c' ? BPF_DEVCG_DEV_CHAR : BPF_DEVCG_DEV_BLOCK),
			.major = cases[i].major,
			.minor = cases[i].minor,
		};
		if (run(&program, &context) != cases[i].allowed)
			fail_msg("%s: %c %u:%u %u", cases[i].rules, cases[i].type, cases[i].major,
				 cases[i].minor, cases[i].access);
	}
}

/* The rules as they are meant: each kind of access by the last rule about it. */
static bool meant(const plan_device_rule_list *rules, char type, uint32_t major, uint32_t minor,
		  uint32_t access)
{
	static const char letters[] = { 'm', 'r', 'w' };

	for (unsigned bit = 0; bit < 3; bit++) {
		bool allow = false;
		if (!(access & 1U << bit))
			continue;
		for (size_t i = 0; i < rules->n; i++) {
			const struct plan_device_rule *r = &rules->v[i];
			if ((r->type[0] == 'a' || r->type[0] == type) &&
			    (r->major < 0 || r->major == major) &&
			    (r->minor < 0 || r->minor == minor) && strchr(r->access, letters[bit]))
				allow = r->allow;
		}
		if (!allow)
			return false;
	}
	return true;
}

static unsigned long next = 1;
static unsigned dice(unsigned sides)
{
	next = next * 6364136223846793005UL + 1442695040888963407UL;
	return (unsigned)(next >> 33) % sides;
}

/* Many lists of rules with neighbours that can be one piece, and each access to each device. */
static void pieces_mean_what_their_rules_do(void **state)
{
	static char *const accesses[] = { "rwm", "rw", "r", "m" };
	struct plan_device_rule v[8];
	struct arena *a = *state;

	for (int round = 0; round < 300; round++) {
		plan_device_rule_list rules = { 0, v };
		if (dice(2))
			v[rules.n++] = make(dice(2), "a", -1, -1, "rwm");
		for (unsigned n = dice(7); n > 0; n--)
			v[rules.n++] = make(dice(4) > 0, dice(4) ? "c" : "b", (int)dice(3) - 1,
					    (int)dice(34) - 1, accesses[dice(4)]);
		/* Often neighbours: the same rule about another minor number, or the other type. */
		for (size_t i = 1; i < rules.n; i++)
			if (dice(2) && v[i - 1].type[0] != 'a') {
				v[i] = v[i - 1];
				if (v[i].minor >= 0)
					v[i].minor = dice(40);
				else
					v[i].type = v[i].type[0] == 'c' ? "b" : "c";
			}
		const device_program program = device_program_make(a, &rules);
		for (uint32_t device = 0; device < 2 * 2 * 42; device++)
			for (uint32_t access = 1; access < 8; access++) {
				const bool c = device & 1;
				const uint32_t major = device >> 1 & 1, minor = device >> 2;
				const struct bpf_cgroup_dev_ctx context = {
					access << 16 |
						(c ? BPF_DEVCG_DEV_CHAR : BPF_DEVCG_DEV_BLOCK),
					major, minor
				};
				assert_int_equal(run(&program, &context),
						 meant(&rules, c ? 'c' : 'b', major, minor,
						       access));
			}
	}
}

/* The kernel verifies it at every start: what every container has is to be short. */
static void the_usual_rules_are_few_instructions(void **state)
{
	const plan_device_rule_list rules =
		rules_of(*state, "-a +c*:*m +b*:*m +c1:3 +c1:5 +c1:7 +c1:8 +c1:9");

	assert_in_range(device_program_make(*state, &rules).n, 10, 20);
}

/* --- from config.json ------------------------------------------------------------------------ */

static char *resolved(struct arena *a, bool v1, const char *devices)
{
	static char *v1_options[] = { "devices" };
	struct error e = ERROR_NONE;
	struct plan *plan = arena_new(a, struct plan);
	char *out = "";

	plan->cgroups.v = arena_new(a, struct plan_cgroup);
	plan->cgroups.v[plan->cgroups.n++] = (struct plan_cgroup){ .path = "/c", .unified = !v1 };
	if (v1) {
		plan->cgroups.v[0].options.v = v1_options;
		plan->cgroups.v[0].options.n = 1;
	}
	const char *members = arena_printf(a, "\"devices\":[%s]", devices);
	if (cgroup_devices_resolve(a, resources_of(a, members), false, plan, &e) < 0)
		return arena_printf(a, "!%s", shown(&e));
	/* Those that every container gets are not in the text. */
	for (size_t i = 0; i < plan->device_rules.n; i++) {
		const struct plan_device_rule *r = &plan->device_rules.v[i];
		if (i == 0 || r->index >= 0)
			out = arena_printf(a, "%s%s%c%s%lld:%lld%s", out, i ? " " : "",
					   r->allow ? '+' : '-', r->type, (long long)r->major,
					   (long long)r->minor, r->access);
	}
	return out;
}

#define RULE(allow, rest) "{\"allow\":" allow rest "}"
#define C(major, minor) ",\"type\":\"c\",\"major\":" major ",\"minor\":" minor

static const struct {
	const char *json, *v1, *v2;
} lists[] = {
	{ "", "", "" },
	{ RULE("false", ""), "-a-1:-1rwm -a-1:-1rwm", "-a-1:-1rwm -a-1:-1rwm" },
	{ RULE("true", ",\"type\":\"a\",\"access\":\"rwm\""), "-a-1:-1rwm +a-1:-1rwm",
	  "-a-1:-1rwm +a-1:-1rwm" },
	{ RULE("true", C("10", "229") ",\"access\":\"rw\""), "-a-1:-1rwm +c10:229rw",
	  "-a-1:-1rwm +c10:229rw" },
	{ RULE("true", ",\"access\":\"m\""), "-a-1:-1rwm +c-1:-1m +b-1:-1m",
	  "-a-1:-1rwm +c-1:-1m +b-1:-1m" },
	{ RULE("true", C("10", "-1")) "," RULE("false", C("10", "229")),
	  "!linux.resources.devices[1]: cgroup v1 can't make an exception to "
	  "linux.resources.devices[0]",
	  "-a-1:-1rwm +c10:-1rwm -c10:229rwm" },
	{ RULE("true", C("10", "229")) "," RULE("false", C("10", "229") ",\"access\":\"w\""),
	  "-a-1:-1rwm +c10:229rwm -c10:229w", "-a-1:-1rwm +c10:229rwm -c10:229w" },
};

static void rules_are_kept_in_order(void **state)
{
	for (size_t i = 0; i < COUNT(lists); i++) {
		assert_string_equal(resolved(*state, true, lists[i].json), lists[i].v1);
		assert_string_equal(resolved(*state, false, lists[i].json), lists[i].v2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ARENA_TEST(the_last_rule_decides),
		ARENA_TEST(pieces_mean_what_their_rules_do),
		ARENA_TEST(the_usual_rules_are_few_instructions),
		ARENA_TEST(rules_are_kept_in_order),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("device_program", tests, NULL, NULL);
}
