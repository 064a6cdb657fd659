/* stubdom-plumb: the hypercalls that give a PCI device to a guest and its stubdomain, one for each run or as many as are asked for.
 *
 * Only a toolstack may make them, and libxenctrl has an interface for C alone; everything else (the order, pciback, Xenstore, what is taken
 * back when) is stubdomctl's. So this program knows no policy: it does what it is asked, says in one line of JSON how that went, and keeps no state.
 *
 *     stubdom-plumb test-assign DOMID DDDD:BB:DD.F       may the device be given to the domain?
 *     stubdom-plumb assign      DOMID DDDD:BB:DD.F strict|relaxed
 *     stubdom-plumb deassign    DOMID DDDD:BB:DD.F
 *     stubdom-plumb quarantine  DDDD:BB:DD.F             to no domain, as xl pci-assignable-add does
 *     stubdom-plumb unquarantine DDDD:BB:DD.F            back to dom0, as xl pci-assignable-remove does
 *     stubdom-plumb iomem       DOMID FRAME COUNT allow|deny      numbers are decimal or 0x…
 *     stubdom-plumb ioport      DOMID PORT COUNT allow|deny
 *     stubdom-plumb irq         DOMID IRQ allow|deny     maps it and gives the permission, or takes both back
 *
 * Exit codes: 0 {"ok":true}; 1 the hypervisor refused: {"ok":false,"call":…,"errno":…,"message":…}; 2 wrong usage, in words on stderr.
 *
 *     stubdom-plumb -                                    all of these, from standard input
 *
 * One request a line, its words separated by blanks, at most 255 bytes; one line of the same JSON for each, in order, before the next is read. A line
 * that is not understood, or not ended, is answered with "call":"request" and nothing is done for it. Exit code 0 when the input ends.
 *
 * Build: cc -O2 -Wall -o stubdom-plumb stubdom-plumb.c -lxenctrl       (Debian: libxen-dev)
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xenctrl.h>

enum {
    /* Of a line of input, with room for the byte that ends it here: the longest request has less than a hundred. */
    LINE_BYTES = 256,
    /* Of a request, the program's name among them: the longest has six, and one more tells that there are too many. */
    WORDS_MAX = 7,
};

/* What is asked for, understood; which fields count depends on the verb. */
struct request {
    enum verb { TEST_ASSIGN, ASSIGN, DEASSIGN, QUARANTINE, UNQUARANTINE, IOMEM, IOPORT, IRQ } verb;
    uint32_t domid;
    uint32_t sbdf;
    bool strict;
    /* A page frame, a port or an interrupt, and how many from there on. */
    uint64_t first;
    uint64_t count;
    bool allow;
};

/* The shape of the arguments behind each verb: D domid, B device, P policy, N number, A permission. */
static const struct shape {
    const char *name;
    enum verb verb;
    const char *arguments;
    uint64_t first_max;
} shapes[] = {
    { "test-assign", TEST_ASSIGN, "DB", 0 },
    { "assign", ASSIGN, "DBP", 0 },
    { "deassign", DEASSIGN, "DB", 0 },
    { "quarantine", QUARANTINE, "B", 0 },
    { "unquarantine", UNQUARANTINE, "B", 0 },
    { "iomem", IOMEM, "DNNA", UINT64_MAX >> 12 },
    { "ioport", IOPORT, "DNNA", 0xffff },
    /* The PCI interrupt line is eight bits; 0xff means that there is none. */
    { "irq", IRQ, "DNA", 0xfe },
};

static bool read_number(const char *text, uint64_t max, uint64_t *value)
{
    char *end;

    errno = 0;
    *value = strtoull(text, &end, 0);
    return errno == 0 && *text >= '0' && *text <= '9' && *end == '\0' && *value <= max;
}

static bool read_domid(const char *text, uint32_t *domid)
{
    uint64_t value;
    /* From DOMID_FIRST_RESERVED on there are no domains. */
    bool valid = read_number(text, DOMID_FIRST_RESERVED - 1, &value);

    *domid = value;
    return valid;
}

/* As the hypervisor wants it: segment, bus, device and function in one number. */
static bool read_device(const char *text, uint32_t *sbdf)
{
    unsigned int segment, bus, slot, function;
    int length = 0;
    bool valid = sscanf(text, "%4x:%2x:%2x.%1u%n", &segment, &bus, &slot, &function, &length) == 4 &&
                 text[length] == '\0' && slot <= 0x1f && function <= 7;

    *sbdf = valid ? segment << 16 | bus << 8 | slot << 3 | function : 0;
    return valid;
}

static bool read_choice(const char *text, const char *yes, const char *no, bool *choice)
{
    *choice = !strcmp(text, yes);
    return *choice || !strcmp(text, no);
}

static bool read_argument(char kind, const char *text, const struct shape *shape, struct request *request)
{
    switch (kind) {
    case 'D':
        return read_domid(text, &request->domid);
    case 'B':
        return read_device(text, &request->sbdf);
    case 'P':
        return read_choice(text, "strict", "relaxed", &request->strict);
    case 'A':
        return read_choice(text, "allow", "deny", &request->allow);
    default:
        if (request->count == 0) {
            request->count = 1;
            return read_number(text, shape->first_max, &request->first);
        }
        return read_number(text, shape->first_max - request->first + 1, &request->count) && request->count > 0;
    }
}

/* What is wrong with the arguments; NULL when the request is understood. */
static const char *read_request(int argc, char **argv, struct request *request)
{
    size_t i;

    if (argc < 2)
        return "what is to be done?";
    for (i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const struct shape *shape = &shapes[i];
        const char *kind = shape->arguments;

        if (strcmp(argv[1], shape->name))
            continue;
        if ((size_t)argc != 2 + strlen(kind))
            return "the number of arguments is wrong";
        request->verb = shape->verb;
        for (argv += 2; *kind; kind++, argv++)
            if (!read_argument(*kind, *argv, shape, request))
                return *argv;
        return NULL;
    }
    return argv[1];
}

/* A domain's interrupt has the number that the machine's has, as libxl has it. */
static int give_interrupt(xc_interface *xen, uint32_t domid, int irq, const char **call)
{
    int pirq = irq;

    *call = "physdev_map_pirq";
    if (xc_physdev_map_pirq(xen, domid, irq, &pirq) < 0)
        return -1;
    *call = "domain_irq_permission";
    return xc_domain_irq_permission(xen, domid, pirq, true);
}

static int take_interrupt(xc_interface *xen, uint32_t domid, int irq, const char **call)
{
    /* QEMU may have unmapped it already, which is as good. */
    (void)xc_physdev_unmap_pirq(xen, domid, irq);
    *call = "domain_irq_permission";
    return xc_domain_irq_permission(xen, domid, irq, false);
}

/* Negative when the hypervisor refuses, with errno and the name of the call. */
static int perform(xc_interface *xen, const struct request *r, const char **call)
{
    switch (r->verb) {
    case TEST_ASSIGN:
        *call = "test_assign_device";
        return xc_test_assign_device(xen, r->domid, r->sbdf);
    case ASSIGN:
        *call = "assign_device";
        return xc_assign_device(xen, r->domid, r->sbdf, r->strict ? 0 : XEN_DOMCTL_DEV_RDM_RELAXED);
    case DEASSIGN:
        *call = "deassign_device";
        return xc_deassign_device(xen, r->domid, r->sbdf);
    case QUARANTINE:
        *call = "assign_device";
        return xc_assign_device(xen, DOMID_IO, r->sbdf, XEN_DOMCTL_DEV_RDM_RELAXED);
    case UNQUARANTINE:
        *call = "deassign_device";
        return xc_deassign_device(xen, DOMID_IO, r->sbdf);
    case IOMEM:
        *call = "domain_iomem_permission";
        return xc_domain_iomem_permission(xen, r->domid, r->first, r->count, r->allow);
    case IOPORT:
        *call = "domain_ioport_permission";
        return xc_domain_ioport_permission(xen, r->domid, r->first, r->count, r->allow);
    default:
        return (r->allow ? give_interrupt : take_interrupt)(xen, r->domid, r->first, call);
    }
}

/* Nothing that would have to be escaped in JSON gets into it: a line may hold anything. */
static void print_refusal(const char *call, int error, const char *message)
{
    printf("{\"ok\":false,\"call\":\"%s\",\"errno\":%d,\"message\":\"", call, error);
    for (; *message; message++)
        putchar(*message < ' ' || *message > '~' || *message == '"' || *message == '\\' ? '?' : *message);
    puts("\"}");
}

/* Does what is asked for and says how that went. Where there is no interface, open_error says why. */
static bool answer(xc_interface *xen, int open_error, const struct request *request)
{
    const char *call = "interface_open";
    int error = open_error;

    if (xen) {
        if (perform(xen, request, &call) >= 0) {
            puts("{\"ok\":true}");
            return true;
        }
        error = errno;
    }
    print_refusal(call, error, strerror(error));
    return false;
}

/* One line without its end; `whole` when it had one and nothing of it was left out. False when there is no more. */
static bool read_line(char line[LINE_BYTES], bool *whole)
{
    size_t length = 0;
    bool fits = true;
    int c;

    while ((c = getchar()) != EOF && c != '\n') {
        if (c != '\0' && length < LINE_BYTES - 1)
            line[length++] = c;
        else
            fits = false;
    }
    line[length] = '\0';
    *whole = fits && c == '\n';
    return c == '\n' || length > 0;
}

/* As read_request. What is not whole may read as another request than the one that was meant. */
static const char *read_request_line(char *line, bool whole, struct request *request)
{
    char *words[WORDS_MAX] = { "stubdom-plumb" };
    char *word = strtok(line, " ");
    int count = 1;

    if (!whole)
        return "the line is too long or has no end";
    for (; word && count < WORDS_MAX; word = strtok(NULL, " "))
        words[count++] = word;
    return read_request(count, words, request);
}

static int answer_lines(xc_interface *xen, int open_error)
{
    char line[LINE_BYTES];
    bool whole;

    while (read_line(line, &whole)) {
        struct request request = { 0 };
        const char *problem = read_request_line(line, whole, &request);
        char message[LINE_BYTES + 32];

        if (problem) {
            snprintf(message, sizeof message, "not understood: %s", problem);
            print_refusal("request", EINVAL, message);
        } else {
            (void)answer(xen, open_error, &request);
        }
        /* Nobody would learn how the next one went. */
        if (fflush(stdout) != 0)
            return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    bool lines = argc == 2 && !strcmp(argv[1], "-");
    struct request request = { 0 };
    const char *problem = lines ? NULL : read_request(argc, argv, &request);
    xc_interface *xen;
    int code, open_error;

    if (problem) {
        fprintf(stderr, "stubdom-plumb: not understood: %s; the head of stubdom-plumb.c says what there is\n", problem);
        return 2;
    }
    xen = xc_interface_open(NULL, NULL, 0);
    open_error = errno;
    code = lines ? answer_lines(xen, open_error) : !answer(xen, open_error, &request);
    if (xen)
        xc_interface_close(xen);
    return code;
}
