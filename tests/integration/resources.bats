#!/usr/bin/env bats
# shellcheck shell=bats
# config-linux.md, linux.resources: each limit in the kernel's file and, where it can be seen, in what it does. On whatever cgroups this host
# has; what it has not is skipped here and proven in the VM.
load helpers

resources() { config "$@" ".linux.resources = $(cat)"; }
sleeping() {
	payload sleep 100
	running
}
a_disk() { lsblk -dno MAJ:MIN,TYPE 2>/dev/null | awk '$2 == "disk" { print $1; exit }'; }

# --- memory -------------------------------------------------------------------------------------------------------------------------------

@test "memory.limit, reservation and swap are in the kernel's files before start" {
	need_controller memory
	resources <<<'{memory: {limit: 33554432, reservation: 16777216, swap: 50331648}}'
	create
	assert_success
	equal "$(limit memory.limit_in_bytes memory.max)" 33554432
	equal "$(limit memory.soft_limit_in_bytes memory.low)" 16777216
	if in_v1 memory; then
		equal "$(limit memory.memsw.limit_in_bytes -)" 50331648
	else
		equal "$(limit - memory.swap.max)" 16777216
	fi
}

@test "what is over memory.limit is killed" {
	need_controller memory
	resources <<<'{memory: {limit: 16777216, swap: 16777216}}'
	args dd if=/dev/zero of=/dev/null bs=64M count=1
	container
	assert_exit 137
	args dd if=/dev/zero of=/dev/null bs=1M count=1
	passes
}

@test "a memory.limit that is too small for init is an error that names it, and leaves nothing" {
	need_controller memory
	resources <<<'{memory: {limit: 4096}}'
	container
	[ "$status" -ne 0 ]
	contains "$err" linux.resources.memory.limit
	equal "$(ls -A "$ROOT")" ""
	no_cgroups
}

@test "a static program runs with 512 KiB: what is the runtime's own is not charged to it" {
	need_controller memory
	need_static
	resources <<<'{memory: {limit: 524288}}'
	payload true
	passes
	create
	assert_success
	charged=$(limit memory.stat memory.stat | sed -nE 's/^(rss|anon) //p')
	[ "$charged" -lt 102400 ] || fail "charged: $charged"
}

# A lot of pages that the kernel has taken for a cgroup, and nobody uses yet, is no reason to fail: the limit is there before init is.
@test "with hardly more memory than it takes the runtime is not killed for what the kernel takes in lots" {
	need_controller memory
	need_static
	cp "$(dirname "$OCIRUN")/bench/true" "$B/rootfs/bin/nothing"
	resources <<<'{memory: {limit: 237568}}'
	args /bin/nothing
	for _ in 1 2 3 4 5 6; do
		passes
	done
}

@test "with as little memory the container is in its cgroup all the same" {
	need_controller memory
	need_static
	resources <<<'{memory: {limit: 983040}}'
	payload ns sleep 100
	for filter in . 'del(.linux.namespaces[] | select(.type == "cgroup"))'; do
		config "$filter"
		running
		equal "$(limit memory.limit_in_bytes memory.max)" 983040
		grep -qx "$(pid_of "$C")" "$(place memory. memory. | head -n 1)/cgroup.procs"
		oci delete --force "$C"
	done
	user_namespace
	running
	grep -qx "$(pid_of "$C")" "$(place memory. memory. | head -n 1)/cgroup.procs"
}

@test "memory: -1 lifts a limit, 0 asks for nothing" {
	need_controller memory
	resources <<<'{memory: {limit: -1, swap: -1, reservation: 0, kernel: 0, kernelTCP: 0, disableOOMKiller: false}}'
	sleeping
	if in_v1 memory; then
		[ "$(limit memory.limit_in_bytes -)" -gt 1000000000000 ]
	else
		equal "$(limit - memory.max)" max
	fi
}

@test "memory: what only cgroup v1 has is set there, and is an error on v2" {
	for field in 'swappiness: 10' 'disableOOMKiller: true' 'kernelTCP: 1048576'; do
		resources <<<"{memory: {$field}}"
		container
		if in_v1 memory; then
			assert_success
		else
			assert_error "linux.resources.memory.${field%%:*}: can't be set: it needs the memory controller of cgroup v1, and this host has"
		fi
	done
	in_v1 memory || return 0
	resources <<<'{memory: {swappiness: 10, disableOOMKiller: true, useHierarchy: true}}'
	sleeping
	equal "$(limit memory.swappiness -)" 10
	limit memory.oom_control - | grep -qx 'oom_kill_disable 1'
}

# --- processes ----------------------------------------------------------------------------------------------------------------------------

@test "pids.limit stops a fork bomb" {
	need_controller pids
	resources <<<'{pids: {limit: 12}}'
	shell 'bomb() { bomb | bomb & }; bomb; sleep 1'
	container
	contains "$err" "can't fork"
	shell 'i=0; while [ $i -lt 30 ]; do sleep 100 & i=$((i + 1)); done'
	container
	[ "$status" -ne 0 ]
	contains "$err" "can't fork"
	sleeping
	equal "$(limit pids.max pids.max)" 12
}

@test "pids.limit 0 and 1 let init live alone, also in joined namespaces" {
	need_controller pids
	unshare -n sleep 300 3>&- & holder=$!
	HOLDERS+=("$holder")
	sleep 0.2
	for number in 0 1; do
		resources <<<"{pids: {limit: $number}}"
		payload say alone
		passes
		line alone
		config --arg path "/proc/$holder/ns/net" '.linux.namespaces |= map(if .type == "network" then .path = $path else . end)'
		passes
		line alone
		config '.linux.namespaces |= map(del(.path))'
	done
	shell 'sleep 1 & wait'
	container
	[ "$status" -ne 0 ]
}

@test "pids.limit -1 is no limit" {
	need_controller pids
	resources <<<'{pids: {limit: -1}}'
	sleeping
	equal "$(limit pids.max pids.max)" max
}

# --- processors ---------------------------------------------------------------------------------------------------------------------------

@test "cpu.shares, quota, period and burst" {
	need_controller cpu
	resources <<<'{cpu: {shares: 512, quota: 20000, period: 50000, burst: 10000}}'
	sleeping
	if in_v1 cpu; then
		equal "$(limit cpu.shares -)" 512
		equal "$(limit cpu.cfs_quota_us -) $(limit cpu.cfs_period_us -)" "20000 50000"
		equal "$(limit cpu.cfs_burst_us -)" 10000
	else
		equal "$(limit - cpu.weight)" 59
		equal "$(limit - cpu.max)" "20000 50000"
		equal "$(limit - cpu.max.burst)" 10000
	fi
}

@test "cpu.quota throttles" {
	need_controller cpu
	resources <<<'{cpu: {quota: 5000, period: 100000}}'
	shell 'while :; do :; done'
	running
	throttled() { limit cpu.stat cpu.stat | grep -q '^nr_throttled [1-9]'; }
	until_true throttled
}

@test "cpu.period alone, and a quota with the default period" {
	need_controller cpu
	resources <<<'{cpu: {period: 50000}}'
	sleeping
	if in_v1 cpu; then
		equal "$(limit cpu.cfs_quota_us -) $(limit cpu.cfs_period_us -)" "-1 50000"
	else
		equal "$(limit - cpu.max)" "max 50000"
	fi
	oci delete --force "$C"
	resources <<<'{cpu: {quota: 20000}}'
	sleeping
	in_v1 cpu && equal "$(limit cpu.cfs_quota_us -)" 20000 || equal "$(limit - cpu.max)" "20000 100000"
}

@test "cpu.cpus and mems say where it runs" {
	need_controller cpuset
	resources <<<'{cpu: {cpus: "0", mems: "0"}}'
	payload file /proc/self/status
	passes
	matches $'.*Cpus_allowed_list:.*[^0-9]0'
	matches $'.*Mems_allowed_list:.*[^0-9]0'
}

@test "cpu.idle, with shares" {
	need_controller cpu
	resources <<<'{cpu: {shares: 512, idle: 1}}'
	sleeping
	equal "$(limit cpu.idle cpu.idle)" 1
}

@test "a value that the kernel refuses is an error with field, value and file; the cgroup is gone" {
	need_controller cpuset
	resources <<<'{cpu: {cpus: "4000"}, pids: {limit: 5}}'
	container
	assert_error 'linux.resources.cpu.cpus: write "4000" to /sys/fs/cgroup/' cpuset.cpus
	equal "$(ls -A "$ROOT")" ""
	no_cgroups
}

@test "cpu.realtimeRuntime is for cgroup v1 and a kernel that has it" {
	resources <<<'{cpu: {realtimePeriod: 1000000, realtimeRuntime: 1000}}'
	container
	[ "$status" -eq 0 ] || assert_error linux.resources.cpu.realtime
	in_v1 cpu || assert_error "linux.resources.cpu.realtimeRuntime: can't be set: it needs the cpu controller of cgroup v1"
}

# --- input and output ---------------------------------------------------------------------------------------------------------------------

@test "blockIO throttles of a device" {
	need_controller blkio io
	disk=$(a_disk)
	[ -n "$disk" ] || skip "no disk"
	resources --arg major "${disk%:*}" --arg minor "${disk#*:}" <<<'([{major: ($major | tonumber), minor: ($minor | tonumber), rate: 1048576}] as $r
		| {blockIO: {throttleReadBpsDevice: $r, throttleWriteBpsDevice: $r, throttleReadIOPSDevice: $r, throttleWriteIOPSDevice: $r}})'
	sleeping
	if in_v1 blkio; then
		for file in read_bps write_bps read_iops write_iops; do
			equal "$(limit "blkio.throttle.${file}_device" -)" "$disk 1048576"
		done
	else
		equal "$(limit - io.max)" "$disk rbps=1048576 wbps=1048576 riops=1048576 wiops=1048576"
	fi
}

@test "blockIO.weight, where a scheduler has it" {
	need_controller blkio io
	resources <<<'{blockIO: {weight: 500}}'
	create
	if [ "$status" -eq 0 ]; then
		limit blkio.bfq.weight io.bfq.weight 2>/dev/null | grep -qE '(^|default )500$' || limit blkio.weight io.weight | grep -qE '(^|default )(500|4950)$'
	else
		assert_error "linux.resources.blockIO.weight: this kernel has no"
	fi
}

@test "an unknown device of blockIO is an error that names it" {
	need_controller blkio io
	resources <<<'{blockIO: {throttleReadBpsDevice: [{major: 4000, minor: 77, rate: 5}]}}'
	container
	assert_error 'linux.resources.blockIO.throttleReadBpsDevice[0]: write "4000:77 '
}

# --- the others ---------------------------------------------------------------------------------------------------------------------------

@test "hugepageLimits, used and reserved" {
	need_controller hugetlb
	resources <<<'{hugepageLimits: [{pageSize: "2MB", limit: 4194304}]}'
	sleeping
	equal "$(limit hugetlb.2MB.limit_in_bytes hugetlb.2MB.max)" 4194304
	equal "$(limit hugetlb.2MB.rsvd.limit_in_bytes hugetlb.2MB.rsvd.max)" 4194304
}

@test "a page size that the host has not is an error" {
	need_controller hugetlb
	resources <<<'{hugepageLimits: [{pageSize: "3MB", limit: 4194304}]}'
	container
	assert_error 'linux.resources.hugepageLimits[0]: this kernel has no /sys/fs/cgroup/'
}

@test "network.classID and priorities are for cgroup v1" {
	resources <<<'{network: {classID: 1048577, priorities: [{name: "lo", priority: 3}]}}'
	if in_v1 net_cls && in_v1 net_prio; then
		sleeping
		equal "$(limit net_cls.classid -)" 1048577
		limit net_prio.ifpriomap - | grep -qx 'lo 3'
	else
		container
		[ "$status" -ne 0 ]
		contains "$err" linux.resources.network
		contains "$err" "controller of cgroup v1, and this host has"
	fi
}

@test "rdma is set, or is an error that says what is missing" {
	resources <<<'{rdma: {"no-such-device": {hcaHandles: 3}}}'
	container
	assert_error 'linux.resources.rdma["no-such-device"]: '
	in_v1 rdma || in_v2 rdma || assert_error "it needs the rdma controller of cgroup v1 or v2, and this host has"
}

@test "rdma: the handles and objects of a device" {
	need_controller rdma
	# One in software, over an interface that leads nowhere.
	device=it$$
	ip link add $device type dummy && ip link set $device up && modprobe -q rdma_rxe && rdma link add $device type rxe netdev $device || {
		ip link del $device || true
		skip "no RDMA device can be made here"
	}
	resources --arg device $device <<<'{rdma: {($device): {hcaHandles: 3, hcaObjects: 10000}}}'
	create
	out=$(limit rdma.max rdma.max)
	rdma link del $device
	ip link del $device
	assert_success
	matches "$device hca_handle=3 hca_object=10000 ?" # (the kernel ends it with a space)
}

@test "unified writes files of cgroup v2" {
	[ "$(cgroup_mode)" != v1 ] || skip "this host has no cgroup v2"
	resources <<<'{unified: {"cgroup.max.depth": "3"}}'
	sleeping
	equal "$(cat "$(cgroups_of "$C" | grep "^$(cgroup2_at)/" | head -n 1)/cgroup.max.depth")" 3
	oci delete --force "$C"
	# Line by line, as io.max of two devices needs it.
	resources <<<'{unified: {"cgroup.max.depth": "3\n4\n"}}'
	sleeping
	equal "$(cat "$(cgroups_of "$C" | grep "^$(cgroup2_at)/" | head -n 1)/cgroup.max.depth")" 4
	in_v2 memory || return 0
	oci delete --force "$C"
	resources <<<'{memory: {limit: 33554432}, unified: {"memory.high": "20971520", "memory.max": "41943040"}}'
	sleeping
	equal "$(limit - memory.high)" 20971520
	equal "$(limit - memory.max)" 41943040
}

@test "unified: a file that is none, a controller that is none, a path" {
	resources <<<'{unified: {"nonsense.max": "3"}}'
	container
	assert_error 'linux.resources.unified["nonsense.max"]: can'"'"'t be set: it needs the nonsense controller of cgroup v2, and this host has'
	resources <<<'{unified: {"../cgroup.procs": "3"}}'
	container
	assert_error 'linux.resources.unified["../cgroup.procs"]'
	[ "$(cgroup_mode)" != v1 ] || return 0
	resources <<<'{unified: {"cgroup.nonsense": "3"}}'
	container
	assert_error 'linux.resources.unified["cgroup.nonsense"]: this kernel has no'
}

# --- devices ------------------------------------------------------------------------------------------------------------------------------

# A device whose driver does not exist: who may open it gets ENXIO, who may not EPERM.
odd_device() { config '.linux.devices = [{path: "/dev/odd", type: "c", major: 240, minor: 77, fileMode: 438}]'; }
NOTHING='{allow: false, access: "rwm"}'

@test "devices: without rules every device can be opened, with one against all only the usual ones" {
	need_controller devices memory
	odd_device
	payload access /dev/odd
	passes
	line 'read=/dev/odd (ENXIO)'
	resources <<<"{devices: [$NOTHING]}"
	payload access /dev/odd access /dev/null access /dev/zero access /dev/full access /dev/tty access /dev/urandom access /dev/ptmx
	passes
	line 'read=/dev/odd (EPERM)'
	line 'write=/dev/odd (EPERM)'
	no_match '(read|write)=/dev/[^o].*EPERM.*'
	matches 'write=/dev/null.*'
	equal "$err" ""
}

@test "devices: a rule allows one device and one kind of access" {
	need_controller devices memory
	odd_device
	resources <<<"{devices: [$NOTHING, {allow: true, type: \"c\", major: 240, minor: 77, access: \"r\"}]}"
	payload access /dev/odd
	passes
	line 'read=/dev/odd (ENXIO)'
	line 'write=/dev/odd (EPERM)'
	resources <<<"{devices: [$NOTHING, {allow: true, type: \"c\", major: 240, access: \"rw\"}]}"
	passes
	line 'write=/dev/odd (ENXIO)'
	resources <<<"{devices: [$NOTHING, {allow: true, type: \"b\", major: 240, minor: 77, access: \"rw\"}]}"
	passes
	line 'read=/dev/odd (EPERM)'
}

@test "devices: a later rule wins, also against all" {
	need_controller devices memory
	odd_device
	payload access /dev/odd
	resources <<<"{devices: [{allow: true, access: \"rwm\"}]}"
	passes
	line 'write=/dev/odd (ENXIO)'
	resources <<<"{devices: [{allow: true, access: \"rwm\"}, {allow: false, type: \"c\", major: 240, minor: 77, access: \"w\"}]}"
	passes
	line 'read=/dev/odd (ENXIO)'
	line 'write=/dev/odd (EPERM)'
	resources <<<"{devices: [{allow: true, access: \"rwm\"}, $NOTHING]}"
	passes
	line 'read=/dev/odd (EPERM)'
}

@test "devices: an exception to a rule is an error on cgroup v1" {
	in_v1 devices || skip "this host has no devices controller of cgroup v1"
	payload access /dev/odd
	resources <<<"{devices: [$NOTHING, {allow: true, type: \"c\", major: 240, access: \"rwm\"}, {allow: false, type: \"c\", major: 240, minor: 77, access: \"rwm\"}]}"
	container
	assert_error "linux.resources.devices[2]: cgroup v1 can't make an exception to linux.resources.devices[1]"
}

@test "pure v2: devices: rules, kinds of access, exceptions" {
	pure_v2
	odd_device
	payload access /dev/odd access /dev/null
	resources <<<"{devices: [$NOTHING]}"
	passes
	line 'read=/dev/odd (EPERM)'
	line 'write=/dev/null yes'
	resources <<<"{devices: [$NOTHING, {allow: true, type: \"c\", major: 240, minor: 77, access: \"r\"}]}"
	passes
	line 'read=/dev/odd (ENXIO)'
	line 'write=/dev/odd (EPERM)'
	resources <<<"{devices: [$NOTHING, {allow: true, type: \"c\", major: 240}, {allow: false, type: \"c\", major: 240, minor: 77, access: \"w\"}]}"
	passes
	line 'read=/dev/odd (ENXIO)'
	line 'write=/dev/odd (EPERM)'
}

@test "pure v2: devices: a program that another container left behind is taken off" {
	pure_v2
	odd_device
	payload access /dev/odd
	mkdir "$(cgroup2_at)/$C-stays"
	config --arg path "/$C-stays" '.linux.cgroupsPath = $path'
	resources <<<"{devices: [$NOTHING]}"
	container
	first=$out
	resources <<<"{devices: [$NOTHING, {allow: true, type: \"c\", major: 240}]}"
	container
	second=$out
	rmdir "$(cgroup2_at)/$C-stays"
	contains "$first" 'read=/dev/odd (EPERM)'
	contains "$second" 'read=/dev/odd (ENXIO)'
}

@test "devices: the rules are those of the last container in a cgroup that stays" {
	need_controller devices memory
	odd_device
	payload access /dev/odd
	config --arg path "/$C-stays/here" '.linux.cgroupsPath = $path'
	in_v1 devices && at=/sys/fs/cgroup/devices || at=$(cgroup2_at)
	mkdir -p "$at/$C-stays/here"
	resources <<<"{devices: [$NOTHING]}"
	container
	first=$out
	resources <<<"{devices: [$NOTHING, {allow: true, type: \"c\", major: 240, access: \"rw\"}]}"
	container
	second=$out
	find /sys/fs/cgroup -depth -type d -path "*/$C-stays*" -exec rmdir {} +
	assert_success
	contains "$first" 'read=/dev/odd (EPERM)'
	contains "$second" 'read=/dev/odd (ENXIO)'
}

@test "devices: in a user namespace and without a cgroup the rules do no harm" {
	resources <<<"{devices: [$NOTHING]}"
	user_namespace
	payload access /dev/null say done
	passes
	line done
	try oci --cgroup-manager disabled run --bundle "$B" "$C"
	assert_success
	contains "$err" "linux.resources.devices: without a cgroup of the container's own the rules have no effect"
}

# --- where ----------------------------------------------------------------------------------------------------------------------------------

@test "limits without a cgroup are an error" {
	resources <<<'{pids: {limit: 5}}'
	try oci --cgroup-manager disabled run --bundle "$B" "$C"
	assert_error "linux.resources.pids.limit: can't be set: the container has no cgroup of its own"
}

@test "v2: a container's cgroup has all controllers, with limits and without" {
	pure_v2
	config --arg path "/$C-a/b/$C" '.linux.cgroupsPath = $path'
	sleeping
	at=$(cgroup2_at)
	[ -n "$(cat "$at/cgroup.controllers")" ] || skip "no controllers in cgroup v2"
	equal "$(cat "$at/$C-a/b/$C/cgroup.controllers")" "$(cat "$at/cgroup.controllers")"
}

@test "v2: controllers are given down the path" {
	in_v2 hugetlb || skip "no hugetlb controller in cgroup v2"
	config --arg path "/$C-a/b/c" '.linux.cgroupsPath = $path'
	resources <<<'{hugepageLimits: [{pageSize: "2MB", limit: 0}]}'
	sleeping
	equal "$(cat "$(cgroup2_at)/$C-a/b/c/hugetlb.2MB.max")" 0
	grep -qw hugetlb "$(cgroup2_at)/$C-a/cgroup.subtree_control"
}

@test "v2: a cgroup with processes gives no controllers, and that is said" {
	in_v2 hugetlb || skip "no hugetlb controller in cgroup v2"
	at=$(cgroup2_at)/$C-full
	mkdir "$at"
	sleep 100 3>&- & sleeper=$!
	HOLDERS+=("$sleeper")
	echo $sleeper >"$at/cgroup.procs"
	config --arg path "/$C-full/child" '.linux.cgroupsPath = $path'
	# memory is one of the controllers that no cgroup with processes may give; hugetlb is too.
	resources <<<'{hugepageLimits: [{pageSize: "2MB", limit: 0}]}'
	container
	kill $sleeper
	wait $sleeper || true
	until_true rmdir "$at"
	assert_error "linux.resources: give the cgroups below $at the controllers +hugetlb" "processes of its own" linux.cgroupsPath
}

@test "plan shows what would be written" {
	need_controller pids
	resources <<<'{pids: {limit: 5}}'
	try oci plan --bundle "$B"
	assert_success
	equal "$(jq -c '[.limits[] | .field, .value, (.file | test("pids.max$"))]' <<<"$out")" '["linux.resources.pids.limit","5",true]'
}

@test "bundles/limits does what it shows" {
	for name in memory cpu pids; do need_controller $name; done
	[ -d "$repo/bundles/limits/rootfs" ] || skip "make bundles has not been run"
	try oci run --bundle "$repo/bundles/limits" "$C"
	assert_success
	line 'memory, 32 MiB: dd with a buffer of 64 MiB ends with status 137'
	matches 'cpu, a fifth: a busy second has 0[.][0-3][0-9] s of CPU time'
	line 'pids, 8: fork: Resource temporarily unavailable'
	equal "$err" ""
}
