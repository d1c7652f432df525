/*
 * The event channels of the shim: those of one domain, domain 0, which talks to itself. A file's ring is a pipe, so that it
 * can be read and waited for as the device can.
 */
#define _GNU_SOURCE
#include "shim.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define DOMID_SELF 0x7FF0
#define FILES 16
#define PORTS 1024
#define FIRST_PORT 8
#define VIRQS 24
#define NO_VIRQ VIRQS
/* The events that a ring has room for: at least one for each port that a test binds. */
#define RING_SIZE 1024

/* The ring of a file: what is written to one end is read from the other, which is the descriptor. */
static struct ring { int open, fd, in, overflowed; } rings[FILES];

static struct port {
	struct ring *ring;
	int holders; /* unmap notifies that name it: it stays for as long as they do, unbound or not */
	int unbound, masked, pending;
	uint32_t domid;  /* who may bind an unbound one */
	uint32_t remote; /* the other end; 0 where there is none */
	uint32_t virq;
} ports[PORTS];

void evtchn_reset(void)
{
	memset(ports, 0, sizeof(ports));
}

static struct ring *find_ring(int fd)
{
	for (int i = 0; i < FILES; i++)
		if (rings[i].open && rings[i].fd == fd)
			return &rings[i];
	return NULL;
}

int evtchn_is_open(int fd)
{
	return find_ring(fd) != NULL;
}

int evtchn_open(int flags)
{
	int ends[2];

	if (!(flags & O_NONBLOCK))
		return fail(EPROTO);
	for (int i = 0; i < FILES; i++) {
		if (rings[i].open)
			continue;
		if (syscall(SYS_pipe2, ends, O_CLOEXEC | O_NONBLOCK) < 0)
			return -1;
		rings[i] = (struct ring){ 1, ends[0], ends[1], 0 };
		return ends[0];
	}
	return fail(EMFILE);
}

int evtchn_is_bound(uint32_t port)
{
	return port < PORTS && ports[port].ring;
}

static int events_in(struct ring *ring)
{
	int bytes = 0;

	syscall(SYS_ioctl, ring->fd, FIONREAD, &bytes);
	return bytes / 4;
}

ssize_t evtchn_read(int fd, void *bytes, size_t length)
{
	return find_ring(fd)->overflowed ? fail(EFBIG) : syscall(SYS_read, fd, bytes, length);
}

/* Empties a ring. Its ports stay as they are. */
static int reset_ring(struct ring *ring)
{
	char bytes[4096];

	while (syscall(SYS_read, ring->fd, bytes, sizeof(bytes)) > 0)
		;
	ring->overflowed = 0;
	return 0;
}

static void raise_port(uint32_t number)
{
	struct port *port = &ports[number];

	if (number == 0 || !port->ring)
		return;
	port->pending = port->masked;
	if (port->masked)
		return;
	port->masked = 1;
	/* As in the kernel, the port stays masked even if its event is lost. */
	if (events_in(port->ring) >= RING_SIZE || syscall(SYS_write, port->ring->in, &number, 4) < 0)
		port->ring->overflowed = 1;
}

void evtchn_send(uint32_t port)
{
	raise_port(ports[port].remote);
}

void evtchn_unmask(uint32_t number)
{
	struct port *port = &ports[number % PORTS];

	port->masked = 0;
	if (port->pending)
		raise_port(number % PORTS);
}

static int bind_port(struct ring *ring, struct port port)
{
	for (int number = FIRST_PORT; number < PORTS; number++) {
		if (ports[number].ring || ports[number].holders)
			continue;
		ports[number] = port;
		ports[number].ring = ring;
		return number;
	}
	return fail(ENOSPC);
}

static int bind_interdomain(struct ring *ring, uint32_t domid, uint32_t remote)
{
	int port;

	if (domid != 0 && domid != DOMID_SELF)
		return fail(ESRCH);
	if (!evtchn_is_bound(remote) || !ports[remote].unbound || ports[remote].domid != 0)
		return fail(EINVAL);
	port = bind_port(ring, (struct port){ .remote = remote, .virq = NO_VIRQ });
	if (port < 0)
		return -1;
	ports[remote].unbound = 0;
	ports[remote].remote = port;
	raise_port(port);
	return port;
}

static int bind_virq(struct ring *ring, uint32_t virq)
{
	if (virq >= VIRQS)
		return fail(EINVAL);
	if (virq == 0)
		return fail(EEXIST); /* VIRQ_TIMER, which a kernel has itself */
	for (int i = 0; i < PORTS; i++)
		if (ports[i].ring && ports[i].virq == virq)
			return fail(EEXIST);
	return bind_port(ring, (struct port){ .virq = virq });
}

/* The other end can be bound anew. What is in the ring stays there, as in the kernel. */
static void unbind(struct port *port)
{
	port->ring = NULL;
	if (port->holders)
		return;
	if (port->remote) {
		ports[port->remote].unbound = 1;
		ports[port->remote].remote = 0;
	}
	memset(port, 0, sizeof(*port));
}

void evtchn_hold(uint32_t port)
{
	ports[port].holders++;
}

void evtchn_let_go(uint32_t port)
{
	if (--ports[port].holders == 0 && !ports[port].ring)
		unbind(&ports[port]);
}

void evtchn_close(int fd)
{
	struct ring *ring = find_ring(fd);

	for (int i = 0; i < PORTS; i++)
		if (ports[i].ring == ring)
			unbind(&ports[i]);
	syscall(SYS_close, ring->in);
	ring->open = 0;
}

int evtchn_ioctl(int fd, unsigned long request, const char *bytes)
{
	struct ring *ring = find_ring(fd);
	uint32_t first, second;

	memcpy(&first, bytes, 4);
	switch (request) {
	case 0x44500:
		return bind_virq(ring, first);
	case 0x84501:
		memcpy(&second, bytes + 4, 4);
		return bind_interdomain(ring, first, second);
	case 0x44502:
		return bind_port(ring, (struct port){ .unbound = 1, .domid = first, .virq = NO_VIRQ });
	case 0x4505:
		return reset_ring(ring);
	case 0x44503:
	case 0x44504:
		if (first >= PORTS || ports[first].ring != ring)
			return fail(ENOTCONN);
		if (request == 0x44503)
			unbind(&ports[first]);
		else
			evtchn_send(first);
		return 0;
	}
	return fail(ENOTTY);
}

/* Has an event come on a port that nobody sent: for VIRQs. */
void shim_raise(int port)
{
	raise_port(port);
}
