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
	for list in prestart createRuntime createContainer poststart; do
		equal "$(jq .pid "$B/rootfs/state.$list")" "$pid"
	done
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

@test "a hook that does not exist is an error that names it" {
	config '.hooks.createRuntime = [{path: "/no/such/hook"}]'
	container
	assert_error 'hooks.createRuntime[0]' /no/such/hook
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
	assert_error 'hooks.startContainer[0]' 7 "it went wrong"
	absent "$B/rootfs/ran"
	try oci state "$C"
	assert_error "container does not exist"
	equal "$(cat "$T/log")" poststop
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
	assert_error 'hooks.createRuntime[0]' 3
}
