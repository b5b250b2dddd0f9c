/* See dbus_message.h. */
#include "runtime/parent/dbus_message.h"

#include <string.h>

#define VERSION 1
#define FIELDS_MAX ((size_t)64 << 20) /* the specification's limits */
#define SIZE_LIMIT ((size_t)128 << 20)

/* The codes of header fields. */
enum { PATH = 1, INTERFACE, MEMBER, ERROR_NAME, REPLY_SERIAL, DESTINATION, SENDER, SIGNATURE };

static char order(void)
{
	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 'l' : 'B';
}

/* --- writing ---------------------------------------------------------------------------------- */

/* Room for n bytes at a multiple of `align`; NULL when there is none. What is skipped is zero. */
static char *room(struct dbus_bytes *b, size_t align, size_t n)
{
	const size_t at = (b->n + align - 1) & ~(align - 1);

	if (b->full || n > sizeof(b->v) || at > sizeof(b->v) - n) {
		b->full = true;
		return NULL;
	}
	memset(b->v + b->n, 0, at - b->n);
	b->n = at + n;
	return b->v + at;
}

static void put(struct dbus_bytes *b, size_t align, const void *value, size_t n)
{
	char *to = room(b, align, n);

	if (to)
		memcpy(to, value, n);
}

void dbus_align(struct dbus_bytes *b)
{
	room(b, 8, 0);
}

void dbus_put_u32(struct dbus_bytes *b, uint32_t value)
{
	put(b, 4, &value, sizeof(value));
}

void dbus_put_u64(struct dbus_bytes *b, uint64_t value)
{
	put(b, 8, &value, sizeof(value));
}

void dbus_put_byte(struct dbus_bytes *b, uint8_t value)
{
	put(b, 1, &value, 1);
}

void dbus_put_text(struct dbus_bytes *b, const char *text)
{
	const size_t n = strlen(text);

	dbus_put_u32(b, n < SIZE_LIMIT ? (uint32_t)n : 0);
	put(b, 1, text, n + 1);
}

void dbus_put_signature(struct dbus_bytes *b, const char *text)
{
	dbus_put_byte(b, (uint8_t)strlen(text));
	put(b, 1, text, strlen(text) + 1);
}

size_t dbus_array_begin(struct dbus_bytes *b, size_t align)
{
	dbus_put_u32(b, 0);
	const size_t length = b->n - 4;
	room(b, align, 0);
	return length;
}

/* The padding before the first element is not counted. */
void dbus_array_end(struct dbus_bytes *b, size_t length, size_t align)
{
	const size_t first = (length + 4 + align - 1) & ~(align - 1);
	const uint32_t n = (uint32_t)(b->n - first);

	if (!b->full)
		memcpy(b->v + length, &n, sizeof(n));
}

void dbus_append(struct dbus_bytes *b, const struct dbus_bytes *structures)
{
	if (structures->full)
		b->full = true;
	put(b, 8, structures->v, structures->n);
}

static void put_field(struct dbus_bytes *b, uint8_t code, const char *type, const char *text)
{
	if (!text || !*text)
		return;
	dbus_align(b);
	dbus_put_byte(b, code);
	dbus_put_signature(b, type);
	if (*type == 'g')
		dbus_put_signature(b, text);
	else
		dbus_put_text(b, text);
}

void dbus_begin(struct dbus_bytes *b, uint32_t serial, const struct dbus_method *m)
{
	b->n = 0;
	b->full = false;
	dbus_put_byte(b, (uint8_t)order());
	dbus_put_byte(b, DBUS_CALL);
	dbus_put_byte(b, 0);
	dbus_put_byte(b, VERSION);
	dbus_put_u32(b, 0); /* the body's length: see dbus_end */
	dbus_put_u32(b, serial);
	const size_t fields = dbus_array_begin(b, 8);
	put_field(b, PATH, "o", m->path);
	put_field(b, INTERFACE, "s", m->interface);
	put_field(b, MEMBER, "s", m->member);
	put_field(b, DESTINATION, "s", m->destination);
	put_field(b, SIGNATURE, "g", m->signature);
	dbus_array_end(b, fields, 8);
	dbus_align(b);
}

bool dbus_end(struct dbus_bytes *b)
{
	uint32_t fields;

	if (b->full)
		return false;
	memcpy(&fields, b->v + 12, sizeof(fields));
	const uint32_t body = (uint32_t)(b->n - ((DBUS_HEADER + fields + 7) & ~7U));
	memcpy(b->v + 4, &body, sizeof(body));
	return true;
}

/* --- reading ---------------------------------------------------------------------------------- */

static uint32_t u32_at(const char *bytes)
{
	uint32_t value;

	memcpy(&value, bytes, sizeof(value));
	return value;
}

/* What is where in a message. */
static bool measure(const char *bytes, size_t *fields, size_t *body)
{
	*fields = u32_at(bytes + 12);
	*body = u32_at(bytes + 4);
	return bytes[0] == order() && bytes[3] == VERSION && *fields <= FIELDS_MAX &&
	       *body <= SIZE_LIMIT;
}

size_t dbus_size(const char *bytes)
{
	size_t fields, body;

	return measure(bytes, &fields, &body) ? ((DBUS_HEADER + fields + 7) & ~(size_t)7) + body
					      : 0;
}

/* The next n bytes of the body at a multiple of `align`; NULL when there are less. */
static const char *take(struct dbus_message *m, size_t align, size_t n)
{
	const size_t at = (m->at + align - 1) & ~(align - 1);

	if (m->bad || at > m->size || n > m->size - at) {
		m->bad = true;
		return NULL;
	}
	m->at = at + n;
	return m->body + at;
}

uint32_t dbus_get_u32(struct dbus_message *m)
{
	const char *at = take(m, 4, 4);

	return at ? u32_at(at) : 0;
}

/* n bytes and the NUL that ends them, with none among them. */
static const char *take_text(struct dbus_message *m, size_t n)
{
	const char *text = n < DBUS_MESSAGE_MAX ? take(m, 1, n + 1) : NULL;

	if (!text || text[n] || memchr(text, 0, n))
		m->bad = true;
	return m->bad ? "" : text;
}

const char *dbus_get_text(struct dbus_message *m)
{
	return take_text(m, dbus_get_u32(m));
}

static const char *get_signature(struct dbus_message *m)
{
	const char *length = take(m, 1, 1);

	return length ? take_text(m, (uint8_t)*length) : "";
}

const char *dbus_get_variant_text(struct dbus_message *m)
{
	if (strcmp(get_signature(m), "s") != 0)
		m->bad = true;
	return m->bad ? "" : dbus_get_text(m);
}

/* All known fields are of these types, and those to come are skipped by them. */
static void read_field(struct dbus_message *header, struct dbus_message *out)
{
	const char *code = take(header, 8, 1), *type = get_signature(header), *text = NULL;
	uint32_t number = 0;

	if (!code || header->bad)
		return;
	if (!strcmp(type, "s") || !strcmp(type, "o"))
		text = dbus_get_text(header);
	else if (!strcmp(type, "g"))
		text = get_signature(header);
	else if (!strcmp(type, "u"))
		number = dbus_get_u32(header);
	else
		header->bad = true;
	switch (*code) {
	case PATH: out->path = text; break;
	case INTERFACE: out->interface = text; break;
	case MEMBER: out->member = text; break;
	case ERROR_NAME: out->error = text; break;
	case REPLY_SERIAL: out->reply_to = number; break;
	case SENDER: out->sender = text; break;
	case SIGNATURE: out->signature = text; break;
	}
}

int dbus_parse(const char *bytes, size_t size, struct dbus_message *out)
{
	size_t fields, body;

	*out = (struct dbus_message){ 0 };
	if (size < DBUS_HEADER || !measure(bytes, &fields, &body) || dbus_size(bytes) != size)
		return -1;
	struct dbus_message header = { .body = bytes,
				       .size = DBUS_HEADER + fields,
				       .at = DBUS_HEADER };
	while (!header.bad && header.at < header.size)
		read_field(&header, out);
	out->type = (enum dbus_type)bytes[1];
	out->body = bytes + size - body;
	out->size = body;
	return header.bad ? -1 : 0;
}
