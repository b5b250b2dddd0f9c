/* See inroot.h. */
#include "runtime/inroot.h"

#include "runtime/file.h"
#include "runtime/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINKS_MAX 40

int inroot_open(int root, const char *path, uint64_t flags, uint64_t resolve)
{
	return sys_openat2(root, path, flags, 0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | resolve);
}

/* A path on its way to a place without symbolic links: done is resolved, todo is not. */
struct walk {
	char done[PATH_MAX];
	char todo[PATH_MAX];
	int links;
};

/* Take the next component off todo: 1, 0 at the end, -1 with errno. */
static int next_component(struct walk *w, char *name)
{
	char *at = w->todo + strspn(w->todo, "/");
	size_t n = strcspn(at, "/");

	if (n > NAME_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(name, at, n);
	name[n] = 0;
	memmove(w->todo, at + n, strlen(at + n) + 1);
	return n > 0;
}

static int push(struct walk *w, const char *name)
{
	size_t n = strlen(w->done);

	if (n + strlen(name) + 2 > sizeof(w->done)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	snprintf(w->done + n, sizeof(w->done) - n, "/%s", name);
	return 0;
}

static void pop(struct walk *w)
{
	char *end = strrchr(w->done, '/');

	if (end)
		*end = 0;
}

/* Put a link's target in front of what is still to do. */
static int follow(struct walk *w, int link)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(link, "", target, sizeof(target) - 1);

	if (n < 0 || ++w->links > LINKS_MAX || n + 1 + strlen(w->todo) + 1 > sizeof(w->todo)) {
		errno = n < 0 ? errno : w->links > LINKS_MAX ? ELOOP : ENAMETOOLONG;
		return -1;
	}
	target[n] = '/';
	memmove(w->todo + n + 1, w->todo, strlen(w->todo) + 1);
	memcpy(w->todo, target, n + 1);
	pop(w);
	if (target[0] == '/')
		w->done[0] = 0;
	return 0;
}

static int open_done(int root, const struct walk *w)
{
	return inroot_open(root, w->done[0] ? w->done : "/", O_PATH | O_NOFOLLOW, 0);
}

/* The last component of done is missing: make it in its parent. */
static int make_last(int root, struct walk *w, const char *name, mode_t type)
{
	pop(w);
	CLEAN_FD parent = open_done(root, w);
	if (parent < 0 || push(w, name) < 0)
		return -1;
	if (S_ISDIR(type))
		return mkdirat(parent, name, 0755) < 0 && errno != EEXIST ? -1 : 0;
	CLEAN_FD file =
		openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	return file < 0 && errno != EEXIST ? -1 : 0;
}

/* One component: descend, follow or make. Others may rename meanwhile; wherever that leads, it is
 * inside the root. */
static int step(int root, struct walk *w, const char *name, mode_t type)
{
	struct stat st;

	if (!strcmp(name, ".") || !*name)
		return 0;
	if (!strcmp(name, "..")) {
		pop(w);
		return 0;
	}
	if (push(w, name) < 0)
		return -1;
	CLEAN_FD fd = open_done(root, w);
	if (fd < 0) {
		bool last = !w->todo[strspn(w->todo, "/")];
		return errno == ENOENT ? make_last(root, w, name, last ? type : S_IFDIR) : -1;
	}
	if (fstat(fd, &st) < 0)
		return -1;
	return S_ISLNK(st.st_mode) ? follow(w, fd) : 0;
}

/* The usual case: only the last component is missing, and its parent is there. -1 when it is not
 * that simple. */
static int make_in_parent(int root, const char *path, mode_t type)
{
	const char *end = strrchr(path, '/');
	char parent[PATH_MAX];

	if (!end || end == path || !end[1] || !strcmp(end, "/.") || !strcmp(end, "/..") ||
	    (size_t)(end - path) >= sizeof(parent))
		return -1;
	memcpy(parent, path, end - path);
	parent[end - path] = 0;
	CLEAN_FD at = inroot_open(root, parent, O_PATH | O_DIRECTORY, 0);
	if (at < 0)
		return -1;
	if (S_ISDIR(type))
		return mkdirat(at, end + 1, 0755) < 0
			       ? -1
			       : sys_openat2(at, end + 1, O_PATH | O_NOFOLLOW, 0, RESOLVE_BENEATH);
	CLEAN_FD file =
		openat(at, end + 1, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	return file < 0 ? -1 : sys_openat2(at, end + 1, O_PATH | O_NOFOLLOW, 0, RESOLVE_BENEATH);
}

static int make(int root, const char *path, mode_t type)
{
	struct walk w; /* 8 KiB that need not be cleared */
	char name[NAME_MAX + 1];

	if (strlen(path) >= sizeof(w.todo)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	w.links = 0;
	w.done[0] = 0;
	memcpy(w.todo, path, strlen(path) + 1);
	int more;
	while ((more = next_component(&w, name)) > 0)
		if (step(root, &w, name, type) < 0)
			return -1;
	return more < 0 ? -1 : open_done(root, &w);
}

int inroot_make_missing(int root, const char *path, mode_t type, bool *made, struct error *e)
{
	int fd = make_in_parent(root, path, type);

	*made = fd >= 0;
	if (fd < 0)
		fd = make(root, path, type);
	return fd < 0 ? error_set(e, errno, "open %s in the container's root", path) : fd;
}

int inroot_make(int root, const char *path, mode_t type, struct error *e)
{
	int fd = inroot_open(root, path, O_PATH, 0);
	bool made;

	if (fd < 0 && errno == ENOENT)
		return inroot_make_missing(root, path, type, &made, e);
	return fd < 0 ? error_set(e, errno, "open %s in the container's root", path) : fd;
}

int inroot_make_parent(int root, const char *path, const char **name, struct error *e)
{
	char parent[PATH_MAX];
	const char *end = strrchr(path, '/');
	size_t n = end ? (size_t)(end - path) : 0;

	*name = end ? end + 1 : path;
	if (!**name || !strcmp(*name, ".") || !strcmp(*name, ".."))
		return error_set(e, EINVAL, "%s names no file", path);
	if (n >= sizeof(parent))
		return error_set(e, ENAMETOOLONG, "open the directory of %s", path);
	memcpy(parent, path, n);
	parent[n] = 0;
	return inroot_make(root, n ? parent : "/", S_IFDIR, e);
}
