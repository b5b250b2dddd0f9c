/*
 * What depends on the processor. ARCH_CALLS: a system call can be made by its own instruction, with
 * no function of libc between, which two places need: where a new process shares our stack, and a
 * function would return twice by one address (sys_clone3_shared); and before libc has started
 * (entry.c). On other processors than x86-64, and under a sanitizer, which keeps an account of the
 * stack, both do without.
 */
#ifndef OCIRUN_ARCH_H
#define OCIRUN_ARCH_H

#if defined(__SANITIZE_ADDRESS__)
#define ARCH_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARCH_SANITIZED 1
#endif
#endif

#if defined(__x86_64__) && defined(__LP64__) && !defined(ARCH_SANITIZED)
#define ARCH_CALLS 1
/* The result is the kernel's: -errno when it failed. */
static inline __attribute__((always_inline)) long arch_call(long number, long a, long b, long c)
{
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c)
			 : "rcx", "r11", "memory");
	return result;
}
/* Where the kernel begins with us: call `first` with the stack as we find it, then go on where
 * libc begins, which finds everything as the kernel left it. */
#define ARCH_ENTRY(name, first)                            \
	__asm__(".text\n"                                  \
		".globl " #name "\n"                       \
		".type " #name ", @function\n" #name ":\n" \
		"	endbr64\n"                               \
		"	xorl %ebp, %ebp\n"                       \
		"	movq %rdx, %rbx\n"                       \
		"	movq %rsp, %rdi\n"                       \
		"	call " #first "\n"                 \
		"	movq %rbx, %rdx\n"                       \
		"	jmp _start\n"                            \
		".size " #name ", .-" #name "\n")
#else
#define ARCH_CALLS 0
static inline long arch_call(long number, long a, long b, long c)
{
	(void)number, (void)a, (void)b, (void)c;
	return -38; /* ENOSYS */
}
#define ARCH_ENTRY(name, first) struct name
#endif

#endif
