/*
 * linux.seccomp as a program for the kernel (config-linux.md, "Seccomp"). The one caller of
 * libseccomp, which knows the names and numbers of all architectures; it never loads anything: the
 * child does that itself (runtime/child/filter.c).
 */
#ifndef OCIRUN_SECCOMP_H
#define OCIRUN_SECCOMP_H

#include "runtime/parent/seccomp_cache.h"
#include "runtime/parent/seccomp_join.h"
#include "spec/spec.h"

/*
 * Compile a profile for its architectures and the native one. The program is allocated from the
 * arena. Names that no architecture knows are left out, and listed by OCIRUN_TRACE=spec.
 */
MUST_CHECK int seccomp_compile(const struct spec_seccomp *s, struct arena *a,
			       struct seccomp_program *out, struct error *e);

/* Whether every name is a system call that libseccomp knows; the first that is none is the error. */
MUST_CHECK int seccomp_check_names(const struct spec_seccomp *s, struct error *e);

/* All that the compiled program depends on: the profile, and what makes it. From the arena. */
struct seccomp_key seccomp_key(const struct spec_seccomp *s, struct arena *a);

/* Whether libseccomp knows an architecture, by the specification's name. */
bool seccomp_arch_known(const char *name);

/* "2.5.4". From the arena. */
char *seccomp_library(struct arena *a);

#endif
