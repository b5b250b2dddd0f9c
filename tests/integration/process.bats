#!/usr/bin/env bats
# shellcheck shell=bats
# config.md, Process: what the program is, as whom it runs and what it finds.
load helpers

# --- the program -------------------------------------------------------------------------------------------------------------------------

@test "arguments arrive as they are" {
	args /bin/busybox sh -c 'for a; do echo "<$a>"; done' sh '' 'a b' '*' '$HOME' $'two\nlines' 'ü'
	passes
	equal "$out" $'<>\n<a b>\n<*>\n<$HOME>\n<two\nlines>\n<ü>'
}

@test "a program without a slash is looked up in process.env's PATH" {
	mkdir "$B/rootfs/odd"
	cp -P "$B/rootfs/bin/payload" "$B/rootfs/odd/only-here"
	config '.process.env = ["PATH=/nowhere:/odd"]'
	args only-here say found
	passes
	line found
}

@test "the runtime's own PATH does not count" {
	mkdir "$B/rootfs/odd"
	cp -P "$B/rootfs/bin/payload" "$B/rootfs/odd/only-here"
	args only-here
	PATH=/odd:$PATH container
	assert_error 'exec: "only-here": executable file not found in $PATH'
}

@test "a relative program with a slash is looked up from cwd" {
	config '.process.cwd = "/usr"'
	mkdir -p "$B/rootfs/usr/local"
	cp -P "$B/rootfs/bin/payload" "$B/rootfs/usr/local/tool"
	args ./local/tool say found
	passes
	line found
}

@test "a program that is in no directory of PATH fails create" {
	args no-such-program
	create
	assert_error 'exec: "no-such-program": executable file not found in $PATH'
	try oci state "$C"
	assert_error "container does not exist"
}

@test "a program whose path does not exist fails create" {
	args /nonexistent
	create
	assert_error 'exec: "/nonexistent": stat /nonexistent: no such file or directory'
}

@test "a directory as program fails create" {
	args /etc
	create
	assert_error 'exec: "/etc": permission denied'
}

@test "a file that is not executable fails create" {
	args /etc/passwd
	create
	assert_error 'exec: "/etc/passwd": permission denied'
}

@test "a file in PATH that is not executable is passed over" {
	mkdir "$B/rootfs/odd"
	echo text >"$B/rootfs/odd/payload"
	config '.process.env = ["PATH=/odd:/bin"]'
	args payload say found
	passes
	line found
}

@test "a program the kernel can't execute fails start and says why" {
	printf 'neither ELF nor script' >"$B/rootfs/bin/garbage"
	chmod 755 "$B/rootfs/bin/garbage"
	args /bin/garbage
	create
	assert_success
	start
	[ "$status" -eq 1 ] || fail
	contains "${err,,}" "exec format error"
	contains "$err" /bin/garbage
}

@test "a script whose interpreter is missing fails start" {
	printf '#!/no/such/interpreter\n' >"$B/rootfs/bin/script"
	chmod 755 "$B/rootfs/bin/script"
	args /bin/script
	container
	[ "$status" -eq 1 ] || fail
	contains "${err,,}" "no such file or directory"
}

@test "an empty args is an error that names the field" {
	config '.process.args = []'
	container
	assert_error "process.args"
}

@test "the program is the leader of its session and process 1 of its pid namespace" {
	payload ids
	passes
	line pid=1
	line ppid=0
	line sid=1
	line pgid=1
}

# --- exit status -------------------------------------------------------------------------------------------------------------------------

@test "run exits with the program's exit status" {
	for code in 0 1 2 42 125 126 127 128 200 255; do
		payload exit $code
		container
		assert_exit $code
	done
}

@test "run exits with 128 + n when signal n ends the program" {
	config '.linux.namespaces |= map(select(.type != "pid")) | .process.rlimits = [{type: "RLIMIT_CORE", soft: 0, hard: 0}]'
	for signal in 1 6 9 11 15; do
		payload kill-self $signal
		container
		assert_exit $((128 + signal))
	done
}

# --- environment and directory ---------------------------------------------------------------------------------------------------------------

@test "the environment is that of config.json, and HOME, and nothing else" {
	config '.process.env = ["PATH=/bin", "A=1", "EMPTY=", "B=x=y z"]'
	payload env
	LEAK=1 passes
	equal "$(sort <<<"$out")" $'env=A=1\nenv=B=x=y z\nenv=EMPTY=\nenv=HOME=/root\nenv=PATH=/bin'
}

@test "HOME comes from the container's /etc/passwd" {
	config '.process.user = {uid: 1000, gid: 1000}'
	payload env
	passes
	line env=HOME=/home/user
}

@test "HOME is / for a user who is not in /etc/passwd" {
	config '.process.user = {uid: 4711, gid: 0}'
	payload env
	passes
	line env=HOME=/
}

@test "HOME is / when there is no /etc/passwd" {
	rm "$B/rootfs/etc/passwd"
	payload env
	passes
	matches 'env=HOME=/(root)?'
}

@test "HOME that is empty is set, once" {
	config '.process.env = ["HOME=/before", "HOME="]'
	args /bin/payload env
	passes
	equal "$out" env=HOME=/root
}

@test "HOME that is set stays" {
	config '.process.env += ["HOME=/mine"]'
	payload env
	passes
	line env=HOME=/mine
	equal "$(grep -c '^env=HOME=' <<<"$out")" 1
}

@test "an /etc/passwd that is a fifo, a directory or a link to the host's does not matter" {
	echo 'root:x:0:0:root:/host-home:/bin/sh' >"$T/passwd"
	payload env
	for kind in fifo directory link; do
		rm -rf "$B/rootfs/etc/passwd"
		case $kind in
		fifo) mkfifo "$B/rootfs/etc/passwd" ;;
		directory) mkdir "$B/rootfs/etc/passwd" ;;
		link) ln -s "../../../../../../../..$T/passwd" "$B/rootfs/etc/passwd" ;;
		esac
		passes
		no_line env=HOME=/host-home
	done
}

@test "cwd is the program's directory" {
	config '.process.cwd = "/home/user"'
	payload cwd
	passes
	line cwd=/home/user
}

@test "a cwd that is missing is made" {
	config '.process.cwd = "/not/yet/there"'
	payload cwd
	passes
	line cwd=/not/yet/there
}

@test "a relative cwd is an error that names field and value" {
	config '.process.cwd = "home/user"'
	container
	assert_error process.cwd home/user
}

@test "a cwd that is a file is an error that names the field" {
	config '.process.cwd = "/etc/passwd"'
	container
	assert_error process.cwd
}

@test "a cwd that only its owner may enter works for its owner" {
	mkdir -m 700 "$B/rootfs/private"
	chown 1000:1000 "$B/rootfs/private"
	config '.process.cwd = "/private" | .process.user = {uid: 1000, gid: 1000}'
	payload cwd
	passes
	line cwd=/private
}

@test "a cwd that is a symbolic link stays inside the rootfs" {
	ln -s "../../../../../../../..$T" "$B/rootfs/link"
	config '.process.cwd = "/link"'
	payload cwd list .
	container
	[ "$status" -ne 0 ] || no_match ".*bundle.*"
}

# --- user ----------------------------------------------------------------------------------------------------------------------------------

@test "uid, gid and additionalGids are set, real, effective and saved" {
	config '.process.user = {uid: 1234, gid: 2345, additionalGids: [10, 3456, 7]}'
	payload ids
	passes
	for pair in uid=1234 euid=1234 suid=1234 gid=2345 egid=2345 sgid=2345; do line $pair; done
	equal "$(value groups | tr , '\n' | sort -n | grep -vx 2345 | tr '\n' ' ')" "7 10 3456 "
}

@test "run.oci.keep_original_groups keeps the caller's groups" {
	IN=(setpriv --groups 5,6)
	payload ids
	passes
	line groups=
	config '.annotations = {"run.oci.keep_original_groups": "0"}'
	passes
	line groups=
	config '.annotations = {"run.oci.keep_original_groups": "1"}'
	passes
	line groups=5,6
}

@test "the caller's groups are not inherited" {
	payload ids
	status=0
	timeout --foreground 30 setpriv --groups 4,24,27 "$OCIRUN" --root "$ROOT" run --bundle "$B" "$C" >"$T/out" 2>"$T/err" 3>&- || status=$?
	out=$(<"$T/out") err=$(<"$T/err")
	assert_success
	matches 'groups=0?'
}

@test "several hundred additionalGids are set" {
	config '.process.user.additionalGids = [range(600) | . * 7 + 1000000000]'
	payload ids
	passes
	equal "$(value groups | tr , '\n' | grep -vx 0 | sort -n | tr '\n' ' ')" "$(seq -s ' ' 1000000000 7 1000004193) "
}

@test "a caller with several hundred groups hands on neither signals nor groups, and its umask" {
	payload signals umask ids
	groups=$(seq -s , 1000000000 1000000599)
	status=0
	(
		umask 027
		exec timeout --foreground 30 setpriv --groups "$groups" env --block-signal=USR1,TERM,CHLD --ignore-signal=HUP,PIPE,CHLD \
			"$OCIRUN" --root "$ROOT" run --bundle "$B" "$C"
	) >"$T/out" 2>"$T/err" 3>&- || status=$?
	out=$(<"$T/out") err=$(<"$T/err")
	assert_success
	line signals_blocked=
	line signals_ignored=
	line umask=0027
	matches 'groups=0?'
}

@test "the umask of config.json is set" {
	config '.process.user.umask = 7'
	payload umask
	passes
	line umask=0007
}

@test "without a umask in config.json the caller's stays" {
	payload umask
	umask 027
	passes
	line umask=0027
}

@test "a uid that is no 32-bit unsigned number is an error that names the field" {
	for uid in -1 4294967296 1.5 '"0"'; do
		config ".process.user.uid = $uid"
		container
		assert_error process.user.uid
	done
}

# --- limits -----------------------------------------------------------------------------------------------------------------------------------

@test "rlimits are set" {
	config '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 100, hard: 200}, {type: "RLIMIT_CORE", soft: 0, hard: 1},
		{type: "RLIMIT_STACK", soft: 4194304, hard: 8388608}, {type: "RLIMIT_CPU", soft: 77, hard: 88}]'
	payload rlimits
	passes
	line rlimit_nofile=100:200
	line rlimit_core=0:1
	line rlimit_stack=4194304:8388608
	line rlimit_cpu=77:88
}

@test "rlimits that are not in config.json stay" {
	config '.process.rlimits = []'
	payload rlimits
	host=$("$PAYLOAD" rlimits)
	passes
	equal "$out" "$host"
}

@test "the largest number is unlimited" {
	[ "$(ulimit -Hc)" = unlimited ] || need_capability SYS_RESOURCE 24
	config '.process.rlimits = [{type: "RLIMIT_CORE", soft: "MAX", hard: "MAX"}]'
	payload rlimits
	sed -i 's/"MAX"/18446744073709551615/' "$B/config.json" # jq would round it
	passes
	line rlimit_core=unlimited:unlimited
}

@test "two rlimits of one type are an error that names the second" {
	config '.process.rlimits = [{type: "RLIMIT_CORE", soft: 0, hard: 0}, {type: "RLIMIT_CORE", soft: 0, hard: 0}]'
	container
	assert_error 'process.rlimits[1]' RLIMIT_CORE
}

@test "an rlimit of an unknown type is an error that names it" {
	config '.process.rlimits = [{type: "RLIMIT_FOO", soft: 0, hard: 0}]'
	container
	assert_error 'process.rlimits[0].type' RLIMIT_FOO
}

@test "a soft limit above the hard one is an error that names it" {
	config '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 10, hard: 5}]'
	container
	assert_error 'process.rlimits[0]'
}

@test "a hard limit is raised, or the error names it" {
	config '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 64, hard: 9999}]'
	payload rlimits
	status=0
	(
		ulimit -n 512
		exec timeout --foreground 30 "$OCIRUN" --root "$ROOT" run --bundle "$B" "$C"
	) >"$T/out" 2>"$T/err" 3>&- || status=$?
	out=$(<"$T/out") err=$(<"$T/err")
	if [ "$status" -eq 0 ]; then
		line rlimit_nofile=64:9999
	else
		assert_error 'process.rlimits[0]' RLIMIT_NOFILE
	fi
}

# --- privileges ---------------------------------------------------------------------------------------------------------------------------------

@test "each of the five capability sets is exactly what config.json says" {
	config '.process.capabilities = {
		bounding:    ["CAP_CHOWN", "CAP_KILL", "CAP_NET_RAW", "CAP_SYS_CHROOT"],
		permitted:   ["CAP_CHOWN", "CAP_KILL", "CAP_NET_RAW"],
		effective:   ["CAP_CHOWN", "CAP_KILL", "CAP_NET_RAW"],
		inheritable: ["CAP_CHOWN", "CAP_KILL"],
		ambient:     ["CAP_KILL"]} | .process.user = {uid: 1000, gid: 1000}'
	payload caps
	passes
	line cap_bounding=0000000000042021
	line cap_inheritable=0000000000000021
	line cap_ambient=0000000000000020
	# execve: what another user than root keeps is the ambient set
	line cap_permitted=0000000000000020
	line cap_effective=0000000000000020
}

@test "root's capabilities after exec are its bounding ones" {
	payload caps
	passes
	line cap_bounding=0000000020000420
	line cap_permitted=0000000020000420
	line cap_effective=0000000020000420
	line cap_inheritable=0000000000000000
	line cap_ambient=0000000000000000
}

@test "without capabilities in config.json there are none" {
	config 'del(.process.capabilities)'
	payload caps
	passes
	for set in bounding effective permitted inheritable ambient; do line cap_$set=0000000000000000; done
}

@test "an unknown capability is a warning, not an error" {
	config '.process.capabilities.bounding += ["CAP_FOO"]'
	payload caps
	passes
	contains "$err" CAP_FOO
	line cap_bounding=0000000020000420
}

@test "an ambient capability that is not permitted and inheritable is a warning, and the others are raised" {
	config '.process.capabilities |= (.inheritable = ["CAP_KILL"] | .ambient = ["CAP_KILL", "CAP_AUDIT_WRITE"])'
	payload caps
	passes
	contains "$err" "process.capabilities.ambient: can't raise ambient capability CAP_AUDIT_WRITE: "
	line cap_ambient=0000000000000020
	user_namespace
	passes
	contains "$err" "can't raise ambient capability CAP_AUDIT_WRITE: "
	config '.process.capabilities.inheritable += ["CAP_AUDIT_WRITE"]'
	passes
	equal "$err" ""
	line cap_ambient=0000000020000020
}

@test "a capability that can't be granted is a warning, not an error" {
	grep -q '^CapBnd:.*[0-9a-f]*$' /proc/self/status
	bits=$(sed -n 's/^CapBnd:\t//p' /proc/self/status)
	(((16#$bits >> 24) & 1)) && skip "this host grants all capabilities"
	for set in bounding permitted effective inheritable ambient; do config ".process.capabilities.$set += [\"CAP_SYS_RESOURCE\"]"; done
	payload caps
	passes
	contains "$err" CAP_SYS_RESOURCE
	line cap_effective=0000000020000420
}

@test "noNewPrivileges is set or not, as config.json says" {
	payload process
	passes
	line no_new_privs=1
	config '.process.noNewPrivileges = false'
	passes
	line no_new_privs=0
}

@test "oomScoreAdj is set" {
	config '.process.oomScoreAdj = 555'
	payload process
	passes
	line oom_score_adj=555
}

@test "without oomScoreAdj the caller's stays" {
	payload process
	passes
	line "oom_score_adj=$(cat /proc/self/oom_score_adj)"
}

@test "an oomScoreAdj that can't be set is an error that names the field" {
	config '.process.oomScoreAdj = -999'
	payload process
	container
	if [ "$status" -eq 0 ]; then
		line oom_score_adj=-999
	else
		assert_error process.oomScoreAdj
	fi
	config '.process.oomScoreAdj = 1001'
	container
	assert_error process.oomScoreAdj 1001
}

@test "oomScoreAdj is set in a user namespace too, also for another user than root" {
	user_namespace
	config '.process.oomScoreAdj = 444 | .process.user = {uid: 1000, gid: 1000}'
	payload process
	passes
	line oom_score_adj=444
	config '.linux.namespaces += [{type: "time"}]' # by way of a helper
	passes
	line oom_score_adj=444
}

@test "oomScoreAdj is lowered by whoever has CAP_SYS_RESOURCE on the host, in a user namespace too" {
	need_capability SYS_RESOURCE 24
	need_initial_user_namespace
	config '.process.oomScoreAdj = -999'
	payload process
	passes
	line oom_score_adj=-999
	user_namespace
	passes
	line oom_score_adj=-999
}

@test "an oomScoreAdj that nobody here may set is an error with its remedy" {
	bits=$(sed -n 's/^CapEff:\t//p' /proc/self/status)
	(((16#$bits >> 24) & 1)) && skip "this host grants CAP_SYS_RESOURCE"
	for namespaces in '[]' '[{type: "user"}]'; do
		base_config >"$B/config.json"
		[ "$namespaces" = '[]' ] || user_namespace
		config '.process.oomScoreAdj = -1000'
		create
		assert_error "process.oomScoreAdj: set it to -1000: Permission denied (EACCES)" "lowering it needs CAP_SYS_RESOURCE on the host"
		try oci state "$C"
		assert_error "container does not exist"
	done
	config '.process.oomScoreAdj = 1.5'
	create
	assert_error process.oomScoreAdj
}

@test "securebits are clear" {
	payload caps
	passes
	line securebits=0
}

# --- nothing is inherited --------------------------------------------------------------------------------------------------------------------------

@test "stdin, stdout and stderr are the caller's" {
	shell 'cat; echo to-stderr >&2'
	status=0
	printf 'a\nb\n' | oci run --bundle "$B" "$C" >"$T/out" 2>"$T/err" || status=$?
	equal "$(<"$T/out")" $'a\nb'
	equal "$(<"$T/err")" to-stderr
}

@test "no other file descriptor reaches the program" {
	payload fds
	exec 5<"$T" 6<>"$B/config.json" 7>"$T/x" 30</ 200</
	status=0
	oci_open run --bundle "$B" "$C" >"$T/out" 2>"$T/err" 3>&- || status=$?
	exec 5<&- 6<&- 7>&- 30<&- 200<&-
	out=$(<"$T/out") err=$(<"$T/err")
	assert_success
	equal "$(sed 's/=.*//' <<<"$out" | tr '\n' ' ')" "fd_0 fd_1 fd_2 "
}

@test "--preserve-fds hands on the descriptors from 3, and only those" {
	payload fds
	echo three >"$T/three"
	echo four >"$T/four"
	status=0
	oci_open run --preserve-fds 2 --bundle "$B" "$C" 3<"$T/three" 4<"$T/four" 5<"$T" >"$T/out" 2>"$T/err" || status=$?
	out=$(<"$T/out") err=$(<"$T/err")
	assert_success
	equal "$(sed 's/=.*//' <<<"$out" | tr '\n' ' ')" "fd_0 fd_1 fd_2 fd_3 fd_4 "
	shell 'cat <&3; cat <&4'
	oci_open run --preserve-fds 2 --bundle "$B" "$C" 3<"$T/three" 4<"$T/four" >"$T/out" 2>"$T/err"
	equal "$(<"$T/out")" $'three\nfour'
}

# Socket activation; sh, because LISTEN_PID must be what ocirun's own pid is.
activated() {
	# shellcheck disable=SC2016
	timeout -k 1 30 sh -c 'LISTEN_FDS=$1 LISTEN_PID=${2:-$$}; shift 2; export LISTEN_FDS LISTEN_PID; exec "$@"' sh "$1" "$2" \
		"$OCIRUN" --root "$ROOT" run "${@:3}" --bundle "$B" "$C" 3<"$T/three" 4<"$T/four"
}

@test "LISTEN_FDS hands on the caller's sockets, and says so to the program" {
	echo three >"$T/three"
	echo four >"$T/four"
	config '.process.env += ["LISTEN_PID=77", "LISTEN_FDNAMES=none"]'
	shell 'env | grep ^LISTEN_ | sort; cat <&3; cat <&4; echo $$'
	try activated 1 '' --preserve-fds 1
	assert_success
	equal "$out" $'LISTEN_FDS=1\nLISTEN_PID=1\nthree\nfour\n1'
	try env -u LISTEN_PID LISTEN_FDS=2 timeout -k 1 30 "$OCIRUN" --root "$ROOT" run --bundle "$B" "$C" 3<"$T/three" 4<"$T/four"
	assert_success
	equal "$(head -n 2 <<<"$out")" $'LISTEN_FDS=2\nLISTEN_PID=1'
	# Meant for another process, or no number.
	payload fds
	for wrong in '1 1' 'x ' '-1 ' '99999999 '; do
		try activated "${wrong% *}" "${wrong#* }"
		assert_success
		equal "$(sed 's/=.*//' <<<"$out" | tr '\n' ' ')" "fd_0 fd_1 fd_2 "
	done
	try activated 9 ''
	assert_error "LISTEN_FDS=9: descriptor"
}

@test "--preserve-fds survives create and start" {
	shell 'cat <&3'
	echo three >"$T/three"
	oci_open create --preserve-fds 1 --bundle "$B" "$C" 3<"$T/three" >"$T/console.$C" 2>"$T/err" || fail "$(cat "$T/err")"
	start
	assert_success
	until_line three
}

@test "--preserve-fds of a closed descriptor is an error" {
	status=0
	oci_open run --preserve-fds 3 --bundle "$B" "$C" 3<"$T" 4<"$T" 5<&- >"$T/out" 2>"$T/err" || status=$?
	out='' err=$(<"$T/err")
	assert_error '--preserve-fds 3: preserved-fd 2 (descriptor 5)'
}

@test "a runtime whose stdin, stdout or stderr is closed hands on nothing of its own" {
	payload to /report fds
	for closed in '<&-' '>&-' '2>&-' '<&- >&-' '<&- >&- 2>&-'; do
		rm -f "$B/rootfs/report"
		eval "oci_open run --bundle \"\$B\" \"\$C\" 3>&- $closed" || fail "exit status $? with $closed"
		for n in 0 1 2; do
			case $(sed -n "s/^fd_$n=//p" "$B/rootfs/report") in
			*rootfs* | *config.json | *memfd* | *state* | *"$ROOT"* | *pidfd* | *socket* | *mnt*) fail "$closed: $(cat "$B/rootfs/report")" ;;
			esac
		done
		equal "$(grep -c '^fd_[3-9]' "$B/rootfs/report" | sed 's/^1$/0/')" 0 # the report itself
	done
}

@test "blocked and ignored signals of the caller are the program's no more" {
	payload signals
	status=0
	timeout --foreground 30 env --block-signal=USR1,TERM,CHLD --ignore-signal=HUP,PIPE,INT,CHLD "$OCIRUN" --root "$ROOT" run --bundle "$B" "$C" \
		>"$T/out" 2>"$T/err" 3>&- || status=$?
	out=$(<"$T/out") err=$(<"$T/err")
	assert_success
	line signals_blocked=
	line signals_ignored=
}

@test "the same holds after create and start" {
	payload signals fds sleep 100
	status=0
	timeout --foreground 30 env --block-signal=USR1,TERM --ignore-signal=HUP,PIPE "$OCIRUN" --root "$ROOT" create --bundle "$B" "$C" \
		>"$T/console.$C" 2>"$T/err" 3>&- || status=$?
	assert_success
	start
	until_line 'fd_2=.*'
	out=$(console)
	line signals_blocked=
	line signals_ignored=
	no_match 'fd_[3-9].*'
}

@test "the program can be dumped and traced as usual" {
	payload process
	passes
	line dumpable=1
	line pdeathsig=0
}

@test "the program's name is its own" {
	payload exe
	passes
	line exe_comm=payload
	line exe=/bin/payload
}

@test "the container has a session keyring of its own" {
	host=$("$PAYLOAD" keyring)
	payload keyring
	passes
	[ "$(value keyring_id)" != "$(sed -n 's/^keyring_id=//p' <<<"$host")" ] || fail "the caller's keyring"
	passes --no-new-keyring
	equal "$(value keyring_id)" "$(sed -n 's/^keyring_id=//p' <<<"$host")"
}

@test "a session keyring has no name by which another container could join it" {
	payload keyring sleep 100
	running
	until_line 'keyring_id=.*'
	out=$(console)
	first=$(value keyring_id)
	matches 'keyring=keyring;.*;_ses' # what the kernel calls one without a name
	payload join-keyring "_ses.$C" keyring join-keyring "_ses.$C-2"
	try oci run --bundle "$B" "$C-2"
	assert_success
	no_line "joined_keyring=$first"
	# Nor is its own there already.
	[ "$(value joined_keyring | sort -u | wc -l)" -eq 2 ] || fail "joined one that was there"
	# Who possesses it can find it in /proc/keys: nobody else does.
	config '.linux.maskedPaths = [] | .linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]
		| .linux.gidMappings = .linux.uidMappings'
	chown -R --no-dereference 100000:100000 "$B/rootfs/"{dev,proc,sys,tmp} "$B/rootfs"
	payload keyring file /proc/keys
	try oci run --bundle "$B" "$C-2"
	assert_success
	matches "file=$(printf %08x "$(value keyring_id)") .* keyring +_ses: .*"
	no_match "file=$(printf %08x "$first") .*"
}

@test "a FIFO of the host stays its owner's, a pipe is the program's" {
	mkfifo "$T/fifo"
	config '.process.user = {uid: 1000, gid: 1000}'
	payload true
	exec 7<>"$T/fifo"
	oci run --bundle "$B" "$C" >"$T/fifo" 7<&-
	exec 7<&-
	equal "$(stat -c %u "$T/fifo")" "$(id -u)"
	out=$(shell 'stat -L -c owner=%u /proc/self/fd/1'; oci run --bundle "$B" "$C" | cat)
	line owner=1000
}
