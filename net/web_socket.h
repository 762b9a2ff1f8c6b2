/*
 * A connection's behaviour after the upgrade to WebSocket: messages from
 * frames, pings, the closing handshake.
 */
#ifndef CLEARINGD_NET_WEB_SOCKET_H
#define CLEARINGD_NET_WEB_SOCKET_H

#include "net/conn.h"
#include "net/websocket.h"

/* Acts on the first frame of the input, if it is whole; the bytes used, 0:
 * more are needed or the connection is closing. Takes the mask off bytes. */
size_t web_socket_take(struct conn *conn, char *bytes, size_t len);

/* Queues one text message. */
bool web_socket_send(struct conn *conn, const char *bytes, size_t len);
bool web_socket_send_owned(struct conn *conn, char *bytes, size_t len);

/* Asks the peer for a sign of life. */
void web_socket_ping(struct conn *conn);

/* Sends a close frame after what is queued, then closes. */
void web_socket_close(struct conn *conn, enum websocket_code code);

#endif
