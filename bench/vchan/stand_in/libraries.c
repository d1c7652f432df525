/*
 * What libxenvchan needs of Xen's other libraries, over the stand-in for the devices. XenStore's two nodes are files
 * beside the memory.
 */
#define _GNU_SOURCE
#include "devices.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xenevtchn.h>
#include <xengnttab.h>
#include <xenstore.h>

#define PAGE 4096

/* ---- libxenevtchn ---- */

struct xenevtchn_handle { int fd; };

static void *open_handle(const char *path)
{
	int *handle = malloc(sizeof(*handle));

	if (handle && (*handle = open(path, O_RDWR | O_CLOEXEC)) >= 0)
		return handle;
	free(handle);
	return NULL;
}

static int close_handle(int *handle)
{
	int result = close(*handle);

	free(handle);
	return result;
}

xenevtchn_handle *xenevtchn_open(struct xentoollog_logger *logger, unsigned int flags)
{
	(void)logger, (void)flags;
	return open_handle("/dev/xen/evtchn");
}

int xenevtchn_close(xenevtchn_handle *handle)
{
	return close_handle(&handle->fd);
}

int xenevtchn_fd(xenevtchn_handle *handle)
{
	return handle->fd;
}

int xenevtchn_notify(xenevtchn_handle *handle, evtchn_port_t port)
{
	return ioctl(handle->fd, NOTIFY, &port);
}

xenevtchn_port_or_error_t xenevtchn_bind_unbound_port(xenevtchn_handle *handle, uint32_t domid)
{
	return ioctl(handle->fd, BIND_UNBOUND_PORT, &domid);
}

xenevtchn_port_or_error_t xenevtchn_bind_interdomain(xenevtchn_handle *handle, uint32_t domid, evtchn_port_t port)
{
	uint32_t request[] = { domid, port };

	return ioctl(handle->fd, BIND_INTERDOMAIN, request);
}

int xenevtchn_unbind(xenevtchn_handle *handle, evtchn_port_t port)
{
	return ioctl(handle->fd, UNBIND, &port);
}

xenevtchn_port_or_error_t xenevtchn_pending(xenevtchn_handle *handle)
{
	evtchn_port_t port;

	return read(handle->fd, &port, sizeof(port)) == sizeof(port) ? (xenevtchn_port_or_error_t)port : -1;
}

int xenevtchn_unmask(xenevtchn_handle *handle, evtchn_port_t port)
{
	return write(handle->fd, &port, sizeof(port)) == sizeof(port) ? 0 : -1;
}

/* ---- libxengnttab ---- */

struct xengntdev_handle { int fd; };

static void *map_file(int fd, uint32_t count, int protection, uint64_t index)
{
	void *start = mmap(NULL, (size_t)count * PAGE, protection, MAP_SHARED, fd, index);

	return start == MAP_FAILED ? NULL : start;
}

xengntshr_handle *xengntshr_open(struct xentoollog_logger *logger, unsigned flags)
{
	(void)logger, (void)flags;
	return open_handle("/dev/xen/gntalloc");
}

int xengntshr_close(xengntshr_handle *handle)
{
	return close_handle(&handle->fd);
}

void *xengntshr_share_pages(xengntshr_handle *handle, uint32_t domid, int count, uint32_t *references, int writable)
{
	struct grant_request *request = malloc(sizeof(*request) + count * sizeof(*references));
	void *start = NULL;

	if (!request)
		return NULL;
	*request = (struct grant_request){ .domid = domid, .flags = writable, .count = count };
	if (!ioctl(handle->fd, ALLOC_GREF, request)) {
		memcpy(references, request->references, count * sizeof(*references));
		start = map_file(handle->fd, count, PROT_READ | PROT_WRITE, request->index);
	}
	free(request);
	return start;
}

void *xengntshr_share_page_notify(xengntshr_handle *handle, uint32_t domid, uint32_t *reference, int writable,
				  uint32_t offset, evtchn_port_t port)
{
	(void)offset, (void)port;
	return xengntshr_share_pages(handle, domid, 1, reference, writable);
}

int xengntshr_unshare(xengntshr_handle *handle, void *start, uint32_t count)
{
	(void)handle;
	return munmap(start, (size_t)count * PAGE);
}

xengnttab_handle *xengnttab_open(struct xentoollog_logger *logger, unsigned flags)
{
	(void)logger, (void)flags;
	return open_handle("/dev/xen/gntdev");
}

int xengnttab_close(xengnttab_handle *handle)
{
	return close_handle(&handle->fd);
}

void *xengnttab_map_domain_grant_refs(xengnttab_handle *handle, uint32_t count, uint32_t domid, uint32_t *references,
				      int protection)
{
	struct map_request *request = malloc(sizeof(*request) + count * sizeof(*request->references));
	void *start = NULL;

	if (!request)
		return NULL;
	*request = (struct map_request){ .count = count };
	for (uint32_t i = 0; i < count; i++) {
		request->references[i].domid = domid;
		request->references[i].reference = references[i];
	}
	if (!ioctl(handle->fd, MAP_GRANT_REF, request))
		start = map_file(handle->fd, count, protection, request->index);
	free(request);
	return start;
}

void *xengnttab_map_grant_ref_notify(xengnttab_handle *handle, uint32_t domid, uint32_t reference, int protection,
				     uint32_t offset, evtchn_port_t port)
{
	(void)offset, (void)port;
	return xengnttab_map_domain_grant_refs(handle, 1, domid, &reference, protection);
}

int xengnttab_unmap(xengnttab_handle *handle, void *start, uint32_t count)
{
	(void)handle;
	return munmap(start, (size_t)count * PAGE);
}

/* ---- libxenstore ---- */

struct xs_handle { int unused; };

struct xs_handle *xs_open(unsigned long flags)
{
	(void)flags;
	return malloc(sizeof(struct xs_handle));
}

void xs_close(struct xs_handle *store)
{
	free(store);
}

/* The file of a node has its last name. */
static FILE *open_node(const char *path, const char *mode)
{
	char file[256];
	const char *name = strrchr(path, '/');

	snprintf(file, sizeof(file), "%s/%s", getenv("VCHAN_BENCH"), name ? name + 1 : path);
	return fopen(file, mode);
}

void *xs_read(struct xs_handle *store, xs_transaction_t transaction, const char *path, unsigned int *length)
{
	char value[16] = "";
	FILE *file;

	(void)store, (void)transaction;
	if (!strcmp(path, "domid"))
		return strdup("0");
	file = open_node(path, "r");
	if (!file)
		return NULL;
	if (!fgets(value, sizeof(value), file))
		value[0] = 0;
	fclose(file);
	if (length)
		*length = strlen(value);
	return strdup(value);
}

bool xs_write(struct xs_handle *store, xs_transaction_t transaction, const char *path, const void *value,
	      unsigned int length)
{
	FILE *file = open_node(path, "w");
	bool done = file && fwrite(value, length, 1, file) == 1;

	(void)store, (void)transaction;
	return (!file || fclose(file) == 0) && done;
}

bool xs_rm(struct xs_handle *store, xs_transaction_t transaction, const char *path)
{
	(void)store, (void)transaction, (void)path;
	return true;
}

bool xs_set_permissions(struct xs_handle *store, xs_transaction_t transaction, const char *path,
			struct xs_permissions *permissions, unsigned int count)
{
	(void)store, (void)transaction, (void)path, (void)permissions, (void)count;
	return true;
}

xs_transaction_t xs_transaction_start(struct xs_handle *store)
{
	(void)store;
	return 1;
}

bool xs_transaction_end(struct xs_handle *store, xs_transaction_t transaction, bool abort)
{
	(void)store, (void)transaction, (void)abort;
	return true;
}
