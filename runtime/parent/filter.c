/* See filter.h. */
#include "runtime/parent/filter.h"

#include "runtime/channel.h"
#include "runtime/file.h"
#include "runtime/log.h"
#include "runtime/parent/seccomp.h"

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
	struct seccomp_key key = seccomp_key(s, a);
	struct seccomp_program program;

	/* Who asks what was left out gets the answer of the compiler. */
	bool hit = !trace_on(TRACE_SPEC) && seccomp_cache_find(root, &key, a, &program);
	if (!hit && seccomp_compile(s, a, &program, e) < 0)
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
