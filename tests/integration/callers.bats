#!/usr/bin/env bats
# shellcheck shell=bats
# Every call that container engines make: the lines of tests/clients/forms, in the environment that comes with them.
load helpers

# What stands for PATH, ID and N depends on the option or command before it. As words in $call; fails for what it does not know.
call_of() {
	local word before=
	call=()
	[[ " $1" == *" --root"* ]] || call+=(--root "$ROOT") # theirs is the default one
	for word in $1; do
		case $before:$word in
		--root:PATH) word=$ROOT ;;
		*:--root=PATH) word=--root=$ROOT ;;
		--bundle:PATH | -b:PATH) word=$B ;;
		--log:PATH) word=$T/log ;;
		--image-path:PATH) word=$T/image ;;
		--work-path:PATH) word=$T/work ;;
		--pid-file:PATH) word=$T/pid ;;
		--process:PATH) word=$T/process.json ;;
		--console-socket:PATH) word=$T/console.sock ;;
		*:--resources=PATH) word=--resources=$T/resources.json ;;
		--preserve-fds:N) word=1 ;;
		ID:N) word=9 ;;
		*:ID) before=ID call+=("$C") && continue ;;
		*PATH* | *:N) fail "tests/clients/forms: what is $before $word?" || return ;;
		esac
		before=$word
		call+=("$word")
	done
	if [[ $1 == *--console-socket* ]]; then
		call=("$PYTHON" "$here/terminal.py" --socket "$T/console.sock" -- "$OCIRUN" "${call[@]}")
	else
		call=("$OCIRUN" "${call[@]}")
	fi
}

# in_environment KEYS COMMAND...: with these keys, and no others.
in_environment() {
	local key keys=() all=(PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root "XDG_RUNTIME_DIR=$T/run" _CONTAINERS_USERNS_CONFIGURED=
		_CONTAINERS_ROOTLESS_UID= _CONTAINERS_ROOTLESS_GID= _OCI_SYNCPIPE=3 _OCI_STARTPIPE=4 _OCI_ATTACHPIPE=5)
	for key in $1; do
		keys+=("$(printf '%s\n' "${all[@]}" | grep "^$key=")") || fail "what is $key?" || return
	done
	timeout --foreground -k 1 30 env -i "${keys[@]}" "${@:2}" 3>&-
}

# calls_of COMMAND BEFORE AFTER: each form of the command, after what BEFORE makes; AFTER looks at what came of it. Its container is
# removed then, whatever state it is in.
calls_of() {
	local form keys some=
	while IFS=$'\t' read -r form keys _ <&9; do
		[[ $form != '#'* && " $form " == *" $1 "* && " $form " != *" ${without-none} "* ]] || continue
		some=yes
		if ! one_call "$form" "$keys" "${@:2}"; then
			echo "# the form: $form"
			return 1
		fi
	done 9<"$repo/tests/clients/forms"
	[ $some ] || fail "no form of $1"
}

one_call() {
	local form=$1 keys=$2 call
	mkdir -p "$T/run"
	rm -f "$T/log" "$T/pid" "$T/console.sock"
	config --argjson terminal "$([[ $form == *create*--console-socket* ]] && echo true || echo false)" '.process.terminal = $terminal'
	call_of "$form" || return
	"$3" || return
	if [[ $form == *--resources[\ =]-\ * ]]; then
		try in_environment "$keys" "${call[@]}" <"$T/resources.json"
	elif [[ $form == *--preserve-fds* ]]; then
		status=0
		in_environment "$keys" bash -c '"$@" 3<"$0"' "$T" "${call[@]}" >"$T/out" 2>"$T/err" || status=$?
		out=$(<"$T/out") err=$(<"$T/err")
	else
		try in_environment "$keys" "${call[@]}"
	fi
	assert_success || return
	[ ! -s "$T/log" ] || fail "log: $(cat "$T/log")" || return
	"$4" || return
	oci delete --force "$C"
}

nothing() { :; }
created() { create && assert_success; }
is_created() { state_is created && { [[ $form != *--pid-file* ]] || is_pid_file "$(pid_of)"; }; }
# The callers read a number, and nothing after it.
is_pid_file() { [[ $(<"$T/pid") == "$1" && $(stat -c %s "$T/pid") == "${#1}" ]] || fail "pid file: $(cat "$T/pid")"; }
is_running() { state_is running; }
is_stopped() { until_state stopped; }
stopped() { running && oci kill "$C" KILL && until_state stopped; }
paused() { running && oci pause "$C"; }
is_paused() { state_is paused; }
absent_now() { absent "$ROOT/$C"; }
is_json_of() { [[ $(jq -r "$1" <<<"$out") == "$2" ]] || fail "$1 is not $2"; }

@test "create, as engines call it" {
	payload sleep 100
	calls_of create nothing is_created
}

@test "start, as engines call it" {
	payload sleep 100
	calls_of start created is_running
}

@test "run, as engines call it" {
	shell 'echo inside'
	has_said() { equal "$out" inside; }
	calls_of run nothing has_said
}

@test "state, as engines call it" {
	payload sleep 100
	is_state() { is_json_of .id "$C" && is_json_of .status running; }
	calls_of state running is_state
}

@test "kill, as engines call it" {
	payload sleep 100
	calls_of kill running is_stopped
}

@test "delete, as engines call it" {
	payload sleep 100
	calls_of delete stopped absent_now
}

@test "delete --force, as engines call it" {
	payload sleep 100
	calls_of --force running absent_now
}

@test "pause and resume, as engines call them" {
	payload sleep 100
	calls_of pause running is_paused
	calls_of resume paused is_running
}

@test "ps, as engines call it" {
	payload sleep 100
	has_pid() { grep -qw "$(pid_of)" <<<"$out" || fail "no $(pid_of)"; }
	calls_of ps running has_pid
}

@test "list, as engines call it" {
	payload sleep 100
	is_list() { is_json_of '.[0].id' "$C"; }
	calls_of list running is_list
}

@test "--version and features, as engines call them" {
	has_version() { matches '.* version .*'; }
	calls_of --version nothing has_version
	is_document() { is_json_of .ociVersionMax 1.3.0 && equal "$err" ""; }
	calls_of features nothing is_document
}

@test "exec, as engines call it" {
	payload sleep 100
	in_container() {
		running || return
		local terminal=false
		[[ $form != *--console-socket* ]] || terminal=true
		printf '{"terminal": %s, "user": {"uid": 0, "gid": 0}, "args": ["touch", "/executed"], "env": ["PATH=/bin"], "cwd": "/"}\n' $terminal \
			>"$T/process.json"
		rm -f "$B/rootfs/executed"
	}
	has_run() {
		[[ $form != *--pid-file* ]] || [[ $(<"$T/pid") =~ ^[0-9]+$ ]] || fail "pid file: $(cat "$T/pid")" || return
		until_true test -e "$B/rootfs/executed" || fail "has not run"
	}
	calls_of exec in_container has_run
}

@test "update, as engines call it" {
	payload sleep 100
	echo '{"pids": {"limit": 23}, "memory": {}, "cpu": {}}' >"$T/resources.json"
	has_limit() { [ "$(cat $(cgroups_of "$C" | sed -n 's|$|/pids.max|p') 2>/dev/null)" = 23 ] || fail "pids.max: $(cat $(cgroups_of "$C" | sed 's|$|/pids.max|') 2>&1)"; }
	calls_of update running has_limit
}

@test "events, as engines call it" {
	payload sleep 100
	is_stats() { is_json_of .type stats && is_json_of .id "$C"; }
	calls_of events running is_stats
}

@test "checkpoint and restore, as engines call them" {
	local problem
	problem=$(criu check 2>&1) || skip "criu: ${problem%%$'\n'*}"
	payload sleep 100
	with_paths() { rm -rf "$T/image" "$T/work" && mkdir "$T/image" "$T/work" && running; }
	has_image() { [[ $form == *--help ]] || [ -s "$T/image/inventory.img" ] || fail "no image"; }
	calls_of checkpoint with_paths has_image
	# With a terminal: checkpoint.bats.
	saved() { with_paths && oci checkpoint --image-path "$T/image" --work-path "$T/work" "$C"; }
	is_restored() { state_is running && is_pid_file "$(pid_of)"; }
	without=--console-socket calls_of restore saved is_restored
}
