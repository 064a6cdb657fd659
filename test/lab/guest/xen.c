/* Numbers and structures: Xen's public headers (xen.h, event_channel.h, sched.h, hvm/params.h, io/xs_wire.h). */
#include "xen.h"

#define HYPERVISOR_SCHED_OP 29
#define HYPERVISOR_EVENT_CHANNEL_OP 32
#define HYPERVISOR_HVM_OP 34
#define SCHEDOP_SHUTDOWN 2
#define EVTCHNOP_SEND 4
#define HVMOP_GET_PARAM 1
#define HVM_PARAM_STORE_PFN 1
#define HVM_PARAM_STORE_EVTCHN 2
#define DOMID_SELF 0x7ff0

extern char hypercall_page[];

static u32 hypercall(u32 number, u32 first, void *second)
{
    u32 result = (u32)hypercall_page + number * 32;
    asm volatile("call *%0" : "+a"(result), "+b"(first), "+c"(second) : : "edx", "esi", "edi", "memory");
    return result;
}

int find_xen(void)
{
    u32 eax = 0x40000000, ebx, ecx, edx;
    asm volatile("cpuid" : "+a"(eax), "=b"(ebx), "=c"(ecx), "=d"(edx));
    if (ebx != 0x566e6558 || ecx != 0x65584d4d || edx != 0x4d4d566e) return 0; /* "XenVMMXenVMM" */
    eax = 0x40000002;
    asm volatile("cpuid" : "+a"(eax), "=b"(ebx), "=c"(ecx), "=d"(edx));
    asm volatile("wrmsr" ::"c"(ebx), "a"(hypercall_page), "d"(0) : "memory");
    return 1;
}

static u32 parameter(u32 index)
{
    struct {
        u16 domid, padding;
        u32 index;
        u64 value;
    } request = {DOMID_SELF, 0, index, 0};
    hypercall(HYPERVISOR_HVM_OP, HVMOP_GET_PARAM, &request);
    return request.value;
}

void shut_down(enum shutdown_reason reason)
{
    u32 argument = reason;
    hypercall(HYPERVISOR_SCHED_OP, SCHEDOP_SHUTDOWN, &argument);
}

#define RING_SIZE 1024

struct ring {
    char requests[RING_SIZE], responses[RING_SIZE];
    volatile u32 request_consumer, request_producer, response_consumer, response_producer;
};

struct header {
    u32 type, id, transaction, length;
};

enum { XS_DIRECTORY = 1, XS_READ = 2, XS_WATCH = 4, XS_WRITE = 11, XS_WATCH_EVENT = 15, XS_ERROR = 16 };

#define PATIENCE 40 /* ticks */

static void notify(void)
{
    u32 port = parameter(HVM_PARAM_STORE_EVTCHN);
    hypercall(HYPERVISOR_EVENT_CHANNEL_OP, EVTCHNOP_SEND, &port);
}

static void send(struct ring *ring, const void *data, u32 count)
{
    for (u32 i = 0; i < count; i++) ring->requests[(ring->request_producer + i) % RING_SIZE] = ((const char *)data)[i];
    asm volatile("" ::: "memory");
    ring->request_producer += count;
}

/* False when it does not come in time. `into` may be 0: the bytes are skipped. */
static int receive(struct ring *ring, void *into, u32 count, u32 until)
{
    for (u32 i = 0; i < count; i++) {
        while (ring->response_consumer == ring->response_producer) {
            if ((int)(ticks - until) >= 0) return 0;
            notify();
            wait_for_interrupt();
        }
        asm volatile("" ::: "memory");
        if (into) ((char *)into)[i] = ring->responses[ring->response_consumer % RING_SIZE];
        ring->response_consumer++;
    }
    return 1;
}

static void fail(struct answer *answer, const char *error)
{
    struct text text = {answer->text, answer->text + sizeof answer->text};
    answer->failed = 1;
    put(&text, error);
}

static int changed, given_up;

static struct ring *store_ring(void)
{
    static struct ring *ring;
    if (!ring) ring = (struct ring *)(parameter(HVM_PARAM_STORE_PFN) << 12);
    return ring;
}

static void time_out(struct answer *answer)
{
    given_up = 1;
    fail(answer, "ETIMEDOUT");
}

static void request(u32 type, const char *path, const char *value, struct answer *answer)
{
    static u32 last_id;
    struct ring *ring = store_ring();
    u32 path_length = length(path) + 1, value_length = value ? length(value) : 0;
    if (type == XS_WATCH) value_length++; /* a token ends with a zero, a value does not */
    struct header header = {type, ++last_id, 0, path_length + value_length};
    u32 until = ticks + PATIENCE;

    if (sizeof header + header.length > RING_SIZE) return fail(answer, "E2BIG");
    if (given_up) ring->response_consumer = ring->response_producer; /* where the next message begins is not known any more */
    given_up = 0;
    send(ring, &header, sizeof header);
    send(ring, path, path_length);
    send(ring, value, value_length);
    notify();
    do {
        if (!receive(ring, &header, sizeof header, until)) return time_out(answer);
        if (header.type == XS_WATCH_EVENT) changed = 1;
        int fits = header.id == last_id && header.length < sizeof answer->text;
        if (!receive(ring, fits ? answer->text : 0, header.length, until)) return time_out(answer);
        if (header.id == last_id && !fits) return fail(answer, "E2BIG");
    } while (header.id != last_id);
    answer->text[header.length] = 0;
    answer->failed = header.type == XS_ERROR;
    if (!answer->failed && type == XS_DIRECTORY)
        for (u32 i = 0; i + 1 < header.length; i++)
            if (!answer->text[i]) answer->text[i] = ' ';
}

void xenstore_read(const char *path, struct answer *answer) { request(XS_READ, path, 0, answer); }
void xenstore_list(const char *path, struct answer *answer) { request(XS_DIRECTORY, path, 0, answer); }
void xenstore_write(const char *path, const char *value, struct answer *answer) { request(XS_WRITE, path, value, answer); }

void xenstore_watch(const char *path)
{
    static struct answer ignored; /* EEXIST when it is watched already */
    request(XS_WATCH, path, "guest", &ignored);
}

int xenstore_changed(void)
{
    struct ring *ring = store_ring();
    struct header header;
    int told;
    /* Only what is there as a whole: nothing is waited for here. */
    for (;;) {
        u32 there = ring->response_producer - ring->response_consumer;
        if (there < sizeof header) break;
        asm volatile("" ::: "memory");
        for (u32 i = 0; i < sizeof header; i++)
            ((char *)&header)[i] = ring->responses[(ring->response_consumer + i) % RING_SIZE];
        if (there < sizeof header + header.length) break;
        if (header.type == XS_WATCH_EVENT) changed = 1;
        ring->response_consumer += sizeof header + header.length;
    }
    told = changed;
    changed = 0;
    return told;
}
