/*
 * The features document (features.md, features-linux.md): what this runtime supports, decided when
 * it is compiled, the same on every host. Vocabularies come from words.c, so what is listed is what
 * the reader of config.json knows; what it knows but the runtime does not do yet is left out by the
 * list at the top of features.c.
 */
#ifndef OCIRUN_FEATURES_H
#define OCIRUN_FEATURES_H

#include "spec/arena.h"
#include "spec/json.h"

#include <stdbool.h>

struct features_cgroup {
	bool v1;
	bool v2;
	bool systemd;
	bool systemd_user;
	bool rdma;
};

struct features_seccomp {
	bool enabled;
	struct strings actions;
	struct strings operators;
	struct strings archs;
	struct strings known_flags;
	struct strings supported_flags;
};

struct features_intel_rdt {
	bool enabled;
	bool schemata;
	bool monitoring;
};

struct features_memory_policy {
	struct strings modes;
	struct strings flags;
};

struct features_switch {
	bool enabled;
};

struct features_mount_extensions {
	struct features_switch idmap;
};

struct features_linux {
	struct strings namespaces;
	struct strings capabilities;
	struct features_cgroup cgroup;
	struct features_seccomp seccomp;
	struct features_switch apparmor;
	struct features_switch selinux;
	struct features_intel_rdt intel_rdt;
	struct features_memory_policy *memory_policy; /* NULL: not supported */
	struct features_mount_extensions mount_extensions;
	struct features_switch net_devices;
};

struct features {
	char *oci_version_min;
	char *oci_version_max;
	struct strings hooks;
	struct strings mount_options;
	struct features_linux linux;
	struct pairs annotations;
	struct strings unsafe_annotations; /* those of config.json that change what we do */
};
extern const struct json_table features_table;

/* What one host allows one user: another document, made by runtime/parent/host_features.c. */
struct host_feature {
	char *key;
	bool available;
	char *reason;          /* why not */
	char *note;            /* on what condition, or how */
	struct strings values; /* which */
	uint64_t *number;      /* a version, a maximum */
};
struct host_features {
	char *kernel;
	uint32_t uid;
	bool initial_user_namespace;
	LIST_OF(struct host_feature) features;
};
extern const struct json_table host_features_table;

/* Fill f whole. Its lists are allocated from the arena; their strings are constants. */
void features_fill(struct features *f, struct arena *a);

#endif
