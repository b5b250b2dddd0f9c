/*
 * file.c: what is read is the whole file or an error, what is replaced is never half there, and
 * descriptors end with their scope.
 */
#include "place.h"

#include "runtime/file.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

static void descriptors(void **state)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC), kept = fd, none = -1;
	int taken = fd_take(&fd);

	(void)state;
	assert_int_equal(taken, kept);
	assert_int_equal(fd, -1);
	assert_true(is_open(taken));
	errno = ENOTTY;
	fd_close(&fd);
	fd_close(&none);
	fd_close(&taken);
	assert_int_equal(errno, ENOTTY);
	assert_int_equal(taken, -1);
	assert_false(is_open(kept));
	/* Nor does one that can't be closed. */
	int closed = kept;
	errno = ENOTTY;
	fd_close(&closed);
	assert_int_equal(errno, ENOTTY);
}

static void same(void **state)
{
	struct place *p = *state;
	CLEAN_FD a = open(p->path, O_RDONLY | O_CLOEXEC);
	CLEAN_FD again = open(p->path, O_PATH | O_CLOEXEC);
	CLEAN_FD other = open("/dev/null", O_RDONLY | O_CLOEXEC);

	assert_true(fd_same(a, again));
	assert_false(fd_same(a, other));
	assert_false(fd_same(a, -1));
	assert_false(fd_same(-1, -1));
}

static int scoped(bool take)
{
	CLEAN_FD fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	CLEAN_FREE char *bytes = malloc(16);
	int number = fd;

	assert_non_null(bytes);
	errno = ENOTTY;
	return take ? fd_take(&fd) : number;
}

static void scopes(void **state)
{
	int closed = scoped(false);

	(void)state;
	assert_int_equal(errno, ENOTTY);
	assert_false(is_open(closed));
	int open_still = scoped(true);
	assert_true(is_open(open_still));
	close(open_still);
}

static void writes_all(void **state)
{
	size_t n = 300000;
	int ends[2];

	(void)state;
	/* More than a pipe holds: one write(2) would be cut when the reader is slow. */
	char *bytes = calloc(1, n);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid_t pid = fork();
	if (pid == 0) {
		close(ends[0]);
		_exit(write_all(ends[1], bytes, n) < 0);
	}
	close(ends[1]);
	size_t total = 0;
	for (ssize_t got; (got = read(ends[0], bytes, n)) > 0;)
		total += got;
	assert_int_equal(total, n);
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	int failed = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_int_equal(write_all(failed, bytes, n), -1);
	assert_int_equal(errno, EBADF);
	assert_int_equal(write_all(failed, bytes, 0), 0);
	close(failed);
	close(ends[0]);
	free(bytes);
}

typedef int read_fn(int fd, size_t max, struct arena *a, char **text, size_t *length);

static int read_path_by(read_fn *reader, struct place *p, const char *path, size_t max, char **text,
			size_t *length)
{
	CLEAN_FD fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	return reader(fd, max, &p->arena, text, length);
}

static int read_path(struct place *p, const char *path, size_t max, char **text, size_t *length)
{
	return read_path_by(file_read, p, path, max, text, length);
}

static void reads_by(read_fn *reader, struct place *p)
{
	static const size_t sizes[] = { 0, 1, 100, 4095, 4096, 4097, 8192, 50000 };
	static char bytes[50000];
	char *path = in(p, "file");
	size_t length = 99;
	char *text;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i % 251); /* NUL too */
	for (size_t i = 0; i < COUNT(sizes); i++) {
		write_file(path, bytes, sizes[i]);
		assert_int_equal(read_path_by(reader, p, path, sizes[i] + 1, &text, &length), 0);
		assert_int_equal(length, sizes[i]);
		assert_memory_equal(text, bytes, sizes[i]);
		assert_int_equal(text[length], 0);
		/* Exactly at the limit is within it. */
		assert_int_equal(read_path_by(reader, p, path, sizes[i], &text, &length), 0);
		assert_memory_equal(text, bytes, sizes[i]);
		if (!sizes[i])
			continue;
		assert_int_equal(read_path_by(reader, p, path, sizes[i] - 1, &text, &length), -1);
		assert_int_equal(errno, EFBIG);
	}
}

static void reads(void **state)
{
	reads_by(file_read, *state);
	reads_by(file_read_small, *state);
}

/* A pipe says no size: the room grows as it is read, and the limit still holds. */
static void reads_what_says_no_size(void **state)
{
	static char bytes[30000];
	struct place *p = *state;
	size_t length;
	char *text;

	memset(bytes, 'x', sizeof(bytes));
	for (size_t max = sizeof(bytes) - 1; max <= sizeof(bytes); max++) {
		int ends[2];
		assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
		assert_int_equal(write(ends[1], bytes, sizeof(bytes)), sizeof(bytes));
		close(ends[1]);
		int result = file_read(ends[0], max, &p->arena, &text, &length);
		int code = errno;
		close(ends[0]);
		assert_int_equal(result, max < sizeof(bytes) ? -1 : 0);
		if (result < 0)
			assert_int_equal(code, EFBIG);
	}
	assert_int_equal(length, sizeof(bytes));
	assert_memory_equal(text, bytes, sizeof(bytes));
}

static void reads_procfs(void **state)
{
	struct place *p = *state;
	size_t length;
	char *text;

	assert_int_equal(read_path(p, "/proc/self/status", 1 << 20, &text, &length), 0);
	assert_contains(text, "\nPid:");
	assert_contains(text, "\nnonvoluntary_ctxt_switches:");
	assert_int_equal(strlen(text), length);
	assert_int_equal(read_path(p, "/proc/self/status", 100, &text, &length), -1);
	assert_int_equal(errno, EFBIG);
	/* Longer than a page, in pieces. */
	assert_int_equal(read_path(p, "/proc/self/smaps", 16 << 20, &text, &length), 0);
	assert_true(length > 4096);
	assert_int_equal(text[length - 1], '\n');
	/* sysfs says a page and has a line. */
	const char *online = "/sys/devices/system/cpu/online";
	if (exists(online)) {
		assert_int_equal(read_path(p, online, 1 << 20, &text, &length), 0);
		assert_string_equal(text, read_text(online));
	}
}

static void reads_no_directory(void **state)
{
	struct place *p = *state;
	size_t length;
	char *text;

	assert_int_equal(read_path(p, p->path, 100, &text, NULL), -1);
	assert_int_equal(errno, EISDIR);
	assert_int_equal(read_path_by(file_read_small, p, p->path, 100, &text, &length), -1);
	assert_int_equal(errno, EISDIR);
	assert_int_equal(file_read(-1, 100, &p->arena, &text, NULL), -1);
	assert_int_equal(errno, EBADF);
}

static void writes_existing(void **state)
{
	struct place *p = *state;
	CLEAN_FD dir = open(p->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	write_text(in(p, "file"), "");
	assert_int_equal(file_write_at(dir, "file", "max 100"), 0);
	assert_string_equal(read_text(in(p, "file")), "max 100");
	assert_int_equal(file_write_at(dir, "missing", "1"), -1);
	assert_int_equal(errno, ENOENT);
	assert_false(exists(in(p, "missing")));
	assert_int_equal(symlink("file", in(p, "link")), 0);
	assert_int_equal(file_write_at(dir, "link", "no"), -1);
	assert_int_equal(errno, ELOOP);
	assert_string_equal(read_text(in(p, "file")), "max 100");
	assert_int_equal(file_write_at(AT_FDCWD, "/dev/full", "1"), -1);
	assert_int_equal(errno, ENOSPC);
}

static int replace(struct place *p, const char *path, const char *text, struct error *e)
{
	CLEAN_FD dir = open(p->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	*e = ERROR_NONE;
	return file_replace_at(dir, path, text, strlen(text), 0640, e);
}

static size_t entries(struct place *p)
{
	DIR *d = opendir(p->path);
	size_t n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

static void replaces(void **state)
{
	struct place *p = *state;
	struct stat st;
	struct error e;
	char old[16] = "";

	assert_int_equal(replace(p, "file", "first", &e), 0);
	assert_string_equal(read_text(in(p, "file")), "first");
	assert_int_equal(stat(in(p, "file"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	/* Who has it open goes on reading the old one, whole. */
	CLEAN_FD reader = open(in(p, "file"), O_RDONLY | O_CLOEXEC);
	assert_int_equal(replace(p, "file", "the second", &e), 0);
	assert_int_equal(read(reader, old, sizeof(old)), 5);
	assert_string_equal(old, "first");
	assert_string_equal(read_text(in(p, "file")), "the second");
	assert_int_equal(replace(p, "file", "", &e), 0);
	assert_string_equal(read_text(in(p, "file")), "");
	assert_int_equal(entries(p), 1);
	/* A link is replaced, not followed. */
	assert_int_equal(symlink("file", in(p, "link")), 0);
	assert_int_equal(replace(p, "link", "own", &e), 0);
	assert_string_equal(read_text(in(p, "file")), "");
	assert_string_equal(read_text(in(p, "link")), "own");
}

/* What a process that died in the middle left does not stop the next, and is not followed. */
static void replaces_after_a_crash(void **state)
{
	struct place *p = *state;
	struct error e;

	write_text(in(p, "file"), "old");
	write_text(in(p, "other"), "untouched");
	write_text(in(p, "file.tmp"), "half of somethi");
	assert_int_equal(replace(p, "file", "new", &e), 0);
	assert_string_equal(read_text(in(p, "file")), "new");
	assert_int_equal(symlink("other", in(p, "file.tmp")), 0);
	assert_int_equal(replace(p, "file", "newer", &e), 0);
	assert_string_equal(read_text(in(p, "file")), "newer");
	assert_string_equal(read_text(in(p, "other")), "untouched");
	assert_int_equal(entries(p), 2);
}

/* Whole and under no other name before, or not at all. */
static void makes(void **state)
{
	struct place *p = *state;

	assert_int_equal(file_make(in(p, "file"), "123", 3, 0640), 0);
	assert_string_equal(read_text(in(p, "file")), "123");
	assert_int_equal(entries(p), 1);
	assert_int_equal(file_make(in(p, "file"), "other", 5, 0640), -1);
	assert_int_equal(symlink("elsewhere", in(p, "link")), 0);
	assert_int_equal(file_make(in(p, "link"), "other", 5, 0640), -1);
	assert_int_equal(file_make(in(p, "missing/file"), "other", 5, 0640), -1);
	assert_string_equal(read_text(in(p, "file")), "123");
	assert_int_equal(entries(p), 2);
}

static void failed_replacement_leaves_the_old(void **state)
{
	struct place *p = *state;
	struct rlimit before, tiny;
	char name[5000];
	struct error e;

	write_text(in(p, "file"), "old");
	assert_int_equal(mkdir(in(p, "directory"), 0755), 0);
	/* No room for the new text. */
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	tiny = (struct rlimit){ 2, before.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &tiny), 0);
	int result = replace(p, "file", "a longer one", &e);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	signal(SIGXFSZ, SIG_DFL);
	assert_int_equal(result, -1);
	assert_string_equal(shown(&e), "write file: File too large (EFBIG)");
	assert_string_equal(read_text(in(p, "file")), "old");
	/* It can't take the place of the old. */
	assert_int_equal(replace(p, "directory", "text", &e), -1);
	assert_int_equal(e.code, EISDIR);
	assert_contains(shown(&e), "directory");
	assert_int_equal(replace(p, "missing/file", "text", &e), -1);
	assert_int_equal(e.code, ENOENT);
	assert_int_equal(entries(p), 2);
	/* Nor is there a place to prepare it. */
	assert_int_equal(mkdir(in(p, "file.tmp"), 0755), 0);
	assert_int_equal(replace(p, "file", "text", &e), -1);
	assert_string_equal(read_text(in(p, "file")), "old");
	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = 0;
	assert_int_equal(replace(p, name, "text", &e), -1);
	assert_int_equal(e.code, ENAMETOOLONG);
}

static char *absolute(struct place *p, const char *path)
{
	struct error e = ERROR_NONE;
	char *out = NULL;

	if (path_absolute(&p->arena, path, &out, &e) < 0)
		fail_msg("%s", shown(&e));
	return out;
}

static void absolute_paths(void **state)
{
	struct place *p = *state;
	CLEAN_FD before = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_int_equal(chdir(p->path), 0);
	assert_string_equal(absolute(p, "/a/../b"), "/a/../b");
	assert_string_equal(absolute(p, "/"), "/");
	assert_string_equal(absolute(p, "."), p->path);
	assert_string_equal(absolute(p, ""), p->path);
	assert_string_equal(absolute(p, "a/b"), in(p, "a/b"));
	assert_string_equal(absolute(p, "../x"), in(p, "../x"));
	assert_int_equal(chdir("/"), 0);
	assert_string_equal(absolute(p, "a"), "/a");
	assert_string_equal(absolute(p, "."), "/");
	assert_int_equal(mkdir(in(p, "gone"), 0755), 0);
	assert_int_equal(chdir(in(p, "gone")), 0);
	assert_int_equal(rmdir(in(p, "gone")), 0);
	struct error e = ERROR_NONE;
	char *out;
	int result = path_absolute(&p->arena, "a", &out, &e);
	assert_int_equal(fchdir(before), 0);
	assert_int_equal(result, -1);
	assert_string_equal(shown(&e),
			    "find the current directory: No such file or directory (ENOENT)");
}

static void makes_directories(void **state)
{
	struct place *p = *state;
	struct stat st;
	char name[5000];

	assert_int_equal(make_directories(in(p, "a/b/c"), 0700), 0);
	assert_int_equal(stat(in(p, "a/b"), &st), 0);
	assert_true(S_ISDIR(st.st_mode) && (st.st_mode & 07777) == 0700);
	assert_int_equal(stat(in(p, "a/b/c"), &st), 0);
	assert_true(S_ISDIR(st.st_mode) && (st.st_mode & 07777) == 0700);
	/* What exists stays as it is. */
	assert_int_equal(chmod(in(p, "a"), 0751), 0);
	assert_int_equal(make_directories(in(p, "a/b/c"), 0755), 0);
	assert_int_equal(make_directories(in(p, "a//d/"), 0755), 0);
	assert_true(exists(in(p, "a/d")));
	assert_int_equal(stat(in(p, "a"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0751);
	assert_int_equal(make_directories("/", 0755), 0);
	write_text(in(p, "file"), "");
	assert_int_equal(make_directories(in(p, "file/x"), 0755), -1);
	assert_int_equal(errno, ENOTDIR);
	memset(name, '/', sizeof(name));
	name[sizeof(name) - 1] = 0;
	assert_int_equal(make_directories(name, 0755), -1);
	assert_int_equal(errno, ENAMETOOLONG);
}

/* As with `mkdir -p`: what is there must be a directory, and nothing is none. */
static void makes_no_directory_of_others(void **state)
{
	struct place *p = *state;

	write_text(in(p, "file"), "");
	assert_int_equal(make_directories("", 0755), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(make_directories(in(p, "file"), 0755), -1);
	assert_true(errno == EEXIST || errno == ENOTDIR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(descriptors),
		PLACE_TEST(same),
		cmocka_unit_test(scopes),
		cmocka_unit_test(writes_all),
		PLACE_TEST(reads),
		PLACE_TEST(reads_what_says_no_size),
		PLACE_TEST(reads_procfs),
		PLACE_TEST(reads_no_directory),
		PLACE_TEST(writes_existing),
		PLACE_TEST(replaces),
		PLACE_TEST(replaces_after_a_crash),
		PLACE_TEST(makes),
		PLACE_TEST(failed_replacement_leaves_the_old),
		PLACE_TEST(absolute_paths),
		PLACE_TEST(makes_directories),
		PLACE_TEST(makes_no_directory_of_others),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("file", tests, NULL, NULL);
}
