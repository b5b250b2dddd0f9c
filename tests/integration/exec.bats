#!/usr/bin/env bats
# shellcheck shell=bats
# exec: a program in a container that is created or running, like its first process but for what the options say.
# shellcheck disable=SC2154 # the globals of helpers.bash
load helpers

# The container that all is executed in.
sleeping() {
	payload sleep 1000
	running "$@"
}

# x [OPTION...] -- WORD...: the payload says WORD... in the container.
x() {
	local options=()
	while [ $# -gt 0 ] && [ "$1" != -- ]; do options+=("$1"); shift; done
	try oci exec "${options[@]}" "$C" /bin/payload "${@:2}"
}

# in_container [OPTION...] -- WORD...: and that works.
in_container() {
	x "$@"
	assert_success
}

# refused TEXT...: the last exec failed with 255 and an error that holds every TEXT.
refused() {
	local text
	assert_exit 255
	for text; do
		[[ ${err//\\\"/\"} == *"$text"* ]] || { fail "expected in the error: $text"; return; }
	done
}

# process FILTER: a process.json like config.json's process, edited.
process() { jq ".process | $1" "$B/config.json" >"$T/process.json"; }

# --- the command line --------------------------------------------------------------------------------------------------------------------

@test "exec runs a program in a running container" {
	sleeping
	in_container -- say hello ids
	line hello
	line pid=2
	line ppid=0
	equal "$err" ""
}

@test "exec runs a program in a created container, which stays created" {
	create
	assert_success
	in_container -- ids
	line pid=2
	state_is created
	start
	assert_success
}

@test "exec ends with the program's exit status" {
	sleeping
	for code in 0 1 7 125 126 127 128 254 255; do
		x -- exit $code
		assert_exit $code
		equal "$err" ""
	done
}

@test "exec of a program that a signal ends exits with 128 + N" {
	sleeping
	for signal in 9 15 6 2; do
		x -- kill-self $signal
		assert_exit $((128 + signal))
	done
}

@test "the options end with the id: the rest is the program's" {
	sleeping
	try oci exec "$C" /bin/busybox echo -t --detach -- "$C"
	assert_success
	equal "$out" "-t --detach -- $C"
	try oci exec -e A=1 -e "B=two words" -e C= "$C" /bin/payload env
	assert_success
	line env=A=1
	line "env=B=two words"
	line env=C=
}

@test "exec without a program, or with options that are none, is a usage error: exit status 1" {
	sleeping
	try oci exec "$C"
	assert_error "process args cannot be empty"
	try oci exec
	assert_error "missing argument ID"
	try oci exec --nope "$C" /bin/payload
	assert_error "unknown option --nope"
	try oci exec --preserve-fds 900 "$C" /bin/payload
	assert_error "--preserve-fds 900: preserved-fd 0 (descriptor 3): "
}

@test "exec in a container that does not exist, is stopped, or is no container" {
	x -- true
	refused "container does not exist"
	try oci exec ../x /bin/payload
	refused "invalid container ID format"
	payload true
	running
	until_state stopped
	x -- true
	refused "cannot exec in a stopped container"
}

@test "exec in a container that is being created is refused, and has no effect" {
	create_in_hook 0
	x -- true
	refused "cannot exec in a container that is still being created"
	touch "$T/go"
	wait "$creator"
}

@test "a program that can't be found, with the words that callers know" {
	sleeping
	try oci exec "$C" nope
	refused 'exec: "nope": executable file not found in $PATH'
	try oci exec "$C" /nope
	refused 'exec: "/nope": stat /nope: no such file or directory'
	try oci exec "$C" /etc
	refused 'exec: "/etc": permission denied'
	try oci exec "$C" /etc/passwd
	refused 'exec: "/etc/passwd": permission denied'
	printf 'neither ELF nor script' >"$B/rootfs/bin/garbage"
	chmod 755 "$B/rootfs/bin/garbage"
	try oci exec "$C" /bin/garbage
	refused "exec /bin/garbage" "Exec format error"
}

@test "a failed exec leaves one record in the log" {
	sleeping
	try oci --log "$T/log" --log-format json exec "$C" nope
	assert_exit 255
	equal "$(jq -s length "$T/log")" 1
	equal "$(jq -r .level "$T/log")" error
	contains "$(jq -r .msg "$T/log")" 'exec: "nope": executable file not found in $PATH'
}

# --- what it is ----------------------------------------------------------------------------------------------------------------------------

@test "without options it is like the process of config.json" {
	config '.process.user = {uid: 1000, gid: 1001, additionalGids: [7, 8], umask: 63} | .process.cwd = "/usr"
		| .process.env += ["A=b"] | .process.rlimits = [{type: "RLIMIT_NOFILE", hard: 512, soft: 256}]
		| .process.capabilities.ambient = ["CAP_KILL"] | .process.capabilities.inheritable = ["CAP_KILL"] | .process.oomScoreAdj = 77'
	sleeping
	in_container -- ids cwd env umask rlimits caps process
	line uid=1000
	line gid=1001
	line groups=7,8
	line cwd=/usr
	line env=A=b
	line env=HOME=/home/user
	line umask=0077
	line rlimit_nofile=256:512
	line cap_bounding=0000000020000420
	line cap_inheritable=0000000000000020
	line cap_ambient=0000000000000020
	line no_new_privs=1
	line oom_score_adj=77
}

@test "what has become of the bundle since does not matter" {
	config '.process.env += ["A=before"]'
	sleeping
	config '.process.env += ["A=after"] | .process.user.uid = 5'
	in_container -- env ids
	line env=A=before
	line uid=0
	rm "$B/config.json"
	in_container -- env
	line env=A=before
}

@test "it is in all namespaces of the container" {
	sleeping
	in_container -- ns host
	local mine=$out ns pid
	pid=$(pid_of)
	line hostname=box
	for ns in cgroup ipc mnt net pid uts user time; do
		equal "$(sed -n "s/^ns_$ns=//p" <<<"$mine")" "$(readlink "/proc/$pid/ns/$ns")"
	done
}

@test "it is the leader of a session of its own, without signals of the caller's" {
	sleeping
	trap '' USR1 PIPE
	in_container -- ids signals
	trap - USR1 PIPE
	equal "$(value sid)" "$(value pid)"
	equal "$(value pgid)" "$(value pid)"
	line signals_blocked=
	line signals_ignored=
}

@test "it has descriptors 0 to 2 and no other" {
	sleeping
	exec 17<"$B/config.json"
	in_container -- fds
	exec 17<&-
	equal "$(grep -c ^fd_ <<<"$out")" 3
}

@test "it has a session keyring that is not the caller's" {
	sleeping
	in_container -- keyring
	local before=$out
	in_container -- keyring
	[ "$before" != "$out" ] || fail "the same keyring twice: $out"
}

@test "it is in the cgroups of the container" {
	sleeping
	in_container --detach -- sleep 1000
	both() { [ "$(oci ps --format json "$C" | jq length)" = 2 ]; }
	until_true both || fail "$(oci ps --format json "$C")"
	local pid
	for pid in $(oci ps --format json "$C" | jq '.[]'); do
		equal "$(cat "/proc/$pid/cgroup")" "$(cat "/proc/$(pid_of)/cgroup")"
	done
}

@test "pure v2: it is born in the cgroup of the container" {
	need_root
	pure_v2
	sleeping
	in_container -- cgroup
	line cgroup=0::/
}

@test "a container without namespaces of its own: the root is its, the rest the host's" {
	need_root
	config '.linux.namespaces = [] | del(.hostname, .mounts, .linux.maskedPaths, .linux.readonlyPaths)'
	sleeping
	touch "$B/rootfs/here"
	in_container -- list /
	contains "$out" "stat=//here - "
	no_match 'stat=//usr/lib.*'
}

# once_more PID: a process of the host's gets the number that another had.
once_more() {
	local at
	for at in {1..300}; do
		echo $(($1 - 1)) >/proc/sys/kernel/ns_last_pid
		sleep 300 3>&- 8>&- &
		[ $! != "$1" ] || { HOLDERS+=($!); return 0; }
		kill -KILL $! && wait $! || true
	done 2>/dev/null
	false
}

@test "a container without namespaces that ends meanwhile, and whose pid another process has: never in that one's root" {
	need_root
	[ -w /proc/sys/kernel/ns_last_pid ] || skip "needs CONFIG_CHECKPOINT_RESTORE"
	config '.linux.namespaces = [] | del(.hostname, .mounts, .linux.maskedPaths, .linux.readonlyPaths)'
	sleeping
	local init
	init=$(pid_of)
	process '.args = ["/bin/sh", "-c", "echo ran"]'
	mkfifo "$T/fifo"
	# It has looked at the container when it opens this.
	oci exec --process "$T/fifo" "$C" >"$T/said" 2>&1 &
	local waiting=$!
	exec 8>"$T/fifo"
	kill -KILL "$init"
	until_true [ ! -e "/proc/$init" ]
	once_more "$init" || skip "the machine is too busy to get that pid"
	cat "$T/process.json" >&8
	exec 8>&-
	status=0
	wait $waiting || status=$?
	assert_exit 255
	contains "$(<"$T/said")" "cannot exec in a stopped container"
}

@test "a container that enters its root by other means than pivot_root" {
	need_root
	payload sleep 1000
	status=0
	oci run --detach --no-pivot --bundle "$B" "$C" >"$T/console.$C" 2>"$T/err" || status=$?
	assert_success
	touch "$B/rootfs/here"
	in_container -- stat /here cwd
	line cwd=/
	no_match 'stat=.*ENOENT.*'
}

@test "limits of the container hold for it, and have room for one process more" {
	need_root
	[ "$(cgroup_mode)" != v2 ] || grep -qw pids /sys/fs/cgroup/cgroup.controllers || skip "needs the pids controller"
	config '.linux.resources = {pids: {limit: 3}}'
	sleeping
	in_container -- say hello
	in_container --detach -- sleep 1000
	x -- say hello
	refused "clone the program's process" EAGAIN "linux.resources.pids.limit has to leave room"
}

# --- options -------------------------------------------------------------------------------------------------------------------------------

@test "--cwd" {
	sleeping
	in_container --cwd /usr/bin -- cwd
	line cwd=/usr/bin
	x --cwd usr -- cwd
	refused 'process.cwd: "usr" is not absolute'
	x --cwd /nope -- cwd
	refused "process.cwd: chdir to /nope" "ENOENT"
	[ ! -e "$B/rootfs/nope" ] || fail "/nope was made"
	x --cwd /etc/passwd -- cwd
	refused "process.cwd: chdir to /etc/passwd" "ENOTDIR"
}

@test "--cwd of a directory that only its user may enter, and of one that only root may" {
	need_root
	mkdir "$B/rootfs/private" "$B/rootfs/for-root"
	chmod 700 "$B/rootfs/private" "$B/rootfs/for-root"
	chown 1000 "$B/rootfs/private"
	sleeping
	in_container --user 1000 --cwd /private -- cwd
	line cwd=/private
	in_container --cwd /for-root --user 1000 --cap CAP_DAC_READ_SEARCH -- ids
	line uid=1000
}

@test "--user by number" {
	sleeping
	in_container -u 1000 -- ids env
	line uid=1000
	line euid=1000
	line suid=1000
	line gid=0
	line env=HOME=/home/user
	in_container --user 1000:1001 -- ids
	line uid=1000
	line gid=1001
	in_container --user 12345:0 -- ids env
	line uid=12345
	line env=HOME=/
}

@test "--user by name, from the container's own files" {
	echo 'staff:x:50:' >>"$B/rootfs/etc/group"
	sleeping
	in_container -u user -- ids env
	line uid=1000
	line gid=1000
	line env=HOME=/home/user
	in_container -u user:staff -- ids
	line uid=1000
	line gid=50
	in_container -u user:7 -- ids
	line gid=7
	in_container -u 9:user -- ids
	line uid=9
	line gid=1000
	x -u nobody-here -- ids
	refused '--user: "nobody-here" is not in the container' /etc/passwd
	x -u user:nobody-here -- ids
	refused '--user: "nobody-here" is not in the container' /etc/group
	rm "$B/rootfs/etc/passwd"
	x -u user -- ids
	refused "--user" "open /etc/passwd in the container" ENOENT
}

@test "--user: what is no user is an error, never root" {
	sleeping
	for user in 1: :1 : +1 -1 1x 4294967295 4294967296 1:-1 1:+1 1:4294967295 user: 0x1 ' 1' 99999999999999999999 1:2:3; do
		x "--user=$user" -- ids
		refused "--user"
		equal "$out" ""
	done
}

@test "--user by name: a passwd file that gives away root by numbers that are none" {
	printf 'minus:x:-1:-1::/:/\nmax:x:4294967295:0::/:/\nover:x:4294967296:4294967296::/:/\ngmax:x:1:4294967295::/:/\n' >>"$B/rootfs/etc/passwd"
	sleeping
	for user in minus max over gmax; do
		x -u "$user" -- ids
		refused "--user"
	done
}

@test "--user by name: a passwd that is no file is not waited for" {
	rm "$B/rootfs/etc/passwd"
	mkfifo "$B/rootfs/etc/passwd"
	sleeping
	x -u user -- ids
	refused "--user"
	in_container -u 5 -- ids env
	line env=HOME=/
}

@test "--additional-gids" {
	config '.process.user.additionalGids = [3]'
	sleeping
	in_container -g 100 --additional-gids 65534 -- ids
	line groups=3,100,65534
	x -g -1 -- ids
	refused "--additional-gids"
	x -g staff -- ids
	refused '--additional-gids: "staff" is not a number'
}

@test "--env adds, and the last of a name counts" {
	config '.process.env += ["A=config", "B=config"]'
	sleeping
	in_container -e A=1 --env=A=2 -e HOME=/h -- env
	line env=A=2
	no_line env=A=config
	line env=B=config
	line env=HOME=/h
	x -e nothing -- env
	refused 'process.env' '"nothing" has no "="'
}

@test "--cap adds to bounding, effective and permitted, never to inheritable" {
	need_root
	sleeping
	in_container --cap CAP_NET_ADMIN -c CAP_SYS_CHROOT -- caps
	line cap_bounding=0000000020041420
	line cap_effective=0000000020041420
	line cap_permitted=0000000020041420
	line cap_inheritable=0000000000000000
	line cap_ambient=0000000000000000
	in_container --cap CAP_NOPE -- caps
	line cap_bounding=0000000020000420
	contains "$err" '--cap: unknown capability "CAP_NOPE"'
}

@test "--no-new-privs" {
	config '.process.noNewPrivileges = false'
	sleeping
	in_container -- process
	line no_new_privs=0
	in_container --no-new-privs -- process
	line no_new_privs=1
}

@test "--apparmor and --process-label on a host without the module" {
	[ ! -d /sys/kernel/security/apparmor ] || skip "this host has AppArmor"
	[ ! -e /sys/fs/selinux/enforce ] || skip "this host has SELinux"
	sleeping
	x --apparmor docker-default -- true
	refused "process.apparmorProfile: AppArmor is not enabled on this host"
	x --process-label u:r:t:s0 -- true
	refused "process.selinuxLabel: SELinux is not enabled on this host"
}

@test "--process FILE is the whole process" {
	sleeping
	process '.args = ["/bin/payload", "ids", "env", "cwd", "caps", "process"] | .env = ["ONLY=this"] | .cwd = "/tmp" | .user = {uid: 5, gid: 6}
		| .noNewPrivileges = false | .capabilities = {bounding: ["CAP_KILL"]}'
	try oci exec --process "$T/process.json" "$C"
	assert_success
	line uid=5
	line gid=6
	line cwd=/tmp
	line cap_bounding=0000000000000020
	line no_new_privs=0
	equal "$(grep ^env= <<<"$out" | sort | tr '\n' ' ')" "env=HOME=/ env=ONLY=this "
}

@test "--process: what it leaves open is as the container has it" {
	config '.process.oomScoreAdj = 55 | .process.user.umask = 7'
	sleeping
	jq -n '{args: ["/bin/payload", "rlimits", "caps", "process", "umask"], cwd: "/"}' >"$T/process.json"
	try oci exec -p "$T/process.json" "$C"
	assert_success
	line rlimit_nofile=1024:1024
	line cap_bounding=0000000020000420
	line oom_score_adj=55
	line umask=0007
}

@test "--process: options and a program come over it" {
	sleeping
	process '.args = ["/bin/false"] | .env = ["A=1"]'
	try oci exec -p "$T/process.json" -e B=2 --user 9 "$C" /bin/payload env ids
	assert_success
	line env=A=1
	line env=B=2
	line uid=9
}

@test "--process: every problem of the file, with its place" {
	sleeping
	refuse() { # FILTER TEXT...
		process "$1"
		try oci exec --process "$T/process.json" "$C"
		refused "$T/process.json: " "${@:2}"
	}
	refuse 'del(.args)' args
	refuse '.args = []' "args: must not be empty"
	refuse '.args = [""]' "args[0]: must not be empty"
	refuse '.cwd = "tmp"' 'cwd: "tmp" is not absolute'
	refuse 'del(.cwd)' "cwd: is required"
	refuse '.user.uid = -1' user.uid
	refuse '.user.uid = 4294967295' "user.uid: 4294967295 is no user id"
	refuse '.user = {uid: "0"}' user.uid
	refuse '.env = ["x"]' 'env[0]: "x" has no "="'
	refuse '.rlimits = [{type: "RLIMIT_NOPE", soft: 1, hard: 1}]' 'rlimits[0].type' RLIMIT_NOPE
	refuse '.rlimits[0].soft = 2000' "rlimits[0].soft: 2000 is more than hard, 1024"
	refuse '.oomScoreAdj = 2000' "oomScoreAdj: 2000 is out of range"
	refuse '.execCPUAffinity = {initial: "x"}' execCPUAffinity.initial
	refuse '.cwd = "x" | .user.uid = 4294967295' 'cwd: "x" is not absolute' "user.uid: 4294967295 is no user id"
	echo '{' >"$T/process.json"
	try oci exec --process "$T/process.json" "$C"
	refused "$T/process.json"
	try oci exec --process "$T/none.json" "$C"
	refused "--process: read $T/none.json" ENOENT
	try oci exec --process "$T" "$C"
	refused "--process: read $T" EISDIR
}

@test "a container without a process needs --process" {
	jq '.process | .args = ["/bin/payload", "say", "hello"]' "$B/config.json" >"$T/process.json"
	config 'del(.process)'
	create
	assert_success
	x -- true
	refused "process: the container's config.json has none to begin with" "--process FILE"
	try oci exec --process "$T/process.json" "$C"
	assert_success
	line hello
}

@test "process.execCPUAffinity is that of exec, not of create" {
	[ "$(nproc)" -ge 2 ] || skip "needs two CPUs"
	config '.process.execCPUAffinity = {initial: "0", final: "1"}'
	sleeping
	equal "$(taskset -pc "$(pid_of)" | sed 's/.*: //')" "$(taskset -pc $$ | sed 's/.*: //')"
	try oci exec "$C" /bin/busybox grep Cpus_allowed_list /proc/self/status
	assert_success
	equal "$out" $'Cpus_allowed_list:\t1'
	equal "$err" ""
	try oci --debug exec "$C" /bin/busybox true
	assert_success
	contains "$err" "initial CPU affinity: 0x1" "final CPU affinity: 0x2"
	process '.args = ["/bin/busybox", "grep", "Cpus_allowed_list", "/proc/self/status"] | .execCPUAffinity = {final: "0"}'
	try oci exec -p "$T/process.json" "$C"
	assert_success
	equal "$out" $'Cpus_allowed_list:\t0'
	process '.execCPUAffinity = {initial: "8000"}'
	try oci exec -p "$T/process.json" "$C"
	refused "process.execCPUAffinity.initial: bind the process to CPUs 8000"
}

@test "scheduling, I/O priority, memory policy and personality" {
	need_root
	config '.process.scheduler = {policy: "SCHED_BATCH", nice: 5} | .process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: 6}
		| .linux.personality = {domain: "LINUX32"} | .linux.memoryPolicy = {mode: "MPOL_INTERLEAVE", nodes: "0"}'
	sleeping
	in_container -- scheduling
	contains "$(value sched)" "policy 3 " "nice 5 "
	line ioprio=0x4006
	line mempolicy=0x3\ nodes\ 0x1
	line machine=i686
}

@test "--preserve-fds hands on as many descriptors, and LISTEN_FDS the sockets" {
	sleeping
	with_three() { oci_open "$@" 3<<<three 4<<<four 5<<<five; }
	try with_three exec --preserve-fds 2 "$C" /bin/payload fds
	assert_success
	equal "$(grep -c ^fd_ <<<"$out")" 5
	LISTEN_FDS=1 try with_three exec --preserve-fds 1 "$C" /bin/payload env fds ids
	assert_success
	equal "$(grep -c ^fd_ <<<"$out")" 5
	line env=LISTEN_FDS=1
	line "env=LISTEN_PID=$(value pid)"
}

@test "--pid-file: digits only, of the program, and only on success" {
	sleeping
	try oci exec --detach --pid-file "$T/pid" "$C" /bin/payload sleep 1000
	assert_success
	[[ $(od -An -c "$T/pid") != *'\n'* ]] || fail "a newline in the pid file"
	local pid
	pid=$(<"$T/pid")
	until_true grep -qz sleep "/proc/$pid/cmdline"
	equal "$(readlink "/proc/$pid/ns/pid")" "$(readlink "/proc/$(pid_of)/ns/pid")"
	try oci exec --detach --pid-file "$T/other" "$C" nope
	assert_exit 255
	absent "$T/other"
	absent "$T/other.tmp"
	try oci exec --detach --pid-file "$T/none/pid" "$C" /bin/payload sleep 1001
	refused "--pid-file"
	gone() { ! oci ps "$C" -ef | grep -q 'sleep 1001'; }
	until_true gone || fail "the program runs all the same"
}

@test "--detach returns at once, and the program is the caller's subreaper's" {
	sleeping
	try oci exec --detach "$C" /bin/payload to /tmp/report ids sleep 1000
	assert_success
	until_true test -s "$B/rootfs/tmp/report"
}

# receiver: at $T/socket; prints what comes with a pidfd, and whose it is, to $T/got.
receiver() {
	"$PYTHON" - "$T/socket" >"$T/got" 3>&- <<-'E' &
		import array, os, signal, socket, sys
		s = socket.socket(socket.AF_UNIX)
		s.bind(sys.argv[1])
		s.listen()
		c, _ = s.accept()
		text, control, *_ = c.recvmsg(100, 1000)
		fds = array.array("i", control[0][2])
		with open(f"/proc/self/fdinfo/{fds[0]}") as f:
		    print(text.decode(), next(l for l in f if l.startswith("Pid:")).split()[1])
	E
	receiver=$!
	until_true test -S "$T/socket"
}

@test "--pidfd-socket gets a pidfd of the program, and of create's first process" {
	payload sleep 1000
	receiver
	create "$C" --pidfd-socket "$T/socket"
	assert_success
	wait $receiver
	equal "$(<"$T/got")" "standard $(pid_of)"
	rm "$T/socket"
	receiver
	try oci exec --detach --pid-file "$T/pid" --pidfd-socket "$T/socket" "$C" /bin/payload sleep 1000
	assert_success
	wait $receiver
	equal "$(<"$T/got")" "setns $(<"$T/pid")"
	x --pidfd-socket "$T/none" -- true
	refused "--pidfd-socket: connect to $T/none"
	try oci create --pidfd-socket "$T/none" --bundle "$B" "$C-2"
	assert_error "--pidfd-socket: connect to $T/none"
}

@test "run.oci.pidfd_receiver stands for create's --pidfd-socket" {
	payload sleep 1000
	config --arg path "$T/socket" '.annotations = {"run.oci.pidfd_receiver": $path}'
	receiver
	create
	assert_success
	wait $receiver
	equal "$(<"$T/got")" "standard $(pid_of)"
	try oci create --bundle "$B" "$C-2"
	rm "$T/socket"
	try oci create --bundle "$B" "$C-2"
	assert_error "annotations[\"run.oci.pidfd_receiver\"]: connect to $T/socket"
}

@test "--cgroup: a cgroup below the container's, never out of it" {
	need_root
	pure_v2
	sleeping
	local at pid
	at=$("${IN[@]}" find /sys/fs/cgroup -type d -name "*$C*")
	"${IN[@]}" mkdir "$at/below"
	try oci exec --detach --pid-file "$T/pid" --cgroup /below "$C" /bin/payload sleep 1000
	assert_success
	pid=$(<"$T/pid")
	[[ $(cat "/proc/$pid/cgroup") == *"/below" ]] || fail "$(cat "/proc/$pid/cgroup")"
	kill -KILL "$pid"
	for bad in .. ../x below/.. below/../.. /../; do
		x --cgroup "$bad" -- true
		refused "--cgroup: bad sub cgroup path: $bad is not a sub cgroup path"
	done
	x --cgroup nope -- true
	refused "error adding pid " "to cgroups: " "/nope/cgroup.procs: no such file or directory"
	x --cgroup a --cgroup b -- true
	refused "missing <controller>: prefix"
	x --cgroup :x -- true
	refused "empty <controller> prefix"
	x --cgroup cpu:x -- true
	refused "unknown controller"
}

@test "--cgroup with cgroup v1: per controller" {
	need_root
	[ "$(cgroup_mode)" = hybrid ] || [ "$(cgroup_mode)" = v1 ] || skip "needs cgroup v1"
	sleeping
	local pids memory
	pids=$(cgroups_of "$C" | grep /pids/) memory=$(cgroups_of "$C" | grep /memory/)
	[ -n "$pids" ] && [ -n "$memory" ] || skip "needs the pids and memory controllers"
	mkdir "$pids/below" "$memory/below"
	try oci exec --detach --pid-file "$T/pid" --cgroup pids,memory:below "$C" /bin/payload sleep 1000
	assert_success
	grep -q 'pids:.*/below$' "/proc/$(<"$T/pid")/cgroup"
	grep -q 'memory:.*/below$' "/proc/$(<"$T/pid")/cgroup"
	! grep 'freezer:.*/below$' "/proc/$(<"$T/pid")/cgroup"
	kill -KILL "$(<"$T/pid")"
	x --cgroup pids:below --cgroup memory,pids:below -- true
	refused "controller specified multiple times"
	x --cgroup nope:below -- true
	refused "unknown controller"
	x --cgroup pids:../x -- true
	refused "bad sub cgroup path"
}

@test "pure v2: a container whose init has moved to a cgroup below" {
	need_root
	pure_v2
	sleeping
	local at
	at=$("${IN[@]}" find /sys/fs/cgroup -maxdepth 2 -type d -name "*$C*")
	"${IN[@]}" mkdir "$at/init.scope"
	"${IN[@]}" sh -c "echo $(pid_of) >$at/init.scope/cgroup.procs"
	# As systemd does inside: from now on no process can be beside the cgroups below.
	"${IN[@]}" sh -c "echo +memory >$at/cgroup.subtree_control" || skip "needs a memory controller in cgroup v2"
	in_container -- cgroup
	[[ $out == *init.scope* ]] || fail
	try oci exec --detach --cgroup . "$C" /bin/payload true
	refused EBUSY
}

# A systemd inside may do so, or one outside that takes a scope for empty.
@test "pure v2: a container whose init was moved to another cgroup, and whose own is gone" {
	need_root
	pure_v2
	sleeping
	local at pid
	at=$("${IN[@]}" find /sys/fs/cgroup -maxdepth 2 -type d -name "*$C*") pid=$(pid_of)
	"${IN[@]}" sh -c "mkdir $at-other && echo $pid >$at-other/cgroup.procs && rmdir $at"
	in_container -- cgroup
	[[ $out == *$C-other* ]] || fail
	try oci ps "$C"
	assert_error "the container's cgroup $at is gone"
	try oci pause "$C"
	assert_error "the container's cgroup $at is gone"
	state_is running
	try oci kill --all "$C" TERM
	assert_error "the container's cgroup $at is gone: only its first process has been signalled"
	try oci kill --all "$C" KILL
	assert_success
	until_true is_gone "$pid"
	try oci delete "$C"
	assert_success
	"${IN[@]}" rmdir "$at-other"
	# Without a pid namespace nobody would end what is put there.
	config '.linux.namespaces |= map(select(.type != "pid"))'
	running
	pid=$(pid_of)
	"${IN[@]}" sh -c "mkdir $at-other && echo $pid >$at-other/cgroup.procs && rmdir $at"
	x -- true
	refused "$at"
	try oci kill "$C" KILL
	assert_error "is gone: only its first process has been signalled"
	until_true is_gone "$pid"
	try oci delete "$C"
	assert_success
	"${IN[@]}" rmdir "$at-other"
}

# --- paused --------------------------------------------------------------------------------------------------------------------------------

@test "exec in a paused container is refused; with --ignore-paused it waits for its resumption" {
	need_root
	sleeping
	try oci pause "$C"
	assert_success
	x -- true
	refused "cannot exec in a paused container (use --ignore-paused to override)"
	oci exec --ignore-paused "$C" /bin/payload say resumed >"$T/said" 2>&1 &
	local waiting=$!
	sleep 0.3
	[ ! -s "$T/said" ] || fail "$(cat "$T/said")"
	try oci resume "$C"
	assert_success
	wait $waiting
	equal "$(<"$T/said")" resumed
}

# --- terminals -----------------------------------------------------------------------------------------------------------------------------

on_terminal() { try "$PYTHON" "$here/terminal.py" "$@" -- "$OCIRUN" --root "$ROOT" exec "${options[@]}" "$C" "${words[@]}"; }

@test "-t: a terminal of the container's, joined to ours" {
	sleeping
	options=(-t) words=(/bin/busybox sh -c 'tty; stty size; read x; echo "got $x"; exit 7')
	on_terminal --size 31x97 expect=/dev/pts/0 'expect=31 97' 'send=hello\n' 'expect=got hello'
	line @exit=7
	line @termios=same
}

@test "-t: it controls, is the user's, and follows the size of ours" {
	sleeping
	options=(-t -u 1000) words=(/bin/busybox sh -c '/bin/payload tty stat /proc/self/fd/0; trap "stty size" WINCH; echo ready; while :; do sleep 0.05; done')
	on_terminal expect=ready 'resize=41x141' 'expect=41 141' 'send=\x03'
	line tty_controlling=yes
	contains "$out" 1000:
}

@test "without -t config.json's terminal does not count" {
	config '.process.terminal = true'
	payload sleep 1000
	"$PYTHON" "$here/terminal.py" --socket "$T/console.sock" -- "$OCIRUN" --root "$ROOT" run --detach --bundle "$B" \
		--console-socket "$T/console.sock" "$C"
	in_container -- tty
	line tty_0=no
	line 'tty_controlling=(ENXIO)'
}

@test "-t --detach needs a console socket, and a console socket needs both" {
	sleeping
	x -t -d -- true
	refused "cannot allocate tty if runc will detach without setting console socket"
	x -t --console-socket "$T/s" -- true
	refused "cannot use console socket if runc will not detach or allocate tty"
	x -d --console-socket "$T/s" -- true
	refused "cannot use console socket if runc will not detach or allocate tty"
	x -d -t --console-socket "$T/none" -- true
	refused "--console-socket: connect to $T/none"
}

@test "--console-socket gets the terminal's master" {
	sleeping
	process '.terminal = true | .consoleSize = {height: 33, width: 99} | .args = ["/bin/busybox", "sh", "-c", "echo ready; read x; echo got $x; stty size"]'
	try "$PYTHON" "$here/terminal.py" --socket "$T/console.sock" expect=ready 'send=hello\n' 'expect=got hello' 'expect=33 99' -- \
		"$OCIRUN" --root "$ROOT" exec --detach --process "$T/process.json" --console-socket "$T/console.sock" "$C"
	line @fds=1
	line @exit=0
}

@test "signals are forwarded to the program" {
	sleeping
	oci exec "$C" /bin/payload say ready sleep 1000 >"$T/said" 2>&1 &
	local pid=$! runtime
	until_true grep -q ready "$T/said"
	runtime=$(pgrep -P "$pid" -f "exec $C")
	kill -TERM "$runtime"
	status=0
	wait $pid || status=$?
	assert_exit 143
}

@test "when the container ends, exec does" {
	sleeping
	oci exec "$C" /bin/payload say ready sleep 1000 >"$T/said" 2>&1 &
	local pid=$!
	until_true grep -q ready "$T/said"
	oci kill "$C" KILL
	status=0
	wait $pid || status=$?
	assert_exit 137
}

# --- seccomp -------------------------------------------------------------------------------------------------------------------------------

@test "the container's filter is the program's" {
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 42}]}'
	for new_privileges in true false; do
		config ".process.noNewPrivileges = $new_privileges"
		sleeping "$C"
		in_container -- syscall mkdirat process caps
		line "syscall mkdirat=(ENOMSG)"
		line seccomp=2
		line cap_permitted=0000000020000420
		in_container -u 1000 -- syscall mkdirat caps
		line "syscall mkdirat=(ENOMSG)"
		line cap_permitted=0000000000000000
		oci delete --force "$C"
	done
}

@test "a filter that forbids to clone forbids no exec" {
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["clone", "clone3", "fork", "vfork"], action: "SCMP_ACT_KILL_PROCESS"}]}'
	sleeping
	in_container -- say alive
	line alive
}

@test "an agent answers for the program's calls too" {
	[ "$(uname -m)" = x86_64 ] || skip "numbers of x86_64"
	config --arg path "$T/agent" '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", listenerPath: $path,
		syscalls: [{names: ["mkdirat"], action: "SCMP_ACT_NOTIFY"}]}'
	"$PYTHON" "$here/agent.py" "$T/agent" "$T/state" 258=42 3>&- &
	HOLDERS+=($!)
	until_true [ -S "$T/agent" ]
	sleeping
	rm "$T/agent"
	"$PYTHON" "$here/agent.py" "$T/agent" "$T/state2" 258=43 3>&- &
	HOLDERS+=($!)
	until_true [ -S "$T/agent" ]
	in_container -- syscall mkdirat
	line "syscall mkdirat=(EIDRM)"
	equal "$(jq -r .state.pid "$T/state2")" "$(pid_of)"
	[ "$(jq -r .pid "$T/state2")" != "$(pid_of)" ] || fail "the state has init's pid"
}

# --- user namespaces -----------------------------------------------------------------------------------------------------------------------

@test "a container with a user namespace" {
	need_root
	user_namespace
	sleeping
	in_container -- ids ns caps
	line uid=0
	line cap_permitted=0000000020000420
	line groups=
	equal "$(value ns_user)" "$(readlink "/proc/$(pid_of)/ns/user")"
	in_container -u 1000:1001 -g 5 --cwd /tmp -- ids cwd
	line uid=1000
	line gid=1001
	line groups=5
	x -u 70000 -- ids
	refused "process.user.uid: become user 70000" "this user namespace does not map it"
	options=(-t) words=(/bin/busybox tty)
	on_terminal expect=/dev/pts/0
	line @exit=0
}

@test "a user namespace that does not map root" {
	need_root
	config '.linux.namespaces += [{type: "user"}] | .process.user = {uid: 7, gid: 8}
		| .linux.uidMappings = [{containerID: 7, hostID: 100007, size: 2}] | .linux.gidMappings = [{containerID: 8, hostID: 100008, size: 2}]'
	chown -R --no-dereference 100007:100008 "$B/rootfs"
	sleeping
	in_container -- ids
	line uid=7
	line gid=8
}

@test "a container that joined namespaces by path" {
	need_root
	hold true
	local holder=${HOLDERS[-1]}
	IN=()
	unshare -n -u sleep 300 3>&- &
	HOLDERS+=($!)
	until_true test "$(readlink "/proc/$!/ns/net")" != "$(readlink /proc/self/ns/net)" || true
	sleep 0.2
	config --arg net "/proc/$!/ns/net" '(.linux.namespaces[] | select(.type == "network")).path = $net'
	sleeping
	in_container -- ns
	equal "$(value ns_net)" "$(readlink "/proc/${HOLDERS[-1]}/ns/net")"
	: "$holder"
}

@test "a time namespace" {
	need_root
	config '.linux.namespaces += [{type: "time"}] | .linux.timeOffsets = {monotonic: {secs: 100000000}}'
	sleeping
	in_container -- clocks
	[ "$(value clock_monotonic)" -gt 100000000 ] || fail
}
