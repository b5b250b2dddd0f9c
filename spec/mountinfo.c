/* See mountinfo.h. */
#include "spec/mountinfo.h"

#include <string.h>

/* The kernel writes space, tab, newline and backslash in octal. */
static void unescape(char *text)
{
	char *to = text;

	for (const char *at = text; *at; to++) {
		if (at[0] == '\\' && strspn(at + 1, "01234567") >= 3) {
			*to = (char)((at[1] & 7) << 6 | (at[2] & 7) << 3 | (at[3] & 7));
			at += 4;
		} else {
			*to = *at++;
		}
	}
	*to = 0;
}

/* ID PARENT DEVICE ROOT PLACE OPTIONS FIELD… - TYPE SOURCE OPTIONS */
static bool read_line(char *line, struct mountinfo *out)
{
	char *rest = strstr(line, " - ");

	if (!rest)
		return false;
	*rest = 0;
	rest += 3;
	out->place = NULL;
	for (int field = 0; field < 5; field++)
		out->place = strsep(&line, " ");
	out->type = strsep(&rest, " ");
	strsep(&rest, " ");
	out->options = rest;
	if (!out->place || !*out->place || !rest)
		return false;
	unescape(out->place);
	return true;
}

bool mountinfo_next(char **text, struct mountinfo *out)
{
	for (char *line; (line = strsep(text, "\n"));)
		if (read_line(line, out))
			return true;
	return false;
}
