#!/usr/bin/env bats
# shellcheck shell=bats
# The command line that callers (containerd, podman, CRI-O, docker, buildah, BuildKit) rely on.
load helpers

# --- errors and logs ------------------------------------------------------------------------------------------------------------------------

@test "an error goes to stderr, with program, command, container and place" {
	config '.process.cwd = "relative"'
	container
	assert_error
	[[ $err == "ocirun: run $C: "*process.cwd* ]] || fail
	equal "$out" ""
}

@test "--log --log-format json gets exactly one object, of level, msg and time" {
	config '.process.cwd = "relative" | .process.capabilities.bounding += ["CAP_FOO"] | .linux.resources.devices = [{allow: false, access: "rwm"}]'
	try oci --log "$T/log" --log-format json create --bundle "$B" "$C"
	assert_error process.cwd
	equal "$(jq -s length "$T/log")" 1
	jq -e '.level == "error" and (.msg | contains("process.cwd")) and ((.time | fromdate) > 0)' "$T/log" >/dev/null || fail "$(cat "$T/log")"
}

@test "a record of an error says more, for those who look closer: code, errno, field, path, syscall, hint" {
	config '.mounts += [{destination: "/x", type: "bind", source: "/no/such/source", options: ["bind"]}]'
	try oci --log "$T/log" --log-format json create --bundle "$B" "$C"
	equal "$(jq -c '[.code, .errno, .field, .path, .syscall]' "$T/log")" '["ENOENT",2,"mounts[7].source","/no/such/source","open_tree"]'
	rm "$T/log"
	try oci --log "$T/log" --log-format json create --bundle /no/such/bundle "$C"
	equal "$(jq -c '[.code, .path, .syscall, (.hint | contains("ocirun spec"))]' "$T/log")" '["ENOENT","/no/such/bundle/config.json","open",true]'
	# The hint is apart from what callers match, and beside it on stderr.
	jq -e '.hint as $h | .msg | contains($h) | not' "$T/log" >/dev/null || fail "$(cat "$T/log")"
	contains "$err" "$(jq -r .hint "$T/log")"
	# Nothing that a system call had to do with.
	rm "$T/log"
	config '.mounts |= .[:7] | .process.cwd = "relative"'
	try oci --log "$T/log" --log-format json create --bundle "$B" "$C"
	equal "$(jq -c '[.code, .syscall, .field]' "$T/log")" '[null,null,"process.cwd"]'
	rm "$T/log"
	config '.process.cwd = "/" | .process.args = ["/etc/no-program"]'
	printf '\177ELF' >"$B/rootfs/etc/no-program" && chmod 755 "$B/rootfs/etc/no-program"
	try oci --log "$T/log" --log-format json run --bundle "$B" "$C"
	equal "$(jq -c '[.code, .syscall, .field]' "$T/log")" '["ENOEXEC","execve","process.args[0]"]'
}

@test "every failed command leaves one record, whatever it is that fails" {
	payload sleep 100
	running
	create "$C-new"
	echo '{' >"$T/bad.json"
	for command in "state no" "start no" "kill no" "delete no" "state" "list x" "state a b" "frobnicate" "" "create $C" "run -b /no x" "start $C" "delete $C" "kill $C NOSIG" \
		"create --no-such-option x" "create --preserve-fds x y" "create --bundle" "run --console-socket $T/none -b $B -d x" "create -f $T/bad.json x" "create -b $B ../x" \
		"spec -b /no/such" "features x" "help frobnicate" "plan /no/such" "list --format xml" "gc x" "gc --format xml"; do
		rm -f "$T/log"
		# shellcheck disable=SC2086
		try oci --log "$T/log" --log-format json $command
		assert_exit 1
		equal "$(jq -s 'length' "$T/log")" 1
		jq -e '.level == "error" and (.msg | length > 0) and ((.time | fromdate) > 0)' "$T/log" >/dev/null || fail "$command: $(cat "$T/log")"
	done
}

@test "--log --log-format json: a success writes nothing, not even its warnings" {
	config '.process.capabilities.bounding += ["CAP_FOO"]'
	try oci --log "$T/log" --log-format json run --bundle "$B" "$C"
	assert_success
	contains "$err" CAP_FOO
	[ ! -s "$T/log" ] || fail "$(cat "$T/log")"
}

@test "--log: file:, journald: and syslog:, as crun has them" {
	try oci --log "file:$T/log" state "$C"
	grep -q 'level=error msg="state .*container does not exist"' "$T/log" || fail "$(cat "$T/log")"
	need_root
	# shellcheck disable=SC2016
	hold 'mkdir -p /run/systemd && mount -t tmpfs run /run/systemd && mkdir /run/systemd/journal
		d=$(mktemp -d) && mount -t tmpfs dev $d && for f in null zero full random urandom tty; do cp -a /dev/$f $d/; done && mount --move $d /dev && rmdir $d'
	try oci --log $'journald:box\nMESSAGE=another' state "$C"
	assert_error "--log: a control character in the identifier"
	for daemon in journald:box syslog: syslog:box; do
		try oci --log "$daemon" state "$C"
		assert_error "connect to /" "No such file or directory"
	done
	# shellcheck disable=SC2016
	"${IN[@]}" "$PYTHON" -c 'import socket
journal, log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
journal.bind("/run/systemd/journal/socket")
log.bind("/dev/log")
print("ready", flush=True)
for s in journal, journal, log, log: print(s.recv(4096), flush=True)' >"$T/told" 3>&- &
	HOLDERS+=("$!")
	until_true grep -q ready "$T/told"
	for daemon in journald:box journald: syslog:box syslog:; do try oci --log "$daemon" state "$C"; assert_error "container does not exist"; done
	wait "${HOLDERS[-1]}"
	local text="state $C: container does not exist"
	grep -qF "PRIORITY=3\\nSYSLOG_IDENTIFIER=box\\nMESSAGE\\n$(printf '%s' "${#text}" | "$PYTHON" -c 'print(repr(int(input()).to_bytes(8, "little"))[2:-1])')$text\\n" "$T/told" ||
		fail "$(cat "$T/told")"
	grep -q 'SYSLOG_IDENTIFIER=ocirun' "$T/told" || fail "$(cat "$T/told")"
	grep -qE "<11>box\\[[0-9]+\\]: $text" "$T/told" || fail "$(cat "$T/told")"
	grep -qE "<11>ocirun\\[[0-9]+\\]: $text" "$T/told" || fail "$(cat "$T/told")"
}

@test "--log-format json at level warning has the warnings too" {
	config '.process.capabilities.bounding += ["CAP_FOO"]'
	try oci --log "$T/log" --log-format json --log-level warning run --bundle "$B" "$C"
	assert_success
	jq -es 'any(.[]; .level == "warning" and (.msg | contains("CAP_FOO")))' "$T/log" >/dev/null || fail "$(cat "$T/log")"
}

@test "several problems of one bundle are one object, one problem a line" {
	config '.process.cwd = "relative" | .process.oomScoreAdj = 5000 | .linux.namespaces += [{type: "pid"}]'
	try oci --log "$T/log" --log-format json create --bundle "$B" "$C"
	assert_error process.cwd process.oomScoreAdj 'linux.namespaces[6]'
	equal "$(jq -s length "$T/log")" 1
	equal "$(jq -r .msg "$T/log" | wc -l)" 3
}

@test "the json log survives quotes, control characters and broken UTF-8" {
	config --arg p $'/no/"such\\\x01\ttab' '.process.args = [$p]'
	try oci --log "$T/log" --log-format json create --bundle "$B" "$C"
	assert_error
	jq -e '.msg | contains("/no/\"such\\") and contains("tab")' "$T/log" >/dev/null || fail "$(cat "$T/log")"
	rm "$T/log"
	try oci --log "$T/log" --log-format json create --bundle "$T/"$'\xff\xfe' "$C"
	assert_error
	jq -e .msg "$T/log" >/dev/null || fail "$(cat "$T/log")"
}

@test "the log is appended to, and made with mode 0644" {
	echo before >"$T/log"
	try oci --log "$T/log" state "$C"
	assert_error
	equal "$(head -n 1 "$T/log")" before
	contains "$(cat "$T/log")" "container does not exist"
	(umask 077; oci --log "$T/log2" state "$C" 2>/dev/null) || true
	[[ $(stat -c %a "$T/log2") =~ ^6(44|00)$ ]] || fail "mode $(stat -c %a "$T/log2")"
}

@test "a log that can't be opened is an error that names it" {
	try oci --log "$T/no/such/log" run --bundle "$B" "$C"
	assert_error "$T/no/such/log"
	try oci --log "$T/no/such/log" state "$C"
	assert_error
}

@test "an unknown log format is an error that names it" {
	try oci --log "$T/log" --log-format xml state "$C"
	assert_error xml
}

@test "a failing program is no error of the runtime: nothing on stderr or in the log" {
	payload exit 7
	try oci --log "$T/log" --log-format json run --bundle "$B" "$C"
	assert_exit 7
	equal "$err" ""
	[ ! -s "$T/log" ]
}

@test "what the host or the image does not have is an error with its place, and the remedy where there is one" {
	printf '#!/no/such/interpreter\n' >"$B/rootfs/bin/lost"
	printf 'echo no first line\n' >"$B/rootfs/bin/plain"
	chmod 755 "$B/rootfs/bin/lost" "$B/rootfs/bin/plain"
	map='.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 10}] | .linux.gidMappings = .linux.uidMappings'
	chown -R --no-dereference 100000:100000 "$B/rootfs/"{dev,etc,home,proc,root,sys,tmp,usr,var,sbin} "$B/rootfs"
	while IFS='|' read -r filter place reason remedy; do
		base_config >"$B/config.json"
		filter=${filter//MAP/$map}
		config "${filter// , / | }"
		container
		assert_error "$place: " "$reason" "$remedy" || { echo "$filter"; return 1; }
	done <<-'TABLE'
	.process.args = ["lost"]|process.args[0]|exec /bin/lost: no such file or directory|the file is there: is its interpreter?
	.process.args = ["plain"]|process.args[0]|exec /bin/plain: Exec format error|a script needs a first line like #!/bin/sh
	.process.args = ["no-such"] , .process.env = []|process.args[0]|executable file not found in $PATH|process.env has no PATH
	.process.args = ["/etc/passwd/x"]|process.args[0]|exec: "/etc/passwd/x": stat /etc/passwd/x: not a directory|
	.process.terminal = true , del(.mounts[2])|process.terminal|open /dev/pts/ptmx in the container's root|a terminal needs a devpts filesystem at /dev/pts in mounts
	.process.cwd = "/etc/passwd"|process.cwd|change to /etc/passwd: Not a directory|
	.linux.netDevices = {nosuch0: {}}|linux.netDevices["nosuch0"]||`ip link` lists them
	.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "900"}|linux.memoryPolicy||the nodes must be online and have memory
	MAP , .process.user.uid = 99|process.user.uid|99 is not mapped by linux.uidMappings|
	MAP , .process.user.gid = 99|process.user.gid|99 is not mapped by linux.gidMappings|
	MAP , .process.user.additionalGids = [99]|process.user.additionalGids[0]|99 is not mapped by linux.gidMappings|
	MAP , .linux.devices = [{path: "/dev/x", type: "c", major: 1, minor: 3, uid: 99}]|linux.devices[0].uid|99 is not mapped|map it in linux.uidMappings
	.linux.intelRdt = {closID: "c", l3CacheSchema: "L3:0=f"}|linux.intelRdt||mount -t resctrl resctrl /sys/fs/resctrl
	.linux.cgroupsPath = "/a/../../b"|linux.cgroupsPath||
	.root.path = "none"|root.path|open|
	.linux.sysctl = {"net.ipv4.no_such": "1"}|linux.sysctl["net.ipv4.no_such"]|No such file or directory|
	.linux.namespaces[1].path = "/proc/self/ns/nothing"|linux.namespaces[1].path|No such file or directory|
	.linux.namespaces[1].path = "/proc/self/ns/uts"|linux.namespaces[1].path||
	.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 99, hard: 20}]|process.rlimits[0].soft|99 is more than hard, 20|
	.hooks.createRuntime = [{path: "/no/such/hook"}]|hooks.createRuntime[0].path|run the hook /no/such/hook|
	.mounts += [{destination: "/x", type: "nosuchfs", source: "x"}]|mounts[7].type|mount a nosuchfs filesystem: No such device|
	.mounts += [{destination: "/x", type: "bind", source: "/no/such", options: ["bind"]}]|mounts[7].source|bind /no/such to /x|
	.mounts += [{destination: "/etc/passwd/x", type: "tmpfs", source: "x"}]|mounts[7].destination|open /etc/passwd/x in the container's root|
	TABLE
}

@test "every error is exit status 1" {
	for command in "state $C" "start $C" "kill $C" "delete $C" "frobnicate" "--no-such-option" "state --no-such-option $C" "state" "state a b" ""; do
		# shellcheck disable=SC2086
		try oci $command
		assert_exit 1
		[ -n "$err" ] || fail "$command: no error text"
	done
}

@test "a global option's bad word is an error that names it" {
	for option in --log-level=nonsense --rootless=maybe --log-format=xml --cgroup-manager=none; do
		try oci "$option" list
		assert_error "${option%=*}" "${option#*=}"
		equal "$out" ""
	done
}

@test "what podman and containerd look for in an error is there, in their letters" {
	args no-such-program
	create
	assert_error 'executable file not found in $PATH'
	args /etc
	create
	assert_error 'permission denied'
	args /no/such/file
	create
	assert_error 'no such file or directory'
	for command in state start ps events kill delete checkpoint; do
		try oci $command "$C"
		assert_error "container does not exist"
	done
	payload true
	running
	until_state stopped
	try oci kill "$C"
	assert_error "container not running"
	try oci start "$C"
	assert_error "cannot start a container that has stopped"
}

@test "a config.json that is none is an error, whatever it is" {
	rm "$B/config.json"
	mkdir "$B/config.json"
	container
	assert_error config.json
	rmdir "$B/config.json"
	mkfifo "$B/config.json"
	container
	assert_error config.json
	rm "$B/config.json"
	for size in 20M 120M 8E; do
		truncate -s "$size" "$B/config.json" 2>/dev/null || continue
		container
		assert_error config.json "too large"
	done 2>/dev/null
	for text in '\0' '{\0}' '{"ociVersion":"1.2.0"}\0' '\xff' '{"ociVersion":"\xc3"}' '{"ociVersion":"1.2.0"}x' '{"process":{"user":{"uid":18446744073709551616}}}'; do
		# shellcheck disable=SC2059
		printf "$text" >"$B/config.json"
		container
		assert_error config.json
	done
	head -c 1000000 /dev/zero | tr '\0' '[' >"$B/config.json"
	container
	assert_error config.json
	equal "$(ls -A "$ROOT")" ""
}

# --- arguments ------------------------------------------------------------------------------------------------------------------------------

@test "long options take one dash, two dashes, = and a word" {
	payload say hello
	for form in "--bundle $B" "-bundle $B" "--bundle=$B" "-bundle=$B" "-b $B"; do
		# shellcheck disable=SC2086
		try oci run $form "$C"
		assert_success
		line hello
	done
	try "$OCIRUN" -root="$ROOT" run -b "$B" "$C"
	assert_success
	try oci run -no-pivot --no-new-keyring -bundle "$B" "$C"
	assert_success
}

@test "options may follow the id" {
	payload sleep 100
	running
	try oci kill "$C" KILL --all
	assert_success
	until_state stopped
	try oci delete "$C" --force
	assert_success
}

@test "containerd's own argument lists are understood" {
	payload sleep 100
	base=(--log "$T/log.json" --log-format json --debug --rootless=false)
	try oci "${base[@]}" create --bundle "$B" --pid-file "$T/init.pid" --no-pivot --no-new-keyring "$C"
	assert_success
	try oci "${base[@]}" start "$C"
	assert_success
	try oci "${base[@]}" state "$C"
	assert_success
	try oci "${base[@]}" kill --all "$C" 9
	assert_success
	until_state stopped
	try oci "${base[@]}" delete "$C"
	assert_success
	[ ! -s "$T/log.json" ] || jq -es 'all(.[]; .level and .msg and .time)' "$T/log.json" >/dev/null || fail "$(cat "$T/log.json")"
}

# Whose child is what a container leaves behind, the parent of its first process's?
orphan_is_ours() { [ "$(sed -n 1p <<<"$out")" = "$(sed -n 2p <<<"$out")" ]; }

@test "run adopts what a container without a pid namespace leaves behind, unless it is told not to" {
	config '.linux.namespaces |= map(select(.type != "pid"))'
	# shellcheck disable=SC2016
	shell '(sh -c "echo \$\$ >/tmp/orphan; exec sleep 1" &); sleep 0.3; grep PPid "/proc/$(cat /tmp/orphan)/status"; grep PPid "/proc/$$/status"'
	try oci run --bundle "$B" "$C"
	assert_success
	orphan_is_ours || fail "not adopted"
	for option in --no-subreaper -no-subreaper; do
		try oci run $option --bundle "$B" "$C"
		assert_success
		! orphan_is_ours || fail "adopted in spite of $option"
	done
}

@test "a caller's parent-death signal is its own, not the container's" {
	payload sleep 100
	sh -c 'setpriv --pdeathsig KILL "$@" >"$0" 2>&1; exit $?' "$T/console.$C" "$OCIRUN" --root "$ROOT" create --bundle "$B" "$C" 3>&-
	sleep 0.2
	state_is created
	sh -c 'setpriv --pdeathsig KILL "$@"; exit $?' sh "$OCIRUN" --root "$ROOT" start "$C" 3>&-
	sleep 0.2
	state_is running
}

@test "--root holds the state, and nothing of it is elsewhere" {
	payload sleep 100
	running
	[ -d "$ROOT/$C" ] || fail "$(ls "$ROOT")"
	try "$OCIRUN" --root "$T/other" state "$C"
	assert_error "container does not exist"
	absent "$T/other/$C"
	absent "/run/ocirun/$C"
}

@test "--root is made when it is not there, for its owner alone" {
	payload sleep 100
	ROOT=$T/deep/new/root
	running
	[[ $(stat -c %a "$ROOT") =~ ^17[01][01]$ ]] || fail "mode $(stat -c %a "$ROOT")"
	state_is running
	oci delete --force "$C"
}

@test "a relative --root works" {
	cd "$T"
	payload sleep 100
	try "$OCIRUN" --root root run -d --bundle "$B" "$C"
	assert_success
	state_is running
}

# --- list ------------------------------------------------------------------------------------------------------------------------------------

@test "list without containers: a header, or an empty array, or nothing" {
	try oci list
	assert_success
	matches 'ID +PID +STATUS +BUNDLE +CREATED +OWNER *'
	try oci list --format json
	assert_success
	[[ $out == "[]" || $out == null ]] || fail
	try oci list -q
	assert_success
	equal "$out" ""
}

@test "list of a root directory that does not exist is empty, and does not make it" {
	try "$OCIRUN" --root "$T/nowhere" list -q
	assert_success
	equal "$out" ""
	absent "$T/nowhere"
}

@test "list shows all containers and their states" {
	payload sleep 100
	running "$C-1" && running "$C-2"
	create "$C-3"
	oci kill "$C-2" KILL
	until_state stopped "$C-2"
	try oci list
	matches "$C-1 +$(pid_of "$C-1") +running +$B +[^ ]+ +root *"
	matches "$C-2 +0 +stopped +$B +[^ ]+ +root *"
	matches "$C-3 +$(pid_of "$C-3") +created +$B +[^ ]+ +root *"
	try oci list -f json
	jq -e --arg c "$C" 'length == 3 and ([.[] | .id] | sort) == [$c + "-1", $c + "-2", $c + "-3"]
		and all(.[]; .ociVersion and .status and .bundle and .rootfs and .created and .owner == "root")' <<<"$out"
	try oci list --quiet
	equal "$(sort <<<"$out")" "$(printf '%s\n' "$C-1" "$C-2" "$C-3")"
	try oci list --format=xml
	assert_error xml
}

# list_at COLUMNS: what `list` prints on a terminal so wide, without the lines of terminal.py.
list_at() { "$PYTHON" "$here/terminal.py" --size "24x$1" -- "$OCIRUN" --root "$ROOT" list | tr -d '\r' | grep -v '^@'; }

@test "list fits the terminal: to the second, the end of a long bundle, without owner and time at last" {
	payload sleep 100
	running
	piped=$(oci list)
	equal "$(list_at 400)" "$piped"
	equal "$(head -n 1 <<<"$piped" | tr -s ' ')" "ID PID STATUS BUNDLE CREATED OWNER"
	equal "$(COLUMNS=40 oci list)" "$piped"
	pid=$(pid_of)
	# What is beside the bundle: id, pid, "running", time, "owner", and gaps of two between them.
	beside=$((${#C} + 2 + ${#pid} + 2 + 7 + 2 + 2 + 20 + 2 + 5))
	for bundle in 30 20 16; do
		out=$(list_at $((beside + bundle)))
		equal "$(head -n 1 <<<"$out" | tr -s ' ')" "ID PID STATUS BUNDLE CREATED OWNER"
		equal "$(wc -L <<<"$out")" $((beside + bundle))
		cut=${B:$((${#B} - bundle + 1))}
		line "$C  $pid  running  …$cut  $(oci state "$C" | jq -r .created | cut -d. -f1)Z  root"
	done
	equal "$(list_at $((beside + 15)) | head -n 1 | tr -s ' ')" "ID PID STATUS BUNDLE CREATED"
	equal "$(list_at $((beside - 10)) | head -n 1 | tr -s ' ')" "ID PID STATUS BUNDLE"
	for columns in $((beside - 30)) 10; do
		out=$(list_at $columns)
		equal "$(head -n 1 <<<"$out" | tr -s ' ')" "ID PID STATUS"
		line "$C  $pid  running"
	done
}

@test "list shows a container whose record is damaged, and delete --force clears it" {
	create
	assert_success
	pid=$(pid_of)
	cp "$ROOT/$C/state.json" "$T/state.json"
	echo '{' >"$ROOT/$C/state.json"
	try oci list
	assert_success
	matches "$C +0 +unknown .*"
	contains "$err" "warning: state.json of $C is damaged"
	try oci list -q
	line "$C"
	try oci list -f json
	equal "$(jq -r '.[0].status' <<<"$out")" unknown
	cp "$T/state.json" "$ROOT/$C/state.json"
	oci delete --force "$C"
	is_gone "$pid"
}

@test "list passes over what is no container" {
	payload sleep 100
	running
	touch "$ROOT/file"
	mkdir "$ROOT/a b"
	ln -s "$C" "$ROOT/link"
	try oci list -q
	assert_success
	equal "$out" "$C"
	equal "$err" ""
	equal "$(oci list --format json | jq length)" 1
	rm -r "${ROOT:?}/"{file,link,'a b'}
}

@test "state has the keys that callers read" {
	payload sleep 100
	running
	try oci state "$C"
	equal "$(jq -r 'keys_unsorted | join(" ")' <<<"$out" | sed 's/ annotations//')" "ociVersion id pid status bundle rootfs created owner"
	equal "$(jq -r .owner <<<"$out")" root
	equal "$err" ""
}

# --- features, version, help, spec --------------------------------------------------------------------------------------------------------------

@test "features is JSON on stdout alone, with what callers read" {
	try "$OCIRUN" features
	assert_success
	equal "$err" ""
	jq -e '(.ociVersionMin | startswith("1.")) and .ociVersionMax == "1.3.0"
		and (.hooks | sort) == ["createContainer", "createRuntime", "poststart", "poststop", "prestart", "startContainer"]
		and (.mountOptions | index("rbind") and index("rro") and index("nosuid"))
		and (.linux.namespaces | sort) == ["cgroup", "ipc", "mount", "network", "pid", "time", "user", "uts"]
		and (.linux.capabilities | length) > 40' <<<"$out" >/dev/null || fail
	jq -e '(keys - ["ociVersionMin", "ociVersionMax", "hooks", "mountOptions", "linux", "annotations", "potentiallyUnsafeConfigAnnotations"]) == []
		and ((.linux | keys) - ["namespaces", "capabilities", "cgroup", "seccomp", "apparmor", "selinux", "intelRdt", "mountExtensions", "netDevices", "memoryPolicy"]) == []' \
		<<<"$out" >/dev/null || fail "unknown keys"
}

@test "features claims no more than there is" {
	features=$("$OCIRUN" features)
	for option in $(jq -r '.mountOptions[] | select(test("idmap|remount|bind$|copy-symlink|nofollow|shared|slave|private|unbindable|mand") | not)' <<<"$features"); do
		flags+=("$option")
	done
	config '.mounts += [$ARGS.positional[] | {destination: "/f/\(.)", type: "tmpfs", source: "t", options: [.]}]' --args -- "${flags[@]}"
	passes
}

@test "--version has name, version, spec, libseccomp and perhaps commit, and no other line" {
	try "$OCIRUN" --version
	assert_success
	equal "$err" ""
	matches 'ocirun version [0-9]+\.[0-9]+\.[0-9]+.*'
	line "spec: 1.3.0"
	equal "$(grep -cvE '^(ocirun version|commit:|spec:|libseccomp:) ' <<<"$out")" 0
	equal "$(grep -c version <<<"$out")" 1
	first=$out
	try "$OCIRUN" -v
	equal "$out" "$first"
}

@test "--help tells of the program and of each command, and exits with 0" {
	try "$OCIRUN" --help
	assert_success
	help=$out
	for command in create start run exec state list ps events kill delete gc checkpoint restore spec features; do
		grep -qw "$command" <<<"$help" || fail "no $command in --help"
		try "$OCIRUN" "$command" --help
		assert_success
		contains "$out" "ocirun"
		contains "$out" "$command"
		equal "$err" ""
	done
	contains "$("$OCIRUN" create --help)" --console-socket
	! grep -qw init <<<"$help" || fail "the hidden command shows"
}

@test "the manual knows every command and option" {
	options=$("$OCIRUN" --help | grep -oE -- '--[a-z-]{3,}')
	commands=$("$OCIRUN" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
	contains "$commands" create
	for command in $commands; do
		[ "$command" = help ] || options+=" $("$OCIRUN" "$command" --help | grep -oE -- '--[a-z-]{3,}')"
		grep -qw -- "$command" "$repo/cmd/ocirun.8" || fail "ocirun.8: $command"
	done
	for option in $options; do
		grep -qE -- " ${option#-}( |\$)" "$repo/cmd/ocirun.8" || fail "ocirun.8: $option"
	done
}

# completion SHELL: what is installed for it.
completion() { "$OCIRUN" help rows | awk -v shell="$1" -v template="$repo/cmd/completion.bash" -f "$repo/cmd/completion.awk"; }

@test "completion for bash, zsh and fish has every command and every option" {
	"$OCIRUN" help rows >"$T/rows"
	[ "$(grep -c ^option "$T/rows")" -gt 50 ]
	for shell in bash zsh fish; do
		completion $shell >"$T/$shell"
		while IFS=$'\t' read -r kind first _ name _; do
			[ "$kind" = command ] && name=$first
			grep -qwF -- "$name" "$T/$shell" || fail "$shell: $name"
		done <"$T/rows"
	done
	for command in $("$OCIRUN" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'); do
		grep -q "^command"$'\t'"$command"$'\t' "$T/rows" || fail "$command"
	done
	! type -P zsh >/dev/null || zsh -n "$T/zsh"
	! type -P fish >/dev/null || fish -n "$T/fish"
}

@test "bash completes commands, options, their values, ids and signals" {
	payload sleep 100
	create
	assert_success
	completion bash >"$T/bash"
	mkdir "$T/a-directory"
	cat >"$T/try" <<-'EOF'
		. "$1"
		shift
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		_ocirun
		echo "${COMPREPLY[*]}"
	EOF
	completes() { equal "$(bash --norc "$T/try" "$T/bash" "$OCIRUN" "${@:2}")" "$1"; }
	completes checkpoint che
	completes '--all --regex --help' kill --
	completes 'text json' --log-format ''
	completes json --log-format = j
	completes 'table json' list -f ''
	completes '--format --yes --help' gc --
	completes 'soft strict' checkpoint --manage-cgroups-mode s
	completes "$C" --root "$ROOT" kill ''
	completes "$C" --root = "$ROOT" checkpoint ''
	completes '' --root "$ROOT" run ''
	completes 'TERM' --root "$ROOT" kill "$C" T
	completes 'TERM' kill -a "$C" T
	completes a-directory create --bundle a
	completes a-directory plan a
	completes features help fe
	completes '' run --preserve-fds ''
}

@test "an unknown command is an error that names it, and the nearest one" {
	try "$OCIRUN" crate
	assert_error crate create
}

@test "spec writes a config.json that runs, and does not overwrite one" {
	rm "$B/config.json"
	try oci spec --bundle "$B"
	assert_success
	jq -e '.ociVersion == "1.3.0" and .process.terminal == true and .root.path == "rootfs"' "$B/config.json" >/dev/null
	# As runc and crun have it.
	equal "$(jq 'any(.linux.namespaces[]; .type == "cgroup")' "$B/config.json")" "$([ "$(cgroup_mode)" = v2 ] && echo true || echo false)"
	before=$(cat "$B/config.json")
	try oci spec --bundle "$B"
	assert_error config.json
	equal "$(cat "$B/config.json")" "$before"
	config '.process.terminal = false | .process.args = ["payload", "say", "hello"] | del(.linux.resources)'
	passes
	line hello
}

@test "spec writes to the current directory by default" {
	mkdir "$T/new"
	cd "$T/new"
	try oci spec
	assert_success
	jq -e .ociVersion "$T/new/config.json" >/dev/null
}

@test "unknown keys of config.json are ignored" {
	config '.later = {anything: [1]} | .process.later = 1 | .linux.later = "x" | .mounts[0].later = null'
	passes
}

@test "null for an optional field means absent" {
	config '.hooks = null | .annotations = null | .process.rlimits = null | .process.oomScoreAdj = null | .linux.devices = null | .linux.resources = null'
	passes
}
