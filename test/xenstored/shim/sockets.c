/* dom<N>.sock: one for each domain, from its creation to its destruction. As there is one ring, one client is served at
 * a time; the next waits in the listener's queue. */
#include "shim.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define QUEUE_MAX 16

static struct sockaddr_un address_of(const struct domain *domain)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int length = snprintf(address.sun_path, sizeof address.sun_path, "%s/dom%u.sock", run_directory(), domain->domid);

    if (length >= (int)sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        give_up(run_directory());
    }
    return address;
}

void open_domain_socket(struct domain *domain)
{
    struct sockaddr_un address = address_of(domain);

    unlink(address.sun_path);
    domain->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (domain->listener < 0 || bind(domain->listener, (struct sockaddr *)&address, sizeof address) ||
        chmod(address.sun_path, S_IRUSR | S_IWUSR) || listen(domain->listener, QUEUE_MAX))
        give_up(address.sun_path);
    watch_fd(domain->listener, SOURCE_LISTENER, slot_of(domain), EPOLLIN);
}

void close_domain_socket(struct domain *domain)
{
    struct sockaddr_un address = address_of(domain);

    unlink(address.sun_path);
    close(domain->listener);
    domain->listener = -1;
    cut_off_client(domain);
}

void set_interest(struct domain *domain, uint32_t events)
{
    if (domain->client < 0 || domain->interest == events)
        return;
    domain->interest = events;
    rewatch_fd(domain->client, SOURCE_CLIENT, slot_of(domain), events);
}

/* Accepts only while nobody is served. */
void update_listener(struct domain *domain)
{
    bool is_free = domain->client < 0 && !domain->reset;

    if (domain->listener >= 0)
        rewatch_fd(domain->listener, SOURCE_LISTENER, slot_of(domain), is_free ? EPOLLIN : 0);
}

void cut_off_client(struct domain *domain)
{
    if (domain->client >= 0)
        close(domain->client);
    domain->client = -1;
    domain->reset = NO_RESET;
    update_listener(domain);
}

void drop_client(struct domain *domain)
{
    if (domain->client < 0)
        return;
    close(domain->client);
    domain->client = -1;
    domain->in_end = domain->in_whole;   /* half a request is none */
    domain->reset = domain->port ? RESET_WANTED : NO_RESET;
    update_listener(domain);
    if (domain->reset) {
        replies_from_ring(domain);
        requests_to_ring(domain);
    }
}

void serve_listener(struct domain *domain)
{
    if (domain->listener < 0 || domain->client >= 0)
        return;
    domain->client = accept4(domain->listener, NULL, NULL, SOCK_NONBLOCK);
    if (domain->client < 0)
        return;
    domain->interest = domain->port ? EPOLLIN : 0;
    watch_fd(domain->client, SOURCE_CLIENT, slot_of(domain), domain->interest);
    update_listener(domain);
    replies_from_ring(domain);
}

void serve_client(struct domain *domain, uint32_t events)
{
    if (events & EPOLLOUT)
        replies_from_ring(domain);
    if (events & EPOLLIN)
        requests_to_ring(domain);
    else if (events & (EPOLLHUP | EPOLLERR))
        drop_client(domain);
}
