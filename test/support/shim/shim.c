/*
 * Stands in for the C library where there is no Xen: it has the calls that reach the devices, and devices that live in
 * this process (event channels: evtchn.c, grant copies: copy.c, XenStore: xenbus.c). All other calls are those of the C
 * library itself, with which it is linked. Granted pages are real shared memory, so that both sides see each other's
 * writes. Any of the calls can be told to fail: see shim_fail().
 *
 * What is open and what is mapped can be seen from outside: in /proc/self/fd as "gntalloc-shim-file", and in
 * /proc/self/maps as "gntalloc-shim-memory".
 */
#define _GNU_SOURCE
#include "shim.h"
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FILES 16
#define FILE_PAGES 4096
#define FIRST_GREF 8
#define BOUND_PORT 5
#define MAPPINGS 4096
#define TEXTS 8

enum kind { NO_FILE, GNTALLOC, GNTDEV };

/* A page of a file: granted here (gntalloc), or named to be mapped (gntdev). */
struct page {
	int listed;
	uint32_t domid;
	uint32_t gref;
	uint32_t notify_action;
	uint32_t notify_byte; /* of the page; of the mapping that the page begins, for gntdev */
	uint32_t notify_port;
	uint32_t first;	      /* the page that begins the mapping, for gntdev */
	int readonly;
};

struct file {
	enum kind kind;
	int fd;
	uint64_t next; /* the index of the next page */
	struct page pages[FILE_PAGES];
};

/* Pages of a file that are mapped. The file is closed after the mapping has ended. */
struct mapping {
	char *start;
	struct file *file;
	uint64_t index;
	uint64_t count;
};

struct rule {
	char call[16];
	int skip;
	int error;
};

struct text {
	char path[128];
	char contents[64];
};

static struct file files[FILES];
struct grant table[TABLE_SIZE];
static struct mapping mappings[MAPPINGS];
static struct rule rules[16];
static struct text texts[TEXTS];
int memory = -1;
static int limit, granted, table_size, events, page_size;

/* ---- what tests call ---- */

/* Forgets everything but what is open and mapped. */
void shim_reset(void)
{
	if (memory < 0) {
		memory = syscall(SYS_memfd_create, "gntalloc-shim-memory", 1 /* MFD_CLOEXEC */);
		if (syscall(SYS_ftruncate, memory, TABLE_SIZE * PAGE) < 0)
			memory = -1;
	}
	memset(table, 0, sizeof(table));
	memset(mappings, 0, sizeof(mappings));
	memset(rules, 0, sizeof(rules));
	memset(texts, 0, sizeof(texts));
	limit = 1024;
	table_size = TABLE_SIZE;
	granted = events = 0;
	page_size = PAGE;
	evtchn_reset();
	xenbus_reset();
}

/* Pages that are granted still, to a peer that maps them at least. */
int shim_granted_pages(void)
{
	int pages = 0;

	for (int gref = 0; gref < TABLE_SIZE; gref++)
		pages += table[gref].valid;
	return pages;
}

/* Has the named call fail once, after `skip` more of its kind have not. */
void shim_fail(const char *call, int skip, int error)
{
	for (int i = 0; i < 16; i++) {
		if (rules[i].call[0])
			continue;
		strncpy(rules[i].call, call, sizeof(rules[i].call) - 1);
		rules[i].skip = skip;
		rules[i].error = error;
		return;
	}
}

/* Has a text file be there; others under /sys are not. */
void shim_text(const char *path, const char *contents)
{
	for (int i = 0; i < TEXTS; i++) {
		if (texts[i].path[0] && strcmp(texts[i].path, path) != 0)
			continue;
		memset(&texts[i], 0, sizeof(texts[i]));
		strncpy(texts[i].path, path, sizeof(texts[i].path) - 1);
		strncpy(texts[i].contents, contents, sizeof(texts[i].contents) - 1);
		return;
	}
}

/* The bounds that the ENOSPC of an allocation comes from: pages of all files (negative: none), entries of the table. */
void shim_bounds(int pages, int entries)
{
	limit = pages;
	table_size = entries;
}

/* The size of the kernel's pages. */
void shim_page_size(int bytes)
{
	page_size = bytes;
}

/* Events sent so far by unmap notifies. */
int shim_events(void)
{
	return events;
}

/* Grants that a file of gntdev still knows. */
int shim_known_grants(void)
{
	int known = 0;

	for (int f = 0; f < FILES; f++)
		for (int i = 0; files[f].kind == GNTDEV && i < FILE_PAGES; i++)
			known += files[f].pages[i].listed;
	return known;
}

/* ---- the devices ---- */

int fail(int error)
{
	errno = error;
	return -1;
}

int told_to_fail(const char *call)
{
	for (int i = 0; i < 16; i++) {
		if (strcmp(rules[i].call, call) != 0 || rules[i].skip-- > 0)
			continue;
		rules[i].call[0] = 0;
		return rules[i].error;
	}
	return 0;
}

static struct file *find_file(int fd)
{
	for (int i = 0; i < FILES; i++)
		if (files[i].kind != NO_FILE && files[i].fd == fd)
			return &files[i];
	return NULL;
}

static int all_listed(const struct file *file, uint64_t index, uint64_t count)
{
	if (count == 0 || index + count > FILE_PAGES)
		return 0;
	for (uint64_t i = index; i < index + count; i++)
		if (!file->pages[i].listed)
			return 0;
	return 1;
}

static int alloc_gref(struct file *file, char *request)
{
	static const char zeros[PAGE];
	struct { uint16_t domid, flags; uint32_t count; uint64_t index; } head;
	uint32_t gref = FIRST_GREF;
	int free_entries = 0;

	memcpy(&head, request, sizeof(head));
	for (int i = FIRST_GREF; i < table_size; i++)
		free_entries += !table[i].valid;
	if ((limit >= 0 && granted + (int64_t)head.count > limit) || head.count > (uint32_t)free_entries)
		return fail(ENOSPC);
	if (file->next + head.count > FILE_PAGES)
		return fail(ENOMEM);

	head.index = file->next * PAGE;
	memcpy(request, &head, sizeof(head));
	for (uint32_t i = 0; i < head.count; i++) {
		while (table[gref].valid)
			gref++;
		table[gref] = (struct grant){ .valid = 1, .listed = 1, .writable = head.flags & 1, .domid = head.domid };
		if (syscall(SYS_pwrite64, memory, zeros, PAGE, gref * PAGE) != (long)PAGE)
			return -1;
		file->pages[file->next++] = (struct page){ .listed = 1, .domid = head.domid, .gref = gref };
		memcpy(request + 16 + 4 * i, &gref, 4);
	}
	granted += head.count;
	return 0;
}

/* Clears the byte of a notify, counted from the page. */
static int clear_byte(struct page *page, uint32_t byte)
{
	if ((page->notify_action & 1) &&
	    syscall(SYS_pwrite64, memory, "", 1, page[byte / PAGE].gref * PAGE + byte % PAGE) != 1)
		return -1;
	page->notify_action &= ~1u;
	return 0;
}

static void send_event(struct page *page)
{
	if (page->notify_action & 2) {
		events++;
		evtchn_send(page->notify_port);
		evtchn_let_go(page->notify_port);
	}
	page->notify_action = 0;
}

static int dealloc_gref(struct file *file, uint64_t index, uint32_t count)
{
	if (!all_listed(file, index / PAGE, count))
		return fail(EINVAL);
	for (uint32_t i = 0; i < count; i++) {
		struct page *page = &file->pages[index / PAGE + i];

		if (clear_byte(page, page->notify_byte) < 0)
			return -1;
		send_event(page);
		page->listed = 0;
		table[page->gref].listed = 0;
		table[page->gref].valid = table[page->gref].peers > 0;
	}
	granted -= count;
	return 0;
}

static int set_unmap_notify(struct file *file, uint64_t index, uint32_t action, uint32_t port)
{
	if (!all_listed(file, index / PAGE, 1))
		return fail(ENOENT);
	struct page *page = &file->pages[index / PAGE];

	if ((action & ~3u) || ((action & 2) && port != BOUND_PORT && !evtchn_is_bound(port)))
		return fail(EINVAL);
	if (file->kind == GNTDEV) {
		page = &file->pages[page->first];
		if ((action & 1) && page->readonly)
			return fail(EINVAL);
	}
	if (action & 2)
		evtchn_hold(port);
	if (page->notify_action & 2)
		evtchn_let_go(page->notify_port);
	page->notify_action = action;
	page->notify_byte = index - (page - file->pages) * PAGE;
	page->notify_port = port;
	return 0;
}

static int map_grant_ref(struct file *file, char *request)
{
	uint64_t index = file->next * PAGE;
	uint32_t count;

	memcpy(&count, request, 4);
	if (count == 0 || file->next + count > FILE_PAGES)
		return fail(EINVAL);
	memcpy(request + 8, &index, 8);
	for (uint32_t i = 0; i < count; i++) {
		struct page *page = &file->pages[file->next++];

		page->listed = 1;
		page->first = index / PAGE;
		memcpy(&page->domid, request + 16 + 8 * i, 4);
		memcpy(&page->gref, request + 20 + 8 * i, 4);
	}
	return 0;
}

static int unmap_grant_ref(struct file *file, uint64_t index, uint32_t count)
{
	if (!all_listed(file, index / PAGE, count))
		return fail(ENOENT);
	send_event(&file->pages[index / PAGE]);
	for (uint32_t i = 0; i < count; i++)
		file->pages[index / PAGE + i].listed = 0;
	return 0;
}

/* Whether this domain may map what is named. */
static int mappable(const struct page *page, int writable)
{
	const struct grant *grant = &table[page->gref % TABLE_SIZE];

	return page->gref < TABLE_SIZE && page->domid <= 1 && grant->valid && grant->domid == 0 &&
	       (grant->writable || !writable);
}

static void add_mapping(char *start, struct file *file, uint64_t index, uint64_t count)
{
	for (int i = 0; i < MAPPINGS; i++) {
		if (mappings[i].start)
			continue;
		mappings[i] = (struct mapping){ start, file, index, count };
		break;
	}
	for (uint64_t i = index; file->kind == GNTDEV && i < index + count; i++)
		table[file->pages[i].gref].peers++;
}

/* A mapping has ended: its grants lose a peer, and those that were waiting for that lose their entry. */
static void end_mapping(const char *start)
{
	for (int i = 0; i < MAPPINGS; i++) {
		struct mapping *mapping = &mappings[i];

		if (!mapping->start || mapping->start != start)
			continue;
		if (mapping->file->kind == GNTDEV) {
			struct page *page = &mapping->file->pages[mapping->index];

			clear_byte(page, page->notify_byte);
		}
		for (uint64_t n = 0; mapping->file->kind == GNTDEV && n < mapping->count; n++) {
			struct grant *grant = &table[mapping->file->pages[mapping->index + n].gref];

			grant->peers--;
			grant->valid = grant->listed || grant->peers > 0;
		}
		mapping->start = NULL;
	}
}

/* ---- the calls of the C library ---- */

int open(const char *path, int flags, ...)
{
	int error = told_to_fail("open");
	int is_evtchn = strcmp(path, "/dev/xen/evtchn") == 0;
	int is_xenbus = strcmp(path, "/dev/xen/xenbus") == 0;
	enum kind kind = strcmp(path, "/dev/xen/gntalloc") == 0 ? GNTALLOC :
			 strcmp(path, "/dev/xen/gntdev") == 0	? GNTDEV :
								  NO_FILE;
	int fd;

	if (error)
		return fail(error);
	if (!(flags & O_CLOEXEC) || (flags & O_ACCMODE) != (kind == NO_FILE && !is_evtchn && !is_xenbus ? O_RDONLY : O_RDWR))
		return fail(EPROTO);
	if (is_evtchn)
		return evtchn_open(flags);
	if (is_xenbus)
		return xenbus_open(flags);
	if (kind == NO_FILE) {
		for (int i = 0; i < TEXTS; i++) {
			if (strcmp(texts[i].path, path) != 0)
				continue;
			fd = syscall(SYS_memfd_create, "gntalloc-shim-file", 1);
			if (syscall(SYS_pwrite64, fd, texts[i].contents, strlen(texts[i].contents), 0) < 0)
				return -1;
			return fd;
		}
		return fail(ENOENT);
	}
	for (int i = 0; i < FILES; i++) {
		if (files[i].kind != NO_FILE)
			continue;
		memset(&files[i], 0, sizeof(files[i]));
		files[i].kind = kind;
		files[i].fd = syscall(SYS_memfd_create, "gntalloc-shim-file", 1);
		return files[i].fd;
	}
	return fail(EMFILE);
}

int close(int fd)
{
	struct file *file = find_file(fd);
	int error = told_to_fail("close");

	if (file)
		file->kind = NO_FILE;
	if (evtchn_is_open(fd))
		evtchn_close(fd);
	if (xenbus_is_open(fd))
		xenbus_close();
	if (syscall(SYS_close, fd) < 0)
		return -1;
	return error ? fail(error) : 0;
}

ssize_t read(int fd, void *bytes, size_t length)
{
	int error = told_to_fail("read");

	if (error)
		return fail(error);
	return evtchn_is_open(fd) ? evtchn_read(fd, bytes, length) : syscall(SYS_read, fd, bytes, length);
}

ssize_t write(int fd, const void *bytes, size_t length)
{
	int error = told_to_fail("write");

	if (error)
		return fail(error);
	if (xenbus_is_open(fd))
		return xenbus_write(bytes, length);
	if (!evtchn_is_open(fd))
		return syscall(SYS_write, fd, bytes, length);
	if (length % 4)
		return fail(EINVAL);
	for (size_t i = 0; i < length; i += 4) {
		uint32_t port;

		memcpy(&port, (const char *)bytes + i, 4);
		evtchn_unmask(port);
	}
	return length;
}

/* The library's own, which can be told to fail too. */
int epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event)
{
	int error = told_to_fail("epoll_ctl");

	return error ? fail(error) : syscall(SYS_epoll_ctl, epoll, operation, fd, event);
}

int ioctl(int fd, unsigned long request, ...)
{
	struct file *file = find_file(fd);
	struct { uint64_t index; uint32_t first, second; } arguments;
	int error = told_to_fail("ioctl");
	va_list list;
	char *bytes;

	va_start(list, request);
	bytes = va_arg(list, char *);
	va_end(list);
	if (error)
		return fail(error);
	if (evtchn_is_open(fd))
		return evtchn_ioctl(fd, request, bytes);
	if (!file)
		return fail(EBADF);
	memcpy(&arguments, bytes, sizeof(arguments));
	switch (request) {
	case 0x184705:
		return file->kind == GNTALLOC ? alloc_gref(file, bytes) : fail(ENOTTY);
	case 0x104706:
		return file->kind == GNTALLOC ? dealloc_gref(file, arguments.index, arguments.first) : fail(ENOTTY);
	case 0x104707:
		return set_unmap_notify(file, arguments.index, arguments.first, arguments.second);
	case 0x184700:
		return file->kind == GNTDEV ? map_grant_ref(file, bytes) : fail(ENOTTY);
	case 0x104701:
		return file->kind == GNTDEV ? unmap_grant_ref(file, arguments.index, arguments.first) : fail(ENOTTY);
	case 0x104708:
		return file->kind == GNTDEV ? grant_copy(bytes) : fail(ENOTTY);
	}
	return fail(ENOTTY);
}

void *mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
	struct file *file = find_file(fd);
	int error = told_to_fail("mmap");
	struct page *page;
	char *start;

	if (error) {
		errno = error;
		return MAP_FAILED;
	}
	if (!file) {
		start = (char *)syscall(SYS_mmap, address, length, protection, flags, fd, offset);
		if (flags & MAP_FIXED)
			end_mapping(start);
		return start;
	}
	if (flags != MAP_SHARED || offset % PAGE) {
		errno = EINVAL;
		return MAP_FAILED;
	}
	if (!all_listed(file, offset / PAGE, (length + PAGE - 1) / PAGE)) {
		errno = ENOENT;
		return MAP_FAILED;
	}
	page = &file->pages[offset / PAGE];
	for (size_t i = 0; file->kind == GNTDEV && i < length / PAGE; i++) {
		if (!mappable(&page[i], protection & PROT_WRITE)) {
			errno = EINVAL;
			return MAP_FAILED;
		}
	}
	start = (char *)syscall(SYS_mmap, NULL, length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (size_t i = 0; i < length / PAGE; i++)
		syscall(SYS_mmap, start + i * PAGE, PAGE, protection, MAP_SHARED | MAP_FIXED, memory, page[i].gref * PAGE);
	page->readonly = !(protection & PROT_WRITE);
	add_mapping(start, file, offset / PAGE, length / PAGE);
	return start;
}

int getpagesize(void)
{
	return page_size;
}

int munmap(void *address, size_t length)
{
	int error = told_to_fail("munmap");

	if (syscall(SYS_munmap, address, length) < 0)
		return -1;
	end_mapping(address);
	return error ? fail(error) : 0;
}
