/*
 * PRIVATE to the node's files: its parts.
 */
#ifndef CLEARINGD_DAEMON_NODE_STATE_H
#define CLEARINGD_DAEMON_NODE_STATE_H

#include "daemon/door.h"
#include "daemon/node.h"
#include "daemon/pipeline.h"
#include "daemon/recovery.h"

#include <uv.h>

enum node_phase {
    NODE_RUNNING,
    NODE_DRAINING, /* nothing is read any more, what came is answered */
    NODE_ENDING,   /* the last block is on its way to the disk */
    NODE_SHUT,     /* the doors are closing */
};

struct node {
    struct node_options options;
    struct config *config; /* in options */
    char socket_path[CONFIG_PATH_BYTES + 32];
    struct recovery recovery;
    struct metrics metrics;
    struct rpc_node view; /* what answers ask of the node */
    struct journal_thread *journal;
    struct ledger_thread *ledger;
    struct workers *workers;
    struct sequencer *sequencer;
    struct rate_table *account_rates;
    struct pipeline *pipeline;
    struct door *door;
    struct nanos started;

    uv_loop_t loop;
    uv_async_t wake; /* from the threads */
    uv_check_t turn; /* after each round of the loop */
    uv_idle_t busy;  /* keeps the loop from sleeping */
    uv_timer_t tick, watchdog, drain;
    uv_signal_t term, interrupt, hangup;
    uint64_t turns, watched_turns;
    enum node_phase phase;
    bool is_fatal;
};

/* node_view.c: status, health, metrics, blocks, proofs. */
void node_view_init(struct node *node);
void node_view_page(void *ctx, uint64_t conn, const char *path);

/* node_admin.c: the operator's calls. */
enum pipeline_admin node_admin(void *ctx, struct ticket *ticket,
                               struct rpc_call *call);

/* node.c: begins the orderly end. */
void node_stop(struct node *node);

#endif
