/*
 * A request is acted on when its head and body are all there; until then the
 * input is only counted, so a head is parsed at most twice. While a request
 * is with the daemon the next one stays in the input: replies keep the order
 * of requests without any bookkeeping.
 *
 * Refusals close the connection: after a request that is not understood,
 * nobody knows where the next one begins.
 */
#include "net/web_http.h"

#include <string.h>
#include <strings.h>

#include "net/web_socket.h"

static const char json_type[] = "application/json";
static const char text_type[] = "text/plain; charset=utf-8";

/* ---- replies ------------------------------------------------------------ */

static bool reply_queue(struct conn *conn, const struct http_reply *reply,
                        const char *body)
{
    char head[HTTP_REPLY_BYTES_MAX];
    size_t len = http_reply_write(head, sizeof(head), reply);
    check(len != 0);
    bool queued = conn_write(conn, head, len);
    if (queued && reply->content_type && !conn->head_only)
        queued = conn_write(conn, body, reply->body_len);
    conn->messages_out += queued;
    conn->server->stats.messages_out += queued;
    return queued;
}

static void refuse_with(struct conn *conn, uint32_t status,
                        const char *content_type, const char *body, size_t len,
                        uint32_t headers)
{
    struct http_reply reply = {.status = status,
                               .content_type = content_type,
                               .body_len = len,
                               .cors_origin = conn->cors_origin,
                               .headers = headers};
    if (reply_queue(conn, &reply, body))
        conn_finish(conn);
}

static void refuse(struct conn *conn, uint32_t status, uint32_t headers)
{
    static const char body[] = "refused\n";
    refuse_with(conn, status, text_type, body, sizeof(body) - 1, headers);
}

static void refuse_length(struct conn *conn)
{
    const struct net_bytes *body = &conn->server->options.oversize_reply;
    conn->server->stats.closed_oversize++;
    refuse_with(conn, 413, json_type, body->data, body->len, NET_HEADER_NONE);
}

void web_http_busy(struct conn *conn)
{
    const struct net_bytes *body = &conn->server->options.busy_reply;
    refuse_with(conn, 503, json_type, body->data, body->len,
                NET_HEADER_RETRY_AFTER);
}

bool web_http_reply(struct conn *conn, uint32_t status,
                    const char *content_type, const char *body, size_t len,
                    uint32_t headers)
{
    if (conn->phase != CONN_WAITING || conn->end != CONN_LIVE)
        return false;
    bool keep_alive = conn->keep_alive && !conn->server->ending &&
                      !(headers & NET_HEADER_CLOSE);
    struct http_reply reply = {.status = status,
                               .content_type = content_type,
                               .body_len = len,
                               .keep_alive = keep_alive,
                               .cors_origin = conn->cors_origin,
                               .headers = headers};
    conn->phase = CONN_HTTP;
    conn->since_ms = uv_now(conn->server->loop);
    if (!reply_queue(conn, &reply, body))
        return false;
    if (keep_alive)
        conn_wake(conn);
    else
        conn_finish(conn);
    return true;
}

/* ---- CORS --------------------------------------------------------------- */

/* The header's value for this origin: one of our own texts, or NULL. */
static const char *cors_match(const struct net_options *options,
                              struct http_text origin)
{
    for (size_t i = 0; origin.len && i < options->cors_origins_count; i++) {
        const char *allowed = options->cors_origins[i];
        if (!strcmp(allowed, "*") ||
            (strlen(allowed) == origin.len &&
             !strncasecmp(allowed, origin.data, origin.len)))
            return allowed;
    }
    return NULL;
}

static void options_answer(struct conn *conn)
{
    static const char preflight[] =
        "Allow: GET, HEAD, POST, OPTIONS\r\n"
        "Access-Control-Allow-Methods: GET, POST, OPTIONS\r\n"
        "Access-Control-Allow-Headers: Content-Type, Authorization\r\n"
        "Access-Control-Max-Age: 600\r\n";
    static const char plain[] = "Allow: GET, HEAD, POST, OPTIONS\r\n";
    struct http_reply reply = {.status = 204,
                               .keep_alive = conn->keep_alive,
                               .cors_origin = conn->cors_origin,
                               .extra = conn->cors_origin ? preflight : plain};
    if (reply_queue(conn, &reply, NULL) && !conn->keep_alive)
        conn_finish(conn);
}

/* ---- the WebSocket handshake -------------------------------------------- */

/* Finds the path among those that take WebSockets and notes which it is. */
static bool websocket_path(struct conn *conn, const char *path)
{
    const struct net_options *options = &conn->server->options;
    for (size_t i = 0; i < options->websocket_paths_count; i++) {
        conn->websocket_path = i;
        if (!strcmp(options->websocket_paths[i], path))
            return true;
    }
    return false;
}

static void version_refuse(struct conn *conn)
{
    struct http_reply reply = {.status = 426,
                               .extra = "Sec-WebSocket-Version: 13\r\n"};
    if (reply_queue(conn, &reply, NULL))
        conn_finish(conn);
}

static void handshake_answer(struct conn *conn, const char *accept)
{
    char extra[128] = "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                      "Sec-WebSocket-Accept: ";
    size_t len = strlen(extra);
    memcpy(extra + len, accept, WEBSOCKET_ACCEPT_BYTES);
    memcpy(extra + len + WEBSOCKET_ACCEPT_BYTES, "\r\n", 3);
    struct http_reply reply = {.status = 101, .extra = extra};
    conn->head_only = false;
    if (!reply_queue(conn, &reply, NULL))
        return;
    conn->phase = CONN_WEBSOCKET;
    conn->since_ms = uv_now(conn->server->loop);
}

static void upgrade(struct conn *conn, const struct http_head *head,
                    const char *path)
{
    char accept[WEBSOCKET_ACCEPT_BYTES];
    struct http_text version = head->websocket_version;
    if (!websocket_path(conn, path)) {
        refuse(conn, 404, NET_HEADER_NONE);
    } else if (head->method != HTTP_GET || !head->version_1_1 ||
               head->content_length ||
               !websocket_accept(accept, head->websocket_key.data,
                                 head->websocket_key.len)) {
        refuse(conn, 400, NET_HEADER_NONE);
    } else if (version.len != 2 || memcmp(version.data, "13", 2)) {
        version_refuse(conn);
    } else if (conn_open(conn, NET_WEBSOCKET)) {
        handshake_answer(conn, accept);
    }
}

/* ---- requests ----------------------------------------------------------- */

/* Copies a header's value behind the target's texts, with a NUL. */
static const char *text_copy(char **scratch, struct http_text text)
{
    char *copy = *scratch;
    if (text.len)
        memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    *scratch += text.len + 1;
    return copy;
}

static void request_hand_out(struct conn *conn, const struct http_head *head,
                             const struct http_target *target, const char *body)
{
    struct net_server *server = conn->server;
    /* All texts were apart in the head, each followed by at least one byte,
     * so that with their NULs they fit where the head fits. */
    const struct net_query *last =
        target->queries_count ? &target->queries[target->queries_count - 1]
                              : NULL;
    const char *end =
        last ? last->text + last->len : target->path + target->path_len;
    char *scratch = server->scratch + (end - server->scratch) + 1;
    struct net_http_request request = {
        .method = head->method == HTTP_POST ? NET_POST : NET_GET,
        .path = target->path,
        .path_len = target->path_len,
        .queries = target->queries,
        .queries_count = target->queries_count,
        .origin = text_copy(&scratch, head->origin),
        .authorization = text_copy(&scratch, head->authorization),
        .content_type = text_copy(&scratch, head->content_type),
        .body = body,
        .body_len = (size_t)head->content_length,
    };
    conn->phase = CONN_WAITING;
    conn->messages_in++;
    server->stats.messages_in++;
    server->stats.bytes_in += request.body_len;
    server->handler.on_http(server->handler.ctx, conn->id, &request);
}

static void request_act(struct conn *conn, const struct http_head *head,
                        const char *body)
{
    struct http_target target;
    conn->continued = false;
    if (head->method == HTTP_OPTIONS) {
        options_answer(conn);
        return;
    }
    if (!http_target_decode(&target, conn->server->scratch, head)) {
        refuse(conn, 400, NET_HEADER_NONE);
        return;
    }
    if (head->upgrade_websocket && head->connection_upgrade) {
        upgrade(conn, head, target.path);
        return;
    }
    if (!conn->opened && !conn_open(conn, NET_HTTP))
        return;
    request_hand_out(conn, head, &target, body);
}

/* What a head alone is refused for; true: it was. */
static bool head_refused(struct conn *conn, const struct http_head *head)
{
    if (head->has_transfer_encoding)
        refuse(conn, 411, NET_HEADER_NONE);
    else if (head->method == HTTP_OTHER)
        refuse(conn, 405, NET_HEADER_ALLOW_GET | NET_HEADER_ALLOW_POST);
    else if (head->content_length > conn->server->options.message_bytes_max)
        refuse_length(conn);
    else
        return false;
    return true;
}

static void body_invite(struct conn *conn, const struct http_head *head)
{
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    if (!head->expects_continue || !head->version_1_1 || conn->continued)
        return;
    conn->continued = true;
    (void)conn_write(conn, go_on, sizeof(go_on) - 1);
}

/* No request begins like this: refuse before a timeout has to. */
static bool begins_wrong(char first)
{
    return !(first >= 'A' && first <= 'Z') && first != '\r';
}

size_t web_http_take(struct conn *conn, const char *bytes, size_t len)
{
    struct http_head head;
    conn->head_only = false;
    conn->cors_origin = NULL;
    size_t head_len = http_head_end(bytes, len, &conn->scanned);
    if (begins_wrong(bytes[0])) {
        refuse(conn, 400, NET_HEADER_NONE);
        return 0;
    }
    if (head_len > HTTP_HEAD_BYTES_MAX ||
        (!head_len && len > HTTP_HEAD_BYTES_MAX)) {
        refuse(conn, 431, NET_HEADER_NONE);
        return 0;
    }
    if (!head_len) {
        conn->needed = len + 1;
        return 0;
    }
    conn->scanned = head_len;
    uint32_t status = http_head_parse(&head, bytes, head_len);
    conn->head_only = head.method == HTTP_HEAD;
    conn->keep_alive = head.keep_alive;
    conn->cors_origin = cors_match(&conn->server->options, head.origin);
    if (status) {
        refuse(conn, status, NET_HEADER_NONE);
        return 0;
    }
    if (head_refused(conn, &head))
        return 0;
    size_t whole = head_len + (size_t)head.content_length;
    if (len < whole) {
        body_invite(conn, &head);
        conn->scanned = head_len > 4 ? head_len - 4 : 0;
        conn->needed = whole;
        return 0;
    }
    conn->scanned = 0;
    conn->needed = 0;
    request_act(conn, &head, bytes + head_len);
    return whole;
}
