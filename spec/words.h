/*
 * Vocabularies: the words of the OCI specification and the numbers the kernel knows them by. Every
 * table of words lives in words.c, so that reading, printing, `features` and error messages agree.
 */
#ifndef OCIRUN_WORDS_H
#define OCIRUN_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct word {
	const char *name;
	uint64_t value;
};

struct words {
	const char *what; /* "namespace type", for messages: unknown namespace type "pidd" */
	const struct word *v;
	size_t n;
};

/* The value of a word; false when the vocabulary lacks it. */
bool word_value(const struct words *w, const char *name, uint64_t *value);
/* The (first) word of a value; NULL when there is none. */
const char *word_name(const struct words *w, uint64_t value);

/* Are they the same, n bytes at most of them, but for the case of ASCII letters? */
bool words_same(const char *a, const char *b, size_t n);

extern const struct words
	words_namespaces; /* "pid" -> CLONE_NEWPID; the order is that of features */
extern const struct words words_capabilities; /* "CAP_CHOWN" -> 1 << 0 */
extern const struct words words_rlimits;      /* "RLIMIT_NOFILE" -> RLIMIT_NOFILE */
extern const struct words words_propagation;  /* rootfsPropagation: "shared" -> MS_SHARED, "rshared"
						 -> MS_SHARED | MS_REC … */
extern const struct words words_device_types; /* "c" -> S_IFCHR, "u" too, "b", "p" */
extern const struct words words_scheduler;    /* "SCHED_OTHER" -> SCHED_OTHER */
extern const struct words words_scheduler_flags;   /* bits of sched_attr.sched_flags */
extern const struct words words_io_priority;       /* "IOPRIO_CLASS_RT" -> 1 … */
extern const struct words words_personality;       /* "LINUX" -> PER_LINUX, "LINUX32" */
extern const struct words words_memory_modes;      /* "MPOL_BIND" -> MPOL_BIND */
extern const struct words words_memory_flags;      /* "MPOL_F_STATIC_NODES" -> bit */
extern const struct words words_seccomp_actions;   /* -> enum seccomp_action */
extern const struct words words_seccomp_archs;     /* -> index in the specification's order */
extern const struct words words_seccomp_flags;     /* -> SECCOMP_FILTER_FLAG_* bits */
extern const struct words words_seccomp_operators; /* -> enum seccomp_operator */
extern const struct words words_hooks;             /* the six hook names, in the order they run */
extern const struct words words_signals; /* "TERM" -> SIGTERM; without the SIG prefix, RTMIN+N
					    computed by signal_parse */

enum seccomp_action {
	SECCOMP_KILL_THREAD, /* SCMP_ACT_KILL too */
	SECCOMP_KILL_PROCESS,
	SECCOMP_TRAP,
	SECCOMP_ERRNO,
	SECCOMP_TRACE,
	SECCOMP_ALLOW,
	SECCOMP_LOG,
	SECCOMP_NOTIFY,
};

/* Linux 5.19: may be newer than the headers we build with. */
#define SECCOMP_WAIT_KILLABLE_RECV (1U << 5)

enum seccomp_operator {
	SECCOMP_NE = 1,
	SECCOMP_LT,
	SECCOMP_LE,
	SECCOMP_EQ,
	SECCOMP_GE,
	SECCOMP_GT,
	SECCOMP_MASKED_EQ
};

/* A signal by number, NAME or SIGNAME, in any case ("9", "KILL", "sigkill", "RTMIN+3"); -1 when it
 * is none. */
int signal_parse(const char *text);

/*
 * A mount option that the runtime itself understands (config.md, "Linux mount options"). Anything
 * else is data for the filesystem. attr_set/attr_clear are MOUNT_ATTR_* bits of one mount;
 * `recursive` says that they apply to the whole tree below it (rro, …).
 */
struct mount_option {
	const char *name;
	uint64_t attr_set;
	uint64_t attr_clear;
	bool recursive;
	uint64_t propagation; /* MS_SHARED …, with MS_REC for the r-variants */
	uint64_t super_set; /* superblock flags: SB_RDONLY, SB_SYNCHRONOUS, SB_DIRSYNC, SB_MANDLOCK,
			       SB_LAZYTIME, SB_I_VERSION, SB_SILENT */
	uint64_t super_clear;
	unsigned act; /* MOUNT_BIND … */
};
enum {
	MOUNT_BIND = 1,
	MOUNT_RBIND = 2,
	MOUNT_REMOUNT = 4,
	MOUNT_TMPCOPYUP = 8,
	MOUNT_IDMAP = 16,
	MOUNT_RIDMAP = 32,
	MOUNT_DEFAULTS = 64,
	MOUNT_COPY_SYMLINK = 128,
	MOUNT_SRC_NOFOLLOW = 256,
	MOUNT_DEST_NOFOLLOW = 512
};

extern const struct mount_option mount_options[]; /* sorted by name; ends with name NULL */
const struct mount_option *mount_option_find(const char *name);

#endif
