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
	at=$(hierarchy_at)
	mkdir "$at/$C-there"
	config --arg path "/$C-there/made/child" '.linux.cgroupsPath = $path'
	payload sleep 100
	running
	oci delete --force "$C"
	[ -d "$at/$C-there" ] || fail "removed what it had not made"
	remove_cgroups "$C-there"
}

@test "a cgroup that has processes already is an error that names it" {
	at=$(hierarchy_at)
	mkdir "$at/$C-busy"
	sleep 100 3>&- & sleeper=$!
	echo $sleeper >"$at/$C-busy/cgroup.procs"
	config --arg path "/$C-busy" '.linux.cgroupsPath = $path'
	container
	first=$status
	kill $sleeper || fail "the processes that were there are gone"
	wait $sleeper || true
	remove_cgroups "$C-busy"
	status=$first
	assert_error "container's cgroup is not empty: " "$C-busy" processes
}

# In a frozen cgroup init would never get anywhere, and create would wait for it.
frozen_is_an_error() { # DIRECTORY FILE FROZEN THAWED
	mkdir "$1/$C-frozen"
	echo "$3" >"$1/$C-frozen/$2"
	config --arg path "/$C-frozen" '.linux.cgroupsPath = $path'
	for command in run create; do
		try timeout -k 1 20 "${IN[@]}" "$OCIRUN" --root "$ROOT" $command --bundle "$B" "$C"
		[ "$status" -eq 1 ] || break
		[[ $err == *"container's cgroup unexpectedly frozen: "*"$C-frozen"* ]] || break
	done
	echo "$4" >"$1/$C-frozen/$2"
	remove_cgroups "$C-frozen"
	equal "$status" 1
	contains "$err" "container's cgroup unexpectedly frozen: " "$C-frozen"
}

@test "a frozen cgroup is an error that names it" {
	need_cgroup2
	at=$(cgroup2_at)
	frozen_is_an_error "$at" cgroup.freeze 1 0
}

@test "v1: so is one of the freezer" {
	[ -e /sys/fs/cgroup/freezer/cgroup.procs ] || skip "this host has no v1 freezer"
	frozen_is_an_error /sys/fs/cgroup/freezer freezer.state FROZEN THAWED
}

@test "v1: create that fails ends a container that its hook has frozen" {
	[ -e /sys/fs/cgroup/freezer/cgroup.procs ] || skip "this host has no v1 freezer"
	config --arg path "/$C" --arg file "/sys/fs/cgroup/freezer/$C/freezer.state" '.linux.cgroupsPath = $path
		| .hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", "echo FROZEN >\($file); exit 3"]}]'
	try timeout -k 1 10 "$OCIRUN" --root "$ROOT" create --bundle "$B" "$C" 3>&-
	assert_error "hooks.createRuntime[0]" "exit status 3"
	absent "$ROOT/$C"
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
	dir=$(cgroups_of "$C" | grep "^$(hierarchy_at)/" | head -n 1)
	mkdir -p "$dir/a/b"
	console | sed -n 's/^child=//p' | head -n 1 >"$dir/a/b/cgroup.procs" || fail
	oci delete --force "$C"
	until_true no_processes || fail "left: $(processes_left)"
	no_cgroups
}

# What create changes in a cgroup that was there before it puts back when it fails, and `delete --force` when it was killed.

fails_in_hook() {
	config '.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", "exit 3"]}]'
	container
	assert_error "hooks.createRuntime[0]"
}
is_killed_in_hook() {
	config --arg script "touch $T/in-hook; until [ -e $T/go ]; do sleep 0.02; done" \
		'.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", $script], env: ["PATH=/usr/bin:/bin"]}]'
	"${IN[@]}" "$OCIRUN" --root "$ROOT" create --bundle "$B" "$C" >/dev/null 2>"$T/err" 3>&- & creator=$!
	until_true test -e "$T/in-hook" || fail "$(cat "$T/err")"
	kill -KILL $creator
	wait $creator || touch "$T/go"
	"$@"
	try oci delete --force "$C"
	assert_success
	equal "$err" ""
}

there() {
	for dir in $(dirname /sys/fs/cgroup/{pids,memory,cpu,devices}/cgroup.procs "$(cgroup2_at)/cgroup.procs" | sort -u); do
		[ ! -e "$dir/cgroup.procs" ] || mkdir "$dir/$C-there"
	done
}
limits_there() { cat /sys/fs/cgroup/*/"$C-there"/{pids.max,memory.limit_in_bytes,cpu.cfs_quota_us} /sys/fs/cgroup/"$C-there"/{pids.max,memory.max,cpu.max} 2>/dev/null || :; }
limits_differ() { [ "$(limits_there)" != "$before" ] || fail "nothing was changed"; }

# limits_are_put_back HOW: after a create that HOW.
limits_are_put_back() {
	need_controller pids
	there
	config --arg path "/$C-there" '.linux.cgroupsPath = $path | .linux.resources = {pids: {limit: 44}, memory: {limit: 33554432}, cpu: {quota: 50000}}'
	need_controller memory && need_controller cpu
	passes
	before=$(limits_there)
	contains "$before" 44
	config '.linux.resources |= (.pids.limit = 55 | .memory.limit = 67108864 | .cpu.quota = 20000)'
	"$@"
	now=$(limits_there)
	remove_cgroups "$C-there"
	equal "$now" "$before"
}

@test "create that fails in a cgroup that was there puts back the limits it has changed" {
	limits_are_put_back fails_in_hook
}

@test "delete --force of a create that was killed in a cgroup that was there puts back the limits it had changed" {
	limits_are_put_back is_killed_in_hook limits_differ
}

@test "a container keeps its limits in a cgroup that was there when it is deleted" {
	need_controller pids
	there
	config --arg path "/$C-there" '.linux.cgroupsPath = $path | .linux.resources = {pids: {limit: 44}}'
	passes
	config '.linux.resources.pids.limit = 55'
	passes
	now=$(limits_there)
	remove_cgroups "$C-there"
	contains "$now" 55
}

device_rules_are_put_back() {
	config --arg path "/$C-there" '.linux.cgroupsPath = $path | .linux.resources.devices = [{allow: false, access: "rwm"}]
		| .linux.devices = [{path: "/dev/odd", type: "c", major: 240, minor: 77}]'
	payload access /dev/odd
	passes
	line 'read=/dev/odd (EPERM)'
	config '.linux.resources.devices = [{allow: true, access: "rwm"}]'
	"$@"
	# Whoever asks for no rules finds those that are there.
	config 'del(.linux.resources) | del(.hooks)'
	container
	# And once a container is there, its own are all that hold.
	odd=$out
	config '.linux.resources.devices = [{allow: true, access: "rwm"}]'
	passes
	remove_cgroups "$C-there"
	line 'read=/dev/odd (ENXIO)'
	out=$odd
	line 'read=/dev/odd (EPERM)'
}

@test "create that fails in a cgroup that was there puts back its device rules" {
	there
	device_rules_are_put_back fails_in_hook
}

@test "pure v2: create that fails in a cgroup that was there puts back its device rules" {
	pure_v2
	mkdir "$(cgroup2_at)/$C-there"
	device_rules_are_put_back fails_in_hook
}

@test "delete --force of a create that was killed in a cgroup that was there puts back its device rules" {
	there
	device_rules_are_put_back is_killed_in_hook
}

@test "pure v2: delete --force of a create that was killed in a cgroup that was there puts back its device rules" {
	pure_v2
	mkdir "$(cgroup2_at)/$C-there"
	device_rules_are_put_back is_killed_in_hook
}

# --- a cgroup that others use -----------------------------------------------------------------------------------------------------------------

# What else is in the hierarchies comes and goes meanwhile: find says so, and nobody asked.
remove_cgroups() {
	find /sys/fs/cgroup -depth -type d -path "*$1*" -exec rmdir {} + 2>/dev/null || :
	[ -z "$(find /sys/fs/cgroup -type d -path "*$1*" 2>/dev/null)" ]
}

@test "delete of a stopped container leaves another that is in the same cgroup alone" {
	config --arg path "/$C-shared" '.linux.cgroupsPath = $path'
	payload true
	running "$C-1"
	until_state stopped "$C-1"
	payload spawn-children 1 say ready sleep 100
	running "$C-2"
	until_line ready "$C-2"
	pid=$(pid_of "$C-2")
	try oci delete "$C-1"
	assert_success
	contains "$err" "$C-shared has processes of others and stays"
	state_is running "$C-2"
	contains "$(cat "/proc/$pid/cgroup")" "/$C-shared"
	equal "$(processes_left | wc -l)" 2
	oci delete --force "$C-2"
	remove_cgroups "$C-shared"
}

@test "a create that fails leaves what others have put into its cgroup alone" {
	config --arg path "/$C-shared" '.linux.cgroupsPath = $path'
	create_in_hook 1
	# Somebody comes between the look whether it is empty and the child's birth: no order of two creates can be forced here.
	sleep 100 3>&- & sleeper=$!
	HOLDERS+=("$sleeper")
	for dir in $(cgroups_of "$C-shared"); do echo $sleeper >"$dir/cgroup.procs"; done
	create "$C-2"
	assert_error "$C-shared" processes
	touch "$T/go"
	wait $creator && fail "its hook failed"
	kill -0 $sleeper || fail "killed"
	contains "$(cat "/proc/$sleeper/cgroup")" "/$C-shared"
	contains "$(cat "$T/err")" "$C-shared has processes of others and stays"
	for dir in $(cgroups_of "$C-shared" | sed 's|/[^/]*$||'); do echo $sleeper >"$dir/cgroup.procs"; done
	remove_cgroups "$C-shared"
}

@test "so does one that others are in by one hierarchy of v1 alone" {
	[ "$(cgroup_mode)" != v2 ] || skip "this host has no cgroup v1"
	config --arg path "/$C-shared" '.linux.cgroupsPath = $path'
	create_in_hook 1
	sleep 100 3>&- & sleeper=$!
	HOLDERS+=("$sleeper")
	dir=$(cgroups_of "$C-shared" | grep -v -e /freezer/ -e /unified/ | head -n 1)
	echo $sleeper >"$dir/cgroup.procs"
	touch "$T/go"
	wait $creator && fail "its hook failed"
	contains "$(cat "$T/err")" "$C-shared has processes of others and stays"
	try oci state "$C"
	assert_error "container does not exist"
	equal "$(cgroups_of "$C-shared")" "$dir"
	echo $sleeper >"${dir%/*}/cgroup.procs"
	remove_cgroups "$C-shared"
}

@test "of creates with one cgroupsPath at once each works or fails cleanly" {
	config --arg path "/$C-shared" '.linux.cgroupsPath = $path'
	payload sleep 100
	local won=0
	for _ in {1..8}; do
		creators=()
		for n in 1 2 3; do
			oci create --bundle "$B" "$C-$n" >/dev/null 2>"$T/err.$n" & creators[n]=$!
		done
		for n in 1 2 3; do
			if wait "${creators[n]}"; then
				won=$((won + 1))
				state_is created "$C-$n"
				contains "$(cat "/proc/$(pid_of "$C-$n")/cgroup")" "/$C-shared"
				start "$C-$n"
				assert_success
				state_is running "$C-$n"
			else
				grep -q "$C-shared" "$T/err.$n" || fail "$(cat "$T/err.$n")"
				! out=$(oci state "$C-$n" 2>/dev/null) || fail "left: $out" "create said: $(cat "$T/err.$n")"
			fi
		done
		for n in 1 2 3; do oci delete --force "$C-$n" 2>/dev/null & creators[n]=$!; done
		wait "${creators[@]}"
		remove_cgroups "$C-shared"
	done
	# Not in each round: on v1, who was overtaken in one hierarchy takes back what it made in the others, which the faster one has found
	# there and counted on.
	[ "$won" -ge 1 ] || fail "none won" "$(cat "$T"/err.[123])"
}

# --- what the container makes of it -----------------------------------------------------------------------------------------------------------

# A container that nests cgroups in every hierarchy it has, 80 deep and 80 beside each other, with a process in the deepest.
nesting() {
	config '.mounts |= map(if .type == "cgroup" then .options -= ["ro"] else . end)'
	# shellcheck disable=SC2016
	shell 'n=0; i=0; wide=; deep=.; while [ $i -lt 80 ]; do wide="$wide wide$i"; deep=$deep/d; i=$((i + 1)); done
		for top in /sys/fs/cgroup/*/cgroup.procs /sys/fs/cgroup/cgroup.procs; do
			[ -e $top ] && [ ! -L ${top%/*} ] && cd ${top%/*} || continue
			case $PWD in */cpuset) continue ;; esac
			mkdir $wide && mkdir -p $deep || exit 1
			sleep 100 & echo $! >$deep/cgroup.procs || exit 1
			n=$((n + 1))
		done; echo nested $n; wait'
}
deletes_quickly() {
	running
	until_line "nested [1-9][0-9]*"
	# However deep they are, they are known.
	equal "$(oci ps --format json "$C" | jq length)" $(($(sed -n 's/^nested //p' "$T/console.$C") + 1))
	[ "$(cgroups_of "$C" | wc -l)" -ge 1 ]
	deep=$(find /sys/fs/cgroup -type d -path "*$C*/d/d/d/*" | wc -l)
	[ "$deep" -ge 77 ] || fail "only $deep"
	before=${EPOCHREALTIME/./}
	try oci delete --force "$C"
	took=$((${EPOCHREALTIME/./} - before))
	assert_success
	no_cgroups || fail "$(cgroups_of "$C")"
	until_true no_processes
	[ $took -lt $((${PATIENCE:-5} * 600000)) ] || fail "took $took us"
}

@test "a container that nests cgroups deeply is deleted completely and quickly" {
	nesting
	deletes_quickly
}

@test "so is one without a pid namespace" {
	config '.linux.namespaces |= map(select(.type != "pid"))'
	nesting
	deletes_quickly
}

# As systemd does on v1 where none of its units uses a controller, whenever it looks at them anew.
remover() {
	python3 - "$@" 3>&- <<-'END' &
		import os, sys, time
		while True:
		    time.sleep(0.001)
		    for path in sys.argv[1:]:
		        try:
		            os.rmdir(path)
		        except OSError:
		            pass
	END
	HOLDERS+=($!)
}

@test "v1: an empty cgroup that somebody removes is made again, with its device rules" {
	[ "$(cgroup_mode)" != v2 ] || skip "this host has no cgroup v1"
	config --arg path "/$C-top/$C" '.linux.cgroupsPath = $path | .linux.resources.devices = [{allow: false, access: "rwm"},
		{allow: true, type: "c", major: 10, minor: 229, access: "rw"}]'
	payload sleep 100
	local -a tops
	mapfile -t tops < <(compgen -G '/sys/fs/cgroup/*/cgroup.procs' | xargs -n 1 dirname)
	rules_of() { sort "/sys/fs/cgroup/devices/$C-top/$C/devices.list" 2>/dev/null || echo none; }
	made() { cgroups_of "$C" | grep -c "/$C\$"; }
	running
	rules=$(rules_of) all=$(made)
	[ ! -e /sys/fs/cgroup/devices ] || grep -qxF "c 10:229 rw" <<<"$rules"
	oci delete --force "$C"
	remover "${tops[@]/%//$C-top/$C}" "${tops[@]/%//$C-top}"
	for ((i = 0; i < 15; i++)); do
		running
		equal "$(made)" "$all"
		equal "$(rules_of)" "$rules"
		oci delete --force "$C"
	done
}

@test "v1: a cpuset that somebody has made and left without CPUs and nodes is as its parent" {
	at=/sys/fs/cgroup/cpuset
	[ -e $at/cpuset.cpus ] || skip "this host has no v1 cpuset"
	mkdir -p "$at/$C-pod/$C-own"
	for path in "$C-pod/made" "$C-pod/$C-own"; do
		config --arg path "/$path" '.linux.cgroupsPath = $path'
		passes
		equal "$(cat "$at/$C-pod/cpuset.cpus" "$at/$C-pod/cpuset.mems")" "$(cat "$at/cpuset.cpus" "$at/cpuset.mems")"
	done
	remove_cgroups "$C-pod"
}

@test "v1: a cpuset that exists stays as it is, and a new one is as its parent" {
	at=/sys/fs/cgroup/cpuset
	[ -e $at/cpuset.cpus ] || skip "this host has no v1 cpuset"
	[[ $(cat $at/cpuset.cpus) =~ ^0[-,] ]] || skip "this host has one CPU"
	mkdir "$at/$C-there" "$at/$C-there/below"
	echo 0 >"$at/$C-there/cpuset.cpus"
	echo 0 >"$at/$C-there/cpuset.mems"
	config --arg path "/$C-there/made/child" '.linux.cgroupsPath = $path'
	payload sleep 100
	running
	for dir in "$at/$C-there" "$at/$C-there/made" "$at/$C-there/made/child"; do equal "$(cat "$dir/cpuset.cpus"):$(cat "$dir/cpuset.mems")" 0:0; done
	equal "$(cat "$at/$C-there/below/cpuset.cpus")" ""
	oci delete --force "$C"
	equal "$(cat "$at/$C-there/cpuset.cpus")" 0
	remove_cgroups "$C-there"
}

@test "in a cgroup namespace the container's cgroup is /" {
	payload cgroup
	passes
	no_match "cgroup=.*$C.*"
	matches 'cgroup=[0-9]+:[^:]*:/'
}

@test "without a cgroup namespace the container sees the host's path" {
	config '.linux.namespaces |= map(select(.type != "cgroup"))'
	payload cgroup
	passes
	matches "cgroup=[0-9]+:[^:]*:/.*$C.*"
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

owners() { stat -c %u "$1" "$1/cgroup.procs" "$1/cgroup.subtree_control" "$1/cgroup.threads" "$1/cgroup.max.depth" "$1/.." | xargs; }

@test "pure v2: a cgroup mounted writable is the container user's in a user namespace" {
	pure_v2
	user_namespace
	config '.mounts |= map(if .type == "cgroup" then .options -= ["ro"] else . end)'
	shell 'mkdir /sys/fs/cgroup/sub && echo $$ >/sys/fs/cgroup/sub/cgroup.procs && cat /proc/self/cgroup; echo 5 >/sys/fs/cgroup/cgroup.max.depth || echo not that; sleep 100'
	running
	until_line 0::/sub
	until_line 'not that'
	equal "$(owners "$(cgroups_of "$C")")" "100000 100000 100000 100000 0 0"
	oci delete --force "$C"
	no_cgroups || fail "$(cgroups_of "$C")"
	# The user's who executes the process.
	config '.process.user = {uid: 1000, gid: 1000} | .mounts |= map(if .type == "cgroup" then .type = "cgroup2" else . end)'
	running
	until_line 0::/sub
	equal "$(owners "$(cgroups_of "$C")")" "101000 101000 101000 101000 0 0"
}

@test "pure v2: a cgroup is nobody else's without a user namespace, a cgroup namespace and a writable mount" {
	pure_v2
	payload sleep 100
	user_namespace
	rw='.mounts |= map(if .type == "cgroup" then .options -= ["ro"] else . end)'
	cp "$B/config.json" "$T/config"
	for filter in . "$rw | .linux.namespaces |= map(select(.type != \"cgroup\"))" \
		"$rw | .linux.namespaces |= map(select(.type != \"user\")) | del(.linux.uidMappings, .linux.gidMappings)" \
		'.mounts |= map(select(.type != "cgroup"))'; do
		cp "$T/config" "$B/config.json"
		config "$filter"
		running
		equal "$(owners "$(cgroups_of "$C")")" "0 0 0 0 0 0"
		oci delete --force "$C"
	done
}

# A container with all privilege that runs ocirun in itself: /inner is a bundle, a shell's script the program.
outer() { # SCRIPT
	need_static
	mkdir -p "$B/rootfs/inner" "$T/inner"
	cp -al "$B/rootfs" "$T/inner/rootfs"
	jq '.process.args = ["sh", "-c", "cat /proc/self/cgroup; cat /sys/fs/cgroup/pids.max; true"] | .process.capabilities = {}' "$B/config.json" >"$T/inner/config.json"
	jq '.linux.resources = {pids: {limit: 20}}' "$T/inner/config.json" >"$T/inner/limited.json"
	touch "$B/rootfs/bin/ocirun"
	config --arg at "$T/inner" --arg ocirun "$OCIRUN" --argjson all "$(all_capabilities)" '.mounts |= map(if .type == "cgroup" then .options -= ["ro"] else . end)
		| .mounts += [{destination: "/inner", type: "bind", source: $at, options: ["rbind"]}, {destination: "/bin/ocirun", type: "bind", source: $ocirun, options: ["bind", "ro"]}]
		| .process.capabilities = {bounding: $all, permitted: $all, effective: $all} | del(.linux.maskedPaths, .linux.readonlyPaths)'
	shell "$1"
}
all_capabilities() { "$OCIRUN" features | jq -c .linux.capabilities; }

@test "pure v2: a container in a container has a cgroup of its own" {
	pure_v2
	outer 'ocirun --root /tmp/state run --bundle /inner inner'
	passes
	line 0::/
}

@test "v2: limits in a container in a container: its own processes are in the way until they are moved" {
	[ "$(cgroup_mode)" = v2 ] || skip "needs the pids controller in cgroup v2"
	outer 'ocirun --root /tmp/state run --bundle /inner --config /inner/limited.json one; echo status=$?
		mkdir /sys/fs/cgroup/init; while read -r pid; do echo $pid >/sys/fs/cgroup/init/cgroup.procs; done </sys/fs/cgroup/cgroup.procs
		ocirun --root /tmp/state run --bundle /inner --config /inner/limited.json two'
	config '.linux.resources.pids.limit = 100'
	passes
	contains "$err" "run one: linux.resources: give the cgroups below /sys/fs/cgroup the controllers +pids" "move them to one below it"
	line status=1
	line 20
}

@test "v1: a cgroup mounted writable stays root's" {
	[ "$(cgroup_mode)" != v2 ] || skip "this host has no cgroup v1"
	user_namespace
	config '.mounts |= map(if .type == "cgroup" then .options -= ["ro"] else . end)'
	payload sleep 100
	running
	for dir in $(cgroups_of "$C"); do equal "$(stat -c %u "$dir")" 0; done
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

@test "pure v2: a container that nests cgroups deeply is deleted completely and quickly" {
	pure_v2
	nesting
	deletes_quickly
}

@test "pure v2: so is one without a pid namespace" {
	pure_v2
	config '.linux.namespaces |= map(select(.type != "pid"))'
	nesting
	deletes_quickly
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

@test "run.oci.delegate-cgroup: the program is below the container's cgroup, which has the limits" {
	need_root
	pure_v2
	config '.annotations = {"run.oci.delegate-cgroup": "inner"}'
	payload cgroup sleep 1000
	running
	local at
	at=$("${IN[@]}" find /sys/fs/cgroup -type d -name "*$C*")
	equal "$("${IN[@]}" cat "$at/inner/cgroup.procs" "$at/cgroup.procs")" "$(pid_of)"
	# The namespace's root is the container's own.
	until_line "cgroup=0::/inner"
	try oci exec "$C" /bin/payload cgroup
	assert_success
	matches 'cgroup=0::/inner'
	equal "$("${IN[@]}" cat "$at/inner/cgroup.controllers")" "$("${IN[@]}" cat "$at/cgroup.controllers")"
	# It is the container's cgroup all the same: nobody else's.
	config --arg path "${at#/sys/fs/cgroup}" '.linux.cgroupsPath = $path'
	try oci create --bundle "$B" "$C-2"
	assert_error "container's cgroup is not empty: "
	config 'del(.linux.cgroupsPath)'
	oci pause "$C"
	state_is paused
	oci resume "$C"
	oci delete --force "$C"
	user_namespace
	config '.mounts |= map(if .destination == "/sys/fs/cgroup" then .options -= ["ro"] else . end)'
	running
	at=$("${IN[@]}" find /sys/fs/cgroup -type d -name "*$C*" -path "*/inner" -prune -o -type d -name "*$C*" -print | head -n 1)
	equal "$("${IN[@]}" stat -c %u "$at/inner" "$at/inner/cgroup.procs" | sort -u)" "$("${IN[@]}" stat -c %u "$at")"
}

@test "run.oci.delegate-cgroup on a host with cgroup v1 is an error" {
	[ "$(cgroup_mode)" != v2 ] || skip "this host has cgroup v2 alone"
	config '.annotations = {"run.oci.delegate-cgroup": "inner"}'
	container
	assert_error 'annotations["run.oci.delegate-cgroup"]: only cgroups of v2 can be given away, and the host has v1'
	absent "$ROOT/$C"
}
