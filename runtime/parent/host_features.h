/*
 * What this kernel allows this user, found out by trying: `ocirun features --host`. Beside the
 * features document, which is the same everywhere. Whatever could change something is tried in a
 * process of its own, in namespaces of its own, so nothing is left behind.
 */
#ifndef OCIRUN_HOST_FEATURES_H
#define OCIRUN_HOST_FEATURES_H

#include "spec/features.h"

/* Fill f whole; from the arena. */
void host_features_fill(struct host_features *f, struct arena *a);

#endif
