/*
 * Uses a page that this domain granted to itself, and says what its owner sees: see ../guest/own_grant.ts.
 *
 *   own_grant copy      copies to and from the page
 *   own_grant refused   tries to map the page with Xen's DOMID_SELF, which Xen refuses
 *   own_grant map       maps the page with gntdev, and unmaps it
 *
 * Frees the page at the end.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
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
#define DOMID_SELF 0x7FF0
/* The flags of a copy: which side is a granted page. */
#define FROM_GRANT 1
#define TO_GRANT 2

static const char text[] = "from the owner";
static uint32_t gref;
static volatile char *page;
static int gntdev;

static void die(const char *what)
{
    printf("%s: %s\n", what, strerror(errno));
    exit(1);
}

static int open_device(const char *path)
{
    int file = open(path, O_RDWR);

    if (file < 0)
        die(path);
    return file;
}

static void read_exactly(int file, void *to, size_t length)
{
    for (size_t done = 0; done < length;) {
        ssize_t n = read(file, (char *)to + done, length - done);

        if (n <= 0)
            die("read xenbus");
        done += n;
    }
}

/* Asks xenstore, as the driver's file carries its protocol: a header, then the path. */
static unsigned own_domid(void)
{
    struct {
        uint32_t type, request, transaction, length;
        char body[32];
    } message = { .type = 2 /* read */, .length = sizeof "domid", .body = "domid" };
    const size_t header = offsetof(typeof(message), body);
    const ssize_t length = header + message.length;
    int xenbus = open_device("/dev/xen/xenbus");

    if (write(xenbus, &message, length) != length)
        die("write xenbus");
    memset(&message, 0, sizeof message);
    read_exactly(xenbus, &message, header);
    if (message.type != 2 || message.length >= sizeof message.body)
        die("xenstore has no domid");
    read_exactly(xenbus, message.body, message.length);
    close(xenbus);
    return atoi(message.body);
}

/* Whether a domain is this one: only the domain that a port is for can bind to it. The library looks in the same way. */
static const char *is_own(unsigned domid)
{
    struct ioctl_evtchn_bind_unbound_port unbound = { .remote_domain = domid };
    struct ioctl_evtchn_bind_interdomain bind = { .remote_domain = DOMID_SELF };
    int evtchn = open_device("/dev/xen/evtchn");
    const char *answer;

    bind.remote_port = ioctl(evtchn, IOCTL_EVTCHN_BIND_UNBOUND_PORT, &unbound);
    if ((int)bind.remote_port < 0)
        die("bind a port");
    answer = ioctl(evtchn, IOCTL_EVTCHN_BIND_INTERDOMAIN, &bind) >= 0 ? "own" : strerror(errno);
    close(evtchn);
    return answer;
}

/* Says what the owner reads: its text, another one, or the ones of a missing page. */
static void owner_reads(const char *when)
{
    char seen[sizeof text] = "";
    int ones = 1;

    for (size_t i = 0; i < sizeof seen - 1; i++) {
        seen[i] = page[i];
        ones &= seen[i] == (char)0xff;
    }
    printf("%s, the owner reads: %s\n", when, ones ? "ones only" : seen);
}

static int copy(unsigned domid, void *local, int flags)
{
    struct gntdev_grant_copy_segment segment = { .len = sizeof text, .flags = flags };
    struct ioctl_gntdev_grant_copy call = { .count = 1, .segments = &segment };

    if (flags == TO_GRANT) {
        segment.source.virt = local;
        segment.dest.foreign.domid = domid;
        segment.dest.foreign.ref = gref;
    } else {
        segment.dest.virt = local;
        segment.source.foreign.domid = domid;
        segment.source.foreign.ref = gref;
    }
    if (ioctl(gntdev, IOCTL_GNTDEV_GRANT_COPY, &call))
        die("copy");
    return segment.status;
}

static void copy_both_ways(unsigned domid)
{
    char local[sizeof text] = "from the copy!";

    printf("copy to %u: %d\n", domid, copy(domid, local, TO_GRANT));
    owner_reads("after the copy");
    memset(local, 0, sizeof local);
    printf("copy from %u: %d, %s\n", domid, copy(domid, local, FROM_GRANT), local);
}

static void map_and_unmap(unsigned domid)
{
    struct ioctl_gntdev_map_grant_ref map = { .count = 1, .refs = { { .domid = domid, .ref = gref } } };
    struct ioctl_gntdev_unmap_grant_ref unmap = { .count = 1 };
    char *mapped;

    if (ioctl(gntdev, IOCTL_GNTDEV_MAP_GRANT_REF, &map))
        die("map");
    mapped = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, gntdev, map.index);
    if (mapped == MAP_FAILED) {
        printf("map: refused\n");
        owner_reads("after it");
    } else {
        printf("map: done, the mapper reads: %s\n", mapped);
        owner_reads("while mapped");
        munmap(mapped, PAGE);
    }
    unmap.index = map.index;
    if (ioctl(gntdev, IOCTL_GNTDEV_UNMAP_GRANT_REF, &unmap))
        die("unmap");
    owner_reads("after unmapping");
}

int main(int count, char **arguments)
{
    const char *verb = count == 2 ? arguments[1] : "";
    unsigned domid = own_domid();
    struct ioctl_gntalloc_alloc_gref grant = { .domid = domid, .flags = GNTALLOC_FLAG_WRITABLE, .count = 1 };
    struct ioctl_gntalloc_dealloc_gref free_page = { .count = 1 };
    int gntalloc = open_device("/dev/xen/gntalloc");

    setvbuf(stdout, NULL, _IOLBF, 0);
    gntdev = open_device("/dev/xen/gntdev");
    printf("port for %u: %s\n", domid, is_own(domid));
    printf("port for another: %s\n", is_own(domid ^ 1));
    if (ioctl(gntalloc, IOCTL_GNTALLOC_ALLOC_GREF, &grant))
        die("grant");
    gref = grant.gref_ids[0];
    page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, gntalloc, grant.index);
    if (page == MAP_FAILED)
        die("map the granted page");
    for (size_t i = 0; i < sizeof text; i++)
        page[i] = text[i];

    if (!strcmp(verb, "copy")) {
        copy_both_ways(domid);
        copy_both_ways(DOMID_SELF);
    } else if (!strcmp(verb, "refused")) {
        map_and_unmap(DOMID_SELF);
    } else if (!strcmp(verb, "map")) {
        map_and_unmap(domid);
    } else {
        printf("own_grant: there is no verb %s\n", verb);
        return 2;
    }

    munmap((void *)page, PAGE);
    free_page.index = grant.index;
    if (ioctl(gntalloc, IOCTL_GNTALLOC_DEALLOC_GREF, &free_page))
        die("free");
    close(gntalloc);
    printf("freed\n");
    return 0;
}
