/*
 * Looking at what a host has, where one try is not the answer: each function fills one row of
 * `features --host`. What could change something is tried by host_try.
 */
#ifndef OCIRUN_HOST_LOOK_H
#define OCIRUN_HOST_LOOK_H

#include "spec/features.h"

typedef void host_look_fn(struct host_feature *f, struct arena *a);

host_look_fn look_seccomp;
host_look_fn look_seccomp_flags;
host_look_fn look_memory_policy;
host_look_fn look_user_maximum;
host_look_fn look_subordinate_ids;
host_look_fn look_idmap;
host_look_fn look_cgroup;
host_look_fn look_cgroup_own;
host_look_fn look_cgroup_birth;
host_look_fn look_apparmor;
host_look_fn look_selinux;
host_look_fn look_landlock;
host_look_fn look_intel_rdt;

/* The reason is errno, with what it takes in front; that may be NULL. */
void host_lacking(struct host_feature *f, struct arena *a, const char *needs);

#endif
