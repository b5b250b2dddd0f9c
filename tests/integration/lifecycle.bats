#!/usr/bin/env bats
# shellcheck shell=bats
# runtime.md: every operation, every error case it names, and the status at each stage.
load helpers

# --- create ------------------------------------------------------------------------------------------------------------------------------

@test "create makes a container that has not yet run anything" {
	payload to /ran say yes
	create
	assert_success
	state_is created
	absent "$B/rootfs/ran"
}

@test "start runs the program" {
	payload say hello sleep 100
	running
	until_line hello
	state_is running
}

@test "a container whose program ended is stopped" {
	payload true
	running
	until_state stopped
}

@test "a stopped container's pid is 0" {
	payload true
	running
	until_state stopped
	equal "$(pid_of)" 0
}

@test "the id can be used again after delete" {
	payload true
	for _ in 1 2; do
		running
		until_state stopped
		try oci delete "$C"
		assert_success
	done
}

@test "create refuses an id that exists" {
	create
	assert_success
	create
	assert_error "container with given ID already exists"
	state_is created
}

@test "create refuses the id of a stopped container too" {
	running
	until_state stopped
	create
	assert_error "container with given ID already exists"
	state_is stopped
}

@test "ids of other than letters, digits, _ + . - are refused" {
	for id in '' . .. a/b ../x 'a b' 'a:b' 'ä' 'a@b' $'a\nb' '*'; do
		try oci create --bundle "$B" -- "$id"
		assert_error "invalid container ID format"
	done
	equal "$(ls "$ROOT")" ""
}

@test "such an id is refused by every command" {
	echo kept >"$T/outside"
	for command in create start state kill delete 'delete --force' run; do
		for id in '' . .. ../outside a/b 'a b' $'a\nb'; do
			# shellcheck disable=SC2086
			try oci $command -- "$id"
			assert_error "invalid container ID format"
		done
	done
	equal "$(cat "$T/outside")" kept
}

@test "ids of letters, digits, _ + . - are accepted" {
	create "$C._+-Z9"
	assert_success
	state_is created "$C._+-Z9"
}

@test "an id that is too long for a directory's name is refused clearly" {
	create "$C$(printf 'a%.0s' {1..1100})"
	assert_error "container ID"
}

@test "create without an id is an error" {
	try oci create --bundle "$B"
	[ "$status" -ne 0 ] || fail "accepted"
}

@test "create with two ids is an error" {
	try oci create --bundle "$B" "$C" "$C-2"
	[ "$status" -ne 0 ] || fail "accepted"
}

@test "create takes the current directory as bundle by default" {
	cd "$B"
	try oci create "$C"
	assert_success
	equal "$(oci state "$C" | jq -r .bundle)" "$B"
}

@test "a relative bundle path is recorded as an absolute one" {
	cd "$T"
	try oci create --bundle bundle "$C"
	assert_success
	equal "$(oci state "$C" | jq -r .bundle)" "$B"
	equal "$(oci state "$C" | jq -r .rootfs)" "$B/rootfs"
}

@test "a bundle that does not exist is an error that names it" {
	try oci create --bundle "$T/nowhere" "$C"
	assert_error "nowhere"
}

@test "a bundle without config.json is an error that names it" {
	rm "$B/config.json"
	create
	assert_error "config.json"
}

@test "a root.path that does not exist is an error that names the field" {
	config '.root.path = "missing"'
	create
	assert_error "root.path"
}

@test "a root.path that is a file is an error that names the field" {
	touch "$B/file"
	config '.root.path = "file"'
	create
	assert_error "root.path"
}

@test "an absolute root.path is used as it is" {
	mv "$B/rootfs" "$T/elsewhere"
	config --arg path "$T/elsewhere" '.root.path = $path'
	payload say here
	passes
	line here
}

@test "changing config.json after create changes nothing" {
	payload say before
	create
	assert_success
	payload say after
	config '.hostname = "other"'
	start
	assert_success
	until_line before
}

@test "the state directory keeps a copy of config.json for the owner alone, and delete removes it" {
	payload sleep 100
	cp "$B/config.json" "$T/before"
	create
	assert_success
	config '.process.args = ["/bin/payload", "false"]'
	cmp "$ROOT/$C/config.json" "$T/before"
	equal "$(stat -c %a "$ROOT/$C/config.json")" 600
	try oci delete --force "$C"
	assert_success
	absent "$ROOT/$C"
}

@test "config.json may go away after create" {
	create
	assert_success
	rm "$B/config.json"
	start
	assert_success
	until_state stopped
	try oci delete "$C"
	assert_success
}

@test "without process, create works and start fails" {
	config 'del(.process)'
	create
	assert_success
	state_is created
	start
	assert_error "process"
}

# The caller who makes itself a subreaper, as containerd's shim and conmon are, gets init as its child, and so its exit status.
@test "init becomes the child of the caller of create" {
	payload exit 42
	cat >"$T/shim.py" <<-'PY'
		import ctypes, os, subprocess, sys
		ctypes.CDLL(None).prctl(36, 1)  # PR_SET_CHILD_SUBREAPER
		runtime, bundle, name = sys.argv[1:4], sys.argv[4], sys.argv[5]
		subprocess.run(runtime + ["create", "--bundle", bundle, "--pid-file", "pid", name], check=True)
		pid = int(open("pid").read())
		parent = int(open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[1])
		print("child" if parent == os.getpid() else f"child of {parent}")
		subprocess.run(runtime + ["start", name], check=True)
		print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
	PY
	for filter in . '.linux.namespaces += [{type: "time"}]' '.linux.namespaces |= map(if .type == "network" then .path = "/proc/self/ns/net" else . end)'; do
		config "$filter"
		try timeout 30 "$PYTHON" "$T/shim.py" "$OCIRUN" --root "$ROOT" "$B" "$C" 3>&-
		assert_success
		equal "$out" $'child\n42'
		try oci delete "$C"
		assert_success
	done
}

# --- pid file ----------------------------------------------------------------------------------------------------------------------------

@test "the pid file holds the pid without a newline" {
	create "$C" --pid-file "$T/pid"
	assert_success
	equal "$(od -An -c "$T/pid" | tr -d ' \n')" "$(pid_of)"
}

@test "the pid file is replaced by a rename, never written in place" {
	printf 'an old and longer text' >"$T/pid"
	ln "$T/pid" "$T/other-name"
	create "$C" --pid-file "$T/pid"
	assert_success
	equal "$(cat "$T/pid")" "$(pid_of)"
	equal "$(cat "$T/other-name")" 'an old and longer text'
	equal "$(ls -A "$T" | grep -c pid)" 1
}

@test "a failed create writes no pid file" {
	args /no/such/program
	create "$C" --pid-file "$T/pid"
	assert_error
	absent "$T/pid"
}

@test "a pid file that can't be written fails create and leaves nothing" {
	create "$C" --pid-file "$T/no/such/directory/pid"
	assert_error "$T/no/such/directory"
	try oci state "$C"
	assert_error "container does not exist"
}

@test "run writes a pid file too" {
	payload ids
	passes --pid-file "$T/pid"
	[[ $(cat "$T/pid") =~ ^[1-9][0-9]*$ ]]
}

# --- state -------------------------------------------------------------------------------------------------------------------------------

@test "state of an unknown container is an error" {
	try oci state "$C"
	assert_error "container does not exist"
}

@test "state without an id is an error" {
	try oci state
	[ "$status" -ne 0 ] || fail "accepted"
}

@test "state names the bundle, the version, the pid and the annotations" {
	config '.annotations = {"org.example.key": "a value", "empty": ""}'
	payload sleep 100
	running
	try oci state "$C"
	assert_success
	jq -e --arg id "$C" --arg b "$B" '.id == $id and .bundle == $b and .rootfs == $b + "/rootfs" and .status == "running"
		and .ociVersion != null and .pid > 1 and .annotations == {"org.example.key": "a value", "empty": ""}' <<<"$out"
}

@test "state's created is an RFC 3339 time of now" {
	create
	created=$(oci state "$C" | jq -r .created)
	[[ $created =~ ^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$ ]] || fail "created: $created"
	age=$(($(date +%s) - $(date -d "$created" +%s)))
	[ "$age" -ge 0 ] && [ "$age" -lt 60 ] || fail "age: $age s"
}

@test "the pid in the state is that of the container's first process" {
	payload sleep 100
	running
	pid=$(pid_of)
	equal "$(tr '\0' ' ' <"/proc/$pid/cmdline")" "/bin/payload sleep 100 "
	grep -qE $'^NSpid:\t'"$pid"$'\t1$' "/proc/$pid/status"
}

# --- start -------------------------------------------------------------------------------------------------------------------------------

@test "start of an unknown container is an error" {
	start
	assert_error "container does not exist"
}

@test "start of a running container is an error and has no effect" {
	payload say once sleep 100
	running
	pid=$(pid_of)
	start
	assert_error "cannot start an already running container"
	state_is running
	equal "$(pid_of)" "$pid"
	equal "$(console | grep -c once)" 1
}

@test "start of a stopped container is an error" {
	running
	until_state stopped
	start
	assert_error "cannot start a container that has stopped"
	state_is stopped
}

@test "of two concurrent starts exactly one wins" {
	for i in {1..10}; do
		create "$C-$i"
		assert_success
		race start "$C-$i"
		oci delete --force "$C-$i"
	done
}

# --- kill --------------------------------------------------------------------------------------------------------------------------------

@test "kill of an unknown container is an error" {
	try oci kill "$C" KILL
	assert_error "container does not exist"
}

@test "kill of a stopped container is an error" {
	running
	until_state stopped
	try oci kill "$C" KILL
	assert_error "container not running"
}

@test "kill sends SIGTERM by default" {
	payload await-signal sleep 100
	running
	until_line ready
	try oci kill "$C"
	assert_success
	until_line signal=15
}

@test "kill takes a signal as number, NAME and SIGNAME" {
	payload await-signal await-signal await-signal await-signal await-signal sleep 100
	running
	n=0
	for pair in 10=10 USR2=12 SIGHUP=1 sigint=2 SIGRTMIN+3=37; do
		n=$((n + 1))
		until_true eval '[ $(console | grep -c ready) -eq $n ]' || fail "$(console)"
		try oci kill "$C" "${pair%=*}"
		assert_success
		until_line "signal=${pair#*=}"
	done
}

@test "kill takes signal 0 as a question" {
	payload sleep 100
	running
	try oci kill "$C" 0
	assert_success
	state_is running
}

@test "kill refuses what is no signal and sends none" {
	payload sleep 100
	running
	for signal in FOO SIGFOO 65 999999999999 -9 9x 1.5 ' 9'; do
		try oci kill "$C" -- "$signal"
		[ "$status" -eq 1 ] || fail "accepted: '$signal'"
	done
	try oci kill "$C" SIGFOO
	assert_error "SIGFOO"
	state_is running
}

@test "kill KILL ends a created container" {
	create
	assert_success
	try oci kill "$C" KILL
	assert_success
	until_state stopped
}

@test "INT and TERM end a created container, which has no program yet that could explain them" {
	for signal in INT TERM; do
		create
		assert_success
		try oci kill "$C" $signal
		assert_success
		until_state stopped
		try oci delete "$C"
		assert_success
	done
}

@test "kill KILL ends a running container that ignores SIGTERM" {
	payload ignore-term say ready sleep 100
	running
	until_line ready
	try oci kill "$C" TERM
	assert_success
	try oci kill "$C" KILL
	assert_success
	until_state stopped
}

@test "kill --all reaches every process of a container without a pid namespace" {
	config '.linux.namespaces |= map(select(.type != "pid"))'
	payload spawn-children 2 spawn-orphan say ready sleep 100
	running
	until_line ready
	[ "$(processes_left | wc -l)" -eq 4 ] || fail "processes: $(processes_left)"
	try oci kill --all "$C" KILL
	assert_success
	until_true no_processes
}

@test "kill --all of a stopped container is no error" {
	running
	until_state stopped
	try oci kill --all "$C" KILL
	assert_success
	try oci kill -a "$C" 9
	assert_success
}

# --- delete ------------------------------------------------------------------------------------------------------------------------------

@test "delete of an unknown container is an error" {
	try oci delete "$C"
	assert_error "container does not exist"
}

@test "delete of a running container is an error and has no effect" {
	payload sleep 100
	running
	try oci delete "$C"
	assert_error "cannot delete container $C that is not stopped: running"
	state_is running
}

@test "delete of a created container is an error and has no effect" {
	create
	assert_success
	try oci delete "$C"
	assert_error "cannot delete container $C that is not stopped: created"
	state_is created
}

@test "delete of a stopped container removes it" {
	running
	until_state stopped
	try oci delete "$C"
	assert_success
	try oci state "$C"
	assert_error "container does not exist"
	equal "$(ls -A "$ROOT")" ""
	no_cgroups
}

@test "delete leaves the bundle as it is" {
	running
	until_state stopped
	before=$(cd "$B" && find . | sort)
	oci delete "$C"
	equal "$(cd "$B" && find . | sort)" "$before"
}

@test "delete --force ends and removes a running container" {
	payload ignore-term sleep 100
	running
	pid=$(pid_of)
	try oci delete --force "$C"
	assert_success
	is_gone "$pid"
	try oci state "$C"
	assert_error "container does not exist"
}

@test "delete --force removes a created container" {
	create
	pid=$(pid_of)
	try oci delete -f "$C"
	assert_success
	is_gone "$pid"
	try oci state "$C"
	assert_error "container does not exist"
}

@test "delete --force of a stopped container removes it" {
	running
	until_state stopped
	try oci delete --force "$C"
	assert_success
	try oci state "$C"
	assert_error "container does not exist"
}

@test "delete --force of a missing container is no error" {
	try oci delete --force "$C"
	assert_success
}

@test "of two concurrent deletes one removes the container, and the other finds it gone" {
	payload true
	for _ in {1..10}; do
		running
		until_state stopped
		race delete "$C"
		grep -hq "container does not exist" "$T"/err.[12] || fail "$(cat "$T"/err.[12])"
		equal "$(ls -A "$ROOT")" ""
	done
}

# frozen DIRECTORY FILE WORD: freeze the cgroup of the running container.
frozen() {
	echo "$3" >"$1/$2" || fail "can't write $1/$2"
	until_state paused
}

@test "a frozen container is paused: it is not deleted, and a KILL ends it" {
	at=$(cgroup2_at)
	payload sleep 100
	for where in "$at cgroup.freeze 1" "/sys/fs/cgroup/freezer freezer.state FROZEN"; do
		read -r top file word <<<"$where"
		[ -e "$top/cgroup.procs" ] || continue
		for end in kill delete; do
			running
			dir=$(cgroups_of "$C" | grep "^$top/")
			frozen "$dir" "$file" "$word"
			equal "$(oci list --format json | jq -r '.[].status')" paused
			try oci delete "$C"
			assert_error "cannot delete container $C that is not stopped: paused"
			start
			assert_error "cannot start"
			state_is paused
			if [ $end = kill ]; then
				try oci kill "$C" KILL
				assert_success
				until_state stopped
			fi
			before=$SECONDS
			try oci delete --force "$C"
			assert_success
			[ $((SECONDS - before)) -lt 5 ] || fail "took $((SECONDS - before)) s"
			no_cgroups || fail "$(cgroups_of "$C")"
		done
	done
}

@test "delete --force ends a container whose init somebody has put into a frozen cgroup" {
	local top=/sys/fs/cgroup/freezer
	[ -e "$top/cgroup.procs" ] || skip "needs the freezer of cgroup v1: a frozen process of v2 ends"
	payload sleep 1000
	running
	mkdir "$top/$C-other"
	pid_of >"$top/$C-other/cgroup.procs"
	echo FROZEN >"$top/$C-other/freezer.state"
	try oci delete --force "$C"
	echo THAWED >"$top/$C-other/freezer.state"
	until_true rmdir "$top/$C-other"
	assert_success
}

@test "delete --force of an id that is none is an error even so" {
	try oci delete --force ../x
	assert_error
}

@test "a container killed from outside is stopped and can be deleted" {
	payload sleep 100
	running
	kill -KILL "$(pid_of)"
	until_state stopped
	try oci delete "$C"
	assert_success
}

@test "delete without a pid namespace ends what the program left running" {
	config '.linux.namespaces |= map(select(.type != "pid"))'
	payload spawn-orphan say ready
	running
	until_line ready
	until_state stopped
	[ -n "$(processes_left)" ] || fail "the orphan should live"
	try oci delete "$C"
	assert_success
	until_true no_processes
}

# --- concurrency and crashes ---------------------------------------------------------------------------------------------------------------

@test "of two concurrent creates of one id exactly one wins" {
	for i in {1..20}; do
		race create --bundle "$B" "$C-$i"
		grep -hq "container with given ID already exists" "$T"/err.[12] || fail "$(cat "$T"/err.[12])"
		state_is created "$C-$i"
		oci delete --force "$C-$i"
	done
}

@test "ten containers are created, started and deleted at once" {
	payload sleep 100
	pids=() # a bare wait would wait for bats' own timer too
	for i in {1..10}; do
		{ oci create --bundle "$B" "$C-$i" && oci start "$C-$i"; } >/dev/null 2>>"$T/err" & pids+=($!)
	done
	wait "${pids[@]}"
	equal "$(oci list --format json | jq -r '[.[] | select(.status == "running")] | length')" 10
	pids=()
	for i in {1..10}; do oci delete --force "$C-$i" & pids+=($!); done
	wait "${pids[@]}"
	equal "$(oci list -q)" ""
}

# A hook that says it is there and then sleeps: create hangs in it for as long as we like.
hanging_hook() {
	config --arg hook "$1" --arg flag "$T/in-hook" \
		'.hooks[$hook] = [{path: "/bin/sh", args: ["sh", "-c", "echo $$ > \($flag); exec sleep 300"], env: ["PATH=/usr/bin:/bin"]}]'
}

end_hook() { kill -KILL "$(cat "$T/in-hook")" 2>/dev/null || true; }

@test "while create works, state says creating, and nobody waits" {
	hanging_hook createRuntime
	oci create --bundle "$B" "$C" >/dev/null 2>&1 & creator=$!
	until_true test -s "$T/in-hook"
	state_is creating
	equal "$(oci list -q)" "$C"
	try oci delete "$C"
	assert_error "is not stopped: creating"
	state_is creating
	try oci delete --force "$C"
	assert_success
	wait $creator && fail "create succeeded"
	try oci state "$C"
	assert_error "container does not exist"
	end_hook
}

@test "kill and start of a container that is being created are errors and have no effect" {
	payload say started sleep 100
	create_in_hook 0
	for signal in KILL TERM 9 0; do
		for all in '' --all; do
			# shellcheck disable=SC2086
			try oci kill $all "$C" $signal
			assert_error "container not running"
		done
	done
	start
	assert_error "cannot start a container that is still being created"
	state_is creating
	touch "$T/go"
	wait $creator || fail "create failed: $(cat "$T/err")"
	state_is created
	start
	assert_success
	until_line started
}

@test "start waits for a create that is about to end" {
	payload say started sleep 100
	create_in_hook 0
	(sleep 0.2; touch "$T/go") 3>&- &
	start
	assert_success
	until_line started
}

@test "a hook ends with the create that runs it" {
	hanging_hook createRuntime
	oci create --bundle "$B" "$C" >/dev/null 2>&1 & creator=$!
	until_true test -s "$T/in-hook"
	oci delete --force "$C"
	wait $creator || true
	until_true is_gone "$(cat "$T/in-hook")" || { end_hook; fail "the hook lives on"; }
}

@test "delete --force cleans up after a create that was killed" {
	for hook in prestart createRuntime createContainer; do
		base_config >"$B/config.json"
		hanging_hook $hook
		rm -f "$T/in-hook"
		"$OCIRUN" --root "$ROOT" create --bundle "$B" "$C" >/dev/null 2>&1 3>&- & creator=$!
		until_true test -s "$T/in-hook"
		kill -KILL $creator
		wait $creator || true
		end_hook
		try oci state "$C"
		[ "$status" -eq 1 ] || [[ $(jq -r .status <<<"$out") =~ ^(creating|stopped)$ ]] || fail "$hook"
		try oci delete --force "$C"
		assert_success
		equal "$(ls -A "$ROOT")" ""
		until_true no_cgroups
		until_true no_processes || fail "left: $(processes_left)"
	done
}

@test "the child dies when its creator dies before the container is created" {
	hanging_hook createRuntime
	"$OCIRUN" --root "$ROOT" create --bundle "$B" "$C" >/dev/null 2>&1 3>&- & creator=$!
	until_true test -s "$T/in-hook"
	kill -KILL $creator
	wait $creator || true
	end_hook
	until_true eval '[ -z "$(grep -lF "${T#"${T%/*/*}"}/" /proc/[0-9]*/mountinfo 2>/dev/null)" ]' || fail "left: $(processes_left)"
}

@test "create that is killed at a random time leaves nothing that delete --force does not clean" {
	for i in {1..30}; do
		"$OCIRUN" --root "$ROOT" create --bundle "$B" "$C-$i" >/dev/null 2>&1 3>&- & creator=$!
		sleep "0.00$((i % 10))"
		kill -KILL $creator 2>/dev/null || true
		wait $creator || true
		try oci delete --force "$C-$i"
		assert_success
	done
	equal "$(ls -A "$ROOT")" ""
	until_true no_cgroups
	until_true no_processes || fail "left: $(processes_left)"
}

@test "another process with a dead container's pid is not taken for it" {
	# The recorded start time differs, so a stopped container stays stopped, whoever has its pid now.
	payload sleep 100
	running
	pid=$(pid_of)
	kill -KILL "$pid"
	until_state stopped
	until_true test ! -e "/proc/$pid" || skip "nobody reaps orphans here"
	echo $((pid - 1)) >/proc/sys/kernel/ns_last_pid 2>/dev/null || skip "ns_last_pid can't be written"
	sleep 30 3>&- & stranger=$!
	[ $stranger -eq "$pid" ] || { kill $stranger; skip "another process took the pid"; }
	state_is stopped
	try oci kill "$C" KILL
	assert_error "container not running"
	try oci delete --force "$C"
	assert_success
	kill -0 $stranger || fail "the stranger was killed"
	kill $stranger
}

@test "a failed create leaves nothing" {
	config '.mounts += [{destination: "/x", type: "bind", source: "/no/such/source", options: ["bind"]}]'
	create
	assert_error "mounts[7]" "/no/such/source"
	try oci state "$C"
	assert_error "container does not exist"
	equal "$(ls -A "$ROOT")" ""
	no_cgroups
}

@test "what a create left that died before its record is stopped and can be deleted" {
	mkdir "$ROOT/$C"
	state_is stopped
	try oci kill "$C" KILL
	assert_error "container not running"
	start
	assert_error "cannot start a container that has stopped"
	create
	assert_error "container with given ID already exists"
	try oci delete "$C"
	assert_success
	equal "$(ls -A "$ROOT")" ""
}

@test "a corrupt state is an error that names the file, and delete --force clears it" {
	payload sleep 100
	running
	pid=$(pid_of)
	file=$(find "$ROOT/$C" -name 'state*.json')
	cp "$file" "$T/good"
	for text in '' '{' '{"id":1}' 'null' '[]'; do
		printf '%s' "$text" >"$file"
		try oci state "$C"
		[ "$status" -eq 1 ] && [ -n "$err" ] || fail "state file: $text"
	done
	cp "$T/good" "$file"
	state_is running
	# What it no longer says can't be undone: the warning says so.
	echo '{' >"$file"
	try oci delete "$C"
	assert_error "$C"
	try oci delete --force "$C"
	assert_success
	contains "$err" "processes and cgroups may remain"
	equal "$(ls -A "$ROOT")" ""
	kill -KILL "$pid"
	until_true is_gone "$pid"
	for dir in $(cgroups_of "$C"); do until_true rmdir "$dir"; done
}

# A record of a container that runs, its init being PID, with one cgroup; not one that create made, so that nothing would be removed.
record_of() { # PID CGROUP
	local start
	mkdir -p "$ROOT/$C"
	start=$(started "$1")
	echo "{\"ociVersion\":\"1.3.0\",\"id\":\"$C\",\"bundle\":\"/\",\"created\":\"now\",\"complete\":true,\"creator\":{\"pid\":0,\"startTime\":0},
		\"init\":{\"pid\":$1,\"startTime\":$start},\"cgroups\":[{\"path\":\"$2\"}]}" >"$ROOT/$C/state.json"
}

# What does something to all that is in a cgroup does nothing to those in this one, and says why; delete --force clears the record.
is_damaged() { # PID CGROUP WHY
	local command
	for command in "kill --all $C KILL" "kill --all $C TERM" "delete $C" "pause $C" "update --pids-limit 5 $C" "checkpoint $C"; do
		record_of "$1" "$2"
		# shellcheck disable=SC2086
		try oci $command
		assert_error "state.json of $C is damaged: cgroups[0].path: \"$2\" is $3" "delete --force" || return
	done
	record_of "$1" "$2"
	try oci delete --force "$C"
	assert_success
	absent "$ROOT/$C"
	kill -0 "$1" || fail "killed for being in $2"
}

# In a pid namespace of its own, where a wrong step could kill nobody else; and in the cgroup $at/$C-own/below.
roots_and_own() {
	local at=$1 dir
	echo $BASHPID >"$at/$C-own/below/cgroup.procs" || return
	sleep 100 & sleeper=$!
	for dir in /sys/fs/cgroup/*/cgroup.procs; do
		mountpoint -q "${dir%/*}" || continue
		is_damaged $sleeper "${dir%/*}" "the root of a hierarchy" || return
		is_damaged $sleeper "${dir%/*}/./" "the root of a hierarchy" || return
	done
	is_damaged $sleeper /sys/fs/cgroup/ "the root of a hierarchy" || return
	is_damaged $sleeper "$at/$C-own" "one that ocirun itself is in" || return
	is_damaged $sleeper "$at//$C-own/./below" "one that ocirun itself is in" || return
	kill $sleeper
	echo fine
}

@test "a record whose cgroup is a root, or one that ocirun is in, is damaged: nobody is killed for being there" {
	need_root
	at=$(cgroup2_at)
	mkdir -p "$at/$C-own/below"
	export -f record_of is_damaged roots_and_own oci try assert_error assert_success fail absent started
	export C ROOT T OCIRUN
	IN=()
	timeout -k 1 60 unshare --pid --fork --mount-proc bash -c 'IN=(); roots_and_own "$1"' bash "$at" >"$T/said" 2>&1 3>&- || true
	for dir in "$at/$C-own/below" "$at/$C-own"; do until_true rmdir "$dir"; done
	equal "$(tail -n 1 "$T/said")" fine || cat "$T/said"
	grep -qx fine "$T/said"
}

# The same place for a container that is to be ended because its hook fails.
poststart_fails() {
	echo $BASHPID >"$1/$C-own/below/cgroup.procs" || return
	sleep 100 & sleeper=$!
	oci --cgroup-manager disabled create --bundle "$B" "$C" </dev/null >/dev/null || return
	jq -c --arg path "$1/$C-own/below" '.cgroups = [{path: $path}]' "$ROOT/$C/state.json" >"$T/record" && cp "$T/record" "$ROOT/$C/state.json"
	try oci start "$C"
	assert_error "poststart" "one that ocirun itself is in" || return
	kill $sleeper || return
	oci delete --force "$C" && echo fine
}

@test "a failed poststart hook ends nobody whom a damaged record names" {
	need_root
	at=$(cgroup2_at)
	mkdir -p "$at/$C-own/below"
	payload sleep 100
	config '.hooks.poststart = [{path: "/bin/false"}]'
	export -f poststart_fails oci try assert_error fail
	export B C ROOT T OCIRUN
	timeout -k 1 60 unshare --pid --fork --mount-proc bash -c 'IN=(); poststart_fails "$1"' bash "$at" >"$T/said" 2>&1 3>&- || true
	for dir in "$at/$C-own/below" "$at/$C-own"; do until_true rmdir "$dir"; done
	grep -qx fine "$T/said" || fail "$(cat "$T/said")"
}

@test "a record whose cgroup is none is damaged: nobody is killed for being listed there" {
	sleep 60 3>&- & sleeper=$!
	mkdir -p "$T/other" "$ROOT/$C"
	echo $sleeper >"$T/other/cgroup.procs"
	echo "{\"ociVersion\":\"1.3.0\",\"id\":\"$C\",\"bundle\":\"/\",\"created\":\"now\",\"complete\":true,\"creator\":{\"pid\":0,\"startTime\":0},
		\"cgroups\":[{\"path\":\"$T/other\",\"top\":\"$T/other\"}]}" >"$ROOT/$C/state.json"
	try oci kill --all "$C" KILL
	first=$status said=$err
	try oci delete --force "$C"
	alive=0
	kill $sleeper || alive=$?
	wait $sleeper || true
	equal "$alive" 0
	assert_success
	equal "$first" 1
	contains "$said" "state.json of $C is damaged" "cgroups[0].path: \"$T/other\" is no cgroup" "delete --force"
	absent "$ROOT/$C"
}

@test "an init that is killed right before it is recorded is told of as killed" {
	command -v strace >/dev/null || skip "needs strace"
	payload sleep 100
	# The last of three saves of the record waits.
	strace -o /dev/null -e trace=renameat -e inject=renameat:delay_enter=3000000:when=3 \
		"$OCIRUN" --root "$ROOT" create --bundle "$B" "$C" </dev/null >/dev/null 2>"$T/err" 3>&- & creator=$!
	until_state creating
	sleep 1
	kill -KILL "$(pid_of "$C")"
	! wait $creator || fail "created"
	contains "$(cat "$T/err")" "the container's init was killed by signal 9"
	equal "$(ls -A "$ROOT")" ""
}
