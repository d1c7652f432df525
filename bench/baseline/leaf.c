/*
 * The design of the core that ships (wasm/assembly/), in C: leaves of 64 pages with a mask for each property, found by a
 * hash. What it costs here is about what it could cost at best.
 */
#include <string.h>

#include "books.h"
#include "references.h"

struct leaf {
  uint64_t listed, mapped, again, pending;
  uint64_t number;
  file *file;
  /* Mappings beyond the first; made when a page is mapped again. */
  uint32_t *counts;
  struct leaf *next_pending, *previous_pending;
  uint32_t grefs[64];
};

struct file {
  uint64_t next;
  struct leaf *latest;
};

static struct leaf **table;
static uint32_t capacity, leaves;
static unsigned shift;
/* Free leaves, by `next_pending`. */
static struct leaf *free_leaves;
/* Leaves with pages that are held by the peer. */
static struct leaf *first_pending;
/* `references.let_go` when they were last looked at. */
static uint32_t seen_let_go;

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

static struct leaf *find_leaf(file *file, uint64_t number) {
  struct leaf *leaf = file->latest;
  if (leaf && leaf->number == number) return leaf;
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
    /* It may move back into the gap only if its probing passes there. */
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

/* Takes more memory for leaves, in one piece. */
static void add_leaves(void) {
  enum { MORE = 256 };
  struct leaf *more = malloc(MORE * sizeof *more);
  if (!more) abort();
  for (int index = MORE; index--;) {
    more[index].next_pending = free_leaves;
    free_leaves = &more[index];
  }
}

static struct leaf *create_leaf(file *file, uint64_t number) {
  if ((leaves + 1) * 2 > capacity) grow();
  if (!free_leaves) add_leaves();
  struct leaf *leaf = free_leaves;
  free_leaves = leaf->next_pending;
  memset(leaf, 0, offsetof(struct leaf, grefs));
  leaf->number = number;
  leaf->file = file;
  file->latest = leaf;
  insert(leaf);
  leaves++;
  return leaf;
}

/* A leaf without a live page goes, unless the file's next page belongs in it. */
static void drop_if_empty(struct leaf *leaf) {
  if (leaf->listed | leaf->mapped | leaf->pending || leaf->number == leaf->file->next >> 6) return;
  take_out(leaf);
  leaves--;
  if (leaf->file->latest == leaf) leaf->file->latest = NULL;
  leaf->next_pending = free_leaves;
  free_leaves = leaf;
}

static void link_pending(struct leaf *leaf) {
  leaf->previous_pending = NULL;
  leaf->next_pending = first_pending;
  if (first_pending) first_pending->previous_pending = leaf;
  first_pending = leaf;
}

static void unlink_pending(struct leaf *leaf) {
  if (leaf->next_pending) leaf->next_pending->previous_pending = leaf->previous_pending;
  if (leaf->previous_pending) leaf->previous_pending->next_pending = leaf->next_pending;
  else first_pending = leaf->next_pending;
}

/* Ends access to pages of a leaf; those that the peer holds are pending from then on. */
static void end_access(struct leaf *leaf, uint64_t mask) {
  uint64_t held = 0;
  for (uint64_t rest = mask; rest; rest &= rest - 1) {
    if (!reference_end(leaf->grefs[__builtin_ctzll(rest)])) held |= rest & -rest;
  }
  uint64_t was = leaf->pending;
  leaf->pending = (was & ~mask) | held;
  if (leaf->pending && !was) link_pending(leaf);
  else if (!leaf->pending && was) unlink_pending(leaf);
  drop_if_empty(leaf);
}

/* Looks at the held pages again, if the peer has let go of any page since the last time. */
static void sweep(void) {
  if (seen_let_go == references.let_go) return;
  seen_let_go = references.let_go;
  for (struct leaf *leaf = first_pending; leaf;) {
    struct leaf *next = leaf->next_pending;
    end_access(leaf, leaf->pending);
    leaf = next;
  }
}

file *books_open(void) {
  if (!capacity) grow();
  file *file = calloc(1, sizeof *file);
  if (!file) abort();
  return file;
}

uint64_t books_allocate(file *file, uint32_t count) {
  sweep();
  uint64_t first = file->next, end = first + count;
  for (uint64_t page = first; page < end;) {
    unsigned bit = page & 63, length = stretch(page, end);
    struct leaf *leaf = find_leaf(file, page >> 6);
    if (!leaf) leaf = create_leaf(file, page >> 6);
    for (unsigned index = 0; index < length; index++) leaf->grefs[bit + index] = reference_add();
    leaf->listed |= bits(bit, length);
    page += length;
  }
  file->next = end;
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

int books_free(file *file, uint64_t page, uint32_t count) {
  if (!books_find(file, page, count)) return 0;
  for (uint64_t end = page + count; page < end;) {
    unsigned length = stretch(page, end);
    struct leaf *leaf = find_leaf(file, page >> 6);
    uint64_t mask = bits(page & 63, length);
    leaf->listed &= ~mask;
    end_access(leaf, mask & ~leaf->mapped);
    page += length;
  }
  sweep();
  return 1;
}

uint32_t books_gref(file *file, uint64_t page) {
  return find_leaf(file, page >> 6)->grefs[page & 63];
}

int books_map(file *file, uint64_t page, uint32_t count) {
  if (!books_find(file, page, count)) return 0;
  for (uint64_t end = page + count; page < end;) {
    unsigned length = stretch(page, end);
    struct leaf *leaf = find_leaf(file, page >> 6);
    uint64_t mask = bits(page & 63, length), again = leaf->mapped & mask;
    if (again && !leaf->counts && !(leaf->counts = calloc(64, sizeof *leaf->counts))) abort();
    for (uint64_t rest = again; rest; rest &= rest - 1) leaf->counts[__builtin_ctzll(rest)]++;
    leaf->again |= again;
    leaf->mapped |= mask;
    page += length;
  }
  return 1;
}

void books_unmap(file *file, uint64_t page, uint32_t count) {
  for (uint64_t end = page + count; page < end;) {
    unsigned length = stretch(page, end);
    struct leaf *leaf = find_leaf(file, page >> 6);
    uint64_t mask = bits(page & 63, length), last = mask & ~leaf->again;
    for (uint64_t rest = leaf->again & mask; rest; rest &= rest - 1) {
      if (!--leaf->counts[__builtin_ctzll(rest)]) leaf->again &= ~(rest & -rest);
    }
    if (leaf->counts && !leaf->again) {
      free(leaf->counts);
      leaf->counts = NULL;
    }
    leaf->mapped &= ~last;
    if (last & ~leaf->listed) end_access(leaf, last & ~leaf->listed);
    page += length;
  }
  sweep();
}
