/*
 * floor ROOTFS PROGRAM: what the kernel itself needs for `ocirun run` of the default bundle. The
 * same namespaces, cgroup, mounts, devices, masks, pivot, identity and exec are asked of the
 * kernel, with everything hard-coded: no configuration, no state, no errors told apart, no second
 * process. Nothing that makes this container can be faster than this by more than the noise;
 * nothing here is safe against a hostile ROOTFS. Steps are in the order of runtime/child/.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/sched.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

static void must(long result, const char *what)
{
	if (result < 0)
		err(1, "%s", what);
}

/* One file system, made by its options ("key=value", or "flag") and attached below the root. */
struct mounting {
	const char *type;
	const char *to;
	unsigned attributes;
	const char *options[4];
};

#define NOSUID_NOEXEC_NODEV (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NODEV)

static const struct mounting mountings[] = {
	{ "proc", "proc", 0, { NULL } },
	{ "tmpfs", "dev", MOUNT_ATTR_NOSUID, { "mode=755", "size=65536k" } },
	{ "devpts",
	  "dev/pts",
	  MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC,
	  { "ptmxmode=0666", "mode=0620", "gid=5" } },
	{ "tmpfs", "dev/shm", NOSUID_NOEXEC_NODEV, { "mode=1777", "size=65536k" } },
	{ "mqueue", "dev/mqueue", NOSUID_NOEXEC_NODEV, { NULL } },
	{ "sysfs", "sys", NOSUID_NOEXEC_NODEV | MOUNT_ATTR_RDONLY, { NULL } },
	{ "cgroup2",
	  "sys/fs/cgroup",
	  NOSUID_NOEXEC_NODEV | MOUNT_ATTR_RELATIME | MOUNT_ATTR_RDONLY,
	  { NULL } },
};

static const char *const masked[] = {
	"proc/acpi",
	"proc/asound",
	"proc/interrupts",
	"proc/kcore",
	"proc/keys",
	"proc/latency_stats",
	"proc/sched_debug",
	"proc/scsi",
	"proc/timer_list",
	"proc/timer_stats",
	"sys/devices/virtual/powercap",
	"sys/firmware",
	"sys/devices/system/cpu/cpu0/thermal_throttle",
};

static const char *const readonly[] = { "proc/bus", "proc/fs", "proc/irq", "proc/sys",
					"proc/sysrq-trigger" };

static int filesystem_make(const char *type, const char *const *options, unsigned attributes)
{
	int context = fsopen(type, FSOPEN_CLOEXEC);

	must(context, type);
	for (; *options; options++) {
		char key[32];
		const char *value = strchr(*options, '=') + 1;

		snprintf(key, sizeof(key), "%.*s", (int)(value - 1 - *options), *options);
		must(fsconfig(context, FSCONFIG_SET_STRING, key, value, 0), *options);
	}
	must(fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0), type);
	int made = fsmount(context, FSMOUNT_CLOEXEC, attributes);

	must(made, type);
	close(context);
	return made;
}

static void attach(int mounted, int root, const char *to)
{
	must(move_mount(mounted, "", root, to, MOVE_MOUNT_F_EMPTY_PATH), to);
	close(mounted);
}

static void make_mounts(int root)
{
	for (size_t i = 0; i < ARRAY_LEN(mountings); i++) {
		const struct mounting *m = &mountings[i];

		mkdirat(root, m->to, 0755);
		attach(filesystem_make(m->type, m->options, m->attributes), root, m->to);
	}
}

static void make_devices(int root)
{
	static const struct {
		const char *path;
		unsigned major, minor;
	} nodes[] = { { "dev/null", 1, 3 },   { "dev/zero", 1, 5 },    { "dev/full", 1, 7 },
		      { "dev/random", 1, 8 }, { "dev/urandom", 1, 9 }, { "dev/tty", 5, 0 } };
	static const char *const links[][2] = {
		{ "pts/ptmx", "dev/ptmx" },          { "/proc/self/fd", "dev/fd" },
		{ "/proc/self/fd/0", "dev/stdin" },  { "/proc/self/fd/1", "dev/stdout" },
		{ "/proc/self/fd/2", "dev/stderr" }, { "/proc/kcore", "dev/core" },
	};

	umask(0);
	for (size_t i = 0; i < ARRAY_LEN(nodes); i++)
		must(mknodat(root, nodes[i].path, S_IFCHR | 0666,
			     makedev(nodes[i].major, nodes[i].minor)),
		     nodes[i].path);
	for (size_t i = 0; i < ARRAY_LEN(links); i++)
		must(symlinkat(links[i][0], root, links[i][1]), links[i][1]);
	umask(022);
}

/* /dev/null over a file, one empty read-only tmpfs over every directory. */
static void mask(int root)
{
	static const char *const none[] = { NULL };
	int empty = filesystem_make("tmpfs", none, MOUNT_ATTR_RDONLY);

	for (size_t i = 0; i < ARRAY_LEN(masked); i++) {
		int target = openat(root, masked[i], O_PATH | O_CLOEXEC);
		struct stat st;

		if (target < 0 && errno == ENOENT)
			continue;
		must(target, masked[i]);
		fstat(target, &st);
		int cover = S_ISDIR(st.st_mode)
				    ? open_tree(empty, "", OPEN_TREE_CLONE | AT_EMPTY_PATH)
				    : open_tree(root, "dev/null", OPEN_TREE_CLONE);

		must(cover, masked[i]);
		must(move_mount(cover, "", target, "",
				MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH),
		     masked[i]);
		close(cover);
		close(target);
	}
	close(empty);
}

static void make_readonly(int root)
{
	struct mount_attr attributes = { .attr_set = MOUNT_ATTR_RDONLY };

	for (size_t i = 0; i < ARRAY_LEN(readonly); i++) {
		int cover = open_tree(root, readonly[i], OPEN_TREE_CLONE | AT_RECURSIVE);

		if (cover < 0 && errno == ENOENT)
			continue;
		must(cover, readonly[i]);
		must(mount_setattr(cover, "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes,
				   sizeof(attributes)),
		     readonly[i]);
		attach(cover, root, readonly[i]);
	}
	must(mount_setattr(root, "", AT_EMPTY_PATH, &attributes, sizeof(attributes)), "root");
}

static void loopback_up(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	must(ioctl(s, SIOCSIFFLAGS, &request), "lo");
	close(s);
}

/* CAP_KILL, CAP_NET_BIND_SERVICE and CAP_AUDIT_WRITE stay, as in the default bundle. */
static void drop_privileges(void)
{
	const uint64_t keep =
		1ull << CAP_KILL | 1ull << CAP_NET_BIND_SERVICE | 1ull << CAP_AUDIT_WRITE;
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { .effective = (uint32_t)keep,
						    .permitted = (uint32_t)keep } };
	struct rlimit files = { 1024, 1024 };

	must(setrlimit(RLIMIT_NOFILE, &files), "RLIMIT_NOFILE");
	for (int cap = 0; cap <= CAP_LAST_CAP; cap++)
		if (!(keep >> cap & 1))
			prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	must(setgroups(0, NULL), "setgroups");
	must(setresgid(0, 0, 0), "setresgid");
	must(setresuid(0, 0, 0), "setresuid");
	must(syscall(SYS_capset, &header, data), "capset");
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
}

static void child(const char *rootfs, char *program)
{
	char *arguments[] = { program, NULL };
	char *environment[] = { "PATH=/bin", "TERM=xterm", NULL };

	must(setsid(), "setsid");
	must(mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL), "propagation");
	int root = open_tree(AT_FDCWD, rootfs, OPEN_TREE_CLONE | AT_RECURSIVE | OPEN_TREE_CLOEXEC);

	must(root, rootfs);
	must(move_mount(root, "", AT_FDCWD, rootfs, MOVE_MOUNT_F_EMPTY_PATH), rootfs);
	make_mounts(root);
	make_devices(root);
	mask(root);
	make_readonly(root);
	must(fchdir(root), "fchdir");
	must(syscall(SYS_pivot_root, ".", "."), "pivot_root");
	must(umount2(".", MNT_DETACH), "umount");
	must(chdir("/"), "chdir");
	loopback_up();
	must(sethostname("ocirun", 6), "sethostname");
	syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, "_ses.floor");
	drop_privileges();
	must(close_range(3, ~0u, CLOSE_RANGE_CLOEXEC), "close_range");
	execve(program, arguments, environment);
	err(1, "%s", program);
}

int main(int argc, char **argv)
{
	char cgroup[64];
	siginfo_t info;

	if (argc != 3)
		errx(2, "usage: floor ROOTFS PROGRAM");
	snprintf(cgroup, sizeof(cgroup), "/sys/fs/cgroup/floor-%d", getpid());
	must(mkdir(cgroup, 0755), cgroup);
	int cgroup_fd = open(cgroup, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct clone_args arguments = {
		.flags = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC |
			 CLONE_NEWCGROUP | CLONE_INTO_CGROUP,
		.exit_signal = SIGCHLD,
		.cgroup = (uint64_t)cgroup_fd,
	};
	long pid = syscall(SYS_clone3, &arguments, sizeof(arguments));

	must(pid, "clone3");
	if (pid == 0)
		child(argv[1], argv[2]);
	must(waitid(P_PID, (id_t)pid, &info, WEXITED), "waitid");
	must(rmdir(cgroup), cgroup);
	return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}
