/* See device_list.h. */
#include "runtime/parent/device_list.h"

#include "runtime/file.h"
#include "spec/number.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static unsigned access_of(const char *letters, size_t n)
{
	unsigned bits = 0;

	for (size_t i = 0; i < n; i++)
		bits |= letters[i] == 'r'   ? 1U
			: letters[i] == 'w' ? 2U
			: letters[i] == 'm' ? 4U
					    : 0;
	return bits;
}

char *device_access_text(unsigned access, char text[4])
{
	snprintf(text, 4, "%s%s%s", access & 1 ? "r" : "", access & 2 ? "w" : "",
		 access & 4 ? "m" : "");
	return text;
}

static struct device_entry *find(const struct device_list *list, const struct device_entry *like)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->v[i].type == like->type && list->v[i].major == like->major &&
		    list->v[i].minor == like->minor)
			return &list->v[i];
	return NULL;
}

/* The list has room. */
static void add(struct device_list *list, const struct device_entry *entry)
{
	struct device_entry *there = find(list, entry);

	if (there)
		there->access |= entry->access;
	else
		list->v[list->n++] = *entry;
}

struct device_list device_list_of_rules(struct arena *a, const plan_device_rule_list *rules)
{
	struct device_list list = { .all = true,
				    .v = arena_array(a, struct device_entry, rules->n) };

	for (size_t i = 0; i < rules->n; i++) {
		const struct plan_device_rule *r = &rules->v[i];
		const struct device_entry entry = { r->type[0], r->major, r->minor,
						    access_of(r->access, strlen(r->access)) };
		struct device_entry *there = find(&list, &entry);
		if (entry.type == 'a') {
			list.all = r->allow;
			list.n = 0;
		} else if (r->allow != list.all) {
			add(&list, &entry);
		} else if (there) {
			there->access &= ~entry.access;
		}
	}
	return list;
}

/* A number, or "*" for all: -1. */
static bool read_number(const char **at, int64_t *out)
{
	uint64_t n;

	if (**at == '*') {
		*out = -1;
		++*at;
		return true;
	}
	if (!number_read(at, UINT32_MAX, &n))
		return false;
	*out = (int64_t)n;
	return true;
}

/* "c 10:200 rwm" */
static bool read_entry(const char *line, struct device_entry *out)
{
	const char *at = line + 2;

	*out = (struct device_entry){ .type = line[0] };
	if (!line[0] || line[1] != ' ' || !read_number(&at, &out->major) || *at++ != ':' ||
	    !read_number(&at, &out->minor) || *at++ != ' ')
		return false;
	out->access = access_of(at, strcspn(at, "\n"));
	return true;
}

struct device_list device_list_of_text(struct arena *a, const char *text)
{
	size_t lines = 0;
	struct device_list list = { 0 };
	struct device_entry entry;

	for (const char *at = text; *at; at++)
		lines += *at == '\n';
	list.v = arena_array(a, struct device_entry, lines + 1);
	for (const char *line = text, *end; *line; line = end + (*end == '\n')) {
		end = strchrnul(line, '\n');
		if (!read_entry(line, &entry))
			continue;
		if (entry.type == 'a')
			list.all = true;
		else
			add(&list, &entry);
	}
	return list;
}

static const char *shown(char *out, size_t size, int64_t number)
{
	snprintf(out, size, number < 0 ? "*" : "%" PRId64, number);
	return out;
}

static int write_entry(int directory, const char *file, const struct device_entry *d, unsigned bits)
{
	char text[80], major[24], minor[24], access[4];

	snprintf(text, sizeof(text), "%c %s:%s %s", d->type, shown(major, sizeof(major), d->major),
		 shown(minor, sizeof(minor), d->minor), device_access_text(bits, access));
	return file_write_at(directory, file, text);
}

/* Write to the file the entries of one list with what another lacks of them. */
static int write_missing(int directory, const char *file, const struct device_list *of,
			 const struct device_list *in)
{
	for (size_t i = 0; i < of->n; i++) {
		const struct device_entry *there = find(in, &of->v[i]);
		const unsigned bits = of->v[i].access & ~(there ? there->access : 0U);
		if (bits && write_entry(directory, file, &of->v[i], bits) < 0)
			return -1;
	}
	return 0;
}

int device_list_change(int directory, const struct device_list *from, const struct device_list *to)
{
	const struct device_list none = { 0 };
	const char *const exception = to->all ? "devices.deny" : "devices.allow";
	const char *const rest = to->all ? "devices.allow" : "devices.deny";

	if (!from->all && !to->all)
		return write_missing(directory, exception, to, from) < 0
			       ? -1
			       : write_missing(directory, rest, from, to);
	/* The word for all clears the exceptions. */
	if (file_write_at(directory, rest, "a") < 0)
		return -1;
	return write_missing(directory, exception, to, &none);
}
