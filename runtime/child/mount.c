/*
 * Theory of operation. A new filesystem (filesystem.c) and a bind, which is a clone (open_tree),
 * are both mounts that are mounted nowhere yet. Flags are set, ids mapped and directories copied
 * up while a mount is detached, where nobody can use it; then it is moved onto the target's
 * descriptor. The target was opened below the rootfs by inroot.h and can't be exchanged any more.
 */
#include "runtime/child/mount.h"
#include "runtime/child/spent.h"

#include "runtime/child/copyup.h"
#include "runtime/child/filesystem.h"
#include "runtime/child/lsm.h"
#include "runtime/child/target.h"
#include "runtime/file.h"
#include "runtime/inroot.h"
#include "runtime/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

int mount_onto(int tree, int target)
{
	return sys_move_mount(tree, "", target, "",
			      SYS_MOVE_MOUNT_F_EMPTY_PATH | SYS_MOVE_MOUNT_T_EMPTY_PATH);
}

int mount_clone(int fd, bool below)
{
	return sys_open_tree(fd, "",
			     SYS_OPEN_TREE_CLONE | AT_EMPTY_PATH | (below ? AT_RECURSIVE : 0));
}

int mount_clone_read_only(int fd)
{
	const struct sys_mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };

	return sys_open_tree_attr(fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr);
}

int mount_read_only(int mount)
{
	const struct sys_mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };

	return sys_mount_setattr(mount, "", AT_EMPTY_PATH, &attr);
}

/* What the words of config.json asked for and the kernel refused (EPERM) in a user namespace. */
static int locked_flag(int mount, const struct plan_mount *m, uint64_t drop, struct error *e)
{
	static const struct {
		unsigned long st;
		uint64_t attr;
		const char *has, *asked;
	} flags[] = {
		{ ST_RDONLY, MOUNT_ATTR_RDONLY, "ro", "rw" },
		{ ST_NOSUID, MOUNT_ATTR_NOSUID, "nosuid", "suid" },
		{ ST_NODEV, MOUNT_ATTR_NODEV, "nodev", "dev" },
		{ ST_NOEXEC, MOUNT_ATTR_NOEXEC, "noexec", "exec" },
	};
	uint64_t asked = m->attr_clear | m->tree_clear | drop;
	struct statvfs st;

	if (fstatvfs(mount, &st) < 0)
		return error_set(e, EPERM, "set the mount's flags");
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (st.f_flag & flags[i].st && asked & flags[i].attr) {
			error_set(e, EPERM, "\"%s\": the source is mounted %s", flags[i].asked,
				  flags[i].has);
			return error_hint(e, "a user namespace keeps the flags of the mounts it "
					     "was given");
		}
	if (asked & MOUNT_ATTR__ATIME) {
		error_set(e, EPERM, "set the mount's access times");
		return error_hint(e, "a user namespace keeps those of the mounts it was given");
	}
	return error_set(e, EPERM, "set the mount's flags");
}

static int set_one(int mount, const struct plan_mount *m, uint64_t drop)
{
	const struct sys_mount_attr one = { .attr_set = m->attr_set,
					    .attr_clr = m->attr_clear | drop };

	return one.attr_set | one.attr_clr ? sys_mount_setattr(mount, "", AT_EMPTY_PATH, &one) : 0;
}

static int set_flags(const struct child *c, int mount, const struct plan_mount *m, struct error *e)
{
	const struct sys_mount_attr all = { .attr_set = m->tree_set, .attr_clr = m->tree_clear };
	/* No user namespace can lock this one. */
	const uint64_t never_locked = m->attr_drop & MOUNT_ATTR_NOSYMFOLLOW;

	if (((all.attr_set | all.attr_clr) &&
	     sys_mount_setattr(mount, "", AT_EMPTY_PATH | AT_RECURSIVE, &all) < 0) ||
	    (set_one(mount, m, m->attr_drop) < 0 && (errno != EPERM || c->plan->no_mount_fallback ||
						     set_one(mount, m, never_locked) < 0))) {
		if (errno == EPERM)
			locked_flag(mount, m, c->plan->no_mount_fallback ? m->attr_drop : 0, e);
		else
			error_set(e, errno, "set the mount's flags");
		return error_in(e, "options");
	}
	return 0;
}

static int set_propagation(int mount, const struct plan_mount *m, struct error *e)
{
	for (size_t i = 0; i < m->propagation.n; i++) {
		const uint64_t flags = m->propagation.v[i];
		const struct sys_mount_attr attr = { .propagation = flags & ~(uint64_t)MS_REC };
		unsigned below = flags & MS_REC ? AT_RECURSIVE : 0;
		if (sys_mount_setattr(mount, "", AT_EMPTY_PATH | below, &attr) < 0)
			return error_call(e, "mount_setattr", "set the mount's propagation");
	}
	return 0;
}

int mount_attach(struct child *c, int tree, const struct plan_mount *m, int target, struct error *e)
{
	if (mount_onto(tree, target) < 0)
		return error_set(e, errno, "mount onto %s", m->destination);
	if (m->remounted) {
		c->mounted[m->index] = fcntl(tree, F_DUPFD_CLOEXEC, 0);
		if (c->mounted[m->index] < 0)
			return error_set(e, errno, "keep the mount for a remount");
	}
	return set_propagation(tree, m, e);
}

/* What takes no context= option, but whose root may be labelled. */
static int label_root(const struct child *c, const struct plan_mount *m, int tree, struct error *e)
{
	if (!c->plan->mount_label || strcmp(m->type, "mqueue") != 0 ||
	    lsm_mount(tree, c->plan->mount_label) == 0)
		return 0;
	error_set(e, errno, "label a %s filesystem with linux.mountLabel", m->type);
	return -1;
}

/* Where we remember the mount at /proc or /sys, if the path begins with one of them. */
static int *kernel_mount(struct child *c, const char *path)
{
	size_t n = 1 + strcspn(path + 1, "/");

	return n == 5 && !strncmp(path, "/proc", n)  ? &c->proc
	       : n == 4 && !strncmp(path, "/sys", n) ? &c->sys
						     : NULL;
}

/*
 * `tree` (-1: nothing to look below) has been mounted, perhaps over the one that was kept. A /dev
 * that a symbolic link led to, `plain` false, is none to make anything in: devices_make looks for
 * itself, and says so.
 */
static void keep_mount(struct child *c, const struct plan_mount *m, bool plain, int *tree)
{
	int *kept = strchr(m->destination + 1, '/')   ? NULL
		    : !strcmp(m->destination, "/dev") ? &c->dev_mount
						      : kernel_mount(c, m->destination);

	if (!kept)
		return;
	spent_add(kept);
	if (plain || kept != &c->dev_mount)
		*kept = fd_take(tree);
}

int mount_find(struct child *c, const char *path)
{
	const char *below = strchr(path + 1, '/');
	int at = c->rootfs;
	const int *mount = below ? kernel_mount(c, path) : NULL;

	if (mount && *mount >= 0) {
		at = *mount;
		path = below;
	}
	return inroot_open(at, path, O_PATH, 0);
}

/* A tmpfs without a mode has that of the directory that it covers: the image says who may use
 * /tmp. Where there is none yet, everybody may. tmpcopyup sees to it by itself. */
static const struct plan_mount *keep_mode(struct child *c, const struct plan_mount *m,
					  struct plan_mount *own)
{
	struct stat st;

	if (strcmp(m->type, "tmpfs") != 0 || m->copy_up || filesystem_option(m, "mode="))
		return m;
	SPENT_FD covered = inroot_open(c->rootfs, m->destination, O_PATH, 0);
	if (covered < 0 || fstat(covered, &st) < 0 || !S_ISDIR(st.st_mode))
		return m;
	*own = *m;
	own->data.v = arena_array(&c->arena, char *, m->data.n + 1);
	for (size_t i = 0; i < m->data.n; i++)
		own->data.v[i] = m->data.v[i];
	own->data.v[own->data.n++] = arena_printf(&c->arena, "mode=%o", st.st_mode & 07777);
	return own;
}

static int mount_filesystem(struct child *c, const struct plan_mount *m, int *late, struct error *e)
{
	/* What is mounted or made inside a tmpfs comes after it, so it becomes read-only last. */
	uint64_t without = m->attr_set & MOUNT_ATTR_RDONLY && !strcmp(m->type, "tmpfs")
				   ? MOUNT_ATTR_RDONLY
				   : 0;
	struct plan_mount own;
	bool plain;

	m = keep_mode(c, m, &own);
	SPENT_FD target = target_open(c, m, -1, &plain, e);
	if (target < 0)
		return -1;
	SPENT_FD tree = filesystem_new(m, m->type, without, e);
	if (tree < 0)
		tree = filesystem_stand_in(c, m, e);
	if (tree < 0 || target_check(c, tree, m, target, plain, e) < 0 ||
	    label_root(c, m, tree, e) < 0 || (m->copy_up && copyup(c, target, tree, m, e) < 0))
		return -1;
	SPENT_FD mapped = m->idmap ? child_ask(c, MESSAGE_OPEN, m->index, tree, e) : -1;
	if ((m->idmap && mapped < 0) || mount_attach(c, tree, m, target, e) < 0)
		return -1;
	if (without)
		*late = fd_take(&tree);
	keep_mount(c, m, plain, &tree);
	return 0;
}

/*
 * The source's tree, cloned in our own mount namespace: there it is a slave of the host's mounts,
 * and in a user namespace locked as it must be. With mapped ids, or where we may not go, the parent
 * does it.
 */
static int bind_source(struct child *c, const struct plan_mount *m, struct error *e)
{
	int tree = m->idmap
			   ? child_ask(c, MESSAGE_OPEN, m->index, -1, e)
			   : sys_open_tree(AT_FDCWD, m->source,
					   SYS_OPEN_TREE_CLONE | (m->recursive ? AT_RECURSIVE : 0) |
						   (m->source_nofollow ? AT_SYMLINK_NOFOLLOW : 0));

	if (tree < 0 && !m->idmap && errno == EACCES && c->plan->nested) {
		SPENT_FD source = child_ask(c, MESSAGE_OPEN, m->index, -1, e);
		if (source < 0)
			return error_in(e, "source");
		tree = mount_clone(source, m->recursive);
	}
	if (tree >= 0)
		return tree;
	if (!m->idmap) {
		error_call(e, "open_tree", "bind %s to %s", m->source, m->destination);
		error_in(e, "source");
	}
	return e->code == EINVAL && c->plan->nested && !m->recursive
		       ? error_hint(e, "a user namespace may not look below what is mounted there: "
				       "take it too, with rbind")
		       : -1;
}

/* 1: the source is a symbolic link, and so is the destination now. 0: it is none. */
static int copy_symlink(const struct child *c, const struct plan_mount *m, struct error *e)
{
	char target[4096], there[4096];
	const char *name;
	ssize_t n = readlink(m->source, target, sizeof(target) - 1);

	if (n < 0 && errno == EINVAL)
		return 0;
	if (n < 0) {
		error_set(e, errno, "read the symbolic link %s", m->source);
		return error_in(e, "source");
	}
	target[n] = 0;
	SPENT_FD parent = inroot_make_parent(c->rootfs, m->destination, &name, e);
	if (parent < 0)
		return error_in(e, "destination");
	if (symlinkat(target, parent, name) == 0)
		return 1;
	const int why = errno;
	if (why == EEXIST && readlinkat(parent, name, there, sizeof(there)) == n &&
	    !memcmp(there, target, (size_t)n))
		return 1;
	error_set(e, why, "make %s a symbolic link to %s", m->destination, target);
	return error_in(e, "destination");
}

static int mount_bind(struct child *c, const struct plan_mount *m, struct error *e)
{
	bool plain;
	int copied = m->copy_symlink ? copy_symlink(c, m, e) : 0;

	if (copied)
		return copied < 0 ? -1 : 0;
	SPENT_FD tree = bind_source(c, m, e);
	if (tree < 0)
		return -1;
	SPENT_FD target = target_open(c, m, tree, &plain, e);
	if (target < 0 || set_flags(c, tree, m, e) < 0 ||
	    target_check(c, tree, m, target, plain, e) < 0 ||
	    mount_attach(c, tree, m, target, e) < 0)
		return -1;
	keep_mount(c, m, plain, &tree);
	return 0;
}

/* By descriptor what config.json has mounted itself: another process may have put something else in
 * its place since. */
static int remount(struct child *c, const struct plan_mount *m, struct error *e)
{
	/* A symbolic link of the image must not choose what is changed. */
	SPENT_FD found = m->remounts >= 0 ? -1
					  : inroot_open(c->rootfs, m->destination, O_PATH,
							RESOLVE_NO_SYMLINKS);
	int mount = m->remounts >= 0 ? c->mounted[m->remounts] : found;

	if (mount < 0) {
		/* (Of a symbolic link that was copied there is no mount.) */
		error_set(e, m->remounts >= 0 ? EINVAL : errno, "open %s in the container's root",
			  m->destination);
		return error_in(e, "destination");
	}
	if ((m->reconfigure && filesystem_change(mount, m, e) < 0) || set_flags(c, mount, m, e) < 0)
		return -1;
	/* The last word wins. */
	if (m->remounts >= 0 && m->attr_clear & MOUNT_ATTR_RDONLY)
		spent_add(&c->late[m->remounts]);
	return set_propagation(mount, m, e);
}

static int mount_cgroups(struct child *c, const struct plan_mount *m, struct error *e)
{
	bool plain;
	SPENT_FD target = target_open(c, m, -1, &plain, e);

	if (target < 0 || target_check(c, -1, m, target, plain, e) < 0)
		return -1;
	return mount_cgroup(c, m, target, e);
}

int mount_one(struct child *c, const struct plan_mount *m, int *late, struct error *e)
{
	*late = -1;
	switch (m->kind) {
	case PLAN_MOUNT_BIND: return mount_bind(c, m, e);
	case PLAN_MOUNT_CGROUP: return mount_cgroups(c, m, e);
	case PLAN_MOUNT_REMOUNT: return remount(c, m, e);
	default: return mount_filesystem(c, m, late, e);
	}
}
