/*
 * netlink.c: requests have the kernel's layout, and an answer that does not keep to its own bounds
 * is an error. With the real kernel: tests/integration/net_devices.bats.
 */
#include "unit.h"

#include "runtime/parent/netlink.h"

#include <errno.h>
#include <net/if.h>

#define SEQUENCE 7

/* An answer in the making: messages of our request, one after the other. */
struct answer {
	_Alignas(8) char bytes[1024];
	size_t n;
};

static struct nlmsghdr *add(struct answer *a, uint16_t type, const void *body, size_t size)
{
	struct nlmsghdr *m = (struct nlmsghdr *)(a->bytes + a->n);

	*m = (struct nlmsghdr){ .nlmsg_len = NLMSG_LENGTH(size),
				.nlmsg_type = type,
				.nlmsg_seq = SEQUENCE };
	memcpy(NLMSG_DATA(m), body, size);
	a->n += NLMSG_SPACE(size);
	return m;
}

static struct nlmsghdr *add_verdict(struct answer *a, int error)
{
	const struct nlmsgerr verdict = { .error = error };

	return add(a, NLMSG_ERROR, &verdict, sizeof(verdict));
}

static int count(const struct nlmsghdr *m, void *data)
{
	assert_int_equal(m->nlmsg_type, RTM_NEWLINK);
	++*(int *)data;
	return 0;
}

static int take(struct netlink *n, const struct answer *a, int *seen)
{
	*n = (struct netlink){ .fd = -1, .sequence = SEQUENCE };
	*seen = 0;
	errno = 0;
	return netlink_take(n, a->bytes, a->n, count, seen);
}

static void test_messages_until_the_verdict(void **state)
{
	const struct ifinfomsg info = { .ifi_index = 3 };
	struct answer a = { .n = 0 };
	struct netlink n;
	int seen;

	(void)state;
	add(&a, RTM_NEWLINK, &info, sizeof(info));
	add(&a, RTM_NEWLINK, &info, sizeof(info))->nlmsg_seq =
		SEQUENCE - 1; /* of another request */
	assert_int_equal(take(&n, &a, &seen), 0);
	assert_int_equal(seen, 1);
	add_verdict(&a, 0);
	assert_int_equal(take(&n, &a, &seen), 1);
	assert_int_equal(seen, 1);
}

static void test_refusal(void **state)
{
	static const char words[] = "The interface netns is immutable";
	struct answer a = { .n = 0 };
	struct netlink n;
	int seen;

	(void)state;
	struct nlmsghdr *m = add_verdict(&a, -EINVAL);
	assert_int_equal(take(&n, &a, &seen), -1);
	assert_int_equal(errno, EINVAL);
	assert_string_equal(n.why, "");
	/* The words stand behind it, where the flags say so. */
	struct rtattr *why = (struct rtattr *)(a.bytes + a.n);
	why->rta_type = NLMSGERR_ATTR_MSG;
	why->rta_len = RTA_LENGTH(sizeof(words));
	memcpy(RTA_DATA(why), words, sizeof(words));
	m->nlmsg_len = a.n += RTA_SPACE(sizeof(words));
	m->nlmsg_flags = NLM_F_CAPPED | NLM_F_ACK_TLVS;
	assert_int_equal(take(&n, &a, &seen), -1);
	assert_int_equal(errno, EINVAL);
	assert_string_equal(n.why, words);
	/* Without an end they are nobody's words. */
	memset(RTA_DATA(why), 'x', sizeof(words));
	assert_int_equal(take(&n, &a, &seen), -1);
	assert_string_equal(n.why, "");
}

static void test_end_of_a_list(void **state)
{
	const int none = 0, failed = -ENODEV;
	const struct ifinfomsg info = { .ifi_index = 3 };
	struct answer a = { .n = 0 };
	struct netlink n;
	int seen;

	(void)state;
	add(&a, RTM_NEWLINK, &info, sizeof(info));
	add(&a, NLMSG_DONE, &none, sizeof(none));
	assert_int_equal(take(&n, &a, &seen), 1);
	/* One that changed meanwhile is read to its end, and then it is no list. */
	((struct nlmsghdr *)a.bytes)->nlmsg_flags = NLM_F_DUMP_INTR;
	assert_int_equal(take(&n, &a, &seen), -1);
	assert_int_equal(errno, EINTR);
	assert_int_equal(seen, 1);
	a.n = 0;
	add(&a, NLMSG_DONE, &failed, sizeof(failed));
	assert_int_equal(take(&n, &a, &seen), -1);
	assert_int_equal(errno, ENODEV);
}

static void test_bounds_of_messages(void **state)
{
	const struct ifinfomsg info = { .ifi_index = 3 };
	const uint32_t lengths[] = {
		0, 1, sizeof(struct nlmsghdr) - 1, NLMSG_LENGTH(sizeof(info)) + 1, 4096, UINT32_MAX
	};
	struct netlink n;
	int seen;

	(void)state;
	for (size_t i = 0; i < COUNT(lengths); i++) {
		struct answer a = { .n = 0 };
		add(&a, RTM_NEWLINK, &info, sizeof(info))->nlmsg_len = lengths[i];
		assert_int_equal(take(&n, &a, &seen), -1);
		assert_int_equal(errno, EBADMSG);
		assert_int_equal(seen, 0);
	}
	/* A piece of a header, and a verdict too short to be one. */
	struct answer a = { .n = sizeof(struct nlmsghdr) - 4 };
	assert_int_equal(take(&n, &a, &seen), -1);
	a.n = 0;
	add(&a, NLMSG_ERROR, &(int){ 0 }, sizeof(int));
	assert_int_equal(take(&n, &a, &seen), -1);
	assert_int_equal(errno, EBADMSG);
}

/* What a request carries is found in it again: it has the layout of an answer. */
static void test_attributes(void **state)
{
	const struct ifinfomsg info = { .ifi_index = 3 };
	struct netlink_request q;

	(void)state;
	netlink_begin(&q, RTM_NEWLINK, 0, &info, sizeof(info));
	assert_null(netlink_attribute(&q.header, sizeof(info), IFLA_MTU, 4));
	netlink_put_text(&q, IFLA_IFNAME, "eth7");
	netlink_put_u32(&q, IFLA_MTU, 1400);
	assert_int_equal(
		((const struct ifinfomsg *)netlink_body(&q.header, sizeof(info)))->ifi_index, 3);
	assert_null(netlink_body(&q.header, 1000));
	assert_string_equal(netlink_text(&q.header, sizeof(info), IFLA_IFNAME), "eth7");
	assert_int_equal(*(const uint32_t *)netlink_attribute(&q.header, sizeof(info), IFLA_MTU, 4),
			 1400);
	assert_null(netlink_attribute(&q.header, sizeof(info), IFLA_MTU, 5));
	assert_null(netlink_attribute(&q.header, sizeof(info), IFLA_ADDRESS, 0));
	/* Its length is that of the message, whatever the attribute says. */
	struct rtattr *name = (struct rtattr *)(q.bytes + NLMSG_SPACE(sizeof(info)));
	const unsigned short lengths[] = { 0, 3, 200, 65535 };
	for (size_t i = 0; i < COUNT(lengths); i++) {
		name->rta_len = lengths[i];
		assert_null(netlink_text(&q.header, sizeof(info), IFLA_IFNAME));
		assert_null(netlink_attribute(&q.header, sizeof(info), IFLA_MTU, 4));
	}
}

static void test_no_room(void **state)
{
	const struct ifinfomsg info = { .ifi_index = 3 };
	struct netlink n = { .fd = -1 };
	struct netlink_request q;
	char text[300] = "";

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	netlink_begin(&q, RTM_NEWLINK, 0, &info, sizeof(info));
	for (int i = 0; i < 3; i++)
		netlink_put_text(&q, IFLA_IFALIAS, text);
	assert_int_equal(netlink_call(&n, &q, NULL, NULL), -1);
	assert_int_equal(errno, EMSGSIZE);
}

static void test_kernel(void **state)
{
	const struct ifinfomsg info = { .ifi_index = 1 };
	struct netlink_request q;
	CLEAN_NETLINK n = NETLINK_NONE;
	int seen = 0;

	(void)state;
	assert_int_equal(netlink_open(&n), 0);
	netlink_begin(&q, RTM_GETLINK, 0, &info, sizeof(info));
	assert_int_equal(netlink_call(&n, &q, count, &seen), 0);
	assert_int_equal(seen, 1);
	netlink_begin(&q, RTM_GETLINK, 0, &info, sizeof(info));
	((struct ifinfomsg *)NLMSG_DATA(&q.header))->ifi_index = 0x7ffffff0;
	assert_int_equal(netlink_call(&n, &q, count, &seen), -1);
	assert_int_equal(errno, ENODEV);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages_until_the_verdict),
		cmocka_unit_test(test_refusal),
		cmocka_unit_test(test_end_of_a_list),
		cmocka_unit_test(test_bounds_of_messages),
		cmocka_unit_test(test_attributes),
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_kernel),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("netlink", tests, NULL, NULL);
}
