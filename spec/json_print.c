/*
 * From structs to text, by table. Everything is put twice: once to count, once into exactly that
 * many bytes of the arena.
 */
#include "spec/json.h"

#include "spec/json_tree.h"

#include <stdio.h>
#include <string.h>

struct printer {
	char *out; /* NULL: only count */
	size_t n;
	unsigned indent;
	unsigned depth;
	bool first; /* nothing stands yet inside the bracket that was opened last */
};

static void put(struct printer *p, const char *s, size_t n)
{
	if (p->out)
		memcpy(p->out + p->n, s, n);
	p->n += n;
}

static void put_word(struct printer *p, const char *s)
{
	put(p, s, strlen(s));
}

static void put_line(struct printer *p)
{
	if (!p->indent)
		return;
	put(p, "\n", 1);
	for (unsigned i = 0; i < p->depth * p->indent; i++)
		put(p, " ", 1);
}

/* A comma unless it is the first, and the place to write the next element or member. */
static void put_next(struct printer *p)
{
	if (!p->first)
		put(p, ",", 1);
	p->first = false;
	put_line(p);
}

static void put_open(struct printer *p, const char *bracket)
{
	put_word(p, bracket);
	p->depth++;
	p->first = true;
}

static void put_close(struct printer *p, const char *bracket)
{
	p->depth--;
	if (!p->first)
		put_line(p);
	p->first = false;
	put_word(p, bracket);
}

static void put_escape(struct printer *p, unsigned char c)
{
	static const char names[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
	const char *name = c ? strchr(names, c) : NULL;
	char text[8];

	if (name)
		snprintf(text, sizeof(text), "\\%c", letters[name - names]);
	else
		snprintf(text, sizeof(text), "\\u%04x", c);
	put_word(p, text);
}

static void put_string(struct printer *p, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;

	put(p, "\"", 1);
	while (*s) {
		size_t n = json_character(s, 4); /* no NUL is part of a longer one */

		if (n == 0) {
			put_word(p, "\xef\xbf\xbd");
			n = 1;
		} else if (*s < 0x20 || *s == '"' || *s == '\\' || *s == 0x7f) {
			put_escape(p, *s);
		} else {
			put(p, (const char *)s, n);
		}
		s += n;
	}
	put(p, "\"", 1);
}

static void put_key(struct printer *p, const char *name)
{
	put_next(p);
	put_string(p, name);
	put_word(p, p->indent ? ": " : ":");
}

__attribute__((format(printf, 2, 3))) static void put_number(struct printer *p, const char *format,
							     ...)
{
	char text[24];
	va_list args;

	va_start(args, format);
	put(p, text, (size_t)vsnprintf(text, sizeof(text), format, args));
	va_end(args);
}

/* A string, or the number that is in it. */
static void put_text(struct printer *p, const struct json_field *f, const char *text)
{
	if (f->rules & JSON_NUMBERS)
		put_word(p, text);
	else
		put_string(p, text);
}

static void put_strings(struct printer *p, const struct json_field *f, const struct strings *list)
{
	put_open(p, "[");
	for (size_t i = 0; i < list->n; i++) {
		put_next(p);
		put_text(p, f, list->v[i]);
	}
	put_close(p, "]");
}

static void put_u32s(struct printer *p, const struct u32s *list)
{
	put_open(p, "[");
	for (size_t i = 0; i < list->n; i++) {
		put_next(p);
		put_number(p, "%u", list->v[i]);
	}
	put_close(p, "]");
}

static void put_pairs(struct printer *p, const struct json_field *f, const struct pairs *list)
{
	put_open(p, "{");
	for (size_t i = 0; i < list->n; i++) {
		put_key(p, list->v[i].key);
		put_text(p, f, list->v[i].value);
	}
	put_close(p, "}");
}

static uint64_t word_load(const struct json_field *f, const char *member)
{
	return f->size == sizeof(uint32_t) ? *(const uint32_t *)member : *(const uint64_t *)member;
}

/* Aliases have the value of a word that was printed, so each bit is printed by its first word only.
 */
static void put_words(struct printer *p, const struct json_field *f, const char *member)
{
	const struct words *words = f->sub;
	uint64_t value = word_load(f, member);

	put_open(p, "[");
	for (size_t i = 0; i < words->n; i++) {
		uint64_t bits =
			f->rules & JSON_BITS ? (uint64_t)1 << words->v[i].value : words->v[i].value;
		if (!bits || (value & bits) != bits)
			continue;
		value &= ~bits;
		put_next(p);
		put_string(p, words->v[i].name);
	}
	put_close(p, "]");
}

static void put_table(struct printer *p, const struct json_table *t, const char *object);

typedef LIST_OF(const char) any_list;

static void put_list(struct printer *p, const struct json_field *f, const any_list *list)
{
	const struct json_table *t = f->sub;
	bool keyed = f->kind == JSON_KEYED;

	put_open(p, keyed ? "{" : "[");
	for (size_t i = 0; i < list->n; i++) {
		const char *element = list->v + i * t->size;
		if (keyed)
			put_key(p, *(char *const *)element);
		else
			put_next(p);
		put_table(p, t, element);
	}
	put_close(p, keyed ? "}" : "]");
}

static void put_scalar(struct printer *p, unsigned kind, const char *member)
{
	switch (kind) {
	case JSON_BOOL: put_word(p, *(const unsigned char *)member ? "true" : "false"); break;
	case JSON_I32: put_number(p, "%d", *(const int32_t *)member); break;
	case JSON_I64: put_number(p, "%lld", (long long)*(const int64_t *)member); break;
	case JSON_U16: put_number(p, "%u", *(const uint16_t *)member); break;
	case JSON_U32: put_number(p, "%u", *(const uint32_t *)member); break;
	case JSON_U64: put_number(p, "%llu", (unsigned long long)*(const uint64_t *)member); break;
	}
}

static void put_value(struct printer *p, const struct json_field *f, const char *member)
{
	unsigned kind = f->kind & ~JSON_POINTER;

	switch (kind) {
	case JSON_STRING: put_text(p, f, *(char *const *)member); break;
	case JSON_STRINGS: put_strings(p, f, (const struct strings *)member); break;
	case JSON_U32S: put_u32s(p, (const struct u32s *)member); break;
	case JSON_PAIRS: put_pairs(p, f, (const struct pairs *)member); break;
	case JSON_WORD: put_string(p, word_name(f->sub, word_load(f, member))); break;
	case JSON_WORDS: put_words(p, f, member); break;
	case JSON_OBJECT: put_table(p, f->sub, *(char *const *)member); break;
	case JSON_INLINE: put_table(p, f->sub, member); break;
	case JSON_LIST:
	case JSON_KEYED: put_list(p, f, (const any_list *)member); break;
	default: put_scalar(p, kind, member);
	}
}

static bool all_zero(const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (bytes[i])
			return false;
	return true;
}

/* Absent is what reading would leave as it was: a NULL pointer, an empty list, a word that is none,
 * or a zero that the row calls absent. */
static bool absent(const struct json_field *f, const char *member)
{
	switch (f->kind) {
	case JSON_STRING:
	case JSON_OBJECT: return !*(char *const *)member;
	case JSON_STRINGS:
	case JSON_U32S:
	case JSON_PAIRS:
	case JSON_LIST:
	case JSON_KEYED: return !*(const size_t *)member && !(f->rules & JSON_ALWAYS);
	case JSON_WORDS: return !word_load(f, member) && !(f->rules & JSON_ALWAYS);
	case JSON_WORD:
		return !word_name(f->sub, word_load(f, member)) ||
		       ((f->rules & JSON_OMITZERO) && !word_load(f, member));
	case JSON_INLINE:
		return (f->rules & JSON_OMITZERO) &&
		       all_zero(member, ((const struct json_table *)f->sub)->size);
	}
	if (f->kind & JSON_POINTER)
		return !*(char *const *)member ||
		       (f->kind == (JSON_WORD | JSON_POINTER) &&
			!word_name(f->sub, word_load(f, *(char *const *)member)));
	return (f->rules & JSON_OMITZERO) && all_zero(member, json_kind_size(f));
}

static void put_table(struct printer *p, const struct json_table *t, const char *object)
{
	put_open(p, "{");
	for (size_t i = 0; i < t->n; i++) {
		const struct json_field *f = &t->fields[i];
		const char *member = object + f->offset;

		if ((f->rules & JSON_HIDDEN) || absent(f, member))
			continue;
		put_key(p, f->name);
		put_value(p, f, f->kind & JSON_POINTER ? *(char *const *)member : member);
	}
	put_close(p, "}");
}

char *json_print(const struct json_table *table, const void *object, unsigned indent,
		 struct arena *a, size_t *length)
{
	struct printer count = { .indent = indent };

	put_table(&count, table, object);
	struct printer print = { .indent = indent, .out = arena_alloc(a, count.n + 1) };
	put_table(&print, table, object);
	if (length)
		*length = print.n;
	return print.out;
}

char *json_quote(const char *s, struct arena *a)
{
	struct printer count = { 0 };

	put_string(&count, s);
	struct printer print = { .out = arena_alloc(a, count.n + 1) };
	put_string(&print, s);
	return print.out;
}

size_t json_kind_size(const struct json_field *f)
{
	switch (f->kind & ~JSON_POINTER) {
	case JSON_BOOL: return sizeof(bool);
	case JSON_U16: return sizeof(uint16_t);
	case JSON_I32:
	case JSON_U32: return sizeof(uint32_t);
	case JSON_I64:
	case JSON_U64: return sizeof(uint64_t);
	case JSON_WORD:
	case JSON_WORDS: return f->size;
	case JSON_STRINGS: return sizeof(struct strings);
	}
	return 0;
}
