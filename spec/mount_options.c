/*
 * The mount options of config.md's table. Each row is applied in the order given: clear |=
 * row.clear; set = (set & ~row.clear) | row.set; so the last word about a thing wins and the two
 * masks are what mount_setattr(2) takes: it clears first, then sets.
 *
 * The access time is a field of MOUNT_ATTR__ATIME, not bits: the kernel refuses to clear a part of
 * it, and to set a value without clearing all of it; relatime is the value 0 and what "atime" and
 * "nostrictatime" fall back to. "norelatime" names no other value: it changes nothing.
 *
 * ro and rw speak of the mount, and of the filesystem too when that is new (mount(8)); super_* must
 * never be applied to a bind's filesystem, which belongs to the host. The rec… words are of
 * mount_setattr(2) alone, so they have no super_* part.
 */
#include "spec/words.h"

#include <linux/mount.h>
#include <stdlib.h>
#include <string.h>

#define SET(word, bits)                        \
	{                                      \
		.name = word, .attr_set = bits \
	}
#define CLEAR(word, bits)                        \
	{                                        \
		.name = word, .attr_clear = bits \
	}
#define REC_SET(word, bits)                                       \
	{                                                         \
		.name = word, .attr_set = bits, .recursive = true \
	}
#define REC_CLEAR(word, bits)                                       \
	{                                                           \
		.name = word, .attr_clear = bits, .recursive = true \
	}
#define ATIME(word, bits)                                                       \
	{                                                                       \
		.name = word, .attr_set = bits, .attr_clear = MOUNT_ATTR__ATIME \
	}
#define REC_ATIME(word, bits)                                                                      \
	{                                                                                          \
		.name = word, .attr_set = bits, .attr_clear = MOUNT_ATTR__ATIME, .recursive = true \
	}
#define PROPAGATION(word, bits)                   \
	{                                         \
		.name = word, .propagation = bits \
	}
#define SUPER_SET(word, bits)                   \
	{                                       \
		.name = word, .super_set = bits \
	}
#define SUPER_CLEAR(word, bits)                   \
	{                                         \
		.name = word, .super_clear = bits \
	}
/* crun's: of the filesystems below, too, which are not ours to change. */
#define OF_BELOW(word, which, bits)                            \
	{                                                      \
		.name = word, .which = bits, .recursive = true \
	}
#define ACT(word, what)                   \
	{                                 \
		.name = word, .act = what \
	}

const struct mount_option mount_options[] = {
	SUPER_CLEAR("async", MS_SYNCHRONOUS),
	ATIME("atime", MOUNT_ATTR_RELATIME),
	ACT("bind", MOUNT_BIND),
	ACT("copy-symlink", MOUNT_COPY_SYMLINK),
	ACT("defaults", MOUNT_DEFAULTS),
	ACT("dest-nofollow", MOUNT_DEST_NOFOLLOW),
	CLEAR("dev", MOUNT_ATTR_NODEV),
	CLEAR("diratime", MOUNT_ATTR_NODIRATIME),
	SUPER_SET("dirsync", MS_DIRSYNC),
	CLEAR("exec", MOUNT_ATTR_NOEXEC),
	ACT("idmap", MOUNT_IDMAP),
	SUPER_SET("iversion", MS_I_VERSION),
	SUPER_SET("lazytime", MS_LAZYTIME),
	SUPER_CLEAR("loud", MS_SILENT),
	SUPER_SET("mand", MS_MANDLOCK),
	ATIME("noatime", MOUNT_ATTR_NOATIME),
	SET("nodev", MOUNT_ATTR_NODEV),
	SET("nodiratime", MOUNT_ATTR_NODIRATIME),
	SET("noexec", MOUNT_ATTR_NOEXEC),
	SUPER_CLEAR("noiversion", MS_I_VERSION),
	SUPER_CLEAR("nolazytime", MS_LAZYTIME),
	SUPER_CLEAR("nomand", MS_MANDLOCK),
	{ .name = "norelatime" },
	ATIME("nostrictatime", MOUNT_ATTR_RELATIME),
	SET("nosuid", MOUNT_ATTR_NOSUID),
	SET("nosymfollow", MOUNT_ATTR_NOSYMFOLLOW),
	PROPAGATION("private", MS_PRIVATE),
	OF_BELOW("rasync", super_clear, MS_SYNCHRONOUS),
	REC_ATIME("ratime", MOUNT_ATTR_RELATIME),
	ACT("rbind", MOUNT_RBIND),
	REC_CLEAR("rdev", MOUNT_ATTR_NODEV),
	REC_CLEAR("rdiratime", MOUNT_ATTR_NODIRATIME),
	OF_BELOW("rdirsync", super_set, MS_DIRSYNC),
	ATIME("relatime", MOUNT_ATTR_RELATIME),
	ACT("remount", MOUNT_REMOUNT),
	REC_CLEAR("rexec", MOUNT_ATTR_NOEXEC),
	ACT("ridmap", MOUNT_RIDMAP),
	OF_BELOW("rmand", super_set, MS_MANDLOCK),
	REC_ATIME("rnoatime", MOUNT_ATTR_NOATIME),
	REC_SET("rnodev", MOUNT_ATTR_NODEV),
	REC_SET("rnodiratime", MOUNT_ATTR_NODIRATIME),
	REC_SET("rnoexec", MOUNT_ATTR_NOEXEC),
	OF_BELOW("rnomand", super_clear, MS_MANDLOCK),
	{ .name = "rnorelatime", .recursive = true },
	REC_ATIME("rnostrictatime", MOUNT_ATTR_RELATIME),
	REC_SET("rnosuid", MOUNT_ATTR_NOSUID),
	REC_SET("rnosymfollow", MOUNT_ATTR_NOSYMFOLLOW),
	{ .name = "ro", .attr_set = MOUNT_ATTR_RDONLY, .super_set = MS_RDONLY },
	PROPAGATION("rprivate", MS_REC | MS_PRIVATE),
	REC_ATIME("rrelatime", MOUNT_ATTR_RELATIME),
	REC_SET("rro", MOUNT_ATTR_RDONLY),
	REC_CLEAR("rrw", MOUNT_ATTR_RDONLY),
	PROPAGATION("rshared", MS_REC | MS_SHARED),
	PROPAGATION("rslave", MS_REC | MS_SLAVE),
	REC_ATIME("rstrictatime", MOUNT_ATTR_STRICTATIME),
	REC_CLEAR("rsuid", MOUNT_ATTR_NOSUID),
	REC_CLEAR("rsymfollow", MOUNT_ATTR_NOSYMFOLLOW),
	OF_BELOW("rsync", super_set, MS_SYNCHRONOUS),
	PROPAGATION("runbindable", MS_REC | MS_UNBINDABLE),
	{ .name = "rw", .attr_clear = MOUNT_ATTR_RDONLY, .super_clear = MS_RDONLY },
	PROPAGATION("shared", MS_SHARED),
	SUPER_SET("silent", MS_SILENT),
	PROPAGATION("slave", MS_SLAVE),
	ACT("src-nofollow", MOUNT_SRC_NOFOLLOW),
	ATIME("strictatime", MOUNT_ATTR_STRICTATIME),
	CLEAR("suid", MOUNT_ATTR_NOSUID),
	CLEAR("symfollow", MOUNT_ATTR_NOSYMFOLLOW),
	SUPER_SET("sync", MS_SYNCHRONOUS),
	ACT("tmpcopyup", MOUNT_TMPCOPYUP),
	PROPAGATION("unbindable", MS_UNBINDABLE),
	{ .name = NULL },
};

static int compare(const void *name, const void *row)
{
	return strcmp(name, ((const struct mount_option *)row)->name);
}

const struct mount_option *mount_option_find(const char *name)
{
	return bsearch(name, mount_options, sizeof(mount_options) / sizeof(mount_options[0]) - 1,
		       sizeof(mount_options[0]), compare);
}
