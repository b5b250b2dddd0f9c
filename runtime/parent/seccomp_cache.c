/* See seccomp_cache.h. */
#include "runtime/parent/seccomp_cache.h"

#include "runtime/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC 0x31464e5552494e43ULL
#define FILE_MAX ((size_t)4 << 20)
#define NAME_SIZE 24

/* What a file begins with; the program follows, then the key. All of it is of this machine and this
 * build: in another byte order it is no file of ours. */
struct header {
	uint64_t magic;
	uint64_t checksum; /* of all that follows this member */
	uint64_t instructions;
	uint64_t key_length;
};

/* Finds accidents, and gives names; it keeps no attacker away, and need not. */
static uint64_t checksum(const void *bytes, size_t n)
{
	const char *at = bytes;
	uint64_t sum = n;

	for (; n; n -= n < 8 ? n : 8, at += 8) {
		uint64_t word = 0;
		memcpy(&word, at, n < 8 ? n : 8);
		sum = (sum ^ word) * 0x9e3779b97f4a7c15ULL;
		sum ^= sum >> 32;
	}
	return sum;
}

static const char *file_name(const struct seccomp_key *key, char name[NAME_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	uint64_t sum = checksum(key->text, key->length);

	for (int i = 0; i < 16; i++)
		name[i] = digits[sum >> (60 - 4 * i) & 15];
	name[16] = 0;
	return name;
}

/* Ours, and nobody else's to read or write. */
static bool is_private(int fd, mode_t type, mode_t mode)
{
	struct stat st;

	return fstat(fd, &st) == 0 && (st.st_mode & S_IFMT) == type &&
	       (st.st_mode & 07777) == mode && st.st_uid == getauxval(AT_EUID) &&
	       (type == S_IFDIR || st.st_nlink == 1);
}

static int open_cache(int root)
{
	CLEAN_FD fd = openat(root, SECCOMP_CACHE, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd >= 0 && is_private(fd, S_IFDIR, 0700) ? fd_take(&fd) : -1;
}

/* The program in the bytes of a file, if they are the file of this key. */
static bool parse(const char *bytes, size_t length, const struct seccomp_key *key,
		  struct seccomp_program *out)
{
	const struct header *h = (const struct header *)bytes;
	const size_t summed = offsetof(struct header, instructions);

	if (length < sizeof(*h) || h->magic != MAGIC || !h->instructions ||
	    h->instructions > SECCOMP_INSTRUCTIONS_MAX || h->key_length != key->length)
		return false;
	size_t size = h->instructions * sizeof(*out->v);
	if (length != sizeof(*h) + size + key->length ||
	    h->checksum != checksum(bytes + summed, length - summed) ||
	    memcmp(bytes + sizeof(*h) + size, key->text, key->length) != 0)
		return false;
	*out = (struct seccomp_program){ h->instructions,
					 (struct sock_filter *)(bytes + sizeof(*h)) };
	return seccomp_sane(out);
}

bool seccomp_cache_find(int root, const struct seccomp_key *key, struct arena *a,
			struct seccomp_program *out)
{
	char name[NAME_SIZE], *bytes;
	size_t length;
	CLEAN_FD cache = open_cache(root);

	if (cache < 0)
		return false;
	/* Not to be held up by a pipe. */
	CLEAN_FD fd =
		openat(cache, file_name(key, name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	return fd >= 0 && is_private(fd, S_IFREG, 0600) &&
	       file_read(fd, FILE_MAX, a, &bytes, &length) == 0 && parse(bytes, length, key, out);
}

/* One more has come: remove the oldest if they are too many. */
static void bound(int cache)
{
	int fd = openat(cache, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct timespec oldest = { 0 };
	char name[256] = "";
	size_t n = 0;

	if (!d) {
		fd_close(&fd);
		return;
	}
	for (struct dirent *entry; (entry = readdir(d));) {
		struct stat st;
		if (entry->d_name[0] == '.' ||
		    fstatat(cache, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (!n++ || st.st_mtim.tv_sec < oldest.tv_sec ||
		    (st.st_mtim.tv_sec == oldest.tv_sec && st.st_mtim.tv_nsec < oldest.tv_nsec)) {
			oldest = st.st_mtim;
			strcpy(name, entry->d_name);
		}
	}
	if (n > SECCOMP_CACHE_MAX)
		unlinkat(cache, name, 0);
	closedir(d);
}

void seccomp_cache_keep(int root, const struct seccomp_key *key,
			const struct seccomp_program *program, struct arena *a)
{
	const size_t summed = offsetof(struct header, instructions);
	size_t size = program->n * sizeof(*program->v);
	size_t length = sizeof(struct header) + size + key->length;
	struct error ignored = ERROR_NONE;
	char name[NAME_SIZE];

	if (length > FILE_MAX || (mkdirat(root, SECCOMP_CACHE, 0700) < 0 && errno != EEXIST))
		return;
	CLEAN_FD cache = open_cache(root);
	if (cache < 0)
		return;
	char *bytes = arena_alloc(a, length);
	struct header *h = (struct header *)bytes;
	*h = (struct header){ .magic = MAGIC,
			      .instructions = program->n,
			      .key_length = key->length };
	memcpy(bytes + sizeof(*h), program->v, size);
	memcpy(bytes + sizeof(*h) + size, key->text, key->length);
	h->checksum = checksum(bytes + summed, length - summed);
	if (file_replace_at(cache, file_name(key, name), bytes, length, 0600, &ignored) == 0)
		bound(cache);
}
