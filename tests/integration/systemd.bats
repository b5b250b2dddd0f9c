#!/usr/bin/env bats
# shellcheck shell=bats
# The systemd cgroup manager: the container's cgroup is a scope's, of the system's or of a user's systemd. Proven in the VM; what is wrong in
# config.json is found out on any host.
load helpers

oci() { timeout --foreground -k 1 30 "${IN[@]}" "$OCIRUN" --root "$ROOT" --systemd-cgroup "$@" 3>&-; }

need_systemd() {
	need_root
	[ -S /run/systemd/private ] || skip "needs systemd"
}
need_v2() { [ "$(cgroup_mode)" = v2 ] || skip "needs cgroup v2 alone"; }
need_v1() { [ "$(cgroup_mode)" != v2 ] || skip "needs cgroup v1"; }

unit_of() { echo "ocirun-${1:-$C}.scope"; }
# property NAME [UNIT]: what systemd says.
property() { systemctl show -P "$1" "${2:-$(unit_of)}"; }
is_unloaded() { [ "$(property LoadState "$1")" = not-found ]; }
until_unloaded() { until_true is_unloaded "${1:-$(unit_of)}" || fail "still there: $(systemctl status "${1:-$(unit_of)}")"; }
# The container's cgroup in systemd's own hierarchy.
scope() { cgroups_of "$C" | grep -E "^(/sys/fs/cgroup|/sys/fs/cgroup/systemd)/[a-z]*\.slice" | sort | head -n 1; }
# limit FILE [OF-V1 DIRECTORY]
limit() {
	if [ "$(cgroup_mode)" = v2 ]; then
		cat "$(scope)/$1"
	else
		cat "/sys/fs/cgroup/$3/$(property ControlGroup)/$2"
	fi
}
sleeping() {
	payload sleep 100
	running "$@"
}
resources() { config "$@" ".linux.resources = $(cat)"; }

# --- place and life ------------------------------------------------------------------------------------------------------------------------

@test "the container is in a scope of its own, which ends with it" {
	need_systemd
	sleeping
	equal "$(property ActiveState)" active
	equal "$(property Slice)" system.slice
	equal "$(property Delegate)" yes
	equal "$(property Description)" "ocirun container $C"
	equal "$(property ControlGroup)" "/system.slice/$(unit_of)"
	grep -qE "^(0:|1:name=systemd):/system.slice/$(unit_of)$" "/proc/$(pid_of)/cgroup" || fail "$(cat "/proc/$(pid_of)/cgroup")"
	try oci delete "$C"
	assert_error "cannot delete container $C that is not stopped: running"
	try oci kill "$C" KILL
	assert_success
	until_state stopped
	try oci delete "$C"
	assert_success
	until_unloaded
	no_cgroups
}

@test "run carries the exit status, and leaves no unit" {
	need_systemd
	payload exit 7
	container
	assert_exit 7
	until_unloaded
	no_cgroups
}

@test "--cgroup-manager systemd is the same, --cgroup-manager disabled wins" {
	need_systemd
	payload cgroup
	try timeout 30 "$OCIRUN" --root "$ROOT" --cgroup-manager systemd run --bundle "$B" "$C"
	assert_success
	config 'del(.linux.namespaces[] | select(.type == "cgroup"))'
	try timeout 30 "$OCIRUN" --root "$ROOT" --cgroup-manager systemd run --bundle "$B" "$C"
	assert_success
	matches "(.*=)?(0:|1:name=systemd):/system.slice/$(unit_of)"
	try timeout 30 "$OCIRUN" --root "$ROOT" --systemd-cgroup --cgroup-manager disabled run --bundle "$B" "$C"
	assert_success
	no_match ".*$(unit_of).*"
}

@test "linux.cgroupsPath names slice, prefix and name" {
	need_systemd
	config --arg path "it-test.slice:pod:$C" '.linux.cgroupsPath = $path'
	sleeping
	equal "$(property ControlGroup "pod-$C.scope")" "/it.slice/it-test.slice/pod-$C.scope"
	try oci delete --force "$C"
	assert_success
	until_unloaded "pod-$C.scope"
	config --arg path ":pod:$C" '.linux.cgroupsPath = $path'
	sleeping
	equal "$(property Slice "pod-$C.scope")" system.slice
}

@test "a linux.cgroupsPath that is none of systemd's is an error that shows the form" {
	refuses linux.cgroupsPath <<-'END'
		"/a/b"|: "/a/b" is not SLICE:PREFIX:NAME (the systemd cgroup manager takes SLICE:PREFIX:NAME, like system.slice:ocirun:|
		"a.slice:b"|: "a.slice:b" is not SLICE:PREFIX:NAME|system.slice:ocirun:
		"a.slice:b:c:d"|: "a.slice:b:c:d" is not SLICE:PREFIX:NAME|
		"a.slice:b:"|: "a.slice:b:" is not SLICE:PREFIX:NAME|
		"a:b:c"|: "a:b:c" does not begin with the name of a slice|
		"a--b.slice:b:c"|: "a--b.slice:b:c" does not begin with the name of a slice|
		"a.slice:b:c.slice"|: "a.slice:b:c.slice" names a slice, which has no processes|
		"a.slice:b c:d"|: "a.slice:b c:d" has a character that is not allowed in the name of a unit|
	END
}

@test "an id with a plus sign makes a unit with an escaped one" {
	need_systemd
	payload sleep 100
	create "$C+1"
	assert_success
	equal "$(property ActiveState "ocirun-$C\\x2b1.scope")" active
	try oci delete --force "$C+1"
	assert_success
}

@test "an end by a signal leaves no failed unit" {
	need_systemd
	config 'del(.linux.namespaces[] | select(.type == "pid"))' # whose first process takes no SIGKILL of its own
	payload kill-self 9
	container
	assert_exit 137
	until_unloaded
}

@test "without a pid namespace, delete ends all processes of the scope" {
	need_systemd
	config 'del(.linux.namespaces[] | select(.type == "pid"))'
	payload spawn-orphan
	running
	until_state stopped
	try oci delete "$C"
	assert_success
	until_unloaded
}

@test "namespaces that are joined by path" {
	need_systemd
	hold 'true'
	config --arg path "/proc/${HOLDERS[0]}/ns/net" '(.linux.namespaces[] | select(.type == "network")).path = $path | .linux.resources.pids.limit = 3'
	sleeping
	equal "$(property ControlGroup)" "/system.slice/$(unit_of)"
	equal "$(property TasksMax)" 3
}

@test "a subgroup of the annotation's name is made in the scope" {
	need_systemd
	config '.annotations["run.oci.systemd.subgroup"] = "inner" | .linux.resources.memory.limit = 33554432'
	sleeping
	grep -qE "^(0:|1:name=systemd):/system.slice/$(unit_of)/inner$" "/proc/$(pid_of)/cgroup" || fail "$(cat "/proc/$(pid_of)/cgroup")"
	equal "$(property ControlGroup)" "/system.slice/$(unit_of)"
	equal "$(property "$([ "$(cgroup_mode)" = v2 ] && echo MemoryMax || echo MemoryLimit)")" 33554432
	try oci delete --force "$C"
	assert_success
	until_unloaded
	no_cgroups
}

@test "pause, kill --all and state work in a scope" {
	need_systemd
	sleeping
	state_is running
	try oci kill --all "$C" KILL
	assert_success
	until_state stopped
}

# --- what is there already -------------------------------------------------------------------------------------------------------------------

@test "a unit that exists is an error, and stays" {
	need_systemd
	systemd-run -q --scope --unit="ocirun-$C" sleep 100 >/dev/null 2>&1 3>&- &
	local other=$!
	until_true systemctl -q is-active "$(unit_of)"
	create
	assert_error "has processes already"
	equal "$(property ActiveState)" active
	systemctl stop "$(unit_of)"
	wait "$other" || true
	until_unloaded
}

@test "a unit that exists elsewhere is an error, and stays" {
	need_systemd
	systemd-run -q --scope --slice=it.slice --unit="ocirun-$C" sleep 100 >/dev/null 2>&1 3>&- &
	local other=$!
	until_true systemctl -q is-active "$(unit_of)"
	create
	assert_error "start $(unit_of): Unit $(unit_of) was already loaded" "give the container another name in linux.cgroupsPath"
	equal "$(property ActiveState)" active
	systemctl stop "$(unit_of)"
	wait "$other" || true
}

@test "what is left of a unit that failed is no hindrance" {
	need_systemd
	systemd-run -q --scope -p RuntimeMaxSec=1 --unit="ocirun-$C" sleep 100 >/dev/null 2>&1 3>&- || true
	until_true systemctl -q is-failed "$(unit_of)"
	payload true
	passes
	until_unloaded
}

@test "a create that is killed leaves what delete --force cleans" {
	need_systemd
	create_in_hook 0
	kill -KILL "$creator"
	wait "$creator" || true
	touch "$T/go"
	try oci delete --force "$C"
	assert_success
	until_unloaded
	no_cgroups
}

@test "a create that fails leaves no unit" {
	need_systemd
	config '.hooks.createRuntime = [{path: "/bin/false"}]'
	create
	assert_error "hooks.createRuntime[0]"
	until_unloaded
}

@test "two containers want the same unit" {
	need_systemd
	config --arg path "system.slice:same:$C" '.linux.cgroupsPath = $path'
	sleeping
	create "$C-2"
	assert_error "same-$C.scope has processes already"
	state_is running
	equal "$(property ActiveState "same-$C.scope")" active
}

# --- the way to systemd ------------------------------------------------------------------------------------------------------------------------

@test "over the bus where systemd's own socket is closed" {
	need_systemd
	hold 'mount --bind /dev/null /run/systemd/private'
	payload exit 3
	container
	assert_exit 3
	until_unloaded
	sleeping
	equal "$(jq -r '.systemd.daemon, .systemd.address' "$ROOT/$C/state.json" | tr '\n' ' ')" "true /run/dbus/system_bus_socket "
	try oci delete --force "$C"
	assert_success
	until_unloaded
}

@test "without systemd it says so, and what else there is" {
	need_root
	hold 'for s in /run/systemd/private /run/dbus/system_bus_socket; do [ ! -e $s ] || mount --bind /dev/null $s; done'
	create
	assert_error "--cgroup-manager systemd: no systemd of the system to talk to: connect to /run/systemd/private: " \
		"; connect to /run/dbus/system_bus_socket: " "(use --cgroup-manager cgroupfs where systemd is not running)"
	absent "$ROOT/$C"
}

@test "a systemd of another pid namespace is not told our pids" {
	need_systemd
	# shellcheck disable=SC2016
	try timeout 30 unshare --pid --fork --mount-proc "$OCIRUN" --root "$ROOT" --systemd-cgroup create --bundle "$B" "$C"
	assert_error "/run/systemd/private is of another pid namespace"
	until_unloaded
}

@test "a container whose systemd can't be reached any more is deleted, with a warning" {
	need_systemd
	payload true
	running
	until_state stopped
	hold 'for s in /run/systemd/private /run/dbus/system_bus_socket; do mount --bind /dev/null $s; done'
	try oci delete "$C"
	assert_success
	contains "$err" "stop $(unit_of): connect to /run/systemd/private"
	IN=()
	no_cgroups
}

@test "the cgroupfs manager does not look for systemd" {
	payload true
	command -v strace >/dev/null || skip "needs strace"
	try strace -f -o "$T/trace" "$OCIRUN" --root "$ROOT" --cgroup-manager disabled run --bundle "$B" "$C"
	assert_success
	! grep -E 'systemd|system_bus|XDG_RUNTIME' "$T/trace" || fail "it does"
}

# --- limits ------------------------------------------------------------------------------------------------------------------------------------

@test "limits are properties of the unit, and in the kernel's files, also after a daemon-reload" {
	need_systemd
	need_v2
	resources <<<'{memory: {limit: 67108864, swap: 100663296, reservation: 33554432}, pids: {limit: 50},
		cpu: {shares: 2048, quota: 33333, period: 50000, cpus: "0", mems: "0"}}'
	sleeping
	for again in 0 1; do
		equal "$(property MemoryMax)" 67108864
		equal "$(property MemoryLow)" 33554432
		equal "$(property MemorySwapMax)" 33554432
		equal "$(property TasksMax)" 50
		equal "$(property CPUWeight)" "$(limit cpu.weight)"
		equal "$(property CPUQuotaPerSecUSec)" 670ms
		equal "$(property CPUQuotaPeriodUSec)" 50ms
		equal "$(property AllowedCPUs)" 0
		equal "$(property AllowedMemoryNodes)" 0
		equal "$(limit memory.max)" 67108864
		equal "$(limit memory.low)" 33554432
		equal "$(limit memory.swap.max)" 33554432
		equal "$(limit pids.max)" 50
		equal "$(limit cpuset.cpus)" 0
		equal "$(limit cpuset.mems)" 0
		[ $again = 1 ] || equal "$(limit cpu.max)" "33333 50000"
		systemctl daemon-reload
	done
}

@test "limits that systemd has no property for are in the kernel's files" {
	need_systemd
	need_v2
	resources <<<'{cpu: {quota: 20000, period: 100000, burst: 5000}, rdma: {}, unified: {"memory.oom.group": "1", "pids.max": "77", "memory.high": "50M"}}'
	sleeping
	equal "$(limit cpu.max.burst)" 5000
	equal "$(limit memory.oom.group)" 1
	equal "$(limit pids.max)" 77
	equal "$(property TasksMax)" 77
	equal "$(limit memory.high)" 52428800
	equal "$(property MemoryHigh)" 52428800
}

@test "a controller that systemd does not know is enabled by us" {
	need_systemd
	need_v2
	grep -qw hugetlb /sys/fs/cgroup/cgroup.controllers || skip "this kernel has no hugetlb controller"
	resources <<<'{hugepageLimits: [{pageSize: "2MB", limit: 4194304}]}'
	sleeping
	equal "$(limit hugetlb.2MB.max)" 4194304
}

@test "I/O limits are properties too" {
	need_systemd
	need_v2
	disk=$(lsblk -dno MAJ:MIN,TYPE | awk '$2 == "disk" { print $1; exit }')
	[ "$disk" ] || skip "this host has no disk"
	resources --argjson major "${disk%:*}" --argjson minor "${disk#*:}" \
		<<<'{blockIO: {throttleReadBpsDevice: [{major: $major, minor: $minor, rate: 1048576}], throttleWriteIOPSDevice: [{major: $major, minor: $minor, rate: 100}]}}'
	sleeping
	equal "$(limit io.max)" "$disk rbps=1048576 wbps=max riops=max wiops=100"
	contains "$(property IOReadBandwidthMax)" "/dev/block/$disk 1048576"
	contains "$(property IOWriteIOPSMax)" "/dev/block/$disk 100"
	systemctl daemon-reload
	equal "$(limit io.max)" "$disk rbps=1048576 wbps=max riops=max wiops=100"
}

@test "cgroup v1: limits are properties of the unit, and in the kernel's files" {
	need_systemd
	need_v1
	resources <<<'{memory: {limit: 67108864}, pids: {limit: 50}, cpu: {shares: 512, quota: 20000, period: 100000, cpus: "0"}}'
	sleeping
	for again in 0 1; do
		equal "$(property MemoryLimit)" 67108864
		equal "$(property TasksMax)" 50
		equal "$(property CPUShares)" 512
		equal "$(property CPUQuotaPerSecUSec)" 200ms
		equal "$(limit - memory.limit_in_bytes memory)" 67108864
		equal "$(limit - pids.max pids)" 50
		equal "$(limit - cpu.shares cpu)" 512
		equal "$(limit - cpu.cfs_quota_us cpu)" 20000
		equal "$(limit - cpuset.cpus cpuset)" 0
		systemctl daemon-reload
	done
	try oci delete --force "$C"
	assert_success
	until_unloaded
	no_cgroups
}

@test "what is over memory.limit is killed, and leaves no unit" {
	need_systemd
	resources <<<'{memory: {limit: 16777216, swap: 16777216}}'
	args dd if=/dev/zero of=/dev/null bs=64M count=1
	container
	assert_exit 137
	until_unloaded
}

@test "device rules hold, also after a daemon-reload" {
	need_systemd
	resources <<<'{devices: [{allow: false, access: "rwm"}, {allow: true, type: "c", major: 10, minor: 229, access: "rw"}]}'
	# shellcheck disable=SC2016
	shell 'trap "" USR1; while :; do for d in "10 229" "10 200" "1 3"; do rm -f /dev/it; mknod /dev/it c $d || echo no node; (: </dev/it) 2>/dev/null && echo "$d opens" || echo "$d: $?"; done; echo done; sleep 1; done'
	config '.process.capabilities.bounding += ["CAP_MKNOD"] | .process.capabilities.effective += ["CAP_MKNOD"] | .process.capabilities.permitted += ["CAP_MKNOD"]'
	running
	until_line done
	systemctl daemon-reload
	: >"$T/console.$C"
	until_line done
	out=$(console)
	line "1 3 opens"
	no_line "10 200 opens"
}

# A container that tries, again and again, to open two devices that no driver has and one that everybody may, and says what it may when
# that changes: of 240:77 and 240:78, "+" or "-"; "no null" should never be said.
device_reader() { # RULES
	config ".linux.resources = {devices: $1} | .linux.devices = [77, 78 | {path: \"/dev/odd\(.)\", type: \"c\", major: 240, minor: ., fileMode: 438}]"
	shell 'last=; while :; do now=; for n in 77 78; do case $( (: </dev/odd$n) 2>&1) in *"not permitted"*) now=$now- ;; *) now=$now+ ;; esac; done
		[ $now = "$last" ] || echo $now; last=$now; (: </dev/null) || echo no null; done'
	running
}
DENY='{"allow": false, "access": "rwm"}' ALLOW='{"allow": true, "type": "c", "major": 240, "minor": 77, "access": "rw"}'
# many RULE: none of all devices but that one and many others, which systemd takes its time to write.
many() { jq -nc "[$DENY, (range(100) | {allow: true, type: \"c\", major: 241, minor: ., access: \"r\"}), $1]"; }
is_now() { [ "$(tr -d "\0" <"$T/console.$C" | grep -v null | tail -n 1)" = "$1" ]; }
# now_and_later WORD: the container may that, and still may when systemd has written the rules anew (for which it denies all for a moment).
now_and_later() {
	until_true is_now "$1" || fail "never became $1: $(console)"
	systemctl set-property --runtime "$(unit_of)" TasksMax=$((RANDOM + 100))
	sleep 1
	until_true is_now "$1" || fail "not $1 any more: $(console)"
}
update_devices() {
	: >"$T/console.$C"
	try oci update --resources - "$C" <<<"{\"devices\": [$1]}"
	assert_success
}

@test "device rules change, and the new ones hold also when systemd writes them anew" {
	need_systemd
	device_reader "[$DENY, ${ALLOW/77/78}]"
	now_and_later -+
	update_devices "$DENY, $ALLOW"
	now_and_later +-
	update_devices "$DENY"
	now_and_later --
	update_devices '{"allow": true, "access": "rwm"}'
	now_and_later ++
	update_devices "$DENY, $ALLOW"
	now_and_later +-
	state_is running
}

@test "an update that fails leaves the device rules as they were, also when systemd writes them anew" {
	need_systemd
	device_reader "[$DENY, $ALLOW]"
	now_and_later +-
	try oci update --resources - "$C" <<<"{\"devices\": [$DENY], \"cpu\": {\"cpus\": \"4000\"}}"
	assert_error 'cpu.cpus: write "4000" to '
	now_and_later +-
	state_is running
}

@test "an update of limits denies the container no device that it may use" {
	need_systemd
	device_reader "$(many "$ALLOW")"
	until_true is_now +-
	for n in 1 2 3 4 5; do
		try oci update --pids-limit $((n + 100)) "$C"
		assert_success
	done
	equal "$(console)" +-
}

@test "a container makes its devices, whatever systemd is told of its limits meanwhile" {
	need_systemd
	config '.linux.devices = [range(50) | {path: "/dev/odd\(.)", type: "c", major: 240, minor: ., fileMode: 438}]'
	resources <<<"{memory: {limit: 67108864}, pids: {limit: 50}, devices: $(many "$ALLOW")}"
	payload true
	for _ in 1 2 3; do passes; done
}

@test "a value that systemd does not take is an error that names the unit" {
	need_systemd
	need_v2
	resources <<<'{unified: {"cpu.weight": "20000"}}'
	create
	assert_error "linux.resources: make them properties of $(unit_of): " CPUWeight
	until_unloaded
}

@test "update changes properties and files" {
	need_systemd
	need_v2
	resources <<<'{memory: {limit: 67108864}, cpu: {quota: 20000, period: 100000}}'
	sleeping
	try oci update --memory 33554432 --pids-limit 30 --cpu-quota 12345 "$C"
	assert_success
	for again in 0 1; do
		equal "$(property MemoryMax)" 33554432
		equal "$(property TasksMax)" 30
		equal "$(property CPUQuotaPerSecUSec)" 130ms
		equal "$(limit memory.max)" 33554432
		equal "$(limit pids.max)" 30
		[ $again = 1 ] || equal "$(limit cpu.max)" "12345 100000"
		systemctl daemon-reload
	done
}

@test "an update that fails leaves properties and files as they were" {
	need_systemd
	need_v2
	resources <<<'{memory: {limit: 67108864}, pids: {limit: 50}}'
	sleeping
	# The last write fails: no such file.
	try oci update --resources - "$C" <<<'{"memory": {"limit": 33554432}, "pids": {"limit": 30}, "unified": {"memory.nonsense": "1"}}'
	assert_error 'unified["memory.nonsense"]'
	# And what systemd refuses, before any.
	try oci update --resources - "$C" <<<'{"memory": {"limit": 33554432}, "unified": {"cpu.weight": "20000"}}'
	assert_error "make them properties of $(unit_of): "
	for again in 0 1; do
		equal "$(property MemoryMax)" 67108864
		equal "$(property TasksMax)" 50
		equal "$(limit memory.max)" 67108864
		equal "$(limit pids.max)" 50
		systemctl daemon-reload
	done
}

# --- annotations ---------------------------------------------------------------------------------------------------------------------------------

@test "org.systemd.property annotations are properties of the unit" {
	need_systemd
	config '.annotations = {"org.systemd.property.TimeoutStopUSec": "uint64 7000000", "org.systemd.property.KillSignal": "10",
		"org.systemd.property.CollectMode": "'"'inactive-or-failed'"'", "org.systemd.property.RuntimeMaxSec": "1000",
		"org.systemd.property.SendSIGHUP": "true", "org.systemd.property.Before": "['"'shutdown.target'"']",
		"org.systemd.property.Description": "\"all of it\""}'
	sleeping
	equal "$(property TimeoutStopUSec)" 7s
	equal "$(property KillSignal)" 10
	equal "$(property CollectMode)" inactive-or-failed
	equal "$(property RuntimeMaxUSec)" "16min 40s"
	equal "$(property SendSIGHUP)" yes
	equal "$(property Before)" shutdown.target
	equal "$(property Description)" "all of it"
}

@test "annotations that could reach beyond the container, or are no values, are errors" {
	refuses 'annotations' <<-'END'
		{"org.systemd.property.ExecStartPre": "['/bin/true']"}|["org.systemd.property.ExecStartPre"]: is not passed on to systemd|ocirun(8) lists them
		{"org.systemd.property.BindPaths": "['/']"}|["org.systemd.property.BindPaths"]: is not passed on to systemd|
		{"org.systemd.property.PIDs": "[1]"}|["org.systemd.property.PIDs"]: is not passed on to systemd|
		{"org.systemd.property.OnFailure": "['reboot.target']"}|["org.systemd.property.OnFailure"]: is not passed on to systemd|
		{"org.systemd.property.Slice": "'-.slice'"}|["org.systemd.property.Slice"]: is not passed on to systemd|
		{"org.systemd.property.": "1"}|["org.systemd.property."]: is not passed on to systemd|
		{"org.systemd.property.KillSignal": "'TERM'"}|["org.systemd.property.KillSignal"]: "'TERM'" is not a number|
		{"org.systemd.property.TimeoutStopSec": "true"}|["org.systemd.property.TimeoutStopSec"]: "true" is not a number|
		{"org.systemd.property.SendSIGHUP": "1"}|["org.systemd.property.SendSIGHUP"]: "1" is not true or false|
		{"org.systemd.property.KillMode": "mixed"}|["org.systemd.property.KillMode"]: "mixed" is not a string in quotes like 'a'|
		{"org.systemd.property.After": "['a"}|["org.systemd.property.After"]: "['a" is not a list of strings like ['a', 'b']|
		{"run.oci.systemd.subgroup": "../x"}|["run.oci.systemd.subgroup"]: "../x" is no name of a directory|
	END
}

@test "without the systemd manager these annotations are nobody's" {
	config '.annotations = {"org.systemd.property.ExecStartPre": "x"}'
	payload true
	try timeout 30 "$OCIRUN" --root "$ROOT" --cgroup-manager disabled run --bundle "$B" "$C"
	assert_success
}

# --- a user's systemd ------------------------------------------------------------------------------------------------------------------------------

USER_NAME=user USER_ID=1000
as_user() { runuser -u "$USER_NAME" -- env -i PATH="$PATH" XDG_RUNTIME_DIR="/run/user/$USER_ID" "$@" 3>&-; }
oci_user() { as_user timeout --foreground -k 1 30 "$OCIRUN" --root "$T/user" --systemd-cgroup "$@"; }
user_property() { as_user systemctl --user show -P "$1" "${2:-$(unit_of)}"; }

rootless() {
	need_root
	[ -S "/run/user/$USER_ID/systemd/private" ] || skip "needs a user with a systemd of its own"
	need_v2
	rm "$B/config.json"
	chown -R "$USER_ID:$USER_ID" "$T"
	chown -h root:root "$B/rootfs/bin/payload" "$B/rootfs/bin/busybox"
	as_user "$OCIRUN" spec --rootless --bundle "$B"
	config '.process.terminal = false | .root.readonly = false'
	chown "$USER_ID" "$B/config.json"
}
rootless_end() {
	oci_user delete --force "$C"
	is_gone_for_user() { [ "$(user_property LoadState)" = not-found ]; }
	until_true is_gone_for_user
	no_cgroups
}

@test "a plain user's container is in a scope of the user's systemd, with its limits" {
	rootless
	payload sleep 100
	config '.linux.resources = {memory: {limit: 67108864}, pids: {limit: 20}, cpu: {quota: 10000, period: 100000}}'
	try oci_user create --bundle "$B" "$C"
	assert_success
	equal "$(user_property Slice)" user.slice
	local at=/user.slice/user-$USER_ID.slice/user@$USER_ID.service/user.slice/$(unit_of)
	equal "$(user_property ControlGroup)" "$at"
	equal "$(user_property MemoryMax)" 67108864
	equal "$(cat "/sys/fs/cgroup$at/memory.max")" 67108864
	equal "$(cat "/sys/fs/cgroup$at/pids.max")" 20
	equal "$(cat "/sys/fs/cgroup$at/cpu.max")" "10000 100000"
	try oci_user start "$C"
	assert_success
	rootless_end
}

# This session is not below the user's systemd: the kernel lets the user move nothing from here to there.
@test "exec of a plain user in a session elsewhere, by the user's systemd" {
	rootless
	payload sleep 100
	try oci_user create --bundle "$B" "$C"
	assert_success
	try oci_user start "$C"
	assert_success
	local at=/user.slice/user-$USER_ID.slice/user@$USER_ID.service/user.slice/$(unit_of)
	try oci_user exec "$C" /bin/payload exit 7
	assert_exit 7
	try oci_user exec --detach --pid-file "$T/pid" "$C" /bin/payload sleep 100
	assert_success
	equal "$(cat "/proc/$(<"$T/pid")/cgroup")" "0::$at"
	as_user mkdir "/sys/fs/cgroup$at/below"
	try oci_user exec --detach --pid-file "$T/pid" --cgroup .//below/ "$C" /bin/payload sleep 100
	assert_success
	equal "$(cat "/proc/$(<"$T/pid")/cgroup")" "0::$at/below"
	rootless_end
}

@test "root of a user namespace, as podman runs it, uses the user's systemd" {
	rootless
	payload exit 5
	config 'del(.linux.namespaces[] | select(.type == "user")) | del(.linux.uidMappings, .linux.gidMappings)
		| .linux.cgroupsPath = "user.slice:libpod:'"$C"'"'
	try as_user timeout -k 1 30 unshare -Ur "$OCIRUN" --root "$T/user" --systemd-cgroup run --bundle "$B" "$C"
	assert_exit 5
	try as_user timeout -k 1 30 unshare -Ur "$OCIRUN" --root "$T/user" --systemd-cgroup run --bundle "$B" "$C"
	assert_exit 5
	no_cgroups
}

@test "a user's bus where systemd's own socket is closed" {
	rootless
	payload exit 6
	hold "mount --bind /dev/null /run/user/$USER_ID/systemd/private"
	try "${IN[@]}" setpriv --reuid $USER_ID --regid $USER_ID --clear-groups env -i PATH="$PATH" XDG_RUNTIME_DIR="/run/user/$USER_ID" \
		timeout -k 1 30 "$OCIRUN" --root "$T/user" --systemd-cgroup run --bundle "$B" "$C"
	assert_exit 6
	# By its address, too.
	try "${IN[@]}" setpriv --reuid $USER_ID --regid $USER_ID --clear-groups env -i PATH="$PATH" XDG_RUNTIME_DIR="$T" \
		DBUS_SESSION_BUS_ADDRESS="unix:path=/run/user/$USER_ID/bus,guid=1" timeout -k 1 30 "$OCIRUN" --root "$T/user" --systemd-cgroup run --bundle "$B" "$C"
	assert_exit 6
}

@test "a user without a systemd is told what to do" {
	need_root
	try "${IN[@]}" setpriv --reuid 54321 --regid 54321 --clear-groups test -x "$OCIRUN"
	[ "$status" -eq 0 ] || skip "another user can't reach $OCIRUN"
	mkdir -m 700 "$T/xdg"
	chown 54321 "$T/xdg" "$B/config.json"
	config '.linux.namespaces += [{type: "user"}]'
	chmod 755 "$T" "$B"
	chmod 644 "$B/config.json"
	try setpriv --reuid 54321 --regid 54321 --clear-groups env -i PATH="$PATH" XDG_RUNTIME_DIR="$T/xdg" timeout 30 "$OCIRUN" --root "$T/xdg/root" --systemd-cgroup run --bundle "$B" "$C"
	assert_error "--cgroup-manager systemd: no systemd of this user to talk to: connect to $T/xdg/systemd/private: No such file or directory (ENOENT); connect to $T/xdg/bus: " \
		"XDG_RUNTIME_DIR names the directory that its sockets are in; or use --cgroup-manager cgroupfs"
}
