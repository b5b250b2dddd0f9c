/*
 * The only file that calls yajl: its events become the nodes of a tree, and its errors become ours,
 * with the line and the column of what was wrong.
 */
#include "spec/json_tree.h"

#include "spec/json.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

struct build {
	struct json_tree *t;
	uint32_t capacity;
	const char *text;
	size_t length;
	yajl_handle yajl;
	const char *limit; /* which limit ended it */
	size_t last_end;   /* of the last event's token */
	bool opened;       /* it was a bracket that opens */
	bool tail;         /* yajl has had the whole text, and is asked for what it kept of it */
	unsigned depth;
	uint32_t open[JSON_DEPTH_MAX]; /* the lists and objects around the next node */
};

/* How much of the text yajl has used: for the last token it counts in a chunk of its own. */
static size_t consumed(const struct build *b)
{
	return b->tail ? b->length : yajl_get_bytes_consumed(b->yajl);
}

static int stop(struct build *b, const char *limit)
{
	b->limit = limit;
	return 0;
}

/* The bytes stay when this function's caller returns only if they lie in the document. */
static const char *keep(struct build *b, const char *s, size_t n)
{
	char *copy;

	if (s >= b->text && s < b->text + b->length)
		return s;
	/* What is decoded is never longer than its source, so the document's length is room for all
	 * of it. */
	if (!b->t->unescaped && !(b->t->unescaped = malloc(b->length + 1)))
		return NULL;
	copy = b->t->unescaped + b->t->unescaped_used;
	memcpy(copy, s, n);
	b->t->unescaped_used += n;
	return copy;
}

static struct json_node *add(struct build *b, enum json_type type)
{
	struct json_node *node;

	if (b->t->n == b->capacity) {
		stop(b, "the document has too many values");
		return NULL;
	}
	b->last_end = consumed(b);
	b->opened = type == JSON_TYPE_LIST || type == JSON_TYPE_OBJECT;
	node = &b->t->nodes[b->t->n++];
	*node = (struct json_node){ .type = type, .next = b->t->n };
	return node;
}

/* Count a value in the list around it; an object's members are counted by their keys. */
static struct json_node *add_value(struct build *b, enum json_type type)
{
	if (b->depth) {
		struct json_node *around = &b->t->nodes[b->open[b->depth - 1]];
		if (around->type == JSON_TYPE_LIST)
			around->n++;
	}
	return add(b, type);
}

static int add_bytes(struct build *b, struct json_node *node, const void *s, size_t n)
{
	if (!node)
		return 0;
	node->s = keep(b, s, n);
	node->n = (uint32_t)n & 0x1fffffff;
	return node->s ? 1 : stop(b, "out of memory");
}

static int on_null(void *b)
{
	return add_value(b, JSON_TYPE_NULL) != NULL;
}

static int on_boolean(void *b, int value)
{
	return add_value(b, value ? JSON_TYPE_TRUE : JSON_TYPE_FALSE) != NULL;
}

static int on_number(void *b, const char *s, size_t n)
{
	return add_bytes(b, add_value(b, JSON_TYPE_NUMBER), s, n);
}

static int on_string(void *b, const unsigned char *s, size_t n)
{
	return add_bytes(b, add_value(b, JSON_TYPE_STRING), s, n);
}

static int on_key(void *context, const unsigned char *s, size_t n)
{
	struct build *b = context;

	b->t->nodes[b->open[b->depth - 1]].n++;
	return add_bytes(b, add(b, JSON_TYPE_STRING), s, n);
}

static int begin(struct build *b, enum json_type type)
{
	struct json_node *node;

	if (b->depth == JSON_DEPTH_MAX)
		return stop(b, "lists and objects are nested too deep");
	node = add_value(b, type);
	if (!node)
		return 0;
	node->s = b->text + b->last_end - 1;
	b->open[b->depth++] = (uint32_t)(node - b->t->nodes);
	return 1;
}

static int on_list(void *b)
{
	return begin(b, JSON_TYPE_LIST);
}

static int on_object(void *b)
{
	return begin(b, JSON_TYPE_OBJECT);
}

static int on_end(void *context)
{
	struct build *b = context;

	b->t->nodes[b->open[--b->depth]].next = b->t->n;
	b->last_end = consumed(b);
	b->opened = false;
	return 1;
}

static const yajl_callbacks callbacks = {
	.yajl_null = on_null,
	.yajl_boolean = on_boolean,
	.yajl_number = on_number,
	.yajl_string = on_string,
	.yajl_map_key = on_key,
	.yajl_start_map = on_object,
	.yajl_end_map = on_end,
	.yajl_start_array = on_list,
	.yajl_end_array = on_end,
};

/* yajl's words, and ours; `next` where its lexer points to the byte before the one it could not
 * use. */
static const struct message {
	const char *theirs;
	const char *ours;
	bool next;
} messages[] = {
	{ "invalid object key", "expected a key in double quotes", false },
	{ "must be separated by a colon", "expected \":\" after the key", false },
	{ "after key and value", "expected \",\" or \"}\" after the value", false },
	{ "after array element", "expected \",\" or \"]\" after the element", false },
	{ "unallowed token", "expected a value", false },
	{ "trailing garbage", "expected nothing after the end of the document", false },
	{ "invalid char in json text",
	  "expected a value, a key or one of \"{}[],:\", found another character", false },
	{ "invalid string in json text", "expected true, false or null", false },
	{ "invalid character inside string", "expected no control character inside a string",
	  true },
	{ "occurs before a character", "expected one of \"\\/bfnrtu after \"\\\"", true },
	{ "non-hex", "expected four hexadecimal digits after \"\\u\"", true },
	{ "after the decimal point", "expected a digit after the decimal point", true },
	{ "after the exponent", "expected a digit after the exponent", true },
	{ "after the minus sign", "expected a digit after the minus sign", true },
	{ "probable comment", "expected no comment, JSON has none", true },
	{ "", "not JSON", false },
};

static size_t skip_space(const char *text, size_t length, size_t at)
{
	while (at < length && strchr(" \t\r\n", text[at]) && text[at])
		at++;
	return at;
}

/*
 * Where the token begins that yajl's parser refused; yajl itself points into it, or behind it. The
 * last event ended before it, with at most one separator between, which was in order when a key or
 * a value was expected behind it.
 */
static size_t token_start(const struct build *b, const struct message *m)
{
	bool separated = strstr(m->theirs, "object key") || strstr(m->theirs, "unallowed");
	size_t at = skip_space(b->text, b->length, b->last_end);

	if (separated && !b->opened && at < b->length && (b->text[at] == ',' || b->text[at] == ':'))
		at = skip_space(b->text, b->length, at + 1);
	return at < b->length ? at : b->length - 1;
}

/* Where the byte is that yajl's lexer could not use; a word is told by its beginning. */
static size_t lexeme_start(const struct build *b, const struct message *m)
{
	size_t end = consumed(b), at = end && !m->next ? end - 1 : end;

	if (strstr(m->theirs, "invalid string"))
		while (at > 0 && b->text[at - 1] >= 'a' && b->text[at - 1] <= 'z')
			at--;
	return at < b->length ? at : b->length;
}

static int unfinished(const struct build *b, struct error *e)
{
	char what[128];
	const struct json_node *node;
	size_t line = 1;

	if (!b->depth)
		return json_problem_at(e, b->text, b->length,
				       b->t->n ? "the document ends too early"
					       : "expected a value, the document is empty");
	node = &b->t->nodes[b->open[b->depth - 1]];
	for (const char *s = b->text; s < node->s; s++)
		line += *s == '\n';
	snprintf(what, sizeof(what), "the document ends inside the %s that begins on line %zu",
		 node->type == JSON_TYPE_LIST ? "list" : "object", line);
	return json_problem_at(e, b->text, b->length, what);
}

static int syntax_problem(const struct build *b, struct error *e)
{
	unsigned char *text = yajl_get_error(b->yajl, 0, NULL, 0);
	const char *theirs = text ? (char *)text : "";
	const struct message *m = messages;

	while (!strstr(theirs, m->theirs))
		m++;
	if (strstr(theirs, "premature EOF"))
		unfinished(b, e);
	else
		json_problem_at(e, b->text,
				strstr(theirs, "parse error") ? token_start(b, m)
							      : lexeme_start(b, m),
				m->ours);
	if (text)
		yajl_free_error(b->yajl, text);
	return -1;
}

static int run(struct build *b, struct error *e)
{
	yajl_status status;

	b->yajl = yajl_alloc(&callbacks, NULL, b);
	if (!b->yajl)
		return error_add(e, "", "out of memory");
	yajl_config(b->yajl, yajl_dont_validate_strings, 1);
	status = yajl_parse(b->yajl, (const unsigned char *)b->text, b->length);
	b->tail = status == yajl_status_ok;
	if (b->tail)
		status = yajl_complete_parse(b->yajl);
	if (status == yajl_status_ok)
		return 0;
	if (b->limit)
		return json_problem_at(e, b->text, consumed(b) - 1, b->limit);
	return syntax_problem(b, e);
}

int json_tree_parse(struct json_tree *t, const char *text, size_t length, struct error *e)
{
	/* The shortest value with what separates it takes two bytes, but a bracket may be left
	 * open. */
	size_t most = length / 2 + JSON_DEPTH_MAX + 2;
	struct build b = { .t = t, .text = text, .length = length };
	int result;

	*t = (struct json_tree){ 0 };
	if (length > JSON_SIZE_MAX)
		return error_add(e, "", "the document has %zu bytes, more than %zu", length,
				 JSON_SIZE_MAX);
	if (json_text_check(text, length, e))
		return -1;
	b.capacity = (uint32_t)(most < JSON_NODES_MAX ? most : JSON_NODES_MAX);
	t->nodes = malloc(b.capacity * sizeof(*t->nodes));
	if (!t->nodes)
		return error_add(e, "", "out of memory");
	result = run(&b, e);
	if (b.yajl)
		yajl_free(b.yajl);
	return result;
}

void json_tree_free(struct json_tree *t)
{
	int saved = errno;

	free(t->nodes);
	free(t->unescaped);
	*t = (struct json_tree){ 0 };
	errno = saved;
}
