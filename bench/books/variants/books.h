/* The books, as every variant implements them: the same as the interface Books in books.ts. */
#ifndef BOOKS_H
#define BOOKS_H

#include <stddef.h>
#include <stdint.h>

typedef struct file file;

/* Opens a file. Its pages count from 0. */
file *books_open(void);
/* Grants the file's next pages, and returns the index of the first. */
uint64_t books_allocate(file *file, uint32_t count);
/* Frees a run of listed pages. Returns 0 and changes nothing if one is not listed. */
int books_free(file *file, uint64_t page, uint32_t count);
/* Returns whether all pages of a run are listed. */
int books_find(file *file, uint64_t page, uint32_t count);
/* Returns the reference of a listed page. */
uint32_t books_gref(file *file, uint64_t page);
/* Counts a mapping of each page of a run. Returns 0 and changes nothing if one is not listed. */
int books_map(file *file, uint64_t page, uint32_t count);
/* Counts the end of one mapping, given the same arguments as its start. */
void books_unmap(file *file, uint64_t page, uint32_t count);

#endif
