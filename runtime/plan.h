/*
 * The plan: what the child must do, resolved and kernel-ready. The parent makes it from
 * config.json, the options and the host's facts (runtime/parent/resolve.c); the child gets it as a
 * sealed memfd (plan_seal, plan_attach) and maps it read-only. After it nobody compares strings or
 * asks for versions. `ocirun plan` prints it.
 */
#ifndef OCIRUN_PLAN_H
#define OCIRUN_PLAN_H

#include "runtime/log.h"
#include "spec/arena.h"
#include "spec/error.h"
#include "spec/json.h"
#include "spec/spec.h"
#include "spec/status.h"

/* Where the container finds the socket for sd_notify(3). */
#define NOTIFY_AT "/run/notify"
#define NOTIFY_SOCKET "notify.sock"

enum plan_mount_kind {
	PLAN_MOUNT_FILESYSTEM, /* a new filesystem of `type` */
	PLAN_MOUNT_BIND,
	PLAN_MOUNT_CGROUP,  /* type cgroup: what the host's cgroup version asks for */
	PLAN_MOUNT_REMOUNT, /* change what is mounted at destination */
};

struct plan_mount {
	uint32_t kind;
	char *destination;
	char *type;
	char *source;              /* absolute for binds */
	struct strings data;       /* options for the filesystem: "size=65536k" */
	bool recursive;            /* rbind */
	bool copy_up;              /* tmpcopyup */
	bool copy_symlink;         /* a source that is a symbolic link is made anew instead */
	bool source_nofollow;      /* one is bound as what it is */
	bool destination_nofollow; /* and is mounted over */
	bool idmap;                /* by a user namespace that the parent has (MESSAGE_OPEN) */
	bool idmap_below;          /* ridmap */
	bool forced_v1;            /* of type cgroup: only the hierarchy name=systemd of v1 */
	uint64_t attr_set;         /* MOUNT_ATTR_* of this mount */
	uint64_t attr_clear;
	uint64_t attr_drop; /* of a bind's source: cleared as well, unless a user namespace has
			       locked it */
	uint64_t tree_set;  /* the same for the mount and all below it */
	uint64_t tree_clear;
	uint64_t super_set; /* SB_* */
	uint64_t super_clear;
	struct u32s propagation; /* MS_SHARED … with MS_REC, in order */
	int32_t index;           /* in config.json's mounts */
	bool remounted;          /* a later remount names it */
	int32_t remounts;        /* a remount: the index of what it names; -1: none of these */
	bool reconfigure;        /* a remount: the filesystem too, not only the mount */
};

struct plan_device {
	char *path;
	uint32_t mode; /* type and permissions */
	uint32_t major;
	uint32_t minor;
	uint32_t uid;
	uint32_t gid;
	bool has_mode;  /* config.json says it */
	bool has_owner; /* uid or gid */
	int32_t index;  /* in config.json's linux.devices; -1: a default device */
};

struct plan_cgroup {
	char *name; /* directory below /sys/fs/cgroup: "cpu,cpuacct"; empty: the only hierarchy, v2 */
	struct strings options; /* of a cgroup v1 mount: cpu, cpuacct, name=systemd */
	bool unified;           /* cgroup2 */
	char *path;             /* the container's cgroup in it */
};

struct plan_device_rule {
	bool allow;
	char *type;    /* a: everything, whatever the rest says; b; c */
	int64_t major; /* -1: all */
	int64_t minor;
	char *access;  /* of r, w, m */
	int32_t index; /* in config.json's linux.resources.devices; -1: not from there */
};
typedef LIST_OF(struct plan_device_rule) plan_device_rule_list;

/* One write to a file of the container's cgroups. */
struct plan_limit {
	char *field;      /* of config.json */
	char *controller; /* of cgroup v2; NULL: none is needed */
	char *file;
	char *value;
	char *other; /* where the kernel lacks `file`; NULL: then it is an error */
	char *other_value;
};

struct plan_memory_policy {
	uint32_t mode; /* with its flags, as set_mempolicy(2) takes them */
	struct u32s nodes;
};

struct plan_join {
	uint32_t type; /* CLONE_NEW* */
	int32_t fd;    /* opened by the parent, before anything is joined */
	int32_t index; /* in config.json's linux.namespaces */
};

struct plan_filter {    /* linux.seccomp; the program itself comes by the channel */
	uint64_t flags; /* SECCOMP_FILTER_FLAG_* */
	bool notify;    /* somebody answers for some calls: load it at create, hand over who does */
};

struct plan {
	struct trace trace;
	int32_t channel; /* descriptors that the child inherits */
	int32_t start_socket;
	int32_t timing; /* memory for what is measured; 0: nothing is */
	int32_t init; /* exec: a pidfd of the container's init, whose namespaces we join; 0: we are
			 init ourselves */
	bool asks;    /* exec: the program's process asks the parent for something, and waits until
			 it is known there */
	int32_t root; /* exec: init's root, in a container without a mount namespace; else 0 */
	uint32_t preserve_fds; /* from 3 on */
	uint32_t listen_fds;   /* how many of them are told by LISTEN_FDS */

	uint64_t ignored_signals; /* by the caller: bit s - 1 for signal s */
	uint64_t blocked_signals;
	uint32_t umask;       /* of the program */
	struct status status; /* for the child's hooks: status and pid are filled in by it */
	bool new_keyring;     /* a session keyring of its own */

	uint64_t new_namespaces; /* CLONE_NEW* */
	uint64_t joined_namespaces;
	LIST_OF(struct plan_join) joins;
	char *time_offsets; /* for /proc/self/timens_offsets; NULL: none */
	bool helper;        /* this process is not init yet: it joins, then clones init */
	bool helper_waits;  /* until the parent has placed it */
	bool maps_late; /* this process is init, but has no ids yet: its parent writes the maps */
	bool settles;   /* init is put into its cgroups only now, after the re-exec */
	bool nested; /* in another user namespace than the initial one: no mknod, no host privilege */
	bool makes_nodes;  /* nested, but the parent may make devices (MESSAGE_DEVICE) */
	bool keep_groups;  /* the caller's supplementary groups stay */
	bool mounts_apart; /* no mount namespace, but mounts: in none, not in the host's */
	bool no_pivot;
	bool no_mount_fallback; /* a flag that a user namespace has locked is an error */
	bool net_devices;       /* the parent moves network devices to our network namespace */
	bool create_hooks;      /* there are hooks between the mounts and the pivot */

	uint64_t rootfs_propagation; /* 0: slave */
	bool rootfs_readonly;
	LIST_OF(struct plan_mount) mounts;
	bool notify;    /* the last of them is ours: NOTIFY_AT */
	bool setup_dev; /* no bind mount covers /dev: make the default devices and links */
	LIST_OF(struct plan_device) devices;
	LIST_OF(struct plan_cgroup) cgroups;
	char *delegate_cgroup;              /* below the container's own; NULL: none */
	plan_device_rule_list device_rules; /* in order; none: everything is allowed */
	LIST_OF(struct plan_limit) limits;  /* written by the parent, in order */
	char *mount_label;                  /* SELinux's, of what carries none in its options */
	struct strings masked_paths;
	struct strings readonly_paths;
	char *hostname;
	char *domainname;
	struct pairs sysctl; /* as config.json names them */

	uint32_t *personality; /* NULL: the caller's */
	struct plan_memory_policy *memory_policy;

	struct plan_filter *filter;   /* NULL: none */
	struct spec_process *process; /* NULL: nothing to start */
	char *user;  /* exec: a name, looked up inside, in the place of process.user's ids; NULL */
	char *group; /* the same of its group */
	bool gid_given; /* process.user.gid holds, or `group`, not that of `user` in /etc/passwd */
	spec_hook_list create_container;
	spec_hook_list start_container;
};
extern const struct json_table plan_table;

/*
 * Copy the plan's arena into a sealed memfd: nobody can change it any more. Returns the descriptor
 * (close-on-exec), -1 with e.
 */
MUST_CHECK int plan_seal(const struct arena *a, const struct plan *plan, struct error *e);

/*
 * The child's side: map the memfd, check every pointer, make it read-only. The plan lives until the
 * process ends. Fails on anything that plan_seal did not make.
 */
MUST_CHECK int plan_attach(int fd, const struct plan **plan, struct error *e);

#endif
