/* Any bytes as a message of D-Bus: it is refused, or its values are read within its bounds. */
#include "runtime/parent/dbus_message.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use(const char *text)
{
	/* Reads all of it, up to its end. */
	if (text && strlen(text) > (size_t)128 << 20)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dbus_message m;
	/* Exactly as long as the input, so that reading on is found out. */
	char *bytes = malloc(size ? size : 1);

	memcpy(bytes, data, size);
	if (size >= DBUS_HEADER && dbus_size(bytes) == size && dbus_parse(bytes, size, &m) == 0) {
		use(m.path);
		use(m.interface);
		use(m.member);
		use(m.error);
		use(m.sender);
		use(m.signature);
		struct dbus_message again = m;
		/* As JobRemoved has them, and as a property. */
		dbus_get_u32(&m);
		for (int i = 0; i < 3; i++)
			use(dbus_get_text(&m));
		use(dbus_get_variant_text(&again));
	}
	free(bytes);
	return 0;
}
