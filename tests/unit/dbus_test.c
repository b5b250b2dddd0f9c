/*
 * dbus.c and dbus_message.c: calls have D-Bus' layout, answers are read within their bounds, and no
 * other side, however silent, talkative or wrong, holds us up or is believed.
 */
#include "fake_bus.h"

#include "runtime/parent/dbus.h"

static const struct dbus_method method = { .destination = "org.freedesktop.systemd1",
					   .path = "/o",
					   .interface = "i.i",
					   .member = "Ask",
					   .signature = "s" };

/* --- bytes ------------------------------------------------------------------------------------ */

static void test_a_call_has_the_layout_of_d_bus(void **state)
{
	static struct dbus_bytes b;
	static const char expected[] = "l\1\0\1"   /* little endian, a call, no flags, version 1 */
				       "\7\0\0\0"  /* the body's length */
				       "\5\0\0\0"  /* serial */
				       "\67\0\0\0" /* the fields' length */
				       "\1\1o\0\2\0\0\0/o\0\0\0\0\0\0"
				       "\2\1s\0\3\0\0\0i.i\0\0\0\0\0"
				       "\3\1s\0\3\0\0\0Ask\0\0\0\0\0"
				       "\10\1g\0\1s\0\0"
				       "\2\0\0\0hi";
	struct dbus_method m = method;

	(void)state;
	m.destination = NULL;
	dbus_begin(&b, 5, &m);
	dbus_put_text(&b, "hi");
	assert_true(dbus_end(&b));
	assert_int_equal(b.n, sizeof(expected));
	assert_memory_equal(b.v, expected, sizeof(expected));
}

static void test_values_stand_where_their_types_may(void **state)
{
	static struct dbus_bytes b, structures;

	(void)state;
	structures.n = b.n = 0;
	dbus_align(&structures);
	dbus_put_text(&structures, "N");
	dbus_put_signature(&structures, "t");
	dbus_put_u64(&structures, 0x1122334455667788);
	assert_int_equal(structures.n, 24);
	dbus_put_text(&b, "abc");
	const size_t array = dbus_array_begin(&b, 8);
	dbus_append(&b, &structures);
	dbus_array_end(&b, array, 8);
	/* 4 + 4 for the text, 4 for the length, 4 to the next multiple of 8. */
	assert_int_equal(b.n, 16 + 24);
	assert_int_equal(b.v[8], 24);
	assert_memory_equal(b.v + 16,
			    "\1\0\0\0N\0\1t\0\0\0\0\0\0\0\0\x88\x77\x66\x55\x44\x33\x22\x11", 24);
	const size_t empty = dbus_array_begin(&b, 8);
	dbus_array_end(&b, empty, 8);
	assert_int_equal(b.n, 48);
	assert_int_equal(b.v[40], 0);
}

static void test_what_is_too_long_is_not_written(void **state)
{
	static struct dbus_bytes b;
	static char text[DBUS_MESSAGE_MAX];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	dbus_begin(&b, 1, &method);
	dbus_put_text(&b, text);
	dbus_put_u32(&b, 1);
	assert_false(dbus_end(&b));
}

/* A whole message, to be spoilt. */
static size_t sample(struct dbus_bytes *b)
{
	dbus_begin(b, 9, &method);
	dbus_put_text(b, "value");
	assert_true(dbus_end(b));
	return b->n;
}

static void test_a_message_is_read_within_its_bounds(void **state)
{
	static struct dbus_bytes b;
	struct dbus_message m;
	size_t n = sample(&b);

	(void)state;
	assert_int_equal(dbus_size(b.v), n);
	assert_int_equal(dbus_parse(b.v, n, &m), 0);
	assert_string_equal(m.member, "Ask");
	assert_string_equal(m.signature, "s");
	assert_string_equal(dbus_get_text(&m), "value");
	assert_false(m.bad);
	/* There is no second one. */
	assert_string_equal(dbus_get_text(&m), "");
	assert_int_equal(dbus_get_u32(&m), 0);
	assert_true(m.bad);
	/* Of another length than it says. */
	assert_int_equal(dbus_parse(b.v, n - 1, &m), -1);
	assert_int_equal(dbus_parse(b.v, 8, &m), -1);
	/* Another byte order, another version. */
	b.v[0] = 'B';
	assert_int_equal(dbus_size(b.v), 0);
	sample(&b);
	b.v[3] = 2;
	assert_int_equal(dbus_size(b.v), 0);
	/* Lengths beyond what there may be. */
	sample(&b);
	memset(b.v + 4, 0xff, 4);
	assert_int_equal(dbus_size(b.v), 0);
	sample(&b);
	memset(b.v + 12, 0x7f, 4);
	assert_int_equal(dbus_size(b.v), 0);
	/* A text that ends beyond the message, one that nothing ends, one that ends early. */
	sample(&b);
	b.v[16 + 4] = 100;
	assert_int_equal(dbus_parse(b.v, n, &m), -1);
	sample(&b);
	b.v[n - 1] = 'x';
	assert_int_equal(dbus_parse(b.v, n, &m), 0);
	assert_string_equal(dbus_get_text(&m), "");
	assert_true(m.bad);
	sample(&b);
	b.v[n - 3] = 0;
	assert_int_equal(dbus_parse(b.v, n, &m), 0);
	dbus_get_text(&m);
	assert_true(m.bad);
}

/* --- connections ------------------------------------------------------------------------------ */

static bool answers(struct fake_bus *f, struct dbus_message *call)
{
	char text[64];

	snprintf(text, sizeof(text), "%s!", dbus_get_text(call));
	fake_return(f, "s", text);
	return true;
}

/* What becomes of opening a connection and one call. */
static int ask(struct fake_bus *f, bool daemon, int ms, char *answer, struct error *e)
{
	struct dbus *d;
	struct dbus_message m;

	*e = ERROR_NONE;
	*answer = 0;
	if (dbus_open(&d, f->path, daemon, "type='signal'", ms, e) < 0) {
		assert_null(d);
		return -1;
	}
	dbus_put_text(dbus_call_begin(d, &method), "question");
	const int result = dbus_call(d, &m, e);
	if (result == 0)
		snprintf(answer, 64, "%s", dbus_get_text(&m));
	else
		snprintf(answer, 64, "%.60s", d->refusal);
	dbus_close(&d);
	assert_null(d);
	return result;
}

static void test_calls_are_answered(void **state)
{
	struct fake_bus f;
	struct error e;
	char answer[64];

	fake_begin(&f, *state, answers);
	assert_int_equal(ask(&f, false, 5000, answer, &e), 0);
	assert_string_equal(answer, "question!");
	assert_string_equal(f.seen, "Ask");
	/* A daemon is greeted, and asked for signals. */
	assert_int_equal(ask(&f, true, 5000, answer, &e), 0);
	assert_string_equal(f.seen, "Ask Hello AddMatch Ask");
	fake_end(&f);
}

static bool refuses(struct fake_bus *f, struct dbus_message *call)
{
	(void)call;
	fake_error(f, "org.freedesktop.systemd1.NoSuchUnit", "Unit x not loaded.");
	return true;
}

static void test_a_refusal_is_told(void **state)
{
	struct fake_bus f;
	struct error e;
	char answer[64];

	fake_begin(&f, *state, refuses);
	assert_int_equal(ask(&f, false, 5000, answer, &e), -1);
	assert_string_equal(shown(&e), "Unit x not loaded. (org.freedesktop.systemd1.NoSuchUnit)");
	assert_string_equal(answer, "org.freedesktop.systemd1.NoSuchUnit");
	fake_end(&f);
}

/* Signals, another's answer, and what is too long to look at come first, in pieces. */
static bool chatters(struct fake_bus *f, struct dbus_message *call)
{
	char header[DBUS_HEADER] = "l\4\0\1", zeros[4096] = "";
	const uint32_t length = 300000, serial = f->serial;

	fake_job_removed(f, "/job/1", "other.scope", "done");
	memcpy(header + 4, &length, 4);
	fake_say(f, header, sizeof(header));
	for (uint32_t said = 0; said < length;) {
		const size_t n = length - said < 4096 ? length - said : 4096;
		fake_say(f, zeros, n);
		said += (uint32_t)n;
	}
	f->serial = serial + 100;
	fake_return(f, "s", "not to you");
	f->serial = serial;
	return answers(f, call);
}

static void test_other_messages_come_between(void **state)
{
	struct fake_bus f;
	struct error e;
	char answer[64];

	fake_begin(&f, *state, chatters);
	assert_int_equal(ask(&f, false, 5000, answer, &e), 0);
	assert_string_equal(answer, "question!");
	fake_end(&f);
}

static bool is_silent(struct fake_bus *f, struct dbus_message *call)
{
	(void)f, (void)call;
	return true;
}

/* Signals without an end, and no answer. */
static bool never_answers(struct fake_bus *f, struct dbus_message *call)
{
	char byte;

	(void)call;
	while (recv(f->connection, &byte, 1, MSG_DONTWAIT) < 0) {
		fake_job_removed(f, "/job/1", "other.scope", "done");
		usleep(1000);
	}
	return false;
}

static void test_waiting_ends(void **state)
{
	struct fake_bus f;
	struct error e;
	char answer[64];
	double begin;

	fake_begin(&f, *state, is_silent);
	begin = seconds();
	assert_int_equal(ask(&f, false, 200, answer, &e), -1);
	assert_true(seconds() - begin < 2);
	assert_string_equal(shown(&e),
			    "wait for systemd's answer: Connection timed out (ETIMEDOUT)");
	/* Not even a greeting. */
	f.greeting = "";
	assert_int_equal(ask(&f, false, 100, answer, &e), -1);
	assert_contains(shown(&e), "ETIMEDOUT");
	f.greeting = "DATA\r\nOK 1\r\n";
	f.serve = never_answers;
	begin = seconds();
	assert_int_equal(ask(&f, false, 200, answer, &e), -1);
	assert_true(seconds() - begin < 2);
	assert_contains(shown(&e), "ETIMEDOUT");
	fake_end(&f);
}

static bool hangs_up(struct fake_bus *f, struct dbus_message *call)
{
	(void)f, (void)call;
	return false;
}

static bool babbles(struct fake_bus *f, struct dbus_message *call)
{
	(void)call;
	fake_say(f, "HTTP/1.1 400 Bad Request\r\n", 26);
	return true;
}

static bool breaks_off(struct fake_bus *f, struct dbus_message *call)
{
	(void)call;
	fake_say(f, "l\2\0\1\377\0\0\0", 8);
	return false;
}

static void test_what_is_no_d_bus_is_an_error(void **state)
{
	static const struct {
		const char *greeting;
		bool (*serve)(struct fake_bus *f, struct dbus_message *call);
		const char *error;
	} cases[] = {
		{ "REJECTED EXTERNAL\r\n", NULL,
		  "it takes us for another user: Permission denied (EACCES)" },
		{ "ERROR\r\nERROR\r\nERROR\r\nERROR\r\n", NULL,
		  "talk to systemd over D-Bus: it does not answer our greeting: Protocol error "
		  "(EPROTO)" },
		{ "DATA\r\nOK 1\r\n", hangs_up,
		  "talk to systemd over D-Bus: Connection reset by peer (ECONNRESET)" },
		{ "DATA\r\nOK 1\r\n", breaks_off,
		  "talk to systemd over D-Bus: Connection reset by peer (ECONNRESET)" },
		{ "DATA\r\nOK 1\r\n", babbles,
		  "talk to systemd over D-Bus: what it says is no message: Protocol error "
		  "(EPROTO)" },
	};
	struct fake_bus f;
	struct error e;
	char answer[64], endless[3000];

	fake_begin(&f, *state, NULL);
	for (size_t i = 0; i < COUNT(cases); i++) {
		f.greeting = cases[i].greeting;
		f.serve = cases[i].serve;
		assert_int_equal(ask(&f, false, 5000, answer, &e), -1);
		assert_string_equal(shown(&e), cases[i].error);
	}
	memset(endless, 'x', sizeof(endless));
	endless[sizeof(endless) - 1] = 0;
	f.greeting = endless;
	assert_int_equal(ask(&f, false, 5000, answer, &e), -1);
	assert_contains(shown(&e), "the answer to our greeting has no end");
	fake_end(&f);
	assert_int_equal(ask(&f, false, 5000, answer, &e), -1);
	assert_contains(shown(&e), "No such file or directory (ENOENT)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_call_has_the_layout_of_d_bus),
		cmocka_unit_test(test_values_stand_where_their_types_may),
		cmocka_unit_test(test_what_is_too_long_is_not_written),
		cmocka_unit_test(test_a_message_is_read_within_its_bounds),
		PLACE_TEST(test_calls_are_answered),
		PLACE_TEST(test_a_refusal_is_told),
		PLACE_TEST(test_other_messages_come_between),
		PLACE_TEST(test_waiting_ends),
		PLACE_TEST(test_what_is_no_d_bus_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
