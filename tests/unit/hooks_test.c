/*
 * hooks.c: what a hook is given, what is told of its end, and that none keeps us longer than it
 * runs.
 */
#include "place.h"

#include "runtime/file.h"
#include "runtime/hooks.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

/* Commands for /bin/sh, as hooks in their order. */
struct scripts {
	struct spec_hook hooks[4];
	char *args[4][4];
	spec_hook_list list;
	struct hook_run run;
};

static struct scripts *scripts(struct place *p, size_t n, const char *const *commands)
{
	struct scripts *s = arena_new(&p->arena, struct scripts);

	for (size_t i = 0; i < n; i++) {
		s->args[i][0] = "sh";
		s->args[i][1] = "-c";
		s->args[i][2] = arena_strdup(&p->arena, commands[i]);
		s->hooks[i].path = "/bin/sh";
		s->hooks[i].args = (struct strings){ 3, s->args[i] };
	}
	s->list.n = n;
	s->list.v = s->hooks;
	s->run = (struct hook_run){ .kind = "prestart",
				    .hooks = &s->list,
				    .state = "{\"id\":\"c1\"}",
				    .state_size = 11,
				    .directory = p->path };
	return s;
}

#define SCRIPTS(p, ...)                                           \
	scripts(p, COUNT(((const char *const[]){ __VA_ARGS__ })), \
		(const char *const[]){ __VA_ARGS__ })

static void runs(struct scripts *s)
{
	int before = open_descriptors();
	struct error e = ERROR_NONE;

	if (hooks_run(&s->run, &e) < 0)
		fail_msg("%s", shown(&e));
	assert_int_equal(open_descriptors(), before);
}

static const char *fails(struct scripts *s)
{
	int before = open_descriptors();
	struct error e = ERROR_NONE;

	assert_int_equal(hooks_run(&s->run, &e), -1);
	assert_int_equal(open_descriptors(), before);
	return shown(&e);
}

static void none(void **state)
{
	runs(scripts(*state, 0, NULL));
}

static void in_order(void **state)
{
	struct place *p = *state;

	runs(SCRIPTS(p, "echo a >>log", "echo b >>log", "echo c >>log"));
	assert_string_equal(read_text(in(p, "log")), "a\nb\nc\n");
	/* Its arguments are optional. */
	struct scripts *s = SCRIPTS(p, "");
	s->hooks[0] = (struct spec_hook){ .path = "/bin/true" };
	runs(s);
}

static void environment(void **state)
{
	struct place *p = *state;
	char *of_hook[] = { "A=b", "C=d e", NULL }, *by_default[] = { "X=y", NULL };
	struct strings own = { 2, of_hook }, empty = { 0 }, other = { 1, by_default };
	/* Of the shell itself: it may add variables of its own later. */
	struct scripts *s = SCRIPTS(p, "cat /proc/$$/environ >env");

	assert_int_equal(setenv("OCIRUN_OURS", "1", 1), 0);
	runs(s);
	assert_string_equal(read_text(in(p, "env")), "");
	s->run.default_env = &other;
	runs(s);
	assert_string_equal(read_text(in(p, "env")), "X=y");
	/* Its own is all it gets, also when that is empty. */
	s->hooks[0].env = &own;
	runs(s);
	assert_memory_equal(read_text(in(p, "env")), "A=b\0C=d e\0", 11);
	s->hooks[0].env = &empty;
	runs(s);
	assert_string_equal(read_text(in(p, "env")), "");
	unsetenv("OCIRUN_OURS");
}

/* Each has the whole state, whatever the others read of it. */
static void state_on_stdin(void **state)
{
	struct place *p = *state;
	struct scripts *s = SCRIPTS(p, "head -c 3 >one", "cat >two", "exec <&-", "cat >four");
	size_t size = 300000; /* more than a pipe would take */
	char *large = arena_alloc(&p->arena, size + 1);
	struct stat st;

	runs(s);
	assert_string_equal(read_text(in(p, "one")), "{\"i");
	assert_string_equal(read_text(in(p, "two")), s->run.state);
	assert_string_equal(read_text(in(p, "four")), s->run.state);
	memset(large, 'x', size);
	s->run.state = large;
	s->run.state_size = size;
	runs(s);
	assert_int_equal(stat(in(p, "four"), &st), 0);
	assert_int_equal(st.st_size, size);
}

static void directory(void **state)
{
	struct place *p = *state;
	struct scripts *s = SCRIPTS(p, "pwd -P >here");

	runs(s);
	assert_string_equal(read_text(in(p, "here")), arena_printf(&p->arena, "%s\n", p->path));
	s->run.directory = NULL;
	CLEAN_FD before = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mkdir(in(p, "ours"), 0755), 0);
	assert_int_equal(chdir(in(p, "ours")), 0);
	runs(s);
	assert_int_equal(fchdir(before), 0);
	assert_string_equal(read_text(in(p, "ours/here")),
			    arena_printf(&p->arena, "%s/ours\n", p->path));
}

/* Nothing of ours but what is meant for it. glibc's posix_spawn() ignores the signals that it uses
 * itself, 32 and 33, which have no names. */
static void nothing_inherited(void **state)
{
	struct place *p = *state;
	sigset_t blocked, before;
	struct scripts *s = SCRIPTS(p, "[ ! -e /proc/self/fd/100 ] || exit 5\n"
				       "while read -r name value; do case $name in\n"
				       "SigBlk:) [ $value = 0000000000000000 ] || exit 6;;\n"
				       "SigIgn:) [ $((0x$value & ~(3 << 31))) = 0 ] || exit 7;;\n"
				       "esac; done </proc/$$/status\n"
				       "[ -e /proc/self/fd/1 ] && [ -e /proc/self/fd/2 ]");

	int fd = open("/dev/null", O_RDONLY);
	assert_int_equal(dup2(fd, 100), 100);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigaddset(&blocked, SIGUSR1);
	sigprocmask(SIG_BLOCK, &blocked, &before);
	signal(SIGINT, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	runs(s);
	signal(SIGINT, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, &before, NULL);
	close(fd);
	close(100);
}

static void exit_status(void **state)
{
	struct place *p = *state;

	assert_string_equal(
		fails(SCRIPTS(p, "exit 3")),
		"hooks.prestart[0]: error running prestart hook #0: /bin/sh failed with exit status 3");
	assert_string_equal(
		fails(SCRIPTS(p, "exit 255")),
		"hooks.prestart[0]: error running prestart hook #0: /bin/sh failed with exit status 255");
	/* What it said on either is told, and the next do not run. */
	struct scripts *s =
		SCRIPTS(p, "echo good", "echo one; echo two >&2; exit 1", "echo >third");
	s->run.kind = "poststart";
	assert_string_equal(
		fails(s),
		"hooks.poststart[1]: error running poststart hook #1: /bin/sh failed with exit "
		"status 1, it said: one\ntwo");
	assert_false(exists(in(p, "third")));
}

static void signals(void **state)
{
	struct place *p = *state;

	assert_string_equal(
		fails(SCRIPTS(p, "kill -9 $$")),
		"hooks.prestart[0]: error running prestart hook #0: /bin/sh was killed by signal 9 (killed)");
	assert_string_equal(
		fails(SCRIPTS(p, "echo last words; kill -TERM $$")),
		"hooks.prestart[0]: error running prestart hook #0: /bin/sh was killed by signal 15 (terminated), it said: last words");
}

/* Without SIGCHLD the kernel would reap it, and its exit status be lost. */
static void ignored_children(void **state)
{
	signal(SIGCHLD, SIG_IGN);
	const char *told = fails(SCRIPTS(*state, "exit 4"));
	signal(SIGCHLD, SIG_DFL);
	assert_contains(told, "exit status 4");
}

/* config.json counts in seconds, from 1; here none is left from the start. */
static void timeouts(void **state)
{
	struct place *p = *state;
	struct scripts *s = SCRIPTS(p, "sleep 30", "echo >second");
	int64_t now = 0, minute = 60, ages = INT64_MAX;
	double before = seconds();

	s->hooks[0].timeout = &now;
	assert_string_equal(
		fails(s),
		"hooks.prestart[0]: error running prestart hook #0: /bin/sh was killed at its timeout of 0 s");
	assert_true(seconds() - before < 10);
	assert_false(exists(in(p, "second")));
	/* One in time is none the worse for it. */
	s = SCRIPTS(p, "echo a >>log", "echo b >>log");
	s->hooks[0].timeout = &minute;
	s->hooks[1].timeout = &ages;
	runs(s);
	assert_string_equal(read_text(in(p, "log")), "a\nb\n");
}

static void keeps_the_end_of_output(void **state)
{
	const char *told =
		fails(SCRIPTS(*state, "i=0; echo BEGIN; while [ $i -lt 20000 ]; do\n"
				      "echo line $i; i=$((i + 1)); done; echo END; exit 1"));

	assert_contains(told, "it said: ");
	assert_contains(told, "line 19998\nline 19999\nEND");
	assert_null(strstr(told, "BEGIN"));
	/* One line without an end. */
	told = fails(SCRIPTS(*state, "printf '%05000d' 7; exit 1"));
	assert_contains(told, "00007");
	/* Nothing but white lines is nothing. */
	assert_string_equal(
		fails(SCRIPTS(*state, "echo; echo; exit 1")),
		"hooks.prestart[0]: error running prestart hook #0: /bin/sh failed with exit status 1");
}

/* What a hook leaves behind holds the pipe, and does not hold us. */
static void daemons(void **state)
{
	static const char *const after[] = { "", "echo said; exit 2" };
	struct place *p = *state;

	for (size_t i = 0; i < COUNT(after); i++) {
		char *command = arena_printf(&p->arena, "sleep 30 & echo $! >pid; %s", after[i]);
		double before = seconds();
		struct scripts *s = SCRIPTS(p, command);
		struct error e = ERROR_NONE;
		int result = hooks_run(&s->run, &e);
		double took = seconds() - before;
		pid_t daemon = (pid_t)atoi(read_text(in(p, "pid")));
		assert_true(daemon > 1);
		assert_int_equal(kill(daemon, SIGKILL), 0);
		assert_true(took < 10);
		assert_int_equal(result, *after[i] ? -1 : 0);
		if (result < 0)
			assert_contains(shown(&e), "exit status 2, it said: said");
	}
}

static char told[2][512];
static int n_told;

static void tell(const struct error *e)
{
	error_print(e, told[n_told++ % 2], sizeof(told[0]));
}

static void goes_on_after_failures(void **state)
{
	struct place *p = *state;
	struct scripts *s = SCRIPTS(p, "exit 1", "echo b >>log", "exit 9", "echo d >>log");

	n_told = 0;
	s->run.kind = "poststop";
	s->run.failed = tell;
	runs(s);
	assert_string_equal(read_text(in(p, "log")), "b\nd\n");
	assert_int_equal(n_told, 2);
	assert_string_equal(
		told[0],
		"hooks.poststop[0]: error running poststop hook #0: /bin/sh failed with exit status 1");
	assert_string_equal(
		told[1],
		"hooks.poststop[2]: error running poststop hook #2: /bin/sh failed with exit status 9");
}

static void can_not_run(void **state)
{
	struct place *p = *state;
	struct scripts *s = SCRIPTS(p, "");

	s->hooks[0].path = "/nonexistent/hook";
	assert_string_equal(fails(s), "hooks.prestart[0].path: run the hook /nonexistent/hook: No "
				      "such file or directory (ENOENT)");
	s->hooks[0].path = p->path;
	assert_contains(fails(s), "hooks.prestart[0].path: ");
	assert_contains(fails(s), "Permission denied (EACCES) (it must be an executable file");
	s->hooks[0].path = in(p, "text");
	write_text(s->hooks[0].path, "true\n");
	assert_contains(fails(s), "hooks.prestart[0].path: ");
	assert_contains(fails(s), "Permission denied (EACCES) (it must be an executable file");
	assert_int_equal(chmod(s->hooks[0].path, 0755), 0);
	assert_contains(fails(s), "Exec format error (ENOEXEC) (a script needs a first line");
}

/* A directory that is gone is no reason not to run. */
static void directory_gone(void **state)
{
	struct place *p = *state;
	char *here = in(p, "here");
	struct scripts *s = SCRIPTS(p, arena_printf(&p->arena, "pwd >%s", here));

	s->run.directory = in(p, "gone");
	runs(s);
	assert_string_equal(read_text(here), "/\n");
}

static bool has_ended(pid_t pid)
{
	return kill(pid, 0) < 0 && errno == ESRCH;
}

/* Neither a session of its own nor a parent that has gone saves what a hook has started from its
 * timeout; what was there before stays, and so does what a hook in time leaves. */
static void timeout_of_descendants(void **state)
{
	struct place *p = *state;
	struct scripts *s = SCRIPTS(p, "(setsid sleep 300 & echo $! >one)\n"
				       "setsid sh -c 'sleep 301 & echo $! >two; sleep 302' &\n"
				       "echo $! >three; sleep 303");
	int64_t second = 1;
	pid_t pids[3], bystander = fork();

	if (access("/proc/thread-self/children", R_OK) < 0) {
		kill(bystander, SIGKILL);
		skip(); /* this kernel does not list children */
	}
	if (bystander == 0) {
		pause();
		_exit(0);
	}
	s->run.adopt = true;
	s->hooks[0].timeout = &second;
	assert_contains(fails(s), "was killed at its timeout of 1 s");
	for (size_t i = 0; i < COUNT(pids); i++) {
		pids[i] = (pid_t)atoi(
			read_text(in(p, (const char *const[]){ "one", "two", "three" }[i])));
		assert_true(pids[i] > 1);
		assert_true(has_ended(pids[i]));
	}
	assert_false(has_ended(bystander));
	s = SCRIPTS(p, "(setsid sleep 300 & echo $! >one)");
	s->run.adopt = true;
	s->hooks[0].timeout = &second;
	runs(s);
	pids[0] = (pid_t)atoi(read_text(in(p, "one")));
	assert_int_equal(kill(pids[0], SIGKILL), 0);
	kill(bystander, SIGKILL);
	assert_int_equal(waitpid(bystander, NULL, 0), bystander);
	assert_int_equal(waitpid(pids[0], NULL, 0), pids[0]);
	int subreaper = 1;
	assert_int_equal(prctl(PR_GET_CHILD_SUBREAPER, &subreaper, 0, 0, 0), 0);
	assert_int_equal(subreaper, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLACE_TEST(none),
		PLACE_TEST(in_order),
		PLACE_TEST(environment),
		PLACE_TEST(state_on_stdin),
		PLACE_TEST(directory),
		PLACE_TEST(nothing_inherited),
		PLACE_TEST(exit_status),
		PLACE_TEST(signals),
		PLACE_TEST(ignored_children),
		PLACE_TEST(timeouts),
		PLACE_TEST(keeps_the_end_of_output),
		PLACE_TEST(daemons),
		PLACE_TEST(goes_on_after_failures),
		PLACE_TEST(can_not_run),
		PLACE_TEST(directory_gone),
		PLACE_TEST(timeout_of_descendants),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("hooks", tests, NULL, NULL);
}
