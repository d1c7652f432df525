/*
 * The side in C: shares pages through libxengnttab, as C programs do.
 *
 * Each line of its input is "share PAGES TIMES". It answers with the nanoseconds that this took.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <xengnttab.h>

#define PAGE_SIZE 4096
#define MOST_PAGES 1024

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

static void share(xengntshr_handle *handle, int pages, long times)
{
	static uint32_t references[MOST_PAGES];

	for (long time = 0; time < times; time++) {
		volatile uint8_t *bytes = xengntshr_share_pages(handle, 0, pages, references, 1);

		if (!bytes)
			fail("xengntshr_share_pages");
		for (size_t at = 0; at < (size_t)pages * PAGE_SIZE; at += PAGE_SIZE)
			bytes[at] = 1;
		if (xengntshr_unshare(handle, (void *)bytes, pages))
			fail("xengntshr_unshare");
	}
}

int main(void)
{
	xengntshr_handle *handle = xengntshr_open(NULL, 0);
	int pages;
	long times;

	if (!handle)
		fail("xengntshr_open");
	while (scanf(" share %d %ld", &pages, &times) == 2) {
		if (pages < 1 || pages > MOST_PAGES)
			return 2;
		int64_t start = now();

		share(handle, pages, times);
		printf("%lld\n", (long long)(now() - start));
		fflush(stdout);
	}
	return xengntshr_close(handle) ? 1 : 0;
}
