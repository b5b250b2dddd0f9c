#!/usr/bin/env bats
# shellcheck shell=bats
# update: what the kernel's files have afterwards, and that an update that fails or is killed leaves no mixture.
load helpers

sleeping() {
	[ $# -eq 0 ] || config ".linux.resources = $1"
	payload sleep 1000
	running
}
update() { try oci update "$@" "$C"; }
updates() {
	update "$@"
	assert_success
	equal "$out$err" ""
}
from_input() { # JSON
	status=0
	echo "$1" | oci update --resources - "$C" >"$T/out" 2>"$T/err" || status=$?
	out=$(<"$T/out") err=$(<"$T/err")
}
memory() { limit memory.limit_in_bytes memory.max; }
# Of memory and swap together in v1, of swap alone in v2.
swap() { limit memory.memsw.limit_in_bytes memory.swap.max; }
quota() { in_v1 cpu && limit cpu.cfs_quota_us - || limit - cpu.max | cut -d' ' -f1; }
period() { in_v1 cpu && limit cpu.cfs_period_us - || limit - cpu.max | cut -d' ' -f2; }
burst() { limit cpu.cfs_burst_us cpu.max.burst; }

# --- options ------------------------------------------------------------------------------------------------------------------------------

@test "--memory changes the limit, in runc's units" {
	need_controller memory
	sleeping
	while read -r text bytes; do
		updates --memory "$text"
		equal "$(memory)" "$bytes"
	done <<-END
		33554432 33554432
		48m 50331648
		0.5g 536870912
		65536k 67108864
		64MiB 67108864
		67108864b 67108864
		1GB 1073741824
	END
	updates -m 40m --memory-reservation 20m
	equal "$(memory)" 41943040
	equal "$(limit memory.soft_limit_in_bytes memory.low)" 20971520
}

@test "memory and swap are lowered and raised together, and lifted by --memory -1" {
	need_controller memory
	sleeping '{memory: {limit: 33554432, swap: 50331648}}'
	in_v1 memory && base=1 || base=0
	for mebibytes in 64 16 100 20; do
		updates --memory ${mebibytes}m --memory-swap $((2 * mebibytes))m
		equal "$(memory)" $((mebibytes << 20))
		equal "$(swap)" $(((mebibytes + base * mebibytes) << 20))
	done
	updates --memory-swap 50m
	equal "$(swap)" $(((50 - (1 - base) * 20) << 20))
	updates --memory -1
	if [ $base = 1 ]; then
		[ "$(memory)" -gt 1000000000000 ]
		[ "$(swap)" -gt 1000000000000 ]
	else
		equal "$(memory)" max
		equal "$(swap)" max
	fi
}

@test "v1: --memory alone above memory and swap together is an error with a remedy, and changes nothing" {
	in_v1 memory || skip "this host has no memory controller of cgroup v1"
	sleeping '{memory: {limit: 33554432, swap: 33554432}}'
	update --memory 64m --pids-limit 7
	assert_error "memory.limit: write \"67108864\" to /sys/fs/cgroup/memory/" "memory.swap"
	equal "$(memory)" 33554432
	equal "$(limit pids.max pids.max)" max
}

@test "--cpu-period and --cpu-quota: each alone leaves the other" {
	need_controller cpu
	sleeping '{cpu: {period: 100000, quota: 50000}}'
	updates --cpu-quota 20000
	equal "$(quota) $(period)" "20000 100000"
	updates --cpu-period 50000
	equal "$(quota) $(period)" "20000 50000"
	updates --cpu-period 200000 --cpu-quota 100000
	equal "$(quota) $(period)" "100000 200000"
	updates --cpu-period 10000 --cpu-quota 5000
	equal "$(quota) $(period)" "5000 10000"
	updates --cpu-quota=-1
	[[ $(quota) = -1 || $(quota) = max ]] || fail "$(quota)"
	equal "$(period)" 10000
}

@test "--cpu-burst: quota and burst are lowered and raised together, and burst can be 0 again" {
	need_controller cpu
	sleeping '{cpu: {period: 100000, quota: 50000}}'
	[ -e "$(place cpu.cfs_burst_us cpu.max.burst | head -n 1)/cpu.cfs_burst_us" ] || [ -e "$(place cpu.x cpu.x)/cpu.max.burst" ] || skip "this kernel has no burst"
	updates --cpu-burst 40000
	equal "$(burst)" 40000
	updates --cpu-quota 20000 --cpu-burst 10000
	equal "$(quota) $(burst)" "20000 10000"
	updates --cpu-quota 90000 --cpu-burst 80000
	equal "$(quota) $(burst)" "90000 80000"
	update --cpu-quota 30000
	assert_error cpu.quota cpu.burst
	equal "$(quota) $(burst)" "90000 80000"
	updates --cpu-burst 0
	equal "$(burst)" 0
}

@test "--cpu-share, --cpu-idle, --pids-limit" {
	need_controller cpu
	need_controller pids
	sleeping
	for name in share shares; do
		updates --cpu-$name 512
		equal "$(limit cpu.shares cpu.weight)" "$(in_v1 cpu && echo 512 || echo 59)"
		updates --cpu-$name 1024
	done
	updates --pids-limit 20
	equal "$(limit pids.max pids.max)" 20
	updates --pids-limit -1
	equal "$(limit pids.max pids.max)" max
	updates --cpu-idle 1
	equal "$(limit cpu.idle cpu.idle)" 1
	updates --cpu-idle 0 --cpu-share 2048
	equal "$(limit cpu.idle cpu.idle)" 0
	equal "$(limit cpu.shares cpu.weight)" "$(in_v1 cpu && echo 2048 || echo 174)"
}

@test "--cpuset-cpus and --cpuset-mems" {
	need_controller cpuset
	sleeping
	updates --cpuset-cpus 0 --cpuset-mems 0
	equal "$(limit cpuset.cpus cpuset.cpus)" 0
	equal "$(limit cpuset.mems cpuset.mems)" 0
	update --cpuset-cpus 4000
	assert_error "cpu.cpus: write \"4000\" to "
	equal "$(limit cpuset.cpus cpuset.cpus)" 0
}

@test "what the host's cgroups have not is the error that create has" {
	sleeping
	update --kernel-memory 1g
	assert_error "update $C: memory.kernel: can't be set: Linux has no such limit any more"
	in_v1 cpu || update --cpu-rt-period 1000000
	in_v1 cpu || assert_error "cpu.realtimePeriod: can't be set: it needs the cpu controller of cgroup v1, and this host has"
	if ! in_v1 rdma && ! in_v2 rdma; then
		from_input '{"rdma": {"mlx5_1": {"hcaHandles": 3}}}'
		assert_error 'rdma["mlx5_1"]: can'\''t be set: it needs the rdma controller'
	fi
	update --l3-cache-schema L3:0=f
	assert_error "intelRdt.l3CacheSchema: the container has no class in resctrl"
	update --mem-bw-schema MB:0=20
	assert_error "intelRdt.memBwSchema: the container has no class in resctrl"
}

@test "options that are no numbers are errors that name them" {
	sleeping
	while IFS='|' read -r option text said; do
		update "--$option" "$text"
		assert_error "--$option: \"$text\" is no number$said"
	done <<-END
		memory|lots| of bytes (numbers may end in b, k, m or g; -1 is no limit)
		memory|-2| of bytes
		memory|1.2.3m| of bytes
		memory|1mm| of bytes
		memory|1ib| of bytes
		memory-swap|99999999999999999999| of bytes
		cpu-period|-1|
		cpu-quota|1.5|
		cpu-quota|99999999999999999999|
		pids-limit|ten|
		blkio-weight|70000| from 10 to 1000
	END
	update --cpu-idle 2
	assert_error "cpu.idle: 2 is neither 0 nor 1"
}

# --- documents ----------------------------------------------------------------------------------------------------------------------------

@test "-r reads linux.resources from a file or standard input" {
	need_controller memory
	need_controller pids
	sleeping
	echo '{"memory": {"limit": 33554432}, "pids": {"limit": 30}}' >"$T/resources"
	updates -r "$T/resources"
	equal "$(memory)" 33554432
	equal "$(limit pids.max pids.max)" 30
	from_input '{"memory": {"limit": 67108864, "swap": 67108864}, "cpu": {"shares": 0, "quota": 0, "period": 0, "cpus": ""}, "blockIO": {"weight": 0}}'
	assert_success
	equal "$(memory)" 67108864
	equal "$(limit pids.max pids.max)" 30
	equal "$(swap)" "$(in_v1 memory && echo 67108864 || echo 0)"
}

@test "what is wrong in a document is said with its place, all of it at once, and nothing changes" {
	need_controller pids
	sleeping
	from_input '{"pids": {"limit": 5}, "memory": {"limit": -5, "swap": "much"}, "devices": [{"allow": true, "access": "rx"}]}'
	assert_error 'memory.swap: '
	from_input '{"pids": {"limit": 5}, "memory": {"limit": -5}, "devices": [{"allow": true, "access": "rx"}], "unified": {"a/b": "1"}}'
	assert_error "update $C: standard input: " 'memory.limit: -5 is neither' 'devices[0].access: "rx" has other letters' 'unified["a/b"]: is no name'
	from_input '{"pids": {"limit": 5}'
	assert_error "standard input: "
	from_input '{"pids": {"limit": 5}, "hugepageLimits": [{"pageSize": "7MB", "limit": 0}, {"pageSize": "3MB", "limit": 0}]}'
	assert_error 'hugepageLimits['
	equal "$(limit pids.max pids.max)" max
	update -r "$T/none"
	assert_error "--resources: read $T/none: No such file"
	update -r "$T/none" --memory 1g
	assert_error "--memory: not together with --resources"
}

@test "memory.checkBeforeUpdate refuses a limit below the usage" {
	need_controller memory
	sleeping
	from_input '{"memory": {"limit": 4096, "checkBeforeUpdate": true}}'
	assert_error "memory.limit: rejecting memory limit 4096: it is less than the container uses, "
	from_input '{"memory": {"limit": 4096, "swap": 8192, "checkBeforeUpdate": true}}'
	assert_error "memory.swap: rejecting memory+swap limit 8192: it is less than the container uses, "
	from_input '{"memory": {"limit": 67108864, "checkBeforeUpdate": true}}'
	assert_success
	equal "$(memory)" 67108864
	state_is running
}

# resctrl is a directory like another here, of which only the writing is seen.
@test "--l3-cache-schema and --mem-bw-schema go to the schemata of the container's class, each as it is" {
	sleeping
	mkdir "$T/class"
	jq -c --arg at "$T/class" '.intelRdt = {root: $at, path: $at}' "$ROOT/$C/state.json" >"$T/record"
	cat "$T/record" >"$ROOT/$C/state.json"
	printf '%-9s\n' MB:0=100 >"$T/class/schemata"
	updates --l3-cache-schema L3:0=f0
	equal "$(cat "$T/class/schemata")" $'L3:0=f0\n '
	echo '{"pids": {}}' >"$T/resources"
	updates --mem-bw-schema MB:0=20 -r "$T/resources"
	equal "$(cat "$T/class/schemata")" $'MB:0=20\n '
	rm "$T/class/schemata"
	update --mem-bw-schema MB:0=50
	assert_error "intelRdt.memBwSchema: this kernel has no $T/class/schemata"
}

# --- whom -------------------------------------------------------------------------------------------------------------------------------

@test "a created and a paused container are updated, a stopped one and none are not" {
	need_controller pids
	create
	assert_success
	updates --pids-limit 11
	equal "$(limit pids.max pids.max)" 11
	oci pause "$C"
	updates --pids-limit 12
	equal "$(limit pids.max pids.max)" 12
	state_is paused
	oci resume "$C"
	oci kill "$C" KILL
	until_state stopped
	update --pids-limit 13
	assert_error "update $C: container not running"
	oci delete "$C"
	update --pids-limit 13
	assert_error "update $C: container does not exist"
}

@test "a container without a cgroup of its own can't be updated" {
	payload sleep 100
	oci --cgroup-manager disabled run --detach --bundle "$B" "$C" >"$T/console.$C" 2>&1
	update --pids-limit 13
	assert_error "pids.limit: can't be set: the container has no cgroup of its own"
}

# --- all or nothing -----------------------------------------------------------------------------------------------------------------------

# Every file that the updates below write, as "file=value" lines.
values() {
	echo "memory=$(memory) swap=$(swap) quota=$(quota) period=$(period) pids=$(limit pids.max pids.max) shares=$(limit cpu.shares cpu.weight)"
}
OLD='{memory: {limit: 33554432, swap: 33554432}, cpu: {quota: 50000, period: 100000, shares: 512}, pids: {limit: 50}}'
NEW='{"memory": {"limit": 67108864, "swap": 67108864}, "cpu": {"quota": 10000, "period": 20000, "shares": 2048}, "pids": {"limit": 60}}'

@test "an update that fails at its last file puts all of them back" {
	for name in memory cpu pids cpuset; do need_controller $name; done
	sleeping "$OLD"
	before=$(values)
	from_input "$(jq -c '.cpu.cpus = "4000"' <<<"$NEW")"
	assert_error 'cpu.cpus: write "4000" to '
	equal "$(values)" "$before"
}

@test "an update that is killed at any write leaves each file old or new, and can be repeated" {
	type -P strace >/dev/null || skip "needs strace"
	for name in memory cpu pids; do need_controller $name; done
	sleeping "$OLD"
	before=$(values)
	from_input "$NEW"
	assert_success
	after=$(values)
	for ((n = 1; n < 40; n++)); do
		from_input "$(jq -cn "$OLD")"
		assert_success
		equal "$(values)" "$before"
		status=0
		echo "$NEW" | strace -qq -o /dev/null -e trace=write -e "inject=write:signal=KILL:when=$n" \
			"$OCIRUN" --root "$ROOT" update --resources - "$C" 3>&- >"$T/out" 2>&1 || status=$?
		now=$(values)
		for word in $now; do
			[[ " $before $after " == *" $word "* ]] || fail "killed at write $n: $word of" "$now" "is neither of" "$before" "$after"
		done
		[ $status -ne 0 ] || break
		equal "$status" 137
		from_input "$NEW"
		assert_success
		equal "$(values)" "$after"
	done
	[ "$n" -gt 5 ] || fail "only $n writes: $(cat "$T/out")"
	equal "$(values)" "$after"
}

@test "two updates at once: one after the other" {
	need_controller memory
	need_controller pids
	sleeping
	for _ in {1..5}; do
		oci update --memory 32m --pids-limit 32 "$C" & one=$!
		oci update --memory 64m --pids-limit 64 "$C" & two=$!
		wait $one || fail
		wait $two || fail
		equal "$(memory)" $(($(limit pids.max pids.max) << 20))
	done
}

# --- devices ------------------------------------------------------------------------------------------------------------------------------

# A container that tries to read a device that no driver has again and again, and says when that changes.
device_reader() { # RULES
	config ".linux.resources = {devices: $1} | .linux.devices = [{path: \"/dev/odd\", type: \"c\", major: 240, minor: 77, fileMode: 438}]"
	shell 'last=; while :; do case $( (: </dev/odd) 2>&1) in *"not permitted"*) now=denied ;; *) now=allowed ;; esac
		[ $now = "$last" ] || echo $now; last=$now; (: </dev/null) || echo no null; sleep 0.01; done'
	running
}
programs() { "${IN[@]}" bpftool cgroup show "/sys/fs/cgroup/${1##*/}" 2>/dev/null | grep -c device; }

device_rules() {
	device_reader '[{allow: false, access: "rwm"}]'
	until_line denied
	for _ in 1 2 3; do
		: >"$T/console.$C"
		from_input '{"devices": [{"allow": false, "access": "rwm"}, {"allow": true, "type": "c", "major": 240, "minor": 77, "access": "r"}]}'
		assert_success
		until_line allowed
		: >"$T/console.$C"
		from_input '{"devices": [{"allow": false, "access": "rwm"}]}'
		assert_success
		until_line denied
	done
	! grep -q "no null" "$T/console.$C" || fail "a device that was always allowed was denied"
}

@test "device rules are exchanged, and those that stay are never away" {
	device_rules
}

@test "pure v2: device rules are exchanged, and those that stay are never away" {
	pure_v2
	device_rules
	type -P bpftool >/dev/null || return 0
	equal "$(programs "$(cgroups_of "$C")")" 1
}

@test "device rules from none at all, and to everything" {
	device_reader '[]'
	until_line allowed
	from_input '{"devices": [{"allow": false, "access": "rwm"}]}'
	assert_success
	until_line denied
	: >"$T/console.$C"
	from_input '{"devices": [{"allow": true, "access": "rwm"}]}'
	assert_success
	until_line allowed
	state_is running
}

@test "an update without devices leaves the rules" {
	need_controller pids
	device_reader '[{allow: false, access: "rwm"}]'
	until_line denied
	updates --pids-limit 50
	sleep 0.2
	equal "$(console)" denied
}
