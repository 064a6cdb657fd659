/*
 * Bytes between a client's socket and its domain's ring, the way Linux' xenbus driver moves them: only whole requests
 * get into the ring. When a client leaves, a RESET_WATCHES follows its last request, and everything up to the reply to
 * that is thrown away: the next client finds no watches, transactions and replies of its predecessor.
 */
#include "shim.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define RESET_REQUEST_ID 0xfe5e7000u

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

void reset_streams(struct domain *domain)
{
    domain->reset = NO_RESET;
    domain->in_start = domain->in_whole = domain->in_end = 0;
    memset(&domain->out, 0, sizeof domain->out);
}

/* Something waits, and nobody but the daemon can say when to go on: the ring was full. */
bool has_waiting_requests(const struct domain *domain)
{
    return domain->reset == RESET_WANTED || domain->in_start < domain->in_whole ||
           (domain->client >= 0 && !(domain->interest & EPOLLIN));
}

/* ---- client -> ring ---- */

/* True when the ring has taken all complete messages. */
static bool push_messages(struct domain *domain)
{
    struct xenstore_domain_interface *ring = ring_of(domain);

    while (domain->in_start < domain->in_whole) {
        uint32_t room = XENSTORE_RING_SIZE - (ring->req_prod - ring->req_cons);
        uint32_t offset = MASK_XENSTORE_IDX(ring->req_prod);
        uint32_t count = smaller(domain->in_whole - domain->in_start, XENSTORE_RING_SIZE - offset);
        if (room == 0 || room > XENSTORE_RING_SIZE)
            return false;
        count = smaller(count, room);
        memcpy(ring->req + offset, domain->in + domain->in_start, count);
        ring->req_prod += count;
        domain->in_start += count;
        raise_port(domain->port);
    }
    domain->in_end -= domain->in_whole;
    memmove(domain->in, domain->in + domain->in_whole, domain->in_end);
    domain->in_start = domain->in_whole = 0;
    return true;
}

/* A header that announces too much is passed on with all that follows: let the daemon judge. */
static void find_whole_messages(struct domain *domain)
{
    struct xsd_sockmsg header;

    while (domain->in_end - domain->in_whole >= sizeof header) {
        memcpy(&header, domain->in + domain->in_whole, sizeof header);
        if (header.len > XENSTORE_PAYLOAD_MAX)
            domain->in_whole = domain->in_end;
        else if (domain->in_end - domain->in_whole < sizeof header + header.len)
            return;
        else
            domain->in_whole += sizeof header + header.len;
    }
}

static void put_reset(struct domain *domain)
{
    static const struct xsd_sockmsg header = { .type = XS_RESET_WATCHES, .req_id = RESET_REQUEST_ID, .len = 1 };

    memcpy(domain->in, &header, sizeof header);
    domain->in[sizeof header] = 0;
    domain->in_whole = domain->in_end = sizeof header + 1;
    domain->reset = RESET_SENT;
}

void requests_to_ring(struct domain *domain)
{
    while (domain->port) {
        ssize_t count;

        if (!push_messages(domain)) {
            set_interest(domain, domain->interest & ~EPOLLIN);
            return;
        }
        if (domain->reset == RESET_WANTED) {
            put_reset(domain);
            continue;
        }
        if (domain->client < 0)
            return;
        count = recv(domain->client, domain->in + domain->in_end, sizeof domain->in - domain->in_end, MSG_DONTWAIT);
        if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
            set_interest(domain, domain->interest | EPOLLIN);
            return;
        }
        if (count <= 0) {
            drop_client(domain);
            return;
        }
        domain->in_end += (uint32_t)count;
        find_whole_messages(domain);
    }
}

/* ---- ring -> client ---- */

/* Follows bytes on their way out; true when they end the reply to our own RESET_WATCHES. */
static bool passes_reset_reply(struct domain *domain, const char *bytes, uint32_t count)
{
    struct framing *out = &domain->out;
    bool passed = false;

    while (count > 0) {
        uint32_t taken;

        if (out->header_bytes < sizeof out->header) {
            taken = smaller(sizeof out->header - out->header_bytes, count);
            memcpy((char *)&out->header + out->header_bytes, bytes, taken);
            out->header_bytes += taken;
            if (out->header_bytes == sizeof out->header)
                out->payload_left = out->header.len;
        } else {
            taken = smaller(out->payload_left, count);
            out->payload_left -= taken;
        }
        bytes += taken;
        count -= taken;
        if (out->header_bytes == sizeof out->header && out->payload_left == 0) {
            out->header_bytes = 0;
            passed |= out->header.type == XS_RESET_WATCHES && out->header.req_id == RESET_REQUEST_ID;
        }
    }
    return passed && domain->reset == RESET_SENT;
}

void replies_from_ring(struct domain *domain)
{
    struct xenstore_domain_interface *ring = ring_of(domain);

    while (domain->port && ring->rsp_prod != ring->rsp_cons && (domain->client >= 0 || domain->reset)) {
        uint32_t used = ring->rsp_prod - ring->rsp_cons;
        uint32_t offset = MASK_XENSTORE_IDX(ring->rsp_cons);
        uint32_t count = smaller(used, XENSTORE_RING_SIZE - offset);
        bool is_reset;

        if (!domain->reset) {
            ssize_t sent = send(domain->client, ring->rsp + offset, count, MSG_DONTWAIT | MSG_NOSIGNAL);
            if (sent < 0 && (errno == EAGAIN || errno == EINTR)) {
                set_interest(domain, domain->interest | EPOLLOUT);
                return;
            }
            if (sent < 0) {
                drop_client(domain);
                return;
            }
            count = (uint32_t)sent;
        }
        is_reset = passes_reset_reply(domain, ring->rsp + offset, count);
        ring->rsp_cons += count;
        if (used == XENSTORE_RING_SIZE)
            raise_port(domain->port);   /* it was full: the daemon waits */
        if (is_reset) {
            domain->reset = NO_RESET;
            update_listener(domain);
        }
    }
    set_interest(domain, domain->interest & ~EPOLLOUT);
}
