/* See filter.h. */
#include "runtime/parent/filter.h"

#include "runtime/channel.h"
#include "runtime/file.h"
#include "runtime/log.h"
#include "runtime/parent/seccomp.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

int filter_send(const struct spec_seccomp *s, int channel, struct arena *a, struct error *e)
{
	struct seccomp_program program;

	if (seccomp_compile(s, a, &program, e) < 0)
		return -1;
	trace(TRACE_STEPS, "parent: linux.seccomp is compiled, %zu instructions", program.n);
	ssize_t size = (ssize_t)(program.n * sizeof(*program.v));
	CLEAN_FD fd = memfd_create("ocirun-filter", MFD_CLOEXEC);
	/* Not write: the child shares the offset, and reads from the start. */
	if (fd < 0 || pwrite(fd, program.v, size, 0) != size) {
		error_set(e, fd < 0 ? errno : EIO, "write the filter's memfd");
		return error_in(e, "linux.seccomp");
	}
	if (channel_send(channel, MESSAGE_FILTER, 0, fd) < 0 && errno != EPIPE)
		return error_set(e, errno, "talk to the container's init");
	return 0;
}
