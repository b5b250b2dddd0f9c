# shellcheck shell=bash
# What the tests of container engines share, beside what integration tests have. tests/clients/run says what they find around them.
load ../integration/helpers

# Cgroups of its own for each file: what an engine leaves in its parent is in nobody's way then.
CLIENTS_NAME=${CLIENTS-} CLIENTS_NAME=${CLIENTS_NAME##*/}
CLIENTS_NAME=${CLIENTS_NAME/./-}-$(basename "$BATS_TEST_FILENAME" .bats)

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

setup() {
	[ "${CLIENTS-}" ] || { echo "run these by tests/clients/run"; return 1; }
	exec </dev/null
	T=$CLIENTS/test-$BATS_TEST_NUMBER
	mkdir -p "$T"
	chmod 755 "$T"
	cd "$T" || return
}

teardown() {
	cd /
	after_test
	rm -rf --one-file-system "$T"
}

# For a file to override: remove what its tests may have left, and expect that it is gone.
after_test() { :; }

# The commands of the runtime that engines call for what a test is about.
needs() {
	local command help
	help=$("$CLIENT_RUNTIME" --help 2>&1)
	for command; do
		grep -qE "^ +$command( |,|$)" <<<"$help" || skip "${CLIENT_RUNTIME##*/} has no $command"
	done
}

has_controller() { [ -d "/sys/fs/cgroup/$1" ] || grep -qsw "$1" /sys/fs/cgroup/cgroup.controllers; }
need_controller() { has_controller "$1" || skip "this host's cgroups have no $1 controller"; }

# What podman and buildah read: beside `make install-podman`, what this process may have, as it may lack the privilege to raise limits.
containers_conf() {
	make -s -C "$here/../.." install-podman PREFIX="$CLIENTS"
	cat >/etc/containers/containers.conf.d/test.conf <<-EOF
		[containers]
		cgroupns = "private"
		default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
		netns = "none"
		log_driver = "k8s-file"
		$(has_controller pids || echo 'pids_limit = 0')
		[engine]
		cgroup_manager = "cgroupfs"
		events_logger = "file"
		lock_type = "file"
		runtime = "ocirun"
		stop_timeout = 2
	EOF
}

# limited COMMAND...: not for ever.
limited() { timeout --foreground -k 2 60 "$@" 3>&-; }

# on_terminal COMMAND: with a terminal on which nobody types, and that does not end before the command does.
on_terminal() { limited script -qec "$*" /dev/null < <(sleep 5); }

until_says() {
	local text=$1
	shift
	says() { grep -qF -- "$text" <<<"$("$@" 2>&1)"; }
	until_true says "$@" || fail "never said: $text" "but: $("$@" 2>&1)"
}

# --- what the runtime was called with ------------------------------------------------------------------------------------------------

# The calls noted so far as forms: paths, ids and numbers by placeholders, and of the environment what a runtime reads.
calls_as_forms() {
	awk -F'|' '
	{
		n = split($1, word, "\037") - 1
		form = ""
		for (i = 1; i <= n; i++) {
			w = word[i]
			if (w ~ /^-[^=]*=\//) sub(/=.*/, "=PATH", w)
			else if (w ~ /^\//) w = "PATH"
			else if ((length(w) == 64 && w ~ /^[0-9a-f]*$/) || w ~ /^box/ || w ~ /^n[12]\.(root|box)\./ || w ~ /^buildah-/) w = "ID"
			else if (w ~ /^[0-9]+$/) w = "N"
			form = form (i > 1 ? " " : "") w
		}
		keys = ""
		m = split($NF, key, " ")
		for (i = 1; i <= m; i++)
			if (key[i] ~ /^(PATH|HOME|XDG_RUNTIME_DIR|NOTIFY_SOCKET|LISTEN_[A-Z]*|DBUS_SESSION_BUS_ADDRESS|_OCI_[A-Z]*|_CONTAINERS_[A-Z_]*)$/)
				keys = keys " " key[i]
		print form "\t" substr(keys, 2)
	}' "$CLIENTS/calls" | sort -u
}

# Each has a test in tests/integration/callers.bats, which reads the same file.
forms_are_known() {
	local new
	new=$(comm -13 <(grep -v '^#' "$here/forms" | cut -f1 | sort -u) <(calls_as_forms | cut -f1 | sort -u))
	[ -z "$new" ] || fail "calls that tests/clients/forms has not:" "$new"
	: >"$CLIENTS/calls"
}
