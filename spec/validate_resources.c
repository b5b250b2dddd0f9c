/*
 * The rules of linux.resources: of config.json, and of the resources.json that update reads, where
 * the places have no prefix. What the kernel refuses by itself with an error that names the file is
 * left to it.
 */
#include "spec/validate.h"

#include <string.h>

static void validate_device_rule(const struct spec_device_rule *d, const char *place,
				 struct error *e)
{
	if (d->type && strcmp(d->type, "a") != 0 && strcmp(d->type, "b") != 0 &&
	    strcmp(d->type, "c") != 0)
		error_add(e, AT("%s.type", place),
			  "unknown device type \"%.80s\", expected \"a\", \"b\" or \"c\"", d->type);
	if (d->access && strspn(d->access, "rwm") != strlen(d->access))
		error_add(e, AT("%s.access", place),
			  "\"%.80s\" has other letters than \"r\", \"w\" and \"m\"", d->access);
	/* -1 is what other runtimes take for "all", beside leaving it out. */
	if (d->major && (*d->major < -1 || *d->major > UINT32_MAX))
		error_add(e, AT("%s.major", place), "%lld is out of range", (long long)*d->major);
	if (d->minor && (*d->minor < -1 || *d->minor > UINT32_MAX))
		error_add(e, AT("%s.minor", place), "%lld is out of range", (long long)*d->minor);
}

static void validate_memory(const struct spec_memory *m, const char *prefix, struct error *e)
{
	const struct {
		const char *name;
		const int64_t *value;
	} limits[] = {
		{ "limit", m->limit },   { "reservation", m->reservation }, { "swap", m->swap },
		{ "kernel", m->kernel }, { "kernelTCP", m->kernel_tcp },
	};

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		if (limits[i].value && *limits[i].value < -1)
			error_add(e, AT("%smemory.%s", prefix, limits[i].name),
				  "%lld is neither -1 nor a number of bytes",
				  (long long)*limits[i].value);
	if (m->swappiness && *m->swappiness > 100)
		error_add(e, AT("%smemory.swappiness", prefix), "%llu is out of range, 0 to 100",
			  (unsigned long long)*m->swappiness);
}

static void validate_cpu(const struct spec_cpu *c, const char *prefix, struct error *e)
{
	if (c->idle && (*c->idle < 0 || *c->idle > 1))
		error_add(e, AT("%scpu.idle", prefix), "%lld is neither 0 nor 1",
			  (long long)*c->idle);
	if (c->burst && c->quota && *c->quota > 0 && *c->burst > (uint64_t)*c->quota)
		error_add(e, AT("%scpu.burst", prefix), "%llu is more than quota, %lld",
			  (unsigned long long)*c->burst, (long long)*c->quota);
}

static void validate_block_io(const struct spec_block_io *b, const char *prefix, struct error *e)
{
	for (size_t i = 0; i < b->weight_device.n; i++)
		if (!b->weight_device.v[i].weight && !b->weight_device.v[i].leaf_weight)
			error_add(e, AT("%sblockIO.weightDevice[%zu]", prefix, i),
				  "needs weight or leafWeight");
}

/* "^[1-9][0-9]*[KMG]B$" of the schema. */
static bool page_size_valid(const char *s)
{
	size_t digits = strspn(s, "0123456789");

	return digits && *s != '0' && s[digits] && strchr("KMG", s[digits]) &&
	       strcmp(s + digits + 1, "B") == 0;
}

/* A file's name in the cgroup's directory, which is where it is written: no path. */
static bool unified_valid(const char *key)
{
	return *key && strcmp(key, ".") != 0 && strcmp(key, "..") != 0 && !strchr(key, '/');
}

/* In a frozen cgroup init would never get anywhere, and create would wait for it. */
static bool unified_stops(const struct pair *file)
{
	return strcmp(file->key, "cgroup.kill") == 0 ||
	       (strcmp(file->key, "cgroup.freeze") == 0 && strcmp(file->value, "0") != 0);
}

void validate_resources(const struct spec_resources *r, const char *prefix, struct error *e)
{
	for (size_t i = 0; i < r->devices.n; i++)
		validate_device_rule(&r->devices.v[i], AT("%sdevices[%zu]", prefix, i), e);
	if (r->memory)
		validate_memory(r->memory, prefix, e);
	if (r->cpu)
		validate_cpu(r->cpu, prefix, e);
	if (r->block_io)
		validate_block_io(r->block_io, prefix, e);
	for (size_t i = 0; i < r->hugepage_limits.n; i++)
		if (!page_size_valid(r->hugepage_limits.v[i].page_size))
			error_add(e, AT("%shugepageLimits[%zu].pageSize", prefix, i),
				  "\"%.80s\" is no page size, expected one such as \"2MB\"",
				  r->hugepage_limits.v[i].page_size);
	for (size_t i = 0; i < r->rdma.n; i++)
		if (!r->rdma.v[i].hca_handles && !r->rdma.v[i].hca_objects)
			error_add(e, AT("%srdma[\"%.80s\"]", prefix, r->rdma.v[i].key),
				  "needs hcaHandles or hcaObjects");
	for (size_t i = 0; i < r->unified.n; i++)
		if (!unified_valid(r->unified.v[i].key))
			error_add(e, AT("%sunified[\"%.80s\"]", prefix, r->unified.v[i].key),
				  "is no name of a cgroup file");
		else if (unified_stops(&r->unified.v[i]))
			error_add(e, AT("%sunified[\"%.80s\"]", prefix, r->unified.v[i].key),
				  "is no limit: it would stop the container before its start");
}
