/* See limits.h. */
#include "runtime/parent/limits.h"

#include "runtime/file.h"
#include "runtime/parent/container.h"
#include "spec/ranges.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

static bool must_rise(const struct spec_rlimit *r, struct rlimit *now)
{
	return getrlimit((__rlimit_resource_t)r->type, now) == 0 && r->hard > now->rlim_max;
}

bool limits_needed(const struct spec_process *p)
{
	struct rlimit now;

	for (size_t i = 0; p && i < p->rlimits.n; i++)
		if (must_rise(&p->rlimits.v[i], &now))
			return true;
	return p && p->oom_score_adj;
}

static int set_oom_score(pid_t pid, int value, struct error *e)
{
	char path[48], number[16];

	snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", pid);
	snprintf(number, sizeof(number), "%d", value);
	if (file_write_at(AT_FDCWD, path, number) == 0)
		return 0;
	error_set(e, errno, "set it to %d", value);
	error_in(e, "process.oomScoreAdj");
	return errno == EACCES ? error_hint(e, "lowering it needs CAP_SYS_RESOURCE on the host")
			       : -1;
}

int limits_raise(pid_t pid, const struct spec_process *p, struct error *e)
{
	struct rlimit now;

	if (p->oom_score_adj && set_oom_score(pid, *p->oom_score_adj, e) < 0)
		return -1;
	for (size_t i = 0; i < p->rlimits.n; i++) {
		const struct spec_rlimit *r = &p->rlimits.v[i];
		if (!must_rise(r, &now))
			continue;
		const struct rlimit raised = { now.rlim_cur, r->hard };
		if (prlimit(pid, (__rlimit_resource_t)r->type, &raised, NULL) < 0) {
			error_set(e, errno, "raise the hard limit of %s from %llu to %llu",
				  word_name(&words_rlimits, r->type),
				  (unsigned long long)now.rlim_max, (unsigned long long)r->hard);
			error_in(e, "process.rlimits[%zu].hard", i);
			return error_hint(e, "raising it needs CAP_SYS_RESOURCE on the host");
		}
	}
	return 0;
}

void limits_affinity_reset(void)
{
	struct ranges all;

	memset(&all, 0xff, sizeof(all));
	/* A host without any of these CPUs there is not. */
	(void)sched_setaffinity(0, sizeof(all.bits), (const cpu_set_t *)all.bits);
}

/* With --debug: "initial CPU affinity: 0x3". */
static void note_affinity(const char *name, const struct ranges *set)
{
	size_t i = sizeof(set->bits) / sizeof(set->bits[0]) - 1;
	char line[RANGES_CPU_MAX / 4 + 64];

	while (i && !set->bits[i])
		i--;
	int n = sprintf(line, "%s CPU affinity: 0x%llx", name, (unsigned long long)set->bits[i]);
	while (i--)
		n += sprintf(line + n, "%016llx", (unsigned long long)set->bits[i]);
	container_note(line);
}

int limits_affinity(pid_t pid, const char *cpus, const char *name, struct error *e)
{
	struct ranges set;

	if (!cpus)
		return 0;
	if (!ranges_read(cpus, RANGES_CPU_MAX, &set, name, e))
		return error_in(e, "process.execCPUAffinity");
	if (sched_setaffinity(pid, sizeof(set.bits), (const cpu_set_t *)set.bits) == 0) {
		note_affinity(name, &set);
		return 0;
	}
	error_set(e, errno, "bind the process to CPUs %.80s", cpus);
	error_in(e, "process.execCPUAffinity.%s", name);
	return e->code == EINVAL ? error_hint(e, "none of them is online and in its cpuset") : -1;
}
