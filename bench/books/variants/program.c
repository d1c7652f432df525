/*
 * Measures one variant of the books, or prints the digest of its answers:
 *
 *   program measure <workload> <pages> <live> <pending> <milliseconds>
 *   program digest <seed> <steps>
 *
 * It prints one line of JSON. The workloads are those of workloads.ts and end_to_end.ts.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "books.h"
#include "random.h"
#include "references.h"
#include "trace.h"

#define PAGE_SIZE 4096
/* Pages of one round of `punch`. */
#define PUNCHED 192
/* Random replacements for each live page before `random` is measured. After them the books are scattered. */
#define REPLACEMENTS 2

struct references references = { .fresh = FIRST_REFERENCE };

static file *books;
static uint32_t pages, live;
static uint64_t first;
static uint64_t *slots;
static random_state state = 12345;
/* Keeps the compiler from removing work whose result is not used. */
static volatile uint64_t sink;

static void lifo(void) {
  books_free(books, books_allocate(books, pages), pages);
}

static void replace(void) {
  uint64_t *slot = &slots[random_below(&state, live)];
  books_free(books, *slot, 1);
  *slot = books_allocate(books, 1);
}

static void find(void) {
  sink += books_find(books, first + random_below(&state, live), 1);
}

static void punch(void) {
  uint64_t page = books_allocate(books, PUNCHED);
  for (uint64_t hole = page; hole < page + PUNCHED; hole += 3) books_free(books, hole, 1);
  for (uint64_t rest = page + 1; rest < page + PUNCHED; rest += 3) books_free(books, rest, 2);
}

/* What the machine keeps for each grant, beside the books: whose it is, and where its page is. */
struct grant {
  uint16_t domid;
  uint8_t writable;
  uint32_t frame;
};
static struct grant *grants;
static uint32_t grant_capacity;

/* Real memory, and the runs of frames that were freed, by their number of frames. */
static unsigned char *memory;
static uint32_t fresh_frame;
static struct { uint32_t *frames; uint32_t count, capacity; } free_runs[257];

static unsigned char *bytes_of(uint32_t frame) {
  return memory + (size_t) frame * PAGE_SIZE;
}

static uint32_t take_frames(uint32_t count) {
  if (free_runs[count].count) {
    uint32_t frame = free_runs[count].frames[--free_runs[count].count];
    memset(bytes_of(frame), 0, (size_t) count * PAGE_SIZE);
    return frame;
  }
  uint32_t frame = fresh_frame;
  fresh_frame += count;
  return frame;
}

static void give_frames(uint32_t frame, uint32_t count) {
  if (free_runs[count].count == free_runs[count].capacity) {
    free_runs[count].capacity = free_runs[count].capacity * 2 + 16;
    free_runs[count].frames = realloc(free_runs[count].frames, free_runs[count].capacity * sizeof(uint32_t));
    if (!free_runs[count].frames) abort();
  }
  free_runs[count].frames[free_runs[count].count++] = frame;
}

static uint64_t share(uint32_t count, uint32_t *grefs) {
  uint32_t frame = take_frames(count);
  uint64_t page = books_allocate(books, count);
  if (references.capacity > grant_capacity) {
    grant_capacity = references.capacity;
    grants = realloc(grants, grant_capacity * sizeof *grants);
    if (!grants) abort();
  }
  for (uint32_t index = 0; index < count; index++) {
    grefs[index] = books_gref(books, page + index);
    grants[grefs[index]] = (struct grant) { .domid = 0, .writable = 1, .frame = frame + index };
  }
  return page;
}

static unsigned char *map_peer(const uint32_t *grefs, uint32_t count) {
  uint32_t frame = grants[grefs[0]].frame;
  for (uint32_t index = 0; index < count; index++) {
    const struct grant *grant = &grants[grefs[index]];
    if (grant->domid != 0 || !grant->writable || grant->frame != frame + index) abort();
    reference_hold(grefs[index]);
  }
  return bytes_of(frame);
}

/*
 * Shares pages, maps them, writes to each, unmaps and frees them. With `peer` the peer maps, reads and writes them,
 * too.
 */
static void end_to_end(int peer) {
  uint32_t grefs[256];
  uint64_t page = share(pages, grefs);
  uint32_t frame = grants[grefs[0]].frame;
  if (!books_map(books, page, pages)) abort();
  unsigned char *ours = bytes_of(frame);
  for (uint32_t index = 0; index < pages; index++) ours[index * PAGE_SIZE] = 1;
  if (peer) {
    volatile unsigned char *theirs = map_peer(grefs, pages);
    for (uint32_t index = 0; index < pages; index++) theirs[index * PAGE_SIZE + 1] = theirs[index * PAGE_SIZE];
    for (uint32_t index = 0; index < pages; index++) reference_release(grefs[index]);
  }
  sink += ours[0];
  books_unmap(books, page, pages);
  books_free(books, page, pages);
  give_frames(frame, pages);
}

static void share_only(void) {
  end_to_end(0);
}

static void share_with_peer(void) {
  end_to_end(1);
}

static uint64_t nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t) now.tv_sec * 1000000000u + (uint64_t) now.tv_nsec;
}

static uint64_t timed(void (*work)(void), uint64_t times) {
  uint64_t start = nanoseconds();
  while (times--) work();
  return nanoseconds() - start;
}

static int ascending(const void *left, const void *right) {
  double a = *(const double *) left, b = *(const double *) right;
  return (a > b) - (a < b);
}

/* Measures `work` in batches for `budget` nanoseconds. Returns the median of the batches: nanoseconds of one call. */
static double measure(void (*work)(void), double budget) {
  enum { BATCHES = 9 };
  double batches[BATCHES];
  uint64_t times = 1, spent = timed(work, 1);
  while (spent < budget / 20) {
    times *= 2;
    spent = timed(work, times);
  }
  double left = budget - spent;
  int done = 0;
  do {
    uint64_t batch = timed(work, times);
    batches[done++] = (double) batch / times;
    left -= batch;
  } while (done < BATCHES && left > 0);
  qsort(batches, done, sizeof *batches, ascending);
  return batches[done / 2];
}

/* Makes pending pages: granted, held by the peer, and freed. */
static void make_pending(uint32_t count) {
  uint64_t page = books_allocate(books, count);
  for (uint32_t index = 0; index < count; index++) {
    /* All references are in use, in order. To look each up would take the first driver's algorithm hours. */
    reference_hold(references.fresh - count + index);
  }
  books_free(books, page, count);
}

int main(int count, char **arguments) {
  references_reserve(1024);
  if (count == 4 && !strcmp(arguments[1], "digest")) {
    uint32_t answer = trace(strtoul(arguments[2], NULL, 10), strtoul(arguments[3], NULL, 10));
    printf("{\"digest\":\"%08x\"}\n", (unsigned) answer);
    return 0;
  }
  if (count != 7 || strcmp(arguments[1], "measure")) {
    fprintf(stderr, "use: measure <workload> <pages> <live> <pending> <milliseconds> | digest <seed> <steps>\n");
    return 2;
  }
  static const struct { const char *name; void (*work)(void); } workloads[] = {
    { "lifo", lifo }, { "random", replace }, { "find", find }, { "punch", punch },
    { "share", share_only }, { "peer", share_with_peer },
  };
  void (*work)(void) = NULL;
  for (size_t index = 0; index < sizeof workloads / sizeof *workloads; index++) {
    if (!strcmp(arguments[2], workloads[index].name)) work = workloads[index].work;
  }
  if (!work) return 2;
  pages = strtoul(arguments[3], NULL, 10);
  live = strtoul(arguments[4], NULL, 10);
  books = books_open();
  uint32_t pending = strtoul(arguments[5], NULL, 10);
  if (pending) make_pending(pending);
  /* One call: a call for each page would take the first driver's algorithm quadratic time. */
  first = books_allocate(books, live);
  if (work == replace) {
    slots = malloc(live * sizeof *slots);
    if (!slots) abort();
    for (uint32_t index = 0; index < live; index++) slots[index] = first + index;
#ifdef SETTLES
    for (uint64_t times = (uint64_t) live * REPLACEMENTS; times--;) replace();
#endif
  }
  if (work == share_only || work == share_with_peer) {
    /* The live pages are never touched, so they need no memory here. */
    memory = aligned_alloc(PAGE_SIZE, (size_t) PAGE_SIZE * 1024);
    if (!memory) abort();
    grant_capacity = references.capacity;
    grants = calloc(grant_capacity, sizeof *grants);
    if (!grants) abort();
  }
  uint32_t per_call = work == punch ? PUNCHED : work == replace || work == find ? 1 : pages;
  double time = measure(work, strtod(arguments[6], NULL) * 1e6);
  printf("{\"nanoseconds\":%.3f}\n", time / per_call);
  return 0;
}
