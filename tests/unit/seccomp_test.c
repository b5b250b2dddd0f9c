/*
 * linux.seccomp as the kernel would see it: profiles are compiled, and the program is run by a
 * small interpreter for system calls of several architectures.
 */
#include "unit.h"

#include "runtime/parent/seccomp.h"
#include "runtime/parent/seccomp_fold.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>

#define ALLOW SECCOMP_RET_ALLOW
#define KILL SECCOMP_RET_KILL_THREAD
#define ERR(code) (SECCOMP_RET_ERRNO | (code))
#define X64 AUDIT_ARCH_X86_64
#define I386 AUDIT_ARCH_I386

/* What the kernel does with such a program; anything it would refuse fails the test. */
static uint32_t interpret(const struct seccomp_program *p, const struct seccomp_data *d)
{
	uint32_t a = 0;

	for (size_t pc = 0; pc < p->n; pc++) {
		const struct sock_filter *f = &p->v[pc];
		bool yes = false;
		switch (f->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			assert_true(f->k <= sizeof(*d) - 4 && f->k % 4 == 0);
			memcpy(&a, (const char *)d + f->k, 4);
			continue;
		case BPF_ALU | BPF_AND | BPF_K: a &= f->k; continue;
		case BPF_RET | BPF_K: return f->k;
		case BPF_JMP | BPF_JA: pc += f->k; continue;
		case BPF_JMP | BPF_JEQ | BPF_K: yes = a == f->k; break;
		case BPF_JMP | BPF_JGT | BPF_K: yes = a > f->k; break;
		case BPF_JMP | BPF_JGE | BPF_K: yes = a >= f->k; break;
		case BPF_JMP | BPF_JSET | BPF_K: yes = a & f->k; break;
		default: fail_msg("instruction 0x%x at %zu", f->code, pc);
		}
		pc += yes ? f->jt : f->jf;
	}
	fail_msg("the program has no end");
	return 0;
}

static uint32_t call(const struct seccomp_program *p, uint32_t arch, int number, uint64_t arg0,
		     uint64_t arg1)
{
	const struct seccomp_data d = { .nr = number, .arch = arch, .args = { arg0, arg1 } };

	return interpret(p, &d);
}

/* `text`: what is in linux.seccomp. */
static struct spec_seccomp *profile(struct arena *a, const char *text)
{
	struct spec_linux *l = arena_new(a, struct spec_linux);
	struct error e = ERROR_NONE;
	char *json = arena_printf(a, "{\"seccomp\":{%s}}", text);

	if (json_read(&spec_linux_table, l, json, strlen(json), a, NULL, &e) < 0)
		fail_msg("%s: %s", json, shown(&e));
	return l->seccomp;
}

static struct seccomp_program compile(struct arena *a, const char *text)
{
	struct seccomp_program p;
	struct error e = ERROR_NONE;

	if (seccomp_compile(profile(a, text), a, &p, &e) < 0)
		fail_msg("%s: %s", text, shown(&e));
	assert_in_range(p.n, 1, SECCOMP_INSTRUCTIONS_MAX);
	return p;
}

#define DEFAULT(action) "\"defaultAction\":\"SCMP_ACT_" action "\""
#define RULE(names, action, more) \
	"{\"names\":[" names "],\"action\":\"SCMP_ACT_" action "\"" more "}"
#define RULES(...) ",\"syscalls\":[" __VA_ARGS__ "]"
#define ARGS(list) ",\"args\":[" list "]"
#define ARG(index, op, value, two)                                                                 \
	"{\"index\":" #index ",\"op\":\"SCMP_CMP_" op "\",\"value\":" #value ",\"valueTwo\":" #two \
	"}"
/* So that what is tested is not newer than the profile. */
#define NEW "\"openat2\""

/* What is named, what is not, what is newer than the profile, a foreign architecture. */
static void test_default(void **state)
{
	struct seccomp_program p =
		compile(*state, DEFAULT("ERRNO") RULES(RULE("\"getpid\"," NEW, "ALLOW", "")));

	assert_int_equal(call(&p, X64, SYS_getpid, 0, 0), ALLOW);
	assert_int_equal(call(&p, X64, SYS_getppid, 0, 0), ERR(EPERM));
	assert_int_equal(call(&p, X64, SYS_openat2, 0, 0), ALLOW);
	assert_int_equal(call(&p, X64, SYS_openat2 + 1, 0, 0), ERR(ENOSYS));
	assert_int_equal(call(&p, X64, 999999, 0, 0), ERR(ENOSYS));
	assert_int_equal(call(&p, I386, 20, 0, 0), KILL);
	assert_int_equal(call(&p, AUDIT_ARCH_AARCH64, 172, 0, 0), KILL);
	/* x32 was not asked for: a foreign architecture, not a new call. */
	assert_int_equal(call(&p, X64, 0x40000000 + SYS_getpid, 0, 0), KILL);
}

static void test_architectures(void **state)
{
	struct seccomp_program p =
		compile(*state, DEFAULT("ERRNO") ",\"architectures\":[\"SCMP_ARCH_X32\","
						 "\"SCMP_ARCH_X86\",\"SCMP_ARCH_AARCH64\"]" RULES(
							 RULE("\"getpid\"," NEW, "ALLOW", "")));

	/* The native one is always in it. */
	assert_int_equal(call(&p, X64, SYS_getpid, 0, 0), ALLOW);
	assert_int_equal(call(&p, X64, SYS_getppid, 0, 0), ERR(EPERM));
	assert_int_equal(call(&p, X64, SYS_openat2 + 1, 0, 0), ERR(ENOSYS));
	/* Each by its own numbers. */
	assert_int_equal(call(&p, I386, 20, 0, 0), ALLOW);
	assert_int_equal(call(&p, I386, 64, 0, 0), ERR(EPERM));
	assert_int_equal(call(&p, I386, 438, 0, 0), ERR(ENOSYS));
	assert_int_equal(call(&p, AUDIT_ARCH_AARCH64, 172, 0, 0), ALLOW);
	assert_int_equal(call(&p, AUDIT_ARCH_AARCH64, 20, 0, 0), ERR(EPERM));
	assert_int_equal(call(&p, X64, 0x40000000 + SYS_getpid, 0, 0), ALLOW);
	assert_int_equal(call(&p, X64, 0x40000000 + SYS_getppid, 0, 0), ERR(EPERM));
	assert_int_equal(call(&p, X64, 0x40000000 + 9999, 0, 0), ERR(ENOSYS));
	assert_int_equal(call(&p, AUDIT_ARCH_ARM, 20, 0, 0), KILL);
}

static void test_actions(void **state)
{
	static const struct {
		const char *rule;
		uint32_t result;
	} rows[] = {
		{ RULE("\"getpid\"", "KILL", ""), SECCOMP_RET_KILL_THREAD },
		{ RULE("\"getpid\"", "KILL_THREAD", ""), SECCOMP_RET_KILL_THREAD },
		{ RULE("\"getpid\"", "KILL_PROCESS", ""), SECCOMP_RET_KILL_PROCESS },
		{ RULE("\"getpid\"", "TRAP", ""), SECCOMP_RET_TRAP },
		{ RULE("\"getpid\"", "ERRNO", ""), ERR(EPERM) },
		{ RULE("\"getpid\"", "ERRNO", ",\"errnoRet\":0"), ERR(0) },
		{ RULE("\"getpid\"", "ERRNO", ",\"errnoRet\":4094"), ERR(4094) },
		{ RULE("\"getpid\"", "TRACE", ""), SECCOMP_RET_TRACE | EPERM },
		{ RULE("\"getpid\"", "TRACE", ",\"errnoRet\":65535"), SECCOMP_RET_TRACE | 65535 },
		{ RULE("\"getpid\"", "ALLOW", ""), ALLOW },
		{ RULE("\"getpid\"", "LOG", ""), SECCOMP_RET_LOG },
		{ RULE("\"getpid\"", "NOTIFY", ""), SECCOMP_RET_USER_NOTIF },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct seccomp_program p = compile(
			*state, arena_printf(*state, DEFAULT("ALLOW") RULES("%s"), rows[i].rule));
		assert_int_equal(call(&p, X64, SYS_getpid, 0, 0), rows[i].result);
		assert_int_equal(call(&p, X64, SYS_getppid, 0, 0), ALLOW);
	}
}

/* Around the value, and where only the upper half differs. */
static void test_operators(void **state)
{
	static const struct {
		const char *op;
		uint32_t below, at, above, far; /* 1: the condition holds */
	} rows[] = {
		{ "NE", 1, 0, 1, 1 }, { "LT", 1, 0, 0, 0 }, { "LE", 1, 1, 0, 0 },
		{ "EQ", 0, 1, 0, 0 }, { "GE", 0, 1, 1, 1 }, { "GT", 0, 0, 1, 1 },
	};
	const uint64_t value = 0x500000007;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct seccomp_program p = compile(
			*state,
			arena_printf(
				*state,
				DEFAULT("ALLOW") RULES(RULE(
					"\"getpid\"", "ERRNO",
					ARGS("{\"index\":1,\"op\":\"SCMP_CMP_%s\",\"value\":%llu}"))),
				rows[i].op, (unsigned long long)value));
		assert_int_equal(call(&p, X64, SYS_getpid, 0, value - 1),
				 rows[i].below ? ERR(EPERM) : ALLOW);
		assert_int_equal(call(&p, X64, SYS_getpid, 0, value),
				 rows[i].at ? ERR(EPERM) : ALLOW);
		assert_int_equal(call(&p, X64, SYS_getpid, 0, value + 1),
				 rows[i].above ? ERR(EPERM) : ALLOW);
		assert_int_equal(call(&p, X64, SYS_getpid, 0, value + (1ull << 32)),
				 rows[i].far ? ERR(EPERM) : ALLOW);
	}
}

static void test_masked(void **state)
{
	struct seccomp_program p =
		compile(*state, DEFAULT("ALLOW") RULES(RULE("\"clone\"", "ERRNO",
							    ARGS(ARG(0, "MASKED_EQ", 240, 32)))));

	assert_int_equal(call(&p, X64, SYS_clone, 32, 0), ERR(EPERM));
	assert_int_equal(call(&p, X64, SYS_clone, 32 + 15, 0), ERR(EPERM));
	assert_int_equal(call(&p, X64, SYS_clone, 32 + 64, 0), ALLOW);
	assert_int_equal(call(&p, X64, SYS_clone, 0, 0), ALLOW);
}

static void test_and_or(void **state)
{
	struct seccomp_program both =
		compile(*state, DEFAULT("ALLOW") RULES(
					RULE("\"getpid\"", "ERRNO",
					     ARGS(ARG(0, "EQ", 1, 0) "," ARG(1, "EQ", 2, 0)))));
	assert_int_equal(call(&both, X64, SYS_getpid, 1, 2), ERR(EPERM));
	assert_int_equal(call(&both, X64, SYS_getpid, 1, 3), ALLOW);
	assert_int_equal(call(&both, X64, SYS_getpid, 0, 2), ALLOW);

	/* Two on one argument: any, and then the third is one of them too. */
	struct seccomp_program any = compile(
		*state,
		DEFAULT("ALLOW") RULES(RULE(
			"\"getpid\"", "ERRNO",
			ARGS(ARG(0, "EQ", 1, 0) "," ARG(0, "EQ", 2, 0) "," ARG(1, "EQ", 5, 0)))));
	assert_int_equal(call(&any, X64, SYS_getpid, 1, 0), ERR(EPERM));
	assert_int_equal(call(&any, X64, SYS_getpid, 2, 0), ERR(EPERM));
	assert_int_equal(call(&any, X64, SYS_getpid, 3, 5), ERR(EPERM));
	assert_int_equal(call(&any, X64, SYS_getpid, 3, 4), ALLOW);

	/* So are two rules. */
	struct seccomp_program rules = compile(
		*state, DEFAULT("ERRNO") RULES(
				RULE("\"getpid\"", "ALLOW", ARGS(ARG(0, "EQ", 1, 0))) "," RULE(
					"\"getpid\"," NEW, "ALLOW", ARGS(ARG(0, "EQ", 9, 0)))));
	assert_int_equal(call(&rules, X64, SYS_getpid, 1, 0), ALLOW);
	assert_int_equal(call(&rules, X64, SYS_getpid, 9, 0), ALLOW);
	assert_int_equal(call(&rules, X64, SYS_getpid, 2, 0), ERR(EPERM));
}

/* On 32 bits only the lower half of a value counts: there is no other in a register. */
static void test_arguments_of_32_bits(void **state)
{
	struct seccomp_program p = compile(
		*state, DEFAULT("ALLOW") ",\"architectures\":[\"SCMP_ARCH_X86\"]" RULES(
				RULE("\"getpid\"", "ERRNO",
				     ARGS(ARG(0, "EQ", 4294967295, 0) "," ARG(1, "LE", 7, 0)))));

	assert_int_equal(call(&p, I386, 20, 0xffffffff, 7), ERR(EPERM));
	assert_int_equal(call(&p, I386, 20, 0xffffffff, 8), ALLOW);
	assert_int_equal(call(&p, I386, 20, 1, 7), ALLOW);
}

/* podman's profile without CAP_AUDIT_WRITE: on 32 bits sockets are made through socketcall as well,
 * whose arguments a filter can't see. */
static void test_socketcall(void **state)
{
	struct seccomp_program p = compile(
		*state,
		DEFAULT("ERRNO") ",\"architectures\":[\"SCMP_ARCH_X86\"]" RULES(
			RULE("\"socketcall\"," NEW, "ALLOW", "") "," RULE(
				"\"socket\"", "ERRNO",
				",\"errnoRet\":22" ARGS(ARG(0, "EQ", 16, 0) "," ARG(
					1, "EQ", 9,
					0))) "," RULE("\"socket\"", "ALLOW",
						      ARGS(ARG(1, "NE", 9,
							       0))) "," RULE("\"socket\"", "ALLOW",
									     ARGS(ARG(0, "NE", 16,
										      0)))));

	assert_int_equal(call(&p, I386, 102, 1, 0), ALLOW);
	assert_int_equal(call(&p, I386, 359, 16, 9), ERR(EINVAL));
	assert_int_equal(call(&p, X64, SYS_socket, 16, 9), ERR(EINVAL));
	assert_int_equal(call(&p, X64, SYS_socket, 16, 8), ALLOW);
	assert_int_equal(call(&p, X64, SYS_socket, 15, 9), ALLOW);
}

/* What changes nothing, or can't, is left out. */
static void test_left_out(void **state)
{
	struct seccomp_program p =
		compile(*state, DEFAULT("ERRNO") RULES(
					RULE("\"getppid\"", "ERRNO", ",\"errnoRet\":1") "," RULE(
						"\"no_such_call\",\"getpid\"," NEW, "ALLOW", "")));

	assert_int_equal(call(&p, X64, SYS_getpid, 0, 0), ALLOW);
	assert_int_equal(call(&p, X64, SYS_getppid, 0, 0), ERR(EPERM));
	/* Nothing at all. */
	p = compile(*state, DEFAULT("ALLOW"));
	assert_int_equal(call(&p, X64, SYS_getpid, 0, 0), ALLOW);
	p = compile(*state, DEFAULT("ERRNO"));
	assert_int_equal(call(&p, X64, SYS_getpid, 0, 0), ERR(EPERM));
}

static void test_enosys(void **state)
{
	static const struct {
		const char *text;
		uint32_t result; /* of a call that is newer than the profile */
	} rows[] = {
		{ DEFAULT("KILL_PROCESS"), ERR(ENOSYS) },
		{ DEFAULT("KILL"), ERR(ENOSYS) },
		{ DEFAULT("TRAP"), ERR(ENOSYS) },
		{ DEFAULT("ERRNO") ",\"defaultErrnoRet\":13", ERR(ENOSYS) },
		{ DEFAULT("ERRNO") ",\"defaultErrnoRet\":38", ERR(ENOSYS) },
		{ DEFAULT("TRACE"), SECCOMP_RET_TRACE | EPERM },
		{ DEFAULT("LOG"), SECCOMP_RET_LOG },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct seccomp_program p = compile(
			*state, arena_printf(*state, "%s" RULES(RULE("\"getpid\"", "ALLOW", "")),
					     rows[i].text));
		assert_int_equal(call(&p, X64, SYS_getpid, 0, 0), ALLOW);
		assert_int_equal(call(&p, X64, 9999, 0, 0), rows[i].result);
		/* -1: what a tracer makes of a call that it skips. */
		assert_int_equal(call(&p, X64, SYS_getpid + 1, 0, 0), rows[i].result);
	}
}

/* More rules than a binary tree needs, and the same answers. */
static void test_many(void **state)
{
	static const char names[] =
		"\"read\",\"write\",\"open\",\"close\",\"stat\",\"fstat\",\"lstat\",\"poll\","
		"\"lseek\",\"mmap\",\"mprotect\",\"munmap\",\"brk\",\"ioctl\",\"pread64\","
		"\"pwrite64\",\"readv\",\"writev\",\"access\",\"pipe\",\"select\",\"mremap\","
		"\"msync\",\"mincore\",\"madvise\",\"shmget\",\"shmat\",\"shmctl\",\"dup\","
		"\"dup2\",\"pause\",\"nanosleep\",\"alarm\",\"getpid\",\"sendfile\",\"socket\"";
	struct seccomp_program p = compile(
		*state,
		arena_printf(*state,
			     DEFAULT("ERRNO") ",\"architectures\":[\"SCMP_ARCH_X86\"]" RULES(
				     RULE("%s", "ALLOW", "") "," RULE("\"fork\"," NEW, "LOG", "")),
			     names));

	for (int i = 0; i < 600; i++) {
		uint32_t want = i > SYS_openat2                     ? ERR(ENOSYS)
				: i == SYS_openat2 || i == SYS_fork ? SECCOMP_RET_LOG
				: i <= SYS_socket && i != 13 && i != 14 && i != 15 && i != 24 &&
						i != 36 && i != 38
					? ALLOW
					: ERR(EPERM);
		assert_int_equal(call(&p, X64, i, 0, 0), want);
	}
	assert_int_equal(call(&p, I386, 2, 0, 0), SECCOMP_RET_LOG);
	assert_int_equal(call(&p, I386, 20, 0, 0), ALLOW);
	/* socket is a number of its own there, and the first of socketcall. */
	assert_int_equal(call(&p, I386, 359, 0, 0), ALLOW);
	assert_int_equal(call(&p, I386, 102, 1, 0), ALLOW);
	assert_int_equal(call(&p, I386, 102, 2, 0), ERR(EPERM));
}

static void refused(struct arena *a, const char *text, const char *expected)
{
	struct seccomp_program p;
	struct error e = ERROR_NONE;

	assert_int_equal(seccomp_compile(profile(a, text), a, &p, &e), -1);
	assert_string_equal(shown(&e), expected);
}

static void test_refused(void **state)
{
	struct arena *a = *state;
	char *rules = arena_alloc(a, 1 << 20), *at = rules;

	refused(a, DEFAULT("ALLOW") ",\"architectures\":[\"SCMP_ARCH_S390X\"]",
		"linux.seccomp.architectures: \"SCMP_ARCH_S390X\" can't be filtered on this "
		"machine: Numerical argument out of domain (EDOM)");
	for (int i = 0; i < 5000; i++)
		at += sprintf(at, "%s" RULE("\"getpid\"", "ERRNO", ARGS(ARG(0, "EQ", % d, 0))),
			      i ? "," : "", i);
	refused(a, arena_printf(a, DEFAULT("ALLOW") RULES("%s"), rules),
		"linux.seccomp: the filter is too long: the kernel takes 4096 instructions (name "
		"fewer architectures, or fewer system calls)");
}

/* What libseccomp does not know yet is an error by its name. */
static void test_unknown_architecture(void **state)
{
	if (seccomp_arch_known("SCMP_ARCH_M68K"))
		skip();
	assert_true(seccomp_arch_known("SCMP_ARCH_X86_64"));
	refused(*state, DEFAULT("ALLOW") ",\"architectures\":[\"SCMP_ARCH_M68K\"]",
		arena_printf(*state,
			     "linux.seccomp.architectures: libseccomp %s does not know "
			     "\"SCMP_ARCH_M68K\"",
			     seccomp_library(*state)));
}

/* A call that the kernel lacks arrives as number 0 on s390. */
static void test_multiplexed(void **state)
{
	static struct sock_filter program[] = { { BPF_RET | BPF_K, 0, 0, ALLOW } };
	const struct seccomp_part parts[] = {
		{ .audit = AUDIT_ARCH_S390X,
		  .multiplexed = true,
		  .last = 10,
		  .program = { 1, program } },
		{ .audit = AUDIT_ARCH_S390, .multiplexed = true, .program = { 1, program } },
	};
	struct seccomp_program p = { .v = arena_array(*state, struct sock_filter,
						      SECCOMP_INSTRUCTIONS_MAX) };
	struct error e = ERROR_NONE;

	assert_int_equal(seccomp_join(parts, 2, &p, &e), 0);
	assert_int_equal(call(&p, AUDIT_ARCH_S390X, 0, 0, 0), ERR(ENOSYS));
	assert_int_equal(call(&p, AUDIT_ARCH_S390X, 10, 0, 0), ALLOW);
	assert_int_equal(call(&p, AUDIT_ARCH_S390X, 11, 0, 0), ERR(ENOSYS));
	assert_int_equal(call(&p, AUDIT_ARCH_S390, 0, 0, 0), ALLOW);
	assert_int_equal(call(&p, X64, 0, 0, 0), KILL);
}

/* Exactly as long as the kernel takes, and one more. */
static void test_longest(void **state)
{
	struct sock_filter *program =
		arena_array(*state, struct sock_filter, SECCOMP_INSTRUCTIONS_MAX);
	struct seccomp_part part = { .audit = X64, .program.v = program };
	struct seccomp_program p = { .v = arena_array(*state, struct sock_filter,
						      SECCOMP_INSTRUCTIONS_MAX) };
	struct error e = ERROR_NONE;

	for (size_t i = 0; i < SECCOMP_INSTRUCTIONS_MAX; i++)
		program[i] = (struct sock_filter){ BPF_RET | BPF_K, 0, 0, ALLOW };
	part.program.n = SECCOMP_INSTRUCTIONS_MAX - 4; /* what goes in front */
	assert_int_equal(seccomp_join(&part, 1, &p, &e), 0);
	assert_int_equal(p.n, SECCOMP_INSTRUCTIONS_MAX);
	assert_int_equal(call(&p, X64, 1, 0, 0), ALLOW);
	part.program.n++;
	assert_int_equal(seccomp_join(&part, 1, &p, &e), -1);
}

/* A program of any shape: loads, comparisons with few values, forward jumps, few results. */
static void make_any(struct sock_filter *f, size_t n)
{
	static const uint16_t codes[] = { BPF_LD | BPF_W | BPF_ABS,   BPF_LD | BPF_W | BPF_ABS,
					  BPF_JMP | BPF_JEQ | BPF_K,  BPF_JMP | BPF_JGT | BPF_K,
					  BPF_JMP | BPF_JGE | BPF_K,  BPF_JMP | BPF_JEQ | BPF_K,
					  BPF_JMP | BPF_JSET | BPF_K, BPF_JMP | BPF_JA,
					  BPF_ALU | BPF_AND | BPF_K,  BPF_RET | BPF_K };

	for (size_t i = 0; i < n; i++) {
		size_t left = n - i - 1;
		/* The rare ones make a program that stays as it is. */
		uint16_t code = codes[(size_t)rand() % (rand() % 4 ? 6 : COUNT(codes))];
		f[i] = (struct sock_filter){ .code = left ? code : BPF_RET | BPF_K };
		if (f[i].code == (BPF_LD | BPF_W | BPF_ABS))
			f[i].k = rand() % 3 ? 0 : rand() % 2 ? 4 : 16 + 4 * ((uint32_t)rand() % 4);
		else if (f[i].code == (BPF_JMP | BPF_JA))
			f[i].k = (uint32_t)rand() % (left < 4 ? left : 4);
		else
			f[i].k = rand() % 8 ? (uint32_t)rand() % 24 : X64;
		if (BPF_CLASS(f[i].code) == BPF_JMP && f[i].code != (BPF_JMP | BPF_JA)) {
			f[i].jt = (uint8_t)((size_t)rand() % (left < 6 ? left : 6));
			f[i].jf = (uint8_t)((size_t)rand() % (left < 6 ? left : 6));
		}
	}
}

/* A folded program does what it did before, and some do become shorter. */
static void test_folded(void **state)
{
	static const int numbers[] = { -1, 0x40000000, 0x7fffffff, 1000 };
	size_t shorter = 0;

	srand(1);
	for (int round = 0; round < 3000; round++) {
		size_t n = 2 + (size_t)rand() % 60;
		struct seccomp_program p = { n, arena_array(*state, struct sock_filter, n) };
		make_any(p.v, n);
		assert_true(seccomp_sane(&p));
		struct seccomp_program folded = seccomp_fold(&p, X64, *state);
		assert_true(seccomp_sane(&folded));
		assert_in_range(folded.n, 1, n);
		shorter += folded.n < n;
		for (int i = 0; i < 26 + (int)COUNT(numbers); i++)
			for (int k = 0; k < 8; k++) {
				int number = i < 26 ? i : numbers[i - 26];
				uint64_t arg0 = (uint64_t)rand() % 25, arg1 = (uint64_t)rand() % 25;
				assert_int_equal(call(&folded, X64, number, arg0, arg1),
						 call(&p, X64, number, arg0, arg1));
			}
	}
	assert_in_range(shorter, 500, 3000);
}

/* Neighbours with one fate are one range, and what asks for arguments is kept once. */
static void test_folds_ranges(void **state)
{
	struct seccomp_program p = compile(
		*state,
		DEFAULT("ERRNO") RULES(
			RULE("\"read\",\"write\",\"open\",\"close\",\"stat\",\"fstat\",\"lstat\","
			     "\"poll\",\"lseek\",\"mmap\",\"mprotect\",\"munmap\",\"brk\"",
			     "ALLOW", "")));

	/* The architecture 4, what is newer 4, the number 1, and 7 to find one of the ranges:
	 * allowed, denied, of x32, and -1. */
	assert_int_equal(p.n, 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ARENA_TEST(test_multiplexed),
		ARENA_TEST(test_longest),
		ARENA_TEST(test_folded),
#ifdef __x86_64__ /* they name its numbers */
		ARENA_TEST(test_default),
		ARENA_TEST(test_architectures),
		ARENA_TEST(test_actions),
		ARENA_TEST(test_operators),
		ARENA_TEST(test_masked),
		ARENA_TEST(test_and_or),
		ARENA_TEST(test_arguments_of_32_bits),
		ARENA_TEST(test_socketcall),
		ARENA_TEST(test_left_out),
		ARENA_TEST(test_enosys),
		ARENA_TEST(test_many),
		ARENA_TEST(test_folds_ranges),
		ARENA_TEST(test_refused),
		ARENA_TEST(test_unknown_architecture),
#endif
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("seccomp", tests, NULL, NULL);
}
