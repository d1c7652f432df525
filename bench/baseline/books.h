/* What every variant of the books can do: the same as the interface Books in books.ts. */
#ifndef BOOKS_H
#define BOOKS_H

#include <stddef.h>
#include <stdint.h>

typedef struct file file;

/* A new file, whose pages count from 0. */
file *books_open(void);
/* Grants the file's next pages: the index of the first. */
uint64_t books_allocate(file *file, uint32_t count);
/* Lets go of a run of listed pages: 0 if not all of them are, and nothing is changed. */
int books_free(file *file, uint64_t page, uint32_t count);
/* Whether all of a run of pages are listed. */
int books_find(file *file, uint64_t page, uint32_t count);
/* The reference of a listed page. */
uint32_t books_gref(file *file, uint64_t page);
/* Counts a use of each page of a run: 0 if not all of them are listed. */
int books_map(file *file, uint64_t page, uint32_t count);
/* Counts the end of one mapping, with what it was made with. */
void books_unmap(file *file, uint64_t page, uint32_t count);

#endif
