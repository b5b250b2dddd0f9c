/* See timing.h. One event a line, so that line tools can read the file, too. */
#include "cmd/timing.h"

#include "cmd/log.h"
#include "runtime/file.h"
#include "runtime/timing.h"
#include "spec/json.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

static struct {
	const char *path;
	int fd;
	int64_t begin;
} file = { .fd = -1 };

struct output {
	FILE *to;
	struct arena arena;
	int64_t end;
};

int timing_open(const char *path, struct error *e)
{
	file.path = path;
	file.fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0644);
	if (file.fd < 0)
		return error_set(e, errno, "open timing file %s", path);
	file.begin = timing_now();
	return timing_start(e);
}

/* Nanoseconds as the format's microseconds. A clock that was set back meanwhile gives none. */
static void put_time(struct output *o, const char *key, int64_t ns)
{
	if (ns < 0)
		ns = 0;
	fprintf(o->to, ",\"%s\":%" PRId64 ".%03d", key, ns / 1000, (int)(ns % 1000));
}

static void put_text(struct output *o, const char *key, const char *text)
{
	fprintf(o->to, "\"%s\":%s", key, json_quote(text, &o->arena));
}

static void put_hook(struct output *o, const struct timing_event *event)
{
	const int status = event->result;

	if (!event->end)
		return;
	if (status == TIMING_NOT_RUN)
		fputs(",\"executed\":false", o->to);
	else if (status == TIMING_KILLED)
		fputs(",\"timeout\":true", o->to);
	else if (WIFSIGNALED(status))
		fprintf(o->to, ",\"signal\":%d", WTERMSIG(status));
	else
		fprintf(o->to, ",\"exit\":%d", WEXITSTATUS(status));
}

static void put_event(struct output *o, const struct timing_event *event)
{
	static const char *const kinds[] = {
		[TIMING_STEP] = "step", [TIMING_MOUNT] = "mount", [TIMING_HOOK] = "hook"
	};
	const bool known = event->kind == TIMING_MOUNT || event->kind == TIMING_HOOK;
	const unsigned kind = known ? event->kind : TIMING_STEP;
	const int64_t begin = event->begin ? event->begin : o->end;

	fputs(",\n{", o->to);
	put_text(o, "name", event->name);
	fprintf(o->to, ",\"cat\":\"%s\",\"ph\":\"X\",\"pid\":%d,\"tid\":%d", kinds[kind],
		(int)getpid(), event->inside ? 2 : 1);
	put_time(o, "ts", begin - file.begin);
	put_time(o, "dur", (event->end ? event->end : o->end) - begin);
	fprintf(o->to, ",\"args\":{\"failed\":%s", event->result ? "true" : "false");
	/* Its process has died. */
	if (!event->end)
		fputs(",\"ended\":false", o->to);
	if (event->detail[0]) {
		fputc(',', o->to);
		put_text(o, kind == TIMING_HOOK ? "path" : "destination", event->detail);
	}
	if (kind == TIMING_HOOK)
		put_hook(o, event);
	fputs("}}", o->to);
}

/* The names of the two rows of the chart, and the command itself. */
static void put_command(struct output *o, const char *command, int exit_code,
			const struct error *failure)
{
	static const char *const rows[] = { "outside the container", "inside the container" };
	char text[sizeof(struct error)];
	const int pid = getpid();

	fprintf(o->to, "{\"name\":\"process_name\",\"ph\":\"M\",\"pid\":%d,\"args\":{", pid);
	put_text(o, "name", "ocirun");
	fputs("}}", o->to);
	for (int i = 0; i < 2; i++)
		fprintf(o->to,
			",\n{\"name\":\"thread_name\",\"ph\":\"M\",\"pid\":%d,\"tid\":%d,"
			"\"args\":{\"name\":\"%s\"}}",
			pid, i + 1, rows[i]);
	fputs(",\n{", o->to);
	put_text(o, "name", command);
	fprintf(o->to, ",\"cat\":\"command\",\"ph\":\"X\",\"pid\":%d,\"tid\":1", pid);
	put_time(o, "ts", 0);
	put_time(o, "dur", o->end - file.begin);
	fprintf(o->to, ",\"args\":{\"exit\":%d", exit_code);
	if (failure) {
		fputc(',', o->to);
		put_text(o, "error", error_print(failure, text, sizeof(text)));
	}
	fputs("}}", o->to);
}

static void put_document(struct output *o, const char *command, int exit_code,
			 const struct error *failure)
{
	struct timing_event event;
	struct utsname host;

	fputs("{\"traceEvents\":[\n", o->to);
	put_command(o, command, exit_code, failure);
	for (size_t i = 0; timing_read(i, &event); i++)
		put_event(o, &event);
	fputs("\n],\n\"displayTimeUnit\":\"ms\",\"otherData\":{", o->to);
	put_text(o, "ocirun", OCIRUN_VERSION);
	fputc(',', o->to);
	put_text(o, "kernel", uname(&host) == 0 ? host.release : "");
	/* So that the files of several commands can be laid side by side. */
	put_time(o, "began", file.begin);
	fprintf(o->to, ",\"lost\":%zu}}\n", timing_lost());
}

void timing_write(const char *command, int exit_code, const struct error *failure)
{
	struct output o = { .end = timing_now() };
	struct error e = ERROR_NONE;
	char line[sizeof(e)], *text = NULL;
	size_t n = 0;

	if (!timing)
		return;
	if (arena_init(&o.arena, (size_t)64 << 20, &e) == 0) {
		o.to = open_memstream(&text, &n);
		if (o.to) {
			put_document(&o, command, exit_code, failure);
			fclose(o.to);
		}
		if (!o.to || write_all(file.fd, text, n) < 0)
			(void)!error_set(&e, errno, "write timing file %s", file.path);
	}
	if (e.text[0])
		log_warning(error_print(&e, line, sizeof(line)));
	free(text);
}
