/*
 * Device rules as a program for the kernel's BPF, which cgroup v2 has instead of files. Pure: makes
 * no system calls. cgroup_devices.c loads what it builds.
 */
#ifndef OCIRUN_DEVICE_PROGRAM_H
#define OCIRUN_DEVICE_PROGRAM_H

#include "runtime/plan.h"
#include "spec/arena.h"

#include <linux/bpf.h>

typedef LIST_OF(struct bpf_insn) device_program;

/*
 * The program for these rules: the last rule about a device and a kind of access decides; what no
 * rule is about is denied. Returns 1 to allow, 0 to deny.
 */
device_program device_program_make(struct arena *a, const plan_device_rule_list *rules);

#endif
