#!/usr/bin/env bats
# shellcheck shell=bats
# config.md: scheduler, ioPriority, execCPUAffinity; config-linux.md: memoryPolicy, personality. What the kernel knows of the program, asked
# by the program.
load helpers

# In the caller's own cgroup: in a new one of cgroup v1 nobody may have a realtime policy, and a cpuset keeps deadline processes out.
passes_uncontrolled() {
	try oci --cgroup-manager disabled run --bundle "$B" "$C"
	assert_success
}
need_realtime() { chrt -f 5 true 2>/dev/null || skip "this host grants no realtime policy"; }
need_deadline() { chrt -d -T 1000000 -D 5000000 -P 10000000 0 true 2>/dev/null || skip "this host grants no deadline policy"; }

scheduler() { config ".process.scheduler = $1"; }
no_cgroup_mount() { config 'del(.mounts[] | select(.type == "cgroup"))'; }

# --- scheduler -----------------------------------------------------------------------------------------------------------------------

@test "without any of it everything stays the caller's" {
	payload scheduling
	host=$("$PAYLOAD" scheduling)
	passes
	equal "$out" "$host"
	status=0
	try nice -n 3 chrt -b 0 timeout 30 "$OCIRUN" --root "$ROOT" run --bundle "$B" "$C" 3>&-
	assert_success
	matches "sched=policy 3 flags 0x0 nice $(($(nice) + 3)) .*"
}

@test "SCHED_OTHER, SCHED_BATCH and SCHED_IDLE, with a nice value" {
	payload scheduling
	scheduler '{policy: "SCHED_OTHER", nice: 7}'
	passes
	matches 'sched=policy 0 flags 0x0 nice 7 priority 0 .*'
	scheduler '{policy: "SCHED_OTHER", nice: -5}'
	passes
	matches 'sched=policy 0 flags 0x0 nice -5 priority 0 .*'
	scheduler '{policy: "SCHED_BATCH", nice: 19, priority: 0}'
	passes
	matches 'sched=policy 3 flags 0x0 nice 19 priority 0 .*'
	scheduler '{policy: "SCHED_IDLE"}'
	passes
	matches 'sched=policy 5 flags 0x0 .* priority 0 .*'
}

@test "SCHED_FIFO and SCHED_RR with their priority" {
	need_realtime
	no_cgroup_mount
	payload scheduling
	scheduler '{policy: "SCHED_FIFO", priority: 10}'
	passes_uncontrolled
	matches 'sched=policy 1 flags 0x0 nice 0 priority 10 .*'
	scheduler '{policy: "SCHED_RR", priority: 99, flags: ["SCHED_FLAG_RESET_ON_FORK"]}'
	passes_uncontrolled
	matches 'sched=policy 2 flags 0x1 nice 0 priority 99 .*'
}

@test "SCHED_DEADLINE with runtime, deadline and period" {
	need_deadline
	no_cgroup_mount
	payload scheduling
	scheduler '{policy: "SCHED_DEADLINE", nice: 19, runtime: 1000000, deadline: 5000000, period: 10000000}'
	passes_uncontrolled
	matches 'sched=policy 6 flags 0x0 .* priority 0 deadline 1000000/5000000/10000000'
	scheduler '{policy: "SCHED_DEADLINE", runtime: 1000000, deadline: 5000000, flags: ["SCHED_FLAG_RECLAIM", "SCHED_FLAG_DL_OVERRUN"]}'
	passes_uncontrolled
	matches 'sched=policy 6 flags 0x6 .* deadline 1000000/5000000/5000000'
}

@test "SCHED_FLAG_KEEP_POLICY and SCHED_FLAG_KEEP_PARAMS keep the caller's" {
	payload scheduling
	scheduler '{policy: "SCHED_BATCH", nice: 12, flags: ["SCHED_FLAG_KEEP_POLICY"]}'
	passes
	matches 'sched=policy 0 .* nice 12 .*'
	scheduler '{policy: "SCHED_BATCH", nice: 12, flags: ["SCHED_FLAG_KEEP_PARAMS"]}'
	passes
	matches "sched=policy .* nice $(nice) .*"
}

@test "the utilization flags are set, or the error says what the kernel lacks" {
	payload scheduling
	scheduler '{policy: "SCHED_OTHER", flags: ["SCHED_FLAG_UTIL_CLAMP_MIN", "SCHED_FLAG_UTIL_CLAMP_MAX"]}'
	container
	[ "$status" -eq 0 ] || assert_error "process.scheduler: set SCHED_OTHER" "this kernel has no utilization clamping"
}

@test "a policy that only the host may give is given in a user namespace too" {
	need_realtime
	no_cgroup_mount
	user_namespace
	payload scheduling ns
	scheduler '{policy: "SCHED_FIFO", priority: 4}'
	config '.process.ioPriority = {class: "IOPRIO_CLASS_RT", priority: 1} | .process.user = {uid: 1000, gid: 1000}'
	passes_uncontrolled
	matches 'sched=policy 1 flags 0x0 nice 0 priority 4 .*'
	line ioprio=0x2001
	[ "$(value ns_user)" != "$(readlink /proc/self/ns/user)" ]
	scheduler '{policy: "SCHED_OTHER", nice: -10}'
	passes_uncontrolled
	matches 'sched=policy 0 flags 0x0 nice -10 .*'
}

@test "it survives create and start, and a child of the program has it too" {
	shell '/bin/payload scheduling'
	scheduler '{policy: "SCHED_BATCH", nice: 4}'
	config '.process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: 6} | .process.args[2] += "; :"'
	create
	assert_success
	start
	assert_success
	until_line 'ioprio=0x4006'
	until_line 'sched=policy 3 flags 0x0 nice 4 .*'
}

@test "a realtime policy that the cgroup forbids is an error with its remedy" {
	need_realtime
	case $(cgroup_mode) in v2) skip "only a cgroup v1 forbids it" ;; esac
	scheduler '{policy: "SCHED_FIFO", priority: 1}'
	container
	[ "$status" -eq 0 ] || assert_error "process.scheduler: set SCHED_FIFO: Operation not permitted (EPERM)" "CAP_SYS_NICE" "realtimeRuntime"
}

@test "a policy that the kernel lacks is an error that names it" {
	scheduler '{policy: "SCHED_ISO"}'
	container
	assert_error "process.scheduler: set SCHED_ISO: Invalid argument (EINVAL)" "this kernel does not have the policy"
	try oci state "$C"
	assert_error "container does not exist"
}

@test "a deadline process that may not use every CPU is an error with its remedy" {
	need_deadline
	[ "$(nproc)" -gt 1 ] || skip "this host has one CPU"
	no_cgroup_mount
	scheduler '{policy: "SCHED_DEADLINE", runtime: 1000000, deadline: 5000000}'
	try timeout 30 taskset -c "$(taskset -cp $$ | sed 's/.*: //; s/[-,].*//')" "$OCIRUN" --root "$ROOT" --cgroup-manager disabled run --bundle "$B" "$C" 3>&-
	assert_error "process.scheduler: set SCHED_DEADLINE: Operation not permitted (EPERM)" "process scheduler can't be used together with AllowedCPUs"
}

@test "a deadline too short for the kernel is an error" {
	scheduler '{policy: "SCHED_DEADLINE", runtime: 1, deadline: 2, period: 3}'
	container
	assert_error "process.scheduler: set SCHED_DEADLINE: "
}

@test "without the privilege the error says which" {
	rootless_as_root_of_nothing() {
		setpriv --reuid 54321 --regid 54321 --clear-groups --inh-caps=-all --bounding-set=-all env -i PATH="$PATH" XDG_RUNTIME_DIR="$T/xdg" \
			timeout 30 "$OCIRUN" --cgroup-manager disabled run --bundle "$B" "$C" 3>&-
	}
	setpriv --reuid 54321 --regid 54321 --clear-groups unshare -U true 2>/dev/null || skip "plain users may not make user namespaces here"
	setpriv --reuid 54321 --regid 54321 --clear-groups test -x "$OCIRUN" || skip "another user can't reach $OCIRUN"
	mkdir -m 700 "$T/xdg"
	"$OCIRUN" spec --rootless --bundle "$T"
	jq '.process.terminal = false | .linux.uidMappings[0].hostID = 54321 | .linux.gidMappings[0].hostID = 54321' "$T/config.json" >"$B/config.json"
	chown -R 54321:54321 "$T/xdg" "$B"
	payload scheduling
	scheduler '{policy: "SCHED_RR", priority: 1}'
	try rootless_as_root_of_nothing
	assert_error "process.scheduler: set SCHED_RR: Operation not permitted (EPERM)" "it needs CAP_SYS_NICE on the host"
	scheduler '{policy: "SCHED_OTHER", nice: -1}'
	try rootless_as_root_of_nothing
	assert_error "process.scheduler: set SCHED_OTHER: " "it needs CAP_SYS_NICE on the host"
	scheduler null
	config '.process.ioPriority = {class: "IOPRIO_CLASS_RT", priority: 0}'
	try rootless_as_root_of_nothing
	assert_error "process.ioPriority: set IOPRIO_CLASS_RT, 0: Operation not permitted (EPERM)" "it needs CAP_SYS_NICE on the host"
	# What needs none works.
	scheduler "{policy: \"SCHED_BATCH\", nice: $(($(nice) + 2))}"
	config '.process.ioPriority = {class: "IOPRIO_CLASS_IDLE"} | .process.oomScoreAdj = 777'
	payload scheduling file /proc/self/oom_score_adj
	try rootless_as_root_of_nothing
	assert_success
	matches "sched=policy 3 flags 0x0 nice $(($(nice) + 2)) .*"
	matches 'ioprio=0x600[0-7]'
	line file=777
}

@test "a scheduler of wrong type, range or combination is an error that names the field" {
	refuses process.scheduler <<-'END'
		"SCHED_FIFO"||
		{}|.policy: |is required
		{policy: 1}|.policy: |
		{policy: "SCHED_FOO"}|.policy: |unknown scheduling policy "SCHED_FOO"
		{policy: "SCHED_OTHER", nice: 20}|.nice: |out of range, -20 to 19
		{policy: "SCHED_OTHER", nice: "1"}|.nice: |
		{policy: "SCHED_OTHER", nice: 1.5}|.nice: |
		{policy: "SCHED_FIFO"}|.priority: |out of range, 1 to 99
		{policy: "SCHED_RR", priority: 100}|.priority: |out of range, 1 to 99
		{policy: "SCHED_IDLE", priority: 1}|.priority: |only for policies
		{policy: "SCHED_OTHER", flags: ["SCHED_FLAG_FOO"]}|.flags[0]: |unknown scheduling flag "SCHED_FLAG_FOO"
		{policy: "SCHED_OTHER", flags: "SCHED_FLAG_RECLAIM"}|.flags: |
		{policy: "SCHED_BATCH", runtime: 5}|.runtime: |only for policy "SCHED_DEADLINE"
		{policy: "SCHED_DEADLINE", deadline: 5}|.runtime: |is required
		{policy: "SCHED_DEADLINE", runtime: 5}|.deadline: |is required
		{policy: "SCHED_DEADLINE", runtime: 6, deadline: 5}|.runtime: |is more than deadline, 5
		{policy: "SCHED_DEADLINE", runtime: 5, deadline: 7, period: 6}|.deadline: |is more than period, 6
		{policy: "SCHED_DEADLINE", runtime: -1, deadline: 7}|.runtime: |
	END
}

@test "a deadline process that would have to fork for a hook is an error" {
	scheduler '{policy: "SCHED_DEADLINE", runtime: 1000000, deadline: 5000000}'
	config '.hooks.startContainer = [{path: "/bin/true"}]'
	container
	assert_error "process.scheduler.policy: " "SCHED_FLAG_RESET_ON_FORK" hooks.startContainer
}

# --- I/O priority --------------------------------------------------------------------------------------------------------------------

@test "ioPriority of each class" {
	payload scheduling
	while read -r class priority value; do
		config ".process.ioPriority = {class: \"IOPRIO_CLASS_$class\", priority: $priority}"
		passes
		line "ioprio=$value"
	done <<-'END'
		RT 0 0x2000
		RT 7 0x2007
		BE 4 0x4004
		IDLE 0 0x6000
	END
	config '.process.ioPriority = {class: "IOPRIO_CLASS_BE"}'
	passes
	line ioprio=0x4000
}

@test "an ioPriority of wrong class, type or range is an error that names the field" {
	refuses process.ioPriority <<-'END'
		{priority: 1}|.class: |is required
		{class: "BE", priority: 1}|.class: |unknown I/O priority class "BE"
		{class: "IOPRIO_CLASS_BE", priority: 8}|.priority: |8 is out of range, 0 to 7
		{class: "IOPRIO_CLASS_BE", priority: -1}|.priority: |-1 is out of range, 0 to 7
		{class: "IOPRIO_CLASS_BE", priority: "1"}|.priority: |
		[]||
	END
}

# --- memory policy -------------------------------------------------------------------------------------------------------------------

need_numa() { [ -e /proc/self/numa_maps ] || skip "this kernel is built without NUMA"; }
memory_policy() { config ".linux.memoryPolicy = $1"; }

@test "each memory policy mode, and each flag" {
	need_numa
	payload scheduling
	while IFS='|' read -r value wanted; do
		memory_policy "$value"
		passes
		line "mempolicy=$wanted"
	done <<-'END'
		{mode: "MPOL_DEFAULT"}|0x0 nodes 0x0
		{mode: "MPOL_PREFERRED", nodes: "0"}|0x1 nodes 0x1
		{mode: "MPOL_BIND", nodes: "0", flags: []}|0x2 nodes 0x1
		{mode: "MPOL_INTERLEAVE", nodes: "0"}|0x3 nodes 0x1
		{mode: "MPOL_LOCAL"}|0x4 nodes 0x0
		{mode: "MPOL_BIND", nodes: "0", flags: ["MPOL_F_STATIC_NODES"]}|0x8002 nodes 0x1
		{mode: "MPOL_INTERLEAVE", nodes: " 0 ", flags: ["MPOL_F_RELATIVE_NODES"]}|0x4003 nodes 0x1
		{mode: "MPOL_BIND", nodes: "0", flags: ["MPOL_F_NUMA_BALANCING"]}|0x2002 nodes 0x1
	END
}

@test "the memory policies of newer kernels, or an error that says so" {
	need_numa
	payload scheduling
	while read -r mode value; do
		memory_policy "{mode: \"$mode\", nodes: \"0\"}"
		container
		if [ "$status" -eq 0 ]; then
			line "mempolicy=$value nodes 0x1"
		else
			assert_error "linux.memoryPolicy: set it (set_mempolicy): Invalid argument (EINVAL)" "the kernel must know the mode"
		fi
	done <<-'END'
		MPOL_PREFERRED_MANY 0x5
		MPOL_WEIGHTED_INTERLEAVE 0x6
	END
}

@test "a NUMA node that is not there is an error with its remedy" {
	need_numa
	memory_policy '{mode: "MPOL_BIND", nodes: "1000-1023"}'
	container
	assert_error "linux.memoryPolicy: set it (set_mempolicy): Invalid argument (EINVAL)" "the nodes must be online"
	try oci state "$C"
	assert_error "container does not exist"
}

@test "a memory policy of wrong type, range or combination is an error that names the field" {
	refuses linux.memoryPolicy <<-'END'
		{}|.mode: |is required
		{nodes: "0"}|.mode: |is required
		{mode: "INTERLEAVE", nodes: "0"}|.mode: |unknown memory policy "INTERLEAVE"
		{mode: "MPOL_BIND"}|.nodes: |is required for mode "MPOL_BIND"
		{mode: "MPOL_BIND", nodes: 0}|.nodes: |
		{mode: "MPOL_BIND", nodes: "all"}|.nodes: |is no list of numbers such as "0-3,7"
		{mode: "MPOL_BIND", nodes: "0,"}|.nodes: |is no list of numbers
		{mode: "MPOL_BIND", nodes: "1-0"}|.nodes: |a range that ends before it begins
		{mode: "MPOL_BIND", nodes: "1024"}|.nodes: |goes beyond 1023
		{mode: "MPOL_BIND", nodes: "0-9876543210"}|.nodes: |goes beyond 1023
		{mode: "MPOL_DEFAULT", nodes: "0"}|.nodes: |mode "MPOL_DEFAULT" has none
		{mode: "MPOL_LOCAL", flags: ["MPOL_F_STATIC_NODES"]}|.flags: |mode "MPOL_LOCAL" has none
		{mode: "MPOL_PREFERRED", nodes: "0", flags: ["badflag"]}|.flags[0]: |unknown memory policy flag "badflag"
		{mode: "MPOL_PREFERRED", nodes: "0", flags: ["MPOL_F_NUMA_BALANCING"]}|.flags: |only for modes
		{mode: "MPOL_BIND", nodes: "0", flags: ["MPOL_F_STATIC_NODES", "MPOL_F_RELATIVE_NODES"]}|.flags: |exclude each other
	END
}

# --- execution domain ----------------------------------------------------------------------------------------------------------------

@test "personality LINUX32 shows a 32-bit machine, LINUX the machine itself" {
	payload process scheduling
	config '.linux.personality = {domain: "LINUX32", flags: []}'
	passes
	line personality=0x8
	[ "$(uname -m)" != x86_64 ] || line machine=i686
	config '.linux.personality = {domain: "LINUX"}'
	try setarch -R linux32 timeout 30 "$OCIRUN" --root "$ROOT" run --bundle "$B" "$C" 3>&-
	assert_success
	line personality=0x0
	line "machine=$(uname -m)"
}

@test "a personality of unknown domain or with flags is an error that names the field" {
	refuses linux.personality <<-'END'
		{}|.domain: |is required
		{domain: "PER_LINUX"}|.domain: |unknown execution domain "PER_LINUX"
		{domain: "LINUX", flags: ["ADDR_NO_RANDOMIZE"]}|.flags[0]: |unknown personality flag "ADDR_NO_RANDOMIZE"
		"LINUX"||
	END
}

# --- execCPUAffinity -----------------------------------------------------------------------------------------------------------------

@test "execCPUAffinity is not for the container's own process" {
	payload file /proc/self/status
	config '.process.execCPUAffinity = {initial: "0", final: "0"}'
	host=$(grep '^Cpus_allowed_list' /proc/self/status)
	passes
	line "file=$host"
	config '.process.execCPUAffinity = {initial: "", final: " 0-1, 3"}'
	passes
	line "file=$host"
}

@test "the CPUs that the caller is bound to are not the container's, nor exec's" {
	local all own
	all=$(</sys/devices/system/cpu/online)
	own=$(grep ^Cpus_allowed_list /proc/self/status)
	[ "${own#*$'\t'}" = "$all" ] || skip "bound to some of the CPUs"
	[ "$(nproc)" -gt 1 ] || skip "needs two CPUs"
	args grep ^Cpus_allowed_list /proc/self/status
	try taskset -c 0 "$OCIRUN" --root "$ROOT" run --bundle "$B" "$C" 3>&-
	assert_success
	equal "$out" "$own"
	args sleep 100
	running
	try taskset -c 1 "$OCIRUN" --root "$ROOT" exec "$C" grep ^Cpus_allowed_list /proc/self/status 3>&-
	assert_success
	equal "$out" "$own"
}

@test "a wrong list in execCPUAffinity is an error that names it" {
	while IFS='|' read -r value reason; do
		config --arg value "$value" '.process.execCPUAffinity = {initial: $value}'
		container
		assert_error "process.execCPUAffinity.initial: " "$reason"
		config --arg value "$value" '.process.execCPUAffinity = {final: $value}'
		container
		assert_error "process.execCPUAffinity.final: " "$reason"
	done <<-'END'
		a|is no list of numbers such as "0-3,7"
		0-|is no list of numbers
		-1|is no list of numbers
		1,,2|is no list of numbers
		0x1|is no list of numbers
		3-2|a range that ends before it begins
		8192|goes beyond 8191
		99999999999999999999|goes beyond 8191
	END
}

# --- time ----------------------------------------------------------------------------------------------------------------------------

@test "the program's clocks are those of timeOffsets" {
	config '.linux.namespaces += [{type: "time"}] | .linux.timeOffsets = {monotonic: {secs: 7777}, boottime: {secs: 1000000, nanosecs: 999999999}}'
	payload clocks
	now=$(cut -d. -f1 /proc/uptime)
	passes
	[ "$(value clock_monotonic)" -ge $((now + 7777 - 1)) ] && [ "$(value clock_monotonic)" -le $((now + 7777 + 30)) ] || fail "$now"
	[ "$(value clock_boottime)" -ge $((now + 1000000 - 1)) ] && [ "$(value clock_boottime)" -le $((now + 1000000 + 30)) ] || fail "$now"
	# Offsets may be negative, as long as the clock is not.
	config '.linux.timeOffsets = {monotonic: {secs: -1}}'
	passes
	[ "$(value clock_monotonic)" -le "$(value clock_boottime)" ]
}

@test "timeOffsets out of range are an error that names them" {
	config '.linux.namespaces += [{type: "time"}]'
	refuses linux.timeOffsets <<-'END'
		{monotonic: {nanosecs: 1000000000}}|.monotonic.nanosecs: |1000000000 is out of range, 0 to 999999999
		{boottime: {secs: 1, nanosecs: -1}}|.boottime.nanosecs: |-1 is out of range
		{boottime: {secs: "1"}}|.boottime.secs: |
		{boottime: {secs: 9000000000000}}|: |Numerical result out of range (ERANGE)
		{monotonic: {secs: -1000000000}}|: |Numerical result out of range (ERANGE)
	END
	try oci state "$C"
	assert_error "container does not exist"
}

# --- the example -----------------------------------------------------------------------------------------------------------------------

@test "bundles/scheduling shows what it asks for" {
	need_numa
	cp "$repo/bundles/scheduling/config.json" "$B/config.json"
	passes
	line "policy: 3, nice: 10" # SCHED_BATCH
	line "I/O: best-effort: prio 6"
	line "memory: interleave:0"
}
