/* See state.h. */
#include "runtime/parent/state.h"

#include "runtime/file.h"
#include "runtime/hooks.h"
#include "runtime/log.h"
#include "runtime/parent/cgroup.h"
#include "runtime/parent/container.h"
#include "runtime/process.h"
#include "spec/extensions.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define RECORD "state.json"
#define CONFIG "config.json"
#define ID_MAX 255 /* the state directory's name is the id */

static const char *const status_words[] = {
	[STATUS_CREATING] = "creating", [STATUS_CREATED] = "created", [STATUS_RUNNING] = "running",
	[STATUS_PAUSED] = "paused",     [STATUS_STOPPED] = "stopped",
};

const char *status_word(enum status_code s)
{
	return status_words[s];
}

int container_id_check(const char *id, struct error *e)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789_+.-";
	size_t n = strlen(id);

	if (!n)
		return error_set(e, 0, "invalid container ID format: it is empty");
	const char wrong = id[strspn(id, allowed)];
	if (wrong || !strcmp(id, ".") || !strcmp(id, "..")) {
		if (wrong > ' ' && wrong <= '~') /* (the second half in crun's words) */
			error_set(e, 0,
				  "invalid container ID format: \"%.300s\": invalid character `%c` "
				  "in the ID",
				  id, wrong);
		else
			error_set(e, 0, "invalid container ID format: \"%.300s\"", id);
		return error_hint(e, "ids are made of A-Z a-z 0-9 _ + . -");
	}
	if (n > ID_MAX)
		return error_set(e, 0, "invalid container ID format: %zu characters, at most %d", n,
				 ID_MAX);
	return 0;
}

int state_no_cgroup(struct error *e)
{
	error_set(e, 0, "the container has no cgroup of its own, which would know");
	return error_hint(e, "`ocirun state` has the pid of its first process");
}

static void begin(struct state *s, const char *id, struct arena *a)
{
	*s = STATE_NONE;
	s->id = id;
	s->arena = a;
}

void state_close(struct state *s)
{
	fd_close(&s->channel);
	fd_close(&s->directory);
	fd_close(&s->root);
	fd_close(&s->network);
}

static int no_such_container(struct error *e)
{
	return error_set(e, 0, "container does not exist");
}

/* Open the root directory; with `make`, make it first. */
static int open_root(struct state *s, const char *root, bool make, struct error *e)
{
	s->root = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->root < 0 && errno == ENOENT && make) {
		/* Sticky: or $XDG_RUNTIME_DIR may lose to a clean-up what is not touched for long. */
		if (make_directories(root, 01700) < 0) {
			error_set(e, errno, "make the state directory %s", root);
			return error_hint(e, "--root names another");
		}
		s->root = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (s->root < 0 && errno == ENOENT)
		return no_such_container(e);
	if (s->root < 0)
		return error_set(e, errno, "open the state directory %s", root);
	return 0;
}

static int open_directory(struct state *s, int root)
{
	fd_close(&s->directory);
	s->directory = openat(root, s->id, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return s->directory < 0 ? -1 : 0;
}

/* The lock of a directory that is still there, within `ms` milliseconds. */
static int take_lock(struct state *s, int ms, struct error *e)
{
	struct stat st;

	for (int waited = 0; flock(s->directory, LOCK_EX | LOCK_NB) < 0; waited += 5) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return error_set(e, errno, "lock the state of %s", s->id);
		if (waited >= ms)
			return error_set(e, EBUSY, "another ocirun works on container %s", s->id);
		usleep(5000);
	}
	if (fstat(s->directory, &st) < 0)
		return error_set(e, errno, "look at the state of %s", s->id);
	if (st.st_nlink == 0)
		return no_such_container(e);
	s->locked = true;
	return 0;
}

int state_claim(struct state *s, const char *root, const char *id, struct arena *a, struct error *e)
{
	begin(s, id, a);
	if (container_id_check(id, e) < 0 || open_root(s, root, true, e) < 0)
		return -1;
	if (mkdirat(s->root, id, 0700) < 0) {
		if (errno != EEXIST)
			return error_set(e, errno, "make the state directory %s/%s", root, id);
		return error_set(e, 0, "container with given ID already exists");
	}
	/* A delete --force may come between the two: then the directory is gone, and so is our
	 * claim. */
	if (open_directory(s, s->root) < 0)
		error_set(e, errno, "claim the state directory %s/%s", root, id);
	else if (take_lock(s, 1000, e) == 0)
		return 0;
	/* Nothing is in it yet. */
	if (e->code != EBUSY)
		unlinkat(s->root, id, AT_REMOVEDIR);
	return -1;
}

static int damaged(struct state *s, struct error *e)
{
	memset(&s->record, 0, sizeof(s->record));
	error_context(e, RECORD " of %s is damaged", s->id);
	return error_hint(e, "`ocirun delete --force %s` clears it", s->id);
}

/*
 * A missing record is a container that is being made, or whose making was cut short. One that can't
 * be read is an error, but the state stays open: `delete --force` must be able to clear it.
 */
static int read_record(struct state *s, struct error *e)
{
	char path[ID_MAX + sizeof("/" RECORD)];
	const bool at_once = s->directory < 0;

	sprintf(path, "%s%s" RECORD, at_once ? s->id : "", at_once ? "/" : "");
	CLEAN_FD fd = openat(at_once ? s->seen_from : s->directory, path,
			     O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char *text;
	size_t length;

	s->recorded = false;
	memset(&s->record, 0, sizeof(s->record));
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || file_read_small(fd, JSON_SIZE_MAX, s->arena, &text, &length) < 0)
		return error_set(e, errno, "read " RECORD " of %s", s->id);
	if (json_read(&record_table, &s->record, text, length, s->arena, NULL, e) < 0 ||
	    cgroup_check_record(&s->record, e) < 0 ||
	    (!s->looking && cgroup_check_roots(&s->record, e) < 0))
		return damaged(s, e);
	s->recorded = true;
	return 0;
}

int state_check_cgroups(struct state *s, struct error *e)
{
	return cgroup_check_apart(s->arena, &s->record, e) < 0 ? damaged(s, e) : 0;
}

/* Does another live process hold the lock? 1 or 0, -1 with errno. Asked through a description of
 * our own: one that we hold would be let go. */
static int is_locked(const struct state *s)
{
	if (s->locked)
		return 0;
	CLEAN_FD fd = openat(s->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	if (flock(fd, LOCK_SH | LOCK_NB) == 0)
		return 0;
	return errno == EWOULDBLOCK ? 1 : -1;
}

/*
 * No record, but a writer: a create before its first word or a delete after its last, moments both.
 * Look again until it is clear which.
 */
static int read_again(struct state *s, struct error *e)
{
	struct stat st;

	for (int waited = 0; !s->recorded && is_locked(s) > 0 && waited < 100; waited += 5) {
		usleep(5000);
		if (read_record(s, e) < 0)
			return -1;
	}
	if (fstat(s->directory, &st) < 0)
		return error_set(e, errno, "look at the state of %s", s->id);
	return st.st_nlink == 0 ? no_such_container(e) : 0;
}

/* The container's directory below the open directory of all state, and its record. */
static int open_record(struct state *s, int root, struct error *e)
{
	if (open_directory(s, root) < 0)
		return errno == ENOENT ? no_such_container(e)
				       : error_set(e, errno, "open the state of %s", s->id);
	if (read_record(s, e) < 0)
		return -1;
	return s->recorded ? 0 : read_again(s, e);
}

int state_open(struct state *s, const char *root, const char *id, struct arena *a, struct error *e)
{
	begin(s, id, a);
	if (container_id_check(id, e) < 0 || open_root(s, root, false, e) < 0)
		return -1;
	return open_record(s, s->root, e);
}

/* The usual one has a record and no socket: then its directory needs not be opened. */
static int look_at_once(struct state *s, int root, struct error *e)
{
	char path[ID_MAX + sizeof("/" STATE_SOCKET)];

	s->seen_from = root;
	if (read_record(s, e) < 0)
		return -1;
	sprintf(path, "%s/" STATE_SOCKET, s->id);
	if (s->recorded && faccessat(root, path, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
		return 0;
	s->seen_from = -1;
	return open_record(s, root, e);
}

int state_look(struct state *s, int root, const char *id, struct arena *a, struct error *e)
{
	begin(s, id, a);
	s->looking = true;
	int result = container_id_check(id, e) < 0 ? -1 : look_at_once(s, root, e);
	s->looking = false;
	return result;
}

int state_lock(struct state *s, int ms, struct error *e)
{
	if (s->directory < 0 && open_directory(s, s->seen_from) < 0)
		return errno == ENOENT ? no_such_container(e)
				       : error_set(e, errno, "open the state of %s", s->id);
	return take_lock(s, ms, e) < 0 ? -1 : read_record(s, e);
}

int state_lock_made(struct state *s, struct error *e)
{
	const int status = state_status(s, e);

	return status < 0 ? -1 : state_lock(s, status == STATUS_CREATING ? 1000 : 10000, e);
}

int state_relock(struct state *s, int ms, struct error *e)
{
	return take_lock(s, ms, e);
}

void state_unlock(struct state *s)
{
	flock(s->directory, LOCK_UN);
	s->locked = false;
}

int state_save(struct state *s, struct error *e)
{
	size_t length;
	char *text = json_print(&record_table, &s->record, 0, s->arena, &length);

	if (file_replace_at(s->directory, RECORD, text, length, 0600, e) < 0)
		return error_context(e, "record the state of %s", s->id);
	s->recorded = true;
	return 0;
}

/* The directory is new and ours: nothing of this name can be there, and nobody reads it before the
 * record is complete. */
int state_config_keep(const struct state *s, const char *text, size_t length, struct error *e)
{
	CLEAN_FD fd = openat(s->directory, CONFIG, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0 || write_all(fd, text, length) < 0)
		return error_set(e, errno, "keep a copy of config.json in the state of %s", s->id);
	return 0;
}

int state_config_read(const struct state *s, char **text, size_t *length, struct error *e)
{
	CLEAN_FD fd = openat(s->directory, CONFIG, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0 || file_read(fd, JSON_SIZE_MAX, s->arena, text, length) < 0)
		return error_set(e, errno, "read the copy of config.json in the state of %s",
				 s->id);
	return 0;
}

/* Everything in the directory is ours: the record, its temporary copies, config.json, the socket;
 * perhaps a directory of sockets. */
static int remove_contents(int directory, int depth)
{
	int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (!d) {
		fd_close(&fd);
		return -1;
	}
	for (struct dirent *entry; (entry = readdir(d));)
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..") &&
		    unlinkat(directory, entry->d_name, 0) < 0 && errno == EISDIR && depth) {
			CLEAN_FD below = openat(directory, entry->d_name,
						O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
			if (below >= 0 && remove_contents(below, depth - 1) == 0)
				unlinkat(directory, entry->d_name, AT_REMOVEDIR);
		}
	closedir(d);
	return 0;
}

int state_remove(struct state *s, struct error *e)
{
	/* The usual names first: reading the directory costs more than removing them. */
	if (!s->no_socket)
		unlinkat(s->directory, STATE_SOCKET, 0);
	unlinkat(s->directory, CONFIG, 0);
	unlinkat(s->directory, RECORD, 0);
	if (unlinkat(s->root, s->id, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	/* Something else in there; or it may work at the second attempt. */
	if (remove_contents(s->directory, 1) < 0 || unlinkat(s->root, s->id, AT_REMOVEDIR) < 0)
		return error_set(e, errno, "remove the state directory of %s", s->id);
	return 0;
}

/* A socket's path may have 107 characters, a state directory's more: go by the descriptor. */
static void socket_address(const struct state *s, struct sockaddr_un *address)
{
	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(address->sun_path, sizeof(address->sun_path), "/proc/self/fd/%d/" STATE_SOCKET,
		 s->directory);
}

int state_listen(const struct state *s)
{
	CLEAN_FD fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct sockaddr_un address;

	socket_address(s, &address);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(fd, SOMAXCONN) < 0)
		return -1;
	return fd_take(&fd);
}

int state_connect(const struct state *s, bool wait)
{
	CLEAN_FD fd =
		socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | (wait ? 0 : SOCK_NONBLOCK), 0);
	struct sockaddr_un address;

	socket_address(s, &address);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -1;
	return fd_take(&fd);
}

/* What is being made, or was not finished. */
static int is_creating(const struct state *s)
{
	if (!s->recorded)
		return is_locked(s);
	const int alive = process_alive(&s->record.creator);
	return alive ? alive : process_alive(&s->record.init);
}

static int unknown(const struct state *s, struct error *e)
{
	return error_set(e, errno, "find out the status of %s", s->id);
}

int state_status(const struct state *s, struct error *e)
{
	const struct record *r = &s->record;

	if (!s->recorded || !r->complete) {
		const int creating = is_creating(s);
		if (creating < 0)
			return unknown(s, e);
		return creating ? STATUS_CREATING : STATUS_STOPPED;
	}
	const int alive = process_alive(&r->init), frozen = alive > 0 ? cgroup_frozen(r) : 0;
	if (alive < 0 || frozen < 0)
		return unknown(s, e);
	if (!alive || frozen)
		return alive ? STATUS_PAUSED : STATUS_STOPPED;
	/* Seen to have none. */
	if (s->directory < 0)
		return STATUS_RUNNING;
	/* Cheaper than a socket; usually it has gone. */
	if (faccessat(s->directory, STATE_SOCKET, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? STATUS_RUNNING : unknown(s, e);
	/* EAGAIN: its queue is full of others who look. */
	CLEAN_FD fd = state_connect(s, false);
	if (fd >= 0 || errno == EAGAIN)
		return STATUS_CREATED;
	return errno == ECONNREFUSED || errno == ENOENT ? STATUS_RUNNING : unknown(s, e);
}

/* The owner is recorded as a number; names are for people. Static glibc has no getpwuid. */
static char *owner_name(const struct state *s)
{
	const char *owner = s->record.owner ? s->record.owner : "";

	if (!strcmp(owner, "0"))
		return "root";
	FILE *file = fopen("/etc/passwd", "re");
	char *name = NULL;
	for (struct passwd *p; file && !name && (p = fgetpwent(file));)
		if (p->pw_uid == strtoul(owner, NULL, 10))
			name = arena_strdup(s->arena, p->pw_name);
	if (file)
		fclose(file);
	return name ? name : arena_strdup(s->arena, owner);
}

void state_document(const struct state *s, enum status_code status, struct status *out)
{
	const struct record *r = &s->record;

	*out = (struct status){
		.oci_version = r->oci_version ? r->oci_version : SPEC_VERSION,
		.id = (char *)s->id,
		.pid = status == STATUS_STOPPED ? 0 : r->init.pid,
		.status = (char *)status_word(status),
		.bundle = r->bundle ? r->bundle : "",
		.rootfs = r->rootfs,
		.created = r->created,
		.annotations = r->annotations,
		.owner = owner_name(s),
	};
}

static void warn(const struct error *e)
{
	char line[4096];

	container_warn(error_print(e, line, sizeof(line)));
}

int state_hook_output(const struct state *s, const char *annotation, struct error *e)
{
	const char *file = annotation_asked(&s->record.annotations, annotation);

	if (!file)
		return -1;
	/* Not to wait for who would read a FIFO. */
	int fd =
		open(file, O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0644);
	if (fd < 0 || fcntl(fd, F_SETFL, O_APPEND) < 0)
		error_call(e, "open", "open %s for the annotation %s", file, annotation);
	return fd;
}

int state_hooks(const struct state *s, const char *kind, enum status_code status,
		const spec_hook_list *hooks, struct error *e)
{
	struct hook_run run = {
		.kind = kind, .hooks = hooks, .directory = s->record.bundle, .adopt = true
	};
	struct status document;
	struct error why = ERROR_NONE;
	const int opened[2] = { state_hook_output(s, ANNOTATION_HOOKS_STDOUT, &why),
				state_hook_output(s, ANNOTATION_HOOKS_STDERR, &why) };
	CLEAN_FD out = opened[0];
	CLEAN_FD err = opened[1];
	run.outputs = opened;
	if (why.text[0] && hooks != &s->record.poststop) {
		*e = why;
		return error_in(e, "hooks.%s", kind);
	}
	/* These tidy up, and nobody runs them again. */
	if (why.text[0])
		warn(&why);
	state_document(s, status, &document);
	/* runtime.md, "Lifecycle", 13: poststop hooks that fail are warned about, and the rest goes
	 * on. */
	if (hooks == &s->record.poststop)
		run.failed = warn;
	run.state = json_print(&status_table, &document, 0, s->arena, &run.state_size);
	return hooks_run(&run, e);
}
