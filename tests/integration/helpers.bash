# shellcheck shell=bash
# What every file of integration tests loads: a bundle and a root directory for each test, short words for what a test does and expects,
# and a teardown that fails the test if anything is left behind.
#
#	$OCIRUN    the program under test (default: build/ocirun)
#	$PAYLOAD   the static program that reports what it sees (default: build/payload)
#	$T         this test's own directory, removed afterwards
#	$B         its bundle: $B/config.json, $B/rootfs
#	$ROOT      its --root directory
#	$C         its container id, unique on this machine
#	$IN        a command in front of every call of the program (see pure_v2); usually empty

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repo=$(cd "$here/../.." && pwd)
OCIRUN=${OCIRUN:-$repo/build/ocirun}
PAYLOAD=${PAYLOAD:-$repo/build/payload}
PYTHON=$([ -x /usr/bin/python3 ] && echo /usr/bin/python3 || echo python3)

# --- one test's surroundings ---------------------------------------------------------------------------------------------------------

setup() {
	exec </dev/null
	umask 022
	T=$BATS_RUN_TMPDIR/$$-$BATS_TEST_NUMBER
	B=$T/bundle
	ROOT=$T/root
	C=it-${BATS_RUN_TMPDIR##*[-.]}-$$-${BATS_TEST_NUMBER}x
	IN=()
	HOLDERS=()
	STARTED=$(started $BASHPID)
	mkdir -p "$B/rootfs/bin" "$ROOT"
	base_make
	reach
	cp -a "$BATS_RUN_TMPDIR/base/." "$B/"
	ln "$BATS_RUN_TMPDIR/bin/"* "$B/rootfs/bin/"
	cd "$T" || return
}

teardown() {
	local left=() id pid

	cd /
	for id in "$ROOT"/*; do
		id=${id##*/}
		case $id in "$C"*) timeout -k 1 10 "${IN[@]}" "$OCIRUN" --root "$ROOT" delete --force "$id" 3>&- || left+=("delete --force $id: status $?") ;; esac
	done
	[ ! -e "$ROOT/.seccomp@" ] || rm -rf "$ROOT/.seccomp@" # compiled filters: they are kept on purpose
	[ -z "$(compgen -G "$ROOT/*"; compgen -G "$ROOT/.[!.]*")" ] || left+=("root directory: $(ls -A "$ROOT" | tr '\n' ' ')")
	until_true no_cgroups || left+=("cgroup: $(cgroups_of "$C" | tr '\n' ' ')")
	until_true no_processes || left+=("process: $(processes_left | while read -r pid; do tr '\0' ' ' <"/proc/$pid/cmdline"; echo "($pid)"; done)")
	for pid in "${HOLDERS[@]}"; do
		kill -KILL "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
	done
	if [[ $(</proc/self/mountinfo) == *" $T"* ]]; then
		left+=("mount: $(grep -F " $T" /proc/self/mountinfo | cut -d' ' -f5 | tr '\n' ' ')")
		cut -d' ' -f5 /proc/self/mountinfo | grep -F "$T/" | sort -r | xargs -r -n1 umount -l
	fi
	rm -rf --one-file-system "$T" || left+=("files: $T")
	[ ${#left[@]} -eq 0 ] && return
	printf '# left behind: %s\n' "${left[@]}"
	for pid in $(processes_left); do kill -KILL "$pid"; done
	cgroups_of "$C" | sort -r | while read -r pid; do until_true rmdir "$pid" 2>/dev/null; done
	return 1
}

# The files that all tests' bundles are copied from, made by whoever comes first.
base_make() {
	local new=$BATS_RUN_TMPDIR/base.$$ applet

	[ ! -d "$BATS_RUN_TMPDIR/base" ] || return 0
	chmod 755 "$BATS_RUN_TMPDIR" # user namespaces and plain users must be able to come here
	[ -x "$OCIRUN" ] || { echo "no program to test at $OCIRUN (make, or set OCIRUN)"; return 1; }
	mkdir -p "$new/rootfs/"{dev,etc,home/user,proc,root,sbin,sys,tmp,usr/bin,var} "$BATS_RUN_TMPDIR/bin.$$"
	chmod 1777 "$new/rootfs/tmp"
	cp "$(type -P busybox)" "$BATS_RUN_TMPDIR/bin.$$/busybox"
	cp "$PAYLOAD" "$BATS_RUN_TMPDIR/bin.$$/payload"
	for applet in sh cat ls id sleep stty test true false echo mkdir touch chmod ln rm mount umount hostname grep head ps kill tty readlink dd env; do
		ln -s busybox "$BATS_RUN_TMPDIR/bin.$$/$applet"
	done
	printf 'root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:a user:/home/user:/bin/sh\n' >"$new/rootfs/etc/passwd"
	printf 'root:x:0:\nuser:x:1000:\n' >"$new/rootfs/etc/group"
	base_config >"$new/config.json"
	reach_make
	mv -T "$BATS_RUN_TMPDIR/bin.$$" "$BATS_RUN_TMPDIR/bin" 2>/dev/null || rm -rf "$BATS_RUN_TMPDIR/bin.$$"
	mv -T "$new" "$BATS_RUN_TMPDIR/base" 2>/dev/null || rm -rf "$new"
}

# Plain users, and ids of user namespaces, run what is in these places: where they can't go there, as below /root, they have copies.
reach_make() {
	local to=$BATS_RUN_TMPDIR/reached new=$BATS_RUN_TMPDIR/reached.$$
	if [ "$(id -u)" -ne 0 ] || setpriv --reuid 65534 --regid 65534 --clear-groups test -x "$OCIRUN"; then
		return
	fi
	mkdir -p "$new/bench"
	cp "$OCIRUN" "$new/ocirun"
	cp "$PAYLOAD" "$new/payload"
	cp "$here/"*.py "$new/"
	cp "$(dirname "$PAYLOAD")/bench/true" "$new/bench/" 2>/dev/null || true
	mv -T "$new" "$to" 2>/dev/null || rm -rf "$new"
}
reach() {
	local at=$BATS_RUN_TMPDIR/reached
	[ ! -d "$at" ] || OCIRUN=$at/ocirun PAYLOAD=$at/payload here=$at
}

# The default configuration, without a terminal.
base_config() {
	cat <<-'JSON'
	{
		"ociVersion": "1.2.0",
		"process": {
			"terminal": false,
			"user": { "uid": 0, "gid": 0 },
			"args": [ "/bin/payload", "true" ],
			"env": [ "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm" ],
			"cwd": "/",
			"capabilities": {
				"bounding": [ "CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE" ],
				"effective": [ "CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE" ],
				"permitted": [ "CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE" ]
			},
			"rlimits": [ { "type": "RLIMIT_NOFILE", "hard": 1024, "soft": 1024 } ],
			"noNewPrivileges": true
		},
		"root": { "path": "rootfs", "readonly": false },
		"hostname": "box",
		"mounts": [
			{ "destination": "/proc", "type": "proc", "source": "proc" },
			{ "destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": [ "nosuid", "strictatime", "mode=755", "size=65536k" ] },
			{ "destination": "/dev/pts", "type": "devpts", "source": "devpts",
			  "options": [ "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620" ] },
			{ "destination": "/dev/shm", "type": "tmpfs", "source": "shm", "options": [ "nosuid", "noexec", "nodev", "mode=1777", "size=65536k" ] },
			{ "destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue", "options": [ "nosuid", "noexec", "nodev" ] },
			{ "destination": "/sys", "type": "sysfs", "source": "sysfs", "options": [ "nosuid", "noexec", "nodev", "ro" ] },
			{ "destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": [ "nosuid", "noexec", "nodev", "relatime", "ro" ] }
		],
		"linux": {
			"namespaces": [
				{ "type": "pid" }, { "type": "network" }, { "type": "ipc" }, { "type": "uts" }, { "type": "mount" }, { "type": "cgroup" }
			],
			"maskedPaths": [ "/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats",
				"/proc/sched_debug", "/proc/scsi", "/sys/firmware" ],
			"readonlyPaths": [ "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger" ]
		}
	}
	JSON
}

# --- the bundle ------------------------------------------------------------------------------------------------------------------------

# config [JQ-OPTION...] FILTER: edit config.json.
config() {
	jq "$@" <"$B/config.json" >"$B/config.json.new" && mv "$B/config.json.new" "$B/config.json"
}

# args WORD...: set process.args.
args() {
	# shellcheck disable=SC2016
	config '.process.args = $ARGS.positional' --args -- "$@"
}

payload() { args /bin/payload "$@"; }
shell() { args sh -c "$@"; }

# With a user namespace: ids 0..65535 of the container are 100000..165535 of the host.
user_namespace() {
	config '.linux.namespaces += [{type: "user"}]
		| .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]
		| .linux.gidMappings = [{containerID: 0, hostID: 100000, size: 65536}]'
	chown -R --no-dereference 100000:100000 "$B/rootfs/"{dev,etc,home,proc,root,sys,tmp,usr,var,sbin} "$B/rootfs"
}

# --- calling the program ---------------------------------------------------------------------------------------------------------------

oci() {
	timeout --foreground -k 1 30 "${IN[@]}" "$OCIRUN" --root "$ROOT" "$@" 3>&-
}

# The same without anything closed, for tests that hand on descriptors.
oci_open() { timeout --foreground -k 1 30 "${IN[@]}" "$OCIRUN" --root "$ROOT" "$@"; }

# try COMMAND...: run it; its results are $status, $out and $err. Through files, not pipes: a container that lives on must not hold us up.
try() {
	status=0
	"$@" >"$T/out" 2>"$T/err" || status=$?
	out=$(<"$T/out") err=$(<"$T/err")
}

# container [OPTION...]: `run` the bundle as $C. `passes` also expects exit status 0.
container() { try oci run --bundle "$B" "$@" "$C"; }
passes() {
	container "$@"
	assert_success
}

# create [ID [OPTION...]]: the container's own output goes to $T/console.ID.
create() {
	local id=${1-$C}
	status=0
	oci create --bundle "$B" "${@:2}" "$id" >"$T/console.${id:0:60}" 2>"$T/err" || status=$?
	out='' err=$(<"$T/err")
}

start() { try oci start "${1:-$C}"; }

# Create and start $C, and fail unless that works.
running() {
	create "$@"
	assert_success
	start "$@"
	assert_success
}

# race COMMAND...: call the program twice at once; exactly one may succeed. What they said is in $T/err.1 and $T/err.2.
race() {
	local one two won=0

	oci "$@" >/dev/null 2>"$T/err.1" & one=$!
	oci "$@" >/dev/null 2>"$T/err.2" & two=$!
	wait $one && won=$((won + 1))
	wait $two && won=$((won + 1))
	[ $won -eq 1 ] || fail "$won won" "$(cat "$T"/err.[12])"
}

# create_in_hook EXIT-STATUS: a create in the background, $creator, whose createRuntime hook waits for the file $T/go and then exits so.
create_in_hook() {
	config --arg script "touch $T/in-hook; until [ -e $T/go ]; do sleep 0.02; done; exit $1" \
		'.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", $script], env: ["PATH=/usr/bin:/bin"]}]'
	oci create --bundle "$B" "$C" >"$T/console.$C" 2>"$T/err" & creator=$!
	until_true test -e "$T/in-hook"
}

console() { cat "$T/console.${1:-$C}"; } # (an id is cut off after 60 characters)
# of_state KEY ID: a word of what `state` says. (Without jq, which takes longer to start than a container.)
of_state() {
	local text
	text=$(oci state "$2") || return
	[[ $text =~ \"$1\":\ ?\"?([a-z0-9]+) ]] && echo "${BASH_REMATCH[1]}"
}
status_of() { of_state status "${1:-$C}"; }
pid_of() { of_state pid "${1:-$C}"; }

# --- expecting -------------------------------------------------------------------------------------------------------------------------

fail() {
	printf '%s\n' "$@" "status: ${status-}" "stdout: ${out-}" "stderr: ${err-}"
	return 1
}

assert_success() { [ "$status" -eq 0 ] || fail "expected success"; }
assert_exit() { [ "$status" -eq "$1" ] || fail "expected exit status $1"; }

# assert_error TEXT...: the last command failed with status 1 and an error that holds every TEXT.
assert_error() {
	local text
	[ "$status" -eq 1 ] || { fail "expected an error and exit status 1"; return; }
	for text; do
		[[ ${err//\\\"/\"} == *"$text"* ]] || { fail "expected in the error: $text"; return; }
	done
}

# refuses FIELD: lines `VALUE|PLACE|REASON` on stdin; with VALUE in FIELD of config.json, `run` gives an error that holds both.
refuses() {
	local value place reason
	while IFS='|' read -r value place reason; do
		config ".$1 = $value"
		container
		assert_error "$1$place" "$reason" || return
	done
}

# Whole lines of stdout.
line() { grep -qxF -- "$1" <<<"$out" || fail "expected the line: $1"; }
no_line() { ! grep -qxF -- "$1" <<<"$out" || fail "did not expect the line: $1"; }
# A line of stdout that an extended regular expression matches whole.
matches() { grep -qxE -- "$1" <<<"$out" || fail "expected a line like: $1"; }
no_match() { ! grep -qxE -- "$1" <<<"$out" || fail "did not expect a line like: $1"; }
# value KEY: what the payload said of it.
value() { sed -n "s/^$1=//p" <<<"$out"; }
equal() { [ "$1" = "$2" ] || fail "expected: $2" "got:      $1"; }
# contains TEXT PART...
contains() {
	local text=$1 part
	shift
	for part; do [[ $text == *"$part"* ]] || fail "expected: ...$part..." "got: $text"; done
}
absent() { [ ! -e "$1" ] && [ ! -L "$1" ] || fail "must not exist: $1"; }
state_is() {
	local got
	got=$(status_of "${2:-$C}") || true
	equal "$got" "$1"
}

# until_true COMMAND...: for at most 5 s, or PATIENCE.
until_true() {
	local end=$((SECONDS + ${PATIENCE:-5} + 1))
	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.02
	done
}
until_state() {
	local want=$1 id=${2:-$C}
	is_in_state() { [ "$(status_of "$id" 2>/dev/null)" = "$want" ]; }
	until_true is_in_state || fail "never became $want: $(oci state "$id" 2>&1)"
}
until_line() {
	local file=$T/console.${2:-$C}
	until_true grep -qxE -- "$1" "$file" || fail "never said: $1" "but: $(cat "$file")"
}
is_gone() { [ ! -e "/proc/$1" ] || grep -q '^State:.*[ZX]' "/proc/$1/status" 2>/dev/null; }

# --- cgroups ---------------------------------------------------------------------------------------------------------------------------

cgroup_mode() {
	if [ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ]; then
		echo v2
	elif grep -q '^[^ ]* [^ ]* [^ ]* [^ ]* /sys/fs/cgroup/[^ ]* .* - cgroup2 ' /proc/self/mountinfo; then
		echo hybrid
	else
		echo v1
	fi
}

# All cgroup directories that a container's name is in.
cgroups_of() { find /sys/fs/cgroup -type d -name "*$1*" 2>/dev/null; }
no_cgroups() { [ -z "$(cgroups_of "$C")" ]; }

# Processes of ours: younger than this test, and with this test's directory among the mounts of another mount namespace, or with its name
# among the arguments. A zombie is none. (Mounts are told as paths of their file system, and /tmp may be one.)
processes_left() {
	local pid seen=
	{
		grep -lF "${T#"${T%/*/*}"}/" /proc/[0-9]*/mountinfo 2>/dev/null
		grep -lF "$C" /proc/[0-9]*/cmdline 2>/dev/null
	} | while IFS=/ read -r _ _ pid _; do
		case " $$ $BASHPID ${HOLDERS[*]} $seen " in *" $pid "*) continue ;; esac
		seen+=" $pid"
		[ "$(started "$pid")" -ge "$STARTED" ] || continue
		[ "$(readlink "/proc/$pid/ns/mnt")" = "$(readlink /proc/self/ns/mnt)" ] && ! grep -qF "$C" "/proc/$pid/cmdline" && continue
		is_gone "$pid" || echo "$pid"
	done
}
# When a process started, in clock ticks since boot; 0 if it is gone.
started() {
	local stat='1 () S'
	{ read -r stat <"/proc/$1/stat"; } 2>/dev/null || true
	# shellcheck disable=SC2086
	set -- ${stat##*) }
	echo "${20:-0}"
}
no_processes() { [ -z "$(processes_left)" ]; }

# hold COMMAND...: a process in a private mount namespace in which COMMAND has been run; every later `oci` runs in there.
hold() {
	local pid

	# shellcheck disable=SC2016
	unshare -m --propagation private sh -ec 'eval "$1"; echo ready; exec sleep 300' sh "$1" >"$T/holder" 2>&1 3>&- &
	pid=$!
	HOLDERS+=("$pid")
	until_true grep -q ready "$T/holder" || fail "no private mount namespace: $(cat "$T/holder")"
	IN=(nsenter -t "$pid" -m --wd="$PWD" --)
}

# deaf SOCKET: one at which somebody listens and accepts nobody.
deaf() {
	"$PYTHON" -c 'import socket, sys, time
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.listen(0)
c = socket.socket(socket.AF_UNIX)
c.connect(sys.argv[1])
print("ready", flush=True)
time.sleep(300)' "$1" >"$T/deaf" 3>&- &
	HOLDERS+=("$!")
	until_true grep -q ready "$T/deaf"
}

# From now on the program sees a pure cgroup2 at /sys/fs/cgroup.
pure_v2() {
	case $(cgroup_mode) in
	v2) hold true ;; # private all the same: some tests make it read-only
	hybrid) hold 'at=$(mktemp -d); mount --bind /sys/fs/cgroup/unified "$at"; umount -R /sys/fs/cgroup; mount --move "$at" /sys/fs/cgroup; rmdir "$at"' ;;
	v1) skip "this host has no cgroup2" ;;
	esac
}

# Where the cgroup2 hierarchy is, as this process sees it.
cgroup2_at() { [ -d /sys/fs/cgroup/unified ] && echo /sys/fs/cgroup/unified || echo /sys/fs/cgroup; }

need_cgroup2() { [ "$(cgroup_mode)" != v1 ] || skip "this host has no cgroup2"; }
# A hierarchy in which a new cgroup takes processes at once.
hierarchy_at() { [ "$(cgroup_mode)" = v1 ] && echo /sys/fs/cgroup/pids || cgroup2_at; }

# The directory of the container's cgroup for the files FILE of cgroup v1 and FILE of v2; "-": that version has none.
place() {
	local v1=${1%%.*} v2=${2%%.*}
	cgroups_of "$C" | grep -E "^/sys/fs/cgroup/([a-z_,]*,)?$v1(,[a-z_,]*)?/" && return
	[ "$v2" != - ] && cgroups_of "$C" | grep "^$(cgroup2_at)/"
}
# limit FILE-OF-V1 FILE-OF-V2: what the container's says.
limit() {
	local at
	at=$(place "$1" "$2" | head -n 1)
	cat "$at/$1" 2>/dev/null || cat "$at/$2"
}
# Is there the controller of that name in cgroup v1, or v2?
in_v1() { [ "$(cgroup_mode)" != v2 ] && compgen -G "/sys/fs/cgroup/*/cgroup.procs" | grep -qE "/cgroup/([a-z_,]*,)?$1(,[a-z_,]*)?/"; }
in_v2() { [ "$(cgroup_mode)" != v1 ] && grep -qw "$1" "$(cgroup2_at)/cgroup.controllers"; }
need_controller() { in_v1 "$1" || in_v2 "${2:-$1}" || skip "this host has no ${2:-$1} controller"; }

# --- what a host may lack ----------------------------------------------------------------------------------------------------------------

# need_kernel VERSION WHAT
need_kernel() { printf '%s\n' "$1" "$(uname -r)" | sort -CV || skip "$2 needs Linux $1"; }

# A build with sanitizers is not, and neither is one with STATIC=no.
need_static() { ! ldd "$OCIRUN" 2>/dev/null | grep -q '=>' || skip "needs a static program"; }

need_root() { [ "$(id -u)" -eq 0 ] || skip "needs root"; }
need_capability() {
	local bits bit=$2
	bits=$(sed -n 's/^CapEff:\t//p' /proc/self/status)
	(((16#$bits >> bit) & 1)) || skip "needs CAP_$1"
}
need_initial_user_namespace() { grep -qE '^ +0 +0 +4294967295$' /proc/self/uid_map || skip "needs the initial user namespace"; }
