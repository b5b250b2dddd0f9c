/*
 * Texts of the host's that are cut up by hand. The first byte chooses: /proc/self/mountinfo (M),
 * /proc/self/cgroup (C, behind a mountinfo that has all hierarchies), an annotation
 * org.systemd.property.NAME with its GVariant text behind a newline (A), a cgroupsPath for systemd
 * (U).
 */
#include "tests/fuzz/fuzz.h"

#include "runtime/parent/cgroup.h"
#include "runtime/parent/systemd_unit.h"

#define PROPERTY "org.systemd.property."

static void use_all(const struct cgroup_hierarchies *all)
{
	for (size_t i = 0; i < all->n; i++) {
		use(all->v[i].name);
		use(all->v[i].mount_point);
		use(all->v[i].own);
		for (size_t k = 0; k < all->v[i].options.n; k++)
			use(all->v[i].options.v[k]);
	}
}

static void fuzz_mountinfo(struct arena *a, char *text)
{
	struct cgroup_hierarchies all = { 0 };

	cgroup_mounted(a, text, &all);
	use_all(&all);
}

static void fuzz_cgroup(struct arena *a, char *text)
{
	char mounted[] =
		"30 29 0:26 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
		"31 29 0:27 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
		"32 29 0:28 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd\n";
	struct cgroup_hierarchies all = { 0 };

	cgroup_mounted(a, mounted, &all);
	need(all.n == 3);
	cgroup_find_own(text, &all);
	use_all(&all);
}

static void fuzz_annotation(struct arena *a, char *text)
{
	static struct dbus_bytes b;
	char *value = strchr(text, '\n'), *key;
	struct error e = ERROR_NONE;

	b.n = 0;
	b.full = false;
	if (value)
		*value++ = 0;
	key = arena_printf(a, PROPERTY "%s", text);
	struct pair pair = { key, value ? value : text };
	const struct pairs pairs = { 1, &pair };
	/* Taken, or refused with a reason. */
	if (systemd_put_annotations(&b, &pairs, &e) < 0)
		need(*e.text);
	need(b.n <= sizeof(b.v));
}

static void fuzz_unit(struct arena *a, char *text)
{
	struct systemd_unit unit = { 0 };
	struct error e = ERROR_NONE;

	if (systemd_unit_resolve(a, text, "c1", false, &unit, &e) < 0) {
		need(*e.text);
		return;
	}
	/* Whatever it was, it stays below the manager's cgroup. */
	need(unit.path[0] == '/' && !strstr(unit.path, "/../") && !strchr(unit.name, '/') &&
	     !strchr(unit.slice, '/'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a;

	if (!size)
		return 0;
	reserve(&a, (size_t)64 << 20);
	char *text = as_text(data + 1, size - 1);
	switch (data[0]) {
	case 'C': fuzz_cgroup(&a, text); break;
	case 'A': fuzz_annotation(&a, text); break;
	case 'U': fuzz_unit(&a, text); break;
	default: fuzz_mountinfo(&a, text);
	}
	free(text);
	arena_free(&a);
	return 0;
}
