/*
 * What a cgroup's files say, as `events` reads them and device rules are changed. The input is
 * files, each its name, a newline and its text, with a zero byte between them: those of a cgroup,
 * "net" for /proc/PID/net/dev, "devices.list".
 */
#include "tests/fuzz/fuzz.h"

#include "runtime/parent/device_list.h"
#include "runtime/parent/stats.h"
#include "spec/events.h"

#define FILES_MAX 64

static void fuzz_devices(struct arena *a, const char *text)
{
	const struct device_list list = device_list_of_text(a, text);
	char access[4];

	for (size_t i = 0; i < list.n; i++) {
		const struct device_entry *d = &list.v[i];
		need(d->major >= -1 && d->major <= UINT32_MAX && d->minor >= -1 &&
		     d->minor <= UINT32_MAX && d->access <= 7);
		use(device_access_text(d->access, access));
	}
}

/* Its name, when it is one of the cgroup's. */
static const char *one_file(struct arena *a, int directory, char *name, struct stats *out)
{
	char *text = strchr(name, '\n');

	if (!text || text == name || text - name > 60 || memchr(name, '/', (size_t)(text - name)))
		return NULL;
	*text++ = 0;
	if (!strcmp(name, "net")) {
		stats_of_network(text, a, out);
	} else if (!strcmp(name, "devices.list")) {
		fuzz_devices(a, text);
	} else if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0) {
		write_at(directory, name, text, strlen(text));
		return name;
	}
	return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int directory = -1;
	static char path[40];
	const char *files[FILES_MAX];
	struct stats stats = { 0 };
	struct event event = { .type = "stats", .id = "c1", .data = &stats };
	struct record_cgroup cgroup = { .path = path };
	struct record record = { .cgroups = { 1, &cgroup } };
	size_t n = 0;
	struct arena a;

	if (directory < 0) {
		directory = place();
		snprintf(path, sizeof(path), "/proc/self/fd/%d", directory);
	}
	reserve(&a, (size_t)256 << 20);
	char *text = as_text(data, size);
	for (char *at = text, *next; at < text + size && n < FILES_MAX; at = next) {
		next = at + strlen(at) + 1;
		files[n] = one_file(&a, directory, at, &stats);
		n += files[n] != NULL;
	}
	stats_of_cgroups(&record, &a, &stats);
	use(json_print(&event_table, &event, 0, &a, NULL));
	while (n)
		unlinkat(directory, files[--n], 0);
	free(text);
	arena_free(&a);
	return 0;
}
