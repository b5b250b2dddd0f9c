/*
 * The container's terminal: a pty of its own devpts, opened below the rootfs and verified. The
 * slave is opened by the kernel from the master (TIOCGPTPEER), never by a name in /dev/pts that may
 * be exchanged (CVE-2025-52565), and bound to /dev/console by descriptor.
 */
#include "runtime/channel.h"
#include "runtime/child/mount.h"
#include "runtime/child/spent.h"
#include "runtime/child/steps.h"
#include "runtime/file.h"
#include "runtime/inroot.h"
#include "runtime/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <termios.h>
#include <unistd.h>

static bool is_multiplexer(int fd)
{
	struct statfs fs;
	struct stat st;

	return fstatfs(fd, &fs) == 0 && fstat(fd, &st) == 0 && fs.f_type == DEVPTS_SUPER_MAGIC &&
	       st.st_rdev == makedev(5, 2);
}

static int open_master(struct child *c, struct error *e)
{
	int unlock = 0;
	/* Looked at before it is opened: the mere opening of some devices does something. */
	SPENT_FD look = inroot_open(c->rootfs, "/dev/pts/ptmx", O_PATH, 0);

	if (look < 0 && errno == ENOENT) {
		error_set(e, ENOENT, "open /dev/pts/ptmx in the container's root");
		return error_hint(e, "a terminal needs a devpts filesystem at /dev/pts in mounts");
	}
	if (look < 0)
		return error_set(e, errno, "open /dev/pts/ptmx in the container's root");
	SPENT_FD master = is_multiplexer(look)
				  ? inroot_open(c->rootfs, "/dev/pts/ptmx", O_RDWR | O_NOCTTY, 0)
				  : -1;
	if (master < 0 || !is_multiplexer(master))
		return error_set(e, 0,
				 "/dev/pts/ptmx in the container's root is no pty multiplexer");
	if (ioctl(master, TIOCSPTLCK, &unlock) < 0)
		return error_call(e, "ioctl", "unlock the terminal");
	return fd_take(&master);
}

static int bind_console(struct child *c, struct error *e)
{
	/* Not opened: a file that is open for writing keeps /dev from becoming read-only. */
	if (mknodat(c->dev, "console", S_IFREG | 0600, 0) < 0 && errno != EEXIST)
		return error_set(e, errno, "make a file for the terminal at /dev/console");
	SPENT_FD target = openat(c->dev, "console", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	SPENT_FD tree = mount_clone(c->console, false);
	if (target < 0 || tree < 0 || mount_onto(tree, target) < 0)
		return error_set(e, errno, "bind the terminal to /dev/console");
	return 0;
}

int terminal_open(struct child *c, struct error *e)
{
	const struct spec_process *p = c->plan->process;

	if (!p || !p->terminal)
		return 0;
	SPENT_FD master = open_master(c, e);
	if (master < 0)
		return error_in(e, "process.terminal");
	c->console = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (c->console < 0)
		return error_call(e, "ioctl", "open the container's end of the terminal");
	if (p->console_size) {
		const struct winsize size = { .ws_row = (unsigned short)p->console_size->height,
					      .ws_col = (unsigned short)p->console_size->width };
		if (ioctl(master, TIOCSWINSZ, &size) < 0)
			return error_call(e, "ioctl", "set the terminal's size");
	}
	if (c->plan->setup_dev && bind_console(c, e) < 0)
		return -1;
	if (channel_send(c->channel, MESSAGE_TERMINAL, 0, master) < 0)
		return error_set(e, errno, "hand the terminal to the parent");
	return 0;
}

int terminal_take(struct child *c, struct error *e)
{
	if (c->console < 0)
		return 0;
	for (int fd = 0; fd < 3; fd++)
		if (dup2(c->console, fd) < 0)
			return error_call(e, "dup2", "make the terminal descriptor %d", fd);
	fd_close(&c->console);
	/* Its user must be able to open it again by name. EINVAL: an id that is not mapped, the id
	 * stays. */
	if (c->user.uid && fchown(STDIN_FILENO, c->user.uid, -1) < 0 && errno != EINVAL &&
	    errno != EPERM)
		return error_set(e, errno, "give the terminal to user %u", c->user.uid);
	return 0;
}

int terminal_control(struct child *c, struct error *e)
{
	const struct spec_process *p = c->plan->process;

	return p && p->terminal && ioctl(STDIN_FILENO, TIOCSCTTY, 0) < 0
		       ? error_set(e, errno, "make the terminal the session's")
		       : 0;
}
