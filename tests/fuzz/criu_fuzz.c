/*
 * What comes with a checkpoint or from criu. The first byte chooses: a message of protocol buffers
 * (P), descriptors.json (D), criu's log (else).
 */
#include "tests/fuzz/fuzz.h"

#include "runtime/parent/criu_images.h"
#include "runtime/parent/protobuf.h"

static void walk(struct protobuf_reader r, int depth)
{
	struct protobuf_field field;
	char text[16];
	int got;

	while ((got = protobuf_next(&r, &field)) > 0) {
		if (!field.bytes.at)
			continue;
		protobuf_copy(&field, text, sizeof(text));
		need(strlen(text) < sizeof(text));
		if (depth)
			walk(field.bytes, depth - 1);
	}
	need(got == 0 || got == -1);
}

static void fuzz_descriptors(const struct criu_images *i, const uint8_t *data, size_t size)
{
	struct error e = ERROR_NONE;
	struct strings fds = { 0 };
	struct arena a;

	reserve(&a, (size_t)64 << 20);
	write_at(i->directory, "descriptors.json", data, size);
	if (criu_descriptors_read(i, &fds, &a, &e) < 0)
		/* Several errors are in the text, each with its field. */
		need(*e.field ? *e.text : strchr(e.text, '\n') != NULL);
	for (size_t k = 0; k < fds.n; k++)
		use(fds.v[k]);
	arena_free(&a);
}

static void fuzz_log(const struct criu_images *i, const uint8_t *data, size_t size)
{
	char reason[64];

	write_at(i->work, CRIU_DUMP_LOG, data, size);
	if (criu_log_reason(i, reason, sizeof(reason)))
		need(strlen(reason) < sizeof(reason) && !strchr(reason, '\n'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct criu_images images = { .directory = -1 };

	if (images.directory < 0)
		images = (struct criu_images){ place(), place(), NULL, CRIU_DUMP_LOG };
	if (!size)
		return 0;
	/* Exactly as long as the input. */
	uint8_t *bytes = malloc(size);
	memcpy(bytes, data + 1, size - 1);
	if (data[0] == 'P')
		walk((struct protobuf_reader){ bytes, size - 1 }, 8);
	else if (data[0] == 'D')
		fuzz_descriptors(&images, bytes, size - 1);
	else
		fuzz_log(&images, bytes, size - 1);
	free(bytes);
	return 0;
}
