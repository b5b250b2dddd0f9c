/* subordinate.c: lines of /etc/subuid become mappings that the kernel takes. */
#include "place.h"

#include "runtime/parent/subordinate.h"

static spec_id_mappings ranges_of(struct place *p, const char *text, const char *name, uint32_t id)
{
	spec_id_mappings out;

	write_text(in(p, "subuid"), text);
	subordinate_ranges(&p->arena, in(p, "subuid"), name, id, &out);
	return out;
}

/* "CONTAINER HOST SIZE," for each. */
static const char *shown_map(struct place *p, const spec_id_mappings *map)
{
	char *text = arena_strdup(&p->arena, "");

	for (size_t i = 0; i < map->n; i++)
		text = arena_printf(&p->arena, "%s%u %u %u,", text, map->v[i].container_id,
				    map->v[i].host_id, map->v[i].size);
	return text;
}

static void finds_a_user_by_name_and_number(void **state)
{
	struct place *p = *state;
	static const char text[] = "other:1:2\nme:100000:65536\n1000:300:5\nme2:7:7\n10:9:9\n"
				   "me:400:1";
	spec_id_mappings got = ranges_of(p, text, "me", 1000);

	assert_string_equal(shown_map(p, &got), "0 100000 65536,0 300 5,0 400 1,");
	got = ranges_of(p, text, NULL, 1000);
	assert_string_equal(shown_map(p, &got), "0 300 5,");
	got = ranges_of(p, text, "nobody", 77);
	assert_int_equal(got.n, 0);
	subordinate_ranges(&p->arena, in(p, "missing"), "me", 1000, &got);
	assert_int_equal(got.n, 0);
}

static void passes_over_what_is_no_range(void **state)
{
	struct place *p = *state;
	static const char *const wrong[] = { "me",
					     "me:",
					     "me:1",
					     "me:1:",
					     "me::1",
					     "me:-1:5",
					     "me:+1:5",
					     "me: 1:5",
					     "me:1:5 ",
					     "me:1:5:6",
					     "me:0x10:5",
					     "me:1:0",
					     "me:4294967296:1",
					     "me:18446744073709551616:1",
					     "me:4294967295:1",
					     "me:4294967290:10",
					     "" };

	for (size_t i = 0; i < COUNT(wrong); i++) {
		spec_id_mappings got = ranges_of(p, wrong[i], "me", 1000);
		if (got.n)
			fail_msg("%s: %s", wrong[i], shown_map(p, &got));
		got = ranges_of(p, arena_printf(&p->arena, "%s\nme:5:6\n", wrong[i]), "me", 1000);
		assert_string_equal(shown_map(p, &got), "0 5 6,");
	}
}

static const char *mapped(struct place *p, const char *text, uint32_t own)
{
	spec_id_mappings ranges = ranges_of(p, text, "me", 1000), map;

	subordinate_map(&p->arena, own, &ranges, &map);
	return shown_map(p, &map);
}

static void maps_each_id_of_the_host_once(void **state)
{
	struct place *p = *state;

	assert_string_equal(mapped(p, "", 1000), "0 1000 1,");
	assert_string_equal(mapped(p, "me:100:10\nme:300:5\n", 1000),
			    "0 1000 1,1 100 10,11 300 5,");
	/* The same under both names, one that overlaps, and one with our own id. */
	assert_string_equal(mapped(p,
				   "me:100:10\n1000:100:10\nme:109:2\nme:95:6\nme:990:20\n"
				   "me:110:1\n",
				   1000),
			    "0 1000 1,1 100 10,11 110 1,");
	/* More than there are ids in the namespace. */
	assert_string_equal(mapped(p, "me:2000:4294960000\nme:5:900\n", 1000),
			    "0 1000 1,1 2000 4294960000,4294960001 5 900,");
	assert_string_equal(mapped(p, "me:1001:4294966290\nme:5:900\nme:1:3", 1000),
			    "0 1000 1,1 1001 4294966290,4294966291 5 900,4294967191 1 3,");
	assert_string_equal(mapped(p, "me:1001:4294966290\nme:0:1000\nme:1:3", 1000),
			    "0 1000 1,1 1001 4294966290,4294966291 0 1000,");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLACE_TEST(finds_a_user_by_name_and_number),
		PLACE_TEST(passes_over_what_is_no_range),
		PLACE_TEST(maps_each_id_of_the_host_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
