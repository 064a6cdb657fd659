/* Preloaded: what libxenvchan needs of Xen, between a server and a client on one machine without Xen. libxenvchan itself, and who uses it, stay as
 * they are.
 *
 * The directory VCHAN_DIRECTORY holds it all: the page that the two share (`page`), the nodes (`ring-ref`, `event-channel`), and for each side a FIFO
 * whose bytes are its pending event. As with Xen, an event for which nobody is bound is dropped, several that nobody has taken are one, and whoever
 * binds to the other side's port has an event pending. The page is a file, so that a test can look into the ring and change it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <xenctrl.h>
#include <xenevtchn.h>
#include <xengnttab.h>
#include <xenstore.h>

#define PAGE_BYTES 4096
/* Any numbers but 0 do: there is one page, and one channel. */
#define GRANT 1
#define PORT 1

static const char *in_directory(const char *name)
{
    static char path[512];
    const char *directory = getenv("VCHAN_DIRECTORY");

    if (!directory) {
        fputs("VCHAN_DIRECTORY is not set\n", stderr);
        exit(125);
    }
    snprintf(path, sizeof path, "%s/%s", directory, name);
    return path;
}

/* ---- libxenevtchn */

struct xenevtchn_handle {
    int own;
    const char *other;
};

static xenevtchn_port_or_error_t bind_to(xenevtchn_handle *channel, const char *own, const char *other)
{
    if (mkfifo(in_directory(own), 0600) < 0 && errno != EEXIST)
        return -1;
    channel->own = open(in_directory(own), O_RDWR | O_NONBLOCK | O_CLOEXEC);
    channel->other = other;
    return channel->own < 0 ? -1 : PORT;
}

xenevtchn_handle *xenevtchn_open(struct xentoollog_logger *logger, unsigned int flags)
{
    xenevtchn_handle *channel = malloc(sizeof *channel);

    (void)logger, (void)flags;
    if (channel)
        *channel = (xenevtchn_handle){ .own = -1 };
    return channel;
}

int xenevtchn_close(xenevtchn_handle *channel)
{
    if (channel->own >= 0)
        close(channel->own);
    free(channel);
    return 0;
}

int xenevtchn_fd(xenevtchn_handle *channel)
{
    return channel->own;
}

xenevtchn_port_or_error_t xenevtchn_bind_unbound_port(xenevtchn_handle *channel, uint32_t domid)
{
    (void)domid;
    return bind_to(channel, "to-server", "to-client");
}

xenevtchn_port_or_error_t xenevtchn_bind_interdomain(xenevtchn_handle *channel, uint32_t domid, evtchn_port_t port)
{
    (void)domid, (void)port;
    if (bind_to(channel, "to-client", "to-server") < 0 || write(channel->own, "", 1) < 0)
        return -1;
    return PORT;
}

int xenevtchn_unbind(xenevtchn_handle *channel, evtchn_port_t port)
{
    (void)channel, (void)port;
    return 0;
}

int xenevtchn_notify(xenevtchn_handle *channel, evtchn_port_t port)
{
    int fd = open(in_directory(channel->other), O_WRONLY | O_NONBLOCK | O_CLOEXEC);

    (void)port;
    if (fd < 0)
        return 0;
    /* A FIFO that is full is pending enough. */
    if (write(fd, "", 1) < 0 && errno != EAGAIN && errno != EPIPE)
        perror("xenevtchn_notify");
    close(fd);
    return 0;
}

xenevtchn_port_or_error_t xenevtchn_pending(xenevtchn_handle *channel)
{
    char bytes[4096];

    while (read(channel->own, bytes, sizeof bytes) > 0)
        ;
    return PORT;
}

int xenevtchn_unmask(xenevtchn_handle *channel, evtchn_port_t port)
{
    (void)channel, (void)port;
    return 0;
}

/* ---- libxengnttab: the page, and the byte in it that says to the other side that this one is gone. */

static int handle;
static uint32_t notify_offset;

static void *map_page(int flags, uint32_t offset)
{
    int fd = open(in_directory("page"), O_RDWR | O_CLOEXEC | flags, 0600);
    void *page = MAP_FAILED;

    notify_offset = offset;
    if (fd >= 0 && ftruncate(fd, PAGE_BYTES) == 0)
        page = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (fd >= 0)
        close(fd);
    return page == MAP_FAILED ? NULL : page;
}

static int unmap_page(char *page)
{
    page[notify_offset] = 0;
    return munmap(page, PAGE_BYTES);
}

xengntshr_handle *xengntshr_open(struct xentoollog_logger *logger, unsigned flags)
{
    (void)logger, (void)flags;
    return (void *)&handle;
}

int xengntshr_close(xengntshr_handle *shares)
{
    (void)shares;
    return 0;
}

void *xengntshr_share_page_notify(xengntshr_handle *shares, uint32_t domid, uint32_t *ref, int writable, uint32_t offset, evtchn_port_t port)
{
    (void)shares, (void)domid, (void)writable, (void)port;
    *ref = GRANT;
    return map_page(O_CREAT | O_TRUNC, offset);
}

/* The smallest rings lie in the one page. */
void *xengntshr_share_pages(xengntshr_handle *shares, uint32_t domid, int count, uint32_t *refs, int writable)
{
    (void)shares, (void)domid, (void)count, (void)refs, (void)writable;
    errno = ENOSPC;
    return NULL;
}

int xengntshr_unshare(xengntshr_handle *shares, void *page, uint32_t count)
{
    (void)shares, (void)count;
    return unmap_page(page);
}

xengnttab_handle *xengnttab_open(struct xentoollog_logger *logger, unsigned flags)
{
    (void)logger, (void)flags;
    return (void *)&handle;
}

int xengnttab_close(xengnttab_handle *grants)
{
    (void)grants;
    return 0;
}

void *xengnttab_map_grant_ref_notify(xengnttab_handle *grants, uint32_t domid, uint32_t ref, int prot, uint32_t offset, evtchn_port_t port)
{
    (void)grants, (void)domid, (void)ref, (void)prot, (void)port;
    return map_page(0, offset);
}

int xengnttab_unmap(xengnttab_handle *grants, void *page, uint32_t count)
{
    (void)grants, (void)count;
    return unmap_page(page);
}

/* ---- libxenstore: the two nodes, whatever is above them. */

static const char *node(const char *path)
{
    const char *slash = strrchr(path, '/');

    return in_directory(slash ? slash + 1 : path);
}

struct xs_handle *xs_open(unsigned long flags)
{
    (void)flags;
    return (void *)&handle;
}

void xs_close(struct xs_handle *xs)
{
    (void)xs;
}

xs_transaction_t xs_transaction_start(struct xs_handle *xs)
{
    (void)xs;
    return 1;
}

bool xs_transaction_end(struct xs_handle *xs, xs_transaction_t transaction, bool abort)
{
    (void)xs, (void)transaction, (void)abort;
    return true;
}

bool xs_write(struct xs_handle *xs, xs_transaction_t transaction, const char *path, const void *value, unsigned int length)
{
    FILE *file = fopen(node(path), "w");

    (void)xs, (void)transaction;
    return file && fwrite(value, 1, length, file) == length && fclose(file) == 0;
}

void *xs_read(struct xs_handle *xs, xs_transaction_t transaction, const char *path, unsigned int *length)
{
    char value[64] = "7";
    FILE *file = NULL;
    size_t got = 1;

    (void)xs, (void)transaction;
    if (strcmp(path, "domid") != 0) {
        file = fopen(node(path), "r");
        if (!file)
            return NULL;
        got = fread(value, 1, sizeof value - 1, file);
        fclose(file);
    }
    value[got] = '\0';
    if (length)
        *length = got;
    return strdup(value);
}

bool xs_set_permissions(struct xs_handle *xs, xs_transaction_t transaction, const char *path, struct xs_permissions *perms, unsigned int count)
{
    (void)xs, (void)transaction, (void)path, (void)perms, (void)count;
    return true;
}

/* Of the directory in which they are. */
bool xs_rm(struct xs_handle *xs, xs_transaction_t transaction, const char *path)
{
    (void)xs, (void)transaction, (void)path;
    unlink(in_directory("ring-ref"));
    unlink(in_directory("event-channel"));
    return true;
}

/* ---- What dom0's vchan-socket-proxy does besides: it tries to be a client, each time that something has happened to the nodes. */

bool xs_watch(struct xs_handle *xs, const char *path, const char *token)
{
    (void)xs, (void)path, (void)token;
    return true;
}

char **xs_read_watch(struct xs_handle *xs, unsigned int *count)
{
    (void)xs;
    usleep(10000);
    *count = 2;
    return calloc(3, sizeof(char *));
}

xc_interface *xc_interface_open(struct xentoollog_logger *logger, struct xentoollog_logger *other, unsigned flags)
{
    (void)logger, (void)other, (void)flags;
    return (void *)&handle;
}

int xc_interface_close(xc_interface *xc)
{
    (void)xc;
    return 0;
}

int xc_domain_getinfo(xc_interface *xc, uint32_t domid, unsigned int count, xc_dominfo_t *info)
{
    (void)xc, (void)count;
    *info = (xc_dominfo_t){ .domid = domid };
    return 1;
}
