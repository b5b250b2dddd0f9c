#!/usr/bin/env bats
# shellcheck shell=bats
# `features`, the same everywhere and as the specification has it; `features --host`, what this kernel allows this user.
load helpers

host_features() {
	try "$@" "$OCIRUN" features --host
	assert_success
	equal "$err" ""
}
feature() { jq -e --arg name "$1" ".features[\$name] | ${2:-.available}" <<<"$out"; }
available() { feature "$1" >/dev/null || fail "should be available: $1"; }
unavailable() { feature "$1" '(.available | not) and (.reason | length > 0)' >/dev/null || fail "should not be available: $1"; }
plain_user() { setpriv --reuid 1000 --regid 1000 --clear-groups --inh-caps=-all "$@"; }

# --- the specification's document --------------------------------------------------------------------------------------------------------

# The rules of the specification's features-schema.json, features-linux.json and what they refer to.
schema() {
	cat <<-'JQ'
		def strings: type == "array" and all(type == "string");
		def words($pattern): strings and all(test("^(\($pattern))$")) and (unique | length) == length;
		def object($known): type == "object" and (keys - ($known | split(" ")) == []);
		def flag: type == "boolean";
		def switch: object("enabled") and (.enabled | flag);
		object("ociVersionMin ociVersionMax hooks mountOptions annotations potentiallyUnsafeConfigAnnotations linux")
		and (.ociVersionMin | type == "string") and (.ociVersionMax | type == "string")
		and (.hooks | words("prestart|createRuntime|createContainer|startContainer|poststart|poststop"))
		and (.mountOptions | words("[a-z_-]+"))
		and (.annotations | type == "object" and all(type == "string") and all(keys[]; length > 0))
		and (.potentiallyUnsafeConfigAnnotations | strings)
		and (.linux | object("namespaces capabilities cgroup seccomp apparmor selinux intelRdt memoryPolicy mountExtensions netDevices")
			and (.namespaces | words("mount|pid|network|uts|ipc|user|cgroup|time"))
			and (.capabilities | words("CAP_[A-Z_]+"))
			and (.cgroup | object("v1 v2 systemd systemdUser rdma") and all(flag))
			and (.seccomp | object("enabled actions operators archs knownFlags supportedFlags")
				and (.enabled | flag)
				and (.actions | words("SCMP_ACT_(KILL|KILL_PROCESS|KILL_THREAD|TRAP|ERRNO|TRACE|ALLOW|LOG|NOTIFY)"))
				and (.operators | words("SCMP_CMP_(NE|LT|LE|EQ|GE|GT|MASKED_EQ)"))
				and (.archs | words("SCMP_ARCH_[A-Z0-9_]+"))
				and (.knownFlags | words("SECCOMP_FILTER_FLAG_(TSYNC|LOG|SPEC_ALLOW|WAIT_KILLABLE_RECV)"))
				and (.supportedFlags - .knownFlags == []))
			and (.apparmor | switch) and (.selinux | switch) and (.netDevices | switch)
			and (.intelRdt | object("enabled schemata monitoring") and all(flag))
			and (.memoryPolicy | object("modes flags") and (.modes | words("MPOL_[A-Z_]+")) and (.flags | words("MPOL_F_[A-Z_]+")))
			and (.mountExtensions | object("idmap") and (.idmap | switch)))
	JQ
}

@test "features keeps to the specification's schema" {
	try "$OCIRUN" features
	assert_success
	jq -e "$(schema)" <<<"$out" >/dev/null || fail "not as the schema has it"
	# The rules can fail.
	for wrong in '.hooks += ["prestop"]' '.linux.cgroup.v1 = "yes"' 'del(.ociVersionMin)' '.linux.new = {}' '.linux.seccomp.actions += ["SCMP_ACT_X"]'; do
		! jq -e "$wrong | $(schema)" <<<"$out" >/dev/null || fail "accepted: $wrong"
	done
}

@test "features is the same for whom and where it may be asked" {
	first=$("$OCIRUN" features)
	equal "$(plain_user "$OCIRUN" features)" "$first"
	equal "$(unshare -U -r -m -n -p -f env -i "$OCIRUN" features)" "$first"
}

# --- the host's --------------------------------------------------------------------------------------------------------------------------

@test "features --host says of each feature whether it is there, and if not, why" {
	host_features
	equal "$(jq -r 'keys_unsorted | join(" ")' <<<"$out")" "kernel uid initialUserNamespace features"
	equal "$(jq -r .kernel <<<"$out")" "$(uname -r)"
	equal "$(jq -r .uid <<<"$out")" "$(id -u)"
	jq -e '.features | all(.[]; (.available | type == "boolean") and (.available == (has("reason") | not))
		and ((.reason // "x") | test("^[^ ].*[^ ]$|^x$")) and (keys - ["available", "reason", "note", "values", "number"] == []))' <<<"$out" >/dev/null || fail
	jq -e '.features | length > 30 and all(["mount", "pid", "network", "uts", "ipc", "user", "cgroup", "time"][]; . as $n | $f["namespaces." + $n] != null)' \
		--argjson f "$(jq .features <<<"$out")" <<<"$out" >/dev/null || fail "a namespace is missing"
}

@test "features --host agrees with what else shows it" {
	host_features
	for pair in mount:-m pid:-p network:-n uts:-u ipc:-i user:-U cgroup:-C time:-T; do
		if unshare "${pair#*:}" true 2>/dev/null; then available "namespaces.${pair%:*}"; else unavailable "namespaces.${pair%:*}"; fi
	done
	if grep -q ' - resctrl ' /proc/self/mountinfo; then available intelRdt; else unavailable intelRdt; fi
	if grep -qs Y /sys/module/apparmor/parameters/enabled; then available apparmor; else unavailable apparmor; fi
	if [ -e /sys/fs/selinux/enforce ]; then available selinux; else unavailable selinux; fi
	if (ulimit -He 0 && ulimit -He 1) 2>/dev/null; then available rlimits.raise; else unavailable rlimits.raise; fi
	if (echo -1000 >/proc/$BASHPID/oom_score_adj) 2>/dev/null; then available oomScoreAdj.lower; else unavailable oomScoreAdj.lower; fi
	equal "$(feature cgroup .note | tr -d '"')" "$(cgroup_mode)"
	equal "$(feature user.maximum .number)" "$(cat /proc/sys/user/max_user_namespaces)"
	for action in $(feature seccomp '.values[] | ascii_downcase | sub("scmp_act_"; "")' | tr -d '"' | sed 's/^notify$/user_notif/; s/^kill$/kill_thread/'); do
		grep -qw "$action" /proc/sys/kernel/seccomp/actions_avail || fail "the kernel has no $action"
	done
}

@test "features --host for a plain user: what a user namespace gives, and what nobody does" {
	unshare -U true || skip "this host has no user namespaces for us"
	host_features plain_user
	equal "$(jq .uid <<<"$out")" 1000
	available namespaces.user
	feature namespaces.network '.available and .note == "in a user namespace"' >/dev/null || fail "network"
	feature terminal '.available and .note == "in a user namespace"' >/dev/null || fail "terminal"
	unavailable devices.mknod
	unavailable netDevices
	unavailable mounts.idmap
	unavailable cgroup.writable
	grep -qE "^($(id -nu 1000 2>/dev/null || echo 1000)|1000):" /etc/subuid || unavailable user.subordinateIds
}

@test "features --host finds the same when SIGCHLD is ignored by the caller" {
	host_features
	equal "$(env --ignore-signal=CHLD "$OCIRUN" features --host)" "$out"
}

@test "features --host where user namespaces are used up" {
	try unshare -U -r sh -c 'echo 0 >/proc/sys/user/max_user_namespaces; exec "$1" features --host' sh "$OCIRUN"
	assert_success
	equal "$(jq .initialUserNamespace <<<"$out")" false
	unavailable user.maximum
	unavailable namespaces.user
	available namespaces.network
	unavailable devices.mknod
}

@test "subordinate ids are those of the user, by name or number" {
	need_root
	type -P newuidmap newgidmap >/dev/null || skip "needs newuidmap (uidmap)"
	unshare -m --propagation private sh -ec 'printf "other:1:1\nuser:300000:65536\n1000:500000:10\n" >"$1/subid"
		sed "s/^[^:]*:x:1000:.*//" /etc/passwd >"$1/passwd" && echo "user:x:1000:1000::/:/bin/sh" >>"$1/passwd"
		for file in subuid subgid; do [ -e /etc/$file ] || : >/etc/$file; mount --bind "$1/subid" /etc/$file; done
		mount --bind "$1/passwd" /etc/passwd
		exec setpriv --reuid 1000 --regid 1000 --clear-groups "$2" features --host' sh "$T" "$OCIRUN" >"$T/out"
	out=$(<"$T/out")
	available user.subordinateIds
	equal "$(feature user.subordinateIds '.values | join(",")')" '"uid 300000:65536,uid 500000:10,gid 300000:65536,gid 500000:10"'
}

# What a probe could leave. Other tests may run beside us: their cgroups come and go.
host_objects() {
	cat /proc/self/mountinfo /proc/self/oom_score_adj
	find /sys/fs/cgroup -maxdepth 2 -mindepth 2 -not -name '*it-*' | sort
	ls /dev/pts
	ipcs
	ip link 2>/dev/null
}

@test "features --host leaves nothing behind" {
	before=$(host_objects)
	host_features
	equal "$(host_objects)" "$before"
	equal "$(ls -A "$ROOT")" ""
}

@test "features takes no other word or option" {
	try "$OCIRUN" features --hosts
	assert_error --host
	try "$OCIRUN" features host
	assert_error host
}
