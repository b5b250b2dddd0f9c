/*
 * The state of a container: the document that `state`, `list` and hooks see (runtime.md, "State"),
 * and the record of it on disk, ROOT/ID/state.json, which holds what later commands need and what a
 * clean-up of a half-made container must undo. The status is not in the record: it is computed from
 * the process (runtime/parent/state.c).
 */
#ifndef OCIRUN_STATUS_H
#define OCIRUN_STATUS_H

#include "spec/json.h"
#include "spec/spec.h"

struct status {
	char *oci_version;
	char *id;
	int32_t pid;   /* 0 when stopped, or before there is one */
	char *status;  /* creating, created, running, paused, stopped */
	char *bundle;  /* absolute */
	char *rootfs;  /* absolute */
	char *created; /* RFC 3339 with nanoseconds, UTC */
	struct pairs annotations;
	char *owner;      /* name of the user who created it, or its number */
	char *oom_cgroup; /* whose limit was hit when one of its processes was killed for lack of
			     memory; NULL: none was */
};
extern const struct json_table status_table; /* prints runtime.md's document plus rootfs, created,
						owner and oomCgroup; pid 0 is printed */

/* What a seccomp agent gets with the descriptors (config-linux.md, "The Container Process State"). */
struct process_state {
	char *oci_version;
	struct strings fds;
	int32_t pid;
	char *metadata;
	struct status state;
};
extern const struct json_table process_state_table;

struct record_process {
	int32_t pid;
	uint64_t start_time; /* /proc/PID/stat field 22, clock ticks since boot: with the pid, names
				one process for ever */
};

struct record_cgroup {
	char *path; /* directory of the container's cgroup in one hierarchy, below its mount point */
	char *top;  /* the highest directory that create made: path or an ancestor of it; NULL when
		       path was there already */
};

/* What a file of a cgroup that create did not make said before a limit was written to it. */
struct record_value {
	char *file;
	char *written; /* by the limit: its first word may name a line of the file */
	char *text;    /* as the kernel takes it */
};
typedef LIST_OF(struct record_value) record_value_list;

/* The device rules of such a cgroup. */
struct record_devices {
	char *path;
	char *list;       /* v1: its devices.list */
	uint32_t program; /* v2: the id of the one that create puts beside what is there */
};

/* An address of a network device, as the kernel lists it: numbers are IFA_* and RT_SCOPE_*, texts
 * are addresses in their usual notation, NULL when there is none. */
struct record_address {
	char *local;
	char *address; /* of the other end, where there is one */
	char *broadcast;
	char *label;
	uint32_t prefix;
	uint32_t scope;
	uint32_t flags;
	uint32_t priority;
	uint32_t valid; /* lifetimes in seconds */
	uint32_t preferred;
};

/* A network device of the host, lent to the container. */
struct record_net_device {
	char *key;    /* in linux.netDevices */
	char *name;   /* on the host */
	char *inside; /* the name that it gets in the container, perhaps a template like "eth%d" */
	int32_t index;
	int32_t inside_index;
	bool up; /* on the host */
	LIST_OF(struct record_address) addresses;
};

/* The container's class of service in resctrl. */
struct record_intel_rdt {
	char *root;       /* where resctrl is mounted */
	char *path;       /* of the class */
	bool made;        /* by create */
	bool shared;      /* it has a closID: others may use it */
	char *monitoring; /* our group in it; NULL: none */
};

/* The unit of systemd's that the cgroups are of. */
struct record_systemd {
	char *unit;    /* "ocirun-c1.scope" */
	char *address; /* the socket of its manager */
	bool daemon;   /* a D-Bus daemon's */
};

struct record {
	char *oci_version;
	char *id;
	char *bundle;
	char *rootfs;
	char *created;          /* claim time */
	bool complete;          /* create has finished: the container is at least "created" */
	bool has_process;       /* config.json has a process to start */
	bool own_pid_namespace; /* init's end is the end of every process */
	char *owner;
	struct pairs annotations;
	struct record_process creator; /* the process that is making the container */
	struct record_process init;    /* pid 0: not born yet */
	LIST_OF(struct record_cgroup) cgroups;
	struct record_systemd *systemd; /* NULL: the cgroups are made by us alone */
	/* These are put back when the making of the container fails; from then on they are its own.
	 */
	record_value_list limits;
	struct record_devices *devices; /* NULL: as they were */
	LIST_OF(struct record_net_device) net_devices;
	struct record_intel_rdt *intel_rdt; /* NULL: none */
	char *network; /* path of the network namespace they go to; NULL: init's */
	spec_hook_list poststart;
	spec_hook_list poststop;
};
extern const struct json_table record_table;

#endif
