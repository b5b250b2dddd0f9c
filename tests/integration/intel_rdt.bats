#!/usr/bin/env bats
# shellcheck shell=bats
# config-linux.md, IntelRdt. What is done with resctrl is tested on a directory (tests/unit/intel_rdt_test.c), and here where a host has one.
load helpers

RESCTRL=/sys/fs/resctrl
need_resctrl() {
	grep -q ' - resctrl ' /proc/self/mountinfo || mount -t resctrl resctrl $RESCTRL 2>/dev/null || skip "this host has no resctrl"
}
need_no_resctrl() { ! grep -q ' - resctrl ' /proc/self/mountinfo || skip "this host has resctrl"; }

@test "intelRdt on a host without resctrl is an error that says so" {
	need_no_resctrl
	for rdt in '{}' '{"closID": "/"}' '{"l3CacheSchema": "L3:0=f"}' '{"enableMonitoring": true}'; do
		config --argjson rdt "$rdt" '.linux.intelRdt = $rdt'
		create
		assert_error 'linux.intelRdt: this host has no resctrl file system mounted' 'mount -t resctrl'
		equal "$(ls -A "$ROOT")" ""
	done
}

@test "null for intelRdt asks for nothing" {
	config '.linux.intelRdt = null'
	passes
}

@test "what intelRdt can't be is an error that names it" {
	config '.linux.intelRdt = {closID: "a/b", memBwSchema: "L3:0=f", schemata: ["L3:0=f\nMB:0=10"]}'
	create
	assert_error 'linux.intelRdt.closID' 'linux.intelRdt.memBwSchema' 'linux.intelRdt.schemata[0]'
	config '.linux.intelRdt = {closID: 1, l3CacheSchema: [], schemata: "L3:0=f", enableMonitoring: "yes"}'
	create
	assert_error 'linux.intelRdt.closID: expected a string' 'linux.intelRdt.l3CacheSchema: expected a string' \
		'linux.intelRdt.schemata: expected a list' 'linux.intelRdt.enableMonitoring: expected true or false'
}

@test "a class of its own is made, and removed with the container" {
	need_resctrl
	config '.linux.intelRdt = {}'
	payload sleep 100
	running
	grep -qx "$(pid_of)" "$RESCTRL/$C/tasks"
	oci delete --force "$C"
	absent "$RESCTRL/$C"
}

@test "a monitoring group is made, and removed with the container" {
	need_resctrl
	[ -d $RESCTRL/mon_groups ] || skip "this host's resctrl has no monitoring"
	config '.linux.intelRdt = {closID: "/", enableMonitoring: true}'
	payload sleep 100
	running
	grep -qx "$(pid_of)" "$RESCTRL/mon_groups/$C/tasks"
	oci delete --force "$C"
	absent "$RESCTRL/mon_groups/$C"
}

@test "a class that is not there is an error without a schema" {
	need_resctrl
	config --arg class "$C-none" '.linux.intelRdt = {closID: $class}'
	create
	assert_error "linux.intelRdt.closID: there is no class \"$C-none\""
}
