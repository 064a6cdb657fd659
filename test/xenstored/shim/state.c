/* Where everything lies: the ring pages, one for each domain slot, and behind them the state, in one memfd. */
#include "shim.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#define STATE_PAGES ((sizeof(struct shim) + PAGE_BYTES - 1) / PAGE_BYTES)
#define MEMORY_BYTES ((DOMAINS_MAX + STATE_PAGES) * PAGE_BYTES)
#define MEMORY_VARIABLE "XENSTORED_SHIM_MEMORY"

struct shim *shim;
static uint8_t *memory;

struct xenstore_domain_interface *ring_of(const struct domain *domain)
{
    return (void *)(memory + slot_of(domain) * PAGE_BYTES);
}

struct domain *domain_at(const void *page)
{
    const uint8_t *at = page;
    if (!memory || at < memory || at >= memory + DOMAINS_MAX * PAGE_BYTES)
        return NULL;
    return &shim->domains[(at - memory) / PAGE_BYTES];
}

uint32_t slot_of(const struct domain *domain)
{
    return domain - shim->domains;
}

const char *run_directory(void)
{
    const char *directory = getenv("XENSTORED_RUNDIR");
    if (!directory) {
        errno = EINVAL;
        give_up("XENSTORED_RUNDIR is not set");
    }
    return directory;
}

void give_up(const char *what)
{
    fprintf(stderr, "xenstored shim: %s: %s\n", what, strerror(errno));
    _exit(1);
}

static void attach(int memory_fd)
{
    memory = mmap(NULL, MEMORY_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, memory_fd, 0);
    if (memory == MAP_FAILED)
        give_up("mmap");
    shim = (void *)(memory + DOMAINS_MAX * PAGE_BYTES);
}

static void create_state(void)
{
    const char *control = getenv("XENSTORED_SHIM_CONTROL");
    char number[16];
    int memory_fd = memfd_create("xenstored-shim", 0);

    if (memory_fd < 0 || ftruncate(memory_fd, MEMORY_BYTES))
        give_up("memfd");
    snprintf(number, sizeof number, "%d", memory_fd);
    setenv(MEMORY_VARIABLE, number, 1);
    attach(memory_fd);

    shim->memory_fd = memory_fd;
    shim->epoll_fd = epoll_create1(0);
    shim->pending_fd = eventfd(0, EFD_NONBLOCK);
    if (shim->epoll_fd < 0 || shim->pending_fd < 0)
        give_up("epoll, eventfd");
    watch_fd(shim->pending_fd, SOURCE_PENDING, 0, EPOLLIN);
    shim->control_fd = control ? atoi(control) : -1;
    if (control)
        watch_fd(shim->control_fd, SOURCE_CONTROL, 0, EPOLLIN);
    errno = create_domain(0);
    if (errno)
        give_up("domain 0");
}

/* An orphan would go on for ever: nobody else knows its directory. */
static void die_with_parent(void)
{
    const char *parent = getenv("XENSTORED_SHIM_PARENT");
    if (!parent)
        return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != atoi(parent))
        _exit(1);
}

__attribute__((constructor)) static void start(void)
{
    const char *memory_fd = getenv(MEMORY_VARIABLE);
    die_with_parent();
    if (memory_fd)
        attach(atoi(memory_fd));   /* the exec of a live update */
    else
        create_state();
}
