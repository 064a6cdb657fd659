/* Preloaded: the terminal that SLOW_OPEN names takes 50 ms of computing to open, during which whoever may interrupt the process does. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static long long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000LL + time.tv_nsec;
}

int open(const char *path, int flags, ...)
{
	int (*real)(const char *, int, ...) = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open");
	const char *slow = getenv("SLOW_OPEN");
	int fd = real(path, flags, 0600);

	if (slow && strcmp(path, slow) == 0)
		for (long long end = now() + 50000000; now() < end;)
			;
	return fd;
}
