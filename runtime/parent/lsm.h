/* Which Linux security modules this host has: what config.json asks of another is refused before
 * anything is made. */
#ifndef OCIRUN_PARENT_LSM_H
#define OCIRUN_PARENT_LSM_H

#include "spec/error.h"
#include "spec/spec.h"

#include <stdbool.h>

bool apparmor_enabled(void);
bool selinux_enabled(void);

/* Check process.apparmorProfile, process.selinuxLabel and linux.mountLabel. */
MUST_CHECK int lsm_check(const struct spec *s, struct error *e);

#endif
