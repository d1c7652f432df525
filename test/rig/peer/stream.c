/* Conversations that must not wait for a request each: messages both ways, and how quickly an event wakes its waiter. */
#include "peer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/*
 * A page of messages one way. Both counts are ever growing; guest/talk.ts has the same layout.
 *
 * 0           4           64                                128
 * | produced  | consumed  … | number | length | up to 56 bytes | … a slot of 64 bytes for each message under way
 */
enum { PRODUCED = 0, CONSUMED = 4, SLOTS = 64, SLOT = 64, HEAD = 8, MOST = SLOT - HEAD };

static uint32_t load(const uint8_t *page, int offset)
{
    return __atomic_load_n((const uint32_t *)(page + offset), __ATOMIC_SEQ_CST);
}

static void store(uint8_t *page, int offset, uint32_t value)
{
    __atomic_store_n((uint32_t *)(page + offset), value, __ATOMIC_SEQ_CST);
}

/* One step of Marsaglia's xorshift. */
static uint32_t shuffle(uint32_t state)
{
    state ^= state << 13;
    state ^= state >> 17;
    return state ^ (state << 5);
}

/* What message `number` of a stream says, in 64 bytes, the unused ones zero: each side works it out for itself. */
static void compose(uint8_t *slot, uint32_t seed, uint32_t number)
{
    uint32_t state = shuffle(seed ^ (number * 2654435761u) ^ 1);
    uint32_t length = state % (MOST + 1);

    memset(slot, 0, SLOT);
    memcpy(slot, &number, 4);
    memcpy(slot + 4, &length, 4);
    for (uint32_t i = 0; i < length; i++) {
        state = shuffle(state + i + 1);
        slot[HEAD + i] = (uint8_t)state;
    }
}

/* talk COUNT SLOTS OUT-HANDLE OUT-PORT OUT-SEED IN-HANDLE IN-PORT IN-SEED: sends and checks COUNT messages each way; how often it
 * waited. */
static int talk(struct peer *peer, struct words *words)
{
    uint32_t count = number(words), slots = number(words);
    uint8_t *out = memory(number(words));
    uint32_t out_port = number(words), out_seed = number(words);
    uint8_t *in = memory(number(words));
    uint32_t in_port = number(words), in_seed = number(words);
    uint32_t sent = 0, received = 0, waits = 0;

    while (sent < count || received < count || load(out, CONSUMED) < count) {
        uint32_t sent_before = sent, received_before = received;

        for (; sent < count && sent - load(out, CONSUMED) < slots; sent++) {
            compose(out + SLOTS + SLOT * (sent % slots), out_seed, sent);
            store(out, PRODUCED, sent + 1);
        }
        for (; received < count && received < load(in, PRODUCED); received++) {
            uint8_t expected[SLOT];

            compose(expected, in_seed, received);
            if (memcmp(in + SLOTS + SLOT * (received % slots), expected, SLOT)) {
                fprintf(stderr, "peer: message %u is not as it was sent\n", received);
                errno = EBADMSG;
                return -1;
            }
            store(in, CONSUMED, received + 1);
        }
        if (sent > sent_before && xenevtchn_notify(peer->events, out_port) < 0)
            return -1;
        if (received > received_before && xenevtchn_notify(peer->events, in_port) < 0)
            return -1;
        if (sent == sent_before && received == received_before) {
            int port = wait_event(peer, 30000);

            if (port <= 0) {
                fprintf(stderr, "peer: no event, with %u sent and %u received\n", sent, received);
                errno = port == 0 ? ETIMEDOUT : errno;
                return -1;
            }
            waits++;
        }
    }
    say(" %u", waits);
    return 0;
}

uint64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* tick COUNT MICROSECONDS HANDLE PORT: writes the time and a number into the page and sends an event, again and again. */
static int tick(struct peer *peer, struct words *words)
{
    uint32_t count = number(words), microseconds = number(words);
    uint8_t *page = memory(number(words));
    uint32_t port = number(words);
    struct timespec pause = { microseconds / 1000000, (long)(microseconds % 1000000) * 1000 };

    for (uint32_t i = 1; i <= count; i++) {
        nanosleep(&pause, NULL);
        store(page, 8, i);
        __atomic_store_n((uint64_t *)page, now(), __ATOMIC_SEQ_CST);
        if (xenevtchn_notify(peer->events, port) < 0)
            return -1;
    }
    return 0;
}

static int ascending(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

/* clock COUNT HANDLE: blocks in a read until COUNT events of such a sender have come; the median and the 95th percentile of the
 * time from the event to here, in nanoseconds. */
static int clock_events(struct peer *peer, struct words *words)
{
    static uint64_t times[100000];
    uint32_t count = number(words), last = 0, taken = 0;
    uint8_t *page = memory(number(words));

    while (last < count) {
        int port = xenevtchn_pending(peer->events);
        uint64_t woken = now();

        if (port < 0 || xenevtchn_unmask(peer->events, (evtchn_port_t)port) < 0)
            return -1;
        if (load(page, 8) == last)
            continue; /* the event that a new channel begins with */
        last = load(page, 8);
        times[taken++] = woken - *(uint64_t *)page;
    }
    qsort(times, taken, sizeof *times, ascending);
    say(" %llu %llu", (unsigned long long)times[taken / 2], (unsigned long long)times[taken * 95 / 100]);
    return 0;
}

/* idle MILLISECONDS: waits so long for an event that does not come; the time that the processor worked for it, in nanoseconds. */
static int idle(struct peer *peer, struct words *words)
{
    struct timespec before, after;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
    if (wait_event(peer, (int)number(words)) != 0) {
        errno = EBUSY;
        return -1;
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
    say(" %lld", (long long)(after.tv_sec - before.tv_sec) * 1000000000 + after.tv_nsec - before.tv_nsec);
    return 0;
}

const struct named_verb stream_verbs[] = {
    { "talk", talk }, { "tick", tick }, { "clock", clock_events }, { "idle", idle }, { 0, 0 },
};
