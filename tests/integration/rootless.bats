#!/usr/bin/env bats
# shellcheck shell=bats
# As a plain user, without any privilege: with one id mapped, or with subordinate ids; and inside user namespaces of others' making.
load helpers

# As user 54321: the program, and what the test then finds.
USER_ID=54321
GROUPS_ARE=--clear-groups
as_user() { "${IN[@]}" setpriv --reuid $USER_ID --regid $USER_ID $GROUPS_ARE --inh-caps=-all env -i PATH="$PATH" XDG_RUNTIME_DIR="$T/xdg" "$@"; }
oci_user() { as_user timeout --foreground -k 1 30 "$OCIRUN" "$@" 3>&-; }

# user_config FILTER: edit config.json; it stays the user's.
user_config() {
	config "$@"
	chown $USER_ID "$B/config.json"
}

rootless() {
	need_root
	[ -x "$OCIRUN" ] && as_user test -x "$OCIRUN" || skip "another user can't reach $OCIRUN"
	as_user unshare -U true 2>/dev/null || skip "plain users may not make user namespaces here"
	mkdir -m 700 "$T/xdg"
	rm "$B/config.json"
	chown -R $USER_ID:$USER_ID "$T"
	chown -h root:root "$B/rootfs/bin/payload" "$B/rootfs/bin/busybox"
	as_user "$OCIRUN" spec --rootless --bundle "$B"
	cp "$B/config.json" "$T/as-is.json"
	user_config '.process.terminal = false | .root.readonly = false'
}

# The same with subordinate ids: uids 200000..265535 and gids 300000..365535. The host's files stay as they are.
subordinate() {
	command -v newuidmap >/dev/null && command -v newgidmap >/dev/null || skip "needs newuidmap and newgidmap"
	[ -e /etc/subuid ] && [ -e /etc/subgid ] || skip "needs /etc/subuid and /etc/subgid"
	mkdir "$T/etc"
	{ cat /etc/passwd; echo "tester:x:$USER_ID:$USER_ID::/:/bin/false"; } >"$T/etc/passwd"
	echo "tester:200000:65536" >"$T/etc/subuid"
	echo "tester:300000:65536" >"$T/etc/subgid"
	hold "for f in passwd subuid subgid; do mount --bind $T/etc/\$f /etc/\$f; done; ${1-}"
	rootless
	user_config --argjson id $USER_ID '
		.linux.uidMappings = [{containerID: 0, hostID: $id, size: 1}, {containerID: 1, hostID: 200000, size: 1000}, {containerID: 5000, hostID: 201000, size: 9}]
		| .linux.gidMappings = [{containerID: 0, hostID: $id, size: 1}, {containerID: 1, hostID: 300000, size: 2000}]'
}

@test "spec --rootless maps the caller's own id" {
	rootless
	equal "$(jq -c '.linux.uidMappings, .linux.gidMappings' "$B/config.json" | tr '\n' ' ')" \
		"[{\"containerID\":0,\"hostID\":$USER_ID,\"size\":1}] [{\"containerID\":0,\"hostID\":$USER_ID,\"size\":1}] "
	jq -e '[.linux.namespaces[].type] | index("user")' "$B/config.json" >/dev/null
}

# Whom exec sends into a container can't be looked into by a plain user, who would have to fetch the listener.
@test "an agent answers for a plain user's container, and exec says why it has none" {
	rootless
	[ "$(uname -m)" = x86_64 ] || skip "numbers of x86_64"
	as_user "$PYTHON" "$here/agent.py" "$T/agent" "$T/state" 258=42 3>&- &
	HOLDERS+=($!)
	until_true [ -S "$T/agent" ] || fail "the agent does not listen"
	user_config --arg path "$T/agent" '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", listenerPath: $path,
		syscalls: [{names: ["mkdirat"], action: "SCMP_ACT_NOTIFY"}]}'
	payload syscall mkdirat sleep 100
	chown $USER_ID "$B/config.json"
	oci_user --cgroup-manager disabled create --bundle "$B" "$C" </dev/null >"$T/console.$C" 2>"$T/err" || fail "$(<"$T/err")"
	oci_user start "$C"
	until_line 'syscall mkdirat=\(ENOMSG\)'
	try oci_user exec "$C" /bin/payload true
	assert_exit 255
	contains "$err" "linux.seccomp: get the filter's listener from the program's process" "for exec that takes CAP_SYS_PTRACE"
	oci_user delete --force "$C"
}

# The host's own, which come with /sys, are as writable as the user is allowed (CVE-2023-25809).
@test "no cgroup can be written in the container that spec --rootless describes" {
	rootless
	shell 'for d in /sys/fs/cgroup /sys/fs/cgroup/*/; do mkdir "$d/new" 2>&1; done'
	try oci_user --cgroup-manager disabled run --bundle "$B" "$C"
	contains "$out" "Read-only file system"
	! grep -v "Read-only file system" <<<"$out" || fail "not read-only"
}

@test "a plain user runs the container that spec --rootless describes" {
	rootless
	payload ids ns host
	try oci_user --cgroup-manager disabled run --bundle "$B" "$C"
	assert_success
	line uid=0
	line gid=0
	line pid=1
	equal "$(value uid_map | tr -s ' ')" " 0 $USER_ID 1"
	equal "$(value setgroups)" deny
}

# A cgroup that is the user's, with a process of the user in it: what a login session is given.
delegated() {
	D=$1/$C-delegated
	mkdir -p "$D/session"
	chown $USER_ID "$D" "$D/session" "$D/cgroup.procs" "$D/session/cgroup.procs"
}
in_session() { (
	echo $BASHPID >"$D/session/cgroup.procs"
	oci_user "$@"
); }
undelegate() {
	until_true rmdir "$D/session"
	rmdir "$D"
}

@test "where a plain user may make no cgroup there is none, and a note in the log at level debug" {
	rootless
	payload say hello
	try oci_user run --bundle "$B" "$C"
	assert_success
	equal "$err" ""
	try oci_user --log "$T/log" --log-level warning run --bundle "$B" "$C"
	equal "$(cat "$T/log")" ""
	user_config '.linux.resources.devices = [{allow: false, access: "rwm"}]'
	try oci_user --log "$T/log" --log-format json --debug run --bundle "$B" "$C"
	assert_success
	contains "$(jq -r 'select(.level == "debug").msg' "$T/log")" "without a cgroup of its own: make /sys/fs/cgroup" \
		"linux.resources.devices: without privilege the rules have no effect"
}

@test "with neither cgroup nor pid namespace there is a warning: nobody finds all processes" {
	rootless
	user_config '.linux.namespaces |= map(select(.type != "pid")) | .mounts |= map(if .type == "proc" then .type = "bind" | .source = "/proc" | .options = ["rbind"] else . end)'
	payload true
	try oci_user run --bundle "$B" "$C"
	assert_success
	contains "$err" "warning: linux.namespaces: with neither a pid namespace nor a cgroup"
}

@test "a cgroup that a plain user asks for and may not make is an error that names the field" {
	rootless
	user_config --arg path "/$C" '.linux.cgroupsPath = $path'
	try oci_user run --bundle "$B" "$C"
	assert_error "linux.cgroupsPath: make the cgroup /sys/fs/cgroup" "/$C: Permission denied"
}

delegated_is_used() {
	rootless
	[ "$1" = hybrid ] || pure_v2
	delegated "$(cgroup2_at)"
	payload sleep 100
	try in_session run --detach --bundle "$B" "$C"
	assert_success
	equal "$(grep ^0: "/proc/$(oci_user state "$C" | jq .pid)/cgroup")" "0::/$C-delegated/ocirun-$C"
	try oci_user delete --force "$C"
	assert_success
	absent "$D/ocirun-$C"
	undelegate
}

@test "a delegated cgroup is used and removed" {
	delegated_is_used v2
}

@test "of several hierarchies those that refuse a plain user are left out, the delegated one is used" {
	[ "$(cgroup_mode)" = hybrid ] || skip "needs cgroup v1 and v2"
	delegated_is_used hybrid
}

# limits_hold COMMAND: the limits of a plain user's container, which COMMAND runs.
limits_hold() {
	user_config '.linux.resources = {memory: {limit: 16777216, swap: 16777216}, pids: {limit: 12}, cpu: {quota: 5000, period: 100000}}'
	payload sleep 100
	try "$1" run --detach --bundle "$B" "$C"
	assert_success
	at=$(cgroups_of "ocirun-$C")
	equal "$(cat "$at/memory.max" "$at/memory.swap.max" "$at/pids.max" "$at/cpu.max" | xargs)" "16777216 0 12 5000 100000"
	try "$1" delete --force "$C"
	assert_success
	args dd if=/dev/zero of=/dev/null bs=64M count=1
	chown $USER_ID "$B/config.json"
	try "$1" run --bundle "$B" "$C"
	assert_exit 137
	shell 'i=0; while [ $i -lt 30 ]; do sleep 100 & i=$((i + 1)); done'
	chown $USER_ID "$B/config.json"
	try "$1" run --bundle "$B" "$C"
	contains "$err" "can't fork"
}

@test "limits hold in a delegated cgroup" {
	rootless
	pure_v2
	at=$(cgroup2_at)
	for controller in memory pids cpu; do
		grep -qw $controller "$at/cgroup.controllers" || skip "this host has no $controller controller in cgroup v2"
	done
	echo "+memory +pids +cpu" >"$at/cgroup.subtree_control"
	delegated "$at"
	chown $USER_ID "$D/cgroup.subtree_control"
	limits_hold in_session
	undelegate
}

@test "limits hold in a scope of a plain user's own systemd" {
	USER_ID=1000
	[ -S /run/user/$USER_ID/systemd/private ] || skip "needs a user $USER_ID with a systemd of its own"
	[ "$(cgroup_mode)" = v2 ] || skip "systemd gives plain users no cgroup of v1"
	rootless
	# It stays while the container runs: systemd takes back controllers that nobody has asked for.
	setpriv --reuid $USER_ID --regid $USER_ID --clear-groups env -i -C / PATH="$PATH" XDG_RUNTIME_DIR=/run/user/$USER_ID \
		systemd-run --user --scope --quiet -p Delegate=yes sleep 300 3>&- &
	holder=$!
	HOLDERS+=("$holder")
	until_true grep -q '\.scope$' "/proc/$holder/cgroup"
	in_scope() { (
		echo $BASHPID >"/sys/fs/cgroup$(cut -d: -f3 "/proc/$holder/cgroup")/cgroup.procs"
		oci_user "$@"
	); }
	limits_hold in_scope
}

@test "a cgroup that can be made but not entered is an error that says what it takes" {
	rootless
	pure_v2
	delegated "$(cgroup2_at)"
	user_config --arg path "/$C-delegated/$C" '.linux.cgroupsPath = $path'
	try oci_user run --bundle "$B" "$C"
	absent "$D/$C"
	undelegate
	assert_error "Permission denied" "$C-delegated/$C takes the right to write cgroup.procs"
}

@test "the default configuration's mounts and devices work for a plain user" {
	rootless
	payload mounts access /dev/null stat /dev/zero access /proc/self/comm
	try oci_user --cgroup-manager disabled run --bundle "$B" "$C"
	assert_success
	matches 'mount=/proc proc .*'
	matches 'mount=/dev tmpfs .*'
	matches 'mount=/dev/pts devpts .*'
	matches 'mount=/dev/mqueue mqueue .*'
	matches 'mount=/sys sysfs .* ro,.*'
	line 'write=/dev/null yes'
	matches 'stat=/dev/zero c .* 1:5 0'
}

@test "a plain user's state is below XDG_RUNTIME_DIR" {
	rootless
	payload sleep 100
	try oci_user --cgroup-manager disabled run --detach --bundle "$B" "$C"
	assert_success
	[ -d "$T/xdg/ocirun/$C" ] || fail "$(find "$T/xdg")"
	equal "$(stat -c %a "$T/xdg/ocirun")" 1700
	try oci_user state "$C"
	assert_success
	equal "$(jq -r .status <<<"$out")" running
	try oci_user kill "$C" KILL
	assert_success
	try oci_user delete --force "$C"
	assert_success
	absent "$T/xdg/ocirun/$C"
}

@test "without a place of its own for state a plain user is told" {
	rootless
	mkdir -m 1777 "$T/public"
	chown root "$T/public"
	for directory in "$T/public" relative "$T/nowhere"; do
		try as_user env XDG_RUNTIME_DIR="$directory" "$OCIRUN" list
		assert_error "no place for the state of containers: XDG_RUNTIME_DIR is no directory of this user" "--root"
	done
	[ ! -e /run/user/$USER_ID ] || skip "this host has /run/user/$USER_ID"
	try as_user env -u XDG_RUNTIME_DIR "$OCIRUN" list
	assert_error "no place for the state of containers: XDG_RUNTIME_DIR is not set" "--root"
}

@test "without XDG_RUNTIME_DIR a plain user's state is below /run/user" {
	hold "mount -t tmpfs run /run && mkdir -p /run/user/$USER_ID && chown $USER_ID /run/user/$USER_ID && chmod 700 /run/user/$USER_ID"
	rootless
	payload sleep 100
	unset_oci() { as_user env -u XDG_RUNTIME_DIR "$OCIRUN" "$@"; }
	try unset_oci run --detach --bundle "$B" "$C"
	assert_success
	"${IN[@]}" test -d "/run/user/$USER_ID/ocirun/$C" || fail "no state there"
	try unset_oci delete --force "$C"
	assert_success
}

@test "the lifecycle works for a plain user" {
	rootless
	payload say hello sleep 100
	status=0
	oci_user --cgroup-manager disabled create --bundle "$B" "$C" >"$T/console.$C" 2>"$T/err" || status=$?
	err=$(<"$T/err")
	assert_success
	try oci_user start "$C"
	assert_success
	until_line hello
	try oci_user delete "$C"
	assert_error "is not stopped: running"
	try oci_user delete --force "$C"
	assert_success
}

@test "what spec --rootless writes runs as it is" {
	rootless
	cp "$T/as-is.json" "$B/config.json"
	cd "$B"
	try as_user "$PYTHON" "$here/terminal.py" 'expect=# ' 'send=echo $$ $(id -u)\n' 'expect=1 0' 'send=exit 7\n' -- "$OCIRUN" run "$C"
	line @exit=7
}

@test "bundles/rootless runs for an ordinary user as it is" {
	rootless
	cp "$repo/bundles/rootless/config.json" "$B/config.json"
	ln -s busybox "$B/rootfs/bin/whoami"
	try oci_user run --bundle "$B" "$C"
	assert_success
	line "root of rootless, without being root outside."
}

@test "files that a plain user's container makes belong to that user" {
	rootless
	payload write /tmp/new text
	try oci_user --cgroup-manager disabled run --bundle "$B" "$C"
	assert_success
	equal "$(stat -c %u:%g "$B/rootfs/tmp/new")" "$USER_ID:$USER_ID"
}

@test "a mapping that a plain user may not have is an error that names the field" {
	rootless
	user_config '.linux.uidMappings = [{containerID: 0, hostID: 0, size: 1}]'
	try oci_user --cgroup-manager disabled run --bundle "$B" "$C"
	assert_error linux.uidMappings
	until_true no_processes
}

# What `ocirun spec` writes for root: nothing in it says who runs it.
spec_of_root() {
	rm "$B/config.json"
	as_user "$OCIRUN" spec --bundle "$B"
	cp "$B/config.json" "$T/as-is.json"
	user_config '.process.terminal = false'
}
added="linux.namespaces: none of type \"user\", which takes privilege: one is made, in which root is uid $USER_ID"

@test "a plain user runs what spec describes for root: a user namespace is added, and a warning says so" {
	rootless
	spec_of_root
	payload ids ns host
	try oci_user run --bundle "$B" "$C"
	assert_success
	line uid=0
	line gid=0
	line pid=1
	equal "$(value uid_map | tr -s ' ')" " 0 $USER_ID 1"
	equal "$(value gid_map | tr -s ' ')" " 0 $USER_ID 1"
	equal "$err" "ocirun: warning: $added, the only id
ocirun: warning: mounts[2].options[5]: \"gid=5\" is left out: no such group is mapped"
	try oci_user --log "$T/log" --log-format json run --bundle "$B" "$C"
	equal "$(cat "$T/log")" ""
	try oci_user --log "$T/log" --log-format json --log-level warning run --bundle "$B" "$C"
	equal "$(jq -r .level "$T/log" | sort -u)" warning
	contains "$(jq -r .msg "$T/log")" "$added"
}

@test "that container, on a terminal, as it is written" {
	rootless
	spec_of_root
	cp "$T/as-is.json" "$B/config.json"
	cd "$B"
	try as_user "$PYTHON" "$here/terminal.py" 'expect=# ' 'send=echo $$ $(id -u)\n' 'expect=1 0' 'send=exit 7\n' -- "$OCIRUN" run "$C"
	line @exit=7
}

@test "exec finds a container whose user namespace was added" {
	rootless
	spec_of_root
	payload sleep 100
	try oci_user run --detach --bundle "$B" "$C"
	assert_success
	try oci_user exec "$C" /bin/payload ids ns
	assert_success
	line uid=0
	equal "$(value uid_map | tr -s ' ')" " 0 $USER_ID 1"
	equal "$err" ""
	equal "$(oci_user state "$C" | jq -r .status)" running
	try oci_user delete --force "$C"
	assert_success
}

@test "with subordinate ids they follow the caller's in the namespace that is added" {
	subordinate
	spec_of_root
	jq -e '.mounts[] | select(.type == "devpts").options | index("gid=5")' "$B/config.json"
	user_config '.process.user = {uid: 1, gid: 5}'
	payload ids ns
	try oci_user run --bundle "$B" "$C"
	assert_success
	line uid=1
	line gid=5
	equal "$(value uid_map | xargs)" "0 $USER_ID 1 1 200000 65536"
	equal "$(value gid_map | xargs)" "0 $USER_ID 1 1 300000 65536"
	equal "$err" "ocirun: warning: $added and 65536 ids of /etc/subuid follow"
}

@test "helpers without their privilege are not asked: the namespace has the caller's id" {
	command -v newuidmap >/dev/null || skip "needs newuidmap"
	cp /usr/bin/newuidmap "$T/newuidmap" && chmod 755 "$T/newuidmap"
	subordinate "mount --bind $T/newuidmap /usr/bin/newuidmap"
	spec_of_root
	payload ids ns
	try oci_user run --bundle "$B" "$C"
	assert_success
	equal "$(value uid_map | tr -s ' ')" " 0 $USER_ID 1"
	contains "$err" "the only id"
}

@test "nor are they where no program gains privilege by being executed" {
	subordinate
	spec_of_root
	payload ids ns
	try as_user setpriv --no-new-privs "$OCIRUN" run --bundle "$B" "$C"
	assert_success
	equal "$(value uid_map | tr -s ' ')" " 0 $USER_ID 1"
	contains "$err" "the only id"
}

@test "who the namespace that is added does not know is an error that names the field" {
	rootless
	spec_of_root
	user_config '.process.user.uid = 7'
	try oci_user run --bundle "$B" "$C"
	assert_error "process.user.uid: 7 is not mapped by linux.uidMappings"
	absent "$T/xdg/ocirun/$C"
}

@test "root without the privilege for containers is told, and gets no namespace that it does not ask for" {
	rootless
	spec_of_root
	try "${IN[@]}" setpriv --bounding-set=-sys_admin --inh-caps=-all "$OCIRUN" --root "$ROOT" run --bundle "$B" "$C"
	assert_error 'linux.namespaces: without privilege, one of type "user" is needed' 'ocirun spec --rootless'
}

@test "a plain user's user namespace without mappings has the caller's own ids as root" {
	rootless
	user_config 'del(.linux.uidMappings, .linux.gidMappings)'
	payload ids ns
	try oci_user run --bundle "$B" "$C"
	assert_success
	line uid=0
	line gid=0
	equal "$(value uid_map | tr -s ' ')" " 0 $USER_ID 1"
	equal "$(value gid_map | tr -s ' ')" " 0 $USER_ID 1"
}

@test "where setgroups is denied, additionalGids are an error that names the field" {
	rootless
	user_config '.process.user.additionalGids = [0]'
	try oci_user run --bundle "$B" "$C"
	assert_error process.user.additionalGids "denies setgroups"
}

@test "an id that the one mapping lacks is an error that names the field" {
	rootless
	for field in uid gid; do
		user_config --arg field $field '.process.user = {uid: 0, gid: 0} | .process.user[$field] = 1'
		try oci_user run --bundle "$B" "$C"
		assert_error "process.user.$field: 1 is not mapped by linux.${field}Mappings"
	done
	user_config '.process.user = {uid: 1, gid: 0} | del(.linux.uidMappings, .linux.gidMappings)'
	try oci_user run --bundle "$B" "$C"
	assert_error process.user.uid "does not map it"
}

@test "a plain user's terminal works" {
	rootless
	user_config '.process.terminal = true'
	payload tty
	try as_user "$PYTHON" "$here/terminal.py" -- "$OCIRUN" --cgroup-manager disabled run --bundle "$B" "$C"
	line tty_controlling=yes
	line @exit=0
}

# --- joined namespaces -------------------------------------------------------------------------------------------------------------------------

@test "a plain user joins a user namespace of its own, and one that it owns, with new ones inside" {
	rootless
	setpriv --reuid $USER_ID --regid $USER_ID --clear-groups unshare -Ur -n -u sleep 100 3>&- & holder=$!
	HOLDERS+=("$holder")
	until_true eval '[ "$(readlink /proc/$holder/ns/uts)" != "$(readlink /proc/self/ns/uts)" ] && grep -q . /proc/$holder/gid_map'
	user_config --arg ns "/proc/$holder/ns/" 'del(.linux.uidMappings, .linux.gidMappings, .hostname)
		| .linux.namespaces |= map(select(.type != "user" and .type != "uts"))
			+ [{type: "user", path: ($ns + "user")}, {type: "network", path: ($ns + "net")}]'
	payload ids ns net
	try oci_user run --bundle "$B" "$C"
	assert_success
	line uid=0
	line pid=1
	for ns in user net; do equal "$(value ns_$ns)" "$(readlink "/proc/$holder/ns/$ns")"; done
	for ns in mnt ipc; do [ "$(value ns_$ns)" != "$(readlink "/proc/$holder/ns/$ns")" ] || fail "the holder's: $ns"; done
}

@test "a namespace that a plain user may not join is an error that names it" {
	rootless
	hold "touch $T/net && mount --bind /proc/self/ns/net $T/net"
	user_config --arg path "$T/net" '.linux.namespaces += [{type: "network", path: $path}]'
	try oci_user run --bundle "$B" "$C"
	assert_error "linux.namespaces[$(jq '.linux.namespaces | length - 1' "$B/config.json")].path: join the network namespace: Operation not permitted" "CAP_SYS_ADMIN in the user namespace that owns it"
}

@test "the timeout of a hook does not wait for what may not be killed, a setuid program" {
	rootless
	cp "$(type -P setpriv)" "$T/become-root"
	chmod 4755 "$T/become-root"
	sleeper="sleep 4$BASHPID"
	for script in "($T/become-root --reuid 0 $sleeper &) >/dev/null 2>&1; sleep 30" "exec $T/become-root --reuid 0 $sleeper"; do
		user_config --arg script "$script" '.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", $script], env: ["PATH=/usr/bin:/bin"], timeout: 1}]'
		before=$SECONDS
		try timeout -k 1 10 "${IN[@]}" setpriv --reuid $USER_ID --regid $USER_ID --clear-groups env -i XDG_RUNTIME_DIR="$T/xdg" "$OCIRUN" run --bundle "$B" "$C" 3>&-
		pkill -KILL -fx "$sleeper" || fail "it was killed: $script"
		assert_error "hooks.createRuntime[0]" "timeout of 1 s"
	done
}

# --- subordinate ids -----------------------------------------------------------------------------------------------------------------------

@test "newuidmap and newgidmap map what /etc/subuid and /etc/subgid grant" {
	subordinate
	user_config '.process.user = {uid: 5008, gid: 1000, additionalGids: [5, 6]}'
	payload ids ns write /tmp/new text
	try oci_user run --bundle "$B" "$C"
	assert_success
	equal "$(value uid_map | tr -s ' ')" $' 0 54321 1\n 1 200000 1000\n 5000 201000 9'
	equal "$(value gid_map | tr -s ' ')" $' 0 54321 1\n 1 300000 2000'
	equal "$(value setgroups)" allow
	line uid=5008
	line gid=1000
	matches 'groups=(1000,)?5,6(,1000)?'
	equal "$(stat -c %u:%g "$B/rootfs/tmp/new")" 201008:300999
}

@test "subordinate ids go together with a time namespace" {
	subordinate
	user_config '.linux.namespaces += [{type: "time"}] | .linux.timeOffsets = {boottime: {secs: 1000000, nanosecs: 0}}'
	payload ns file /proc/uptime
	try oci_user run --bundle "$B" "$C"
	assert_success
	equal "$(value uid_map | tr -s ' ' | head -n 1)" " 0 54321 1"
	[ "$(value file | cut -d. -f1)" -ge 1000000 ]
}

@test "the caller's own id need not be mapped: what only it may enter is reached all the same" {
	subordinate
	mkdir -p "$T/closed/source"
	chmod 700 "$T/closed"
	mv "$B/rootfs" "$T/closed/rootfs"
	mkdir -p "$T/closed/rootfs/data"
	echo text >"$T/closed/source/file"
	chown -R 200000:300000 "$T/closed/rootfs/"{dev,proc,sys,tmp,data} "$T/closed/source/file"
	chown $USER_ID "$T/closed" "$T/closed/source"
	user_config --arg closed "$T/closed" '.root.path = $closed + "/rootfs"
		| .mounts += [{destination: "/data", type: "bind", source: ($closed + "/source"), options: ["bind"]}]
		| .linux.uidMappings = [{containerID: 0, hostID: 200000, size: 1000}] | .linux.gidMappings = [{containerID: 0, hostID: 300000, size: 1000}]'
	chmod 755 "$T/closed/source" # the container's root may read it, once it is there
	payload ids file /data/file
	try oci_user run --bundle "$B" "$C"
	assert_success
	line uid=0
	line file=text
}

@test "a plain user's container whose processes have other ids is killed and deleted" {
	subordinate
	user_config '.process.user = {uid: 5008, gid: 1000}'
	payload ids spawn-children 3 sleep 100
	try oci_user run --detach --bundle "$B" "$C"
	assert_success
	pid=$(oci_user state "$C" | jq .pid)
	equal "$(stat -c %u "/proc/$pid")" 201008
	try oci_user kill "$C" TERM
	assert_success
	until_true is_gone "$pid"
	try oci_user delete "$C"
	assert_success
	try oci_user run --detach --bundle "$B" "$C"
	try oci_user delete --force "$C"
	assert_success
}

@test "a source that a plain user may not enter is an error that names it" {
	rootless
	mkdir -m 700 "$T/closed"
	chown root "$T/closed"
	user_config --arg closed "$T/closed" '.mounts += [{destination: "/data", type: "bind", source: ($closed + "/source"), options: ["bind"]}]'
	try oci_user run --bundle "$B" "$C"
	assert_error 'mounts[7].source' "$T/closed/source" "Permission denied"
	user_config --arg closed "$T/closed" 'del(.mounts[6]) | .root.path = $closed + "/rootfs"'
	try oci_user run --bundle "$B" "$C"
	assert_error root.path "$T/closed/rootfs" "Permission denied"
}

@test "a range that is not granted is an error with newuidmap's own words" {
	subordinate
	for field in uid gid; do
		user_config --arg field "${field}Mappings" '.linux[$field][1].hostID = 400000'
		try oci_user run --bundle "$B" "$C"
		assert_error "linux.${field}Mappings: new${field}map failed with exit status 1: new${field}map: " "not allowed" "/etc/sub$field"
		user_config --arg field "${field}Mappings" '.linux[$field][1].hostID = 200000'
	done
	absent "$T/xdg/ocirun/$C"
	until_true no_processes
}

@test "what newuidmap leaves behind does not hold up the create" {
	mkdir -p "$T/layer/"{upper,work}
	printf "#!/bin/sh\nsleep 5$BASHPID &\necho 'newuidmap: no' >&2\nexit 1\n" >"$T/layer/upper/newuidmap"
	chmod -R 755 "$T/layer"
	subordinate "mount -t overlay -o lowerdir=/usr/bin,upperdir=$T/layer/upper,workdir=$T/layer/work overlay /usr/bin"
	before=$SECONDS
	try oci_user run --bundle "$B" "$C"
	pkill -KILL -fx "sleep 5$BASHPID"
	assert_error "linux.uidMappings: newuidmap failed with exit status 1: newuidmap: no"
	[ $((SECONDS - before)) -lt 10 ] || fail "took $((SECONDS - before)) s"
}

@test "without newuidmap the error says what to install" {
	# Out of sight in a layer over /usr/bin, and nowhere else on PATH.
	mkdir -p "$T/layer/"{upper,work}
	subordinate "mount -t overlay -o lowerdir=/usr/bin,upperdir=$T/layer/upper,workdir=$T/layer/work overlay /usr/bin && rm /usr/bin/newuidmap"
	PATH=/usr/bin:/bin
	try oci_user run --bundle "$B" "$C"
	assert_error "linux.uidMappings: the kernel does not let this user map these ids, and newuidmap: No such file" "package uidmap"
}

@test "run.oci.keep_original_groups keeps the caller's groups, and what they may read" {
	subordinate
	GROUPS_ARE="--groups 54329"
	echo "for the group" >"$B/rootfs/tmp/file"
	chown 0:54329 "$B/rootfs/tmp/file"
	chmod 640 "$B/rootfs/tmp/file"
	payload ids file /tmp/file
	for more in '.' '.linux.namespaces += [{type: "time"}]'; do
		user_config "del(.annotations) | $more"
		try oci_user run --bundle "$B" "$C"
		line groups=
		line 'file=(EACCES)'
		user_config '.annotations = {"run.oci.keep_original_groups": "1"}'
		try oci_user run --bundle "$B" "$C"
		assert_success
		line groups=65534
		line "file=for the group"
		equal "$err" ""
	done
	user_config '.process.user.additionalGids = [5]'
	try oci_user run --bundle "$B" "$C"
	line groups=65534
	contains "$err" "warning: process.user.additionalGids: not set, the annotation run.oci.keep_original_groups"
}

# --- inside another user namespace -----------------------------------------------------------------------------------------------------------

@test "inside a user namespace with root's id, as podman unshare has it" {
	rootless
	payload ids
	user_config 'del(.linux.uidMappings, .linux.gidMappings) | .linux.namespaces |= map(select(.type != "user"))'
	try as_user unshare -Ur -m timeout 30 "$OCIRUN" --cgroup-manager disabled run --bundle "$B" "$C"
	assert_success
	line uid=0
	line pid=1
}

inside() {
	rootless
	user_config 'del(.linux.uidMappings, .linux.gidMappings) | .linux.namespaces |= map(select(.type != "user"))'
}
oci_inside() { as_user unshare -Ur -m timeout 30 "$OCIRUN" "$@"; }

@test "inside a user namespace the state is below XDG_RUNTIME_DIR" {
	inside
	payload sleep 100
	try oci_inside run --detach --bundle "$B" "$C"
	assert_success
	[ -d "$T/xdg/ocirun/$C" ] || fail "$(find "$T/xdg")"
	try oci_inside delete --force "$C"
	assert_success
}

@test "inside a user namespace devices are the host's, and one that it lacks is an error" {
	inside
	user_config '.linux.devices = [{path: "/dev/full", type: "c", major: 1, minor: 7}]'
	payload stat /dev/full access /dev/null
	try oci_inside run --bundle "$B" "$C"
	assert_success
	matches 'stat=/dev/full c .* 1:7 .*'
	line "write=/dev/null yes"
	user_config --arg path "/dev/$C" '.linux.devices += [{path: $path, type: "c", major: 1, minor: 7}]'
	try oci_inside run --bundle "$B" "$C"
	assert_error "linux.devices[1]: open the host's /dev/$C"
	user_config '.linux.devices = [{path: "/dev/full", type: "c", major: 1, minor: 8}]'
	try oci_inside run --bundle "$B" "$C"
	assert_error "linux.devices[0]: the host's /dev/full is another device"
}

@test "inside a user namespace, what only the host's privilege could raise is an error that says so" {
	inside
	user_config '.process.oomScoreAdj = -1000'
	try oci_inside run --bundle "$B" "$C"
	assert_error process.oomScoreAdj CAP_SYS_RESOURCE
	user_config 'del(.process.oomScoreAdj) | .process.rlimits = [{type: "RLIMIT_NOFILE", soft: 10, hard: 1000000000}]'
	try oci_inside run --bundle "$B" "$C"
	assert_error 'process.rlimits[0].hard' CAP_SYS_RESOURCE
}

# --- the runtime's own file ------------------------------------------------------------------------------------------------------------------

@test "CVE-2019-5736: without privilege the container has a sealed copy of the runtime" {
	rootless
	before=$(sha256sum "$OCIRUN")
	payload sleep 100
	oci_user create --bundle "$B" "$C" >"$T/console.$C" 2>&1
	pid=$(oci_user state "$C" | jq .pid)
	contains "$(readlink "/proc/$pid/exe")" "/memfd:ocirun"
	exec {exe}<"/proc/$pid/exe"
	write() { echo x >"$1"; }
	! write "/proc/$pid/exe" 2>/dev/null || fail "it could be written while it runs"
	oci_user start "$C"
	# Nothing executes it any more: only the seal protects it.
	! write "/proc/self/fd/$exe" 2>"$T/err" || fail "it could be written afterwards"
	contains "$(<"$T/err")" "Operation not permitted"
	exec {exe}<&-
	equal "$(sha256sum "$OCIRUN")" "$before"
	oci_user delete --force "$C"
}

# --- exec ----------------------------------------------------------------------------------------------------------------------------------

@test "exec in a container of a plain user's" {
	rootless
	payload sleep 1000
	chown $USER_ID "$B/config.json"
	oci_user create --bundle "$B" "$C" >"$T/console.$C" 2>&1 || fail "$(cat "$T/console.$C")"
	try oci_user exec "$C" /bin/payload ids ns
	assert_success
	line uid=0
	line groups=
	equal "$(value ns_user)" "$(readlink "/proc/$(oci_user state "$C" | jq .pid)/ns/user")"
	oci_user start "$C"
	try oci_user exec --cap CAP_SYS_ADMIN --cwd /tmp "$C" /bin/payload caps cwd
	assert_success
	line cwd=/tmp
	try oci_user exec --user 1 "$C" /bin/payload ids
	assert_exit 255
	contains "$err" "process.user.uid: become user 1" "this user namespace does not map it"
	try as_user "$PYTHON" "$here/terminal.py" expect=/dev/pts/0 -- "$OCIRUN" exec -t "$C" /bin/busybox tty
	line @exit=0
	oci_user delete --force "$C"
}

@test "exec as a subordinate id, with supplementary groups" {
	subordinate
	payload sleep 1000
	chown $USER_ID "$B/config.json"
	oci_user run --detach --bundle "$B" "$C" >"$T/console.$C" 2>&1 || fail "$(cat "$T/console.$C")"
	try oci_user exec --user 5:6 -g 7 "$C" /bin/payload ids
	assert_success
	line uid=5
	line gid=6
	line groups=7
	oci_user delete --force "$C"
}

@test "exec in another user's container is refused" {
	rootless
	payload sleep 1000
	chown $USER_ID "$B/config.json"
	oci_user run --detach --bundle "$B" "$C" >"$T/console.$C" 2>&1 || fail "$(cat "$T/console.$C")"
	USER_ID=54322 try as_user env XDG_RUNTIME_DIR=/nowhere "$OCIRUN" --root "$T/xdg/ocirun" exec "$C" /bin/payload true
	[ "$status" -ne 0 ] || fail
	oci_user delete --force "$C"
}

# --- nested --------------------------------------------------------------------------------------------------------------------------------

# nest FILTER [OPTION...]: the outer container runs ocirun with an inner bundle, of which FILTER makes the config.json. Nothing in the
# outer's /proc and /sys is masked: the kernel lets nobody mount a new one who does not see all of the old.
nest() {
	local all
	need_static
	all=$("$OCIRUN" features | jq -c .linux.capabilities)
	mkdir -p "$B/rootfs/run" "$B/rootfs/inner/rootfs/"{bin,dev,etc,proc,sys,tmp}
	cp "$OCIRUN" "$B/rootfs/bin/ocirun"
	ln "$B/rootfs/bin/payload" "$B/rootfs/inner/rootfs/bin/payload"
	base_config | jq "$1" | jq '.process.args = ["/bin/payload", "ids", "ns", "host", "processes", "access", "/dev/null"]' >"$B/rootfs/inner/config.json"
	args /bin/ocirun --root /run/ocirun "${@:2}" run --bundle /inner inner
	config --argjson all "$all" '.process.capabilities = {bounding: $all, effective: $all, permitted: $all}
		| .linux.maskedPaths = [] | .linux.readonlyPaths = [] | .process.rlimits = []'
}
inner_is_complete() {
	assert_success
	line uid=0
	line pid=1
	line hostname=box
	line "process=1 payload"
	line "write=/dev/null yes"
}
own_map() { jq -cn --argjson id "$1" --argjson size "$2" '[{containerID: 0, hostID: $id, size: $size}]'; }

@test "nested: in a container of root's" {
	nest . --cgroup-manager disabled
	container
	inner_is_complete
}

@test "nested: the inner container has a cgroup in the outer's, and both are removed" {
	pure_v2
	nest .
	config '.mounts |= map(if .type == "cgroup" then .options -= ["ro"] else . end)'
	jq '.process.args = ["/bin/payload", "say", "inside", "sleep", "100"]' "$B/rootfs/inner/config.json" >"$T/config.json"
	mv "$T/config.json" "$B/rootfs/inner/config.json"
	running
	until_line inside
	[ -d "$(cgroups_of "$C")/ocirun-inner" ] || fail "$(cgroups_of "$C")"
	try oci delete --force "$C"
	assert_success
}

@test "nested: user namespaces in user namespaces" {
	user_namespace
	inner=".linux.namespaces += [{type: \"user\"}] | .linux.uidMappings = $(own_map 0 1000) | .linux.gidMappings = $(own_map 0 1000)"
	nest "$inner" --cgroup-manager disabled
	chown -R 100000:100000 "$B/rootfs/run" "$B/rootfs/inner"
	container
	inner_is_complete
	equal "$(value uid_map | tr -s ' ')" " 0 0 1000"
	equal "$(value setgroups)" allow
}

@test "nested: rootless in rootless, with and without a user namespace of its own" {
	rootless
	inner=".linux.namespaces += [{type: \"user\"}] | .linux.uidMappings = $(own_map 0 1) | .linux.gidMappings = $(own_map 0 1)"
	for filter in "$inner" .; do
		rm -rf "$B/rootfs/inner"
		nest "$filter"
		chown -R $USER_ID:$USER_ID "$B"
		try oci_user run --bundle "$B" "$C"
		inner_is_complete
		equal "$(value setgroups)" deny
	done
}

# nest_rootless FILTER: a plain user's container, changed so, tries to run one in a user namespace of its own.
nest_rootless() {
	rootless
	nest ".linux.namespaces += [{type: \"user\"}] | .linux.uidMappings = $(own_map 0 1) | .linux.gidMappings = $(own_map 0 1)"
	config "$1"
	chown -R $USER_ID:$USER_ID "$B"
	try oci_user run --bundle "$B" "$C"
}

@test "nested: masks in the outer container's /proc are the reason why the inner one can't have its own" {
	nest_rootless '.linux.maskedPaths = ["/proc/keys"]'
	assert_error 'mounts[0]: mount a proc filesystem' '(EPERM)' 'without masks'
}

@test "nested: without CAP_SETFCAP root can't be root of another user namespace, and is told" {
	nest_rootless '.process.capabilities |= map_values(. - ["CAP_SETFCAP"])'
	assert_error linux.uidMappings CAP_SETFCAP
}
