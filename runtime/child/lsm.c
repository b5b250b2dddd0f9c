/*
 * See lsm.h. The kernel keeps these as attributes of the task, to be written by the task itself; so
 * each goes to thread-self, in a procfs of our own. Callers know the failure by the quoted path.
 */
#include "runtime/child/lsm.h"

#include "runtime/child/proc.h"
#include "runtime/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>

static int write_attribute(const char *name, const char *text, struct error *e)
{
	char path[64];
	CLEAN_FD proc = proc_open(PROC_PIDS, e);

	snprintf(path, sizeof(path), "thread-self/attr/%s", name);
	if (proc < 0)
		return -1;
	return proc_write(proc, path, text) < 0
		       ? error_set(e, errno, "write \"%s\" to `/proc/%s`", text, path)
		       : 0;
}

static int set_profile(const char *profile, struct error *e)
{
	char text[4096];
	bool fits = snprintf(text, sizeof(text), "exec %s", profile) < (int)sizeof(text);

	if (fits && write_attribute("apparmor/exec", text, e) == 0)
		return 0;
	if (!fits)
		error_set(e, ENAMETOOLONG, "set it");
	if (e->code == ENOENT)
		error_hint(e, "the profile is not loaded: see apparmor_parser(8)");
	return error_in(e, "process.apparmorProfile");
}

static int set_label(const char *name, const char *label, struct error *e)
{
	if (write_attribute(name, label, e) == 0)
		return 0;
	error_in(e, "process.selinuxLabel");
	return e->code == EINVAL ? error_hint(e, "the loaded policy does not know this label") : -1;
}

int lsm_exec(const struct spec_process *p, struct error *e)
{
	if (p->apparmor_profile && set_profile(p->apparmor_profile, e) < 0)
		return -1;
	return p->selinux_label ? set_label("exec", p->selinux_label, e) : 0;
}

int lsm_keys(const char *label, struct error *e)
{
	return set_label("keycreate", label ? label : "\n", e);
}

int lsm_mount(int tree, const char *label)
{
	CLEAN_FD root = openat(tree, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return root < 0 ? -1 : fsetxattr(root, "security.selinux", label, strlen(label), 0);
}
