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

#include <stdint.h>
#include <sys/syscall.h>

#define PAGE 4096UL /* where pages are larger, the calls fail and nothing is lost */
#define STACK_USED (12 * PAGE)
#define POPULATE_READ 22 /* MADV_POPULATE_READ, _WRITE: Linux 5.14 */
#define POPULATE_WRITE 23

/* order.ld, and the linker: the segments are the headers, functions, constants and data. */
#define BORDER(name) extern const char name[] __attribute__((visibility("hidden")))
BORDER(__ehdr_start);
BORDER(order_end);
BORDER(etext);
BORDER(__init_array_start);
BORDER(_end);

static inline __attribute__((always_inline)) uintptr_t page_of(const char *at)
{
	return (uintptr_t)at & ~(PAGE - 1);
}

static inline __attribute__((always_inline)) void populate(uintptr_t from, uintptr_t to, int how)
{
	arch_call(SYS_madvise, (long)from, (long)(to - from), how);
}

void entry_populate(const char *stack);

/* No stack protector: its canary comes with libc. */
__attribute__((used, visibility("hidden"), no_stack_protector)) void entry_populate(
	const char *stack)
{
	const uintptr_t data = page_of(__init_array_start);

	populate(page_of(__ehdr_start), (uintptr_t)order_end, POPULATE_READ);
	populate(page_of(etext) + PAGE, data, POPULATE_READ);
	populate(data, (uintptr_t)_end, POPULATE_WRITE);
	populate(page_of(stack) - STACK_USED, (uintptr_t)stack, POPULATE_WRITE);
}

ARCH_ENTRY(entry, entry_populate);
