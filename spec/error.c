/*
 * The text of an error is put together here and nowhere else, so that each kind of story is cut,
 * joined and printed in one way.
 */
#include "spec/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define PROBLEM_MAX \
	400 /* bytes of one problem's text; a longer one quotes a value nobody will read whole */

/* How many bytes the UTF-8 character at s has; 0: it is none, or a control character. U+0080 to
 * U+009F are those, too, as their last byte is alone: U+009B begins what ESC [ does. */
static size_t printable(const unsigned char *s)
{
	if (*s < 0x80)
		return *s >= 0x20 && *s != 0x7f;
	if (*s < 0xc2 || *s > 0xf4 || (*s == 0xc2 && s[1] < 0xa0))
		return 0;
	size_t n = *s < 0xe0 ? 2 : *s < 0xf0 ? 3 : 4;
	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

/* Values come from documents, file names and what hooks say: none may move the cursor of a terminal
 * or begin a line of its own. */
static void clean(char *s, bool keep_lines)
{
	while (*s) {
		const bool line = keep_lines && (*s == '\n' || *s == '\t');
		size_t n = line ? 1 : printable((unsigned char *)s);
		if (!n)
			*s = '?';
		s += n ? n : 1;
	}
}

/* Put `head` and `separator` in front of what is in `buffer`, which loses its end when there is no
 * room. */
static void prepend(char *buffer, size_t size, const char *head, const char *separator)
{
	size_t old = strlen(buffer), front = strlen(head), middle = old ? strlen(separator) : 0;

	if (front + middle >= size) {
		front = front < size ? front : size - 1;
		middle = old = 0;
	}
	if (old > size - 1 - front - middle)
		old = size - 1 - front - middle;
	memmove(buffer + front + middle, buffer, old);
	memcpy(buffer, head, front);
	memcpy(buffer + front, separator, middle);
	buffer[front + middle + old] = '\0';
}

static void format_cut(char *out, size_t size, const char *format, va_list args)
{
	int n = vsnprintf(out, size, format, args);

	if (n >= 0 && (size_t)n >= size)
		strcpy(out + size - 4, "...");
}

/* "open %s": the first argument, if that is an absolute path. */
static void keep_path(struct error *e, const char *format, va_list args)
{
	const char *first = strchr(format, '%');
	const char *path = first && first[1] == 's' ? va_arg(args, const char *) : NULL;

	if (path && path[0] == '/' && strlen(path) < sizeof(e->path))
		strcpy(e->path, path);
}

const char *error_name(int code)
{
	static __thread char number[16];
	const char *name = strerrorname_np(code);

	if (name)
		return name;
	snprintf(number, sizeof(number), "E%d", code);
	return number;
}

const char *error_why(int code)
{
	const char *why = strerrordesc_np(code);

	return why ? why : "unknown error";
}

static int set(struct error *e, int code, const char *format, va_list args)
{
	va_list again;
	size_t n;

	e->code = code;
	e->problems = 0;
	e->context[0] = e->field[0] = e->syscall[0] = e->path[0] = e->hint[0] = '\0';
	va_copy(again, args);
	format_cut(e->text, sizeof(e->text), format, args);
	if (code)
		keep_path(e, format, again);
	va_end(again);
	clean(e->text, true);
	n = strlen(e->text);
	if (code)
		snprintf(e->text + n, sizeof(e->text) - n, ": %s (%s)", error_why(code),
			 error_name(code));
	return -1;
}

int(error_set)(struct error *e, int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	set(e, code, format, args);
	va_end(args);
	return -1;
}

int(error_set_call)(struct error *e, int code, const char *name, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	set(e, code, format, args);
	va_end(args);
	snprintf(e->syscall, sizeof(e->syscall), "%s", name);
	return -1;
}

/* Several problems: every line begins with a place, and each gets the outer place in front. */
static void place_lines(struct error *e, const char *place)
{
	char old[sizeof(e->text)];
	size_t used = 0;

	strcpy(old, e->text);
	e->text[0] = '\0';
	for (char *line = old, *next; line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		int n = snprintf(e->text + used, sizeof(e->text) - used, "%s%s%s%s",
				 used ? "\n" : "", place, *line == '[' ? "" : ".", line);
		if ((size_t)n >= sizeof(e->text) - used) {
			e->text[used] = '\0';
			return;
		}
		used += (size_t)n;
	}
}

int(error_in)(struct error *e, const char *format, ...)
{
	char place[sizeof(e->field)];
	va_list args;

	va_start(args, format);
	vsnprintf(place, sizeof(place), format, args);
	va_end(args);
	clean(place, false);
	if (e->problems > 1)
		place_lines(e, place);
	else
		prepend(e->field, sizeof(e->field), place, e->field[0] == '[' ? "" : ".");
	return -1;
}

int(error_context)(struct error *e, const char *format, ...)
{
	char words[sizeof(e->context)];
	va_list args;

	va_start(args, format);
	vsnprintf(words, sizeof(words), format, args);
	va_end(args);
	clean(words, false);
	prepend(e->context, sizeof(e->context), words, ": ");
	return -1;
}

int(error_hint)(struct error *e, const char *format, ...)
{
	va_list args;

	if (e->hint[0])
		return -1;
	va_start(args, format);
	vsnprintf(e->hint, sizeof(e->hint), format, args);
	va_end(args);
	clean(e->hint, false);
	return -1;
}

/* Append one line to the text, or nothing when it does not fit as a whole. */
static void add_line(struct error *e, const char *field, const char *text)
{
	size_t used = strlen(e->text);
	int n = snprintf(e->text + used, sizeof(e->text) - used, "%s%s%s%s", used ? "\n" : "",
			 field, *field ? ": " : "", text);

	if ((size_t)n >= sizeof(e->text) - used)
		e->text[used] = '\0';
}

int(error_add)(struct error *e, const char *field, const char *format, ...)
{
	char place[sizeof(e->field)], text[PROBLEM_MAX];
	va_list args;

	va_start(args, format);
	format_cut(text, sizeof(text), format, args);
	va_end(args);
	clean(text, false);
	snprintf(place, sizeof(place), "%s", field);
	clean(place, false);

	if (++e->problems == 1) {
		strcpy(e->field, place);
		strcpy(e->text, text);
		return -1;
	}
	if (e->problems == 2) {
		prepend(e->text, sizeof(e->text), e->field, e->field[0] ? ": " : "");
		e->field[0] = '\0';
	}
	if (e->problems <= ERROR_PROBLEMS_MAX)
		add_line(e, place, text);
	return -1;
}

static int lines(const char *text)
{
	int n = 1;

	while ((text = strchr(text, '\n')))
		text++, n++;
	return n;
}

char *error_print(const struct error *e, char *out, size_t size)
{
	int n = snprintf(out, size, "%s%s%s%s%s", e->context, e->context[0] ? ": " : "", e->field,
			 e->field[0] ? ": " : "", e->text);
	int listed = lines(e->text);

	if (e->hint[0] && (size_t)n < size)
		n += snprintf(out + n, size - (size_t)n, " (%s)", e->hint);
	if (e->problems > listed && (size_t)n < size)
		snprintf(out + n, size - (size_t)n, "\nand %d more problem%s", e->problems - listed,
			 e->problems - listed == 1 ? "" : "s");
	return out;
}
