/*
 * See target.h. What is opened here is what is mounted over: it is found below the rootfs once, by
 * inroot.h, and can't be exchanged any more.
 */
#include "runtime/child/target.h"

#include "runtime/child/spent.h"
#include "runtime/file.h"
#include "runtime/inroot.h"
#include "runtime/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

/* Single files of procfs that may be covered, as LXCFS does; everything else there is the kernel's
 * word and stays so. */
static bool may_cover_proc(const char *destination)
{
	static const char *const allowed[] = {
		"/proc/cpuinfo",
		"/proc/diskstats",
		"/proc/meminfo",
		"/proc/stat",
		"/proc/swaps",
		"/proc/uptime",
		"/proc/loadavg",
		"/proc/slabinfo",
		"/proc/net/dev",
		"/proc/sys/kernel/ns_last_pid",
		"/proc/sys/crypto/fips_enabled",
	};

	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
		if (!strcmp(destination, allowed[i]))
			return true;
	return false;
}

static bool is_procfs(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}

/* What a path without symbolic links and ".." says by itself, the target need not be asked. */
static bool plainly_elsewhere(const char *destination)
{
	return strncmp(destination, "/proc", 5) != 0 && !strstr(destination, "..");
}

/* By its name, or another that leads there. */
static bool is_proc(const struct child *c, const struct plan_mount *m, int target)
{
	if (!strcmp(m->destination, "/proc"))
		return true;
	SPENT_FD proc = inroot_open(c->rootfs, "/proc", O_PATH, RESOLVE_NO_SYMLINKS);
	return proc >= 0 && fd_same(proc, target);
}

int target_check(const struct child *c, int tree, const struct plan_mount *m, int target,
		 bool plain, struct error *e)
{
	if (plain && plainly_elsewhere(m->destination))
		return 0;
	bool proc = is_proc(c, m, target), covers = proc && !is_procfs(tree);
	bool inside = !proc && is_procfs(target) && !may_cover_proc(m->destination);

	if (!covers && !inside)
		return 0;
	error_set(e, 0,
		  covers ? "%s may be a proc filesystem only"
			 : "%s cannot be mounted because it is inside /proc",
		  m->destination);
	return error_in(e, "destination");
}

/* A directory of the /dev that we have mounted, where next to nothing is yet: made first, looked
 * for then, by two calls instead of five. -1: it is not that simple. */
static int open_in_dev(const struct child *c, const char *destination)
{
	const char *name = destination + 5;

	if (c->dev_mount < 0 || strncmp(destination, "/dev/", 5) != 0 || strchr(name, '/') ||
	    !*name || *name == '.' || (mkdirat(c->dev_mount, name, 0755) < 0 && errno != EEXIST))
		return -1;
	return inroot_open(c->dev_mount, name, O_PATH, RESOLVE_NO_SYMLINKS);
}

/* What a target has to be for the mount `tree`; -1: a directory. */
static int type_of(int tree, const struct plan_mount *m, mode_t *type, struct error *e)
{
	struct stat st = { .st_mode = S_IFDIR };

	if (tree >= 0 && fstat(tree, &st) < 0)
		return error_set(e, errno, "look at %s", m->source);
	*type = st.st_mode & S_IFMT;
	return 0;
}

/* A symbolic link at the destination itself is the target, not where it leads. */
static int open_nofollow(struct child *c, const struct plan_mount *m, int tree, struct error *e)
{
	const char *name;
	mode_t type;

	if (type_of(tree, m, &type, e) < 0)
		return -1;
	SPENT_FD parent = inroot_make_parent(c->rootfs, m->destination, &name, e);

	if (parent < 0)
		return error_in(e, "destination");
	int made = S_ISDIR(type) ? mkdirat(parent, name, 0755)
				 : mknodat(parent, name, S_IFREG | 0644, 0);
	int target = made < 0 && errno != EEXIST
			     ? -1
			     : sys_openat2(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0,
					   RESOLVE_BENEATH);
	if (target >= 0)
		return target;
	error_set(e, errno, "open %s in the container's root", m->destination);
	return error_in(e, "destination");
}

int target_open(struct child *c, const struct plan_mount *m, int tree, bool *plain, struct error *e)
{
	mode_t type;

	*plain = false;
	if (m->destination_nofollow)
		return open_nofollow(c, m, tree, e);
	int target = tree < 0 ? open_in_dev(c, m->destination) : -1;
	if (target < 0)
		target = inroot_open(c->rootfs, m->destination, O_PATH, RESOLVE_NO_SYMLINKS);
	*plain = target >= 0;
	if (target >= 0)
		return target;
	int why = errno;
	/* The kernel's own filesystems never stand behind a symbolic link (CVE-2019-19921,
	 * CVE-2023-27561). */
	if (why == ELOOP && m->kind == PLAN_MOUNT_FILESYSTEM &&
	    (!strcmp(m->type, "proc") || !strcmp(m->type, "sysfs"))) {
		error_set(e, ELOOP,
			  "%s must be mounted on ordinary directory, not on a symbolic link",
			  m->destination);
		return error_in(e, "destination");
	}
	if (type_of(tree, m, &type, e) < 0)
		return -1;
	target = why == ENOENT ? inroot_make_missing(c->rootfs, m->destination, type, plain, e)
			       : inroot_make(c->rootfs, m->destination, type, e);
	return target < 0 ? error_in(e, "destination") : target;
}
