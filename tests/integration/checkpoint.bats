#!/usr/bin/env bats
# shellcheck shell=bats
# checkpoint and restore, by the program criu: $CRIU names one that is not in $PATH.
load helpers

# What needs no criu that works is tested everywhere; all else on hosts that have one.
need_criu() {
	need_root
	[ -z "$CRIU" ] || PATH=$(dirname "$CRIU"):$PATH
	type -P criu >/dev/null || skip "needs criu (CRIU=/path/to/criu)"
	if [ ! -e "$BATS_RUN_TMPDIR/criu" ]; then
		criu check >"$BATS_RUN_TMPDIR/criu.$$" 2>&1 && echo >>"$BATS_RUN_TMPDIR/criu.$$" "Looks good"
		mv "$BATS_RUN_TMPDIR/criu.$$" "$BATS_RUN_TMPDIR/criu"
	fi
	grep -q "Looks good" "$BATS_RUN_TMPDIR/criu" || skip "criu check: $(tail -n 1 "$BATS_RUN_TMPDIR/criu")"
}

# A program that counts, a number a line, until it is told to end with 7.
counter() {
	shell 'trap "exit 7" USR1; i=0; while :; do i=$((i+1)); echo $i; sleep 0.05; done'
}

checkpoint() { try oci checkpoint --image-path "$T/images" --work-path "$T/work" "$@" "$C"; }

# restore [ID [OPTION...]]: its output goes to $T/console.$C, where it was before: criu takes no other file for one.
restore() {
	local id=${1-$C}
	status=0
	oci restore --detach --bundle "$B" --image-path "$T/images" --work-path "$T/work" "${@:2}" "$id" \
		>>"$T/console.$C" 2>"$T/err" || status=$?
	out='' err=$(<"$T/err")
}

saved() {
	checkpoint "$@"
	assert_success
}
restored() {
	restore "$@"
	assert_success
	state_is running "${1-$C}"
}

# There is a number after $1, and each follows the one before.
counts_on() {
	until_true eval '[ "$(wc -l <"$T/console.$C")" -gt '"$(($1 + 2))"' ]' || fail "it does not count: $(console)"
	numbers=$(console) # once: it goes on
	equal "$numbers" "$(seq "$(wc -l <<<"$numbers")")"
}
last() { tail -n 1 "$T/console.$C"; }

# --- what survives ----------------------------------------------------------------------------------------------------------------------------

@test "a program goes on counting where it was" {
	need_criu
	counter
	running
	until_line 5
	saved
	equal "$out$err" ""
	try oci state "$C"
	assert_error "container does not exist"
	equal "$(ls -A "$ROOT")" ""
	until_true no_cgroups
	until_true no_processes
	last=$(last)
	restored
	counts_on "$last"
	oci kill "$C" USR1
	until_state stopped
	try oci delete "$C"
	assert_success
}

@test "restore stays in the foreground, ends with the program's status and leaves nothing" {
	need_criu
	counter
	running
	until_line 3
	saved
	"$OCIRUN" --root "$ROOT" restore --bundle "$B" --image-path "$T/images" "$C" >>"$T/console.$C" 2>"$T/err" 3>&- & restorer=$!
	counts_on "$(last)"
	until_state running
	kill -USR1 $restorer
	status=0
	wait $restorer || status=$?
	assert_exit 7
	equal "$(ls -A "$ROOT")" ""
	until_true no_cgroups
}

@test "--timing has the steps of both, and what criu is waited for" {
	need_criu
	counter
	running
	until_line 3
	try oci --timing "$T/timing" checkpoint --image-path "$T/images" --work-path "$T/work" "$C"
	assert_success
	names() { jq -r '.traceEvents[] | select(.ph == "X") | .name' "$T/timing" | tr '\n' ,; }
	contains "$(names)" "checkpoint $C,open,load,begin,save," "finish,end init,"
	oci --timing "$T/timing" restore --detach --bundle "$B" --image-path "$T/images" --work-path "$T/work" "$C" >>"$T/console.$C"
	contains "$(names)" "restore $C,load,terminal,images,plan," "revive," "setup-namespaces," "post-restore," ",pid file,"
	oci delete --force "$C"
	# What does not get so far.
	try oci --timing "$T/timing" checkpoint --image-path "$T/images" "$C"
	assert_error "container does not exist"
	equal "$(names)" "checkpoint $C,open,"
}

@test "restore hears of a program that ends at once" {
	need_criu
	shell "trap 'exit 7' USR1; while [ ! -e /tmp/go ]; do sleep 0.05; done; exit 3"
	running
	saved
	touch "$B/rootfs/tmp/go"
	status=0
	oci restore --bundle "$B" --image-path "$T/images" "$C" >>"$T/console.$C" || status=$?
	assert_exit 3
}

@test "--leave-running: the container goes on, and can be saved again" {
	need_criu
	counter
	running
	until_line 3
	saved --leave-running
	state_is running
	n=$(console | wc -l)
	until_true eval '[ "$(console | wc -l)" -gt $((n + 3)) ]' || fail "it stopped"
	saved
	last=$(last)
	restored
	counts_on "$last"
}

@test "a checkpoint is restored under another id, twice, each in cgroups of its own" {
	need_criu
	payload sleep 300
	config '.linux.resources.pids.limit = 123'
	running
	saved
	restored "$C-a"
	restored "$C-b"
	for id in "$C-a" "$C-b"; do
		pid=$(pid_of "$id")
		grep -q "/ocirun-$id$" "/proc/$pid/cgroup" || fail "$(cat "/proc/$pid/cgroup")"
		! grep -q "/ocirun-$C$" "/proc/$pid/cgroup" || fail "$(cat "/proc/$pid/cgroup")"
		directory=$(cgroups_of "$id" | while read -r d; do [ -e "$d/pids.max" ] && echo "$d"; done | head -n 1)
		[ -z "$directory" ] || equal "$(cat "$directory/pids.max")" 123
	done
	oci kill "$C-a" KILL
	until_state stopped "$C-a"
	state_is running "$C-b"
}

@test "pipes of the caller are replaced by the new caller's" {
	need_criu
	counter
	create
	oci delete --force "$C"
	(oci create --bundle "$B" "$C" </dev/null 2>&1 && oci start "$C") | cat >"$T/pipe.1" 3>&- &
	until_true grep -qx 3 "$T/pipe.1"
	saved
	jq -e '.[1] | startswith("pipe:[")' "$T/images/descriptors.json" >/dev/null || fail "$(cat "$T/images/descriptors.json")"
	oci restore --detach --bundle "$B" --image-path "$T/images" "$C" </dev/null 2>"$T/err" | cat >"$T/pipe.2" 3>&- &
	until_true eval '[ "$(wc -l <"$T/pipe.2")" -gt 3 ]' || fail "$(cat "$T/err")"
	equal "$(head -n 1 "$T/pipe.2")" $(($(tail -n 1 "$T/pipe.1") + 1))
	state_is running
}

# Everything that the payload can see is as it was. (The numbers of mounts and cgroup paths on a host without cgroup namespace may differ.)
@test "ids, capabilities, limits, mounts, masks, environment and names are as they were" {
	need_criu
	mkdir "$T/volume"
	echo contents >"$T/volume/file"
	echo one >"$T/one"
	ln -s tmp "$B/rootfs/link"
	# Limits of another user's process are CAP_SYS_RESOURCE's to read.
	uid=0
	((16#$(sed -n 's/^CapEff:\t//p' /proc/self/status) >> 24 & 1)) && uid=1000
	config --argjson u $uid --arg v "$T/volume" --arg f "$T/one" '.process.user = {uid: $u, gid: $u, additionalGids: [5, 7]} | .root.readonly = true
		| .linux.sysctl = {"net.ipv4.ip_forward": "1"}
		| .mounts += [{destination: "/home/user", source: $v, options: ["bind", "ro", "nosuid"]},
			{destination: "/etc/one", source: $f, options: ["bind"]}, {destination: "/link/volume", source: $v, options: ["rbind", "rw"]},
			{destination: "/var", type: "tmpfs", source: "tmpfs", options: ["size=1m", "mode=1777"]}]'
	looks=(ids caps rlimits env cwd umask host exe file /home/user/file file /etc/one file /tmp/volume/file file /proc/kcore list /sys/firmware
		list /dev access /proc/sys/kernel/domainname access /home/user/file access / access /tmp/volume file /var/note)
	payload write /var/note kept say ready "${looks[@]}" say before await-signal "${looks[@]}" say after sleep 100
	running
	until_line before
	saved
	restored
	oci kill "$C" USR1
	until_line after
	console | sed '1,/^ready$/d; /^before$/,$d' | sort >"$T/before"
	console | sed '1,/^before$/d; /^after$/,$d' | grep -v '^ready\|^signal=' | sort >"$T/after"
	diff "$T/before" "$T/after" >"$T/diff" || fail "$(cat "$T/diff")"
}

@test "the flags of mounts and the layout of the mount tree are as they were" {
	need_criu
	mkdir "$T/volume"
	config --arg v "$T/volume" '.root.readonly = true | .mounts += [{destination: "/var", source: $v, options: ["bind", "ro", "nosuid", "nodev", "noexec"]}]'
	payload sleep 100
	running
	seen() { sed 's/^[0-9]* [0-9]* [0-9:]* //; s/ shared:[0-9]*//; s/ master:[0-9]*//' "/proc/$(pid_of)/mountinfo" | cut -d' ' -f2-4,6 | sort; }
	seen >"$T/before"
	saved
	restored
	seen >"$T/after"
	diff "$T/before" "$T/after" >"$T/diff" || fail "$(cat "$T/diff")"
}

@test "several processes, and files that are open" {
	need_criu
	shell 'echo first >/tmp/log; exec 5>>/tmp/log; (while :; do sleep 0.05; done) & (trap "echo child >&5; exit" USR2; while :; do sleep 0.05; done) &
		child=$!; trap "kill -USR2 $child; wait $child; echo parent >&5; cat /tmp/log" USR1; echo ready; while :; do sleep 0.05; done'
	running
	until_line ready
	saved
	restored
	oci kill "$C" USR1
	until_line parent
	equal "$(console)" $'ready\nfirst\nchild\nparent'
}

@test "a container with a user namespace" {
	need_criu
	user_namespace
	payload ids ns say ready await-signal ids ns say after sleep 100
	running
	until_line ready
	chmod 666 "$T/console.$C" "$T/err" # its root opens it again
	saved
	restored
	oci kill "$C" USR1
	until_line after
	console | sed '/^ready$/,$d' | grep -v '=.*:\[\|^timens' >"$T/before"
	console | sed '1,/^ready$/d' | grep -v '=.*:\[\|^timens\|^signal=\|^ready\|^after$' >"$T/after"
	diff "$T/before" "$T/after" >"$T/diff" || fail "$(cat "$T/diff")"
	until_true test -r /proc/"$(pid_of)"/uid_map
	matches_map() { grep -qE '^ +0 +100000 +65536$' "/proc/$(pid_of)/uid_map"; }
	matches_map || fail "$(cat "/proc/$(pid_of)/uid_map")"
}

@test "a seccomp filter is there again" {
	need_criu
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["getppid"], action: "SCMP_ACT_ERRNO", errnoRet: 99}]}'
	payload say ready await-signal syscall getppid say after sleep 100
	running
	until_line ready
	saved
	restored
	oci kill "$C" USR1
	until_line after
	out=$(console)
	contains "$out" EADDRNOTAVAIL
}

@test "the loopback interface is up again" {
	need_criu
	payload net say ready await-signal net say after sleep 100
	running
	until_line ready
	saved
	restored
	oci kill "$C" USR1
	until_line after
	equal "$(console | grep -c '^net=lo up$')" 2
}

@test "a network namespace by path is joined again, another one if config.json says so" {
	need_criu
	unshare -n sleep 300 3>&- & one=$!
	unshare -n sleep 300 3>&- & two=$!
	HOLDERS+=($one $two)
	until_true eval '[ "$(readlink /proc/$two/ns/net)" != "$(readlink /proc/self/ns/net)" ]'
	config --arg p "/proc/$one/ns/net" '(.linux.namespaces[] | select(.type == "network")).path = $p'
	counter
	running
	until_line 3
	saved
	config --arg p "/proc/$two/ns/net" '(.linux.namespaces[] | select(.type == "network")).path = $p'
	restored
	equal "$(readlink "/proc/$(pid_of)/ns/net")" "$(readlink /proc/$two/ns/net)"
}

@test "ipc and uts namespaces by path are joined again" {
	need_criu
	unshare -i -u sleep 300 3>&- & one=$!
	HOLDERS+=($one)
	until_true eval '[ "$(readlink /proc/$one/ns/uts)" != "$(readlink /proc/self/ns/uts)" ]'
	config --arg p "/proc/$one/ns/" 'del(.hostname) | (.linux.namespaces[] | select(.type == "ipc" or .type == "uts")) |= (.path = $p + .type)'
	counter
	running
	until_line 3
	saved
	restored
	for type in ipc uts; do equal "$(readlink "/proc/$(pid_of)/ns/$type")" "$(readlink /proc/$one/ns/$type)"; done
}

@test "a terminal comes back through the console socket" {
	need_criu
	config '.process.terminal = true'
	shell 'echo ready; while read x; do echo "got $x"; done'
	try "$PYTHON" "$here/terminal.py" --socket "$T/console.sock" "run='$OCIRUN' --root '$ROOT' start '$C'" expect=ready \
		"run='$OCIRUN' --root '$ROOT' checkpoint --image-path '$T/images' '$C'" -- "$OCIRUN" --root "$ROOT" create --bundle "$B" --console-socket "$T/console.sock" "$C"
	[ -e "$T/images/descriptors.json" ] || fail "no checkpoint"
	rm -f "$T/console.sock"
	try "$PYTHON" "$here/terminal.py" --socket "$T/console.sock" 'send=hello\n' 'expect=got hello' -- \
		"$OCIRUN" --root "$ROOT" restore --detach --bundle "$B" --image-path "$T/images" --console-socket "$T/console.sock" "$C"
	assert_success
	line @exit=0
}

@test "restore with a terminal and --detach needs a console socket" {
	config '.process.terminal = true'
	restore
	assert_error "cannot allocate tty if "
}

@test "a paused container is saved, and restored running" {
	need_criu
	counter
	running
	until_line 3
	freezer=$(cgroups_of "$C" | while read -r d; do for f in freezer.state cgroup.freeze; do [ -e "$d/$f" ] && echo "$d/$f"; done; done | grep -v unified | head -n 1)
	[ -n "$freezer" ] || skip "no freezer"
	case $freezer in *state) echo FROZEN >"$freezer" ;; *) echo 1 >"$freezer" ;; esac
	until_state paused
	last=$(last)
	saved
	restored
	counts_on "$last"
}

@test "memory is saved in steps: --pre-dump and --parent-path" {
	need_criu
	criu check --feature mem_dirty_track >/dev/null 2>&1 || skip "this kernel does not track pages (CONFIG_MEM_SOFT_DIRTY)"
	counter
	running
	until_line 3
	try oci checkpoint --pre-dump --image-path "$T/pre1" "$C"
	assert_success
	try oci checkpoint --pre-dump --image-path "$T/pre2" --parent-path ../pre1 "$C"
	assert_success
	state_is running
	saved --parent-path ../pre2
	equal "$(readlink "$T/images/parent")" ../pre2
	last=$(last)
	restored
	counts_on "$last"
}

@test "a kernel that does not track pages is an error of --pre-dump" {
	need_criu
	criu check --feature mem_dirty_track >/dev/null 2>&1 && skip "this one does"
	payload sleep 100
	running
	checkpoint --pre-dump
	assert_error --pre-dump CONFIG_MEM_SOFT_DIRTY
	state_is running
}

# --- hooks, files, state ---------------------------------------------------------------------------------------------------------------------

hook() { # KIND COMMAND
	config --arg kind "$1" --arg command "$2" '.hooks[$kind] += [{path: "/bin/sh", args: ["sh", "-c", $command], env: ["PATH=/usr/sbin:/usr/bin:/bin"]}]'
}

@test "poststop hooks run at checkpoint; prestart, createRuntime and poststart hooks at restore" {
	need_criu
	counter
	for kind in prestart createRuntime createContainer startContainer poststart poststop; do
		hook $kind "jq -r '\"$kind \\(.status) \\(.id)\"' >>$T/hooks"
	done
	config 'del(.hooks.createContainer, .hooks.startContainer)'
	running
	until_line 3
	: >"$T/hooks"
	saved
	equal "$(cat "$T/hooks")" "poststop stopped $C"
	: >"$T/hooks"
	restored
	equal "$(cat "$T/hooks")" "prestart creating $C"$'\n'"createRuntime creating $C"$'\n'"poststart running $C"
}

@test "a hook that fails leaves nothing of a restore" {
	need_criu
	payload sleep 300
	running
	saved --leave-running
	oci delete --force "$C"
	for kind in prestart createRuntime poststart; do
		config 'del(.hooks)'
		hook $kind 'echo no luck; exit 5'
		restore
		assert_error "hooks.$kind[0]" "no luck"
		equal "$(ls -A "$ROOT")" ""
		until_true no_cgroups
		until_true no_processes || fail "left: $(processes_left)"
	done
}

@test "hooks of a restore find the container's namespaces, before anything runs in them" {
	need_criu
	counter
	running
	until_line 3
	saved
	hook createRuntime "pid=\$(jq .pid); nsenter -t \$pid -n cat /proc/net/dev >$T/net; sleep 0.2; wc -c <$T/console.$C >$T/said"
	said=$(wc -c <"$T/console.$C")
	restored
	grep -q lo: "$T/net"
	equal "$(wc -l <"$T/net")" 3
	equal "$(cat "$T/said")" "$said"
}

@test "restore that is killed leaves nothing that delete --force does not clean" {
	need_criu
	counter
	running
	until_line 3
	saved --leave-running
	oci delete --force "$C"
	hook createRuntime "touch $T/in-hook; exec sleep 300"
	"$OCIRUN" --root "$ROOT" restore --bundle "$B" --image-path "$T/images" "$C" >>"$T/console.$C" 2>&1 3>&- & restorer=$!
	until_true test -e "$T/in-hook" || fail "$(console)"
	state_is creating
	kill -KILL $restorer
	wait $restorer || true
	try oci delete --force "$C"
	assert_success
	equal "$(ls -A "$ROOT")" ""
	until_true no_cgroups
	until_true no_processes || fail "left: $(processes_left)"
	# And at moments that nobody chose.
	for ms in 15 30 45 60 90 120 180; do
		config 'del(.hooks)'
		"$OCIRUN" --root "$ROOT" restore --bundle "$B" --image-path "$T/images" "$C" >>"$T/console.$C" 2>&1 3>&- & restorer=$!
		sleep "0.$(printf %03d $ms)"
		kill -KILL $restorer 2>/dev/null || true
		wait $restorer || true
		try oci delete --force "$C"
		assert_success
		equal "$(ls -A "$ROOT")" ""
		until_true no_cgroups || fail "after $ms ms: $(cgroups_of "$C")"
		until_true no_processes || fail "after $ms ms: $(processes_left)"
	done
}

@test "delete --force reaches a restore that hangs" {
	need_criu
	counter
	running
	saved
	hook createRuntime "touch $T/in-hook; exec sleep 300"
	"$OCIRUN" --root "$ROOT" restore --bundle "$B" --image-path "$T/images" "$C" >>"$T/console.$C" 2>&1 3>&- & restorer=$!
	until_true test -e "$T/in-hook" || fail "$(console)"
	try oci delete --force "$C"
	assert_success
	wait $restorer && fail "restore succeeded"
	until_true no_processes || fail "left: $(processes_left)"
}

@test "restore writes the pid file, and keeps state, annotations and config.json" {
	need_criu
	counter
	config '.annotations = {"org.example.key": "value"}'
	running
	saved
	restored "$C" --pid-file "$T/pid"
	equal "$(cat "$T/pid")" "$(pid_of)"
	equal "$(stat -c %s "$T/pid")" "$(pid_of | tr -d '\n' | wc -c)"
	equal "$(oci state "$C" | jq -r '.annotations["org.example.key"]')" value
	cmp "$ROOT/$C/config.json" "$B/config.json"
	saved --leave-running
}

@test "a container with a NOTIFY_SOCKET of its own" {
	need_criu
	counter
	NOTIFY_SOCKET=$T/nobody.sock create
	assert_success
	start
	grep -q ' /run/notify ' "/proc/$(pid_of)/mountinfo" || fail "no socket"
	until_line 3
	saved
	last=$(last)
	restored
	counts_on "$last"
	grep -q ' /run/notify ' "/proc/$(pid_of)/mountinfo" || fail "no socket"
}

@test "a rootfs that lacks the places of mounts gets them" {
	need_criu
	mkdir "$T/volume"
	config --arg v "$T/volume" '.mounts += [{destination: "/new/place", source: $v, options: ["bind"]}]'
	counter
	running
	until_line 3
	saved
	rmdir "$B/rootfs/new/place" "$B/rootfs/new"
	restored
	[ -d "$B/rootfs/new/place" ]
}

@test "nothing of criu's mounts is seen on the host" {
	need_criu
	counter
	running
	saved
	cut -d' ' -f5 /proc/self/mountinfo | sort >"$T/before"
	hook createRuntime "cut -d' ' -f5 /proc/self/mountinfo | sort >$T/meanwhile"
	restored
	cut -d' ' -f5 /proc/self/mountinfo | sort >"$T/after"
	cmp "$T/before" "$T/meanwhile"
	cmp "$T/before" "$T/after"
}

@test "on pure cgroup v2 too" {
	need_criu
	pure_v2
	counter
	running
	until_line 3
	saved
	last=$(last)
	restored
	counts_on "$last"
	grep -q "^0::.*/ocirun-$C$" "/proc/$(pid_of)/cgroup" || fail "$(cat "/proc/$(pid_of)/cgroup")"
}

@test "with limits, a cgroup of its own path, and with none at all" {
	need_criu
	config --arg path "/$C-own/one" '.linux.cgroupsPath = $path | .linux.resources.pids.limit = 77'
	counter
	running
	until_line 3
	saved
	last=$(last)
	restored
	counts_on "$last"
	grep -q "/$C-own/one$" "/proc/$(pid_of)/cgroup" || fail "$(cat "/proc/$(pid_of)/cgroup")"
	oci delete --force "$C"
	config 'del(.linux.cgroupsPath, .linux.resources)'
	try oci --cgroup-manager disabled run --detach --bundle "$B" "$C" >"$T/console.$C" 2>&1
	assert_success
	rm -r "$T/images"
	saved
}

@test "in a scope of systemd, with its limits" {
	need_criu
	[ -d /run/systemd/system ] || skip "this host has no systemd"
	config --arg path "system.slice:ocirun:$C" '.linux.cgroupsPath = $path | .linux.resources.pids.limit = 77'
	counter
	oci --systemd-cgroup create --bundle "$B" "$C" >"$T/console.$C"
	oci start "$C"
	until_line 3
	saved
	last=$(last)
	oci --systemd-cgroup restore --detach --bundle "$B" --image-path "$T/images" "$C" >>"$T/console.$C"
	counts_on "$last"
	grep -q "/ocirun-$C.scope" "/proc/$(pid_of)/cgroup" || fail "$(cat "/proc/$(pid_of)/cgroup")"
}

@test "without a cgroup namespace" {
	need_criu
	config '.linux.namespaces |= map(select(.type != "cgroup"))'
	counter
	running
	until_line 3
	saved
	restored "$C-other"
	grep -q "/ocirun-$C-other$" "/proc/$(pid_of "$C-other")/cgroup" || fail "$(cat "/proc/$(pid_of "$C-other")/cgroup")"
}

# --- what criu is asked ----------------------------------------------------------------------------------------------------------------------

asked() { out=$(<"$T/asked"); }

@test "criu is asked for what the options say, and for nothing else" {
	need_root
	payload sleep 100
	running
	fake_criu
	saved --leave-running
	asked
	line type=1
	for field in 4 5 7 8 11 14 15 16 18 46 48 52; do no_match "$field=.*"; done
	for row in 2="$(pid_of)" 3=1 10=dump.log 12=1 34=3 38=1073741824 50=1 64=1 "13=$B/rootfs"; do line "$row"; done
	while read -r option row; do
		# shellcheck disable=SC2086
		saved --leave-running $option
		asked
		line "$row"
	done <<-'ROWS'
		--ext-unix-sk 4=1
		--tcp-established 5=1
		--shell-job 7=1
		--file-locks 8=1
		--auto-dedup 16=1
		--link-remap 18=1
		--tcp-skip-in-flight 46=1
		--lazy-pages 48=1
		--tcp-close 52=1
		--manage-cgroups-mode=soft 34=3
		--manage-cgroups-mode=full 34=4
		--manage-cgroups-mode=strict 34=5
		--manage-cgroups-mode=ignore 34=0
		--network-lock=iptables 64=1
		--network-lock=nftables 64=2
		--network-lock=skip 64=3
		--page-server=192.0.2.1:27 11=0a093139322e302e322e31101b
		--empty-ns=network 38=1073741824
		-leave-running 3=1
	ROWS
	mkdir "$T/before"
	saved --pre-dump --parent-path ../before
	asked
	for row in type=4 14=../before 15=1; do line "$row"; done
	no_match '3=.*'
	state_is running
}

@test "criu is told of mounts from outside, masked files, and files of the host" {
	need_root
	mkdir "$T/volume"
	ln -s tmp "$B/rootfs/link"
	config --arg v "$T/volume" '.mounts += [{destination: "//home/./user/", source: $v, options: ["bind"]}, {destination: "/link/volume", source: $v, options: ["rbind"]}]'
	payload sleep 100
	running
	fake_criu
	saved --leave-running
	asked
	line '37=mnt[/home/user]:/home/user'
	line '37=mnt[/tmp/volume]:/link/volume'
	[ ! -e /proc/timer_list ] || line '37=mnt[/proc/timer_list]:/dev/null'
	no_match '37=mnt\[/sys/firmware\].*'
	matches '37=file\[[0-9a-f]+:[0-9a-f]+\]'
	for fd in 0 1 2; do line "37=$(jq -r ".[$fd]" "$T/images/descriptors.json")"; done
	matches "44=.*/ocirun-$C"
}

@test "the file of more options: ocirun's, runc's, the annotation's, none" {
	need_root
	payload sleep 100
	for annotation in '"/some/file"' '""' null; do
		config --argjson a "$annotation" 'del(.annotations) | if $a == null then . else .annotations = {"org.criu.config": $a} end'
		PATH=${PATH#"$T/fake:"}
		running
		fake_criu
		saved
		asked
		case $annotation in
		null) matches '51=/etc/criu/(ocirun|runc).conf' ;;
		'""') no_match '51=.*' ;;
		*) line 51=/some/file ;;
		esac
	done
}

@test "a container is deleted only when criu says that it is saved" {
	need_root
	payload sleep 100
	running
	fake_criu
	saved
	try oci state "$C"
	assert_error "container does not exist"
	equal "$(ls -A "$ROOT")" ""
}

# --- what is an error ------------------------------------------------------------------------------------------------------------------------

@test "checkpoint of a container that does not exist, is created or has stopped" {
	checkpoint
	assert_error "container does not exist"
	payload sleep 100
	create
	assert_success
	checkpoint
	assert_error "cannot checkpoint a container that is created"
	oci kill "$C" KILL
	until_state stopped
	checkpoint
	assert_error "cannot checkpoint a container that is stopped"
	absent "$T/images"
}

@test "restore under an id that is taken" {
	need_criu
	counter
	running
	saved --leave-running
	restore
	assert_error "container with given ID already exists"
	state_is running
}

@test "a missing criu is an error that says what to install" {
	mkdir "$T/path"
	ln -s "$(type -P timeout)" "$T/path/timeout"
	payload sleep 100
	running
	PATH=$T/path checkpoint
	assert_error "criu" 'not in $PATH' "install the package criu"
	state_is running
	mkdir "$T/images"
	echo '[]' >"$T/images/descriptors.json"
	PATH=$T/path restore "$C-b"
	assert_error "criu" 'not in $PATH' "install the package criu"
	equal "$(ls -A "$ROOT")" "$C"
}

# A criu that answers every request with these bytes.
bad_criu() {
	mkdir -p "$T/fake"
	cat >"$T/fake/criu" <<-EOF
		#!$PYTHON
		import socket, sys
		s = socket.socket(fileno=int(sys.argv[2]))
		while s.recv(300000):
		    s.send(bytes.fromhex("$1"))
	EOF
	chmod +x "$T/fake/criu"
	PATH=$T/fake:$PATH
}

# One that says that all has been done, and writes what it was asked to $T/asked.
fake_criu() {
	mkdir -p "$T/fake"
	printf '#!/bin/sh\nCRIU_ASKED=%s exec %s %s/criu.py "$@"\n' "$T/asked" "$PYTHON" "$here" >"$T/fake/criu"
	chmod +x "$T/fake/criu"
	PATH=$T/fake:$PATH
}

@test "a criu that is too old, or answers nonsense" {
	payload sleep 100
	running
	bad_criu 080a1001520408031010
	checkpoint
	assert_error "$T/fake/criu is version 3.16" "install criu 3.17"
	for nonsense in ff 0a 080a100152ff 12ffffffffffffffffff01; do
		bad_criu $nonsense
		checkpoint
		assert_error "understand criu"
	done
	printf '#!/bin/sh\nexit 3\n' >"$T/fake/criu"
	checkpoint
	assert_error "criu ended without an answer"
	printf '#!/no/such/interpreter\n' >"$T/fake/criu"
	checkpoint
	assert_error "run $T/fake/criu"
	state_is running
}

@test "a criu that dies halfway leaves the container as it was" {
	need_root
	payload sleep 100
	running
	fake_criu
	export CRIU_DIES=1
	checkpoint
	assert_error "criu ended without an answer"
	state_is running
	# What somebody else has paused stays so.
	oci pause "$C"
	checkpoint
	assert_error "criu ended without an answer"
	state_is paused
	oci resume "$C"
}

@test "a criu that dies is heard, though something of it lives on" {
	need_root
	payload sleep 100
	running
	fake_criu
	export CRIU_DIES=1 CRIU_LEAVES=1
	checkpoint
	kill "$(cat "$T/asked.child")" || fail "it was waited for"
	assert_error "criu ended without an answer"
	state_is running
}

@test "a criu that says nothing any more is ended, and leaves the container as it was" {
	need_root
	payload sleep 100
	running
	fake_criu
	export CRIU_HANGS=work
	checkpoint --timeout 1
	assert_error "criu has said nothing for 1 s, and was ended" "--timeout allows it more"
	state_is running
	mkdir -p "$T/images"
	try oci restore --bundle "$B" --image-path "$T/images" --timeout 1 "$C-2"
	assert_error "criu has said nothing for 1 s, and was ended"
	oci delete --force "$C"
	until_true no_processes || fail "left: $(processes_left)"
}

@test "SIGTERM ends a checkpoint, and leaves the container as it was" {
	need_root
	payload sleep 100
	running
	fake_criu
	export CRIU_HANGS=work
	for signal in TERM INT; do
		rm -f "$T/asked.hangs"
		setsid "$OCIRUN" --root "$ROOT" checkpoint --image-path "$T/images-$signal" "$C" >"$T/said" 2>&1 3>&- & saver=$!
		until_true test -e "$T/asked.hangs" || fail "$(cat "$T/said")"
		kill -$signal $saver
		status=0
		wait $saver || status=$?
		equal "$status" 1
		contains "$(cat "$T/said")" "criu was ended, because ocirun got SIG$signal"
		state_is running
	done
}

@test "nobody reads --status-fd any more" {
	need_root
	payload sleep 100
	running
	fake_criu
	mkfifo "$T/pipe"
	exec 6<>"$T/pipe" 7>"$T/pipe" 6>&-
	CRIU_SAYS=status-ready checkpoint --status-fd 7
	exec 7>&-
	assert_error "--status-fd: write to descriptor 7" EPIPE
	state_is running
}

@test "an error of criu is told in its words, with the path of its log" {
	need_criu
	counter
	running
	saved
	rm "$T/images"/core-1.img
	restore
	assert_error "criu: " "the log is $T/work/restore.log"
	equal "$(ls -A "$ROOT")" ""
	until_true no_cgroups
	until_true no_processes
	[ -s "$T/work/restore.log" ]
}

@test "folders that can't be had" {
	payload sleep 100
	running
	: >"$T/file"
	fake_criu
	try oci checkpoint --image-path "$T/file" "$C"
	assert_error --image-path "$T/file" ENOTDIR
	try oci checkpoint --image-path "$T/images" --work-path "$T/file/x" "$C"
	assert_error --work-path ENOTDIR
	try oci checkpoint --image-path "$T/images" --parent-path /etc "$C"
	assert_error --parent-path "/etc"
	try oci checkpoint --image-path "$T/images" --parent-path ../../etc "$C"
	assert_error --parent-path "../../etc"
	try oci checkpoint --image-path "$T/images" --parent-path ../none "$C"
	assert_error --parent-path ENOENT
	try oci restore --detach --bundle "$B" --image-path "$T/none" "$C-b"
	assert_error --image-path "$T/none" ENOENT
	mkdir "$T/empty"
	try oci restore --detach --bundle "$B" --image-path "$T/empty" "$C-b"
	assert_error --image-path descriptors.json ENOENT
	equal "$(ls -A "$ROOT")" "$C"
}

@test "values of options that are none" {
	while IFS='|' read -r option text; do
		# shellcheck disable=SC2086
		try oci checkpoint $option "$C"
		assert_error "$text"
	done <<-'ROWS'
		--page-server nowhere|--page-server: "nowhere" is no ADDRESS:PORT
		--page-server :27|--page-server
		--page-server host:|--page-server
		--page-server host:70000|--page-server
		--page-server host:1x|--page-server
		--manage-cgroups-mode hard|--manage-cgroups-mode: "hard" is none of soft|full|strict|ignore
		--network-lock none|--network-lock
		--empty-ns mount|--empty-ns
		--status-fd 77|--status-fd 77: Bad file descriptor
		--status-fd x|--status-fd
	ROWS
	try oci checkpoint --status-fd 3 "$C" 3</dev/null
	assert_error "--status-fd 3"
}

@test "what criu could not restore is refused before it is saved" {
	need_root
	fake_criu
	mkdir "$T/images"
	echo '[]' >"$T/images/descriptors.json"
	config --arg v "$T" '.mounts += [{destination: "/v", source: $v, options: ["bind", "idmap"],
		uidMappings: [{containerID: 0, hostID: 0, size: 1}], gidMappings: [{containerID: 0, hostID: 0, size: 1}]}]'
	restore
	assert_error "mounts[7]" "ids are mapped"
	unshare -m sleep 300 3>&- & other=$!
	HOLDERS+=($other)
	until_true eval '[ "$(readlink /proc/$other/ns/mnt)" != "$(readlink /proc/self/ns/mnt)" ]'
	config --arg p "/proc/$other/ns/mnt" 'del(.mounts[7]) | (.linux.namespaces[] | select(.type == "mount")).path = $p'
	restore
	assert_error "linux.namespaces[4].path" "criu can't restore"
	config '.linux.namespaces |= map(select(.type != "mount")) | del(.linux.maskedPaths, .linux.readonlyPaths) | .mounts = []'
	restore
	assert_error "linux.namespaces" "mount"
	equal "$(ls -A "$ROOT")" ""
}

@test "a plain user can't" {
	chmod 755 "$T" "$B"
	mkdir -p "$T/images" "$T/xdg"
	echo '[]' >"$T/images/descriptors.json"
	chown 1000:1000 "$T/xdg" "$T/images"
	try "${IN[@]}" setpriv --reuid 1000 --regid 1000 --clear-groups "$OCIRUN" --root "$T/xdg" restore --bundle "$B" --image-path "$T/images" "$C"
	assert_error "root"
	equal "$(ls -A "$T/xdg")" ""
}

# --- folders that somebody else has filled ---------------------------------------------------------------------------------------------------

# hostile NAME: restore from a folder in which it is refuses to do anything.
refused_for() {
	restore
	assert_error --image-path "$1" "${@:2}"
	equal "$(ls -A "$ROOT")" ""
	equal "$(cat "$T/secret")" secret
}

@test "CVE-2026-53492: a checkpoint with links, devices or FIFOs is refused, and nothing is followed" {
	need_root
	echo secret >"$T/secret"
	mkdir "$T/images"
	ln -s "$T/secret" "$T/images/descriptors.json"
	refused_for descriptors.json "a symbolic link"
	rm "$T/images/descriptors.json"
	echo '[]' >"$T/images/descriptors.json"
	for name in pages-1.img restore.log stats-restore dump.log inventory.img; do
		ln -s "$T/secret" "$T/images/$name"
		refused_for $name "a symbolic link"
		rm "$T/images/$name"
	done
	mkfifo "$T/images/inventory.img"
	refused_for inventory.img "no plain file"
	rm "$T/images/inventory.img"
	mknod "$T/images/pages-1.img" c 1 5
	refused_for pages-1.img "no plain file"
	rm "$T/images/pages-1.img"
	for to in / /etc ../.. ../../etc ../root/../../etc; do
		ln -sfn "$to" "$T/images/parent"
		refused_for parent "$to"
	done
	mkdir "$T/before"
	ln -s "$T/secret" "$T/before/pages-1.img"
	ln -sfn ../before "$T/images/parent"
	refused_for pages-1.img ../before
	rm "$T/before/pages-1.img"
	ln -s ../images "$T/before/parent"
	refused_for parent ELOOP
	rm "$T/images/parent"
	mkdir "$T/images/parent"
	ln -s "$T/secret" "$T/images/parent/pages-1.img"
	refused_for pages-1.img "a symbolic link"
}

@test "the logs in a work path that somebody else has filled are replaced, not followed" {
	need_criu
	echo secret >"$T/secret"
	mkdir "$T/work"
	ln -s "$T/secret" "$T/work/dump.log"
	ln -s "$T/secret" "$T/work/stats-dump"
	ln -s "$T/secret" "$T/work/restore.log"
	ln -s "$T/secret" "$T/work/stats-restore"
	counter
	running
	saved
	restored
	equal "$(cat "$T/secret")" secret
}

@test "a work path behind an absolute link, as containerd has it" {
	need_criu
	mkdir "$T/elsewhere"
	ln -s "$T/elsewhere" "$T/work"
	counter
	running
	saved
	restored
	[ -s "$T/elsewhere/restore.log" ]
}

@test "a descriptors.json that is none" {
	need_root
	mkdir "$T/images"
	for text in '' '{}' '[1]' '["a"' 'null' '[]}' '[]]'; do
		echo "$text" >"$T/images/descriptors.json"
		restore
		assert_error --image-path descriptors.json
	done
	head -c 100000 /dev/zero >"$T/images/descriptors.json"
	restore
	assert_error --image-path descriptors.json
	equal "$(ls -A "$ROOT")" ""
}

@test "what descriptors.json says is taken for pipes and files only" {
	need_criu
	counter
	running
	saved
	echo '["extRootNetNS", "pipe:[1]extRootNetNS", "file[0:0]:x", "pipe:[4]", "pipe:[5]"]' >"$T/images/descriptors.json"
	restore
	# The images know other names; ours lead nowhere.
	[ "$status" -eq 1 ] || state_is running
	! grep -q extRootNetNS "$T/work/restore.log" || fail "$(grep extRootNetNS "$T/work/restore.log")"
}
