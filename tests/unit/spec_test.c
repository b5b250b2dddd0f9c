/*
 * spec.c and spec_linux.c: every row of every table is walked. A minimal document with that field
 * reads, prints, reads again and survives a move of the arena; a value of another type and a
 * missing required field are told with exactly the field's place.
 */
#include "unit.h"

#include "spec/spec.h"

#include <linux/sched.h>

struct walk {
	struct arena *arena;
	const struct json_table *root;
	size_t rows;
};

static void sample_object(char *out, const struct json_table *t, const struct json_field *wanted,
			  const char *value);

/* A value that reads and that is not what an absent field prints as. */
static void sample(char *out, const struct json_field *f)
{
	const struct words *words = f->sub;
	char inner[4096];

	switch (f->kind & ~JSON_POINTER) {
	case JSON_BOOL: strcpy(out, "true"); break;
	case JSON_STRING: strcpy(out, "\"x\""); break;
	case JSON_STRINGS: strcpy(out, "[\"x\",\"y\"]"); break;
	case JSON_U32S: strcpy(out, "[7]"); break;
	case JSON_PAIRS: strcpy(out, "{\"k\":\"x\"}"); break;
	case JSON_WORD: sprintf(out, "\"%s\"", words->v[words->n > 1].name); break;
	case JSON_WORDS: sprintf(out, "[\"%s\"]", words->v[words->n > 1].name); break;
	case JSON_OBJECT:
	case JSON_INLINE: sample_object(out, f->sub, NULL, NULL); break;
	case JSON_LIST:
		sample_object(inner, f->sub, NULL, NULL);
		sprintf(out, "[%s]", inner);
		break;
	case JSON_KEYED:
		sample_object(inner, f->sub, NULL, NULL);
		sprintf(out, "{\"k\":%s}", inner);
		break;
	default: strcpy(out, "7");
	}
}

/* An object with its required fields, and one more with the given value; a required one without a
 * value is left out. */
static void sample_object(char *out, const struct json_table *t, const struct json_field *wanted,
			  const char *value)
{
	char text[4096];
	bool first = true;

	strcpy(out, "{");
	for (size_t i = 0; i < t->n; i++) {
		const struct json_field *f = &t->fields[i];
		if (f == wanted ? !value : !(f->rules & JSON_REQUIRED))
			continue;
		if (f == wanted)
			strcpy(text, value);
		else
			sample(text, f);
		sprintf(out + strlen(out), "%s\"%s\":%s", first ? "" : ",", f->name, text);
		first = false;
	}
	strcat(out, "}");
}

/* Copy what was read to other addresses, as the child of a container sees it, and print it there. */
static char *print_moved(struct walk *w, void *object, size_t start)
{
	size_t size = ((w->arena->used + 15) & ~(size_t)15) + 16 - start;
	char *from = w->arena->base + start, *to;
	struct error e = ERROR_NONE;

	to = aligned_alloc(16, size);
	memcpy(to, from, size);
	if (json_rebase(w->root, to + ((char *)object - from), (uintptr_t)from, (uintptr_t)to, size,
			&e))
		fail_msg("%s", shown(&e));
	/* What still points to the old place would show. */
	memset(from, 'Z', w->arena->used - start);
	char *text = json_print(w->root, to + ((char *)object - from), 0, w->arena, NULL);
	free(to);
	return text;
}

static void check_good(struct walk *w, const char *doc, const struct json_field *f,
		       const char *value)
{
	struct error e = ERROR_NONE;
	char want[4200], *first, *second;
	size_t start = (w->arena->used + 15) & ~(size_t)15;
	char *object = arena_alloc(w->arena, w->root->size), *again;

	if (json_read(w->root, object, doc, strlen(doc), w->arena, NULL, &e))
		fail_msg("%s: %s", doc, shown(&e));
	first = strdup(json_print(w->root, object, 0, w->arena, NULL));
	snprintf(want, sizeof(want), "\"%s\":%s", f->name, value);
	/* Objects may print more than was read: the fields that are printed even when 0. */
	if (value[0] != '{' && !(value[0] == '[' && value[1] == '{'))
		assert_contains(first, want);
	assert_string_equal(print_moved(w, object, start), first);
	again = arena_alloc(w->arena, w->root->size);
	assert_int_equal(json_read(w->root, again, first, strlen(first), w->arena, NULL, &e), 0);
	second = json_print(w->root, again, 2, w->arena, NULL);
	again = arena_alloc(w->arena, w->root->size);
	assert_int_equal(json_read(w->root, again, second, strlen(second), w->arena, NULL, &e), 0);
	assert_string_equal(json_print(w->root, again, 0, w->arena, NULL), first);
	free(first);
}

static void check_bad(struct walk *w, const char *doc, const char *place, const char *text)
{
	struct error e = ERROR_NONE;
	char *object = arena_alloc(w->arena, w->root->size);

	if (!json_read(w->root, object, doc, strlen(doc), w->arena, NULL, &e))
		fail_msg("%s reads", doc);
	if (e.problems != 1 || strcmp(e.field, place) != 0)
		fail_msg("%s: expected one problem at %s: %s", doc, place, shown(&e));
	assert_contains(e.text, text);
}

static bool is_list(const struct json_field *f)
{
	unsigned kind = f->kind & ~JSON_POINTER;
	return kind == JSON_STRINGS || kind == JSON_U32S || kind == JSON_WORDS || kind == JSON_LIST;
}

static void walk(struct walk *w, const struct json_table *t, const char *before, const char *after,
		 const char *place);

static void walk_below(struct walk *w, const struct json_table *t, const struct json_field *f,
		       const char *before, const char *after, const char *path)
{
	const char *mark = f->kind == JSON_LIST    ? "[\001]"
			   : f->kind == JSON_KEYED ? "{\"k\":\001}"
						   : "\001";
	const char *suffix = f->kind == JSON_LIST ? "[0]" : f->kind == JSON_KEYED ? "[\"k\"]" : "";
	char object[4096], head[8192], tail[8192], place[1024], *middle;

	sample_object(object, t, f, mark);
	middle = strchr(object, '\001');
	snprintf(head, sizeof(head), "%s%.*s", before, (int)(middle - object), object);
	snprintf(tail, sizeof(tail), "%s%s", middle + 1, after);
	snprintf(place, sizeof(place), "%s%s", path, suffix);
	walk(w, f->sub, head, tail, place);
}

static void walk(struct walk *w, const struct json_table *t, const char *before, const char *after,
		 const char *place)
{
	assert_true(t->n <= 64);
	for (size_t i = 0; i < t->n; i++) {
		const struct json_field *f = &t->fields[i];
		char value[4096], object[8192], doc[32768], path[512];

		w->rows++;
		assert_true(f->offset < t->size);
		snprintf(path, sizeof(path), "%s%s%s", place, *place ? "." : "", f->name);
		sample(value, f);
		sample_object(object, t, f, value);
		snprintf(doc, sizeof(doc), "%s%s%s", before, object, after);
		check_good(w, doc, f, value);

		sample_object(object, t, f, is_list(f) ? "{}" : "[]");
		snprintf(doc, sizeof(doc), "%s%s%s", before, object, after);
		check_bad(w, doc, path, "expected");

		if (f->rules & JSON_REQUIRED) {
			sample_object(object, t, f, NULL);
			snprintf(doc, sizeof(doc), "%s%s%s", before, object, after);
			check_bad(w, doc, path, "is required");
		}
		if (f->kind == JSON_OBJECT || f->kind == JSON_INLINE || f->kind == JSON_LIST ||
		    f->kind == JSON_KEYED)
			walk_below(w, t, f, before, after, path);
	}
}

static void every_row(void **state)
{
	struct walk w = { .arena = *state, .root = &spec_table };

	walk(&w, &spec_table, "", "", "");
	assert_true(w.rows > 190);
	w.root = &spec_process_table;
	walk(&w, &spec_process_table, "", "", "");
	w.root = &spec_resources_table;
	walk(&w, &spec_resources_table, "", "", "");
}

/* Members and names belong together: the walk can't see two rows that are exchanged. */
static void members(void **state)
{
	static const char text[] =
		"{\"ociVersion\":\"1.0.2-dev\",\"root\":{\"path\":\"r\",\"readonly\":true},\"hostname\":\"h\",\"domainname\":\"d\","
		"\"mounts\":[{\"destination\":\"/d\",\"type\":\"t\",\"source\":\"s\",\"options\":[\"ro\"]}],\"annotations\":{\"a\":\"b\"},"
		"\"process\":{\"terminal\":true,\"consoleSize\":{\"height\":1,\"width\":2},\"user\":{\"uid\":3,\"gid\":4,\"umask\":5,"
		"\"additionalGids\":[6]},\"args\":[\"sh\"],\"env\":[\"A=b\"],\"cwd\":\"/c\",\"capabilities\":{\"bounding\":[\"CAP_CHOWN\"],"
		"\"effective\":[\"CAP_KILL\"],\"inheritable\":[\"CAP_SETUID\"],\"permitted\":[\"CAP_SETGID\"],\"ambient\":[\"CAP_MKNOD\"]},"
		"\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"soft\":7,\"hard\":18446744073709551615}],\"noNewPrivileges\":true,"
		"\"apparmorProfile\":\"aa\",\"selinuxLabel\":\"se\",\"oomScoreAdj\":-9},"
		"\"linux\":{\"namespaces\":[{\"type\":\"mount\"},{\"type\":\"uts\",\"path\":\"\"},{\"type\":\"pid\",\"path\":\"/p\"}],"
		"\"resources\":{\"memory\":{\"limit\":1,\"reservation\":2,\"swap\":3},\"cpu\":{\"shares\":4,\"quota\":5,\"period\":6,"
		"\"cpus\":\"7\",\"mems\":\"8\"},\"pids\":{\"limit\":0}},\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\","
		"\"architectures\":[\"SCMP_ARCH_X86_64\",\"SCMP_ARCH_RISCV64\"],\"flags\":[]},\"rootfsPropagation\":\"\","
		"\"maskedPaths\":[\"/m\"],\"readonlyPaths\":[\"/ro\"]}}";
	struct error e = ERROR_NONE;
	struct spec *s;

	if (spec_read(*state, text, sizeof(text) - 1, &s, NULL, &e))
		fail_msg("%s", shown(&e));
	assert_string_equal(s->root->path, "r");
	assert_string_equal(s->hostname, "h");
	assert_string_equal(s->domainname, "d");
	assert_string_equal(s->mounts.v[0].type, "t");
	assert_string_equal(s->mounts.v[0].source, "s");
	const struct spec_process *p = s->process;
	assert_true(p->terminal && p->no_new_privileges && s->root->readonly);
	assert_true(p->console_size->height == 1 && p->console_size->width == 2);
	assert_true(p->user.uid == 3 && p->user.gid == 4 && *p->user.umask == 5 &&
		    p->user.additional_gids.v[0] == 6);
	assert_string_equal(p->args.v[0], "sh");
	assert_string_equal(p->env.v[0], "A=b");
	assert_true(p->capabilities->bounding == 1 && p->capabilities->effective == 1 << 5);
	assert_true(p->capabilities->inheritable == 1 << 7 && p->capabilities->permitted == 1 << 6);
	assert_int_equal(p->capabilities->ambient, 1 << 27);
	assert_true(p->rlimits.v[0].type == 7 && p->rlimits.v[0].soft == 7 &&
		    p->rlimits.v[0].hard == UINT64_MAX);
	assert_string_equal(p->apparmor_profile, "aa");
	assert_string_equal(p->selinux_label, "se");
	assert_int_equal(*p->oom_score_adj, -9);
	const struct spec_linux *l = s->linux;
	assert_true(l->namespaces.v[0].type == CLONE_NEWNS && !l->namespaces.v[1].path);
	assert_string_equal(l->namespaces.v[2].path, "/p");
	const struct spec_resources *r = l->resources;
	assert_true(*r->memory->limit == 1 && *r->memory->reservation == 2 &&
		    *r->memory->swap == 3);
	assert_true(*r->cpu->shares == 4 && *r->cpu->quota == 5 && *r->cpu->period == 6 &&
		    *r->pids->limit == 0);
	assert_string_equal(r->cpu->cpus, "7");
	assert_string_equal(r->cpu->mems, "8");
	assert_true(l->seccomp->default_action == SECCOMP_ALLOW && l->seccomp->flags &&
		    *l->seccomp->flags == 0);
	assert_int_equal(l->seccomp->architectures, 1 << 1 | 1 << 22);
	assert_int_equal(l->rootfs_propagation, 0);
	assert_string_equal(l->masked_paths.v[0], "/m");
	assert_string_equal(l->readonly_paths.v[0], "/ro");
}

static void minimal(void **state)
{
	static const char text[] =
		"{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"},\"linux\":null}";
	struct error e = ERROR_NONE;
	struct spec *s;

	assert_int_equal(spec_read(*state, text, sizeof(text) - 1, &s, NULL, &e), 0);
	assert_true(!s->process && s->linux && !s->linux->namespaces.n);
}

int main(void)
{
	const struct CMUnitTest tests[] = { ARENA_TEST(every_row), ARENA_TEST(members),
					    ARENA_TEST(minimal) };

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("spec", tests, NULL, NULL);
}
