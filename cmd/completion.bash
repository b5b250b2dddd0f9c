# shellcheck disable=SC2154 # _ocirun_rows and _ocirun_commands stand above: completion.awk makes them

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

_ocirun_words() {
	local IFS=$' \t\n'
	mapfile -t COMPREPLY < <(compgen -W "$1" -- "$2")
}

# Sets `argument` to what an option takes, "-" for none. Fails for what is no option of the command.
_ocirun_argument() { # COMMAND OPTION
	local owner long short
	while read -r owner long short argument; do
		[[ $owner == "$1" && ($2 == "$long" || $2 == "$short") ]] && return
	done <<<"$_ocirun_rows"
	return 1
}

# Sets `command` to the command's name, if it is there before the cursor ("-" otherwise), and
# `count` to the number of its arguments so far.
_ocirun_scan() {
	local i word argument
	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if [[ $word == -?* ]]; then
			if _ocirun_argument "$command" "$word" && [[ $argument != - ]]; then
				[[ ${COMP_WORDS[i + 1]} == "=" ]] && ((i++))
				((i++))
			fi
		elif [[ $command == - ]]; then
			command=$word
		else
			((count++))
		fi
	done
}

_ocirun_value() { # ARGUMENT CURRENT
	case $1 in
	*"|"*) _ocirun_words "${1//|/ }" "$2" ;;
	DIR) mapfile -t COMPREPLY < <(compgen -d -- "$2") ;;
	FILE | PATH) mapfile -t COMPREPLY < <(compgen -f -- "$2") ;;
	esac
}

_ocirun() {
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
	local command=- count=0 argument wanted
	COMPREPLY=()
	if [[ $current == "=" ]]; then
		current=""
	elif [[ $previous == "=" ]]; then
		previous=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	_ocirun_scan
	if _ocirun_argument "$command" "$previous" && [[ $argument != - ]]; then
		_ocirun_value "$argument" "$current"
		return
	fi
	if [[ $current == -* ]]; then
		_ocirun_words "$(sed -n "s/^$command \(--[^ ]*\).*/\1/p" <<<"$_ocirun_rows") --help" "$current"
		return
	fi
	[[ $command != - ]] || { command=help count=0; }
	# The command's arguments, without brackets: the one at the cursor.
	wanted=$(sed -n "s/^$command //p" <<<"$_ocirun_commands" | tr -d '[]' | cut -d' ' -f$((count + 1)))
	case $wanted in
	COMMAND) _ocirun_words "$(cut -d' ' -f1 <<<"$_ocirun_commands")" "$current" ;;
	ID)
		[[ $command == create || $command == run || $command == restore ]] ||
			_ocirun_words "$(_ocirun_ids)" "$current"
		;;
	SIGNAL) _ocirun_words "TERM KILL INT HUP QUIT USR1 USR2 STOP CONT WINCH" "$current" ;;
	BUNDLE) mapfile -t COMPREPLY < <(compgen -d -- "$current") ;;
	esac
}

complete -o filenames -F _ocirun ocirun
