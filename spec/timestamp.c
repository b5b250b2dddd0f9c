/* See timestamp.h. */
#include "spec/timestamp.h"

#include <stdint.h>

char *timestamp_print(struct timespec when, struct arena *a)
{
	/* Days since 1 March of year 0, so that a leap day is the last of its year; 400 years have
	 * 146097 days. */
	const int64_t days = when.tv_sec / 86400 + 719468, in_day = when.tv_sec % 86400;
	const int64_t era = days / 146097;
	int64_t day = days % 146097;
	int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;

	day -= 365 * year + year / 4 - year / 100;
	int64_t month = (5 * day + 2) / 153;
	day -= (153 * month + 2) / 5 - 1;
	month = month < 10 ? month + 3 : month - 9;
	year += 400 * era + (month <= 2);
	return arena_printf(a, "%04d-%02d-%02dT%02d:%02d:%02d.%09ldZ", (int)year, (int)month,
			    (int)day, (int)(in_day / 3600), (int)(in_day / 60 % 60),
			    (int)(in_day % 60), when.tv_nsec);
}
