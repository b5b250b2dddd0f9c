#!/usr/bin/env bats
# shellcheck shell=bats
# What the file of the program itself must be like. Its objects are looked at where they lie beside it.
OCIRUN=${OCIRUN:-$BATS_TEST_DIRNAME/../../build/ocirun}
BUILD=$(dirname "$OCIRUN")

setup() {
	command -v readelf >/dev/null || skip "no readelf"
	# A build for finding bugs or counting lines is not what is installed.
	! readelf -sW "$OCIRUN" | grep -qE '__asan_init|__llvm_profile_' || skip "not a build to be installed"
}

elf() { readelf -W "$@" "$OCIRUN"; }
need_object() { [ -e "$BUILD/$1" ] || skip "no objects beside $OCIRUN"; }
machine() { elf -h | sed -n 's/^ *Machine: *//p'; }

@test "it is position-independent" {
	elf -h | grep -qE '^ *Type: *DYN'
	elf -d | grep -qE '\(FLAGS_1\).*PIE'
}

@test "what is relocated becomes read-only, all of it before main" {
	elf -l | grep -q GNU_RELRO
	elf -d | grep -qE '\(FLAGS\).*BIND_NOW|\(FLAGS_1\).*NOW'
	# The table of functions to call is in there.
	elf -l | grep -qE '^ +[0-9]+ .*\.dynamic \.got '
}

@test "no stack that can be executed, and nothing that can be both written and executed" {
	elf -l | grep -qE 'GNU_STACK .* RW +0x'
	[ "$(elf -l | grep -cE '^ *[A-Z_]+ .* RWE ')" -eq 0 ]
}

@test "no path to look for libraries in, and no relocation in the code" {
	[ "$(elf -d | grep -cE 'RPATH|RUNPATH|TEXTREL')" -eq 0 ]
}

@test "static, it needs no library and no interpreter" {
	! elf -d | grep -q '(NEEDED)' || skip "built with STATIC=no"
	[ "$(elf -l | grep -c INTERP)" -eq 0 ]
}

@test "stacks have a guard, and libc's functions are told how large buffers are" {
	need_object runtime/inroot.o
	for object in runtime/inroot.o spec/error.o runtime/child/copyup.o; do
		nm -u "$BUILD/$object" | grep -q __stack_chk_fail
	done
	nm -u "$BUILD/runtime/inroot.o" | grep -qE '__(v?snprintf|memcpy)_chk'
}

@test "a large frame touches each of its pages" {
	need_object runtime/child/copyup.o
	[[ $(machine) == *X86-64 ]] || skip "looked at on x86_64 only"
	# copy_xattrs has 64 KiB and more.
	objdump -d "$BUILD/runtime/child/copyup.o" | grep -qE 'sub +\$0x1000,%rsp'
}

@test "every object says where a branch may land and a function return to" {
	need_object runtime/inroot.o
	case $(machine) in
	*X86-64) mark='IBT, SHSTK' ;;
	AArch64) mark='BTI, PAC' ;;
	*) skip "this processor has no such thing" ;;
	esac
	while read -r object; do
		readelf -n "$object" | grep -q "$mark" || { echo "$object"; return 1; }
	done < <(find "$BUILD"/{cmd,spec,runtime} -name '*.o')
}
