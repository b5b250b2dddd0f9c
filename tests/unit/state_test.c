/*
 * state.c: an id belongs to one, what is recorded is read again, a status follows from what is
 * alive, and what was cut short can still be seen and cleared.
 */
#include "place.h"

#include "runtime/file.h"
#include "runtime/parent/container.h"
#include "runtime/parent/state.h"
#include "runtime/process.h"

#include <signal.h>
#include <sys/file.h>
#include <sys/socket.h>

static struct state claim(struct place *p, const char *id)
{
	struct error e = ERROR_NONE;
	struct state s;

	if (state_claim(&s, in(p, "root"), id, &p->arena, &e) < 0)
		fail_msg("%s", shown(&e));
	return s;
}

static struct state look(struct place *p, const char *id)
{
	struct error e = ERROR_NONE;
	struct state s;

	if (state_open(&s, in(p, "root"), id, &p->arena, &e) < 0)
		fail_msg("%s", shown(&e));
	return s;
}

static const char *not_there(struct place *p, const char *root, const char *id)
{
	struct error e = ERROR_NONE;
	CLEAN_STATE s;

	assert_int_equal(state_open(&s, root, id, &p->arena, &e), -1);
	return shown(&e);
}

static struct record record(const char *id)
{
	struct record r = { .oci_version = "1.3.0",
			    .id = (char *)id,
			    .bundle = "/bundle",
			    .rootfs = "/bundle/rootfs",
			    .created = "2025-01-02T03:04:05.000000006Z",
			    .owner = "0" };

	assert_int_equal(process_identify(getpid(), &r.creator), 0);
	return r;
}

static void save(struct state *s, const struct record *r)
{
	struct error e = ERROR_NONE;

	s->record = *r;
	if (state_save(s, &e) < 0)
		fail_msg("%s", shown(&e));
}

/* A process that has ended, and was reaped. */
static struct record_process dead(void)
{
	struct record_process p;
	pid_t pid = fork();

	if (pid == 0)
		pause();
	assert_int_equal(process_identify(pid, &p), 0);
	kill(pid, SIGKILL);
	assert_int_equal(process_reap(pid), 128 + SIGKILL);
	return p;
}

static void ids(void **state)
{
	static const char *const good[] = { "a", "c1", "A_b+c.d-e", "...", ".a", "-", "0" };
	static const char *const bad[] = { ".",    "..",       "a/b", "/",    "../x", "a b",
					   "a\nb", "\xc3\xa4", "a:b", "a\\b", "*" };
	char name[257];
	struct error e = ERROR_NONE;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		assert_int_equal(container_id_check(good[i], &e), 0);
	for (size_t i = 0; i < COUNT(bad); i++) {
		e = ERROR_NONE;
		if (container_id_check(bad[i], &e) != -1)
			fail_msg("\"%s\" is an id", bad[i]);
		assert_contains(shown(&e), "invalid container ID format: \"");
		assert_contains(e.hint, "A-Z a-z 0-9 _ + . -");
	}
	e = ERROR_NONE;
	assert_int_equal(container_id_check("a/b", &e), -1);
	assert_contains(shown(&e), "\"a/b\": invalid character `/` in the ID");
	e = ERROR_NONE;
	assert_int_equal(container_id_check("", &e), -1);
	assert_string_equal(shown(&e), "invalid container ID format: it is empty");
	/* As long as a directory's name may be. */
	memset(name, 'x', sizeof(name));
	name[255] = 0;
	assert_int_equal(container_id_check(name, &e), 0);
	name[255] = 'x';
	name[256] = 0;
	assert_int_equal(container_id_check(name, &e), -1);
}

static void claims(void **state)
{
	struct place *p = *state;
	struct error e = ERROR_NONE;
	struct stat st;

	CLEAN_STATE s = claim(p, "c1");
	assert_int_equal(stat(in(p, "root"), &st), 0);
	/* Sticky, so that a clean-up of $XDG_RUNTIME_DIR leaves it. */
	assert_int_equal(st.st_mode & 07777, 01700);
	assert_int_equal(stat(in(p, "root/c1"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_false(s.recorded);
	CLEAN_STATE second;
	assert_int_equal(state_claim(&second, in(p, "root"), "c1", &p->arena, &e), -1);
	assert_string_equal(shown(&e), "container with given ID already exists");
	/* Another id is another's. */
	CLEAN_STATE other = claim(p, "c2");
	assert_false(other.recorded);
	e = ERROR_NONE;
	CLEAN_STATE bad;
	assert_int_equal(state_claim(&bad, in(p, "root"), "../c3", &p->arena, &e), -1);
	assert_contains(shown(&e), "invalid container ID");
	assert_false(exists(in(p, "c3")));
	write_text(in(p, "file"), "");
	e = ERROR_NONE;
	CLEAN_STATE nowhere;
	assert_int_equal(state_claim(&nowhere, in(p, "file/root"), "c1", &p->arena, &e), -1);
	assert_int_equal(e.code, ENOTDIR);
}

static void one_of_many_wins(void **state)
{
	struct place *p = *state;
	int start[2], won = 0;
	pid_t pids[8];
	char byte;

	assert_int_equal(mkdir(in(p, "root"), 0700), 0);
	assert_int_equal(pipe2(start, O_CLOEXEC), 0);
	for (size_t i = 0; i < COUNT(pids); i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			struct error e = ERROR_NONE;
			struct state s;
			close(start[1]);
			(void)!read(start[0], &byte, 1);
			_exit(state_claim(&s, in(p, "root"), "c1", &p->arena, &e) == 0 ? 42 : 0);
		}
	}
	close(start[0]);
	close(start[1]);
	for (size_t i = 0; i < COUNT(pids); i++)
		won += process_reap(pids[i]) == 42;
	assert_int_equal(won, 1);
}

static void missing(void **state)
{
	struct place *p = *state;

	assert_string_equal(not_there(p, in(p, "root"), "c1"), "container does not exist");
	CLEAN_STATE s = claim(p, "c1");
	assert_false(s.recorded);
	assert_string_equal(not_there(p, in(p, "root"), "c2"), "container does not exist");
	assert_contains(not_there(p, in(p, "root"), "../root/c1"), "invalid container ID");
	/* Not through a link that somebody put there. */
	assert_int_equal(symlink("c1", in(p, "root/link")), 0);
	struct error e = ERROR_NONE;
	CLEAN_STATE link;
	assert_int_equal(state_open(&link, in(p, "root"), "link", &p->arena, &e), -1);
}

static void records(void **state)
{
	struct place *p = *state;
	struct record r = record("c1");
	struct record_cgroup cgroups[] = { { "/sys/fs/cgroup/a/b", "/sys/fs/cgroup/a" } };
	struct pair annotations[] = { { "k", "v \"w\"" } };
	struct strings hook_env = { 1, (char *[]){ "A=b", NULL } };
	struct spec_hook hooks[] = { { .path = "/h", .env = &hook_env } };
	struct stat st;

	r.complete = r.has_process = true;
	r.init = (struct record_process){ 4194304, 1ULL << 60 };
	r.cgroups.n = r.annotations.n = r.poststop.n = 1;
	r.cgroups.v = cgroups;
	r.annotations.v = annotations;
	r.poststop.v = hooks;
	CLEAN_STATE s = claim(p, "c1");
	save(&s, &r);
	assert_true(s.recorded);
	assert_int_equal(stat(in(p, "root/c1/state.json"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	/* While it is locked: readers never wait. */
	CLEAN_STATE again = look(p, "c1");
	assert_true(again.recorded);
	assert_string_equal(json_print(&record_table, &again.record, 0, &p->arena, NULL),
			    json_print(&record_table, &r, 0, &p->arena, NULL));
	assert_true(again.record.init.start_time == 1ULL << 60);
	assert_string_equal(again.record.poststop.v[0].env->v[0], "A=b");
}

/* What a clean-up would write to, and put rules on. */
static void names_nothing_outside_its_cgroups(void **state)
{
	static const struct {
		const char *file, *devices;
		bool ok;
	} cases[] = {
		{ "/sys/fs/cgroup/a/b/pids.max", "/sys/fs/cgroup/a/b", true },
		{ "/sys/fs/cgroup/a/b/c/../../pids.max", "/sys/fs/cgroup/a/b", false },
		{ "/sys/fs/cgroup/a/bc/pids.max", "/sys/fs/cgroup/a/b", false },
		{ "/sys/fs/cgroup/a/pids.max", "/sys/fs/cgroup/a/b", false },
		{ "/etc/passwd", "/sys/fs/cgroup/a/b", false },
		{ "/sys/fs/cgroup/a/b/pids.max", "/sys/fs/cgroup/a", false },
		{ "/sys/fs/cgroup/a/b/pids.max", "", false },
	};
	struct place *p = *state;
	struct record_cgroup cgroups[] = { { "/sys/fs/cgroup/a/b", NULL } };

	CLEAN_STATE s = claim(p, "c1");
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct record_value limit = { (char *)cases[i].file, "1", "2\n" };
		struct record_devices devices = { .path = (char *)cases[i].devices, .program = 7 };
		struct record r = record("c1");
		struct error e = ERROR_NONE;
		struct state got;
		r.cgroups.n = r.limits.n = 1;
		r.cgroups.v = cgroups;
		r.limits.v = &limit;
		r.devices = &devices;
		save(&s, &r);
		int opened = state_open(&got, in(p, "root"), "c1", &p->arena, &e);
		state_close(&got);
		if ((opened == 0) != cases[i].ok)
			fail_msg("%s, %s: %s", cases[i].file, cases[i].devices, shown(&e));
		if (!cases[i].ok)
			assert_contains(shown(&e), "state.json of c1 is damaged: ");
	}
}

static void damaged(void **state)
{
	static const char *const texts[] = { "", "{", "[]", "{\"id\":7}", "\xff", "null" };
	struct place *p = *state;
	struct error e;

	CLEAN_STATE claimed = claim(p, "c1");
	state_close(&claimed);
	for (size_t i = 0; i < COUNT(texts); i++) {
		write_text(in(p, "root/c1/state.json"), texts[i]);
		e = ERROR_NONE;
		struct state s;
		if (state_open(&s, in(p, "root"), "c1", &p->arena, &e) != -1)
			fail_msg("\"%s\" is a record", texts[i]);
		assert_contains(shown(&e), "state.json of c1 is damaged: ");
		assert_string_equal(e.hint, "`ocirun delete --force c1` clears it");
		/* It is open all the same, so that it can be cleared. */
		assert_false(s.recorded);
		assert_int_equal(state_lock(&s, 0, &e), -1);
		assert_int_equal(s.record.init.pid, 0);
		state_close(&s);
	}
	CLEAN_STATE s;
	e = ERROR_NONE;
	assert_int_equal(state_open(&s, in(p, "root"), "c1", &p->arena, &e), -1);
	e = ERROR_NONE;
	assert_int_equal(state_lock(&s, 0, &e), -1);
	assert_int_equal(state_remove(&s, &e), 0);
	assert_false(exists(in(p, "root/c1")));
}

static void writers_exclude_each_other(void **state)
{
	struct place *p = *state;
	struct record r = record("c1");
	struct error e = ERROR_NONE;

	CLEAN_STATE writer = claim(p, "c1");
	CLEAN_STATE other = look(p, "c1");
	double before = seconds();
	assert_int_equal(state_lock(&other, 20, &e), -1);
	assert_true(seconds() - before >= 0.02);
	assert_string_equal(
		shown(&e), "another ocirun works on container c1: Device or resource busy (EBUSY)");
	e = ERROR_NONE;
	assert_int_equal(state_relock(&other, 0, &e), -1);
	/* What was recorded meanwhile is seen with the lock. */
	r.complete = true;
	save(&writer, &r);
	assert_false(other.recorded);
	state_unlock(&writer);
	assert_int_equal(state_lock(&other, 0, &e), 0);
	assert_true(other.recorded && other.record.complete);
	e = ERROR_NONE;
	assert_int_equal(state_relock(&writer, 0, &e), -1);
	state_unlock(&other);
	assert_int_equal(state_relock(&writer, 0, &e), 0);
	/* The lock ends with its holder. */
	state_close(&writer);
	assert_int_equal(state_lock(&other, 0, &e), 0);
}

static void removes(void **state)
{
	struct place *p = *state;
	struct record r = record("c1");
	struct error e = ERROR_NONE;

	CLEAN_STATE s = claim(p, "c1");
	save(&s, &r);
	CLEAN_STATE late = look(p, "c1");
	CLEAN_FD socket = state_listen(&s);
	assert_true(socket >= 0);
	write_text(in(p, "root/c1/state.json.tmp"), "{");
	write_text(in(p, "root/c1/.of.a.later.version"), "");
	assert_int_equal(state_remove(&s, &e), 0);
	assert_false(exists(in(p, "root/c1")));
	assert_true(exists(in(p, "root")));
	assert_int_equal(state_remove(&s, &e), 0);
	state_unlock(&s);
	/* Who had it open finds that it is gone, not the next of that name. */
	assert_int_equal(state_lock(&late, 100, &e), -1);
	assert_string_equal(shown(&e), "container does not exist");
	CLEAN_STATE next = claim(p, "c1");
	assert_false(next.recorded);
	e = ERROR_NONE;
	assert_int_equal(state_lock(&late, 0, &e), -1);
	assert_string_equal(shown(&e), "container does not exist");
}

static enum status_code seen(struct place *p, const char *id)
{
	CLEAN_STATE s = look(p, id);
	struct error e = ERROR_NONE;

	return (enum status_code)state_status(&s, &e);
}

/* Before there is a record, the lock tells whether somebody is at it. */
static void keeps_config(void **state)
{
	struct place *p = *state;
	static const char bytes[] = "{ not\0even JSON";
	struct error e = ERROR_NONE;
	size_t length;
	char *text;
	CLEAN_STATE s = claim(p, "c1");

	assert_int_equal(state_config_read(&s, &text, &length, &e), -1);
	assert_string_equal(shown(&e), "read the copy of config.json in the state of c1: "
				       "No such file or directory (ENOENT)");
	e = ERROR_NONE;
	assert_int_equal(state_config_keep(&s, bytes, sizeof(bytes), &e), 0);
	assert_int_equal(state_config_read(&s, &text, &length, &e), 0);
	assert_int_equal(length, sizeof(bytes));
	assert_memory_equal(text, bytes, sizeof(bytes));
	/* Another's file of that name is never followed or written. */
	assert_int_equal(state_config_keep(&s, bytes, sizeof(bytes), &e), -1);
	e = ERROR_NONE;
	assert_int_equal(state_remove(&s, &e), 0);
}

static void status_before_the_record(void **state)
{
	struct place *p = *state;
	CLEAN_STATE s = claim(p, "c1");

	assert_int_equal(seen(p, "c1"), STATUS_CREATING);
	assert_int_equal(seen(p, "c1"), STATUS_CREATING);
	state_close(&s);
	assert_int_equal(seen(p, "c1"), STATUS_STOPPED);
	assert_int_equal(seen(p, "c1"), STATUS_STOPPED);
}

/* Looking at one's own container does not give it away. */
static void status_keeps_the_lock(void **state)
{
	struct place *p = *state;
	struct error e = ERROR_NONE;

	CLEAN_STATE first = claim(p, "c1");
	state_close(&first);
	CLEAN_STATE cleaner = look(p, "c1");
	assert_int_equal(state_lock(&cleaner, 0, &e), 0);
	assert_int_equal(state_status(&cleaner, &e), STATUS_STOPPED);
	CLEAN_STATE other = look(p, "c1");
	assert_int_equal(state_lock(&other, 0, &e), -1);
}

static void status_half_made(void **state)
{
	struct place *p = *state;
	struct record r = record("c1");

	CLEAN_STATE s = claim(p, "c1");
	save(&s, &r);
	state_unlock(&s);
	assert_int_equal(seen(p, "c1"), STATUS_CREATING);
	r.creator = dead();
	save(&s, &r);
	assert_int_equal(seen(p, "c1"), STATUS_STOPPED);
	/* The creator is dead, what it made lives. */
	assert_int_equal(process_identify(getpid(), &r.init), 0);
	save(&s, &r);
	assert_int_equal(seen(p, "c1"), STATUS_CREATING);
}

static void status_complete(void **state)
{
	struct place *p = *state;
	struct record r = record("c1");

	r.complete = true;
	CLEAN_STATE s = claim(p, "c1");
	assert_int_equal(process_identify(getpid(), &r.init), 0);
	save(&s, &r);
	assert_int_equal(seen(p, "c1"), STATUS_RUNNING);
	CLEAN_FD listening = state_listen(&s);
	assert_true(listening >= 0);
	/* More who look than its queue could ever hold, were it filled by them. */
	for (int i = 0; i < 200; i++)
		assert_int_equal(seen(p, "c1"), STATUS_CREATED);
	CLEAN_FD connected = state_connect(&s, true);
	assert_true(connected >= 0);
	fd_close(&listening);
	assert_int_equal(seen(p, "c1"), STATUS_RUNNING);
	assert_int_equal(state_connect(&s, false), -1);
	assert_int_equal(errno, ECONNREFUSED);
	r.init.start_time++;
	save(&s, &r);
	assert_int_equal(seen(p, "c1"), STATUS_STOPPED);
	r.init = dead();
	save(&s, &r);
	assert_int_equal(seen(p, "c1"), STATUS_STOPPED);
}

/* A socket's address has room for 107 characters; the root's path may be longer. */
static void long_root(void **state)
{
	struct place *p = *state;
	struct error e = ERROR_NONE;
	char name[201];

	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = 0;
	CLEAN_STATE s;
	assert_int_equal(state_claim(&s, in(p, name), name, &p->arena, &e), 0);
	CLEAN_FD listening = state_listen(&s);
	assert_true(listening >= 0);
	CLEAN_FD connected = state_connect(&s, false);
	assert_true(connected >= 0);
	assert_true(fcntl(listening, F_GETFD) & fcntl(connected, F_GETFD) & FD_CLOEXEC);
}

static void document(void **state)
{
	struct place *p = *state;
	struct record r = record("c1");
	struct status d;

	r.init.pid = 4711;
	CLEAN_STATE s = claim(p, "c1");
	s.record = r;
	state_document(&s, STATUS_RUNNING, &d);
	assert_string_equal(
		json_print(&status_table, &d, 0, &p->arena, NULL),
		"{\"ociVersion\":\"1.3.0\",\"id\":\"c1\",\"pid\":4711,\"status\":\"running\","
		"\"bundle\":\"/bundle\",\"rootfs\":\"/bundle/rootfs\","
		"\"created\":\"2025-01-02T03:04:05.000000006Z\",\"owner\":\"root\"}");
	state_document(&s, STATUS_STOPPED, &d);
	assert_int_equal(d.pid, 0);
	assert_string_equal(d.status, "stopped");
	/* A number that nobody has a name for stays one. */
	s.record.owner = "3999999999";
	state_document(&s, STATUS_STOPPED, &d);
	assert_string_equal(d.owner, "3999999999");
	/* Half-made: nothing is recorded, and it prints all the same. */
	memset(&s.record, 0, sizeof(s.record));
	state_document(&s, STATUS_CREATING, &d);
	assert_contains(json_print(&status_table, &d, 0, &p->arena, NULL),
			"\"id\":\"c1\",\"pid\":0,\"status\":\"creating\",\"bundle\":\"\"");
}

static void words(void **state)
{
	(void)state;
	assert_string_equal(status_word(STATUS_CREATING), "creating");
	assert_string_equal(status_word(STATUS_CREATED), "created");
	assert_string_equal(status_word(STATUS_RUNNING), "running");
	assert_string_equal(status_word(STATUS_PAUSED), "paused");
	assert_string_equal(status_word(STATUS_STOPPED), "stopped");
}

static char warned[512];

static void warn(const char *line)
{
	snprintf(warned + strlen(warned), sizeof(warned) - strlen(warned), "%s;", line);
}

static void lists(void **state)
{
	static const char *const made[] = { "b", "a", ".hidden", "damaged", "c", "half" };
	static const char *const listed[] = { ".hidden", "a", "b", "c", "damaged", "half" };
	struct place *p = *state;
	struct error e = ERROR_NONE;
	struct status_list list;

	assert_int_equal(container_list(in(p, "root"), true, &p->arena, &list, &e), 0);
	assert_int_equal(list.n, 0);
	for (size_t i = 0; i < COUNT(made); i++) {
		struct record r = record(made[i]);
		CLEAN_STATE s = claim(p, made[i]);
		if (strcmp(made[i], "half"))
			save(&s, &r);
	}
	write_text(in(p, "root/damaged/state.json"), "{");
	write_text(in(p, "root/file"), "");
	container_warn = warn;
	warned[0] = 0;
	assert_int_equal(mkdir(in(p, "root/no id"), 0700), 0);
	assert_int_equal(symlink("a", in(p, "root/link")), 0);
	assert_int_equal(container_list(in(p, "root"), true, &p->arena, &list, &e), 0);
	for (size_t i = 0; i < COUNT(listed) && i < list.n; i++)
		assert_string_equal(list.v[i].id, listed[i]);
	assert_int_equal(list.n, COUNT(listed));
	assert_string_equal(list.v[1].status, "creating");
	assert_string_equal(list.v[4].status, "unknown");
	assert_int_equal(list.v[4].pid, 0);
	assert_string_equal(list.v[5].status, "stopped");
	assert_contains(warned, "state.json of damaged is damaged: ");
	assert_contains(warned, "`ocirun delete --force damaged` clears it");
	assert_ptr_equal(strchr(warned, ';'), warned + strlen(warned) - 1);
	int before = open_descriptors();
	assert_int_equal(container_list(in(p, "root"), true, &p->arena, &list, &e), 0);
	assert_int_equal(open_descriptors(), before);
	assert_int_equal(container_list(in(p, "root/file"), true, &p->arena, &list, &e), -1);
	assert_int_equal(e.code, ENOTDIR);
}

static void lists_many(void **state)
{
	struct place *p = *state;
	struct error e = ERROR_NONE;
	struct status_list list;
	char id[16];

	for (int i = 0; i < 70; i++) {
		snprintf(id, sizeof(id), "c%02d", (i * 37) % 70);
		struct state s = claim(p, id);
		state_close(&s);
	}
	assert_int_equal(container_list(in(p, "root"), true, &p->arena, &list, &e), 0);
	assert_int_equal(list.n, 70);
	for (int i = 0; i < 70; i++) {
		snprintf(id, sizeof(id), "c%02d", i);
		assert_string_equal(list.v[i].id, id);
	}
}

static void hooks(void **state)
{
	struct place *p = *state;
	struct error e = ERROR_NONE;
	struct spec_hook all[] = {
		{ .path = "/bin/sh", .args = { 3, (char *[]){ "sh", "-c", "exit 5", NULL } } },
		{ .path = "/bin/sh", .args = { 3, (char *[]){ "sh", "-c", "cat >got", NULL } } },
	};

	CLEAN_STATE s = claim(p, "c1");
	s.record = record("c1");
	s.record.bundle = p->path;
	s.record.poststart.n = s.record.poststop.n = 2;
	s.record.poststart.v = s.record.poststop.v = all;
	assert_int_equal(state_hooks(&s, "poststart", STATUS_RUNNING, &s.record.poststart, &e), -1);
	assert_contains(shown(&e), "hooks.poststart[0]: ");
	assert_false(exists(in(p, "got")));
	/* After the container's end they only warn, and the next runs. */
	container_warn = warn;
	warned[0] = 0;
	e = ERROR_NONE;
	assert_int_equal(state_hooks(&s, "poststop", STATUS_STOPPED, &s.record.poststop, &e), 0);
	assert_string_equal(
		warned,
		"hooks.poststop[0]: error running poststop hook #0: /bin/sh failed with exit status 5;");
	assert_contains(read_text(in(p, "got")), "\"id\":\"c1\",\"pid\":0,\"status\":\"stopped\"");
	/* A bundle that is gone stops none. */
	s.record.bundle = in(p, "gone");
	s.record.poststop.n = 1;
	all[0].args.v = (char *[]){ "sh", "-c", "[ \"$(pwd)\" = / ]", NULL };
	warned[0] = 0;
	assert_int_equal(state_hooks(&s, "poststop", STATUS_STOPPED, &s.record.poststop, &e), 0);
	assert_string_equal(warned, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids),
		PLACE_TEST(claims),
		PLACE_TEST(one_of_many_wins),
		PLACE_TEST(missing),
		PLACE_TEST(records),
		PLACE_TEST(names_nothing_outside_its_cgroups),
		PLACE_TEST(damaged),
		PLACE_TEST(writers_exclude_each_other),
		PLACE_TEST(removes),
		PLACE_TEST(keeps_config),
		PLACE_TEST(status_before_the_record),
		PLACE_TEST(status_keeps_the_lock),
		PLACE_TEST(status_half_made),
		PLACE_TEST(status_complete),
		PLACE_TEST(long_root),
		PLACE_TEST(document),
		cmocka_unit_test(words),
		PLACE_TEST(lists),
		PLACE_TEST(lists_many),
		PLACE_TEST(hooks),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("state", tests, NULL, NULL);
}
