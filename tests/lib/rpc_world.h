/*
 * The message layer with an engine behind it and nothing else: messages go in
 * as text and come back as JSON, commands are applied at once, and the events
 * are the history. Every command that is made passes the audit of its own
 * evidence, and engine_check runs after each.
 *
 * The network is the development one. Keys are named by the texts they are
 * hashes of: "trader/0", "reporter/2".
 */
#ifndef CLEARINGD_TESTS_LIB_RPC_WORLD_H
#define CLEARINGD_TESTS_LIB_RPC_WORLD_H

#include "rpc/message.h"
#include "rpc/secp.h"

#define RPC_WORLD_START_MS INT64_C(1795406400000)
#define RPC_WORLD_BLOCKS 32

struct rpc_world_event {
    uint64_t index;
    struct nanos time;
    struct event event;
};

struct rpc_world {
    struct event_sink sink; /* first: the sink is the world */
    struct rpc_service *service;
    struct engine *engine;
    void *memory;
    size_t memory_size;
    struct rpc_node node;
    struct rpc_node_status status;
    struct nanos time; /* of the next command */
    uint64_t next_nonce;
    struct rpc_world_event *events;
    size_t event_count, event_capacity;
    struct rpc_block blocks[RPC_WORLD_BLOCKS]; /* the first has height 1 */
    uint64_t block_count;
    bool is_unreadable; /* the history answers false */
    /* Of the last submit. */
    uint8_t command[COMMAND_BYTES_MAX], evidence[COMMAND_BYTES_MAX];
    size_t command_size, evidence_size;
};

/* Starts with one tick. */
void rpc_world_start(struct rpc_world *world);
void rpc_world_end(struct rpc_world *world);

/* The service of the development network alone. */
struct rpc_service *rpc_world_service(void);

/* Sends the text; the reply, NULL when there is none. The caller owns it. */
json_t *rpc_world_send(struct rpc_world *world, enum rpc_transport transport,
                       const char *text);
json_t *rpc_world_send_bytes(struct rpc_world *world,
                             enum rpc_transport transport, const char *bytes,
                             size_t size);

/* A call over HTTP with these parameters (the reference is taken): its result,
 * the test fails on an error. The caller owns it. */
json_t *rpc_world_call(struct rpc_world *world, const char *method,
                       json_t *params);
/* The same, but it must fail: the error object. The caller owns it. */
json_t *rpc_world_error(struct rpc_world *world, const char *method,
                        json_t *params);
/* The code of that error, of which `param` is the parameter (NULL: none). */
int rpc_world_code(struct rpc_world *world, const char *method, json_t *params,
                   const char *param);
/* A GET. Returns the whole reply. */
json_t *rpc_world_get(struct rpc_world *world, const char *method,
                      const struct rpc_query_param *params, size_t count);

/* The named key, and its address as text (static, one per name). */
void rpc_world_key(struct secp_private *key, const char *name);
const char *rpc_world_address(const char *name);

/* Completes a request's parameters: owner (the named key), a fresh nonce and
 * a minute to live where they are missing, and the signature of the named
 * key. Takes and returns the reference. */
json_t *rpc_world_sign(struct rpc_world *world, const char *type,
                       const char *name, json_t *params);

/* The named key's signature of these parameters as they are. */
json_t *rpc_world_signature(struct rpc_world *world, const char *type,
                            const char *name, const json_t *params);

/* Signs and calls. */
json_t *rpc_world_request(struct rpc_world *world, const char *method,
                          const char *type, const char *name, json_t *params);
/* private/order of a plain limit order: the result. */
json_t *rpc_world_order(struct rpc_world *world, const char *name,
                        const char *instrument, const char *direction,
                        const char *amount, const char *price);

/* Two validators attest a deposit. */
void rpc_world_deposit(struct rpc_world *world, const char *name,
                       const char *currency, const char *amount);
/* Moves the clock, then ticks. */
void rpc_world_tick(struct rpc_world *world, int64_t ms);
/* All five reporters' signed packages with these prices (USDC 1), then a
 * tick. */
void rpc_world_prices(struct rpc_world *world, const char *btc, const char *eth,
                      const char *sol);
/* The bytes of such a payload by the first `count` reporters; their size. */
size_t rpc_world_payload(uint8_t *bytes, size_t capacity, uint32_t count,
                         int64_t timestamp_ms, const char *btc, const char *eth,
                         const char *sol);
/* Closes a block after the last command. */
void rpc_world_block(struct rpc_world *world);

/* Members by a path like "order.order_id" or "trades.0.price"; the test fails
 * where there is none. Borrowed. */
const json_t *at(const json_t *value, const char *path);
const char *text_at(const json_t *value, const char *path);
int64_t integer_at(const json_t *value, const char *path);

#endif
