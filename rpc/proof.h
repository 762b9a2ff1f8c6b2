/*
 * An account's proof as JSON: what rpc_node.proof returns.
 */
#ifndef CLEARINGD_RPC_PROOF_H
#define CLEARINGD_RPC_PROOF_H

#include "rpc/service.h"

struct rpc_proof_sum {
    u128 credit, debit;
};

struct rpc_proof_sibling {
    uint16_t bit; /* where its branch divides; the key's bit tells the side */
    struct hash32 hash;
    const struct rpc_proof_sum *sums; /* asset_count of them */
};

struct rpc_proof {
    uint64_t height;
    struct account_id account;
    struct hash32 value_hash; /* SHA-256 of the account's record */
    const uint8_t *value;     /* the record */
    size_t value_size;
    const struct rpc_proof_sum *sums; /* the account's own */
    struct hash32 accounts_hash, records_hash, state_root;
    const struct rpc_proof_sum *root_sums;
    const struct rpc_proof_sibling *siblings; /* from the leaf up */
    size_t sibling_count;
};

/* {height, leaf, siblings, accounts, records_hash, state_root}; NULL if
 * memory is short. The caller owns it. */
json_t *rpc_proof_json(const struct rpc_service *service,
                       const struct rpc_proof *proof);

#endif
