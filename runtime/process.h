/*
 * One process, named for ever: a pid alone may be reused, a pid with its start time may not, and a
 * pidfd opened between two looks at the start time is that process. A zombie is a process that has
 * ended.
 */
#ifndef OCIRUN_PROCESS_H
#define OCIRUN_PROCESS_H

#include "spec/error.h"
#include "spec/status.h"

#include <stdbool.h>
#include <sys/types.h>

/* Fill p for a process that exists (a zombie too). -1 with errno, ESRCH when there is none. */
int process_identify(pid_t pid, struct record_process *p);

/* Is it still there and no zombie? 1 or 0; -1 with errno when that can't be found out, which is not
 * the same as its end. */
MUST_CHECK int process_alive(const struct record_process *p);

/* A pidfd of exactly this process; -1 with errno, ESRCH when it has ended. A zombie counts as ended.
 */
int process_open(const struct record_process *p);

/* A pidfd of a child of ours that is not reaped, so that the number is still its; -1 with errno,
 * ECHILD when it is another's. */
int process_open_child(pid_t pid);

/* Write the pid to a file that callers read: digits only, atomically. NULL or empty: to none. */
MUST_CHECK int process_write_pid(const char *file, pid_t pid, struct error *e);

/* Wait until the process behind pidfd has ended, at most `ms` milliseconds (-1: for ever). 0 when
 * it has, -1 with ETIMEDOUT. */
int process_wait_end(int pidfd, int ms);

/* "killed by signal 31 (bad system call)": how a process ended, in words. */
#define PROCESS_SIGNAL_TEXT 64
const char *process_signal_text(int signal, char text[static PROCESS_SIGNAL_TEXT]);

/* Reap a child that is about to end; one that has not ended within a second is killed. As
 * process_reap. */
int process_reap_ending(pid_t pid, int pidfd);

/* Reap a child, EINTR retried. Returns its exit code, or 128 + signal; -1 with errno. */
int process_reap(pid_t pid);

#endif
