/*
 * Connections that take too long: half-sent requests, silence, output that
 * nobody takes, closings that do not come to an end.
 */
#ifndef CLEARINGD_NET_OVERDUE_H
#define CLEARINGD_NET_OVERDUE_H

#include "net/conn.h"

/* Closes conn if it is overdue at loop time now_ms, or asks a silent WebSocket
 * peer for a sign of life. conn may be gone afterwards. */
void overdue_sweep(struct conn *conn, uint64_t now_ms);

#endif
