/*
 * Where the kernel begins with us, before libc. A start touches nearly all pages that we have, one
 * page fault for each or, of what is only read, for every sixteen: in a virtual machine whose host
 * has a part in each fault, half of the time of a start. So the kernel is asked for all of them at
 * once, by four calls: the functions that the usual commands execute, what is only read, and what
 * is written (relocations, data, our part of the stack). Only pages that would come anyway; whether
 * it works does not matter. `run` starts us twice.
 *
 * Nothing is relocated yet: no function, pointer or variable of others may be used here.
 */
#include "runtime/arch.h"

#include <elf.h>
#include <link.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define PAGE 4096UL /* where pages are larger, the calls fail and nothing is lost */
#define STACK_USED (12 * PAGE)
#define POPULATE_READ 22 /* MADV_POPULATE_READ, _WRITE: Linux 5.14 */
#define POPULATE_WRITE 23

extern const char order_end[] __attribute__((visibility("hidden"))); /* order.ld */
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

static inline __attribute__((always_inline)) void populate(uintptr_t from, uintptr_t to, int how)
{
	from &= ~(PAGE - 1);
	if (to > from)
		arch_call(SYS_madvise, (long)from, (long)(to - from), how);
}

void entry_populate(uintptr_t stack);

/* No stack protector: its canary comes with libc. */
__attribute__((used, visibility("hidden"), no_stack_protector)) void entry_populate(uintptr_t stack)
{
	const uintptr_t base = (uintptr_t)&__ehdr_start;
	const ElfW(Phdr) *p = (const ElfW(Phdr) *)(base + __ehdr_start.e_phoff);

	/* The headers are before the functions. */
	for (unsigned i = 1; i < __ehdr_start.e_phnum; i++) {
		const uintptr_t from = base + p[i].p_vaddr, to = from + p[i].p_memsz;

		if (p[i].p_type != PT_LOAD)
			continue;
		if (p[i].p_flags & PF_X)
			populate(base, (uintptr_t)order_end, POPULATE_READ);
		else
			populate(from, to, p[i].p_flags & PF_W ? POPULATE_WRITE : POPULATE_READ);
	}
	populate(stack - STACK_USED, stack, POPULATE_WRITE);
}

ARCH_ENTRY(entry, entry_populate);
