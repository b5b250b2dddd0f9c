/* `ocirun update`: change the limits of a container, given as options or as linux.resources. */
#include "cmd/command.h"
#include "runtime/file.h"
#include "spec/json.h"
#include "spec/words.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static struct options {
	const char *resources;
	const char *memory, *memory_reservation, *memory_swap, *kernel_memory, *kernel_memory_tcp;
	const char *cpu_period, *cpu_quota, *cpu_burst, *cpu_shares, *cpu_rt_period,
		*cpu_rt_runtime, *cpu_idle, *cpuset_cpus, *cpuset_mems;
	const char *pids_limit;
	const char *blkio_weight;
	const char *l3_cache_schema, *mem_bw_schema;
} options;

static const struct option rows[] = {
	OPTION('r', "resources", "FILE", struct options, resources,
	       "read linux.resources from FILE, or from standard input if it is -;\n"
	       "then no other option but those of resctrl"),
	OPTION('m', "memory", "BYTES", struct options, memory, "memory, at most"),
	OPTION(0, "memory-reservation", "BYTES", struct options, memory_reservation,
	       "memory that is left to it when the host has little"),
	OPTION(0, "memory-swap", "BYTES", struct options, memory_swap,
	       "memory and swap together, at most"),
	OPTION(0, "kernel-memory", "BYTES", struct options, kernel_memory,
	       "what the kernel holds for it, at most (Linux has no such limit any more)"),
	OPTION(0, "kernel-memory-tcp", "BYTES", struct options, kernel_memory_tcp,
	       "what the kernel buffers for it, at most (cgroup v1)"),
	OPTION(0, "cpu-period", "USEC", struct options, cpu_period,
	       "the time in which cpu-quota may be used once"),
	OPTION(0, "cpu-quota", "USEC", struct options, cpu_quota, "CPU time in each such period"),
	OPTION(0, "cpu-burst", "USEC", struct options, cpu_burst,
	       "quota that may be saved for later periods"),
	OPTION(0, "cpu-share", "N", struct options, cpu_shares,
	       "weight against other containers, 2 to 262144"),
	OPTION(0, "cpu-shares", "N", struct options, cpu_shares, NULL),
	OPTION(0, "cpu-rt-period", "USEC", struct options, cpu_rt_period,
	       "cpu-period for realtime processes (cgroup v1)"),
	OPTION(0, "cpu-rt-runtime", "USEC", struct options, cpu_rt_runtime,
	       "cpu-quota for realtime processes (cgroup v1)"),
	OPTION(0, "cpu-idle", "0|1", struct options, cpu_idle, "run only when nobody else would"),
	OPTION(0, "cpuset-cpus", "LIST", struct options, cpuset_cpus, "CPUs to use, 0-2,7"),
	OPTION(0, "cpuset-mems", "LIST", struct options, cpuset_mems, "memory nodes to use"),
	OPTION(0, "pids-limit", "N", struct options, pids_limit, "processes, at most"),
	OPTION(0, "blkio-weight", "N", struct options, blkio_weight,
	       "weight of its block I/O, 10 to 1000"),
	OPTION(0, "l3-cache-schema", "SCHEMA", struct options, l3_cache_schema,
	       "its share of the L3 cache, as resctrl writes it"),
	OPTION(0, "mem-bw-schema", "SCHEMA", struct options, mem_bw_schema,
	       "its share of the memory bandwidth"),
	{ 0 },
};

enum kind { SIZE = 1, SIGNED, UNSIGNED, WEIGHT, TEXT };

#define VALUE(name, text, kind, group, member)                                              \
	name, offsetof(struct options, text), kind, offsetof(struct spec_resources, group), \
		sizeof(struct spec_##group), offsetof(struct spec_##group, member)

/* The options that are one field of linux.resources. */
static const struct value {
	const char *name;
	size_t text;
	enum kind kind;
	size_t group, group_size, member;
} values[] = {
	{ VALUE("memory", memory, SIZE, memory, limit) },
	{ VALUE("memory-reservation", memory_reservation, SIZE, memory, reservation) },
	{ VALUE("memory-swap", memory_swap, SIZE, memory, swap) },
	{ VALUE("kernel-memory", kernel_memory, SIZE, memory, kernel) },
	{ VALUE("kernel-memory-tcp", kernel_memory_tcp, SIZE, memory, kernel_tcp) },
	{ VALUE("cpu-period", cpu_period, UNSIGNED, cpu, period) },
	{ VALUE("cpu-quota", cpu_quota, SIGNED, cpu, quota) },
	{ VALUE("cpu-burst", cpu_burst, UNSIGNED, cpu, burst) },
	{ VALUE("cpu-share", cpu_shares, UNSIGNED, cpu, shares) },
	{ VALUE("cpu-rt-period", cpu_rt_period, UNSIGNED, cpu, realtime_period) },
	{ VALUE("cpu-rt-runtime", cpu_rt_runtime, SIGNED, cpu, realtime_runtime) },
	{ VALUE("cpu-idle", cpu_idle, SIGNED, cpu, idle) },
	{ VALUE("cpuset-cpus", cpuset_cpus, TEXT, cpu, cpus) },
	{ VALUE("cpuset-mems", cpuset_mems, TEXT, cpu, mems) },
	{ VALUE("pids-limit", pids_limit, SIGNED, pids, limit) },
	{ VALUE("blkio-weight", blkio_weight, WEIGHT, block_io, weight) },
};
#define VALUES (sizeof(values) / sizeof(values[0]))

static const char *text_of(const struct value *v)
{
	return *(const char *const *)((const char *)&options + v->text);
}

/* Digits, and a sign where one is allowed. */
static bool read_number(const char *text, bool negative, int64_t *out)
{
	const char *digits = text + (negative && *text == '-');
	const size_t n = strlen(digits);

	errno = 0;
	*out = strtoll(text, NULL, 10);
	return n && strspn(digits, "0123456789") == n && !errno;
}

/* -1, or bytes as runc takes them: 512m, 1.5g, 64 KiB; a unit is a power of 1024. */
static bool read_size(const char *text, int64_t *out)
{
	static const char units[] = "bkmgtp";
	const size_t digits = strspn(text, "0123456789.");
	const char *end = text + digits + (text[digits] == ' ');
	unsigned __int128 number = 0, parts = 1; /* 20 digits and a unit fit */

	*out = -1;
	if (!strcmp(text, "-1"))
		return true;
	if (*text < '0' || *text > '9' || digits > 20)
		return false;
	for (const char *at = text, *point = NULL; at < text + digits; at++) {
		if (*at == '.' && point)
			return false;
		if (*at == '.') {
			point = at;
			continue;
		}
		number = number * 10 + (unsigned)(*at - '0');
		parts *= point ? 10 : 1;
	}
	const char *unit = *end ? strchr(units, *end | 0x20) : units;
	if (!unit ||
	    (*end && end[1] && !words_same(end + 1, "b", SIZE_MAX) &&
	     !words_same(end + 1, "ib", SIZE_MAX)) ||
	    (unit == units && *end && end[1]))
		return false;
	number = (number << 10 * (unit - units)) / parts;
	*out = (int64_t)number;
	return number <= INT64_MAX;
}

static int set_value(const struct value *v, struct arena *a, struct spec_resources *r,
		     struct error *e)
{
	char **group = (char **)((char *)r + v->group);
	const char *text = text_of(v);
	int64_t n = 0;

	if (v->kind == SIZE && !read_size(text, &n)) {
		error_set(e, 0, "--%s: \"%s\" is no number of bytes", v->name, text);
		return error_hint(e, "numbers may end in b, k, m or g; -1 is no limit");
	}
	if ((v->kind == SIGNED || v->kind == UNSIGNED || v->kind == WEIGHT) &&
	    (!read_number(text, v->kind == SIGNED, &n) || (v->kind == WEIGHT && n > UINT16_MAX)))
		return error_set(e, 0, "--%s: \"%s\" is no number%s", v->name, text,
				 v->kind == WEIGHT ? " from 10 to 1000" : "");
	if (!*group)
		*group = arena_alloc(a, v->group_size);
	/* A field is a pointer, NULL when it is absent. */
	void **field = (void **)(*group + v->member);
	if (v->kind == TEXT) {
		*field = arena_strdup(a, text);
	} else if (v->kind == WEIGHT) {
		*field = arena_alloc(a, sizeof(uint16_t));
		*(uint16_t *)*field = (uint16_t)n;
	} else {
		*field = arena_alloc(a, sizeof(n));
		memcpy(*field, &n, sizeof(n));
	}
	return 0;
}

static int read_document(struct arena *a, struct spec_resources *r, struct error *e)
{
	const bool from_input = !strcmp(options.resources, "-");
	const char *name = from_input ? "standard input" : options.resources;
	size_t length;
	char *text;

	CLEAN_FD file =
		from_input ? dup(STDIN_FILENO) : open(options.resources, O_RDONLY | O_CLOEXEC);
	if (file < 0 || file_read(file, JSON_SIZE_MAX, a, &text, &length) < 0) {
		error_set(e, errno, "read %s", name);
		return error_in(e, "--resources");
	}
	return json_read(&spec_resources_table, r, text, length, a, NULL, e) < 0 ||
			       spec_validate_resources(r, e) < 0
		       ? error_context(e, "%s", name)
		       : 0;
}

static int check(const struct invocation *in, struct error *e)
{
	(void)in;
	for (size_t i = 0; options.resources && i < VALUES; i++)
		if (text_of(&values[i]))
			return error_set(e, 0,
					 "--%s: not together with --resources, which says all",
					 values[i].name);
	return 0;
}

static int run(struct invocation *in, struct error *e)
{
	struct spec_resources resources = { 0 };

	if (options.resources && read_document(in->arena, &resources, e) < 0)
		return -1;
	for (size_t i = 0; i < VALUES; i++)
		if (text_of(&values[i]) && set_value(&values[i], in->arena, &resources, e) < 0)
			return -1;
	if (!options.resources && spec_validate_resources(&resources, e) < 0)
		return -1;
	return container_update(&(struct update_options){ .root = in->root,
							  .id = in->args.v[0],
							  .resources = &resources,
							  .l3_cache_schema =
								  options.l3_cache_schema,
							  .mem_bw_schema = options.mem_bw_schema },
				e);
}

const struct command command_update = {
	.name = "update",
	.arguments = "ID",
	.summary = "change the limits of a container",
	.details =
		"BYTES may end in b, k, m or g; -1 is no limit. What is not named stays as it is. All\n"
		"of it is changed, or nothing.\n",
	.examples = "ocirun update --memory 512m --pids-limit 100 c1\n"
		    "ocirun update --resources resources.json c1\n"
		    "echo '{\"cpu\": {\"quota\": 50000}}' | ocirun update --resources - c1\n",
	.options = rows,
	.target = &options,
	.arena = ARENA_DOCUMENTS,
	.uses_state = true,
	.check = check,
	.run = run,
};
