/* A long trace of calls, made from a seed, and a digest of all answers: the same as trace.ts. */
#ifndef TRACE_H
#define TRACE_H

#include "books.h"
#include "random.h"
#include "references.h"

/* The number of runs to keep at most. With so many, a step that would allocate frees instead. */
#define MOST_RUNS 2000
#define MOST_HELD 500
/* Pages of a run that is longer than the staging area, and how many at its end go into the digest. */
#define LONG_RUN 5000
#define LOOKED_AT 1000

static uint32_t digest = 2166136261u;

/* Adds an answer to the digest (FNV-1a, 32 bits at a time). */
static void fold(uint32_t answer) {
  digest = (digest ^ answer) * 16777619u;
}

static void fold_pages(file *file, uint64_t page, uint32_t count) {
  fold(page);
  for (uint32_t index = 0; index < count; index++) fold(books_gref(file, page + index));
}

/*
 * Works on two files. In the first, runs of 1 to 300 pages are allocated, freed in part, and looked up. In the
 * second, single pages are allocated, held by the peer or not, freed, and unmapped by the peer. An allocation follows
 * each unmap, so that no answer depends on the order in which a sweep handles several pages. In the end, the
 * references of a long run are reused.
 */
static uint32_t trace(uint32_t seed, uint32_t steps) {
  static uint64_t pages[MOST_RUNS + 2];
  static uint32_t counts[MOST_RUNS + 2];
  static struct { uint64_t page; uint32_t gref; int held; } singles[MOST_HELD];
  static uint32_t held[MOST_HELD];
  uint32_t runs = 0, single_count = 0, held_count = 0;
  random_state random = seed;
  file *many = books_open(), *one = books_open();
  uint64_t next = 0;

  while (steps--) {
    uint32_t kind = random_below(&random, 16);
    if (kind < 5 && runs == MOST_RUNS) kind = 5;
    if (kind < 5) {
      uint32_t count = random_below(&random, 8) ? 1 + random_below(&random, 4) : 1 + random_below(&random, 300);
      uint64_t page = books_allocate(many, count);
      fold_pages(many, page, count);
      next = page + count;
      pages[runs] = page;
      counts[runs++] = count;
    } else if (kind < 10) {
      if (!runs) continue;
      uint32_t run = random_below(&random, runs);
      uint64_t page = pages[run];
      uint32_t count = counts[run];
      uint32_t start = random_below(&random, count), length = 1 + random_below(&random, count - start);
      fold(books_free(many, page + start, length));
      runs--;
      pages[run] = pages[runs];
      counts[run] = counts[runs];
      if (start) {
        pages[runs] = page;
        counts[runs++] = start;
      }
      if (start + length < count && runs < MOST_RUNS) {
        pages[runs] = page + start + length;
        counts[runs++] = count - start - length;
      }
    } else if (kind == 10) {
      uint32_t page = random_below(&random, (uint32_t) next + 4);
      fold(books_find(many, page, 1 + random_below(&random, 80)));
    } else if (kind == 11) {
      fold(books_free(many, next, 1 + random_below(&random, 3)));
    } else if (kind < 14) {
      if (single_count == MOST_HELD) continue;
      uint64_t page = books_allocate(one, 1);
      uint32_t gref = books_gref(one, page);
      fold(page);
      fold(gref);
      singles[single_count].page = page;
      singles[single_count].gref = gref;
      singles[single_count].held = random_next(&random) & 1;
      if (singles[single_count].held) reference_hold(gref);
      single_count++;
    } else if (kind == 14) {
      if (!single_count || held_count == MOST_HELD) continue;
      uint32_t index = random_below(&random, single_count);
      fold(books_free(one, singles[index].page, 1));
      fold(books_find(one, singles[index].page, 1));
      if (singles[index].held) held[held_count++] = singles[index].gref;
      singles[index] = singles[--single_count];
    } else {
      if (!held_count) continue;
      uint32_t index = random_below(&random, held_count);
      reference_release(held[index]);
      held[index] = held[--held_count];
      uint64_t page = books_allocate(one, 1);
      fold_pages(one, page, 1);
      fold(books_free(one, page, 1));
    }
  }
  uint64_t page = books_allocate(many, LONG_RUN);
  fold(books_free(many, page, LONG_RUN));
  page = books_allocate(many, LONG_RUN);
  fold_pages(many, page + LONG_RUN - LOOKED_AT, LOOKED_AT);
  return digest;
}

#endif
