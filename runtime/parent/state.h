/*
 * The state directory ROOT/ID: who owns an id, what is recorded of it, and what it is doing. Holds
 * state.json (the record, replaced atomically, readable at any moment without a lock), a copy of
 * the bundle's config.json, and the socket `start` on which a created container waits.
 *
 * Writers of one id (create, start, delete) exclude each other by a flock on the directory; readers
 * never wait. The status is computed: nothing on disk says "running", so a crash can't leave a lie.
 */
#ifndef OCIRUN_STATE_H
#define OCIRUN_STATE_H

#include "spec/arena.h"
#include "spec/error.h"
#include "spec/status.h"

#include <stdbool.h>

#define STATE_SOCKET "start" /* in the state directory */

struct state {
	const char *id;
	int root;      /* the directory of all state */
	int directory; /* ROOT/ID; its flock is held by writers */
	struct arena *arena;
	struct record record;
	int network; /* the network namespace that borrowed devices are in; -1: none, or unknown */
	int channel; /* run: to init, which waits there for start, not at a socket; else -1 */
	bool no_socket; /* so it is made */
	bool locked;    /* we are the one writer */
	bool recorded;  /* state.json was there and could be read */
	bool looking;   /* nothing is done to what it names (state_look) */
	int seen_from;  /* state_look: the caller's root directory, where ours was not opened; -1 */
};

enum status_code { STATUS_CREATING, STATUS_CREATED, STATUS_RUNNING, STATUS_PAUSED, STATUS_STOPPED };
const char *status_word(enum status_code s);

#define CLEAN_STATE __attribute__((cleanup(state_close))) struct state
#define STATE_NONE       \
	((struct state){ \
		.root = -1, .directory = -1, .network = -1, .channel = -1, .seen_from = -1 })

/* Claim an id for a new container: exactly one of several callers wins. The directory exists and is
 * locked; there is no record yet. */
MUST_CHECK int state_claim(struct state *s, const char *root, const char *id, struct arena *a,
			   struct error *e);

/* Look at a container. "container does not exist" when there is none. */
MUST_CHECK int state_open(struct state *s, const char *root, const char *id, struct arena *a,
			  struct error *e);

/* The same below a directory of all state that is open, for who looks at many; state_lock before
 * one is changed, as only then it is certain that the cgroups are no roots. */
MUST_CHECK int state_look(struct state *s, int root, const char *id, struct arena *a,
			  struct error *e);

/*
 * Take the writer's lock, waiting at most `ms` milliseconds, then read the record anew (it may have
 * changed, or the container be gone).
 */
MUST_CHECK int state_lock(struct state *s, int ms, struct error *e);

/* As who changes a container that is there: not for long when it is still being made, by a create
 * that hangs, or whose hook calls us. */
MUST_CHECK int state_lock_made(struct state *s, struct error *e);

/* The same without reading, for who has the record already (run). */
MUST_CHECK int state_relock(struct state *s, int ms, struct error *e);
void state_unlock(struct state *s);

/*
 * For who is about to do something to all that is in the recorded cgroups: a record that names one
 * that ocirun itself is in is damaged, and emptied as one that can't be read.
 */
MUST_CHECK int state_check_cgroups(struct state *s, struct error *e);

/* Write the record. */
MUST_CHECK int state_save(struct state *s, struct error *e);

/*
 * Keep the config.json that the container is made from: what later commands do to it follows from
 * this copy, whatever has become of the bundle. Once, before the record is complete.
 */
MUST_CHECK int state_config_keep(const struct state *s, const char *text, size_t length,
				 struct error *e);

/* Read the copy, as large as a document may be; the caller parses it. From the state's arena. */
MUST_CHECK int state_config_read(const struct state *s, char **text, size_t *length,
				 struct error *e);

/* Remove the directory with all in it; the caller holds the lock. */
MUST_CHECK int state_remove(struct state *s, struct error *e);

void state_close(struct state *s);

/* The error of what can't be said of a container without a cgroup: who is in it, what it uses. */
int state_no_cgroup(struct error *e);

/* An enum status_code, or -1 when it can't be found out: what is not known is not said. */
MUST_CHECK int state_status(const struct state *s, struct error *e);

/*
 * Connect to a created container's socket: a descriptor, or -1 with errno (ECONNREFUSED, ENOENT:
 * nobody waits there; EAGAIN, only without `wait`: its queue is full of others who look).
 */
int state_connect(const struct state *s, bool wait);

/* Make that socket, listening: a descriptor for the child, or -1 with errno. */
int state_listen(const struct state *s);

/* The file of the annotation run.oci.hooks.stdout or .stderr, to append to. -1 without one, and
 * with e when it can't be opened. */
int state_hook_output(const struct state *s, const char *annotation, struct error *e);

/* Run hooks of the runtime's side (cwd: the bundle) with the state on stdin. */
MUST_CHECK int state_hooks(const struct state *s, const char *kind, enum status_code status,
			   const spec_hook_list *hooks, struct error *e);

/* The document that `state` and hooks see. Strings from the arena or the record. */
void state_document(const struct state *s, enum status_code status, struct status *out);

#endif
