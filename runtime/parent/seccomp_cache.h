/*
 * Compiled filters, kept in the root directory beside the containers, for the next container with
 * the same profile. Called by filter.c. A file that is not exactly what we wrote is as good as
 * none: nothing here fails.
 *
 * A file holds the whole key and is compared with it, so that its name needs no hash that nobody
 * can collide. It is trusted when it and its directory belong to us and nobody else may write or
 * read them, and when its length, its checksum and its instructions are right. Two that write at
 * once leave the one or the other; what a crash leaves is no valid file.
 */
#ifndef OCIRUN_SECCOMP_CACHE_H
#define OCIRUN_SECCOMP_CACHE_H

#include "runtime/parent/seccomp_join.h"
#include "spec/arena.h"

#include <stdbool.h>

/* In the root directory. No container's name: no id has this character. */
#define SECCOMP_CACHE ".seccomp@"
#define SECCOMP_CACHE_MAX 32 /* files; the oldest goes */

/* What decides about the program, as text: see seccomp_key. */
struct seccomp_key {
	char *text;
	size_t length;
};

/* The program comes from the arena. */
bool seccomp_cache_find(int root, const struct seccomp_key *key, struct arena *a,
			struct seccomp_program *out);
void seccomp_cache_keep(int root, const struct seccomp_key *key,
			const struct seccomp_program *program, struct arena *a);

#endif
