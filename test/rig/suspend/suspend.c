/*
 * Holds grants, mappings and ports while its domain is saved and restored, and says what each call answers afterwards:
 * see ../guest/suspend.ts. Dom0 says in XenStore when to go on.
 *
 *   suspend prepared      closes everything before the suspend, and sets it up again afterwards
 *   suspend grants        uses and frees pages that it granted before
 *   suspend ports         uses ports that it bound before, binds one in a new file, and closes the old file
 *   suspend unbind        unbinds a port that it bound before
 *   suspend bind          binds ports in the old file: a free number, one that it has, and that one again
 *   suspend order         frees a page whose unmap notify names an old port, after it has bound that number again
 *   suspend mapping       cancels the unmap notify of a page of dom0, and unmaps the page
 *   suspend touch         reads a page of dom0
 *   suspend clear         unmaps a page of dom0 whose unmap notify clears a byte
 */
#include "calls.h"

static void resume(const char *how)
{
    await_key("resumed");
    printf("- resumed, %s\n", how);
}

static void share_once(const char *when)
{
    uint32_t gref;
    uint64_t index = grant(1, &gref);
    int port = bind_port(evtchn);
    char *page = map(gntalloc, index);

    strcpy(page, "shared");
    offer(when, gref, port, 0);
    printf("- %s: an event %s\n", when, event(evtchn, 30000) == (unsigned)port ? "arrives" : "is missing");
    say("notify", notify(evtchn, port));
    await_key("close");
    munmap(page, PAGE);
    say("free", free_page(index));
    say("unbind", unbind(evtchn, port));
}

static void prepared(void)
{
    share_once("before");
    offer("closed", 1, 0, 0);
    resume("with nothing open");
    share_once("after");
}

static void grants(void)
{
    uint32_t grefs[3], more[1];
    uint64_t index = grant(3, grefs), next;
    char *page = map(gntalloc, index), *again;

    strcpy(page, "from the owner");
    say("notify of page 2", notify_of_page(index + 2 * PAGE, CLEAR, 0));
    offer("before", grefs[0], 0, grefs[1]);
    resume("with grants");
    printf("- the owner reads: %s\n", page);
    again = map(gntalloc, index);
    printf("- and in a new mapping: %s\n", again);
    munmap(again, PAGE);
    strcpy(page, "written later!");
    next = grant(1, more);
    printf("- a new reference is %s\n", more[0] > grefs[2] ? "new" : "an old one");
    offer("after", more[0], 0, grefs[1]);
    await_key("close");
    say("free page 1", free_page(index + PAGE));
    munmap(page, PAGE);
    say("free page 0", free_page(index));
    say("free page 2", free_page(index + 2 * PAGE));
    say("free the new page", free_page(next));
    grant(1, more);
    printf("- the next reference is %s\n", more[0] <= grefs[2] + 1 ? "an old one" : "new");
    say("close", close(gntalloc));
}

static void ports(void)
{
    uint32_t gref;
    uint64_t index = grant(1, &gref);
    unsigned port = bind_port(evtchn), next;
    int file;

    offer("before", 0, port, 0);
    say("an early event", wait_for_event(evtchn, 30000));
    resume("with a port");
    say("the early event", event(evtchn, 0) == port);
    say("unmask", unmask(evtchn, port));
    say("event", event(evtchn, 0));
    say("notify", notify(evtchn, port));
    say("unmap notify", notify_of_page(index, SEND, port));
    file = open_evtchn();
    next = bind_port(file);
    printf("- a new file binds %s number\n", next == port ? "the same" : "another");
    offer("after", 0, next, 0);
    say("event in the new file", event(file, 30000) == next);
    say("event in the old file", event(evtchn, 0));
    say("notify through the old file", notify(evtchn, port));
    await_key("close");
    say("unbind in the new file", unbind(file, next));
    printf("- close\n");
    say("closed", close(evtchn));
}

static void unbind_old(void)
{
    unsigned port = bind_port(evtchn);

    offer("before", 0, port, 0);
    resume("with a port");
    printf("- unbind\n");
    say("unbound", unbind(evtchn, port));
}

static void bind_again(void)
{
    unsigned first = bind_port(evtchn), old = bind_port(evtchn), live;

    say("unbind the first port", unbind(evtchn, first));
    offer("before", 0, old, 0);
    resume("with the second port");
    live = bind_port(evtchn);
    printf("- the old file binds %s number\n", live == first ? "the first" : "another");
    offer("after", 0, live, 0);
    say("event", event(evtchn, 30000) == live);
    say("unmask", unmask(evtchn, live));
    say("bind", bind_port(evtchn));
    say("notify", notify(evtchn, live));
    say("notify the old port", notify(evtchn, old));
    say("unbind", unbind(evtchn, live));
    say("unbind the old port", unbind(evtchn, old));
    offer("refused", 0, live, 0);
    say("event", event(evtchn, 30000) == live);
    say("unmask", unmask(evtchn, live));
    await_key("masked");
    say("event", event(evtchn, 1000));
    printf("- the next port has %s number\n", (unsigned)bind_port(evtchn) == old ? "the old" : "another");
    say("close", close(evtchn));
}

static void order(void)
{
    uint32_t gref;
    uint64_t index = grant(1, &gref);
    unsigned port = bind_port(evtchn), next;
    int file;

    say("unmap notify", notify_of_page(index, SEND, port));
    offer("before", 0, port, 0);
    resume("with an unmap notify");
    file = open_evtchn();
    next = bind_port(file);
    printf("- a new file binds %s number\n", next == port ? "the same" : "another");
    offer("after", 0, next, 0);
    say("event", event(file, 30000) == next);
    say("unmask", unmask(file, next));
    say("free", free_page(index));
    await_key("close");
    say("event", event(file, 1000) == next);
    printf("- unbind the new port\n");
    say("unbound", unbind(file, next));
}

static void mapping(void)
{
    uint64_t index;
    char *page = map_peer(&index);

    say("unmap notify", notify_of_mapping(index, CLEAR));
    offer("before", 0, 0, 0);
    resume("with a mapping");
    say("cancel", notify_of_mapping(index, 0));
    say("unmap", munmap(page, PAGE));
    say("close", close(gntdev));
}

static void touch(void)
{
    uint64_t index;
    volatile char *page = map_peer(&index);

    offer("before", 0, 0, 0);
    resume("with a mapping");
    printf("- touch\n");
    say("touched", page[0]);
}

static void clear(void)
{
    uint64_t index;
    char *page = map_peer(&index);

    say("unmap notify", notify_of_mapping(index, CLEAR));
    offer("before", 0, 0, 0);
    resume("with a mapping");
    printf("- unmap\n");
    say("unmapped", munmap(page, PAGE));
}

int main(int count, char **arguments)
{
    const char *verb = count == 2 ? arguments[1] : "";

    setvbuf(stdout, NULL, _IOLBF, 0);
    gntalloc = open_device("/dev/xen/gntalloc", 0);
    gntdev = open_device("/dev/xen/gntdev", 0);
    evtchn = open_evtchn();
    if (!strcmp(verb, "prepared"))
        prepared();
    else if (!strcmp(verb, "grants"))
        grants();
    else if (!strcmp(verb, "ports"))
        ports();
    else if (!strcmp(verb, "unbind"))
        unbind_old();
    else if (!strcmp(verb, "bind"))
        bind_again();
    else if (!strcmp(verb, "order"))
        order();
    else if (!strcmp(verb, "mapping"))
        mapping();
    else if (!strcmp(verb, "touch"))
        touch();
    else if (!strcmp(verb, "clear"))
        clear();
    else
        printf("- there is no verb %s\n", verb);
    printf("- done\n");
    return 0;
}
