/*
 * PRIVATE to rpc/: the engine's values as JSON. Every function returns a new
 * reference (NULL if memory is short), decimals as strings without trailing
 * zeros, times as integer milliseconds, 64-bit ids as strings.
 */
#ifndef CLEARINGD_RPC_WRITE_H
#define CLEARINGD_RPC_WRITE_H

#include "engine/event.h"
#include "rpc/service.h"

#include <jansson.h>

json_t *write_amount(const struct rpc_service *service, uint16_t asset,
                     struct amount amount);
/* In the settlement asset. */
json_t *write_value(const struct rpc_service *service, struct amount amount);
json_t *write_price(struct price price);
json_t *write_qty(struct qty qty);
json_t *write_rate(struct rate rate);
json_t *write_wide(i128 value, unsigned places);
json_t *write_ms(struct nanos time);
json_t *write_u64(uint64_t number); /* decimal string */
json_t *write_address(const struct address *address);
json_t *write_hash(const struct hash32 *hash);
json_t *write_hex(const uint8_t *bytes, size_t size);
/* quote / size as a price, rounded to 1e-8; 0 where size is 0. */
json_t *write_average(const struct rpc_service *service, struct amount quote,
                      struct qty size);

const char *write_instrument(const struct rpc_service *service,
                             uint16_t market);
const char *write_currency(const struct rpc_service *service, uint16_t asset);
const char *write_side(uint8_t side);       /* "buy", "sell" */
const char *write_order_type(uint8_t type); /* "limit", … */
const char *write_time_in_force(uint8_t time_in_force);
const char *write_trigger(uint8_t trigger);
const char *write_order_state(uint8_t state);
const char *write_order_reason(uint8_t reason);
const char *write_grade(uint8_t grade);
const char *write_ledger_code(uint8_t code);
const char *write_liquidation_step(uint8_t step);

/* "<base>-<number>". */
json_t *write_order_id(const struct rpc_service *service, uint16_t market,
                       uint64_t id);

/* An order as the protocol has it. */
json_t *write_order(const struct rpc_service *service,
                    const struct order_view *order);

/* A trade as everybody sees it. */
json_t *write_trade(const struct rpc_service *service,
                    const struct event *trade, struct nanos time);

/* A trade as one of its two sides sees it: with order_id, liquidity, fee.
 * `order` is that side's order (for its type), NULL where it is not known. */
json_t *write_own_trade(const struct rpc_service *service,
                        const struct event *trade, struct nanos time,
                        bool as_maker, const struct order_view *order);

/* Sets a member to a new reference; false (and nothing leaks) if either
 * failed. Chains: write_set(...) && write_set(...). */
bool write_set(json_t *object, const char *name, json_t *value);

#endif
