/* See user_namespace.h. */
#include "runtime/parent/user_namespace.h"

#include "runtime/parent/container.h"
#include "runtime/parent/subordinate.h"
#include "spec/number.h"

#include <linux/capability.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool has_sys_admin(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	return syscall(SYS_capget, &header, data) == 0 &&
	       data[CAP_TO_INDEX(CAP_SYS_ADMIN)].permitted & CAP_TO_MASK(CAP_SYS_ADMIN);
}

static const struct spec_namespace *named(const struct spec_linux *l)
{
	for (size_t i = 0; i < l->namespaces.n; i++)
		if (l->namespaces.v[i].type == CLONE_NEWUSER)
			return &l->namespaces.v[i];
	return NULL;
}

static void append(struct arena *a, struct spec_linux *l)
{
	const size_t n = l->namespaces.n;
	struct spec_namespace *v = arena_array(a, struct spec_namespace, n + 1);

	for (size_t i = 0; i < n; i++)
		v[i] = l->namespaces.v[i];
	v[n] = (struct spec_namespace){ .type = CLONE_NEWUSER };
	l->namespaces.v = v;
	l->namespaces.n = n + 1;
}

static uint64_t count(const spec_id_mappings *map)
{
	uint64_t n = 0;

	for (size_t i = 0; i < map->n; i++)
		n += map->v[i].size;
	return n;
}

static bool is_mapped(const spec_id_mappings *map, uint64_t id)
{
	for (size_t i = 0; i < map->n; i++)
		if (id - map->v[i].container_id < map->v[i].size)
			return true;
	return false;
}

/* devpts takes no group that the namespace does not know, such as the 5 (tty) that every
 * config.json has, `ocirun spec`'s too: the terminals then have the group of who opens them. */
static void drop_group(struct arena *a, const struct spec *s, size_t i)
{
	struct spec_mount *m = &s->mounts.v[i];
	size_t kept = 0;

	for (size_t k = 0; k < m->options.n; k++) {
		const char *option = m->options.v[k];
		const char *end = option + 4;
		uint64_t gid;
		if (!strncmp(option, "gid=", 4)) {
			if (number_read(&end, UINT64_MAX, &gid) && !*end &&
			    !is_mapped(&s->linux->gid_mappings, gid)) {
				container_warn(arena_printf(a,
							    "mounts[%zu].options[%zu]: \"%s\" is "
							    "left out: no such group is mapped",
							    i, k, option));
				continue;
			}
		}
		m->options.v[kept++] = m->options.v[k];
	}
	m->options.n = kept;
}

/* Only both: of one kind of id alone nothing could be made inside. */
static void map_subordinate(struct arena *a, struct spec_linux *l)
{
	const uint32_t uid = (uint32_t)getauxval(AT_EUID), gid = (uint32_t)getauxval(AT_EGID);
	spec_id_mappings uids, gids;
	char *name = subordinate_name(a);

	subordinate_ranges(a, "/etc/subuid", name, uid, &uids);
	subordinate_ranges(a, "/etc/subgid", name, uid, &gids);
	if (!uids.n || !gids.n || !subordinate_helper("newuidmap") ||
	    !subordinate_helper("newgidmap"))
		uids.n = gids.n = 0;
	subordinate_map(a, uid, &uids, &l->uid_mappings);
	subordinate_map(a, gid, &gids, &l->gid_mappings);
}

static void map_one(struct arena *a, unsigned long id, spec_id_mappings *out)
{
	const spec_id_mappings none = { 0 };

	subordinate_map(a, (uint32_t)id, &none, out);
}

void user_namespace_maps(struct arena *a, struct spec_linux *l)
{
	const struct spec_namespace *ns = named(l);

	if (l->uid_mappings.n || !ns || (ns->path && *ns->path))
		return;
	map_one(a, getauxval(AT_EUID), &l->uid_mappings);
	map_one(a, getauxval(AT_EGID), &l->gid_mappings);
	/* As crun does it; but it may be an oversight. */
	if (getauxval(AT_EUID) == 0)
		container_warn(
			"linux.uidMappings: none for the new user namespace: root in it is "
			"the host's root, the only id (map it to another to keep them apart)");
}

int user_namespace_add(struct arena *a, struct spec *s, struct error *e)
{
	struct spec_linux *l = s->linux;

	if (named(l) || getauxval(AT_EUID) == 0 || has_sys_admin())
		return 0;
	append(a, l);
	map_subordinate(a, l);
	const unsigned long long more = count(&l->uid_mappings) - 1;
	container_warn(arena_printf(
		a,
		"linux.namespaces: none of type \"user\", which takes privilege: one is made, in "
		"which root is uid %lu%s",
		getauxval(AT_EUID),
		more ? arena_printf(a, " and %llu ids of /etc/subuid follow", more)
		     : ", the only id"));
	for (size_t i = 0; i < s->mounts.n; i++)
		if (s->mounts.v[i].type && !strcmp(s->mounts.v[i].type, "devpts"))
			drop_group(a, s, i);
	/* Is who is to run in it mapped? */
	return spec_validate(s, e) < 0 ? error_context(e, "config.json") : 0;
}
