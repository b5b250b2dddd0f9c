#!/usr/bin/env bats
# shellcheck shell=bats
# Mount options where a user namespace, the kernel's interface or the filesystem makes them hard. The first mount that a test adds is mounts[7].
load helpers

mount_add() { config --arg T "$T" ".mounts += [$1]"; }

# What the container says of a mount's options, with commas around them.
options() { sed -n "s|^mount=$1 ||p" <<<"$out" | tail -n 1 | cut -d' ' -f3 | sed 's/.*/,&,/'; }

# --- flags that a user namespace must keep ------------------------------------------------------------------------------------------------

# A source mounted with flags: flagged FLAGS. There is a second mount below it, with the same.
flagged() { hold "mkdir -p $T/src; mount -t tmpfs src $T/src; mkdir $T/src/sub; mount -t tmpfs -o $1 sub $T/src/sub; mount -o remount,bind,$1 $T/src"; }

@test "copy-symlink makes a symbolic link anew, dangling or not, and binds what is none" {
	ln -s nowhere "$T/link"
	echo text >"$T/file"
	ln -s ../../../../../../outside "$B/rootfs/way"
	config --arg t "$T" '.mounts += [{destination: "/a/link", type: "bind", source: "\($t)/link", options: ["rbind", "copy-symlink"]},
		{destination: "/file", type: "bind", source: "\($t)/file", options: ["bind", "copy-symlink"]},
		{destination: "/way/link", type: "bind", source: "\($t)/link", options: ["bind", "copy-symlink"]}]'
	shell 'readlink /a/link; readlink /outside/link; cat /file'
	passes
	equal "$(xargs <<<"$out")" "nowhere nowhere text"
	passes # it is there already, and the same
	rm "$B/rootfs/a/link"
	echo other >"$B/rootfs/a/link"
	container
	assert_error 'mounts[7].destination: make /a/link a symbolic link to nowhere: File exists'
	config '.mounts[7].type = "tmpfs" | .mounts[7].options = ["copy-symlink"]'
	container
	assert_error 'mounts[7].options: "copy-symlink" is for new bind mounts'
}

@test "src-nofollow binds a symbolic link itself, dest-nofollow mounts over one" {
	ln -s nowhere "$T/link"
	echo text >"$T/file"
	ln -s elsewhere "$B/rootfs/there"
	echo untouched >"$B/rootfs/elsewhere"
	mount_add '{destination: "/link", type: "bind", source: ($T + "/link"), options: ["bind", "src-nofollow"]},
		{destination: "/there", type: "bind", source: ($T + "/file"), options: ["bind", "dest-nofollow"]},
		{destination: "/a/new", type: "bind", source: ($T + "/link"), options: ["bind", "src-nofollow", "dest-nofollow"]},
		{destination: "/tmp/dir", type: "bind", source: $T, options: ["bind", "dest-nofollow"]}'
	shell 'readlink /link; cat /there; cat /elsewhere; readlink /a/new; test -e /tmp/dir/file && echo yes'
	passes
	equal "$(xargs <<<"$out")" "nowhere text untouched nowhere yes"
	user_namespace
	passes
	equal "$(xargs <<<"$out")" "nowhere text untouched nowhere yes"
	config '.mounts[7].type = "tmpfs" | .mounts[7].options = ["src-nofollow"]'
	container
	assert_error 'mounts[7].options: "src-nofollow" is for new bind mounts'
	config '.mounts[7].options = ["bind", "dest-nofollow", "copy-symlink"]'
	container
	assert_error 'mounts[7].options: "dest-nofollow" is for new bind mounts without "copy-symlink"'
}

@test "what would be recursive flags of filesystems leaves the host's alone, as crun has them" {
	mkdir "$T/dir"
	mount_add '{destination: "/d", type: "bind", source: ($T + "/dir"), options: ["rbind", "rsync", "rdirsync", "rnomand", "rasync"]},
		{destination: "/t", type: "tmpfs", options: ["rsync"]}'
	payload mounts
	passes
	! [[ $(options /d) == *,sync,* ]] || fail "the host's filesystem became sync"
	# The source's own flags stay, as with the other recursive ones.
	flagged nosuid,nodev,ro
	mount_add '{destination: "/k", type: "bind", source: ($T + "/src"), options: ["rbind", "rsync"]}'
	passes
	for flag in ro nosuid nodev; do contains "$(options /k)" ",$flag,"; done
}

@test "a bind mount in a user namespace keeps the flags of its source" {
	flagged nosuid,nodev,noexec,noatime,ro
	user_namespace
	mount_add '{destination: "/a", type: "bind", source: ($T + "/src"), options: ["rbind"]},
		{destination: "/b", type: "bind", source: ($T + "/src"), options: ["rbind", "ro"]},
		{destination: "/c", type: "bind", source: ($T + "/src"), options: ["rbind", "nosuid", "noexec"]},
		{destination: "/d", type: "bind", source: ($T + "/src"), options: ["rbind", "rro", "rnosymfollow"]},
		{destination: "/e", type: "bind", source: ($T + "/src"), options: ["rbind"]}, {destination: "/e", options: ["remount", "bind", "ro"]}'
	payload mounts
	passes
	for at in /a /b /c /d /e /a/sub /d/sub; do
		for flag in ro nosuid nodev noexec noatime; do contains "$(options $at)" ",$flag,"; done
	done
}

@test "a flag is added to those that are kept" {
	flagged nodev,nosuid
	user_namespace
	mount_add '{destination: "/a", type: "bind", source: ($T + "/src"), options: ["rbind", "ro"]},
		{destination: "/b", type: "bind", source: ($T + "/src"), options: ["rbind", "noexec", "rw"]}'
	payload mounts
	passes
	for flag in ro nodev nosuid; do contains "$(options /a)" ",$flag,"; done
	for flag in rw nodev nosuid noexec; do contains "$(options /b)" ",$flag,"; done
}

@test "to ask for what a flag forbids is an error that names the word" {
	flagged nosuid,nodev,noexec,ro
	user_namespace
	for pair in suid=nosuid dev=nodev exec=noexec rw=ro; do
		word=${pair%=*} flag=${pair#*=}
		for options in "\"rbind\", \"$word\"" "\"rbind\", \"r$word\""; do
			config 'del(.mounts[7])'
			mount_add "{destination: \"/a\", type: \"bind\", source: (\$T + \"/src\"), options: [$options]}"
			container
			assert_error "mounts[7].options: \"$word\": the source is mounted $flag" "(EPERM)" "a user namespace keeps the flags"
		done
	done
}

@test "to ask for another access time is an error, too" {
	flagged noatime
	user_namespace
	mount_add '{destination: "/a", type: "bind", source: ($T + "/src"), options: ["rbind", "strictatime"]}'
	container
	assert_error "mounts[7].options: set the mount's access times" "(EPERM)"
}

@test "a remount that takes back what a user namespace keeps is an error" {
	flagged nosuid
	user_namespace
	mount_add '{destination: "/a", type: "bind", source: ($T + "/src"), options: ["rbind"]}, {destination: "/a", options: ["remount", "bind", "suid"]}'
	container
	assert_error 'mounts[8].options: "suid": the source is mounted nosuid'
}

@test "without options a bind mount has all flags of its source, with any it has those alone" {
	flagged nosuid,nodev,noexec,noatime,nosymfollow,ro
	mount_add '{destination: "/kept", type: "bind", source: ($T + "/src"), options: ["rbind", "rprivate"]},
		{destination: "/more", type: "bind", source: ($T + "/src"), options: ["rbind", "rnodev"]},
		{destination: "/ro", type: "bind", source: ($T + "/src"), options: ["rbind", "ro", "rprivate"]},
		{destination: "/exec", type: "bind", source: ($T + "/src"), options: ["bind", "exec"]},
		{destination: "/all", type: "bind", source: ($T + "/src"), options: ["rbind", "rro", "nodev"]}'
	payload mounts
	passes
	equal "$(options /kept)" ,ro,nosuid,nodev,noexec,noatime,nosymfollow,
	equal "$(options /more)" ,ro,nosuid,nodev,noexec,noatime,nosymfollow,
	equal "$(options /ro)" ,ro,noatime,
	equal "$(options /exec)" ,rw,noatime,
	equal "$(options /all)" ,ro,nodev,noatime,
	# Of the mounts below only the recursive words speak.
	equal "$(options /ro/sub)" ,ro,nosuid,nodev,noexec,noatime,nosymfollow,
}

@test "in a user namespace only what it has locked stays of the source's flags" {
	flagged nosuid,noexec,nosymfollow
	user_namespace
	mount_add '{destination: "/a", type: "bind", source: ($T + "/src"), options: ["rbind", "ro"]}'
	payload mounts
	passes
	for flag in ro nosuid noexec; do contains "$(options /a)" ",$flag,"; done
	[[ $(options /a) != *nosymfollow* ]] || fail
}

@test "root, who owns the mounts, may take flags back" {
	flagged nosuid,nodev,noexec,ro
	mount_add '{destination: "/a", type: "bind", source: ($T + "/src"), options: ["rbind", "suid", "dev", "exec", "rw"]}'
	payload mounts
	passes
	equal "$(options /a)" ,rw,relatime,
}

@test "flags are kept when ocirun itself is in a user namespace" {
	flagged nosuid,nodev,noexec
	mount_add '{destination: "/a", type: "bind", source: ($T + "/src"), options: ["rbind", "ro"]}'
	config '.mounts |= map(select(.type != "sysfs" and .type != "cgroup"))'
	payload mounts
	IN+=(unshare -Urmp --fork --mount-proc)
	try oci --cgroup-manager disabled run --bundle "$B" "$C"
	assert_success
	for flag in ro nosuid nodev noexec; do contains "$(options /a)" ",$flag,"; done
}

@test "masks and read-only paths keep flags in a user namespace" {
	flagged nosuid,nodev,noexec
	user_namespace
	mount_add '{destination: "/a", type: "bind", source: ($T + "/src"), options: ["rbind"]}'
	config '.linux.readonlyPaths += ["/a"]'
	payload mounts
	passes
	for flag in ro nosuid nodev noexec; do contains "$(options /a)" ",$flag,"; done
}

# --- what fsconfig can't carry --------------------------------------------------------------------------------------------------------------

@test "iversion, noiversion, silent and loud, beside other options" {
	mount_add '(["iversion", "silent", "noiversion", "loud"][] | {destination: "/f/\(.)", type: "tmpfs", source: "mine", options: [., "nosuid", "size=1m", "lazytime"]}),
		{destination: "/f/readonly", type: "tmpfs", source: "t", options: ["iversion", "ro", "mode=700"]}'
	payload mounts
	passes
	for word in iversion silent noiversion loud; do matches "mount=/f/$word tmpfs mine rw,nosuid,relatime rw,lazytime,size=1024k.*"; done
	matches 'mount=/f/readonly tmpfs t ro,.*mode=700.*'
	# The place where they are mounted first is not covered.
	matches 'mount=/proc proc proc rw,relatime rw.*'
	equal "$(grep -c '^mount=/proc ' <<<"$out")" 1
}

@test "lazytime and nolazytime" {
	mount_add '{destination: "/a", type: "tmpfs", source: "t", options: ["lazytime"]}, {destination: "/b", type: "tmpfs", source: "t", options: ["lazytime", "nolazytime"]}'
	payload mounts
	passes
	matches 'mount=/a tmpfs t [^ ]* rw,lazytime.*'
	no_match 'mount=/b .*lazytime.*'
}

@test "iversion of a remount is an error" {
	mount_add '{destination: "/dev", options: ["remount", "iversion"]}'
	container
	assert_error 'mounts[7].options: "iversion" can'\''t be changed by a remount'
}

@test "a remount sets and takes back flags of a file system of the container's own" {
	mount_add '{destination: "/a", type: "tmpfs", source: "t", options: ["sync", "lazytime", "size=1m"]},
		{destination: "/a", type: "tmpfs", source: "t", options: ["remount", "async", "nolazytime", "size=2m", "ro"]}'
	payload mounts
	passes
	matches 'mount=/a tmpfs t ro,.*size=2048k.*'
	no_match 'mount=/a .*(sync|lazytime).*'
}

# layers N LENGTH [NAME]: N directories whose paths have LENGTH bytes, each with a file of its own; $layers joins them.
layers() {
	local n at
	layers=
	for ((n = 0; n < $1; n++)); do
		at=$T/${3-layer}-$n-
		at=$at$(printf 'x%.0s' $(seq $(($2 - ${#at}))))
		mkdir -p "$at"
		echo "$n" >"$at/file-$n"
		layers+=${layers:+:}$at
	done
}

@test "an overlay of many layers with long paths" {
	layers 20 180
	mkdir "$T/upper" "$T/work"
	config --arg l "lowerdir=$layers" --arg u "upperdir=$T/upper" --arg w "workdir=$T/work" \
		'.mounts += [{destination: "/over", type: "overlay", source: "overlay", options: [$l, $u, $w, "nodev"]}]'
	payload file /over/file-0 file /over/file-19 write /over/new text mounts
	passes
	line file=0
	line file=19
	equal "$(cat "$T/upper/new")" text
	matches 'mount=/over overlay overlay rw,nodev,.*'
}

@test "commas in an overlay's layers, escaped or not, few layers or many" {
	for many in 2 8; do
		layers $many 120 "a,b"
		for lower in "$layers" "${layers//,/\\,}"; do
			base_config >"$B/config.json"
			config --arg l "lowerdir=$lower" '.mounts += [{destination: "/over", type: "overlay", source: "overlay", options: [$l]}]'
			payload file /over/file-0 file "/over/file-$((many - 1))"
			passes
			line file=0
			line "file=$((many - 1))"
		done
	done
}

@test "an overlay of more layers than fit into a page" {
	layers 60 150 "a:b,c"
	mkdir "$T/upper" "$T/work"
	layers=$(for n in {0..59}; do printf ':%s' "$(echo "$T/a:b,c-$n-"x*)"; done | sed "s|a:b|a\\\\:b|g")
	[ ${#layers} -gt 8192 ]
	config --arg l "lowerdir=${layers#:}" --arg u "upperdir=$T/upper" --arg w "workdir=$T/work" \
		'.mounts += [{destination: "/over", type: "overlay", source: "overlay", options: [$l, $u, $w, "nodev"]}]'
	payload file /over/file-0 file /over/file-59 write /over/new text
	container
	[[ $err != *"more layers than fit into a page need Linux 6.5"* ]] || skip "needs Linux 6.5"
	assert_success
	line file=0
	line file=59
	equal "$(cat "$T/upper/new")" text
}

@test "more than the kernel takes is an error that says so" {
	long=$(printf 'x%.0s' {1..4100})
	config --arg l "size=$long" '.mounts += [{destination: "/over", type: "tmpfs", source: "t", options: [$l]}]'
	container
	assert_error 'mounts[7].options: mount a tmpfs filesystem' '(E2BIG)' 'less than 4096'
	long=${long:0:300}
	config --arg l "lowerdir=$(for n in {1..20}; do printf '/%s:' "$long"; done)/x" '.mounts[7] = {destination: "/over", type: "overlay", source: "o", options: [$l]}'
	container
	assert_error 'mounts[7].options: mount a overlay filesystem: option lowerdir=/x' '(ENAMETOOLONG)'
}

# --- where a new one is refused ----------------------------------------------------------------------------------------------------------------

without() { config --arg n "$1" '.linux.namespaces |= map(select(.type != $n))'; }

@test "in a user namespace without a network namespace the host's /sys stands in, read-only" {
	user_namespace
	without network
	config '.mounts |= map(select(.type != "cgroup"))'
	payload mounts access /sys/kernel
	passes
	matches 'mount=/sys sysfs .* ro,nosuid,nodev,noexec.*'
	no_match 'mount=/sys/[^ ]* [^ ]* [^ ]* rw,.*'
	matches 'write=/sys/kernel \(E(ROFS|ACCES|PERM)\)'
}

@test "in a user namespace whose /sys has masks the host's stands in" {
	hold "mount -t tmpfs mask /sys/kernel"
	user_namespace
	payload mounts list /sys/kernel
	passes
	matches 'mount=/sys sysfs .* ro,nosuid,nodev,noexec.*'
	matches 'mount=/sys/kernel tmpfs mask ro,.*'
	no_match 'stat=/sys/kernel/.*'
}

@test "in a user namespace without a pid namespace the host's /proc stands in" {
	user_namespace
	without pid
	config '.linux.maskedPaths = []'
	payload mounts file /proc/self/comm
	passes
	matches 'mount=/proc proc .*'
	line file=payload
}

@test "in a user namespace without an ipc namespace the host's message queues stand in" {
	[ "$(stat -f -c %T /dev/mqueue 2>/dev/null)" = mqueue ] || hold "mkdir -p /dev/mqueue; mount -t mqueue mqueue /dev/mqueue"
	user_namespace
	without ipc
	payload mounts
	passes
	matches 'mount=/dev/mqueue mqueue .* rw,nosuid,nodev,noexec.*'
}

@test "a /proc with masks allows no new one, and the error says what does" {
	hold "mount -t tmpfs mask /proc/sys"
	user_namespace
	container
	assert_error 'mounts[0]: mount a proc filesystem' '(EPERM)' 'without masks'
}

@test "root's own mounts fail as the kernel says: nothing stands in" {
	config '.mounts += [{destination: "/x", type: "nfs", source: "nowhere:/"}]'
	container
	assert_error 'mounts[7]'
}

@test "a devpts with a group that is not mapped is an error that names the option" {
	config '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 1}] | .linux.gidMappings = .linux.uidMappings
		| .mounts[2].options += ["gid=5"]'
	chown -R --no-dereference 100000:100000 "$B/rootfs/"{dev,proc,sys} "$B/rootfs"
	container
	assert_error 'mounts[2]' ': mount a devpts filesystem: ' 'is the id of gid=5 mapped?'
}
