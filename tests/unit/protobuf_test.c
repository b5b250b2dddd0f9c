/* protobuf.c: what is written has the format's bytes, what is read keeps to its own bounds. */
#include "unit.h"

#include "runtime/parent/protobuf.h"

#include <errno.h>

struct message {
	unsigned char bytes[64];
	struct protobuf p;
};

static struct protobuf *begin(struct message *m, size_t room)
{
	m->p = (struct protobuf){ .bytes = m->bytes, .room = room };
	return &m->p;
}

/* The examples of the format's own description. */
static void test_numbers_texts_and_messages(void **state)
{
	static const unsigned char wanted[] = { 0x08, 0x96, 0x01, 0x12, 0x07, 't',  'e',  's',
						't',  'i',  'n',  'g',  0x1a, 0x03, 0x08, 0x96,
						0x01, 0x82, 0x04, 0x00, 0x20, 0x00 };
	struct message inner, m;
	struct protobuf *p = begin(&m, sizeof(m.bytes));

	(void)state;
	protobuf_number(begin(&inner, sizeof(inner.bytes)), 1, 150);
	protobuf_number(p, 1, 150);
	protobuf_text(p, 2, "testing");
	protobuf_message(p, 3, &inner.p);
	protobuf_text(p, 64, "");
	protobuf_number(p, 4, false);
	assert_false(p->full);
	assert_int_equal(p->n, sizeof(wanted));
	assert_memory_equal(p->bytes, wanted, sizeof(wanted));
}

static void test_numbers_of_all_sizes_come_back(void **state)
{
	static const uint64_t numbers[] = { 0,          1,          127,
					    128,        16383,      16384,
					    UINT32_MAX, UINT64_MAX, (uint64_t)(int64_t)-1 };

	(void)state;
	for (size_t i = 0; i < COUNT(numbers); i++) {
		struct message m;
		struct protobuf_field f;
		protobuf_number(begin(&m, sizeof(m.bytes)), 536870911, numbers[i]);
		struct protobuf_reader r = { m.bytes, m.p.n };
		assert_int_equal(protobuf_next(&r, &f), 1);
		assert_int_equal(f.number, 536870911);
		assert_true(f.value == numbers[i]);
		assert_null(f.bytes.at);
		assert_int_equal(protobuf_next(&r, &f), 0);
	}
}

static void test_a_message_without_room_is_full(void **state)
{
	struct message m, inner;

	(void)state;
	for (size_t room = 0; room < 9; room++) {
		protobuf_text(begin(&m, room), 2, "testing");
		assert_true(m.p.full);
		assert_true(m.p.n <= room);
		protobuf_message(begin(&inner, sizeof(inner.bytes)), 1, &m.p);
		assert_true(inner.p.full);
	}
	protobuf_text(begin(&m, 9), 2, "testing");
	assert_false(m.p.full);
}

static void test_texts_are_copied_as_far_as_there_is_room(void **state)
{
	struct message m;
	struct protobuf_field f;
	char text[5];

	(void)state;
	protobuf_text(begin(&m, sizeof(m.bytes)), 2, "testing");
	struct protobuf_reader r = { m.bytes, m.p.n };
	assert_int_equal(protobuf_next(&r, &f), 1);
	protobuf_copy(&f, text, sizeof(text));
	assert_string_equal(text, "test");
	f = (struct protobuf_field){ .number = 2, .value = 7 };
	protobuf_copy(&f, text, sizeof(text));
	assert_string_equal(text, "");
}

static void test_other_types_are_passed_over(void **state)
{
	static const unsigned char bytes[] = { 0x09, 1,    2, 3, 4, 5, 6,    7,
					       8,    0x15, 1, 2, 3, 4, 0x18, 5 };
	struct protobuf_reader r = { bytes, sizeof(bytes) };
	struct protobuf_field f;

	(void)state;
	assert_int_equal(protobuf_next(&r, &f), 1);
	assert_int_equal(protobuf_next(&r, &f), 1);
	assert_int_equal(f.number, 2);
	assert_int_equal(protobuf_next(&r, &f), 1);
	assert_int_equal(f.number, 3);
	assert_int_equal(f.value, 5);
}

static void test_broken_bytes_are_an_error(void **state)
{
	static const struct {
		size_t n;
		unsigned char bytes[12];
	} broken[] = {
		{ 1, { 0x80 } },       /* a key that does not end */
		{ 1, { 0x08 } },       /* no number */
		{ 2, { 0x08, 0x80 } }, /* half a number */
		{ 2, { 0x12, 0x01 } }, /* a text longer than what is there */
		{ 3, { 0x12, 0x02, 'a' } },
		{ 11, { 0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01 } },
		{ 12, { 0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01 } },
		{ 2, { 0x00, 0x01 } }, /* number 0 */
		{ 2, { 0x0b, 0x01 } }, /* a group */
		{ 2, { 0x0f, 0x01 } }, /* no type at all */
		{ 4, { 0x09, 1, 2, 3 } },
		{ 3, { 0x0d, 1, 2 } },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(broken); i++) {
		struct protobuf_reader r = { broken[i].bytes, broken[i].n };
		struct protobuf_field f;
		errno = 0;
		assert_int_equal(protobuf_next(&r, &f), -1);
		assert_int_equal(errno, EBADMSG);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers_texts_and_messages),
		cmocka_unit_test(test_numbers_of_all_sizes_come_back),
		cmocka_unit_test(test_a_message_without_room_is_full),
		cmocka_unit_test(test_texts_are_copied_as_far_as_there_is_room),
		cmocka_unit_test(test_other_types_are_passed_over),
		cmocka_unit_test(test_broken_bytes_are_an_error),
	};

	return cmocka_run_group_tests_name("protobuf", tests, NULL, NULL);
}
