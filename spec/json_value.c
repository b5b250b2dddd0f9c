/*
 * From one node into one value: booleans, whole numbers, strings and words, and the words about
 * what is wrong with them.
 */
#include "spec/json_reader.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define WARNINGS_MAX 64    /* a document that has more has one cause for them */
#define WORD_LENGTH_MAX 63 /* longer than any word there is */
#define SHOWN 80           /* bytes of a value that a message quotes */

static int shown(size_t n)
{
	return (int)(n < SHOWN ? n : SHOWN);
}

static size_t place_print(const struct place *p, char *out, size_t size)
{
	size_t used = p->up ? place_print(p->up, out, size) : 0;
	int n = 0;

	if (used >= size)
		return used;
	if (p->key)
		n = snprintf(out + used, size - used, "[\"%.*s\"]", shown(p->key->n), p->key->s);
	else if (p->name)
		n = snprintf(out + used, size - used, "%s%s", used ? "." : "", p->name);
	else if (p->up)
		n = snprintf(out + used, size - used, "[%zu]", p->index);
	return used + (size_t)(n > 0 ? n : 0);
}

void json_problem(struct reader *r, const struct place *at, const char *format, ...)
{
	char place[sizeof(r->error->field)] = "", text[256];
	va_list args;

	place_print(at, place, sizeof(place));
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	error_add(r->error, place, "%s", text);
}

/* Room for the warning and the NULL behind it; the list doubles, and its old copies stay in the
 * arena. */
static void warning(struct reader *r, const struct place *at, const char *text)
{
	struct strings *w = r->warnings;
	char place[sizeof(r->error->field)] = "";

	if (!w || w->n >= WARNINGS_MAX)
		return;
	place_print(at, place, sizeof(place));
	if ((w->n & (w->n - 1)) == 0) {
		char **more = arena_array(r->arena, char *, 2 * w->n + 2);
		if (w->n)
			memcpy(more, w->v, w->n * sizeof(*more));
		w->v = more;
	}
	w->v[w->n++] = arena_printf(r->arena, "%s: %s", place, text);
	w->v[w->n] = NULL;
}

void json_type_problem(struct reader *r, const struct place *at, const char *wanted,
		       const struct json_node *v)
{
	static const char *const found[] = { "null",   "false",  "true",     "number",
					     "string", "a list", "an object" };

	if (v->type == JSON_TYPE_NUMBER || v->type == JSON_TYPE_STRING)
		json_problem(r, at, "expected %s, found the %s %s%.*s%s", wanted, found[v->type],
			     v->type == JSON_TYPE_STRING ? "\"" : "", shown(v->n), v->s,
			     v->type == JSON_TYPE_STRING ? "\"" : "");
	else
		json_problem(r, at, "expected %s, found %s", wanted, found[v->type]);
}

void json_read_bool(struct reader *r, const struct place *at, const struct json_field *f,
		    const struct json_node *v, char *member)
{
	(void)f;
	if (v->type != JSON_TYPE_TRUE && v->type != JSON_TYPE_FALSE)
		json_type_problem(r, at, "true or false", v);
	else
		*(bool *)member = v->type == JSON_TYPE_TRUE;
}

static const struct {
	uint8_t size;
	int64_t least;
	uint64_t most;
} integers[] = {
	[JSON_I32] = { 4, INT32_MIN, INT32_MAX }, [JSON_I64] = { 8, INT64_MIN, INT64_MAX },
	[JSON_U16] = { 2, 0, UINT16_MAX },        [JSON_U32] = { 4, 0, UINT32_MAX },
	[JSON_U64] = { 8, 0, UINT64_MAX },
};

/* Digits with a sign, no more; yajl has seen to it that they are not empty. False when the value
 * leaves the range. */
static bool integer_parse(const struct json_node *v, unsigned kind, uint64_t *out)
{
	bool negative = v->s[0] == '-';
	uint64_t limit = integers[kind].most, value = 0;

	if (negative)
		limit = (uint64_t)0 - (uint64_t)integers[kind].least;
	if (negative && !limit)
		return false;
	for (size_t i = negative; i < v->n; i++) {
		unsigned digit = (unsigned)(v->s[i] - '0');
		if (value > limit / 10 || value * 10 > limit - digit)
			return false;
		value = value * 10 + digit;
	}
	*out = negative ? (uint64_t)0 - value : value;
	return true;
}

bool json_integer_read(struct reader *r, const struct place *at, unsigned kind,
		       const struct json_node *v, void *member)
{
	uint64_t value;

	if (v->type != JSON_TYPE_NUMBER) {
		json_type_problem(r, at, "a whole number", v);
		return false;
	}
	for (size_t i = 0; i < v->n; i++) {
		if (v->s[i] != '-' && (v->s[i] < '0' || v->s[i] > '9')) {
			json_problem(
				r, at,
				"expected a whole number without fraction or exponent, found %.*s",
				shown(v->n), v->s);
			return false;
		}
	}
	if (!integer_parse(v, kind, &value)) {
		json_problem(r, at, "%.*s is out of range, %lld to %llu", shown(v->n), v->s,
			     (long long)integers[kind].least,
			     (unsigned long long)integers[kind].most);
		return false;
	}
	uint32_t low = (uint32_t)value;
	uint16_t lowest = (uint16_t)value;
	memcpy(member,
	       integers[kind].size == 8   ? (void *)&value
	       : integers[kind].size == 4 ? (void *)&low
					  : (void *)&lowest,
	       integers[kind].size);
	return true;
}

void json_read_integer(struct reader *r, const struct place *at, const struct json_field *f,
		       const struct json_node *v, char *member)
{
	json_integer_read(r, at, f->kind & ~JSON_POINTER, v, member);
}

/* What every string of a document must be, keys included. */
static bool string_check(struct reader *r, const struct place *at, const struct json_node *v)
{
	if (v->type != JSON_TYPE_STRING)
		json_type_problem(r, at, "a string", v);
	else if (memchr(v->s, '\0', v->n))
		json_problem(r, at, "a string with a NUL character, \"\\u0000\"");
	else if (v->n > JSON_STRING_MAX)
		json_problem(r, at, "a string of %u bytes, more than %zu", v->n, JSON_STRING_MAX);
	else
		return true;
	return false;
}

char *json_string_read(struct reader *r, const struct place *at, const struct json_node *v)
{
	return string_check(r, at, v) ? arena_strndup(r->arena, v->s, v->n) : NULL;
}

void json_read_string(struct reader *r, const struct place *at, const struct json_field *f,
		      const struct json_node *v, char *member)
{
	if (v->type == JSON_TYPE_STRING && v->n == 0) {
		if (f->rules & JSON_UNSET)
			return;
		if (f->rules & JSON_NONEMPTY)
			json_problem(r, at, "must not be empty");
	}
	*(char **)member = json_string_read(r, at, v);
}

/* The value of one word, false when it is none and that has been told. */
bool json_word_read(struct reader *r, const struct place *at, const struct json_field *f,
		    const struct json_node *v, uint64_t *value)
{
	const struct words *words = f->sub;
	char name[WORD_LENGTH_MAX + 1], text[SHOWN + 80];

	if (!string_check(r, at, v))
		return false;
	if (v->n <= WORD_LENGTH_MAX) {
		memcpy(name, v->s, v->n);
		name[v->n] = '\0';
		if (word_value(words, name, value))
			return true;
	}
	snprintf(text, sizeof(text), "unknown %s \"%.*s\"", words->what, shown(v->n), v->s);
	if (f->rules & JSON_LENIENT)
		warning(r, at, text);
	else
		json_problem(r, at, "%s", text);
	return false;
}

void json_word_store(const struct json_field *f, uint64_t value, char *member)
{
	if (f->size == sizeof(uint32_t))
		*(uint32_t *)member = (uint32_t)value;
	else
		*(uint64_t *)member = value;
}

void json_read_word(struct reader *r, const struct place *at, const struct json_field *f,
		    const struct json_node *v, char *member)
{
	uint64_t value;

	if (v->type == JSON_TYPE_STRING && v->n == 0 && (f->rules & JSON_UNSET))
		return;
	if (json_word_read(r, at, f, v, &value))
		json_word_store(f, value, member);
}
