/* See seccomp_fold.h. */
#include "runtime/parent/seccomp_fold.h"

#include <linux/seccomp.h>
#include <stdlib.h>

/* So that half of the search tree, two instructions for each range, can be jumped over. */
#define RANGES_MAX 256

/* What becomes of a number: a result, or from which instruction on the arguments count. */
struct fate {
	bool depends;
	uint32_t value;
};

struct range {
	uint32_t first; /* up to the first of the next one */
	struct fate fate;
};

/* Follow the program for a number. False when it does with the number what is not done here. */
static bool follow(const struct seccomp_program *p, uint32_t audit, uint32_t number,
		   struct fate *out)
{
	uint32_t a = 0;

	for (size_t pc = 0; pc < p->n; pc++) {
		const struct sock_filter *f = &p->v[pc];
		bool yes;
		switch (f->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			if (f->k == offsetof(struct seccomp_data, nr)) {
				a = number;
			} else if (f->k == offsetof(struct seccomp_data, arch)) {
				a = audit;
			} else {
				*out = (struct fate){ true, (uint32_t)pc };
				return true;
			}
			continue;
		case BPF_RET | BPF_K: *out = (struct fate){ false, f->k }; return true;
		case BPF_JMP | BPF_JA: pc += f->k; continue;
		case BPF_JMP | BPF_JEQ | BPF_K: yes = a == f->k; break;
		case BPF_JMP | BPF_JGT | BPF_K: yes = a > f->k; break;
		case BPF_JMP | BPF_JGE | BPF_K: yes = a >= f->k; break;
		default: return false;
		}
		pc += yes ? f->jt : f->jf;
	}
	return false;
}

static int ascending(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* Where the fate of a number can change: at what it is compared with, and behind it. */
static size_t list_edges(const struct seccomp_program *p, uint32_t *edges)
{
	size_t n = 0;

	edges[n++] = 0;
	for (size_t i = 0; i < p->n; i++)
		if (BPF_CLASS(p->v[i].code) == BPF_JMP && p->v[i].code != (BPF_JMP | BPF_JA)) {
			edges[n++] = p->v[i].k;
			edges[n++] = p->v[i].k + 1;
		}
	qsort(edges, n, sizeof(*edges), ascending);
	return n;
}

static size_t list_ranges(const struct seccomp_program *p, uint32_t audit, struct arena *a,
			  struct range ranges[RANGES_MAX])
{
	uint32_t *edges = arena_array(a, uint32_t, 2 * p->n + 1);
	size_t edge_count = list_edges(p, edges), n = 0;

	for (size_t i = 0; i < edge_count; i++) {
		struct range r = { .first = edges[i] };
		if (i && edges[i] == edges[i - 1])
			continue;
		if (!follow(p, audit, r.first, &r.fate))
			return 0;
		if (n && ranges[n - 1].fate.depends == r.fate.depends &&
		    ranges[n - 1].fate.value == r.fate.value)
			continue;
		if (n == RANGES_MAX)
			return 0;
		ranges[n++] = r;
	}
	return n;
}

/* The instructions that are reached from where arguments count keep their order: at[i] is the new
 * place of instruction i among them, counted from 1. */
static size_t list_rest(const struct seccomp_program *p, const struct range *ranges, size_t n,
			uint16_t *at)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		if (ranges[i].fate.depends)
			at[ranges[i].fate.value] = 1;
	for (size_t i = 0; i < p->n; i++) {
		const struct sock_filter *f = &p->v[i];
		if (!at[i])
			continue;
		at[i] = (uint16_t)++count;
		if (f->code == (BPF_JMP | BPF_JA))
			at[i + 1 + f->k] = 1;
		else if (BPF_CLASS(f->code) == BPF_JMP)
			at[i + 1 + f->jt] = at[i + 1 + f->jf] = 1;
		else if (BPF_CLASS(f->code) != BPF_RET)
			at[i + 1] = 1;
	}
	return count;
}

struct fold {
	struct seccomp_program out;
	size_t rest; /* where the instructions of `at` begin */
	const uint16_t *at;
};

static void put(struct fold *f, uint16_t code, uint8_t jt, uint32_t k)
{
	f->out.v[f->out.n++] = (struct sock_filter){ code, jt, 0, k };
}

/* Bisect: the lower half follows, the upper one is jumped to. */
static void put_search(struct fold *f, const struct range *ranges, size_t n)
{
	size_t half = n / 2;

	if (n > 1) {
		put(f, BPF_JMP | BPF_JGE | BPF_K, (uint8_t)(2 * half - 1), ranges[half].first);
		put_search(f, ranges, half);
		put_search(f, ranges + half, n - half);
	} else if (ranges[0].fate.depends) {
		size_t to = f->rest + f->at[ranges[0].fate.value] - 1;
		put(f, BPF_JMP | BPF_JA, 0, (uint32_t)(to - f->out.n - 1));
	} else {
		put(f, BPF_RET | BPF_K, 0, ranges[0].fate.value);
	}
}

static void put_rest(struct fold *f, const struct seccomp_program *p)
{
	for (size_t i = 0; i < p->n; i++) {
		struct sock_filter s = p->v[i];
		if (!f->at[i])
			continue;
		if (s.code == (BPF_JMP | BPF_JA)) {
			s.k = (uint32_t)(f->at[i + 1 + s.k] - f->at[i] - 1);
		} else if (BPF_CLASS(s.code) == BPF_JMP) {
			s.jt = (uint8_t)(f->at[i + 1 + s.jt] - f->at[i] - 1);
			s.jf = (uint8_t)(f->at[i + 1 + s.jf] - f->at[i] - 1);
		}
		f->out.v[f->out.n++] = s;
	}
}

struct seccomp_program seccomp_fold(const struct seccomp_program *p, uint32_t audit,
				    struct arena *a)
{
	struct range *ranges = arena_array(a, struct range, RANGES_MAX);

	if (!seccomp_sane(p))
		return *p;
	uint16_t *at = arena_array(a, uint16_t, p->n);
	size_t n = list_ranges(p, audit, a, ranges), rest = list_rest(p, ranges, n, at);
	size_t length = 1 + 2 * n - 1 + rest;
	if (!n || length >= p->n)
		return *p;
	struct fold f = { .out.v = arena_array(a, struct sock_filter, length),
			  .rest = 2 * n,
			  .at = at };
	put(&f, BPF_LD | BPF_W | BPF_ABS, 0, offsetof(struct seccomp_data, nr));
	put_search(&f, ranges, n);
	put_rest(&f, p);
	return f.out;
}
