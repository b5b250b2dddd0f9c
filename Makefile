# ocirun: build, try, test, measure, install. `make help` lists the targets; the variables below can be given on the command line.
MAKEFLAGS += --no-builtin-rules
SHELL := /bin/bash
.DELETE_ON_ERROR:
.SUFFIXES:

VERSION := 0.1.0
COMMIT := $(shell [ -e .git ] && git rev-parse --short=12 HEAD 2>/dev/null)

BUILD ?= build
STATIC ?= yes
WERROR ?= no
SANITIZE ?= no
COVERAGE ?= no
FUZZ_SECONDS ?= 60
HOSTILE_SECONDS ?= 60
MACHINE ?= bookworm
BENCH_RUNS ?= 60
PREFIX ?= /usr/local
DESTDIR ?=
ifeq ($(origin CC),default)
CC := gcc
endif
# Small is fast here: what a start costs is its pages, not its instructions.
CFLAGS ?= -Os -g

comma := ,

# `make V=1` shows the commands.
V ?= 0
QUIET := $(if $(filter 0,$(V)),@)
say = $(if $(filter 0,$(V)),@printf '%-8s %s\n' $(1) $@)

# --- how C is compiled ---

OCIRUN_CFLAGS := -std=gnu17 -Ulinux -D_GNU_SOURCE -I. -Wall -Wextra -Wshadow -Wvla -Wstrict-prototypes -Wmissing-prototypes \
	-Wformat=2 -Wno-format-nonliteral -fno-strict-aliasing -fPIE -ffunction-sections -fdata-sections
OCIRUN_LDFLAGS := -Wl,-z,relro,-z,now -Wl,-z,noexecstack -Wl,--gc-sections
ifeq ($(WERROR),yes)
OCIRUN_CFLAGS += -Werror
endif
ifeq ($(SANITIZE),yes)
OCIRUN_CFLAGS += -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
OCIRUN_LDFLAGS += -fsanitize=address,undefined
override STATIC := no
else
# _FORTIFY_SOURCE needs optimization, and hides what a sanitizer would see. A distribution's compiler may define it already.
# No tables for unwinding in the program: debuggers have theirs.
OCIRUN_CFLAGS += -fno-asynchronous-unwind-tables -fstack-protector-strong -fstack-clash-protection \
	$(if $(filter -O0,$(CFLAGS)),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
# Where a branch may land, and where a function may return to, for processors that check it.
CPU := $(shell $(CC) -dumpmachine)
OCIRUN_CFLAGS += $(if $(filter x86_64-%,$(CPU)),-fcf-protection=full)$(if $(filter aarch64-%,$(CPU)),-mbranch-protection=standard)
endif
ifeq ($(COVERAGE),yes)
# clang's counters lie in files that are mapped: they outlive another root, another program and SIGKILL, at which nothing can be written.
OCIRUN_CFLAGS += -fprofile-instr-generate=$(abspath $(BUILD))/counters/%m%c.profraw -fcoverage-mapping -mllvm -runtime-counter-relocation \
	-Wno-unused-command-line-argument
override STATIC := no
endif
ifeq ($(STATIC),yes)
LINK_MODE := -static-pie
LIBRARIES := -lyajl_s -lseccomp -lresolv -lm
# A byte for each relocation instead of 24; fewer pages to read at each start.
OCIRUN_LDFLAGS += -Wl,-z,pack-relative-relocs
# What the usual commands execute stands together, so that a start needs few pages of it.
ORDER := runtime/order.ld
OCIRUN_LDFLAGS += $(if $(ORDER),-Wl$(comma)-T$(comma)$(ORDER),-Wl$(comma)--defsym=order_end=etext)
# Nothing unwinds the stack while it runs: the tables for that, 90 kB of the libraries', stay out.
NO_UNWINDING := $(BUILD)/no-unwinding.ld
# So does what the libraries have for that, for assertions in other languages, for numbers with a fraction, which yajl leaves to
# json_tree.c, and for filters that people read: 155 kB. Nothing gets there, and what would is ended.
UNREACHED := _Unwind_Resume __gcc_personality_v0 __assert_fail strtod gen_pfc_generate
# runtime/entry.c, where runtime/arch.h has it.
OCIRUN_LDFLAGS += $(if $(filter x86_64-%,$(shell $(CC) -dumpmachine)),-Wl$(comma)-e$(comma)entry)
else
LINK_MODE := -pie
LIBRARIES := -lyajl -lseccomp -lresolv -lm
endif

SOURCES := $(wildcard cmd/*.c spec/*.c runtime/*.c runtime/parent/*.c runtime/child/*.c)
OBJECTS := $(SOURCES:%.c=$(BUILD)/%.o)
UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/*.c))
HOSTILE_TESTS := $(wildcard tests/hostile/*.bats)
INTEGRATION_TESTS := $(wildcard tests/integration/*.bats) $(HOSTILE_TESTS)
BUNDLES := $(patsubst bundles/%/,%,$(filter-out bundles/broken/,$(wildcard bundles/*/)))
COMPILE = $(CC) $(OCIRUN_CFLAGS) $(CPPFLAGS) $(CFLAGS)
# The version is known to the few files that name it, so that a commit does not recompile the others.
VERSIONED := $(patsubst %.c,$(BUILD)/%.o,$(shell grep -l 'OCIRUN_VERSION\|OCIRUN_COMMIT' $(SOURCES) /dev/null))
VERSION_FLAGS := -DOCIRUN_VERSION='"$(VERSION)"' -DOCIRUN_COMMIT='"$(COMMIT)"'

.PHONY: all
all: need-build
	@$(MAKE) --no-print-directory $(BUILD)/ocirun

# --- objects and programs ---

# A file that changes only when its text does, so that other flags or another commit recompile what they concern.
define keep_text
	@mkdir -p $(@D); printf '%s\n' $(1) | cmp -s - $@ || printf '%s\n' $(1) >$@
endef

$(BUILD)/flags: .always
	$(call keep_text,'$(COMPILE) $(LINK_MODE) $(OCIRUN_LDFLAGS) $(LDFLAGS) $(UNREACHED)')

$(BUILD)/no-unwinding.ld: .always
	$(call keep_text,'SECTIONS { /DISCARD/ : { *(.eh_frame) *(.eh_frame_hdr) *(.gcc_except_table*) } } INSERT AFTER .text;')

$(BUILD)/version: .always
	$(call keep_text,'$(VERSION) $(COMMIT)')

.PHONY: .always
.always:

$(VERSIONED): $(BUILD)/version
$(VERSIONED): private CPPFLAGS += $(VERSION_FLAGS)

$(BUILD)/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,CC)
	$(QUIET)$(COMPILE) -MMD -MP -c -o $@ $<

# Everything but main(): unit tests and fuzzers take what they need from it.
$(BUILD)/libocirun.a: $(filter-out $(BUILD)/cmd/main.o,$(OBJECTS))
	@rm -f $@
	$(call say,AR)
	$(QUIET)$(AR) rcs $@ $^

# ocirun.debug has the symbols; the program is stripped, with a link to them.
$(BUILD)/ocirun.debug: $(OBJECTS) $(if $(filter yes,$(SANITIZE)),$(BUILD)/tests/asan.o) $(NO_UNWINDING) $(ORDER)
	$(call say,LINK)
	$(QUIET)$(CC) $(LINK_MODE) $(OCIRUN_CFLAGS) $(CFLAGS) $(OCIRUN_LDFLAGS) $(LDFLAGS) \
		$(NO_UNWINDING:%=-Wl,--no-eh-frame-hdr -Wl,-T,%) $(UNREACHED:%=-Wl,--defsym=%=abort) -o $@ $(filter %.o,$^) $(LIBRARIES)

STRIP ?= strip
OBJCOPY ?= objcopy
$(BUILD)/ocirun: $(BUILD)/ocirun.debug
ifneq ($(filter yes,$(SANITIZE) $(COVERAGE)),)
	@cp $< $@
else
	$(call say,STRIP)
	$(QUIET)$(STRIP) -o $@ $<
	$(QUIET)cd $(@D) && $(OBJCOPY) --add-gnu-debuglink=ocirun.debug ocirun
endif

$(BUILD)/unit/%: $(BUILD)/tests/unit/%.o $(BUILD)/libocirun.a
	@mkdir -p $(@D)
	$(call say,LINK)
	$(QUIET)$(CC) -pie $(OCIRUN_CFLAGS) $(CFLAGS) $(OCIRUN_LDFLAGS) $(LDFLAGS) -o $@ $^ -lcmocka -lyajl -lseccomp -lresolv -lm

# What runs inside containers is always static and plain: a rootfs has no libraries.
STATIC_COMPILE = $(CC) -std=gnu17 -Ulinux -D_GNU_SOURCE -I. -O2 -g -Wall -Wextra -Wshadow -Wvla -Wstrict-prototypes \
	-Wmissing-prototypes $(if $(filter yes,$(WERROR)),-Werror) -static
$(BUILD)/payload: tests/payload.c
	@mkdir -p $(@D)
	$(call say,CC)
	$(QUIET)$(STATIC_COMPILE) -o $@ $<
$(BUILD)/bench/%: tests/bench/%.c
	@mkdir -p $(@D)
	$(call say,CC)
	$(QUIET)$(STATIC_COMPILE) -o $@ $<

# Runs outside, beside ocirun, and in the VM like it; small enough to be compiled as a whole.
$(BUILD)/crash/sweep: $(wildcard tests/crash/*.[ch]) $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,CC)
	$(QUIET)$(CC) $(OCIRUN_CFLAGS) $(CFLAGS) $(LINK_MODE) -o $@ $(filter %.c,$^) -lseccomp

-include $(OBJECTS:.o=.d) $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%.d,$(wildcard tests/unit/*.c))
.SECONDARY:

# --- what must be installed: tests/need says what is missing and, as root on Debian or Ubuntu, installs it ---

.PHONY: deps need-%
deps: need-build
need-%:
	@CC='$(CC)' STATIC='$(STATIC)' tests/need $(subst +, ,$*)

# --- try ---

.PHONY: bundles demo
bundles: need-bundles
	@bundles/make-rootfs $(BUNDLES)

demo: need-build+bundles bundles
	@$(MAKE) -s --no-print-directory $(BUILD)/ocirun
	@OCIRUN='$(abspath $(BUILD)/ocirun)' tests/demo

# --- test ---

.PHONY: check check-unit check-integration check-hostile check-hostile-bites check-crash check-clients check-vm check-vm-all check-load unit-tests asan fuzz coverage lint analyze format
unit-tests: $(UNIT_TESTS)

check: need-build+test+bundles bundles
	@$(MAKE) -s --no-print-directory $(BUILD)/ocirun $(BUILD)/payload $(BUILD)/bench/true $(BUILD)/bench/timer unit-tests
	@OCIRUN='$(abspath $(BUILD)/ocirun)' PAYLOAD='$(abspath $(BUILD)/payload)' tests/prove $(UNIT_TESTS) $(INTEGRATION_TESTS)

check-unit: need-build+test
	@$(MAKE) -s --no-print-directory unit-tests
	@tests/prove $(UNIT_TESTS)

check-integration: need-build+test+bundles bundles
	@$(MAKE) -s --no-print-directory $(BUILD)/ocirun $(BUILD)/payload $(BUILD)/bench/true $(BUILD)/bench/timer
	@OCIRUN='$(abspath $(BUILD)/ocirun)' PAYLOAD='$(abspath $(BUILD)/payload)' tests/prove $(INTEGRATION_TESTS)

# Known escapes of container runtimes. Each race goes on for HOSTILE_SECONDS; as part of `make check`, for a few.
check-hostile: need-build+test+bundles bundles
	@$(MAKE) -s --no-print-directory $(BUILD)/ocirun $(BUILD)/payload
	@OCIRUN='$(abspath $(BUILD)/ocirun)' PAYLOAD='$(abspath $(BUILD)/payload)' HOSTILE_SECONDS='$(HOSTILE_SECONDS)' \
		BATS_TEST_TIMEOUT=$$((120 + 6 * $(HOSTILE_SECONDS))) tests/prove $(HOSTILE_TESTS)

# That these tests can fail: each with a build that lacks one defence. HOSTILE_MUTANTS: so many of them, others each day.
check-hostile-bites: need-build+test+bundles bundles
	@$(MAKE) -s --no-print-directory $(BUILD)/ocirun $(BUILD)/payload
	@BUILD='$(abspath $(BUILD))' CC='$(CC)' HOSTILE_MUTANTS='$(HOSTILE_MUTANTS)' HOSTILE_SECONDS=20 tests/hostile/bites $(MUTANTS)

# Every command killed, and failing, at every system call. CRASH_SECONDS: only as many points as that takes; CRASH_ONLY: one, by its name.
check-crash: need-build+test+bundles bundles
	@$(MAKE) -s --no-print-directory $(BUILD)/ocirun $(BUILD)/payload $(BUILD)/crash/sweep
	@OCIRUN='$(abspath $(BUILD)/ocirun)' PAYLOAD='$(abspath $(BUILD)/payload)' SWEEP='$(abspath $(BUILD)/crash/sweep)' \
		CRASH_SECONDS='$(CRASH_SECONDS)' tests/crash/run $(if $(CRASH_ONLY),--only '$(CRASH_ONLY)') \
		$(if $(CRASH_LOG),--log '$(CRASH_LOG)')

# podman, buildah, containerd, its CRI, docker, Slurm with ocirun as their runtime, or with CLIENT_RUNTIME=/path/to/another. CLIENTS: some of them.
CLIENTS ?= $(patsubst tests/clients/%.bats,%,$(wildcard tests/clients/*.bats))
check-clients: need-build+test+clients
	@$(MAKE) -s --no-print-directory $(BUILD)/ocirun
	@CLIENT_RUNTIME='$(or $(CLIENT_RUNTIME),$(abspath $(BUILD)/ocirun))' tests/clients/run $(CLIENTS:%=tests/clients/%.bats)

# In a VM, what this host may lack: MACHINE is a row of the table in tests/vm/run, VM_TESTS names or files (default: those of its row).
check-vm check-vm-all: need-build+vm+bundles bundles
	@$(MAKE) -s --no-print-directory $(BUILD)/ocirun $(BUILD)/payload $(BUILD)/bench/true $(BUILD)/bench/timer $(BUILD)/bench/floor \
		$(BUILD)/crash/sweep
	@BUILD='$(abspath $(BUILD))' tests/vm/run $(if $(filter %-all,$@),all,$(MACHINE)) $(VM_TESTS)

# Many containers at once, many creates of one id, many runs in a row. tests/load says what LOAD_CONTAINERS=, LOAD_CYCLES= ... are.
check-load: need-build+test+bundles
	@$(MAKE) -s --no-print-directory $(BUILD)/ocirun $(BUILD)/payload
	@OCIRUN='$(abspath $(BUILD)/ocirun)' PAYLOAD='$(abspath $(BUILD)/payload)' tests/load

asan:
	@$(MAKE) -s --no-print-directory BUILD=$(BUILD)/asan SANITIZE=yes CFLAGS='-O1 -g' check

fuzz: need-fuzz
	@CC=clang BUILD='$(BUILD)' FUZZ_SECONDS='$(FUZZ_SECONDS)' FUZZ_ONLY='$(FUZZ_ONLY)' tests/fuzz/run

# By all tests, or by those of COVERAGE_SUITES="check-unit check-load"; COVERAGE_FILES=yes: of each file.
coverage: need-coverage
	@BUILD='$(BUILD)' COVERAGE_SUITES='$(COVERAGE_SUITES)' COVERAGE_FILES='$(COVERAGE_FILES)' tests/coverage

lint: need-lint
	@tests/lint

# Slower than lint: what analyzers find.
analyze: need-analyze
	@tests/analyze

format: need-lint
	clang-format -i $(wildcard cmd/*.[ch] spec/*.[ch] runtime/*.[ch] runtime/*/*.[ch] tests/*.[ch] tests/*/*.[ch])

# --- measure: BENCH_WRAP is put in front of the runner, to enter another root with newer peers, for instance ---

# Stays empty where there is no profile.
$(BUILD)/bench/seccomp.json: tests/seccomp.jq $(wildcard /usr/share/containers/seccomp.json)
	@mkdir -p $(@D)
	@jq -c --arg arch amd64 --argjson caps '["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"]' -f $^ >$@ 2>/dev/null </dev/null || :

.PHONY: bench bench-memory bench-plot
bench: need-build
	@$(MAKE) -s --no-print-directory $(BUILD)/ocirun $(BUILD)/bench/floor $(BUILD)/bench/timer $(BUILD)/bench/true $(BUILD)/bench/seccomp.json $(BUILD)/payload
	@$(BENCH_WRAP) env BUILD='$(BUILD)' BENCH_RUNS='$(BENCH_RUNS)' PEERS='$(PEERS)' tests/bench/run

bench-plot: need-bench
	@tests/bench/plot $(BUILD)/bench/result.json >$(BUILD)/bench/result.svg
	@tests/bench/chart $(BUILD)/bench/timing.json >$(BUILD)/bench/timing.svg
	@echo $(BUILD)/bench/result.svg $(BUILD)/bench/timing.svg

# With a map of what the program is linked of.
.PHONY: order
order: private ORDERED := $(BUILD)/order
order: need-build
	@$(MAKE) -s --no-print-directory BUILD='$(ORDERED)' ORDER= LDFLAGS='-Wl,-Map=$(ORDERED)/ocirun.map' \
		$(ORDERED)/ocirun $(ORDERED)/payload $(ORDERED)/bench/true $(ORDERED)/bench/touched
	@BUILD='$(ORDERED)' tests/bench/order >$(ORDERED)/order.ld
	@mv $(ORDERED)/order.ld runtime/order.ld

bench-memory: need-build
	@$(MAKE) -s --no-print-directory $(BUILD)/ocirun $(BUILD)/bench/true
	@BUILD='$(BUILD)' PEERS='$(PEERS)' tests/bench/memory

# --- completion for shells ---

# Out of the tables of options that the program has.
COMPLETIONS := $(patsubst %,$(BUILD)/completion/%,bash zsh fish)
.PHONY: completion
completion: $(COMPLETIONS)
$(COMPLETIONS): $(BUILD)/ocirun cmd/completion.awk cmd/completion.bash
	@mkdir -p $(@D)
	$(call say,AWK)
	$(QUIET)$(BUILD)/ocirun help rows | awk -v shell=$(@F) -v template=cmd/completion.bash -f cmd/completion.awk >$@

# --- install ---

.PHONY: install install-podman uninstall clean help
install: $(BUILD)/ocirun $(COMPLETIONS)
	install -D -m 755 $(BUILD)/ocirun $(DESTDIR)$(PREFIX)/bin/ocirun
	install -D -m 644 cmd/ocirun.8 $(DESTDIR)$(PREFIX)/share/man/man8/ocirun.8
	install -D -m 644 $(BUILD)/completion/bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/ocirun
	install -D -m 644 $(BUILD)/completion/zsh $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_ocirun
	install -D -m 644 $(BUILD)/completion/fish $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/ocirun.fish

# So that podman knows ocirun: what it changes is in cmd/podman.conf.
PODMAN_CONF := $(DESTDIR)/etc/containers/containers.conf.d/ocirun.conf
install-podman:
	@install -d $(dir $(PODMAN_CONF))
	sed 's|@BINDIR@|$(PREFIX)/bin|' cmd/podman.conf >$(PODMAN_CONF)

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/ocirun $(DESTDIR)$(PREFIX)/share/man/man8/ocirun.8 \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/ocirun $(PODMAN_CONF) \
		$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_ocirun \
		$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/ocirun.fish

clean:
	rm -rf $(BUILD) bundles/*/rootfs bundles/hooks/config.json bundles/hooks/log

help:
	@sed -n 's/^#help \{0,1\}//p' Makefile
#help make                     build build/ocirun: one static program (STATIC=no: dynamic; CC=clang; WERROR=yes)
#help make deps                install what building needs (Debian, Ubuntu; elsewhere: name it)
#help make demo                watch a container being created, started, inspected, killed and deleted (root)
#help make bundles             make the root file systems of bundles/
#help make check               all tests (check-unit, check-integration: one half); the last line has the totals
#help make check-hostile       known escapes, each race for a minute (HOSTILE_SECONDS=60)
#help make check-hostile-bites that these tests fail without what they test, a build each (MUTANTS="self-exe session" HOSTILE_MUTANTS=10)
#help make check-crash         every command killed, and failing, at every system call: hours (CRASH_SECONDS=90, CRASH_ONLY="create default")
#help make check-clients       podman, buildah, containerd, docker, Slurm on ocirun (CLIENTS="podman docker" CLIENT_RUNTIME=/path)
#help make check-vm            the tests in a Debian VM: full privilege, cgroup v2 (MACHINE=bookworm, VM_TESTS="cgroups hostile crash")
#help make check-vm-all        on all its machines (other kernels, cgroup v1, SELinux) the files that say something new there (hours)
#help make check-load          1,000 containers, 200 creates of one id, 10,000 runs: nothing lost, nothing left (root; LOAD_CONTAINERS=100 ...)
#help make asan                all tests with AddressSanitizer and UndefinedBehaviorSanitizer
#help make fuzz                fuzz what reads bytes of others: documents, messages, the plan, files (FUZZ_SECONDS=60 each; FUZZ_ONLY=spec)
#help make lint                formatting, dependency arrows, sizes, shell scripts
#help make analyze             what cppcheck, gcc -fanalyzer and clang-tidy find
#help make format              format the C sources
#help make coverage            how many lines the tests reach, by folder (COVERAGE_SUITES=check-unit COVERAGE_FILES=yes)
#help make bench               time, memory, system calls beside crun, runc, youki (BENCH_RUNS=60 PEERS="/path ...")
#help make bench-plot           draw what make bench has measured last: build/bench/result.svg, timing.svg
#help make order                how the linker orders functions, anew: runtime/order.ld, by what the usual commands execute (root)
#help make bench-memory        the smallest memory limit of a container, beside crun and runc (root; a memory controller)
#help make completion          what bash, zsh and fish complete, into build/completion
#help make install             PREFIX=/usr/local DESTDIR=; uninstall undoes it
#help make install-podman      tell podman of it: podman --runtime ocirun
#help make clean               remove what make made
