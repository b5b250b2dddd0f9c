#!/usr/bin/env bats
# shellcheck shell=bats
# process.terminal, process.consoleSize, --console-socket: see terminal.py for the dialogues.
load helpers

# on_terminal [--size RxC] STEP...: `run` the bundle on a terminal of its own.
on_terminal() { try "$PYTHON" "$here/terminal.py" "$@" -- "$OCIRUN" --root "$ROOT" run --bundle "$B" "$C"; }
with_terminal() { config '.process.terminal = true'; }

# --- run -----------------------------------------------------------------------------------------------------------------------------------

@test "run gives an interactive shell" {
	with_terminal
	args sh
	on_terminal 'expect=# ' 'send=echo $((6 * 7))\n' expect=42 'send=tty\n' expect=/dev/ 'send=exit 5\n'
	assert_success
	line @exit=5
}

@test "the program's stdin, stdout and stderr are the terminal, and it controls it" {
	with_terminal
	payload tty
	on_terminal
	for n in 0 1 2; do line tty_$n=yes; done
	line tty_controlling=yes
	matches 'tty_link=/dev/(pts/0|console)'
	line @exit=0
}

@test "where stdout is no terminal, lines end without carriage returns" {
	with_terminal
	payload say one say two
	passes
	equal "$out" $'one\ntwo'
}

@test "where stdout is no terminal, the caller's goes on making lines of what others write" {
	with_terminal
	shell 'echo ready; read x'
	until_ready="for i in \$(seq 100); do grep -q ready $T/lines && break; sleep 0.05; done"
	try "$PYTHON" "$here/terminal.py" "run=$until_ready" raw output 'send=x\n' -- sh -c '"$@" >"$0"' "$T/lines" "$OCIRUN" --root "$ROOT" run --bundle "$B" "$C"
	line @raw=yes
	line @output=lines
	line @termios=same
	on_terminal expect=ready output 'send=x\n'
	line @output=raw
}

@test "/dev may be read-only" {
	with_terminal
	config '.mounts |= map(if .destination == "/dev" then .options += ["ro"] else . end)'
	payload write /dev/new x write /dev/console said-to-console
	on_terminal
	line 'written=/dev/new (EROFS)'
	contains "$out" said-to-console
	# Devices are bound onto files there too.
	config '.linux.namespaces += [{type: "user"}] | .linux |= (.uidMappings = [{containerID: 0, hostID: 0, size: 65536}] | .gidMappings = .uidMappings)'
	on_terminal
	line 'written=/dev/new (EROFS)'
	contains "$out" said-to-console
}

@test "the terminal is the container's own, not the caller's" {
	with_terminal
	payload list /dev/pts
	on_terminal
	matches 'stat=/dev/pts/0 c .* 136:0 0'
}

@test "/dev/console is the terminal" {
	with_terminal
	payload stat /dev/console mounts write /dev/console said-to-console
	on_terminal
	matches 'stat=/dev/console c .* 136:0 0'
	matches 'mount=/dev/console devpts .*'
	contains "$out" said-to-console
}

@test "there is no /dev/console without a terminal" {
	payload stat /dev/console
	passes
	line 'stat=/dev/console (ENOENT)'
}

@test "the terminal belongs to the program's user" {
	with_terminal
	config '.process.user = {uid: 1000, gid: 1000}'
	payload stat /dev/pts/0 tty
	on_terminal
	matches 'stat=/dev/pts/0 c .* 1000:.*'
	line tty_controlling=yes
}

@test "without consoleSize the terminal has the caller's size" {
	with_terminal
	args stty size
	on_terminal --size 17x71
	line "17 71"
}

@test "a new size of the caller's terminal reaches the container's" {
	with_terminal
	shell 'trap "stty size; exit 3" WINCH; echo ready; while :; do sleep 0.05; done'
	on_terminal --size 10x20 expect=ready resize=40x120 'expect=40 120'
	line @exit=3
}

@test "the caller's terminal is raw meanwhile and restored afterwards" {
	with_terminal
	shell 'echo ready; read x; exit 0'
	on_terminal expect=ready raw 'send=x\n'
	line @raw=yes
	line @termios=same
	line @exit=0
}

@test "the caller's terminal is restored after a failure too" {
	with_terminal
	args /no/such/program
	on_terminal
	line @exit=1
	line @termios=same
}

@test "the caller's terminal is restored when the program is killed" {
	with_terminal
	shell 'echo ready; exec sleep 100'
	on_terminal expect=ready "run='$OCIRUN' --root '$ROOT' kill '$C' KILL"
	line @exit=137
	line @termios=same
}

@test "Ctrl-C interrupts what runs in the container, not the runtime" {
	with_terminal
	args sh -c 'trap "echo interrupted; exit 9" INT; echo ready; while :; do sleep 0.05; done'
	on_terminal expect=ready 'send=\x03' expect=interrupted
	line @exit=9
}

@test "end of file reaches the program" {
	with_terminal
	shell 'echo ready; cat; exit 4'
	on_terminal expect=ready 'send=line\n' expect=line 'send=\x04'
	line @exit=4
}

@test "much output arrives whole" {
	with_terminal
	shell 'i=0; while [ $i -lt 5000 ]; do echo "line number $i"; i=$((i + 1)); done'
	on_terminal
	equal "$(grep -c '^line number' <<<"$out")" 5000
	line "line number 4999"
	line @exit=0
}

@test "a program that does not read while its caller floods stdin: it ends, and its output is whole" {
	with_terminal
	shell 'stty -echo; sleep 1; i=0; while [ $i -lt 3000 ]; do echo "line number $i"; i=$((i + 1)); done; exit 6'
	mkfifo "$T/in"
	yes >"$T/in" 2>/dev/null 3>&- & HOLDERS+=($!)
	try oci run --bundle "$B" "$C" <"$T/in"
	assert_exit 6
	equal "$(grep -c 'line number' "$T/out")" 3000 # the first one may stand behind an echo of the flood
}

@test "the flood does not keep run from its signals" {
	with_terminal
	shell 'echo ready; exec sleep 100'
	mkfifo "$T/in"
	yes >"$T/in" 2>/dev/null 3>&- & HOLDERS+=($!)
	"$OCIRUN" --root "$ROOT" run --bundle "$B" "$C" <"$T/in" >"$T/console.$C" 2>"$T/err" 3>&- & runner=$!
	until_true grep -q ready "$T/console.$C"
	sleep 0.3
	oci kill "$C" KILL
	status=0
	wait $runner || status=$?
	assert_exit 137
}

@test "output that is read only after the program's end arrives whole" {
	with_terminal
	shell 'i=0; while [ $i -lt 100 ]; do echo "line number $i"; i=$((i + 1)); done; exit 7'
	cat >"$T/fill.py" <<-'PY'
		import fcntl, os
		flags = fcntl.fcntl(1, fcntl.F_GETFL)
		fcntl.fcntl(1, fcntl.F_SETFL, flags | os.O_NONBLOCK)
		try:
		    while os.write(1, b"#" * 4096):
		        pass
		except BlockingIOError:
		    fcntl.fcntl(1, fcntl.F_SETFL, flags)
	PY
	{ "$PYTHON" "$T/fill.py" && oci run --bundle "$B" "$C" 2>"$T/err" || echo $? >"$T/status"; } | { sleep 1; tr -d '\r'; } >"$T/out"
	equal "$(cat "$T/status")" 7
	equal "$(grep -c 'line number' "$T/out")" 100
}

@test "output that nobody reads does not keep run from ending" {
	with_terminal
	shell 'exec yes'
	never() { sleep 8; }
	ln -sf busybox "$B/rootfs/bin/yes"
	{ "$OCIRUN" --root "$ROOT" run --bundle "$B" "$C" </dev/null 2>"$T/err" || echo $? >"$T/status"; } 3>&- | never 3>&- & HOLDERS+=($!)
	until_state running
	sleep 0.5
	oci kill "$C" KILL
	until_true test -s "$T/status" || fail "run does not end"
	equal "$(cat "$T/status")" 137
}

@test "the program's exit status passes through" {
	with_terminal
	payload exit 77
	on_terminal
	line @exit=77
}

@test "a terminal works in a user namespace" {
	user_namespace
	with_terminal
	payload tty stat /dev/console
	on_terminal
	line tty_controlling=yes
	line @exit=0
}

@test "run with a terminal works when stdin is none" {
	with_terminal
	payload tty
	container
	assert_success
	tr -d '\r' <"$T/out" >"$T/plain"
	out=$(<"$T/plain")
	line tty_0=yes
}

@test "consoleSize is the size of a terminal whose caller has none" {
	with_terminal
	config '.process.consoleSize = {height: 33, width: 99}'
	args stty size
	container
	assert_success
	tr -d '\r' <"$T/out" >"$T/plain"
	equal "$(<"$T/plain")" "33 99"
}

@test "the terminal hangs up: the program gets SIGHUP or ends of file, run ends" {
	with_terminal
	shell 'echo ready; cat >/dev/null; exit 0'
	on_terminal expect=ready close
	no_match '@exit=never ended'
}

@test "without terminal the caller's terminal passes through unchanged, but does not control" {
	payload tty
	on_terminal
	for n in 0 1 2; do line tty_$n=yes; done
	line 'tty_controlling=(ENXIO)'
	line @termios=same
}

# --- console socket ---------------------------------------------------------------------------------------------------------------------------

with_socket() { # COMMAND [OPTION...] -- STEP...
	local words=()
	while [ $# -gt 0 ] && [ "$1" != -- ]; do words+=("$1"); shift; done
	try "$PYTHON" "$here/terminal.py" --socket "$T/console.sock" "${@:2}" -- "$OCIRUN" --root "$ROOT" "${words[@]}" --bundle "$B" \
		--console-socket "$T/console.sock" "$C"
}

@test "create sends the terminal's master to the console socket" {
	with_terminal
	shell 'echo ready; read x; echo "got $x"; stty size'
	config '.process.consoleSize = {height: 31, width: 97}'
	with_socket create -- "run='$OCIRUN' --root '$ROOT' start '$C'" expect=ready 'send=hello\n' 'expect=got hello' 'expect=31 97'
	assert_success
	line @fds=1
	line @exit=0
}

@test "run --detach sends it too" {
	with_terminal
	shell 'echo ready; read x; echo "got $x"; sleep 100'
	with_socket run --detach -- expect=ready 'send=hello\n' 'expect=got hello'
	assert_success
	line @fds=1
	line @exit=0
	state_is running
}

@test "the message beside the descriptor names the pseudo-terminal" {
	with_terminal
	with_socket create --
	assert_success
	matches '@message=.*(ptmx|pts|console).*'
}

@test "create with a terminal needs a console socket" {
	with_terminal
	create
	assert_error "cannot allocate tty if " " will detach without setting console socket"
	try oci state "$C"
	assert_error "container does not exist"
}

@test "run --detach with a terminal needs a console socket" {
	with_terminal
	container --detach
	assert_error "cannot allocate tty if " " will detach without setting console socket"
}

@test "a console socket without a terminal is an error" {
	create "$C" --console-socket "$T/console.sock"
	assert_error "cannot use console socket if " " will not detach or allocate tty"
	container --detach --console-socket "$T/console.sock"
	assert_error "cannot use console socket if " " will not detach or allocate tty"
}

@test "a console socket nobody listens at is an error that names it" {
	with_terminal
	create "$C" --console-socket "$T/no-such.sock"
	assert_error "$T/no-such.sock"
	touch "$T/file"
	create "$C" --console-socket "$T/file"
	assert_error "$T/file"
	equal "$(ls -A "$ROOT")" ""
}

@test "a console socket that nobody accepts from is an error after a while" {
	deaf "$T/console.sock"
	with_terminal
	create "$C" --console-socket "$T/console.sock"
	assert_error "--console-socket: connect to $T/console.sock: Connection timed out (ETIMEDOUT)"
}

# --- what people see ---------------------------------------------------------------------------------------------------------------------------

@test "an error is coloured on a terminal, unless NO_COLOR is set, and nowhere else" {
	red=$'\033[1;31mocirun:\033[0m state'
	says() { try env -u NO_COLOR TERM=xterm "$@" "$PYTHON" "$here/terminal.py" -- "$OCIRUN" --root "$ROOT" state "$C"; }
	says
	contains "$out" "$red"
	for plain in NO_COLOR=1 TERM=dumb TERM=; do
		says "$plain"
		contains "$out" "ocirun: state"
		[[ $out != *$'\033'* ]] || fail "coloured with $plain"
	done
	says NO_COLOR=
	contains "$out" "$red"
	try env TERM=xterm "$OCIRUN" --root "$ROOT" --log "$T/log" state "$C"
	assert_error "container does not exist"
	[[ $err$(cat "$T/log") != *$'\033'* ]] || fail "coloured"
}
