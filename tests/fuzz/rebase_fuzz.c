/*
 * Any bytes as a struct spec that came from another process: json_rebase() says no, or every
 * pointer lies inside and the whole can be printed.
 */
#include "spec/spec.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Where the bytes are said to have been written: small, so that the fuzzer hits it. */
#define FROM 0x1000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t whole = sizeof(struct spec) + size + 1;
	struct error e = ERROR_NONE;
	struct arena a;
	char *bytes = calloc(1, whole);

	if (!bytes || arena_init(&a, (size_t)256 << 20, &e))
		abort();
	memcpy(bytes, data, size);
	if (!json_rebase(&spec_table, bytes, FROM, (uintptr_t)bytes, whole, &e))
		json_print(&spec_table, bytes, 0, &a, NULL);
	arena_free(&a);
	free(bytes);
	return 0;
}
