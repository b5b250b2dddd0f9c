/*
 * Options of AddressSanitizer that hold inside the container too, where the environment is the
 * container's. Looking for leaks is left to the unit tests: a short-lived process ends with its
 * arenas in place, and the search needs ptrace, which a container's init may not use.
 */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	return "detect_leaks=0:abort_on_error=1:handle_abort=0:disable_coredump=1";
}
