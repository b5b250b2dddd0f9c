/*
 * The file of --timing: what runtime/timing.h has measured of this command, as JSON in the trace
 * event format, which chrome://tracing and https://ui.perfetto.dev draw. Only main.c calls this.
 */
#ifndef OCIRUN_CMD_TIMING_H
#define OCIRUN_CMD_TIMING_H

#include "spec/error.h"

/* Make the file, empty, and measure from now on. */
MUST_CHECK int timing_open(const char *path, struct error *e);

/*
 * Write what was measured of `command` ("run c1"), which has ended with this exit status; failure
 * NULL: well. Does nothing when nothing is measured; what goes wrong is a warning.
 */
void timing_write(const char *command, int exit_code, const struct error *failure);

#endif
