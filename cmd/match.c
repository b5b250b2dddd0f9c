/* Commands that take many containers at once: those whose id matches a regular expression. */
#include "cmd/command.h"
#include "cmd/log.h"

#include <regex.h>
#include <stdio.h>

int for_each_match(struct invocation *in,
		   int (*act)(struct invocation *, const char *id, struct error *), struct error *e)
{
	const char *pattern = in->args.v[0];
	struct strings ids;
	char text[sizeof(struct error) + 256];
	size_t tried = 0, failed = 0;
	regex_t regex;

	int wrong = regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB);
	if (wrong) {
		regerror(wrong, &regex, text, sizeof(text));
		return error_set(e, 0, "\"%s\" is no regular expression: %s", pattern, text);
	}
	if (container_ids(in->root, in->arena, &ids, e))
		return -1;
	for (size_t i = 0; i < ids.n; i++) {
		struct error one = ERROR_NONE;

		if (regexec(&regex, ids.v[i], 0, NULL, 0))
			continue;
		tried++;
		if (act(in, ids.v[i], &one) == 0)
			continue;
		failed++;
		(void)!error_context(&one, "%s", ids.v[i]);
		log_warning(error_print(&one, text, sizeof(text)));
	}
	regfree(&regex);
	return failed ? error_set(e, 0, "%zu of %zu containers failed", failed, tried) : 0;
}
