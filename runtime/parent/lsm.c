/* See lsm.h. */
#include "runtime/parent/lsm.h"

#include "runtime/file.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

bool apparmor_enabled(void)
{
	CLEAN_FD fd = open("/sys/module/apparmor/parameters/enabled", O_RDONLY | O_CLOEXEC);
	char answer;

	return fd >= 0 && read(fd, &answer, 1) == 1 && answer == 'Y';
}

/* Its filesystem is there as soon as a policy is loaded. */
bool selinux_enabled(void)
{
	struct statfs fs;

	return statfs("/sys/fs/selinux", &fs) == 0 && fs.f_type == SELINUX_MAGIC;
}

static int missing(const char *module, const char *field, struct error *e)
{
	error_set(e, 0, "%s is not enabled on this host", module);
	error_hint(e, "leave it out, or boot the kernel with it");
	return error_in(e, "%s", field);
}

int lsm_check(const struct spec *s, struct error *e)
{
	const struct spec_process *p = s->process;
	bool labelled = p && p->selinux_label;

	if (p && p->apparmor_profile && !apparmor_enabled())
		return missing("AppArmor", "process.apparmorProfile", e);
	if ((labelled || s->linux->mount_label) && !selinux_enabled())
		return missing("SELinux", labelled ? "process.selinuxLabel" : "linux.mountLabel",
			       e);
	return 0;
}
