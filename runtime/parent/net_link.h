/*
 * One network device: found, moved, set up, its addresses listed and added. Each function works in
 * the network namespace of its socket and returns -1 with errno; the kernel's words are in n->why.
 */
#ifndef OCIRUN_NET_LINK_H
#define OCIRUN_NET_LINK_H

#include "runtime/parent/netlink.h"
#include "spec/arena.h"
#include "spec/status.h"

#include <net/if.h>
#include <stdbool.h>

struct link {
	int32_t index;
	bool up;
	char name[IF_NAMESIZE];
};

/* By its name or an alternative one, or by its index when `name` is NULL. ENODEV: there is none. */
int link_find(struct netlink *n, const char *name, int32_t index, struct link *link);

/* To the network namespace behind a descriptor, and there a new name, perhaps a template, and a new
 * index, EBUSY when that is taken; 0: any. It arrives down and without addresses. */
int link_move(struct netlink *n, int32_t index, int network, const char *name, int32_t new_index);
int link_up(struct netlink *n, int32_t index);

/* All addresses of the device with d->index, into d->addresses, from the arena. */
int addresses_list(struct netlink *n, struct record_net_device *d, struct arena *a);

/* Add one of a device that was called `was`. One that is there already is fine. */
int address_add(struct netlink *n, const struct link *link, const char *was,
		const struct record_address *a);

#endif
