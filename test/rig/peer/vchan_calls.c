/* Packets, calls and visits over channels, all by blocking calls: see guest/vchan/verbs.ts. */
#include "vchan.h"

#include <errno.h>
#include <string.h>

/* The size of a call and of its answer, and of what a visitor sends. */
#define CALL 64
#define GREETING 100

static uint8_t packet[BLOCK];

/* The next packet of a stream. */
static void compose(uint64_t at, uint32_t size, uint32_t seed)
{
    for (uint32_t i = 0; i < size; i++)
        packet[i] = stream_byte(at + i, seed);
}

static uint32_t size_of(uint32_t number, uint32_t largest)
{
    return number * 37 % (largest + 1);
}

/* vchan-send HANDLE COUNT LARGEST SEED: sends packets of 0 to LARGEST bytes. */
static int send_packets(struct peer *peer, struct words *words)
{
    struct libxenvchan *to = channel(number(words));
    uint32_t count = number(words);
    uint32_t largest = number(words);
    uint32_t seed = number(words);
    uint64_t at = 0;

    (void)peer;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t size = size_of(i, largest);

        compose(at, size, seed);
        if (libxenvchan_send(to, packet, size) != (int)size)
            return -1;
        at += size;
    }
    return 0;
}

/* vchan-receive HANDLE COUNT LARGEST SEED: receives them, each whole. */
static int receive_packets(struct peer *peer, struct words *words)
{
    static uint8_t received[BLOCK];
    struct libxenvchan *from = channel(number(words));
    uint32_t count = number(words);
    uint32_t largest = number(words);
    uint32_t seed = number(words);
    uint64_t at = 0;

    (void)peer;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t size = size_of(i, largest);

        if (libxenvchan_recv(from, received, size) != (int)size)
            return -1;
        compose(at, size, seed);
        if (memcmp(received, packet, size))
            return wrong(at);
        at += size;
    }
    return 0;
}

/* vchan-call HANDLE COUNT: sends a call and waits for its answer, again and again. */
static int call(struct peer *peer, struct words *words)
{
    struct libxenvchan *with = channel(number(words));
    uint32_t count = number(words);
    uint8_t answer[CALL];

    (void)peer;
    for (uint32_t i = 0; i < count; i++) {
        memset(packet, (int)i, CALL);
        if (libxenvchan_send(with, packet, CALL) != CALL || libxenvchan_recv(with, answer, CALL) != CALL)
            return -1;
        if (memcmp(answer, packet, CALL))
            return wrong((uint64_t)i * CALL);
    }
    return 0;
}

/* Sends back what comes until so many bytes did, or the other side leaves. Returns how many, or -1. */
static int64_t echo_bytes(struct libxenvchan *with, uint64_t most)
{
    uint64_t total = 0;

    while (total < most) {
        int size = libxenvchan_read(with, packet, 4096);

        if (size < 0)
            return libxenvchan_is_open(with) ? -1 : (int64_t)total;
        if (libxenvchan_write(with, packet, (size_t)size) != size)
            return libxenvchan_is_open(with) ? -1 : (int64_t)total;
        total += (uint64_t)size;
    }
    return (int64_t)total;
}

/* vchan-echo HANDLE BYTES: sends back so many bytes. */
static int echo(struct peer *peer, struct words *words)
{
    struct libxenvchan *with = channel(number(words));
    uint32_t length = number(words);

    (void)peer;
    errno = EPIPE;
    return echo_bytes(with, length) == length ? 0 : -1;
}

/* vchan-visit SERVER PATH COUNT SEED: connects so many times; each time sends 100 bytes and reads them again. */
static int visit(struct peer *peer, struct words *words)
{
    uint32_t server = number(words);
    const char *path = word(words);
    uint32_t count = number(words);
    uint32_t seed = number(words);

    (void)peer;
    for (uint32_t i = 0; i < count; i++) {
        struct libxenvchan *client = connect_within(server, path, 20000);
        uint8_t answer[GREETING];
        int done;

        if (!client)
            return -1;
        compose(0, GREETING, seed + i);
        done = libxenvchan_write(client, packet, GREETING) == GREETING;
        done = done && libxenvchan_recv(client, answer, GREETING) == GREETING;
        libxenvchan_close(client);
        if (!done)
            return -1;
        if (memcmp(answer, packet, GREETING))
            return wrong(i);
    }
    return 0;
}

/*
 * vchan-serve HANDLE BYTES: sends back what clients write, one after the other, until the one ends with which so many
 * bytes are reached. Answers how many bytes came, and by how many clients: see serve() in ../guest/vchan/streams.ts.
 */
static int serve(struct peer *peer, struct words *words)
{
    struct libxenvchan *server = channel(number(words));
    uint32_t length = number(words);
    int64_t total = 0;
    unsigned served = 0;

    (void)peer;
    while (total < length) {
        int64_t size = await_client(server) < 0 ? -1 : echo_bytes(server, UINT64_MAX);

        if (size < 0)
            return -1;
        total += size;
        served++;
    }
    say(" %lld %u", (long long)total, served);
    return 0;
}

const struct named_verb vchan_call_verbs[] = {
    { "vchan-send", send_packets },
    { "vchan-receive", receive_packets },
    { "vchan-call", call },
    { "vchan-echo", echo },
    { "vchan-visit", visit },
    { "vchan-serve", serve },
    { 0, 0 },
};
