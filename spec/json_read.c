/*
 * From a tree of nodes into structs, by table. Reading goes on after a problem, so that one run
 * names everything that is wrong; the struct of a document with problems must not be used.
 */
#include "spec/json_reader.h"

#include <stdlib.h>
#include <string.h>

/* True for a list, which is not empty when it must not be. */
static bool list_check(struct reader *r, const struct place *at, const struct json_field *f,
		       const struct json_node *v)
{
	if (v->type != JSON_TYPE_LIST) {
		json_type_problem(r, at, "a list", v);
		return false;
	}
	if (!v->n && (f->rules & JSON_NONEMPTY))
		json_problem(r, at, "must not be empty");
	return true;
}

static void read_strings(struct reader *r, const struct place *at, const struct json_field *f,
			 const struct json_node *v, char *member)
{
	struct strings *list = (struct strings *)member;

	if (!list_check(r, at, f, v))
		return;
	list->v = arena_array(r->arena, char *, v->n + 1);
	list->n = v->n;
	const struct json_node *element = v + 1;
	for (size_t i = 0; i < list->n; i++, element = r->nodes + element->next)
		list->v[i] = json_string_read(r, &(struct place){ .up = at, .index = i }, element);
}

static void read_u32s(struct reader *r, const struct place *at, const struct json_field *f,
		      const struct json_node *v, char *member)
{
	struct u32s *list = (struct u32s *)member;

	if (!list_check(r, at, f, v))
		return;
	list->v = arena_array(r->arena, uint32_t, v->n);
	list->n = v->n;
	const struct json_node *element = v + 1;
	for (size_t i = 0; i < list->n; i++, element = r->nodes + element->next)
		json_integer_read(r, &(struct place){ .up = at, .index = i }, JSON_U32, element,
				  &list->v[i]);
}

static void read_words(struct reader *r, const struct place *at, const struct json_field *f,
		       const struct json_node *v, char *member)
{
	uint64_t all = 0, value;

	if (!list_check(r, at, f, v))
		return;
	const struct json_node *element = v + 1;
	for (size_t i = 0; i < v->n; i++, element = r->nodes + element->next)
		if (json_word_read(r, &(struct place){ .up = at, .index = i }, f, element, &value))
			all |= f->rules & JSON_BITS ? (uint64_t)1 << value : value;
	json_word_store(f, all, member);
}

static int compare_keys(const void *a, const void *b)
{
	const struct json_node *x = *(const struct json_node *const *)a,
			       *y = *(const struct json_node *const *)b;

	if (x->n != y->n)
		return x->n < y->n ? -1 : 1;
	return memcmp(x->s, y->s, x->n);
}

/* A key given twice has two meanings for two readers, so it has none here. */
static void check_keys(struct reader *r, const struct place *at, const struct json_node *v)
{
	const struct json_node *few[32], **keys = few, *key = v + 1;

	if (v->n > sizeof(few) / sizeof(few[0]) && !(keys = malloc(v->n * sizeof(*keys)))) {
		json_problem(r, at, "out of memory");
		return;
	}
	for (size_t i = 0; i < v->n; i++, key = r->nodes + key[1].next)
		keys[i] = key;
	qsort(keys, v->n, sizeof(*keys), compare_keys);
	for (size_t i = 1; i < v->n; i++)
		if (compare_keys(&keys[i - 1], &keys[i]) == 0)
			json_problem(r, &(struct place){ .up = at, .key = keys[i] },
				     "a key given twice");
	if (keys != few)
		free(keys);
}

static bool object_check(struct reader *r, const struct place *at, const struct json_node *v)
{
	if (v->type != JSON_TYPE_OBJECT) {
		json_type_problem(r, at, "an object", v);
		return false;
	}
	check_keys(r, at, v);
	return true;
}

static void read_pairs(struct reader *r, const struct place *at, const struct json_field *f,
		       const struct json_node *v, char *member)
{
	struct pairs *list = (struct pairs *)member;

	(void)f;
	if (!object_check(r, at, v))
		return;
	list->v = arena_array(r->arena, struct pair, v->n);
	const struct json_node *key = v + 1;
	for (size_t i = 0; i < v->n; i++, key = r->nodes + key[1].next) {
		const struct place here = { .up = at, .key = key };
		if (key[1].type == JSON_TYPE_NULL)
			continue;
		struct pair *pair = &list->v[list->n++];
		pair->key = json_string_read(r, &here, key);
		pair->value = json_string_read(r, &here, key + 1);
	}
}

static void table_read(struct reader *r, const struct place *at, const struct json_table *t,
		       const struct json_node *v, char *object);

static void read_object(struct reader *r, const struct place *at, const struct json_field *f,
			const struct json_node *v, char *member)
{
	const struct json_table *t = f->sub;

	if (v->type == JSON_TYPE_OBJECT)
		*(void **)member = arena_alloc(r->arena, t->size);
	table_read(r, at, t, v, *(char **)member);
}

static void read_inline(struct reader *r, const struct place *at, const struct json_field *f,
			const struct json_node *v, char *member)
{
	table_read(r, at, f->sub, v, member);
}

typedef LIST_OF(char) any_list;

static void read_list(struct reader *r, const struct place *at, const struct json_field *f,
		      const struct json_node *v, char *member)
{
	const struct json_table *t = f->sub;
	any_list *list = (any_list *)member;

	if (!list_check(r, at, f, v))
		return;
	list->v = arena_alloc(r->arena, (size_t)v->n * t->size);
	list->n = v->n;
	const struct json_node *element = v + 1;
	for (size_t i = 0; i < list->n; i++, element = r->nodes + element->next)
		table_read(r, &(struct place){ .up = at, .index = i }, t, element,
			   list->v + i * t->size);
}

static void read_keyed(struct reader *r, const struct place *at, const struct json_field *f,
		       const struct json_node *v, char *member)
{
	const struct json_table *t = f->sub;
	any_list *list = (any_list *)member;

	if (!object_check(r, at, v))
		return;
	list->v = arena_alloc(r->arena, (size_t)v->n * t->size);
	const struct json_node *key = v + 1;
	for (size_t i = 0; i < v->n; i++, key = r->nodes + key[1].next) {
		const struct place here = { .up = at, .key = key };
		if (key[1].type == JSON_TYPE_NULL)
			continue;
		char *element = list->v + list->n++ * t->size;
		*(char **)element = json_string_read(r, &here, key);
		table_read(r, &here, t, key + 1, element);
	}
}

static json_read_fn *const readers[] = {
	[JSON_BOOL] = json_read_bool,     [JSON_I32] = json_read_integer,
	[JSON_I64] = json_read_integer,   [JSON_U16] = json_read_integer,
	[JSON_U32] = json_read_integer,   [JSON_U64] = json_read_integer,
	[JSON_STRING] = json_read_string, [JSON_STRINGS] = read_strings,
	[JSON_U32S] = read_u32s,          [JSON_PAIRS] = read_pairs,
	[JSON_WORD] = json_read_word,     [JSON_WORDS] = read_words,
	[JSON_OBJECT] = read_object,      [JSON_LIST] = read_list,
	[JSON_KEYED] = read_keyed,        [JSON_INLINE] = read_inline,
};

static void field_read(struct reader *r, const struct place *at, const struct json_field *f,
		       const struct json_node *v, char *member)
{
	unsigned kind = f->kind & ~JSON_POINTER;

	if (f->kind & JSON_POINTER)
		member = *(char **)member = arena_alloc(r->arena, json_kind_size(f));
	readers[kind](r, at, f, v, member);
}

static bool key_is(const struct json_node *key, const char *name)
{
	return name && strlen(name) == key->n && memcmp(name, key->s, key->n) == 0;
}

/* The row of a key. Documents follow the specification's order, so the search begins behind the row
 * found last. */
static const struct json_field *field_find(const struct json_table *t, const struct json_node *key,
					   size_t *next)
{
	for (size_t i = 0; i < t->n; i++) {
		size_t row = (*next + i) % t->n;
		const struct json_field *f = &t->fields[row];
		if (!(f->rules & JSON_HIDDEN) && key_is(key, f->name)) {
			*next = row + 1;
			return f;
		}
	}
	return NULL;
}

static void table_read(struct reader *r, const struct place *at, const struct json_table *t,
		       const struct json_node *v, char *object)
{
	uint64_t seen = 0;
	size_t next = 0;

	if (!object_check(r, at, v))
		return;
	const struct json_node *key = v + 1;
	for (size_t i = 0; i < v->n; i++, key = r->nodes + key[1].next) {
		const struct json_field *f = field_find(t, key, &next);
		if (!f || key[1].type == JSON_TYPE_NULL)
			continue;
		seen |= (uint64_t)1 << (f - t->fields);
		field_read(r, &(struct place){ .up = at, .name = f->name }, f, key + 1,
			   object + f->offset);
	}
	for (size_t i = 0; i < t->n; i++)
		if ((t->fields[i].rules & JSON_REQUIRED) && !(seen & (uint64_t)1 << i))
			json_problem(r, &(struct place){ .up = at, .name = t->fields[i].name },
				     "is required");
}

int json_read(const struct json_table *table, void *object, const char *text, size_t length,
	      struct arena *a, struct strings *warnings, struct error *e)
{
	struct json_tree tree;
	int before = e->problems;

	if (json_tree_parse(&tree, text, length, e) == 0) {
		struct reader r = { tree.nodes, a, warnings, e };
		table_read(&r, &(struct place){ 0 }, table, tree.nodes, object);
	}
	json_tree_free(&tree);
	return e->problems == before ? 0 : -1;
}
