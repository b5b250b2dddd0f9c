/*
 * maskedPaths: a file is covered by the null device, a directory by an empty read-only tmpfs, of
 * which there is one for all of them. The null device is the host's, verified by its numbers: the
 * container's own may have been replaced (CVE-2025-31133).
 */
#include "runtime/child/filesystem.h"
#include "runtime/child/mount.h"
#include "runtime/child/spent.h"
#include "runtime/child/steps.h"
#include "runtime/file.h"
#include "runtime/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

int masks_open(struct child *c, struct error *e)
{
	struct stat st;

	if (!c->plan->masked_paths.n)
		return 0;
	c->null = open("/dev/null", O_PATH | O_CLOEXEC | O_NOFOLLOW);
	if (c->null < 0 || fstat(c->null, &st) < 0)
		return error_set(e, errno, "open the host's /dev/null");
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3))
		return error_set(e, 0, "the host's /dev/null is not the null device");
	return 0;
}

static int empty_directory(struct child *c, struct error *e)
{
	const char *label = c->plan->mount_label;
	char *option = label ? arena_printf(&c->arena, "context=%s", label) : NULL;
	const struct plan_mount tmpfs = {
		.data = { label ? 1 : 0, &option },
		.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
			    MOUNT_ATTR_NOEXEC,
	};

	return filesystem_new(&tmpfs, "tmpfs", 0, e);
}

static int mask(struct child *c, const char *path, int *empty, struct error *e)
{
	SPENT_FD target = mount_find(c, path);
	struct stat st;

	if (target < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (target < 0 || fstat(target, &st) < 0)
		return error_set(e, errno, "open %s", path);
	/* The first is attached itself: before Linux 6.15 only an attached mount can be cloned. */
	bool first = S_ISDIR(st.st_mode) && *empty < 0;
	SPENT_FD tree = first ? empty_directory(c, e)
			      : mount_clone(S_ISDIR(st.st_mode) ? *empty : c->null, false);
	if (tree < 0 && first) {
		/* Its options are none of config.json's. */
		const struct error why = *e;
		error_set(e, 0, "mask %s: %s", path, why.text);
		e->code = why.code;
		return -1;
	}
	if (tree < 0 || mount_onto(tree, target) < 0)
		return error_set(e, errno, "mask %s", path);
	if (first)
		*empty = fd_take(&tree);
	return 0;
}

int masks_apply(struct child *c, struct error *e)
{
	SPENT_FD empty = -1;

	for (size_t i = 0; i < c->plan->masked_paths.n; i++)
		if (mask(c, c->plan->masked_paths.v[i], &empty, e) < 0)
			return error_in(e, "linux.maskedPaths[%zu]", i);
	return 0;
}
