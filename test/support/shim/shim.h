/* What the parts of the shim know of each other. */
#include <stdint.h>
#include <sys/types.h>

#define PAGE 4096ul
#define TABLE_SIZE 4096

/*
 * The grant table of the one domain there is, domain 0, which also goes by 1: the page that entry `gref` grants is the one at offset gref * PAGE of
 * `memory`. An entry stays valid until its page was let go of here and no peer maps it.
 */
struct grant {
	int valid;
	int listed;
	int writable;
	int peers;
	uint32_t domid;
};

extern struct grant table[TABLE_SIZE];
/* The file whose pages are granted. */
extern int memory;

/* Sets errno. */
int fail(int error);
/* The error that the named call is told to fail with, or 0. */
int told_to_fail(const char *call);

/* Forgets all ports. */
void evtchn_reset(void);
/* Opens a file of event channels: the descriptor, or -1. */
int evtchn_open(int flags);
int evtchn_is_open(int fd);
/* Unbinds the ports of a file. The descriptor is the caller's to close. */
void evtchn_close(int fd);
ssize_t evtchn_read(int fd, void *bytes, size_t length);
int evtchn_ioctl(int fd, unsigned long request, const char *bytes);
/* Unmasks a port. */
void evtchn_unmask(uint32_t port);
int evtchn_is_bound(uint32_t port);
/* Keeps a port until it is let go of. */
void evtchn_hold(uint32_t port);
void evtchn_let_go(uint32_t port);
/* Sends an event to the other end of a port. */
void evtchn_send(uint32_t port);

int grant_copy(const char *request);

/* Forgets the domid. */
void xenbus_reset(void);
/* Opens the device of XenStore: the descriptor, or -1. */
int xenbus_open(int flags);
int xenbus_is_open(int fd);
ssize_t xenbus_write(const void *bytes, size_t length);
/* Forgets the descriptor, which is the caller's to close. */
void xenbus_close(void);
