/*
 * One row for each number: the file it is in, of cgroup v1 or v2, and its key there. Every row is
 * looked for in all of the container's cgroups, so it does not matter which version has which
 * controller; where both say it the later row counts. Lists have functions instead.
 */
#include "runtime/parent/stats.h"

#include "runtime/file.h"
#include "runtime/parent/cgroup.h"
#include "runtime/process.h"
#include "spec/ranges.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_MAX ((size_t)1 << 20)

char *stats_text(struct arena *a, const char *directory, const char *file)
{
	char path[4400], *text;

	snprintf(path, sizeof(path), "%s/%s", directory, file);
	CLEAN_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	return fd < 0 || file_read(fd, FILE_MAX, a, &text, NULL) < 0 ? NULL : text;
}

uint64_t stats_number(const char *text)
{
	return strncmp(text, "max", 3) ? strtoull(text, NULL, 10) : UINT64_MAX;
}

const char *stats_line(const char *line)
{
	line = strchr(line, '\n');
	return line && line[1] ? line + 1 : NULL;
}

const char *stats_value(const char *text, const char *key)
{
	size_t n = strlen(key);

	for (const char *line = text; line; line = stats_line(line))
		if (!strncmp(line, key, n) && line[n] == ' ')
			return line + n + 1;
	return NULL;
}

const char *stats_look(struct stats_files *l, const char *file)
{
	if (l->file && !strcmp(l->file, file))
		return l->text;
	l->file = file;
	l->text = NULL;
	for (size_t i = 0; i < l->record->cgroups.n; i++) {
		char *text = stats_text(l->arena, l->record->cgroups.v[i].path, file);
		if (text)
			l->text = l->text ? arena_printf(l->arena, "%s%s", l->text, text) : text;
	}
	return l->text;
}

struct source {
	const char *file;
	const char *key; /* NULL: the file is one number */
	uint16_t offset; /* of an uint64_t in struct stats */
	uint32_t factor;
};
#define AT(member) offsetof(struct stats, member)
#define TICK 10000000    /* nanoseconds of USER_HZ */
#define MICROSECOND 1000 /* in nanoseconds */

#define MEMORY_V1(member, prefix)                                                \
	{ prefix "limit_in_bytes", NULL, AT(memory.member.limit), 1 },           \
		{ prefix "usage_in_bytes", NULL, AT(memory.member.usage), 1 },   \
		{ prefix "max_usage_in_bytes", NULL, AT(memory.member.max), 1 }, \
	{                                                                        \
		prefix "failcnt", NULL, AT(memory.member.failcnt), 1             \
	}
#define MEMORY_V2(member, prefix)                                       \
	{ prefix "max", NULL, AT(memory.member.limit), 1 },             \
		{ prefix "current", NULL, AT(memory.member.usage), 1 }, \
		{ prefix "peak", NULL, AT(memory.member.max), 1 },      \
	{                                                               \
		prefix "events", "max", AT(memory.member.failcnt), 1    \
	}
#define CPUSET(member)                                        \
	{                                                     \
		"cpuset." #member, NULL, AT(cpuset.member), 1 \
	}

static const struct source sources[] = {
	{ "cpuacct.stat", "user", AT(cpu.usage.user), TICK },
	{ "cpuacct.stat", "system", AT(cpu.usage.kernel), TICK },
	{ "cpuacct.usage", NULL, AT(cpu.usage.total), 1 },
	{ "cpu.stat", "nr_periods", AT(cpu.throttling.periods), 1 },
	{ "cpu.stat", "nr_throttled", AT(cpu.throttling.throttled_periods), 1 },
	{ "cpu.stat", "throttled_time", AT(cpu.throttling.throttled_time), 1 },
	{ "cpu.stat", "throttled_usec", AT(cpu.throttling.throttled_time), MICROSECOND },
	{ "cpu.stat", "usage_usec", AT(cpu.usage.total), MICROSECOND },
	{ "cpu.stat", "user_usec", AT(cpu.usage.user), MICROSECOND },
	{ "cpu.stat", "system_usec", AT(cpu.usage.kernel), MICROSECOND },
	CPUSET(cpu_exclusive),
	CPUSET(mem_hardwall),
	CPUSET(mem_exclusive),
	CPUSET(memory_migrate),
	CPUSET(memory_spread_page),
	CPUSET(memory_spread_slab),
	CPUSET(memory_pressure),
	CPUSET(sched_load_balance),
	CPUSET(sched_relax_domain_level),
	{ "memory.stat", "cache", AT(memory.cache), 1 },
	{ "memory.stat", "file", AT(memory.cache), 1 },
	MEMORY_V1(usage, "memory."),
	MEMORY_V1(swap, "memory.memsw."),
	MEMORY_V1(kernel, "memory.kmem."),
	MEMORY_V1(kernel_tcp, "memory.kmem.tcp."),
	MEMORY_V2(usage, "memory."),
	MEMORY_V2(swap, "memory.swap."),
	{ "pids.current", NULL, AT(pids.current), 1 },
	{ "pids.max", NULL, AT(pids.limit), 1 },
};

static void read_numbers(struct stats_files *l, struct stats *out)
{
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		const struct source *s = &sources[i];
		const char *text = stats_look(l, s->file);
		uint64_t number;

		if (text && s->key)
			text = stats_value(text, s->key);
		if (!text)
			continue;
		number = stats_number(text);
		*(uint64_t *)((char *)out + s->offset) =
			number == UINT64_MAX ? number : number * s->factor;
	}
}

/* What the versions say in different ways. */
static void unify_memory(struct stats_files *l, struct stats_memory *m)
{
	/* v1 has no word for "no limit": it is the most that fits into its counter of pages. */
	struct stats_memory_entry *entries[] = { &m->usage, &m->swap, &m->kernel, &m->kernel_tcp };
	for (size_t i = 0; i < 4; i++)
		if (entries[i]->limit >= (uint64_t)INT64_MAX >> 16 << 16)
			entries[i]->limit = UINT64_MAX;
	/* v2 counts swap alone; its peak can't be added. */
	if (!stats_look(l, "memory.swap.current"))
		return;
	m->swap.usage += m->usage.usage;
	m->swap.max = 0;
	if (m->swap.limit != UINT64_MAX)
		m->swap.limit =
			m->usage.limit == UINT64_MAX ? UINT64_MAX : m->swap.limit + m->usage.limit;
}

/* "KEY NUMBER" lines. */
static void read_raw(struct stats_files *l, struct pairs *out)
{
	const char *text = stats_look(l, "memory.stat");
	char *copy = text ? arena_strdup(l->arena, text) : NULL, *line;
	size_t lines = 0;

	for (const char *c = copy; c && *c; c++)
		lines += *c == '\n';
	out->v = arena_array(l->arena, struct pair, lines + 1);
	while ((line = strsep(&copy, "\n"))) {
		char *value = strchr(line, ' ');

		if (!value || value[1 + strspn(value + 1, "0123456789")] || !value[1])
			continue;
		*value++ = 0;
		out->v[out->n++] = (struct pair){ line, value };
	}
}

/* Numbers between spaces. */
static void read_percpu(struct stats_files *l, const char *file, struct strings *out)
{
	const char *text = stats_look(l, file);
	char *copy = text ? arena_strdup(l->arena, text) : NULL, *word;

	if (!copy)
		return;
	out->v = arena_array(l->arena, char *, strlen(copy) / 2 + 2);
	while ((word = strsep(&copy, " \n")))
		if (*word && !word[strspn(word, "0123456789")])
			out->v[out->n++] = word;
}

/* A list of CPUs or memory nodes, "0-3,7", from the first of these files that is there. */
static void read_set(struct stats_files *l, const char *const files[], uint32_t most,
		     struct u32s *out)
{
	struct error ignored = ERROR_NONE;
	const char *text = NULL;
	struct ranges set;

	for (; *files && !text; files++)
		text = stats_look(l, *files);
	if (!text || !ranges_read(arena_strndup(l->arena, text, strcspn(text, "\n")), most, &set,
				  "", &ignored))
		return;
	out->v = arena_array(l->arena, uint32_t, most + 1);
	for (uint32_t n = 0; n <= most; n++)
		if (ranges_has(&set, n))
			out->v[out->n++] = n;
}

/* As the kernel writes it: a float of ours would have other digits. */
static char *average(const char *line, const char *key, struct arena *a)
{
	const char *at = line ? strstr(line, key) : NULL;
	const size_t n = at ? strspn(at += strlen(key), "0123456789.") : 0;

	return arena_strndup(a, n ? at : "0", n ? n : 1);
}

static void read_pressure_line(const char *text, const char *key, struct arena *a,
			       struct stats_pressure_line *out)
{
	const char *line = stats_value(text, key);
	const char *total = line ? strstr(line, "total=") : NULL;

	out->avg10 = average(line, "avg10=", a);
	out->avg60 = average(line, "avg60=", a);
	out->avg300 = average(line, "avg300=", a);
	out->total = total ? stats_number(total + strlen("total=")) : 0;
}

static struct stats_pressure *read_pressure(struct stats_files *l, const char *file)
{
	const char *text = stats_look(l, file);

	if (!text)
		return NULL;
	struct stats_pressure *p = arena_new(l->arena, struct stats_pressure);
	read_pressure_line(text, "some", l->arena, &p->some);
	read_pressure_line(text, "full", l->arena, &p->full);
	return p;
}

void stats_of_cgroups(const struct record *r, struct arena *a, struct stats *out)
{
	static const char *const cpus[] = { "cpuset.cpus.effective", "cpuset.effective_cpus",
					    "cpuset.cpus", NULL };
	static const char *const mems[] = { "cpuset.mems.effective", "cpuset.effective_mems",
					    "cpuset.mems", NULL };
	struct stats_files l = { .record = r, .arena = a };

	read_numbers(&l, out);
	unify_memory(&l, &out->memory);
	read_raw(&l, &out->memory.raw);
	read_percpu(&l, "cpuacct.usage_percpu", &out->cpu.usage.percpu);
	read_percpu(&l, "cpuacct.usage_percpu_sys", &out->cpu.usage.percpu_kernel);
	read_percpu(&l, "cpuacct.usage_percpu_user", &out->cpu.usage.percpu_user);
	read_set(&l, cpus, RANGES_CPU_MAX, &out->cpuset.cpus);
	read_set(&l, mems, RANGES_NODE_MAX, &out->cpuset.mems);
	stats_of_blkio(&l, &out->blkio);
	stats_of_huge_pages(&l, out);
	out->cpu.pressure = read_pressure(&l, "cpu.pressure");
	out->memory.pressure = read_pressure(&l, "memory.pressure");
	out->blkio.pressure = read_pressure(&l, "io.pressure");
	if (out->pids.limit == UINT64_MAX)
		out->pids.limit = 0;
	/* Without the controller they can still be counted. */
	if (!stats_look(&l, "pids.current")) {
		struct pids pids;
		cgroup_processes(r, a, &pids);
		out->pids.current = pids.n;
	}
}

/* The devices of the container's own network; with the host's they would say nothing of it. */
static void read_network(const struct record_process *init, struct arena *a, struct stats *out)
{
	struct stat ours, its;
	char path[40];

	snprintf(path, sizeof(path), "/proc/%d", init->pid);
	char *text = stats_text(a, path, "net/dev");
	snprintf(path, sizeof(path), "/proc/%d/ns/net", init->pid);
	if (text && stat(path, &its) == 0 && stat("/proc/self/ns/net", &ours) == 0 &&
	    its.st_ino != ours.st_ino && process_alive(init) > 0)
		stats_of_network(text, a, out);
}

void stats_read(const struct record *r, struct arena *a, struct stats *out)
{
	stats_of_cgroups(r, a, out);
	if (r->intel_rdt)
		stats_of_intel_rdt(r->intel_rdt, a, &out->intel_rdt);
	read_network(&r->init, a, out);
}
