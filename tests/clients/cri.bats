#!/usr/bin/env bats
# shellcheck shell=bats
# Kubernetes' way to containers: pods by the CRI of containerd, with a runtime handler that is ocirun. cri.py stands for the kubelet.
load clients

setup_file() {
	local at=$CLIENTS/cri plugin=io.containerd.grpc.v1.cri
	export DAEMON VERSION
	VERSION=$(containerd --version | sed 's/^[^ ]* [^ ]* \([0-9]*\).*/\1/')
	mkdir -p "$at"/{bin,net.d,logs,pb}
	protoc -I "$here" --python_out="$at/pb" cri.proto
	network >"$at/bin/one"
	chmod 755 "$at/bin/one"
	ln -s one "$at/bin/loopback"
	echo '{"cniVersion": "0.4.0", "name": "pods", "plugins": [{"type": "one"}]}' >"$at/net.d/pods.conflist"
	[ "$VERSION" -lt 2 ] || plugin=io.containerd.cri.v1.runtime
	cat >"$at/config.toml" <<-EOT
		version = $([ "$VERSION" -lt 2 ] && echo 2 || echo 3)
		root = "$at/root"
		state = "$at/state"
		disabled_plugins = ["io.containerd.internal.v1.opt", "io.containerd.snapshotter.v1.btrfs"]
		[grpc]
		address = "$at/socket"
		[plugins."$plugin"]
		$([ "$VERSION" -lt 2 ] && echo 'sandbox_image = "localhost/pause:latest"')
		restrict_oom_score_adj = true
		[plugins."$plugin".cni]
		bin_dir$([ "$VERSION" -lt 2 ] && echo " = \"$at/bin\"" || echo "s = [\"$at/bin\"]")
		conf_dir = "$at/net.d"
		[plugins."$plugin".containerd]
		default_runtime_name = "none"
		[plugins."$plugin".containerd.runtimes.none]
		runtime_type = "io.containerd.runc.v2"
		[plugins."$plugin".containerd.runtimes.none.options]
		BinaryName = "/no/such/runtime"
		[plugins."$plugin".containerd.runtimes.ocirun]
		runtime_type = "io.containerd.runc.v2"
		[plugins."$plugin".containerd.runtimes.ocirun.options]
		BinaryName = "$CLIENTS/bin/ocirun"
		$([ "$VERSION" -lt 2 ] || printf '[plugins."io.containerd.cri.v1.images".pinned_images]\nsandbox = "localhost/pause:latest"')
	EOT
	pause_image
	containerd --config "$at/config.toml" >"$at/log" 2>&1 3>&- &
	DAEMON=$!
	until_true ctr --address "$at/socket" version >/dev/null 2>&1 || { cat "$at/log"; return 1; }
	ctr --address "$at/socket" -n k8s.io image import "$CLIENTS/image.tar"
	ctr --address "$at/socket" -n k8s.io image import "$at/pause.tar"
	until_true network_ready || { cri Status; tail -n 20 "$at/log"; return 1; }
}

network_ready() { cri Status | jq -e '[.status.conditions[] | select(.type == "NetworkReady" or .type == "RuntimeReady").status] == [true, true]'; }

teardown_file() {
	kill "$DAEMON"
	wait "$DAEMON" || true
}

# A CNI plugin: a pod has its loopback device, and an address that leads nowhere.
network() {
	cat <<-'EOT'
		#!/bin/sh
		case $CNI_COMMAND in
		ADD)
			nsenter --net="$CNI_NETNS" ip link set lo up
			echo '{"cniVersion": "0.4.0", "interfaces": [{"name": "'"$CNI_IFNAME"'", "sandbox": "'"$CNI_NETNS"'"}],
				"ips": [{"version": "4", "interface": 0, "address": "192.0.2.10/24"}]}'
			;;
		VERSION) echo '{"cniVersion": "0.4.0", "supportedVersions": ["0.3.1", "0.4.0"]}' ;;
		esac
	EOT
}

# What keeps the namespaces of a pod, of the same layer as the other image.
pause_image() {
	local at=$CLIENTS/cri/pause
	cp -a "$CLIENTS/image" "$at"
	jq -c '.config.Cmd = ["sleep", "1000000"]' "$at/$(jq -r '.[0].Config' "$at/manifest.json")" >"$at/pause.json"
	jq -c '.[0].Config = "pause.json" | .[0].RepoTags = ["localhost/pause:latest"]' "$CLIENTS/image/manifest.json" >"$at/manifest.json"
	tar -C "$at" -cf "$CLIENTS/cri/pause.tar" manifest.json pause.json layer.tar
}

# cri METHOD [REQUEST]: its answer.
cri() { PYTHONPATH=$CLIENTS/cri/pb limited "$PYTHON" "$here/cri.py" "$CLIENTS/cri/socket" "$@"; }

# pod [FILTER]: a pod, as $POD; the filter changes its configuration, which is $pod_config.
pod() {
	pod_config=$(jq -nc --arg name "box$BATS_TEST_NUMBER" --arg group "/$CLIENTS_NAME-cri" --arg logs "$T" '{
		metadata: {$name, uid: $name, namespace: "tests"}, hostname: "pod", log_directory: $logs,
		linux: {cgroup_parent: $group, security_context: {namespace_options: {pid: "CONTAINER"}}}} | '"${1-.}")
	try cri RunPodSandbox "$(jq -nc --argjson config "$pod_config" '{$config, runtime_handler: "ocirun"}')"
	assert_success
	POD=$(jq -r .pod_sandbox_id <<<"$out")
}

# container FILTER COMMAND...: one in the pod, created and not started, as $ID.
container() {
	local filter=$1
	shift
	try cri CreateContainer "$(jq -nc --arg pod "$POD" --argjson pods "$pod_config" '{pod_sandbox_id: $pod, sandbox_config: $pods,
		config: ({metadata: {name: "main"}, image: {image: "localhost/box:latest"}, command: $ARGS.positional, log_path: "log",
		linux: {security_context: {namespace_options: $pods.linux.security_context.namespace_options}}} | '"$filter"')}' --args -- "$@")"
	assert_success
	ID=$(jq -r .container_id <<<"$out")
}
start() {
	try cri StartContainer "{\"container_id\": \"$ID\"}"
	assert_success
}
started() { container "$@" && start; }
has_state() { [ "$(cri ContainerStatus "{\"container_id\": \"$ID\"}" | jq -r .status.state)" = "CONTAINER_$1" ]; }
until_it_is() { until_true has_state "$1" || fail "never $1: $(cri ContainerStatus "{\"container_id\": \"$ID\"}")"; }
# What ran to its end has written this, in order of its lines, and ended so.
has_said() {
	until_it_is EXITED || return
	equal "$(cut -d' ' -f4- "$T/log")" "$1"
}
inside() { # COMMAND...: by exec
	try cri ExecSync "$(jq -nc --arg id "$ID" '{container_id: $id, cmd: $ARGS.positional, timeout: 30}' --args -- "$@")"
	assert_success
}
said() { equal "$(jq -r .stdout <<<"$out")" "$1"; }

after_test() {
	[ -n "${POD-}" ] || POD=$(cri ListPodSandbox | jq -r '.items[].id')
	local pod left
	for pod in $POD; do
		cri StopPodSandbox "{\"pod_sandbox_id\": \"$pod\"}" && cri RemovePodSandbox "{\"pod_sandbox_id\": \"$pod\"}"
	done >/dev/null
	left=$(ls /run/containerd/runc/k8s.io 2>/dev/null)
	[ -z "$left" ] || { echo "# left: $left"; return 1; }
}

@test "cri: what the runtime can do is what the kubelet hears" {
	try cri Status
	assert_success
	[ "$VERSION" -ge 2 ] || skip "containerd $VERSION does not tell"
	handler=$(jq -c '.runtime_handlers[] | select(.name == "ocirun").features' <<<"$out")
	equal "$handler" '{"recursive_read_only_mounts":true,"user_namespaces":true}'
}

@test "cri: a pod and a container, from the beginning to the end" {
	pod
	try cri PodSandboxStatus "{\"pod_sandbox_id\": \"$POD\"}"
	equal "$(jq -r '.status | .state, .runtime_handler' <<<"$out")" "$(printf 'SANDBOX_READY\nocirun')"
	container . sh -c 'echo out; echo err >&2; trap "exit 7" TERM; while :; do sleep 0.1; done'
	has_state CREATED
	start
	has_state RUNNING
	inside sh -c 'echo inside; echo problem >&2; hostname; exit 3'
	equal "$(jq -r '.stdout, .stderr, .exit_code' <<<"$out")" "$(printf 'inside\npod\n\nproblem\n\n3')"
	try cri ContainerStats "{\"container_id\": \"$ID\"}"
	assert_success
	[ "$(jq -r .stats.cpu.usage_core_nano_seconds.value <<<"$out")" -gt 0 ] || fail
	try cri StopContainer "{\"container_id\": \"$ID\", \"timeout\": 20}"
	assert_success
	has_state EXITED
	equal "$(cri ContainerStatus "{\"container_id\": \"$ID\"}" | jq .status.exit_code)" 7
	equal "$(sed 's/^[^ ]* //' "$T/log" | sort)" "$(printf 'stderr F err\nstdout F out')"
	try cri RemoveContainer "{\"container_id\": \"$ID\"}"
	assert_success
	absent "/run/containerd/runc/k8s.io/$ID"
	try cri StopPodSandbox "{\"pod_sandbox_id\": \"$POD\"}"
	assert_success
	absent "/run/containerd/runc/k8s.io/$POD"
	equal "$(cri PodSandboxStatus "{\"pod_sandbox_id\": \"$POD\"}" | jq -r .status.state)" SANDBOX_NOTREADY
}

@test "cri: what can't be executed is an error with the runtime's own text" {
	pod
	container . no-such-program
	try cri StartContainer "{\"container_id\": \"$ID\"}"
	assert_exit 1
	contains "$err" 'exec: "no-such-program": executable file not found in $PATH'
	equal "$(cri ContainerStatus "{\"container_id\": \"$ID\"}" | jq .status.exit_code)" 128
	started '.metadata.name = "second"' sleep 100
	try cri ExecSync "$(jq -nc --arg id "$ID" '{container_id: $id, cmd: ["no-such-program"], timeout: 30}')"
	assert_exit 1
	contains "$err" 'exec: "no-such-program": executable file not found in $PATH'
}

@test "cri: a command by exec that takes too long is killed" {
	pod
	started . sleep 100
	try cri ExecSync "{\"container_id\": \"$ID\", \"cmd\": [\"sleep\", \"99\"], \"timeout\": 1}"
	assert_exit 1
	contains "$err" "deadline exceeded"
	gone() { inside ps && [[ $out != *"sleep 99"* ]]; }
	until_true gone || fail "$out"
}

@test "cri: a container that ignores SIGTERM is killed" {
	pod
	started . sh -c 'trap "" TERM; while :; do sleep 0.1; done'
	try cri StopContainer "{\"container_id\": \"$ID\", \"timeout\": 1}"
	assert_success
	equal "$(cri ContainerStatus "{\"container_id\": \"$ID\"}" | jq .status.exit_code)" 137
}

@test "cri: user, groups, capabilities, privileges, a read-only root" {
	pod
	started '.envs = [{key: "A", value: "b"}] | .working_dir = "/home" | .linux.security_context += {run_as_user: {value: 1000},
		run_as_group: {value: 1000}, supplemental_groups: [2000], no_new_privs: true, readonly_rootfs: true,
		masked_paths: ["/proc/keys"], readonly_paths: ["/proc/sys"],
		capabilities: {drop_capabilities: ["ALL"], add_capabilities: ["NET_BIND_SERVICE"]}}' \
		sh -c 'id; echo $A; pwd; grep -E "^(CapBnd|NoNewPrivs):" /proc/self/status; touch /tmp/x 2>/dev/null || echo read-only; cat /proc/keys'
	has_said "$(printf '%s\n' 'uid=1000(user) gid=1000(user) groups=1000(user),2000' b /home $'CapBnd:\t0000000000000400' $'NoNewPrivs:\t1' read-only)"
}

@test "cri: seccomp: the engine's own profile, one of a file, none" {
	pod
	echo '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38}]}' >"$T/profile"
	started '.linux.security_context.seccomp.profile_type = "RuntimeDefault"' sh -c 'grep Seccomp: /proc/self/status'
	has_said $'Seccomp:\t2'
	rm "$T/log"
	started '.metadata.name = "b" | .linux.security_context.seccomp = {profile_type: "Localhost", localhost_ref: "'"$T/profile"'"}' sh -c 'mkdir /x 2>&1'
	has_said "mkdir: can't create directory '/x': Function not implemented"
	rm "$T/log"
	started '.metadata.name = "c" | .linux.security_context.seccomp.profile_type = "Unconfined"' sh -c 'grep Seccomp: /proc/self/status'
	has_said $'Seccomp:\t0'
}

@test "cri: volumes, propagation, a device" {
	pod
	mkdir -p "$T/volume/below" "$T/slave"
	mount -t tmpfs tmpfs "$T/volume/below"
	mount --bind "$T/slave" "$T/slave"
	mount --make-shared "$T/slave"
	echo volume >"$T/volume/file"
	started '.mounts = [{container_path: "/volume", host_path: "'"$T/volume"'", readonly: true},
		{container_path: "/slave", host_path: "'"$T/slave"'", propagation: "PROPAGATION_HOST_TO_CONTAINER"}]
		| .devices = [{container_path: "/dev/other", host_path: "/dev/zero", permissions: "r"}]' sleep 100
	mkdir "$T/slave/later"
	mount -t tmpfs tmpfs "$T/slave/later"
	inside sh -c 'cat /volume/file; touch /volume/x 2>/dev/null || echo read-only; touch /volume/below/x && echo writable below
		grep -c " /slave/later " /proc/self/mountinfo; head -c 1 /dev/other | od -An -tx1'
	umount "$T/slave/later"
	umount "$T/slave"
	umount "$T/volume/below"
	said "$(printf '%s\n' volume read-only 'writable below' 1 ' 00')"
}

@test "cri: a volume that is read-only with all below it" {
	[ "$VERSION" -ge 2 ] || skip "containerd $VERSION has no such volumes"
	pod
	mkdir -p "$T/volume/below"
	mount -t tmpfs tmpfs "$T/volume/below"
	started '.mounts = [{container_path: "/volume", host_path: "'"$T/volume"'", readonly: true, recursive_read_only: true}]' \
		sh -c 'touch /volume/below/x 2>&1'
	has_said "touch: /volume/below/x: Read-only file system"
	umount "$T/volume/below"
}

@test "cri: containers of a pod share its namespaces" {
	pod '.linux.security_context.namespace_options.pid = "POD" | .linux.sysctls = {"kernel.shm_rmid_forced": "1", "net.ipv4.ip_unprivileged_port_start": "99"}'
	started '.metadata.name = "first"' sleep 123
	first=$ID
	started '.metadata.name = "second"' sleep 100
	inside sh -c 'ps -o args | grep -c "^sleep 123\$"; cat /proc/sys/kernel/shm_rmid_forced /proc/sys/net/ipv4/ip_unprivileged_port_start
		for i in net ipc uts pid; do readlink /proc/self/ns/$i; done; grep -c 127.0.0.1 /proc/net/fib_trie'
	mine=$(jq -r .stdout <<<"$out")
	equal "$(head -n 3 <<<"$mine")" "$(printf '1\n1\n99')"
	ID=$first
	inside sh -c 'for i in net ipc uts pid; do readlink /proc/self/ns/$i; done'
	equal "$(jq -r .stdout <<<"$out")" "$(sed -n 4,7p <<<"$mine")"
}

@test "cri: a pod in the host's namespaces" {
	pod '.linux.security_context.namespace_options = {network: "NODE", pid: "NODE", ipc: "NODE"} | del(.hostname)'
	started . sh -c 'readlink /proc/self/ns/net; readlink /proc/self/ns/ipc; kill -0 '$$' && echo seen'
	has_said "$(readlink /proc/self/ns/net /proc/self/ns/ipc; echo seen)"
}

@test "cri: a privileged container" {
	pod '.linux.security_context.privileged = true'
	started '.linux.security_context.privileged = true' sh -c 'grep CapBnd: /proc/self/status; mkdir /mnt; mount -t tmpfs none /mnt && echo mounted'
	until_it_is EXITED
	contains "$(cat "$T/log")" mounted "$(grep CapBnd: /proc/self/status)"
}

@test "cri: a pod in a user namespace" {
	[ "$VERSION" -ge 2 ] || skip "containerd $VERSION has no user namespaces for pods"
	local ids='{container_id: 0, host_id: 300000, length: 65536}'
	pod '.linux.security_context.namespace_options.userns_options = {mode: "POD", uids: ['"$ids"'], gids: ['"$ids"']}'
	mkdir "$T/volume"
	echo volume >"$T/volume/file"
	started '.mounts = [{container_path: "/volume", host_path: "'"$T/volume"'", uidMappings: ['"$ids"'], gidMappings: ['"$ids"']}]' sleep 100
	inside sh -c 'id -u; tr -s " " </proc/self/uid_map; stat -c "%u %g" /bin /volume/file; touch /volume/new'
	said "$(printf '%s\n' 0 ' 0 300000 65536' '0 0' '0 0')"
	equal "$(stat -c '%u %g' "$T/volume/new")" "0 0"
}

@test "cri: limits, and others while it runs" {
	need_controller pids
	need_controller cpu
	pod
	started '.linux.resources = {cpu_period: 100000, cpu_quota: 50000, cpu_shares: 512, memory_limit_in_bytes: 67108864}' sleep 100
	group() { sed -n "s/^[0-9]*:[^:]*\b$1\b[^:]*://p" "/proc/$(pgrep -f '^sleep 100$' | tail -n 1)/cgroup"; }
	quota=/sys/fs/cgroup/cpu$(group cpu)/cpu.cfs_quota_us
	equal "$(cat "$quota")" 50000
	try cri UpdateContainerResources "{\"container_id\": \"$ID\", \"linux\": {\"cpu_period\": 100000, \"cpu_quota\": 25000, \"memory_limit_in_bytes\": 33554432}}"
	assert_success
	equal "$(cat "$quota")" 25000
}

@test "cri: all it called the runtime with is known" {
	forms_are_known
}

@test "cri: no cgroup of its containers is left" {
	left=$(find /sys/fs/cgroup -depth -type d -path "*/$CLIENTS_NAME-cri/*" 2>/dev/null || true)
	equal "$left" ""
}
