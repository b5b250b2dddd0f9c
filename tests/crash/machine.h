/* What ptrace needs to know of the machine: how a stopped process is kept from making its system
 * call, and how the call's result is changed. */
#ifndef TESTS_CRASH_MACHINE_H
#define TESTS_CRASH_MACHINE_H

#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/user.h>

#if defined(__x86_64__)

#include <stddef.h>

static inline long machine_skip_call(pid_t pid)
{
	return ptrace(PTRACE_POKEUSER, pid, offsetof(struct user_regs_struct, orig_rax), -1L);
}

static inline long machine_set_result(pid_t pid, long result)
{
	return ptrace(PTRACE_POKEUSER, pid, offsetof(struct user_regs_struct, rax), result);
}

#elif defined(__aarch64__)

#include <linux/elf.h>

static inline long machine_skip_call(pid_t pid)
{
	int none = -1;
	struct iovec v = { &none, sizeof(none) };

	return ptrace(PTRACE_SETREGSET, pid, NT_ARM_SYSTEM_CALL, &v);
}

static inline long machine_set_result(pid_t pid, long result)
{
	struct user_regs_struct r;
	struct iovec v = { &r, sizeof(r) };

	if (ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &v) < 0)
		return -1;
	r.regs[0] = (unsigned long)result;
	return ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &v);
}

#else
#error "the crash sweep does not know this machine yet"
#endif

#endif
