/*
 * The rules of config.md that a table can't say. The rules of one value stand before the rules
 * across fields, and a field that another field makes necessary or impossible is named together
 * with it.
 */
#include "spec/validate.h"

#include <linux/sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MAPPINGS_MAX 340 /* what the kernel takes, user_namespaces(7) */

const char *at_print(struct at *out, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(out->text, sizeof(out->text), format, args);
	va_end(args);
	return out->text;
}

bool path_has(const char *path, const char *component)
{
	size_t n = strlen(component);

	while (*path) {
		size_t length = strcspn(path, "/");
		if (length == n && memcmp(path, component, n) == 0)
			return true;
		path += length;
		path += strspn(path, "/");
	}
	return false;
}

/* One number of SemVer: digits without a leading zero. Moves *s behind it. */
static bool version_number(const char **s)
{
	size_t n = strspn(*s, "0123456789");

	if (!n || (n > 1 && **s == '0'))
		return false;
	*s += n;
	return true;
}

/* The dot-separated identifiers behind "-" or "+"; a number of a pre-release has no leading zero. */
static bool version_identifiers(const char **s, bool numbers)
{
	static const char allowed[] =
		"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-";

	do {
		size_t n = strspn(*s, allowed), digits = strspn(*s, "0123456789");
		if (!n || (numbers && digits == n && n > 1 && **s == '0'))
			return false;
		*s += n;
	} while (**s == '.' && (*s)++);
	return true;
}

static bool version_valid(const char *s)
{
	if (!version_number(&s) || *s++ != '.' || !version_number(&s) || *s++ != '.' ||
	    !version_number(&s))
		return false;
	if (*s == '-' && (s++, !version_identifiers(&s, true)))
		return false;
	if (*s == '+' && (s++, !version_identifiers(&s, false)))
		return false;
	return !*s;
}

void spec_validate_version(const char *version, struct error *e)
{
	if (!version)
		error_add(e, "ociVersion", "is required");
	else if (!version_valid(version))
		error_add(e, "ociVersion",
			  "\"%.80s\" is no version, expected one such as \"" SPEC_VERSION "\"",
			  version);
	else if (strncmp(version, "1.", 2) != 0)
		error_add(e, "ociVersion", "\"%.80s\" is not supported, only 1.x is", version);
}

/* Two ranges of `size` ids share one when each begins before the other ends. */
static bool overlap(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
	return a < b + b_size && b < a + a_size;
}

static void validate_mapping(const struct spec_id_mapping *m, size_t i, const char *place,
			     struct error *e)
{
	if (!m->size)
		error_add(e, AT("%s[%zu].size", place, i), "must not be 0");
	if ((uint64_t)m->container_id + m->size > UINT32_MAX)
		error_add(e, AT("%s[%zu]", place, i),
			  "containerID %u and size %u go beyond the last id, 4294967294",
			  m->container_id, m->size);
	if ((uint64_t)m->host_id + m->size > UINT32_MAX)
		error_add(e, AT("%s[%zu]", place, i),
			  "hostID %u and size %u go beyond the last id, 4294967294", m->host_id,
			  m->size);
}

void validate_mappings(const spec_id_mappings *m, const char *place, struct error *e)
{
	if (m->n > MAPPINGS_MAX) {
		error_add(e, place, "%zu mappings, more than the kernel's %d", m->n, MAPPINGS_MAX);
		return;
	}
	for (size_t i = 0; i < m->n; i++) {
		const struct spec_id_mapping *a = &m->v[i];

		validate_mapping(a, i, place, e);
		for (size_t j = 0; j < i; j++) {
			const struct spec_id_mapping *b = &m->v[j];
			if (overlap(a->container_id, a->size, b->container_id, b->size))
				error_add(e, AT("%s[%zu].containerID", place, i),
					  "%u with size %u overlaps %s[%zu]", a->container_id,
					  a->size, place, j);
			if (overlap(a->host_id, a->size, b->host_id, b->size))
				error_add(e, AT("%s[%zu].hostID", place, i),
					  "%u with size %u overlaps %s[%zu]", a->host_id, a->size,
					  place, j);
		}
	}
}

static void validate_mapped(uint32_t id, const spec_id_mappings *m, const char *mappings,
			    const char *place, struct error *e)
{
	bool found = !m->n; /* none: the ids are those of another namespace */

	for (size_t i = 0; i < m->n && !found; i++)
		found = id >= m->v[i].container_id && id - m->v[i].container_id < m->v[i].size;
	if (!found)
		error_add(e, place, "%u is not mapped by linux.%s", id, mappings);
}

/* An id that the user namespace does not know can't be taken. */
static void validate_mapped_user(const struct spec *s, struct error *e)
{
	const struct spec_user *u = &s->process->user;
	const spec_id_mappings *gids = &s->linux->gid_mappings;

	validate_mapped(u->uid, &s->linux->uid_mappings, "uidMappings", "process.user.uid", e);
	validate_mapped(u->gid, gids, "gidMappings", "process.user.gid", e);
	for (size_t i = 0; i < u->additional_gids.n; i++)
		validate_mapped(u->additional_gids.v[i], gids, "gidMappings",
				AT("process.user.additionalGids[%zu]", i), e);
}

static void validate_mount(const struct spec *s, size_t i, struct error *e)
{
	const struct spec_mount *m = &s->mounts.v[i];
	bool userns = spec_namespaces(s->linux) & CLONE_NEWUSER,
	     mapped = m->uid_mappings.n || m->gid_mappings.n;

	if (!m->uid_mappings.n != !m->gid_mappings.n)
		error_add(e,
			  AT("mounts[%zu].%s", i,
			     m->uid_mappings.n ? "gidMappings" : "uidMappings"),
			  "is required because %s is there",
			  m->uid_mappings.n ? "uidMappings" : "gidMappings");
	if (mapped) {
		validate_mappings(&m->uid_mappings, AT("mounts[%zu].uidMappings", i), e);
		validate_mappings(&m->gid_mappings, AT("mounts[%zu].gidMappings", i), e);
	}
	for (size_t k = 0; k < m->options.n; k++) {
		const struct mount_option *o = mount_option_find(m->options.v[k]);
		if (o && (o->act & (MOUNT_IDMAP | MOUNT_RIDMAP)) && !mapped && !userns)
			error_add(
				e, AT("mounts[%zu].options[%zu]", i, k),
				"\"%s\" needs uidMappings and gidMappings, or a user namespace in linux.namespaces",
				o->name);
	}
}

void validate_env(const struct strings *env, const char *place, struct error *e)
{
	for (size_t i = 0; i < env->n; i++) {
		const char *equals = strchr(env->v[i], '=');
		if (!equals)
			error_add(e, AT("%s[%zu]", place, i), "\"%.80s\" has no \"=\"", env->v[i]);
		else if (equals == env->v[i])
			error_add(e, AT("%s[%zu]", place, i), "\"%.80s\" has no name before \"=\"",
				  env->v[i]);
	}
}

static void validate_hooks(const spec_hook_list *list, const char *name, struct error *e)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct spec_hook *h = &list->v[i];

		if (h->path[0] != '/')
			error_add(e, AT("hooks.%s[%zu].path", name, i), "\"%.80s\" is not absolute",
				  h->path);
		if (h->timeout && *h->timeout <= 0)
			error_add(e, AT("hooks.%s[%zu].timeout", name, i),
				  "%lld is not greater than 0", (long long)*h->timeout);
		if (h->env)
			validate_env(h->env, AT("hooks.%s[%zu].env", name, i), e);
	}
}

static void validate_all_hooks(const struct spec_hooks *h, struct error *e)
{
	validate_hooks(&h->prestart, "prestart", e);
	validate_hooks(&h->create_runtime, "createRuntime", e);
	validate_hooks(&h->create_container, "createContainer", e);
	validate_hooks(&h->start_container, "startContainer", e);
	validate_hooks(&h->poststart, "poststart", e);
	validate_hooks(&h->poststop, "poststop", e);
}

/* sched(7): a deadline process can't fork, unless its children fall back to the default policy. */
static void validate_forking(const struct spec *s, struct error *e)
{
	const struct spec_scheduler *scheduler = s->process ? s->process->scheduler : NULL;

	if (s->hooks && s->hooks->start_container.n && scheduler &&
	    scheduler->policy == SCHED_DEADLINE && !(scheduler->flags & SCHED_FLAG_RESET_ON_FORK))
		error_add(
			e, "process.scheduler.policy",
			"\"SCHED_DEADLINE\" needs flag \"SCHED_FLAG_RESET_ON_FORK\" because of hooks.startContainer");
}

/* Without the namespace these would act on the host, or could not be done at all. */
static void validate_needs(const struct spec *s, struct error *e)
{
	const struct spec_linux *l = s->linux;
	const struct {
		const char *field;
		bool there;
		uint64_t namespace;
		const char *name;
	} needs[] = {
		{ "hostname", s->hostname, CLONE_NEWUTS, "uts" },
		{ "domainname", s->domainname, CLONE_NEWUTS, "uts" },
		{ "linux.maskedPaths", l->masked_paths.n, CLONE_NEWNS, "mount" },
		{ "linux.readonlyPaths", l->readonly_paths.n, CLONE_NEWNS, "mount" },
		{ "linux.rootfsPropagation", l->rootfs_propagation, CLONE_NEWNS, "mount" },
		{ "linux.netDevices", l->net_devices.n, CLONE_NEWNET, "network" },
		{ "linux.timeOffsets", l->time_offsets, CLONE_NEWTIME, "time" },
		{ "linux.uidMappings", l->uid_mappings.n, CLONE_NEWUSER, "user" },
		{ "linux.gidMappings", l->gid_mappings.n, CLONE_NEWUSER, "user" },
	};
	uint64_t has = spec_namespaces(l);

	for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++)
		if (needs[i].there && !(has & needs[i].namespace))
			error_add(e, needs[i].field,
				  "needs a namespace of type \"%s\" in linux.namespaces",
				  needs[i].name);
}

int spec_validate(const struct spec *s, struct error *e)
{
	int before = e->problems;

	spec_validate_version(s->oci_version, e);
	if (!s->root)
		error_add(e, "root", "is required");
	for (size_t i = 0; i < s->mounts.n; i++)
		validate_mount(s, i, e);
	if (s->process)
		validate_process(s->process, "process.", e);
	if (s->hooks)
		validate_all_hooks(s->hooks, e);
	validate_forking(s, e);
	validate_linux(s, e);
	validate_needs(s, e);
	/* Of mappings that are wrong themselves it would be one problem more. */
	if (s->process && e->problems == before)
		validate_mapped_user(s, e);
	return e->problems == before ? 0 : -1;
}

int spec_validate_process(const struct spec_process *p, struct error *e)
{
	int before = e->problems;

	validate_process(p, "", e);
	return e->problems == before ? 0 : -1;
}

int spec_validate_resources(const struct spec_resources *r, struct error *e)
{
	int before = e->problems;

	validate_resources(r, "", e);
	return e->problems == before ? 0 : -1;
}
