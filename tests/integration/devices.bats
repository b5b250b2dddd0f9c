#!/usr/bin/env bats
# shellcheck shell=bats
# config-linux.md, Devices and Default Devices.
load helpers

device() { config ".linux.devices += [$1]"; }

@test "the default devices are there" {
	payload list /dev
	passes
	line "stat=/dev/null c 0666 0:0 1:3 0"
	line "stat=/dev/zero c 0666 0:0 1:5 0"
	line "stat=/dev/full c 0666 0:0 1:7 0"
	line "stat=/dev/random c 0666 0:0 1:8 0"
	line "stat=/dev/urandom c 0666 0:0 1:9 0"
	line "stat=/dev/tty c 0666 0:0 5:0 0"
	matches "stat=/dev/ptmx l .* -> (/dev/)?pts/ptmx"
}

@test "the default links are there" {
	payload list /dev
	passes
	matches "stat=/dev/fd l .* -> /proc/self/fd"
	matches "stat=/dev/stdin l .* -> /proc/self/fd/0"
	matches "stat=/dev/stdout l .* -> /proc/self/fd/1"
	matches "stat=/dev/stderr l .* -> /proc/self/fd/2"
}

@test "nothing else is in /dev" {
	payload list /dev
	passes
	equal "$(sed -n 's/^stat=\/dev\/\([^ ]*\) .*/\1/p' <<<"$out" | grep -vx core | sort | tr '\n' ' ')" \
		"fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero "
}

@test "the default devices do not depend on the caller's umask" {
	payload stat /dev/null
	umask 077
	passes
	line "stat=/dev/null c 0666 0:0 1:3 0"
}

@test "a character device has the numbers, mode and owner of config.json" {
	device '{path: "/dev/mine", type: "c", major: 10, minor: 229, fileMode: 432, uid: 12, gid: 34}'
	payload stat /dev/mine
	passes
	line "stat=/dev/mine c 0660 12:34 10:229 0"
}

@test "type u is a character device" {
	device '{path: "/dev/mine", type: "u", major: 10, minor: 229, fileMode: 438, uid: 0, gid: 0}'
	payload stat /dev/mine
	passes
	line "stat=/dev/mine c 0666 0:0 10:229 0"
}

@test "a block device has the numbers, mode and owner of config.json" {
	device '{path: "/dev/disk/by-me", type: "b", major: 7, minor: 300, fileMode: 384, uid: 1, gid: 2}'
	payload stat /dev/disk/by-me stat /dev/disk
	passes
	line "stat=/dev/disk/by-me b 0600 1:2 7:300 0"
	matches "stat=/dev/disk d 0755 0:0 .*"
}

@test "a fifo is made" {
	device '{path: "/dev/pipe", type: "p", fileMode: 420, uid: 5, gid: 6}'
	payload stat /dev/pipe
	passes
	line "stat=/dev/pipe p 0644 5:6 0:0 0"
}

@test "a device may be anywhere" {
	device '{path: "/var/odd/null", type: "c", major: 1, minor: 3, fileMode: 438, uid: 0, gid: 0}'
	payload stat /var/odd/null
	passes
	line "stat=/var/odd/null c 0666 0:0 1:3 0"
}

@test "/dev/ptmx in linux.devices is the container's own all the same" {
	device '{path: "/dev/ptmx", type: "c", major: 5, minor: 2, fileMode: 438, uid: 0, gid: 0}'
	for namespaces in own user; do
		payload stat /dev/ptmx
		passes
		matches "stat=/dev/ptmx l .* -> (/dev/)?pts/ptmx"
		user_namespace
	done
}

@test "slashes after a device's path do not matter" {
	device '{path: "/var/odd//", type: "c", major: 1, minor: 3, fileMode: 438, uid: 0, gid: 0}'
	device '{path: "/dev/null/", type: "c", major: 1, minor: 3, fileMode: 432, uid: 0, gid: 7}'
	payload stat /var/odd stat /dev/null
	passes
	line "stat=/var/odd c 0666 0:0 1:3 0"
	line "stat=/dev/null c 0660 0:7 1:3 0"
}

@test "a default device in linux.devices has the mode that is said there" {
	device '{path: "/dev/null", type: "c", major: 1, minor: 3, fileMode: 432, uid: 0, gid: 7}'
	payload stat /dev/null
	passes
	line "stat=/dev/null c 0660 0:7 1:3 0"
}

@test "an existing file that is not the device is an error that names both" {
	need_capability MKNOD 27
	touch "$B/rootfs/var/null"
	device '{path: "/var/null", type: "c", major: 1, minor: 3}'
	container
	assert_error 'linux.devices[0]' /var/null
	[ -f "$B/rootfs/var/null" ]
	rm "$B/rootfs/var/null"
	mknod "$B/rootfs/var/null" c 1 5
	container
	assert_error 'linux.devices[0]' /var/null
}

@test "an existing device that matches is taken" {
	need_capability MKNOD 27
	mknod "$B/rootfs/var/null" c 1 3
	device '{path: "/var/null", type: "c", major: 1, minor: 3}'
	passes
}

@test "a device without major is an error that names it" {
	device '{path: "/dev/x", type: "c", minor: 3}'
	container
	assert_error 'linux.devices[0]' major
}

@test "a device of an unknown type is an error that names it" {
	device '{path: "/dev/x", type: "x", major: 1, minor: 3}'
	container
	assert_error 'linux.devices[0].type' x
}

@test "a device with a relative path is an error that names it" {
	device '{path: "dev/x", type: "c", major: 1, minor: 3}'
	container
	assert_error 'linux.devices[0].path' dev/x
}

@test "devices in a user namespace are the host's by bind mount" {
	user_namespace
	[ -c /dev/fuse ] || skip "no /dev/fuse"
	device '{path: "/dev/fuse", type: "c", major: 10, minor: 229, fileMode: 438, uid: 0, gid: 0}'
	payload stat /dev/fuse mounts
	passes
	matches "stat=/dev/fuse c .* 10:229 .*"
	matches "mount=/dev/fuse .*"
}

@test "a rootfs with its own /dev, and no mount there, gets the devices too" {
	config '.mounts |= map(select(.destination | startswith("/dev") | not))'
	payload stat /dev/null stat /dev/fd
	passes
	line "stat=/dev/null c 0666 0:0 1:3 0"
	matches "stat=/dev/fd l .*"
	passes # they are there already, and match
}

@test "a bind mount over /dev is left as it is" {
	mkdir "$T/dev"
	config --arg dev "$T/dev" '.mounts |= map(select(.destination | startswith("/dev") | not)) + [{destination: "/dev", type: "bind", source: $dev, options: ["rbind"]}]'
	passes
	equal "$(ls -A "$T/dev")" ""
}

@test "a device can be used only where config.json says: nodev elsewhere" {
	config '.mounts += [{destination: "/mnt/nodev", type: "tmpfs", source: "tmpfs", options: ["nodev"]}]
		| .linux.devices = [{path: "/mnt/nodev/null", type: "c", major: 1, minor: 3, fileMode: 438}]'
	payload access /mnt/nodev/null access /dev/null
	passes
	line "write=/mnt/nodev/null (EACCES)"
	line "write=/dev/null yes"
}

@test "/dev/pts is the container's own" {
	payload stat /dev/pts/ptmx list /dev/pts access /dev/ptmx
	passes
	matches "stat=/dev/pts/ptmx c 0666 .* 5:2 0"
	equal "$(grep -c '^stat=/dev/pts/[0-9]' <<<"$out")" 0
	line "write=/dev/ptmx yes"
}

@test "in a user namespace a file that is not the device is an error, an empty one is not" {
	config '.mounts |= map(select(.destination | startswith("/dev") | not))'
	device '{path: "/dev/null", type: "c", major: 1, minor: 3}'
	echo text >"$B/rootfs/dev/null"
	user_namespace
	container
	assert_error 'linux.devices[0]: /dev/null is there already and is another file' EEXIST
	equal "$(cat "$B/rootfs/dev/null")" text
	touch "$T/empty"
	for target in /etc/passwd "$T/empty"; do
		ln -sfn "$target" "$B/rootfs/dev/null"
		container
		assert_error 'linux.devices[0]: /dev/null is there already and is another file'
	done
	rm "$B/rootfs/dev/null"
	payload stat /dev/null
	passes
	matches 'stat=/dev/null c 0666 .* 1:3 0'
	passes # the empty file of the first time is there
	matches 'stat=/dev/null c 0666 .* 1:3 0'
}

# What it takes to make devices for a user namespace.
need_maker() {
	need_initial_user_namespace
	need_capability MKNOD 27
	need_capability SYS_ADMIN 21
}

@test "in a user namespace a device that the host does not have is made, with numbers, mode and owner" {
	need_maker
	user_namespace
	device '{path: "/dev/mine", type: "c", major: 1, minor: 3, fileMode: 416, uid: 12, gid: 34}'
	device '{path: "/dev/usable", type: "c", major: 1, minor: 3, fileMode: 384, uid: 0, gid: 0}'
	device '{path: "/var/odd/disk", type: "b", major: 7, minor: 300, fileMode: 111, uid: 1}'
	device '{path: "/dev/plain", type: "u", major: 1, minor: 5}'
	payload stat /dev/mine stat /dev/usable access /dev/usable stat /var/odd/disk stat /dev/plain
	umask 077
	passes
	line "stat=/dev/mine c 0640 12:34 1:3 0"
	line "stat=/dev/usable c 0600 0:0 1:3 0"
	line "read=/dev/usable empty"
	line "write=/dev/usable yes"
	line "stat=/var/odd/disk b 0157 1:0 7:300 0"
	line "stat=/dev/plain c 0666 0:0 1:5 0"
	[ -f "$B/rootfs/var/odd/disk" ] # what it was bound to
}

@test "in a user namespace a device that has other numbers on the host is made" {
	need_maker
	user_namespace
	host=$(stat -c '%t:%T %a %u:%g %Z' /dev/null)
	device '{path: "/dev/null", type: "c", major: 1, minor: 5}'
	payload stat /dev/null access /dev/null
	passes
	line "stat=/dev/null c 0666 0:0 1:5 0"
	line "read=/dev/null yes"
	equal "$(stat -c '%t:%T %a %u:%g %Z' /dev/null)" "$host"
}

@test "in a user namespace mode and owner are those of config.json, and the host's device keeps its own" {
	need_maker
	user_namespace
	host=$(stat -c '%t:%T %a %u:%g %Z' /dev/null /dev/zero /dev/full)
	device '{path: "/dev/null", type: "c", major: 1, minor: 3, fileMode: 416}'
	device '{path: "/dev/zero", type: "c", major: 1, minor: 5, uid: 7}'
	device '{path: "/dev/full", type: "c", major: 1, minor: 7, gid: 8}'
	payload list /dev
	passes
	line "stat=/dev/null c 0640 0:0 1:3 0"
	line "stat=/dev/zero c 0666 7:0 1:5 0"
	line "stat=/dev/full c 0666 0:8 1:7 0"
	equal "$(stat -c '%t:%T %a %u:%g %Z' /dev/null /dev/zero /dev/full)" "$host"
}

@test "in a user namespace the host's device is bound where it is all that config.json asks for" {
	need_initial_user_namespace
	user_namespace
	device '{path: "/dev/null", type: "c", major: 1, minor: 3}'
	device "{path: \"/dev/zero\", type: \"c\", major: 1, minor: 5, fileMode: $((8#$(stat -c %a /dev/zero)))}"
	payload stat /dev/null stat /dev/zero
	passes
	matches "stat=/dev/null c [0-7]* 65534:65534 1:3 0" # not mapped
	matches "stat=/dev/zero c [0-7]* 65534:65534 1:5 0"
}

@test "devices are made for a user namespace that is joined, by its own maps" {
	need_maker
	unshare -Um sleep 300 3>&- & joined=$!
	HOLDERS+=($joined)
	# (env printf: the map is to be one write)
	mapped() { env printf '0 200000 10\n10 300000 50\n' >"/proc/$joined/uid_map" && echo "0 200000 60" >"/proc/$joined/gid_map"; }
	until_true mapped 2>/dev/null
	config --arg path "/proc/$joined/ns/user" '.linux.namespaces += [{type: "user", path: $path}]'
	chown -R --no-dereference 200000:200000 "$B/rootfs/"{dev,etc,home,proc,root,sys,tmp,usr,var,sbin} "$B/rootfs"
	device '{path: "/dev/mine", type: "c", major: 1, minor: 3, fileMode: 416, uid: 12, gid: 34}'
	payload stat /dev/mine
	passes
	line "stat=/dev/mine c 0640 12:34 1:3 0"
}

@test "a device's owner that is not mapped is an error that names the field" {
	need_maker
	user_namespace
	device '{path: "/dev/ok", type: "c", major: 1, minor: 3}'
	device '{path: "/dev/mine", type: "c", major: 1, minor: 3, uid: 65536}'
	container
	assert_error "linux.devices[1].uid: 65536 is not mapped in the container's user namespace" linux.uidMappings
	config '.linux.devices[1] |= . + {uid: 65535, gid: 4294967294}'
	container
	assert_error "linux.devices[1].gid: 4294967294 is not mapped in the container's user namespace" linux.gidMappings
}

@test "making a device mounts nothing on the host, and is not seen in the container" {
	need_maker
	hold 'mount --make-rshared /'
	user_namespace
	device '{path: "/dev/mine", type: "c", major: 1, minor: 3, fileMode: 416, uid: 12, gid: 34}'
	config '.linux.rootfsPropagation = "shared"'
	payload mounts stat /dev/mine sleep 100
	before=$("${IN[@]}" cat /proc/self/mountinfo)
	running
	until_line "stat=/dev/mine c 0640 12:34 1:3 0"
	equal "$("${IN[@]}" cat /proc/self/mountinfo)" "$before"
	out=$(console)
	matches "mount=/dev/mine .*"
	equal "$(grep -c "mount=/ " <<<"$out")" 1
	oci delete --force "$C"
}

@test "in a user namespace, without CAP_MKNOD, the host's device is all there is" {
	user_namespace
	IN=(setpriv --bounding-set=-mknod --)
	device '{path: "/dev/null", type: "c", major: 1, minor: 3, fileMode: 416, uid: 12, gid: 34}'
	payload stat /dev/null
	passes
	matches "stat=/dev/null c 0666 .* 1:3 0"
	config '.linux.devices[0].minor = 5'
	container
	assert_error "linux.devices[0]: the host's /dev/null is another device" CAP_MKNOD
	config '.linux.devices = []'
	device '{path: "/dev/no-such-device", type: "c", major: 1, minor: 3}'
	container
	assert_error "linux.devices[0]: open the host's /dev/no-such-device: No such file or directory (ENOENT)" CAP_MKNOD
}

@test "a fifo in a user namespace is made, with mode and owner" {
	user_namespace
	device '{path: "/var/pipe", type: "p", fileMode: 416, uid: 5, gid: 6}'
	payload stat /var/pipe
	passes
	line "stat=/var/pipe p 0640 5:6 0:0 0"
}

@test "a device's owner is not given to what takes its name meanwhile" {
	need_capability MKNOD 27
	mkdir "$T/volume"
	cat >"$T/swap.py" <<-'PY'
		import os, sys
		os.chdir(sys.argv[1])
		link, rename, unlink = os.link, os.rename, os.unlink
		while True:
		    try:
		        link("victim", "other"); rename("other", "mine"); unlink("mine")
		    except OSError:
		        try: unlink("other")
		        except OSError: pass
	PY
	touch "$T/volume/victim"
	"$PYTHON" "$T/swap.py" "$T/volume" 3>&- & swapper=$!
	config --arg v "$T/volume" '.mounts += [{destination: "/v", type: "bind", source: $v, options: ["bind"]}]'
	device '{path: "/v/mine", type: "c", major: 1, minor: 3, fileMode: 384, uid: 12345, gid: 12345}'
	end=$((SECONDS + 6))
	while [ $SECONDS -lt $end ]; do
		container
		owner=$(stat -c %u "$T/volume/victim")
		[ "$owner" = 0 ] || break
	done
	kill -KILL $swapper
	wait $swapper || true
	equal "$owner" 0
}
