/* See seccomp_join.h. */
#include "runtime/parent/seccomp_join.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <string.h>

#define NUMBER offsetof(struct seccomp_data, nr)
#define ARCH offsetof(struct seccomp_data, arch)

static void add(struct seccomp_program *p, uint16_t code, uint8_t jt, uint8_t jf, uint32_t k)
{
	if (p->n < SECCOMP_INSTRUCTIONS_MAX)
		p->v[p->n] = (struct sock_filter){ code, jt, jf, k };
	p->n++;
}

static void load(struct seccomp_program *p, uint32_t offset)
{
	add(p, BPF_LD | BPF_W | BPF_ABS, 0, 0, offset);
}

static void give(struct seccomp_program *p, uint32_t result)
{
	add(p, BPF_RET | BPF_K, 0, 0, result);
}

static void add_enosys(struct seccomp_program *p, const struct seccomp_part *part)
{
	if (!part->last)
		return;
	load(p, NUMBER);
	/* Without a part for x32 its numbers are a foreign architecture's, not new ones. */
	if (part->audit == AUDIT_ARCH_X86_64 && !part->x32)
		add(p, BPF_JMP | BPF_JSET | BPF_K, 2, 0, SECCOMP_X32_BIT);
	if (part->multiplexed)
		add(p, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 0);
	add(p, BPF_JMP | BPF_JGT | BPF_K, 0, 1, part->last);
	give(p, SECCOMP_RET_ERRNO | ENOSYS);
}

/* Go to the part of the architecture, and where two share its name, of the number. */
static void add_dispatch(struct seccomp_program *p, const struct seccomp_part *parts, size_t n,
			 size_t jumps[])
{
	load(p, ARCH);
	for (size_t i = 0; i < n; i++) {
		bool shared = false;
		for (size_t k = 0; k < n; k++)
			shared |= k != i && parts[k].audit == parts[i].audit;
		/* Past the jump; and past what asks for the number, which loads ARCH anew. */
		add(p, BPF_JMP | BPF_JEQ | BPF_K, 0, shared ? 4 : 1, parts[i].audit);
		if (shared) {
			load(p, NUMBER);
			add(p, BPF_JMP | BPF_JSET | BPF_K, parts[i].x32 ? 0 : 1,
			    parts[i].x32 ? 1 : 0, SECCOMP_X32_BIT);
		}
		jumps[i] = p->n;
		add(p, BPF_JMP | BPF_JA, 0, 0, 0);
		if (shared)
			load(p, ARCH);
	}
	give(p, SECCOMP_RET_KILL_THREAD);
}

int seccomp_join(const struct seccomp_part *parts, size_t n, struct seccomp_program *out,
		 struct error *e)
{
	size_t jumps[SECCOMP_PARTS_MAX];

	out->n = 0;
	add_dispatch(out, parts, n, jumps);
	for (size_t i = 0; i < n && out->n < SECCOMP_INSTRUCTIONS_MAX; i++) {
		out->v[jumps[i]].k = (uint32_t)(out->n - jumps[i] - 1);
		add_enosys(out, &parts[i]);
		const struct seccomp_program *p = &parts[i].program;
		if (out->n <= SECCOMP_INSTRUCTIONS_MAX && p->n <= SECCOMP_INSTRUCTIONS_MAX - out->n)
			memcpy(out->v + out->n, p->v, p->n * sizeof(*out->v));
		out->n += p->n;
	}
	if (out->n <= SECCOMP_INSTRUCTIONS_MAX)
		return 0;
	error_set(e, 0, "the filter is too long: the kernel takes %d instructions",
		  SECCOMP_INSTRUCTIONS_MAX);
	return error_hint(e, "name fewer architectures, or fewer system calls");
}

static bool is_sane(const struct sock_filter *f, size_t left)
{
	switch (f->code) {
	case BPF_LD | BPF_W | BPF_ABS: return f->k % 4 == 0 && f->k < sizeof(struct seccomp_data);
	case BPF_ALU | BPF_AND | BPF_K:
	case BPF_RET | BPF_K: return true;
	case BPF_JMP | BPF_JA: return f->k < left;
	case BPF_JMP | BPF_JEQ | BPF_K:
	case BPF_JMP | BPF_JGT | BPF_K:
	case BPF_JMP | BPF_JGE | BPF_K:
	case BPF_JMP | BPF_JSET | BPF_K: return f->jt < left && f->jf < left;
	default: return false;
	}
}

bool seccomp_sane(const struct seccomp_program *p)
{
	if (!p->n || p->n > SECCOMP_INSTRUCTIONS_MAX || p->v[p->n - 1].code != (BPF_RET | BPF_K))
		return false;
	for (size_t i = 0; i < p->n; i++)
		if (!is_sane(&p->v[i], p->n - i - 1))
			return false;
	return true;
}
