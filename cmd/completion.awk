# Completion of ocirun for one shell, out of the rows that `ocirun help rows` prints from the tables of options:
#	command	NAME	ARGUMENTS	SUMMARY
#	option	COMMAND	LETTER	NAME	ARGUMENT	HELP
# COMMAND is - for an option that stands before the command, LETTER and ARGUMENT are - where there is none.
# awk -v shell=bash|zsh|fish -f completion.awk
BEGIN { FS = "\t" }
$1 == "command" { names[++n] = $2; arguments[$2] = $3; summary[$2] = $4; next }
$1 == "option" { count[$2]++; i = $2 SUBSEP count[$2]; letter[i] = $3; name[i] = $4; value[i] = $5; text[i] = $6 }
END { if (shell == "bash") bash(); else if (shell == "zsh") zsh(); else fish() }

# What the value of an option is: words, a directory, a file, anything.
function kind(v) { return v ~ /\|/ ? "words" : v == "DIR" ? "directory" : v ~ /^(FILE|PATH)$/ ? "file" : "any" }
function words(v) { gsub(/\|/, " ", v); return v }
function takes(command, what,    a) { a = arguments[command]; gsub(/[^A-Za-z.-]+/, " ", a); return index(" " a " ", " " what " ") }
function quoted(s) { gsub(/'/, "'\\''", s); return "'" s "'" }

function signals() { return "TERM KILL INT HUP QUIT USR1 USR2 STOP CONT WINCH" }

# --- bash -------------------------------------------------------------------------------------------------------------

function bash_rows(command,    i, k) {
	for (k = 1; k <= count[command]; k++) {
		i = command SUBSEP k
		printf "%s --%s %s %s\n", command, name[i], letter[i] == "-" ? "-" : "-" letter[i], value[i]
	}
}
function bash(    k) {
	print "# Completion of ocirun for bash, made from its tables of options."
	print "_ocirun_rows=\"\\"
	bash_rows("-")
	for (k = 1; k <= n; k++) bash_rows(names[k])
	print "\""
	print "_ocirun_commands=\"\\"
	for (k = 1; k <= n; k++) print names[k] " " arguments[names[k]]
	print "\""
	while ((getline line < template) > 0) print line
}

# --- zsh --------------------------------------------------------------------------------------------------------------

function zsh_text(s) { gsub(/\\/, "\\\\&", s); gsub(/\[/, "\\\\&", s); gsub(/\]/, "\\\\&", s); gsub(/:/, "\\\\&", s); return s }
function zsh_value(v) {
	if (v == "-") return ""
	if (kind(v) == "words") return ":" v ":(" words(v) ")"
	return ":" zsh_text(v) ":" (kind(v) == "directory" ? "_files -/" : kind(v) == "file" ? "_files" : " ")
}
function zsh_options(command, indent,    i, k, spec) {
	for (k = 1; k <= count[command]; k++) {
		i = command SUBSEP k
		spec = "[" zsh_text(text[i]) "]" zsh_value(value[i])
		printf "%s'--%s%s'%s \\\n", indent, name[i], value[i] == "-" ? "" : "=", quoted(spec)
		if (letter[i] != "-") printf "%s'-%s%s'%s \\\n", indent, letter[i], value[i] == "-" ? "" : "+", quoted(spec)
	}
}
function zsh(    c, k) {
	print "#compdef ocirun"
	print "# Completion of ocirun for zsh, made from its tables of options.\n"
	print "_ocirun_ids() {"
	print "\tlocal -a ids"
	print "\tids=(${(f)\"$(_call_program ids ${words[1]} ${opt_args[--root]:+--root ${opt_args[--root]}} list --quiet 2>/dev/null)\"})"
	print "\t_describe container ids\n}\n"
	print "_ocirun() {"
	print "\tlocal curcontext=$curcontext state line"
	print "\tlocal -A opt_args"
	print "\tlocal -a commands\n\tcommands=("
	for (k = 1; k <= n; k++) printf "\t\t%s\n", quoted(names[k] ":" zsh_text(summary[names[k]]))
	print "\t)"
	print "\t_arguments -C \\"
	zsh_options("-", "\t\t")
	print "\t\t'(-): :->command' '*:: :->rest' && return"
	print "\tcase $state in"
	print "\tcommand) _describe command commands ;;"
	print "\trest)\n\t\tcurcontext=${curcontext%:*:*}:ocirun-${words[1]}:"
	print "\t\tcase ${words[1]} in"
	for (k = 1; k <= n; k++) {
		c = names[k]
		printf "\t\t%s)\n\t\t\t_arguments \\\n", c
		zsh_options(c, "\t\t\t\t")
		if (takes(c, "ID") && c !~ /^(create|run|restore)$/) printf "\t\t\t\t'1:container:_ocirun_ids' \\\n"
		if (takes(c, "SIGNAL")) printf "\t\t\t\t'2:signal:(%s)' \\\n", signals()
		if (takes(c, "BUNDLE")) printf "\t\t\t\t'1:bundle:_files -/' \\\n"
		if (takes(c, "COMMAND")) printf "\t\t\t\t'1:command:(%s)' \\\n", all_names()
		printf "\t\t\t\t'--help[explain the command]'\n\t\t\t;;\n"
	}
	print "\t\tesac\n\t\t;;\n\tesac\n}\n\n_ocirun \"$@\""
}
function all_names(    s, k) { for (k = 1; k <= n; k++) s = s (k > 1 ? " " : "") names[k]; return s }

# --- fish -------------------------------------------------------------------------------------------------------------

function fish_quoted(s) { gsub(/\\/, "\\\\&", s); gsub(/'/, "\\\\&", s); return "'" s "'" }
function fish_options(command, condition,    i, k) {
	for (k = 1; k <= count[command]; k++) {
		i = command SUBSEP k
		printf "complete -c ocirun -n '%s' -l %s%s%s -d %s\n", condition, name[i], letter[i] == "-" ? "" : " -s " letter[i],
			value[i] == "-" ? "" : kind(value[i]) == "words" ? " -x -a " fish_quoted(words(value[i])) : kind(value[i]) == "directory" ? \
			" -x -a '(__fish_complete_directories)'" : kind(value[i]) == "file" ? " -r -F" : " -x", fish_quoted(text[i])
	}
}
function fish(    c, k) {
	print "# Completion of ocirun for fish, made from its tables of options."
	print "complete -c ocirun -f"
	fish_options("-", "__fish_use_subcommand")
	for (k = 1; k <= n; k++) {
		c = names[k]
		printf "complete -c ocirun -n __fish_use_subcommand -a %s -d %s\n", c, fish_quoted(summary[c])
		fish_options(c, "__fish_seen_subcommand_from " c)
		if (takes(c, "ID") && c !~ /^(create|run|restore)$/)
			printf "complete -c ocirun -n '__fish_seen_subcommand_from %s' -a '(ocirun list --quiet 2>/dev/null)'\n", c
		if (takes(c, "SIGNAL")) printf "complete -c ocirun -n '__fish_seen_subcommand_from %s' -a '%s'\n", c, signals()
		if (takes(c, "BUNDLE")) printf "complete -c ocirun -n '__fish_seen_subcommand_from %s' -a '(__fish_complete_directories)'\n", c
		if (takes(c, "COMMAND")) printf "complete -c ocirun -n '__fish_seen_subcommand_from %s' -a '%s'\n", c, all_names()
	}
}
