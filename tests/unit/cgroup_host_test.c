/*
 * cgroup_host.c: which hierarchies a host has and where we are in each, from the texts that hosts
 * of every kind show; and cgroup.c: where a container's cgroup then is.
 */
#include "unit.h"

#include "runtime/parent/cgroup.h"

static struct cgroup_hierarchies host(struct arena *a, const char *mountinfo, const char *own)
{
	struct cgroup_hierarchies h = { .pure = !mountinfo };

	cgroup_mounted(a, mountinfo ? arena_strdup(a, mountinfo) : NULL, &h);
	cgroup_find_own(arena_strdup(a, own), &h);
	return h;
}

/* "NAME MOUNT_POINT OWN OPTION,…;" for each, with a star for v2. */
static char *told(struct arena *a, const struct cgroup_hierarchies *h)
{
	char *out = "";

	for (size_t i = 0; i < h->n; i++) {
		const struct cgroup_hierarchy *one = &h->v[i];
		out = arena_printf(a, "%s%s%s %s %s", out, one->name, one->unified ? "*" : "",
				   one->mount_point, one->own);
		for (size_t j = 0; j < one->options.n; j++)
			out = arena_printf(a, "%s%s%s", out, j ? "," : " ", one->options.v[j]);
		out = arena_printf(a, "%s;", out);
	}
	return out;
}

#define BEFORE                                                                      \
	"21 26 0:20 / /sys rw,nosuid - sysfs sysfs rw\n"                            \
	"22 26 0:4 / /proc rw,nosuid - proc proc rw\n"                              \
	"26 1 8:2 / / rw,relatime shared:1 - ext4 /dev/sda2 rw,errors=remount-ro\n" \
	"29 21 0:25 / /sys/fs/cgroup ro,nosuid shared:9 - tmpfs tmpfs ro,mode=755\n"
#define SYSTEMD \
	"31 29 0:27 / /sys/fs/cgroup/systemd rw shared:11 - cgroup cgroup rw,xattr,name=systemd\n"
#define CPU "33 29 0:31 / /sys/fs/cgroup/cpu,cpuacct rw shared:16 - cgroup cgroup rw,cpu,cpuacct\n"
#define MEMORY "34 29 0:32 / /sys/fs/cgroup/memory rw shared:17 - cgroup cgroup rw,memory\n"
#define UNIFIED "30 29 0:26 / /sys/fs/cgroup/unified rw shared:10 - cgroup2 cgroup2 rw,nsdelegate\n"

static void v1(void **state)
{
	struct cgroup_hierarchies h =
		host(*state, BEFORE SYSTEMD CPU MEMORY,
		     "4:memory:/user.slice\n3:cpu,cpuacct:/user.slice/c\n"
		     "1:name=systemd:/user.slice/user-0.slice/session-1.scope\n");

	assert_string_equal(told(*state, &h),
			    "systemd /sys/fs/cgroup/systemd "
			    "/user.slice/user-0.slice/session-1.scope name=systemd;"
			    "cpu,cpuacct /sys/fs/cgroup/cpu,cpuacct /user.slice/c cpu,cpuacct;"
			    "memory /sys/fs/cgroup/memory /user.slice memory;");
}

static void hybrid(void **state)
{
	struct cgroup_hierarchies h = host(*state, BEFORE UNIFIED SYSTEMD MEMORY,
					   "2:memory:/m\n1:name=systemd:/s\n0::/u\n");

	assert_string_equal(told(*state, &h), "unified* /sys/fs/cgroup/unified /u;"
					      "systemd /sys/fs/cgroup/systemd /s name=systemd;"
					      "memory /sys/fs/cgroup/memory /m memory;");
}

static void pure_v2(void **state)
{
	struct cgroup_hierarchies h = host(*state, NULL, "0::/user.slice/user-1000.slice\n");

	assert_string_equal(told(*state, &h), "* /sys/fs/cgroup /user.slice/user-1000.slice;");
	/* With a v1 hierarchy that is not mounted there, too. */
	h = host(*state, NULL, "1:net_cls:/other\n0::/a:b\n");
	assert_string_equal(told(*state, &h), "* /sys/fs/cgroup /a:b;");
}

static void none(void **state)
{
	static const char *const texts[] = {
		"",
		"\n",
		BEFORE,
		/* Elsewhere, or deeper: none of ours. */
		"34 29 0:32 / /cgroup/memory rw - cgroup cgroup rw,memory\n",
		"34 29 0:32 / /sys/fs/cgroup/a/memory rw - cgroup cgroup rw,memory\n",
		"34 29 0:32 / /sys/fs/cgroups rw - cgroup cgroup rw,memory\n",
		/* Other filesystems there. */
		"34 29 0:32 / /sys/fs/cgroup/memory rw - tmpfs cgroup rw,memory\n",
		/* Cut short. */
		"34 29 0:32 / /sys/fs/cgroup/memory rw",
		"34 29 0:32 / /sys/fs/cgroup/memory rw - ",
		"34 29 0:32 / /sys/fs/cgroup/memory rw - cgroup",
		"34 29 0:32 - cgroup cgroup rw,memory",
		" - \n - cgroup cgroup rw\n",
	};

	for (size_t i = 0; i < COUNT(texts); i++) {
		struct cgroup_hierarchies h = host(*state, texts[i], "0::/\n");
		if (h.n)
			fail_msg("\"%s\" is %s", texts[i], told(*state, &h));
	}
}

/* What the options of a mount say beside its controllers, and lines with optional fields or none. */
static void options(void **state)
{
	struct cgroup_hierarchies h = host(
		*state,
		"1 2 0:3 / /sys/fs/cgroup/cpuset rw,nosuid - cgroup cgroup "
		"rw,noprefix,cpuset,clone_children,release_agent=/x\n"
		"1 2 0:3 / /sys/fs/cgroup/blkio rw shared:1 master:2 - cgroup none ro,xattr,blkio\n"
		"1 2 0:3 / /sys/fs/cgroup/my rw - cgroup none rw,none,name=my\n",
		"");

	assert_int_equal(h.n, 3);
	assert_int_equal(h.v[0].options.n, 1);
	assert_string_equal(h.v[0].options.v[0], "cpuset");
	assert_null(h.v[0].options.v[1]);
	assert_int_equal(h.v[1].options.n, 1);
	assert_string_equal(h.v[1].options.v[0], "blkio");
	assert_string_equal(h.v[2].options.v[h.v[2].options.n - 1], "name=my");
	/* Where nobody says where we are, we are at the top. */
	for (size_t i = 0; i < h.n; i++)
		assert_string_equal(h.v[i].own, "/");
}

/* A name that another begins with is another. */
static void similar_names(void **state)
{
	struct cgroup_hierarchies h =
		host(*state,
		     "1 2 0:3 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
		     "1 2 0:3 / /sys/fs/cgroup/cpuacct rw - cgroup cgroup rw,cpuacct\n"
		     "1 2 0:3 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
		     "1 2 0:3 / /sys/fs/cgroup/n rw - cgroup cgroup rw,name=n\n"
		     "1 2 0:3 / /sys/fs/cgroup/nn rw - cgroup cgroup rw,name=nn\n",
		     "5:name=nn:/e\n4:name=n:/d\n3:cpuset:/c\n2:cpuacct:/b\n1:cpu:/a\n0::/x\n");

	assert_string_equal(told(*state, &h), "cpu /sys/fs/cgroup/cpu /a cpu;"
					      "cpuacct /sys/fs/cgroup/cpuacct /b cpuacct;"
					      "cpuset /sys/fs/cgroup/cpuset /c cpuset;"
					      "n /sys/fs/cgroup/n /d name=n;"
					      "nn /sys/fs/cgroup/nn /e name=nn;");
}

/* A path holds anything but a newline; lines that say nothing are skipped. */
static void own_paths(void **state)
{
	struct cgroup_hierarchies h =
		host(*state, BEFORE MEMORY UNIFIED, "\n:\n7\n8:memory\n3:memory:/a:b c\n0::/../x");

	assert_string_equal(told(*state, &h), "memory /sys/fs/cgroup/memory /a:b c memory;"
					      "unified* /sys/fs/cgroup/unified /../x;");
}

/* The last mount at a place is the one that is seen there. */
static void mounted_over(void **state)
{
	struct cgroup_hierarchies h =
		host(*state,
		     BEFORE MEMORY CPU
		     "40 34 0:40 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,pids\n",
		     "3:pids:/p\n2:memory:/m\n1:cpu,cpuacct:/c\n");

	assert_string_equal(told(*state, &h),
			    "cpu,cpuacct /sys/fs/cgroup/cpu,cpuacct /c cpu,cpuacct;"
			    "memory /sys/fs/cgroup/memory /p pids;");
}

static void hidden_by_another_filesystem(void **state)
{
	struct cgroup_hierarchies h =
		host(*state,
		     BEFORE MEMORY CPU "40 34 0:40 / /sys/fs/cgroup/memory rw - tmpfs tmpfs rw\n",
		     "2:memory:/m\n1:cpu,cpuacct:/c\n");

	assert_string_equal(told(*state, &h),
			    "cpu,cpuacct /sys/fs/cgroup/cpu,cpuacct /c cpu,cpuacct;");
	/* All of it, by what is mounted above. */
	h = host(*state,
		 BEFORE MEMORY CPU "41 29 0:41 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n"
				   "42 41 0:42 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n",
		 "3:pids:/p\n2:memory:/m\n1:cpu,cpuacct:/c\n");
	assert_string_equal(told(*state, &h), "pids /sys/fs/cgroup/pids /p pids;");
}

static void very_many(void **state)
{
	char *text = "", *options = "rw";

	for (int i = 0; i < 100; i++) {
		options = arena_printf(*state, "%s,c%d", options, i);
		text = arena_printf(*state,
				    "%s1 2 0:3 / /sys/fs/cgroup/n%d rw - cgroup cgroup %s\n", text,
				    i, options);
	}
	struct cgroup_hierarchies h = host(*state, text, "1:c0:/x\n");
	assert_true(h.n > 0 && h.n <= 100);
	assert_string_equal(h.v[h.n - 1].own, "/x");
}

static const char *resolved(struct arena *a, const char *path, struct error *e)
{
	struct plan *plan = arena_new(a, struct plan);

	*e = ERROR_NONE;
	if (cgroup_resolve(a, path, "c1", plan, e) < 0)
		return NULL;
	assert_true(plan->cgroups.n > 0);
	return plan->cgroups.v[0].path;
}

/* On the machine that we are on, whatever it has. */
static void resolves(void **state)
{
	struct cgroup_hierarchies h;
	struct error e = ERROR_NONE;
	struct arena *a = *state;
	const char *path;

	assert_int_equal(cgroup_hierarchies(a, &h, &e), 0);
	if (!h.n) {
		assert_null(resolved(a, NULL, &e));
		assert_contains(shown(&e), "no cgroup hierarchy is mounted");
		return;
	}
	const char *at = h.v[0].mount_point;
	assert_string_equal(resolved(a, "/a/b", &e), arena_printf(a, "%s/a/b", at));
	assert_string_equal(resolved(a, "/a/b//", &e), arena_printf(a, "%s/a/b", at));
	path = resolved(a, "a/b", &e);
	assert_true(!strncmp(path, at, strlen(at)));
	assert_string_equal(path + strlen(path) - 4, "/a/b");
	path = resolved(a, NULL, &e);
	assert_true(!strncmp(path, at, strlen(at)));
	assert_string_equal(path + strlen(path) - 10, "/ocirun-c1");
	for (const char *slashes = "///"; *slashes; slashes++) {
		assert_null(resolved(a, slashes, &e));
		assert_string_equal(e.field, "linux.cgroupsPath");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ARENA_TEST(v1),
		ARENA_TEST(hybrid),
		ARENA_TEST(pure_v2),
		ARENA_TEST(none),
		ARENA_TEST(options),
		ARENA_TEST(similar_names),
		ARENA_TEST(own_paths),
		ARENA_TEST(mounted_over),
		ARENA_TEST(hidden_by_another_filesystem),
		ARENA_TEST(very_many),
		ARENA_TEST(resolves),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("cgroup_host", tests, NULL, NULL);
}
