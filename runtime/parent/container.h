/*
 * The life of a container, as cmd/ calls it: create, start, run, pause, resume, kill, delete,
 * state, list, gc (runtime.md, "Lifecycle" and "Operations"). Each function is one whole operation:
 * on failure nothing it made is left behind, and the error says what, where and why.
 */
#ifndef OCIRUN_CONTAINER_H
#define OCIRUN_CONTAINER_H

#include "spec/arena.h"
#include "spec/error.h"
#include "spec/events.h"
#include "spec/garbage.h"
#include "spec/spec.h"
#include "spec/status.h"

#include <stdbool.h>

enum cgroup_manager { CGROUP_CGROUPFS, CGROUP_SYSTEMD, CGROUP_DISABLED };

struct create_options {
	const char *root; /* the directory of all state: see state_root_default */
	const char *id;
	const char *bundle; /* may be relative; "." when NULL */
	const char *config; /* another file than BUNDLE/config.json; NULL: that */
	const char *pid_file;
	const char *console_socket;
	const char *pidfd_socket;
	bool no_pivot;
	bool no_mount_fallback;
	bool no_new_keyring;
	bool detach; /* run only: return once started */
	bool keep;   /* run only: do not delete the container when it ends */
	bool no_subreaper;
	unsigned preserve_fds;     /* fds 3 … 3 + n - 1 are handed to the process */
	unsigned listen_fds;       /* the first of them are sockets: it is told by LISTEN_FDS */
	const char *notify_socket; /* of the caller, who waits there for READY=1; NULL: nobody */
	enum cgroup_manager cgroup_manager;
};

enum criu_cgroups {
	CRIU_CGROUPS_SOFT,
	CRIU_CGROUPS_FULL,
	CRIU_CGROUPS_STRICT,
	CRIU_CGROUPS_IGNORE
};

/* What checkpoint and restore tell criu; criu(8) explains the words. */
struct criu_options {
	const char *image_path;  /* of the images; NULL: "checkpoint" */
	const char *work_path;   /* of its log; NULL: image_path */
	const char *parent_path; /* the images before, seen from image_path */
	const char *page_server; /* ADDRESS:PORT */
	const char *lsm_profile; /* TYPE:LABEL of the restored processes */
	const char *lsm_mount_context;
	unsigned cgroups_mode; /* enum criu_cgroups */
	unsigned network_lock; /* iptables, nftables, skip */
	unsigned timeout;      /* seconds that it may say nothing; 0: for ever */
	unsigned status_fd;    /* gets a byte when lazy pages can be fetched; 0: none */
	bool leave_running;
	bool pre_dump; /* only what memory holds now, to have less to do later */
	bool tcp_established;
	bool tcp_skip_in_flight;
	bool tcp_close;
	bool link_remap;
	bool ext_unix_sk;
	bool shell_job;
	bool lazy_pages;
	bool file_locks;
	bool auto_dedup;
};

/*
 * Warnings of what follows go to this function, one line each without newline (unknown
 * capabilities, poststop hooks that failed). Set once by cmd/; the default drops them.
 */
extern void (*container_warn)(const char *line);
/* The same for what is no problem, but the answer when somebody looks for one. */
extern void (*container_note)(const char *line);

/* The default of --root: /run/ocirun, or $XDG_RUNTIME_DIR/ocirun outside the initial user namespace
 * or for plain users, who may do without the variable where /run/user/UID is theirs. From the
 * arena. */
MUST_CHECK int state_root_default(struct arena *a, char **root, struct error *e);

MUST_CHECK int container_create(const struct create_options *o, struct error *e);
/* With `notify_socket`, and a container that was created with one, return when its program is
 * ready. */
MUST_CHECK int container_start(const char *root, const char *id, const char *notify_socket,
			       struct error *e);

/*
 * create + start + wait + delete. *exit_code is the payload's, or 128 + signal; 0 with o->detach.
 * With a terminal and no detach the caller's terminal is the container's until it ends.
 */
MUST_CHECK int container_run(const struct create_options *o, int *exit_code, struct error *e);

/* Freeze a created or running container: all of its processes stand still on return. Thaw it. */
MUST_CHECK int container_pause(const char *root, const char *id, struct error *e);
MUST_CHECK int container_resume(const char *root, const char *id, struct error *e);

/*
 * Change the limits of a created, running or paused container: what is absent from *resources
 * stays. On failure everything is as it was; who is killed on the way leaves each file with its old
 * value or the new one.
 */
struct update_options {
	const char *root;
	const char *id;
	const struct spec_resources *resources;
	const char *l3_cache_schema; /* of its class in resctrl; NULL: as it is */
	const char *mem_bw_schema;
};
MUST_CHECK int container_update(const struct update_options *o, struct error *e);

/* Texts of the command line, as they are. */
struct words_given {
	size_t n;
	const char **v;
};

struct exec_options {
	const char *root;
	const char *id;
	const char *process; /* a process.json; NULL: the process of config.json with `args` */
	char **args;         /* NULL-terminated; none: those of `process` */
	/* What of it is to be otherwise: NULL, empty or false stays. */
	const char *cwd;
	const char *user; /* USER[:GROUP], numbers or names in the container */
	const char *apparmor;
	const char *process_label;
	struct words_given env; /* in addition, and so are: */
	struct words_given cap; /* bounding, effective, permitted; ambient where it can be */
	struct words_given additional_gids;
	struct words_given cgroup; /* [CONTROLLER,…:]PATH below the container's */
	bool tty;
	bool no_new_privs;

	const char *pid_file;
	const char *console_socket;
	const char *pidfd_socket;
	bool detach;
	bool ignore_paused;
	unsigned preserve_fds;
	unsigned listen_fds;
};

/*
 * Run a program in a container that is created or running. *exit_code is its, or 128 + signal; 0
 * with o->detach. With a terminal and no detach ours is the program's until it ends.
 */
MUST_CHECK int container_exec(const struct exec_options *o, int *exit_code, struct error *e);

/* Send a signal to init, or with `all` to every process of the container. */
MUST_CHECK int container_kill(const char *root, const char *id, int signal, bool all,
			      struct error *e);

/* With `force`, a container in any condition, even half-made, is killed and removed, and a missing
 * one is no error. */
MUST_CHECK int container_delete(const char *root, const char *id, bool force, struct error *e);

/* Save a running or paused container into a folder, by criu; unless it is to stay, it is deleted
 * then, poststop hooks included. */
MUST_CHECK int container_checkpoint(const char *root, const char *id, const struct criu_options *o,
				    struct error *e);

/* Make a container from a bundle and such a folder: it runs when this returns, with o->detach, or
 * has run to its end as with container_run. */
MUST_CHECK int container_restore(const struct create_options *o, const struct criu_options *criu,
				 int *exit_code, struct error *e);

/* Never waits for a writer. Strings from the arena. */
MUST_CHECK int container_status(const char *root, const char *id, struct arena *a,
				struct status *out, struct error *e);

/* All containers under root, sorted by id. One that vanishes meanwhile is left out; one whose
 * record can't be read has the status "unknown", and is warned about. Without `oom` nobody looks
 * whether one has run out of memory, and no oomCgroup is there. */
struct status_list {
	size_t n;
	struct status *v;
};
MUST_CHECK int container_list(const char *root, bool oom, struct arena *a, struct status_list *out,
			      struct error *e);

/* Only their ids: they are not looked at. */
MUST_CHECK int container_ids(const char *root, struct arena *a, struct strings *out,
			     struct error *e);

/*
 * What killed processes have left below root that no container is made of and no living process
 * holds; with `remove` it is removed. One that can't be is no failure of the whole: its error is in
 * the list. What is damaged but may be in use is warned about and stays.
 */
struct garbage_list {
	size_t n;
	struct garbage *v;
};
MUST_CHECK int container_collect(const char *root, bool remove, struct arena *a,
				 struct garbage_list *out, struct error *e);

/* All processes in the container's cgroups and below, in ascending order; none of a stopped one. */
struct pids {
	size_t n;
	int32_t *v;
};
MUST_CHECK int container_processes(const char *root, const char *id, struct arena *a,
				   struct pids *out, struct error *e);

/*
 * Hand statistics and out-of-memory events to the sink: once, or every interval and as they happen,
 * until the container ends or the sink fails. *e is then the sink's.
 */
struct events_options {
	const char *root;
	const char *id;
	int64_t interval_ms; /* 0: once */
	int reader;          /* a descriptor; what it writes to being closed ends it too */
	int (*sink)(const struct event *event, struct arena *a, struct error *e);
};
MUST_CHECK int container_events(const struct events_options *o, struct error *e);

/* Read, validate and resolve a bundle without doing anything: `ocirun plan BUNDLE`. *text is JSON,
 * from the arena. */
MUST_CHECK int container_plan(const struct create_options *o, struct arena *a, char **text,
			      struct error *e);

/* Id rule: [A-Za-z0-9_+.-], at least one character, at most 255 bytes, not "." or "..". */
MUST_CHECK int container_id_check(const char *id, struct error *e);

#endif
