/*
 * touched PROGRAM COMMAND...: run COMMAND step by step and print which addresses of PROGRAM its
 * processes execute, one line for each address and process: "PROCESS ADDRESS", the address as the
 * linker gave it. It ends with COMMAND. tests/bench/order makes an order of functions of it.
 */
#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROCESSES_MAX 64
#define TEXT_MAX ((size_t)8 << 20)

/* A process from one execve to the next. */
struct process {
	pid_t pid;
	unsigned long base; /* where PROGRAM is mapped, or 0 */
	unsigned char *seen;
	bool ended;
};

static struct process processes[PROCESSES_MAX];
static size_t count;
static struct stat program;

static struct process *find(pid_t pid)
{
	for (size_t i = 0; i < count; i++)
		if (processes[i].pid == pid)
			return &processes[i];
	if (count == PROCESSES_MAX)
		errx(1, "too many processes");
	processes[count] = (struct process){ .pid = pid, .seen = calloc(1, TEXT_MAX) };
	if (!processes[count].seen)
		err(1, "memory");
	return &processes[count++];
}

static unsigned long find_base(pid_t pid)
{
	char path[64], line[4096];
	unsigned long base = 0, start, offset, inode;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	FILE *maps = fopen(path, "re");

	while (maps && !base && fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%*x %*s %lx %*s %lu", &start, &offset, &inode) == 3 &&
		    inode == program.st_ino && offset == 0)
			base = start;
	if (maps)
		fclose(maps);
	return base;
}

static void stepped(struct process *p)
{
	struct user_regs_struct registers;

	if (p->base && ptrace(PTRACE_GETREGS, p->pid, 0, &registers) == 0) {
		const unsigned long at = registers.rip - p->base;

		if (at < TEXT_MAX && !p->seen[at]) {
			p->seen[at] = 1;
			printf("%d %lx\n", p->pid, at);
		}
	}
}

/* What the command has left behind goes on alone. */
static void let_go(void)
{
	for (size_t i = 0; i < count; i++) {
		const pid_t pid = processes[i].pid;
		int status;

		if (processes[i].ended || kill(pid, SIGSTOP) < 0)
			continue;
		while (waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status) &&
		       WSTOPSIG(status) != SIGSTOP)
			ptrace(PTRACE_SINGLESTEP, pid, 0, 0);
		ptrace(PTRACE_DETACH, pid, 0, 0);
	}
}

int main(int argc, char **argv)
{
	bool begun = false;
	int status;

	if (argc < 3)
		errx(1, "usage: touched PROGRAM COMMAND...");
	if (stat(argv[1], &program) < 0)
		err(1, "%s", argv[1]);
	const pid_t first = fork();

	if (first < 0)
		err(1, "fork");
	if (first == 0) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		execvp(argv[2], argv + 2);
		err(127, "%s", argv[2]);
	}
	for (pid_t pid; (pid = waitpid(-1, &status, __WALL)) > 0;) {
		if (!WIFSTOPPED(status)) {
			find(pid)->ended = true;
			if (pid != first)
				continue;
			if (status != 0)
				errx(1, "%s failed", argv[2]);
			let_go();
			return 0;
		}
		const int signal = WSTOPSIG(status), event = status >> 16;
		struct process *p = find(pid);

		if (!begun)
			ptrace(PTRACE_SETOPTIONS, pid, 0,
			       PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
				       PTRACE_O_TRACEEXEC);
		begun = true;
		if (event == PTRACE_EVENT_EXEC) {
			p->base = find_base(pid);
			memset(p->seen, 0, TEXT_MAX);
		} else if (event == 0 && signal == SIGTRAP) {
			stepped(p);
		}
		const bool deliver = event == 0 && signal != SIGTRAP && signal != SIGSTOP;

		ptrace(PTRACE_SINGLESTEP, pid, 0, deliver ? signal : 0);
	}
	return 0;
}
