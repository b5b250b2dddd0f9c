/*
 * As much of the protocol buffers' wire format as criu.c speaks: numbers, texts and messages within
 * messages, written into a buffer of fixed size and read field by field. What the fields mean is
 * their caller's; bytes that are read may be anybody's.
 */
#ifndef OCIRUN_PROTOBUF_H
#define OCIRUN_PROTOBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A message being written. */
struct protobuf {
	unsigned char *bytes;
	size_t n;
	size_t room;
	bool full; /* something found no room: do not send it */
};

/* Every integer type, enumerations and booleans; negative ones as (uint64_t)(int64_t). */
void protobuf_number(struct protobuf *p, unsigned field, uint64_t value);
void protobuf_text(struct protobuf *p, unsigned field, const char *text);
void protobuf_message(struct protobuf *p, unsigned field, const struct protobuf *inner);

/* A message being read: the part that is left. */
struct protobuf_reader {
	const unsigned char *at;
	size_t n;
};

struct protobuf_field {
	unsigned number;
	uint64_t value;               /* of a number */
	struct protobuf_reader bytes; /* of a text or a message; at is NULL for a number */
};

/* The next field: 1, 0 at the end, -1 with errno EBADMSG when the bytes are no message. */
int protobuf_next(struct protobuf_reader *r, struct protobuf_field *field);

/* The bytes of a text into a string of fixed size, cut to it. */
void protobuf_copy(const struct protobuf_field *field, char *out, size_t size);

#endif
