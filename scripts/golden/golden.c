/*
 * Prints, as JSON, how a C compiler lays out the requests of /dev/xen/gntalloc, /dev/xen/gntdev and /dev/xen/evtchn: request
 * numbers, sizes, offsets, and whole requests with known values, as they go in and as the kernel answers. backends/linux/abi/grants.ts is tested
 * against this.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

/* Xen's own: the types that the kernel's headers use and do not declare, and what a grant copy says. */
#include <xen/xen.h>
#include <xen/grant_table.h>

#include <xen/evtchn.h>
#include <xen/gntalloc.h>
#include <xen/gntdev.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static const char *separator = "";

static void item(void)
{
	printf("%s\n    ", separator);
	separator = ",";
}

static void list(const char *name, char bracket)
{
	printf("  \"%s\": %c", name, bracket);
	separator = "";
}

#define NUMBER(name) (item(), printf("\"%s\": %llu", #name, (unsigned long long)(name)))
#define SIGNED(name) (item(), printf("\"%s\": %d", #name, (int)(name)))
#define SIZE(type) (item(), printf("\"%s\": %zu", #type, sizeof(struct type)))
#define OFFSET(type, field) (item(), printf("\"%s.%s\": %zu", #type, #field, offsetof(struct type, field)))

static void bytes(const void *start, size_t length)
{
	const unsigned char *at = start;

	printf("\"bytes\": \"");
	for (size_t i = 0; i < length; i++)
		printf("%02x", at[i]);
	printf("\" }");
}

/* A request with `count` trailing entries: the structure, or longer. Aligned, and zero to begin with. */
static uint64_t buffer[16384 / 8];

static size_t larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

static const uint32_t counts[] = { 1, 2, 3, 5, 17 };

static uint32_t gref(uint32_t count, uint32_t i)
{
	return count == 3 ? UINT32_MAX - i : 8 + 0x01010101u * (i % 3) + i;
}

static void grefs(uint32_t count)
{
	printf("\"grefs\": [");
	for (uint32_t i = 0; i < count; i++)
		printf("%s%u", i ? ", " : "", gref(count, i));
	printf("], ");
}

static void alloc_gref(uint16_t domid, uint16_t flags, uint32_t count, uint64_t index)
{
	struct ioctl_gntalloc_alloc_gref *request = (void *)buffer;
	size_t length = larger(sizeof(*request), offsetof(struct ioctl_gntalloc_alloc_gref, gref_ids) + 4 * count);

	memset(buffer, 0, sizeof(buffer));
	request->domid = domid;
	request->flags = flags;
	request->count = count;
	item();
	printf("{ \"domid\": %u, \"flags\": %u, \"count\": %u, \"in\": { ", domid, flags, count);
	bytes(request, length);

	request->index = index;
	for (uint32_t i = 0; i < count; i++)
		((uint32_t *)((char *)request + offsetof(struct ioctl_gntalloc_alloc_gref, gref_ids)))[i] = gref(count, i);
	printf(", \"out\": { \"index\": \"%llu\", ", (unsigned long long)index);
	grefs(count);
	bytes(request, length);
	printf(" }");
}

static void map_grant_ref(uint32_t domid, uint32_t count, uint64_t index)
{
	struct ioctl_gntdev_map_grant_ref *request = (void *)buffer;
	size_t length = larger(sizeof(*request),
			       offsetof(struct ioctl_gntdev_map_grant_ref, refs) + sizeof(request->refs[0]) * count);
	struct ioctl_gntdev_grant_ref *refs = (void *)((char *)request + offsetof(struct ioctl_gntdev_map_grant_ref, refs));

	memset(buffer, 0, sizeof(buffer));
	request->count = count;
	for (uint32_t i = 0; i < count; i++) {
		refs[i].domid = domid;
		refs[i].ref = gref(count, i);
	}
	item();
	printf("{ \"domid\": %u, ", domid);
	grefs(count);
	printf("\"in\": { ");
	bytes(request, length);

	request->index = index;
	printf(", \"out\": { \"index\": \"%llu\", ", (unsigned long long)index);
	bytes(request, length);
	printf(" }");
}

static void map_of_domains(uint32_t count)
{
	struct ioctl_gntdev_map_grant_ref *request = (void *)buffer;
	size_t length = larger(sizeof(*request),
			       offsetof(struct ioctl_gntdev_map_grant_ref, refs) + sizeof(request->refs[0]) * count);
	struct ioctl_gntdev_grant_ref *refs = (void *)((char *)request + offsetof(struct ioctl_gntdev_map_grant_ref, refs));

	memset(buffer, 0, sizeof(buffer));
	request->count = count;
	item();
	printf("{ \"domids\": [");
	for (uint32_t i = 0; i < count; i++) {
		refs[i].domid = 0x7fef - 0x1234 * i;
		refs[i].ref = gref(count, i);
		printf("%s%u", i ? ", " : "", refs[i].domid);
	}
	printf("], ");
	grefs(count);
	bytes(request, length);
}

#define RUN(type, run_index, run_count)                                                                  \
	do {                                                                                             \
		struct type request;                                                                     \
		memset(&request, 0, sizeof(request));                                                    \
		request.index = (run_index);                                                             \
		request.count = (run_count);                                                             \
		item();                                                                                  \
		printf("{ \"type\": \"%s\", \"index\": \"%llu\", \"count\": %u, ", #type,                  \
		       (unsigned long long)request.index, request.count);                                \
		bytes(&request, sizeof(request));                                                        \
	} while (0)

#define NOTIFY(type, byte_index, bits, port)                                                             \
	do {                                                                                             \
		struct type request;                                                                     \
		memset(&request, 0, sizeof(request));                                                    \
		request.index = (byte_index);                                                            \
		request.action = (bits);                                                                 \
		request.event_channel_port = (port);                                                     \
		item();                                                                                  \
		printf("{ \"type\": \"%s\", \"index\": \"%llu\", \"action\": %u, \"port\": %u, ", #type,    \
		       (unsigned long long)request.index, request.action, request.event_channel_port);   \
		bytes(&request, sizeof(request));                                                        \
	} while (0)

/* A side that is memory of this process has gref -1; its offset is the address then. */
struct side { long long gref; uint64_t offset; uint16_t domid; };

static void side(const char *name, struct side side)
{
	if (side.gref < 0)
		printf("\"%s\": { \"address\": \"%llu\" }, ", name, (unsigned long long)side.offset);
	else
		printf("\"%s\": { \"domid\": %u, \"gref\": %lld, \"offset\": %llu }, ", name, side.domid, side.gref,
		       (unsigned long long)side.offset);
}

static void copy_segment(struct side from, struct side to, uint16_t length, int16_t status)
{
	struct gntdev_grant_copy_segment segment;

	memset(&segment, 0, sizeof(segment));
	if (from.gref < 0) {
		segment.source.virt = (void *)from.offset;
	} else {
		segment.source.foreign.ref = from.gref;
		segment.source.foreign.offset = from.offset;
		segment.source.foreign.domid = from.domid;
		segment.flags |= GNTCOPY_source_gref;
	}
	if (to.gref < 0) {
		segment.dest.virt = (void *)to.offset;
	} else {
		segment.dest.foreign.ref = to.gref;
		segment.dest.foreign.offset = to.offset;
		segment.dest.foreign.domid = to.domid;
		segment.flags |= GNTCOPY_dest_gref;
	}
	segment.len = length;
	item();
	printf("{ ");
	side("from", from);
	side("to", to);
	printf("\"length\": %u, \"in\": { ", length);
	bytes(&segment, sizeof(segment));
	segment.status = status;
	printf(", \"out\": { \"status\": %d, ", status);
	bytes(&segment, sizeof(segment));
	printf(" }");
}

static void grant_copy(uint32_t count, uint64_t segments)
{
	struct ioctl_gntdev_grant_copy request;

	memset(&request, 0, sizeof(request));
	request.count = count;
	request.segments = (void *)segments;
	item();
	printf("{ \"count\": %u, \"segments\": \"%llu\", ", count, (unsigned long long)segments);
	bytes(&request, sizeof(request));
}

#define EVTCHN(type, field, value)                                                                       \
	do {                                                                                             \
		struct type request;                                                                     \
		memset(&request, 0, sizeof(request));                                                    \
		request.field = (value);                                                                 \
		item();                                                                                  \
		printf("{ \"type\": \"%s\", \"values\": [%u], ", #type, (unsigned)request.field);            \
		bytes(&request, sizeof(request));                                                        \
	} while (0)

static void bind_interdomain(uint32_t domid, uint32_t port)
{
	struct ioctl_evtchn_bind_interdomain request = { .remote_domain = domid, .remote_port = port };

	item();
	printf("{ \"type\": \"ioctl_evtchn_bind_interdomain\", \"values\": [%u, %u], ", domid, port);
	bytes(&request, sizeof(request));
}

/* Indices in bytes: the last two are the last page that a JavaScript number names exactly, and the first that it cannot. */
static const uint64_t indices[] = {
	0, 4096, 0xfffff000u, 1ull << 32, (1ull << 32) + 0x7000, (1ull << 53) - 4096, 1ull << 53, UINT64_MAX - 4095,
};

int main(void)
{
	printf("{\n");

	list("requests", '{');
	NUMBER(IOCTL_GNTALLOC_ALLOC_GREF);
	NUMBER(IOCTL_GNTALLOC_DEALLOC_GREF);
	NUMBER(IOCTL_GNTALLOC_SET_UNMAP_NOTIFY);
	NUMBER(IOCTL_GNTDEV_MAP_GRANT_REF);
	NUMBER(IOCTL_GNTDEV_UNMAP_GRANT_REF);
	NUMBER(IOCTL_GNTDEV_SET_UNMAP_NOTIFY);
	NUMBER(IOCTL_GNTDEV_GRANT_COPY);
	NUMBER(IOCTL_EVTCHN_BIND_VIRQ);
	NUMBER(IOCTL_EVTCHN_BIND_INTERDOMAIN);
	NUMBER(IOCTL_EVTCHN_BIND_UNBOUND_PORT);
	NUMBER(IOCTL_EVTCHN_UNBIND);
	NUMBER(IOCTL_EVTCHN_NOTIFY);
	NUMBER(IOCTL_EVTCHN_RESET);
	printf("\n  },\n");

	list("constants", '{');
	NUMBER(GNTALLOC_FLAG_WRITABLE);
	NUMBER(UNMAP_NOTIFY_CLEAR_BYTE);
	NUMBER(UNMAP_NOTIFY_SEND_EVENT);
	NUMBER(GNTCOPY_source_gref);
	NUMBER(GNTCOPY_dest_gref);
	printf("\n  },\n");

	list("statuses", '{');
	NUMBER(GNTST_okay);
	SIGNED(GNTST_general_error);
	SIGNED(GNTST_bad_domain);
	SIGNED(GNTST_bad_gntref);
	SIGNED(GNTST_bad_handle);
	SIGNED(GNTST_bad_virt_addr);
	SIGNED(GNTST_bad_dev_addr);
	SIGNED(GNTST_no_device_space);
	SIGNED(GNTST_permission_denied);
	SIGNED(GNTST_bad_page);
	SIGNED(GNTST_bad_copy_arg);
	SIGNED(GNTST_address_too_big);
	SIGNED(GNTST_eagain);
	SIGNED(GNTST_no_space);
	printf("\n  },\n");

	list("sizes", '{');
	SIZE(ioctl_gntalloc_alloc_gref);
	SIZE(ioctl_gntalloc_dealloc_gref);
	SIZE(ioctl_gntalloc_unmap_notify);
	SIZE(ioctl_gntdev_grant_ref);
	SIZE(ioctl_gntdev_map_grant_ref);
	SIZE(ioctl_gntdev_unmap_grant_ref);
	SIZE(ioctl_gntdev_unmap_notify);
	SIZE(ioctl_gntdev_grant_copy);
	SIZE(gntdev_grant_copy_segment);
	SIZE(ioctl_evtchn_bind_virq);
	SIZE(ioctl_evtchn_bind_interdomain);
	SIZE(ioctl_evtchn_bind_unbound_port);
	SIZE(ioctl_evtchn_unbind);
	SIZE(ioctl_evtchn_notify);
	printf("\n  },\n");

	list("offsets", '{');
	OFFSET(ioctl_gntalloc_alloc_gref, domid);
	OFFSET(ioctl_gntalloc_alloc_gref, flags);
	OFFSET(ioctl_gntalloc_alloc_gref, count);
	OFFSET(ioctl_gntalloc_alloc_gref, index);
	OFFSET(ioctl_gntalloc_alloc_gref, gref_ids);
	OFFSET(ioctl_gntalloc_dealloc_gref, index);
	OFFSET(ioctl_gntalloc_dealloc_gref, count);
	OFFSET(ioctl_gntalloc_unmap_notify, index);
	OFFSET(ioctl_gntalloc_unmap_notify, action);
	OFFSET(ioctl_gntalloc_unmap_notify, event_channel_port);
	OFFSET(ioctl_gntdev_map_grant_ref, count);
	OFFSET(ioctl_gntdev_map_grant_ref, index);
	OFFSET(ioctl_gntdev_map_grant_ref, refs);
	OFFSET(ioctl_gntdev_grant_ref, domid);
	OFFSET(ioctl_gntdev_grant_ref, ref);
	OFFSET(ioctl_gntdev_unmap_grant_ref, index);
	OFFSET(ioctl_gntdev_unmap_grant_ref, count);
	OFFSET(ioctl_gntdev_unmap_notify, index);
	OFFSET(ioctl_gntdev_unmap_notify, action);
	OFFSET(ioctl_gntdev_unmap_notify, event_channel_port);
	printf("\n  },\n");

	list("allocGref", '[');
	for (size_t i = 0; i < LENGTH(counts); i++)
		alloc_gref(i == 0 ? 0 : 0x7fef - 0x1110 * i, i % 2, counts[i], indices[i]);
	for (size_t i = LENGTH(counts); i < LENGTH(indices); i++)
		alloc_gref(0xffff, 0xfffe, 1, indices[i]);
	printf("\n  ],\n");

	list("mapGrantRef", '[');
	for (size_t i = 0; i < LENGTH(counts); i++)
		map_grant_ref(i == 0 ? 0 : 0x7fef - 0x1110 * i, counts[i], indices[i]);
	for (size_t i = LENGTH(counts); i < LENGTH(indices); i++)
		map_grant_ref(UINT32_MAX, 1, indices[i]);
	printf("\n  ],\n");

	list("mapOfDomains", '[');
	for (size_t i = 0; i < LENGTH(counts); i++)
		map_of_domains(counts[i]);
	printf("\n  ],\n");

	list("runs", '[');
	for (size_t i = 0; i < LENGTH(indices); i++) {
		RUN(ioctl_gntalloc_dealloc_gref, indices[i], i == 3 ? UINT32_MAX : i * i + 1);
		RUN(ioctl_gntdev_unmap_grant_ref, indices[i], i == 3 ? UINT32_MAX : i * i + 1);
	}
	printf("\n  ],\n");

	list("unmapNotifies", '[');
	for (size_t i = 0; i < LENGTH(indices); i++) {
		NOTIFY(ioctl_gntalloc_unmap_notify, indices[i] + 17 * i, i % 4, i == 3 ? UINT32_MAX : 0x1020304 * i);
		NOTIFY(ioctl_gntdev_unmap_notify, indices[i] + 17 * i, i % 4, i == 3 ? UINT32_MAX : 0x1020304 * i);
	}
	printf("\n  ],\n");

	struct side memory = { -1, 0x7fff12345678, 0 }, low = { -1, 4096, 0 }, top = { -1, UINT64_MAX - 4095, 0 };
	struct side first = { 8, 0, 0 }, page = { 0x01020304, 4095, 0x7fef }, ones = { UINT32_MAX, 0xffff, 0xffff };

	list("copySegments", '[');
	copy_segment(memory, first, 4096, GNTST_okay);
	copy_segment(page, low, 1, GNTST_bad_gntref);
	copy_segment(first, page, 17, GNTST_permission_denied);
	copy_segment(ones, top, 0xffff, GNTST_no_space);
	printf("\n  ],\n");

	list("grantCopies", '[');
	grant_copy(1, 0x7fff12345678);
	grant_copy(UINT32_MAX, UINT64_MAX);
	printf("\n  ],\n");

	list("evtchn", '[');
	for (uint32_t i = 0; i < 3; i++) {
		uint32_t value = i == 2 ? UINT32_MAX : 0x1020304 * i;

		EVTCHN(ioctl_evtchn_bind_virq, virq, value);
		EVTCHN(ioctl_evtchn_bind_unbound_port, remote_domain, value);
		EVTCHN(ioctl_evtchn_unbind, port, value);
		EVTCHN(ioctl_evtchn_notify, port, value);
		bind_interdomain(value, 0xfffefdfc - value);
	}
	printf("\n  ]\n}\n");
	return 0;
}
