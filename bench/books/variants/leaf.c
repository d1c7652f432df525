/*
 * The design of the core (wasm/assembly/) in C, with a minimal engine around it, as in shipped.ts: the same steps, on
 * the same records. Its cost is about the best that this design can do.
 */
#include <string.h>

#include "books.h"
#include "references.h"

/* References on their way between the grant table and the books. An allocation may fail before they are listed. */
#define STAGING_CAPACITY 4096
/* References in a packed block. */
#define PACKED 14

struct leaf {
  uint64_t listed, mapped, begins, pending;
  uint64_t number;
  file *file;
  /* The references of all 64 pages. Unused while `packed` is set. */
  uint32_t *grefs;
  /* Mappings beyond the first of each page. Made when a page is mapped again. */
  struct counts *counts;
  struct leaf *next_in_file, *previous_in_file;
  /* The next leaf in its queue, LAST at the end of the queue, or NULL if it is in none. */
  struct leaf *next_to_ask;
  struct packed *packed;
};

struct packed {
  uint64_t pages;
  uint32_t grefs[PACKED];
};

struct counts {
  uint64_t again;
  uint32_t more[64];
};

struct file {
  uint64_t next, settled;
  struct leaf *first_leaf, *last_leaf;
  struct leaf *latest, *tail;
  uint32_t live, listed, mappings;
  int begun;
};

static struct leaf no_leaf = { .number = UINT64_MAX };
static struct leaf last_mark;
#define LAST (&last_mark)

static double limit_pages = 1.0 / 0.0;
static uint32_t live_pages, listed_pages, mapped_pages, pending_pages;
static uint32_t staged[STAGING_CAPACITY];

static struct leaf **table;
static uint32_t capacity, leaves;
static unsigned shift;

/* Lists of free records of each kind, linked by their first words. */
static void *free_leaves, *free_grefs, *free_packed;

/* The queue of leaves with pages to end access to, and the leaves of the sweep under way. */
static struct leaf *first_to_ask = LAST, *last_to_ask = LAST, *sweep_head = LAST, *sweep_leaf = LAST;
static unsigned sweep_bit;
static uint64_t sweep_page;
static uint32_t sweep_count;

static uint32_t home(const file *file, uint64_t number) {
  return ((number ^ ((uint64_t) (uintptr_t) file << 32)) * UINT64_C(0x9e3779b97f4a7c15)) >> shift;
}

static uint64_t bits(unsigned first, unsigned length) {
  return (~UINT64_C(0) >> (64 - length)) << first;
}

static unsigned stretch(uint64_t page, uint64_t end) {
  uint64_t rest = 64 - (page & 63);
  return rest < end - page ? rest : end - page;
}

static uint64_t live_of(const struct leaf *leaf) {
  return leaf->listed | leaf->mapped | leaf->pending;
}

static uint64_t to_ask(const struct leaf *leaf) {
  return leaf->pending & ~leaf->mapped;
}

static uint32_t *gref_of(struct leaf *leaf, unsigned bit) {
  if (!leaf->packed) return leaf->grefs + bit;
  return leaf->packed->grefs + __builtin_popcountll(leaf->packed->pages & ((UINT64_C(1) << bit) - 1));
}

static struct leaf *find_leaf(file *file, uint64_t number) {
  struct leaf *leaf = file->latest;
  if (leaf->number == number) return leaf;
  if (!file->first_leaf) return NULL;
  for (uint32_t index = home(file, number);; index = (index + 1) & (capacity - 1)) {
    leaf = table[index];
    if (!leaf) return NULL;
    if (leaf->number == number && leaf->file == file) return file->latest = leaf;
  }
}

static void insert(struct leaf *leaf) {
  uint32_t index = home(leaf->file, leaf->number);
  while (table[index]) index = (index + 1) & (capacity - 1);
  table[index] = leaf;
}

static void take_out(struct leaf *leaf) {
  uint32_t mask = capacity - 1;
  uint32_t gap = home(leaf->file, leaf->number);
  while (table[gap] != leaf) gap = (gap + 1) & mask;
  for (uint32_t index = (gap + 1) & mask; table[index]; index = (index + 1) & mask) {
    uint32_t start = home(table[index]->file, table[index]->number);
    /* It may move back into the gap only if probing for it passes there. */
    if (((index - start) & mask) < ((index - gap) & mask)) continue;
    table[gap] = table[index];
    gap = index;
  }
  table[gap] = NULL;
}

static void grow(void) {
  struct leaf **old = table;
  uint32_t places = capacity;
  capacity = places ? places * 2 : 64;
  shift = 64 - __builtin_ctz(capacity);
  table = calloc(capacity, sizeof *table);
  if (!table) abort();
  for (uint32_t index = 0; index < places; index++) {
    if (old[index]) insert(old[index]);
  }
  free(old);
}

/* Takes a free record. If there is none, allocates many at a time. */
static void *take(void **free, size_t size) {
  enum { MORE = 256 };
  if (!*free) {
    char *more = malloc(MORE * size);
    if (!more) abort();
    for (int index = MORE; index--;) {
      *(void **) (more + index * size) = *free;
      *free = more + index * size;
    }
  }
  void *record = *free;
  *free = *(void **) record;
  return record;
}

static void give(void **free, void *record) {
  *(void **) record = *free;
  *free = record;
}

static void give_grefs(struct leaf *leaf) {
  if (leaf->packed) give(&free_packed, leaf->packed);
  else give(&free_grefs, leaf->grefs);
}

static struct leaf *create_leaf(file *file, uint64_t number) {
  if ((leaves + 1) * 2 > capacity) grow();
  struct leaf *leaf = take(&free_leaves, sizeof *leaf);
  memset(leaf, 0, sizeof *leaf);
  leaf->number = number;
  leaf->file = file;
  leaf->grefs = take(&free_grefs, 64 * sizeof *leaf->grefs);
  leaf->previous_in_file = file->last_leaf;
  if (file->last_leaf) file->last_leaf->next_in_file = leaf;
  else file->first_leaf = leaf;
  file->last_leaf = leaf;
  file->latest = leaf;
  insert(leaf);
  leaves++;
  return leaf;
}

static void destroy_leaf(struct leaf *leaf) {
  file *file = leaf->file;
  take_out(leaf);
  leaves--;
  if (leaf->next_in_file) leaf->next_in_file->previous_in_file = leaf->previous_in_file;
  else file->last_leaf = leaf->previous_in_file;
  if (leaf->previous_in_file) leaf->previous_in_file->next_in_file = leaf->next_in_file;
  else file->first_leaf = leaf->next_in_file;
  if (file->latest == leaf) file->latest = &no_leaf;
  if (file->tail == leaf) file->tail = &no_leaf;
  give_grefs(leaf);
  give(&free_leaves, leaf);
}

static void pack(struct leaf *leaf, uint64_t live) {
  struct packed *packed = take(&free_packed, sizeof *packed);
  packed->pages = live;
  uint32_t *to = packed->grefs;
  for (uint64_t rest = live; rest; rest &= rest - 1) *to++ = leaf->grefs[__builtin_ctzll(rest)];
  give_grefs(leaf);
  leaf->packed = packed;
  if (leaf->file->tail == leaf) leaf->file->tail = &no_leaf;
}

static void unpack(struct leaf *leaf) {
  struct packed *packed = leaf->packed;
  if (!packed) return;
  const uint32_t *from = packed->grefs;
  leaf->grefs = take(&free_grefs, 64 * sizeof *leaf->grefs);
  for (uint64_t rest = packed->pages; rest; rest &= rest - 1) leaf->grefs[__builtin_ctzll(rest)] = *from++;
  leaf->packed = NULL;
  give(&free_packed, packed);
}

/*
 * Destroys a leaf without live pages, and packs the references of a leaf with few, unless it is to take the next
 * page.
 */
static void tidy(struct leaf *leaf) {
  uint64_t live = live_of(leaf);
  if (__builtin_popcountll(live) > PACKED || leaf->number == leaf->file->next >> 6 || leaf->next_to_ask) return;
  if (!live) destroy_leaf(leaf);
  else if (!leaf->packed) pack(leaf, live);
}

static void enqueue(struct leaf *leaf) {
  if (leaf->next_to_ask) return;
  leaf->next_to_ask = LAST;
  if (first_to_ask == LAST) first_to_ask = leaf;
  else last_to_ask->next_to_ask = leaf;
  last_to_ask = leaf;
}

static void add_pending(struct leaf *leaf, uint64_t mask) {
  if (!mask) return;
  leaf->pending |= mask;
  pending_pages += __builtin_popcountll(mask);
  enqueue(leaf);
}

static void leave(void) {
  struct leaf *leaf = sweep_head;
  sweep_head = leaf->next_to_ask;
  leaf->next_to_ask = NULL;
  if (to_ask(leaf)) enqueue(leaf);
  else tidy(leaf);
}

/* The pages of the sweep's run that are still pending wait until the peer unmaps them. */
static void hold(void) {
  struct leaf *leaf = sweep_head;
  unsigned bit = sweep_page & 63;
  for (uint32_t rest = sweep_count; rest;) {
    unsigned length = 64 - bit < rest ? 64 - bit : rest;
    leaf->mapped |= leaf->pending & bits(bit, length);
    rest -= length;
    leaf = leaf->next_to_ask;
    bit = 0;
  }
}

static uint32_t next_run(int held) {
  struct leaf *leaf;
  uint64_t rest;
  if (held) hold();
  while (sweep_head != sweep_leaf) leave();
  for (;;) {
    if (sweep_leaf == LAST) return 0;
    leaf = sweep_leaf;
    rest = to_ask(leaf) >> sweep_bit;
    if (rest) break;
    sweep_leaf = leaf->next_to_ask;
    sweep_bit = 0;
    leave();
  }
  unsigned bit = sweep_bit + __builtin_ctzll(rest);
  uint32_t count = 0;
  sweep_page = (leaf->number << 6) + bit;
  for (;;) {
    uint64_t others = ~(to_ask(leaf) >> bit);
    unsigned length = others ? __builtin_ctzll(others) : 64;
    if (length > STAGING_CAPACITY - count) length = STAGING_CAPACITY - count;
    memcpy(staged + count, gref_of(leaf, bit), length * sizeof *staged);
    count += length;
    bit += length;
    struct leaf *next = leaf->next_to_ask;
    sweep_leaf = bit < 64 ? leaf : next;
    sweep_bit = bit & 63;
    if (bit < 64 || count == STAGING_CAPACITY || next == LAST) break;
    if (next->file != leaf->file || next->number != leaf->number + 1 || !(to_ask(next) & 1)) break;
    leaf = next;
    bit = 0;
  }
  return sweep_count = count;
}

static uint32_t sweep(void) {
  sweep_head = sweep_leaf = first_to_ask;
  sweep_bit = 0;
  first_to_ask = LAST;
  return next_run(0);
}

static void ended(uint32_t offset, uint32_t count) {
  file *file = sweep_head->file;
  uint64_t page = sweep_page + offset;
  for (uint64_t end = page + count; page < end;) {
    unsigned length = stretch(page, end);
    struct leaf *leaf = find_leaf(file, page >> 6);
    uint64_t mask = bits(page & 63, length);
    leaf->begins &= ~mask;
    leaf->pending &= ~mask;
    pending_pages -= length;
    page += length;
  }
  file->live -= count;
  live_pages -= count;
}

/* Ends access to the pages of the current run that no peer holds. Returns the number of pages of the next run. */
static uint32_t end_access(uint32_t count) {
  file *file = sweep_head->file;
  uint64_t page = sweep_page;
  uint32_t from = 0;
  for (uint32_t offset = 0; offset < count; offset++) {
    if (reference_end(staged[offset])) continue;
    reference_wait(staged[offset], file, page + offset);
    if (offset > from) ended(from, offset - from);
    from = offset + 1;
  }
  if (count > from) ended(from, count - from);
  return next_run(from > 0);
}

static void sweep_all(void) {
  for (uint32_t count = sweep(); count;) count = end_access(count);
}

void books_release(void *waiting, uint64_t page) {
  struct leaf *leaf = find_leaf(waiting, page >> 6);
  uint64_t mask = bits(page & 63, 1);
  if (!leaf || !(leaf->pending & leaf->mapped & mask)) return;
  leaf->mapped &= ~mask;
  enqueue(leaf);
}

file *books_open(void) {
  if (!capacity) grow();
  file *file = calloc(1, sizeof *file);
  if (!file) abort();
  file->latest = file->tail = &no_leaf;
  return file;
}

/* Reserves pages before they are granted, because granting may fail. */
static uint64_t reserve(file *file, uint32_t count) {
  if ((double) live_pages + (double) count > limit_pages) abort();
  uint64_t first = file->next, end = first + count;
  if (file->tail->number != first >> 6 || (first & 63) + count > 64) {
    for (uint64_t number = first >> 6; count && number <= (end - 1) >> 6; number++) {
      /* Only the leaf of the first page can exist already. */
      struct leaf *leaf = number == first >> 6 ? find_leaf(file, number) : NULL;
      if (!leaf) leaf = create_leaf(file, number);
      unpack(leaf);
      file->tail = leaf;
    }
  }
  file->next = end;
  file->begun = 0;
  file->live += count;
  live_pages += count;
  return first;
}

static void list(file *file, uint32_t count) {
  uint64_t page = file->settled, end = page + count;
  const uint32_t *from = staged;
  while (page < end) {
    unsigned bit = page & 63, length = stretch(page, end);
    struct leaf *leaf = find_leaf(file, page >> 6);
    memcpy(gref_of(leaf, bit), from, length * sizeof *from);
    leaf->listed |= bits(bit, length);
    if (!file->begun) leaf->begins |= bits(bit, 1);
    file->begun = 1;
    from += length;
    page += length;
  }
  file->settled = end;
  file->listed += count;
  listed_pages += count;
}

static void list_one(file *file, uint32_t gref) {
  uint64_t page = file->settled;
  struct leaf *leaf = file->tail;
  uint64_t mask = UINT64_C(1) << (page & 63);
  leaf->grefs[page & 63] = gref;
  leaf->listed |= mask;
  leaf->begins |= mask;
  file->settled = page + 1;
  file->listed++;
  listed_pages++;
}

uint64_t books_allocate(file *file, uint32_t count) {
  if (first_to_ask != LAST) sweep_all();
  uint64_t first = reserve(file, count);
  if (count == 1) {
    list_one(file, reference_add());
    return first;
  }
  for (uint32_t from = 0; from < count; from += STAGING_CAPACITY) {
    uint32_t length = count - from < STAGING_CAPACITY ? count - from : STAGING_CAPACITY;
    for (uint32_t index = 0; index < length; index++) staged[index] = reference_add();
    list(file, length);
  }
  return first;
}

int books_find(file *file, uint64_t page, uint32_t count) {
  uint64_t end = page + count;
  if (!count || end > file->next) return 0;
  while (page < end) {
    unsigned length = stretch(page, end);
    struct leaf *leaf = find_leaf(file, page >> 6);
    uint64_t mask = bits(page & 63, length);
    if (!leaf || (leaf->listed & mask) != mask) return 0;
    page += length;
  }
  return 1;
}

/*
 * Unlists a run. Returns its length if it is the only run to end access to, 0 if a sweep is needed, -1 if it is not
 * listed.
 */
static int release(file *file, uint64_t page, uint32_t count) {
  unsigned bit = page & 63;
  /* More pages are several runs, which needs a sweep. */
  int alone = count <= STAGING_CAPACITY && first_to_ask == LAST;
  if (count > 64 - bit || !count) {
    if (!books_find(file, page, count)) return -1;
    for (uint64_t end = page + count; page < end;) {
      unsigned length = stretch(page, end);
      struct leaf *leaf = find_leaf(file, page >> 6);
      uint64_t mask = bits(page & 63, length);
      leaf->listed &= ~mask;
      if (leaf->mapped & mask) alone = 0;
      add_pending(leaf, mask & ~leaf->mapped);
      page += length;
    }
    file->listed -= count;
    listed_pages -= count;
    return alone ? (int) sweep() : 0;
  }
  struct leaf *leaf = find_leaf(file, page >> 6);
  uint64_t mask = bits(bit, count);
  if (!leaf || (leaf->listed & mask) != mask) return -1;
  leaf->listed ^= mask;
  file->listed -= count;
  listed_pages -= count;
  if (leaf->mapped & mask || !alone) {
    add_pending(leaf, mask & ~leaf->mapped);
    return 0;
  }
  leaf->pending |= mask;
  pending_pages += count;
  leaf->next_to_ask = LAST;
  sweep_head = leaf;
  sweep_leaf = LAST;
  sweep_page = page;
  sweep_count = count;
  memcpy(staged, gref_of(leaf, bit), count * sizeof *staged);
  return count;
}

int books_free(file *file, uint64_t page, uint32_t count) {
  int run = release(file, page, count);
  if (run < 0) return 0;
  if (run > 0) end_access(run);
  else sweep_all();
  return 1;
}

uint32_t books_gref(file *file, uint64_t page) {
  return *gref_of(find_leaf(file, page >> 6), page & 63);
}

int books_map(file *file, uint64_t page, uint32_t count) {
  if (!books_find(file, page, count)) return 0;
  for (uint64_t end = page + count; page < end;) {
    unsigned length = stretch(page, end);
    struct leaf *leaf = find_leaf(file, page >> 6);
    uint64_t mask = bits(page & 63, length), again = leaf->mapped & mask;
    if (again) {
      if (!leaf->counts && !(leaf->counts = calloc(1, sizeof *leaf->counts))) abort();
      for (uint64_t rest = again; rest; rest &= rest - 1) leaf->counts->more[__builtin_ctzll(rest)]++;
      leaf->counts->again |= again;
    }
    leaf->mapped |= mask;
    mapped_pages += __builtin_popcountll(mask & ~again);
    page += length;
  }
  file->mappings++;
  return 1;
}

void books_unmap(file *file, uint64_t page, uint32_t count) {
  for (uint64_t end = page + count; page < end;) {
    unsigned length = stretch(page, end);
    struct leaf *leaf = find_leaf(file, page >> 6);
    uint64_t mask = bits(page & 63, length), more = leaf->counts ? leaf->counts->again & mask : 0;
    for (uint64_t rest = more; rest; rest &= rest - 1) {
      if (!--leaf->counts->more[__builtin_ctzll(rest)]) leaf->counts->again &= ~(rest & -rest);
    }
    if (leaf->counts && !leaf->counts->again) {
      free(leaf->counts);
      leaf->counts = NULL;
    }
    leaf->mapped &= ~(mask & ~more);
    mapped_pages -= __builtin_popcountll(mask & ~more);
    add_pending(leaf, mask & ~more & ~leaf->listed);
    page += length;
  }
  file->mappings--;
  if (first_to_ask != LAST) sweep_all();
}
