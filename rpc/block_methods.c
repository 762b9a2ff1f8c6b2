/*
 * Blocks: the public statement about ranges of commands, the state root of
 * each, and an account's proof under it.
 */
#include "rpc/party.h"
#include "rpc/query.h"
#include "rpc/rows.h"
#include "rpc/write.h"

#define NEWEST UINT64_MAX
#define BLOCKS_DEFAULT 10

static json_t *write_block(const struct rpc_block *block)
{
    return json_pack(
        "{sI so so sI sI so so so}", "height", (json_int_t)block->height,
        "hash", write_hash(&block->hash), "previous_hash",
        write_hash(&block->previous_hash), "first_index",
        (json_int_t)block->first_index, "last_index",
        (json_int_t)block->last_index, "timestamp", write_ms(block->time),
        "state_root", write_hash(&block->state_root), "journal_hash",
        write_hash(&block->journal_hash));
}

/* The block that height or hash names, else the newest. False: answered. */
static bool find_block(struct rpc_call *call, struct rpc_block *block,
                       const struct rpc_node *node)
{
    uint64_t height = NEWEST;
    struct hash32 hash;
    bool has_height = rpc_param_number64(call, "height", &height);
    bool has_hash = rpc_param_hash(call, "hash", &hash);
    bool is_found;

    if (has_height && has_hash) {
        rpc_call_bad_param(call, "hash", "stands beside height");
        return false;
    }
    if (has_hash)
        is_found = node->block_by_hash(node->ctx, block, &hash);
    else
        is_found = !(has_height && height == NEWEST) &&
                   node->block_by_height(node->ctx, block, height);
    if (!is_found && !has_height && !has_hash)
        rpc_call_not_ready(call, "there is no block yet");
    else if (!is_found)
        rpc_call_bad_param(call, has_hash ? "hash" : "height", "no such block");
    return is_found;
}

static void history_block(struct rpc_call *call, const struct rpc_node *node,
                          uint64_t index)
{
    struct rpc_block block;

    (void)index;
    if (find_block(call, &block, node))
        rpc_call_result(call, write_block(&block));
}

static void history_state_root(struct rpc_call *call,
                               const struct rpc_node *node, uint64_t index)
{
    struct rpc_block block;

    (void)index;
    if (find_block(call, &block, node))
        rpc_call_result(call, json_pack("{sI so so sI so}", "height",
                                        (json_int_t)block.height, "state_root",
                                        write_hash(&block.state_root), "hash",
                                        write_hash(&block.hash), "last_index",
                                        (json_int_t)block.last_index,
                                        "timestamp", write_ms(block.time)));
}

/* From start_height downwards; where it is left out, from the newest. */
static void history_blocks(struct rpc_call *call, const struct rpc_node *node,
                           uint64_t index)
{
    size_t count = (size_t)query_integer(call, "count", BLOCKS_DEFAULT);
    uint64_t height = NEWEST;
    struct rpc_block block;
    struct rows rows = rows_begin();
    bool has_more = false;

    (void)index;
    rpc_param_number64(call, "start_height", &height);
    if (node->block_by_height(node->ctx, &block, NEWEST)) {
        uint64_t at = height < block.height ? height : block.height;

        while (at > 0 && json_array_size(rows.list) < count && rows.is_whole &&
               node->block_by_height(node->ctx, &block, at)) {
            rows_add(&rows, write_block(&block));
            at--;
        }
        has_more = at > 0;
    }
    rpc_call_result(call, json_pack("{so sb}", "blocks", rows_end(&rows),
                                    "has_more", has_more));
}

static void history_proof(struct rpc_call *call, const struct rpc_node *node,
                          uint64_t index)
{
    uint64_t height = NEWEST;
    struct account_id account;
    json_t *proof;

    (void)index;
    query_account(call, &account);
    rpc_param_number64(call, "height", &height);
    proof = node->proof(node->ctx, &account, height);
    if (proof)
        rpc_call_result(call, proof);
    else if (height != NEWEST)
        rpc_call_bad_param(call, "height",
                           "there is no proof of this account there");
    else
        query_refuse(call, result_unknown_account, param_owner);
}

static const struct rpc_param block_params[] = {
    {"height", RPC_PARAM_NUMBER64, false, 0, 0, "of the block"},
    {"hash", RPC_PARAM_HASH, false, 0, 0, "of the block"},
};

static const struct rpc_param blocks_params[] = {
    {"start_height", RPC_PARAM_NUMBER64, false, 0, 0,
     "of the first row, the newest where left out"},
    QUERY_COUNT,
};

static const struct rpc_param proof_params[] = {
    QUERY_OWNER(true),
    QUERY_SUBACCOUNT,
    {"height", RPC_PARAM_NUMBER64, false, 0, 0,
     "of the block, the newest where left out"},
};

#define PAST(name, params, handler, summary, result)         \
    {                                                        \
        name, RPC_HISTORY, false, TYPED_NONE, params,        \
            sizeof params / sizeof *params, summary, result, \
            {.history = handler}, NULL, false                \
    }
#define BLOCK_RESULT                                                     \
    "{height, hash, previous_hash, first_index, last_index, timestamp, " \
    "state_root, journal_hash}"

static const struct rpc_method methods[] = {
    PAST("public/get_block", block_params, history_block,
         "A block, by height or hash; the newest where neither is given.",
         BLOCK_RESULT),
    PAST("public/get_blocks", blocks_params, history_blocks,
         "Blocks, the highest first.",
         "{blocks: [" BLOCK_RESULT "], has_more}"),
    PAST("public/get_state_root", block_params, history_state_root,
         "The root of the state tree after a block.",
         "{height, state_root, hash, last_index, timestamp}"),
    PAST("public/get_proof", proof_params, history_proof,
         "An account's line in the state tree with its way to the root.",
         "{height, leaf, siblings: [{hash, sums}], state_root}"),
};

const struct rpc_method_table rpc_block_methods = {
    methods, sizeof methods / sizeof *methods};
