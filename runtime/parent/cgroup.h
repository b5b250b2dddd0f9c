/*
 * The container's cgroup: where it is in every hierarchy of the host, how it is made, how processes
 * are put there, killed in it, and how it is removed. Works on pure v2, pure v1, hybrid hosts, and
 * none.
 */
#ifndef OCIRUN_CGROUP_H
#define OCIRUN_CGROUP_H

#include "runtime/parent/container.h"
#include "runtime/plan.h"
#include "spec/status.h"

#include <stdbool.h>
#include <stdint.h>

#define CGROUP_ROOT "/sys/fs/cgroup"

/* One mounted hierarchy of the host. */
struct cgroup_hierarchy {
	char *name; /* of its directory below /sys/fs/cgroup, "cpu,cpuacct"; "" when that is the
		       hierarchy */
	char *mount_point;
	struct strings options; /* v1: its controllers, or name=… */
	char *own;              /* our own cgroup in it: "/user.slice" */
	bool unified;
};
struct cgroup_hierarchies {
	size_t n;
	struct cgroup_hierarchy *v;
	bool pure; /* only v2 */
};

/* What the host has mounted. None is not an error. */
MUST_CHECK int cgroup_hierarchies(struct arena *a, struct cgroup_hierarchies *out, struct error *e);

/* Its two halves, from the texts of /proc/self/mountinfo (not looked at when out->pure) and of
 * /proc/self/cgroup, which are cut up in place and must live as long as *out. */
void cgroup_mounted(struct arena *a, char *mountinfo, struct cgroup_hierarchies *out);
void cgroup_find_own(char *self_cgroup, struct cgroup_hierarchies *out);

/*
 * Where the container's cgroup will be, into plan->cgroups: an absolute cgroups_path below each
 * hierarchy's mount point; a relative one, or without one ocirun-ID, beside our own cgroup (which
 * has processes, so it could not give controllers to children). Makes nothing.
 */
MUST_CHECK int cgroup_resolve(struct arena *a, const char *cgroups_path, const char *id,
			      struct plan *plan, struct error *e);

/*
 * Fill record->cgroups with what cgroup_make will make, so that the caller can save the record
 * before the first directory exists. An existing cgroup with processes, or a frozen one, is
 * an error.
 */
MUST_CHECK int cgroup_intend(struct arena *a, const struct plan *plan, struct record *r,
			     struct error *e);

/*
 * Make the directories. When `optional` (nobody asked for a cgroup and we are no privileged user) a
 * hierarchy that refuses leaves the container in our own cgroup: it is taken out of plan->cgroups
 * and record->cgroups. The last directory must be new: when another makes it first, that is an
 * error, and record->cgroups is cut down to what is ours.
 */
MUST_CHECK int cgroup_make(struct plan *plan, struct record *r, bool optional, struct error *e);

/*
 * Whoever is in a recorded cgroup may be killed or frozen. Is each a path of a cgroup; none the
 * root of a hierarchy; and, of all that are mounted, none ocirun's own or above it?
 */
MUST_CHECK int cgroup_check_record(const struct record *r, struct error *e);
MUST_CHECK int cgroup_check_roots(const struct record *r, struct error *e);
MUST_CHECK int cgroup_check_apart(struct arena *a, const struct record *r, struct error *e);

/* Was there no such cgroup before? Then nobody but the container should be in it. */
bool cgroup_made_all(const struct record *r);

/* Can a process live in what was made? Not where a cgroup above is frozen, or threaded: which it
 * can only be where config.json has a linux.cgroupsPath, our own being above else. */
MUST_CHECK int cgroup_check(const struct record *r, struct error *e);

/* Make those directories that are not there yet: who put init into some of its cgroups has made the
 * others. */
MUST_CHECK int cgroup_make_missing(const struct record *r, struct error *e);

/* Give the cgroup to the user of the container's process, where config.json mounts it for that:
 * once init, the process pid, is there with its mappings. Who may not has a note. */
MUST_CHECK int cgroup_delegate(struct arena *a, const struct plan *plan, int pid, struct error *e);

/* Move init into the cgroup plan->delegate_cgroup below the container's own, which is made and has
 * the same owner: once init has its cgroup namespace, whose root stays above. */
MUST_CHECK int cgroup_delegate_below(struct arena *a, const struct plan *plan, int pid,
				     struct error *e);

/* A descriptor of the unified cgroup for CLONE_INTO_CGROUP; -1 when the host is not pure v2 or
 * there is no cgroup. */
int cgroup_open_for_clone(const struct plan *plan);

/* Put a process into each of the container's cgroups. `again`: one that somebody has removed, which
 * nobody can once the process is in it, is made again, without what was set there. */
MUST_CHECK int cgroup_place(const struct plan *plan, int pid, bool again, struct error *e);

/* Milliseconds of a clock that only goes forward, for deadlines. */
int64_t cgroup_now_ms(void);

/* Is there a process in this very directory? Is it one of the v1 freezer hierarchy? */
bool cgroup_has_processes(int directory);
bool cgroup_is_freezer(const char *path);

/* Is a cgroup of the container that of cgroup v2? By its path: nothing is looked at. */
bool cgroup_is_unified(const struct record *r, const char *path);

/* Is the container frozen (paused)? Is this cgroup, by itself or by one above? 1 or 0; -1 with
 * errno. */
MUST_CHECK int cgroup_frozen(const struct record *r);
MUST_CHECK int cgroup_frozen_at(const char *path);

/* Freeze the container, and wait (bounded) until all of it is; a failure thaws it again. */
MUST_CHECK int cgroup_freeze(const struct record *r, struct error *e);

/* Undo that, or what somebody else has done to the container's cgroups in the same way. */
MUST_CHECK int cgroup_unfreeze(const struct record *r, struct error *e);

/* Thaw the v1 freezer: there a frozen process does not even die. On v2 it does. */
void cgroup_thaw(const struct record *r);

/* Move a process of the container, which somebody has put into another cgroup of the v1 freezer,
 * back: only so does a frozen one end. As far as it can be done. */
void cgroup_take_back(const struct record *r, int pid);

/* Is there a process in the container's cgroups, or below? */
bool cgroup_populated(const struct record *r);
bool cgroup_populated_at(const char *path); /* one cgroup, and all below it */
/* The same, where others may be in some of them alone: in each hierarchy of v1. */
bool cgroup_populated_anywhere(const struct record *r);

/* The hierarchy to ask for the container's processes, for each holds the same ones: that of the v1
 * freezer for choice. NULL when it has no cgroup. */
const struct record_cgroup *cgroup_main(const struct record *r);

/*
 * Visit a cgroup and all below it, parents before children. Directories of a container's own making
 * may be nested as deep as it pleases, numerous, and vanish while we look.
 */
typedef void cgroup_visit(int directory, void *data);
void cgroup_walk(const char *path, cgroup_visit *visit, void *data);

/* Send a signal to every process in the container's cgroups and below. Returns how many were
 * signalled. */
int cgroup_signal_all(const struct record *r, int signal);

/* None of the recorded cgroups is there any more: the first; else NULL. Then somebody has moved the
 * container's processes, and removed it. */
const char *cgroup_gone(const struct record *r);

/* The processes in the container's cgroups and below, in ascending order. From the arena. */
void cgroup_processes(const struct record *r, struct arena *a, struct pids *out);

/* Kill everything in the container's cgroups, thawing them, and wait (bounded) until they are
 * empty. */
MUST_CHECK int cgroup_kill(const struct record *r, struct error *e);

/* The usual end, without a look inside: 0 when what cgroup_make made could simply be removed, -1
 * when something is in it. */
int cgroup_remove_empty(const struct record *r);

/* Remove the directories that cgroup_make made, children first. Missing ones are fine. */
MUST_CHECK int cgroup_remove(const struct record *r, struct error *e);

#endif
