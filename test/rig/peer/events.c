/* Event channels. */
#include "peer.h"

#include <errno.h>
#include <poll.h>

int wait_event(struct peer *peer, int milliseconds)
{
    /* The library's own advice: its read may block whatever the descriptor is set to. */
    struct pollfd descriptor = { .fd = xenevtchn_fd(peer->events), .events = POLLIN };
    int ready = poll(&descriptor, 1, milliseconds);
    int port;

    if (ready <= 0)
        return ready;
    port = xenevtchn_pending(peer->events);
    if (port > 0 && xenevtchn_unmask(peer->events, (evtchn_port_t)port) < 0)
        return -1;
    return port;
}

static int bound(int port)
{
    if (port < 0)
        return -1;
    say(" %d", port);
    return 0;
}

/* bind-unbound DOMID: the port. */
static int bind_unbound(struct peer *peer, struct words *words)
{
    return bound(xenevtchn_bind_unbound_port(peer->events, number(words)));
}

/* bind-interdomain DOMID PORT: the port here. */
static int bind_interdomain(struct peer *peer, struct words *words)
{
    uint32_t domid = number(words);

    return bound(xenevtchn_bind_interdomain(peer->events, domid, number(words)));
}

/* unbind PORT. */
static int unbind(struct peer *peer, struct words *words)
{
    return xenevtchn_unbind(peer->events, number(words));
}

/* notify PORT. */
static int notify(struct peer *peer, struct words *words)
{
    return xenevtchn_notify(peer->events, number(words));
}

/* wait MILLISECONDS: the port of the next event, 0 when none came. */
static int wait_one(struct peer *peer, struct words *words)
{
    return bound(wait_event(peer, (int)number(words)));
}

const struct named_verb event_verbs[] = {
    { "bind-unbound", bind_unbound }, { "bind-interdomain", bind_interdomain }, { "unbind", unbind },
    { "notify", notify },             { "wait", wait_one },                     { 0, 0 },
};
