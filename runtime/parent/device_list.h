/*
 * The device rules of a cgroup v1: one word for all devices, and a list of exceptions to it, which
 * its file devices.list shows where the word is "deny".
 */
#ifndef OCIRUN_DEVICE_LIST_H
#define OCIRUN_DEVICE_LIST_H

#include "runtime/plan.h"
#include "spec/arena.h"

struct device_entry {
	char type;            /* 'c', 'b' */
	int64_t major, minor; /* -1: any */
	unsigned access;      /* 1 read, 2 write, 4 mknod */
};

/* "rw", for instance; returns text. */
char *device_access_text(unsigned access, char text[4]);

struct device_list {
	bool all; /* allowed, but for the exceptions */
	size_t n;
	struct device_entry *v;
};

/* What these rules come to, one after the other. */
struct device_list device_list_of_rules(struct arena *a, const plan_device_rule_list *rules);

/* From the text of devices.list, which does not tell the exceptions where everything is allowed. */
struct device_list device_list_of_text(struct arena *a, const char *text);

/*
 * Change one into the other, by writes to files of the directory; -1 with errno. Between two lists
 * of what is allowed nothing that both have is ever denied, and nothing allowed that neither has.
 * To or from "everything" there are such moments.
 */
int device_list_change(int directory, const struct device_list *from, const struct device_list *to);

#endif
