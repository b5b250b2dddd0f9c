/*
 * restore: a container as with create, but its processes come out of the folder that checkpoint has
 * filled. Theory of operation: criu is put into the container's new cgroups, in a mount namespace
 * of its own where the rootfs is bound to a place in the state directory, because it wants a mount
 * to make the container's root of. It makes the first process a child of ours, then says
 * "setup-namespaces" and waits: now the process is recorded and the hooks run, before anything of
 * the container does. At "post-restore" everything is there and nothing runs yet: what criu leaves
 * out is done, and the limits are written, which its own work should not be under. From then on the
 * container is like any other.
 */
#include "runtime/file.h"
#include "runtime/inroot.h"
#include "runtime/parent/cgroup.h"
#include "runtime/parent/create.h"
#include "runtime/parent/criu.h"
#include "runtime/parent/criu_outside.h"
#include "runtime/parent/intel_rdt.h"
#include "runtime/parent/net_devices.h"
#include "runtime/parent/net_link.h"
#include "runtime/parent/notify.h"
#include "runtime/parent/run.h"
#include "runtime/parent/start.h"
#include "runtime/process.h"
#include "runtime/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROOT_PLACE "root" /* in the state directory, until the container runs */

struct restoration {
	struct creation c; /* first: the steps get its address */
	const struct criu_options *criu;
	struct criu_images images;
	struct strings descriptors;
};

static struct restoration *of(struct creation *c)
{
	return (struct restoration *)c;
}

static int images(struct creation *c, struct error *e)
{
	struct restoration *r = of(c);

	if (criu_privilege(e) < 0 ||
	    criu_images_open(&r->images, r->criu, 0, CRIU_RESTORE_LOG, &c->arena, e) < 0)
		return -1;
	return criu_descriptors_read(&r->images, &r->descriptors, &c->arena, e);
}

static int check(struct creation *c, struct error *e)
{
	struct stat st;

	if (c->bundle.plan->nested && fstat(of(c)->images.directory, &st) == 0 &&
	    !(st.st_mode & S_IXOTH)) {
		error_set(e, EACCES, "the container's user namespace may not enter it");
		error_in(e, "--image-path");
		return error_hint(e, "chmod o+x");
	}
	return criu_outside_check(c->bundle.plan, c->bundle.spec, e);
}

/* Until the first process is known, whatever is found in the cgroups is the container's. */
static int claim(struct creation *c, struct error *e)
{
	if (creation_claim(c, e) < 0)
		return -1;
	c->state.record.own_pid_namespace = false;
	return state_save(&c->state, e);
}

/* Is this mount's place in another mount? Then that brings it along, or had it before. */
static bool is_within(const struct plan *plan, size_t index)
{
	const char *place = plan->mounts.v[index].destination;

	for (size_t i = 0; i < index; i++) {
		const char *outer = plan->mounts.v[i].destination;
		size_t n = strlen(outer);
		if (!strncmp(place, outer, n) && (place[n] == '/' || !place[n]))
			return true;
	}
	return false;
}

/* Where criu finds the root; and where the socket is that the container may know as its
 * NOTIFY_SOCKET, though nobody listens there any more. */
static int make_state(struct creation *c, struct error *e)
{
	if (mkdirat(c->state.directory, ROOT_PLACE, 0700) < 0)
		return error_call(e, "mkdirat", "make a place for the container's root");
	return notify_prepare(&c->state, e);
}

/* Another rootfs than that of the checkpoint may lack the places that create made in it. */
static int make_places(struct creation *c, struct error *e)
{
	const struct plan *plan = c->bundle.plan;
	struct stat st;

	CLEAN_FD root = open(c->bundle.rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0) {
		error_set(e, errno, "open %s", c->bundle.rootfs);
		return error_in(e, "root.path");
	}
	for (size_t i = 0; i < plan->mounts.n; i++) {
		const struct plan_mount *m = &plan->mounts.v[i];
		mode_t type = S_IFDIR;
		if (m->kind == PLAN_MOUNT_REMOUNT || is_within(plan, i))
			continue;
		if (m->kind == PLAN_MOUNT_BIND && stat(m->source, &st) < 0) {
			error_set(e, errno, "open %s", m->source);
			return error_in(e, "mounts[%zu].source", i);
		}
		if (m->kind == PLAN_MOUNT_BIND)
			type = st.st_mode & S_IFMT;
		CLEAN_FD place = inroot_make(root, m->destination, type, e);
		if (place < 0)
			return error_in(e, "mounts[%zu].destination", i);
	}
	return 0;
}

/* Bring up lo in the new network namespace, as create does; move the devices that are lent. */
static int set_up_network(struct creation *c, struct error *e)
{
	CLEAN_NETLINK lo = NETLINK_NONE;
	struct link link;
	char path[32];

	if (!(c->bundle.plan->new_namespaces & CLONE_NEWNET))
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/ns/net", c->spawn.pid);
	c->state.network = open(path, O_RDONLY | O_CLOEXEC);
	if (c->state.network < 0 || netlink_open_in(&lo, c->state.network) < 0 ||
	    link_find(&lo, "lo", 0, &link) < 0 || link_up(&lo, link.index) < 0)
		return error_set(e, errno, "bring up the loopback interface");
	return c->bundle.plan->net_devices ? net_devices_move(&c->state, c->bundle.spec->linux, e)
					   : 0;
}

/* Its first process is there, in its namespaces, and waits. */
static int begun(struct creation *c, pid_t pid, struct error *e)
{
	struct record *r = &c->state.record;

	c->spawn.pid = pid;
	c->spawn.pidfd = sys_pidfd_open(pid);
	if (c->spawn.pidfd < 0 || process_identify(pid, &r->init) < 0)
		return error_set(e, errno, "find the container's first process");
	r->own_pid_namespace = c->bundle.plan->new_namespaces & CLONE_NEWPID;
	if (state_save(&c->state, e) < 0 || set_up_network(c, e) < 0)
		return -1;
	if (r->intel_rdt && intel_rdt_place(r, c->bundle.spec->linux->intel_rdt, pid, e) < 0)
		return -1;
	return creation_hooks(c, e);
}

/* criu gives every mount its flags but the root, which is whatever it was told to take. By a copy
 * of us, which goes to the container's mount namespace. */
static int make_root_read_only(struct creation *c, struct error *e)
{
	const struct sys_mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
	struct sys_clone_args clone = { .exit_signal = SIGCHLD };

	pid_t pid = sys_clone3(&clone);
	if (pid == 0)
		_exit(sys_setns(c->spawn.pidfd, CLONE_NEWNS, "init's mount") < 0 ||
				      sys_mount_setattr(AT_FDCWD, "/", 0, &attr) < 0
			      ? errno
			      : 0);
	int status = pid < 0 ? errno : process_reap(pid);
	if (!status)
		return 0;
	error_set(e, status < 0 || status > 128 ? EIO : status,
		  "make the container's root read-only");
	return error_in(e, "root.readonly");
}

static int finish_mounts(struct creation *c, struct error *e)
{
	const struct plan *plan = c->bundle.plan;

	return plan->rootfs_readonly && plan->new_namespaces & CLONE_NEWNS
		       ? make_root_read_only(c, e)
		       : 0;
}

static int notice(void *data, struct criu_notice *n, struct error *e)
{
	struct creation *c = data;

	if (!strcmp(n->script, "setup-namespaces"))
		return begun(c, n->pid, e);
	if (!strcmp(n->script, "post-restore"))
		return finish_mounts(c, e) < 0 ? -1 : creation_limits(c, e);
	if (!strcmp(n->script, "orphan-pts-master")) {
		fd_close(&c->terminal);
		c->terminal = fd_take(&n->fd);
	}
	return 0;
}

/* --- what criu is told ------------------------------------------------------------------------ */

static void put_descriptor(struct protobuf *p, const char *key, int fd)
{
	unsigned char bytes[256];
	struct protobuf inner = { .bytes = bytes, .room = sizeof(bytes) };

	protobuf_text(&inner, 1, key);
	protobuf_number(&inner, 2, (unsigned)fd);
	protobuf_message(p, CRIU_INHERIT_FD, &inner);
}

/* "pipe:[4711]" or "file[1f:2a]" and nothing else: the file may be anybody's. */
static bool is_outside(const char *text)
{
	const bool pipe = !strncmp(text, "pipe:[", 6);
	size_t n;

	if (!pipe && strncmp(text, "file[", 5) != 0)
		return false;
	text = strchr(text, '[') + 1;
	n = strspn(text, pipe ? "0123456789" : "0123456789abcdef:");
	return n && n < 32 && !strcmp(text + n, "]");
}

static void put_descriptors(const struct restoration *r, struct protobuf *p)
{
	for (size_t i = 0; i < r->descriptors.n && i < 3; i++)
		if (is_outside(r->descriptors.v[i]))
			put_descriptor(p, r->descriptors.v[i], (int)i);
}

/* Namespaces by path. criu joins most of them by itself. */
static void put_namespaces(struct creation *c, struct protobuf *p)
{
	const struct plan *plan = c->bundle.plan;
	unsigned char bytes[256];

	for (size_t i = 0; i < plan->joins.n; i++) {
		const struct plan_join *j = &plan->joins.v[i];
		const char *name = criu_outside_namespace(j->type);
		struct protobuf inner = { .bytes = bytes, .room = sizeof(bytes) };

		if (name) {
			put_descriptor(p, name, j->fd);
			continue;
		}
		protobuf_text(&inner, 1, word_name(&words_namespaces, j->type));
		protobuf_text(&inner, 2,
			      arena_printf(&c->arena, "/proc/%d/fd/%d", getpid(), j->fd));
		protobuf_message(p, CRIU_JOIN_NS, &inner);
	}
}

/* The cgroups of the images are those of another place or time: theirs are ours now. */
static void put_cgroup(struct protobuf *p, const char *controller, const char *path)
{
	unsigned char bytes[8192];
	struct protobuf inner = { .bytes = bytes, .room = sizeof(bytes) };

	protobuf_text(&inner, 1, controller);
	protobuf_text(&inner, 2, path);
	protobuf_message(p, CRIU_CG_ROOT, &inner);
}

static void put_cgroups(const struct plan *plan, struct protobuf *p)
{
	for (size_t i = 0; i < plan->cgroups.n; i++) {
		const struct plan_cgroup *g = &plan->cgroups.v[i];
		const char *path =
			g->path + strlen(CGROUP_ROOT) + strlen(g->name) + (*g->name ? 1 : 0);
		if (g->unified)
			put_cgroup(p, "", path);
		for (size_t o = 0; !g->unified && o < g->options.n; o++)
			put_cgroup(p, g->options.v[o], path);
	}
}

static int revive(struct creation *c, struct error *e)
{
	struct restoration *r = of(c);
	const struct plan *plan = c->bundle.plan;
	struct protobuf p = criu_message(&c->arena);
	CLEAN_CRIU criu = CRIU_NONE(r->criu);
	pid_t pid = 0;
	char *root;

	if (path_absolute(&c->arena, c->o->root, &root, e) < 0)
		return -1;
	char *place = arena_printf(&c->arena, "%s/%s/" ROOT_PLACE, root, c->o->id);
	char *notify = arena_printf(&c->arena, "%s/%s/" NOTIFY_DIRECTORY, root, c->o->id);
	int *fds = arena_array(&c->arena, int, plan->joins.n + 1);
	for (size_t i = 0; i < plan->joins.n; i++)
		fds[i] = plan->joins.v[i].fd;
	criu_put_options(&p, r->criu, &r->images, &c->bundle.spec->annotations, &c->arena);
	protobuf_text(&p, CRIU_ROOT, place);
	protobuf_number(&p, CRIU_RST_SIBLING, true);
	protobuf_number(&p, CRIU_EVASIVE_DEVICES, true);
	put_descriptors(r, &p);
	put_namespaces(c, &p);
	put_cgroups(plan, &p);
	criu_outside_restore(&p, plan, notify, &c->arena);
	int result = criu_begin(&criu, c->bundle.rootfs, place, fds, plan->joins.n, e);
	if (result < 0 || criu_images_move(&r->images, criu.pid, e) < 0 ||
	    criu_features(&criu, r->criu, e) < 0 || creation_place(c, criu.pid, e) < 0 ||
	    criu_request(&criu, CRIU_RESTORE, &p, &r->images, notice, c, &pid, &c->arena, e) < 0)
		return -1;
	return c->spawn.pid ? 0 : begun(c, pid, e);
}

static int record(struct creation *c, struct error *e)
{
	unlinkat(c->state.directory, ROOT_PLACE, AT_REMOVEDIR);
	c->state.record.complete = true;
	fd_close(&c->state.network);
	if (state_save(&c->state, e) < 0) {
		c->state.record.complete = false;
		return -1;
	}
	cgroup_devices_settle(&c->devices);
	return 0;
}

static const struct creation_step steps[] = {
	{ "load", creation_load },
	{ "terminal", creation_terminal },
	{ "images", images },
	{ "plan", creation_plan },
	{ "check", check },
	/* The first effect. */
	{ "claim", claim },
	{ "cgroup", creation_cgroup },
	{ "config", creation_config },
	{ "state", make_state },
	{ "places", make_places },
	{ "revive", revive },
	/* It runs. */
	{ "console", creation_console },
	{ "record", record },
	{ "pid file", creation_pid_file },
};

static int begin(struct creation *c, struct error *e)
{
	return creation_steps(c, steps, sizeof(steps) / sizeof(steps[0]), e);
}

static int start(struct creation *c, struct error *e)
{
	return start_hooks(&c->state, e);
}

int container_restore(const struct create_options *o, const struct criu_options *criu,
		      int *exit_code, struct error *e)
{
	struct restoration r = { .c = CREATION(o, !o->detach),
				 .criu = criu,
				 .images = CRIU_IMAGES_NONE };
	sigset_t child;

	/* The container may end before we begin to wait for that. */
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	int result = run_creation(&r.c, begin, start, exit_code, e);
	criu_images_close(&r.images);
	return result;
}
