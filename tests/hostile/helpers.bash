# shellcheck shell=bash
# What the tests of attacks share: a place outside that must stay as it is, and races.
#
#	HOSTILE_SECONDS    how long each race goes on (default 5)

load ../integration/helpers
HOSTILE_SECONDS=${HOSTILE_SECONDS:-5}

# A directory outside of which nothing is to be seen, with a target for every kind of mount; what it is like is compared afterwards.
outside() {
	mkdir -p "$T/outside/dir" "$T/outside/target/dir" "$T/outside/deep/er"
	echo secret | tee "$T/outside/file" >"$T/outside/target/file"
	before=$(outside_now)
}
outside_now() { find "$T/outside" -printf '%p %y %m %U:%G %s\n' | sort; }
outside_untouched() {
	equal "$(outside_now)" "$before"
	! grep -F "$T/outside" /proc/self/mountinfo || fail "mounted outside"
}

# swap DIRECTORY A B: exchange two names there, without end, until `calm`: what a process of another container does that shares a volume.
swap() {
	cat >"$T/swap.py" <<-'PY'
		import ctypes, os, sys
		os.chdir(sys.argv[1])
		a, b = sys.argv[2].encode(), sys.argv[3].encode()
		rename = ctypes.CDLL(None).renameat2
		while True:
		    rename(-100, a, -100, b, 2)
	PY
	"$PYTHON" "$T/swap.py" "$@" 3>&- &
	swapper=$!
	HOLDERS+=("$swapper")
}
calm() {
	kill -KILL "$swapper"
	wait "$swapper" || true
}

# racing END: not yet END, or nothing has run ($ran) until now, as may be on a slow machine: a minute more for that.
racing() { [ $SECONDS -lt "$1" ] || { [ "$ran" -eq 0 ] && [ $SECONDS -lt $(($1 + 60)) ]; }; }

# assault [CHECK...]: run containers while HOSTILE_SECONDS last; count those that came to be ($ran) and those that did not ($refused). It
# ends early, and fails, when there is something outside, or CHECK fails after a container that came to be.
assault() {
	local end=$((SECONDS + HOSTILE_SECONDS))
	ran=0 refused=0
	while racing $end; do
		container
		[ "$(outside_now)" = "$before" ] || { calm; outside_untouched; return 1; }
		if [ "${status-}" -ne 0 ]; then
			refused=$((refused + 1))
		else
			ran=$((ran + 1))
			[ $# -eq 0 ] || "$@" || { calm; fail "$*, after $ran containers and $refused refused"; return 1; }
		fi
	done
	calm
	outside_untouched
}
