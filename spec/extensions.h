/*
 * What crun takes besides the specification (crun(1), "Extensions to OCI"), for config.json files
 * that were written for it: annotations, and a value of the mount option idmap. What stands for a
 * field is put into that field before the rules are looked at, so that the rest of the program
 * knows fields alone; the other annotations are read where they matter.
 */
#ifndef OCIRUN_EXTENSIONS_H
#define OCIRUN_EXTENSIONS_H

#include "spec/spec.h"

#define ANNOTATION_CRUN "run.oci."
/* "1": the supplementary groups of the caller stay the program's, in the place of additionalGids. */
#define ANNOTATION_KEEP_GROUPS "run.oci.keep_original_groups"
#define ANNOTATION_CRIU_CONFIG "org.criu.config" /* a file of options for criu */
/* With a property's name behind it: one of the unit that the systemd cgroup manager makes. */
#define ANNOTATION_SYSTEMD_PROPERTY "org.systemd.property."
/* A cgroup below the one of that unit, for the container. */
#define ANNOTATION_SYSTEMD_SUBGROUP "run.oci.systemd.subgroup"
/* A cgroup below the container's, without limits, where its processes are: cgroup v2. */
#define ANNOTATION_DELEGATE_CGROUP "run.oci.delegate-cgroup"
/* A destination in mounts: the v1 hierarchy name=systemd is mounted there instead. */
#define ANNOTATION_CGROUP_V1 "run.oci.systemd.force_cgroup_v1"
#define ANNOTATION_HOOKS_STDOUT "run.oci.hooks.stdout" /* a file, to which hooks append */
#define ANNOTATION_HOOKS_STDERR "run.oci.hooks.stderr"
#define ANNOTATION_PIDFD_RECEIVER "run.oci.pidfd_receiver" /* --pidfd-socket */
/* The SELinux option that carries linux.mountLabel: "context" (the default), "fscontext" ... */
#define ANNOTATION_CONTEXT_TYPE "run.oci.mount_context_type"

/* The value of an annotation, NULL without. */
char *annotation_find(const struct pairs *annotations, const char *name);
/* The same, NULL also for an empty one, which asks for nothing. */
char *annotation_asked(const struct pairs *annotations, const char *name);

/*
 * Fill the fields for which an annotation or an option stands: linux.seccomp and its listenerPath,
 * the mappings of mounts. Problems are added to e.
 */
void extensions_apply(struct spec *s, struct arena *a, struct error *e);

#endif
