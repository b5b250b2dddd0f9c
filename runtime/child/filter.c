/*
 * linux.seccomp inside. The parent compiles it while we mount, and sends the program by the
 * channel, early or late. It is loaded at the last moment, right before execve, so that a profile
 * needs to allow nothing but what the program does (and capset, without no_new_privs: the
 * capability for the loading is given up after it). startContainer hooks, whose files are the
 * container's, load it for themselves.
 *
 * A filter with a listener is loaded at the end of create instead. What we do after that, up to
 * execve, may be asked of the listener; all but the one write(2) that says where it is, and
 * validation has seen to that.
 *
 * Closed on failure: nobody comes to execve without the filter of the plan.
 */
#include "runtime/child/steps.h"
#include "runtime/file.h"
#include "runtime/sys.h"
#include "runtime/timing.h"

#include <errno.h>
#include <linux/filter.h>
#include <unistd.h>

/* Keep the program that came as a memfd. Memory of our own: nobody can change it any more. */
static int keep(struct child *c, int fd, struct error *e)
{
	char *bytes;
	size_t length;

	if (file_read(fd, BPF_MAXINSNS * sizeof(struct sock_filter), &c->arena, &bytes, &length) <
	    0)
		error_set(e, errno, "read the filter");
	else if (!length || length % sizeof(struct sock_filter) || c->filter_length)
		error_set(e, EPROTO, "read the filter");
	else {
		c->filter = (struct sock_filter *)bytes;
		c->filter_length = length / sizeof(struct sock_filter);
		return 0;
	}
	return error_in(e, "linux.seccomp");
}

int child_receive(struct child *c, struct message *m, int *fd, struct error *e)
{
	for (;;) {
		CLEAN_FD passed = -1;
		int got = channel_receive(c->channel, m, &passed, e);
		if (got > 0 && m->type == MESSAGE_FILTER) {
			if (keep(c, passed, e) < 0)
				return -1;
			continue;
		}
		if (fd)
			*fd = fd_take(&passed);
		return got;
	}
}

int child_expect(struct child *c, enum message_type type, struct message *m, struct error *e)
{
	return channel_expected(child_receive(c, m, NULL, e), type, m, e);
}

int filter_await(struct child *c, struct error *e)
{
	struct message m;

	if (!c->plan->filter || c->filter_length)
		return 0;
	CLEAN_FD fd = -1;
	if (channel_expected(channel_receive(c->channel, &m, &fd, e), MESSAGE_FILTER, &m, e) < 0)
		return -1;
	return keep(c, fd, e);
}

/* Returns what the kernel does: the listener's descriptor, if the filter has one. */
static int enter(const struct child *c)
{
	const struct sock_fprog program = { (unsigned short)c->filter_length, c->filter };

	return sys_seccomp(c->plan->filter->flags, &program);
}

static int load(struct child *c, struct error *e)
{
	if (!c->filter_length) {
		error_set(e, EPROTO, "load the filter");
		return error_in(e, "linux.seccomp");
	}
	int result = enter(c);
	if (result >= 0) {
		c->filter_loaded = true;
		return identity_end(c, e) < 0 ? -1 : result;
	}
	error_set(e, errno, "load the filter");
	error_in(e, "linux.seccomp");
	return e->code == EACCES   ? error_hint(e, "without process.noNewPrivileges it takes "
						     "CAP_SYS_ADMIN")
	       : e->code == EINVAL ? error_hint(e, "does this kernel know all its flags?")
	       : e->code == EBUSY  ? error_hint(e, "only one filter of a process may notify")
				   : -1;
}

int filter_notify(struct child *c, struct error *e)
{
	if (!c->plan->filter || !c->plan->filter->notify)
		return 0;
	/* Reading the clock may be a system call. */
	timing_leave(NULL);
	int listener = load(c, e);
	if (listener < 0)
		return -1;
	/* Not sendmsg, as the channel has it: this one must come through. */
	const uint32_t message[2] = { MESSAGE_LISTENER, (uint32_t)listener };
	if (write(c->channel, message, sizeof(message)) != sizeof(message))
		return error_set(e, errno, "talk to the parent");
	return 0;
}

int filter_confine(const void *child)
{
	const struct child *c = child;

	return !c->plan->filter || c->filter_loaded ? 0 : enter(c);
}

int filter_load(struct child *c, struct error *e)
{
	if (!c->plan->filter || c->filter_loaded)
		return 0;
	return load(c, e) < 0 ? -1 : 0;
}
