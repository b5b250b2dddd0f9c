#!/usr/bin/env bats
# shellcheck shell=bats
# As a plain user, without any privilege: one id mapped, no cgroup.
load helpers

setup_file() { :; }

# As user 54321: the program, and what the test then finds.
USER_ID=54321
as_user() { setpriv --reuid $USER_ID --regid $USER_ID --clear-groups --inh-caps=-all --bounding-set=-all env -i PATH="$PATH" XDG_RUNTIME_DIR="$T/xdg" "$@"; }
oci_user() { as_user timeout --foreground -k 1 30 "$OCIRUN" "$@" 3>&-; }

rootless() {
	need_root
	[ -x "$OCIRUN" ] && as_user test -x "$OCIRUN" || skip "another user can't reach $OCIRUN"
	as_user unshare -U true 2>/dev/null || skip "plain users may not make user namespaces here"
	mkdir -m 700 "$T/xdg"
	rm "$B/config.json"
	chown -R $USER_ID:$USER_ID "$T"
	chown -h root:root "$B/rootfs/bin/payload" "$B/rootfs/bin/busybox"
	as_user "$OCIRUN" spec --rootless --bundle "$B"
	config '.process.terminal = false | .root.readonly = false'
	chown $USER_ID "$B/config.json"
}

teardown_user() { for id in $(oci_user list -q); do oci_user delete --force "$id"; done; }

@test "spec --rootless maps the caller's own id" {
	rootless
	equal "$(jq -c '.linux.uidMappings, .linux.gidMappings' "$B/config.json" | tr '\n' ' ')" \
		"[{\"containerID\":0,\"hostID\":$USER_ID,\"size\":1}] [{\"containerID\":0,\"hostID\":$USER_ID,\"size\":1}] "
	jq -e '[.linux.namespaces[].type] | index("user")' "$B/config.json" >/dev/null
}

@test "a plain user runs the container that spec --rootless describes" {
	rootless
	payload ids ns host
	try oci_user --cgroup-manager disabled run --bundle "$B" "$C"
	assert_success
	line uid=0
	line gid=0
	line pid=1
	equal "$(value uid_map | tr -s ' ')" " 0 $USER_ID 1"
	equal "$(value setgroups)" deny
}

@test "a plain user needs no option for cgroups that can't be made, or is told which" {
	rootless
	payload say hello
	try oci_user run --bundle "$B" "$C"
	[ "$status" -eq 0 ] || assert_error cgroup disabled
}

@test "the default configuration's mounts and devices work for a plain user" {
	rootless
	payload mounts access /dev/null stat /dev/zero access /proc/self/comm
	try oci_user --cgroup-manager disabled run --bundle "$B" "$C"
	assert_success
	matches 'mount=/proc proc .*'
	matches 'mount=/dev tmpfs .*'
	matches 'mount=/dev/pts devpts .*'
	matches 'mount=/dev/mqueue mqueue .*'
	matches 'mount=/sys sysfs .* ro,.*'
	line 'write=/dev/null yes'
	matches 'stat=/dev/zero c .* 1:5 0'
}

@test "a plain user's state is below XDG_RUNTIME_DIR" {
	rootless
	payload sleep 100
	try oci_user --cgroup-manager disabled run --detach --bundle "$B" "$C"
	assert_success
	[ -d "$T/xdg/ocirun/$C" ] || fail "$(find "$T/xdg")"
	try oci_user state "$C"
	assert_success
	equal "$(jq -r .status <<<"$out")" running
	try oci_user kill "$C" KILL
	assert_success
	try oci_user delete --force "$C"
	assert_success
	absent "$T/xdg/ocirun/$C"
}

@test "the lifecycle works for a plain user" {
	rootless
	payload say hello sleep 100
	status=0
	oci_user --cgroup-manager disabled create --bundle "$B" "$C" >"$T/console.$C" 2>"$T/err" || status=$?
	err=$(<"$T/err")
	assert_success
	try oci_user start "$C"
	assert_success
	until_line hello
	try oci_user delete "$C"
	assert_error "is not stopped: running"
	try oci_user delete --force "$C"
	assert_success
}

@test "files that a plain user's container makes belong to that user" {
	rootless
	payload write /tmp/new text
	try oci_user --cgroup-manager disabled run --bundle "$B" "$C"
	assert_success
	equal "$(stat -c %u:%g "$B/rootfs/tmp/new")" "$USER_ID:$USER_ID"
}

@test "a mapping that a plain user may not have is an error that names the field" {
	rootless
	config '.linux.uidMappings = [{containerID: 0, hostID: 0, size: 1}]'
	chown $USER_ID "$B/config.json"
	try oci_user --cgroup-manager disabled run --bundle "$B" "$C"
	assert_error linux.uidMappings
	until_true no_processes
}

@test "a plain user without a user namespace in config.json is told" {
	rootless
	config '.linux.namespaces |= map(select(.type != "user")) | del(.linux.uidMappings, .linux.gidMappings)'
	chown $USER_ID "$B/config.json"
	try oci_user --cgroup-manager disabled run --bundle "$B" "$C"
	[ "$status" -eq 1 ] || fail
	contains "$err" user
}

@test "a plain user's terminal works" {
	rootless
	config '.process.terminal = true'
	chown $USER_ID "$B/config.json"
	payload tty
	try as_user "$PYTHON" "$here/terminal.py" -- "$OCIRUN" --cgroup-manager disabled run --bundle "$B" "$C"
	line tty_controlling=yes
	line @exit=0
}

@test "inside a user namespace with root's id, as podman unshare has it" {
	rootless
	payload ids
	config 'del(.linux.uidMappings, .linux.gidMappings) | .linux.namespaces |= map(select(.type != "user"))'
	chown $USER_ID "$B/config.json"
	try as_user unshare -Ur -m timeout 30 "$OCIRUN" --cgroup-manager disabled run --bundle "$B" "$C"
	assert_success
	line uid=0
	line pid=1
}
