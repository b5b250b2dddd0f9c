/*
 * json_tree.c, json_read.c and json_value.c: what is JSON, what is a value of which kind, the
 * limits, and the words and places of every problem.
 */
#include "unit.h"

#include "spec/json.h"

#include <time.h>

struct item {
	char *key;
	char *name;
	uint32_t number;
};

struct all {
	bool b;
	int32_t i32;
	int64_t i64;
	uint16_t u16;
	uint32_t u32;
	uint64_t u64;
	char *s;
	char *unset;
	struct strings strings;
	struct strings *strings_pointer;
	struct u32s u32s;
	struct pairs pairs;
	bool *bool_pointer;
	uint64_t *u64_pointer;
	uint32_t word;
	uint64_t words;
	uint64_t bits;
	struct item *object;
	struct item inlined;
	LIST_OF(struct item) list;
	LIST_OF(struct item) keyed;
};

static const struct word letters[] = { { "a", 1 }, { "b", 2 }, { "c", 4 } };
static const struct words words_letters = { "letter", letters, COUNT(letters) };

static const struct json_field item_fields[] = {
	FIELD("name", struct item, name, 0),
	FIELD("number", struct item, number, 0),
};
static const struct json_table item_table = TABLE(struct item, item_fields);

static const struct json_field all_fields[] = {
	FIELD("b", struct all, b, 0),
	FIELD("i32", struct all, i32, 0),
	FIELD("i64", struct all, i64, 0),
	FIELD("u16", struct all, u16, 0),
	FIELD("u32", struct all, u32, 0),
	FIELD("u64", struct all, u64, 0),
	FIELD("s", struct all, s, JSON_NONEMPTY),
	FIELD("unset", struct all, unset, JSON_UNSET),
	FIELD("strings", struct all, strings, JSON_NONEMPTY),
	FIELD("stringsPointer", struct all, strings_pointer, 0),
	FIELD("u32s", struct all, u32s, 0),
	FIELD("pairs", struct all, pairs, 0),
	FIELD("boolPointer", struct all, bool_pointer, 0),
	FIELD("u64Pointer", struct all, u64_pointer, 0),
	FIELD_WORD("word", struct all, word, 0, &words_letters),
	FIELD_WORDS("words", struct all, words, JSON_LENIENT, &words_letters),
	FIELD_WORDS("bits", struct all, bits, JSON_BITS, &words_letters),
	FIELD_OBJECT("object", struct all, object, 0, &item_table),
	FIELD_INLINE("inlined", struct all, inlined, 0, &item_table),
	FIELD_LIST("list", struct all, list, 0, &item_table),
	FIELD_KEYED("keyed", struct all, keyed, 0, &item_table),
};
static const struct json_table all_table = TABLE(struct all, all_fields);

static int parse_n(struct arena *a, struct all *out, const char *text, size_t n,
		   struct strings *warnings, struct error *e)
{
	/* A copy without a NUL, of exactly the length: a read beyond it is found by the sanitizer. */
	char *exact = malloc(n ? n : 1);
	int result;

	memcpy(exact, text, n);
	*out = (struct all){ 0 };
	*e = ERROR_NONE;
	result = json_read(&all_table, out, exact, n, a, warnings, e);
	free(exact);
	assert_int_equal(result, e->problems ? -1 : 0);
	return result;
}

static int parse(struct arena *a, struct all *out, const char *text, struct error *e)
{
	return parse_n(a, out, text, strlen(text), NULL, e);
}

static void every_kind(void **state)
{
	struct all v;
	struct error e;

	assert_int_equal(
		parse(*state, &v,
		      "{\"b\":true,\"i32\":-2147483648,\"i64\":-9223372036854775808,\"u16\":65535,\"u32\":4294967295,"
		      "\"u64\":18446744073709551615,\"s\":\"x\\n\\u00e9\\ud83d\\ude00\",\"unset\":\"\","
		      "\"strings\":[\"a\",\"\"],\"stringsPointer\":[],\"u32s\":[0,4294967295],"
		      "\"pairs\":{\"k\":\"v\",\"\":\"\",\"gone\":null},\"boolPointer\":false,\"u64Pointer\":0,"
		      "\"word\":\"c\",\"words\":[\"a\",\"c\",\"a\"],\"bits\":[\"a\",\"c\"],\"object\":{\"name\":\"n\"},"
		      "\"inlined\":{\"number\":7},\"list\":[{},{\"number\":1}],\"keyed\":{\"x\":{\"number\":2},\"y\":null}} \n",
		      &e),
		0);
	assert_true(v.b && v.i32 == INT32_MIN && v.i64 == INT64_MIN && v.u16 == 65535);
	assert_true(v.u32 == UINT32_MAX && v.u64 == UINT64_MAX);
	assert_string_equal(v.s, "x\n\xc3\xa9\xf0\x9f\x98\x80");
	assert_null(v.unset);
	assert_true(v.strings.n == 2 && !v.strings.v[2]);
	assert_string_equal(v.strings.v[0], "a");
	assert_true(v.strings_pointer && v.strings_pointer->n == 0 && v.strings_pointer->v &&
		    !v.strings_pointer->v[0]);
	assert_true(v.u32s.n == 2 && v.u32s.v[1] == UINT32_MAX);
	assert_int_equal(v.pairs.n, 2);
	assert_string_equal(v.pairs.v[0].value, "v");
	assert_true(v.bool_pointer && !*v.bool_pointer && v.u64_pointer && *v.u64_pointer == 0);
	assert_true(v.word == 4 && v.words == 5 && v.bits == (1 << 1 | 1 << 4));
	assert_string_equal(v.object->name, "n");
	assert_true(v.inlined.number == 7 && v.list.n == 2 && v.list.v[1].number == 1);
	assert_true(v.keyed.n == 1 && v.keyed.v[0].number == 2);
	assert_string_equal(v.keyed.v[0].key, "x");
}

static void absent(void **state)
{
	static const struct all zero;
	struct all v;
	struct error e;
	char text[1024] = "{";

	assert_int_equal(parse(*state, &v, "{}", &e), 0);
	assert_memory_equal(&v, &zero, sizeof(v));
	for (size_t i = 0; i < COUNT(all_fields); i++)
		sprintf(text + strlen(text), "%s\"%s\":null", i ? "," : "", all_fields[i].name);
	strcat(text, "}");
	assert_int_equal(parse(*state, &v, text, &e), 0);
	assert_memory_equal(&v, &zero, sizeof(v));
	assert_int_equal(
		parse(*state, &v,
		      "{\"unknown\":[{\"a\":[1.5e3,null,true]}],\"B\":1,\"b \":2,\"b\\u0000\":3}",
		      &e),
		0);
	assert_memory_equal(&v, &zero, sizeof(v));
}

static const struct {
	const char *text;
	const char *error;
} bad[] = {
	/* syntax */
	{ "", "line 1, column 1: expected a value, the document is empty" },
	{ " \n ", "line 2, column 2: expected a value, the document is empty" },
	{ "{", "line 1, column 2: the document ends inside the object that begins on line 1" },
	{ "{\n\"list\": [\n",
	  "line 3, column 1: the document ends inside the list that begins on line 2" },
	{ "{\"b\":true,}", "line 1, column 11: expected a key in double quotes" },
	{ "{\"b\" true}", "line 1, column 6: expected \":\" after the key" },
	{ "{\n\t\"b\": true\n\t\"s\": \"x\"\n}",
	  "line 3, column 2: expected \",\" or \"}\" after the value" },
	{ "{\"b\": \"\\\\\" \"a\\\"b\"}",
	  "line 1, column 12: expected \",\" or \"}\" after the value" },
	{ "{\"list\":[1 2]}", "line 1, column 12: expected \",\" or \"]\" after the element" },
	{ "{\"list\":[1,]}", "line 1, column 12: expected a value" },
	{ "{b:1}",
	  "line 1, column 2: expected a value, a key or one of \"{}[],:\", found another character" },
	{ "{\"b\":tru}", "line 1, column 6: expected true, false or null" },
	{ "{\"b\":TRUE}",
	  "line 1, column 6: expected a value, a key or one of \"{}[],:\", found another character" },
	{ "{\"i32\":1.}", "line 1, column 10: expected a digit after the decimal point" },
	{ "{\"i32\":1e}", "line 1, column 10: expected a digit after the exponent" },
	{ "{\"i32\":-}", "line 1, column 9: expected a digit after the minus sign" },
	{ "{\"s\":\"\\x\"}", "line 1, column 8: expected one of \"\\/bfnrtu after \"\\\"" },
	{ "{\"s\":\"\\u12g4\"}",
	  "line 1, column 11: expected four hexadecimal digits after \"\\u\"" },
	{ "{\"s\":\"\n\"}", "line 1, column 7: expected no control character inside a string" },
	{ "{/* c */}", "line 1, column 2: expected no comment, JSON has none" },
	{ "{} x", "line 1, column 4: expected nothing after the end of the document" },
	{ "{}{}", "line 1, column 3: expected nothing after the end of the document" },
	{ "{} 1", "line 1, column 4: expected nothing after the end of the document" },
	{ "{\"s\":\"\xff\"}", "line 1, column 7: a byte that is not UTF-8" },
	{ "{\"s\":\"\xc3\xa9\xc0\x80\"}", "line 1, column 8: a byte that is not UTF-8" },
	{ "{\"s\":\"\xed\xa0\x80\"}", "line 1, column 7: a byte that is not UTF-8" },
	{ "{\"s\":\"\xf4\x90\x80\x80\"}", "line 1, column 7: a byte that is not UTF-8" },
	{ "{\"s\":\"\xe2\x82", "line 1, column 7: a byte that is not UTF-8" },
	{ "{\"s\":\"\\ud800\"}", "line 1, column 7: half of a surrogate pair" },
	{ "{\"s\":\"\\ud800\\u0041\"}", "line 1, column 7: half of a surrogate pair" },
	{ "{\"s\":\"\\udc00\"}", "line 1, column 7: half of a surrogate pair" },
	{ "{\"s\":\"\\ud800", "line 1, column 7: half of a surrogate pair" },
	{ "[[[[[[0", "line 1, column 8: the document ends inside the list that begins on line 1" },
	{ "{\"b\":[[[[[[[1",
	  "line 1, column 14: the document ends inside the list that begins on line 1" },
	/* kinds */
	{ "[]", "expected an object, found a list" },
	{ "7", "expected an object, found the number 7" },
	{ "null", "expected an object, found null" },
	{ "\"x\"", "expected an object, found the string \"x\"" },
	{ "{\"b\":1}", "b: expected true or false, found the number 1" },
	{ "{\"i32\":\"1\"}", "i32: expected a whole number, found the string \"1\"" },
	{ "{\"s\":false}", "s: expected a string, found false" },
	{ "{\"strings\":\"x\"}", "strings: expected a list, found the string \"x\"" },
	{ "{\"strings\":[\"x\",{}]}", "strings[1]: expected a string, found an object" },
	{ "{\"strings\":[null]}", "strings[0]: expected a string, found null" },
	{ "{\"u32s\":[1,-1]}", "u32s[1]: -1 is out of range, 0 to 4294967295" },
	{ "{\"pairs\":[]}", "pairs: expected an object, found a list" },
	{ "{\"pairs\":{\"k.x\":1}}", "pairs[\"k.x\"]: expected a string, found the number 1" },
	{ "{\"word\":\"d\"}", "word: unknown letter \"d\"" },
	{ "{\"word\":\"\"}", "word: unknown letter \"\"" },
	{ "{\"word\":\"a\\u0000\"}", "word: a string with a NUL character, \"\\u0000\"" },
	{ "{\"words\":[1]}", "words[0]: expected a string, found the number 1" },
	{ "{\"bits\":[\"a\",\"x\"]}", "bits[1]: unknown letter \"x\"" },
	{ "{\"object\":[]}", "object: expected an object, found a list" },
	{ "{\"object\":{\"number\":-1}}", "object.number: -1 is out of range, 0 to 4294967295" },
	{ "{\"inlined\":true}", "inlined: expected an object, found true" },
	{ "{\"list\":{}}", "list: expected a list, found an object" },
	{ "{\"list\":[{},null]}", "list[1]: expected an object, found null" },
	{ "{\"list\":[{},{\"name\":1}]}", "list[1].name: expected a string, found the number 1" },
	{ "{\"keyed\":{\"e th\":{\"name\":1}}}",
	  "keyed[\"e th\"].name: expected a string, found the number 1" },
	{ "{\"keyed\":{\"x\":1}}", "keyed[\"x\"]: expected an object, found the number 1" },
	/* rules */
	{ "{\"s\":\"\"}", "s: must not be empty" },
	{ "{\"strings\":[]}", "strings: must not be empty" },
	{ "{\"s\":\"a\\u0000b\"}", "s: a string with a NUL character, \"\\u0000\"" },
	{ "{\"pairs\":{\"a\\u0000b\":\"x\"}}",
	  "pairs[\"a\"]: a string with a NUL character, \"\\u0000\"" },
	{ "{\"keyed\":{\"\\u0000\":{}}}",
	  "keyed[\"\"]: a string with a NUL character, \"\\u0000\"" },
	{ "{\"b\":true,\"b\":false}", "[\"b\"]: a key given twice" },
	{ "{\"x\":1,\"s\":\"s\",\"x\":1}", "[\"x\"]: a key given twice" },
	{ "{\"b\":true,\"\\u0062\":false}", "[\"b\"]: a key given twice" },
	{ "{\"object\":{\"a\":1,\"a\":null}}", "object[\"a\"]: a key given twice" },
	{ "{\"pairs\":{\"a\":\"1\",\"a\":\"1\"}}", "pairs[\"a\"]: a key given twice" },
	{ "{\"keyed\":{\"a\":{},\"a\":{}}}", "keyed[\"a\"]: a key given twice" },
	/* numbers */
	{ "{\"i32\":2147483648}", "i32: 2147483648 is out of range, -2147483648 to 2147483647" },
	{ "{\"i32\":-2147483649}", "i32: -2147483649 is out of range, -2147483648 to 2147483647" },
	{ "{\"i64\":9223372036854775808}",
	  "i64: 9223372036854775808 is out of range, -9223372036854775808 to 9223372036854775807" },
	{ "{\"i64\":-9223372036854775809}",
	  "i64: -9223372036854775809 is out of range, -9223372036854775808 to 9223372036854775807" },
	{ "{\"u16\":65536}", "u16: 65536 is out of range, 0 to 65535" },
	{ "{\"u32\":4294967296}", "u32: 4294967296 is out of range, 0 to 4294967295" },
	{ "{\"u32\":-1}", "u32: -1 is out of range, 0 to 4294967295" },
	{ "{\"u32\":-0}", "u32: -0 is out of range, 0 to 4294967295" },
	{ "{\"u64\":18446744073709551616}",
	  "u64: 18446744073709551616 is out of range, 0 to 18446744073709551615" },
	{ "{\"u64\":184467440737095516150}",
	  "u64: 184467440737095516150 is out of range, 0 to 18446744073709551615" },
	{ "{\"u64Pointer\":-5}", "u64Pointer: -5 is out of range, 0 to 18446744073709551615" },
	{ "{\"u32\":1.5}", "u32: expected a whole number without fraction or exponent, found 1.5" },
	{ "{\"u32\":1e3}", "u32: expected a whole number without fraction or exponent, found 1e3" },
	{ "{\"u32\":1.0}", "u32: expected a whole number without fraction or exponent, found 1.0" },
	{ "{\"u32\":01}", "line 1, column 9: expected \",\" or \"}\" after the value" },
	{ "{\"u32\":+1}",
	  "line 1, column 8: expected a value, a key or one of \"{}[],:\", found another character" },
	/* several */
	{ "{\"b\":1,\"s\":\"\",\"list\":[{\"name\":[]}]}",
	  "b: expected true or false, found the number 1\ns: must not be empty\nlist[0].name: expected a string, found a list" },
};

static void problems(void **state)
{
	struct all v;
	struct error e;

	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_int_equal(parse(*state, &v, bad[i].text, &e), -1);
		if (strcmp(shown(&e), bad[i].error) != 0)
			print_error("text:     %s\nexpected: %s\nfound:    %s\n", bad[i].text,
				    bad[i].error, shown(&e));
		assert_string_equal(shown(&e), bad[i].error);
	}
}

static void negative_zero(void **state)
{
	struct all v;
	struct error e;

	assert_int_equal(parse(*state, &v, "{\"i32\":-0,\"i64\":-1}", &e), 0);
	assert_true(v.i32 == 0 && v.i64 == -1);
}

/* A document cut anywhere is an error, and so is one with any byte more. */
static void truncated(void **state)
{
	static const char text[] =
		"{\"b\":true,\"s\":\"\\ud83d\\ude00\xc3\xa9\",\"list\":[{\"name\":\"x\",\"number\":12}],\"u32\":7}";
	struct all v;
	struct error e;

	assert_int_equal(parse(*state, &v, text, &e), 0);
	for (size_t n = 0; n < sizeof(text) - 1; n++)
		assert_int_equal(parse_n(*state, &v, text, n, NULL, &e), -1);
	assert_int_equal(parse_n(*state, &v, text, sizeof(text), NULL, &e), -1);
}

static void nesting(void **state)
{
	struct all v;
	struct error e;
	char text[300];

	for (size_t depth = 63; depth <= 65; depth++) {
		memset(text, '[', sizeof(text));
		memcpy(text, "{\"x\":", 5);
		memset(text + 5 + depth - 1, ']', depth - 1);
		strcpy(text + 5 + 2 * (depth - 1), "}");
		assert_int_equal(parse(*state, &v, text, &e), depth > JSON_DEPTH_MAX ? -1 : 0);
	}
	assert_string_equal(shown(&e), "line 1, column 69: lists and objects are nested too deep");
}

static void long_strings(void **state)
{
	size_t n = JSON_STRING_MAX + 32;
	char *text = malloc(n);
	struct all v;
	struct error e;

	for (size_t more = 0; more < 2; more++) {
		size_t length = JSON_STRING_MAX + more;
		memset(text, 'x', n);
		memcpy(text, "{\"s\":\"", 6);
		strcpy(text + 6 + length, "\"}");
		assert_int_equal(parse(*state, &v, text, &e), more ? -1 : 0);
	}
	assert_string_equal(shown(&e), "s: a string of 1048577 bytes, more than 1048576");
	free(text);
}

static void large_documents(void **state)
{
	char *text = malloc(JSON_SIZE_MAX + 2);
	struct all v;
	struct error e;

	memset(text, ' ', JSON_SIZE_MAX + 2);
	text[0] = '{';
	text[JSON_SIZE_MAX - 1] = '}';
	assert_int_equal(parse_n(*state, &v, text, JSON_SIZE_MAX, NULL, &e), 0);
	assert_int_equal(parse_n(*state, &v, text, JSON_SIZE_MAX + 1, NULL, &e), -1);
	assert_string_equal(shown(&e), "the document has 16777217 bytes, more than 16777216");
	/* One value more than there may be: the object, the key, the list and its numbers. */
	memcpy(text, "{\"x\":[", 6);
	for (size_t i = 0; i < JSON_NODES_MAX - 2; i++)
		memcpy(text + 6 + 2 * i, "1,", 2);
	memcpy(text + 6 + 2 * (JSON_NODES_MAX - 3) - 1, "]}", 2);
	assert_int_equal(parse_n(*state, &v, text, 6 + 2 * (JSON_NODES_MAX - 3) + 1, NULL, &e), 0);
	memcpy(text + 6 + 2 * (JSON_NODES_MAX - 3) - 1, ",1]}", 4);
	assert_int_equal(parse_n(*state, &v, text, 6 + 2 * (JSON_NODES_MAX - 3) + 3, NULL, &e), -1);
	assert_contains(shown(&e), "the document has too many values");
	free(text);
}

static void many_keys(void **state)
{
	char *text = malloc(100000), *end = text;
	struct all v;
	struct error e;

	end += sprintf(end, "{\"pairs\":{");
	for (int i = 0; i < 1000; i++)
		end += sprintf(end, "%s\"k%d\":\"v\"", i ? "," : "", i);
	strcpy(end, "}}");
	assert_int_equal(parse(*state, &v, text, &e), 0);
	assert_int_equal(v.pairs.n, 1000);
	assert_string_equal(v.pairs.v[999].key, "k999");
	strcpy(end, ",\"k500\":\"\"}}");
	assert_int_equal(parse(*state, &v, text, &e), -1);
	assert_string_equal(shown(&e), "pairs[\"k500\"]: a key given twice");
	free(text);
}

static void warnings(void **state)
{
	struct strings w = { 0 };
	struct all v;
	struct error e;
	char text[4096] = "{\"words\":[\"b\"";

	assert_int_equal(parse_n(*state, &v, "{\"words\":[\"a\",\"zz\"]}", 20, &w, &e), 0);
	assert_int_equal(v.words, 1);
	assert_int_equal(w.n, 1);
	assert_string_equal(w.v[0], "words[1]: unknown letter \"zz\"");
	assert_null(w.v[1]);
	for (int i = 0; i < 200; i++)
		strcat(text, ",\"zz\"");
	strcat(text, "]}");
	assert_int_equal(parse_n(*state, &v, text, strlen(text), &w, &e), 0);
	assert_int_equal(v.words, 2);
	assert_true(w.n > 30 && w.n < 100 && !w.v[w.n]);
	assert_string_equal(w.v[0], "words[1]: unknown letter \"zz\"");
}

static void values_in_messages(void **state)
{
	struct all v;
	struct error e;
	char text[2000];

	parse(*state, &v, "{\"word\":\"a\\u001b[2J\\nb\"}", &e);
	assert_string_equal(shown(&e), "word: unknown letter \"a?[2J?b\"");
	memset(text, 'x', sizeof(text));
	memcpy(text, "{\"word\":\"", 9);
	strcpy(text + 1500, "\"}");
	parse(*state, &v, text, &e);
	assert_true(strlen(shown(&e)) < 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ARENA_TEST(every_kind),         ARENA_TEST(absent),
		ARENA_TEST(problems),           ARENA_TEST(negative_zero),
		ARENA_TEST(truncated),          ARENA_TEST(nesting),
		ARENA_TEST(long_strings),       ARENA_TEST(large_documents),
		ARENA_TEST(many_keys),          ARENA_TEST(warnings),
		ARENA_TEST(values_in_messages),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("json_read", tests, NULL, NULL);
}
