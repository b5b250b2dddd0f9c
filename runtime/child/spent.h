/*
 * Descriptors that a step has done with. Closing each costs a system call of its own; kept until
 * there are many, runs of neighbours go in one close_range, and what is left when the container is
 * created goes with everything else.
 */
#ifndef OCIRUN_SPENT_H
#define OCIRUN_SPENT_H

/* Like CLEAN_FD, for the child's steps: closed later, and never inherited by the program
 * (close-on-exec). */
#define SPENT_FD __attribute__((cleanup(spent_add), unused)) int
void spent_add(int *fd);

#endif
