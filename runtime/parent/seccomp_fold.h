/*
 * The same program in fewer instructions. Pure, and without notion of what a program means.
 *
 * libseccomp compares the number with one system call after the other. But most results depend on
 * nothing else than the number, and neighbours have the same: so a program becomes a search among
 * few ranges of numbers. The kernel takes a time for each instruction when a filter is loaded, and
 * the container waits for that. Where the arguments count the search ends in what the program has
 * from there on.
 */
#ifndef OCIRUN_SECCOMP_FOLD_H
#define OCIRUN_SECCOMP_FOLD_H

#include "runtime/parent/seccomp_join.h"
#include "spec/arena.h"

/*
 * The result, from the arena, gives for calls of the architecture `audit` what `p` gives. A program
 * that this can't make shorter stays as it is.
 */
struct seccomp_program seccomp_fold(const struct seccomp_program *p, uint32_t audit,
				    struct arena *a);

#endif
