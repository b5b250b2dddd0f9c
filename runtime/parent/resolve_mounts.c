/* See resolve_mounts.h. config.md, "Mounts", and "Linux mount options". */
#include "runtime/parent/resolve_mounts.h"

#include "runtime/sys.h"
#include "spec/extensions.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

/* The kernel's own filesystems: the mount is made read-only, never the filesystem. */
static const struct kernel_filesystem {
	const char *type;
	bool shared;  /* by all who mount it: a remount must not reconfigure it */
	bool context; /* takes the label of linux.mountLabel; else the policy has theirs */
} kernel_filesystems[] = {
	{ "proc", false, false },  { "sysfs", true, false },   { "mqueue", true, false },
	{ "cgroup", true, false }, { "cgroup2", true, false }, { "tmpfs", false, true },
};

static const struct kernel_filesystem *kernel_filesystem(const char *type)
{
	for (size_t i = 0; i < sizeof(kernel_filesystems) / sizeof(kernel_filesystems[0]); i++)
		if (!strcmp(type, kernel_filesystems[i].type))
			return &kernel_filesystems[i];
	return NULL;
}

/*
 * Flags that a bind does not keep of its source once config.json speaks of any: then they are what
 * it says, no more, as its writers know it of other runtimes. How access times are kept is left
 * alone until a word speaks of that.
 */
#define DROPPED                                                                                    \
	((uint64_t)(MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | \
		    MOUNT_ATTR_NOSYMFOLLOW))

static void add_option(struct plan_mount *m, const struct mount_option *o)
{
	uint64_t *set = o->recursive ? &m->tree_set : &m->attr_set;
	uint64_t *clear = o->recursive ? &m->tree_clear : &m->attr_clear;

	/* In order: the last word about a flag wins. */
	*set = (*set & ~o->attr_clear) | o->attr_set;
	*clear = (*clear & ~o->attr_set) | o->attr_clear;
	m->super_set = (m->super_set & ~o->super_clear) | o->super_set;
	m->super_clear = (m->super_clear & ~o->super_set) | o->super_clear;
	if (o->propagation)
		m->propagation.v[m->propagation.n++] = (uint32_t)o->propagation;
}

/* The options of SELinux, whose value may have commas: quoted for mount(8), not for us. */
static bool is_label(const char *option)
{
	static const char *const keys[] = { "context=", "fscontext=", "defcontext=",
					    "rootcontext=" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (!strncmp(option, keys[i], strlen(keys[i])))
			return true;
	return false;
}

static char *unquoted(struct arena *a, char *option)
{
	const char *value = strchr(option, '=');
	size_t n = value ? strlen(value + 1) : 0;

	if (!is_label(option) || n < 2 || value[1] != '"' || value[n] != '"')
		return option;
	return arena_printf(a, "%.*s%.*s", (int)(value + 1 - option), option, (int)n - 2,
			    value + 2);
}

/* linux.mountLabel; the child sees to mqueue and to the tmpfs of cgroup v1. */
static void add_label(const struct spec *s, struct arena *a, struct plan_mount *m)
{
	const char *label = s->linux->mount_label;
	const char *key = annotation_asked(&s->annotations, ANNOTATION_CONTEXT_TYPE);

	if (!label || m->kind != PLAN_MOUNT_FILESYSTEM)
		return;
	const struct kernel_filesystem *own = kernel_filesystem(m->type);
	if (own && !own->context)
		return;
	for (size_t i = 0; i < m->data.n; i++)
		if (is_label(m->data.v[i]))
			return;
	m->data.v[m->data.n++] = arena_printf(a, "%s=%s", key ? key : "context", label);
}

/* A word about the flags of the mount at `destination` alone, or of its filesystem. */
static bool is_flag(const struct mount_option *o)
{
	return !o->act && !o->propagation && !o->recursive;
}

static unsigned add_options(const struct spec_mount *from, struct arena *a, struct plan_mount *m)
{
	unsigned acts = 0;

	m->propagation.v = arena_array(a, uint32_t, from->options.n);
	m->data.v = arena_array(a, char *, from->options.n + 2);
	for (size_t i = 0; i < from->options.n; i++) {
		const struct mount_option *o = mount_option_find(from->options.v[i]);
		if (o) {
			add_option(m, o);
			acts |= o->act;
			if (is_flag(o))
				m->attr_drop = DROPPED;
		} else if (*from->options.v[i]) {
			m->data.v[m->data.n++] = unquoted(a, from->options.v[i]);
		}
	}
	return acts;
}

static int resolve_bind(const char *bundle, struct arena *a, struct plan_mount *m, struct error *e)
{
	if (!m->source || !*m->source) {
		error_set(e, 0, "a bind mount needs one");
		return error_in(e, "source");
	}
	if (m->source[0] != '/')
		m->source = arena_printf(a, "%s/%s", bundle, m->source);
	return 0;
}

/*
 * One leading slash, no empty and no "." component, so that places can be compared as texts. ".."
 * and symbolic links are the child's to resolve, below the rootfs.
 */
static char *clean_path(struct arena *a, const char *path)
{
	char *out = arena_alloc(a, strlen(path) + 2);
	size_t n = 0;

	for (const char *at = path; *at;) {
		size_t length = strcspn(at, "/");
		if (length && !(length == 1 && *at == '.')) {
			out[n++] = '/';
			memcpy(out + n, at, length);
			n += length;
		}
		at += length + (at[length] == '/');
	}
	if (!n)
		out[n++] = '/';
	return out;
}

/* In the container. Some callers give the place that it has on the host, below the rootfs, as runc
 * lets them. */
static char *resolve_destination(struct arena *a, const char *rootfs, const char *destination)
{
	char *path = clean_path(a, destination);
	const char *root = clean_path(a, rootfs);
	size_t n = strlen(root);

	if (n == 1 || strncmp(path, root, n) != 0 || (path[n] && path[n] != '/'))
		return path;
	return path[n] ? path + n : arena_strdup(a, "/");
}

/* What can only be done while a mount is new, and to which. */
static int check_new(const struct plan_mount *m, unsigned acts, bool bind, struct error *e)
{
	bool new = !(acts & MOUNT_REMOUNT);

	if (m->copy_up && (!new || bind || !m->type || strcmp(m->type, "tmpfs") != 0))
		return error_set(e, 0, "\"tmpcopyup\" is for new mounts of type tmpfs");
	if (m->copy_symlink && (!new || !bind || m->idmap))
		return error_set(e, 0,
				 "\"copy-symlink\" is for new bind mounts without mapped ids");
	if ((m->source_nofollow || m->destination_nofollow) && (!new || !bind || m->copy_symlink))
		return error_set(e, 0, "\"%s\" is for new bind mounts without \"copy-symlink\"",
				 m->source_nofollow ? "src-nofollow" : "dest-nofollow");
	if (m->idmap && (!new || (!bind && m->type && !strcmp(m->type, "cgroup"))))
		return error_set(e, 0, "the ids of %s can't be mapped",
				 new ? "a cgroup mount" : "what is mounted already");
	if (!new && m->super_set & MS_I_VERSION)
		return error_set(e, 0, "\"iversion\" can't be changed by a remount");
	return 0;
}

/* What crun offers to systemds of old on a host with cgroup v2: a tmpfs with one hierarchy of v1. */
static bool is_forced_v1(const struct spec *s, const struct spec_mount *from)
{
	const char *at = annotation_find(&s->annotations, ANNOTATION_CGROUP_V1);

	return at && !strcmp(at, from->destination);
}

static int force_v1(const struct plan *plan, unsigned acts, struct arena *a, struct plan_mount *m,
		    struct error *e)
{
	if (m->idmap || acts & (MOUNT_TMPCOPYUP | MOUNT_COPY_SYMLINK | MOUNT_SRC_NOFOLLOW |
				MOUNT_DEST_NOFOLLOW)) {
		error_set(e, 0,
			  "the mount has options that " ANNOTATION_CGROUP_V1 " does not go with");
		return error_in(e, "options");
	}
	if (!((plan->new_namespaces | plan->joined_namespaces) & CLONE_NEWCGROUP))
		return error_set(e, 0,
				 ANNOTATION_CGROUP_V1
				 " needs a namespace of type \"cgroup\" in linux.namespaces");
	m->kind = PLAN_MOUNT_CGROUP;
	m->forced_v1 = true;
	m->type = m->source = arena_strdup(a, "cgroup");
	m->data.n = 0;
	m->attr_drop = 0;
	return 0;
}

/* What cgroup2 takes; the kernel heeds it on the host's own mount only, so it asks for nothing. */
static int check_cgroup_options(const struct plan_mount *m, struct error *e)
{
	static const char *const known[] = { "nsdelegate",         "favordynmods",
					     "memory_localevents", "memory_recursiveprot",
					     "pids_localevents",   "memory_hugetlb_accounting",
					     "nofavordynmods" };

	for (size_t i = 0; i < m->data.n; i++) {
		size_t k = 0;
		while (k < sizeof(known) / sizeof(known[0]) && strcmp(m->data.v[i], known[k]))
			k++;
		if (k == sizeof(known) / sizeof(known[0])) {
			error_set(e, 0, "\"%.100s\" is no option of a cgroup mount", m->data.v[i]);
			return error_in(e, "options");
		}
	}
	return 0;
}

static int resolve_one(const struct spec *s, size_t i, struct arena *a, const struct plan *plan,
		       struct plan_mount *m, struct error *e)
{
	const struct spec_mount *from = &s->mounts.v[i];
	const struct status *status = &plan->status;

	m->destination = resolve_destination(a, status->rootfs, from->destination);
	m->source = from->source;
	unsigned acts = add_options(from, a, m);
	bool bind =
		acts & (MOUNT_BIND | MOUNT_RBIND) || (from->type && !strcmp(from->type, "bind"));
	m->recursive = acts & MOUNT_RBIND;
	m->type = from->type;
	m->copy_up = acts & MOUNT_TMPCOPYUP;
	m->copy_symlink = acts & MOUNT_COPY_SYMLINK;
	m->source_nofollow = acts & MOUNT_SRC_NOFOLLOW;
	m->destination_nofollow = acts & MOUNT_DEST_NOFOLLOW;
	m->idmap_below = acts & MOUNT_RIDMAP;
	m->idmap = acts & (MOUNT_IDMAP | MOUNT_RIDMAP) || from->uid_mappings.n;
	if (check_new(m, acts, bind, e) < 0)
		return error_in(e, "options");
	if (!bind && from->type && !strcmp(from->type, "cgroup") && check_cgroup_options(m, e) < 0)
		return -1;
	if (!bind || acts & MOUNT_REMOUNT)
		m->attr_drop = 0;
	if (is_forced_v1(s, from) && !(acts & MOUNT_REMOUNT))
		return force_v1(plan, acts, a, m, e);
	if (acts & MOUNT_REMOUNT) {
		m->kind = PLAN_MOUNT_REMOUNT;
		/* Of a bind only the mount's flags, never the filesystem's. */
		m->reconfigure = !bind && (m->super_set || m->super_clear || m->data.n);
		return 0;
	}
	if (bind) {
		m->kind = PLAN_MOUNT_BIND;
		m->attr_drop &= ~(m->attr_set | m->attr_clear | m->tree_set);
		/* The filesystem is the host's: never reconfigured. */
		m->super_set = m->super_clear = 0;
		return resolve_bind(status->bundle, a, m, e);
	}
	if (!from->type || !*from->type) {
		error_set(e, 0, "missing, and the options say neither bind nor rbind");
		return error_in(e, "type");
	}
	if (kernel_filesystem(from->type))
		m->super_set &= ~(uint64_t)MS_RDONLY;
	m->kind = !strcmp(from->type, "cgroup") ? PLAN_MOUNT_CGROUP : PLAN_MOUNT_FILESYSTEM;
	return 0;
}

/* The last mount at the place of a remount, unless the way there leads through a later one. */
static struct plan_mount *named(const struct plan *plan, const struct plan_mount *remount)
{
	for (size_t i = (size_t)remount->index; i-- > 0;) {
		struct plan_mount *m = &plan->mounts.v[i];
		size_t n = strlen(m->destination);
		const char *below = remount->destination + n;
		if (m->kind == PLAN_MOUNT_REMOUNT ||
		    strncmp(m->destination, remount->destination, n) != 0)
			continue;
		if (!*below)
			return m;
		if (*below == '/' || n == 1)
			return NULL;
	}
	return NULL;
}

/* Only a filesystem that config.json has mounted there itself may be reconfigured: anything else is
 * the host's too. So are some of the kernel's own, wherever they are mounted. */
static void resolve_remount(const struct plan *plan, struct plan_mount *m)
{
	struct plan_mount *to = named(plan, m);

	m->remounts = to ? to->index : -1;
	if (to)
		to->remounted = true;
	const struct kernel_filesystem *own =
		to && to->kind == PLAN_MOUNT_FILESYSTEM ? kernel_filesystem(to->type) : NULL;
	m->reconfigure &= to && to->kind == PLAN_MOUNT_FILESYSTEM && !(own && own->shared);
}

/* Once all its remounts are done. */
static bool is_read_only(const struct plan *plan, const struct plan_mount *m)
{
	bool read_only = (m->attr_set | m->tree_set) & MOUNT_ATTR_RDONLY;

	for (size_t i = 0; i < plan->mounts.n; i++) {
		const struct plan_mount *r = &plan->mounts.v[i];
		if (r->kind != PLAN_MOUNT_REMOUNT || r->remounts != m->index)
			continue;
		if ((r->attr_set | r->tree_set) & MOUNT_ATTR_RDONLY)
			read_only = true;
		else if ((r->attr_clear | r->tree_clear) & MOUNT_ATTR_RDONLY)
			read_only = false;
	}
	return read_only;
}

/* Of files that others have, too. */
static bool is_volume(const struct plan_mount *m)
{
	return m->kind == PLAN_MOUNT_BIND ||
	       (m->kind == PLAN_MOUNT_FILESYSTEM && !kernel_filesystem(m->type));
}

static bool is_within(const char *path, const char *directory)
{
	const size_t n = strlen(directory);

	return !strncmp(path, directory, n) && (path[n] == '/' || directory[n - 1] == '/');
}

static int needs_namespace(struct error *e, const char *what, const char *why)
{
	return error_set(e, 0, "%sneeds a namespace of type \"mount\" in linux.namespaces%s", what,
			 why);
}

/* Nobody who may rename or remove the place of a mount of no namespace is told that it is busy. */
static int check_protection(const struct plan *plan, const struct plan_mount *m, struct error *e)
{
	if (m->kind == PLAN_MOUNT_REMOUNT || !is_read_only(plan, m))
		return 0;
	if (strstr(m->destination, "/..")) {
		needs_namespace(e, "\"..\" ", "");
		return error_in(e, "mounts[%d].destination", m->index);
	}
	for (const struct plan_mount *outer = plan->mounts.v; outer < m; outer++)
		if (is_volume(outer) && !is_read_only(plan, outer) &&
		    is_within(m->destination, outer->destination)) {
			char what[64];
			sprintf(what, "read-only within mounts[%d], which is writable, ",
				outer->index);
			needs_namespace(e, what, "");
			return error_in(e, "mounts[%d].options", m->index);
		}
	return 0;
}

/* What a mount of no namespace can't be: nothing reaches it from the host, either. */
static int check_apart(const struct plan *plan, struct error *e)
{
	for (size_t i = 0; i < plan->mounts.n; i++) {
		const struct plan_mount *m = &plan->mounts.v[i];
		for (size_t k = 0; k < m->propagation.n; k++)
			if (!(m->propagation.v[k] & MS_PRIVATE)) {
				needs_namespace(e, "propagation other than private ", "");
				return error_in(e, "mounts[%d].options", m->index);
			}
		if (check_protection(plan, m, e) < 0)
			return -1;
	}
	return 0;
}

/* For a container without a mount namespace. */
static int resolve_apart(struct plan *plan, struct error *e)
{
	const uint64_t has = plan->new_namespaces | plan->joined_namespaces;

	if (has & CLONE_NEWNS || (!plan->mounts.n && !plan->rootfs_readonly))
		return 0;
	plan->mounts_apart = true;
	if (!(has & CLONE_NEWUSER))
		return check_apart(plan, e);
	/* From a user namespace nobody comes back to the host's mount namespace. */
	needs_namespace(e, "", ", as there is one of type \"user\"");
	return error_in(e, plan->mounts.n ? "mounts" : "root.readonly");
}

int resolve_mounts(const struct spec *s, struct arena *a, struct plan *plan, struct error *e)
{
	plan->setup_dev = true;
	plan->mounts.n = s->mounts.n;
	plan->mounts.v = arena_alloc(a, s->mounts.n * sizeof(*plan->mounts.v));
	for (size_t i = 0; i < s->mounts.n; i++) {
		struct plan_mount *m = &plan->mounts.v[i];
		m->index = (int32_t)i;
		if (resolve_one(s, i, a, plan, m, e) < 0)
			return error_in(e, "mounts[%zu]", i);
		add_label(s, a, m);
		if (m->kind == PLAN_MOUNT_REMOUNT)
			resolve_remount(plan, m);
		trace(TRACE_SPEC,
		      "mounts[%zu]: %s at %s, flags +0x%llx -0x%llx, %zu options of its own", i,
		      m->kind == PLAN_MOUNT_BIND ? m->source
		      : m->type                  ? m->type
						 : "remount",
		      m->destination, (unsigned long long)m->attr_set,
		      (unsigned long long)m->attr_clear, m->data.n);
		if (!strcmp(m->destination, "/dev") && m->kind != PLAN_MOUNT_REMOUNT)
			plan->setup_dev = m->kind != PLAN_MOUNT_BIND;
	}
	return resolve_apart(plan, e);
}

void resolve_mounts_add(struct plan *plan, struct arena *a, char *source, const char *destination)
{
	const size_t n = plan->mounts.n;
	struct plan_mount *v = arena_alloc(a, (n + 1) * sizeof(*v));

	for (size_t i = 0; i < n; i++)
		v[i] = plan->mounts.v[i];
	v[n] = (struct plan_mount){
		.kind = PLAN_MOUNT_BIND,
		.destination = arena_strdup(a, destination),
		.source = source,
		.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
			    MOUNT_ATTR_NOEXEC,
		.index = (int32_t)n,
	};
	plan->mounts.v = v;
	plan->mounts.n = n + 1;
}
