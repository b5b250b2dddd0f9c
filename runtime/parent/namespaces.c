/* See namespaces.h. */
#include "runtime/parent/namespaces.h"

#include "runtime/file.h"
#include "runtime/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* include/linux/proc_ns.h, PROC_USER_INIT_INO: the inode number of the initial user namespace,
 * fixed since Linux 3.8. */
#define INITIAL_USER_NAMESPACE "user:[4026531837]"

bool namespaces_initial_user(void)
{
	char link[64];
	ssize_t n = readlink("/proc/self/ns/user", link, sizeof(link) - 1);

	return n == sizeof(INITIAL_USER_NAMESPACE) - 1 && !memcmp(link, INITIAL_USER_NAMESPACE, n);
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
		struct stat own, other;
		/* Pivoting in it would change the root of all that live there, ourselves among
		 * them. */
		bool ours = type == CLONE_NEWNS && stat("/proc/self/ns/mnt", &own) == 0 &&
			    fstat(fd, &other) == 0 && own.st_ino == other.st_ino;
		if (ours)
			error_set(e, 0, "%s is the mount namespace of ocirun itself", ns->path);
		if (type != (int)ns->type || ours)
			return error_in(e, "linux.namespaces[%zu].path", i);
		plan->joins.v[plan->joins.n++] = (struct plan_join){ ns->type, fd_take(&fd) };
	}
	return 0;
}

void namespaces_close(struct plan *plan)
{
	for (size_t i = 0; i < plan->joins.n; i++)
		fd_close(&plan->joins.v[i].fd);
}
