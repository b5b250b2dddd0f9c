/*
 * An error is a value with a story: what failed, on which field of which document, why, and what to
 * do about it. Functions that can fail take a `struct error *` last and return 0 or -1; only cmd/
 * prints. A struct error has no pointers, so it crosses a socket as its bytes.
 */
#ifndef OCIRUN_ERROR_H
#define OCIRUN_ERROR_H

#include <stdbool.h>
#include <stddef.h>

#define ERROR_PROBLEMS_MAX 20 /* problems listed of one document; the rest are counted */

struct error {
	int code;          /* errno of the cause; 0 when no system call is the cause */
	int problems;      /* of one document, counted by error_add() */
	char context[256]; /* what was being done, "create c1"; may be empty */
	char field[512]; /* place in the spec's own path syntax, "mounts[3].source"; may be empty */
	char text[2560]; /* what failed and why; several problems are newline-separated, each with
			    its own place, and field is empty */
	char syscall[24]; /* whose failure `code` is, where the caller says it; may be empty */
	char path[256];   /* of the file that a system call failed for; may be empty */
	char hint[512];   /* what to do; may be empty */
};

#define ERROR_NONE ((struct error){ 0 })
#define MUST_CHECK __attribute__((warn_unused_result))

/*
 * Begin the story: TEXT, then ": Operation not permitted (EPERM)" when code is not 0. Always
 * returns -1, so that a failing function ends with `return error_set(e, errno, "open %s", path);`.
 * With a code, an absolute path that comes first among the arguments is kept as such, too.
 */
int error_set(struct error *e, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The same of errno after a system call, whose name in the manual is kept, too. */
#define error_call(e, name, ...) error_set_call((e), errno, (name), __VA_ARGS__)
int error_set_call(struct error *e, int code, const char *name, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Put a place in front of the field: error_in(e, "mounts[%zu]", i) turns "source" into
 * "mounts[3].source". Returns -1. */
int error_in(struct error *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Put words in front of the whole story, its place included: error_context(e, "create %s", id).
 * Returns -1. */
int error_context(struct error *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Add a remedy (the first one given stays). Returns -1. */
int error_hint(struct error *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * Add one problem of a document that may have several, each a line "FIELD: TEXT". A problem that
 * stays alone is kept as field and text. Control characters become "?", and an overlong value is
 * cut: a problem is one line. Returns -1.
 */
int error_add(struct error *e, const char *field, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* That these return -1 is known where they are called: to compilers, and to analyzers, which else
 * follow paths that are none. */
#define error_set(...)                    \
	({                                \
		(error_set)(__VA_ARGS__); \
		-1;                       \
	})
#define error_set_call(...)                    \
	({                                     \
		(error_set_call)(__VA_ARGS__); \
		-1;                            \
	})
#define error_in(...)                    \
	({                               \
		(error_in)(__VA_ARGS__); \
		-1;                      \
	})
#define error_context(...)                    \
	({                                    \
		(error_context)(__VA_ARGS__); \
		-1;                           \
	})
#define error_hint(...)                    \
	({                                 \
		(error_hint)(__VA_ARGS__); \
		-1;                        \
	})
#define error_add(...)                    \
	({                                \
		(error_add)(__VA_ARGS__); \
		-1;                       \
	})

/*
 * The whole story on one line or more, "CONTEXT: FIELD: TEXT (HINT)", into `out`, always
 * terminated. Returns `out`. Several problems have a line each; those that found no room are
 * counted on a last line.
 */
char *error_print(const struct error *e, char *out, size_t size);

/* The name of an errno, "EPERM", or "E<number>" for one without a name; and what it means. */
const char *error_name(int code);
const char *error_why(int code);

#endif
