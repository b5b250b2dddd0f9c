/* See extensions.h. */
#include "spec/extensions.h"

#include "spec/number.h"
#include "spec/validate.h"

#include <errno.h>
#include <resolv.h>
#include <stdlib.h>
#include <string.h>

#define INSTRUCTION 8 /* bytes of a struct sock_filter */
#define INSTRUCTIONS_MAX 4096

#define PLACE "annotations[\"%s\"]"

char *annotation_find(const struct pairs *annotations, const char *name)
{
	for (size_t i = 0; i < annotations->n; i++)
		if (!strcmp(annotations->v[i].key, name))
			return annotations->v[i].value;
	return NULL;
}

char *annotation_asked(const struct pairs *annotations, const char *name)
{
	char *value = annotation_find(annotations, name);

	return value && *value ? value : NULL;
}

/* --- annotations ------------------------------------------------------------------------------ */

struct annotation {
	struct spec *s;
	struct arena *a;
	const char *name;
	char *value; /* not empty */
	struct error *e;
};

static void receiver(const struct annotation *x)
{
	struct spec_seccomp *f = x->s->linux->seccomp;

	if (x->value[0] != '/')
		error_add(x->e, AT(PLACE, x->name), "\"%.80s\" is not absolute", x->value);
	else if (f && !f->listener_path)
		f->listener_path = x->value;
}

/* Base64 of the instructions, in the place of all that linux.seccomp says but its flags and who
 * listens. */
static void bpf_data(const struct annotation *x)
{
	struct spec_seccomp *own = arena_new(x->a, struct spec_seccomp);
	const size_t room = strlen(x->value) / 4 * 3 + 3;
	unsigned char *bytes = arena_alloc(x->a, room);
	const int n = b64_pton(x->value, bytes, room);

	if (n < 0)
		error_add(x->e, AT(PLACE, x->name), "\"%.80s\" is not base64", x->value);
	else if (n == 0 || n % INSTRUCTION || n > INSTRUCTION * INSTRUCTIONS_MAX)
		error_add(x->e, AT(PLACE, x->name),
			  "%d bytes are no program for the kernel: 1 to %d instructions of %d", n,
			  INSTRUCTIONS_MAX, INSTRUCTION);
	if (x->s->linux->seccomp) {
		own->flags = x->s->linux->seccomp->flags;
		own->listener_path = x->s->linux->seccomp->listener_path;
		own->listener_metadata = x->s->linux->seccomp->listener_metadata;
	}
	own->default_action = SECCOMP_ALLOW;
	own->program = bytes;
	own->program_length = n < 0 ? 0 : (size_t)n;
	x->s->linux->seccomp = own;
}

static void fail_unknown(const struct annotation *x)
{
	if (x->s->linux->seccomp)
		x->s->linux->seccomp->all_known = strcmp(x->value, "0") != 0;
}

static void context_type(const struct annotation *x)
{
	static const char *const types[] = { "context", "fscontext", "defcontext", "rootcontext" };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (!strcmp(x->value, types[i]))
			return;
	error_add(x->e, AT(PLACE, x->name),
		  "\"%.80s\" is none of context, fscontext, defcontext and rootcontext", x->value);
}

static void file(const struct annotation *x)
{
	if (x->value[0] != '/')
		error_add(x->e, AT(PLACE, x->name), "\"%.80s\" is not absolute", x->value);
}

static void mounted(const struct annotation *x)
{
	for (size_t i = 0; i < x->s->mounts.n; i++)
		if (!strcmp(x->s->mounts.v[i].destination, x->value))
			return;
	error_add(x->e, AT(PLACE, x->name), "\"%.80s\" is no destination in mounts", x->value);
}

static void subgroup(const struct annotation *x)
{
	if (strchr(x->value, '/') || x->value[0] == '.' || strlen(x->value) > 255)
		error_add(x->e, AT(PLACE, x->name), "\"%.100s\" is no name of a directory",
			  x->value);
}

static void handler(const struct annotation *x)
{
	error_add(x->e, AT(PLACE, x->name),
		  "\"%.80s\" can't be had: programs are run by the host's kernel alone", x->value);
}

static void plugins(const struct annotation *x)
{
	error_add(x->e, AT(PLACE, x->name),
		  "\"%.80s\" can't be had: an agent listens at linux.seccomp.listenerPath",
		  x->value);
}

/* In this order. An empty value asks for nothing, as in crun. */
static const struct {
	const char *name;
	void (*apply)(const struct annotation *x);
} extensions[] = {
	{ "run.oci.seccomp_bpf_data", bpf_data },
	{ "run.oci.seccomp.receiver", receiver },
	{ "run.oci.seccomp_fail_unknown_syscall", fail_unknown },
	{ "run.oci.seccomp.plugins", plugins },
	{ "run.oci.handler", handler },
	{ ANNOTATION_CONTEXT_TYPE, context_type },
	{ ANNOTATION_HOOKS_STDOUT, file },
	{ ANNOTATION_HOOKS_STDERR, file },
	{ ANNOTATION_CGROUP_V1, mounted },
	{ ANNOTATION_SYSTEMD_SUBGROUP, subgroup },
	{ ANNOTATION_DELEGATE_CGROUP, subgroup },
};

/* --- the mount option ------------------------------------------------------------------------- */

/* "@1-3-10": 3 is an id in the container. */
static bool to_host(uint32_t *id, const spec_id_mappings *container)
{
	for (size_t i = 0; i < container->n; i++) {
		const struct spec_id_mapping *m = &container->v[i];
		if (*id >= m->container_id && *id - m->container_id < m->size) {
			*id += m->host_id - m->container_id;
			return true;
		}
	}
	return false;
}

static bool one_range(const char **at, const spec_id_mappings *container, struct spec_id_mapping *m)
{
	const bool relative = **at == '@';

	*at += relative;
	return number_read32(at, &m->container_id) && *(*at)++ == '-' &&
	       number_read32(at, &m->host_id) && *(*at)++ == '-' && number_read32(at, &m->size) &&
	       (!relative || to_host(&m->host_id, container));
}

/* "0-1-10#10-11-10", up to a semicolon or the end. */
static bool ranges(const char **at, const spec_id_mappings *container, struct arena *a,
		   spec_id_mappings *out)
{
	out->n = 0;
	out->v = arena_array(a, struct spec_id_mapping, strlen(*at) / 5 + 1);
	do {
		if (!one_range(at, container, &out->v[out->n]))
			return false;
		out->n++;
	} while (*(*at)++ == '#');
	(*at)--;
	return **at == ';' || !**at;
}

static bool map(const char *at, const struct spec_linux *l, struct arena *a, struct spec_mount *m)
{
	while (*at) {
		const bool uids = !strncmp(at, "uids=", 5);
		if (!uids && strncmp(at, "gids=", 5) != 0)
			return false;
		at += 5;
		if (!ranges(&at, uids ? &l->uid_mappings : &l->gid_mappings, a,
			    uids ? &m->uid_mappings : &m->gid_mappings))
			return false;
		at += *at == ';';
	}
	return true;
}

/* "idmap=uids=0-1000-1;gids=0-1000-1" for uidMappings and gidMappings, which go before it. */
static void map_mount(struct spec *s, size_t i, struct arena *a, struct error *e)
{
	struct spec_mount *m = &s->mounts.v[i];
	const bool mapped = m->uid_mappings.n || m->gid_mappings.n;

	for (size_t k = 0; k < m->options.n; k++) {
		char *option = m->options.v[k];
		const char *value = strchr(option, '=');
		if (!value ||
		    (strncmp(option, "idmap=", 6) != 0 && strncmp(option, "ridmap=", 7) != 0))
			continue;
		if (!mapped && !map(value + 1, s->linux, a, m)) {
			error_add(e, AT("mounts[%zu].options[%zu]", i, k),
				  "\"%.120s\" is not like idmap=uids=0-1000-10;gids=@0-0-10, with "
				  "ids after @ that linux.uidMappings and linux.gidMappings have",
				  option);
			m->uid_mappings.n = m->gid_mappings.n = 0;
		}
		m->options.v[k] = arena_strndup(a, option, (size_t)(value - option));
	}
}

void extensions_apply(struct spec *s, struct arena *a, struct error *e)
{
	for (size_t i = 0; i < sizeof(extensions) / sizeof(extensions[0]); i++) {
		const char *name = extensions[i].name;
		char *value = annotation_asked(&s->annotations, name);
		if (value)
			extensions[i].apply(&(struct annotation){ s, a, name, value, e });
	}
	for (size_t i = 0; i < s->mounts.n; i++)
		map_mount(s, i, a, e);
}
