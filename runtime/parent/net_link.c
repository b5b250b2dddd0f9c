/* See net_link.h. */
#include "runtime/parent/net_link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define TRIES 8
/* What an address was given, not what the kernel found out about it. */
#define FLAGS_KEPT                                                                      \
	(IFA_F_NODAD | IFA_F_HOMEADDRESS | IFA_F_MANAGETEMPADDR | IFA_F_NOPREFIXROUTE | \
	 IFA_F_MCAUTOJOIN)

static int take_link(const struct nlmsghdr *m, void *data)
{
	const struct ifinfomsg *info = netlink_body(m, sizeof(*info));
	const char *name = netlink_text(m, sizeof(*info), IFLA_IFNAME);
	struct link *link = data;

	if (m->nlmsg_type != RTM_NEWLINK || !info || !name || strlen(name) >= sizeof(link->name)) {
		errno = EBADMSG;
		return -1;
	}
	link->index = info->ifi_index;
	link->up = info->ifi_flags & IFF_UP;
	snprintf(link->name, sizeof(link->name), "%s", name);
	return 0;
}

int link_find(struct netlink *n, const char *name, int32_t index, struct link *link)
{
	const struct ifinfomsg info = { .ifi_index = name ? 0 : index };
	struct netlink_request q;

	netlink_begin(&q, RTM_GETLINK, 0, &info, sizeof(info));
	netlink_put_u32(&q, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	if (name)
		netlink_put_text(&q, IFLA_IFNAME, name);
	return netlink_call(n, &q, take_link, link);
}

int link_move(struct netlink *n, int32_t index, int network, const char *name, int32_t new_index)
{
	const struct ifinfomsg info = { .ifi_index = index };
	struct netlink_request q;

	netlink_begin(&q, RTM_NEWLINK, 0, &info, sizeof(info));
	netlink_put_u32(&q, IFLA_NET_NS_FD, network);
	netlink_put_text(&q, IFLA_IFNAME, name);
	if (new_index)
		netlink_put_u32(&q, IFLA_NEW_IFINDEX, new_index);
	return netlink_call(n, &q, NULL, NULL);
}

int link_up(struct netlink *n, int32_t index)
{
	const struct ifinfomsg info = { .ifi_index = index,
					.ifi_flags = IFF_UP,
					.ifi_change = IFF_UP };
	struct netlink_request q;

	netlink_begin(&q, RTM_NEWLINK, 0, &info, sizeof(info));
	return netlink_call(n, &q, NULL, NULL);
}

struct address_list {
	struct arena *arena;
	struct record_net_device *device;
	size_t room;
};

static char *address_text(const struct nlmsghdr *m, uint16_t type, struct arena *a)
{
	const struct ifaddrmsg *info = NLMSG_DATA(m);
	const void *bytes = netlink_attribute(
		m, sizeof(*info), type,
		info->ifa_family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr));
	char text[INET6_ADDRSTRLEN];

	return bytes && inet_ntop(info->ifa_family, bytes, text, sizeof(text))
		       ? arena_strdup(a, text)
		       : NULL;
}

static uint32_t number(const struct nlmsghdr *m, uint16_t type, uint32_t otherwise)
{
	const uint32_t *value =
		netlink_attribute(m, sizeof(struct ifaddrmsg), type, sizeof(*value));

	return value ? *value : otherwise;
}

static int take_address(const struct nlmsghdr *m, void *data)
{
	const struct ifaddrmsg *info = netlink_body(m, sizeof(*info));
	const struct ifa_cacheinfo *life =
		netlink_attribute(m, sizeof(*info), IFA_CACHEINFO, sizeof(*life));
	struct address_list *list = data;
	struct record_net_device *d = list->device;

	if (m->nlmsg_type != RTM_NEWADDR || !info) {
		errno = EBADMSG;
		return -1;
	}
	if (info->ifa_index != (uint32_t)d->index ||
	    (info->ifa_family != AF_INET && info->ifa_family != AF_INET6))
		return 0;
	if (d->addresses.n == list->room) {
		size_t room = list->room ? 2 * list->room : 8;
		struct record_address *larger =
			arena_array(list->arena, struct record_address, room);
		if (d->addresses.n)
			memcpy(larger, d->addresses.v, d->addresses.n * sizeof(*larger));
		d->addresses.v = larger;
		list->room = room;
	}
	const char *label = netlink_text(m, sizeof(*info), IFA_LABEL);
	d->addresses.v[d->addresses.n++] = (struct record_address){
		.local = address_text(m, IFA_LOCAL, list->arena),
		.address = address_text(m, IFA_ADDRESS, list->arena),
		.broadcast = address_text(m, IFA_BROADCAST, list->arena),
		.label = label ? arena_strdup(list->arena, label) : NULL,
		.prefix = info->ifa_prefixlen,
		.scope = info->ifa_scope,
		.flags = number(m, IFA_FLAGS, info->ifa_flags),
		.priority = number(m, IFA_RT_PRIORITY, 0),
		.valid = life ? life->ifa_valid : UINT32_MAX,
		.preferred = life ? life->ifa_prefered : UINT32_MAX,
	};
	return 0;
}

int addresses_list(struct netlink *n, struct record_net_device *d, struct arena *a)
{
	const struct ifaddrmsg info = { .ifa_index = d->index };
	struct address_list list = { .arena = a, .device = d };
	struct netlink_request q;
	int result = -1;

	for (int i = 0; i < TRIES; i++) {
		d->addresses.n = 0;
		netlink_begin(&q, RTM_GETADDR, NLM_F_DUMP, &info, sizeof(info));
		result = netlink_call(n, &q, take_address, &list);
		if (result == 0 || errno != EINTR)
			break;
	}
	return result;
}

static void put_address(struct netlink_request *q, uint16_t type, int family, const char *text)
{
	char bytes[sizeof(struct in6_addr)];

	if (text && inet_pton(family, text, bytes) == 1)
		netlink_put(q, type, bytes,
			    family == AF_INET ? sizeof(struct in_addr) : sizeof(bytes));
}

/* A label begins with its device's name, and goes on with a colon or not at all: the latter is what
 * the kernel gives by itself. */
static void put_label(struct netlink_request *q, const char *label, const char *was,
		      const char *name)
{
	size_t n = strlen(was);
	char text[2 * IF_NAMESIZE];

	if (!label || strncmp(label, was, n) != 0 || label[n] != ':')
		return;
	snprintf(text, sizeof(text), "%s%.*s", name, IF_NAMESIZE, label + n);
	if (strlen(text) < IF_NAMESIZE)
		netlink_put_text(q, IFA_LABEL, text);
}

int address_add(struct netlink *n, const struct link *link, const char *was,
		const struct record_address *a)
{
	const char *text = a->local ? a->local : a->address ? a->address : "";
	const int family = strchr(text, ':') ? AF_INET6 : AF_INET;
	const struct ifaddrmsg info = { .ifa_family = family,
					.ifa_prefixlen = a->prefix,
					.ifa_scope = a->scope,
					.ifa_index = link->index };
	struct netlink_request q;

	netlink_begin(&q, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &info, sizeof(info));
	put_address(&q, IFA_LOCAL, family, a->local);
	put_address(&q, IFA_ADDRESS, family, a->address);
	put_address(&q, IFA_BROADCAST, family, a->broadcast);
	put_label(&q, a->label, was, link->name);
	netlink_put_u32(&q, IFA_FLAGS, a->flags & FLAGS_KEPT);
	if (a->priority)
		netlink_put_u32(&q, IFA_RT_PRIORITY, a->priority);
	if (a->valid != UINT32_MAX || a->preferred != UINT32_MAX) {
		const struct ifa_cacheinfo life = { .ifa_valid = a->valid,
						    .ifa_prefered = a->preferred };
		netlink_put(&q, IFA_CACHEINFO, &life, sizeof(life));
	}
	return netlink_call(n, &q, NULL, NULL) < 0 && errno != EEXIST ? -1 : 0;
}
