/* See filter.h. */
#include "runtime/parent/filter.h"

#include "runtime/channel.h"
#include "runtime/file.h"
#include "runtime/log.h"
#include "runtime/parent/seccomp.h"
#include "runtime/socket.h"
#include "runtime/sys.h"
#include "runtime/timing.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

static int send_program(const struct seccomp_program *p, int channel, struct error *e)
{
	ssize_t size = (ssize_t)(p->n * sizeof(*p->v));
	CLEAN_FD fd = memfd_create("ocirun-filter", MFD_CLOEXEC);

	/* Not write: the child shares the offset, and reads from the start. */
	if (fd < 0 || pwrite(fd, p->v, size, 0) != size) {
		error_set(e, fd < 0 ? errno : EIO, "write the filter's memfd");
		return error_in(e, "linux.seccomp");
	}
	if (channel_send(channel, MESSAGE_FILTER, 0, fd) < 0 && errno != EPIPE)
		return error_set(e, errno, "talk to the container's init");
	return 0;
}

int filter_send(const struct spec_seccomp *s, int root, int channel, struct arena *a,
		struct error *e)
{
	if (s->program) {
		const struct seccomp_program given = { s->program_length /
							       sizeof(struct sock_filter),
						       (struct sock_filter *)s->program };
		return send_program(&given, channel, e);
	}
	struct seccomp_key key = seccomp_key(s, a);
	struct seccomp_program program;

	struct timing_event *timed = timing_begin(TIMING_STEP, "filter", NULL);
	/* Who asks what was left out gets the answer of the compiler. */
	bool hit = !trace_on(TRACE_SPEC) && seccomp_cache_find(root, &key, a, &program);
	int result = hit ? 0 : seccomp_compile(s, a, &program, e);
	timing_end(timed, result);
	if (result < 0)
		return -1;
	trace(TRACE_STEPS, "parent: filter cache %s, %zu instructions", hit ? "hit" : "miss",
	      program.n);
	if (send_program(&program, channel, e) < 0)
		return -1;
	/* The child does not wait for this. */
	if (!hit)
		seccomp_cache_keep(root, &key, &program, a);
	return 0;
}

/* The descriptor goes with the first bytes; long annotations may take more than one call. */
static int send_state(int agent, int listener, const char *text, size_t n)
{
	while (n) {
		ssize_t done = socket_pass(agent, text, n, listener);
		if (done < 0)
			return -1;
		text += done;
		n -= (size_t)done;
		listener = -1;
	}
	return 0;
}

int filter_hand_over(const struct spec_seccomp *s, pid_t pid, int pidfd, int listener,
		     const struct status *state, struct arena *a, struct error *e)
{
	char *names[] = { "seccompFd", NULL };
	struct process_state document = { .oci_version = state->oci_version,
					  .fds = { 1, names },
					  .pid = pid,
					  .metadata = s->listener_metadata,
					  .state = *state };
	size_t n;

	/* Only what the specification's state has. */
	document.state.rootfs = document.state.created = document.state.owner = NULL;
	const char *text = json_print(&process_state_table, &document, 0, a, &n);
	/* By us, whom no filter holds up, and not by init: the agent may have to answer for that. */
	CLEAN_FD fd = sys_pidfd_getfd(pidfd, listener);
	if (fd < 0) {
		error_set(e, errno, "get the filter's listener from the program's process");
		if (e->code == EPERM)
			error_hint(e, "for exec that takes CAP_SYS_PTRACE");
		return error_in(e, "linux.seccomp");
	}
	CLEAN_FD agent = socket_connect(s->listener_path, SOCKET_PATIENCE_MS, e);
	if (agent < 0) {
		error_set(e, e->code, "failed to connect with seccomp agent %s", s->listener_path);
		return error_in(e, "linux.seccomp.listenerPath");
	}
	if (send_state(agent, fd, text, n) < 0) {
		error_set(e, errno, "send the filter's listener");
		return error_in(e, "linux.seccomp.listenerPath");
	}
	return 0;
}
