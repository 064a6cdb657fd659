/*
 * Paths that the daemons have built in: where the kernel shows dom0's own ring, and oxenstored's directory. And its
 * wish for more descriptors, which only root may have.
 */
#include "shim.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* The function that would be called without this library. */
#define REAL(name) ({ static __typeof__(&name) real; if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name); real; })

static const char *redirected(const char *path, char buffer[PATH_MAX])
{
    static const char *const built_in[] = { "/var/run/xenstored", "/run/xenstored" };

    for (size_t i = 0; i < sizeof built_in / sizeof *built_in; i++) {
        size_t length = strlen(built_in[i]);
        if (!strncmp(path, built_in[i], length) && (!path[length] || path[length] == '/')) {
            snprintf(buffer, PATH_MAX, "%s%s", run_directory(), path + length);
            return buffer;
        }
    }
    return path;
}

/* Domain 0's ring is the first page of the memfd, its event channel's remote port any number. -1: neither is meant. */
static int open_kernel_file(const char *path)
{
    int fd;

    if (!strcmp(path, "/proc/xen/xsd_kva"))
        return dup(shim->memory_fd);
    if (strcmp(path, "/proc/xen/xsd_port"))
        return -1;
    fd = memfd_create("xsd_port", MFD_CLOEXEC);
    if (fd < 0 || write(fd, "1", 1) != 1 || lseek(fd, 0, SEEK_SET))
        give_up(path);
    return fd;
}

#define OPEN(name)                                                      \
    int name(const char *path, int flags, ...)                          \
    {                                                                   \
        char buffer[PATH_MAX];                                          \
        va_list arguments;                                              \
        mode_t mode;                                                    \
        int fd = open_kernel_file(path);                                \
        if (fd >= 0)                                                    \
            return fd;                                                  \
        va_start(arguments, flags);                                     \
        mode = va_arg(arguments, mode_t);                               \
        va_end(arguments);                                              \
        return REAL(name)(redirected(path, buffer), flags, mode);       \
    }
OPEN(open)
OPEN(open64)

int unlink(const char *path)
{
    char buffer[PATH_MAX];
    return REAL(unlink)(redirected(path, buffer));
}

int chmod(const char *path, mode_t mode)
{
    char buffer[PATH_MAX];
    return REAL(chmod)(redirected(path, buffer), mode);
}

int mkdir(const char *path, mode_t mode)
{
    char buffer[PATH_MAX];
    return REAL(mkdir)(redirected(path, buffer), mode);
}

int stat64(const char *path, struct stat64 *status)
{
    char buffer[PATH_MAX];
    return REAL(stat64)(redirected(path, buffer), status);
}

int bind(int fd, const struct sockaddr *address, socklen_t length)
{
    struct sockaddr_un other = { .sun_family = AF_UNIX };
    const struct sockaddr_un *own = (const void *)address;
    char buffer[PATH_MAX];
    const char *path;

    if (address->sa_family != AF_UNIX || length <= offsetof(struct sockaddr_un, sun_path) || !own->sun_path[0])
        return REAL(bind)(fd, address, length);
    path = redirected(own->sun_path, buffer);
    if (strlen(path) >= sizeof other.sun_path)
        give_up(path);
    strcpy(other.sun_path, path);
    return REAL(bind)(fd, (const struct sockaddr *)&other, sizeof other);
}

int setrlimit(__rlimit_resource_t, const struct rlimit *)
{
    return 0;
}
