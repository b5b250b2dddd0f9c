/*
 * As little of rtnetlink as moving network devices needs: a request is built in a buffer of its
 * own, sent to the kernel, and its answers are handed to a function one by one. Answers are checked
 * for their bounds, their sender and their number. Functions return -1 with errno; the kernel's own
 * words about a refusal are then in `why`.
 */
#ifndef OCIRUN_NETLINK_H
#define OCIRUN_NETLINK_H

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct netlink {
	int fd;
	uint32_t sequence; /* of the last request */
	bool interrupted;  /* what is being listed changed meanwhile */
	char why[128];     /* may be empty */
};
#define CLEAN_NETLINK __attribute__((cleanup(netlink_close))) struct netlink
#define NETLINK_NONE ((struct netlink){ .fd = -1 })

struct netlink_request {
	union {
		struct nlmsghdr header;
		char bytes[512];
	};
};

/* Called with each message of an answer; -1 with errno ends it. */
typedef int netlink_fn(const struct nlmsghdr *m, void *data);

/* A socket in our network namespace. */
int netlink_open(struct netlink *n);

/* A socket, opened with our rights, in the network namespace behind a descriptor: we stay where we
 * are. It keeps that namespace alive. */
int netlink_open_in(struct netlink *n, int network);
void netlink_close(struct netlink *n);

/* Begin a request with the fixed part of its type, then add attributes. One that finds no room
 * makes netlink_call fail with EMSGSIZE. */
void netlink_begin(struct netlink_request *q, uint16_t type, uint16_t flags, const void *body,
		   size_t size);
void netlink_put(struct netlink_request *q, uint16_t type, const void *value, size_t size);
void netlink_put_u32(struct netlink_request *q, uint16_t type, uint32_t value);
void netlink_put_text(struct netlink_request *q, uint16_t type, const char *text);

/* Send it and take the answers until the last. EINTR: what was listed has changed meanwhile, ask
 * again. `each` may be NULL. */
int netlink_call(struct netlink *n, struct netlink_request *q, netlink_fn *each, void *data);

/*
 * One datagram of an answer to the last request. 1: it was the last; 0: more follow; -1 with errno:
 * a refusal, or EBADMSG for what does not keep to its own bounds.
 */
int netlink_take(struct netlink *n, const char *bytes, size_t size, netlink_fn *each, void *data);

/* The fixed part of a message, NULL when it is shorter than that. */
const void *netlink_body(const struct nlmsghdr *m, size_t size);

/* An attribute behind a fixed part of `body` bytes; NULL when it is missing or has less than
 * `least` bytes. A text is NULL when nothing ends it. */
const void *netlink_attribute(const struct nlmsghdr *m, size_t body, uint16_t type, size_t least);
const char *netlink_text(const struct nlmsghdr *m, size_t body, uint16_t type);

#endif
