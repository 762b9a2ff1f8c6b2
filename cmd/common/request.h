/*
 * Making signed requests: the client's side of rpc/typed_data.
 */
#ifndef CLEARINGD_CMD_COMMON_REQUEST_H
#define CLEARINGD_CMD_COMMON_REQUEST_H

#include "rpc/redstone.h"
#include "rpc/secp.h"
#include "rpc/typed_data.h"

#include <jansson.h>

/* A network as a signer sees it. */
struct network {
    struct typed_domain domain;
    struct typed_hasher *hasher;
    struct hash32 separator;
};

/* False: memory is short. */
bool network_init(struct network *network, uint64_t chain_id,
                  const struct address *contract);
void network_free(struct network *network);

/* The development network's chain and contract. */
void network_development(uint64_t *chain_id, struct address *contract);

/* Private key of the development network: keccak256 of "clearingd-dev/" and
 * the name ("validator/0", "trader/7"). */
void development_key(struct secp_private *key, const char *name);

/* Milliseconds from now on, never the same twice within the process: good
 * nonces. */
uint64_t request_nonce(void);

/* Parameters of the message, with "signature" and, when the key is not the
 * owner's, "signer". A Deposit gets "signatures", one from each key. NULL: the
 * key is none or memory is short. */
json_t *request_params(const struct network *network,
                       const struct typed_message *message,
                       const struct secp_private *keys, size_t key_count);

/* One price of a report, 1e-8; confidence < 0: none given. */
struct report_price {
    const char *feed;
    int64_t price, confidence;
};

/* "0x…" RedStone payload with one package of each reporter's key, all with
 * the same prices; NULL as above. The caller frees it. */
char *request_report(const struct report_price *prices, size_t count,
                     uint64_t timestamp_ms, const struct secp_private *keys,
                     size_t key_count);

#endif
