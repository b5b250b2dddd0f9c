# From a profile in the format of container engines, as podman's /usr/share/containers/seccomp.json, to the linux.seccomp of a
# config.json: for the capabilities $caps (an array) and the architecture $arch, by the name the profile has for it ("amd64").
def has_all($wanted): . as $have | all($wanted[]?; . as $one | $have | index($one) != null);
def has_any($wanted): . as $have | any($wanted[]?; . as $one | $have | index($one) != null);
def applies:
	(.includes // {}) as $i | (.excludes // {}) as $e
	| ($caps | has_all($i.caps)) and (($i.arches // []) == [] or ([$arch] | has_any($i.arches)))
	and ($caps | has_any($e.caps) | not) and ([$arch] | has_any($e.arches) | not);
{
	defaultAction, defaultErrnoRet,
	architectures: [.archMap[] | select(.architecture == {amd64: "SCMP_ARCH_X86_64", arm64: "SCMP_ARCH_AARCH64"}[$arch])
		| .architecture, .subArchitectures[]],
	syscalls: [.syscalls[] | select(applies) | {names, action, args, errnoRet} | del(.[] | nulls)]
} | del(.[] | nulls)
