#!/usr/bin/env bats
# shellcheck shell=bats
# `run`: create, start, wait and delete in one command.
load helpers

# In the background, so that a test can talk to the runtime process itself: $runner is its pid.
run_in_background() {
	"$OCIRUN" --root "$ROOT" run --bundle "$B" "$@" "$C" >"$T/console.$C" 2>"$T/err" 3>&- &
	runner=$!
}

@test "run runs the program and leaves nothing" {
	payload say hello
	passes
	equal "$out" hello
	equal "$err" ""
	try oci state "$C"
	assert_error "container does not exist"
	equal "$(ls -A "$ROOT")" ""
	no_cgroups
}

@test "run exits with 137 when the program is killed" {
	payload sleep 100
	run_in_background
	until_state running
	oci kill "$C" KILL
	status=0
	wait $runner || status=$?
	assert_exit 137
}

@test "run forwards the signals it gets" {
	payload await-signal await-signal await-signal await-signal await-signal exit 3
	run_in_background
	n=0
	for pair in TERM=15 HUP=1 INT=2 USR1=10 QUIT=3; do
		n=$((n + 1))
		until_true eval '[ "$(grep -c ready "$T/console.$C")" -eq $n ]' || fail "$(console)"
		kill -"${pair%=*}" $runner
		until_line "signal=${pair#*=}"
	done
	status=0
	wait $runner || status=$?
	assert_exit 3
	equal "$(ls -A "$ROOT")" ""
}

@test "run goes on after it was stopped and continued" {
	payload say ready sleep 1 exit 4
	run_in_background
	until_line ready
	kill -STOP $runner
	kill -CONT $runner
	status=0
	wait $runner || status=$?
	assert_exit 4
}

@test "run reaps what the container leaves to it" {
	config '.linux.namespaces |= map(select(.type != "pid"))'
	shell '(true &) ; (true &); sleep 0.2; echo done; sleep 100'
	run_in_background
	until_line done
	[ "$(ps -o stat= --ppid $runner | grep -c Z)" -eq 0 ] || fail "$(ps -f --ppid $runner)"
	oci kill "$C" KILL
	wait $runner || true
}

@test "run ends what the program left running" {
	config '.linux.namespaces |= map(select(.type != "pid"))'
	payload spawn-orphan exit 5
	container
	assert_exit 5
	until_true no_processes || fail "left: $(processes_left)"
}

@test "run works when SIGCHLD is ignored by the caller" {
	payload exit 6
	status=0
	timeout --foreground 30 env --ignore-signal=CHLD --block-signal=CHLD "$OCIRUN" --root "$ROOT" run --bundle "$B" "$C" 3>&- || status=$?
	assert_exit 6
}

@test "run --keep leaves the stopped container" {
	payload exit 3
	container --keep
	assert_exit 3
	state_is stopped
	try oci delete "$C"
	assert_success
}

@test "run --detach returns when the program runs" {
	payload say hello sleep 100
	status=0
	oci run --detach --bundle "$B" "$C" >"$T/console.$C" 2>"$T/err" || status=$?
	assert_success
	state_is running
	until_line hello
}

@test "run -d leaves a stopped container when the program ends" {
	payload true
	try oci run -d --bundle "$B" "$C"
	assert_success
	until_state stopped
}

@test "run --detach writes the pid file" {
	payload sleep 100
	try oci run --detach --pid-file "$T/pid" --bundle "$B" "$C"
	assert_success
	equal "$(cat "$T/pid")" "$(pid_of)"
}

@test "run refuses an id that exists, and leaves that container alone" {
	payload sleep 100
	running
	container
	assert_error "container with given ID already exists"
	state_is running
}

@test "a run that fails leaves nothing" {
	args /no/such/program
	container --pid-file "$T/pid"
	assert_error
	equal "$(ls -A "$ROOT")" ""
	absent "$T/pid"
	no_cgroups
}

@test "run of a bundle without process is an error" {
	config 'del(.process)'
	container
	assert_error process
}

@test "run waits for the first process alone" {
	payload spawn-orphan exit 0
	before=$SECONDS
	passes
	[ $((SECONDS - before)) -lt 5 ]
}

@test "run's caller may be killed: the container goes on and can be deleted" {
	payload say ready sleep 100
	run_in_background
	until_line ready
	kill -KILL $runner
	wait $runner || true
	state=$(status_of)
	[[ $state =~ ^(running|stopped)$ ]] || fail "$state"
	try oci delete --force "$C"
	assert_success
}

@test "fifty runs in a row" {
	payload true
	for _ in {1..50}; do
		oci run --bundle "$B" "$C" || fail "exit status $?"
	done
}

@test "what run starts at once waits at no socket; what create makes, and hooks before the start, do" {
	payload sleep 100
	try oci run --detach --bundle "$B" "$C"
	assert_success
	equal "$(status_of)" running
	absent "$ROOT/$C/start"
	try oci start "$C"
	assert_error "cannot start an already running container"
	oci delete --force "$C"
	create
	[ -S "$ROOT/$C/start" ] || fail
	equal "$(status_of)" created
	oci delete --force "$C"
	config '.hooks.startContainer = [{path: "/bin/payload", args: ["payload", "exit", "0"]}]'
	try oci run --detach --bundle "$B" "$C"
	assert_success
	[ -S "$ROOT/$C/start" ] || fail
	equal "$(status_of)" running
	oci delete --force "$C"
	equal "$(ls -A "$ROOT")" ""
}

@test "a run that is killed right before the start takes its container with it" {
	command -v strace >/dev/null || skip "needs strace"
	payload sleep 100
	# Its one word to init is "start". Where the cgroup is not pure v2, one more comes before.
	last=1
	[ "$(cgroup_mode)" = v2 ] || last=2
	strace -o /dev/null -e trace=sendmsg -e inject=sendmsg:delay_enter=20000000:when=$last \
		"$OCIRUN" --root "$ROOT" run --bundle "$B" "$C" </dev/null >/dev/null 2>&1 3>&- & tracer=$!
	until_state running
	init=$(pid_of) creator=$(jq .creator.pid "$ROOT/$C/state.json")
	# It waits, and has not executed anything.
	contains "$(tr '\0' ' ' <"/proc/$init/cmdline")" "init"
	sleep 0.5
	kill -KILL "$creator"
	wait $tracer || true
	until_true is_gone "$init"
	equal "$(status_of)" stopped
	oci delete "$C"
	equal "$(ls -A "$ROOT")" ""
}

@test "a start asks the kernel for its pages at once, before anything else" {
	command -v strace >/dev/null || skip "needs strace"
	need_static
	[ "$(uname -m)" = x86_64 ] || skip "needs x86-64"
	strace -o "$T/calls" "$OCIRUN" --version >/dev/null
	equal "$(sed -n '2,4s/(.*) *= 0$/ worked/p' "$T/calls")" $'madvise worked\nmadvise worked\nmadvise worked'
}
