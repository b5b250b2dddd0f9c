/*
 * The text of /proc/PID/mountinfo, mount by mount (proc(5)).
 */
#ifndef OCIRUN_MOUNTINFO_H
#define OCIRUN_MOUNTINFO_H

#include <stdbool.h>

struct mountinfo {
	char *place;   /* the mount point, as it is: the kernel's escapes are undone */
	char *type;    /* of the filesystem: "cgroup2" */
	char *options; /* of the filesystem, as it writes them: "rw,cpuset" */
};

/* The next mount of *text, which is cut up in place; false at the end. Lines of another form are
 * passed over. */
bool mountinfo_next(char **text, struct mountinfo *out);

#endif
