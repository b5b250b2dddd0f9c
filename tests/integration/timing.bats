#!/usr/bin/env bats
# shellcheck shell=bats
# --timing FILE: what took how long, as a trace that viewers of Chrome's format draw.
load helpers

# timed COMMAND...: with --timing, to $T/timing.
timed() {
	try oci --timing "$T/timing" "$@"
	valid
}

# It is one JSON document, each event ends in the one it has begun in, and all of them in the command's.
valid() {
	# shellcheck disable=SC2016
	jq -e '.traceEvents | map(select(.ph == "X")) | . as $events
		| (map(select(.cat == "command")) | length == 1 and .[0].tid == 1) and all(.[]; .dur >= 0 and .ts >= 0 and (.cat | IN("command", "step", "mount", "hook")))
		and all(group_by(.tid)[] | combinations(2); .[0].ts + .[0].dur <= .[1].ts + 0.001 or .[1].ts + .[1].dur <= .[0].ts + 0.001
			or (.[0].ts <= .[1].ts and .[0].ts + .[0].dur >= .[1].ts + .[1].dur - 0.001)
			or (.[1].ts <= .[0].ts and .[1].ts + .[1].dur >= .[0].ts + .[0].dur - 0.001))
		and ($events[0].cat == "command") and all(.[]; .ts + .dur <= $events[0].dur + 0.001)' \
		"$T/timing" >/dev/null || fail "not what it should be:" "$(cat "$T/timing")"
}

# events FILTER: of those that FILTER selects, the names.
events() { jq -r ".traceEvents[] | select(.ph == \"X\") | select($1) | .name" "$T/timing"; }
outside='.tid == 1'
inside='.tid == 2'
# said: the last command's arguments and results as the file has them.
said() { jq -c '.traceEvents[] | select(.cat == "command") | [.name, .args]' "$T/timing"; }

# The steps that OCIRUN_TRACE has told of, in order, of parent or child.
traced() { sed -nE "s/^ *[0-9]+ us +[0-9]+ $1: ([^,]*)$/\\1/p" "$T/err" | grep -v '^begins$'; }

# hook LIST SCRIPT [FIELDS]
hook() {
	# shellcheck disable=SC2016
	config --arg list "$1" --arg script "$2" ".hooks[\$list] += [{path: \"/bin/sh\", args: [\"sh\", \"-c\", \$script], env: [\"PATH=/usr/sbin:/usr/bin:/sbin:/bin\"]} + ${3:-{\}}]"
}

@test "run: every step of both tables, once and in order, and what follows them" {
	OCIRUN_TRACE=steps timed run --bundle "$B" "$C"
	assert_success
	equal "$(said)" "[\"run $C\",{\"exit\":0}]"
	[ "$(traced child | wc -l)" -gt 25 ] || fail "the trace tells of few steps"
	equal "$(events "$inside and .cat == \"step\"")" "$(printf '%s\n' re-exec; traced child; echo execve)"
	equal "$(events "$outside and .cat == \"step\" and .name != \"clone\"")" \
		"$(traced parent; printf '%s\n' start program "end init" "put back" class "end cgroups" poststop "remove state")"
	equal "$(events '.args.failed')" ""
	equal "$(jq '.otherData.lost' "$T/timing")" 0
	# The mounts are part of their step, and in config.json's order.
	equal "$(jq -r '.traceEvents[] | select(.cat == "mount") | .args.destination' "$T/timing")" "$(jq -r '.mounts[].destination' "$B/config.json")"
	jq -e '[.traceEvents[] | select(.cat == "mount") | .dur] as $mounts | .traceEvents[] | select(.name == "mounts") | .dur >= ($mounts | add)' "$T/timing" ||
		fail "mounts: $(cat "$T/timing")"
}

@test "the steps outside add up to the command, but for a little" {
	shell 'sleep 0.3'
	timed run --bundle "$B" "$C"
	assert_success
	jq -e '.traceEvents | (.[] | select(.name == "program") | .dur) > 250000' "$T/timing" || fail "$(cat "$T/timing")"
	# Between steps nothing of note happens: 50 ms is a busy machine's doing.
	jq -e '.traceEvents | (.[] | select(.cat == "command") | .dur) - ([.[] | select(.tid == 1 and .cat == "step" and .name != "clone") | .dur] | add) < 50000' \
		"$T/timing" || fail "$(cat "$T/timing")"
}

@test "each command has its part, and create, start and delete together have all" {
	for list in prestart createRuntime createContainer startContainer poststart poststop; do hook $list true; done
	payload sleep 100
	timed create --bundle "$B" "$C" >"$T/console.$C"
	assert_success
	equal "$(events '.cat == "hook"')" "$(printf 'hooks.%s[0]\n' prestart createRuntime createContainer)"
	equal "$(events "$inside" | tail -n 1)" listener
	equal "$(events "$outside and .cat == \"step\"" | tail -n 1)" record
	timed start "$C"
	assert_success
	equal "$(said)" "[\"start $C\",{\"exit\":0}]"
	equal "$(events "$inside")" "$(printf '%s\n' 'hooks.startContainer[0]' execve)"
	equal "$(events "$outside")" "$(printf '%s\n' "start $C" start 'hooks.poststart[0]')"
	timed pause "$C"
	equal "$(events true)" "pause $C"
	timed resume "$C"
	timed list
	equal "$(said)" '["list",{"exit":0}]'
	timed delete --force "$C"
	assert_success
	equal "$(events true)" "$(printf '%s\n' "delete $C" "end init" "put back" class "end cgroups" poststop 'hooks.poststop[0]' "remove state")"
}

@test "a container is timed only where it is asked for" {
	hook startContainer true
	payload sleep 100
	try oci --timing "$T/timing" create --bundle "$B" "$C" >"$T/console.$C"
	assert_success
	valid
	before=$(cat "$T/timing")
	start
	assert_success
	equal "$(cat "$T/timing")" "$before"
	oci delete --force "$C"
	create
	timed start "$C"
	assert_success
	equal "$(events "$inside")" "$(printf '%s\n' 'hooks.startContainer[0]' execve)"
}

@test "exec: every step of both tables" {
	payload sleep 100
	running
	OCIRUN_TRACE=steps timed exec "$C" /bin/payload exit 3
	assert_exit 3
	equal "$(said)" "[\"exec $C\",{\"exit\":3}]"
	equal "$(events "$inside")" "$(printf '%s\n' re-exec; traced child; echo execve)"
	equal "$(events "$outside and .cat == \"step\" and .name != \"clone\"")" "$(traced parent; echo program)"
	timed exec --detach "$C" /bin/payload true
	assert_success
	timed exec "$C" /not/there
	assert_exit 255
	contains "$(said)" '"exit":255' '"error":"exec '"$C"': process.args[0]: exec: \"/not/there\": stat /not/there: no such file or directory"'
	equal "$(events "$inside and .args.failed")" "find program"
}

@test "hooks with how they ended" {
	hook prestart 'sleep 0.2'
	hook poststop 'exit 5'
	hook poststop 'kill -TERM $$'
	hook poststop 'sleep 100' '{timeout: 1}'
	config '.hooks.poststop += [{path: "/not/there"}, {path: "/bin/true"}]'
	timed run --bundle "$B" "$C"
	equal "$(jq -c '.traceEvents[] | select(.cat == "hook") | [.name, .args]' "$T/timing")" \
		'["hooks.prestart[0]",{"failed":false,"path":"/bin/sh","exit":0}]
["hooks.poststop[0]",{"failed":true,"path":"/bin/sh","exit":5}]
["hooks.poststop[1]",{"failed":true,"path":"/bin/sh","signal":15}]
["hooks.poststop[2]",{"failed":true,"path":"/bin/sh","timeout":true}]
["hooks.poststop[3]",{"failed":true,"path":"/not/there","executed":false}]
["hooks.poststop[4]",{"failed":false,"path":"/bin/true","exit":0}]'
	jq -e '.traceEvents[] | select(.name == "hooks.prestart[0]") | .dur >= 200000' "$T/timing" || fail "$(cat "$T/timing")"
	jq -e '.traceEvents[] | select(.name == "hooks.poststop[2]") | .dur >= 1000000' "$T/timing" || fail "$(cat "$T/timing")"
}

@test "a command that fails says where, and what it undid" {
	hook createRuntime 'exit 3'
	timed create --bundle "$B" "$C"
	assert_error "hooks.createRuntime[0]"
	contains "$(said)" '"exit":1' "error running createRuntime hook #0: /bin/sh failed with exit status 3"
	equal "$(events "$outside and .args.failed")" "$(printf '%s\n' accompany 'hooks.createRuntime[0]')"
	contains "$(events "$outside" | tr '\n' ,)" 'hooks.createRuntime[0],end init,'
	config 'del(.hooks) | .mounts += [{destination: "/x", type: "bind", source: "/not/there", options: ["bind"]}]'
	timed create --bundle "$B" "$C"
	assert_error 'mounts[7]'
	equal "$(events "$inside and .args.failed")" "$(printf '%s\n' mounts mount)"
	equal "$(jq -r '.traceEvents[] | select(.cat == "mount" and .args.failed) | .args.destination' "$T/timing")" /x
	timed state "$C"
	assert_error "container does not exist"
	timed run --bundle "$T/nowhere" "$C"
	assert_error "nowhere"
	equal "$(events .args.failed)" load
}

@test "a program that can't be executed, and a startContainer hook that fails" {
	printf '#!/not/there\n' >"$B/rootfs/script"
	chmod 755 "$B/rootfs/script"
	args /script
	timed run --bundle "$B" "$C"
	assert_error "exec /script"
	equal "$(events "$inside and .args.failed")" execve
	payload true
	hook startContainer 'exit 4'
	timed run --bundle "$B" "$C"
	assert_error "hooks.startContainer[0]"
	equal "$(events "$inside and .args.failed")" 'hooks.startContainer[0]'
}

@test "what a child has done that dies on the way is there" {
	need_initial_user_namespace
	hook prestart 'pid=$(grep -o "\"pid\":[ 0-9]*" | tr -dc 0-9); kill -KILL "$pid"; sleep 0.1'
	timed create --bundle "$B" "$C"
	assert_error "killed by signal 9"
	equal "$(events "$inside and .args.ended == false")" "create hooks"
	contains "$(events "$inside" | tr '\n' ,)" re-exec,session, ,devices,
}

@test "in namespaces of all kinds, of which one has another time" {
	need_root
	for change in true user_namespace 'config .linux.timeOffsets={monotonic:{secs:1000000},boottime:{secs:1000000}}|.linux.namespaces+=[{type:"time"}]'; do
		eval "${change/config */config \"\${change#config \}\"}"
		OCIRUN_TRACE=steps timed run --bundle "$B" "$C"
		assert_success
		contains "$(events "$inside" | tr '\n' ,)" re-exec, session, execve,
		jq -e '.traceEvents[0:] | all(.[] | select(.ph == "X"); .ts + .dur < 100000000)' "$T/timing" || fail "$(cat "$T/timing")"
		# The trace has the same clock.
		[ -z "$(sed -nE 's/^ *([0-9]{9,}|-[0-9]*) us .*/&/p' "$T/err")" ] || fail "the trace jumps: $err"
	done
	equal "$(events "$inside and .name == \"join\"")" join
}

@test "a plain user's container" {
	need_root
	chown -R 65534:65534 "$B" "$ROOT" "$T"
	config '.linux.namespaces |= map(select(.type != "network")) + [{type: "user"}] | .mounts |= map(select(.destination != "/sys" and .destination != "/sys/fs/cgroup"))
		| .linux.maskedPaths |= map(select(startswith("/proc"))) | del(.process.user)'
	chmod 644 "$B/config.json"
	try setpriv --reuid 65534 --regid 65534 --clear-groups "$OCIRUN" --root "$ROOT" --timing "$T/timing" run --bundle "$B" "$C"
	assert_success
	valid
	contains "$(events "$inside" | tr '\n' ,)" re-exec, session, execve,
}

@test "a filter, compiled and then found; and one that an agent answers for" {
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["uselib"], action: "SCMP_ACT_ERRNO"}]}'
	timed run --bundle "$B" "$C"
	assert_success
	equal "$(events "$outside and .name == \"filter\"")" filter
	"$PYTHON" "$here/agent.py" "$T/agent" "$T/state" 258=42 3>&- &
	HOLDERS+=($!)
	until_true [ -S "$T/agent" ] || fail "the agent does not listen"
	config --arg path "$T/agent" '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", listenerPath: $path, syscalls: [{names: ["mkdirat"], action: "SCMP_ACT_NOTIFY"}]}'
	timed run --bundle "$B" "$C"
	assert_success
	equal "$(events "$inside" | tail -n 1)" listener
}

@test "the program gets nothing of it" {
	payload fds
	passes
	without=$out
	timed run --bundle "$B" "$C"
	equal "$out" "$without"
	try oci_open --timing "$T/timing" run --preserve-fds 3 --bundle "$B" "$C" 3<"$B/config.json" 4<"$B/config.json" 5<"$B/config.json"
	assert_success
	! grep -q timing <<<"$out" || fail "it leaks"
	payload sleep 100
	try oci --timing "$T/timing" run --detach --bundle "$B" "$C"
	assert_success
	! grep -q timing "/proc/$(pid_of)/maps" || fail "$(cat "/proc/$(pid_of)/maps")"
	try oci --timing "$T/timing" exec "$C" /bin/payload fds
	! grep -q timing <<<"$out" || fail "it leaks"
}

@test "while a created container waits it keeps nothing of it" {
	payload sleep 100
	try oci --timing "$T/timing" create --bundle "$B" "$C" >"$T/console.$C"
	assert_success
	! grep timing "/proc/$(pid_of)/maps" || fail "it is mapped"
	! readlink "/proc/$(pid_of)/fd/"* | grep timing || fail "it is open"
}

@test "no file is made of a command line that is wrong" {
	for line in "run --nonsense $C" "nonsense" "run" "state" "--root"; do
		# shellcheck disable=SC2086
		try "$OCIRUN" --timing "$T/timing" $line
		assert_exit 1
		absent "$T/timing"
	done
	try "$OCIRUN" --timing "$T/timing" run --help
	assert_success
	absent "$T/timing"
}

@test "a file that can't be made is an error before anything is done, one that can't be written a warning" {
	try oci --timing "$T/nowhere/timing" run --bundle "$B" "$C"
	assert_error "run $C: open timing file $T/nowhere/timing: No such file or directory (ENOENT)"
	absent "$ROOT/$C"
	payload exit 3
	try oci --timing /dev/full run --bundle "$B" "$C"
	assert_exit 3
	contains "$err" "ocirun: warning: write timing file /dev/full: No space left on device (ENOSPC)"
}

@test "an old file is replaced, and the log has its error as always" {
	echo "something longer than nothing" >"$T/timing"
	try oci --timing "$T/timing" --log "$T/log" --log-format json run --bundle "$T/nowhere" "$C"
	assert_exit 1
	valid
	equal "$(jq -r .level "$T/log")" error
}

@test "more mounts than there is room for are counted" {
	need_root
	mkdir -p "$T/volume"
	config --arg source "$T/volume" '.mounts += [range(4100) | {destination: "/volumes/\(. % 50)", source: $source, type: "bind", options: ["bind"]}]'
	try oci --timing "$T/timing" run --bundle "$B" "$C"
	assert_success
	jq -e '.otherData.lost > 100 and (.traceEvents | length) > 3900' "$T/timing" || fail "$(tail -n 1 "$T/timing")"
}

@test "long paths are cut in front, and strange ones are JSON all the same" {
	long=/$(printf 'ä%.0s' {1..120})
	config --arg long "$long" '.mounts += [{destination: $long, type: "tmpfs"}, {destination: "/a\"\\\nb", type: "tmpfs"}]'
	timed run --bundle "$B" "$C"
	assert_success
	equal "$(jq -r '.traceEvents[] | select(.cat == "mount") | .args.destination' "$T/timing" | tail -n 2)" '/a"\
b'
	equal "$(jq -r '.traceEvents[] | select(.cat == "mount") | .args.destination | select(startswith("…"))' "$T/timing" | tr -d 'ä')" "…"
}
