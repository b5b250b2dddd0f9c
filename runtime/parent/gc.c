/*
 * What nobody owns any more below the root directory, found and removed.
 *
 * Theory of operation. A container that is complete has an owner, who will delete it, be it stopped
 * for years: it is never garbage. Garbage is what a killed process has left that no container is
 * made of:
 * - a state directory without a complete record, whose creator and init have ended. What the record
 *   says was made (cgroups, a unit, a class in resctrl, lent devices) goes with it, by destroy().
 * - the half-written copy of a file beside it, in a container's directory or among the filters.
 *
 * A living process holds what it makes: by the lock for as long as it makes it, and by its pid with
 * the start time in the record. So each thing is looked at, then locked without waiting, then
 * looked at again. Only two moments have neither: between mkdir(2) and the lock of a claim, and
 * while a filter is written. What is so is left alone while it is young. And nothing is killed
 * here: where processes live in a cgroup that a create made, that is said, and it is `delete
 * --force` that ends them.
 */
#include "runtime/file.h"
#include "runtime/parent/cgroup.h"
#include "runtime/parent/container.h"
#include "runtime/parent/destroy.h"
#include "runtime/parent/seccomp_cache.h"
#include "runtime/parent/state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define YOUNG_S 10 /* a claim takes microseconds, a filter is written in milliseconds */

struct gc {
	const char *path; /* of the root directory */
	int root;
	bool remove;
	struct arena *arena;
	struct garbage_list *out;
	size_t room;
};

static bool is_young(const struct stat *st)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec - st->st_mtim.tv_sec <= YOUNG_S;
}

static struct garbage *add(struct gc *g, const char *path, const char *id, const char *reason)
{
	struct garbage_list *out = g->out;

	if (out->n == g->room) {
		struct garbage *larger =
			arena_array(g->arena, struct garbage, g->room ? 2 * g->room : 16);
		if (out->n)
			memcpy(larger, out->v, out->n * sizeof(*larger));
		out->v = larger;
		g->room = g->room ? 2 * g->room : 16;
	}
	out->v[out->n] = (struct garbage){ .path = (char *)path,
					   .id = (char *)id,
					   .reason = (char *)reason };
	return &out->v[out->n++];
}

static void failed(struct gc *g, struct garbage *it, const struct error *e)
{
	char line[4096];

	it->error = arena_strdup(g->arena, error_print(e, line, sizeof(line)));
}

/* What is as it should not be, and is not ours to end. */
static void kept(const struct gc *g, const char *id, const char *why)
{
	container_warn(arena_printf(g->arena, "%s/%s stays: %s; `ocirun delete --force %s` ends it",
				    g->path, id, why, id));
}

/* Files that file_replace_at() was writing, in a directory whose every file it writes. Those that
 * may still be written, because nobody need hold a lock for it, are `maybe`. */
static void leftovers(struct gc *g, int directory, const char *path, const char *id, bool maybe)
{
	int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct stat st;

	if (!d)
		fd_close(&fd);
	for (struct dirent *entry; d && (entry = readdir(d));) {
		size_t n = strlen(entry->d_name);
		if (n <= 4 || strcmp(entry->d_name + n - 4, ".tmp") ||
		    fstatat(directory, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    !S_ISREG(st.st_mode) || (maybe && is_young(&st)))
			continue;
		struct garbage *it = add(g, arena_printf(g->arena, "%s/%s", path, entry->d_name),
					 id, "whoever wrote it ended before it was whole");
		struct error e = ERROR_NONE;
		if (!g->remove)
			continue;
		it->removed = unlinkat(directory, entry->d_name, 0) == 0 || errno == ENOENT;
		if (!it->removed && error_set(&e, errno, "remove %s", it->path))
			failed(g, it, &e);
	}
	if (d)
		closedir(d);
}

static void add_with(struct gc *g, struct garbage *it, const char *what, const char *name)
{
	it->with.v[it->with.n++] = arena_printf(g->arena, "%s %s", what, name);
}

/* What destroy() will undo, as far as it is there. */
static void name_effects(struct gc *g, struct garbage *it, const struct record *r)
{
	it->with.v = arena_array(g->arena, char *, r->cgroups.n + r->net_devices.n + 3);
	for (size_t i = 0; i < r->cgroups.n; i++)
		if (r->cgroups.v[i].top && access(r->cgroups.v[i].path, F_OK) == 0)
			add_with(g, it, "cgroup", r->cgroups.v[i].path);
	if (r->systemd)
		add_with(g, it, "unit", r->systemd->unit);
	if (r->intel_rdt && r->intel_rdt->made && access(r->intel_rdt->path, F_OK) == 0)
		add_with(g, it, "class", r->intel_rdt->path);
	if (r->intel_rdt && r->intel_rdt->monitoring && access(r->intel_rdt->monitoring, F_OK) == 0)
		add_with(g, it, "group", r->intel_rdt->monitoring);
	for (size_t i = 0; i < r->net_devices.n; i++)
		add_with(g, it, "device", r->net_devices.v[i].name);
}

/* Why it is garbage; NULL: it may not be. The lock is ours. */
static const char *why_unowned(const struct gc *g, const struct state *s)
{
	const struct record *r = &s->record;
	struct error unknown = ERROR_NONE;
	struct stat st;

	if (!s->recorded)
		return fstat(s->directory, &st) < 0 || is_young(&st)
			       ? NULL
			       : "it has no record, and nobody works on it";
	if (state_status(s, &unknown) != STATUS_STOPPED)
		return NULL;
	return arena_printf(g->arena,
			    "it was never complete, and its creator, process %d, has ended",
			    r->creator.pid);
}

static void half_made(struct gc *g, struct state *s)
{
	const char *reason = why_unowned(g, s);
	struct error e = ERROR_NONE;

	if (!reason)
		return;
	if (cgroup_made_all(&s->record) && cgroup_populated(&s->record)) {
		kept(g, s->id, "it was never complete, but processes live in its cgroup");
		return;
	}
	struct garbage *it = add(g, arena_printf(g->arena, "%s/%s", g->path, s->id), s->id, reason);
	name_effects(g, it, &s->record);
	if (!g->remove)
		return;
	/* No hooks: it is not known how far they came, and delete runs none then either. */
	it->removed = destroy(s, false, &e) == 0;
	if (!it->removed)
		failed(g, it, &e);
}

static void collect_one(struct gc *g, const char *id)
{
	CLEAN_STATE s = STATE_NONE;
	struct error e = ERROR_NONE;

	if (state_look(&s, g->root, id, g->arena, &e) < 0 ||
	    (!s.record.complete && state_check_cgroups(&s, &e) < 0) || state_lock(&s, 0, &e) < 0) {
		/* It may have come to its end just now, or somebody works on it; but a damaged
		 * record may be that of a container that runs. */
		if (e.context[0] || (e.code && e.code != EBUSY))
			kept(g, id, error_print(&e, (char[4096]){ 0 }, 4096));
		return;
	}
	s.root = fcntl(g->root, F_DUPFD_CLOEXEC, 0); /* to remove it from */
	if (s.root < 0)
		return;
	if (s.record.complete)
		leftovers(g, s.directory, arena_printf(g->arena, "%s/%s", g->path, id), id, false);
	else
		half_made(g, &s);
	if (s.locked)
		state_unlock(&s);
}

int container_collect(const char *root, bool remove, struct arena *a, struct garbage_list *out,
		      struct error *e)
{
	struct gc g = { .path = root, .remove = remove, .arena = a, .out = out };
	struct strings ids;

	*out = (struct garbage_list){ 0 };
	if (container_ids(root, a, &ids, e) < 0)
		return -1;
	CLEAN_FD fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0
				       : error_set(e, errno, "open the state directory %s", root);
	g.root = fd;
	for (size_t i = 0; i < ids.n; i++)
		collect_one(&g, ids.v[i]);
	CLEAN_FD cache = openat(fd, SECCOMP_CACHE, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (cache >= 0)
		leftovers(&g, cache, arena_printf(a, "%s/" SECCOMP_CACHE, root), NULL, true);
	return 0;
}
