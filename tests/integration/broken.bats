#!/usr/bin/env bats
# shellcheck shell=bats
# Bundles with a mistake: bundles/broken/NAME/expected is what the runtime says of it. And files that are hardly a config.json at all.
load helpers

@test "every bundle in bundles/broken gives its expected error and leaves nothing" {
	local failures=0 names=0
	for dir in "$repo"/bundles/broken/*/; do
		names=$((names + 1))
		try oci create --bundle "$dir" "$C"
		got=${err#"ocirun: create $C: config.json: "}
		if [ "$status" -ne 1 ] || [ "$got" != "$(cat "$dir/expected")" ]; then
			printf '%s: status %d\n  expected: %s\n  got:      %s\n' "$(basename "$dir")" "$status" "$(cat "$dir/expected")" "$err"
			failures=$((failures + 1))
		fi
		[ -z "$(ls -A "$ROOT")" ] || { echo "$dir: left in the root directory: $(ls -A "$ROOT")"; failures=$((failures + 1)); oci delete --force "$C"; }
	done
	[ $names -gt 0 ] || fail "no bundles"
	[ $failures -eq 0 ]
}

@test "every error in bundles/broken names its field" {
	for dir in "$repo"/bundles/broken/*/; do
		grep -qiE '[a-z]+(\[|\.|:| )' "$dir/expected" || fail "$dir: $(cat "$dir/expected")"
		! grep -qxE '(No such file or directory|Invalid argument|E[A-Z]+)' "$dir/expected" || fail "$dir: a bare errno"
	done
}

# what_remains TEXT...: create fails with these texts, and is no crash.
refused() {
	create
	[ "$status" -eq 1 ] || fail "expected exit status 1"
	contains "$err" config.json
	equal "$(ls -A "$ROOT")" ""
}

@test "a config.json that is cut off anywhere is an error, never a crash" {
	length=$(stat -c %s "$B/config.json")
	cp "$B/config.json" "$T/whole"
	for ((n = 0; n < length - 2; n += 61)); do
		head -c $n "$T/whole" >"$B/config.json"
		refused
	done
}

@test "trailing garbage, NUL bytes and invalid UTF-8 are errors" {
	cp "$B/config.json" "$T/whole"
	{ cat "$T/whole"; echo x; } >"$B/config.json"
	refused
	{ cat "$T/whole"; cat "$T/whole"; } >"$B/config.json"
	refused
	{ cat "$T/whole"; printf '\0'; } >"$B/config.json"
	refused
	sed 's/"box"/"b\xff\xfex"/' "$T/whole" >"$B/config.json"
	refused
	sed 's/"box"/"b\\u0000x"/' "$T/whole" >"$B/config.json"
	refused
}

@test "numbers that do not fit are errors that name the field" {
	cp "$B/config.json" "$T/whole"
	for number in 4294967296 18446744073709551616 99999999999999999999999999 -1 1e99 0.5; do
		sed "s/\"uid\": 0/\"uid\": $number/" "$T/whole" >"$B/config.json"
		refused
		contains "$err" process.user.uid
	done
}

@test "nesting without end is an error" {
	{ printf '{"ociVersion":"1.0.0","annotations":'; printf '[%.0s' {1..20000}; } >"$B/config.json"
	refused
	{ printf '{"ociVersion":"1.0.0","x":'; printf '{"a":%.0s' {1..20000}; } >"$B/config.json"
	refused
}

@test "a huge file is an error, soon" {
	truncate -s 100M "$B/config.json"
	before=$SECONDS
	refused
	[ $((SECONDS - before)) -lt 5 ]
}

@test "a config.json that is no regular file is an error, at once" {
	rm "$B/config.json"
	mkdir "$B/config.json"
	refused
	rmdir "$B/config.json"
	mkfifo "$B/config.json"
	refused
	rm "$B/config.json"
	ln -s /dev/zero "$B/config.json"
	refused
}

@test "a config.json that may not be read is an error that names it" {
	ln -sf "$T/no-such-file" "$B/config.json"
	refused
}

@test "an empty config.json is an error" {
	: >"$B/config.json"
	refused
}
