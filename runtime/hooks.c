/*
 * See hooks.h. What of a hook's stdout and stderr goes to no file is one pipe of which the end is
 * kept for the error. Its
 * output is not awaited past its exit: a daemon that a hook leaves behind may hold the pipe for
 * ever. The state comes in a memfd, so a hook that does not read can't block us.
 */
#include "runtime/hooks.h"
#include "runtime/process.h"

#include "runtime/file.h"
#include "runtime/log.h"
#include "runtime/sys.h"
#include "runtime/timing.h"
#include "spec/number.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define OUTPUT_KEPT 1024

/* The last bytes that a hook wrote. */
struct output {
	size_t n;
	char text[OUTPUT_KEPT];
};

static void output_add(struct output *o, const char *bytes, size_t n)
{
	if (n > OUTPUT_KEPT) {
		bytes += n - OUTPUT_KEPT;
		n = OUTPUT_KEPT;
	}
	if (o->n + n > OUTPUT_KEPT) {
		size_t drop = o->n + n - OUTPUT_KEPT;
		memmove(o->text, o->text + drop, o->n - drop);
		o->n -= drop;
	}
	memcpy(o->text + o->n, bytes, n);
	o->n += n;
}

static void output_drain(struct output *o, int fd)
{
	char bytes[4096];
	ssize_t n;

	/* Bounded: a daemon that floods the pipe must not keep us. */
	for (int i = 0; i < 64 && (n = read(fd, bytes, sizeof(bytes))) > 0; i++)
		output_add(o, bytes, n);
}

/* A hook's stdin, stdout and stderr. */
struct streams {
	int in, out, err;
};

static int output_of(const struct hook_run *run, int i, int pipe)
{
	return run->outputs && run->outputs[i] >= 0 ? run->outputs[i] : pipe;
}

static int state_file(const struct hook_run *run)
{
	CLEAN_FD fd = memfd_create("state", MFD_CLOEXEC);

	if (fd < 0 || write_all(fd, run->state, run->state_size) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return -1;
	return fd_take(&fd);
}

/* What the hook's process does before it is the hook. The errno of a failure goes through `report`,
 * which execve closes; negative, if it came before that. */
static _Noreturn void become_hook(const struct hook_run *run, const struct spec_hook *hook,
				  const struct streams *io, int report, pid_t parent)
{
	char *no_args[] = { hook->path, NULL }, *no_env[] = { NULL };
	const struct strings *env = hook->env ? hook->env : run->default_env;
	sigset_t none;

	/* A hook does not outlive whoever runs it: after a kill nobody would know of it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != parent)
		_exit(1);
	setpgid(0, 0);
	for (int s = 1; s < NSIG; s++)
		signal(s, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	int failed;
	if (dup2(io->in, STDIN_FILENO) < 0 || dup2(io->out, STDOUT_FILENO) < 0 ||
	    dup2(io->err, STDERR_FILENO) < 0 ||
	    sys_close_range(STDERR_FILENO + 1, ~0U, 4 /* CLOSE_RANGE_CLOEXEC */) < 0 ||
	    /* A bundle may be gone when its container is deleted, or closed to the container's
	       root. */
	    (run->directory && chdir(run->directory) < 0 && chdir("/") < 0) ||
	    (run->confine && run->confine(run->by) < 0)) {
		failed = -errno;
	} else {
		execve(hook->path, hook->args.n ? hook->args.v : no_args,
		       env && env->n ? env->v : no_env);
		failed = errno;
	}
	(void)!write(report, &failed, sizeof(failed));
	_exit(127);
}

/* `failed` is what become_hook reports. */
static int not_run(const struct spec_hook *hook, int failed, struct error *e)
{
	error_set(e, failed < 0 ? -failed : failed, "run the hook %s", hook->path);
	if (failed > 0)
		error_in(e, "path");
	if (failed == ENOEXEC)
		error_hint(e, "a script needs a first line like #!/bin/sh");
	if (failed == EACCES)
		error_hint(e, "it must be an executable file, in directories that may be entered");
	return -1;
}

static int spawn(const struct hook_run *run, const struct spec_hook *hook, const struct streams *io,
		 pid_t *pid, struct error *e)
{
	int ends[2], failed = 0;
	pid_t parent = getpid();

	if (pipe2(ends, O_CLOEXEC) < 0)
		return not_run(hook, -errno, e);
	CLEAN_FD report = ends[0];
	CLEAN_FD reporting = ends[1];
	*pid = fork();
	if (*pid == 0)
		become_hook(run, hook, io, reporting, parent);
	fd_close(&reporting);
	if (*pid < 0)
		return not_run(hook, -errno, e);
	ssize_t n;
	do
		n = read(report, &failed, sizeof(failed));
	while (n < 0 && errno == EINTR);
	if (n != sizeof(failed))
		return 0;
	waitpid(*pid, NULL, 0);
	return not_run(hook, failed, e);
}

#define CHILDREN_MAX 256

struct children {
	size_t n;
	pid_t v[CHILDREN_MAX];
};

/* Our children; none where the kernel does not list them. */
static struct children our_children(void)
{
	struct children c = { 0 };
	char text[CHILDREN_MAX * sizeof("4194304 ") + 1];
	const char *at = text;
	uint64_t pid;
	FILE *file = fopen("/proc/thread-self/children", "re");
	const size_t n = file ? fread(text, 1, sizeof(text) - 1, file) : 0;

	text[n] = 0;
	while (c.n < CHILDREN_MAX && number_next(&at, &pid))
		c.v[c.n++] = (pid_t)pid;
	if (file)
		fclose(file);
	return c;
}

static bool among(const struct children *c, pid_t pid)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->v[i] == pid)
			return true;
	return false;
}

/* Whoever loses its parent below us becomes our child, so that killing all new children until there
 * is none reaches every descendant. Bounded: one that forks faster than we kill is let go. */
static void kill_new_children(const struct children *before)
{
	bool found = true;

	for (int round = 0; found && round < 1000; round++) {
		const struct children now = our_children();
		found = false;
		for (size_t i = 0; i < now.n; i++)
			/* What we may not kill, a setuid program's, is not waited for. */
			if (!among(before, now.v[i]) && kill(now.v[i], SIGKILL) == 0) {
				found = true;
				waitpid(now.v[i], NULL, 0);
			}
	}
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

/* Read output until the hook has ended. False when the deadline (milliseconds, -1: none) came
 * first. */
static bool wait_end(int pidfd, int pipe, struct output *o, int64_t deadline)
{
	struct pollfd p[2] = { { .fd = pidfd, .events = POLLIN },
			       { .fd = pipe, .events = POLLIN } };

	for (;;) {
		int64_t left = deadline < 0 ? -1 : deadline - now_ms();
		if (deadline >= 0 && left <= 0)
			return false;
		int n = poll(p, 2, left > 1 << 30 ? 1 << 30 : (int)left);
		if (n < 0 && errno != EINTR)
			return true;
		if (n > 0 && p[1].revents & POLLIN)
			output_drain(o, pipe);
		else if (n > 0 && p[1].revents)
			p[1].fd = -1;
		if (n > 0 && p[0].revents)
			return true;
	}
}

/* What became of a hook, with the end of what it wrote. Callers look for "error running". */
static int judge(const struct hook_run *run, const struct spec_hook *hook, bool ended, int status,
		 struct output *o, struct error *e)
{
	while (o->n && (o->text[o->n - 1] == '\n' || !o->text[o->n - 1]))
		o->n--;
	int shown = (int)o->n;
	const char *said = shown ? ", it said: " : "";
	char who[64], signal[PROCESS_SIGNAL_TEXT];
	snprintf(who, sizeof(who), "error running %s hook #%td:", run->kind, hook - run->hooks->v);

	if (!ended)
		return error_set(e, 0, "%s %s was killed at its timeout of %lld s%s%.*s", who,
				 hook->path, (long long)*hook->timeout, said, shown, o->text);
	if (WIFSIGNALED(status))
		return error_set(e, 0, "%s %s was %s%s%.*s", who, hook->path,
				 process_signal_text(WTERMSIG(status), signal), said, shown,
				 o->text);
	if (status)
		return error_set(e, 0, "%s %s failed with exit status %d%s%.*s", who, hook->path,
				 WEXITSTATUS(status), said, shown, o->text);
	return 0;
}

/* Wait for the hook's end, or bring it about. False: it was killed, or is a setuid program and may
 * not be. */
static bool await(const struct spec_hook *hook, pid_t pid, int pidfd, int pipe, struct output *o,
		  int *status)
{
	/* A timeout of more than a century is none. */
	bool timed = hook->timeout && *hook->timeout < 1LL << 32;
	int64_t deadline = timed ? now_ms() + *hook->timeout * 1000 : -1;
	bool ended = wait_end(pidfd, pipe, o, deadline);

	if (!ended) {
		kill(-pid, SIGKILL);
		if (kill(pid, SIGKILL) < 0)
			return false;
	}
	while (waitpid(pid, status, 0) < 0 && errno == EINTR)
		;
	return ended;
}

/* *status: as waitpid has it, TIMING_NOT_RUN or TIMING_KILLED. */
static int run_one(const struct hook_run *run, const struct spec_hook *hook, int *status,
		   struct error *e)
{
	struct output output = { 0 };
	pid_t pid = -1;
	int ends[2];

	*status = TIMING_NOT_RUN;

	CLEAN_FD input = state_file(run);
	if (input < 0 || pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return error_set(e, errno, "prepare the hook %s", hook->path);
	CLEAN_FD from = ends[0];
	CLEAN_FD to = ends[1];
	fcntl(to, F_SETFL, 0); /* only our end must not block */
	const struct streams io = { input, output_of(run, 0, to), output_of(run, 1, to) };
	if (spawn(run, hook, &io, &pid, e) < 0)
		return -1;
	fd_close(&to);
	CLEAN_FD pidfd = sys_pidfd_open(pid);
	if (pidfd < 0) {
		error_set(e, errno, "watch the hook %s", hook->path);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		return -1;
	}
	bool ended = await(hook, pid, pidfd, from, &output, status);
	output_drain(&output, from);
	int result = judge(run, hook, ended, *status, &output, e);
	if (!ended)
		*status = TIMING_KILLED;
	return result;
}

/* The same, with orphans of the hook as our children, so that its timeout is also theirs. */
static int run_adopting(const struct hook_run *run, const struct spec_hook *hook, int *status,
			struct error *e)
{
	const struct children before = our_children();
	int already = 1;

	if (prctl(PR_GET_CHILD_SUBREAPER, &already, 0, 0, 0) == 0 && !already)
		prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	int result = run_one(run, hook, status, e);
	if (*status == TIMING_KILLED)
		kill_new_children(&before);
	if (!already)
		prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
	return result;
}

static int run_timed(const struct hook_run *run, size_t i, struct error *e)
{
	const struct spec_hook *hook = &run->hooks->v[i];
	char name[48];
	int status;

	trace(TRACE_STEPS, "hooks.%s[%zu]: %s", run->kind, i, hook->path);
	snprintf(name, sizeof(name), "hooks.%s[%zu]", run->kind, i);
	struct timing_event *timed = timing_begin(TIMING_HOOK, name, hook->path);
	int result = run->adopt && hook->timeout ? run_adopting(run, hook, &status, e)
						 : run_one(run, hook, &status, e);
	timing_end(timed, status);
	return result;
}

int hooks_run(const struct hook_run *run, struct error *e)
{
	/* A caller that ignores SIGCHLD would have the kernel reap the hooks. */
	if (run->hooks->n)
		signal(SIGCHLD, SIG_DFL);
	for (size_t i = 0; i < run->hooks->n; i++) {
		if (run_timed(run, i, e) == 0)
			continue;
		error_in(e, "hooks.%s[%zu]", run->kind, i);
		if (!run->failed)
			return -1;
		run->failed(e);
		*e = ERROR_NONE;
	}
	return 0;
}
