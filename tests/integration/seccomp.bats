#!/usr/bin/env bats
# linux.seccomp, as the program sees it: which calls work, and how the others fail.

load helpers

PROFILE=/usr/share/containers/seccomp.json

# profile JSON: set linux.seccomp.
profile() { config --argjson s "$1" '.linux.seccomp = $s'; }

# The profile of podman for the capabilities of our bundles. ARCH is its own name of an architecture.
podman_profile() {
	[ -e "$PROFILE" ] || skip "no $PROFILE (golang-github-containers-common)"
	[ "$(uname -m)" = x86_64 ] || skip "numbers of x86_64"
	config --slurpfile s <(jq --arg arch amd64 --argjson caps "$(jq .process.capabilities.bounding "$B/config.json")" \
		-f "$repo/tests/seccomp.jq" "$PROFILE") '.linux.seccomp = $s[0]'
}

need_x86() {
	[ "$(uname -m)" = x86_64 ] || skip "numbers of x86_64"
	"$PAYLOAD" syscall32 20 | grep -q ok || skip "this kernel runs no 32-bit programs"
}

# What a plain program and its C library need, so that the rest can be denied.
NEEDED='"execve", "exit", "exit_group", "write", "brk", "mmap", "munmap", "mprotect", "fstat", "newfstatat", "readlink", "readlinkat",
	"arch_prctl", "set_tid_address", "set_robust_list", "rseq", "prlimit64", "getrandom", "uname", "ioctl", "access", "faccessat2"'
# deny ERRNO: everything but that, and getppid, and what is named in $1.
allow_only() { profile "{\"defaultAction\": \"SCMP_ACT_ERRNO\", ${2-} \"syscalls\": [{\"names\": [$NEEDED, \"capset\", \"openat2\" ${1-}], \"action\": \"SCMP_ACT_ALLOW\"}]}"; }

@test "a denied call fails with EPERM, one that is named works" {
	allow_only ', "getpid"'
	payload syscall getpid syscall getppid syscall mkdirat
	passes
	line "syscall getpid=ok"
	line "syscall getppid=(EPERM)"
	line "syscall mkdirat=(EPERM)"
}

@test "a call newer than the profile fails with ENOSYS" {
	allow_only
	payload syscall 450 syscall 9999 syscall getppid
	passes
	line "syscall 450=(ENOSYS)"
	line "syscall 9999=(ENOSYS)"
	line "syscall getppid=(EPERM)"
}

@test "defaultErrnoRet and errnoRet" {
	profile '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["getppid"], "action": "SCMP_ACT_ERRNO", "errnoRet": 13}]}'
	payload syscall getppid syscall getpid
	passes
	line "syscall getppid=(EACCES)"
	line "syscall getpid=ok"
	allow_only '' '"defaultErrnoRet": 5,'
	payload syscall getppid
	passes
	line "syscall getppid=(EIO)"
}

@test "SCMP_ACT_KILL_PROCESS ends the program with SIGSYS" {
	profile '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["getppid"], "action": "SCMP_ACT_KILL_PROCESS"}]}'
	payload say before syscall getppid say after
	container
	assert_exit 159
	line before
	no_line after
}

@test "SCMP_ACT_TRAP raises SIGSYS" {
	profile '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["getppid"], "action": "SCMP_ACT_TRAP"}]}'
	payload syscall getppid say after
	container
	assert_exit 159
	no_line after
}

@test "SCMP_ACT_TRACE without a tracer is ENOSYS, SCMP_ACT_LOG lets pass" {
	profile '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
		{"names": ["getppid"], "action": "SCMP_ACT_TRACE"}, {"names": ["getuid"], "action": "SCMP_ACT_LOG"}]}'
	payload syscall getppid syscall getuid
	passes
	line "syscall getppid=(ENOSYS)"
	line "syscall getuid=ok"
}

@test "conditions on arguments" {
	profile '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
		{"names": ["personality"], "action": "SCMP_ACT_ERRNO", "args": [{"index": 0, "value": 8, "op": "SCMP_CMP_EQ"}]},
		{"names": ["unshare"], "action": "SCMP_ACT_ERRNO", "errnoRet": 13,
		 "args": [{"index": 0, "value": 268435456, "valueTwo": 268435456, "op": "SCMP_CMP_MASKED_EQ"}]}]}'
	payload syscall personality:8 syscall personality:0xffffffff syscall unshare:0x10000000 syscall unshare:0x10000200 syscall unshare:0
	passes
	line "syscall personality:8=(EPERM)"
	line "syscall personality:0xffffffff=ok"
	line "syscall unshare:0x10000000=(EACCES)"
	line "syscall unshare:0x10000200=(EACCES)"
	line "syscall unshare:0=ok"
}

@test "podman's default profile: what it allows works, what it denies fails" {
	podman_profile
	payload syscall getpid syscall mkdirat syscall personality:0 syscall personality:8 syscall personality:2 syscall kcmp syscall bpf \
		syscall mount syscall keyctl:0 syscall clone:0 syscall 999 process caps
	passes
	line "syscall getpid=ok"
	line "syscall mkdirat=(EFAULT)"
	line "syscall personality:0=ok"
	line "syscall personality:8=ok"
	line "syscall personality:2=(ENOSYS)"
	line "syscall kcmp=(EPERM)"
	line "syscall bpf=(EPERM)"
	line "syscall clone:0=ok"
	line "syscall 999=(ENOSYS)"
	equal "$(value seccomp)" 2
	# Not the runtime's own EPERM: it may mount no more, and says so before the arguments are looked at.
	matches "syscall mount=\((EPERM|EFAULT)\)"
}

@test "podman's default profile: the 32-bit calls too" {
	podman_profile
	need_x86
	payload syscall32 20 syscall32 349 syscall32 999 syscall 0x40000027
	passes
	line "syscall32 20=ok"          # getpid
	line "syscall32 349=(EPERM)"    # kcmp
	line "syscall32 999=(ENOSYS)"
	matches "syscall 0x40000027=.*" # x32: whatever this kernel has
}

@test "an architecture that is not named is not let in" {
	need_x86
	profile '{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"]}'
	payload say before syscall32 20 say after
	container
	assert_exit 159
	no_line after
	profile '{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86"]}'
	payload syscall32 20 syscall getpid
	passes
	line "syscall32 20=ok"
	line "syscall getpid=ok"
}

@test "without noNewPrivileges, as another user, and no capability is left from loading it" {
	allow_only ', "getpid", "capget", "prctl", "openat", "read", "close"'
	config '.process.noNewPrivileges = false | .process.user = {uid: 1000, gid: 1000}'
	payload syscall getpid syscall getppid caps
	passes
	line "syscall getpid=ok"
	line "syscall getppid=(EPERM)"
	equal "$(value cap_effective)" 0000000000000000
	equal "$(value cap_permitted)" 0000000000000000
	# As root too.
	config 'del(.process.user) | .process.user = {uid: 0, gid: 0}'
	passes
	line "syscall getppid=(EPERM)"
	equal "$(value cap_effective)" 0000000020000420
	equal "$(value cap_permitted)" 0000000020000420
}

@test "without noNewPrivileges and capset the program is not run" {
	profile '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["capset"], "action": "SCMP_ACT_ERRNO"}]}'
	config '.process.noNewPrivileges = false'
	payload say ran
	container
	assert_error "process.capabilities: set the capabilities: Operation not permitted (EPERM)" "linux.seccomp must allow capset"
	no_line ran
}

@test "a profile that denies execve lets nothing run" {
	profile '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["execve"], "action": "SCMP_ACT_ERRNO"}]}'
	payload say ran
	container
	assert_error "process.args[0]: exec /bin/payload: Operation not permitted (EPERM)"
	no_line ran
}

@test "of the hooks those that run the container's files are filtered" {
	profile '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 42}]}'
	payload true
	for nnp in true false; do
		config --arg t "$T" --argjson nnp $nnp '.process.noNewPrivileges = $nnp | .hooks = {createRuntime: [{path: "/bin/mkdir", args: ["mkdir", "\($t)/runtime.\($nnp)"]}],
			createContainer: [{path: "/bin/mkdir", args: ["mkdir", "\($t)/container.\($nnp)"]}],
			startContainer: [{path: "/bin/busybox", args: ["mkdir", "/tmp/made"]}]}'
		container
		assert_error 'hooks.startContainer[0]: error running startContainer hook #0: ' 'No message of desired type'
		[ -d "$T/runtime.$nnp" ] && [ -d "$T/container.$nnp" ] || fail "$(ls "$T")"
		absent "$B/rootfs/tmp/made"
	done
	profile '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_KILL_PROCESS"}]}'
	config '.hooks |= {startContainer}'
	container
	assert_error 'hooks.startContainer[0]: ' 'was killed by signal 31 (bad system call)'
	config '.hooks.startContainer[0].args = ["true"]'
	passes
}

@test "flags: none said is SPEC_ALLOW, an empty list is none" {
	profile '{"defaultAction": "SCMP_ACT_ALLOW"}'
	payload true
	equal "$(oci plan "$B" | jq -c .seccomp)" '{"flags":4}'
	profile '{"defaultAction": "SCMP_ACT_ALLOW", "flags": []}'
	equal "$(oci plan "$B" | jq -c .seccomp)" '{"flags":0}'
	passes
	profile '{"defaultAction": "SCMP_ACT_ALLOW", "flags": ["SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG",
		"SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"]}'
	equal "$(oci plan "$B" | jq -c .seccomp)" '{"flags":7}'
	passes
}

@test "SPEC_ALLOW is seen in the program's status" {
	grep -q '^Speculation_Store_Bypass:.*thread' /proc/self/status || skip "this CPU or kernel has no per-thread mitigation"
	payload file /proc/self/status
	profile '{"defaultAction": "SCMP_ACT_ALLOW"}'
	passes
	matches "Speculation_Store_Bypass:.*vulnerable.*"
}

@test "in a user namespace, with and without noNewPrivileges" {
	need_root
	allow_only ', "getpid"'
	user_namespace
	payload syscall getpid syscall getppid
	passes
	line "syscall getppid=(EPERM)"
	config '.process.noNewPrivileges = false | .process.user = {uid: 1000, gid: 1000}'
	passes
	line "syscall getpid=ok"
	line "syscall getppid=(EPERM)"
}

@test "the filter comes while the child waits for hooks" {
	allow_only ', "getpid"'
	payload syscall getppid
	config --arg t "$T" '.hooks = {createRuntime: [{path: "/bin/sh", args: ["sh", "-c", "sleep 0.1"]}],
		createContainer: [{path: "/bin/sh", args: ["sh", "-c", "sleep 0.1"]}]}'
	passes
	line "syscall getppid=(EPERM)"
}

@test "unknown names are left out, and listed by OCIRUN_TRACE=spec" {
	profile '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["getppid", "no_such_call"], "action": "SCMP_ACT_ERRNO"}]}'
	payload syscall getppid
	OCIRUN_TRACE=spec container
	assert_success
	line "syscall getppid=(EPERM)"
	contains "$err" 'linux.seccomp.syscalls[0].names[1]: unknown system call "no_such_call", left out'
	container
	equal "$err" ""
}

@test "without a process there is nothing to filter" {
	profile '{"defaultAction": "SCMP_ACT_KILL"}'
	config 'del(.process)'
	create
	assert_success
}

@test "an architecture that can't be filtered here leaves nothing behind" {
	need_x86
	profile '{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_S390X"]}'
	container
	assert_error 'linux.seccomp.architectures: "SCMP_ARCH_S390X" can'"'"'t be filtered on this machine'
	absent "$ROOT/$C"
}

@test "a filter that is too long leaves nothing behind" {
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [range(5000) | {names: ["getppid"], action: "SCMP_ACT_ERRNO",
		args: [{index: 0, value: ., op: "SCMP_CMP_EQ"}]}]}'
	container
	assert_error "linux.seccomp: the filter is too long: the kernel takes 4096 instructions"
	absent "$ROOT/$C"
}

@test "bundles/seccomp does what it shows" {
	cp "$repo/bundles/seccomp/config.json" "$B/config.json"
	passes
	line "chmod 755: done"
	matches 'Seccomp:[[:space:]]2'
	contains "$err" "mkdir: can't create directory 'made': Operation not permitted"
	contains "$err" "chmod: file: Permission denied"
}

# --- the cache of compiled filters -------------------------------------------------------------------------------------------------------

# Runs the container and says whether its filter came from the cache.
cached() {
	OCIRUN_TRACE=steps container
	assert_success
	line "syscall getppid=(EPERM)"
	sed -n 's/.*filter cache \(hit\|miss\).*/\1/p' <<<"$err"
}

@test "the second container with a profile finds it compiled" {
	allow_only
	payload syscall getppid
	equal "$(cached)" miss
	equal "$(cached)" hit
	equal "$(stat -c '%a %u' "$ROOT/.seccomp@")" "700 $(id -u)"
	# What is not of the program does not matter to it.
	config '.linux.seccomp.flags = [] | .hostname = "other"'
	equal "$(cached)" hit
	config '.linux.seccomp.syscalls += [{names: ["getuid"], action: "SCMP_ACT_LOG"}]'
	equal "$(cached)" miss
	equal "$(cached)" hit
	config '.linux.seccomp.syscalls[1].args = [{index: 0, value: 1, op: "SCMP_CMP_EQ"}]'
	equal "$(cached)" miss
}

@test "a file of the cache that others may write, or that is damaged, is not used" {
	allow_only
	payload syscall getppid
	equal "$(cached)" miss
	file=$(echo "$ROOT/.seccomp@/"*)
	chmod 666 "$file"
	equal "$(cached)" miss
	equal "$(cached)" hit
	printf 'xxxxxxxx' | dd of="$file" bs=1 seek=40 conv=notrunc status=none
	equal "$(cached)" miss
	equal "$(cached)" hit
	: >"$file"
	equal "$(cached)" miss
	chmod 777 "$ROOT/.seccomp@"
	equal "$(cached)" miss
	equal "$(cached)" miss
}

@test "where the cache can't be written containers run all the same" {
	allow_only
	payload syscall getppid
	echo >"$ROOT/.seccomp@"
	equal "$(cached)" miss
	equal "$(cached)" miss
}

@test "the cache is no container" {
	allow_only
	passes
	[ -d "$ROOT/.seccomp@" ] || fail "no cache"
	equal "$(oci list -q)" ""
	try oci state ".seccomp@"
	assert_error "invalid container ID format"
}

# --- SCMP_ACT_NOTIFY ---------------------------------------------------------------------------------------------------------------------

# agent [NUMBER=ERRNO...]: one that listens at $T/agent and answers so.
agent() {
	[ "$(uname -m)" = x86_64 ] || skip "numbers of x86_64"
	"$PYTHON" "$here/agent.py" "$T/agent" "$T/state" "$@" 3>&- &
	HOLDERS+=($!)
	until_true [ -S "$T/agent" ] || fail "the agent does not listen"
}

# notify NAME...: ask the agent about these calls.
notify() {
	config --arg path "$T/agent" '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", listenerPath: $path, listenerMetadata: "some data",
		syscalls: [{names: $ARGS.positional, action: "SCMP_ACT_NOTIFY"}]}' --args -- "$@"
}

@test "an agent answers for the calls of a container, and knows whose they are" {
	agent 258=42
	notify mkdirat
	config '.annotations = {"org.example.key": "a value"}'
	payload syscall mkdirat syscall getppid
	create
	assert_success
	jq -e --arg id "$C" --argjson pid "$(pid_of)" --arg bundle "$B" '. == {ociVersion: "1.3.0", fds: ["seccompFd"], pid: $pid,
		metadata: "some data", state: {ociVersion: "1.3.0", id: $id, status: "creating", pid: $pid, bundle: $bundle,
		annotations: {"org.example.key": "a value"}}}' "$T/state" || fail "the state was: $(cat "$T/state")"
	start
	assert_success
	until_state stopped
	out=$(console)
	line "syscall mkdirat=(ENOMSG)"
	line "syscall getppid=ok"
}

@test "the agent may be asked about what the runtime itself does after loading" {
	agent 258=42
	notify mkdirat sendmsg recvmsg accept4 close close_range setrlimit prlimit64 execve capset read
	payload syscall mkdirat
	passes
	line "syscall mkdirat=(ENOMSG)"
}

@test "an agent for a user without noNewPrivileges, and in a user namespace" {
	need_root
	agent 258=42
	notify mkdirat
	payload syscall mkdirat caps
	config '.process.noNewPrivileges = false | .process.user = {uid: 1000, gid: 1000}'
	user_namespace
	passes
	line "syscall mkdirat=(ENOMSG)"
	equal "$(value cap_permitted)" 0000000000000000
}

@test "an agent with all flags" {
	agent 258=42
	notify mkdirat
	config '.linux.seccomp.flags = ["SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
		"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"]'
	payload syscall mkdirat
	equal "$(oci plan "$B" | jq -c .seccomp)" '{"flags":63,"notify":true}'
	passes
	line "syscall mkdirat=(ENOMSG)"
}

@test "a state that takes several calls to send" {
	agent 258=42
	notify mkdirat
	config '.annotations = {a: ("x" * 900000)}'
	payload syscall mkdirat
	passes
	line "syscall mkdirat=(ENOMSG)"
	equal "$(jq '.state.annotations.a | length' "$T/state")" 900000
}

@test "nobody listens at listenerPath" {
	notify mkdirat
	payload say ran
	container
	assert_error "linux.seccomp.listenerPath: failed to connect with seccomp agent $T/agent: No such file or directory (ENOENT)"
	no_line ran
	absent "$ROOT/$C"
	touch "$T/agent"
	container
	assert_error "linux.seccomp.listenerPath: failed to connect with seccomp agent $T/agent: Connection refused (ECONNREFUSED)"
}

@test "an agent that never accepts is an error after a while" {
	deaf "$T/agent"
	notify mkdirat
	payload say ran
	container
	assert_error "linux.seccomp.listenerPath: failed to connect with seccomp agent $T/agent: Connection timed out (ETIMEDOUT)"
	no_line ran
}

@test "listenerPath without SCMP_ACT_NOTIFY is ignored" {
	profile '{"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "/no/such/socket"}'
	passes
}

# --- what crun has besides ----------------------------------------------------------------------------------------------------------------

@test "run.oci.seccomp.receiver stands for listenerPath" {
	agent 258=42
	notify mkdirat
	config --arg path "$T/agent" 'del(.linux.seccomp.listenerPath, .linux.seccomp.listenerMetadata) | .annotations = {"run.oci.seccomp.receiver": $path}'
	payload syscall mkdirat
	passes
	line "syscall mkdirat=(ENOMSG)"
}

@test "run.oci.seccomp_fail_unknown_syscall makes a name that is none an error" {
	profile '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["getppid", "no_such_call"], "action": "SCMP_ACT_ERRNO"}]}'
	passes
	config '.annotations = {"run.oci.seccomp_fail_unknown_syscall": "1"}'
	container
	assert_error 'linux.seccomp.syscalls[0].names[1]: libseccomp knows no system call "no_such_call"'
	# Of a rule that does nothing, names do not matter.
	config '.linux.seccomp.syscalls[0].action = "SCMP_ACT_ALLOW"'
	passes
	config '.linux.seccomp.syscalls[0].action = "SCMP_ACT_ERRNO" | .annotations = {"run.oci.seccomp_fail_unknown_syscall": "0"}'
	passes
}

@test "run.oci.seccomp_bpf_data may ask an agent" {
	agent 258=42
	# mkdirat: SECCOMP_RET_USER_NOTIF.
	config --arg path "$T/agent" '.annotations = {"run.oci.seccomp.receiver": $path,
		"run.oci.seccomp_bpf_data": "IAAAAAAAAAAVAAABAgEAAAYAAAAAAMB/BgAAAAAA/38="}'
	payload syscall mkdirat syscall getppid
	passes
	line "syscall mkdirat=(ENOMSG)"
	line "syscall getppid=ok"
}

@test "run.oci.seccomp_bpf_data: a program for the kernel, in the place of linux.seccomp" {
	[ "$(uname -m)" = x86_64 ] || skip "numbers of x86_64"
	# getppid fails with errno 42, whatever linux.seccomp says.
	profile '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["getuid"], "action": "SCMP_ACT_ERRNO"}]}'
	config '.annotations = {"run.oci.seccomp_bpf_data": "IAAAAAAAAAAVAAABbgAAAAYAAAAqAAUABgAAAAAA/38="}'
	payload syscall getppid syscall getuid
	passes
	line "syscall getppid=(ENOMSG)"
	line "syscall getuid=ok"
	config 'del(.linux.seccomp)'
	payload syscall getppid sleep 100
	running
	try oci exec "$C" /bin/payload syscall getppid
	line "syscall getppid=(ENOMSG)"
	config '.annotations = {"run.oci.seccomp_bpf_data": "AAAAAAAAAAA="}'
	try oci run --bundle "$B" "$C-2"
	assert_error 'linux.seccomp: load the filter: Invalid argument'
}
