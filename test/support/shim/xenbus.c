/*
 * The device of XenStore, which knows one node, `domid`, and tells domain 0 that there is no domain but that. What it answers comes through a pipe, so that it can be read
 * as the device can. Messages are those of io/xs_wire.h of Xen's public headers.
 */
#define _GNU_SOURCE
#include "shim.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define XS_READ 2
#define XS_ERROR 16
#define XS_IS_DOMAIN_INTRODUCED 17

struct message {
	uint32_t type, request, transaction, length;
	char body[48];
};

static int domid = -1, fd = -1, in = -1;

void xenbus_reset(void)
{
	domid = -1;
}

/* Has the domain know its own domid. Without, there is no such device. */
void shim_domid(int number)
{
	domid = number;
}

int xenbus_is_open(int asked)
{
	return fd >= 0 && asked == fd;
}

int xenbus_open(int flags)
{
	int ends[2];

	if (domid < 0)
		return fail(ENOENT);
	if (!(flags & O_NONBLOCK))
		return fail(EPROTO);
	if (fd >= 0)
		return fail(EBUSY);
	if (syscall(SYS_pipe2, ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return -1;
	fd = ends[0];
	in = ends[1];
	return fd;
}

ssize_t xenbus_write(const void *bytes, size_t length)
{
	struct message message = { 0 };
	size_t head = sizeof(message) - sizeof(message.body);

	if (length < head || length > sizeof(message))
		return fail(EINVAL);
	memcpy(&message, bytes, length);
	if (message.length != length - head)
		return fail(EINVAL);
	if (message.type == XS_READ && message.length == 6 && memcmp(message.body, "domid", 6) == 0) {
		message.length = snprintf(message.body, sizeof(message.body), "%d", domid);
	} else if (message.type == XS_IS_DOMAIN_INTRODUCED && domid == 0) {
		memcpy(message.body, strcmp(message.body, "0") == 0 ? "T" : "F", 2);
		message.length = 2;
	} else {
		const char *error = message.type == XS_READ ? "ENOENT" : "EACCES";

		message.type = XS_ERROR;
		message.length = strlen(error) + 1;
		memcpy(message.body, error, message.length);
	}
	if (syscall(SYS_write, in, &message, head + message.length) < 0)
		return -1;
	return length;
}

/* The descriptor is the caller's to close. */
void xenbus_close(void)
{
	syscall(SYS_close, in);
	fd = in = -1;
}
