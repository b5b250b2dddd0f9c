/*
 * checkpoint: a running container becomes a folder of files. criu freezes, reads and ends its
 * processes; here is said what it must know to do so: which mounts and namespaces are not the
 * container's own, what its input and output were, and its cgroup's freezer. What is left of the
 * container is deleted then, as `delete` does.
 */
#include "runtime/file.h"
#include "runtime/log.h"
#include "runtime/parent/cgroup.h"
#include "runtime/parent/container.h"
#include "runtime/parent/criu.h"
#include "runtime/parent/criu_outside.h"
#include "runtime/parent/destroy.h"
#include "runtime/parent/resolve.h"
#include "runtime/timing.h"
#include "spec/number.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define ARENA ((size_t)16 << 20)
#define LOCK_MS 10000

struct checkpoint {
	const char *root, *id;
	const struct criu_options *o;
	struct state state;
	struct arena record; /* of what was recorded */
	struct arena arena;  /* of what config.json says */
	struct bundle bundle;
	struct criu_images images;
	struct criu criu;
};

static int check_status(const struct state *s, struct error *e)
{
	const int status = state_status(s, e);

	if (status < 0)
		return -1;
	if (status == STATUS_RUNNING || status == STATUS_PAUSED)
		return 0;
	error_set(e, 0, "cannot checkpoint a container that is %s", status_word(status));
	return error_hint(e, "only one that is running or paused has something to save");
}

/* config.json as it was when the container was made. */
static int load(struct checkpoint *c, struct error *e)
{
	char *config = arena_printf(c->state.arena, "%s/%s/config.json", c->root, c->state.id);
	const struct record *r = &c->state.record;
	struct create_options o = { .root = c->root,
				    .id = c->state.id,
				    .bundle = r->bundle,
				    .config = config,
				    .cgroup_manager =
					    r->cgroups.n ? CGROUP_CGROUPFS : CGROUP_DISABLED };

	if (resolve_load(&o, &c->arena, &c->bundle, e) < 0)
		return -1;
	/* Where its cgroups are is recorded; whoever made them, their limits stay with them. */
	c->bundle.spec->linux->cgroups_path = NULL;
	c->bundle.spec->linux->resources = NULL;
	return resolve_plan(&o, &c->arena, &c->bundle, e) < 0
		       ? -1
		       : criu_outside_check(c->bundle.plan, c->bundle.spec, e);
}

/* Namespaces that were there before the container: criu is to leave them alone. */
static int put_namespaces(struct checkpoint *c, struct protobuf *p, struct error *e)
{
	const struct spec_linux *l = c->bundle.spec->linux;
	char path[48], which[24];
	struct stat st;

	for (size_t i = 0; i < l->namespaces.n; i++) {
		const struct spec_namespace *ns = &l->namespaces.v[i];
		const char *name = ns->path && *ns->path ? criu_outside_namespace(ns->type) : NULL;
		const char *what = ns->type == CLONE_NEWNET ? "net" : "pid";

		if (!name)
			continue;
		snprintf(path, sizeof(path), "/proc/%d/ns/%s", c->state.record.init.pid, what);
		if (stat(path, &st) < 0)
			return error_call(e, "stat", "look at %s", path);
		snprintf(which, sizeof(which), "%llu", (unsigned long long)st.st_ino);
		criu_put_external(p, &c->arena, what, which, name);
	}
	return 0;
}

/* So that nothing is made while criu stops one process after the other. */
static void put_freezer(const struct plan *plan, const struct record *r, struct protobuf *p)
{
	for (size_t i = 0; i < r->cgroups.n; i++)
		if (cgroup_is_freezer(r->cgroups.v[i].path) ||
		    (r->cgroups.n == 1 && plan->cgroups.n == 1 && plan->cgroups.v[0].unified)) {
			protobuf_text(p, CRIU_FREEZE_CGROUP, r->cgroups.v[i].path);
			return;
		}
}

/* Is this mount one of the container's? Then criu finds the file by itself. */
static bool has_mount(pid_t pid, uint64_t id)
{
	char path[32], line[4096];
	uint64_t one;
	bool found = false;

	snprintf(path, sizeof(path), "/proc/%d/mountinfo", pid);
	FILE *file = fopen(path, "re");
	while (file && !found && fgets(line, sizeof(line), file)) {
		const char *at = line;
		found = number_next(&at, &one) && one == id;
	}
	if (file)
		fclose(file);
	return found;
}

static uint64_t mount_of(pid_t pid, int fd)
{
	static const char key[] = "mnt_id:";
	char path[48], line[256];
	uint64_t id = 0;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", pid, fd);
	FILE *file = fopen(path, "re");
	while (file && !id && fgets(line, sizeof(line), file)) {
		const char *at = line + strlen(key);
		if (!strncmp(line, key, strlen(key)))
			(void)number_next(&at, &id);
	}
	if (file)
		fclose(file);
	return id;
}

/* A descriptor as criu names it: a pipe by its link, a file of the host by mount and inode. The
 * rest is for people. */
static char *name_descriptor(struct checkpoint *c, int fd, struct protobuf *p)
{
	const pid_t pid = c->state.record.init.pid;
	char path[48], to[4096];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
	ssize_t n = readlink(path, to, sizeof(to));
	const uint64_t mount = n < 0 || stat(path, &st) < 0 ? 0 : mount_of(pid, fd);
	if (!mount || (!S_ISREG(st.st_mode) && (!S_ISCHR(st.st_mode) || major(st.st_rdev) != 1)) ||
	    has_mount(pid, mount))
		return arena_strndup(&c->arena, to, n < 0 ? 0 : (size_t)n);
	char *name = arena_printf(&c->arena, "file[%llx:%llx]", (unsigned long long)mount,
				  (unsigned long long)st.st_ino);
	protobuf_text(p, CRIU_EXTERNAL, name);
	return name;
}

/* What input and output were, for restore to replace. */
static int save_descriptors(struct checkpoint *c, struct protobuf *p, struct error *e)
{
	struct strings fds = { .v = arena_array(&c->arena, char *, 4) };

	for (int fd = 0; fd < 3; fd++)
		fds.v[fds.n++] = name_descriptor(c, fd, p);
	return criu_descriptors_write(&c->images, &fds, &c->arena, e);
}

/* A caller waits for the moment from which on pages can be fetched. */
static int notice(void *data, struct criu_notice *n, struct error *e)
{
	const struct checkpoint *c = data;

	if (!strcmp(n->script, "status-ready") && c->o->status_fd &&
	    write((int)c->o->status_fd, "", 1) < 0) {
		error_set(e, errno, "write to descriptor %u", c->o->status_fd);
		return error_in(e, "--status-fd");
	}
	return 0;
}

static int save(struct checkpoint *c, struct error *e)
{
	const struct record *r = &c->state.record;
	struct protobuf p = criu_message(&c->arena);

	criu_put_options(&p, c->o, &c->images, &r->annotations, &c->arena);
	protobuf_number(&p, CRIU_PID, (unsigned)r->init.pid);
	protobuf_text(&p, CRIU_ROOT, c->bundle.rootfs);
	if (c->o->leave_running)
		protobuf_number(&p, CRIU_LEAVE_RUNNING, true);
	if (c->o->parent_path)
		protobuf_text(&p, CRIU_PARENT_IMG, c->o->parent_path);
	if (c->o->parent_path || c->o->pre_dump)
		protobuf_number(&p, CRIU_TRACK_MEM, true);
	put_freezer(c->bundle.plan, r, &p);
	if (put_namespaces(c, &p, e) < 0 ||
	    criu_outside_save(&p, c->bundle.plan, r->init.pid, &c->arena, e) < 0)
		return -1;
	if (!c->o->pre_dump && save_descriptors(c, &p, e) < 0)
		return -1;
	return criu_request(&c->criu, c->o->pre_dump ? CRIU_PRE_DUMP : CRIU_DUMP, &p, &c->images,
			    notice, c, NULL, &c->arena, e);
}

/* The images are root's alone; but restore opens them from within the user namespace, too. */
static mode_t images_mode(const struct checkpoint *c)
{
	return c->bundle.plan->nested ? 0711 : 0700;
}

/* criu that dies halfway leaves the cgroup frozen. */
static int save_or_thaw(struct checkpoint *c, struct error *e)
{
	const int paused = cgroup_frozen(&c->state.record);
	struct error ignored = ERROR_NONE;

	if (paused < 0)
		return error_set(e, errno, "find out whether the container is paused");
	if (save(c, e) == 0)
		return 0;
	criu_end(&c->criu);
	if (!paused && cgroup_unfreeze(&c->state.record, &ignored) < 0)
		container_warn(ignored.text);
	return -1;
}

static int open_container(struct checkpoint *c, struct error *e)
{
	return state_open(&c->state, c->root, c->id, &c->record, e) < 0 ||
			       state_lock(&c->state, LOCK_MS, e) < 0 ||
			       state_check_cgroups(&c->state, e) < 0 ||
			       check_status(&c->state, e) < 0
		       ? -1
		       : criu_privilege(e);
}

static int begin(struct checkpoint *c, struct error *e)
{
	return criu_begin(&c->criu, NULL, NULL, NULL, 0, e) < 0 ||
			       criu_images_open(&c->images, c->o, images_mode(c), CRIU_DUMP_LOG,
						&c->arena, e) < 0
		       ? -1
		       : criu_features(&c->criu, c->o, e);
}

static int finish(struct checkpoint *c, struct error *e)
{
	criu_end(&c->criu);
	return c->o->leave_running || c->o->pre_dump ? 0 : destroy(&c->state, true, e);
}

static const struct {
	const char *name;
	int (*run)(struct checkpoint *c, struct error *e);
} steps[] = {
	{ "open", open_container }, { "load", load },     { "begin", begin },
	{ "save", save_or_thaw },   { "finish", finish },
};

static int checkpoint(struct checkpoint *c, struct error *e)
{
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		trace(TRACE_STEPS, "checkpoint: %s", steps[i].name);
		struct timing_event *timed = timing_begin(TIMING_STEP, steps[i].name, NULL);
		int result = steps[i].run(c, e);
		timing_end(timed, result);
		if (result < 0)
			return -1;
	}
	return 0;
}

int container_checkpoint(const char *root, const char *id, const struct criu_options *o,
			 struct error *e)
{
	struct checkpoint c = { .root = root,
				.id = id,
				.o = o,
				.state = STATE_NONE,
				.images = CRIU_IMAGES_NONE,
				.criu = CRIU_NONE(o) };

	if (arena_init(&c.record, ARENA, e) < 0)
		return -1;
	int result = checkpoint(&c, e);
	criu_end(&c.criu);
	criu_images_close(&c.images);
	state_close(&c.state);
	arena_free(&c.arena);
	arena_free(&c.record);
	return result;
}
