#!/usr/bin/env bats
# shellcheck shell=bats
# Known escapes of container runtimes, each as a test.
load helpers

root_capabilities() { config '.process.capabilities |= map_values(["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_SYS_ADMIN", "CAP_SYS_PTRACE", "CAP_MKNOD"]) | .process.noNewPrivileges = false'; }

@test "CVE-2016-3697: a numeric user is a number, whatever /etc/passwd says" {
	printf 'root:x:0:0::/root:/bin/sh\n1000:x:0:0::/:/bin/sh\n' >"$B/rootfs/etc/passwd"
	config '.process.user = {uid: 1000, gid: 1000}'
	payload ids
	passes
	line uid=1000
	line gid=1000
}

@test "CVE-2019-5736: the runtime's file can't be written through /proc/self/exe" {
	root_capabilities
	before=$(sha256sum "$OCIRUN")
	printf '#!/proc/self/exe\n' >"$B/rootfs/bin/trick"
	chmod 755 "$B/rootfs/bin/trick"
	args /bin/trick
	container
	equal "$(sha256sum "$OCIRUN")" "$before"
	# The file of the runtime's first process in the container: opened, and written when nobody executes it any more, which alone would
	# prevent that. Whoever shares a pid namespace with it can do so.
	cp "$OCIRUN" "$T/runtime"
	OCIRUN=$T/runtime
	before=$(sha256sum "$OCIRUN")
	create
	assert_success
	exec 9<"/proc/$(pid_of)/exe"
	oci kill "$C" KILL
	until_state stopped
	{ echo x >>/proc/self/fd/9; } 2>"$T/err" && fail "the runtime's file could be written"
	exec 9<&-
	grep -qE 'Read-only file system|Operation not permitted' "$T/err" || fail "$(cat "$T/err")"
	equal "$(sha256sum "$OCIRUN")" "$before"
}

@test "CVE-2024-21626: cwd can't be one of the runtime's file descriptors" {
	exec 17<"$T" # the caller's, which is still open when init looks for its directory
	for n in {3..20}; do
		config --arg cwd "/proc/self/fd/$n" '.process.cwd = $cwd'
		payload cwd list .
		container
		[ "$status" -ne 0 ] || fail "cwd=/proc/self/fd/$n"
		no_match 'stat=.*config.json.*'
	done
	exec 17<&-
}

@test "CVE-2024-21626: nor through a link to one, nor with .. behind it" {
	for n in 3 5 7 9 12; do
		ln -sfn "/proc/self/fd/$n" "$B/rootfs/way"
		for cwd in /way /way/.. "/proc/self/fd/$n/../.."; do
			config --arg cwd "$cwd" '.process.cwd = $cwd'
			payload cwd
			container
			[ "$status" -ne 0 ] || no_match 'cwd=\(unreachable\).*'
		done
	done
}

@test "CVE-2019-19921, CVE-2023-27561, CVE-2025-54867: /proc, /sys and /dev that are links lead nowhere outside" {
	mkdir "$T/outside"
	for name in proc sys dev; do
		for target in "$T/outside" "../../../../../../..$T/outside" "/" "/tmp"; do
			base_config >"$B/config.json"
			rm -rf "${B:?}/rootfs/$name"
			ln -s "$target" "$B/rootfs/$name"
			container
			equal "$(ls -A "$T/outside")" ""
			case $name in proc | sys) [ "$status" -eq 1 ] || fail "/$name -> $target was followed" ;; esac
			rm "$B/rootfs/$name"
			mkdir "$B/rootfs/$name"
		done
	done
}

@test "CVE-2026-41579: a /dev that is a link, and no mount there, gets nothing outside" {
	mkdir "$T/outside"
	config '.mounts |= map(select(.destination | startswith("/dev") | not))'
	rm -rf "$B/rootfs/dev"
	ln -s "../../../../../../..$T/outside" "$B/rootfs/dev"
	container
	equal "$(ls -A "$T/outside")" ""
	rm "$B/rootfs/dev"
	mkdir "$B/rootfs/dev"
	ln -s "../../../../../../../..$T/outside" "$B/rootfs/dev/pts"
	ln -s "../../../../../../../..$T/outside/null" "$B/rootfs/dev/null"
	container
	equal "$(ls -A "$T/outside")" ""
}

@test "CVE-2019-16884: nothing but a proc filesystem is mounted at /proc, however it is written" {
	mkdir -p "$B/rootfs/x/y" "$T/volume"
	ln -s ../proc "$B/rootfs/x/relative"
	ln -s /proc "$B/rootfs/absolute"
	for destination in /proc /proc/ //proc proc /./proc /proc/. /x/../proc /x/y/../../proc /../proc ../proc /x/relative /absolute; do
		for mounted in before after never; do
			for mount in '{type: "tmpfs", source: "t"}' '{type: "sysfs", source: "s"}' '{type: "cgroup", source: "c"}' '{type: "bind", source: $v, options: ["bind"]}'; do
				base_config >"$B/config.json"
				config --arg d "$destination" --arg v "$T/volume" --arg when $mounted "(.mounts | map(select(.type == \"proc\"))) as \$proc
					| (.mounts | map(select(.type != \"proc\"))) as \$rest | ($mount + {destination: \$d}) as \$new
					| .mounts = (if \$when == \"before\" then \$proc + [\$new] elif \$when == \"after\" then [\$new] + \$proc else [\$new] end) + \$rest"
				container
				assert_error "mounts[" "].destination: " || { echo "$destination, proc $mounted: $mount"; return 1; }
			done
		done
	done
}

@test "CVE-2019-16884: nothing is mounted inside /proc, but for the files that are known to be harmless" {
	mkdir "$B/rootfs/x"
	ln -s ../proc/self "$B/rootfs/x/relative"
	ln -s /proc/fs "$B/rootfs/absolute"
	for destination in /proc/sys /proc/fs /proc/self/attr /./proc/sys/kernel /x/../proc/sys /x/relative/attr /absolute; do
		for type in tmpfs cgroup; do
			base_config >"$B/config.json"
			config --arg d "$destination" --arg type $type '.mounts += [{destination: $d, type: $type, source: "s"}]'
			container
			assert_error "mounts[7].destination: " "inside /proc" || { echo "$destination: $type"; return 1; }
		done
	done
	base_config >"$B/config.json"
	echo 77.77 88.88 >"$T/uptime"
	config --arg f "$T/uptime" '.mounts += [{destination: "/proc/uptime", type: "bind", source: $f, options: ["bind"]}]'
	payload file /proc/uptime
	passes
	line "file=77.77 88.88"
}

@test "CVE-2026-41579: a /dev that is a link into a volume gets no device and no link there" {
	mkdir "$T/volume"
	rm -rf "$B/rootfs/dev"
	for target in vol /vol ../vol vol/made; do
		ln -sfn "$target" "$B/rootfs/dev"
		for filter in . '.mounts |= map(select(.destination != "/dev"))' '.mounts |= map(select(.destination | startswith("/dev") | not))' \
			'.mounts |= map(select(.destination | startswith("/dev") | not)) | .linux.devices = [{path: "/dev/mine", type: "c", major: 1, minor: 3}]' \
			'.mounts |= map(select(.destination | startswith("/dev/pts") or (startswith("/dev") | not))) | .process.terminal = true'; do
			base_config >"$B/config.json"
			config --arg v "$T/volume" '.mounts = [{destination: "/vol", type: "bind", source: $v, options: ["bind"]}] + .mounts'
			config "$filter"
			container
			assert_error /dev || { echo "$target: $filter"; return 1; }
			equal "$(find "$T/volume" ! -type d)" ""
		done
	done
}

@test "CVE-2019-18837: a mount's destination that is a link stays inside" {
	mkdir -p "$T/outside/data"
	touch "$T/source"
	ln -s "../../../../../../..$T/outside" "$B/rootfs/link"
	config --arg s "$T/source" '.mounts += [{destination: "/link/data/x/y", type: "tmpfs", source: "t"}, {destination: "/link/file", type: "bind", source: $s, options: ["bind"]}]'
	container
	equal "$(find "$T/outside" | sort | tr '\n' ' ')" "$T/outside $T/outside/data "
}

@test "CVE-2021-30465: a volume whose directory another container swaps for a link never leads outside" {
	outside
	mkdir -p "$T/volume/dir"
	ln -s "../../../../../../../../..$T/outside" "$T/volume/link"
	config --arg v "$T/volume" '.mounts += [{destination: "/v", type: "bind", source: $v, options: ["bind"]}, {destination: "/v/dir/target", type: "tmpfs", source: "raced"},
		{destination: "/v/dir/deep/er", type: "tmpfs", source: "raced"}]'
	payload mounts
	swap "$T/volume" dir link
	# What is mounted beside the root is not seen in there.
	both_inside() { [ "$(grep -c ' tmpfs raced ' <<<"$out")" -eq 2 ]; }
	assault both_inside
}

@test "CVE-2022-24769: nothing is inheritable unless config.json says so" {
	config '.process.user = {uid: 1000, gid: 1000}'
	payload caps
	passes
	line cap_inheritable=0000000000000000
	line cap_ambient=0000000000000000
}

@test "CVE-2024-40635: a uid of 4294967295 is an error" {
	config '.process.user.uid = 4294967295'
	container
	assert_error process.user.uid 4294967295
	config '.process.user = {uid: 0, gid: 4294967295}'
	container
	assert_error process.user.gid 4294967295
}

@test "CVE-2024-40635: a uid above 2147483647 is not 0" {
	config '.process.user = {uid: 4294967294, gid: 2147483648}'
	payload ids
	passes
	line uid=4294967294
	line gid=2147483648
}

@test "CVE-2025-31133: a /dev/null that the image brings is not what masks" {
	mkdir -p "$T/outside"
	echo secret >"$T/outside/file"
	config '.mounts |= map(select(.destination | startswith("/dev") | not)) | .linux.maskedPaths = ["/etc/passwd"]'
	for target in /etc/group "../../../../../../../..$T/outside/file" /proc/sysrq-trigger; do
		ln -sfn "$target" "$B/rootfs/dev/null"
		payload access /etc/passwd
		container
		if [ "$status" -eq 0 ]; then
			line 'read=/etc/passwd empty'
		else
			assert_error
		fi
	done
	equal "$(cat "$T/outside/file")" secret
}

@test "CVE-2025-31133: nor is one on a bind mount that covers /dev" {
	mkdir "$T/dev"
	config --arg dev "$T/dev" '.mounts |= map(select(.destination | startswith("/dev") | not)) + [{destination: "/dev", type: "bind", source: $dev, options: ["bind"]}]
		| .linux.maskedPaths = ["/etc/passwd"]'
	echo fake >"$B/rootfs/etc/fake"
	payload access /etc/passwd file /etc/passwd
	ln -s /etc/fake "$T/dev/null"
	passes
	line 'read=/etc/passwd empty'
	no_line file=fake
	ln -sfn /proc/sysrq-trigger "$T/dev/null"
	passes
	line 'read=/etc/passwd empty'
	rm "$T/dev/null"
	echo fake >"$T/dev/null"
	passes
	line 'read=/etc/passwd empty'
}

@test "CVE-2025-31133: a /dev/null of the host's that is none masks nothing" {
	hold "touch $T/null; mount --bind $T/null /dev/null"
	container
	assert_error "the host's /dev/null is not the null device"
}

@test "CVE-2025-52565: the console is the terminal itself, whatever the image has at its name" {
	echo secret >"$T/secret"
	config '.process.terminal = true | .mounts |= map(select(.destination != "/dev" and .destination != "/dev/shm" and .destination != "/dev/mqueue"))'
	payload stat /dev/console
	touch "$B/rootfs/dev/console"
	passes
	matches 'stat=/dev/console c .* 136:[0-9]+ 0'
	for target in "$T/secret" "../../../../../../../..$T/secret" /etc/passwd /dev/pts/0; do
		ln -sfn "$target" "$B/rootfs/dev/console"
		container
		[ "$status" -ne 0 ] || matches 'stat=/dev/console c .* 136:[0-9]+ 0'
		equal "$(readlink "$B/rootfs/dev/console")" "$target"
	done
	rm "$B/rootfs/dev/console"
	# The multiplexer is asked what it is: a pty that the image has put there is none.
	config '.mounts |= map(select(.destination != "/dev/pts"))'
	mkdir -p "$B/rootfs/dev/pts"
	need_capability MKNOD 27
	for fake in "5 0" "5 2" "1 3"; do
		rm -f "$B/rootfs/dev/pts/ptmx"
		# shellcheck disable=SC2086
		mknod "$B/rootfs/dev/pts/ptmx" c $fake
		container
		assert_error "/dev/pts/ptmx in the container's root is no pty multiplexer"
	done
	equal "$(cat "$T/secret")" secret
}

@test "CVE-2025-52565: the container's end of the terminal is not looked for by its name" {
	[ -c /dev/pts/ptmx ] || skip "no /dev/pts/ptmx on this host"
	# A volume at /dev/pts with a true multiplexer, and a trap at every name that a pty could have.
	mkdir "$T/pts"
	touch "$T/pts/ptmx"
	echo secret >"$B/rootfs/secret"
	for n in $(seq 0 300); do ln -s /secret "$T/pts/$n"; done
	config --arg pts "$T/pts" '.process.terminal = true | .mounts |= map(select(.destination != "/dev/pts"))
		| .mounts += [{destination: "/dev/pts", type: "bind", source: $pts, options: ["bind"]},
			{destination: "/dev/pts/ptmx", type: "bind", source: "/dev/pts/ptmx", options: ["bind"]}]'
	payload tty
	container
	# (The kernel has no name for the other end of one that is bound alone.)
	assert_error "open the container's end of the terminal"
	equal "$(cat "$B/rootfs/secret")" secret
}

@test "CVE-2025-23266: a hook does not get the container's environment" {
	config --arg p "$PAYLOAD" --arg out "$T/env" '.process.env += ["LD_PRELOAD=/evil.so", "EVIL=1"]
		| .hooks = {createContainer: [{path: $p, args: ["payload", "to", $out, "env"]}], prestart: [{path: $p, args: ["payload", "to", $out, "env"]}]}'
	passes
	equal "$(cat "$T/env")" ""
}

@test "CVE-2025-52881: sysctls land in the container's own procfs, whatever is mounted at /proc" {
	config '.mounts |= map(if .destination == "/proc" then {destination: "/proc", type: "tmpfs", source: "tmpfs"} else . end)
		| .linux.maskedPaths = [] | .linux.readonlyPaths = [] | .linux.sysctl = {"net.ipv4.ip_forward": "1"}'
	payload access /proc/sys/net/ipv4/ip_forward
	container
	[ "$status" -eq 0 ] || assert_error
	absent "$B/rootfs/proc/sys"
}

@test "CVE-2021-43784: very many mappings are a clear error or work" {
	user_namespace
	for n in 341 2000; do
		config --argjson n $n '.linux.uidMappings = [range($n) | {containerID: ., hostID: (100000 + . * 2), size: 1}]'
		container
		assert_error linux.uidMappings
	done
	base_config >"$B/config.json"
	path=$(printf '/x%.0s' {1..3000})
	config --arg p "$path" '.linux.namespaces |= map(if .type == "network" then .path = $p else . end)'
	container
	assert_error linux.namespaces
}

@test "CVE-2016-9962: no descriptor of the host's directories is open in a created container" {
	payload fds
	passes
	no_match 'fd_[3-9].*'
	payload sleep 100
	create
	assert_success
	# A created container waits inside: none of its descriptors may lead out of the root.
	for fd in /proc/"$(pid_of)"/fd/*; do
		target=$(readlink "$fd") || continue
		[ ! -d "$fd" ] || fail "$fd -> $target"
	done
}

# A hostile container whose root may trace and read whatever lives in its namespaces, and one that joins them again and again.
@test "CVE-2016-9962: who lives in the namespaces that are joined can neither trace nor read the runtime" {
	for owner in 0 100000; do
		base_config >"$B/config.json"
		root_capabilities
		config --argjson owner $owner '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: $owner, size: 65536}]
			| .linux.gidMappings = .linux.uidMappings | .mounts |= map(select(.type == "proc" or .type == "tmpfs"))'
		chown -R --no-dereference $owner:$owner "$B/rootfs/"{dev,etc,home,proc,root,sys,tmp,usr,var,sbin} "$B/rootfs"
		payload spy 40 sleep 100
		running "$C-$owner"
		until_line spying "$C-$owner"
		for ns in user pid network ipc uts cgroup; do
			config --arg type $ns --arg path "/proc/$(pid_of "$C-$owner")/ns/$(case $ns in network) echo net ;; *) echo $ns ;; esac)" \
				'.linux.namespaces |= map(if .type == $type then .path = $path else . end)'
		done
		config 'del(.linux.uidMappings, .linux.gidMappings, .hostname)'
		payload true
		end=$((SECONDS + 40))
		until grep -qE '^(closed|spied)=' "$T/console.$C-$owner" || [ $SECONDS -gt $end ]; do
			try oci run --bundle "$B" "$C-2"
			assert_success
		done
		out=$(console "$C-$owner")
		no_match 'spied=.*'
		matches 'closed=[0-9]+' # else it has hardly seen the runtime, and proves nothing
		oci delete --force "$C-$owner"
	done
}

# --- exec ----------------------------------------------------------------------------------------------------------------------------------

# exec_many N: as many programs, as fast as they come.
exec_many() {
	local n
	for ((n = 0; n < $1; n++)); do
		"${IN[@]}" "$OCIRUN" --root "$ROOT" exec "$C" /bin/payload true 3>&- || fail "exec $n: status $?"
	done
}

@test "CVE-2016-9962, CVE-2019-5736: exec: a container that may trace all finds nothing of the host's in who joins it" {
	need_root
	config '.process.noNewPrivileges = true | .process.capabilities |= map_values(["CAP_SYS_PTRACE", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH"])'
	payload guard 16
	running
	until_line guarding
	local end=$((SECONDS + 9))
	while [ $SECONDS -lt $end ]; do exec_many 5; done
	until_true grep -q ^seen= "$T/console.$C" || sleep 5
	out=$(console)
	no_match 'leak=.*'
	[ "$(value seen)" -gt 0 ] || skip "this machine was too fast, or too slow, to see any"
}

@test "CVE-2016-9962: exec: who may not trace sees none of it" {
	need_root
	for owner in 0 100000; do
		base_config >"$B/config.json"
		root_capabilities
		if [ $owner = 0 ]; then
			config '.process.capabilities |= map_values(map(select(. != "CAP_SYS_PTRACE")))'
		else
			user_namespace
		fi
		payload spy 5 sleep 100
		running
		until_line spying
		spied() { exec_many 10; grep -q ^closed= "$T/console.$C"; }
		until_true spied || true
		out=$(console)
		no_match 'spied=.*'
		oci delete --force "$C"
	done
}

@test "CVE-2024-21626: exec: a working directory outside of the root is refused, whatever its name" {
	root_capabilities
	payload sleep 1000
	running
	exec 17<"$T"
	for ((n = 3; n < 25; n++)); do
		for at in /proc/self/fd/$n /proc/1/fd/$n /proc/self/fd/$n/.. /dev/fd/$n /proc/self/root/../..; do
			try oci exec --cwd "$at" "$C" /bin/payload cwd
			if [ "$status" = 0 ]; then
				line cwd=/
			else
				assert_exit 255
			fi
		done
	done
	exec 17<&-
	ln -s /proc/self/fd/17 "$B/rootfs/link"
	try oci exec --cwd /link "$C" /bin/payload cwd
	assert_exit 255
}

# There /proc/self is who joins, and /proc/1 the host's.
@test "CVE-2024-21626: exec: nor in a container without a pid namespace, where /proc is the host's" {
	root_capabilities
	config '.linux.namespaces |= map(select(.type != "pid"))'
	payload sleep 1000
	running
	exec 17<"$T"
	for at in /proc/self/fd/17 /proc/self/fd/17/.. /proc/1/cwd /proc/1/root /dev/fd/17; do
		try oci exec --cwd "$at" "$C" /bin/payload cwd
		[ "$status" != 0 ] || line cwd=/
	done
	exec 17<&-
}

@test "CVE-2022-29162, CVE-2022-24769: exec makes no capability inheritable" {
	need_root
	payload sleep 1000
	running
	try oci exec --cap CAP_NET_ADMIN "$C" /bin/payload caps
	assert_success
	line cap_inheritable=0000000000000000
	line cap_ambient=0000000000000000
	try oci exec --user 1000 --cap CAP_NET_ADMIN "$C" /bin/payload caps
	assert_success
	line cap_inheritable=0000000000000000
	line cap_effective=0000000000000000
}

@test "CVE-2025-52565: exec -t: what stands in the place of the container's devpts is not opened" {
	payload sleep 1000
	config '.mounts |= map(select(.destination != "/dev/pts"))'
	running
	mkdir -p "$B/rootfs/tmp/pts"
	try oci exec -t "$C" /bin/payload tty
	assert_exit 255
	contains "$err" /dev/pts/ptmx
}
