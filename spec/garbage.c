/* The table of what `gc` prints. */
#include "spec/garbage.h"

static const struct json_field garbage_fields[] = {
	FIELD("path", struct garbage, path, JSON_REQUIRED),
	FIELD("id", struct garbage, id, 0),
	FIELD("reason", struct garbage, reason, JSON_REQUIRED),
	FIELD("with", struct garbage, with, 0),
	FIELD("removed", struct garbage, removed, JSON_REQUIRED),
	FIELD("error", struct garbage, error, 0),
};
const struct json_table garbage_table = TABLE(struct garbage, garbage_fields);
