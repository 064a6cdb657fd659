/*
 * READ one at a time with Xen's own client library: the median of its times, in microseconds.
 * Usage: libxenstore-read SOCKET NODE
 */
#include "rounds.h"
#include "wire.h"
#include <xenstore.h>

static struct xs_handle *handle;
static const char *node;

static double measure(long count)
{
    double *times = calloc(count, sizeof(*times)), result;

    for (long i = 0; i < count; i++) {
        double begun = now_us();
        unsigned int length;
        void *value = xs_read(handle, XBT_NULL, node, &length);
        if (!value) die(node);
        times[i] = now_us() - begun;
        free(value);
    }
    result = median(times, count);
    free(times);
    return result;
}

int main(int argc, char **argv)
{
    if (argc != 3) return 2;
    setenv("XENSTORED_PATH", argv[1], 1);
    node = argv[2];
    handle = xs_open(0);
    if (!handle) die(argv[1]);
    serve_rounds(measure);
    return 0;
}
