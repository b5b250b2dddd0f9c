/* See exec_process.h. What is not said stays as config.json has it, as runc does it. */
#include "runtime/parent/exec_process.h"

#include "runtime/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* An id that is nothing but digits, and that a process can have. */
static bool read_id(const char *text, size_t n, uint32_t *id)
{
	unsigned long long value = strtoull(text, NULL, 10);

	if (!n || n > 10 || strspn(text, "0123456789") < n || value >= UINT32_MAX)
		return false;
	*id = (uint32_t)value;
	return true;
}

/* A number, or else a name: nothing that could be meant as a number, or as nothing. */
static int read_user_part(struct arena *a, const char *text, size_t n, uint32_t *id, char **name)
{
	if (read_id(text, n, id))
		return 0;
	if (!n || strchr("0123456789+- \t", text[0]))
		return -1;
	*name = arena_strndup(a, text, n);
	return 0;
}

static int set_user(const char *text, struct arena *a, struct spec_process *p, struct plan *plan,
		    struct error *e)
{
	size_t n = strcspn(text, ":");

	plan->gid_given = text[n];
	if (read_user_part(a, text, n, &p->user.uid, &plan->user) == 0 &&
	    (!text[n] || read_user_part(a, text + n + 1, strlen(text + n + 1), &p->user.gid,
					&plan->group) == 0))
		return 0;
	error_set(e, 0, "\"%.80s\" is not USER or USER:GROUP", text);
	error_hint(e, "each is a number from 0 to 4294967294, or a name in the container");
	return error_in(e, "--user");
}

static int add_groups(const struct words_given *given, struct arena *a, struct u32s *groups,
		      struct error *e)
{
	uint32_t *v = arena_array(a, uint32_t, groups->n + given->n);

	if (groups->n)
		memcpy(v, groups->v, groups->n * sizeof(*v));
	for (size_t i = 0; i < given->n; i++)
		if (!read_id(given->v[i], strlen(given->v[i]), &v[groups->n + i])) {
			error_set(e, 0, "\"%.80s\" is not a number from 0 to 4294967294",
				  given->v[i]);
			return error_in(e, "--additional-gids");
		}
	groups->v = v;
	groups->n += given->n;
	return 0;
}

/* Never inheritable ones, by which they would spread (CVE-2022-29162); ambient ones need them.
 * Unknown ones are warned about, as in config.json. */
static void add_capabilities(const struct words_given *given, struct arena *a,
			     struct spec_process *p)
{
	struct spec_capabilities *c = arena_new(a, struct spec_capabilities);

	if (p->capabilities)
		*c = *p->capabilities;
	for (size_t i = 0; i < given->n; i++) {
		uint64_t bit;
		if (!word_value(&words_capabilities, given->v[i], &bit)) {
			container_warn(arena_printf(a, "--cap: unknown capability \"%.80s\"",
						    given->v[i]));
			continue;
		}
		c->bounding |= bit;
		c->effective |= bit;
		c->permitted |= bit;
		if (c->inheritable & bit)
			c->ambient |= bit;
	}
	p->capabilities = c;
}

static void add_environment(const struct words_given *given, struct arena *a, struct strings *env)
{
	char **v = arena_array(a, char *, env->n + given->n + 1);

	if (env->n)
		memcpy(v, env->v, env->n * sizeof(*v));
	for (size_t i = 0; i < given->n; i++)
		v[env->n + i] = arena_strdup(a, given->v[i]);
	env->v = v;
	env->n += given->n;
}

static void set_args(char **args, struct arena *a, struct strings *out)
{
	size_t n = 0;

	while (args[n])
		n++;
	out->v = arena_array(a, char *, n + 1);
	for (out->n = 0; out->n < n; out->n++)
		out->v[out->n] = arena_strdup(a, args[out->n]);
}

static int read_file(const char *path, struct arena *a, struct spec_process *p, struct error *e)
{
	struct strings warnings = { 0 };
	size_t length;
	char *text;
	/* "/dev/stdin" and the like are fine; a FIFO waits for its writer. */
	CLEAN_FD fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || file_read(fd, JSON_SIZE_MAX, a, &text, &length) < 0) {
		error_set(e, errno, "read %s", path);
		return error_in(e, "--process");
	}
	if (json_read(&spec_process_table, p, text, length, a, &warnings, e) < 0 ||
	    spec_validate_process(p, e) < 0)
		return error_context(e, "%s", path);
	for (size_t i = 0; i < warnings.n; i++)
		container_warn(warnings.v[i]);
	return 0;
}

/* What a process.json leaves open is as the container has it. */
static void complete(struct spec_process *p, const struct spec_process *config)
{
	if (!p->capabilities)
		p->capabilities = config->capabilities;
	if (!p->rlimits.n)
		p->rlimits = config->rlimits;
	if (!p->apparmor_profile)
		p->apparmor_profile = config->apparmor_profile;
	if (!p->selinux_label)
		p->selinux_label = config->selinux_label;
	if (!p->oom_score_adj)
		p->oom_score_adj = config->oom_score_adj;
	if (!p->scheduler)
		p->scheduler = config->scheduler;
	if (!p->io_priority)
		p->io_priority = config->io_priority;
	if (!p->exec_cpu_affinity)
		p->exec_cpu_affinity = config->exec_cpu_affinity;
	if (!p->user.umask)
		p->user.umask = config->user.umask;
}

static int begin(const struct exec_options *o, struct arena *a, const struct spec *s,
		 struct spec_process *p, struct error *e)
{
	if (o->process) {
		if (read_file(o->process, a, p, e) < 0)
			return -1;
		if (s->process)
			complete(p, s->process);
		return 0;
	}
	if (!s->process) {
		error_set(e, 0, "the container's config.json has none to begin with");
		error_hint(e, "--process FILE names a whole one");
		return error_in(e, "process");
	}
	*p = *s->process;
	p->terminal = false;
	p->console_size = NULL;
	return 0;
}

int exec_process(const struct exec_options *o, struct arena *a, struct spec *s, struct plan *plan,
		 struct error *e)
{
	struct spec_process *p = arena_new(a, struct spec_process);

	if (begin(o, a, s, p, e) < 0)
		return -1;
	if (o->args[0])
		set_args(o->args, a, &p->args);
	if (o->cwd)
		p->cwd = arena_strdup(a, o->cwd);
	if (o->apparmor)
		p->apparmor_profile = arena_strdup(a, o->apparmor);
	if (o->process_label)
		p->selinux_label = arena_strdup(a, o->process_label);
	if (o->env.n)
		add_environment(&o->env, a, &p->env);
	p->terminal |= o->tty;
	p->no_new_privileges |= o->no_new_privs;
	s->process = p;
	if (o->cap.n)
		add_capabilities(&o->cap, a, p);
	if ((o->user && set_user(o->user, a, p, plan, e) < 0) ||
	    (o->additional_gids.n &&
	     add_groups(&o->additional_gids, a, &p->user.additional_gids, e) < 0))
		return -1;
	return spec_validate_process(p, e) < 0 ? error_in(e, "process") : 0;
}
