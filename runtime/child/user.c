/*
 * The container's own /etc/passwd and /etc/group, which are hostile: plain files, read as far as
 * they can be parsed.
 */
#include "runtime/child/spent.h"
#include "runtime/child/steps.h"
#include "runtime/file.h"
#include "runtime/inroot.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define SIZE_MAX_READ (16 << 20)

/* NULL with errno. */
static FILE *open_database(const struct child *c, const char *path)
{
	struct stat st;
	/* Looked at before it is opened: the mere opening of some devices does something. */
	SPENT_FD look = inroot_open(c->rootfs, path, O_PATH, 0);

	if (look < 0 || fstat(look, &st) < 0)
		return NULL;
	errno = EINVAL;
	if (!S_ISREG(st.st_mode) || st.st_size > SIZE_MAX_READ)
		return NULL;
	SPENT_FD fd = inroot_open(c->rootfs, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	if (fd < 0 || fstat(fd, &st) < 0)
		return NULL;
	errno = EINVAL;
	bool same = S_ISREG(st.st_mode) && st.st_size <= SIZE_MAX_READ;
	FILE *file = same ? fdopen(fd, "r") : NULL;
	if (file)
		fd = -1;
	return file;
}

/* The next line; NULL with errno, which is ENOENT at the end. */
static struct passwd *next_user(FILE *file)
{
	errno = 0;
	struct passwd *p = fgetpwent(file);
	if (!p && (!errno || feof(file)))
		errno = ENOENT;
	return p;
}

static struct group *next_group(FILE *file)
{
	errno = 0;
	struct group *g = fgetgrent(file);
	if (!g && (!errno || feof(file)))
		errno = ENOENT;
	return g;
}

/* Why a file of the image can't be had: other than that the host is short of something. */
static bool is_image(int code)
{
	static const int codes[] = { ENOENT, ENOTDIR, ELOOP, EACCES, EPERM, EINVAL };

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i] == code)
			return true;
	return false;
}

char *user_home(struct child *c, struct error *e)
{
	FILE *file = open_database(c, "/etc/passwd");
	char *home = NULL;
	struct passwd *p;

	if (!file && !is_image(errno)) {
		error_set(e, errno, "find HOME: open /etc/passwd in the container");
		return NULL;
	}
	while (file && !home && (p = next_user(file)))
		if (p->pw_uid == c->user.uid && p->pw_dir && *p->pw_dir)
			home = arena_strdup(&c->arena, p->pw_dir);
	const int code = file && !home ? errno : ENOENT;
	if (file)
		fclose(file);
	if (code != ENOENT) {
		error_set(e, code, "find HOME: read /etc/passwd in the container");
		return NULL;
	}
	return home ? home : "/";
}

/* The kernel takes the last id for "leave as it is", which is root. */
static bool is_id(uint32_t id)
{
	return id != UINT32_MAX;
}

static bool find_user(FILE *file, const char *name, struct spec_user *out)
{
	for (struct passwd *p; (p = next_user(file));)
		if (!strcmp(p->pw_name, name) && is_id(p->pw_uid) && is_id(p->pw_gid)) {
			out->uid = p->pw_uid;
			out->gid = p->pw_gid;
			return true;
		}
	return false;
}

static bool find_group(FILE *file, const char *name, struct spec_user *out)
{
	for (struct group *g; (g = next_group(file));)
		if (!strcmp(g->gr_name, name) && is_id(g->gr_gid)) {
			out->gid = g->gr_gid;
			return true;
		}
	return false;
}

static int look_up(struct child *c, const char *path, const char *name,
		   bool (*find)(FILE *file, const char *name, struct spec_user *out),
		   struct error *e)
{
	FILE *file = open_database(c, path);

	if (!file)
		error_set(e, errno, "find \"%s\": open %s in the container", name, path);
	else if (find(file, name, &c->user)) {
		fclose(file);
		return 0;
	} else {
		const int code = errno;
		fclose(file);
		if (code == ENOENT)
			error_set(e, 0, "\"%s\" is not in the container's %s", name, path);
		else
			error_set(e, code, "find \"%s\": read %s in the container", name, path);
	}
	error_hint(e, "numbers need no file: --user UID:GID");
	return error_in(e, "--user");
}

int user_find(struct child *c, struct error *e)
{
	const struct plan *p = c->plan;
	const uint32_t gid = c->user.gid;

	if (p->user && look_up(c, "/etc/passwd", p->user, find_user, e) < 0)
		return -1;
	if (p->gid_given)
		c->user.gid = gid;
	return p->group ? look_up(c, "/etc/group", p->group, find_group, e) : 0;
}
