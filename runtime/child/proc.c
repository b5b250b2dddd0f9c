/* See proc.h. */
#include "runtime/child/proc.h"

#include "runtime/file.h"
#include "runtime/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/vfs.h>

static int mount_proc(enum proc_kind kind)
{
	CLEAN_FD context = sys_fsopen("proc");

	if (context < 0 ||
	    (kind == PROC_PIDS &&
	     sys_fsconfig(context, SYS_FSCONFIG_SET_STRING, "subset", "pid", 0) < 0) ||
	    sys_fsconfig(context, SYS_FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -1;
	return sys_fsmount(context, 0);
}

int proc_open(enum proc_kind kind, struct error *e)
{
	struct statfs fs;
	CLEAN_FD proc = mount_proc(kind);

	/* Refused in nested user namespaces, and where the only one there is has been covered in
	 * part. A clone of that has nothing mounted over it. */
	if (proc < 0)
		proc = sys_open_tree(AT_FDCWD, "/proc", SYS_OPEN_TREE_CLONE);
	if (proc < 0 || fstatfs(proc, &fs) < 0)
		return error_set(e, errno, "open a proc filesystem of our own");
	if (fs.f_type != PROC_SUPER_MAGIC)
		return error_set(e, 0, "/proc is not a proc filesystem");
	return fd_take(&proc);
}

int proc_write(int proc, const char *path, const char *text)
{
	CLEAN_FD fd = sys_openat2(proc, path, O_WRONLY, 0,
				  RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV);

	return fd < 0 ? -1 : write_all(fd, text, strlen(text));
}
