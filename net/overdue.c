/*
 * One timer of the server's looks at every connection a few times within the
 * shortest limit: no timer per connection, and a limit is kept to within a
 * quarter of itself (half a second at most).
 */
#include "net/overdue.h"

#include "net/web_socket.h"

static const uint64_t linger_ms = 1000;
static const uint64_t half_closed_ms = 10000;

static bool past(uint64_t now_ms, uint64_t since_ms, uint64_t limit_ms)
{
    return limit_ms && now_ms >= since_ms && now_ms - since_ms >= limit_ms;
}

/* The peer takes nothing of what waits for it. */
static bool output_stalled(struct conn *conn, uint64_t now_ms)
{
    size_t left = uv_stream_get_write_queue_size(&conn->uv.stream);
    if (!conn->writing || left != conn->taken_left) {
        conn->taken_left = left;
        conn->taken_ms = now_ms;
        return false;
    }
    return past(now_ms, conn->taken_ms, conn->server->options.stall_ms_max);
}

static bool http_overdue(const struct conn *conn, uint64_t now_ms)
{
    const struct net_options *options = &conn->server->options;
    bool idle = conn->messages_in && !conn->in.len;
    return past(now_ms, conn->since_ms,
                idle ? options->idle_ms_max : options->request_ms_max);
}

static bool websocket_overdue(struct conn *conn, uint64_t now_ms)
{
    const struct net_options *options = &conn->server->options;
    if (past(now_ms, conn->heard_ms, options->pong_ms_max))
        return true;
    if (!conn->pinged && past(now_ms, conn->heard_ms, options->ping_ms))
        web_socket_ping(conn);
    return false;
}

static bool live_overdue(struct conn *conn, uint64_t now_ms)
{
    if (conn->peer_ended && conn->phase == CONN_LINES)
        return past(now_ms, conn->since_ms, half_closed_ms);
    if (conn->paused || conn->server->draining) {
        /* Whom we do not listen to is not to blame for silence. */
        conn->heard_ms = now_ms;
        conn->since_ms = now_ms;
        return false;
    }
    switch (conn->phase) {
    case CONN_LINES:
        return past(now_ms, conn->heard_ms,
                    conn->server->options.unix_idle_ms_max);
    case CONN_HTTP:
        return http_overdue(conn, now_ms);
    case CONN_WEBSOCKET:
        return websocket_overdue(conn, now_ms);
    case CONN_WAITING:
        break;
    }
    return false;
}

void overdue_sweep(struct conn *conn, uint64_t now_ms)
{
    struct net_server *server = conn->server;
    if (server->end_ms && now_ms >= server->end_ms) {
        conn_doom(conn);
    } else if (output_stalled(conn, now_ms)) {
        server->stats.closed_slow++;
        conn_doom(conn);
    } else if (conn->end == CONN_LIVE && live_overdue(conn, now_ms)) {
        server->stats.closed_timeout++;
        conn_doom(conn);
    } else if (conn->end == CONN_LINGER &&
               past(now_ms, conn->since_ms, linger_ms)) {
        conn_doom(conn);
    }
    conn_settle(conn);
}
