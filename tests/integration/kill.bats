# kill and delete of many: all processes, cgroups below the container's, containers that match.
# shellcheck disable=SC2154 # the globals of helpers.bash
load helpers

# Init and three more, none of which ends with init. $started of them are there.
family() {
	payload spawn-children 2 spawn-orphan say ready sleep 100
	running
	until_line ready
	equal "$(processes_left | wc -l)" 4
}
no_pid_namespace() { config '.linux.namespaces |= map(select(.type != "pid"))'; }

# below PID...: put them into a cgroup below the container's, two levels down, in every hierarchy.
below() {
	local dir pid file
	for dir in $("${IN[@]}" find /sys/fs/cgroup -type d -name "*$C"); do
		"${IN[@]}" mkdir -p "$dir/a/b"
		for file in cpuset.cpus cpuset.mems; do
			[ ! -e "$dir/memory_migrate" ] && [ ! -e "$dir/cpuset.memory_migrate" ] || { cp "$dir/$file" "$dir/a/$file"; cp "$dir/a/$file" "$dir/a/b/$file"; }
		done
		for pid; do "${IN[@]}" sh -c "echo $pid >$dir/a/b/cgroup.procs"; done
	done
}

kill_all_reaches_below() {
	no_pid_namespace
	payload spawn-children 2 spawn-orphan say ready sleep 100
	for signal in TERM KILL; do
		family
		# shellcheck disable=SC2046
		below $(processes_left | tail -n 2)
		try oci kill --all "$C" $signal
		assert_success
		until_true no_processes || fail "$signal: $(processes_left)"
		equal "$(oci ps --format json "$C")" "[]"
		try oci delete "$C"
		assert_success
		equal "$(cgroups_of "$C")" ""
	done
}

@test "kill --all reaches processes in cgroups below, and delete removes those" { kill_all_reaches_below; }

@test "pure v2: kill --all reaches processes in cgroups below, and delete removes those" {
	pure_v2
	kill_all_reaches_below
}

@test "v1: a process in a frozen cgroup below is killed too" {
	[ -d /sys/fs/cgroup/freezer ] || skip "this host has no freezer of cgroup v1"
	for end in "kill --all $C KILL" "delete --force $C"; do
		no_pid_namespace
		family
		# shellcheck disable=SC2046
		below $(processes_left | tail -n 2)
		for dir in $(cgroups_of "$C" | grep /freezer/); do echo FROZEN >"$dir/a/b/freezer.state"; done
		SECONDS=0
		# shellcheck disable=SC2086
		try oci $end
		assert_success
		[ $SECONDS -lt 5 ] || fail "took $SECONDS s"
		until_true no_processes || fail "$end: $(processes_left)"
		[[ $end == delete* ]] || oci delete "$C"
	done
}

@test "kill KILL ends all of a container without a pid namespace, other signals only reach init" {
	no_pid_namespace
	payload ignore-term spawn-children 2 spawn-orphan say ready sleep 100
	running
	until_line ready
	try oci kill "$C" WINCH
	assert_success
	equal "$(processes_left | wc -l)" 4
	try oci kill "$C" KILL
	assert_success
	until_true no_processes
	until_state stopped
	try oci kill "$C" KILL
	assert_error "container not running"
}

@test "kill KILL ends what a container without a pid namespace leaves behind its init" {
	no_pid_namespace
	payload spawn-children 2 spawn-orphan say ready sleep 100
	running
	until_line ready
	kill -KILL "$(pid_of)"
	until_state stopped
	equal "$(processes_left | wc -l)" 3
	try oci kill "$C" TERM
	assert_error "container not running"
	try oci kill "$C" KILL
	assert_success
	until_true no_processes
	try oci kill "$C" KILL
	assert_error "container not running"
}

@test "kill --all of a stopped container leaves another in the same cgroup alone" {
	config --arg path "/$C" '.linux.cgroupsPath = $path'
	running
	until_state stopped
	payload sleep 100
	try oci create --bundle "$B" "$C-2"
	[ "$status" -eq 0 ] || skip "the cgroup can't be shared: $err"
	oci start "$C-2"
	try oci kill --all "$C" KILL
	assert_success
	state_is running "$C-2"
	oci delete --force "$C-2" # which found the cgroup there; the other has made it
	oci delete "$C"
}

@test "kill --regex sends to all that match, anywhere in the id" {
	payload await-signal sleep 100
	for id in "$C-web-1" "$C-web-22" "$C-db"; do
		create "$id"
		start "$id"
		until_line ready "$id"
	done
	try oci kill --regex -- "$C-web-[0-9]+\$" USR1
	assert_success
	equal "$out$err" ""
	until_line signal=10 "$C-web-1"
	until_line signal=10 "$C-web-22"
	! grep -q signal "$T/console.$C-db" || fail
	try oci kill -r "x-(web-2|db)" USR1
	assert_success
	until_line signal=10 "$C-db"
	try oci kill --regex "no such id" KILL
	assert_success
	state_is running "$C-db"
}

@test "kill --regex warns of each that failed, and that is the error" {
	payload sleep 100
	running
	create "$C-2"
	oci kill "$C-2" KILL
	until_state stopped "$C-2"
	try oci --log "$T/log" --log-format json kill --regex "^$C" KILL
	assert_error "warning: $C-2: container not running" "1 of 2 containers failed"
	equal "$(jq -s length "$T/log")" 1
	until_state stopped
}

@test "delete --regex, with and without --force" {
	payload sleep 100
	for id in "$C-a1" "$C-a2" "$C-b"; do
		create "$id"
	done
	oci kill "$C-a2" KILL
	until_state stopped "$C-a2"
	try oci delete --regex "$C-a"
	assert_error "$C-a1: cannot delete container $C-a1 that is not stopped: created" "1 of 2 containers failed"
	equal "$(oci list -q)" "$C-a1"$'\n'"$C-b"
	try oci delete --force --regex "$C-a"
	assert_success
	equal "$(oci list -q)" "$C-b"
	try oci delete -f -r .
	assert_success
	equal "$(oci list -q)" ""
	try oci delete --regex nothing-there
	assert_success
}

@test "--regex: what is no regular expression is an error and has no effect" {
	payload sleep 100
	running
	for command in kill delete; do
		try oci $command --regex "[$C"
		assert_error "no regular expression: "
	done
	state_is running
}
