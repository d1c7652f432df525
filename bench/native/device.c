/*
 * A device that stands in for /dev/xen/gntalloc where there is no Xen: its pages are those of a file in memory, each allocation gets
 * the first ones, and to grant them is next to nothing. Mapping, unmapping and touching them is the kernel's work, as on the real one.
 *
 * It takes the place of the C library's calls; all others go on to the C library.
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
#define MOST_PAGES 1024
#define FIRST_REFERENCE 8
#define ALLOC_GREF 0x184705
#define DEALLOC_GREF 0x104706

static uint64_t next_page;

int open(const char *path, int flags, ...)
{
	int fd;

	(void)flags;
	if (strcmp(path, "/dev/xen/gntalloc")) {
		errno = ENOENT;
		return -1;
	}
	fd = memfd_create("pages", MFD_CLOEXEC);
	if (fd >= 0 && ftruncate(fd, MOST_PAGES * PAGE))
		return -1;
	return fd;
}

/* A system call, as on the real device, that does nothing; and what the driver writes into the request. */
int ioctl(int fd, unsigned long request, ...)
{
	struct { uint16_t domid, flags; uint32_t count; uint64_t index; uint32_t references[1]; } *arguments;
	va_list list;

	va_start(list, request);
	arguments = va_arg(list, void *);
	va_end(list);
	if (syscall(SYS_fcntl, fd, F_GETFD) < 0)
		return -1;
	switch (request) {
	case ALLOC_GREF:
		if (arguments->count > MOST_PAGES) {
			errno = ENOSPC;
			return -1;
		}
		arguments->index = next_page * PAGE;
		next_page += arguments->count;
		for (uint32_t page = 0; page < arguments->count; page++)
			arguments->references[page] = FIRST_REFERENCE + page;
		return 0;
	case DEALLOC_GREF:
		return 0;
	}
	errno = ENOTTY;
	return -1;
}

void *mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
	return (void *)syscall(SYS_mmap, address, length, protection, flags, fd, fd < 0 ? offset : 0);
}

/* ---- what libxengnttab makes of these calls ---- */

struct xengntshr_handle { int fd; };

xengntshr_handle *xengntshr_open(void *logger, unsigned flags)
{
	xengntshr_handle *handle = malloc(sizeof(*handle));

	(void)logger, (void)flags;
	if (!handle)
		return NULL;
	handle->fd = open("/dev/xen/gntalloc", O_RDWR | O_CLOEXEC);
	return handle->fd < 0 ? NULL : handle;
}

int xengntshr_close(xengntshr_handle *handle)
{
	return close(handle->fd);
}

void *xengntshr_share_pages(xengntshr_handle *handle, uint32_t domid, int count, uint32_t *references, int writable)
{
	struct request { uint16_t domid, flags; uint32_t count; uint64_t index; uint32_t references[]; } *request;
	void *pages = NULL;

	request = malloc(sizeof(*request) + count * sizeof(uint32_t));
	if (!request)
		return NULL;
	request->domid = domid;
	request->flags = writable;
	request->count = count;
	if (!ioctl(handle->fd, ALLOC_GREF, request)) {
		pages = mmap(NULL, (size_t)count * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, handle->fd, request->index);
		memcpy(references, request->references, count * sizeof(uint32_t));
		/* The pages live until they are unmapped. */
		ioctl(handle->fd, DEALLOC_GREF, request);
	}
	free(request);
	return pages == MAP_FAILED ? NULL : pages;
}

int xengntshr_unshare(xengntshr_handle *handle, void *start, uint32_t count)
{
	(void)handle;
	return munmap(start, (size_t)count * PAGE);
}
