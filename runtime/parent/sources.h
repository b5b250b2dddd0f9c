/*
 * What init may not open, map or make itself: the parent's answers to MESSAGE_OPEN and
 * MESSAGE_DEVICE, with the host's rights. create.c calls it while it accompanies init.
 */
#ifndef OCIRUN_SOURCES_H
#define OCIRUN_SOURCES_H

#include "runtime/parent/spawn.h"

/* User namespaces that only exist for their maps, one for each mapping that mounts ask for. */
struct sources {
	const struct spawn *spawn;
	struct arena *arena;
	LIST_OF(struct source_map) maps;
};

struct source_map {
	const struct spec_mount *first; /* that asked for it */
	int fd;
};

/*
 * Answer for the rootfs (index -1) or for mounts[index]. The descriptor is that of the file; of an
 * id-mapped bind mount the mapped clone of the source, mounted nowhere; of another id-mapped mount
 * `tree`, which init has sent, mapped. What can't be had is an error that init gets.
 */
MUST_CHECK int sources_open(struct sources *s, int32_t index, int tree, struct error *e);

/* Answer for devices[index] of the plan: a descriptor of a mount of the device, mounted nowhere. */
MUST_CHECK int sources_make_device(const struct sources *s, int32_t index, struct error *e);

void sources_close(struct sources *s);

#endif
