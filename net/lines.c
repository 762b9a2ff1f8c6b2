/*
 * A line is handed out from where it was read. What is left of an incomplete
 * one is kept by the connection, with the place up to which it was searched.
 */
#include "net/lines.h"

#include <stdlib.h>
#include <string.h>

static void lines_refuse(struct conn *conn)
{
    const struct net_bytes *reply = &conn->server->options.oversize_reply;
    conn->server->stats.closed_oversize++;
    if (lines_send(conn, reply->data, reply->len))
        conn_finish(conn);
}

size_t lines_take(struct conn *conn, const char *bytes, size_t len)
{
    struct net_server *server = conn->server;
    size_t max = server->options.message_bytes_max;
    const char *end = memchr(bytes + conn->scanned, '\n', len - conn->scanned);
    size_t line = end ? (size_t)(end - bytes) : len;
    if (end && line && bytes[line - 1] == '\r')
        line--;
    if (line > max + (end ? 0 : 1)) {
        lines_refuse(conn);
        return 0;
    }
    if (!end) {
        conn->scanned = len;
        conn->needed = len + 1;
        return 0;
    }
    conn->scanned = 0;
    conn->needed = 0;
    if (line) {
        conn->messages_in++;
        server->stats.messages_in++;
        server->stats.bytes_in += line;
        server->handler.on_message(server->handler.ctx, conn->id, bytes, line);
    }
    return (size_t)(end - bytes) + 1;
}

bool lines_send(struct conn *conn, const char *bytes, size_t len)
{
    return conn_write(conn, bytes, len) && conn_write(conn, "\n", 1);
}

bool lines_send_owned(struct conn *conn, char *bytes, size_t len)
{
    return conn_write_owned(conn, bytes, len) && conn_write(conn, "\n", 1);
}
