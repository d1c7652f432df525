/* Streams over channels: see guest/vchan/streams.ts, which does the same. */
#include "vchan.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

void fill_block(uint32_t *block, uint64_t from, uint32_t seed)
{
    for (uint32_t i = 0; i < BLOCK / 4; i++)
        block[i] = stream_word((uint32_t)(from / 4) + i, seed);
}

int wrong(uint64_t at)
{
    fprintf(stderr, "peer: byte %llu is wrong\n", (unsigned long long)at);
    errno = EBADMSG;
    return -1;
}

/* One direction of a stream: its block from byte `from` on, of which `at` bytes were moved. */
struct way {
    uint64_t length;
    uint32_t seed;
    uint64_t from;
    uint32_t at;
    uint32_t block[BLOCK / 4];
};

struct both_ways {
    struct libxenvchan *channel;
    uint32_t piece; /* the size of the next piece to write, and how much of it is left */
    uint32_t left;
    struct way out;
    struct way in;
};

static uint64_t moved(const struct way *way)
{
    return way->from + way->at;
}

static uint64_t left_of(const struct way *way)
{
    return way->length - moved(way);
}

static int check(const struct way *in)
{
    static uint32_t expected[BLOCK / 4];

    fill_block(expected, in->from, in->seed);
    return memcmp(in->block, expected, in->at) ? wrong(in->from) : 0;
}

/* Moves what is possible without waiting. Returns how many bytes that were, or -1. */
static int write_some(struct both_ways *each, uint32_t fixed)
{
    struct way *out = &each->out;
    uint64_t size = left_of(out);
    int done;

    if (size == 0)
        return 0;
    if (out->at == BLOCK) {
        out->from += BLOCK;
        out->at = 0;
    }
    if (out->at == 0)
        fill_block(out->block, out->from, out->seed);
    if (each->left == 0) {
        each->piece = fixed ? fixed : each->piece ? each->piece * 3 % 40009 : 1;
        each->left = each->piece;
    }
    if (size > each->left)
        size = each->left;
    if (size > BLOCK - out->at)
        size = BLOCK - out->at;
    done = libxenvchan_write(each->channel, (uint8_t *)out->block + out->at, size);
    if (done > 0) {
        out->at += (uint32_t)done;
        each->left -= (uint32_t)done;
    }
    return done;
}

static int read_some(struct libxenvchan *channel, struct way *in)
{
    uint64_t size = left_of(in);
    int done;

    if (size == 0)
        return 0;
    if (size > BLOCK - in->at)
        size = BLOCK - in->at;
    done = libxenvchan_read(channel, (uint8_t *)in->block + in->at, size);
    if (done <= 0)
        return done;
    in->at += (uint32_t)done;
    if (in->at == BLOCK) {
        if (check(in) < 0)
            return -1;
        in->from += BLOCK;
        in->at = 0;
    }
    return done;
}

/* Waits for an event of any channel, as event loops do. */
static int wait_for_any(const struct both_ways *all, uint32_t count)
{
    struct pollfd descriptors[MAX_WORDS];
    int ready;

    for (uint32_t i = 0; i < count; i++)
        descriptors[i] = (struct pollfd){ .fd = libxenvchan_fd_for_select(all[i].channel), .events = POLLIN };
    ready = poll(descriptors, count, PATIENCE_MS);
    if (ready == 0)
        errno = ETIMEDOUT;
    if (ready <= 0)
        return -1;
    for (uint32_t i = 0; i < count; i++)
        if (descriptors[i].revents && libxenvchan_wait(all[i].channel) < 0)
            return -1;
    return 0;
}

/* Does it all without blocking calls. */
static int run(struct both_ways *all, uint32_t count, uint32_t fixed)
{
    for (;;) {
        int progress = 0;
        uint32_t finished = 0;

        for (uint32_t i = 0; i < count; i++) {
            int written = write_some(&all[i], fixed);
            int taken = read_some(all[i].channel, &all[i].in);

            if (written < 0 || taken < 0)
                return -1;
            progress += written + taken;
            finished += !left_of(&all[i].out) && !left_of(&all[i].in);
        }
        if (finished == count)
            break;
        if (progress == 0 && wait_for_any(all, count) < 0)
            return -1;
    }
    for (uint32_t i = 0; i < count; i++)
        if (check(&all[i].in) < 0)
            return -1;
    return 0;
}

/* vchan-exchange PIECE OUT-BYTES OUT-SEED IN-BYTES IN-SEED HANDLE...: a stream each way over each, all at once. */
static int exchange(struct peer *peer, struct words *words)
{
    static struct both_ways all[MAX_WORDS];
    uint32_t fixed = number(words);
    struct way out = { .length = number(words) };
    struct way in = { 0 };
    uint32_t count = 0;
    int result;

    (void)peer;
    out.seed = number(words);
    in.length = number(words);
    in.seed = number(words);
    for (; !at_end(words); count++) {
        all[count] = (struct both_ways){ .channel = channel(number(words)), .out = out, .in = in };
        all[count].channel->blocking = 0;
        all[count].out.seed += count;
        all[count].in.seed += count;
    }
    result = run(all, count, fixed);
    for (uint32_t i = 0; i < count; i++)
        all[i].channel->blocking = 1;
    return result;
}

/* vchan-write HANDLE BYTES SEED: writes the beginning of a stream, by blocking calls. */
static int write_bytes(struct peer *peer, struct words *words)
{
    static uint32_t block[BLOCK / 4];
    struct libxenvchan *to = channel(number(words));
    uint64_t length = number(words);
    uint32_t seed = number(words);

    (void)peer;
    for (uint64_t done = 0; done < length; done += BLOCK) {
        uint64_t size = length - done < BLOCK ? length - done : BLOCK;

        fill_block(block, done, seed);
        if (libxenvchan_write(to, block, size) != (int)size)
            return -1;
    }
    return 0;
}

/* vchan-read HANDLE BYTES SEED: reads the beginning of a stream, by blocking calls: how many bytes it has. */
static int read_bytes(struct peer *peer, struct words *words)
{
    static struct way in;
    struct libxenvchan *from = channel(number(words));

    (void)peer;
    in = (struct way){ .length = number(words) };
    in.seed = number(words);
    while (left_of(&in) && read_some(from, &in) > 0)
        ;
    say(" %llu", (unsigned long long)moved(&in));
    return check(&in);
}

/* vchan-rest HANDLE SEED: reads until the other side has left: how many bytes, and 2. */
static int read_rest(struct peer *peer, struct words *words)
{
    static struct way in;
    struct libxenvchan *from = channel(number(words));

    (void)peer;
    in = (struct way){ .length = UINT64_MAX, .seed = number(words) };
    while (read_some(from, &in) > 0)
        ;
    say(" %llu 2", (unsigned long long)moved(&in));
    errno = EISCONN;
    return libxenvchan_is_open(from) ? -1 : check(&in);
}

/* vchan-flood HANDLE SEED: answers at once, and writes a stream until the connection ends. */
static int flood(struct peer *peer, struct words *words)
{
    static uint32_t block[BLOCK / 4];
    struct libxenvchan *to = channel(number(words));
    uint32_t seed = number(words);

    (void)peer;
    puts("ok");
    for (uint64_t done = 0;; done += BLOCK) {
        fill_block(block, done, seed);
        if (libxenvchan_write(to, block, BLOCK) < 0)
            return 1;
    }
}

const struct named_verb vchan_stream_verbs[] = {
    { "vchan-exchange", exchange }, { "vchan-write", write_bytes }, { "vchan-read", read_bytes },
    { "vchan-rest", read_rest },    { "vchan-flood", flood },       { 0, 0 },
};
