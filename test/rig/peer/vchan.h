/*
 * Channels through Debian's libxenvchan: see vchan.c for the handles, vchan_stream.c and vchan_calls.c for what goes over
 * them.
 */
#ifndef VCHAN_H
#define VCHAN_H

#include <libxenvchan.h>

#include "peer.h"

/* How many bytes of a stream are made or checked at once. */
#define BLOCK 65536
/* A channel on which nothing happens for this long has failed. */
#define PATIENCE_MS 60000

/* Word `n` of the stream of a seed. */
static inline uint32_t stream_word(uint32_t n, uint32_t seed)
{
    uint32_t mixed = (n ^ seed) * 2654435761u;

    return mixed ^ mixed >> 15;
}

/* Byte `at` of it. */
static inline uint8_t stream_byte(uint64_t at, uint32_t seed)
{
    return (uint8_t)(stream_word((uint32_t)(at / 4), seed) >> at % 4 * 8);
}

/* A block of the stream, from a byte that begins one. */
void fill_block(uint32_t *block, uint64_t from, uint32_t seed);

/* The channel of a handle that `vchan-listen` or `vchan-connect` answered. */
struct libxenvchan *channel(uint32_t handle);

/* Connects within some milliseconds, or returns NULL with errno set. */
struct libxenvchan *connect_within(uint32_t server, const char *path, uint32_t milliseconds);

/* Waits until a server has a client. Returns 0, or -1 with errno set. */
int await_client(struct libxenvchan *server);

/* Waits for an event of a channel. Returns 0, or -1 with errno set, also if none comes for long. */
int wait_on(struct libxenvchan *channel);

/* Says that a byte is wrong, and ends the request. */
int wrong(uint64_t at);

/* Closes all channels. */
void close_channels(void);

extern const struct named_verb vchan_verbs[];
extern const struct named_verb vchan_stream_verbs[];
extern const struct named_verb vchan_call_verbs[];

#endif
