/*
 * The tree of a JSON document, as json_read.c walks it: one array of nodes in document order, whose
 * strings lie in the document itself wherever they have no escapes. It lives for the length of one
 * json_read. Never knows any table.
 */
#ifndef OCIRUN_JSON_TREE_H
#define OCIRUN_JSON_TREE_H

#include "spec/error.h"

#include <stddef.h>
#include <stdint.h>

enum json_type {
	JSON_TYPE_NULL,
	JSON_TYPE_FALSE,
	JSON_TYPE_TRUE,
	JSON_TYPE_NUMBER,
	JSON_TYPE_STRING,
	JSON_TYPE_LIST,
	JSON_TYPE_OBJECT
};

/*
 * A list of n elements is followed by them; an object of n members is followed by n keys (strings),
 * each with its value behind it. `next` is the index of the first node after this one and all that
 * is in it.
 */
struct json_node {
	const char *s; /* a string's or number's n bytes, not terminated; of a list or object, where
			  it begins in the document */
	uint32_t type : 3;
	uint32_t n : 29;
	uint32_t next;
};

struct json_tree {
	struct json_node *nodes; /* nodes[0] is the document */
	uint32_t n;
	char *unescaped; /* the strings that had escapes, and a number that ends the document */
	size_t unescaped_used;
};

/* Adds one problem, "line 3, column 7: ...", and returns -1 when the text is no JSON or over a
 * limit of json.h. Free it in either case. */
MUST_CHECK int json_tree_parse(struct json_tree *t, const char *text, size_t length,
			       struct error *e);
void json_tree_free(struct json_tree *t);

/* json_text.c: adds a problem and returns -1 when the text is not UTF-8 or has half of a surrogate
 * pair in an escape. */
MUST_CHECK int json_text_check(const char *text, size_t length, struct error *e);

/* The length of the UTF-8 character at s, of which `left` bytes may be read; 0 when it is none. */
size_t json_character(const unsigned char *s, size_t left);

/* Adds "line 3, column 7: WHAT" for an offset into the text: both count from 1, a column is a
 * character. Returns -1. */
int json_problem_at(struct error *e, const char *text, size_t offset, const char *what);

#endif
