/*
 * The first driver's algorithm, written anew from its description. Each page has a node in the list of its file and
 * in the list of all pages. Pages are found by walking. Each allocation and each free walks the list of all pages to
 * remove those that are not in use.
 */
#include "books.h"
#include "references.h"

struct node {
  struct node *next, *previous;
  struct node *next_in_file, *previous_in_file;
  file *file;
  uint64_t page;
  uint32_t gref;
  /* Counts each mapping, and one more while the page is listed. */
  uint32_t uses;
};

struct file {
  struct node *first, *last;
  uint64_t next;
};

static struct node *first_node, *last_node;

static void append(struct node *node) {
  node->next = NULL;
  node->previous = last_node;
  if (last_node) last_node->next = node;
  else first_node = node;
  last_node = node;
  file *file = node->file;
  node->next_in_file = NULL;
  node->previous_in_file = file->last;
  if (file->last) file->last->next_in_file = node;
  else file->first = node;
  file->last = node;
}

static void destroy(struct node *node) {
  if (node->next) node->next->previous = node->previous;
  else last_node = node->previous;
  if (node->previous) node->previous->next = node->next;
  else first_node = node->next;
  free(node);
}

static void unlist(struct node *node) {
  file *file = node->file;
  if (node->next_in_file) node->next_in_file->previous_in_file = node->previous_in_file;
  else file->last = node->previous_in_file;
  if (node->previous_in_file) node->previous_in_file->next_in_file = node->next_in_file;
  else file->first = node->next_in_file;
  node->uses--;
}

/* Removes every page that is neither in use nor held by the peer. Walks all pages. */
static void clean_up(void) {
  for (struct node *node = first_node; node;) {
    struct node *next = node->next;
    if (!node->uses && reference_end(node->gref)) destroy(node);
    node = next;
  }
}

/* Returns the node of the first page, or NULL if not all pages of the run are listed. */
static struct node *find_run(file *file, uint64_t page, uint32_t count) {
  struct node *node = file->first;
  while (node && node->page != page) node = node->next_in_file;
  struct node *first = node;
  for (uint32_t index = 0; index < count; index++) {
    if (!node || node->page != page + index) return NULL;
    node = node->next_in_file;
  }
  return count ? first : NULL;
}

file *books_open(void) {
  file *file = calloc(1, sizeof *file);
  if (!file) abort();
  return file;
}

uint64_t books_allocate(file *file, uint32_t count) {
  clean_up();
  uint64_t page = file->next;
  for (uint32_t index = 0; index < count; index++) {
    struct node *node = malloc(sizeof *node);
    if (!node) abort();
    node->file = file;
    node->page = page + index;
    node->gref = reference_add();
    node->uses = 1;
    append(node);
  }
  file->next = page + count;
  return page;
}

int books_free(file *file, uint64_t page, uint32_t count) {
  struct node *node = find_run(file, page, count);
  if (!node) return 0;
  while (count--) {
    struct node *next = node->next_in_file;
    unlist(node);
    node = next;
  }
  clean_up();
  return 1;
}

int books_find(file *file, uint64_t page, uint32_t count) {
  return find_run(file, page, count) != NULL;
}

uint32_t books_gref(file *file, uint64_t page) {
  return find_run(file, page, 1)->gref;
}

int books_map(file *file, uint64_t page, uint32_t count) {
  struct node *node = find_run(file, page, count);
  if (!node) return 0;
  for (; count--; node = node->next_in_file) node->uses++;
  return 1;
}

void books_unmap(file *file, uint64_t page, uint32_t count) {
  /* A mapped page may no longer be listed. The list of all pages still has it. */
  struct node *node = first_node;
  while (node->file != file || node->page != page) node = node->next;
  for (; count; node = node->next) {
    if (node->file != file) continue;
    node->uses--;
    count--;
  }
  clean_up();
}

/* Nothing to do: each call walks all pages anyway. */
void books_release(void *file, uint64_t page) {
  (void) file;
  (void) page;
}
