/*
 * A stand-in for Xen's devices that needs no Xen, for two processes: a server and its client, of one channel. Memory is a
 * file that both map, and events go through a FIFO for each. Both are in the folder that VCHAN_BENCH names; VCHAN_SIDE
 * is 0 for the server, and 1 for its client.
 *
 * As in the kernel's driver, a port is masked when its event is read, until it is written back: events that come
 * meanwhile are one more. Each call that is a system call on a real device makes one here.
 *
 * It replaces calls of the C library. All others are those of the library itself.
 */
#define _GNU_SOURCE
#include "devices.h"
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE 4096
#define PAGES 4096
#define PORT 1

/* What is known of a port: whether its events are masked, and whether one has come since. */
enum { OPEN, MASKED, PENDING };

/* The first page of the file. Each side has a cache line of its own. */
static struct machine {
	uint32_t next_page;
	uint32_t unused[15];
	struct {
		uint32_t state;
		uint32_t sent; /* events, which the bench reads */
		uint32_t unused[14];
	} sides[2];
} *machine;

static int side, event_fd = -1, peer_fd = -1;

static int fail(int error)
{
	errno = error;
	return -1;
}

static int open_file(const char *name, int flags)
{
	char path[256];
	const char *folder = getenv("VCHAN_BENCH");

	if (!folder)
		return fail(ENODEV);
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return syscall(SYS_openat, AT_FDCWD, path, flags, 0);
}

static int open_memory(void)
{
	int fd = open_file("memory", O_RDWR | O_CLOEXEC);

	if (fd < 0 || machine)
		return fd;
	side = getenv("VCHAN_SIDE")[0] - '0';
	machine = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return machine == MAP_FAILED ? -1 : fd;
}

static int open_events(int flags)
{
	int memory = open_memory();

	if (memory < 0)
		return -1;
	close(memory);
	event_fd = open_file(side ? "events1" : "events0", flags);
	peer_fd = open_file(side ? "events0" : "events1", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	return event_fd;
}

int open(const char *path, int flags, ...)
{
	if (!strcmp(path, "/dev/xen/evtchn"))
		return open_events(flags);
	if (!strcmp(path, "/dev/xen/gntalloc") || !strcmp(path, "/dev/xen/gntdev"))
		return open_memory();
	return fail(ENOENT);
}

/* Delivers an event to a side, or remembers it. */
static int raise_event(int to, int fd)
{
	uint32_t port = PORT, state = __atomic_load_n(&machine->sides[to].state, __ATOMIC_SEQ_CST);

	while (!__atomic_compare_exchange_n(&machine->sides[to].state, &state, state == OPEN ? MASKED : PENDING, 0,
					    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		;
	if (state == OPEN)
		return syscall(SYS_write, fd, &port, sizeof(port)) < 0 ? -1 : 0;
	return syscall(SYS_fcntl, fd, F_GETFD) < 0 ? -1 : 0;
}

static int unmask(void)
{
	uint32_t old = __atomic_exchange_n(&machine->sides[side].state, OPEN, __ATOMIC_SEQ_CST);

	if (old == PENDING)
		return raise_event(side, event_fd);
	return syscall(SYS_fcntl, event_fd, F_GETFD) < 0 ? -1 : 0;
}

ssize_t write(int fd, const void *bytes, size_t length)
{
	if (fd != event_fd || fd < 0)
		return syscall(SYS_write, fd, bytes, length);
	return unmask() < 0 ? -1 : (ssize_t)length;
}

static int grant(struct grant_request *request)
{
	uint32_t page = __atomic_fetch_add(&machine->next_page, request->count, __ATOMIC_SEQ_CST) + 1;

	if (page + request->count > PAGES)
		return fail(ENOSPC);
	request->index = (uint64_t)page * PAGE;
	for (uint32_t i = 0; i < request->count; i++)
		request->references[i] = page + i;
	return 0;
}

/* Pages that are mapped together are neighbours, because they were granted together. */
static int map(struct map_request *request)
{
	for (uint32_t i = 1; i < request->count; i++)
		if (request->references[i].reference != request->references[0].reference + i)
			return fail(EINVAL);
	request->index = (uint64_t)request->references[0].reference * PAGE;
	return 0;
}

int ioctl(int fd, unsigned long request, ...)
{
	void *argument;
	va_list list;

	va_start(list, request);
	argument = va_arg(list, void *);
	va_end(list);
	switch (request) {
	case ALLOC_GREF:
		return grant(argument);
	case MAP_GRANT_REF:
		return map(argument);
	case BIND_UNBOUND_PORT:
		return PORT;
	case BIND_INTERDOMAIN:
		return raise_event(side, fd) < 0 ? -1 : PORT;
	case NOTIFY:
		machine->sides[side].sent++;
		return raise_event(!side, peer_fd);
	case DEALLOC_GREF:
	case SET_UNMAP_NOTIFY:
	case UNMAP_GRANT_REF:
	case UNBIND:
		return 0;
	}
	return fail(ENOTTY);
}
