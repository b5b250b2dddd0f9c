#!/usr/bin/env bats
# shellcheck shell=bats
# Slurm: two nodes on this machine, and jobs in a bundle by `srun --container`.
load clients

setup_file() {
	local at=$CLIENTS/slurm node
	command -v slurmctld slurmd munged >/dev/null || { export SKIP="no slurm here"; return; }
	[ "$(slurmctld -V | sed 's/[^0-9]*\([0-9]*\).*/\1/')" -ge 24 ] || { export SKIP="$(slurmctld -V) has no working containers"; return; }
	export SLURM_CONF=$at/etc/slurm.conf PIDS=
	mkdir -p "$at"/{etc,state,munge}
	chmod 755 "$at" "$at/munge"
	head -c 128 /dev/urandom >"$at/munge/key"
	chmod 600 "$at/munge/key"
	munged --foreground --force --key-file="$at/munge/key" --socket="$at/munge/socket" --pid-file="$at/munge/pid" --seed-file="$at/munge/seed" \
		--log-file="$at/munge/log" >"$at/munge.out" 2>&1 3>&- &
	PIDS+=" $!"
	until_true test -S "$at/munge/socket" || { cat "$at/munge.out"; return 1; }
	echo 'CgroupPlugin=disabled' >"$at/etc/cgroup.conf"
	cat >"$SLURM_CONF" <<-EOF
		ClusterName=box
		SlurmctldHost=$(hostname -s)(127.0.0.1)
		SlurmUser=root
		SlurmctldPort=26817
		AuthType=auth/munge
		AuthInfo=socket=$at/munge/socket
		StateSaveLocation=$at/state
		SlurmdSpoolDir=$at/spool.%n
		SlurmctldPidFile=$at/slurmctld.pid
		SlurmdPidFile=$at/slurmd.%n.pid
		SlurmctldLogFile=$at/slurmctld.log
		SlurmdLogFile=$at/slurmd.%n.log
		SlurmdDebug=debug2
		ProctrackType=proctrack/linuxproc
		TaskPlugin=task/none
		JobAcctGatherType=jobacct_gather/none
		MpiDefault=none
		ReturnToService=2
		KillWait=2
		NodeName=n1 NodeHostname=$(hostname -s) NodeAddr=127.0.0.1 Port=26818 CPUs=1
		NodeName=n2 NodeHostname=$(hostname -s) NodeAddr=127.0.0.1 Port=26819 CPUs=1
		PartitionName=all Nodes=ALL Default=YES State=UP
	EOF
	oci_conf
	slurmctld -D >"$at/slurmctld.out" 2>&1 3>&- &
	PIDS+=" $!"
	for node in n1 n2; do
		mkdir -p "$at/spool.$node"
		slurmd -D -N $node >"$at/$node.out" 2>&1 3>&- &
		PIDS+=" $!"
	done
	until_true nodes_idle || until_true nodes_idle || { sinfo; tail -n 20 "$at"/*.log "$at"/*.out; return 1; }
	bundle
}

nodes_idle() { [ "$(sinfo -h -t idle -o %D 2>/dev/null)" = 2 ]; }

teardown_file() {
	local pid
	for pid in $PIDS; do
		kill "$pid" 2>/dev/null || true
		wait "$pid" || true
	done
}

# oci_conf [REDIRECTION]: how slurmstepd calls the runtime: by run, or by create and start. It reads what these write to its end and keeps it
# to itself, so the container's own output must go elsewhere: for root where that of the task goes, as the shell that calls create is the
# task's child. A plain user may not look at the descriptors of slurmstepd.
oci_conf() {
	local runtime="$CLIENTS/bin/ocirun --root=$CLIENTS/slurm/root.%U --cgroup-manager=disabled" id=%n.%u.%j.%s.%t
	[[ $CLIENT_RUNTIME != */runc ]] || runtime=${runtime% *}
	cat >"$CLIENTS/slurm/etc/oci.conf" <<-EOF
		EnvExclude="^(SLURM_CONF|SLURM_CONF_SERVER)="
		RunTimeQuery="$runtime state $id"
		RunTimeKill="$runtime kill -a $id"
		RunTimeDelete="$runtime delete --force $id"
	EOF
	if [ "${1-}" ]; then
		cat >>"$CLIENTS/slurm/etc/oci.conf" <<-EOF
			RunTimeCreate="$runtime create $id -b %b $1"
			RunTimeStart="$runtime start $id"
		EOF
	else
		echo "RunTimeRun=\"$runtime run $id -b %b\"" >>"$CLIENTS/slurm/etc/oci.conf"
	fi
}

as_the_task='</proc/$PPID/fd/0 >>/proc/$PPID/fd/1 2>>/proc/$PPID/fd/2'

bundle() {
	mkdir -p "$CLIENTS/slurm/bundle"
	cp -a "$CLIENTS/rootfs" "$CLIENTS/slurm/bundle/"
	(cd "$CLIENTS/slurm/bundle" && "$CLIENT_RUNTIME" spec)
	jq '.process.terminal = false | del(.process.rlimits, .linux.resources)' "$CLIENTS/slurm/bundle/config.json" >"$CLIENTS/slurm/config.json"
	mv "$CLIENTS/slurm/config.json" "$CLIENTS/slurm/bundle/"
}

# Programs by their paths in the container: slurm looks up others on the host.
in_container() { limited srun --container="$CLIENTS/slurm/bundle" "$@"; }

setup_slurm() { [ -z "${SKIP-}" ] || skip "$SKIP"; }

after_test() {
	[ -z "${SKIP-}" ] || return 0
	until_true nodes_idle || true
	local left
	left=$(find "$CLIENTS/slurm"/root.* -mindepth 1 -maxdepth 1 ! -name ".*" 2>/dev/null)
	[ -z "$left" ] || { echo "# left: $left"; return 1; }
}

@test "srun --container: output, exit status, what is not there" {
	setup_slurm
	try in_container /bin/sh -c 'echo inside; cat /etc/passwd | head -n 1; exit 7'
	assert_exit 7
	line inside
	line root:x:0:0:root:/root:/bin/sh
	try in_container no-such-program
	[ "$status" -ne 0 ] || fail
}

@test "srun --container on two nodes" {
	setup_slurm
	try in_container -N 2 -n 2 /bin/sh -c 'echo task $SLURM_PROCID of $SLURM_NTASKS on $SLURMD_NODENAME'
	assert_success
	equal "$(sort <<<"$out")" "$(printf '%s\n' 'task 0 of 2 on n1' 'task 1 of 2 on n2')"
}

@test "srun --container --pty: a terminal" {
	setup_slurm
	try on_terminal srun --container="$CLIENTS/slurm/bundle" --pty /bin/sh -c "'tty; echo done'"
	assert_success
	contains "$out" done
}

@test "sbatch --container" {
	setup_slurm
	printf '#!/bin/sh\necho from batch\nexit 3\n' >"$T/job"
	try limited sbatch --wait --container="$CLIENTS/slurm/bundle" -o "$T/output" "$T/job"
	assert_exit 3
	out=$(cat "$T/output")
	line "from batch"
}

@test "srun --container by create and start: output, input, a failure" {
	setup_slurm
	oci_conf "$as_the_task"
	try in_container /bin/sh -c 'echo out; echo err >&2; sleep 1; echo later'
	assert_success
	equal "$out" "$(printf 'out\nlater')"
	equal "$err" err
	echo question >"$T/input"
	try in_container -i "$T/input" /bin/sh -c 'read line; echo the $line'
	equal "$out" "the question"
	try in_container -N 2 -n 2 /bin/sh -c 'echo task $SLURM_PROCID of $SLURM_NTASKS on $SLURMD_NODENAME'
	equal "$(sort <<<"$out")" "$(printf '%s\n' 'task 0 of 2 on n1' 'task 1 of 2 on n2')"
	try in_container /no/such/program
	contains "$err" "exec: \"/no/such/program\""
	oci_conf
}

@test "sbatch --container by create and start" {
	setup_slurm
	oci_conf "$as_the_task"
	printf '#!/bin/sh\necho from batch\n' >"$T/job"
	try limited sbatch --wait --container="$CLIENTS/slurm/bundle" -o "$T/output" "$T/job"
	assert_success
	out=$(cat "$T/output")
	line "from batch"
	oci_conf
}

@test "srun --container as a plain user, by run and by create and start" {
	setup_slurm
	grep -q '^box:' /etc/passwd || echo "box:x:1000:1000::$CLIENTS/slurm/home:/bin/sh" >>/etc/passwd
	mkdir -p "$T/bundle"
	install -d -o 1000 "$CLIENTS/slurm/root.1000" "$CLIENTS/slurm/home"
	cp -a "$CLIENTS/rootfs" "$T/bundle/"
	chown 1000:1000 "$T/bundle"
	(cd "$T/bundle" && setpriv --reuid 1000 --regid 1000 --clear-groups "$CLIENT_RUNTIME" spec --rootless)
	jq '.process.terminal = false | del(.process.rlimits, .linux.resources)' "$T/bundle/config.json" >"$T/config.json"
	mv "$T/config.json" "$T/bundle/"
	chown -R 1000:1000 "$T"
	as_user() { limited setpriv --reuid 1000 --regid 1000 --clear-groups env TMPDIR=/tmp srun --container="$T/bundle" "$@"; }
	try as_user /bin/sh -c 'id -u; tr -s " " </proc/self/uid_map'
	assert_success
	equal "$out" "$(printf '0\n 0 1000 1')"
	oci_conf "</dev/null >>~%u/output 2>&1"
	try as_user /bin/sh -c 'id -u; tr -s " " </proc/self/uid_map'
	assert_success
	equal "$(cat "$CLIENTS/slurm/home/output")" "$(printf '0\n 0 1000 1')"
	oci_conf
}

@test "slurm: all it called the runtime with is known" {
	setup_slurm
	forms_are_known
}
