/*
 * A sealed plan as the child gets it, with some of its bytes changed: each three bytes of the input
 * say where and how. It is refused, or everything that can be reached from it lies inside. The plan
 * has something in every row of every table, as deep as they go.
 */
#include "tests/fuzz/fuzz.h"

#include "runtime/plan.h"

#include <sys/mman.h>

#define DEPTH 4

static char *image;
static size_t image_size;
static int seals;

static void fill(const struct json_table *table, char *object, struct arena *a, int depth);

static void fill_list(const struct json_field *f, LIST_OF(char) * list, struct arena *a, int depth)
{
	const struct json_table *table = f->sub;

	list->n = depth ? 2 : 0;
	list->v = arena_alloc(a, 2 * table->size);
	for (size_t i = 0; i < list->n; i++)
		fill(table, list->v + i * table->size, a, depth - 1);
}

static void fill_strings(struct strings *s, struct arena *a)
{
	*s = (struct strings){ 2, arena_array(a, char *, 3) };
	s->v[0] = arena_strdup(a, "one");
	s->v[1] = arena_strdup(a, "two");
}

static void fill_pairs(struct pairs *p, struct arena *a)
{
	*p = (struct pairs){ 1, arena_array(a, struct pair, 1) };
	p->v[0] = (struct pair){ arena_strdup(a, "key"), arena_strdup(a, "value") };
}

static void fill_field(const struct json_field *f, void *member, struct arena *a, int depth)
{
	if (f->kind & JSON_POINTER) {
		struct json_field inner = *f;
		inner.kind &= ~JSON_POINTER;
		*(void **)member = arena_alloc(a, 32);
		fill_field(&inner, *(void **)member, a, depth);
		return;
	}
	switch (f->kind) {
	case JSON_STRING: *(char **)member = arena_strdup(a, "text"); break;
	case JSON_STRINGS: fill_strings(member, a); break;
	case JSON_U32S:
		*(struct u32s *)member = (struct u32s){ 3, arena_array(a, uint32_t, 3) };
		break;
	case JSON_PAIRS: fill_pairs(member, a); break;
	case JSON_OBJECT:
		if (depth) {
			const struct json_table *table = f->sub;
			*(void **)member = arena_alloc(a, table->size);
			fill(table, *(void **)member, a, depth - 1);
		}
		break;
	case JSON_LIST:
	case JSON_KEYED: fill_list(f, member, a, depth); break;
	case JSON_INLINE: fill(f->sub, member, a, depth); break;
	default: break; /* a number: 0 is one */
	}
}

static void fill(const struct json_table *table, char *object, struct arena *a, int depth)
{
	for (uint16_t i = 0; i < table->n; i++)
		fill_field(&table->fields[i], object + table->fields[i].offset, a, depth);
}

static void begin(void)
{
	struct error e = ERROR_NONE;
	struct arena a;

	reserve(&a, (size_t)64 << 20);
	struct plan *plan = arena_new(&a, struct plan);
	fill(&plan_table, (char *)plan, &a, DEPTH);
	int fd = plan_seal(&a, plan, &e);
	need(fd >= 0);
	seals = fcntl(fd, F_GET_SEALS);
	image_size = lseek(fd, 0, SEEK_END);
	image = malloc(image_size);
	need(pread(fd, image, image_size, 0) == (ssize_t)image_size);
	close(fd);
	arena_free(&a);
}

static const char *from, *to; /* where it is mapped */

static void inside(const void *p, size_t n)
{
	need((const char *)p >= from && (const char *)p <= to &&
	     n <= (size_t)(to - (const char *)p));
}

static void check(const struct json_table *table, const char *object);

static void check_text(const char *s)
{
	if (s) {
		inside(s, 1);
		inside(s, strlen(s) + 1);
	}
}

static void check_field(const struct json_field *f, const void *member)
{
	const LIST_OF(char) *list = member;
	const struct json_table *table = f->sub;

	if (f->kind & JSON_POINTER) {
		struct json_field inner = *f;
		inner.kind &= ~JSON_POINTER;
		const void *at = *(void *const *)member;
		if (at) {
			size_t n = json_kind_size(f);
			inside(at, n ? n : 1);
			check_field(&inner, at);
		}
		return;
	}
	switch (f->kind) {
	case JSON_STRING: check_text(*(char *const *)member); break;
	case JSON_STRINGS:
		for (size_t i = 0; i < list->n; i++)
			check_text(((const struct strings *)member)->v[i]);
		break;
	case JSON_U32S: inside(list->n ? list->v : from, list->n * sizeof(uint32_t)); break;
	case JSON_PAIRS:
		for (size_t i = 0; i < list->n; i++) {
			check_text(((const struct pairs *)member)->v[i].key);
			check_text(((const struct pairs *)member)->v[i].value);
		}
		break;
	case JSON_OBJECT:
		if (*(void *const *)member) {
			inside(*(void *const *)member, table->size);
			check(table, *(void *const *)member);
		}
		break;
	case JSON_LIST:
	case JSON_KEYED:
		for (size_t i = 0; i < list->n; i++) {
			inside(list->v + i * table->size, table->size);
			check(table, list->v + i * table->size);
		}
		break;
	case JSON_INLINE: check(table, member); break;
	default: break;
	}
}

static void check(const struct json_table *table, const char *object)
{
	for (uint16_t i = 0; i < table->n; i++)
		check_field(&table->fields[i], object + table->fields[i].offset);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct plan *plan = NULL;
	struct error e = ERROR_NONE;
	struct arena a;

	if (!image)
		begin();
	char *bytes = malloc(image_size);
	memcpy(bytes, image, image_size);
	for (size_t i = 0; i + 3 <= size; i += 3)
		bytes[(data[i] | (size_t)data[i + 1] << 8) % image_size] ^= (char)data[i + 2];
	int fd = memfd_create("fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	need(fd >= 0 && write(fd, bytes, image_size) == (ssize_t)image_size &&
	     fcntl(fd, F_ADD_SEALS, seals) == 0);
	free(bytes);
	/* It maps it where the kernel finds room for that many bytes, and never unmaps it. */
	from = mmap(NULL, image_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	to = from + image_size;
	munmap((void *)from, image_size);
	if (plan_attach(fd, &plan, &e) == 0) {
		inside(plan, sizeof(*plan));
		check(&plan_table, (const char *)plan);
		reserve(&a, (size_t)256 << 20);
		json_print(&plan_table, plan, 0, &a, NULL);
		arena_free(&a);
	} else {
		need(*e.text);
	}
	munmap((void *)from, image_size);
	close(fd);
	return 0;
}
