#!/usr/bin/env bats
# shellcheck shell=bats
# Mounts of type cgroup: what they become with and without a cgroup and a user namespace, on this host and on a pure cgroup2.
load helpers

without_cgroup_namespace() { config '.linux.namespaces |= map(select(.type != "cgroup"))'; }

# All mounts at and below /sys/fs/cgroup have the flags of the configuration, and none can be written.
all_read_only() {
	payload mounts access /sys/fs/cgroup list /sys/fs/cgroup
	passes
	matches 'mount=/sys/fs/cgroup (tmpfs|cgroup2) .*'
	no_match 'mount=/sys/fs/cgroup[^ ]* [^ ]* [^ ]* rw.*'
	local flag places
	for flag in nosuid nodev noexec; do equal "$(grep -E '^mount=/sys/fs/cgroup' <<<"$out" | grep -cv "[ ,]$flag[, ]")" 0; done
	line 'write=/sys/fs/cgroup (EROFS)'
	mapfile -t places < <(sed -n 's/^mount=\(\/sys\/fs\/cgroup[^ ]*\) cgroup.*/access \1\/cgroup.procs/p' <<<"$out")
	[ ${#places[@]} -gt 0 ] || fail "no hierarchy"
	# shellcheck disable=SC2086
	payload ${places[*]}
	passes
	matches 'write=.*'
	no_match 'write=.* yes'
	no_match 'read=.* \(.*'
}

@test "CVE-2023-25809: nothing of a read-only cgroup mount can be written, as this host is" {
	config '.process.capabilities |= map_values(["CAP_DAC_OVERRIDE"])'
	all_read_only
	without_cgroup_namespace
	all_read_only
}

@test "CVE-2023-25809: nor in a user namespace" {
	config '.process.capabilities |= map_values(["CAP_DAC_OVERRIDE"])'
	user_namespace
	all_read_only
	without_cgroup_namespace
	all_read_only
}

@test "CVE-2023-25809: nor on a pure cgroup2, with and without both namespaces" {
	pure_v2
	config '.process.capabilities |= map_values(["CAP_DAC_OVERRIDE"])'
	all_read_only
	without_cgroup_namespace
	all_read_only
	base_config >"$B/config.json"
	user_namespace
	all_read_only
	without_cgroup_namespace
	all_read_only
}

@test "CVE-2023-25809: nor where ocirun is in a user namespace itself" {
	config '.process.capabilities |= map_values(["CAP_DAC_OVERRIDE"]) | .mounts |= map(select(.type != "sysfs"))'
	for namespace in with without; do
		[ $namespace = with ] || without_cgroup_namespace
		payload mounts access /sys/fs/cgroup
		try "${IN[@]}" unshare -Urmp --fork --mount-proc "$OCIRUN" --root "$ROOT" --cgroup-manager disabled run --bundle "$B" "$C"
		assert_success
		matches 'mount=/sys/fs/cgroup .*'
		no_match 'mount=/sys/fs/cgroup[^ ]* [^ ]* [^ ]* rw.*'
		line 'write=/sys/fs/cgroup (EROFS)'
	done
}

@test "type cgroup2 is the file system of that name" {
	config '.mounts |= map(if .type == "cgroup" then .type = "cgroup2" else . end)'
	payload mounts
	passes
	matches 'mount=/sys/fs/cgroup cgroup2 .* ro,.*'
}

@test "on a host with v1 hierarchies each is there, with links for controllers that share one" {
	[ "$(cgroup_mode)" != v2 ] || skip "this host has no cgroup v1"
	payload mounts list /sys/fs/cgroup
	passes
	while IFS=: read -r _ names _; do
		[ "$names" ] || continue
		matches "mount=/sys/fs/cgroup/${names#name=} cgroup .*"
		[[ $names != *,* ]] || for one in ${names//,/ }; do matches "stat=/sys/fs/cgroup/$one l .* -> $names"; done
	done </proc/self/cgroup
}

@test "without a cgroup namespace of its own pure cgroup v2 is the host's hierarchy, whose options stay" {
	pure_v2
	"${IN[@]}" grep ' - cgroup2 ' /proc/self/mountinfo >"$T/before"
	payload list /sys/fs/cgroup
	for path in '' /proc/self/ns/cgroup /proc/1/ns/cgroup; do
		[ ! "$path" ] || [ "$(readlink "$path")" = "$(readlink /proc/self/ns/cgroup)" ] || continue
		without_cgroup_namespace
		[ ! "$path" ] || config --arg path "$path" '.linux.namespaces += [{type: "cgroup", path: $path}]'
		OCIRUN_TRACE=sys passes
		matches 'stat=/sys/fs/cgroup/cgroup\.procs .*'
		# A new mount, made in the initial cgroup namespace, resets nsdelegate, memory_recursiveprot and favordynmods of every other.
		! grep -F 'fsopen("cgroup2")' "$T/err" || fail "mounted anew: $path"
		"${IN[@]}" grep ' - cgroup2 ' /proc/self/mountinfo >"$T/after"
		equal "$(<"$T/after")" "$(<"$T/before")"
	done
}

@test "nor is it mounted anew where ocirun itself is in another cgroup namespace and joins the host's" {
	[ "$(readlink /proc/self/ns/cgroup)" = "cgroup:[4026531835]" ] || skip "needs the initial cgroup namespace"
	pure_v2
	without_cgroup_namespace
	config --arg path "/proc/$$/ns/cgroup" '.linux.namespaces += [{type: "cgroup", path: $path}]'
	payload list /sys/fs/cgroup
	local -a outside=("${IN[@]}")
	# Where namespaces delegate, none can be left for the cgroup of another.
	if grep -q ' - cgroup2 .*nsdelegate' /proc/self/mountinfo && ! grep -qx 0::/ /proc/self/cgroup; then
		IN+=(unshare -C)
		container
		assert_error "is outside of the cgroup namespace that ocirun is in"
	fi
	# shellcheck disable=SC2016
	IN=("${outside[@]}" sh -c 'echo $$ >/sys/fs/cgroup/cgroup.procs && exec unshare -C "$@"' sh)
	OCIRUN_TRACE=sys passes
	matches 'stat=/sys/fs/cgroup/cgroup\.procs .*'
	! grep -F 'fsopen("cgroup2")' "$T/err" || fail "mounted anew"
}

@test "run.oci.systemd.force_cgroup_v1 mounts the hierarchy name=systemd in the place of another mount" {
	[ -n "$(awk '/name=systemd/' /proc/self/cgroup)" ] || skip "the host has no cgroup v1 hierarchy name=systemd"
	config '.annotations = {"run.oci.systemd.force_cgroup_v1": "/sys/fs/cgroup"}'
	payload mounts
	passes
	matches 'mount=/sys/fs/cgroup tmpfs .*'
	matches 'mount=/sys/fs/cgroup/systemd cgroup cgroup .*name=systemd.*'
	equal "$(grep -c '^mount=/sys/fs/cgroup' <<<"$out")" 2
	config '(.mounts[] | select(.destination == "/sys/fs/cgroup")) |= (.type = "tmpfs" | .options = ["tmpcopyup"])'
	container
	assert_error "options: the mount has options that run.oci.systemd.force_cgroup_v1 does not go with"
	base_config >"$B/config.json"
	config '.annotations = {"run.oci.systemd.force_cgroup_v1": "/sys/fs/cgroup"}'
	without_cgroup_namespace
	container
	assert_error 'run.oci.systemd.force_cgroup_v1 needs a namespace of type "cgroup"'
}
