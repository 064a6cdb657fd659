/*
 * The floor under a command, the domain's half: at an event READ the request and WRITE the response, without looking at
 * either. Runs until its connection or its parent ends.
 * Usage: floor-answers SOCKET DIRECTORY
 */
#include "wire.h"
#include <stdio.h>
#include <string.h>
#include <signal.h>
#include <sys/prctl.h>

#define RESPONSE "{\"v\":1,\"state\":\"done\",\"digest\":\"0123456789abcdef\",\"result\":{}}"

int main(int argc, char **argv)
{
    static struct connection c;
    char requests[256], answered[256] = "", request[256], response[256];
    size_t prefix;

    if (argc != 3) return 2;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    wire_connect(&c, argv[1]);
    prefix = snprintf(requests, sizeof(requests), "%s/request", argv[2]);
    wire_watch(&c, requests);
    puts("ready");
    fflush(stdout);
    for (;;) {
        struct message m = wire_receive(&c);
        /* The second event for a request says that it was removed. */
        if (m.type != XS_WATCH_EVENT || strcmp(m.payload, answered) == 0) continue;
        if (strncmp(m.payload, requests, prefix) != 0 || strlen(m.payload) < prefix + strlen("/ping/x")) continue;
        snprintf(request, sizeof(request), "%s", m.payload);
        strcpy(answered, request);
        snprintf(response, sizeof(response), "%s/response%s", argv[2], request + prefix);
        wire_request(&c, XS_READ, request, NULL);
        wire_reply(&c, XS_READ);
        wire_request(&c, XS_WRITE, response, RESPONSE); /* Its reply is passed over when it comes. */
    }
}
