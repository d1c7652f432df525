/*
 * A peer that speaks Xen through the C libraries alone: libxengnttab, which has libxengntshr's calls too, libxenevtchn and
 * libxenvchan.
 *
 * It takes one request a line from its standard input and answers each with a line: "ok" and words, or "error", the errno and
 * its text. It ends at the end of its input.
 */
#ifndef PEER_H
#define PEER_H

#include <stdint.h>
#include <xenevtchn.h>
#include <xengnttab.h>

#define PAGE 4096
#define MAX_WORDS 80

/* No notify of this kind. */
#define NONE UINT32_MAX

/* What a request works on. */
struct peer {
    xengnttab_handle *maps;
    xengntshr_handle *shares;
    xenevtchn_handle *events;
};

/* The words of a request behind its verb, taken one after another. */
struct words {
    int count;
    int next;
    char *word[MAX_WORDS];
};

/* The next word as a number. The request is refused, and the program ended, where there is none. */
uint32_t number(struct words *words);
/* The next word as it is. */
const char *word(struct words *words);
/* Whether all words were taken. */
int at_end(const struct words *words);

/* A piece of the answer; the first one says "ok". */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A verb returns 0 when it has said its answer, 1 when it has printed it, or -1 with errno set. */
typedef int verb(struct peer *peer, struct words *words);

struct named_verb {
    const char *name;
    verb *run;
};

extern const struct named_verb memory_verbs[];
extern const struct named_verb event_verbs[];
extern const struct named_verb stream_verbs[];

/* The memory of a handle that `share`, `map` or `local` answered. */
uint8_t *memory(uint32_t handle);

/* Waits for an event on whatever port, at most so many milliseconds: the port, unmasked again, 0 when the time is over, or -1. */
int wait_event(struct peer *peer, int milliseconds);

/* Nanoseconds of the domain's steady clock. */
uint64_t now(void);

#endif
