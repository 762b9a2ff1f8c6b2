/*
 * Input is handed to the phase from libuv's read buffer, shared by all
 * connections; only what is left of it is copied and kept. Output is queued
 * and written once per iteration of the loop, with uv_try_write first: most
 * writes then cost one system call and no callback.
 *
 * LINGER exists because closing a socket with unread input makes the kernel
 * tell the peer "reset", which may overtake the last words we sent.
 */
#include "net/conn.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "net/lines.h"
#include "net/table.h"
#include "net/tls.h"
#include "net/web_http.h"
#include "net/web_socket.h"

#define PIECES_MAX 16

static const size_t flush_bytes = 65536;
static const unsigned keepalive_seconds = 60;

static uint64_t now_of(const struct conn *conn)
{
    return uv_now(conn->server->loop);
}

/* ---- marks and lists ---------------------------------------------------- */

static uint64_t *open_count(struct net_server *server, enum net_kind kind)
{
    switch (kind) {
    case NET_UNIX:
        return &server->stats.unix_open;
    case NET_HTTP:
        return &server->stats.http_open;
    case NET_WEBSOCKET:
        break;
    }
    return &server->stats.websocket_open;
}

void conn_settle_later(struct conn *conn)
{
    if (conn->flush_listed || conn->end == CONN_DEAD)
        return;
    conn->flush_listed = true;
    TAILQ_INSERT_TAIL(&conn->server->flush_list, conn, flush_entry);
}

static void lists_leave(struct conn *conn)
{
    if (conn->flush_listed)
        TAILQ_REMOVE(&conn->server->flush_list, conn, flush_entry);
    if (conn->resume_listed) {
        TAILQ_REMOVE(&conn->server->resume_list, conn, resume_entry);
        conn->server->resume_count--;
    }
    conn->flush_listed = false;
    conn->resume_listed = false;
}

void conn_doom(struct conn *conn)
{
    if (conn->end >= CONN_DOOMED)
        return;
    conn->end = CONN_DOOMED;
    conn_settle_later(conn);
}

void conn_finish(struct conn *conn)
{
    if (conn->end != CONN_LIVE)
        return;
    conn->end = CONN_CLOSING;
    conn->since_ms = now_of(conn);
    conn_settle_later(conn);
}

void conn_retire(struct conn *conn)
{
    if (conn->phase == CONN_WAITING)
        return;
    if (conn->phase == CONN_WEBSOCKET)
        web_socket_close(conn, WEBSOCKET_GOING_AWAY);
    else
        conn_finish(conn);
}

/* ---- the end ------------------------------------------------------------ */

static void conn_closed(uv_handle_t *handle)
{
    struct conn *conn = handle->data;
    struct net_server *server = conn->server;
    tls_free(conn->tls);
    buffer_free(&conn->in);
    buffer_free(&conn->message);
    queue_free(&conn->out);
    queue_free(&conn->wire);
    free(conn);
    server_handle_closed(server);
}

static void conn_destroy(struct conn *conn)
{
    struct net_server *server = conn->server;
    uint64_t id = conn->id;
    bool opened = conn->opened;
    conn->end = CONN_DEAD;
    lists_leave(conn);
    table_release(conn);
    if (conn->counted) {
        server->conns_count--;
        --*open_count(server, conn->kind);
    }
    uv_close(&conn->uv.handle, conn_closed);
    if (opened)
        server->handler.on_close(server->handler.ctx, id);
}

/* All is written: tell the peer so. */
static void conn_shut(struct conn *conn)
{
    uv_os_fd_t fd;
    if (conn->peer_ended || uv_fileno(&conn->uv.handle, &fd) ||
        shutdown(fd, SHUT_WR)) {
        conn_doom(conn);
        return;
    }
    conn->end = CONN_LINGER;
    conn->since_ms = now_of(conn);
}

/* ---- output ------------------------------------------------------------- */

static struct queue *wire_of(struct conn *conn)
{
    return conn->tls ? &conn->wire : &conn->out;
}

static void conn_written(uv_write_t *write, int status)
{
    struct conn *conn = write->data;
    conn->writing = false;
    if (conn->end == CONN_DEAD)
        return;
    if (status < 0) {
        conn_doom(conn);
    } else {
        queue_consume(wire_of(conn), conn->write_len);
        conn->taken_ms = now_of(conn);
        conn_flush(conn);
    }
    conn_settle(conn);
}

static void write_rest(struct conn *conn, struct queue *queue)
{
    uv_buf_t pieces[PIECES_MAX];
    unsigned count = queue_peek(queue, pieces, PIECES_MAX);
    conn->write_len = 0;
    for (unsigned i = 0; i < count; i++)
        conn->write_len += pieces[i].len;
    conn->write.data = conn;
    if (uv_write(&conn->write, &conn->uv.stream, pieces, count, conn_written))
        conn_doom(conn);
    else
        conn->writing = true;
}

/* Writes the first pieces; false: the socket takes no more now. */
static bool write_some(struct conn *conn, struct queue *queue)
{
    uv_buf_t pieces[PIECES_MAX];
    unsigned count = queue_peek(queue, pieces, PIECES_MAX);
    size_t wanted = 0;
    for (unsigned i = 0; i < count; i++)
        wanted += pieces[i].len;
    int taken = uv_try_write(&conn->uv.stream, pieces, count);
    if (taken < 0 && taken != UV_EAGAIN) {
        conn_doom(conn);
        return false;
    }
    if (taken > 0) {
        queue_consume(queue, (size_t)taken);
        conn->taken_ms = now_of(conn);
        if ((size_t)taken == wanted)
            return true;
    }
    write_rest(conn, queue);
    return false;
}

/* A Unix peer that has ended its side gets the answers it is owed. */
static bool lines_answered(const struct conn *conn)
{
    return conn->end == CONN_LIVE && conn->phase == CONN_LINES &&
           conn->peer_ended && !conn->paused && !conn->resume_listed &&
           conn->messages_out >= conn->messages_in;
}

void conn_flush(struct conn *conn)
{
    struct queue *queue = wire_of(conn);
    for (;;) {
        if (conn->end >= CONN_DOOMED)
            return;
        if (conn->tls && !tls_drain(conn->tls, &conn->out, &conn->wire)) {
            conn_doom(conn);
            return;
        }
        if (conn->writing)
            return;
        if (queue->len) {
            if (!write_some(conn, queue))
                return;
            continue;
        }
        if (lines_answered(conn))
            conn_finish(conn);
        if (conn->end != CONN_CLOSING || conn->out.len)
            return;
        if (conn->tls)
            tls_end(conn->tls, &conn->wire);
        if (!queue->len) {
            conn_shut(conn);
            return;
        }
    }
}

static bool conn_queued(struct conn *conn)
{
    size_t max = conn->server->options.out_queue_bytes_max;
    if (conn->out.len + conn->wire.len > max || conn->out.len >= flush_bytes)
        conn_flush(conn);
    if (conn->end != CONN_LIVE)
        return false;
    if (conn->out.len + conn->wire.len > max) {
        conn->server->stats.closed_slow++;
        conn_doom(conn);
        return false;
    }
    conn_settle_later(conn);
    return true;
}

bool conn_write(struct conn *conn, const char *bytes, size_t len)
{
    if (conn->end != CONN_LIVE)
        return false;
    if (!queue_append(&conn->out, bytes, len)) {
        conn_doom(conn);
        return false;
    }
    return conn_queued(conn);
}

bool conn_write_owned(struct conn *conn, char *bytes, size_t len)
{
    if (conn->end != CONN_LIVE) {
        free(bytes);
        return false;
    }
    if (!queue_append_owned(&conn->out, bytes, len)) {
        conn_doom(conn);
        return false;
    }
    return conn_queued(conn);
}

/* ---- input -------------------------------------------------------------- */

static bool conn_takes(const struct conn *conn)
{
    return conn->end == CONN_LIVE && !conn->paused &&
           conn->phase != CONN_WAITING && !conn->server->draining;
}

static size_t take_one(struct conn *conn, char *bytes, size_t len)
{
    switch (conn->phase) {
    case CONN_LINES:
        return lines_take(conn, bytes, len);
    case CONN_HTTP:
        return web_http_take(conn, bytes, len);
    case CONN_WEBSOCKET:
        return web_socket_take(conn, bytes, len);
    case CONN_WAITING:
        break;
    }
    return 0;
}

/* Hands out what is whole; the bytes used. */
static size_t take_all(struct conn *conn, char *bytes, size_t len)
{
    size_t used = 0;
    while (used < len && conn_takes(conn) && len - used >= conn->needed) {
        size_t step = take_one(conn, bytes + used, len - used);
        if (!step)
            break;
        used += step;
    }
    return used;
}

static size_t take_kept(struct conn *conn)
{
    struct buffer *in = &conn->in;
    if (!in->len)
        return 0;
    size_t used = take_all(conn, in->data + in->start, in->len);
    buffer_consume(in, used);
    if (conn->end != CONN_LIVE)
        buffer_free(in);
    return used;
}

static void conn_input(struct conn *conn, char *bytes, size_t len)
{
    bool waited = conn->in.len != 0;
    size_t used = 0;
    if (!waited)
        used = take_all(conn, bytes, len);
    if (conn->end != CONN_LIVE)
        return;
    if (!buffer_append(&conn->in, bytes + used, len - used)) {
        conn_doom(conn);
        return;
    }
    if (waited)
        used = take_kept(conn);
    /* The clock of a request starts with its first byte, not with each. */
    if (conn->phase == CONN_HTTP && (used || !waited))
        conn->since_ms = now_of(conn);
}

/* A Unix peer that has closed, not only ended its sending side. */
static bool peer_gone(const struct conn *conn)
{
    struct pollfd poller = {.events = POLLIN};
    return uv_fileno(&conn->uv.handle, &poller.fd) ||
           (poll(&poller, 1, 0) == 1 && (poller.revents & POLLHUP));
}

static void conn_ended(struct conn *conn)
{
    conn->peer_ended = true;
    if (conn->end == CONN_LINGER) {
        conn_doom(conn);
        return;
    }
    conn_settle_later(conn);
    if (conn->end != CONN_LIVE)
        return;
    if (conn->phase == CONN_LINES && !peer_gone(conn))
        conn->since_ms = now_of(conn);
    else if (conn->phase == CONN_WAITING)
        conn->keep_alive = false;
    else
        conn_doom(conn);
}

static void tls_input(struct conn *conn, const char *bytes, size_t len)
{
    struct net_server *server = conn->server;
    if (!tls_feed(conn->tls, bytes, len)) {
        conn_doom(conn);
        return;
    }
    while (conn->end == CONN_LIVE) {
        int plain = tls_read(conn->tls, server->plain_bytes,
                             sizeof(server->plain_bytes));
        if (plain == -1)
            conn_doom(conn);
        else if (plain == -2)
            conn_ended(conn);
        if (plain <= 0)
            break;
        conn_input(conn, server->plain_bytes, (size_t)plain);
    }
    conn_settle_later(conn); /* the handshake's answers */
}

static void read_place(uv_handle_t *handle, size_t wanted, uv_buf_t *place)
{
    struct conn *conn = handle->data;
    (void)wanted;
    place->base = conn->server->read_bytes;
    place->len = sizeof(conn->server->read_bytes);
}

static void conn_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *place)
{
    struct conn *conn = stream->data;
    if (len == 0)
        return;
    conn->heard_ms = now_of(conn);
    conn->pinged = false;
    if (len == UV_EOF)
        conn_ended(conn);
    else if (len < 0)
        conn_doom(conn);
    else if (conn->end == CONN_LIVE && conn->tls)
        tls_input(conn, place->base, (size_t)len);
    else if (conn->end == CONN_LIVE)
        conn_input(conn, place->base, (size_t)len);
    /* After LIVE it is thrown away: the peer shall read our last words. */
    conn_settle(conn);
}

static bool conn_wants_reading(const struct conn *conn)
{
    if (conn->peer_ended)
        return false;
    if (conn->end != CONN_LIVE)
        return true;
    if (conn->paused || conn->server->draining)
        return false;
    return conn->phase != CONN_WAITING || conn->in.len < NET_READ_BYTES;
}

void conn_settle(struct conn *conn)
{
    if (conn->end == CONN_DEAD)
        return;
    bool wanted = conn->end != CONN_DOOMED && conn_wants_reading(conn);
    if (wanted && !conn->reading &&
        uv_read_start(&conn->uv.stream, read_place, conn_read))
        conn_doom(conn);
    if (!wanted && conn->reading)
        (void)uv_read_stop(&conn->uv.stream);
    conn->reading = wanted;
    if (conn->end == CONN_DOOMED)
        conn_destroy(conn);
}

void conn_wake(struct conn *conn)
{
    struct net_server *server = conn->server;
    if (conn->resume_listed || (conn->reading && !conn->in.len))
        return;
    conn->resume_listed = true;
    server->resume_count++;
    TAILQ_INSERT_TAIL(&server->resume_list, conn, resume_entry);
    server_resume(server);
}

void conn_continue(struct conn *conn)
{
    (void)take_kept(conn);
    if (conn->peer_ended)
        conn_settle_later(conn);
    conn_settle(conn);
}

/* ---- the beginning ------------------------------------------------------ */

static void unix_describe(struct conn *conn)
{
    struct ucred peer;
    socklen_t len = sizeof(peer);
    uv_os_fd_t fd;
    memcpy(conn->peer, "unix", sizeof("unix"));
    conn->uid = UINT32_MAX;
    if (!uv_fileno(&conn->uv.handle, &fd) &&
        !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len))
        conn->uid = peer.uid;
}

static void tcp_describe(struct conn *conn)
{
    struct sockaddr_storage address;
    int len = sizeof(address);
    static const char mapped[] = "::ffff:";
    char text[INET6_ADDRSTRLEN] = "";
    memset(&address, 0, sizeof(address));
    if (!uv_tcp_getpeername(&conn->uv.tcp, (struct sockaddr *)&address, &len))
        (void)uv_ip_name((struct sockaddr *)&address, text, sizeof(text));
    size_t skip = sizeof(mapped) - 1;
    if (strncmp(text, mapped, skip) || !strchr(text, '.'))
        skip = 0;
    memcpy(conn->peer, text + skip, sizeof(text) - skip);
    (void)uv_tcp_nodelay(&conn->uv.tcp, 1);
    (void)uv_tcp_keepalive(&conn->uv.tcp, 1, keepalive_seconds);
}

bool conn_open(struct conn *conn, enum net_kind kind)
{
    struct net_server *server = conn->server;
    const struct net_handler *handler = &server->handler;
    uint64_t before = conn->id;
    --*open_count(server, conn->kind);
    conn->kind = kind;
    ++*open_count(server, kind);
    if (conn->opened) {
        conn->opened = false;
        table_renumber(conn);
        handler->on_close(handler->ctx, before);
    }
    conn->opened = handler->on_open(handler->ctx, conn->id, kind, conn->peer);
    if (conn->opened)
        return conn->end == CONN_LIVE;
    server->stats.refused_handler++;
    if (kind != NET_UNIX)
        web_http_busy(conn);
    else if (lines_send(conn, server->options.busy_reply.data,
                        server->options.busy_reply.len))
        conn_finish(conn);
    return false;
}

/* Above the limits: told so and closed, without the daemon knowing. */
static void conn_refuse(struct conn *conn)
{
    struct net_server *server = conn->server;
    const struct net_bytes *reply = &server->options.busy_reply;
    server->stats.refused_limit++;
    if (server->tls && conn->kind != NET_UNIX)
        conn_doom(conn);
    else if (conn->kind != NET_UNIX)
        web_http_busy(conn);
    else if (lines_send(conn, reply->data, reply->len))
        conn_finish(conn);
}

static bool within_limits(const struct conn *conn)
{
    const struct net_server *server = conn->server;
    const struct net_options *options = &server->options;
    if (server->conns_count >= options->connections_max)
        return false;
    return conn->kind == NET_UNIX || table_count(server, conn->peer) <
                                         options->connections_per_address_max;
}

static void conn_begin(struct conn *conn)
{
    struct net_server *server = conn->server;
    if (!table_take(conn)) {
        /* Not even a seat to be refused on. */
        server->stats.refused_limit++;
        conn->end = CONN_DEAD;
        uv_close(&conn->uv.handle, conn_closed);
        return;
    }
    if (!within_limits(conn)) {
        conn_refuse(conn);
        conn_settle(conn);
        return;
    }
    conn->counted = true;
    server->conns_count++;
    server->stats.accepted++;
    ++*open_count(server, conn->kind);
    if (server->tls && conn->kind != NET_UNIX) {
        conn->tls = tls_new(server->tls);
        if (!conn->tls)
            conn_doom(conn);
    }
    if (conn->kind == NET_UNIX)
        (void)conn_open(conn, NET_UNIX);
    conn_settle(conn);
}

bool conn_accept(struct net_server *server, uv_stream_t *listener, bool is_unix)
{
    struct conn *conn = calloc(1, sizeof(*conn));
    if (!conn)
        return false;
    conn->server = server;
    conn->kind = is_unix ? NET_UNIX : NET_HTTP;
    conn->phase = is_unix ? CONN_LINES : CONN_HTTP;
    conn->since_ms = now_of(conn);
    conn->heard_ms = conn->since_ms;
    conn->taken_ms = conn->since_ms;
    int failed = is_unix ? uv_pipe_init(server->loop, &conn->uv.pipe, 0)
                         : uv_tcp_init(server->loop, &conn->uv.tcp);
    if (failed) {
        free(conn);
        return false;
    }
    conn->uv.handle.data = conn;
    server->handles_open++;
    if (uv_accept(listener, &conn->uv.stream)) {
        conn->end = CONN_DEAD;
        uv_close(&conn->uv.handle, conn_closed);
        return true;
    }
    if (is_unix)
        unix_describe(conn);
    else
        tcp_describe(conn);
    conn_begin(conn);
    return true;
}
