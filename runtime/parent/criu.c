/* See criu.h. The numbers of fields are those of criu's rpc.proto. */
#include "runtime/parent/criu.h"

#include "runtime/file.h"
#include "runtime/log.h"
#include "runtime/parent/namespaces.h"
#include "runtime/process.h"
#include "runtime/socket.h"
#include "runtime/sys.h"
#include "runtime/timing.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Of the options we send, those of 3.17 are the youngest; an older criu would not even say that it
 * does not know them. */
#define VERSION_MIN 31700
#define ANSWER_S 60 /* to a question that takes no work */
#define USUAL_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

enum request_field {
	REQUEST_TYPE = 1,
	REQUEST_OPTIONS,
	REQUEST_NOTIFIED,
	REQUEST_KEEP_OPEN,
	REQUEST_FEATURES
};
enum reply_field {
	REPLY_TYPE = 1,
	REPLY_SUCCESS,
	REPLY_RESTORE = 4,
	REPLY_NOTICE = 5,
	REPLY_ERRNO = 7,
	REPLY_FEATURES = 8,
	REPLY_MESSAGE = 9,
	REPLY_VERSION = 10
};
enum notice_field { NOTICE_SCRIPT = 1, NOTICE_PID };
enum feature_field { FEATURE_MEMORY_TRACKING = 1, FEATURE_LAZY_PAGES };

int criu_privilege(struct error *e)
{
	const int initial = namespaces_initial_user(e);

	if (initial < 0)
		return -1;
	if (getauxval(AT_EUID) == 0 && initial)
		return 0;
	return error_set(e, EPERM, "criu saves and restores containers of root only, run by root");
}

/* --- the process ------------------------------------------------------------------------------ */

/* What is handed to the copy that becomes criu. */
struct launch {
	const char *path;
	const char *root, *place;
	const int *fds;
	size_t n;
	int socket, report;
	pid_t parent;
};

static int bind_root(const struct launch *l)
{
	return sys_unshare(CLONE_NEWNS) < 0 ||
			       mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0 ||
			       mount(l->root, l->place, NULL, MS_BIND | MS_REC, NULL) < 0
		       ? -1
		       : 0;
}

static _Noreturn void become_criu(const struct launch *l)
{
	char number[16];
	char *const argv[] = { "criu", "swrk", number, NULL };
	sigset_t none;

	/* Nobody would hear what becomes of the processes it makes. */
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != l->parent)
		_exit(1);
	for (int s = 1; s < NSIG; s++)
		signal(s, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	snprintf(number, sizeof(number), "%d", l->socket);
	sys_close_range(STDERR_FILENO + 1, ~0U, 4 /* CLOSE_RANGE_CLOEXEC */);
	fcntl(l->socket, F_SETFD, 0);
	for (size_t i = 0; i < l->n; i++)
		fcntl(l->fds[i], F_SETFD, 0);
	if (!l->root || bind_root(l) == 0)
		execv(l->path, argv);
	const int failed = errno;
	(void)!write(l->report, &failed, sizeof(failed));
	_exit(127);
}

/* In $PATH, as runc and crun find it. Callers may have none. */
static bool find(char *path, size_t size)
{
	const char *list = getenv("PATH");

	if (!list || !*list)
		list = USUAL_PATH;
	for (const char *at = list; *at; at += at[strcspn(at, ":")] ? 1 : 0) {
		size_t n = strcspn(at, ":");
		snprintf(path, size, "%.*s/criu", (int)n, at);
		if (*at == '/' && access(path, X_OK) == 0)
			return true;
		at += n;
	}
	return false;
}

/* They stay blocked: the caller's clean-up is not to be cut short either. */
static int hold_signals(struct criu *c, struct error *e)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	c->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return c->signals < 0 ? error_set(e, errno, "wait for signals") : 0;
}

static int launch(struct criu *c, struct launch *l, struct error *e)
{
	int ends[2], pair[2], failed;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_call(e, "pipe2", "run criu");
	CLEAN_FD report = ends[0];
	CLEAN_FD reporting = ends[1];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return error_call(e, "socketpair", "run criu");
	c->socket = pair[0];
	CLEAN_FD theirs = pair[1];
	l->socket = theirs;
	l->report = reporting;
	l->parent = getpid();
	if (hold_signals(c, e) < 0)
		return -1;
	c->pid = fork();
	if (c->pid == 0)
		become_criu(l);
	if (c->pid < 0)
		return error_set(e, errno, "run criu");
	c->pidfd = sys_pidfd_open(c->pid);
	if (c->pidfd < 0)
		return error_call(e, "pidfd_open", "run criu");
	fd_close(&reporting);
	ssize_t n;
	do
		n = read(report, &failed, sizeof(failed));
	while (n < 0 && errno == EINTR);
	return n == sizeof(failed) ? error_set(e, failed, "run %s", l->path) : 0;
}

void criu_end(struct criu *c)
{
	/* The end of the conversation is criu's end; of one that hangs, not more than that. */
	fd_close(&c->socket);
	if (c->pid > 0)
		process_reap(c->pid);
	c->pid = 0;
	fd_close(&c->pidfd);
	fd_close(&c->signals);
}

/* --- the words -------------------------------------------------------------------------------- */

struct reply {
	unsigned type;
	bool success;
	int code;
	pid_t pid;
	unsigned version; /* 4.2.1: 40201 */
	bool memory_tracking, lazy_pages;
	struct criu_notice notice;
	char message[512];
};

static void read_version(struct protobuf_reader r, unsigned *version)
{
	struct protobuf_field f;

	while (protobuf_next(&r, &f) > 0)
		*version += (unsigned)f.value * (f.number == 1   ? 10000
						 : f.number == 2 ? 100
						 : f.number == 4 ? 1
								 : 0);
}

static void read_notice(struct protobuf_reader r, struct criu_notice *n)
{
	struct protobuf_field f;

	while (protobuf_next(&r, &f) > 0)
		if (f.number == NOTICE_SCRIPT)
			protobuf_copy(&f, n->script, sizeof(n->script));
		else if (f.number == NOTICE_PID)
			n->pid = (pid_t)f.value;
}

static void read_features(struct protobuf_reader r, struct reply *out)
{
	struct protobuf_field f;

	while (protobuf_next(&r, &f) > 0)
		if (f.number == FEATURE_MEMORY_TRACKING)
			out->memory_tracking = f.value;
		else if (f.number == FEATURE_LAZY_PAGES)
			out->lazy_pages = f.value;
}

static void read_restore(struct protobuf_reader r, pid_t *pid)
{
	struct protobuf_field f;

	while (protobuf_next(&r, &f) > 0)
		if (f.number == 1)
			*pid = (pid_t)f.value;
}

static int read_reply(struct protobuf_reader r, struct reply *out)
{
	struct protobuf_field f;
	int more;

	*out = (struct reply){ .notice.fd = -1 };
	while ((more = protobuf_next(&r, &f)) > 0)
		switch (f.number) {
		case REPLY_TYPE: out->type = (unsigned)f.value; break;
		case REPLY_SUCCESS: out->success = f.value; break;
		case REPLY_RESTORE: read_restore(f.bytes, &out->pid); break;
		case REPLY_NOTICE: read_notice(f.bytes, &out->notice); break;
		case REPLY_ERRNO: out->code = (int)f.value; break;
		case REPLY_FEATURES: read_features(f.bytes, out); break;
		case REPLY_MESSAGE: protobuf_copy(&f, out->message, sizeof(out->message)); break;
		case REPLY_VERSION: read_version(f.bytes, &out->version); break;
		default: break;
		}
	return more;
}

static int say(struct criu *c, const struct protobuf *p, struct error *e)
{
	if (p->full)
		return error_set(e, EMSGSIZE, "talk to criu");
	/* One that has ended is heard to have ended. */
	return socket_pass(c->socket, p->bytes, p->n, -1) < 0 && errno != EPIPE
		       ? error_set(e, errno, "talk to criu")
		       : 0;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * (int64_t)1000 + t.tv_nsec / 1000000;
}

static int ended(struct error *e)
{
	return error_set(e, 0, "criu ended without an answer");
}

/* criu may work for long without a word, but not for ever: who waits for it holds the container's
 * lock. */
static int wait_word(struct criu *c, unsigned seconds, struct error *e)
{
	struct pollfd p[] = { { .fd = c->socket, .events = POLLIN },
			      { .fd = c->signals, .events = POLLIN },
			      { .fd = c->pidfd, .events = POLLIN } };
	const int64_t end = now_ms() + (int64_t)seconds * 1000;
	struct signalfd_siginfo info;
	int n;

	do {
		const int64_t left = end - now_ms();
		n = poll(p, 3, !seconds ? -1 : left < 0 ? 0 : left < INT_MAX ? (int)left : INT_MAX);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return error_set(e, errno, "listen to criu");
	if (p[1].revents && read(c->signals, &info, sizeof(info)) == sizeof(info)) {
		error_set(e, 0, "criu was ended, because ocirun got SIG%s",
			  sigabbrev_np((int)info.ssi_signo));
	} else if (p[0].revents) {
		return 0;
	} else if (p[2].revents) {
		/* What it has left behind may hold the other end. */
		return ended(e);
	} else {
		error_set(e, ETIMEDOUT, "criu has said nothing for %u s, and was ended", seconds);
		error_hint(e, "--timeout allows it more");
	}
	sys_pidfd_send_signal(c->pidfd, SIGKILL);
	return -1;
}

static int hear(struct criu *c, unsigned seconds, struct reply *r, struct error *e)
{
	unsigned char bytes[16384];
	CLEAN_FD fd = -1;

	*r = (struct reply){ .notice.fd = -1 };
	if (wait_word(c, seconds, e) < 0)
		return -1;
	ssize_t n = socket_take(c->socket, bytes, sizeof(bytes), &fd);

	if (n < 0)
		return error_set(e, errno, "listen to criu");
	if (n == 0)
		return ended(e);
	if (read_reply((struct protobuf_reader){ bytes, (size_t)n }, r) < 0)
		return error_set(e, errno, "understand criu");
	r->notice.fd = fd_take(&fd);
	return 0;
}

/* A request without options that leaves the conversation open. */
static int ask(struct criu *c, enum criu_type type, const struct protobuf *features,
	       struct reply *r, struct error *e)
{
	unsigned char bytes[64];
	struct protobuf p = { .bytes = bytes, .room = sizeof(bytes) };

	protobuf_number(&p, REQUEST_TYPE, type);
	protobuf_number(&p, REQUEST_KEEP_OPEN, true);
	if (features)
		protobuf_message(&p, REQUEST_FEATURES, features);
	return say(c, &p, e) < 0 || hear(c, ANSWER_S, r, e) < 0 ? -1 : 0;
}

int criu_begin(struct criu *c, const char *root, const char *place, const int *fds, size_t n,
	       struct error *e)
{
	struct launch l = { .root = root, .place = place, .fds = fds, .n = n };
	char path[4096];
	struct reply r;

	if (!find(path, sizeof(path))) {
		error_set(e, 0, "criu, which does this, is not in $PATH");
		return error_hint(e, "install the package criu, 3.17 or newer");
	}
	l.path = path;
	if (launch(c, &l, e) < 0 || ask(c, CRIU_VERSION, NULL, &r, e) < 0)
		return -1;
	trace(TRACE_STEPS, "criu: %s, version %u", path, r.version);
	if (r.version >= VERSION_MIN)
		return 0;
	error_set(e, 0, "%s is version %u.%u", path, r.version / 10000, r.version / 100 % 100);
	return error_hint(e, "install criu 3.17 or newer");
}

int criu_features(struct criu *c, const struct criu_options *o, struct error *e)
{
	const bool tracking = o->pre_dump || o->parent_path;
	unsigned char bytes[16];
	struct protobuf p = { .bytes = bytes, .room = sizeof(bytes) };
	struct reply r;

	if (!tracking && !o->lazy_pages)
		return 0;
	protobuf_number(&p, FEATURE_MEMORY_TRACKING, tracking);
	protobuf_number(&p, FEATURE_LAZY_PAGES, o->lazy_pages);
	if (ask(c, CRIU_FEATURE_CHECK, &p, &r, e) < 0)
		return -1;
	if (tracking && !r.memory_tracking) {
		error_set(e, 0, "this kernel does not tell which pages were written to");
		error_in(e, o->pre_dump ? "--pre-dump" : "--parent-path");
		return error_hint(e, "it needs CONFIG_MEM_SOFT_DIRTY");
	}
	if (o->lazy_pages && !r.lazy_pages) {
		error_set(e, 0, "this kernel's userfaultfd can't do it");
		return error_in(e, "--lazy-pages");
	}
	return 0;
}

/* --- the conversation ------------------------------------------------------------------------- */

static void reason(const struct reply *r, const struct criu_images *i, struct error *e)
{
	char text[512];

	/* Of what it says itself, the first complaint ever, the log has more. */
	if (!criu_log_reason(i, text, sizeof(text)))
		snprintf(text, sizeof(text), "%.*s", (int)strcspn(r->message, "\n"),
			 *r->message ? r->message : "it failed");
	error_set(e, r->code, "criu: %s", text);
	error_hint(e, "the log is %s/%s", i->work_path, i->log);
}

static int answer(struct criu *c, struct criu_notice *n, criu_listener *listener, void *data,
		  struct error *e)
{
	unsigned char bytes[16];
	struct protobuf p = { .bytes = bytes, .room = sizeof(bytes) };
	struct error ignored = ERROR_NONE;

	trace(TRACE_STEPS, "criu says: %s %d", n->script, n->pid);
	struct timing_event *timed = timing_begin(TIMING_STEP, n->script, NULL);
	int result = listener ? listener(data, n, e) : 0;
	timing_end(timed, result);
	fd_close(&n->fd);
	protobuf_number(&p, REQUEST_TYPE, CRIU_NOTIFY);
	protobuf_number(&p, REQUEST_NOTIFIED, result == 0);
	/* Told of our failure it ends what it has begun; it may have ended already. */
	if (say(c, &p, result < 0 ? &ignored : e) < 0)
		return -1;
	return result;
}

int criu_request(struct criu *c, enum criu_type type, const struct protobuf *options,
		 const struct criu_images *i, criu_listener *listener, void *data, pid_t *pid,
		 struct arena *a, struct error *e)
{
	struct protobuf p = criu_message(a);
	struct error ignored = ERROR_NONE;
	bool failed = false;
	struct reply r;
	/* With lazy pages it waits for the other side, whenever that comes. */
	const unsigned patience = c->options->lazy_pages ? 0 : c->options->timeout;

	protobuf_number(&p, REQUEST_TYPE, type);
	protobuf_message(&p, REQUEST_OPTIONS, options);
	if (say(c, &p, e) < 0)
		return -1;
	for (;;) {
		/* After a failure of ours criu's is its consequence. */
		if (hear(c, patience, &r, failed ? &ignored : e) < 0)
			return -1;
		if (r.type != CRIU_NOTIFY)
			break;
		if (answer(c, &r.notice, listener, data, failed ? &ignored : e) < 0)
			failed = true;
	}
	fd_close(&r.notice.fd);
	if (failed)
		return -1;
	if (!r.success) {
		reason(&r, i, e);
		return -1;
	}
	if (pid)
		*pid = r.pid;
	return 0;
}
