/*
 * Any bytes as a file of compiled filters. The first byte chooses: a program to keep and to find
 * again (P), changes to the bytes of a good file (X), the whole file (else). What is found is
 * what was kept, or nothing, and the kernel could take it.
 */
#include "tests/fuzz/fuzz.h"

#include "runtime/parent/seccomp_cache.h"

static const struct seccomp_key key = { "profile", 7 };
static char file[64], good[4096];
static size_t good_size;
static int root = -1;

/* Keep a program once, to know the name and the bytes of its file. */
static void begin(void)
{
	struct sock_filter v[] = { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
				   BPF_STMT(BPF_RET | BPF_K, 0x7fff0000) };
	const struct seccomp_program program = { 2, v };
	struct arena a;

	reserve(&a, (size_t)16 << 20);
	root = place();
	seccomp_cache_keep(root, &key, &program, &a);
	arena_free(&a);
	int fd = openat(root, SECCOMP_CACHE, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* Its name is the key's checksum: whatever one file is there. */
	snprintf(file, sizeof(file), "/proc/self/fd/%d", fd);
	char command[160];
	snprintf(command, sizeof(command), "ls /proc/%d/fd/%d", getpid(), fd);
	FILE *list = popen(command, "r");
	char name[32];
	need(list && fscanf(list, "%31s", name) == 1);
	pclose(list);
	snprintf(file, sizeof(file), SECCOMP_CACHE "/%s", name);
	close(fd);
	fd = openat(root, file, O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, good, sizeof(good));
	need(n > 0);
	good_size = n;
	close(fd);
}

static void find(struct arena *a)
{
	struct seccomp_program found;

	if (seccomp_cache_find(root, &key, a, &found))
		need(found.n && found.n <= SECCOMP_INSTRUCTIONS_MAX && seccomp_sane(&found));
}

static void keep(struct arena *a, const uint8_t *data, size_t size)
{
	const size_t n = size / sizeof(struct sock_filter);
	struct seccomp_program found, program = { n, arena_array(a, struct sock_filter, n + 1) };

	memcpy(program.v, data, n * sizeof(*program.v));
	if (!n || n > SECCOMP_INSTRUCTIONS_MAX)
		return;
	seccomp_cache_keep(root, &key, &program, a);
	bool is = seccomp_cache_find(root, &key, a, &found);
	need(is == seccomp_sane(&program));
	if (is)
		need(found.n == n && !memcmp(found.v, program.v, n * sizeof(*program.v)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a;

	if (root < 0)
		begin();
	if (!size)
		return 0;
	reserve(&a, (size_t)64 << 20);
	if (data[0] == 'P') {
		keep(&a, data + 1, size - 1);
	} else if (data[0] == 'X') {
		char bytes[sizeof(good)];
		memcpy(bytes, good, good_size);
		for (size_t i = 1; i + 3 <= size; i += 3)
			bytes[(data[i] | (size_t)data[i + 1] << 8) % good_size] ^=
				(char)data[i + 2];
		write_at(root, file, bytes, good_size);
		find(&a);
	} else {
		write_at(root, file, data, size);
		find(&a);
	}
	arena_free(&a);
	return 0;
}
