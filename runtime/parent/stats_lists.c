/*
 * The lists among the statistics: a row for each block device, size of huge pages, network device
 * and NUMA node.
 */
#include "runtime/parent/stats.h"
#include "spec/number.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct stats_io *add_io(struct arena *a, stats_io_list *list)
{
	/* Few: devices times four. */
	if (!(list->n & (list->n - 1))) {
		struct stats_io *larger = arena_array(a, struct stats_io, 2 * list->n + 1);
		if (list->n)
			memcpy(larger, list->v, list->n * sizeof(*larger));
		list->v = larger;
	}
	return &list->v[list->n++];
}

static bool read_device(const char **at, struct stats_io *io)
{
	return number_next(at, &io->major) && *(*at)++ == ':' && number_next(at, &io->minor);
}

/* v1: lines "8:0 Read 4096" or "8:0 4096", and a last one "Total 4096" about all devices. */
static void add_io_v1(struct stats_files *l, const char *file, stats_io_list *out)
{
	const char *text = stats_look(l, file);

	for (const char *line = text; line; line = stats_line(line)) {
		struct stats_io io = { 0 };
		const char *at = line;

		if (!read_device(&at, &io) || *at++ != ' ')
			continue;
		const size_t n = strcspn(at, " \n0123456789");
		io.op = n ? arena_strndup(l->arena, at, n) : NULL;
		at += n;
		if (number_next(&at, &io.value))
			*add_io(l->arena, out) = io;
	}
}

/* v2: lines "8:0 rbytes=4096 wbytes=0 rios=1 …". */
static void add_io_v2(struct stats_files *l, const char *key, char *op, stats_io_list *out)
{
	const char *text = stats_look(l, "io.stat");

	for (const char *line = text; line; line = stats_line(line)) {
		struct stats_io io = { .op = op };
		const char *at = strstr(line, key), *end = strchr(line, '\n'), *begin = line;

		if (!at || (end && at > end) || !read_device(&begin, &io))
			continue;
		io.value = stats_number(at + strlen(key));
		*add_io(l->arena, out) = io;
	}
}

void stats_of_blkio(struct stats_files *l, struct stats_blkio *b)
{
	/* The first of these that has a line counts: of bfq, of the old cfq, of throttling. */
	static const char *const kinds[] = { "blkio.bfq.%s_recursive", "blkio.%s_recursive",
					     "blkio.throttle.%s_recursive", "blkio.throttle.%s" };
	const struct {
		const char *name;
		stats_io_list *list;
	} lists[] = {
		{ "io_service_bytes", &b->service_bytes },
		{ "io_serviced", &b->serviced },
		{ "io_queued", &b->queued },
		{ "io_service_time", &b->service_time },
		{ "io_wait_time", &b->wait_time },
		{ "io_merged", &b->merged },
		{ "time", &b->time },
		{ "sectors", &b->sectors },
	};

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		for (size_t k = 0; k < 4 && !lists[i].list->n; k++)
			add_io_v1(l, arena_printf(l->arena, kinds[k], lists[i].name),
				  lists[i].list);
	add_io_v2(l, " rbytes=", "Read", &b->service_bytes);
	add_io_v2(l, " wbytes=", "Write", &b->service_bytes);
	add_io_v2(l, " rios=", "Read", &b->serviced);
	add_io_v2(l, " wios=", "Write", &b->serviced);
}

/* "hugetlb.2MB.current", of v1 "hugetlb.2MB.usage_in_bytes": the size; NULL for another file. */
static char *huge_page_size(struct arena *a, const char *file)
{
	const char *end = strncmp(file, "hugetlb.", 8) ? NULL : strchr(file + 8, '.');

	if (!end || (strcmp(end, ".current") && strcmp(end, ".usage_in_bytes")))
		return NULL;
	return arena_strndup(a, file + 8, end - file - 8);
}

static void read_huge_page(struct stats_files *l, char *size, struct stats_hugetlb *out)
{
	const struct {
		const char *file;
		const char *key;
		uint64_t *number;
	} rows[] = {
		{ "usage_in_bytes", NULL, &out->usage }, { "max_usage_in_bytes", NULL, &out->max },
		{ "failcnt", NULL, &out->failcnt },      { "current", NULL, &out->usage },
		{ "events", "max", &out->failcnt },
	};

	out->key = size;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *text =
			stats_look(l, arena_printf(l->arena, "hugetlb.%s.%s", size, rows[i].file));
		if (text && rows[i].key)
			text = stats_value(text, rows[i].key);
		if (text)
			*rows[i].number = stats_number(text);
	}
}

#define SIZES_MAX 16 /* of huge pages: an architecture has a few */

void stats_of_huge_pages(struct stats_files *l, struct stats *out)
{
	out->hugetlb.v = arena_array(l->arena, struct stats_hugetlb, SIZES_MAX);
	for (size_t i = 0; i < l->record->cgroups.n; i++) {
		DIR *d = opendir(l->record->cgroups.v[i].path);

		for (struct dirent *entry; d && (entry = readdir(d));) {
			char *size = huge_page_size(l->arena, entry->d_name);
			if (size && out->hugetlb.n < SIZES_MAX)
				read_huge_page(l, size, &out->hugetlb.v[out->hugetlb.n++]);
		}
		if (d)
			closedir(d);
	}
}

/* Two lines of titles, then "  eth0: " and 8 numbers of what came in and 8 of what went out. */
void stats_of_network(const char *text, struct arena *a, struct stats *out)
{
	size_t lines = 0;

	for (const char *c = text; *c; c++)
		lines += *c == '\n';
	out->network.v = arena_array(a, struct stats_network, lines + 1);
	for (const char *line = text; line; line = stats_line(line)) {
		const char *name = line + strspn(line, " ");
		const size_t length = strcspn(name, ": \n");
		const char *at = name + length;
		uint64_t v[12];
		size_t n = 0;

		if (*at++ != ':' || !strncmp(name, "lo:", 3))
			continue;
		while (n < 12 && number_next(&at, &v[n]))
			n++;
		if (n == 12)
			out->network.v[out->network.n++] = (struct stats_network){
				.name = arena_strndup(a, name, length),
				.rx_bytes = v[0],
				.rx_packets = v[1],
				.rx_errors = v[2],
				.rx_dropped = v[3],
				.tx_bytes = v[8],
				.tx_packets = v[9],
				.tx_errors = v[10],
				.tx_dropped = v[11],
			};
	}
}

/* The line of schemata that is about a resource, without the spaces before it; NULL: none. */
static char *schema_line(struct arena *a, const char *text, const char *resource)
{
	size_t n = strlen(resource);

	for (const char *line = text; line; line = stats_line(line)) {
		line += strspn(line, " ");
		if (!strncmp(line, resource, n))
			return arena_strndup(a, line, strcspn(line, "\n"));
	}
	return NULL;
}

static uint64_t number_in(struct arena *a, const char *directory, const char *file)
{
	const char *text = stats_text(a, directory, file);

	return text ? stats_number(text) : 0;
}

static void read_l3_cache(const char *root, struct arena *a, struct stats_intel_rdt *out)
{
	const char *info = arena_printf(a, "%s/info/L3", root);
	char *mask = stats_text(a, info, "cbm_mask");

	if (!mask)
		return;
	mask[strcspn(mask, "\n")] = 0;
	out->l3_cache = arena_new(a, struct stats_l3_cache);
	out->l3_cache->cbm_mask = mask;
	out->l3_cache->min_cbm_bits = number_in(a, info, "min_cbm_bits");
	out->l3_cache->closids = number_in(a, info, "num_closids");
}

static void read_memory_bandwidth(const char *root, struct arena *a, struct stats_intel_rdt *out)
{
	const char *info = arena_printf(a, "%s/info/MB", root);

	if (!stats_text(a, info, "num_closids"))
		return;
	out->memory_bandwidth = arena_new(a, struct stats_memory_bandwidth);
	out->memory_bandwidth->granularity = number_in(a, info, "bandwidth_gran");
	out->memory_bandwidth->delay_linear = number_in(a, info, "delay_linear");
	out->memory_bandwidth->minimum = number_in(a, info, "min_bandwidth");
	out->memory_bandwidth->closids = number_in(a, info, "num_closids");
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* What is monitored: directories mon_data/mon_L3_00, mon_L3_01 …, one for each node. */
static void read_monitoring(const char *group, struct arena *a, struct stats_intel_rdt *out)
{
	const char *data = arena_printf(a, "%s/mon_data", group);
	struct dirent **nodes;
	int n = scandir(data, &nodes, NULL, by_name);

	if (n < 0)
		return;
	out->bandwidth.v = arena_alloc(a, n * sizeof(*out->bandwidth.v));
	out->occupancy.v = arena_alloc(a, n * sizeof(*out->occupancy.v));
	for (int i = 0; i < n; i++) {
		const char *node = arena_printf(a, "%s/%s", data, nodes[i]->d_name);

		if (stats_text(a, node, "mbm_total_bytes") ||
		    stats_text(a, node, "mbm_local_bytes"))
			out->bandwidth.v[out->bandwidth.n++] = (struct stats_bandwidth_node){
				number_in(a, node, "mbm_total_bytes"),
				number_in(a, node, "mbm_local_bytes"),
			};
		if (stats_text(a, node, "llc_occupancy"))
			out->occupancy.v[out->occupancy.n++].occupancy =
				number_in(a, node, "llc_occupancy");
		free(nodes[i]);
	}
	free(nodes);
}

void stats_of_intel_rdt(const struct record_intel_rdt *rdt, struct arena *a,
			struct stats_intel_rdt *out)
{
	const char *host = stats_text(a, rdt->root, "schemata");
	const char *own = stats_text(a, rdt->path, "schemata");

	read_l3_cache(rdt->root, a, out);
	if (out->l3_cache) {
		out->l3_cache_root = schema_line(a, host, "L3");
		out->l3_cache_schema = schema_line(a, own, "L3");
	}
	read_memory_bandwidth(rdt->root, a, out);
	if (out->memory_bandwidth) {
		out->memory_bandwidth_root = schema_line(a, host, "MB");
		out->memory_bandwidth_schema = schema_line(a, own, "MB");
	}
	read_monitoring(rdt->monitoring ? rdt->monitoring : rdt->path, a, out);
}
