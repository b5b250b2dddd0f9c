/*
 * See sources.h. Sources are opened and cloned in init's mount namespace, by a process that goes
 * there: only so do they carry the locks that a user namespace must keep, and are slaves of the
 * host's mounts. Mapping ids takes privilege both in the user namespace that the filesystem belongs
 * to and in the one that has the mapping: only we have both. It is done while the mount is mounted
 * nowhere, later the kernel refuses it.
 */
#include "runtime/parent/sources.h"

#include "runtime/channel.h"
#include "runtime/file.h"
#include "runtime/parent/device_node.h"
#include "runtime/parent/idmap.h"
#include "runtime/process.h"
#include "runtime/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

static bool same(const spec_id_mappings *a, const spec_id_mappings *b)
{
	bool equal = a->n == b->n;

	for (size_t i = 0; equal && i < a->n; i++)
		equal = a->v[i].container_id == b->v[i].container_id &&
			a->v[i].host_id == b->v[i].host_id && a->v[i].size == b->v[i].size;
	return equal;
}

static int container_namespace(const struct spawn *s, struct error *e)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/ns/user", s->pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? error_set(e, errno, "open the container's user namespace") : fd;
}

/* The user namespace whose mapping this mount gets; it stays ours. */
static int map_of(struct sources *s, const struct spec_mount *m, struct error *e)
{
	for (size_t i = 0; i < s->maps.n; i++) {
		const struct spec_mount *have = s->maps.v[i].first;
		if (same(&have->uid_mappings, &m->uid_mappings) &&
		    same(&have->gid_mappings, &m->gid_mappings))
			return s->maps.v[i].fd;
	}
	int fd = m->uid_mappings.n ? idmap_namespace(&m->uid_mappings, &m->gid_mappings, e)
				   : container_namespace(s->spawn, e);
	if (fd < 0)
		return -1;
	if (!s->maps.v)
		s->maps.v = arena_alloc(s->arena, s->spawn->plan->mounts.n * sizeof(*s->maps.v));
	s->maps.v[s->maps.n++] = (struct source_map){ m, fd };
	return fd;
}

static int not_mapped(const struct plan_mount *m, struct error *e)
{
	bool bind = m->kind == PLAN_MOUNT_BIND;

	if (errno == EINVAL)
		return error_set(e, 0, "the file system of %s%s does not support idmapped mounts",
				 bind ? m->source : m->destination,
				 m->idmap_below ? ", or one below it," : "");
	error_set(e, errno, "map the ids of %s", bind ? m->source : m->destination);
	return errno == EPERM
		       ? error_hint(e, "that takes root in the user namespace that the file system "
				       "was mounted in, and a mount that is not mapped yet")
		       : -1;
}

static int map_ids(const struct plan_mount *m, int tree, int map, struct error *e)
{
	const struct sys_mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP, .userns_fd = map };
	unsigned below = m->idmap_below ? AT_RECURSIVE : 0;

	return sys_mount_setattr(tree, "", AT_EMPTY_PATH | below, &attr) < 0 ? not_mapped(m, e) : 0;
}

/* In a process that has gone to init's mount namespace. */
static int mapped_clone(const struct plan_mount *m, int map, struct error *e)
{
	unsigned flags =
		(m->recursive ? AT_RECURSIVE : 0) | (m->source_nofollow ? AT_SYMLINK_NOFOLLOW : 0);
	CLEAN_FD tree = sys_open_tree(AT_FDCWD, m->source, SYS_OPEN_TREE_CLONE | flags);

	if (tree < 0) {
		error_set(e, errno, "bind %s to %s", m->source, m->destination);
		return error_in(e, "source");
	}
	return map_ids(m, tree, map, e) < 0 ? -1 : fd_take(&tree);
}

/* A descriptor, or why there is none. */
static int reply(int channel, enum message_type type, int fd, const struct error *why)
{
	return fd < 0 ? channel_send_error(channel, why) : channel_send(channel, type, 0, fd);
}

/*
 * To init's mount namespace. A plain user may go there only by way of the user namespace, which it
 * has made and in which it keeps its own id; those who live there must not trace it.
 */
static bool go_inside(const struct spawn *s)
{
	if (sys_setns(s->pidfd, CLONE_NEWNS, "init's mount") == 0)
		return true;
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	return sys_setns(s->pidfd, CLONE_NEWUSER | CLONE_NEWNS, "init's user and mount") == 0;
}

static _Noreturn void answer(const struct spawn *s, const struct plan_mount *m, const char *path,
			     int map)
{
	struct error e = ERROR_NONE;
	int fd = -1;

	bool inside = go_inside(s);
	if (map >= 0) {
		fd = inside ? mapped_clone(m, map, &e) : not_mapped(m, &e);
	} else {
		/* Who may not go there may no more than init. */
		const int flags = O_PATH | O_CLOEXEC | (m && m->source_nofollow ? O_NOFOLLOW : 0);
		fd = inside ? open(path, flags) : -1;
		if (fd < 0)
			error_set(&e, inside ? errno : EACCES, "open %s", path);
	}
	_exit(reply(s->channel, MESSAGE_OPEN, fd, &e) < 0);
}

/* The process that answers has been made, or not: wait for its end. */
static int answered(pid_t pid, const char *verb, const char *path, struct error *e)
{
	return pid < 0 || process_reap(pid) != 0
		       ? error_set(e, pid < 0 ? errno : EIO, "%s %s for the container's init", verb,
				   path)
		       : 0;
}

int sources_open(struct sources *s, int32_t index, int tree, struct error *e)
{
	const struct spawn *spawn = s->spawn;
	const struct plan *plan = spawn->plan;
	const struct plan_mount *m =
		index >= 0 && (size_t)index < plan->mounts.n ? &plan->mounts.v[index] : NULL;
	const char *path = m && m->source ? m->source : plan->status.rootfs;
	struct sys_clone_args clone = { .exit_signal = SIGCHLD };
	struct error why = ERROR_NONE;
	int map = -1;

	if (m && m->idmap) {
		map = map_of(s, &spawn->spec->mounts.v[m->index], &why);
		if (map < 0 || tree >= 0) {
			bool mapped = map >= 0 && map_ids(m, tree, map, &why) == 0;
			return reply(spawn->channel, MESSAGE_OPEN, mapped ? tree : -1, &why) < 0
				       ? error_set(e, errno, "talk to the container's init")
				       : 0;
		}
	}
	pid_t pid = sys_clone3(&clone);
	if (pid == 0)
		answer(spawn, m, path, map);
	return answered(pid, "open", path, e);
}

int sources_make_device(const struct sources *s, int32_t index, struct error *e)
{
	const struct spawn *spawn = s->spawn;
	struct sys_clone_args clone = { .exit_signal = SIGCHLD };
	struct error why = ERROR_NONE;

	if (index < 0 || (size_t)index >= spawn->plan->devices.n)
		return error_set(e, EPROTO, "talk to the container's init");
	const struct plan_device *d = &spawn->plan->devices.v[index];
	pid_t pid = sys_clone3(&clone);
	if (pid == 0) {
		int fd = device_node_make(spawn, d, &why);
		_exit(reply(spawn->channel, MESSAGE_DEVICE, fd, &why) < 0);
	}
	return answered(pid, "make", d->path, e);
}

void sources_close(struct sources *s)
{
	for (size_t i = 0; i < s->maps.n; i++)
		fd_close(&s->maps.v[i].fd);
	s->maps.n = 0;
}
