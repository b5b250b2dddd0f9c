# Completion of ocirun for bash: commands, options, ids of containers, signals.
# Installed as share/bash-completion/completions/ocirun; needs nothing but bash.

# The container ids below the root directory that the command line names.
_ocirun_ids() {
	local i root=()
	for ((i = 1; i < COMP_CWORD - 1; i++)); do
		if [[ ${COMP_WORDS[i]} == --root ]]; then
			root=(--root "${COMP_WORDS[i + 1]}")
			# Bash takes "--root=DIR" apart at the "=".
			[[ ${root[1]} == "=" ]] && root[1]=${COMP_WORDS[i + 2]}
		fi
	done
	"${COMP_WORDS[0]}" "${root[@]}" list --quiet 2>/dev/null
}

# The options of a command, or the global ones, as its own help lists them.
_ocirun_options() {
	"${COMP_WORDS[0]}" "$@" --help 2>/dev/null |
		sed -n 's/^ *\(-[[:alnum:]], \)\{0,1\}\(--[[:alnum:]-]*\).*/\2/p'
}

_ocirun_words() {
	local IFS=$' \t\n'
	mapfile -t COMPREPLY < <(compgen -W "$1" -- "$2")
}

# The value of the option before the cursor. Fails when that option takes none.
_ocirun_value() {
	local option=$1 current=$2 command=$3
	case $option in
	--log-format) _ocirun_words "text json" "$current" ;;
	--log-level) _ocirun_words "error warning info debug" "$current" ;;
	--cgroup-manager) _ocirun_words "cgroupfs systemd disabled" "$current" ;;
	--rootless)
		[[ -z $command ]] || return 1
		_ocirun_words "true false auto" "$current"
		;;
	--manage-cgroups-mode) _ocirun_words "soft full strict ignore" "$current" ;;
	--network-lock) _ocirun_words "iptables nftables skip" "$current" ;;
	--empty-ns) _ocirun_words network "$current" ;;
	--root | --bundle | -b | --image-path | --work-path | --parent-path)
		mapfile -t COMPREPLY < <(compgen -d -- "$current")
		;;
	--log | --pid-file | --console-socket | --config | --resources | -r)
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		;;
	--preserve-fds | --interval) ;;
	--cpu-idle) _ocirun_words "0 1" "$current" ;;
	--memory* | -m | --kernel-memory* | --cpu* | --pids-limit | --blkio-weight | --*-schema) ;;
	--status-fd | --page-server | --lsm-profile | --lsm-mount-context) ;;
	--format) _ocirun_words "table json" "$current" ;;
	-f)
		case $command in
		create | run | plan) mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
		list | ps) _ocirun_words "table json" "$current" ;;
		*) return 1 ;;
		esac
		;;
	*) return 1 ;;
	esac
}

# Sets `command` to the command's name, if it is there before the cursor, and `count` to the number
# of its arguments so far.
_ocirun_scan() {
	local i word
	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		case $word in
		--root | --log | --log-format | --log-level | --cgroup-manager | --bundle | -b | \
			--config | --pid-file | --console-socket | --preserve-fds | --format | --interval | \
			--resources | -r | --memory* | -m | --kernel-memory* | --cpu* | --pids-limit | \
			--blkio-weight | --*-schema | --manage-cgroups-mode | --network-lock | \
			--empty-ns | --image-path | --work-path | --parent-path | --status-fd | \
			--page-server | --lsm-profile | --lsm-mount-context)
			[[ ${COMP_WORDS[i + 1]} == "=" ]] && ((i++))
			((i++))
			;;
		--rootless)
			# Has a value only as a global option.
			[[ -n $command ]] || ((i++))
			;;
		-f)
			[[ $command == delete ]] || ((i++))
			;;
		-*) ;;
		*)
			if [[ -z $command ]]; then
				command=$word
			else
				((count++))
			fi
			;;
		esac
	done
}

_ocirun() {
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
	local command="" count=0
	COMPREPLY=()
	if [[ $current == "=" ]]; then
		current=""
	elif [[ $previous == "=" ]]; then
		previous=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	_ocirun_scan
	_ocirun_value "$previous" "$current" "$command" && return
	if [[ $current == -* ]]; then
		# shellcheck disable=SC2086 # no command: no word
		_ocirun_words "$(_ocirun_options $command)" "$current"
		return
	fi
	case $command:$count in
	:0 | help:0)
		_ocirun_words "create start run state list ps events update pause resume kill delete
			checkpoint restore spec plan features help" "$current"
		;;
	start:0 | state:0 | ps:0 | events:0 | update:0 | pause:0 | resume:0 | kill:0 | delete:0 | \
		checkpoint:0)
		_ocirun_words "$(_ocirun_ids)" "$current"
		;;
	kill:1) _ocirun_words "TERM KILL INT HUP QUIT USR1 USR2 STOP CONT WINCH" "$current" ;;
	plan:0) mapfile -t COMPREPLY < <(compgen -d -- "$current") ;;
	esac
}

complete -o filenames -F _ocirun ocirun
