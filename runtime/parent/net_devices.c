/*
 * Theory of operation. One request moves a device and renames it, so that a name is never free for
 * others in between. The kernel forgets a device's addresses when it leaves its namespace, so they
 * are read before and added again after. The index that a device will have inside is chosen by us
 * and recorded before it moves: whatever fails later, it can be found by it.
 */
#include "runtime/parent/net_devices.h"

#include "runtime/file.h"
#include "runtime/parent/container.h"
#include "runtime/parent/net_link.h"
#include "runtime/process.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* A refusal in the kernel's words, if it has any. */
static int refused(const struct netlink *n, struct error *e, const char *what)
{
	error_set(e, errno, "%s%s%s", what, n->why[0] ? ": " : "", n->why);
	return e->code == EPERM
		       ? error_hint(e, "moving network devices needs CAP_NET_ADMIN in both "
				       "network namespaces")
		       : -1;
}

static bool is_template(const char *name)
{
	return strstr(name, "%d");
}

/* An index that is free inside, the device's own if possible. */
static int choose_index(struct netlink *inside, const struct record *r, int32_t *index)
{
	for (int32_t tried = *index; tried < INT32_MAX; tried++) {
		struct link link;
		bool taken = false;
		for (size_t i = 0; i < r->net_devices.n; i++)
			taken |= r->net_devices.v[i].inside_index == tried;
		if (taken || link_find(inside, NULL, tried, &link) == 0)
			continue;
		*index = tried;
		return errno == ENODEV ? 0 : -1;
	}
	return -1;
}

/* What there is of one device, and whether its name is free inside. Changes nothing. */
static int look(struct netlink *host, struct netlink *inside, struct state *s,
		const struct spec_net_device *d, struct error *e)
{
	struct record *r = &s->record;
	struct link link, other;

	if (link_find(host, d->key, 0, &link) < 0) {
		if (errno != ENODEV)
			return refused(host, e, "look at it");
		error_set(e, 0, "no such network device on the host");
		return error_hint(e, "`ip link` lists them");
	}
	const char *name = d->name ? d->name : link.name;
	if (!is_template(name) && link_find(inside, name, 0, &other) == 0) {
		error_set(e, 0, "\"%s\" is taken in the container's network namespace", name);
		return d->name ? error_in(e, "name") : -1;
	}
	struct record_net_device device = { .key = d->key,
					    .name = arena_strdup(s->arena, link.name),
					    .inside = arena_strdup(s->arena, name),
					    .index = link.index,
					    .inside_index = link.index,
					    .up = link.up };
	if (addresses_list(host, &device, s->arena) < 0)
		return refused(host, e, "list its addresses");
	if (choose_index(inside, r, &device.inside_index) < 0)
		return refused(inside, e, "look for a free index in the container");
	r->net_devices.v[r->net_devices.n++] = device;
	return 0;
}

static int move(struct netlink *host, struct netlink *inside, int network,
		const struct record_net_device *d, struct error *e)
{
	struct link link;
	char what[128];

	if (link_move(host, d->index, network, d->inside, d->inside_index) < 0)
		return refused(host, e, "move it to the container's network namespace");
	if (link_find(inside, NULL, d->inside_index, &link) < 0)
		return refused(inside, e, "find it in the container's network namespace");
	for (size_t i = 0; i < d->addresses.n; i++) {
		const struct record_address *a = &d->addresses.v[i];
		if (!(a->flags & IFA_F_PERMANENT) || a->scope != RT_SCOPE_UNIVERSE ||
		    address_add(inside, &link, d->name, a) == 0)
			continue;
		snprintf(what, sizeof(what), "add its address %s/%u in the container",
			 a->local ? a->local : a->address, a->prefix);
		return refused(inside, e, what);
	}
	return link_up(inside, link.index) < 0 ? refused(inside, e, "set it up in the container")
					       : 0;
}

static int open_both(struct netlink *host, struct netlink *inside, int network, struct error *e)
{
	struct stat here, there;

	if (netlink_open(host) < 0 || netlink_open_in(inside, network) < 0)
		return error_set(e, errno, "open a netlink socket");
	if (stat("/proc/self/ns/net", &here) < 0 || fstat(network, &there) < 0)
		return error_set(e, errno, "look at our network namespace");
	if (here.st_ino != there.st_ino)
		return 0;
	error_set(e, 0, "the container's network namespace is the host's");
	return error_hint(e, "see the path of type \"network\" in linux.namespaces");
}

static char *network_path(const struct spec_linux *l)
{
	for (size_t i = 0; i < l->namespaces.n; i++)
		if (l->namespaces.v[i].type == CLONE_NEWNET)
			return l->namespaces.v[i].path;
	return NULL;
}

int net_devices_move(struct state *s, const struct spec_linux *l, struct error *e)
{
	CLEAN_NETLINK host = NETLINK_NONE;
	CLEAN_NETLINK inside = NETLINK_NONE;
	struct record *r = &s->record;

	if (open_both(&host, &inside, s->network, e) < 0)
		return error_in(e, "linux.netDevices");
	r->network = network_path(l);
	r->net_devices.v = arena_alloc(s->arena, l->net_devices.n * sizeof(*r->net_devices.v));
	for (size_t i = 0; i < l->net_devices.n; i++)
		if (look(&host, &inside, s, &l->net_devices.v[i], e) < 0) {
			r->net_devices.n = 0;
			return error_in(e, "linux.netDevices[\"%s\"]", l->net_devices.v[i].key);
		}
	if (state_save(s, e) < 0) {
		r->net_devices.n = 0;
		return -1;
	}
	for (size_t i = 0; i < r->net_devices.n; i++)
		if (move(&host, &inside, s->network, &r->net_devices.v[i], e) < 0)
			return error_in(e, "linux.netDevices[\"%s\"]", r->net_devices.v[i].key);
	return 0;
}

void net_devices_hold(struct state *s)
{
	const struct record *r = &s->record;
	char path[48];

	if (r->complete || !r->net_devices.n || s->network >= 0)
		return;
	snprintf(path, sizeof(path), "/proc/%d/ns/net", r->init.pid);
	if (r->network)
		s->network = open(r->network, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	else if (process_alive(&r->init) > 0)
		s->network = open(path, O_RDONLY | O_CLOEXEC);
}

static void warn(const struct record_net_device *d, const char *what, const struct netlink *n)
{
	char line[256];

	snprintf(line, sizeof(line), "linux.netDevices[\"%s\"]: %s: %s%s%s", d->key, what,
		 error_why(errno), n->why[0] ? ": " : "", n->why);
	container_warn(line);
}

/* Where the namespace has a path another may be there by now, with a device of that index. */
static bool is_lent(struct netlink *inside, const struct record_net_device *d)
{
	struct link link;

	return inside->fd >= 0 && link_find(inside, NULL, d->inside_index, &link) == 0 &&
	       (is_template(d->inside) || !strcmp(link.name, d->inside));
}

static void put_back(struct netlink *host, struct netlink *inside, int home,
		     const struct record_net_device *d)
{
	struct link link;

	/* It may never have moved, or be back already. */
	if (link_find(host, NULL, d->index, &link) < 0 || strcmp(link.name, d->name) != 0) {
		if (!is_lent(inside, d)) {
			errno = ENODEV;
			warn(d, "ended with the container's network namespace", inside);
			return;
		}
		/* With its old index, if that is still free. */
		if (link_move(inside, d->inside_index, home, d->name, d->index) < 0 &&
		    (errno != EBUSY || link_move(inside, d->inside_index, home, d->name, 0) < 0)) {
			warn(d, "could not be put back on the host", inside);
			return;
		}
		if (link_find(host, d->name, 0, &link) < 0) {
			warn(d, "not found on the host again", host);
			return;
		}
	}
	for (size_t i = 0; i < d->addresses.n; i++)
		if (address_add(host, &link, d->name, &d->addresses.v[i]) < 0)
			warn(d, "an address could not be put back on the host", host);
	if (d->up && link_up(host, link.index) < 0)
		warn(d, "could not be set up on the host again", host);
}

void net_devices_return(struct state *s)
{
	const struct record *r = &s->record;
	CLEAN_NETLINK host = NETLINK_NONE;
	CLEAN_NETLINK inside = NETLINK_NONE;

	if (!r->net_devices.n)
		return;
	CLEAN_FD home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	/* Without the other namespace, what never left it is still looked after. */
	if (home < 0 || netlink_open(&host) < 0 ||
	    (s->network >= 0 && netlink_open_in(&inside, s->network) < 0)) {
		warn(&r->net_devices.v[0], "could not be put back on the host", &host);
		return;
	}
	for (size_t i = 0; i < r->net_devices.n; i++)
		put_back(&host, &inside, home, &r->net_devices.v[i]);
}
