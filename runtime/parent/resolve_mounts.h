/* config.json's mounts -> plan->mounts: words into flags, sources into absolute paths or, where the
 * child can't reach them, descriptors. */
#ifndef OCIRUN_RESOLVE_MOUNTS_H
#define OCIRUN_RESOLVE_MOUNTS_H

#include "runtime/plan.h"
#include "spec/spec.h"

/* plan's status, namespaces and rootfs_readonly are resolved already. Fills mounts, mounts_apart
 * and setup_dev. */
MUST_CHECK int resolve_mounts(const struct spec *s, struct arena *a, struct plan *plan,
			      struct error *e);

/* One more at the end: a read-only bind of our own, of `source` from the arena. */
void resolve_mounts_add(struct plan *plan, struct arena *a, char *source, const char *destination);

#endif
