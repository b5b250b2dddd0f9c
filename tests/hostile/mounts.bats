#!/usr/bin/env bats
# shellcheck shell=bats
# Images and volumes that lie, and change while we look: no mount, file, directory or device may come to be outside the rootfs.
load helpers

@test "CVE-2021-30465, CVE-2024-45310: a volume's directory that becomes a link and back: mounts of all kinds, devices, masks and cwd stay inside" {
	outside
	mkdir -p "$T/volume/dir/target"
	ln -s "../../../../../../../../../..$T/outside" "$T/volume/link"
	touch "$T/source"
	config --arg v "$T/volume" --arg s "$T/source" '.mounts += [{destination: "/v", type: "bind", source: $v, options: ["rbind"]},
			{destination: "/v/dir/target", type: "tmpfs", source: "t"}, {destination: "/v/dir/new/deep", type: "tmpfs", source: "t"},
			{destination: "/v/dir/file-\(now)", type: "bind", source: $s, options: ["bind"]}, {destination: "/v/dir/sys", type: "sysfs", source: "s", options: ["ro"]},
			{destination: "/v/dir/cgroup", type: "cgroup", source: "c", options: ["ro"]}, {destination: "/v/dir/up", type: "tmpfs", source: "t", options: ["tmpcopyup"]}]
		| .linux.devices = [{path: "/v/dir/null", type: "c", major: 1, minor: 3, uid: 5}, {path: "/v/dir/made/pipe", type: "p"}]
		| .linux.maskedPaths += ["/v/dir/target"] | .linux.readonlyPaths += ["/v/dir/file"] | .process.cwd = "/v/dir/work"'
	swap "$T/volume" dir link
	assault
	[ $((ran + refused)) -gt 3 ] || fail "ran $ran, refused $refused"
}

@test "the same in a user namespace, where devices are bound" {
	outside
	mkdir -p "$T/volume/dir/target"
	ln -s "../../../../../../../../../..$T/outside" "$T/volume/link"
	touch "$T/source"
	config --arg v "$T/volume" --arg s "$T/source" '.mounts += [{destination: "/v", type: "bind", source: $v, options: ["rbind"]},
			{destination: "/v/dir/target", type: "tmpfs", source: "t"}, {destination: "/v/dir/file", type: "bind", source: $s, options: ["bind", "idmap"]}]
		| .mounts |= map(select(.destination | startswith("/dev") | not)) | .mounts += [{destination: "/dev", type: "bind", source: ($v + "/../dev"), options: ["bind"]},
			{destination: "/dev", type: "tmpfs", source: "t"}] | .linux.devices = [{path: "/v/dir/null", type: "c", major: 1, minor: 3}]'
	mkdir "$T/dev"
	user_namespace
	chown -R 100000:100000 "$T/volume"
	swap "$T/volume" dir link
	assault
	equal "$(ls -A "$T/dev")" ""
}

@test "an image's /dev that becomes a link and back: devices, links and console stay inside" {
	outside
	mkdir -p "$B/rootfs/"{dev,other}
	ln -s "../../../../../../../../../..$T/outside" "$B/rootfs/link"
	rmdir "$B/rootfs/other"
	config '.mounts |= map(select(.destination | startswith("/dev") | not)) | .linux.devices = [{path: "/dev/mine", type: "c", major: 1, minor: 3, uid: 7}]'
	swap "$B/rootfs" dev link
	assault
	[ $ran -gt 0 ] || fail "never ran: $err"
}

# Neither by its name nor by the other can anything be read or written that is masked or read-only.
masked() {
	! grep -qE '^read=/link/(self|kernel) [^(]' <<<"$out" || exchanged=$((exchanged + 1))
	! grep -qE '^(write=.* yes|read=.*/(self|kernel) yes)$' <<<"$out"
}

@test "CVE-2023-28642: an image's /proc and /sys that become links and back keep their masks and read-only paths" {
	outside
	config '.linux.maskedPaths = ["/proc/self", "/sys/kernel"] | .linux.readonlyPaths = ["/proc/sys"]'
	for name in proc sys; do
		# What is called so and what is called "link" after the exchange: one of them is the mount.
		ln -sfn "../../../../../../../../../..$T/outside/target" "$B/rootfs/link"
		payload access /$name/sys/kernel/domainname access /link/sys/kernel/domainname access /$name/self access /link/self access /$name/kernel access /link/kernel
		swap "$B/rootfs" $name link
		exchanged=0
		assault masked
		# (A slow build, on a busy machine, has too few to be hit.)
		[ $exchanged -gt 0 ] || [ $ran -lt 40 ] || fail "/$name: never exchanged in $ran runs"
		rm -rf "$B/rootfs/"{$name,link}
		mkdir "$B/rootfs/$name"
	done
	outside_untouched
}

@test "links at every place of a destination, of every kind, make nothing outside" {
	outside
	up=../../../../../../../../../..
	touch "$T/source"
	n=0
	for target in "$T/outside" "$up$T/outside" "$T/outside/missing" "$up$T/outside/missing" "/proc/self/root$T/outside" "/proc/1/root$T/outside" /proc/self/cwd; do
		n=$((n + 1))
		ln -s "$target" "$B/rootfs/link$n"
		mkdir -p "$B/rootfs/deep$n/er"
		ln -s "$target" "$B/rootfs/deep$n/er/link"
		for at in "/link$n" "/link$n/dir" "/link$n/new/dir" "/deep$n/er/link" "/deep$n/er/link/../new" "/deep$n/er/link/x/../../new"; do
			for mount in '{type: "tmpfs", source: "t"}' '{type: "bind", source: $s, options: ["bind"]}' '{type: "cgroup", source: "c", options: ["ro"]}'; do
				base_config >"$B/config.json"
				config --arg s "$T/source" --arg at "$at" ".mounts += [$mount + {destination: \$at}]"
				container
				[ "$(outside_now)" = "$before" ] || fail "$target $at $mount"
			done
		done
	done
	outside_untouched
}

@test "devices at links make nothing outside" {
	outside
	ln -s "$T/outside" "$B/rootfs/absolute"
	ln -s "../../../../../../../../../..$T/outside" "$B/rootfs/relative"
	ln -s "$T/outside/new" "$B/rootfs/dangling"
	for path in /absolute/dev /relative/dev /dangling /dangling/dev /relative/file; do
		config --arg p "$path" '.linux.devices = [{path: $p, type: "c", major: 1, minor: 3, uid: 9}]'
		container
		outside_untouched
	done
}

@test "a /dev of the image with links for names gets no device through them" {
	outside
	config '.mounts |= map(select(.destination | startswith("/dev") | not))'
	for name in null zero tty fd stdin ptmx core; do ln -s "../../../../../../../../../..$T/outside/$name" "$B/rootfs/dev/$name"; done
	container
	outside_untouched
	rm "$B/rootfs/dev/"*
	ln -s "$T/outside/file" "$B/rootfs/dev/null"
	container
	assert_error '/dev/null is there already and is another file'
	outside_untouched
}
