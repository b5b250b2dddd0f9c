# shellcheck shell=bash
# What a host may do to the state of containers, for `run`: lose power, have a full disk, or one that can't be written. Each function gets a
# world's directory (make_world in `run`), prints what did not survive, and ends with the same line as a sweep.

points=0 survivors=0
step=${step:-1} # of the bytes at which a file is cut
# oci COMMAND...: its exit status in $code, what it said in $out and $err.
oci() {
	timeout --foreground -k 1 30 "$OCIRUN" --root "$at" "$@" >"$dir/out" 2>"$dir/err"
	code=$?
	out=$(<"$dir/out") err=$(<"$dir/err")
}

# point NAME CHECK...: count it; CHECK prints what is wrong.
point() {
	local wrong
	points=$((points + 1))
	wrong=$("${@:2}")
	if [[ $wrong ]]; then
		printf '# %s: %s\n' "$1" "$wrong"
	else
		survivors=$((survivors + 1))
	fi
}
count() { echo "$points points, $points tried, $survivors survived, 0 not reached"; [[ $points == "$survivors" ]]; }

# It succeeds, or its error begins like all and says something.
speaks() {
	[[ $code -ge 124 && $code != 255 ]] && echo "$1: exit status $code: $err"
	[[ $code == 0 || $err == "ocirun: $1 "*": "* ]] || echo "$1: exit status $code without an error: $err"
}

no_cgroup() { [[ -z $(find /sys/fs/cgroup -maxdepth 4 -type d -name "*$id*" -print -quit) ]] || echo "a cgroup is left"; }

# --- a host that lost power -------------------------------------------------------------------------------------------------------------

# The processes and cgroups are gone, their pids are others', and of the files some is there.
looks_and_clears() {
	oci state "$id"
	speaks state
	[[ $code != 0 || $out == *'"status": "stopped"'* ]] || echo "state: $out"
	oci list
	speaks list
	[[ $code == 0 ]] || echo "list fails: $err"
	oci delete --force "$id"
	[[ $code == 0 ]] || echo "delete --force: $err"
	[[ ! -e $at/$id ]] || echo "left: $(ls -A "$at/$id")"
	kill -0 "$stranger" 2>/dev/null || echo "a stranger was killed"
	no_cgroup
}

restore() {
	rm -rf "${at:?}/$id"
	cp -a "$dir/saved" "$at/$id"
}

# damage COMMAND...: what is left of the directory, and what is said of it.
damaged() {
	restore
	"$@"
	looks_and_clears
}

cut_at() { truncate -s "$2" "$at/$id/$1"; }
zeros_from() {
	local size
	size=$(stat -c %s "$at/$id/$1")
	truncate -s "$2" "$at/$id/$1"
	truncate -s "$size" "$at/$id/$1"
}
without() { rm -rf "${@/#/$at/$id/}"; }
directory_for() { rm -f "$at/$id/$1" && mkdir "$at/$id/$1"; }
text_for() { printf '%s' "$2" >"$at/$id/$1"; }

power() {
	local size i id=crash-power-$$ stranger name names
	dir=$1 at=$1/root
	sleep 1000 & stranger=$!
	sed -i "s/@ID@/$id/g" "$dir"/bundle/config.json
	oci create --bundle "$dir/bundle" "$id"
	[[ $code == 0 ]] || { echo "create: $err"; return 1; }
	cp -a "$at/$id" "$dir/saved"
	oci delete --force "$id"
	jq -c --argjson pid "$stranger" '(.init.pid, .creator.pid) |= $pid' "$dir/saved/state.json" >"$dir/saved/new" &&
		mv "$dir/saved/new" "$dir/saved/state.json"
	for file in state.json config.json; do
		size=$(stat -c %s "$dir/saved/$file")
		for ((i = 0; i < size; i += step)); do
			point "power $file cut at $i" damaged cut_at "$file" "$i"
			[[ $file == config.json ]] || point "power $file zeros from $i" damaged zeros_from "$file" "$i"
		done
	done
	names=("state.json" "config.json" "start")
	for ((i = 1; i < 8; i++)); do
		name=()
		for ((bit = 0; bit < 3; bit++)); do (((i >> bit) & 1)) && name+=("${names[bit]}"); done
		point "power without ${name[*]}" damaged without "${name[@]}"
	done
	for name in "${names[@]}"; do point "power a directory for $name" damaged directory_for "$name"; done
	for name in '{}' '[]' 'null' '""' '{"id":3}' '{"complete":true}' '{"complete":true,"init":{"pid":-1}}' '{"complete":true,"init":{"pid":1}}' \
		"{\"complete\":true,\"init\":{\"pid\":$stranger}}" "{\"creator\":{\"pid\":$stranger},\"init\":{\"pid\":$stranger}}" \
		'{"complete":true,"cgroups":[{"path":"/sys/fs/cgroup","top":"/sys/fs/cgroup"}]}' '{"complete":true,"cgroups":[{"path":"/","top":"/"}]}'; do
		point "power state.json is $name" damaged text_for state.json "$name"
	done
	kill "$stranger" && wait "$stranger" 2>/dev/null
	count
}

# --- a disk that is full, or read-only ----------------------------------------------------------------------------------------------------

nothing_left() {
	[[ -z $(find "$at" -mindepth 1 -maxdepth 1 ! -name .seccomp@) ]] || echo "left: $(ls -A "$at")"
	no_cgroup
}

# Whatever is said, a container that is there works, and one that is not has left nothing.
makes() {
	oci create --bundle "$dir/bundle" --pid-file "$pid_file" "$id"
	speaks create
	if [[ $code == 0 ]]; then
		oci start "$id"
		[[ $code == 0 ]] || echo "start: $err"
	else
		[[ $err == *ENOSPC* || $err == *EROFS* ]] || echo "create does not say why: $err"
		[[ ! -s $pid_file ]] || echo "a pid file is left"
		nothing_left
	fi
	oci delete --force "$id"
	[[ $code == 0 ]] || echo "delete --force: $err"
	nothing_left
	rm -f "$pid_file"
}

# A disk of $1 pages and $2 files, at $3.
small_disk() { mount -t tmpfs -o "size=$(($1 * 4))k,nr_inodes=$2,mode=755" small "$3"; }

full_root() {
	small_disk "$1" "$2" "$at"
	makes
	umount "$at"
}

full_bundle() {
	small_disk "$1" "$2" "$dir/small"
	pid_file=$dir/small/pid
	makes
	umount "$dir/small"
}

# Everything that is done to a container that is there, on a disk on which nothing more can be written.
works_when() {
	local command
	oci create --bundle "$dir/bundle" "$id"
	[[ $code == 0 ]] || echo "create: $err"
	"$@"
	for command in start state pause state resume update exec kill; do
		case $command in
		update) oci update --pids-limit 50 "$id" ;;
		exec) oci exec "$id" /bin/payload true ;;
		kill) oci kill "$id" KILL ;;
		*) oci "$command" "$id" ;;
		esac
		[[ $code == 0 ]] || echo "$command: $err"
	done
	oci delete --force "$id"
}

fill() { dd if=/dev/zero of="$at/fill" bs=4096 status=none 2>/dev/null; }
full_meanwhile() {
	small_disk 16 32 "$at"
	works_when fill
	[[ $code == 0 ]] || echo "delete: $err"
	rm -f "$at/fill"
	nothing_left
	umount "$at"
}

read_only_meanwhile() {
	small_disk 16 32 "$at"
	works_when mount -o remount,ro "$at"
	[[ $code == 1 && $err == *EROFS* ]] || echo "delete of what can't be written: exit status $code: $err"
	mount -o remount,rw "$at"
	oci delete --force "$id"
	[[ $code == 0 ]] || echo "delete --force: $err"
	nothing_left
	umount "$at"
}

read_only_root() {
	small_disk 16 32 "$at"
	mount -o remount,ro "$at"
	makes
	umount "$at"
}

disk() {
	local id=crash-disk-$$ pages files
	dir=$1 at=$1/root pid_file=$1/pid
	mkdir "$dir/small"
	sed -i "s/@ID@/$id/g" "$dir"/bundle/config.json
	for ((pages = 1; pages < 8; pages++)); do
		for ((files = 1; files < 8; files++)); do
			point "disk root of $pages pages and $files files" full_root "$pages" "$files"
		done
	done
	for ((files = 1; files < 4; files++)); do point "disk for the pid file of $files files" full_bundle 1 "$files"; done
	point "disk full meanwhile" full_meanwhile
	point "disk read-only meanwhile" read_only_meanwhile
	point "disk read-only" read_only_root
	count
}
