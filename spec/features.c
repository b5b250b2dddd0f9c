/*
 * Fills the features document. `supported` is the one place to change when a feature comes to work:
 * the document must never promise what create then refuses.
 */
#include "spec/features.h"
#include "spec/extensions.h"
#include "spec/spec.h"
#include "spec/words.h"

#include <string.h>

/* What the runtime does of what the specification knows. */
static const struct {
	struct features_cgroup cgroup;
	bool seccomp, apparmor, selinux, memory_policy, idmap, net_devices;
	struct features_intel_rdt intel_rdt;
} supported = {
	.cgroup = { .v1 = true, .v2 = true, .systemd = true, .systemd_user = true, .rdma = true },
	.apparmor = true,
	.selinux = true,
	.memory_policy = true,
	.seccomp = true,
	.net_devices = true,
	.idmap = true,
	.intel_rdt = { .enabled = true, .schemata = true, .monitoring = true },
};

static const struct json_field cgroup_fields[] = {
	FIELD("v1", struct features_cgroup, v1, 0),
	FIELD("v2", struct features_cgroup, v2, 0),
	FIELD("systemd", struct features_cgroup, systemd, 0),
	FIELD("systemdUser", struct features_cgroup, systemd_user, 0),
	FIELD("rdma", struct features_cgroup, rdma, 0),
};
static const struct json_table cgroup_table = TABLE(struct features_cgroup, cgroup_fields);

static const struct json_field seccomp_fields[] = {
	FIELD("enabled", struct features_seccomp, enabled, 0),
	FIELD("actions", struct features_seccomp, actions, 0),
	FIELD("operators", struct features_seccomp, operators, 0),
	FIELD("archs", struct features_seccomp, archs, 0),
	FIELD("knownFlags", struct features_seccomp, known_flags, 0),
	FIELD("supportedFlags", struct features_seccomp, supported_flags, 0),
};
static const struct json_table seccomp_table = TABLE(struct features_seccomp, seccomp_fields);

static const struct json_field intel_rdt_fields[] = {
	FIELD("enabled", struct features_intel_rdt, enabled, 0),
	FIELD("schemata", struct features_intel_rdt, schemata, JSON_OMITZERO),
	FIELD("monitoring", struct features_intel_rdt, monitoring, JSON_OMITZERO),
};
static const struct json_table intel_rdt_table = TABLE(struct features_intel_rdt, intel_rdt_fields);

static const struct json_field memory_policy_fields[] = {
	FIELD("modes", struct features_memory_policy, modes, 0),
	FIELD("flags", struct features_memory_policy, flags, 0),
};
static const struct json_table memory_policy_table =
	TABLE(struct features_memory_policy, memory_policy_fields);

static const struct json_field switch_fields[] = {
	FIELD("enabled", struct features_switch, enabled, 0),
};
static const struct json_table switch_table = TABLE(struct features_switch, switch_fields);

static const struct json_field mount_extension_fields[] = {
	FIELD_INLINE("idmap", struct features_mount_extensions, idmap, 0, &switch_table),
};
static const struct json_table mount_extension_table =
	TABLE(struct features_mount_extensions, mount_extension_fields);

static const struct json_field linux_fields[] = {
	FIELD("namespaces", struct features_linux, namespaces, 0),
	FIELD("capabilities", struct features_linux, capabilities, 0),
	FIELD_INLINE("cgroup", struct features_linux, cgroup, 0, &cgroup_table),
	FIELD_INLINE("seccomp", struct features_linux, seccomp, 0, &seccomp_table),
	FIELD_INLINE("apparmor", struct features_linux, apparmor, 0, &switch_table),
	FIELD_INLINE("selinux", struct features_linux, selinux, 0, &switch_table),
	FIELD_INLINE("intelRdt", struct features_linux, intel_rdt, 0, &intel_rdt_table),
	FIELD_OBJECT("memoryPolicy", struct features_linux, memory_policy, 0, &memory_policy_table),
	FIELD_INLINE("mountExtensions", struct features_linux, mount_extensions, 0,
		     &mount_extension_table),
	FIELD_INLINE("netDevices", struct features_linux, net_devices, 0, &switch_table),
};
static const struct json_table linux_table = TABLE(struct features_linux, linux_fields);

static const struct json_field features_fields[] = {
	FIELD("ociVersionMin", struct features, oci_version_min, 0),
	FIELD("ociVersionMax", struct features, oci_version_max, 0),
	FIELD("hooks", struct features, hooks, 0),
	FIELD("mountOptions", struct features, mount_options, 0),
	FIELD_INLINE("linux", struct features, linux, 0, &linux_table),
	FIELD("annotations", struct features, annotations, 0),
	FIELD("potentiallyUnsafeConfigAnnotations", struct features, unsafe_annotations,
	      JSON_ALWAYS),
};
const struct json_table features_table = TABLE(struct features, features_fields);

static const struct json_field host_feature_fields[] = {
	FIELD("available", struct host_feature, available, 0),
	FIELD("reason", struct host_feature, reason, 0),
	FIELD("note", struct host_feature, note, 0),
	FIELD("values", struct host_feature, values, 0),
	FIELD("number", struct host_feature, number, 0),
};
static const struct json_table host_feature_table = TABLE(struct host_feature, host_feature_fields);

static const struct json_field host_features_fields[] = {
	FIELD("kernel", struct host_features, kernel, 0),
	FIELD("uid", struct host_features, uid, 0),
	FIELD("initialUserNamespace", struct host_features, initial_user_namespace, 0),
	FIELD_KEYED("features", struct host_features, features, 0, &host_feature_table),
};
const struct json_table host_features_table = TABLE(struct host_features, host_features_fields);

static struct strings names_of(const struct words *w, struct arena *a)
{
	struct strings names = { .n = w->n, .v = arena_array(a, char *, w->n + 1) };

	for (size_t i = 0; i < w->n; i++)
		names.v[i] = (char *)w->v[i].name;
	return names;
}

static struct strings mount_option_names(struct arena *a)
{
	struct strings names = { 0 };
	size_t n = 0;

	while (mount_options[n].name)
		n++;
	names.v = arena_array(a, char *, n + 1);
	for (; names.n < n; names.n++)
		names.v[names.n] = (char *)mount_options[names.n].name;
	return names;
}

static void fill_seccomp(struct features_seccomp *s, struct arena *a)
{
	s->enabled = supported.seccomp;
	if (!s->enabled)
		return;
	s->actions = names_of(&words_seccomp_actions, a);
	s->operators = names_of(&words_seccomp_operators, a);
	s->archs = names_of(&words_seccomp_archs, a);
	s->known_flags = names_of(&words_seccomp_flags, a);
	s->supported_flags = s->known_flags;
}

static void fill_linux(struct features_linux *l, struct arena *a)
{
	l->namespaces = names_of(&words_namespaces, a);
	l->capabilities = names_of(&words_capabilities, a);
	l->cgroup = supported.cgroup;
	fill_seccomp(&l->seccomp, a);
	l->apparmor.enabled = supported.apparmor;
	l->selinux.enabled = supported.selinux;
	l->intel_rdt = supported.intel_rdt;
	l->mount_extensions.idmap.enabled = supported.idmap;
	l->net_devices.enabled = supported.net_devices;
	if (supported.memory_policy) {
		l->memory_policy = arena_new(a, struct features_memory_policy);
		l->memory_policy->modes = names_of(&words_memory_modes, a);
		l->memory_policy->flags = names_of(&words_memory_flags, a);
	}
}

/*
 * org.opencontainers.runc.checkpoint.enabled is read by callers of any runtime; the rest says who
 * we are.
 */
static struct pairs fill_annotations(struct arena *a)
{
	struct pairs pairs = { .n = 2, .v = arena_array(a, struct pair, 3) };

	pairs.v[0] = (struct pair){ "ocirun.version", OCIRUN_VERSION };
	pairs.v[1] = (struct pair){ "org.opencontainers.runc.checkpoint.enabled", "true" };
	if (*OCIRUN_COMMIT)
		pairs.v[pairs.n++] = (struct pair){ "ocirun.commit", OCIRUN_COMMIT };
	return pairs;
}

/* Those that change what a container may do: an engine should not pass them on from strangers. */
static struct strings fill_unsafe_annotations(struct arena *a)
{
	struct strings names = { .n = 3, .v = arena_array(a, char *, 4) };

	names.v[0] = ANNOTATION_CRIU_CONFIG;
	names.v[1] = ANNOTATION_SYSTEMD_PROPERTY;
	names.v[2] = ANNOTATION_CRUN; /* and all that begin so */
	return names;
}

void features_fill(struct features *f, struct arena *a)
{
	*f = (struct features){
		.oci_version_min = "1.0.0",
		.oci_version_max = SPEC_VERSION,
		.hooks = names_of(&words_hooks, a),
		.mount_options = mount_option_names(a),
		.annotations = fill_annotations(a),
		.unsafe_annotations = fill_unsafe_annotations(a),
	};
	fill_linux(&f->linux, a);
}
