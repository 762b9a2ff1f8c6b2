/*
 * What the tests of net share: a server on a loop of its own in this thread,
 * a handler that echoes, and clients on raw sockets. Every wait turns the
 * loop, so that client and server run side by side without threads.
 */
#ifndef CLEARINGD_TESTS_UNIT_NET_WORLD_H
#define CLEARINGD_TESTS_UNIT_NET_WORLD_H

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include "net/server.h"

#define WAIT_MS 10000

enum world_mode {
    WORLD_ECHO,
    WORLD_HOLD,  /* messages are counted, requests kept unanswered */
    WORLD_PAUSE, /* echo, then pause the connection */
};

struct world {
    uv_loop_t loop;
    struct net_server *server;
    struct net_options options;
    enum world_mode mode;
    char folder[32];
    char path[64];
    bool refuse;
    bool done;
    bool failed;   /* something the handler must never see */
    uint64_t conn; /* the last one opened */
    uint64_t http; /* the last one with a request */
    enum net_kind kind;
    char peer[64];
    int opens;
    int closes;
    int messages;
    int requests;
    char request[1024]; /* the last one, as text */
};

static inline bool world_on_open(void *ctx, uint64_t conn, enum net_kind kind,
                                 const char *peer)
{
    struct world *world = ctx;
    if (world->refuse)
        return false;
    world->conn = conn;
    world->kind = kind;
    (void)snprintf(world->peer, sizeof(world->peer), "%s", peer);
    world->opens++;
    return true;
}

static inline void world_on_message(void *ctx, uint64_t conn, const char *bytes,
                                    size_t len)
{
    struct world *world = ctx;
    world->messages++;
    world->failed |= len > world->options.message_bytes_max;
    if (world->mode != WORLD_HOLD)
        (void)net_send(world->server, conn, bytes, len);
    if (world->mode == WORLD_PAUSE)
        net_pause(world->server, conn);
}

static inline void world_on_http(void *ctx, uint64_t conn,
                                 const struct net_http_request *request)
{
    struct world *world = ctx;
    size_t at = 0;
    world->requests++;
    world->http = conn;
    at += (size_t)snprintf(world->request, sizeof(world->request), "%s %s",
                           request->method == NET_POST ? "POST" : "GET",
                           request->path);
    for (size_t i = 0; i < request->queries_count; i++)
        at += (size_t)snprintf(world->request + at, sizeof(world->request) - at,
                               " [%s]", request->queries[i].text);
    (void)snprintf(world->request + at, sizeof(world->request) - at,
                   " o=%s a=%s c=%s b=%.*s", request->origin,
                   request->authorization, request->content_type,
                   request->body_len < 200 ? (int)request->body_len : 0,
                   request->body);
    if (world->mode != WORLD_HOLD)
        (void)net_http_reply(world->server, conn, 200, "text/plain",
                             world->request, strlen(world->request),
                             NET_HEADER_NONE);
}

static inline void world_on_close(void *ctx, uint64_t conn)
{
    struct world *world = ctx;
    world->failed |= net_send(world->server, conn, "x", 1);
    world->closes++;
}

static inline void world_done(void *ctx)
{
    struct world *world = ctx;
    world->done = true;
    world->server = NULL;
}

/* A world with default options, without doors yet. */
static inline void world_init(struct world *world)
{
    memset(world, 0, sizeof(*world));
    (void)snprintf(world->folder, sizeof(world->folder), "/tmp/netXXXXXX");
    cr_assert(mkdtemp(world->folder));
    (void)snprintf(world->path, sizeof(world->path), "%s/s", world->folder);
    cr_assert_eq(uv_loop_init(&world->loop), 0);
    net_options_default(&world->options);
    world->options.port = 0;
    world->options.connections_per_address_max = 1000;
}

static inline enum net_result world_create(struct world *world)
{
    struct net_handler handler = {world, world_on_open, world_on_message,
                                  world_on_http, world_on_close};
    return net_server_create(&world->server, &world->loop, &world->options,
                             &handler);
}

static inline void world_unix(struct world *world)
{
    world->options.unix_path = world->path;
    world->options.address = NULL;
    cr_assert_eq(world_create(world), NET_OK);
}

static inline void world_web(struct world *world)
{
    cr_assert_eq(world_create(world), NET_OK);
    cr_assert(net_port(world->server) != 0);
}

static inline uint64_t now_ms(void)
{
    return uv_hrtime() / 1000000;
}

static inline void nap(void)
{
    const struct timespec time = {0, 200000};
    (void)nanosleep(&time, NULL);
}

static inline void world_turn(struct world *world)
{
    (void)uv_run(&world->loop, UV_RUN_NOWAIT);
}

/* Turns the loop until condition holds, or fails the test. */
#define world_until(world, condition)                 \
    do {                                              \
        uint64_t until_ms = now_ms() + WAIT_MS;       \
        while (!(condition) && now_ms() < until_ms) { \
            world_turn(world);                        \
            nap();                                    \
        }                                             \
        cr_assert(condition);                         \
    } while (0)

static inline void world_pass(struct world *world, uint64_t ms)
{
    for (uint64_t end = now_ms() + ms; now_ms() < end; nap())
        world_turn(world);
}

static inline struct net_stats world_stats(const struct world *world)
{
    struct net_stats stats;
    net_stats_read(world->server, &stats);
    return stats;
}

/* There in a build with a leak detector, else NULL. */
int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

/* Ends everything and looks for what was left behind. */
static inline void world_end(struct world *world)
{
    if (world->server) {
        net_shutdown(world->server, 0, world_done, world);
        world_until(world, world->done);
    }
    world_turn(world);
    cr_assert_eq(uv_loop_close(&world->loop), 0, "a handle was left open");
    cr_assert_eq(world->opens, world->closes);
    cr_assert_not(world->failed);
    cr_assert_neq(access(world->path, F_OK), 0, "the socket file was left");
    cr_assert_eq(rmdir(world->folder), 0);
    if (__lsan_do_recoverable_leak_check)
        cr_assert_eq(__lsan_do_recoverable_leak_check(), 0, "a leak");
}

/* ---- clients ------------------------------------------------------------ */

static inline int dial_path(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    cr_assert_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static inline int dial_port(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(port),
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static inline int world_dial(struct world *world)
{
    return world->options.unix_path ? dial_path(world->path)
                                    : dial_port(net_port(world->server));
}

/* Sends all; false: the peer hung up or takes no more. */
static inline bool put(struct world *world, int fd, const char *bytes,
                       size_t len)
{
    uint64_t until_ms = now_ms() + WAIT_MS;
    while (len && now_ms() < until_ms) {
        ssize_t sent = send(fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN)
            return false;
        if (sent > 0) {
            bytes += sent;
            len -= (size_t)sent;
        }
        world_turn(world);
    }
    return !len;
}

static inline bool put_text(struct world *world, int fd, const char *text)
{
    return put(world, fd, text, strlen(text));
}

/* Reads up to len bytes; less: the peer closed, or silence for WAIT_MS. */
static inline size_t get(struct world *world, int fd, char *bytes, size_t len)
{
    size_t have = 0;
    uint64_t until_ms = now_ms() + WAIT_MS;
    while (have < len && now_ms() < until_ms) {
        struct pollfd poller = {.fd = fd, .events = POLLIN};
        world_turn(world);
        if (poll(&poller, 1, 1) <= 0)
            continue;
        ssize_t part = recv(fd, bytes + have, len - have, MSG_DONTWAIT);
        if (part == 0 || (part < 0 && errno != EAGAIN))
            break;
        if (part > 0) {
            have += (size_t)part;
            until_ms = now_ms() + WAIT_MS;
        }
    }
    return have;
}

/* The peer sends exactly this next. */
static inline void expect_text(struct world *world, int fd, const char *text)
{
    size_t len = strlen(text);
    char *bytes = calloc(1, len + 1);
    size_t have = get(world, fd, bytes, len);
    bytes[have] = '\0';
    cr_assert_str_eq(bytes, text);
    free(bytes);
}

/* The peer sends nothing more and closes. */
static inline void expect_end(struct world *world, int fd)
{
    char byte;
    cr_assert_eq(get(world, fd, &byte, 1), 0);
    cr_assert_eq(recv(fd, &byte, 1, MSG_DONTWAIT) > 0, false);
    struct pollfd poller = {.fd = fd, .events = POLLIN};
    cr_assert_eq(poll(&poller, 1, 0), 1, "still open");
    close(fd);
}

/* The peer sends nothing now, and is still there. */
static inline void expect_silence(struct world *world, int fd)
{
    struct pollfd poller = {.fd = fd, .events = POLLIN};
    world_pass(world, 30);
    cr_assert_eq(poll(&poller, 1, 0), 0);
}

/* Closes with a reset instead of an end. */
static inline void hang_up(int fd)
{
    struct linger abrupt = {1, 0};
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &abrupt, sizeof(abrupt));
    close(fd);
}

#define HOST "Host: h\r\n"

/* ---- HTTP clients ------------------------------------------------------- */

struct answer {
    int status;
    char head[4096];
    char *body;
    size_t body_len;
};

/* Reads one reply; status 0: the peer closed instead. */
static inline void answer_read(struct world *world, int fd,
                               struct answer *answer, bool head_only)
{
    size_t len = 0;
    *answer = (struct answer){0};
    while (len < sizeof(answer->head) - 1 &&
           !strstr(answer->head, "\r\n\r\n")) {
        if (!get(world, fd, answer->head + len, 1))
            return;
        len++;
    }
    cr_assert_eq(strncmp(answer->head, "HTTP/1.1 ", 9), 0);
    answer->status = (int)strtol(answer->head + 9, NULL, 10);
    const char *length = strstr(answer->head, "\r\nContent-Length: ");
    if (length && !head_only)
        answer->body_len = strtoul(length + 18, NULL, 10);
    answer->body = calloc(1, answer->body_len + 1);
    cr_assert_eq(get(world, fd, answer->body, answer->body_len),
                 answer->body_len);
}

/* One reply with this status; its body if given. */
static inline void expect_answer(struct world *world, int fd, int status,
                                 const char *body)
{
    struct answer answer;
    answer_read(world, fd, &answer, false);
    cr_assert_eq(answer.status, status, "%d for %d: %s", answer.status, status,
                 answer.head);
    if (body)
        cr_assert_str_eq(answer.body, body);
    free(answer.body);
}

/* A connection of its own that is refused with this status and closed. */
static inline void expect_refusal(struct world *world, const char *request,
                                  int status)
{
    int fd = world_dial(world);
    (void)put_text(world, fd, request);
    expect_answer(world, fd, status, NULL);
    expect_end(world, fd);
}

/* ---- WebSocket clients -------------------------------------------------- */

#define UPGRADE                                                      \
    HOST "Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n" \
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

static inline int websocket_dial(struct world *world)
{
    struct answer answer;
    int fd = world_dial(world);
    cr_assert(put_text(world, fd,
                       "GET /ws/api/v2 HTTP/1.1\r\n" UPGRADE
                       "Sec-WebSocket-Version: 13\r\n\r\n"));
    answer_read(world, fd, &answer, false);
    cr_assert_eq(answer.status, 101);
    cr_assert_not_null(
        strstr(answer.head,
               "\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
    free(answer.body);
    return fd;
}

/* Writes a masked frame; first is its first byte. The frame's length. */
static inline size_t frame_make(char *out, unsigned first, const char *payload,
                                size_t len)
{
    static const unsigned char mask[4] = {0x11, 0x80, 0xfe, 0x07};
    size_t at = 0;
    out[at++] = (char)first;
    if (len < 126) {
        out[at++] = (char)(0x80 | len);
    } else {
        size_t width = len < 65536 ? 2 : 8;
        out[at++] = (char)(width == 2 ? 0xfe : 0xff);
        for (size_t i = width; i; i--)
            out[at++] = (char)(len >> (8 * (i - 1)));
    }
    memcpy(out + at, mask, 4);
    at += 4;
    for (size_t i = 0; i < len; i++)
        out[at++] = (char)((unsigned char)payload[i] ^ mask[i % 4]);
    return at;
}

static inline void frame_put(struct world *world, int fd, unsigned first,
                             const char *payload, size_t len)
{
    char *frame = malloc(len + 14);
    size_t whole = frame_make(frame, first, payload, len);
    (void)put(world, fd, frame, whole);
    free(frame);
}

/* Expects one unmasked frame with this first byte and payload. */
static inline void frame_expect(struct world *world, int fd, unsigned first,
                                const char *payload, size_t len)
{
    unsigned char head[8];
    cr_assert_eq(get(world, fd, (char *)head, 2), 2);
    cr_assert_eq(head[0], first, "%02x for %02x", head[0], first);
    size_t got_len = head[1];
    size_t width = got_len == 126 ? 2 : got_len == 127 ? 8 : 0;
    if (width) {
        got_len = 0;
        cr_assert_eq(get(world, fd, (char *)head, width), width);
        for (size_t i = 0; i < width; i++)
            got_len = got_len << 8 | head[i];
    }
    cr_assert_eq(got_len, len);
    char *got = malloc(len + 1);
    cr_assert_eq(get(world, fd, got, len), len);
    cr_assert_eq(memcmp(got, payload, len), 0);
    free(got);
}

static inline void close_expect(struct world *world, int fd, unsigned code)
{
    char bytes[2] = {(char)(code >> 8), (char)code};
    frame_expect(world, fd, 0x88, bytes, 2);
    expect_end(world, fd);
}

#endif
