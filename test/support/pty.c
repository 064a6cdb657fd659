/*
 * A console as a stubdomain has it, made of a pseudo-terminal.
 *
 *     pty LINK [eager]
 *
 * LINK is made to lead to the terminal. What stands on stdin is what dom0 sends, what is sent to dom0 comes on stdout. As with Xen's console
 * ring nothing is delivered before somebody opens the terminal: not before it is raw, or, with `eager`, at once.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <termios.h>
#include <unistd.h>

static char to_stubdomain[65536], to_dom0[65536];

static void check(int result, const char *what)
{
	if (result >= 0)
		return;
	perror(what);
	exit(1);
}

static int is_open(int master)
{
	struct pollfd terminal = { .fd = master };

	check(poll(&terminal, 1, 0), "poll");
	return !(terminal.revents & POLLHUP);
}

static int is_raw(int master)
{
	struct termios mode; /* Of the other end: Linux, tty_mode_ioctl. */

	check(tcgetattr(master, &mode), "tcgetattr");
	return !(mode.c_lflag & ICANON);
}

/* Where nobody has the terminal open there is no event to wait for. */
static void wait_for_opening(int master, int eager)
{
	while (!is_open(master) || (!eager && !is_raw(master)))
		if (!eager)
			usleep(1000);
}

static void deliver(int master, ssize_t bytes)
{
	for (ssize_t sent = 0, some; sent < bytes; sent += some) {
		some = write(master, to_stubdomain + sent, bytes - sent);
		if (some < 0 && errno == EAGAIN) {
			struct pollfd room = { .fd = master, .events = POLLOUT };
			check(poll(&room, 1, -1), "poll");
			some = 0;
		}
		check(some, "write to the terminal");
	}
}

/* Returns 0 when nobody has the terminal open any more. */
static int receive(int master)
{
	ssize_t bytes = read(master, to_dom0, sizeof to_dom0);

	if (bytes < 0)
		return errno == EAGAIN;
	for (ssize_t sent = 0, some; sent < bytes; sent += some)
		check(some = write(1, to_dom0 + sent, bytes - sent), "write to stdout");
	return 1;
}

int main(int argc, char **argv)
{
	int eager = argc == 3 && strcmp(argv[2], "eager") == 0;
	int master, input = 0;

	if (argc < 2)
		return 2;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	check(master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK), "posix_openpt");
	check(unlockpt(master), "unlockpt");
	/* The kernel tells that it is closed only when it has been open. */
	close(open(ptsname(master), O_RDWR | O_NOCTTY));
	check(symlink(ptsname(master), argv[1]), argv[1]);
	for (;;) {
		struct pollfd ends[] = { { .fd = input, .events = POLLIN }, { .fd = master, .events = POLLIN } };

		if (eager && input == 0) {
			ssize_t bytes = read(input, to_stubdomain, sizeof to_stubdomain);
			wait_for_opening(master, eager);
			deliver(master, bytes);
			input = -1;
			continue;
		}
		check(poll(ends, 2, -1), "poll");
		if (ends[1].revents && !receive(master)) {
			while (!is_open(master))
				usleep(1000);
			continue;
		}
		if (ends[0].revents) {
			ssize_t bytes = read(input, to_stubdomain, sizeof to_stubdomain);
			if (bytes <= 0)
				input = -1;
			wait_for_opening(master, eager);
			deliver(master, bytes);
		}
	}
}
