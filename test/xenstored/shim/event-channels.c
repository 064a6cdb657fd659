/*
 * Event channels. The fd that the daemon polls is an epoll fd with every socket of this library in it, and an eventfd
 * that is readable as long as a port is pending.
 */
#include "shim.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

static void control_epoll(int operation, int fd, enum source source, uint32_t index, uint32_t events)
{
    struct epoll_event event = { .events = events, .data.u64 = ((uint64_t)source << 32) | index };
    epoll_ctl(shim->epoll_fd, operation, fd, &event);
}

void watch_fd(int fd, enum source source, uint32_t index, uint32_t events)
{
    control_epoll(EPOLL_CTL_ADD, fd, source, index, events);
}

void rewatch_fd(int fd, enum source source, uint32_t index, uint32_t events)
{
    control_epoll(EPOLL_CTL_MOD, fd, source, index, events);
}

static struct domain *domain_with_port(evtchn_port_t port)
{
    if (port < PORT_FIRST_DOMAIN || port >= PORTS_MAX)
        return NULL;
    return &shim->domains[port - PORT_FIRST_DOMAIN];
}

void raise_port(evtchn_port_t port)
{
    static const uint64_t one = 1;

    if (shim->pending[port])
        return;
    shim->pending[port] = true;
    if (shim->pending_count++ == 0 && write(shim->pending_fd, &one, sizeof one) < 0)
        give_up("eventfd");
}

static void lower_port(evtchn_port_t port)
{
    uint64_t count;

    if (!shim->pending[port])
        return;
    shim->pending[port] = false;
    if (--shim->pending_count == 0 && read(shim->pending_fd, &count, sizeof count) < 0)
        give_up("eventfd");
}

static void serve_sockets(void)
{
    struct epoll_event events[32];
    int count = epoll_wait(shim->epoll_fd, events, 32, 0);

    for (int i = 0; i < count; i++) {
        struct domain *domain = &shim->domains[(uint32_t)events[i].data.u64];
        switch ((enum source)(events[i].data.u64 >> 32)) {
        case SOURCE_PENDING:
            break;
        case SOURCE_CONTROL:
            serve_control();
            break;
        case SOURCE_LISTENER:
            serve_listener(domain);
            break;
        case SOURCE_CLIENT:
            serve_client(domain, events[i].events);
            break;
        }
    }
}

/*
 * The VIRQ goes first: so a domain's end has reached the daemon before any request that was sent after the answer to
 * the command that caused it. The others take turns.
 */
static evtchn_port_t take_pending(void)
{
    if (shim->pending[PORT_VIRQ])
        return PORT_VIRQ;
    for (uint32_t i = 1; shim->pending_count > 0 && i <= PORTS_MAX; i++) {
        evtchn_port_t port = (shim->last_port + i) % PORTS_MAX;
        if (shim->pending[port])
            return shim->last_port = port;
    }
    return 0;
}

/* ---- libxenevtchn. What succeeds leaves errno alone, as an ioctl does: the daemons may look at it later. ---- */

xenevtchn_handle *xenevtchn_open(struct xentoollog_logger *, unsigned int)
{
    return (void *)shim;
}

xenevtchn_handle *xenevtchn_fdopen(struct xentoollog_logger *, int, unsigned)
{
    return (void *)shim;
}

int xenevtchn_close(xenevtchn_handle *)
{
    return 0;
}

int xenevtchn_fd(xenevtchn_handle *)
{
    return shim->epoll_fd;
}

xenevtchn_port_or_error_t xenevtchn_bind_virq(xenevtchn_handle *, unsigned int)
{
    return PORT_VIRQ;
}

xenevtchn_port_or_error_t xenevtchn_bind_interdomain(xenevtchn_handle *, uint32_t domid, evtchn_port_t)
{
    struct domain *domain = find_domain(domid);

    if (!domain) {
        errno = ESRCH;
        return -1;
    }
    domain->port = PORT_FIRST_DOMAIN + slot_of(domain);
    reset_streams(domain);
    update_listener(domain);
    set_interest(domain, EPOLLIN);
    return (xenevtchn_port_or_error_t)domain->port;
}

int xenevtchn_unbind(xenevtchn_handle *, evtchn_port_t port)
{
    struct domain *domain = domain_with_port(port);

    if (!domain)
        return 0;
    set_interest(domain, 0);
    lower_port(port);
    domain->port = 0;
    release_slot(domain);
    return 0;
}

int xenevtchn_notify(xenevtchn_handle *, evtchn_port_t port)
{
    struct domain *domain = domain_with_port(port);
    int saved = errno;

    if (domain && domain->port) {
        replies_from_ring(domain);
        if (has_waiting_requests(domain))
            requests_to_ring(domain);
    }
    errno = saved;
    return 0;
}

/* When it was only for this library, the daemon gets dom0's port, which is always bound: it finds nothing to do there. */
xenevtchn_port_or_error_t xenevtchn_pending(xenevtchn_handle *)
{
    int saved = errno;
    evtchn_port_t port;

    if (shim->pending_count == 0)
        serve_sockets();
    port = take_pending();
    if (port)
        lower_port(port);
    errno = saved;
    return (xenevtchn_port_or_error_t)(port ? port : PORT_FIRST_DOMAIN);
}

int xenevtchn_unmask(xenevtchn_handle *, evtchn_port_t)
{
    return 0;
}
