/*
 * Names of kernel parameters: from the two spellings of sysctl(8) to a path below /proc/sys, and
 * which namespace each belongs to. One that belongs to none would change the host.
 */
#include "spec/validate.h"

#include <linux/sched.h>
#include <string.h>

#define NAME_MAX_BYTES 255

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

static const struct {
	const char *path;
	bool below; /* all that begins with it */
	uint64_t namespace;
	const char *name;
} namespaced[] = {
	{ "kernel/domainname", false, CLONE_NEWUTS, "uts" },
	{ "kernel/msg", true, CLONE_NEWIPC, "ipc" },
	{ "kernel/sem", true, CLONE_NEWIPC, "ipc" },
	{ "kernel/shm", true, CLONE_NEWIPC, "ipc" },
	{ "fs/mqueue/", true, CLONE_NEWIPC, "ipc" },
	{ "net/", true, CLONE_NEWNET, "network" },
	{ "user/", true, CLONE_NEWUSER, "user" },
};

static void validate_key(const char *key, uint64_t has, struct error *e)
{
	char path[NAME_MAX_BYTES + 1];

	if (!spec_sysctl_path(key, path, sizeof(path))) {
		error_add(e, AT("linux.sysctl[\"%.80s\"]", key),
			  "is no name of a kernel parameter");
		return;
	}
	if (!strcmp(path, "kernel/hostname")) {
		error_add(e, AT("linux.sysctl[\"%.80s\"]", key), "belongs into hostname");
		return;
	}
	for (size_t i = 0; i < sizeof(namespaced) / sizeof(namespaced[0]); i++) {
		const char *known = namespaced[i].path;

		if (namespaced[i].below ? strncmp(path, known, strlen(known)) != 0
					: strcmp(path, known) != 0)
			continue;
		if (!(has & namespaced[i].namespace))
			error_add(e, AT("linux.sysctl[\"%.80s\"]", key),
				  "needs a namespace of type \"%s\" in linux.namespaces",
				  namespaced[i].name);
		return;
	}
	error_add(e, AT("linux.sysctl[\"%.80s\"]", key),
		  "belongs to no namespace and would change the host");
}

void validate_sysctl(const struct spec_linux *l, struct error *e)
{
	uint64_t has = spec_namespaces(l);

	for (size_t i = 0; i < l->sysctl.n; i++)
		validate_key(l->sysctl.v[i].key, has, e);
}
