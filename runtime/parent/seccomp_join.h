/*
 * One program out of several, one for each architecture. Pure: no libseccomp, no system call.
 *
 * libseccomp could compile all architectures into one, but takes twice as long for it. So
 * each is compiled alone and they are laid one behind the other; the first instructions go to the
 * one whose architecture it is. Each of them ends by itself, in a return.
 *
 * In front of each stands a comparison with the largest number of the system calls that the profile
 * names for this architecture. What is above is newer than the profile: it gets ENOSYS, upon which
 * programs do it the old way, where the profile's own EPERM would make them fail.
 */
#ifndef OCIRUN_SECCOMP_JOIN_H
#define OCIRUN_SECCOMP_JOIN_H

#include "spec/error.h"

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SECCOMP_INSTRUCTIONS_MAX BPF_MAXINSNS
#define SECCOMP_PARTS_MAX 32

/* Numbers from here on belong to x32, which shares the kernel's name of the architecture with
 * x86_64. */
#define SECCOMP_X32_BIT 0x40000000U

struct seccomp_program {
	size_t n;
	struct sock_filter *v;
};

struct seccomp_part {
	uint32_t audit; /* AUDIT_ARCH_* */
	bool x32;
	bool multiplexed; /* s390: a call the kernel lacks arrives as number 0 */
	uint32_t last;    /* the largest number that the profile names; 0: no ENOSYS above it */
	struct seccomp_program program;
};

/* Join the parts in out->v, which has room for SECCOMP_INSTRUCTIONS_MAX. More is an error. */
MUST_CHECK int seccomp_join(const struct seccomp_part *parts, size_t n, struct seccomp_program *out,
			    struct error *e);

/* Whether the kernel can take it for one of ours: instructions as libseccomp and we use them, jumps
 * that stay inside, a return at the end. */
bool seccomp_sane(const struct seccomp_program *p);

#endif
