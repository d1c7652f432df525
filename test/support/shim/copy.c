/* The grant copies of the shim. */
#define _GNU_SOURCE
#include "shim.h"
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What one side of a copied segment is: an offset in `memory`, -1 for memory of this process, or a negative status below. */
static int64_t copied_place(const char *side, int is_gref, int is_written)
{
	struct { uint32_t gref; uint16_t offset, domid; } place;

	if (!is_gref)
		return -1;
	memcpy(&place, side, sizeof(place));
	if (place.domid > 1)
		return -100 - 2; /* GNTST_bad_domain */
	if (place.gref >= TABLE_SIZE)
		return -100 - 3; /* GNTST_bad_gntref */
	if (!table[place.gref].valid || table[place.gref].domid != 0 || (is_written && !table[place.gref].writable))
		return -100 - 1; /* GNTST_general_error: Xen says no more */
	return place.gref * PAGE + place.offset;
}

int grant_copy(const char *request)
{
	uint32_t count;
	char *segments, bytes[PAGE];

	memcpy(&count, request, 4);
	memcpy(&segments, request + 8, 8);
	for (char *segment = segments; segment < segments + 24 * (uint64_t)count; segment += 24) {
		uint16_t offsets[2], length, flags;
		int16_t status = 0;
		int64_t from, to;
		char *virt;

		memcpy(&offsets[0], segment + 4, 2);
		memcpy(&offsets[1], segment + 12, 2);
		memcpy(&length, segment + 16, 2);
		memcpy(&flags, segment + 18, 2);
		if (!(flags & 3) || ((flags & 1) && offsets[0] + length > (int)PAGE) ||
		    ((flags & 2) && offsets[1] + length > (int)PAGE))
			return fail(EINVAL);
		from = copied_place(segment, flags & 1, 0);
		to = copied_place(segment + 8, flags & 2, 1);
		if (from < -1 || to < -1) {
			status = (from < -1 ? from : to) + 100;
		} else {
			memcpy(&virt, segment, 8);
			if (from < 0)
				memcpy(bytes, virt, length);
			else if (syscall(SYS_pread64, memory, bytes, length, from) != length)
				return -1;
			memcpy(&virt, segment + 8, 8);
			if (to < 0)
				memcpy(virt, bytes, length);
			else if (syscall(SYS_pwrite64, memory, bytes, length, to) != length)
				return -1;
		}
		memcpy(segment + 20, &status, 2);
	}
	return 0;
}
