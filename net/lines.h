/*
 * Newline-delimited messages: the Unix socket's framing.
 */
#ifndef CLEARINGD_NET_LINES_H
#define CLEARINGD_NET_LINES_H

#include "net/conn.h"

/* Hands out the first line of the input, if it is whole; the bytes used, 0:
 * more are needed or the connection is closing. */
size_t lines_take(struct conn *conn, const char *bytes, size_t len);

/* Queues one line. */
bool lines_send(struct conn *conn, const char *bytes, size_t len);
bool lines_send_owned(struct conn *conn, char *bytes, size_t len);

#endif
