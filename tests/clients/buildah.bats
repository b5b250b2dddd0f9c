#!/usr/bin/env bats
# shellcheck shell=bats
# buildah, which calls the runtime itself.
load clients

setup_file() {
	containers_conf
	export BUILDAH_RUNTIME=$CLIENTS/bin/ocirun BUILDAH_ISOLATION=oci
	buildah pull "docker-archive:$CLIENTS/image.tar"
}

b() { limited buildah "$@"; }
from() { b from --cgroup-parent "/$CLIENTS_NAME" --name box --network none --pull-never "$@" localhost/box:latest >/dev/null; }
run() { b run "$@"; }

after_test() {
	b rm -a >/dev/null
	[ -z "$(ls /run/ocirun 2>/dev/null)" ] || { echo "# left: $(ls /run/ocirun)"; return 1; }
}

@test "buildah run: output, input, exit status" {
	from
	try run box -- sh -c 'echo out; exit 7'
	assert_exit 7
	equal "$out" out
	try run box -- cat <<<text
	equal "$out" text
}

@test "buildah run: what can't be executed" {
	from
	try run box -- no-such-program
	[ "$status" -ne 0 ] || fail
	contains "$err" "executable file not found"
}

@test "buildah run -t: a terminal" {
	from
	try on_terminal buildah run -t box -- sh -c "'tty; echo done'"
	assert_success
	contains "$out" /dev/pts/0 done
}

@test "buildah run: user, working directory, volume, hostname, namespaces of the host" {
	from
	echo volume >"$T/file"
	try run --user user --workingdir /home --hostname name -v "$T:/mnt:ro" box -- sh -c 'id -u; pwd; hostname; cat /mnt/file'
	assert_success
	equal "$out" "$(printf '%s\n' 1000 /home name volume)"
}

@test "buildah from --userns: ids of their own" {
	from --userns-uid-map 0:200000:65536 --userns-gid-map 0:200000:65536
	try run box -- cat /proc/self/uid_map
	assert_success
	matches ' *0 +200000 +65536'
}

@test "buildah config, copy, commit, and a container of that" {
	from
	echo copied >"$T/file"
	b copy box "$T/file" /copied >/dev/null
	run box -- sh -c 'echo run >/ran'
	b config --cmd 'cat /copied /ran' box
	try b commit box made
	assert_success
	b rm box >/dev/null
	b from --cgroup-parent "/$CLIENTS_NAME" --name box --network none --pull-never made >/dev/null
	try run box -- cat /copied /ran
	equal "$out" "$(printf 'copied\nrun')"
}

@test "buildah build" {
	printf 'FROM localhost/box\nRUN echo run >/ran\nRUN --mount=type=tmpfs,target=/t touch /t/x && ! test -e /t/y\n' >"$T/Containerfile"
	try b build --cgroup-parent "/$CLIENTS_NAME" --network none --pull-never -t built "$T"
	assert_success
}

@test "buildah: all it called the runtime with is known" {
	forms_are_known
}

@test "buildah: no cgroup of its containers is left" {
	left=$(find /sys/fs/cgroup -depth -type d -path "*/$CLIENTS_NAME/*" 2>/dev/null || true)
	equal "$left" ""
}
