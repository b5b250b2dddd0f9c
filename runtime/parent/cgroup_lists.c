/*
 * The fields of linux.resources that are lists, and blockIO.weight, which has a file for each I/O
 * scheduler.
 */
#include "runtime/parent/cgroup_resources.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* BFQ's file takes the specification's 10 to 1000; io.weight, of another scheduler, 1 to 10000. */
static unsigned io_weight(unsigned weight)
{
	return weight < 10 ? 1 : 1 + (weight - 10) * 9999 / 990;
}

/* One weight, of all devices or of one ("8:0 "). */
static void add_weight(struct limits *l, const char *field, const char *device, unsigned weight)
{
	const char *v1 = *device ? "blkio.weight_device" : "blkio.weight", *v2 = "io.bfq.weight";
	const struct plan_cgroup *home = limit_home(l, field, v1, v2);

	if (!home)
		return;
	char *value = arena_printf(l->arena, "%s%u", device, weight);
	struct plan_limit *limit = limit_add(l, home, field, home->unified ? v2 : v1, value);
	limit->other = arena_printf(l->arena, "%s/%s%s", home->path,
				    home->unified ? "io.weight" : "blkio.bfq.weight",
				    *device && !home->unified ? "_device" : "");
	limit->other_value =
		home->unified ? arena_printf(l->arena, "%s%u", device, io_weight(weight)) : value;
}

static void add_leaf_weight(struct limits *l, const char *field, const char *device,
			    unsigned weight)
{
	const char *v1 = *device ? "blkio.leaf_weight_device" : "blkio.leaf_weight";
	const struct plan_cgroup *home = limit_home(l, field, v1, NULL);

	if (home)
		limit_add(l, home, field, v1, arena_printf(l->arena, "%s%u", device, weight));
}

static void weights(struct limits *l, const struct spec_block_io *b)
{
	char field[96], device[48];

	if (b->weight && *b->weight)
		add_weight(l, "linux.resources.blockIO.weight", "", *b->weight);
	if (b->leaf_weight && *b->leaf_weight)
		add_leaf_weight(l, "linux.resources.blockIO.leafWeight", "", *b->leaf_weight);
	for (size_t i = 0; i < b->weight_device.n; i++) {
		const struct spec_weight_device *d = &b->weight_device.v[i];
		snprintf(device, sizeof(device), "%" PRId64 ":%" PRId64 " ", d->major, d->minor);
		snprintf(field, sizeof(field), "linux.resources.blockIO.weightDevice[%zu].%s", i,
			 "weight");
		if (d->weight && *d->weight)
			add_weight(l, field, device, *d->weight);
		snprintf(field, sizeof(field), "linux.resources.blockIO.weightDevice[%zu].%s", i,
			 "leafWeight");
		if (d->leaf_weight && *d->leaf_weight)
			add_leaf_weight(l, field, device, *d->leaf_weight);
	}
}

static void throttles(struct limits *l, const struct spec_block_io *b)
{
	const struct {
		const char *name, *v1, *key;
		const spec_throttle_list *list;
	} kinds[] = {
		{ "throttleReadBpsDevice", "blkio.throttle.read_bps_device", "rbps",
		  &b->throttle_read_bps_device },
		{ "throttleWriteBpsDevice", "blkio.throttle.write_bps_device", "wbps",
		  &b->throttle_write_bps_device },
		{ "throttleReadIOPSDevice", "blkio.throttle.read_iops_device", "riops",
		  &b->throttle_read_iops_device },
		{ "throttleWriteIOPSDevice", "blkio.throttle.write_iops_device", "wiops",
		  &b->throttle_write_iops_device },
	};
	char field[96];

	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
		for (size_t i = 0; i < kinds[k].list->n; i++) {
			const struct spec_throttle_device *d = &kinds[k].list->v[i];
			snprintf(field, sizeof(field), "linux.resources.blockIO.%s[%zu]",
				 kinds[k].name, i);
			const struct plan_cgroup *home =
				limit_home(l, field, kinds[k].v1, "io.max");
			if (!home)
				continue;
			const char *key = home->unified ? kinds[k].key : "";
			/* No rate is no limit; v1 says that as 0. */
			const char *rate = home->unified && !d->rate
						   ? "max"
						   : arena_printf(l->arena, "%" PRIu64, d->rate);
			limit_add(l, home, field, home->unified ? "io.max" : kinds[k].v1,
				  arena_printf(l->arena, "%" PRId64 ":%" PRId64 " %s%s%s", d->major,
					       d->minor, key, *key ? "=" : "", rate));
		}
}

/* What is used, and what is reserved without being used yet. */
static void hugepages(struct limits *l, const struct spec_resources *r)
{
	char field[96], old[96], new[96];

	for (size_t i = 0; i < r->hugepage_limits.n; i++) {
		const struct spec_hugepage_limit *h = &r->hugepage_limits.v[i];
		char *value = arena_printf(l->arena, "%" PRIu64, h->limit);
		snprintf(field, sizeof(field), "linux.resources.hugepageLimits[%zu]", i);
		for (int reserved = 0; reserved < 2; reserved++) {
			const char *middle = reserved ? ".rsvd" : "";
			snprintf(old, sizeof(old), "hugetlb.%.32s%s.limit_in_bytes", h->page_size,
				 middle);
			snprintf(new, sizeof(new), "hugetlb.%.32s%s.max", h->page_size, middle);
			const struct plan_cgroup *home = limit_home(l, field, old, new);
			if (!home)
				break;
			limit_add(l, home, field, home->unified ? new : old, value);
		}
	}
}

static void priorities(struct limits *l, const struct spec_network *n)
{
	static const char v1[] = "net_prio.ifpriomap";
	char field[96];

	for (size_t i = 0; i < n->priorities.n; i++) {
		snprintf(field, sizeof(field), "linux.resources.network.priorities[%zu]", i);
		const struct plan_cgroup *home = limit_home(l, field, v1, NULL);
		if (home)
			limit_add(l, home, field, v1,
				  arena_printf(l->arena, "%s %u", n->priorities.v[i].name,
					       n->priorities.v[i].priority));
	}
}

static char *rdma_number(struct limits *l, const char *key, const uint32_t *number)
{
	return number ? arena_printf(l->arena, " %s=%u", key, *number) : "";
}

static void rdma(struct limits *l, const struct spec_resources *r)
{
	static const char file[] = "rdma.max";
	char field[96];

	for (size_t i = 0; i < r->rdma.n; i++) {
		const struct spec_rdma *d = &r->rdma.v[i];
		snprintf(field, sizeof(field), "linux.resources.rdma[\"%.60s\"]", d->key);
		const struct plan_cgroup *home = limit_home(l, field, file, file);
		if (home)
			limit_add(l, home, field, file,
				  arena_printf(l->arena, "%s%s%s", d->key,
					       rdma_number(l, "hca_handle", d->hca_handles),
					       rdma_number(l, "hca_object", d->hca_objects)));
	}
}

static void add_unified(struct limits *l, const struct plan_cgroup *home, const char *field,
			const char *key, bool core, char *value)
{
	struct plan_limit *limit = limit_add(l, home, field, key, value);

	if (core)
		limit->controller = NULL;
}

/* Any file of cgroup v2; those that begin with "cgroup." need no controller. */
static void unified(struct limits *l, const struct spec_resources *r)
{
	char field[160];

	for (size_t i = 0; i < r->unified.n; i++) {
		const char *key = r->unified.v[i].key;
		const bool core = strncmp(key, "cgroup.", 7) == 0;
		const struct plan_cgroup *home = NULL;
		snprintf(field, sizeof(field), "linux.resources.unified[\"%.80s\"]", key);
		for (size_t j = 0; core && j < l->plan->cgroups.n; j++)
			if (l->plan->cgroups.v[j].unified)
				home = &l->plan->cgroups.v[j];
		if (!home)
			home = limit_home(l, field, NULL, key);
		if (!home)
			continue;
		char *value = r->unified.v[i].value;
		/* A line at a time, as of io.max, which takes one device. */
		for (char *end; (end = strchr(value, '\n')) && end[1]; value = end + 1)
			if (end > value)
				add_unified(l, home, field, key, core,
					    arena_strndup(l->arena, value, (size_t)(end - value)));
		add_unified(l, home, field, key, core, value);
	}
}

static size_t unified_max(const struct spec_resources *r)
{
	size_t n = r->unified.n;

	for (size_t i = 0; i < r->unified.n; i++)
		for (const char *at = r->unified.v[i].value; (at = strchr(at, '\n')); at++)
			n++;
	return n;
}

size_t limits_of_lists_max(const struct spec_resources *r)
{
	const struct spec_block_io *b = r->block_io;
	size_t n = 2 * r->hugepage_limits.n + r->rdma.n + unified_max(r);

	if (b)
		n += 2 + 2 * b->weight_device.n + b->throttle_read_bps_device.n +
		     b->throttle_write_bps_device.n + b->throttle_read_iops_device.n +
		     b->throttle_write_iops_device.n;
	return n + (r->network ? r->network->priorities.n : 0);
}

void limits_of_lists(struct limits *l, const struct spec_resources *r)
{
	if (r->block_io) {
		weights(l, r->block_io);
		throttles(l, r->block_io);
	}
	hugepages(l, r);
	if (r->network)
		priorities(l, r->network);
	rdma(l, r);
	/* Last: it has the last word. */
	unified(l, r);
}
