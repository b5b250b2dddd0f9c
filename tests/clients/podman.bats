#!/usr/bin/env bats
# shellcheck shell=bats
# podman, with and without root.
load clients

setup_file() {
	containers_conf
	podman load -i "$CLIENTS/image.tar"
}

pod() { limited podman "$@"; }
# podman's defaults leave its cgroups at the top: below ours instead.
run() { pod run --cgroup-parent "/$CLIENTS_NAME" "$@"; }
in_background() { run -d --name box "$@" >/dev/null; }
inspect() { pod inspect --format "$2" "$1"; }

after_test() {
	pod rm -fa -t 0 >/dev/null
	pod pod rm -fa >/dev/null
	pod volume prune -f >/dev/null
	[ -z "$(ls /run/ocirun 2>/dev/null)" ] || { echo "# left: $(ls /run/ocirun)"; return 1; }
}

# --- run ------------------------------------------------------------------------------------------------------------------------------

@test "podman info knows the runtime by what it says of itself" {
	try pod info --format '{{.Host.OCIRuntime.Name}} {{.Host.OCIRuntime.Path}} {{.Host.OCIRuntime.Version}}'
	assert_success
	contains "$out" "ocirun $CLIENTS/bin/ocirun" version
}

@test "podman run: output, input, exit status" {
	try run --rm box sh -c 'echo out; echo err >&2; exit 7'
	assert_exit 7
	equal "$out" out
	equal "$err" err
	try run --rm -i box cat <<<"from stdin"
	equal "$out" "from stdin"
}

@test "podman run: a signal's exit status is 128 and more" {
	try run --rm box sh -c 'kill -KILL $$'
	[ "$status" -eq 137 ] || [ "$status" -eq 0 ] || fail # init of a pid namespace does not hear its own signals
	try run --rm --pid host box sh -c 'kill -KILL $$'
	assert_exit 137
}

@test "podman run: 125 is podman's own, 126 what can't be executed, 127 what is not there" {
	try run --rm --no-such-option box true
	assert_exit 125
	try run --rm box /etc
	assert_exit 126
	contains "${err,,}" "permission denied"
	try run --rm box /no/such/file
	assert_exit 127
	contains "${err,,}" "no such file or directory"
	try run --rm box no-such-program
	assert_exit 127
	contains "$err" 'executable file'
	try run --rm -w /etc/passwd box true
	[ "$status" -eq 126 ] || [ "$status" -eq 127 ] || fail
}

@test "podman run -it: a terminal" {
	try on_terminal podman run --cgroup-parent "/$CLIENTS_NAME" --rm -it box sh -c "'tty; stty size; echo done'"
	assert_success
	contains "$out" /dev/pts/0 done
}

@test "podman run -d, logs, wait" {
	in_background box sh -c 'echo started; sleep 0.3; exit 3'
	try pod wait box
	equal "$out" 3
	try pod logs box
	equal "$out" started
	equal "$(inspect box '{{.State.Status}} {{.State.ExitCode}}')" "exited 3"
}

@test "podman run: user, groups, working directory, environment, hostname" {
	try run --rm --user user --group-add 7 --workdir /home/user --env A=b --hostname name box sh -c 'id -u; id -G; pwd; echo $A; hostname'
	assert_success
	equal "$out" "$(printf '%s\n' 1000 '1000 7' /home/user b name)"
}

@test "podman run --init: an init of podman's own" {
	try run --rm --init box cat /proc/1/comm
	assert_success
	contains "$out" init
}

@test "podman run --read-only: the root is, what was asked for is not" {
	try run --rm --read-only --tmpfs /scratch box sh -c 'touch /scratch/a /tmp/a && ! touch /a'
	assert_success
	contains "$err" "Read-only file system"
}

@test "podman run -v: directories, volumes, propagation, options" {
	mkdir "$T/dir"
	try run --rm -v "$T/dir:/dir" -v "$T/dir:/ro:ro" -v "$T/dir:/slave:rslave,noexec" -v named:/named box \
		sh -c 'echo hello >/dir/file; cat /ro/file; ! touch /ro/x; touch /named/x; grep -q " /slave .*noexec.* master:" /proc/self/mountinfo; echo $?'
	assert_success
	equal "$(tail -n 1 <<<"$out")" 1
	line hello
	equal "$(cat "$T/dir/file")" hello
	try run --rm -v named:/named box ls /named
	equal "$out" x
	try run --rm --mount type=tmpfs,destination=/t,tmpfs-size=1M,tmpfs-mode=700 box stat -c %a /t
	equal "$out" 700
	try run --rm -v "$T/no-such:/x" box true
	assert_exit 125
}

@test "podman run: limits of memory, cpu and processes are in the cgroup" {
	need_controller memory
	in_background --memory 64m --cpus 0.5 --pids-limit 50 box sleep 100
	pid=$(inspect box '{{.State.Pid}}')
	equal "$(limit_of "$pid" memory memory.limit_in_bytes memory.max)" 67108864
	equal "$(limit_of "$pid" pids pids.max pids.max)" 50
}

# limit_of PID CONTROLLER V1-FILE V2-FILE
limit_of() {
	local path
	if path=$(grep -E "^[0-9]+:([^:]*,)?$2(,[^:]*)?:" "/proc/$1/cgroup"); then
		cat "/sys/fs/cgroup/$2${path#*:*:}/$3"
	else
		path=$(grep '^0::' "/proc/$1/cgroup")
		cat "/sys/fs/cgroup${path#0::}/$4"
	fi
}

@test "podman run: ulimits, sysctls, devices, capabilities" {
	try run --rm --ulimit core=0 --ulimit nofile=1024 --ulimit nproc=1000 --sysctl kernel.msgmax=16384 --device /dev/fuse:/dev/thing --cap-add sys_nice --cap-drop chown box \
		sh -c 'ulimit -c; cat /proc/sys/kernel/msgmax; ls -l /dev/thing | cut -c1; grep CapEff /proc/self/status'
	assert_success
	equal "$(head -n 3 <<<"$out")" "$(printf '%s\n' 0 16384 c)"
	cap=$((16#$(sed -n 's/^CapEff:\t//p' <<<"$out")))
	((cap >> 23 & 1)) || fail "no sys_nice"
	((!(cap & 1))) || fail "chown"
}

@test "podman run --privileged" {
	try run --rm --privileged box sh -c 'mount -t tmpfs t /tmp && touch /tmp/x && ls /dev/fuse && grep ^Seccomp: /proc/self/status'
	assert_success
	line /dev/fuse
	matches 'Seccomp:.0'
}

@test "podman run --security-opt: no-new-privileges, seccomp, label" {
	try run --rm --security-opt no-new-privileges box grep -E '^(NoNewPrivs|Seccomp):' /proc/self/status
	assert_success
	equal "$(tr '\t' ' ' <<<"$out")" "$(printf '%s\n' 'NoNewPrivs: 1' 'Seccomp: 2')"
	try run --rm --security-opt seccomp=unconfined box grep Seccomp: /proc/self/status
	equal "$(tr '\t' ' ' <<<"$out")" "Seccomp: 0"
	echo '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO"}]}' >"$T/profile"
	try run --rm --security-opt "seccomp=$T/profile" box mkdir /new
	assert_exit 1
	contains "$err" "Operation not permitted"
	try run --rm --security-opt label=disable --security-opt apparmor=unconfined box true
	assert_success
	try run --rm --security-opt mask=/etc/group --security-opt unmask=ALL box cat /etc/group
	equal "$out" ""
}

@test "podman run --userns: auto, and a mapping" {
	try run --rm --uidmap 0:200000:65536 --gidmap 0:300000:65536 --user user box sh -c 'cat /proc/self/uid_map; id -u; stat -c %u:%g /bin/sh /home/user'
	assert_success
	matches ' *0 +200000 +65536'
	line 1000
	line 0:0
	line 1000:1000
	echo 'containers:x:54320:54320::/:/bin/false' >>/etc/passwd
	echo 'containers:2147000000:400000' >>/etc/subuid
	echo 'containers:2147000000:400000' >>/etc/subgid
	try run --rm --userns auto box sh -c 'cat /proc/self/uid_map'
	assert_success
	no_match ' *0 +0 +4294967295'
}

@test "podman run: namespaces of the host" {
	try run --rm --pid host --ipc host --uts host --network host --cgroupns host box sh -c 'for ns in pid ipc uts net cgroup; do readlink /proc/self/ns/$ns; done'
	assert_success
	equal "$out" "$(for ns in pid ipc uts net cgroup; do readlink /proc/self/ns/$ns; done)"
}

@test "podman run --cgroups disabled: the cgroup is the caller's" {
	[ "$(basename "$CLIENT_RUNTIME")" != runc ] || skip "runc can't"
	try pod run --rm --cgroups disabled --cgroupns host box cat /proc/self/cgroup
	assert_success
	equal "$out" "$(cat /proc/self/cgroup)"
}

@test "podman run: secrets, timeout, preserve-fds, systemd's notify socket" {
	echo hidden >"$T/secret"
	pod secret create box-secret "$T/secret" >/dev/null
	try run --rm --secret box-secret --secret box-secret,type=env,target=S box sh -c 'cat /run/secrets/box-secret; echo $S'
	pod secret rm box-secret >/dev/null
	assert_success
	equal "$out" "$(printf 'hidden\nhidden')"
	try run --rm --timeout 1 box sleep 100
	[ "$status" -ne 0 ] || fail
	echo from-fd >"$T/fd"
	status=0
	timeout 60 podman run --cgroup-parent "/$CLIENTS_NAME" --rm --preserve-fds 1 box sh -c 'cat <&3' 3<"$T/fd" >"$T/out" 2>"$T/err" || status=$?
	out=$(<"$T/out") err=$(<"$T/err")
	assert_success
	equal "$out" from-fd
}

@test "podman run --sdnotify: READY=1 of the container reaches the socket" {
	"$PYTHON" - "$T/notify" >"$T/notified" <<-'EOF' &
		import socket, sys
		s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		s.bind(sys.argv[1])
		s.settimeout(20)
		while True:
		    text = s.recv(4096).decode()
		    print(text, flush=True)
		    if "READY=1" in text:
		        break
	EOF
	listener=$!
	until_true test -S "$T/notify"
	status=0
	NOTIFY_SOCKET=$T/notify limited podman run --cgroup-parent "/$CLIENTS_NAME" --sdnotify conmon -d --name box box sleep 100 >"$T/out" 2>"$T/err" || status=$?
	out=$(<"$T/out") err=$(<"$T/err")
	assert_success
	wait $listener
	contains "$(cat "$T/notified")" READY=1
}

# --- a container that runs ------------------------------------------------------------------------------------------------------------

@test "podman exec: output, status, user, environment, working directory" {
	needs exec
	in_background box sleep 100
	try pod exec box sh -c 'echo inside; exit 9'
	assert_exit 9
	equal "$out" inside
	try pod exec --user user --env A=b --workdir /home box sh -c 'id -u; echo $A; pwd'
	equal "$out" "$(printf '%s\n' 1000 b /home)"
	try pod exec -i box cat <<<text
	equal "$out" text
	try pod exec --privileged box grep CapEff /proc/self/status
	assert_success
}

@test "podman exec: 125 is podman's own, 126 what can't be executed, 127 what is not there" {
	needs exec
	in_background box sleep 100
	try pod exec box /etc
	assert_exit 126
	try pod exec box /no/such/file
	assert_exit 127
	try pod exec box no-such-program
	assert_exit 127
	pod stop -t 0 box >/dev/null
	try pod exec box true
	assert_exit 255
}

@test "podman exec -it: a terminal" {
	needs exec
	in_background box sleep 100
	try on_terminal podman exec -it box sh -c "'tty; echo done'"
	assert_success
	contains "$out" /dev/pts/ done
}

@test "podman exec -d" {
	needs exec
	in_background box sleep 100
	try pod exec -d box sh -c 'echo here >/tmp/mark'
	assert_success
	until_says here pod exec box cat /tmp/mark
}

@test "podman stop, kill, restart, start" {
	in_background box sh -c 'trap "exit 5" TERM; echo up; while :; do sleep 0.1; done'
	until_says up pod logs box
	try pod stop box
	assert_success
	equal "$(inspect box '{{.State.ExitCode}}')" 5
	try pod start box
	assert_success
	until_says running inspect box '{{.State.Status}}'
	try pod restart -t 0 box
	assert_success
	equal "$(inspect box '{{.State.Status}}')" running
	try pod kill --signal KILL box
	assert_success
	until_says exited inspect box '{{.State.Status}}'
	equal "$(inspect box '{{.State.ExitCode}}')" 137
}

@test "podman stop: what hears no SIGTERM is killed" {
	in_background --stop-timeout 1 box sleep 100
	try pod stop box
	assert_success
	equal "$(inspect box '{{.State.ExitCode}}')" 137
}

@test "podman create, init, start, attach" {
	pod create --cgroup-parent "/$CLIENTS_NAME" --name box box sh -c 'echo up; exit 4' >/dev/null
	try pod init box
	assert_success
	equal "$(inspect box '{{.State.Status}}')" initialized
	try pod start --attach box
	assert_exit 4
	equal "$out" up
}

@test "podman pause, unpause" {
	needs pause resume
	in_background box sh -c 'while :; do sleep 0.05; done'
	try pod pause box
	assert_success
	equal "$(inspect box '{{.State.Status}}')" paused
	try pod unpause box
	assert_success
	equal "$(inspect box '{{.State.Status}}')" running
	pod pause box
	try pod rm -f -t 0 box
	assert_success
}

@test "podman cp, in and out" {
	in_background box sleep 100
	echo content >"$T/file"
	try pod cp "$T/file" box:/tmp/file
	assert_success
	try pod cp box:/tmp/file "$T/back"
	assert_success
	equal "$(cat "$T/back")" content
}

@test "podman top" {
	in_background box sleep 100
	try pod top box pid user args
	assert_success
	matches '1 +root +sleep 100.*'
}

@test "podman stats --no-stream" {
	in_background box sleep 100
	try pod stats --no-stream --format '{{.Name}} {{.PIDs}}' box
	assert_success
	equal "$out" "box $(has_controller pids && echo 1 || echo 0)"
}

@test "podman update" {
	needs update
	need_controller memory
	in_background box sleep 100
	try pod update --memory 32m --pids-limit 20 box
	[[ $err != *"unknown flag: --pids-limit"* ]] || try pod update --memory 32m box
	assert_success
	equal "$(limit_of "$(inspect box '{{.State.Pid}}')" memory memory.limit_in_bytes memory.max)" 33554432
}

@test "podman healthcheck" {
	needs exec
	in_background --health-cmd 'test -e /tmp/healthy' --health-interval disable box sleep 100
	try pod healthcheck run box
	assert_exit 1
	pod exec box touch /tmp/healthy
	try pod healthcheck run box
	assert_success
}

@test "podman checkpoint and restore" {
	needs checkpoint restore
	criu check >/dev/null 2>&1 || skip "criu check: $(criu check 2>&1 | tail -n 1)"
	in_background box sh -c 'i=0; while :; do i=$((i + 1)); echo $i; sleep 0.1; done'
	until_says 5 pod logs box
	try pod container checkpoint box
	assert_success
	equal "$(inspect box '{{.State.Status}}')" exited
	last=$(pod logs box | tail -n 1)
	try pod container restore box
	assert_success
	equal "$(inspect box '{{.State.Status}}')" running
	until_says $((last + 3)) pod logs box
}

@test "podman checkpoint to a file, restore from it under another name" {
	needs checkpoint restore
	criu check >/dev/null 2>&1 || skip "criu check: $(criu check 2>&1 | tail -n 1)"
	run -d --name box -t --read-only --tmpfs /tmp box sh -c 'i=0; while :; do i=$((i + 1)); echo $i; sleep 0.1; done'
	until_says 5 pod logs box
	try pod container checkpoint --leave-running --export "$T/box.tar.gz" box
	assert_success
	equal "$(inspect box '{{.State.Status}}')" running
	pod rm -f -t 0 box >/dev/null
	try pod container restore --import "$T/box.tar.gz" --name box-again
	assert_success
	last=$(pod logs box-again | tail -n 1 | tr -d '\r')
	until_says $((last + 3)) pod logs box-again
	equal "$(pod logs box-again | head -n "$last" | tr -d '\r')" "$(seq "$last")"
	equal "$(inspect box-again '{{.State.Status}}')" running
}

# --- more than one ---------------------------------------------------------------------------------------------------------------------

@test "podman pod: containers share namespaces" {
	pod pod create --name box-pod --share ipc,uts,net --network none --cgroup-parent "/$CLIENTS_NAME" >/dev/null
	pod run -d --pod box-pod --name box box sleep 100 >/dev/null
	try pod run --rm --pod box-pod box sh -c 'for ns in ipc uts net pid; do readlink /proc/self/ns/$ns; done; hostname'
	assert_success
	pid=$(inspect box '{{.State.Pid}}')
	for ns in ipc uts net; do
		line "$(readlink "/proc/$pid/ns/$ns")"
	done
	no_line "$(readlink "/proc/$pid/ns/pid")"
	line box-pod
	try pod pod stop -t 0 box-pod
	assert_success
	try pod pod start box-pod
	assert_success
}

@test "podman run --network container:, --pid container:" {
	in_background box sleep 100
	try run --rm --network container:box --pid container:box --ipc container:box box sh -c 'readlink /proc/self/ns/net; ps'
	assert_success
	line "$(readlink "/proc/$(inspect box '{{.State.Pid}}')/ns/net")"
	contains "$out" "sleep 100"
}

@test "podman play kube" {
	cat >"$T/pod.yaml" <<-EOF
		apiVersion: v1
		kind: Pod
		metadata: {name: box-kube}
		spec:
		  hostNetwork: true
		  restartPolicy: Never
		  containers:
		  - name: one
		    image: localhost/box:latest
		    imagePullPolicy: Never
		    command: [sh, -c, "echo from kube; sleep 100"]
		    securityContext: {runAsUser: 1000, capabilities: {drop: [ALL]}, readOnlyRootFilesystem: true}
		    $(! has_controller memory || echo 'resources: {limits: {memory: 64Mi}}')
		    env: [{name: A, value: b}]
	EOF
	try pod play kube "$T/pod.yaml"
	assert_success
	until_says "from kube" pod logs box-kube-one
	try pod play kube --down "$T/pod.yaml"
	assert_success
}

@test "podman build" {
	cat >"$T/Containerfile" <<-EOF
		FROM localhost/box
		COPY file /copied
		RUN echo run >/ran && id -u >/uid
		USER user
		RUN id -u >/tmp/uid
		CMD cat /copied /ran /uid /tmp/uid
	EOF
	echo copied >"$T/file"
	try pod build --network none --cgroup-parent "/$CLIENTS_NAME-build" -t built "$T"
	assert_success
	try run --rm built
	equal "$out" "$(printf '%s\n' copied run 0 1000)"
	printf 'FROM localhost/box\nRUN exit 6\n' >"$T/Containerfile"
	try pod build --network none --cgroup-parent "/$CLIENTS_NAME-build" "$T"
	[ "$status" -ne 0 ] || fail
	contains "$err$out" "exit status 6"
	pod rmi -f built
}

# --- without root ----------------------------------------------------------------------------------------------------------------------

user=box-user

# A plain user, with ids below its own, for this mount namespace only.
make_user() {
	grep -q "^$user:" /etc/passwd && return
	echo "$user:x:54321:54321::$CLIENTS/home:/bin/bash" >>/etc/passwd
	echo "$user:x:54321:" >>/etc/group
	echo "$user:500000:65536" >>/etc/subuid
	echo "$user:500000:65536" >>/etc/subgid
	mkdir -p "$CLIENTS/home" /run/user/54321
	chown $user:$user "$CLIENTS/home" /run/user/54321
	chmod 700 /run/user/54321
	rootless load -i "$CLIENTS/image.tar"
}

rootless() {
	limited setpriv --reuid $user --regid $user --clear-groups --reset-env -- \
		env -C / XDG_RUNTIME_DIR=/run/user/54321 PATH=/usr/bin:/bin HOME="$CLIENTS/home" TMPDIR="$CLIENTS/home" podman "$@"
}

@test "rootless: run, status, ids, volume" {
	make_user
	try rootless run --rm box sh -c 'id -u; cat /proc/self/uid_map; exit 3'
	assert_exit 3
	line 0
	matches ' *1 +500000 +65536'
	try rootless run --rm --user user -v "$CLIENTS/home:/h" box sh -c 'id -u; stat -c %u /h'
	assert_success
	equal "$out" "$(printf '1000\n0')"
	try rootless run --rm --userns keep-id box id -u
	equal "$out" 54321
	try rootless run --rm box /etc
	assert_exit 126
	try rootless run --rm box no-such-program
	assert_exit 127
}

@test "rootless: -d, exec, logs, stop" {
	needs exec
	make_user
	rootless run -d --name box box sh -c 'echo up; sleep 100' >/dev/null
	until_says up rootless logs box
	try rootless exec box sh -c 'id -u; exit 2'
	assert_exit 2
	equal "$out" 0
	try rootless stop -t 0 box
	assert_success
	try rootless rm -f box
	assert_success
}

@test "rootless: a terminal, a network, a pod, a build" {
	make_user
	try rootless run --rm -t box tty
	contains "$out" /dev/pts/0
	try rootless run --rm --network slirp4netns box ls /sys/class/net
	assert_success
	line tap0
	rootless pod create --name box-pod --network none >/dev/null
	try rootless run --rm --pod box-pod box hostname
	rootless pod rm -f box-pod >/dev/null
	equal "$out" box-pod
	mkdir "$T/build"
	printf 'FROM localhost/box\nRUN id -u >/uid\nCMD cat /uid\n' >"$T/build/Containerfile"
	try rootless build --network none -t built "$T/build"
	assert_success
	try rootless run --rm built
	equal "$out" 0
	rootless rmi -f built
}

# --- at the end ------------------------------------------------------------------------------------------------------------------------

@test "podman: all it called the runtime with is known" {
	forms_are_known
}
