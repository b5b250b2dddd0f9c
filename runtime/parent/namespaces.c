/* See namespaces.h. */
#include "runtime/parent/namespaces.h"

#include "runtime/file.h"
#include "runtime/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
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

int namespaces_open(const struct spec *s, struct joins *out, struct error *e)
{
	out->n = 0;
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
		out->v[out->n++] = (struct join){ ns->type, fd_take(&fd) };
	}
	return 0;
}

void namespaces_close(struct joins *j)
{
	for (size_t i = 0; i < j->n; i++)
		fd_close(&j->v[i].fd);
	j->n = 0;
}

static int join_one(const struct join *j)
{
	return sys_setns(j->fd, (int)j->type, word_name(&words_namespaces, j->type));
}

int namespaces_join(const struct joins *j, int (*unshared)(void *data, struct error *e), void *data,
		    struct error *e)
{
	bool joined[8] = { 0 };

	/* The namespace may deny it afterwards, and the caller's groups would stay. EPERM: not ours
	 * to drop. */
	for (size_t i = 0; i < j->n; i++)
		if (j->v[i].type == CLONE_NEWUSER && setgroups(0, NULL) < 0 && errno != EPERM)
			return error_set(e, errno, "drop the supplementary groups");
	for (size_t i = 0; i < j->n; i++) {
		if (j->v[i].type == CLONE_NEWUSER)
			continue;
		joined[i] = join_one(&j->v[i]) == 0;
		if (!joined[i] && errno != EPERM)
			return error_set(e, errno, "join the %s namespace",
					 word_name(&words_namespaces, j->v[i].type));
	}
	if (unshared && unshared(data, e) < 0)
		return -1;
	for (size_t i = 0; i < j->n; i++)
		if (j->v[i].type == CLONE_NEWUSER) {
			if (join_one(&j->v[i]) < 0)
				return error_set(e, errno, "join the user namespace");
			if (namespaces_become_root(e) < 0)
				return -1;
			joined[i] = true;
		}
	for (size_t i = 0; i < j->n; i++)
		if (!joined[i] && join_one(&j->v[i]) < 0)
			return error_set(e, errno, "join the %s namespace",
					 word_name(&words_namespaces, j->v[i].type));
	return 0;
}

int namespaces_new_time(const struct spec_time_offsets *offsets, int file, struct error *e)
{
	char text[160];
	int n = 0;

	if (sys_unshare(CLONE_NEWTIME) < 0)
		return error_set(e, errno, "make a time namespace");
	if (offsets && offsets->monotonic)
		n += snprintf(text + n, sizeof(text) - n, "monotonic %lld %u\n",
			      (long long)offsets->monotonic->secs, offsets->monotonic->nanosecs);
	if (offsets && offsets->boottime)
		n += snprintf(text + n, sizeof(text) - n, "boottime %lld %u\n",
			      (long long)offsets->boottime->secs, offsets->boottime->nanosecs);
	if (n && write_all(file, text, n) < 0) {
		error_set(e, errno, "set the clocks' offsets");
		return error_in(e, "linux.timeOffsets");
	}
	return 0;
}

/* Capabilities survive an execve by an id other than 0 only in the ambient set. */
static int keep_capabilities(struct error *e)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data) < 0)
		return error_set(e, errno, "read our capabilities");
	for (int i = 0; i < 2; i++)
		data[i].inheritable = data[i].permitted;
	if (syscall(SYS_capset, &header, data) < 0)
		return error_set(e, errno, "keep our capabilities");
	for (int cap = 0; cap < 64; cap++)
		if (data[cap / 32].permitted & (1U << (cap % 32)) &&
		    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0)
			return error_set(e, errno, "keep capability %d", cap);
	return 0;
}

/* The first id of a map of ours, as the namespace counts; 0 when it has none. */
static unsigned first_mapped(const char *map)
{
	char text[64];
	CLEAN_FD fd = open(map, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	text[n < 0 ? 0 : n] = 0;
	return (unsigned)strtoul(text, NULL, 10);
}

int namespaces_become_root(struct error *e)
{
	unsigned gid = 0, uid = 0;

	/* EPERM: setgroups is denied here, and the groups stay; EINVAL: no gid is mapped. */
	if (setgroups(0, NULL) < 0 && errno != EPERM && errno != EINVAL)
		return error_set(e, errno, "drop the supplementary groups");
	if (setresgid(0, 0, 0) < 0 && errno == EINVAL) {
		gid = first_mapped("/proc/self/gid_map");
		if (setresgid(gid, gid, gid) < 0)
			return error_set(e, errno, "become gid %u of the user namespace", gid);
	}
	if (setresuid(0, 0, 0) == 0)
		return 0;
	if (errno != EINVAL)
		return error_set(e, errno, "become uid 0 of the user namespace");
	/* Files could not even be made by an id that the namespace does not know. */
	uid = first_mapped("/proc/self/uid_map");
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 || setresuid(uid, uid, uid) < 0)
		return error_set(e, errno, "become uid %u of the user namespace", uid);
	return keep_capabilities(e);
}
