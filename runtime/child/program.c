/* What will be run: its environment, directory, file and limits. config.md, "Process"; the error
 * texts are what callers match. */
#include "runtime/child/spent.h"
#include "runtime/child/steps.h"
#include "runtime/file.h"
#include "runtime/inroot.h"
#include "runtime/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *environment(char *const *env, const char *name)
{
	size_t n = strlen(name);

	for (; *env; env++)
		if (!strncmp(*env, name, n) && (*env)[n] == '=')
			return *env + n + 1;
	return NULL;
}

static bool same_name(const char *a, const char *b)
{
	size_t n = strcspn(a, "=");

	return !strncmp(a, b, n + 1);
}

int program_environment(struct child *c, struct error *e)
{
	const struct spec_process *p = c->plan->process;
	static char notify[] = "NOTIFY_SOCKET=" NOTIFY_AT "/" NOTIFY_SOCKET;
	size_t n = 0;

	if (!p)
		return 0;
	char **env = arena_array(&c->arena, char *, p->env.n + 5);
	/* Of a name given twice the last counts; an empty HOME is none. */
	for (size_t i = 0; i < p->env.n; i++) {
		bool again = !strcmp(p->env.v[i], "HOME=") ||
			     (c->plan->listen_fds && !strncmp(p->env.v[i], "LISTEN_", 7)) ||
			     (c->plan->notify && same_name(p->env.v[i], notify));
		for (size_t j = i + 1; j < p->env.n && !again; j++)
			again = same_name(p->env.v[i], p->env.v[j]);
		if (!again)
			env[n++] = p->env.v[i];
	}
	if (!environment(env, "HOME")) {
		const char *home = user_home(c, e);
		if (!home)
			return -1;
		env[n++] = arena_printf(&c->arena, "HOME=%s", home);
	}
	/* The sockets that the caller got for us; the program is the process that we are. */
	if (c->plan->listen_fds) {
		env[n++] = arena_printf(&c->arena, "LISTEN_FDS=%u", c->plan->listen_fds);
		env[n++] = arena_printf(&c->arena, "LISTEN_PID=%d", getpid());
	}
	if (c->plan->notify)
		env[n++] = notify;
	c->env = (struct strings){ .n = n, .v = env };
	return 0;
}

int program_directory(struct child *c, struct error *e)
{
	const struct spec_process *p = c->plan->process;

	/* There we are already, once we have entered the root. */
	if (!p || !strcmp(p->cwd, "/"))
		return 0;
	c->cwd = inroot_make(c->rootfs, p->cwd, S_IFDIR, e);
	return c->cwd < 0 ? error_in(e, "process.cwd") : 0;
}

static int enter_directory(struct child *c, struct error *e)
{
	char path[4096];

	if (c->cwd < 0)
		return 0;
	if (fchdir(c->cwd) < 0)
		return error_call(e, "fchdir", "change to %s", c->plan->process->cwd);
	/* CVE-2024-21626: a directory that is not below the root has no path here. As the kernel
	 * says it: libc would look for one by itself, and find another directory like the root. */
	if (syscall(SYS_getcwd, path, sizeof(path)) < 0 || path[0] != '/')
		return error_set(e, ENOENT, "%s is outside the container's root",
				 c->plan->process->cwd);
	spent_add(&c->cwd);
	return 0;
}

/* Some directories are open to root only, some (on network filesystems) to their user only: try as
 * both. */
int program_enter_as_root(struct child *c, struct error *e)
{
	if (enter_directory(c, e) == 0)
		return 0;
	if (e->code != EACCES && e->code != EPERM)
		return error_in(e, "process.cwd");
	*e = ERROR_NONE;
	return 0;
}

int program_enter_as_user(struct child *c, struct error *e)
{
	return enter_directory(c, e) < 0 ? error_in(e, "process.cwd") : 0;
}

static bool executable(const char *path, int *code)
{
	struct stat st;

	*code = ENOENT;
	if (stat(path, &st) < 0) {
		*code = errno;
		return false;
	}
	*code = EACCES;
	if (S_ISDIR(st.st_mode))
		return false;
	if (faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0)
		return true;
	*code = errno;
	return false;
}

static int find_by_path(struct child *c, const char *name, struct error *e)
{
	const char *path = environment(c->env.v, "PATH");
	char candidate[4096];
	int code, denied = 0;

	for (const char *at = path; at && *at;) {
		int n = (int)strcspn(at, ":");
		if (snprintf(candidate, sizeof(candidate), "%.*s/%s", n ? n : 1, n ? at : ".",
			     name) < (int)sizeof(candidate)) {
			if (executable(candidate, &code)) {
				c->executable = arena_strdup(&c->arena, candidate);
				return 0;
			}
			denied |= code == EACCES;
		}
		at += n + (at[n] == ':');
	}
	if (denied)
		return error_set(e, 0, "exec: \"%s\": permission denied", name);
	error_set(e, 0, "exec: \"%s\": executable file not found in $PATH", name);
	return path ? -1 : error_hint(e, "process.env has no PATH");
}

static int find(struct child *c, const char *name, struct error *e)
{
	int code;

	if (!strchr(name, '/'))
		return find_by_path(c, name, e);
	if (executable(name, &code)) {
		c->executable = (char *)name;
		return 0;
	}
	if (code == EACCES)
		return error_set(e, 0, "exec: \"%s\": permission denied", name);
	if (code == ENOENT)
		return error_set(e, 0, "exec: \"%s\": stat %s: no such file or directory", name,
				 name);
	if (code == ENOTDIR)
		return error_set(e, 0, "exec: \"%s\": stat %s: not a directory", name, name);
	return error_set(e, code, "exec: \"%s\"", name);
}

int program_find(struct child *c, struct error *e)
{
	const struct spec_process *p = c->plan->process;

	return p && find(c, p->args.v[0], e) < 0 ? error_in(e, "process.args[0]") : 0;
}

/* The parent has raised what needed raising; from here it only goes down, which is anyone's right. */
int program_limits(struct child *c, struct error *e)
{
	const struct spec_process *p = c->plan->process;

	for (size_t i = 0; p && i < p->rlimits.n; i++) {
		const struct spec_rlimit *r = &p->rlimits.v[i];
		const struct rlimit limit = { r->soft, r->hard };
		if (setrlimit((__rlimit_resource_t)r->type, &limit) < 0) {
			error_set(e, errno, "set %s to %llu:%llu",
				  word_name(&words_rlimits, r->type), (unsigned long long)r->soft,
				  (unsigned long long)r->hard);
			return error_in(e, "process.rlimits[%zu]", i);
		}
	}
	return 0;
}
