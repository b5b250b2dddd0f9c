#!/usr/bin/env bats
# shellcheck shell=bats
# config-linux.md, Namespaces: new ones, joined ones, and what lives in them.
load helpers

without() { config --arg type "$1" '.linux.namespaces |= map(select(.type != $type))'; }
with_path() { config --arg type "$1" --arg path "$2" '.linux.namespaces |= map(select(.type != $type)) + [{type: $type, path: $path}]'; }
host_ns() { readlink "/proc/self/ns/$1"; }

# --- new ---------------------------------------------------------------------------------------------------------------------------------

@test "a user namespace without mappings has root's id alone, and that is said" {
	need_root
	config '.linux.namespaces += [{type: "user"}] | .mounts |= map(.options = ((.options // []) - ["gid=5"]))'
	shell 'cat /proc/self/uid_map /proc/self/gid_map'
	passes
	equal "$(xargs <<<"$out")" "0 0 1 0 0 1"
	contains "$err" "linux.uidMappings: none for the new user namespace"
}

@test "each namespace that is listed is a new one" {
	user_namespace
	config '.linux.namespaces += [{type: "time"}]'
	payload ns
	passes
	for ns in cgroup ipc mnt net pid time user uts; do
		[ "$(value ns_$ns)" != "$(host_ns $ns)" ] || fail "the host's: $ns"
		matches "ns_$ns=$ns:.[0-9]+."
	done
}

@test "a namespace that is not listed is the host's" {
	config 'del(.hostname) | .linux.namespaces = [{type: "mount"}, {type: "pid"}]
		| .mounts |= map(select(.type != "sysfs" and .type != "cgroup" and .type != "mqueue"))'
	payload ns
	passes
	for ns in cgroup ipc net time user uts; do equal "$(value ns_$ns)" "$(host_ns $ns)"; done
	for ns in mnt pid; do [ "$(value ns_$ns)" != "$(host_ns $ns)" ] || fail "the host's: $ns"; done
}

@test "without a pid namespace the program is a process of the host" {
	without pid
	payload ids sleep 100
	running
	until_line 'pgid=.*'
	equal "$(console | sed -n 's/^pid=//p')" "$(pid_of)"
}

@test "a namespace that is listed twice is an error that names the second" {
	config '.linux.namespaces += [{type: "pid"}]'
	container
	assert_error 'linux.namespaces[6]' pid
}

@test "an unknown namespace type is an error that names it" {
	config '.linux.namespaces += [{type: "pidd"}]'
	container
	assert_error 'linux.namespaces[6].type' pidd
}

@test "lo is up in a new network namespace, and the only interface" {
	payload net
	passes
	line "net=lo up"
	no_match 'net=(eth|en|veth).*'
}

@test "lo is up in the network namespace of a new user namespace" {
	user_namespace
	payload net
	passes
	line "net=lo up"
}

@test "a program in its own pid namespace sees only itself" {
	payload processes
	passes
	equal "$out" "process=1 payload"
}

# --- joined --------------------------------------------------------------------------------------------------------------------------------

@test "namespaces are joined by path" {
	payload sleep 100
	running
	pid=$(pid_of)
	payload ns
	for pair in network=net ipc=ipc uts=uts cgroup=cgroup; do
		base_config >"$B/config.json"
		config 'del(.hostname)'
		payload ns
		with_path "${pair%=*}" "/proc/$pid/ns/${pair#*=}"
		try oci run --bundle "$B" "$C-2"
		assert_success
		equal "$(value "ns_${pair#*=}")" "$(readlink "/proc/$pid/ns/${pair#*=}")"
	done
}

@test "a pod: the second container shares network, ipc, uts and pid of the first" {
	payload sleep 100
	running
	pid=$(pid_of)
	config 'del(.hostname)'
	for pair in network=net ipc=ipc uts=uts pid=pid; do with_path "${pair%=*}" "/proc/$pid/ns/${pair#*=}"; done
	payload ns host net processes ids
	try oci run --bundle "$B" "$C-2"
	assert_success
	for ns in net ipc uts pid; do equal "$(value ns_$ns)" "$(readlink "/proc/$pid/ns/$ns")"; done
	line hostname=box
	line "process=1 payload"
	no_line pid=1
	state_is running
}

@test "the first process of a joined pid namespace can die: the second container then stops too" {
	payload sleep 100
	running
	config 'del(.hostname)'
	with_path pid "/proc/$(pid_of)/ns/pid"
	create "$C-2"
	assert_success
	start "$C-2"
	assert_success
	oci kill "$C" KILL
	until_state stopped "$C"
	until_state stopped "$C-2"
	try oci delete "$C-2"
	assert_success
}

@test "a user namespace is joined by path, with the namespaces it owns" {
	unshare -U --map-root-user -n sleep 100 3>&- & holder=$!
	HOLDERS+=("$holder")
	until_true eval '[ "$(readlink /proc/$holder/ns/net)" != "$(host_ns net)" ] && grep -q . /proc/$holder/uid_map'
	with_path user "/proc/$holder/ns/user"
	with_path network "/proc/$holder/ns/net"
	payload ns ids net
	passes
	equal "$(value ns_user)" "$(readlink "/proc/$holder/ns/user")"
	equal "$(value ns_net)" "$(readlink "/proc/$holder/ns/net")"
	line uid=0
}

@test "a new user namespace with a network namespace of the host's" {
	unshare -n sleep 100 3>&- & holder=$!
	HOLDERS+=("$holder")
	until_true eval '[ "$(readlink /proc/$holder/ns/net)" != "$(host_ns net)" ]'
	user_namespace
	with_path network "/proc/$holder/ns/net"
	# sysfs belongs to the network namespace; its owner alone may mount it
	config '.mounts |= map(if .type == "sysfs" then {destination: "/sys", type: "none", source: "/sys", options: ["rbind", "ro"]} else . end
		| select(.type != "cgroup"))'
	payload ns
	passes
	equal "$(value ns_net)" "$(readlink "/proc/$holder/ns/net")"
	[ "$(value ns_user)" != "$(host_ns user)" ]
}

@test "a mount namespace is joined by path" {
	hold "mkdir $T/only-there && mount -t tmpfs only-there $T/only-there"
	pid=${HOLDERS[0]}
	IN=()
	with_path mount "/proc/$pid/ns/mnt"
	payload ns
	passes
	equal "$(value ns_mnt)" "$(readlink "/proc/$pid/ns/mnt")"
}

@test "our own mount namespace can't be joined: its root is the host's" {
	hold true # a runtime that errs here must not do it to this host
	host=${HOLDERS[0]}
	for path in /proc/self/ns/mnt "/proc/$host/ns/mnt" /proc/thread-self/ns/mnt; do
		for options in '' --no-pivot; do
			with_path mount "$path"
			payload say joined
			# shellcheck disable=SC2086
			container $options
			assert_error 'linux.namespaces[5].path' "$path is the mount namespace of ocirun itself"
		done
	done
	ln -s "/proc/$host/ns/mnt" "$T/by-another-name"
	with_path mount "$T/by-another-name"
	container
	assert_error 'linux.namespaces[5].path' "mount namespace of ocirun itself"
	equal "$("${IN[@]}" stat -c %i /)" "$(stat -c %i /)"
}

@test "in a user namespace that denies setgroups none of the caller's groups are left" {
	unshare -U --map-root-user sleep 100 3>&- & holder=$!
	HOLDERS+=("$holder")
	until_true grep -q . /proc/$holder/uid_map
	equal "$(cat /proc/$holder/setgroups)" deny
	with_path user "/proc/$holder/ns/user"
	config '.linux.namespaces |= map(select(.type == "user" or .type == "mount" or .type == "pid" or .type == "uts"))
		| .mounts |= map(select(.type == "proc" or .type == "tmpfs"))'
	payload ns ids
	status=0
	timeout --foreground 30 setpriv --groups 4,24,27 "$OCIRUN" --root "$ROOT" run --bundle "$B" "$C" >"$T/out" 2>"$T/err" 3>&- || status=$?
	out=$(<"$T/out") err=$(<"$T/err")
	assert_success
	line setgroups=deny
	line groups=
}

# Otherwise its first words came before the helper's, now and then.
@test "init that a helper has made waits until the parent knows of it" {
	config '.linux.namespaces += [{type: "time"}]'
	payload true
	OCIRUN_TRACE=steps passes
	equal "$(sed -nE 's/.*(helper says: born|parent says: placed|child: session).*/\1/p' <<<"$err" | tail -n 3)" $'helper says: born\nparent says: placed\nchild: session'
}

# A process $holder in a time namespace of its own. Not the one that makes it: before Linux 6.3 only its children are in it.
hold_time() {
	unshare -T --monotonic 5000 --boottime 5000 --fork --kill-child sleep 100 3>&- &
	HOLDERS+=("$!")
	until_true pgrep -P $! sleep
	holder=$(pgrep -P $! sleep)
}

@test "a time namespace is joined by path" {
	hold_time
	with_path time "/proc/$holder/ns/time"
	payload ns
	passes
	equal "$(value ns_time)" "$(readlink "/proc/$holder/ns/time")"
}

@test "a path that does not exist is an error that names field and path" {
	with_path network /no/such/namespace
	container
	assert_error 'linux.namespaces[5]' /no/such/namespace
}

@test "a path that is no namespace is an error that names field and path" {
	touch "$T/file"
	with_path network "$T/file"
	container
	assert_error 'linux.namespaces[5]' "$T/file"
}

@test "a namespace of another type is an error that names field and path" {
	with_path network /proc/self/ns/ipc
	container
	assert_error 'linux.namespaces[5]' /proc/self/ns/ipc
}

@test "a relative path is an error that names the field" {
	with_path network ns/net
	container
	assert_error 'linux.namespaces[5]' ns/net
}

@test "all eight namespaces are joined at once" {
	unshare -U --map-root-user -m -n -i -u -C -T -p -f --mount-proc sleep 100 3>&- & outer=$!
	HOLDERS+=("$outer")
	until_true pgrep -P "$outer" >"$T/pid"
	holder=$(cat "$T/pid")
	HOLDERS+=("$holder")
	until_true eval '[ "$(readlink /proc/$holder/ns/time)" != "$(host_ns time)" ] && grep -q . /proc/$holder/uid_map'
	config --arg ns "/proc/$holder/ns" 'del(.hostname) | .linux.namespaces = [
		["cgroup", "cgroup"], ["ipc", "ipc"], ["mount", "mnt"], ["network", "net"], ["pid", "pid"], ["time", "time"], ["user", "user"], ["uts", "uts"]
		| {type: .[0], path: "\($ns)/\(.[1])"}]
		| .mounts |= map(select(.type != "cgroup"))'
	payload ns ids
	passes
	for ns in cgroup ipc mnt net pid time user uts; do equal "$(value ns_$ns)" "$(readlink "/proc/$holder/ns/$ns")"; done
	line uid=0
}

@test "each type of namespace has to be what its path is" {
	for pair in cgroup:uts ipc:net mount:ipc network:uts pid:net time:ipc user:uts uts:cgroup; do
		base_config >"$B/config.json"
		config 'del(.hostname)'
		with_path "${pair%:*}" "/proc/self/ns/${pair#*:}"
		container
		assert_error 'linux.namespaces[' "].path: /proc/self/ns/${pair#*:} is not a ${pair%:*} namespace"
	done
}

@test "a namespace is joined by a file that it is mounted on, as ip netns does it" {
	hold "touch $T/netns && unshare --net=$T/netns true"
	with_path network "$T/netns"
	payload ns net
	passes
	equal "$(value ns_net)" "$("${IN[@]}" sh -c "stat -Lc 'net:[%i]' $T/netns")"
	[ "$(value ns_net)" != "$(host_ns net)" ]
}

@test "a path that would wait for a writer is an error, not a wait" {
	mkfifo "$T/fifo"
	with_path ipc "$T/fifo"
	container
	assert_error 'linux.namespaces[5].path' "$T/fifo"
	with_path ipc "$T"
	container
	assert_error 'linux.namespaces[5].path' "$T is not a"
}

@test "hostname and sysctl are set in the namespaces that are joined" {
	unshare -u -n sleep 100 3>&- & holder=$!
	HOLDERS+=("$holder")
	until_true eval '[ "$(readlink /proc/$holder/ns/net)" != "$(host_ns net)" ]'
	with_path uts "/proc/$holder/ns/uts"
	with_path network "/proc/$holder/ns/net"
	config '.hostname = "joined" | .linux.sysctl = {"net.ipv4.ip_forward": "1"}'
	passes
	equal "$(nsenter -t "$holder" -u uname -n)" joined
	equal "$(nsenter -t "$holder" -n cat /proc/sys/net/ipv4/ip_forward)" 1
	[ "$(uname -n)" != joined ]
}

# --- user namespaces -----------------------------------------------------------------------------------------------------------------------

@test "uidMappings and gidMappings are the new user namespace's" {
	user_namespace
	config '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 1000}, {containerID: 5000, hostID: 300000, size: 1}]
		| .linux.gidMappings = [{containerID: 0, hostID: 100000, size: 2000}]'
	payload ns ids
	passes
	equal "$(value uid_map | tr -s ' ')" $' 0 100000 1000\n 5000 300000 1'
	equal "$(value gid_map | tr -s ' ')" " 0 100000 2000"
	line uid=0
	line gid=0
}

@test "files made in a user namespace belong to the mapped ids" {
	user_namespace
	config '.process.user = {uid: 7, gid: 8}'
	payload write /tmp/new text
	passes
	equal "$(stat -c %u:%g "$B/rootfs/tmp/new")" 100007:100008
}

@test "other ids and groups work in a user namespace" {
	user_namespace
	config '.process.user = {uid: 1000, gid: 1000, additionalGids: [5, 6]}'
	payload ids
	passes
	line uid=1000
	line gid=1000
	matches 'groups=(1000,)?5,6(,1000)?'
}

@test "id 0 need not be mapped" {
	user_namespace
	config '.linux.uidMappings[0].containerID = 1000 | .linux.gidMappings[0].containerID = 1000 | .process.user = {uid: 1000, gid: 1000}
		| .mounts |= map(select(.type != "devpts" and .type != "cgroup"))'
	payload ids
	passes
	line uid=1000
}

@test "a user that is not mapped is an error that names the field" {
	user_namespace
	config '.process.user.uid = 70000'
	container
	assert_error process.user 70000
}

@test "capabilities are kept where id 0 is not mapped, until the program runs" {
	user_namespace
	config '.linux.uidMappings[0].containerID = 1000 | .linux.gidMappings[0].containerID = 1000 | .process.user = {uid: 1005, gid: 1006}
		| .mounts |= map(select(.type != "devpts" and .type != "cgroup")) | .linux.sysctl = {"net.ipv4.ip_forward": "1"}
		| .process.capabilities.permitted = ["CAP_KILL"] | .process.capabilities.effective = ["CAP_KILL"]'
	payload ids caps host sysctl net.ipv4.ip_forward
	passes
	line uid=1005
	line gid=1006
	line groups=
	line hostname=box
	line sysctl_net.ipv4.ip_forward=1
	# By an id other than 0 only ambient ones would come through the execve; none was asked for.
	matches 'cap_permitted=0+'
	matches 'cap_effective=0+'
	matches 'cap_ambient=0+'
}

@test "mappings that overlap are an error that names both" {
	user_namespace
	config '.linux.uidMappings += [{containerID: 65535, hostID: 300000, size: 5}]'
	container
	assert_error 'linux.uidMappings[1].containerID: 65535 with size 5 overlaps linux.uidMappings[0]'
	config '.linux.uidMappings[1] = {containerID: 70000, hostID: 165535, size: 5}'
	container
	assert_error 'linux.uidMappings[1].hostID: 165535 with size 5 overlaps linux.uidMappings[0]'
}

@test "340 mappings work, and one more is an error with the limit" {
	user_namespace
	chown -R 1000:100000 "$B/rootfs/dev" "$B/rootfs/proc" "$B/rootfs/sys"
	config '.linux.uidMappings = [range(340) | {containerID: ., hostID: (1000 + .), size: 1}] | .process.user.uid = 339'
	payload ids ns
	passes
	line uid=339
	equal "$(value uid_map | wc -l)" 340
	config '.linux.uidMappings += [{containerID: 340, hostID: 9000, size: 1}]'
	container
	assert_error "linux.uidMappings: 341 mappings, more than the kernel's 340"
}

@test "maps whose text is longer than the kernel takes are an error that says so" {
	user_namespace
	config '.linux.gidMappings = [range(340) | {containerID: ., hostID: (1000000000 + 2 * .), size: 1}]'
	container
	assert_error "linux.gidMappings: write the gid_map of a user namespace: Argument list too long" "bytes of text"
}

@test "CVE-2021-43784: 64 KiB of mappings are an error, and nothing else" {
	user_namespace
	config '.linux.uidMappings = [range(20000) | {containerID: (2 * .), hostID: (100000 + 2 * .), size: 1}]'
	[ "$(wc -c <"$B/config.json")" -gt 65536 ]
	container
	assert_error "linux.uidMappings: 20000 mappings, more than the kernel's 340"
}

# hold_user_namespace UIDS GIDS: $holder is a process in a new user namespace with these maps.
hold_user_namespace() {
	unshare -U sleep 100 3>&- & holder=$!
	HOLDERS+=("$holder")
	until_true eval '[ "$(readlink /proc/$holder/ns/user)" != "$(host_ns user)" ]'
	echo "$1" >"$T/map"
	cat "$T/map" >"/proc/$holder/uid_map" # by one write
	echo "$2" >"/proc/$holder/gid_map"
}

@test "mappings beside a user namespace that is joined must be its own" {
	hold_user_namespace $'5 105000 10\n0 100000 2' '0 100000 5'
	user_namespace
	# A namespace keeps its maps when its path is not below /proc/PID.
	touch "$T/user"
	hold "mount --bind /proc/$holder/ns/user $T/user"
	with_path user "$T/user"
	config '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 2}, {containerID: 5, hostID: 105000, size: 10}]
		| .linux.gidMappings = [{containerID: 0, hostID: 100000, size: 5}] | .process.user.uid = 14
		| .mounts |= map(select(.type != "devpts"))'
	payload ids ns
	passes
	line uid=14
	equal "$(value ns_user)" "$(readlink "/proc/$holder/ns/user")"
	config '.linux.uidMappings[1].size = 11'
	container
	assert_error "linux.uidMappings: differs from the maps of the user namespace that is joined" "leave both mappings out"
	config '.linux.uidMappings[1].size = 10 | .linux.gidMappings += [{containerID: 5, hostID: 100005, size: 1}]'
	container
	assert_error "linux.gidMappings: differs from"
}

@test "a user namespace is joined in which id 0 is not mapped" {
	hold_user_namespace '1000 100000 10' '1000 100000 10'
	user_namespace
	with_path user "/proc/$holder/ns/user"
	config 'del(.linux.uidMappings, .linux.gidMappings) | .process.user = {uid: 1005, gid: 1006, additionalGids: [1007]}
		| .mounts |= map(select(.type != "devpts")) | .linux.sysctl = {"net.ipv4.ip_forward": "1"}'
	payload ids ns caps sysctl net.ipv4.ip_forward
	passes
	line uid=1005
	line gid=1006
	line sysctl_net.ipv4.ip_forward=1
	equal "$(value ns_user)" "$(readlink "/proc/$holder/ns/user")"
	matches 'cap_permitted=0+'
	matches 'cap_ambient=0+'
	config '.process.user.uid = 0'
	container
	assert_error "process.user.uid: become user 0" "does not map it"
}

@test "a limit on namespaces is an error that says where it is" {
	user_namespace
	config '.linux.namespaces |= map(select(.type != "user")) | del(.linux.uidMappings, .linux.gidMappings)'
	try unshare -Ur -m sh -c 'echo 0 >/proc/sys/user/max_uts_namespaces && exec "$@"' sh timeout 30 "$OCIRUN" --root "$ROOT" --cgroup-manager disabled run --bundle "$B" "$C"
	assert_error "No space left on device" "/proc/sys/user"
}

@test "mappings without a user namespace are an error" {
	config '.linux.uidMappings = [{containerID: 0, hostID: 1000, size: 1}]'
	container
	assert_error linux.uidMappings
}

@test "a rootfs that only root can come to works in a user namespace" {
	user_namespace
	mkdir -m 700 "$T/closed"
	mv "$B/rootfs" "$T/closed/rootfs"
	config --arg path "$T/closed/rootfs" '.root.path = $path'
	payload say inside
	passes
	line inside
	config '.linux.namespaces += [{type: "time"}]'
	passes
	line inside
}

@test "a bind source that only root can come to works in a user namespace" {
	user_namespace
	mkdir -p "$T/closed/source"
	chmod 700 "$T/closed"
	echo text >"$T/closed/source/file"
	config --arg source "$T/closed/source" '.mounts += [{destination: "/data", type: "bind", source: $source, options: ["bind", "ro"]}]'
	payload file /data/file
	passes
	line file=text
}

@test "the container's root owns the mqueue of a user namespace" {
	user_namespace
	payload stat /dev/mqueue
	passes
	matches 'stat=/dev/mqueue d 1777 0:0 .*'
	config '.linux.timeOffsets = {monotonic: {secs: 1}} | .linux.namespaces += [{type: "time"}]'
	passes
	matches 'stat=/dev/mqueue d 1777 0:0 .*'
}

@test "devices are there in a user namespace" {
	user_namespace
	payload stat /dev/null stat /dev/zero stat /dev/random stat /dev/tty access /dev/null write /dev/null x
	passes
	matches 'stat=/dev/null c 0666 .* 1:3 .*'
	matches 'stat=/dev/zero c 0666 .* 1:5 .*'
	line "write=/dev/null yes"
}

# --- hostname, domainname, sysctl, time ------------------------------------------------------------------------------------------------------

@test "hostname and domainname are set" {
	config '.hostname = "mrs-dalloway" | .domainname = "example.org"'
	payload host
	passes
	line hostname=mrs-dalloway
	line domainname=example.org
}

@test "without hostname the container keeps the host's name" {
	config 'del(.hostname)'
	payload host
	passes
	line "hostname=$(uname -n)"
}

@test "hostname without a uts namespace is an error that names both" {
	without uts
	container
	assert_error hostname uts
	equal "$(uname -n)" "$("$PAYLOAD" host | sed -n 's/^hostname=//p')"
}

@test "domainname without a uts namespace is an error that names both" {
	without uts
	config 'del(.hostname) | .domainname = "example.org"'
	container
	assert_error domainname uts
}

@test "a hostname that is too long is an error that names the field" {
	config '.hostname = "x" * 65'
	container
	assert_error hostname
}

@test "sysctls are set in the container's namespaces" {
	config '.linux.sysctl = {"net.ipv4.ip_forward": "1", "kernel.shm_rmid_forced": "1", "fs.mqueue.msg_max": "77", "net.ipv4.ping_group_range": "0 5"}'
	before=$(cat /proc/sys/fs/mqueue/msg_max)
	payload sysctl net.ipv4.ip_forward sysctl kernel.shm_rmid_forced sysctl fs.mqueue.msg_max sysctl net.ipv4.ping_group_range
	passes
	line sysctl_net.ipv4.ip_forward=1
	line sysctl_kernel.shm_rmid_forced=1
	line sysctl_fs.mqueue.msg_max=77
	line $'sysctl_net.ipv4.ping_group_range=0\t5'
	equal "$(cat /proc/sys/fs/mqueue/msg_max)" "$before"
}

@test "sysctls take slashes as separator too" {
	config '.linux.sysctl = {"net/ipv4/ip_forward": "1"}'
	payload sysctl net.ipv4.ip_forward
	passes
	line sysctl_net.ipv4.ip_forward=1
}

@test "sysctls are set in the container's user namespace too" {
	user_namespace
	config '.linux.sysctl = {"net.ipv4.ip_unprivileged_port_start": "80"}'
	payload sysctl net.ipv4.ip_unprivileged_port_start
	passes
	line sysctl_net.ipv4.ip_unprivileged_port_start=80
}

@test "a sysctl without its namespace is an error that names it, and the host's stays" {
	for pair in network=net.ipv4.ip_forward ipc=kernel.shm_rmid_forced ipc=fs.mqueue.msg_max; do
		base_config >"$B/config.json"
		without "${pair%=*}"
		name=${pair#*=}
		before=$(cat "/proc/sys/${name//.//}")
		config --arg name "$name" '.linux.sysctl[$name] = "33"'
		container
		assert_error linux.sysctl "$name"
		equal "$(cat "/proc/sys/${name//.//}")" "$before"
	done
}

@test "a sysctl that is the whole host's is an error that names it" {
	for name in kernel.pid_max vm.swappiness kernel.core_pattern fs.file-max; do
		config --arg name "$name" '.linux.sysctl = {($name): "1"}'
		container
		assert_error linux.sysctl "$name"
	done
}

@test "kernel.domainname is set, unless the field of its own says so too" {
	config '.linux.sysctl = {"kernel/domainname": "domain"}'
	payload host
	passes
	line domainname=domain
	config '.domainname = "box"'
	container
	assert_error 'linux.sysctl["kernel/domainname"]: conflicts with domainname'
}

@test "sysctls of the user namespace are set in it, and the host's stay" {
	user_namespace
	host=$(cat /proc/sys/user/max_mnt_namespaces)
	config '.linux.sysctl = {"user.max_mnt_namespaces": "77"}'
	payload sysctl user.max_mnt_namespaces
	passes
	line sysctl_user.max_mnt_namespaces=77
	equal "$(cat /proc/sys/user/max_mnt_namespaces)" "$host"
}

@test "a value that the kernel refuses is an error that names sysctl and value" {
	config '.linux.sysctl = {"kernel.shm_rmid_forced": "never"}'
	container
	assert_error 'linux.sysctl["kernel.shm_rmid_forced"]: set it to "never": Invalid argument (EINVAL)'
}

@test "an empty value is written too: it empties a text, and is no number" {
	config '.linux.sysctl = {"kernel.domainname": ""}'
	payload host
	IN=(unshare -u sh -c 'echo somewhere >/proc/sys/kernel/domainname; exec "$@"' sh)
	passes
	line domainname=
	config '.linux.sysctl = {"kernel.shm_rmid_forced": ""}'
	container
	assert_error 'linux.sysctl["kernel.shm_rmid_forced"]: set it to "": Invalid argument (EINVAL)'
}

@test "--no-pivot: what a joined mount namespace has in the place of /proc is no procfs, and holds nobody up" {
	hold 'mount -t tmpfs fake /proc; mkdir -p /proc/self/fd; ln -s -t /proc/self/fd $(seq 99); mkfifo /proc/self/mountinfo'
	with_path mount "/proc/${HOLDERS[-1]}/ns/mnt"
	IN=()
	container --no-pivot
	assert_error "/proc is not a proc filesystem"
}

# fake_proc MAP COMMANDS: join a user namespace of that map, with a mount namespace in which COMMANDS have put something else in the place of /proc.
fake_proc() {
	unshare -Um --keep-caps sh -c 'until [ -e '"$T"'/mapped ]; do sleep 0.02; done; mount -t tmpfs fake /proc && mkdir -p /proc/self && '"$2"'; echo ready; exec sleep 300' >"$T/holder" 2>&1 3>&- &
	HOLDERS+=($!)
	apart() { [ "$(readlink "/proc/${HOLDERS[-1]}/ns/mnt")" != "$(host_ns mnt)" ]; }
	until_true apart
	for which in uid gid; do echo "$1" >"/proc/${HOLDERS[-1]}/${which}_map"; done
	touch "$T/mapped"
	until_true grep -q ready "$T/holder"
	with_path user "/proc/${HOLDERS[-1]}/ns/user"
	with_path mount "/proc/${HOLDERS[-1]}/ns/mnt"
}

@test "CVE-2025-52881: what a joined mount namespace has in the place of /proc gets no sysctl" {
	payload true
	# Only there is no procfs of our own to be had: the kernel wants to see one that nothing covers.
	fake_proc "0 0 4294967295" 'mkdir -p /proc/sys/net/ipv4 && for f in self/uid_map self/gid_map; do echo 0 0 4294967295 >/proc/$f; done && touch /proc/sys/net/ipv4/ip_forward'
	config '.mounts = [] | .linux.maskedPaths = [] | .linux.readonlyPaths = [] | .linux.sysctl = {"net.ipv4.ip_forward": "1"}'
	container
	assert_error 'linux.sysctl: /proc is not a proc filesystem'
}

@test "ids of a user namespace are not waited for where a joined mount namespace has something else in the place of /proc" {
	payload true
	fake_proc "1 0 9" 'mkfifo /proc/self/uid_map /proc/self/gid_map'
	container
	assert_error "become gid 0 of the user namespace"
}

@test "what would change a namespace that is joined and is the host's is an error" {
	host=$(cat /proc/sys/net/ipv4/ip_forward)
	with_path network /proc/self/ns/net
	config '.linux.sysctl = {"net.ipv4.ip_forward": "1"}'
	hold true
	container
	assert_error 'linux.sysctl["net.ipv4.ip_forward"]: ' "is ocirun's own network namespace"
	equal "$(cat /proc/sys/net/ipv4/ip_forward)" "$host"
	config 'del(.linux.sysctl)'
	payload ns
	passes
	equal "$(value ns_net)" "$(readlink /proc/self/ns/net)"
	with_path uts /proc/self/ns/uts
	container
	assert_error "/proc/self/ns/uts is the uts namespace of ocirun itself" "hostname would become the host's"
	config 'del(.hostname)'
	passes
}

@test "a sysctl's name can't lead elsewhere" {
	for name in net.ipv4...core_pattern net/../kernel/core_pattern net./ipv4/ip_forward net.ipv4.no_such_thing net; do
		config --arg name "$name" '.linux.sysctl = {($name): "1"}'
		container
		assert_error linux.sysctl
	done
}

@test "timeOffsets are the new time namespace's" {
	config '.linux.namespaces += [{type: "time"}] | .linux.timeOffsets = {monotonic: {secs: 7777, nanosecs: 5}, boottime: {secs: 1000000, nanosecs: 0}}'
	payload ns file /proc/uptime
	passes
	equal "$(value timens_offsets | tr -s ' ')" $'monotonic 7777 5\nboottime 1000000 0'
	[ "$(value file | cut -d. -f1)" -ge 1000000 ]
	[ "$(value ns_time)" != "$(host_ns time)" ]
}

@test "timeOffsets without a time namespace are an error" {
	config '.linux.timeOffsets = {monotonic: {secs: 7777, nanosecs: 5}}'
	container
	assert_error linux.timeOffsets
}

@test "timeOffsets for a time namespace that is joined are an error: its clocks are set" {
	hold_time
	with_path time "/proc/$holder/ns/time"
	config '.linux.timeOffsets = {boottime: {secs: 1000}}'
	container
	assert_error 'linux.timeOffsets' 'linux.namespaces'
	config '.linux.timeOffsets = {}'
	passes
}

@test "timeOffsets may be negative, not so that a clock would be before its beginning" {
	config '.linux.namespaces += [{type: "time"}] | .linux.timeOffsets = {boottime: {secs: -1, nanosecs: 999999999}}'
	payload ns
	passes
	equal "$(value timens_offsets | tr -s ' ' | tail -n 1)" "boottime -1 999999999"
	for offsets in '{monotonic: {secs: -1000000000}}' '{boottime: {secs: 4611686018427387904}}'; do
		config ".linux.timeOffsets = $offsets"
		container
		assert_error "linux.timeOffsets: set the clocks' offsets" ERANGE
	done
	config '.linux.timeOffsets = {monotonic: {secs: 1, nanosecs: 1000000000}, boottime: {secs: "1"}}'
	container
	assert_error linux.timeOffsets.boottime.secs
	config '.linux.timeOffsets = {monotonic: {secs: 1, nanosecs: 1000000000}}'
	container
	assert_error 'linux.timeOffsets.monotonic.nanosecs: 1000000000 is out of range'
}

@test "time and user namespaces go together" {
	user_namespace
	config '.linux.namespaces += [{type: "time"}] | .linux.timeOffsets = {boottime: {secs: 1000000, nanosecs: 0}}'
	payload ns file /proc/uptime
	passes
	[ "$(value file | cut -d. -f1)" -ge 1000000 ]
}

@test "the example bundle of a time namespace has been up for a hundred days" {
	[ -d "$repo/bundles/time-namespace/rootfs" ] || skip "make bundles has not been run"
	try oci run --bundle "$repo/bundles/time-namespace" "$C"
	assert_success
	[[ $out =~ up\ 1[0-9][0-9]\ days ]] || fail
}

# --- without a mount namespace -------------------------------------------------------------------------------------------------------------------

@test "without a mount namespace the host's mounts stay as they are" {
	without mount
	config '.mounts = [] | .linux.maskedPaths = [] | .linux.readonlyPaths = []'
	hold true # a runtime that errs here must not do it to this host
	before=$("${IN[@]}" cat /proc/self/mountinfo)
	payload say hello
	container
	[ "$status" -eq 0 ] || assert_error mount
	equal "$("${IN[@]}" cat /proc/self/mountinfo)" "$before"
}

# apart: a bundle without a mount namespace that has mounts all the same.
apart() {
	without mount
	config '.linux.maskedPaths = [] | .linux.readonlyPaths = []'
	hold true
	before=$("${IN[@]}" cat /proc/self/mountinfo)
}
host_mounts_as_before() { equal "$("${IN[@]}" cat /proc/self/mountinfo)" "$before"; }

@test "without a mount namespace the mounts are the container's alone, for exec too, and go with it" {
	need_root
	apart
	mkdir -p "$T/volume"
	config --arg volume "$T/volume" '.mounts += [{destination: "/volume", type: "bind", source: $volume, options: ["bind"]}]'
	payload write /volume/file text say written sleep 100
	running
	until_line written
	host_mounts_as_before
	equal "$("${IN[@]}" readlink "/proc/$(pid_of)/ns/mnt")" "$("${IN[@]}" readlink /proc/self/ns/mnt)"
	equal "$(cat "$T/volume/file")" text
	try oci exec "$C" sh -c 'cat /volume/file /proc/1/comm; [ -c /dev/null ] && [ -e /dev/ptmx ] && echo devices; ls -d /sys/kernel; pwd; cd ..; pwd'
	assert_success
	equal "$(xargs <<<"$out")" "textpayload devices /sys/kernel / /"
	equal "$(ls -A "$B/rootfs/proc" "$B/rootfs/dev" | tr -d '\n')" "$B/rootfs/dev:$B/rootfs/proc:"
	try oci delete --force "$C"
	assert_success
	host_mounts_as_before
}

@test "without a mount namespace nothing leads up from such a root" {
	need_root
	apart
	echo secret >"$T/secret"
	config '.process.capabilities |= map_values(. + ["CAP_SYS_CHROOT"])'
	payload climb stat "$T/secret" stat /bin/payload
	container
	line climb=done
	line "stat=$T/secret (ENOENT)"
	matches 'stat=/bin/payload - .*'
}

@test "without a mount namespace the root can be read-only" {
	need_root
	apart
	config '.root.readonly = true'
	shell 'echo x >/dev/shm/file && echo shm; touch /file'
	container
	line shm
	contains "$err" "Read-only file system"
	host_mounts_as_before
	absent "$B/rootfs/file"
}

@test "without a mount namespace the create hooks find the mounts by the container's pid" {
	need_root
	apart
	config --arg hook "nsenter -t \$(sed -E 's/.*\"pid\": ?([0-9]+).*/\\1/') -m sh -c 'stat -f -c %T $B/rootfs/proc $B/rootfs/dev/shm' >$T/seen" \
		'.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", $hook], env: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"]}]'
	payload say hello
	container
	passes
	line hello
	equal "$(xargs <"$T/seen")" "proc tmpfs"
	host_mounts_as_before
}

@test "mounts without a mount namespace but with a user namespace are an error that names both" {
	user_namespace
	without mount
	config '.linux.maskedPaths = [] | .linux.readonlyPaths = []'
	container
	assert_error mounts '"mount"' '"user"'
	config '.mounts = [] | .root.readonly = true'
	container
	assert_error root.readonly '"mount"' '"user"'
}

@test "mounts without a mount namespace, where that is another user namespace's, are an error with a hint" {
	need_root
	unshare -U true 2>/dev/null || skip "no user namespaces here"
	without mount
	config '.linux.maskedPaths = [] | .linux.readonlyPaths = [] | .mounts |= map(select(.type == "tmpfs"))'
	IN=(unshare -Ur)
	try oci --cgroup-manager disabled run --bundle "$B" "$C"
	assert_error "mounts: return to the host's mount namespace: Operation not permitted (EPERM)" 'list a namespace of type "mount"'
	config '.mounts = [] | .root.readonly = true'
	try oci --cgroup-manager disabled run --bundle "$B" "$C"
	assert_error "root.readonly: return to the host's mount namespace" 'list a namespace of type "mount"'
	equal "$(ls -A "$ROOT")" ""
}

@test "masked and read-only paths without a mount namespace are an error that names both" {
	without mount
	config '.mounts = [] | .linux.maskedPaths = ["/etc"] | .linux.readonlyPaths = []'
	hold true
	container
	assert_error mount
}
