/* See world.h. */
#include "tests/crash/world.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define COMMAND_SECONDS 25
#define WORDS_MAX 64

char said[TEXT_MAX];

static const char *const words[] = { "no container", "creating", "created", "running",
				     "paused",       "stopped",  "unknown" };

const char *world_word(enum status s)
{
	return words[s];
}

int64_t world_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

void world_nap(void)
{
	const struct timespec t = { 0, 2000000 };

	nanosleep(&t, NULL);
}

static void listen_for_terminals(struct world *w)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	w->sockets = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%.90s/socket", w->directory);
	unlink(address.sun_path);
	if (w->sockets < 0 || bind(w->sockets, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(w->sockets, 16) < 0)
		err(2, "%s", address.sun_path);
}

void world_begin(struct world *w)
{
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		err(2, "subreaper");
	snprintf(w->id, sizeof(w->id), "crash-%d", getpid());
	w->sockets = w->terminal = -1;
	if (strstr(w->options, "socket"))
		listen_for_terminals(w);
}

/* --- commands ------------------------------------------------------------------------------- */

static char *replaced(struct world *w, const char *word)
{
	const struct {
		const char *mark, *value;
	} marks[] = { { "@B", "/bundle" }, { "@E", "/ends" }, { "@T", "" } };
	char *out = NULL;

	if (!strcmp(word, "@C"))
		return strdup(w->id);
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (!strncmp(word, marks[i].mark, 2) &&
		    asprintf(&out, "%s%s%s", w->directory, marks[i].value, word + 2) > 0)
			return out;
	return strdup(word);
}

static int open_in(struct world *w, const char *name, int flags)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", w->directory, name);
	const int fd = open(path, flags | O_CLOEXEC, 0666);
	if (fd < 0)
		err(2, "%s", path);
	return fd;
}

void world_command(struct world *w, const char *line, struct command *c)
{
	static char *argv[WORDS_MAX], root[4096], text[4096];
	const char *options = strstr(line, "@O");
	size_t n = 0;

	snprintf(root, sizeof(root), "%s/root", w->directory);
	snprintf(text, sizeof(text), "%.*s%s%s", options ? (int)(options - line) : 2000, line,
		 options ? w->options : "", options ? options + 2 : "");
	argv[n++] = (char *)w->program;
	argv[n++] = "--root";
	argv[n++] = root;
	for (char *at = text, *word; (word = strtok(at, " ")) && n < WORDS_MAX - 1; at = NULL)
		argv[n++] = replaced(w, word);
	argv[n] = NULL;
	*c = (struct command){ .argv = argv,
			       .program = w->program,
			       .in = open("/dev/null", O_RDONLY | O_CLOEXEC),
			       .out = open_in(w, "out", O_WRONLY | O_CREAT | O_TRUNC),
			       .err = open_in(w, "err", O_WRONLY | O_CREAT | O_TRUNC),
			       .user = w->user,
			       .seconds = COMMAND_SECONDS };
	/* A container's own output must not be cut off by the commands that follow. */
	const bool first = !strncmp(line, "create", 6) || !strncmp(line, "run", 3);
	if (first || !strncmp(line, "exec", 4)) {
		close(c->out);
		w->reports = first ? "console" : "exec";
		c->out = open_in(w, w->reports, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND);
	}
}

void world_close(struct command *c)
{
	for (char **word = c->argv + 3; *word; word++)
		free(*word);
	close(c->in);
	close(c->out);
	close(c->err);
}

static size_t read_file(const char *path, char *text, size_t size)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t used = 0;
	ssize_t n;

	while (fd >= 0 && used < size - 1 && (n = read(fd, text + used, size - 1 - used)) > 0)
		used += (size_t)n;
	close(fd);
	text[used] = 0;
	return used;
}

static size_t read_in(struct world *w, const char *name, char *text, size_t size)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", w->directory, name);
	return read_file(path, text, size);
}

void world_read_said(struct world *w)
{
	read_in(w, "err", said, sizeof(said));
}

int world_exit_code(int status)
{
	if (status == -1)
		return -1;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int world_run(struct world *w, const char *line)
{
	struct command c;

	world_command(w, line, &c);
	const int status = command_run(&c);
	world_close(&c);
	world_read_said(w);
	return world_exit_code(status);
}

/* --- what the program says ------------------------------------------------------------------ */

enum status world_state(struct world *w, pid_t *pid)
{
	char text[TEXT_MAX], path[4096];
	struct stat st;

	*pid = 0;
	snprintf(path, sizeof(path), "%s/root/%s", w->directory, w->id);
	const int code = world_run(w, "state @C");
	if (code == 1 && strstr(said, "container does not exist"))
		return lstat(path, &st) < 0 ? NO_CONTAINER : UNKNOWN;
	if (code != 0)
		return UNKNOWN;
	read_in(w, "out", text, sizeof(text));
	const char *at = strstr(text, "\"status\": \""), *number = strstr(text, "\"pid\": ");
	if (number)
		*pid = atoi(number + 7);
	for (int s = CREATING; at && s < UNKNOWN; s++)
		if (!strncmp(at + 11, words[s], strlen(words[s])))
			return (enum status)s;
	snprintf(said, sizeof(said), "%.2000s", text);
	return UNKNOWN;
}

static bool executes_program(struct world *w, pid_t pid)
{
	char path[64], link[64] = "";
	struct stat a, b;

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	(void)!readlink(path, link, sizeof(link) - 1);
	return !strncmp(link, "/memfd:", 7) || (stat(path, &a) == 0 && stat(w->program, &b) == 0 &&
						a.st_dev == b.st_dev && a.st_ino == b.st_ino);
}

const char *world_untrue(struct world *w, enum status s, pid_t pid)
{
	const bool lives = pid > 0 && kill(pid, 0) == 0;

	switch (s) {
	case NO_CONTAINER: return world_children() ? "it does not exist, but processes do" : NULL;
	case STOPPED:
		if (pid)
			return "it is stopped, but has a pid";
		return world_children() ? "it is stopped, but processes live" : NULL;
	case CREATING: return "it is creating, but nobody creates it";
	case CREATED:
		if (!lives || !executes_program(w, pid))
			return "it is created, but its init does not wait";
		return world_frozen(w) ? "it is created, but frozen" : NULL;
	case RUNNING:
		if (!lives || executes_program(w, pid))
			return "it is running, but its program does not run";
		return world_frozen(w) ? "it is running, but frozen" : NULL;
	case PAUSED: return lives && world_frozen(w) ? NULL : "it is paused, but not frozen";
	default: return "state fails";
	}
}

/* --- the container's report ----------------------------------------------------------------- */

static void take_terminal(struct world *w)
{
	char byte[256], control[CMSG_SPACE(sizeof(int))];
	struct iovec v = { byte, sizeof(byte) };
	struct msghdr m = { .msg_iov = &v,
			    .msg_iovlen = 1,
			    .msg_control = control,
			    .msg_controllen = sizeof(control) };
	const int fd = accept4(w->sockets, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	if (recvmsg(fd, &m, MSG_CMSG_CLOEXEC) > 0 && CMSG_FIRSTHDR(&m)) {
		close(w->terminal);
		memcpy(&w->terminal, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(int));
		fcntl(w->terminal, F_SETFL, O_NONBLOCK);
	}
	close(fd);
}

/* A terminal puts a carriage return before each newline. */
static void drop_returns(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++)
		if (*from != '\r')
			*to++ = *from;
	*to = 0;
}

bool world_report(struct world *w, char *text, size_t size)
{
	const int64_t end = world_now_ms() + 3000;
	size_t used = 0;

	while (world_now_ms() < end) {
		if (w->sockets >= 0 && w->terminal < 0)
			take_terminal(w);
		if (w->terminal >= 0) {
			const ssize_t n = read(w->terminal, text + used, size - 1 - used);
			used += n > 0 ? (size_t)n : 0;
			text[used] = 0;
			drop_returns(text);
			used = strlen(text);
		} else {
			used = read_in(w, w->reports, text, size);
		}
		if (strstr(text, "\nend\n"))
			return true;
		world_nap();
	}
	return false;
}

void world_clear(struct world *w)
{
	static const char *const names[] = { "pid", "pid.tmp", "console", "exec", "out", "err" };
	char path[4096];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", w->directory, names[i]);
		unlink(path);
	}
	if (w->terminal >= 0)
		close(w->terminal);
	w->terminal = -1;
	for (int fd; w->sockets >= 0 && (fd = accept4(w->sockets, NULL, NULL, SOCK_CLOEXEC)) >= 0;)
		close(fd);
}
