/* A bundle in a temporary directory, and its plan, for the tests of resolving and of the plan. */
#ifndef OCIRUN_BUNDLE_H
#define OCIRUN_BUNDLE_H

#include "place.h"

#include "runtime/parent/resolve.h"

struct resolved {
	struct arena arena; /* of the bundle; free it with resolved_free() */
	struct bundle b;
	struct error e;
};

/* No cgroups: they are the host's. */
static UNUSED struct create_options options_of(const char *bundle)
{
	return (struct create_options){ .id = "c1",
					.bundle = bundle,
					.cgroup_manager = CGROUP_DISABLED };
}

/* Load and resolve with these options: 0, or -1 with r->e. */
static UNUSED int resolve_with(const struct create_options *o, struct resolved *r)
{
	memset(r, 0, sizeof(*r));
	if (resolve_load(o, &r->arena, &r->b, &r->e) < 0)
		return -1;
	return resolve_plan(o, &r->arena, &r->b, &r->e);
}

/* The same of a bundle with this config.json and an empty rootfs. */
static UNUSED int resolve_config(struct place *p, const char *config, struct resolved *r)
{
	struct create_options o = options_of(p->path);

	if (mkdir(in(p, "rootfs"), 0755) < 0)
		assert_int_equal(errno, EEXIST);
	write_text(in(p, "config.json"), config);
	return resolve_with(&o, r);
}

static UNUSED void resolved_free(struct resolved *r)
{
	if (r->arena.base)
		arena_free(&r->arena);
}

#endif
