#!/usr/bin/env bats
# shellcheck shell=bats
# The limits that podman asks for with --memory, --pids-limit and --cpus hold, for root and for a plain user with a systemd of its own,
# whoever makes the cgroups. In the VM only: it has podman, systemd and every controller.
load ../integration/helpers

# called_by USER MANAGER: podman as root, or as a plain user in a scope of its systemd; with an image of the bundle's rootfs, imported once.
called_by() {
	if [ "$1" = root ]; then
		call=(podman)
	else
		call=(runuser -u user -- env -C / HOME=/home/user XDG_RUNTIME_DIR=/run/user/1000 DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/1000/bus
			systemd-run --user --scope --quiet -p Delegate=yes podman)
	fi
	call+=(--runtime "$OCIRUN" --cgroup-manager "$2")
	tar -C "$B/rootfs" -cf "$T/image.tar" .
	"${call[@]}" image exists localhost/ocirun-test || "${call[@]}" import "$T/image.tar" localhost/ocirun-test >/dev/null 2>"$T/err" || fail "no image: $(cat "$T/err")"
}
limited() { try timeout 120 "${call[@]}" run --rm --name "$C" --network none --memory 32m --memory-swap 32m --pids-limit 20 --cpus 0.25 localhost/ocirun-test "$@"; }

# Of the container's own cgroup, the file of v2 or v1.
inside() { echo "cat /sys/fs/cgroup/$1 2>/dev/null || cat /sys/fs/cgroup/$2"; }

limits_hold() {
	called_by "$@"
	limited sh -c "$(inside memory.max memory/memory.limit_in_bytes); $(inside pids.max pids/pids.max); $(inside cpu.max cpu/cpu.cfs_quota_us)"
	assert_success
	equal "$(head -n 2 <<<"$out" | xargs)" "33554432 20"
	matches '25000( 100000)?'
	limited dd if=/dev/zero of=/dev/null bs=64M count=1
	assert_exit 137
	limited sh -c 'i=0; while [ $i -lt 30 ]; do sleep 100 & i=$((i + 1)); done'
	contains "$err" "can't fork"
	limited sh -c "i=0; while [ \$i -lt 20000 ]; do i=\$((i + 1)); done; $(inside cpu.stat cpu/cpu.stat)"
	assert_success
	matches 'nr_throttled [1-9].*'
}

need_podman() { type -P podman >/dev/null || skip "needs podman"; }
need_session() {
	[ "$(cgroup_mode)" = v2 ] || skip "a plain user gets cgroups of v2 only"
	[ -S /run/user/1000/systemd/private ] || skip "needs a user 1000 with a systemd of its own"
}

@test "podman's limits hold: root, cgroupfs" {
	need_podman
	limits_hold root cgroupfs
}

@test "podman's limits hold: root, systemd" {
	need_podman
	limits_hold root systemd
}

@test "podman's limits hold: a plain user, cgroupfs" {
	need_podman
	need_session
	limits_hold user cgroupfs
}

@test "podman's limits hold: a plain user, systemd" {
	need_podman
	need_session
	limits_hold user systemd
}
