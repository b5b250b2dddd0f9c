/*
 * The tables of config.json: one row per field, in the order of the specification. What a row can't
 * say is in validate*.c.
 */
#include "spec/spec.h"
#include "spec/extensions.h"

#include <string.h>

static const struct json_field root_fields[] = {
	FIELD("path", struct spec_root, path, JSON_REQUIRED | JSON_NONEMPTY),
	FIELD("readonly", struct spec_root, readonly, JSON_OMITZERO),
};
static const struct json_table root_table = TABLE(struct spec_root, root_fields);

static const struct json_field mapping_fields[] = {
	FIELD("containerID", struct spec_id_mapping, container_id, JSON_REQUIRED),
	FIELD("hostID", struct spec_id_mapping, host_id, JSON_REQUIRED),
	FIELD("size", struct spec_id_mapping, size, JSON_REQUIRED),
};
const struct json_table spec_mapping_table = TABLE(struct spec_id_mapping, mapping_fields);

static const struct json_field mount_fields[] = {
	FIELD("destination", struct spec_mount, destination, JSON_REQUIRED | JSON_NONEMPTY),
	FIELD("type", struct spec_mount, type, JSON_UNSET),
	FIELD("source", struct spec_mount, source, JSON_UNSET),
	FIELD("options", struct spec_mount, options, 0),
	FIELD_LIST("uidMappings", struct spec_mount, uid_mappings, 0, &spec_mapping_table),
	FIELD_LIST("gidMappings", struct spec_mount, gid_mappings, 0, &spec_mapping_table),
};
static const struct json_table mount_table = TABLE(struct spec_mount, mount_fields);

static const struct json_field hook_fields[] = {
	FIELD("path", struct spec_hook, path, JSON_REQUIRED | JSON_NONEMPTY),
	FIELD("args", struct spec_hook, args, 0),
	FIELD("env", struct spec_hook, env, 0),
	FIELD("timeout", struct spec_hook, timeout, 0),
};
const struct json_table spec_hook_table = TABLE(struct spec_hook, hook_fields);

static const struct json_field hooks_fields[] = {
	FIELD_LIST("prestart", struct spec_hooks, prestart, 0, &spec_hook_table),
	FIELD_LIST("createRuntime", struct spec_hooks, create_runtime, 0, &spec_hook_table),
	FIELD_LIST("createContainer", struct spec_hooks, create_container, 0, &spec_hook_table),
	FIELD_LIST("startContainer", struct spec_hooks, start_container, 0, &spec_hook_table),
	FIELD_LIST("poststart", struct spec_hooks, poststart, 0, &spec_hook_table),
	FIELD_LIST("poststop", struct spec_hooks, poststop, 0, &spec_hook_table),
};
static const struct json_table hooks_table = TABLE(struct spec_hooks, hooks_fields);

static const struct json_field user_fields[] = {
	FIELD("uid", struct spec_user, uid, 0),
	FIELD("gid", struct spec_user, gid, 0),
	FIELD("umask", struct spec_user, umask, 0),
	FIELD("additionalGids", struct spec_user, additional_gids, 0),
};
static const struct json_table user_table = TABLE(struct spec_user, user_fields);

static const struct json_field console_size_fields[] = {
	FIELD("height", struct spec_console_size, height, JSON_REQUIRED),
	FIELD("width", struct spec_console_size, width, JSON_REQUIRED),
};
static const struct json_table console_size_table =
	TABLE(struct spec_console_size, console_size_fields);

static const struct json_field capabilities_fields[] = {
	FIELD_WORDS("bounding", struct spec_capabilities, bounding, JSON_LENIENT,
		    &words_capabilities),
	FIELD_WORDS("effective", struct spec_capabilities, effective, JSON_LENIENT,
		    &words_capabilities),
	FIELD_WORDS("inheritable", struct spec_capabilities, inheritable, JSON_LENIENT,
		    &words_capabilities),
	FIELD_WORDS("permitted", struct spec_capabilities, permitted, JSON_LENIENT,
		    &words_capabilities),
	FIELD_WORDS("ambient", struct spec_capabilities, ambient, JSON_LENIENT,
		    &words_capabilities),
};
static const struct json_table capabilities_table =
	TABLE(struct spec_capabilities, capabilities_fields);

static const struct json_field rlimit_fields[] = {
	FIELD_WORD("type", struct spec_rlimit, type, JSON_REQUIRED, &words_rlimits),
	FIELD("soft", struct spec_rlimit, soft, JSON_REQUIRED),
	FIELD("hard", struct spec_rlimit, hard, JSON_REQUIRED),
};
static const struct json_table rlimit_table = TABLE(struct spec_rlimit, rlimit_fields);

static const struct json_field scheduler_fields[] = {
	FIELD_WORD("policy", struct spec_scheduler, policy, JSON_REQUIRED, &words_scheduler),
	FIELD("nice", struct spec_scheduler, nice, JSON_OMITZERO),
	FIELD("priority", struct spec_scheduler, priority, JSON_OMITZERO),
	FIELD_WORDS("flags", struct spec_scheduler, flags, 0, &words_scheduler_flags),
	FIELD("runtime", struct spec_scheduler, runtime, JSON_OMITZERO),
	FIELD("deadline", struct spec_scheduler, deadline, JSON_OMITZERO),
	FIELD("period", struct spec_scheduler, period, JSON_OMITZERO),
};
static const struct json_table scheduler_table = TABLE(struct spec_scheduler, scheduler_fields);

static const struct json_field io_priority_fields[] = {
	FIELD_WORD("class", struct spec_io_priority, class, JSON_REQUIRED, &words_io_priority),
	FIELD("priority", struct spec_io_priority, priority, 0),
};
static const struct json_table io_priority_table =
	TABLE(struct spec_io_priority, io_priority_fields);

static const struct json_field cpu_affinity_fields[] = {
	FIELD("initial", struct spec_cpu_affinity, initial, JSON_UNSET),
	FIELD("final", struct spec_cpu_affinity, final, JSON_UNSET),
};
static const struct json_table cpu_affinity_table =
	TABLE(struct spec_cpu_affinity, cpu_affinity_fields);

static const struct json_field process_fields[] = {
	FIELD("terminal", struct spec_process, terminal, JSON_OMITZERO),
	FIELD_OBJECT("consoleSize", struct spec_process, console_size, 0, &console_size_table),
	FIELD_INLINE("user", struct spec_process, user, 0, &user_table),
	FIELD("args", struct spec_process, args, JSON_REQUIRED | JSON_NONEMPTY),
	FIELD("env", struct spec_process, env, 0),
	FIELD("cwd", struct spec_process, cwd, JSON_REQUIRED | JSON_NONEMPTY),
	FIELD_OBJECT("capabilities", struct spec_process, capabilities, 0, &capabilities_table),
	FIELD_LIST("rlimits", struct spec_process, rlimits, 0, &rlimit_table),
	FIELD("noNewPrivileges", struct spec_process, no_new_privileges, JSON_OMITZERO),
	FIELD("apparmorProfile", struct spec_process, apparmor_profile, JSON_UNSET),
	FIELD("oomScoreAdj", struct spec_process, oom_score_adj, 0),
	FIELD("selinuxLabel", struct spec_process, selinux_label, JSON_UNSET),
	FIELD_OBJECT("scheduler", struct spec_process, scheduler, 0, &scheduler_table),
	FIELD_OBJECT("ioPriority", struct spec_process, io_priority, 0, &io_priority_table),
	FIELD_OBJECT("execCPUAffinity", struct spec_process, exec_cpu_affinity, 0,
		     &cpu_affinity_table),
};
const struct json_table spec_process_table = TABLE(struct spec_process, process_fields);

static const struct json_field spec_fields[] = {
	FIELD("ociVersion", struct spec, oci_version, JSON_REQUIRED),
	FIELD_OBJECT("root", struct spec, root, JSON_REQUIRED, &root_table),
	FIELD_LIST("mounts", struct spec, mounts, 0, &mount_table),
	FIELD_OBJECT("process", struct spec, process, 0, &spec_process_table),
	FIELD("hostname", struct spec, hostname, JSON_UNSET),
	FIELD("domainname", struct spec, domainname, JSON_UNSET),
	FIELD_OBJECT("hooks", struct spec, hooks, 0, &hooks_table),
	FIELD("annotations", struct spec, annotations, 0),
	FIELD_OBJECT("linux", struct spec, linux, 0, &spec_linux_table),
};
const struct json_table spec_table = TABLE(struct spec, spec_fields);

int spec_read(struct arena *a, const char *text, size_t length, struct spec **out,
	      struct strings *warnings, struct error *e)
{
	struct spec *s = arena_new(a, struct spec);
	int read = json_read(&spec_table, s, text, length, a, warnings, e);

	if (!s->linux)
		s->linux = arena_new(a, struct spec_linux);
	/* The rules across fields need whole structs; the version stands alone, and explains much. */
	if (read && s->oci_version)
		spec_validate_version(s->oci_version, e);
	if (read)
		return -1;
	extensions_apply(s, a, e);
	if (spec_validate(s, e) || e->problems)
		return -1;
	*out = s;
	return 0;
}
