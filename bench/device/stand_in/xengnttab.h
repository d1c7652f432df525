/* The part of libxengnttab that share.c uses, over the stand-in for the device. */
#ifndef XENGNTTAB_H
#define XENGNTTAB_H

#include <stdint.h>

typedef struct xengntshr_handle xengntshr_handle;

xengntshr_handle *xengntshr_open(void *logger, unsigned flags);
int xengntshr_close(xengntshr_handle *handle);
void *xengntshr_share_pages(xengntshr_handle *handle, uint32_t domid, int count, uint32_t *references, int writable);
int xengntshr_unshare(xengntshr_handle *handle, void *start, uint32_t count);

#endif
