/*
 * A stand-in for /dev/xen/gntalloc that needs no Xen. Its pages are those of a file in memory. As in the driver, an
 * allocation zeroes its pages, a mapping maps all of them at once, and a page is free again when it is neither
 * granted nor mapped. Granting costs next to nothing.
 *
 * It replaces calls of the C library, for one file and one thread.
 */
#define _GNU_SOURCE
#include "xengnttab.h"
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE 4096
#define PAGES 1024
#define FIRST_REFERENCE 8
#define ALLOC_GREF 0x184705
#define DEALLOC_GREF 0x104706

/* The pages of the file; for each, whether it is granted, and how often it is mapped. */
static unsigned char *memory;
static struct { int granted, mapped; } pages[PAGES];
/* The mappings: where they begin, their first pages and numbers of pages. */
static struct { char *start; uint64_t page, count; } mappings[PAGES];
/* The index of the next allocation. An index is reused only after PAGES more. */
static uint64_t next_page;

static int fail(int error)
{
	errno = error;
	return -1;
}

int open(const char *path, int flags, ...)
{
	int fd;

	(void)flags;
	if (memory || strcmp(path, "/dev/xen/gntalloc"))
		return fail(ENOENT);
	fd = memfd_create("pages", MFD_CLOEXEC);
	if (fd < 0)
		return -1;
	if (ftruncate(fd, PAGES * PAGE)) {
		close(fd);
		return -1;
	}
	memory = (void *)syscall(SYS_mmap, NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
	return fd;
}

/* Grants neighbouring pages. Fails if one of them is still granted or mapped. */
static int64_t grant(uint32_t count)
{
	if (count > PAGES)
		return fail(ENOSPC);
	if (next_page % PAGES + count > PAGES)
		next_page += PAGES - next_page % PAGES;
	for (uint32_t i = 0; i < count; i++)
		if (pages[(next_page + i) % PAGES].granted || pages[(next_page + i) % PAGES].mapped)
			return fail(ENOSPC);
	for (uint32_t i = 0; i < count; i++)
		pages[(next_page + i) % PAGES].granted = 1;
	memset(memory + next_page % PAGES * PAGE, 0, (size_t)count * PAGE);
	next_page += count;
	return next_page - count;
}

static int release(uint64_t page, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (!pages[(page + i) % PAGES].granted)
			return fail(EINVAL);
	for (uint32_t i = 0; i < count; i++)
		pages[(page + i) % PAGES].granted = 0;
	return 0;
}

/* Makes a system call that does nothing, so that its cost counts as on the real device, and does the driver's work. */
int ioctl(int fd, unsigned long request, ...)
{
	struct { uint16_t domid, flags; uint32_t count; uint64_t index; uint32_t references[]; } *arguments;
	struct { uint64_t index; uint32_t count; } *run;
	int64_t page;
	va_list list;

	va_start(list, request);
	arguments = va_arg(list, void *);
	va_end(list);
	run = (void *)arguments;
	if (syscall(SYS_fcntl, fd, F_GETFD) < 0)
		return -1;
	switch (request) {
	case ALLOC_GREF:
		page = grant(arguments->count);
		if (page < 0)
			return -1;
		arguments->index = page * PAGE;
		for (uint32_t i = 0; i < arguments->count; i++)
			arguments->references[i] = FIRST_REFERENCE + (page + i) % PAGES;
		return 0;
	case DEALLOC_GREF:
		return release(run->index / PAGE, run->count);
	}
	return fail(ENOTTY);
}

void *mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
	uint64_t page = offset / PAGE, count = length / PAGE;
	void *start;

	if (fd < 0)
		return (void *)syscall(SYS_mmap, address, length, protection, flags, fd, offset);
	start = (void *)syscall(SYS_mmap, address, length, protection, flags | MAP_POPULATE, fd, page % PAGES * PAGE);
	if (start == MAP_FAILED)
		return start;
	for (int i = 0; i < PAGES; i++) {
		if (mappings[i].count)
			continue;
		mappings[i].start = start;
		mappings[i].page = page;
		mappings[i].count = count;
		for (uint64_t j = 0; j < count; j++)
			pages[(page + j) % PAGES].mapped++;
		return start;
	}
	syscall(SYS_munmap, start, length);
	errno = ENOMEM;
	return MAP_FAILED;
}

int munmap(void *address, size_t length)
{
	for (int i = 0; i < PAGES; i++) {
		if (mappings[i].start != address || mappings[i].count != length / PAGE)
			continue;
		for (uint64_t j = 0; j < mappings[i].count; j++)
			pages[(mappings[i].page + j) % PAGES].mapped--;
		mappings[i].count = 0;
		break;
	}
	return syscall(SYS_munmap, address, length);
}

/* ---- libxengnttab over these calls ---- */

struct xengntshr_handle { int fd; };

xengntshr_handle *xengntshr_open(void *logger, unsigned flags)
{
	xengntshr_handle *handle = malloc(sizeof(*handle));

	(void)logger, (void)flags;
	if (!handle)
		return NULL;
	handle->fd = open("/dev/xen/gntalloc", O_RDWR | O_CLOEXEC);
	if (handle->fd >= 0)
		return handle;
	free(handle);
	return NULL;
}

int xengntshr_close(xengntshr_handle *handle)
{
	int result = close(handle->fd);

	free(handle);
	return result;
}

void *xengntshr_share_pages(xengntshr_handle *handle, uint32_t domid, int count, uint32_t *references, int writable)
{
	struct { uint16_t domid, flags; uint32_t count; uint64_t index; uint32_t references[]; } *request;
	struct { uint64_t index; uint32_t count; } run;
	void *start = NULL;

	request = malloc(sizeof(*request) + count * sizeof(uint32_t));
	if (!request)
		return NULL;
	request->domid = domid;
	request->flags = writable;
	request->count = count;
	if (!ioctl(handle->fd, ALLOC_GREF, request)) {
		start = mmap(NULL, (size_t)count * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, handle->fd, request->index);
		memcpy(references, request->references, count * sizeof(uint32_t));
		/* The pages stay until they are unmapped. */
		run.index = request->index;
		run.count = count;
		ioctl(handle->fd, DEALLOC_GREF, &run);
	}
	free(request);
	return start == MAP_FAILED ? NULL : start;
}

int xengntshr_unshare(xengntshr_handle *handle, void *start, uint32_t count)
{
	(void)handle;
	return munmap(start, (size_t)count * PAGE);
}
