/*
 * A TCP connection's behaviour before an upgrade: requests, replies, CORS,
 * refusals, the WebSocket handshake.
 */
#ifndef CLEARINGD_NET_WEB_HTTP_H
#define CLEARINGD_NET_WEB_HTTP_H

#include "net/conn.h"

/* Acts on the first request of the input, if it is whole; the bytes used, 0:
 * more are needed or the connection is closing. */
size_t web_http_take(struct conn *conn, const char *bytes, size_t len);

/* Queues the reply to the waiting request; see net_http_reply. */
bool web_http_reply(struct conn *conn, uint32_t status,
                    const char *content_type, const char *body, size_t len,
                    uint32_t headers);

/* Answers with the busy reply, then closes. */
void web_http_busy(struct conn *conn);

#endif
