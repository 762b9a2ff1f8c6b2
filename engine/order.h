/*
 * PRIVATE: the life of orders: admission, resting, triggers, replacing,
 * cancelling, expiry. Matching is engine/match.h.
 */
#ifndef CLEARINGD_ENGINE_ORDER_H
#define CLEARINGD_ENGINE_ORDER_H

#include "engine/state.h"

/* A refusal, as it goes into EVENT_REFUSED. */
struct refusal {
    enum result result;
    enum param param;
    struct amount required, available;
};

/* Places a new order for an account that exists: all checks of result.def's
 * order from "exists" on, matching, resting. On ok an EVENT_ORDER is due at
 * the end of the command. `key` NULL: the owner signed; else the session
 * key's instruments and exposure were or are checked here too. */
struct refusal order_place(struct engine *engine, uint32_t account,
                           const struct order_terms *terms,
                           const struct key *key);

/* The slot of an open order by id, if it is the account's and the key may
 * touch its market. Ids that were given but are open no more: already_closed;
 * never given, or another account's: order_not_found. */
struct refusal order_own(const struct engine *engine, uint32_t account,
                         uint64_t order_id, const struct key *key,
                         uint32_t *slot);

struct refusal order_cancel_by_id(struct engine *engine, uint32_t account,
                                  uint64_t order_id, const struct key *key);

/* Every open order of the account in one market or all (MARKET_ALL), in
 * order-id order; *count how many. With a key only in its markets. */
struct refusal order_cancel_all(struct engine *engine, uint32_t account,
                                uint16_t market, const struct key *key,
                                uint32_t *count);

/* New total size, price, trigger price (0: unchanged). Priority is kept when
 * only the size falls; otherwise it is a new arrival of the same id. */
struct refusal order_replace(struct engine *engine, uint32_t account,
                             uint64_t order_id, struct qty size,
                             struct price price, struct price trigger_price,
                             const struct key *key);

/* Asks for the memory of an open order. */
void order_prefetch(const struct engine *engine, uint64_t order_id);

/* Slot of an open order by id, or NONE. */
uint32_t order_find(const struct engine *engine, uint64_t order_id);

/* A slot for a new order of these terms (there must be room), linked into the
 * id map, its position's list and, good-til-time, the time heap; neither on
 * the book nor waiting yet. It gets the next id. */
uint32_t order_make(struct engine *engine, uint32_t account, uint32_t position,
                    const struct order_terms *terms);

/* An admitted order (slot, neither on the book nor waiting) arrives: matches,
 * and rests or ends with what is left. */
void order_arrive(struct engine *engine, uint32_t order,
                  enum order_reason reason);

/* The open size of an order on the book rose or fell (size < 0): what its
 * position counts of open orders follows (margin_order_counted and what it
 * asks for); reduce-only orders do not count. */
void order_count(struct engine *engine, uint32_t order, struct qty size);

/* Takes an open order out of everything and frees its slot; its last event
 * tells state and reason. */
void order_end(struct engine *engine, uint32_t order, enum order_state state,
               enum order_reason reason);

/* The end of a trigger order that was refused when it fired. */
void order_reject(struct engine *engine, uint32_t order, enum result result);

/* Takes a resting order off the book and out of the sums, and puts it back
 * (there must be room: what unrest made) or rests it for the first time:
 * then false when there is no room. */
void order_unrest(struct engine *engine, uint32_t order);
must_use bool order_rest(struct engine *engine, uint32_t order);

/* Cancels all of the account's open orders that could add to a position
 * (everything but reduce-only ones); returns how many. For liquidation. */
uint32_t order_cancel_risky(struct engine *engine, uint32_t account);

/* Tick: ends good-til-time orders whose time has come, by time, then id. */
void order_expire(struct engine *engine);

/* Tick: fires the trigger orders whose price was reached, market by market,
 * by (trigger, direction, trigger price, id); at most `most` of them, the
 * rest at the next tick. Returns how many fired. */
uint32_t order_fire_triggers(struct engine *engine, uint32_t most);

/* Marks an order for its one EVENT_ORDER at the end of the command, and its
 * record for writing. REASON_NONE leaves an earlier reason of the same
 * command standing. */
void order_touch(struct engine *engine, uint32_t order,
                 enum order_reason reason);

/* End of command: emits EVENT_POSITION and EVENT_ORDER of what was touched
 * and is still alive, in the order of first touch. engine_apply calls it. */
void order_flush_touched(struct engine *engine);

/*
 * Loading: takes an open order into a slot and links it everywhere (id map,
 * its position's list and sums, book or trigger list, time heap). `order` has
 * id, priority, price, size, filled, account, position (slots),
 * market, side, type, time_in_force, trigger and the flags; links are made
 * here. Margin sums are not: the caller sees to the account's cache. False:
 * no room, or the id is there already.
 */
must_use bool order_load(struct engine *engine, const struct order *order,
                         const struct order_cold *cold,
                         const struct label *label);

/* The public picture of an open order. */
void order_view_of(const struct engine *engine, uint32_t order,
                   struct order_view *view);

#endif
