/* See namespaces.h. */
#include "runtime/parent/namespaces.h"

#include "runtime/file.h"
#include "runtime/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* include/linux/proc_ns.h, PROC_USER_INIT_INO: the inode number of the initial user namespace,
 * fixed since Linux 3.8. */
#define INITIAL_USER_NAMESPACE "user:[4026531837]"

int namespaces_initial_user(struct error *e)
{
	char link[64];
	ssize_t n = readlink("/proc/self/ns/user", link, sizeof(link) - 1);

	if (n < 0)
		return error_set(e, errno, "read /proc/self/ns/user");
	return n == sizeof(INITIAL_USER_NAMESPACE) - 1 && !memcmp(link, INITIAL_USER_NAMESPACE, n);
}

/* The kernel's number of the initial one (PROC_CGROUP_INIT_INO). */
#define INITIAL_CGROUP 0xEFFFFFFBU

static const struct {
	uint64_t type;
	const char *name; /* in /proc/PID/ns */
} kinds[] = {
	{ CLONE_NEWNS, "mnt" },  { CLONE_NEWNET, "net" },   { CLONE_NEWIPC, "ipc" },
	{ CLONE_NEWUTS, "uts" }, { CLONE_NEWUSER, "user" }, { CLONE_NEWCGROUP, "cgroup" },
	{ CLONE_NEWPID, "pid" }, { CLONE_NEWTIME, "time" },
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static int look(const char *process, const char *name, struct stat *st)
{
	char path[48];

	snprintf(path, sizeof(path), "/proc/%s/ns/%s", process, name);
	return stat(path, st);
}

/* Does fd name the namespace of this type that we are in ourselves? Or, where we are in a container
 * already, the host's cgroup namespace: what was mounted for it is the host's, too. */
static bool is_ours(uint64_t type, int fd)
{
	struct stat ours, other;

	for (size_t i = 0; i < KINDS; i++)
		if (kinds[i].type == type && type != CLONE_NEWPID && type != CLONE_NEWTIME)
			return look("self", kinds[i].name, &ours) == 0 && fstat(fd, &other) == 0 &&
			       (ours.st_ino == other.st_ino ||
				(type == CLONE_NEWCGROUP && other.st_ino == INITIAL_CGROUP));
	return false;
}

int namespaces_others(pid_t pid, uint64_t known, uint64_t *out, struct error *e)
{
	struct stat ours, other;
	char process[16];

	snprintf(process, sizeof(process), "%d", pid);
	*out = known;
	for (size_t i = 0; i < KINDS; i++) {
		/* One that this kernel is built without has no entry. */
		if (known & kinds[i].type || look("self", kinds[i].name, &ours) < 0)
			continue;
		if (look(process, kinds[i].name, &other) < 0) {
			error_set(e, errno, "look at the %s namespace of process %d", kinds[i].name,
				  pid);
			return e->code == EACCES || e->code == EPERM
				       ? error_hint(e, "the container is another user's")
				       : -1;
		}
		if (ours.st_ino != other.st_ino)
			*out |= kinds[i].type;
	}
	return 0;
}

/* A namespace of our own is the host: what config.json would change in it is an error. */
static int check_ours(const struct spec *s, const struct plan *plan, size_t i, struct error *e)
{
	const struct spec_namespace *ns = &s->linux->namespaces.v[i];
	const char *type = word_name(&words_namespaces, ns->type);

	char path[SYSCTL_PATH];

	for (size_t j = 0; j < plan->sysctl.n; j++)
		if (spec_sysctl_path(plan->sysctl.v[j].key, path, sizeof(path)) &&
		    spec_sysctl_namespace(path) == ns->type) {
			error_set(e, 0, "linux.namespaces[%zu].path is ocirun's own %s namespace",
				  i, type);
			return error_in(e, "linux.sysctl[\"%s\"]", plan->sysctl.v[j].key);
		}
	if (ns->type != CLONE_NEWNS &&
	    (ns->type != CLONE_NEWUTS || (!s->hostname && !s->domainname)))
		return 0;
	/* Pivoting in it would change the root of all that live there, ourselves among them. */
	error_set(e, 0, "%s is the %s namespace of ocirun itself", ns->path, type);
	if (ns->type == CLONE_NEWUTS)
		error_hint(e, "%s would become the host's",
			   s->hostname ? "hostname" : "domainname");
	return error_in(e, "linux.namespaces[%zu].path", i);
}

int namespaces_open(const struct spec *s, struct arena *a, struct plan *plan, struct error *e)
{
	plan->joins.v = arena_alloc(a, s->linux->namespaces.n * sizeof(*plan->joins.v));
	for (size_t i = 0; i < s->linux->namespaces.n; i++) {
		const struct spec_namespace *ns = &s->linux->namespaces.v[i];
		if (!ns->path || !*ns->path)
			continue;
		CLEAN_FD fd = open(ns->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		int type = fd < 0 ? -1 : ioctl(fd, NS_GET_NSTYPE);
		if (fd < 0)
			error_set(e, errno, "open %s", ns->path);
		else if (type != (int)ns->type)
			error_set(e, 0, "%s is not a %s namespace", ns->path,
				  word_name(&words_namespaces, ns->type));
		if (type != (int)ns->type)
			return error_in(e, "linux.namespaces[%zu].path", i);
		if (is_ours(ns->type, fd)) {
			if (check_ours(s, plan, i, e) < 0)
				return -1;
			/* What is mounted for it is the host's: never made, or configured, anew. */
			plan->joined_namespaces &= ~ns->type;
		}
		plan->joins.v[plan->joins.n++] =
			(struct plan_join){ ns->type, fd_take(&fd), (int32_t)i };
	}
	return 0;
}

void namespaces_close(struct plan *plan)
{
	for (size_t i = 0; i < plan->joins.n; i++)
		fd_close(&plan->joins.v[i].fd);
}
