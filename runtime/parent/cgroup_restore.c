/*
 * What the limits' files had before they were written, and putting that back. Most files read as
 * they are written. Some have a line for each device or interface, of which only the one is put
 * back that the limit is about.
 */
#include "runtime/file.h"
#include "runtime/parent/cgroup_resources.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Files with a line for each key, and what a key without a line has. */
static const struct {
	const char *name;
	const char *absent;
} keyed[] = {
	{ "blkio.throttle.", "0" },
	{ "blkio.weight_device", "default" },
	{ "blkio.bfq.weight_device", "default" },
	{ "io.max", "rbps=max wbps=max riops=max wiops=max" },
	{ "io.weight", "default" },
	{ "io.bfq.weight", "default" },
	{ "io.latency", "target=0" },
	{ "net_prio.ifpriomap", "0" },
	{ "rdma.max", "hca_handle=max hca_object=max" },
	{ "misc.max", "max" },
};

static const char *name_of(const char *file)
{
	const char *slash = strrchr(file, '/');

	return slash ? slash + 1 : file;
}

/* The line of a key; NULL: the file has none. */
static const char *line_of(const char *text, const char *key, size_t n)
{
	for (const char *at = text; at && *at; at = strchr(at, '\n'), at = at ? at + 1 : NULL)
		if (!strncmp(at, key, n) && (at[n] == ' ' || at[n] == '\t'))
			return at;
	return NULL;
}

static char *one_key(struct arena *a, const char *text, const char *key, const char *absent)
{
	const int n = (int)strcspn(key, " ");
	const char *line = line_of(text, key, n);

	if (!line)
		return arena_printf(a, "%.*s %s", n, key, absent);
	line += n + 1;
	return arena_printf(a, "%.*s %.*s", n, key, (int)strcspn(line, "\n"), line);
}

/* From what the file says to what it takes. */
static char *as_written(struct arena *a, const struct record_value *old, const char *text)
{
	const char *name = name_of(old->file);

	if (!strcmp(name, "memory.oom_control"))
		return arena_printf(a, "%d",
				    line_of(text, "oom_kill_disable", 16) &&
					    strstr(text, "oom_kill_disable 1"));
	for (size_t i = 0; i < sizeof(keyed) / sizeof(keyed[0]); i++) {
		if (strncmp(name, keyed[i].name, strlen(keyed[i].name)) != 0)
			continue;
		/* Without a key it is the value of all that have none of their own. */
		return one_key(a, text, strchr(old->written, ' ') ? old->written : "default ",
			       keyed[i].absent);
	}
	/* With its end: an empty list is a line too, and resctrl wants it. */
	return arena_printf(a, "%s%s", text, strchr(text, '\n') ? "" : "\n");
}

static char *read_value(struct arena *a, const struct record_value *old)
{
	CLEAN_FD fd = open(old->file, O_RDONLY | O_CLOEXEC);
	char *text;

	if (fd < 0 || file_read(fd, 1 << 20, a, &text, NULL) < 0)
		return NULL;
	return as_written(a, old, text);
}

void cgroup_limits_remember(struct arena *a, const struct plan *plan, record_value_list *out)
{
	out->v = arena_array(a, struct record_value, plan->limits.n);
	for (size_t i = 0; i < plan->limits.n; i++) {
		const struct plan_limit *limit = &plan->limits.v[i];
		struct record_value *old = &out->v[out->n];
		*old = (struct record_value){ .file = limit->file, .written = limit->value };
		if (limit->other && access(limit->file, F_OK) < 0)
			*old = (struct record_value){ .file = limit->other,
						      .written = limit->other_value };
		old->text = read_value(a, old);
		out->n += old->text != NULL;
	}
}

void cgroup_limits_restore(struct arena *a, const record_value_list *old, struct error *e)
{
	const struct record_value *kept = NULL;

	/* Backwards, as they depend on each other; what is refused because of another's new value
	 * is taken the next time. */
	for (int round = 0; round < 3; round++) {
		kept = NULL;
		for (size_t i = old->n; i-- > 0;) {
			const char *now = read_value(a, &old->v[i]);
			if (!now || !strcmp(now, old->v[i].text))
				continue;
			if (file_write_at(AT_FDCWD, old->v[i].file, old->v[i].text) < 0)
				kept = &old->v[i];
		}
		if (!kept)
			return;
	}
	error_hint(e, "%s could not be put back", kept->file);
}
