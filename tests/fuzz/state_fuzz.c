/* Any bytes as state.json: read or refused, never more. What is read can be printed and read again.
 */
#include "spec/status.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct record record = { 0 }, again = { 0 };
	struct error e = ERROR_NONE;
	struct arena a;
	size_t length;

	if (arena_init(&a, (size_t)256 << 20, &e))
		abort();
	if (!json_read(&record_table, &record, (const char *)data, size, &a, NULL, &e)) {
		char *text = json_print(&record_table, &record, 2, &a, &length);

		if (json_read(&record_table, &again, text, length, &a, NULL, &e))
			abort();
	}
	arena_free(&a);
	return 0;
}
