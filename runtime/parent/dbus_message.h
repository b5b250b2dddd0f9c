/*
 * The messages of D-Bus, as far as talking to systemd takes them: written value by value into one
 * buffer, and read from bytes that are checked for their bounds. Pure: the connection is dbus.c.
 * Numbers are in this machine's order, which both ends of a Unix socket share.
 */
#ifndef OCIRUN_DBUS_MESSAGE_H
#define OCIRUN_DBUS_MESSAGE_H

#include "spec/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DBUS_MESSAGE_MAX ((size_t)128 << 10) /* of what we send or look at */
#define DBUS_HEADER 16                       /* the bytes that say how long a message is */

enum dbus_type { DBUS_CALL = 1, DBUS_RETURN = 2, DBUS_ERROR = 3, DBUS_SIGNAL = 4 };

/* What is written. One that finds no room sets `full`, and nothing more is added. */
struct dbus_bytes {
	size_t n;
	bool full;
	char v[DBUS_MESSAGE_MAX];
};

/* Each value is put at the next place that its type may stand at. A text is a string or an object's
 * path. */
void dbus_put_u32(struct dbus_bytes *b, uint32_t value);
void dbus_put_u64(struct dbus_bytes *b, uint64_t value);
void dbus_put_byte(struct dbus_bytes *b, uint8_t value);
void dbus_put_text(struct dbus_bytes *b, const char *text);
void dbus_put_signature(struct dbus_bytes *b, const char *text);

/* Where a structure begins, and what else stands at a multiple of 8. */
void dbus_align(struct dbus_bytes *b);

/* Around the elements of an array, which stand at multiples of `align`. */
size_t dbus_array_begin(struct dbus_bytes *b, size_t align);
void dbus_array_end(struct dbus_bytes *b, size_t begun, size_t align);

/* All of another's structures, as elements of an array that has begun. */
void dbus_append(struct dbus_bytes *b, const struct dbus_bytes *structures);

/* A call: where, what, and of which types the values are that the caller puts next. */
struct dbus_method {
	const char *destination; /* NULL: the other end of the connection */
	const char *path, *interface, *member, *signature;
};
void dbus_begin(struct dbus_bytes *b, uint32_t serial, const struct dbus_method *m);

/* The call is complete. False: it was too long. */
MUST_CHECK bool dbus_end(struct dbus_bytes *b);

/* What is read. Texts point into the bytes, and are NULL when the header lacks them. */
struct dbus_message {
	enum dbus_type type;
	uint32_t reply_to; /* the serial of the call it answers; 0: none */
	const char *path, *interface, *member, *error, *sender, *signature;
	const char *body;
	size_t size, at; /* of the body; what has been read of it */
	bool bad;        /* a value was not there */
};

/* How long the message is whose first DBUS_HEADER bytes these are; 0: it is none. */
MUST_CHECK size_t dbus_size(const char *bytes);

/* The message in `size` bytes, which dbus_size gave. -1: it does not keep to its own bounds. */
MUST_CHECK int dbus_parse(const char *bytes, size_t size, struct dbus_message *out);

/* The next value of the body. One that is not there is 0 or "", and sets `bad`. */
uint32_t dbus_get_u32(struct dbus_message *m);
const char *dbus_get_text(struct dbus_message *m);
/* A variant of a string. */
const char *dbus_get_variant_text(struct dbus_message *m);

#endif
