/*
 * PRIVATE: one market's resting orders: price levels sorted by price, orders
 * within a level by priority. It knows no accounts and no money.
 */
#ifndef CLEARINGD_ENGINE_BOOK_H
#define CLEARINGD_ENGINE_BOOK_H

#include "engine/state.h"

/* What is still open of an order. */
static inline struct qty book_open_size(const struct order *order)
{
    return qty_sub(order->size, order->filled);
}

/* Puts an order (slot) on its side, at its price, behind all of smaller
 * priority. False: no room for a new level, or in it for sizes so large
 * (nothing changed). */
must_use bool book_insert(struct engine *engine, uint32_t order);

/* Takes it off. It must be on the book (level != NONE). */
void book_remove(struct engine *engine, uint32_t order);

/* The open size of an order on the book falls by `by` (a fill or a reducing
 * replace): the level's sum follows; the order keeps its place. The caller
 * changes the order itself. */
void book_reduce(struct engine *engine, uint32_t order, struct qty by);

/* Would book_insert find room for an order of this side and price? */
bool book_has_room(const struct engine *engine, uint16_t market, enum side side,
                   struct price price, struct qty size);

/* First order of the best level of a side, or NONE. */
uint32_t book_best(const struct engine *engine, uint16_t market,
                   enum side side);

/* Best price of a side, 0 when it is empty. */
struct price book_best_price(const struct engine *engine, uint16_t market,
                             enum side side);

/* Next order behind this one in matching order (same level, then the next
 * worse level), or NONE. */
uint32_t book_next(const struct engine *engine, uint32_t order);

/* Would an order of `side` at `price` trade at once? price 0 means any. */
bool book_crosses(const struct engine *engine, uint16_t market, enum side side,
                  struct price price);

/*
 * Impact price (rule 17): mean price of selling into (SIDE_BUY: the bids) or
 * buying from (SIDE_SELL: the asks) the book for `notional` of quote.
 * Rounded down for bids, up for asks. notional > 0. False when the side is
 * too thin.
 */
must_use bool book_impact(const struct engine *engine, uint16_t market,
                          enum side side, struct amount notional,
                          struct price *price);

#endif
