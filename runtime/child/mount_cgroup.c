/*
 * A mount of type cgroup. On pure v2 it is a cgroup2 filesystem. On v1 and hybrid hosts it is a
 * tmpfs with one directory per hierarchy, as on the host, and a link per controller where several
 * share one. With a cgroup namespace each hierarchy is mounted anew and shows the container's own
 * cgroup as its root. Without one, a v1 hierarchy is the container's own cgroup, bound, and pure v2
 * the host's whole hierarchy, so that /proc/self/cgroup means something there. Where a user
 * namespace forbids a new mount, the container's own cgroup is bound. Flags, "ro" above all, hold
 * in every case (CVE-2023-25809).
 */
#include "runtime/child/filesystem.h"
#include "runtime/child/mount.h"
#include "runtime/child/spent.h"

#include "runtime/file.h"
#include "runtime/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define HOST_CGROUPS "/sys/fs/cgroup"

/* With what systemd asks of it; it is nowhere on the host that we would know of. */
static char *systemd_options[] = { "name=systemd", "xattr", NULL };
static const struct plan_cgroup systemd_v1 = { .name = "systemd",
					       .options = { 2, systemd_options } };

static int bind(const char *from, const struct plan_mount *m, bool below, struct error *e)
{
	/* What is mounted there on the host later is none of the container's, and criu saves no
	 * mount that receives from one outside. */
	const struct sys_mount_attr attr = { .attr_set = m->attr_set | m->tree_set,
					     .propagation = MS_PRIVATE };
	SPENT_FD tree =
		sys_open_tree(AT_FDCWD, from, SYS_OPEN_TREE_CLONE | (below ? AT_RECURSIVE : 0));

	if (tree < 0 ||
	    sys_mount_setattr(tree, "", AT_EMPTY_PATH | (below ? AT_RECURSIVE : 0), &attr) < 0)
		return error_set(e, errno, "bind the cgroup %s", from);
	return fd_take(&tree);
}

/* The v1 hierarchy of these controllers is told by them; a named one has none. */
static int mount_hierarchy(const struct plan_cgroup *g, const struct plan_mount *m, struct error *e)
{
	struct plan_mount one = *m;
	char *options[40];
	size_t n = 0;

	one.source = "cgroup";
	one.super_set = 0;
	for (size_t i = 0; !g->unified && i < g->options.n && n < 38; i++) {
		if (!strncmp(g->options.v[i], "name=", 5))
			options[n++] = "none";
		options[n++] = g->options.v[i];
	}
	one.data = (struct strings){ n, options };
	return filesystem_new(&one, g->unified ? "cgroup2" : "cgroup", 0, e);
}

/* A tree of one hierarchy, mounted nowhere yet. */
static int hierarchy_tree(const struct child *c, const struct plan_cgroup *g,
			  const struct plan_mount *m, struct error *e)
{
	bool own_root = (c->plan->new_namespaces | c->plan->joined_namespaces) & CLONE_NEWCGROUP;

	if (own_root) {
		int tree = mount_hierarchy(g, m, e);
		if (tree >= 0 || !g->path ||
		    (e->code != EPERM && e->code != EBUSY && e->code != EACCES))
			return tree;
		*e = ERROR_NONE;
	}
	/* Never anew from the host's cgroup namespace: that would take nsdelegate and the like from
	 * the host's own mount. */
	bool whole = g->unified && !*g->name && !own_root && !c->plan->nested;
	return bind(whole ? HOST_CGROUPS : g->path, m, false, e);
}

static int attach_hierarchy(const struct child *c, const struct plan_cgroup *g,
			    const struct plan_mount *m, int directory, struct error *e)
{
	SPENT_FD tree = hierarchy_tree(c, g, m, e);

	if (tree < 0)
		return -1;
	if (mkdirat(directory, g->name, 0755) < 0 && errno != EEXIST)
		return error_set(e, errno, "make %s/%s", m->destination, g->name);
	SPENT_FD target = openat(directory, g->name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (target < 0 || mount_onto(tree, target) < 0)
		return error_set(e, errno, "mount onto %s/%s", m->destination, g->name);
	/* cpu -> cpu,cpuacct, as programs expect. */
	for (size_t i = 0; strchr(g->name, ',') && i < g->options.n; i++)
		if (symlinkat(g->name, directory, g->options.v[i]) < 0 && errno != EEXIST)
			return error_set(e, errno, "link %s/%s", m->destination, g->options.v[i]);
	return 0;
}

int mount_cgroup(struct child *c, const struct plan_mount *m, int target, struct error *e)
{
	const struct plan *plan = c->plan;
	struct plan_mount top = *m;
	const char *label = plan->mount_label;
	char *options[] = { "mode=755",
			    label ? arena_printf(&c->arena, "context=%s", label) : NULL };

	if (!m->forced_v1 && (!plan->cgroups.n || !*plan->cgroups.v[0].name)) {
		SPENT_FD tree = plan->cgroups.n ? hierarchy_tree(c, &plan->cgroups.v[0], m, e)
						: bind(HOST_CGROUPS, m, true, e);
		return tree < 0 ? -1 : mount_attach(c, tree, m, target, e);
	}
	top.source = "tmpfs";
	top.super_set = 0;
	top.data = (struct strings){ label ? 2 : 1, options };
	SPENT_FD tmpfs = filesystem_new(&top, "tmpfs", MOUNT_ATTR_RDONLY, e);
	if (tmpfs < 0 || mount_attach(c, tmpfs, m, target, e) < 0)
		return -1;
	if (m->forced_v1 && attach_hierarchy(c, &systemd_v1, m, tmpfs, e) < 0)
		return -1;
	for (size_t i = 0; i < plan->cgroups.n && !m->forced_v1; i++)
		if (attach_hierarchy(c, &plan->cgroups.v[i], m, tmpfs, e) < 0)
			return -1;
	if (m->attr_set & MOUNT_ATTR_RDONLY && mount_read_only(tmpfs) < 0)
		return error_set(e, errno, "make %s read-only", m->destination);
	return 0;
}
