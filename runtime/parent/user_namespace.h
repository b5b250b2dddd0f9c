/*
 * What config.json leaves to us of the container's user namespace: its mappings, and, for a caller
 * who can make no container without one, the namespace itself.
 */
#ifndef OCIRUN_USER_NAMESPACE_H
#define OCIRUN_USER_NAMESPACE_H

#include "spec/spec.h"

/* The mappings of a new user namespace that has none: one id, the caller's own, which may be mapped
 * without help. Of root's that is told to container_warn. */
void user_namespace_maps(struct arena *a, struct spec_linux *l);

/*
 * A user namespace for a caller who may make no container without: root in it is the caller, and
 * what /etc/subuid and /etc/subgid grant follows. Told to container_warn, because a namespace that
 * config.json does not name is otherwise inherited (config-linux.md, "Namespaces"). No other caller
 * gets one.
 */
MUST_CHECK int user_namespace_add(struct arena *a, struct spec *s, struct error *e);

#endif
