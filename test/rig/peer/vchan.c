/* Servers and clients of channels. */
#include "vchan.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#define CHANNELS 1024

static struct libxenvchan *channels[CHANNELS];
static uint32_t count;

static int keep(struct libxenvchan *channel)
{
    if (!channel)
        return -1;
    if (count == CHANNELS) {
        errno = ENOSPC;
        return -1;
    }
    /* The library does not set it. */
    channel->blocking = 1;
    channels[count] = channel;
    say(" %u", count++);
    return 0;
}

struct libxenvchan *channel(uint32_t handle)
{
    return channels[handle % CHANNELS];
}

int wait_on(struct libxenvchan *channel)
{
    struct pollfd descriptor = { .fd = libxenvchan_fd_for_select(channel), .events = POLLIN };
    int ready = poll(&descriptor, 1, PATIENCE_MS);

    if (ready == 0)
        errno = ETIMEDOUT;
    return ready <= 0 ? -1 : libxenvchan_wait(channel);
}

int await_client(struct libxenvchan *server)
{
    /* 2: none has come yet; 0: the last one has left. */
    while (libxenvchan_is_open(server) != 1)
        if (wait_on(server) < 0)
            return -1;
    return 0;
}

struct libxenvchan *connect_within(uint32_t server, const char *path, uint32_t milliseconds)
{
    uint64_t end = now() + milliseconds * 1000000ull;

    for (;;) {
        struct libxenvchan *client = libxenvchan_client_init(NULL, (int)server, path);

        if (client) {
            client->blocking = 1;
            return client;
        }
        if (now() >= end) {
            errno = ETIMEDOUT;
            return NULL;
        }
        usleep(2000);
    }
}

/* vchan-listen CLIENT PATH READ WRITE: the handle. */
static int serve(struct peer *peer, struct words *words)
{
    uint32_t client = number(words);
    const char *path = word(words);
    uint32_t read_size = number(words);

    (void)peer;
    return keep(libxenvchan_server_init(NULL, (int)client, path, read_size, number(words)));
}

/* vchan-start-at HANDLE INDEX: makes the indices of a server begin somewhere, before its client comes. */
static int start_at(struct peer *peer, struct words *words)
{
    struct vchan_interface *ring = channel(number(words))->ring;
    uint32_t index = number(words);

    (void)peer;
    ring->left.cons = ring->left.prod = ring->right.cons = ring->right.prod = index;
    return 0;
}

/* vchan-persist HANDLE: makes a server stay open when its client leaves. */
static int persist(struct peer *peer, struct words *words)
{
    (void)peer;
    channel(number(words))->server_persist = 1;
    return 0;
}

/* vchan-accept HANDLE: waits for a client. The same handle is that of the connection. */
static int accept_client(struct peer *peer, struct words *words)
{
    uint32_t handle = number(words);

    (void)peer;
    say(" %u", handle);
    return await_client(channel(handle));
}

/* vchan-connect SERVER PATH MILLISECONDS: the handle. */
static int join(struct peer *peer, struct words *words)
{
    uint32_t server = number(words);
    const char *path = word(words);

    (void)peer;
    return keep(connect_within(server, path, number(words)));
}

/* vchan-close HANDLE. */
static int leave(struct peer *peer, struct words *words)
{
    uint32_t handle = number(words);

    (void)peer;
    libxenvchan_close(channel(handle));
    channels[handle % CHANNELS] = NULL;
    return 0;
}

/* vchan-close-server HANDLE: closes it, if that of the connection did not. */
static int leave_server(struct peer *peer, struct words *words)
{
    return leave(peer, words);
}

/* vchan-state HANDLE: 0 if it is open, and 2 if the other side has left. */
static int state(struct peer *peer, struct words *words)
{
    (void)peer;
    say(" %d", libxenvchan_is_open(channel(number(words))) ? 0 : 2);
    return 0;
}

/* vchan-space HANDLE: how many bytes can be written at once. */
static int space(struct peer *peer, struct words *words)
{
    (void)peer;
    say(" %d", libxenvchan_buffer_space(channel(number(words))));
    return 0;
}

void close_channels(void)
{
    for (uint32_t handle = 0; handle < count; handle++)
        libxenvchan_close(channels[handle]);
}

const struct named_verb vchan_verbs[] = {
    { "vchan-listen", serve },
    { "vchan-start-at", start_at },
    { "vchan-persist", persist },
    { "vchan-accept", accept_client },
    { "vchan-connect", join },
    { "vchan-close", leave },
    { "vchan-close-server", leave_server },
    { "vchan-state", state },
    { "vchan-space", space },
    { 0, 0 },
};
