#!/usr/bin/env bats
# shellcheck shell=bats
# What a container costs where that does not depend on the machine's mood: the ceilings are in tests/bench/ceilings.
load helpers

timer=$(dirname "$PAYLOAD")/bench/timer
ceiling() { sed -n "s/^$1 //p" "$repo/tests/bench/ceilings"; }

# least NAME: the least of what the timer has counted.
least() { jq -s "[.[].cases[0].$1] | min" "$T/counted"; }

@test "system calls and memory of run stay below their ceilings" {
	need_root
	need_static
	# An older kernel lacks calls that do the work of several.
	need_kernel 6.15 "a run within the ceilings"
	[ -x "$timer" ] || fail "no $timer (make check-integration builds it)"
	pure_v2
	mkdir -p "$T/plain/rootfs"
	cp "$(dirname "$timer")/true" "$T/plain/rootfs/true"
	"$OCIRUN" spec --bundle "$T/plain"
	jq '.process.terminal = false | .process.args = ["/true"]' "$T/plain/config.json" >"$T/edited"
	mv "$T/edited" "$T/plain/config.json"
	# Once more when a call was interrupted, or a page read in.
	for attempt in 1 2 3; do
		"${IN[@]}" "$timer" -n 1 -o "$T/counted" -- ocirun "$OCIRUN" --root "$ROOT" run --bundle "$T/plain" "$C" 3>&- >"$T/table" || fail "$(cat "$T/table")"
		[ "$(least syscalls)" -gt 100 ] && [ "$(least memory_kb)" -gt 300 ] || fail "not counted: $(cat "$T/counted")"
		[ "$(least syscalls)" -le "$(ceiling syscalls)" ] && [ "$(least memory_kb)" -le "$(ceiling memory_kb)" ] && return
	done
	fail "$(least syscalls) system calls, at most $(ceiling syscalls); $(least memory_kb) kB, at most $(ceiling memory_kb)"
}

@test "the program's size stays below its ceiling" {
	need_static
	local most
	most=$(ceiling bytes)
	[ "$(getconf GNU_LIBC_VERSION)" = "glibc 2.36" ] || most=$((most * 11 / 10))
	[ "$(stat -L -c %s "$OCIRUN")" -le "$most" ] || fail "$(stat -L -c %s "$OCIRUN") bytes, at most $most"
}
