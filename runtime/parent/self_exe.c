/*
 * The executable is reached through a detached, read-only clone of its mount: opening /proc/PID/exe
 * of the child for writing gives EROFS, whoever asks, and a mount that is nowhere can't be made
 * writable. Cloning a mount needs CAP_SYS_ADMIN and a mount in our own mount namespace; without
 * them a sealed memfd holds a copy.
 */
#include "runtime/parent/self_exe.h"

#include "runtime/file.h"
#include "runtime/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#define MEMFD_EXEC 0x10U /* linux/memfd.h, since 6.3: for hosts with vm.memfd_noexec */

static int read_only_clone(void)
{
	const struct sys_mount_attr read_only = { .attr_set = MOUNT_ATTR_RDONLY };

	return sys_open_tree_attr(AT_FDCWD, "/proc/self/exe", 0, &read_only);
}

static int sealed_copy(struct error *e)
{
	CLEAN_FD from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	CLEAN_FD to = memfd_create("ocirun", MFD_CLOEXEC | MFD_ALLOW_SEALING | MEMFD_EXEC);
	struct stat st;

	if (to < 0 && errno == EINVAL)
		to = memfd_create("ocirun", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (from < 0 || to < 0 || fstat(from, &st) < 0)
		return error_set(e, errno, "copy our own executable");
	for (off_t left = st.st_size; left > 0;) {
		ssize_t n = sendfile(to, from, NULL, left);
		if (n <= 0)
			return error_set(e, n ? errno : EIO, "copy our own executable");
		left -= n;
	}
	if (fcntl(to, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
		return error_call(e, "fcntl", "seal the copy of our own executable");
	return fd_take(&to);
}

int self_exe_open(struct error *e)
{
	int fd = read_only_clone();

	return fd >= 0 ? fd : sealed_copy(e);
}
