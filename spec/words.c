/*
 * Every table of words, in the order of the specification where it has one. Numbers are the
 * kernel's; those that are newer than the headers we build with are named here.
 */
#include "spec/words.h"
#include "spec/number.h"

#include <linux/capability.h>
#include <linux/ioprio.h>
#include <linux/mempolicy.h>
#include <linux/mount.h>
#include <linux/personality.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <sys/stat.h>

enum {
	POLICY_ISO = 4, /* reserved by the kernel, never implemented; the specification has it */
	MODE_WEIGHTED_INTERLEAVE = 6, /* Linux 6.9 */
};

#define WORD(...)           \
	{                   \
		__VA_ARGS__ \
	}
#define WORDS(name, what) \
	const struct words words_##name = { what, name, sizeof(name) / sizeof(name[0]) }

/* In alphabetical order, as other runtimes list them in features. */
static const struct word namespaces[] = {
	{ "cgroup", CLONE_NEWCGROUP }, { "ipc", CLONE_NEWIPC }, { "mount", CLONE_NEWNS },
	{ "network", CLONE_NEWNET },   { "pid", CLONE_NEWPID }, { "time", CLONE_NEWTIME },
	{ "user", CLONE_NEWUSER },     { "uts", CLONE_NEWUTS },
};
WORDS(namespaces, "namespace type");

#define CAPABILITY(name) WORD(#name, 1ull << name)
static const struct word capabilities[] = {
	CAPABILITY(CAP_CHOWN),
	CAPABILITY(CAP_DAC_OVERRIDE),
	CAPABILITY(CAP_DAC_READ_SEARCH),
	CAPABILITY(CAP_FOWNER),
	CAPABILITY(CAP_FSETID),
	CAPABILITY(CAP_KILL),
	CAPABILITY(CAP_SETGID),
	CAPABILITY(CAP_SETUID),
	CAPABILITY(CAP_SETPCAP),
	CAPABILITY(CAP_LINUX_IMMUTABLE),
	CAPABILITY(CAP_NET_BIND_SERVICE),
	CAPABILITY(CAP_NET_BROADCAST),
	CAPABILITY(CAP_NET_ADMIN),
	CAPABILITY(CAP_NET_RAW),
	CAPABILITY(CAP_IPC_LOCK),
	CAPABILITY(CAP_IPC_OWNER),
	CAPABILITY(CAP_SYS_MODULE),
	CAPABILITY(CAP_SYS_RAWIO),
	CAPABILITY(CAP_SYS_CHROOT),
	CAPABILITY(CAP_SYS_PTRACE),
	CAPABILITY(CAP_SYS_PACCT),
	CAPABILITY(CAP_SYS_ADMIN),
	CAPABILITY(CAP_SYS_BOOT),
	CAPABILITY(CAP_SYS_NICE),
	CAPABILITY(CAP_SYS_RESOURCE),
	CAPABILITY(CAP_SYS_TIME),
	CAPABILITY(CAP_SYS_TTY_CONFIG),
	CAPABILITY(CAP_MKNOD),
	CAPABILITY(CAP_LEASE),
	CAPABILITY(CAP_AUDIT_WRITE),
	CAPABILITY(CAP_AUDIT_CONTROL),
	CAPABILITY(CAP_SETFCAP),
	CAPABILITY(CAP_MAC_OVERRIDE),
	CAPABILITY(CAP_MAC_ADMIN),
	CAPABILITY(CAP_SYSLOG),
	CAPABILITY(CAP_WAKE_ALARM),
	CAPABILITY(CAP_BLOCK_SUSPEND),
	CAPABILITY(CAP_AUDIT_READ),
	CAPABILITY(CAP_PERFMON),
	CAPABILITY(CAP_BPF),
	CAPABILITY(CAP_CHECKPOINT_RESTORE),
};
WORDS(capabilities, "capability");

#define NUMBER(name) WORD(#name, name)
static const struct word rlimits[] = {
	NUMBER(RLIMIT_AS),      NUMBER(RLIMIT_CORE),     NUMBER(RLIMIT_CPU),
	NUMBER(RLIMIT_DATA),    NUMBER(RLIMIT_FSIZE),    NUMBER(RLIMIT_LOCKS),
	NUMBER(RLIMIT_MEMLOCK), NUMBER(RLIMIT_MSGQUEUE), NUMBER(RLIMIT_NICE),
	NUMBER(RLIMIT_NOFILE),  NUMBER(RLIMIT_NPROC),    NUMBER(RLIMIT_RSS),
	NUMBER(RLIMIT_RTPRIO),  NUMBER(RLIMIT_RTTIME),   NUMBER(RLIMIT_SIGPENDING),
	NUMBER(RLIMIT_STACK),
};
WORDS(rlimits, "resource limit");

static const struct word propagation[] = {
	{ "private", MS_PRIVATE },
	{ "shared", MS_SHARED },
	{ "slave", MS_SLAVE },
	{ "unbindable", MS_UNBINDABLE },
	{ "rprivate", MS_REC | MS_PRIVATE },
	{ "rshared", MS_REC | MS_SHARED },
	{ "rslave", MS_REC | MS_SLAVE },
	{ "runbindable", MS_REC | MS_UNBINDABLE },
};
WORDS(propagation, "mount propagation");

static const struct word device_types[] = {
	{ "c", S_IFCHR }, { "b", S_IFBLK }, { "u", S_IFCHR }, { "p", S_IFIFO }
};
WORDS(device_types, "device type");

static const struct word scheduler[] = {
	{ "SCHED_OTHER", SCHED_NORMAL },
	{ "SCHED_FIFO", SCHED_FIFO },
	{ "SCHED_RR", SCHED_RR },
	{ "SCHED_BATCH", SCHED_BATCH },
	{ "SCHED_ISO", POLICY_ISO },
	{ "SCHED_IDLE", SCHED_IDLE },
	{ "SCHED_DEADLINE", SCHED_DEADLINE },
};
WORDS(scheduler, "scheduling policy");

static const struct word scheduler_flags[] = {
	NUMBER(SCHED_FLAG_RESET_ON_FORK),  NUMBER(SCHED_FLAG_RECLAIM),
	NUMBER(SCHED_FLAG_DL_OVERRUN),     NUMBER(SCHED_FLAG_KEEP_POLICY),
	NUMBER(SCHED_FLAG_KEEP_PARAMS),    NUMBER(SCHED_FLAG_UTIL_CLAMP_MIN),
	NUMBER(SCHED_FLAG_UTIL_CLAMP_MAX),
};
WORDS(scheduler_flags, "scheduling flag");

static const struct word io_priority[] = { NUMBER(IOPRIO_CLASS_RT), NUMBER(IOPRIO_CLASS_BE),
					   NUMBER(IOPRIO_CLASS_IDLE) };
WORDS(io_priority, "I/O priority class");

static const struct word personality[] = { { "LINUX", PER_LINUX }, { "LINUX32", PER_LINUX32 } };
WORDS(personality, "execution domain");

static const struct word memory_modes[] = {
	NUMBER(MPOL_DEFAULT),    NUMBER(MPOL_BIND),
	NUMBER(MPOL_INTERLEAVE), { "MPOL_WEIGHTED_INTERLEAVE", MODE_WEIGHTED_INTERLEAVE },
	NUMBER(MPOL_PREFERRED),  NUMBER(MPOL_PREFERRED_MANY),
	NUMBER(MPOL_LOCAL),
};
WORDS(memory_modes, "memory policy");

static const struct word memory_flags[] = {
	NUMBER(MPOL_F_NUMA_BALANCING),
	NUMBER(MPOL_F_RELATIVE_NODES),
	NUMBER(MPOL_F_STATIC_NODES),
};
WORDS(memory_flags, "memory policy flag");

static const struct word seccomp_actions[] = {
	{ "SCMP_ACT_KILL", SECCOMP_KILL_THREAD },
	{ "SCMP_ACT_KILL_PROCESS", SECCOMP_KILL_PROCESS },
	{ "SCMP_ACT_KILL_THREAD", SECCOMP_KILL_THREAD },
	{ "SCMP_ACT_TRAP", SECCOMP_TRAP },
	{ "SCMP_ACT_ERRNO", SECCOMP_ERRNO },
	{ "SCMP_ACT_TRACE", SECCOMP_TRACE },
	{ "SCMP_ACT_ALLOW", SECCOMP_ALLOW },
	{ "SCMP_ACT_LOG", SECCOMP_LOG },
	{ "SCMP_ACT_NOTIFY", SECCOMP_NOTIFY },
};
WORDS(seccomp_actions, "seccomp action");

static const struct word seccomp_archs[] = {
	{ "SCMP_ARCH_X86", 0 },          { "SCMP_ARCH_X86_64", 1 },
	{ "SCMP_ARCH_X32", 2 },          { "SCMP_ARCH_ARM", 3 },
	{ "SCMP_ARCH_AARCH64", 4 },      { "SCMP_ARCH_LOONGARCH64", 5 },
	{ "SCMP_ARCH_M68K", 6 },         { "SCMP_ARCH_MIPS", 7 },
	{ "SCMP_ARCH_MIPS64", 8 },       { "SCMP_ARCH_MIPS64N32", 9 },
	{ "SCMP_ARCH_MIPSEL", 10 },      { "SCMP_ARCH_MIPSEL64", 11 },
	{ "SCMP_ARCH_MIPSEL64N32", 12 }, { "SCMP_ARCH_PPC", 13 },
	{ "SCMP_ARCH_PPC64", 14 },       { "SCMP_ARCH_PPC64LE", 15 },
	{ "SCMP_ARCH_S390", 16 },        { "SCMP_ARCH_S390X", 17 },
	{ "SCMP_ARCH_SH", 18 },          { "SCMP_ARCH_SHEB", 19 },
	{ "SCMP_ARCH_PARISC", 20 },      { "SCMP_ARCH_PARISC64", 21 },
	{ "SCMP_ARCH_RISCV64", 22 },
};
WORDS(seccomp_archs, "seccomp architecture");

static const struct word seccomp_flags[] = {
	NUMBER(SECCOMP_FILTER_FLAG_TSYNC),
	NUMBER(SECCOMP_FILTER_FLAG_LOG),
	NUMBER(SECCOMP_FILTER_FLAG_SPEC_ALLOW),
	{ "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", SECCOMP_WAIT_KILLABLE_RECV },
};
WORDS(seccomp_flags, "seccomp flag");

static const struct word seccomp_operators[] = {
	{ "SCMP_CMP_NE", SECCOMP_NE },
	{ "SCMP_CMP_LT", SECCOMP_LT },
	{ "SCMP_CMP_LE", SECCOMP_LE },
	{ "SCMP_CMP_EQ", SECCOMP_EQ },
	{ "SCMP_CMP_GE", SECCOMP_GE },
	{ "SCMP_CMP_GT", SECCOMP_GT },
	{ "SCMP_CMP_MASKED_EQ", SECCOMP_MASKED_EQ },
};
WORDS(seccomp_operators, "seccomp operator");

static const struct word hooks[] = {
	{ "prestart", 0 },       { "createRuntime", 1 }, { "createContainer", 2 },
	{ "startContainer", 3 }, { "poststart", 4 },     { "poststop", 5 },
};
WORDS(hooks, "hook");

/* Aliases stand behind the name that is printed. */
#define SIGNAL(name) WORD(#name, SIG##name)
static const struct word signals[] = {
	SIGNAL(HUP),  SIGNAL(INT),    SIGNAL(QUIT),   SIGNAL(ILL),        SIGNAL(TRAP),
	SIGNAL(ABRT), SIGNAL(IOT),    SIGNAL(BUS),    SIGNAL(FPE),        SIGNAL(KILL),
	SIGNAL(USR1), SIGNAL(SEGV),   SIGNAL(USR2),   SIGNAL(PIPE),       SIGNAL(ALRM),
	SIGNAL(TERM), SIGNAL(STKFLT), SIGNAL(CHLD),   { "CLD", SIGCHLD }, SIGNAL(CONT),
	SIGNAL(STOP), SIGNAL(TSTP),   SIGNAL(TTIN),   SIGNAL(TTOU),       SIGNAL(URG),
	SIGNAL(XCPU), SIGNAL(XFSZ),   SIGNAL(VTALRM), SIGNAL(PROF),       SIGNAL(WINCH),
	SIGNAL(IO),   SIGNAL(POLL),   SIGNAL(PWR),    SIGNAL(SYS),
};
WORDS(signals, "signal");

bool word_value(const struct words *w, const char *name, uint64_t *value)
{
	for (size_t i = 0; i < w->n; i++) {
		if (strcmp(w->v[i].name, name) == 0) {
			*value = w->v[i].value;
			return true;
		}
	}
	return false;
}

const char *word_name(const struct words *w, uint64_t value)
{
	for (size_t i = 0; i < w->n; i++)
		if (w->v[i].value == value)
			return w->v[i].name;
	return NULL;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* Not by strncasecmp(3), which is 45 kB: for each kind of processor, and for languages. */
bool words_same(const char *a, const char *b, size_t n)
{
	for (; n && lower(*a) == lower(*b); a++, b++, n--)
		if (!*a)
			return true;
	return !n;
}

/* The kernel's numbers, not libc's SIGRTMIN, which keeps the first two for itself: a container may
 * have another libc. */
enum { SIGNAL_RTMIN = 32, SIGNAL_MAX = 64, LIBC_RTMIN = 34 };

static int number_parse(const char *text, int most)
{
	uint64_t n;

	return number_read(&text, (uint64_t)most, &n) && !*text ? (int)n : -1;
}

/* "RTMIN", "RTMIN+3", "RTMAX-2" mean what kill(1) means by them. */
static int realtime_parse(const char *text)
{
	bool low = words_same(text, "RTMIN", 5);
	int distance = 0;

	if (!low && !words_same(text, "RTMAX", 5))
		return -1;
	text += 5;
	if (*text) {
		if (*text != (low ? '+' : '-'))
			return -1;
		distance = number_parse(text + 1, SIGNAL_MAX - LIBC_RTMIN);
	}
	if (distance < 0)
		return -1;
	return low ? LIBC_RTMIN + distance : SIGNAL_MAX - distance;
}

int signal_parse(const char *text)
{
	int n = number_parse(text, SIGNAL_MAX);

	if (n >= 0)
		return n;
	if (words_same(text, "SIG", 3))
		text += 3;
	for (size_t i = 0; i < words_signals.n; i++)
		if (words_same(words_signals.v[i].name, text, SIZE_MAX))
			return (int)words_signals.v[i].value;
	return realtime_parse(text);
}
