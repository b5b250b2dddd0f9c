/*
 * Messages on stderr and in the file of --log, or to a daemon that keeps logs. A record is one
 * write(2), so records of processes that share a file do not mix. Nothing here is reached by a
 * command that succeeds without a warning, except one open(2).
 */
#include "cmd/log.h"
#include "runtime/file.h"
#include "spec/arena.h"
#include "spec/json.h"
#include "spec/timestamp.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static struct {
	int fd;
	const struct daemon *daemon; /* then fd is a socket to it; NULL: a file */
	const char *identifier;      /* what it is told that we are */
	enum log_format format;
	enum log_level level;
} file = { .fd = -1 };

/* crun's words for --log, with an identifier behind them. */
static const struct daemon {
	const char *prefix, *socket;
} daemons[] = {
	{ "journald:", "/run/systemd/journal/socket" },
	{ "syslog:", "/dev/log" },
};

/*
 * level, msg and time are what the callers read; the rest is for people and tools that look closer.
 */
struct log_record {
	char *level;
	char *msg;
	char *time;
	char *code;
	int32_t error_number;
	char *field;
	char *path;
	char *syscall;
	char *hint;
};
static const struct json_field log_record_fields[] = {
	FIELD("level", struct log_record, level, 0),
	FIELD("msg", struct log_record, msg, 0),
	FIELD("time", struct log_record, time, 0),
	FIELD("code", struct log_record, code, 0),
	FIELD("errno", struct log_record, error_number, JSON_OMITZERO),
	FIELD("field", struct log_record, field, 0),
	FIELD("path", struct log_record, path, 0),
	FIELD("syscall", struct log_record, syscall, 0),
	FIELD("hint", struct log_record, hint, 0),
};
static const struct json_table log_record_table = TABLE(struct log_record, log_record_fields);

static int daemon_connect(const char *identifier, struct error *e)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	/* What it is told is made of lines. */
	for (const char *c = identifier; *c; c++)
		if ((unsigned char)*c < ' ')
			return error_set(e, 0, "--log: a control character in the identifier");
	strcpy(at.sun_path, file.daemon->socket);
	file.identifier = *identifier ? identifier : "ocirun";
	file.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (file.fd >= 0 && connect(file.fd, (struct sockaddr *)&at, sizeof(at)) == 0)
		return 0;
	fd_close(&file.fd);
	return error_call(e, "connect", "connect to %s for --log", file.daemon->socket);
}

int log_open(const char *path, enum log_format format, enum log_level level, struct error *e)
{
	file.format = format;
	file.level = level;
	if (!path)
		return 0;
	for (size_t i = 0; i < sizeof(daemons) / sizeof(daemons[0]); i++)
		if (!strncmp(path, daemons[i].prefix, strlen(daemons[i].prefix))) {
			file.daemon = &daemons[i];
			return daemon_connect(path + strlen(daemons[i].prefix), e);
		}
	path += strncmp(path, "file:", 5) ? 0 : 5;
	file.fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0644);
	return file.fd < 0 ? error_call(e, "open", "open log file %s", path) : 0;
}

/* In whole seconds, as the records of other runtimes are: not all readers take more. */
static char *time_now(struct arena *a)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	char *text = timestamp_print(now, a);
	strcpy(text + strlen("2026-01-01T00:00:00"), "Z");
	return text;
}

/* As syslog(3) numbers them; its header has other LOG_ words than log.h. */
enum { FACILITY_USER = 8, SEVERITY_ERROR = 3, SEVERITY_WARNING = 4, SEVERITY_DEBUG = 7 };

/* journald takes fields, one of any bytes with its size; syslog a line, which it dates itself. */
static char *for_daemon(const struct log_record *r, struct arena *a, size_t *n)
{
	const int priority = *r->level == 'e'   ? SEVERITY_ERROR
			     : *r->level == 'w' ? SEVERITY_WARNING
						: SEVERITY_DEBUG;
	const uint64_t size = htole64(strlen(r->msg));

	if (file.daemon != &daemons[0]) {
		char *line = arena_printf(a, "<%d>%s[%d]: %s", FACILITY_USER | priority,
					  file.identifier, getpid(), r->msg);
		*n = strlen(line);
		return line;
	}
	char *fields = arena_printf(a, "PRIORITY=%d\nSYSLOG_IDENTIFIER=%s\nMESSAGE\n%8s%s\n",
				    priority, file.identifier, "", r->msg);
	*n = strlen(fields);
	memcpy(fields + *n - 1 - strlen(r->msg) - sizeof(size), &size, sizeof(size));
	return fields;
}

/*
 * Append a record to the file. There is nobody to tell when that fails: stderr has the message
 * already.
 */
static void file_record(struct log_record *r)
{
	struct arena a;
	struct error unused = ERROR_NONE;
	char *line;
	size_t n;

	if (file.fd < 0 || arena_init(&a, (size_t)1 << 20, &unused))
		return;
	r->time = time_now(&a);
	if (file.daemon) {
		line = for_daemon(r, &a, &n);
		send(file.fd, line, n, MSG_DONTWAIT | MSG_NOSIGNAL);
		arena_free(&a);
		return;
	}
	if (file.format == LOG_JSON)
		line = arena_printf(&a, "%s\n", json_print(&log_record_table, r, 0, &a, NULL));
	else
		line = arena_printf(&a, "time=\"%s\" level=%s msg=%s\n", r->time, r->level,
				    json_quote(r->msg, &a));
	(void)!write_all(file.fd, line, strlen(line));
	arena_free(&a);
}

#define MESSAGE_MAX (sizeof(struct error) + 256)

/* For people, who see a terminal and have not asked for none (no-color.org). */
static bool is_coloured(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return !(no && *no) && term && *term && strcmp(term, "dumb") && isatty(STDERR_FILENO);
}

static void stderr_line(const char *colour, const char *prefix, const char *text)
{
	const bool coloured = is_coloured();
	char line[MESSAGE_MAX + 48];
	int n = snprintf(line, sizeof(line) - 1, "%s%s%s %s", coloured ? colour : "", prefix,
			 coloured ? "\033[0m" : "", text);

	if ((size_t)n > sizeof(line) - 2)
		n = sizeof(line) - 2;
	line[n++] = '\n';
	(void)!write_all(STDERR_FILENO, line, n);
}

void log_error(const struct error *error)
{
	struct error without_hint = *error;
	char text[MESSAGE_MAX];

	stderr_line("\033[1;31m", "ocirun:", error_print(error, text, sizeof(text)));
	without_hint.hint[0] = '\0';
	file_record(&(struct log_record){
		.level = "error",
		.msg = error_print(&without_hint, text, sizeof(text)),
		.code = error->code ? (char *)error_name(error->code) : NULL,
		.error_number = error->code,
		.field = error->field[0] ? without_hint.field : NULL,
		.path = error->path[0] ? without_hint.path : NULL,
		.syscall = error->syscall[0] ? (char *)error->syscall : NULL,
		.hint = error->hint[0] ? (char *)error->hint : NULL,
	});
}

void log_warning(const char *line)
{
	stderr_line("\033[1;33m", "ocirun: warning:", line);
	if (file.level >= LOG_WARNING)
		file_record(&(struct log_record){ .level = "warning", .msg = (char *)line });
}

void log_note(const char *line)
{
	if (file.level < LOG_DEBUG)
		return;
	stderr_line("\033[1m", "ocirun:", line);
	file_record(&(struct log_record){ .level = "debug", .msg = (char *)line });
}
