/*
 * The door: what comes from connections becomes tickets, or is answered on
 * the spot when there is no room or too much is asked; answers go back.
 *
 * Per connection so many requests may be under way; beyond that it is not
 * read. Requests a second are counted by address, local sockets are not.
 * Loop thread only.
 */
#ifndef CLEARINGD_DAEMON_DOOR_H
#define CLEARINGD_DAEMON_DOOR_H

#include "daemon/config.h"
#include "daemon/metrics.h"
#include "daemon/ticket.h"
#include "daemon/workers.h"
#include "net/server.h"

struct door;

struct door_options {
    struct uv_loop_s *loop;
    const struct config *config; /* lives as long as the door */
    const char *socket_path;
    struct workers *workers;
    struct metrics *metrics;
    void *ctx;
    /* GET /metrics, /health and the rest that is no call: answers with
     * net_http_reply at once. */
    void (*page)(void *ctx, uint64_t conn, const char *path);
};

/* Opens the doors. NULL: *result and errno say why. */
must_use struct door *door_open(const struct door_options *options,
                                enum net_result *result);

struct net_server *door_server(const struct door *door);

/* After a change of configuration: the limits that can be taken over. */
void door_reload(struct door *door);

/* Sends the ticket's reply to who asked, if it is still there, and ends the
 * ticket. */
void door_reply(struct door *door, struct ticket *ticket);

/* Whether the connection is still there. */
bool door_is_connected(const struct door *door, uint64_t conn);

/* Orderly end: nothing more is read; then the server ends, done is called,
 * and the door may be freed. */
void door_drain(struct door *door);
void door_shut(struct door *door, void (*done)(void *ctx), void *ctx);
void door_free(struct door *door); /* may be NULL */

#endif
