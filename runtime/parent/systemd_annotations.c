/* The annotations org.systemd.property.NAME: which names are taken, and their GVariant texts. */
#include "runtime/parent/systemd_unit.h"
#include "spec/extensions.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND 1000000

/*
 * What is about the unit's own end, its order among others, and its share of the host. Not here:
 * what runs something (OnFailure, SuccessAction, BPFProgram), starts or stops other units (Wants,
 * Conflicts), or moves processes (PIDs, Slice).
 */
static const struct property {
	const char *name, *type;
} properties[] = {
	{ "After", "as" },
	{ "Before", "as" },
	{ "CollectMode", "s" },
	{ "DefaultDependencies", "b" },
	{ "Description", "s" },
	{ "Documentation", "as" },
	{ "FinalKillSignal", "i" },
	{ "KillMode", "s" },
	{ "KillSignal", "i" },
	{ "OOMPolicy", "s" },
	{ "RestartKillSignal", "i" },
	{ "RuntimeMaxUSec", "t" },
	{ "RuntimeRandomizedExtraUSec", "t" },
	{ "SendSIGHUP", "b" },
	{ "SendSIGKILL", "b" },
	{ "TimeoutStopUSec", "t" },
	{ "WatchdogSignal", "i" },
	{ "CPUAccounting", "b" },
	{ "CPUQuotaPerSecUSec", "t" },
	{ "CPUQuotaPeriodUSec", "t" },
	{ "CPUWeight", "t" },
	{ "IOAccounting", "b" },
	{ "IOWeight", "t" },
	{ "IPAccounting", "b" },
	{ "ManagedOOMMemoryPressure", "s" },
	{ "ManagedOOMMemoryPressureLimit", "u" },
	{ "ManagedOOMPreference", "s" },
	{ "ManagedOOMSwap", "s" },
	{ "MemoryAccounting", "b" },
	{ "MemoryHigh", "t" },
	{ "MemoryLow", "t" },
	{ "MemoryMax", "t" },
	{ "MemoryMin", "t" },
	{ "MemoryPressureWatch", "s" },
	{ "MemorySwapMax", "t" },
	{ "MemoryZSwapMax", "t" },
	{ "StartupCPUWeight", "t" },
	{ "StartupIOWeight", "t" },
	{ "TasksAccounting", "b" },
	{ "TasksMax", "t" },
};

static const struct property *find(const char *name, size_t n)
{
	for (size_t i = 0; i < sizeof(properties) / sizeof(properties[0]); i++)
		if (strlen(properties[i].name) == n && !memcmp(properties[i].name, name, n))
			return &properties[i];
	return NULL;
}

static void skip_spaces(const char **at)
{
	*at += strspn(*at, " \t\n");
}

/* A type may stand before a value, "uint64 5" or "@t 5": the property's own is what counts. */
static void skip_type(const char **at)
{
	static const char *const types[] = { "boolean ", "byte ",  "int16 ",  "uint16 ", "int32 ",
					     "uint32 ",  "int64 ", "uint64 ", "double ", "string " };

	if (**at == '@')
		*at += strcspn(*at, " ");
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (!strncmp(*at, types[i], strlen(types[i])))
			*at += strlen(types[i]);
	skip_spaces(at);
}

/* 'text' or "text", cut out into `to`, which has room for all of *at. */
static bool read_text(const char **at, char *to)
{
	const char quote = **at;

	if (quote != '\'' && quote != '"')
		return false;
	for (++*at; **at != quote; ++*at) {
		if (**at == '\\' && strchr("\\'\"", (*at)[1]))
			++*at;
		else if (**at == '\\')
			return false;
		if (!**at)
			return false;
		*to++ = **at;
	}
	*to = 0;
	++*at;
	return true;
}

/* Without a sign but "-", without a fraction but of seconds. */
static bool read_number(const char **at, bool seconds, bool *negative, uint64_t *out)
{
	char *end;

	*negative = **at == '-';
	*at += *negative;
	if (**at < '0' || **at > '9')
		return false;
	errno = 0;
	*out = strtoull(*at, &end, strncmp(*at, "0x", 2) == 0 ? 16 : 10);
	if (errno || (seconds && *out > UINT64_MAX / SECOND - 1))
		return false;
	if (seconds) {
		*out *= SECOND;
		uint64_t unit = SECOND / 10;
		if (*end == '.')
			for (end++; *end >= '0' && *end <= '9'; end++, unit /= 10)
				*out += unit * (uint64_t)(*end - '0');
	}
	*at = end;
	return true;
}

static bool put_number(struct dbus_bytes *b, char type, const char **at, bool seconds)
{
	bool negative;
	uint64_t value;

	if (!read_number(at, seconds, &negative, &value))
		return false;
	if (type == 't') {
		dbus_put_u64(b, value);
		return !negative;
	}
	dbus_put_u32(b, negative ? 0 - (uint32_t)value : (uint32_t)value);
	return type == 'u' ? !negative && value <= UINT32_MAX : value <= INT32_MAX;
}

static bool put_bool(struct dbus_bytes *b, const char **at)
{
	const bool value = strncmp(*at, "true", 4) == 0;

	if (!value && strncmp(*at, "false", 5) != 0)
		return false;
	*at += value ? 4 : 5;
	dbus_put_u32(b, value);
	return true;
}

static bool put_texts(struct dbus_bytes *b, const char **at, char *scratch)
{
	const size_t array = dbus_array_begin(b, 4);

	if (**at != '[')
		return false;
	++*at;
	skip_spaces(at);
	while (**at != ']') {
		if (!read_text(at, scratch))
			return false;
		dbus_put_text(b, scratch);
		skip_spaces(at);
		if (**at == ',')
			++*at;
		else if (**at != ']')
			return false;
		skip_spaces(at);
	}
	++*at;
	dbus_array_end(b, array, 4);
	return true;
}

static bool put_value(struct dbus_bytes *b, const char *type, const char *at, bool seconds)
{
	char *scratch = malloc(strlen(at) + 1);
	bool good = scratch;

	skip_spaces(&at);
	skip_type(&at);
	if (!good)
		return false;
	switch (type[0]) {
	case 'a': good = put_texts(b, &at, scratch); break;
	case 'b': good = put_bool(b, &at); break;
	case 's':
		good = read_text(&at, scratch);
		dbus_put_text(b, good ? scratch : "");
		break;
	default: good = put_number(b, type[0], &at, seconds); break;
	}
	free(scratch);
	skip_spaces(&at);
	return good && !*at;
}

static const char *type_in_words(const char *type)
{
	return type[0] == 'a'   ? "a list of strings like ['a', 'b']"
	       : type[0] == 'b' ? "true or false"
	       : type[0] == 's' ? "a string in quotes like 'a'"
				: "a number";
}

/* "TimeoutStopSec" is set as "TimeoutStopUSec". */
static const struct property *find_in_seconds(const char *name)
{
	const size_t n = strlen(name);
	char micro[64];

	if (n < 4 || n > 50 || strcmp(name + n - 3, "Sec") || name[n - 4] < 'a' ||
	    name[n - 4] > 'z')
		return NULL;
	snprintf(micro, sizeof(micro), "%.*sUSec", (int)n - 3, name);
	return find(micro, n + 1);
}

static int put_annotation(struct dbus_bytes *b, const char *name, const char *value,
			  struct error *e)
{
	const struct property *p = find(name, strlen(name)), *in_seconds = NULL;

	if (!p)
		p = in_seconds = find_in_seconds(name);
	if (!p) {
		error_set(e, 0, "is not passed on to systemd");
		return error_hint(e, "only properties that can't reach beyond the container are: "
				     "ocirun(8) lists them");
	}
	systemd_put_property(b, p->name, p->type);
	if (!put_value(b, p->type, value, in_seconds))
		return error_set(e, 0, "\"%.100s\" is not %s", value, type_in_words(p->type));
	return 0;
}

int systemd_put_annotations(struct dbus_bytes *b, const struct pairs *annotations, struct error *e)
{
	const size_t n = strlen(ANNOTATION_SYSTEMD_PROPERTY);

	for (size_t i = 0; i < annotations->n; i++) {
		const struct pair *one = &annotations->v[i];
		if (strncmp(one->key, ANNOTATION_SYSTEMD_PROPERTY, n) == 0 &&
		    put_annotation(b, one->key + n, one->value, e) < 0)
			return error_in(e, "annotations[\"%.100s\"]", one->key);
	}
	if (!b->full)
		return 0;
	error_set(e, EMSGSIZE, "those for systemd");
	return error_in(e, "annotations");
}
