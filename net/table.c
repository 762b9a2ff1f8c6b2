/*
 * Free slots are a stack. Counting an address looks at every slot: it happens
 * once a connection, over at most some thousand slots.
 */
#include "net/table.h"

#include <string.h>

void table_renumber(struct conn *conn)
{
    uint32_t *generation = &conn->server->generations[conn->slot];
    if (!++*generation)
        ++*generation; /* so that 0 is never a connection */
    conn->id = (uint64_t)*generation << 32 | conn->slot;
}

bool table_take(struct conn *conn)
{
    struct net_server *server = conn->server;
    if (!server->slots_free_count)
        return false;
    conn->slot = server->slots_free[--server->slots_free_count];
    server->slots[conn->slot] = conn;
    table_renumber(conn);
    return true;
}

void table_release(struct conn *conn)
{
    struct net_server *server = conn->server;
    server->slots[conn->slot] = NULL;
    server->slots_free[server->slots_free_count++] = conn->slot;
}

struct conn *table_find(const struct net_server *server, uint64_t id)
{
    uint32_t slot = (uint32_t)id;
    if (slot >= server->slots_count)
        return NULL;
    struct conn *conn = server->slots[slot];
    return conn && conn->id == id && conn->end < CONN_DOOMED ? conn : NULL;
}

uint32_t table_count(const struct net_server *server, const char *peer)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < server->slots_count; i++) {
        const struct conn *conn = server->slots[i];
        count += conn && conn->counted && conn->kind != NET_UNIX &&
                 !strcmp(conn->peer, peer);
    }
    return count;
}
