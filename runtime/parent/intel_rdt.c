/* See intel_rdt.h. */
#include "runtime/parent/intel_rdt.h"

#include "runtime/file.h"
#include "spec/mountinfo.h"
#include "spec/words.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX ((size_t)4 << 20)

char *intel_rdt_mounted(char *mountinfo)
{
	for (struct mountinfo m; mountinfo_next(&mountinfo, &m);)
		if (!strcmp(m.type, "resctrl"))
			return m.place;
	return NULL;
}

static int read_text(struct arena *a, const char *path, char **text, struct error *e)
{
	CLEAN_FD fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || file_read(fd, FILE_MAX, a, text, NULL) < 0)
		return error_set(e, errno, "read %s", path);
	return 0;
}

int intel_rdt_root(struct arena *a, char **root, struct error *e)
{
	char *text;

	if (read_text(a, "/proc/self/mountinfo", &text, e) < 0)
		return -1;
	*root = intel_rdt_mounted(text);
	if (*root)
		return 0;
	error_set(e, 0, "this host has no resctrl file system mounted");
	error_in(e, "linux.intelRdt");
	return error_hint(e, "where processor and kernel have it: mount -t resctrl resctrl "
			     "/sys/fs/resctrl");
}

/* The text after the name of a resource in the schemata of a class, which pads it with spaces. */
static const char *resource(const char *schemata, const char *name, size_t n)
{
	for (const char *at = schemata; at; at = strchr(at, '\n')) {
		at += strspn(at, " \n");
		if (strncmp(at, name, n) == 0 && at[n] == ':')
			return at + n + 1;
	}
	return NULL;
}

/* One "ID=VALUE" of a line, without spaces and leading zeros; false at the line's end. */
struct domain {
	const char *id, *value;
	int id_length, value_length;
};

static const char *number(const char *at, int *length, const char *ends)
{
	at += strspn(at, " ");
	at += strspn(at, "0");
	*length = (int)strcspn(at, ends);
	return at;
}

static bool next_domain(const char **at, struct domain *d)
{
	*at += strspn(*at, " ;");
	if (!**at || **at == '\n')
		return false;
	d->id = number(*at, &d->id_length, "= ;\n");
	*at = d->id + strcspn(d->id, "=;\n");
	d->value = number(*at + (**at == '='), &d->value_length, " ;\n");
	*at = d->value + strcspn(d->value, ";\n");
	return true;
}

/* Is every domain of a line, without the name of its resource, in another with the same value? */
static bool domains_in(const char *a, const char *b)
{
	struct domain one, other;

	while (next_domain(&a, &one)) {
		bool found = false;
		for (const char *with = b; !found && next_domain(&with, &other);)
			found = one.id_length == other.id_length &&
				one.value_length == other.value_length &&
				!strncmp(one.id, other.id, one.id_length) &&
				words_same(one.value, other.value, one.value_length);
		if (!found)
			return false;
	}
	return true;
}

static bool same_domains(const char *a, const char *b)
{
	return domains_in(a, b) && domains_in(b, a);
}

/* Is every line of a schema in the schemata of a class that is there already? */
static int compare(const char *schemata, const char *schema, const char *name, const char *field,
		   struct error *e)
{
	for (const char *line = schema; line && *line; line = strchr(line, '\n')) {
		line += strspn(line, " \n");
		size_t n = strcspn(line, ":\n");
		const char *has = resource(schemata, line, n);
		if (!*line || (has && line[n] == ':' && same_domains(line + n + 1, has)))
			continue;
		error_set(e, 0, "\"%.*s\" is not what the class \"%s\" has, \"%.*s\"",
			  (int)strcspn(line, "\n"), line, name, has ? (int)strcspn(has, "\n") : 0,
			  has ? has : "");
		error_in(e, "linux.intelRdt.%s", field);
		return error_hint(e, "a class that is there already is used as it is");
	}
	return 0;
}

/* config-linux.md: a class that is there must agree with the two schemas; only `schemata` changes
 * it. */
static int check_existing(struct arena *a, const struct record_intel_rdt *r,
			  const struct spec_intel_rdt *rdt, struct error *e)
{
	char *text;

	if (!rdt->l3_cache_schema && !rdt->mem_bw_schema)
		return 0;
	if (read_text(a, arena_printf(a, "%s/schemata", r->path), &text, e) < 0)
		return error_in(e, "linux.intelRdt.closID");
	if (rdt->l3_cache_schema &&
	    compare(text, rdt->l3_cache_schema, rdt->clos_id, "l3CacheSchema", e) < 0)
		return -1;
	return rdt->mem_bw_schema
		       ? compare(text, rdt->mem_bw_schema, rdt->clos_id, "memBwSchema", e)
		       : 0;
}

int intel_rdt_intend(struct arena *a, const char *root, const struct spec_intel_rdt *rdt,
		     struct record *r, struct error *e)
{
	const bool schema = rdt->l3_cache_schema || rdt->mem_bw_schema || rdt->schemata.n;
	const char *class = rdt->clos_id ? rdt->clos_id : r->id;
	struct record_intel_rdt *mine = arena_new(a, struct record_intel_rdt);

	mine->root = arena_strdup(a, root);
	mine->path = strcmp(class, "/") ? arena_printf(a, "%s/%s", root, class) : mine->root;
	mine->shared = rdt->clos_id;
	mine->made = access(mine->path, F_OK) < 0;
	if (mine->made && rdt->clos_id && !schema) {
		error_set(e, 0, "there is no class \"%s\" in %s", class, root);
		error_in(e, "linux.intelRdt.closID");
		return error_hint(e, "with a schema it would be made");
	}
	if (!mine->made && rdt->clos_id && check_existing(a, mine, rdt, e) < 0)
		return -1;
	if (rdt->enable_monitoring && *rdt->enable_monitoring)
		mine->monitoring = arena_printf(a, "%s/mon_groups/%s", mine->path, r->id);
	if (mine->monitoring && access(mine->monitoring, F_OK) == 0) {
		error_set(e, EEXIST, "make the monitoring group %s", mine->monitoring);
		return error_in(e, "linux.intelRdt.enableMonitoring");
	}
	r->intel_rdt = mine;
	return 0;
}

/* What resctrl says of the request that it has just refused. */
static int refused(const struct record_intel_rdt *r, struct error *e, const char *format,
		   const char *what)
{
	char path[4096], why[160] = "";
	int code = errno;

	snprintf(path, sizeof(path), "%s/info/last_cmd_status", r->root);
	CLEAN_FD fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, why, sizeof(why) - 1);
	why[n < 0 ? 0 : n] = 0;
	why[strcspn(why, "\n")] = 0;
	error_set(e, code, format, what);
	return *why && strcmp(why, "ok") ? error_hint(e, "resctrl says: %s", why) : -1;
}

int intel_rdt_make(struct record *record, struct error *e)
{
	struct record_intel_rdt *r = record->intel_rdt;

	if (r->made && mkdir(r->path, 0755) < 0) {
		r->made = false; /* another's, if it is there now */
		refused(r, e, "make the class %s", r->path);
		return error_in(e, "linux.intelRdt");
	}
	if (r->monitoring && mkdir(r->monitoring, 0755) < 0) {
		const char *group = r->monitoring;
		r->monitoring = NULL;
		refused(r, e, "make the monitoring group %s", group);
		return error_in(e, "linux.intelRdt.enableMonitoring");
	}
	return 0;
}

static int write_line(const char *directory, const char *file, const char *line)
{
	CLEAN_FD dir = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return dir < 0 ? -1 : file_write_at(dir, file, line);
}

/* One line for each write: then a refusal is of that line. The kernel wants its end. */
static int write_schema(const struct record_intel_rdt *r, const char *schema, const char *field,
			struct error *e)
{
	char line[4096];

	if (snprintf(line, sizeof(line), "%s\n", schema) >= (int)sizeof(line))
		errno = E2BIG;
	else if (write_line(r->path, "schemata", line) == 0)
		return 0;
	refused(r, e, "write \"%.300s\"", schema);
	return error_in(e, "linux.intelRdt.%s", field);
}

static int write_schemata(const struct record_intel_rdt *r, const struct spec_intel_rdt *rdt,
			  struct error *e)
{
	char field[32];

	if (rdt->l3_cache_schema && write_schema(r, rdt->l3_cache_schema, "l3CacheSchema", e) < 0)
		return -1;
	if (rdt->mem_bw_schema && write_schema(r, rdt->mem_bw_schema, "memBwSchema", e) < 0)
		return -1;
	for (size_t i = 0; i < rdt->schemata.n; i++) {
		snprintf(field, sizeof(field), "schemata[%zu]", i);
		if (write_schema(r, rdt->schemata.v[i], field, e) < 0)
			return -1;
	}
	return 0;
}

int intel_rdt_place(const struct record *record, const struct spec_intel_rdt *rdt, int pid,
		    struct error *e)
{
	const struct record_intel_rdt *r = record->intel_rdt;
	char number[16];

	if (write_schemata(r, rdt, e) < 0)
		return -1;
	snprintf(number, sizeof(number), "%d", pid);
	if (write_line(r->path, "tasks", number) == 0 &&
	    (!r->monitoring || write_line(r->monitoring, "tasks", number) == 0))
		return 0;
	refused(r, e, "put the container into %s", r->monitoring ? r->monitoring : r->path);
	return error_in(e, "linux.intelRdt");
}

static bool has_tasks(const char *path)
{
	char name[4200], byte;

	snprintf(name, sizeof(name), "%s/tasks", path);
	CLEAN_FD fd = open(name, O_RDONLY | O_CLOEXEC);
	return fd >= 0 && read(fd, &byte, 1) == 1;
}

int intel_rdt_remove(const struct record *record, struct error *e)
{
	const struct record_intel_rdt *r = record->intel_rdt;

	if (r->monitoring && rmdir(r->monitoring) < 0 && errno != ENOENT)
		return error_set(e, errno, "remove the monitoring group %s", r->monitoring);
	if (!r->made || (r->shared && (record->complete || has_tasks(r->path))))
		return 0;
	if (rmdir(r->path) < 0 && errno != ENOENT)
		return error_set(e, errno, "remove the class %s", r->path);
	return 0;
}
