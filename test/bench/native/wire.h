/*
 * As little of the Xenstore wire protocol as a client in C needs to be fast: no libxenstore, no threads, one buffer.
 * Source: Xen, xen/include/public/io/xs_wire.h. Everything that goes wrong ends the program with a line on stderr.
 */
#ifndef WIRE_H
#define WIRE_H

#include <stddef.h>
#include <stdint.h>
#include <xen/io/xs_wire.h>

struct connection {
    int fd;
    size_t begin, end; /* what was read and not handed out yet */
    char buffer[64 * 1024];
};

struct message {
    uint32_t type;
    uint32_t length;
    const char *payload; /* valid until the next message is received */
};

void wire_connect(struct connection *c, const char *path);

/* Appends a request to `frame`, which must hold 16 bytes more than the payload; returns its length. */
size_t wire_frame(char *frame, uint32_t type, const void *payload, uint32_t length);

void wire_send(struct connection *c, const char *bytes, size_t length);

/* `path`, its NUL, and `value` without one (none when it is NULL), sent at once. */
void wire_request(struct connection *c, uint32_t type, const char *path, const char *value);

/* The next message, an event or a reply. */
struct message wire_receive(struct connection *c);

/* The reply to the one request that is outstanding; events that come before it are dropped. */
struct message wire_reply(struct connection *c, uint32_t type);

void wire_watch(struct connection *c, const char *path);

/* Microseconds on a clock that only goes forward. */
double now_us(void);

/* The median; sorts the values. */
double median(double *values, size_t count);

_Noreturn void die(const char *what);

#endif
