/*
 * The folder of a checkpoint, with the log beside the images or in a folder of its own. Its files
 * may come from anywhere: links that lead out of it, devices, FIFOs are refused before criu, which
 * follows them with our privilege, sees them; what we read and write in it ourselves never follows
 * any.
 */
#ifndef OCIRUN_CRIU_IMAGES_H
#define OCIRUN_CRIU_IMAGES_H

#include "runtime/parent/container.h"
#include "spec/arena.h"

#include <sys/types.h>

#define CRIU_DUMP_LOG "dump.log"
#define CRIU_RESTORE_LOG "restore.log"

struct criu_images {
	int directory;
	int work;        /* of the log; perhaps the same folder */
	char *work_path; /* absolute */
	const char *log; /* CRIU_DUMP_LOG or CRIU_RESTORE_LOG */
};
#define CLEAN_IMAGES __attribute__((cleanup(criu_images_close))) struct criu_images
#define CRIU_IMAGES_NONE ((struct criu_images){ .directory = -1, .work = -1 })

/* Open the folders. With a mode that of the images is made where it is missing; that of the log in
 * any case. Looks at every file. */
MUST_CHECK int criu_images_open(struct criu_images *i, const struct criu_options *o, mode_t mode,
				const char *log, struct arena *a, struct error *e);
/* Criu works in the log's folder, and mounts there: in a mount namespace of its own it must be the
 * folder as seen from there. */
MUST_CHECK int criu_images_move(const struct criu_images *i, pid_t criu, struct error *e);
void criu_images_close(struct criu_images *i);

/* descriptors.json: what 0, 1 and 2 were outside, as criu names it: "pipe:[4711]". */
MUST_CHECK int criu_descriptors_write(const struct criu_images *i, const struct strings *fds,
				      struct arena *a, struct error *e);
MUST_CHECK int criu_descriptors_read(const struct criu_images *i, struct strings *fds,
				     struct arena *a, struct error *e);

/* Why criu has failed, out of its log; false when that does not say. */
bool criu_log_reason(const struct criu_images *i, char *out, size_t size);

#endif
