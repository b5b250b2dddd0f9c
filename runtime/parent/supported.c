/*
 * What config.json may ask for and this version can't do yet: each an error that names the field,
 * never silence. A field leaves this file when it works.
 */
#include "runtime/parent/supported.h"

#include "runtime/parent/container.h"

#include <stdio.h>
#include <string.h>

static void not_yet(struct error *e, bool asked, const char *field)
{
	if (asked)
		error_add(e, field, "not supported yet");
}

static bool text(const char *s)
{
	return s && *s;
}

/* A limit of 0 or -1 asks for what there is without it. */
static bool limit(const int64_t *v)
{
	return v && *v != 0 && *v != -1;
}

static bool number(const uint64_t *v)
{
	return v && *v != 0;
}

static void check_memory(const struct spec_memory *m, struct error *e)
{
	not_yet(e, limit(m->limit), "linux.resources.memory.limit");
	not_yet(e, limit(m->reservation), "linux.resources.memory.reservation");
	not_yet(e, limit(m->swap), "linux.resources.memory.swap");
	not_yet(e, limit(m->kernel), "linux.resources.memory.kernel");
	not_yet(e, limit(m->kernel_tcp), "linux.resources.memory.kernelTCP");
	not_yet(e, m->swappiness, "linux.resources.memory.swappiness");
	not_yet(e, m->disable_oom_killer && *m->disable_oom_killer,
		"linux.resources.memory.disableOOMKiller");
}

static void check_cpu(const struct spec_cpu *c, struct error *e)
{
	not_yet(e, number(c->shares), "linux.resources.cpu.shares");
	not_yet(e, limit(c->quota), "linux.resources.cpu.quota");
	not_yet(e, number(c->burst), "linux.resources.cpu.burst");
	not_yet(e, number(c->period) && limit(c->quota), "linux.resources.cpu.period");
	not_yet(e, limit(c->realtime_runtime), "linux.resources.cpu.realtimeRuntime");
	not_yet(e, number(c->realtime_period), "linux.resources.cpu.realtimePeriod");
	not_yet(e, text(c->cpus), "linux.resources.cpu.cpus");
	not_yet(e, text(c->mems), "linux.resources.cpu.mems");
	not_yet(e, c->idle && *c->idle != 0, "linux.resources.cpu.idle");
}

static void check_block_io(const struct spec_block_io *b, struct error *e)
{
	not_yet(e, b->weight && *b->weight, "linux.resources.blockIO.weight");
	not_yet(e, b->leaf_weight && *b->leaf_weight, "linux.resources.blockIO.leafWeight");
	not_yet(e, b->weight_device.n, "linux.resources.blockIO.weightDevice");
	not_yet(e, b->throttle_read_bps_device.n, "linux.resources.blockIO.throttleReadBpsDevice");
	not_yet(e, b->throttle_write_bps_device.n,
		"linux.resources.blockIO.throttleWriteBpsDevice");
	not_yet(e, b->throttle_read_iops_device.n,
		"linux.resources.blockIO.throttleReadIOPSDevice");
	not_yet(e, b->throttle_write_iops_device.n,
		"linux.resources.blockIO.throttleWriteIOPSDevice");
}

static void check_resources(const struct spec_resources *r, struct error *e)
{
	if (r->memory)
		check_memory(r->memory, e);
	if (r->cpu)
		check_cpu(r->cpu, e);
	if (r->block_io)
		check_block_io(r->block_io, e);
	not_yet(e, r->pids && r->pids->limit && *r->pids->limit != -1,
		"linux.resources.pids.limit");
	not_yet(e, r->hugepage_limits.n, "linux.resources.hugepageLimits");
	not_yet(e, r->network && r->network->class_id && *r->network->class_id,
		"linux.resources.network.classID");
	not_yet(e, r->network && r->network->priorities.n, "linux.resources.network.priorities");
	not_yet(e, r->rdma.n, "linux.resources.rdma");
	not_yet(e, r->unified.n, "linux.resources.unified");
	if (r->devices.n)
		container_warn("linux.resources.devices: the rules are not enforced yet");
}

static void check_linux(const struct spec_linux *l, struct error *e)
{
	if (l->resources)
		check_resources(l->resources, e);
}

int supported_check(const struct spec *s, struct error *e)
{
	check_linux(s->linux, e);
	return e->problems ? -1 : 0;
}
