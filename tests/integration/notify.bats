#!/usr/bin/env bats
# shellcheck shell=bats
# NOTIFY_SOCKET: what a container's program says by sd_notify(3) reaches the service manager that waits for us, as far as it may.
load helpers

# manager PATH: a service manager at the socket PATH ("@..." is abstract), which writes a line for each message to $T/heard, with the number
# of descriptors that came along.
manager() {
	"$PYTHON" -c 'import array, os, socket, sys
path = sys.argv[1]
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("\0" + path[1:] if path[0] == "@" else path)
print("ready", flush=True)
while True:
    text, control, _, _ = s.recvmsg(4096, 1024)
    fds = array.array("i")
    for _, _, data in control:
        fds.frombytes(data)
    print(text.decode().replace("\n", ";"), len(fds), flush=True)
    for fd in fds:
        os.close(fd)' "$1" >"$T/heard" 2>&1 3>&- &
	HOLDERS+=("$!")
	until_true grep -qx ready "$T/heard"
	export NOTIFY_SOCKET=$1
}
heard() { until_true grep -qx "$1" "$T/heard" || fail "never heard: $1" "but: $(cat "$T/heard")"; }
messages() { sed 1d "$T/heard" | paste -sd' '; }

@test "create and start: start returns when the program is ready, and names its pid and waits until that is understood" {
	manager "$T/manager"
	shell 'payload notify STATUS=early; until [ -e /tmp/go ]; do sleep 0.02; done; payload notify "STATUS=up
READY=1"; exec sleep 100'
	create
	assert_success
	oci start "$C" 3>&- & starting=$!
	until_state running
	sleep 0.3
	kill -0 $starting || fail "start did not wait"
	equal "$(messages)" ""
	touch "$B/rootfs/tmp/go"
	wait $starting
	heard "MAINPID=$(pid_of);READY=1 0"
	heard "BARRIER=1 1"
	# Nothing else of what the container says.
	equal "$(messages)" "MAINPID=$(pid_of);READY=1 0 BARRIER=1 1"
}

@test "the program finds a socket at /run/notify, for every user, and can't write beside it" {
	manager "$T/manager"
	config '.process.user = {uid: 1000, gid: 1000} | .process.env += ["NOTIFY_SOCKET=/of/config.json"]'
	payload env notify READY=1 access /run/notify mounts
	try oci run --bundle "$B" "$C"
	assert_success
	line env=NOTIFY_SOCKET=/run/notify/notify.sock
	[[ $out != *of/config.json* ]] || fail
	line notify=sent
	matches 'mount=/run/notify [^ ]+ [^ ]+ ro,nosuid,nodev,noexec.*'
	matches 'write=/run/notify \(E(ROFS|ACCES)\)'
	heard "READY=1 0"
}

@test "run in the foreground stays the one to watch, and goes on as before" {
	manager "$T/manager"
	shell 'payload notify MAINPID=1; payload notify READY=1; sleep 0.3; payload notify STOPPING=1; exit 7'
	try oci run --bundle "$B" "$C"
	assert_exit 7
	heard "READY=1 0"
	equal "$(messages)" "READY=1 0"
	# Nobody listens any more: the program is not held up.
	line "notify=(ECONNREFUSED)"
}

@test "run --detach waits for ready, too" {
	manager "@ocirun-test-$C"
	shell 'sleep 0.3; payload notify READY=1; exec sleep 100'
	try oci run --detach --bundle "$B" "$C" >"$T/console.$C"
	assert_success
	heard "MAINPID=$(pid_of);READY=1 0"
}

@test "a program that ends before it is ready ends the wait" {
	manager "$T/manager"
	payload true
	create
	start
	assert_success
	until_state stopped
	equal "$(messages)" ""
}

@test "while start waits, others may kill and delete" {
	manager "$T/manager"
	payload sleep 100
	create
	oci start "$C" 3>&- & starting=$!
	until_state running
	try oci delete --force "$C"
	assert_success
	wait $starting
	absent "$ROOT/$C"
}

@test "in a user namespace" {
	manager "$T/manager"
	user_namespace
	config '.process.user = {uid: 1000, gid: 1000}'
	payload notify READY=1
	passes
	line notify=sent
	heard "READY=1 0"
}

@test "a manager that is gone is a warning, for the container runs" {
	export NOTIFY_SOCKET=$T/nobody
	payload notify READY=1
	container
	assert_success
	contains "$err" "warning: NOTIFY_SOCKET: tell $T/nobody: No such file or directory"
}

@test "without NOTIFY_SOCKET, or for what is no path, there is nothing of it" {
	for value in '' relative / @; do
		NOTIFY_SOCKET=$value
		export NOTIFY_SOCKET
		payload notify READY=1 mounts
		passes
		line "notify=(ECONNREFUSED)"
		[[ $out != *run/notify* ]] || fail
	done
	# A container that was created without is not waited for.
	unset NOTIFY_SOCKET
	payload sleep 100
	create
	manager "$T/manager"
	start
	assert_success
}

@test "a rootfs that can't have /run/notify is an error that says why it should" {
	manager "$T/manager"
	mkdir "$B/rootfs/run"
	touch "$B/rootfs/run/notify"
	container
	assert_error "NOTIFY_SOCKET"
	absent "$ROOT/$C"
}
