#!/usr/bin/env bats
# shellcheck shell=bats
# process.apparmorProfile, process.selinuxLabel, linux.mountLabel: the errors of a host without them, and what the program sees on one that has
# them.
load helpers

# --- a host without them -------------------------------------------------------------------------------------------------------------

apparmor() { [ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" = Y ]; }
selinux() { [ "$(stat -f -c %t /sys/fs/selinux 2>/dev/null)" = f97cff8c ]; }

@test "without AppArmor a profile is an error that says so" {
	! apparmor || skip "this host has AppArmor"
	config '.process.apparmorProfile = "container-default"'
	create
	assert_error "process.apparmorProfile: AppArmor is not enabled on this host" "leave it out"
	equal "$(ls -A "$ROOT")" ""
}

@test "without SELinux a label is an error that says so" {
	! selinux || skip "this host has SELinux"
	for field in process.selinuxLabel linux.mountLabel; do
		base_config >"$B/config.json"
		config ".$field = \"system_u:object_r:container_file_t:s0:c1,c2\""
		create
		assert_error "$field: SELinux is not enabled on this host" "leave it out"
		equal "$(ls -A "$ROOT")" ""
	done
}

@test "empty labels ask for nothing" {
	config '.process.apparmorProfile = "" | .process.selinuxLabel = "" | .linux.mountLabel = ""'
	payload true
	passes
}

@test "a label that is no string is an error that names it" {
	for field in process.apparmorProfile process.selinuxLabel linux.mountLabel; do
		base_config >"$B/config.json"
		config ".$field = 7"
		container
		assert_error "$field: "
	done
}

# What can be seen of the way there without AppArmor: the host only seems to have it, and the kernel refuses.
@test "a profile is written through a procfs of our own, and the error has the words that callers know" {
	! apparmor || skip "this host has AppArmor"
	hold 'mount -t tmpfs tmpfs /sys/module; mkdir -p /sys/module/apparmor/parameters; echo Y >/sys/module/apparmor/parameters/enabled'
	config '.process.apparmorProfile = "some-profile"'
	container
	# EINVAL: a kernel that was built with it, and booted without.
	assert_error 'process.apparmorProfile: write "exec some-profile" to `/proc/thread-self/attr/apparmor/exec`: '
	[[ $err == *"(EINVAL)"* ]] || assert_error "(ENOENT)" "apparmor_parser"
	# Neither a container without /proc nor one with a user namespace and a covered /proc is different.
	config '.mounts |= map(select(.destination != "/proc")) | .linux.maskedPaths = [] | .linux.readonlyPaths = []'
	container
	assert_error '`/proc/thread-self/attr/apparmor/exec`'
	base_config >"$B/config.json"
	config '.process.apparmorProfile = "some-profile" | .mounts |= map(select(.destination | startswith("/sys") | not)) | .linux.maskedPaths = ["/proc/kcore"]'
	user_namespace
	container
	assert_error '`/proc/thread-self/attr/apparmor/exec`'
	try oci state "$C"
	assert_error "container does not exist"
}

# --- AppArmor --------------------------------------------------------------------------------------------------------------------------

need_apparmor() {
	apparmor || skip "needs a host with AppArmor"
	type -P apparmor_parser >/dev/null || skip "needs apparmor_parser"
	PROFILE=ocirun-test-$$
	cat >"$T/profile" <<-END
		profile $PROFILE flags=(attach_disconnected,mediate_deleted) {
		  file,
		  capability,
		  network,
		  signal,
		  unix,
		  deny /tmp/denied rw,
		}
	END
	apparmor_parser -r "$T/profile" || skip "can't load a profile"
}

unload() { [ -z "${PROFILE:-}" ] || apparmor_parser -R "$T/profile"; }

confined() {
	passes
	line "lsm_label=$PROFILE (enforce)"
	line "read=/tmp/denied (EACCES)"
	line "read=/tmp/granted yes"
}

@test "the program runs under the AppArmor profile" {
	need_apparmor
	echo x >"$B/rootfs/tmp/denied"
	echo x >"$B/rootfs/tmp/granted"
	config --arg profile "$PROFILE" '.process.apparmorProfile = $profile'
	payload process access /tmp/denied access /tmp/granted
	confined
	config '.process.noNewPrivileges = false | .process.user = {uid: 1000, gid: 1000}'
	chmod 666 "$B/rootfs/tmp/"*
	confined
	user_namespace
	confined
	# The host's process keeps its own.
	[ "$(cat /proc/self/attr/current)" != "$PROFILE (enforce)" ]
	unload
}

@test "startContainer hooks run under the profile too, createContainer hooks do not" {
	need_apparmor
	config --arg profile "$PROFILE" --arg payload "$PAYLOAD" --arg out "$T/hook" '.process.apparmorProfile = $profile
		| .hooks.createContainer = [{path: $payload, args: ["payload", "to", $out, "process"]}]
		| .hooks.startContainer = [{path: "/bin/payload", args: ["payload", "to", "/tmp/hook", "process"]}]'
	payload process
	passes
	line "lsm_label=$PROFILE (enforce)"
	grep -q "^lsm_label=$PROFILE (enforce)$" "$B/rootfs/tmp/hook" || fail "$(cat "$B/rootfs/tmp/hook")"
	! grep -q "^lsm_label=$PROFILE" "$T/hook" || fail "$(cat "$T/hook")"
	unload
}

@test "a profile that is not loaded is an error with its remedy" {
	apparmor || skip "needs a host with AppArmor"
	config '.process.apparmorProfile = "ocirun-test-definitely-not-loaded"'
	create
	assert_error 'process.apparmorProfile: write "exec ocirun-test-definitely-not-loaded" to `/proc/thread-self/attr/apparmor/exec`: ' apparmor_parser
	try oci state "$C"
	assert_error "container does not exist"
}

# --- SELinux ---------------------------------------------------------------------------------------------------------------------------

LABEL=system_u:system_r:container_t:s0:c4,c5
FILES=system_u:object_r:container_file_t:s0:c4,c5

need_selinux() {
	selinux || skip "needs a host with SELinux"
	chcon -R "$FILES" "$B/rootfs" || skip "needs a policy with container_file_t"
}

@test "the program, its session keyring and its exec'd children have the SELinux label" {
	need_selinux
	config --arg wanted "$LABEL" '.process.selinuxLabel = $wanted'
	payload process keyring
	passes
	line "lsm_label=$LABEL"
	line "keyring_label=$LABEL"
	user_namespace
	passes
	line "lsm_label=$LABEL"
	line "keyring_label=$LABEL"
	shell 'cat /proc/self/attr/current'
	passes
	contains "$out" "$LABEL"
}

@test "linux.mountLabel is the label of what is mounted, commas and all" {
	need_selinux
	config --arg wanted "$FILES" '.linux.mountLabel = $wanted
		| .mounts += [{destination: "/own", type: "tmpfs", source: "tmpfs", options: ["context=\"system_u:object_r:container_file_t:s0:c1,c2\""]},
			{destination: "/old", type: "tmpfs", source: "tmpfs", options: ["iversion"]}]' # an option that only mount(2) takes
	payload label /dev/shm label /dev/pts/ptmx label /dev/mqueue label /sys/firmware label /own label /old label /proc
	passes
	for path in /dev/shm /dev/pts/ptmx /dev/mqueue /sys/firmware /old; do line "label=$path $FILES"; done
	line "label=/own system_u:object_r:container_file_t:s0:c1,c2"
	no_line "label=/proc $FILES"
}

@test "linux.mountLabel is the label of a device that is made for a user namespace" {
	need_selinux
	user_namespace
	# (the root of a new mqueue belongs to an id that is not mapped, and takes no label)
	config --arg wanted "$FILES" '.mounts |= map(select(.type != "mqueue")) | .linux.mountLabel = $wanted
		| .linux.devices = [{path: "/dev/mine", type: "c", major: 1, minor: 3}]'
	payload label /dev/mine
	passes
	line "label=/dev/mine $FILES"
}

@test "a label that the policy does not know is an error with its remedy" {
	selinux || skip "needs a host with SELinux"
	config '.process.selinuxLabel = "no such label"'
	create
	assert_error 'process.selinuxLabel: write "no such label" to `/proc/thread-self/attr/'
	config '.process.selinuxLabel = "" | .linux.mountLabel = "no such label"'
	create
	assert_error 'mounts['
	config '.mounts = [] | .linux.maskedPaths = ["/etc"]'
	create
	assert_error 'linux.maskedPaths[0]: mask /etc: mount a tmpfs filesystem'
	[ "$(cgroup_mode)" = v2 ] || {
		config '.linux.maskedPaths = [] | .mounts = [{destination: "/cgroup", type: "cgroup"}]'
		create
		assert_error 'mounts[0]' 'mount a tmpfs filesystem'
	}
}
