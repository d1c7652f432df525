/*
 * Stands in for Xen below a daemon of XenStore, which then serves domains that are files: LD_PRELOAD has the daemon find
 * these functions in place of those of libxenctrl, libxenevtchn and libxengnttab.
 *
 * The folder that GNTALLOC_DOMAINS names has a file `ring-N` for each domain N: the page through which it talks to the
 * daemon, as io/xs_wire.h of Xen's public headers lays it out. Domain N has the event channel PORTS + N. Whoever writes
 * its number, 32 bits, into the pipe `events` wakes the daemon. The daemon wakes nobody: domains look at their page.
 *
 * oxenstored has its socket always in FIXED_FOLDER. It finds it in the folder of the domains, too.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>
#define XC_WANT_COMPAT_MAP_FOREIGN_API
#include <xenctrl.h>
#include <xenevtchn.h>
#include <xengnttab.h>

#define PAGE 4096
#define VIRQ_PORT 1
#define PORTS 100
#define FIXED_FOLDER "/var/run/xenstored"
/* What the kernel of domain 0 says about its page and event channel. */
#define DOM0_PAGE "/proc/xen/xsd_kva"
#define DOM0_PORT "/proc/xen/xsd_port"

static int events = -1;

/* A test that is killed leaves no daemon behind. */
__attribute__((constructor)) static void end_with_parent(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static const char *path_of(const char *name, int domid)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", getenv("GNTALLOC_DOMAINS"), name);
	if (domid >= 0)
		snprintf(path + strlen(path), sizeof(path) - strlen(path), "-%d", domid);
	return path;
}

static int exists(int domid)
{
	return domid == 0 || access(path_of("ring", domid), F_OK) == 0;
}

static void *map(int domid)
{
	int fd = syscall(SYS_openat, AT_FDCWD, path_of("ring", domid), O_RDWR | O_CLOEXEC, 0);
	void *page;

	if (fd < 0)
		return NULL;
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return page == MAP_FAILED ? NULL : page;
}

/* Any pointer but NULL is a handle. */
xc_interface *xc_interface_open(xentoollog_logger *logger, xentoollog_logger *dombuild, unsigned flags)
{
	(void)logger, (void)dombuild, (void)flags;
	return (xc_interface *)&events;
}

int xc_interface_close(xc_interface *xch)
{
	(void)xch;
	return 0;
}

int xc_domain_getinfo(xc_interface *xch, uint32_t first, unsigned int most, xc_dominfo_t *info)
{
	(void)xch;
	for (uint32_t domid = first; most > 0 && domid < 0x7ff0; domid++) {
		if (!exists(domid))
			continue;
		memset(info, 0, sizeof(*info));
		info->domid = domid;
		info->running = 1;
		return 1;
	}
	return 0;
}

int xc_domain_getinfolist(xc_interface *xch, uint32_t first, unsigned int most, xc_domaininfo_t *info)
{
	(void)xch, (void)most;
	if (!exists(first))
		return 0;
	memset(info, 0, sizeof(*info));
	info->domain = first;
	return 1;
}

void *xc_map_foreign_range(xc_interface *xch, uint32_t domid, int size, int protection, unsigned long frame)
{
	(void)xch, (void)size, (void)protection, (void)frame;
	return map(domid);
}

xengnttab_handle *xengnttab_open(xentoollog_logger *logger, unsigned flags)
{
	(void)logger, (void)flags;
	return (xengnttab_handle *)&events;
}

int xengnttab_close(xengnttab_handle *handle)
{
	(void)handle;
	return 0;
}

int xengnttab_set_max_grants(xengnttab_handle *handle, uint32_t count)
{
	(void)handle, (void)count;
	return 0;
}

void *xengnttab_map_grant_ref(xengnttab_handle *handle, uint32_t domid, uint32_t ref, int protection)
{
	(void)handle, (void)ref, (void)protection;
	return map(domid);
}

int xengnttab_unmap(xengnttab_handle *handle, void *address, uint32_t count)
{
	(void)handle;
	return munmap(address, (size_t)count * PAGE);
}

xenevtchn_handle *xenevtchn_open(xentoollog_logger *logger, unsigned int flags)
{
	(void)logger, (void)flags;
	events = syscall(SYS_openat, AT_FDCWD, path_of("events", -1), O_RDWR | O_NONBLOCK | O_CLOEXEC, 0);
	return events < 0 ? NULL : (xenevtchn_handle *)&events;
}

xenevtchn_handle *xenevtchn_fdopen(xentoollog_logger *logger, int fd, unsigned int flags)
{
	(void)fd;
	return xenevtchn_open(logger, flags);
}

int xenevtchn_close(xenevtchn_handle *handle)
{
	(void)handle;
	return close(events);
}

int xenevtchn_fd(xenevtchn_handle *handle)
{
	(void)handle;
	return events;
}

xenevtchn_port_or_error_t xenevtchn_bind_virq(xenevtchn_handle *handle, unsigned int virq)
{
	(void)handle, (void)virq;
	return VIRQ_PORT;
}

xenevtchn_port_or_error_t xenevtchn_bind_interdomain(xenevtchn_handle *handle, uint32_t domid, evtchn_port_t port)
{
	(void)handle, (void)port;
	return PORTS + domid;
}

xenevtchn_port_or_error_t xenevtchn_pending(xenevtchn_handle *handle)
{
	uint32_t port;

	(void)handle;
	return read(events, &port, sizeof(port)) == sizeof(port) ? (int)port : -1;
}

int xenevtchn_unmask(xenevtchn_handle *handle, evtchn_port_t port)
{
	(void)handle, (void)port;
	return 0;
}

int xenevtchn_unbind(xenevtchn_handle *handle, evtchn_port_t port)
{
	(void)handle, (void)port;
	return 0;
}

int xenevtchn_notify(xenevtchn_handle *handle, evtchn_port_t port)
{
	(void)handle, (void)port;
	return 0;
}

/* The limit of open files, which only root may raise. It is high enough. */
int setrlimit(__rlimit_resource_t resource, const struct rlimit *limits)
{
	(void)resource, (void)limits;
	return 0;
}

/* The path that stands for one of oxenstored's. */
static const char *redirect(const char *path)
{
	if (strcmp(path, FIXED_FOLDER "/socket") == 0)
		return path_of("socket", -1);
	if (strcmp(path, DOM0_PAGE) == 0)
		return path_of("ring", 0);
	if (strcmp(path, DOM0_PORT) == 0)
		return path_of("port", 0);
	return strncmp(path, FIXED_FOLDER, strlen(FIXED_FOLDER)) == 0 ? path_of("other", -1) : path;
}

int bind(int fd, const struct sockaddr *address, socklen_t length)
{
	struct sockaddr_un named = { .sun_family = AF_UNIX };

	if (address->sa_family != AF_UNIX)
		return syscall(SYS_bind, fd, address, length);
	strncpy(named.sun_path, redirect(((const struct sockaddr_un *)address)->sun_path), sizeof(named.sun_path) - 1);
	return syscall(SYS_bind, fd, &named, sizeof(named));
}

int unlink(const char *path)
{
	return syscall(SYS_unlink, redirect(path));
}

int chmod(const char *path, mode_t mode)
{
	return syscall(SYS_chmod, redirect(path), mode);
}

int mkdir(const char *path, mode_t mode)
{
	return syscall(SYS_mkdir, redirect(path), mode);
}

int open(const char *path, int flags, ...)
{
	va_list rest;
	mode_t mode;

	va_start(rest, flags);
	mode = va_arg(rest, mode_t);
	va_end(rest);
	return syscall(SYS_openat, AT_FDCWD, redirect(path), flags, mode);
}

int open64(const char *path, int flags, ...) __attribute__((alias("open")));
