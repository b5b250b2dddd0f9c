/*
 * payload: a static program that runs inside a container and reports what it sees, one `key=value`
 * per line. The integration tests compare these lines; they need no shell, no C library and no
 * other file in the rootfs.
 *
 *     payload WORD [ARGUMENT...] [WORD [ARGUMENT...]]...
 *
 * Words are done from left to right, so `payload to /out ids caps exit 3` writes a report to a file
 * and then exits with 3. `payload help` lists them. A value that can't be had is printed as the
 * name of its errno in brackets, `cwd=(ENOENT)`; only bad usage exits with 125.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#define USAGE_ERROR 125
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

struct word {
	const char *name;
	int arguments;
	void (*run)(char **argument);
	const char *help;
};

static void usage_error(const char *what, const char *value)
{
	fprintf(stderr, "payload: %s: %s (try `payload help`)\n", what, value);
	_exit(USAGE_ERROR);
}

static long number(const char *text)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (end == text || *end)
		usage_error("not a number", text);
	return n;
}

static const char *failure(void)
{
	static char text[40];
	const char *name = strerrorname_np(errno);

	snprintf(text, sizeof(text), "(%s)", name ? name : "unknown errno");
	return text;
}

/* A small file (or stdin, "-") without its last newline, until the next call; NULL with errno on
 * failure. */
static const char *slurp(const char *path)
{
	static char text[65536];
	size_t used = 0;
	ssize_t n;
	int fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) : dup(0);

	if (fd < 0)
		return NULL;
	while ((n = read(fd, text + used, sizeof(text) - 1 - used)) > 0)
		used += (size_t)n;
	int code = errno;

	close(fd);
	errno = code;
	if (n < 0)
		return NULL;
	if (used > 0 && text[used - 1] == '\n')
		used--;
	text[used] = '\0';
	return text;
}

/* Print each line of a file as `KEY=LINE`. */
static void print_lines(const char *key, const char *path)
{
	const char *text = slurp(path);

	if (!text) {
		printf("%s=%s\n", key, failure());
		return;
	}
	for (;;) {
		size_t length = strcspn(text, "\n");

		printf("%s=%.*s\n", key, (int)length, text);
		if (!text[length])
			return;
		text += length + 1;
	}
}

static void print_link(const char *key, const char *path)
{
	char target[4096];
	ssize_t n = readlink(path, target, sizeof(target) - 1);

	printf("%s=%.*s\n", key, n < 0 ? (int)strlen(failure()) : (int)n,
	       n < 0 ? failure() : target);
}

/* --- who am I --- */

static void report_ids(char **argument)
{
	uid_t ruid, euid, suid;
	gid_t rgid, egid, sgid;
	gid_t groups[1024];
	int n = getgroups(ARRAY_LEN(groups), groups);

	(void)argument;
	getresuid(&ruid, &euid, &suid);
	getresgid(&rgid, &egid, &sgid);
	printf("uid=%u\neuid=%u\nsuid=%u\n", ruid, euid, suid);
	printf("gid=%u\negid=%u\nsgid=%u\ngroups=", rgid, egid, sgid);
	for (int i = 0; i < n; i++)
		printf("%s%u", i ? "," : "", groups[i]);
	printf("\npid=%d\nppid=%d\nsid=%d\npgid=%d\n", getpid(), getppid(), getsid(0), getpgrp());
}

static void report_caps(char **argument)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };
	unsigned long long bounding = 0, ambient = 0;

	(void)argument;
	syscall(SYS_capget, &header, data);
	for (int cap = 0; cap < 64; cap++) {
		if (prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == 1)
			bounding |= 1ULL << cap;
		if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, cap, 0, 0) == 1)
			ambient |= 1ULL << cap;
	}
	printf("cap_bounding=%016llx\n", bounding);
	printf("cap_effective=%08x%08x\n", data[1].effective, data[0].effective);
	printf("cap_permitted=%08x%08x\n", data[1].permitted, data[0].permitted);
	printf("cap_inheritable=%08x%08x\n", data[1].inheritable, data[0].inheritable);
	printf("cap_ambient=%016llx\n", ambient);
	printf("securebits=%d\n", prctl(PR_GET_SECUREBITS));
}

static void report_process(char **argument)
{
	struct sched_param param = { 0 };
	int policy = sched_getscheduler(0);
	int pdeathsig = -1;

	(void)argument;
	sched_getparam(0, &param);
	printf("no_new_privs=%d\n", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
	printf("dumpable=%d\n", prctl(PR_GET_DUMPABLE, 0, 0, 0, 0));
	printf("seccomp=%d\n", prctl(PR_GET_SECCOMP, 0, 0, 0, 0));
	prctl(PR_GET_PDEATHSIG, &pdeathsig);
	printf("pdeathsig=%d\n", pdeathsig);
	printf("personality=0x%x\n", (unsigned)personality(0xffffffff));
	printf("scheduler=%d priority %d nice %d\n", policy, param.sched_priority,
	       getpriority(PRIO_PROCESS, 0));
	printf("ioprio=0x%lx\n", syscall(SYS_ioprio_get, 1, 0));
	print_lines("oom_score_adj", "/proc/self/oom_score_adj");
	print_lines("lsm_label", "/proc/self/attr/current");
}

/* linux/sched/types.h, which clashes with sched.h. */
struct attributes {
	unsigned size, policy;
	unsigned long long flags;
	int nice;
	unsigned priority;
	unsigned long long runtime, deadline, period;
};

static void report_scheduling(char **argument)
{
	struct attributes a = { 0 };
	unsigned long nodes[1024 / (8 * sizeof(long))] = { 0 };
	int mode;
	struct utsname u;

	(void)argument;
	if (syscall(SYS_sched_getattr, 0, &a, sizeof(a), 0) < 0)
		printf("sched=%s\n", failure());
	else
		printf("sched=policy %u flags 0x%llx nice %d priority %u deadline %llu/%llu/%llu\n",
		       a.policy, a.flags, a.nice, a.priority, a.runtime, a.deadline, a.period);
	printf("ioprio=0x%lx\n", syscall(SYS_ioprio_get, 1, 0));
	if (syscall(SYS_get_mempolicy, &mode, nodes, 1024UL, NULL, 0UL) < 0)
		printf("mempolicy=%s\n", failure());
	else
		printf("mempolicy=0x%x nodes 0x%lx\n", (unsigned)mode, nodes[0]);
	uname(&u);
	printf("machine=%s\n", u.machine);
}

static void report_clocks(char **argument)
{
	struct timespec t;

	(void)argument;
	clock_gettime(CLOCK_MONOTONIC, &t);
	printf("clock_monotonic=%lld\n", (long long)t.tv_sec);
	clock_gettime(CLOCK_BOOTTIME, &t);
	printf("clock_boottime=%lld\n", (long long)t.tv_sec);
}

static void report_rlimits(char **argument)
{
	static const char *const names[] = { "cpu",      "fsize", "data",   "stack",
					     "core",     "rss",   "nproc",  "nofile",
					     "memlock",  "as",    "locks",  "sigpending",
					     "msgqueue", "nice",  "rtprio", "rttime" };

	(void)argument;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct rlimit r;
		char soft[24] = "unlimited", hard[24] = "unlimited";

		getrlimit((__rlimit_resource_t)i, &r);
		if (r.rlim_cur != RLIM_INFINITY)
			snprintf(soft, sizeof(soft), "%llu", (unsigned long long)r.rlim_cur);
		if (r.rlim_max != RLIM_INFINITY)
			snprintf(hard, sizeof(hard), "%llu", (unsigned long long)r.rlim_max);
		printf("rlimit_%s=%s:%s\n", names[i], soft, hard);
	}
}

static void report_signals(char **argument)
{
	sigset_t blocked;

	(void)argument;
	sigprocmask(SIG_SETMASK, NULL, &blocked);
	printf("signals_blocked=");
	for (int s = 1; s < NSIG; s++)
		if (sigismember(&blocked, s) == 1)
			printf("%d,", s);
	printf("\nsignals_ignored=");
	for (int s = 1; s < NSIG; s++) {
		struct sigaction action;

		if (sigaction(s, NULL, &action) == 0 && action.sa_handler == SIG_IGN)
			printf("%d,", s);
	}
	printf("\n");
}

/* --- what was I given --- */

static void report_env(char **argument)
{
	(void)argument;
	for (char **e = environ; *e; e++)
		printf("env=%s\n", *e);
}

/* Without /proc, so that a container that has none can be looked at too. */
static void report_fds(char **argument)
{
	(void)argument;
	for (int fd = 0; fd < 1024; fd++) {
		char path[40], key[24];
		int flags = fcntl(fd, F_GETFD);

		if (flags < 0)
			continue;
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		snprintf(key, sizeof(key), "fd_%d%s", fd, flags & FD_CLOEXEC ? "_cloexec" : "");
		print_link(key, path);
	}
}

static void report_cwd(char **argument)
{
	char path[4096];

	(void)argument;
	/* The raw system call: libc hides "(unreachable)", which is what a test wants to see. */
	printf("cwd=%s\n", syscall(SYS_getcwd, path, sizeof(path)) < 0 ? failure() : path);
}

static void report_umask(char **argument)
{
	mode_t mask = umask(0);

	(void)argument;
	umask(mask);
	printf("umask=%04o\n", mask);
}

static void report_tty(char **argument)
{
	struct winsize size;

	(void)argument;
	for (int fd = 0; fd < 3; fd++)
		printf("tty_%d=%s\n", fd, isatty(fd) ? "yes" : "no");
	if (ioctl(0, TIOCGWINSZ, &size) == 0)
		printf("tty_size=%ux%u\n", size.ws_row, size.ws_col);
	int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);

	printf("tty_controlling=%s\n", fd < 0 ? failure() : "yes");
	if (fd >= 0)
		close(fd);
	print_link("tty_link", "/proc/self/fd/0");
}

static void report_exe(char **argument)
{
	(void)argument;
	print_lines("exe_comm", "/proc/self/comm");
	print_link("exe", "/proc/self/exe");
}

static void report_keyring(char **argument)
{
	char text[256];
	long n = syscall(SYS_keyctl, KEYCTL_DESCRIBE, KEY_SPEC_SESSION_KEYRING, text,
			 sizeof(text) - 1);

	(void)argument;
	printf("keyring=%s\n", n < 0 ? failure() : text);
	n = syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0);
	printf("keyring_id=%ld\n", n);
	n = syscall(SYS_keyctl, KEYCTL_GET_SECURITY, KEY_SPEC_SESSION_KEYRING, text, sizeof(text));
	printf("keyring_label=%s\n", n < 0 ? failure() : text);
}

/* What who knows another's keyring's name gets by it. */
static void do_join_keyring(char **argument)
{
	long n = syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, argument[0]);

	if (n < 0)
		printf("joined_keyring=%s\n", failure());
	else
		printf("joined_keyring=%ld\n", n);
}

/* --- where am I --- */

static void report_ns(char **argument)
{
	static const char *const names[] = { "cgroup", "ipc",  "mnt",  "net",
					     "pid",    "time", "user", "uts" };

	(void)argument;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		char path[40], key[16];

		snprintf(path, sizeof(path), "/proc/self/ns/%s", names[i]);
		snprintf(key, sizeof(key), "ns_%s", names[i]);
		print_link(key, path);
	}
	print_lines("uid_map", "/proc/self/uid_map");
	print_lines("gid_map", "/proc/self/gid_map");
	print_lines("setgroups", "/proc/self/setgroups");
	print_lines("timens_offsets", "/proc/self/timens_offsets");
}

static void report_host(char **argument)
{
	struct utsname u;

	(void)argument;
	uname(&u);
	printf("hostname=%s\ndomainname=%s\n", u.nodename, u.domainname);
}

static void report_cgroup(char **argument)
{
	(void)argument;
	print_lines("cgroup", "/proc/self/cgroup");
}

/* `mount=DESTINATION TYPE SOURCE OPTIONS SUPERBLOCK-OPTIONS PROPAGATION`, in mount order. */
static void report_mounts(char **argument)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char line[8192];

	(void)argument;
	if (!f) {
		printf("mount=%s\n", failure());
		return;
	}
	while (fgets(line, sizeof(line), f)) {
		char destination[2048], options[1024], type[256], source[2048], super[2048];
		char *tail = strstr(line, " - ");
		int at = 0;

		if (!tail ||
		    sscanf(line, "%*s %*s %*s %*s %2047s %1023s%n", destination, options, &at) != 2)
			continue;
		if (sscanf(tail, " - %255s %2047s %2047s", type, source, super) != 3)
			continue;
		*tail = '\0';
		printf("mount=%s %s %s %s %s %s\n", destination, type, source, options, super,
		       line + at < tail && line[at] ? line + at + 1 : "private");
	}
	fclose(f);
}

/* Every process that /proc shows: `process=PID COMMAND`. */
static void report_processes(char **argument)
{
	DIR *d = opendir("/proc");
	struct dirent *entry;

	(void)argument;
	if (!d) {
		printf("process=%s\n", failure());
		return;
	}
	while ((entry = readdir(d))) {
		char path[300];

		if (entry->d_name[0] < '0' || entry->d_name[0] > '9')
			continue;
		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		const char *comm = slurp(path);

		printf("process=%s %s\n", entry->d_name, comm ? comm : failure());
	}
	closedir(d);
}

/* `net=NAME up|down`, by index, so that neither /proc nor /sys is needed. */
static void report_net(char **argument)
{
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)argument;
	for (int index = 1; index < 256; index++) {
		struct ifreq request = { .ifr_ifindex = index };

		if (ioctl(s, SIOCGIFNAME, &request) < 0 || ioctl(s, SIOCGIFFLAGS, &request) < 0)
			continue;
		printf("net=%s %s\n", request.ifr_name, request.ifr_flags & IFF_UP ? "up" : "down");
	}
	close(s);
}

/* `address=LABEL ADDRESS/PREFIX`, of every network interface. */
static void report_addresses(char **argument)
{
	struct ifaddrs *all;

	(void)argument;
	if (getifaddrs(&all) < 0) {
		printf("address=%s\n", failure());
		return;
	}
	for (const struct ifaddrs *one = all; one; one = one->ifa_next) {
		char text[64];
		int prefix = 0, family = one->ifa_addr ? one->ifa_addr->sa_family : AF_UNSPEC;
		size_t at = family == AF_INET ? offsetof(struct sockaddr_in, sin_addr)
					      : offsetof(struct sockaddr_in6, sin6_addr);

		if ((family != AF_INET && family != AF_INET6) ||
		    !inet_ntop(family, (char *)one->ifa_addr + at, text, sizeof(text)))
			continue;
		for (int i = 0; i < (family == AF_INET ? 4 : 16); i++)
			prefix += __builtin_popcount(((uint8_t *)one->ifa_netmask)[at + i]);
		printf("address=%s %s/%d\n", one->ifa_name, text, prefix);
	}
	freeifaddrs(all);
}

/* --- one thing, named by an argument --- */

/* `link=NAME mtu N mac XX:…` */
static void report_link(char **argument)
{
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { 0 };

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", argument[0]);
	if (ioctl(s, SIOCGIFMTU, &request) < 0) {
		printf("link=%s %s\n", argument[0], failure());
		return;
	}
	printf("link=%s mtu %d mac ", argument[0], request.ifr_mtu);
	ioctl(s, SIOCGIFHWADDR, &request);
	for (int i = 0; i < 6; i++)
		printf("%02x%s", (uint8_t)request.ifr_hwaddr.sa_data[i], i < 5 ? ":" : "\n");
	close(s);
}

static void report_sysctl(char **argument)
{
	char path[512], key[512];

	snprintf(key, sizeof(key), "sysctl_%s", argument[0]);
	snprintf(path, sizeof(path), "/proc/sys/%s", argument[0]);
	for (char *p = path + strlen("/proc/sys/"); *p; p++)
		*p = *p == '.' ? '/' : *p;
	print_lines(key, path);
}

static void report_file(char **argument)
{
	print_lines("file", argument[0]);
}

/* `stat=PATH TYPE MODE UID:GID MAJOR:MINOR SIZE [-> TARGET]`, of the link itself. */
static void report_stat(char **argument)
{
	static const char types[] = "?pc?d?b?-?l?s???";
	struct stat st;
	char target[4096] = "";

	if (lstat(argument[0], &st) < 0) {
		printf("stat=%s %s\n", argument[0], failure());
		return;
	}
	printf("stat=%s %c %04o %u:%u %u:%u %lld", argument[0], types[st.st_mode >> 12 & 15],
	       st.st_mode & 07777, st.st_uid, st.st_gid, major(st.st_rdev), minor(st.st_rdev),
	       (long long)st.st_size);
	if (S_ISLNK(st.st_mode) && readlink(argument[0], target, sizeof(target) - 1) > 0)
		printf(" -> %s", target);
	printf("\n");
}

static void report_label(char **argument)
{
	char text[256];
	ssize_t n = lgetxattr(argument[0], "security.selinux", text, sizeof(text) - 1);

	if (n >= 0)
		text[n] = 0;
	printf("label=%s %s\n", argument[0], n < 0 ? failure() : text);
}

static void report_list(char **argument)
{
	DIR *d = opendir(argument[0]);
	struct dirent *entry;

	if (!d) {
		printf("entry=%s\n", failure());
		return;
	}
	while ((entry = readdir(d))) {
		char path[4096];

		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		snprintf(path, sizeof(path), "%s/%s", argument[0], entry->d_name);
		report_stat((char *[]){ path });
	}
	closedir(d);
}

/*
 * What opening for reading and for writing answers; the file is not changed. In a directory,
 * writing is making (and removing) a file.
 */
static void report_access(char **argument)
{
	char path[4096], byte;
	struct stat st;
	bool directory = stat(argument[0], &st) == 0 && S_ISDIR(st.st_mode);
	int fd = open(argument[0], O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	printf("read=%s %s", argument[0], fd < 0 ? failure() : "");
	if (fd >= 0 && !directory) {
		ssize_t n = read(fd, &byte, 1);

		printf("%s", n < 0 ? failure() : n ? "yes" : "empty");
	} else if (fd >= 0) {
		ssize_t n = syscall(SYS_getdents64, fd, path, sizeof(path));

		/* "." and ".." take 24 bytes each */
		printf("%s", n < 0 ? failure() : n > 48 ? "yes" : "empty");
	}
	if (fd >= 0)
		close(fd);
	snprintf(path, sizeof(path), "%s%s", argument[0], directory ? "/.payload" : "");
	fd = open(path,
		  O_WRONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (directory ? O_CREAT | O_EXCL : 0),
		  0600);
	printf("\nwrite=%s %s\n", argument[0], fd < 0 ? failure() : "yes");
	if (fd >= 0 && directory)
		unlink(path);
	if (fd >= 0)
		close(fd);
}

static void report_mknod(char **argument)
{
	int failed = mknod(argument[0], S_IFCHR | 0600, makedev(1, 3));

	printf("mknod=%s\n", failed ? failure() : "yes");
	if (!failed)
		unlink(argument[0]);
}

/* The old way out of a root that is a mere directory: to have another below where one stands. */
static void do_climb(char **argument)
{
	(void)argument;
	int failed = chroot("proc");

	for (int i = 0; i < 64; i++)
		failed |= chdir("..");
	failed |= chroot(".");
	printf("climb=%s\n", failed ? failure() : "done");
	fflush(stdout);
}

/* "NUMBER:ARG:ARG..." in any base, missing ones 0. Returns what is before the first colon. */
static const char *call_of(const char *text, long words[7])
{
	static char first[64];
	const char *at = text;

	for (int i = 0; i < 7; i++) {
		words[i] = at ? (long)strtoull(at, NULL, 0) : 0;
		at = at ? strchr(at, ':') : NULL;
		at = at ? at + 1 : NULL;
	}
	snprintf(first, sizeof(first), "%.*s", (int)strcspn(text, ":"), text);
	return first;
}

static void print_call(const char *key, const char *call, long result)
{
	errno = result < 0 && result > -4096 ? (int)-result : 0;
	printf("%s %s=%s\n", key, call, errno ? failure() : "ok");
	fflush(stdout);
}

/* The calls that tests make by name; all by number. */
#define CALL(name)                \
	{                         \
#name, SYS_##name \
	}
static const struct {
	const char *name;
	long number;
} calls[] = {
	CALL(getpid), CALL(getppid),     CALL(getuid), CALL(clone), CALL(unshare),
	CALL(mount),  CALL(personality), CALL(keyctl), CALL(chmod), CALL(socket),
	CALL(setuid), CALL(bpf),         CALL(uname),  CALL(kcmp),  CALL(mkdirat),
};

static void do_syscall(char **argument)
{
	long w[7];
	const char *name = call_of(argument[0], w);

	for (size_t i = 0; i < ARRAY_LEN(calls); i++)
		if (!strcmp(name, calls[i].name))
			w[0] = calls[i].number;
	/* As fork does it, a child must not go on. */
	long result = syscall(w[0], w[1], w[2], w[3], w[4], w[5], w[6]);
	if (w[0] == SYS_clone && result == 0)
		_exit(0);
	print_call("syscall", argument[0], result < 0 ? -errno : result);
}

/* By the other door: i386 numbers, 32-bit arguments. */
static void do_syscall32(char **argument)
{
	long w[7], result = -ENOSYS;

	call_of(argument[0], w);
#ifdef __x86_64__
	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(w[0]), "b"(w[1]), "c"(w[2]), "d"(w[3]), "S"(w[4]), "D"(w[5])
			 : "memory", "r8", "r9", "r10", "r11");
	result = (int)result;
#endif
	print_call("syscall32", argument[0], result);
}

/* --- doing something --- */

static void do_to(char **argument)
{
	if (!freopen(argument[0], "we", stdout))
		usage_error("cannot write", argument[0]);
	setvbuf(stdout, NULL, _IOLBF, 0);
}

static void do_say(char **argument)
{
	printf("%s\n", argument[0]);
}

/* What sd_notify(3) does; never waits. */
static void do_notify(char **argument)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *path = getenv("NOTIFY_SOCKET");
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path ? path : "");
	ssize_t n = sendto(fd, argument[0], strlen(argument[0]), MSG_DONTWAIT,
			   (struct sockaddr *)&address, sizeof(address));
	printf("notify=%s\n", n < 0 ? failure() : "sent");
	close(fd);
}

static void do_write(char **argument)
{
	int fd = open(argument[0], O_WRONLY | O_CLOEXEC | O_CREAT | O_TRUNC, 0644);
	ssize_t n = fd < 0 ? -1 : write(fd, argument[1], strlen(argument[1]));

	printf("written=%s %s\n", argument[0], n < 0 ? failure() : "yes");
	if (fd >= 0)
		close(fd);
}

static void do_type(char **argument)
{
	int failed = 0;

	for (const char *at = argument[0]; *at && !failed; at++)
		failed = ioctl(STDIN_FILENO, TIOCSTI, at);
	printf("typed=%s\n", failed ? failure() : "yes");
}

static void do_stdin(char **argument)
{
	(void)argument;
	print_lines("stdin", "-");
}

static void do_true(char **argument)
{
	(void)argument;
}

static void do_exit(char **argument)
{
	exit((int)number(argument[0]));
}

/* Does nothing to the init of a pid namespace: it dies only by signals from outside. */
static void do_kill_self(char **argument)
{
	int sig = (int)number(argument[0]);
	sigset_t set;

	signal(sig, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, sig);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	kill(getpid(), sig);
}

static void on_term(int sig)
{
	_exit(128 + sig);
}

/* SIGTERM and SIGINT end it, unless they are ignored: an init of a pid namespace has no default
 * action for them. */
static void do_sleep(char **argument)
{
	struct timespec time = { .tv_sec = number(argument[0]) };
	struct sigaction old;

	if (sigaction(SIGTERM, NULL, &old) == 0 && old.sa_handler == SIG_DFL)
		signal(SIGTERM, on_term);
	if (sigaction(SIGINT, NULL, &old) == 0 && old.sa_handler == SIG_DFL)
		signal(SIGINT, on_term);
	while (nanosleep(&time, &time) < 0 && errno == EINTR)
		;
}

static void do_ignore_term(char **argument)
{
	(void)argument;
	signal(SIGTERM, SIG_IGN);
}

/* Report the next signal of those a test may send, then go on with the next word. */
static void do_await_signal(char **argument)
{
	sigset_t set;
	int got;

	(void)argument;
	sigfillset(&set);
	sigdelset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	printf("ready\n");
	do
		got = sigwaitinfo(&set, NULL);
	while (got < 0 && errno == EINTR); /* a checkpoint */
	printf("signal=%d\n", got);
	sigemptyset(&set);
	sigprocmask(SIG_SETMASK, &set, NULL);
}

static void do_spawn_children(char **argument)
{
	long n = number(argument[0]);

	for (long i = 0; i < n; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			for (;;)
				pause();
		}
		printf("child=%d\n", pid);
	}
}

/* A process whose parent dies at once: a child of the container's init, or of the host's. */
static void do_spawn_orphan(char **argument)
{
	pid_t pid = fork();

	(void)argument;
	if (pid == 0) {
		if (fork() == 0) {
			setsid();
			for (;;)
				pause();
		}
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

/* Is it the program that its process shows? Then it is no more the runtime's. */
static bool is_payload(const char *exe)
{
	const char *name = strrchr(exe, '/');

	return !strcmp(name ? name + 1 : exe, "payload");
}

/*
 * What a process lets us see and do: print each thing that should be closed to us. Its exe is asked
 * again afterwards: what a program of ours shows is no secret. Returns whether it is still closed.
 */
static bool spy_one(const char *pid)
{
	char path[300], exe[4096];
	static const char *const files[] = { "environ", "fd", "cwd/.", "root/.", "maps", "mem" };

	snprintf(path, sizeof(path), "/proc/%s/exe", pid);
	ssize_t n = readlink(path, exe, sizeof(exe) - 1);
	bool closed = n < 0 && errno == EACCES;

	exe[n < 0 ? 0 : n] = 0;
	if (n > 0 && !is_payload(exe))
		printf("spied=%s exe %s\n", pid, exe);
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		char file[320];
		snprintf(file, sizeof(file), "/proc/%s/%s", pid, files[i]);
		int fd = open(file, O_RDONLY | O_CLOEXEC);
		/* The memory of the moment we opened it. */
		n = readlink(path, exe, sizeof(exe) - 1);
		exe[n < 0 ? 0 : n] = 0;
		if (fd >= 0 && n > 0 && !is_payload(exe))
			printf("spied=%s %s of %s\n", pid, files[i], exe);
		if (fd >= 0)
			close(fd);
	}
	if (ptrace(PTRACE_SEIZE, atoi(pid), 0, 0) == 0) {
		n = readlink(path, exe, sizeof(exe) - 1);
		exe[n < 0 ? 0 : n] = 0;
		if (n > 0 && !is_payload(exe))
			printf("spied=%s traced %s\n", pid, exe);
		/* Only one that stands still can be let go. */
		ptrace(PTRACE_INTERRUPT, atoi(pid), 0, 0);
		waitpid(atoi(pid), NULL, __WALL);
		ptrace(PTRACE_DETACH, atoi(pid), 0, 0);
	}
	return closed;
}

/* A number from /proc/PID/status, "CapPrm:"; 0 when there is none. */
static unsigned long long status_bits(const char *pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%s/status", pid);
	const char *text = slurp(path), *at = text ? strstr(text, name) : NULL;

	return at ? strtoull(at + strlen(name), NULL, 16) : 0;
}

static void guard_fds(const char *pid)
{
	char path[64], name[400], target[4096];

	snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	DIR *d = opendir(path);
	struct dirent *entry;

	while (d && (entry = readdir(d))) {
		if (atoi(entry->d_name) < 3)
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		ssize_t n = readlink(name, target, sizeof(target) - 1);

		target[n < 0 ? 0 : n] = 0;
		if (n > 0 && strncmp(target, "socket:", 7) != 0)
			printf("leak=%s fd %s %s\n", pid, entry->d_name, target);
	}
	if (d)
		closedir(d);
}

/* What the runtime's process has that this one should not see or could not get by itself. Returns
 * whether it was seen as the runtime's. */
static bool guard_one(const char *pid, unsigned long long ours)
{
	char path[300], exe[4096];
	struct stat here, there;

	snprintf(path, sizeof(path), "/proc/%s/exe", pid);
	ssize_t n = readlink(path, exe, sizeof(exe) - 1);

	exe[n < 0 ? 0 : n] = 0;
	if (n <= 0 || is_payload(exe))
		return false;
	guard_fds(pid);
	unsigned long long theirs = status_bits(pid, "CapPrm:");
	int fd = open(path, O_RDWR | O_CLOEXEC);

	/* By then it may be a program of the container's. */
	n = readlink(path, exe, sizeof(exe) - 1);
	exe[n < 0 ? 0 : n] = 0;
	if (fd >= 0 && n > 0 && !is_payload(exe))
		printf("leak=%s exe can be written\n", pid);
	if (fd >= 0)
		close(fd);
	if (theirs & ~ours)
		printf("leak=%s capabilities %llx\n", pid, theirs & ~ours);
	static const char *const places[] = { "root/.", "cwd/." };
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		snprintf(path, sizeof(path), "/proc/%s/%s", pid, places[i]);
		if (stat("/", &here) == 0 && stat(path, &there) == 0 &&
		    (here.st_ino != there.st_ino || here.st_dev != there.st_dev))
			printf("leak=%s %s is another\n", pid, places[i]);
	}
	snprintf(path, sizeof(path), "/proc/%s/environ", pid);
	const char *environment = slurp(path);
	snprintf(path, sizeof(path), "/proc/%s/exe", pid);
	n = readlink(path, exe, sizeof(exe) - 1);
	exe[n < 0 ? 0 : n] = 0;
	if (environment && *environment && n > 0 && !is_payload(exe))
		printf("leak=%s environ %.100s\n", pid, environment);
	return true;
}

/* Look at every other process that comes by, for so many seconds, with all rights that we have. */
static void do_guard(char **argument)
{
	time_t end = time(NULL) + number(argument[0]);
	unsigned long long ours = status_bits("self", "CapPrm:");
	long seen = 0;
	char self[24];

	snprintf(self, sizeof(self), "%d", getpid());
	printf("guarding\n");
	while (time(NULL) < end) {
		DIR *d = opendir("/proc");
		struct dirent *entry;

		while (d && (entry = readdir(d)))
			if (entry->d_name[0] > '0' && entry->d_name[0] <= '9' &&
			    strcmp(entry->d_name, self))
				seen += guard_one(entry->d_name, ours);
		if (d)
			closedir(d);
	}
	printf("seen=%ld\n", seen);
}

/* Try to get at every other process that comes by, until so many looks were refused. */
static void do_spy(char **argument)
{
	long closed = 0, enough = number(argument[0]);
	char self[24];

	snprintf(self, sizeof(self), "%d", getpid());
	printf("spying\n");
	while (closed < enough) {
		DIR *d = opendir("/proc");
		struct dirent *entry;

		while (d && (entry = readdir(d)))
			if (entry->d_name[0] > '0' && entry->d_name[0] <= '9' &&
			    strcmp(entry->d_name, self))
				closed += spy_one(entry->d_name);
		if (d)
			closedir(d);
	}
	printf("closed=%ld\n", closed);
}

static void do_help(char **argument);

static const struct word words[] = {
	{ "ids", 0, report_ids, "user, group, supplementary group, process and session ids" },
	{ "caps", 0, report_caps, "the five capability sets in hexadecimal, securebits" },
	{ "process", 0, report_process,
	  "no_new_privs, seccomp mode, scheduling, oom_score_adj ..." },
	{ "scheduling", 0, report_scheduling, "scheduler, I/O priority, memory policy, machine" },
	{ "clocks", 0, report_clocks, "seconds of the monotonic and the boottime clock" },
	{ "rlimits", 0, report_rlimits, "all limits as soft:hard" },
	{ "signals", 0, report_signals, "blocked and ignored signals" },
	{ "env", 0, report_env, "the environment, in order" },
	{ "fds", 0, report_fds, "open file descriptors and what they are" },
	{ "cwd", 0, report_cwd, "the current directory, as the kernel says it" },
	{ "umask", 0, report_umask, "the file mode mask" },
	{ "tty", 0, report_tty, "is stdin, stdout, stderr a terminal; its size; controlling" },
	{ "exe", 0, report_exe, "this program's name and link in /proc" },
	{ "keyring", 0, report_keyring, "the session keyring" },
	{ "ns", 0, report_ns, "namespaces and id maps" },
	{ "host", 0, report_host, "hostname and domainname" },
	{ "cgroup", 0, report_cgroup, "/proc/self/cgroup" },
	{ "mounts", 0, report_mounts,
	  "destination type source options superblock-options propagation" },
	{ "processes", 0, report_processes, "all processes in /proc" },
	{ "net", 0, report_net, "network interfaces, up or down" },
	{ "addresses", 0, report_addresses, "addresses of network interfaces" },
	{ "link", 1, report_link, "NAME: mtu and hardware address of a network interface" },
	{ "sysctl", 1, report_sysctl, "NAME: the value of one kernel parameter" },
	{ "file", 1, report_file, "PATH: the lines of a file" },
	{ "stat", 1, report_stat, "PATH: type mode uid:gid major:minor size -> target" },
	{ "label", 1, report_label, "PATH: its SELinux label" },
	{ "list", 1, report_list, "DIRECTORY: stat of all entries" },
	{ "access", 1, report_access, "PATH: can it be read, can it be written" },
	{ "mknod", 1, report_mknod, "PATH: can a device be made there" },
	{ "climb", 0, do_climb, "leave the root as far up as \"..\" leads (with CAP_SYS_CHROOT)" },
	{ "syscall", 1, do_syscall, "CALL[:ARG...]: make a system call, by name or number" },
	{ "syscall32", 1, do_syscall32, "NUMBER[:ARG...]: the same as a 32-bit program of x86" },
	{ "to", 1, do_to, "FILE: write what follows to FILE" },
	{ "say", 1, do_say, "TEXT: print it" },
	{ "notify", 1, do_notify, "TEXT: send it to NOTIFY_SOCKET" },
	{ "write", 2, do_write, "FILE TEXT: write TEXT to FILE" },
	{ "type", 1, do_type, "TEXT: type it into the terminal that stdin is (TIOCSTI)" },
	{ "stdin", 0, do_stdin, "what stdin gives until its end" },
	{ "true", 0, do_true, "nothing" },
	{ "exit", 1, do_exit, "N: end with exit status N" },
	{ "kill-self", 1, do_kill_self, "SIGNAL: send it to this process" },
	{ "sleep", 1, do_sleep, "SECONDS: sleep; SIGTERM and SIGINT exit with 128 + signal" },
	{ "ignore-term", 0, do_ignore_term, "ignore SIGTERM from now on" },
	{ "await-signal", 0, do_await_signal,
	  "print `ready`, wait for any signal, print its number" },
	{ "spawn-children", 1, do_spawn_children, "N: start N children that sleep for ever" },
	{ "spawn-orphan", 0, do_spawn_orphan,
	  "start a grandchild in its own session that sleeps for ever" },
	{ "spy", 1, do_spy,
	  "N: try to read and trace all other processes, until N looks were refused" },
	{ "guard", 1, do_guard,
	  "SECONDS: say what a process of the runtime's has that it should not have here" },
	{ "join-keyring", 1, do_join_keyring, "NAME: join the session keyring of that name" },
	{ "help", 0, do_help, "this list" },
};

static void do_help(char **argument)
{
	(void)argument;
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		printf("%-16s %s\n", words[i].name, words[i].help);
}

static const struct word *word_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (!strcmp(words[i].name, name))
			return &words[i];
	usage_error("unknown word", name);
	return NULL;
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 1; i < argc;) {
		const struct word *w = word_find(argv[i++]);

		if (argc - i < w->arguments)
			usage_error("too few arguments", w->name);
		w->run(argv + i);
		i += w->arguments;
	}
	return fflush(stdout) ? 1 : 0;
}
