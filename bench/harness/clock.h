/* The clocks of the benches' programs in C. */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>
#include <sys/resource.h>
#include <time.h>

/* Nanoseconds of the kernel's clock, which all processes share. */
static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000ull + time.tv_nsec;
}

/* Microseconds of processor time that this process has taken. */
static uint64_t worked(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000ull + usage.ru_utime.tv_usec +
	       usage.ru_stime.tv_usec;
}

#endif
