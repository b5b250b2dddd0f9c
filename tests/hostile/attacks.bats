#!/usr/bin/env bats
# shellcheck shell=bats
# More of what is known to have been tried: races on what the runtime reads, terminals, files it makes, what it writes to /proc.
load helpers

# --- races -----------------------------------------------------------------------------------------------------------------------------

@test "CVE-2025-31133: a /dev/null that becomes a link and back is never what masks" {
	outside
	config '.mounts |= map(select(.destination | startswith("/dev") | not)) | .linux.maskedPaths = ["/etc/passwd", "/etc/group"]'
	payload access /etc/passwd access /etc/group
	ln -s /etc/other "$B/rootfs/dev/link"
	echo other >"$B/rootfs/etc/other"
	passes # makes the real one
	swap "$B/rootfs/dev" null link
	masked_by_null() { [ "$(grep -cE '^read=/etc/(passwd|group) empty$' <<<"$out")" -eq 2 ]; }
	assault masked_by_null
	[ "$ran" -gt 0 ] || fail "never ran: $err"
}

@test "an /etc/passwd that becomes a FIFO and back is not waited for" {
	outside
	mkfifo "$B/rootfs/etc/fifo"
	payload env
	swap "$B/rootfs/etc" passwd fifo
	home() { grep -qxE 'env=HOME=/(root)?' <<<"$out"; }
	assault home
	[ "$ran" -gt 0 ] && [ "$refused" -eq 0 ] || fail "ran $ran, refused $refused: $err"
}

@test "a program that becomes a link out of the root and back is not found there" {
	outside
	printf '#!/bin/sh\necho outside >>%s/outside/file\n' "$T" >"$T/outside/program"
	chmod 755 "$T/outside/program"
	before=$(outside_now)
	rm "$B/rootfs/bin/true"
	cp "$B/rootfs/bin/payload" "$B/rootfs/bin/true"
	ln -s "../../../../../../../../../..$T/outside/program" "$B/rootfs/bin/link"
	args true true
	swap "$B/rootfs/bin" true link
	assault
	[ "$ran" -gt 0 ] || fail "never ran: $err"
}

@test "exec: a working directory that becomes a link out of the root and back" {
	need_root
	mkdir -p "$B/rootfs/work" "$T/outside/work"
	outside
	ln -s "../../../../../../../../../..$T/outside" "$B/rootfs/link"
	payload sleep 1000
	running
	swap "$B/rootfs" work link
	local end=$((SECONDS + HOSTILE_SECONDS)) ran=0
	while racing $end; do
		try oci exec --cwd /work "$C" /bin/payload cwd
		[ "$status" -ne 0 ] || { ran=$((ran + 1)); grep -qxE 'cwd=/(work|link)' <<<"$out" || { calm; fail "left the root"; return 1; }; }
	done
	calm
	[ $ran -gt 0 ] || fail "never ran: $err"
	outside_untouched
}

# --- exchanged between two steps: a hook, which runs after the mounts and before the masks, does once what a race does by luck ----------------

# exchanging DIRECTORY A B: a createRuntime hook that exchanges two names there.
exchanging() {
	cat >"$T/exchange" <<-PY
		#!$PYTHON
		import ctypes, os
		os.chdir("$1")
		assert ctypes.CDLL(None).renameat2(-100, b"$2", -100, b"$3", 2) == 0
	PY
	chmod 755 "$T/exchange"
	config --arg hook "$T/exchange" '.hooks.createRuntime = [{path: $hook}]'
}

@test "CVE-2023-28642: /proc and /sys keep masks and read-only paths when they have another name by then" {
	for name in proc sys; do
		base_config >"$B/config.json"
		config '.linux.maskedPaths = ["/proc/self", "/sys/kernel"] | .linux.readonlyPaths = ["/proc/sys"]'
		ln -s /etc "$B/rootfs/link"
		exchanging "$B/rootfs" $name link
		payload access /link/sys/kernel/domainname access /link/self access /link/kernel
		passes
		if [ $name = proc ]; then
			line 'read=/link/self empty'
			matches 'write=/link/sys/kernel/domainname .*EROFS.*'
		else
			line 'read=/link/kernel empty'
		fi
		rm "$B/rootfs/$name"
		mv -T "$B/rootfs/link" "$B/rootfs/$name"
	done
}

@test "CVE-2025-31133: a /dev/null that was one when it was made, and is a link when it masks" {
	config '.mounts |= map(select(.destination | startswith("/dev") | not)) | .linux.maskedPaths = ["/etc/passwd"]'
	echo other >"$B/rootfs/etc/other"
	ln -s /etc/other "$B/rootfs/dev/link"
	exchanging "$B/rootfs/dev" null link
	payload access /etc/passwd file /dev/null
	passes
	line 'read=/etc/passwd empty'
	line file=other # it was exchanged
}

# --- what the runtime writes to /proc ------------------------------------------------------------------------------------------------------

# A /proc of the image's: plain files where the kernel's are, and links from there to where a write would hurt.
@test "CVE-2025-52881: sysctls are the kernel's, whatever files an image has in /proc" {
	need_capability NET_ADMIN 12
	outside
	mkdir -p "$B/rootfs/proc/sys/net/ipv4" "$B/rootfs/proc/sys/kernel"
	echo image >"$B/rootfs/proc/sys/net/ipv4/ip_forward"
	ln -s "../../../../../../../../../../../../..$T/outside/file" "$B/rootfs/proc/sys/kernel/domainname"
	config '.mounts |= map(select(.destination != "/proc")) | .linux.maskedPaths = [] | .linux.readonlyPaths = []
		| .linux.sysctl = {"net.ipv4.ip_forward": "1", "kernel.domainname": "mine"}'
	payload sleep 1000
	running
	equal "$(nsenter -t "$(pid_of)" -n cat /proc/sys/net/ipv4/ip_forward)" 1
	equal "$(nsenter -t "$(pid_of)" -u cat /proc/sys/kernel/domainname)" mine
	equal "$(cat "$B/rootfs/proc/sys/net/ipv4/ip_forward")" image
	outside_untouched
}

@test "CVE-2025-52881: nor do labels go to files of an image's /proc" {
	mkdir -p "$B/rootfs/proc/thread-self/attr/apparmor" "$B/rootfs/proc/self/attr"
	echo image | tee "$B/rootfs/proc/thread-self/attr/exec" "$B/rootfs/proc/thread-self/attr/apparmor/exec" "$B/rootfs/proc/thread-self/attr/keycreate" \
		>"$B/rootfs/proc/self/attr/exec"
	config '.mounts |= map(select(.destination != "/proc")) | .linux.maskedPaths = [] | .linux.readonlyPaths = []'
	for field in apparmorProfile selinuxLabel; do
		config --arg f $field '.process |= (del(.apparmorProfile, .selinuxLabel) | .[$f] = "nobody_t")'
		container
		[ "$status" -ne 0 ] || fail "a label that nobody knows was set"
		equal "$(cat "$B"/rootfs/proc/thread-self/attr/{exec,apparmor/exec,keycreate} "$B/rootfs/proc/self/attr/exec" | sort -u)" image
	done
}

# --- terminals -------------------------------------------------------------------------------------------------------------------------------

# Since Linux 6.2 a host may forbid it to everybody; then nothing is proven.
need_tiocsti() {
	local at=/proc/sys/dev/tty/legacy_tiocsti
	[ ! -e $at ] || [ "$(cat $at)" = 1 ] || skip "dev.tty.legacy_tiocsti is 0"
}
# on_terminal COMMAND...: with a terminal that is its controlling one; what was typed there is read by who comes next on it.
on_terminal() {
	try "$PYTHON" "$BATS_TEST_DIRNAME/../integration/terminal.py" -- sh -c '"$@"; stty -icanon -echo min 0 time 2; printf "left="; cat; echo' sh "$@" 3>&-
}

@test "CVE-2017-5226: a program types nothing into the terminal that its caller runs it on" {
	need_tiocsti
	on_terminal "$PAYLOAD" type harm # it is possible here
	contains "$out" typed=yes
	payload type harm
	on_terminal "$OCIRUN" --root "$ROOT" run --bundle "$B" "$C"
	matches 'typed=.*EPERM.*'
	line left=
}

@test "CVE-2017-5226: nor does one of exec" {
	need_tiocsti
	need_root
	payload sleep 1000
	running
	on_terminal "$OCIRUN" --root "$ROOT" exec "$C" /bin/payload type harm
	matches 'typed=.*EPERM.*'
	line left=
}

@test "what a hook or a config.json says moves no cursor of the caller's terminal" {
	# ESC ], BEL, ESC [, DEL, U+009B, and that as a byte alone.
	config '.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", "printf \"\\\\033]0;owned\\\\007\\\\033[2J\\\\177\\\\302\\\\23331mred\\\\2332J\"; exit 1"]}]'
	container
	assert_error "it said: "
	! LC_ALL=C grep -qaP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]' "$T/err" || fail "$(od -c "$T/err")"
}

# --- files that the runtime makes ------------------------------------------------------------------------------------------------------------

@test "CVE-2025-24965: the directory of NOTIFY_SOCKET is made below the root, whatever links an image has on the way" {
	outside
	for link in "$T/outside" "../../../../../../../../../..$T/outside"; do
		rm -rf "$B/rootfs/run"
		ln -s "$link" "$B/rootfs/run"
		NOTIFY_SOCKET=$T/notify create
		outside_untouched
		try oci delete --force "$C"
		rm -rf "$B/rootfs/run"
		mkdir "$B/rootfs/run"
		ln -s "$link" "$B/rootfs/run/notify"
		NOTIFY_SOCKET=$T/notify create
		outside_untouched
		try oci delete --force "$C"
	done
}

@test "CVE-2022-0492: no release agent and no cgroup can be written, with and without a cgroup namespace" {
	[ "$(cgroup_mode)" != v2 ] || skip "this host has no cgroup v1"
	shell 'n=0; for f in $(ls -d /sys/fs/cgroup/*/release_agent /sys/fs/cgroup/*/notify_on_release /sys/fs/cgroup/*/cgroup.procs 2>/dev/null); do
		n=$((n + 1)); { echo 1 >$f; } 2>/dev/null && echo written=$f; done; echo looked=$n; mkdir /sys/fs/cgroup/*/x 2>/dev/null && echo made; true'
	for filter in . '.linux.namespaces |= map(select(.type != "cgroup"))'; do
		config ".process.capabilities |= map_values([\"CAP_DAC_OVERRIDE\"]) | $filter"
		passes
		no_match 'written=.*|made'
		matches 'looked=[1-9][0-9]*'
	done
}

@test "CVE-2024-21626: a descriptor that the caller left open is not inherited, be it a directory of the host" {
	exec 17<"$T" 18<"$T/root"
	payload fds
	IN=()
	try oci_open run --bundle "$B" "$C"
	assert_success
	no_match 'fd_[3-9].*|fd_1[0-9].*'
	payload sleep 1000
	status=0
	oci_open create --bundle "$B" "$C" >"$T/console.$C" 2>"$T/err" || status=$?
	assert_success
	exec 17<&- 18<&-
	for fd in /proc/"$(pid_of)"/fd/*; do [ ! -d "$fd" ] || fail "$fd -> $(readlink "$fd")"; done
}

# The maker of a user namespace, by id, has all rights over what is in it; our child is, and has our memory until it executes itself anew.
@test "a root without capabilities reads nothing of ours through the child in a new user namespace" {
	local end=$((SECONDS + HOSTILE_SECONDS)) ran=0
	user_namespace
	args true
	setpriv --bounding-set=-all --inh-caps=-all "$PAYLOAD" guard $((HOSTILE_SECONDS + 2)) >"$T/guard" 3>&- &
	HOLDERS+=($!)
	while racing $end; do
		try env -i OF_OURS=secret "$OCIRUN" --root "$ROOT" run --bundle "$B" "$C"
		assert_success
		ran=$((ran + 1))
	done
	wait "${HOLDERS[-1]}"
	grep -q guarding "$T/guard"
	! grep -a "environ OF_OURS" "$T/guard" || fail "after $ran containers"
}

# The namespace that the mounts of such a container were made in lives on with what a hook has left there, and who can keep it is not only a hook:
# a file of ours in /proc that anybody has open does it, too.
@test "without a mount namespace nothing leads up from the working directory, when the namespace of the mounts lives on" {
	mkdir -p "$T/volume/in" "$B/rootfs/work"
	echo secret >"$T/secret"
	# shellcheck disable=SC2016
	config --arg volume "$T/volume" --arg payload "$PAYLOAD" '
		.linux.namespaces |= map(select(.type | IN("mount", "pid") | not)) | .linux.maskedPaths = [] | .linux.readonlyPaths = []
		| .mounts += [{destination: "/volume", type: "bind", source: $volume, options: ["rw"]}]
		| .hooks.createContainer = [{path: "/bin/sh", args: ["sh", "-c", "\($payload) sleep 100 >/dev/null 2>&1 & echo $! >hook-left
			until [ \"$(cat /proc/$!/comm)\" = payload ]; do :; done"], env: ["PATH=/usr/bin:/bin"]}]'
	for cwd in /work /volume/in; do
		config --arg cwd $cwd '.process.cwd = $cwd'
		shell "pwd; cat ../../../../../../../../../../..$T/secret 2>&1; echo looked; sleep 100"
		running
		until_line looked
		out=$(console)
		line $cwd
		no_line secret
		contains "$out" "No such file"
		# Who is left there sees no more of the host than in a container's own.
		left=$(<"$B/hook-left")
		[ "$(readlink "/proc/$left/ns/mnt")" != "$(readlink "/proc/$(pid_of)/ns/mnt")" ] || fail "no other namespace"
		[ -d "/proc/$left/root/work" ] || fail "no root of the container's"
		absent "/proc/$left/root$T/secret"
		oci delete --force "$C"
		until_true is_gone "$left"
	done
}
