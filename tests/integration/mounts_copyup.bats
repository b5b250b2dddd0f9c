#!/usr/bin/env bats
# shellcheck shell=bats
# tmpcopyup: a tmpfs that begins with what it covers. The first mount that a test adds is mounts[7].
load helpers

# copy_up [OPTION...]: a tmpfs with tmpcopyup over /data.
copy_up() {
	# shellcheck disable=SC2016
	config '.mounts += [{destination: "/data", type: "tmpfs", source: "t", options: (["tmpcopyup"] + $ARGS.positional)}]' --args -- "$@"
}

# image COMMANDS: make /data of the image.
image() {
	mkdir -p "$B/rootfs/data"
	(cd "$B/rootfs/data" && eval "$1")
}

# What is in the current directory: kind and mode, owner, names, times, targets and content of all.
# shellcheck disable=SC2016
look='TZ=UTC busybox find . | sort | while read -r f; do
	busybox stat -c "%n %A %u:%g %y" "$f"
	[ -d "$f" ] || busybox stat -c "%n %h %s" "$f"
	[ ! -L "$f" ] || readlink "$f"
	[ ! -f "$f" ] || [ -L "$f" ] || busybox md5sum "$f"
done'
same_inside() {
	config '.process.capabilities |= map_values(["CAP_DAC_OVERRIDE"])'
	shell "cd /data && $look"
	passes
	matches '\./.*'
	equal "$out" "$(cd "$B/rootfs/data" && sh -c "$look")"
}
covered() { grep -q '^mount=/data tmpfs ' <<<"$out" || fail "no tmpfs at /data"; }

@test "files, directories, links, fifos and sockets are copied, with owners, modes and times" {
	image '
		mkdir -p dir/sub empty
		echo text >dir/sub/file
		echo other >.hidden
		ln -s ../nowhere link
		ln -s /etc/passwd dir/absolute
		mkfifo -m 640 fifo
		"$PYTHON" -c "import socket; socket.socket(socket.AF_UNIX).bind(\"socket\")"
		chown -h 12:34 link dir/sub/file
		chown 56:78 dir fifo .
		chmod 4755 dir/sub/file
		chmod 2711 dir
		chmod 1777 empty
		chmod 750 .
		touch -h -d "2001-02-03 04:05:06.789 UTC" link dir/sub/file fifo
		touch -d "2002-03-04 05:06:07 UTC" dir/sub dir empty .'
	copy_up
	same_inside
	payload mounts
	passes
	covered
}

@test "names of one file stay names of one file" {
	image '
		mkdir a b
		head -c 100000 /dev/urandom >a/one
		ln a/one b/two
		ln a/one three
		ln -s x a/link
		ln a/link b/link'
	copy_up
	same_inside
	shell 'cd /data; echo more >>a/one; cmp() { [ "$(busybox md5sum <"$1")" = "$(busybox md5sum <"$2")" ]; }; cmp a/one b/two && cmp a/one three && echo same'
	passes
	line same
}

@test "files with more names may be many, and far down" {
	mkdir "$B/rootfs/other"
	image '"$PYTHON" -c "
import os
other = os.open(\"../other\", os.O_RDONLY)
for _ in range(15):
	os.mkdir(\"d\" * 255)
	os.chdir(\"d\" * 255)
for n in range(18000):
	os.close(os.open(str(n), os.O_CREAT | os.O_WRONLY))
	os.link(str(n), str(n), dst_dir_fd=other)
"'
	copy_up
	shell 'cd /data; while cd ddd*; do :; done 2>/dev/null; echo "files: $(busybox ls | busybox wc -l)"'
	passes
	line "files: 18000"
}

@test "extended attributes are copied" {
	"$PYTHON" -c "import os; open('$T/probe', 'w'); os.setxattr('$T/probe', 'trusted.x', b'x')" || skip "no extended attributes here"
	image '
		mkdir dir
		touch dir/file
		"$PYTHON" -c "import os; os.setxattr(\"dir/file\", \"trusted.mine\", b\"value\"); os.setxattr(\"dir\", \"trusted.its\", b\"other\")"'
	copy_up
	payload sleep 100
	running
	data=/proc/$(pid_of)/root/data
	equal "$("$PYTHON" -c "import os; print(os.getxattr('$data/dir/file', 'trusted.mine').decode(), os.getxattr('$data/dir', 'trusted.its').decode())")" "value other"
}

@test "a sparse file stays sparse" {
	image 'truncate -s 1G sparse; printf x | dd of=sparse bs=1 seek=500000000 conv=notrunc status=none; printf y >>sparse'
	copy_up size=1m
	same_inside
}

@test "the image is not changed by what is written" {
	image 'echo old >file'
	copy_up
	payload write /data/file new file /data/file write /data/more more
	passes
	line file=new
	equal "$(cat "$B/rootfs/data/file")" old
	absent "$B/rootfs/data/more"
}

@test "mode, uid and gid of the options are stronger than the directory's" {
	image 'chown 12:34 .; chmod 700 .; touch file'
	copy_up mode=1775 gid=56
	payload stat /data stat /data/file
	passes
	matches 'stat=/data d 1775 12:56 .*'
	matches 'stat=/data/file - .*'
}

@test "a read-only tmpfs is filled all the same" {
	image 'echo text >file'
	copy_up ro nosuid
	payload file /data/file access /data mounts
	passes
	line file=text
	line 'write=/data (EROFS)'
	matches 'mount=/data tmpfs t ro,nosuid,.*'
}

@test "a directory that is missing or empty gives an empty tmpfs" {
	copy_up
	payload mounts access /data
	passes
	covered
	line 'read=/data empty'
	[ -d "$B/rootfs/data" ]
}

@test "a volume that an earlier mount has put there is copied, what is mounted below it is not" {
	hold "mkdir -p $T/src/sub; mount -t tmpfs sub $T/src/sub; touch $T/src/file $T/src/sub/deep"
	config --arg T "$T" '.mounts += [{destination: "/data", type: "bind", source: ($T + "/src"), options: ["rbind"]}]'
	copy_up
	payload list /data stat /data/sub/deep
	passes
	matches 'stat=/data/file - .*'
	line 'stat=/data/sub/deep (ENOENT)'
}

@test "in a user namespace ids are kept, and those without a place become nobody's" {
	user_namespace
	image 'touch mine other; chown 100012:100034 mine; chown 5:6 other; chown 100000:100000 .'
	copy_up
	payload stat /data/mine stat /data/other
	passes
	matches 'stat=/data/mine - .* 12:34 .*'
	matches 'stat=/data/other - .* 65534:65534 .*'
}

@test "a program of an owner without a place in the user namespace does not become root's" {
	user_namespace
	config '.linux.uidMappings[0].size = 2000 | .linux.gidMappings[0].size = 2000'
	image 'touch other mine; chown 5:6 other; chown 100012:100012 mine; chmod 6755 other mine; chown 100000:100000 .'
	copy_up
	payload stat /data/mine stat /data/other
	passes
	matches 'stat=/data/mine - 6755 12:12 .*'
	matches 'stat=/data/other - 0?755 0:0 .*'
}

@test "a link in the image leads nowhere outside" {
	mkdir "$T/outside"
	echo secret >"$T/outside/file"
	image 'mkdir dir; ln -s "../../../../../../../../..$T/outside" dir/link; ln -s "$T/outside/file" file'
	copy_up
	payload stat /data/dir/link stat /data/file
	passes
	matches "stat=/data/file l .* -> $T/outside/file"
	matches 'stat=/data/dir/link l .*'
}

@test "a tmpfs that is too small is an error that names the file, and nothing is left" {
	image 'mkdir dir; head -c 100000 /dev/zero | tr "\\0" x >dir/big'
	copy_up size=64k
	container
	assert_error 'mounts[7]: copy /data/dir/big into the tmpfs: No space left on device (ENOSPC)' 'size='
}

@test "a device in the image is an error that names it" {
	need_capability MKNOD 27
	image 'mkdir dir; mknod dir/null c 1 3'
	copy_up
	container
	assert_error 'mounts[7]: /data/dir/null is a device: tmpcopyup copies none' linux.devices
}

@test "a tree that is too deep is an error, not a crash" {
	image 'd=.; for i in {1..30}; do mkdir -p "$d/1/2/3/4/5/6/7/8/9/0"; d=$d/1/2/3/4/5/6/7/8/9/0; done'
	copy_up
	container
	assert_error 'mounts[7]: copy /data/1/2/3' '(ELOOP)'
}

@test "an image that changes while it is copied is copied, or is an error, and leads nowhere outside" {
	mkdir -p "$T/outside/dir"
	echo secret >"$T/outside/dir/file"
	image 'mkdir -p dir other; for i in {1..50}; do echo text >dir/file$i; done; cp dir/file1 dir/file; ln -s "../../../../../../../../../..$T/outside/dir" link'
	cat >"$T/swap.py" <<-'PY'
		import ctypes, os, sys
		libc = ctypes.CDLL(None)
		os.chdir(sys.argv[1])
		while True:
		    libc.renameat2(-100, b"dir", -100, b"link", 2)
		    os.rename("other", "elsewhere")
		    os.rename("elsewhere", "other")
	PY
	"$PYTHON" "$T/swap.py" "$B/rootfs/data" 3>&- & swapper=$!
	copy_up
	shell 'busybox find /data -type f | while read -r f; do cat "$f"; done | sort -u'
	end=$((SECONDS + 4)) copied=0
	while [ $SECONDS -lt $end ]; do
		container
		if [ "$status" -eq 0 ]; then
			copied=$((copied + 1))
			no_line secret || break
		else
			[[ $err == *"mounts[7]"* ]] || break
		fi
	done
	kill -KILL $swapper
	wait $swapper || true
	no_line secret
	[ $SECONDS -ge $end ] || fail "ended early"
	[ $copied -gt 0 ] || fail "never copied"
}

@test "tmpcopyup is for a new tmpfs only" {
	for mount in '{destination: "/data", type: "bind", source: "/", options: ["bind", "tmpcopyup"]}' \
		'{destination: "/data", type: "proc", source: "p", options: ["tmpcopyup"]}' \
		'{destination: "/dev", type: "tmpfs", options: ["remount", "tmpcopyup"]}'; do
		config 'del(.mounts[7])'
		config ".mounts += [$mount]"
		container
		assert_error 'mounts[7].options: "tmpcopyup" is for new mounts of type tmpfs'
	done
}
