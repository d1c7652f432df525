/*
 * Reads or writes a small value of XenStore through Debian's libxenstore, as often as each line of the input says:
 * "read 1000". Answers with the nanoseconds that one of them took. The daemon is the one that XENSTORED_PATH names.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <xenstore.h>

#define PATH "/bench/value"
#define VALUE "a value of 20 bytes."

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1e9 + time.tv_nsec;
}

static int work(struct xs_handle *store, const char *what)
{
	unsigned int length;
	void *value;

	if (strcmp(what, "write") == 0)
		return xs_write(store, XBT_NULL, PATH, VALUE, strlen(VALUE));
	value = xs_read(store, XBT_NULL, PATH, &length);
	free(value);
	return value != NULL && length == strlen(VALUE);
}

int main(void)
{
	struct xs_handle *store = xs_open(0);
	char what[16];
	long times;

	if (store == NULL || !work(store, "write"))
		return 1;
	puts("ready");
	fflush(stdout);
	while (scanf("%15s %ld", what, &times) == 2) {
		double start = now();

		for (long i = 0; i < times; i++)
			if (!work(store, what))
				return 1;
		printf("%.0f\n", (now() - start) / times);
		fflush(stdout);
	}
	return 0;
}
