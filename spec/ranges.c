/* See ranges.h. */
#include "spec/ranges.h"

#include <string.h>

static const char *skip_spaces(const char *s)
{
	return s + strspn(s, " ");
}

/* A number and the spaces around it; NULL when there is none. One that is too large to matter stays
 * larger than any limit. */
static const char *read_number(const char *s, uint32_t *out)
{
	uint64_t n = 0;

	s = skip_spaces(s);
	if (*s < '0' || *s > '9')
		return NULL;
	for (; *s >= '0' && *s <= '9'; s++)
		n = n > UINT32_MAX / 10 ? UINT32_MAX : n * 10 + (uint64_t)(*s - '0');
	*out = n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
	return skip_spaces(s);
}

bool ranges_read(const char *text, uint32_t most, struct ranges *out, const char *place,
		 struct error *e)
{
	*out = (struct ranges){ 0 };
	for (const char *s = text;; s++) {
		uint32_t first = 0, last;

		s = read_number(s, &first);
		last = first;
		if (s && *s == '-')
			s = read_number(s + 1, &last);
		if (!s || (*s && *s != ',')) {
			error_add(e, place, "\"%.80s\" is no list of numbers such as \"0-3,7\"",
				  text);
			return false;
		}
		if (first > last || last > most) {
			error_add(e, place,
				  last > most ? "\"%.80s\" goes beyond %u, the last possible one"
					      : "\"%.80s\" has a range that ends before it begins",
				  text, most);
			return false;
		}
		for (uint32_t n = first; n <= last; n++)
			out->bits[n / 64] |= (uint64_t)1 << n % 64;
		if (!*s)
			return true;
	}
}

bool ranges_has(const struct ranges *r, uint32_t number)
{
	return r->bits[number / 64] >> number % 64 & 1;
}
