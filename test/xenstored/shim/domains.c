/* The hypervisor's list of domains, and libxenctrl's functions that ask for it. */
#include "shim.h"

#include <errno.h>
#include <string.h>

struct domain *find_domain(uint32_t domid)
{
    for (uint32_t i = 0; i < DOMAINS_MAX; i++) {
        struct domain *domain = &shim->domains[i];
        if (domain->used && !domain->gone && domain->domid == domid)
            return domain;
    }
    return NULL;
}

/* A number is not free again before the daemon has let go of the last domain that had it. */
static struct domain *free_slot(uint32_t domid)
{
    struct domain *free = NULL;

    errno = ENOSPC;
    for (uint32_t i = 0; i < DOMAINS_MAX; i++) {
        struct domain *domain = &shim->domains[i];
        if (!domain->used && !free)
            free = domain;
        if (domain->used && domain->domid == domid) {
            errno = domain->gone ? EBUSY : EEXIST;
            return NULL;
        }
    }
    return free;
}

int create_domain(uint32_t domid)
{
    struct domain *domain = free_slot(domid);

    if (!domain)
        return errno;
    memset(domain, 0, sizeof *domain);
    memset(ring_of(domain), 0, PAGE_BYTES);
    domain->used = true;
    domain->domid = domid;
    domain->client = -1;
    open_domain_socket(domain);
    return 0;
}

void destroy_domain(struct domain *domain)
{
    close_domain_socket(domain);
    domain->gone = true;
    release_slot(domain);
    raise_port(PORT_VIRQ);
}

void release_slot(struct domain *domain)
{
    if (domain->gone && !domain->mapped && !domain->port)
        domain->used = false;
}

/* The existing domain with the lowest number that is not below `first`. */
static struct domain *next_domain(uint32_t first)
{
    struct domain *next = NULL;

    for (uint32_t i = 0; i < DOMAINS_MAX; i++) {
        struct domain *domain = &shim->domains[i];
        if (domain->used && !domain->gone && domain->domid >= first && (!next || domain->domid < next->domid))
            next = domain;
    }
    return next;
}

/* ---- libxenctrl ---- */

static int handle;

xc_interface *xc_interface_open(xentoollog_logger *, xentoollog_logger *, unsigned)
{
    return (void *)&handle;
}

int xc_interface_close(xc_interface *)
{
    return 0;
}

const xc_error *xc_get_last_error(xc_interface *)
{
    static const xc_error none;
    return &none;
}

int xc_domain_getinfo(xc_interface *, uint32_t first, unsigned int max, xc_dominfo_t *info)
{
    unsigned int count = 0;

    for (struct domain *domain; count < max && (domain = next_domain(first)); first = domain->domid + 1) {
        xc_dominfo_t *entry = &info[count++];
        memset(entry, 0, sizeof *entry);
        entry->domid = domain->domid;
        entry->dying = domain->dying;
        entry->shutdown = domain->shutdown;
        entry->crashed = domain->crashed;
    }
    if (count > 0)
        return (int)count;
    errno = ESRCH;
    return -1;
}

int xc_domain_getinfolist(xc_interface *, uint32_t first, unsigned int max, xc_domaininfo_t *info)
{
    unsigned int count = 0;

    for (struct domain *domain; count < max && (domain = next_domain(first)); first = domain->domid + 1) {
        xc_domaininfo_t *entry = &info[count++];
        uint32_t reason = domain->crashed ? SHUTDOWN_crash : SHUTDOWN_poweroff;
        memset(entry, 0, sizeof *entry);
        entry->domain = domain->domid;
        if (domain->dying)
            entry->flags |= XEN_DOMINF_dying;
        if (domain->shutdown)
            entry->flags |= XEN_DOMINF_shutdown | (reason << XEN_DOMINF_shutdownshift);
    }
    return (int)count;
}
