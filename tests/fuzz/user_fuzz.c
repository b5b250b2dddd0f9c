/* Any bytes as the container's /etc/passwd and /etc/group: the user is found or not, and is never
 * one that the kernel would take for "leave it as it is". */
#include "tests/fuzz/fuzz.h"

#include "runtime/child/child.h"
#include "runtime/child/steps.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int root = -1;
	const struct plan plan = { .user = "user", .group = "users" },
			  only_user = { .user = "user" };
	struct error e = ERROR_NONE;

	if (root < 0) {
		root = place();
		need(mkdirat(root, "etc", 0755) == 0);
	}
	write_at(root, "etc/passwd", data, size);
	write_at(root, "etc/group", data, size);
	struct child c = { .plan = &only_user, .rootfs = root, .user = { .uid = 7, .gid = 7 } };
	reserve(&c.arena, (size_t)64 << 20);
	use(user_home(&c, &e));
	e = ERROR_NONE;
	if (user_find(&c, &e) == 0)
		need(c.user.uid != UINT32_MAX && c.user.gid != UINT32_MAX);
	else
		need(*e.text && *e.field);
	e = ERROR_NONE;
	c.plan = &plan;
	if (user_find(&c, &e) == 0)
		need(c.user.gid != UINT32_MAX);
	arena_free(&c.arena);
	return 0;
}
