# ps: which processes a container has.
# shellcheck disable=SC2154 # the globals of helpers.bash
load helpers

# Two processes: the shell and its child.
two_processes() {
	shell 'sleep 1000 & exec sleep 1001'
	running "$@"
	two() { [ "$(oci ps --format json "$C" | jq length)" = 2 ]; }
	until_true two || fail "$(oci ps --format json "$C")"
}

pids() { oci ps --format json "$C" | jq -r '.[]'; }

@test "ps --format json has the processes of the container and no others" {
	two_processes
	try oci ps --format json "$C"
	assert_success
	[[ $out =~ ^\[[0-9]+,[0-9]+\]$ ]] || fail
	line "[$(pid_of),$(pgrep -P "$(pid_of)")]"
	equal "$(oci ps -f=json "$C")" "$out"
}

@test "ps prints the table of the host's ps" {
	two_processes
	try oci ps "$C"
	assert_success
	equal "$(wc -l <<<"$out")" 3
	equal "$(head -n 1 <<<"$out")" "$(ps -ef | head -n 1)"
	matches "root +$(pid_of) .* sleep 1001"
	matches ".* sleep 1000"
	equal "$err" ""
}

@test "ps hands what follows the id to ps, as words or as one" {
	two_processes
	for options in "-o pid,args" "-o args,pid" "axo pid,args"; do
		# shellcheck disable=SC2086
		try oci ps "$C" $options
		assert_success
		matches ".*$(pid_of).*"
		matches ".*sleep 1001.*"
		words=$out
		try oci ps --format table "$C" "$options"
		equal "$out" "$words"
	done
	try oci ps "$C" -f
	assert_success
	matches 'UID +PID .*'
}

@test "ps without a column PID is an error, and so is what ps refuses" {
	payload sleep 100
	running
	try oci ps "$C" -o comm
	assert_error "no column PID" "pid"
	try oci ps "$C" --no-such-option
	assert_error "ps failed with exit status 1" "unknown gnu long option"
	try oci ps --format xml "$C"
	assert_error "--format" xml "table|json"
	equal "$out" ""
}

@test "ps: where the host has none, the error says what to do" {
	payload sleep 100
	running
	try env PATH="$T" "${IN[@]}" "$OCIRUN" --root "$ROOT" ps "$C"
	assert_error "run ps: " ENOENT "--format json"
	printf '#!/bin/sh\necho "NAME PID"\necho "a b 7"\n' >"$T/ps"
	chmod +x "$T/ps"
	try env PATH="$T" "$OCIRUN" --root "$ROOT" ps "$C"
	assert_error "no process id in what ps prints: \"a b 7\""
	printf '#!/bin/sh\n' >"$T/ps"
	try env PATH="$T" "$OCIRUN" --root "$ROOT" ps "$C"
	assert_error "no column PID"
}

@test "ps works without PATH" {
	payload sleep 100
	running
	try env -u PATH "$OCIRUN" --root "$ROOT" ps "$C"
	assert_success
	matches ".*payload sleep 100"
}

@test "ps of a stopped container is empty, of an unknown one an error" {
	payload true
	running
	until_state stopped
	try oci ps "$C"
	assert_success
	equal "$(wc -l <<<"$out")" 1
	try oci ps --format json "$C"
	assert_success
	equal "$out" "[]"
	try oci ps no-such
	assert_error "ps no-such: container does not exist"
}

@test "ps of a created container has its init" {
	create
	equal "$(oci ps --format json "$C")" "[$(pid_of)]"
}

# Put a process into a cgroup below the container's, in every hierarchy.
nest() {
	local dir
	for dir in $("${IN[@]}" find /sys/fs/cgroup -type d -name "*$C"); do
		"${IN[@]}" mkdir -p "$dir/below/deeper"
		[ ! -e "$dir/cpuset.cpus" ] || for file in cpuset.cpus cpuset.mems; do
			cp "$dir/$file" "$dir/below/$file" && cp "$dir/below/$file" "$dir/below/deeper/$file"
		done
		"${IN[@]}" sh -c "echo $1 >$dir/below/deeper/cgroup.procs"
	done
}

@test "ps has the processes of cgroups below the container's" {
	two_processes
	before=$(pids)
	nest "$(pid_of)"
	equal "$(pids)" "$before"
	try oci delete --force "$C"
	assert_success
}

@test "pure v2: ps has the processes of cgroups below the container's" {
	pure_v2
	two_processes
	before=$(pids)
	nest "$(pid_of)"
	equal "$(pids)" "$before"
	try oci delete --force "$C"
	assert_success
}

@test "ps of a container without a cgroup says what is missing" {
	payload sleep 100
	try oci --cgroup-manager disabled run -d --bundle "$B" "$C"
	assert_success
	try oci ps --format json "$C"
	assert_error "no cgroup of its own" "ocirun state"
	oci kill "$C" KILL
	until_state stopped
	equal "$(oci ps --format json "$C")" "[]"
}
