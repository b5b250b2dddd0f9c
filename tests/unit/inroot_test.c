/*
 * inroot.c: whatever links, dots and names a rootfs holds, every path ends inside it, is made
 * there, or is an error.
 */
#include "place.h"

#include "runtime/inroot.h"

#include <linux/openat2.h>

/* P/root is the root; P/outside is what must never be reached. */
static int setup(void **state)
{
	umask(022);
	if (place_setup(state) < 0)
		return -1;
	return mkdir(in(*state, "root"), 0755) || mkdir(in(*state, "outside"), 0755);
}

#define ROOT_TEST(f) cmocka_unit_test_setup_teardown(f, setup, place_teardown)

static int open_root(struct place *p)
{
	int root = open(in(p, "root"), O_PATH | O_DIRECTORY | O_CLOEXEC);

	assert_true(root >= 0);
	return root;
}

static void make_link(struct place *p, const char *target, const char *name)
{
	assert_int_equal(symlink(target, in(p, name)), 0);
}

/* Where a descriptor is, below the place; the next call uses the buffer again. */
static const char *where(struct place *p, int fd)
{
	static char path[PATH_MAX];
	char link[64];

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, path, sizeof(path) - 1);
	assert_true(n > 0);
	path[n] = 0;
	size_t above = strlen(p->path);
	return !strncmp(path, p->path, above) ? path + above : path;
}

static void outside_is_empty(struct place *p)
{
	assert_int_equal(rmdir(in(p, "outside")), 0);
	assert_int_equal(mkdir(in(p, "outside"), 0755), 0);
}

/* Make path and see that it is at `expected`, below the place, and of that type. */
static void makes(struct place *p, const char *path, mode_t type, const char *expected)
{
	struct error e = ERROR_NONE;
	int root = open_root(p), fd = inroot_make(root, path, type, &e);
	struct stat st;

	if (fd < 0)
		fail_msg("%s: %s", path, shown(&e));
	assert_string_equal(where(p, fd), expected);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & S_IFMT, type);
	assert_true(fcntl(fd, F_GETFL) & O_PATH);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	/* Again, it is there. */
	int again = inroot_make(root, path, type, &e);
	assert_string_equal(where(p, again), expected);
	close(again);
	close(fd);
	close(root);
	outside_is_empty(p);
}

static void refuses(struct place *p, const char *path, mode_t type, int code)
{
	int before = open_descriptors(), root = open_root(p);
	struct error e = ERROR_NONE;

	int fd = inroot_make(root, path, type, &e);
	if (fd >= 0)
		fail_msg("%s is made at %s", path, where(p, fd));
	if (e.code != code)
		fail_msg("%.100s: %s", path, shown(&e));
	close(root);
	assert_int_equal(open_descriptors(), before);
	outside_is_empty(p);
}

static void plain(void **state)
{
	struct place *p = *state;
	struct stat st;

	makes(p, "/a", S_IFDIR, "/root/a");
	makes(p, "/a/b/c", S_IFDIR, "/root/a/b/c");
	makes(p, "/a/b/file", S_IFREG, "/root/a/b/file");
	makes(p, "/x/y/z/file", S_IFREG, "/root/x/y/z/file");
	makes(p, "without/slash", S_IFDIR, "/root/without/slash");
	makes(p, "name", S_IFREG, "/root/name");
	makes(p, "//many///slashes//", S_IFDIR, "/root/many/slashes");
	makes(p, "/a/./dots/./x/.", S_IFDIR, "/root/a/dots/x");
	makes(p, "/", S_IFDIR, "/root");
	makes(p, ".", S_IFDIR, "/root");
	assert_int_equal(stat(in(p, "root/a/b"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_int_equal(stat(in(p, "root/x/y/z/file"), &st), 0);
	assert_int_equal(st.st_size, 0);
}

/* What is there stays: its bytes, its mode, its type. */
static void existing(void **state)
{
	struct place *p = *state;
	struct error e = ERROR_NONE;
	struct stat st;

	write_text(in(p, "root/file"), "text");
	assert_int_equal(chmod(in(p, "root/file"), 0600), 0);
	makes(p, "/file", S_IFREG, "/root/file");
	assert_string_equal(read_text(in(p, "root/file")), "text");
	assert_int_equal(stat(in(p, "root/file"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	/* The caller judges the type. */
	int root = open_root(p), fd = inroot_make(root, "/file", S_IFDIR, &e);
	assert_int_equal(fstat(fd, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	close(fd);
	close(root);
	refuses(p, "/file/below", S_IFDIR, ENOTDIR);
	refuses(p, "/file/below", S_IFREG, ENOTDIR);
}

static void dots_stay_inside(void **state)
{
	struct place *p = *state;

	makes(p, "/..", S_IFDIR, "/root");
	makes(p, "../../../..", S_IFDIR, "/root");
	makes(p, "/../outside/a", S_IFDIR, "/root/outside/a");
	makes(p, "/../../../tmp/x/file", S_IFREG, "/root/tmp/x/file");
	makes(p, "/d/../../outside/file", S_IFREG, "/root/outside/file");
	makes(p, "/a/b/../../../e", S_IFDIR, "/root/e");
}

static void links_stay_inside(void **state)
{
	struct place *p = *state;

	assert_int_equal(mkdir(in(p, "root/inside"), 0755), 0);
	make_link(p, "/inside", "root/absolute");
	make_link(p, "../../../../../../inside", "root/relative");
	make_link(p, "relative", "root/inside/../second");
	make_link(p, "..", "root/inside/up");
	make_link(p, "/", "root/slash");
	makes(p, "/absolute", S_IFDIR, "/root/inside");
	makes(p, "/absolute/file", S_IFREG, "/root/inside/file");
	makes(p, "/relative/d/e", S_IFDIR, "/root/inside/d/e");
	makes(p, "/second/f", S_IFREG, "/root/inside/f");
	makes(p, "/inside/up/up", S_IFDIR, "/root/up");
	makes(p, "/inside/up/../../outside/x", S_IFREG, "/root/outside/x");
	makes(p, "/slash/../slash/g", S_IFREG, "/root/g");
	/* A path of the host, by its full name. */
	make_link(p, in(p, "outside"), "root/host");
	makes(p, "/host/x", S_IFREG, arena_printf(&p->arena, "/root%s/x", in(p, "outside")));
}

static void dangling_links(void **state)
{
	struct place *p = *state;

	make_link(p, "/new/directory", "root/l1");
	makes(p, "/l1", S_IFDIR, "/root/new/directory");
	make_link(p, "../../../outside/file", "root/l2");
	makes(p, "/l2", S_IFREG, "/root/outside/file");
	make_link(p, "/later", "root/l3");
	makes(p, "/l3/x/file", S_IFREG, "/root/later/x/file");
	/* One to the other to what is missing. */
	make_link(p, "l5", "root/l4");
	make_link(p, "/deep/l6", "root/l5");
	assert_int_equal(mkdir(in(p, "root/deep"), 0755), 0);
	make_link(p, "../end/", "root/deep/l6");
	makes(p, "/l4", S_IFDIR, "/root/end");
	make_link(p, arena_printf(&p->arena, "%s/new", in(p, "outside")), "root/l7");
	makes(p, "/l7", S_IFREG, arena_printf(&p->arena, "/root%s/new", in(p, "outside")));
}

static void loops(void **state)
{
	struct place *p = *state;
	struct error e = ERROR_NONE;
	bool made;

	make_link(p, "two", "root/one");
	make_link(p, "/one", "root/two");
	make_link(p, "self/self", "root/self");
	refuses(p, "/one", S_IFDIR, ELOOP);
	refuses(p, "/one/x", S_IFREG, ELOOP);
	refuses(p, "/self", S_IFDIR, ELOOP);
	int root = open_root(p);
	assert_int_equal(inroot_make_missing(root, "/one/x/y", S_IFDIR, &made, &e), -1);
	assert_int_equal(e.code, ELOOP);
	close(root);
	/* No loop, but more than the kernel follows. */
	for (int i = 0; i < 60; i++) {
		char name[32], target[32];
		snprintf(name, sizeof(name), "root/c%d", i);
		snprintf(target, sizeof(target), "c%d", i + 1);
		make_link(p, target, name);
	}
	refuses(p, "/c0", S_IFREG, ELOOP);
	makes(p, "/c40", S_IFREG, "/root/c60");
}

static void long_names(void **state)
{
	struct place *p = *state;
	char path[300];

	memset(path, 'x', sizeof(path));
	path[0] = '/';
	path[256] = 0;
	makes(p, path, S_IFREG, arena_printf(&p->arena, "/root%s", path));
	path[256] = 'x';
	path[257] = 0;
	refuses(p, path, S_IFREG, ENAMETOOLONG);
	refuses(p, arena_printf(&p->arena, "/missing%s", path), S_IFDIR, ENAMETOOLONG);
}

/* "/x/x/x…", n bytes long, then `end`. */
static char *long_path(struct place *p, size_t n, const char *end)
{
	char *path = arena_alloc(&p->arena, n + strlen(end) + 1);

	for (size_t i = 0; i < n; i++)
		path[i] = i % 2 ? 'x' : '/';
	strcpy(path + n, end);
	return path;
}

static void long_paths(void **state)
{
	static const size_t sizes[] = { PATH_MAX, PATH_MAX + 1, 2 * PATH_MAX, 10 * PATH_MAX };
	struct place *p = *state;
	int root = open_root(p);

	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct error e = ERROR_NONE;
		char *path = long_path(p, sizes[i], "");
		const char *name;
		bool made;

		refuses(p, path, S_IFDIR, ENAMETOOLONG);
		assert_int_equal(inroot_make_missing(root, path, S_IFDIR, &made, &e), -1);
		assert_int_equal(e.code, ENAMETOOLONG);
		e = ERROR_NONE;
		path = long_path(p, sizes[i], "/name");
		assert_int_equal(inroot_make_parent(root, path, &name, &e), -1);
		assert_int_equal(e.code, ENAMETOOLONG);
	}
	close(root);
}

/* A link's target, or many, may not make the path grow beyond its bounds. */
static void long_targets(void **state)
{
	struct place *p = *state;
	char target[3001], rest[2001];

	for (size_t i = 0; i < sizeof(target) - 1; i++)
		target[i] = i % 2 ? '/' : '.';
	target[sizeof(target) - 1] = 0;
	memcpy(rest, target, sizeof(rest) - 1);
	rest[sizeof(rest) - 1] = 0;
	make_link(p, target, "root/here");
	makes(p, "/here/x/y", S_IFREG, "/root/x/y");
	makes(p, "/here/here/here/here/here/z", S_IFREG, "/root/z");
	refuses(p, arena_printf(&p->arena, "/here/%smissing/y", rest), S_IFREG, ENAMETOOLONG);
}

static void missing_first(void **state)
{
	struct place *p = *state;
	struct error e = ERROR_NONE;
	bool made = false;
	int root = open_root(p);

	assert_int_equal(mkdir(in(p, "root/d"), 0755), 0);
	int fd = inroot_make_missing(root, "/d/file", S_IFREG, &made, &e);
	assert_true(fd >= 0 && made);
	assert_string_equal(where(p, fd), "/root/d/file");
	close(fd);
	fd = inroot_make_missing(root, "/d/e", S_IFDIR, &made, &e);
	assert_true(fd >= 0 && made);
	assert_string_equal(where(p, fd), "/root/d/e");
	close(fd);
	/* It was there after all: not made. */
	fd = inroot_make_missing(root, "/d/e", S_IFDIR, &made, &e);
	assert_true(fd >= 0 && !made);
	assert_string_equal(where(p, fd), "/root/d/e");
	close(fd);
	/* A link that dangles is made where it points. */
	make_link(p, "/d/target", "root/d/link");
	fd = inroot_make_missing(root, "/d/link", S_IFREG, &made, &e);
	assert_true(fd >= 0);
	assert_string_equal(where(p, fd), "/root/d/target");
	close(fd);
	fd = inroot_make_missing(root, "/d/more/and/more", S_IFDIR, &made, &e);
	assert_true(fd >= 0);
	assert_string_equal(where(p, fd), "/root/d/more/and/more");
	close(fd);
	close(root);
}

static void parents(void **state)
{
	static const struct {
		const char *path, *name, *parent;
	} good[] = {
		{ "/dev/null", "null", "/root/dev" },
		{ "/null", "null", "/root" },
		{ "null", "null", "/root" },
		{ "/a/b/c/d", "d", "/root/a/b/c" },
		{ "/link/d", "d", "/root/made/by/link" },
		{ "/../../d", "d", "/root" },
	};
	static const char *const bad[] = { "", "/", "/a/", "/a/.", "/a/..", "..", "." };
	struct place *p = *state;
	int root = open_root(p);
	const char *name;

	make_link(p, "/made/by/link", "root/link");
	for (size_t i = 0; i < COUNT(good); i++) {
		struct error e = ERROR_NONE;
		int fd = inroot_make_parent(root, good[i].path, &name, &e);
		if (fd < 0)
			fail_msg("%s", shown(&e));
		assert_string_equal(name, good[i].name);
		assert_string_equal(where(p, fd), good[i].parent);
		close(fd);
	}
	assert_false(exists(in(p, "root/dev/null")));
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct error e = ERROR_NONE;
		assert_int_equal(inroot_make_parent(root, bad[i], &name, &e), -1);
		assert_int_equal(e.code, EINVAL);
	}
	close(root);
	outside_is_empty(p);
}

static void opens(void **state)
{
	struct place *p = *state;
	int root = open_root(p);

	write_text(in(p, "outside/secret"), "");
	make_link(p, "../outside/secret", "root/link");
	make_link(p, "d", "root/to-d");
	assert_int_equal(mkdir(in(p, "root/d"), 0755), 0);
	assert_int_equal(inroot_open(root, "/link", O_PATH, 0), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(inroot_open(root, "/../outside/secret", O_PATH, 0), -1);
	assert_int_equal(errno, ENOENT);
	int fd = inroot_open(root, "/to-d", O_PATH, 0);
	assert_string_equal(where(p, fd), "/root/d");
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
	assert_int_equal(inroot_open(root, "/to-d", O_PATH, RESOLVE_NO_SYMLINKS), -1);
	assert_int_equal(errno, ELOOP);
	close(root);
	assert_int_equal(unlink(in(p, "outside/secret")), 0);
}

/* The root here is the host's, because a plain user can have no procfs elsewhere. */
static void magic_links(void **state)
{
	static const char *const below_proc[] = { "self/root", "self/root/tmp", "self/cwd",
						  "self/exe",  "self/fd/0",     "self/ns/mnt" };
	struct place *p = *state;
	const char *name;
	struct error e = ERROR_NONE;
	int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	for (size_t i = 0; i < COUNT(below_proc); i++) {
		assert_int_equal(inroot_open(proc, below_proc[i], O_PATH, 0), -1);
		assert_int_equal(errno, ELOOP);
		e = ERROR_NONE;
		assert_int_equal(inroot_make(proc, below_proc[i], S_IFREG, &e), -1);
		assert_int_equal(e.code, ELOOP);
	}
	make_link(p, "/proc/self/root", "root/link");
	assert_int_equal(inroot_make(root, in(p, "root/link"), S_IFDIR, &e), -1);
	assert_int_equal(e.code, ELOOP);
	char *path = arena_printf(&p->arena, "%s/root/link%s/new", p->path, p->path);
	assert_int_equal(inroot_make(root, path, S_IFDIR, &e), -1);
	assert_int_equal(e.code, ELOOP);
	assert_int_equal(inroot_make_parent(root, path, &name, &e), -1);
	assert_int_equal(e.code, ELOOP);
	assert_false(exists(in(p, "new")));
	close(root);
	close(proc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROOT_TEST(plain),
		ROOT_TEST(existing),
		ROOT_TEST(dots_stay_inside),
		ROOT_TEST(links_stay_inside),
		ROOT_TEST(dangling_links),
		ROOT_TEST(loops),
		ROOT_TEST(long_names),
		ROOT_TEST(long_paths),
		ROOT_TEST(long_targets),
		ROOT_TEST(missing_first),
		ROOT_TEST(parents),
		ROOT_TEST(opens),
		ROOT_TEST(magic_links),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("inroot", tests, NULL, NULL);
}
