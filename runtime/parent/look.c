/*
 * state, list and ps: containers are looked at, and nothing is locked, waited for or changed.
 */
#include "runtime/parent/cgroup.h"
#include "runtime/parent/container.h"
#include "runtime/parent/oom.h"
#include "runtime/parent/state.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

int container_status(const char *root, const char *id, struct arena *a, struct status *out,
		     struct error *e)
{
	CLEAN_STATE s = STATE_NONE;

	if (state_open(&s, root, id, a, e) < 0)
		return -1;
	s.id = arena_strdup(a, id);
	state_document(&s, state_status(&s), out);
	out->oom_cgroup = oom_cgroup(&s.record, a);
	return 0;
}

int container_processes(const char *root, const char *id, struct arena *a, struct pids *out,
			struct error *e)
{
	CLEAN_STATE s = STATE_NONE;

	if (state_open(&s, root, id, a, e) < 0)
		return -1;
	*out = (struct pids){ 0 };
	if (!s.record.cgroups.n && state_status(&s) != STATUS_STOPPED)
		return state_no_cgroup(e);
	cgroup_processes(&s.record, a, out);
	return 0;
}

/*
 * 0 when the entry of the root directory is no container, or none any more. One that can't be
 * looked at is one all the same: what it was made of may still be there.
 */
static int list_one(const char *root, const char *name, struct arena *a, struct status *out)
{
	struct error e = ERROR_NONE;
	char line[4096];

	if (container_status(root, name, a, out, &e) == 0)
		return 1;
	/* Its name is no id, it has vanished, or it is no directory. */
	if (!e.context[0] && (!e.code || e.code == ENOTDIR))
		return 0;
	container_warn(error_print(&e, line, sizeof(line)));
	*out = (struct status){ .oci_version = SPEC_VERSION,
				.id = arena_strdup(a, name),
				.status = "unknown",
				.bundle = "" };
	return 1;
}

static int compare_status(const void *a, const void *b)
{
	return strcmp(((const struct status *)a)->id, ((const struct status *)b)->id);
}

int container_list(const char *root, struct arena *a, struct status_list *out, struct error *e)
{
	DIR *d = opendir(root);
	size_t room = 0;

	*out = (struct status_list){ 0 };
	if (!d && errno == ENOENT)
		return 0;
	if (!d)
		return error_set(e, errno, "open the state directory %s", root);
	for (struct dirent *entry; (entry = readdir(d));) {
		struct status one;
		if (!list_one(root, entry->d_name, a, &one))
			continue;
		if (out->n == room) {
			struct status *larger = arena_array(a, struct status, room ? 2 * room : 16);
			if (out->n)
				memcpy(larger, out->v, out->n * sizeof(*larger));
			out->v = larger;
			room = room ? 2 * room : 16;
		}
		out->v[out->n++] = one;
	}
	closedir(d);
	if (out->n)
		qsort(out->v, out->n, sizeof(*out->v), compare_status);
	return 0;
}
