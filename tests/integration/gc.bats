#!/usr/bin/env bats
# shellcheck shell=bats
# gc: what killed commands have left goes, and nothing that is anybody's.
load helpers

# Something that is old enough not to be in the making.
age() { touch -h -d '1 minute ago' "$@"; }
kinds() { jq -r '[.[].path] | sort | join(" ")' <<<"$out"; }

# A create that was killed in its hook; what it made is there, its init has ended.
killed_create() {
	create_in_hook 0
	pid=$(jq .init.pid "$ROOT/$C/state.json")
	kill -KILL "$(jq .creator.pid "$ROOT/$C/state.json")"
	wait "$creator" || true
	until_true is_gone "$pid"
	touch "$T/go"
}
@test "gc with nothing to do prints nothing, or an empty array, and makes no root directory" {
	for root in "$ROOT" "$T/nowhere"; do
		try "$OCIRUN" --root "$root" gc
		assert_success
		equal "$out$err" ""
		try "$OCIRUN" --root "$root" gc --yes --format json
		assert_success
		equal "$out$err" "[]"
	done
	absent "$T/nowhere"
}

@test "gc shows a create that was killed, and removes it only with --yes" {
	killed_create
	state_is stopped
	cgroup=$(cgroups_of "$C" | head -n 1)
	try oci gc
	assert_success
	matches "would remove $ROOT/$C: it was never complete, and its creator, process [0-9]+, has ended"
	[ -z "$cgroup" ] || line $'\t'"with cgroup $cgroup"
	try oci gc -f json
	assert_success
	jq -e --arg id "$C" --arg path "$ROOT/$C" --arg cgroup "cgroup $cgroup" 'length == 1 and
		(.[0] | .id == $id and .path == $path and .removed == false and (.error == null)
			and ($cgroup == "cgroup " or (.with | index($cgroup))))' <<<"$out"
	state_is stopped
	try oci gc --yes
	assert_success
	matches "removed $ROOT/$C: .*"
	absent "$ROOT/$C"
	no_cgroups
	try oci gc
	equal "$out$err" ""
}

@test "gc cleans up after creates that were killed at any moment, and keeps those that had succeeded" {
	payload sleep 100
	made=0 cut=0
	# However long a whole one takes here: kill in steps of a twentieth of it.
	begin=${EPOCHREALTIME/./}
	create
	assert_success
	whole=$((${EPOCHREALTIME/./} - begin))
	oci delete --force "$C"
	for i in {1..25}; do
		after=$((whole * i / 20))
		{ timeout -s KILL "$(printf '%d.%06d' $((after / 1000000)) $((after % 1000000)))" "$OCIRUN" --root "$ROOT" create --bundle "$B" "$C" >/dev/null 3>&-; } 2>/dev/null || true
		[ ! -d "$ROOT/$C" ] || [ -e "$ROOT/$C/state.json" ] || age "$ROOT/$C"
		if [ "$(jq .complete "$ROOT/$C/state.json" 2>/dev/null)" = true ]; then
			made=$((made + 1))
			try oci gc --yes
			assert_success
			# An init whose create was killed before it could say "recorded" has ended.
			[[ $(status_of) =~ ^(created|stopped)$ ]]
			oci delete --force "$C"
			continue
		fi
		[ ! -d "$ROOT/$C" ] || cut=$((cut + 1))
		# Its init ends by itself, soon.
		collected() { oci gc --yes >"$T/out" 2>"$T/err" && [ ! -e "$ROOT/$C" ]; }
		until_true collected || fail "still there: $(find "$ROOT/$C") $(cat "$T/out" "$T/err")"
		until_true no_cgroups
	done
	echo "# made $made, cut short $cut"
	[ $cut -gt 0 ]
}

@test "gc leaves containers in every state, whoever their owner is" {
	payload sleep 100
	create "$C-created"
	running "$C-running"
	running "$C-paused"
	oci pause "$C-paused"
	running "$C-stopped"
	oci kill "$C-stopped" KILL
	until_state stopped "$C-stopped"
	age "$ROOT/$C-"*
	before=$(oci list)
	try oci gc --yes
	assert_success
	equal "$out$err" ""
	equal "$(oci list)" "$before"
	oci resume "$C-paused"
	for state in created running paused stopped; do oci delete --force "$C-$state"; done
}

@test "gc leaves a create that is at work" {
	create_in_hook 0
	age "$ROOT/$C"
	try oci gc --yes
	assert_success
	equal "$out$err" ""
	touch "$T/go"
	wait "$creator"
	state_is created
}

@test "gc leaves a directory that is claimed: as long as it is young or locked" {
	mkdir -m 700 "$ROOT/$C"
	try oci gc --yes
	equal "$out$err" ""
	[ -d "$ROOT/$C" ]
	age "$ROOT/$C"
	exec 8<"$ROOT/$C"
	flock 8
	try oci gc --yes
	equal "$out$err" ""
	[ -d "$ROOT/$C" ]
	exec 8<&-
	try oci gc
	line "would remove $ROOT/$C: it has no record, and nobody works on it"
	try oci gc --yes
	assert_success
	absent "$ROOT/$C"
}

@test "gc removes half-written files, not those that may be in the making" {
	payload sleep 100
	running
	echo '{' >"$ROOT/$C/state.json.tmp"
	mkdir -pm 700 "$ROOT/.seccomp@"
	touch "$ROOT/.seccomp@/"{0123456789abcdef,0000000000000000.tmp,1111111111111111.tmp}
	age "$ROOT/.seccomp@/"{0123456789abcdef,0000000000000000.tmp}
	exec 8<"$ROOT/$C"
	flock 8
	try oci gc -f json
	equal "$(kinds)" "$ROOT/.seccomp@/0000000000000000.tmp"
	exec 8<&-
	try oci gc -f json
	equal "$(kinds)" "$ROOT/.seccomp@/0000000000000000.tmp $ROOT/$C/state.json.tmp"
	try oci gc --yes
	assert_success
	equal "$(cd "$ROOT/.seccomp@" && echo *)" "0123456789abcdef 1111111111111111.tmp"
	absent "$ROOT/$C/state.json.tmp"
	state_is running
}

@test "gc leaves what is not the program's" {
	mkdir -p "$ROOT/a b/c" "$T/elsewhere"
	touch "$ROOT/file.tmp" "$T/elsewhere/file.tmp"
	ln -s "$T/elsewhere" "$ROOT/link"
	ln -s "$T/elsewhere" "$ROOT/.seccomp@"
	age "$ROOT/"* "$T/elsewhere/"*
	try oci gc --yes
	assert_success
	equal "$out$err" ""
	[ -e "$T/elsewhere/file.tmp" ]
	rm -r "${ROOT:?}/"{'a b',file.tmp,link,.seccomp@}
}

@test "gc leaves a container whose record is damaged, and says how to end it" {
	payload sleep 100
	running
	pid=$(pid_of)
	cp "$ROOT/$C/state.json" "$T/state.json"
	for damaged in '{' "$(jq '.cgroups = [{path: "/sys/fs/cgroup/"}]' "$T/state.json")"; do
		echo "$damaged" >"$ROOT/$C/state.json"
		age "$ROOT/$C"
		try oci gc --yes
		assert_success
		equal "$out" ""
		contains "$err" "warning: $ROOT/$C stays" "damaged" "ocirun delete --force $C"
	done
	cp "$T/state.json" "$ROOT/$C/state.json"
	state_is running
	equal "$(pid_of)" "$pid"
}

@test "gc kills nobody: a half-made container with processes in its cgroup stays, and it says so" {
	payload sleep 100
	running
	[ -n "$(cgroups_of "$C")" ] || skip "no cgroup"
	# As after a restore that was killed: nobody is recorded, yet they are there.
	pid=$(pid_of)
	jq -c '.complete = false | del(.init) | .creator.pid = 2147483647' "$ROOT/$C/state.json" >"$T/record"
	cp "$ROOT/$C/state.json" "$T/state.json"
	cat "$T/record" >"$ROOT/$C/state.json"
	try oci gc --yes
	assert_success
	equal "$out" ""
	contains "$err" "$ROOT/$C stays" "processes live in its cgroup" "ocirun delete --force $C"
	! is_gone "$pid" || fail "killed"
	cat "$T/state.json" >"$ROOT/$C/state.json"
	state_is running
}

@test "gc fails when something can't be removed, says what and why, and removes the rest" {
	mkdir -p "$ROOT/$C-1/deep/deeper" "$ROOT/$C-2"
	touch "$ROOT/$C-1/deep/deeper/file"
	age "$ROOT/$C-1" "$ROOT/$C-2"
	try oci gc --yes
	assert_error "warning: remove the state directory of $C-1" "gc: 1 of 2 could not be removed"
	matches "could not remove $ROOT/$C-1: .*"
	matches "removed $ROOT/$C-2: .*"
	absent "$ROOT/$C-2"
	age "$ROOT/$C-1"
	try oci gc --yes --format json
	assert_error "gc: 1 of 1 could not be removed"
	equal "$(jq -r '.[0] | "\(.removed) \(.error)"' <<<"$out" | cut -d: -f1)" "false remove the state directory of $C-1"
	rm -r "$ROOT/$C-1"
}

@test "two gc at once remove a thing once" {
	for i in {1..20}; do mkdir "$ROOT/$C-$i"; done
	age "$ROOT/$C-"*
	oci gc --yes >"$T/one" 2>&1 & one=$!
	oci gc --yes >"$T/two" 2>&1 & two=$!
	wait $one
	wait $two
	equal "$(cat "$T/one" "$T/two" | grep -c ^removed)" 20
	equal "$(cat "$T/one" "$T/two" | grep -cv ^removed)" 0
}
