/*
 * Commands, one per line, over the connected socket that XENSTORED_SHIM_CONTROL names:
 *
 *     create <domid>     the hypervisor makes a domain; its socket can be connected to from now on
 *     destroy <domid>    it is gone
 *     dying <domid>      it is about to go: the hypervisor still lists it
 *     shutdown <domid>   it has shut down, and is still there
 *     crash <domid>      it has crashed, and is still there
 *     revive <domid>     it runs again
 *     list               the domains, and what of them is in use
 *
 * Each is answered by a line, "ok ..." or "error <errno's name>", as soon as the daemon's main loop runs: so an answer
 * also says that the daemon is ready.
 */
#include "shim.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static void answer(const char *text, size_t length)
{
    send(shim->control_fd, text, length, MSG_NOSIGNAL);
}

static void list_domains(void)
{
    char text[DOMAINS_MAX * 64] = "ok";
    size_t length = strlen(text);

    for (uint32_t i = 0; i < DOMAINS_MAX; i++) {
        const struct domain *domain = &shim->domains[i];
        if (domain->used)
            length += (size_t)snprintf(text + length, 64, " %u%s%s%s%s%s%s", domain->domid, domain->gone ? ",gone" : "",
                                       domain->dying ? ",dying" : "", domain->shutdown ? ",shutdown" : "",
                                       domain->mapped ? ",mapped" : "", domain->port ? ",bound" : "",
                                       domain->client >= 0 ? ",client" : "");
    }
    text[length++] = '\n';
    answer(text, length);
}

/* 0 or an errno. */
static int change_domain(const char *verb, uint32_t domid)
{
    struct domain *domain;

    if (!strcmp(verb, "create"))
        return create_domain(domid);
    domain = find_domain(domid);
    if (!domain || domid == 0)
        return ESRCH;
    if (!strcmp(verb, "destroy")) {
        destroy_domain(domain);
        return 0;
    }
    if (!strcmp(verb, "dying"))
        domain->dying = true;
    else if (!strcmp(verb, "shutdown"))
        domain->shutdown = true;
    else if (!strcmp(verb, "crash"))
        domain->shutdown = domain->crashed = true;
    else if (!strcmp(verb, "revive"))
        domain->dying = domain->shutdown = domain->crashed = false;
    else
        return EINVAL;
    raise_port(PORT_VIRQ);
    return 0;
}

static void obey(const char *line)
{
    char verb[16], text[64];
    uint32_t domid;
    int error = EINVAL;

    if (!strcmp(line, "list")) {
        list_domains();
        return;
    }
    if (sscanf(line, "%15s %u", verb, &domid) == 2)
        error = change_domain(verb, domid);
    if (error)
        snprintf(text, sizeof text, "error %s\n", strerrorname_np(error));
    else
        snprintf(text, sizeof text, "ok\n");
    answer(text, strlen(text));
}

void serve_control(void)
{
    char byte;
    ssize_t count;

    while ((count = recv(shim->control_fd, &byte, 1, MSG_DONTWAIT)) == 1) {
        if (byte != '\n') {
            if (shim->command_bytes < sizeof shim->command - 1)
                shim->command[shim->command_bytes++] = byte;
            continue;
        }
        shim->command[shim->command_bytes] = 0;
        shim->command_bytes = 0;
        obey(shim->command);
    }
    if (count == 0 || (errno != EAGAIN && errno != EINTR)) {   /* nobody will command any more */
        close(shim->control_fd);
        shim->control_fd = -1;
    }
}
