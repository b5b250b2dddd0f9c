/* `ocirun spec`: write a config.json to begin with: a shell on a terminal in a read-only root. */
#include "cmd/command.h"
#include "runtime/file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

static struct {
	const char *bundle;
	bool rootless;
} options;

static const struct option rows[] = {
	OPTION('b', "bundle", "DIR", __typeof__(options), bundle,
	       "directory to write it in (default: the current one)"),
	OPTION(0, "rootless", NULL, __typeof__(options), rootless,
	       "for a caller without privilege: a user namespace, no network of its own"),
	{ 0 },
};

static const char head[] =
	"{\n"
	"	\"ociVersion\": \"" SPEC_VERSION "\",\n"
	"	\"process\": {\n"
	"		\"terminal\": true,\n"
	"		\"user\": { \"uid\": 0, \"gid\": 0 },\n"
	"		\"args\": [\"sh\"],\n"
	"		\"env\": [\n"
	"			\"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\",\n"
	"			\"TERM=xterm\"\n"
	"		],\n"
	"		\"cwd\": \"/\",\n"
	"		\"capabilities\": {\n"
	"			\"bounding\": [\"CAP_AUDIT_WRITE\", \"CAP_KILL\", \"CAP_NET_BIND_SERVICE\"],\n"
	"			\"effective\": [\"CAP_AUDIT_WRITE\", \"CAP_KILL\", \"CAP_NET_BIND_SERVICE\"],\n"
	"			\"permitted\": [\"CAP_AUDIT_WRITE\", \"CAP_KILL\", \"CAP_NET_BIND_SERVICE\"]\n"
	"		},\n"
	"		\"rlimits\": [\n"
	"			{ \"type\": \"RLIMIT_NOFILE\", \"hard\": 1024, \"soft\": 1024 }\n"
	"		],\n"
	"		\"noNewPrivileges\": true\n"
	"	},\n"
	"	\"root\": { \"path\": \"rootfs\", \"readonly\": true },\n"
	"	\"hostname\": \"ocirun\",\n";

/* %s: ",gid=5" in an array of its own style, and the mounts below /sys. */
static const char mounts_format[] =
	"	\"mounts\": [\n"
	"		{\n"
	"			\"destination\": \"/proc\",\n"
	"			\"type\": \"proc\",\n"
	"			\"source\": \"proc\"\n"
	"		},\n"
	"		{\n"
	"			\"destination\": \"/dev\",\n"
	"			\"type\": \"tmpfs\",\n"
	"			\"source\": \"tmpfs\",\n"
	"			\"options\": [\"nosuid\", \"strictatime\", \"mode=755\", \"size=65536k\"]\n"
	"		},\n"
	"		{\n"
	"			\"destination\": \"/dev/pts\",\n"
	"			\"type\": \"devpts\",\n"
	"			\"source\": \"devpts\",\n"
	"			\"options\": [\"nosuid\", \"noexec\", \"newinstance\", \"ptmxmode=0666\", \"mode=0620\"%s]\n"
	"		},\n"
	"		{\n"
	"			\"destination\": \"/dev/shm\",\n"
	"			\"type\": \"tmpfs\",\n"
	"			\"source\": \"shm\",\n"
	"			\"options\": [\"nosuid\", \"noexec\", \"nodev\", \"mode=1777\", \"size=65536k\"]\n"
	"		},\n"
	"		{\n"
	"			\"destination\": \"/dev/mqueue\",\n"
	"			\"type\": \"mqueue\",\n"
	"			\"source\": \"mqueue\",\n"
	"			\"options\": [\"nosuid\", \"noexec\", \"nodev\"]\n"
	"		},\n"
	"%s"
	"		{\n"
	"			\"destination\": \"/sys/fs/cgroup\",\n"
	"			\"type\": \"cgroup\",\n"
	"			\"source\": \"cgroup\",\n"
	"			\"options\": [\"nosuid\", \"noexec\", \"nodev\", \"relatime\", \"ro\"]\n"
	"		}\n"
	"	],\n";

static const char sys_mount[] =
	"		{\n"
	"			\"destination\": \"/sys\",\n"
	"			\"type\": \"sysfs\",\n"
	"			\"source\": \"sysfs\",\n"
	"			\"options\": [\"nosuid\", \"noexec\", \"nodev\", \"ro\"]\n"
	"		},\n";

/* A new sysfs needs a network namespace of one's own. */
static const char rootless_sys_mount[] =
	"		{\n"
	"			\"destination\": \"/sys\",\n"
	"			\"type\": \"none\",\n"
	"			\"source\": \"/sys\",\n"
	"			\"options\": [\"rbind\", \"nosuid\", \"noexec\", \"nodev\", \"ro\"]\n"
	"		},\n";

/* %s: the mappings, one more namespace, and on cgroup v2 one more. */
static const char linux_format[] = "	\"linux\": {\n"
				   "%s"
				   "		\"namespaces\": [\n"
				   "			{ \"type\": \"pid\" },\n"
				   "			{ \"type\": \"%s\" },\n"
				   "			{ \"type\": \"ipc\" },\n"
				   "			{ \"type\": \"uts\" },\n"
				   "			{ \"type\": \"mount\" }%s\n"
				   "		],\n"
				   "		\"maskedPaths\": [\n"
				   "			\"/proc/acpi\",\n"
				   "			\"/proc/asound\",\n"
				   "			\"/proc/kcore\",\n"
				   "			\"/proc/keys\",\n"
				   "			\"/proc/latency_stats\",\n"
				   "			\"/proc/timer_list\",\n"
				   "			\"/proc/timer_stats\",\n"
				   "			\"/proc/sched_debug\",\n"
				   "			\"/sys/firmware\",\n"
				   "			\"/proc/scsi\"\n"
				   "		],\n"
				   "		\"readonlyPaths\": [\n"
				   "			\"/proc/bus\",\n"
				   "			\"/proc/fs\",\n"
				   "			\"/proc/irq\",\n"
				   "			\"/proc/sys\",\n"
				   "			\"/proc/sysrq-trigger\"\n"
				   "		]\n"
				   "	}\n"
				   "}\n";

/* As runc and crun write it: with cgroup v1 a container shares the host's cgroup namespace. */
static const char *cgroup_namespace(void)
{
	struct statfs fs;

	return statfs("/sys/fs/cgroup", &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC
		       ? ",\n\t\t\t{ \"type\": \"cgroup\" }"
		       : "";
}

static char *config_text(struct arena *a, bool rootless)
{
	char *mappings = "";

	if (rootless)
		mappings = arena_printf(
			a,
			"\t\t\"uidMappings\": [{ \"containerID\": 0, \"hostID\": %u, \"size\": 1 }],\n"
			"\t\t\"gidMappings\": [{ \"containerID\": 0, \"hostID\": %u, \"size\": 1 }],\n",
			geteuid(), getegid());
	char *mounts = arena_printf(a, mounts_format, rootless ? "" : ", \"gid=5\"",
				    rootless ? rootless_sys_mount : sys_mount);
	char *linux_part = arena_printf(a, linux_format, mappings, rootless ? "user" : "network",
					cgroup_namespace());

	return arena_printf(a, "%s%s%s", head, mounts, linux_part);
}

/* A file that is there is somebody's work: never overwritten. */
static int run(struct invocation *in, struct error *e)
{
	const char *bundle = options.bundle ? options.bundle : ".";
	CLEAN_FD dir = open(bundle, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		return error_call(e, "open", "open bundle %s", bundle);
	CLEAN_FD fd = openat(dir, "config.json", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

	if (fd < 0 && errno == EEXIST)
		return error_set(e, 0, "file config.json exists. Remove it first");
	if (fd < 0)
		return error_set(e, errno, "create %s/config.json", bundle);
	char *text = config_text(in->arena, options.rootless);

	if (!write_all(fd, text, strlen(text)))
		return 0;
	error_set(e, errno, "write %s/config.json", bundle);
	unlinkat(dir, "config.json", 0);
	return -1;
}

const struct command command_spec = {
	.name = "spec",
	.arguments = "",
	.summary = "write a config.json to begin with",
	.details = "It runs a shell on a terminal; put a file system tree in rootfs/ beside it.\n",
	.examples = "ocirun spec --bundle /srv/web\n"
		    "ocirun spec --rootless\n",
	.options = rows,
	.target = &options,
	.run = run,
};
