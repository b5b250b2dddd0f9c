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
