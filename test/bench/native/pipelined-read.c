/*
 * Up to 64 READs in flight, and as little else as possible: what has been answered is made up for when it is worth a
 * write(2), which is faster than at once. This is the rate of the daemon itself, in READs per second.
 * Usage: pipelined-read SOCKET NODE
 */
#include "rounds.h"
#include "wire.h"
#include <string.h>

#define IN_FLIGHT 64
#define REFILL_AT 32

static struct connection daemon_socket;
static char frames[IN_FLIGHT * 256];
static size_t frame_bytes;

static double measure(long count)
{
    struct connection *c = &daemon_socket;
    long sent = 0, received = 0;
    double begun = now_us();

    while (received < count) {
        long window = IN_FLIGHT - (sent - received);
        if (window > count - sent) window = count - sent;
        wire_send(c, frames, window * frame_bytes);
        sent += window;
        do {
            if (wire_receive(c).type != XS_READ) die("no reply to READ");
            received++;
        } while (received < sent && (c->end > c->begin || sent - received > REFILL_AT));
    }
    return count / (now_us() - begun) * 1e6;
}

int main(int argc, char **argv)
{
    if (argc != 3) return 2;
    frame_bytes = sizeof(struct xsd_sockmsg) + strlen(argv[2]) + 1;
    if (frame_bytes * IN_FLIGHT > sizeof(frames)) die("the path is too long");
    for (int i = 0; i < IN_FLIGHT; i++) wire_frame(frames + i * frame_bytes, XS_READ, argv[2], strlen(argv[2]) + 1);
    wire_connect(&daemon_socket, argv[1]);
    serve_rounds(measure);
    return 0;
}
