/*
 * The trace: what OCIRUN_TRACE asks to see, on stderr, with microseconds since the command began;
 * parent and child interleave. Nothing else prints: errors are values, and cmd/ prints the one.
 */
#ifndef OCIRUN_LOG_H
#define OCIRUN_LOG_H

#include <stdint.h>

enum trace_topic {
	TRACE_STEPS = 1, /* both step tables as they run */
	TRACE_SYS = 2,   /* the calls of runtime/sys.c */
	TRACE_SPEC = 4,  /* what was read and resolved */
	TRACE_HELP = 8,
};

struct trace {
	uint32_t topics;
	int64_t epoch; /* timing_now() when the command began */
};
extern struct trace trace_state;

/* Read the words of OCIRUN_TRACE ("steps,sys"); NULL means none. */
void trace_init(const char *words);
#define trace_on(topic) __builtin_expect(trace_state.topics &(topic), 0)
#define trace(topic, ...)                         \
	do {                                      \
		if (trace_on(topic))              \
			trace_print(__VA_ARGS__); \
	} while (0)
void trace_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
