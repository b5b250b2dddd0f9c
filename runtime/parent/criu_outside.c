/* See criu_outside.h. */
#include "runtime/parent/criu_outside.h"

#include "runtime/file.h"
#include "runtime/inroot.h"
#include "runtime/parent/criu.h"
#include "spec/extensions.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NULL_DEVICE "/dev/null" /* covers masked files */

/* One mount: its place in the container, and where it comes from. The place, as config.json says
 * it, is also its name; but all masked files are one thing. */
typedef void outside_fn(void *data, const char *place, const char *source);

/* The v1 hierarchies are bound where the container has no cgroup namespace. */
static void each_cgroup(const struct plan *plan, const char *place, outside_fn *each, void *data,
			struct arena *a)
{
	if ((plan->new_namespaces | plan->joined_namespaces) & CLONE_NEWCGROUP)
		return;
	for (size_t i = 0; i < plan->cgroups.n; i++)
		if (*plan->cgroups.v[i].name)
			each(data, arena_printf(a, "%s/%s", place, plan->cgroups.v[i].name),
			     plan->cgroups.v[i].path);
}

static void each_mount(const struct plan *plan, outside_fn *each, void *data, struct arena *a)
{
	for (size_t i = 0; i < plan->mounts.n; i++) {
		const struct plan_mount *m = &plan->mounts.v[i];
		if (m->kind == PLAN_MOUNT_BIND)
			each(data, m->destination, m->source);
		else if (m->kind == PLAN_MOUNT_CGROUP)
			each_cgroup(plan, m->destination, each, data, a);
	}
	/* In a user namespace devices are the host's. */
	for (size_t i = 0; plan->nested && i < plan->devices.n; i++)
		each(data, plan->devices.v[i].path, plan->devices.v[i].path);
}

struct saving {
	struct protobuf *p;
	struct arena *a;
	int root;
};

/* Where a path leads in the container: criu knows mounts by that. */
static char *place_of(const struct saving *s, const char *path, struct stat *st)
{
	char link[64], place[PATH_MAX];
	CLEAN_FD fd = inroot_open(s->root, path, O_PATH, 0);

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t n = fd < 0 || fstat(fd, st) < 0 ? -1 : readlink(link, place, sizeof(place));
	return n < 0 ? NULL : arena_strndup(s->a, place, (size_t)n);
}

static void save(void *data, const char *place, const char *source)
{
	const struct saving *s = data;
	struct stat st;
	const char *there = place_of(s, place, &st);

	(void)source;
	criu_put_external(s->p, s->a, "mnt", there ? there : place, place);
}

int criu_outside_save(struct protobuf *p, const struct plan *plan, pid_t pid, struct arena *a,
		      struct error *e)
{
	char path[32];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/root", pid);
	CLEAN_FD root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return error_call(e, "open", "open the container's root");
	struct saving s = { p, a, root };
	each_mount(plan, save, &s, a);
	save(&s, NOTIFY_AT, NULL); /* perhaps there is none: criu does not mind */
	for (size_t i = 0; i < plan->masked_paths.n; i++) {
		const char *there = place_of(&s, plan->masked_paths.v[i], &st);
		if (there && !S_ISDIR(st.st_mode))
			criu_put_external(p, a, "mnt", there, NULL_DEVICE);
	}
	return 0;
}

static void restore(void *data, const char *place, const char *source)
{
	const struct saving *s = data;

	if (strcmp(place, NULL_DEVICE) != 0)
		criu_put_external(s->p, s->a, "mnt", place, source);
}

void criu_outside_restore(struct protobuf *p, const struct plan *plan, const char *notify,
			  struct arena *a)
{
	struct saving s = { p, a, -1 };

	each_mount(plan, restore, &s, a);
	restore(&s, NOTIFY_AT, notify);
	criu_put_external(p, a, "mnt", NULL_DEVICE, NULL_DEVICE);
}

const char *criu_outside_namespace(unsigned type)
{
	return type == CLONE_NEWNET ? "extRootNetNS" : type == CLONE_NEWPID ? "extRootPidNS" : NULL;
}

static int check_namespaces(const struct plan *plan, const struct spec *s, struct error *e)
{
	for (size_t i = 0; i < s->linux->namespaces.n; i++) {
		const struct spec_namespace *ns = &s->linux->namespaces.v[i];
		if (ns->path && *ns->path && ns->type & (CLONE_NEWNS | CLONE_NEWCGROUP)) {
			error_set(e, 0, "criu can't restore a container into another's");
			return error_in(e, "linux.namespaces[%zu].path", i);
		}
	}
	if (plan->new_namespaces & CLONE_NEWNS)
		return 0;
	error_set(e, 0, "criu can't restore a container without one of type \"mount\"");
	return error_in(e, "linux.namespaces");
}

int criu_outside_check(const struct plan *plan, const struct spec *s, struct error *e)
{
	for (size_t i = 0; i < plan->mounts.n; i++) {
		const struct plan_mount *m = &plan->mounts.v[i];
		const char *what = m->idmap          ? "a mount whose ids are mapped"
				   : m->copy_symlink ? "a copied symbolic link"
				   : m->source_nofollow || m->destination_nofollow
					   ? "a mount of or on a symbolic link"
					   : NULL;
		if (!what)
			continue;
		error_set(e, 0, "criu can't restore %s", what);
		return error_in(e, "mounts[%zu]", i);
	}
	if (plan->delegate_cgroup) {
		error_set(e, 0, "criu can't restore a process into such a cgroup");
		return error_in(e, "annotations[\"%s\"]", ANNOTATION_DELEGATE_CGROUP);
	}
	return check_namespaces(plan, s, e);
}
