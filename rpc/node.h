/*
 * What the answers need from the running node besides the engine: filled by
 * the daemon, which owns everything behind it.
 */
#ifndef CLEARINGD_RPC_NODE_H
#define CLEARINGD_RPC_NODE_H

#include "engine/engine.h"

#include <jansson.h>

struct rpc_block {
    uint64_t height, first_index, last_index;
    struct nanos time;
    struct hash32 previous_hash, journal_hash, state_root, hash;
};

/* How the node stands; for status, metrics and health. */
struct rpc_node_status {
    bool is_ready;      /* serves and acknowledges durably */
    const char *reason; /* why not, "" when ready */
    bool is_driven;     /* the clock moves by admin/advance only */
    uint64_t applied_index, durable_index, checkpoint_index, block_height;
    struct nanos started; /* wall clock */
};

/*
 * An account's events are those it takes part in. The house's ledgers stand
 * for markets: a trade and a market's state are HOUSE_CLEARING's + market, an
 * accrual of funding is HOUSE_FUNDING's + market, a step of a liquidation and
 * what was auto-deleveraged are HOUSE_INSURANCE's.
 */
struct rpc_history_query {
    struct account_id account; /* used when by_account */
    bool by_account;
    uint64_t from_index, to_index; /* inclusive range of command indexes */
    bool newest_first; /* the events of one command, too: the last first */
};

/* One event of the past with the command it belongs to; false stops. */
typedef bool rpc_history_visitor(void *visitor, uint64_t index,
                                 struct nanos time, const struct event *event);

struct rpc_node {
    void *ctx;
    /* Loop thread only. */
    void (*status)(void *ctx, struct rpc_node_status *status);
    /* Any thread, may block on disk: for history calls only. False: not
     * there (a block), or the history could not be read. */
    bool (*block_by_height)(void *ctx, struct rpc_block *block,
                            uint64_t height); /* UINT64_MAX: the newest */
    bool (*block_by_hash)(void *ctx, struct rpc_block *block,
                          const struct hash32 *hash);
    bool (*history)(void *ctx, const struct rpc_history_query *query,
                    rpc_history_visitor *visit, void *visitor);
    /* An account's line in the state tree at the newest block; NULL: none.
     * The caller owns the result. */
    json_t *(*proof)(void *ctx, const struct account_id *account,
                     uint64_t height);
};

#endif
