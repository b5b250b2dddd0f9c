/*
 * What a document must be before yajl sees it: UTF-8, with surrogate escapes in pairs. yajl's own
 * check of UTF-8 passes overlong forms and surrogates, and it decodes a lone surrogate escape to
 * something else and swallows the byte after it.
 */
#include "spec/json_tree.h"

#include <stdlib.h>
#include <string.h>

int json_problem_at(struct error *e, const char *text, size_t offset, const char *what)
{
	size_t line = 1, column = 1;

	for (size_t i = 0; i < offset; i++) {
		if (text[i] == '\n')
			line++, column = 1;
		else if (((unsigned char)text[i] & 0xc0) != 0x80)
			column++;
	}
	return error_add(e, "", "line %zu, column %zu: %s", line, column, what);
}

size_t json_character(const unsigned char *s, size_t left)
{
	size_t n = s[0] < 0x80   ? 1
		   : s[0] < 0xc2 ? 0
		   : s[0] < 0xe0 ? 2
		   : s[0] < 0xf0 ? 3
		   : s[0] < 0xf5 ? 4
				 : 0;

	if (!n || n > left)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

static int check_utf8(const char *text, size_t length, struct error *e)
{
	size_t i = 0;

	while (i < length) {
		uint64_t word;
		size_t n;

		/* Nearly all of it is ASCII: eight bytes at a time. */
		if (length - i >= sizeof(word)) {
			memcpy(&word, text + i, sizeof(word));
			if (!(word & 0x8080808080808080)) {
				i += sizeof(word);
				continue;
			}
		}
		n = json_character((const unsigned char *)text + i, length - i);
		if (!n)
			return json_problem_at(e, text, i, "a byte that is not UTF-8");
		i += n;
	}
	return 0;
}

/* The value of the four digits of "\uXXXX" at s, -1 when there is no such escape; yajl says what is
 * wrong with it. */
static long escape_value(const char *s, const char *end)
{
	char digits[5] = { 0 }, *rest;
	long value;

	if (end - s < 6 || s[0] != '\\' || s[1] != 'u')
		return -1;
	memcpy(digits, s + 2, 4);
	if (strspn(digits, "0123456789abcdefABCDEF") != 4)
		return -1;
	value = strtol(digits, &rest, 16);
	return value;
}

static int check_surrogates(const char *text, size_t length, struct error *e)
{
	const char *end = text + length, *s = text;

	while ((s = memchr(s, '\\', (size_t)(end - s)))) {
		long value = escape_value(s, end);

		if (value >= 0xd800 && value <= 0xdfff) {
			long low = value <= 0xdbff ? escape_value(s + 6, end) : -1;
			if (low < 0xdc00 || low > 0xdfff)
				return json_problem_at(e, text, (size_t)(s - text),
						       "half of a surrogate pair");
			s += 6;
		}
		s += s + 1 < end ? 2 : 1;
	}
	return 0;
}

int json_text_check(const char *text, size_t length, struct error *e)
{
	return check_utf8(text, length, e) || check_surrogates(text, length, e) ? -1 : 0;
}
