/*
 * One end of a channel, by Debian's libxenvchan, as it comes: `end server BYTES`, where rings have at least so many
 * bytes, or `end client`. Prints a line when it listens, another one when it is connected, and answers each line of the
 * input: see end.ts.
 */
#define _GNU_SOURCE
#include "../harness/clock.h"
#include <libxenvchan.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH "/local/domain/0/data/vchan/1/bench"
#define MOST ((1 << 20) + 8192)
#define READ 65536
#define MESSAGE 64

static struct libxenvchan *channel;
static uint8_t *memory;

static void check(int done)
{
	if (done)
		return;
	fprintf(stderr, "Cannot go on: libxenvchan failed\n");
	exit(1);
}

static void send_stream(long size, long count, long offset)
{
	uint8_t answer;

	for (long i = 0; i < count; i++)
		check(libxenvchan_write(channel, memory + offset, size) == size);
	check(libxenvchan_read(channel, &answer, 1) == 1);
}

static void receive_stream(long size, long count, long offset)
{
	for (long left = size * count; left > 0;) {
		int done = libxenvchan_read(channel, memory + offset, READ);

		check(done > 0);
		left -= done;
	}
	check(libxenvchan_write(channel, memory, 1) == 1);
}

static void ask(long count)
{
	for (long i = 0; i < count; i++) {
		check(libxenvchan_send(channel, memory, MESSAGE) == MESSAGE);
		check(libxenvchan_recv(channel, memory, MESSAGE) == MESSAGE);
	}
}

static void answer(long count)
{
	for (long i = 0; i < count; i++) {
		check(libxenvchan_recv(channel, memory, MESSAGE) == MESSAGE);
		check(libxenvchan_send(channel, memory, MESSAGE) == MESSAGE);
	}
}

int main(int argc, char **argv)
{
	int is_server = argc == 3 && strcmp(argv[1], "server") == 0;
	char task[16];
	long size, count, offset;

	memory = aligned_alloc(4096, MOST);
	memset(memory, 7, MOST);
	channel = is_server ? libxenvchan_server_init(NULL, 1, PATH, atol(argv[2]), atol(argv[2]))
			    : libxenvchan_client_init(NULL, 0, PATH);
	check(channel != NULL);
	channel->blocking = 1;
	channel->server_persist = 0;
	printf("listening\n");
	fflush(stdout);
	while (libxenvchan_is_open(channel) == 2)
		check(libxenvchan_wait(channel) == 0);
	printf("connected\n");
	fflush(stdout);
	while (scanf("%15s %ld %ld %ld", task, &size, &count, &offset) == 4) {
		uint64_t start = now(), before = worked();

		if (strcmp(task, "send") == 0 || strcmp(task, "try") == 0)
			send_stream(size, count, offset);
		else if (strcmp(task, "receive") == 0)
			receive_stream(size, count, offset);
		else if (strcmp(task, "ask") == 0)
			ask(count);
		else if (strcmp(task, "answer") == 0)
			answer(count);
		printf("{\"time\":%llu,\"work\":%llu}\n", (unsigned long long)(now() - start),
		       (unsigned long long)(worked() - before));
		fflush(stdout);
	}
	return 0;
}
