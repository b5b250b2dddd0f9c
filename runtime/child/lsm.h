/*
 * Labels of the Linux security modules for what we are about to become and to make. The parent has
 * checked that the host has the module (runtime/parent/lsm.h).
 */
#ifndef OCIRUN_CHILD_LSM_H
#define OCIRUN_CHILD_LSM_H

#include "spec/error.h"
#include "spec/spec.h"

/* process.apparmorProfile and process.selinuxLabel, from the next execve on. */
MUST_CHECK int lsm_exec(const struct spec_process *p, struct error *e);

/* The label of the keyrings that we make from now on; NULL: the default again. */
MUST_CHECK int lsm_keys(const char *label, struct error *e);

/* linux.mountLabel, of a filesystem that takes no context= option. -1 with errno. */
int lsm_mount(int tree, const char *label);

#endif
