/*
 * JSON <-> C structs through tables. One row says where a member is, of what kind, and which rules
 * it must keep; the same table reads, prints and rebases. Called by spec, status, features and the
 * plan. Never touches the system; never trusts its input: depth, string length, node count and size
 * are bounded, numbers are exact (no fractions, no exponents, range-checked), NUL and invalid UTF-8
 * are errors, and so is anything after the document. `null` means absent. Unknown keys are ignored
 * (config.md, "Extensibility"). A key given twice is an error.
 */
#ifndef OCIRUN_JSON_H
#define OCIRUN_JSON_H

#include "spec/arena.h"
#include "spec/error.h"
#include "spec/words.h"

#include <stdint.h>

#define JSON_SIZE_MAX ((size_t)16 << 20) /* bytes of a document */
#define JSON_DEPTH_MAX 64
#define JSON_STRING_MAX ((size_t)1 << 20)
#define JSON_NODES_MAX ((size_t)1 << 20)

/* A list of anything: every LIST_OF has this shape. */
#define LIST_OF(type)     \
	struct {          \
		size_t n; \
		type *v;  \
	}

struct strings {
	size_t n;
	char **v; /* v[n] is NULL: fit for execve */
};

struct u32s {
	size_t n;
	uint32_t *v;
};

struct pair {
	char *key;
	char *value;
};

struct pairs { /* an object of strings, in document order */
	size_t n;
	struct pair *v;
};

enum json_kind {
	JSON_BOOL = 1,
	JSON_I32,
	JSON_I64,
	JSON_U16,
	JSON_U32,
	JSON_U64,
	JSON_STRING,  /* char *, NULL when absent */
	JSON_STRINGS, /* struct strings */
	JSON_U32S,
	JSON_PAIRS,
	JSON_WORD,   /* uint32_t or uint64_t member: the value of one word; sub: struct words */
	JSON_WORDS,  /* uint32_t or uint64_t member: the values of a list of words, or-ed; sub:
			struct words */
	JSON_OBJECT, /* pointer to a struct, NULL when absent; sub: struct json_table */
	JSON_LIST,   /* LIST_OF(struct); sub: struct json_table */
	JSON_KEYED,  /* LIST_OF(struct) from an object; the struct's first member is `char *key`;
			sub: struct json_table */
	JSON_INLINE, /* a struct member (not a pointer), read from an object; sub: struct json_table
		      */
	JSON_POINTER = 32, /* or-ed to BOOL … U64, STRINGS, WORD and WORDS: the member points to the
			      value, NULL when absent */
};

enum json_rule {
	JSON_REQUIRED = 1,  /* reading: must be there */
	JSON_NONEMPTY = 2,  /* reading: a string or list that is there must not be empty */
	JSON_LENIENT = 4,   /* reading WORDS: an unknown word is a warning, not an error */
	JSON_ALWAYS = 8,    /* printing: print an empty list as [], an empty PAIRS as {} (otherwise
			       left out) */
	JSON_OMITZERO = 16, /* printing: leave out a scalar of value 0 or false */
	JSON_HIDDEN = 32,   /* no JSON name: only rebased (plan members); never read or printed */
	JSON_BITS = 64,     /* WORDS: the value of a word is a bit's number, not the bit */
	JSON_UNSET = 128,   /* reading: an empty string is an absent one, as Go's omitempty has it;
			       the member stays NULL */
	JSON_NUMBERS = 256, /* printing: STRING, STRINGS and the values of PAIRS are numbers as the
			       kernel writes them, which no conversion can falsify: put unquoted */
};

struct json_field {
	const char *name;
	uint16_t offset;
	uint16_t rules;
	uint8_t kind;
	uint8_t size; /* of a WORD member: 4 or 8 */
	const void *sub;
};

struct json_table {
	const struct json_field *fields;
	uint16_t n;
	uint16_t size; /* of the struct */
};

/* clang-format off: it has no notion of _Generic */
#define JSON_KIND(member) \
	_Generic((member), \
		bool: JSON_BOOL, \
		int32_t: JSON_I32, \
		int64_t: JSON_I64, \
		uint16_t: JSON_U16, \
		uint32_t: JSON_U32, \
		uint64_t: JSON_U64, \
		char *: JSON_STRING, \
		struct strings: JSON_STRINGS, \
		struct u32s: JSON_U32S, \
		struct pairs: JSON_PAIRS, \
		struct strings *: JSON_STRINGS | JSON_POINTER, \
		bool *: JSON_BOOL | JSON_POINTER, \
		int32_t *: JSON_I32 | JSON_POINTER, \
		int64_t *: JSON_I64 | JSON_POINTER, \
		uint16_t *: JSON_U16 | JSON_POINTER, \
		uint32_t *: JSON_U32 | JSON_POINTER, \
		uint64_t *: JSON_U64 | JSON_POINTER)
#define JSON_WORD_KIND(member, kind)                 \
	_Generic((member), uint32_t                  \
		 : (kind), uint64_t                  \
		 : (kind), uint32_t *                \
		 : (kind) | JSON_POINTER, uint64_t * \
		 : (kind) | JSON_POINTER)
#define JSON_WORD_SIZE(member) \
	_Generic((member), uint32_t : 4, uint64_t : 8, uint32_t * : 4, uint64_t * : 8)
/* clang-format on */
#define MEMBER(type, member) (((type *)0)->member)

/* The rows. `rules` is 0 or a sum of enum json_rule. */
#define FIELD(name, type, member, rules)                                                      \
	{                                                                                     \
		name, offsetof(type, member), rules, JSON_KIND(MEMBER(type, member)), 0, NULL \
	}
#define FIELD_WORD(name, type, member, rules, words)                     \
	{                                                                \
		name, offsetof(type, member), rules,                     \
			JSON_WORD_KIND(MEMBER(type, member), JSON_WORD), \
			JSON_WORD_SIZE(MEMBER(type, member)), words      \
	}
#define FIELD_WORDS(name, type, member, rules, words)                     \
	{                                                                 \
		name, offsetof(type, member), rules,                      \
			JSON_WORD_KIND(MEMBER(type, member), JSON_WORDS), \
			JSON_WORD_SIZE(MEMBER(type, member)), words       \
	}
#define FIELD_SUB(name, type, member, rules, kind, table)           \
	{                                                           \
		name, offsetof(type, member), rules, kind, 0, table \
	}
#define FIELD_OBJECT(name, type, member, rules, table) \
	FIELD_SUB(name, type, member, rules, JSON_OBJECT, table)
#define FIELD_INLINE(name, type, member, rules, table) \
	FIELD_SUB(name, type, member, rules, JSON_INLINE, table)
#define FIELD_LIST(name, type, member, rules, table) \
	FIELD_SUB(name, type, member, rules, JSON_LIST, table)
#define FIELD_KEYED(name, type, member, rules, table) \
	FIELD_SUB(name, type, member, rules, JSON_KEYED, table)
#define TABLE(type, rows)                                          \
	{                                                          \
		rows, sizeof(rows) / sizeof(rows)[0], sizeof(type) \
	}

/*
 * Read one document into *object (table->size bytes, zeroed by the caller). Every problem is added
 * to e (error_add) with its place; returns -1 when there was one. Warnings (JSON_LENIENT) are
 * appended to *warnings, each "FIELD: TEXT", allocated from the arena; warnings may be NULL.
 * Strings and lists are allocated from the arena.
 */
MUST_CHECK int json_read(const struct json_table *table, void *object, const char *text,
			 size_t length, struct arena *a, struct strings *warnings, struct error *e);

/* Print an object; `indent` 0 puts it on one line, else spaces per level. From the arena,
 * NUL-terminated. `length` may be NULL. */
char *json_print(const struct json_table *table, const void *object, unsigned indent,
		 struct arena *a, size_t *length);

/* The bytes of a member's value, or of what a JSON_POINTER member points to; 0 for kinds that have
 * no fixed size. */
size_t json_kind_size(const struct json_field *f);

/* One JSON string literal with its quotes, from the arena. Bytes that are not UTF-8 become U+FFFD. */
char *json_quote(const char *s, struct arena *a);

/*
 * Add `to - from` to every pointer reachable from object, where [from, from + size) is where the
 * bytes were written and `to` is where they lie now. A pointer that leaves the piece, or an element
 * that does, is an error: the bytes are not trusted. The last byte of the piece must be 0, which
 * bounds every string.
 */
MUST_CHECK int json_rebase(const struct json_table *table, void *object, uintptr_t from,
			   uintptr_t to, size_t size, struct error *e);

#endif
