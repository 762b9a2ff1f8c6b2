/*
 * PRIVATE: positions: signed size and signed cost, realised pro rata.
 *
 * Buying adds what was paid to the cost, selling takes it away, so the sum of
 * all costs of a market and the balance of its clearing ledger are zero
 * together (SPEC, positions): a closed part moves its realised result between
 * the account and HOUSE_CLEARING.
 */
#ifndef CLEARINGD_ENGINE_POSITION_H
#define CLEARINGD_ENGINE_POSITION_H

#include "engine/state.h"

/* Slot of the account's position object in the market, or NONE. An object
 * exists while there is a size, an open order or an own rate. */
uint32_t position_find(const struct engine *engine, uint32_t account,
                       uint16_t market);

/* Asks for the memory of the account's position in the market. */
void position_prefetch(const struct engine *engine, uint32_t account,
                       uint16_t market);

/* The object, made when there is none; NONE: no room. A new one is linked
 * into the account's chain (by market number) and the market's holders. */
uint32_t position_open(struct engine *engine, uint32_t account,
                       uint16_t market);

/* Frees the object when size, orders and own rate are all gone and no event
 * of it is due (is_touched; order_flush_touched releases those). */
void position_release(struct engine *engine, uint32_t position);

/* Pays or receives the unsettled funding (rule 17: owed up, due down, the
 * fraction to the market's accumulator and from there to the insurance fund)
 * and brings funding_index up. Before any change of size. */
void position_settle_funding(struct engine *engine, uint32_t position);

/* Tick: the whole units among the markets' rounding fractions of funding go
 * to the insurance funds. */
void position_sweep_funding(struct engine *engine);

/* Unsettled funding if it were settled now: + received, - paid, rounded as
 * it would be. */
struct amount position_unsettled(const struct engine *engine,
                                 const struct position *position);

/*
 * Changes the size by `size` (signed) for `quote` (>= 0, what the fill is
 * worth): settles funding, realises the closed part pro rata
 * (closed cost = floor(cost * closed / size), the whole cost when all of it
 * closes), moves the result between account and clearing ledger, opens the
 * rest at its share of quote (for a flip: quote is split pro rata, the closed
 * part's share rounded down, the rest opens). Keeps open interest, marks the
 * position touched, updates the margin sums. Does not charge fees. Returns
 * the realised result.
 */
struct amount position_fill(struct engine *engine, uint32_t position,
                            struct qty size, struct amount quote,
                            uint64_t trade_id);

/* Would |size| after this change exceed what the market allows? */
bool position_within_limit(const struct engine *engine,
                           const struct position *position, uint16_t market,
                           struct qty change);

/* Is a change by `size` reducing: |q'| <= |q|, same sign or zero. */
bool position_is_reducing(struct qty before, struct qty change);

/* Remembers it for its EVENT_POSITION at the end of the command, which tells
 * and clears realised_now and funding_now. */
void position_touch(struct engine *engine, uint32_t position);

/* What a change of size does, on plain values (position_fill's arithmetic;
 * the margin check before a fill uses it, too). */
struct position_change {
    struct qty size;        /* after */
    struct amount cost;     /* after */
    struct amount realised; /* into the account's cash */
};

struct position_change position_change_of(struct qty size, struct amount cost,
                                          struct qty change,
                                          struct amount quote);

/* How the sum of the longs changes when this size changes. */
struct qty position_long_change(struct qty before, struct qty change);

#endif
