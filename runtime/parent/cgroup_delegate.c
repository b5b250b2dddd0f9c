/*
 * config-linux.md, "Cgroup ownership": who executes the container's process in a user namespace may
 * make cgroups below the container's own and share it out, when it is mounted for that. Only on
 * cgroup v2, which is safe to give away, and only the files that the kernel names for it.
 */
#include "runtime/file.h"
#include "runtime/parent/cgroup.h"
#include "runtime/parent/cgroup_resources.h"
#include "runtime/parent/idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES "/sys/kernel/cgroup/delegate"

static bool is_writable(const struct plan_mount *m)
{
	const bool cgroup =
		m->kind == PLAN_MOUNT_CGROUP || (m->type && !strcmp(m->type, "cgroup2"));

	return cgroup && !strcmp(m->destination, CGROUP_ROOT) && !(m->super_set & MS_RDONLY) &&
	       !((m->attr_set | m->tree_set) & MOUNT_ATTR_RDONLY);
}

static bool asked(const struct plan *p)
{
	const uint64_t user = (p->new_namespaces | p->joined_namespaces) & CLONE_NEWUSER;

	if (!user || !(p->new_namespaces & CLONE_NEWCGROUP) || p->cgroups.n != 1 ||
	    !p->cgroups.v[0].unified)
		return false;
	for (size_t i = 0; i < p->mounts.n; i++)
		if (is_writable(&p->mounts.v[i]))
			return true;
	return false;
}

/* Those that this cgroup has: some come with a controller. */
static int give_files(int directory, char *names, uid_t owner)
{
	for (char *name; (name = strsep(&names, "\n"));)
		if (*name && fchownat(directory, name, owner, -1, AT_SYMLINK_NOFOLLOW) < 0 &&
		    errno != ENOENT)
			return -1;
	return 0;
}

static int give(struct arena *a, int directory, uid_t owner)
{
	CLEAN_FD list = open(FILES, O_RDONLY | O_CLOEXEC);
	char *names;

	if (list < 0 || file_read(list, 4096, a, &names, NULL) < 0)
		names = arena_strdup(a, "cgroup.procs\ncgroup.threads\ncgroup.subtree_control");
	return give_files(directory, names, owner) < 0 ? -1 : fchown(directory, owner, -1);
}

/* To whom cgroup_delegate has given the directory. */
static int give_as_above(struct arena *a, int above, int below)
{
	struct stat st;

	if (fstat(above, &st) < 0)
		return -1;
	return st.st_uid == getauxval(AT_EUID) ? 0 : give(a, below, st.st_uid);
}

int cgroup_delegate_below(struct arena *a, const struct plan *plan, int pid, struct error *e)
{
	const char *path = plan->cgroups.v[0].path, *name = plan->delegate_cgroup;
	char number[16];

	snprintf(number, sizeof(number), "%d", pid);
	CLEAN_FD above = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (above >= 0 && mkdirat(above, name, 0755) < 0)
		return error_set(e, errno, "make the cgroup %s/%s", path, name);
	CLEAN_FD below = above < 0 ? -1 : openat(above, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEAN_FD file = below < 0 ? -1 : openat(below, "cgroup.procs", O_WRONLY | O_CLOEXEC);
	if (file < 0 || write_all(file, number, strlen(number)) < 0 ||
	    give_as_above(a, above, below) < 0)
		return error_set(e, errno, "move the container's init to the cgroup %s/%s", path,
				 name);
	cgroup_controllers_share(path);
	return 0;
}

int cgroup_delegate(struct arena *a, const struct plan *plan, int pid, struct error *e)
{
	const char *path = plan->cgroups.n ? plan->cgroups.v[0].path : NULL;
	uid_t owner;
	gid_t group;

	if (!plan->process || !asked(plan))
		return 0;
	if (idmap_to_host(pid, plan->process->user.uid, plan->process->user.gid, &owner, &group,
			  e) < 0)
		return error_in(e, "process.user");
	/* A plain user is the owner of what they have made. */
	if (owner == getauxval(AT_EUID))
		return 0;
	CLEAN_FD directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory >= 0 && give(a, directory, owner) == 0)
		return 0;
	if (errno == EPERM) {
		container_note(
			"the container's cgroup stays ours: only root can give it to the user "
			"of its process");
		return 0;
	}
	return error_set(e, errno, "give the cgroup %s to user %u", path, owner);
}
