/* See timing.h. */
#include "runtime/timing.h"

#include "runtime/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Charged to us in advance, and not to a container with little memory: enough for most. */
#define PREPARED (64 << 10)

struct timing *timing;
static int memory = -1; /* the outside's */
static bool inside;

int64_t timing_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int map(int fd)
{
	void *at = mmap(NULL, sizeof(*timing), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		return -1;
	timing = at;
	return 0;
}

int timing_start(struct error *e)
{
	/* Sealed: who shortens it would kill us. */
	memory = memfd_create("timing", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (memory < 0 || ftruncate(memory, sizeof(*timing)) < 0 ||
	    fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0 ||
	    map(memory) < 0)
		return error_set(e, errno, "make memory for what is measured");
	/* Only an advice. */
	madvise(timing, PREPARED, MADV_POPULATE_WRITE);
	return 0;
}

int timing_fd(void)
{
	return memory;
}

void timing_born(void)
{
	if (timing)
		timing->born = timing_now();
}

int timing_attach(int fd, struct error *e)
{
	CLEAN_FD given = fd;
	struct stat st;

	inside = true;
	if (fstat(given, &st) < 0 || map(given) < 0)
		return error_set(e, errno, "map the memory for what is measured");
	/* Another version's. */
	if (st.st_size != sizeof(*timing)) {
		munmap(timing, sizeof(*timing));
		timing = NULL;
	} else if (timing->born) {
		struct timing_event *event = timing_add(TIMING_STEP, "re-exec", NULL);
		if (event)
			event->begin = timing->born;
		timing_end(event, 0);
		timing->born = 0;
	}
	return 0;
}

static bool open_inside(const struct timing_event *event)
{
	return event->inside && event->begin && !event->end;
}

static size_t written(void)
{
	size_t n = timing ? __atomic_load_n(&timing->n, __ATOMIC_ACQUIRE) : 0;

	return n < TIMING_MAX ? n : TIMING_MAX;
}

static void end_inside(int result)
{
	int64_t now = timing_now();

	for (size_t i = written(); i-- > 0;)
		if (open_inside(&timing->events[i])) {
			timing->events[i].end = now;
			timing->events[i].result = result;
		}
}

void timing_leave(const char *last)
{
	if (!timing)
		return;
	end_inside(0);
	if (last)
		timing_add(TIMING_STEP, last, NULL);
	munmap(timing, sizeof(*timing));
	timing = NULL;
}

void timing_executed(int result)
{
	if (timing)
		end_inside(result);
}

/* What does not fit loses its beginning. */
static void copy_end(char *to, size_t room, const char *from)
{
	static const char cut[] = "\u2026";
	size_t n = strlen(from), left = room - sizeof(cut);

	if (n < room) {
		memcpy(to, from, n + 1);
		return;
	}
	for (from += n - left; (*from & 0xc0) == 0x80; from++)
		;
	strcpy(to, cut);
	strcat(to, from);
}

struct timing_event *timing_add(enum timing_kind kind, const char *name, const char *detail)
{
	uint32_t i = __atomic_fetch_add(&timing->n, 1, __ATOMIC_ACQ_REL);

	if (i >= TIMING_MAX)
		return NULL;
	struct timing_event *event = &timing->events[i];
	event->kind = kind;
	event->inside = inside;
	copy_end(event->name, sizeof(event->name), name);
	copy_end(event->detail, sizeof(event->detail), detail ? detail : "");
	event->begin = timing_now();
	return event;
}

void timing_close(struct timing_event *event, int result)
{
	/* A step that has let go of the memory was ended by that. */
	if (!timing)
		return;
	event->result = result;
	event->end = timing_now();
}

bool timing_read(size_t i, struct timing_event *event)
{
	if (i >= written())
		return false;
	*event = timing->events[i];
	event->name[sizeof(event->name) - 1] = '\0';
	event->detail[sizeof(event->detail) - 1] = '\0';
	if (event->begin < 0)
		event->begin = 0;
	if (event->end < 0)
		event->end = 0;
	return true;
}

size_t timing_lost(void)
{
	size_t n = timing ? __atomic_load_n(&timing->n, __ATOMIC_ACQUIRE) : 0;

	return n > TIMING_MAX ? n - TIMING_MAX : 0;
}
