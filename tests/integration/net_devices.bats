#!/usr/bin/env bats
# shellcheck shell=bats
# config-linux.md, Network Devices: moved, renamed, with their addresses, up; and back as they were when create fails. The host's network is
# a namespace of the test's own, so that this machine's devices are not touched: `host` runs a command in it, and `oci` does too.
load helpers

hold_network() {
	local -n holder=$1
	shift
	"$@" unshare -n sh -c 'echo ready; exec sleep 300' >"$T/holder" 2>&1 3>&- &
	holder=$!
	HOLDERS+=("$holder")
	until_true grep -q ready "$T/holder" || fail "no network namespace: $(cat "$T/holder")"
}

host() { nsenter -t "$HOST" -n -- "$@"; }

# device NAME: one of the host's, whose other end stays there.
device() {
	host ip link add "$1" type veth peer name "p-$1" || skip "this kernel has no veth devices"
	host ip link set "p-$1" up
}

# eth7, up, with an address of each family, is what is lent.
host_network() {
	command -v ip >/dev/null || skip "needs ip (iproute2)"
	hold_network HOST
	IN=(nsenter -t "$HOST" -n --)
	device eth7
	host ip link set eth7 mtu 1400 address 02:00:00:00:00:07 up
	host ip addr add 10.1.2.3/24 brd 10.1.2.255 dev eth7
	host ip addr add fd00::7/64 dev eth7 nodad
	config '.linux.netDevices = {eth7: {name: "c0"}}'
	payload net addresses link c0
}

# All that there is of a device, but what is not its own: the index and state of the other end, counters, the time that is left.
all_of() {
	host ip -d -j addr show dev "$1" | jq -cS '.[0] | {ifindex, ifname, mtu, txqlen, address, altnames, ifalias, up: (.flags | index("UP") != null),
		addr_info: [.addr_info[] | select(.family != "inet6" or .scope != "link")
			| del(.valid_life_time, .preferred_life_time, .dynamic, .tentative, .nodad)] | sort_by(.local)}'
}
no_device() { ! host ip link show dev "$1" >/dev/null 2>&1 || fail "still on the host: $1"; }

# Whatever makes create fail after the devices have moved.
failing() { args /no/such/program; }

# --- moved -------------------------------------------------------------------------------------------------------------------------------

@test "a device is moved, renamed, up, with its addresses, mtu and hardware address" {
	host_network
	passes
	line "net=c0 up"
	no_line "net=eth7 up"
	line "address=c0 10.1.2.3/24"
	line "address=c0 fd00::7/64"
	line "link=c0 mtu 1400 mac 02:00:00:00:00:07"
}

@test "without a name it keeps the host's" {
	host_network
	config '.linux.netDevices = {eth7: {}}'
	passes
	line "net=eth7 up"
	line "address=eth7 10.1.2.3/24"
}

@test "a device that was down is up in the container" {
	host_network
	device eth8
	config '.linux.netDevices = {eth8: {}}'
	passes
	line "net=eth8 up"
}

@test "only permanent addresses of global scope go with it" {
	host_network
	host ip addr add 10.9.9.1/24 dev eth7 valid_lft 1000 preferred_lft 1000
	host ip addr add 169.254.3.3/16 dev eth7 scope link
	host ip addr add 10.9.8.1/24 dev eth7 scope host
	host ip addr add fd00::9/64 dev eth7 nodad valid_lft 1000 preferred_lft 1000
	passes
	equal "$(value address | grep '^c0 ' | grep -v ' fe80::' | sort)" "$(printf '%s\n' 'c0 10.1.2.3/24' 'c0 fd00::7/64')"
}

@test "broadcast, peer, metric and label go with an address, and its place in the order" {
	host_network
	host ip addr add 10.1.2.9/24 dev eth7 label eth7:one metric 77
	host ip addr add 10.2.2.2 peer 10.2.2.1/32 dev eth7
	order=$(host ip -o -4 addr show dev eth7 | awk '{print $4}')
	payload addresses sleep 100
	running
	inside() { nsenter -t "$(pid_of)" -n ip -o -4 addr show dev c0; }
	equal "$(inside | awk '{print $4}')" "$order"
	contains "$(inside)" "brd 10.1.2.255"
	contains "$(inside)" "metric 77"
	contains "$(inside)" "c0:one"
	contains "$(inside)" "peer 10.2.2.1/32"
}

@test "several devices, whose names are exchanged" {
	host_network
	device eth8
	host ip addr add 10.8.8.8/24 dev eth8
	config '.linux.netDevices = {eth7: {name: "eth8"}, eth8: {name: "eth7"}}'
	payload net addresses
	passes
	line "address=eth8 10.1.2.3/24"
	line "address=eth7 10.8.8.8/24"
	no_device eth7
	no_device eth8
}

@test "a template lets the kernel number the devices" {
	host_network
	device eth8
	config '.linux.netDevices = {eth7: {name: "net%d"}, eth8: {name: "net%d"}}'
	payload net addresses
	passes
	line "net=net0 up"
	line "net=net1 up"
	line "address=net0 10.1.2.3/24"
}

@test "a device is found by an alternative name, and keeps its names" {
	host_network
	host ip link property add dev eth7 altname other7
	config '.linux.netDevices = {other7: {}}'
	payload net sleep 100
	running
	until_line "net=eth7 up"
	contains "$(nsenter -t "$(pid_of)" -n ip link show dev other7)" eth7
}

@test "sysctls may name the device, hooks find it moved" {
	host_network
	config --arg t "$T" '.linux.sysctl = {"net.ipv4.conf.c0.forwarding": "1"}
		| .hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", "ip link show dev eth7 >/dev/null 2>&1 || echo moved >\($t)/hook"], env: ["PATH=\(env.PATH)"]}]'
	payload net sysctl net.ipv4.conf.c0.forwarding
	passes
	line sysctl_net.ipv4.conf.c0.forwarding=1
	equal "$(cat "$T/hook")" moved
}

@test "a device is moved to the network namespace of a user namespace" {
	host_network
	user_namespace
	passes
	line "address=c0 10.1.2.3/24"
	line "net=c0 up"
}

@test "a device is moved beside a new time namespace" {
	host_network
	config '.linux.namespaces += [{type: "time"}]'
	passes
	line "net=c0 up"
}

@test "a device is moved to a network namespace that is joined, and stays there" {
	host_network
	hold_network POD
	nsenter -t "$POD" -n ip link add taken type veth peer name p-taken # its indexes are taken too
	config --arg path "/proc/$POD/ns/net" '.linux.namespaces |= map(if .type == "network" then .path = $path else . end)'
	passes
	line "net=c0 up"
	line "address=c0 fd00::7/64"
	nsenter -t "$POD" -n ip link show dev c0 >/dev/null
	no_device eth7
}

@test "a device is moved to the joined network namespace of a joined user namespace" {
	host_network
	hold_network POD unshare -U --map-root-user
	config --arg pod "/proc/$POD/ns" '.linux.namespaces |= map(if .type == "network" then .path = "\($pod)/net" else . end) + [{type: "user", path: "\($pod)/user"}]'
	passes
	line "net=c0 up"
	line "address=c0 10.1.2.3/24"
}

@test "after delete the kernel has the device: it is not moved back" {
	host_network
	payload sleep 100
	running
	oci delete --force "$C"
	# a pair is destroyed with either end's namespace
	until_true eval '! host ip link show dev p-eth7 >/dev/null 2>&1' || fail "the namespace still lives"
	no_device eth7
	no_device c0
}

# --- put back ------------------------------------------------------------------------------------------------------------------------------

@test "a create that fails later puts devices back as they were" {
	host_network
	device eth8
	host ip link set eth8 txqueuelen 33 alias "a device"
	host ip link property add dev eth8 altname other8
	host ip addr add 10.8.8.8/24 dev eth8
	host ip addr add 10.9.9.1/24 dev eth7 valid_lft 1000 preferred_lft 1000
	host ip addr add 169.254.3.3/16 dev eth7 scope link label eth7:ll
	config '.linux.netDevices = {eth7: {name: "eth8"}, eth8: {name: "eth7"}}'
	before=$(all_of eth7; all_of eth8)
	failing
	create
	assert_error 'process.args[0]'
	equal "$(all_of eth7; all_of eth8)" "$before"
	contains "$before" '"up":false'
	contains "$(host ip -4 addr show dev eth7)" dynamic
}

@test "a create in a joined network namespace that fails puts the device back" {
	host_network
	hold_network POD
	config --arg path "/proc/$POD/ns/net" '.linux.namespaces |= map(if .type == "network" then .path = $path else . end)'
	before=$(all_of eth7)
	failing
	create
	assert_error 'process.args[0]'
	equal "$(all_of eth7)" "$before"
	equal "$(nsenter -t "$POD" -n ip -o link | grep -c .)" 1
}

@test "a create in a user namespace that fails puts the device back" {
	host_network
	user_namespace
	before=$(all_of eth7)
	failing
	create
	assert_error 'process.args[0]'
	equal "$(all_of eth7)" "$before"
}

@test "a hook that fails puts the device back" {
	host_network
	config '.hooks.createRuntime = [{path: "/bin/false"}]'
	before=$(all_of eth7)
	create
	assert_error 'hooks.createRuntime[0]'
	equal "$(all_of eth7)" "$before"
}

@test "of two devices the first is put back when the second can't move" {
	host_network
	config '.linux.netDevices = {eth7: {name: "c0"}, lo: {name: "c1"}}'
	before=$(all_of eth7)
	create
	assert_error 'linux.netDevices["lo"]' "Invalid argument (EINVAL)"
	equal "$(all_of eth7)" "$before"
}

@test "delete --force of a create that hangs puts the device back" {
	host_network
	config '.hooks.createRuntime = [{path: "/bin/sleep", args: ["sleep", "100"]}]'
	before=$(all_of eth7)
	create >/dev/null 2>&1 3>&- & creator=$!
	until_true eval '! host ip link show dev eth7 >/dev/null 2>&1' || fail "never moved"
	try oci delete --force "$C"
	assert_success
	wait "$creator" || true
	equal "$(all_of eth7)" "$before"
}

@test "delete --force after a create that was killed puts the device back from a joined network namespace" {
	host_network
	hold_network POD
	config --arg path "/proc/$POD/ns/net" --arg pid "$T/hook" '.linux.namespaces |= map(if .type == "network" then .path = $path else . end)
		| .hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", "echo $$ >\($pid); exec /bin/sleep 100"]}]'
	before=$(all_of eth7)
	create >/dev/null 2>&1 3>&- & creator=$!
	until_true [ -s "$T/hook" ] || fail "the hook never ran"
	no_device eth7
	kill -KILL "$(jq .creator.pid "$ROOT/$C/state.json")"
	wait "$creator" || true # and with it its hook
	IN+=(env --ignore-signal=CHLD) # it has children, whoever calls it
	try oci delete --force "$C"
	assert_success
	equal "$err" ""
	equal "$(all_of eth7)" "$before"
}

@test "delete --force takes nothing from another network namespace that has come to the path" {
	host_network
	hold_network POD
	ln -s "/proc/$POD/ns/net" "$T/pod"
	config --arg path "$T/pod" --arg pid "$T/hook" '.linux.namespaces |= map(if .type == "network" then .path = $path else . end)
		| .hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", "echo $$ >\($pid); exec /bin/sleep 100"]}]'
	create >/dev/null 2>&1 3>&- & creator=$!
	until_true [ -s "$T/hook" ] || fail "the hook never ran"
	kill -KILL "$(jq .creator.pid "$ROOT/$C/state.json")"
	wait "$creator" || true # and with it its hook
	hold_network OTHER
	ln -sfn "/proc/$OTHER/ns/net" "$T/pod"
	nsenter -t "$OTHER" -n ip link add other index "$(jq '.netDevices[0].insideIndex' "$ROOT/$C/state.json")" type veth peer name p-other
	try oci delete --force "$C"
	assert_success
	nsenter -t "$OTHER" -n ip link show dev other >/dev/null || fail "taken: $err"
	contains "$err" 'linux.netDevices["eth7"]: ended with the container'
}

# --- refused -------------------------------------------------------------------------------------------------------------------------------

@test "a device that is not there is an error that names it, and nothing has moved" {
	host_network
	config '.linux.netDevices = {eth7: {name: "c0"}, eth9: {}}'
	before=$(all_of eth7)
	create
	assert_error 'linux.netDevices["eth9"]: no such network device on the host' 'ip link'
	equal "$(all_of eth7)" "$before"
}

@test "a name that is taken in the container is an error that names it, and nothing has moved" {
	host_network
	device eth8
	before=$(all_of eth7; all_of eth8)
	config '.linux.netDevices = {eth8: {}, eth7: {name: "lo"}}'
	create
	assert_error 'linux.netDevices["eth7"].name: "lo" is taken in the container'\''s network namespace'
	equal "$(all_of eth7; all_of eth8)" "$before"
	hold_network POD
	nsenter -t "$POD" -n ip link add eth7 type veth peer name p-eth7
	config --arg path "/proc/$POD/ns/net" '.linux.netDevices = {eth8: {}, eth7: {}}
		| .linux.namespaces |= map(if .type == "network" then .path = $path else . end)'
	create
	assert_error 'linux.netDevices["eth7"]: "eth7" is taken'
	equal "$(all_of eth7; all_of eth8)" "$before"
}

@test "a network namespace that is the host's own is an error" {
	host_network
	config --arg path "/proc/$HOST/ns/net" '.linux.namespaces |= map(if .type == "network" then .path = $path else . end)'
	before=$(all_of eth7)
	create
	assert_error "linux.netDevices: the container's network namespace is the host's" linux.namespaces
	equal "$(all_of eth7)" "$before"
}

@test "without CAP_NET_ADMIN on the host it is an error that says so, and nothing has moved" {
	host_network
	user_namespace # in which init may bring up its loopback all the same
	before=$(all_of eth7)
	IN+=(setpriv --bounding-set=-net_admin --inh-caps=-net_admin)
	create
	assert_error 'linux.netDevices["eth7"]: ' '(EPERM)' 'moving network devices needs CAP_NET_ADMIN'
	equal "$(all_of eth7)" "$before"
}

@test "netDevices without a network namespace is an error that names both" {
	host_network
	config '.linux.namespaces |= map(select(.type != "network"))'
	create
	assert_error 'linux.netDevices: needs a namespace of type "network" in linux.namespaces'
}

@test "names that no device can have are errors that name them" {
	host_network
	config '.linux.netDevices = {"a/b": {}, eth1: {name: "a b"}, eth2: {name: "0123456789abcdef"}, eth3: {name: "e%dth"}, eth4: {name: "e%s"}, eth5: {name: ".."}}'
	create
	assert_error 'linux.netDevices["a/b"]' 'linux.netDevices["eth1"].name' 'linux.netDevices["eth2"].name' \
		'linux.netDevices["eth3"].name' 'linux.netDevices["eth4"].name' 'linux.netDevices["eth5"].name'
	config '.linux.netDevices = {eth7: "c0"}'
	create
	assert_error 'linux.netDevices["eth7"]: expected an object'
	config '.linux.netDevices = ["eth7"]'
	create
	assert_error 'linux.netDevices: expected an object'
}

@test "the example bundle shows its device" {
	host_network
	[ -d "$repo/bundles/net-device/rootfs" ] || skip "make bundles has not been run"
	device ocirun0
	host ip addr add 192.0.2.7/24 dev ocirun0
	try oci run --bundle "$repo/bundles/net-device" "$C"
	assert_success
	contains "$out" "inet 192.0.2.7/24 scope global eth0"
}

@test "what a joined mount namespace has in the place of /proc holds nobody up" {
	hold_network HOST
	hold 'mount -t tmpfs fake /proc; mkdir -p /proc/self/ns; mkfifo /proc/self/ns/net'
	path=/proc/${HOLDERS[-1]}/ns/mnt
	IN=(nsenter -t "$HOST" -n --)
	config --arg path "$path" '.linux.netDevices = {eth7: {}} | .linux.namespaces |= map(if .type == "mount" then .path = $path else . end)'
	container
	assert_error 'linux.netDevices'
}
