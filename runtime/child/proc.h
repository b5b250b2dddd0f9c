/*
 * A procfs of our own, for what has to be written to the kernel from inside. The container's /proc
 * may be covered, or not be one (CVE-2019-16884, CVE-2025-52881): it is never written to.
 */
#ifndef OCIRUN_CHILD_PROC_H
#define OCIRUN_CHILD_PROC_H

#include "spec/error.h"

enum proc_kind {
	PROC_PIDS, /* processes only: no /proc/sys, whatever happens to the descriptor */
	PROC_ALL,
};

/* A procfs that nobody has mounted anything over, of our pid namespace as far as the kernel gives
 * us one. */
MUST_CHECK int proc_open(enum proc_kind kind, struct error *e);

/* Write to an existing file below it, by a path that leads through no mount. -1 with errno. */
int proc_write(int proc, const char *path, const char *text);

#endif
