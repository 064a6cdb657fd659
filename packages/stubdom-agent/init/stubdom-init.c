/*
 * Process 1 of a stubdomain: the part of it that Node cannot be.
 *
 *     stubdom-init [--raw TTY]... -- PROGRAM [ARGUMENT]...
 *
 * Sets each TTY raw before a byte of it is processed and keeps it open, so that it stays raw whoever opens and closes it later; runs
 * PROGRAM; reaps every orphan; passes on SIGTERM and what else asks a process 1 to stop. When PROGRAM has ended, as process 1 it ends all
 * there is and powers the domain off; as any other process (on trial) its exit code is PROGRAM's, or 128 + n for signal n.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

/* Exit codes as env(1) and sh(1) have them. */
#define EXIT_USAGE 125
#define EXIT_NOT_EXECUTABLE 126
#define EXIT_NOT_FOUND 127

/* How long PROGRAM may take to stop before it is killed. */
#ifndef STOP_SECONDS
#define STOP_SECONDS 10
#endif

/*
 * A terminal that is opened begins cooked: what the other side sent before goes through the line discipline, which loses it beyond 4,095
 * bytes, echoes it and takes some bytes for commands. A kernel thread carries it there (Linux, drivers/tty/hvc/hvc_console.c: khvcd, or a
 * worker after an interrupt). On a single CPU, which is what libxl gives a stubdomain, a real-time process is not interrupted by that
 * thread: nothing comes in between as long as nothing here waits. Hence the memory is locked, and everything made ready beforehand.
 */
static void raise_priority(void)
{
	struct sched_param highest = { .sched_priority = sched_get_priority_max(SCHED_FIFO) };

	if (mlockall(MCL_CURRENT) < 0)
		perror("stubdom-init: mlockall");
	if (sched_setscheduler(0, SCHED_FIFO, &highest) < 0)
		perror("stubdom-init: sched_setscheduler");
}

static void restore_priority(void)
{
	struct sched_param normal = { .sched_priority = 0 };

	sched_setscheduler(0, SCHED_OTHER, &normal);
	munlockall();
}

static void open_raw(const char *path)
{
	struct termios raw = { .c_cflag = B38400 | CS8 | CREAD | CLOCAL };
	int fd;

	raw.c_cc[VMIN] = 1;
	fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || tcsetattr(fd, TCSANOW, &raw) < 0)
		fprintf(stderr, "stubdom-init: %s: %s\n", path, strerror(errno));
}

static void block_signals(sigset_t *waited_for, sigset_t *before)
{
	static const int signals[] = {
		SIGCHLD, SIGALRM, SIGTERM, SIGINT, SIGHUP,
		/* What busybox poweroff and halt send, run by the kernel when the toolstack asks for a shutdown. */
		SIGUSR1, SIGUSR2,
	};

	sigemptyset(waited_for);
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		sigaddset(waited_for, signals[i]);
	sigprocmask(SIG_BLOCK, waited_for, before);
}

static pid_t start(char **command, const sigset_t *mask)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	sigprocmask(SIG_SETMASK, mask, NULL);
	execvp(command[0], command);
	fprintf(stderr, "stubdom-init: %s: %s\n", command[0], strerror(errno));
	_exit(errno == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE);
}

/* Buries all that died. True when PROGRAM was among them: then its status is in *status. */
static int reap(pid_t program, int *status)
{
	int ended = 0, any;
	pid_t pid;

	while ((pid = waitpid(-1, &any, WNOHANG)) > 0) {
		if (pid != program)
			continue;
		*status = any;
		ended = 1;
	}
	return ended;
}

/* Waits for PROGRAM's end; returns its status. */
static int attend(pid_t program, const sigset_t *signals)
{
	int status, stopping = 0;

	for (;;) {
		int signal = sigwaitinfo(signals, NULL);

		switch (signal) {
		case -1: /* Interrupted, by a debugger. */
			break;
		case SIGCHLD:
			if (reap(program, &status))
				return status;
			break;
		case SIGALRM:
			fprintf(stderr, "stubdom-init: it does not stop: killing it\n");
			kill(program, SIGKILL);
			break;
		default:
			kill(program, SIGTERM);
			if (!stopping)
				alarm(STOP_SECONDS);
			stopping = 1;
		}
	}
}

/* In Xen's words: the domain shuts down, with reason poweroff. */
static void power_off(void)
{
	kill(-1, SIGKILL);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
	sync();
	reboot(RB_POWER_OFF);
	perror("stubdom-init: power off");
	for (;;) /* The kernel panics when process 1 ends. */
		pause();
}

int main(int argc, char **argv)
{
	int next = 1, code, status;
	sigset_t signals, before;
	pid_t program;

	raise_priority();
	for (; next + 1 < argc && strcmp(argv[next], "--raw") == 0; next += 2)
		open_raw(argv[next + 1]);
	restore_priority();
	if (next + 1 >= argc || strcmp(argv[next], "--") != 0) {
		fprintf(stderr, "usage: stubdom-init [--raw TTY]... -- PROGRAM [ARGUMENT]...\n");
		return EXIT_USAGE;
	}

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	block_signals(&signals, &before);
	program = start(argv + next + 1, &before);
	if (program < 0) {
		perror("stubdom-init: fork");
		return EXIT_USAGE;
	}
	status = attend(program, &signals);
	code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	fprintf(stderr, "stubdom-init: %s ended with %s %d\n", argv[next + 1], WIFSIGNALED(status) ? "signal" : "exit code",
		WIFSIGNALED(status) ? WTERMSIG(status) : code);
	if (getpid() == 1)
		power_off();
	return code;
}
