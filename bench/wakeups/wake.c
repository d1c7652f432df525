/*
 * Wakes a reader of a FIFO, or is that reader: what the kernel's wake-up costs without any runtime.
 *
 * wake send FIFO ACK STAMP COUNT PAUSE
 *   COUNT times, PAUSE microseconds apart: writes the time into STAMP and four bytes into FIFO, and waits for the
 *   acknowledgment.
 *
 * wake wait FIFO ACK STAMP COUNT IDLE
 *   Reads and acknowledges them, and prints the nanoseconds from each write to the read. Then it waits IDLE milliseconds
 *   for nothing, and prints the microseconds of processor time that this took.
 */
#include "../harness/clock.h"
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	if (argc != 7)
		return 2;
	int fifo = open(argv[2], O_RDWR), ack = open(argv[3], O_RDWR), stamp = open(argv[4], O_RDWR);
	int count = atoi(argv[5]);
	uint32_t port = 1;
	uint64_t time;

	if (fifo < 0 || ack < 0 || stamp < 0)
		return 3;
	if (strcmp(argv[1], "send") == 0) {
		for (int i = 0; i < count; i++) {
			usleep(atoi(argv[6]));
			time = now();
			if (pwrite(stamp, &time, 8, 0) != 8 || write(fifo, &port, 4) != 4 || read(ack, &port, 4) != 4)
				return 4;
		}
		return 0;
	}
	printf("ready\n[");
	fflush(stdout);
	for (int i = 0; i < count; i++) {
		if (read(fifo, &port, 4) != 4)
			return 5;
		uint64_t woken = now();
		if (pread(stamp, &time, 8, 0) != 8 || write(ack, &port, 4) != 4)
			return 6;
		printf("%s%llu", i ? "," : "", (unsigned long long)(woken - time));
	}
	struct pollfd descriptor = { .fd = fifo, .events = POLLIN };
	uint64_t before = worked();
	poll(&descriptor, 1, atoi(argv[6]));
	printf("]\n%llu\n", (unsigned long long)(worked() - before));
	return 0;
}
