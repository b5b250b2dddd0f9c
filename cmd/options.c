/*
 * The option parser: a loop over argv that looks every option up in a table and stores its value
 * where the row says. It prints nothing and allocates nothing but lists; values point into argv.
 */
#include "cmd/options.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

struct parser {
	const struct option *rows;
	void *target;
	char **next; /* the word after the one at hand; *next is NULL at the end */
	bool help;
};

unsigned word_distance(const char *a, const char *b)
{
	unsigned row[32];
	size_t n = strlen(b);

	if (n >= sizeof(row) / sizeof(row[0]) || strlen(a) >= sizeof(row) / sizeof(row[0]))
		return UINT_MAX;
	for (unsigned j = 0; j <= n; j++)
		row[j] = j;
	for (unsigned i = 1; a[i - 1]; i++) {
		unsigned diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= n; j++) {
			unsigned best = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			best = row[j] + 1 < best ? row[j] + 1 : best;
			row[j] = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
		}
	}
	return row[n];
}

bool word_resembles(const char *typed, const char *known, unsigned *best)
{
	unsigned distance = word_distance(typed, known);

	if (distance >= *best || distance >= strlen(typed) || 2 * distance > strlen(known))
		return false;
	*best = distance;
	return true;
}

static const struct option *find_name(const struct option *rows, const char *name, size_t n)
{
	for (; rows->name; rows++)
		if (!strncmp(rows->name, name, n) && !rows->name[n])
			return rows;
	return NULL;
}

static const struct option *find_letter(const struct option *rows, char letter)
{
	for (; rows->name; rows++)
		if (rows->letter == letter)
			return rows;
	return NULL;
}

/* `shown` is the word as the caller wrote it, of which the name ends at a '='. */
static int unknown(const struct option *rows, const char *shown, struct error *e)
{
	const char *name = shown + strspn(shown, "-");
	size_t n = strcspn(name, "=");
	const struct option *meant = NULL;
	unsigned best = WORD_FAR;
	char word[32] = "";

	error_set(e, 0, "unknown option %.*s", (int)strcspn(shown, "="), shown);
	if (n < sizeof(word))
		memcpy(word, name, n);
	for (; rows->name; rows++)
		if (word_resembles(word, rows->name, &best))
			meant = rows;
	return meant ? error_hint(e, "did you mean --%s?", meant->name) : -1;
}

static int parse_bool(const struct option *o, const char *value, bool *out, struct error *e)
{
	if (!value || !strcmp(value, "true") || !strcmp(value, "1"))
		*out = true;
	else if (!strcmp(value, "false") || !strcmp(value, "0"))
		*out = false;
	else
		return error_set(e, 0, "--%s: \"%s\" is neither true nor false", o->name, value);
	return 0;
}

static int parse_word(const struct option *o, const char *value, unsigned *out, struct error *e)
{
	unsigned index = 0;

	for (const char *word = o->argument;; index++) {
		size_t n = strcspn(word, "|");

		if (strlen(value) == n && !memcmp(word, value, n)) {
			*out = index;
			return 0;
		}
		if (!word[n])
			return error_set(e, 0, "--%s: \"%s\" is none of %s", o->name, value,
					 o->argument);
		word += n + 1;
	}
}

/* Digits only: no sign, no space, no base prefix. */
static int parse_number(const struct option *o, const char *value, unsigned *out, struct error *e)
{
	size_t n = strlen(value);
	unsigned long number = strtoul(value, NULL, 10);

	if (!n || n > 10 || strspn(value, "0123456789") != n || number > INT_MAX)
		return error_set(e, 0, "--%s: \"%s\" is not a number from 0 to %d", o->name, value,
				 INT_MAX);
	*out = number;
	return 0;
}

static int append(const char *value, struct option_list *list, struct error *e)
{
	const char **v = reallocarray(list->v, list->n + 1, sizeof(*v));

	if (!v)
		return error_set(e, ENOMEM, "keep \"%.80s\"", value);
	list->v = v;
	list->v[list->n++] = value;
	return 0;
}

/* `value` is NULL only for a boolean that was given none. */
static int store(const struct parser *p, const struct option *o, const char *value, struct error *e)
{
	void *member = (char *)p->target + o->offset;

	if (!value || o->kind == OPTION_BOOL)
		return parse_bool(o, value, member, e);
	if (o->kind == OPTION_STRING) {
		*(const char **)member = *value ? value : NULL;
		return 0;
	}
	if (o->kind == OPTION_LIST)
		return *value ? append(value, member, e) : 0;
	if (strchr(o->argument, '|'))
		return parse_word(o, value, member, e);
	return parse_number(o, value, member, e);
}

/* Store the value at hand, or the next word when there is none. */
static int store_value(struct parser *p, const struct option *o, const char *value, struct error *e)
{
	if (!value && o->argument) {
		value = *p->next;
		if (!value)
			return error_set(e, 0, "--%s: missing argument %s", o->name, o->argument);
		p->next++;
	}
	return store(p, o, value, e);
}

/* The letters of "-abc": booleans, of which the last may instead take the rest as its value. */
static int parse_letters(struct parser *p, const char *word, struct error *e)
{
	for (const char *letter = word + 1; *letter; letter++) {
		const struct option *o = find_letter(p->rows, *letter);

		if (*letter == 'h' && !o) {
			p->help = true;
			return 0;
		}
		if (!o)
			return unknown(p->rows, word, e);
		if (letter[1] == '=')
			return store(p, o, letter + 2, e);
		if (o->argument)
			return store_value(p, o, letter[1] ? letter + 1 : NULL, e);
		if (store(p, o, NULL, e))
			return -1;
	}
	return 0;
}

/*
 * One word that begins with '-'. A long name with one dash is looked for before a cluster of
 * letters.
 */
static int parse_option(struct parser *p, const char *word, struct error *e)
{
	bool two_dashes = word[1] == '-';
	const char *name = word + 1 + two_dashes;
	size_t n = strcspn(name, "=");
	const struct option *o = n > 1 ? find_name(p->rows, name, n) : NULL;

	if (o)
		return store_value(p, o, name[n] ? name + n + 1 : NULL, e);
	if (n == 4 && !strncmp(name, "help", n)) {
		p->help = true;
		return 0;
	}
	return two_dashes ? unknown(p->rows, word, e) : parse_letters(p, word, e);
}

int options_parse(const struct option *rows, void *target, enum option_order order,
		  struct arguments *args, bool *help, struct error *e)
{
	struct parser p = { .rows = rows, .target = target, .next = args->v };
	char **kept = args->v;

	while (*p.next && !p.help) {
		char *word = *p.next++;

		if (!strcmp(word, "--"))
			break;
		if (word[0] == '-' && word[1]) {
			if (parse_option(&p, word, e))
				return -1;
		} else if (order == OPTIONS_FIRST) {
			p.next--;
			break;
		} else {
			*kept++ = word;
		}
	}
	/* What is kept moves up against the rest, so that *args stays one piece of argv. */
	size_t n = kept - args->v;
	char **first = p.next - n;

	memmove(first, args->v, n * sizeof(*first));
	args->n -= first - args->v;
	args->v = first;
	*help = p.help;
	return 0;
}

/* "1.5" as thousandths; *at is what is behind. -1 when it is no number, or a huge one. */
static int64_t thousandths(const char **at)
{
	const char *begin = *at;
	int64_t n = 0;

	for (; **at >= '0' && **at <= '9'; (*at)++)
		n = n > INT32_MAX ? n : n * 10 + (**at - '0');
	if (*at == begin || n > INT32_MAX)
		return -1;
	n *= 1000;
	if (**at != '.')
		return n;
	for (int64_t digit = 100; *++*at >= '0' && **at <= '9'; digit /= 10)
		n += digit * (**at - '0');
	return n;
}

int64_t duration_parse(const char *text)
{
	/* "ms" before "m". */
	static const struct {
		const char *name;
		int64_t us;
	} units[] = { { "us", 1 },      { "\xc2\xb5s", 1 }, { "ms", 1000 },
		      { "s", 1000000 }, { "m", 60000000 },  { "h", 3600000000 } };
	const char *at = text;
	int64_t us = 0, n = thousandths(&at);

	if (!*at)
		return n;
	for (; n >= 0; n = thousandths(&at)) {
		size_t i = 0;
		while (i < 6 && strncmp(at, units[i].name, strlen(units[i].name)))
			i++;
		if (i == 6 || n > INT64_MAX / 8 / units[i].us)
			return -1;
		us += n * units[i].us / 1000;
		at += strlen(units[i].name);
		if (us > INT64_MAX / 8)
			return -1;
		if (!*at)
			return (us + 999) / 1000;
	}
	return -1;
}
