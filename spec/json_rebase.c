/*
 * Moving a tree of structs, by table. The bytes may be hostile: a pointer is followed only after it
 * is known to lie inside, and what holds pointers or counts must be reached once only, or a later
 * change could undo an earlier check. Hence a bit for every eight bytes. Strings and numbers hold
 * none of these, are never written and may be shared; the NUL at the end of the piece bounds the
 * strings.
 */
#include "spec/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define GRAIN 8 /* bytes that one bit stands for; whatever holds a pointer is aligned to it */

struct piece {
	uintptr_t from;
	uintptr_t to;
	size_t size;
	unsigned char *reached;
	struct error *error;
};

/* Turn an old pointer to `size` bytes into the new one. */
static int move(const struct piece *p, void *pointer, size_t size, size_t alignment)
{
	uintptr_t old;

	memcpy(&old, pointer, sizeof(old));
	if (old < p->from || old - p->from > p->size || size > p->size - (old - p->from))
		return error_set(p->error, 0, "a pointer leaves the memory that was handed over");
	if ((old - p->from) % alignment)
		return error_set(p->error, 0, "a pointer is not aligned to %zu bytes", alignment);
	old = old - p->from + p->to;
	memcpy(pointer, &old, sizeof(old));
	return 0;
}

/* Reach memory that holds pointers or counts, for the first and only time. The last grain holds the
 * final NUL and is never reached. */
static int reach(const struct piece *p, const void *memory, size_t size)
{
	size_t start = (uintptr_t)memory - p->to, end = start + size;

	if (end > p->size - 1)
		return error_set(p->error, 0,
				 "the last byte of the memory that was handed over is in use");
	for (size_t i = start / GRAIN; i < (end + GRAIN - 1) / GRAIN; i++) {
		if (p->reached[i / 8] & 1 << i % 8)
			return error_set(p->error, 0, "two pointers to one place");
		p->reached[i / 8] |= (unsigned char)(1 << i % 8);
	}
	return 0;
}

/* A list's n elements: its pointer is moved, and the elements are reached. An empty list keeps no
 * pointer. */
static int move_list(const struct piece *p, void *list, size_t element, size_t extra)
{
	size_t n = *(size_t *)list, size;
	char **v = (char **)((char *)list + offsetof(struct strings, v));

	if (!n && (!extra || !*v)) {
		*v = NULL;
		return 0;
	}
	if (__builtin_add_overflow(n, extra, &n) || __builtin_mul_overflow(n, element, &size))
		return error_set(p->error, 0, "a list is too long");
	if (move(p, v, size, GRAIN))
		return -1;
	return reach(p, *v, size);
}

static int move_string(const struct piece *p, char **s)
{
	return *s ? move(p, s, 1, 1) : 0;
}

static int rebase_strings(const struct piece *p, struct strings *list)
{
	if (move_list(p, list, sizeof(char *), 1))
		return -1;
	if (!list->v)
		return 0;
	for (size_t i = 0; i < list->n; i++)
		if (!list->v[i] || move_string(p, &list->v[i]))
			return error_set(p->error, 0, "element %zu is no string", i);
	if (list->v[list->n])
		return error_set(p->error, 0, "a list of strings without its NULL");
	return 0;
}

static int rebase_u32s(const struct piece *p, struct u32s *list)
{
	size_t size;

	if (!list->n) {
		list->v = NULL;
		return 0;
	}
	if (__builtin_mul_overflow(list->n, sizeof(*list->v), &size))
		return error_set(p->error, 0, "a list is too long");
	return move(p, &list->v, size, sizeof(*list->v));
}

static int rebase_pairs(const struct piece *p, struct pairs *list)
{
	if (move_list(p, list, sizeof(struct pair), 0))
		return -1;
	for (size_t i = 0; i < list->n; i++) {
		struct pair *pair = &list->v[i];
		if (!pair->key || !pair->value || move_string(p, &pair->key) ||
		    move_string(p, &pair->value))
			return error_set(p->error, 0, "pair %zu is no two strings", i);
	}
	return 0;
}

static int rebase_table(const struct piece *p, const struct json_table *t, char *object);

static int rebase_list(const struct piece *p, const struct json_field *f, char *member)
{
	const struct json_table *t = f->sub;
	LIST_OF(char) *list = (void *)member;

	if (move_list(p, list, t->size, 0))
		return -1;
	for (size_t i = 0; i < list->n; i++) {
		char *element = list->v + i * t->size;
		if (f->kind == JSON_KEYED &&
		    (!*(char **)element || move_string(p, (char **)element)))
			return error_set(p->error, 0, "element %zu has no key", i);
		if (rebase_table(p, t, element))
			return error_in(p->error, "[%zu]", i);
	}
	return 0;
}

static int rebase_object(const struct piece *p, const struct json_table *t, char **member)
{
	if (!*member)
		return 0;
	if (move(p, member, t->size, GRAIN) || reach(p, *member, t->size))
		return -1;
	return rebase_table(p, t, *member);
}

static int rebase_pointer(const struct piece *p, const struct json_field *f, char **member)
{
	size_t size = json_kind_size(f);

	if (!*member)
		return 0;
	if (f->kind != (JSON_STRINGS | JSON_POINTER))
		return move(p, member, size, size);
	if (move(p, member, size, GRAIN) || reach(p, *member, size))
		return -1;
	return rebase_strings(p, (struct strings *)*member);
}

static int rebase_member(const struct piece *p, const struct json_field *f, char *member)
{
	if (f->kind & JSON_POINTER)
		return rebase_pointer(p, f, (char **)member);
	switch (f->kind) {
	case JSON_STRING: return move_string(p, (char **)member);
	case JSON_STRINGS: return rebase_strings(p, (struct strings *)member);
	case JSON_U32S: return rebase_u32s(p, (struct u32s *)member);
	case JSON_PAIRS: return rebase_pairs(p, (struct pairs *)member);
	case JSON_OBJECT: return rebase_object(p, f->sub, (char **)member);
	case JSON_INLINE: return rebase_table(p, f->sub, member);
	case JSON_LIST:
	case JSON_KEYED: return rebase_list(p, f, member);
	case JSON_BOOL:
		if (*(unsigned char *)member > 1)
			return error_set(p->error, 0, "neither true nor false");
	}
	return 0;
}

static int rebase_table(const struct piece *p, const struct json_table *t, char *object)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct json_field *f = &t->fields[i];
		if (rebase_member(p, f, object + f->offset))
			return error_in(p->error, "%s", f->name ? f->name : "(unnamed)");
	}
	return 0;
}

int json_rebase(const struct json_table *table, void *object, uintptr_t from, uintptr_t to,
		size_t size, struct error *e)
{
	struct piece p = { .from = from, .to = to, .size = size, .error = e };
	uintptr_t at = (uintptr_t)object;
	int result;

	if (!size || at < to || at - to > size || table->size > size - (at - to) ||
	    (at - to) % GRAIN || to % GRAIN || from % GRAIN)
		return error_set(e, 0, "the object lies outside the memory that was handed over");
	if (((const char *)to)[size - 1])
		return error_set(e, 0, "the memory that was handed over does not end with a NUL");
	p.reached = calloc(size / GRAIN / 8 + 1, 1);
	if (!p.reached)
		return error_set(e, ENOMEM, "rebase %zu bytes", size);
	result = reach(&p, object, table->size) || rebase_table(&p, table, object) ? -1 : 0;
	free(p.reached);
	return result;
}
