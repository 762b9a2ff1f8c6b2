/*
 * One market's resting orders. A side is an array of (price, level slot),
 * sorted with the best price last: most changes happen near the best, so a
 * search starts there and little is moved when a level comes or goes. A level
 * is a list of orders by priority, linked through the orders themselves.
 *
 * Invariants: a level in an array holds at least one order; its size is the
 * sum of what its orders have open; no two levels of a side share a price.
 */
#include "engine/book.h"

#include <string.h>

#include "engine/pool.h"
#include "engine/wide.h"

/* Levels looked at one by one from the best before halving the rest. */
#define NEAR_LEVELS 8

/* Most that one level may hold: sums of sizes stay within 64 bits even where
 * a tiny price makes huge sizes cheap. */
#define LEVEL_SIZE_MAX (INT64_MAX / 4)

/* Most that book_impact takes in full: times a price within 128 bits. */
#define IMPACT_BASE_MAX ((i128)1 << 68)

#define LEVEL_STRIDE (sizeof(struct level) / sizeof(uint32_t))

static const struct book_side *side_of(const struct engine *engine,
                                       uint16_t market, uint8_t side)
{
    return &engine->markets[market].book.sides[side];
}

/* Is price a worse than b for the resting side? */
static bool is_worse(uint8_t side, struct price a, struct price b)
{
    return side == SIDE_BUY ? price_cmp(a, b) < 0 : price_cmp(a, b) > 0;
}

/* Number of levels worse than the price: where it is, or where it belongs. */
static uint32_t find(const struct book_side *book_side, uint8_t side,
                     struct price price)
{
    const struct level_ref *levels = book_side->levels;
    uint32_t high = book_side->count;
    uint32_t near = high > NEAR_LEVELS ? high - NEAR_LEVELS : 0;
    uint32_t low = 0;

    while (high > near)
        if (is_worse(side, levels[high - 1].price, price))
            return high;
        else
            high--;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (is_worse(side, levels[middle].price, price))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_level(const struct book_side *book_side, uint32_t at,
                     struct price price)
{
    return at < book_side->count &&
           price_equal(book_side->levels[at].price, price);
}

/* A new, empty level at its place in the side; NONE: no room. */
static uint32_t open_level(struct engine *engine, struct book_side *book_side,
                           uint32_t at, struct price price)
{
    if (book_side->count == book_side->capacity)
        return NONE;

    uint32_t slot = pool_take(&engine->level_pool, &engine->levels[0].next_free,
                              LEVEL_STRIDE);

    if (slot == NONE)
        return NONE;
    engine->levels[slot] = (struct level){
        .price = price, .head = NONE, .tail = NONE, .next_free = NONE};
    memmove(&book_side->levels[at + 1], &book_side->levels[at],
            (book_side->count - at) * sizeof *book_side->levels);
    book_side->levels[at] = (struct level_ref){price, slot};
    book_side->count++;
    return slot;
}

static void close_level(struct engine *engine, struct book_side *book_side,
                        uint8_t side, uint32_t slot)
{
    struct price price = engine->levels[slot].price;
    uint32_t at = find(book_side, side, price);

    check(is_level(book_side, at, price));
    book_side->count--;
    memmove(&book_side->levels[at], &book_side->levels[at + 1],
            (book_side->count - at) * sizeof *book_side->levels);
    pool_give(&engine->level_pool, &engine->levels[0].next_free, LEVEL_STRIDE,
              slot);
}

/* New orders go to the tail, and the newest one without looking at who is
 * there; one that is put back goes further up. */
static void link(struct engine *engine, struct level *level, uint32_t slot)
{
    struct order_links *links = engine->links;
    uint64_t priority = engine->orders[slot].priority;
    uint32_t previous = level->tail;

    if (priority + 1 != engine->next_priority)
        while (previous != NONE && engine->orders[previous].priority > priority)
            previous = links[previous].previous;
    links[slot].previous = previous;
    if (previous == NONE) {
        links[slot].next = level->head;
        level->head = slot;
    } else {
        links[slot].next = links[previous].next;
        links[previous].next = slot;
    }
    if (links[slot].next == NONE)
        level->tail = slot;
    else
        links[links[slot].next].previous = slot;
}

static void unlink(struct engine *engine, struct level *level, uint32_t slot)
{
    struct order_links own = engine->links[slot];

    if (own.previous == NONE)
        level->head = own.next;
    else
        engine->links[own.previous].next = own.next;
    if (own.next == NONE)
        level->tail = own.previous;
    else
        engine->links[own.next].previous = own.previous;
}

static bool is_room(const struct engine *engine, uint32_t level,
                    struct qty size)
{
    return qty_raw(engine->levels[level].size) <=
           LEVEL_SIZE_MAX - qty_raw(size);
}

bool book_insert(struct engine *engine, uint32_t slot)
{
    struct order *order = &engine->orders[slot];
    struct market *market = &engine->markets[order->market];
    struct book_side *book_side = &market->book.sides[order->side];
    uint32_t at = find(book_side, order->side, order->price);
    uint32_t level_slot;

    check(order->level == NONE && qty_is_positive(book_open_size(order)));
    if (!is_level(book_side, at, order->price))
        level_slot = open_level(engine, book_side, at, order->price);
    else if (is_room(engine, book_side->levels[at].level,
                     book_open_size(order)))
        level_slot = book_side->levels[at].level;
    else
        return false;
    if (level_slot == NONE)
        return false;

    struct level *level = &engine->levels[level_slot];

    link(engine, level, slot);
    order->level = level_slot;
    level->count++;
    level->size = qty_add(level->size, book_open_size(order));
    market->book_sequence++;
    return true;
}

void book_remove(struct engine *engine, uint32_t slot)
{
    struct order *order = &engine->orders[slot];
    struct market *market = &engine->markets[order->market];
    uint32_t level_slot = order->level;

    check(level_slot != NONE);

    struct level *level = &engine->levels[level_slot];

    unlink(engine, level, slot);
    level->count--;
    level->size = qty_sub(level->size, book_open_size(order));
    order->level = NONE;
    if (level->count == 0)
        close_level(engine, &market->book.sides[order->side], order->side,
                    level_slot);
    market->book_sequence++;
}

void book_reduce(struct engine *engine, uint32_t slot, struct qty by)
{
    const struct order *order = &engine->orders[slot];

    check(order->level != NONE);

    struct level *level = &engine->levels[order->level];

    level->size = qty_sub(level->size, by);
    check(!qty_is_negative(level->size));
    engine->markets[order->market].book_sequence++;
}

bool book_has_room(const struct engine *engine, uint16_t market, enum side side,
                   struct price price, struct qty size)
{
    const struct book_side *book_side = side_of(engine, market, (uint8_t)side);

    uint32_t at = find(book_side, (uint8_t)side, price);

    if (is_level(book_side, at, price))
        return is_room(engine, book_side->levels[at].level, size);
    return book_side->count < book_side->capacity &&
           !pool_is_full(&engine->level_pool);
}

uint32_t book_best(const struct engine *engine, uint16_t market, enum side side)
{
    const struct book_side *book_side = side_of(engine, market, (uint8_t)side);

    if (book_side->count == 0)
        return NONE;
    return engine->levels[book_side->levels[book_side->count - 1].level].head;
}

struct price book_best_price(const struct engine *engine, uint16_t market,
                             enum side side)
{
    const struct book_side *book_side = side_of(engine, market, (uint8_t)side);

    if (book_side->count == 0)
        return price_of(0);
    return book_side->levels[book_side->count - 1].price;
}

uint32_t book_next(const struct engine *engine, uint32_t slot)
{
    const struct order *order = &engine->orders[slot];

    check(order->level != NONE);
    if (engine->links[slot].next != NONE)
        return engine->links[slot].next;

    const struct book_side *book_side =
        side_of(engine, order->market, order->side);
    uint32_t at = find(book_side, order->side, order->price);

    return at == 0 ? NONE
                   : engine->levels[book_side->levels[at - 1].level].head;
}

bool book_crosses(const struct engine *engine, uint16_t market, enum side side,
                  struct price price)
{
    enum side other = side == SIDE_BUY ? SIDE_SELL : SIDE_BUY;
    struct price best = book_best_price(engine, market, other);

    if (price_is_zero(best))
        return false;
    return price_is_zero(price) || !is_worse((uint8_t)side, price, best);
}

/* The mean of what was taken in full (base, worth quote) and the rest of
 * `target` at the last price, as one fraction: nothing is rounded but the
 * result. quote and target in price * qty. */
static struct price mean_price(enum side side, i128 target, i128 base,
                               i128 quote, struct price last)
{
    i128 price = price_raw(last);
    i128 taken = base * price + (target - quote);
    i128 mean = side == SIDE_BUY ? wide_muldiv_floor(target, price, taken)
                                 : wide_muldiv_ceil(target, price, taken);

    check(mean > 0 && mean <= PRICE_MAX);
    return price_of((int64_t)mean);
}

bool book_impact(const struct engine *engine, uint16_t market, enum side side,
                 struct amount notional, struct price *price)
{
    const struct book_side *book_side = side_of(engine, market, (uint8_t)side);
    i128 target = amount_wide(notional) * engine->notional_divisor;
    i128 base = 0, quote = 0;

    check(target > 0);
    for (uint32_t i = book_side->count; i > 0; i--) {
        const struct level *level =
            &engine->levels[book_side->levels[i - 1].level];
        i128 worth = wide_mul(qty_raw(level->size), price_raw(level->price));

        if (quote + worth >= target) {
            *price = mean_price(side, target, base, quote, level->price);
            return true;
        }
        base += qty_raw(level->size);
        quote += worth;
        if (base > IMPACT_BASE_MAX)
            return false;
    }
    return false;
}
