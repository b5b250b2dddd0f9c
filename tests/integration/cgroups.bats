#!/usr/bin/env bats
# shellcheck shell=bats
# config-linux.md, Control groups: the container's own, on the hierarchies of this host and on a pure cgroup2.
load helpers

# The cgroup of process 1 of the container, as the host sees it: all lines of /proc/PID/cgroup.
host_cgroups() { cat "/proc/$(pid_of)/cgroup"; }

in_own_cgroup() { # PATH
	payload spawn-children 1 say ready sleep 100
	running
	until_line ready
	contains "$(host_cgroups | sed -n 's/^0:://p')" "$1"
}

# --- as this host is ----------------------------------------------------------------------------------------------------------------------

@test "a container is in a cgroup of its own" {
	payload sleep 100
	running
	[ -n "$(cgroups_of "$C")" ] || fail "no cgroup"
	while IFS=: read -r number controllers path; do
		contains "$path" "$C"
	done <<<"$(if [ "$(cgroup_mode)" = v2 ]; then host_cgroups | grep '^0:'; else host_cgroups | grep -v 'name='; fi)"
}

@test "the cgroup is there before start, and its process in it" {
	create
	assert_success
	dir=$(cgroups_of "$C" | grep -E '/(unified|cgroup)/' | head -n 1)
	[ -n "$dir" ] || dir=$(cgroups_of "$C" | head -n 1)
	grep -qx "$(pid_of)" "$dir/cgroup.procs" || fail "$dir: $(cat "$dir/cgroup.procs")"
}

@test "cgroupsPath says where" {
	config --arg path "/$C-parent/child" '.linux.cgroupsPath = $path'
	payload sleep 100
	running
	grep -q "/$C-parent/child$" <<<"$(host_cgroups)" || fail "$(host_cgroups)"
}

@test "a relative cgroupsPath works too" {
	config --arg path "$C-relative" '.linux.cgroupsPath = $path'
	payload sleep 100
	running
	grep -q "/$C-relative$" <<<"$(host_cgroups)" || fail "$(host_cgroups)"
}

@test "a cgroupsPath can't lead out of the hierarchy" {
	for path in "/../$C-up" "../../../$C-up" "/$C/../../$C-up"; do
		config --arg path "$path" '.linux.cgroupsPath = $path'
		container
		[ "$status" -eq 0 ] || assert_error linux.cgroupsPath
		absent "/sys/fs/$C-up"
		absent "/sys/$C-up"
	done
}

@test "the cgroup is gone after delete" {
	payload spawn-children 3 say ready sleep 100
	running
	until_line ready
	oci delete --force "$C"
	no_cgroups || fail "$(cgroups_of "$C")"
}

@test "the parents that create made are gone after delete, those it found are not" {
	at=$(cgroup2_at)
	mkdir "$at/$C-there"
	config --arg path "/$C-there/made/child" '.linux.cgroupsPath = $path'
	payload sleep 100
	running
	oci delete --force "$C"
	[ -d "$at/$C-there" ] || fail "removed what it had not made"
	find /sys/fs/cgroup -depth -type d -path "*$C-there*" -exec rmdir {} +
}

@test "a cgroup that has processes already is an error that names it" {
	at=$(cgroup2_at)
	mkdir "$at/$C-busy"
	sleep 100 3>&- & sleeper=$!
	echo $sleeper >"$at/$C-busy/cgroup.procs"
	config --arg path "/$C-busy" '.linux.cgroupsPath = $path'
	container
	first=$status
	kill $sleeper || fail "the processes that were there are gone"
	wait $sleeper || true
	find /sys/fs/cgroup -depth -type d -name "$C-busy" -exec rmdir {} +
	status=$first
	assert_error "$C-busy" processes
}

@test "delete ends the processes of the cgroup, with and without a pid namespace" {
	for filter in . '.linux.namespaces |= map(select(.type != "pid"))'; do
		config "$filter"
		payload spawn-children 3 spawn-orphan say ready sleep 100
		running
		until_line ready
		oci delete --force "$C"
		until_true no_processes || fail "left: $(processes_left)"
	done
}

@test "delete ends processes that went into cgroups below" {
	config '.linux.namespaces |= map(select(.type != "pid"))'
	payload spawn-children 2 say ready sleep 100
	running
	until_line ready
	dir=$(cgroups_of "$C" | grep "^$(cgroup2_at)/" | head -n 1)
	[ -n "$dir" ] || skip "no cgroup2"
	mkdir -p "$dir/a/b"
	console | sed -n 's/^child=//p' | head -n 1 >"$dir/a/b/cgroup.procs" || fail
	oci delete --force "$C"
	until_true no_processes || fail "left: $(processes_left)"
	no_cgroups
}

@test "in a cgroup namespace the container's cgroup is /" {
	payload cgroup
	passes
	no_match "cgroup=.*$C.*"
	matches 'cgroup=0::/'
}

@test "without a cgroup namespace the container sees the host's path" {
	config '.linux.namespaces |= map(select(.type != "cgroup"))'
	payload cgroup
	passes
	matches "cgroup=0::/.*$C.*"
}

@test "the cgroup mount shows the container's own cgroup and can't be written" {
	payload list /sys/fs/cgroup access /sys/fs/cgroup
	passes
	line 'write=/sys/fs/cgroup (EROFS)'
	matches 'stat=/sys/fs/cgroup/.*'
}

@test "v1: without a cgroup namespace the cgroup mount shows no more than the container's own cgroup" {
	[ "$(cgroup_mode)" != v2 ] || skip "this host has no v1 hierarchies"
	config '.linux.namespaces |= map(select(.type != "cgroup"))'
	shell 'for f in $(ls -d /sys/fs/cgroup/cgroup.procs /sys/fs/cgroup/*/cgroup.procs 2>/dev/null); do echo "$f $(grep -c . $f)"; done'
	container
	assert_success
	# In the container's own cgroup there are its few processes; in the root cgroup there would be the host's.
	while read -r file count; do
		[ -z "$file" ] || [ "$count" -le 4 ] || fail "$file: $count"
	done <<<"$out"
}

@test "--cgroup-manager disabled makes no cgroup" {
	payload sleep 100
	status=0
	oci --cgroup-manager disabled create --bundle "$B" "$C" >"$T/console.$C" 2>"$T/err" || status=$?
	assert_success
	start
	assert_success
	no_cgroups || fail "$(cgroups_of "$C")"
	equal "$(sed 's/.*://' "/proc/$(pid_of)/cgroup" | sort -u)" "$(sed 's/.*://' /proc/self/cgroup | sort -u)"
	try oci delete --force "$C"
	assert_success
	until_true no_processes
}

@test "an unknown cgroup manager is an error that names it" {
	try oci --cgroup-manager nonsense run --bundle "$B" "$C"
	assert_error nonsense
}

@test "where no cgroup can be made, create says so and what helps" {
	hold 'for m in $(awk '"'"'$5 ~ "^/sys/fs/cgroup" {print $5}'"'"' /proc/self/mountinfo | sort -r); do mount -o remount,bind,ro $m; done'
	container
	assert_error cgroup
	contains "${err,,}" "read-only file system"
	contains "$err" disabled
	equal "$(ls -A "$ROOT")" ""
	try oci --cgroup-manager disabled run --bundle "$B" "$C"
	assert_success
}

@test "a failed create removes the cgroup it made" {
	args /no/such/program
	create
	assert_error
	no_cgroups
}

@test "memory limits are not supported yet, and that is said" {
	config '.linux.resources = {memory: {limit: 10000000}}'
	container
	assert_error "linux.resources.memory.limit: not supported yet"
}

@test "device rules are a warning: they are not enforced yet" {
	config '.linux.resources = {devices: [{allow: false, access: "rwm"}]}'
	payload say hello
	passes
	line hello
	contains "$err" linux.resources.devices
}

@test "resources that ask for nothing are accepted" {
	config '.linux.resources = {memory: {}, cpu: {shares: 0, quota: 0}, pids: {}, blockIO: {}, hugepageLimits: [], network: {}, unified: {}}'
	passes
}

# --- a pure cgroup2 ------------------------------------------------------------------------------------------------------------------------

@test "pure v2: a container is born in its own cgroup, and it is removed" {
	pure_v2
	in_own_cgroup "$C"
	dir=$(cgroups_of "$C" | head -n 1)
	equal "$(wc -l <"$dir/cgroup.procs")" 2
	oci delete --force "$C"
	no_cgroups || fail "$(cgroups_of "$C")"
}

@test "pure v2: cgroupsPath says where" {
	pure_v2
	config --arg path "/$C-parent/child" '.linux.cgroupsPath = $path'
	in_own_cgroup "/$C-parent/child"
}

@test "pure v2: the cgroup mount is the container's own and read-only" {
	pure_v2
	payload mounts access /sys/fs/cgroup/cgroup.procs cgroup file /sys/fs/cgroup/cgroup.procs
	passes
	matches 'mount=/sys/fs/cgroup cgroup2 .* ro,nosuid,nodev,noexec.*'
	line 'write=/sys/fs/cgroup/cgroup.procs (EROFS)'
	line cgroup=0::/
	line file=1
}

@test "pure v2: without a cgroup namespace the program finds its cgroup where /proc/self/cgroup says, read-only" {
	pure_v2
	config '.linux.namespaces |= map(select(.type != "cgroup"))'
	shell 'path=/sys/fs/cgroup$(sed -n s/^0:://p /proc/self/cgroup); echo "$path"; grep -x 1 "$path/cgroup.procs"; mkdir "$path/new" || mkdir /sys/fs/cgroup/new || echo read-only'
	ln -s busybox "$B/rootfs/bin/sed"
	passes
	matches "/sys/fs/cgroup/.*$C"
	line 1
	line read-only
}

@test "pure v2: a writable cgroup mount can be used" {
	pure_v2
	config '.mounts |= map(if .type == "cgroup" then .options -= ["ro"] else . end)'
	shell 'mkdir /sys/fs/cgroup/sub && echo $$ >/sys/fs/cgroup/sub/cgroup.procs && cat /proc/self/cgroup'
	passes
	line 0::/sub
	until_true no_cgroups
}

@test "pure v2: delete ends what is left without a pid namespace" {
	pure_v2
	config '.linux.namespaces |= map(select(.type != "pid"))'
	payload spawn-children 3 spawn-orphan say ready
	running
	until_line ready
	until_state stopped
	try oci delete "$C"
	assert_success
	until_true no_processes || fail "left: $(processes_left)"
}

@test "pure v2: kill --all reaches every process" {
	pure_v2
	config '.linux.namespaces |= map(select(.type != "pid"))'
	payload spawn-children 2 spawn-orphan say ready sleep 100
	running
	until_line ready
	try oci kill --all "$C" KILL
	assert_success
	until_true no_processes || fail "left: $(processes_left)"
}

@test "pure v2: a user namespace goes with it" {
	pure_v2
	user_namespace
	payload mounts cgroup
	passes
	matches 'mount=/sys/fs/cgroup cgroup2 .*'
	line cgroup=0::/
}

@test "pure v2: --cgroup-manager disabled makes no cgroup" {
	pure_v2
	payload cgroup
	try oci --cgroup-manager disabled run --bundle "$B" "$C"
	assert_success
	no_cgroups
}

@test "pure v2: where no cgroup can be made, create says so" {
	pure_v2
	"${IN[@]}" mount -o remount,bind,ro /sys/fs/cgroup
	container
	assert_error cgroup
	contains "${err,,}" "read-only file system"
}

@test "pure v2: a create that fails because of others' processes in the cgroup leaves them alive" {
	pure_v2
	at=$(cgroup2_at)
	mkdir "$at/$C-busy"
	sleep 100 3>&- & sleeper=$!
	HOLDERS+=("$sleeper")
	echo $sleeper >"$at/$C-busy/cgroup.procs"
	config --arg path "/$C-busy" '.linux.cgroupsPath = $path'
	container
	kill $sleeper || fail "the processes that were there are gone"
	wait $sleeper || true
	rmdir "$at/$C-busy"
	assert_error "$C-busy" processes
}
