/*
 * PRIVATE: linear cross margin (SPEC rules 1 to 6).
 *
 * An account's figures are sums of what each position adds (struct exposure),
 * kept up to date change by change while the price epoch lasts and made anew
 * when it is another one. All requirements are rounded up, all values down,
 * per position, so the sums are exact integers and do not depend on order.
 */
#ifndef CLEARINGD_ENGINE_MARGIN_H
#define CLEARINGD_ENGINE_MARGIN_H

#include "engine/state.h"

/* All of an account, in settlement units. */
struct margin {
    struct amount cash;              /* settlement balance, may be negative */
    struct amount gain;              /* sum of the positions' gains, signed */
    struct amount equity;            /* E of rules 5 (ratio) and 6: cash +
                                        maintenance collateral + gain in full */
    struct amount equity_initial;    /* cash + initial collateral + losses in
                                        full or gains * gain_weight up to cap */
    struct amount equity_withdrawal; /* the same with gains as nothing */
    struct amount initial;           /* IMR of positions and debt alone */
    struct amount maintenance;  /* MMR of positions and debt alone: rule 6 */
    struct amount initial_open; /* IMR with open orders: rule 5 */
    struct amount maintenance_open;
};

/* Figures of one position at today's prices, from scratch. */
void margin_exposure(const struct engine *engine,
                     const struct position *position,
                     struct exposure *exposure);

/* Makes the account's cached sums those of this epoch (no-op when they are). */
void margin_refresh(struct engine *engine, uint32_t account);

/* After any change of a position's size, cost, rate or funding: replaces what
 * it adds to its account's sums (refreshes first if needed). What its orders
 * would lose is kept, their list is not walked: margin_order_counted keeps
 * it. */
void margin_position_changed(struct engine *engine, uint32_t position);

/* The account's figures now (refreshes the cache). */
void margin_read(struct engine *engine, uint32_t account,
                 struct margin *margin);

/* The same from scratch, touching nothing: for views and engine_check. */
void margin_compute(const struct engine *engine, uint32_t account,
                    struct margin *margin);

/*
 * Rule 5: may the account go from `before` to `after`?
 *   E_initial' >= IMR' (with open orders), or
 *   reducing, MMR' <= MMR and E'*MMR >= E*MMR' (both with open orders;
 *   MMR = MMR' = 0: only if E' >= E; E < 0: only if MMR' <= MMR and E' >= E).
 */
bool margin_allows(const struct margin *before, const struct margin *after,
                   bool is_reducing);

/* What margin refused, for the answer. */
struct margin_gap {
    struct amount required, available;
};

/*
 * Does equity cover the initial requirement with this order (rules 3 and 5)?
 * The order's `size` rests at `price` beside the account's other orders; `fee`
 * (>= 0) is what filling it could cost and is taken from equity. Looks,
 * changes nothing.
 */
bool margin_covers_order(struct engine *engine, uint32_t account,
                         uint16_t market, enum side side, struct qty size,
                         struct price price, struct amount fee,
                         struct margin_gap *gap);

/*
 * May this order come in: is it covered, or would it, with all that is open on
 * its side, only reduce? What reduces is judged fill by fill; what is left of
 * it may rest where that adds no loss to the requirements or is covered.
 * Reduce-only orders always may, this is not asked for them.
 */
bool margin_admits_order(struct engine *engine, uint32_t account,
                         uint16_t market, enum side side, struct qty size,
                         struct price price, struct amount fee,
                         struct margin_gap *gap);

/*
 * May this fill happen (rule 5 just before it)? `change` signed, `quote` its
 * notional, `fee` what is charged (negative: rebate). `resting` is the size
 * of the filled order that counts among the open orders now and is used up by
 * the fill (0 for a taker's order, which was never added). Looks, changes
 * nothing.
 */
bool margin_admits_fill(struct engine *engine, uint32_t position,
                        struct qty change, struct amount quote,
                        struct amount fee, struct qty resting,
                        struct price resting_price);

/* Rule 5's first half with rule 4's withdrawal values, after `amount` of the
 * asset has left. */
bool margin_admits_withdrawal(struct engine *engine, uint32_t account,
                              uint16_t asset, struct amount amount,
                              struct margin_gap *gap);

/* Initial and maintenance value of an amount of a collateral asset (rule 4),
 * settlement units rounded down; prices and concentration of this epoch. */
void margin_collateral(const struct engine *engine, uint16_t asset,
                       struct amount amount, struct amount *initial,
                       struct amount *maintenance);

/* The open size of an order that counts (on the book, not reduce-only) rose
 * or fell (change < 0): keeps the position's open_buys or open_sells and its
 * order loss. The sums follow with margin_orders_changed,
 * margin_position_changed or position_fill, which has to be called next. */
void margin_order_counted(struct engine *engine, uint32_t position,
                          enum side side, struct price price,
                          struct qty change);

/* The sums after margin_order_counted, where the position itself did not
 * change. The order must be as it is now (its size, filled and level). */
void margin_orders_changed(struct engine *engine, uint32_t position);

/* Do today's open interest and deposits give another open-interest factor or
 * concentration than the epoch's? (tick: then it needs a new epoch) */
bool margin_inputs_changed(const struct engine *engine);

/* Recomputes the epoch's inputs (open-interest factor per market,
 * concentration per asset) and starts a new price epoch: tick only. */
void margin_new_epoch(struct engine *engine);

#endif
