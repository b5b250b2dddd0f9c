/*
 * A copy of our own executable that no container can write (CVE-2019-5736): what the child is
 * re-exec'd from.
 */
#ifndef OCIRUN_SELF_EXE_H
#define OCIRUN_SELF_EXE_H

#include "spec/error.h"

/* A descriptor for execveat(fd, "", …, AT_EMPTY_PATH); -1 with e. Take it before joining any
 * namespace. */
MUST_CHECK int self_exe_open(struct error *e);

#endif
