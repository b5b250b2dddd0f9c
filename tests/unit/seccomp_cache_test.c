/*
 * The cache of compiled filters gives back what it was given, for exactly that key; and nothing at
 * all from a file or a directory that another could have written.
 */
#include "place.h"

#include "runtime/parent/seccomp_cache.h"

#include <linux/seccomp.h>
#include <sys/wait.h>

static struct sock_filter instructions[] = {
	{ BPF_LD | BPF_W | BPF_ABS, 0, 0, 0 },
	{ BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 39 },
	{ BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW },
	{ BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | 1 },
};
static const struct seccomp_program program = { COUNT(instructions), instructions };
static const struct seccomp_key key = { "a profile", 9 };

static int open_root(struct place *p)
{
	int fd = open(p->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static bool find(struct place *p, const struct seccomp_key *k)
{
	struct seccomp_program got;
	int root = open_root(p), before = open_descriptors();
	bool found = seccomp_cache_find(root, k, &p->arena, &got);

	assert_int_equal(open_descriptors(), before);
	close(root);
	if (found) {
		assert_int_equal(got.n, program.n);
		assert_memory_equal(got.v, program.v, sizeof(instructions));
	}
	return found;
}

static void keep(struct place *p, const struct seccomp_key *k)
{
	int root = open_root(p), before = open_descriptors();

	seccomp_cache_keep(root, k, &program, &p->arena);
	assert_int_equal(open_descriptors(), before);
	close(root);
}

static char last_path[PATH_MAX + 300]; /* of files() */

static size_t files(struct place *p)
{
	DIR *d = opendir(in(p, SECCOMP_CACHE));
	size_t n = 0;

	assert_non_null(d);
	for (struct dirent *e; (e = readdir(d));)
		if (e->d_name[0] != '.') {
			n++;
			snprintf(last_path, sizeof(last_path), "%s/" SECCOMP_CACHE "/%s", p->path,
				 e->d_name);
		}
	closedir(d);
	return n;
}

static char *the_file(struct place *p)
{
	assert_int_equal(files(p), 1);
	return last_path;
}

static void keeps_and_finds(void **state)
{
	struct place *p = *state;
	struct stat st;

	assert_false(find(p, &key));
	keep(p, &key);
	assert_true(find(p, &key));
	assert_false(find(p, &(struct seccomp_key){ "b profile", 9 }));
	assert_false(find(p, &(struct seccomp_key){ "a profil", 8 }));
	assert_int_equal(stat(in(p, SECCOMP_CACHE), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(stat(the_file(p), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	/* Once more changes nothing. */
	keep(p, &key);
	the_file(p);
	assert_true(find(p, &key));
}

static void trusts_no_other_mode(void **state)
{
	static const mode_t modes[] = { 0644, 0640, 0602, 0666, 04600, 0400 };
	struct place *p = *state;

	keep(p, &key);
	for (size_t i = 0; i < COUNT(modes); i++) {
		assert_int_equal(chmod(the_file(p), modes[i]), 0);
		assert_false(find(p, &key));
	}
	assert_int_equal(chmod(the_file(p), 0600), 0);
	assert_true(find(p, &key));
	for (mode_t mode = 0701; mode <= 0777; mode += 7) {
		assert_int_equal(chmod(in(p, SECCOMP_CACHE), mode), 0);
		assert_false(find(p, &key));
		/* Nor does it write there. */
		assert_int_equal(unlink(the_file(p)), 0);
		keep(p, &key);
		assert_int_equal(chmod(in(p, SECCOMP_CACHE), 0700), 0);
		assert_false(find(p, &key));
		keep(p, &key);
	}
	assert_true(find(p, &key));
}

static void trusts_no_other_owner(void **state)
{
	struct place *p = *state;

	if (geteuid() != 0)
		skip();
	keep(p, &key);
	assert_int_equal(chown(the_file(p), 1000, 0), 0);
	assert_false(find(p, &key));
	assert_int_equal(chown(the_file(p), 0, 0), 0);
	assert_true(find(p, &key));
	assert_int_equal(chown(in(p, SECCOMP_CACHE), 1000, 0), 0);
	assert_false(find(p, &key));
}

static void follows_no_link(void **state)
{
	struct place *p = *state;
	char *path, *elsewhere = in(p, "elsewhere");

	keep(p, &key);
	path = the_file(p);
	assert_int_equal(link(path, elsewhere), 0);
	assert_false(find(p, &key));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink(elsewhere, path), 0);
	assert_false(find(p, &key));
	/* Writing replaces the link and leaves alone what it names. */
	assert_int_equal(truncate(elsewhere, 5), 0);
	keep(p, &key);
	assert_true(find(p, &key));
	struct stat st;
	assert_int_equal(stat(elsewhere, &st), 0);
	assert_int_equal(st.st_size, 5);
	/* The directory. */
	assert_int_equal(rename(in(p, SECCOMP_CACHE), in(p, "real")), 0);
	assert_int_equal(symlink("real", in(p, SECCOMP_CACHE)), 0);
	assert_false(find(p, &key));
}

static void is_not_held_up(void **state)
{
	struct place *p = *state;
	char *path;

	keep(p, &key);
	path = the_file(p);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_false(find(p, &key));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0600), 0);
	assert_false(find(p, &key));
	keep(p, &key);
}

/* Every byte counts, and every length but the right one. */
static void finds_nothing_damaged(void **state)
{
	struct place *p = *state;
	static char whole[4096];
	struct stat st;
	char *path;

	keep(p, &key);
	path = the_file(p);
	assert_int_equal(stat(path, &st), 0);
	assert_in_range(st.st_size, 1, sizeof(whole) - 1);
	memcpy(whole, read_text(path), st.st_size);
	for (off_t i = 0; i < st.st_size; i++) {
		whole[i] ^= 1;
		write_file(path, whole, st.st_size);
		assert_false(find(p, &key));
		whole[i] ^= 1;
		write_file(path, whole, i);
		assert_false(find(p, &key));
	}
	write_file(path, whole, st.st_size + 1);
	assert_false(find(p, &key));
	write_file(path, whole, st.st_size);
	assert_true(find(p, &key));
}

static void is_bounded(void **state)
{
	struct place *p = *state;

	for (int i = 0; i < SECCOMP_CACHE_MAX + 5; i++) {
		char *text = arena_printf(&p->arena, "profile %d", i);
		keep(p, &(struct seccomp_key){ text, strlen(text) });
		assert_true(files(p) <= SECCOMP_CACHE_MAX);
	}
	assert_int_equal(files(p), SECCOMP_CACHE_MAX);
}

static void the_oldest_goes(void **state)
{
	struct place *p = *state;
	const struct timespec old[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };

	keep(p, &key);
	assert_int_equal(utimensat(AT_FDCWD, the_file(p), old, 0), 0);
	for (int i = 0; i < SECCOMP_CACHE_MAX; i++) {
		char *text = arena_printf(&p->arena, "profile %d", i);
		keep(p, &(struct seccomp_key){ text, strlen(text) });
	}
	assert_false(find(p, &key));
	assert_true(find(p, &(struct seccomp_key){ "profile 0", 9 }));
}

/* Many at once: each finds nothing or the right thing. */
static void races_are_harmless(void **state)
{
	struct place *p = *state;
	pid_t pids[4];
	int status;

	for (size_t i = 0; i < COUNT(pids); i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			int root = open(p->path, O_RDONLY | O_DIRECTORY);
			struct seccomp_program got;
			bool right = true;
			for (int k = 0; right && k < 200; k++) {
				seccomp_cache_keep(root, &key, &program, &p->arena);
				if (seccomp_cache_find(root, &key, &p->arena, &got))
					right = got.n == program.n &&
						!memcmp(got.v, program.v, sizeof(instructions));
			}
			_exit(right ? 0 : 1);
		}
	}
	for (size_t i = 0; i < COUNT(pids); i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	keep(p, &key);
	assert_true(find(p, &key));
}

static void only_sane_programs(void **state)
{
	static struct sock_filter bad[][2] = {
		{ { BPF_RET | BPF_K, 0, 0, 0 }, { BPF_LD | BPF_W | BPF_ABS, 0, 0, 0 } },
		{ { BPF_LD | BPF_W | BPF_ABS, 0, 0, 64 }, { BPF_RET | BPF_K, 0, 0, 0 } },
		{ { BPF_LD | BPF_W | BPF_ABS, 0, 0, 2 }, { BPF_RET | BPF_K, 0, 0, 0 } },
		{ { BPF_JMP | BPF_JA, 0, 0, 1 }, { BPF_RET | BPF_K, 0, 0, 0 } },
		{ { BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 0 }, { BPF_RET | BPF_K, 0, 0, 0 } },
		{ { BPF_JMP | BPF_JGT | BPF_K, 0, 1, 0 }, { BPF_RET | BPF_K, 0, 0, 0 } },
		{ { BPF_ST, 0, 0, 0 }, { BPF_RET | BPF_K, 0, 0, 0 } },
	};

	(void)state;
	assert_true(seccomp_sane(&program));
	assert_false(seccomp_sane(&(struct seccomp_program){ 0, instructions }));
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(seccomp_sane(&(struct seccomp_program){ 2, bad[i] }));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLACE_TEST(keeps_and_finds),
		PLACE_TEST(trusts_no_other_mode),
		PLACE_TEST(trusts_no_other_owner),
		PLACE_TEST(follows_no_link),
		PLACE_TEST(is_not_held_up),
		PLACE_TEST(finds_nothing_damaged),
		PLACE_TEST(is_bounded),
		PLACE_TEST(the_oldest_goes),
		PLACE_TEST(races_are_harmless),
		PLACE_TEST(only_sane_programs),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("seccomp_cache", tests, NULL, NULL);
}
