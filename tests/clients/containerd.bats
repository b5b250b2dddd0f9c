#!/usr/bin/env bats
# shellcheck shell=bats
# containerd with its shim for runtimes like runc, called by ctr.
load clients

# Its client's name for groups of containers; cgroups are below one of this name.
namespace() { echo "$CLIENTS_NAME"; }

setup_file() {
	local at=$CLIENTS/containerd
	export DAEMON
	mkdir -p "$at"
	cat >"$at/config.toml" <<-EOF
		version = 2
		root = "$at/root"
		state = "$at/state"
		disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt", "io.containerd.snapshotter.v1.btrfs"]
		[grpc]
		address = "$at/socket"
	EOF
	containerd --config "$at/config.toml" >"$at/log" 2>&1 3>&- &
	DAEMON=$!
	until_true ctr --address "$at/socket" version >/dev/null 2>&1 || { cat "$at/log"; return 1; }
	ctr --address "$at/socket" -n "$(namespace)" image import "$CLIENTS/image.tar"
}

teardown_file() {
	kill "$DAEMON"
	wait "$DAEMON" || true
}

c() { limited ctr --address "$CLIENTS/containerd/socket" -n "$(namespace)" "$@"; }
run() { c run --runc-binary "$CLIENTS/bin/ocirun" "$@"; }
in_background() { # [OPTION...] -- COMMAND...
	local options=()
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	run -d "${options[@]}" localhost/box:latest box "$@"
}
task_is() { c task ls | grep -qE "^box +[0-9]+ +$1\$"; }
until_task() { until_true task_is "$1" || fail "never $1: $(c task ls)"; }
pid_of_task() { c task ls | sed -n 's/^box *\([0-9]*\) .*/\1/p'; }

after_test() {
	c task rm -f box >/dev/null 2>&1
	c container rm box >/dev/null 2>&1
	local left
	left=$(ls "/run/containerd/runc/$(namespace)" 2>/dev/null)
	[ -z "$left" ] || { echo "# left: $left"; return 1; }
}

@test "ctr run: output, exit status" {
	try run --rm localhost/box:latest box sh -c 'echo out; echo err >&2; exit 7'
	assert_exit 7
	equal "$out" out
	equal "$err" err
}

@test "ctr run: what can't be executed is an error with the runtime's own text" {
	try run --rm localhost/box:latest box no-such-program
	assert_exit 1
	contains "$err" "executable file not found"
	try run --rm localhost/box:latest box /no/such/file
	assert_exit 1
	contains "$err" "no such file or directory"
	try run --rm localhost/box:latest box /etc
	assert_exit 1
	[[ $err == *"permission denied"* || $err == *"is a directory"* ]] || fail # the latter of newer runc
}

@test "ctr run -t: a terminal" {
	try on_terminal ctr --address "$CLIENTS/containerd/socket" -n "$(namespace)" run --runc-binary "$CLIENTS/bin/ocirun" -t --rm localhost/box:latest box \
		sh -c "'tty; echo done'"
	assert_success
	contains "$out" /dev/pts/0 done
}

@test "ctr run: options that come into config.json" {
	local limits=(--memory-limit 67108864 --cpus 0.5)
	has_controller memory || limits=()
	echo volume >"$T/file"
	try run --rm --env A=b --cwd /home --read-only "${limits[@]}" \
		--mount "type=bind,src=$T,dst=/mnt,options=rbind:ro" --seccomp --allow-new-privs --with-ns network:/proc/1/ns/net localhost/box:latest box \
		sh -c 'echo $A; pwd; cat /mnt/file; touch /x; grep -E "^(Seccomp|NoNewPrivs):" /proc/self/status; readlink /proc/self/ns/net'
	assert_success
	contains "$err" "Read-only file system"
	equal "$out" "$(printf '%s\n' b /home volume $'NoNewPrivs:\t0' $'Seccomp:\t2' "$(readlink /proc/1/ns/net)")"
}

@test "ctr run: a user namespace" {
	try run --rm --uidmap 0:200000:65536 --gidmap 0:200000:65536 localhost/box:latest box cat /proc/self/uid_map
	assert_success
	matches ' *0 +200000 +65536'
}

@test "ctr run -d, task kill, task rm" {
	in_background -- sleep 100
	until_task RUNNING
	c task kill -s KILL box
	until_task STOPPED
	try c task rm box
	contains "$err" "exit code 137"
	absent "/run/containerd/runc/$(namespace)/box"
}

@test "ctr task kill --all, and of what is gone" {
	in_background -- sh -c 'sleep 100 & sleep 100 & wait'
	until_task RUNNING
	try c task kill --all -s KILL box
	assert_success
	until_task STOPPED
	try c task kill box
	assert_exit 1
	contains "$err" "not found"
}

@test "ctr task exec: output, status, user, working directory" {
	needs exec
	in_background -- sleep 100
	try c task exec --exec-id e1 box sh -c 'echo inside; exit 9'
	assert_exit 9
	equal "$out" inside
	try c task exec --exec-id e2 --user 1000 --cwd /home box sh -c 'id -u; pwd'
	assert_success
	equal "$out" "$(printf '1000\n/home')"
	try c task exec --exec-id e3 box no-such-program
	assert_exit 1
	contains "$err" "executable file not found"
	try on_terminal ctr --address "$CLIENTS/containerd/socket" -n "$(namespace)" task exec -t --exec-id e4 box sh -c "'tty; echo done'"
	contains "$out" /dev/pts/ done
}

@test "ctr task exec: a process of its own can be killed" {
	needs exec
	in_background -- sleep 100
	c task exec -d --exec-id e1 box sleep 200
	try c task kill --exec-id e1 -s KILL box
	assert_success
	until_true test -z "$(c task ps box | grep 'e1')" || true
	task_is RUNNING
}

@test "ctr task pause, resume" {
	needs pause resume
	in_background -- sleep 100
	try c task pause box
	assert_success
	until_task PAUSED
	try c task resume box
	assert_success
	until_task RUNNING
}

@test "ctr task ps, metrics" {
	needs ps
	in_background -- sh -c 'sleep 100; true'
	try c task ps box
	assert_success
	matches "$(pid_of_task) +.*"
	try c task metrics box
	assert_success
	contains "$out" box memory
}

@test "ctr task checkpoint" {
	needs checkpoint restore
	criu check >/dev/null 2>&1 || skip "criu check: $(criu check 2>&1 | tail -n 1)"
	in_background -- sh -c 'i=0; while :; do i=$((i + 1)); sleep 0.1; done'
	try c task checkpoint --image-path "$T/checkpoint" box
	assert_success
	[ -e "$T/checkpoint/inventory.img" ] || fail "no images"
}

@test "ctr container checkpoint and restore: a program goes on where it was" {
	needs checkpoint restore
	criu check >/dev/null 2>&1 || skip "criu check: $(criu check 2>&1 | tail -n 1)"
	in_background -- sh -c 'i=0; while :; do i=$((i + 1)); echo $i >/tmp/count; sleep 0.1; done'
	count() { cat "/proc/$(pid_of_task)/root/tmp/count"; }
	counts() { [ "$(count)" -gt "$1" ] 2>/dev/null; }
	until_true counts 10 || fail "$(count)"
	try c container checkpoint --rw --task box localhost/box-checkpoint
	assert_success
	last=$(count)
	c task kill -s KILL box
	until_task STOPPED
	c task rm box >/dev/null 2>&1
	c container rm box
	try c container restore --rw --live box localhost/box-checkpoint
	assert_success
	until_task RUNNING
	until_true counts "$last" || fail "$last and then $(count)"
	[ "$(count)" -lt $((last + 100)) ] || fail "$last and then $(count)"
}

@test "ctr run: a cgroup of its own" {
	in_background --cgroup "/$CLIENTS_NAME-own/box" -- sleep 100
	grep -q "/$CLIENTS_NAME-own/box" "/proc/$(pid_of_task)/cgroup" || fail "$(cat "/proc/$(pid_of_task)/cgroup")"
}

@test "containerd: all it called the runtime with is known" {
	forms_are_known
}

@test "containerd: no cgroup of its containers is left" {
	left=$(find /sys/fs/cgroup -depth -type d -path "*/$CLIENTS_NAME/*" 2>/dev/null || true)
	equal "$left" ""
}
