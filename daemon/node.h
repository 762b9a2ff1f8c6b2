/*
 * The node: everything wired together around one event loop, from start-up to
 * the orderly end.
 */
#ifndef CLEARINGD_DAEMON_NODE_H
#define CLEARINGD_DAEMON_NODE_H

#include "daemon/config.h"
#include "rpc/service.h"

struct node_options {
    struct config config;    /* in force: the file, the command line above */
    struct config as_read;   /* as the file alone makes it */
    struct config base;      /* what the file was read over */
    const char *config_path; /* read again on SIGHUP; NULL: none */
    struct rpc_service *service; /* the caller's */
    bool is_driven;
};

/* Runs until SIGTERM, SIGINT, admin/shutdown or a fatal failure. Returns the
 * exit code: 0 an orderly end, 1 not (logged). */
int node_run(const struct node_options *options);

#endif
