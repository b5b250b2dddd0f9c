/* Any bytes as config.json: the reader and the validator say yes or no, and what they accept can be
 * printed and read again. */
#include "spec/spec.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct strings warnings = { 0 }, again = { 0 };
	struct error e = ERROR_NONE;
	struct arena a;
	struct spec *spec, *second;
	size_t length;
	char *text;

	if (arena_init(&a, (size_t)256 << 20, &e))
		abort();
	if (spec_read(&a, (const char *)data, size, &spec, &warnings, &e)) {
		char line[sizeof(e)];

		/* A refusal always says something. */
		if (!*error_print(&e, line, sizeof(line)))
			abort();
	} else {
		text = json_print(&spec_table, spec, 0, &a, &length);
		if (spec_read(&a, text, length, &second, &again, &e))
			abort();
	}
	arena_free(&a);
	return 0;
}
