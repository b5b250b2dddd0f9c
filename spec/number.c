/* See number.h. */
#include "spec/number.h"

#include <string.h>

bool number_read(const char **at, uint64_t most, uint64_t *out)
{
	const char *digit = *at;
	uint64_t n = 0;

	for (; *digit >= '0' && *digit <= '9'; digit++)
		if (__builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, (uint64_t)(*digit - '0'), &n))
			return false;
	if (digit == *at || n > most)
		return false;
	*at = digit;
	*out = n;
	return true;
}

bool number_read32(const char **at, uint32_t *out)
{
	uint64_t n;

	if (!number_read(at, UINT32_MAX, &n))
		return false;
	*out = (uint32_t)n;
	return true;
}

bool number_next(const char **at, uint64_t *out)
{
	const char *number = *at + strspn(*at, " \t");

	if (!number_read(&number, UINT64_MAX, out))
		return false;
	*at = number;
	return true;
}
