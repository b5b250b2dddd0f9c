/*
 * Names of kernel parameters: from the two spellings of sysctl(8) to a path below /proc/sys, and
 * which namespace each belongs to. One that belongs to none would change the host.
 */
#include "spec/validate.h"

#include <linux/sched.h>
#include <string.h>

/* The first separator decides: "net.ipv4.conf.eth0/100.mtu" and "net/ipv4/conf/eth0.100/mtu" name
 * one file. */
bool spec_sysctl_path(const char *key, char *out, size_t size)
{
	size_t n = strlen(key), first = strcspn(key, "./");
	bool dots = key[first] == '.';

	if (!n || n >= size)
		return false;
	for (size_t i = 0; i <= n; i++)
		out[i] = dots && key[i] == '.' ? '/' : dots && key[i] == '/' ? '.' : key[i];
	for (const char *s = out; s; s = strchr(s, '/') ? strchr(s, '/') + 1 : NULL) {
		size_t length = strcspn(s, "/");
		if (!length || (length == 1 && s[0] == '.') ||
		    (length == 2 && s[0] == '.' && s[1] == '.'))
			return false;
	}
	return true;
}

/* The kernel's own registrations per namespace: ipc/ipc_sysctl.c, ipc/mq_sysctl.c, net/,
 * kernel/ucount.c; and kernel/utsname_sysctl.c. */
static const struct {
	const char *path; /* one that ends in a slash: all below it */
	uint64_t namespace;
} namespaced[] = {
	{ "kernel/domainname", CLONE_NEWUTS },
	{ "kernel/auto_msgmni", CLONE_NEWIPC },
	{ "kernel/msg_next_id", CLONE_NEWIPC },
	{ "kernel/msgmax", CLONE_NEWIPC },
	{ "kernel/msgmnb", CLONE_NEWIPC },
	{ "kernel/msgmni", CLONE_NEWIPC },
	{ "kernel/sem", CLONE_NEWIPC },
	{ "kernel/sem_next_id", CLONE_NEWIPC },
	{ "kernel/shm_next_id", CLONE_NEWIPC },
	{ "kernel/shm_rmid_forced", CLONE_NEWIPC },
	{ "kernel/shmall", CLONE_NEWIPC },
	{ "kernel/shmmax", CLONE_NEWIPC },
	{ "kernel/shmmni", CLONE_NEWIPC },
	{ "fs/mqueue/", CLONE_NEWIPC },
	{ "net/", CLONE_NEWNET },
	{ "user/", CLONE_NEWUSER },
};

uint64_t spec_sysctl_namespace(const char *path)
{
	for (size_t i = 0; i < sizeof(namespaced) / sizeof(namespaced[0]); i++) {
		const char *known = namespaced[i].path;
		size_t n = strlen(known);

		if (known[n - 1] == '/' ? !strncmp(path, known, n) : !strcmp(path, known))
			return namespaced[i].namespace;
	}
	return 0;
}

static void validate_key(const char *key, const struct spec *s, struct error *e)
{
	char path[SYSCTL_PATH];

	if (!spec_sysctl_path(key, path, sizeof(path))) {
		error_add(e, AT("linux.sysctl[\"%.80s\"]", key),
			  "is no name of a kernel parameter");
		return;
	}
	/* Callers know it as an error even where nothing contradicts it. */
	if (!strcmp(path, "kernel/hostname")) {
		error_add(e, AT("linux.sysctl[\"%.80s\"]", key), "belongs into hostname");
		return;
	}
	uint64_t namespace = spec_sysctl_namespace(path);
	if (!namespace)
		error_add(e, AT("linux.sysctl[\"%.80s\"]", key),
			  "belongs to no namespace and would change the host");
	else if (!(spec_namespaces(s->linux) & namespace))
		error_add(e, AT("linux.sysctl[\"%.80s\"]", key),
			  "needs a namespace of type \"%s\" in linux.namespaces",
			  word_name(&words_namespaces, namespace));
	else if (s->domainname && !strcmp(path, "kernel/domainname"))
		error_add(e, AT("linux.sysctl[\"%.80s\"]", key), "conflicts with domainname");
}

void validate_sysctl(const struct spec *s, struct error *e)
{
	for (size_t i = 0; i < s->linux->sysctl.n; i++)
		validate_key(s->linux->sysctl.v[i].key, s, e);
}
