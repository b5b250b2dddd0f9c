/*
 * state, list and ps: containers are looked at, and nothing is locked, waited for or changed.
 */
#include "runtime/parent/cgroup.h"
#include "runtime/parent/container.h"
#include "runtime/parent/oom.h"
#include "runtime/parent/state.h"
#include "runtime/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int fill_status(struct state *s, bool oom, struct status *out, struct error *e)
{
	const int status = state_status(s, e);

	if (status < 0)
		return -1;
	state_document(s, status, out);
	if (oom)
		out->oom_cgroup = oom_cgroup(&s->record, s->arena);
	return 0;
}

int container_status(const char *root, const char *id, struct arena *a, struct status *out,
		     struct error *e)
{
	CLEAN_STATE s = STATE_NONE;

	if (state_open(&s, root, id, a, e) < 0)
		return -1;
	s.id = arena_strdup(a, id);
	return fill_status(&s, true, out, e);
}

int container_processes(const char *root, const char *id, struct arena *a, struct pids *out,
			struct error *e)
{
	CLEAN_STATE s = STATE_NONE;

	if (state_open(&s, root, id, a, e) < 0)
		return -1;
	*out = (struct pids){ 0 };
	const int status = s.record.cgroups.n ? STATUS_STOPPED : state_status(&s, e);
	if (status != STATUS_STOPPED)
		return status < 0 ? -1 : state_no_cgroup(e);
	cgroup_processes(&s.record, a, out);
	const char *gone = out->n ? NULL : cgroup_gone(&s.record);
	if (gone && process_alive(&s.record.init) > 0)
		return error_set(e, 0, "the container's cgroup %s is gone", gone);
	return 0;
}

/* Whatever the root directory has under a name that can be an id: also what a create that was cut
 * short has left. */
static bool is_container(DIR *d, const struct dirent *entry)
{
	struct error ignored = ERROR_NONE;
	struct stat st;

	if (container_id_check(entry->d_name, &ignored) < 0)
		return false;
	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type == DT_DIR;
	return fstatat(dirfd(d), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISDIR(st.st_mode);
}

static int compare_ids(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void read_ids(DIR *d, struct arena *a, struct strings *out)
{
	size_t room = 0;

	*out = (struct strings){ 0 };
	for (struct dirent *entry; (entry = readdir(d));) {
		if (!is_container(d, entry))
			continue;
		if (out->n == room) {
			char **larger = arena_array(a, char *, room ? 2 * room : 16);
			if (out->n)
				memcpy(larger, out->v, out->n * sizeof(*larger));
			out->v = larger;
			room = room ? 2 * room : 16;
		}
		out->v[out->n++] = arena_strdup(a, entry->d_name);
	}
	if (out->n)
		qsort(out->v, out->n, sizeof(*out->v), compare_ids);
}

/* *d is NULL when there is no root directory, which is one without containers. */
static int open_root(const char *root, DIR **d, struct error *e)
{
	*d = opendir(root);
	if (*d || errno == ENOENT)
		return 0;
	return error_set(e, errno, "open the state directory %s", root);
}

int container_ids(const char *root, struct arena *a, struct strings *out, struct error *e)
{
	DIR *d;

	*out = (struct strings){ 0 };
	if (open_root(root, &d, e) < 0)
		return -1;
	if (d) {
		read_ids(d, a, out);
		closedir(d);
	}
	return 0;
}

/*
 * False when it is gone meanwhile. One that can't be looked at is one all the same: what it was
 * made of may still be there.
 */
static bool list_one(int root, char *id, bool oom, struct arena *a, struct status *out)
{
	CLEAN_STATE s = STATE_NONE;
	struct error e = ERROR_NONE;
	char line[4096];

	if (state_look(&s, root, id, a, &e) == 0 && fill_status(&s, oom, out, &e) == 0)
		return true;
	if (!e.context[0] && !e.code)
		return false;
	container_warn(error_print(&e, line, sizeof(line)));
	*out = (struct status){
		.oci_version = SPEC_VERSION, .id = id, .status = "unknown", .bundle = ""
	};
	return true;
}

int container_list(const char *root, bool oom, struct arena *a, struct status_list *out,
		   struct error *e)
{
	struct strings ids;
	DIR *d;

	*out = (struct status_list){ 0 };
	if (open_root(root, &d, e) < 0)
		return -1;
	if (!d)
		return 0;
	read_ids(d, a, &ids);
	out->v = arena_array(a, struct status, ids.n);
	for (size_t i = 0; i < ids.n; i++)
		out->n += list_one(dirfd(d), ids.v[i], oom, a, &out->v[out->n]);
	closedir(d);
	return 0;
}
