/*
 * words.c and mount_options.c: the vocabularies are complete, without doubles, and the mount
 * options give mount_setattr(2) valid masks.
 */
#include "unit.h"

#include "spec/words.h"

#include <linux/capability.h>
#include <linux/mount.h>
#include <signal.h>
#include <sys/resource.h>

static const struct words *const all[] = {
	&words_namespaces,      &words_capabilities,  &words_rlimits,
	&words_propagation,     &words_device_types,  &words_scheduler,
	&words_scheduler_flags, &words_io_priority,   &words_personality,
	&words_memory_modes,    &words_memory_flags,  &words_seccomp_actions,
	&words_seccomp_archs,   &words_seccomp_flags, &words_seccomp_operators,
	&words_hooks,           &words_signals,
};

static void every_vocabulary(void **state UNUSED)
{
	for (size_t i = 0; i < COUNT(all); i++) {
		assert_true(all[i]->n > 1 && *all[i]->what);
		for (size_t k = 0; k < all[i]->n; k++) {
			uint64_t value;
			const char *name;

			assert_true(word_value(all[i], all[i]->v[k].name, &value));
			assert_int_equal(value, all[i]->v[k].value);
			name = word_name(all[i], value);
			assert_non_null(name);
			assert_true(word_value(all[i], name, &value) &&
				    value == all[i]->v[k].value);
			for (size_t j = 0; j < k; j++)
				assert_string_not_equal(all[i]->v[j].name, all[i]->v[k].name);
		}
	}
}

static void sizes(void **state UNUSED)
{
	uint64_t value = 0;

	assert_int_equal(words_capabilities.n, CAP_LAST_CAP + 1);
	for (int i = 0; i <= CAP_LAST_CAP; i++)
		assert_non_null(word_name(&words_capabilities, 1ull << i));
	assert_int_equal(words_rlimits.n, RLIM_NLIMITS);
	for (uint64_t i = 0; i < RLIM_NLIMITS; i++)
		assert_non_null(word_name(&words_rlimits, i));
	assert_int_equal(words_namespaces.n, 8);
	assert_int_equal(words_seccomp_archs.n, 23);
	for (uint64_t i = 0; i < words_seccomp_archs.n; i++)
		assert_int_equal(words_seccomp_archs.v[i].value, i);
	assert_int_equal(words_seccomp_actions.n, 9);
	assert_int_equal(words_seccomp_operators.n, 7);
	assert_int_equal(words_scheduler.n, 7);
	assert_int_equal(words_memory_modes.n, 7);
	for (int i = 1; i < 32; i++)
		assert_non_null(word_name(&words_signals, (uint64_t)i));
	assert_false(word_value(&words_capabilities, "cap_chown", &value));
	assert_false(word_value(&words_capabilities, "", &value));
	assert_null(word_name(&words_capabilities, 3));
}

static void signals(void **state UNUSED)
{
	static const struct {
		const char *text;
		int value;
	} cases[] = {
		{ "9", 9 },         { "KILL", 9 },        { "SIGKILL", 9 },
		{ "sigkill", 9 },   { "term", SIGTERM },  { "SIGRTMIN+3", 37 },
		{ "RTMIN", 34 },    { "rtmax", 64 },      { "RTMAX-1", 63 },
		{ "RTMIN+30", 64 }, { "0", 0 },           { "64", 64 },
		{ "65", -1 },       { "-1", -1 },         { "+9", -1 },
		{ "", -1 },         { "SIG", -1 },        { "SIGSIGKILL", -1 },
		{ "RTMIN+31", -1 }, { "RTMIN+", -1 },     { "RTMIN-1", -1 },
		{ "RTMAX+1", -1 },  { "9 ", -1 },         { " 9", -1 },
		{ "0x9", -1 },      { "4294967305", -1 }, { "99999999999999999999", -1 },
		{ "IOT", SIGABRT }, { "CLD", SIGCHLD },   { "POLL", SIGIO },
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		if (signal_parse(cases[i].text) != cases[i].value)
			fail_msg("\"%s\" is %d", cases[i].text, signal_parse(cases[i].text));
}

static void mount_options_sorted(void **state UNUSED)
{
	size_t n = 0;

	for (const struct mount_option *o = mount_options; o->name; o++, n++) {
		assert_true(o == mount_options || strcmp(o[-1].name, o->name) < 0);
		assert_ptr_equal(mount_option_find(o->name), o);
		/* The kernel refuses a part of the access time field. */
		assert_true(!(o->attr_clear & MOUNT_ATTR__ATIME) ||
			    (o->attr_clear & MOUNT_ATTR__ATIME) == MOUNT_ATTR__ATIME);
		assert_true(!(o->attr_set & MOUNT_ATTR__ATIME) ||
			    (o->attr_clear & MOUNT_ATTR__ATIME));
	}
	assert_int_equal(n, 70);
	assert_null(mount_option_find("mode=755"));
	assert_null(mount_option_find(""));
	assert_null(mount_option_find("RO"));
}

/* Every option of config.md's table. */
static void mount_options_complete(void **state UNUSED)
{
	static const char *const names[] = {
		"async",
		"atime",
		"bind",
		"defaults",
		"dev",
		"diratime",
		"dirsync",
		"exec",
		"iversion",
		"lazytime",
		"loud",
		"mand",
		"noatime",
		"nodev",
		"nodiratime",
		"noexec",
		"noiversion",
		"nolazytime",
		"nomand",
		"norelatime",
		"nostrictatime",
		"nosuid",
		"nosymfollow",
		"private",
		"ratime",
		"rbind",
		"rdev",
		"rdiratime",
		"relatime",
		"remount",
		"rexec",
		"rnoatime",
		"rnodev",
		"rnodiratime",
		"rnoexec",
		"rnorelatime",
		"rnostrictatime",
		"rnosuid",
		"rnosymfollow",
		"ro",
		"rprivate",
		"rrelatime",
		"rro",
		"rrw",
		"rshared",
		"rslave",
		"rstrictatime",
		"rsuid",
		"rsymfollow",
		"runbindable",
		"rw",
		"shared",
		"silent",
		"slave",
		"strictatime",
		"suid",
		"symfollow",
		"sync",
		"tmpcopyup",
		"unbindable",
		"idmap",
		"ridmap",
		"copy-symlink",
		"src-nofollow",
		"dest-nofollow",
		"rsync",
		"rasync",
		"rdirsync",
		"rmand",
		"rnomand",
	};

	for (size_t i = 0; i < COUNT(names); i++)
		if (!mount_option_find(names[i]))
			fail_msg("%s is missing", names[i]);
}

static void apply(const char *words, uint64_t *set, uint64_t *clear)
{
	char copy[256], *rest = copy;

	*set = *clear = 0;
	snprintf(copy, sizeof(copy), "%s", words);
	for (char *word; (word = strsep(&rest, ","));) {
		const struct mount_option *o = mount_option_find(word);
		assert_non_null(o);
		*clear |= o->attr_clear;
		*set = (*set & ~o->attr_clear) | o->attr_set;
	}
}

static void mount_options_applied(void **state UNUSED)
{
	static const struct {
		const char *words;
		uint64_t set, clear;
	} cases[] = {
		{ "ro,nosuid", MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID, 0 },
		{ "ro,rw", 0, MOUNT_ATTR_RDONLY },
		{ "rw,ro", MOUNT_ATTR_RDONLY, MOUNT_ATTR_RDONLY },
		{ "noatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME },
		{ "noatime,strictatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME },
		{ "strictatime,relatime", 0, MOUNT_ATTR__ATIME },
		{ "noatime,atime", 0, MOUNT_ATTR__ATIME },
		{ "noatime,norelatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME },
		{ "norelatime", 0, 0 },
		{ "nodiratime,noatime", MOUNT_ATTR_NODIRATIME | MOUNT_ATTR_NOATIME,
		  MOUNT_ATTR__ATIME },
		{ "rnosymfollow,rsymfollow", 0, MOUNT_ATTR_NOSYMFOLLOW },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		uint64_t set, clear;
		apply(cases[i].words, &set, &clear);
		if (set != cases[i].set || clear != cases[i].clear)
			fail_msg("%s gives %#lx %#lx", cases[i].words, set, clear);
	}
}

static void read_only(void **state UNUSED)
{
	assert_int_equal(mount_option_find("ro")->super_set, MS_RDONLY);
	assert_int_equal(mount_option_find("rw")->super_clear, MS_RDONLY);
	assert_int_equal(mount_option_find("rro")->super_set, 0);
	assert_true(mount_option_find("rro")->recursive);
	assert_false(mount_option_find("ro")->recursive);
	assert_int_equal(mount_option_find("rslave")->propagation, MS_REC | MS_SLAVE);
	assert_int_equal(mount_option_find("ridmap")->act, MOUNT_RIDMAP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_vocabulary),
		cmocka_unit_test(sizes),
		cmocka_unit_test(signals),
		cmocka_unit_test(mount_options_sorted),
		cmocka_unit_test(mount_options_complete),
		cmocka_unit_test(mount_options_applied),
		cmocka_unit_test(read_only),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("words", tests, NULL, NULL);
}
