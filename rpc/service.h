/*
 * What every request needs and no request changes: the network's definition
 * with its names indexed, the typed-data hasher and domain, the cache of
 * signers' public keys, limits, and the development flag. Made once at start;
 * any thread may use it afterwards.
 */
#ifndef CLEARINGD_RPC_SERVICE_H
#define CLEARINGD_RPC_SERVICE_H

#include "engine/genesis.h"
#include "rpc/keycache.h"
#include "rpc/typed_data.h"

#include <jansson.h>

struct rpc_limits {
    uint32_t batch_calls_max; /* calls in a JSON-RPC batch [100] */
    uint64_t signers_cached;  /* public keys remembered */
};

struct rpc_service {
    struct genesis *genesis;
    json_t *genesis_document; /* as read; for public/get_genesis */
    struct typed_hasher *hasher;
    struct typed_domain domain;
    struct hash32 separator;
    struct keycache *keys;
    struct rpc_limits limits;
    const char *version; /* of the program */
};

/* A service for this genesis document (a reference is taken). NULL: *fault
 * says what is wrong with it, or that memory is short. */
struct rpc_service *rpc_service_create(struct genesis_fault *fault,
                                       json_t *genesis_document,
                                       const struct rpc_limits *limits,
                                       const char *version);
void rpc_service_destroy(struct rpc_service *service);

/* Numbers of names; false for an unknown one. An index name is either
 * Deribit's ("btc_usd") or the feed's id ("BTC"). */
bool rpc_market_of(const struct rpc_service *service, uint16_t *market,
                   const char *name, size_t size);
bool rpc_asset_of(const struct rpc_service *service, uint16_t *asset,
                  const char *name, size_t size);
bool rpc_feed_of(const struct rpc_service *service, uint16_t *feed,
                 const char *name, size_t size);

/* Number of an address among reporters or validators; false: a stranger. */
bool rpc_reporter_of(const struct rpc_service *service, uint16_t *reporter,
                     const struct address *address);
bool rpc_validator_of(const struct rpc_service *service, uint8_t *validator,
                      const struct address *address);

/* Decimals of the settlement asset. */
unsigned rpc_settlement_places(const struct rpc_service *service);

#endif
