/*
 * Everything in spec/ that reads bytes it did not write. The first byte chooses: config.json (which
 * is also printed, read again and moved), state.json, process.json, resources.json, or the arena's
 * bytes with the input laid over them.
 */
#include "spec/arena.h"
#include "spec/json.h"
#include "spec/spec.h"
#include "spec/status.h"
#include "tests/fuzz/json_mutator.h"

#include <stdlib.h>
#include <string.h>

#define RESERVE ((size_t)256 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool condition)
{
	if (!condition)
		abort();
}

/* Move what an arena holds, with `noise` xored over it when there is some, and print it at the new
 * place. */
static void fuzz_rebase(const struct json_table *table, struct arena *a, void *object,
			const uint8_t *noise, size_t noise_size)
{
	size_t size = ((a->used + 15) & ~(size_t)15) + 16;
	char *to = aligned_alloc(16, size);
	struct error e = ERROR_NONE;
	struct arena out;

	memcpy(to, a->base, size);
	for (size_t i = 0; i + 3 <= noise_size; i += 3)
		to[(noise[i] | (size_t)noise[i + 1] << 8) % size] ^= (char)noise[i + 2];
	if (json_rebase(table, to + ((char *)object - a->base), (uintptr_t)a->base, (uintptr_t)to,
			size, &e) == 0) {
		need(arena_init(&out, RESERVE, &e) == 0);
		json_print(table, to + ((char *)object - a->base), 0, &out, NULL);
		arena_free(&out);
	} else {
		need(noise_size > 0);
	}
	free(to);
}

/* What was read prints, and what was printed reads and prints the same. */
static void fuzz_round(const struct json_table *table, struct arena *a, void *object)
{
	struct error e = ERROR_NONE;
	size_t length, again;
	char *text = json_print(table, object, 2, a, &length),
	     *compact = json_print(table, object, 0, a, &again), *second;
	void *copy = arena_alloc(a, table->size);

	need(json_read(table, copy, text, length, a, NULL, &e) == 0);
	second = json_print(table, copy, 0, a, &length);
	need(length == again && memcmp(second, compact, length) == 0);
}

static void fuzz_table(const struct json_table *table, struct arena *a, const uint8_t *data,
		       size_t size)
{
	struct strings warnings = { 0 };
	struct error e = ERROR_NONE;
	void *object = arena_alloc(a, table->size);
	char shown[8192];

	if (json_read(table, object, (const char *)data, size, a, &warnings, &e)) {
		need(e.problems > 0 && *error_print(&e, shown, sizeof(shown)));
		return;
	}
	need(e.problems == 0);
	fuzz_rebase(table, a, object, NULL, 0);
	fuzz_round(table, a, object);
	e = ERROR_NONE;
	if (table == &spec_process_table)
		need(spec_validate_process(object, &e) == (e.problems ? -1 : 0));
	if (table == &spec_resources_table)
		need(spec_validate_resources(object, &e) == (e.problems ? -1 : 0));
}

static void fuzz_spec(struct arena *a, const uint8_t *data, size_t size)
{
	struct strings warnings = { 0 };
	struct error e = ERROR_NONE;
	struct spec *s = NULL;
	char shown[8192];

	if (spec_read(a, (const char *)data, size, &s, &warnings, &e))
		need(e.problems > 0 && *error_print(&e, shown, sizeof(shown)));
	else {
		need(s && s->linux && s->root && !e.problems);
		/* What is accepted can be printed and is accepted again. */
		size_t length;
		char *text = json_print(&spec_table, s, 0, a, &length);
		struct spec *again = NULL;
		need(spec_read(a, text, length, &again, &warnings, &e) == 0);
	}
}

/* A document with something of every shape, to be damaged. */
static void fuzz_noise(struct arena *a, const uint8_t *data, size_t size)
{
	static const char text[] =
		"{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"},\"mounts\":[{\"destination\":\"/a\",\"options\":[\"ro\"]},"
		"{\"destination\":\"/b\"}],\"process\":{\"cwd\":\"/\",\"args\":[\"sh\"],\"env\":[],\"user\":{\"umask\":2,"
		"\"additionalGids\":[1,2]}},\"hooks\":{\"prestart\":[{\"path\":\"/h\",\"env\":[\"A=b\"]}]},"
		"\"annotations\":{\"k\":\"v\"},\"linux\":{\"namespaces\":[{\"type\":\"mount\"},{\"type\":\"network\"}],"
		"\"netDevices\":{\"eth0\":{\"name\":\"e\"}}}}";
	struct error e = ERROR_NONE;
	struct spec *s = NULL;

	need(spec_read(a, text, sizeof(text) - 1, &s, NULL, &e) == 0);
	if (size)
		fuzz_rebase(&spec_table, a, s, data, size);
}

const struct json_table *json_mutator_table(const uint8_t *data, size_t size, size_t *skip)
{
	*skip = size ? 1 : 0;
	switch (size ? data[0] : 0) {
	case 'S': return &record_table;
	case 'P': return &spec_process_table;
	case 'R': return &spec_resources_table;
	case 'N': return NULL;
	default: *skip = 0; return &spec_table;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error e = ERROR_NONE;
	struct arena a;

	if (!size)
		return 0;
	need(arena_init(&a, RESERVE, &e) == 0);
	switch (data[0]) {
	case 'S': fuzz_table(&record_table, &a, data + 1, size - 1); break;
	case 'P': fuzz_table(&spec_process_table, &a, data + 1, size - 1); break;
	case 'R': fuzz_table(&spec_resources_table, &a, data + 1, size - 1); break;
	case 'N': fuzz_noise(&a, data + 1, size - 1); break;
	default:
		/* A config.json begins with "{": a corpus may be plain files. */
		fuzz_spec(&a, data, size);
		fuzz_table(&spec_table, &a, data, size);
	}
	arena_free(&a);
	return 0;
}
