/*
 * The rules of the `linux` object, config-linux.md; those of its resources and of seccomp have
 * files of their own.
 */
#include "spec/ranges.h"
#include "spec/validate.h"

#include <linux/mempolicy.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/stat.h>

#define INTERFACE_NAME_MAX 15 /* IFNAMSIZ without its NUL */
#define MAJOR_MAX 0xfff       /* the kernel's dev_t has 12 and 20 bits */
#define MINOR_MAX 0xfffff

uint64_t spec_namespaces(const struct spec_linux *l)
{
	uint64_t all = 0;

	for (size_t i = 0; i < l->namespaces.n; i++)
		all |= l->namespaces.v[i].type;
	return all;
}

static void validate_namespaces(const struct spec_linux *l, struct error *e)
{
	uint64_t seen = 0;

	for (size_t i = 0; i < l->namespaces.n; i++) {
		const struct spec_namespace *n = &l->namespaces.v[i];

		if (seen & n->type)
			error_add(e, AT("linux.namespaces[%zu].type", i), "\"%s\" is there twice",
				  word_name(&words_namespaces, n->type));
		seen |= n->type;
		if (n->path && n->path[0] != '/')
			error_add(e, AT("linux.namespaces[%zu].path", i),
				  "\"%.80s\" is not absolute", n->path);
	}
}

/* Neither: the runtime knows whether there is something to map by itself. With a joined user
 * namespace: it has its maps, and the runtime compares. */
static void validate_user_namespace(const struct spec_linux *l, struct error *e)
{
	if (!l->uid_mappings.n != !l->gid_mappings.n && spec_namespaces(l) & CLONE_NEWUSER)
		error_add(e, l->uid_mappings.n ? "linux.gidMappings" : "linux.uidMappings",
			  "is required because %s is there",
			  l->uid_mappings.n ? "uidMappings" : "gidMappings");
	validate_mappings(&l->uid_mappings, "linux.uidMappings", e);
	validate_mappings(&l->gid_mappings, "linux.gidMappings", e);
}

static void validate_number(const int64_t *number, const char *place, int64_t most, struct error *e)
{
	if (!number)
		error_add(e, place, "is required for a device of this type");
	else if (*number < 0 || *number > most)
		error_add(e, place, "%lld is out of range, 0 to %lld", (long long)*number,
			  (long long)most);
}

static void validate_device(const struct spec_device *d, size_t i, struct error *e)
{
	if (d->path[0] != '/')
		error_add(e, AT("linux.devices[%zu].path", i), "\"%.80s\" is not absolute",
			  d->path);
	if (path_has(d->path, ".."))
		error_add(e, AT("linux.devices[%zu].path", i), "\"%.80s\" has a \"..\"", d->path);
	if (d->type != S_IFIFO) {
		validate_number(d->major, AT("linux.devices[%zu].major", i), MAJOR_MAX, e);
		validate_number(d->minor, AT("linux.devices[%zu].minor", i), MINOR_MAX, e);
	}
	/* Docker puts the type's bits of stat(2) into the mode. */
	if (d->file_mode && (*d->file_mode & ~07777u) && (*d->file_mode & ~07777u) != d->type)
		error_add(e, AT("linux.devices[%zu].fileMode", i),
			  "%u is more than 4095, which is 07777", *d->file_mode);
	if (d->uid && *d->uid == UINT32_MAX)
		error_add(e, AT("linux.devices[%zu].uid", i), "%u is no user id", *d->uid);
	if (d->gid && *d->gid == UINT32_MAX)
		error_add(e, AT("linux.devices[%zu].gid", i), "%u is no group id", *d->gid);
}

/* What the kernel's dev_valid_name() takes. */
static bool interface_valid(const char *name)
{
	size_t n = strlen(name);

	return n && n <= INTERFACE_NAME_MAX && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
	       strcspn(name, "/: \t\n\v\f\r") == n;
}

/* config-linux.md: "eth%d" lets the kernel number it; only at the end, and only that. */
static bool template_valid(const char *name)
{
	const char *percent = strchr(name, '%');

	return !percent || strcmp(percent, "%d") == 0;
}

static void validate_net_devices(const struct spec_linux *l, struct error *e)
{
	for (size_t i = 0; i < l->net_devices.n; i++) {
		const struct spec_net_device *d = &l->net_devices.v[i];
		const char *inside = d->name ? d->name : d->key;

		if (!interface_valid(d->key))
			error_add(e, AT("linux.netDevices[\"%.80s\"]", d->key),
				  "is no name of a network interface");
		if (d->name && !interface_valid(d->name))
			error_add(e, AT("linux.netDevices[\"%.80s\"].name", d->key),
				  "\"%.80s\" is no name of a network interface", d->name);
		else if (d->name && !template_valid(d->name))
			error_add(e, AT("linux.netDevices[\"%.80s\"].name", d->key),
				  "\"%.80s\" has a %% that is not the %%d of a template at its end",
				  inside);
		/* A handful of interfaces at most; beyond that the kernel will find a name that is
		 * taken. */
		for (size_t j = 0; j < i && i < 64; j++) {
			const struct spec_net_device *other = &l->net_devices.v[j];
			if (!strchr(inside, '%') &&
			    strcmp(inside, other->name ? other->name : other->key) == 0)
				error_add(e, AT("linux.netDevices[\"%.80s\"].name", d->key),
					  "\"%.80s\" is taken by linux.netDevices[\"%.80s\"]",
					  inside, other->key);
		}
	}
}

static void validate_offset(const struct spec_time_offset *o, const char *clock, struct error *e)
{
	if (o && o->nanosecs >= 1000000000)
		error_add(e, AT("linux.timeOffsets.%s.nanosecs", clock),
			  "%u is out of range, 0 to 999999999", o->nanosecs);
}

static void validate_offsets(const struct spec_linux *l, struct error *e)
{
	const struct spec_time_offsets *t = l->time_offsets;

	validate_offset(t->boottime, "boottime", e);
	validate_offset(t->monotonic, "monotonic", e);
	for (size_t i = 0; (t->boottime || t->monotonic) && i < l->namespaces.n; i++)
		if (l->namespaces.v[i].type == CLONE_NEWTIME && l->namespaces.v[i].path)
			error_add(e, "linux.timeOffsets",
				  "linux.namespaces[%zu] has a path: the clocks of a time "
				  "namespace are set when it is made",
				  i);
}

static void validate_paths(const struct strings *paths, const char *place, struct error *e)
{
	for (size_t i = 0; i < paths->n; i++)
		if (paths->v[i][0] != '/')
			error_add(e, AT("%s[%zu]", place, i), "\"%.80s\" is not absolute",
				  paths->v[i]);
}

static void validate_rdt(const struct spec_intel_rdt *r, struct error *e)
{
	const char *id = r->clos_id;

	/* "/" alone is the default class. */
	if (id && strcmp(id, "/") != 0 &&
	    (strcmp(id, ".") == 0 || strcmp(id, "..") == 0 || strpbrk(id, "/\n")))
		error_add(e, "linux.intelRdt.closID", "\"%.80s\" is no name of a directory", id);
	for (size_t i = 0; i < r->schemata.n; i++)
		if (!r->schemata.v[i][0] || strchr(r->schemata.v[i], '\n'))
			error_add(e, AT("linux.intelRdt.schemata[%zu]", i),
				  "\"%.80s\" is not one line", r->schemata.v[i]);
	if (r->mem_bw_schema &&
	    (strncmp(r->mem_bw_schema, "MB:", 3) != 0 || strchr(r->mem_bw_schema, '\n')))
		error_add(e, "linux.intelRdt.memBwSchema",
			  "\"%.80s\" is not one line that begins with \"MB:\"", r->mem_bw_schema);
}

/* set_mempolicy(2): which modes take nodes and flags. */
static void validate_memory_policy(const struct spec_memory_policy *m, struct error *e)
{
	const char *mode = word_name(&words_memory_modes, m->mode);
	const uint64_t both = MPOL_F_RELATIVE_NODES | MPOL_F_STATIC_NODES;
	bool bare = m->mode == MPOL_DEFAULT || m->mode == MPOL_LOCAL;
	struct ranges ignored;

	if (bare && m->nodes)
		error_add(e, "linux.memoryPolicy.nodes", "mode \"%s\" has none", mode);
	else if (m->nodes)
		(void)!ranges_read(m->nodes, RANGES_NODE_MAX, &ignored, "linux.memoryPolicy.nodes",
				   e);
	else if (!bare)
		error_add(e, "linux.memoryPolicy.nodes", "is required for mode \"%s\"", mode);
	if (bare && m->flags)
		error_add(e, "linux.memoryPolicy.flags", "mode \"%s\" has none", mode);
	else if (m->flags & MPOL_F_NUMA_BALANCING && m->mode != MPOL_BIND &&
		 m->mode != MPOL_PREFERRED_MANY)
		error_add(
			e, "linux.memoryPolicy.flags",
			"\"MPOL_F_NUMA_BALANCING\" is only for modes \"MPOL_BIND\" and \"MPOL_PREFERRED_MANY\"");
	else if ((m->flags & both) == both)
		error_add(
			e, "linux.memoryPolicy.flags",
			"\"MPOL_F_RELATIVE_NODES\" and \"MPOL_F_STATIC_NODES\" exclude each other");
}

void validate_linux(const struct spec *s, struct error *e)
{
	const struct spec_linux *l = s->linux;

	validate_namespaces(l, e);
	validate_user_namespace(l, e);
	for (size_t i = 0; i < l->devices.n; i++)
		validate_device(&l->devices.v[i], i, e);
	validate_net_devices(l, e);
	if (l->time_offsets)
		validate_offsets(l, e);
	if (l->cgroups_path && path_has(l->cgroups_path, ".."))
		error_add(e, "linux.cgroupsPath", "\"%.80s\" has a \"..\"", l->cgroups_path);
	if (l->resources)
		validate_resources(l->resources, "linux.resources.", e);
	if (l->intel_rdt)
		validate_rdt(l->intel_rdt, e);
	if (l->memory_policy)
		validate_memory_policy(l->memory_policy, e);
	validate_sysctl(s, e);
	if (l->seccomp)
		validate_seccomp(l->seccomp, e);
	validate_paths(&l->masked_paths, "linux.maskedPaths", e);
	validate_paths(&l->readonly_paths, "linux.readonlyPaths", e);
	if (l->personality && l->personality->flags.n)
		error_add(e, "linux.personality.flags[0]",
			  "unknown personality flag \"%.80s\", there is none",
			  l->personality->flags.v[0]);
}
