#!/usr/bin/env bats
# shellcheck shell=bats
# config.md, Mounts: idmap, ridmap, uidMappings, gidMappings. The first mount that a test adds is mounts[7].
load helpers

mount_add() { config --arg T "$T" ".mounts += [$1]"; }

# A mapping of both kinds for a mount: map CONTAINER HOST SIZE.
map() { echo "uidMappings: [{containerID: $1, hostID: $2, size: $3}], gidMappings: [{containerID: $1, hostID: $2, size: $3}]"; }

# $T/src/file belongs to 1000:2000, and there is a tmpfs $T/src/sub with a file of the same owner.
source_files() {
	mkdir -p "$T/src"
	touch "$T/src/file"
	chown 1000:2000 "$T/src/file"
	hold "mkdir -p $T/src/sub; mount -t tmpfs sub $T/src/sub; touch $T/src/sub/file; chown 1000:2000 $T/src/sub/file"
}

owner() { sed -n "s|^stat=$1 [^ ]* [^ ]* \([^ ]*\) .*|\1|p" <<<"$out"; }

@test "idmap with mappings of its own, without a user namespace" {
	source_files
	mount_add '{destination: "/m", type: "bind", source: ($T + "/src"), options: ["bind", "idmap"],
		uidMappings: [{containerID: 1000, hostID: 5000, size: 10}], gidMappings: [{containerID: 2000, hostID: 6000, size: 1}]}'
	payload stat /m/file
	passes
	equal "$(owner /m/file)" 5000:6000
}

@test "idmap=uids=...;gids=..., as crun has it: mappings in the option" {
	need_kernel 6.3 "a tmpfs that is mapped"
	source_files
	mount_add '{destination: "/m", type: "bind", source: ($T + "/src"), options: ["bind", "idmap=uids=0-0-10#1000-5000-10;gids=2000-6000-1"]},
		{destination: "/r", type: "bind", source: ($T + "/src"), options: ["rbind", "ridmap=uids=1000-5001-10;gids=2000-6001-1"]}'
	payload stat /m/file stat /r/sub/file
	passes
	equal "$(owner /m/file)" 5000:6000
	equal "$(owner /r/sub/file)" 5001:6001
	user_namespace
	config '.mounts[7].options = ["rbind", "idmap=uids=@1000-7-10;gids=@2000-8-1"] | del(.mounts[8])'
	payload stat /m/file
	passes
	equal "$(owner /m/file)" 7:8
}

@test "what is made in a mapped mount belongs to the mapped ids" {
	mkdir "$T/src"
	chown 1000:2000 "$T/src"
	mount_add '{destination: "/m", type: "bind", source: ($T + "/src"), options: ["bind", "idmap"],
		uidMappings: [{containerID: 1000, hostID: 5000, size: 10}], gidMappings: [{containerID: 2000, hostID: 6000, size: 1}]}'
	config '.process.user = {uid: 5000, gid: 6000}'
	payload write /m/new text stat /m/new
	passes
	line 'written=/m/new yes'
	equal "$(owner /m/new)" 5000:6000
	equal "$(stat -c %u:%g "$T/src/new")" 1000:2000
}

@test "the mapping of the container is used when a mount has none" {
	source_files
	user_namespace
	mount_add '{destination: "/m", type: "bind", source: ($T + "/src"), options: ["rbind", "idmap"]},
		{destination: "/plain", type: "bind", source: ($T + "/src"), options: ["rbind"]}'
	payload stat /m/file stat /plain/file
	passes
	equal "$(owner /m/file)" 1000:2000
	equal "$(owner /plain/file)" 65534:65534
}

@test "a mapping that differs from the container's" {
	source_files
	user_namespace
	mount_add "{destination: \"/m\", type: \"bind\", source: (\$T + \"/src\"), options: [\"rbind\", \"idmap\"], $(map 1000 100007 2000)}"
	payload stat /m/file stat /m/sub/file
	passes
	equal "$(owner /m/file)" 7:1007
	equal "$(owner /m/sub/file)" 65534:65534
}

@test "ridmap maps all mounts of an rbind" {
	need_kernel 6.3 "a tmpfs that is mapped"
	source_files
	mount_add "{destination: \"/m\", type: \"bind\", source: (\$T + \"/src\"), options: [\"rbind\", \"ridmap\"], $(map 1000 5000 2000)}"
	payload stat /m/file stat /m/sub/file
	passes
	equal "$(owner /m/file)" 5000:6000
	equal "$(owner /m/sub/file)" 5000:6000
}

@test "mappings without the option idmap are applied all the same" {
	source_files
	mount_add "{destination: \"/m\", type: \"bind\", source: (\$T + \"/src\"), options: [\"rbind\"], $(map 1000 5000 2000)}"
	payload stat /m/file stat /m/sub/file
	passes
	equal "$(owner /m/file)" 5000:6000
	equal "$(owner /m/sub/file)" 1000:2000
}

@test "a file is bound with mapped ids, over one that is made for it" {
	source_files
	mount_add "{destination: \"/new/m\", type: \"bind\", source: (\$T + \"/src/file\"), options: [\"bind\", \"idmap\", \"ro\", \"nosuid\"], $(map 1000 5000 2000)}"
	payload stat /new/m mounts
	passes
	equal "$(owner /new/m)" 5000:6000
	matches 'mount=/new/m ext4 .* ro,nosuid,.*idmapped.*|mount=/new/m .* ro,nosuid,.*'
}

@test "several mounts with the same and with other mappings" {
	source_files
	mount_add "(range(3) | {destination: \"/same/\(.)\", type: \"bind\", source: (\$T + \"/src\"), options: [\"bind\", \"idmap\"], $(map 1000 5000 2000)}),
		{destination: \"/other\", type: \"bind\", source: (\$T + \"/src\"), options: [\"bind\", \"idmap\"], $(map 1000 7000 2000)}"
	payload stat /same/0/file stat /same/1/file stat /same/2/file stat /other/file
	passes
	for n in 0 1 2; do equal "$(owner /same/$n/file)" 5000:6000; done
	equal "$(owner /other/file)" 7000:8000
	# A throw-away process for each mapping, not for each mount.
	equal "$(OCIRUN_TRACE=sys oci run --bundle "$B" "$C" 2>&1 | grep -c 'clone3(flags 0x10000000)')" 2
}

@test "no user namespace is made for mounts without mappings" {
	equal "$(OCIRUN_TRACE=sys oci run --bundle "$B" "$C" 2>&1 | grep -c 'clone3(flags 0x10000000)')" 0
}

@test "a tmpfs of the container's own is mapped" {
	need_kernel 6.3 "a tmpfs that is mapped"
	user_namespace
	mount_add "{destination: \"/m\", type: \"tmpfs\", source: \"t\", options: [\"idmap\", \"uid=3\", \"gid=4\"], $(map 3 100009 10)}"
	payload stat /m
	passes
	equal "$(owner /m)" 9:10
}

@test "a tmpfs of the container's own is mapped without a user namespace" {
	need_kernel 6.3 "a tmpfs that is mapped"
	mount_add "{destination: \"/m\", type: \"tmpfs\", source: \"t\", options: [\"idmap\", \"uid=3\", \"gid=4\"], $(map 3 9 10)}"
	payload stat /m
	passes
	equal "$(owner /m)" 9:10
}

@test "a source that only the host may enter is mapped" {
	source_files
	mkdir -m 700 "$T/deep"
	mv "$T/src/file" "$T/deep/file"
	user_namespace
	mount_add '{destination: "/m", type: "bind", source: ($T + "/deep"), options: ["bind", "idmap"]}'
	payload stat /m/file
	passes
	equal "$(owner /m/file)" 1000:2000
}

@test "a file system that can't be mapped is an error that names it" {
	mount_add "{destination: \"/m\", type: \"bind\", source: \"/proc/sys\", options: [\"bind\", \"idmap\"], $(map 0 5000 1)}"
	container
	assert_error 'mounts[7]: the file system of /proc/sys does not support idmapped mounts'
	config 'del(.mounts[7])'
	mount_add "{destination: \"/m\", type: \"mqueue\", source: \"m\", options: [\"idmap\"], $(map 0 5000 1)}"
	container
	assert_error 'mounts[7]: the file system of /m does not support idmapped mounts'
}

@test "a source that is missing is an error that names it" {
	source_files
	mount_add "{destination: \"/m\", type: \"bind\", source: (\$T + \"/src\"), options: [\"bind\", \"idmap\"], $(map 1000 5000 2000)},
		{destination: \"/n\", type: \"bind\", source: (\$T + \"/missing\"), options: [\"bind\", \"idmap\"], $(map 1000 5000 2000)}"
	container
	assert_error "mounts[8].source: bind $T/missing to /n: No such file or directory (ENOENT)"
}

@test "in a user namespace a source with mounts below it needs rbind, and the error says so" {
	source_files
	user_namespace
	for words in '"bind"' '"bind", "idmap"'; do
		config 'del(.mounts[7])'
		mount_add "{destination: \"/m\", type: \"bind\", source: (\$T + \"/src\"), options: [$words]}"
		container
		assert_error "mounts[7].source: bind $T/src to /m: Invalid argument (EINVAL)" rbind
	done
}

@test "one mapping without the other is an error that names it" {
	source_files
	mount_add '{destination: "/m", type: "bind", source: ($T + "/src"), options: ["bind", "idmap"], uidMappings: [{containerID: 0, hostID: 1, size: 1}]}'
	container
	assert_error 'mounts[7].gidMappings: is required because uidMappings is there'
}

@test "idmap with neither mappings nor a user namespace is an error" {
	source_files
	mount_add '{destination: "/m", type: "bind", source: ($T + "/src"), options: ["bind", "idmap"]}'
	container
	assert_error 'mounts[7].options[1]: "idmap" needs uidMappings and gidMappings, or a user namespace in linux.namespaces'
}

@test "idmap of a remount or a cgroup mount is an error" {
	mount_add "{destination: \"/proc\", type: \"proc\", options: [\"remount\", \"idmap\"], $(map 0 5000 1)}"
	container
	assert_error "mounts[7].options: the ids of what is mounted already can't be mapped"
	config 'del(.mounts[7])'
	mount_add "{destination: \"/m\", type: \"cgroup\", source: \"m\", options: [\"idmap\"], $(map 0 5000 1)}"
	container
	assert_error "mounts[7].options: the ids of a cgroup mount can't be mapped"
}

@test "a plain user can't map the ids of the host's files, and is told why" {
	need_root
	mkdir -m 700 "$T/xdg"
	mkdir "$T/src"
	config --arg T "$T" '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 54321, size: 1}]
		| .linux.gidMappings = .linux.uidMappings | .mounts |= map(select(.type == "proc"))
		+ [{destination: "/m", type: "bind", source: ($T + "/src"), options: ["bind", "idmap"]}] | del(.linux.maskedPaths)'
	chown -R 54321:54321 "$T"
	try setpriv --reuid 54321 --regid 54321 --clear-groups --inh-caps=-all --bounding-set=-all env -i PATH="$PATH" XDG_RUNTIME_DIR="$T/xdg" \
		timeout 30 "$OCIRUN" --cgroup-manager disabled run --bundle "$B" "$C"
	assert_error "mounts[1]: map the ids of $T/src: Operation not permitted (EPERM)" "that takes root in the user namespace"
}

@test "the bundle idmapped-volume shows the three owners" {
	[ -d "$repo/bundles/idmapped-volume/rootfs" ] || skip "needs make bundles"
	cp -a "$repo/bundles/idmapped-volume/." "$T/copy"
	chown -R 0:0 "$T/copy/volume"
	try oci run --bundle "$T/copy" "$C"
	assert_success
	equal "$(tr -s ' ' <<<"$out" | cut -d' ' -f3,4,9)" "0 0 /mapped/note.txt
65534 65534 /plain/note.txt
1000 1000 /shifted/note.txt"
}
