/*
 * A device of linux.devices for a container in a user namespace, where the host has no node that
 * could be bound: neither init nor any process in its user namespace may make one. The host's own
 * nodes are never changed. sources.c calls it for init.
 */
#ifndef OCIRUN_DEVICE_NODE_H
#define OCIRUN_DEVICE_NODE_H

#include "runtime/parent/spawn.h"

/*
 * The device as a mount of its own, mounted nowhere, with the mode and owner that config.json asks
 * for: a descriptor. -1 with e, whose place begins below linux.devices[]. Changes the mount
 * namespace and the umask of the calling process, which ends afterwards.
 */
MUST_CHECK int device_node_make(const struct spawn *s, const struct plan_device *d,
				struct error *e);

#endif
