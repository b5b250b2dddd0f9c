/*
 * Where messages go: the one error of a failed command and the warnings of any, on stderr as text
 * and in the file of --log. Only main.c and the warning callback call this; everything else returns
 * errors. A failed command leaves exactly one record in the file unless the caller asks for
 * warnings by --log-level: podman reads the whole file as one JSON object.
 */
#ifndef OCIRUN_CMD_LOG_H
#define OCIRUN_CMD_LOG_H

#include "spec/error.h"

#define LOG_FORMATS "text|json"
enum log_format { LOG_TEXT, LOG_JSON };
#define LOG_LEVELS "error|warning|info|debug"
enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

/*
 * Open the file of --log for appending, or connect to journald or syslog ("journald:IDENTIFIER");
 * path NULL: stderr only. Until this is called, and after it failed, stderr only too.
 */
MUST_CHECK int log_open(const char *path, enum log_format format, enum log_level level,
			struct error *e);

/*
 * The error that ends a command: once per process. The hint stands in parentheses on stderr, apart
 * from `msg` in JSON.
 */
void log_error(const struct error *error);

/* One line without newline. On stderr always, in the file at level warning and above. */
void log_warning(const char *line);

/* Only at level debug: on stderr and in the file. */
void log_note(const char *line);

#endif
