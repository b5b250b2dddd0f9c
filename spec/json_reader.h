/*
 * What json_read.c (lists and objects) and json_value.c (single values) share while a document is
 * read. A place is a chain of frames on the stack, made text only when there is something to say
 * about it.
 */
#ifndef OCIRUN_JSON_READER_H
#define OCIRUN_JSON_READER_H

#include "spec/json.h"
#include "spec/json_tree.h"

struct reader {
	const struct json_node *nodes;
	struct arena *arena;
	struct strings *warnings;
	struct error *error;
};

struct place {
	const struct place *up;
	const struct json_node *key; /* of an object without a table: quoted in brackets */
	const char *name;            /* of a field; with neither, an element of a list */
	size_t index;
};

/* Reads a value into the member that a row describes; what it can't take, it adds to the reader's
 * problems. */
typedef void json_read_fn(struct reader *r, const struct place *at, const struct json_field *f,
			  const struct json_node *v, char *member);

json_read_fn json_read_bool, json_read_integer, json_read_string, json_read_word;

/* An integer of a JSON_I32 … JSON_U64 kind; false when it is none. */
bool json_integer_read(struct reader *r, const struct place *at, unsigned kind,
		       const struct json_node *v, void *member);
/* A copy in the arena; NULL when it is no string. */
char *json_string_read(struct reader *r, const struct place *at, const struct json_node *v);
/* The value of a word of the row's vocabulary; false when it is none. */
bool json_word_read(struct reader *r, const struct place *at, const struct json_field *f,
		    const struct json_node *v, uint64_t *value);
void json_word_store(const struct json_field *f, uint64_t value, char *member);

void json_problem(struct reader *r, const struct place *at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void json_type_problem(struct reader *r, const struct place *at, const char *wanted,
		       const struct json_node *v);

#endif
