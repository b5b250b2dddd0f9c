/*
 * Command-line options as tables: one row per option, which the parser reads and the help text is
 * made from. Callers follow Go's conventions, so all of these are one option: --bundle DIR,
 * --bundle=DIR, -bundle DIR, -b DIR, -b=DIR, -bDIR. Booleans may be clustered (-aq) and may be
 * given a value (--all=false). "--" ends the options; "-" is an argument. Names are never
 * abbreviated. An empty value is as good as an absent option. Given twice, the last one counts, but
 * for a list, which gets them all.
 */
#ifndef OCIRUN_OPTIONS_H
#define OCIRUN_OPTIONS_H

#include "spec/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_kind {
	OPTION_BOOL = 1, /* bool */
	OPTION_STRING,   /* const char *: points into argv */
	OPTION_NUMBER,   /* unsigned: a decimal number, or the index of a word of "text|json" */
	OPTION_LIST,     /* struct option_list */
};

/* What an option was given, in order: may be given any number of times. */
struct option_list {
	size_t n;
	const char **v; /* the values point into argv; never freed */
};

struct option {
	char letter;          /* 0: none */
	const char *name;     /* without dashes; NULL ends the table */
	const char *argument; /* its name, "DIR", or its words, "text|json"; NULL for a boolean */
	size_t offset;        /* of the member that is set */
	enum option_kind kind;
	const char *help; /* NULL: not shown, a second spelling */
};

#define OPTION_KIND(member) \
	_Generic((member),                         \
		 bool: OPTION_BOOL,                \
		 const char *: OPTION_STRING,      \
		 unsigned: OPTION_NUMBER,          \
		 struct option_list: OPTION_LIST)
/* A row; the kind follows from the member's type. */
#define OPTION(letter, name, argument, type, member, help)                                        \
	{                                                                                         \
		letter, name, argument, offsetof(type, member), OPTION_KIND(((type *)0)->member), \
			help                                                                      \
	}

enum option_order {
	OPTIONS_FIRST,    /* the first argument ends the options: what follows is a command's */
	OPTIONS_ANYWHERE, /* options may stand before, between and behind the arguments */
};

struct arguments {
	int n;
	char **v; /* v[n] is NULL */
};

/*
 * Parse args->v from its first element into *target, leaving in *args what is not an option. -h,
 * --help and -help need no row: they set *help and end the parsing. The error names the option, and
 * the one that was probably meant.
 */
MUST_CHECK int options_parse(const struct option *rows, void *target, enum option_order order,
			     struct arguments *args, bool *help, struct error *e);

/*
 * A duration as Go's callers write it, in milliseconds: "5s", "500ms", "1m30s", "1.5h", or a number
 * of seconds; what is shorter than a millisecond is one. -1 when it is none.
 */
int64_t duration_parse(const char *text);

/*
 * How far apart two words are: letters to insert, delete or replace; UINT_MAX when one is far too
 * long.
 */
unsigned word_distance(const char *a, const char *b);

/*
 * Is `typed` probably a mistyped `known`, and nearer to it than *best? Then *best is the distance;
 * begin with WORD_FAR.
 */
bool word_resembles(const char *typed, const char *known, unsigned *best);
#define WORD_FAR 3

#endif
