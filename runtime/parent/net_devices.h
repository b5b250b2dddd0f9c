/*
 * linux.netDevices: network devices of the host that are moved into the container's network
 * namespace, with their names there and their addresses (config-linux.md, "Network Devices"). They
 * are lent only while the container is being made: when that fails they are put back as they were.
 * Later nobody moves them: when their namespace ends, the kernel sends the physical ones home and
 * destroys the virtual ones. Routes are nobody's here: moving a device ends them.
 */
#ifndef OCIRUN_NET_DEVICES_H
#define OCIRUN_NET_DEVICES_H

#include "runtime/parent/state.h"
#include "spec/spec.h"

/*
 * Move all of them into the network namespace behind s->network. First everything is looked at, so
 * that what can't work fails while nothing has moved; then what is about to happen is recorded. A
 * failure in the middle leaves the rest to net_devices_return.
 */
MUST_CHECK int net_devices_move(struct state *s, const struct spec_linux *l, struct error *e);

/* Before init is killed: hold on to the network namespace of a container that was being made, with
 * what it has borrowed. */
void net_devices_hold(struct state *s);

/* Put back what is recorded: names, addresses, up or down. What can't be is warned about. */
void net_devices_return(struct state *s);

#endif
