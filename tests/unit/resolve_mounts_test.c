/*
 * resolve_mounts.c: words of config.json's mounts become the flags that the kernel takes, in their
 * order; sources and destinations become absolute.
 */
#include "bundle.h"

#include "runtime/parent/resolve_mounts.h"

#include <linux/mount.h>

/* The plan of a bundle with these mounts. */
static int resolve_list(struct place *p, const char *mounts, struct resolved *r)
{
	char *config = arena_printf(&p->arena,
				    "{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"rootfs\"},"
				    "\"mounts\":%s,"
				    "\"linux\":{\"namespaces\":[{\"type\":\"mount\"}]}}",
				    mounts);

	return resolve_config(p, config, r);
}

static const struct plan_mount *one(struct place *p, const char *mount, struct resolved *r)
{
	if (resolve_list(p, arena_printf(&p->arena, "[%s]", mount), r) < 0)
		fail_msg("%s: %s", mount, shown(&r->e));
	assert_int_equal(r->b.plan->mounts.n, 1);
	return &r->b.plan->mounts.v[0];
}

#define MAPPINGS                                                         \
	"\"uidMappings\":[{\"containerID\":0,\"hostID\":1,\"size\":1}]," \
	"\"gidMappings\":[{\"containerID\":0,\"hostID\":1,\"size\":1}]"

#define RO MOUNT_ATTR_RDONLY
#define NODEV MOUNT_ATTR_NODEV
#define NOSUID MOUNT_ATTR_NOSUID
#define NOEXEC MOUNT_ATTR_NOEXEC
#define NOSYMFOLLOW MOUNT_ATTR_NOSYMFOLLOW
#define ATIME MOUNT_ATTR__ATIME
#define NOATIME MOUNT_ATTR_NOATIME
#define STRICT MOUNT_ATTR_STRICTATIME
#define NODIR MOUNT_ATTR_NODIRATIME

/* Options of a new filesystem that has a disk's options, and what is set and cleared of it. */
static const struct {
	const char *options;
	uint64_t set, clear, tree_set, tree_clear, super_set, super_clear;
} flags[] = {
	{ "", 0, 0, 0, 0, 0, 0 },
	{ "defaults", 0, 0, 0, 0, 0, 0 },
	{ "nosuid nodev noexec", NOSUID | NODEV | NOEXEC, 0, 0, 0, 0, 0 },
	{ "suid dev exec", 0, NOSUID | NODEV | NOEXEC, 0, 0, 0, 0 },
	/* The last word about a thing wins. */
	{ "nosuid suid", 0, NOSUID, 0, 0, 0, 0 },
	{ "suid nosuid", NOSUID, 0, 0, 0, 0, 0 },
	{ "nosuid suid nosuid nodev", NOSUID | NODEV, 0, 0, 0, 0, 0 },
	{ "ro", RO, 0, 0, 0, MS_RDONLY, 0 },
	{ "rw", 0, RO, 0, 0, 0, MS_RDONLY },
	{ "ro rw", 0, RO, 0, 0, 0, MS_RDONLY },
	{ "rw nodev ro", RO | NODEV, 0, 0, 0, MS_RDONLY, 0 },
	{ "nosymfollow", NOSYMFOLLOW, 0, 0, 0, 0, 0 },
	/* Of the filesystem alone. */
	{ "sync dirsync", 0, 0, 0, 0, MS_SYNCHRONOUS | MS_DIRSYNC, 0 },
	{ "sync async", 0, 0, 0, 0, 0, MS_SYNCHRONOUS },
	{ "async sync", 0, 0, 0, 0, MS_SYNCHRONOUS, 0 },
	{ "lazytime nolazytime", 0, 0, 0, 0, 0, MS_LAZYTIME },
	/* The access time is one field: a value is set after all of it is cleared. */
	{ "noatime", NOATIME, ATIME, 0, 0, 0, 0 },
	{ "relatime", 0, ATIME, 0, 0, 0, 0 },
	{ "strictatime", STRICT, ATIME, 0, 0, 0, 0 },
	{ "noatime strictatime", STRICT, ATIME, 0, 0, 0, 0 },
	{ "strictatime noatime", NOATIME, ATIME, 0, 0, 0, 0 },
	{ "strictatime relatime", 0, ATIME, 0, 0, 0, 0 },
	{ "noatime atime", 0, ATIME, 0, 0, 0, 0 },
	{ "strictatime nostrictatime", 0, ATIME, 0, 0, 0, 0 },
	{ "noatime norelatime", NOATIME, ATIME, 0, 0, 0, 0 },
	{ "norelatime", 0, 0, 0, 0, 0, 0 },
	{ "noatime nodiratime", NOATIME | NODIR, ATIME, 0, 0, 0, 0 },
	{ "nodiratime noatime diratime", NOATIME, ATIME | NODIR, 0, 0, 0, 0 },
	/* Of the mount and all below it, beside what is of the mount alone. */
	{ "rro", 0, 0, RO, 0, 0, 0 },
	{ "rro rrw", 0, 0, 0, RO, 0, 0 },
	{ "rro rw", 0, RO, RO, 0, 0, MS_RDONLY },
	{ "ro rro rnosuid", RO, 0, RO | NOSUID, 0, MS_RDONLY, 0 },
	{ "rnoatime rstrictatime", 0, 0, STRICT, ATIME, 0, 0 },
	{ "rnodev rdev rnoexec", 0, 0, NOEXEC, NODEV, 0, 0 },
};

/* "a b" as a JSON list. */
static char *list(struct place *p, const char *words)
{
	char *out = arena_alloc(&p->arena, 4 * strlen(words) + 8), *at = out;

	*at++ = '[';
	for (const char *w = words; *w; w += strspn(w, " ")) {
		size_t n = strcspn(w, " ");
		at += sprintf(at, "%s\"%.*s\"", w == words ? "" : ",", (int)n, w);
		w += n;
	}
	*at = ']';
	return out;
}

static void flags_in_order(void **state)
{
	struct place *p = *state;

	for (size_t i = 0; i < COUNT(flags); i++) {
		struct resolved r;
		const struct plan_mount *m =
			one(p,
			    arena_printf(&p->arena,
					 "{\"destination\":\"/a\",\"type\":\"ext4\","
					 "\"source\":\"/dev/x\",\"options\":%s}",
					 list(p, flags[i].options)),
			    &r);
		if (m->attr_set != flags[i].set || m->attr_clear != flags[i].clear ||
		    m->tree_set != flags[i].tree_set || m->tree_clear != flags[i].tree_clear ||
		    m->super_set != flags[i].super_set || m->super_clear != flags[i].super_clear)
			fail_msg("%s: %s", flags[i].options,
				 json_print(&plan_table, r.b.plan, 0, &p->arena, NULL));
		assert_int_equal(m->kind, PLAN_MOUNT_FILESYSTEM);
		assert_int_equal(m->data.n, 0);
		assert_int_equal(m->propagation.n, 0);

		resolved_free(&r);
	}
}

/* Flags of a bind's source that go, once the options speak of any. */
static const struct {
	const char *type, *options;
	uint64_t drop;
} drops[] = {
	{ "bind", "bind", 0 },
	{ "bind", "rbind rprivate slave", 0 },
	{ "bind", "defaults", 0 },
	{ "bind", "rro rnosuid", 0 },
	{ "bind", "ro", NOSUID | NODEV | NOEXEC | NOSYMFOLLOW },
	{ "bind", "rw", NOSUID | NODEV | NOEXEC | NOSYMFOLLOW },
	{ "bind", "sync", RO | NOSUID | NODEV | NOEXEC | NOSYMFOLLOW },
	{ "bind", "norelatime", RO | NOSUID | NODEV | NOEXEC | NOSYMFOLLOW },
	{ "bind", "nosuid dev symfollow", RO | NOEXEC },
	{ "bind", "rro nodev", NOSUID | NOEXEC | NOSYMFOLLOW },
	{ "bind", "remount ro", 0 },
	{ "ext4", "ro nosuid", 0 },
};

static void flags_of_a_bind(void **state)
{
	struct place *p = *state;

	for (size_t i = 0; i < COUNT(drops); i++) {
		struct resolved r;
		const char *mount = arena_printf(&p->arena,
						 "{\"destination\":\"/a\",\"type\":\"%s\","
						 "\"source\":\"/x\",\"options\":%s}",
						 drops[i].type, list(p, drops[i].options));
		if (one(p, mount, &r)->attr_drop != drops[i].drop)
			fail_msg("%s: %s", mount,
				 json_print(&plan_table, r.b.plan, 0, &p->arena, NULL));
		resolved_free(&r);
	}
}

/* What is no word of ours is the filesystem's, in its order; propagation keeps its order, too. */
static void other_words(void **state)
{
	struct resolved r;
	const struct plan_mount *m =
		one(*state,
		    "{\"destination\":\"/a\",\"type\":\"tmpfs\",\"source\":\"tmpfs\",\"options\":"
		    "[\"size=1m\",\"nosuid\",\"slave\",\"mode=755\",\"\",\"RO\",\"rshared\"]}",
		    &r);

	assert_int_equal(m->data.n, 3);
	assert_string_equal(m->data.v[0], "size=1m");
	assert_string_equal(m->data.v[1], "mode=755");
	assert_string_equal(m->data.v[2], "RO");
	assert_int_equal(m->propagation.n, 2);
	assert_int_equal(m->propagation.v[0], MS_SLAVE);
	assert_int_equal(m->propagation.v[1], MS_SHARED | MS_REC);
	assert_string_equal(m->type, "tmpfs");
	assert_string_equal(m->source, "tmpfs");
	resolved_free(&r);
}

static const struct {
	const char *type, *options;
	uint32_t kind;
	bool recursive;
	uint64_t super_set;
} kinds[] = {
	{ "ext4", "ro", PLAN_MOUNT_FILESYSTEM, false, MS_RDONLY },
	/* Filesystems that all who mount them share are never made read-only themselves. */
	{ "proc", "ro", PLAN_MOUNT_FILESYSTEM, false, 0 },
	{ "sysfs", "ro", PLAN_MOUNT_FILESYSTEM, false, 0 },
	{ "mqueue", "ro", PLAN_MOUNT_FILESYSTEM, false, 0 },
	{ "cgroup2", "ro", PLAN_MOUNT_FILESYSTEM, false, 0 },
	{ "cgroup", "ro", PLAN_MOUNT_CGROUP, false, 0 },
	/* A bind by its options or by its type; its filesystem is the host's. */
	{ "none", "bind ro sync", PLAN_MOUNT_BIND, false, 0 },
	{ "none", "rbind ro", PLAN_MOUNT_BIND, true, 0 },
	{ "bind", "ro", PLAN_MOUNT_BIND, false, 0 },
	{ "bind", "rbind", PLAN_MOUNT_BIND, true, 0 },
	{ "", "bind", PLAN_MOUNT_BIND, false, 0 },
	{ "proc", "bind", PLAN_MOUNT_BIND, false, 0 },
};

static void kinds_of_mounts(void **state)
{
	struct place *p = *state;

	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct resolved r;
		const struct plan_mount *m = one(
			p,
			arena_printf(&p->arena,
				     "{\"destination\":\"/a\",\"type\":\"%s\",\"source\":\"/x\","
				     "\"options\":%s}",
				     kinds[i].type, list(p, kinds[i].options)),
			&r);
		if (m->kind != kinds[i].kind || m->recursive != kinds[i].recursive ||
		    m->super_set != kinds[i].super_set)
			fail_msg("%s %s: %s", kinds[i].type, kinds[i].options,
				 json_print(&plan_table, r.b.plan, 0, &p->arena, NULL));
		resolved_free(&r);
	}
}

static void remounts(void **state)
{
	struct resolved r;
	const struct plan_mount *m = one(
		*state, "{\"destination\":\"/a\",\"options\":[\"remount\",\"ro\",\"bind\"]}", &r);

	assert_int_equal(m->kind, PLAN_MOUNT_REMOUNT);
	assert_int_equal(m->attr_set, MOUNT_ATTR_RDONLY);
	resolved_free(&r);
}

static const struct {
	const char *mount;
	bool copy_up, idmap, idmap_below;
} extras[] = {
	{ "\"type\":\"tmpfs\",\"options\":[\"tmpcopyup\",\"size=1m\"]", true, false, false },
	{ "\"source\":\"/x\",\"options\":[\"bind\",\"idmap\"]," MAPPINGS, false, true, false },
	{ "\"source\":\"/x\",\"options\":[\"rbind\",\"ridmap\"]," MAPPINGS, false, true, true },
	/* The option only keeps older runtimes from passing over the mappings. */
	{ "\"source\":\"/x\",\"options\":[\"rbind\"]," MAPPINGS, false, true, false },
};

static void more_than_flags(void **state)
{
	struct place *p = *state;

	for (size_t i = 0; i < COUNT(extras); i++) {
		struct resolved r;
		const struct plan_mount *m =
			one(p,
			    arena_printf(&p->arena, "{\"destination\":\"/a\",%s}", extras[i].mount),
			    &r);
		if (m->copy_up != extras[i].copy_up || m->idmap != extras[i].idmap ||
		    m->idmap_below != extras[i].idmap_below)
			fail_msg("%s", extras[i].mount);
		resolved_free(&r);
	}
}

static const struct {
	const char *mount, *source, *destination; /* a source with %s: below the bundle */
} paths[] = {
	{ "\"destination\":\"/a\",\"source\":\"/x/y\"", "/x/y", "/a" },
	{ "\"destination\":\"/a\",\"source\":\"x/y\"", "%s/x/y", "/a" },
	{ "\"destination\":\"/a\",\"source\":\"../y\"", "%s/../y", "/a" },
	{ "\"destination\":\"/a\",\"source\":\".\"", "%s/.", "/a" },
	{ "\"destination\":\"a/b\",\"source\":\"/x\"", "/x", "/a/b" },
	{ "\"destination\":\"../b\",\"source\":\"/x\"", "/x", "/../b" },
};

static void absolute_paths(void **state)
{
	struct place *p = *state;

	for (size_t i = 0; i < COUNT(paths); i++) {
		struct resolved r;
		const struct plan_mount *m =
			one(p,
			    arena_printf(&p->arena, "{%s,\"options\":[\"bind\"]}", paths[i].mount),
			    &r);
		assert_string_equal(m->source, arena_printf(&p->arena, paths[i].source, p->path));
		assert_string_equal(m->destination, paths[i].destination);
		resolved_free(&r);
	}
	/* A destination with the rootfs in front is below it, and only then. */
	static const char *const below[][2] = { { "rootfs/final", "/final" },
						{ "./rootfs//a/", "/a" },
						{ "rootfs", "/" } };
	struct resolved r;
	const struct plan_mount *m;
	for (size_t i = 0; i < COUNT(below); i++) {
		m = one(p,
			arena_printf(&p->arena, "{\"destination\":\"%s/%s\",\"type\":\"tmpfs\"}",
				     p->path, below[i][0]),
			&r);
		assert_string_equal(m->destination, below[i][1]);
		resolved_free(&r);
	}
	const char *beside = arena_printf(&p->arena, "%s/rootfs2", p->path);
	m = one(p, arena_printf(&p->arena, "{\"destination\":\"%s\",\"type\":\"tmpfs\"}", beside),
		&r);
	assert_string_equal(m->destination, beside);
	resolved_free(&r);
	/* Of other types a source is a name. */
	m = one(p, "{\"destination\":\"/a\",\"type\":\"tmpfs\",\"source\":\"shm\"}", &r);
	assert_string_equal(m->source, "shm");
	resolved_free(&r);
}

static void in_their_order(void **state)
{
	struct resolved r;

	assert_int_equal(
		resolve_list(*state,
			     "[{\"destination\":\"/b\",\"type\":\"tmpfs\"},"
			     "{\"destination\":\"/a\",\"type\":\"tmpfs\"},"
			     "{\"destination\":\"/b\",\"type\":\"tmpfs\",\"options\":[\"ro\"]}]",
			     &r),
		0);
	assert_int_equal(r.b.plan->mounts.n, 3);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(r.b.plan->mounts.v[i].index, i);
		assert_string_equal(r.b.plan->mounts.v[i].destination, i == 1 ? "/a" : "/b");
	}
	resolved_free(&r);
	assert_int_equal(resolve_list(*state, "[]", &r), 0);
	assert_int_equal(r.b.plan->mounts.n, 0);
	assert_true(r.b.plan->setup_dev);
	resolved_free(&r);
}

#define TMPFS(at) "{\"destination\":\"" at "\",\"type\":\"tmpfs\",\"source\":\"tmpfs\"}"
#define BIND(at) "{\"destination\":\"" at "\",\"source\":\"/x\",\"options\":[\"bind\"]}"
#define REMOUNT(at) "{\"destination\":\"" at "\",\"options\":[\"remount\",\"ro\"]}"

static const struct {
	const char *mounts;
	bool setup_dev;
} devs[] = {
	{ TMPFS("/dev"), true },
	{ BIND("/dev"), false },
	{ BIND("/dev/"), false },
	{ BIND("//dev//"), false },
	{ BIND("dev"), false },
	{ "{\"destination\":\"/dev\",\"source\":\"/dev\",\"options\":[\"rbind\"]}", false },
	{ "{\"destination\":\"/dev\",\"source\":\"/dev\",\"type\":\"bind\"}", false },
	{ BIND("/dev/pts"), true },
	{ BIND("/device"), true },
	{ BIND("/a/dev"), true },
	{ BIND("/"), true },
	/* What lies on top counts, and a remount is nothing new. */
	{ BIND("/dev") "," TMPFS("/dev"), true },
	{ TMPFS("/dev") "," BIND("/dev"), false },
	{ BIND("/dev") "," REMOUNT("/dev"), false },
	{ TMPFS("/dev") "," REMOUNT("/dev"), true },
	{ BIND("/dev") "," BIND("/dev/null"), false },
};

static void who_sets_up_dev(void **state)
{
	struct place *p = *state;

	for (size_t i = 0; i < COUNT(devs); i++) {
		struct resolved r;
		if (resolve_list(p, arena_printf(&p->arena, "[%s]", devs[i].mounts), &r) < 0)
			fail_msg("%s: %s", devs[i].mounts, shown(&r.e));
		if (r.b.plan->setup_dev != devs[i].setup_dev)
			fail_msg("%s", devs[i].mounts);
		resolved_free(&r);
	}
}

#define CHANGE(at) "{\"destination\":\"" at "\",\"options\":[\"remount\",\"size=1m\"]}"
#define TYPE(of, at) "{\"destination\":\"" at "\",\"type\":\"" of "\"}"

/* What the last of the mounts, a remount, names, and whether it may change the filesystem. */
static const struct {
	const char *mounts;
	int names;
	bool reconfigure;
} named[] = {
	{ TMPFS("/a") "," REMOUNT("/a"), 0, true },
	{ TMPFS("/a") "," CHANGE("/a"), 0, true },
	{ TMPFS("/a") "," TMPFS("/b") "," REMOUNT("/b") "," CHANGE("/a/"), 0, true },
	{ TMPFS("/a") "," BIND("/a") "," CHANGE("/a"), 1, false },
	{ BIND("/a") "," TMPFS("/a") "," CHANGE("/a"), 1, true },
	{ TMPFS("/a") ",{\"destination\":\"/a\",\"options\":[\"remount\",\"bind\",\"ro\"]}", 0,
	  false },
	/* Mounted there no more: something later covers the way. */
	{ TMPFS("/a/b") "," BIND("/a") "," CHANGE("/a/b"), -1, false },
	{ TMPFS("/a") "," BIND("/") "," CHANGE("/a"), -1, false },
	{ BIND("/a") "," TMPFS("/a/b") "," CHANGE("/a/b"), 1, true },
	{ TMPFS("/ab") "," BIND("/a") "," CHANGE("/ab"), 0, true },
	{ TMPFS("/a") "," CHANGE("/b"), -1, false },
	{ CHANGE("/a") "," TMPFS("/a") "," REMOUNT("/c"), -1, false },
	/* The host's too. */
	{ TYPE("sysfs", "/a") "," REMOUNT("/a"), 0, false },
	{ TYPE("mqueue", "/a") "," REMOUNT("/a"), 0, false },
	{ TYPE("cgroup2", "/a") "," REMOUNT("/a"), 0, false },
	{ TYPE("cgroup", "/a") "," REMOUNT("/a"), 0, false },
	{ TYPE("proc", "/a") "," REMOUNT("/a"), 0, true },
	{ TYPE("ext4", "/a") "," REMOUNT("/a"), 0, true },
};

static void what_a_remount_names(void **state)
{
	struct place *p = *state;

	for (size_t i = 0; i < COUNT(named); i++) {
		struct resolved r;
		if (resolve_list(p, arena_printf(&p->arena, "[%s]", named[i].mounts), &r) < 0)
			fail_msg("%s: %s", named[i].mounts, shown(&r.e));
		const struct plan *plan = r.b.plan;
		const struct plan_mount *last = &plan->mounts.v[plan->mounts.n - 1];
		if (last->remounts != named[i].names || last->reconfigure != named[i].reconfigure ||
		    (last->remounts >= 0 && !plan->mounts.v[last->remounts].remounted))
			fail_msg("%s: %d", named[i].mounts, last->remounts);
		resolved_free(&r);
	}
}

/* Options of each mount with linux.mountLabel "u:r:t:s0:c1,c2"; the host need not have SELinux. */
static const struct {
	const char *mount;
	const char *data[3];
} labels[] = {
	{ "\"type\":\"tmpfs\"", { "context=u:r:t:s0:c1,c2" } },
	{ "\"type\":\"devpts\",\"options\":[\"mode=620\"]",
	  { "mode=620", "context=u:r:t:s0:c1,c2" } },
	{ "\"type\":\"tmpfs\",\"options\":[\"context=\\\"u:r:x:s0:c3,c4\\\"\"]",
	  { "context=u:r:x:s0:c3,c4" } },
	{ "\"type\":\"tmpfs\",\"options\":[\"rootcontext=a:b:c\",\"size=\\\"1\\\"\"]",
	  { "rootcontext=a:b:c", "size=\"1\"" } },
	{ "\"type\":\"proc\"", { 0 } },
	{ "\"type\":\"sysfs\"", { 0 } },
	{ "\"type\":\"mqueue\"", { 0 } },
	{ "\"type\":\"cgroup\"", { 0 } },
	{ "\"type\":\"cgroup2\"", { 0 } },
	{ "\"source\":\"/x\",\"options\":[\"bind\"]", { 0 } },
	{ "\"type\":\"tmpfs\",\"options\":[\"remount\",\"ro\"]", { 0 } },
};

/* The mount's options, where run.oci.mount_context_type is `type`. */
static const struct strings *labelled(struct arena *a, const char *mount, const char *type)
{
	struct plan plan = { .status = { .bundle = "/", .rootfs = "/r" } };
	struct error e = ERROR_NONE;
	struct spec *s;
	char *text =
		arena_printf(a,
			     "{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"r\"},\"mounts\":[{"
			     "\"destination\":\"/a\",%s}],\"linux\":{\"mountLabel\":"
			     "\"u:r:t:s0:c1,c2\",\"namespaces\":[{\"type\":\"mount\"}]},"
			     "\"annotations\":{\"run.oci.mount_context_type\":\"%s\"}}",
			     mount, type);

	if (spec_read(a, text, strlen(text), &s, NULL, &e) < 0 ||
	    resolve_mounts(s, a, &plan, &e) < 0)
		fail_msg("%s: %s", text, shown(&e));
	return &plan.mounts.v[0].data;
}

static void mount_label(void **state)
{
	struct place *p = *state;

	for (size_t i = 0; i < COUNT(labels); i++) {
		const struct strings *data = labelled(&p->arena, labels[i].mount, "");
		for (size_t j = 0; j < 3; j++) {
			const char *got = j < data->n ? data->v[j] : NULL;
			if (!labels[i].data[j] != !got)
				fail_msg("%s: %s", labels[i].mount, got ? got : "less");
			if (got)
				assert_string_equal(got, labels[i].data[j]);
		}
	}
	assert_string_equal(labelled(&p->arena, "\"type\":\"tmpfs\"", "rootcontext")->v[0],
			    "rootcontext=u:r:t:s0:c1,c2");
}

static void errors(void **state)
{
	static const char *const all[][2] = {
		{ "{\"destination\":\"/a\",\"options\":[\"bind\"]}",
		  "mounts[1].source: a bind mount needs one" },
		{ "{\"destination\":\"/a\",\"source\":\"\",\"type\":\"bind\"}",
		  "mounts[1].source: a bind mount needs one" },
		{ "{\"destination\":\"/a\",\"source\":\"/x\"}",
		  "mounts[1].type: missing, and the options say neither bind nor rbind" },
		{ "{\"destination\":\"/a\",\"source\":\"/x\",\"type\":\"\",\"options\":[\"ro\"]}",
		  "mounts[1].type: missing, and the options say neither bind nor rbind" },
		{ "{\"destination\":\"/a\",\"source\":\"/x\",\"type\":\"none\",\"options\":[\"rbind\","
		  "\"tmpcopyup\"]}",
		  "mounts[1].options: \"tmpcopyup\" is for new mounts of type tmpfs" },
		{ "{\"destination\":\"/b\",\"options\":[\"remount\"]," MAPPINGS "}",
		  "mounts[1].options: the ids of what is mounted already can't be mapped" },
		{ "{\"destination\":\"/a\",\"type\":\"cgroup\",\"options\":[\"ridmap\"]," MAPPINGS
		  "}",
		  "mounts[1].options: the ids of a cgroup mount can't be mapped" },
		{ "{\"destination\":\"/c\",\"type\":\"cgroup\","
		  "\"options\":[\"nsdelegate\",\"ro\",\"nope\"]}",
		  "mounts[1].options: \"nope\" is no option of a cgroup mount" },
		{ "{\"destination\":\"/c\",\"type\":\"cgroup\","
		  "\"options\":[\"remount\",\"nope\"]}",
		  "mounts[1].options: \"nope\" is no option of a cgroup mount" },
		{ "{\"destination\":\"/b\",\"options\":[\"remount\",\"iversion\"]}",
		  "mounts[1].options: \"iversion\" can't be changed by a remount" },
	};
	struct place *p = *state;

	for (size_t i = 0; i < COUNT(all); i++) {
		struct resolved r;
		char *mounts = arena_printf(&p->arena, "[" TMPFS("/b") ",%s]", all[i][0]);
		assert_int_equal(resolve_list(p, mounts, &r), -1);
		assert_contains(shown(&r.e), all[i][1]);
		resolved_free(&r);
	}
}

#define VOLUME(to, options) \
	"{\"destination\":\"" to "\",\"type\":\"bind\",\"source\":\"/v\",\"options\":[" options "]}"

/* Without a mount namespace; where: the error, or NULL. */
static void without_a_namespace(void **state)
{
	static const struct {
		const char *more, *mounts, *where;
	} all[] = {
		{ "", "[]", NULL },
		{ "", "[" VOLUME("/a", "\"ro\",\"rprivate\"") "]", NULL },
		{ "", "[" VOLUME("/a", "\"rbind\",\"private\"") "," VOLUME("/ab", "\"ro\"") "]",
		  NULL },
		{ "", "[" VOLUME("/a", "\"ro\"") "," VOLUME("/a/b", "\"ro\"") "]", NULL },
		{ "", "[" VOLUME("/a", "\"rw\"") "," VOLUME("/a/b", "\"rw\"") "]", NULL },
		{ "", "[" TMPFS("/a") "," VOLUME("/a/b", "\"ro\"") "]", NULL },
		{ "", "[" TMPFS("/a") "," VOLUME("/b", "\"rslave\"") "]",
		  "mounts[1].options: propagation other than private needs a namespace" },
		{ "", "[" VOLUME("/b", "\"rprivate\",\"unbindable\"") "]",
		  "mounts[0].options: propagation other than private needs a namespace" },
		{ "", "[" VOLUME("/a", "\"rw\"") "," VOLUME("/a/b/c", "\"ro\"") "]",
		  "mounts[1].options: read-only within mounts[0], which is writable, needs" },
		{ "", "[" VOLUME("/", "\"rw\"") "," VOLUME("/a", "\"rro\"") "]",
		  "mounts[1].options: read-only within mounts[0], which is writable, needs" },
		/* What counts is what it is at last. */
		{ "",
		  "[" VOLUME("/a", "\"ro\"") "," VOLUME("/a/b", "\"ro\"") "," VOLUME(
			  "/a", "\"remount\",\"rw\"") "]",
		  "mounts[1].options: read-only within mounts[0], which is writable, needs" },
		{ "",
		  "[" VOLUME("/a", "\"rw\"") "," VOLUME("/a", "\"remount\",\"ro\"") "," VOLUME(
			  "/a/b", "\"ro\"") "]",
		  NULL },
		{ "",
		  "[{\"destination\":\"/a\",\"type\":\"ext4\",\"source\":\"/dev/x\"}," VOLUME(
			  "/a/b", "\"ro\"") "]",
		  "mounts[1].options: read-only within mounts[0], which is writable, needs" },
		{ "", "[" VOLUME("/a", "\"rw\"") "," VOLUME("/c/../a/b", "\"ro\"") "]",
		  "mounts[1].destination: \"..\" needs a namespace" },
		{ "{\"type\":\"user\"}", "[" VOLUME("/a", "\"ro\"") "]",
		  "mounts: needs a namespace of type \"mount\" in linux.namespaces, as there is" },
	};
	struct place *p = *state;

	for (size_t i = 0; i < COUNT(all); i++) {
		struct resolved r;
		char *config = arena_printf(
			&p->arena,
			"{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"rootfs\"},\"mounts\":%s,"
			"\"linux\":{\"namespaces\":[%s]}}",
			all[i].mounts, all[i].more);
		assert_int_equal(resolve_config(p, config, &r), all[i].where ? -1 : 0);
		if (all[i].where)
			assert_contains(shown(&r.e), all[i].where);
		else
			assert_int_equal(r.b.plan->mounts_apart, i > 0);
		resolved_free(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLACE_TEST(flags_in_order),
		PLACE_TEST(other_words),
		PLACE_TEST(flags_of_a_bind),
		PLACE_TEST(kinds_of_mounts),
		PLACE_TEST(remounts),
		PLACE_TEST(more_than_flags),
		PLACE_TEST(absolute_paths),
		PLACE_TEST(in_their_order),
		PLACE_TEST(who_sets_up_dev),
		PLACE_TEST(mount_label),
		PLACE_TEST(errors),
		PLACE_TEST(what_a_remount_names),
		PLACE_TEST(without_a_namespace),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("resolve_mounts", tests, NULL, NULL);
}
