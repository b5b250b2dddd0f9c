/*
 * timer [-n RUNS] [-t] [-o FILE] [-T TITLE] CASE...: time cases in turns, so that what disturbs one
 * disturbs all, and print a table. A case is
 *
 *     -- NAME [COMMAND... :] COMMAND... [+ COMMAND...]...
 *
 * its commands run one after another, and count together, but for the one before the colon, which
 * prepares each run. Ratios are printed to the cases named
 * "crun" and "floor". Memory is the greatest resident set of any process of the case in any run.
 * System calls are those of all its processes, counted with ptrace in one run more, but not with
 * -t. A command that fails ends its case. -o appends the table to FILE as a line of JSON, with
 * TITLE.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ptrace.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CASES_MAX 32
#define COMMANDS_MAX 8

/* PTRACE_GET_SYSCALL_INFO's struct is in linux/ptrace.h, which does not go with sys/ptrace.h. */
enum {
	OPTIONS = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
		  PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL
};

struct bench_case {
	const char *name;
	char **commands[COMMANDS_MAX];
	int n;
	int prepare;   /* so many commands do not count: 1 or 0 */
	double *times; /* milliseconds */
	int runs;
	long memory; /* kB */
	long calls;
	bool failed;
};

static long trace(long request, pid_t pid, void *address, void *data)
{
	return syscall(SYS_ptrace, request, pid, address, data);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int null; /* where the commands' output goes */

/* Start a command; one that is to be traced waits until `gate` is closed. */
static pid_t spawn(char **command, int gate[2])
{
	pid_t pid = gate ? fork() : vfork();

	if (pid < 0)
		err(1, "fork");
	if (pid > 0)
		return pid;
	if (gate) {
		char byte;

		close(gate[1]);
		while (read(gate[0], &byte, 1) < 0 && errno == EINTR)
			;
	}
	dup2(null, STDOUT_FILENO);
	execvp(command[0], command);
	_exit(127);
}

static void note_memory(struct bench_case *c, const struct rusage *usage)
{
	if (usage->ru_maxrss > c->memory)
		c->memory = usage->ru_maxrss;
}

static void note_failure(struct bench_case *c, int command, int status)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return;
	fprintf(stderr, "timer: %s: `%s` number %d ended with status 0x%x\n", c->name,
		c->commands[command][0], command + 1, status);
	c->failed = true;
}

/* We are the subreaper: what a command leaves behind comes to us, and is gone before the next case
 * begins. */
static void reap(struct bench_case *c)
{
	struct rusage usage;

	while (wait4(-1, NULL, 0, &usage) > 0)
		note_memory(c, &usage);
}

static void prepare(struct bench_case *c)
{
	for (int i = 0; i < c->prepare; i++) {
		int status = 0;

		waitpid(spawn(c->commands[i], NULL), &status, 0);
		note_failure(c, i, status);
	}
}

static void time_case(struct bench_case *c)
{
	prepare(c);

	double begin = now();

	for (int i = c->prepare; i < c->n && !c->failed; i++) {
		struct rusage usage;
		int status;
		pid_t pid = spawn(c->commands[i], NULL), ended;

		while ((ended = wait4(-1, &status, 0, &usage)) != pid)
			if (ended < 0)
				err(1, "wait4");
			else
				note_memory(c, &usage);
		note_memory(c, &usage);
		note_failure(c, i, status);
	}
	c->times[c->runs] = now() - begin;
	c->runs += !c->failed;
	if (!c->failed)
		reap(c);
}

/* One stop of a traced process: count it if a system call begins, and let the process go on. */
static void trace_stop(struct bench_case *c, pid_t pid, int status)
{
	int sig = WSTOPSIG(status), event = status >> 16;
	struct ptrace_syscall_info info;

	if (sig == (SIGTRAP | 0x80)) {
		if (trace(PTRACE_GET_SYSCALL_INFO, pid, (void *)sizeof(info), &info) > 0 &&
		    info.op == PTRACE_SYSCALL_INFO_ENTRY)
			c->calls++;
		sig = 0;
	} else if (event) {
		sig = 0;
	}
	trace(PTRACE_SYSCALL, pid, NULL, (void *)(long)sig);
}

/* Run until `until` has ended, or with 0 until no process is left. Its wait status. */
static int trace_until(struct bench_case *c, pid_t until)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR) {
		if (pid > 0 && WIFSTOPPED(status))
			trace_stop(c, pid, status);
		else if (pid > 0 && pid == until)
			return status;
	}
	return 0;
}

static void count_calls(struct bench_case *c)
{
	prepare(c);
	for (int i = c->prepare; i < c->n && !c->failed; i++) {
		int gate[2];

		if (pipe2(gate, O_CLOEXEC) < 0)
			err(1, "pipe2");
		pid_t pid = spawn(c->commands[i], gate);

		close(gate[0]);
		if (trace(PTRACE_SEIZE, pid, NULL, (void *)(long)OPTIONS) < 0)
			err(1, "PTRACE_SEIZE");
		/* From here on it stops at its system calls: the end of the read that the gate
		 * holds is no entry. */
		trace(PTRACE_INTERRUPT, pid, NULL, NULL);
		close(gate[1]);
		note_failure(c, i, trace_until(c, pid));
	}
	trace_until(c, 0);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(const struct bench_case *c)
{
	int half = c->runs / 2;

	return c->runs % 2 ? c->times[half] : (c->times[half - 1] + c->times[half]) / 2;
}

/* The case that ratios are to, or NULL. */
static const struct bench_case *find(const struct bench_case *cases, int n, const char *name)
{
	for (int i = 0; i < n; i++)
		if (!strcmp(cases[i].name, name) && !cases[i].failed && cases[i].runs > 0)
			return &cases[i];
	return NULL;
}

static void print_ratio(const struct bench_case *c, const struct bench_case *to)
{
	if (to)
		printf(" %8.2f", median(c) / median(to));
	else
		printf(" %8s", "-");
}

/* Names and titles are the callers': they have nothing that must be escaped. */
static void print_json(FILE *to, const char *title, const struct bench_case *cases, int n)
{
	const struct bench_case *crun = find(cases, n, "crun"), *floor = find(cases, n, "floor");

	fprintf(to, "{\"title\":\"%s\",\"cases\":[", title);
	for (int i = 0; i < n; i++) {
		const struct bench_case *c = &cases[i];

		fprintf(to, "%s{\"name\":\"%s\"", i ? "," : "", c->name);
		if (c->failed || c->runs == 0) {
			fputs(",\"failed\":true}", to);
			continue;
		}
		fprintf(to, ",\"runs\":%d,\"median_ms\":%.4f,\"min_ms\":%.4f,\"memory_kb\":%ld",
			c->runs, median(c), c->times[0], c->memory);
		if (c->calls)
			fprintf(to, ",\"syscalls\":%ld", c->calls);
		if (crun)
			fprintf(to, ",\"to_crun\":%.4f,\"min_to_crun\":%.4f",
				median(c) / median(crun), c->times[0] / crun->times[0]);
		if (floor)
			fprintf(to, ",\"to_floor\":%.4f", median(c) / median(floor));
		fputc('}', to);
	}
	fputs("]}\n", to);
}

static void print_table(const struct bench_case *cases, int n)
{
	const struct bench_case *crun = find(cases, n, "crun"), *floor = find(cases, n, "floor");

	printf("%-12s %9s %9s %8s %8s %10s %8s\n", "", "median ms", "min ms", "/ crun", "/ floor",
	       "memory kB", "syscalls");
	for (int i = 0; i < n; i++) {
		const struct bench_case *c = &cases[i];

		if (c->failed || c->runs == 0) {
			printf("%-12s failed\n", c->name);
			continue;
		}
		printf("%-12s %9.2f %9.2f", c->name, median(c), c->times[0]);
		print_ratio(c, crun);
		print_ratio(c, floor);
		printf(" %10ld", c->memory);
		if (c->calls)
			printf(" %8ld\n", c->calls);
		else
			printf(" %8s\n", "-");
	}
}

/* Cut argv into cases and commands, in place. */
static int parse(char **argv, struct bench_case *cases)
{
	int n = 0;

	while (*argv) {
		struct bench_case *c = &cases[n++];

		if (n > CASES_MAX || strcmp(argv[0], "--") || !argv[1] || !argv[2])
			errx(2, "usage: timer [-n RUNS] [-t] [-o FILE] [-T TITLE] "
				"-- NAME COMMAND... [+ COMMAND...] [-- ...]");
		*argv++ = NULL;
		c->name = *argv++;
		c->commands[c->n++] = argv;
		for (; *argv && strcmp(*argv, "--"); argv++) {
			bool prepares = !strcmp(*argv, ":");

			if (!prepares && strcmp(*argv, "+"))
				continue;
			if (prepares)
				c->prepare = c->n;
			if (c->n == COMMANDS_MAX)
				errx(2, "too many commands");
			*argv = NULL;
			c->commands[c->n++] = argv + 1;
		}
	}
	return n;
}

static struct {
	int runs;
	bool times_only;
	FILE *json;
	const char *title;
} options = { .runs = 60, .title = "" };

/* What stands before the first "--"; the rest of argv. */
static char **parse_options(char **argv)
{
	for (; *argv && strcmp(*argv, "--"); argv++) {
		if (!strcmp(*argv, "-t")) {
			options.times_only = true;
			continue;
		}
		const char *name = *argv;
		if (name[0] != '-' || !argv[1])
			errx(2, "what is %s?", name);
		const char *value = *++argv;
		if (!strcmp(name, "-n"))
			options.runs = atoi(value);
		else if (!strcmp(name, "-T"))
			options.title = value;
		else if (strcmp(name, "-o") != 0)
			errx(2, "what is %s?", name);
		else if (!(options.json = fopen(value, "ae")))
			err(1, "open %s", value);
	}
	return argv;
}

int main(int argc, char **argv)
{
	static struct bench_case cases[CASES_MAX];
	int failures = 0;

	(void)argc;
	int n = parse(parse_options(argv + 1), cases), runs = options.runs;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	for (int i = 0; i < n; i++)
		if (!(cases[i].times = calloc((size_t)runs + 1, sizeof(double))))
			err(1, "calloc");
	/* Run 0 warms the caches and does not count. */
	for (int run = 0; run <= runs; run++) {
		for (int i = 0; i < n; i++)
			if (!cases[i].failed)
				time_case(&cases[i]);
		for (int i = 0; run == 0 && i < n; i++)
			cases[i].runs = 0;
	}
	for (int i = 0; i < n; i++) {
		if (!cases[i].failed && !options.times_only)
			count_calls(&cases[i]);
		qsort(cases[i].times, (size_t)cases[i].runs, sizeof(double), compare);
		failures += cases[i].failed;
	}
	print_table(cases, n);
	if (options.json)
		print_json(options.json, options.title, cases, n);
	return failures ? 1 : 0;
}
