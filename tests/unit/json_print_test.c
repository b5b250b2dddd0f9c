/*
 * json_print.c: escapes, indentation, and what counts as absent.
 */
#include "unit.h"

#include "spec/status.h"

struct inner {
	uint32_t n;
};

struct outer {
	bool flag;
	uint32_t zero;
	struct strings list;
	struct strings always;
	struct pairs pairs;
	struct inner inner;
	struct inner *object;
	LIST_OF(struct inner) items;
	uint64_t *pointer;
};

static const struct json_field inner_fields[] = { FIELD("n", struct inner, n, JSON_OMITZERO) };
static const struct json_table inner_table = TABLE(struct inner, inner_fields);
static const struct json_field outer_fields[] = {
	FIELD("flag", struct outer, flag, JSON_OMITZERO),
	FIELD("zero", struct outer, zero, 0),
	FIELD("list", struct outer, list, 0),
	FIELD("always", struct outer, always, JSON_ALWAYS),
	FIELD("pairs", struct outer, pairs, JSON_ALWAYS),
	FIELD_INLINE("inner", struct outer, inner, JSON_OMITZERO, &inner_table),
	FIELD_OBJECT("object", struct outer, object, 0, &inner_table),
	FIELD_LIST("items", struct outer, items, 0, &inner_table),
	FIELD("pointer", struct outer, pointer, 0),
	FIELD("hidden", struct outer, zero, JSON_HIDDEN),
};
static const struct json_table outer_table = TABLE(struct outer, outer_fields);

struct numbers {
	char *text;
	struct strings list;
	struct pairs pairs;
};
static const struct json_field numbers_fields[] = {
	FIELD("text", struct numbers, text, JSON_NUMBERS),
	FIELD("list", struct numbers, list, JSON_NUMBERS),
	FIELD("pairs", struct numbers, pairs, JSON_NUMBERS),
};
static const struct json_table numbers_table = TABLE(struct numbers, numbers_fields);

/* What is a number already is put as it is: no conversion can change it. */
static void numbers(void **state)
{
	struct pair pair = { "a\"b", "18446744073709551615" };
	struct numbers n = {
		.text = "0.10",
		.list = { 2, (char *[]){ "1", "20" } },
		.pairs = { 1, &pair },
	};
	struct numbers none = { 0 };

	assert_string_equal(
		json_print(&numbers_table, &n, 0, *state, NULL),
		"{\"text\":0.10,\"list\":[1,20],\"pairs\":{\"a\\\"b\":18446744073709551615}}");
	assert_string_equal(json_print(&numbers_table, &none, 0, *state, NULL), "{}");
}

static void quotes(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "", "\"\"" },
		{ "a\"b\\c/", "\"a\\\"b\\\\c/\"" },
		{ "\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\"" },
		{ "\x01\x1f\x7f", "\"\\u0001\\u001f\\u007f\"" },
		{ "\xc3\xa9\xf0\x9f\x98\x80", "\"\xc3\xa9\xf0\x9f\x98\x80\"" },
		{ "a\xff"
		  "b\xc3",
		  "\"a\xef\xbf\xbd"
		  "b\xef\xbf\xbd\"" },
		{ "\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
		{ "\xc0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\"" },
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		assert_string_equal(json_quote(cases[i].in, *state), cases[i].out);
}

static void shapes(void **state)
{
	struct outer o = { 0 };
	struct inner items[2] = { { 0 }, { 5 } };
	char *strings[] = { "x", "y", NULL };
	struct pair pair = { "k", "v" };
	uint64_t number = UINT64_MAX;
	size_t n;

	assert_string_equal(json_print(&outer_table, &o, 0, *state, &n),
			    "{\"zero\":0,\"always\":[],\"pairs\":{}}");
	assert_int_equal(n, 33);
	o = (struct outer){ .flag = true,
			    .zero = 1,
			    .list = { 2, strings },
			    .pairs = { 1, &pair },
			    .inner = { 3 },
			    .object = items,
			    .items = { 2, items },
			    .pointer = &number };
	assert_string_equal(
		json_print(&outer_table, &o, 0, *state, NULL),
		"{\"flag\":true,\"zero\":1,\"list\":[\"x\",\"y\"],\"always\":[],\"pairs\":{\"k\":\"v\"},"
		"\"inner\":{\"n\":3},\"object\":{},\"items\":[{},{\"n\":5}],\"pointer\":18446744073709551615}");
	o = (struct outer){ .items = { 2, items } };
	assert_string_equal(
		json_print(&outer_table, &o, 2, *state, NULL),
		"{\n  \"zero\": 0,\n  \"always\": [],\n  \"pairs\": {},\n  \"items\": [\n    {},\n    {\n      \"n\": 5\n"
		"    }\n  ]\n}");
}

int main(void)
{
	const struct CMUnitTest tests[] = { ARENA_TEST(numbers), ARENA_TEST(quotes),
					    ARENA_TEST(shapes) };

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("json_print", tests, NULL, NULL);
}
