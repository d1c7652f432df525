/*
 * The grant table under every variant: how often the peer maps each reference, and a stack of free references. The one
 * freed last is used first. The same as references.ts.
 */
#ifndef REFERENCES_H
#define REFERENCES_H

#include <stdint.h>
#include <stdlib.h>

/* Xen reserves the references below this one. */
#define FIRST_REFERENCE 8

struct references {
  uint32_t *maps;
  uint32_t *free;
  uint32_t capacity;
  uint32_t free_count;
  /* The lowest reference that was never used. */
  uint32_t fresh;
  /* By reference: the pending page that waits until the peer unmaps it. */
  struct waiting { void *file; uint64_t page; } *waiting;
};

/* Defined by program.c. */
extern struct references references;

/* Called when the peer unmaps a page that waits for that. */
void books_release(void *file, uint64_t page);

static inline void references_reserve(uint32_t capacity) {
  references.maps = realloc(references.maps, capacity * sizeof *references.maps);
  references.free = realloc(references.free, capacity * sizeof *references.free);
  references.waiting = realloc(references.waiting, capacity * sizeof *references.waiting);
  if (!references.maps || !references.free || !references.waiting) abort();
  references.capacity = capacity;
}

static inline uint32_t reference_add(void) {
  uint32_t gref;
  if (references.free_count) {
    gref = references.free[--references.free_count];
  } else {
    if (references.fresh == references.capacity) references_reserve(references.capacity * 2);
    gref = references.fresh++;
  }
  references.maps[gref] = 0;
  return gref;
}

/* Ends access through a reference. Returns 0 and changes nothing if the peer holds the page. */
static inline int reference_end(uint32_t gref) {
  if (references.maps[gref]) return 0;
  references.free[references.free_count++] = gref;
  return 1;
}

/* Has books_release() called when the peer unmaps the page. */
static inline void reference_wait(uint32_t gref, void *file, uint64_t page) {
  references.waiting[gref] = (struct waiting) { file, page };
}

/* The peer maps the page. */
static inline void reference_hold(uint32_t gref) {
  if (!references.maps[gref]++) references.waiting[gref].file = NULL;
}

/* The peer unmaps the page. */
static inline void reference_release(uint32_t gref) {
  if (--references.maps[gref] || !references.waiting[gref].file) return;
  books_release(references.waiting[gref].file, references.waiting[gref].page);
}

#endif
