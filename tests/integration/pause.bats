#!/usr/bin/env bats
# shellcheck shell=bats
# pause and resume: by the freezer of cgroup v1 where this host has it, and by that of cgroup v2.
load helpers

size_of_log() { stat -c %s "$B/rootfs/tmp/log"; }
stands_still() {
	local before
	before=$(size_of_log)
	sleep 0.3
	equal "$(size_of_log)" "$before"
}
goes_on() {
	local before
	before=$(size_of_log)
	grows() { [ "$(size_of_log)" -gt "$before" ]; }
	until_true grows || fail "does not go on"
}
# A container of three processes that never rest, and fork.
busy() {
	config '.linux.namespaces |= map(select(.type != "network"))'
	touch "$B/rootfs/tmp/log"
	shell 'busy() { while :; do echo x; $(true); done >>/tmp/log; }; busy & busy & busy'
	running
	goes_on
}
freezer() { # of v1, or v2; ID
	local at
	at=$(cgroups_of "${1:-$C}" | grep '^/sys/fs/cgroup/freezer/') || at=$(cgroups_of "${1:-$C}" | grep "^$(cgroup2_at)/")
	echo "$at"
}

pause_and_resume() {
	busy
	for _ in 1 2 3; do
		try oci pause "$C"
		assert_success
		equal "$out$err" ""
		stands_still
		state_is paused
		try oci resume "$C"
		assert_success
		equal "$out$err" ""
		goes_on
		state_is running
	done
}

@test "a paused container stands still, and goes on when resumed" {
	pause_and_resume
}

@test "pure v2: a paused container stands still, and goes on when resumed" {
	pure_v2
	pause_and_resume
}

@test "pause returns when all of it is frozen" {
	busy
	for _ in {1..5}; do
		oci pause "$C"
		grep -q -e '^FROZEN$' -e '^frozen 1$' "$(freezer)/freezer.state" "$(freezer)/cgroup.events" 2>/dev/null || fail "$(freezer) is not frozen"
		oci resume "$C"
	done
}

@test "a created container can be paused; it can't be started until it is resumed" {
	create
	assert_success
	try oci pause "$C"
	assert_success
	state_is paused
	start
	assert_error "cannot start a container that is paused"
	try oci resume "$C"
	assert_success
	state_is created
	start
	assert_success
}

@test "what is neither running nor paused can't be paused or resumed" {
	for command in pause resume; do
		try oci $command "$C"
		assert_error "$command $C: container does not exist"
	done
	payload sleep 100
	running
	try oci resume "$C"
	assert_error "resume $C: container not paused"
	oci pause "$C"
	try oci pause "$C"
	assert_error "pause $C: container paused"
	state_is paused
	oci kill "$C" KILL
	until_state stopped
	try oci pause "$C"
	assert_error "pause $C: container not running"
	try oci resume "$C"
	assert_error "resume $C: container not paused"
}

@test "a container that is still being created can't be paused or updated" {
	create_in_hook 0
	# Its create holds it.
	try oci pause "$C"
	first=$status said=$err
	try oci update --pids-limit 5 "$C"
	touch "$T/go"
	wait "$creator"
	assert_error "another ocirun works on container $C"
	equal "$first" 1
	contains "$said" "another ocirun works on container $C"
}

@test "a KILL ends a paused container, alone and with --all, and so does delete --force" {
	for end in "kill $C KILL" "kill --all $C KILL" "delete --force $C"; do
		busy
		oci pause "$C"
		before=$SECONDS
		# shellcheck disable=SC2086
		try oci $end
		assert_success
		[[ $end == delete* ]] || until_state stopped
		[ $((SECONDS - before)) -lt 5 ] || fail "$end took $((SECONDS - before)) s"
		oci delete --force "$C"
	done
}

@test "a cgroup above that is frozen is named by resume" {
	local -a tops=()
	[ ! -e /sys/fs/cgroup/freezer/cgroup.procs ] || tops+=("/sys/fs/cgroup/freezer freezer.state FROZEN THAWED")
	[ "$(cgroup_mode)" != v2 ] || tops+=("/sys/fs/cgroup cgroup.freeze 1 0")
	for one in "${tops[@]}"; do
		read -r top file freeze thaw <<<"$one"
		mkdir "$top/$C-above"
		config --arg path "/$C-above/$C" '.linux.cgroupsPath = $path'
		payload sleep 100
		running
		oci pause "$C"
		echo "$freeze" >"$top/$C-above/$file"
		try oci resume "$C"
		echo "$thaw" >"$top/$C-above/$file"
		assert_error "the container stays frozen by the cgroup above, $top/$C-above"
		until_state running
		oci delete --force "$C"
		until_true rmdir "$top/$C-above"
	done
}

@test "a new cgroup below a frozen one is an error, and create does not hang" {
	local -a tops=()
	[ "$(cgroup_mode)" = v1 ] || tops+=("$(cgroup2_at) cgroup.freeze 1 0")
	[ ! -e /sys/fs/cgroup/freezer/cgroup.procs ] || tops+=("/sys/fs/cgroup/freezer freezer.state FROZEN THAWED")
	for one in "${tops[@]}"; do
		read -r top file freeze thaw <<<"$one"
		mkdir "$top/$C-above"
		echo "$freeze" >"$top/$C-above/$file"
		config --arg path "/$C-above/a/b" '.linux.cgroupsPath = $path'
		try timeout -k 1 20 "$OCIRUN" --root "$ROOT" create --bundle "$B" "$C" 3>&-
		echo "$thaw" >"$top/$C-above/$file"
		rmdir "$top/$C-above" || fail "something is left below it"
		assert_error "linux.cgroupsPath: container's cgroup unexpectedly frozen: $top/$C-above/a/b"
	done
}

@test "a threaded cgroup, or one below it, is an error" {
	need_cgroup2
	at=$(cgroup2_at)
	mkdir -p "$at/$C-threads/one"
	echo threaded >"$at/$C-threads/one/cgroup.type" || fail "no threaded cgroups"
	for path in one one/new new; do
		config --arg path "/$C-threads/$path" '.linux.cgroupsPath = $path'
		container
		[ "$status" -eq 1 ] || break
		[[ $err == *"linux.cgroupsPath: "*"takes threads only"*"$C-threads/$path"* ]] || break
	done
	rmdir "$at/$C-threads/one" "$at/$C-threads" || fail "something is left"
	assert_error "takes threads only, no processes (cgroup.type): $at/$C-threads/$path"
	equal "$path" new
}

@test "pure v2: what does not freeze is an error after a while, and is thawed again" {
	pure_v2
	payload sleep 100
	running
	dir=$(cgroups_of "$C")
	printf 'populated 1\nfrozen 0\n' >"$T/events"
	"${IN[@]}" mount --bind "$T/events" "/sys/fs/cgroup${dir#"$(cgroup2_at)"}/cgroup.events"
	try oci pause "$C"
	assert_error "freeze the cgroup" "timed out" "it is thawed again"
	equal "$(cat "$dir/cgroup.freeze")" 0
	state_is running
}

@test "without a cgroup of its own a container can't be paused, which is an error" {
	payload sleep 100
	oci --cgroup-manager disabled run --detach --bundle "$B" "$C" >"$T/console.$C" 2>&1
	try oci pause "$C"
	assert_error "the container has no cgroup of its own"
	state_is running
}
