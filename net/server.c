/*
 * The server's life: options copied, sockets bound, three service handles
 * (flusher, resumer, sweeper), and the end. The number of open handles tells
 * when the end is reached: connections and listeners first, then the service
 * handles, then the memory.
 */
#include "net/server.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "net/lines.h"
#include "net/listener.h"
#include "net/overdue.h"
#include "net/table.h"
#include "net/tls.h"
#include "net/web_http.h"
#include "net/web_socket.h"

#define SERVICE_HANDLES 3

/* Connections above the limit that may be told so at one time. */
static const uint32_t refusal_seats = 64;
static const uint32_t connections_max_max = 1u << 20;
static const size_t origin_bytes_max = 255;
static const uint64_t sweep_ms_min = 10;
static const uint64_t sweep_ms_max = 500;
static const uint64_t end_sweep_ms = 20;

const char *net_result_text(enum net_result result)
{
    switch (result) {
    case NET_OK:
        return "ok";
    case NET_NO_MEMORY:
        return "no memory";
    case NET_OPTION_INVALID:
        return "invalid address, path, limit or inherited socket";
    case NET_SOCKET_BUSY:
        return "another process answers on the socket";
    case NET_LISTEN_FAILED:
        return "cannot listen";
    case NET_LIBRARY_FAILED:
        return "a handle of the event loop could not be made";
    case NET_TLS_FAILED:
        return "certificate or key unreadable, or not a pair";
    }
    return "unknown";
}

void net_options_default(struct net_options *options)
{
    static const char *const paths[] = {"/ws/api/v2"};
    static const char oversize[] =
        "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32600,"
        "\"message\":\"Invalid Request\",\"data\":{\"reason\":"
        "\"message too long\"}}}";
    static const char busy[] =
        "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32005,"
        "\"message\":\"too many connections\",\"data\":{"
        "\"retry_after_ms\":1000}}}";
    *options = (struct net_options){
        .unix_mode = 0660,
        .address = "127.0.0.1",
        .port = 8650,
        .message_bytes_max = 256 * 1024,
        .out_queue_bytes_max = 8 * 1024 * 1024,
        .connections_max = 1024,
        .connections_per_address_max = 256,
        .request_ms_max = 10000,
        .idle_ms_max = 60000,
        .ping_ms = 20000,
        .pong_ms_max = 60000,
        .stall_ms_max = 20000,
        .websocket_paths = paths,
        .websocket_paths_count = 1,
        .oversize_reply = {oversize, sizeof(oversize) - 1},
        .busy_reply = {busy, sizeof(busy) - 1},
    };
}

/* ---- copies of the options ---------------------------------------------- */

static void list_free(const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free((void *)(uintptr_t)list[i]);
    free((void *)(uintptr_t)list);
}

/* A copy of count texts; NULL: no memory. */
static const char *const *list_copy(const char *const *list, size_t count)
{
    const char **copy = calloc(count + 1, sizeof(*copy));
    if (!copy)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        copy[i] = strdup(list[i]);
        if (!copy[i]) {
            list_free(copy, i);
            return NULL;
        }
    }
    return copy;
}

static bool bytes_copy(struct net_bytes *bytes)
{
    char *copy = malloc(bytes->len + 1);
    if (copy)
        memcpy(copy, bytes->data, bytes->len);
    bytes->data = copy;
    return copy != NULL;
}

static bool options_valid(const struct net_options *options)
{
    if (!options->message_bytes_max || !options->out_queue_bytes_max ||
        options->message_bytes_max > UINT32_MAX ||
        options->out_queue_bytes_max > UINT32_MAX ||
        !options->connections_max ||
        options->connections_max > connections_max_max ||
        !options->connections_per_address_max ||
        !options->oversize_reply.data || !options->busy_reply.data ||
        !options->tls_certificate_path != !options->tls_key_path)
        return false;
    for (size_t i = 0; i < options->cors_origins_count; i++) {
        const char *origin = options->cors_origins[i];
        if (strlen(origin) > origin_bytes_max)
            return false;
        for (; *origin; origin++) {
            if (*origin <= ' ' || *origin > '~')
                return false;
        }
    }
    return true;
}

static bool options_copy(struct net_server *server)
{
    struct net_options *own = &server->options;
    const char *const *origins = own->cors_origins;
    const char *const *paths = own->websocket_paths;
    own->unix_path = NULL;
    own->address = NULL;
    own->listen_fds = NULL;
    own->tls_certificate_path = NULL;
    own->tls_key_path = NULL;
    own->cors_origins = list_copy(origins, own->cors_origins_count);
    own->websocket_paths = list_copy(paths, own->websocket_paths_count);
    bool copied = bytes_copy(&own->oversize_reply);
    copied = bytes_copy(&own->busy_reply) && copied;
    return copied && own->cors_origins && own->websocket_paths;
}

/* ---- the last handle ---------------------------------------------------- */

static void server_free(struct net_server *server)
{
    struct net_options *own = &server->options;
    if (own->cors_origins)
        list_free(own->cors_origins, own->cors_origins_count);
    if (own->websocket_paths)
        list_free(own->websocket_paths, own->websocket_paths_count);
    free((void *)(uintptr_t)own->oversize_reply.data);
    free((void *)(uintptr_t)own->busy_reply.data);
    for (size_t i = 0; i < server->listeners_count; i++)
        listener_close(&server->listeners[i]);
    tls_context_free(server->tls);
    free(server->listeners);
    free(server->slots);
    free(server->generations);
    free(server->slots_free);
    free(server);
}

static void service_closed(uv_handle_t *handle)
{
    struct net_server *server = handle->data;
    server_handle_closed(server);
}

void server_handle_closed(struct net_server *server)
{
    server->handles_open--;
    if (server->ending && server->handles_open == SERVICE_HANDLES) {
        uv_close((uv_handle_t *)&server->flusher, service_closed);
        uv_close((uv_handle_t *)&server->resumer, service_closed);
        uv_close((uv_handle_t *)&server->sweeper, service_closed);
    }
    if (server->handles_open)
        return;
    void (*done)(void *) = server->done;
    void *ctx = server->done_ctx;
    server_free(server);
    if (done)
        done(ctx);
}

/* ---- service handles ---------------------------------------------------- */

static void flush_all(uv_prepare_t *flusher)
{
    struct net_server *server = flusher->data;
    struct conn *conn;
    while ((conn = TAILQ_FIRST(&server->flush_list))) {
        TAILQ_REMOVE(&server->flush_list, conn, flush_entry);
        conn->flush_listed = false;
        conn_flush(conn);
        conn_settle(conn);
    }
}

static void resume_all(uv_idle_t *resumer)
{
    struct net_server *server = resumer->data;
    /* Those listed by the handlers meanwhile wait for the next iteration. */
    for (uint32_t count = server->resume_count; count; count--) {
        struct conn *conn = TAILQ_FIRST(&server->resume_list);
        if (!conn)
            break;
        TAILQ_REMOVE(&server->resume_list, conn, resume_entry);
        conn->resume_listed = false;
        server->resume_count--;
        conn_continue(conn);
    }
    if (!server->resume_count)
        (void)uv_idle_stop(resumer);
}

void server_resume(struct net_server *server)
{
    (void)uv_idle_start(&server->resumer, resume_all);
}

static void sweep_all(uv_timer_t *sweeper)
{
    struct net_server *server = sweeper->data;
    uint64_t now_ms = uv_now(server->loop);
    for (size_t i = 0; i < server->listeners_count; i++)
        listener_retry(&server->listeners[i]);
    for (uint32_t i = 0; i < server->slots_count; i++) {
        if (server->slots[i])
            overdue_sweep(server->slots[i], now_ms);
    }
}

static uint64_t sweep_interval(const struct net_options *options)
{
    const uint64_t limits[] = {
        options->request_ms_max,   options->idle_ms_max,
        options->unix_idle_ms_max, options->ping_ms,
        options->pong_ms_max,      options->stall_ms_max};
    uint64_t interval = sweep_ms_max;
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        if (limits[i] && limits[i] / 4 < interval)
            interval = limits[i] / 4;
    }
    return interval < sweep_ms_min ? sweep_ms_min : interval;
}

/* None of these can fail in libuv. */
static void service_start(struct net_server *server)
{
    uint64_t interval = sweep_interval(&server->options);
    check(!uv_prepare_init(server->loop, &server->flusher));
    check(!uv_idle_init(server->loop, &server->resumer));
    check(!uv_timer_init(server->loop, &server->sweeper));
    server->flusher.data = server;
    server->resumer.data = server;
    server->sweeper.data = server;
    server->handles_open = SERVICE_HANDLES;
    check(!uv_prepare_start(&server->flusher, flush_all));
    check(!uv_timer_start(&server->sweeper, sweep_all, interval, interval));
    uv_unref((uv_handle_t *)&server->flusher);
    uv_unref((uv_handle_t *)&server->sweeper);
}

/* ---- the orderly end ---------------------------------------------------- */

void net_drain(struct net_server *server)
{
    if (server->draining)
        return;
    server->draining = true;
    /* Connections that are not read keep no loop alive; the sweeper then is
     * all there is to flush and to end them. */
    uv_ref((uv_handle_t *)&server->sweeper);
    for (size_t i = 0; i < server->listeners_count; i++)
        listener_close(&server->listeners[i]);
    for (uint32_t i = 0; i < server->slots_count; i++) {
        if (server->slots[i])
            conn_settle_later(server->slots[i]);
    }
}

void net_shutdown(struct net_server *server, uint64_t grace_ms,
                  void (*done)(void *ctx), void *ctx)
{
    check(!server->ending);
    server->done = done;
    server->done_ctx = ctx;
    net_drain(server);
    server->ending = true;
    uv_update_time(server->loop);
    server->end_ms = uv_now(server->loop) + grace_ms;
    for (uint32_t i = 0; i < server->slots_count; i++) {
        if (server->slots[i])
            conn_retire(server->slots[i]);
    }
    check(!uv_timer_start(&server->sweeper, sweep_all, 0, end_sweep_ms));
    /* As if one more handle had closed: there may be none left to do so. */
    server->handles_open++;
    server_handle_closed(server);
}

/* ---- the beginning ------------------------------------------------------ */

static enum net_result listeners_bind(struct net_server *server,
                                      const struct net_options *options)
{
    struct listener *all = server->listeners;
    enum net_result result = NET_OK;
    size_t *count = &server->listeners_count;
    if (options->unix_path)
        result = listener_bind_unix(&all[(*count)++], options->unix_path,
                                    options->unix_mode);
    if (result == NET_OK && options->address)
        result = listener_bind_tcp(&all[(*count)++], options->address,
                                   options->port);
    for (size_t i = 0; result == NET_OK && i < options->listen_fds_count; i++)
        result = listener_adopt(&all[(*count)++], options->listen_fds[i]);
    for (size_t i = 0; result == NET_OK && i < *count; i++) {
        if (!server->port)
            server->port = listener_port(&all[i]);
    }
    return result;
}

/* A caller whose create fails keeps the sockets it passed in. */
static void inherited_return(struct net_server *server)
{
    for (size_t i = 0; i < server->listeners_count; i++) {
        if (server->listeners[i].inherited)
            server->listeners[i].fd = -1;
    }
}

static enum net_result tables_make(struct net_server *server,
                                   const struct net_options *options)
{
    uint32_t count = options->connections_max + refusal_seats;
    size_t listeners = options->listen_fds_count + 2;
    server->slots_count = count;
    server->slots = calloc(count, sizeof(*server->slots));
    server->generations = calloc(count, sizeof(*server->generations));
    server->slots_free = calloc(count, sizeof(*server->slots_free));
    server->listeners = calloc(listeners, sizeof(*server->listeners));
    if (!options_copy(server) || !server->slots || !server->generations ||
        !server->slots_free || !server->listeners)
        return NET_NO_MEMORY;
    for (size_t i = 0; i < listeners; i++)
        server->listeners[i].fd = -1;
    for (uint32_t i = 0; i < count; i++)
        server->slots_free[i] = count - 1 - i;
    server->slots_free_count = count;
    TAILQ_INIT(&server->flush_list);
    TAILQ_INIT(&server->resume_list);
    return NET_OK;
}

static enum net_result server_prepare(struct net_server *server,
                                      const struct net_options *options)
{
    enum net_result result = tables_make(server, options);
    if (result == NET_OK && options->tls_certificate_path) {
        server->tls = tls_context_new(options->tls_certificate_path,
                                      options->tls_key_path);
        if (!server->tls)
            result = NET_TLS_FAILED;
    }
    if (result == NET_OK)
        result = listeners_bind(server, options);
    return result;
}

enum net_result net_server_create(struct net_server **server,
                                  struct uv_loop_s *loop,
                                  const struct net_options *options,
                                  const struct net_handler *handler)
{
    *server = NULL;
    if (!options_valid(options))
        return NET_OPTION_INVALID;
    struct net_server *made = calloc(1, sizeof(*made));
    if (!made)
        return NET_NO_MEMORY;
    made->loop = loop;
    made->options = *options;
    made->handler = *handler;
    enum net_result result = server_prepare(made, options);
    if (result != NET_OK) {
        inherited_return(made);
        server_free(made);
        return result;
    }
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    check(!sigaction(SIGPIPE, &ignore, NULL));
    service_start(made);
    for (size_t i = 0; result == NET_OK && i < made->listeners_count; i++)
        result = listener_start(&made->listeners[i], made);
    if (result != NET_OK) {
        net_shutdown(made, 0, NULL, NULL);
        return result;
    }
    *server = made;
    return NET_OK;
}

/* ---- what the daemon asks for ------------------------------------------- */

uint16_t net_port(const struct net_server *server)
{
    return server->port;
}

/* The connection if it takes messages. */
static struct conn *conn_sendable(struct net_server *server, uint64_t id)
{
    struct conn *conn = table_find(server, id);
    if (!conn || conn->end != CONN_LIVE)
        return NULL;
    return conn->phase == CONN_LINES || conn->phase == CONN_WEBSOCKET ? conn
                                                                      : NULL;
}

static void message_counted(struct conn *conn, size_t len)
{
    conn->messages_out++;
    conn->server->stats.messages_out++;
    conn->server->stats.bytes_out += len;
}

bool net_send(struct net_server *server, uint64_t conn, const char *bytes,
              size_t len)
{
    struct conn *found = conn_sendable(server, conn);
    if (!found)
        return false;
    message_counted(found, len);
    return found->phase == CONN_LINES ? lines_send(found, bytes, len)
                                      : web_socket_send(found, bytes, len);
}

bool net_send_owned(struct net_server *server, uint64_t conn, char *bytes,
                    size_t len)
{
    struct conn *found = conn_sendable(server, conn);
    if (!found) {
        free(bytes);
        return false;
    }
    message_counted(found, len);
    return found->phase == CONN_LINES
               ? lines_send_owned(found, bytes, len)
               : web_socket_send_owned(found, bytes, len);
}

bool net_http_reply(struct net_server *server, uint64_t conn, uint32_t status,
                    const char *content_type, const char *body, size_t len,
                    uint32_t headers)
{
    struct conn *found = table_find(server, conn);
    if (!found)
        return false;
    bool queued =
        web_http_reply(found, status, content_type, body, len, headers);
    if (queued)
        server->stats.bytes_out += len;
    return queued;
}

void net_pause(struct net_server *server, uint64_t conn)
{
    struct conn *found = table_find(server, conn);
    if (!found)
        return;
    found->paused = true;
    conn_settle_later(found);
}

void net_resume(struct net_server *server, uint64_t conn)
{
    struct conn *found = table_find(server, conn);
    if (!found || !found->paused)
        return;
    found->paused = false;
    conn_wake(found);
}

void net_close_conn(struct net_server *server, uint64_t conn)
{
    struct conn *found = table_find(server, conn);
    if (!found)
        return;
    if (found->phase == CONN_WEBSOCKET)
        web_socket_close(found, WEBSOCKET_NORMAL);
    else
        conn_finish(found);
}

bool net_peer_uid(const struct net_server *server, uint64_t conn, uint32_t *uid)
{
    const struct conn *found = table_find(server, conn);
    if (!found || found->kind != NET_UNIX || found->uid == UINT32_MAX)
        return false;
    *uid = found->uid;
    return true;
}

bool net_websocket_path(const struct net_server *server, uint64_t conn,
                        size_t *index)
{
    const struct conn *found = table_find(server, conn);
    if (!found || found->kind != NET_WEBSOCKET)
        return false;
    *index = found->websocket_path;
    return true;
}

void net_stats_read(const struct net_server *server, struct net_stats *stats)
{
    *stats = server->stats;
}
