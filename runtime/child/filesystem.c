/*
 * A new filesystem: configured option by option (fsopen, fsconfig), so that an error names the
 * option and carries the kernel's own words. What that interface can't carry goes by mount(2). The
 * result is a detached mount either way.
 */
#include "runtime/child/filesystem.h"
#include "runtime/child/mount.h"
#include "runtime/child/spent.h"

#include "runtime/file.h"
#include "runtime/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#define LAZYTIME (1 << 25)                   /* MS_LAZYTIME */
#define VALUE_MAX 255                        /* what fsconfig takes */
#define OLD_FLAGS (MS_I_VERSION | MS_SILENT) /* which it has no words for */

static const struct {
	uint64_t flag;
	const char *set, *clear;
} super_flags[] = {
	{ MS_RDONLY, "ro", "rw" },
	{ MS_SYNCHRONOUS, "sync", "async" },
	{ MS_DIRSYNC, "dirsync", 0 },
	{ MS_MANDLOCK, "mand", "nomand" },
	{ LAZYTIME, "lazytime", "nolazytime" },
};

/* What the kernel has to say about a filesystem that failed: lines like "e tmpfs: Bad value for
 * 'size'". */
static int filesystem_error(int fs, int code, const char *type, const char *option, struct error *e)
{
	char said[256];
	ssize_t n = read(fs, said, sizeof(said) - 1);

	while (n > 0 && said[n - 1] == '\n')
		n--;
	if (n <= 2)
		return error_set(e, code, "mount a %s filesystem%s%.80s", type,
				 option ? ": option " : "", option ? option : "");
	said[n] = 0;
	return error_set(e, code, "mount a %s filesystem%s%.80s: %s", type,
			 option ? ": option " : "", option ? option : "", said + 2);
}

/* A lowerdir of an overlay, layer by layer (Linux 6.5): ":" separates, "::" begins a data-only
 * layer, a backslash takes the next character as it is. */
static int add_layers(int fs, const char *list)
{
	const char *key = "lowerdir+";
	char layer[VALUE_MAX + 1];
	size_t n = 0;

	for (const char *at = list;; at++) {
		bool end = !*at || *at == ':';
		if (*at == '\\' && at[1])
			at++;
		if (!end && n == VALUE_MAX) {
			errno = ENAMETOOLONG;
			return -1;
		}
		if (!end) {
			layer[n++] = *at;
			continue;
		}
		layer[n] = 0;
		if (n && sys_fsconfig(fs, SYS_FSCONFIG_SET_STRING, key, layer, 0) < 0)
			return -1;
		key = *at && !n ? "datadir+" : "lowerdir+";
		n = 0;
		if (!*at)
			return 0;
	}
}

static bool is_long_lowerdir(const char *type, const char *option)
{
	return !strcmp(type, "overlay") && !strncmp(option, "lowerdir=", 9) &&
	       strlen(option + 9) > VALUE_MAX;
}

static void hint_option(const char *type, const char *option, struct error *e)
{
	if (e->code != EINVAL)
		return;
	if (!strncmp(option, "uid=", 4) || !strncmp(option, "gid=", 4))
		error_hint(e, "in a user namespace: is the id of %s mapped?", option);
	else if (is_long_lowerdir(type, option))
		error_hint(e, "more layers than fit into a page need Linux 6.5");
}

/* "size=64k" is a string, "newinstance" a flag. */
static int configure_option(int fs, const char *type, const char *option, struct error *e)
{
	const char *equals = strchr(option, '=');
	char key[64];
	int failed;

	if (is_long_lowerdir(type, option)) {
		failed = add_layers(fs, equals + 1);
	} else if (equals && (size_t)(equals - option) < sizeof(key)) {
		memcpy(key, option, equals - option);
		key[equals - option] = 0;
		failed = sys_fsconfig(fs, SYS_FSCONFIG_SET_STRING, key, equals + 1, 0);
	} else {
		failed = sys_fsconfig(fs, SYS_FSCONFIG_SET_FLAG, option, NULL, 0);
	}
	if (failed == 0)
		return 0;
	filesystem_error(fs, errno, type, option, e);
	hint_option(type, option, e);
	return error_in(e, "options");
}

static int configure(int fs, const struct plan_mount *m, const char *type, struct error *e)
{
	if (m->source && *m->source &&
	    sys_fsconfig(fs, SYS_FSCONFIG_SET_STRING, "source", m->source, 0) < 0) {
		filesystem_error(fs, errno, type, NULL, e);
		return error_in(e, "source");
	}
	for (size_t i = 0; i < sizeof(super_flags) / sizeof(super_flags[0]); i++)
		if (m->super_set & super_flags[i].flag &&
		    configure_option(fs, type, super_flags[i].set, e) < 0)
			return -1;
	for (size_t i = 0; i < m->data.n; i++)
		if (configure_option(fs, type, m->data.v[i], e) < 0)
			return -1;
	return 0;
}

/* Some filesystems look at their options only now, and name none. */
static int not_created(int fs, const struct plan_mount *m, const char *type, struct error *e)
{
	filesystem_error(fs, errno, type, NULL, e);
	for (size_t i = 0; i < m->data.n; i++)
		hint_option(type, m->data.v[i], e);
	return -1;
}

/* Long strings, commas in an overlay's layers (before Linux 6.5), and flags. What mount(2) can't
 * carry either, more than a page of an overlay's layers, goes by fsconfig layer by layer. */
static bool needs_old_mount(const struct plan_mount *m, const char *type)
{
	const bool overlay = !strcmp(type, "overlay");

	for (size_t i = 0; i < m->data.n; i++) {
		const char *value = strchr(m->data.v[i], '=');
		if (value && (strlen(value + 1) > VALUE_MAX || (overlay && strchr(value, ','))))
			return true;
	}
	return m->super_set & OLD_FLAGS || (m->source && strlen(m->source) > VALUE_MAX);
}

/* The value of an option that is a label and has a comma, which needs quotes; else NULL. */
static const char *label_to_quote(const char *option)
{
	const char *value = strchr(option, '=');

	return value && strchr(value, ',') && value - option >= 7 &&
			       !strncmp(value - 7, "context", 7)
		       ? value + 1
		       : NULL;
}

/*
 * The options with commas between them, as mount(2) takes them: less than a page. A comma in an
 * overlay's layer is told from those by a backslash, unless config.json has put it there already.
 */
static int join_options(const struct plan_mount *m, const char *type, char *out, size_t size)
{
	bool overlay = !strcmp(type, "overlay");
	size_t n = 0;

	for (size_t i = 0; i < m->data.n; i++) {
		const char *label = label_to_quote(m->data.v[i]);
		for (const char *at = m->data.v[i]; *at; at++) {
			if (n + 6 > size)
				return -1;
			if (at == label)
				out[n++] = '"';
			if (*at == '\\' && at[1])
				out[n++] = *at++;
			else if (*at == ',' && overlay && !label)
				out[n++] = '\\';
			out[n++] = *at;
		}
		if (label)
			out[n++] = '"';
		out[n++] = ',';
	}
	out[n ? n - 1 : 0] = 0;
	return 0;
}

/*
 * mount(2) wants a path. Ours is the host's /proc as this mount namespace has it, made private
 * first (with rootfsPropagation shared it would spread); what is mounted there is at once cloned,
 * by descriptor, and taken off again.
 */
static int old_mount(const struct plan_mount *m, const char *type, uint64_t without,
		     const char *data, struct error *e)
{
	const struct sys_mount_attr attr = { .attr_set = (m->attr_set | m->tree_set) & ~without };
	const struct sys_mount_attr private = { .propagation = MS_PRIVATE };

	if (sys_mount_setattr(AT_FDCWD, "/proc", 0, &private) < 0)
		return error_call(e, "mount_setattr", "find a place to mount in");
	if (mount(m->source, "/proc", type, m->super_set, data) < 0)
		return error_call(e, "mount", "mount a %s filesystem", type);
	SPENT_FD tree = sys_open_tree(AT_FDCWD, "/proc", SYS_OPEN_TREE_CLONE);
	if (tree < 0 || umount2("/proc", MNT_DETACH) < 0 ||
	    sys_mount_setattr(tree, "", AT_EMPTY_PATH, &attr) < 0)
		return error_set(e, errno, "mount a %s filesystem", type);
	return fd_take(&tree);
}

bool filesystem_option(const struct plan_mount *m, const char *key)
{
	for (size_t i = 0; i < m->data.n; i++)
		if (!strncmp(m->data.v[i], key, strlen(key)))
			return true;
	return false;
}

int filesystem_new(const struct plan_mount *m, const char *type, uint64_t without, struct error *e)
{
	bool old = needs_old_mount(m, type);
	char data[4096];

	if (old && join_options(m, type, data, sizeof(data)) == 0)
		return old_mount(m, type, without, data, e);
	if (old && (strcmp(type, "overlay") != 0 || m->super_set & OLD_FLAGS)) {
		error_set(e, E2BIG, "mount a %s filesystem", type);
		error_hint(e,
			   "where one option has more than %d bytes, the kernel takes less than "
			   "4096 of all: use shorter paths",
			   VALUE_MAX);
		return error_in(e, "options");
	}
	SPENT_FD fs = sys_fsopen(type);

	if (fs < 0) {
		error_set(e, errno, "mount a %s filesystem", type);
		return error_in(e, "type");
	}
	if (configure(fs, m, type, e) < 0)
		return -1;
	if (sys_fsconfig(fs, SYS_FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return not_created(fs, m, type, e);
	SPENT_FD tree = sys_fsmount(fs, (m->attr_set | m->tree_set) & ~without);
	if (tree < 0)
		return filesystem_error(fs, errno, type, NULL, e);
	return fd_take(&tree);
}

int filesystem_change(int mount, const struct plan_mount *m, struct error *e)
{
	const char *type = m->type ? m->type : "mounted";
	SPENT_FD fs = sys_fspick(mount, "");

	if (fs < 0)
		return error_call(e, "fspick", "remount %s", m->destination);
	for (size_t i = 0; i < sizeof(super_flags) / sizeof(super_flags[0]); i++)
		if (m->super_clear & super_flags[i].flag && super_flags[i].clear &&
		    configure_option(fs, type, super_flags[i].clear, e) < 0)
			return -1;
	if (configure(fs, m, type, e) < 0)
		return -1;
	if (sys_fsconfig(fs, SYS_FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0) < 0)
		return filesystem_error(fs, errno, type, NULL, e);
	return 0;
}

/*
 * The kernel's own filesystems show a namespace, and are made anew by who owns that. In a user
 * namespace without it the host's, bound, says the same. A user namespace in a container may be
 * refused even then, where the outer one has masks in its /proc and /sys: of /sys the outer one
 * still is of use, of /proc it would show other processes.
 */
int filesystem_stand_in(const struct child *c, const struct plan_mount *m, struct error *e)
{
	static const struct {
		const char *type, *place;
		uint64_t namespace; /* that must not be the container's own; 0: may be */
	} all[] = {
		{ "sysfs", "/sys", 0 },
		{ "proc", "/proc", CLONE_NEWPID },
		{ "mqueue", "/dev/mqueue", CLONE_NEWIPC },
	};
	const struct sys_mount_attr attr = {
		.attr_set = (m->attr_set | m->tree_set) & (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID |
							   MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC),
	};
	uint64_t own = c->plan->new_namespaces | c->plan->joined_namespaces;
	size_t i = 0;

	while (i < sizeof(all) / sizeof(all[0]) && strcmp(m->type, all[i].type) != 0)
		i++;
	if (e->code != EPERM || !c->plan->nested || i == sizeof(all) / sizeof(all[0]))
		return -1;
	if (own & all[i].namespace)
		return error_hint(e,
				  "in a container this takes a %s without masks there: podman "
				  "and docker have --security-opt for that",
				  all[i].place);
	SPENT_FD tree = sys_open_tree(AT_FDCWD, all[i].place, SYS_OPEN_TREE_CLONE | AT_RECURSIVE);
	if (tree < 0 || sys_mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr) < 0)
		return error_set(e, errno, "bind the host's %s", all[i].place);
	*e = ERROR_NONE;
	return fd_take(&tree);
}
