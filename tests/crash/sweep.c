/*
 * sweep OPTION... SCENARIO: let a command of ocirun fail at every point (points.h), one at a time,
 * and look what it leaves: it must not hang, its error must say what failed, `state` must be true,
 * what it says it has done must be done, and `delete --force` must leave nothing.
 *
 *     --program FILE --directory DIR   what to test, and where (tests/crash/run makes it)
 *     --options WORDS                  for create and run
 *     --foreign NAME                   a cgroup that is there before and after
 *     --user UID                       who calls the program
 *     --only POINT                     this point alone
 *     --seconds N                      as many points as that takes, spread over all
 *     --log FILE                       every point with what the command said
 *     --list                           only print the points
 */
#include "tests/crash/scenarios.h"

#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct option options[] = {
	{ "program", required_argument, NULL, 'p' }, { "directory", required_argument, NULL, 'd' },
	{ "options", required_argument, NULL, 'o' }, { "foreign", required_argument, NULL, 'f' },
	{ "user", required_argument, NULL, 'u' },    { "only", required_argument, NULL, 'O' },
	{ "seconds", required_argument, NULL, 's' }, { "log", required_argument, NULL, 'l' },
	{ "list", no_argument, NULL, 'L' },          { 0 },
};

struct sweep {
	struct world world;
	const struct scenario *scenario;
	const char *only;
	int seconds;
	bool list;
	FILE *log;
	size_t tried, survived, missed;
};

/* One run of the scenario's command, after what comes before it. NULL, or what was wrong. */
static const char *one(struct sweep *s, struct trace *t, struct attempt *a)
{
	struct world *w = &s->world;
	const char *wrong = NULL;
	struct command c;

	world_clear(w);
	*a = (struct attempt){ .world = w, .trace = t };
	for (size_t i = 0; !wrong && i < 4 && s->scenario->before[i]; i++)
		if (world_run(w, s->scenario->before[i]) != 0)
			wrong = "what comes before it fails";
	if (!wrong && s->scenario->prepare)
		wrong = s->scenario->prepare(a);
	if (!wrong) {
		a->before = world_children();
		if (s->scenario->with_init)
			(void)world_state(w, &t->also);
		world_command(w, s->scenario->command, &c);
		trace_run(&c, t);
		world_close(&c);
		world_read_said(w);
		snprintf(a->said, sizeof(a->said), "%s", said);
		a->code = world_exit_code(t->status);
		wrong = attempt_judge(a, s->scenario);
	}
	const int code = world_run(w, "delete --force @C");
	if (code != 0 && !wrong)
		wrong = "delete --force fails";
	const int64_t end = world_now_ms() + 2000;
	const char *left = NULL;
	while ((left = world_left(w)) && world_now_ms() < end)
		world_nap();
	if (left)
		world_remove_cgroups(w);
	return wrong ? wrong : left;
}

static void report(struct sweep *s, const struct point *p, const struct attempt *a,
		   const char *wrong)
{
	char name[128], line[4096];

	point_name(p, name, sizeof(name));
	snprintf(line, sizeof(line), "%.4000s", a->said);
	for (char *at = line; (at = strchr(at, '\n'));)
		*at = ' ';
	if (s->log) {
		fprintf(s->log, "%s\t%s\t%d\t%s\t%s\n", name, wrong ? wrong : "ok", a->code, line,
			a->trace->reached ? "" : "not reached");
		fflush(s->log);
	}
	if (wrong) {
		printf("# %s: %s\n#   exit status %d, it said: %s\n", name, wrong, a->code, line);
		for (char *at = said; (at = strchr(at, '\n'));)
			*at = ' ';
		if (said[0])
			printf("#   at last: %.400s\n", said);
	}
	fflush(stdout);
}

static void try(struct sweep *s, const struct point *p)
{
	struct trace t = { .point = p };
	struct attempt a;
	const char *wrong = one(s, &t, &a);

	s->tried++;
	s->survived += !wrong;
	s->missed += !t.reached;
	report(s, p, &a, wrong);
}

/* Twice without a failure: what differs then is not compared later. */
static void count(struct sweep *s, struct points *out)
{
	struct trace t = { 0 };
	struct attempt a;

	for (int i = 0; i < 2; i++) {
		free(t.calls.v);
		t = (struct trace){ 0 };
		const char *wrong = one(s, &t, &a);
		if (wrong)
			errx(1, "%s: without a failure: %s; it said: %s; at last: %s",
			     s->scenario->name, wrong, a.said, said);
	}
	for (size_t i = 0; i < t.calls.n; i++)
		points_at(out, t.calls.v[i].role, t.calls.v[i].call, t.calls.v[i].nth);
	free(t.calls.v);
}

/* All of them, or a part that is spread over all: in steps that are coprime to their number. */
static void try_all(struct sweep *s, const struct points *all)
{
	const int64_t end = s->seconds ? world_now_ms() + s->seconds * 1000LL : INT64_MAX;
	size_t step = s->seconds ? all->n * 382 / 1000 + 1 : 1;

	for (size_t a = step, b = all->n; s->seconds && b != 1;) {
		const size_t rest = a % b;
		a = b;
		b = rest;
		if (!b) {
			if (a == 1)
				break;
			a = ++step;
			b = all->n;
		}
	}
	for (size_t i = 0, at = 0; i < all->n && world_now_ms() < end; i++) {
		try(s, &all->v[at]);
		at = (at + step) % all->n;
	}
}

static int run(struct sweep *s)
{
	struct points all = { 0 };
	struct point only;
	char name[128];

	world_begin(&s->world);
	if (world_left(&s->world))
		errx(2, "not begun, and there is %s", world_left(&s->world));
	count(s, &all);
	if (s->only) {
		if (!point_parse(s->only, &only))
			errx(2, "%s is no point", s->only);
		try(s, &only);
	}
	for (size_t i = 0; s->list && i < all.n; i++)
		printf("%s\n", point_name(&all.v[i], name, sizeof(name)));
	if (s->list)
		return 0;
	const int64_t begin = world_now_ms();
	if (!s->only)
		try_all(s, &all);
	printf("%zu points, %zu tried, %zu survived, %zu not reached, %.1f a second\n", all.n,
	       s->tried, s->survived, s->missed,
	       1000.0 * (double)s->tried / (double)(world_now_ms() - begin + 1));
	return s->tried == s->survived ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct sweep s = { .world = { .options = "" } };

	for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;)
		switch (o) {
		case 'p': s.world.program = optarg; break;
		case 'd': s.world.directory = optarg; break;
		case 'o': s.world.options = optarg; break;
		case 'f': s.world.foreign = optarg; break;
		case 'u': s.world.user = (uid_t)atoi(optarg); break;
		case 'O': s.only = optarg; break;
		case 's': s.seconds = atoi(optarg); break;
		case 'l': s.log = fopen(optarg, "ae"); break;
		case 'L': s.list = true; break;
		default: return 2;
		}
	if (optind != argc - 1 || !s.world.program || !s.world.directory)
		errx(2, "usage: sweep --program FILE --directory DIR [OPTION...] SCENARIO");
	s.scenario = scenario_find(argv[optind]);
	if (!s.scenario)
		errx(2, "no such scenario: %s", argv[optind]);
	signal(SIGPIPE, SIG_IGN);
	return run(&s);
}
