/*
 * PRIVATE: matching: price-time priority, with both sides' margin checked
 * just before each fill (rules 3 and 5).
 */
#ifndef CLEARINGD_ENGINE_MATCH_H
#define CLEARINGD_ENGINE_MATCH_H

#include "engine/state.h"

/* Matches an arriving order (slot; not on the book) against the other side
 * up to its price. Stops when it is filled, nothing crosses, or the taker may
 * not fill (then *reason says why and the rest must be cancelled; else it is
 * REASON_NONE). Makers that may not fill are cancelled and passed over. A
 * fill-or-kill order has been judged as a whole by match_available and is
 * not judged again fill by fill. */
void match_order(struct engine *engine, uint32_t order,
                 enum order_reason *reason);

struct match_result {
    struct qty filled;   /* >= 0 */
    struct amount quote; /* sum of notionals */
    struct amount fee;   /* match_available: the taker's fees */
};

/* A liquidation's taking order: closes up to `size` (> 0) of the position,
 * side SIDE_SELL for a long, at `limit` or better. No band, no fee of the
 * schedule, no margin check of the taker; makers are checked, own orders of
 * the same owner are cancelled when met. Emits the trades. */
void match_liquidation(struct engine *engine, uint32_t position, enum side side,
                       struct qty size, struct price limit,
                       struct match_result *result);

/* An order that would like to fill at once and in full. */
struct match_wish {
    uint32_t account;
    uint16_t market;
    enum side side;
    struct qty size;
    struct price limit;
};

/*
 * What a fill-or-kill could fill at once, counting only makers that would be
 * allowed to fill; stops at the wished size. Where several orders of one
 * maker stand in the way, each is judged together with those before it, on
 * the side of caution. Looks, changes nothing.
 */
void match_available(struct engine *engine, const struct match_wish *wish,
                     struct match_result *result);

/* Would an order of the account at this price first meet an order of its own
 * owner? */
bool match_meets_own(const struct engine *engine, uint32_t account,
                     uint16_t market, enum side side, struct price limit);

/* How much of the position an order of this side would reduce: whole lots
 * between zero and its size; 0 for a slot NONE. */
struct qty match_reducible(const struct engine *engine, uint32_t position,
                           enum side side);

/* Would the market's open interest pass its cap if `growth` (>= 0) were
 * opened on both sides? */
bool match_exceeds_open_interest(const struct engine *engine, uint16_t market,
                                 struct qty growth);

/* Rule 5 for one fill (margin_admits_fill). An account below zero that may
 * only reduce is charged nothing: then *fee becomes 0. */
bool match_admits_fill(struct engine *engine, uint32_t position,
                       struct qty change, struct amount quote,
                       struct amount *fee, struct qty resting,
                       struct price resting_price);

#endif
