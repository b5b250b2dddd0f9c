/*
 * plan.c: the child gets the plan that the parent made, and can't write to it; what is not sealed,
 * or not a plan, is refused before it is followed.
 */
#include "bundle.h"

#include "runtime/file.h"
#include "runtime/plan.h"

#include <sys/mman.h>

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static const char config[] =
	"{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"rootfs\",\"readonly\":true},"
	"\"hostname\":\"h\",\"domainname\":\"d\",\"annotations\":{\"k\":\"v\"},"
	"\"process\":{\"cwd\":\"/\",\"args\":[\"sh\",\"-c\",\"\"],\"env\":[\"A=b\",\"C=\"],"
	"\"user\":{\"uid\":1,\"gid\":2,\"umask\":18,\"additionalGids\":[3,4]},"
	"\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"soft\":5,\"hard\":6}],"
	"\"capabilities\":{\"bounding\":[\"CAP_KILL\"]},\"oomScoreAdj\":7},"
	"\"mounts\":[{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\"},"
	"{\"destination\":\"/tmp\",\"type\":\"tmpfs\",\"options\":[\"nosuid\",\"size=1m\",\"rslave\"]},"
	"{\"destination\":\"/x\",\"source\":\"/\",\"options\":[\"rbind\",\"rro\"]}],"
	"\"hooks\":{\"createContainer\":[{\"path\":\"/h\",\"args\":[\"h\"],\"env\":[\"E=f\"],"
	"\"timeout\":9}],\"startContainer\":[{\"path\":\"/s\"}]},"
	"\"linux\":{\"namespaces\":[{\"type\":\"mount\"},{\"type\":\"uts\"},{\"type\":\"network\"},"
	"{\"type\":\"pid\"}],\"devices\":[{\"path\":\"/dev/x\",\"type\":\"c\",\"major\":10,"
	"\"minor\":200}],\"sysctl\":{\"net.ipv4.ip_forward\":\"1\"},\"maskedPaths\":[\"/m\"],"
	"\"readonlyPaths\":[\"/r\",\"/s\"],\"rootfsPropagation\":\"shared\"}}";

/* The plan of that config, with cgroups as a host with v1 has them. */
static struct plan *make_plan(struct place *p, struct resolved *r)
{
	static const struct plan_cgroup cgroup = { .unified = false };

	if (resolve_config(p, config, r) < 0)
		fail_msg("%s", shown(&r->e));
	struct plan *plan = r->b.plan;
	plan->cgroups.n = 1;
	plan->cgroups.v = arena_new(&r->arena, struct plan_cgroup);
	plan->cgroups.v[0] = cgroup;
	plan->cgroups.v[0].name = arena_strdup(&r->arena, "cpu,cpuacct");
	plan->cgroups.v[0].path = arena_strdup(&r->arena, "/sys/fs/cgroup/cpu,cpuacct/c1");
	plan->cgroups.v[0].options.n = 1;
	plan->cgroups.v[0].options.v = arena_array(&r->arena, char *, 2);
	plan->cgroups.v[0].options.v[0] = arena_strdup(&r->arena, "cpu");
	return plan;
}

static int seal(struct resolved *r)
{
	int fd = plan_seal(&r->arena, r->b.plan, &r->e);

	if (fd < 0)
		fail_msg("%s", shown(&r->e));
	return fd;
}

static char *printed(struct place *p, const struct plan *plan)
{
	return json_print(&plan_table, plan, 1, &p->arena, NULL);
}

static void arrives(void **state)
{
	struct place *p = *state;
	struct resolved r;
	const struct plan *got;
	struct plan *plan = make_plan(p, &r);

	plan->channel = 5;
	plan->start_socket = 6;
	plan->preserve_fds = 7;
	char *sent = printed(p, plan);
	CLEAN_FD fd = seal(&r);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	/* The parent's may change or go: it is a copy. */
	memset(r.arena.base, 'Z', r.arena.used);
	resolved_free(&r);
	if (plan_attach(fd, &got, &r.e) < 0)
		fail_msg("%s", shown(&r.e));
	assert_string_equal(printed(p, got), sent);
	/* What is not printed: descriptors. */
	assert_int_equal(got->channel, 5);
	assert_int_equal(got->start_socket, 6);
	assert_int_equal(got->preserve_fds, 7);
	/* Fit for execve. */
	assert_string_equal(got->process->args.v[1], "-c");
	assert_null(got->process->args.v[3]);
	assert_null(got->create_container.v[0].env->v[1]);
	assert_int_equal(*got->create_container.v[0].timeout, 9);
}

/* Every byte of the child's mapping is closed to writing; read(2) into it says EFAULT. */
static void is_read_only(void **state)
{
	struct resolved r;
	const struct plan *got;

	make_plan(*state, &r);
	CLEAN_FD fd = seal(&r);
	CLEAN_FD zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	assert_int_equal(plan_attach(fd, &got, &r.e), 0);
	void *const parts[] = { (void *)got, got->hostname, got->mounts.v, got->process->args.v };
	for (size_t i = 0; i < COUNT(parts); i++) {
		assert_int_equal(read(zero, parts[i], 1), -1);
		assert_int_equal(errno, EFAULT);
	}
	/* Nor by the descriptor. */
	assert_int_equal(pwrite(fd, "x", 1, 0), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(ftruncate(fd, 0), -1);
	assert_int_equal(errno, EPERM);
	resolved_free(&r);
}

/* The sealed plan's bytes. */
static char *bytes_of(struct place *p, int fd, size_t *n)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	*n = (size_t)st.st_size;
	char *bytes = arena_alloc(&p->arena, *n);
	assert_int_equal(pread(fd, bytes, *n, 0), *n);
	return bytes;
}

static int memfd_of(const char *bytes, size_t n, int seals)
{
	int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, n), n);
	if (seals)
		assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

static bool attaches(const char *bytes, size_t n, int seals)
{
	struct error e = ERROR_NONE;
	const struct plan *got = NULL;
	CLEAN_FD fd = memfd_of(bytes, n, seals);
	bool attached = plan_attach(fd, &got, &e) == 0;

	assert_true(attached ? !!got : e.text[0] && !got);
	return attached;
}

static void unsealed(void **state)
{
	static const int seals[] = { F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE };
	struct place *p = *state;
	struct resolved r;
	size_t n;

	make_plan(p, &r);
	CLEAN_FD fd = seal(&r);
	char *bytes = bytes_of(p, fd, &n);
	assert_true(attaches(bytes, n, SEALS));
	assert_false(attaches(bytes, n, 0));
	for (size_t i = 0; i < COUNT(seals); i++)
		assert_false(attaches(bytes, n, SEALS & ~seals[i]));
	resolved_free(&r);
}

static void other_descriptors(void **state)
{
	struct place *p = *state;
	struct error e = ERROR_NONE;
	const struct plan *got;
	int ends[2];

	write_text(in(p, "file"), "text");
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	CLEAN_FD from = ends[0];
	CLEAN_FD to = ends[1];
	CLEAN_FD file = open(in(p, "file"), O_RDONLY | O_CLOEXEC);
	CLEAN_FD null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	CLEAN_FD directory = open(p->path, O_RDONLY | O_CLOEXEC);
	const int fds[] = { -1, 1000000, from, to, file, null, directory };
	for (size_t i = 0; i < COUNT(fds); i++) {
		e = ERROR_NONE;
		assert_int_equal(plan_attach(fds[i], &got, &e), -1);
		assert_contains(shown(&e), "`init` is for ocirun itself");
	}
}

static void truncated(void **state)
{
	struct place *p = *state;
	struct resolved r;
	size_t n;

	make_plan(p, &r);
	CLEAN_FD fd = seal(&r);
	char *bytes = bytes_of(p, fd, &n);
	for (size_t less = 0; less < n; less += less < 200 || less + 200 > n ? 1 : 97)
		if (attaches(bytes, less, SEALS))
			fail_msg("%zu of %zu bytes are a plan", less, n);
	/* Longer is none either. */
	char *longer = arena_alloc(&p->arena, n + 4096);
	memcpy(longer, bytes, n);
	assert_false(attaches(longer, n + 1, SEALS));
	assert_false(attaches(longer, n + 4096, SEALS));
	/* The end of the last string. */
	bytes[n - 1] = 'x';
	assert_false(attaches(bytes, n, SEALS));
	resolved_free(&r);
}

/* The header: magic, base, size and the plan's place, 8 bytes each. */
static void wrong_header(void **state)
{
	struct place *p = *state;
	struct resolved r;
	size_t n;

	make_plan(p, &r);
	CLEAN_FD fd = seal(&r);
	char *bytes = bytes_of(p, fd, &n);
	for (size_t i = 0; i < 24; i++) {
		bytes[i] ^= 0x40;
		if (attaches(bytes, n, SEALS))
			fail_msg("byte %zu of the header is not looked at", i);
		bytes[i] ^= 0x40;
	}
	const uint64_t places[] = { 1,         8, n & ~15ULL, n - 64, UINT64_MAX, UINT64_MAX - 15,
				    1ULL << 63 };
	for (size_t i = 0; i < COUNT(places); i++) {
		memcpy(bytes + 24, &places[i], 8);
		assert_false(attaches(bytes, n, SEALS));
	}
	memset(bytes, 0, n);
	assert_false(attaches(bytes, n, SEALS));
	resolved_free(&r);
}

enum stray {
	STRING_OUTSIDE,
	STRING_IN_LIST,
	STRING_OF_MOUNT,
	OBJECT_OUTSIDE,
	OBJECT_UNALIGNED,
	LIST_OUTSIDE,
	LIST_TOO_LONG,
	LIST_OVERFLOWS,
	NUMBER_OUTSIDE,
	JUST_BEFORE,
	JUST_BEHIND,
	STRAYS,
};

static void stray(struct resolved *r, enum stray how)
{
	static struct spec_process process;
	static struct plan_device device = { .path = "/dev/x" };
	static uint32_t umask_outside;
	struct plan *plan = r->b.plan;

	switch (how) {
	case STRING_OUTSIDE: plan->hostname = (char *)"outside"; break;
	case STRING_IN_LIST: plan->masked_paths.v[0] = (char *)"outside"; break;
	case STRING_OF_MOUNT: plan->mounts.v[1].type = (char *)"outside"; break;
	case OBJECT_OUTSIDE: plan->process = &process; break;
	case OBJECT_UNALIGNED:
		plan->process = (struct spec_process *)((char *)plan->process + 1);
		break;
	case LIST_OUTSIDE:
		plan->devices.n = 1;
		plan->devices.v = &device;
		break;
	case LIST_TOO_LONG: plan->mounts.n = r->arena.used; break;
	case LIST_OVERFLOWS: plan->mounts.n = SIZE_MAX / sizeof(plan->mounts.v[0]) + 2; break;
	case NUMBER_OUTSIDE: plan->process->user.umask = &umask_outside; break;
	case JUST_BEFORE: plan->hostname = r->arena.base - 1; break;
	case JUST_BEHIND: plan->hostname = r->arena.base + r->arena.used + 1; break;
	case STRAYS: break;
	}
}

static void stray_pointers(void **state)
{
	for (enum stray how = 0; how < STRAYS; how++) {
		struct resolved r;
		const struct plan *got;
		struct error e = ERROR_NONE;

		make_plan(*state, &r);
		stray(&r, how);
		CLEAN_FD fd = seal(&r);
		if (plan_attach(fd, &got, &e) != -1)
			fail_msg("stray pointer %d is followed", (int)how);
		assert_contains(shown(&e), "attach the plan: ");
		resolved_free(&r);
	}
}

/* Whatever the bytes, what is attached can be printed: the sanitizer watches. */
static void noise(void **state)
{
	struct place *p = *state;
	struct resolved r;
	unsigned seed = 1;
	size_t n;

	make_plan(p, &r);
	CLEAN_FD fd = seal(&r);
	char *bytes = bytes_of(p, fd, &n), *changed = arena_alloc(&p->arena, n);
	for (int round = 0; round < 200; round++) {
		struct error e = ERROR_NONE;
		const struct plan *got;
		memcpy(changed, bytes, n);
		for (int i = 0; i < 4; i++) {
			seed = seed * 1103515245 + 12345;
			changed[(seed >> 8) % n] = (char)(seed >> 24);
		}
		CLEAN_FD other = memfd_of(changed, n, SEALS);
		if (plan_attach(other, &got, &e) < 0)
			continue;
		struct arena out;
		assert_int_equal(arena_init(&out, (size_t)64 << 20, &e), 0);
		json_print(&plan_table, got, 0, &out, NULL);
		arena_free(&out);
	}
	resolved_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLACE_TEST(arrives),           PLACE_TEST(is_read_only), PLACE_TEST(unsealed),
		PLACE_TEST(other_descriptors), PLACE_TEST(truncated),    PLACE_TEST(wrong_header),
		PLACE_TEST(stray_pointers),    PLACE_TEST(noise),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
