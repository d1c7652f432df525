/*
 * Reads a block device past the kernel's cache, as lines on the standard input ask: "sequential COUNT" reads COUNT
 * requests of 1 MiB one after the other, "random COUNT" reads COUNT requests of 4 KiB, 32 of them in flight. Answers
 * with the nanoseconds that all of them took.
 *
 * usage: reader DEVICE BYTES
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define MIB (1024 * 1024)
#define SMALL 4096
#define IN_FLIGHT 32

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* The same sequence as that of side.ts. */
static uint32_t random_state = 1;
static uint64_t random_offset(uint64_t size) {
  random_state = random_state * 1664525u + 1013904223u;
  return (uint64_t)(random_state >> 8) % (size / SMALL) * SMALL;
}

static void read_sequential(int file, unsigned char *buffer, uint64_t size, unsigned count) {
  for (unsigned number = 0; number < count; number++) {
    uint64_t offset = (uint64_t)number * MIB % size;
    if (pread(file, buffer, MIB, (off_t)offset) != MIB) fail("pread");
  }
}

static void submit(aio_context_t context, int file, struct iocb *request, unsigned char *buffer, uint64_t offset) {
  memset(request, 0, sizeof *request);
  request->aio_lio_opcode = IOCB_CMD_PREAD;
  request->aio_fildes = (uint32_t)file;
  request->aio_buf = (uint64_t)(uintptr_t)buffer;
  request->aio_nbytes = SMALL;
  request->aio_offset = (int64_t)offset;
  if (syscall(SYS_io_submit, context, 1L, &request) != 1) fail("io_submit");
}

static void read_random(aio_context_t context, int file, unsigned char *buffers, uint64_t size, unsigned count) {
  static struct iocb requests[IN_FLIGHT];
  static struct io_event events[IN_FLIGHT];
  unsigned submitted = 0, done = 0;
  for (; submitted < IN_FLIGHT && submitted < count; submitted++)
    submit(context, file, &requests[submitted], buffers + submitted * SMALL, random_offset(size));
  while (done < count) {
    long got = syscall(SYS_io_getevents, context, 1L, (long)IN_FLIGHT, events, NULL);
    if (got < 1) fail("io_getevents");
    for (long index = 0; index < got; index++, done++) {
      if (events[index].res != SMALL) fail("a read");
      if (submitted++ >= count) continue;
      struct iocb *request = (struct iocb *)(uintptr_t)events[index].obj;
      submit(context, file, request, (unsigned char *)(uintptr_t)request->aio_buf, random_offset(size));
    }
  }
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  int file = open(argv[1], O_RDONLY | O_DIRECT);
  if (file < 0) fail(argv[1]);
  uint64_t size = strtoull(argv[2], NULL, 10);
  unsigned char *buffer;
  if (posix_memalign((void **)&buffer, SMALL, MIB) != 0) fail("posix_memalign");
  aio_context_t context = 0;
  if (syscall(SYS_io_setup, (long)IN_FLIGHT, &context) != 0) fail("io_setup");
  char verb[16];
  unsigned count;
  while (scanf("%15s %u", verb, &count) == 2) {
    uint64_t start = now();
    if (strcmp(verb, "sequential") == 0)
      read_sequential(file, buffer, size, count);
    else
      read_random(context, file, buffer, size, count);
    printf("%llu\n", (unsigned long long)(now() - start));
    fflush(stdout);
  }
  return 0;
}
