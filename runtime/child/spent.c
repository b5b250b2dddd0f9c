/* See spent.h. */
#include "runtime/child/spent.h"

#include "runtime/sys.h"

#include <errno.h>
#include <stdlib.h>

#define SPENT_MAX 64

/* The child is one thread in a process of its own: its spent descriptors are the process's. */
static struct {
	int fd[SPENT_MAX];
	int n;
} spent;

static int ascending(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static void close_all(void)
{
	qsort(spent.fd, spent.n, sizeof(spent.fd[0]), ascending);
	for (int i = 0, j; i < spent.n; i = j + 1) {
		for (j = i; j + 1 < spent.n && spent.fd[j + 1] == spent.fd[j] + 1; j++)
			;
		sys_close_range(spent.fd[i], spent.fd[j], 0);
	}
	spent.n = 0;
}

void spent_add(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		spent.fd[spent.n++] = *fd;
	*fd = -1;
	if (spent.n == SPENT_MAX)
		close_all();
	errno = saved;
}
