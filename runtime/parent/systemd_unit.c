/* Names of units (systemd.unit(5)), and properties in D-Bus' form. */
#include "runtime/parent/systemd_unit.h"

#include <string.h>

#define NAME_BYTES 255 /* of a unit, and of a directory */

static bool ends_in(const char *text, const char *end)
{
	const size_t n = strlen(text), m = strlen(end);

	return n > m && !strcmp(text + n - m, end);
}

static bool is_valid(const char *name)
{
	return name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				 "_.-@\\")] == 0;
}

static int wrong(struct error *e, const char *cgroups_path, const char *id, const char *why)
{
	error_set(e, 0, "\"%.200s\" %s", cgroups_path, why);
	error_hint(e,
		   "the systemd cgroup manager takes SLICE:PREFIX:NAME, like "
		   "system.slice:ocirun:%.60s",
		   id);
	return error_in(e, "linux.cgroupsPath");
}

/* "/a.slice/a-b.slice" for "a-b.slice": a dash is a step down. NULL when it is no slice. */
static char *slice_path(struct arena *a, const char *slice)
{
	const size_t n = strlen(slice);
	char *path = "";

	if (!ends_in(slice, ".slice") || !is_valid(slice) || n > NAME_BYTES)
		return NULL;
	if (!strcmp(slice, "-.slice"))
		return "";
	for (size_t begin = 0, end = 0; end < n - 6; begin = end + 1) {
		end = begin + strcspn(slice + begin, "-");
		if (end > n - 6)
			end = n - 6;
		if (end == begin)
			return NULL;
		path = arena_printf(a, "%s/%.*s.slice", path, (int)end, slice);
	}
	return path;
}

/* A container's id may have a +, which no unit may. */
static char *escaped(struct arena *a, const char *id)
{
	char *out = arena_alloc(a, 4 * strlen(id) + 1), *at = out;

	for (; *id; id++)
		at = *id == '+' ? stpcpy(at, "\\x2b") : (*at = *id, at + 1);
	return out;
}

int systemd_unit_resolve(struct arena *a, const char *cgroups_path, const char *id, bool user,
			 struct systemd_unit *out, struct error *e)
{
	const bool given = cgroups_path && *cgroups_path;
	char *slice = "", *prefix = "ocirun", *name = escaped(a, id);

	if (given) {
		slice = arena_strdup(a, cgroups_path);
		prefix = strchr(slice, ':');
		name = prefix ? strchr(prefix + 1, ':') : NULL;
		if (!name || strchr(name + 1, ':') || !name[1])
			return wrong(e, cgroups_path, id, "is not SLICE:PREFIX:NAME");
		*prefix++ = *name++ = 0;
	}
	out->slice = *slice ? slice : arena_strdup(a, user ? "user.slice" : "system.slice");
	const char *path = slice_path(a, out->slice);
	if (!path)
		return wrong(e, cgroups_path, id, "does not begin with the name of a slice");
	if (ends_in(name, ".slice"))
		return wrong(e, cgroups_path, id, "names a slice, which has no processes");
	out->name = arena_printf(a, "%s-%s.scope", prefix, name);
	if (!is_valid(out->name))
		return wrong(e, cgroups_path, id,
			     "has a character that is not allowed in the name of a unit");
	if (strlen(out->name) > NAME_BYTES) {
		error_set(e, 0, "the name of the unit would have %zu bytes, at most %d are allowed",
			  strlen(out->name), NAME_BYTES);
		return error_in(e, "linux.cgroupsPath");
	}
	out->path = arena_printf(a, "%s/%s", path, out->name);
	return 0;
}

/* --- properties ------------------------------------------------------------------------------- */

void systemd_put_property(struct dbus_bytes *b, const char *name, const char *type)
{
	dbus_align(b);
	dbus_put_text(b, name);
	dbus_put_signature(b, type);
}

void systemd_put_text(struct dbus_bytes *b, const char *name, const char *value)
{
	systemd_put_property(b, name, "s");
	dbus_put_text(b, value);
}

void systemd_put_bool(struct dbus_bytes *b, const char *name, bool value)
{
	systemd_put_property(b, name, "b");
	dbus_put_u32(b, value);
}

void systemd_put_u64(struct dbus_bytes *b, const char *name, uint64_t value)
{
	systemd_put_property(b, name, "t");
	dbus_put_u64(b, value);
}
