/*
 * resolve.c: a bundle is found and read, or it is said what is wrong with it; what config.json asks
 * for and the options say is in the plan.
 */
#include "bundle.h"

#include "runtime/file.h"
#include "runtime/parent/namespaces.h"

#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>

#define ROOT "\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"rootfs\"}"

/* The plan of a bundle with these members beside ociVersion and root. */
static struct plan *plan_of(struct place *p, const char *members, struct resolved *r)
{
	char *config = arena_printf(&p->arena, "{" ROOT "%s%s}", *members ? "," : "", members);

	if (resolve_config(p, config, r) < 0)
		fail_msg("%s: %s", members, shown(&r->e));
	return r->b.plan;
}

static bool initial_user(void)
{
	struct error e = ERROR_NONE;

	return namespaces_initial_user(&e) > 0;
}

static void finds_the_bundle(void **state)
{
	static const char *const here[] = { NULL, "", "." };
	struct place *p = *state;
	struct resolved r;
	CLEAN_FD before = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	plan_of(p, "", &r);
	assert_string_equal(r.b.path, p->path);
	assert_string_equal(r.b.rootfs, in(p, "rootfs"));
	resolved_free(&r);
	assert_int_equal(chdir(p->path), 0);
	for (size_t i = 0; i < COUNT(here); i++) {
		struct create_options o = options_of(here[i]);
		assert_int_equal(resolve_with(&o, &r), 0);
		assert_string_equal(r.b.path, p->path);
		assert_string_equal(r.b.rootfs, in(p, "rootfs"));
		resolved_free(&r);
	}
	assert_int_equal(chdir("/"), 0);
	struct create_options o = options_of(p->path + 1);
	assert_int_equal(resolve_with(&o, &r), 0);
	assert_string_equal(r.b.path, p->path);
	resolved_free(&r);
	assert_int_equal(fchdir(before), 0);
	/* Another file instead of config.json, and a root elsewhere. */
	write_text(in(p, "other.json"), arena_printf(&p->arena,
						     "{\"ociVersion\":\"1.3.0\",\"hostname\":\"o\","
						     "\"root\":{\"path\":\"%s/../\"},\"linux\":{"
						     "\"namespaces\":[{\"type\":\"uts\"}]}}",
						     in(p, "rootfs")));
	o = options_of(p->path);
	o.config = in(p, "other.json");
	if (resolve_with(&o, &r) < 0)
		fail_msg("%s", shown(&r.e));
	assert_string_equal(r.b.plan->hostname, "o");
	assert_string_equal(r.b.rootfs, in(p, "rootfs/../"));
	resolved_free(&r);
}

static const char *fails(const struct create_options *o)
{
	int before = open_descriptors();
	struct resolved r;

	assert_int_equal(resolve_with(o, &r), -1);
	const char *text = shown(&r.e);
	resolved_free(&r);
	assert_int_equal(open_descriptors(), before);
	return text;
}

static void no_config(void **state)
{
	struct place *p = *state;
	struct create_options o = options_of(p->path);
	char *config = in(p, "config.json");

	assert_string_equal(fails(&o),
			    arena_printf(&p->arena,
					 "open %s: No such file or directory (ENOENT) (a bundle is "
					 "a directory with a config.json: `ocirun spec` makes one)",
					 config));
	assert_int_equal(mkdir(config, 0755), 0);
	assert_string_equal(fails(&o), "read config.json: Is a directory (EISDIR)");
	assert_int_equal(rmdir(config), 0);
	/* Not waited for. */
	assert_int_equal(mkfifo(config, 0644), 0);
	assert_contains(fails(&o), "config.json: ");
	o.config = in(p, "missing.json");
	assert_string_equal(fails(&o),
			    arena_printf(&p->arena, "open %s: No such file or directory (ENOENT)",
					 o.config));
}

static void bad_config(void **state)
{
	static const char *const texts[] = { "", "{", "[]", "{}", "{\"ociVersion\":7}", "\xff" };
	struct place *p = *state;
	struct create_options o = options_of(p->path);

	assert_int_equal(mkdir(in(p, "rootfs"), 0755), 0);
	for (size_t i = 0; i < COUNT(texts); i++) {
		write_text(in(p, "config.json"), texts[i]);
		assert_true(!strncmp(fails(&o), "config.json: ", 13));
	}
}

static void no_rootfs(void **state)
{
	struct place *p = *state;
	struct create_options o = options_of(p->path);

	write_text(in(p, "config.json"), "{" ROOT "}");
	assert_string_equal(fails(&o),
			    arena_printf(&p->arena,
					 "root.path: open %s/rootfs: No such file or directory "
					 "(ENOENT)",
					 p->path));
	write_text(in(p, "rootfs"), "");
	assert_string_equal(fails(&o),
			    arena_printf(&p->arena,
					 "root.path: open %s/rootfs: Not a directory (ENOTDIR)",
					 p->path));
}

/* A name that is too long is not cut to that of another file. */
static void long_names(void **state)
{
	struct place *p = *state;
	struct create_options o = options_of(p->path);
	struct resolved r;

	plan_of(p, "", &r);
	resolved_free(&r);
	size_t n = PATH_MAX - 1 - strlen(p->path) - strlen("/config.json");
	char *slashes = arena_alloc(&p->arena, n + 1);
	memset(slashes, '/', n);
	o.config = arena_printf(&p->arena, "%s%s/config.json", p->path, slashes);
	if (resolve_with(&o, &r) < 0)
		fail_msg("%s", shown(&r.e));
	resolved_free(&r);
	o.config = arena_printf(&p->arena, "%s.other", o.config);
	assert_contains(fails(&o), "File name too long (ENAMETOOLONG)");
	o = options_of(arena_printf(&p->arena, "%s%s", p->path, slashes));
	if (resolve_with(&o, &r) < 0)
		fail_msg("%s", shown(&r.e));
	resolved_free(&r);
	o.bundle = arena_printf(&p->arena, "%s/%s", p->path, slashes);
	assert_contains(fails(&o), "File name too long (ENAMETOOLONG)");
}

static char warned[1024];

static void warn(const char *line)
{
	snprintf(warned + strlen(warned), sizeof(warned) - strlen(warned), "%s;", line);
}

static void warns(void **state)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct ours[2];
	void (*before)(const char *line) = container_warn;
	struct resolved r;

	/* One less is enough to see it; who has none is told otherwise. */
	assert_int_equal(syscall(SYS_capget, &header, ours), 0);
	ours[0].permitted &= ~(1U << CAP_KILL);
	ours[0].effective &= ~(1U << CAP_KILL);
	ours[0].inheritable &= ~(1U << CAP_KILL);
	assert_int_equal(syscall(SYS_capset, &header, ours), 0);
	container_warn = warn;
	warned[0] = 0;
	plan_of(*state,
		"\"process\":{\"cwd\":\"/\",\"args\":[\"a\"],\"user\":{},\"capabilities\":{"
		"\"bounding\":[\"CAP_NOPE\",\"CAP_KILL\"]}}",
		&r);
	container_warn = before;
	assert_contains(warned, "process.capabilities.bounding[0]: ");
	assert_contains(warned, "CAP_NOPE");
	if (ours[0].permitted)
		assert_contains(warned, "CAP_KILL can't be granted: ocirun itself lacks it;");
	else
		assert_null(strstr(warned, "CAP_KILL"));
	resolved_free(&r);
}

static void options(void **state)
{
	struct place *p = *state;
	struct create_options o = options_of(p->path);
	struct resolved r;
	struct plan *plan = plan_of(p, "\"annotations\":{\"k\":\"v\"}", &r);

	assert_string_equal(plan->status.id, "c1");
	assert_string_equal(plan->status.bundle, p->path);
	assert_string_equal(plan->status.rootfs, in(p, "rootfs"));
	assert_string_equal(plan->status.oci_version, "1.3.0");
	assert_string_equal(plan->status.annotations.v[0].value, "v");
	assert_true(plan->new_keyring);
	assert_false(plan->no_pivot);
	assert_null(plan->process);
	assert_int_equal(plan->channel, -1);
	assert_int_equal(plan->start_socket, -1);
	assert_int_equal(plan->cgroups.n, 0);
	resolved_free(&r);
	o.no_new_keyring = o.no_pivot = true;
	o.preserve_fds = 3;
	assert_int_equal(resolve_with(&o, &r), 0);
	assert_false(r.b.plan->new_keyring);
	assert_true(r.b.plan->no_pivot);
	assert_int_equal(r.b.plan->preserve_fds, 3);
	resolved_free(&r);
}

static void passes_on(void **state)
{
	struct place *p = *state;
	struct resolved r;
	struct plan *plan = plan_of(
		p,
		"\"hostname\":\"h\",\"domainname\":\"d\",\"linux\":{\"maskedPaths\":[\"/m\"],"
		"\"readonlyPaths\":[\"/r\"],\"rootfsPropagation\":\"rprivate\",\"namespaces\":["
		"{\"type\":\"uts\"},{\"type\":\"mount\"}]},\"process\":{\"cwd\":\"/w\",\"args\":"
		"[\"a\"],\"user\":{\"uid\":5}}",
		&r);

	assert_string_equal(plan->hostname, "h");
	assert_string_equal(plan->domainname, "d");
	assert_string_equal(plan->masked_paths.v[0], "/m");
	assert_string_equal(plan->readonly_paths.v[0], "/r");
	assert_int_equal(plan->rootfs_propagation, r.b.spec->linux->rootfs_propagation);
	assert_true(plan->rootfs_propagation != 0);
	assert_false(plan->rootfs_readonly);
	assert_string_equal(plan->process->cwd, "/w");
	assert_int_equal(plan->process->user.uid, 5);
	resolved_free(&r);
}

static const struct {
	const char *path;
	unsigned major, minor;
} defaults[] = {
	{ "/dev/null", 1, 3 },   { "/dev/zero", 1, 5 },    { "/dev/full", 1, 7 },
	{ "/dev/random", 1, 8 }, { "/dev/urandom", 1, 9 }, { "/dev/tty", 5, 0 },
};

static const struct plan_device *device(const struct plan *plan, const char *path)
{
	const struct plan_device *found = NULL;

	for (size_t i = 0; i < plan->devices.n; i++)
		if (!strcmp(plan->devices.v[i].path, path)) {
			assert_null(found);
			found = &plan->devices.v[i];
		}
	assert_non_null(found);
	return found;
}

static void default_devices(void **state)
{
	struct resolved r;
	struct plan *plan = plan_of(*state, "", &r);

	assert_int_equal(plan->devices.n, COUNT(defaults));
	for (size_t i = 0; i < COUNT(defaults); i++) {
		const struct plan_device *d = device(plan, defaults[i].path);
		assert_int_equal(d->major, defaults[i].major);
		assert_int_equal(d->minor, defaults[i].minor);
		assert_int_equal(d->mode, S_IFCHR | 0666);
		assert_int_equal(d->uid, 0);
		assert_int_equal(d->gid, 0);
		assert_int_equal(d->index, -1);
	}
	resolved_free(&r);
}

/* linux.devices beside them, or instead of one. */
static void named_devices(void **state)
{
	struct resolved r;
	struct plan *plan = plan_of(
		*state,
		"\"linux\":{\"devices\":["
		"{\"path\":\"/dev/fuse\",\"type\":\"c\",\"major\":10,\"minor\":229},"
		"{\"path\":\"/dev/null\",\"type\":\"c\",\"major\":1,\"minor\":3,"
		"\"fileMode\":384,\"uid\":7,\"gid\":8},"
		"{\"path\":\"/dev/sda\",\"type\":\"b\",\"major\":8,\"minor\":0,\"fileMode\":0},"
		"{\"path\":\"/run/fifo\",\"type\":\"p\"}]}",
		&r);

	assert_int_equal(plan->devices.n, COUNT(defaults) + 3);
	for (size_t i = 0; i < COUNT(defaults); i++)
		assert_int_equal(device(plan, defaults[i].path)->index, i == 0 ? 1 : -1);
	const struct plan_device *null = device(plan, "/dev/null");
	assert_int_equal(null->mode, S_IFCHR | 0600);
	assert_int_equal(null->uid, 7);
	assert_int_equal(null->gid, 8);
	assert_true(null->has_mode && null->has_owner);
	const struct plan_device *fuse = device(plan, "/dev/fuse");
	assert_int_equal(fuse->mode, S_IFCHR | 0666);
	assert_int_equal(fuse->major, 10);
	assert_int_equal(fuse->minor, 229);
	assert_false(fuse->has_mode || fuse->has_owner);
	assert_int_equal(device(plan, "/dev/sda")->mode, S_IFBLK);
	assert_true(device(plan, "/dev/sda")->has_mode);
	assert_false(device(plan, "/dev/sda")->has_owner);
	assert_int_equal(device(plan, "/run/fifo")->mode, S_IFIFO | 0666);
	assert_int_equal(device(plan, "/run/fifo")->index, 3);
	resolved_free(&r);
}

static void namespaces(void **state)
{
	struct resolved r;
	struct plan *plan = plan_of(
		*state,
		"\"linux\":{\"namespaces\":[{\"type\":\"mount\"},{\"type\":\"pid\",\"path\":\"\"},"
		"{\"type\":\"network\",\"path\":\"/nonexistent/net\"},{\"type\":\"ipc\"},"
		"{\"type\":\"cgroup\",\"path\":\"/proc/self/ns/cgroup\"}]}",
		&r);

	assert_int_equal(plan->new_namespaces, CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC);
	assert_int_equal(plan->joined_namespaces, CLONE_NEWNET | CLONE_NEWCGROUP);
	assert_int_equal(plan->nested, !initial_user());
	resolved_free(&r);
	plan = plan_of(*state, "", &r);
	assert_int_equal(plan->new_namespaces | plan->joined_namespaces, 0);
	resolved_free(&r);
	plan = plan_of(*state,
		       "\"linux\":{\"namespaces\":[{\"type\":\"mount\"},{\"type\":\"user\"}],"
		       "\"uidMappings\":[{\"containerID\":0,\"hostID\":1,\"size\":1}],"
		       "\"gidMappings\":[{\"containerID\":0,\"hostID\":1,\"size\":1}]}",
		       &r);
	assert_true(plan->nested);
	assert_int_equal(r.b.privileged, initial_user() && geteuid() == 0);
	resolved_free(&r);
}

static void attributes(void **state)
{
	struct resolved r;
	struct plan *plan =
		plan_of(*state,
			"\"linux\":{\"personality\":{\"domain\":\"LINUX32\"},\"memoryPolicy\":{"
			"\"mode\":\"MPOL_BIND\",\"nodes\":\"1023,0-1\","
			"\"flags\":[\"MPOL_F_STATIC_NODES\"]}}",
			&r);
	const struct plan_memory_policy *m = plan->memory_policy;

	assert_int_equal(*plan->personality, 8); /* PER_LINUX32 */
	assert_int_equal(m->mode, 0x8002);
	assert_int_equal(m->nodes.n, 3);
	assert_int_equal(m->nodes.v[0], 0);
	assert_int_equal(m->nodes.v[1], 1);
	assert_int_equal(m->nodes.v[2], 1023);
	resolved_free(&r);
	plan = plan_of(*state, "\"linux\":{\"memoryPolicy\":{\"mode\":\"MPOL_LOCAL\"}}", &r);
	assert_null(plan->personality);
	assert_int_equal(plan->memory_policy->mode, 4);
	assert_int_equal(plan->memory_policy->nodes.n, 0);
	resolved_free(&r);
}

static void hooks(void **state)
{
	static const struct {
		const char *kind;
		bool create;
	} kinds[] = { { "prestart", true },        { "createRuntime", true },
		      { "createContainer", true }, { "startContainer", false },
		      { "poststart", false },      { "poststop", false } };
	struct place *p = *state;
	struct resolved r;

	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct plan *plan =
			plan_of(p,
				arena_printf(&p->arena, "\"hooks\":{\"%s\":[{\"path\":\"/h\"}]}",
					     kinds[i].kind),
				&r);
		assert_int_equal(plan->create_hooks, kinds[i].create);
		assert_int_equal(plan->create_container.n,
				 !strcmp(kinds[i].kind, "createContainer"));
		assert_int_equal(plan->start_container.n, !strcmp(kinds[i].kind, "startContainer"));
		resolved_free(&r);
	}
	assert_false(plan_of(p, "\"hooks\":{}", &r)->create_hooks);
	resolved_free(&r);
}

/* What we have that the program must not inherit, or does. */
static void ourselves(void **state)
{
	struct place *p = *state;
	sigset_t blocked, before;
	struct resolved r;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR2);
	sigprocmask(SIG_BLOCK, &blocked, &before);
	signal(SIGHUP, SIG_IGN);
	mode_t old = umask(027);
	struct plan *plan = plan_of(p, "", &r);
	umask(old);
	signal(SIGHUP, SIG_DFL);
	sigprocmask(SIG_SETMASK, &before, NULL);
	assert_true(plan->blocked_signals & 1ULL << (SIGUSR2 - 1));
	assert_false(plan->blocked_signals & 1ULL << (SIGTERM - 1));
	assert_true(plan->ignored_signals & 1ULL << (SIGHUP - 1));
	assert_false(plan->ignored_signals & 1ULL << (SIGTERM - 1));
	assert_int_equal(plan->umask, 027);
	resolved_free(&r);
	plan = plan_of(p, "\"process\":{\"cwd\":\"/\",\"args\":[\"a\"],\"user\":{\"umask\":63}}",
		       &r);
	assert_int_equal(plan->umask, 077);
	resolved_free(&r);
}

static void default_root(void **state)
{
	static const char *const refused[] = { "relative", "/proc/1", "/nowhere/at/all" };
	struct place *p = *state;
	struct error e = ERROR_NONE;
	char *root = NULL, *kept = getenv("XDG_RUNTIME_DIR");
	char *before = kept ? arena_strdup(&p->arena, kept) : NULL;
	bool privileged = geteuid() == 0 && initial_user();

	setenv("XDG_RUNTIME_DIR", p->path, 1);
	assert_int_equal(state_root_default(&p->arena, &root, &e), 0);
	assert_string_equal(root, privileged ? "/run/ocirun" : in(p, "ocirun"));
	/* /proc/1 is another's, but for root. */
	for (size_t i = 0; i < COUNT(refused); i++) {
		e = ERROR_NONE;
		setenv("XDG_RUNTIME_DIR", refused[i], 1);
		if (state_root_default(&p->arena, &root, &e) == 0) {
			assert_int_equal(geteuid(), 0);
			continue;
		}
		assert_false(privileged);
		assert_contains(shown(&e), "XDG_RUNTIME_DIR is no directory of this user");
		assert_contains(e.hint, "--root");
	}
	setenv("XDG_RUNTIME_DIR", "", 1);
	e = ERROR_NONE;
	if (state_root_default(&p->arena, &root, &e) < 0)
		assert_contains(shown(&e), "XDG_RUNTIME_DIR is not set");
	else if (geteuid() == 0) /* root of any user namespace has /run */
		assert_string_equal(root, "/run/ocirun");
	else
		assert_string_equal(root,
				    arena_printf(&p->arena, "/run/user/%u/ocirun", geteuid()));
	if (before)
		setenv("XDG_RUNTIME_DIR", before, 1);
	else
		unsetenv("XDG_RUNTIME_DIR");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLACE_TEST(finds_the_bundle),
		PLACE_TEST(no_config),
		PLACE_TEST(bad_config),
		PLACE_TEST(no_rootfs),
		PLACE_TEST(long_names),
		PLACE_TEST(warns),
		PLACE_TEST(options),
		PLACE_TEST(passes_on),
		PLACE_TEST(default_devices),
		PLACE_TEST(named_devices),
		PLACE_TEST(namespaces),
		PLACE_TEST(attributes),
		PLACE_TEST(hooks),
		PLACE_TEST(ourselves),
		PLACE_TEST(default_root),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("resolve", tests, NULL, NULL);
}
