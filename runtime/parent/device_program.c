/*
 * The context of the program is struct bpf_cgroup_dev_ctx. The rules are asked from the last to the
 * first. `WANTED` are the kinds of access that no rule has allowed yet: a rule that allows takes
 * its kinds out, a rule that denies one still wanted is a no, and nothing wanted in the end is a
 * yes. So a device that one rule lets be read and another written can be opened for both.
 *
 * The kernel verifies a program each time that it is loaded, which takes as long as everything else
 * that a cgroup takes together: so neighbours that say the same of several devices are one piece.
 */
#include "runtime/parent/device_program.h"

#include <string.h>

enum { RESULT = BPF_REG_0, CONTEXT, TYPE, WANTED, MAJOR, MINOR, SCRATCH };

#define PER_RULE 10
#define FIXED 10

static void add(device_program *p, uint8_t code, uint8_t to, uint8_t from, int16_t offset,
		int32_t value)
{
	p->v[p->n++] = (struct bpf_insn){
		.code = code, .dst_reg = to, .src_reg = from, .off = offset, .imm = value
	};
}

static void load(device_program *p, uint8_t to, size_t field)
{
	add(p, BPF_LDX | BPF_MEM | BPF_W, to, CONTEXT, (int16_t)field, 0);
}

static void compute(device_program *p, uint8_t operation, uint8_t to, uint32_t value)
{
	add(p, BPF_ALU | operation | BPF_K, to, 0, 0, (int32_t)value);
}

/* On to the next piece when the register compares so; where that is, is known at its end. */
static void leave_if(device_program *p, uint8_t comparison, uint8_t reg, uint32_t value)
{
	add(p, BPF_JMP32 | comparison | BPF_K, reg, 0, -1, (int32_t)value);
}

static uint32_t access_bits(const char *letters)
{
	return (strchr(letters, 'm') ? BPF_DEVCG_ACC_MKNOD : 0) |
	       (strchr(letters, 'r') ? BPF_DEVCG_ACC_READ : 0) |
	       (strchr(letters, 'w') ? BPF_DEVCG_ACC_WRITE : 0);
}

static bool same_but_for_minor(const struct plan_device_rule *a, const struct plan_device_rule *b)
{
	return a->allow == b->allow && a->type[0] == b->type[0] && a->major == b->major &&
	       access_bits(a->access) == access_bits(b->access);
}

static bool about_any(const struct plan_device_rule *r)
{
	return r->major < 0 && r->minor < 0;
}

/* How many rules up to and with v[last] are one piece: the same of minor numbers that are bits of a
 * word, or of all devices of both types. */
static size_t alike(const struct plan_device_rule *v, size_t last)
{
	const struct plan_device_rule *r = &v[last];
	size_t n = 1;

	if (about_any(r) && last && about_any(r - 1) && r[-1].type[0] != 'a' &&
	    r[-1].type[0] != r->type[0] && r[-1].allow == r->allow &&
	    access_bits(r[-1].access) == access_bits(r->access))
		return 2;
	while (r->minor >= 0 && r->minor < 32 && n <= last && same_but_for_minor(&v[last - n], r) &&
	       v[last - n].minor >= 0 && v[last - n].minor < 32)
		n++;
	return n;
}

/* Is the minor number one of those of n rules? */
static void match_minor(device_program *p, const struct plan_device_rule *r, size_t n)
{
	uint32_t mask = 0;

	if (n == 1) {
		leave_if(p, BPF_JNE, MINOR, (uint32_t)r->minor);
		return;
	}
	for (size_t i = 0; i < n; i++)
		mask |= 1U << r[i].minor;
	leave_if(p, BPF_JGT, MINOR, 31);
	compute(p, BPF_MOV, SCRATCH, mask);
	add(p, BPF_ALU | BPF_RSH | BPF_X, SCRATCH, MINOR, 0, 0);
	compute(p, BPF_AND, SCRATCH, 1);
	leave_if(p, BPF_JEQ, SCRATCH, 0);
}

static void piece(device_program *p, const struct plan_device_rule *r, size_t n)
{
	const size_t begin = p->n;
	const uint32_t bits = access_bits(r->access);

	if (n == 1 || !about_any(r))
		leave_if(p, BPF_JNE, TYPE,
			 r->type[0] == 'c' ? BPF_DEVCG_DEV_CHAR : BPF_DEVCG_DEV_BLOCK);
	if (r->major >= 0)
		leave_if(p, BPF_JNE, MAJOR, (uint32_t)r->major);
	if (r->minor >= 0)
		match_minor(p, r, n);
	if (r->allow) {
		compute(p, BPF_AND, WANTED, ~bits);
	} else {
		add(p, BPF_ALU | BPF_MOV | BPF_X, SCRATCH, WANTED, 0, 0);
		compute(p, BPF_AND, SCRATCH, bits);
		leave_if(p, BPF_JEQ, SCRATCH, 0);
		compute(p, BPF_MOV, RESULT, 0);
		add(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	}
	for (size_t i = begin; i < p->n; i++)
		if (p->v[i].off == -1)
			p->v[i].off = (int16_t)(p->n - i - 1);
}

device_program device_program_make(struct arena *a, const plan_device_rule_list *rules)
{
	device_program p = { 0 };
	bool allow = false;

	p.v = arena_array(a, struct bpf_insn, rules->n * PER_RULE + FIXED);
	load(&p, TYPE, offsetof(struct bpf_cgroup_dev_ctx, access_type));
	add(&p, BPF_ALU | BPF_MOV | BPF_X, WANTED, TYPE, 0, 0);
	compute(&p, BPF_RSH, WANTED, 16);
	compute(&p, BPF_AND, TYPE, 0xffff);
	load(&p, MAJOR, offsetof(struct bpf_cgroup_dev_ctx, major));
	load(&p, MINOR, offsetof(struct bpf_cgroup_dev_ctx, minor));
	for (size_t end = rules->n, n; end > 0; end -= n) {
		/* About everything: those before it do not matter, and the kernel refuses what
		 * can't be reached. */
		if (rules->v[end - 1].type[0] == 'a') {
			allow = rules->v[end - 1].allow;
			break;
		}
		n = alike(rules->v, end - 1);
		piece(&p, &rules->v[end - n], n);
	}
	compute(&p, BPF_MOV, RESULT, 1);
	if (!allow) {
		add(&p, BPF_JMP32 | BPF_JEQ | BPF_K, WANTED, 0, 1, 0);
		compute(&p, BPF_MOV, RESULT, 0);
	}
	add(&p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	return p;
}
