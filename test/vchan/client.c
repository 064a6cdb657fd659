/* A client of a vchan that does what it is told, one command a line, and answers each with a line:
 *
 *     come          → ok                   libxenvchan's own initialisation
 *     say TEXT      → ok                   writes TEXT and a line feed, all of it
 *     hear          → the next line that it is sent, without the line feed
 *     unread N      → ok                   waits until N bytes stand in the ring, and leaves them there
 *     abandoned     → ok                   waits until the server is gone, or says so
 *     leave         → ok                   libxenvchan_close
 *
 * A command that takes longer than 20 s ends it, with a word on stderr.
 */
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <libxenvchan.h>

#define DEADLINE_S 20

static struct libxenvchan *vchan;

static void wait_for_event(const char *command, time_t deadline)
{
    struct pollfd polled = { .fd = libxenvchan_fd_for_select(vchan), .events = POLLIN };

    if (time(NULL) >= deadline) {
        fprintf(stderr, "client: %s: not in %d s\n", command, DEADLINE_S);
        exit(1);
    }
    if (poll(&polled, 1, 1000) > 0)
        libxenvchan_wait(vchan);
}

static void say(const char *text, size_t length, time_t deadline)
{
    for (size_t said = 0; said < length;) {
        int written = libxenvchan_write(vchan, text + said, length - said);

        if (written < 0) {
            puts("gone");
            return;
        }
        said += written;
        if (written == 0)
            wait_for_event("say", deadline);
    }
    puts("ok");
}

static void hear(time_t deadline)
{
    for (;;) {
        char byte;
        int got = libxenvchan_read(vchan, &byte, 1);

        if (got < 0)
            fputs("gone", stdout);
        if (got < 0 || (got == 1 && byte == '\n')) {
            putchar('\n');
            return;
        }
        if (got == 1)
            putchar(byte);
        else
            wait_for_event("hear", deadline);
    }
}

static void obey(char *line, size_t length)
{
    time_t deadline = time(NULL) + DEADLINE_S;

    if (strcmp(line, "come\n") == 0) {
        vchan = libxenvchan_client_init(NULL, 7, "device-model/6/qmp-vchan");
        if (vchan)
            vchan->blocking = 0;
        puts(vchan ? "ok" : "no vchan");
    } else if (strncmp(line, "say ", 4) == 0) {
        say(line + 4, length - 4, deadline);
    } else if (strcmp(line, "hear\n") == 0) {
        hear(deadline);
    } else if (strncmp(line, "unread ", 7) == 0) {
        while (libxenvchan_data_ready(vchan) < atoi(line + 7))
            wait_for_event("unread", deadline);
        puts("ok");
    } else if (strcmp(line, "abandoned\n") == 0) {
        while (libxenvchan_is_open(vchan))
            wait_for_event("abandoned", deadline);
        puts("ok");
    } else if (strcmp(line, "leave\n") == 0) {
        libxenvchan_close(vchan);
        puts("ok");
    } else {
        puts("not understood");
    }
}

int main(void)
{
    char *line = NULL;
    size_t size = 0;
    ssize_t length;

    while ((length = getline(&line, &size, stdin)) > 0) {
        obey(line, length);
        fflush(stdout);
    }
    return 0;
}
