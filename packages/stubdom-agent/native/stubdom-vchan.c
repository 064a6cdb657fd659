/* stubdom-vchan: the stubdomain's end of QMP over vchan. Each client of the vchan gets a connection of its own to a unix socket.
 *
 *     stubdom-vchan --mode=server DOMID PATH SOCKET
 *
 * DOMID is the domain that the clients are in, PATH where they find the vchan (in the stubdomain's part of Xenstore), SOCKET what it leads to:
 * for libxl 0, device-model/<T>/qmp-vchan, and where the agent serves QMP. The arguments are those of Xen's vchan-socket-proxy, whose place it takes.
 *
 * It runs until SIGTERM, or until the vchan itself fails. Exit codes: 0 told to end; 1 there is no vchan (any more); 2 wrong usage.
 *
 * Build: cc -O2 -Wall -o stubdom-vchan stubdom-vchan.c -lxenvchan -lxenevtchn       (Debian: libxen-dev)
 *
 * ---- How clients are told apart
 *
 * A vchan has one ring for all its clients, one after the other, and does not say when one takes the place of another: cli_live is 1 while there is
 * one. Who looks only at that sees no change when a client leaves and the next one comes before he has looked, which is what happens while a
 * stubdomain sleeps; then the next one waits for ever for the greeting that its predecessor got. But a client initialises the ring in this order:
 *
 *     cli_live = 1;   srv_notify = VCHAN_NOTIFY_WRITE;   an event
 *
 * and after that both sides only set and clear VCHAN_NOTIFY_* in srv_notify, by atomic operations. So another bit there, MARK, stays as long as
 * the client does, and goes when the next one comes. Each look sets it, and in the same operation learns whether it was gone: every client is
 * noticed by exactly one look. (libxenvchan 4.17: init.c, io.c.) Whatever comes between:
 *
 *  - The next client is between cli_live and srv_notify when we look: the mark is there, so nobody has come. That is taken for its predecessor's
 *    still being there, or for nobody if there was none, until its event has us look again.
 *  - It overwrites srv_notify just after our look has set the mark: the mark is gone, so the next look, for which its event sees, finds it.
 *  - It came and left again before we looked: it is noticed, cli_live is 0, and no session is begun. One that comes between our reading the one and
 *    the other has removed the mark again: the next look finds it, and a session that was begun for its predecessor is begun anew.
 *  - A client leaves: cli_live = 0, then an event. (When it is killed, the kernel does both.) A look between the two sees that it has left, and the
 *    one for the event finds nothing new.
 *  - Before the first client there is no mark: our first look takes that for a client that has left already, since cli_live is not 1.
 *  - The mark is lost, by whatever: its client is taken for a new one, gets a new connection, and sees a second greeting. Nothing else depends on it.
 *
 * Clients of QMP say nothing before they have been greeted. So what stands in the ring when another client is noticed was said by the one before.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <libxenvchan.h>

/* In srv_notify, beside VCHAN_NOTIFY_WRITE and VCHAN_NOTIFY_READ. */
#define MARK 0x80

/* Milliseconds for which a client waits for something to listen at the socket, and between two tries. */
#ifndef CONNECT_MS
#define CONNECT_MS 10000
#endif
#define RETRY_MS 50

/* Milliseconds in which the connection takes what a client wrote before it left, and a client reads what its connection brought before it ended. */
#ifndef FAREWELL_MS
#define FAREWELL_MS 2000
#endif

/* What libxenvchan puts below PATH is put together in 64 bytes, and cut off without a word. */
#define PATH_MAX_BYTES (64 - sizeof "/event-channel")

enum stage {
    IDLE,       /* Nobody is there, or nobody who has been noticed. */
    CONNECTING, /* A client is there, and no connection yet. */
    OPEN,       /* Bytes go both ways. */
    LEAVING,    /* The client has left: what it had still written goes to its connection. */
    ENDING,     /* The connection has ended: what it brought last goes to the client. */
    HUNG_UP,    /* The client was told that no more will come; it is to leave. */
};

/* Filled when it is empty. */
struct buffer {
    char bytes[4096];
    size_t start, end;
};

struct server {
    struct libxenvchan *vchan;
    const char *socket_path;
    enum stage stage;
    /* A client has come that no session was begun for. */
    bool newcomer;
    int connection;
    struct buffer to_connection, to_client;
    /* Of the bytes in the ring, those that the client wrote which has left. */
    uint32_t owed;
    /* Of the stage, and of the next try to connect. */
    int64_t deadline, retry_at;
    bool told_why;
};

static volatile sig_atomic_t told_to_end;

static void on_signal(int signal)
{
    (void)signal;
    told_to_end = 1;
}

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
    char line[512];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    fprintf(stderr, "stubdom-vchan: %s\n", line);
}

static int64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000LL + time.tv_nsec / 1000000;
}

static bool is_empty(const struct buffer *buffer)
{
    return buffer->start == buffer->end;
}

static void fill(struct buffer *buffer, size_t bytes)
{
    buffer->start = 0;
    buffer->end = bytes;
}

/* ---- The ring */

static bool client_is_there(struct libxenvchan *vchan)
{
    return libxenvchan_is_open(vchan) == 1;
}

/* True when a client has initialised the ring since this was asked last. */
static bool client_has_come(struct libxenvchan *vchan)
{
    return !(__sync_fetch_and_or(&vchan->ring->srv_notify, MARK) & MARK);
}

/* Throws away what a client that left has not read, before the next one does.
 *
 * The index of what was read is the client's, so it is ours, of what was written, that goes back. That is right as long as nobody is there. A client
 * that is may be reading at this moment, and would be ahead of us for ever. It says that it is there before it reads an index, and we look for it
 * after we have changed ours: so one of us sees the other. If we do, ours is put where it was, and what it may read are spaces, which JSON ignores.
 */
static void throw_away_unread(struct libxenvchan *vchan)
{
    volatile struct ring_shared *indices = vchan->write.shr;
    uint32_t produced = indices->prod, consumed = indices->cons;
    uint32_t size = 1u << vchan->write.order, unread = produced - consumed;
    char *ring = vchan->write.buffer;

    /* More than there is room for is nothing, as libxenvchan has it: the indices make no sense. */
    for (uint32_t i = 0; unread <= size && i < unread; i++)
        ring[(consumed + i) & (size - 1)] = ' ';
    __sync_synchronize();
    indices->prod = consumed;
    __sync_synchronize();
    if (client_is_there(vchan))
        indices->prod = produced;
}

/* Throws away so many of the bytes that were written to us; all there are when the indices make no sense, so that they do again. */
static void throw_away_written(struct libxenvchan *vchan, uint32_t bytes)
{
    volatile struct ring_shared *indices = vchan->read.shr;
    uint32_t produced = indices->prod, consumed = indices->cons;

    indices->cons = produced - consumed > 1u << vchan->read.order ? produced : consumed + bytes;
}

/* To the client this is the server's end, at which it hangs up, too: Xen's vchan-socket-proxy in dom0 closes the connection that xl waits on. */
static void hang_up(struct server *s)
{
    s->stage = HUNG_UP;
    s->vchan->ring->srv_live = 0;
    __sync_synchronize();
    xenevtchn_notify(s->vchan->event, s->vchan->event_port);
}

/* ---- The stages of a session */

static void enter(struct server *s, enum stage stage, int64_t milliseconds)
{
    s->stage = stage;
    s->deadline = now() + milliseconds;
}

/* The client has left, and nothing more is to be done for it. */
static void await_client(struct server *s)
{
    if (s->connection >= 0) {
        shutdown(s->connection, SHUT_WR);
        close(s->connection);
    }
    s->connection = -1;
    fill(&s->to_connection, 0);
    throw_away_written(s->vchan, s->owed);
    s->owed = 0;
    s->vchan->ring->srv_live = 1;
    s->stage = IDLE;
}

static void client_left(struct server *s)
{
    fill(&s->to_client, 0);
    throw_away_unread(s->vchan);
    s->owed = libxenvchan_data_ready(s->vchan);
    if (s->stage == OPEN)
        enter(s, LEAVING, FAREWELL_MS);
    else
        await_client(s);
}

/* No more comes from the connection. xl may wait for an answer without any limit of its own, so it is told; but what came is read first. */
static void connection_ended(struct server *s, const char *why)
{
    say("%s: the client is hung up on", why);
    if (s->connection >= 0)
        close(s->connection);
    s->connection = -1;
    fill(&s->to_connection, 0);
    enter(s, ENDING, FAREWELL_MS);
}

/* A connection; or -1, and errno. The kernel of a unix socket says at once whether there is one. */
static int try_to_connect(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), error;

    if (fd < 0)
        return -1;
    strcpy(address.sun_path, path);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    error = errno;
    close(fd);
    errno = error;
    return -1;
}

static bool connect_client(struct server *s)
{
    if (now() < s->retry_at)
        return false;
    s->connection = try_to_connect(s->socket_path);
    if (s->connection >= 0) {
        s->stage = OPEN;
        return true;
    }
    if (now() >= s->deadline) {
        connection_ended(s, "no connection in time");
        return true;
    }
    if (!s->told_why)
        say("%s: %s: trying for %d ms", s->socket_path, strerror(errno), CONNECT_MS);
    s->told_why = true;
    s->retry_at = now() + RETRY_MS;
    return false;
}

/* ---- Bytes. Each of these is true when it has moved something; else there is nothing to do until poll says so. */

static bool pass_to_connection(struct server *s)
{
    struct buffer *buffer = &s->to_connection;
    ssize_t sent;

    if (is_empty(buffer)) {
        size_t most = s->stage == LEAVING && s->owed < sizeof buffer->bytes ? s->owed : sizeof buffer->bytes;
        int got = most > 0 ? libxenvchan_read(s->vchan, buffer->bytes, most) : 0;

        if (got <= 0)
            return false;
        if (s->stage == LEAVING)
            s->owed -= got;
        fill(buffer, got);
    }
    sent = send(s->connection, buffer->bytes + buffer->start, buffer->end - buffer->start, MSG_NOSIGNAL);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    /* When it takes no more it has ended; but there may be something to receive still, and recv then tells of the end. */
    buffer->start = sent < 0 ? buffer->end : buffer->start + sent;
    return true;
}

/* What the connection brings. -1: nothing now; 0: it has ended. */
static ssize_t receive(struct server *s)
{
    ssize_t got = recv(s->connection, s->to_client.bytes, sizeof s->to_client.bytes, 0);

    if (got >= 0)
        return got;
    return errno == EAGAIN || errno == EINTR ? -1 : 0;
}

/* A client that has just left (-1) is dealt with by the next look. */
static bool pass_to_client(struct server *s)
{
    struct buffer *buffer = &s->to_client;
    int written = is_empty(buffer) ? 0 : libxenvchan_write(s->vchan, buffer->bytes + buffer->start, buffer->end - buffer->start);

    if (written <= 0)
        return false;
    buffer->start += written;
    return true;
}

static bool take_from_connection(struct server *s)
{
    ssize_t got = is_empty(&s->to_client) ? receive(s) : -1;

    if (got < 0)
        return false;
    if (got == 0)
        connection_ended(s, "the connection has ended");
    fill(&s->to_client, got);
    return true;
}

/* The client's last words go to its connection, and what comes from there is for nobody any more. */
static bool say_farewell(struct server *s)
{
    ssize_t got = receive(s);
    bool moved = pass_to_connection(s);
    size_t rest = s->owed + (s->to_connection.end - s->to_connection.start);

    if (got != 0 && rest > 0 && now() < s->deadline)
        return moved || got > 0;
    if (rest > 0)
        say("%zu bytes of a client that has left are dropped", rest);
    await_client(s);
    return true;
}

/* The connection's last words go to the client, which then hears that there are no more. */
static bool end_session(struct server *s)
{
    bool moved = pass_to_client(s);
    bool all_read = is_empty(&s->to_client) && libxenvchan_buffer_space(s->vchan) == 1 << s->vchan->write.order;

    if (all_read || now() >= s->deadline)
        hang_up(s);
    return moved;
}

/* ---- The loop */

/* Who is there? See the head of this file. */
static void look(struct server *s)
{
    bool came = client_has_come(s->vchan);
    bool there = client_is_there(s->vchan);

    s->newcomer = (s->newcomer || came) && there;
    if (s->stage == IDLE && !there)
        throw_away_written(s->vchan, libxenvchan_data_ready(s->vchan));
    if (s->stage != IDLE && s->stage != LEAVING && (came || !there)) {
        if (there)
            say("another client has come before the last one was seen to leave");
        client_left(s);
    }
    if (s->stage == IDLE && s->newcomer) {
        s->newcomer = false;
        s->retry_at = 0;
        s->told_why = false;
        enter(s, CONNECTING, CONNECT_MS);
    }
}

static bool work(struct server *s)
{
    switch (s->stage) {
    case CONNECTING:
        return connect_client(s);
    case OPEN: {
        bool moved = pass_to_client(s);

        moved |= pass_to_connection(s);
        return take_from_connection(s) || moved;
    }
    case LEAVING:
        return say_farewell(s);
    case ENDING:
        return end_session(s);
    default:
        return false;
    }
}

static int64_t wake_at(const struct server *s)
{
    switch (s->stage) {
    case CONNECTING:
        return s->retry_at;
    case LEAVING:
    case ENDING:
        return s->deadline;
    default:
        return INT64_MAX;
    }
}

/* Until something can have changed; at once when `busy`. False when there are no events any more. */
static bool wait_for_change(struct server *s, bool busy, const sigset_t *signals)
{
    struct pollfd polled[2] = { { .fd = libxenvchan_fd_for_select(s->vchan), .events = POLLIN }, { .fd = -1 } };
    int64_t until = wake_at(s), left = busy ? 0 : until - now();
    struct timespec timeout = { .tv_sec = left / 1000, .tv_nsec = left % 1000 * 1000000 };

    if (left < 0)
        timeout = (struct timespec){ 0 };
    if (s->stage == OPEN && is_empty(&s->to_client))
        polled[1].events |= POLLIN;
    if (s->stage == LEAVING)
        polled[1].events |= POLLIN;
    if (!is_empty(&s->to_connection))
        polled[1].events |= POLLOUT;
    /* A connection that has ended is polled as ready whatever one waits for: not while nothing can be done about it. */
    if (polled[1].events)
        polled[1].fd = s->connection;
    if (ppoll(polled, 2, busy || until != INT64_MAX ? &timeout : NULL, signals) < 0)
        return errno == EINTR;
    return !polled[0].revents || libxenvchan_wait(s->vchan) == 0;
}

static bool serve(struct server *s, const sigset_t *signals)
{
    bool busy;

    while (!told_to_end) {
        look(s);
        busy = work(s);
        if (!wait_for_change(s, busy, signals))
            return false;
    }
    return true;
}

/* SIGTERM is taken while we wait, and at no other time. Returns the signals that may come then. */
static sigset_t take_signals(void)
{
    struct sigaction action = { .sa_handler = on_signal };
    sigset_t ending, before;

    sigemptyset(&ending);
    sigaddset(&ending, SIGTERM);
    sigaddset(&ending, SIGINT);
    sigaddset(&ending, SIGHUP);
    sigprocmask(SIG_BLOCK, &ending, &before);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    return before;
}

/* What is wrong with the arguments; NULL when they are understood. */
static const char *read_arguments(int argc, char **argv, int *domid)
{
    char *end;
    long number;

    if (argc != 5 || strcmp(argv[1], "--mode=server") != 0)
        return "wanted are --mode=server DOMID PATH SOCKET";
    number = strtol(argv[2], &end, 10);
    if (*end != '\0' || end == argv[2] || number < 0 || number >= DOMID_FIRST_RESERVED)
        return "DOMID is no domain's";
    if (argv[3][0] == '\0' || strlen(argv[3]) > PATH_MAX_BYTES)
        return "PATH is empty or too long";
    if (argv[4][0] == '\0' || strlen(argv[4]) >= sizeof ((struct sockaddr_un *)0)->sun_path)
        return "SOCKET is empty or too long";
    *domid = number;
    return NULL;
}

int main(int argc, char **argv)
{
    static struct server s = { .connection = -1 };
    int domid;
    const char *problem = read_arguments(argc, argv, &domid);
    sigset_t signals;
    bool well;

    if (problem) {
        say("%s", problem);
        return 2;
    }
    signals = take_signals();
    s.socket_path = argv[4];
    s.vchan = libxenvchan_server_init(NULL, domid, argv[3], 0, 0);
    if (!s.vchan) {
        say("no vchan can be made at %s for domain %d: %s", argv[3], domid, strerror(errno));
        return 1;
    }
    /* The library leaves it as it was in memory. */
    s.vchan->blocking = 0;
    say("domain %d is served at %s", domid, argv[3]);
    well = serve(&s, &signals);
    if (!well)
        say("the vchan's events cannot be read: %s", strerror(errno));
    /* Removes its nodes, so that a client waits for the next server's. */
    libxenvchan_close(s.vchan);
    return well ? 0 : 1;
}
