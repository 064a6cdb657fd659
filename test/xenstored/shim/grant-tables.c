/*
 * The page that a domain shares with the daemon. C xenstored maps it by grant reference, oxenstored by frame number and
 * unmaps it with plain munmap(2); which reference or frame does not matter, as each domain has one page.
 */
#include "shim.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

static void *map(uint32_t domid)
{
    struct domain *domain = find_domain(domid);

    if (!domain) {
        errno = EINVAL;
        return NULL;
    }
    domain->mapped = true;
    return ring_of(domain);
}

/* The daemon has let go of the domain: whatever was under way is lost, and the next INTRODUCE finds an empty ring. */
static void unmap(struct domain *domain)
{
    domain->mapped = false;
    cut_off_client(domain);
    memset(ring_of(domain), 0, PAGE_BYTES);
    release_slot(domain);
}

/* ---- libxengnttab ---- */

static int handle;

xengnttab_handle *xengnttab_open(struct xentoollog_logger *, unsigned)
{
    return (void *)&handle;
}

int xengnttab_close(xengnttab_handle *)
{
    return 0;
}

int xengnttab_set_max_grants(xengnttab_handle *, uint32_t)
{
    return 0;
}

void *xengnttab_map_grant_ref(xengnttab_handle *, uint32_t domid, uint32_t, int)
{
    return map(domid);
}

int xengnttab_unmap(xengnttab_handle *, void *page, uint32_t)
{
    struct domain *domain = domain_at(page);

    if (!domain) {
        errno = EINVAL;
        return -1;
    }
    unmap(domain);
    return 0;
}

/* ---- libxenctrl and libc ---- */

void *xc_map_foreign_range(xc_interface *, uint32_t domid, int, int, unsigned long)
{
    return map(domid);
}

int munmap(void *start, size_t length)
{
    static int (*real)(void *, size_t);
    struct domain *domain = length == PAGE_BYTES ? domain_at(start) : NULL;

    if (domain) {
        unmap(domain);
        return 0;
    }
    if (!real)
        real = (int (*)(void *, size_t))dlsym(RTLD_NEXT, "munmap");
    return real(start, length);
}
