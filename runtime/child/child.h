/*
 * The inside of a container: the hidden command `init`, which the parent re-execs in the new
 * namespaces. It follows the plan, step by step (init.c has the table), and becomes the container's
 * process. Nothing here includes anything of runtime/parent.
 */
#ifndef OCIRUN_CHILD_H
#define OCIRUN_CHILD_H

#include "runtime/channel.h"
#include "runtime/plan.h"
#include "spec/error.h"

/* `plan_fd` is the text of a descriptor number. Becomes the container's process or reports its
 * error to the parent; never returns. */
_Noreturn void child_main(const char *plan_fd);

struct sock_filter;

/* What the steps share. Descriptors are -1 when there is none. */
struct child {
	const struct plan *plan;
	int channel;
	int start_socket;
	int rootfs;     /* the container's root, the one trusted descriptor of it */
	int host;       /* the host's mount namespace, while we are not in it (mounts_apart) */
	int dev;        /* /dev in it */
	int null;       /* the host's /dev/null, verified */
	int console;    /* the container's end of its terminal */
	int outputs[2]; /* for what startContainer hooks write, where annotations name files */
	int proc;       /* the procfs and the sysfs that mounts has put at /proc and /sys */
	int sys;
	int dev_mount;         /* the filesystem that mounts has put at /dev */
	int *late;             /* per mount: its descriptor, to become read-only last; -1 */
	int *mounted;          /* per mount that a later one remounts: its descriptor */
	int cwd;               /* process.cwd */
	struct spec_user user; /* process.user, with names looked up */
	struct strings env;
	char *executable;           /* args[0], looked up */
	struct sock_filter *filter; /* linux.seccomp, compiled */
	size_t filter_length;       /* in instructions; 0: it has not come yet */
	bool filter_loaded;
	struct { /* the program's, where CAP_SYS_ADMIN is kept until the filter is loaded */
		bool kept;
		uint64_t effective, permitted, inheritable;
	} capabilities;
	struct arena arena;
};

/*
 * Ask the parent for what is of another user namespace. MESSAGE_OPEN: to open the rootfs (value -1)
 * or the source of mounts[value], below directories that only the host's ids may enter; or to map
 * the ids of a mount: `fd` (-1: of a clone of its source). MESSAGE_DEVICE: to make devices[value]
 * of the plan. A descriptor of what was asked for; -1 with e.
 */
MUST_CHECK int child_ask(struct child *c, enum message_type type, int32_t value, int fd,
			 struct error *e);

/* channel_receive and channel_expect for a channel to the parent, whose filter may come at any
 * moment: it is kept. */
MUST_CHECK int child_receive(struct child *c, struct message *m, int *fd, struct error *e);
MUST_CHECK int child_expect(struct child *c, enum message_type type, struct message *m,
			    struct error *e);

#endif
