/*
 * What a sweep works in: one bundle, one root directory, one container id; the calls of ocirun that
 * are not traced; and what is to be seen of the host from outside. The sweeping process is a
 * subreaper: every process that a command leaves behind becomes its child.
 */
#ifndef TESTS_CRASH_WORLD_H
#define TESTS_CRASH_WORLD_H

#include "tests/crash/trace.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define TEXT_MAX 65536

struct world {
	const char *program;
	const char *directory; /* all below belongs to the sweep */
	const char *options;   /* of create and run, besides the usual ones */
	const char *foreign;   /* the name of a cgroup that is there before and after; NULL */
	uid_t user;            /* who calls the program; 0: root */
	char id[64];
	int sockets;         /* listens for terminals; -1 */
	int terminal;        /* the container's; -1 */
	const char *reports; /* the file that the last program writes to */
	size_t mounts;
	size_t files; /* in the bundle's directory */
};

enum status { NO_CONTAINER, CREATING, CREATED, RUNNING, PAUSED, STOPPED, UNKNOWN };

/* The last command's stderr. */
extern char said[TEXT_MAX];

void world_begin(struct world *w);

/* `line` parted at spaces, with @B (the bundle), @E (one whose program ends), @T (the directory),
 * @O (the options) and @C (the id); into *c, which stays valid until the next call. */
void world_command(struct world *w, const char *line, struct command *c);
void world_close(struct command *c);

/* Run a command; its exit status, 128 + a signal, -1 for a hang. */
int world_run(struct world *w, const char *line);
int world_exit_code(int status);
void world_read_said(struct world *w);

/* What `ocirun state` says; UNKNOWN with `said` when it fails. */
enum status world_state(struct world *w, pid_t *pid);
const char *world_word(enum status s);

/* NULL, or in what way the document does not hold. */
const char *world_untrue(struct world *w, enum status s, pid_t pid);

/* NULL, or what is there of the container. `pids`: how many processes may live. */
const char *world_left(struct world *w);
size_t world_children(void);

/* So that what one point has left is not taken for another's. */
void world_remove_cgroups(struct world *w);

/* The container's report, until its last line; false when it does not come. */
bool world_report(struct world *w, char *text, size_t size);

/* The limits of the container's cgroups, a line for each. */
void world_limits(struct world *w, char *text, size_t size);
bool world_frozen(struct world *w);

/* Files of a command before are gone. */
void world_clear(struct world *w);

int64_t world_now_ms(void);
void world_nap(void);

#endif
