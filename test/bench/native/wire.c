#define _GNU_SOURCE
#include "wire.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

void die(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, errno ? strerror(errno) : "unexpected");
    exit(1);
}

void wire_connect(struct connection *c, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (strlen(path) >= sizeof(address.sun_path)) die("the socket's path is too long");
    strcpy(address.sun_path, path);
    c->begin = c->end = 0;
    c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&address, sizeof(address)) < 0) die(path);
}

size_t wire_frame(char *frame, uint32_t type, const void *payload, uint32_t length)
{
    struct xsd_sockmsg header = {.type = type, .len = length};

    memcpy(frame, &header, sizeof(header));
    memcpy(frame + sizeof(header), payload, length);
    return sizeof(header) + length;
}

void wire_send(struct connection *c, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t sent = write(c->fd, bytes, length);
        if (sent < 0) die("write");
        bytes += sent;
        length -= sent;
    }
}

void wire_request(struct connection *c, uint32_t type, const char *path, const char *value)
{
    char payload[XENSTORE_PAYLOAD_MAX], frame[sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX];
    size_t path_bytes = strlen(path) + 1, value_bytes = value ? strlen(value) : 0;

    if (path_bytes + value_bytes > sizeof(payload)) die("the request is too large");
    memcpy(payload, path, path_bytes);
    if (value) memcpy(payload + path_bytes, value, value_bytes);
    wire_send(c, frame, wire_frame(frame, type, payload, path_bytes + value_bytes));
}

struct message wire_receive(struct connection *c)
{
    for (;;) {
        size_t have = c->end - c->begin;
        struct xsd_sockmsg header;
        ssize_t got;

        if (have >= sizeof(header)) {
            memcpy(&header, c->buffer + c->begin, sizeof(header));
            if (header.len > XENSTORE_PAYLOAD_MAX) die("a message is too large");
            if (have >= sizeof(header) + header.len) {
                struct message m = {header.type, header.len, c->buffer + c->begin + sizeof(header)};
                c->begin += sizeof(header) + header.len;
                return m;
            }
        }
        memmove(c->buffer, c->buffer + c->begin, have);
        c->begin = 0;
        c->end = have;
        errno = 0;
        got = read(c->fd, c->buffer + have, sizeof(c->buffer) - have);
        if (got <= 0) die("read");
        c->end += got;
    }
}

struct message wire_reply(struct connection *c, uint32_t type)
{
    struct message m;

    do m = wire_receive(c);
    while (m.type == XS_WATCH_EVENT);
    if (m.type != type) {
        fprintf(stderr, "request %u: %.*s\n", type, (int)m.length, m.payload);
        exit(1);
    }
    return m;
}

void wire_watch(struct connection *c, const char *path)
{
    char payload[XENSTORE_PAYLOAD_MAX], frame[sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX];
    int length = snprintf(payload, sizeof(payload), "%s%cw", path, 0) + 1;

    wire_send(c, frame, wire_frame(frame, XS_WATCH, payload, length));
    wire_reply(c, XS_WATCH);
}

double now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

double median(double *values, size_t count)
{
    qsort(values, count, sizeof(*values), ascending);
    return values[count / 2];
}
