/* What criu is told: see criu.h. The numbers of fields are those of criu's rpc.proto. */
#include "runtime/parent/criu.h"
#include "spec/extensions.h"

#include <sched.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MESSAGE_MAX ((size_t)256 << 10)
#define LOG_LEVEL 4 /* what callers collect from a work path is for people who look for bugs */

struct protobuf criu_message(struct arena *a)
{
	return (struct protobuf){ .bytes = arena_alloc(a, MESSAGE_MAX), .room = MESSAGE_MAX };
}

/* Options of ours that are criu's, word for word. */
static const struct {
	unsigned field;
	size_t offset;
} switches[] = {
	{ 4, offsetof(struct criu_options, ext_unix_sk) },
	{ 5, offsetof(struct criu_options, tcp_established) },
	{ 7, offsetof(struct criu_options, shell_job) },
	{ 8, offsetof(struct criu_options, file_locks) },
	{ 16, offsetof(struct criu_options, auto_dedup) },
	{ 18, offsetof(struct criu_options, link_remap) },
	{ 46, offsetof(struct criu_options, tcp_skip_in_flight) },
	{ 48, offsetof(struct criu_options, lazy_pages) },
	{ 52, offsetof(struct criu_options, tcp_close) },
};

/* message criu_page_server_info. The port is in network order there, but criu turns it itself. */
static void put_page_server(struct protobuf *p, const char *server, struct arena *a)
{
	const char *colon = strrchr(server, ':');
	unsigned char bytes[512];
	struct protobuf ps = { .bytes = bytes, .room = sizeof(bytes) };

	protobuf_text(&ps, 1, arena_strndup(a, server, (size_t)(colon - server)));
	protobuf_number(&ps, 2, strtoul(colon + 1, NULL, 10));
	protobuf_message(p, 11, &ps);
}

/* The file of more options: the annotation's, with an empty one none; ours, or runc's. */
static const char *config_file(const struct pairs *annotations)
{
	const char *own = annotation_find(annotations, ANNOTATION_CRIU_CONFIG);

	if (own)
		return own;
	return access("/etc/criu/ocirun.conf", F_OK) == 0 ? "/etc/criu/ocirun.conf"
							  : "/etc/criu/runc.conf";
}

void criu_put_options(struct protobuf *p, const struct criu_options *o, const struct criu_images *i,
		      const struct pairs *annotations, struct arena *a)
{
	/* Of enum criu_cg_mode, in the order of --manage-cgroups-mode. */
	static const unsigned char modes[] = { 3, 4, 5, 0 };
	const char *config = config_file(annotations);

	protobuf_number(p, CRIU_IMAGES_DIR_FD, (unsigned)i->directory);
	protobuf_number(p, 17, (unsigned)i->work);
	protobuf_number(p, 9, LOG_LEVEL);
	protobuf_text(p, 10, i->log);
	protobuf_number(p, 12, true); /* notices */
	protobuf_number(p, 50, true); /* terminals whose other end is outside */
	/* Who set up the network does it again: in createRuntime hooks, or a namespace by path. */
	protobuf_number(p, 38, CLONE_NEWNET);
	protobuf_number(p, 34, modes[o->cgroups_mode]);
	for (size_t s = 0; s < sizeof(switches) / sizeof(switches[0]); s++)
		if (*(const bool *)((const char *)o + switches[s].offset))
			protobuf_number(p, switches[s].field, true);
	if (o->page_server)
		put_page_server(p, o->page_server, a);
	if (o->lsm_profile)
		protobuf_text(p, 53, o->lsm_profile);
	if (o->lsm_mount_context)
		protobuf_text(p, 63, o->lsm_mount_context);
	protobuf_number(p, 64, o->network_lock + 1); /* enum criu_network_lock_method */
	if (*config)
		protobuf_text(p, 51, config);
}

void criu_put_external(struct protobuf *p, struct arena *a, const char *what, const char *which,
		       const char *name)
{
	protobuf_text(p, CRIU_EXTERNAL, arena_printf(a, "%s[%s]:%s", what, which, name));
}
