/* See netlink.h. */
#include "runtime/parent/netlink.h"

#include "runtime/file.h"
#include "runtime/process.h"
#include "runtime/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_MAX 32768 /* the kernel never sends more in one piece */

int netlink_open(struct netlink *n)
{
	const int on = 1;

	*n = NETLINK_NONE;
	n->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (n->fd < 0)
		return -1;
	/* Words for refusals, without our request before them; and a list filtered as we ask. */
	if (setsockopt(n->fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on)) < 0 ||
	    setsockopt(n->fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on)) < 0 ||
	    setsockopt(n->fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof(on)) < 0) {
		netlink_close(n);
		return -1;
	}
	return 0;
}

/*
 * By a child that shares our descriptors: a process that has joined another network namespace could
 * not be sure to come back. It replaces a descriptor whose number we know.
 */
int netlink_open_in(struct netlink *n, int network)
{
	struct sys_clone_args clone = { .flags = CLONE_FILES, .exit_signal = SIGCHLD };
	CLEAN_FD place = fcntl(network, F_DUPFD_CLOEXEC, 3);

	*n = NETLINK_NONE;
	if (place < 0)
		return -1;
	/* Ignored by our caller the kernel would reap the child. */
	signal(SIGCHLD, SIG_DFL);
	pid_t pid = sys_clone3(&clone);
	if (pid == 0) {
		bool failed = sys_setns(network, CLONE_NEWNET, "network") < 0 ||
			      netlink_open(n) < 0 || dup3(n->fd, place, O_CLOEXEC) < 0;
		int status = failed ? errno : 0;
		netlink_close(n);
		_exit(status);
	}
	if (pid < 0)
		return -1;
	int status = process_reap(pid);
	if (status == 0)
		n->fd = fd_take(&place);
	errno = status < 0 || status > 128 ? EIO : status;
	return status == 0 ? 0 : -1;
}

void netlink_close(struct netlink *n)
{
	fd_close(&n->fd);
}

void netlink_begin(struct netlink_request *q, uint16_t type, uint16_t flags, const void *body,
		   size_t size)
{
	*q = (struct netlink_request){ .header = { .nlmsg_len = NLMSG_LENGTH(size),
						   .nlmsg_type = type,
						   .nlmsg_flags =
							   NLM_F_REQUEST | NLM_F_ACK | flags } };
	memcpy(NLMSG_DATA(&q->header), body, size);
}

void netlink_put(struct netlink_request *q, uint16_t type, const void *value, size_t size)
{
	size_t at = NLMSG_ALIGN(q->header.nlmsg_len);
	struct rtattr *a = (struct rtattr *)(q->bytes + at);

	if (!q->header.nlmsg_len || RTA_SPACE(size) > sizeof(q->bytes) - at) {
		q->header.nlmsg_len = 0;
		return;
	}
	a->rta_type = type;
	a->rta_len = RTA_LENGTH(size);
	memcpy(RTA_DATA(a), value, size);
	q->header.nlmsg_len = at + RTA_SPACE(size);
}

void netlink_put_u32(struct netlink_request *q, uint16_t type, uint32_t value)
{
	netlink_put(q, type, &value, sizeof(value));
}

void netlink_put_text(struct netlink_request *q, uint16_t type, const char *text)
{
	netlink_put(q, type, text, strlen(text) + 1);
}

const void *netlink_body(const struct nlmsghdr *m, size_t size)
{
	return m->nlmsg_len < NLMSG_LENGTH(size) ? NULL : NLMSG_DATA(m);
}

/* Of `size` bytes of attributes the one of this type. */
static const struct rtattr *find(const char *at, size_t size, uint16_t type)
{
	while (size >= sizeof(struct rtattr)) {
		const struct rtattr *a = (const struct rtattr *)at;
		if (a->rta_len < sizeof(*a) || a->rta_len > size)
			return NULL;
		if ((a->rta_type & NLA_TYPE_MASK) == type)
			return a;
		if (RTA_ALIGN(a->rta_len) >= size)
			return NULL;
		at += RTA_ALIGN(a->rta_len);
		size -= RTA_ALIGN(a->rta_len);
	}
	return NULL;
}

static const struct rtattr *find_in(const struct nlmsghdr *m, size_t body, uint16_t type)
{
	size_t begin = NLMSG_SPACE(body);

	return m->nlmsg_len <= begin ? NULL
				     : find((const char *)m + begin, m->nlmsg_len - begin, type);
}

const void *netlink_attribute(const struct nlmsghdr *m, size_t body, uint16_t type, size_t least)
{
	const struct rtattr *a = find_in(m, body, type);

	return a && RTA_PAYLOAD(a) >= least ? RTA_DATA(a) : NULL;
}

const char *netlink_text(const struct nlmsghdr *m, size_t body, uint16_t type)
{
	const struct rtattr *a = find_in(m, body, type);

	return a && memchr(RTA_DATA(a), 0, RTA_PAYLOAD(a)) ? RTA_DATA(a) : NULL;
}

/* An acknowledgement, or a refusal with its reason. */
static int take_verdict(struct netlink *n, const struct nlmsghdr *m)
{
	const struct nlmsgerr *verdict = netlink_body(m, sizeof(*verdict));
	const uint16_t worded = NLM_F_CAPPED | NLM_F_ACK_TLVS;

	if (!verdict) {
		errno = EBADMSG;
		return -1;
	}
	if (!verdict->error)
		return 1;
	if ((m->nlmsg_flags & worded) == worded) {
		const char *why = netlink_text(m, sizeof(*verdict), NLMSGERR_ATTR_MSG);
		snprintf(n->why, sizeof(n->why), "%s", why ? why : "");
	}
	errno = verdict->error < 0 ? -verdict->error : EBADMSG;
	return -1;
}

/* The end of a list. */
static int take_end(const struct netlink *n, const struct nlmsghdr *m)
{
	const int *failed = netlink_body(m, sizeof(*failed));

	if (n->interrupted) {
		errno = EINTR;
		return -1;
	}
	if (!failed || *failed >= 0)
		return 1;
	errno = -*failed;
	return -1;
}

int netlink_take(struct netlink *n, const char *bytes, size_t size, netlink_fn *each, void *data)
{
	while (size) {
		const struct nlmsghdr *m = (const struct nlmsghdr *)bytes;
		if (size < sizeof(*m) || m->nlmsg_len < sizeof(*m) || m->nlmsg_len > size) {
			errno = EBADMSG;
			return -1;
		}
		size_t step = NLMSG_ALIGN(m->nlmsg_len) < size ? NLMSG_ALIGN(m->nlmsg_len) : size;
		bytes += step;
		size -= step;
		if (m->nlmsg_seq != n->sequence)
			continue;
		n->interrupted |= m->nlmsg_flags & NLM_F_DUMP_INTR;
		if (m->nlmsg_type == NLMSG_ERROR)
			return take_verdict(n, m);
		if (m->nlmsg_type == NLMSG_DONE)
			return take_end(n, m);
		if (each && each(m, data) < 0)
			return -1;
	}
	return 0;
}

static ssize_t receive(struct netlink *n, char *bytes)
{
	struct sockaddr_nl from;
	struct iovec part = { bytes, ANSWER_MAX };
	struct msghdr m = {
		.msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &part, .msg_iovlen = 1
	};
	ssize_t got;

	do
		got = recvmsg(n->fd, &m, 0);
	while ((got < 0 && errno == EINTR) || (got >= 0 && from.nl_pid != 0)); /* not the kernel */
	if (got >= 0 && (m.msg_flags & MSG_TRUNC || got == 0)) {
		errno = EBADMSG;
		return -1;
	}
	return got;
}

int netlink_call(struct netlink *n, struct netlink_request *q, netlink_fn *each, void *data)
{
	_Alignas(struct nlmsghdr) char bytes[ANSWER_MAX];
	int done;

	n->why[0] = 0;
	n->interrupted = false;
	if (!q->header.nlmsg_len) {
		errno = EMSGSIZE;
		return -1;
	}
	q->header.nlmsg_seq = ++n->sequence;
	if (send(n->fd, q->bytes, q->header.nlmsg_len, 0) < 0)
		return -1;
	do {
		ssize_t got = receive(n, bytes);
		if (got < 0)
			return -1;
		done = netlink_take(n, bytes, got, each, data);
	} while (done == 0);
	return done < 0 ? -1 : 0;
}
