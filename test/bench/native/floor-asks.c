/*
 * The floor under a command, dom0's half: WRITE a request, wait for the event, READ the response; the median of the
 * time that takes, in microseconds. floor-answers.c is the other half. Both nodes are removed when the clock stands.
 * Usage: floor-asks SOCKET DIRECTORY
 */
#include "rounds.h"
#include "wire.h"
#include <string.h>

/* As many bytes as in the messages of a ping. */
#define REQUEST "{\"v\":1,\"epoch\":\"682zhjfil8gz\",\"deadlineMs\":5000,\"args\":{}}"

static struct connection daemon_socket;
static const char *directory;
static unsigned int last_id;

static void await_event(struct connection *c, const char *path)
{
    struct message m;

    do m = wire_receive(c);
    while (m.type != XS_WATCH_EVENT || strcmp(m.payload, path) != 0);
}

static double exchange(void)
{
    struct connection *c = &daemon_socket;
    char request[256], response[256];
    double begun, ended;

    snprintf(request, sizeof(request), "%s/request/ping/%016u", directory, ++last_id);
    snprintf(response, sizeof(response), "%s/response/ping/%016u", directory, last_id);
    begun = now_us();
    wire_request(c, XS_WRITE, request, REQUEST); /* Its reply comes before the event, and is passed over. */
    await_event(c, response);
    wire_request(c, XS_READ, response, NULL);
    wire_reply(c, XS_READ);
    ended = now_us();
    wire_request(c, XS_RM, response, NULL);
    wire_reply(c, XS_RM);
    wire_request(c, XS_RM, request, NULL);
    wire_reply(c, XS_RM);
    return ended - begun;
}

static double measure(long count)
{
    double *times = calloc(count, sizeof(*times)), result;

    for (long i = 0; i < count; i++) times[i] = exchange();
    result = median(times, count);
    free(times);
    return result;
}

int main(int argc, char **argv)
{
    char path[256];

    if (argc != 3) return 2;
    directory = argv[2];
    wire_connect(&daemon_socket, argv[1]);
    snprintf(path, sizeof(path), "%s/response", directory);
    wire_watch(&daemon_socket, path);
    serve_rounds(measure);
    return 0;
}
