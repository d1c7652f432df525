/* The calls of the devices, and of XenStore, for suspend.c. If one fails that must not, it ends the program. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

typedef uint32_t grant_ref_t;
typedef uint16_t domid_t;

#include <xen/evtchn.h>
#include <xen/gntalloc.h>
#include <xen/gntdev.h>

#define PAGE 4096
#define DOM0 0
#define CLEAR UNMAP_NOTIFY_CLEAR_BYTE
#define SEND UNMAP_NOTIFY_SEND_EVENT
/* Types of XenStore's messages. */
#define READ 2
#define WRITE 11
#define ERROR 16

/* The devices. */
static int gntalloc, gntdev, evtchn;

static void die(const char *what)
{
    printf("- %s: %s\n", what, strerror(errno));
    exit(1);
}

static void say(const char *what, long answer)
{
    if (answer < 0)
        printf("- %s: %s\n", what, strerrorname_np(errno));
    else
        printf("- %s: %ld\n", what, answer);
}

static int open_device(const char *path, int flags)
{
    int file = open(path, O_RDWR | flags);

    if (file < 0)
        die(path);
    return file;
}

/* Asks XenStore, as the driver's file carries its protocol: a header, then the text. Returns whether it agrees. */
static int ask(uint32_t type, const char *path, const char *value, char answer[64])
{
    struct {
        uint32_t type, request, transaction, length;
        char body[256];
    } message = { .type = type };
    const size_t header = 16;
    int xenbus = open_device("/dev/xen/xenbus", 0);
    ssize_t length;

    message.length = strlen(path) + 1 + strlen(value);
    memcpy(message.body, path, strlen(path) + 1);
    memcpy(message.body + strlen(path) + 1, value, strlen(value));
    length = header + message.length;
    if (write(xenbus, &message, length) != length)
        die("write xenbus");
    memset(&message, 0, sizeof message);
    if (read(xenbus, &message, header) != (ssize_t)header || message.length >= sizeof message.body)
        die("read xenbus");
    if (message.length > 0 && read(xenbus, message.body, message.length) != message.length)
        die("read xenbus");
    close(xenbus);
    if (answer)
        snprintf(answer, 64, "%.63s", message.body);
    return message.type != ERROR;
}

static void offer(const char *name, unsigned first, unsigned second, unsigned third)
{
    char path[64], text[64];

    snprintf(path, sizeof path, "data/%s", name);
    snprintf(text, sizeof text, "%u %u %u", first, second, third);
    if (!ask(WRITE, path, text, NULL))
        die("write xenstore");
}

/* Waits until dom0 writes a key, and returns it as a number. */
static unsigned await_key(const char *name)
{
    char path[64], answer[64];

    snprintf(path, sizeof path, "data/%s", name);
    while (!ask(READ, path, "", answer) || answer[0] == '\0')
        usleep(200000);
    return atoi(answer);
}

/* Grants pages to dom0. Returns the index of the first. */
static uint64_t grant(unsigned count, uint32_t grefs[])
{
    struct {
        struct ioctl_gntalloc_alloc_gref call;
        uint32_t more[8];
    } request = { .call = { .domid = DOM0, .flags = GNTALLOC_FLAG_WRITABLE, .count = count } };

    if (ioctl(gntalloc, IOCTL_GNTALLOC_ALLOC_GREF, &request))
        die("grant");
    memcpy(grefs, request.call.gref_ids, count * sizeof grefs[0]);
    return request.call.index;
}

static char *map(int file, uint64_t index)
{
    char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, index);

    if (page == MAP_FAILED)
        die("mmap");
    return page;
}

static int free_page(uint64_t index)
{
    struct ioctl_gntalloc_dealloc_gref call = { .index = index, .count = 1 };

    return ioctl(gntalloc, IOCTL_GNTALLOC_DEALLOC_GREF, &call);
}

static int notify_of_page(uint64_t index, int action, int port)
{
    struct ioctl_gntalloc_unmap_notify call = { .index = index, .action = action, .event_channel_port = port };

    return ioctl(gntalloc, IOCTL_GNTALLOC_SET_UNMAP_NOTIFY, &call);
}

static int notify_of_mapping(uint64_t index, int action)
{
    struct ioctl_gntdev_unmap_notify call = { .index = index, .action = action };

    return ioctl(gntdev, IOCTL_GNTDEV_SET_UNMAP_NOTIFY, &call);
}

/* Maps the page that dom0 offers. */
static char *map_peer(uint64_t *index)
{
    struct ioctl_gntdev_map_grant_ref call = { .count = 1, .refs = { { .domid = DOM0, .ref = await_key("gref") } } };

    if (ioctl(gntdev, IOCTL_GNTDEV_MAP_GRANT_REF, &call))
        die("map");
    *index = call.index;
    return map(gntdev, call.index);
}

static int open_evtchn(void)
{
    return open_device("/dev/xen/evtchn", O_NONBLOCK);
}

static int bind_port(int file)
{
    struct ioctl_evtchn_bind_unbound_port call = { .remote_domain = DOM0 };

    return ioctl(file, IOCTL_EVTCHN_BIND_UNBOUND_PORT, &call);
}

static int notify(int file, unsigned port)
{
    struct ioctl_evtchn_notify call = { .port = port };

    return ioctl(file, IOCTL_EVTCHN_NOTIFY, &call);
}

static int unbind(int file, unsigned port)
{
    struct ioctl_evtchn_unbind call = { .port = port };

    return ioctl(file, IOCTL_EVTCHN_UNBIND, &call);
}

static int unmask(int file, uint32_t port)
{
    return write(file, &port, sizeof port);
}

/* Waits until there is an event to take. Returns whether there is one in time. */
static int wait_for_event(int file, int milliseconds)
{
    struct pollfd wait = { .fd = file, .events = POLLIN };

    return poll(&wait, 1, milliseconds) == 1;
}

/* Takes an event. Returns its port, or 0 if there is none in time. */
static unsigned event(int file, int milliseconds)
{
    uint32_t port;

    if (!wait_for_event(file, milliseconds))
        return 0;
    return read(file, &port, sizeof port) == sizeof port ? port : 0;
}
