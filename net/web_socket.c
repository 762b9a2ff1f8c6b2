/*
 * A frame is acted on when all of it is there, unmasked in place. A message
 * of one frame is handed out from where it was read; fragments are gathered
 * up to the limit. Replies to pings go through the output queue and count
 * against its limit like everything else.
 */
#include "net/web_socket.h"

#include <stdlib.h>
#include <string.h>

static bool frame_write(struct conn *conn, enum websocket_opcode opcode,
                        const char *bytes, size_t len)
{
    char head[WEBSOCKET_HEAD_BYTES_MAX];
    size_t head_len = websocket_head_write(head, opcode, len);
    return conn_write(conn, head, head_len) && conn_write(conn, bytes, len);
}

bool web_socket_send(struct conn *conn, const char *bytes, size_t len)
{
    return frame_write(conn, WEBSOCKET_TEXT, bytes, len);
}

bool web_socket_send_owned(struct conn *conn, char *bytes, size_t len)
{
    char head[WEBSOCKET_HEAD_BYTES_MAX];
    size_t head_len = websocket_head_write(head, WEBSOCKET_TEXT, len);
    if (!conn_write(conn, head, head_len)) {
        free(bytes);
        return false;
    }
    return conn_write_owned(conn, bytes, len);
}

void web_socket_ping(struct conn *conn)
{
    conn->pinged = true;
    (void)frame_write(conn, WEBSOCKET_PING, "", 0);
}

static void close_write(struct conn *conn, uint32_t code)
{
    char bytes[2] = {(char)(code >> 8), (char)code};
    if (frame_write(conn, WEBSOCKET_CLOSE, bytes, sizeof(bytes)))
        conn_finish(conn);
}

void web_socket_close(struct conn *conn, enum websocket_code code)
{
    if (conn->end == CONN_LIVE)
        close_write(conn, (uint32_t)code);
}

static void too_large(struct conn *conn)
{
    const struct net_bytes *reply = &conn->server->options.oversize_reply;
    conn->server->stats.closed_oversize++;
    if (web_socket_send(conn, reply->data, reply->len))
        web_socket_close(conn, WEBSOCKET_TOO_LARGE);
}

static void close_received(struct conn *conn, const char *bytes, size_t len)
{
    uint32_t code = WEBSOCKET_NORMAL;
    if (len >= 2)
        code = (uint32_t)(uint8_t)bytes[0] << 8 | (uint8_t)bytes[1];
    if (len == 1 || !websocket_code_valid(code) ||
        (len > 2 && !websocket_text_valid(bytes + 2, len - 2)))
        code = WEBSOCKET_PROTOCOL_ERROR;
    close_write(conn, code);
}

static void message_deliver(struct conn *conn, const char *bytes, size_t len)
{
    struct net_server *server = conn->server;
    if (!websocket_text_valid(bytes, len)) {
        web_socket_close(conn, WEBSOCKET_INVALID_TEXT);
        return;
    }
    conn->messages_in++;
    server->stats.messages_in++;
    server->stats.bytes_in += len;
    server->handler.on_message(server->handler.ctx, conn->id, bytes, len);
}

static void fragment_received(struct conn *conn, bool final, const char *bytes,
                              size_t len)
{
    if (!buffer_append(&conn->message, bytes, len)) {
        conn_doom(conn);
        return;
    }
    conn->message_open = !final;
    if (!final)
        return;
    /* The handler may do anything to conn but free it. */
    struct buffer message = conn->message;
    conn->message = (struct buffer){0};
    message_deliver(conn, message.len ? message.data + message.start : "",
                    message.len);
    buffer_free(&message);
}

static void data_received(struct conn *conn,
                          const struct websocket_frame *frame,
                          const char *bytes)
{
    size_t len = (size_t)frame->payload_len;
    bool continues = frame->opcode == WEBSOCKET_CONTINUATION;
    if (continues != conn->message_open)
        web_socket_close(conn, WEBSOCKET_PROTOCOL_ERROR);
    else if (frame->final && !continues)
        message_deliver(conn, bytes, len);
    else
        fragment_received(conn, frame->final, bytes, len);
}

static void frame_received(struct conn *conn,
                           const struct websocket_frame *frame,
                           const char *bytes)
{
    size_t len = (size_t)frame->payload_len;
    switch (frame->opcode) {
    case WEBSOCKET_CONTINUATION:
    case WEBSOCKET_TEXT:
        data_received(conn, frame, bytes);
        break;
    case WEBSOCKET_BINARY:
        web_socket_close(conn, WEBSOCKET_UNSUPPORTED);
        break;
    case WEBSOCKET_CLOSE:
        close_received(conn, bytes, len);
        break;
    case WEBSOCKET_PING:
        (void)frame_write(conn, WEBSOCKET_PONG, bytes, len);
        break;
    case WEBSOCKET_PONG:
        break;
    }
}

size_t web_socket_take(struct conn *conn, char *bytes, size_t len)
{
    struct websocket_frame frame;
    size_t max = conn->server->options.message_bytes_max;
    switch (websocket_parse(&frame, bytes, len)) {
    case WEBSOCKET_MORE:
        conn->needed = len + 1;
        return 0;
    case WEBSOCKET_BROKEN:
        web_socket_close(conn, WEBSOCKET_PROTOCOL_ERROR);
        return 0;
    case WEBSOCKET_HEAD:
        break;
    }
    /* message holds at most max, so the sum cannot wrap. */
    if (frame.opcode < WEBSOCKET_CLOSE &&
        (frame.payload_len > max ||
         frame.payload_len + conn->message.len > max)) {
        too_large(conn);
        return 0;
    }
    size_t whole = frame.head_len + (size_t)frame.payload_len;
    if (len < whole) {
        conn->needed = whole;
        return 0;
    }
    conn->needed = 0;
    char *payload = bytes + frame.head_len;
    websocket_unmask(payload, (size_t)frame.payload_len, frame.mask);
    frame_received(conn, &frame, payload);
    return whole;
}
