/* See json_mutator.h. */
#include "tests/fuzz/json_mutator.h"

#include "spec/json_tree.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH 5

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t room);

enum change { REPLACE, EMPTY, TWICE, WRAP, ADD, BYTES, CHANGES };

/* A document being written from one that was read, with one node changed. */
struct writing {
	char *at, *end;
	uint64_t random;
	const struct json_tree *tree;
	uint32_t chosen;
	enum change change;
};

static uint32_t pick(struct writing *w, uint32_t n)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return (uint32_t)(w->random >> 32) % n;
}

static void put(struct writing *w, const char *s, size_t n)
{
	if (n > (size_t)(w->end - w->at))
		n = w->end - w->at; /* no JSON then, which is an input too */
	memcpy(w->at, s, n);
	w->at += n;
}

static void text(struct writing *w, const char *s)
{
	put(w, s, strlen(s));
}

static void put_string(struct writing *w, const char *s, size_t n)
{
	static const char digits[] = "0123456789abcdef";

	text(w, "\"");
	for (size_t i = 0; i < n; i++) {
		const unsigned char c = s[i];
		if (c >= ' ' && c != '"' && c != '\\') {
			put(w, s + i, 1);
		} else {
			text(w, "\\u00");
			put(w, &digits[c >> 4], 1);
			put(w, &digits[c & 15], 1);
		}
	}
	text(w, "\"");
}

/* --- values out of nothing --- */

static void some_number(struct writing *w)
{
	static const char *const numbers[] = {
		"0",
		"1",
		"-1",
		"2",
		"7",
		"127",
		"512",
		"4095",
		"65535",
		"65536",
		"2147483647",
		"-2147483648",
		"1000",
		"2147483648",
		"4294967295",
		"4294967296",
		"-2147483649",
		"9223372036854775807",
		"-1000",
		"1.5",
		"1e3",
		"-0",
		"00",
		"18446744073709551615",
		"100",
		"39",
		"99999",
		"1048576",
		"9223372036854775808",
		"-9223372036854775808",
		"18446744073709551616",
		"-9223372036854775809",
	};

	text(w, numbers[pick(w, sizeof(numbers) / sizeof(numbers[0]))]);
}

static void some_string(struct writing *w)
{
	static const char *const strings[] = {
		"\"\"",
		"\"/\"",
		"\"a\"",
		"\"/a/b\"",
		"\"../..\"",
		"\"1.2.0\"",
		"\"0-3,7\"",
		"\"eth0\"",
		"\"A=b\"",
		"\"=\"",
		"\"rbind\"",
		"\"ro\"",
		"\"size=1k\"",
		"\"idmap\"",
		"\"tmpfs\"",
		"\"bind\"",
		"\"cgroup\"",
		"\"kernel.x\"",
		"\"net.a.b\"",
		"\"\\u0000\"",
		"\"\\ud83d\"",
		"\"\xff\"",
		"\"hugepages\"",
		"\"2MB\"",
		"\"/proc/1/ns/net\"",
		"\"system:a:b\"",
		"\"ocirun\"",
		"\"memory\"",
		"\"L3:0=ffff\"",
		"\"SCMP_ACT_ALLOW\"",
		"\"read\"",
		"\"rw\"",
		"\"rwm\"",
		"\"abcdefgh0123\"",
	};

	text(w, strings[pick(w, sizeof(strings) / sizeof(strings[0]))]);
}

static void some_word(struct writing *w, const struct words *words)
{
	const char *name = words && words->n && pick(w, 16) ? words->v[pick(w, words->n)].name
							    : "no such word";

	put_string(w, name, strlen(name));
}

static void some_object(struct writing *w, const struct json_table *table, unsigned depth);

static void some_scalar(struct writing *w, const struct json_field *f)
{
	switch (f ? f->kind & ~JSON_POINTER : (int)pick(w, JSON_STRING + 1)) {
	case JSON_BOOL: text(w, pick(w, 2) ? "true" : "false"); break;
	case JSON_WORD: some_word(w, f->sub); break;
	case 0:
	case JSON_STRING: some_string(w); break;
	default: some_number(w);
	}
}

static void some_element(struct writing *w, const struct json_field *f, unsigned depth)
{
	switch (f->kind & ~JSON_POINTER) {
	case JSON_WORDS: some_word(w, f->sub); break;
	case JSON_U32S: some_number(w); break;
	case JSON_LIST:
	case JSON_KEYED: some_object(w, f->sub, depth); break;
	default: some_string(w);
	}
}

static void some_value(struct writing *w, const struct json_field *f, unsigned depth)
{
	const int kind = f ? f->kind & ~JSON_POINTER : 0;
	const bool keyed = kind == JSON_KEYED || kind == JSON_PAIRS;

	if (!pick(w, 24)) {
		static const char *const odd[] = { "null", "true", "[]", "{}", "\"\"", "0" };
		text(w, odd[pick(w, 6)]);
	} else if (kind == JSON_OBJECT || kind == JSON_INLINE) {
		some_object(w, f->sub, depth);
	} else if (kind == JSON_STRINGS || kind == JSON_U32S || kind == JSON_WORDS ||
		   kind == JSON_LIST || keyed) {
		text(w, keyed ? "{" : "[");
		for (uint32_t n = pick(w, 4), i = 0; i < n && depth; i++) {
			text(w, i ? "," : "");
			if (keyed) {
				some_string(w);
				text(w, ":");
			}
			some_element(w, f, depth - 1);
		}
		text(w, keyed ? "}" : "]");
	} else {
		some_scalar(w, f);
	}
}

static void some_member(struct writing *w, const struct json_table *table, unsigned depth)
{
	const struct json_field *f = table ? &table->fields[pick(w, table->n)] : NULL;

	if (f && f->rules & JSON_HIDDEN)
		f = NULL;
	if (f)
		put_string(w, f->name, strlen(f->name));
	else
		some_string(w);
	text(w, ":");
	some_value(w, f, depth);
}

static void some_object(struct writing *w, const struct json_table *table, unsigned depth)
{
	const char *before = "";

	text(w, "{");
	for (uint16_t i = 0; i < table->n && depth; i++) {
		const struct json_field *f = &table->fields[i];
		if (f->rules & JSON_HIDDEN || (!(f->rules & JSON_REQUIRED) && pick(w, 4)))
			continue;
		text(w, before);
		put_string(w, f->name, strlen(f->name));
		text(w, ":");
		some_value(w, f, depth - 1);
		before = ",";
	}
	text(w, "}");
}

/* --- a tree, and one node of it otherwise --- */

static void write_node(struct writing *w, uint32_t i, const struct json_field *f);

/* Of which table is an object that stands where f says? */
static const struct json_table *table_of(const struct json_field *f)
{
	const int kind = f ? f->kind & ~JSON_POINTER : 0;

	return kind == JSON_OBJECT || kind == JSON_INLINE ? f->sub : NULL;
}

/* What an element of the list or the object at f is, as a row of its own. */
static struct json_field element_of(const struct json_field *f)
{
	const int kind = f ? f->kind & ~JSON_POINTER : 0;
	struct json_field element = { .kind = JSON_STRING };

	if (kind == JSON_LIST || kind == JSON_KEYED)
		element = (struct json_field){ .kind = JSON_OBJECT, .sub = f->sub };
	else if (kind == JSON_WORDS)
		element = (struct json_field){ .kind = JSON_WORD, .sub = f->sub };
	else if (kind == JSON_U32S)
		element.kind = JSON_U32;
	return element;
}

static const struct json_field *row_of(const struct json_table *table, const struct json_node *key)
{
	for (uint16_t i = 0; table && i < table->n; i++)
		if (table->fields[i].name && strlen(table->fields[i].name) == key->n &&
		    !memcmp(table->fields[i].name, key->s, key->n))
			return &table->fields[i];
	return NULL;
}

static void write_members(struct writing *w, uint32_t i, const struct json_field *f, bool add)
{
	const struct json_node *nodes = w->tree->nodes;
	const struct json_table *table = table_of(f);
	struct json_field element = element_of(f);
	const bool object = nodes[i].type == JSON_TYPE_OBJECT;
	uint32_t n = nodes[i].n, at = i + 1;

	text(w, object ? "{" : "[");
	for (uint32_t k = 0; k < n; k++, at = nodes[at].next) {
		text(w, k ? "," : "");
		if (!object) {
			write_node(w, at, &element);
			continue;
		}
		const struct json_node *key = &nodes[at];
		put_string(w, key->s, key->n);
		text(w, ":");
		at = key->next;
		write_node(w, at, table ? row_of(table, key) : &element);
	}
	if (add) {
		text(w, n ? "," : "");
		if (object && table)
			some_member(w, table, DEPTH);
		else if (object) {
			some_string(w);
			text(w, ":");
			some_value(w, &element, DEPTH);
		} else
			some_value(w, &element, DEPTH);
	}
	text(w, object ? "}" : "]");
}

static void write_plain(struct writing *w, uint32_t i, const struct json_field *f, bool add)
{
	const struct json_node *node = &w->tree->nodes[i];

	switch (node->type) {
	case JSON_TYPE_NULL: text(w, "null"); break;
	case JSON_TYPE_FALSE: text(w, "false"); break;
	case JSON_TYPE_TRUE: text(w, "true"); break;
	case JSON_TYPE_NUMBER: put(w, node->s, node->n); break;
	case JSON_TYPE_STRING: put_string(w, node->s, node->n); break;
	default: write_members(w, i, f, add);
	}
}

static void write_bytes(struct writing *w, const struct json_node *node)
{
	uint8_t bytes[256];
	size_t n = node->n < sizeof(bytes) / 2 ? node->n : sizeof(bytes) / 2;

	memcpy(bytes, node->s, n);
	n = LLVMFuzzerMutate(bytes, n, sizeof(bytes));
	if (node->type == JSON_TYPE_STRING)
		put_string(w, (char *)bytes, n);
	else
		put(w, (char *)bytes, n);
}

static void write_node(struct writing *w, uint32_t i, const struct json_field *f)
{
	const struct json_node *node = &w->tree->nodes[i];
	const bool scalar = node->type == JSON_TYPE_NUMBER || node->type == JSON_TYPE_STRING;

	if (i != w->chosen) {
		write_plain(w, i, f, false);
		return;
	}
	switch (w->change) {
	case EMPTY: text(w, "null"); break;
	case TWICE: /* in an object it is a value without a key: no JSON */
		write_plain(w, i, f, false);
		text(w, ",");
		write_plain(w, i, f, false);
		break;
	case WRAP:
		text(w, "[");
		write_plain(w, i, f, false);
		text(w, "]");
		break;
	case ADD: write_plain(w, i, f, true); break;
	case BYTES:
		if (scalar && node->n) {
			write_bytes(w, node);
			break;
		}
		__attribute__((fallthrough));
	default: some_value(w, f, DEPTH);
	}
}

/* Fields are added more often than anything else: a document that grows reaches more. */
static void write_changed(struct writing *w, const struct json_table *table)
{
	const struct json_field document = { .kind = JSON_OBJECT, .sub = table };

	w->chosen = pick(w, w->tree->n);
	w->change = pick(w, 2) ? ADD : pick(w, CHANGES);
	for (int tries = 0;
	     w->change == ADD && tries < 8 && w->tree->nodes[w->chosen].type < JSON_TYPE_LIST;
	     tries++)
		w->chosen = pick(w, w->tree->n);
	write_node(w, 0, &document);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned seed)
{
	struct writing w = { .random = ((uint64_t)seed << 20) + 88172645463325252ULL };
	size_t skip = 0;
	const struct json_table *table = json_mutator_table(data, size, &skip);

	if (!table || room <= skip || !pick(&w, 8))
		return LLVMFuzzerMutate(data, size, room);
	struct error ignored = ERROR_NONE;
	struct json_tree tree;
	char *out = malloc(room);

	memcpy(out, data, skip);
	w.at = out + skip;
	w.end = out + room;
	w.tree = &tree;
	/* Keys are nodes, too: where one is chosen the document stays as it is. */
	if (json_tree_parse(&tree, (char *)data + skip, size - skip, &ignored) == 0 && tree.n)
		write_changed(&w, table);
	else
		some_object(&w, table, DEPTH);
	json_tree_free(&tree);
	size = w.at - out;
	memcpy(data, out, size);
	free(out);
	return size;
}
