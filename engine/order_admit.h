/*
 * PRIVATE: may this order come in? The checks of result.def's order, from
 * "does what it names exist" on; they look and change nothing.
 */
#ifndef CLEARINGD_ENGINE_ORDER_ADMIT_H
#define CLEARINGD_ENGINE_ORDER_ADMIT_H

#include "engine/order.h"

/* An order about to come to the book: a new one, a replaced one, or one
 * whose trigger fired. */
struct arrival {
    uint32_t account;
    uint32_t position; /* slot, NONE: the account has none in this market */
    uint16_t market;
    enum side side;
    bool is_new; /* takes a slot, an id, a place among the account's orders */
    bool is_market, is_fill_or_kill, is_immediate;
    bool is_post_only, is_reduce_only, has_max_fee;
    struct qty size;       /* what is to fill or rest, > 0 */
    struct price price;    /* market orders: set to the band's edge */
    struct amount max_fee; /* what may still be charged */
    const struct key *key; /* whose exposure counts; NULL: no limit */
};

/* The order's own terms: instrument, key's market, amount, price, trigger,
 * good_til, flags that contradict each other, value. */
struct refusal order_admit_terms(const struct engine *engine,
                                 const struct order_terms *terms,
                                 const struct key *key);

/* Parts of it for a replaced order: a total size; a price or trigger price
 * of the market (param says which). */
struct refusal order_admit_size(const struct engine *engine, uint16_t market,
                                struct qty size);
struct refusal order_admit_price(const struct engine *engine, uint16_t market,
                                 struct price price, enum param param);

/* Everything that depends on the state. */
struct refusal order_admit(struct engine *engine, struct arrival *arrival);

/* Room for a new open order of the account: slots, its own limit, a
 * position. */
struct refusal order_admit_room(const struct engine *engine, uint32_t account,
                                uint32_t position);

/* The arrival that an open order (slot, off the book) would be now. */
void order_arrival_of(const struct engine *engine, uint32_t order,
                      struct arrival *arrival);

#endif
