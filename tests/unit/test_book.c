#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>

#include "engine/book.h"
#include "engine/pool.h"

/* A book without an engine around it: one market, its orders and levels. */
#define ORDERS 256
#define LEVELS 24
#define DIVISOR INT64_C(10000000000) /* six decimals */

static struct engine *start(void)
{
    struct engine *engine = calloc(1, sizeof *engine);

    cr_assert(engine != NULL);
    engine->notional_divisor = DIVISOR;
    engine->orders = calloc(ORDERS, sizeof *engine->orders);
    engine->links = calloc(ORDERS, sizeof *engine->links);
    engine->levels = calloc(LEVELS, sizeof *engine->levels);
    pool_init(&engine->level_pool, LEVELS);
    for (int side = 0; side < 2; side++) {
        struct book_side *book_side = &engine->markets[0].book.sides[side];

        book_side->levels = calloc(LEVELS, sizeof *book_side->levels);
        book_side->capacity = LEVELS;
    }
    for (uint32_t i = 0; i < ORDERS; i++)
        engine->orders[i].level = NONE;
    return engine;
}

static void stop(struct engine *engine)
{
    for (int side = 0; side < 2; side++)
        free(engine->markets[0].book.sides[side].levels);
    free(engine->levels);
    free(engine->links);
    free(engine->orders);
    free(engine);
}

static void fill_in(struct engine *engine, uint32_t slot, enum side side,
                    int64_t price, int64_t size, uint64_t priority)
{
    struct order *order = &engine->orders[slot];

    order->side = (uint8_t)side;
    order->price = price_of(price);
    order->size = qty_of(size);
    order->filled = qty_of(0);
    order->priority = priority;
}

static void put(struct engine *engine, uint32_t slot, enum side side,
                int64_t price, int64_t size, uint64_t priority)
{
    fill_in(engine, slot, side, price, size, priority);
    cr_assert(book_insert(engine, slot));
}

static void expect_order(const struct engine *engine, enum side side,
                         const uint32_t *slots, uint32_t count)
{
    uint32_t slot = book_best(engine, 0, side);

    for (uint32_t i = 0; i < count; i++) {
        cr_assert_eq(slot, slots[i], "place %u", i);
        slot = book_next(engine, slot);
    }
    cr_assert_eq(slot, NONE);
}

Test(book, an_empty_side)
{
    struct engine *engine = start();
    struct price price;

    cr_assert_eq(book_best(engine, 0, SIDE_BUY), NONE);
    cr_assert(price_is_zero(book_best_price(engine, 0, SIDE_SELL)));
    cr_assert_not(book_crosses(engine, 0, SIDE_BUY, price_of(PRICE_MAX)));
    cr_assert_not(book_crosses(engine, 0, SIDE_BUY, price_of(0)));
    cr_assert_not(book_impact(engine, 0, SIDE_BUY, amount_of(1), &price));
    stop(engine);
}

Test(book, bids_fall_asks_rise_and_equals_queue_by_priority)
{
    struct engine *engine = start();

    put(engine, 0, SIDE_BUY, 100, 5, 1);
    put(engine, 1, SIDE_BUY, 102, 5, 2);
    put(engine, 2, SIDE_BUY, 101, 5, 3);
    put(engine, 3, SIDE_BUY, 102, 5, 4);
    put(engine, 4, SIDE_SELL, 105, 5, 5);
    put(engine, 5, SIDE_SELL, 103, 5, 6);
    put(engine, 6, SIDE_SELL, 104, 5, 7);
    put(engine, 7, SIDE_SELL, 103, 5, 8);
    expect_order(engine, SIDE_BUY, (uint32_t[]){1, 3, 2, 0}, 4);
    expect_order(engine, SIDE_SELL, (uint32_t[]){5, 7, 6, 4}, 4);
    cr_assert_eq(price_raw(book_best_price(engine, 0, SIDE_BUY)), 102);
    cr_assert_eq(price_raw(book_best_price(engine, 0, SIDE_SELL)), 103);
    stop(engine);
}

/* Put back after a look without it: between its neighbours, not behind. */
Test(book, an_older_priority_goes_before_newer_ones)
{
    struct engine *engine = start();

    put(engine, 0, SIDE_SELL, 100, 5, 10);
    put(engine, 1, SIDE_SELL, 100, 5, 20);
    put(engine, 2, SIDE_SELL, 100, 5, 30);
    book_remove(engine, 1);
    put(engine, 1, SIDE_SELL, 100, 5, 20);
    expect_order(engine, SIDE_SELL, (uint32_t[]){0, 1, 2}, 3);
    book_remove(engine, 0);
    put(engine, 0, SIDE_SELL, 100, 5, 10);
    expect_order(engine, SIDE_SELL, (uint32_t[]){0, 1, 2}, 3);
    stop(engine);
}

Test(book, crossing_is_at_the_price_or_better)
{
    struct engine *engine = start();

    put(engine, 0, SIDE_BUY, 100, 5, 1);
    put(engine, 1, SIDE_SELL, 110, 5, 2);
    cr_assert_not(book_crosses(engine, 0, SIDE_BUY, price_of(109)));
    cr_assert(book_crosses(engine, 0, SIDE_BUY, price_of(110)));
    cr_assert(book_crosses(engine, 0, SIDE_BUY, price_of(111)));
    cr_assert(book_crosses(engine, 0, SIDE_BUY, price_of(0)));
    cr_assert_not(book_crosses(engine, 0, SIDE_SELL, price_of(101)));
    cr_assert(book_crosses(engine, 0, SIDE_SELL, price_of(100)));
    cr_assert(book_crosses(engine, 0, SIDE_SELL, price_of(99)));
    cr_assert(book_crosses(engine, 0, SIDE_SELL, price_of(0)));
    stop(engine);
}

Test(book, a_level_sums_what_is_open)
{
    struct engine *engine = start();
    const struct book_side *bids = &engine->markets[0].book.sides[SIDE_BUY];

    put(engine, 0, SIDE_BUY, 100, 5, 1);
    put(engine, 1, SIDE_BUY, 100, 7, 2);

    const struct level *level = &engine->levels[bids->levels[0].level];

    cr_assert_eq(qty_raw(level->size), 12);
    book_reduce(engine, 0, qty_of(2));
    engine->orders[0].filled = qty_of(2);
    cr_assert_eq(qty_raw(level->size), 10);
    book_remove(engine, 0);
    cr_assert_eq(qty_raw(level->size), 7);
    cr_assert_eq(engine->orders[0].level, NONE);
    book_remove(engine, 1);
    cr_assert_eq(bids->count, 0);
    cr_assert_eq(engine->level_pool.count, 0);
    stop(engine);
}

Test(book, every_change_moves_its_sequence)
{
    struct engine *engine = start();
    uint64_t *sequence = &engine->markets[0].book_sequence;

    put(engine, 0, SIDE_BUY, 100, 5, 1);
    cr_assert_eq(*sequence, 1);
    book_reduce(engine, 0, qty_of(1));
    cr_assert_eq(*sequence, 2);
    engine->orders[0].filled = qty_of(1);
    book_remove(engine, 0);
    cr_assert_eq(*sequence, 3);
    stop(engine);
}

Test(book, levels_run_out_but_old_ones_take_more)
{
    struct engine *engine = start();
    uint32_t slot;

    for (slot = 0; slot < LEVELS; slot++)
        put(engine, slot, SIDE_BUY, 100 + slot, 1, slot + 1);
    fill_in(engine, slot, SIDE_BUY, 99, 1, slot + 1);
    cr_assert_not(book_has_room(engine, 0, SIDE_BUY, price_of(99), qty_of(1)));
    cr_assert_not(book_insert(engine, slot));
    cr_assert_eq(engine->orders[slot].level, NONE);
    cr_assert(book_has_room(engine, 0, SIDE_BUY, price_of(100), qty_of(1)));
    put(engine, slot, SIDE_BUY, 100, 1, slot + 1);
    /* The pool is shared by both sides. */
    cr_assert_not(
        book_has_room(engine, 0, SIDE_SELL, price_of(900), qty_of(1)));
    book_remove(engine, 5);
    cr_assert(book_has_room(engine, 0, SIDE_SELL, price_of(900), qty_of(1)));
    stop(engine);
}

Test(book, a_level_is_full_before_its_sum_overflows)
{
    struct engine *engine = start();
    int64_t most = INT64_MAX / 4;

    put(engine, 0, SIDE_BUY, 100, most - 10, 1);
    cr_assert(book_has_room(engine, 0, SIDE_BUY, price_of(100), qty_of(10)));
    cr_assert_not(
        book_has_room(engine, 0, SIDE_BUY, price_of(100), qty_of(11)));
    fill_in(engine, 1, SIDE_BUY, 100, 11, 2);
    cr_assert_not(book_insert(engine, 1));
    put(engine, 1, SIDE_BUY, 100, 10, 2);
    stop(engine);
}

Test(book, what_is_off_the_book_cannot_be_removed, .signal = SIGABRT)
{
    struct engine *engine = start();

    put(engine, 0, SIDE_BUY, 100, 5, 1);
    book_remove(engine, 0);
    book_remove(engine, 0);
}

/* Two bids of 1.0 at 100 and 1.0 at 99. Selling for 150 of quote takes the
 * first (100) and 50 / 99 = 0.50505... of the second: the mean is
 * 150 / 1.50505... = 99.66442953..., rounded down. Asks at 101 and 102:
 * 101 + 49 at 102: 1.48039..., 150 / that = 101.32450331..., rounded up. */
Test(book, impact_is_the_mean_price_of_the_notional)
{
    struct engine *engine = start();
    struct price price;
    struct amount notional = amount_of(150000000);

    put(engine, 0, SIDE_BUY, 100 * PRICE_ONE, QTY_ONE, 1);
    put(engine, 1, SIDE_BUY, 99 * PRICE_ONE, QTY_ONE, 2);
    put(engine, 2, SIDE_SELL, 101 * PRICE_ONE, QTY_ONE, 3);
    put(engine, 3, SIDE_SELL, 102 * PRICE_ONE, QTY_ONE, 4);
    cr_assert(book_impact(engine, 0, SIDE_BUY, notional, &price));
    cr_assert_eq(price_raw(price), INT64_C(9966442953));
    cr_assert(book_impact(engine, 0, SIDE_SELL, notional, &price));
    cr_assert_eq(price_raw(price), INT64_C(10132450332));
    /* Exactly all of it, and one unit more. */
    cr_assert(book_impact(engine, 0, SIDE_BUY, amount_of(199000000), &price));
    cr_assert_eq(price_raw(price), INT64_C(9950000000));
    cr_assert_not(
        book_impact(engine, 0, SIDE_BUY, amount_of(199000001), &price));
    stop(engine);
}

static uint64_t random_of(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return *seed >> 33;
}

static bool stands_before(const struct order *a, const struct order *b)
{
    int64_t better = price_raw(a->price) - price_raw(b->price);

    if (a->side == SIDE_SELL)
        better = -better;
    return better > 0 || (better == 0 && a->priority < b->priority);
}

/* The best of a side, or the next behind one: by looking at all. */
static uint32_t naive_next(const struct engine *engine, uint8_t side,
                           const struct order *behind)
{
    uint32_t best = NONE;

    for (uint32_t i = 0; i < ORDERS; i++) {
        const struct order *order = &engine->orders[i];

        if (order->level == NONE || order->side != side ||
            (behind && !stands_before(behind, order)))
            continue;
        if (best == NONE || stands_before(order, &engine->orders[best]))
            best = i;
    }
    return best;
}

static void compare_side(const struct engine *engine, enum side side)
{
    uint32_t slot = book_best(engine, 0, side);
    uint32_t expected = naive_next(engine, (uint8_t)side, NULL);

    while (slot != NONE) {
        cr_assert_eq(slot, expected);
        expected = naive_next(engine, (uint8_t)side, &engine->orders[slot]);
        slot = book_next(engine, slot);
    }
    cr_assert_eq(expected, NONE);
}

/* Thousands of insertions and removals, more levels than are searched one by
 * one, against a search through everything. */
Test(book, agrees_with_a_linear_search)
{
    struct engine *engine = start();
    uint64_t seed = 3;

    for (uint32_t step = 0; step < 6000; step++) {
        uint32_t slot = (uint32_t)random_of(&seed) % ORDERS;

        if (engine->orders[slot].level != NONE) {
            book_remove(engine, slot);
        } else {
            fill_in(engine, slot, (enum side)(random_of(&seed) & 1),
                    100 + (int64_t)(random_of(&seed) % 20),
                    1 + (int64_t)(random_of(&seed) % 9), step + 1);
            if (!book_insert(engine, slot))
                cr_assert_eq(engine->level_pool.count, LEVELS);
        }
        if (step % 8 == 0) {
            compare_side(engine, SIDE_BUY);
            compare_side(engine, SIDE_SELL);
        }
    }
    stop(engine);
}
