/*
 * validate*.c and sysctl.c: each rule with the smallest document that breaks it, and the neighbour
 * that does not.
 */
#include "unit.h"

#include "spec/spec.h"

#define P "\"process\":{\"cwd\":\"/\",\"args\":[\"a\"]"
#define MNT "{\"type\":\"mount\"}"
#define USER "{\"type\":\"user\"}"
#define MAPS \
	"\"uidMappings\":[{\"containerID\":0,\"hostID\":1,\"size\":1}],\"gidMappings\":[{\"containerID\":0,\"hostID\":1,\"size\":1}]"
#define NS(list) "\"namespaces\":[" list "]"
#define LINUX(text) "\"linux\":{" text "}"
#define MOUNT(text) "\"mounts\":[{\"destination\":\"/x\"," text "}]," LINUX(NS(MNT))
#define MAPPED(list)                             \
	LINUX(NS(USER) ",\"uidMappings\":[" list \
		       "],\"gidMappings\":[{\"containerID\":0,\"hostID\":1,\"size\":1}]")
#define MAP(c, h, s) "{\"containerID\":" #c ",\"hostID\":" #h ",\"size\":" #s "}"
#define RES(text) LINUX("\"resources\":{" text "}")
#define SEC(text) LINUX("\"seccomp\":{" text "}")
#define DEV(text) LINUX("\"devices\":[{\"path\":\"/d\"," text "}]")
#define NEEDS(type) "needs a namespace of type \"" type "\" in linux.namespaces"

#define NOTE(name, value) "\"annotations\":{\"" name "\":\"" value "\"}"
#define BIND(options) "\"mounts\":[{\"destination\":\"/x\",\"options\":[" options "]}],"
#define IDMAP_IS                                                                                  \
	" is not like idmap=uids=0-1000-10;gids=@0-0-10, with ids after @ that linux.uidMappings" \
	" and linux.gidMappings have"

/* What stands behind ociVersion and root, and the whole error; NULL: there is none. */
static const struct {
	const char *members;
	const char *error;
} cases[] = {
	{ P "}", NULL },
	/* process */
	{ "\"process\":{\"cwd\":\"/\"}", "process.args: is required" },
	{ "\"process\":{\"cwd\":\"/\",\"args\":[]}", "process.args: must not be empty" },
	{ "\"process\":{\"cwd\":\"/\",\"args\":[\"\",\"x\"]}",
	  "process.args[0]: must not be empty" },
	{ "\"process\":{\"cwd\":\"/\",\"args\":[\"a\",\"\"]}", NULL },
	{ "\"process\":{\"cwd\":\"tmp\",\"args\":[\"a\"]}",
	  "process.cwd: \"tmp\" is not absolute" },
	{ "\"process\":{\"cwd\":\"\",\"args\":[\"a\"]}", "process.cwd: must not be empty" },
	{ P ",\"env\":[\"A=b=c\",\"B=\",\"C\"]}", "process.env[2]: \"C\" has no \"=\"" },
	{ P ",\"env\":[\"=x\"]}", "process.env[0]: \"=x\" has no name before \"=\"" },
	{ P ",\"user\":{\"uid\":4294967295}}", "process.user.uid: 4294967295 is no user id" },
	{ P ",\"user\":{\"gid\":4294967295}}", "process.user.gid: 4294967295 is no group id" },
	{ P ",\"user\":{\"uid\":4294967294,\"gid\":4294967294}}", NULL },
	{ P ",\"user\":{\"uid\":4294967296}}",
	  "process.user.uid: 4294967296 is out of range, 0 to 4294967295" },
	{ P ",\"user\":{\"additionalGids\":[0,4294967295]}}",
	  "process.user.additionalGids[1]: 4294967295 is no group id" },
	{ P ",\"user\":{\"umask\":511}}", NULL },
	{ P ",\"user\":{\"umask\":512}}",
	  "process.user.umask: 512 is more than 511, which is 0777" },
	{ P
	  ",\"rlimits\":[{\"type\":\"RLIMIT_AS\",\"soft\":1,\"hard\":1},{\"type\":\"RLIMIT_AS\",\"soft\":1,\"hard\":1}]}",
	  "process.rlimits[1].type: \"RLIMIT_AS\" is there twice" },
	{ P ",\"rlimits\":[{\"type\":\"RLIMIT_AS\",\"soft\":2,\"hard\":1}]}",
	  "process.rlimits[0].soft: 2 is more than hard, 1" },
	{ P ",\"rlimits\":[{\"type\":\"RLIMIT_X\",\"soft\":1,\"hard\":1}]}",
	  "process.rlimits[0].type: unknown resource limit \"RLIMIT_X\"" },
	{ P ",\"oomScoreAdj\":-1000}", NULL },
	{ P ",\"oomScoreAdj\":1001}", "process.oomScoreAdj: 1001 is out of range, -1000 to 1000" },
	{ P ",\"oomScoreAdj\":-1001}",
	  "process.oomScoreAdj: -1001 is out of range, -1000 to 1000" },
	{ P ",\"scheduler\":{\"policy\":\"SCHED_OTHER\",\"nice\":19}}", NULL },
	{ P ",\"scheduler\":{\"policy\":\"SCHED_OTHER\",\"nice\":20}}",
	  "process.scheduler.nice: 20 is out of range, -20 to 19" },
	{ P ",\"scheduler\":{\"policy\":\"SCHED_IDLE\",\"nice\":1}}", NULL },
	{ P ",\"scheduler\":{\"policy\":\"SCHED_FIFO\",\"priority\":99}}", NULL },
	{ P ",\"scheduler\":{\"policy\":\"SCHED_FIFO\"}}",
	  "process.scheduler.priority: 0 is out of range, 1 to 99" },
	{ P ",\"scheduler\":{\"policy\":\"SCHED_BATCH\",\"priority\":5}}",
	  "process.scheduler.priority: 5 is only for policies \"SCHED_FIFO\" and \"SCHED_RR\"" },
	{ P ",\"scheduler\":{\"policy\":\"SCHED_RR\",\"priority\":1,\"period\":5}}",
	  "process.scheduler.period: 5 is only for policy \"SCHED_DEADLINE\"" },
	{ P
	  ",\"scheduler\":{\"policy\":\"SCHED_DEADLINE\",\"runtime\":1,\"deadline\":2,\"period\":3}}",
	  NULL },
	{ P ",\"scheduler\":{\"policy\":\"SCHED_DEADLINE\"}}",
	  "process.scheduler.runtime: is required for policy \"SCHED_DEADLINE\"\n"
	  "process.scheduler.deadline: is required for policy \"SCHED_DEADLINE\"" },
	{ P ",\"scheduler\":{\"policy\":\"SCHED_DEADLINE\",\"runtime\":3,\"deadline\":2}}",
	  "process.scheduler.runtime: 3 is more than deadline, 2" },
	{ P
	  ",\"scheduler\":{\"policy\":\"SCHED_DEADLINE\",\"runtime\":1,\"deadline\":4,\"period\":3}}",
	  "process.scheduler.deadline: 4 is more than period, 3" },
	{ P
	  ",\"scheduler\":{\"policy\":\"SCHED_DEADLINE\",\"runtime\":1,\"deadline\":2}},\"hooks\":{\"startContainer\":[{\"path\":\"/h\"}]}",
	  "process.scheduler.policy: \"SCHED_DEADLINE\" needs flag \"SCHED_FLAG_RESET_ON_FORK\" because of hooks.startContainer" },
	{ P
	  ",\"scheduler\":{\"policy\":\"SCHED_DEADLINE\",\"runtime\":1,\"deadline\":2,\"flags\":[\"SCHED_FLAG_RESET_ON_FORK\"]}},\"hooks\":{\"startContainer\":[{\"path\":\"/h\"}]}",
	  NULL },
	{ P ",\"execCPUAffinity\":{\"initial\":\"0-3,7\",\"final\":\"8191\"}}", NULL },
	{ P ",\"execCPUAffinity\":{\"initial\":\"x\",\"final\":\"8192\"}}",
	  "process.execCPUAffinity.initial: \"x\" is no list of numbers such as \"0-3,7\"\n"
	  "process.execCPUAffinity.final: \"8192\" goes beyond 8191, the last possible one" },
	{ P ",\"ioPriority\":{\"class\":\"IOPRIO_CLASS_BE\",\"priority\":8}}",
	  "process.ioPriority.priority: 8 is out of range, 0 to 7" },
	{ P ",\"consoleSize\":{\"height\":65536,\"width\":1}}", NULL },
	{ P ",\"terminal\":true,\"consoleSize\":{\"height\":65536,\"width\":1}}",
	  "process.consoleSize.height: 65536 is out of range, 0 to 65535" },
	{ P ",\"capabilities\":{\"bounding\":[\"CAP_NEW\"]}}", NULL },
	/* hooks */
	{ "\"hooks\":{\"poststop\":[{\"path\":\"/a\",\"timeout\":1}]}", NULL },
	{ "\"hooks\":{\"prestart\":[{\"path\":\"a\"}]}",
	  "hooks.prestart[0].path: \"a\" is not absolute" },
	{ "\"hooks\":{\"createContainer\":[{\"path\":\"/a\",\"timeout\":0}]}",
	  "hooks.createContainer[0].timeout: 0 is not greater than 0" },
	{ "\"hooks\":{\"poststart\":[{\"path\":\"/a\",\"env\":[\"x\"]}]}",
	  "hooks.poststart[0].env[0]: \"x\" has no \"=\"" },
	{ "\"hooks\":{\"startContainer\":[{\"path\":\"\"}]}",
	  "hooks.startContainer[0].path: must not be empty" },
	/* mounts */
	{ MOUNT("\"type\":\"proc\""), NULL },
	{ "\"mounts\":[{\"destination\":\"\"}]," LINUX(NS(MNT)),
	  "mounts[0].destination: must not be empty" },
	{ "\"mounts\":[{\"destination\":\"rel\"}]," LINUX(NS(MNT)), NULL },
	{ MOUNT("\"options\":[\"bind\",\"idmap\"]"),
	  "mounts[0].options[1]: \"idmap\" needs uidMappings and gidMappings, or a user namespace in linux.namespaces" },
	{ MOUNT("\"options\":[\"ridmap\"]," MAPS), NULL },
	{ MOUNT("\"uidMappings\":[" MAP(0, 0, 1) "]"),
	  "mounts[0].gidMappings: is required because uidMappings is there" },
	{ MOUNT("\"gidMappings\":[" MAP(0, 0, 1) "]"),
	  "mounts[0].uidMappings: is required because gidMappings is there" },
	/* namespaces and what needs one */
	{ LINUX(NS("{\"type\":\"pid\"},{\"type\":\"ipc\"},{\"type\":\"pid\"}")),
	  "linux.namespaces[2].type: \"pid\" is there twice" },
	{ LINUX(NS("{\"type\":\"pidd\"}")),
	  "linux.namespaces[0].type: unknown namespace type \"pidd\"" },
	{ LINUX(NS("{\"type\":\"pid\",\"path\":\"proc/1/ns/pid\"}")),
	  "linux.namespaces[0].path: \"proc/1/ns/pid\" is not absolute" },
	{ LINUX(NS("{\"type\":\"pid\",\"path\":\"\"}")), NULL },
	{ "\"hostname\":\"h\"", "hostname: " NEEDS("uts") },
	{ "\"hostname\":\"\"", NULL },
	{ "\"domainname\":\"h\"", "domainname: " NEEDS("uts") },
	{ "\"hostname\":\"h\"," LINUX(NS("{\"type\":\"uts\",\"path\":\"/n\"}")), NULL },
	{ LINUX("\"maskedPaths\":[\"/x\"]"), "linux.maskedPaths: " NEEDS("mount") },
	{ LINUX("\"readonlyPaths\":[\"/x\"]"), "linux.readonlyPaths: " NEEDS("mount") },
	{ LINUX("\"rootfsPropagation\":\"rslave\""), "linux.rootfsPropagation: " NEEDS("mount") },
	{ LINUX("\"rootfsPropagation\":\"sslave\""),
	  "linux.rootfsPropagation: unknown mount propagation \"sslave\"" },
	{ LINUX(NS(MNT) ",\"maskedPaths\":[\"/x\",\"y\"]"),
	  "linux.maskedPaths[1]: \"y\" is not absolute" },
	{ LINUX(NS(MNT) ",\"readonlyPaths\":[\"\"]"),
	  "linux.readonlyPaths[0]: \"\" is not absolute" },
	{ LINUX("\"netDevices\":{\"eth0\":{}}"), "linux.netDevices: " NEEDS("network") },
	{ LINUX("\"timeOffsets\":{\"boottime\":{\"secs\":1}}"),
	  "linux.timeOffsets: " NEEDS("time") },
	{ LINUX(NS(
		  "{\"type\":\"time\"}") ",\"timeOffsets\":{\"monotonic\":{\"nanosecs\":1000000000}}"),
	  "linux.timeOffsets.monotonic.nanosecs: 1000000000 is out of range, 0 to 999999999" },
	{ LINUX(NS("{\"type\":\"time\",\"path\":\"/t\"}") ",\"timeOffsets\":{}"), NULL },
	{ LINUX(NS(
		  "{\"type\":\"time\",\"path\":\"/t\"}") ",\"timeOffsets\":{\"boottime\":{\"secs\":1}}"),
	  "linux.timeOffsets: linux.namespaces[0] has a path: the clocks of a time namespace are set "
	  "when it is made" },
	/* user namespaces */
	{ LINUX(NS(USER) "," MAPS), NULL },
	{ LINUX(NS(USER)), NULL },
	{ LINUX(NS(USER) ",\"uidMappings\":[" MAP(0, 1, 1) "]"),
	  "linux.gidMappings: is required because uidMappings is there" },
	{ LINUX(NS(USER) ",\"gidMappings\":[" MAP(0, 1, 1) "]"),
	  "linux.uidMappings: is required because gidMappings is there" },
	{ LINUX(NS("{\"type\":\"user\",\"path\":\"/u\"}")), NULL },
	{ LINUX(NS("{\"type\":\"user\",\"path\":\"/u\"}") "," MAPS), NULL },
	{ LINUX("\"uidMappings\":[" MAP(0, 0, 1) "]"), "linux.uidMappings: " NEEDS("user") },
	{ MAPPED(MAP(0, 1, 0)), "linux.uidMappings[0].size: must not be 0" },
	{ MAPPED(MAP(0, 1, 10) "," MAP(9, 100, 1)),
	  "linux.uidMappings[1].containerID: 9 with size 1 overlaps linux.uidMappings[0]" },
	{ MAPPED(MAP(0, 1, 10) "," MAP(10, 10, 1)),
	  "linux.uidMappings[1].hostID: 10 with size 1 overlaps linux.uidMappings[0]" },
	{ MAPPED(MAP(0, 1, 10) "," MAP(10, 11, 1)), NULL },
	{ MAPPED(MAP(0, 0, 4294967295)), NULL },
	{ MAPPED(MAP(1, 0, 4294967295)),
	  "linux.uidMappings[0]: containerID 1 and size 4294967295 go beyond the last id, 4294967294" },
	{ MAPPED(MAP(0, 4294967295, 1)),
	  "linux.uidMappings[0]: hostID 4294967295 and size 1 go beyond the last id, 4294967294" },
	{ P ",\"user\":{\"uid\":9}}," MAPPED(MAP(0, 1, 1) "," MAP(5, 100, 5)), NULL },
	{ P ",\"user\":{\"uid\":4}}," MAPPED(MAP(0, 1, 1) "," MAP(5, 100, 5)),
	  "process.user.uid: 4 is not mapped by linux.uidMappings" },
	{ P ",\"user\":{\"uid\":10}}," MAPPED(MAP(0, 1, 1) "," MAP(5, 100, 5)),
	  "process.user.uid: 10 is not mapped by linux.uidMappings" },
	{ P ",\"user\":{\"gid\":1}}," MAPPED(MAP(0, 1, 10)),
	  "process.user.gid: 1 is not mapped by linux.gidMappings" },
	{ P ",\"user\":{\"additionalGids\":[0,7]}}," MAPPED(MAP(0, 1, 10)),
	  "process.user.additionalGids[1]: 7 is not mapped by linux.gidMappings" },
	{ P "}," MAPPED(MAP(1, 100, 5)), "process.user.uid: 0 is not mapped by linux.uidMappings" },
	/* devices */
	{ DEV("\"type\":\"c\",\"major\":1,\"minor\":2,\"fileMode\":4095"), NULL },
	{ DEV("\"type\":\"p\""), NULL },
	{ DEV("\"type\":\"u\",\"major\":1"),
	  "linux.devices[0].minor: is required for a device of this type" },
	{ DEV("\"type\":\"b\",\"minor\":1"),
	  "linux.devices[0].major: is required for a device of this type" },
	{ DEV("\"type\":\"c\",\"major\":-1,\"minor\":1"),
	  "linux.devices[0].major: -1 is out of range, 0 to 4095" },
	{ DEV("\"type\":\"x\""), "linux.devices[0].type: unknown device type \"x\"" },
	{ DEV("\"type\":\"p\",\"fileMode\":4096"), NULL /* S_IFIFO */ },
	{ DEV("\"type\":\"c\",\"major\":1,\"minor\":2,\"fileMode\":8630"),
	  NULL /* S_IFCHR | 0666, of docker */ },
	{ DEV("\"type\":\"b\",\"major\":1,\"minor\":2,\"fileMode\":8630"),
	  "linux.devices[0].fileMode: 8630 is more than 4095, which is 07777" },
	{ DEV("\"type\":\"p\",\"uid\":4294967295"),
	  "linux.devices[0].uid: 4294967295 is no user id" },
	{ LINUX("\"devices\":[{\"path\":\"d\",\"type\":\"p\"}]"),
	  "linux.devices[0].path: \"d\" is not absolute" },
	{ LINUX("\"devices\":[{\"path\":\"/a/../d\",\"type\":\"p\"}]"),
	  "linux.devices[0].path: \"/a/../d\" has a \"..\"" },
	{ LINUX("\"devices\":[{\"path\":\"/a..b/..c\",\"type\":\"p\"}]"), NULL },
	/* net devices */
	{ LINUX(NS(
		  "{\"type\":\"network\"}") ",\"netDevices\":{\"eth0\":{\"name\":\"e\"},\"eth1\":{}}"),
	  NULL },
	{ LINUX(NS("{\"type\":\"network\"}") ",\"netDevices\":{\"a b\":{}}"),
	  "linux.netDevices[\"a b\"]: is no name of a network interface" },
	{ LINUX(NS(
		  "{\"type\":\"network\"}") ",\"netDevices\":{\"e\":{\"name\":\"1234567890123456\"}}"),
	  "linux.netDevices[\"e\"].name: \"1234567890123456\" is no name of a network interface" },
	{ LINUX(NS("{\"type\":\"network\"}") ",\"netDevices\":{\"e\":{\"name\":\"..\"}}"),
	  "linux.netDevices[\"e\"].name: \"..\" is no name of a network interface" },
	{ LINUX(NS(
		  "{\"type\":\"network\"}") ",\"netDevices\":{\"e0\":{\"name\":\"x\"},\"e1\":{\"name\":\"x\"}}"),
	  "linux.netDevices[\"e1\"].name: \"x\" is taken by linux.netDevices[\"e0\"]" },
	{ LINUX(NS(
		  "{\"type\":\"network\"}") ",\"netDevices\":{\"e0\":{\"name\":\"x%d\"},\"e1\":{\"name\":\"x%d\"}}"),
	  NULL },
	{ LINUX(NS("{\"type\":\"network\"}") ",\"netDevices\":{\"e0\":{\"name\":\"x%dy\"}}"),
	  "linux.netDevices[\"e0\"].name: \"x%dy\" has a % that is not the %d of a template at its end" },
	/* cgroups and resources */
	{ LINUX("\"cgroupsPath\":\"a.slice:b:c..d\""), NULL },
	{ LINUX("\"cgroupsPath\":\"/a/../b\""), "linux.cgroupsPath: \"/a/../b\" has a \"..\"" },
	{ RES("\"memory\":{\"limit\":-1},\"pids\":{\"limit\":0},\"cpu\":{\"shares\":0,\"quota\":0}"),
	  NULL },
	{ RES("\"memory\":{\"swap\":-2}"),
	  "linux.resources.memory.swap: -2 is neither -1 nor a number of bytes" },
	{ RES("\"memory\":{\"swappiness\":101}"),
	  "linux.resources.memory.swappiness: 101 is out of range, 0 to 100" },
	{ RES("\"cpu\":{\"idle\":2}"), "linux.resources.cpu.idle: 2 is neither 0 nor 1" },
	{ RES("\"cpu\":{\"quota\":5,\"burst\":6}"),
	  "linux.resources.cpu.burst: 6 is more than quota, 5" },
	{ RES("\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":1}]"), NULL },
	{ RES("\"hugepageLimits\":[{\"pageSize\":\"02MB\",\"limit\":1}]"),
	  "linux.resources.hugepageLimits[0].pageSize: \"02MB\" is no page size, expected one such as \"2MB\"" },
	{ RES("\"hugepageLimits\":[{\"pageSize\":\"2\",\"limit\":1}]"),
	  "linux.resources.hugepageLimits[0].pageSize: \"2\" is no page size, expected one such as \"2MB\"" },
	{ RES("\"devices\":[{\"allow\":true,\"type\":\"d\"}]"),
	  "linux.resources.devices[0].type: unknown device type \"d\", expected \"a\", \"b\" or \"c\"" },
	{ RES("\"devices\":[{\"allow\":true,\"access\":\"rx\"}]"),
	  "linux.resources.devices[0].access: \"rx\" has other letters than \"r\", \"w\" and \"m\"" },
	{ RES("\"rdma\":{\"mlx\":{}}"),
	  "linux.resources.rdma[\"mlx\"]: needs hcaHandles or hcaObjects" },
	{ RES("\"unified\":{\"../x\":\"1\"}"),
	  "linux.resources.unified[\"../x\"]: is no name of a cgroup file" },
	{ RES("\"unified\":{\"cgroup.freeze\":\"1\"}"),
	  "linux.resources.unified[\"cgroup.freeze\"]: is no limit: it would stop the container "
	  "before its start" },
	{ RES("\"unified\":{\"cgroup.kill\":\"1\"}"),
	  "linux.resources.unified[\"cgroup.kill\"]: is no limit: it would stop the container "
	  "before its start" },
	{ RES("\"unified\":{\"cgroup.freeze\":\"0\",\"cgroup.max.depth\":\"3\"}"), NULL },
	{ RES("\"blockIO\":{\"weightDevice\":[{\"major\":1,\"minor\":2}]}"),
	  "linux.resources.blockIO.weightDevice[0]: needs weight or leafWeight" },
	/* sysctl */
	{ "\"domainname\":\"d\"," LINUX(
		  NS("{\"type\":\"uts\"}") ",\"sysctl\":{\"kernel.domainname\":\"y\"}"),
	  "linux.sysctl[\"kernel.domainname\"]: conflicts with domainname" },
	/* memoryPolicy */
	{ LINUX("\"memoryPolicy\":{\"mode\":\"MPOL_BIND\",\"nodes\":\"0-1023\"}"), NULL },
	{ LINUX("\"memoryPolicy\":{\"mode\":\"MPOL_DEFAULT\"}"), NULL },
	{ LINUX("\"memoryPolicy\":{\"mode\":\"MPOL_BIND\",\"nodes\":\"1024\"}"),
	  "linux.memoryPolicy.nodes: \"1024\" goes beyond 1023, the last possible one" },
	{ LINUX("\"memoryPolicy\":{\"mode\":\"MPOL_INTERLEAVE\"}"),
	  "linux.memoryPolicy.nodes: is required for mode \"MPOL_INTERLEAVE\"" },
	{ LINUX("\"memoryPolicy\":{\"mode\":\"MPOL_LOCAL\",\"nodes\":\"0\",\"flags\":[\"MPOL_F_STATIC_NODES\"]}"),
	  "linux.memoryPolicy.nodes: mode \"MPOL_LOCAL\" has none\n"
	  "linux.memoryPolicy.flags: mode \"MPOL_LOCAL\" has none" },
	{ LINUX("\"memoryPolicy\":{\"mode\":\"MPOL_PREFERRED\",\"nodes\":\"0\",\"flags\":[\"MPOL_F_NUMA_BALANCING\"]}"),
	  "linux.memoryPolicy.flags: \"MPOL_F_NUMA_BALANCING\" is only for modes \"MPOL_BIND\" and \"MPOL_PREFERRED_MANY\"" },
	{ LINUX("\"memoryPolicy\":{\"mode\":\"MPOL_BIND\",\"nodes\":\"0\",\"flags\":[\"MPOL_F_STATIC_NODES\",\"MPOL_F_RELATIVE_NODES\"]}"),
	  "linux.memoryPolicy.flags: \"MPOL_F_RELATIVE_NODES\" and \"MPOL_F_STATIC_NODES\" exclude each other" },
	/* intelRdt, personality */
	{ LINUX("\"intelRdt\":{\"closID\":\"a\",\"memBwSchema\":\"MB:0=20\"}"), NULL },
	{ LINUX("\"intelRdt\":{\"closID\":\"..\"}"),
	  "linux.intelRdt.closID: \"..\" is no name of a directory" },
	{ LINUX("\"intelRdt\":{\"closID\":\"a/b\"}"),
	  "linux.intelRdt.closID: \"a/b\" is no name of a directory" },
	{ LINUX("\"intelRdt\":{\"closID\":\"/\",\"schemata\":[\"L3:0=f\",\"MB:0=20\"]}"), NULL },
	{ LINUX("\"intelRdt\":{\"closID\":\"a\\nb\"}"),
	  "linux.intelRdt.closID: \"a?b\" is no name of a directory" },
	{ LINUX("\"intelRdt\":{\"schemata\":[\"L3:0=f\",\"L3:0=f\\nMB:0=20\",\"\"]}"),
	  "linux.intelRdt.schemata[1]: \"L3:0=f?MB:0=20\" is not one line\n"
	  "linux.intelRdt.schemata[2]: \"\" is not one line" },
	{ LINUX("\"intelRdt\":{\"memBwSchema\":\"L3:0\"}"),
	  "linux.intelRdt.memBwSchema: \"L3:0\" is not one line that begins with \"MB:\"" },
	{ LINUX("\"personality\":{\"domain\":\"LINUX32\",\"flags\":[\"F\"]}"),
	  "linux.personality.flags[0]: unknown personality flag \"F\", there is none" },
	/* seccomp */
	{ SEC("\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":38,\"syscalls\":[{\"names\":[\"read\"],\"action\":"
	      "\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":5,\"value\":1,\"op\":\"SCMP_CMP_EQ\"}]}]"),
	  NULL },
	{ SEC("\"defaultAction\":\"SCMP_ACT_NOTIFY\""),
	  "linux.seccomp.defaultAction: \"SCMP_ACT_NOTIFY\" can't be the default" },
	{ SEC("\"defaultAction\":\"SCMP_ACT_ALLOW\",\"defaultErrnoRet\":1"),
	  "linux.seccomp.defaultErrnoRet: 1 is only for actions \"SCMP_ACT_ERRNO\" and \"SCMP_ACT_TRACE\", not \"SCMP_ACT_ALLOW\"" },
	{ SEC("\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":4095"),
	  "linux.seccomp.defaultErrnoRet: 4095 is out of range, 0 to 4094" },
	{ SEC("\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerMetadata\":\"m\""),
	  "linux.seccomp.listenerMetadata: needs linux.seccomp.listenerPath" },
	{ SEC("\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[],\"action\":\"SCMP_ACT_TRAP\"}]"),
	  "linux.seccomp.syscalls[0].names: must not be empty" },
	{ SEC("\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"a\",\"\"],\"action\":\"SCMP_ACT_TRAP\"}]"),
	  "linux.seccomp.syscalls[0].names[1]: must not be empty" },
	{ SEC("\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"a\"],\"action\":\"SCMP_ACT_TRAP\",\"args\":"
	      "[{\"index\":6,\"value\":1,\"op\":\"SCMP_CMP_EQ\"}]}]"),
	  "linux.seccomp.syscalls[0].args[0].index: 6 is out of range, 0 to 5" },
	{ SEC("\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"a\"],\"action\":\"SCMP_ACT_NOTIFY\"}]"),
	  "linux.seccomp.syscalls[0].action: \"SCMP_ACT_NOTIFY\" needs linux.seccomp.listenerPath" },
	{ SEC("\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerPath\":\"/s\",\"syscalls\":[{\"names\":[\"a\",\"write\"],\"action\":"
	      "\"SCMP_ACT_NOTIFY\"}]"),
	  "linux.seccomp.syscalls[0].names[1]: SCMP_ACT_NOTIFY cannot be used for the write syscall" },
	/* several at once */
	{ "\"hostname\":\"h\",\"process\":{\"cwd\":\"c\",\"args\":[\"a\"]}",
	  "process.cwd: \"c\" is not absolute\nhostname: " NEEDS("uts") },
	/* What crun has besides. */
	{ NOTE("run.oci.handler", "wasm"),
	  "annotations[\"run.oci.handler\"]: \"wasm\" can't be had: programs are run by the host's "
	  "kernel alone" },
	{ NOTE("run.oci.handler", ""), NULL },
	{ NOTE("run.oci.seccomp.plugins", "a.so"),
	  "annotations[\"run.oci.seccomp.plugins\"]: \"a.so\" can't be had: an agent listens at "
	  "linux.seccomp.listenerPath" },
	{ NOTE("run.oci.seccomp.receiver", "a"),
	  "annotations[\"run.oci.seccomp.receiver\"]: \"a\" is not absolute" },
	{ NOTE("run.oci.seccomp_bpf_data", "!"),
	  "annotations[\"run.oci.seccomp_bpf_data\"]: \"!\" is not base64" },
	{ NOTE("run.oci.seccomp_bpf_data", "AAAA"),
	  "annotations[\"run.oci.seccomp_bpf_data\"]: 3 bytes are no program for the kernel: 1 to "
	  "4096 instructions of 8" },
	{ NOTE("run.oci.seccomp_bpf_data", "BgAAAAAA/38="), NULL },
	{ NOTE("run.oci.mount_context_type", "kontext"),
	  "annotations[\"run.oci.mount_context_type\"]: \"kontext\" is none of context, fscontext, "
	  "defcontext and rootcontext" },
	{ NOTE("run.oci.mount_context_type", "defcontext"), NULL },
	{ NOTE("run.oci.hooks.stdout", "a/b"),
	  "annotations[\"run.oci.hooks.stdout\"]: \"a/b\" is not absolute" },
	{ NOTE("run.oci.systemd.force_cgroup_v1", "/a"),
	  "annotations[\"run.oci.systemd.force_cgroup_v1\"]: \"/a\" is no destination in mounts" },
	{ NOTE("run.oci.delegate-cgroup", "a/b"),
	  "annotations[\"run.oci.delegate-cgroup\"]: \"a/b\" is no name of a directory" },
	{ NOTE("run.oci.systemd.subgroup", ".."),
	  "annotations[\"run.oci.systemd.subgroup\"]: \"..\" is no name of a directory" },
	{ BIND("\"idmap=uids=0-1-10#10-11-10;gids=0-1-1\"") LINUX(NS(MNT)), NULL },
	{ BIND("\"idmap=uids=0-1-10#10-11-10\"") LINUX(NS(MNT)),
	  "mounts[0].gidMappings: is required because uidMappings is there" },
	{ BIND("\"ro\",\"idmap=uids=0-1;gids=0-1-1\"") LINUX(NS(MNT)),
	  "mounts[0].options[1]: \"idmap=uids=0-1;gids=0-1-1\"" IDMAP_IS "\n"
	  "mounts[0].options[1]: \"idmap\" needs uidMappings and gidMappings, or a user namespace in "
	  "linux.namespaces" },
	{ BIND("\"ridmap=uids=0-1-1;gids=0-1-4294967296\"") LINUX(NS(MNT "," USER)),
	  "mounts[0].options[0]: \"ridmap=uids=0-1-1;gids=0-1-4294967296\"" IDMAP_IS },
	{ BIND("\"idmap=sids=0-1-1\"") LINUX(NS(MNT "," USER)),
	  "mounts[0].options[0]: \"idmap=sids=0-1-1\"" IDMAP_IS },
	{ BIND("\"idmap=uids=@0-0-1;gids=@0-1-1\"") LINUX(NS(MNT "," USER) "," MAPS),
	  "mounts[0].options[0]: \"idmap=uids=@0-0-1;gids=@0-1-1\"" IDMAP_IS },
	{ BIND("\"idmap=uids=@0-0-1;gids=@0-0-1\"") LINUX(NS(MNT "," USER) "," MAPS), NULL },
};

static int read_members(struct arena *a, const char *members, struct error *e)
{
	struct strings warnings = { 0 };
	struct spec *s = NULL;
	char text[4096];

	*e = ERROR_NONE;
	snprintf(text, sizeof(text), "{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\"r\"},%s}",
		 members);
	return spec_read(a, text, strlen(text), &s, &warnings, e);
}

static void rules(void **state)
{
	struct error e;

	for (size_t i = 0; i < COUNT(cases); i++) {
		int result = read_members(*state, cases[i].members, &e);
		if (result == (cases[i].error ? 0 : -1) ||
		    strcmp(shown(&e), cases[i].error ? cases[i].error : "") != 0)
			fail_msg("%s\nexpected: %s\nfound:    %s", cases[i].members, cases[i].error,
				 shown(&e));
	}
}

static void versions(void **state)
{
	static const char *const good[] = { "1.0.0",          "1.0.2-dev", "1.0.2-rc.1",    "1.3.0",
					    "1.2.0+build.01", "1.0.0-rc5", "1.99.1-a-b.c+d" };
	static const char *const unsupported[] = { "0.1.0", "2.0.0", "10.0.0", "0.5.0-dev" };
	static const char *const garbage[] = { "",       "1",          "1.0",      "1.0.0.0",
					       "v1.0.0", "1.0.0-",     "1.0.0+",   "1.0.x",
					       "01.0.0", "1.00.0",     "1.0.0-01", "1.0.0 ",
					       " 1.0.0", "1.0.0-a..b", "1.-1.0",   "1.0.0-ä" };
	struct spec s = { .linux = &(struct spec_linux){ 0 },
			  .root = &(struct spec_root){ .path = (char *)"r" } };
	struct error e;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		e = ERROR_NONE;
		s.oci_version = (char *)good[i];
		assert_int_equal(spec_validate(&s, &e), 0);
	}
	for (size_t i = 0; i < COUNT(unsupported); i++) {
		e = ERROR_NONE;
		s.oci_version = (char *)unsupported[i];
		assert_int_equal(spec_validate(&s, &e), -1);
		assert_contains(shown(&e), "is not supported, only 1.x is");
	}
	for (size_t i = 0; i < COUNT(garbage); i++) {
		e = ERROR_NONE;
		s.oci_version = (char *)garbage[i];
		assert_int_equal(spec_validate(&s, &e), -1);
		assert_contains(shown(&e), "is no version, expected one such as \"1.3.0\"");
	}
}

static void required(void **state)
{
	struct error e = ERROR_NONE;
	struct spec *s;

	assert_int_equal(spec_read(*state, "{}", 2, &s, NULL, &e), -1);
	assert_string_equal(shown(&e), "ociVersion: is required\nroot: is required");
}

static void sysctls(void **state)
{
	static const struct {
		const char *key, *namespace;
	} keys[] = {
		{ "kernel.domainname", "uts" },
		{ "kernel.msgmax", "ipc" },
		{ "kernel.sem", "ipc" },
		{ "kernel.shmmax", "ipc" },
		{ "fs.mqueue.msg_max", "ipc" },
		{ "net.core.somaxconn", "network" },
		{ "net/ipv4/ip_forward", "network" },
		{ "kernel.msgmni", "ipc" },
		{ "kernel.msgmnb", "ipc" },
		{ "kernel.shmall", "ipc" },
		{ "kernel.shmmni", "ipc" },
		{ "kernel/shm_rmid_forced", "ipc" },
		{ "kernel.sem_next_id", "ipc" },
		{ "fs/mqueue/queues_max", "ipc" },
		{ "user.max_user_namespaces", "user" },
		{ "net.ipv4.conf.eth0/1.mtu", "network" },
	};
	static const char *const host[] = {
		"kernel.panic", "vm.swappiness", "fs.file-max",    "kernel.hostname2",
		"netx.y",       "fs.mqueue",     "kernel.msgmax2", "kernel.semx",
		"kernel.shm",   "user2.x",       "kernel.ostype",  "kernel/msg",
	};
	static const char *const none[] = { "",          ".",         "net..core",
					    "net.core.", "/net/core", "net/../kernel/panic",
					    "net/./x",   "net.//.x",  "net" };
	struct error e;
	char text[512];

	for (size_t i = 0; i < COUNT(keys); i++) {
		const char *maps = strcmp(keys[i].namespace, "user") == 0 ? "," MAPS : "";
		snprintf(text, sizeof(text),
			 LINUX(NS("{\"type\":\"%s\"}") ",\"sysctl\":{\"%s\":\"1\"}%s"),
			 keys[i].namespace, keys[i].key, maps);
		if (read_members(*state, text, &e))
			fail_msg("%s: %s", keys[i].key, shown(&e));
		snprintf(text, sizeof(text), LINUX("\"sysctl\":{\"%s\":\"1\"}"), keys[i].key);
		assert_int_equal(read_members(*state, text, &e), -1);
		snprintf(text, sizeof(text), "linux.sysctl[\"%s\"]: " NEEDS("%s"), keys[i].key,
			 keys[i].namespace);
		assert_string_equal(shown(&e), text);
	}
	for (size_t i = 0; i < COUNT(host) + COUNT(none); i++) {
		bool is_host = i < COUNT(host);
		const char *key = is_host ? host[i] : none[i - COUNT(host)];
		snprintf(text, sizeof(text), LINUX("\"sysctl\":{\"%s\":\"1\"}"), key);
		assert_int_equal(read_members(*state, text, &e), -1);
		if (strcmp(key, "net") != 0)
			assert_contains(shown(&e), is_host ? "would change the host"
							   : "is no name of a kernel parameter");
	}
}

/* Two fields for one name: which would win? */
static void sysctl_of_a_field(void **state)
{
	static const char *const keys[] = { "kernel.hostname", "kernel/hostname" };
	char text[600];
	struct error e = ERROR_NONE;

	for (size_t i = 0; i < COUNT(keys); i++) {
		snprintf(text, sizeof(text),
			 LINUX(NS("{\"type\":\"uts\"}") ",\"sysctl\":{\"%s\":\"a\"}"), keys[i]);
		assert_int_equal(read_members(*state, text, &e), -1);
		snprintf(text, sizeof(text), "linux.sysctl[\"%s\"]: belongs into hostname",
			 keys[i]);
		assert_string_equal(shown(&e), text);
	}
}

static void sysctl_paths(void **state UNUSED)
{
	char path[24];

	assert_true(spec_sysctl_path("net.ipv4.conf.eth0/1.x", path, sizeof(path)));
	assert_string_equal(path, "net/ipv4/conf/eth0.1/x");
	assert_true(spec_sysctl_path("net/ipv4/conf/eth0.1/x", path, sizeof(path)));
	assert_string_equal(path, "net/ipv4/conf/eth0.1/x");
	assert_false(spec_sysctl_path("net.ipv4.conf.eth0/1.xyz", path, sizeof(path)));
	assert_false(spec_sysctl_path("a.//", path, sizeof(path)));
	assert_false(spec_sysctl_path("a/..", path, sizeof(path)));
}

/* exec's and update's documents have no prefix. */
static void parts(void **state)
{
	static const char process[] = "{\"cwd\":\"x\",\"args\":[\"\"]}",
			  resources[] = "{\"memory\":{\"limit\":-5}}";
	struct spec_process p = { 0 };
	struct spec_resources r = { 0 };
	struct error e = ERROR_NONE;

	assert_int_equal(json_read(&spec_process_table, &p, process, sizeof(process) - 1, *state,
				   NULL, &e),
			 0);
	assert_int_equal(spec_validate_process(&p, &e), -1);
	assert_string_equal(shown(&e), "args[0]: must not be empty\ncwd: \"x\" is not absolute");
	e = ERROR_NONE;
	assert_int_equal(json_read(&spec_resources_table, &r, resources, sizeof(resources) - 1,
				   *state, NULL, &e),
			 0);
	assert_int_equal(spec_validate_resources(&r, &e), -1);
	assert_string_equal(shown(&e), "memory.limit: -5 is neither -1 nor a number of bytes");
}

static void many_mappings(void **state)
{
	struct error e;
	char *text = malloc(100000), *end = text;

	end += sprintf(end, "{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"},"
			    "\"linux\":{" NS(
				    USER) ",\"gidMappings\":[" MAP(0, 0, 1) "],\"uidMappings\":[");
	for (int i = 0; i < 341; i++)
		end += sprintf(end, "%s{\"containerID\":%d,\"hostID\":%d,\"size\":1}", i ? "," : "",
			       i, i);
	strcpy(end, "]}}");
	struct spec *s;
	e = ERROR_NONE;
	assert_int_equal(spec_read(*state, text, strlen(text), &s, NULL, &e), -1);
	assert_string_equal(shown(&e),
			    "linux.uidMappings: 341 mappings, more than the kernel's 340");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ARENA_TEST(rules),   ARENA_TEST(versions),           ARENA_TEST(required),
		ARENA_TEST(sysctls), cmocka_unit_test(sysctl_paths), ARENA_TEST(sysctl_of_a_field),
		ARENA_TEST(parts),   ARENA_TEST(many_mappings),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("validate", tests, NULL, NULL);
}
