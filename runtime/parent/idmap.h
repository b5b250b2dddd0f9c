/*
 * Writing the id maps of a process in a new user namespace: directly where the kernel lets us, by
 * newuidmap and newgidmap (which check /etc/subuid and /etc/subgid) where it doesn't.
 * config-linux.md, "User namespace mappings". The places in errors are "uidMappings" and
 * "gidMappings"; callers put in front whose they are.
 */
#ifndef OCIRUN_IDMAP_H
#define OCIRUN_IDMAP_H

#include "spec/spec.h"

#include <sys/types.h>

MUST_CHECK int idmap_write(pid_t pid, const spec_id_mappings *uids, const spec_id_mappings *gids,
			   struct error *e);

/* Mappings beside a user namespace that is joined by path, as some callers give them, change
 * nothing: they must be those of the process, which is in it. */
MUST_CHECK int idmap_check(pid_t pid, const spec_id_mappings *uids, const spec_id_mappings *gids,
			   struct error *e);

/* What the kernel has mapped these ids of the process's user namespace to. The places in errors are
 * "uid" and "gid". */
MUST_CHECK int idmap_to_host(pid_t pid, uint32_t uid, uint32_t gid, uid_t *host_uid,
			     gid_t *host_gid, struct error *e);

/* A user namespace with these maps and nobody in it, for mounts to be mapped by. Its descriptor; -1
 * with e. */
MUST_CHECK int idmap_namespace(const spec_id_mappings *uids, const spec_id_mappings *gids,
			       struct error *e);

#endif
