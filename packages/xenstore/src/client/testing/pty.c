/*
 * A character device that is under a program's control: one end of a pseudo-terminal, in raw mode. Prints the device's
 * path as the first line on standard error; from then on standard input appears on the device, and what is written to
 * the device appears on standard output. Ends when standard input does.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

static void copy(int from, int to)
{
	char buffer[65536];
	ssize_t got;

	while ((got = read(from, buffer, sizeof buffer)) > 0)
		for (ssize_t done = 0; done < got;) {
			ssize_t written = write(to, buffer + done, got - done);

			if (written < 0)
				return;
			done += written;
		}
}

int main(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY);
	struct termios mode;

	if (master < 0 || grantpt(master) || unlockpt(master)) {
		perror("pty");
		return 1;
	}
	/* Kept open: the mode is lost, and reading fails, when nobody has the device open. */
	int device = open(ptsname(master), O_RDWR | O_NOCTTY);

	if (device < 0 || tcgetattr(device, &mode)) {
		perror("pty");
		return 1;
	}
	cfmakeraw(&mode);
	tcsetattr(device, TCSANOW, &mode);
	fprintf(stderr, "%s\n", ptsname(master));

	pid_t child = fork();

	if (child == 0) {
		close(device);
		copy(master, STDOUT_FILENO);
		return 0;
	}
	copy(STDIN_FILENO, master);
	kill(child, SIGKILL);
	return 0;
}
