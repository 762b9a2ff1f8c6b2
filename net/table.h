/*
 * The numbers of connections: a slot below, a generation above. A slot's next
 * connection has another generation, so an old number finds nobody.
 */
#ifndef CLEARINGD_NET_TABLE_H
#define CLEARINGD_NET_TABLE_H

#include "net/conn.h"

/* Seats conn in its server's table and numbers it; false: no slot is free. */
bool must_use table_take(struct conn *conn);
void table_release(struct conn *conn);

/* Gives conn a new number in its slot; the old one is dead. */
void table_renumber(struct conn *conn);

/* NULL: no such connection, or it is dead or doomed. */
struct conn *table_find(const struct net_server *server, uint64_t id);

/* TCP connections from this address, without those being refused. */
uint32_t table_count(const struct net_server *server, const char *peer);

#endif
