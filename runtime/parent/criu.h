/*
 * CRIU, the program that saves processes to files and revives them: `criu swrk` serves one caller
 * over a socket pair, in protocol buffers (criu's rpc.proto). It is a process of its own because
 * what it does is its own business; here are only the words. checkpoint.c and restore.c say what
 * they want with them.
 */
#ifndef OCIRUN_CRIU_H
#define OCIRUN_CRIU_H

#include "runtime/parent/container.h"
#include "runtime/parent/criu_images.h"
#include "runtime/parent/protobuf.h"
#include "spec/arena.h"

#include <sys/types.h>

/* message criu_req, `type` */
enum criu_type {
	CRIU_DUMP = 1,
	CRIU_RESTORE = 2,
	CRIU_PRE_DUMP = 4,
	CRIU_NOTIFY = 6,
	CRIU_FEATURE_CHECK = 9,
	CRIU_VERSION = 10,
};

/* message criu_opts: the fields that we set ourselves; those of switches are in criu.c. */
enum criu_field {
	CRIU_IMAGES_DIR_FD = 1,
	CRIU_PID = 2,
	CRIU_LEAVE_RUNNING = 3,
	CRIU_EVASIVE_DEVICES = 6,
	CRIU_ROOT = 13,
	CRIU_PARENT_IMG = 14,
	CRIU_TRACK_MEM = 15,
	CRIU_CG_ROOT = 25,
	CRIU_RST_SIBLING = 26,
	CRIU_INHERIT_FD = 27,
	CRIU_EXTERNAL = 37,
	CRIU_JOIN_NS = 39,
	CRIU_FREEZE_CGROUP = 44,
};

/* Fails without root's privilege on the host, which criu needs for all that it does. */
MUST_CHECK int criu_privilege(struct error *e);

struct criu {
	pid_t pid;
	int pidfd;
	int socket;
	int signals; /* that would end us */
	const struct criu_options *options;
};
#define CLEAN_CRIU __attribute__((cleanup(criu_end))) struct criu
#define CRIU_NONE(o) ((struct criu){ .pidfd = -1, .socket = -1, .signals = -1, .options = (o) })

/*
 * Start criu and ask its version; one that is missing or too old is an error that says what to do.
 * With `root` it gets a mount namespace of its own, in which that directory is bound over `place`:
 * criu wants the new root as a mount, and nobody else is to see it. The n descriptors of `fds` are
 * handed on under their numbers. From here on SIGTERM, SIGINT and SIGHUP end the conversation, and
 * criu, instead of us: what it has begun is undone by who called.
 */
MUST_CHECK int criu_begin(struct criu *c, const char *root, const char *place, const int *fds,
			  size_t n, struct error *e);
void criu_end(struct criu *c);

/* Is what these options need there? */
MUST_CHECK int criu_features(struct criu *c, const struct criu_options *o, struct error *e);

/* What criu says while it works. A descriptor that comes along is in *fd, to be taken. */
struct criu_notice {
	char script[64]; /* "setup-namespaces" */
	pid_t pid;       /* of the first process, as far as it is said; else 0 */
	int fd;
};
typedef int criu_listener(void *data, struct criu_notice *n, struct error *e);

/* Add what both commands say: directories, log, switches, modes, a file of more options. */
void criu_put_options(struct protobuf *p, const struct criu_options *o, const struct criu_images *i,
		      const struct pairs *annotations, struct arena *a);

/* "external": a thing outside, `what[which]`, under a name that restore knows it by. */
void criu_put_external(struct protobuf *p, struct arena *a, const char *what, const char *which,
		       const char *name);

/* A buffer for a message, from the arena. */
struct protobuf criu_message(struct arena *a);

/*
 * Have it done. *pid, when not NULL, is that of the first restored process. When the listener fails
 * its error counts; otherwise a failure is told in criu's own words, with the path of its log.
 */
MUST_CHECK int criu_request(struct criu *c, enum criu_type type, const struct protobuf *options,
			    const struct criu_images *i, criu_listener *listener, void *data,
			    pid_t *pid, struct arena *a, struct error *e);

#endif
