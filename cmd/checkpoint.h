/* What checkpoint and restore share: the options that go to criu. */
#ifndef OCIRUN_CMD_CHECKPOINT_H
#define OCIRUN_CMD_CHECKPOINT_H

#include "cmd/command.h"

#define CRIU_TIMEOUT 3600

#define CRIU_ROWS(type, criu)                                                                   \
	OPTION(0, "image-path", "DIR", type, criu.image_path,                                   \
	       "folder of the images (default: checkpoint)"),                                   \
		OPTION(0, "work-path", "DIR", type, criu.work_path,                             \
		       "folder of criu's log (default: that of the images)"),                   \
		OPTION(0, "tcp-established", NULL, type, criu.tcp_established,                  \
		       "allow open TCP connections"),                                           \
		OPTION(0, "tcp-close", NULL, type, criu.tcp_close,                              \
		       "leave TCP connections closed"),                                         \
		OPTION(0, "ext-unix-sk", NULL, type, criu.ext_unix_sk,                          \
		       "allow unix sockets that are connected to the outside"),                 \
		OPTION(0, "shell-job", NULL, type, criu.shell_job,                              \
		       "allow the caller's terminal as input and output"),                      \
		OPTION(0, "file-locks", NULL, type, criu.file_locks, "allow file locks"),       \
		OPTION(0, "link-remap", NULL, type, criu.link_remap,                            \
		       "allow files that are open but have lost their names"),                  \
		OPTION(0, "lazy-pages", NULL, type, criu.lazy_pages,                            \
		       "leave memory behind, to be fetched when it is needed"),                 \
		OPTION(0, "auto-dedup", NULL, type, criu.auto_dedup,                            \
		       "keep what older images have, too, only once"),                          \
		OPTION(0, "manage-cgroups-mode", "soft|full|strict|ignore", type,               \
		       criu.cgroups_mode, "what of cgroups is restored (default: soft)"),       \
		OPTION(0, "network-lock", "iptables|nftables|skip", type, criu.network_lock,    \
		       "how packets are held back meanwhile (default: iptables)"),              \
		OPTION(0, "timeout", "SECONDS", type, criu.timeout,                             \
		       "give up when criu says nothing for so long (default: 3600; 0: never)"), \
		OPTION(0, "empty-ns", "network", type, empty_ns,                                \
		       "accepted: a network namespace always is restored empty")

/* Fails for the namespaces that --empty-ns can't name; NULL: it is not given. */
MUST_CHECK int criu_check_empty(const char *ns, struct error *e);

#endif
