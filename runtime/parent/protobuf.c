/* See protobuf.h. A field is a key, number << 3 | wire type, and what that type says. */
#include "runtime/parent/protobuf.h"

#include <errno.h>
#include <string.h>

enum { VARINT = 0, FIXED64 = 1, LENGTH = 2, FIXED32 = 5 };

static void put_bytes(struct protobuf *p, const void *bytes, size_t n)
{
	if (p->full || n > p->room - p->n) {
		p->full = true;
		return;
	}
	if (n)
		memcpy(p->bytes + p->n, bytes, n);
	p->n += n;
}

/* Seven bits a byte, the lowest first; the eighth says that more follow. */
static void put_varint(struct protobuf *p, uint64_t value)
{
	unsigned char bytes[10];
	size_t n = 0;

	for (; value > 0x7f; value >>= 7)
		bytes[n++] = (unsigned char)(value | 0x80);
	bytes[n++] = (unsigned char)value;
	put_bytes(p, bytes, n);
}

static void put_length(struct protobuf *p, unsigned field, const void *bytes, size_t n)
{
	put_varint(p, (uint64_t)field << 3 | LENGTH);
	put_varint(p, n);
	put_bytes(p, bytes, n);
}

void protobuf_number(struct protobuf *p, unsigned field, uint64_t value)
{
	put_varint(p, (uint64_t)field << 3 | VARINT);
	put_varint(p, value);
}

void protobuf_text(struct protobuf *p, unsigned field, const char *text)
{
	put_length(p, field, text, strlen(text));
}

void protobuf_message(struct protobuf *p, unsigned field, const struct protobuf *inner)
{
	p->full |= inner->full;
	put_length(p, field, inner->bytes, inner->n);
}

static bool take_bytes(struct protobuf_reader *r, uint64_t n, struct protobuf_reader *out)
{
	if (n > r->n)
		return false;
	*out = (struct protobuf_reader){ r->at, (size_t)n };
	r->at += n;
	r->n -= (size_t)n;
	return true;
}

static bool take_varint(struct protobuf_reader *r, uint64_t *value)
{
	*value = 0;
	for (unsigned shift = 0; shift < 64 && r->n; shift += 7) {
		const unsigned char byte = *r->at++;

		r->n--;
		*value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return true;
	}
	return false;
}

int protobuf_next(struct protobuf_reader *r, struct protobuf_field *field)
{
	struct protobuf_reader fixed;
	uint64_t key, length;
	bool good = false;

	if (!r->n)
		return 0;
	*field = (struct protobuf_field){ 0 };
	if (take_varint(r, &key) && key >> 3 && key >> 3 < 1U << 29) {
		field->number = (unsigned)(key >> 3);
		switch (key & 7) {
		case VARINT: good = take_varint(r, &field->value); break;
		case LENGTH:
			good = take_varint(r, &length) && take_bytes(r, length, &field->bytes);
			break;
		/* Nobody here asks for one: only their place is known. */
		case FIXED64: good = take_bytes(r, 8, &fixed); break;
		case FIXED32: good = take_bytes(r, 4, &fixed); break;
		default: break;
		}
	}
	if (good)
		return 1;
	errno = EBADMSG;
	return -1;
}

void protobuf_copy(const struct protobuf_field *field, char *out, size_t size)
{
	size_t n = field->bytes.n < size ? field->bytes.n : size - 1;

	if (n)
		memcpy(out, field->bytes.at, n);
	out[n] = 0;
}
