/* The trace on stderr: one write per line, so that lines of parent and child never mix. */
#include "runtime/log.h"

#include "runtime/timing.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct trace trace_state;

static const struct {
	const char *word;
	uint32_t topic;
	const char *meaning;
} topics[] = {
	{ "steps", TRACE_STEPS, "the steps of parent and child as they run" },
	{ "sys", TRACE_SYS, "mount, namespace and process system calls" },
	{ "spec", TRACE_SPEC, "what was read from the bundle and resolved" },
	{ "help", TRACE_HELP, "this list" },
};

void trace_print(const char *format, ...)
{
	char line[1024];
	int saved = errno;
	int64_t us = (timing_now() - trace_state.epoch) / 1000;
	int n = snprintf(line, sizeof(line), "%8lld us %6d ", (long long)us, (int)getpid());
	va_list args;

	va_start(args, format);
	int more = vsnprintf(line + n, sizeof(line) - n - 1, format, args);
	va_end(args);
	n += more < (int)sizeof(line) - n - 1 ? more : (int)sizeof(line) - n - 2;
	line[n++] = '\n';
	if (write(STDERR_FILENO, line, n) < 0)
		errno = saved;
	errno = saved;
}

void trace_init(const char *words)
{
	if (!words || !*words)
		return;
	trace_state.epoch = timing_now();
	for (const char *w = words; *w; w += strcspn(w, ","), w += *w == ',') {
		size_t n = strcspn(w, ",");
		for (size_t i = 0; i < sizeof(topics) / sizeof(topics[0]); i++)
			if (strlen(topics[i].word) == n && !memcmp(topics[i].word, w, n))
				trace_state.topics |= topics[i].topic;
	}
	for (size_t i = 0; trace_on(TRACE_HELP) && i < sizeof(topics) / sizeof(topics[0]); i++)
		trace_print("OCIRUN_TRACE=%s: %s", topics[i].word, topics[i].meaning);
}
