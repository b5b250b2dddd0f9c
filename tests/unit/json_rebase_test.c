/*
 * json_rebase.c: bytes that were moved work at their new place, and bytes that were tampered with
 * are refused before they are followed.
 */
#include "unit.h"

#include "spec/spec.h"

static const char text[] =
	"{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"},\"mounts\":[{\"destination\":\"/a\",\"options\":[\"ro\",\"bind\"]},"
	"{\"destination\":\"/b\"}],\"process\":{\"cwd\":\"/\",\"args\":[\"sh\"],\"env\":[],\"user\":{\"uid\":1,\"umask\":2,"
	"\"additionalGids\":[1,2,3]}},\"hooks\":{\"prestart\":[{\"path\":\"/h\",\"env\":[\"A=b\"]}]},\"annotations\":{\"k\":\"v\"},"
	"\"linux\":{\"namespaces\":[{\"type\":\"mount\"},{\"type\":\"network\"}],\"netDevices\":{\"eth0\":{\"name\":\"e\"}}}}";

struct moved {
	char *bytes;
	size_t size;
	uintptr_t from;
	struct spec *spec;
};

static void move(struct arena *a, struct moved *m)
{
	struct error e = ERROR_NONE;
	struct spec *s;

	if (spec_read(a, text, sizeof(text) - 1, &s, NULL, &e))
		fail_msg("%s", shown(&e));
	m->size = ((a->used + 15) & ~(size_t)15) + 16;
	m->from = (uintptr_t)a->base;
	m->bytes = aligned_alloc(16, m->size);
	memcpy(m->bytes, a->base, m->size);
	m->spec = (struct spec *)(m->bytes + ((char *)s - a->base));
}

static int rebase(struct moved *m, struct error *e)
{
	*e = ERROR_NONE;
	return json_rebase(&spec_table, m->spec, m->from, (uintptr_t)m->bytes, m->size, e);
}

/* A pointer as the sender wrote it, to an offset of the piece. */
static void *at(const struct moved *m, size_t offset)
{
	return (void *)(m->from + offset);
}

static void works(void **state)
{
	struct moved m;
	struct error e;

	move(*state, &m);
	assert_int_equal(rebase(&m, &e), 0);
	assert_string_equal(m.spec->mounts.v[0].options.v[1], "bind");
	assert_string_equal(m.spec->linux->net_devices.v[0].key, "eth0");
	assert_string_equal(m.spec->hooks->prestart.v[0].env->v[0], "A=b");
	assert_true(m.spec->process->env.v && !m.spec->process->env.v[0] &&
		    *m.spec->process->user.umask == 2);
	assert_true((char *)m.spec->process > m.bytes &&
		    (char *)m.spec->process < m.bytes + m.size);
	free(m.bytes);
}

enum tamper {
	STRING_BEFORE,
	STRING_BEHIND,
	STRING_AT_END,
	OBJECT_LATE,
	OBJECT_UNALIGNED,
	OBJECT_TWICE,
	LIST_LONG,
	LIST_OVERFLOW,
	NULL_ELEMENT,
	NO_TERMINATOR,
	LAST_BYTE,
	BOOL,
	SELF,
	NUMBER_BEHIND,
	TAMPERS,
};

static void tamper(struct moved *m, enum tamper how)
{
	struct spec *s = m->spec;

	/* Only what hangs directly on the root is touched: the rest still has the sender's
	 * addresses. */
	switch (how) {
	case STRING_BEFORE: s->oci_version = (char *)(m->from - 1); break;
	case STRING_BEHIND:
	case STRING_AT_END: s->oci_version = at(m, m->size + (how == STRING_BEHIND)); break;
	case OBJECT_LATE: s->process = at(m, m->size - 16); break;
	case OBJECT_UNALIGNED: s->root = (struct spec_root *)((char *)s->root + 4); break;
	case OBJECT_TWICE: s->hooks = (struct spec_hooks *)s->process; break;
	case LIST_LONG: s->mounts.n = 1000; break;
	case LIST_OVERFLOW: s->mounts.n = SIZE_MAX / 8; break;
	case NULL_ELEMENT: s->annotations.n = 2; break;
	case NO_TERMINATOR:
		((struct spec_process *)(m->bytes + ((uintptr_t)s->process - m->from)))->args.n = 0;
		break;
	case LAST_BYTE: m->bytes[m->size - 1] = 'x'; break;
	case BOOL:
		memset(&((struct spec_root *)(m->bytes + ((uintptr_t)s->root - m->from)))->readonly,
		       7, 1);
		break;
	case SELF: s->root = at(m, (size_t)((char *)s - m->bytes)); break;
	case NUMBER_BEHIND:
		((struct spec_process *)(m->bytes + ((uintptr_t)s->process - m->from)))->user.umask =
			at(m, m->size - 3);
		break;
	case TAMPERS: break;
	}
}

static void tampered(void **state)
{
	for (enum tamper how = 0; how < TAMPERS; how++) {
		struct moved m;
		struct error e;

		move(*state, &m);
		tamper(&m, how);
		if (rebase(&m, &e) != -1)
			fail_msg("tamper %d is not seen", (int)how);
		assert_true(e.text[0]);
		free(m.bytes);
	}
}

/* Whatever the bytes, what is accepted can be read and printed without leaving the piece: the
 * sanitizer watches. */
static void noise(void **state)
{
	unsigned seed = 1;

	for (int round = 0; round < 400; round++) {
		struct arena out;
		struct moved m;
		struct error e = ERROR_NONE;

		((struct arena *)*state)->used = 0;
		memset(((struct arena *)*state)->base, 0, 16384);
		move(*state, &m);
		for (int i = 0; i < 3; i++) {
			seed = seed * 1103515245 + 12345;
			m.bytes[(seed >> 8) % (m.size - 1)] = (char)(seed >> 24);
		}
		if (rebase(&m, &e) == 0) {
			assert_int_equal(arena_init(&out, (size_t)16 << 20, &e), 0);
			json_print(&spec_table, m.spec, 0, &out, NULL);
			arena_free(&out);
		}
		free(m.bytes);
	}
}

static void outside(void **state)
{
	struct moved m;
	struct error e = ERROR_NONE;
	struct spec other;

	move(*state, &m);
	assert_int_equal(json_rebase(&spec_table, &other, m.from, (uintptr_t)m.bytes, m.size, &e),
			 -1);
	assert_int_equal(json_rebase(&spec_table, m.bytes, m.from, (uintptr_t)m.bytes, 0, &e), -1);
	assert_int_equal(json_rebase(&spec_table, m.bytes, m.from, (uintptr_t)m.bytes, 8, &e), -1);
	assert_int_equal(json_rebase(&spec_table, m.bytes + m.size - 8, m.from, (uintptr_t)m.bytes,
				     m.size, &e),
			 -1);
	free(m.bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = { ARENA_TEST(works), ARENA_TEST(tampered),
					    ARENA_TEST(noise), ARENA_TEST(outside) };

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("json_rebase", tests, NULL, NULL);
}
