#!/usr/bin/env bats
# shellcheck shell=bats
# config.md, POSIX-platform Hooks; runtime.md, Lifecycle.
load helpers

# hook LIST SCRIPT [FIELDS]: a shell script as hook. Outside the container it runs the host's shell, in startContainer the rootfs's.
hook() {
	# shellcheck disable=SC2016
	config --arg list "$1" --arg script "$2" ".hooks[\$list] += [{path: \"/bin/sh\", args: [\"sh\", \"-c\", \$script], env: [\"PATH=/usr/sbin:/usr/bin:/sbin:/bin\"]} + ${3:-{\}}]"
}
all="prestart createRuntime createContainer startContainer poststart poststop"

@test "all six lists run, in the specification's order" {
	for list in $all; do
		case $list in startContainer) log=/hook-log ;; createContainer) log=$B/rootfs/hook-log ;; *) log=$B/rootfs/hook-log ;; esac
		hook $list "echo $list-1 >>$log"
		hook $list "echo $list-2 >>$log"
	done
	shell 'echo program >>/hook-log; sleep 100'
	create
	assert_success
	equal "$(tr '\n' ' ' <"$B/rootfs/hook-log")" "prestart-1 prestart-2 createRuntime-1 createRuntime-2 createContainer-1 createContainer-2 "
	start
	assert_success
	until_true grep -q program "$B/rootfs/hook-log"
	equal "$(tail -n +7 "$B/rootfs/hook-log" | sort | tr '\n' ' ')" "poststart-1 poststart-2 program startContainer-1 startContainer-2 "
	equal "$(sed -n 7,8p "$B/rootfs/hook-log" | tr '\n' ' ')" "startContainer-1 startContainer-2 "
	oci kill "$C" KILL
	until_state stopped
	! grep -q poststop "$B/rootfs/hook-log" || fail "poststop before delete"
	oci delete "$C"
	equal "$(tail -n 2 "$B/rootfs/hook-log" | tr '\n' ' ')" "poststop-1 poststop-2 "
}

@test "the state on stdin has the right status at each stage" {
	for list in $all; do
		case $list in startContainer) dir="" ;; *) dir=$B/rootfs ;; esac
		hook $list "cat >$dir/state.$list"
	done
	config '.annotations = {"a.b": "c"}'
	payload sleep 100
	running
	pid=$(pid_of)
	oci delete --force "$C"
	for pair in prestart=creating createRuntime=creating createContainer=creating startContainer=created poststart=running poststop=stopped; do
		list=${pair%=*}
		jq -e --arg id "$C" --arg bundle "$B" --arg status "${pair#*=}" \
			'.ociVersion != null and .id == $id and .bundle == $bundle and .status == $status and .annotations == {"a.b": "c"}' \
			"$B/rootfs/state.$list" >/dev/null || fail "$list: $(cat "$B/rootfs/state.$list")"
	done
	for list in prestart createRuntime poststart; do
		equal "$(jq .pid "$B/rootfs/state.$list")" "$pid"
	done
	# "For hooks executed in the container namespace, it is the pid as seen by the container."
	for list in createContainer startContainer; do
		equal "$(jq .pid "$B/rootfs/state.$list")" 1
	done
	# It has none any more.
	equal "$(jq .pid "$B/rootfs/state.poststop")" 0
}

@test "prestart, createRuntime, poststart and poststop run in the runtime's namespaces" {
	for list in prestart createRuntime poststart poststop; do
		hook $list "for ns in mnt uts net pid ipc; do readlink /proc/self/ns/\$ns; done >$T/ns.$list"
	done
	passes
	for list in prestart createRuntime poststart poststop; do
		equal "$(cat "$T/ns.$list")" "$(for ns in mnt uts net pid ipc; do readlink /proc/self/ns/$ns; done)"
	done
}

@test "createContainer runs in the container's namespaces, before the pivot, its path in the host's files" {
	hook createContainer "readlink /proc/self/ns/mnt /proc/self/ns/uts /proc/self/ns/net >$T/ns; cat /proc/self/mountinfo >$T/mounts; pwd >$T/cwd"
	payload ns
	passes
	equal "$(cat "$T/ns")" "$(value ns_mnt; value ns_uts; value ns_net)"
	grep -q " $B/rootfs/proc " "$T/mounts" || fail "$(cat "$T/mounts")"
	equal "$(cat "$T/cwd")" "$B"
}

@test "a createContainer hook's mount is in the container" {
	hook createContainer "mkdir -p $B/rootfs/from-hook && mount -t tmpfs from-hook $B/rootfs/from-hook"
	payload mounts
	passes
	matches 'mount=/from-hook tmpfs from-hook .*'
}

@test "a createRuntime hook can mount in the container by its pid" {
	hook createRuntime "pid=\$(sed -n 's/.*\"pid\": *\\([0-9]*\\).*/\\1/p'); mkdir -p $B/rootfs/from-hook; nsenter -t \$pid -m mount -t tmpfs from-hook $B/rootfs/from-hook"
	payload mounts
	passes
	matches 'mount=/from-hook tmpfs from-hook .*'
}

@test "a prestart hook can set up the network namespace by pid" {
	hook prestart "pid=\$(sed -n 's/.*\"pid\": *\\([0-9]*\\).*/\\1/p'); nsenter -t \$pid -n ip link add hooked type dummy"
	ip link add "it$$" type dummy 2>/dev/null && ip link del "it$$" || skip "no dummy interfaces in this kernel"
	payload net
	passes
	matches 'net=hooked .*'
}

@test "startContainer runs inside the container, its path in the container's files" {
	hook startContainer 'hostname >/hook; ls / >>/hook; echo $$ >>/hook'
	passes
	grep -qx box "$B/rootfs/hook"
	grep -qx etc "$B/rootfs/hook"
	no_bundle=$(grep -x bundle "$B/rootfs/hook" || true)
	equal "$no_bundle" ""
}

@test "a hook gets its args, the first of them as its name" {
	config --arg out "$T/args" '.hooks.createRuntime = [{path: "/bin/sh", args: ["my-name", "-c", "tr \"\\0\" \"\\n\" </proc/$$/cmdline >" + $out + "; :", "x", "a b", ""], env: ["PATH=/usr/bin:/bin"]}]'
	passes
	equal "$(sed -n 1p "$T/args")" my-name
	equal "$(sed -n '4,$p' "$T/args")" $'x\na b'
}

@test "a hook without args gets its path as the only one" {
	printf '#!/bin/sh\necho "$# $0" >%s/args\n' "$T" >"$T/hook"
	chmod 755 "$T/hook"
	config --arg path "$T/hook" '.hooks.createRuntime = [{path: $path}]'
	passes
	equal "$(cat "$T/args")" "0 $T/hook"
}

@test "a hook's environment is its env and nothing else" {
	config --arg p "$PAYLOAD" --arg out "$T/env" '.hooks.prestart = [{path: $p, args: ["payload", "to", $out, "env"], env: ["A=1", "B=x y"]}]'
	LEAK=1 passes
	equal "$(cat "$T/env")" $'env=A=1\nenv=B=x y'
}

@test "a hook without env has an empty environment" {
	config '.process.env += ["LD_PRELOAD=/evil.so"]'
	for list in prestart createRuntime createContainer poststart poststop; do
		config --arg p "$PAYLOAD" --arg list $list --arg out "$T/env.$list" '.hooks[$list] = [{path: $p, args: ["payload", "to", $out, "env", "fds", "signals"]}]'
	done
	LEAK=1 passes
	for list in prestart createRuntime createContainer poststart poststop; do
		! grep '^env=' "$T/env.$list" || fail "$list"
		! grep -vE '^fd_[0123](_cloexec)?=|^signals_(blocked|ignored)=$' "$T/env.$list" || fail "$list" # fd 3 is the report
	done
}

@test "a startContainer hook without env has the program's" {
	config '.process.env = ["OF=twice", "PATH=/bin", "OF=program"] | .hooks.startContainer = [{path: "/bin/payload", args: ["payload", "to", "/env", "env"]}]'
	passes
	equal "$(cat "$B/rootfs/env")" $'env=PATH=/bin\nenv=OF=program\nenv=HOME=/root'
	config '.hooks.startContainer[0].env = []'
	passes
	equal "$(cat "$B/rootfs/env")" ""
}

@test "a createContainer hook in a user namespace inherits no capabilities from us but root's" {
	user_namespace
	install -d -m 777 "$T/hook"
	config --arg p "$PAYLOAD" --arg out "$T/hook/caps" '.hooks.createContainer = [{path: $p, args: ["payload", "to", $out, "ids", "caps"]}]'
	args true
	passes
	out=$(<"$T/hook/caps")
	line uid=0
	matches 'cap_effective=0*[1-9a-f][0-9a-f]*'
	matches 'cap_inheritable=0+'
	matches 'cap_ambient=0+'
}

@test "createContainer hooks are root in the container's namespaces, startContainer hooks who the program is" {
	config --arg p "$PAYLOAD" --arg out "$T/report" '.process.user = {uid: 1000, gid: 1000}
		| .hooks.createContainer = [{path: $p, args: ["payload", "to", $out, "ids", "caps"]}]
		| .hooks.startContainer = [{path: "/bin/payload", args: ["payload", "to", "/tmp/report", "ids", "caps"]}]'
	passes
	grep -qx uid=0 "$T/report"
	! grep -qx cap_effective=0000000000000000 "$T/report" || fail "$(cat "$T/report")"
	grep -qx uid=1000 "$B/rootfs/tmp/report"
	grep -qx cap_effective=0000000000000000 "$B/rootfs/tmp/report"
	grep -qx cap_bounding=0000000020000420 "$B/rootfs/tmp/report"
}

@test "no hook gets a umask that would open what it makes to everybody" {
	for list in $all; do
		case $list in startContainer) out=/umask ;; *) out=$T/umask.$list ;; esac
		hook $list "umask >$out"
	done
	passes
	for list in prestart createRuntime createContainer poststart poststop; do equal "$list $(cat "$T/umask.$list")" "$list 0022"; done
	equal "$(cat "$B/rootfs/umask")" 0022
	[ "$(stat -c %a "$T/umask.createContainer")" = 644 ]
}

@test "a hook that exceeds its timeout is killed, and the error names it" {
	for list in prestart createRuntime createContainer; do
		base_config >"$B/config.json"
		hook $list "exec sleep 6$BASHPID" '{timeout: 1}'
		before=$SECONDS
		create
		assert_error "hooks.${list}[0]" time
		[ $((SECONDS - before)) -lt 10 ] || fail "took $((SECONDS - before)) s"
		! pgrep -f "^sleep 6$BASHPID$" || fail "the hook lives"
	done
}

@test "a timeout reaches what the hook has started, in sessions of its own or without a parent" {
	for list in prestart createRuntime createContainer startContainer poststart; do
		base_config >"$B/config.json"
		cp -P "$B/rootfs/bin/busybox" "$B/rootfs/bin/setsid" # for startContainer
		hook $list "(setsid sleep 71$BASHPID &); setsid sh -c 'sleep 72$BASHPID & sleep 73$BASHPID' & exec sleep 74$BASHPID" '{timeout: 1}'
		payload sleep 100
		container
		assert_error "hooks.${list}[0]: " "killed at its timeout of 1 s"
		no_sleeper() { ! pgrep -f "^(/bin/busybox )?sleep 7[1234]$BASHPID$" >/dev/null; }
		until_true no_sleeper || fail "$list: $(pgrep -af "sleep 7[1234]$BASHPID")"
	done
}

@test "a hook within its timeout is fine" {
	hook createRuntime "true" '{timeout: 5}'
	passes
}

@test "a timeout that is not positive is an error that names it" {
	hook createRuntime "true" '{timeout: 0}'
	container
	assert_error 'hooks.createRuntime[0].timeout'
	config '.hooks.createRuntime[0].timeout = -1'
	container
	assert_error 'hooks.createRuntime[0].timeout'
}

@test "a hook's path must be absolute" {
	config '.hooks.createRuntime = [{path: "bin/true"}]'
	container
	assert_error 'hooks.createRuntime[0].path' bin/true
}

@test "a hook that can't be run is an error that names its path, in every list" {
	source=$T/source
	mkdir "$source"
	printf 'true\n' >"$source/plain"
	cp "$source/plain" "$source/garbage"
	chmod 755 "$source/garbage"
	for list in prestart createRuntime createContainer startContainer poststart; do
		base_config >"$B/config.json"
		config --arg list $list '.hooks[$list] = [{path: "/no/such/hook"}]'
		container
		assert_error "hooks.${list}[0].path: run the hook /no/such/hook: No such file or directory (ENOENT)"
		# In startContainer the path is the container's.
		if [ $list = startContainer ]; then
			mkdir -p "$B/rootfs$T"
			mv "$T/plain" "$T/garbage" "$B/rootfs$T"
		else
			cp "$source/"* "$T"
		fi
		config --arg list $list --arg path "$T/plain" '.hooks[$list] = [{path: "/bin/true"}, {path: $path}]'
		container
		assert_error "hooks.${list}[1].path: run the hook $T/plain: Permission denied (EACCES)" "it must be an executable file"
		config --arg list $list --arg path "$T/garbage" '.hooks[$list] = [{path: $path}]'
		container
		assert_error "hooks.${list}[0].path: run the hook $T/garbage: Exec format error (ENOEXEC)" "#!/bin/sh"
	done
}

@test "hooks of wrong type are errors that name them" {
	refuses hooks <<-'END'
		[]|
		{prestart: {}}|.prestart
		{createRuntime: [7]}|.createRuntime[0]
		{createContainer: [{}]}|.createContainer[0].path
		{startContainer: [{path: ""}]}|.startContainer[0].path
		{poststart: [{path: "/h", args: "x"}]}|.poststart[0].args
		{poststart: [{path: "/h", env: ["X"]}]}|.poststart[0].env[0]
		{poststop: [{path: "/h"}, {path: "/h", timeout: "1"}]}|.poststop[1].timeout
		{poststop: [{path: "/h", timeout: 1.5}]}|.poststop[0].timeout
		{poststop: [{path: "h"}]}|.poststop[0].path
	END
}

@test "a failing create hook destroys the container, and poststop hooks run" {
	for list in prestart createRuntime createContainer; do
		base_config >"$B/config.json"
		rm -f "$T/log"
		hook $list "echo first >>$T/log"
		hook $list "echo it went wrong >&2; exit 7"
		hook $list "echo never >>$T/log"
		hook poststop "echo poststop >>$T/log"
		create
		assert_error "hooks.${list}[1]" 7 "it went wrong"
		try oci state "$C"
		assert_error "container does not exist"
		equal "$(tr '\n' ' ' <"$T/log")" "first poststop "
		until_true no_processes
	done
}

@test "a failing startContainer hook fails start, and the program never runs" {
	hook startContainer 'echo it went wrong >&2; exit 7'
	hook poststop "echo poststop >>$T/log"
	payload to /ran say yes
	create
	assert_success
	start
	assert_error 'hooks.startContainer[0]: error running startContainer hook #0: ' 7 "it went wrong"
	absent "$B/rootfs/ran"
	try oci state "$C"
	assert_error "container does not exist"
	equal "$(cat "$T/log")" poststop
}

@test "after a failing create hook no later hook runs but poststop" {
	for list in prestart createRuntime createContainer; do
		base_config >"$B/config.json"
		rm -f "$T/log" "$B/rootfs/log"
		for other in $all; do
			case $other in startContainer) log=/log ;; *) log=$T/log ;; esac
			hook "$other" "echo $other >>$log"
		done
		hook $list "exit 3"
		container
		assert_error "hooks.${list}[1]"
		expected=$(for other in prestart createRuntime createContainer; do echo -n "$other "; [ $other != $list ] || break; done)
		equal "$(tr '\n' ' ' <"$T/log")" "${expected}poststop "
		absent "$B/rootfs/log"
	done
}

@test "a failing startContainer or poststart hook fails run, and poststop hooks run once" {
	for list in startContainer poststart; do
		base_config >"$B/config.json"
		rm -f "$T/log"
		hook $list "echo it went wrong >&2; exit 7"
		hook poststop "echo poststop >>$T/log"
		payload sleep 100
		container
		assert_error "hooks.${list}[0]: " "exit status 7, it said: it went wrong"
		try oci state "$C"
		assert_error "container does not exist"
		equal "$(cat "$T/log")" poststop
		until_true no_processes
	done
}

@test "a failing poststart hook fails start and stops the container" {
	hook poststart "echo it went wrong >&2; exit 7"
	hook poststop "echo poststop >>$T/log"
	payload sleep 100
	create
	assert_success
	pid=$(pid_of)
	start
	assert_error 'hooks.poststart[0]' 7 "it went wrong"
	until_true is_gone "$pid" || fail "the program still runs"
	oci delete --force "$C"
	equal "$(cat "$T/log")" poststop
}

@test "a failing poststop hook is only a warning, and the next ones run" {
	hook poststop "echo it went wrong >&2; exit 7"
	hook poststop "echo second >>$T/log"
	running
	until_state stopped
	try oci delete "$C"
	assert_success
	contains "$err" "hooks.poststop[0]"
	equal "$(cat "$T/log")" second
	try oci state "$C"
	assert_error "container does not exist"
}

@test "poststop hooks run for delete --force too, once" {
	hook poststop "echo poststop >>$T/log"
	payload sleep 100
	running
	oci delete --force "$C"
	oci delete --force "$C"
	equal "$(cat "$T/log")" poststop
}

@test "a hook may ask for the state, and nobody waits for anybody" {
	for list in prestart createRuntime poststart poststop; do
		hook $list "$OCIRUN --root $ROOT state $C >$T/state.$list 2>&1; $OCIRUN --root $ROOT list -q >$T/list.$list"
	done
	before=$SECONDS
	passes
	[ $((SECONDS - before)) -lt 10 ] || fail "took $((SECONDS - before)) s"
	equal "$(jq -r .status "$T/state.createRuntime")" creating
	equal "$(cat "$T/list.prestart")" "$C"
}

@test "run.oci.hooks.stdout and .stderr: files for what hooks write, as crun has them" {
	config --arg T "$T" '.annotations = {"run.oci.hooks.stdout": "\($T)/hook-out", "run.oci.hooks.stderr": "\($T)/hook-err"}'
	for list in createRuntime createContainer startContainer poststart poststop; do hook $list "echo $list; echo $list >&2"; done
	echo before >"$T/hook-out"
	payload say ran
	passes
	equal "$(xargs <"$T/hook-out")" "before createRuntime createContainer startContainer poststart poststop"
	equal "$(xargs <"$T/hook-err")" "createRuntime createContainer startContainer poststart poststop"
	# Also where create and start are not one command; and nothing of it is left to the program.
	: >"$T/hook-out"
	payload fds sleep 100
	create
	assert_success
	start
	assert_success
	until_line 'fd_0.*'
	! console | grep -E 'fd_[3-9]|hook-out' || fail
	equal "$(xargs <"$T/hook-out")" "createRuntime createContainer startContainer poststart"
	oci delete --force "$C"
	payload say ran
	# Whom the child is may not open them: the runtime does.
	user_namespace
	chmod 600 "$T/hook-out" "$T/hook-err"
	passes
	base_config >"$B/config.json"
	config --arg T "$T" '.annotations = {"run.oci.hooks.stdout": "\($T)/hook-out"}'
	hook createContainer "echo why >&2; exit 1"
	container
	assert_error "failed with exit status 1, it said: why"
	# What tidies up does so without its file.
	mkdir "$T/logs"
	base_config >"$B/config.json"
	config --arg T "$T" '.annotations = {"run.oci.hooks.stdout": "\($T)/logs/file"}'
	hook poststart "rm -r $T/logs"
	hook poststop "touch $T/tidied"
	container
	assert_success
	contains "$err" "warning: open $T/logs/file for the annotation run.oci.hooks.stdout: No such file or directory"
	[ -e "$T/tidied" ] || fail "the poststop hook was not run"
	hook createRuntime true
	config '.annotations["run.oci.hooks.stdout"] = "/no/such/file"'
	container
	assert_error 'hooks.createRuntime: open /no/such/file for the annotation run.oci.hooks.stdout: No such file or directory'
	absent "$ROOT/$C"
	config '.hooks = {startContainer: [{path: "/bin/true"}]}'
	container
	assert_error 'hooks.startContainer: open /no/such/file for the annotation run.oci.hooks.stdout: No such file or directory'
	absent "$ROOT/$C"
}

@test "a hook's output is not waited for beyond its end" {
	hook createRuntime "sleep 5 & echo \$! >$T/pid"
	before=$SECONDS
	create
	assert_success
	[ $((SECONDS - before)) -lt 4 ] || fail "took $((SECONDS - before)) s"
	kill "$(cat "$T/pid")"
}

@test "a hook that is killed by a signal fails" {
	hook createRuntime 'kill -KILL $$'
	create
	assert_error 'hooks.createRuntime[0]' 9
}

@test "a hook that ignores the state on stdin, however long, does no harm" {
	config '.annotations = {"long": ("x" * 200000)}'
	hook createRuntime 'exec <&-; exit 0'
	create
	assert_success
}

@test "a hook that says much does not hang" {
	hook createRuntime 'i=0; while [ $i -lt 20000 ]; do echo "line $i of very many lines of output" >&2; i=$((i + 1)); done; exit 3'
	create
	assert_error 'hooks.createRuntime[0]' 3 "line 19999 of very many lines of output"
	[ ${#err} -lt 2048 ] || fail "an error of ${#err} characters"
}
