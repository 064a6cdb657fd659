/*
 * Runs Debian's unmodified xenstored and oxenstored as ordinary processes, without Xen, as any user.
 *
 * A Xenstore daemon needs the hypervisor for three things only, and asks for all of them through libraries: who exists
 * (libxenctrl), a page of memory shared with each domain (libxengnttab, or libxenctrl's foreign mapping), and event
 * channels, by which either side says "look at the page" (libxenevtchn). This library is preloaded and takes the place
 * of the few functions that the daemons import from there:
 *
 *     domains.c         who exists, what state they are in; xc_domain_getinfo, xc_domain_getinfolist
 *     grant-tables.c    the shared pages, which lie in a memfd
 *     event-channels.c  the ports; the daemon's event channel fd is an epoll fd that holds all sockets of this library
 *     rings.c           bytes of a client's socket <-> a domain's ring
 *     sockets.c         $XENSTORED_RUNDIR/dom<N>.sock: who connects there speaks as domain N, one client at a time
 *     control.c         commands of the test that started the daemon: create, destroy, shutdown, ... a domain
 *     files.c           paths that the daemons have built in
 *     state.c           start, and survival of a live update
 *
 * There are no threads and no main loop: whatever there is to do is done when the daemon, which polls the epoll fd,
 * asks which port is pending (xenevtchn_pending) or notifies one (xenevtchn_notify). The state lies in the memfd too,
 * and no descriptor is closed on exec, so all of it outlives the exec of C xenstored's live update.
 *
 * Environment: XENSTORED_RUNDIR is where the sockets are made; XENSTORED_SHIM_CONTROL a descriptor, see control.c;
 * XENSTORED_SHIM_PARENT (optional) a process without which the daemon shall not live on.
 */
#ifndef SHIM_H
#define SHIM_H

#define _GNU_SOURCE
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xenctrl.h>
#include <xenevtchn.h>
#include <xengnttab.h>
#include <xen/io/xs_wire.h>

#define DOMAINS_MAX 128
#define PAGE_BYTES 4096
#define PORTS_MAX (PORT_FIRST_DOMAIN + DOMAINS_MAX)

/* Local event channel ports. */
enum { PORT_VIRQ = 1, PORT_FIRST_DOMAIN = 2 };

/* Follows the messages in a stream of bytes. */
struct framing {
    struct xsd_sockmsg header;
    uint32_t header_bytes;      /* of the current message's header have passed */
    uint32_t payload_left;      /* of the current message have still to pass */
};

struct domain {
    /* The hypervisor's side. */
    bool used;                  /* this slot is taken */
    bool gone;                  /* destroyed; the slot is kept until the daemon has let go of it */
    bool dying, shutdown, crashed;
    uint32_t domid;

    /* The daemon's side. */
    bool mapped;
    evtchn_port_t port;         /* 0: not bound */

    /* The client's side. */
    int listener, client;       /* -1: none */
    uint32_t interest;          /* epoll events that are asked of the client */
    enum { NO_RESET, RESET_WANTED, RESET_SENT } reset;

    /* What the client sent. Complete messages are in[in_start .. in_whole), then part of one up to in_end. */
    uint32_t in_start, in_whole, in_end;
    uint8_t in[2 * (sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX)];
    struct framing out;
};

struct shim {
    int memory_fd, epoll_fd, pending_fd, control_fd;
    bool pending[PORTS_MAX];
    uint32_t pending_count;
    uint32_t last_port;
    uint32_t command_bytes;
    char command[64];
    struct domain domains[DOMAINS_MAX];   /* [0] is domain 0 */
};

/* What an epoll event is about. */
enum source { SOURCE_PENDING, SOURCE_CONTROL, SOURCE_LISTENER, SOURCE_CLIENT };

/* Nothing but the functions that replace others may be seen from outside. */
#pragma GCC visibility push(hidden)

extern struct shim *shim;

/* state.c */
struct xenstore_domain_interface *ring_of(const struct domain *domain);
struct domain *domain_at(const void *page);            /* NULL: not a ring page */
uint32_t slot_of(const struct domain *domain);
const char *run_directory(void);
_Noreturn void give_up(const char *what);              /* says errno, too */

/* domains.c */
struct domain *find_domain(uint32_t domid);            /* NULL: there is none, or it is gone */
int create_domain(uint32_t domid);                     /* 0 or an errno */
void destroy_domain(struct domain *domain);
void release_slot(struct domain *domain);              /* of a domain that is gone, if nobody needs it any more */

/* event-channels.c */
void watch_fd(int fd, enum source source, uint32_t index, uint32_t events);
void rewatch_fd(int fd, enum source source, uint32_t index, uint32_t events);
void raise_port(evtchn_port_t port);

/* rings.c */
void requests_to_ring(struct domain *domain);
void replies_from_ring(struct domain *domain);
bool has_waiting_requests(const struct domain *domain);
void reset_streams(struct domain *domain);

/* sockets.c */
void open_domain_socket(struct domain *domain);
void close_domain_socket(struct domain *domain);
void drop_client(struct domain *domain);              /* and make the daemon forget what it had */
void cut_off_client(struct domain *domain);           /* the daemon knows */
void set_interest(struct domain *domain, uint32_t events);
void update_listener(struct domain *domain);
void serve_listener(struct domain *domain);
void serve_client(struct domain *domain, uint32_t events);

/* control.c */
void serve_control(void);

#pragma GCC visibility pop
#endif
