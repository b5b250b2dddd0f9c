#!/usr/bin/env bats
# shellcheck shell=bats
# docker: a daemon of our own, with the runtime as its default.
load clients

setup_file() {
	local at=$CLIENTS/docker
	export DAEMON DOCKER_HOST=unix://$at/socket DOCKER_CONFIG=$at/config DOCKER_BUILDKIT=0
	mkdir -p "$at"
	cat >"$at/daemon.json" <<-EOF
		{
			"data-root": "$at/data", "exec-root": "$at/exec", "pidfile": "$at/pid", "hosts": ["$DOCKER_HOST"],
			"iptables": false, "ip6tables": false, "bridge": "none", "cgroup-parent": "/$CLIENTS_NAME",
			"runtimes": {"ocirun": {"path": "$CLIENTS/bin/ocirun"}}, "default-runtime": "ocirun"
		}
	EOF
	dockerd --config-file "$at/daemon.json" >"$at/log" 2>&1 3>&- &
	DAEMON=$!
	until_up() { /usr/bin/docker info >/dev/null 2>&1; }
	until_true until_up || until_true until_up || { tail -n 20 "$at/log"; return 1; }
	/usr/bin/docker load -i "$CLIENTS/image.tar"
	/usr/bin/docker tag localhost/box box
}

teardown_file() {
	kill "$DAEMON"
	wait "$DAEMON" || true
}

docker() { limited /usr/bin/docker "$@"; }
in_background() { docker run -d --name box "$@" >/dev/null; }
inspect() { docker inspect --format "$2" "$1"; }

after_test() {
	docker ps -aq | xargs -r /usr/bin/docker rm -f >/dev/null
	local left
	left=$(ls /run/docker/runtime-*/moby "$CLIENTS/docker/exec/runtime-"*/moby 2>/dev/null | grep -v ':$' | grep .)
	[ -z "$left" ] || { echo "# left: $left"; return 1; }
}

@test "docker info knows the runtime, and its version" {
	try docker info --format '{{.DefaultRuntime}} {{json .Runtimes}}'
	assert_success
	contains "$out" "ocirun " "$CLIENTS/bin/ocirun"
	try docker info
	no_match '.*(WARNING|failed).*runtime.*'
}

@test "docker run: output, input, exit status" {
	try docker run --rm box sh -c 'echo out; echo err >&2; exit 7'
	assert_exit 7
	equal "$out" out
	equal "$err" err
	try docker run --rm -i box cat <<<"from stdin"
	equal "$out" "from stdin"
}

@test "docker run: 126 what can't be executed, 127 what is not there" {
	try docker run --rm box /etc
	assert_exit 126
	try docker run --rm box /no/such/file
	assert_exit 127
	try docker run --rm box no-such-program
	assert_exit 127
	contains "$err" "executable file not found"
}

@test "docker run -it: a terminal" {
	try on_terminal /usr/bin/docker run --rm -it box sh -c "'tty; echo done'"
	assert_success
	contains "$out" /dev/pts/0 done
}

@test "docker run: options that come into config.json" {
	mkdir "$T/dir"
	try docker run --rm --user user --group-add 7 --workdir /home/user --env A=b --hostname name --read-only --tmpfs /scratch -v "$T/dir:/dir:ro" \
		--cap-drop ALL --security-opt no-new-privileges --ulimit nofile=512:512 --sysctl kernel.msgmax=16384 --device /dev/fuse:/dev/thing --init box \
		sh -c 'id -G; pwd; echo $A; hostname; touch /scratch/a /dir/x /x; ls -l /dev/thing | cut -c1; ulimit -n; cat /proc/sys/kernel/msgmax /proc/1/comm; grep -E "^(NoNewPrivs|Seccomp|CapEff):" /proc/self/status'
	assert_success
	equal "$out" "$(printf '%s\n' '1000 7' /home/user b name c 512 16384 docker-init $'CapEff:\t0000000000000000' $'NoNewPrivs:\t1' $'Seccomp:\t2')"
	contains "$err" "/dir/x: Read-only" "/x: Read-only"
}

@test "docker run: privileged, namespaces of the host, of another container" {
	try docker run --rm --privileged --pid host --ipc host --uts host --network host box sh -c 'mount -t tmpfs t /tmp; for ns in pid ipc uts net; do readlink /proc/self/ns/$ns; done'
	assert_success
	equal "$out" "$(for ns in pid ipc uts net; do readlink /proc/self/ns/$ns; done)"
	in_background --network none --ipc shareable box sleep 100
	try docker run --rm --network container:box --pid container:box --ipc container:box box sh -c 'readlink /proc/self/ns/net; ps'
	assert_success
	line "$(readlink "/proc/$(inspect box '{{.State.Pid}}')/ns/net")"
	contains "$out" "sleep 100"
}

@test "docker run: limits" {
	need_controller memory
	in_background --memory 64m --cpus 0.5 --pids-limit 50 --blkio-weight 0 box sleep 100
	try docker stats --no-stream --format '{{.Name}} {{.MemUsage}} {{.PIDs}}' box
	assert_success
	matches 'box .* / 64MiB 1'
}

@test "docker run -d, logs, wait" {
	in_background box sh -c 'echo started; sleep 0.3; exit 3'
	try docker wait box
	equal "$out" 3
	try docker logs box
	equal "$out" started
}

@test "docker exec: output, status, user, environment, terminal" {
	needs exec
	in_background box sleep 100
	try docker exec --user user --env A=b --workdir /home box sh -c 'id -u; echo $A; pwd; exit 9'
	assert_exit 9
	equal "$out" "$(printf '%s\n' 1000 b /home)"
	try docker exec -i box cat <<<text
	equal "$out" text
	try docker exec box no-such-program
	[ "$status" -eq 126 ] || [ "$status" -eq 127 ] || fail
	contains "$err$out" "executable file not found"
	try on_terminal /usr/bin/docker exec -it box sh -c "'tty; echo done'"
	assert_success
	contains "$out" /dev/pts/ done
	try docker exec -d box touch /tmp/mark
	assert_success
	until_true docker exec box test -e /tmp/mark
}

@test "docker stop, start, restart, kill" {
	in_background box sh -c 'trap "exit 5" TERM; echo up; while :; do sleep 0.1; done'
	until_says up docker logs box
	try docker stop -t 5 box
	assert_success
	equal "$(inspect box '{{.State.ExitCode}}')" 5
	try docker start box
	assert_success
	try docker restart -t 0 box
	assert_success
	equal "$(inspect box '{{.State.Status}}')" running
	try docker kill box
	assert_success
	until_says exited inspect box '{{.State.Status}}'
	equal "$(inspect box '{{.State.ExitCode}}')" 137
}

@test "docker pause, unpause" {
	needs pause resume
	in_background box sleep 100
	try docker pause box
	assert_success
	equal "$(inspect box '{{.State.Status}}')" paused
	try docker unpause box
	assert_success
	equal "$(inspect box '{{.State.Status}}')" running
}

@test "docker top" {
	needs ps
	in_background box sleep 100
	try docker top box
	assert_success
	contains "$out" "sleep 100"
}

@test "docker update" {
	needs update
	need_controller memory
	in_background --memory 64m box sleep 100
	try docker update --memory 32m --memory-swap 32m --pids-limit 20 box
	[ "$status" -eq 0 ] || { [[ $err == *"not support"* ]] && try docker update --memory 32m box; }
	assert_success
	try docker stats --no-stream --format '{{.MemUsage}}' box
	contains "$out" "/ 32MiB"
}

@test "docker cp" {
	in_background box sleep 100
	echo content >"$T/file"
	try docker cp "$T/file" box:/tmp/file
	assert_success
	try docker cp box:/tmp/file "$T/back"
	assert_success
	equal "$(cat "$T/back")" content
}

@test "docker's healthcheck" {
	needs exec
	in_background --health-cmd 'test -e /bin/sh' --health-interval 100ms box sleep 100
	until_says healthy inspect box '{{.State.Health.Status}}'
}

@test "docker reports that memory ran out" {
	need_controller memory
	in_background --memory 16m --memory-swap 16m box sh -c 'sleep 0.5; tail /dev/zero'
	try docker wait box
	equal "$out" 137
	equal "$(inspect box '{{.State.OOMKilled}}')" true
}

@test "docker build" {
	printf 'FROM box\nCOPY file /copied\nRUN echo run >/ran && id -u >/uid\nUSER user\nRUN id -u >/tmp/uid\nCMD cat /copied /ran /uid /tmp/uid\n' >"$T/Dockerfile"
	echo copied >"$T/file"
	try docker build --network none -t built "$T"
	assert_success
	try docker run --rm built
	equal "$out" "$(printf '%s\n' copied run 0 1000)"
}

@test "docker: the daemon with containers that live on" {
	in_background box sleep 100
	equal "$(inspect box '{{.HostConfig.Runtime}}')" ocirun
	try docker ps --format '{{.Names}} {{.Status}}'
	matches 'box Up .*'
}

@test "docker: all it called the runtime with is known" {
	forms_are_known
}

@test "docker: no cgroup of its containers is left" {
	left=$(find /sys/fs/cgroup -depth -type d -path "*/$CLIENTS_NAME/*" 2>/dev/null || true)
	equal "$left" ""
}
