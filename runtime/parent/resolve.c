/* See resolve.h. Mounts are resolved in resolve_mounts.c. */
#include "runtime/parent/resolve.h"

#include "runtime/file.h"
#include "runtime/parent/cgroup.h"
#include "runtime/parent/cgroup_devices.h"
#include "runtime/parent/cgroup_resources.h"
#include "runtime/parent/lsm.h"
#include "runtime/parent/namespaces.h"
#include "runtime/parent/notify.h"
#include "runtime/parent/resolve_mounts.h"
#include "runtime/parent/seccomp.h"
#include "runtime/parent/systemd.h"
#include "runtime/parent/user_namespace.h"
#include "spec/extensions.h"
#include "spec/ranges.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static void drop_warning(const char *line)
{
	(void)line;
}

void (*container_warn)(const char *line) = drop_warning;
void (*container_note)(const char *line) = drop_warning;

/* Structs of what a byte of JSON can become, with room for the plan: address space only. */
#define ARENA_PER_BYTE 96
#define ARENA_FIXED ((size_t)16 << 20)

static int open_config(const struct create_options *o, struct bundle *b, struct arena *a, int *fd,
		       struct stat *st, struct error *e)
{
	const char *bundle = o->bundle && *o->bundle ? o->bundle : ".";
	char path[4096];
	int n = o->config ? snprintf(path, sizeof(path), "%s", o->config)
			  : snprintf(path, sizeof(path), "%s/config.json", bundle);
	if (n >= (int)sizeof(path))
		return error_set(e, ENAMETOOLONG, "open %.100s…", path);
	CLEAN_FD file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (file >= 0 && fstat(file, st) < 0)
		return error_call(e, "fstat", "open %s", path);
	if (file < 0) {
		error_call(e, "open", "open %s", path);
		return o->config || errno != ENOENT
			       ? -1
			       : error_hint(e, "a bundle is a directory with a "
					       "config.json: `ocirun spec` makes one");
	}
	size_t size = st->st_size > 0 && (size_t)st->st_size < JSON_SIZE_MAX ? (size_t)st->st_size
									     : JSON_SIZE_MAX;
	if (arena_init(a, size * ARENA_PER_BYTE + ARENA_FIXED, e) < 0)
		return -1;
	*fd = fd_take(&file);
	return path_absolute(a, bundle, &b->path, e);
}

int resolve_load(const struct create_options *o, struct arena *a, struct bundle *b, struct error *e)
{
	struct strings warnings = { 0 };
	struct stat config_stat;
	size_t length;
	char *text;
	int config = -1;

	int opened = open_config(o, b, a, &config, &config_stat, e);
	CLEAN_FD fd = config;
	if (opened < 0)
		return -1;
	if (file_read_known(fd, &config_stat, JSON_SIZE_MAX, a, &text, &length) < 0)
		return error_set(e, errno, "read %s", o->config ? o->config : "config.json");
	if (spec_read(a, text, length, &b->spec, &warnings, e) < 0)
		return error_context(e, "%s", o->config ? o->config : "config.json");
	user_namespace_maps(a, b->spec->linux);
	b->config = text;
	b->config_length = length;
	for (size_t i = 0; i < warnings.n; i++)
		container_warn(warnings.v[i]);
	const char *root = b->spec->root->path;
	b->rootfs =
		root[0] == '/' ? arena_strdup(a, root) : arena_printf(a, "%s/%s", b->path, root);
	struct stat st;
	int wrong = stat(b->rootfs, &st) < 0 ? errno : S_ISDIR(st.st_mode) ? 0 : ENOTDIR;
	if (wrong) {
		error_set(e, wrong, "open %s", b->rootfs);
		return error_in(e, "root.path");
	}
	return 0;
}

static const struct {
	const char *path;
	uint32_t major, minor;
} default_devices[] = {
	{ "/dev/null", 1, 3 },   { "/dev/zero", 1, 5 },    { "/dev/full", 1, 7 },
	{ "/dev/random", 1, 8 }, { "/dev/urandom", 1, 9 }, { "/dev/tty", 5, 0 },
};
#define DEFAULT_DEVICES (sizeof(default_devices) / sizeof(default_devices[0]))

/* Slashes after the name of a device say nothing. */
static size_t name_length(const char *path)
{
	size_t n = strlen(path);

	while (n > 1 && path[n - 1] == '/')
		n--;
	return n;
}

static bool names(const char *path, const char *device)
{
	return name_length(path) == strlen(device) && !strncmp(path, device, strlen(device));
}

static bool is_multiplexer(const struct spec_device *d)
{
	return d->type == S_IFCHR && d->major && *d->major == 5 && d->minor && *d->minor == 2;
}

/* config-linux.md, "Default Devices": always there; linux.devices may name one of them with other
 * owners. */
static void resolve_devices(const struct spec *s, struct arena *a, struct plan *plan)
{
	size_t configured = s->linux->devices.n;

	plan->devices.v = arena_alloc(a, (configured + DEFAULT_DEVICES) * sizeof(*plan->devices.v));
	for (size_t i = 0; i < DEFAULT_DEVICES; i++) {
		bool named = false;
		for (size_t j = 0; j < configured; j++)
			named |= names(s->linux->devices.v[j].path, default_devices[i].path);
		if (!named)
			plan->devices.v[plan->devices.n++] = (struct plan_device){
				.path = arena_strdup(a, default_devices[i].path),
				.mode = S_IFCHR | 0666,
				.major = default_devices[i].major,
				.minor = default_devices[i].minor,
				.index = -1,
			};
	}
	for (size_t i = 0; i < configured; i++) {
		const struct spec_device *d = &s->linux->devices.v[i];
		/* A link to the container's own: the host's is not asked for by its old name. */
		if (names(d->path, "/dev/ptmx") && is_multiplexer(d))
			continue;
		plan->devices.v[plan->devices.n++] = (struct plan_device){
			.path = arena_printf(a, "%.*s", (int)name_length(d->path), d->path),
			.mode = d->type | (d->file_mode ? *d->file_mode & 07777 : 0666),
			.major = d->major ? (uint32_t)*d->major : 0,
			.minor = d->minor ? (uint32_t)*d->minor : 0,
			.uid = d->uid ? *d->uid : 0,
			.gid = d->gid ? *d->gid : 0,
			.has_mode = d->file_mode,
			.has_owner = d->uid || d->gid,
			.index = (int32_t)i,
		};
	}
}

static void resolve_namespaces(const struct spec *s, struct plan *plan)
{
	for (size_t i = 0; i < s->linux->namespaces.n; i++) {
		const struct spec_namespace *ns = &s->linux->namespaces.v[i];
		if (ns->path && *ns->path)
			plan->joined_namespaces |= ns->type;
		else
			plan->new_namespaces |= ns->type;
	}
}

static char *offset_line(struct arena *a, const char *clock, const struct spec_time_offset *o)
{
	return o ? arena_printf(a, "%s %lld %u\n", clock, (long long)o->secs, o->nanosecs) : "";
}

/* As /proc/self/timens_offsets takes them. */
static void resolve_time(const struct spec *s, struct arena *a, struct plan *plan)
{
	const struct spec_time_offsets *t = s->linux->time_offsets;

	if (t && (t->monotonic || t->boottime))
		plan->time_offsets =
			arena_printf(a, "%s%s", offset_line(a, "monotonic", t->monotonic),
				     offset_line(a, "boottime", t->boottime));
}

static void resolve_memory_policy(const struct spec *s, struct arena *a, struct plan *plan)
{
	const struct spec_memory_policy *from = s->linux->memory_policy;
	struct error ignored = ERROR_NONE;
	struct ranges nodes = { 0 };

	if (!from)
		return;
	struct plan_memory_policy *m = arena_new(a, struct plan_memory_policy);
	m->mode = from->mode | (uint32_t)from->flags;
	/* Validation has refused what this would. */
	if (from->nodes && ranges_read(from->nodes, RANGES_NODE_MAX, &nodes, "", &ignored)) {
		m->nodes.v = arena_array(a, uint32_t, RANGES_NODE_MAX + 1);
		for (uint32_t n = 0; n <= RANGES_NODE_MAX; n++)
			if (ranges_has(&nodes, n))
				m->nodes.v[m->nodes.n++] = n;
	}
	plan->memory_policy = m;
}

static void resolve_hooks(const struct spec *s, struct plan *plan)
{
	const struct spec_hooks *h = s->hooks;

	if (!h)
		return;
	plan->create_hooks = h->prestart.n || h->create_runtime.n || h->create_container.n;
	plan->create_container = h->create_container;
	plan->start_container = h->start_container;
}

/* What the kernel is asked for besides the program, which is compiled while the child mounts. */
static void resolve_seccomp(const struct spec *s, struct arena *a, struct plan *plan)
{
	const struct spec_seccomp *f = s->linux->seccomp;

	if (!f || !s->process)
		return;
	plan->filter = arena_new(a, struct plan_filter);
	for (size_t i = 0; i < f->syscalls.n; i++)
		plan->filter->notify |= f->syscalls.v[i].action == SECCOMP_NOTIFY;
	/* What a program that is given asks for can't be seen. */
	plan->filter->notify |= f->program && f->listener_path;
	/* As runc and crun have it where nothing is said: no slowdown against Spectre v4. */
	uint64_t flags = f->flags ? *f->flags : SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	if (plan->filter->notify)
		flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
	else /* how to wait for an answer; the kernel refuses it where nobody is asked */
		flags &= ~(uint64_t)SECCOMP_WAIT_KILLABLE_RECV;
	/* The kernel has one result for both: a thread that can't follow, or the listener. */
	if (plan->filter->notify && flags & SECCOMP_FILTER_FLAG_TSYNC)
		flags |= SECCOMP_FILTER_FLAG_TSYNC_ESRCH;
	plan->filter->flags = flags;
}

static uint64_t number_after(const char *status, const char *name, int base, uint64_t otherwise)
{
	const char *at = strstr(status, name);

	return at ? strtoull(at + strlen(name), NULL, base) : otherwise;
}

/* config.md, "Linux Process": ungrantable capabilities SHOULD NOT make it fail, and SHOULD be
 * warned about. */
static void warn_of_capabilities(const struct spec_capabilities *c, uint64_t have)
{
	uint64_t lacking = (c->bounding | c->effective | c->permitted | c->inheritable) & ~have;
	uint64_t unraisable = c->ambient & ~(c->permitted & c->inheritable);
	char line[160];

	for (unsigned cap = 0; cap < 64; cap++) {
		const char *name = word_name(&words_capabilities, 1ULL << cap);
		if (lacking & 1ULL << cap) {
			snprintf(
				line, sizeof(line),
				"process.capabilities: %s can't be granted: ocirun itself lacks it",
				name ? name : "one");
			container_warn(line);
		}
		if (unraisable & 1ULL << cap) {
			snprintf(line, sizeof(line),
				 "process.capabilities.ambient: can't raise ambient capability %s: "
				 "it is not both permitted and inheritable",
				 name ? name : "");
			container_warn(line);
		}
	}
}

/*
 * What of ourselves the container's program must not get, or gets: ignored and blocked signals
 * outlive execve and are reset; the umask stays when config.json has none; capabilities are ours to
 * give, unless a new user namespace has them all.
 */
static int resolve_self(const struct spec *s, struct arena *a, struct bundle *b, struct error *e)
{
	struct plan *plan = b->plan;
	char head[4096], *text = head;
	CLEAN_FD fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, head, sizeof(head) - 1);

	head[n < 0 ? 0 : n] = 0;
	/* Somebody with hundreds of groups: the rest matters too. */
	if (n < 0 || (n == sizeof(head) - 1 &&
		      (lseek(fd, 0, SEEK_SET) < 0 || file_read(fd, 4 << 20, a, &text, NULL) < 0)))
		return error_set(e, errno, "read /proc/self/status");
	/* What it does not say is reset. */
	plan->blocked_signals = number_after(text, "\nSigBlk:", 16, ~0ULL);
	plan->ignored_signals = number_after(text, "\nSigIgn:", 16, ~0ULL);
	/* With SIGCHLD ignored the kernel reaps our children, and their exit codes are lost. */
	if (plan->ignored_signals & 1ULL << (SIGCHLD - 1))
		signal(SIGCHLD, SIG_DFL);
	plan->umask = (uint32_t)number_after(text, "\nUmask:", 8, 022);
	if (s->process && s->process->user.umask)
		plan->umask = *s->process->user.umask;
	bool new_user = (plan->new_namespaces | plan->joined_namespaces) & CLONE_NEWUSER;
	b->capabilities = number_after(text, "\nCapPrm:", 16, 0);
	/* A user namespace has them all; who has none at all is told that it takes one. */
	if (s->process && s->process->capabilities)
		warn_of_capabilities(s->process->capabilities,
				     b->capabilities && !new_user ? b->capabilities : ~0ULL);
	return 0;
}

static void resolve_groups(const struct spec *s, struct plan *plan)
{
	const char *keep = annotation_find(&s->annotations, ANNOTATION_KEEP_GROUPS);

	plan->keep_groups = keep && !strcmp(keep, "1");
	if (plan->keep_groups && s->process && s->process->user.additional_gids.n)
		container_warn(
			"process.user.additionalGids: not set, the annotation " ANNOTATION_KEEP_GROUPS
			" keeps the caller's groups");
}

/* The directory of notify.c, as one more mount. Without a program or mounts there is nobody to tell
 * of. */
static int resolve_notify(const struct create_options *o, const struct spec *s, struct arena *a,
			  struct plan *plan, struct error *e)
{
	char *root;

	const bool mounts = plan->mounts_apart ||
			    (plan->new_namespaces | plan->joined_namespaces) & CLONE_NEWNS;

	if (!o->notify_socket || !s->process || !mounts)
		return 0;
	if (path_absolute(a, o->root, &root, e) < 0)
		return -1;
	resolve_mounts_add(plan, a, arena_printf(a, "%s/%s/" NOTIFY_DIRECTORY, root, o->id),
			   NOTIFY_AT);
	plan->notify = true;
	return 0;
}

static int resolve_delegate(const struct spec *s, struct plan *plan, struct error *e)
{
	plan->delegate_cgroup = annotation_asked(&s->annotations, ANNOTATION_DELEGATE_CGROUP);
	if (!plan->delegate_cgroup)
		return 0;
	if (plan->cgroups.n == 1 && plan->cgroups.v[0].unified)
		return 0;
	error_set(e, 0,
		  plan->cgroups.n ? "only cgroups of v2 can be given away, and the host has v1"
				  : "the container has no cgroup of its own");
	return error_in(e, "annotations[\"%s\"]", ANNOTATION_DELEGATE_CGROUP);
}

/* Without it the mount would make that hierarchy, for the whole host. */
static int check_forced_v1(const struct spec *s, struct arena *a, struct error *e)
{
	char *text;

	if (!annotation_asked(&s->annotations, ANNOTATION_CGROUP_V1))
		return 0;
	CLEAN_FD fd = open("/proc/self/cgroup", O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && file_read(fd, 1 << 20, a, &text, NULL) == 0 &&
	    strstr(text, ":name=systemd:"))
		return 0;
	error_set(e, 0, "this host has no cgroup v1 hierarchy name=systemd");
	error_hint(e, "mount -t cgroup -o none,name=systemd,xattr cgroup DIRECTORY");
	return error_in(e, "annotations[\"%s\"]", ANNOTATION_CGROUP_V1);
}

/* Names that the profile must not have, when it says so. */
static int check_filter(const struct spec *s, struct error *e)
{
	const struct spec_seccomp *f = s->linux->seccomp;

	return f && f->all_known ? seccomp_check_names(f, e) : 0;
}

int resolve_program(struct arena *a, struct bundle *b, struct error *e)
{
	const struct spec *s = b->spec;
	struct plan *plan = b->plan;
	const int initial = namespaces_initial_user(e);

	if (initial < 0 || lsm_check(s, e) < 0)
		return -1;
	b->privileged = initial && getauxval(AT_EUID) == 0;
	plan->trace = trace_state;
	plan->channel = plan->start_socket = -1;
	plan->process = s->process;
	if (resolve_self(s, a, b, e) < 0)
		return -1;
	plan->nested = !initial || (plan->new_namespaces | plan->joined_namespaces) & CLONE_NEWUSER;
	resolve_groups(s, plan);
	if (s->linux->personality)
		plan->personality = &s->linux->personality->domain;
	resolve_memory_policy(s, a, plan);
	resolve_seccomp(s, a, plan);
	return check_filter(s, e);
}

/* What device_node_make takes, besides being root in the initial user namespace. */
#define NODE_MAKER (1ULL << CAP_MKNOD | 1ULL << CAP_CHOWN | 1ULL << CAP_SYS_ADMIN)

int resolve_plan(const struct create_options *o, struct arena *a, struct bundle *b, struct error *e)
{
	const struct spec *s = b->spec;
	struct plan *plan = b->plan = arena_new(a, struct plan);

	plan->listen_fds = o->listen_fds;
	plan->preserve_fds = o->listen_fds + o->preserve_fds;
	plan->status = (struct status){ .oci_version = arena_strdup(a, SPEC_VERSION),
					.id = arena_strdup(a, o->id),
					.bundle = b->path,
					.rootfs = b->rootfs,
					.annotations = s->annotations };
	plan->new_keyring = !o->no_new_keyring;
	resolve_namespaces(s, plan);
	if (resolve_program(a, b, e) < 0)
		return -1;
	plan->makes_nodes = plan->nested && b->privileged && !(NODE_MAKER & ~b->capabilities);
	plan->no_pivot = o->no_pivot;
	plan->no_mount_fallback = o->no_mount_fallback;
	plan->rootfs_propagation = s->linux->rootfs_propagation;
	plan->rootfs_readonly = s->root->readonly;
	plan->mount_label = s->linux->mount_label;
	plan->masked_paths = s->linux->masked_paths;
	plan->readonly_paths = s->linux->readonly_paths;
	plan->net_devices = s->linux->net_devices.n;
	plan->hostname = s->hostname;
	plan->domainname = s->domainname;
	trace(TRACE_SPEC, "bundle %s, rootfs %s, new namespaces 0x%llx, joined 0x%llx%s", b->path,
	      b->rootfs, (unsigned long long)plan->new_namespaces,
	      (unsigned long long)plan->joined_namespaces,
	      plan->nested ? ", in a user namespace" : "");
	resolve_devices(s, a, plan);
	plan->sysctl = s->linux->sysctl;
	resolve_time(s, a, plan);
	resolve_hooks(s, plan);
	if (check_forced_v1(s, a, e) < 0 || resolve_mounts(s, a, plan, e) < 0 ||
	    resolve_notify(o, s, a, plan, e) < 0)
		return -1;
	if (o->cgroup_manager == CGROUP_CGROUPFS &&
	    cgroup_resolve(a, s->linux->cgroups_path, o->id, plan, e) < 0)
		return -1;
	if (o->cgroup_manager == CGROUP_SYSTEMD &&
	    systemd_open(a, s, o->id, !b->privileged, plan, &b->systemd, e) < 0)
		return -1;
	if (resolve_delegate(s, plan, e) < 0)
		return -1;
	const struct spec_resources *r = s->linux->resources;
	return r && (cgroup_resources_resolve(a, r, false, plan, e) < 0 ||
		     cgroup_devices_resolve(a, r, false, plan, e) < 0)
		       ? -1
		       : 0;
}

int state_root_default(struct arena *a, char **root, struct error *e)
{
	const char *directory = getenv("XDG_RUNTIME_DIR");
	const bool set = directory && *directory;
	const unsigned long uid = getauxval(AT_EUID);
	struct stat st;

	const int initial = uid || !set ? !set : namespaces_initial_user(e);
	if (initial < 0)
		return -1;
	if (uid == 0 && initial) {
		*root = "/run/ocirun";
		return 0;
	}
	/* Where a login session has it. */
	if (!set)
		directory = arena_printf(a, "/run/user/%lu", uid);
	/* Another's directory could hold records that tell us to run, kill or remove what it likes.
	 */
	if (directory[0] == '/' && stat(directory, &st) == 0 && st.st_uid == uid) {
		*root = arena_printf(a, "%s/ocirun", directory);
		return 0;
	}
	error_set(e, 0, "no place for the state of containers: XDG_RUNTIME_DIR is %s",
		  set ? "no directory of this user" : "not set");
	return error_hint(e, "set it to a directory of your own, or name one with --root");
}
