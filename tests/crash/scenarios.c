/* See scenarios.h. */
#include "tests/crash/scenarios.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* All that the payload can see of itself: what a half success would change. */
#define REPORT \
	"ids caps process rlimits signals env fds cwd umask tty host cgroup mounts net say end"

static bool is_kill(const struct attempt *a)
{
	return a->trace->point && a->trace->point->error == POINT_KILL && a->trace->reached;
}

static bool is_parents(const struct attempt *a)
{
	return !strcmp(a->trace->point->role, "parent");
}

static bool parent_killed(const struct attempt *a)
{
	return is_kill(a) && is_parents(a);
}

static bool other_killed(const struct attempt *a)
{
	return is_kill(a) && !parent_killed(a);
}

/* --- comparing with what is without a failure ------------------------------------------------ */

struct known {
	int times;
	char text[TEXT_MAX];
	char mask[2048]; /* of lines that differ by themselves */
};

static const char *line_at(const char **at, size_t *n)
{
	const char *begin = *at;

	*n = strcspn(begin, "\n");
	*at = begin + *n + (begin[*n] != 0);
	return begin;
}

/* A mount by its place, type and options: what it is called by is the host's where it is made from
 * the host's. */
static size_t without_source(const char *line, size_t n, char *out, size_t size)
{
	char place[512], type[64], source[512];
	int used = 0;

	if (strncmp(line, "mount=", 6) != 0 ||
	    sscanf(line, "%511s %63s %511s%n", place, type, source, &used) != 3)
		return (size_t)snprintf(out, size, "%.*s", (int)n, line);
	return (size_t)snprintf(out, size, "%s %s%.*s", place, type, (int)n - used, line + used);
}

/* NULL, or the first line that is another than it was in the first two runs. */
static const char *compare(struct known *k, const char *text)
{
	static char what[512], mine[4096], usual[4096];
	const char *a = k->text, *b = text;

	if (!k->times++) {
		snprintf(k->text, sizeof(k->text), "%s", text);
		return NULL;
	}
	for (size_t line = 0; (*a || *b) && line < sizeof(k->mask); line++) {
		size_t n, m;
		const char *x = line_at(&a, &n), *y = line_at(&b, &m);
		without_source(x, n, usual, sizeof(usual));
		without_source(y, m, mine, sizeof(mine));
		if (!strcmp(usual, mine) || k->mask[line])
			continue;
		k->mask[line] = k->times == 2;
		snprintf(what, sizeof(what), "it is not as usual: %.200s instead of %.200s", mine,
			 usual);
		if (k->times > 2)
			return what;
	}
	return NULL;
}

/* A passwd that may not be read is the image's affair; a device that init may not reach comes from
 * outside, as another mount; and a /sys that a user namespace may not make is the host's, with what
 * is mounted below. */
static bool is_tolerated(const struct attempt *a, const char *what)
{
	const struct point *p = a->trace->point;

	return p && (p->error == EACCES || p->error == EPERM) &&
	       (!strcmp(what, "it is not as usual: env=HOME=/ instead of env=HOME=/root") ||
		!strncmp(what, "it is not as usual: mount=/dev/", 31) ||
		!strncmp(what, "it is not as usual: mount=/sys/", 31));
}

static const char *report_is_usual(struct attempt *a)
{
	static struct known usual;
	static char text[TEXT_MAX];

	if (!world_report(a->world, text, sizeof(text)))
		return "it succeeded, but the program did not run";
	const char *wrong = compare(&usual, text);
	return wrong && is_tolerated(a, wrong) ? NULL : wrong;
}

static const char *limits_are_usual(struct attempt *a)
{
	static struct known usual;
	static char text[TEXT_MAX];

	world_limits(a->world, text, sizeof(text));
	return compare(&usual, text);
}

/* --- what holds after success ----------------------------------------------------------------- */

static const char *is_status(struct attempt *a, enum status wanted)
{
	static char what[128];

	if (a->status == wanted || (other_killed(a) && a->status == STOPPED))
		return NULL;
	snprintf(what, sizeof(what), "it succeeded, but the container is %s",
		 world_word(a->status));
	return what;
}

static const char *created(struct attempt *a)
{
	const char *wrong = is_status(a, CREATED);

	if (wrong || a->status == STOPPED)
		return wrong;
	wrong = limits_are_usual(a);
	if (wrong)
		return wrong;
	return world_run(a->world, "start @C") ? "it succeeded, but then start fails"
					       : report_is_usual(a);
}

static const char *runs(struct attempt *a)
{
	const char *wrong = is_status(a, RUNNING);

	if (wrong || a->status == STOPPED)
		return wrong;
	wrong = limits_are_usual(a);
	return wrong ? wrong : report_is_usual(a);
}

static const char *ran(struct attempt *a)
{
	return a->status == NO_CONTAINER ? report_is_usual(a)
					 : "it succeeded, but the container is still there";
}

static const char *gone(struct attempt *a)
{
	return a->status == NO_CONTAINER ? NULL : "it succeeded, but the container is still there";
}

static const char *unchanged(struct attempt *a)
{
	const char *wrong = is_status(a, RUNNING);

	/* A program that exec has begun before it was killed ends by itself. */
	for (int i = 0; !wrong && i < 1000 && world_children() != a->before; i++)
		world_nap();
	if (wrong)
		return wrong;
	return world_children() == a->before ? NULL
					     : "the container has other processes than before";
}

static const char *executed(struct attempt *a)
{
	const char *wrong = unchanged(a);

	return wrong ? wrong : report_is_usual(a);
}

static const char *paused(struct attempt *a)
{
	return is_status(a, PAUSED);
}

static const char *resumed(struct attempt *a)
{
	return is_status(a, RUNNING);
}

static const char *ended(struct attempt *a)
{
	for (int i = 0; i < 500 && a->status != STOPPED; i++) {
		world_nap();
		a->status = world_state(a->world, &a->pid);
	}
	return is_status(a, STOPPED);
}

/* --- update ----------------------------------------------------------------------------------- */

static char old_limits[TEXT_MAX], new_limits[TEXT_MAX];

static const char *know_old(struct attempt *a)
{
	world_limits(a->world, old_limits, sizeof(old_limits));
	return NULL;
}

static const char *updated(struct attempt *a)
{
	static char text[TEXT_MAX];

	world_limits(a->world, text, sizeof(text));
	if (!new_limits[0])
		snprintf(new_limits, sizeof(new_limits), "%s", text);
	return strcmp(text, new_limits) ? "it succeeded, but not all limits are new" : unchanged(a);
}

static const char *not_updated(struct attempt *a)
{
	static char text[TEXT_MAX];

	world_limits(a->world, text, sizeof(text));
	return strcmp(text, old_limits) ? "it failed, but not all limits are old" : NULL;
}

static const char *perhaps_updated(struct attempt *a)
{
	static char text[TEXT_MAX], line[8192];
	const char *at = text;

	world_limits(a->world, text, sizeof(text));
	while (*at) {
		size_t n;
		const char *begin = line_at(&at, &n);
		snprintf(line, sizeof(line), "%.*s\n", (int)n, begin);
		/* A list is written in pieces. */
		if (!strstr(old_limits, line) && !strstr(new_limits, line) &&
		    !strstr(line, "devices.list"))
			return "it was killed, and a limit is neither old nor new";
	}
	if (world_run(a->world, a->status == PAUSED ? "resume @C" : "state @C"))
		return "it was killed, and left a container that can't be resumed";
	if (world_run(a->world, "update --resources @T/resources.json @C"))
		return "it was killed, and can't be made again";
	world_limits(a->world, text, sizeof(text));
	return strcmp(text, new_limits) ? "it was killed, and made again, but not all is new"
					: NULL;
}

/* --- what holds after an error, or a kill ------------------------------------------------------- */

static const char *again(struct attempt *a, const char *command)
{
	static char what[256];

	if (world_run(a->world, command) == 0)
		return NULL;
	snprintf(what, sizeof(what), "afterwards it fails: %s", command);
	return what;
}

static const char *start_again(struct attempt *a)
{
	if (a->status != CREATED)
		return NULL;
	const char *wrong = again(a, "start @C");
	return wrong ? wrong : report_is_usual(a);
}

static const char *exec_again(struct attempt *a)
{
	const char *wrong = unchanged(a);

	return wrong ? wrong : again(a, "exec @C /bin/payload true");
}

static const char *pause_again(struct attempt *a)
{
	return again(a, a->status == PAUSED ? "resume @C" : "pause @C");
}

static const char *kill_again(struct attempt *a)
{
	return a->status == STOPPED ? NULL : again(a, "kill @C KILL");
}

static const char *delete_again(struct attempt *a)
{
	return again(a, "delete --force @C");
}

static const char *await_end(struct attempt *a)
{
	return ended(a);
}

/* --- the table ---------------------------------------------------------------------------------- */

#define CREATE "create --bundle @B --pid-file @T/pid @O @C"

static const struct scenario scenarios[] = {
	{ "create", { NULL }, NULL, CREATE, false, true, NO_CONTAINER, created, NULL, start_again },
	{ "run",
	  { NULL },
	  NULL,
	  "run --bundle @E --pid-file @T/pid @O @C",
	  false,
	  true,
	  NO_CONTAINER,
	  ran,
	  NULL,
	  NULL },
	{ "run-detached",
	  { NULL },
	  NULL,
	  "run --detach --bundle @B @O @C",
	  false,
	  true,
	  NO_CONTAINER,
	  runs,
	  NULL,
	  NULL },
	{ "start",
	  { CREATE },
	  NULL,
	  "start @C",
	  true,
	  false,
	  CREATED,
	  runs,
	  start_again,
	  start_again },
	{ "exec",
	  { CREATE, "start @C" },
	  NULL,
	  "exec @C /bin/payload " REPORT,
	  false,
	  false,
	  RUNNING,
	  executed,
	  exec_again,
	  exec_again },
	{ "update",
	  { CREATE, "start @C" },
	  know_old,
	  "update --resources @T/resources.json @C",
	  false,
	  false,
	  RUNNING,
	  updated,
	  not_updated,
	  perhaps_updated },
	{ "pause",
	  { CREATE, "start @C" },
	  NULL,
	  "pause @C",
	  false,
	  false,
	  RUNNING,
	  paused,
	  pause_again,
	  pause_again },
	{ "resume",
	  { CREATE, "start @C", "pause @C" },
	  NULL,
	  "resume @C",
	  false,
	  false,
	  PAUSED,
	  resumed,
	  pause_again,
	  pause_again },
	{ "kill",
	  { CREATE, "start @C" },
	  NULL,
	  "kill @C KILL",
	  false,
	  false,
	  RUNNING,
	  ended,
	  kill_again,
	  kill_again },
	{ "delete",
	  { CREATE, "kill @C KILL" },
	  await_end,
	  "delete @C",
	  false,
	  false,
	  STOPPED,
	  gone,
	  delete_again,
	  delete_again },
	{ "delete-force",
	  { CREATE, "start @C" },
	  NULL,
	  "delete --force @C",
	  false,
	  false,
	  RUNNING,
	  gone,
	  delete_again,
	  delete_again },
	{ "state",
	  { CREATE, "start @C" },
	  NULL,
	  "state @C",
	  false,
	  false,
	  RUNNING,
	  unchanged,
	  unchanged,
	  unchanged },
	{ "list",
	  { CREATE, "start @C" },
	  NULL,
	  "list",
	  false,
	  false,
	  RUNNING,
	  unchanged,
	  unchanged,
	  unchanged },
	{ "ps",
	  { CREATE, "start @C" },
	  NULL,
	  "ps @C",
	  false,
	  false,
	  RUNNING,
	  unchanged,
	  unchanged,
	  unchanged },
};

const struct scenario *scenario_find(const char *name)
{
	for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++)
		if (!strcmp(scenarios[i].name, name))
			return &scenarios[i];
	return NULL;
}

/* --- what holds after everything ---------------------------------------------------------------- */

/* One line that begins with our name and says something after the colons, of what went wrong. */
static const char *speaks(const struct attempt *a)
{
	/* The C library's, before main(). */
	if (!strncmp(a->said, ": error while loading shared libraries: ", 40))
		return NULL;
	if (strncmp(a->said, "ocirun: ", 8) != 0)
		return "it failed without an error of its own";
	const char *colon = strstr(a->said + 8, ": ");
	if (!colon || strlen(colon) < 12 || strstr(a->said, "Success"))
		return "its error says nothing";
	/* What failed was another's: that it is not there any more is not why. */
	if (!is_parents(a) && (strstr(a->said, "talk to the container's init") ||
			       strstr(a->said, "write the uid_map")))
		return "its error is what came after the failure";
	return NULL;
}

/* What state says must become true soon: what was killed may still be ending. */
static const char *settle(struct attempt *a)
{
	const int64_t end = world_now_ms() + 2000;
	const char *untrue;

	for (;;) {
		a->status = world_state(a->world, &a->pid);
		untrue = world_untrue(a->world, a->status, a->pid);
		if (!untrue || world_now_ms() > end)
			return untrue;
		world_nap();
	}
}

/* Killed after its last word, "executing": for all that anybody can tell, it was the program. */
static bool program_killed(const struct attempt *a)
{
	if (!other_killed(a) || a->code != 128 + SIGKILL || a->said[0])
		return false;
	const char *call = point_call(a->trace->point->call);
	return !strcmp(call, "execve") || !strcmp(call, "seccomp");
}

const char *attempt_judge(struct attempt *a, const struct scenario *s)
{
	const char *wrong;

	if (a->trace->trouble[0])
		return a->trace->trouble;
	if (a->code == -1)
		return "it hangs";
	if (WIFSIGNALED(a->trace->status) && !parent_killed(a))
		return "it crashed";
	if (a->code > 0 && !parent_killed(a) && !program_killed(a) && (wrong = speaks(a)))
		return wrong;
	if ((wrong = settle(a)))
		return wrong;
	if (parent_killed(a))
		return s->killed ? s->killed(a) : NULL;
	if (a->code == 0)
		return s->succeeded(a);
	if (s->creates && a->status != NO_CONTAINER)
		return "it failed, but there is a container";
	if (s->creates && (wrong = world_left(a->world)))
		return wrong;
	return s->failed ? s->failed(a) : NULL;
}
