#include "daemon/door.h"

#include "daemon/clock.h"
#include "daemon/notify.h"
#include "daemon/rate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RETRY_MS 100u
#define SHUT_GRACE_MS 3000u
#define RATE_PEERS 16384u
#define API "/api/v2"
#define DERIBIT "/deribit"
#define SOCKETS_MAX 8

/* A connection's side of things, by the slot in its number. */
struct guest {
    uint64_t conn; /* NET_CONN_NONE: nobody */
    enum net_kind kind;
    uint32_t in_flight;
    bool is_paused;
    char peer[48];
};

struct door {
    struct door_options options;
    struct net_server *server;
    struct ticket_pool pool;
    struct rate_table *rates;
    struct guest *guests; /* by slot */
    uint32_t guest_count;
};

static struct guest *guest_of(const struct door *self, uint64_t conn)
{
    uint32_t slot = (uint32_t)conn;
    struct guest *guest = slot < self->guest_count ? &self->guests[slot] : NULL;

    return guest && guest->conn == conn ? guest : NULL;
}

bool door_is_connected(const struct door *self, uint64_t conn)
{
    return guest_of(self, conn) != NULL;
}

/* ---- coming and going ------------------------------------------------- */

static bool on_open(void *ctx, uint64_t conn, enum net_kind kind,
                    const char *peer)
{
    struct door *self = ctx;
    uint32_t slot = (uint32_t)conn;

    if (slot >= self->guest_count)
        return false;
    self->guests[slot] = (struct guest){.conn = conn, .kind = kind};
    (void)snprintf(self->guests[slot].peer, sizeof self->guests[slot].peer,
                   "%s", peer);
    return true;
}

static void on_close(void *ctx, uint64_t conn)
{
    struct guest *guest = guest_of(ctx, conn);

    if (guest)
        guest->conn = NET_CONN_NONE;
}

/* ---- requests --------------------------------------------------------- */

/* Answers without a ticket. */
static void answer_busy(struct door *self, const struct guest *guest,
                        uint32_t retry_ms)
{
    char text[256];
    size_t size = rpc_reply_busy(text, sizeof text, retry_ms);

    if (guest->kind == NET_HTTP)
        (void)net_http_reply(self->server, guest->conn, 200, "application/json",
                             text, size, NET_HEADER_RETRY_AFTER);
    else
        (void)net_send(self->server, guest->conn, text, size);
}

/* May this peer ask now? Answers when not. */
static bool is_within_rate(struct door *self, const struct guest *guest)
{
    uint32_t wait_ms;

    if (guest->kind == NET_UNIX)
        return true;
    wait_ms = rate_take(self->rates, guest->peer, strlen(guest->peer),
                        clock_steady_ns());
    if (wait_ms == 0)
        return true;
    self->options.metrics->busy_address++;
    answer_busy(self, guest, wait_ms);
    return false;
}

/* A ticket of so many bytes for this guest, or NULL: answered. */
static struct ticket *admit(struct door *self, struct guest *guest,
                            const char *bytes, size_t size)
{
    enum rpc_urgency urgency = rpc_peek_urgency(bytes, size);
    struct ticket *ticket = NULL;

    self->options.metrics->requests++;
    if (!is_within_rate(self, guest))
        return NULL;
    if (workers_has_room(self->options.workers, urgency, size))
        ticket = ticket_create(&self->pool, size);
    if (!ticket) {
        self->options.metrics->busy_full++;
        answer_busy(self, guest, RETRY_MS);
        return NULL;
    }
    memcpy(ticket->bytes, bytes, size);
    ticket->conn = guest->conn;
    ticket->received_us = clock_wall_us();
    ticket->received_ns = clock_steady_ns();
    return ticket;
}

static void send_in(struct door *self, struct guest *guest,
                    struct ticket *ticket)
{
    workers_add(self->options.workers, ticket);
    guest->in_flight++;
    if (guest->in_flight < self->options.config->in_flight)
        return;
    guest->is_paused = true;
    net_pause(self->server, guest->conn);
}

static void on_message(void *ctx, uint64_t conn, const char *bytes, size_t len)
{
    struct door *self = ctx;
    struct guest *guest = guest_of(self, conn);
    struct ticket *ticket = guest ? admit(self, guest, bytes, len) : NULL;
    size_t path;

    if (!ticket)
        return;
    ticket->transport = guest->kind == NET_UNIX ? RPC_UNIX : RPC_WEBSOCKET;
    if (net_websocket_path(self->server, conn, &path) && path == 1)
        ticket->dialect = RPC_DERIBIT;
    send_in(self, guest, ticket);
}

/* ---- HTTP ------------------------------------------------------------- */

static void post(struct door *self, struct guest *guest,
                 const struct net_http_request *request,
                 enum rpc_dialect dialect)
{
    struct ticket *ticket =
        admit(self, guest, request->body, request->body_len);

    if (!ticket)
        return;
    ticket->transport = RPC_HTTP_POST;
    ticket->dialect = dialect;
    send_in(self, guest, ticket);
}

/* "name=value" with an equals sign to "name NUL value NUL". */
static size_t write_query(char *to, const struct net_query *query)
{
    const char *sign = memchr(query->text, '=', query->len);
    size_t name = sign ? (size_t)(sign - query->text) : query->len;

    memcpy(to, query->text, query->len);
    if (sign) {
        to[name] = '\0';
        to[query->len] = '\0';
        return query->len + 1;
    }
    to[query->len] = '\0';
    to[query->len + 1] = '\0';
    return query->len + 2;
}

static void get(struct door *self, struct guest *guest, const char *method,
                const struct net_http_request *request,
                enum rpc_dialect dialect)
{
    size_t size = strlen(method) + 1, count = request->queries_count;
    struct ticket *ticket;
    char *bytes;

    if (count > TICKET_PARAMS_MAX)
        count = TICKET_PARAMS_MAX;
    for (size_t i = 0; i < count; i++)
        size += request->queries[i].len + 2;
    bytes = malloc(size);
    if (!bytes) {
        answer_busy(self, guest, RETRY_MS);
        return;
    }
    size = strlen(method) + 1;
    memcpy(bytes, method, size);
    for (size_t i = 0; i < count; i++)
        size += write_query(bytes + size, &request->queries[i]);
    ticket = admit(self, guest, bytes, size);
    free(bytes);
    if (!ticket)
        return;
    ticket->method = ticket->bytes;
    ticket->param_count = (uint32_t)count;
    ticket->transport = RPC_HTTP_GET;
    ticket->dialect = dialect;
    send_in(self, guest, ticket);
}

/* What follows the API's root in a path, and the dialect of that root; NULL:
 * the path is no call. */
static const char *call_of(const char *path, enum rpc_dialect *dialect)
{
    *dialect = RPC_EXACT;
    if (strncmp(path, DERIBIT, strlen(DERIBIT)) == 0) {
        *dialect = RPC_DERIBIT;
        path += strlen(DERIBIT);
    }
    if (strncmp(path, API, strlen(API)) != 0)
        return NULL;
    path += strlen(API);
    return *path == '/' || *path == '\0' ? path : NULL;
}

static void on_http(void *ctx, uint64_t conn,
                    const struct net_http_request *request)
{
    struct door *self = ctx;
    struct guest *guest = guest_of(self, conn);
    enum rpc_dialect dialect;
    const char *call = call_of(request->path, &dialect);

    if (!guest)
        return;
    if (request->method == NET_POST && call && *call == '\0')
        post(self, guest, request, dialect);
    else if (request->method == NET_GET && call && *call == '/')
        get(self, guest, call + 1, request, dialect);
    else if (request->method == NET_GET)
        self->options.page(self->options.ctx, conn, request->path);
    else
        (void)net_http_reply(self->server, conn, call ? 404 : 405, NULL, NULL,
                             0, call ? 0 : NET_HEADER_ALLOW_GET);
}

/* ---- replies ---------------------------------------------------------- */

static void reply_http(struct door *self, const struct ticket *ticket)
{
    if (ticket->reply)
        (void)net_http_reply(self->server, ticket->conn, 200,
                             "application/json", ticket->reply,
                             ticket->reply_size, 0);
    else
        (void)net_http_reply(self->server, ticket->conn, 204, NULL, NULL, 0, 0);
}

void door_reply(struct door *self, struct ticket *ticket)
{
    struct guest *guest = guest_of(self, ticket->conn);

    if (guest && !ticket->message) { /* memory was short for it */
        answer_busy(self, guest, RETRY_MS);
    } else if (guest && guest->kind == NET_HTTP) {
        reply_http(self, ticket);
    } else if (guest && ticket->reply) {
        (void)net_send_owned(self->server, ticket->conn, ticket->reply,
                             ticket->reply_size);
        ticket->reply = NULL;
    }
    /* Sending may have ended the connection. */
    guest = guest_of(self, ticket->conn);
    if (guest) {
        check(guest->in_flight > 0);
        guest->in_flight--;
        if (guest->is_paused &&
            guest->in_flight <= self->options.config->in_flight / 2) {
            guest->is_paused = false;
            net_resume(self->server, guest->conn);
        }
    }
    ticket_destroy(&self->pool, ticket);
}

/* ---- life ------------------------------------------------------------- */

void door_reload(struct door *self)
{
    rate_limit(self->rates, self->options.config->requests_per_second_address);
}

static enum net_result open_server(struct door *self)
{
    /* The second one speaks the Deribit dialect (on_message). */
    static const char *const websocket_paths[] = {"/ws/api/v2",
                                                  "/deribit/ws/api/v2"};
    const struct config *config = self->options.config;
    const struct net_handler handler = {self, on_open, on_message, on_http,
                                        on_close};
    const char *origins[CONFIG_ORIGINS_MAX];
    struct net_options options;
    int fds[SOCKETS_MAX];
    size_t fd_count = notify_sockets(fds, SOCKETS_MAX);

    net_options_default(&options);
    for (uint32_t i = 0; i < config->origin_count; i++)
        origins[i] = config->origins[i];
    options.unix_path = fd_count ? NULL : self->options.socket_path;
    options.unix_mode = 0660;
    options.address =
        fd_count || config->address[0] == '\0' ? NULL : config->address;
    options.port = config->port;
    options.listen_fds = fds;
    options.listen_fds_count = fd_count;
    if (config->tls_cert[0]) {
        options.tls_certificate_path = config->tls_cert;
        options.tls_key_path = config->tls_key;
    }
    options.message_bytes_max = config->message_bytes;
    options.connections_max = config->connections;
    options.connections_per_address_max = config->connections_per_address;
    options.cors_origins = origins;
    options.cors_origins_count = config->origin_count;
    options.websocket_paths = websocket_paths;
    options.websocket_paths_count = 2;
    return net_server_create(&self->server, self->options.loop, &options,
                             &handler);
}

struct door *door_open(const struct door_options *options,
                       enum net_result *result)
{
    struct door *self = calloc(1, sizeof *self);

    *result = NET_NO_MEMORY;
    if (!self)
        return NULL;
    self->options = *options;
    /* Slots of refused connections stand beside those within the limit. */
    self->guest_count = 2 * options->config->connections + 1024;
    self->guests = calloc(self->guest_count, sizeof *self->guests);
    self->rates = rate_create(RATE_PEERS);
    if (self->guests && self->rates) {
        door_reload(self);
        *result = open_server(self);
    }
    if (*result == NET_OK)
        return self;
    door_free(self);
    return NULL;
}

struct net_server *door_server(const struct door *self)
{
    return self->server;
}

void door_drain(struct door *self)
{
    net_drain(self->server);
}

void door_shut(struct door *self, void (*done)(void *ctx), void *ctx)
{
    net_shutdown(self->server, SHUT_GRACE_MS, done, ctx);
}

void door_free(struct door *self)
{
    if (!self)
        return;
    ticket_pool_free(&self->pool);
    rate_destroy(self->rates);
    free(self->guests);
    free(self);
}
