/* Pages that are shared, mapped and copied. A handle names memory: pages shared here, a mapping, or ordinary memory. */
#include "peer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define MAX_HANDLES 4096

static struct {
    uint8_t *bytes;
    uint32_t pages;
} handles[MAX_HANDLES];
static uint32_t used;

uint8_t *memory(uint32_t handle)
{
    if (handle >= used || !handles[handle].bytes) {
        fprintf(stderr, "peer: there is no memory %u\n", handle);
        exit(2);
    }
    return handles[handle].bytes;
}

static int keep(void *bytes, uint32_t pages)
{
    if (!bytes)
        return -1;
    if (used == MAX_HANDLES) {
        errno = ENFILE;
        return -1;
    }
    handles[used].bytes = bytes;
    handles[used].pages = pages;
    say(" %u", used++);
    return 0;
}

/* share DOMID PAGES WRITABLE: the handle and the references. */
static int share(struct peer *peer, struct words *words)
{
    uint32_t domid = number(words), pages = number(words), writable = number(words);
    uint32_t refs[MAX_WORDS];

    if (pages > MAX_WORDS) {
        errno = E2BIG;
        return -1;
    }
    if (keep(xengntshr_share_pages(peer->shares, domid, (int)pages, refs, (int)writable), pages) < 0)
        return -1;
    for (uint32_t i = 0; i < pages; i++)
        say(" %u", refs[i]);
    return 0;
}

/* share-notify DOMID WRITABLE BYTE PORT: the handle and the reference; -1 for no byte, or no port. */
static int share_notify(struct peer *peer, struct words *words)
{
    uint32_t domid = number(words), writable = number(words), byte = number(words), port = number(words);
    uint32_t ref;

    if (keep(xengntshr_share_page_notify(peer->shares, domid, &ref, (int)writable, byte, port), 1) < 0)
        return -1;
    say(" %u", ref);
    return 0;
}

/* map DOMID WRITABLE GREF...: the handle. */
static int map(struct peer *peer, struct words *words)
{
    uint32_t domid = number(words);
    int protection = PROT_READ | (number(words) ? PROT_WRITE : 0);
    uint32_t refs[MAX_WORDS], count = 0;

    while (!at_end(words))
        refs[count++] = number(words);
    return keep(xengnttab_map_domain_grant_refs(peer->maps, count, domid, refs, protection), count);
}

/* map-notify DOMID WRITABLE BYTE PORT GREF: the handle. */
static int map_notify(struct peer *peer, struct words *words)
{
    uint32_t domid = number(words);
    int protection = PROT_READ | (number(words) ? PROT_WRITE : 0);
    uint32_t byte = number(words), port = number(words), ref = number(words);

    return keep(xengnttab_map_grant_ref_notify(peer->maps, domid, ref, protection, byte, port), 1);
}

/* unshare HANDLE, unmap HANDLE. */
static int let_go(struct words *words, int (*end)(struct peer *, void *, uint32_t), struct peer *peer)
{
    uint32_t handle = number(words);
    uint8_t *bytes = memory(handle);

    handles[handle].bytes = NULL;
    return end(peer, bytes, handles[handle].pages);
}

static int end_share(struct peer *peer, void *bytes, uint32_t pages)
{
    return xengntshr_unshare(peer->shares, bytes, pages);
}

static int end_map(struct peer *peer, void *bytes, uint32_t pages)
{
    return xengnttab_unmap(peer->maps, bytes, pages);
}

static int unshare(struct peer *peer, struct words *words)
{
    return let_go(words, end_share, peer);
}

static int unmap(struct peer *peer, struct words *words)
{
    return let_go(words, end_map, peer);
}

/* local PAGES: the handle of ordinary memory. */
static int local(struct peer *peer, struct words *words)
{
    uint32_t pages = number(words);

    (void)peer;
    return keep(calloc(pages, PAGE), pages);
}

/* read HANDLE OFFSET LENGTH: the bytes, each a number. */
static int read_bytes(struct peer *peer, struct words *words)
{
    const uint8_t *bytes = memory(number(words)) + number(words);
    uint32_t length = number(words);

    (void)peer;
    for (uint32_t i = 0; i < length; i++)
        say(" %u", bytes[i]);
    return 0;
}

/* write HANDLE OFFSET BYTE... */
static int write_bytes(struct peer *peer, struct words *words)
{
    uint8_t *bytes = memory(number(words)) + number(words);

    (void)peer;
    while (!at_end(words))
        *bytes++ = (uint8_t)number(words);
    return 0;
}

/* One side of a segment: "local HANDLE OFFSET" or "grant DOMID GREF OFFSET". Returns its flag. */
static uint16_t side(struct words *words, union xengnttab_copy_ptr *pointer, uint16_t flag)
{
    if (!strcmp(word(words), "local")) {
        pointer->virt = memory(number(words));
        pointer->virt = (uint8_t *)pointer->virt + number(words);
        return 0;
    }
    pointer->foreign.domid = (uint16_t)number(words);
    pointer->foreign.ref = number(words);
    pointer->foreign.offset = (uint16_t)number(words);
    return flag;
}

/* copy LENGTH SIDE SIDE ...: from the first to the second, again and again; a status for each. */
static int copy(struct peer *peer, struct words *words)
{
    xengnttab_grant_copy_segment_t segments[MAX_WORDS];
    uint32_t count = 0;

    memset(segments, 0, sizeof segments);
    for (; !at_end(words); count++) {
        segments[count].len = (uint16_t)number(words);
        segments[count].flags = side(words, &segments[count].source, GNTCOPY_source_gref);
        segments[count].flags |= side(words, &segments[count].dest, GNTCOPY_dest_gref);
    }
    if (xengnttab_grant_copy(peer->maps, count, segments) < 0)
        return -1;
    for (uint32_t i = 0; i < count; i++)
        say(" %d", segments[i].status);
    return 0;
}

const struct named_verb memory_verbs[] = {
    { "share", share },   { "share-notify", share_notify }, { "unshare", unshare },  { "map", map },   { "map-notify", map_notify },
    { "unmap", unmap },   { "local", local },               { "read", read_bytes }, { "write", write_bytes }, { "copy", copy },
    { 0, 0 },
};
