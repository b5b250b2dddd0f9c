# events, and being killed for lack of memory: what a container uses and what became of it.
# shellcheck disable=SC2154 # the globals of helpers.bash
load helpers

sleeping() {
	payload sleep 100
	running
}

# Is there a memory controller, in either version?
need_memory() {
	[ -e /sys/fs/cgroup/memory/memory.oom_control ] || grep -qw memory "$(cgroup2_at)/cgroup.controllers" || skip "this host has no memory controller"
}
# A program that needs more than 16 MiB, and the limit.
hog() { args dd if=/dev/zero of=/dev/null bs=64M count=1; }
limited() { config '.linux.resources.memory = {limit: 16777216, swap: 16777216}'; }
# The container's cgroup of the memory controller.
memory_cgroup() { cgroups_of "$C" | grep -m 1 ^/sys/fs/cgroup/memory/ || cgroups_of "$C" | grep -m 1 "^$(cgroup2_at)/"; }

@test "events --stats prints one object with what callers of runc read" {
	sleeping
	try oci events --stats "$C"
	assert_success
	equal "$err" ""
	equal "$(wc -l <<<"$out")" 1
	jq -e --arg c "$C" '.type == "stats" and .id == $c and (keys == ["data", "id", "type"])
		and (.data | keys == ["blkio", "cpu", "cpuset", "hugetlb", "intel_rdt", "memory", "network_interfaces", "pids"])
		and .data.cpu.usage.total > 0
		and (.data.network_interfaces | type) == "array"
		and .data.pids.current == 1 and (.data.pids | has("limit") | not)' <<<"$out" || fail
}

# What runc 1.3.6 prints on cgroup v1 and v2: the path of each value, its type, and whether it is always there. Numbers of lists are left out.
known() {
	cat <<-'END'
	blkio.psi.{full,some}.{avg10,avg60,avg300,total} number
	blkio.{ioServiceBytesRecursive,ioServicedRecursive,ioQueueRecursive,ioServiceTimeRecursive,ioWaitTimeRecursive,ioMergedRecursive,ioTimeRecursive,sectorsRecursive}.{major,minor,value} number
	blkio.{ioServiceBytesRecursive,ioServicedRecursive,ioQueueRecursive,ioServiceTimeRecursive,ioWaitTimeRecursive,ioMergedRecursive,ioTimeRecursive,sectorsRecursive}.op string
	{cpu,memory}.psi.{full,some}.{avg10,avg60,avg300,total} number
	cpu.throttling.{periods,throttledPeriods,throttledTime} number
	cpu.usage.{kernel,user} number always
	cpu.usage.{total,percpu,percpu_kernel,percpu_user} number
	cpuset.{cpus,mems} number
	cpuset.{cpu_exclusive,mem_exclusive,mem_hardwall,memory_migrate,memory_pressure,memory_spread_page,memory_spread_slab,sched_load_balance,sched_relax_domain_level} number always
	hugetlb.{1GB,2MB}.failcnt number
	hugetlb.{1GB,2MB}.{usage,max} number
	memory.cache number
	memory.{usage,swap,kernel,kernelTCP}.{limit,failcnt} number always
	memory.{usage,swap,kernel,kernelTCP}.{usage,max} number
	memory.raw number
	network_interfaces.Name string
	network_interfaces.{RxBytes,RxPackets,RxErrors,RxDropped,TxBytes,TxPackets,TxErrors,TxDropped} number
	pids.{current,limit} number
	END
}

@test "events: every key and type is one that runc has, and those that runc always prints are there" {
	sleeping
	oci events --stats "$C" | jq -r '.data | del(.memory.raw) * {memory: {raw: 0}} | [paths(scalars) as $p
		| ([$p[] | strings] | join(".")) + " " + (getpath($p) | type)] | unique[]' >"$T/ours"
	known | while read -r paths type always; do
		eval "printf '%s $type $always\n' $paths"
	done >"$T/known"
	cut -d' ' -f1,2 "$T/known" | sort >"$T/allowed"
	sed -n 's/ always$//p' "$T/known" | sort >"$T/always"
	equal "$(LC_ALL=C sort "$T/ours" | grep -vxFf "$T/allowed")" ""
	equal "$(grep -vxFf "$T/ours" "$T/always")" ""
	oci events --stats "$C" | jq -e 'if .data.memory.raw then [.data.memory.raw[] | numbers] | length > 10 else true end'
}

@test "events: limits are told, and no limit is the largest number" {
	need_memory
	config '.linux.resources = {memory: {limit: 33554432}, pids: {limit: 77}}'
	sleeping
	try oci events --stats "$C"
	contains "$out" '"usage":{"limit":33554432,"usage":'
	contains "$out" '"pids":{"current":1,"limit":77}'
	oci delete --force "$C"
	config 'del(.linux.resources)'
	sleeping
	try oci events --stats "$C"
	contains "$out" '"usage":{"limit":18446744073709551615,"usage":'
}

@test "events counts the time of a program that computes" {
	shell 'while :; do :; done'
	running
	counted() { # in nanoseconds
		oci events --stats "$C" | jq -e '.data.cpu.usage | .total > 200000000 and .total < 20000000000
			and .total >= .user and (.percpu == null or (.percpu | add) > 200000000)'
	}
	until_true counted || fail "$(oci events --stats "$C")"
}

@test "events has the network devices of the container, not those of the host" {
	need_root
	ip link add "it$$" type veth peer name "p-it$$" 2>/dev/null || skip "this kernel has no veth devices"
	config ".linux.netDevices = {it$$: {name: \"eth7\"}}"
	sleeping
	oci events --stats "$C" | jq -e '.data.network_interfaces | length == 1 and .[0].Name == "eth7" and .[0].TxErrors == 0'
	oci delete --force "$C"
	config 'del(.linux.netDevices) | .linux.namespaces |= map(select(.type != "network"))'
	sleeping
	oci events --stats "$C" | jq -e '.data.network_interfaces == []'
}

@test "events prints every interval until the container ends" {
	sleeping
	timeout 20 "$OCIRUN" --root "$ROOT" events --interval 200ms "$C" >"$T/events" 3>&- & events=$!
	lines() { [ "$(wc -l <"$T/events")" -ge 4 ]; }
	until_true lines
	oci kill "$C" KILL
	wait $events || fail "status $?"
	jq -es 'all(.[]; .type == "stats")' "$T/events"
	[ "$(wc -l <"$T/events")" -lt 40 ] || fail
}

@test "events ends when its reader does, without a word" {
	sleeping
	status=0
	{ timeout 10 "$OCIRUN" --root "$ROOT" events --interval 1h "$C" 2>"$T/err" 3>&-; echo $? >"$T/status"; } | head -n 1 >"$T/first"
	until_true test -s "$T/status"
	equal "$(<"$T/status")" 0
	equal "$(<"$T/err")" ""
	jq -e '.type == "stats"' "$T/first"
	{ timeout 10 "$OCIRUN" --root "$ROOT" events --interval 50ms "$C" 2>"$T/err" 3>&-; echo $? >"$T/status"; } | head -n 3 >"$T/first"
	until_true test -s "$T/status"
	equal "$(<"$T/status") $(<"$T/err")" "0 "
}

@test "events: durations, and what is none" {
	sleeping
	for interval in 1 5s 100ms 1m30s 1.5h; do
		: >"$T/out"
		"$OCIRUN" --root "$ROOT" events --interval="$interval" "$C" >"$T/out" 2>"$T/err" 3>&- &
		until_true [ -s "$T/out" ] || fail "$interval: nothing"
		kill $!
		wait $! || true
		equal "$(<"$T/err")" ""
	done
	for interval in 0 0s -1s 5x x 99999999999h; do
		try oci events --interval "$interval" "$C"
		assert_error "events $C: --interval: \"$interval\" is no duration above 0" "1m30s"
	done
}

@test "events of a container that does not run, is not there or has no cgroup is an error" {
	payload true
	running
	until_state stopped
	for option in --stats --interval=1s; do
		try oci events $option "$C"
		assert_error "container not running"
		try oci events $option no-such
		assert_error "container does not exist"
	done
	oci delete "$C"
	payload sleep 100
	oci --cgroup-manager disabled run -d --bundle "$B" "$C"
	try oci events --stats "$C"
	assert_error "no cgroup of its own"
}

@test "pure v2: events has what is there" {
	pure_v2
	sleeping
	try oci events --stats "$C"
	assert_success
	jq -e '.data.cpu.usage.total > 0 and .data.cpu.psi.some.avg10 >= 0 and .data.pids.current == 1' <<<"$out" || fail
}

# --- out of memory ---------------------------------------------------------------------------------------------------------------------------

@test "run tells that the container was killed for lack of memory, and whose limit it was" {
	need_memory
	hog
	limited
	container
	assert_exit 137
	contains "$err" "ocirun: warning: out of memory: a process was killed at the limit of the cgroup /sys/fs/cgroup/" "$C"
	rm -f "$T/log"
	try oci --log "$T/log" --log-format json --log-level warning run --bundle "$B" "$C"
	contains "$(jq -r .msg "$T/log")" "out of memory"
	shell 'exit 137'
	container
	assert_exit 137
	equal "$err" ""
}

@test "exec tells that its program was killed for lack of memory, and not that another was" {
	need_memory
	limited
	payload sleep 100
	running
	try oci exec "$C" dd if=/dev/zero of=/dev/null bs=64M count=1
	assert_exit 137
	contains "$err" "out of memory: a process was killed at the limit of the cgroup $(memory_cgroup)"
	try oci exec "$C" sh -c 'kill -9 $$'
	assert_exit 137
	equal "$err" ""
}

@test "state and list tell it too, until the container is deleted" {
	need_memory
	hog
	limited
	running
	until_state stopped
	equal "$(oci state "$C" | jq -r .oomCgroup)" "$(memory_cgroup)"
	equal "$(oci list --format json | jq -r '.[].oomCgroup')" "$(memory_cgroup)"
	oci delete "$C"
	payload sleep 100
	running
	equal "$(oci state "$C" | jq 'has("oomCgroup")')" false
}

@test "events tells it as it happens, last of all when init is killed" {
	need_memory
	limited
	hog
	create
	timeout 20 "$OCIRUN" --root "$ROOT" events --interval 1h "$C" >"$T/events" 3>&- & events=$!
	until_true test -s "$T/events"
	start
	wait $events
	equal "$(jq -r .type "$T/events")" $'stats\noom'
	jq -es --arg c "$C" --arg g "$(memory_cgroup)" '.[1] == {type: "oom", id: $c, cgroup: $g}' "$T/events" || fail "$(cat "$T/events")"
	[ "$(oci state "$C" | jq -r .status)" = stopped ]
}

@test "events goes on when another process than init is killed" {
	need_memory
	limited
	shell 'until [ -e /go ]; do sleep 0.05; done; dd if=/dev/zero of=/dev/null bs=64M count=1; sleep 100'
	running
	timeout 20 "$OCIRUN" --root "$ROOT" events --interval 1h "$C" >"$T/events" 3>&- & events=$!
	until_true test -s "$T/events"
	touch "$B/rootfs/go"
	until_true grep -q '"oom"' "$T/events"
	state_is running
	equal "$(oci state "$C" | jq -r .oomCgroup)" "$(memory_cgroup)"
	oci kill "$C" KILL
	wait $events
	equal "$(grep -c '"oom"' "$T/events")" 1
}

@test "whose limit it was: of a cgroup above, of one below" {
	need_memory
	at=$([ -e /sys/fs/cgroup/memory/memory.oom_control ] && echo /sys/fs/cgroup/memory || cgroup2_at)
	[ -e /sys/fs/cgroup/memory/memory.oom_control ] && file=memory.limit_in_bytes || file=memory.max
	mkdir "$at/$C-above"
	[ $file = memory.limit_in_bytes ] || grep -qw memory "$at/cgroup.subtree_control" || echo +memory >"$at/cgroup.subtree_control"
	echo 16777216 >"$at/$C-above/$file"
	[ $file = memory.limit_in_bytes ] || echo +memory >"$at/$C-above/cgroup.subtree_control"
	config ".linux.cgroupsPath = \"/$C-above/box\""
	hog
	container
	rest=$(rmdir "$at/$C-above" 2>&1) || true
	assert_exit 137
	contains "$err" "a process was killed at the limit of the cgroup $at/$C-above" "$rest"
	[[ $err != *"/box"* ]] || fail
}

@test "events and state name a cgroup below the container's whose limit was hit" {
	need_memory
	[ -e /sys/fs/cgroup/memory/memory.oom_control ] || skip "needs cgroup v1's memory"
	shell 'until [ -e /go ]; do sleep 0.05; done; exec dd if=/dev/zero of=/dev/null bs=64M count=1'
	running
	below=$(memory_cgroup)/below
	mkdir "$below"
	echo 16777216 >"$below/memory.limit_in_bytes"
	pid_of >"$below/cgroup.procs"
	touch "$B/rootfs/go"
	until_state stopped
	equal "$(oci state "$C" | jq -r .oomCgroup)" "$below"
	try oci delete "$C"
	assert_success
	absent "$below"
}
