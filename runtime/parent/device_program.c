/*
 * The context of the program is struct bpf_cgroup_dev_ctx. The rules are asked from the last to the
 * first. `WANTED` are the kinds of access that no rule has allowed yet: a rule that allows takes
 * its kinds out, and nothing wanted any more is a yes; a rule that denies one still wanted is a no.
 * So a device that one rule lets be read and another written can be opened for both.
 */
#include "runtime/parent/device_program.h"

#include <string.h>

enum { RESULT = BPF_REG_0, CONTEXT, TYPE, WANTED, MAJOR, MINOR, SCRATCH };

#define PER_RULE 9
#define FIXED 9

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

static void answer(device_program *p, bool allow)
{
	compute(p, BPF_MOV, RESULT, allow);
	add(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* On to the next rule unless the register has this value; where that is, is known at its end. */
static void unless(device_program *p, uint8_t reg, uint32_t value)
{
	add(p, BPF_JMP32 | BPF_JNE | BPF_K, reg, 0, -1, (int32_t)value);
}

static uint32_t access_bits(const char *letters)
{
	return (strchr(letters, 'm') ? BPF_DEVCG_ACC_MKNOD : 0) |
	       (strchr(letters, 'r') ? BPF_DEVCG_ACC_READ : 0) |
	       (strchr(letters, 'w') ? BPF_DEVCG_ACC_WRITE : 0);
}

static void rule(device_program *p, const struct plan_device_rule *r)
{
	const size_t begin = p->n;
	const uint32_t bits = access_bits(r->access);

	unless(p, TYPE, r->type[0] == 'c' ? BPF_DEVCG_DEV_CHAR : BPF_DEVCG_DEV_BLOCK);
	if (r->major >= 0)
		unless(p, MAJOR, (uint32_t)r->major);
	if (r->minor >= 0)
		unless(p, MINOR, (uint32_t)r->minor);
	if (r->allow) {
		compute(p, BPF_AND, WANTED, ~bits);
		unless(p, WANTED, 0);
	} else {
		add(p, BPF_ALU | BPF_MOV | BPF_X, SCRATCH, WANTED, 0, 0);
		compute(p, BPF_AND, SCRATCH, bits);
		add(p, BPF_JMP32 | BPF_JEQ | BPF_K, SCRATCH, 0, -1, 0);
	}
	answer(p, r->allow);
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
	for (size_t i = rules->n; i-- > 0;) {
		/* About everything: those before it do not matter, and the kernel refuses what
		 * can't be reached. */
		if (rules->v[i].type[0] == 'a') {
			allow = rules->v[i].allow;
			break;
		}
		rule(&p, &rules->v[i]);
	}
	answer(&p, allow);
	return p;
}
