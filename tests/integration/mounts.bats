#!/usr/bin/env bats
# shellcheck shell=bats
# config.md, Mounts; config-linux.md, rootfsPropagation, maskedPaths, readonlyPaths. The first mount that a test adds is mounts[7].
load helpers

mount_add() { config --arg T "$T" ".mounts += [$1]"; }

# What the container says of a mount: mounted DESTINATION -> "TYPE SOURCE OPTIONS SUPER PROPAGATION"
mounted() { sed -n "s|^mount=$1 ||p" <<<"$out" | tail -n 1; }
# The mount options alone, with commas around them.
options() { mounted "$1" | cut -d' ' -f3 | sed 's/.*/,&,/'; }

# --- file systems ------------------------------------------------------------------------------------------------------------------------

@test "a destination that says its place on the host is below the rootfs" {
	config --arg b "$B" '.mounts += [{destination: "\($b)/rootfs/inside", type: "tmpfs", source: "mine"},
		{destination: "\($b)/rootfs", type: "none", options: ["remount", "ro"]}]'
	payload mounts
	passes
	matches 'mount=/inside tmpfs .*'
	matches 'mount=/ [^ ]+ [^ ]+ ro,.*'
}

@test "the default mounts are there, with their options" {
	payload mounts
	passes
	matches 'mount=/proc proc proc rw,.*'
	matches 'mount=/dev tmpfs tmpfs rw,nosuid .*size=65536k,mode=755.*'
	matches 'mount=/dev/pts devpts devpts rw,nosuid,noexec,.*mode=620,ptmxmode=666.*'
	matches 'mount=/dev/shm tmpfs shm rw,nosuid,nodev,noexec,.*size=65536k.*'
	matches 'mount=/dev/mqueue mqueue mqueue rw,nosuid,nodev,noexec,.*'
	matches 'mount=/sys sysfs sysfs ro,nosuid,nodev,noexec,.*'
	matches 'mount=/sys/fs/cgroup .* ro,nosuid,nodev,noexec[ ,].*'
}

@test "no mount of the host is left in sight" {
	payload mounts
	passes
	no_match 'mount=.*/(oldroot|\.old|put_old).*'
	[ "$(grep -vcE '^mount=/(|proc|dev|sys)[ /]' <<<"$out")" -eq 0 ] || fail
}

@test "a tmpfs takes size and mode, and has the source of config.json" {
	mount_add '{destination: "/scratch", type: "tmpfs", source: "my-scratch", options: ["size=1m", "mode=1750", "nosuid", "noexec"]}'
	payload mounts stat /scratch
	passes
	matches 'mount=/scratch tmpfs my-scratch rw,nosuid,noexec,relatime rw,size=1024k,mode=1750.*'
	matches 'stat=/scratch d 1750 .*'
}

@test "a tmpfs without a mode has that of the directory it covers" {
	mkdir "$B/rootfs/there" "$B/rootfs/said"
	chmod 1710 "$B/rootfs/there" "$B/rootfs/said"
	ln -s there "$B/rootfs/link"
	mount_add '{destination: "/link", type: "tmpfs", source: "tmpfs", options: ["size=1m", "nosuid"]}, {destination: "/new", type: "tmpfs", source: "tmpfs"},
		{destination: "/said", type: "tmpfs", source: "tmpfs", options: ["mode=700"]}'
	payload stat /there stat /new stat /said
	passes
	matches 'stat=/there d 1710 .*'
	matches 'stat=/new d 1777 .*'
	matches 'stat=/said d 0700 .*'
}

@test "a tmpfs takes uid, gid and nr_inodes" {
	mount_add '{destination: "/scratch", type: "tmpfs", source: "tmpfs", options: ["uid=12", "gid=34", "nr_inodes=50"]}'
	payload mounts stat /scratch
	passes
	matches 'stat=/scratch d .* 12:34 .*'
	matches 'mount=/scratch .*nr_inodes=50.*'
}

@test "mounts are made in the order of the list" {
	mkdir -p "$T/src/sub"
	mount_add '{destination: "/a", type: "tmpfs", source: "first"}, {destination: "/a/b", type: "tmpfs", source: "second"},
		{destination: "/c/d", type: "tmpfs", source: "third"}, {destination: "/c", type: "tmpfs", source: "fourth"}'
	payload mounts list /c list /a
	passes
	equal "$(sed -n 's/^mount=\/[ac][^ ]* tmpfs \([a-z]*\) .*/\1/p' <<<"$out" | tr '\n' ' ')" "first second third fourth "
	matches 'stat=/a/b d .*'
	no_match 'stat=/c/d .*'
}

@test "a file system the kernel does not know is an error that names it" {
	mount_add '{destination: "/x", type: "nosuchfs", source: "none"}'
	container
	assert_error 'mounts[7]' nosuchfs
}

@test "an option the file system does not know is an error that names mount and option" {
	mount_add '{destination: "/x", type: "tmpfs", source: "tmpfs", options: ["size=1m", "bogus=1"]}'
	container
	assert_error 'mounts[7]' bogus
}

@test "options longer than 255 bytes are no obstacle" {
	lower=$T/lower-$(printf 'x%.0s' {1..120})
	mkdir -p "$lower-1" "$lower-2" "$lower-3"
	echo one >"$lower-1/file"
	config --arg lower "lowerdir=$lower-1:$lower-2:$lower-3" '.mounts += [{destination: "/over", type: "overlay", source: "overlay", options: [$lower]}]'
	payload file /over/file
	passes
	line file=one
}

@test "overlay works with upper and work directories" {
	mkdir "$T/"{lower,upper,work}
	echo low >"$T/lower/file"
	config --arg o "lowerdir=$T/lower" --arg u "upperdir=$T/upper" --arg w "workdir=$T/work" \
		'.mounts += [{destination: "/over", type: "overlay", source: "overlay", options: [$o, $u, $w]}]'
	payload file /over/file write /over/new text
	passes
	line file=low
	equal "$(cat "$T/upper/new")" text
}

@test "an rbind of the host's /sys stands in for sysfs" {
	config '.mounts |= map(if .type == "sysfs" then {destination: "/sys", type: "none", source: "/sys", options: ["rbind", "ro", "nosuid"]} else . end
		| select(.type != "cgroup"))'
	payload mounts
	passes
	matches 'mount=/sys sysfs .* ro,.*'
}

# --- flags -------------------------------------------------------------------------------------------------------------------------------

@test "every flag of a mount is visible in the container" {
	for pair in ro=ro nosuid=nosuid nodev=nodev noexec=noexec noatime=noatime nodiratime=nodiratime relatime=relatime nosymfollow=nosymfollow; do
		base_config >"$B/config.json"
		config --arg flag "${pair%=*}" '.mounts += [{destination: "/f", type: "tmpfs", source: "tmpfs", options: [$flag]}]'
		payload mounts
		passes
		contains "$(options /f)" ",${pair#*=},"
	done
}

@test "a flag's opposite takes it back" {
	mount_add '{destination: "/f", type: "tmpfs", source: "tmpfs", options: ["ro", "rw", "nosuid", "suid", "nodev", "dev", "noexec", "exec", "noatime", "atime",
		"nodiratime", "diratime", "nosymfollow", "symfollow"]},
		{destination: "/g", type: "tmpfs", source: "tmpfs", options: ["defaults"]}, {destination: "/h", type: "tmpfs", source: "tmpfs", options: ["noatime", "strictatime"]}'
	payload mounts
	passes
	equal "$(options /f)" ,rw,relatime,
	equal "$(options /g)" ,rw,relatime,
	equal "$(options /h)" ,rw,
}

@test "flags of the superblock reach it" {
	mount_add '{destination: "/f", type: "tmpfs", source: "tmpfs", options: ["sync", "dirsync", "lazytime", "mand", "silent", "loud"]}'
	payload mounts
	passes
	contains "$(mounted /f)" sync
}

@test "flags of a bind mount are its own, not its source's" {
	mkdir "$T/src"
	mount_add '{destination: "/b", type: "bind", source: ($T + "/src"), options: ["bind", "ro", "nosuid", "nodev", "noexec", "noatime"]}'
	payload mounts access /b
	passes
	for flag in ro nosuid nodev noexec noatime; do contains "$(options /b)" ",$flag,"; done
	line 'write=/b (EROFS)'
	touch "$T/src/still-writable"
}

@test "ro reaches the first mount of an rbind, rro all" {
	hold "mkdir -p $T/src/sub; mount -t tmpfs sub $T/src/sub"
	mount_add '{destination: "/one", type: "bind", source: ($T + "/src"), options: ["rbind", "ro"]},
		{destination: "/all", type: "bind", source: ($T + "/src"), options: ["rbind", "rro"]}'
	payload mounts
	passes
	contains "$(options /one)" ,ro,
	contains "$(options /one/sub)" ,rw,
	contains "$(options /all)" ,ro,
	contains "$(options /all/sub)" ,ro,
}

@test "every other recursive flag, and its opposite, reaches all mounts of an rbind" {
	# Flags of the source, the word, a flag that is then there, one that is not.
	local table=("ro rrw rw ro" "nosuid rsuid rw nosuid" "nodev rdev rw nodev" "noexec rexec rw noexec" "nosymfollow rsymfollow rw nosymfollow" "nodiratime rdiratime rw nodiratime"
		"rw rnosuid nosuid -" "rw rnodev nodev -" "rw rnoexec noexec -" "rw rnosymfollow nosymfollow -" "rw rnodiratime nodiratime -" "rw rnoatime noatime relatime"
		"noatime ratime relatime noatime" "noatime rrelatime relatime noatime" "noatime rstrictatime rw noatime" "relatime rstrictatime rw relatime"
		"strictatime rnostrictatime relatime -" "noatime rnorelatime noatime relatime") row
	hold "for f in ro rw nosuid nodev noexec nosymfollow nodiratime noatime relatime strictatime; do
		mkdir -p $T/src/\$f; mount -t tmpfs top $T/src/\$f; mkdir $T/src/\$f/sub; mount -t tmpfs -o \$f sub $T/src/\$f/sub; mount -o remount,bind,\$f $T/src/\$f; done"
	for row in "${table[@]}"; do
		# shellcheck disable=SC2086
		set -- $row
		mount_add "{destination: \"/f/$1-$2\", type: \"bind\", source: (\$T + \"/src/$1\"), options: [\"rbind\", \"$2\"]}"
	done
	payload mounts
	passes
	for row in "${table[@]}"; do
		# shellcheck disable=SC2086
		set -- $row
		for at in "/f/$1-$2" "/f/$1-$2/sub"; do
			contains "$(options "$at")" ",$3,"
			[[ $(options "$at") != *,$4,* ]] || fail "$at: $(options "$at")"
		done
	done
}

# --- bind mounts ---------------------------------------------------------------------------------------------------------------------------

@test "a directory is bound" {
	mkdir "$T/src"
	echo text >"$T/src/file"
	mount_add '{destination: "/data", type: "bind", source: ($T + "/src"), options: ["bind"]}'
	payload file /data/file write /data/new from-inside
	passes
	line file=text
	equal "$(cat "$T/src/new")" from-inside
}

@test "a file is bound, over a file that is made for it" {
	echo text >"$T/file"
	mount_add '{destination: "/new/dir/file", type: "bind", source: ($T + "/file"), options: ["bind"]}'
	payload file /new/dir/file
	passes
	line file=text
	[ -f "$B/rootfs/new/dir/file" ] && [ ! -s "$B/rootfs/new/dir/file" ]
}

@test "bind takes the mount itself, rbind what is below too" {
	hold "mkdir -p $T/src/sub; mount -t tmpfs sub $T/src/sub; touch $T/src/sub/deep"
	mount_add '{destination: "/one", type: "bind", source: ($T + "/src"), options: ["bind"]},
		{destination: "/all", type: "bind", source: ($T + "/src"), options: ["rbind"]}'
	payload stat /one/sub/deep stat /all/sub/deep
	passes
	line "stat=/one/sub/deep (ENOENT)"
	matches "stat=/all/sub/deep - .*"
}

@test "the option bind is enough, whatever the type" {
	mkdir "$T/src"
	touch "$T/src/file"
	mount_add '{destination: "/a", source: ($T + "/src"), options: ["rbind"]}, {destination: "/b", type: "none", source: ($T + "/src"), options: ["bind"]}'
	payload stat /a/file stat /b/file
	passes
	no_match ".*ENOENT.*"
}

@test "a relative source is below the bundle" {
	mkdir "$B/volume"
	touch "$B/volume/file"
	mount_add '{destination: "/a", type: "bind", source: "volume", options: ["bind"]}'
	payload stat /a/file
	cd /
	passes
	no_match ".*ENOENT.*"
}

@test "a source that does not exist is an error that names mount and source" {
	mount_add '{destination: "/a", type: "bind", source: ($T + "/missing"), options: ["bind"]}'
	container
	assert_error 'mounts[7]' "$T/missing"
	absent "$T/missing"
}

@test "a file can't be bound over a directory, nor a directory over a file" {
	mkdir "$T/dir"
	touch "$T/file"
	mount_add '{destination: "/etc", type: "bind", source: ($T + "/file"), options: ["bind"]}'
	container
	assert_error 'mounts[7]' /etc
	config '.mounts |= .[0:7]'
	mount_add '{destination: "/etc/passwd", type: "bind", source: ($T + "/dir"), options: ["bind"]}'
	container
	assert_error 'mounts[7]' /etc/passwd
}

@test "a source with odd characters is taken as it is" {
	dir="$T/a b,c=d:e\\f"
	mkdir "$dir"
	touch "$dir/file"
	config --arg dir "$dir" '.mounts += [{destination: "/odd ,place", type: "bind", source: $dir, options: ["bind"]}]'
	payload stat "/odd ,place/file"
	passes
	no_match ".*ENOENT.*"
}

# --- propagation -----------------------------------------------------------------------------------------------------------------------------

@test "a mount is private unless config.json says otherwise" {
	mkdir "$T/src"
	mount_add '{destination: "/t", type: "tmpfs", source: "t"}, {destination: "/b", type: "bind", source: ($T + "/src"), options: ["bind", "private"]}'
	payload mounts
	passes
	matches 'mount=/t .* private'
	matches 'mount=/b .* private'
}

@test "shared, slave and unbindable are set" {
	mount_add '{destination: "/sh", type: "tmpfs", source: "t", options: ["shared"]}, {destination: "/rsh", type: "tmpfs", source: "t", options: ["rshared"]},
		{destination: "/un", type: "tmpfs", source: "t", options: ["unbindable"]}, {destination: "/pr", type: "tmpfs", source: "t", options: ["shared", "private"]}'
	payload mounts
	passes
	matches 'mount=/sh .* shared:[0-9]+'
	matches 'mount=/rsh .* shared:[0-9]+'
	matches 'mount=/un .* unbindable'
	matches 'mount=/pr .* private'
}

@test "later mounts of the host arrive through rslave, and not through rprivate" {
	hold "mkdir -p $T/vol; mount -t tmpfs vol $T/vol; mount --make-shared $T/vol; mkdir $T/vol/slave $T/vol/later"
	mount_add '{destination: "/slave", type: "bind", source: ($T + "/vol"), options: ["rbind", "rslave"]},
		{destination: "/private", type: "bind", source: ($T + "/vol"), options: ["rbind", "rprivate"]}'
	payload await-signal mounts sleep 100
	running
	until_line ready
	"${IN[@]}" mount -t tmpfs later "$T/vol/later"
	oci kill "$C" USR1
	until_line 'mount=/slave/later .*'
	out=$(console)
	matches 'mount=/slave tmpfs .* master:[0-9]+.*'
	no_match 'mount=/private/later .*'
}

# A volume that the host shares, a tmpfs: what would spread from one side to the other is seen on both.
shared_volume() {
	hold "mkdir -p $T/vol; mount -t tmpfs vol $T/vol; mount --make-shared $T/vol; mkdir $T/vol/inside $T/vol/later"
}
may_mount() { config '.process.capabilities |= map_values(["CAP_SYS_ADMIN"])'; }

@test "in a user namespace the source of a bind is a slave of the host's mount, never its peer" {
	user_namespace
	may_mount
	shared_volume
	for pair in rbind= bind= rbind=rslave rbind=rshared rbind=rprivate; do
		mount_add "{destination: \"/${pair%=*}-${pair#*=}\", type: \"bind\", source: (\$T + \"/vol\"), options: ([\"${pair%=*}\", \"${pair#*=}\"] - [\"\"])}"
	done
	shell 'for d in bind- rbind- rbind-rslave rbind-rshared rbind-rprivate; do mount -t tmpfs "in-$d" "/$d/inside" || exit 1; done; payload mounts; echo ready; read x'
	mkfifo "$T/stdin"
	oci run --bundle "$B" "$C" <>"$T/stdin" >"$T/console.$C" 2>"$T/err" & runner=$!
	until_line ready
	equal "$("${IN[@]}" grep -c "$T/vol/" /proc/self/mountinfo)" 0
	out=$(console)
	peers=$("${IN[@]}" sed -n "s|.* $T/vol .* shared:\([0-9]*\) .*|\1|p" /proc/self/mountinfo)
	for d in bind- rbind- rbind-rslave; do matches "mount=/$d tmpfs .* master:$peers"; done
	matches "mount=/rbind-rshared tmpfs .* shared:[0-9]+ master:$peers"
	matches "mount=/rbind-rprivate tmpfs .* private"
	no_match "mount=.* shared:$peers.*"
	"${IN[@]}" mount -t tmpfs later "$T/vol/later"
	pid=$(pid_of)
	for d in bind- rbind- rbind-rslave rbind-rshared; do grep -q " /$d/later " "/proc/$pid/mountinfo" || fail "did not reach /$d"; done
	! grep -q " /rbind-rprivate/later " "/proc/$pid/mountinfo" || fail "reached /rbind-rprivate"
	echo >"$T/stdin"
	wait $runner
}

@test "in a user namespace the program can't take back what a mount of the host forbids" {
	user_namespace
	may_mount
	hold "mkdir -p $T/vol; mount -t tmpfs -o mode=777 vol $T/vol; mount -o remount,bind,ro,nosuid,nodev,noexec $T/vol"
	mkdir "$T/closed"
	"${IN[@]}" sh -c "mkdir -m 700 $T/closed/deep; mkdir $T/closed/deep/vol; mount --rbind $T/vol $T/closed/deep/vol; mount -o remount,bind,ro $T/closed/deep/vol"
	mount_add '{destination: "/b", type: "bind", source: ($T + "/vol"), options: ["bind"]},
		{destination: "/r", type: "bind", source: ($T + "/vol"), options: ["rbind"]},
		{destination: "/closed", type: "bind", source: ($T + "/closed/deep/vol"), options: ["rbind"]}'
	shell 'for d in /b /r /closed; do
			for o in rw rw,suid,nodev,noexec ro,suid,nodev,noexec ro,nosuid,dev,noexec ro,nosuid,nodev,exec; do
				mount -o remount,bind,$o $d 2>/dev/null && echo "$d: $o was accepted"
			done
			(echo x >$d/file) 2>/dev/null && echo "$d: written"
		done; echo done'
	passes
	equal "$out" "done"
}

@test "--no-mount-fallback: what a user namespace has locked is an error, not kept" {
	user_namespace
	may_mount
	hold "mkdir -p $T/vol; mount -t tmpfs -o mode=777 vol $T/vol; mount -o remount,bind,nosuid,nodev,noexec $T/vol"
	mount_add '{destination: "/b", type: "bind", source: ($T + "/vol"), options: ["bind", "ro"]}'
	payload mounts
	passes
	matches 'mount=/b .* ro,nosuid,nodev,noexec.*'
	container --no-mount-fallback
	assert_error 'mounts[7].options: "suid": the source is mounted nosuid: Operation not permitted'
}

@test "rootfsPropagation is the propagation of /" {
	for pair in private=private rprivate=private unbindable=unbindable runbindable=unbindable; do
		config --arg p "${pair%=*}" '.linux.rootfsPropagation = $p'
		payload mounts
		passes
		matches "mount=/ .* ${pair#*=}"
	done
	hold "mount --bind $B $B; mount --make-shared $B"
	for p in slave rslave; do
		config --arg p $p '.linux.rootfsPropagation = $p'
		passes
		matches "mount=/ .* master:[0-9]+.*"
	done
	hold true
	for p in shared rshared; do
		config --arg p $p '.linux.rootfsPropagation = $p'
		passes
		matches "mount=/ .* shared:[0-9]+.*"
	done
}

@test "the host sees none of the container's mounts" {
	payload say ready sleep 100
	mount_add '{destination: "/t", type: "tmpfs", source: "t"}'
	before=$(cut -d' ' -f5- /proc/self/mountinfo)
	running
	equal "$(cut -d' ' -f5- /proc/self/mountinfo)" "$before"
}

# --- destinations ------------------------------------------------------------------------------------------------------------------------------

@test "a destination that is missing is made" {
	mount_add '{destination: "/not/yet/there", type: "tmpfs", source: "t"}'
	payload mounts
	passes
	matches 'mount=/not/yet/there tmpfs .*'
	[ -d "$B/rootfs/not/yet/there" ]
}

@test "a relative destination is below /" {
	config '.process.cwd = "/home"'
	mount_add '{destination: "rel/place", type: "tmpfs", source: "t"}'
	payload mounts
	passes
	matches 'mount=/rel/place tmpfs .*'
}

@test "a destination that ends in a slash is fine" {
	mount_add '{destination: "/place/", type: "tmpfs", source: "t"}'
	payload mounts
	passes
	matches 'mount=/place tmpfs .*'
}

@test "a symbolic link in a destination is followed inside the rootfs" {
	mkdir "$B/rootfs/real"
	ln -s /real "$B/rootfs/absolute"
	ln -s real "$B/rootfs/relative"
	mount_add '{destination: "/absolute/a", type: "tmpfs", source: "t"}, {destination: "/relative/b", type: "tmpfs", source: "t"},
		{destination: "/relative", type: "tmpfs", source: "u"}'
	payload mounts
	passes
	matches 'mount=/real/a tmpfs .*'
	matches 'mount=/real/b tmpfs .*'
	matches 'mount=/real tmpfs u .*'
}

@test "a destination with .. stays below the rootfs" {
	mount_add '{destination: "/../../up", type: "tmpfs", source: "t"}'
	payload mounts
	passes
	matches 'mount=/up tmpfs .*'
	absent "$T/up"
	absent "$B/up"
}

@test "a symbolic link that leads out of the rootfs makes nothing outside" {
	mkdir "$T/outside"
	ln -s "$T/outside" "$B/rootfs/absolute"
	ln -s "../../../../../../..$T/outside" "$B/rootfs/relative"
	ln -s "../../outside" "$B/rootfs/near"
	touch "$T/file"
	for link in absolute relative near; do
		base_config >"$B/config.json"
		mount_add '{destination: "/'$link'/made/deep", type: "tmpfs", source: "t"}, {destination: "/'$link'/file", type: "bind", source: ($T + "/file"), options: ["bind"]}'
		container
		equal "$(ls -A "$T/outside")" ""
	done
}

@test "a dangling symbolic link as destination makes nothing outside" {
	touch "$T/file"
	ln -s "$T/outside-file" "$B/rootfs/dangling"
	mount_add '{destination: "/dangling", type: "bind", source: ($T + "/file"), options: ["bind"]}'
	container
	absent "$T/outside-file"
}

@test "a remount never goes through a symbolic link of the image" {
	hold "mkdir -p $T/vol; mount -t tmpfs vol $T/vol"
	ln -s data "$B/rootfs/relative"
	ln -s /data "$B/rootfs/absolute"
	ln -s "../../../../../../..$T/vol" "$B/rootfs/outside"
	for link in relative absolute outside relative/.; do
		for options in '"remount", "ro"' '"remount", "bind", "ro"'; do
			base_config >"$B/config.json"
			mount_add '{destination: "/data", type: "bind", source: ($T + "/vol"), options: ["bind"]}, {destination: "/'$link'", type: "none", options: ['"$options"']}'
			container
			assert_error 'mounts[8]' "/${link%/.}"
			"${IN[@]}" touch "$T/vol/still-writable"
		done
	done
}

@test "a remount of a bind changes the mount, never the host's filesystem" {
	hold "mkdir -p $T/vol; mount -t tmpfs vol $T/vol"
	mount_add '{destination: "/data", type: "bind", source: ($T + "/vol"), options: ["bind"]},
		{destination: "/data", type: "none", options: ["remount", "ro", "sync"]}'
	payload access /data
	passes
	line 'write=/data (EROFS)'
	"${IN[@]}" touch "$T/vol/still-writable"
	! "${IN[@]}" grep -q " $T/vol .* - tmpfs vol .*sync" /proc/self/mountinfo || fail "reconfigured"
}

@test "a remount of sysfs changes the mount, never the sysfs that the host has too" {
	config '.linux.namespaces |= map(select(.type != "network")) | .mounts |= map(select(.destination != "/sys/fs/cgroup"))
		| .mounts |= map(if .destination == "/sys" then .options = [] else . end)'
	mount_add '{destination: "/sys", type: "sysfs", options: ["remount", "ro"]}'
	payload mounts
	# A network namespace of its own has a sysfs of its own: this machine's is not at stake.
	# shellcheck disable=SC2016
	IN=(unshare -n -m sh -c 'mount -t sysfs host-sysfs /sys || exit; "$@"; status=$?; cat /proc/self/mountinfo >'"$T/after"'; exit $status' sh)
	try oci --cgroup-manager disabled run --bundle "$B" "$C"
	assert_success
	contains "$(options /sys)" ,ro,
	IN=()
	grep -q ' /sys .* - sysfs host-sysfs rw' "$T/after" || fail "reconfigured: $(grep sysfs "$T/after")"
}

@test "a remount changes the mount that config.json has put there, whatever an image has put over it since" {
	hold "mkdir -p $T/vol; mount -t tmpfs vol $T/vol"
	ln -s data "$B/rootfs/link"
	mount_add '{destination: "/data", type: "tmpfs", source: "t"}, {destination: "/link", type: "bind", source: ($T + "/vol"), options: ["bind"]},
		{destination: "/data", type: "none", options: ["remount", "ro", "size=1m"]}'
	payload mounts
	passes
	matches 'mount=/data tmpfs t ro,.*size=1024k.*'
	matches 'mount=/data tmpfs vol rw,.*'
	"${IN[@]}" touch "$T/vol/still-writable"
	# Nor does the way to the place lead a remount astray that is named by the same words.
	base_config >"$B/config.json"
	mount_add '{destination: "/link", type: "tmpfs", source: "t", options: ["ro"]}, {destination: "/link", type: "none", options: ["remount", "rw", "noexec"]}'
	payload mounts
	passes
	matches 'mount=/data tmpfs t rw,noexec,.*'
}

@test "only the filesystem that was mounted last at a place is reconfigured by a remount" {
	hold "mkdir -p $T/vol; mount -t tmpfs vol $T/vol"
	mount_add '{destination: "/data", type: "tmpfs", source: "t"}, {destination: "/data", type: "bind", source: ($T + "/vol"), options: ["bind"]},
		{destination: "/data", type: "none", options: ["remount", "ro"]}'
	payload access /data
	passes
	line 'write=/data (EROFS)'
	"${IN[@]}" touch "$T/vol/still-writable"
}

@test "a remount of what config.json has mounted itself reconfigures it" {
	mount_add '{destination: "/scratch", type: "tmpfs", source: "t", options: ["size=1m"]}, {destination: "/scratch", type: "tmpfs", options: ["remount", "size=2m", "noexec"]}'
	payload mounts
	passes
	contains "$(mounted /scratch)" size=2048k
	contains "$(options /scratch)" ,noexec,
}

@test "on a rootfs that can't be written what is there can be mounted on, and what is missing is an error" {
	hold "mount --bind $B/rootfs $B/rootfs; mount -o remount,bind,ro $B/rootfs"
	mount_add '{destination: "/home/user", type: "tmpfs", source: "t"}'
	payload mounts
	passes
	matches 'mount=/home/user tmpfs .*'
	mount_add '{destination: "/missing", type: "tmpfs", source: "t"}'
	container
	assert_error "mounts[8].destination: open /missing in the container's root: Read-only file system (EROFS)"
}

@test "a mount over / hides the rootfs or is an error" {
	mount_add '{destination: "/", type: "tmpfs", source: "t"}'
	payload say still-there
	container
	[ "$status" -ne 0 ] || line still-there
}

@test "two hundred mounts" {
	config '.mounts += [range(200) | {destination: "/many/\(.)", type: "tmpfs", source: "t", options: ["size=4k"]}]'
	payload mounts
	passes
	equal "$(grep -c '^mount=/many/' <<<"$out")" 200
}

@test "the work for a mount does not grow with their number" {
	mkdir "$T/src"
	calls() {
		base_config >"$B/config.json"
		config --arg s "$T/src" --argjson n "$1" '.mounts += [range($n) | {destination: "/many/\(.)", type: "bind", source: $s, options: ["rbind", "ro", "rprivate"]}]'
		oci run --bundle "$B" "$C" >/dev/null 2>&1 # makes the targets
		OCIRUN_TRACE=sys oci run --bundle "$B" "$C" 2>&1 | grep -c ' = '
	}
	none=$(calls 0) some=$(calls 256) many=$(calls 512)
	[ $((some - none)) -ge 1024 ] || fail "$none $some $many" # four calls of each
	[ $((many - some)) -le $((some - none + 8)) ] || fail "$none $some $many"
}

# --- root, masked and read-only paths ----------------------------------------------------------------------------------------------------------------

@test "a read-only root can't be written, what is mounted there can" {
	config '.root.readonly = true'
	mount_add '{destination: "/scratch", type: "tmpfs", source: "t"}'
	payload mounts access / access /scratch access /dev/null
	passes
	matches 'mount=/ .* ro,.*'
	line 'write=/ (EROFS)'
	line 'write=/scratch yes'
	line 'write=/dev/null yes'
	touch "$B/rootfs/the-host-can"
}

@test "a root is writable unless config.json says otherwise" {
	config 'del(.root.readonly)'
	payload write /new text
	passes
	equal "$(cat "$B/rootfs/new")" text
}

@test "a masked file reads as empty" {
	config '.linux.maskedPaths = ["/etc/passwd"]'
	payload access /etc/passwd
	passes
	line 'read=/etc/passwd empty'
	grep -q root "$B/rootfs/etc/passwd"
}

@test "a masked directory is empty and can't be written" {
	config '.linux.maskedPaths = ["/etc", "/home"]'
	payload access /etc access /home
	passes
	line 'read=/etc empty'
	line 'read=/home empty'
	matches 'write=/etc \(E(ROFS|ACCES|PERM)\)'
	[ -e "$B/rootfs/etc/passwd" ]
}

@test "masked paths of the default configuration show nothing" {
	payload access /proc/kcore access /proc/keys access /proc/timer_list list /sys/firmware
	passes
	no_match 'read=.* yes'
	no_match 'stat=/sys/firmware/.*'
}

@test "masked and read-only paths are found on what was mounted last at /sys and /proc" {
	need_root
	hold "mkdir -p $T/sys; mount -t tmpfs t $T/sys; mkdir $T/sys/secret $T/sys/fixed; touch $T/sys/secret/file"
	config '.mounts |= map(select(.destination != "/sys/fs/cgroup")) | .linux.maskedPaths = ["/sys/secret"] | .linux.readonlyPaths = ["/sys/fixed", "/proc/sys"]'
	mount_add '{destination: "/sys", type: "bind", source: ($T + "/sys"), options: ["bind"]}, {destination: "/proc", type: "proc", source: "p"}'
	payload list /sys/secret access /sys access /sys/fixed access /proc/sys/kernel/domainname
	passes
	no_match '.*/sys/secret/file.*'
	line 'write=/sys yes'
	line 'write=/sys/fixed (EROFS)'
	line 'write=/proc/sys/kernel/domainname (EROFS)'
	# Nor is it the one that a tmpfs has covered.
	mount_add '{destination: "/sys", type: "tmpfs", source: "t", options: ["ro"]}, {destination: "/sys/secret", type: "bind", source: ($T + "/sys/secret"), options: ["bind"]}'
	passes
	no_match '.*/sys/secret/file.*'
}

@test "a read-only path can't be written, nor what is below it" {
	config '.linux.readonlyPaths = ["/etc", "/home/user"]'
	payload access /etc access /etc/passwd access /home access /home/user
	passes
	line 'write=/etc (EROFS)'
	line 'write=/etc/passwd (EROFS)'
	line 'read=/etc/passwd yes'
	line 'write=/home/user (EROFS)'
	line 'write=/home yes'
}

@test "a read-only path keeps its mount's other flags" {
	mount_add '{destination: "/flags", type: "tmpfs", source: "t", options: ["nosuid", "nodev", "noexec"]}'
	config '.linux.readonlyPaths = ["/flags"]'
	payload mounts
	passes
	for flag in ro nosuid nodev noexec; do contains "$(options /flags)" ",$flag,"; done
}

@test "/proc/sys can't be written, the rest of /proc works" {
	payload access /proc/sys/kernel/domainname access /proc/sysrq-trigger file /proc/self/comm
	config '.process.capabilities |= map_values(. + ["CAP_SYS_ADMIN"])'
	passes
	line 'write=/proc/sys/kernel/domainname (EROFS)'
	[ ! -e /proc/sysrq-trigger ] || line 'write=/proc/sysrq-trigger (EROFS)'
	line 'file=payload'
}

@test "masked and read-only paths that do not exist are passed over" {
	config '.linux.maskedPaths = ["/no/such/path"] | .linux.readonlyPaths = ["/no/such/other"]'
	passes
	absent "$B/rootfs/no"
}

@test "masked and read-only paths stay inside the rootfs" {
	mkdir "$T/outside"
	touch "$T/outside/file"
	ln -s "../../../../../..$T/outside" "$B/rootfs/out"
	config '.linux.maskedPaths = ["/out"] | .linux.readonlyPaths = ["/out"]'
	payload say ready sleep 100
	running
	[ -e "$T/outside/file" ]
	touch "$T/outside/new"
}

@test "a relative masked or read-only path is an error that names it" {
	config '.linux.maskedPaths = ["etc"]'
	container
	assert_error 'linux.maskedPaths[0]' etc
	config '.linux.maskedPaths = [] | .linux.readonlyPaths = ["etc"]'
	container
	assert_error 'linux.readonlyPaths[0]' etc
}

@test "masks and read-only paths work in a user namespace" {
	user_namespace
	config '.linux.maskedPaths += ["/home", "/etc/group"] | .linux.readonlyPaths += ["/etc"]'
	payload access /home access /etc/passwd access /etc/group
	passes
	line 'read=/home empty'
	line 'read=/etc/group empty'
	line 'write=/etc/passwd (EROFS)'
}

# --- how the root is entered ----------------------------------------------------------------------------------------------------------------------------

@test "--no-pivot works too" {
	payload mounts list / cwd
	passes --no-pivot
	matches 'stat=//?etc d .*'
	line cwd=/
	matches 'mount=/proc proc .*'
}

# Where the host's were in reach, they would be the uncovered ones that the kernel asks for.
@test "no user namespace in the container gets a procfs without its masks, with --no-pivot either" {
	config '.linux.readonlyPaths = [] | .linux.maskedPaths = ["/proc/version"] | .process.capabilities |= map_values(. + ["CAP_SETFCAP", "CAP_SYS_ADMIN"])'
	for option in "" --no-pivot; do
		shell 'cd /tmp; busybox unshare -mrpf sh -c "echo inside; mount -t proc none /proc"; echo "status $?"'
		passes $option
		line inside
		line "status 1"
		contains "$err" "mount: permission denied"
	done
	config '.linux.maskedPaths = []'
	passes
	line "status 0"
	config '.linux.maskedPaths = ["/proc/version"]'
	user_namespace
	passes --no-pivot
	line inside
	line "status 1"
	hold "mkdir $T/other; mount -t proc other $T/other; mount --make-rshared /"
	config '.linux.maskedPaths = ["/proc/version"] | .linux.namespaces |= map(select(.type != "user")) | del(.linux.uidMappings, .linux.gidMappings) | .linux.rootfsPropagation = "rshared"'
	passes --no-pivot
	line "status 1"
	"${IN[@]}" grep -q " $T/other proc " /proc/mounts || fail "the host's is gone"
	"${IN[@]}" test -e /proc/self || fail "the host's is gone"
}

@test "a rootfs on a tmpfs" {
	hold "mkdir $T/other; mount -t tmpfs other $T/other; cp -a $B/rootfs $T/other/"
	config --arg path "$T/other/rootfs" '.root.path = $path'
	payload list /
	passes
	matches 'stat=//?etc d .*'
}
